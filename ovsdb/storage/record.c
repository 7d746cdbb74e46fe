/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/storage/record.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/model/datum_scan.h"

static const char SYNTAX[] = "syntax error";

/* Writing. */

void
record_begin(struct record_writer *w, struct buf *buf, int64_t date_ms)
{
    record_begin_values(w, buf, date_ms);
    w->has_values = false;
    buf_puts(buf, ",\"_is_diff\":true");
}

void
record_begin_values(struct record_writer *w, struct buf *buf, int64_t date_ms)
{
    *w = (struct record_writer) {.buf = buf, .has_values = true};
    buf_clear(buf);
    buf_printf(buf, "{\"_date\":%lld", (long long) date_ms);
}

/* Writes what stands before the value of the row 'uuid'. */
static void
begin_row(struct record_writer *w, const struct table *table, const struct uuid *uuid)
{
    char text[UUID_LENGTH + 1];
    if (table != w->table) {
        buf_puts(w->buf, w->table ? "},\"" : ",\"");
        buf_puts(w->buf, table->name);
        buf_puts(w->buf, "\":{\"");
        w->table = table;
    } else {
        buf_puts(w->buf, ",\"");
    }
    buf_put(w->buf, uuid_format(uuid, text), UUID_LENGTH);
    buf_puts(w->buf, "\":");
    w->n_rows++;
}

static void
put_column(struct record_writer *w, const struct column *column, const struct datum *datum, bool is_first)
{
    buf_puts(w->buf, is_first ? "\"" : ",\"");
    buf_puts(w->buf, column->name);
    buf_puts(w->buf, "\":");
    datum_put_json(w->buf, datum, &column->type);
}

void
record_put_insert(struct record_writer *w, const struct table *table, const struct uuid *uuid,
                  const struct datum *columns)
{
    bool is_first = true;
    begin_row(w, table, uuid);
    buf_putc(w->buf, '{');
    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        const struct column *column = &table->columns[i];
        if (!column->is_ephemeral && !datum_is_default(&columns[i], &column->type)) {
            put_column(w, column, &columns[i], is_first);
            is_first = false;
        }
    }
    buf_putc(w->buf, '}');
}

static void
put_difference(struct record_writer *w, const struct column *column, const struct datum *old, const struct datum *new,
               bool is_first)
{
    struct datum diff;
    datum_diff_column(&diff, old, new, &column->type);
    put_column(w, column, &diff, is_first);
    datum_fini(&diff, column_datum_type(&column->type));
}

void
record_put_modify(struct record_writer *w, const struct table *table, const struct uuid *uuid,
                  const struct datum *old, const struct datum *new)
{
    bool is_first = true;
    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        const struct column *column = &table->columns[i];
        struct datum_type type = column_datum_type(&column->type);
        if (column->is_ephemeral || datum_eq(&old[i], &new[i], type)) {
            continue;
        }
        if (is_first) {
            begin_row(w, table, uuid);
            buf_putc(w->buf, '{');
        }
        if (w->has_values) {
            put_column(w, column, &new[i], is_first);
        } else {
            put_difference(w, column, &old[i], &new[i], is_first);
        }
        is_first = false;
    }
    if (!is_first) {
        buf_putc(w->buf, '}');
    }
}

void
record_put_delete(struct record_writer *w, const struct table *table, const struct uuid *uuid)
{
    begin_row(w, table, uuid);
    buf_puts(w->buf, "null");
}

bool
record_end(struct record_writer *w, const char *comment)
{
    if (w->table) {
        buf_putc(w->buf, '}');
    }
    if (comment && *comment) {
        buf_puts(w->buf, ",\"_comment\":");
        buf_put_json_string(w->buf, str_from(comment));
    }
    buf_putc(w->buf, '}');
    return w->n_rows > 0;
}

/* Reading. */

void
record_info_fini(struct record_info *info)
{
    free(info->comment);
    info->comment = NULL;
}

struct reader {
    struct json_scan scan;
    struct string_cache *strings;
    const struct schema *schema;
    struct record_info info;
    record_row_cb *cb;
    void *aux;
};

/* "_is_diff" says how to read rows that may stand before it, so it is looked for first. */
static struct err *
find_is_diff(struct str text, bool *ret)
{
    struct json_scan s;
    struct str name;
    json_scan_init(&s, text);
    *ret = false;
    if (json_scan_peek(&s) == '{') {
        json_scan_object(&s);
    } else if (json_scan_skip(&s) && json_scan_end(&s)) {
        json_scan_fini(&s);
        return err_tagged(SYNTAX, "not a JSON object");
    }
    while (json_scan_member(&s, &name)) {
        if (str_is(name, "_is_diff")) {
            json_scan_boolean(&s, ret);
            break;
        }
        json_scan_skip(&s);
    }
    struct err *e = json_scan_error(&s);
    json_scan_fini(&s);
    return e;
}

