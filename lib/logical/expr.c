/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/expr_tree.h"

static const struct expr expr_true__ = {.kind = EXPR_TRUE};
static const struct expr expr_false__ = {.kind = EXPR_FALSE};

const struct expr *expr_true(void) { return &expr_true__; }
const struct expr *expr_false(void) { return &expr_false__; }
bool expr_is_true(const struct expr *x) { return expr_untext(x)->kind == EXPR_TRUE; }
bool expr_is_false(const struct expr *x) { return expr_untext(x)->kind == EXPR_FALSE; }

/* && or || of 'operands': 'neutral' ones are dropped, a dominant one decides, nested ones are opened. */
static const struct expr *
combine(struct arena *arena, enum expr_kind kind, const struct expr *const *operands, size_t n)
{
    const struct expr *neutral = kind == EXPR_AND ? &expr_true__ : &expr_false__;
    const struct expr *dominant = kind == EXPR_AND ? &expr_false__ : &expr_true__;
    size_t n_out = 0, i_last = 0;
    for (size_t i = 0; i < n; i++) {
        if (operands[i] && expr_untext(operands[i])->kind == dominant->kind) {
            return dominant;
        } else if (operands[i] && expr_untext(operands[i])->kind != neutral->kind) {
            n_out += operands[i]->kind == kind ? operands[i]->n : 1;
            i_last = i;
        }
    }
    if (!n_out) {
        return neutral;
    } else if (n_out == 1) {
        return operands[i_last];
    }
    const struct expr **out = ARENA_NEW_N(arena, const struct expr *, n_out);
    size_t j = 0;
    for (size_t i = 0; i < n; i++) {
        if (!operands[i] || expr_untext(operands[i])->kind == neutral->kind) {
            continue;
        } else if (operands[i]->kind == kind) {
            memcpy(out + j, operands[i]->operands, operands[i]->n * sizeof *out);
            j += operands[i]->n;
        } else {
            out[j++] = operands[i];
        }
    }
    struct expr *x = ARENA_NEW(arena, struct expr);
    *x = (struct expr) {.kind = kind, .n = n_out, .operands = out};
    return x;
}

const struct expr *
expr_and_n(struct arena *arena, const struct expr *const *operands, size_t n)
{
    return combine(arena, EXPR_AND, operands, n);
}

const struct expr *
expr_or_n(struct arena *arena, const struct expr *const *operands, size_t n)
{
    return combine(arena, EXPR_OR, operands, n);
}

const struct expr *
expr_not(struct arena *arena, const struct expr *x)
{
    switch (expr_untext(x)->kind) {
    case EXPR_TRUE: return &expr_false__;
    case EXPR_FALSE: return &expr_true__;
    case EXPR_NOT: return expr_untext(x)->sub;
    default: break;
    }
    struct expr *not = ARENA_NEW(arena, struct expr);
    *not = (struct expr) {.kind = EXPR_NOT, .sub = x};
    return not;
}

const struct expr *
expr_has(struct arena *arena, field_ref f)
{
    CHECK(field_ref_width(f) == 1);
    struct expr *x = ARENA_NEW(arena, struct expr);
    *x = (struct expr) {.kind = EXPR_HAS, .field = f};
    return x;
}

/* Whether 'c' can be compared with, or assigned to, 'f'. */
static bool
fits(field_ref f, const struct lconst *c)
{
    if (field_ref_is_string(f)) {
        return c->kind == LC_STRING || c->kind == LC_PORT_GROUP;
    }
    return c->kind == LC_ADDRESS_SET
        || (c->kind == LC_INT && u128_width(c->value) <= field_ref_width(f)
            && (!c->masked || u128_width(c->mask) <= field_ref_width(f)));
}

static const struct expr *
make_cmp(struct arena *arena, field_ref f, enum relop op, const struct lconst *values, size_t n)
{
    CHECK(n);
    struct lconst *copy = arena_memdup(arena, values, n * sizeof *values);
    for (size_t i = 0; i < n; i++) {
        CHECK(fits(f, &values[i]));
        if (copy[i].kind != LC_INT) {
            copy[i].name.s = arena_memdup0(arena, copy[i].name.s, copy[i].name.n);
        }
    }
    struct expr *x = ARENA_NEW(arena, struct expr);
    *x = (struct expr) {.kind = EXPR_CMP, .field = f, .op = op, .n = n, .values = copy};
    return x;
}

const struct expr *
expr_cmp(struct arena *arena, field_ref f, enum relop op, struct lconst value)
{
    return make_cmp(arena, f, op, &value, 1);
}

const struct expr *
expr_eq_u64(struct arena *arena, field_ref f, uint64_t value)
{
    return expr_cmp(arena, f, REL_EQ, lconst_int(value));
}

