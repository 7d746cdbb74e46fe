/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* What: sends everything that lib/openflow encodes to a real switch, reads it back and compares.
 * usage: openflow_switch TARGET, where TARGET has two ports, 1 and 2, and nothing else to do
 * (test_openflow.sh starts one).
 *
 * The promise tested is the one that restarts stand on: what the switch reports is, byte for byte, what we
 * wrote. */

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/net/loop.h"
#include "lib/openflow/of_actions.h"
#include "lib/openflow/of_conn.h"
#include "lib/openflow/of_flow.h"
#include "lib/openflow/of_group.h"
#include "lib/openflow/of_packet.h"
#include "lib/packet/build.h"

enum { DEADLINE_MS = 10000, MAX_FLOWS = 64 };

/* A flow as a test wants it; its place in 'flows' is its cookie. */
struct flow {
    struct of_match match;
    struct buf actions;
};
static struct flow flows[MAX_FLOWS];
static size_t n_flows;

struct client {
    struct loop *loop;
    struct of_conn *conn;
    struct buf out;
    uint32_t barrier_xid;                                    /* waited for; 0 once it came */
    struct buf errors;                                       /* the names, one a line */
    uint32_t list_xid;                                       /* of a listing, whose messages are kept */
    struct buf listed;
    struct buf packet_in;                                    /* the last one, whole */
    struct of_tlv_table tlv_table;
    bool is_connected;
};
static struct client client;

static void
on_connected(void *aux)
{
    client.is_connected = true;
}

static void
on_disconnected(void *aux)
{
    client.is_connected = false;
}

static void
on_received(void *aux, const struct of_msg *msg)
{
    struct of_error error;
    switch (msg->kind) {
    case OF_ERROR: {
        struct err *e = of_error_decode(msg, &error);
        CHECK(!e);
        of_error_print(&error, &client.errors);
        if (error.data.n >= 32 && (uint8_t) error.data.s[1] == OFPT_BUNDLE_ADD_MESSAGE) {
            buf_printf(&client.errors, " flow %llu", (unsigned long long) get_be64(error.data.s + 24));
        }
        buf_putc(&client.errors, '\n');
        break;
    }
    case OF_BARRIER_REPLY:
        client.barrier_xid = msg->xid == client.barrier_xid ? 0 : client.barrier_xid;
        break;
    case OF_FLOW_DESC_REPLY: case OF_GROUP_DESC_REPLY: case OF_METER_CONFIG_REPLY: case OF_PORT_DESC_REPLY:
        CHECK(msg->xid == client.list_xid);
        buf_put_str(&client.listed, msg->body);
        break;
    case OF_NX_PACKET_IN2:
        buf_clear(&client.packet_in);
        buf_put_str(&client.packet_in, msg->whole);
        break;
    case OF_NX_TLV_TABLE_REPLY: {
        struct err *e = of_tlv_table_decode(msg, &client.tlv_table);
        CHECK(!e);
        break;
    }
    default: break;
    }
}

static const struct of_conn_callbacks callbacks = {
    .connected = on_connected, .disconnected = on_disconnected, .received = on_received};

static bool
is_ready(void *aux)
{
    return client.is_connected;
}

static bool
has_barrier(void *aux)
{
    return !client.barrier_xid;
}

/* Sends what is in 'client.out' and waits until the switch has done it; the errors it answered are in
 * 'client.errors'. */
static const char *
sync_switch(void)
{
    buf_clear(&client.errors);
    client.barrier_xid = of_conn_new_xid(client.conn);
    of_put_barrier_request(&client.out, client.barrier_xid);
    of_conn_send_buf(client.conn, &client.out);
    CHECK(loop_run_until(client.loop, has_barrier, NULL, DEADLINE_MS));
    return buf_text(&client.errors);
}

static void
expect_no_errors(const char *what)
{
    const char *errors = sync_switch();
    if (*errors) {
        printf("not ok - %s: %s", what, errors);
        for (size_t i = 0; i < n_flows; i++) {
            struct buf text = BUF_INIT(BUF_NO_LIMIT);
            of_match_print(&flows[i].match, &text);
            buf_puts(&text, " actions=");
            of_actions_print(flows[i].actions.data, flows[i].actions.size, &text);
            printf("flow %zu: %s\n", i, buf_text(&text));
            buf_fini(&text);
        }
        exit(1);
    }
    printf("ok - %s\n", what);
}

