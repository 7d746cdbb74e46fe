/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/workset.h"

#include "lib/base/json.h"
#include "ovsdb/ctl/json_put.h"
#include "ovsdb/ctl/workset_private.h"

/* The uuids that a look-up found on the server. */
VEC_DEFINE(uuids, struct uuid);

struct workset *
workset_new(struct schema *schema, workset_transact *transact, void *aux)
{
    struct workset *ws = xcalloc(1, sizeof *ws);
    ws->schema = schema_ref(schema);
    ws->transact = transact;
    ws->aux = aux;
    hmap_init(&ws->rows);
    strmap_init(&ws->selects);
    strmap_init(&ws->guards);
    ws->extra = json_array();
    return ws;
}

void
workset_free(struct workset *ws)
{
    if (!ws) {
        return;
    }
    for (size_t i = 0; i < ws->order.n; i++) {
        ws_row_free(ws->order.d[i]);
    }
    vec_fini(&ws->order);
    hmap_fini(&ws->rows);
    STRMAP_FOR_EACH (node, &ws->selects) {
        struct uuids *uuids = node->data;
        vec_fini(uuids);
        free(uuids);
    }
    strmap_fini(&ws->selects);
    STRMAP_FOR_EACH (node, &ws->guards) {
        json_decref(node->data);
    }
    strmap_fini(&ws->guards);
    json_decref(ws->extra);
    schema_unref(ws->schema);
    free(ws);
}

const struct schema *
workset_schema(const struct workset *ws)
{
    return ws->schema;
}

uint64_t
ws_columns(const struct table *table, const char *names)
{
    uint64_t columns = 0;
    struct str rest = str_from(names);
    while (rest.s) {
        char *name = str_dup(str_cut(&rest, " "));
        const struct column *column = *name ? table_column(table, name) : NULL;
        columns |= column ? UINT64_C(1) << column->index : 0;
        free(name);
    }
    return columns;
}

uint64_t
ws_all_columns(const struct table *table)
{
    uint64_t all = table->n_columns == 64 ? UINT64_MAX : (UINT64_C(1) << table->n_columns) - 1;
    return all & ~(UINT64_C(1) << COLUMN_VERSION);
}

/* --- Rows by uuid --- */

static struct ws_row *
lookup(const struct workset *ws, const struct table *table, const struct uuid *uuid)
{
    HMAP_FOR_EACH_WITH_HASH (row, struct ws_row, node, uuid_hash(uuid), &ws->rows) {
        if (uuid_eq(&row->uuid, uuid) && row->table == table) {
            return row;
        }
    }
    return NULL;
}

struct ws_row *
workset_add_row(struct workset *ws, const struct table *table, const struct uuid *uuid)
{
    struct ws_row *row = xcalloc(1, sizeof *row);
    row->table = table;
    row->uuid = row->real_uuid = *uuid;
    row->cells = xcalloc(table->n_columns, sizeof *row->cells);
    for (uint32_t i = 0; i < table->n_columns; i++) {
        datum_init_empty(&row->cells[i].base);
    }
    datum_init_uuid(&row->cells[COLUMN_UUID].base, uuid);
    row->cells[COLUMN_UUID].is_known = true;
    hmap_insert(&ws->rows, &row->node, uuid_hash(uuid));
    vec_push(&ws->order, row);
    return row;
}

/* --- Talking to the server --- */

static json_t *
column_names(const struct table *table, uint64_t columns)
{
    json_t *names = json_array();
    for (uint32_t i = 0; i < table->n_columns; i++) {
        if (columns & UINT64_C(1) << i) {
            json_array_append_new(names, json_string(table->columns[i].name));
        }
    }
    return names;
}

json_t *
ws_where_uuid(const struct uuid *uuid)
{
    return json_pack("[[s,s,[s,s]]]", "_uuid", "==", "uuid", uuid_text(uuid));
}

struct err *
ws_transaction_error(const json_t *json)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    json_put(&text, json, false);
    struct err *err = err_new("transaction error: %s", buf_text(&text));
    buf_fini(&text);
    return err;
}

static json_t *
conditions_to_json(const struct ws_condition *conditions, size_t n)
{
    static const char *const functions[] = {[WS_EQ] = "==", [WS_NE] = "!=", [WS_INCLUDES] = "includes"};
    json_t *where = json_array();
    for (size_t i = 0; i < n; i++) {
        const struct ws_condition *c = &conditions[i];
        json_array_append_new(where, json_pack("[s,s,o]", c->column->name, functions[c->function],
                                               datum_to_json(c->value, &c->column->type)));
    }
    return where;
}

