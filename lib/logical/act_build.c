/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/act_tree.h"
#include "lib/logical/lexer.h"
#include "lib/logical/expr_parse.h"

static const struct act_info infos[] = {
#define X(ID, NAME, SHAPE, ARGUMENTS, RESULT, PREREQ)                                               \
    [ACT_##ID] = {{NAME, sizeof NAME - 1}, ACT_SHAPE_##SHAPE, ARGUMENTS, (enum act_result) (RESULT), PREREQ},
    LOGICAL_ACTIONS(X)
#undef X
};

const struct act_info *
act_info(enum act_kind kind)
{
    CHECK(kind < N_ACT_KINDS);
    return &infos[kind];
}

/* Sequences. */

const struct act *
act_seq_n(struct arena *arena, const struct act *const *acts, size_t n)
{
    size_t n_out = 0, i_last = 0;
    for (size_t i = 0; i < n; i++) {
        if (acts[i]) {
            n_out += acts[i]->kind == ACT_SEQ ? acts[i]->n : 1;
            i_last = i;
        }
    }
    if (n_out <= 1 || n_out == (acts[i_last]->kind == ACT_SEQ ? acts[i_last]->n : 1)) {
        return n_out ? acts[i_last] : NULL;
    }
    const struct act **out = ARENA_NEW_N(arena, const struct act *, n_out);
    size_t j = 0;
    for (size_t i = 0; i < n; i++) {
        if (acts[i] && acts[i]->kind == ACT_SEQ) {
            memcpy(out + j, acts[i]->acts, acts[i]->n * sizeof *out);
            j += acts[i]->n;
        } else if (acts[i]) {
            out[j++] = acts[i];
        }
    }
    struct act *seq = ARENA_NEW(arena, struct act);
    *seq = (struct act) {.kind = ACT_SEQ, .n = n_out, .acts = out};
    return seq;
}

const struct act *
act_bare(enum act_kind kind)
{
    static const struct act bare[] = {
#define X(ID, ...) [ACT_##ID] = {.kind = ACT_##ID},
        LOGICAL_ACTIONS(X)
#undef X
    };
    enum act_shape shape = act_info(kind)->shape;
    CHECK(kind == ACT_NEXT || kind == ACT_DEC_TTL
          || (shape != ACT_SHAPE_SPECIAL && shape != ACT_SHAPE_BLOCK && shape != ACT_SHAPE_CALL && shape != ACT_SHAPE_PARENS));
    return &bare[kind];
}

const struct act *
act_next_to(struct arena *arena, bool ingress, unsigned int table)
{
    CHECK(table <= UINT8_MAX);
    struct act *act = ARENA_NEW(arena, struct act);
    *act = (struct act) {.kind = ACT_NEXT};
    act->next.has_table = act->next.has_pipeline = true;
    act->next.ingress = ingress;
    act->next.table = (uint8_t) table;
    return act;
}

/* Assignments. */

static bool
is_writable(field_ref f)
{
    return symbol_info(field_ref_symbol(f))->writable;
}

const struct act *
act_set(struct arena *arena, field_ref dst, struct lconst value)
{
    CHECK(is_writable(dst) && field_ref_is_string(dst) == (value.kind == LC_STRING));
    CHECK(value.kind == LC_STRING || (value.kind == LC_INT && u128_width(value.value) <= field_ref_width(dst)));
    struct lconst *copy = arena_memdup(arena, &value, sizeof value);
    if (value.kind == LC_STRING) {
        copy->name.s = arena_memdup0(arena, value.name.s, value.name.n);
    }
    struct act *act = ARENA_NEW(arena, struct act);
    *act = (struct act) {.kind = ACT_SET, .result = dst, .value = copy};
    return act;
}

const struct act *
act_set_u64(struct arena *arena, field_ref dst, uint64_t value)
{
    return act_set(arena, dst, lconst_int(value));
}

const struct act *
act_set_mac(struct arena *arena, field_ref dst, struct eth_addr addr)
{
    return act_set(arena, dst, lconst_mac(addr));
}

const struct act *
act_set_ip(struct arena *arena, field_ref dst, const struct ip_addr *addr)
{
    return act_set(arena, dst, lconst_ip(addr));
}

const struct act *
act_set_ip4(struct arena *arena, field_ref dst, be32 addr)
{
    return act_set(arena, dst, lconst_ip4(addr));
}

const struct act *
act_set_ip6(struct arena *arena, field_ref dst, const struct in6_addr *addr)
{
    return act_set(arena, dst, lconst_ip6(addr));
}

const struct act *
act_set_str(struct arena *arena, field_ref dst, const char *name)
{
    return act_set(arena, dst, lconst_string(str_from(name)));
}

static const struct act *
make_fields(struct arena *arena, enum act_kind kind, field_ref result, field_ref field)
{
    struct act *act = ARENA_NEW(arena, struct act);
    *act = (struct act) {.kind = kind, .result = result, .field = field};
    return act;
}

const struct act *
act_move(struct arena *arena, field_ref dst, field_ref src)
{
    CHECK(is_writable(dst) && field_ref_is_string(dst) == field_ref_is_string(src) && field_ref_width(dst) == field_ref_width(src));
    return make_fields(arena, ACT_MOVE, dst, src);
}

const struct act *
act_exchange(struct arena *arena, field_ref a, field_ref b)
{
    CHECK(is_writable(a) && is_writable(b) && field_ref_is_string(a) == field_ref_is_string(b)
          && field_ref_width(a) == field_ref_width(b));
    return make_fields(arena, ACT_EXCHANGE, a, b);
}

const struct act *
act_push(struct arena *arena, field_ref f)
{
    return make_fields(arena, ACT_PUSH, F_NONE, f);
}

const struct act *
act_pop(struct arena *arena, field_ref f)
{
    CHECK(is_writable(f));
    return make_fields(arena, ACT_POP, F_NONE, f);
}

/* Blocks and calls. */

const struct act *
act_block(struct arena *arena, enum act_kind kind, const struct act *inner)
{
    enum act_shape shape = act_info(kind)->shape;
    CHECK(shape == ACT_SHAPE_BLOCK || shape == ACT_SHAPE_OPTIONAL_BLOCK);
    struct act *act = ARENA_NEW(arena, struct act);
    *act = (struct act) {.kind = kind, .has_block = true, .inner = inner};
    return act;
}

/* Whether 'arg' is what 'letter' of a signature asks for. */
static bool
arg_fits(const struct act_arg *arg, char letter)
{
    bool one_value = arg->kind == ARG_VALUES && arg->n_values == 1 && !arg->braces;
    if (arg->key.n) {
        return false;
    } else if (letter == 'i') {
        return one_value && arg->values[0].kind == LC_INT;
    } else if (letter == 's') {
        return one_value && arg->values[0].kind == LC_STRING;
    } else if (arg->kind != ARG_FIELD || field_ref_is_string(arg->field) != (letter == 'P')) {
        return false;
    }
    unsigned int width = field_ref_width(arg->field);
    return letter == 'P' || width == (letter == '4' ? 32 : letter == 'M' ? 48 : 128);
}

bool
act_args_fit(enum act_kind kind, const struct act_arg *args, size_t n)
{
    const char *want = act_info(kind)->arguments;
    if (want[0] == '*') {
        return true;
    }
    bool optional = false;
    for (size_t i = 0; i < n; i++) {
        if (*want == '?') {
            optional = true;
            want++;
        }
        if (!*want || !arg_fits(&args[i], *want++)) {
            return false;
        }
    }
    return !*want || *want == '?' || optional;
}

bool
act_result_fits(enum act_kind kind, field_ref result)
{
    enum act_result want = act_info(kind)->result;
    if (want == ACT_RESULT_NONE || result == F_NONE) {
        return result == F_NONE && want == ACT_RESULT_NONE;
    } else if (want == ACT_RESULT_PORT) {
        return field_ref_is_string(result);
    }
    return !field_ref_is_string(result) && (want != ACT_RESULT_BIT || field_ref_width(result) == 1);
}

const struct act *
act_call_args(struct arena *arena, enum act_kind kind, field_ref result, const struct act_arg *args, size_t n)
{
    CHECK(act_info(kind)->shape == ACT_SHAPE_CALL && act_args_fit(kind, args, n) && act_result_fits(kind, result));
    struct act *act = ARENA_NEW(arena, struct act);
    *act = (struct act) {.kind = kind, .result = result, .n = n,
                         .args = n ? arena_memdup(arena, args, n * sizeof *args) : NULL};
    return act;
}

const struct act *
act_call_fields(struct arena *arena, enum act_kind kind, field_ref result, const field_ref *fields, size_t n)
{
    struct act_arg args[4];
    CHECK(n <= ARRAY_SIZE(args));
    for (size_t i = 0; i < n; i++) {
        args[i] = act_arg_field("", fields[i]);
    }
    return act_call_args(arena, kind, result, args, n);
}

const struct act *
act_call_u64(struct arena *arena, enum act_kind kind, field_ref result, uint64_t value)
{
    struct act_arg arg = act_arg_u64(arena, "", value);
    return act_call_args(arena, kind, result, &arg, 1);
}

const struct act *
act_result(struct arena *arena, enum act_kind kind, field_ref result)
{
    CHECK(act_info(kind)->shape == ACT_SHAPE_PARENS && act_result_fits(kind, result));
    return make_fields(arena, kind, result, F_NONE);
}

const struct act *
act_zone(struct arena *arena, enum act_kind kind, const char *zone)
{
    CHECK(act_info(kind)->shape == ACT_SHAPE_ZONE && (!strcmp(zone, "dnat") || !strcmp(zone, "snat")));
    struct act *act = ARENA_NEW(arena, struct act);
    *act = (struct act) {.kind = kind, .zone = str_from(arena_strdup(arena, zone))};
    return act;
}

struct act_arg
act_arg_value(struct arena *arena, const char *key, struct lconst value)
{
    struct lconst *copy = arena_memdup(arena, &value, sizeof value);
    if (copy->kind != LC_INT) {
        copy->name.s = arena_memdup0(arena, copy->name.s, copy->name.n);
    }
    return (struct act_arg) {.key = str_from(arena_strdup(arena, key)), .kind = ARG_VALUES, .values = copy, .n_values = 1};
}

struct act_arg
act_arg_u64(struct arena *arena, const char *key, uint64_t value)
{
    return act_arg_value(arena, key, lconst_int(value));
}

struct act_arg
act_arg_str(struct arena *arena, const char *key, const char *value)
{
    return act_arg_value(arena, key, lconst_string(str_from(value)));
}

struct act_arg
act_arg_word(struct arena *arena, const char *key, const char *word)
{
    return (struct act_arg) {.key = str_from(arena_strdup(arena, key)), .kind = ARG_WORD,
                             .word = str_from(arena_strdup(arena, word))};
}

struct act_arg
act_arg_field(const char *key, field_ref field)
{
    return (struct act_arg) {.key = str_from(key), .kind = ARG_FIELD, .field = field};
}

struct err *
act_arg_parse(struct arena *arena, const char *key, struct str text, struct act_arg *ret)
{
    struct lexer lexer;
    struct lconst *values;
    lexer_init(&lexer, arena, text);
    bool braces = lexer.type == LEX_LCURLY;
    size_t n = parse_constants(&lexer, &values);
    lexer_end(&lexer);
    struct err *err = lexer_take_err(&lexer);
    if (!err) {
        *ret = (struct act_arg) {.key = str_from(arena_strdup(arena, key)), .kind = ARG_VALUES, .values = values,
                                 .n_values = n, .braces = braces};
    }
    return err;
}

/* NAT and load balancing. */

const struct act *
act_ct_nat(struct arena *arena, enum act_kind kind, const struct ip_addr *addr, uint16_t port_min, uint16_t port_max)
{
    CHECK(act_info(kind)->shape == ACT_SHAPE_NAT && (!port_max || (port_min && port_min <= port_max)));
    struct act *act = ARENA_NEW(arena, struct act);
    *act = (struct act) {.kind = kind};
    act->nat.has_addr = true;
    act->nat.addr = *addr;
    act->nat.port_min = port_min;
    act->nat.port_max = port_max;
    return act;
}

const struct act *
act_ct_lb(struct arena *arena, enum act_kind kind, const struct lb_backend *backends, size_t n, const char *hash_fields,
          enum lb_flag flag)
{
    CHECK(act_info(kind)->shape == ACT_SHAPE_LB && n);
    struct act *act = ARENA_NEW(arena, struct act);
    *act = (struct act) {.kind = kind, .n = n};
    act->lb.backends = arena_memdup(arena, backends, n * sizeof *backends);
    act->lb.hash_fields = str_from(arena_strdup(arena, hash_fields));
    act->lb.flag = flag;
    return act;
}

const struct act *
act_select(struct arena *arena, field_ref result, const struct select_choice *choices, size_t n)
{
    CHECK(n >= 2 && act_result_fits(ACT_SELECT, result));
    struct act *act = ARENA_NEW(arena, struct act);
    *act = (struct act) {.kind = ACT_SELECT, .result = result, .n = n,
                         .choices = arena_memdup(arena, choices, n * sizeof *choices)};
    return act;
}
