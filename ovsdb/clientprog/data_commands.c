/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that read or change data: transact, query, dump. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/vec.h"
#include "ovsdb/clientprog/command.h"
#include "ovsdb/clientprog/wire.h"
#include "ovsdb/model/schema.h"

struct err *
parse_json(const char *text, json_t **ret)
{
    struct err *e = json_parse(str_from(text), 0, ret);
    return e ? err_untag(err_wrap(e, "\"%s\"", text)) : NULL;
}

static struct err *
parse_transaction(const char *text, json_t **ret)
{
    struct err *e = parse_json(text, ret);
    if (!e && (!json_is_array(*ret) || !json_array_size(*ret) || !json_is_string(json_array_get(*ret, 0)))) {
        json_decref(*ret);
        e = err_new("not a valid OVSDB query");
    }
    return e;
}

/* Sends the transaction 'text', with an "abort" behind it if 'must_abort'. */
static struct err *
execute(struct client *client, const char *text, bool must_abort, json_t **ret_result)
{
    json_t *params;
    struct err *e = parse_transaction(text, &params);
    if (e) {
        return e;
    }
    e = client_connect(client);
    if (e) {
        json_decref(params);
        return e;
    }
    if (must_abort) {
        json_array_append_new(params, json_pack("{s:s}", "op", "abort"));
    }
    return wire_call(client->wire, "transact", params, ret_result);
}

struct err *
run_transact(struct client *client, int argc, char *argv[])
{
    json_t *result;
    struct err *e = execute(client, argv[0], false, &result);
    if (!e) {
        print_json(client, result);
        json_decref(result);
    }
    return e;
}

/* A transaction that ends in "abort" changes nothing; its own result is taken off the end, if there is one. */
struct err *
run_query(struct client *client, int argc, char *argv[])
{
    json_t *result;
    struct err *e = execute(client, argv[0], true, &result);
    if (e) {
        return e;
    }
    size_t n = json_array_size(result);
    const char *error = n ? json_string_value(json_object_get(json_array_get(result, n - 1), "error")) : NULL;
    if (error && !strcmp(error, "aborted")) {
        json_array_remove(result, n - 1);
    }
    print_json(client, result);
    json_decref(result);
    return NULL;
}

/* A row that was fetched: a datum per column shown. */
struct dump_row {
    struct datum *data;
    const struct column *const *columns;
    size_t n;
};

struct dump {
    const struct table *table;
    VEC(const struct column *) columns;
    VEC(struct dump_row) rows;
};

static int
column_cmp(const void *a_, const void *b_)
{
    const struct column *const *a = a_, *const *b = b_;
    return strcmp((*a)->name, (*b)->name);
}

/* By the columns from the left, the uuid, which says nothing to people, last. */
static int
dump_row_cmp(const void *a_, const void *b_)
{
    const struct dump_row *a = a_, *b = b_;
    size_t uuid = SIZE_MAX;
    for (size_t i = 0; i < a->n; i++) {
        if (a->columns[i]->index == COLUMN_UUID) {
            uuid = i;
            continue;
        }
        int cmp = datum_cmp(&a->data[i], &b->data[i], column_datum_type(&a->columns[i]->type));
        if (cmp) {
            return cmp;
        }
    }
    return uuid == SIZE_MAX ? 0 : datum_cmp(&a->data[uuid], &b->data[uuid], (struct datum_type) {.key = ATOM_UUID});
}

static struct err *
choose_columns(struct dump *dump, int n, char *names[])
{
    for (int i = 0; i < n; i++) {
        const struct column *column = table_column(dump->table, names[i]);
        if (!column) {
            return err_new("Table \"%s\" has no column %s.", dump->table->name, names[i]);
        }
        vec_push(&dump->columns, column);
    }
    for (uint32_t i = 0; !n && i < dump->table->n_columns; i++) {
        if (i != COLUMN_VERSION) {
            vec_push(&dump->columns, &dump->table->columns[i]);
        }
    }
    if (dump->columns.n) {
        qsort(dump->columns.d, dump->columns.n, sizeof *dump->columns.d, column_cmp);
    }
    return NULL;
}