static json_t *
select_op(const struct table *table, json_t *where /* taken */, uint64_t columns)
{
    return json_pack("{s:s,s:s,s:o,s:o}", "op", "select", "table", table->name, "where", where, "columns",
                     column_names(table, columns | 1 << COLUMN_UUID));
}

/* Reads one row of a "select" into the working set. */
static struct err *
absorb_row(struct workset *ws, const struct table *table, const json_t *json, struct ws_row **ret)
{
    struct datum uuid;
    const json_t *json_uuid = json_object_get(json, "_uuid");

    if (!json_uuid) {
        return err_new("the server sent a row of table %s without _uuid", table->name);
    }
    struct err *err = datum_from_json(&uuid, &table->columns[COLUMN_UUID].type, json_uuid, NULL);
    if (err) {
        return err;
    }
    struct ws_row *row = lookup(ws, table, &datum_keys(&uuid)->uuid);
    if (!row) {
        row = workset_add_row(ws, table, &datum_keys(&uuid)->uuid);
    }
    datum_fini(&uuid, column_datum_type(&table->columns[COLUMN_UUID].type));
    *ret = row;

    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        const struct column *column = &table->columns[i];
        const json_t *value = json_object_get(json, column->name);
        struct datum datum;
        if (!value) {
            continue;
        }
        err = datum_from_json_unbounded(&datum, &column->type, value, NULL);
        if (err) {
            return err_wrap(err, "table %s column %s", table->name, column->name);
        }
        ws_row_fill(row, column, &datum);
    }
    return NULL;
}

/* Reads the result of one "select"; appends the uuids to 'ret' if that is not NULL. */
static struct err *
absorb_select(struct workset *ws, const struct table *table, const json_t *result, struct uuids *ret)
{
    const json_t *rows = json_object_get(result, "rows");
    if (!json_is_array(rows)) {
        return ws_transaction_error(result);
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct ws_row *row = NULL;
        struct err *err = absorb_row(ws, table, json_array_get(rows, i), &row);
        if (err) {
            return err;
        }
        if (ret) {
            vec_push(ret, row->uuid);
        }
    }
    return NULL;
}

static struct err *
request(struct workset *ws, json_t *operations, json_t **ret_results)
{
    size_t n = json_array_size(operations);
    struct err *err = ws->transact(ws->aux, operations, ret_results);
    if (!err && json_array_size(*ret_results) < n) {
        json_decref(*ret_results);
        *ret_results = NULL;
        err = err_new("the server answered %zu operations with fewer results", n);
    }
    return err;
}

/* Fetches 'columns' of those of the 'n' rows that lack any of them, in one request. */
static struct err *
fetch_missing(struct workset *ws, const struct table *table, struct ws_row *const *rows, size_t n, uint64_t columns)
{
    json_t *operations = json_array();
    for (size_t i = 0; i < n; i++) {
        uint64_t missing = 0;
        for (uint32_t j = COLUMN_FIRST; j < table->n_columns; j++) {
            missing |= columns & UINT64_C(1) << j && !rows[i]->cells[j].is_known ? UINT64_C(1) << j : 0;
        }
        if (missing) {
            json_array_append_new(operations, select_op(table, ws_where_uuid(&rows[i]->uuid), missing));
        }
    }
    json_t *results = NULL;
    if (!json_array_size(operations)) {
        json_decref(operations);
        return NULL;
    }
    struct err *err = request(ws, operations, &results);
    for (size_t i = 0; !err && i < json_array_size(results); i++) {
        err = absorb_select(ws, table, json_array_get(results, i), NULL);
    }
    json_decref(results);
    return err;
}

/* Marks as deleted those of 'rows' that still lack some of 'columns' after a fetch: the server has them no more. */
static void
drop_vanished(struct ws_row *const *rows, size_t n, uint64_t columns)
{
    for (size_t i = 0; i < n; i++) {
        for (uint32_t j = COLUMN_FIRST; j < rows[i]->table->n_columns; j++) {
            if (columns & UINT64_C(1) << j && !rows[i]->cells[j].is_known) {
                rows[i]->is_deleted = true;
            }
        }
    }
}

/* --- Look-ups --- */

