/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_TXN_H
#define WEFT_OVSDB_SERVER_TXN_H

/* What: a running transaction on a database: inserts, changes and deletes rows, then commits all of it as one
 * delta or takes all of it back.
 *
 * Why: this is the only way rows change.  Between begin and end the database shows the transaction's effects
 * (there is one writer), so reading needs no second path.
 *
 * Owns: the transaction belongs to its database from txn_begin() until txn_commit() or txn_abort().
 * Invariants: one transaction at a time per database.  Whatever ends it, the database's invariants hold after. */

#include "ovsdb/server/database.h"
#include "ovsdb/server/delta.h"

struct txn;

struct txn *txn_begin(struct database *db) MUST_USE;
/* Takes everything back and frees 'txn'. */
void txn_abort(struct txn *txn);
/* Applies what RFC 7047 leaves to the end of a transaction: removes weak references to rows that are gone, collects
 * unreferenced rows of non-root tables, then checks strong references, the number of rows and unique indexes.
 * Takes 'txn'.  '*ret' is NULL if nothing changed.
 *
 * Errors: "referential integrity violation", "constraint violation"; the database is then as before the
 * transaction. */
struct err *txn_commit(struct txn *txn, struct delta **ret) MUST_USE;
/* txn_commit() in slices, for more rows than one turn may handle; nobody is told a delta.  Each call counts units of work (a
 * row or a reference that was looked at) in '*n_work' and stops when that has reached 'budget', or a little behind, since one
 * row is not divided.  Meanwhile the database is not to be used.  Returns whether it is over: then either 'txn' was committed
 * and is freed, or '*ret' is the error and txn_discard_slice() is to follow. */
bool txn_commit_slice(struct txn *txn, size_t budget, size_t *n_work, struct err **ret) MUST_USE;
/* For a database that is to be freed: forgets 'txn' in slices and leaves the rows as they are.  Returns whether it is freed. */
bool txn_discard_slice(struct txn *txn, size_t budget, size_t *n_work) MUST_USE;
void txn_add_comment(struct txn *txn, const char *comment);  /* several are joined by line feeds */

/* Inserts 'image' (taken, whole, not shared) as a new row.  The uuid must be free: txn_uuid_is_free(). */
struct row *txn_insert(struct txn *txn, struct db_table *table, struct image *image);
bool txn_uuid_is_free(const struct db_table *table, const struct uuid *uuid);      /* as the running transaction left it */
/* Replaces the value of one column.  'cell' (a reference) is taken. */
void txn_set(struct txn *txn, struct db_table *table, struct row *row, uint32_t column, struct cell *cell);
void txn_delete(struct txn *txn, struct db_table *table, struct row *row);

/* Undoes a delta that was committed, all later ones having been undone: for a commit that could not be stored. */
void database_undo(struct database *db, const struct delta *delta);

/* For the other txn_*.c. */
struct txn_row {
    struct row *row;
    struct db_table *table;
    struct uuid uuid;
    struct image *old;                                       /* owned; NULL for inserted rows */
    struct image *counted;                                   /* whose references are counted; borrowed, or NULL */
    bool has_dangling;                                       /* holds a weak reference to a row that is gone */
    bool sources_are_marked;                                 /* deleted, and who references it weakly knows */
};
/* What the check does, in this order; after TXN_PURGE it begins anew as long as there was anything to purge. */
enum txn_phase {
    TXN_COUNT,                                               /* references, in line with the rows */
    TXN_COLLECT,                                             /* garbage */
    TXN_CHECK_DELETED,                                       /* that nothing references them strongly */
    TXN_MARK,                                                /* who references weakly what was deleted */
    TXN_PURGE,                                               /* weak references to what is gone */
    TXN_CHECK_MAX_ROWS,
    TXN_CHECK_UNIQUE,
    TXN_CHECKED,
};
struct txn {
    struct database *db;
    VEC(struct txn_row *) rows;                              /* in the order they were first touched; owned */
    VEC(struct image *) retired;                             /* kept alive because a 'counted' may point at them */
    VEC(struct row *) suspects;                              /* may have lost their last strong reference */
    char *comment;
    enum txn_phase phase;
    size_t next;                                             /* the row that 'phase' is to look at next */
    bool has_purged;                                         /* in this round of phases */
    size_t n_work;                                           /* in this slice: txn_commit_slice() */
    uint64_t version;                                        /* of what is committed; 0: not checked yet */
};
struct txn_row *txn_touch__(struct txn *txn, struct db_table *table, struct row *row);

/* txn_refs.c.  Brings the reference counts of what 'tr' references in line with its current image.
 * Errors: "referential integrity violation" (a strong reference to no row). */
struct err *txn_count_row__(struct txn *txn, struct txn_row *tr) MUST_USE;
void txn_uncount__(struct txn *txn);                         /* all counts as before the transaction */
/* The row with 'uuid', also if this transaction deletes it, or NULL. */
struct row *txn_find_target__(const struct db_table *table, const struct uuid *uuid);

/* txn_check.c: everything that txn_commit() promises but making the delta; returns whether it is over, with '*ret' set on
 * error.  Goes on where it stopped when 'n_work' had reached 'budget'. */
bool txn_check_slice__(struct txn *txn, size_t budget, struct err **ret) MUST_USE;

#endif
