/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_actions.h"

#include "tests/unit/openflow/of_test.h"

/* Checks the bytes of 'acts' against those Open vSwitch 3.1 was seen to report for the same action
 * (dump-flows), and their text.  Empties 'acts'. */
static void
expect(struct buf *acts, const char *hex, const char *text)
{
    struct buf printed = BUF_INIT(10000);
    expect_hex(acts, hex);
    of_actions_print(acts->data, acts->size, &printed);
    assert_string_equal(buf_text(&printed), text);
    struct err *e = of_actions_check(acts->data, acts->size);
    assert_null(e);
    buf_fini(&printed);
    buf_clear(acts);
}

static struct of_subfield
sf(enum of_field_id id, uint16_t ofs, uint16_t n_bits)
{
    return (struct of_subfield) {id, ofs, n_bits};
}

static be32
v4(const char *text)
{
    be32 addr;
    assert_true(ip4_parse(str_from(text), &addr));
    return addr;
}

static struct in6_addr
v6(const char *text)
{
    struct in6_addr addr;
    assert_true(ip6_parse(str_from(text), &addr));
    return addr;
}

TEST(outputs)
{
    struct buf a = BUF_INIT(OF_ACTIONS_MAX);
    of_act_output(&a, 2);
    expect(&a, "00000010000000020000000000000000", "output:2");
    of_act_output(&a, OF_PORT_IN_PORT);
    expect(&a, "00000010fffffff80000000000000000", "in_port");
    of_act_output(&a, OF_PORT_CONTROLLER);
    expect(&a, "00000010fffffffdffff000000000000", "controller:65535");
    of_act_output_reg(&a, sf(OFF_REG(15), 0, 16));
    expect(&a, "ffff001800002320000f000f00011e04ffff000000000000", "output:reg15[0..15]");
    of_act_output_reg(&a, sf(OFF_METADATA, 0, 16));
    expect(&a, "ffff001800002320000f000f80000408ffff000000000000", "output:metadata[0..15]");
    of_act_output_trunc(&a, 2, 100);
    expect(&a, "ffff0010000023200027000200000064", "output(port=2,max_len=100)");
    buf_fini(&a);
}

TEST(controllers)
{
    struct buf a = BUF_INIT(OF_ACTIONS_MAX);
    of_act_controller(&a, &(struct of_controller) {.max_len = OF_MAX_LEN, .reason = OF_REASON_ACTION});
    expect(&a, "00000010fffffffdffff000000000000", "controller:65535");
    of_act_controller(&a, &(struct of_controller) {.max_len = 100, .controller_id = 5});
    expect(&a, "ffff0010000023200014006400050000", "controller(reason=no_match,max_len=100,id=5)");
    of_act_controller(&a, &(struct of_controller) {.max_len = OF_MAX_LEN, .reason = OF_REASON_ACTION,
                                                   .pause = true,
                                                   .userdata = "\1\2\3\4\5", .userdata_size = 5});
    expect(&a, "ffff0028000023200025000000000000000300090102030405000000000000000004000400000000",
           "controller(userdata=01.02.03.04.05,pause)");
    of_act_controller(&a, &(struct of_controller) {.max_len = OF_MAX_LEN, .reason = OF_REASON_ACTION,
                                                   .meter_id = 7,
                                                   .userdata = "\0\0\0\6", .userdata_size = 4});
    expect(&a, "ffff002000002320002500000000000000030008000000060005000800000007",
           "controller(userdata=00.00.00.06,meter_id=7)");
    of_act_controller(&a, &(struct of_controller) {.max_len = 100, .reason = OF_REASON_ACTION,
                                                   .pause = true});
    expect(&a, "ffff002000002320002500000000000000000008006400000004000400000000",
           "controller(max_len=100,pause)");
    of_act_controller(&a, &(struct of_controller) {.max_len = OF_MAX_LEN, .controller_id = 7, .pause = true});
    expect(&a, "ffff0028000023200025000000000000000100080007000000020005000000000004000400000000",
           "controller(id=7,reason=no_match,pause)");
    buf_fini(&a);
}

