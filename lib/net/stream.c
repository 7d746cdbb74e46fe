/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/stream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/counter.h"
#include "lib/base/mem.h"
#include "lib/net/loop.h"
#include "lib/net/stream_private.h"
#include "lib/net/tls_private.h"

MEM_TYPE(stream, "streams");
MEM_TYPE(shared_bytes, "shared messages");
COUNTER(stream_connected);
COUNTER(stream_bytes_in);
COUNTER(stream_bytes_out);

/* WRITE_SIZE: what a turn of the loop writes to one peer at most.  A hundred that take a snapshot may all be ready in one turn, and
 * the kernel may take milliseconds for a megabyte while they read.  LAST_WRITE_SIZE: of what waits when a stream is freed. */
enum { WRITE_SIZE = 32 * 1024, LAST_WRITE_SIZE = 1024 * 1024, COPY_BELOW = 2048 };

static void flush(struct stream *stream, ev_ssize_t size);
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *aux);
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *stream_);
static void write_now(void *stream_);
static void want_input(struct stream *stream, bool wanted);
static void on_readable(struct bufferevent *transport, void *stream_);
static void on_drained(struct bufferevent *transport, void *stream_);
static void on_event(struct bufferevent *transport, short what, void *stream_);
static void report_closed(void *stream_);

struct stream *
stream_from_fd(struct loop *loop, int fd, const char *name, const struct stream_callbacks *cbs, void *aux)
{
    struct stream *stream = stream_new(loop, name, STREAM_CONNECTING);
    stream->cbs = cbs;
    stream->aux = aux;
    stream_become_connected(stream, fd);
    return stream;
}

struct stream *
stream_accept_tls(struct loop *loop, int fd, const char *name, const struct stream_callbacks *cbs, void *aux)
{
    struct stream *stream = stream_new(loop, name, STREAM_CONNECTING);
    stream->target.kind = TARGET_SSL;
    stream->is_server = true;
    stream->cbs = cbs;
    stream->aux = aux;
    stream_become_connected(stream, fd);
    return stream;
}

/* What arrived before 'cbs' were there is reported to them; NULL takes the callbacks away. */
void
stream_set_callbacks(struct stream *stream, const struct stream_callbacks *cbs, void *aux)
{
    STREAM(stream)->cbs = cbs;
    stream->aux = aux;
    if (cbs && stream->state == STREAM_CLOSED) {
        loop_defer(stream->loop, report_closed, stream);
    } else if (cbs && evbuffer_get_length(stream_input(stream))) {
        bufferevent_trigger(stream->transport, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
    }
}

void
stream_free(struct stream *stream)
{
    if (!stream) {
        return;
    }
    STREAM(stream)->cbs = NULL;
    stream_stop_connecting(stream);
    loop_io_free(stream->room);
    loop_io_free(stream->reader);
    loop_cancel_deferred(stream->loop, report_closed, stream);
    loop_cancel_deferred(stream->loop, write_now, stream);
    evbuffer_remove_cb(stream_output(stream), on_output, stream);
    if (stream->is_tls) {
        tls_transport_shutdown(stream->transport, LAST_WRITE_SIZE);
    } else {
        flush(stream, LAST_WRITE_SIZE);
    }
    bufferevent_setcb(stream->transport, NULL, NULL, NULL, NULL);
    bufferevent_free(stream->transport);
    target_fini(&stream->target);
    err_free(stream->close_reason);
    free(stream->peer_id);
    free(stream->name);
    stream->magic = 0;
    free(stream);
    mem_add(&mem_stream, -1);
}

const char *
stream_name(const struct stream *stream)
{
    return STREAM(stream)->name;
}

const char *
stream_peer_id(const struct stream *stream)
{
    return STREAM(stream)->peer_id;
}

struct loop *
stream_loop(const struct stream *stream)
{
    return STREAM(stream)->loop;
}

bool
stream_is_connected(const struct stream *stream)
{
    return STREAM(stream)->state == STREAM_CONNECTED;
}

struct evbuffer *
stream_input(struct stream *stream)
{
    return bufferevent_get_input(STREAM(stream)->transport);
}

struct evbuffer *
stream_output(struct stream *stream)
{
    return bufferevent_get_output(STREAM(stream)->transport);
}

/* Copies 'n' bytes at 'p' to the end of the backlog.  On a closed stream they are dropped. */
void
stream_send(struct stream *stream, const void *p, size_t n)
{
    if (stream->state != STREAM_CLOSED) {
        CHECK(!evbuffer_add(stream_output(stream), p, n));
    }
}

size_t
stream_n_untaken(const struct stream *stream, int64_t *ret_n_taken)
{
    int fd = bufferevent_getfd(STREAM(stream)->transport);
    int n_queued = 0;
    if (fd < 0 || ioctl(fd, SIOCOUTQ, &n_queued) < 0) {      /* tcp(7), unix(7) */
        n_queued = 0;
    }
    *ret_n_taken = (int64_t) stream->n_written - n_queued;
    return stream_backlog(stream) + (size_t) n_queued;
}

size_t
stream_backlog(const struct stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(STREAM(stream)->transport));
}

