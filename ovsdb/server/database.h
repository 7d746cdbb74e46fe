/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_DATABASE_H
#define WEFT_OVSDB_SERVER_DATABASE_H

/* What: a database in memory: tables of rows, found by uuid or by value, and who references whom.
 *
 * Why: this is what transactions (txn.h) change and everything else reads.  It knows nothing of JSON, files
 * or clients.
 *
 * Owns: a database owns its tables, those their rows and indexes; a row owns one reference to its image.
 * Invariants (between transactions): every row in a table has an image; 'n_strong' counts the strong
 * references to the row, 'weak_in' lists the rows that hold weak ones, once per reference; every index holds
 * every row under its current image.
 * Within a transaction, tables, 'image' and the indexes already show the transaction's effects. */

#include "lib/base/hmap.h"
#include "lib/base/vec.h"
#include "ovsdb/server/row_index.h"

struct condition;
struct txn_row;

struct row {
    struct hmap_node node;                                   /* in db_table.rows, by uuid */
    struct image *image;                                     /* owned; NULL once a running transaction deleted it */
    uint32_t n_strong;
    uint32_t n_weak, weak_capacity;
    struct row **weak_in;                                    /* n_weak rows that reference this one weakly */
    struct txn_row *txn_row;                                 /* what the running transaction did to it, or NULL */
};

/* How often conditions asked for equality on a column, and the index built when they did so repeatedly. */
struct equality_index {
    struct row_index *index;                                 /* or NULL */
    uint32_t n_scans;                                        /* equality look-ups that had to scan */
    uint32_t useless_at;                                     /* table size at which it was found unselective, or 0 */
};

VEC_DEFINE(row_vec, struct row *);

struct db_table {
    const struct table *schema;
    struct database *db;
    struct hmap rows;                                        /* struct row, by uuid_hash() */
    size_t n_rows;                                           /* rows with an image */
    struct row_index *unique;                                /* schema->n_indexes */
    struct equality_index *equality;                         /* schema->n_columns */
    struct cell **defaults;                                  /* one per cell: the default value, shared */
    struct cell_cache cache;
    bool is_traced;                                          /* "tlog-set": its changes are logged */
    uint64_t ref_columns;                                    /* columns that hold references */
    uint64_t bad_defaults;                                   /* columns whose default breaks their constraints */
    uint64_t persistent_columns;                             /* columns that are not ephemeral */
    struct row_vec loaded;                                   /* until database_load_finish(): all, as they came */
};

struct database {
    struct schema *schema;                                   /* owned reference */
    struct db_table *tables;                                 /* schema->n_tables, in the schema's order */
    uint64_t next_version;                                   /* for images */
    struct txn *txn;                                         /* the running transaction, or NULL */
};

struct database *database_new(struct schema *schema /* referenced */) MUST_USE;
void database_free(struct database *db);
struct db_table *database_table(const struct database *db, const char *name);    /* or NULL */
struct row *db_table_row(const struct db_table *table, const struct uuid *uuid); /* or NULL; with an image */
/* Makes room for 'n' rows that come one after the other, so that none of them has to wait until the others have moved. */
void db_table_reserve(struct db_table *table, size_t n);
/* An image for a new row with all columns at their defaults; refs 1. */
struct image *db_table_default_image(const struct db_table *table, const struct uuid *uuid) MUST_USE;
size_t database_n_rows(const struct database *db);
/* Aborts on a broken invariant; for tests and "debug/check". */
void database_check_invariants(const struct database *db);

static inline struct db_table *row_table(const struct database *db, const struct image *image)
{
    return &db->tables[image->schema->index];
}

/* Visits the rows with an image.  None may be inserted or removed from the table meanwhile. */
#define DB_TABLE_FOR_EACH(ROW, TABLE)                                                               \
    HMAP_FOR_EACH (ROW, struct row, node, &(TABLE)->rows)                                           \
        if (ROW->image)

/* A walk over all rows that may pause (hmap_walk()); begins as {0}.  Returns the next bucket of rows, which may be removed and
 * freed, NULL for an empty one, and its table; '*ret_table' is NULL when all have been visited. */
struct database_walk {
    uint32_t table;
    uint64_t bucket;
};
struct hmap_node *database_walk_next(const struct database *db, struct database_walk *walk, struct db_table **ret_table);

/* Loading: rows come straight from the log, final as they are; references and indexes are counted at the end.  What comes from
 * one begin to the next is one transaction, and may be taken back as a whole as long as it is the last. */
struct database_load;
struct database_load *database_load_new(struct database *db) MUST_USE;
void database_load_begin(struct database_load *load);
void database_load_row(struct database_load *load, struct db_table *table, struct image *image /* taken */);   /* or replaces */
/* Errors: "syntax error" (there is no such row). */
struct err *database_load_delete(struct database_load *load, struct db_table *table, const struct uuid *uuid) MUST_USE;
void database_load_take_back(struct database_load *load);
void database_load_free(struct database_load *load);         /* what was loaded stays */
/* Counts references, fills the indexes, and removes what a commit would: weak references to no row, rows of non-root tables that
 * nothing references.  Errors: "referential integrity violation" (a strong reference to a row that does not exist), "constraint
 * violation" (a weak one to such a row where the column must not be empty, equal rows in a unique index, too many rows); 'db' is
 * then only good for database_free(). */
struct err *database_load_finish(struct database *db) MUST_USE;

/* For txn.c: the parts of changing a row. */
struct row *db_table_add_row__(struct db_table *table, const struct uuid *uuid);
void db_table_drop_row__(struct db_table *table, struct row *row);       /* frees it; its image is gone */
/* Puts 'image' (a reference, taken; or NULL) in place of the row's and keeps the indexes right.  Returns the
 * image that was there, whose reference passes to the caller. */
struct image *row_swap_image__(struct db_table *table, struct row *row, struct image *image) MUST_USE;
/* Replaces one cell (takes 'cell') of the row's image, which must not be shared. */
void row_set_cell__(struct db_table *table, struct row *row, uint32_t column, struct cell *cell);
void row_add_weak__(struct row *target, struct row *source);
void row_remove_weak__(struct row *target, struct row *source);

/* Row sets for conditions: rows of 'table' that may satisfy 'condition', pushed to '*ret', each at most
 * once; the caller tests each.  Uses the uuid map or an index where the condition allows. */
void db_table_candidates(struct db_table *table, const struct condition *condition, struct row_vec *ret);

#endif
