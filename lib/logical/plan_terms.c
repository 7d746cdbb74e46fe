/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/hash.h"
#include "lib/logical/plan.h"

/* Pairs of alternatives that are worth comparing to make one dimension of two. */
enum { JOIN_MAX = 1 << 14 };

/* A term being made. */
struct draft {
    VEC(struct fixed) fixed;                                 /* sorted by place */
    VEC(struct dim) dims;
    VEC(struct condition) conditions;
};

static void
draft_fini(struct draft *d)
{
    vec_fini(&d->fixed);
    vec_fini(&d->dims);
    vec_fini(&d->conditions);
}

/* Demands 'alt' of 'place'.  False if that contradicts. */
static bool
add_fixed(struct draft *d, enum symbol place, struct alt alt)
{
    if (u128_is_zero(alt.mask)) {
        return true;
    }
    size_t i = 0;
    while (i < d->fixed.n && d->fixed.d[i].place < place) {
        i++;
    }
    if (i < d->fixed.n && d->fixed.d[i].place == place) {
        if (!alts_meet(place, d->fixed.d[i].alt, alt)) {
            return false;
        }
        d->fixed.d[i].alt = alt_and(d->fixed.d[i].alt, alt);
        return true;
    } else if (!alts_meet(place, alt, alt)) {
        return false;
    }
    vec_push(&d->fixed, (struct fixed) {place, alt});
    memmove(d->fixed.d + i + 1, d->fixed.d + i, (d->fixed.n - 1 - i) * sizeof *d->fixed.d);
    d->fixed.d[i] = (struct fixed) {place, alt};
    return true;
}

static bool
add_condition(struct draft *d, struct condition c)
{
    for (size_t i = 0; i < d->conditions.n; i++) {
        if (d->conditions.d[i].name == c.name) {
            return d->conditions.d[i].negated == c.negated;
        }
    }
    vec_push(&d->conditions, c);
    return true;
}

static bool
is_constant(const struct dim *dim)
{
    return !dim->n_sets;
}

static bool
same_dim(const struct dim *a, const struct dim *b)
{
    return a->span.place == b->span.place && a->span.ofs == b->span.ofs && a->span.width == b->span.width
        && a->negated == b->negated && a->n_alts == b->n_alts && a->n_sets == b->n_sets
        && (a->alts == b->alts || !a->n_alts || !memcmp(a->alts, b->alts, a->n_alts * sizeof *a->alts))
        && (a->sets == b->sets || !a->n_sets || !memcmp(a->sets, b->sets, a->n_sets * sizeof *a->sets));
}

/* Adds 'dim', joined with a constant one for the same place unless that would take many alternatives: two
 * dimensions for one place are as right as one. */
static void
add_dim(struct arena *arena, struct draft *d, const struct dim *dim)
{
    for (size_t i = 0; i < d->dims.n; i++) {
        struct dim *old = &d->dims.d[i];
        if (same_dim(old, dim)) {
            return;
        } else if (!is_constant(old) || !is_constant(dim) || old->span.place != dim->span.place
                   || (uint64_t) old->n_alts * dim->n_alts > JOIN_MAX) {
            continue;
        }
        struct alt_vec both = {0};
        if (alts_intersect(old->alts, old->n_alts, dim->alts, dim->n_alts, &both)
            && both.n <= (size_t) old->n_alts + dim->n_alts) {
            old->alts = both.n ? arena_memdup(arena, both.d, both.n * sizeof *both.d) : NULL;
            old->n_alts = (uint32_t) both.n;
            vec_fini(&both);
            return;
        }
        vec_fini(&both);
    }
    vec_push(&d->dims, *dim);
}

static const struct alt *
find_fixed(const struct draft *d, enum symbol place)
{
    for (size_t i = 0; i < d->fixed.n; i++) {
        if (d->fixed.d[i].place == place) {
            return &d->fixed.d[i].alt;
        }
    }
    return NULL;
}

