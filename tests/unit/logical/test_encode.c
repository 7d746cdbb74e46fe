/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>

#include "lib/logical/encode.h"
#include "lib/logical/opcode.h"
#include "lib/openflow/of_actions.h"
#include "tests/unit/logical/logical_test.h"

/* A switch where ports are numbered by the length of their names. */

static bool
lookup_port(void *aux UNUSED, struct str name, uint32_t *ret_key)
{
    *ret_key = (uint32_t) name.n;
    return !str_is(name, "nowhere");
}

static bool
lookup_tunnel(void *aux UNUSED, struct str lport, uint32_t *ret_ofport)
{
    *ret_ofport = 7;
    return lport.n == 2;
}

/* The last group made, as ovs-ofctl would print it. */
static struct buf last_group;

static uint32_t
make_group(void *aux UNUSED, const struct of_group *group)
{
    buf_clear(&last_group);
    buf_printf(&last_group, "method=%d", (int) group->select_method);
    if (group->select_param) {
        buf_printf(&last_group, " param=%llx", (unsigned long long) group->select_param);
    }
    buf_printf(&last_group, " fields=%zu", group->n_select_fields);
    for (size_t i = 0; i < group->buckets.n; i++) {
        const struct of_bucket *b = &group->buckets.d[i];
        buf_printf(&last_group, " [weight:%u watch:%d ", b->weight, (int) b->watch_port);
        of_actions_print(b->actions, b->n_actions, &last_group);
        buf_putc(&last_group, ']');
    }
    return 99;
}

static uint32_t
meter(void *aux UNUSED, struct str name)
{
    return 100 + (uint32_t) name.n;
}

static uint32_t
rate_meter(void *aux UNUSED, uint32_t rate, uint32_t burst)
{
    return rate + burst;
}

static bool
dhcp_option(void *v6, struct str name, struct dhcp_option *ret)
{
    static const struct { const char *name; struct dhcp_option option; } table[] = {
        {"T1", {58, "uint32"}}, {"bootfile_name", {67, "str"}}, {"classless_static_route", {121, "static_routes"}},
        {"dns_server", {6, "ipv4"}}, {"domain_name", {15, "str"}}, {"domain_search_list", {119, "domains"}},
        {"hostname", {12, "str"}}, {"ip_forward_enable", {19, "bool"}}, {"lease_time", {51, "uint32"}},
        {"log_server", {7, "ipv4"}}, {"mtu", {26, "uint16"}}, {"netbios_node_type", {46, "uint8"}}, {"netmask", {1, "ipv4"}},
        {"path_prefix", {210, "str"}}, {"router", {3, "ipv4"}}, {"server_id", {54, "ipv4"}}, {"tcp_ttl", {37, "uint8"}},
        {"tftp_server_address", {150, "ipv4"}}, {"wpad", {252, "str"}},
    };
    static const struct { const char *name; struct dhcp_option option; } table6[] = {
        {"bootfile_name", {59, "str"}}, {"dns_server", {23, "ipv6"}}, {"domain_search", {24, "str"}}, {"fqdn", {39, "domain"}},
        {"ia_addr", {5, "ipv6"}}, {"server_id", {2, "mac"}},
    };
    for (size_t i = 0; !v6 && i < ARRAY_SIZE(table); i++) {
        if (str_is(name, table[i].name)) {
            *ret = table[i].option;
            return true;
        }
    }
    for (size_t i = 0; v6 && i < ARRAY_SIZE(table6); i++) {
        if (str_is(name, table6[i].name)) {
            *ret = table6[i].option;
            return true;
        }
    }
    return false;
}

static bool
dhcp4_option(void *aux UNUSED, struct str name, struct dhcp_option *ret)
{
    return dhcp_option(NULL, name, ret);
}

static bool
dhcp6_option(void *aux UNUSED, struct str name, struct dhcp_option *ret)
{
    return dhcp_option(ret, name, ret);
}

