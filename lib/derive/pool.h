/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_DERIVE_POOL_H
#define WEFT_DERIVE_POOL_H

/* What: a pool of numbers (tunnel keys, conntrack zones), assigned to names and kept.
 *
 * Why: assignments are state, not derived: they survive restarts by adopting what the database or the switch
 * already holds, and never move while they are valid.
 *
 * Owns: copies of the names.
 * Invariants: a name has at most one number, a number at most one name; numbers lie in [min, max].
 * Cost: O(1) to find; assigning takes the lowest number after the last one assigned (so that numbers just freed
 * rest for a while), O(1) amortised. */

#include "lib/base/str.h"

struct pool;

struct pool *pool_new(uint32_t min, uint32_t max) MUST_USE;  /* 'min' is at least 1: 0 says "none" */
void pool_free(struct pool *pool);
/* Gives 'name' the number 'wanted'.  False (and nothing changed) if it is taken by another name or out of
 * range.  A number that 'name' had before is freed. */
bool pool_adopt(struct pool *pool, struct str name, uint32_t wanted);
/* The number of 'name', assigning one if it has none: 'preferred' if that is free (0: none).  0 when the pool is
 * exhausted. */
uint32_t pool_assign(struct pool *pool, struct str name, uint32_t preferred);
uint32_t pool_find(const struct pool *pool, struct str name);            /* 0 if it has none */
struct str pool_name(const struct pool *pool, uint32_t number);          /* empty (s NULL) if free */
void pool_release(struct pool *pool, struct str name);       /* no effect if it has none */
size_t pool_count(const struct pool *pool);

#endif