enum reduced { REDUCED_KEEP, REDUCED_DROP, REDUCED_NEVER };

/* Takes from the constant dimension 'dim' what the fixed part rules out.  REDUCED_DROP: it is decided. */
static enum reduced
reduce_dim(struct arena *arena, struct draft *d, struct dim *dim)
{
    const struct alt nothing = {U128(0), U128(0)}, *fixed = find_fixed(d, dim->span.place);
    struct alt_vec left = {0};
    fixed = fixed ? fixed : &nothing;
    for (size_t i = 0; i < dim->n_alts; i++) {
        if (alt_implies(*fixed, dim->alts[i])) {
            vec_fini(&left);
            return REDUCED_DROP;
        } else if (alts_meet(dim->span.place, *fixed, dim->alts[i])) {
            vec_push(&left, dim->alts[i]);
        }
    }
    enum reduced result = REDUCED_KEEP;
    if (left.n <= 1) {
        result = left.n && add_fixed(d, dim->span.place, left.d[0]) ? REDUCED_DROP : REDUCED_NEVER;
    } else if (left.n < dim->n_alts) {
        dim->alts = arena_memdup(arena, left.d, left.n * sizeof *left.d);
        dim->n_alts = (uint32_t) left.n;
    }
    vec_fini(&left);
    return result;
}

/* Reduces dimensions until none changes.  False if the term can never match. */
static bool
reduce(struct arena *arena, struct draft *d)
{
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < d->dims.n; i++) {
            if (!is_constant(&d->dims.d[i])) {
                continue;
            }
            enum reduced r = reduce_dim(arena, d, &d->dims.d[i]);
            if (r == REDUCED_NEVER) {
                return false;
            } else if (r == REDUCED_DROP) {
                memmove(d->dims.d + i, d->dims.d + i + 1, (d->dims.n - 1 - i) * sizeof *d->dims.d);
                d->dims.n--;
                again = true;
                break;
            }
        }
    }
    return true;
}

static const struct term *
finish(struct arena *arena, struct draft *d)
{
    struct term *term = ARENA_NEW(arena, struct term);
    *term = (struct term) {
        .n_fixed = (uint32_t) d->fixed.n, .n_dims = (uint32_t) d->dims.n, .n_conditions = (uint32_t) d->conditions.n,
        .fixed = d->fixed.n ? arena_memdup(arena, d->fixed.d, d->fixed.n * sizeof *d->fixed.d) : NULL,
        .dims = d->dims.n ? arena_memdup(arena, d->dims.d, d->dims.n * sizeof *d->dims.d) : NULL,
        .conditions = d->conditions.n ? arena_memdup(arena, d->conditions.d, d->conditions.n * sizeof *d->conditions.d) : NULL,
    };
    return term;
}