void
stream_set_dscp(struct stream *stream, int dscp)
{
    CHECK(dscp >= 0 && dscp < 64);
    int tos = dscp << 2;                                     /* the other two bits are for congestion (RFC 3168) */
    if (STREAM(stream)->state == STREAM_CONNECTED) {         /* one fits the socket; neither does if it is a unix socket's */
        int fd = bufferevent_getfd(stream->transport);
        setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
        setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    }
}

/* While paused, not even the end of the stream is noticed.  Resuming reports input that is already there. */
void
stream_pause_input(struct stream *stream, bool paused)
{
    if (STREAM(stream)->paused == paused) {
        return;
    }
    stream->paused = paused;
    if (stream->state != STREAM_CONNECTED) {
        return;
    }
    want_input(stream, !paused);
    if (!paused && evbuffer_get_length(stream_input(stream))) {
        bufferevent_trigger(stream->transport, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
    }
}

struct shared_bytes *
shared_bytes_new(const void *p, size_t n)
{
    struct shared_bytes *bytes = xmalloc(sizeof *bytes + n);
    bytes->refs = 1;
    bytes->n = n;
    if (n) {
        memcpy(bytes->data, p, n);
    }
    mem_add(&mem_shared_bytes, 1);
    return bytes;
}

struct shared_bytes *
shared_bytes_ref(struct shared_bytes *bytes)
{
    CHECK(bytes->refs);
    bytes->refs++;
    return bytes;
}

void
shared_bytes_unref(struct shared_bytes *bytes)
{
    if (bytes && !--bytes->refs) {
        free(bytes);
        mem_add(&mem_shared_bytes, -1);
    }
}

static void
release_shared(const void *data, size_t n, void *bytes)
{
    shared_bytes_unref(bytes);
}

void
stream_send_shared(struct stream *stream, struct shared_bytes *bytes)
{
    /* A reference costs an allocation in the evbuffer, so little is copied instead. */
    if (bytes->n < COPY_BELOW || stream->state == STREAM_CLOSED) {
        stream_send(stream, bytes->data, bytes->n);
        return;
    }
    CHECK(!evbuffer_add_reference(stream_output(stream), bytes->data, bytes->n, release_shared,
                                  shared_bytes_ref(bytes)));
}

void
stream_set_transport(struct stream *stream, struct bufferevent *transport, bool is_tls)
{
    struct bufferevent *old = stream->transport;
    stream->transport = transport ? transport
                                  : bufferevent_socket_new(loop_event_base(stream->loop), -1, BEV_OPT_CLOSE_ON_FREE);
    stream->is_tls = is_tls;
    CHECK(stream->transport);
    bufferevent_setcb(stream->transport, on_readable, on_drained, on_event, stream);
    bufferevent_set_max_single_read(stream->transport, LOOP_SCRATCH_SIZE);
    bufferevent_set_max_single_write(stream->transport, WRITE_SIZE);
    bufferevent_disable(stream->transport, EV_READ | EV_WRITE);
    struct evbuffer *output = bufferevent_get_output(stream->transport);
    CHECK(evbuffer_add_cb(output, on_output, stream));
    CHECK(evbuffer_add_cb(bufferevent_get_input(stream->transport), on_input, NULL));
    if (old) {
        struct evbuffer *old_output = bufferevent_get_output(old);
        evbuffer_remove_cb(old_output, on_output, stream);
        evbuffer_unfreeze(old_output, 1);
        CHECK(!evbuffer_add_buffer(output, old_output));
        bufferevent_setcb(old, NULL, NULL, NULL, NULL);
        bufferevent_free(old);
    }
}

struct stream *
stream_new(struct loop *loop, const char *name, enum stream_state state)
{
    struct stream *stream = xcalloc(1, sizeof *stream);
    stream->magic = STREAM_MAGIC;
    stream->state = state;
    stream->loop = loop;
    stream->name = xstrdup(name);
    stream->fd = -1;
    stream_set_transport(stream, NULL, false);
    mem_add(&mem_stream, 1);
    return stream;
}

/* One attempt to write 'size' bytes of the backlog; errors are left to the transport, which will meet them too. */
static void
flush(struct stream *stream, ev_ssize_t size)
{
    struct evbuffer *output = stream_output(stream);
    int fd = bufferevent_getfd(stream->transport);
    if (fd >= 0 && evbuffer_get_length(output)) {
        evbuffer_unfreeze(output, 1);                        /* bufferevent keeps the front to itself */
        evbuffer_write_atmost(output, fd, size);
        evbuffer_freeze(output, 1);
    }
}

static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *aux)
{
    counter_add(&counter_stream_bytes_in, info->n_added);
}

