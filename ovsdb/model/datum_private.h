/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_DATUM_PRIVATE_H
#define WEFT_OVSDB_MODEL_DATUM_PRIVATE_H

/* What: what the files of this folder share about the inside of a datum. */

#include "ovsdb/model/datum.h"

static inline union atom *datum_keys_rw(struct datum *d) { return d->is_inline ? &d->one : d->keys; }
static inline union atom *datum_values_rw(struct datum *d) { return d->is_inline ? NULL : d->values; }

/* Makes 'datum' a set or map of 'n' elements whose atoms the caller fills in before anything else. */
void datum_alloc(struct datum *datum, uint32_t n, bool is_map);
/* Frees the array, not the atoms in it, and leaves 'datum' empty. */
void datum_release(struct datum *datum);
/* Sorts the elements by key.  Returns false if two keys are equal. */
bool datum_sort(struct datum *datum, struct datum_type type);
/* The position, 'low' or above, of the first key that is not less than 'key'; 'datum->n' if there is none.
 * Keys below 'low' are not looked at. */
uint32_t datum_lower_bound(const struct datum *datum, uint32_t low, const union atom *key, enum atom_type key_type);

#endif
