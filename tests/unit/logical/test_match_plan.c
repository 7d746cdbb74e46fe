/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/vec.h"
#include "lib/logical/match_plan.h"
#include "tests/unit/logical/logical_test.h"

/* A world in which both the tree and its OpenFlow flows can be asked whether they match a packet. */

static const char *const ports[] = {"lp1", "lp2", "a b", "\"quo\\ted\"", "\xc3\xa9", "tab\there", "_MC_flood"};

static bool
lookup_port(void *aux UNUSED, struct str name, uint32_t *ret_key)
{
    for (uint32_t i = 0; i < ARRAY_SIZE(ports); i++) {
        if (str_is(name, ports[i])) {
            *ret_key = i + 1;
            return true;
        }
    }
    return false;
}

static bool
is_resident(void *aux UNUSED, struct str lport)
{
    return lport.n % 2;
}

static void
address_set(void *aux UNUSED, struct str name, void (*member)(void *, struct str), void *member_aux)
{
    static const char *const as1[] = {"1", "3", "10.0.0.0/8", "fd00::/16", "00:00:00:00:00:02", "0.0.0.2"};
    static const char *const as2[] = {"2", "2", "10.1.0.0/16", "::3", "0x100/0x300"};
    const char *const *members = str_is(name, "as1") ? as1 : as2;
    size_t n = str_is(name, "as1") ? ARRAY_SIZE(as1) : str_is(name, "as_2") ? ARRAY_SIZE(as2) : 0;
    for (size_t i = 0; i < n; i++) {
        member(member_aux, str_from(members[i]));
    }
}

static void
port_group(void *aux UNUSED, struct str name, void (*member)(void *, struct str), void *member_aux)
{
    if (str_is(name, "as1")) {
        member(member_aux, str_from("lp1"));
        member(member_aux, str_from("nowhere"));
        member(member_aux, str_from("a b"));
    } else if (str_is(name, "pg.3")) {
        member(member_aux, str_from("_MC_flood"));
    }
}

static const struct match_binder binder = {NULL, lookup_port, is_resident, address_set, port_group};

/* A packet: a value for each field that is not part of another. */
struct packet {
    uint32_t regs[10];
    struct u128 fields[N_SYMBOLS];
    uint32_t in, out;                                        /* port keys */
};

static struct u128
packet_field(void *packet_, enum symbol field)
{
    const struct packet *p = packet_;
    const uint32_t *r = p->regs;
    if (field >= F_REG0 && field <= F_REG9) {
        return U128(r[field - F_REG0]);
    } else if (field >= F_XREG0 && field <= F_XREG4) {
        r += 2 * (field - F_XREG0);
        return U128((uint64_t) r[0] << 32 | r[1]);
    } else if (field == F_XXREG0 || field == F_XXREG1) {
        r += 4 * (field - F_XXREG0);
        return (struct u128) {(uint64_t) r[0] << 32 | r[1], (uint64_t) r[2] << 32 | r[3]};
    } else if (field >= F_RARP_OP && field <= F_RARP_THA) {
        field = F_ARP_OP + (field - F_RARP_OP);
    }
    return p->fields[field];
}

static struct str
packet_port(void *packet_, enum symbol field)
{
    const struct packet *p = packet_;
    return str_from(ports[(field == F_INPORT ? p->in : p->out) - 1]);
}

struct membership {
    unsigned int width;
    struct u128 value;
    struct str port;
    bool found;
};

static void
check_member(void *m_, struct str text)
{
    struct membership *m = m_;
    struct lconst c;
    m->found |= str_eq(text, m->port);
    if (m->port.s || !lconst_parse(text, &c)) {
        return;
    }
    unsigned int width = c.form == LC_IP4 ? 32 : c.form == LC_IP6 ? 128 : c.form == LC_MAC ? 48 : 0;
    struct u128 mask = c.masked ? c.mask : u128_ones(128);
    if (width ? width == m->width : MAX(u128_width(c.value), c.masked ? u128_width(c.mask) : 0) <= m->width) {
        m->found |= u128_is_zero(u128_and(u128_xor(m->value, c.value), u128_and(mask, u128_ones(m->width))));
    }
}

static bool
in_address_set(void *aux UNUSED, struct str name, struct u128 value, unsigned int width)
{
    struct membership m = {.width = width, .value = value};
    address_set(NULL, name, check_member, &m);
    return m.found;
}

static bool
in_port_group(void *aux UNUSED, struct str name, struct str port)
{
    struct membership m = {.port = port};
    port_group(NULL, name, check_member, &m);
    return m.found;
}

