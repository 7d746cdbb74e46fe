/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/vec.h"
#include "tests/unit/logical/logical_test.h"

void
flows_for_each(void (*visit)(const struct flow_line *line, void *aux), void *aux)
{
    const char *srcdir = getenv("srcdir");
    char *path = xasprintf("%s/tests/unit/logical/flows.txt", srcdir ? srcdir : ".");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = NULL;
    size_t capacity = 0;
    ssize_t n;
    while ((n = getline(&text, &capacity, file)) > 0) {
        struct str rest = str_n(text, (size_t) n - (text[n - 1] == '\n'));
        struct flow_line line = {.is_egress = str_is(str_cut(&rest, "\t"), "egress")};
        char *table = str_dup(str_cut(&rest, "\t"));
        assert_true(str_to_uint32(table, 10, &line.table));
        free(table);
        line.match = str_cut(&rest, "\t");
        line.actions = rest;
        visit(&line, aux);
    }
    free(text);
    fclose(file);
    free(path);
}

char *
expr_to_text(const struct expr *x)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    expr_print(x, &text);
    return buf_take_text(&text);
}

char *
act_to_text(const struct act *act)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    actions_print(act, &text);
    return buf_take_text(&text);
}

static void
must_succeed(struct err *err, const char *text)
{
    if (err) {
        char *why = err_take_text(err);
        fprintf(stderr, "%s: %s\n", text, why);
        free(why);
        fail();
    }
}

const struct expr *
must_parse_expr(struct arena *arena, const char *text)
{
    const struct expr *x = NULL;
    must_succeed(expr_parse(arena, str_from(text), &x), text);
    return x;
}

const struct act *
must_parse_actions(struct arena *arena, const char *text)
{
    const struct act *act = NULL;
    struct act_parse_params params = {.table = 3, .n_tables = 33};
    must_succeed(actions_parse(arena, str_from(text), &params, &act, NULL), text);
    return act;
}

uint64_t
test_seed(void)
{
    const char *text = getenv("TEST_SEED");
    uint64_t seed = 20;
    if (text) {
        assert_true(str_to_uint64(text, 0, &seed));
    }
    printf("TEST_SEED=%llu\n", (unsigned long long) seed);
    return seed;
}

/* Random trees. */

static enum symbol
random_symbol(struct rng *rng, unsigned int kinds)
{
    for (;;) {
        enum symbol symbol = 1 + rng_below(rng, N_SYMBOLS - 1);
        if (kinds >> symbol_info(symbol)->kind & 1) {
            return symbol;
        }
    }
}

/* All of a symbol of one of 'kinds', or some of its bits. */
static field_ref
random_field(struct rng *rng, unsigned int kinds)
{
    enum symbol symbol = random_symbol(rng, kinds);
    enum symbol_kind kind = symbol_info(symbol)->kind;
    if ((kind == SYM_ORDINAL || kind == SYM_SUBFIELD) && rng_one_in(rng, 3)) {
        unsigned int first = rng_below(rng, symbol_info(symbol)->width);
        unsigned int last = first + rng_below(rng, symbol_info(symbol)->width - first);
        return F_BITS(symbol, first, last);
    }
    return symbol;
}

static const char *const names[] = {"lp1", "lp2", "a b", "\"quo\\ted\"", "\xc3\xa9", "tab\there", "_MC_flood", "9x"};
static const char *const set_names[] = {"as1", "as_2", "pg.3"};

/* Few values, so that comparisons often agree. */
static struct u128
random_value(struct rng *rng, unsigned int width)
{
    struct u128 x = {rng_next(rng), rng_next(rng)};
    if (rng_one_in(rng, 2)) {
        x = U128(rng_below(rng, 4));
    }
    return u128_and(x, u128_ones(width));
}

static struct lconst
random_int(struct rng *rng, unsigned int width)
{
    struct lconst c = {.kind = LC_INT, .form = LC_DECIMAL, .value = random_value(rng, width)};
    c.masked = rng_one_in(rng, 4);
    unsigned int shortest = width / 2 + rng_below(rng, width - width / 2 + 1);
    struct u128 prefix = u128_and(u128_ones(width), u128_not(u128_ones(width - shortest)));
    if (c.masked) {
        c.mask = rng_one_in(rng, 4) ? random_value(rng, width) : prefix;
    }
    bool fits_decimal = !c.value.hi && !c.mask.hi;
    switch (rng_below(rng, 3)) {
    case 0:
        c.form = width == 32 ? LC_IP4 : width == 48 ? LC_MAC : width == 128 ? LC_IP6 : LC_HEX;
        break;
    case 1:
        c.form = fits_decimal ? LC_DECIMAL : LC_HEX;
        break;
    default:
        c.form = LC_HEX;
    }
    return c;
}

static struct lconst
random_constant(struct rng *rng, field_ref f)
{
    bool string = field_ref_is_string(f);
    if (rng_one_in(rng, 10)) {
        struct str name = str_from(set_names[rng_below(rng, ARRAY_SIZE(set_names))]);
        return string ? lconst_port_group(name) : lconst_address_set(name);
    } else if (string) {
        return lconst_string(str_from(names[rng_below(rng, ARRAY_SIZE(names))]));
    }
    struct lconst c = random_int(rng, field_ref_width(f));
    if (symbol_info(field_ref_symbol(f))->kind == SYM_NOMINAL) {
        c.masked = false;
    }
    return c;
}

