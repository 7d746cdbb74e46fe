/* SPDX-License-Identifier: Apache-2.0 */
/* The connection, and what comes over it. */
#include <config.h>

#include "ovsdb/client/session.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "ovsdb/client/replica.h"
#include "ovsdb/client/session_private.h"
#include "ovsdb/model/envelope.h"

static void on_connected(void *s_);
static void on_disconnected(void *s_);
static void on_received(void *s_, struct jsonrpc_msg *msg);
static bool on_received_text(void *s_, struct str text);
static const struct jsonrpc_session_callbacks rpc_cbs = {on_connected, on_disconnected, on_received, on_received_text};

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

void
ovsdb_session_free(struct ovsdb_session *s)
{
    if (!s) {
        return;
    }
    loop_cancel_deferred(s->loop, ovsdb_session_flush_conditions, s);
    loop_cancel_deferred(s->loop, ovsdb_session_tell_changed, s);
    loop_cancel_deferred(s->loop, ovsdb_session_tell_unsent, s);
    jsonrpc_session_free(s->rpc);
    ovsdb_requests_drop(&s->requests);
    ovsdb_requests_drop(&s->unsent);
    ovsdb_requests_drop(&s->lost);
    server_row_fini(&s->server_row);
    schema_unref(s->schema);
    json_decref(s->sent);
    json_decref(s->asked);
    free(s->last_txn);
    free(s->lock);
    free(s);
}

static void
on_connected(void *s_)
{
    struct ovsdb_session *s = s_;
    s->n_monitors = 0;
    ovsdb_session_watch_server(s);
    if (s->lock) {
        ovsdb_session_request_lock(s);
    }
}

static void
on_disconnected(void *s_)
{
    struct ovsdb_session *s = s_;
    s->is_synced = s->is_monitoring = s->has_server_db = false;
    server_row_fini(&s->server_row);
    s->has_lock = s->is_contended = false;
    json_decref(s->asked);
    s->asked = NULL;
    ovsdb_session_lose_requests(s, &s->requests);
    if (s->cbs->disconnected) {
        s->cbs->disconnected(s->aux);
    }
}

void
ovsdb_session_tell_changed(void *s_)
{
    struct ovsdb_session *s = s_;
    s->cbs->changed(s->aux);
}

static void
handle_notification(struct ovsdb_session *s, const struct jsonrpc_msg *msg)
{
    const char *subject = json_string_value(json_array_get(msg->params, 0));
    bool is_our_lock = s->lock && subject && !strcmp(subject, s->lock);
    if (!strcmp(msg->method, "update") || !strcmp(msg->method, "update2") || !strcmp(msg->method, "update3")) {
        ovsdb_session_handle_update(s, msg);
    } else if (is_our_lock && !strcmp(msg->method, "locked")) {
        s->has_lock = true;
        s->is_contended = false;
        loop_defer(s->loop, ovsdb_session_tell_changed, s);
    } else if (is_our_lock && !strcmp(msg->method, "stolen")) {
        s->has_lock = false;
        s->is_contended = true;
        loop_defer(s->loop, ovsdb_session_tell_changed, s);
    } else if (!strcmp(msg->method, "monitor_canceled")) {
        ovsdb_session_handle_canceled(s, json_array_get(msg->params, 0));
    }
}

static void
on_received(void *s_, struct jsonrpc_msg *msg)
{
    struct ovsdb_session *s = s_;
    switch (msg->type) {
    case JSONRPC_REPLY:
    case JSONRPC_ERROR: ovsdb_session_handle_reply(s, msg); break;
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
        struct request *r = ovsdb_session_find_request(&s->requests, (uint64_t) id);
        is_handled = r && r->result && r->result(s, r, &scan);
        if (is_handled) {
            hmap_remove(&s->requests, &r->node);
            ovsdb_request_free(r);
        }
    } else if (kind != ENVELOPE_OTHER) {
        is_handled = ovsdb_session_scan_update(s, kind, &scan);
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
