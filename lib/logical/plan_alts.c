/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/plan.h"

struct span
place_of(field_ref f)
{
    unsigned int ofs;
    enum symbol base = field_ref_base(f, &ofs);
    if (base >= F_REG0 && base <= F_REG7) {
        ofs += 32 * (3 - (base - F_REG0) % 4);
        base = base < F_REG4 ? F_XXREG0 : F_XXREG1;
    } else if (base == F_REG8 || base == F_REG9) {
        ofs += base == F_REG8 ? 32 : 0;
        base = F_XREG4;
    } else if (base >= F_XREG0 && base <= F_XREG3) {
        ofs += base == F_XREG0 || base == F_XREG2 ? 64 : 0;
        base = base < F_XREG2 ? F_XXREG0 : F_XXREG1;
    } else if (base >= F_RARP_OP && base <= F_RARP_THA) {
        base = F_ARP_OP + (base - F_RARP_OP);
    }
    return (struct span) {base, (uint8_t) ofs, (uint8_t) field_ref_width(f)};
}
static_assert(F_RARP_THA - F_RARP_OP == F_ARP_THA - F_ARP_OP, "RARP fields stand in the order of those of ARP");
static_assert(F_REG9 - F_REG0 == 9 && F_XREG4 - F_XREG0 == 4, "registers stand in their order");

struct alt
alt_make(struct span span, struct u128 value, struct u128 mask)
{
    mask = u128_and(mask, u128_ones(span.width));
    return (struct alt) {u128_shl(u128_and(value, mask), span.ofs), u128_shl(mask, span.ofs)};
}

void
alts_add_range(struct alt_vec *alts, struct span span, struct u128 low, struct u128 high)
{
    struct u128 all = u128_ones(span.width);
    while (u128_cmp(low, high) <= 0) {
        /* The largest aligned block that begins at 'low' and does not pass 'high'. */
        struct u128 host = U128(0);
        for (unsigned int bits = 1; bits <= span.width; bits++) {
            struct u128 wider = u128_ones(bits);
            if (!u128_is_zero(u128_and(low, wider)) || u128_cmp(u128_or(low, wider), high) > 0) {
                break;
            }
            host = wider;
        }
        vec_push(alts, alt_make(span, low, u128_and(all, u128_not(host))));
        struct u128 last = u128_or(low, host);
        if (u128_cmp(last, all) >= 0) {
            break;                                           /* the next would wrap around */
        }
        low = u128_inc(last);
    }
}

static int
alt_cmp(const void *a_, const void *b_)
{
    const struct alt *a = a_, *b = b_;
    int order = u128_cmp(a->value, b->value);
    return order ? order : u128_cmp(a->mask, b->mask);
}

void
alts_sort(struct alt_vec *alts)
{
    if (alts->n < 2) {
        return;
    }
    qsort(alts->d, alts->n, sizeof *alts->d, alt_cmp);
    size_t n = 1;
    for (size_t i = 1; i < alts->n; i++) {
        if (alt_cmp(&alts->d[n - 1], &alts->d[i])) {
            alts->d[n++] = alts->d[i];
        }
    }
    alts->n = n;
}

/* Whether the mask of 'alt' is a prefix of 'span'; then the range of its values. */
static bool
alt_range(struct alt alt, struct span span, struct u128 *low, struct u128 *high)
{
    struct u128 all = u128_ones(span.width), mask = u128_shr(alt.mask, span.ofs);
    struct u128 host = u128_and(all, u128_not(mask));
    *low = u128_shr(alt.value, span.ofs);
    *high = u128_or(*low, host);
    return u128_is_zero(u128_and(host, u128_inc(host)));
}

struct range {
    struct u128 low, high;
};
VEC_DEFINE(range_vec, struct range);

static int
range_cmp(const void *a, const void *b)
{
    return u128_cmp(((const struct range *) a)->low, ((const struct range *) b)->low);
}

/* The gaps between sorted 'ranges'. */
static void
add_gaps(const struct range_vec *ranges, struct span span, struct alt_vec *ret)
{
    struct u128 all = u128_ones(span.width), next = U128(0);
    for (size_t i = 0; i < ranges->n; i++) {
        const struct range *r = &ranges->d[i];
        if (u128_cmp(r->low, next) > 0) {
            alts_add_range(ret, span, next, u128_dec(r->low));
        }
        if (u128_cmp(r->high, all) >= 0) {
            return;
        } else if (u128_cmp(r->high, next) >= 0) {
            next = u128_inc(r->high);
        }
    }
    alts_add_range(ret, span, next, all);
}

/* What the single alternative 'alt' does not match: one alternative for each bit of its mask. */
static void
complement_bits(struct alt alt, struct alt_vec *ret)
{
    struct alt above = {U128(0), U128(0)};
    for (int bit = 127; bit >= 0; bit--) {
        struct u128 one = u128_shl(U128(1), (unsigned int) bit);
        if (u128_is_zero(u128_and(alt.mask, one))) {
            continue;
        }
        struct alt flipped = above;
        flipped.mask = u128_or(flipped.mask, one);
        flipped.value = u128_or(flipped.value, u128_and(u128_not(alt.value), one));
        vec_push(ret, flipped);
        above.mask = u128_or(above.mask, one);
        above.value = u128_or(above.value, u128_and(alt.value, one));
    }
}

/* For masks that are no prefixes: the intersection of the complements, one after the other. */
static bool
complement_masks(const struct alt *alts, size_t n, struct alt_vec *ret)
{
    vec_push(ret, (struct alt) {U128(0), U128(0)});
    for (size_t i = 0; i < n; i++) {
        struct alt_vec one = {0}, both = {0};
        complement_bits(alts[i], &one);
        bool ok = alts_intersect(ret->d, ret->n, one.d, one.n, &both);
        vec_fini(&one);
        vec_fini(ret);
        *ret = both;
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool
alts_complement(const struct alt *alts, size_t n, struct span span, struct alt_vec *ret)
{
    struct range_vec ranges = {0};
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        struct range r;
        if (!alt_range(alts[i], span, &r.low, &r.high)) {
            ok = complement_masks(alts, n, ret);
            goto out;
        }
        vec_push(&ranges, r);
    }
    if (ranges.n) {
        qsort(ranges.d, ranges.n, sizeof *ranges.d, range_cmp);
    }
    add_gaps(&ranges, span, ret);
out:
    vec_fini(&ranges);
    return ok;
}

bool
alts_intersect(const struct alt *a, size_t n_a, const struct alt *b, size_t n_b, struct alt_vec *ret)
{
    if (n_a * n_b > 16 * ALTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < n_a; i++) {
        for (size_t j = 0; j < n_b; j++) {
            if (!alt_conflicts(a[i], b[j])) {
                vec_push(ret, alt_and(a[i], b[j]));
            }
        }
    }
    alts_sort(ret);
    return ret->n <= ALTS_MAX;
}
