/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that a relay passes on to its source, and their replies. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/server/relay_private.h"
#include "ovsdb/server/server_private.h"
#include "ovsdb/server/upstream.h"

MEM_TYPE(forward, "requests forwarded by relays");

struct forward {
    struct hmap_node node;                                   /* in relay.sent */
    struct session *session;                                 /* whose it is; NULL: gone */
    json_t *id;                                              /* owned: the client's */
    char *method;                                            /* owned */
    json_t *params;                                          /* owned */
    int64_t sent_id;                                         /* at the source */
};

static void
forward_free(struct forward *forward)
{
    if (forward->session) {
        forward->session->n_pending--;
    }
    json_decref(forward->id);
    json_decref(forward->params);
    free(forward->method);
    free(forward);
    mem_add(&mem_forward, -1);
}

static void
send_forward(struct relay *relay, struct forward *forward)
{
    forward->sent_id = relay->next_id++;
    hmap_insert(&relay->sent, &forward->node, (size_t) forward->sent_id);
    relay->env->send(relay->upstream, jsonrpc_request(forward->method, json_incref(forward->params),
                                                      json_integer(forward->sent_id)));
}

void
relay_forward(struct relay *relay, struct session *session, const char *method, const json_t *params, json_t *id)
{
    if (session->n_pending >= SESSION_PENDING_MAX) {
        session_reply_err(session, id, session_too_many_error());
        return;
    }
    struct forward *forward = xmalloc(sizeof *forward);
    *forward = (struct forward) {.session = session, .id = json_incref(id), .method = xstrdup(method),
                                 .params = json_incref((json_t *) params)};
    session->n_pending++;
    mem_add(&mem_forward, 1);
    if (relay_is_connected(relay)) {
        send_forward(relay, forward);
    } else {
        vec_push(&relay->waiting, forward);
    }
}

/* The source lets the relay write what it likes.  What the role allowed when the request came may not be allowed by what the
 * source says now. */
static bool
must_be_judged_again(const struct forward *forward)
{
    const char *role = forward->session ? session_rbac_client(forward->session).role : NULL;
    return role && *role && !strcmp(forward->method, "transact");
}

static void
judge_again(struct relay *relay, struct forward *forward)
{
    struct session *session = forward->session;
    json_t *params = json_incref(forward->params), *id = json_incref(forward->id);
    forward_free(forward);
    server_execute(session, relay->hosted, params, id, relay->server->now_ms);
    json_decref(params);
    json_decref(id);
}

void
relay_send_waiting(struct relay *relay)
{
    for (size_t i = 0; i < relay->waiting.n; i++) {
        struct forward *forward = relay->waiting.d[i];
        if (must_be_judged_again(forward)) {
            judge_again(relay, forward);
        } else {
            send_forward(relay, forward);
        }
    }
    vec_clear(&relay->waiting);
}

static void
cancel(struct forward *forward)
{
    if (forward->session) {
        session_reply_canceled(forward->session, forward->id);
    }
    forward_free(forward);
}

void
relay_cancel_sent(struct relay *relay)
{
    HMAP_FOR_EACH_SAFE (forward, struct forward, node, &relay->sent) {
        hmap_remove(&relay->sent, &forward->node);
        cancel(forward);
    }
}

void
relay_cancel_waiting(struct relay *relay)
{
    for (size_t i = 0; i < relay->waiting.n; i++) {
        cancel(relay->waiting.d[i]);
    }
    vec_fini(&relay->waiting);
}

static void
remove_waiting(struct relay *relay, size_t i)
{
    memmove(&relay->waiting.d[i], &relay->waiting.d[i + 1], (--relay->waiting.n - i) * sizeof *relay->waiting.d);
}

/* One that was sent is canceled by the source, whose reply comes back; if it was too late for that, the result does. */
bool
relay_cancel(struct relay *relay, struct session *session, const json_t *id)
{
    if (!relay) {
        return false;
    }
    for (size_t i = 0; i < relay->waiting.n; i++) {
        struct forward *forward = relay->waiting.d[i];
        if (forward->session == session && json_equal(forward->id, id)) {
            remove_waiting(relay, i);
            cancel(forward);
            return true;
        }
    }
    HMAP_FOR_EACH (forward, struct forward, node, &relay->sent) {
        if (forward->session == session && json_equal(forward->id, id)) {
            relay->env->send(relay->upstream,
                             jsonrpc_notify("cancel", json_pack("[I]", (json_int_t) forward->sent_id)));
            return true;
        }
    }
    return false;
}

void
relay_forget_session(struct relay *relay, struct session *session)
{
    if (!relay) {
        return;
    }
    for (size_t i = relay->waiting.n; i-- > 0;) {
        if (relay->waiting.d[i]->session == session) {
            struct forward *forward = relay->waiting.d[i];
            remove_waiting(relay, i);
            forward_free(forward);
        }
    }
    HMAP_FOR_EACH (forward, struct forward, node, &relay->sent) {
        if (forward->session == session) {
            session->n_pending--;
            forward->session = NULL;
        }
    }
}

static struct forward *
take_sent(struct relay *relay, int64_t id)
{
    HMAP_FOR_EACH_WITH_HASH (forward, struct forward, node, (size_t) id, &relay->sent) {
        if (forward->sent_id == id) {
            hmap_remove(&relay->sent, &forward->node);
            return forward;
        }
    }
    return NULL;
}

bool
relay_receive_reply(struct relay *relay, int64_t id, struct str text, bool is_error)
{
    struct forward *forward = take_sent(relay, id);
    if (!forward) {
        return false;
    }
    if (forward->session && is_error) {
        server_flush_events(relay->server);
        session_reply_error(forward->session, forward->id, text);
    } else if (forward->session) {
        server_queue_forwarded(forward->session, relay->hosted, forward->id, text);
    }
    forward_free(forward);
    return true;
}
