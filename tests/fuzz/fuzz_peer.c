/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/fuzz/fuzz_peer.h"

#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"

struct jsonrpc_session {
    struct loop *loop;
    const struct jsonrpc_session_callbacks *cbs;
    void *aux;
    struct buf sent;                                         /* not a whole message yet */
};

struct fuzz_peer fuzz_peer;
static struct jsonrpc_session *session;                      /* the one there is, or NULL */

/* --- What the client says --- */

static void
check_request(const json_t *message)
{
    size_t i;
    json_t *other;
    json_array_foreach (fuzz_peer.requests, i, other) {
        CHECK(!json_equal(json_object_get(other, "id"), json_object_get(message, "id")));
    }
}

static void
hear(void)
{
    struct jsonrpc_framer framer = {0};
    struct jsonrpc_msg *msg;
    struct err *e;
    size_t n = jsonrpc_framer_feed(&framer, session->sent.data, session->sent.size, &e);
    CHECK(!e);
    if (!n) {
        return;
    }
    e = jsonrpc_msg_parse(session->sent.data, n, &msg);
    CHECK(!e && n == session->sent.size);
    CHECK(msg->type == JSONRPC_REQUEST || msg->type == JSONRPC_ERROR);
    if (msg->type == JSONRPC_REQUEST) {
        json_t *message = jsonrpc_msg_to_json(msg);
        check_request(message);
        json_array_append_new(fuzz_peer.requests, message);
    }
    jsonrpc_msg_free(msg);
    buf_clear(&session->sent);
}

/* --- In place of jsonrpc_session.c --- */

struct err *
jsonrpc_session_new(struct loop *loop, const char *remotes, bool shuffle, const struct jsonrpc_session_callbacks *cbs,
                    void *aux, struct jsonrpc_session **ret)
{
    CHECK(!session);
    session = xmalloc(sizeof *session);
    *session = (struct jsonrpc_session) {.loop = loop, .cbs = cbs, .aux = aux, .sent = BUF_INIT(BUF_NO_LIMIT)};
    *ret = session;
    return NULL;
}

static void
on_reconnect(void *s)
{
    fuzz_peer_lose();
}

void
jsonrpc_session_free(struct jsonrpc_session *s)
{
    loop_cancel_deferred(s->loop, on_reconnect, s);
    buf_fini(&s->sent);
    free(s);
    session = NULL;
}

struct err *
jsonrpc_session_set_remotes(struct jsonrpc_session *s, const char *remotes)
{
    return NULL;
}

bool
jsonrpc_session_is_connected(const struct jsonrpc_session *s)
{
    return fuzz_peer.is_connected;
}

const char *
jsonrpc_session_remote(const struct jsonrpc_session *s)
{
    return "peer";
}

bool
jsonrpc_session_has_alternatives(const struct jsonrpc_session *s)
{
    return fuzz_peer.has_alternatives;
}

const char *
jsonrpc_session_last_error(const struct jsonrpc_session *s)
{
    return NULL;
}

void
jsonrpc_session_send(struct jsonrpc_session *s, struct jsonrpc_msg *msg)
{
    json_t *json = jsonrpc_msg_to_json(msg);
    char *text = json_text(json);
    jsonrpc_session_send_bytes(s, text, strlen(text));
    free(text);
    json_decref(json);
    jsonrpc_msg_free(msg);
}

void
jsonrpc_session_send_bytes(struct jsonrpc_session *s, const void *p, size_t n)
{
    if (fuzz_peer.is_connected) {
        buf_put(&s->sent, p, n);
        hear();
    }
}

void
jsonrpc_session_set_probe_interval(struct jsonrpc_session *s, int64_t ms)
{
}

void
jsonrpc_session_set_max_backoff(struct jsonrpc_session *s, int64_t ms)
{
}

void
jsonrpc_session_reconnect(struct jsonrpc_session *s)
{
    loop_defer(s->loop, on_reconnect, s);
}

size_t
jsonrpc_session_backlog(const struct jsonrpc_session *s)
{
    return 0;
}

/* --- What happens to it --- */

void
fuzz_peer_start(void)
{
    fuzz_peer = (struct fuzz_peer) {.requests = json_array()};
}

void
fuzz_peer_stop(void)
{
    CHECK(!session);
    json_decref(fuzz_peer.requests);
}

void
fuzz_peer_lose(void)
{
    if (fuzz_peer.is_connected) {
        CHECK(!session->sent.size);
        fuzz_peer.is_connected = false;
        json_array_clear(fuzz_peer.requests);
        session->cbs->disconnected(session->aux);
    }
}

static bool
is_second_call(void *n_calls)
{
    return ++*(int *) n_calls == 2;
}

void
fuzz_peer_turn(struct loop *loop)
{
    int n_calls = 0;
    if (!fuzz_peer.is_connected) {
        fuzz_peer.is_connected = true;
        session->cbs->connected(session->aux);
    }
    loop_run_until(loop, is_second_call, &n_calls, -1);
}

struct str
fuzz_peer_tell(struct str text)
{
    struct jsonrpc_framer framer = {0};
    struct jsonrpc_msg *msg;
    struct err *e = NULL;
    text.n = fuzz_peer.is_connected && text.n ? jsonrpc_framer_feed(&framer, text.s, text.n, &e) : 0;
    if (text.n && session->cbs->received_text(session->aux, text)) {
        return text;
    }
    e = e || !text.n ? e : jsonrpc_msg_parse(text.s, text.n, &msg);
    if (e) {
        err_free(e);
        fuzz_peer_lose();
    } else if (text.n) {
        session->cbs->received(session->aux, msg);
    }
    return text;
}