static const struct logical_tables tables = {
    .ingress = 8, .n_ingress = 33, .egress = 62, .n_egress = 24, .output = 54, .save_inport = 88, .mac_binding = 90,
    .mac_lookup = 91, .lb_hairpin = 92, .lb_hairpin_reply = 93, .ct_snat_to_vip = 94, .get_fdb = 95, .lookup_fdb = 96,
    .in_port_sec = 97, .in_port_sec_nd = 98, .out_port_sec = 99, .ecmp_nh_mac = 100, .ecmp_nh = 101, .lb_affinity = 102,
    .mac_cache_use = 103};

static struct encode_params
params_for(bool is_egress, unsigned int table)
{
    return (struct encode_params) {
        .tables = &tables, .is_egress = is_egress, .table = (uint8_t) table, .dp_key = 5,
        .lflow = {{0x12, 0x34, 0x56, 0x78}}, .lookup_port = lookup_port, .lookup_tunnel = lookup_tunnel, .group = make_group,
        .meter = meter, .rate_meter = rate_meter, .dhcp4_option = dhcp4_option, .dhcp6_option = dhcp6_option};
}

/* The OpenFlow actions of 'text' in logical table 3 of a switch's or router's ingress pipeline. */
static char *
encode_text(const char *text, bool is_router)
{
    struct arena *arena = arena_new();
    struct buf acts = BUF_INIT(OF_ACTIONS_MAX), out = BUF_INIT(BUF_NO_LIMIT);
    struct encode_params params = params_for(false, 3);
    params.is_router = is_router;
    struct err *err = actions_encode(must_parse_actions(arena, text), &params, &acts);
    if (err) {
        assert_int_equal(acts.size, 0);
        buf_puts(&out, err_detail(err));
        err_free(err);
    } else {
        of_actions_print(acts.data, acts.size, &out);
        assert_null(of_actions_check(acts.data, acts.size));
    }
    buf_fini(&acts);
    arena_free(arena);
    return buf_take_text(&out);
}

static void
expect(const char *text, const char *want)
{
    char *have = encode_text(text, false);
    assert_string_equal(have, want);
    free(have);
}

static void
expect_router(const char *text, const char *want)
{
    char *have = encode_text(text, true);
    assert_string_equal(have, want);
    free(have);
}

TEST(plain_actions)
{
    expect("drop;", "drop");
    expect("next;", "resubmit(,12)");
    expect("next(7);", "resubmit(,15)");
    expect("next(pipeline=egress, table=2);", "resubmit(,64)");
    expect("output;", "resubmit(,54)");
    expect("outport = \"lp1\"; inport = \"\";", "set_field:0x3->reg15,set_field:0x0->reg14");
    expect("outport = \"nowhere\";", "set_field:0x0->reg15");
    expect("reg0[3..5] = 5;", "set_field:0x28/0x38->reg0");
    expect("reg1 = 0x10/0xf0;", "set_field:0x10/0xf0->reg1");
    expect("eth.dst = 00:00:00:00:00:01;", "set_field:00:00:00:00:00:01->eth_dst");
    expect("xreg0[0..47] = 00:00:00:00:ff:10;", "set_field:0xff10/0xffffffffffff->xreg0");
    expect("flags.loopback = 1;", "set_field:0x1/0x1->reg10");
    expect("reg0 = ip4.dst;", "move:ip_dst[]->reg0[]");
    expect("ip4.src <-> ip4.dst;", "push:ip_src[],push:ip_dst[],pop:ip_src[],pop:ip_dst[]");
    expect("push(xxreg1); pop(xxreg0);", "push:xxreg1[],pop:xxreg0[]");
    expect("ip.ttl--;", "dec_ttl");
    expect("clone { outport = \"a\"; output; };", "clone(set_field:0x1->reg15,resubmit(,54))");
    expect("set_queue(5); set_meter(100, 20);", "set_queue:5,meter:120");
    expect("set_meter(0, 0); next;", "resubmit(,12)");       /* no meter can be made: there is none with id 0 */
    expect("reg9[1] = check_pkt_larger(1514);", "check_pkt_larger(1514)->reg9[1]");
}

