/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/vec.h"
#include "lib/net/address.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "lib/net/remote_list.h"
#include "lib/net/stream.h"

LOG_MODULE(reconnect);
MEM_TYPE(jsonrpc_session, "JSON-RPC sessions");

enum { BACKOFF_MS = 1000, MAX_BACKOFF_MS = 8000, CONNECT_TIMEOUT_MS = 5000, PROBE_MS = 5000 };
enum { PROBE_BY_TRANSPORT = -1 };

/* Exactly one of 'stream', 'rpc' and a set 'timer' without either tells the state: connecting, connected,
 * waiting. */
struct jsonrpc_session {
    struct loop *loop;
    const struct jsonrpc_session_callbacks *cbs;
    void *aux;
    struct remote_list remotes;                              /* owned strings, at least one */
    bool shuffle;
    size_t current;                                          /* in 'remotes': in use, or next */
    size_t n_left;                                           /* remotes to try before waiting */
    struct stream *stream;                                   /* while connecting, or NULL */
    struct jsonrpc *rpc;                                     /* while connected, or NULL */
    struct loop_timer *timer;                                /* connecting: patience; waiting: the next attempt */
    int64_t connected_ms;                                    /* when 'rpc' was made */
    int64_t backoff_ms;                                      /* the last wait; 0: none yet */
    int64_t max_backoff_ms;
    int64_t probe_ms;                                        /* or PROBE_BY_TRANSPORT */
    char *last_error;                                        /* or NULL */
};

static void start_connecting(struct jsonrpc_session *session);
static void on_timer(void *session_);
static void on_reconnect(void *session_);
static void on_connected(void *session_);
static void on_connect_failed(void *session_, struct err *reason);
static void on_received(void *session_, struct jsonrpc_msg *msg);
static bool on_received_text(void *session_, struct str text);
static void on_lost(void *session_, struct err *reason);

static const struct stream_callbacks connecting_cbs = {
    .connected = on_connected, .closed = on_connect_failed};
static const struct jsonrpc_callbacks rpc_cbs = {
    .received = on_received, .received_text = on_received_text, .closed = on_lost};

static struct err *
check_target(const char *text)
{
    struct target target;
    struct err *err = target_parse_active(text, &target);
    if (!err) {
        target_fini(&target);
    }
    return err;
}

static struct err *
parse_remotes(const char *text, bool shuffle, struct remote_list *ret)
{
    struct remote_list remotes = remote_list_parse(text, shuffle);
    struct err *err = remotes.n ? NULL : err_new("no remote to connect to");
    for (size_t i = 0; i < remotes.n && !err; i++) {
        err = check_target(remotes.d[i]);
    }
    if (err) {
        remote_list_fini(&remotes);
        return err;
    }
    *ret = remotes;
    return NULL;
}

struct err *
jsonrpc_session_new(struct loop *loop, const char *remotes_text, bool shuffle,
                    const struct jsonrpc_session_callbacks *cbs, void *aux, struct jsonrpc_session **ret)
{
    struct remote_list remotes;
    struct err *err = parse_remotes(remotes_text, shuffle, &remotes);
    if (err) {
        return err;
    }
    struct jsonrpc_session *session = xmalloc(sizeof *session);
    *session = (struct jsonrpc_session) {
        .loop = loop, .cbs = cbs, .aux = aux, .remotes = remotes, .shuffle = shuffle, .n_left = remotes.n,
        .max_backoff_ms = MAX_BACKOFF_MS, .probe_ms = PROBE_BY_TRANSPORT,
    };
    session->timer = loop_timer_new(loop, on_timer, session);
    loop_timer_set(session->timer, 0);
    mem_add(&mem_jsonrpc_session, 1);
    *ret = session;
    return NULL;
}

void
jsonrpc_session_free(struct jsonrpc_session *session)
{
    if (!session) {
        return;
    }
    loop_cancel_deferred(session->loop, on_reconnect, session);
    loop_timer_free(session->timer);
    stream_free(session->stream);
    jsonrpc_free(session->rpc);
    remote_list_fini(&session->remotes);
    free(session->last_error);
    free(session);
    mem_add(&mem_jsonrpc_session, -1);
}