static bool
add_term(struct arena *arena, struct draft *d, const struct term *term)
{
    for (size_t i = 0; i < term->n_fixed; i++) {
        if (!add_fixed(d, term->fixed[i].place, term->fixed[i].alt)) {
            return false;
        }
    }
    for (size_t i = 0; i < term->n_conditions; i++) {
        if (!add_condition(d, term->conditions[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < term->n_dims; i++) {
        add_dim(arena, d, &term->dims[i]);
    }
    return true;
}

const struct term *
term_and(struct arena *arena, const struct term *a, const struct term *b)
{
    struct draft d = {0};
    bool ok = add_term(arena, &d, a) && add_term(arena, &d, b) && reduce(arena, &d);
    const struct term *term = ok ? finish(arena, &d) : NULL;
    draft_fini(&d);
    return term;
}

const struct term *
term_of_dim(struct arena *arena, const struct dim *dim)
{
    struct draft d = {0};
    add_dim(arena, &d, dim);
    const struct term *term = reduce(arena, &d) ? finish(arena, &d) : NULL;
    draft_fini(&d);
    return term;
}

/* Joining.  For each place in turn, terms that are equal but for that place become one. */

/* Whether alternatives for 'place' can be a dimension.  The fields that others depend on cannot: a clause of a
 * conjunctive match must itself satisfy the prerequisites of its fields. */
static bool
is_joinable(enum symbol place)
{
    return place != F_ETH_TYPE && place != F_IP_PROTO && place != F_ICMP6_TYPE && place != F_ICMP6_CODE;
}

/* What 'term' says of 'place' as one dimension that is not negated, spanning the whole place; false if it cannot be
 * said so. */
static bool
dim_for(const struct term *term, enum symbol place, struct dim *ret)
{
    const struct dim *found = NULL;
    for (size_t i = 0; i < term->n_dims; i++) {
        if (term->dims[i].span.place == place) {
            if (found || term->dims[i].negated) {
                return false;
            }
            found = &term->dims[i];
        }
    }
    for (size_t i = 0; i < term->n_fixed; i++) {
        if (term->fixed[i].place == place) {
            if (found) {
                return false;
            }
            *ret = (struct dim) {.span = {place, 0, symbol_info(place)->width}, .n_alts = 1, .alts = &term->fixed[i].alt};
            return true;
        }
    }
    if (found) {
        *ret = *found;
    }
    return found != NULL;
}

static uint64_t
hash_without(const struct term *term, enum symbol place)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < term->n_fixed; i++) {
        const struct fixed *f = &term->fixed[i];
        if (f->place != place) {
            hash = hash_add64(hash_add64(hash, f->place), f->alt.value.hi ^ hash_mix64(f->alt.value.lo));
            hash = hash_add64(hash, f->alt.mask.hi ^ hash_mix64(f->alt.mask.lo));
        }
    }
    for (size_t i = 0; i < term->n_dims; i++) {
        if (term->dims[i].span.place != place) {
            hash = hash_add64(hash_add64(hash, term->dims[i].span.place), term->dims[i].n_alts);
        }
    }
    return hash_add64(hash, term->n_conditions);
}

static bool
equal_without(const struct term *a, const struct term *b, enum symbol place)
{
    size_t i = 0, j = 0;
    for (;; i++, j++) {
        i += i < a->n_fixed && a->fixed[i].place == place;
        j += j < b->n_fixed && b->fixed[j].place == place;
        if (i >= a->n_fixed || j >= b->n_fixed) {
            break;
        } else if (a->fixed[i].place != b->fixed[j].place || memcmp(&a->fixed[i].alt, &b->fixed[j].alt, sizeof(struct alt))) {
            return false;
        }
    }
    if (i < a->n_fixed || j < b->n_fixed) {
        return false;
    }
    for (i = j = 0;; i++, j++) {
        while (i < a->n_dims && a->dims[i].span.place == place) {
            i++;
        }
        while (j < b->n_dims && b->dims[j].span.place == place) {
            j++;
        }
        if (i >= a->n_dims || j >= b->n_dims) {
            break;
        } else if (!same_dim(&a->dims[i], &b->dims[j])) {
            return false;
        }
    }
    return i >= a->n_dims && j >= b->n_dims && a->n_conditions == b->n_conditions
        && (!a->n_conditions || !memcmp(a->conditions, b->conditions, a->n_conditions * sizeof *a->conditions));
}

struct group {
    struct hmap_node node;
    const struct term *first;
    struct alt_vec alts;
    VEC(uint32_t) sets;
    struct span span;
    size_t n;
};

/* The members of 'group' as one term. */
static const struct term *
group_term(struct arena *arena, struct group *g)
{
    if (g->n == 1 || g->span.place == F_NONE) {
        return g->first;
    }
    alts_sort(&g->alts);
    struct draft d = {0};
    for (size_t i = 0; i < g->first->n_fixed; i++) {
        if (g->first->fixed[i].place != g->span.place) {
            vec_push(&d.fixed, g->first->fixed[i]);
        }
    }
    for (size_t i = 0; i < g->first->n_dims; i++) {
        if (g->first->dims[i].span.place != g->span.place) {
            vec_push(&d.dims, g->first->dims[i]);
        }
    }
    for (size_t i = 0; i < g->first->n_conditions; i++) {
        vec_push(&d.conditions, g->first->conditions[i]);
    }
    vec_push(&d.dims, (struct dim) {
        .span = g->span, .n_alts = (uint32_t) g->alts.n, .n_sets = (uint32_t) g->sets.n,
        .alts = g->alts.n ? arena_memdup(arena, g->alts.d, g->alts.n * sizeof *g->alts.d) : NULL,
        .sets = g->sets.n ? arena_memdup(arena, g->sets.d, g->sets.n * sizeof *g->sets.d) : NULL});
    const struct term *term = reduce(arena, &d) ? finish(arena, &d) : g->first;
    draft_fini(&d);
    return term;
}

static void
add_to_group(struct group *g, const struct dim *dim)
{
    for (size_t i = 0; i < dim->n_alts; i++) {
        vec_push(&g->alts, dim->alts[i]);
    }
    for (size_t i = 0; i < dim->n_sets; i++) {
        bool known = false;
        for (size_t j = 0; j < g->sets.n; j++) {
            known |= g->sets.d[j] == dim->sets[i];
        }
        if (!known) {
            vec_push(&g->sets, dim->sets[i]);
        }
    }
    g->n++;
}

static bool
has_sets_of_other_span(const struct group *g, const struct dim *dim)
{
    bool same = g->span.ofs == dim->span.ofs && g->span.width == dim->span.width;
    return !same && (g->sets.n || dim->n_sets);
}

/* Joins what differs only in 'place'; with F_NONE, what does not differ. */
static void
join_place(struct arena *arena, struct term_vec *terms, enum symbol place)
{
    struct hmap groups;
    hmap_init(&groups);
    VEC(struct group *) order = {0};
    for (size_t i = 0; i < terms->n; i++) {
        struct dim dim = {.n_alts = 0};
        bool joinable = place == F_NONE || dim_for(terms->d[i], place, &dim);
        uint64_t hash = hash_without(terms->d[i], place);
        struct group *group = NULL;
        HMAP_FOR_EACH_WITH_HASH (g, struct group, node, hash, &groups) {
            if (joinable && !has_sets_of_other_span(g, &dim) && equal_without(g->first, terms->d[i], place)) {
                group = g;
                break;
            }
        }
        if (!group) {
            group = xcalloc(1, sizeof *group);
            *group = (struct group) {.first = terms->d[i], .span = dim.span};
            vec_push(&order, group);
            if (joinable) {
                hmap_insert(&groups, &group->node, hash);
            }
        }
        add_to_group(group, &dim);
    }
    terms->n = 0;
    for (size_t i = 0; i < order.n; i++) {
        vec_push(terms, group_term(arena, order.d[i]));
        vec_fini(&order.d[i]->alts);
        vec_fini(&order.d[i]->sets);
        free(order.d[i]);
    }
    vec_fini(&order);
    hmap_fini(&groups);
}

void
terms_join(struct arena *arena, struct term_vec *terms)
{
    bool seen[N_SYMBOLS] = {false};
    for (size_t i = 0; i < terms->n; i++) {
        for (size_t j = 0; j < terms->d[i]->n_fixed; j++) {
            seen[terms->d[i]->fixed[j].place] = true;
        }
        for (size_t j = 0; j < terms->d[i]->n_dims; j++) {
            seen[terms->d[i]->dims[j].span.place] = true;
        }
    }
    join_place(arena, terms, F_NONE);
    for (enum symbol place = 1; place < N_SYMBOLS && terms->n > 1; place++) {
        if (seen[place] && is_joinable(place)) {
            join_place(arena, terms, place);
        }
    }
}
