/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/link.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"
#include "ovsdb/server/server.h"

LOG_MODULE(ovsdb_link);
MEM_TYPE(link, "client connections");

struct link {
    struct loop *loop;
    struct jsonrpc *rpc;                                     /* owned */
    struct session *session;                                 /* owned */
    int64_t connected_ms;
    void (*ended)(void *aux, struct link *link, const char *reason);
    void *aux;
    char *reason;                                            /* why it is to end, or NULL */
};

static void
end(void *link_)
{
    struct link *link = link_;
    link->ended(link->aux, link, link->reason);
    link_free(link);
}

static void
end_soon(struct link *link, char *reason)
{
    if (!link->reason) {
        link->reason = reason;
        jsonrpc_pause_input(link->rpc, true);
        loop_defer(link->loop, end, link);
    } else {
        free(reason);
    }
}

static void
on_received(void *link_, struct jsonrpc_msg *msg)
{
    struct link *link = link_;
    session_receive(link->session, msg, loop_now_ms(link->loop));
}

static void
on_refused(void *link_, struct jsonrpc_msg *answer)
{
    struct link *link = link_;
    session_refuse(link->session, answer);
}

static void
on_drained(void *link_)
{
    struct link *link = link_;
    session_drained(link->session);
}

static void
on_closed(void *link_, struct err *reason)
{
    struct link *link = link_;
    if (reason) {
        log_warn_rl("%s: connection dropped (%s)", jsonrpc_name(link->rpc), err_detail(reason));
    }
    end_soon(link, reason ? err_take_text(reason) : xstrdup("connection closed by peer"));
}

static const struct jsonrpc_callbacks rpc_cbs = {
    .received = on_received, .drained = on_drained, .closed = on_closed, .refused = on_refused, .wants_echo = true};

static void
output_send(void *link_, const void *p, size_t n)
{
    jsonrpc_send_bytes(((struct link *) link_)->rpc, p, n);
}

static void
output_send_shared(void *link_, struct shared_bytes *bytes)
{
    jsonrpc_send_shared(((struct link *) link_)->rpc, bytes);
}

static size_t
output_backlog(void *link_)
{
    return jsonrpc_backlog(((struct link *) link_)->rpc);
}

static void
output_close(void *link_, const char *reason)
{
    end_soon(link_, xstrdup(reason));
}

static void
output_hold(void *link_, bool hold)
{
    struct link *link = link_;
    if (!link->reason) {
        jsonrpc_pause_input(link->rpc, hold);
    }
}

static const struct session_output output = {
    .send = output_send, .send_shared = output_send_shared, .backlog = output_backlog, .close = output_close,
    .hold = output_hold};

struct link *
link_new(struct loop *loop, struct server *server, struct stream *stream,
         void (*ended)(void *aux, struct link *link, const char *reason), void *aux)
{
    struct link *link = xmalloc(sizeof *link);
    *link = (struct link) {.loop = loop, .connected_ms = loop_now_ms(loop), .ended = ended, .aux = aux};
    link->session = session_new(server, stream_name(stream), &output, link);
    session_set_identity(link->session, stream_peer_id(stream));
    link->rpc = jsonrpc_new(stream, &rpc_cbs, link);
    log_dbg("%s: connected", jsonrpc_name(link->rpc));
    mem_add(&mem_link, 1);
    return link;
}

void
link_free(struct link *link)
{
    if (!link) {
        return;
    }
    loop_cancel_deferred(link->loop, end, link);
    session_free(link->session);
    jsonrpc_free(link->rpc);
    free(link->reason);
    free(link);
    mem_add(&mem_link, -1);
}

struct session *
link_session(const struct link *link)
{
    return link->session;
}

int64_t
link_connected_ms(const struct link *link)
{
    return link->connected_ms;
}

void
link_set_max_message(struct link *link, size_t bytes)
{
    jsonrpc_set_max_message(link->rpc, bytes);
}

void
link_set_probe_interval(struct link *link, int64_t ms)
{
    jsonrpc_set_probe_interval(link->rpc, ms);
}

void
link_set_read_only(struct link *link, bool read_only)
{
    session_set_read_only(link->session, read_only);
}

void
link_set_role(struct link *link, const char *role)
{
    session_set_role(link->session, role);
}

void
link_set_dscp(struct link *link, int dscp)
{
    jsonrpc_set_dscp(link->rpc, dscp);
}
