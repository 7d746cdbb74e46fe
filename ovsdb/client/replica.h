/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENT_REPLICA_H
#define WEFT_OVSDB_CLIENT_REPLICA_H

/* What: a live local copy of (part of) a database: tables of rows kept current by monitor updates, indexes over
 * them, and a feed of what each update changed.
 *
 * Why: northd and the controller compute on typed rows in memory; lib/derive must be told exactly which rows,
 * columns and look-ups changed.  This module is pure: ovsdb/client/session.h speaks to the server and feeds it.
 *
 * Owns: its rows.  A row pointer is valid until the end of replica_apply_end() of the update that removes it.
 * Generated accessors (schemas/nb.h, sb.h, vswitch.h) give rows types and names; this header is generic.
 *
 * Reads are recorded: functions that take 'struct derive *d' record what they read for the derivation that runs;
 * with 'd' NULL they record nothing (use outside of derivations).
 *
 * Invariants: only requested columns hold data, the others their default; a table monitored without columns has rows
 * without columns.  Row ids are small, dense per table, and reused only after an update began when the engine attached had
 * no wave to run.  Tables and their columns are sorted by name in the definition.
 *
 * Cost: 64 bytes a row and 24 a column; an update costs its own size, whatever the size of the tables; one more element
 * in a set column of n costs copying n elements and one step in each index. */

#include "lib/derive/derive.h"
#include "lib/base/json_scan.h"
#include "ovsdb/model/schema.h"

struct replica;

struct row {
    struct uuid uuid;
    uint32_t id;                                             /* the row id lib/derive knows */
    uint16_t derive_table;                                   /* the table number lib/derive knows */
    uint8_t table;                                           /* position in the replica's table list */
    uint8_t n_columns;                                       /* 0 in a table monitored without columns, else all */
    const struct replica *replica;
    struct datum columns[];                                  /* in the order of replica_table_def.columns */
};

/* The static description of a table a program uses; made by the generator.  A replica has one array of them. */
struct replica_column {
    const char *name;
    struct datum_type type;
    bool is_scalar;                                          /* exactly one element */
    bool is_single;                                          /* at most one element: scalars and optional columns */
};
struct replica_table_def {
    const char *name;
    const struct replica_column *columns;
    uint32_t n_columns;
    bool is_root;                                            /* else rows live only while referred to */
};
struct replica_schema_def {
    const char *database;                                    /* "OVN_Northbound" */
    const struct replica_table_def *tables;
    uint32_t n_tables;
};

/* Tables are numbered derive_base + i for lib/derive. Spaces used: space_base + i: rows of table i by uuid;
 * index spaces are numbered after them by replica_add_index(). */
struct replica *replica_new(const struct replica_schema_def *def, uint16_t derive_base, uint16_t space_base) MUST_USE;
void replica_free(struct replica *replica);
/* From now on changes are reported to 'd' (NULL: to no one).  Rows present are reported as added at once. */
void replica_attach(struct replica *replica, struct derive *d);

/* What to monitor.  Nothing is, until asked.  Columns not asked for stay at their default.  A table may be
 * monitored without columns (existence and uuid only).  To be asked before data arrives. */
void replica_monitor_table(struct replica *replica, uint32_t table);     /* existence */
bool replica_is_table_monitored(const struct replica *replica, uint32_t table);
void replica_monitor_column(struct replica *replica, uint32_t table, uint32_t column);
bool replica_is_monitored(const struct replica *replica, uint32_t table, uint32_t column);
/* The condition for monitor_cond (RFC 7047 <condition> array or true/false); NULL: all rows.  Takes 'condition'.
 * Returns whether it differs from the one before; the session then sends monitor_cond_change. */
bool replica_set_condition(struct replica *replica, uint32_t table, json_t *condition);

/* Indexes, to be declared before data arrives.  An index maps values to rows: of one scalar or optional column by
 * its value; of a set or map column by each element (each key); of references thereby from the referred row's
 * uuid to the referring rows.  Several columns make a compound index (scalars only).  Returns the index number. */
uint32_t replica_add_index(struct replica *replica, uint32_t table, const uint32_t *columns, uint32_t n_columns,
                           uint16_t space);

