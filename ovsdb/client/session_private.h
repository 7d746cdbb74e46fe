/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENT_SESSION_PRIVATE_H
#define WEFT_OVSDB_CLIENT_SESSION_PRIVATE_H

/* What: what the parts of a session share: session.c (connection), session_request.c (requests and replies),
 * session_monitor.c (what feeds the replica), session_server.c (which server), session_transact.c, session_lock.c. */

#include "lib/base/hmap.h"
#include "ovsdb/client/session.h"
#include "ovsdb/model/envelope.h"
#include "ovsdb/model/server_row.h"

struct jsonrpc_msg;

/* Ways to monitor, best first; a server that lacks one gets the next. */
enum monitor_method { MONITOR_COND_SINCE, MONITOR_COND, MONITOR, N_MONITOR_METHODS };
/* The names of our monitors, as updates carry them: of _Server, and before the number of the one that feeds the replica. */
#define SERVER_MONITOR "server"
#define DATA_MONITOR "data-"

struct ovsdb_session {
    struct loop *loop;
    struct jsonrpc_session *rpc;
    struct replica *replica;
    const struct ovsdb_session_callbacks *cbs;
    void *aux;

    struct hmap requests;                                    /* struct request, waiting for replies */
    struct hmap unsent;                                      /* struct request, to be answered 'lost' soon */
    struct hmap lost;                                        /* struct request, being answered 'lost' */
    uint64_t next_id;

    bool has_server_db;                                      /* the server has _Server, and we watch it */
    struct server_row server_row;                            /* what it says there of the database */
    struct schema *schema;                                   /* of the server; NULL until it has told it */
    enum monitor_method method;
    uint32_t n_monitors;                                     /* asked for on this connection; the last is in use */
    bool is_monitoring;                                      /* that one is asked for and not canceled */
    json_t *sent;                                            /* the monitor requests in force, with conditions */
    json_t *asked;                                           /* those on their way, or NULL */
    char *last_txn;                                          /* "update3": where to go on from; or NULL */
    bool is_synced;

    char *lock;                                              /* asked for, or NULL */
    bool has_lock, is_contended;
    bool leader_only;
};

struct request;
/* 'msg' is the reply or error, NULL if the connection was lost. */
typedef void reply_cb(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg);
/* 'scan' is at the result.  False: not handled, go on with the reply_cb. */
typedef bool result_cb(struct ovsdb_session *s, struct request *r, struct json_scan *scan);
struct request {
    struct hmap_node node;
    uint64_t id;
    reply_cb *reply;
    result_cb *result;                                       /* may be NULL */
    ovsdb_txn_cb *done;                                      /* transactions; NULL once forgotten */
    void *aux;
    size_t n_operations;
    uint32_t n_monitors;                                     /* at the time: replies about older ones are of no use */
    bool resumes;                                            /* "monitor_cond_since" from a transaction that we have */
};

/* session_request.c. */
/* Expects a reply; the caller sends the request.  'reply' is called exactly once, unless the session is freed before. */
struct request *ovsdb_session_request_new(struct ovsdb_session *s, reply_cb *reply);
/* Sends 'method' with 'params' (taken). */
struct request *ovsdb_session_send_request(struct ovsdb_session *s, const char *method, json_t *params, reply_cb *reply);
void ovsdb_session_ignore_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg);   /* a reply_cb */
struct request *ovsdb_session_find_request(const struct hmap *requests, uint64_t id);          /* or NULL */
void ovsdb_request_free(struct request *r);
void ovsdb_requests_drop(struct hmap *requests);                   /* unanswered */
/* Answers all of 'requests', with NULL.  Callbacks may make new ones. */
void ovsdb_session_lose_requests(struct ovsdb_session *s, struct hmap *requests);
void ovsdb_session_handle_reply(struct ovsdb_session *s, const struct jsonrpc_msg *msg);
/* The first one or two strings of an error object, as an error. */
struct err *ovsdb_error_from_json(const json_t *json) MUST_USE;
/* The server does not do as it should, or sent what makes no sense: start over, elsewhere if there is an elsewhere. */
void ovsdb_session_give_up(struct ovsdb_session *s, struct err *err /* taken */);

/* session_monitor.c. */
/* Monitors what 'schema' (borrowed) has of what the replica wants, unless that is done already. */
void ovsdb_session_follow(struct ovsdb_session *s, struct schema *schema);
/* The server ended the monitor 'id'. */
void ovsdb_session_handle_canceled(struct ovsdb_session *s, const json_t *id);
/* Updates of _Server, and those that ovsdb_session_scan_update() could make nothing of. */
void ovsdb_session_handle_update(struct ovsdb_session *s, const struct jsonrpc_msg *msg);
/* Applies the update that 'scan' is at; false: not one of ours, or not understood. */
bool ovsdb_session_scan_update(struct ovsdb_session *s, enum envelope kind, struct json_scan *scan);
void ovsdb_session_flush_conditions(void *s_);               /* sends those that changed, one batch at a time */

/* session_server.c. */
void ovsdb_session_watch_server(struct ovsdb_session *s);    /* on a new connection */
void ovsdb_session_ask_for_schema(struct ovsdb_session *s);
void ovsdb_session_handle_server_update(struct ovsdb_session *s, const json_t *table_updates);
/* The server is of no use for now, as 'why' says: tries another, or waits for this one if there is no other. */
void ovsdb_session_reject_server(struct ovsdb_session *s, const char *why);

/* session_transact.c, session_lock.c, session.c. */
void ovsdb_session_tell_unsent(void *s_);
void ovsdb_session_request_lock(struct ovsdb_session *s);
void ovsdb_session_tell_changed(void *s_);

#endif