TEST(fields_are_set_as_the_switch_reports_it)
{
    struct buf a = BUF_INIT(OF_ACTIONS_MAX);
    of_act_set_u64(&a, OFF_REG0, 1);
    expect(&a, "00190010000100040000000100000000", "set_field:0x1->reg0");
    of_act_load_u64(&a, sf(OFF_REG0, 3, 3), 0xf9);
    expect(&a, "00190010000101080000000800000038", "set_field:0x8/0x38->reg0");
    of_act_load_u64(&a, sf(OFF_METADATA, 0, 24), 1);
    expect(&a, "001900188000051000000000000000010000000000ffffff", "set_field:0x1/0xffffff->metadata");
    of_act_load_u64(&a, sf(OFF_XXREG0, 96, 32), 1);
    expect(&a, "001900280001df2000000001000000000000000000000000ffffffff000000000000000000000000",
           "set_field:0x1000000000000000000000000/0xffffffff000000000000000000000000->xxreg0");
    of_act_set_u64(&a, OFF_XREG(1), 10);
    expect(&a, "0019001080010208000000000000000a", "set_field:0xa->xreg1");
    of_act_set_u64(&a, OFF_TUN_METADATA0, 0x12345);
    expect(&a, "00190010000150030123450000000000", "set_field:0x12345->tun_metadata0");
    of_act_load_u64(&a, sf(OFF_TUN_METADATA0, 0, 16), 5);
    expect(&a, "00190010000151040005ffff00000000", "set_field:0x5/0xffff->tun_metadata0");
    of_act_set_u64(&a, OFF_IP_TTL, 1);
    expect(&a, "0019001000013a010100000000000000", "set_field:1->nw_ttl");
    of_act_set_u64(&a, OFF_ETH_SRC, 0x0a0000000001);
    expect(&a, "00190010800008060a00000000010000", "set_field:0a:00:00:00:00:01->eth_src");
    of_act_set_u64(&a, OFF_IN_PORT16, 0);
    expect(&a, "00190010000000020000000000000000", "set_field:0->in_port");
    struct in6_addr target = v6("fd00::1");
    struct of_value value = of_value_ip6(&target);
    of_act_set_field(&a, OFF_ND_TARGET, &value, NULL);
    expect(&a, "0019001880003e10fd000000000000000000000000000001", "set_field:fd00::1->nd_target");
    buf_fini(&a);
}

TEST(moves_and_stack)
{
    struct buf a = BUF_INIT(OF_ACTIONS_MAX);
    of_act_move(&a, sf(OFF_REG(14), 0, 15), sf(OFF_TUN_METADATA0, 16, 15));
    expect(&a, "001c0018000f00000010000000011c040001500400000000",
           "move:reg14[0..14]->tun_metadata0[16..30]");
    of_act_move(&a, of_subfield_whole(OFF_ETH_SRC), of_subfield_whole(OFF_ETH_DST));
    expect(&a, "001c00180030000000000000800008068000060600000000", "move:eth_src[]->eth_dst[]");
    of_act_push(&a, of_subfield_whole(OFF_REG0));
    expect(&a, "ffff001800002320001b0000000100040020000000000000", "push:reg0[]");
    of_act_push(&a, of_subfield_whole(OFF_ETH_SRC));
    expect(&a, "ffff001800002320001b0000000004060030000000000000", "push:eth_src[]");
    of_act_pop(&a, of_subfield_whole(OFF_IN_PORT16));
    expect(&a, "ffff001800002320001c0000000000020010000000000000", "pop:in_port[]");
    of_act_push(&a, of_subfield_whole(OFF_XXREG0));
    expect(&a, "ffff001800002320001b00000001de100080000000000000", "push:xxreg0[]");
    of_act_delete_field(&a, OFF_TUN_METADATA0);
    expect(&a, "ffff00180000232000320001500400000000000000000000", "delete_field:tun_metadata0");
    buf_fini(&a);
}

TEST(simple_actions)
{
    struct buf a = BUF_INIT(OF_ACTIONS_MAX);
    expect(&a, "", "drop");
    of_act_resubmit(&a, 8);
    expect(&a, "ffff001000002320000efff808000000", "resubmit(,8)");
    of_act_resubmit_port(&a, 1, 9, false);
    expect(&a, "ffff001000002320000e000109000000", "resubmit(1,9)");
    of_act_group(&a, 5);
    expect(&a, "0016000800000005", "group:5");
    of_act_meter(&a, 3);
    expect(&a, "001d000800000003", "meter:3");
    of_act_set_queue(&a, 4);
    expect(&a, "0015000800000004", "set_queue:4");
    of_act_pop_queue(&a);
    expect(&a, "ffff0010000023200005000000000000", "pop_queue");
    of_act_dec_ttl(&a);
    expect(&a, "0018000800000000", "dec_ttl");
    of_act_push_vlan(&a, 0x8100);
    expect(&a, "0011000881000000", "push_vlan:0x8100");
    of_act_pop_vlan(&a);
    expect(&a, "0012000800000000", "pop_vlan");
    of_act_conjunction(&a, 5, 0, 2);
    expect(&a, "ffff0010000023200022000200000005", "conjunction(5,1/2)");
    of_act_check_pkt_larger(&a, 1500, sf(OFF_REG0, 0, 1));
    expect(&a, "ffff001800002320003105dc000000010004000000000000", "check_pkt_larger(1500)->reg0[0]");
    of_act_note(&a, "\1\2\3", 3);
    expect(&a, "ffff0010000023200008010203000000", "note:01.02.03.00.00.00");
    of_act_exit(&a);
    expect(&a, "ffff0010000023200011000000000000", "exit");
    of_act_sample(&a, &(struct of_sample) {100, 1, 2, 3});
    expect(&a, "ffff001800002320001d0064000000010000000200000003",
           "sample(probability=100,collector_set_id=1,obs_domain_id=2,obs_point_id=3)");
    buf_fini(&a);
}

