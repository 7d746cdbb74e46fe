/* SPDX-License-Identifier: Apache-2.0 */
/* "restore": replaces the contents of a database by those of a database file, in one transaction. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "ovsdb/clientprog/command.h"
#include "ovsdb/clientprog/wire.h"
#include "ovsdb/server/hosted.h"
#include "ovsdb/storage/spool.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_restore);

static struct err *
read_snapshot(struct hosted **ret)
{
    struct storage *storage;
    struct err *e = spool_stdin();
    e = e ? e : storage_open("/dev/stdin", STORAGE_READ_ONLY, &storage);
    if (e) {
        return e;
    }
    storage_set_strict(storage);
    return hosted_open(storage_schema(storage), storage, ret);
}

/* An error unless the schemas are equal or --force is given. */
static struct err *
compare_schemas(const struct client *client, const struct schema *snapshot, const struct schema *database)
{
    if (schema_eq(snapshot, database)) {
        return NULL;
    }
    char *difference = strcmp(snapshot->version, database->version)
        ? xasprintf("backup schema has version \"%s\" but database schema has version \"%s\"", snapshot->version,
                    database->version)
        : xasprintf("backup schema and database schema are both version %s but still differ", snapshot->version);
    struct err *e = NULL;
    if (client->force) {
        log_warn("%s", difference);
    } else {
        e = err_new("%s (use --force to override differences, or \"ovsdb-client convert\" to change the schema)",
                    difference);
    }
    free(difference);
    return e;
}

/* References to rows of the snapshot, which will get other uuids, become names. */
static json_t *
atom_json(const union atom *atom, const struct base_type *base)
{
    if (!base->ref_table) {
        return atom_to_json(atom, base->type);
    }
    char *name = id_from_uuid(&atom->uuid);
    json_t *json = json_pack("[s, s]", "named-uuid", name);
    free(name);
    return json;
}

static json_t *
value_json(const struct datum *datum, const struct column_type *type)
{
    bool is_map = column_type_is_map(type);
    json_t *elements = json_array();
    for (uint32_t i = 0; i < datum->n; i++) {
        json_t *key = atom_json(&datum_keys(datum)[i], &type->key);
        json_array_append_new(elements, is_map ? json_pack("[o, o]", key, atom_json(&datum->values[i], &type->value))
                                               : key);
    }
    return json_pack("[s, o]", is_map ? "map" : "set", elements);
}

static json_t *
insert_operation(const struct table *table, const struct image *image)
{
    json_t *row = json_object();
    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        const struct column *column = &table->columns[i];
        const struct datum *datum = &image->cells[i - COLUMN_FIRST]->datum;
        if (!column->is_ephemeral && !datum_is_default(datum, &column->type)) {
            json_object_set_new(row, column->name, value_json(datum, &column->type));
        }
    }
    char *name = id_from_uuid(&image->uuid);
    json_t *operation = json_pack("{s:s, s:s, s:s, s:o}", "op", "insert", "table", table->name, "uuid-name", name, "row",
                                  row);
    free(name);
    return operation;
}

static json_t *
replace_operations(const struct database *snapshot, const struct schema *database)
{
    json_t *params = json_pack("[s]", database->name);
    for (uint32_t i = 0; i < database->n_tables; i++) {
        json_array_append_new(params, json_pack("{s:s, s:s, s:[]}", "op", "delete", "table", database->tables[i].name,
                                                "where"));
    }
    for (uint32_t i = 0; i < snapshot->schema->n_tables; i++) {
        const struct db_table *table = &snapshot->tables[i];
        DB_TABLE_FOR_EACH (row, table) {
            json_array_append_new(params, insert_operation(table->schema, row->image));
        }
    }
    json_array_append_new(params, json_pack("{s:s, s:s}", "op", "comment", "comment",
                                            "ovsdb-client: restored database"));
    return params;
}

static struct err *
check_results(const json_t *results)
{
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *result = json_array_get(results, i);
        if (json_object_get(result, "error")) {
            char *text = json_text(result);
            struct err *e = err_new("server returned error reply: %s", text);
            free(text);
            return e;
        }
    }
    return NULL;
}

struct err *
run_restore(struct client *client, int argc, char *argv[])
{
    struct hosted *snapshot;
    struct schema *schema;
    json_t *results;
    struct err *e = read_snapshot(&snapshot);
    if (e) {
        return e;
    }
    e = fetch_schema(client, &schema);
    if (!e) {
        e = compare_schemas(client, snapshot->db->schema, schema);
        e = e ? e : wire_call(client->wire, "transact", replace_operations(snapshot->db, schema), &results);
        schema_unref(schema);
    }
    if (!e) {
        e = check_results(results);
        json_decref(results);
    }
    hosted_free(snapshot);
    return e;
}
