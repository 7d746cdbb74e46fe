/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/updates.h"

#include <stdlib.h>

#include "lib/base/vec.h"
#include "ovsdb/model/datum_scan.h"

/* What the columns in an update mean. */
enum content {
    CONTENT_WHOLE,                                           /* all; what is missing is at its default */
    CONTENT_NEW,                                             /* new values of some */
    CONTENT_DIFF,                                            /* differences of some: datum_diff_column() */
};

/* One table's part of an update. */
struct reader {
    const struct updates *updates;
    struct db_table *table;
    struct json_scan *scan;
    struct string_cache *strings;
    VEC(struct row *) mentioned;                             /* of a snapshot: rows that were here and stay */
};

static struct err *
read_cell(const struct reader *r, const struct column *column, struct cell *old, enum content content,
          struct cell **ret)
{
    struct datum datum;
    struct err *e = datum_scan(r->scan, r->strings, &column->type, content != CONTENT_DIFF, &datum);
    if (e) {
        return err_wrap(e, "column %s", column->name);
    }
    if (content == CONTENT_DIFF) {
        struct datum value;
        datum_clone(&value, &old->datum, column_datum_type(&column->type));
        datum_apply_diff_column(&value, &datum, &column->type);
        datum_fini(&datum, column_datum_type(&column->type));
        datum = value;
        if (datum.n < column->type.n_min || datum.n > column->type.n_max) {
            datum_fini(&datum, column_datum_type(&column->type));
            return err_tagged("constraint violation", "column %s: a difference that does not fit", column->name);
        }
    }
    *ret = cell_cache_get(&r->table->cache, column, &datum);
    return NULL;
}

/* Steps to the next column that matters.  '*ret' is NULL at the end. */
static struct err *
next_column(const struct reader *r, uint64_t *given, const struct column **ret)
{
    *ret = NULL;
    for (struct str name; json_scan_member(r->scan, &name);) {
        if (str_is(name, "_version") || str_is(name, "_uuid")) {
            json_scan_skip(r->scan);
            continue;
        }
        char *text = str_dup(name);
        const struct column *column = table_column(r->table->schema, text);
        free(text);
        if (!column) {
            return err_tagged("syntax error", "no column " STR_FMT, STR_ARG(name));
        }
        if (*given & UINT64_C(1) << column->index) {
            return err_tagged("syntax error", "column %s is given twice", column->name);
        }
        *given |= UINT64_C(1) << column->index;
        *ret = column;
        return NULL;
    }
    return json_scan_error(r->scan);
}

static struct err *
insert_row(const struct reader *r, const struct uuid *uuid)
{
    struct db_table *table = r->table;
    struct image *image = db_table_default_image(table, uuid);
    uint64_t given = 0;
    const struct column *column = NULL;
    struct err *e;
    while (!(e = next_column(r, &given, &column)) && column) {
        struct cell *cell = NULL;
        e = read_cell(r, column, NULL, CONTENT_NEW, &cell);
        if (e) {
            break;
        }
        image_set(image, column->index, cell);
    }
    if (!e && !txn_uuid_is_free(table, uuid)) {
        e = err_tagged("duplicate uuid", "a row that was deleted comes again");
    }
    if (e) {
        image_unref(image);
        return e;
    }
    txn_insert(r->updates->txn, table, image);
    return NULL;
}

/* Takes 'cell'. */
static void
set_cell(const struct reader *r, struct row *row, const struct column *column, struct cell *cell)
{
    struct datum_type type = column_datum_type(&column->type);
    const struct cell *old = row->image->cells[column->index - COLUMN_FIRST];
    if (cell == old || datum_eq(&cell->datum, &old->datum, type)) {
        cell_unref(cell, type);
    } else {
        txn_set(r->updates->txn, r->table, row, column->index, cell);
    }
}

