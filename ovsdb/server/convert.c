/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/convert.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "ovsdb/server/parse.h"
#include "ovsdb/server/txn.h"

LOG_MODULE(ovsdb_convert);

/* Where the columns of a table come from. */
struct table_conversion {
    const struct db_table *from;
    struct db_table *to;
    const struct column *sources[MAX_COLUMNS];               /* by the new index; NULL: not there before */
};

static void
table_conversion_init(struct table_conversion *c, const struct db_table *from, struct db_table *to)
{
    *c = (struct table_conversion) {.from = from, .to = to};
    for (uint32_t i = COLUMN_FIRST; i < to->schema->n_columns; i++) {
        c->sources[i] = table_column(from->schema, to->schema->columns[i].name);
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
convert_cell(const struct table_conversion *c, const struct image *row, uint32_t i, struct cell **ret)
{
    const struct column *new = &c->to->schema->columns[i], *old = c->sources[i];
    struct cell *cell = row->cells[old->index - COLUMN_FIRST];
    if (fits(&cell->datum, &old->type, &new->type)) {
        *ret = cell_ref(cell);
        return NULL;
    }
    struct err *e = convert_datum(old, &cell->datum, new, ret);
    if (e) {
        log_warn("%s: table %s row %s column %s: %s", c->to->db->schema->name, c->to->schema->name,
                 uuid_text(&row->uuid), new->name, err_detail(e));
    }
    return e;
}

static struct err *
convert_row(struct txn *txn, const struct table_conversion *c, const struct image *row)
{
    const struct table *schema = c->to->schema;
    struct image *image = image_new(schema, &row->uuid);
    for (uint32_t i = COLUMN_FIRST; i < schema->n_columns; i++) {
        struct cell *cell = NULL;
        struct err *e = c->sources[i] ? convert_cell(c, row, i, &cell) : NULL;
        if (e) {
            image_unref(image);
            return e;
        }
        image->cells[i - COLUMN_FIRST] = cell ? cell : cell_ref(c->to->defaults[i - COLUMN_FIRST]);
    }
    txn_insert(txn, c->to, image);
    return NULL;
}

static struct err *
convert_table(struct txn *txn, const struct table_conversion *c)
{
    DB_TABLE_FOR_EACH (row, c->from) {
        struct err *e = convert_row(txn, c, row->image);
        if (e) {
            return e;
        }
    }
    return NULL;
}

struct err *
database_convert(const struct database *old, struct schema *schema, struct database **ret)
{
    struct database *new = database_new(schema);
    new->next_version = old->next_version;                   /* so that "_version" never repeats */
    struct txn *txn = txn_begin(new);
    struct err *e = NULL;
    for (uint32_t i = 0; i < old->schema->n_tables && !e; i++) {
        struct table_conversion c;
        struct db_table *to = database_table(new, old->schema->tables[i].name);
        if (to) {
            table_conversion_init(&c, &old->tables[i], to);
            e = convert_table(txn, &c);
        }
    }
    if (e) {
        txn_abort(txn);
    } else {
        struct delta *delta = NULL;
        e = txn_commit(txn, &delta);
        delta_unref(delta);
    }
    if (e) {
        database_free(new);
        return e;
    }
    *ret = new;
    return NULL;
}
