/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENT_INDEX_H
#define WEFT_OVSDB_CLIENT_INDEX_H

/* What: an index of a replica: from a key to the rows that have it, sorted by uuid.
 *
 * Why: set and map columns are indexed by each element, so that "who refers to this row?" is a look-up.
 *
 * Invariants: keys are not stored; an entry's key is what its first row has in its columns.  Hence a row is removed from an
 * entry before its columns change and added after. */

#include "lib/base/hmap.h"
#include "ovsdb/client/replica.h"

struct index;

/* Over the columns 'columns' (copied), of the types 'types' (copied), of some table; look-ups are numbered 'space'. */
struct index *index_new(const uint32_t *columns, const struct datum_type *types, uint32_t n, uint16_t space) MUST_USE;
void index_free(struct index *index);

uint64_t index_hash(const struct index *index, const union atom *keys);
/* The rows that have 'keys', whose hash is 'hash'; their number in '*ret_n'. */
const struct row *const *index_find(const struct index *index, const union atom *keys, uint64_t hash, size_t *ret_n);
uint16_t index_space(const struct index *index);

/* Does the index involve one of the columns in the set 'columns' (bit c modulo 32 for column c)? */
bool index_involves(const struct index *index, uint32_t columns);
/* Adds or removes 'row' under all its keys. */
void index_add_row(struct index *index, const struct row *row, struct derive *d);
void index_remove_row(struct index *index, const struct row *row, struct derive *d);
/* For an index of the one column 'column': 'row' is about to change by 'diff' (datum_diff()), or has just changed. */
bool index_is_of(const struct index *index, uint32_t column);
void index_before_diff(struct index *index, const struct row *row, const struct datum *diff, struct derive *d);
void index_after_diff(struct index *index, const struct row *row, const struct datum *diff, struct derive *d);
void index_check_invariants(const struct index *index);

#endif
