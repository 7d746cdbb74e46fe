/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_TABLE_FORMAT_H
#define WEFT_OVSDB_CTL_TABLE_FORMAT_H

/* What: tables of text, JSON and database values, printed as the --format and --data options of ovn-nbctl(8),
 * "Table Formatting Options", say.
 *
 * Why: nbctl, sbctl and the database client print the same tables in the same five layouts.
 *
 * Owns: a table copies what is put into it, except JSON, which it takes.
 * Invariants: cells are added row by row, from the left; a row that is printed has a cell for each column.
 * A pure function: printing appends to a buffer. */

#include <jansson.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

struct datum;
struct column_type;

enum tabular_format { TABULAR_TABLE, TABULAR_LIST, TABULAR_HTML, TABULAR_CSV, TABULAR_JSON };
enum tabular_cells { TABULAR_STRING, TABULAR_BARE, TABULAR_CELL_JSON };

struct tabular_style {
    enum tabular_format format;                              /* -f, --format */
    enum tabular_cells cells;                                /* -d, --data; TABULAR_JSON format ignores it */
    bool no_headings;                                        /* --no-headings */
    bool is_pretty;                                          /* --pretty: JSON over several lines */
    size_t max_column_width;                                 /* --max-column-width, TABULAR_TABLE only; 0: no limit */
};

/* Parse the argument of --format and of --data.  On error ("unknown output format "x"") 'style' is as it was. */
struct err *tabular_style_set_format(struct tabular_style *style, const char *name) MUST_USE;
struct err *tabular_style_set_cells(struct tabular_style *style, const char *name) MUST_USE;
void tabular_style_set_bare(struct tabular_style *style);    /* --bare: list, bare, no headings */

struct tabular;
struct tabular *tabular_new(void) MUST_USE;
void tabular_free(struct tabular *table);
void tabular_set_caption(struct tabular *table, const char *caption);
/* Prints 'wall_ms' (milliseconds since 1970 UTC) above the table, in local time. */
void tabular_set_time(struct tabular *table, int64_t wall_ms);

/* Columns come before rows.  In HTML a column with heading "_uuid" names its row, so that others link to it. */
void tabular_add_column(struct tabular *table, const char *heading);
void tabular_add_row(struct tabular *table);                 /* starts the next row */
void tabular_add_text(struct tabular *table, const char *text);
void tabular_add_json(struct tabular *table, json_t *json /* taken */);
/* 'type' must live as long as the table. */
void tabular_add_datum(struct tabular *table, const struct datum *datum, const struct column_type *type);
/* A cell without a value: empty in every layout. */
void tabular_add_empty(struct tabular *table);

/* Appends the table to 'out'.  'is_first' is false when another table was printed before: the layouts that need
 * it then begin with a blank line. */
void tabular_print(const struct tabular *table, const struct tabular_style *style, bool is_first, struct buf *out);

#endif
