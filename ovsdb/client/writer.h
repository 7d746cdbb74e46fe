/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENT_WRITER_H
#define WEFT_OVSDB_CLIENT_WRITER_H

/* What: makes a database equal to what a program wants it to be.  The program says which rows it wants, by key; the replica
 * says which rows there are; the writer sends the difference, and again whenever either side changes.
 *
 * Why: derivations emit what they want and know nothing of transactions, of rows that exist already (a restart writes
 * nothing), of foreign hands (which are repaired), of lost connections (the difference is computed again).
 *
 *    put, remove, member ──▶ wanted ─┐
 *                                    ├─ compare dirty keys ──▶ insert, update, mutate, delete ──▶ server
 *    replica's change feed ─▶ actual ┘                                                              │
 *            ▲──────────────────────────────── updates ─────────────────────────────────────────────┘
 *
 * Keys: each table has a key: bytes that name a row before it has a uuid, such as Port_Binding's logical_port.  A row
 * that exists under its key is adopted with the uuid it has; others are inserted with a uuid made of table and
 * key, so that a repeated insert cannot make a second row.
 *
 * References name their target by (table, key) and are turned into uuids when sent; rows inserted in one transaction may
 * refer to each other.  A reference to a row that is neither wanted nor there is left out, and a row whose scalar
 * reference it is waits, until the target appears.
 *
 * Columns: only those listed for the table are compared and written; those of them that a put row does not set are
 * wanted at their default.  All other columns are other people's.
 *
 * Errors: an operation that the server refuses is logged with table, row and reason, set aside until its row or the
 * replica changes or a server is connected anew, and the rest is sent again without it.  Until then it counts as not
 * confirmed.
 *
 * Invariants: pure; what is sent goes through 'struct writer_link'.  A key is in at most one transaction at a time.
 * Cost: a flush is proportional to the rows that changed, not to the tables; 64 bytes a key besides wanted content. */

#include "ovsdb/client/replica.h"

struct writer;
struct writer_row;

enum writer_owns {
    /* Rows are ours: wanted ones are inserted, others deleted (if 'is_ours' agrees; NULL: all). */
    WRITER_ROWS,
    /* Rows are others', the columns ours: nothing is inserted or deleted; a wanted row waits until it exists.  Rows that
     * are not wanted and that 'is_ours' claims get the columns' defaults (NULL: stay as they are). */
    WRITER_COLUMNS,
    /* Rows are others' and so are all columns, but those rows that are not wanted are deleted (if 'is_ours' agrees; NULL:
     * all).  Nothing is inserted, and 'columns' is empty. */
    WRITER_LIVES,
};

enum { WRITER_KEY_UUID = UINT32_MAX, WRITER_KEY_FUNCTION = UINT32_MAX - 1 };

/* A table to write, static.  List tables that are referred to before those that refer to them: transactions that must be
 * split insert in this order and delete in the opposite one. */
struct writer_table {
    uint32_t table;                                          /* as numbered in the replica's definition */
    enum writer_owns owns;
    const uint32_t *columns;
    uint32_t n_columns;
    /* Those of 'columns' that are ours only while they are empty: what we put there is a beginning, others go on. */
    const uint32_t *seeds;
    uint32_t n_seeds;
    /* The key: the text of this scalar string column; WRITER_KEY_UUID: the 16 bytes of the row's uuid, which wanted rows
     * are inserted with; or WRITER_KEY_FUNCTION: what 'key' appends to 'ret' (false: 'row' has no key). */
    uint32_t key_column;
    bool (*key)(void *aux, const struct row *row, struct buf *ret);
    bool (*is_ours)(void *aux, const struct row *row);
    /* With WRITER_KEY_UUID (NULL: none): the uuid stands for the whole content, which is given as bytes, by
     * writer_put_content(), and forgotten when the row is there; columns are neither monitored nor compared.  'fill' sets
     * them on 'row' while the insert is written. */
    void (*fill)(struct writer_row *row, struct str content);
    /* A set of references in which others have elements too, such as the ports of a bridge (NULL: none).  Only those are
     * removed that refer to a row of 'table' (of this writer) which is ours and not wanted.  Of a row that is neither wanted nor
     * ours, this column is written and no other. */
    const struct writer_shared {
        uint32_t column;
        uint32_t table;
    } *shared;
};