const struct expr *
expr_eq_hex(struct arena *arena, field_ref f, uint64_t value)
{
    return expr_cmp(arena, f, REL_EQ, lconst_hex(value));
}

const struct expr *
expr_eq_mac(struct arena *arena, field_ref f, struct eth_addr addr)
{
    return expr_cmp(arena, f, REL_EQ, lconst_mac(addr));
}

const struct expr *
expr_eq_ip4(struct arena *arena, field_ref f, be32 addr)
{
    return expr_cmp(arena, f, REL_EQ, lconst_ip4(addr));
}

const struct expr *
expr_eq_ip6(struct arena *arena, field_ref f, const struct in6_addr *addr)
{
    return expr_cmp(arena, f, REL_EQ, lconst_ip6(addr));
}

const struct expr *
expr_in_prefix(struct arena *arena, field_ref f, const struct ip_prefix *prefix)
{
    return expr_cmp(arena, f, REL_EQ, lconst_prefix(prefix));
}

const struct expr *
expr_eq_str(struct arena *arena, field_ref f, const char *name)
{
    return expr_cmp(arena, f, REL_EQ, lconst_string(str_from(name)));
}

const struct expr *
expr_in_address_set(struct arena *arena, field_ref f, const char *name)
{
    return expr_cmp(arena, f, REL_EQ, lconst_address_set(str_from(name)));
}

const struct expr *
expr_in_port_group(struct arena *arena, field_ref f, const char *name)
{
    return expr_cmp(arena, f, REL_EQ, lconst_port_group(str_from(name)));
}

const struct expr *
expr_in_set(struct arena *arena, field_ref f, const struct lconst *values, size_t n)
{
    return make_cmp(arena, f, REL_EQ, values, n);
}

const struct expr *
expr_chassis_resident(struct arena *arena, const char *lport)
{
    struct expr *x = ARENA_NEW(arena, struct expr);
    *x = (struct expr) {.kind = EXPR_RESIDENT, .name = str_from(arena_strdup(arena, lport))};
    return x;
}

enum relop
relop_negate(enum relop op)
{
    static const enum relop to[] = {[REL_EQ] = REL_NE, [REL_NE] = REL_EQ, [REL_LT] = REL_GE,
                                    [REL_LE] = REL_GT, [REL_GT] = REL_LE, [REL_GE] = REL_LT};
    return to[op];
}

enum relop
relop_turn(enum relop op)
{
    static const enum relop to[] = {[REL_EQ] = REL_EQ, [REL_NE] = REL_NE, [REL_LT] = REL_GT,
                                    [REL_LE] = REL_GE, [REL_GT] = REL_LT, [REL_GE] = REL_LE};
    return to[op];
}

/* Equality.  A user's text in a list of the same operator counts as its operands. */

/* Walks the operands of 'list' with those of nested texts opened. */
struct walk {
    const struct expr *list;                                 /* EXPR_AND or EXPR_OR */
    size_t i;
    const struct expr *inner;                                /* an opened text, or NULL */
    size_t j;
};

static const struct expr *
walk_next(struct walk *w)
{
    for (;;) {
        if (w->inner) {
            if (w->j < w->inner->n) {
                return expr_untext(w->inner->operands[w->j++]);
            }
            w->inner = NULL;
        } else if (w->i >= w->list->n) {
            return NULL;
        } else {
            const struct expr *x = expr_untext(w->list->operands[w->i++]);
            if (x->kind != w->list->kind) {
                return x;
            }
            w->inner = x;
            w->j = 0;
        }
    }
}

static bool
lists_eq(const struct expr *a, const struct expr *b)
{
    struct walk wa = {.list = a}, wb = {.list = b};
    for (;;) {
        const struct expr *xa = walk_next(&wa), *xb = walk_next(&wb);
        if (!xa || !xb) {
            return !xa && !xb;
        } else if (!expr_eq(xa, xb)) {
            return false;
        }
    }
}

bool
expr_eq(const struct expr *a, const struct expr *b)
{
    a = expr_untext(a);
    b = expr_untext(b);
    if (a == b) {
        return true;
    } else if (a->kind != b->kind || a->op != b->op || a->field != b->field) {
        return false;
    }
    switch (a->kind) {
    case EXPR_AND:
    case EXPR_OR:
        return lists_eq(a, b);
    case EXPR_NOT:
        return expr_eq(a->sub, b->sub);
    case EXPR_RESIDENT:
        return str_eq(a->name, b->name);
    case EXPR_CMP:
        for (size_t i = 0; i < a->n && a->n == b->n; i++) {
            if (!lconst_eq(&a->values[i], &b->values[i])) {
                return false;
            }
        }
        return a->n == b->n;
    default:
        return true;
    }
}
