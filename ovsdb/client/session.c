/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/client/session.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "ovsdb/client/replica.h"
#include "ovsdb/model/envelope.h"

LOG_MODULE(ovsdb_session);
MEM_TYPE(ovsdb_request, "OVSDB requests outstanding");

/* Ways to monitor, best first; a server that lacks one gets the next. */
enum monitor_method { MONITOR_COND_SINCE, MONITOR_COND, MONITOR, N_MONITOR_METHODS };
static const char *const monitor_methods[] = {"monitor_cond_since", "monitor_cond", "monitor"};
/* The names of our monitors, as updates carry them. */
#define DATA_MONITOR "data"
#define SERVER_MONITOR "server"
#define NO_TXN "00000000-0000-0000-0000-000000000000"

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

    struct schema *schema;                                   /* of the server; NULL until it has told it */
    enum monitor_method method;
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
/* 'scan' is at the result, an array.  False: not handled, go on with the reply_cb. */
typedef bool result_cb(struct ovsdb_session *s, struct request *r, struct json_scan *scan);
struct request {
    struct hmap_node node;
    uint64_t id;
    reply_cb *reply;
    result_cb *result;                                       /* may be NULL */
    ovsdb_txn_cb *done;                                      /* transactions; NULL once forgotten */
    void *aux;
    size_t n_operations;
};

static void on_connected(void *s_);
static void on_disconnected(void *s_);
static void on_received(void *s_, struct jsonrpc_msg *msg);
static bool on_received_text(void *s_, struct str text);
static const struct jsonrpc_session_callbacks rpc_cbs = {on_connected, on_disconnected, on_received, on_received_text};

static void flush_conditions(void *s_);
static void tell_changed(void *s_);
static void tell_unsent(void *s_);
static void request_lock(struct ovsdb_session *s);

struct err *
ovsdb_session_new(struct loop *loop, const char *remotes, struct replica *replica,
                  const struct ovsdb_session_callbacks *cbs, void *aux, struct ovsdb_session **ret)
{
    struct ovsdb_session *s = xcalloc(1, sizeof *s);
    s->loop = loop;
    s->replica = replica;
    s->cbs = cbs;
    s->aux = aux;
    s->next_id = 1;
    hmap_init(&s->requests);
    hmap_init(&s->unsent);
    hmap_init(&s->lost);
    struct err *err = jsonrpc_session_new(loop, remotes, true, &rpc_cbs, s, &s->rpc);
    if (err) {
        ovsdb_session_free(s);
        return err;
    }
    *ret = s;
    return NULL;
}

static void
request_free(struct request *r)
{
    mem_add(&mem_ovsdb_request, -1);
    free(r);
}

static void
drop_requests(struct hmap *requests)
{
    HMAP_FOR_EACH_SAFE (r, struct request, node, requests) {
        hmap_remove(requests, &r->node);
        request_free(r);
    }
    hmap_fini(requests);
}

void
ovsdb_session_free(struct ovsdb_session *s)
{
    if (!s) {
        return;
    }
    loop_cancel_deferred(s->loop, flush_conditions, s);
    loop_cancel_deferred(s->loop, tell_changed, s);
    loop_cancel_deferred(s->loop, tell_unsent, s);
    jsonrpc_session_free(s->rpc);
    drop_requests(&s->requests);
    drop_requests(&s->unsent);
    drop_requests(&s->lost);
    schema_unref(s->schema);
    json_decref(s->sent);
    json_decref(s->asked);
    free(s->last_txn);
    free(s->lock);
    free(s);
}

/* --- Requests and replies --- */

static struct request *
request_new(struct ovsdb_session *s, reply_cb *reply)
{
    struct request *r = xcalloc(1, sizeof *r);
    mem_add(&mem_ovsdb_request, +1);
    r->id = s->next_id++;
    r->reply = reply;
    hmap_insert(&s->requests, &r->node, hash_mix64(r->id));
    return r;
}

/* Sends 'method' with 'params' (taken).  'reply' is called exactly once, unless the session is freed before. */
static struct request *
send_request(struct ovsdb_session *s, const char *method, json_t *params, reply_cb *reply)
{
    struct request *r = request_new(s, reply);
    jsonrpc_session_send(s->rpc, jsonrpc_request(method, params, json_integer((json_int_t) r->id)));
    return r;
}

