/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_DELTA_H
#define WEFT_OVSDB_SERVER_DELTA_H

/* What: a delta: what one commit changed, as pairs of an old and a new image.
 *
 * Why: storage, monitors, the history, waiting transactions and undo all consume this one immutable value.
 *
 * Owns: a delta owns one reference to each of its images.  It is counted.
 * Invariants: changes are grouped by table, tables ascending; a row appears at most once; old and new are
 * never both NULL and never equal. */

#include "lib/base/uuid.h"
#include "ovsdb/server/image.h"

struct change {
    struct image *old;                                       /* NULL: inserted */
    struct image *new;                                       /* NULL: deleted */
};
static inline const struct table *change_table(const struct change *c) { return (c->new ? c->new : c->old)->schema; }
static inline const struct uuid *change_uuid(const struct change *c) { return &(c->new ? c->new : c->old)->uuid; }

struct delta {
    uint32_t refs;
    struct uuid txn_id;                                      /* names the state after it */
    char *comment;                                           /* owned; NULL for none */
    uint64_t tables;                                         /* bit (index % 64) of each table it touches */
    size_t n;
    struct change changes[];
};

/* 'changes' with their references are moved in, in any order. */
struct delta *delta_new(struct change *changes, size_t n, const char *comment) MUST_USE;
static inline struct delta *delta_ref(struct delta *delta) { delta->refs++; return delta; }
void delta_unref(struct delta *delta);
/* If the last reference is to go next: frees the last 'n' changes, or as many as there are, and returns how many. */
size_t delta_shrink(struct delta *delta, size_t n);

/* The net effect of 'n' successive deltas, named as the last one; n > 0. */
struct delta *delta_merge(struct delta *const *deltas, size_t n) MUST_USE;
static inline uint64_t delta_table_bit(const struct table *table) { return UINT64_C(1) << (table->index % 64); }

#endif
