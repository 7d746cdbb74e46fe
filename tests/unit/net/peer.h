/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_NET_PEER_H
#define WEFT_TESTS_UNIT_NET_PEER_H

/* What: one end of a JSON-RPC connection in a test.  It writes down, one a line, what it receives, and
 * answers every request with its own params.  As a server it serves one connection at a time. */

#include <stdlib.h>

#include "lib/base/str.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"
#include "tests/unit/test.h"

enum { DEADLINE_MS = 10000 };

struct peer {
    struct loop *loop;
    struct listener *listener;
    struct jsonrpc *rpc;                                     /* or NULL */
    struct buf heard;
    const char *wanted;                                      /* what peer_has_heard() looks for in 'heard' */
    size_t n_accepted, n_closed;
};

static void
peer_received(void *peer_, struct jsonrpc_msg *msg)
{
    struct peer *peer = peer_;
    json_t *json = jsonrpc_msg_to_json(msg);
    char *text = json_dumps(json, JSON_COMPACT);
    buf_printf(&peer->heard, "%s\n", text);
    free(text);
    json_decref(json);
    if (msg->type == JSONRPC_REQUEST) {
        jsonrpc_send(peer->rpc, jsonrpc_reply(json_incref(msg->params), json_incref(msg->id)));
    }
    jsonrpc_msg_free(msg);
}

static void
peer_closed(void *peer_, struct err *reason)
{
    struct peer *peer = peer_;
    buf_printf(&peer->heard, "closed: %s\n", reason ? err_detail(reason) : "end");
    err_free(reason);
    jsonrpc_free(peer->rpc);
    peer->rpc = NULL;
    peer->n_closed++;
}

static const struct jsonrpc_callbacks peer_callbacks = {.received = peer_received, .closed = peer_closed};

static void
peer_accepted(void *peer_, struct stream *stream)
{
    struct peer *peer = peer_;
    jsonrpc_free(peer->rpc);
    peer->rpc = jsonrpc_new(stream, &peer_callbacks, peer);
    peer->n_accepted++;
}

static inline void
peer_listen(struct peer *peer, struct loop *loop, const char *target)
{
    *peer = (struct peer) {.loop = loop, .heard = BUF_INIT(1 << 20)};
    struct err *err = listener_new(loop, target, peer_accepted, peer, &peer->listener);
    assert_null(err);
}

/* The active target that reaches 'peer'; the caller frees it. */
static inline char *
peer_target(const struct peer *peer)
{
    return xasprintf("tcp:127.0.0.1:%u", listener_port(peer->listener));
}

static inline void
peer_fini(struct peer *peer)
{
    jsonrpc_free(peer->rpc);
    listener_free(peer->listener);
    buf_fini(&peer->heard);
}

static bool
peer_has_heard(void *peer_)
{
    const struct peer *peer = peer_;
    return strstr(buf_text(&peer->heard), peer->wanted);
}

static inline void
peer_expect(struct peer *peer, const char *wanted)
{
    peer->wanted = wanted;
    if (!loop_run_until(peer->loop, peer_has_heard, peer, DEADLINE_MS)) {
        fail_msg("did not hear '%s', but: %s", wanted, buf_text(&peer->heard));
    }
}

#endif