static struct request *
find_request(const struct hmap *requests, uint64_t id)
{
    HMAP_FOR_EACH_WITH_HASH (r, struct request, node, hash_mix64(id), requests) {
        if (r->id == id) {
            return r;
        }
    }
    return NULL;
}

static void
finish_request(struct ovsdb_session *s, struct hmap *from, struct request *r, const struct jsonrpc_msg *msg)
{
    hmap_remove(from, &r->node);
    r->reply(s, r, msg);
    request_free(r);
}

/* Answers all of 'requests'.  Callbacks may make new ones. */
static void
lose_requests(struct ovsdb_session *s, struct hmap *requests)
{
    CHECK(hmap_is_empty(&s->lost));
    hmap_swap(requests, &s->lost);
    for (struct hmap_node *node; (node = hmap_first(&s->lost));) {
        finish_request(s, &s->lost, CONTAINER_OF(node, struct request, node), NULL);
    }
}

static void
handle_reply(struct ovsdb_session *s, const struct jsonrpc_msg *msg)
{
    struct request *r = json_is_integer(msg->id) ? find_request(&s->requests, (uint64_t) json_integer_value(msg->id)) : NULL;
    if (r) {
        finish_request(s, &s->requests, r, msg);
    } else {
        log_warn_rl("%s: reply to a request that was not made", ovsdb_session_remote(s));
    }
}

/* The first one or two strings of an error object, as an error. */
static struct err *
error_from_json(const json_t *json)
{
    const char *tag = json_string_value(json_object_get(json, "error"));
    const char *details = json_string_value(json_object_get(json, "details"));
    if (json_is_string(json)) {
        return err_new("%s", json_string_value(json));
    }
    return tag ? err_tagged(tag, "%s", details ? details : "no details") : err_new("an error that is not an object");
}

/* The server does not do as it should, or sent what makes no sense: start over, elsewhere if there is an elsewhere. */
static void
give_up(struct ovsdb_session *s, struct err *err /* taken */)
{
    char *text = err_take_text(err);
    log_warn_rl("%s: %s", ovsdb_session_remote(s), text);
    free(text);
    ovsdb_session_reset(s);
}

/* --- Monitoring --- */

static void handle_monitor_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg);
static bool scan_monitor_result(struct ovsdb_session *s, struct request *r, struct json_scan *scan);

static void
send_monitor(struct ovsdb_session *s)
{
    json_decref(s->asked);
    s->asked = replica_monitor_requests(s->replica, s->schema, s->method != MONITOR);
    json_t *params = json_pack("[ssO]", replica_def(s->replica)->database, DATA_MONITOR, s->asked);
    if (s->method == MONITOR_COND_SINCE) {
        bool resumes = s->last_txn && s->sent && json_equal(s->sent, s->asked);
        json_array_append_new(params, json_string(resumes ? s->last_txn : NO_TXN));
    }
    send_request(s, monitor_methods[s->method], params, handle_monitor_reply)->result = scan_monitor_result;
}

/* Keeps what the server sends along with an update: where to go on from. */
static bool
scan_txn(struct json_scan *scan, char **ret)
{
    struct str txn;
    if (!json_scan_element(scan) || json_scan_peek(scan) != '"' || !json_scan_string(scan, &txn)) {
        return false;
    }
    *ret = str_dup(txn);
    return true;
}

static void
note_txn(struct ovsdb_session *s, char *txn /* taken */)
{
    free(s->last_txn);
    s->last_txn = txn;
}

/* Applies the updates that 'scan' is at; on an error, or if the rest of the message is broken, starts over. */
static bool
apply(struct ovsdb_session *s, struct json_scan *scan, bool is_v1, bool in_array)
{
    replica_apply_begin(s->replica);
    struct err *err = (is_v1 ? replica_apply_update : replica_apply_update2)(s->replica, scan);
    replica_apply_end(s->replica);
    err = err ? err : envelope_close(scan, in_array);
    if (err) {
        give_up(s, err_wrap(err, "bad update"));
        return false;
    }
    loop_defer(s->loop, tell_changed, s);
    return true;
}

