/* SPDX-License-Identifier: Apache-2.0 */
/* "show-log": the history of a database for people. */
#include <config.h>

#include <stdlib.h>
#include <time.h>

#include "lib/base/hmap.h"
#include "lib/base/mem.h"
#include "ovsdb/storage/record.h"
#include "ovsdb/storage/storage.h"
#include "ovsdb/tool/command.h"

/* A row that the log has mentioned. */
struct known_row {
    struct hmap_node node;                                   /* in history.rows, by uuid */
    const struct table *table;
    struct uuid uuid;
    char *name;                                              /* owned: value of its column "name", or NULL */
};

struct history {
    const struct tool *tool;
    const struct schema *schema;
    struct hmap rows;
    uint64_t n_records;
    struct buf text;                                         /* of the record's rows */
};

static struct known_row *
find_row(const struct history *h, const struct table *table, const struct uuid *uuid)
{
    HMAP_FOR_EACH_WITH_HASH (row, struct known_row, node, uuid_hash(uuid), &h->rows) {
        if (row->table == table && uuid_eq(&row->uuid, uuid)) {
            return row;
        }
    }
    return NULL;
}

static struct known_row *
add_row(struct history *h, const struct table *table, const struct uuid *uuid)
{
    struct known_row *row = xcalloc(1, sizeof *row);
    row->table = table;
    row->uuid = *uuid;
    hmap_insert(&h->rows, &row->node, uuid_hash(uuid));
    return row;
}

static void
remove_row(struct history *h, struct known_row *row)
{
    hmap_remove(&h->rows, &row->node);
    free(row->name);
    free(row);
}

static void
note_name(struct known_row *row, const struct record_row *r)
{
    const struct column *column = table_column(r->table, "name");
    if (column && column->type.key.type == ATOM_STRING && !column_type_is_map(&column->type)
        && r->columns & UINT64_C(1) << column->index && r->data[column->index].n == 1) {
        free(row->name);
        row->name = xstrdup(datum_keys(&r->data[column->index])->string->text);
    }
}

/* "table T insert row "name" (12345678):" */
static void
print_heading(struct buf *text, const struct known_row *row, bool is_new, bool is_diff)
{
    buf_printf(text, "  table %s %srow ", row->table->name, is_new ? "insert " : "");
    if (row->name) {
        buf_printf(text, "\"%s\" (%.8s)", row->name, uuid_text(&row->uuid));
    } else if (is_new) {
        buf_printf(text, "%.8s", uuid_text(&row->uuid));
    } else {
        buf_printf(text, "%.8s (%.8s)", uuid_text(&row->uuid), uuid_text(&row->uuid));
    }
    buf_puts(text, is_diff && !is_new ? " diff:\n" : ":\n");
}

static struct err *
show_row(void *h_, struct record_row *r)
{
    struct history *h = h_;
    struct known_row *row = find_row(h, r->table, &r->uuid);
    bool is_new = !row;
    if (!row) {
        row = add_row(h, r->table, &r->uuid);
        note_name(row, r);
    }
    print_heading(&h->text, row, is_new, r->is_diff);
    if (!is_new) {
        note_name(row, r);
    }
    if (r->is_delete) {
        buf_puts(&h->text, "    delete row\n");
        remove_row(h, row);
        return NULL;
    }
    for (uint64_t left = h->tool->more > 1 ? r->columns : 0; left; left &= left - 1) {
        int i = __builtin_ctzll(left);
        buf_printf(&h->text, "    %s=", r->table->columns[i].name);
        datum_put_string(&h->text, &r->data[i], &r->table->columns[i].type);
        buf_putc(&h->text, '\n');
    }
    return NULL;
}

static void
print_date(FILE *out, int64_t date_ms)
{
    char text[32];
    struct tm tm;
    time_t seconds = (time_t) (date_ms / 1000);
    if (date_ms > 0 && gmtime_r(&seconds, &tm)) {
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
        fprintf(out, " %s.%03d", text, (int) (date_ms % 1000));
    }
}

static struct err *
show_record(void *h_, struct str text)
{
    struct history *h = h_;
    struct record_info info;
    FILE *out = h->tool->out;
    buf_clear(&h->text);
    struct err *e = record_parse(h->schema, text, &info, show_row, h);
    if (e) {
        return e;
    }
    fprintf(out, "record %llu:", (unsigned long long) ++h->n_records);
    print_date(out, info.date_ms);
    if (info.comment) {
        fprintf(out, " \"%s\"", info.comment);
    }
    fputc('\n', out);
    if (h->tool->more) {
        fprintf(out, "%s\n", buf_text(&h->text));
    }
    record_info_fini(&info);
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
    struct history h = {.tool = tool, .schema = schema, .rows = HMAP_INIT(&h.rows), .text = BUF_INIT(BUF_NO_LIMIT)};
    fprintf(tool->out, "record 0: \"%s\" schema, version=\"%s\", cksum=\"%s\"\n\n", schema->name, schema->version,
            schema->cksum);
    e = storage_read_all(storage, show_record, &h);
    HMAP_FOR_EACH_SAFE (row, struct known_row, node, &h.rows) {
        remove_row(&h, row);
    }
    hmap_fini(&h.rows);
    buf_fini(&h.text);
    storage_close(storage);
    return e;
}
