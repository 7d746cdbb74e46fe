/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>

#include "tests/unit/logical/logical_test.h"

/* What builders build prints as ovn-northd would write it; what is wrong is refused with a reason. */

static struct arena *arena;

static void
expect_expr(const struct expr *x, const char *want)
{
    char *have = expr_to_text(x);
    assert_string_equal(have, want);
    free(have);
}

static void
expect_act(const struct act *act, const char *want)
{
    char *have = act_to_text(act);
    assert_string_equal(have, want);
    free(have);
}

static struct ip_addr
ip(const char *text)
{
    struct ip_addr addr;
    assert_true(ip_addr_parse(str_from(text), &addr));
    return addr;
}

static struct ip_prefix
prefix(const char *text)
{
    struct ip_prefix p;
    assert_true(ip_prefix_parse(str_from(text), &p));
    return p;
}

static const struct eth_addr mac = {{0, 0, 0, 0, 0, 1}};

TEST(matches)
{
    arena = arena_new();
    struct ip_prefix net = prefix("10.0.0.1/24"), net6 = prefix("fd00::/64"), all = prefix("0.0.0.0/0");
    const struct expr *port = expr_eq_str(arena, F_INPORT, "lp1"), *nothing = NULL;
    expect_expr(expr_and(arena, port, expr_eq_mac(arena, F_ETH_SRC, mac)), "inport == \"lp1\" && eth.src == 00:00:00:00:00:01");
    expect_expr(expr_and(arena, nothing, port, nothing), "inport == \"lp1\"");
    expect_expr(expr_and(arena, nothing, nothing), "1");
    expect_expr(expr_or(arena, nothing, nothing), "0");
    expect_expr(expr_or(arena, port, expr_true()), "1");
    expect_expr(expr_and(arena, expr_and(arena, port, port), expr_or(arena, port, port)),
                "inport == \"lp1\" && inport == \"lp1\" && (inport == \"lp1\" || inport == \"lp1\")");
    expect_expr(expr_in_prefix(arena, F_IP4_DST, &net), "ip4.dst == 10.0.0.0/24");
    expect_expr(expr_in_prefix(arena, F_IP4_DST, &all), "ip4.dst == 0.0.0.0/0");
    expect_expr(expr_in_prefix(arena, F_IP6_DST, &net6), "ip6.dst == fd00::/64");
    expect_expr(expr_and(arena, expr_has_not(arena, F_CT_NEW), expr_has(arena, F_BIT(F_REG0, 7)), expr_eq_u64(arena, F_ARP_OP, 1)),
                "!ct.new && reg0[7] && arp.op == 1");
    expect_expr(expr_not(arena, expr_not(arena, port)), "inport == \"lp1\"");
    expect_expr(expr_not(arena, expr_eq_u64(arena, F_BITS(F_REG9, 16, 31), 5)), "!(reg9[16..31] == 5)");
    expect_expr(expr_eq_hex(arena, F_ETH_TYPE, 0x800), "eth.type == 0x800");
    expect_expr(expr_chassis_resident(arena, "cr-lrp"), "is_chassis_resident(\"cr-lrp\")");
    expect_expr(expr_in_address_set(arena, F_IP4_SRC, "as"), "ip4.src == $as");
    expect_expr(expr_in_port_group(arena, F_OUTPORT, "pg"), "outport == @pg");
    struct lconst ttl[] = {lconst_int(0), lconst_int(1)};
    expect_expr(expr_in_set(arena, F_IP_TTL, ttl, 2), "ip.ttl == {0, 1}");
    expect_expr(expr_in_set(arena, F_IP_TTL, ttl, 1), "ip.ttl == 0");
    expect_expr(expr_cmp(arena, F_TCP_DST, REL_GE, lconst_int(1024)), "tcp.dst >= 1024");
    arena_free(arena);
}

TEST(texts_of_users_stay_as_they_are)
{
    arena = arena_new();
    const struct expr *user, *flag = expr_eq_u64(arena, F_BIT(F_REG0, 7), 1);
    assert_null(expr_text(arena, str_from("  ip4.src==10.0.0.1||tcp "), &user));
    expect_expr(user, "ip4.src==10.0.0.1||tcp");
    expect_expr(expr_and(arena, flag, user), "reg0[7] == 1 && (ip4.src==10.0.0.1||tcp)");
    expect_expr(expr_not(arena, user), "!(ip4.src==10.0.0.1||tcp)");
    assert_null(expr_text(arena, str_from("ip4 // comment"), &user));
    expect_expr(expr_and(arena, flag, user), "reg0[7] == 1 && ip4");
    assert_null(expr_text(arena, str_from("1"), &user));
    expect_expr(expr_and(arena, flag, user), "reg0[7] == 1");
    arena_free(arena);
}

