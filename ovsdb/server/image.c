/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/image.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"

MEM_TYPE(cell, "shared cells");
MEM_TYPE(image, "row images");

struct cell *
cell_new(struct datum *datum)
{
    struct cell *cell = xmalloc(sizeof *cell);
    cell->refs = 1;
    datum_init_empty(&cell->datum);
    datum_swap(&cell->datum, datum);
    mem_add(&mem_cell, 1);
    return cell;
}

void
cell_unref(struct cell *cell, struct datum_type type)
{
    if (!cell) {
        return;
    }
    CHECK(cell->refs > 0);
    if (!--cell->refs) {
        datum_fini(&cell->datum, type);
        free(cell);
        mem_add(&mem_cell, -1);
    }
}

void
cell_cache_init(struct cell_cache *cache)
{
    cache->slots = NULL;
    cache->columns = NULL;
}

void
cell_cache_fini(struct cell_cache *cache, const struct table *schema)
{
    for (size_t i = 0; cache->slots && i < CELL_CACHE_SLOTS; i++) {
        if (cache->slots[i]) {
            cell_unref(cache->slots[i], column_datum_type(&schema->columns[cache->columns[i]].type));
        }
    }
    free(cache->slots);
    free(cache->columns);
    cell_cache_init(cache);
}

/* Large values are rarely equal, and hashing and comparing them is not free. */
enum { CACHED_ELEMENTS_MAX = 4 };

struct cell *
cell_cache_get(struct cell_cache *cache, const struct column *column, struct datum *datum)
{
    struct datum_type type = column_datum_type(&column->type);
    if (datum->n > CACHED_ELEMENTS_MAX) {
        return cell_new(datum);
    }
    if (!cache->slots) {
        cache->slots = xcalloc(CELL_CACHE_SLOTS, sizeof *cache->slots);
        cache->columns = xcalloc(CELL_CACHE_SLOTS, sizeof *cache->columns);
    }
    size_t i = (datum_hash(datum, type) + column->index * 37) % CELL_CACHE_SLOTS;
    struct cell *found = cache->slots[i];
    if (found && cache->columns[i] == column->index && datum_eq(&found->datum, datum, type)) {
        datum_fini(datum, type);
        datum_init_empty(datum);
        return cell_ref(found);
    }
    struct cell *cell = cell_new(datum);
    if (found) {
        cell_unref(found, column_datum_type(&(column - column->index + cache->columns[i])->type));
    }
    cache->slots[i] = cell_ref(cell);
    cache->columns[i] = column->index;
    return cell;
}

struct image *
image_new(const struct table *schema, const struct uuid *uuid)
{
    uint32_t n = image_n_cells(schema);
    struct image *image = xcalloc(1, sizeof *image + n * sizeof image->cells[0]);
    image->refs = 1;
    image->uuid = *uuid;
    image->schema = schema;
    mem_add(&mem_image, 1);
    return image;
}

struct image *
image_clone(const struct image *image)
{
    struct image *copy = image_new(image->schema, &image->uuid);
    copy->version = image->version;
    for (uint32_t i = 0; i < image_n_cells(image->schema); i++) {
        copy->cells[i] = cell_ref(image->cells[i]);
    }
    return copy;
}

void
image_unref(struct image *image)
{
    if (!image) {
        return;
    }
    CHECK(image->refs > 0);
    if (--image->refs) {
        return;
    }
    for (uint32_t i = 0; i < image_n_cells(image->schema); i++) {
        cell_unref(image->cells[i], column_datum_type(&image->schema->columns[i + COLUMN_FIRST].type));
    }
    free(image);
    mem_add(&mem_image, -1);
}

void
image_set(struct image *image, uint32_t column, struct cell *cell)
{
    CHECK(image->refs == 1 && column >= COLUMN_FIRST);
    struct cell **slot = &image->cells[column - COLUMN_FIRST];
    cell_unref(*slot, column_datum_type(&image->schema->columns[column].type));
    *slot = cell;
}

const struct datum *
image_find_datum(const struct image *image, const char *name, enum atom_type key, enum atom_type value)
{
    const struct column *column = table_column(image->schema, name);
    if (!column || column->index < COLUMN_FIRST || column->type.key.type != key || column->type.value.type != value) {
        return NULL;
    }
    return &image->cells[column->index - COLUMN_FIRST]->datum;
}

/* A version's uuid is made of its serial number and the row's uuid: distinct for each, made when asked for. */
static struct uuid
version_uuid(const struct image *image)
{
    uint64_t words[2];
    memcpy(words, image->uuid.b, sizeof words);
    words[0] = hash_mix64(words[0] + image->version);
    words[1] = hash_mix64(words[1] ^ (image->version << 1));
    struct uuid uuid;
    memcpy(uuid.b, words, sizeof uuid.b);
    uuid.b[6] = (uint8_t) ((uuid.b[6] & 0x0f) | 0x40);
    uuid.b[8] = (uint8_t) ((uuid.b[8] & 0x3f) | 0x80);
    return uuid;
}

const struct datum *
image_datum(const struct image *image, uint32_t column, struct datum *scratch)
{
    if (column >= COLUMN_FIRST) {
        return &image->cells[column - COLUMN_FIRST]->datum;
    }
    struct uuid uuid = column == COLUMN_UUID ? image->uuid : version_uuid(image);
    datum_init_uuid(scratch, &uuid);
    return scratch;
}

size_t
image_n_elements(const struct image *image)
{
    size_t n = 0;
    for (uint32_t i = 0; i < image_n_cells(image->schema); i++) {
        n += MAX(image->cells[i]->datum.n, 1U);
    }
    return n;
}

uint64_t
image_changed_columns(const struct image *a, const struct image *b)
{
    const struct table *schema = a ? a->schema : b->schema;
    uint64_t changed = 0;
    for (uint32_t i = COLUMN_FIRST; i < schema->n_columns; i++) {
        if (!a || !b || image_cell_changed(a, b, i)) {
            changed |= UINT64_C(1) << i;
        }
    }
    return changed;
}

bool
image_eq(const struct image *a, const struct image *b)
{
    return !image_changed_columns(a, b);
}
