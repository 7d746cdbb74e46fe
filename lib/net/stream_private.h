/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_STREAM_PRIVATE_H
#define WEFT_NET_STREAM_PRIVATE_H

/* What: the inside of a stream, shared by stream.c (a stream that is connected) and stream_connect.c (how it
 * comes to be).  Private to lib/net. */

#include "lib/net/address.h"
#include "lib/net/stream.h"

struct bufferevent;
struct evdns_getaddrinfo_request;
struct evutil_addrinfo;
struct loop_io;

/* A stream goes one way: (resolving, connecting,) connected, closed.  A bufferevent carries it from the start,
 * so that what is sent early waits in its output; it gets its descriptor once that is connected.  A TLS
 * stream differs in the bufferevent that make_transport() makes, and in leaving all writing to it.
 *
 * Output is written once a turn, straight to the socket (write_now()); only when the socket is full does
 * the bufferevent wait for room (EV_WRITE is enabled).  That saves two epoll_ctl() and a turn a message. */
enum stream_state { STREAM_RESOLVING, STREAM_CONNECTING, STREAM_CONNECTED, STREAM_CLOSED };

struct stream {
    uint32_t magic;
    enum stream_state state;
    struct loop *loop;
    char *name;
    struct bufferevent *transport;                           /* owns the descriptor once connected */
    const struct stream_callbacks *cbs;                      /* or NULL: accepted, not yet adopted */
    void *aux;
    bool paused;
    struct err *close_reason;                                /* for the deferred report_closed() */
    /* While connecting: */
    struct target target;
    int fd;                                                  /* or -1 */
    struct loop_io *writable;                                /* or NULL */
    struct evdns_getaddrinfo_request *lookup;                /* or NULL */
    struct evutil_addrinfo *addresses;                       /* found by 'lookup', or NULL */
    const struct evutil_addrinfo *next_address;              /* to try, or NULL */
};

enum { STREAM_MAGIC = 0x73747265 };
#define STREAM(S) (CHECK((S)->magic == STREAM_MAGIC), (S))

/* In stream.c. */
struct stream *stream_new(struct loop *loop, const char *name, enum stream_state state) MUST_USE;
void stream_become_connected(struct stream *stream, int fd); /* hands the connected 'fd' to the transport */
/* Ends the stream; takes 'reason'.  closed() is called soon, or when there are callbacks. */
void stream_close(struct stream *stream, struct err *reason);
/* In stream_connect.c. */
void stream_stop_connecting(struct stream *stream);          /* frees all that only connecting needs */

#endif
