/* SPDX-License-Identifier: Apache-2.0 */
/* Set algebra on datums: union, subtraction, difference. */
#include <config.h>

#include "ovsdb/model/datum.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/model/datum_private.h"

static bool
is_map(struct datum_type type)
{
    return type.value != ATOM_VOID;
}

/* An output datum under construction, its elements in order. */
struct builder {
    struct datum datum;
    struct datum_type type;
    uint32_t capacity;
};

static void
builder_init(struct builder *b, uint32_t capacity, struct datum_type type)
{
    *b = (struct builder) {.type = type, .capacity = capacity};
    datum_alloc(&b->datum, capacity, is_map(type));
    b->datum.n = 0;
}

/* Appends the elements [start, end) of 'src'; their strings change hands. */
static void
builder_move(struct builder *b, struct datum *src, uint32_t start, uint32_t end)
{
    uint32_t n = end - start;
    if (!n) {
        return;
    }
    CHECK(b->datum.n + n <= b->capacity);
    memcpy(datum_keys_rw(&b->datum) + b->datum.n, datum_keys(src) + start, sizeof(union atom) * n);
    if (is_map(b->type)) {
        memcpy(b->datum.values + b->datum.n, src->values + start, sizeof(union atom) * n);
    }
    b->datum.n += n;
}

static void
builder_clone(struct builder *b, const struct datum *src, uint32_t i)
{
    CHECK(b->datum.n < b->capacity);
    atom_clone(datum_keys_rw(&b->datum) + b->datum.n, &datum_keys(src)[i], b->type.key);
    if (is_map(b->type)) {
        atom_clone(b->datum.values + b->datum.n, &src->values[i], b->type.value);
    }
    b->datum.n++;
}

/* Moves the result to '*ret', in an allocation that fits. */
static void
builder_finish(struct builder *b, struct datum *ret)
{
    if (b->datum.n == b->capacity) {
        *ret = b->datum;
        return;
    }
    struct datum exact;
    uint32_t n = b->datum.n;
    datum_alloc(&exact, n, is_map(b->type));
    if (n) {
        memcpy(datum_keys_rw(&exact), datum_keys(&b->datum), sizeof(union atom) * n);
        if (is_map(b->type)) {
            memcpy(exact.values, b->datum.values, sizeof(union atom) * n);
        }
    }
    datum_release(&b->datum);
    *ret = exact;
}

/* Gives the pairs of 'a' the values that 'b' has for the same keys.  Returns whether any differed. */
static bool
replace_values(struct datum *a, const struct datum *b, struct datum_type type)
{
    bool changed = false;
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t j = datum_find(a, &datum_keys(b)[i], type.key);
        if (j != UINT32_MAX && atom_cmp(&a->values[j], &b->values[i], type.value)) {
            atom_fini(&a->values[j], type.value);
            atom_clone(&a->values[j], &b->values[i], type.value);
            changed = true;
        }
    }
    return changed;
}

bool
datum_union(struct datum *a, const struct datum *b, struct datum_type type, bool replace)
{
    bool changed = replace && is_map(type) && replace_values(a, b, type);
    uint32_t n_new = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        n_new += datum_find(a, &datum_keys(b)[i], type.key) == UINT32_MAX;
    }
    if (!n_new) {
        return changed;
    }
    struct builder out;
    builder_init(&out, a->n + n_new, type);
    uint32_t done = 0;                                       /* elements of 'a' moved so far */
    for (uint32_t i = 0; i < b->n; i++) {
        const union atom *key = &datum_keys(b)[i];
        uint32_t at = datum_lower_bound(a, done, key, type.key);
        if (at < a->n && !atom_cmp(&datum_keys(a)[at], key, type.key)) {
            continue;
        }
        builder_move(&out, a, done, at);
        done = at;
        builder_clone(&out, b, i);
    }
    builder_move(&out, a, done, a->n);
    datum_release(a);
    builder_finish(&out, a);
    return true;
}