/* The result is <table-updates>, or [<found>, <last-txn-id>, <table-updates2>] of "monitor_cond_since". */
static bool
scan_monitor_result(struct ovsdb_session *s, struct request *r, struct json_scan *scan)
{
    bool is_since = s->method == MONITOR_COND_SINCE;
    bool resumes = false;
    char *txn = NULL;
    if (is_since && !(json_scan_array(scan) && json_scan_element(scan) && json_scan_boolean(scan, &resumes)
                      && scan_txn(scan, &txn) && json_scan_element(scan))) {
        free(txn);
        return false;
    }
    if (!resumes) {
        replica_expect_snapshot(s->replica);
    }
    if (!apply(s, scan, s->method == MONITOR, is_since)) {
        free(txn);
        return true;
    }
    json_decref(s->sent);
    s->sent = s->asked;
    s->asked = NULL;
    s->is_synced = true;
    if (is_since) {
        note_txn(s, txn);
    }
    loop_defer(s->loop, flush_conditions, s);
    return true;
}

/* An error, or what scan_monitor_result() could make nothing of. */
static void
handle_monitor_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (!msg) {
        return;
    }
    if (msg->type == JSONRPC_REPLY) {
        give_up(s, err_new("bad update: not the result of \"%s\"", monitor_methods[s->method]));
    } else if (++s->method < N_MONITOR_METHODS) {
        send_monitor(s);
    } else {
        give_up(s, err_wrap(error_from_json(msg->error), "cannot monitor"));
    }
}

static void
handle_schema_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (!msg) {
        return;
    }
    struct schema *schema;
    struct err *err = msg->type == JSONRPC_ERROR ? error_from_json(msg->error) : schema_from_json(msg->result, &schema);
    if (err) {
        give_up(s, err_wrap(err, "no schema of %s", replica_def(s->replica)->database));
        return;
    }
    schema_unref(s->schema);
    s->schema = schema;
    s->method = MONITOR_COND_SINCE;
    send_monitor(s);
}

/* What of 'wanted' (monitor requests) has other conditions than 'sent', in the form of monitor_cond_change; NULL if
 * nothing has. */
static json_t *
condition_changes(const json_t *sent, const json_t *wanted)
{
    json_t *changes = json_object();
    const char *table;
    json_t *requests;
    json_object_foreach ((json_t *) wanted, table, requests) {
        const json_t *old = json_object_get(json_array_get(json_object_get(sent, table), 0), "where");
        json_t *new = json_object_get(json_array_get(requests, 0), "where");
        if (old ? !new || !json_equal(old, new) : new != NULL) {
            json_t *where = new ? json_incref(new) : json_pack("[b]", true);
            json_object_set_new(changes, table, json_pack("[{so}]", "where", where));
        }
    }
    if (!json_object_size(changes)) {
        json_decref(changes);
        return NULL;
    }
    return changes;
}

static void
handle_condition_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (!msg) {
        return;
    }
    if (msg->type == JSONRPC_ERROR) {
        give_up(s, err_wrap(error_from_json(msg->error), "monitor_cond_change"));
        return;
    }
    json_decref(s->sent);
    s->sent = s->asked;
    s->asked = NULL;
    loop_defer(s->loop, tell_changed, s);
    flush_conditions(s);
}

/* Sends the conditions that changed, one batch at a time. */
static void
flush_conditions(void *s_)
{
    struct ovsdb_session *s = s_;
    if (!s->is_synced || s->asked || s->method == MONITOR) {
        return;
    }
    json_t *wanted = replica_monitor_requests(s->replica, s->schema, true);
    json_t *changes = condition_changes(s->sent, wanted);
    if (!changes) {
        json_decref(wanted);
        return;
    }
    s->asked = wanted;
    send_request(s, "monitor_cond_change", json_pack("[sso]", DATA_MONITOR, DATA_MONITOR, changes),
                 handle_condition_reply);
}

void
ovsdb_session_conditions_changed(struct ovsdb_session *s)
{
    loop_defer(s->loop, flush_conditions, s);
}

bool
ovsdb_session_conditions_settled(const struct ovsdb_session *s)
{
    if (!s->is_synced || s->asked || s->method == MONITOR) {
        return s->is_synced && !s->asked;
    }
    json_t *wanted = replica_monitor_requests(s->replica, s->schema, true);
    json_t *changes = condition_changes(s->sent, wanted);
    json_decref(wanted);
    json_decref(changes);
    return !changes;
}

/* --- Which server: with 'leader_only' only the leader of a cluster will do --- */

