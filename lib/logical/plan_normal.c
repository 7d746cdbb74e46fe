/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/plan.h"

/* From a tree to a disjunction of terms: "!" moves inwards, each mention of a field gets its prerequisites, and &&
 * is multiplied out over ||, except that alternatives for one place stay together as a dimension. */

enum { MAX_STEPS = 1 << 18 };                                /* pairs of terms that one plan may combine */

struct normal {
    struct arena *arena;
    struct plan_name_vec names;
    struct strmap name_ids;                                  /* kind and name -> index + 1 */
    struct term_vec prereqs[N_SYMBOLS];                      /* once 'has_prereqs' */
    bool has_prereqs[N_SYMBOLS];
    uint32_t budget;                                         /* steps left */
    struct err *err;
};

static struct term_vec normalise(struct normal *nf, const struct expr *x, bool negated);

static void
fail(struct normal *nf, const char *why)
{
    if (!nf->err) {
        nf->err = err_new("%s", why);
    }
}

static bool
spend(struct normal *nf, size_t steps)
{
    if (steps > nf->budget) {
        fail(nf, "Match is too complex.");
        return false;
    }
    nf->budget -= (uint32_t) steps;
    return true;
}

static uint32_t
name_id(struct normal *nf, enum match_plan_name kind, struct str name)
{
    char *key = xasprintf("%c"STR_FMT, 'a' + (int) kind, STR_ARG(name));
    uintptr_t id = (uintptr_t) strmap_get(&nf->name_ids, key);
    if (!id) {
        vec_push(&nf->names, (struct plan_name) {kind, name});
        id = nf->names.n;
        strmap_set(&nf->name_ids, key, (void *) id);
    }
    free(key);
    return (uint32_t) id - 1;
}

/* Combining. */

static struct term_vec
always(struct normal *nf)
{
    struct term_vec terms = {0};
    vec_push(&terms, ARENA_NEW(nf->arena, struct term));
    return terms;
}

/* Takes 'a' and 'b'. */
static struct term_vec
both(struct normal *nf, struct term_vec a, struct term_vec b)
{
    struct term_vec out = {0};
    bool too_many = false;
    if (spend(nf, a.n * b.n)) {
        for (size_t i = 0; i < a.n; i++) {
            for (size_t j = 0; j < b.n; j++) {
                const struct term *term = term_and(nf->arena, a.d[i], b.d[j]);
                if (term) {
                    vec_push(&out, term);
                    too_many |= term->n_dims > MATCH_PLAN_MAX_DIMENSIONS;
                }
            }
        }
    }
    vec_fini(&a);
    vec_fini(&b);
    if (out.n > MATCH_PLAN_MAX_TERMS || too_many) {
        fail(nf, "Match is too complex.");
    }
    return out;
}

static struct term_vec
copy_terms(const struct term_vec *terms)
{
    struct term_vec copy = {0};
    for (size_t i = 0; i < terms->n; i++) {
        vec_push(&copy, terms->d[i]);
    }
    return copy;
}

static struct term_vec
normalise_and(struct normal *nf, const struct expr *x, bool negated)
{
    struct term_vec out = always(nf);
    for (size_t i = 0; i < x->n && out.n && !nf->err; i++) {
        out = both(nf, out, normalise(nf, x->operands[i], negated));
    }
    return out;
}

static struct term_vec
normalise_or(struct normal *nf, const struct expr *x, bool negated)
{
    struct term_vec out = {0};
    for (size_t i = 0; i < x->n && !nf->err; i++) {
        struct term_vec terms = normalise(nf, x->operands[i], negated);
        for (size_t j = 0; j < terms.n; j++) {
            vec_push(&out, terms.d[j]);
        }
        spend(nf, terms.n);
        vec_fini(&terms);
    }
    if (!nf->err) {
        terms_join(nf->arena, &out);
    }
    if (out.n > MATCH_PLAN_MAX_TERMS) {
        fail(nf, "Match is too complex.");
    }
    return out;
}