static bool
values_equal(const struct datum *a, uint32_t i, const struct datum *b, uint32_t j, struct datum_type type)
{
    return !is_map(type) || !atom_cmp(&a->values[i], &b->values[j], type.value);
}

bool
datum_subtract(struct datum *a, const struct datum *b, struct datum_type type, bool match_values)
{
    uint32_t n_gone = 0;
    struct builder out;
    uint32_t done = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const union atom *key = &datum_keys(b)[i];
        uint32_t at = datum_lower_bound(a, done, key, type.key);     /* below 'done' atoms are gone */
        if (at == a->n || atom_cmp(&datum_keys(a)[at], key, type.key) || (match_values && !values_equal(a, at, b, i, type))) {
            continue;
        }
        if (!n_gone++) {
            builder_init(&out, a->n - 1, type);
        }
        builder_move(&out, a, done, at);
        atom_fini(datum_keys_rw(a) + at, type.key);
        if (is_map(type)) {
            atom_fini(a->values + at, type.value);
        }
        done = at + 1;
    }
    if (!n_gone) {
        return false;
    }
    builder_move(&out, a, done, a->n);
    datum_release(a);
    builder_finish(&out, a);
    return true;
}

bool
datum_includes_all(const struct datum *a, const struct datum *subset, struct datum_type type)
{
    if (subset->n > a->n) {
        return false;
    }
    for (uint32_t i = 0; i < subset->n; i++) {
        uint32_t at = datum_find(a, &datum_keys(subset)[i], type.key);
        if (at == UINT32_MAX || !values_equal(a, at, subset, i, type)) {
            return false;
        }
    }
    return true;
}

bool
datum_excludes_all(const struct datum *a, const struct datum *other, struct datum_type type)
{
    for (uint32_t i = 0; i < other->n; i++) {
        uint32_t at = datum_find(a, &datum_keys(other)[i], type.key);
        if (at != UINT32_MAX && values_equal(a, at, other, i, type)) {
            return false;
        }
    }
    return true;
}

void
datum_diff(struct datum *ret_diff, const struct datum *old, const struct datum *new, struct datum_type type)
{
    struct builder out;
    uint32_t i = 0;
    uint32_t j = 0;
    builder_init(&out, old->n + new->n, type);
    while (i < old->n || j < new->n) {
        int cmp = i == old->n   ? 1
                  : j == new->n ? -1
                                : atom_cmp(&datum_keys(old)[i], &datum_keys(new)[j], type.key);
        if (cmp < 0) {
            builder_clone(&out, old, i++);
        } else if (cmp > 0) {
            builder_clone(&out, new, j++);
        } else {
            if (!values_equal(old, i, new, j, type)) {
                builder_clone(&out, new, j);
            }
            i++;
            j++;
        }
    }
    builder_finish(&out, ret_diff);
}

void
datum_apply_diff(struct datum *datum, const struct datum *diff, struct datum_type type)
{
    struct builder out;
    uint32_t done = 0;
    if (!diff->n) {
        return;
    }
    builder_init(&out, datum->n + diff->n, type);
    for (uint32_t i = 0; i < diff->n; i++) {
        const union atom *key = &datum_keys(diff)[i];
        uint32_t at = datum_lower_bound(datum, done, key, type.key);
        bool found = at < datum->n && !atom_cmp(&datum_keys(datum)[at], key, type.key);
        builder_move(&out, datum, done, at);
        done = at + found;
        if (!found || !values_equal(datum, at, diff, i, type)) {
            builder_clone(&out, diff, i);
        }
        if (found) {
            atom_fini(datum_keys_rw(datum) + at, type.key);
            if (is_map(type)) {
                atom_fini(datum->values + at, type.value);
            }
        }
    }
    builder_move(&out, datum, done, datum->n);
    datum_release(datum);
    builder_finish(&out, datum);
}