static void
check_leader(struct ovsdb_session *s, const json_t *table_updates)
{
    const char *uuid;
    json_t *update;
    json_object_foreach (json_object_get(table_updates, "Database"), uuid, update) {
        const json_t *row = json_object_get(update, "new");
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *model = json_string_value(json_object_get(row, "model"));
        bool is_ours = name && !strcmp(name, replica_def(s->replica)->database);
        if (is_ours && model && !strcmp(model, "clustered") && !json_is_true(json_object_get(row, "leader"))) {
            log_info("%s: not the leader of its cluster", ovsdb_session_remote(s));
            jsonrpc_session_reconnect(s->rpc);
            return;
        }
    }
}

static void
handle_server_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (msg && msg->type == JSONRPC_REPLY) {
        check_leader(s, msg->result);
    }
}

static void
watch_leader(struct ovsdb_session *s)
{
    send_request(s, "monitor",
                 json_pack("[ss{s{s[sss]}}]", "_Server", SERVER_MONITOR, "Database", "columns", "name", "model", "leader"),
                 handle_server_reply);
}

void
ovsdb_session_set_leader_only(struct ovsdb_session *s, bool leader_only)
{
    bool starts = leader_only && !s->leader_only;
    s->leader_only = leader_only;
    if (starts && ovsdb_session_is_connected(s)) {
        watch_leader(s);
    }
}

/* --- Connection --- */

static void
on_connected(void *s_)
{
    struct ovsdb_session *s = s_;
    if (s->leader_only) {
        watch_leader(s);
    }
    if (s->lock) {
        request_lock(s);
    }
    send_request(s, "get_schema", json_pack("[s]", replica_def(s->replica)->database), handle_schema_reply);
}

static void
on_disconnected(void *s_)
{
    struct ovsdb_session *s = s_;
    s->is_synced = false;
    s->has_lock = s->is_contended = false;
    json_decref(s->asked);
    s->asked = NULL;
    lose_requests(s, &s->requests);
    if (s->cbs->disconnected) {
        s->cbs->disconnected(s->aux);
    }
}

static void
tell_changed(void *s_)
{
    struct ovsdb_session *s = s_;
    s->cbs->changed(s->aux);
}

static bool
is_monitor(const json_t *id, const char *name)
{
    return json_is_string(id) && !strcmp(json_string_value(id), name);
}

/* Updates of the other monitor, and those that scan_update() could make nothing of. */
static void
handle_update(struct ovsdb_session *s, const struct jsonrpc_msg *msg)
{
    const json_t *id = json_array_get(msg->params, 0);
    if (is_monitor(id, SERVER_MONITOR) && !strcmp(msg->method, "update")) {
        if (s->leader_only) {
            check_leader(s, json_array_get(msg->params, 1));
        }
    } else if (!is_monitor(id, DATA_MONITOR) || !s->is_synced) {
        log_warn_rl("%s: update of a monitor that is not there", ovsdb_session_remote(s));
    } else {
        give_up(s, err_new("bad update: not the parameters of \"%s\"", msg->method));
    }
}

/* The parameters are [<monitor>, <table-updates>], with <last-txn-id> between them in "update3". */
static bool
scan_update(struct ovsdb_session *s, enum envelope kind, struct json_scan *scan)
{
    struct str monitor;
    char *txn = NULL;
    if (!s->is_synced || !json_scan_array(scan) || !json_scan_element(scan) || json_scan_peek(scan) != '"'
        || !json_scan_string(scan, &monitor) || !str_is(monitor, DATA_MONITOR)
        || (kind == ENVELOPE_UPDATE3 && !scan_txn(scan, &txn)) || !json_scan_element(scan)) {
        free(txn);
        return false;
    }
    if (apply(s, scan, kind == ENVELOPE_UPDATE, true) && txn) {
        note_txn(s, txn);
    } else {
        free(txn);
    }
    return true;
}

static void
handle_notification(struct ovsdb_session *s, const struct jsonrpc_msg *msg)
{
    const char *subject = json_string_value(json_array_get(msg->params, 0));
    bool is_our_lock = s->lock && subject && !strcmp(subject, s->lock);
    if (!strcmp(msg->method, "update") || !strcmp(msg->method, "update2") || !strcmp(msg->method, "update3")) {
        handle_update(s, msg);
    } else if (is_our_lock && !strcmp(msg->method, "locked")) {
        s->has_lock = true;
        s->is_contended = false;
        loop_defer(s->loop, tell_changed, s);
    } else if (is_our_lock && !strcmp(msg->method, "stolen")) {
        s->has_lock = false;
        s->is_contended = true;
        loop_defer(s->loop, tell_changed, s);
    } else if (!strcmp(msg->method, "monitor_canceled")) {
        give_up(s, err_new("the server canceled the monitor"));
    }
}

