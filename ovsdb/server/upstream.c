/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/upstream.h"

#include "lib/net/jsonrpc.h"

/* An upstream is a jsonrpc_session. */
static struct jsonrpc_session *
session_of(struct upstream *upstream)
{
    return (struct jsonrpc_session *) upstream;
}

static struct err *
open_upstream(void *loop, const char *remotes, const struct jsonrpc_session_callbacks *cbs, void *cbs_aux,
              struct upstream **ret)
{
    return jsonrpc_session_new(loop, remotes, false, cbs, cbs_aux, (struct jsonrpc_session **) ret);
}

static void
close_upstream(struct upstream *upstream)
{
    jsonrpc_session_free(session_of(upstream));
}

static void
send_upstream(struct upstream *upstream, struct jsonrpc_msg *msg)
{
    jsonrpc_session_send(session_of(upstream), msg);
}

static void
reconnect_upstream(struct upstream *upstream)
{
    jsonrpc_session_reconnect(session_of(upstream));
}

static void
set_upstream_probe_interval(struct upstream *upstream, int64_t ms)
{
    jsonrpc_session_set_probe_interval(session_of(upstream), ms);
}

static void
set_upstream_max_backoff(struct upstream *upstream, int64_t ms)
{
    jsonrpc_session_set_max_backoff(session_of(upstream), ms);
}

struct upstream_env
upstream_env_of_loop(struct loop *loop)
{
    return (struct upstream_env) {
        .open = open_upstream, .close = close_upstream, .send = send_upstream, .reconnect = reconnect_upstream,
        .set_probe_interval = set_upstream_probe_interval, .set_max_backoff = set_upstream_max_backoff, .aux = loop,
    };
}
