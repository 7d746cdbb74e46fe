/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_TLS_PRIVATE_H
#define WEFT_NET_TLS_PRIVATE_H

/* What: what streams need of OpenSSL.  Private to lib/net; no other folder sees OpenSSL's types.
 *
 * A TLS stream is carried by libevent's bufferevent_openssl, which makes the handshake and reads.  It does not write:
 * it would pass whole chains of its buffer to SSL_write(), however long, and its own wake-ups cost a turn a message. */

#include <openssl/types.h>

#include "lib/base/err.h"
#include "lib/net/tls.h"

struct bufferevent;
struct evbuffer;
struct tls;

/* Belongs to a loop (loop_tls()). */
struct tls *tls_new(void) MUST_USE;
void tls_free(struct tls *tls);
int64_t tls_handshake_timeout(const struct tls *tls);

/* What new connections use, read again if files have changed; borrowed until the next call.
 * '*ret_is_bootstrap': the peer's certificate is yet to become the CA's.
 * Errors: something is unset, a file cannot be used, and nothing that could be used was there before. */
struct err *tls_get_context(struct tls *tls, SSL_CTX **ret, bool *ret_is_bootstrap) MUST_USE;
/* Makes the certificates that the peer of 'ssl' has sent the CA's: writes the last to the file. */
struct err *tls_bootstrap(struct tls *tls, SSL *ssl) MUST_USE;
/* The oldest error in OpenSSL's queue, "WHAT: error:0A000086:SSL routines::certificate verify failed"; empties the queue. */
struct err *tls_openssl_error(const char *what) MUST_USE;

/* A bufferevent that begins a handshake on the connected 'fd' (not taken on error) once reading and writing are enabled. */
struct err *tls_transport_new(struct loop *loop, int fd, bool is_server, const char *host, struct bufferevent **ret,
                              bool *ret_is_bootstrap) MUST_USE;
/* Why 'transport' failed while it did 'what' ("SSL_connect").  'error' is the errno of the socket. */
struct err *tls_transport_error(struct bufferevent *transport, const char *what, int error) MUST_USE;
/* The common name of the certificate that the peer has proved to be its own, or NULL; the caller frees it. */
char *tls_transport_peer_id(struct bufferevent *transport) MUST_USE;
struct err *tls_transport_bootstrap(struct loop *loop, struct bufferevent *transport) MUST_USE;
/* Writes up to 'n' bytes of the output, as far as the socket takes them; errors but for that are those of the connection.
 * Once the handshake is done, nobody else may write: OpenSSL wants to see the same bytes again after a socket was full. */
struct err *tls_transport_write(struct bufferevent *transport, size_t n) MUST_USE;
/* Writes up to 'n' bytes of what the socket takes now and, if that is all, tells the peer that nothing follows. */
void tls_transport_shutdown(struct bufferevent *transport, size_t n);

#endif