TEST(actions)
{
    arena = arena_new();
    struct ip_addr v4 = ip("10.0.0.1"), v6 = ip("fd00::1");
    expect_act(NULL, "drop;");
    expect_act(act_drop(), "drop;");
    expect_act(act_seq(arena, act_set_str(arena, F_OUTPORT, "lp1"), NULL, act_output()), "outport = \"lp1\"; output;");
    expect_act(act_seq(arena, act_dec_ttl(), act_set_u64(arena, F_BITS(F_REG8, 0, 15), 0), act_set_ip(arena, F_REG0, &v4),
                       act_set_mac(arena, F_ETH_SRC, mac), act_set_u64(arena, F_FLAGS_LOOPBACK, 1), act_next()),
               "ip.ttl--; reg8[0..15] = 0; reg0 = 10.0.0.1; eth.src = 00:00:00:00:00:01; flags.loopback = 1; next;");
    expect_act(act_next_to(arena, true, 7), "next(pipeline=ingress, table=7);");
    expect_act(act_block(arena, ACT_CLONE, act_seq(arena, act_exchange(arena, F_ETH_SRC, F_ETH_DST), act_output())),
               "clone { eth.src <-> eth.dst; output; };");
    expect_act(act_call(arena, ACT_PUT_ARP, F_NONE, F_INPORT, F_ARP_SPA, F_ARP_SHA), "put_arp(inport, arp.spa, arp.sha);");
    expect_act(act_call(arena, ACT_LOOKUP_ND, F_BIT(F_REG9, 2), F_INPORT, F_IP6_SRC, F_ND_SLL),
               "reg9[2] = lookup_nd(inport, ip6.src, nd.sll);");
    expect_act(act_call(arena, ACT_GET_FDB, F_OUTPORT, F_ETH_DST), "outport = get_fdb(eth.dst);");
    expect_act(act_result(arena, ACT_CHECK_IN_PORT_SEC, F_BIT(F_REG0, 15)), "reg0[15] = check_in_port_sec();");
    expect_act(act_call_u64(arena, ACT_CHECK_PKT_LARGER, F_BIT(F_REG9, 1), 1514), "reg9[1] = check_pkt_larger(1514);");
    expect_act(act_ct_nat(arena, ACT_CT_SNAT, &v4, 1, 3000), "ct_snat(10.0.0.1,1-3000);");
    expect_act(act_ct_nat(arena, ACT_CT_DNAT_IN_CZONE, &v6, 0, 0), "ct_dnat_in_czone(fd00::1);");
    expect_act(act_bare(ACT_CT_SNAT), "ct_snat;");
    expect_act(act_zone(arena, ACT_CT_NEXT, "snat"), "ct_next(snat);");
    expect_act(act_ct_lb(arena, ACT_CT_LB_MARK, (struct lb_backend[]) {{v4, 80}, {v6, 81}}, 2, "ip_src", LB_FORCE_SNAT),
               "ct_lb_mark(backends=10.0.0.1:80,[fd00::1]:81; hash_fields=\"ip_src\"; force_snat);");
    expect_act(act_select(arena, F_BITS(F_REG8, 16, 31), (struct select_choice[]) {{1, 100}, {2, 50}}, 2),
               "reg8[16..31] = select(1, 2=50);");
    struct act_arg log[] = {act_arg_str(arena, "name", "a"), act_arg_word(arena, "severity", "info")};
    expect_act(act_call_args(arena, ACT_LOG, F_NONE, log, 2), "log(name=\"a\", severity=info);");
    struct act_arg dhcp[] = {act_arg_value(arena, "offerip", lconst_ip(&v4)), {.kind = ARG_WORD}};
    assert_null(act_arg_parse(arena, "dns_server", str_from("{8.8.8.8,7.7.7.7}"), &dhcp[1]));
    expect_act(act_call_args(arena, ACT_PUT_DHCP_OPTS, F_BIT(F_REG0, 3), dhcp, 2),
               "reg0[3] = put_dhcp_opts(offerip = 10.0.0.1, dns_server = {8.8.8.8, 7.7.7.7});");
    arena_free(arena);
}

static void
refuse_expr(const char *text, const char *want)
{
    const struct expr *x;
    struct err *err = expr_parse(arena, str_from(text), &x);
    assert_non_null(err);
    assert_string_equal(err_detail(err), want);
    err_free(err);
}