static uint32_t
xid(void)
{
    return of_conn_new_xid(client.conn);
}

static struct buf *
new_flow(struct of_match match)
{
    CHECK(n_flows < MAX_FLOWS);
    flows[n_flows] = (struct flow) {.match = match, .actions = BUF_INIT(OF_ACTIONS_MAX)};
    return &flows[n_flows++].actions;
}

static struct of_match
ip_match(uint16_t eth_type, int proto)
{
    struct of_match match = {0};
    of_match_set_u64(&match, OFF_ETH_TYPE, eth_type);
    if (proto) {
        of_match_set_u64(&match, OFF_IP_PROTO, (uint64_t) proto);
    }
    return match;
}

static struct of_subfield
sf(enum of_field_id id, uint16_t ofs, uint16_t n_bits)
{
    return (struct of_subfield) {id, ofs, n_bits};
}

static void
make_plain_flows(void)
{
    struct buf *a = new_flow((struct of_match) {0});
    of_act_meter(a, 3);
    of_act_output(a, 2);
    of_act_output(a, OF_PORT_IN_PORT);
    of_act_output_reg(a, sf(OFF_REG(15), 0, 16));
    of_act_output_trunc(a, 2, 100);
    of_act_resubmit(a, 8);
    of_act_resubmit_port(a, 1, 9, false);
    of_act_group(a, 5);
    of_act_set_queue(a, 4);
    of_act_pop_queue(a);
    of_act_check_pkt_larger(a, 1500, sf(OFF_REG0, 0, 1));
    of_act_check_pkt_larger(a, 1500, sf(OFF_REG0, 31, 1));
    of_act_note(a, "abc", 3);
    of_act_sample(a, &(struct of_sample) {100, 1, 2, 3});
    of_act_push_vlan(a, 0x8100);
    of_act_set_u64(a, OFF_VLAN_VID, 0x1005);
    of_act_set_u64(a, OFF_VLAN_PCP, 3);
    of_act_pop_vlan(a);
    size_t clone = of_act_clone_begin(a);
    size_t inner = of_act_clone_begin(a);
    of_act_ct_clear(a);
    of_act_end(a, inner);
    of_act_output(a, 1);
    of_act_end(a, clone);
    of_act_exit(a);

    a = new_flow((struct of_match) {0});
    of_match_set_u64(&flows[n_flows - 1].match, OFF_CONJ_ID, 5);
    of_match_set_u64_masked(&flows[n_flows - 1].match, OFF_METADATA, 7, 0xffffff);
    of_match_set_u64(&flows[n_flows - 1].match, OFF_IN_PORT, 1);
    a = new_flow((struct of_match) {0});
    of_match_set_u64(&flows[n_flows - 1].match, OFF_REG(3), 9);
    of_act_conjunction(a, 5, 0, 2);
    of_act_conjunction(a, 6, 1, 3);
}

