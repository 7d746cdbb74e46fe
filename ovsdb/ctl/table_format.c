/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/table_format.h"

#include <time.h>

#include "lib/base/uuid.h"
#include "lib/base/vec.h"
#include "ovsdb/ctl/json_put.h"
#include "ovsdb/model/schema.h"

enum { LIST_HEADING_WIDTH = 20, HTML_UUID_SHOWN = 8 };

enum cell_kind { CELL_EMPTY, CELL_TEXT, CELL_JSON, CELL_DATUM };
struct cell {
    enum cell_kind kind;
    const struct column_type *type;                          /* CELL_DATUM: borrowed */
    union {
        char *text;                                          /* owned */
        json_t *json;                                        /* owned */
        struct datum datum;                                  /* owned */
    };
};

struct tabular {
    char *caption;                                           /* owned, or NULL */
    int64_t time_ms;
    bool has_time;
    VEC(char *) headings;                                    /* owned */
    VEC(struct cell) cells;                                  /* row by row */
    size_t n_rows;
};

static const struct {
    const char *name;
    enum tabular_format format;
} formats[] = {{"table", TABULAR_TABLE}, {"list", TABULAR_LIST}, {"html", TABULAR_HTML},
               {"csv", TABULAR_CSV}, {"json", TABULAR_JSON}};
static const struct {
    const char *name;
    enum tabular_cells cells;
} cell_formats[] = {{"string", TABULAR_STRING}, {"bare", TABULAR_BARE}, {"json", TABULAR_CELL_JSON}};

struct err *
tabular_style_set_format(struct tabular_style *style, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        if (!strcmp(name, formats[i].name)) {
            style->format = formats[i].format;
            return NULL;
        }
    }
    return err_new("unknown output format \"%s\"", name);
}

struct err *
tabular_style_set_cells(struct tabular_style *style, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(cell_formats); i++) {
        if (!strcmp(name, cell_formats[i].name)) {
            style->cells = cell_formats[i].cells;
            return NULL;
        }
    }
    return err_new("unknown data format \"%s\"", name);
}

void
tabular_style_set_bare(struct tabular_style *style)
{
    style->format = TABULAR_LIST;
    style->cells = TABULAR_BARE;
    style->no_headings = true;
}

struct tabular *
tabular_new(void)
{
    return xcalloc(1, sizeof(struct tabular));
}

void
tabular_free(struct tabular *table)
{
    if (!table) {
        return;
    }
    for (size_t i = 0; i < table->headings.n; i++) {
        free(table->headings.d[i]);
    }
    for (size_t i = 0; i < table->cells.n; i++) {
        struct cell *cell = &table->cells.d[i];
        switch (cell->kind) {
        case CELL_EMPTY: break;
        case CELL_TEXT: free(cell->text); break;
        case CELL_JSON: json_decref(cell->json); break;
        case CELL_DATUM: datum_fini(&cell->datum, column_datum_type(cell->type)); break;
        }
    }
    vec_fini(&table->headings);
    vec_fini(&table->cells);
    free(table->caption);
    free(table);
}

void
tabular_set_caption(struct tabular *table, const char *caption)
{
    free(table->caption);
    table->caption = xstrdup(caption);
}

void
tabular_set_time(struct tabular *table, int64_t wall_ms)
{
    table->time_ms = wall_ms;
    table->has_time = true;
}

void
tabular_add_column(struct tabular *table, const char *heading)
{
    CHECK(!table->n_rows);
    vec_push(&table->headings, xstrdup(heading));
}

void
tabular_add_row(struct tabular *table)
{
    CHECK(table->cells.n == table->n_rows * table->headings.n);
    table->n_rows++;
}

static struct cell *
add_cell(struct tabular *table, enum cell_kind kind)
{
    CHECK(table->cells.n < table->n_rows * table->headings.n);
    vec_push(&table->cells, (struct cell) {.kind = kind});
    return &vec_last(&table->cells);
}

