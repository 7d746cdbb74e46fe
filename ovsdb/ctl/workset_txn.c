/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/workset.h"
#include "ovsdb/ctl/workset_private.h"

static bool
is_changed_row(const struct ws_row *row)
{
    if (row->is_new || row->is_deleted) {
        return row->is_deleted ? row->has_delete_op && !row->is_new : true;
    }
    for (uint32_t i = COLUMN_FIRST; i < row->table->n_columns; i++) {
        if (ws_cell_is_set(&row->cells[i]) || ws_cell_is_mutated(&row->cells[i])) {
            return true;
        }
    }
    return false;
}

bool
workset_is_changed(const struct workset *ws)
{
    if (json_array_size(ws->extra)) {
        return true;
    }
    for (size_t i = 0; i < ws->order.n; i++) {
        if (is_changed_row(ws->order.d[i])) {
            return true;
        }
    }
    return false;
}

void
workset_add_operation(struct workset *ws, json_t *operation)
{
    json_array_append_new(ws->extra, operation);
}

/* --- Values, with the names of new rows in place of their stand-in uuids --- */

/* Is 'uuid' the stand-in of a row that this transaction inserts? */
static bool
is_named(const struct workset *ws, const struct uuid *uuid)
{
    HMAP_FOR_EACH_WITH_HASH (row, struct ws_row, node, uuid_hash(uuid), &ws->rows) {
        if (row->is_new && !row->is_explicit && uuid_eq(&row->uuid, uuid)) {
            return true;
        }
    }
    return false;
}

/* Replaces in 'json' each ["uuid", stand-in] by ["named-uuid", name], in place. */
static void
name_new_rows(const struct workset *ws, json_t *json)
{
    size_t n = json_array_size(json);
    const char *tag = json_string_value(json_array_get(json, 0));
    const char *text = json_string_value(json_array_get(json, 1));
    struct uuid uuid;

    if (n == 2 && tag && text && !strcmp(tag, "uuid")) {
        if (uuid_from_text(str_from(text), &uuid) && is_named(ws, &uuid)) {
            char *name = id_from_uuid(&uuid);
            json_array_set_new(json, 0, json_string("named-uuid"));
            json_array_set_new(json, 1, json_string(name));
            free(name);
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        name_new_rows(ws, json_array_get(json, i));
    }
}

static json_t *
value_to_json(const struct workset *ws, const struct datum *value, const struct column *column)
{
    json_t *json = datum_to_json(value, &column->type);
    if (column->type.key.type == ATOM_UUID || column->type.value.type == ATOM_UUID) {
        name_new_rows(ws, json);
    }
    return json;
}

/* --- Operations --- */

static void
append_guard(const struct ws_row *row, json_t *operations)
{
    json_t *columns = json_array();
    json_t *values = json_object();

    for (uint32_t i = COLUMN_FIRST; i < row->table->n_columns; i++) {
        const struct column *column = &row->table->columns[i];
        if (row->cells[i].is_guarded) {
            json_array_append_new(columns, json_string(column->name));
            json_object_set_new(values, column->name, datum_to_json(&row->cells[i].base, &column->type));
        }
    }
    if (!json_array_size(columns)) {
        json_decref(columns);
        json_decref(values);
        return;
    }
    json_array_append_new(operations,
                          json_pack("{s:s,s:s,s:o,s:o,s:s,s:[o],s:i}", "op", "wait", "table", row->table->name, "where",
                                    ws_where_uuid(&row->uuid), "columns", columns, "until", "==", "rows", values,
                                    "timeout", 0));
}

static json_t *
insert_op(const struct workset *ws, const struct ws_row *row)
{
    json_t *values = json_object();
    for (uint32_t i = COLUMN_FIRST; i < row->table->n_columns; i++) {
        const struct column *column = &row->table->columns[i];
        if (row->cells[i].change) {
            json_object_set_new(values, column->name, value_to_json(ws, ws_cell_value(&row->cells[i]), column));
        }
    }
    json_t *op = json_pack("{s:s,s:s,s:o}", "op", "insert", "table", row->table->name, "row", values);
    if (row->is_explicit) {
        json_object_set_new(op, "uuid", json_string(uuid_text(&row->uuid)));
    } else {
        char *name = id_from_uuid(&row->uuid);
        json_object_set_new(op, "uuid-name", json_string(name));
        free(name);
    }
    return op;
}

static void
append_update(const struct workset *ws, const struct ws_row *row, json_t *operations)
{
    json_t *values = json_object();
    for (uint32_t i = COLUMN_FIRST; i < row->table->n_columns; i++) {
        const struct column *column = &row->table->columns[i];
        if (ws_cell_is_set(&row->cells[i])) {
            json_object_set_new(values, column->name, value_to_json(ws, ws_cell_value(&row->cells[i]), column));
        }
    }
    if (!json_object_size(values)) {
        json_decref(values);
        return;
    }
    json_array_append_new(operations, json_pack("{s:s,s:s,s:o,s:o}", "op", "update", "table", row->table->name, "where",
                                                ws_where_uuid(&row->uuid), "row", values));
}

/* 'keys' as a set in JSON, whatever the column's own type is. */
static json_t *
keys_to_json(const struct workset *ws, const struct datum *keys, const struct column *column)
{
    struct column_type type = {.key = column->type.key, .n_max = UINT32_MAX};
    json_t *json = datum_to_json(keys, &type);
    name_new_rows(ws, json);
    return json;
}

static void
append_mutate(const struct workset *ws, const struct ws_row *row, json_t *operations)
{
    json_t *mutations = json_array();
    for (uint32_t i = COLUMN_FIRST; i < row->table->n_columns; i++) {
        const struct column *column = &row->table->columns[i];
        const struct ws_change *change = row->cells[i].change;
        if (change && change->is_mutated && change->minus.n) {
            json_array_append_new(mutations, json_pack("[s,s,o]", column->name, "delete",
                                                       keys_to_json(ws, &change->minus, column)));
        }
        if (change && change->is_mutated && change->plus.n) {
            json_array_append_new(mutations, json_pack("[s,s,o]", column->name, "insert",
                                                       value_to_json(ws, &change->plus, column)));
        }
    }
    if (!json_array_size(mutations)) {
        json_decref(mutations);
        return;
    }
    json_array_append_new(operations, json_pack("{s:s,s:s,s:o,s:o}", "op", "mutate", "table", row->table->name, "where",
                                                ws_where_uuid(&row->uuid), "mutations", mutations));
}

/* All guards: look-ups in the order of their text, then rows. */
static json_t *
guard_ops(const struct workset *ws)
{
    json_t *operations = json_array();
    size_t n;
    struct strmap_node **guards = strmap_sorted(&ws->guards, &n);

    for (size_t i = 0; i < n; i++) {
        json_array_append(operations, guards[i]->data);
    }
    free(guards);
    for (size_t i = 0; i < ws->order.n; i++) {
        append_guard(ws->order.d[i], operations);
    }
    return operations;
}

static void
append_changes(const struct workset *ws, json_t *operations)
{
    for (size_t i = 0; i < ws->order.n; i++) {
        struct ws_row *row = ws->order.d[i];
        if (row->is_deleted) {
            if (row->has_delete_op && !row->is_new) {
                json_array_append_new(operations, json_pack("{s:s,s:s,s:o}", "op", "delete", "table", row->table->name,
                                                            "where", ws_where_uuid(&row->uuid)));
            }
        } else if (row->is_new) {
            json_array_append_new(operations, insert_op(ws, row));
        } else {
            append_update(ws, row, operations);
            append_mutate(ws, row, operations);
        }
    }
}

/* --- Committing --- */

/* Looks for failures in 'results', the first 'n_guards' of which answer guards. */
static struct err *
check_results(const json_t *results, size_t n_guards, bool *ret_conflict)
{
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *result = json_array_get(results, i);
        const char *error = json_string_value(json_object_get(result, "error"));
        if (error && i < n_guards && !strcmp(error, "timed out")) {
            *ret_conflict = true;
            return NULL;
        }
        if (error) {
            return ws_transaction_error(result);
        }
    }
    return NULL;
}