/* Comparisons. */

/* The prerequisites of 'symbol' and of the fields it is part of. */
static struct term_vec
prerequisites(struct normal *nf, enum symbol symbol)
{
    if (!nf->has_prereqs[symbol]) {
        enum symbol base = symbol_info(symbol)->base;
        struct term_vec terms = normalise(nf, symbol_expansion(symbol), false);
        nf->prereqs[symbol] = base == F_NONE ? terms : both(nf, terms, prerequisites(nf, base));
        nf->has_prereqs[symbol] = true;
    }
    return copy_terms(&nf->prereqs[symbol]);
}

static void
add_constant(struct normal *nf, struct span span, const struct lconst *c, struct alt_vec *alts, uint32_t *sets, uint32_t *n_sets)
{
    switch (c->kind) {
    case LC_INT:
        vec_push(alts, alt_make(span, c->value, c->masked ? c->mask : u128_ones(128)));
        break;
    case LC_STRING:
        vec_push(alts, alt_make(span, U128(name_id(nf, PLAN_PORT, c->name)), u128_ones(32)));
        break;
    case LC_ADDRESS_SET:
        sets[(*n_sets)++] = name_id(nf, PLAN_ADDRESS_SET, c->name);
        break;
    case LC_PORT_GROUP:
        sets[(*n_sets)++] = name_id(nf, PLAN_PORT_GROUP, c->name);
        break;
    }
}

/* "field == {...}" or "field != {...}". */
static struct dim
equality_dim(struct normal *nf, const struct expr *x, bool not, struct span span, struct alt_vec *alts)
{
    uint32_t *sets = ARENA_NEW_N(nf->arena, uint32_t, x->n), n_sets = 0;
    for (size_t i = 0; i < x->n; i++) {
        add_constant(nf, span, &x->values[i], alts, sets, &n_sets);
    }
    if (not && !n_sets) {
        struct alt_vec others = {0};
        if (!alts_complement(alts->d, alts->n, span, &others)) {
            fail(nf, "Match is too complex.");
        }
        vec_fini(alts);
        *alts = others;
        not = false;
    }
    return (struct dim) {.span = span, .negated = not, .n_sets = n_sets, .sets = sets};
}

/* "field < value" and its like. */
static void
add_order(const struct expr *x, enum relop op, struct span span, struct alt_vec *alts)
{
    struct u128 value = x->values[0].value, max = u128_ones(span.width);
    if (op == REL_LT && !u128_is_zero(value)) {
        alts_add_range(alts, span, U128(0), u128_dec(value));
    } else if (op == REL_LE) {
        alts_add_range(alts, span, U128(0), value);
    } else if (op == REL_GT && !u128_eq(value, max)) {
        alts_add_range(alts, span, u128_inc(value), max);
    } else if (op == REL_GE) {
        alts_add_range(alts, span, value, max);
    }
}

/* Fields that others depend on never become a dimension: one term for each alternative. */
static bool
must_multiply(enum symbol place)
{
    return place == F_ETH_TYPE || place == F_IP_PROTO || place == F_ICMP6_TYPE || place == F_ICMP6_CODE;
}

static struct term_vec
dim_terms(struct normal *nf, struct dim *dim, struct alt_vec *alts)
{
    struct term_vec out = {0};
    alts_sort(alts);
    if (alts->n > MATCH_PLAN_MAX_ALTERNATIVES || (must_multiply(dim->span.place) && alts->n > MATCH_PLAN_MAX_TERMS)) {
        fail(nf, "Match is too complex.");
        return out;
    } else if (must_multiply(dim->span.place) && dim->n_sets) {
        fail(nf, "Address sets cannot be compared with the type or protocol of a packet.");
        return out;
    }
    struct alt *copy = alts->n ? arena_memdup(nf->arena, alts->d, alts->n * sizeof *alts->d) : NULL;
    size_t step = must_multiply(dim->span.place) ? 1 : MAX(alts->n, 1);
    for (size_t i = 0; i < MAX(alts->n, 1); i += step) {
        struct dim one = *dim;
        one.alts = copy ? copy + i : NULL;
        one.n_alts = (uint32_t) MIN(step, alts->n);
        const struct term *term = term_of_dim(nf->arena, &one);
        if (term) {
            vec_push(&out, term);
        }
    }
    return out;
}

