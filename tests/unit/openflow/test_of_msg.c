/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_actions.h"
#include "lib/openflow/of_flow.h"
#include "lib/openflow/of_group.h"
#include "lib/openflow/of_packet.h"

#include "tests/unit/openflow/of_test.h"

/* The golden messages were seen between Open vSwitch 3.1 and ovs-ofctl. */

static struct of_msg
parse(struct buf *bytes, const char *hex)
{
    struct of_msg msg;
    put_hex_bytes(bytes, hex);
    struct err *e = of_msg_parse(bytes->data, bytes->size, &msg);
    assert_null(e);
    return msg;
}

static void
expect_print(const struct buf *bytes, const char *text)
{
    struct buf out = BUF_INIT(100000);
    of_msg_print(bytes->data, bytes->size, &out);
    assert_string_equal(buf_text(&out), text);
    buf_fini(&out);
}

/* The message in 'out' has these bytes and prints like this; then empties 'out'. */
static void
expect_msg(struct buf *out, const char *hex, const char *text)
{
    expect_hex(out, hex);
    expect_print(out, text);
    buf_clear(out);
}

TEST(small_messages)
{
    struct buf out = BUF_INIT(OF_MSG_MAX);
    of_put_hello(&out, 1, 1 << OF_VERSION);
    expect_msg(&out, "06000010000000010001000800000040", "hello (xid=0x1) versions=0x40");
    of_put_echo_request(&out, 2);
    expect_msg(&out, "0602000800000002", "echo_request (xid=0x2)");
    of_put_features_request(&out, 2);
    expect_msg(&out, "0605000800000002", "features_request (xid=0x2)");
    of_put_barrier_request(&out, 3);
    expect_msg(&out, "0614000800000003", "barrier_request (xid=0x3)");
    of_put_set_config(&out, 3, 0xfffe);
    expect_msg(&out, "0609000c000000030000fffe", "set_config (xid=0x3)");
    of_put_set_packet_in_format(&out, 5, NXPIF_NXT_PACKET_IN2);
    expect_msg(&out, "0604001400000005000023200000001000000002", "set_packet_in_format (xid=0x5)");
    of_put_ct_flush_zone(&out, 2, 5);
    expect_msg(&out, "0604001800000002000023200000001d0000000000000005", "ct_flush_zone (xid=0x2)");
    const struct of_tlv_map geneve = {0x102, 0x80, 4, 0};
    of_put_tlv_table_mod(&out, 2, NXTTMC_ADD, &geneve, 1);
    expect_msg(&out, "0604002000000002000023200000001800000000000000000102800400000000",
               "tlv_table_mod (xid=0x2)");
    of_put_tlv_table_mod(&out, 2, NXTTMC_CLEAR, NULL, 0);
    expect_msg(&out, "060400180000000200002320000000180002000000000000", "tlv_table_mod (xid=0x2)");
    of_put_tlv_table_request(&out, 2);
    expect_msg(&out, "06040010000000020000232000000019", "tlv_table_request (xid=0x2)");
    of_put_bundle_control(&out, 9, &(struct of_bundle) {0, OFPBCT_COMMIT_REQUEST,
                                                        OFPBF_ATOMIC | OFPBF_ORDERED});
    expect_msg(&out, "06210010000000090000000000040003", "bundle_control (xid=0x9) id=0 type=4 flags=0x3");
    of_put_role_request(&out, 1, &(struct of_role_msg) {OF_ROLE_EQUAL, 7});
    expect_msg(&out, "061800180000000100000001000000000000000000000007",
               "role_request (xid=0x1) role=1 generation=7");
    of_put_set_async(&out, 1, &(struct of_async) {1, 2, 4});
    expect_msg(&out, "061c0020000000010001000800000001000300080000000200050008" "00000004",
               "set_async (xid=0x1)");
    of_put_error(&out, 6, 4, 9, "\x06\x0e", 2);
    expect_msg(&out, "0601000e0000000600040009060e", "error (xid=0x6) OFPBMC_BAD_PREREQ");
    buf_fini(&out);
}

