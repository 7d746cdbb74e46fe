/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_STREAM_PRIVATE_H
#define WEFT_NET_STREAM_PRIVATE_H

/* What: the inside of a stream, shared by stream.c (a stream that is connected), stream_connect.c (how it comes
 * to be) and stream_tls.c (the handshake).  Private to lib/net. */

#include "lib/net/address.h"
#include "lib/net/stream.h"

struct bufferevent;
struct evdns_getaddrinfo_request;
struct evutil_addrinfo;
struct loop_io;

/* A stream goes one way: (resolving, connecting, handshaking,) connected, closed.  A bufferevent carries it from
 * the start, so that what is sent early waits in its output; it gets its descriptor once that is connected, or,
 * for TLS, is then replaced by another one.
 *
 * Output is written once a turn, straight to the socket (write_now()); only when the socket is full does
 * the bufferevent (of TLS: 'room') wait for room.  That saves two epoll_ctl() and a turn a message.
 *
 * Input without TLS is read by 'reader' into the bufferevent's buffer: libevent asks before each read how much there is, and
 * takes 4 KB at a time. */
enum stream_state { STREAM_RESOLVING, STREAM_CONNECTING, STREAM_HANDSHAKING, STREAM_CONNECTED, STREAM_CLOSED };

struct stream {
    uint32_t magic;
    enum stream_state state;
    struct loop *loop;
    char *name;
    struct bufferevent *transport;                           /* owns the descriptor once connected */
    const struct stream_callbacks *cbs;                      /* or NULL: accepted, not yet adopted */
    void *aux;
    uint64_t n_written;                                      /* bytes that left the output */
    bool paused;
    struct loop_io *reader;                                  /* not of TLS: waits for input, or NULL: it is not wanted */
    bool is_tls;                                             /* 'transport' is one of TLS */
    struct loop_io *room;                                    /* TLS: waits until the socket takes more, or NULL */
    char *peer_id;                                           /* TLS: the proved name of the peer, or NULL */
    struct err *close_reason;                                /* for the deferred report_closed() */
    /* While connecting: */
    struct target target;                                    /* of an accepted stream only the kind */
    int fd;                                                  /* or -1 */
    struct loop_io *writable;                                /* or NULL */
    struct evdns_getaddrinfo_request *lookup;                /* or NULL */
    struct evutil_addrinfo *addresses;                       /* found by 'lookup', or NULL */
    const struct evutil_addrinfo *next_address;              /* to try, or NULL */
    /* While handshaking: */
    bool is_server;
    bool is_bootstrap;                                       /* nobody is known yet who could vouch for the peer */
    struct loop_timer *deadline;                             /* or NULL */
};

enum { STREAM_MAGIC = 0x73747265 };
#define STREAM(S) (CHECK((S)->magic == STREAM_MAGIC), (S))

/* In stream.c. */
struct stream *stream_new(struct loop *loop, const char *name, enum stream_state state) MUST_USE;
/* A stream on the accepted 'fd' (taken), which is to make a handshake: 'cbs' hear of its success too (connected()). */
struct stream *stream_accept_tls(struct loop *loop, int fd, const char *name, const struct stream_callbacks *cbs,
                                 void *aux) MUST_USE;
void stream_become_connected(struct stream *stream, int fd); /* hands the connected 'fd' to the transport */
void stream_open(struct stream *stream);                     /* from now on bytes pass */
/* Takes 'transport', which gets the output of the one before, that is freed with its connection.  NULL: one of no
 * connection. */
void stream_set_transport(struct stream *stream, struct bufferevent *transport, bool is_tls);
/* Ends the stream; takes 'reason'.  closed() is called soon, or when there are callbacks. */
void stream_close(struct stream *stream, struct err *reason);
/* In stream_connect.c. */
void stream_stop_connecting(struct stream *stream);          /* frees all that only connecting needs */
void stream_connect_again(struct stream *stream);            /* drops the connection for a new one */
/* In stream_tls.c. */
void stream_start_handshake(struct stream *stream, int fd);  /* takes 'fd' */
void stream_on_tls_event(struct stream *stream, short what, int error);

#endif