TEST(conntrack)
{
    struct buf a = BUF_INIT(OF_ACTIONS_MAX);
    of_act_ct_clear(&a);
    expect(&a, "ffff001000002320002b000000000000", "ct_clear");
    size_t ct = of_act_ct_begin(&a, &(struct of_ct) {.recirc_table = 10});
    of_act_end(&a, ct);
    expect(&a, "ffff001800002320002300000000000000000a0000000000", "ct(table=10)");
    ct = of_act_ct_begin(&a, &(struct of_ct) {.flags = OF_CT_COMMIT, .recirc_table = OF_CT_NO_RECIRC,
                                              .zone_is_field = true,
                                              .zone_src = sf(OFF_REG(13), 0, 16)});
    of_act_nat(&a, &(struct of_nat) {.flags = OF_NAT_SRC, .family = 4, .v4_min = v4("10.0.0.1")});
    of_act_end(&a, ct);
    expect(&a, "ffff0030000023200023000100011a04000fff0000000000ffff00180000232000240000000100010a00000100000000",
           "ct(commit,zone=reg13[0..15],nat(src=10.0.0.1))");
    ct = of_act_ct_begin(&a, &(struct of_ct) {.flags = OF_CT_COMMIT | OF_CT_FORCE, .recirc_table = 3,
                                              .zone = 1});
    of_act_nat(&a, &(struct of_nat) {.flags = OF_NAT_DST | OF_NAT_RANDOM | OF_NAT_PERSISTENT, .family = 4,
                                     .v4_min = v4("10.0.0.1"), .v4_max = v4("10.0.0.9"), .port_min = 80,
                                     .port_max = 90});
    of_act_end(&a, ct);
    expect(&a, "ffff00380000232000230003000000000001030000000000ffff00200000232000240000001600330a0000010a0000090050005a00000000",
           "ct(commit,force,table=3,zone=1,nat(dst=10.0.0.1-10.0.0.9:80-90,persistent,random))");
    ct = of_act_ct_begin(&a, &(struct of_ct) {.flags = OF_CT_COMMIT, .recirc_table = OF_CT_NO_RECIRC});
    of_act_nat(&a, &(struct of_nat) {.flags = OF_NAT_SRC, .family = 6, .v6_min = v6("fd00::1"),
                                     .v6_max = v6("fd00::5"),
                                     .port_min = 5});
    of_act_end(&a, ct);
    expect(&a, "ffff00500000232000230001000000000000ff0000000000ffff003800002320002400000001001cfd000000000000000000000000000001"
               "fd0000000000000000000000000000050005000000000000",
           "ct(commit,nat(src=[fd00::1]-[fd00::5]:5))");
    ct = of_act_ct_begin(&a, &(struct of_ct) {.recirc_table = 4, .zone = 3});
    of_act_nat(&a, &(struct of_nat) {0});
    of_act_end(&a, ct);
    expect(&a, "ffff00280000232000230000000000000003040000000000ffff0010000023200024000000000000",
           "ct(table=4,zone=3,nat)");
    ct = of_act_ct_begin(&a, &(struct of_ct) {.flags = OF_CT_COMMIT, .recirc_table = OF_CT_NO_RECIRC,
                                              .zone = 1});
    of_act_set_u64(&a, OFF_CT_MARK, 1);
    of_act_load_u64(&a, sf(OFF_CT_LABEL, 0, 8), 2);
    of_act_end(&a, ct);
    expect(&a, "ffff00500000232000230001000000000001ff0000000000001900100001d6040000000100000000001900280001d920000000000000000000"
               "00000000000002000000000000000000000000000000ff",
           "ct(commit,zone=1,exec(set_field:0x1->ct_mark,set_field:0x2/0xff->ct_label))");
    ct = of_act_ct_begin(&a, &(struct of_ct) {.flags = OF_CT_COMMIT, .recirc_table = OF_CT_NO_RECIRC,
                                              .alg = 21});
    of_act_end(&a, ct);
    expect(&a, "ffff00180000232000230001000000000000ff0000000015", "ct(commit,alg=ftp)");
    buf_fini(&a);
}

