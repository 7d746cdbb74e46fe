/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/row_set.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"

struct element {
    struct hmap_node node;
    const struct image *image;
};

void
row_set_init(struct row_set *set, uint64_t columns)
{
    set->columns = columns;
    hmap_init(&set->rows);
}

void
row_set_fini(struct row_set *set)
{
    HMAP_FOR_EACH_SAFE (element, struct element, node, &set->rows) {
        free(element);
    }
    hmap_fini(&set->rows);
}

static uint64_t
hash_row(const struct row_set *set, const struct image *image)
{
    uint64_t hash = 0;
    for (uint64_t columns = set->columns; columns; columns &= columns - 1) {
        uint32_t i = (uint32_t) __builtin_ctzll(columns);
        struct datum scratch;
        hash = hash_add64(hash, datum_hash(image_datum(image, i, &scratch),
                                           column_datum_type(&image->schema->columns[i].type)));
    }
    return hash;
}

static bool
looks_same(const struct row_set *set, const struct image *a, const struct image *b)
{
    for (uint64_t columns = set->columns; columns; columns &= columns - 1) {
        uint32_t i = (uint32_t) __builtin_ctzll(columns);
        struct datum x, y;
        if (!datum_eq(image_datum(a, i, &x), image_datum(b, i, &y), column_datum_type(&a->schema->columns[i].type))) {
            return false;
        }
    }
    return true;
}

static bool
contains(const struct row_set *set, const struct image *image, uint64_t hash)
{
    HMAP_FOR_EACH_WITH_HASH (element, struct element, node, hash, &set->rows) {
        if (looks_same(set, element->image, image)) {
            return true;
        }
    }
    return false;
}

bool
row_set_add(struct row_set *set, const struct image *image)
{
    uint64_t hash = hash_row(set, image);
    if (contains(set, image, hash)) {
        return false;
    }
    struct element *element = xmalloc(sizeof *element);
    element->image = image;
    hmap_insert(&set->rows, &element->node, hash);
    return true;
}

bool
row_set_contains(const struct row_set *set, const struct image *image)
{
    return contains(set, image, hash_row(set, image));
}