TEST(conntrack_actions)
{
    expect("ct_next;", "ct(table=12,zone=reg13[0..15])");
    expect_router("ct_next;", "ct(table=12,zone=reg11[0..15])");
    expect("ct_clear;", "ct_clear");
    expect("ct_commit;", "ct(commit,zone=reg13[0..15])");
    expect("ct_commit { ct_mark.blocked = 1; };", "ct(commit,zone=reg13[0..15],exec(set_field:0x1/0x1->ct_mark))");
    expect("ct_commit { ct_label.ecmp_reply_eth = eth.src; };",
           "ct(commit,zone=reg13[0..15],exec(move:eth_src[]->ct_label[32..79]))");
    expect_router("ct_snat;", "ct(table=12,zone=reg12[0..15],nat)");
    expect_router("ct_dnat(10.0.0.1);", "ct(commit,table=12,zone=reg11[0..15],nat(dst=10.0.0.1))");
    expect_router("ct_snat(10.0.0.1,5-9);", "ct(commit,table=12,zone=reg12[0..15],nat(src=10.0.0.1:5-9))");
    expect_router("ct_snat_in_czone(fd00::1);", "ct(commit,table=12,zone=reg11[0..15],nat(src=fd00::1))");
    expect("ct_commit_nat;", "ct(commit,table=12,zone=reg13[0..15],nat)");
    expect("ct_lb_mark;", "ct(table=12,zone=reg13[0..15],nat)");
    expect("ct_lb_mark(backends=10.0.0.1:80);",
           "ct(commit,table=12,zone=reg13[0..15],nat(dst=10.0.0.1:80),exec(set_field:0x2/0x2->ct_mark))");
    expect("ct_mark = 1;", "ct_mark and ct_label can only be set in ct_commit.");
    expect("ct_commit { reg0 = 1; };", "Only ct_mark and ct_label can be set in ct_commit.");
}

static void
expect_group(const char *text, const char *want)
{
    buf_init(&last_group, BUF_NO_LIMIT);
    expect(text, "group:99");
    assert_string_equal(buf_text(&last_group), want);
    buf_fini(&last_group);
}

TEST(groups)
{
    expect_group("ct_lb(backends=10.0.0.1:80,[fd00::1]:81; skip_snat);",
                 "method=2 fields=0 [weight:100 watch:-1 ct(commit,table=12,zone=reg13[0..15],nat(dst=10.0.0.1:80),"
                 "exec(set_field:0x2/0x2->ct_label,set_field:0x4/0x4->ct_label))] [weight:100 watch:-1 "
                 "ct(commit,table=12,zone=reg13[0..15],nat(dst=[fd00::1]:81),"
                 "exec(set_field:0x2/0x2->ct_label,set_field:0x4/0x4->ct_label))]");
    expect_group("reg8[16..31] = select(1=20, 2);",
                 "method=2 param=100000000 fields=0 [weight:20 watch:-1 set_field:0x10000/0xffff0000->reg8,resubmit(,12)] "
                 "[weight:100 watch:-1 set_field:0x20000/0xffff0000->reg8,resubmit(,12)]");
    expect_group("fwd_group(liveness=\"true\", childports=\"p1\",\"nowhere\",\"p22\");",
                 "method=2 fields=0 [weight:100 watch:7 set_field:0x2->reg15,resubmit(,54)] "
                 "[weight:100 watch:-1 set_field:0x3->reg15,resubmit(,54)]");
    buf_init(&last_group, BUF_NO_LIMIT);
    expect("ct_lb(backends=1.1.1.1,1.1.1.2; hash_fields=\"ip_src,tcp_dst\");", "group:99");
    assert_int_equal(strncmp(buf_text(&last_group), "method=1 fields=", 16), 0);
    buf_fini(&last_group);
    expect("ct_lb(backends=1.1.1.1,1.1.1.2; hash_fields=\"nonsense\");", "ct_lb: unknown hash field nonsense.");
}

