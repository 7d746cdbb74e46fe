/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/clientprog/wire.h"

#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "lib/net/remote_list.h"
#include "lib/net/stream.h"
#include "lib/net/tls.h"
#include "lib/net/unixctl.h"

LOG_MODULE(ovsdb_client);

/* A request of wire_forward() that the server has not answered yet. */
struct forwarded {
    json_int_t id;
    wire_result_cb *cb;
    void *aux;
    struct unixctl_request *request;
};

struct wire {
    struct loop *loop;
    struct stream *connecting;                               /* until it is connected */
    struct listener *listener;
    struct jsonrpc *rpc;
    struct err *failure;                                     /* why there is no connection, or NULL */
    int64_t next_id;
    struct jsonrpc_msg *reply;                               /* to the last request, or NULL */
    VEC(struct jsonrpc_msg *) notifications;                 /* not handed over yet */
    VEC(struct forwarded) forwarded;
    wire_notify_cb *notify;
    void *notify_aux;
};

static void
reply_error(struct unixctl_request *request, const char *text)
{
    if (request) {
        unixctl_reply_error(request, text);
    } else {
        log_warn("the server refused: %s", text);
    }
}

/* Answers the request that 'msg' replies to; says whether there was one. */
static bool
answer_forwarded(struct wire *wire, const struct jsonrpc_msg *msg)
{
    for (size_t i = 0; i < wire->forwarded.n; i++) {
        const struct forwarded f = wire->forwarded.d[i];
        if (!json_is_integer(msg->id) || json_integer_value(msg->id) != f.id) {
            continue;
        }
        wire->forwarded.d[i] = wire->forwarded.d[--wire->forwarded.n];
        if (msg->type == JSONRPC_REPLY) {
            f.cb(f.aux, f.request, msg->result);
        } else {
            char *text = json_text(msg->error);
            reply_error(f.request, text);
            free(text);
        }
        return true;
    }
    return false;
}

static void
on_received(void *wire_, struct jsonrpc_msg *msg)
{
    struct wire *wire = wire_;
    bool is_reply = msg->type == JSONRPC_REPLY || msg->type == JSONRPC_ERROR;
    if (is_reply && answer_forwarded(wire, msg)) {
        jsonrpc_msg_free(msg);
    } else if (is_reply && json_is_integer(msg->id) && json_integer_value(msg->id) == wire->next_id - 1) {
        jsonrpc_msg_free(wire->reply);
        wire->reply = msg;
    } else if (msg->type == JSONRPC_NOTIFY && wire->notify) {
        wire->notify(wire->notify_aux, msg->method, msg->params);
        jsonrpc_msg_free(msg);
    } else if (msg->type == JSONRPC_NOTIFY) {
        vec_push(&wire->notifications, msg);
    } else {
        jsonrpc_msg_free(msg);
    }
}

static void
fail(struct wire *wire, struct err *reason)
{
    if (wire->failure) {
        err_free(reason);
    } else {
        wire->failure = reason ? reason : err_new("End of file");
    }
}

static void
on_closed(void *wire, struct err *reason)
{
    fail(wire, reason);
}

static const struct jsonrpc_callbacks rpc_cbs = {.received = on_received, .closed = on_closed};

static void
adopt(struct wire *wire, struct stream *stream)
{
    wire->rpc = jsonrpc_new(stream, &rpc_cbs, wire);
}

static void
on_accepted(void *wire_, struct stream *stream)
{
    struct wire *wire = wire_;
    if (wire->rpc) {
        stream_free(stream);
    } else {
        adopt(wire, stream);
    }
}

static void
on_connected(void *wire_)
{
    struct wire *wire = wire_;
    struct stream *stream = wire->connecting;
    wire->connecting = NULL;
    adopt(wire, stream);
}

static const struct stream_callbacks connecting_cbs = {.connected = on_connected, .closed = on_closed};

static bool
is_settled(void *wire_)
{
    const struct wire *wire = wire_;
    return wire->rpc || wire->failure;
}

static struct err *
try_remote(struct wire *wire, const char *remote)
{
    struct err *e = stream_target_is_passive(remote)
        ? listener_new(wire->loop, remote, on_accepted, wire, &wire->listener)
        : stream_connect(wire->loop, remote, &connecting_cbs, wire, &wire->connecting);
    if (e) {
        return e;
    }
    loop_run_until(wire->loop, is_settled, wire, -1);
    stream_free(wire->connecting);
    wire->connecting = NULL;
    e = wire->failure;
    wire->failure = NULL;
    return e;
}