static void
on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *stream_)
{
    struct stream *stream = STREAM((struct stream *) stream_);
    stream->n_written += info->n_deleted;
    counter_add(&counter_stream_bytes_out, info->n_deleted);
    bool is_waiting = stream->room || bufferevent_get_enabled(stream->transport) & EV_WRITE;
    if (info->n_added && stream->state == STREAM_CONNECTED && !is_waiting) {
        loop_defer(stream->loop, write_now, stream);
    }
}

static void
on_room(void *stream_)
{
    loop_note_wakeup(STREAM((struct stream *) stream_)->loop);
    write_now(stream_);
}

static void
write_tls(struct stream *stream)
{
    struct err *err = tls_transport_write(stream->transport, WRITE_SIZE);
    if (err) {
        stream_close(stream, err);
    } else if (stream_backlog(stream)) {
        int fd = bufferevent_getfd(stream->transport);
        stream->room = stream->room ? stream->room : loop_io_new(stream->loop, fd, LOOP_WRITE, on_room, stream);
    } else {
        loop_io_free(stream->room);
        stream->room = NULL;
        if (stream->cbs && stream->cbs->drained) {
            stream->cbs->drained(stream->aux);
        }
    }
}

static void
write_now(void *stream_)
{
    struct stream *stream = STREAM((struct stream *) stream_);
    if (stream->state != STREAM_CONNECTED) {
        return;
    }
    if (stream->is_tls) {
        write_tls(stream);
        return;
    }
    flush(stream, WRITE_SIZE);
    if (stream_backlog(stream)) {
        bufferevent_enable(stream->transport, EV_WRITE);
    } else if (stream->cbs && stream->cbs->drained) {
        stream->cbs->drained(stream->aux);
    }
}