static void
make_field_flows(void)
{
    struct buf *a = new_flow((struct of_match) {0});
    for (enum of_field_id id = OFF_REG0; id <= OFF_XXREG3; id++) {
        of_act_set_u64(a, id, 0x12345678);
        of_act_load_u64(a, sf(id, 3, 5), 7);
        of_act_push(a, of_subfield_whole(id));
        of_act_pop(a, sf(id, 4, 4));
    }
    static const enum of_field_id others[] = {OFF_METADATA, OFF_TUN_ID, OFF_TUN_SRC, OFF_TUN_IPV6_DST,
                                              OFF_TUN_METADATA0,
                                              OFF_ETH_SRC, OFF_ETH_DST, OFF_PKT_MARK};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        of_act_set_u64(a, others[i], 0x1234567890);
        of_act_load_u64(a, sf(others[i], 8, 8), 0);
        of_act_move(a, sf(others[i], 0, 16), sf(OFF_REG(14), 16, 16));
        of_act_push(a, of_subfield_whole(others[i]));
    }
    of_act_load_u64(a, sf(OFF_VLAN_TCI, 0, 12), 5);
    of_act_set_u64(a, OFF_IN_PORT16, 0);
    of_act_push(a, of_subfield_whole(OFF_IN_PORT16));
    of_act_pop(a, of_subfield_whole(OFF_IN_PORT16));
    of_act_move(a, sf(OFF_REG(14), 0, 15), sf(OFF_TUN_METADATA0, 16, 15));
    of_act_move(a, of_subfield_whole(OFF_XXREG(0)), of_subfield_whole(OFF_XXREG(1)));
    of_act_delete_field(a, OFF_TUN_METADATA0);

    a = new_flow(ip_match(0x0800, 6));
    of_act_dec_ttl(a);
    of_act_set_u64(a, OFF_IP_TTL, 64);
    of_act_set_u64(a, OFF_IP_DSCP, 4);
    of_act_set_u64(a, OFF_IP_SRC, 0x0a000001);
    of_act_load_u64(a, sf(OFF_IP_DST, 0, 8), 3);
    of_act_set_u64(a, OFF_TCP_SRC, 80);
    of_act_move(a, of_subfield_whole(OFF_IP_SRC), of_subfield_whole(OFF_IP_DST));
    a = new_flow(ip_match(0x0806, 0));
    of_act_set_u64(a, OFF_ARP_OP, 2);
    of_act_move(a, of_subfield_whole(OFF_ARP_SHA), of_subfield_whole(OFF_ARP_THA));
    of_act_move(a, of_subfield_whole(OFF_ARP_SPA), of_subfield_whole(OFF_REG0));
    struct of_match nd = ip_match(0x86dd, 58);
    of_match_set_u64(&nd, OFF_ICMPV6_TYPE, 135);
    of_match_set_u64(&nd, OFF_ICMPV6_CODE, 0);
    a = new_flow(nd);
    of_act_set_u64(a, OFF_ND_TARGET, 5);
    of_act_set_u64(a, OFF_ND_SLL, 5);
    of_act_move(a, of_subfield_whole(OFF_IPV6_SRC), of_subfield_whole(OFF_XXREG(0)));
    of_act_set_u64(a, OFF_ICMPV6_TYPE, 136);
    of_act_set_u64(a, OFF_ICMPV6_CODE, 0);
}

static void
make_ct_flows(void)
{
    struct buf *a = new_flow(ip_match(0x0800, 0));
    struct of_ct ct = {.flags = OF_CT_COMMIT, .recirc_table = OF_CT_NO_RECIRC, .zone = 5};
    size_t start = of_act_ct_begin(a, &ct);
    of_act_nat(a, &(struct of_nat) {.flags = OF_NAT_SRC, .family = 4, .v4_min = htobe32(0x0a000001),
                                    .v4_max = htobe32(0x0a000009), .port_min = 80, .port_max = 90});
    of_act_set_u64(a, OFF_CT_MARK, 1);
    of_act_load_u64(a, sf(OFF_CT_LABEL, 32, 48), 2);
    of_act_move(a, sf(OFF_REG0, 0, 16), sf(OFF_CT_MARK, 16, 16));
    of_act_end(a, start);
    ct = (struct of_ct) {.recirc_table = 10, .zone_is_field = true, .zone_src = sf(OFF_REG(13), 0, 16)};
    start = of_act_ct_begin(a, &ct);
    of_act_nat(a, &(struct of_nat) {0});
    of_act_end(a, start);
    ct = (struct of_ct) {.flags = OF_CT_COMMIT | OF_CT_FORCE, .recirc_table = 10};
    start = of_act_ct_begin(a, &ct);
    of_act_nat(a, &(struct of_nat) {.flags = OF_NAT_DST | OF_NAT_RANDOM, .family = 4,
                                    .v4_min = htobe32(0x0a000001),
                                    .v4_max = htobe32(0x0a000001), .port_min = 7, .port_max = 7});
    of_act_end(a, start);
    of_act_ct_clear(a);

    a = new_flow(ip_match(0x86dd, 0));
    struct of_nat nat6 = {.flags = OF_NAT_SRC | OF_NAT_PERSISTENT | OF_NAT_HASH, .family = 6, .port_min = 5};
    CHECK(ip6_parse(str_from("fd00::1"), &nat6.v6_min) && ip6_parse(str_from("fd00::5"), &nat6.v6_max));
    ct = (struct of_ct) {.flags = OF_CT_COMMIT, .recirc_table = OF_CT_NO_RECIRC};
    start = of_act_ct_begin(a, &ct);
    of_act_nat(a, &nat6);
    of_act_end(a, start);

    struct of_match match = ip_match(0x0800, 6);
    of_match_set_u64_masked(&match, OFF_CT_STATE, OF_CS_TRK | OF_CS_EST, OF_CS_TRK | OF_CS_EST | OF_CS_NEW);
    of_match_set_u64_masked(&match, OFF_CT_MARK, 1, 1);
    of_match_set_u64_masked(&match, OFF_CT_LABEL, 1, 3);
    of_match_set_u64(&match, OFF_CT_ZONE, 9);
    of_match_set_u64(&match, OFF_CT_NW_PROTO, 6);
    of_match_set_u64(&match, OFF_CT_NW_DST, 0x0a000001);
    of_match_set_u64(&match, OFF_CT_TP_DST, 80);
    of_match_set_u64_masked(&match, OFF_TCP_FLAGS, 2, 0x12);
    of_match_set_u64(&match, OFF_IP_FRAG, 0);
    a = new_flow(match);
    ct = (struct of_ct) {.flags = OF_CT_COMMIT, .recirc_table = OF_CT_NO_RECIRC, .alg = 21};
    start = of_act_ct_begin(a, &ct);
    of_act_end(a, start);
}