struct err *
wire_open(const char *remotes_text, const struct tls_options *tls, struct wire **ret)
{
    struct wire *wire = xcalloc(1, sizeof *wire);
    wire->loop = loop_new();
    tls_configure(wire->loop, tls);
    wire->next_id = 1;
    struct remote_list remotes = remote_list_parse(remotes_text, true);
    struct err *e = err_new("no servers were available");
    for (size_t i = 0; i < remotes.n && !wire->rpc; i++) {
        err_free(e);
        e = try_remote(wire, remotes.d[i]);
        if (e) {
            char *text = err_take_text(e);
            e = remotes.n == 1 ? err_new("failed to connect to \"%s\" (%s)", remotes.d[i], text)
                               : err_new("no servers were available");
            free(text);
        }
    }
    remote_list_fini(&remotes);
    if (e) {
        wire_close(wire);
        return e;
    }
    *ret = wire;
    return NULL;
}

void
wire_close(struct wire *wire)
{
    if (!wire) {
        return;
    }
    stream_free(wire->connecting);
    jsonrpc_free(wire->rpc);
    listener_free(wire->listener);
    loop_free(wire->loop);
    err_free(wire->failure);
    jsonrpc_msg_free(wire->reply);
    for (size_t i = 0; i < wire->notifications.n; i++) {
        jsonrpc_msg_free(wire->notifications.d[i]);
    }
    vec_fini(&wire->notifications);
    CHECK(!wire->forwarded.n);
    vec_fini(&wire->forwarded);
    free(wire);
}

struct loop *
wire_loop(struct wire *wire)
{
    return wire->loop;
}

const char *
wire_name(const struct wire *wire)
{
    return jsonrpc_name(wire->rpc);
}

static bool
is_answered(void *wire_)
{
    const struct wire *wire = wire_;
    return wire->reply || wire->failure;
}

static struct err *
lost(const struct wire *wire)
{
    return err_new("%s: receive failed (%s)", jsonrpc_name(wire->rpc), err_detail(wire->failure));
}

struct err *
wire_call(struct wire *wire, const char *method, json_t *params, json_t **ret_result)
{
    jsonrpc_msg_free(wire->reply);
    wire->reply = NULL;
    jsonrpc_send(wire->rpc, jsonrpc_request(method, params, json_integer(wire->next_id++)));
    loop_run_until(wire->loop, is_answered, wire, -1);
    if (!wire->reply) {
        return lost(wire);
    }
    if (wire->reply->type == JSONRPC_REPLY) {
        *ret_result = json_incref(wire->reply->result);
        return NULL;
    }
    bool is_transaction = !strcmp(method, "transact") || !strcmp(method, "convert");
    char *text = json_text(wire->reply->error);
    struct err *e = err_new("%s returned error: %s", is_transaction ? "transaction" : method, text);
    free(text);
    return e;
}

void
wire_forward(struct wire *wire, const char *method, json_t *params, wire_result_cb *cb, void *aux,
             struct unixctl_request *request)
{
    vec_push(&wire->forwarded, (struct forwarded) {wire->next_id, cb, aux, request});
    jsonrpc_send(wire->rpc, jsonrpc_request(method, params, json_integer(wire->next_id++)));
}

void
wire_pause(struct wire *wire, bool paused)
{
    jsonrpc_pause_input(wire->rpc, paused);
}

static bool
is_lost(void *wire_)
{
    return ((const struct wire *) wire_)->failure != NULL;
}

struct err *
wire_listen(struct wire *wire, wire_notify_cb *cb, void *aux)
{
    for (size_t i = 0; i < wire->notifications.n; i++) {
        cb(aux, wire->notifications.d[i]->method, wire->notifications.d[i]->params);
        jsonrpc_msg_free(wire->notifications.d[i]);
    }
    vec_clear(&wire->notifications);
    wire->notify = cb;
    wire->notify_aux = aux;
    loop_run_until(wire->loop, is_lost, wire, -1);
    wire->notify = NULL;
    for (size_t i = 0; i < wire->forwarded.n; i++) {
        reply_error(wire->forwarded.d[i].request, "connection closed");
    }
    vec_clear(&wire->forwarded);
    return wire->failure ? lost(wire) : NULL;
}
