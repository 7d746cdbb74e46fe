/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_FUZZ_FUZZ_PEER_H
#define WEFT_TESTS_FUZZ_FUZZ_PEER_H

/* What: the other end of a client's connection, for fuzz targets: it is connected, told messages and lost when the target says
 * so.
 *
 * How: it takes the place of lib/net/jsonrpc_session.c, whose functions it defines, without sockets and without time.  As
 * there, jsonrpc_session_reconnect() ends the connection before the loop next waits; then the next turn connects.
 *
 * What the client says is judged: it is a sequence of JSON-RPC messages, requests with an id that none has that still waits
 * for its reply, or errors.  There is one session at a time. */

#include <jansson.h>

#include "lib/base/str.h"

struct loop;

struct fuzz_peer {
    json_t *requests;                                        /* owned: as the client sent them, oldest first */
    bool is_connected;
    bool has_alternatives;                                   /* the client has more than one remote */
};
extern struct fuzz_peer fuzz_peer;

void fuzz_peer_start(void);                                  /* before the session */
void fuzz_peer_stop(void);                                   /* after it */
void fuzz_peer_lose(void);                                   /* the connection, if there is one */
void fuzz_peer_turn(struct loop *loop);                      /* connects unless it is, and runs what is deferred */
/* The message that 'text' starts with arrives, and is returned, if it is connected and the message whole.  What is no message
 * ends the connection. */
struct str fuzz_peer_tell(struct str text);

#endif