TEST(clones_nest)
{
    struct buf a = BUF_INIT(OF_ACTIONS_MAX);
    size_t outer = of_act_clone_begin(&a);
    of_act_set_u64(&a, OFF_REG0, 1);
    of_act_resubmit(&a, 8);
    of_act_end(&a, outer);
    expect(&a, "ffff003000002320002a00000000000000190010000100040000000100000000ffff001000002320000efff808000000",
           "clone(set_field:0x1->reg0,resubmit(,8))");

    /* Deeper than the printer goes: refused, not crashed. */
    size_t starts[100];
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        starts[i] = of_act_clone_begin(&a);
    }
    for (size_t i = ARRAY_SIZE(starts); i--;) {
        of_act_end(&a, starts[i]);
    }
    struct err *e = of_actions_check(a.data, a.size);
    assert_non_null(e);
    err_free(e);
    buf_fini(&a);
}

TEST(learning)
{
    struct buf a = BUF_INIT(OF_ACTIONS_MAX);
    struct of_value ip = of_value_u64(0x0800), five = of_value_u64(5);
    size_t learn = of_act_learn_begin(&a, &(struct of_learn) {.table_id = 5, .idle_timeout = 10,
                                                              .priority = 3, .cookie = 5,
                                                              .flags = OF_LEARN_SEND_FLOW_REM});
    of_learn_match_field(&a, of_subfield_whole(OFF_ETH_SRC), of_subfield_whole(OFF_ETH_DST));
    of_learn_match_value(&a, of_subfield_whole(OFF_ETH_TYPE), &ip);
    of_learn_load_field(&a, sf(OFF_REG0, 0, 16), of_subfield_whole(OFF_IN_PORT16));
    of_learn_output(&a, of_subfield_whole(OFF_IN_PORT16));
    of_act_end(&a, learn);
    /* The switch was given NXM_OF_ETH_SRC[]=NXM_OF_ETH_DST[]. */
    expect(&a, "ffff0050000023200010000a0000000300000000000000050001050000000000003000000206000000000406000020100800000006020000"
               "081000000002000000010004000010100000000200000000",
           "learn(table=5,idle_timeout=10,priority=3,send_flow_rem,cookie=0x5,eth_src[]=eth_dst[],eth_type[]=0x800,"
           "load:in_port[]->reg0[0..15],output:in_port[])");
    learn = of_act_learn_begin(&a, &(struct of_learn) {.table_id = 5, .limit = 10, .priority = 0x8000,
                                                       .flags = OF_LEARN_DELETE_LEARNED | OF_LEARN_WRITE_RESULT,
                                                       .result = sf(OFF_REG0, 3, 1)});
    of_learn_match_field(&a, of_subfield_whole(OFF_METADATA), of_subfield_whole(OFF_METADATA));
    of_learn_load_value(&a, of_subfield_whole(OFF_REG0), &five);
    of_act_end(&a, learn);
    expect(&a, "ffff004800002320002d000000008000000000000000000000060500000000000000000a0003000000010004004080000408000080000408"
               "00002820000000050001000400000000",
           "learn(table=5,limit=10,delete_learned,result_dst=reg0[3],metadata[]=metadata[],load:0x5->reg0[])");
    buf_fini(&a);
}

TEST(too_much_is_remembered_as_overflow)
{
    struct buf a = BUF_INIT(100);
    size_t clone = of_act_clone_begin(&a);
    for (int i = 0; i < 20; i++) {
        of_act_set_u64(&a, OFF_REG0, 1);
        of_act_controller(&a, &(struct of_controller) {.userdata = "abc", .userdata_size = 3});
    }
    of_act_end(&a, clone);
    assert_false(buf_is_ok(&a));
    buf_fini(&a);
}

TEST(bad_actions_end_the_list)
{
    static const char *const bad[] = {
        "00", "0016000800000005" "00160010", "0016000400000005", "00ff000800000000",
        "ffff0010000023200fff000000000000",
        "ffff00100000232000230000000000" "00", "00190010ffff00040000000100000000",
        "001c0018ffff00000000000000011c0400011e0400000000",
        "ffff0010000000000000000000000000", "ffff00180000232000250000000000000003ffff00000000",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct buf a = BUF_INIT(1000), text = BUF_INIT(1000);
        put_hex_bytes(&a, bad[i]);
        of_actions_print(a.data, a.size, &text);
        assert_non_null(strstr(buf_text(&text), "***bad action***"));
        struct err *e = of_actions_check(a.data, a.size);
        assert_non_null(e);
        err_free(e);
        buf_fini(&a);
        buf_fini(&text);
    }
}

TEST_MAIN(T(outputs), T(controllers), T(fields_are_set_as_the_switch_reports_it), T(moves_and_stack),
          T(simple_actions),
          T(conntrack), T(clones_nest), T(learning), T(too_much_is_remembered_as_overflow),
          T(bad_actions_end_the_list))
