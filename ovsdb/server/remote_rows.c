/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/remote_rows.h"

#include <jansson.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "ovsdb/server/database.h"
#include "ovsdb/server/server.h"

LOG_MODULE(ovsdb_remote_rows);

bool
remote_options_eq(const struct remote_options *a, const struct remote_options *b)
{
    return a->probe_interval_ms == b->probe_interval_ms && a->max_backoff_ms == b->max_backoff_ms
        && a->is_read_only == b->is_read_only && !strcmp(a->role, b->role) && a->dscp == b->dscp;
}

/* A set of strings that are targets, or of references to rows that have one. */
static bool
column_can_name_remotes(const struct column *column)
{
    const struct column_type *type = &column->type;
    return !column_type_is_map(type)
        && (type->key.type == ATOM_STRING || (type->key.type == ATOM_UUID && type->key.ref_table));
}

char *
remote_source_database(const char *spec)
{
    struct str rest = str_from(spec + strlen("db:"));
    return str_dup(str_cut(&rest, ","));
}

static struct err *
find_parts(const struct schema *schema, const char *spec, char *parts[3], const struct column **ret)
{
    if (!schema) {
        return err_new("\"%s\": no database named %s", spec, parts[0]);
    }
    const struct table *table = schema_table(schema, parts[1]);
    if (!table) {
        return err_new("\"%s\": no table named %s", spec, parts[1]);
    }
    const struct column *column = table_column(table, parts[2]);
    if (!column) {
        return err_new("\"%s\": table \"%s\" has no column \"%s\"", spec, parts[1], parts[2]);
    }
    *ret = column;
    return NULL;
}

/* Finds what 'spec' names in 'schema', that of its database (NULL: there is none). */
static struct err *
find_column(const struct schema *schema, const char *spec, char **ret_table, const struct column **ret)
{
    struct str rest = str_from(spec + strlen("db:"));
    char *parts[3] = {NULL};
    size_t n = 0;
    while (rest.s && n < ARRAY_SIZE(parts)) {
        parts[n++] = str_dup(str_cut(&rest, ","));
    }
    bool is_whole = n == ARRAY_SIZE(parts) && !rest.s && *parts[0] && *parts[1] && *parts[2];
    struct err *e = is_whole ? find_parts(schema, spec, parts, ret) : err_new("\"%s\": invalid syntax", spec);
    if (!e) {
        *ret_table = parts[1];
        parts[1] = NULL;
    }
    for (size_t i = 0; i < n; i++) {
        free(parts[i]);
    }
    return e;
}

struct err *
remote_source_find(struct server *server, const char *spec, struct remote_source *ret)
{
    char *name = remote_source_database(spec), *table;
    struct database *db = server_database(server, name);
    free(name);
    const struct column *column;
    struct err *e = find_column(db ? db->schema : NULL, spec, &table, &column);
    if (!e) {
        *ret = (struct remote_source) {
            .server = server, .db_name = db->schema->name, .table = database_table(db, table), .column = column};
        free(table);
    }
    return e;
}

bool
remote_source_is_awaited(const struct server *server, const char *spec)
{
    char *name = remote_source_database(spec);
    bool is_awaited = server_awaits_schema(server, name);
    free(name);
    return is_awaited;
}

static struct err *
check_type(const char *spec, const struct column *column)
{
    return column_can_name_remotes(column) ? NULL : err_new("\"%s\": invalid type for column \"%s\"", spec, column->name);
}

struct err *
remote_source_parse(struct server *server, const char *spec, struct remote_source *ret)
{
    struct err *e = remote_source_find(server, spec, ret);
    return e ? e : check_type(spec, ret->column);
}

struct err *
remote_source_check(const struct schema *schema, const char *spec)
{
    char *table;
    const struct column *column;
    struct err *e = find_column(schema, spec, &table, &column);
    if (!e) {
        free(table);
        e = check_type(spec, column);
    }
    return e;
}

static const char *
row_target(const struct image *image)
{
    const struct datum *target = image_find_datum(image, "target", ATOM_STRING, ATOM_VOID);
    return target && target->n && *datum_keys(target)->string->text ? datum_keys(target)->string->text : NULL;
}

static void
visit_row(const struct image *image, void (*cb)(void *aux, const char *target, const struct remote_options *options),
          void *aux)
{
    const char *target = row_target(image);
    if (!target) {
        return;
    }
    struct remote_options options = REMOTE_OPTIONS_INIT;
    const struct datum *backoff = image_find_datum(image, "max_backoff", ATOM_INTEGER, ATOM_VOID);
    const struct datum *probe = image_find_datum(image, "inactivity_probe", ATOM_INTEGER, ATOM_VOID);
    const struct datum *read_only = image_find_datum(image, "read_only", ATOM_BOOLEAN, ATOM_VOID);
    const struct datum *role = image_find_datum(image, "role", ATOM_STRING, ATOM_VOID);
    if (backoff && backoff->n) {
        options.max_backoff_ms = datum_keys(backoff)->integer;
    }
    if (probe && probe->n) {
        options.probe_interval_ms = MAX(datum_keys(probe)->integer, 0);
    }
    if (role && role->n) {
        options.role = datum_keys(role)->string->text;
    }
    options.is_read_only = read_only && read_only->n && datum_keys(read_only)->boolean;
    cb(aux, target, &options);
}