TEST(hello_versions)
{
    struct buf in = BUF_INIT(1000);
    uint32_t versions;
    struct of_msg msg = parse(&in, "0400000800000001");
    assert_null(of_hello_decode(&msg, &versions));
    assert_int_equal(versions, 0x1f);
    buf_clear(&in);
    msg = parse(&in, "0600001800000001ffff00050100000000010008" "00000052");
    assert_null(of_hello_decode(&msg, &versions));
    assert_int_equal(versions, 0x52);
    buf_fini(&in);
}

TEST(frames)
{
    size_t length = 99;
    assert_null(of_frame("\x06\x00\x00", 3, &length));
    assert_int_equal(length, 0);
    assert_null(of_frame("\x06\x00\x00\x10", 4, &length));
    assert_int_equal(length, 16);
    struct err *e = of_frame("\x06\x00\x00\x07", 4, &length);
    assert_non_null(e);
    err_free(e);
}

TEST(flow_mods)
{
    struct buf out = BUF_INIT(OF_MSG_MAX), actions = BUF_INIT(OF_ACTIONS_MAX);
    struct of_flow_mod fm, again;
    of_flow_mod_init(&fm);
    fm.table_id = 3;
    fm.priority = 5;
    of_match_set_u64(&fm.match, OFF_ETH_TYPE, 0x0800);
    of_match_set_u64(&fm.match, OFF_IP_PROTO, 6);
    of_match_set_u64(&fm.match, OFF_TCP_DST, 80);
    of_act_set_u64(&actions, OFF_REG0, 1);
    of_act_resubmit(&actions, 8);
    fm.actions = actions.data;
    fm.n_actions = actions.size;
    assert_true(of_put_flow_mod(&out, 6, &fm));
    struct of_msg msg;
    assert_null(of_msg_parse(out.data, out.size, &msg));
    assert_null(of_flow_mod_decode(&msg, &again));
    assert_true(of_match_eq(&fm.match, &again.match) && again.n_actions == fm.n_actions);
    of_match_fini(&again.match);
    expect_msg(&out, "060e007000000006000000000000000000000000000000000300000000000005ffffffffffffffffffffffff00000000"
                     "0001001580000a020800800014010680001c02005000000000040028000000000019001000010004000000010000"
                     "0000ffff001000002320000efff808000000",
               "flow_mod (xid=0x6) add table=3,priority=5,tcp,tcp_dst=80 actions=set_field:0x1->reg0,resubmit(,8)");
    of_match_fini(&fm.match);

    of_flow_mod_init(&fm);
    fm = (struct of_flow_mod) {.command = OFPFC_DELETE, .table_id = 3, .priority = 0x8000, .cookie = 5,
                               .cookie_mask = 0xff,
                               .out_port = 5, .out_group = 6};
    assert_true(of_put_flow_mod(&out, 6, &fm));
    expect_msg(&out, "060e003800000006000000000000000500000000000000ff0303000000008000ffffffff0000000500000006000000000001000400"
                     "000000",
               "flow_mod (xid=0x6) delete cookie_mask=0xff,cookie=0x5,table=3,priority=32768 actions=drop");

    /* In a bundle, as ovs-ofctl --bundle sends it. */
    of_flow_mod_init(&fm);
    fm.cookie = 5;
    fm.table_id = 1;
    fm.idle_timeout = 1;
    fm.hard_timeout = 2;
    fm.priority = 0x8000;
    fm.flags = OFPFF_SEND_FLOW_REM;
    fm.importance = 3;
    size_t add = of_bundle_add_begin(&out, 6, 0, OFPBF_ATOMIC | OFPBF_ORDERED);
    assert_true(of_put_flow_mod(&out, 6, &fm) && of_bundle_add_end(&out, add));
    expect_msg(&out, "06220048000000060000000000000003060e003800000006000000000000000500000000000000000100000100028000ffffffffffff"
                     "ffffffffffff000100030001000400000000",
               "bundle_add (xid=0x6) id=0: flow_mod (xid=0x6) add cookie=0x5,idle_timeout=1,hard_timeout=2,importance=3,"
               "send_flow_rem,table=1,priority=32768 actions=drop");
    buf_fini(&out);
    buf_fini(&actions);
}

