/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_WORKSET_H
#define WEFT_OVSDB_CTL_WORKSET_H

/* What: the rows that one command line works on: fetched from the server when a command asks for them, with the changes
 * that earlier commands of the same command line made laid over them; and the transaction that comes of it.
 *
 * Why: a command must cost the same at ten rows and at a hundred thousand, so nothing is downloaded: look-ups
 * are "select" operations with a condition and just the columns needed, and set columns are changed with "mutate".
 * Commands later in a chain see what earlier ones did, though nothing is sent until the end.
 *
 * How it stays right: what a decision rests on is remembered as guards, "wait" operations at the head of the transaction:
 * a look-up by condition must still find the same rows, a column that was read must still hold the same value.
 * If one fails, nothing is committed, and the command line runs again on a fresh working set.
 *
 * Owns: rows live as long as the working set.  A 'struct ws_rows' owns its array, not the rows.
 * Invariants: a column can be read only where it was fetched or the row is new (row_get() checks).
 * Cost: one round trip per look-up that was not made before. */

#include <jansson.h>

#include "lib/base/vec.h"
#include "ovsdb/model/schema.h"

struct workset;
struct ws_row;
VEC_DEFINE(ws_rows, struct ws_row *);

/* Runs 'operations' (taken; without the database name) as one transaction; stores its "result" array. */
typedef struct err *workset_transact(void *aux, json_t *operations, json_t **ret_results);

struct workset *workset_new(struct schema *schema, workset_transact *transact, void *aux) MUST_USE;
void workset_free(struct workset *ws);
const struct schema *workset_schema(const struct workset *ws);

/* A condition: 'column' 'function' 'value' as in RFC 7047 section 5.1, <condition>.  'value' is borrowed. */
enum ws_function { WS_EQ, WS_NE, WS_INCLUDES };
struct ws_condition {
    const struct column *column;
    enum ws_function function;
    const struct datum *value;
};

/* The columns named in 'names' (separated by spaces) that 'table' has, as a bit mask; unknown names are left
 * out, because servers of older versions lack some. */
uint64_t ws_columns(const struct table *table, const char *names);
/* All columns but _version. */
uint64_t ws_all_columns(const struct table *table);

/* --- Look-ups.  Rows come sorted by uuid; '*ret' is emptied first and filled on success --- */

/* The rows of 'table' that meet all of 'conditions', with at least 'columns' fetched.  'is_guarded': the transaction
 * fails if another set of rows meets them by then. */
struct err *workset_select(struct workset *ws, const struct table *table, const struct ws_condition *conditions,
                           size_t n_conditions, uint64_t columns, bool is_guarded, struct ws_rows *ret) MUST_USE;
/* The rows whose 'column' equals the string 'value', guarded. */
struct err *workset_find(struct workset *ws, const struct table *table, const char *column, const char *value,
                         uint64_t columns, struct ws_rows *ret) MUST_USE;
/* The rows whose set 'column' contains 'uuid', guarded: who refers to it. */
struct err *workset_find_referrers(struct workset *ws, const struct table *table, const char *column,
                                   const struct uuid *uuid, uint64_t columns, struct ws_rows *ret) MUST_USE;
/* The row 'uuid', or NULL in '*ret'; guarded. */
struct err *workset_find_uuid(struct workset *ws, const struct table *table, const struct uuid *uuid, uint64_t columns,
                              struct ws_row **ret) MUST_USE;
/* The rows with the uuids in 'set', those that exist; not guarded (guard the column that 'set' came from).
 * One request, however many. */
struct err *workset_fetch_refs(struct workset *ws, const struct table *table, const struct datum *set,
                               uint64_t columns, struct ws_rows *ret) MUST_USE;
