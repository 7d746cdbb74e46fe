/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_ROW_INDEX_H
#define WEFT_OVSDB_SERVER_ROW_INDEX_H

/* What: a hash multimap from the values of some columns to the rows that have them.
 *
 * Why: the schema's unique indexes, and equality conditions on a column that clients name again and again,
 * must not scan the table.
 *
 * Owns: its arrays; rows are borrowed.  It does not watch rows: whoever changes a row's image removes it
 * under the old image and adds it under the new one.
 * Cost: 20 bytes a row.  Adding is O(1); removing walks the rows of equal hash, so an index over few distinct
 * values is a bad one: 'longest_walk' tells. */

#include "ovsdb/server/image.h"

struct row;

struct row_index {
    uint32_t *columns;                                       /* owned */
    uint32_t n_columns;
    uint32_t *buckets;                                       /* n_buckets; position in 'nodes' + 1, or 0 */
    uint32_t n_buckets;                                      /* a power of two */
    struct row_index_node *nodes;
    uint32_t n_nodes, capacity;                              /* nodes ever used, including free ones */
    uint32_t first_free;                                     /* position + 1, or 0 */
    uint32_t n;                                              /* rows in it */
    uint32_t longest_walk;                                   /* of any removal so far */
};
struct row_index_node {
    struct row *row;
    uint32_t hash;
    uint32_t next;                                           /* position + 1, or 0 */
};

void row_index_init(struct row_index *index, const uint32_t *columns, uint32_t n_columns);
void row_index_reserve(struct row_index *index, size_t n);     /* so that adding 'n' rows moves none */
void row_index_fini(struct row_index *index);
uint32_t row_index_hash_image(const struct row_index *index, const struct image *image);
uint32_t row_index_hash_datum(const struct row_index *index, const struct column *column, const struct datum *datum);
void row_index_add(struct row_index *index, struct row *row, const struct image *image);
/* The same for who knows the hash of the image. */
void row_index_add_hashed(struct row_index *index, struct row *row, uint32_t hash);
void row_index_remove(struct row_index *index, struct row *row, const struct image *image);

/* Visits the rows whose hash is 'hash': start with '*cursor' = 0; NULL at the end.  Compare the values.
 * The index must not change while walking. */
struct row *row_index_next(const struct row_index *index, uint32_t hash, uint32_t *cursor);

#endif