/* Reads once, as much as is there up to LOOP_SCRATCH_SIZE. */
static void
read_now(void *stream_)
{
    struct stream *stream = STREAM((struct stream *) stream_);
    char *p = loop_scratch(stream->loop);
    ssize_t n = recv(bufferevent_getfd(stream->transport), p, LOOP_SCRATCH_SIZE, 0);
    if (n > 0) {
        struct evbuffer *input = stream_input(stream);
        evbuffer_unfreeze(input, 0);                         /* bufferevent keeps the end to itself */
        CHECK(!evbuffer_add(input, p, (size_t) n));
        evbuffer_freeze(input, 0);
        on_readable(stream->transport, stream);
    } else if (!n) {
        stream_close(stream, NULL);
    } else if (errno != EAGAIN && errno != EINTR) {
        stream_close(stream, err_new("%s", strerror(errno)));
    }
}

static void
want_input(struct stream *stream, bool wanted)
{
    if (stream->is_tls) {
        if (wanted) {
            bufferevent_enable(stream->transport, EV_READ);
        } else {
            bufferevent_disable(stream->transport, EV_READ);
        }
    } else if (!wanted) {
        loop_io_free(stream->reader);
        stream->reader = NULL;
    } else if (!stream->reader) {
        stream->reader = loop_io_new(stream->loop, bufferevent_getfd(stream->transport), LOOP_READ, read_now, stream);
    }
}

static void
on_readable(struct bufferevent *transport, void *stream_)
{
    struct stream *stream = STREAM((struct stream *) stream_);
    loop_note_wakeup(stream->loop);
    if (stream->cbs && stream->cbs->readable && !stream->paused && evbuffer_get_length(stream_input(stream))) {
        stream->cbs->readable(stream->aux);
    }
}

static void
on_drained(struct bufferevent *transport, void *stream_)
{
    struct stream *stream = STREAM((struct stream *) stream_);
    loop_note_wakeup(stream->loop);
    if (stream_backlog(stream) || stream->state != STREAM_CONNECTED) {
        return;
    }
    bufferevent_disable(transport, EV_WRITE);
    if (stream->cbs && stream->cbs->drained) {
        stream->cbs->drained(stream->aux);
    }
}

static void
on_event(struct bufferevent *transport, short what, void *stream_)
{
    int error = EVUTIL_SOCKET_ERROR();
    struct stream *stream = STREAM((struct stream *) stream_);
    loop_note_wakeup(stream->loop);
    if (stream->is_tls) {
        stream_on_tls_event(stream, what, error);
    } else if (what & BEV_EVENT_ERROR) {
        stream_close(stream, err_new("%s", strerror(error)));
    } else if (what & BEV_EVENT_EOF) {
        stream_close(stream, NULL);
    }
}

void
stream_become_connected(struct stream *stream, int fd)
{
    int one = 1;
    evutil_make_socket_nonblocking(fd);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);          /* fails on unix sockets, where it means nothing */
    if (stream->target.kind == TARGET_SSL) {
        stream_start_handshake(stream, fd);
        return;
    }
    CHECK(!bufferevent_setfd(stream->transport, fd));
    stream_open(stream);
}

void
stream_open(struct stream *stream)
{
    stream->state = STREAM_CONNECTED;
    counter_inc(&counter_stream_connected);
    bufferevent_disable(stream->transport, EV_WRITE);
    want_input(stream, !stream->paused);
    if (stream_backlog(stream)) {
        loop_defer(stream->loop, write_now, stream);
    }
}

void
stream_close(struct stream *stream, struct err *reason)
{
    if (stream->state == STREAM_CLOSED) {
        err_free(reason);
        return;
    }
    stream->state = STREAM_CLOSED;
    stream->close_reason = reason;
    loop_io_free(stream->room);
    stream->room = NULL;
    want_input(stream, false);
    bufferevent_disable(stream->transport, EV_WRITE);
    loop_defer(stream->loop, report_closed, stream);
}

static void
report_closed(void *stream_)
{
    struct stream *stream = STREAM((struct stream *) stream_);
    stream_stop_connecting(stream);
    const struct stream_callbacks *cbs = stream->cbs;
    if (!cbs) {
        return;
    }
    struct err *reason = stream->close_reason;
    stream->close_reason = NULL;
    stream->cbs = NULL;                                      /* closed() is the last call */
    cbs->closed(stream->aux, reason);
}
