/* SPDX-License-Identifier: Apache-2.0 */
/* A stream's TLS handshake: what is between a connected socket and a connected stream. */
#include <config.h>

#include "lib/net/stream.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/net/loop.h"
#include "lib/net/stream_private.h"
#include "lib/net/tls_private.h"

LOG_MODULE(stream_ssl);

static void
on_deadline(void *stream_)
{
    struct stream *stream = STREAM((struct stream *) stream_);
    stream_close(stream, err_new("%s: timed out", stream->is_server ? "SSL_accept" : "SSL_connect"));
}

void
stream_start_handshake(struct stream *stream, int fd)
{
    struct bufferevent *transport;
    struct err *err = tls_transport_new(stream->loop, fd, stream->is_server, stream->target.host, &transport,
                                        &stream->is_bootstrap);
    if (err) {
        close(fd);
        stream_close(stream, err);
        return;
    }
    stream->state = STREAM_HANDSHAKING;
    stream_set_transport(stream, transport, true);
    stream->deadline = loop_timer_new(stream->loop, on_deadline, stream);
    loop_timer_set(stream->deadline, tls_handshake_timeout(loop_tls(stream->loop)));
    bufferevent_enable(transport, EV_READ | EV_WRITE);       /* for the handshake; stream_open() sees to what follows */
}

/* The peer was believed because nobody was known yet; now that somebody is, it has to prove itself. */
static void
bootstrap(struct stream *stream)
{
    struct err *err = tls_transport_bootstrap(stream->loop, stream->transport);
    if (!err && stream->is_server) {
        err = err_new("killing successful connection to retry using CA cert");
    }
    if (err) {
        stream_close(stream, err);
        return;
    }
    log_info("%s: killing successful connection to retry using CA cert", stream->name);
    stream_connect_again(stream);
}

static void
finish_handshake(struct stream *stream)
{
    stream_stop_connecting(stream);
    if (stream->is_bootstrap) {
        bootstrap(stream);
        return;
    }
    stream->peer_id = tls_transport_peer_id(stream->transport);
    stream_open(stream);
    if (stream->cbs && stream->cbs->connected) {
        stream->cbs->connected(stream->aux);
    }
}

/* What it was doing, by the name that OpenSSL's manual has for it. */
static const char *
operation(const struct stream *stream, short what)
{
    if (stream->state == STREAM_HANDSHAKING) {
        return stream->is_server ? "SSL_accept" : "SSL_connect";
    }
    return what & BEV_EVENT_READING ? "SSL_read" : "SSL_write";
}

void
stream_on_tls_event(struct stream *stream, short what, int error)
{
    if (stream->state == STREAM_CLOSED) {
        return;
    } else if (what & BEV_EVENT_CONNECTED) {
        finish_handshake(stream);
    } else if (what & BEV_EVENT_ERROR || (what & BEV_EVENT_EOF && stream->state == STREAM_HANDSHAKING)) {
        stream_close(stream, tls_transport_error(stream->transport, operation(stream, what), error));
    } else if (what & BEV_EVENT_EOF) {
        stream_close(stream, NULL);
    }
}
