/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_HISTORY_H
#define WEFT_OVSDB_SERVER_HISTORY_H

/* What: the deltas of the last commits, found by the txn id that names the state before or after them.
 * Owns: a reference to each delta.
 * Invariants: positions count commits from 1 on; the history holds the deltas of positions
 * (last - n, last]. */

#include "lib/base/hmap.h"
#include "ovsdb/server/delta.h"

struct history {
    struct hmap by_id;                                       /* struct history_entry */
    struct history_entry **ring;                             /* 'size' slots; position p is at p % size */
    size_t size, n;
    uint64_t last;                                           /* position of the newest, or of the start */
    size_t bytes;                                            /* about what old images cost */
    struct uuid base_id;                                     /* names the state at position last - n */
};

void history_init(struct history *history, size_t max_deltas);           /* the start gets a random name */
void history_fini(struct history *history);
/* Before history_fini(): frees changes until '*n_work' has reached 'budget'.  Returns whether there are none left. */
bool history_empty_slice(struct history *history, size_t budget, size_t *n_work) MUST_USE;
/* Adds 'delta' (referenced) and forgets the oldest while old images cost more than 'max_bytes'. */
void history_add(struct history *history, struct delta *delta, size_t max_bytes);
/* Gives the state now, before the first delta, a name. */
void history_name_start(struct history *history, const struct uuid *txn_id);
/* The position of the state named 'txn_id', if everything after it is here. */
bool history_find(const struct history *history, const struct uuid *txn_id, uint64_t *ret_position);
const struct uuid *history_last_id(const struct history *history);       /* names the state now */
bool history_reaches(const struct history *history, uint64_t position);
/* The net effect of all commits after 'position' (a reference), or NULL if there are none. */
struct delta *history_since(const struct history *history, uint64_t position) MUST_USE;

#endif