static struct err *
change_row(const struct reader *r, struct row *row, enum content content)
{
    uint64_t given = 0;
    const struct column *column;
    struct err *e;
    while (!(e = next_column(r, &given, &column)) && column) {
        struct cell *cell = NULL;
        e = read_cell(r, column, row->image->cells[column->index - COLUMN_FIRST], content, &cell);
        if (e) {
            return e;
        }
        set_cell(r, row, column, cell);
    }
    for (uint32_t i = COLUMN_FIRST; !e && content == CONTENT_WHOLE && i < r->table->schema->n_columns; i++) {
        if (!(given & UINT64_C(1) << i)) {
            set_cell(r, row, &r->table->schema->columns[i], cell_ref(r->table->defaults[i - COLUMN_FIRST]));
        }
    }
    return e;
}

/* A row as a whole, which may be here already. */
static struct err *
put_row(struct reader *r, const struct uuid *uuid)
{
    struct row *row = db_table_row(r->table, uuid);
    if (!row) {
        return insert_row(r, uuid);
    }
    if (r->updates->is_snapshot) {
        vec_push(&r->mentioned, row);
    }
    return change_row(r, row, CONTENT_WHOLE);
}

/* The row that is to change or go.  '*ret' is NULL if it may be overlooked. */
static struct err *
find_row(const struct reader *r, const struct uuid *uuid, struct row **ret)
{
    *ret = db_table_row(r->table, uuid);
    return *ret || !r->table->schema->is_root ? NULL : err_tagged("unknown row", "it is not here");
}

static struct err *
modify_row(const struct reader *r, const struct uuid *uuid, enum content content)
{
    struct row *row;
    struct err *e = find_row(r, uuid, &row);
    if (!e && row) {
        e = change_row(r, row, content);
    } else if (!e) {
        for (struct str name; json_scan_member(r->scan, &name);) {
            json_scan_skip(r->scan);
        }
    }
    return e;
}

static struct err *
delete_row(const struct reader *r, const struct uuid *uuid)
{
    struct row *row;
    struct err *e = find_row(r, uuid, &row);
    if (!e && row) {
        txn_delete(r->updates->txn, r->table, row);
    }
    return e;
}

/* One <row-update>: {"old":...,"new":...} in any order. */
static struct err *
read_row_v1(struct reader *r, const struct uuid *uuid)
{
    struct json_scan *scan = r->scan;
    bool has_old = false;
    const char *new_at = NULL;
    json_scan_object(scan);
    for (struct str name; json_scan_member(scan, &name);) {
        char first = json_scan_peek(scan);
        if (str_is(name, "new") && first == '{') {
            new_at = scan->p;
        } else if (str_is(name, "old") && first == '{') {
            has_old = true;
        } else {
            return err_tagged("syntax error", "not \"old\" or \"new\" with a row");
        }
        json_scan_skip(scan);
    }
    struct err *e = json_scan_error(scan);
    if (e || !new_at) {
        return e ? e : has_old ? delete_row(r, uuid) : err_tagged("syntax error", "neither \"old\" nor \"new\"");
    }
    const char *end = scan->p;
    scan->p = new_at;
    json_scan_object(scan);
    e = has_old ? modify_row(r, uuid, CONTENT_NEW) : put_row(r, uuid);
    scan->p = end;
    return e;
}

/* One <row-update2>, of which only the first member counts. */
static struct err *
read_row_v2(struct reader *r, const struct uuid *uuid)
{
    struct json_scan *scan = r->scan;
    struct str kind;
    json_scan_object(scan);
    if (!json_scan_member(scan, &kind)) {
        return err_tagged("syntax error", "an update of no kind");
    }
    bool is_whole = str_is(kind, "initial") || str_is(kind, "insert"), is_modify = str_is(kind, "modify");
    struct err *e;
    if (str_is(kind, "delete")) {
        json_scan_skip(scan);
        e = delete_row(r, uuid);
    } else if ((is_whole || is_modify) && json_scan_peek(scan) == '{') {
        json_scan_object(scan);
        e = is_whole ? put_row(r, uuid) : modify_row(r, uuid, CONTENT_DIFF);
    } else {
        e = err_tagged("syntax error", "not an update of a kind that is known");
    }
    for (struct str name; !e && json_scan_member(scan, &name);) {
        json_scan_skip(scan);
    }
    return e;
}

