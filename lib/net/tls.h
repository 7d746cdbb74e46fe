/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_TLS_H
#define WEFT_NET_TLS_H

/* What: the TLS configuration that "ssl:" and "pssl:" targets on a loop use: whose key we show, whose certificates
 * we believe.
 *
 * Why: it is said once for a program, on its command line or in a database, and holds for every connection; so
 * that those who connect need not know of it.
 *
 * Both sides show certificates (ovsdb-server(1), "Public Key Infrastructure Options"): the private key, the
 * certificate and the CA certificate must be set.  The peer's certificate must lead to the CA certificate; the names in it
 * are not compared with anything here (see stream_peer_id()).  "none" in place of a CA certificate turns that off.
 *
 * The files are read when the first connection needs them, and again when a new connection finds that one of them has
 * changed.  If what they hold then is of no use, a warning says so and what was read before stays in use.  Connections
 * that are there keep what they began with.
 *
 * A bootstrap CA certificate that does not exist is taken from the first peer, the last of the certificates it sends, and
 * written to the file; that connection is made anew and has to stand up to it.  Several certificates may be in the file
 * of a CA, the file of our certificate may continue with those that lead to the CA.
 *
 * Sessions are neither cached nor resumed, so that a change of the CA holds for every new connection. */

#include <stdint.h>

struct loop;
struct tls_options;

enum { TLS_HANDSHAKE_MS = 30 * 1000 };                       /* for a handshake, unless set; then the stream is closed */

/* From now on new connections on 'loop' use 'options', whose strings are copied; NULL and "" are unset.  What is wrong
 * with them is the error of the connections, and is logged. */
void tls_configure(struct loop *loop, const struct tls_options *options);
void tls_set_handshake_timeout(struct loop *loop, int64_t ms);

#endif
