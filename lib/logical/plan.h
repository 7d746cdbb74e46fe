/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_PLAN_H
#define WEFT_LOGICAL_PLAN_H

/* What: how a match is kept between its text and its OpenFlow flows: a disjunction of terms.  Private to
 * lib/logical; others use match_plan.h.
 *
 * A "place" is a field that shares no bits with another: reg0 is the upper quarter of place xxreg0, rarp.spa is
 * place arp.spa.  Port names stand as indexes into the plan's names until they are bound. */

#include "lib/base/hmap.h"
#include "lib/base/vec.h"
#include "lib/logical/expr_tree.h"
#include "lib/logical/match_plan.h"

/* One alternative: the bits of 'mask' have those of 'value', which has no others. */
struct alt {
    struct u128 value, mask;
};
VEC_DEFINE(alt_vec, struct alt);

/* Bits 'ofs' ... 'ofs' + 'width' - 1 of a place. */
struct span {
    enum symbol place;
    uint8_t ofs, width;
};

/* A disjunction of alternatives for one place; if 'negated', none of them.  Only a dimension that mentions sets
 * can be negated: others are turned around when they are made. */
struct dim {
    struct span span;
    bool negated;
    uint32_t n_alts, n_sets;
    const struct alt *alts;
    const uint32_t *sets;                                    /* indexes of the plan's names */
};

struct fixed {
    enum symbol place;
    struct alt alt;
};

/* Whether a port is on this chassis. */
struct condition {
    uint32_t name;
    bool negated;
};

/* A conjunction.  'fixed' is sorted by place. */
struct term {
    uint32_t n_fixed, n_dims, n_conditions;
    const struct fixed *fixed;
    const struct dim *dims;
    const struct condition *conditions;
};
VEC_DEFINE(term_vec, const struct term *);

struct plan_name {
    enum match_plan_name kind;
    struct str name;
};

struct plan_term {
    struct term term;
    struct of_match base;                                    /* of 'fixed', without ports */
    uint32_t conj;                                           /* if it can need a conjunction id: its number */
};

/* One block of memory, with all that it points to but the heap of each 'base'. */
struct match_plan {
    uint32_t n_names, n_terms, n_conj_ids;
    const struct plan_name *names;
    struct plan_term *terms;
};

/* Where 'f' lies. */
struct span place_of(field_ref f);
static inline bool place_is_port(enum symbol place) { return place == F_INPORT || place == F_OUTPORT; }

/* Alternatives (plan_alts.c). */
enum { ALTS_MAX = 1 << 16 };                                 /* that a calculation may come to; more is a failure */

struct alt alt_make(struct span span, struct u128 value, struct u128 mask);
/* The whole-number range 'low' ... 'high' of 'span', as alternatives. */
void alts_add_range(struct alt_vec *alts, struct span span, struct u128 low, struct u128 high);
/* Sorts and drops duplicates. */
void alts_sort(struct alt_vec *alts);
/* What no alternative of 'alts' matches in 'span'.  False if that takes too many. */
bool alts_complement(const struct alt *alts, size_t n, struct span span, struct alt_vec *ret) MUST_USE;
/* What one of 'a' and one of 'b' match.  False if that takes too many. */
bool alts_intersect(const struct alt *a, size_t n_a, const struct alt *b, size_t n_b, struct alt_vec *ret) MUST_USE;
static inline bool alt_conflicts(struct alt a, struct alt b)
{
    return !u128_is_zero(u128_and(u128_xor(a.value, b.value), u128_and(a.mask, b.mask)));
}
static inline struct alt alt_and(struct alt a, struct alt b)
{
    return (struct alt) {u128_or(a.value, b.value), u128_or(a.mask, b.mask)};
}
/* Whether a packet can have both 'a' and 'b' in 'place'.  Without a VLAN tag all of vlan.tci is zero. */
static inline bool alts_meet(enum symbol place, struct alt a, struct alt b)
{
    struct alt both = alt_and(a, b);
    bool untagged = place == F_VLAN_TCI && (both.mask.lo & ~both.value.lo & OF_VLAN_PRESENT);
    return !alt_conflicts(a, b) && !(untagged && both.value.lo);
}
/* Whether all that 'a' matches 'b' matches too. */
static inline bool alt_implies(struct alt a, struct alt b)
{
    return !alt_conflicts(a, b) && u128_is_zero(u128_and(b.mask, u128_not(a.mask)));
}

void match_put_alt(struct of_match *match, enum symbol place, struct alt alt);

/* Normal form (plan_normal.c): 'x' as terms of 'arena', to be freed with vec_fini(), and its names. */
VEC_DEFINE(plan_name_vec, struct plan_name);
struct err *plan_normalise(struct arena *arena, const struct expr *x, struct term_vec *ret_terms,
                           struct plan_name_vec *ret_names) MUST_USE;

/* Terms (plan_terms.c).  All are in 'arena', and shared. */

/* Both.  NULL if nothing can satisfy both. */
const struct term *term_and(struct arena *arena, const struct term *a, const struct term *b);
/* 'dim' alone, or the one alternative it has.  NULL if it has none. */
const struct term *term_of_dim(struct arena *arena, const struct dim *dim);
/* Joins terms that differ only in the alternatives for one place, and drops duplicates. */
void terms_join(struct arena *arena, struct term_vec *terms);

#endif