/* Takes the new list into use.  If the remote in use is still in it, the connection stays. */
struct err *
jsonrpc_session_set_remotes(struct jsonrpc_session *session, const char *remotes_text)
{
    struct remote_list remotes;
    struct err *err = parse_remotes(remotes_text, session->shuffle, &remotes);
    if (err) {
        return err;
    }
    size_t current = 0;
    while (current < remotes.n && strcmp(remotes.d[current], jsonrpc_session_remote(session))) {
        current++;
    }
    bool kept = current < remotes.n;
    remote_list_fini(&session->remotes);
    session->remotes = remotes;
    session->current = kept ? current : remotes.n - 1;       /* on_reconnect() steps to the next, which is the first */
    if (!kept) {
        session->n_left = remotes.n;
        session->backoff_ms = 0;
        loop_defer(session->loop, on_reconnect, session);
    }
    return NULL;
}

bool
jsonrpc_session_is_connected(const struct jsonrpc_session *session)
{
    return session->rpc;
}

const char *
jsonrpc_session_remote(const struct jsonrpc_session *session)
{
    return session->remotes.d[session->current];
}

bool
jsonrpc_session_has_alternatives(const struct jsonrpc_session *session)
{
    return session->remotes.n > 1;
}

const char *
jsonrpc_session_last_error(const struct jsonrpc_session *session)
{
    return session->last_error;
}

void
jsonrpc_session_send(struct jsonrpc_session *session, struct jsonrpc_msg *msg)
{
    if (session->rpc) {
        jsonrpc_send(session->rpc, msg);
    } else {
        jsonrpc_msg_free(msg);
    }
}

void
jsonrpc_session_send_bytes(struct jsonrpc_session *session, const void *p, size_t n)
{
    if (session->rpc) {
        jsonrpc_send_bytes(session->rpc, p, n);
    }
}

static void
apply_probe_interval(struct jsonrpc_session *session)
{
    int64_t ms = session->probe_ms;
    if (ms == PROBE_BY_TRANSPORT) {
        ms = strncmp(jsonrpc_session_remote(session), "unix:", 5) ? PROBE_MS : 0;
    }
    if (session->rpc) {
        jsonrpc_set_probe_interval(session->rpc, ms);
    }
}

void
jsonrpc_session_set_probe_interval(struct jsonrpc_session *session, int64_t ms)
{
    session->probe_ms = MAX(ms, (int64_t) PROBE_BY_TRANSPORT);
    apply_probe_interval(session);
}

void
jsonrpc_session_set_max_backoff(struct jsonrpc_session *session, int64_t ms)
{
    session->max_backoff_ms = ms < 0 ? MAX_BACKOFF_MS : MAX(ms, (int64_t) 1);
}

/* The connection, if there is one, ends before the loop next waits, with disconnected(). */
void
jsonrpc_session_reconnect(struct jsonrpc_session *session)
{
    loop_defer(session->loop, on_reconnect, session);
}

size_t
jsonrpc_session_backlog(const struct jsonrpc_session *session)
{
    return session->rpc ? jsonrpc_backlog(session->rpc) : 0;
}

/* After a while nobody wants to read that it still tries. */
static bool
is_quiet(const struct jsonrpc_session *session)
{
    return session->backoff_ms >= session->max_backoff_ms;
}
#define log_attempt(SESSION, ...) log_at(is_quiet(SESSION) ? LOG_DBG : LOG_INFO, __VA_ARGS__)