/* A comparison of an ordinal field by any operator, of a nominal one by "==". */
static const struct expr *
random_cmp(struct arena *arena, struct rng *rng)
{
    unsigned int ordinal = 1 << SYM_ORDINAL | 1 << SYM_SUBFIELD, nominal = 1 << SYM_NOMINAL | 1 << SYM_STRING;
    if (rng_one_in(rng, 3)) {
        field_ref f = random_field(rng, ordinal);
        struct lconst c = random_int(rng, field_ref_width(f));
        c.masked = false;
        return expr_cmp(arena, f, REL_LT + rng_below(rng, 4), c);
    } else if (rng_one_in(rng, 3)) {
        field_ref f = random_field(rng, ordinal);
        return expr_cmp(arena, f, REL_NE, random_constant(rng, f));
    }
    field_ref f = random_field(rng, rng_one_in(rng, 2) ? ordinal : nominal);
    struct lconst values[4];
    size_t n = 1 + rng_below(rng, ARRAY_SIZE(values));
    for (size_t i = 0; i < n; i++) {
        values[i] = random_constant(rng, f);
    }
    return expr_in_set(arena, f, values, n);
}

static field_ref
random_bit(struct rng *rng)
{
    enum symbol symbol = random_symbol(rng, 1 << SYM_ORDINAL | 1 << SYM_SUBFIELD);
    unsigned int bit = rng_below(rng, symbol_info(symbol)->width);
    return F_BIT(symbol, bit);
}

static field_ref
random_register_bit(struct rng *rng)
{
    unsigned int bit = rng_below(rng, 32);
    return F_BIT(F_REG0 + rng_below(rng, 10), bit);
}

const struct expr *
random_expr(struct arena *arena, struct rng *rng, unsigned int depth)
{
    static const enum symbol negatable[] = {F_ETH_MCAST, F_ETH_BCAST, F_IP_FIRST_FRAG, F_IP4_MCAST, F_CT_NEW, F_IP6_MCAST};
    const struct expr *operands[4];
    size_t n = 2 + rng_below(rng, 3);
    if (!depth) {
        n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        operands[i] = random_expr(arena, rng, depth - 1);
    }
    switch (n ? rng_below(rng, 6) : 6 + rng_below(rng, 8)) {
    case 0: case 1: case 2: return expr_and_n(arena, operands, n);
    case 3: case 4: return expr_or_n(arena, operands, n);
    case 5: return expr_not(arena, expr_has(arena, random_bit(rng)));
    case 6: return expr_has(arena, random_symbol(rng, 1 << SYM_PREDICATE));
    case 7: return expr_has(arena, random_bit(rng));
    case 8: return expr_has_not(arena, negatable[rng_below(rng, ARRAY_SIZE(negatable))]);
    case 9: return expr_chassis_resident(arena, names[rng_below(rng, ARRAY_SIZE(names))]);
    case 10: return rng_one_in(rng, 3) ? rng_one_in(rng, 2) ? expr_true() : expr_false() : expr_has(arena, F_IP4);
    default: return random_cmp(arena, rng);
    }
}

static field_ref
random_writable(struct rng *rng, unsigned int kinds)
{
    for (;;) {
        field_ref f = random_field(rng, kinds);
        if (symbol_info(field_ref_symbol(f))->writable) {
            return f;
        }
    }
}

/* A field of 'width' bits. */
static field_ref
random_of_width(struct rng *rng, unsigned int width)
{
    for (;;) {
        enum symbol symbol = random_symbol(rng, 1 << SYM_ORDINAL);
        unsigned int have = symbol_info(symbol)->width;
        if (have == width) {
            return symbol;
        } else if (have > width) {
            unsigned int first = rng_below(rng, have - width);
            return F_BITS(symbol, first, first + width - 1);
        }
    }
}

static const struct act *
random_call(struct arena *arena, struct rng *rng, enum act_kind kind, const char *arguments, int result)
{
    struct act_arg args[6];
    size_t n = 0;
    field_ref dst = result == 0 ? F_NONE : result == 2 ? F_OUTPORT : result == 1 ? random_register_bit(rng) : F_REG1;
    if (arguments[0] == '*') {
        struct lconst set[3] = {random_int(rng, 32), random_int(rng, 128), random_int(rng, 48)};
        args[n++] = act_arg_u64(arena, "number", rng_below(rng, 100));
        args[n++] = act_arg_str(arena, "text", names[rng_below(rng, ARRAY_SIZE(names))]);
        args[n++] = act_arg_word(arena, "word", "info");
        args[n] = act_arg_value(arena, "set", set[0]);
        args[n].values = arena_memdup(arena, set, sizeof set);
        args[n].n_values = 3;
        args[n++].braces = true;
        args[n++] = act_arg_str(arena, "", "plain");
    }
    for (const char *p = arguments[0] == '*' ? "" : arguments; *p; p++) {
        if (*p == '?') {
            if (rng_one_in(rng, 2)) {
                break;
            }
        } else if (*p == 'i') {
            args[n++] = act_arg_u64(arena, "", rng_below(rng, 2000));
        } else if (*p == 's') {
            args[n++] = act_arg_str(arena, "", names[rng_below(rng, ARRAY_SIZE(names))]);
        } else {
            args[n++] = act_arg_field("", *p == 'P' ? F_INPORT : random_of_width(rng, *p == '4' ? 32 : *p == '6' ? 128 : 48));
        }
    }
    return act_call_args(arena, kind, dst, args, n);
}