TEST(questions_to_other_tables)
{
    expect("get_arp(outport, reg0);", "set_field:00:00:00:00:00:00->eth_dst,resubmit(,90)");
    expect("get_arp(outport, ip4.dst);",
           "push:reg0[],push:ip_dst[],pop:reg0[],set_field:00:00:00:00:00:00->eth_dst,resubmit(,90),"
           "pop:reg0[]");
    expect("reg9[2] = lookup_arp(inport, arp.spa, arp.sha);",
           "push:reg0[],push:eth_src[],push:arp_spa[],push:arp_sha[],pop:eth_src[],"
           "pop:reg0[],set_field:0x0/0x40->reg10,resubmit(,91),pop:eth_src[],pop:reg0[],"
           "move:reg10[6]->reg9[2]");
    expect("outport = get_fdb(eth.dst);", "set_field:0x0->reg15,resubmit(,95)");
    expect("reg0[15] = check_in_port_sec();",
           "set_field:0x0/0x1000->reg10,resubmit(,97),move:reg10[12]->reg0[15]");
}

TEST(learning)
{
    const char *text = "commit_lb_aff(vip = \"[fd00::5]:80\", backend = \"[fd00::1]:81\", proto = tcp, timeout = 30);";
    char *router = encode_text(text, true), *lswitch = encode_text(text, false);
    assert_non_null(strstr(router, "table=102,idle_timeout=30,"));
    assert_non_null(strstr(router, "->xxreg1[]"));
    assert_non_null(strstr(lswitch, "->xxreg0[]"));
    free(router);
    free(lswitch);
    expect("commit_lb_aff(vip = \"1.1.1.1:80\", backend = \"[fd00::1]:81\", proto = tcp, timeout = 30);",
           "commit_lb_aff: vip and backend must be addresses of one family.");
    char *ecmp = encode_text("commit_ecmp_nh(ipv6 = false, proto = udp);", true);
    assert_non_null(strstr(ecmp, "table=100,"));
    assert_non_null(strstr(ecmp, "table=101,"));
    free(ecmp);
    expect("commit_ecmp_nh(ipv6 = false, proto = icmp);", "Unknown protocol icmp.");
}

/* The userdata of the one controller action of 'text'. */
static char *
controller_text(const char *text)
{
    char *have = encode_text(text, false);
    return have;
}

TEST(controller_actions)
{
    expect("arp { output; };", "controller(userdata=00.00.00.01.00.00.00.00.ff.ff.00.10.00.00.23.20.00.0e.ff.f8.36.00.00.00)");
    expect("igmp;", "controller(userdata=00.00.00.15.00.00.00.00)");
    expect("icmp4.frag_mtu = 1500;", "controller(userdata=00.00.00.19.00.00.00.00.05.dc,pause)");
    expect("reg0[3] = dns_lookup();", "controller(userdata=00.00.00.12.00.00.00.00.00.01.00.04.00.00.00.03,pause)");
    expect("put_fdb(inport, eth.src);", "controller(userdata=00.00.00.0e.00.00.00.00)");
    expect("log(name=\"a\", severity=alert, verdict=drop, meter=\"m\");",
           "controller(userdata=00.00.00.13.00.00.00.00.01.00.00.00.00.00.00.01.61,meter_id=101)");
    expect("reg0[3] = put_dhcp_opts(offerip = 10.0.0.2, classless_static_route = {10.0.0.0/9,1.2.3.4}, "
           "domain_search_list = \"a.b,c\");",
           "controller(userdata=00.00.00.0f.00.00.00.00.00.01.00.04.00.00.00.03.00.00.00.04.0a.00.00.02."
           "00.79.00.07.09.0a.00.01.02.03.04.00.77.00.08.01.61.01.62.00.01.63.00,pause)");
    expect("reg0[3] = put_dhcp_opts(router = 10.0.0.2);", "put_dhcp_opts requires offerip to be specified.");
    expect("reg0[3] = put_dhcp_opts(offerip = 10.0.0.2, router = \"x\");", "DHCPv4 option router requires a value of type ipv4.");
    expect("reg0[3] = put_dhcp_opts(offerip = 10.0.0.2, nothing = 1);", "Unknown DHCPv4 option nothing.");
    free(controller_text("reject { outport <-> inport; next(pipeline=egress, table=5); };"));
}