TEST(what_does_not_fit_in_a_message_is_not_sent)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    static const uint8_t actions[OF_MSG_MAX];
    struct of_flow_mod fm;
    of_flow_mod_init(&fm);
    fm.actions = actions;
    fm.n_actions = sizeof actions - 55;                 /* header, body, empty match, instruction: 64 bytes */
    of_put_barrier_request(&out, 1);
    assert_false(of_put_flow_mod(&out, 2, &fm));
    assert_int_equal(out.size, 8);
    size_t add = of_bundle_add_begin(&out, 2, 1, OFPBF_ATOMIC);
    assert_false(of_put_flow_mod(&out, 2, &fm));
    assert_false(of_bundle_add_end(&out, add));
    assert_int_equal(out.size, 8);
    fm.n_actions = sizeof actions - 71;                      /* fits by itself, but not in a bundle */
    add = of_bundle_add_begin(&out, 2, 1, OFPBF_ATOMIC);
    assert_true(of_put_flow_mod(&out, 2, &fm));
    assert_false(of_bundle_add_end(&out, add));
    assert_int_equal(out.size, 8);
    assert_true(of_put_flow_mod(&out, 2, &fm));
    buf_fini(&out);
}

TEST(flow_descriptions)
{
    struct buf in = BUF_INIT(OF_MSG_MAX);
    parse(&in, "061300b000000002000100000000000000a0000003000005000000000000000000000000000000000001002180000a020800800014010680001c"
               "02005080000408000000000000000700000000000000000000348002000800000000" "1ae1b6c08002020800000000000000008002060800"
               "0000000000000080020a08000000000000000000000000000400280000000000190010000100040000000100000000ffff00100000232000"
               "0efff808000000");
    expect_print(&in, "flow_desc_reply (xid=0x2)\n"
                      " table=3,priority=5,tcp,metadata=0x7,tcp_dst=80 actions=set_field:0x1->reg0,resubmit(,8)");
    buf_clear(&in);
    const struct of_flow_filter all = {.table_id = OFPTT_ALL, .out_port = OF_PORT_ANY,
                                       .out_group = OF_PORT_ANY};
    of_put_flow_desc_request(&in, 2, &all);
    expect_msg(&in, "06120038000000020001000000000000ff000000ffffffffffffffff00000000000000000000000000000000000000000001000400000000",
               "flow_desc_request (xid=0x2)");
    parse(&in, "060b00480000000001008000000100020000000000000005000100040000000000000028800200080000000101ba81408002080800000000000000"
               "0080020a080000000000000000");
    expect_print(&in, "flow_removed (xid=0x0) reason=0 table=1,priority=32768 ");
    buf_fini(&in);
}

/* A description we cannot read is passed over. */
TEST(flow_descriptions_go_on_behind_a_bad_one)
{
    struct buf in = BUF_INIT(OF_MSG_MAX);
    struct of_msg msg = parse(&in,
                              "0613005000000002000100000000000000200000030000050000000000000000000000000000000000020004"
                                   "0000000000200000040000050000000000000000000000000000000000010004000000" "00");
    struct str body = msg.body;
    struct of_flow_desc desc;
    struct err *e = of_flow_desc_pull(&body, &desc);
    assert_non_null(e);
    err_free(e);
    assert_int_equal(body.n, 32);
    e = of_flow_desc_pull(&body, &desc);                     /* this one lacks statistics */
    assert_non_null(e);
    err_free(e);
    assert_int_equal(body.n, 0);
    buf_fini(&in);
}