static void
make_controller_and_learn_flows(void)
{
    struct buf *a = new_flow((struct of_match) {0});
    of_match_set_u64(&flows[n_flows - 1].match, OFF_TUN_METADATA0, 5);
    of_match_set_u64_masked(&flows[n_flows - 1].match, OFF_VLAN_VID, 0x1000, 0x1000);
    of_match_set_bits(&flows[n_flows - 1].match, sf(OFF_XXREG(2), 40, 20), 0xabcde);
    for (unsigned int bits = 0; bits < 64; bits++) {
        struct of_controller spec = {
            .max_len = bits & 1 ? 100 : OF_MAX_LEN, .controller_id = bits & 2 ? 7 : 0,
            .reason = bits & 4 ? OF_REASON_NO_MATCH : OF_REASON_ACTION, .pause = bits & 8,
            .meter_id = bits & 16 ? 3 : 0,
            .userdata = bits & 32 ? "userdata" : NULL, .userdata_size = bits & 32 ? 1 + bits % 8 : 0,
        };
        of_act_controller(a, &spec);
    }

    a = new_flow(ip_match(0x86dd, 6));
    const struct of_value ip6 = of_value_u64(0x86dd), tcp = of_value_u64(6), one = of_value_u64(1);
    size_t learn = of_act_learn_begin(a, &(struct of_learn) {.table_id = 70, .idle_timeout = 10,
                                                             .hard_timeout = 20,
                                                             .priority = 3, .cookie = 5,
                                                             .fin_idle_timeout = 4,
                                                             .flags = OF_LEARN_SEND_FLOW_REM | OF_LEARN_DELETE_LEARNED});
    of_learn_match_value(a, of_subfield_whole(OFF_ETH_TYPE), &ip6);
    of_learn_match_value(a, of_subfield_whole(OFF_IP_PROTO), &tcp);
    of_learn_match_field(a, of_subfield_whole(OFF_METADATA), of_subfield_whole(OFF_METADATA));
    of_learn_match_field(a, of_subfield_whole(OFF_IPV6_SRC), of_subfield_whole(OFF_XXREG(1)));
    of_learn_match_field(a, of_subfield_whole(OFF_TCP_SRC), of_subfield_whole(OFF_TCP_DST));
    of_learn_load_value(a, sf(OFF_REG(10), 7, 1), &one);
    of_learn_load_field(a, sf(OFF_REG(11), 0, 16), of_subfield_whole(OFF_IN_PORT16));
    of_learn_output(a, of_subfield_whole(OFF_IN_PORT16));
    of_act_end(a, learn);
    learn = of_act_learn_begin(a, &(struct of_learn) {.table_id = 71, .limit = 10,
                                                      .flags = OF_LEARN_WRITE_RESULT,
                                                      .result = sf(OFF_REG0, 3, 1), .priority = 0x8000});
    of_learn_match_field(a, of_subfield_whole(OFF_ETH_SRC), of_subfield_whole(OFF_ETH_DST));
    of_act_end(a, learn);
}