/* Makes sure that 'columns' of 'row' are readable. */
struct err *workset_fetch_row(struct workset *ws, struct ws_row *row, uint64_t columns) MUST_USE;
/* Several look-ups of whole tables in one request: one consistent picture.  Ends with a NULL 'table'. */
struct ws_whole {
    const struct table *table;
    uint64_t columns;
};
struct err *workset_fetch_tables(struct workset *ws, const struct ws_whole *tables) MUST_USE;

/* --- Rows --- */
const struct uuid *row_uuid(const struct ws_row *row);
const struct table *row_table(const struct ws_row *row);
bool row_is_new(const struct ws_row *row);                   /* made by this command line */

/* The value of a column, valid until it is next written.  row_get() guards it: the transaction fails if it has
 * changed on the server.  row_peek() does not. */
const struct datum *row_get(struct ws_row *row, const struct column *column);
const struct datum *row_peek(const struct ws_row *row, const struct column *column);
/* Peeking by name; a column that the server lacks reads as empty. */
const struct datum *row_peek_named(const struct ws_row *row, const char *column);
const char *row_string(const struct ws_row *row, const char *column);    /* first string, "" if none */
int64_t row_integer(const struct ws_row *row, const char *column);       /* first integer, 0 if none */
bool row_boolean(const struct ws_row *row, const char *column);          /* first boolean, false if none */
/* Guards columns without reading them here. */
void row_guard(struct ws_row *row, uint64_t columns);

/* --- Changes --- */
struct ws_row *workset_insert(struct workset *ws, const struct table *table);
/* With the given uuid, to be the row's own ('is_explicit') or a stand-in until the server picks one. */
struct ws_row *workset_insert_uuid(struct workset *ws, const struct table *table, const struct uuid *uuid,
                                   bool is_explicit);
/* A row of a table that is not root gets no operation: it goes, or stays, as others cease to refer to it, or do not. */
void row_delete(struct ws_row *row);
void row_set(struct ws_row *row, const struct column *column, struct datum *value /* taken */);
/* Adds elements; values of keys that a map holds already are replaced. */
void row_insert_elements(struct ws_row *row, const struct column *column, const struct datum *elements);
/* Removes elements by key; 'elements' may have values or not, they do not matter. */
void row_remove_keys(struct ws_row *row, const struct column *column, const struct datum *elements);

/* Shorthands by column name.  False, and nothing done, if the server's schema lacks the column. */
bool row_set_string(struct ws_row *row, const char *column, const char *value);
bool row_set_strings(struct ws_row *row, const char *column, char *const *values, size_t n);     /* duplicates join */
bool row_set_integer(struct ws_row *row, const char *column, int64_t value);
bool row_set_boolean(struct ws_row *row, const char *column, bool value);
bool row_set_uuid(struct ws_row *row, const char *column, const struct uuid *uuid);
bool row_set_key(struct ws_row *row, const char *column, const char *key, const char *value);
bool row_remove_key(struct ws_row *row, const char *column, const char *key);
bool row_clear(struct ws_row *row, const char *column);
bool row_add_ref(struct ws_row *row, const char *column, const struct uuid *uuid);
bool row_remove_ref(struct ws_row *row, const char *column, const struct uuid *uuid);
bool row_add_string(struct ws_row *row, const char *column, const char *value);

/* --- The transaction --- */
/* Anything to commit? */
bool workset_is_changed(const struct workset *ws);
/* Appends an operation of the caller's own, behind all others (taken). */
void workset_add_operation(struct workset *ws, json_t *operation);
/* Commits: guards, changes, then 'comment' (or NULL).  Stores true in '*ret_conflict', and changes nothing anywhere, if a guard
 * failed.  Errors: "transaction error: {...}" with the server's error object.  '*ret_results' (may be NULL) gets
 * the results of the operations added by workset_add_operation(), in order. */
struct err *workset_commit(struct workset *ws, const char *comment, bool *ret_conflict, json_t **ret_results) MUST_USE;
/* After a commit: the uuid that the server gave a new row; before, the stand-in. */
const struct uuid *row_real_uuid(const struct ws_row *row);

#endif