/* --- Reading --- */
const struct row *replica_row(struct derive *d, const struct replica *replica, uint32_t table, const struct uuid *uuid);
/* Rows with the given key in index 'index' ('keys' one atom per column).  replica_find(): the one with the least uuid,
 * or NULL.  replica_find_all(): all, sorted by uuid; '*ret' is valid until the next update. */
const struct row *replica_find(struct derive *d, const struct replica *replica, uint32_t index, const union atom *keys);
size_t replica_find_all(struct derive *d, const struct replica *replica, uint32_t index, const union atom *keys,
                        const struct row *const **ret);
/* Shorthands for one-column indexes. */
const struct row *replica_find_string(struct derive *d, const struct replica *replica, uint32_t index, const char *key);
const struct row *replica_find_uuid(struct derive *d, const struct replica *replica, uint32_t index, const struct uuid *key);
/* Unrecorded iteration (for writers and start-up, never in a derivation): rows in no order. */
const struct row *replica_first(const struct replica *replica, uint32_t table);
const struct row *replica_next(const struct row *row);
const struct row *replica_row_by_id(const struct replica *replica, uint32_t table, uint32_t id);   /* or NULL */
size_t replica_count(const struct replica *replica, uint32_t table);
void replica_check_invariants(const struct replica *replica);

static inline const struct datum *
row_column(struct derive *d, const struct row *row, uint32_t column)
{
    CHECK(column < row->n_columns);
    derive_read_row(d, row->derive_table, row->id, UINT32_C(1) << (column % 32));
    return &row->columns[column];
}

/* --- Feeding, by the session or by a test --- */
/* "update" (RFC 7047), "update2" and "update3" bodies: <table-updates>/<table-updates2>, the value that the scanner
 * comes to next.  Between begin and end several may be applied; derive_row_*() calls are made as rows change.
 * Errors name table, row and column; the replica is then inconsistent and must be cleared. */
void replica_apply_begin(struct replica *replica);
struct err *replica_apply_update(struct replica *replica, struct json_scan *table_updates) MUST_USE;     /* v1 */
struct err *replica_apply_update2(struct replica *replica, struct json_scan *table_updates2) MUST_USE;   /* v2, v3 */
void replica_apply_end(struct replica *replica);
/* Starting over (a full snapshot follows): rows not mentioned until the next apply_end are removed, equal rows stay
 * untouched, so that a reconnection causes no wave. */
void replica_expect_snapshot(struct replica *replica);
void replica_clear(struct replica *replica);
/* For tests: a whole update (of RFC 7047 if 'is_v1'); without JSON: set a column, add or remove a row. Takes 'datum'. */
struct err *replica_test_apply(struct replica *replica, const json_t *table_updates, bool is_v1) MUST_USE;
struct row *replica_test_insert(struct replica *replica, uint32_t table, const struct uuid *uuid);
void replica_test_set(struct replica *replica, struct row *row, uint32_t column, struct datum *datum);
void replica_test_delete(struct replica *replica, struct row *row);

/* The change feeds besides lib/derive, for writers that compare what they want with what is there.  Called once a row
 * and update, from replica_apply_end(), when all rows have their new contents; 'row' is still readable when it was
 * removed.  'columns' has bit c (modulo 32) for each column c that changed; all of them if the row came or went. */
enum replica_change { REPLICA_INSERTED, REPLICA_MODIFIED, REPLICA_DELETED };
typedef void replica_feed_cb(void *aux, enum replica_change change, const struct row *row, uint32_t columns);
void replica_add_feed(struct replica *replica, replica_feed_cb *cb, void *aux);
void replica_remove_feed(struct replica *replica, replica_feed_cb *cb, void *aux);
const struct replica_schema_def *replica_def(const struct replica *replica);

/* From here on the server has what 'schema' has; before the first call it is taken to have all.  What it lacks is at its
 * default once the next snapshot is applied. */
void replica_set_server_schema(struct replica *replica, const struct schema *schema);
/* It may be another server: what writers were refused before may be accepted now. */
void replica_note_restart(struct replica *replica);
bool replica_server_has(const struct replica *replica, uint32_t table, uint32_t column);
/* The "monitor requests" object for the tables and columns asked for that the server has, with conditions, for
 * monitor_cond(_since); without conditions for "monitor". */
json_t *replica_monitor_requests(const struct replica *replica, bool with_conditions) MUST_USE;

#endif