static bool
row_matches(const struct ws_row *row, const struct ws_condition *conditions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct ws_condition *c = &conditions[i];
        struct datum_type type = column_datum_type(&c->column->type);
        const struct datum *value = row_peek(row, c->column);
        bool ok = c->function == WS_EQ   ? datum_eq(value, c->value, type)
                  : c->function == WS_NE ? !datum_eq(value, c->value, type)
                                         : datum_includes_all(value, c->value, type);
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* Has this command line changed what decides whether 'row' matches? */
static bool
is_dirty(const struct ws_row *row, const struct ws_condition *conditions, size_t n)
{
    bool dirty = row->is_new;
    for (size_t i = 0; i < n && !dirty; i++) {
        const struct ws_cell *cell = &row->cells[conditions[i].column->index];
        dirty = ws_cell_is_set(cell) || ws_cell_is_mutated(cell);
    }
    return dirty;
}

static int
compare_rows(const void *a, const void *b)
{
    const struct ws_row *const *ra = a, *const *rb = b;
    return uuid_cmp(&(*ra)->uuid, &(*rb)->uuid);
}

static int
compare_uuids(const void *a, const void *b)
{
    return uuid_cmp(a, b);
}

static void
sort_uuids(struct uuids *uuids)
{
    if (uuids->n) {
        qsort(uuids->d, uuids->n, sizeof *uuids->d, compare_uuids);
    }
}

static bool
has_uuid(const struct uuids *uuids, const struct uuid *uuid)
{
    return uuids->n && bsearch(uuid, uuids->d, uuids->n, sizeof *uuids->d, compare_uuids);
}

/* A "wait" that fails unless the look-up 'where' finds exactly 'uuids'. */
static json_t *
guard_op(const struct table *table, const json_t *where, const struct uuids *uuids)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < uuids->n; i++) {
        json_array_append_new(rows, json_pack("{s:[s,s]}", "_uuid", "uuid", uuid_text(&uuids->d[i])));
    }
    return json_pack("{s:s,s:s,s:O,s:[s],s:s,s:o,s:i}", "op", "wait", "table", table->name, "where", where, "columns",
                     "_uuid", "until", "==", "rows", rows, "timeout", 0);
}

/* Asks the server which rows meet 'conditions', unless it was asked before; '*ret' is the working set's. */
static struct err *
ask_server(struct workset *ws, const struct table *table, const struct ws_condition *conditions, size_t n,
           uint64_t columns, bool is_guarded, const struct uuids **ret)
{
    json_t *where = conditions_to_json(conditions, n);
    char *where_text = json_text(where);
    char *key = xasprintf("%s %s", table->name, where_text);
    struct uuids *uuids = strmap_get(&ws->selects, key);
    struct err *err = NULL;

    if (!uuids) {
        json_t *results = NULL;
        for (size_t i = 0; i < n; i++) {
            columns |= UINT64_C(1) << conditions[i].column->index;
        }
        err = request(ws, json_pack("[o]", select_op(table, json_incref(where), columns)), &results);
        if (!err) {
            uuids = xcalloc(1, sizeof *uuids);
            strmap_set(&ws->selects, key, uuids);
            err = absorb_select(ws, table, json_array_get(results, 0), uuids);
            sort_uuids(uuids);
        }
        json_decref(results);
    }
    if (!err && is_guarded && !strmap_get(&ws->guards, key)) {
        strmap_set(&ws->guards, key, guard_op(table, where, uuids));
    }
    *ret = uuids;
    free(key);
    free(where_text);
    json_decref(where);
    return err;
}

/* Fetches and appends to 'ret' the rows among 'candidates' that match. */
static struct err *
keep_matching(struct workset *ws, const struct table *table, const struct ws_rows *candidates,
              const struct ws_condition *conditions, size_t n, uint64_t columns, struct ws_rows *ret)
{
    for (size_t i = 0; i < n; i++) {
        columns |= UINT64_C(1) << conditions[i].column->index;
    }
    struct err *err = fetch_missing(ws, table, candidates->d, candidates->n, columns);
    if (err) {
        return err;
    }
    drop_vanished(candidates->d, candidates->n, columns);
    for (size_t i = 0; i < candidates->n; i++) {
        struct ws_row *row = candidates->d[i];
        if (!row->is_deleted && row_matches(row, conditions, n)) {
            vec_push(ret, row);
        }
    }
    return NULL;
}

/* Appends the rows of 'table' that this command line may have made to meet 'conditions', but for those in 'found' (sorted). */
static void
add_dirty_rows(const struct workset *ws, const struct table *table, const struct ws_condition *conditions, size_t n,
               const struct uuids *found, struct ws_rows *ret)
{
    for (size_t i = 0; i < ws->order.n; i++) {
        struct ws_row *row = ws->order.d[i];
        if (row->table == table && !row->is_deleted && is_dirty(row, conditions, n) && !has_uuid(found, &row->uuid)) {
            vec_push(ret, row);
        }
    }
}