/* Mostly small values, and types that make sense, so that matches are often true. */
static void
random_packet(struct rng *rng, struct packet *p)
{
    static const uint16_t types[] = {0x800, 0x86dd, 0x806, 0x8035, 0x800, 0x86dd};
    static const uint8_t protos[] = {1, 2, 6, 17, 58, 132, 6, 58};
    static const uint8_t icmp6_types[] = {133, 134, 135, 136, 130, 143, 128, 1};
    memset(p, 0, sizeof *p);
    for (enum symbol s = 1; s < N_SYMBOLS; s++) {
        struct u128 x = {rng_next(rng), rng_next(rng)};
        p->fields[s] = u128_and(rng_one_in(rng, 4) ? x : U128(rng_below(rng, 4)), u128_ones(symbol_info(s)->width));
    }
    for (int i = 0; i < 10; i++) {
        p->regs[i] = rng_one_in(rng, 3) ? (uint32_t) rng_next(rng) : rng_below(rng, 4);
    }
    p->fields[F_ETH_TYPE] = U128(types[rng_below(rng, ARRAY_SIZE(types))]);
    p->fields[F_IP_PROTO] = U128(protos[rng_below(rng, ARRAY_SIZE(protos))]);
    if (p->fields[F_IP_PROTO].lo == 58) {
        p->fields[F_ICMP6_TYPE] = U128(icmp6_types[rng_below(rng, ARRAY_SIZE(icmp6_types))]);
        p->fields[F_ICMP6_CODE] = U128(rng_below(rng, 2));
        p->fields[F_IP_TTL] = U128(rng_one_in(rng, 3) ? 1 : 255);
    }
    if (rng_one_in(rng, 4)) {
        p->fields[F_ETH_DST] = U128(0xffffffffffffULL);
    }
    if (!(p->fields[F_VLAN_TCI].lo & OF_VLAN_PRESENT)) {
        p->fields[F_VLAN_TCI] = U128(0);                     /* no tag, no bits */
    }
    p->fields[F_CT_STATE].lo |= rng_one_in(rng, 3) ? 0 : 0x20;
    p->in = 1 + rng_below(rng, ARRAY_SIZE(ports));
    p->out = 1 + rng_below(rng, ARRAY_SIZE(ports));
}

/* The value of an OpenFlow field of 'p'. */
static struct u128
of_field_value(const struct packet *p, enum of_field_id id)
{
    uint64_t tci = p->fields[F_VLAN_TCI].lo;
    if (id >= OFF_REG0 && id < OFF_REG0 + 10) {
        return U128(p->regs[id - OFF_REG0]);
    } else if (id == OFF_REG(14) || id == OFF_REG(15)) {
        return U128(id == OFF_REG(14) ? p->in : p->out);
    } else if (id == OFF_VLAN_VID) {
        return U128(tci & 0x1fff);
    } else if (id == OFF_VLAN_PCP) {
        return U128(tci >> 13);
    }
    for (enum symbol s = 1; s < N_SYMBOLS; s++) {
        const struct symbol_info *info = symbol_info(s);
        if (info->kind <= SYM_NOMINAL && logical_field(s) == id) {
            return p->fields[s];
        }
    }
    fail_msg("unexpected field %s", of_field(id)->name);
    return U128(0);
}

/* Whether 'match' is true of 'p'; conj_id is for the caller to judge. */
static bool
matches(const struct of_match *match, const struct packet *p)
{
    bool all = true;
    OF_MATCH_FOR_EACH (entry, match) {
        if (entry->field->id != OFF_CONJ_ID) {
            struct u128 value = u128_from_be(entry->value.b, 16), mask = u128_from_be(entry->mask.b, 16);
            all &= u128_is_zero(u128_and(u128_xor(of_field_value(p, entry->field->id), value), mask));
        }
    }
    return all;
}

VEC_DEFINE(bound_vec, struct bound_match);

static void
keep(void *bounds_, struct bound_match *bound)
{
    struct bound_vec *bounds = bounds_;
    assert_null(of_match_missing_prereq(&bound->match));
    vec_push(bounds, *bound);
    of_match_init(&bound->match);
}

static void
free_bounds(struct bound_vec *bounds)
{
    for (size_t i = 0; i < bounds->n; i++) {
        of_match_fini(&bounds->d[i].match);
    }
    vec_fini(bounds);
}

/* Whether some clause 'clause' of conjunction 'id' matches 'p'. */
static bool
clause_matches(const struct bound_vec *bounds, uint32_t id, unsigned int clause, const struct packet *p)
{
    for (size_t i = 0; i < bounds->n; i++) {
        const struct bound_match *b = &bounds->d[i];
        if (b->kind == BOUND_CLAUSE && b->conj_id == id && b->clause == clause && matches(&b->match, p)) {
            return true;
        }
    }
    return false;
}

