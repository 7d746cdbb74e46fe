/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/convert.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "ovsdb/server/grave.h"
#include "ovsdb/server/parse.h"
#include "ovsdb/server/txn.h"

LOG_MODULE(ovsdb_convert);

/* In units of work (convert.h): what an element costs that goes through its JSON, beside one that is taken over. */
enum { JSON_WORK = 16 };

/* Where the columns of a table come from. */
struct table_conversion {
    const struct db_table *from;                             /* NULL: no table yet */
    struct db_table *to;                                     /* NULL: there is no such table any more */
    const struct column *sources[MAX_COLUMNS];               /* by the new index; NULL: not there before */
};

struct conversion {
    const struct database *old;                              /* borrowed */
    struct database *new;                                    /* owned */
    struct txn *txn;                                         /* that inserts all rows; NULL: committed */
    struct database_walk walk;                               /* over the old rows */
    struct table_conversion table;                           /* the one that the walk is in */
    size_t n_work;                                           /* in the last slice */
};

struct conversion *
conversion_new(const struct database *old, struct schema *schema)
{
    struct conversion *c = xcalloc(1, sizeof *c);
    c->old = old;
    c->new = database_new(schema);
    c->new->next_version = old->next_version;                /* so that "_version" never repeats */
    c->txn = txn_begin(c->new);
    return c;
}

static void
begin_table(struct conversion *c, const struct db_table *from)
{
    struct db_table *to = database_table(c->new, from->schema->name);
    c->table = (struct table_conversion) {.from = from, .to = to};
    if (!to) {
        return;
    }
    db_table_reserve(to, from->n_rows);
    for (uint32_t i = COLUMN_FIRST; i < to->schema->n_columns; i++) {
        c->table.sources[i] = table_column(from->schema, to->schema->columns[i].name);
    }
}

/* Whether 'datum' of a column with type 'old' is valid as it is under the type 'new'. */
static bool
fits(const struct datum *datum, const struct column_type *old, const struct column_type *new)
{
    if (old->key.type != new->key.type || old->value.type != new->value.type || datum->n < new->n_min
        || datum->n > new->n_max) {
        return false;
    }
    struct err *e = datum_check_constraints(datum, new);
    err_free(e);
    return !e;
}

/* Stores in '*ret' what 'from' of the column 'old' is in the column 'new'.  By way of JSON, which is what decides. */
static struct err *
convert_datum(const struct column *old, const struct datum *from, const struct column *new, struct cell **ret)
{
    struct datum datum;
    json_t *json = datum_to_json(from, &old->type);
    struct err *e = datum_from_json(&datum, &new->type, json, NULL);
    if (e) {
        e = add_syntax(e, json);
    } else {
        *ret = cell_new(&datum);
    }
    json_decref(json);
    return e;
}

static struct err *
convert_cell(struct conversion *c, const struct image *row, uint32_t i, struct cell **ret)
{
    const struct table *table = c->table.to->schema;
    const struct column *new = &table->columns[i], *old = c->table.sources[i];
    struct cell *cell = row->cells[old->index - COLUMN_FIRST];
    c->n_work += MAX(cell->datum.n, 1U);
    if (fits(&cell->datum, &old->type, &new->type)) {
        *ret = cell_ref(cell);
        return NULL;
    }
    c->n_work += JSON_WORK * (size_t) MAX(cell->datum.n, 1U);
    struct err *e = convert_datum(old, &cell->datum, new, ret);
    if (e) {
        log_warn("%s: table %s row %s column %s: %s", c->new->schema->name, table->name, uuid_text(&row->uuid), new->name,
                 err_detail(e));
    }
    return e;
}

static struct err *
convert_row(struct conversion *c, const struct image *row)
{
    struct db_table *to = c->table.to;
    struct image *image = image_new(to->schema, &row->uuid);
    for (uint32_t i = COLUMN_FIRST; i < to->schema->n_columns; i++) {
        struct cell *cell = NULL;
        struct err *e = c->table.sources[i] ? convert_cell(c, row, i, &cell) : NULL;
        if (e) {
            image_unref(image);
            return e;
        }
        image->cells[i - COLUMN_FIRST] = cell ? cell : cell_ref(to->defaults[i - COLUMN_FIRST]);
    }
    txn_insert(c->txn, to, image);
    return NULL;
}

/* Converts the rows of the next bucket.  Returns whether there was one. */
static bool
convert_bucket(struct conversion *c, struct err **ret)
{
    struct db_table *from;
    struct hmap_node *bucket = database_walk_next(c->old, &c->walk, &from);
    if (!from) {
        return false;
    }
    if (c->table.from != from) {
        begin_table(c, from);
    }
    c->n_work++;
    for (; bucket && c->table.to && !*ret; bucket = bucket->next) {
        c->n_work++;
        *ret = convert_row(c, CONTAINER_OF(bucket, struct row, node)->image);
    }
    return true;
}

bool
conversion_run(struct conversion *c, size_t budget, struct err **ret)
{
    CHECK(c->txn && !c->old->txn);
    *ret = NULL;
    for (c->n_work = 0; c->n_work < budget && convert_bucket(c, ret);) {
        if (*ret) {
            return true;
        }
    }
    bool is_over = c->n_work < budget && txn_commit_slice(c->txn, budget, &c->n_work, ret);
    c->txn = is_over && !*ret ? NULL : c->txn;
    mem_join_freed();                                        /* of the transaction; not after a fork, which makes it dear */
    return is_over;
}

size_t
conversion_work(const struct conversion *c)
{
    return c->n_work;
}

struct database *
conversion_take(struct conversion *c)
{
    struct database *db = c->new;
    free(c);
    return db;
}

struct err *
database_convert(const struct database *old, struct schema *schema, struct database **ret)
{
    struct conversion *c = conversion_new(old, schema);
    struct err *e;
    bool is_over = conversion_run(c, SIZE_MAX, &e);
    CHECK(is_over);
    struct database *db = conversion_take(c);
    if (e) {
        database_discard(db);
        return e;
    }
    *ret = db;
    return NULL;
}
