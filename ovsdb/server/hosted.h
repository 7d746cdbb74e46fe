/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_HOSTED_H
#define WEFT_OVSDB_SERVER_HOSTED_H

/* What: a database in memory (database.h) together with its storage: loading, storing commits, compaction.
 *
 * Why: the server hosts several; ovsdb-tool opens one without a server. */

#include "ovsdb/server/database.h"

struct compaction;
struct convert_call;
struct delta;
struct grave;
struct monitor_hub;
struct relay;
struct server_env;
struct storage;

/* A database and where it is stored. */
struct hosted {
    char *name;                                              /* owned */
    struct database *db;                                     /* owned */
    struct storage *storage;                                 /* owned; NULL for _Server */
    struct monitor_hub *hub;                                 /* owned */
    char *schema_text;                                       /* owned: the schema as JSON */
    struct uuid server_row;                                  /* its row in _Server.Database */
    bool needs_sync;                                         /* a commit of this turn asked for durability */
    bool is_marked;                                          /* something was stored in this turn: storage_mark() */
    int64_t repair_ms;                                       /* when a broken storage is to be mended */
    struct compaction *compaction;                           /* owned: wanted or running (compaction.h), or NULL */
    struct convert_call *convert_call;                       /* owned by the server: it is being converted; else NULL */
    bool is_internal;                                        /* _Server: clients may not write */
    bool is_backup;                                          /* its content comes from an active server */
    /* What server_commit() had taken for it in this turn could not be stored and was undone.  NULL: nobody minds. */
    void (*undone)(void *aux, struct hosted *hosted);
    void *undone_aux;
    struct relay *relay;                                     /* owned; NULL unless it is the copy of a relay (relay.h) */
    bool is_unavailable;                                     /* a relay that has not seen its source yet: no schema */
    bool is_disconnected;                                    /* a relay that does not hear its source */
};

/* Opens what is in 'storage' (taken, on error too; NULL: empty) under 'schema'. */
struct err *hosted_open(struct schema *schema, struct storage *storage, struct hosted **ret) MUST_USE;
void hosted_free(struct hosted *hosted);
/* Makes a database with 'schema' of what is in 'storage' (borrowed).  Transactions that break an index, a reference or another rule
 * that commits keep are passed over, with an error in the log.
 * Errors: the storage cannot be read; a record does not fit the schema; the first one breaks a rule; if storage_is_strict(), any does. */
struct err *hosted_load(struct schema *schema, struct storage *storage, struct database **ret) MUST_USE;
/* Puts the contents into 'grave', if freeing them may take long; hosted_free() is to follow. */
void hosted_bury(struct hosted *hosted, struct grave *grave);
/* Puts 'delta', which was just committed, into the storage, for storage_write() to store.  On error undoes it. */
struct err *hosted_store(struct hosted *hosted, const struct delta *delta, const struct server_env *env) MUST_USE;
/* Puts 'db' (taken) in place of the contents, which go into 'grave'.  There must be no monitors on the old hub, nor commits to
 * be sent. */
void hosted_replace(struct hosted *hosted, struct database *db, struct grave *grave);
/* After a sync failed the storage takes no more until all is written anew: tries that, once in HOSTED_REPAIR_MS.  Not to be
 * called within a transaction.  Returns when to come back, INT64_MAX if there is no need. */
enum { HOSTED_REPAIR_MS = 1000 };
int64_t hosted_repair(struct hosted *hosted, const struct server_env *env, int64_t now_ms);
/* The record of 'delta' in 'buf', which is cleared first; with 'has_values', record_begin_values().  Returns whether it
 * holds any row. */
bool delta_put_record(const struct delta *delta, struct buf *buf, int64_t date_ms, bool has_values);
/* All rows of 'db' as one record in 'buf', likewise.  Check buf_is_ok() too. */
bool database_put_record(struct database *db, struct buf *buf, int64_t date_ms, bool has_values, const char *comment);

#endif
