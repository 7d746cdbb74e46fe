/* SPDX-License-Identifier: Apache-2.0 */
/* How a stream finds its peer: names are looked up, addresses tried in turn. */
#include <config.h>

#include "lib/net/stream.h"

#include <errno.h>
#include <event2/dns.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/net/loop.h"
#include "lib/net/stream_private.h"
#include "lib/net/tls_private.h"

static void start_connecting(void *stream_);
static void start_lookup(struct stream *stream);
static void connect_to(struct stream *stream, const struct sockaddr *address, socklen_t size);

struct err *
stream_connect(struct loop *loop, const char *target_text, const struct stream_callbacks *cbs, void *aux,
               struct stream **ret)
{
    struct target target;
    struct err *err = target_parse_active(target_text, &target);
    if (err) {
        return err;
    }
    struct stream *stream = stream_new(loop, target_text, STREAM_CONNECTING);
    stream->target = target;
    stream->cbs = cbs;
    stream->aux = aux;
    loop_defer(loop, start_connecting, stream);
    *ret = stream;
    return NULL;
}

/* Deferred by stream_connect(), so that no callback runs within it. */
static void
start_connecting(void *stream_)
{
    struct stream *stream = STREAM((struct stream *) stream_);
    const struct target *target = &stream->target;
    if (target->kind == TARGET_UNIX) {
        struct sockaddr_un address;
        int folder_fd;
        struct err *err = address_from_path(target->path, &address, &folder_fd);
        if (err) {
            stream_close(stream, err);
            return;
        }
        connect_to(stream, (const struct sockaddr *) &address, sizeof address);
        if (folder_fd >= 0) {
            close(folder_fd);
        }
        return;
    }
    if (target->kind == TARGET_SSL) {                        /* in vain, if there is no key to show */
        SSL_CTX *context;
        bool is_bootstrap;
        struct err *err = tls_get_context(loop_tls(stream->loop), &context, &is_bootstrap);
        if (err) {
            stream_close(stream, err);
            return;
        }
    }
    struct sockaddr_storage address;
    socklen_t size;
    if (address_from_host(target->host, target->port, &address, &size)) {
        connect_to(stream, (const struct sockaddr *) &address, size);
    } else {
        start_lookup(stream);
    }
}

void
stream_connect_again(struct stream *stream)
{
    stream_set_transport(stream, NULL, false);
    stream->state = STREAM_CONNECTING;
    loop_defer(stream->loop, start_connecting, stream);
}

static void
try_next_address(struct stream *stream)
{
    const struct evutil_addrinfo *next = stream->next_address;
    stream->next_address = next->ai_next;
    connect_to(stream, next->ai_addr, (socklen_t) next->ai_addrlen);
}

static void
on_lookup(int result, struct evutil_addrinfo *addresses, void *stream_)
{
    if (result == EVUTIL_EAI_CANCEL) {
        return;                                              /* by stream_stop_connecting(): 'stream' may be gone */
    }
    struct stream *stream = STREAM((struct stream *) stream_);
    loop_note_wakeup(stream->loop);
    stream->lookup = NULL;
    if (result || !addresses) {
        stream_close(stream, err_new("%s: %s", stream->target.host,
                                     result ? evutil_gai_strerror(result) : "no address found"));
        return;
    }
    stream->state = STREAM_CONNECTING;
    stream->addresses = addresses;
    stream->next_address = addresses;
    try_next_address(stream);
}

static void
start_lookup(struct stream *stream)
{
    const struct target *target = &stream->target;
    char service[8];
    snprintf(service, sizeof service, "%u", target->port);
    struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP,
        .ai_flags = EVUTIL_AI_NUMERICSERV};
    stream->state = STREAM_RESOLVING;
    /* When the answer is at hand, this calls on_lookup() before it returns, and returns NULL. */
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(loop_dns(stream->loop), target->host, service, &hints, on_lookup, stream);
    if (request) {
        stream->lookup = request;
    }
}

/* A connection attempt failed with 'error': tries the next address, or gives up. */
static void
connect_failed(struct stream *stream, int error)
{
    loop_io_free(stream->writable);
    stream->writable = NULL;
    if (stream->fd >= 0) {
        close(stream->fd);
        stream->fd = -1;
    }
    if (stream->next_address) {
        try_next_address(stream);
    } else {
        stream_close(stream, err_new("%s", strerror(error)));
    }
}

static void
on_writable(void *stream_)
{
    struct stream *stream = STREAM((struct stream *) stream_);
    int error = 0;
    socklen_t size = sizeof error;
    CHECK(!getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &size));
    if (error) {
        connect_failed(stream, error);
        return;
    }
    int fd = stream->fd;
    stream->fd = -1;
    stream_stop_connecting(stream);
    stream_become_connected(stream, fd);
    if (stream->state == STREAM_CONNECTED && stream->cbs && stream->cbs->connected) {
        stream->cbs->connected(stream->aux);
    }
}

static void
connect_to(struct stream *stream, const struct sockaddr *address, socklen_t size)
{
    stream->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream->fd < 0 || (connect(stream->fd, address, size) && errno != EINPROGRESS)) {
        connect_failed(stream, errno);
        return;
    }
    stream->writable = loop_io_new(stream->loop, stream->fd, LOOP_WRITE, on_writable, stream);
}

void
stream_stop_connecting(struct stream *stream)
{
    loop_cancel_deferred(stream->loop, start_connecting, stream);
    loop_timer_free(stream->deadline);
    stream->deadline = NULL;
    loop_io_free(stream->writable);
    stream->writable = NULL;
    if (stream->fd >= 0) {
        close(stream->fd);
        stream->fd = -1;
    }
    if (stream->lookup) {
        evdns_getaddrinfo_cancel(stream->lookup);
        stream->lookup = NULL;
    }
    if (stream->addresses) {
        evutil_freeaddrinfo(stream->addresses);
        stream->addresses = NULL;
        stream->next_address = NULL;
    }
}