TEST(wrong_matches)
{
    arena = arena_new();
    refuse_expr("ip4.src == ", "Syntax error at end of input: expecting constant.");
    refuse_expr("ip4.sr == 1", "Syntax error at `ip4.sr' (column 1): expecting field name.");
    refuse_expr("ip4 && ip6 || arp", "&& and || must be parenthesized when used together (column 12).");
    refuse_expr("ip4.src == 1 2", "Syntax error at `2' (column 14): expecting end of input.");
    refuse_expr("inport != \"a\"",
                "Nominal field inport may only be tested for equality (taking enclosing `!' operators into account).");
    refuse_expr("!ip4", "Nominal predicate ip4 may only be tested positively, e.g. `ip4' or `ip4 == 1' but not `!ip4' or `ip4 == 0'.");
    refuse_expr("tcp.src", "Explicit `!= 0' is required for inequality test of multibit field against 0 (column 8).");
    refuse_expr("!tcp.src == 5", "Missing parentheses around operand of ! (column 13).");
    refuse_expr("ip4.src == fd00::1", "128-bit constant is not compatible with 32-bit field ip4.src (column 19).");
    refuse_expr("ip4.src == \"a\"", "Integer field ip4.src is not compatible with string constant (column 15).");
    refuse_expr("inport == 1", "String field inport is not compatible with integer constant (column 12).");
    refuse_expr("eth.type[0..3] == 1", "Cannot select bits of nominal field eth.type (column 10).");
    refuse_expr("reg0[32]", "Cannot select bits 32 to 32 of 32-bit field reg0 (column 9).");
    refuse_expr("inport == \"a", "Input ends inside quoted string (column 11).");
    refuse_expr("ip4 /* x", "`/*' without matching `*/' (column 5).");
    refuse_expr("ip4 # x", "Invalid character in input (column 5).");
    refuse_expr("tcp.src == 99999999999999999999", "Invalid integer constant (column 12).");
    struct buf deep = BUF_INIT(10000);
    for (int i = 0; i < 200; i++) {
        buf_putc(&deep, '(');
    }
    refuse_expr(buf_text(&deep), "Parentheses nested too deeply (column 102).");
    buf_fini(&deep);
    arena_free(arena);
}

static void
refuse_actions(const char *text, bool is_egress, const char *want)
{
    struct act_parse_params params = {.is_egress = is_egress, .table = 9, .n_tables = 10};
    const struct act *act;
    struct err *err = actions_parse(arena, str_from(text), &params, &act, NULL);
    assert_non_null(err);
    assert_string_equal(err_detail(err), want);
    err_free(err);
}

TEST(wrong_actions)
{
    arena = arena_new();
    refuse_actions("nonsense;", false, "Syntax error at `nonsense' (column 1): expecting action.");
    refuse_actions("output", false, "Syntax error at end of input: expecting `;'.");
    refuse_actions("next;", false, "\"next\" action not allowed in last table (column 5).");
    refuse_actions("next(10);", false, "\"next\" table 10 is not in the range 0 to 9 (column 8).");
    refuse_actions("next(pipeline=egress, table=10);", true, "\"next\" table 10 is not in the range 0 to 9 (column 31).");
    assert_non_null(must_parse_actions(arena, "next(pipeline=egress, table=40);"));
    refuse_actions("outport = \"a\";", true, "Field outport is not modifiable (column 9).");
    refuse_actions("ip4 = 1;", false, "Predicate symbol ip4 used where lvalue required (column 5).");
    refuse_actions("eth.type = 1;", false, "Field eth.type is not modifiable (column 10).");
    refuse_actions("reg0 = ip6.src;", false, "Can't assign 128-bit value to 32-bit destination (reg0, ip6.src) (column 15).");
    refuse_actions("get_arp(inport, ip6.src);", false, "Wrong number or type of arguments of get_arp (column 8).");
    refuse_actions("reg0 = lookup_arp(inport, arp.spa, arp.sha);", false,
                   "Action lookup_arp must store its result in a one-bit field (column 18).");
    refuse_actions("clone { output;", false, "Syntax error at end of input: expecting `}'.");
    refuse_actions("reg8 = select(1);", false, "Syntax error at `)' (column 16): expecting at least 2 group members.");
    arena_free(arena);
}

static void
expect_prereqs(const char *text, const char *want)
{
    struct act_parse_params params = {.table = 3, .n_tables = 33};
    const struct act *act;
    const struct expr *prereqs;
    assert_null(actions_parse(arena, str_from(text), &params, &act, &prereqs));
    expect_expr(prereqs, want);
}

TEST(prerequisites)
{
    arena = arena_new();
    expect_prereqs("next;", "1");
    expect_prereqs("ip.ttl--; next;", "ip");
    expect_prereqs("udp.dst = udp.src; arp.op = 2;", "udp && arp");
    expect_prereqs("clone { udp.dst = 1; };", "1");
    expect_prereqs("reg0[1] = dns_lookup();", "ip.proto == 17");
    arena_free(arena);
}

TEST_MAIN(T(matches), T(texts_of_users_stay_as_they_are), T(actions), T(wrong_matches), T(wrong_actions), T(prerequisites))