void
tabular_add_text(struct tabular *table, const char *text)
{
    add_cell(table, CELL_TEXT)->text = xstrdup(text);
}

void
tabular_add_json(struct tabular *table, json_t *json)
{
    add_cell(table, CELL_JSON)->json = json;
}

void
tabular_add_datum(struct tabular *table, const struct datum *datum, const struct column_type *type)
{
    struct cell *cell = add_cell(table, CELL_DATUM);
    cell->type = type;
    datum_clone(&cell->datum, datum, column_datum_type(type));
}

void
tabular_add_empty(struct tabular *table)
{
    add_cell(table, CELL_EMPTY);
}

/* --- The five layouts --- */

static void print_table(const struct tabular *, const struct tabular_style *, struct buf *);
static void print_list(const struct tabular *, const struct tabular_style *, struct buf *);
static void print_html(const struct tabular *, const struct tabular_style *, struct buf *);
static void print_csv(const struct tabular *, const struct tabular_style *, struct buf *);
static void print_json(const struct tabular *, const struct tabular_style *, struct buf *);

/* "YYYY-MM-DD HH:MM:SS.mmm", local time. */
static void
put_time(struct buf *out, int64_t wall_ms)
{
    time_t seconds = wall_ms / 1000;
    struct tm tm;
    char text[32] = "";

    if (localtime_r(&seconds, &tm)) {
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    }
    buf_printf(out, "%s.%03d", text, (int) (wall_ms % 1000));
}

void
tabular_print(const struct tabular *table, const struct tabular_style *style, bool is_first, struct buf *out)
{
    CHECK(table->cells.n == table->n_rows * table->headings.n);
    bool has_lines = style->format != TABULAR_HTML && style->format != TABULAR_JSON;
    if (!is_first && has_lines) {
        buf_putc(out, '\n');
    }
    if (table->has_time && style->format != TABULAR_JSON) {
        put_time(out, table->time_ms);
        buf_putc(out, '\n');
    }
    if (table->caption && has_lines) {
        buf_printf(out, "%s\n", table->caption);
    }
    switch (style->format) {
    case TABULAR_TABLE: print_table(table, style, out); break;
    case TABULAR_LIST: print_list(table, style, out); break;
    case TABULAR_HTML: print_html(table, style, out); break;
    case TABULAR_CSV: print_csv(table, style, out); break;
    case TABULAR_JSON: print_json(table, style, out); break;
    }
}

static void
put_cell(struct buf *out, const struct cell *cell, enum tabular_cells cells)
{
    switch (cell->kind) {
    case CELL_EMPTY: break;
    case CELL_TEXT: buf_puts(out, cell->text); break;
    case CELL_JSON: json_put(out, cell->json, false); break;
    case CELL_DATUM:
        if (cells == TABULAR_CELL_JSON) {
            datum_put_json(out, &cell->datum, cell->type);
        } else if (cells == TABULAR_BARE) {
            datum_put_bare(out, &cell->datum, cell->type);
        } else {
            datum_put_string(out, &cell->datum, cell->type);
        }
        break;
    }
}

/* The number of characters in UTF-8 'text'. */
static size_t
utf8_length(const char *text)
{
    size_t n = 0;
    for (; *text; text++) {
        n += ((unsigned char) *text & 0xc0) != 0x80;
    }
    return n;
}

/* The number of bytes of the first 'n' characters of UTF-8 'text'. */
static size_t
utf8_prefix(const char *text, size_t n)
{
    size_t i = 0;
    for (; text[i]; i++) {
        if (((unsigned char) text[i] & 0xc0) != 0x80 && !n--) {
            break;
        }
    }
    return i;
}

