/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_IMAGE_H
#define WEFT_OVSDB_SERVER_IMAGE_H

/* What: cells and images: the immutable content of rows.  A cell is one counted datum; an image is one
 * version of a row: its uuid, its version number and one cell per column.
 *
 * Why: a commit replaces images instead of changing them, so that the same bytes serve the table, the log,
 * every monitor, the history and a running snapshot without copying; an unchanged column of two versions is
 * the same pointer, and undoing a commit is putting the old pointers back.
 *
 * Owns: an image owns one reference to each of its cells.  Cells are immutable once shared.
 * Invariants: cells[i] belongs to column i + COLUMN_FIRST and is never NULL in a finished image.
 * Cost: 40 bytes an image and 8 a column; 32 bytes a cell, shared between rows where a cell cache is used. */

#include "ovsdb/model/schema.h"

struct cell {
    uint32_t refs;
    struct datum datum;
};

struct image {
    uint32_t refs;
    uint64_t version;                                        /* serial; "_version" is made of it */
    struct uuid uuid;
    const struct table *schema;                              /* outlives the image */
    struct cell *cells[];                                    /* schema->n_columns - COLUMN_FIRST */
};

struct cell *cell_new(struct datum *datum /* moved */) MUST_USE;
static inline struct cell *cell_ref(struct cell *cell) { cell->refs++; return cell; }
void cell_unref(struct cell *cell, struct datum_type type);

/* Remembers recently made cells, so that equal values of one column share one cell. */
struct cell_cache {
    struct cell **slots;                                     /* CELL_CACHE_SLOTS, each NULL or a reference */
    uint32_t *columns;                                       /* whose value the slot holds */
};
enum { CELL_CACHE_SLOTS = 256 };
void cell_cache_init(struct cell_cache *cache);
void cell_cache_fini(struct cell_cache *cache, const struct table *schema);
/* A reference to a cell that holds 'datum' (moved) for column 'column'. */
struct cell *cell_cache_get(struct cell_cache *cache, const struct column *column, struct datum *datum) MUST_USE;

static inline uint32_t image_n_cells(const struct table *schema) { return schema->n_columns - COLUMN_FIRST; }

/* A new image with no cells set yet; the caller sets all of them. */
struct image *image_new(const struct table *schema, const struct uuid *uuid) MUST_USE;
/* A copy that shares every cell; refs 1. */
struct image *image_clone(const struct image *image) MUST_USE;
static inline struct image *image_ref(struct image *image) { image->refs++; return image; }
void image_unref(struct image *image);                       /* NULL is fine */
/* Replaces the cell of 'column' (takes the reference 'cell').  'image' must not be shared. */
void image_set(struct image *image, uint32_t column, struct cell *cell);

/* The datum of 'column', implicit columns included; these are built in '*scratch', which owns nothing. */
const struct datum *image_datum(const struct image *image, uint32_t column, struct datum *scratch);
/* The datum of the column 'name', if the table has it with keys of 'key' (and values of 'value'); else NULL. */
const struct datum *image_find_datum(const struct image *image, const char *name, enum atom_type key,
                                     enum atom_type value);

size_t image_n_elements(const struct image *image);          /* of all its cells; an empty one counts as one */

static inline bool image_cell_changed(const struct image *a, const struct image *b, uint32_t column)
{
    const struct cell *x = a->cells[column - COLUMN_FIRST], *y = b->cells[column - COLUMN_FIRST];
    const struct column *c = &a->schema->columns[column];
    return x != y && !datum_eq(&x->datum, &y->datum, column_datum_type(&c->type));
}
/* Bit i is set where column i differs (never the implicit columns).  Either may be NULL: then all are. */
uint64_t image_changed_columns(const struct image *a, const struct image *b);
bool image_eq(const struct image *a, const struct image *b); /* in all columns but the implicit ones */

#endif