static unsigned int
n_clauses(const struct bound_vec *bounds, uint32_t id)
{
    for (size_t i = 0; i < bounds->n; i++) {
        if (bounds->d[i].kind == BOUND_CLAUSE && bounds->d[i].conj_id == id) {
            return bounds->d[i].n_clauses;
        }
    }
    return 1;                                                /* which then never matches */
}

static bool
bounds_match(const struct bound_vec *bounds, const struct packet *p)
{
    for (size_t i = 0; i < bounds->n; i++) {
        const struct bound_match *b = &bounds->d[i];
        if (b->kind == BOUND_CLAUSE || !matches(&b->match, p)) {
            continue;
        }
        bool all = true;
        for (unsigned int c = 0; b->kind == BOUND_CONJUNCTION && c < n_clauses(bounds, b->conj_id); c++) {
            all &= clause_matches(bounds, b->conj_id, c, p);
        }
        if (all) {
            return true;
        }
    }
    return false;
}

static struct match_plan *
must_plan(const struct expr *x)
{
    struct match_plan *plan = NULL;
    struct err *err = match_plan_new(x, &plan);
    if (err) {
        fail_msg("%s", err_detail(err));
    }
    return plan;
}

struct tally {
    unsigned int n_expr, n_refused, n_true, n_conjunctions;
};

/* Compares tree and flows on random packets. */
static void
check_truth(const struct expr *x, struct rng *rng, struct tally *tally)
{
    struct match_plan *plan;
    struct err *err = match_plan_new(x, &plan);
    tally->n_expr++;
    if (err) {
        tally->n_refused++;
        err_free(err);
        return;
    }
    struct bound_vec bounds = {0};
    match_plan_bind(plan, &binder, 100, keep, &bounds);
    for (size_t i = 0; i < bounds.n; i++) {
        tally->n_conjunctions += bounds.d[i].kind == BOUND_CONJUNCTION;
        assert_true(bounds.d[i].kind == BOUND_PLAIN
                    || (bounds.d[i].conj_id >= 100 && bounds.d[i].conj_id < 100 + match_plan_n_conj_ids(plan)));
    }
    for (int i = 0; i < 40; i++) {
        struct packet p;
        random_packet(rng, &p);
        struct expr_env env = {&p, packet_field, packet_port, in_address_set, in_port_group, is_resident};
        bool want = expr_evaluate(x, &env);
        if (want != bounds_match(&bounds, &p)) {
            char *text = expr_to_text(x);
            fail_msg("%s: the tree says %d", text, want);
        }
        tally->n_true += want;
    }
    free_bounds(&bounds);
    match_plan_free(plan);
}

TEST(flows_mean_what_trees_mean)
{
    struct rng rng = {test_seed()};
    struct arena *arena = arena_new();
    struct tally tally = {0};
    for (int i = 0; i < 4000; i++) {
        const struct expr *x = random_expr(arena, &rng, rng_below(&rng, 4));
        check_truth(x, &rng, &tally);
        /* The same turned around, where that is allowed. */
        char *text = expr_to_text(expr_not(arena, x));
        const struct expr *not;
        struct err *err = expr_parse(arena, str_from(text), &not);
        if (!err) {
            check_truth(not, &rng, &tally);
        }
        err_free(err);
        free(text);
        arena_reset(arena);
    }
    printf("%u matches, %u refused, %u conjunctions, true %u times\n", tally.n_expr, tally.n_refused, tally.n_conjunctions,
           tally.n_true);
    assert_true(tally.n_true > 1000 && tally.n_conjunctions > 50 && tally.n_refused < tally.n_expr / 10);
    arena_free(arena);
}

struct lines {
    struct arena *arena;
    struct rng rng;
    struct tally tally;
};

static void
check_line(const struct flow_line *line, void *lines_)
{
    struct lines *lines = lines_;
    const struct expr *x;
    struct err *err = expr_parse(lines->arena, line->match, &x);
    assert_null(err);
    check_truth(x, &lines->rng, &lines->tally);
    arena_reset(lines->arena);
}

TEST(flows_of_ovn_northd)
{
    struct lines lines = {.arena = arena_new(), .rng = {test_seed()}};
    flows_for_each(check_line, &lines);
    assert_int_equal(lines.tally.n_refused, 0);
    arena_free(lines.arena);
}

/* The flows of 'text', one a line, as the switch would print them. */
static char *
flows_text(const char *text)
{
    struct arena *arena = arena_new();
    struct match_plan *plan = must_plan(must_parse_expr(arena, text));
    struct bound_vec bounds = {0};
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    match_plan_bind(plan, &binder, 7, keep, &bounds);
    for (size_t i = 0; i < bounds.n; i++) {
        const struct bound_match *b = &bounds.d[i];
        of_match_print(&b->match, &out);
        if (b->kind == BOUND_CLAUSE) {
            buf_printf(&out, " conjunction(%u,%u/%u)", b->conj_id, b->clause + 1u, b->n_clauses);
        }
        buf_putc(&out, '\n');
    }
    free_bounds(&bounds);
    match_plan_free(plan);
    arena_free(arena);
    return buf_take_text(&out);
}