struct err *
workset_select(struct workset *ws, const struct table *table, const struct ws_condition *conditions, size_t n_conditions,
               uint64_t columns, bool is_guarded, struct ws_rows *ret)
{
    const struct uuids *uuids;
    struct ws_rows candidates = {0};

    vec_clear(ret);
    struct err *err = ask_server(ws, table, conditions, n_conditions, columns, is_guarded, &uuids);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < uuids->n; i++) {
        vec_push(&candidates, lookup(ws, table, &uuids->d[i]));
    }
    size_t n_found = candidates.n;
    add_dirty_rows(ws, table, conditions, n_conditions, uuids, &candidates);
    err = keep_matching(ws, table, &candidates, conditions, n_conditions, columns, ret);
    if (candidates.n > n_found && ret->n) {
        qsort(ret->d, ret->n, sizeof *ret->d, compare_rows);
    }
    vec_fini(&candidates);
    return err;
}

struct err *
workset_find(struct workset *ws, const struct table *table, const char *column, const char *value, uint64_t columns,
             struct ws_rows *ret)
{
    struct datum datum;
    datum_init_string(&datum, value);
    struct ws_condition condition = {table_column(table, column), WS_EQ, &datum};
    CHECK(condition.column);
    struct err *err = workset_select(ws, table, &condition, 1, columns, true, ret);
    datum_fini(&datum, (struct datum_type) {ATOM_STRING, ATOM_VOID});
    return err;
}

struct err *
workset_find_referrers(struct workset *ws, const struct table *table, const char *column, const struct uuid *uuid,
                       uint64_t columns, struct ws_rows *ret)
{
    struct datum datum;
    datum_init_uuid(&datum, uuid);
    struct ws_condition condition = {table_column(table, column), WS_INCLUDES, &datum};
    const struct ws_row *target = NULL;
    CHECK(condition.column);
    if (condition.column->type.key.ref_table) {
        target = lookup(ws, condition.column->type.key.ref_table, uuid);
    }
    if (!target || !target->is_new) {
        return workset_select(ws, table, &condition, 1, columns, true, ret);
    }

    /* The server cannot know who refers to a row that is yet to be made. */
    struct ws_rows candidates = {0};
    vec_clear(ret);
    add_dirty_rows(ws, table, &condition, 1, &(struct uuids) {0}, &candidates);
    struct err *err = keep_matching(ws, table, &candidates, &condition, 1, columns, ret);
    vec_fini(&candidates);
    return err;
}

struct err *
workset_find_uuid(struct workset *ws, const struct table *table, const struct uuid *uuid, uint64_t columns,
                  struct ws_row **ret)
{
    struct ws_row *row = lookup(ws, table, uuid);
    struct err *err = NULL;

    *ret = NULL;
    if (!row || !row->is_new) {
        struct datum datum;
        struct ws_rows rows = {0};
        datum_init_uuid(&datum, uuid);
        struct ws_condition condition = {&table->columns[COLUMN_UUID], WS_EQ, &datum};
        err = workset_select(ws, table, &condition, 1, columns, true, &rows);
        row = !err && rows.n ? rows.d[0] : NULL;
        vec_fini(&rows);
    }
    *ret = row && !row->is_deleted ? row : NULL;
    return err;
}

struct err *
workset_fetch_refs(struct workset *ws, const struct table *table, const struct datum *set, uint64_t columns,
                   struct ws_rows *ret)
{
    struct ws_rows rows = {0};
    for (uint32_t i = 0; i < set->n; i++) {
        const struct uuid *uuid = &datum_keys(set)[i].uuid;
        struct ws_row *row = lookup(ws, table, uuid);
        vec_push(&rows, row ? row : workset_add_row(ws, table, uuid));
    }
    vec_clear(ret);
    struct err *err = keep_matching(ws, table, &rows, NULL, 0, columns, ret);
    vec_fini(&rows);
    return err;
}

struct err *
workset_fetch_row(struct workset *ws, struct ws_row *row, uint64_t columns)
{
    struct err *err = fetch_missing(ws, row->table, &row, 1, columns);
    if (err) {
        return err;
    }
    drop_vanished(&row, 1, columns);
    return row->is_deleted ? err_new("row %s of table %s is gone", uuid_text(&row->uuid), row->table->name) : NULL;
}

struct err *
workset_fetch_tables(struct workset *ws, const struct ws_whole *tables)
{
    json_t *operations = json_array();
    json_t *results = NULL;

    for (const struct ws_whole *t = tables; t->table; t++) {
        json_array_append_new(operations, select_op(t->table, json_array(), t->columns));
    }
    struct err *err = request(ws, operations, &results);
    for (size_t i = 0; !err && tables[i].table; i++) {
        struct uuids *uuids = xcalloc(1, sizeof *uuids);
        char *key = xasprintf("%s []", tables[i].table->name);
        err = absorb_select(ws, tables[i].table, json_array_get(results, i), uuids);
        sort_uuids(uuids);
        struct uuids *old = strmap_set(&ws->selects, key, uuids);
        if (old) {
            vec_fini(old);
            free(old);
        }
        free(key);
    }
    json_decref(results);
    return err;
}
