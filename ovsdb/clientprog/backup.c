/* SPDX-License-Identifier: Apache-2.0 */
/* "backup": a database as a database file on the standard output. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "ovsdb/clientprog/command.h"
#include "ovsdb/clientprog/wire.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/storage/log_file.h"
#include "ovsdb/storage/record.h"

/* What survives a restart of the server. */
static bool
is_kept(const struct column *column)
{
    return column->index >= COLUMN_FIRST && !column->is_ephemeral;
}

/* All tables in one transaction, so that what is written was true at one moment. */
static json_t *
select_all(const struct schema *schema)
{
    json_t *params = json_pack("[s]", schema->name);
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        const struct table *table = &schema->tables[i];
        json_t *columns = json_pack("[s]", "_uuid");
        for (uint32_t j = COLUMN_FIRST; j < table->n_columns; j++) {
            if (is_kept(&table->columns[j])) {
                json_array_append_new(columns, json_string(table->columns[j].name));
            }
        }
        json_array_append_new(params, json_pack("{s:s, s:s, s:[], s:o}", "op", "select", "table", table->name, "where",
                                                "columns", columns));
    }
    return params;
}

static void
free_data(const struct table *table, struct datum *data)
{
    for (uint32_t i = 0; i < table->n_columns; i++) {
        datum_fini(&data[i], column_datum_type(&table->columns[i].type));
    }
}

static struct err *
put_row(struct record_writer *w, const struct table *table, const json_t *row)
{
    struct datum data[MAX_COLUMNS];
    struct err *e = NULL;
    for (uint32_t i = 0; i < table->n_columns; i++) {
        const struct column *column = &table->columns[i];
        datum_init_empty(&data[i]);
        if (!e && (i == COLUMN_UUID || is_kept(column))) {
            const json_t *json = json_object_get(row, column->name);
            e = json ? datum_from_json(&data[i], &column->type, json, NULL)
                     : err_new("%s row reply lacks %s column", table->name, column->name);
        }
    }
    if (!e) {
        record_put_insert(w, table, &datum_keys(&data[COLUMN_UUID])->uuid, data);
    }
    free_data(table, data);
    return e;
}

static struct err *
put_tables(struct record_writer *w, const struct schema *schema, const json_t *results)
{
    if (json_array_size(results) != schema->n_tables) {
        return err_new("transact reply is not array of %u elements", schema->n_tables);
    }
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        const json_t *rows = json_object_get(json_array_get(results, i), "rows");
        if (!json_is_array(rows)) {
            return err_new("%s table reply is not a selection", schema->tables[i].name);
        }
        for (size_t j = 0; j < json_array_size(rows); j++) {
            struct err *e = put_row(w, &schema->tables[i], json_array_get(rows, j));
            if (e) {
                return e;
            }
        }
    }
    return NULL;
}

static struct err *
put_file(struct buf *file, const struct schema *schema, const json_t *results)
{
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    struct record_writer w;
    json_t *json = schema_to_json(schema);
    char *text = json_text(json);
    log_file_put_record(file, str_from(text));
    free(text);
    json_decref(json);

    record_begin(&w, &record, clock_wall_ms());
    struct err *e = put_tables(&w, schema, results);
    record_end(&w, "produced by \"ovsdb-client backup\"");
    log_file_put_record(file, str_n(record.data, record.size));
    buf_fini(&record);
    return e;
}

struct err *
run_backup(struct client *client, int argc, char *argv[])
{
    struct schema *schema;
    json_t *results;
    struct err *e = fetch_schema(client, &schema);
    if (e) {
        return e;
    }
    e = wire_call(client->wire, "transact", select_all(schema), &results);
    if (!e) {
        struct buf file = BUF_INIT(BUF_NO_LIMIT);
        e = put_file(&file, schema, results);
        if (!e) {                                            /* main() looks whether this succeeded */
            fwrite(file.data, 1, file.size, stdout);
        }
        buf_fini(&file);
        json_decref(results);
    }
    schema_unref(schema);
    return e;
}