/* Appends one line of cells, column 'i' padded to 'widths[i]' and cut at it.  No white space at the end. */
static void
put_table_line(struct buf *out, char *const *cells, const size_t *widths, size_t n)
{
    size_t n_spaces = 0;
    for (size_t i = 0; i < n; i++) {
        size_t bytes = utf8_prefix(cells[i], widths[i]);
        if (bytes) {
            for (; n_spaces; n_spaces--) {
                buf_putc(out, ' ');
            }
            buf_put(out, cells[i], bytes);
        }
        n_spaces += widths[i] - MIN(widths[i], utf8_length(cells[i])) + 1;
    }
    buf_putc(out, '\n');
}

static void
put_table_rule(struct buf *out, const size_t *widths, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i) {
            buf_putc(out, ' ');
        }
        for (size_t j = 0; j < widths[i]; j++) {
            buf_putc(out, '-');
        }
    }
    buf_putc(out, '\n');
}

static void
print_table(const struct tabular *table, const struct tabular_style *style, struct buf *out)
{
    size_t n_columns = table->headings.n;
    char **texts = xcalloc(table->cells.n + 1, sizeof *texts);
    size_t *widths = xcalloc(n_columns + 1, sizeof *widths);

    for (size_t i = 0; i < table->cells.n; i++) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        put_cell(&text, &table->cells.d[i], style->cells);
        texts[i] = buf_take_text(&text);
        widths[i % n_columns] = MAX(widths[i % n_columns], utf8_length(texts[i]));
    }
    for (size_t i = 0; i < n_columns; i++) {                 /* headings are never cut */
        widths[i] = style->max_column_width ? MIN(widths[i], style->max_column_width) : widths[i];
        widths[i] = style->no_headings ? widths[i] : MAX(widths[i], utf8_length(table->headings.d[i]));
    }
    if (!style->no_headings) {
        put_table_line(out, table->headings.d, widths, n_columns);
        put_table_rule(out, widths, n_columns);
    }
    for (size_t i = 0; i < table->n_rows; i++) {
        put_table_line(out, &texts[i * n_columns], widths, n_columns);
    }
    for (size_t i = 0; i < table->cells.n; i++) {
        free(texts[i]);
    }
    free(texts);
    free(widths);
}

static void
print_list(const struct tabular *table, const struct tabular_style *style, struct buf *out)
{
    size_t n_columns = table->headings.n;
    for (size_t i = 0; i < table->cells.n; i++) {
        if (i && i % n_columns == 0) {
            buf_putc(out, '\n');
        }
        if (!style->no_headings) {
            buf_printf(out, "%-*s: ", LIST_HEADING_WIDTH, table->headings.d[i % n_columns]);
        }
        put_cell(out, &table->cells.d[i], style->cells);
        buf_putc(out, '\n');
    }
}

static void
put_html_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        switch (text.s[i]) {
        case '&': buf_puts(out, "&amp;"); break;
        case '<': buf_puts(out, "&lt;"); break;
        case '>': buf_puts(out, "&gt;"); break;
        case '"': buf_puts(out, "&quot;"); break;
        default: buf_putc(out, text.s[i]); break;
        }
    }
}

/* Appends 'text' with a link in place of each uuid in it. */
static void
put_html_links(struct buf *out, const char *text)
{
    struct str rest = str_from(text);
    while (rest.n) {
        struct uuid uuid;
        struct str head = str_n(rest.s, MIN(rest.n, (size_t) UUID_LENGTH));
        size_t n = 1;
        if (uuid_from_text(head, &uuid)) {
            n = UUID_LENGTH;
            buf_printf(out, "<a href=\"#" STR_FMT "\">%.*s</a>", STR_ARG(head), HTML_UUID_SHOWN, head.s);
        } else {
            put_html_text(out, str_n(rest.s, 1));
        }
        rest = str_n(rest.s + n, rest.n - n);
    }
}

