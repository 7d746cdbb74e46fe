/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/plan.h"

/* Binding: names become keys and members; what is left of each term becomes flows. */

/* A dimension with its members: "one of 'alts'". */
struct bound_dim {
    enum symbol place;
    struct alt_vec alts;
};

struct bind {
    const struct match_plan *plan;
    const struct match_binder *binder;
    uint32_t conj_base;
    void (*emit)(void *aux, struct bound_match *bound);
    void *aux;

    /* The present term. */
    struct bound_match bound;                                /* 'match': what is fixed */
    struct alt port_keys[2];                                 /* of inport and outport, if fixed */
    VEC(struct bound_dim) dims;
};

/* "none" is no port: what outport is when no look-up has found one. */
static bool
lookup_port(const struct bind *b, struct str name, uint32_t *ret_key)
{
    if (str_is(name, "none")) {
        *ret_key = 0;
        return true;
    }
    return b->binder->lookup_port(b->binder->aux, name, ret_key);
}

/* Members. */

struct member_ctx {
    struct bind *b;
    struct span span;
    struct alt_vec *alts;
};

static void
add_port(void *ctx_, struct str name)
{
    struct member_ctx *ctx = ctx_;
    uint32_t key;
    if (lookup_port(ctx->b, name, &key)) {
        vec_push(ctx->alts, alt_make(ctx->span, U128(key), u128_ones(32)));
    }
}

/* An address of another family than the field's is not an error: sets may have both. */
static void
add_address(void *ctx_, struct str text)
{
    struct member_ctx *ctx = ctx_;
    struct lconst c;
    if (!lconst_parse(str_trim(text), &c)) {
        return;
    }
    unsigned int form_width = c.form == LC_IP4 ? 32 : c.form == LC_IP6 ? 128 : c.form == LC_MAC ? 48 : 0;
    if (form_width ? form_width != ctx->span.width
                   : MAX(u128_width(c.value), c.masked ? u128_width(c.mask) : 0) > ctx->span.width) {
        return;
    }
    vec_push(ctx->alts, alt_make(ctx->span, c.value, c.masked ? c.mask : u128_ones(128)));
}

static void
add_members(struct bind *b, const struct dim *dim, struct alt_vec *alts)
{
    struct member_ctx ctx = {b, dim->span, alts};
    for (size_t i = 0; i < dim->n_alts; i++) {
        if (place_is_port(dim->span.place)) {
            add_port(&ctx, b->plan->names[dim->alts[i].value.lo].name);
        } else {
            vec_push(alts, dim->alts[i]);
        }
    }
    for (size_t i = 0; i < dim->n_sets; i++) {
        const struct plan_name *name = &b->plan->names[dim->sets[i]];
        if (name->kind == PLAN_PORT_GROUP) {
            b->binder->port_group(b->binder->aux, name->name, add_port, &ctx);
        } else {
            b->binder->address_set(b->binder->aux, name->name, add_address, &ctx);
        }
    }
}

/* What the term demands of 'place' as a whole. */
static struct alt
fixed_alt(const struct bind *b, const struct term *term, enum symbol place)
{
    for (size_t i = 0; i < term->n_fixed; i++) {
        if (term->fixed[i].place == place) {
            return place_is_port(place) ? b->port_keys[place == F_OUTPORT] : term->fixed[i].alt;
        }
    }
    return (struct alt) {U128(0), U128(0)};
}

/* Drops what 'fixed' excludes.  True if some alternative follows from 'fixed': then all do not matter. */
static bool
filter(struct alt_vec *alts, enum symbol place, struct alt fixed)
{
    size_t n = 0;
    for (size_t i = 0; i < alts->n; i++) {
        if (alt_implies(fixed, alts->d[i])) {
            return true;
        } else if (alts_meet(place, fixed, alts->d[i])) {
            alts->d[n++] = alts->d[i];
        }
    }
    alts->n = n;
    return false;
}

static bool
merge_alt(struct of_match *match, enum symbol place, struct alt alt)
{
    struct of_match one = {.size = 0};
    match_put_alt(&one, place, alt);
    bool ok = of_match_merge(match, &one);
    of_match_fini(&one);
    return ok;
}

/* Adds 'dim' to the present term.  False if nothing is left that could match. */
static bool
bind_dim(struct bind *b, const struct term *term, const struct dim *dim)
{
    struct alt_vec alts = {0};
    add_members(b, dim, &alts);
    alts_sort(&alts);
    if (dim->negated) {
        struct alt_vec others = {0};
        if (!alts_complement(alts.d, alts.n, dim->span, &others)) {
            vec_clear(&others);                              /* too many to express: match nothing */
        }
        vec_fini(&alts);
        alts = others;
        alts_sort(&alts);
    }
    bool ok = true;
    if (filter(&alts, dim->span.place, fixed_alt(b, term, dim->span.place))) {
        vec_fini(&alts);
    } else if (alts.n <= 1) {
        ok = alts.n && merge_alt(&b->bound.match, dim->span.place, alts.d[0]);
        vec_fini(&alts);
    } else {
        vec_push(&b->dims, (struct bound_dim) {dim->span.place, alts});
    }
    return ok;
}