static void
expect_group(struct buf *out, uint32_t bucket, enum of_group_command command, const struct of_group *group,
             const char *hex)
{
    struct of_msg msg;
    struct of_group again;
    enum of_group_command again_command;
    uint32_t again_bucket;
    assert_true(of_put_group_mod(out, 6, command, bucket, group));
    expect_hex(out, hex);
    assert_null(of_msg_parse(out->data, out->size, &msg));
    assert_null(of_group_mod_decode(&msg, &again_command, &again_bucket, &again));
    assert_true(again_command == command && again_bucket == bucket && again.buckets.n == group->buckets.n);
    struct buf copy = BUF_INIT(OF_MSG_MAX);
    assert_true(of_put_group_mod(&copy, 6, command, bucket, &again));
    assert_true(copy.size == out->size && !memcmp(copy.data, out->data, copy.size));
    of_group_fini(&again);
    buf_fini(&copy);
    buf_clear(out);
}

TEST(groups)
{
    struct buf out = BUF_INIT(OF_MSG_MAX), a1 = BUF_INIT(1000), a2 = BUF_INIT(1000), fields = BUF_INIT(100);
    struct of_group group = {.group_id = 9};
    of_act_output(&a1, 1);
    of_act_output(&a2, 2);
    vec_push(&group.buckets, (struct of_bucket) {0, 0, OF_PORT_ANY, OF_PORT_ANY, a1.data, a1.size});
    vec_push(&group.buckets, (struct of_bucket) {1, 0, OF_PORT_ANY, OF_PORT_ANY, a2.data, a2.size});
    expect_group(&out, OFPG_BUCKET_ALL, OFPGC_ADD, &group,
                 "060f004800000006000000000000000900300000ffffffff0018001000000000000000100000000100000000000000000018001000000001"
                 "00000010000000020000000000000000");
    vec_fini(&group.buckets);

    buf_clear(&a1);
    of_act_set_u64(&a1, OFF_REG0, 1);
    of_act_resubmit(&a1, 8);
    buf_clear(&a2);
    of_act_output(&a2, 1);
    put_hex_bytes(&fields, "80001604ffffffff80001c0200ff");
    group = (struct of_group) {.group_id = 7, .type = OFPGT_SELECT, .select_method = OF_SELECT_HASH,
                               .select_fields = fields.data, .n_select_fields = fields.size};
    vec_push(&group.buckets, (struct of_bucket) {0, 100, OF_PORT_ANY, OF_PORT_ANY, a1.data, a1.size});
    vec_push(&group.buckets, (struct of_bucket) {1, 5, 1, OF_PORT_ANY, a2.data, a2.size});
    expect_group(&out, OFPG_BUCKET_ALL, OFPGC_ADD, &group,
                 "060f00a800000006000001000000000700580000ffffffff003000200000000000190010000100040000000100000000ffff00100000232000"
                 "0efff808000000000000080064000000280010000000010000001000000001000000000000000000000008000500000001000800000001ffff"
                 "00360000154d000000010000000068617368000000000000000000000000000000000000000080001604ffffffff80001c0200ff0000");
    of_group_fini(&group);

    group = (struct of_group) {.group_id = OFPG_ALL};
    expect_group(&out, OFPG_BUCKET_ALL, OFPGC_DELETE, &group,
                 "060f00180000000600020000fffffffc00000000ffffffff");

    parse(&out, "06130148000000020007000000000000003001000000000b002000000000000000200010000000000000001000000001000000000000000000"
                "0000080001000000a00100000000070058000000000000003000200000000000190010000100040000000100000000ffff00100000232000"
                "0efff808000000000000080064000000280010000000010000001000000001000000000000000000000008000500000001000800000001ff"
                "ff00360000154d000000010000000068617368000000000000000000000000000000000000000080001604ffffffff80001c0200ff000000"
                "400000000000090030000000000000001800100000000400000010000000010000000000000000001800100000000900000010000000020000"
                "000000000000002802000000000a0018000000000000001800100000000000000010000000010000000000000000");
    expect_print(&out, "group_desc_reply (xid=0x2)\n"
                       " group_id=11,type=select,bucket=bucket_id:0,weight:1,actions=output:1\n"
                       " group_id=7,type=select,selection_method=hash,fields(ip_src,tcp_dst=255),bucket=bucket_id:0,weight:100,"
                       "actions=set_field:0x1->reg0,resubmit(,8),bucket=bucket_id:1,weight:5,watch_port:1,actions=output:1\n"
                       " group_id=9,type=all,bucket=bucket_id:4,actions=output:1,bucket=bucket_id:9,actions=output:2\n"
                       " group_id=10,type=indirect,bucket=bucket_id:0,actions=output:1");
    buf_clear(&out);
    of_put_group_desc_request(&out, 2, OFPG_ALL);
    expect_msg(&out, "06120018000000020007000000000000fffffffc00000000", "group_desc_request (xid=0x2)");
    buf_fini(&out);
    buf_fini(&a1);
    buf_fini(&a2);
    buf_fini(&fields);
}