static void
check_line(const struct flow_line *line, void *n_)
{
    struct arena *arena = arena_new();
    struct buf acts = BUF_INIT(OF_ACTIONS_MAX);
    const struct act *act = NULL;
    struct act_parse_params parse = {.is_egress = line->is_egress, .table = line->table, .n_tables = 33};
    struct err *err = actions_parse(arena, line->actions, &parse, &act, NULL);
    assert_null(err);
    struct encode_params params = params_for(line->is_egress, line->table);
    for (int is_router = 0; is_router < 2; is_router++) {
        params.is_router = is_router;
        buf_clear(&acts);
        err = actions_encode(act, &params, &acts);
        if (err) {
            fail_msg(STR_FMT": %s", STR_ARG(line->actions), err_detail(err));
        }
        err = of_actions_check(acts.data, acts.size);
        if (err) {
            fail_msg(STR_FMT": %s", STR_ARG(line->actions), err_detail(err));
        }
    }
    ++*(unsigned int *) n_;
    buf_fini(&acts);
    arena_free(arena);
}

TEST(flows_of_ovn_northd)
{
    unsigned int n = 0;
    buf_init(&last_group, BUF_NO_LIMIT);
    flows_for_each(check_line, &n);
    buf_fini(&last_group);
    assert_true(n > 300);
}

TEST(random_actions_never_break)
{
    struct rng rng = {test_seed()};
    struct arena *arena = arena_new();
    struct buf acts = BUF_INIT(OF_ACTIONS_MAX);
    unsigned int n_ok = 0;
    buf_init(&last_group, BUF_NO_LIMIT);
    for (int i = 0; i < 5000; i++) {
        struct encode_params params = params_for(rng_one_in(&rng, 2), rng_below(&rng, 20));
        params.is_router = rng_one_in(&rng, 2);
        struct err *err = actions_encode(random_actions(arena, &rng, 3), &params, &acts);
        n_ok += !err;
        err_free(err);
        err = of_actions_check(acts.data, acts.size);
        if (err) {
            fail_msg("%s", err_detail(err));
        }
        buf_clear(&acts);
        arena_reset(arena);
    }
    assert_true(n_ok > 500);
    buf_fini(&last_group);
    buf_fini(&acts);
    arena_free(arena);
}

/* The meter of a flow is for packets that are to be answered; a log line has its own or none. */
TEST(meters_of_packets_to_the_controller)
{
    static const struct { const char *actions, *want; } cases[] = {
        {"igmp;", "controller(userdata=00.00.00.15.00.00.00.00,meter_id=9)"},
        {"log(name=\"a\");", "controller(userdata=00.00.00.13.00.00.00.00.00.03.00.00.00.00.00.01.61)"},
        {"log(name=\"a\", meter=\"mm\");", "controller(userdata=00.00.00.13.00.00.00.00.00.03.00.00.00.00.00.01.61,meter_id=102)"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct arena *arena = arena_new();
        struct buf acts = BUF_INIT(OF_ACTIONS_MAX), out = BUF_INIT(BUF_NO_LIMIT);
        struct encode_params params = params_for(false, 3);
        params.controller_meter = 9;
        assert_null(actions_encode(must_parse_actions(arena, cases[i].actions), &params, &acts));
        of_actions_print(acts.data, acts.size, &out);
        assert_string_equal(buf_text(&out), cases[i].want);
        buf_fini(&acts);
        buf_fini(&out);
        arena_free(arena);
    }
}

TEST_MAIN(T(meters_of_packets_to_the_controller), T(plain_actions), T(conntrack_actions), T(groups), T(questions_to_other_tables), T(learning), T(controller_actions),
          T(flows_of_ovn_northd), T(random_actions_never_break))