static void
on_received(void *s_, struct jsonrpc_msg *msg)
{
    struct ovsdb_session *s = s_;
    switch (msg->type) {
    case JSONRPC_REPLY:
    case JSONRPC_ERROR: handle_reply(s, msg); break;
    case JSONRPC_NOTIFY: handle_notification(s, msg); break;
    case JSONRPC_REQUEST:
        jsonrpc_session_send(s->rpc, jsonrpc_error(json_string("unknown method"), json_incref(msg->id)));
        break;
    }
    jsonrpc_msg_free(msg);
}

/* What carries much is read from its text. */
static bool
on_received_text(void *s_, struct str text)
{
    struct ovsdb_session *s = s_;
    struct json_scan scan;
    json_scan_init(&scan, text);
    int64_t id = 0;
    enum envelope kind = envelope_open(&scan, &id);
    bool is_handled = false;
    if (kind == ENVELOPE_RESULT) {
        struct request *r = find_request(&s->requests, (uint64_t) id);
        is_handled = r && r->result && r->result(s, r, &scan);
        if (is_handled) {
            hmap_remove(&s->requests, &r->node);
            request_free(r);
        }
    } else if (kind != ENVELOPE_OTHER) {
        is_handled = scan_update(s, kind, &scan);
    }
    json_scan_fini(&scan);
    return is_handled;
}

struct err *
ovsdb_session_set_remotes(struct ovsdb_session *s, const char *remotes)
{
    return jsonrpc_session_set_remotes(s->rpc, remotes);
}

bool
ovsdb_session_is_connected(const struct ovsdb_session *s)
{
    return jsonrpc_session_is_connected(s->rpc);
}

bool
ovsdb_session_is_synced(const struct ovsdb_session *s)
{
    return s->is_synced;
}

void
ovsdb_session_set_probe_interval(struct ovsdb_session *s, int64_t ms)
{
    jsonrpc_session_set_probe_interval(s->rpc, ms);
}

void
ovsdb_session_set_max_backoff(struct ovsdb_session *s, int64_t ms)
{
    jsonrpc_session_set_max_backoff(s->rpc, ms);
}

void
ovsdb_session_reset(struct ovsdb_session *s)
{
    free(s->last_txn);
    s->last_txn = NULL;
    s->is_synced = false;                                    /* what still arrives is of no interest */
    jsonrpc_session_reconnect(s->rpc);
}

const char *
ovsdb_session_remote(const struct ovsdb_session *s)
{
    return jsonrpc_session_remote(s->rpc);
}

const char *
ovsdb_session_last_error(const struct ovsdb_session *s)
{
    return jsonrpc_session_last_error(s->rpc);
}

/* --- Transactions --- */

/* The error of the operation that failed, or NULL.  An extra element behind the last operation is the commit's. */
static struct err *
operation_error(const json_t *result, size_t n_operations)
{
    if (!json_is_array(result)) {
        return err_new("the result of a transaction is not an array");
    }
    size_t i;
    const json_t *element;
    json_array_foreach (result, i, element) {
        if (json_object_get(element, "error")) {
            struct err *err = error_from_json(element);
            return i < n_operations ? err_wrap(err, "operation %zu", i) : err_wrap(err, "commit");
        }
    }
    return NULL;
}

static void
handle_transact_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (!r->done) {
        return;
    }
    if (!msg) {
        r->done(r->aux, NULL, err_tagged("lost", "not connected, or the connection ended before the answer"));
    } else if (msg->type == JSONRPC_ERROR) {
        r->done(r->aux, NULL, error_from_json(msg->error));
    } else {
        struct err *err = operation_error(msg->result, r->n_operations);
        r->done(r->aux, err && json_is_array(msg->result) ? msg->result : NULL, err);
    }
}