/* One flow for each kind of thing a match can say. */
static void
make_match_flows(void)
{
    static const struct {
        uint16_t eth_type;
        uint8_t proto;
        enum of_field_id id;
        uint64_t value, mask;
    } rows[] = {
        {0, 0, OFF_VLAN_VID, 0, 0x1fff}, {0, 0, OFF_VLAN_TCI, 0x3005, 0xffff}, {0, 0, OFF_TUN_FLAGS, 1, 1},
        {0, 0, OFF_ETH_DST, 0x010000000000, 0x010000000000}, {0x0800, 0, OFF_IP_SRC, 0x0a000001, 0xff00ff00},
        {0x0800, 0, OFF_IP_FRAG, 2, 2}, {0x0800, 0, OFF_IP_TOS, 16, 0xff}, {0x0800, 0, OFF_IP_ECN, 1, 3},
        {0x0800, 0, OFF_IP_TTL, 1, 0xff}, {0x86dd, 0, OFF_IPV6_LABEL, 5, 0xff},
        {0x86dd, 0, OFF_IPV6_DST, 5, 0xff},
        {0x0806, 0, OFF_ARP_TPA, 5, 0xff}, {0x0806, 0, OFF_ARP_THA, 5, 0xff},
        {0x0800, 17, OFF_UDP_DST, 0x50, 0xfff0},
        {0x86dd, 132, OFF_SCTP_SRC, 5, 0xffff}, {0x0800, 1, OFF_ICMP_TYPE, 8, 0xff},
        {0, 0, OFF_TUN_DST, 5, 0xffffffff},
        {0, 0, OFF_TUN_ID, 5, 0xff}, {0, 0, OFF_ACTSET_OUTPUT, 5, 0xffffffff},
        {0, 0, OFF_XREG(7), 5, 0xff00000000ff},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct of_match match = {0};
        if (rows[i].eth_type) {
            match = ip_match(rows[i].eth_type, rows[i].proto);
        }
        of_match_set_u64_masked(&match, rows[i].id, rows[i].value, rows[i].mask);
        new_flow(match);
    }
}

static void
put_groups_and_meters(void)
{
    struct buf actions = BUF_INIT(1000);
    struct of_group group = {.group_id = 5, .type = OFPGT_SELECT, .select_method = OF_SELECT_DP_HASH};
    of_act_set_u64(&actions, OFF_REG0, 1);
    of_act_resubmit(&actions, 8);
    for (uint32_t i = 0; i < 3; i++) {
        vec_push(&group.buckets, (struct of_bucket) {i, (uint16_t) (i + 1), OF_PORT_ANY, OF_PORT_ANY,
                                                     actions.data, actions.size});
    }
    CHECK(of_put_group_mod(&client.out, xid(), OFPGC_ADD, OFPG_BUCKET_ALL, &group));
    group.group_id = 6;
    group.type = OFPGT_ALL;
    group.select_method = OF_SELECT_DEFAULT;
    CHECK(of_put_group_mod(&client.out, xid(), OFPGC_ADD_OR_MODIFY, OFPG_BUCKET_ALL, &group));
    of_group_fini(&group);
    const struct of_meter meters[] = {{3, OFPMF_KBPS | OFPMF_BURST | OFPMF_STATS, true, 100, 50},
                                      {4, OFPMF_PKTPS, true, 10, 0}};
    of_put_meter_mod(&client.out, xid(), OFPMC_ADD, &meters[0]);
    of_put_meter_mod(&client.out, xid(), OFPMC_ADD, &meters[1]);
    buf_fini(&actions);
}

static void
put_setup(void)
{
    struct of_flow_mod all;
    const struct of_tlv_map geneve = {0x102, 0x80, 4, 0};
    of_flow_mod_init(&all);
    all.command = OFPFC_DELETE;
    all.table_id = OFPTT_ALL;
    CHECK(of_put_flow_mod(&client.out, xid(), &all));
    CHECK(of_put_group_mod(&client.out, xid(), OFPGC_DELETE, OFPG_BUCKET_ALL,
                           &(struct of_group) {.group_id = OFPG_ALL}));
    of_put_meter_mod(&client.out, xid(), OFPMC_DELETE, &(struct of_meter) {.meter_id = OFPM_ALL});
    of_put_tlv_table_mod(&client.out, xid(), NXTTMC_CLEAR, NULL, 0);
    of_put_tlv_table_mod(&client.out, xid(), NXTTMC_ADD, &geneve, 1);
    of_put_tlv_table_request(&client.out, xid());
    of_put_set_config(&client.out, xid(), OF_MAX_LEN);
    of_put_set_packet_in_format(&client.out, xid(), NXPIF_NXT_PACKET_IN2);
    of_put_set_controller_id(&client.out, xid(), 0);
    of_put_ct_flush_zone(&client.out, xid(), 5);
    of_put_role_request(&client.out, xid(), &(struct of_role_msg) {OF_ROLE_EQUAL, 0});
    of_put_set_async(&client.out, xid(),
                     &(struct of_async) {.packet_in = 1 << OF_REASON_NO_MATCH | 1 << OF_REASON_ACTION});
    of_put_features_request(&client.out, xid());
    of_put_echo_request(&client.out, xid());
}

