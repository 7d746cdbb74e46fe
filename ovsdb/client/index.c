/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/client/index.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"

struct index {
    struct hmap entries;
    uint32_t *columns;
    struct datum_type *types;
    uint32_t n;                                              /* columns; with several all are scalars */
    uint32_t mask;                                           /* of the columns, modulo 32 */
    uint16_t space;
};

/* The rows that have one key.  A single row, the usual case, needs no array. */
struct entry {
    struct hmap_node node;
    uint32_t n, capacity;                                    /* capacity 0: the row is 'one' */
    union {
        const struct row *one;
        const struct row **many;                             /* owned */
    };
};

MEM_TYPE(index_entry, "replica index keys");

struct index *
index_new(const uint32_t *columns, const struct datum_type *types, uint32_t n, uint16_t space)
{
    CHECK(n);
    struct index *index = xcalloc(1, sizeof *index);
    hmap_init(&index->entries);
    index->columns = xmemdup(columns, n * sizeof *columns);
    index->types = xmemdup(types, n * sizeof *types);
    index->n = n;
    index->space = space;
    for (uint32_t i = 0; i < n; i++) {
        index->mask |= UINT32_C(1) << (columns[i] % 32);
    }
    return index;
}

static void
entry_free(struct entry *e)
{
    if (e->capacity) {
        free(e->many);
    }
    mem_add(&mem_index_entry, -1);
    free(e);
}

void
index_free(struct index *index)
{
    if (!index) {
        return;
    }
    HMAP_FOR_EACH_SAFE (e, struct entry, node, &index->entries) {
        entry_free(e);
    }
    hmap_fini(&index->entries);
    free(index->columns);
    free(index->types);
    free(index);
}

uint64_t
index_hash(const struct index *index, const union atom *keys)
{
    uint64_t hash = index->n;
    for (uint32_t i = 0; i < index->n; i++) {
        hash = hash_add64(hash, atom_hash(&keys[i], index->types[i].key));
    }
    return hash;
}

static const struct row *const *
entry_rows(const struct entry *e)
{
    return e->capacity ? (const struct row *const *) e->many : (const struct row *const *) &e->one;
}

static bool
row_has_keys(const struct index *index, const struct row *row, const union atom *keys)
{
    for (uint32_t i = 0; i < index->n; i++) {
        if (datum_find(&row->columns[index->columns[i]], &keys[i], index->types[i].key) == UINT32_MAX) {
            return false;
        }
    }
    return true;
}

static struct entry *
find_entry(const struct index *index, const union atom *keys, uint64_t hash)
{
    HMAP_FOR_EACH_WITH_HASH (e, struct entry, node, hash, &index->entries) {
        if (row_has_keys(index, entry_rows(e)[0], keys)) {
            return e;
        }
    }
    return NULL;
}

const struct row *const *
index_find(const struct index *index, const union atom *keys, uint64_t hash, size_t *ret_n)
{
    const struct entry *e = find_entry(index, keys, hash);
    *ret_n = e ? e->n : 0;
    return e ? entry_rows(e) : NULL;
}

uint16_t
index_space(const struct index *index)
{
    return index->space;
}

bool
index_involves(const struct index *index, uint32_t columns)
{
    return index->mask & columns;
}

bool
index_is_of(const struct index *index, uint32_t column)
{
    return index->n == 1 && index->columns[0] == column;
}