TEST(meters)
{
    struct buf out = BUF_INIT(OF_MSG_MAX);
    struct of_meter meter = {3, OFPMF_KBPS | OFPMF_BURST | OFPMF_STATS, true, 100, 50};
    of_put_meter_mod(&out, 2, OFPMC_ADD, &meter);
    expect_msg(&out, "061d0020000000020000000d0000000300010010000000640000003200000000",
               "meter_mod (xid=0x2) command=0 meter=3,kbps,burst,stats,bands=type=drop,rate=100,burst_size=50");
    of_put_meter_mod(&out, 2, OFPMC_DELETE, &(struct of_meter) {.meter_id = OFPM_ALL});
    expect_msg(&out, "061d00100000000200020000ffffffff", "meter_mod (xid=0x2) command=2 meter=4294967295");
    of_put_meter_config_request(&out, 2, OFPM_ALL);
    expect_msg(&out, "0612001800000002000a000000000000ffffffff00000000", "meter_config_request (xid=0x2)");
    parse(&out, "0613004000000002000a0000000000000018000200000004000100100000006400000064000000000018000d00000003000100100000006400000032"
                "00000000");
    expect_print(&out, "meter_config_reply (xid=0x2)\n meter=4,pktps,bands=type=drop,rate=100\n"
                       " meter=3,kbps,burst,stats,bands=type=drop,rate=100,burst_size=50");
    buf_fini(&out);
}

TEST(ports_and_tlv_table)
{
    struct buf in = BUF_INIT(OF_MSG_MAX);
    of_put_port_desc_request(&in, 2);
    expect_msg(&in, "06120018000000020" "00d000000000000ffffffff00000000", "port_desc_request (xid=0x2)");
    parse(&in, "061300e800000002000d000000000000fffffffe0048000072f8eb77db4e0000627230000000000000000000000000000000000000000004"
               "00000020000000000000000000000000000000000000000000000000000000000000000100480000aa55aa55000f00007031000000000000"
               "0000000000000000000000000000000400000020000000000000000000000000000000000000000000000000000000000000000200480000"
               "aa55aa55000e0000703200000000000000000000000000000000000000000004000000200000000000000000000000000000000000000000"
               "0000000000000000");
    expect_print(&in, "port_desc_reply (xid=0x2)\n local(\"br0\") addr=72:f8:eb:77:db:4e config=0x0 state=0x4\n"
                      " 1(\"p1\") addr=aa:55:aa:55:00:0f config=0x0 state=0x4\n"
                      " 2(\"p2\") addr=aa:55:aa:55:00:0e config=0x0 state=0x4");
    buf_clear(&in);
    parse(&in, "0604002800000002000023200000001a000001000040000000000000000000000102800400000000");
    expect_print(&in, "tlv_table_reply (xid=0x2)\n class=0x102 type=0x80 length=4 tun_metadata0");
    buf_fini(&in);
}