static void
expect_flows(const char *text, const char *want)
{
    char *have = flows_text(text);
    assert_string_equal(have, want);
    free(have);
}

TEST(known_flows)
{
    expect_flows("ip4.src == 10.0.0.0/8 && tcp.dst == 80", "tcp,ip_src=10.0.0.0/8,tcp_dst=80\n");
    expect_flows("inport == \"lp2\" && arp.op == 1", "arp,reg14=0x2,arp_op=1\n");
    expect_flows("inport == \"nowhere\"", "");
    expect_flows("outport == \"none\"", "reg15=0x0\n");
    expect_flows("ip4.mcast", "ip,eth_dst=01:00:00:00:00:00/01:00:00:00:00:00,ip_dst=224.0.0.0/4\n");
    expect_flows("ip4 && ip6", "");
    expect_flows("1", "\n");
    expect_flows("0", "");
    expect_flows("ip4.dst == 0.0.0.0/0", "ip\n");
    expect_flows("ct.new && !ct.est", "ct_state=+new-est+trk\n");
    expect_flows("reg0[0] && reg9 == 5 && flags.loopback", "reg0=0x1/0x1,reg9=0x5,reg10=0x1/0x1\n");
    expect_flows("is_chassis_resident(\"lp1\") && ip4", "ip\n");
    expect_flows("is_chassis_resident(\"lport\") && !is_chassis_resident(\"lport\")", "");
    expect_flows("outport == @as1", "reg15=0x1\nreg15=0x3\n");
    expect_flows("1 <= reg0 <= 2", "reg0=0x1\nreg0=0x2\n");
    expect_flows("eth.dst[40] && eth.dst != ff:ff:ff:ff:ff:ff && eth.dst == ff:ff:ff:ff:ff:00/ff:ff:ff:ff:ff:f0",
                 "eth_dst=ff:ff:ff:ff:ff:00/ff:ff:ff:ff:ff:f0\n");
}

TEST(large_sets_become_conjunctions)
{
    expect_flows("ip4 && ip4.src == {1.1.1.1, 1.1.1.2, 1.1.1.3} && ip4.dst == {2.2.2.1, 2.2.2.2, 2.2.2.3}",
                 "ip,ip_src=1.1.1.1 conjunction(7,1/2)\nip,ip_src=1.1.1.2 conjunction(7,1/2)\n"
                 "ip,ip_src=1.1.1.3 conjunction(7,1/2)\nip,ip_dst=2.2.2.1 conjunction(7,2/2)\n"
                 "ip,ip_dst=2.2.2.2 conjunction(7,2/2)\nip,ip_dst=2.2.2.3 conjunction(7,2/2)\nip,conj_id=7\n");
}

struct names {
    struct buf text;
};

static void
put_name(void *names_, enum match_plan_name kind, struct str name)
{
    struct names *names = names_;
    buf_printf(&names->text, "%d "STR_FMT"\n", (int) kind, STR_ARG(name));
}

TEST(plans_name_what_they_need)
{
    struct arena *arena = arena_new();
    struct match_plan *plan = must_plan(must_parse_expr(
        arena, "inport == {\"lp1\", @pg} && ip4.src == $as && ip4.dst == $as && is_chassis_resident(\"lp1\")"));
    struct names names = {.text = BUF_INIT(1000)};
    match_plan_for_each_name(plan, put_name, &names);
    assert_string_equal(buf_text(&names.text), "0 lp1\n2 pg\n1 as\n3 lp1\n");
    buf_fini(&names.text);
    match_plan_free(plan);
    arena_free(arena);
}

TEST(explosions_are_refused)
{
    struct arena *arena = arena_new();
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (int i = 0; i < 40; i++) {
        buf_printf(&text, "%s(reg%d == %d || eth.src == %d || ct_mark == %d)", i ? " && " : "", i % 10, i, i, i);
    }
    struct match_plan *plan;
    struct err *err = match_plan_new(must_parse_expr(arena, buf_text(&text)), &plan);
    if (!err) {
        match_plan_free(plan);                               /* it may also be found to be impossible */
    }
    err_free(err);
    buf_fini(&text);
    arena_free(arena);
}

TEST_MAIN(T(flows_mean_what_trees_mean), T(flows_of_ovn_northd), T(known_flows), T(large_sets_become_conjunctions),
          T(plans_name_what_they_need), T(explosions_are_refused))
