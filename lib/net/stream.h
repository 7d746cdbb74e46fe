/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_STREAM_H
#define WEFT_NET_STREAM_H

/* What: byte streams and listeners, named as in ovsdb(7): active "unix:PATH", "tcp:HOST:PORT" (IPv6 in
 * brackets) and "ssl:HOST:PORT"; passive "punix:PATH", "ptcp:[PORT][:HOST]" and "pssl:[PORT][:HOST]".
 * What "ssl:" and "pssl:" prove and believe is said once for the loop: tls.h.
 *
 * Why: JSON-RPC, OpenFlow and the control socket all speak over the same few transports.
 *
 * Owns: whoever makes a stream frees it; freeing inside its own callbacks is allowed.
 * Cost: what is read is copied once (not with TLS); stream_send_shared() sends bytes that many streams share. */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct evbuffer;
struct loop;
struct stream;
struct listener;

struct stream_callbacks {
    void (*connected)(void *aux);                            /* may be NULL; not called for accepted streams */
    void (*readable)(void *aux);                             /* stream_input() has new bytes; NULL: they wait for other callbacks */
    void (*drained)(void *aux);                              /* may be NULL: the backlog fell to zero */
    void (*closed)(void *aux, struct err *reason);           /* takes 'reason' (NULL: orderly end); free the stream soon */
};

/* Starts connecting to 'target'.  Fails at once only on a bad target; other failures arrive in closed().
 * The path of "unix:" is relative to the run directory.  A host name that is not numeric is looked up without
 * blocking, and its addresses are tried in turn. */
struct err *stream_connect(struct loop *loop, const char *target, const struct stream_callbacks *cbs,
                           void *aux, struct stream **ret) MUST_USE;
/* Adopts a connected descriptor (takes 'fd').  'name' is for messages. */
struct stream *stream_from_fd(struct loop *loop, int fd, const char *name,
                              const struct stream_callbacks *cbs, void *aux) MUST_USE;
void stream_set_callbacks(struct stream *stream, const struct stream_callbacks *cbs, void *aux);
void stream_free(struct stream *stream);                     /* closes; what the kernel does not take now is lost */

const char *stream_name(const struct stream *stream);        /* such as "tcp:10.0.0.1:6641" or "unix#3" */
struct loop *stream_loop(const struct stream *stream);
bool stream_is_connected(const struct stream *stream);
/* "ssl:" and "pssl:": the common name of the peer's certificate, which the CA's certificate has verified.  NULL otherwise:
 * another transport, verification turned off ("none"), or a certificate that has no common name. */
const char *stream_peer_id(const struct stream *stream);
struct evbuffer *stream_input(struct stream *stream);        /* consume with evbuffer_drain() */
void stream_send(struct stream *stream, const void *p, size_t n);
struct evbuffer *stream_output(struct stream *stream);       /* to append to without copying; sent as the loop turns */
size_t stream_backlog(const struct stream *stream);          /* bytes accepted and not yet written */
/* Bytes that the peer has not taken: the backlog, and what the kernel holds for it.  '*ret_n_taken' grows as it takes some. */
size_t stream_n_untaken(const struct stream *stream, int64_t *ret_n_taken);
/* The DSCP (RFC 2474) of what is sent from now on, 0 to 63.  Does nothing for unix sockets, or while not connected. */
void stream_set_dscp(struct stream *stream, int dscp);
void stream_pause_input(struct stream *stream, bool paused); /* back-pressure: stop reading */

/* Reference-counted immutable bytes, sent to many streams without copying. */
struct shared_bytes {
    size_t refs;
    size_t n;
    char data[];
};
struct shared_bytes *shared_bytes_new(const void *p, size_t n) MUST_USE;
struct shared_bytes *shared_bytes_ref(struct shared_bytes *bytes);
void shared_bytes_unref(struct shared_bytes *bytes);
void stream_send_shared(struct stream *stream, struct shared_bytes *bytes);      /* takes its own reference */

/* The default port of all but unix targets (RFC 7047, section 4.1; registered with IANA). */
enum { STREAM_DEFAULT_PORT = 6640 };

/* 'accepted' receives each new stream, without callbacks yet, and takes it; one of "pssl:" when its handshake is
 * done.  At most LISTENER_MAX_HANDSHAKES of these are under way; further peers wait in the kernel's queue. */
enum { LISTENER_MAX_HANDSHAKES = 1024 };
struct err *listener_new(struct loop *loop, const char *target, void (*accepted)(void *aux, struct stream *stream),
                         void *aux, struct listener **ret) MUST_USE;
void listener_free(struct listener *listener);               /* removes a unix socket's file */
uint16_t listener_port(const struct listener *listener);     /* port bound, host order; 0 for unix */

/* "unix:", "tcp:", "ssl:" are active; "punix:", "ptcp:", "pssl:" passive. */
bool stream_target_is_active(const char *target);
bool stream_target_is_passive(const char *target);

#endif
