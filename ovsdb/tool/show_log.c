/* SPDX-License-Identifier: Apache-2.0 */
/* "show-log": the history of a database for people. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/storage/storage.h"
#include "ovsdb/tool/command.h"

/* Records are read as plain JSON, so that a file whose records do not fit its schema can be looked at, too. */

/* A row that the log has mentioned. */
struct known_row {
    struct hmap_node node;                                   /* in history.rows, by 'uuid' */
    char *table, *uuid;                                      /* owned */
    char *name;                                              /* owned: its member "name" as JSON, or NULL */
};

struct history {
    const struct tool *tool;
    const struct schema *schema;
    struct hmap rows;
    uint64_t n_records;
};

static struct known_row *
find_row(const struct history *h, const char *table, const char *uuid)
{
    HMAP_FOR_EACH_WITH_HASH (row, struct known_row, node, hash_string(uuid), &h->rows) {
        if (!strcmp(row->table, table) && !strcmp(row->uuid, uuid)) {
            return row;
        }
    }
    return NULL;
}

static struct known_row *
add_row(struct history *h, const char *table, const char *uuid)
{
    struct known_row *row = xcalloc(1, sizeof *row);
    row->table = xstrdup(table);
    row->uuid = xstrdup(uuid);
    hmap_insert(&h->rows, &row->node, hash_string(uuid));
    return row;
}

static void
remove_row(struct history *h, struct known_row *row)
{
    hmap_remove(&h->rows, &row->node);
    free(row->table);
    free(row->uuid);
    free(row->name);
    free(row);
}

static void
note_name(struct known_row *row, const json_t *columns)
{
    const json_t *name = json_object_get(columns, "name");
    if (name) {
        free(row->name);
        row->name = json_text(name);
    }
}

/* "table T insert row "name" (12345678):" */
static void
print_heading(FILE *out, const struct known_row *row, bool is_new, bool is_diff)
{
    fprintf(out, "  table %s %srow ", row->table, is_new ? "insert " : "");
    if (row->name) {
        fprintf(out, "%s (%.8s)", row->name, row->uuid);
    } else if (is_new) {
        fprintf(out, "%.8s", row->uuid);
    } else {
        fprintf(out, "%.8s (%.8s)", row->uuid, row->uuid);
    }
    fputs(is_diff && !is_new ? " diff:\n" : ":\n", out);
}

/* "column=value", the value as JSON if it is none of the column's. */
static void
print_value(FILE *out, const struct table *table, const char *name, const json_t *value)
{
    const struct column *column = table ? table_column(table, name) : NULL;
    struct datum datum;
    struct err *e = column ? datum_from_json(&datum, &column->type, value, NULL) : NULL;
    if (column && !e) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        datum_put_string(&text, &datum, &column->type);
        fprintf(out, "    %s=%s\n", name, buf_text(&text));
        buf_fini(&text);
        datum_fini(&datum, column_datum_type(&column->type));
    } else {
        char *text = json_text(value);
        fprintf(out, "    %s=%s\n", name, text);
        free(text);
    }
    err_free(e);
}

static void
show_row(struct history *h, const char *table, const char *uuid, const json_t *columns, bool is_diff)
{
    FILE *out = h->tool->out;
    struct known_row *row = find_row(h, table, uuid);
    bool is_new = !row;
    if (is_new) {
        row = add_row(h, table, uuid);
        note_name(row, columns);
    }
    print_heading(out, row, is_new, is_diff);
    note_name(row, columns);
    if (json_is_null(columns)) {
        fputs("    delete row\n", out);
        remove_row(h, row);
    } else if (h->tool->more > 1) {
        const char *name;
        json_t *value;
        json_object_foreach ((json_t *) columns, name, value) {
            print_value(out, schema_table(h->schema, table), name, value);
        }
    }
}

static void
show_rows(struct history *h, const json_t *record)
{
    bool is_diff = json_is_true(json_object_get(record, "_is_diff")), any = false;
    const char *table, *uuid;
    json_t *rows, *columns;
    json_object_foreach ((json_t *) record, table, rows) {
        if (*table != '_' && json_is_object(rows)) {
            any = true;
            json_object_foreach (rows, uuid, columns) {
                show_row(h, table, uuid, columns, is_diff);
            }
        }
    }
    fputs(any ? "\n" : "", h->tool->out);
}

/* Milliseconds, or in very old files seconds (ovsdb(5)). */
static void
print_date(FILE *out, const json_t *date)
{
    char text[32];
    struct tm tm;
    json_int_t ms = json_integer_value(date);
    if (ms < INT32_MAX && ms > INT32_MIN) {
        ms *= 1000;
    }
    time_t seconds = (time_t) (ms / 1000);
    if (json_is_integer(date) && gmtime_r(&seconds, &tm)) {
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
        fprintf(out, " %s.%03d", text, (int) (ms < 0 ? 0 : ms % 1000));
    }
}

static struct err *
show_record(void *h_, struct str text)
{
    struct history *h = h_;
    FILE *out = h->tool->out;
    json_t *record;
    struct err *e = json_parse(text, 0, &record);
    if (!json_is_object(record)) {
        e = e ? e : err_tagged("syntax error", "not a JSON object");
        json_decref(record);
        return e;
    }
    fprintf(out, "record %llu:", (unsigned long long) ++h->n_records);
    print_date(out, json_object_get(record, "_date"));
    const json_t *comment = json_object_get(record, "_comment");
    if (json_is_string(comment)) {
        fprintf(out, " \"%s\"", json_string_value(comment));
    }
    fputc('\n', out);
    if (h->tool->more) {
        show_rows(h, record);
    }
    json_decref(record);
    return NULL;
}

struct err *
run_show_log(struct tool *tool, char *const arguments[])
{
    struct storage *storage;
    struct err *e = storage_open(db_argument(tool, arguments[0]), STORAGE_READ_ONLY, &storage);
    if (e) {
        return e;
    }
    storage_set_strict(storage);
    const struct schema *schema = storage_schema(storage);
    struct history h = {.tool = tool, .schema = schema, .rows = HMAP_INIT(&h.rows)};
    fprintf(tool->out, "record 0: \"%s\" schema, version=\"%s\", cksum=\"%s\"\n\n", schema->name, schema->version,
            schema->cksum);
    e = storage_read_all(storage, show_record, &h);
    HMAP_FOR_EACH_SAFE (row, struct known_row, node, &h.rows) {
        remove_row(&h, row);
    }
    hmap_fini(&h.rows);
    storage_close(storage);
    return e;
}
