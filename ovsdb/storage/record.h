/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_STORAGE_RECORD_H
#define WEFT_OVSDB_STORAGE_RECORD_H

/* What: a transaction as the text that ovsdb(5) calls a transaction record:
 *
 *     {"_date":MS,"_is_diff":true,"TABLE":{"UUID":{"COLUMN":VALUE,...},"UUID":null},...,"_comment":"..."}
 *
 * Why: the server hands over each changed row as typed values, and gets them back when it reads a file; the
 * text is written and read without building JSON values between.
 *
 * What a record holds: of a new row the columns that differ from their default; of a changed row the columns
 * that changed, as the difference (datum_diff_column()); of a deleted row null.  Ephemeral columns never.
 * Records without "_is_diff" (from before Open vSwitch 2.15) hold new values in place of differences. */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "ovsdb/model/schema.h"

/* Writing.  The rows of one table must come one after another. */
struct record_writer {
    struct buf *buf;                                         /* borrowed */
    const struct table *table;                               /* of the last row, or NULL */
    uint32_t n_rows;                                         /* written so far */
    bool has_values;                                         /* of changed rows new values, not differences */
};

/* Clears 'buf' and starts a record in it. */
void record_begin(struct record_writer *w, struct buf *buf, int64_t date_ms);
/* The same with new values in place of differences, as Open vSwitch before 2.15 reads it. */
void record_begin_values(struct record_writer *w, struct buf *buf, int64_t date_ms);
/* 'columns' and the like are arrays indexed by column->index ([COLUMN_UUID] and [COLUMN_VERSION] unused). */
void record_put_insert(struct record_writer *w, const struct table *table, const struct uuid *uuid,
                       const struct datum *columns);
/* Writes nothing if no column that the file holds differs. */
void record_put_modify(struct record_writer *w, const struct table *table, const struct uuid *uuid,
                       const struct datum *old, const struct datum *new);
void record_put_delete(struct record_writer *w, const struct table *table, const struct uuid *uuid);
/* Completes the record.  'comment' may be NULL.  Returns whether there is anything in it worth storing: false
 * if it holds no row.  Check buf_is_ok() too. */
bool record_end(struct record_writer *w, const char *comment);

/* Reading. */
struct record_row {
    const struct table *table;
    struct uuid uuid;
    bool is_delete;                                          /* null in the file; then 'columns' is 0 */
    bool is_diff;                                            /* if the row exists, 'data' are differences */
    uint64_t columns;                                        /* bit I: data[I] is valid */
    struct datum *data;                                      /* by column->index.  The callback may take a datum by
                                                              * clearing its bit; the rest is freed after it. */
};
struct record_info {
    int64_t date_ms;                                         /* 0 if absent */
    char *comment;                                           /* owned; NULL if absent */
    bool is_diff;
};
void record_info_fini(struct record_info *info);

/* Parses 'text', a record of a database with 'schema', and calls 'cb' for each row in it.  'ret_info' may be
 * NULL.  Unknown tables and columns, and values that break constraints other than the number of elements, are
 * errors ("syntax error", "constraint violation"); so is what 'cb' returns.  On error rows already given stay
 * given: the caller throws the database away. */
typedef struct err *record_row_cb(void *aux, struct record_row *row);
struct err *record_parse(const struct schema *schema, struct str text, struct record_info *ret_info,
                         record_row_cb *cb, void *aux) MUST_USE;

#endif
