/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_SERVER_PRIVATE_H
#define WEFT_OVSDB_SERVER_SERVER_PRIVATE_H

/* What: what the files of the server share: server.c, server_turn.c, server_transact.c, server_databases.c,
 * server_convert.c, and session.c, session_held.c, session_monitor.c with the methods. */

#include "lib/base/hmap.h"
#include "lib/base/str.h"
#include "lib/base/vec.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/server/database.h"
#include "ovsdb/server/delta.h"
#include "ovsdb/server/execute.h"
#include "ovsdb/server/gather.h"
#include "ovsdb/server/grave.h"
#include "ovsdb/server/hosted.h"
#include "ovsdb/server/lock.h"
#include "ovsdb/server/monitor.h"
#include "ovsdb/server/server.h"
#include "ovsdb/server/txn.h"

enum { SERVER_WAITING_BYTES = 1 << 20 };                     /* of records, after which a turn is not waited for to write them */

/* Something to be sent at the end of the turn, in order: a commit's updates or a reply. */
struct event {
    struct hosted *hosted;                                   /* of a commit or reply to "transact"; else NULL */
    struct delta *delta;                                     /* owned; NULL: no updates */
    struct session *session;                                 /* whom to reply to; NULL: nobody, or gone */
    json_t *id;                                              /* owned: of the request */
    struct buf result;                                       /* owned: the result as JSON, or what failed as JSON */
    bool is_error;                                           /* 'result' ends with an error */
    uint64_t number;                                         /* of 'delta' in the storage */
    bool is_forwarded;                                       /* the result is the source's of a relay */
};

/* A transaction that waits (RFC 7047, section 5.2.6). */
struct pending {
    struct session *session;
    struct hosted *hosted;
    json_t *id;                                              /* owned */
    json_t *params;                                          /* owned */
    int64_t started_ms;
    int64_t deadline_ms;                                     /* INT64_MAX: none */
    uint64_t tables;                                         /* that could satisfy it: delta_table_bit() */
    bool is_due;                                             /* one of them changed */
};

struct server {
    struct strmap databases;                                 /* name → struct hosted */
    VEC(struct session *) sessions;
    VEC(struct session *) senders;                           /* that were sent something since their backlogs were looked at */
    struct lock_table locks;
    struct uuid id;
    VEC(struct event) events;
    VEC(struct pending *) pending;
    struct gather gather;                                    /* of the events that are durable */
    uint64_t seqno;
    int64_t now_ms;                                          /* as last told */
    int64_t repair_ms;                                       /* when some storage is to be mended, or INT64_MAX */
    struct grave grave;                                      /* what is freed a slice a turn */
    bool has_work_left;                                      /* slices, or requests that waited, for the next turn */
    size_t n_held;                                           /* requests of all sessions that wait for a conversion */
    bool monitor_cond_is_disabled;
    bool is_running;                                         /* inside server_run() */
    bool is_backup;                                          /* all of it: clients may not write or lock */
    struct server_env env;
};

struct session {
    uint32_t magic;
    struct server *server;
    char *name;
    const struct session_output *output;
    void *aux;
    bool is_read_only;
    char *role, *identity;                                   /* owned; NULL: none */
    bool is_change_aware;
    bool is_sender;                                          /* one of 'server->senders' */
    bool is_closing;                                         /* close() was called: nothing more is sent or heard */
    uint64_t gathered;                                       /* see gather_add() */
    size_t n_pending;
    size_t largest_message;                                  /* bytes; for the backlog rule */
    struct strmap stolen;                                    /* names of locks it lost, for status */
    struct strmap monitors;                                  /* id as JSON → struct monitor, owned */
    size_t n_lagging;                                        /* monitors that lag */
    struct monitor *awaited;                                 /* whose contents are being made, or NULL; then ... */
    json_t *awaited_id;                                      /* ... the request's, owned, and input is held */
    bool awaits_conversion;                                  /* its "convert" is under way */
    VEC(struct jsonrpc_msg *) held;                          /* owned: requests that wait for a conversion, oldest first */
};
enum { SESSION_MAGIC = 0x5e5510 };
#define SESSION(S) (CHECK((S)->magic == SESSION_MAGIC), (S))

/* server.c */
struct hosted *server_hosted(const struct server *server, const char *name);     /* or NULL */
struct hosted *server_hosted_of_hub(const struct server *server, const struct monitor_hub *hub);
void server_forget_session(struct server *server, struct session *session);

/* server_turn.c */
void server_queue_event(struct server *server, struct event event /* moved */);
void server_flush_events(struct server *server);             /* store, sync, then send all that is queued */
/* Stores the commits of 'hosted' that wait to be written.  'last' (may be NULL) is one that is not queued yet.  What could not be
 * stored is undone, and who waits for it is refused; 'last' then always. */
struct err *server_write(struct server *server, struct hosted *hosted, const struct delta *last) MUST_USE;
void event_fini(struct event *event);

/* server_transact.c */
/* Executes the transaction in 'params' for 'session' (NULL: the server itself) and queues its reply, or makes
 * it wait.  'id' and 'params' are borrowed. */
