/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/expr_tree.h"

/* The meaning of a tree: "!" moves inwards first, then each mention of a field is joined by && with the field's
 * prerequisites (ovn-sb(5), "Prerequisites"). */

static bool evaluate(const struct expr *x, bool negated, const struct expr_env *env);

static bool
has_prerequisites(enum symbol symbol, const struct expr_env *env)
{
    const struct symbol_info *info = symbol_info(symbol);
    return evaluate(symbol_expansion(symbol), false, env)
        && (info->base == F_NONE || has_prerequisites(info->base, env));
}

static struct u128
field_value(field_ref f, const struct expr_env *env)
{
    unsigned int ofs;
    enum symbol base = field_ref_base(f, &ofs);
    return u128_and(u128_shr(env->field(env->aux, base), ofs), u128_ones(field_ref_width(f)));
}

static bool
is_equal(const struct expr *x, const struct lconst *c, const struct expr_env *env)
{
    switch (c->kind) {
    case LC_STRING:
        return str_eq(env->port(env->aux, field_ref_symbol(x->field)), c->name);
    case LC_PORT_GROUP:
        return env->in_port_group(env->aux, c->name, env->port(env->aux, field_ref_symbol(x->field)));
    case LC_ADDRESS_SET:
        return env->in_address_set(env->aux, c->name, field_value(x->field, env), field_ref_width(x->field));
    case LC_INT:
        break;
    }
    struct u128 diff = u128_xor(field_value(x->field, env), c->value);
    return u128_is_zero(c->masked ? u128_and(diff, c->mask) : diff);
}

static bool
compare(const struct expr *x, enum relop op, const struct expr_env *env)
{
    if (op == REL_EQ || op == REL_NE) {
        for (size_t i = 0; i < x->n; i++) {
            if (is_equal(x, &x->values[i], env)) {
                return op == REL_EQ;
            }
        }
        return op == REL_NE;
    }
    int order = u128_cmp(field_value(x->field, env), x->values[0].value);
    return op == REL_LT ? order < 0 : op == REL_LE ? order <= 0 : op == REL_GT ? order > 0 : order >= 0;
}

/* A mention of a predicate or field. */
static bool
evaluate_atom(const struct expr *x, bool negated, const struct expr_env *env)
{
    enum symbol symbol = field_ref_symbol(x->field);
    if (symbol_info(symbol)->kind == SYM_PREDICATE) {
        if (x->kind == EXPR_CMP) {
            negated ^= (x->op == REL_NE) ^ u128_is_zero(x->values[0].value);
        }
        return evaluate(symbol_expansion(symbol), negated, env);
    } else if (!has_prerequisites(symbol, env)) {
        return false;
    } else if (x->kind == EXPR_HAS) {
        return !u128_is_zero(field_value(x->field, env)) ^ negated;
    }
    return compare(x, negated ? relop_negate(x->op) : x->op, env);
}

static bool
evaluate(const struct expr *x, bool negated, const struct expr_env *env)
{
    switch (x->kind) {
    case EXPR_FALSE:
    case EXPR_TRUE:
        return (x->kind == EXPR_TRUE) ^ negated;
    case EXPR_AND:
    case EXPR_OR: {
        bool stop = (x->kind == EXPR_OR) ^ negated;          /* the answer that one operand decides */
        for (size_t i = 0; i < x->n; i++) {
            if (evaluate(x->operands[i], negated, env) == stop) {
                return stop;
            }
        }
        return !stop;
    }
    case EXPR_NOT:
        return evaluate(x->sub, !negated, env);
    case EXPR_HAS:
    case EXPR_CMP:
        return evaluate_atom(x, negated, env);
    case EXPR_RESIDENT:
        return env->is_chassis_resident(env->aux, x->name) ^ negated;
    case EXPR_TEXT:
        return evaluate(x->parsed, negated, env);
    }
    return false;
}

bool
expr_evaluate(const struct expr *x, const struct expr_env *env)
{
    return evaluate(x, false, env);
}