static int
row_cmp(const void *a_, const void *b_)
{
    const struct row *a = *(struct row *const *) a_, *b = *(struct row *const *) b_;
    return a < b ? -1 : a > b;
}

/* Deletes the rows that were here before and that the snapshot does not mention. */
static void
delete_others(struct reader *r)
{
    VEC(struct row *) others = {0};
    if (r->mentioned.n) {
        qsort(r->mentioned.d, r->mentioned.n, sizeof *r->mentioned.d, row_cmp);
    }
    DB_TABLE_FOR_EACH (row, r->table) {
        bool is_new = row->txn_row && !row->txn_row->old;
        if (!is_new && !(r->mentioned.n && bsearch(&row, r->mentioned.d, r->mentioned.n, sizeof row, row_cmp))) {
            vec_push(&others, row);
        }
    }
    for (size_t i = 0; i < others.n; i++) {
        txn_delete(r->updates->txn, r->table, others.d[i]);
    }
    vec_fini(&others);
}

static struct err *
read_table(const struct updates *u, struct db_table *table, struct json_scan *scan)
{
    struct reader r = {.updates = u, .table = table, .scan = scan, .strings = string_cache_new(json_scan_left(scan))};
    struct err *e = NULL;
    json_scan_object(scan);
    for (struct str text; !e && json_scan_member(scan, &text);) {
        struct uuid uuid;
        if (!uuid_from_text(text, &uuid) || json_scan_peek(scan) != '{') {
            e = err_tagged("syntax error", STR_FMT ": not a uuid and an object", STR_ARG(text));
            break;
        }
        e = u->is_v1 ? read_row_v1(&r, &uuid) : read_row_v2(&r, &uuid);
        e = e ? err_wrap(e, "row %s", uuid_text(&uuid)) : NULL;
    }
    e = e ? e : json_scan_error(scan);
    if (!e && u->is_snapshot) {
        delete_others(&r);
    }
    vec_fini(&r.mentioned);
    string_cache_free(r.strings);
    return e;
}

static struct db_table *
find_table(const struct updates *u, struct str name)
{
    char *text = str_dup(name);
    struct db_table *table = database_table(u->txn->db, text);
    free(text);
    return table && !(u->excluded && u->excluded[table->schema->index]) ? table : NULL;
}

static struct err *
read_tables(const struct updates *u, struct json_scan *scan, bool *seen)
{
    if (json_scan_peek(scan) != '{') {
        return err_tagged("syntax error", "updates of tables are not an object");
    }
    json_scan_object(scan);
    for (struct str name; json_scan_member(scan, &name);) {
        struct db_table *table = find_table(u, name);
        if (!table || seen[table->schema->index] || json_scan_peek(scan) != '{') {
            return err_tagged("syntax error", "table " STR_FMT ": unknown, named twice or not an object",
                              STR_ARG(name));
        }
        seen[table->schema->index] = true;
        struct err *e = read_table(u, table, scan);
        if (e) {
            return err_wrap(e, "table %s", table->schema->name);
        }
    }
    return json_scan_error(scan);
}

struct err *
updates_apply(const struct updates *u, struct json_scan *scan)
{
    struct database *db = u->txn->db;
    bool *seen = xcalloc(db->schema->n_tables + 1, sizeof *seen);
    struct err *e = read_tables(u, scan, seen);
    for (uint32_t i = 0; !e && u->is_snapshot && i < db->schema->n_tables; i++) {
        if (!seen[i] && !(u->excluded && u->excluded[i])) {
            delete_others(&(struct reader) {.updates = u, .table = &db->tables[i]});
        }
    }
    free(seen);
    return e;
}