/* Where transactions go: for a session writer_session_link with the 'struct ovsdb_session *' as 'link_aux'. */
typedef void writer_done_cb(void *aux, const json_t *result, struct err *err /* taken */);       /* as ovsdb_txn_cb */
struct writer_link {
    bool (*is_ready)(void *link_aux);                        /* connected, replica current, lock held */
    uint64_t (*transact)(void *link_aux, json_t *operations /* taken */, writer_done_cb *done, void *aux);
    void (*forget)(void *link_aux, uint64_t id);             /* 'done' must not be called any more */
    /* As 'transact', with the text of the array of 'n' operations (borrowed).  May be NULL. */
    uint64_t (*transact_text)(void *link_aux, struct str operations, size_t n, writer_done_cb *done, void *aux);
};
extern const struct writer_link writer_session_link;

struct writer_callbacks {
    /* A transaction ended: time to flush again, and to look at writer_confirmed().  May be NULL. */
    void (*progress)(void *aux);
    /* Rows of a table with 'fill' vanished by foreign hands: put all rows of 'table' again.  May be NULL. */
    void (*recall)(void *aux, uint32_t table);
};

/* Asks 'replica' to monitor the columns needed (those that 'key' and 'is_ours' read are the caller's to ask for) and
 * follows its feed.  To be made before the replica has data.  'aux' is for all callbacks. */
struct writer *writer_new(struct replica *replica, const struct writer_table *tables, uint32_t n_tables,
                          const struct writer_link *link, void *link_aux,
                          const struct writer_callbacks *cbs /* may be NULL */, void *aux) MUST_USE;
void writer_free(struct writer *w);                          /* before its replica and its link */

/* --- What is wanted.  Tables are named by their number in the replica's definition --- */

/* Wants the row 'key', with the columns then set on what is returned (valid until the next call for 'w'); what was put for
 * the key before is forgotten. */
struct writer_row *writer_put(struct writer *w, uint32_t table, struct str key);
/* The same for tables with 'fill': 'content' is copied, and becomes columns only while an operation is written, so that a
 * hundred thousand rows may wait for their turn in little memory. */
void writer_put_content(struct writer *w, uint32_t table, struct str key, struct str content);
void writer_remove(struct writer *w, uint32_t table, struct str key);            /* no more wanted; fine if it was not */
static inline struct str writer_key_uuid(const struct uuid *uuid) { return str_n((const char *) uuid->b, sizeof uuid->b); }

/* Each sets a column, or adds one more element to it where it is a set or map. */
void writer_row_string(struct writer_row *row, uint32_t column, const char *s);
void writer_row_str(struct writer_row *row, uint32_t column, struct str s);
void writer_row_integer(struct writer_row *row, uint32_t column, int64_t i);
void writer_row_boolean(struct writer_row *row, uint32_t column, bool b);
void writer_row_uuid(struct writer_row *row, uint32_t column, const struct uuid *uuid);
void writer_row_pair(struct writer_row *row, uint32_t column, const char *key, const char *value);
void writer_row_uuid_pair(struct writer_row *row, uint32_t column, const char *key, const struct uuid *value);
void writer_row_ref(struct writer_row *row, uint32_t column, uint32_t ref_table, struct str ref_key);
/* Of a string → string map only this key is ours: it shall have 'value' (NULL: be absent), other keys are not touched.
 * Not to be mixed with writer_row_pair() in one column. */
void writer_row_own_pair(struct writer_row *row, uint32_t column, const char *key, const char *value);

/* Element by element: a set column whose members come and go apart from writer_put(), such as the members of a derived
 * collection.  Members may come before their row is put, stay when it is removed or put again, and cost one mutation
 * each.  Adding twice or removing what is not there is a bug. */
void writer_member_ref(struct writer *w, uint32_t table, struct str key, uint32_t column,
                       uint32_t ref_table, struct str ref_key, bool added);

/* The uuid that the row 'key' has, or will be inserted with. */
struct uuid writer_uuid(struct writer *w, uint32_t table, struct str key);

/* --- Sending --- */

/* Compares and sends, if the link is ready.  Returns the number of this flush. */
uint64_t writer_flush(struct writer *w);
/* All that was wanted when flush number writer_confirmed() was made is in the database.  What the server refuses holds it
 * back. */
uint64_t writer_confirmed(const struct writer *w);
size_t writer_count_refused(const struct writer *w);         /* keys set aside because the server refused them */
bool writer_is_idle(const struct writer *w);                 /* nothing to send and nothing outstanding */

/* Each transaction begins with an "assert" of this lock (NULL: none). */
void writer_set_lock(struct writer *w, const char *lock);
void writer_set_max_operations(struct writer *w, uint32_t n);            /* of a transaction; default 4000 */

struct writer_stats {
    uint64_t n_transactions, n_failed;
    uint64_t n_inserts, n_updates, n_mutations, n_deletes;   /* operations sent */
};
struct writer_stats writer_stats(const struct writer *w);
void writer_check_invariants(const struct writer *w);

#endif