void server_execute(struct session *session, struct hosted *hosted, const json_t *params, json_t *id, int64_t now_ms);
/* Tries the waiting transactions again that may now go on.  True if there were any. */
bool server_retry_pending(struct server *server);
bool server_cancel(struct server *server, struct session *session, const json_t *id);    /* a waiting transaction */
void server_cancel_all(struct server *server, const struct hosted *hosted);      /* that wait there */
void server_forget_pending(struct server *server, const struct session *session);
/* For databases whose content comes from another server.  Stores and queues 'delta' (taken), which was just committed;
 * on error it is undone. */
struct err *server_commit(struct server *server, struct hosted *hosted, struct delta *delta) MUST_USE;
void server_queue_forwarded(struct session *session, struct hosted *hosted, const json_t *id, struct str result);

/* server_databases.c */
bool server_is_copy(const struct server *server, const struct hosted *hosted);   /* of an active server's; clients may not write */
bool server_is_all_backup(const struct server *server);      /* every database is */
void server_add_internal_database(struct server *server);    /* _Server */
void server_republish(struct server *server, struct hosted *hosted);             /* its row in _Server, after a change */
void server_host(struct server *server, struct hosted *hosted /* taken */);      /* from now on clients find it */
/* Clients that do not watch _Server learn of a change of databases by losing their connection. */
void server_disconnect_unaware(struct server *server, const char *reason);
/* Cancels the monitors on 'hosted' and the transactions that wait there, and tells the clients. */
void server_end_use(struct server *server, const struct hosted *hosted);
struct err *server_check_name(const struct server *server, const char *name) MUST_USE;  /* of a database to be added */

/* server_convert.c.  A hosted database is being converted while its 'convert_call' is set.  Then nothing may read it for a client
 * or change it. */
enum { SERVER_SLICE_WORK = 10000 };                          /* of a conversion or the grave in one turn: 1 to 3 ms */
void server_run_conversion(struct server *server, struct hosted *hosted);        /* a slice, or what comes next */
bool hosted_is_being_stored_anew(const struct hosted *hosted);           /* by a conversion: no other may write its file */
/* Leaves the database as it is, if it is being converted, and tells who asked 'why'. */
void server_stop_conversion(struct server *server, struct hosted *hosted, const char *why);
void server_stop_conversions(struct server *server, const char *why);
void server_forget_conversions(struct server *server, const struct session *session);

/* session_held.c.  While a database is converted, requests that concern it wait, and so do later ones of the same clients but
 * for "echo". */
bool session_hold_request(struct session *session, struct jsonrpc_msg *msg);     /* if it must wait: takes it, returns true */
bool session_has_work(const struct session *session);        /* requests that need not wait any longer */
void session_handle_held(struct session *session);           /* handles those */
bool session_cancel_held(struct session *session, const json_t *id);     /* a transaction that waits so */
void session_free_held(struct session *session);
void session_update_hold(struct session *session);           /* tells whether to read its input */

/* session.c */
void session_handle_request(struct session *session, const struct jsonrpc_msg *msg);
/* The database that a request is about, or NULL: none, or there is no such. */
struct hosted *session_request_database(const struct session *session, const struct jsonrpc_msg *msg);
struct rbac_client session_rbac_client(const struct session *session);
void session_reply_text(struct session *session, const json_t *id, struct str result);   /* 'result' is JSON */
void session_reply_error(struct session *session, const json_t *id, struct str error);   /* 'error' is JSON */
void session_reply_err(struct session *session, const json_t *id, struct err *e /* taken */);
struct err *session_too_many_error(void) MUST_USE;           /* SESSION_PENDING_MAX of its transactions wait */
/* To a transaction that was canceled, or is lost (RFC 7047, section 4.1.4). */
void session_reply_canceled(struct session *session, const json_t *id);
void session_notify(struct session *session, const char *method, struct str params);     /* 'params' is JSON */
void session_close(struct session *session, const char *reason);
void session_sends(struct session *session, size_t n_bytes); /* to be called with each message */
void server_check_backlogs(struct server *server);           /* of those that were sent something */
void session_emit_updates(void *aux, struct monitor *monitor, struct shared_bytes *updates);
void session_catch_up(struct session *session);              /* sends what its lagging monitors missed */
/* Ends the monitors on 'hub', whose database goes away; tells the client if it is change-aware. */
void session_cancel_monitors(struct session *session, const struct monitor_hub *hub);
void session_free_monitors(struct session *session);
struct monitor *session_monitor(const struct session *session, const json_t *id);        /* or NULL */
void session_initial_ready(struct monitor *monitor);         /* replies to the request that started it */

/* server_convert.c, session_monitor.c: methods.  Each returns NULL and has replied, or has arranged for a reply; or an error, which
 * is sent. */
struct request;
struct err *method_convert(struct request *r) MUST_USE;
struct err *method_monitor(struct request *r) MUST_USE;
struct err *method_monitor_cond(struct request *r) MUST_USE;
struct err *method_monitor_cond_since(struct request *r) MUST_USE;
struct err *method_monitor_cond_change(struct request *r) MUST_USE;
struct err *method_monitor_cancel(struct request *r) MUST_USE;
struct request {
    struct session *session;
    struct server *server;
    const struct jsonrpc_msg *msg;
    json_t *params;                                          /* borrowed */
    json_t *id;                                              /* borrowed */
    int64_t now_ms;
};
struct err *request_find_database(const struct request *r, struct hosted **ret) MUST_USE;
void request_reply_plain_error(const struct request *r, const char *text);
void session_lock_changed(void *session, const char *name, bool locked);

#endif