static const char packet_in_hex[] =
    "0604013800000000000023200000001e0000007a505400000006505400000005080045000068000000004006f93cc0a80001c0a80002000100020000"
    "000000000000500000004a4a0000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d"
    "2e2f303132333435363738393a3b3c3d3e3f00000000000000030005000000000004001000000000000000000000007700050005010000000006002c"
    "8000000400000001800101100000000500000000ffffffff0000000080000408000000000000000600000000000800500000000080000014eb42791d"
    "c445c5bb3522f7be22e2cf3b000000008005001000000000000000000000007780060018000000000000001000000002000000000000000080080008"
    "000000010007000701020300";

TEST(packets)
{
    struct buf in = BUF_INIT(OF_MSG_MAX), out = BUF_INIT(OF_MSG_MAX);
    struct of_msg msg = parse(&in, packet_in_hex), resume;
    expect_print(&in, "packet_in2 (xid=0x0) table=0 reason=1 cookie=0x77 length=118/118 userdata=3 continuation=76 "
                      "metadata=0x6,in_port=1,reg0=0x5");
    struct of_packet_in pin, again;
    assert_null(of_packet_in_decode(&msg, &pin));
    assert_memory_equal(pin.userdata.s, "\1\2\3", 3);

    /* The answer: ovs-ofctl's differs only in how it writes registers. */
    assert_true(of_put_resume(&out, 9, &pin, pin.packet, &pin.metadata));
    assert_null(of_msg_parse(out.data, out.size, &resume));
    assert_int_equal(resume.kind, OF_NX_RESUME);
    assert_null(of_packet_in_decode(&resume, &again));
    assert_true(str_eq(pin.packet, again.packet) && str_eq(pin.continuation, again.continuation));
    assert_true(of_match_eq(&pin.metadata, &again.metadata) && pin.cookie == again.cookie);
    of_packet_in_fini(&again);
    of_packet_in_fini(&pin);
    buf_clear(&out);

    struct of_match metadata = {0};
    of_match_set_u64(&metadata, OFF_IN_PORT, OF_PORT_CONTROLLER);
    struct buf actions = BUF_INIT(100);
    of_act_resubmit(&actions, 8);
    const struct of_packet_out po = {&metadata, actions.data, actions.size, str_from("abcdefgh")};
    assert_true(of_put_packet_out(&out, 6, &po));
    expect_msg(&out, "060d003800000006ffffffff001000000001000c80000004fffffffd00000000ffff001000002320000efff8080000006162636465666768",
               "packet_out (xid=0x6) length=8 in_port=controller actions=resubmit(,8)");
    of_match_fini(&metadata);
    buf_fini(&actions);
    buf_fini(&in);
    buf_fini(&out);
}

TEST(every_truncation_is_refused_within_bounds)
{
    struct buf whole = BUF_INIT(OF_MSG_MAX);
    put_hex_bytes(&whole, packet_in_hex);
    for (size_t n = 0; n < whole.size; n++) {
        uint8_t *copy = xmemdup(whole.data, MAX(n, 4));
        struct buf text = BUF_INIT(10000);
        put_be16(copy + 2, (uint16_t) n);
        of_msg_print(copy, n, &text);
        buf_fini(&text);
        free(copy);
    }
    buf_fini(&whole);
}

TEST_MAIN(T(small_messages), T(hello_versions), T(frames), T(flow_mods),
          T(what_does_not_fit_in_a_message_is_not_sent),
          T(flow_descriptions), T(flow_descriptions_go_on_behind_a_bad_one), T(groups), T(meters),
          T(ports_and_tlv_table),
          T(packets), T(every_truncation_is_refused_within_bounds))