/* Emitting. */

static void
emit(struct bind *b, struct bound_match *bound)
{
    b->emit(b->aux, bound);
    of_match_fini(&bound->match);
}

/* One plain flow for each combination of the dimensions from 'i' on. */
static void
emit_product(struct bind *b, const struct of_match *match, size_t i)
{
    if (i == b->dims.n) {
        struct bound_match bound = {.kind = BOUND_PLAIN, .match = of_match_clone(match)};
        emit(b, &bound);
        return;
    }
    for (size_t j = 0; j < b->dims.d[i].alts.n; j++) {
        struct of_match next = of_match_clone(match);
        if (merge_alt(&next, b->dims.d[i].place, b->dims.d[i].alts.d[j])) {
            emit_product(b, &next, i + 1);
        }
        of_match_fini(&next);
    }
}

/* A flow for each alternative of each dimension, and one for the conjunction. */
static void
emit_conjunction(struct bind *b, uint32_t conj_id)
{
    for (size_t i = 0; i < b->dims.n; i++) {
        for (size_t j = 0; j < b->dims.d[i].alts.n; j++) {
            struct bound_match clause = {.kind = BOUND_CLAUSE, .conj_id = conj_id, .clause = (uint8_t) i,
                                         .n_clauses = (uint8_t) b->dims.n, .match = of_match_clone(&b->bound.match)};
            if (merge_alt(&clause.match, b->dims.d[i].place, b->dims.d[i].alts.d[j])) {
                emit(b, &clause);
            } else {
                of_match_fini(&clause.match);
            }
        }
    }
    struct bound_match all = {.kind = BOUND_CONJUNCTION, .conj_id = conj_id, .match = of_match_clone(&b->bound.match)};
    of_match_set_u64(&all.match, OFF_CONJ_ID, conj_id);
    emit(b, &all);
}

/* Whether plain flows are no more than those of a conjunctive match. */
static bool
product_is_smaller(const struct bind *b)
{
    uint64_t product = 1, sum = 1;
    for (size_t i = 0; i < b->dims.n; i++) {
        product *= b->dims.d[i].alts.n;
        sum += b->dims.d[i].alts.n;
        if (product > UINT32_MAX) {
            return false;
        }
    }
    return b->dims.n < 2 || product <= sum;
}

static bool
holds(const struct bind *b, const struct condition *c)
{
    return b->binder->is_chassis_resident(b->binder->aux, b->plan->names[c->name].name) != c->negated;
}

/* Puts the keys of fixed ports in the present match.  False if the term cannot match here. */
static bool
bind_fixed(struct bind *b, const struct term *term)
{
    for (size_t i = 0; i < term->n_conditions; i++) {
        if (!holds(b, &term->conditions[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < term->n_fixed; i++) {
        const struct fixed *f = &term->fixed[i];
        uint32_t key;
        if (!place_is_port(f->place)) {
            continue;
        } else if (!lookup_port(b, b->plan->names[f->alt.value.lo].name, &key)) {
            return false;
        }
        b->port_keys[f->place == F_OUTPORT] = (struct alt) {U128(key), u128_ones(32)};
        of_match_set_u64(&b->bound.match, logical_field(f->place), key);
    }
    return true;
}

static void
bind_term(struct bind *b, const struct plan_term *pt)
{
    b->bound = (struct bound_match) {.match = of_match_clone(&pt->base)};
    bool ok = bind_fixed(b, &pt->term);
    for (size_t i = 0; i < pt->term.n_dims && ok; i++) {
        ok = bind_dim(b, &pt->term, &pt->term.dims[i]);
    }
    if (ok && product_is_smaller(b)) {
        emit_product(b, &b->bound.match, 0);
    } else if (ok) {
        emit_conjunction(b, b->conj_base + pt->conj);
    }
    for (size_t i = 0; i < b->dims.n; i++) {
        vec_fini(&b->dims.d[i].alts);
    }
    vec_clear(&b->dims);
    of_match_fini(&b->bound.match);
}

void
match_plan_bind(const struct match_plan *plan, const struct match_binder *binder, uint32_t conj_base,
                void (*emit_)(void *aux, struct bound_match *bound), void *aux)
{
    struct bind b = {.plan = plan, .binder = binder, .conj_base = conj_base, .emit = emit_, .aux = aux};
    for (size_t i = 0; i < plan->n_terms; i++) {
        bind_term(&b, &plan->terms[i]);
    }
    vec_fini(&b.dims);
}