/* The results of a transaction in which no operation failed. */
static bool
scan_transact_result(struct ovsdb_session *s, struct request *r, struct json_scan *scan)
{
    bool has_error = json_scan_peek(scan) != '[' || !json_scan_array(scan);
    while (!has_error && json_scan_element(scan)) {
        if (json_scan_peek(scan) != '{') {
            json_scan_skip(scan);
            continue;
        }
        json_scan_object(scan);
        for (struct str name; json_scan_member(scan, &name);) {
            has_error = has_error || str_is(name, "error");
            json_scan_skip(scan);
        }
    }
    struct err *err = has_error ? NULL : envelope_close(scan, false);
    if (has_error || err) {
        err_free(err);
        return false;
    }
    if (r->done) {
        r->done(r->aux, NULL, NULL);
    }
    return true;
}

static void
tell_unsent(void *s_)
{
    struct ovsdb_session *s = s_;
    lose_requests(s, &s->unsent);
}

static uint64_t
await_transaction(struct ovsdb_session *s, struct request *r, size_t n_operations, ovsdb_txn_cb *done, void *aux)
{
    r->result = scan_transact_result;
    r->done = done;
    r->aux = aux;
    r->n_operations = n_operations;
    if (!ovsdb_session_is_connected(s)) {
        hmap_remove(&s->requests, &r->node);
        hmap_insert(&s->unsent, &r->node, hash_mix64(r->id));
        loop_defer(s->loop, tell_unsent, s);
    }
    return r->id;
}

uint64_t
ovsdb_session_transact(struct ovsdb_session *s, json_t *operations, ovsdb_txn_cb *done, void *aux)
{
    size_t n_operations = json_array_size(operations);
    json_array_insert_new(operations, 0, json_string(replica_def(s->replica)->database));
    return await_transaction(s, send_request(s, "transact", operations, handle_transact_reply), n_operations, done, aux);
}

uint64_t
ovsdb_session_transact_text(struct ovsdb_session *s, struct str operations, size_t n, ovsdb_txn_cb *done, void *aux)
{
    CHECK(operations.n >= 2 && operations.s[0] == '[' && operations.s[operations.n - 1] == ']');
    struct request *r = request_new(s, handle_transact_reply);
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    buf_printf(&buf, "{\"id\":%" PRIu64 ",\"method\":\"transact\",\"params\":[", r->id);
    buf_put_json_string(&buf, str_from(replica_def(s->replica)->database));
    buf_puts(&buf, n ? "," : "");
    jsonrpc_session_send_bytes(s->rpc, buf.data, buf.size);
    jsonrpc_session_send_bytes(s->rpc, operations.s + 1, operations.n - 1);
    jsonrpc_session_send_bytes(s->rpc, "}", 1);
    buf_fini(&buf);
    return await_transaction(s, r, n, done, aux);
}

void
ovsdb_session_forget(struct ovsdb_session *s, uint64_t id)
{
    struct request *r = find_request(&s->requests, id);
    r = r ? r : find_request(&s->unsent, id);
    r = r ? r : find_request(&s->lost, id);
    if (r) {
        r->done = NULL;
    }
}

size_t
ovsdb_session_outstanding(const struct ovsdb_session *s)
{
    size_t n = 0;
    HMAP_FOR_EACH (r, struct request, node, &s->requests) {
        n += r->done != NULL;
    }
    return n;
}

/* --- Locks --- */

static void
handle_lock_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (msg && msg->type == JSONRPC_REPLY && s->lock && r->aux == s->lock) {
        s->has_lock = json_is_true(json_object_get(msg->result, "locked"));
        s->is_contended = !s->has_lock;
        loop_defer(s->loop, tell_changed, s);
    }
}

static void
request_lock(struct ovsdb_session *s)
{
    send_request(s, "lock", json_pack("[s]", s->lock), handle_lock_reply)->aux = s->lock;
}

static void
handle_unlock_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
}

void
ovsdb_session_set_lock(struct ovsdb_session *s, const char *name)
{
    if (name && s->lock ? !strcmp(name, s->lock) : name == s->lock) {
        return;
    }
    if (s->lock && ovsdb_session_is_connected(s)) {
        send_request(s, "unlock", json_pack("[s]", s->lock), handle_unlock_reply);
    }
    free(s->lock);
    s->lock = name ? xstrdup(name) : NULL;
    s->has_lock = s->is_contended = false;
    if (s->lock && ovsdb_session_is_connected(s)) {
        request_lock(s);
    }
}

bool
ovsdb_session_has_lock(const struct ovsdb_session *s)
{
    return !s->lock || s->has_lock;
}

bool
ovsdb_session_lock_contended(const struct ovsdb_session *s)
{
    return s->is_contended;
}