/* Nothing is connected or connecting: steps to the next remote, at once or after a wait. */
static void
schedule_next(struct jsonrpc_session *session)
{
    session->current = (session->current + 1) % session->remotes.n;
    if (session->n_left) {
        loop_timer_set(session->timer, 0);
        return;
    }
    bool was_quiet = is_quiet(session);
    int64_t next_ms = session->backoff_ms ? session->backoff_ms * 2 : (int64_t) BACKOFF_MS;
    session->backoff_ms = MIN(next_ms, session->max_backoff_ms);
    session->n_left = session->remotes.n;
    loop_timer_set(session->timer, session->backoff_ms);
    const char *name = jsonrpc_session_remote(session);
    if (!is_quiet(session)) {
        log_info("%s: waiting %.3g seconds before reconnect", name, (double) session->backoff_ms / 1000);
    } else if (!was_quiet) {
        log_info("%s: continuing to reconnect in the background but suppressing further logging", name);
    }
}

static void
set_last_error(struct jsonrpc_session *session, const struct err *err)
{
    free(session->last_error);
    session->last_error = xstrdup(err ? err_detail(err) : "connection closed by peer");
}

static void
start_connecting(struct jsonrpc_session *session)
{
    CHECK(!session->stream && !session->rpc);
    const char *remote = jsonrpc_session_remote(session);
    log_attempt(session, "%s: connecting...", remote);
    session->n_left -= session->n_left > 0;
    struct err *err = stream_connect(session->loop, remote, &connecting_cbs, session, &session->stream);
    if (err) {
        on_connect_failed(session, err);
        return;
    }
    loop_timer_set(session->timer, CONNECT_TIMEOUT_MS);
}

static void
on_timer(void *session_)
{
    struct jsonrpc_session *session = session_;
    if (session->stream) {
        on_connect_failed(session, err_new("Connection timed out"));
    } else if (!session->rpc) {
        start_connecting(session);
    }
}

static void
on_connect_failed(void *session_, struct err *reason)
{
    struct jsonrpc_session *session = session_;
    stream_free(session->stream);
    session->stream = NULL;
    set_last_error(session, reason);
    log_attempt(session, "%s: connection attempt failed (%s)", jsonrpc_session_remote(session), session->last_error);
    err_free(reason);
    schedule_next(session);
}

static void
on_connected(void *session_)
{
    struct jsonrpc_session *session = session_;
    log_info("%s: connected", jsonrpc_session_remote(session));
    loop_timer_cancel(session->timer);
    session->rpc = jsonrpc_new(session->stream, &rpc_cbs, session);
    session->stream = NULL;
    session->connected_ms = loop_now_ms(session->loop);
    free(session->last_error);
    session->last_error = NULL;
    apply_probe_interval(session);
    session->cbs->connected(session->aux);
}

static void
on_received(void *session_, struct jsonrpc_msg *msg)
{
    struct jsonrpc_session *session = session_;
    session->cbs->received(session->aux, msg);
}

static bool
on_received_text(void *session_, struct str text)
{
    struct jsonrpc_session *session = session_;
    return session->cbs->received_text && session->cbs->received_text(session->aux, text);
}

/* Frees the connection and goes on to the next remote; disconnected() may free 'session'. */
static void
drop_connection(struct jsonrpc_session *session)
{
    jsonrpc_free(session->rpc);
    session->rpc = NULL;
    /* One that held is a reason to hope: all remotes again, the first at once. */
    if (loop_now_ms(session->loop) - session->connected_ms >= MAX(session->backoff_ms, (int64_t) BACKOFF_MS)) {
        session->backoff_ms = 0;
        session->n_left = session->remotes.n;
    }
    schedule_next(session);
    session->cbs->disconnected(session->aux);
}

static void
on_lost(void *session_, struct err *reason)
{
    struct jsonrpc_session *session = session_;
    set_last_error(session, reason);
    if (!reason) {
        log_info("%s: connection closed by peer", jsonrpc_session_remote(session));
    } else {
        log_warn_rl("%s: connection dropped (%s)", jsonrpc_session_remote(session), session->last_error);
    }
    err_free(reason);
    drop_connection(session);
}

static void
on_reconnect(void *session_)
{
    struct jsonrpc_session *session = session_;
    if (session->rpc) {
        log_info("%s: disconnecting to try another remote", jsonrpc_name(session->rpc));
        drop_connection(session);
    } else {
        stream_free(session->stream);
        session->stream = NULL;
        schedule_next(session);
    }
}