static void
learn_uuids(struct workset *ws, const json_t *results, size_t first)
{
    size_t n = first;
    for (size_t i = 0; i < ws->order.n; i++) {
        struct ws_row *row = ws->order.d[i];
        if (row->is_new && !row->is_deleted) {
            const char *text = NULL;
            while (n < json_array_size(results) && !text) {
                text = json_string_value(json_array_get(json_object_get(json_array_get(results, n++), "uuid"), 1));
            }
            if (text) {
                uuid_from_text(str_from(text), &row->real_uuid);
            }
        }
    }
}

struct err *
workset_commit(struct workset *ws, const char *comment, bool *ret_conflict, json_t **ret_results)
{
    json_t *operations = guard_ops(ws);
    size_t n_guards = json_array_size(operations);
    size_t n_extra = json_array_size(ws->extra);
    json_t *results = NULL;

    append_changes(ws, operations);
    json_array_extend(operations, ws->extra);
    size_t n = json_array_size(operations);
    if (comment) {
        json_array_append_new(operations, json_pack("{s:s,s:s}", "op", "comment", "comment", comment));
    }
    *ret_conflict = false;
    struct err *err = ws->transact(ws->aux, operations, &results);
    if (err) {
        return err;
    }
    err = check_results(results, n_guards, ret_conflict);
    if (!err && !*ret_conflict) {
        learn_uuids(ws, results, n_guards);
        if (ret_results) {
            *ret_results = json_array();
            for (size_t i = n - n_extra; i < n; i++) {
                json_array_append(*ret_results, json_array_get(results, i));
            }
        }
    }
    json_decref(results);
    return err;
}
