/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_conn.h"

#include <event2/buffer.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"

LOG_MODULE(rconn);
MEM_TYPE(of_conn, "switch connections");

enum { BACKOFF_MS = 1000, MAX_BACKOFF_MS = 8000, HANDSHAKE_MS = 5000, PROBE_MS = 5000 };
enum { OFPET_HELLO_FAILED = 0, OFPHFC_INCOMPATIBLE = 0 };

/* Waiting: no stream, the timer is the next attempt.  Handshaking: a stream, not yet open; the timer is
 * the end of our patience.  Open: hellos are exchanged; the timer is the next probe. */
struct of_conn {
    struct loop *loop;
    char *target;
    const struct of_conn_callbacks *cbs;
    void *aux;
    struct stream *stream;                                   /* or NULL */
    bool is_open;
    bool is_probing;                                         /* an echo request is out */
    bool *freed;                                  /* set by of_conn_free(), for what runs below it; or NULL */
    struct loop_timer *timer;
    int64_t opened_ms;
    int64_t last_input_ms;
    int64_t backoff_ms;                                      /* the last wait; 0: none yet */
    int64_t max_backoff_ms;
    int64_t probe_ms;                                        /* 0: none */
    uint32_t seq;
    uint32_t last_xid;
    char *last_error;                                        /* or NULL */
};

static void on_timer(void *conn_);
static void on_reconnect(void *conn_);
static void on_stream_connected(void *conn_);
static void on_readable(void *conn_);
static void on_drained(void *conn_);
static void on_closed(void *conn_, struct err *reason);
static void drop(struct of_conn *conn, struct err *reason);

static const struct stream_callbacks stream_cbs = {
    .connected = on_stream_connected, .readable = on_readable, .drained = on_drained, .closed = on_closed};

struct err *
of_conn_new(struct loop *loop, const char *target, const struct of_conn_callbacks *cbs, void *aux,
            struct of_conn **ret)
{
    struct of_conn *conn = xmalloc(sizeof *conn);
    *conn = (struct of_conn) {
        .loop = loop, .target = xstrdup(target), .cbs = cbs, .aux = aux, .max_backoff_ms = MAX_BACKOFF_MS,
        .probe_ms = PROBE_MS,
    };
    mem_add(&mem_of_conn, 1);
    conn->timer = loop_timer_new(loop, on_timer, conn);
    struct err *e = stream_connect(loop, target, &stream_cbs, conn, &conn->stream);
    if (e) {
        of_conn_free(conn);
        return e;
    }
    loop_timer_set(conn->timer, HANDSHAKE_MS);
    *ret = conn;
    return NULL;
}

void
of_conn_free(struct of_conn *conn)
{
    if (!conn) {
        return;
    }
    if (conn->freed) {
        *conn->freed = true;
    }
    loop_cancel_deferred(conn->loop, on_reconnect, conn);
    loop_timer_free(conn->timer);
    stream_free(conn->stream);
    free(conn->last_error);
    free(conn->target);
    free(conn);
    mem_add(&mem_of_conn, -1);
}

const char *
of_conn_target(const struct of_conn *conn)
{
    return conn->target;
}

bool
of_conn_is_connected(const struct of_conn *conn)
{
    return conn->is_open;
}

const char *
of_conn_last_error(const struct of_conn *conn)
{
    return conn->last_error;
}

uint32_t
of_conn_seq(const struct of_conn *conn)
{
    return conn->seq;
}

uint32_t
of_conn_new_xid(struct of_conn *conn)
{
    conn->last_xid = conn->last_xid == UINT32_MAX ? 1 : conn->last_xid + 1;
    return conn->last_xid;
}

void
of_conn_send(struct of_conn *conn, const void *p, size_t n)
{
    if (conn->is_open) {
        stream_send(conn->stream, p, n);
    }
}

void
of_conn_send_buf(struct of_conn *conn, struct buf *buf)
{
    CHECK(buf_is_ok(buf));
    of_conn_send(conn, buf->data, buf->size);
    buf_clear(buf);
}

size_t
of_conn_backlog(const struct of_conn *conn)
{
    return conn->is_open ? stream_backlog(conn->stream) : 0;
}

void
of_conn_reconnect(struct of_conn *conn)
{
    conn->backoff_ms = 0;
    loop_defer(conn->loop, on_reconnect, conn);
}