static void
put_bundle(uint32_t id, uint16_t type)
{
    of_put_bundle_control(&client.out, xid(), &(struct of_bundle) {id, type, OFPBF_ATOMIC | OFPBF_ORDERED});
}

static void
put_flow_in_bundle(uint32_t id, const struct of_flow_mod *fm)
{
    uint32_t x = xid();
    size_t add = of_bundle_add_begin(&client.out, x, id, OFPBF_ATOMIC | OFPBF_ORDERED);
    CHECK(of_put_flow_mod(&client.out, x, fm) && of_bundle_add_end(&client.out, add));
}

static void
put_flows(void)
{
    put_bundle(1, OFPBCT_OPEN_REQUEST);
    for (size_t i = 0; i < n_flows; i++) {
        CHECK(buf_is_ok(&flows[i].actions) && !of_match_missing_prereq(&flows[i].match));
        struct of_flow_mod fm = {
            .table_id = (uint8_t) (10 + i % 40), .priority = (uint16_t) (100 + i), .cookie = i,
            .importance = 3,
            .flags = OFPFF_SEND_FLOW_REM, .out_port = OF_PORT_ANY, .out_group = OF_PORT_ANY,
            .match = flows[i].match,
            .actions = flows[i].actions.data, .n_actions = flows[i].actions.size,
        };
        put_flow_in_bundle(1, &fm);
    }
    put_bundle(1, OFPBCT_COMMIT_REQUEST);
}

/* Lists into 'client.listed'. */
static struct str
list(void (*put)(uint32_t list_xid))
{
    client.list_xid = xid();
    buf_clear(&client.listed);
    put(client.list_xid);
    expect_no_errors("list");
    return str_n(client.listed.data, client.listed.size);
}

static void
put_list_flows(uint32_t x)
{
    of_put_flow_desc_request(&client.out, x, &(struct of_flow_filter) {OFPTT_ALL, OF_PORT_ANY, OF_PORT_ANY, 0,
                                                                       0, NULL});
}

static void
put_list_groups(uint32_t x)
{
    of_put_group_desc_request(&client.out, x, OFPG_ALL);
}

static void
put_list_meters(uint32_t x)
{
    of_put_meter_config_request(&client.out, x, OFPM_ALL);
}

/* Prints both lists from the action that differs on. */
static void
print_difference(const char *what, const char *want, size_t n_want, const char *got, size_t n_got)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    while (n_want && n_got && get_be16(want + 2) <= n_got && !memcmp(want, got, get_be16(want + 2))) {
        size_t n = get_be16(want + 2);
        want += n;
        n_want -= n;
        got += n;
        n_got -= n;
    }
    buf_printf(&text, "not ok - %s\n wanted ", what);
    of_actions_print(want, n_want, &text);
    buf_puts(&text, "\n    got ");
    of_actions_print(got, n_got, &text);
    printf("%s\n", buf_text(&text));
    buf_fini(&text);
}