static struct term_vec
normalise_field(struct normal *nf, const struct expr *x, bool negated)
{
    struct span span = place_of(x->field);
    struct dim dim = {.span = span};
    struct alt_vec alts = {0};
    if (x->kind == EXPR_HAS) {
        vec_push(&alts, alt_make(span, U128(!negated), U128(1)));
    } else {
        enum relop op = negated ? relop_negate(x->op) : x->op;
        if (op == REL_NE && symbol_is_nominal(field_ref_symbol(x->field))) {
            fail(nf, "Nominal fields may only be tested for equality.");
        } else if (op == REL_EQ || op == REL_NE) {
            dim = equality_dim(nf, x, op == REL_NE, span, &alts);
        } else {
            add_order(x, op, span, &alts);
        }
    }
    struct term_vec out = dim_terms(nf, &dim, &alts);
    vec_fini(&alts);
    return both(nf, prerequisites(nf, field_ref_symbol(x->field)), out);
}

static struct term_vec
normalise_condition(struct normal *nf, const struct expr *x, bool negated)
{
    struct condition c = {name_id(nf, PLAN_CHASSIS_RESIDENT, x->name), negated};
    struct term *term = ARENA_NEW(nf->arena, struct term);
    *term = (struct term) {.n_conditions = 1, .conditions = arena_memdup(nf->arena, &c, sizeof c)};
    struct term_vec out = {0};
    vec_push(&out, term);
    return out;
}

static struct term_vec
normalise(struct normal *nf, const struct expr *x, bool negated)
{
    switch (x->kind) {
    case EXPR_AND:
        return negated ? normalise_or(nf, x, true) : normalise_and(nf, x, false);
    case EXPR_OR:
        return negated ? normalise_and(nf, x, true) : normalise_or(nf, x, false);
    case EXPR_NOT:
        return normalise(nf, x->sub, !negated);
    case EXPR_TEXT:
        return normalise(nf, x->parsed, negated);
    case EXPR_RESIDENT:
        return normalise_condition(nf, x, negated);
    case EXPR_HAS:
    case EXPR_CMP:
        if (symbol_info(field_ref_symbol(x->field))->kind == SYM_PREDICATE) {
            bool not = x->kind == EXPR_CMP && (x->op == REL_NE) != u128_is_zero(x->values[0].value);
            return normalise(nf, symbol_expansion(field_ref_symbol(x->field)), negated ^ not);
        }
        return normalise_field(nf, x, negated);
    case EXPR_FALSE:
    case EXPR_TRUE:
        break;
    }
    return (x->kind == EXPR_TRUE) != negated ? always(nf) : (struct term_vec) {0};
}

struct err *
plan_normalise(struct arena *arena, const struct expr *x, struct term_vec *ret_terms, struct plan_name_vec *ret_names)
{
    struct normal *nf = xcalloc(1, sizeof *nf);
    nf->arena = arena;
    nf->budget = MAX_STEPS;
    strmap_init(&nf->name_ids);
    struct term_vec terms = normalise(nf, x, false);
    struct err *err = nf->err;
    if (err) {
        vec_fini(&terms);
        vec_fini(&nf->names);
    } else {
        *ret_terms = terms;
        *ret_names = nf->names;
    }
    for (size_t i = 0; i < N_SYMBOLS; i++) {
        vec_fini(&nf->prereqs[i]);
    }
    strmap_fini(&nf->name_ids);
    free(nf);
    return err;
}