void
of_conn_set_probe_interval(struct of_conn *conn, int64_t ms)
{
    conn->probe_ms = MAX(ms, (int64_t) 0);
    conn->is_probing = false;
    if (conn->is_open && conn->probe_ms) {
        loop_timer_set(conn->timer, conn->probe_ms);
    } else if (conn->is_open) {
        loop_timer_cancel(conn->timer);
    }
}

void
of_conn_set_max_backoff(struct of_conn *conn, int64_t ms)
{
    conn->max_backoff_ms = MAX(ms, (int64_t) 1);
}

/* After a while nobody wants to read that it still tries. */
#define log_attempt(CONN, ...)                                                                      \
    log_at((CONN)->backoff_ms >= (CONN)->max_backoff_ms ? LOG_DBG : LOG_INFO, __VA_ARGS__)

static void
start_connecting(struct of_conn *conn)
{
    log_attempt(conn, "%s: connecting...", conn->target);
    struct err *e = stream_connect(conn->loop, conn->target, &stream_cbs, conn, &conn->stream);
    if (e) {
        drop(conn, e);
    } else {
        loop_timer_set(conn->timer, HANDSHAKE_MS);
    }
}

/* Takes 'reason' (NULL: the peer ended it).  Ends the connection, or the attempt, and plans the next;
 * disconnected() may free 'conn'. */
static void
drop(struct of_conn *conn, struct err *reason)
{
    bool was_open = conn->is_open;
    free(conn->last_error);
    conn->last_error = xstrdup(reason ? err_detail(reason) : "connection closed by peer");
    err_free(reason);
    if (was_open) {
        log_info("%s: disconnected (%s)", conn->target, conn->last_error);
    } else {
        log_attempt(conn, "%s: connection attempt failed (%s)", conn->target, conn->last_error);
    }
    stream_free(conn->stream);
    conn->stream = NULL;
    conn->is_open = conn->is_probing = false;
    int64_t delay_ms = conn->backoff_ms ? conn->backoff_ms * 2 : (int64_t) BACKOFF_MS;
    if (was_open && loop_now_ms(conn->loop) - conn->opened_ms >= MAX(conn->backoff_ms,
                                                                     (int64_t) BACKOFF_MS)) {
        conn->backoff_ms = delay_ms = 0;                     /* it held: try at once */
    } else {
        conn->backoff_ms = delay_ms = MIN(delay_ms, conn->max_backoff_ms);
    }
    loop_timer_set(conn->timer, delay_ms);
    if (was_open) {
        conn->cbs->disconnected(conn->aux);
    }
}

/* The open connection's timer: probes when nothing came for a while. */
static void
check_probe(struct of_conn *conn)
{
    int64_t idle_ms = loop_now_ms(conn->loop) - conn->last_input_ms;
    if (!conn->probe_ms) {
        return;
    } else if (idle_ms < conn->probe_ms) {
        loop_timer_set(conn->timer, conn->probe_ms - idle_ms);
    } else if (conn->is_probing) {
        log_warn_rl("%s: no response to inactivity probe after %.3g seconds, disconnecting", conn->target,
                    (double) conn->probe_ms / 1000);
        drop(conn, err_new("no response to inactivity probe"));
    } else {
        struct buf out = BUF_INIT(OF_HEADER_SIZE);
        of_put_echo_request(&out, of_conn_new_xid(conn));
        of_conn_send_buf(conn, &out);
        buf_fini(&out);
        conn->is_probing = true;
        loop_timer_set(conn->timer, conn->probe_ms);
    }
}

static void
on_timer(void *conn_)
{
    struct of_conn *conn = conn_;
    if (!conn->stream) {
        start_connecting(conn);
    } else if (conn->is_open) {
        check_probe(conn);
    } else {
        drop(conn, err_new("connection attempt timed out"));
    }
}

#ifndef __clang__                                            /* which does not know that warning */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdangling-pointer"          /* 'freed' stays behind only in what was freed */
#endif
static void
on_reconnect(void *conn_)
{
    struct of_conn *conn = conn_;
    bool freed = false, *outer = conn->freed;
    conn->freed = &freed;
    if (conn->stream) {
        drop(conn, err_new("reconnecting"));
    }
    if (!freed) {
        conn->freed = outer;
        conn->backoff_ms = 0;
        loop_timer_set(conn->timer, 0);
    }
}
#ifndef __clang__
#pragma GCC diagnostic pop
#endif