static struct err *
scan_columns(struct reader *r, struct record_row *row)
{
    struct json_scan *s = &r->scan;
    struct str name;
    char id[256];
    if (!json_scan_object(s)) {
        return json_scan_error(s);
    }
    while (json_scan_member(s, &name)) {
        const struct column *column = NULL;
        if (name.n < sizeof id) {
            memcpy(id, name.s, name.n);
            id[name.n] = '\0';
            column = table_column(row->table, id);
        }
        if (!column) {
            return err_tagged("unknown column", "No column " STR_FMT " in table %s.", STR_ARG(name), row->table->name);
        }
        uint64_t bit = UINT64_C(1) << column->index;
        if (row->columns & bit) {
            return err_tagged(SYNTAX, "column %s is given twice", column->name);
        }
        bool check_n = !row->is_diff || column->type.n_max == 1;     /* a difference may have any size */
        struct err *e = datum_scan(s, r->strings, &column->type, check_n, &row->data[column->index]);
        if (e) {
            return err_wrap(e, "column %s", column->name);
        }
        row->columns |= bit;
    }
    /* "_uuid" and "_version" are the server's, whatever is written there. */
    for (uint32_t i = 0; i < COLUMN_FIRST; i++) {
        if (row->columns & UINT64_C(1) << i) {
            datum_fini(&row->data[i], column_datum_type(&row->table->columns[i].type));
            row->columns &= ~(UINT64_C(1) << i);
        }
    }
    return json_scan_error(s);
}

static void
free_columns(struct record_row *row)
{
    for (uint64_t left = row->columns; left; left &= left - 1) {
        int i = __builtin_ctzll(left);
        datum_fini(&row->data[i], column_datum_type(&row->table->columns[i].type));
    }
    row->columns = 0;
}

static struct err *
scan_row(struct reader *r, const struct table *table, struct str name)
{
    struct datum data[MAX_COLUMNS];
    struct record_row row = {.table = table, .is_diff = r->info.is_diff, .data = data};
    if (!uuid_from_text(name, &row.uuid)) {
        return err_tagged(SYNTAX, "\"" STR_FMT "\" is not a valid UUID", STR_ARG(name));
    }
    row.is_delete = json_scan_peek(&r->scan) == 'n';
    struct err *e = NULL;
    if (row.is_delete) {
        json_scan_null(&r->scan);
        e = json_scan_error(&r->scan);
    } else {
        e = scan_columns(r, &row);
    }
    if (!e) {
        e = r->cb(r->aux, &row);
    }
    free_columns(&row);
    return e ? err_wrap(e, "table %s row %s", table->name, uuid_text(&row.uuid)) : NULL;
}

static struct err *
scan_table(struct reader *r, struct str name)
{
    char *text = str_dup(name);
    const struct table *table = schema_table(r->schema, text);
    struct err *e = table ? NULL : err_tagged("unknown table", "No table named %s.", text);
    free(text);
    if (e) {
        return e;
    }
    if (!json_scan_object(&r->scan)) {
        return json_scan_error(&r->scan);
    }
    while (json_scan_member(&r->scan, &name)) {
        e = scan_row(r, table, name);
        if (e) {
            return e;
        }
    }
    return json_scan_error(&r->scan);
}

/* Members that begin with "_" are not tables. */
static struct err *
scan_special(struct reader *r, struct str name)
{
    if (str_is(name, "_date")) {
        json_scan_integer(&r->scan, &r->info.date_ms);
        if (r->info.date_ms > 0 && r->info.date_ms < INT64_C(1) << 32) {
            r->info.date_ms *= 1000;                         /* ovsdb(5): early versions counted seconds */
        }
    } else if (str_is(name, "_comment")) {
        struct str text;
        if (json_scan_peek(&r->scan) != '"') {
            json_scan_skip(&r->scan);                        /* says nothing */
        } else if (json_scan_string(&r->scan, &text)) {
            free(r->info.comment);
            r->info.comment = str_dup(text);
        }
    } else {
        json_scan_skip(&r->scan);                            /* "_is_diff" was seen; others are from the future */
    }
    return json_scan_error(&r->scan);
}

static struct err *
scan_record(struct reader *r)
{
    struct str name;
    json_scan_object(&r->scan);
    while (json_scan_member(&r->scan, &name)) {
        struct err *e = str_starts(name, "_") ? scan_special(r, name) : scan_table(r, name);
        if (e) {
            return e;
        }
    }
    json_scan_end(&r->scan);
    return json_scan_error(&r->scan);
}

struct err *
record_parse(const struct schema *schema, struct str text, struct record_info *ret_info, record_row_cb *cb, void *aux)
{
    struct reader r = {.schema = schema, .cb = cb, .aux = aux};
    struct err *e = find_is_diff(text, &r.info.is_diff);
    if (e) {
        return e;
    }
    json_scan_init(&r.scan, text);
    r.strings = string_cache_new(text.n);
    e = scan_record(&r);
    string_cache_free(r.strings);
    json_scan_fini(&r.scan);
    if (!e && ret_info) {
        *ret_info = r.info;
    } else {
        record_info_fini(&r.info);
    }
    return e;
}
