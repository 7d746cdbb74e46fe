/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_SERVER_H
#define WEFT_OVSDB_SERVER_SERVER_H

/* What: the database server without its sockets: hosted databases, sessions, locks, and the turn in which
 * transactions that arrived together become durable together.
 *
 * Why: messages and the time go in, bytes come out through 'struct session_output', so that many clients fit in
 * one fast test.
 *
 * How a turn goes: session_receive() executes a transaction at once, in memory and in the log, but queues its
 * reply.  server_run(), called when no more input is at hand, makes what needs it durable with one sync per
 * database, then sends, in the order of commit, each commit's monitor updates followed by its reply.  Nothing that
 * was not stored is ever sent.  It may hold commits back a moment, so that one sync serves more (gather.h).
 *
 * Backlog rules (each logged when it bites):
 *  - a session whose backlog is above SESSION_COALESCE_BYTES gets no monitor updates until it has drained; then one
 *    update with the net effect of what it missed;
 *  - a session that lags so far behind that the history no longer reaches back to its last update is disconnected;
 *  - a session whose backlog exceeds the larger of SESSION_BACKLOG_BYTES and twice its largest single message is
 *    disconnected. */

#include <jansson.h>

#include "lib/base/err.h"

struct child;
struct hosted;
struct jsonrpc_msg;
struct schema;
struct server;
struct session;
struct shared_bytes;
struct storage;

enum {
    SESSION_COALESCE_BYTES = 1 << 20,
    SESSION_BACKLOG_BYTES = 64 << 20,
    SESSION_PENDING_MAX = 1000,                              /* transactions of one session that wait */
    SESSION_MONITORS_MAX = 1000,
    SESSION_HELD_MAX = 16,                                   /* requests read that wait for a conversion; others stay unread */
};

/* What the server needs of the world. */
struct server_env {
    void (*wake)(void *aux);                                 /* server_run() should be called soon; often */
    int64_t (*wall_ms)(void);                                /* for dates in the log */
    int64_t (*monotonic_ms)(void);                           /* for how long something took */
    bool no_column_diff;                                     /* the log gets values in place of differences */
    /* Runs job(arg) in a child process that keeps 'fd' open, and calls done(arg) with the error it returned when it has ended,
     * unless it is killed before.  NULL: there are no child processes. */
    struct err *(*fork)(void *aux, int fd, struct err *(*job)(void *arg), void (*done)(void *arg, struct err *e), void *arg,
                        struct child **ret);
    void (*kill)(void *aux, struct child *child);
    void *aux;
};
struct server *server_new(const struct server_env *env) MUST_USE;
void server_free(struct server *server);                     /* all sessions must be gone */

/* Ends the turn.  Also to be called when server_next_wake_ms() has come. */
void server_run(struct server *server, int64_t now_ms);
int64_t server_next_wake_ms(const struct server *server);    /* INT64_MAX: nothing to wait for */
void server_settle(struct server *server);                   /* sends what server_run() holds back, before the end */

/* Databases.  'storage' is taken, on error too; its transactions are read. */
struct err *server_add_database(struct server *server, struct storage *storage) MUST_USE;
/* The same in two steps, of which only the first can fail.  A database that is not hosted yet belongs to the caller. */
struct err *server_prepare_database(struct storage *storage, struct hosted **ret) MUST_USE;
const struct schema *server_prepared_schema(const struct hosted *hosted);
void server_discard_prepared(struct hosted *hosted);         /* NULL is fine */
void server_host_prepared(struct server *server, struct hosted *hosted); /* taken; its name must not be taken */
struct err *server_remove_database(struct server *server, const char *name) MUST_USE;
/* Compacts 'name' (NULL: all) soon; calls 'done' once, with the first error (taken), if any. */
void server_compact(struct server *server, const char *name, void (*done)(void *aux, struct err *e), void *aux);
/* Sorted; the caller frees each and the array. */
char **server_database_names(const struct server *server, size_t *ret_n) MUST_USE;
struct database *server_database(const struct server *server, const char *name); /* or NULL; for reading */
const struct schema *server_schema(const struct server *server, const char *name);       /* or NULL */
/* Whether 'name' is a relay that has not seen its source yet; its schema is then empty. */
bool server_awaits_schema(const struct server *server, const char *name);

void server_disable_monitor_cond(struct server *server);     /* those methods become unknown, for testing */
/* Logging of each row that a transaction changes in 'table' of 'database', at level info.  Errors: no such database
 * or table. */
struct err *server_set_tlog(struct server *server, const char *database, const char *table, bool on) MUST_USE;
char *server_list_tlog(const struct server *server) MUST_USE;            /* the table of "tlog-list" */

/* A change made by the server itself, such as the status columns of db: remotes: executes 'params' as if a client
 * had sent them.  The error is that of the first operation that failed.  Nothing happens in a database whose content is another
 * server's, or that is being converted: the caller will come again. */
struct err *server_transact(struct server *server, const char *name, json_t *operations /* taken */) MUST_USE;
/* Counts commits, so that who reads server_database() can tell that it changed. */
uint64_t server_seqno(const struct server *server);

/* Sessions. */
struct session_output {
    void (*send)(void *aux, const void *p, size_t n);        /* part of the byte stream to the client */
    void (*send_shared)(void *aux, struct shared_bytes *bytes);
    size_t (*backlog)(void *aux);
    void (*close)(void *aux, const char *reason);            /* the session is to be freed, later */
    void (*hold)(void *aux, bool hold);                      /* whether session_receive() is not to be called */
};
struct session *session_new(struct server *server, const char *name, const struct session_output *output,
                            void *aux) MUST_USE;
void session_free(struct session *session);
void session_set_read_only(struct session *session, bool read_only);
/* For the access rules (rbac.h).  'role' is that of the connection's row, NULL or "" for none: then all is allowed.
 * 'identity' is the common name of the client's verified certificate, or NULL.  Both are copied; transactions that are
 * executed from now on are judged by them. */
void session_set_role(struct session *session, const char *role);
void session_set_identity(struct session *session, const char *identity);
/* Handles one message, which is taken.  'now_ms' is for timeouts of "wait". */
void session_receive(struct session *session, struct jsonrpc_msg *msg, int64_t now_ms);
/* Sends 'answer', which is taken: the error for a request that could not be read.  It comes behind earlier replies. */
void session_refuse(struct session *session, struct jsonrpc_msg *answer);
void session_drained(struct session *session);               /* the backlog is gone */
/* Names of locks that it owns, waits for, and lost, for status columns: "a b".  The caller frees them. */
void session_lock_names(const struct session *session, char **ret_held, char **ret_waiting, char **ret_lost);

struct server_statistics {
    size_t n_sessions, n_monitors, n_rows, n_cells, n_pending, n_history, backlog;
};
void server_statistics(const struct server *server, struct server_statistics *ret);

#endif
