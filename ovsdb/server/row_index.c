/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/row_index.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"

enum { MIN_BUCKETS = 16 };

void
row_index_init(struct row_index *index, const uint32_t *columns, uint32_t n_columns)
{
    CHECK(n_columns > 0);
    *index = (struct row_index) {
        .columns = xmemdup(columns, n_columns * sizeof *columns),
        .n_columns = n_columns,
        .buckets = xcalloc(MIN_BUCKETS, sizeof *index->buckets),
        .n_buckets = MIN_BUCKETS,
    };
}

void
row_index_fini(struct row_index *index)
{
    free(index->columns);
    free(index->buckets);
    free(index->nodes);
    *index = (struct row_index) {0};
}

static uint32_t
fold(uint64_t hash)
{
    return (uint32_t) (hash ^ hash >> 32);
}

uint32_t
row_index_hash_datum(const struct row_index *index, const struct column *column, const struct datum *datum)
{
    CHECK(index->n_columns == 1 && index->columns[0] == column->index);
    return fold(hash_add64(0, datum_hash(datum, column_datum_type(&column->type))));
}

uint32_t
row_index_hash_image(const struct row_index *index, const struct image *image)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < index->n_columns; i++) {
        struct datum scratch;
        uint32_t column = index->columns[i];
        const struct datum *datum = image_datum(image, column, &scratch);
        hash = hash_add64(hash, datum_hash(datum, column_datum_type(&image->schema->columns[column].type)));
    }
    return fold(hash);
}

static void
set_n_buckets(struct row_index *index, uint32_t n_buckets)
{
    uint32_t *buckets = xcalloc(n_buckets, sizeof *buckets);
    for (uint32_t i = 0; i < index->n_nodes; i++) {
        struct row_index_node *node = &index->nodes[i];
        if (node->row) {
            uint32_t *bucket = &buckets[node->hash & (n_buckets - 1)];
            node->next = *bucket;
            *bucket = i + 1;
        }
    }
    free(index->buckets);
    index->buckets = buckets;
    index->n_buckets = n_buckets;
}

void
row_index_reserve(struct row_index *index, size_t n)
{
    uint32_t n_buckets = index->n_buckets;
    while (n_buckets < n && n_buckets <= UINT32_MAX / 4) {
        n_buckets *= 2;
    }
    if (n_buckets != index->n_buckets) {
        set_n_buckets(index, n_buckets);
    }
}

static uint32_t
allocate_node(struct row_index *index)
{
    if (index->first_free) {
        uint32_t position = index->first_free - 1;
        index->first_free = index->nodes[position].next;
        return position;
    }
    if (index->n_nodes == index->capacity) {
        size_t capacity = index->capacity;
        index->nodes = xgrow(index->nodes, &capacity, sizeof *index->nodes);
        index->capacity = (uint32_t) capacity;
    }
    return index->n_nodes++;
}

void
row_index_add(struct row_index *index, struct row *row, const struct image *image)
{
    row_index_add_hashed(index, row, row_index_hash_image(index, image));
}

void
row_index_add_hashed(struct row_index *index, struct row *row, uint32_t hash)
{
    if (index->n >= index->n_buckets) {
        set_n_buckets(index, index->n_buckets * 2);
    }
    uint32_t position = allocate_node(index);
    uint32_t *bucket = &index->buckets[hash & (index->n_buckets - 1)];
    index->nodes[position] = (struct row_index_node) {.row = row, .hash = hash, .next = *bucket};
    *bucket = position + 1;
    index->n++;
}

void
row_index_remove(struct row_index *index, struct row *row, const struct image *image)
{
    uint32_t hash = row_index_hash_image(index, image);
    uint32_t walked = 0;
    for (uint32_t *link = &index->buckets[hash & (index->n_buckets - 1)]; *link;) {
        uint32_t position = *link - 1;
        struct row_index_node *node = &index->nodes[position];
        if (node->row == row) {
            *link = node->next;
            *node = (struct row_index_node) {.next = index->first_free};
            index->first_free = position + 1;
            index->n--;
            index->longest_walk = MAX(index->longest_walk, walked);
            return;
        }
        walked++;
        link = &node->next;
    }
    CHECK(!"the row is in the index");
}

struct row *
row_index_next(const struct row_index *index, uint32_t hash, uint32_t *cursor)
{
    uint32_t link = *cursor ? index->nodes[*cursor - 1].next : index->buckets[hash & (index->n_buckets - 1)];
    for (; link; link = index->nodes[link - 1].next) {
        if (index->nodes[link - 1].hash == hash) {
            *cursor = link;
            return index->nodes[link - 1].row;
        }
    }
    return NULL;
}
