/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about servers and schemas. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "ovsdb/clientprog/command.h"
#include "ovsdb/clientprog/wire.h"
#include "ovsdb/model/schema.h"

struct err *
fetch_databases(struct client *client, json_t **ret)
{
    json_t *names;
    struct err *e = wire_call(client->wire, "list_dbs", json_array(), &names);
    if (e) {
        return e;
    }
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (!json_is_string(json_array_get(names, i))) {
            json_decref(names);
            return err_new("list_dbs response is not array of strings");
        }
    }
    *ret = names;
    return NULL;
}

static int
name_cmp(const void *a, const void *b)
{
    return strcmp(json_string_value(*(json_t *const *) a), json_string_value(*(json_t *const *) b));
}

struct err *
run_list_dbs(struct client *client, int argc, char *argv[])
{
    json_t *names;
    struct err *e = fetch_databases(client, &names);
    if (e) {
        return e;
    }
    size_t n = json_array_size(names);
    json_t **sorted = xcalloc(n + 1, sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        sorted[i] = json_array_get(names, i);
    }
    qsort(sorted, n, sizeof *sorted, name_cmp);
    for (size_t i = 0; i < n; i++) {
        puts(json_string_value(sorted[i]));
    }
    free(sorted);
    json_decref(names);
    return NULL;
}

static struct err *
fetch_schema_json(struct client *client, json_t **ret)
{
    return wire_call(client->wire, "get_schema", json_pack("[s]", client->database), ret);
}

struct err *
fetch_schema(struct client *client, struct schema **ret)
{
    json_t *json;
    struct err *e = fetch_schema_json(client, &json);
    if (!e) {
        e = schema_from_json(json, ret);
        json_decref(json);
    }
    return e;
}

struct err *
run_get_schema(struct client *client, int argc, char *argv[])
{
    struct schema *schema;
    struct err *e = fetch_schema(client, &schema);
    if (!e) {
        json_t *json = schema_to_json(schema);
        print_json(client, json);
        json_decref(json);
        schema_unref(schema);
    }
    return e;
}

struct err *
run_get_schema_version(struct client *client, int argc, char *argv[])
{
    struct schema *schema;
    struct err *e = fetch_schema(client, &schema);
    if (!e) {
        puts(schema->version);
        schema_unref(schema);
    }
    return e;
}

struct err *
run_get_schema_cksum(struct client *client, int argc, char *argv[])
{
    struct schema *schema;
    struct err *e = fetch_schema(client, &schema);
    if (!e) {
        puts(schema->cksum);
        schema_unref(schema);
    }
    return e;
}

struct err *
run_list_tables(struct client *client, int argc, char *argv[])
{
    struct schema *schema;
    struct err *e = fetch_schema(client, &schema);
    if (e) {
        return e;
    }
    struct tabular *table = tabular_new();
    tabular_add_column(table, "Table");
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        tabular_add_row(table);
        tabular_add_text(table, schema->tables[i].name);
    }
    print_table(client, table);
    schema_unref(schema);
    return NULL;
}

struct err *
find_table(const struct schema *schema, const char *name, const struct table **ret)
{
    *ret = schema_table(schema, name);
    return *ret ? NULL : err_new("No table \"%s\" found.", name);
}

static void
add_columns(struct tabular *out, const struct table *table, json_t *table_json, bool with_table)
{
    for (uint32_t i = 0; i < table->n_columns; i++) {
        const struct column *column = &table->columns[i];
        const json_t *json = json_object_get(json_object_get(table_json, "columns"), column->name);
        tabular_add_row(out);
        if (with_table) {
            tabular_add_text(out, table->name);
        }
        tabular_add_text(out, column->name);
        tabular_add_json(out, json ? json_incref(json_object_get(json, "type")) : json_string("uuid"));
    }
}

struct err *
run_list_columns(struct client *client, int argc, char *argv[])
{
    struct schema *schema;
    struct err *e = fetch_schema(client, &schema);
    const char *only = argc ? argv[0] : NULL;                /* as the peer, nothing is said if there is no such table */
    if (e) {
        return e;
    }
    json_t *tables = schema_to_json(schema);
    struct tabular *out = tabular_new();
    if (!only) {
        tabular_add_column(out, "Table");
    }
    tabular_add_column(out, "Column");
    tabular_add_column(out, "Type");
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        const struct table *table = &schema->tables[i];
        if (!only || !strcmp(only, table->name)) {
            add_columns(out, table, json_object_get(json_object_get(tables, "tables"), table->name), !only);
        }
    }
    print_table(client, out);
    json_decref(tables);
    schema_unref(schema);
    return NULL;
}

struct err *
run_needs_conversion(struct client *client, int argc, char *argv[])
{
    struct schema *wanted, *have;
    struct err *e = schema_from_file(argv[0], &wanted);
    if (e) {
        return e;
    }
    client->database = wanted->name;
    e = client_connect(client);
    e = e ? e : fetch_schema(client, &have);
    if (!e) {
        puts(schema_eq(wanted, have) ? "no" : "yes");
        schema_unref(have);
    }
    schema_unref(wanted);
    return e;
}

/* A client that is not aware of changes of databases may be disconnected by its own. */
static struct err *
convert(struct client *client, const struct schema *schema)
{
    json_t *result;
    struct err *e = client_connect(client);
    e = e ? e : client_announce_awareness(client);
    if (e) {
        return e;
    }
    e = wire_call(client->wire, "convert", json_pack("[s, o]", schema->name, schema_to_json(schema)), &result);
    if (!e) {
        json_decref(result);
    }
    return e;
}

struct err *
run_convert(struct client *client, int argc, char *argv[])
{
    struct schema *schema;
    struct err *e = schema_from_file(argv[0], &schema);
    if (!e) {
        e = convert(client, schema);
        schema_unref(schema);
    }
    return e;
}
