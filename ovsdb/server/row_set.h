/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_ROW_SET_H
#define WEFT_OVSDB_SERVER_ROW_SET_H

/* What: a set of rows as they are seen through some columns.
 *
 * Why: "select" returns no row twice (RFC 7047, section 5.2.2), and "wait" compares rows as sets (5.2.6).
 *
 * Owns: its own memory; the images are the caller's and live as long as the set.
 * Cost: O(1) expected for each operation, and the hash of the columns. */

#include "lib/base/hmap.h"
#include "ovsdb/server/image.h"

struct row_set {
    uint64_t columns;                                        /* bit i: column i, implicit columns included */
    struct hmap rows;
};

void row_set_init(struct row_set *set, uint64_t columns);
void row_set_fini(struct row_set *set);
bool row_set_add(struct row_set *set, const struct image *image);    /* false if one like it is there already */
bool row_set_contains(const struct row_set *set, const struct image *image);
static inline size_t row_set_count(const struct row_set *set) { return hmap_count(&set->rows); }

#endif