/* The row that 'uuid' in the source's column references. */
static struct row *
referenced_row(const struct remote_source *source, const struct uuid *uuid)
{
    return db_table_row(&source->table->db->tables[source->column->type.key.ref_table->index], uuid);
}

void
remote_source_for_each(const struct remote_source *source,
                       void (*cb)(void *aux, const char *target, const struct remote_options *options), void *aux)
{
    const struct remote_options plain = REMOTE_OPTIONS_INIT;
    DB_TABLE_FOR_EACH (row, source->table) {
        struct datum scratch;
        const struct datum *datum = image_datum(row->image, source->column->index, &scratch);
        for (uint32_t i = 0; i < datum->n; i++) {
            if (source->column->type.key.type == ATOM_STRING) {
                cb(aux, datum_keys(datum)[i].string->text, &plain);
                continue;
            }
            struct row *target = referenced_row(source, &datum_keys(datum)[i].uuid);
            if (target) {
                visit_row(target->image, cb, aux);
            }
        }
    }
}

static void
add_pair(json_t *pairs, const char *key, const char *value)
{
    if (value && *value) {
        json_array_append_new(pairs, json_pack("[s, s]", key, value));
    }
}

static void
add_number(json_t *pairs, const char *key, int64_t value, int64_t unset)
{
    if (value != unset) {
        char *text = xasprintf("%lld", (long long) value);
        add_pair(pairs, key, text);
        free(text);
    }
}

static json_t *
status_pairs(const struct remote_status *status)
{
    json_t *pairs = json_array();
    add_pair(pairs, "state", status->state);
    add_pair(pairs, "last_error", status->last_error);
    add_number(pairs, "sec_since_connect", status->sec_since_connect, -1);
    add_number(pairs, "sec_since_disconnect", status->sec_since_disconnect, -1);
    add_number(pairs, "n_connections", (int64_t) status->n_connections, 0);
    add_number(pairs, "bound_port", status->bound_port, 0);
    if (status->session) {
        char *held, *waiting, *lost;
        session_lock_names(status->session, &held, &waiting, &lost);
        add_pair(pairs, "locks_held", held);
        add_pair(pairs, "locks_waiting", waiting);
        add_pair(pairs, "locks_lost", lost);
        free(held);
        free(waiting);
        free(lost);
    }
    return pairs;
}

/* The columns to set in 'image', or NULL if they are as they should be or the table has none. */
static json_t *
status_row(const struct image *image, const struct remote_status *status)
{
    const struct datum *connected = image_find_datum(image, "is_connected", ATOM_BOOLEAN, ATOM_VOID);
    const struct datum *old = image_find_datum(image, "status", ATOM_STRING, ATOM_STRING);
    json_t *row = json_object();
    if (connected && !(connected->n && datum_keys(connected)->boolean == status->is_connected)) {
        json_object_set_new(row, "is_connected", json_boolean(status->is_connected));
    }
    if (old) {
        json_t *pairs = status_pairs(status);
        bool same = json_array_size(pairs) == old->n;
        for (size_t i = 0; same && i < json_array_size(pairs); i++) {
            json_t *pair = json_array_get(pairs, i);
            const char *value = datum_get_string(old, json_string_value(json_array_get(pair, 0)));
            same = value && !strcmp(value, json_string_value(json_array_get(pair, 1)));
        }
        if (!same) {
            json_object_set_new(row, "status", json_pack("[s, O]", "map", pairs));
        }
        json_decref(pairs);
    }
    if (!json_object_size(row)) {
        json_decref(row);
        return NULL;
    }
    return row;
}

static void
append_update(const struct remote_source *source, json_t *operations, const struct image *image,
              bool (*get)(void *aux, const char *target, struct remote_status *ret), void *aux)
{
    const char *target = row_target(image);
    struct remote_status status;
    json_t *row = target && get(aux, target, &status) ? status_row(image, &status) : NULL;
    if (row) {
        json_array_append_new(operations, json_pack(
            "{s:s, s:s, s:[[s, s, [s, s]]], s:o}", "op", "update", "table", image->schema->name,
            "where", "_uuid", "==", "uuid", uuid_text(&image->uuid), "row", row));
    }
}

void
remote_source_update_status(const struct remote_source *source,
                            bool (*get)(void *aux, const char *target, struct remote_status *ret), void *aux)
{
    if (source->column->type.key.type != ATOM_UUID) {
        return;
    }
    json_t *operations = json_array();
    DB_TABLE_FOR_EACH (row, source->table) {
        struct datum scratch;
        const struct datum *datum = image_datum(row->image, source->column->index, &scratch);
        for (uint32_t i = 0; i < datum->n; i++) {
            struct row *target = referenced_row(source, &datum_keys(datum)[i].uuid);
            if (target) {
                append_update(source, operations, target->image, get, aux);
            }
        }
    }
    if (!json_array_size(operations)) {
        json_decref(operations);
        return;
    }
    struct err *e = server_transact(source->server, source->db_name, operations);
    if (e) {
        log_warn_rl("cannot write status of remotes: %s", err_detail(e));
        err_free(e);
    }
}