static void
put_html_cell(struct buf *out, const char *element, const char *text, bool is_anchor)
{
    buf_printf(out, "    <%s>", element);
    if (is_anchor) {
        buf_puts(out, "<a name=\"");
        put_html_text(out, str_from(text));
        buf_puts(out, "\">");
        put_html_text(out, str_n(text, utf8_prefix(text, HTML_UUID_SHOWN)));
        buf_puts(out, "</a>");
    } else {
        put_html_links(out, text);
    }
    buf_printf(out, "</%s>\n", element);
}

static void
print_html(const struct tabular *table, const struct tabular_style *style, struct buf *out)
{
    size_t n_columns = table->headings.n;
    buf_puts(out, "<table border=1>\n");
    if (table->caption) {
        buf_puts(out, "    <caption>");
        put_html_links(out, table->caption);
        buf_puts(out, "</caption>\n");
    }
    if (!style->no_headings) {
        buf_puts(out, "  <tr>\n");
        for (size_t i = 0; i < n_columns; i++) {
            put_html_cell(out, "th", table->headings.d[i], false);
        }
        buf_puts(out, "  </tr>\n");
    }
    for (size_t i = 0; i < table->cells.n; i++) {
        size_t column = i % n_columns;
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        put_cell(&text, &table->cells.d[i], style->cells);
        buf_puts(out, column ? "" : "  <tr>\n");
        put_html_cell(out, "td", buf_text(&text), !strcmp(table->headings.d[column], "_uuid"));
        buf_puts(out, column + 1 < n_columns ? "" : "  </tr>\n");
        buf_fini(&text);
    }
    buf_puts(out, "</table>\n");
}

static void
put_csv_cell(struct buf *out, const char *text)
{
    if (!strpbrk(text, "\n\",")) {
        buf_puts(out, text);
        return;
    }
    buf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"') {
            buf_putc(out, '"');
        }
        buf_putc(out, *text);
    }
    buf_putc(out, '"');
}

static void
print_csv(const struct tabular *table, const struct tabular_style *style, struct buf *out)
{
    size_t n_columns = table->headings.n;
    for (size_t i = 0; i < n_columns && !style->no_headings; i++) {
        put_csv_cell(out, table->headings.d[i]);
        buf_putc(out, i + 1 < n_columns ? ',' : '\n');
    }
    for (size_t i = 0; i < table->cells.n; i++) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        put_cell(&text, &table->cells.d[i], style->cells);
        put_csv_cell(out, buf_text(&text));
        buf_putc(out, (i + 1) % n_columns ? ',' : '\n');
        buf_fini(&text);
    }
}

static json_t *
cell_to_json(const struct cell *cell)
{
    switch (cell->kind) {
    case CELL_EMPTY: return json_null();
    case CELL_TEXT: return json_string(cell->text);
    case CELL_JSON: return json_incref(cell->json);
    case CELL_DATUM: return datum_to_json(&cell->datum, cell->type);
    }
    return NULL;
}

static void
print_json(const struct tabular *table, const struct tabular_style *style, struct buf *out)
{
    json_t *json = json_object();
    json_t *headings = json_array();
    json_t *data = json_array();

    for (size_t i = 0; i < table->headings.n; i++) {
        json_array_append_new(headings, json_string(table->headings.d[i]));
    }
    for (size_t i = 0; i < table->cells.n; i++) {
        if (i % table->headings.n == 0) {
            json_array_append_new(data, json_array());
        }
        json_array_append_new(json_array_get(data, json_array_size(data) - 1), cell_to_json(&table->cells.d[i]));
    }
    if (table->caption) {
        json_object_set_new(json, "caption", json_string(table->caption));
    }
    if (table->has_time) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        put_time(&text, table->time_ms);
        json_object_set_new(json, "time", json_string(buf_text(&text)));
        buf_fini(&text);
    }
    json_object_set_new(json, "headings", headings);
    json_object_set_new(json, "data", data);
    json_put(out, json, style->is_pretty);
    buf_putc(out, '\n');
    json_decref(json);
}