static struct ip_addr
random_ip(struct rng *rng)
{
    struct ip_addr addr = {.is_v6 = rng_one_in(rng, 2)};
    struct u128 x = random_value(rng, 128);
    if (addr.is_v6) {
        u128_to_be(x, &addr.v6, 16);
    } else {
        addr.v4 = htobe32((uint32_t) x.lo);
    }
    return addr;
}

static const struct act *
random_lb(struct arena *arena, struct rng *rng, enum act_kind kind)
{
    struct lb_backend backends[3];
    size_t n = 1 + rng_below(rng, 3);
    for (size_t i = 0; i < n; i++) {
        backends[i] = (struct lb_backend) {random_ip(rng), (uint16_t) (rng_one_in(rng, 2) ? 0 : rng_below(rng, 65536))};
    }
    return act_ct_lb(arena, kind, backends, n, rng_one_in(rng, 2) ? "" : "ip_src,ip_dst", rng_below(rng, 3));
}

static const struct act *
random_special(struct arena *arena, struct rng *rng)
{
    unsigned int any = 1 << SYM_ORDINAL | 1 << SYM_SUBFIELD | 1 << SYM_NOMINAL;
    field_ref dst = random_writable(rng, any);
    switch (rng_below(rng, 8)) {
    case 0: return act_set(arena, dst, random_int(rng, field_ref_width(dst)));
    case 1: return act_set_str(arena, F_OUTPORT, names[rng_below(rng, ARRAY_SIZE(names))]);
    case 2: return act_move(arena, dst, random_of_width(rng, field_ref_width(dst)));
    case 3: return act_exchange(arena, F_ETH_SRC, F_ETH_DST);
    case 4: return act_next_to(arena, rng_one_in(rng, 2), rng_below(rng, 20));
    case 5: return rng_one_in(rng, 2) ? act_push(arena, dst) : act_pop(arena, dst);
    case 6: return act_exchange(arena, F_INPORT, F_OUTPORT);
    default: return act_select(arena, F_BITS(F_REG8, 16, 31),
                               (struct select_choice[]) {{1, (uint16_t) (1 + rng_below(rng, 200))}, {2, 100}}, 2);
    }
}

/* One action of each shape that the table gives 'kind'. */
static const struct act *
random_action(struct arena *arena, struct rng *rng, unsigned int depth)
{
    static const struct { const char *shape, *arguments; int result; } table[] = {
#define X(ID, NAME, SHAPE, ARGUMENTS, RESULT, PREREQ) {#SHAPE, ARGUMENTS, RESULT},
        LOGICAL_ACTIONS(X)
#undef X
    };
    enum act_kind kind = rng_below(rng, N_ACT_KINDS);
    struct str shape = str_from(table[kind].shape);
    struct ip_addr addr = random_ip(rng);
    uint16_t port = (uint16_t) (rng_one_in(rng, 2) ? 0 : 1 + rng_below(rng, 1000));
    bool bare = rng_one_in(rng, 4);
    if (str_is(shape, "SPECIAL")) {
        return random_special(arena, rng);
    } else if (str_is(shape, "CALL")) {
        return random_call(arena, rng, kind, table[kind].arguments, table[kind].result);
    } else if (str_is(shape, "PARENS")) {
        return act_result(arena, kind, table[kind].result ? random_register_bit(rng) : F_NONE);
    } else if (str_is(shape, "BLOCK") || (str_is(shape, "OPTIONAL_BLOCK") && !bare)) {
        return act_block(arena, kind, depth ? random_actions(arena, rng, depth - 1) : NULL);
    } else if (str_is(shape, "ZONE") && (!bare || kind == ACT_CT_COMMIT_TO_ZONE)) {
        return act_zone(arena, kind, rng_one_in(rng, 2) ? "dnat" : "snat");
    } else if (str_is(shape, "NAT") && !bare) {
        return act_ct_nat(arena, kind, &addr, port, port && rng_one_in(rng, 2) ? port + 10 : 0);
    } else if (str_is(shape, "LB") && !bare) {
        return random_lb(arena, rng, kind);
    }
    return act_bare(kind);
}

const struct act *
random_actions(struct arena *arena, struct rng *rng, unsigned int depth)
{
    const struct act *acts[4];
    size_t n = rng_below(rng, ARRAY_SIZE(acts) + 1);
    for (size_t i = 0; i < n; i++) {
        acts[i] = random_action(arena, rng, depth);
    }
    return act_seq_n(arena, acts, n);
}