static void
on_stream_connected(void *conn_)
{
    struct of_conn *conn = conn_;
    struct buf out = BUF_INIT(64);
    of_put_hello(&out, of_conn_new_xid(conn), 1u << OF_VERSION);
    stream_send(conn->stream, out.data, out.size);
    buf_fini(&out);
}

/* The peer's hello, or what it sent instead. */
static void
handle_handshake(struct of_conn *conn, const struct of_msg *msg)
{
    uint32_t versions = 0;
    struct err *e = msg->kind == OF_HELLO ? of_hello_decode(msg, &versions)
                                          : err_new("%s message before hello", of_kind_name(msg->kind));
    if (!e && !(versions & 1u << OF_VERSION)) {
        static const char text[] = "this side speaks OpenFlow 1.5 only";
        struct buf out = BUF_INIT(256);
        of_put_error(&out, msg->xid, OFPET_HELLO_FAILED, OFPHFC_INCOMPATIBLE, text, sizeof text - 1);
        stream_send(conn->stream, out.data, out.size);
        buf_fini(&out);
        e = err_new("the switch does not speak OpenFlow 1.5 (its versions are 0x%x)", versions);
    }
    if (e) {
        log_warn_rl("%s: %s", conn->target, err_detail(e));
        drop(conn, e);
        return;
    }
    log_info("%s: connected", conn->target);
    conn->is_open = true;
    conn->is_probing = false;
    conn->opened_ms = loop_now_ms(conn->loop);
    conn->seq++;
    free(conn->last_error);
    conn->last_error = NULL;
    of_conn_set_probe_interval(conn, conn->probe_ms);
    conn->cbs->connected(conn->aux);
}

static void
handle_message(struct of_conn *conn, const void *p, size_t n)
{
    struct of_msg msg;
    struct err *e = of_msg_parse(p, n, &msg);
    if (e && conn->is_open) {
        log_warn_rl("%s: %s", conn->target, err_detail(e));  /* the framing is good: pass over it */
        err_free(e);
    } else if (e) {
        drop(conn, e);
    } else if (!conn->is_open) {
        handle_handshake(conn, &msg);
    } else if (msg.kind == OF_ECHO_REQUEST) {
        struct buf out = BUF_INIT(OF_MSG_MAX);
        of_put_echo_reply(&out, &msg);
        of_conn_send_buf(conn, &out);
        buf_fini(&out);
    } else if (msg.kind != OF_ECHO_REPLY && msg.kind != OF_HELLO) {
        conn->cbs->received(conn->aux, &msg);
    }
}

/* Handles the first message of the input if it is there whole.  False if not, or if the connection was
 * dropped or freed. */
static bool
handle_next(struct of_conn *conn)
{
    struct stream *stream = conn->stream;
    struct evbuffer *input = stream_input(stream);
    uint8_t header[OF_HEADER_SIZE];
    ev_ssize_t n_header = evbuffer_copyout(input, header, sizeof header);
    size_t length = 0;
    struct err *e = of_frame(header, n_header > 0 ? (size_t) n_header : 0, &length);
    if (e) {
        log_warn_rl("%s: %s", conn->target, err_detail(e));
        drop(conn, e);
        return false;
    } else if (!length || length > evbuffer_get_length(input)) {
        return false;
    }
    bool freed = false;
    conn->freed = &freed;
    handle_message(conn, evbuffer_pullup(input, (ev_ssize_t) length), length);
    if (freed) {
        return false;
    }
    conn->freed = NULL;
    if (conn->stream != stream) {
        return false;
    }
    evbuffer_drain(input, length);
    return true;
}

static void
on_readable(void *conn_)
{
    struct of_conn *conn = conn_;
    conn->last_input_ms = loop_now_ms(conn->loop);
    conn->is_probing = false;
    while (handle_next(conn)) {
        continue;
    }
}

static void
on_drained(void *conn_)
{
    struct of_conn *conn = conn_;
    if (conn->is_open && conn->cbs->drained) {
        conn->cbs->drained(conn->aux);
    }
}

static void
on_closed(void *conn_, struct err *reason)
{
    drop(conn_, reason);
}