static json_t *
dump_operation(const struct dump *dump)
{
    json_t *names = json_array();
    for (size_t i = 0; i < dump->columns.n; i++) {
        json_array_append_new(names, json_string(dump->columns.d[i]->name));
    }
    return json_pack("{s:s, s:s, s:[], s:o}", "op", "select", "table", dump->table->name, "where", "columns", names);
}

static struct err *
add_dump_row(struct dump *dump, const json_t *json)
{
    struct dump_row row = {.columns = dump->columns.d, .data = xcalloc(dump->columns.n + 1, sizeof *row.data)};
    struct err *e = NULL;
    vec_push(&dump->rows, row);
    for (size_t i = 0; i < dump->columns.n && !e; i++) {
        const json_t *value = json_object_get(json, dump->columns.d[i]->name);
        e = value ? datum_from_json(&row.data[i], &dump->columns.d[i]->type, value, NULL)
                  : err_new("%s row reply lacks %s column", dump->table->name, dump->columns.d[i]->name);
        vec_last(&dump->rows).n += !e;
    }
    return e;
}

static void
dump_fini(struct dump *dump)
{
    for (size_t i = 0; i < dump->rows.n; i++) {
        for (size_t j = 0; j < dump->rows.d[i].n; j++) {
            datum_fini(&dump->rows.d[i].data[j], column_datum_type(&dump->columns.d[j]->type));
        }
        free(dump->rows.d[i].data);
    }
    vec_fini(&dump->rows);
    vec_fini(&dump->columns);
}

static struct err *
print_dump(struct client *client, struct dump *dump, const json_t *result)
{
    const json_t *rows = json_object_get(result, "rows");
    if (!json_is_array(rows)) {
        char *text = json_text(result);
        struct err *e = err_new("%s table reply is not an object with a \"rows\" member array: %s", dump->table->name, text);
        free(text);
        return e;
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct err *e = add_dump_row(dump, json_array_get(rows, i));
        if (e) {
            return e;
        }
    }
    if (dump->rows.n) {
        qsort(dump->rows.d, dump->rows.n, sizeof *dump->rows.d, dump_row_cmp);
    }
    struct tabular *out = tabular_new();
    char *caption = xasprintf("%s table", dump->table->name);
    tabular_set_caption(out, caption);
    free(caption);
    for (size_t i = 0; i < dump->columns.n; i++) {
        tabular_add_column(out, dump->columns.d[i]->name);
    }
    for (size_t i = 0; i < dump->rows.n; i++) {
        tabular_add_row(out);
        for (size_t j = 0; j < dump->columns.n; j++) {
            tabular_add_datum(out, &dump->rows.d[i].data[j], &dump->columns.d[j]->type);
        }
    }
    print_table(client, out);
    return NULL;
}

/* All tables are read in one transaction, so that what is printed was true at one moment. */
static struct err *
dump_tables(struct client *client, struct dump *dumps, size_t n)
{
    json_t *params = json_pack("[s]", client->database), *results;
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(params, dump_operation(&dumps[i]));
    }
    struct err *e = wire_call(client->wire, "transact", params, &results);
    if (e) {
        return e;
    }
    if (json_array_size(results) != n) {
        e = err_new("transact reply is not array of %zu elements", n);
    }
    for (size_t i = 0; i < n && !e; i++) {
        e = print_dump(client, &dumps[i], json_array_get(results, i));
    }
    json_decref(results);
    return e;
}

struct err *
run_dump(struct client *client, int argc, char *argv[])
{
    struct schema *schema;
    struct err *e = fetch_schema(client, &schema);
    if (e) {
        return e;
    }
    const struct table *only = NULL;
    if (argc) {
        e = find_table(schema, argv[0], &only);
    }
    struct dump *dumps = xcalloc(schema->n_tables + 1, sizeof *dumps);
    size_t n = 0;
    for (uint32_t i = 0; i < schema->n_tables && !e; i++) {
        if (!only || only == &schema->tables[i]) {
            dumps[n].table = &schema->tables[i];
            e = choose_columns(&dumps[n++], MAX(argc - 1, 0), argv + 1);
        }
    }
    if (!e) {
        e = dump_tables(client, dumps, n);
    }
    for (size_t i = 0; i < n; i++) {
        dump_fini(&dumps[i]);
    }
    free(dumps);
    schema_unref(schema);
    return e;
}
