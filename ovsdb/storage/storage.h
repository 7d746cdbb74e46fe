/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_STORAGE_STORAGE_H
#define WEFT_OVSDB_STORAGE_STORAGE_H

/* What: the durable home of one database: a schema and the transactions since, each as one text (record.h).
 *
 * Why: the server sees this and no file, so that a consensus engine can stand behind the same few calls.
 * Appending and making durable are two steps: many commits share one storage_sync(), and a commit may be
 * acknowledged once the one behind it has succeeded.
 *
 * Use: storage_open(), storage_schema(), storage_read_all(); then storage_put() per commit, one storage_write() and, if
 * one is to be durable, one storage_sync() per turn of the loop; storage_snapshot_*() when storage_wants_snapshot() says so.
 *
 * Owns: the storage owns the file and its lock until storage_close(). */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "ovsdb/model/schema.h"

struct storage;

enum storage_mode { STORAGE_READ_ONLY, STORAGE_READ_WRITE };

/* Makes the file 'path', which must not exist, with 'schema' and no rows, durably. */
struct err *storage_create(const char *path, const struct schema *schema) MUST_USE;
/* The same with what is in the records 'data', of which there are 'n'. */
struct err *storage_create_with(const char *path, const struct schema *schema, const struct str *data,
                                size_t n) MUST_USE;

/* Opens 'path', reads its schema, and locks it when 'mode' is STORAGE_READ_WRITE.
 * Errors: "I/O error", "syntax error"; they name the file. */
struct err *storage_open(const char *path, enum storage_mode mode, struct storage **ret) MUST_USE;
void storage_close(struct storage *storage);                 /* NULL is fine */
const char *storage_path(const struct storage *storage);
struct schema *storage_schema(const struct storage *storage);    /* borrowed: the schema of the latest snapshot */

/* Calls 'cb' once per transaction, oldest first, with its text (valid during the call).  To be called once,
 * before anything else.  An error of 'cb' stops the walk and is returned with file and record named.
 *
 * A torn or corrupt tail is not an error: a warning that names the file and the offset is logged, and in
 * STORAGE_READ_WRITE the tail is cut off.  Records before it stay.  If the tail holds whole records behind the
 * corrupt one, it is kept in "PATH.cut-OFFSET" (or "PATH.cut-OFFSET-N", if that is there); if it cannot be kept, that is an
 * error ("I/O error"), and the file stays as it is. */
void storage_set_strict(struct storage *storage);            /* a corrupt tail is an error: for tools */
bool storage_is_strict(const struct storage *storage);
typedef struct err *storage_txn_cb(void *aux, struct str text);
struct err *storage_read_all(struct storage *storage, storage_txn_cb *cb, void *aux) MUST_USE;
/* Before anything was appended: storage_read_all() reads from the beginning again. */
struct err *storage_rewind(struct storage *storage) MUST_USE;
bool storage_is_read_only(const struct storage *storage);
/* Copies what is stored to a new place, whose name in '*ret_path' the caller frees, for people to look at.  Error: "I/O error". */
struct err *storage_keep_copy(const struct storage *storage, char **ret_path) MUST_USE;

/* Appends one transaction; storage_n_appended() is its number: 1, 2, ...
 * On error ("I/O error": disk full and the like) nothing was stored, and the transaction must be undone. */
struct err *storage_append(struct storage *storage, struct str text) MUST_USE;
/* The same for many with one system call: each is put, which only fails when the storage takes nothing more, and all are stored
 * by storage_write(), which is to be called before anything but storage_put() and what only asks; 'will_sync' prepares for a
 * storage_sync().  On its error the last ones were not stored, back to the number that storage_n_appended() then gives, and must be
 * undone. */
struct err *storage_put(struct storage *storage, struct str text) MUST_USE;
size_t storage_n_waiting(const struct storage *storage);     /* bytes that were put and not written */
struct err *storage_write(struct storage *storage, bool will_sync) MUST_USE;
/* Makes all appended transactions durable.  Cheap when there are none.  On error what was appended since the
 * last sync may or may not survive a crash, and appending fails until a snapshot succeeds. */
struct err *storage_sync(struct storage *storage) MUST_USE;
/* A sync failed, and no snapshot has succeeded since. */
bool storage_is_broken(const struct storage *storage);
/* A turn begins: should its sync fail, storage_roll_back() takes back what it appended, so that nothing is kept which
 * nobody was promised.  A snapshot that is committed meanwhile makes durable what it holds, and moves the mark. */
void storage_mark(struct storage *storage);
uint64_t storage_n_at_mark(const struct storage *storage);   /* the number of the last transaction before it */
void storage_roll_back(struct storage *storage);
uint64_t storage_n_appended(const struct storage *storage);
uint64_t storage_n_synced(const struct storage *storage);

/* True once it is worth while to take a snapshot, by the rule of ovsdb-server(1): ten minutes and 100
 * transactions after the last one (or after the first call), if the file is over 10 MB and twice as large as it
 * was then; a day after it in any case. */
bool storage_wants_snapshot(struct storage *storage, int64_t now_ms);
void storage_note_snapshot_failed(struct storage *storage, int64_t now_ms);      /* asks again later */

/* A snapshot replaces the history by the state.  Begin, put the transactions that make up the state (one is
 * best; old readers accept several), commit.  What is appended between begin and commit is kept behind the
 * snapshot, so that the state may be written while the server goes on (also by a child made with fork(), which
 * puts, while the parent commits).  Commit and abort take 'snapshot'. */
struct storage_snapshot;
struct err *storage_snapshot_begin(struct storage *storage, const struct schema *schema,
                                   struct storage_snapshot **ret) MUST_USE;
struct err *storage_snapshot_put(struct storage_snapshot *snapshot, struct str text) MUST_USE;
/* For a child: makes what was put durable.  The parent is told by storage_snapshot_note_synced(). */
struct err *storage_snapshot_sync(struct storage_snapshot *snapshot) MUST_USE;
void storage_snapshot_note_synced(struct storage_snapshot *snapshot);
int storage_snapshot_fd(const struct storage_snapshot *snapshot);        /* what such a child must keep open */
struct err *storage_snapshot_commit(struct storage_snapshot *snapshot, int64_t now_ms) MUST_USE;
void storage_snapshot_abort(struct storage_snapshot *snapshot);

#endif
