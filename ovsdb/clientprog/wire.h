/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENTPROG_WIRE_H
#define WEFT_OVSDB_CLIENTPROG_WIRE_H

/* What: a connection to a database server for a program that asks and waits.
 *
 * Why: a command is a short story told in order.  Unlike ovsdb/ctl's connection it knows no database, speaks any
 * method, accepts a server that connects to us, and hands over notifications.
 *
 * Owns: the event loop and the connection. */

#include <jansson.h>

#include "lib/base/err.h"

struct loop;
struct tls_options;
struct unixctl_request;
struct wire;

/* Tries the comma-separated 'remotes', in random order if there are several, each once.  A passive one waits for
 * the server to connect.  'tls' is for those of "ssl:" and "pssl:". */
struct err *wire_open(const char *remotes, const struct tls_options *tls, struct wire **ret) MUST_USE;
void wire_close(struct wire *wire);                          /* NULL is fine */
struct loop *wire_loop(struct wire *wire);
const char *wire_name(const struct wire *wire);              /* of the connection, for messages */

/* Sends a request ('params' is taken) and waits for its result, the caller's.  An error reply is an error,
 * "WHAT returned error: JSON". */
struct err *wire_call(struct wire *wire, const char *method, json_t *params, json_t **ret_result) MUST_USE;

/* While wire_listen() runs: sends a request ('params' is taken) for 'request', from the control socket.  'cb' gets the
 * result and answers 'request'; an error reply is its answer.  If it is answered already, 'request' is NULL, and errors
 * are logged. */
typedef void wire_result_cb(void *aux, struct unixctl_request *request, const json_t *result);
void wire_forward(struct wire *wire, const char *method, json_t *params, wire_result_cb *cb, void *aux,
                  struct unixctl_request *request);
void wire_pause(struct wire *wire, bool paused);             /* reads nothing meanwhile */

/* Waits until the connection is lost, which is the error returned, or loop_stop() is called, which is none.  'cb'
 * gets notifications, also those that came while a reply was awaited; borrowed. */
typedef void wire_notify_cb(void *aux, const char *method, const json_t *params);
struct err *wire_listen(struct wire *wire, wire_notify_cb *cb, void *aux) MUST_USE;

#endif