static bool
check_flow(const struct of_flow_desc *desc)
{
    CHECK(desc->cookie < n_flows);
    const struct flow *flow = &flows[desc->cookie];
    bool good = str_eq(str_n(desc->actions, desc->n_actions), str_n(flow->actions.data, flow->actions.size));
    if (!good) {
        print_difference("actions", flow->actions.data, flow->actions.size, desc->actions, desc->n_actions);
    }
    if (!of_match_eq(&desc->match, &flow->match)) {
        struct buf text = BUF_INIT(10000);
        of_match_print(&flow->match, &text);
        buf_puts(&text, " -- ");
        of_match_print(&desc->match, &text);
        printf("not ok - match: %s\n", buf_text(&text));
        buf_fini(&text);
        good = false;
    }
    struct err *e = of_actions_check(desc->actions, desc->n_actions);
    if (e) {
        printf("not ok - %s\n", err_detail(e));
        err_free(e);
        good = false;
    }
    return good && desc->importance == 3 && desc->flags == OFPFF_SEND_FLOW_REM && desc->has_stats
           && desc->priority == 100 + desc->cookie && !desc->has_other_instructions;
}

static void
check_flows(void)
{
    size_t n = 0;
    bool good = true;
    for (struct str body = list(put_list_flows); body.n; n++) {
        struct of_flow_desc desc;
        struct err *e = of_flow_desc_pull(&body, &desc);
        if (e) {
            printf("not ok - flow description: %s\n", err_detail(e));
            exit(1);
        }
        good &= check_flow(&desc);
        of_match_fini(&desc.match);
    }
    printf("%s - %zu of %zu flows came back as they went\n", good && n == n_flows ? "ok" : "not ok", n,
           n_flows);
    if (!good || n != n_flows) {
        exit(1);
    }
}

static void
check_groups_and_meters(void)
{
    size_t n = 0;
    for (struct str body = list(put_list_groups); body.n; n++) {
        struct of_group group;
        struct err *e = of_group_pull(&body, &group);
        CHECK(!e && group.buckets.n == 3 && (group.group_id == 5 || group.group_id == 6));
        CHECK(group.group_id != 5 || (group.type == OFPGT_SELECT
                                      && group.select_method == OF_SELECT_DP_HASH));
        for (uint32_t i = 0; i < 3; i++) {
            CHECK(group.buckets.d[i].id == i && (group.group_id == 6 || group.buckets.d[i].weight == i + 1));
            CHECK(group.buckets.d[i].n_actions == 32);
        }
        of_group_fini(&group);
    }
    CHECK(n == 2);
    n = 0;
    for (struct str body = list(put_list_meters); body.n; n++) {
        struct of_meter meter;
        struct err *e = of_meter_pull(&body, &meter);
        CHECK(!e && meter.has_band && meter.rate == (meter.meter_id == 3 ? 100u : 10u));
        CHECK(meter.burst == (meter.meter_id == 3 ? 50u : 0u));
    }
    CHECK(n == 2 && client.tlv_table.n_maps == 1 && client.tlv_table.maps[0].option_class == 0x102);
    printf("ok - groups, meters and the option table came back\n");
}

static void
check_bad_bundle(void)
{
    struct of_flow_mod good, bad;
    of_flow_mod_init(&good);
    good.table_id = 200;
    of_flow_mod_init(&bad);
    of_match_set_u64(&bad.match, OFF_TCP_DST, 80);           /* without eth_type and nw_proto */
    put_bundle(2, OFPBCT_OPEN_REQUEST);
    put_flow_in_bundle(2, &good);
    put_flow_in_bundle(2, &bad);
    const char *errors = sync_switch();
    if (!strstr(errors, "OFPBMC_BAD_PREREQ")) {
        printf("not ok - a bad flow: \"%s\"\n", errors);
        exit(1);
    }
    of_match_fini(&bad.match);
    printf("ok - a bad flow is refused by name\n");
    put_bundle(2, OFPBCT_DISCARD_REQUEST);
    expect_no_errors("discard");
}

static bool
has_packet_in(void *aux)
{
    return client.packet_in.size;
}

static struct of_packet_in
wait_packet_in(void)
{
    struct of_msg msg;
    struct of_packet_in pin;
    CHECK(loop_run_until(client.loop, has_packet_in, NULL, DEADLINE_MS));
    struct err *e = of_msg_parse(client.packet_in.data, client.packet_in.size, &msg);
    CHECK(!e);
    e = of_packet_in_decode(&msg, &pin);
    CHECK(!e);
    return pin;
}

/* A packet leaves for us twice: it pauses, we change a register and the packet, and it goes on to report
 * both. */