/* The position in 'e' of the first row whose uuid is not less than that of 'row'. */
static uint32_t
lower_bound(const struct entry *e, const struct row *row)
{
    const struct row *const *rows = entry_rows(e);
    uint32_t low = 0;
    for (uint32_t high = e->n; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        if (uuid_cmp(&rows[middle]->uuid, &row->uuid) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void
entry_insert(struct entry *e, uint32_t at, const struct row *row)
{
    if (!e->capacity) {
        const struct row *one = e->one;
        e->capacity = 4;
        e->many = xcalloc(e->capacity, sizeof *e->many);
        e->many[0] = one;
    } else if (e->n == e->capacity) {
        e->capacity *= 2;
        e->many = xrealloc(e->many, e->capacity * sizeof *e->many);
    }
    memmove(&e->many[at + 1], &e->many[at], (e->n - at) * sizeof *e->many);
    e->many[at] = row;
    e->n++;
}

/* Adds 'row' under 'keys'; nothing happens if it is there. */
static void
add_key(struct index *index, const struct row *row, const union atom *keys, struct derive *d)
{
    uint64_t hash = index_hash(index, keys);
    struct entry *e = find_entry(index, keys, hash);
    if (!e) {
        e = xcalloc(1, sizeof *e);
        mem_add(&mem_index_entry, +1);
        e->one = row;
        e->n = 1;
        hmap_insert(&index->entries, &e->node, hash);
    } else {
        uint32_t at = lower_bound(e, row);
        if (at < e->n && entry_rows(e)[at] == row) {
            return;
        }
        entry_insert(e, at, row);
    }
    if (d) {
        derive_touch_key(d, index->space, hash);
    }
}

static void
remove_key(struct index *index, const struct row *row, const union atom *keys, struct derive *d)
{
    uint64_t hash = index_hash(index, keys);
    struct entry *e = find_entry(index, keys, hash);
    uint32_t at = e ? lower_bound(e, row) : 0;
    CHECK(e && at < e->n && entry_rows(e)[at] == row);
    if (e->n == 1) {
        hmap_remove(&index->entries, &e->node);
        entry_free(e);
    } else {
        e->n--;
        memmove(&e->many[at], &e->many[at + 1], (e->n - at) * sizeof *e->many);
    }
    if (d) {
        derive_touch_key(d, index->space, hash);
    }
}

typedef void key_cb(struct index *index, const struct row *row, const union atom *keys, struct derive *d);

static void
for_each_key(struct index *index, const struct row *row, struct derive *d, key_cb *cb)
{
    if (index->n == 1) {
        const struct datum *datum = &row->columns[index->columns[0]];
        for (uint32_t i = 0; i < datum->n; i++) {
            cb(index, row, &datum_keys(datum)[i], d);
        }
        return;
    }
    union atom keys[MAX_COLUMNS];
    for (uint32_t i = 0; i < index->n; i++) {
        const struct datum *datum = &row->columns[index->columns[i]];
        if (!datum->n) {
            return;
        }
        keys[i] = datum_keys(datum)[0];
    }
    cb(index, row, keys, d);
}

void
index_add_row(struct index *index, const struct row *row, struct derive *d)
{
    for_each_key(index, row, d, add_key);
}

void
index_remove_row(struct index *index, const struct row *row, struct derive *d)
{
    for_each_key(index, row, d, remove_key);
}

void
index_before_diff(struct index *index, const struct row *row, const struct datum *diff, struct derive *d)
{
    struct datum_type type = index->types[0];
    const struct datum *datum = &row->columns[index->columns[0]];
    for (uint32_t i = 0; i < diff->n; i++) {
        const union atom *key = &datum_keys(diff)[i];
        uint32_t at = datum_find(datum, key, type.key);
        bool goes = at != UINT32_MAX
                    && (type.value == ATOM_VOID
                        || !atom_cmp(&datum_values(datum)[at], &datum_values(diff)[i], type.value));
        if (goes) {
            remove_key(index, row, key, d);
        }
    }
}

void
index_after_diff(struct index *index, const struct row *row, const struct datum *diff, struct derive *d)
{
    const struct datum *datum = &row->columns[index->columns[0]];
    for (uint32_t i = 0; i < diff->n; i++) {
        const union atom *key = &datum_keys(diff)[i];
        if (datum_find(datum, key, index->types[0].key) != UINT32_MAX) {
            add_key(index, row, key, d);
        }
    }
}

void
index_check_invariants(const struct index *index)
{
    HMAP_FOR_EACH (e, struct entry, node, &index->entries) {
        CHECK(e->n && (e->n == 1 || e->n <= e->capacity));
        for (uint32_t i = 1; i < e->n; i++) {
            CHECK(uuid_cmp(&e->many[i - 1]->uuid, &e->many[i]->uuid) < 0);
        }
    }
}