static void
check_packets(void)
{
    struct buf actions = BUF_INIT(1000), packet = BUF_INIT(1000);
    struct of_match metadata = {0};
    struct of_controller pause = {.max_len = OF_MAX_LEN, .reason = OF_REASON_ACTION, .pause = true,
                                  .userdata = "abc",
                                  .userdata_size = 3};
    struct of_controller report = {.max_len = OF_MAX_LEN, .reason = OF_REASON_ACTION, .userdata = "defgh",
                                   .userdata_size = 5};
    struct of_flow_mod fm;
    of_flow_mod_init(&fm);
    fm.table_id = 100;
    fm.cookie = 77;
    of_act_controller(&actions, &pause);
    of_act_controller(&actions, &report);
    fm.actions = actions.data;
    fm.n_actions = actions.size;
    CHECK(of_put_flow_mod(&client.out, xid(), &fm));
    expect_no_errors("a flow that pauses");

    struct buf resubmit = BUF_INIT(100);
    of_act_resubmit(&resubmit, 100);
    of_match_set_u64(&metadata, OFF_IN_PORT, OF_PORT_CONTROLLER);
    of_match_set_u64(&metadata, OFF_METADATA, 5);
    of_match_set_u64(&metadata, OFF_REG(7), 8);
    build_arp_request(&packet, (struct eth_addr) {{0x0a, 0, 0, 0, 0, 1}}, htobe32(0x0a000001),
                      htobe32(0x0a000002));
    const struct of_packet_out po = {&metadata, resubmit.data, resubmit.size,
                                     str_n(packet.data, packet.size)};
    CHECK(of_put_packet_out(&client.out, xid(), &po));
    of_conn_send_buf(client.conn, &client.out);
    struct of_packet_in pin = wait_packet_in();
    CHECK(str_is(pin.userdata, "abc") && pin.continuation.n && pin.reason == OF_REASON_ACTION);
    CHECK(pin.packet.n == packet.size && !memcmp(pin.packet.s, packet.data, packet.size));
    CHECK(of_match_eq(&pin.metadata, &metadata));
    printf("ok - a packet came out, paused\n");

    of_match_set_u64(&metadata, OFF_REG(7), 9);
    packet.data[5] = 0x33;
    CHECK(of_put_resume(&client.out, xid(), &pin, str_n(packet.data, packet.size), &metadata));
    of_packet_in_fini(&pin);
    buf_clear(&client.packet_in);
    expect_no_errors("resume");
    pin = wait_packet_in();
    CHECK(str_is(pin.userdata, "defgh") && !pin.continuation.n && of_match_eq(&pin.metadata, &metadata));
    CHECK(pin.packet.n == packet.size && !memcmp(pin.packet.s, packet.data, packet.size));
    printf("ok - it went on with what was changed\n");
    of_packet_in_fini(&pin);
    of_match_fini(&metadata);
    buf_fini(&actions);
    buf_fini(&resubmit);
    buf_fini(&packet);
}

static void
client_fini(void)
{
    of_conn_free(client.conn);
    loop_free(client.loop);
    buf_fini(&client.out);
    buf_fini(&client.errors);
    buf_fini(&client.listed);
    buf_fini(&client.packet_in);
    for (size_t i = 0; i < n_flows; i++) {
        of_match_fini(&flows[i].match);
        buf_fini(&flows[i].actions);
    }
}

int
main(int argc, char *argv[])
{
    CHECK(argc == 2);
    setvbuf(stdout, NULL, _IOLBF, 0);
    client = (struct client) {.loop = loop_new(), .out = BUF_INIT(BUF_NO_LIMIT), .errors = BUF_INIT(10000),
                              .listed = BUF_INIT(BUF_NO_LIMIT), .packet_in = BUF_INIT(OF_MSG_MAX)};
    err_free(log_set("any:any:warn"));
    struct err *e = of_conn_new(client.loop, argv[1], &callbacks, NULL, &client.conn);
    CHECK(!e && loop_run_until(client.loop, is_ready, NULL, DEADLINE_MS));
    put_setup();
    expect_no_errors("setup");
    put_groups_and_meters();
    expect_no_errors("groups and meters");
    make_plain_flows();
    make_field_flows();
    make_ct_flows();
    make_controller_and_learn_flows();
    make_match_flows();
    put_flows();
    expect_no_errors("flows in a bundle");
    check_flows();
    check_groups_and_meters();
    check_bad_bundle();
    check_flows();
    check_packets();
    client_fini();
    return 0;
}
