/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_FUZZ_FUZZ_SERVER_H
#define WEFT_TESTS_FUZZ_FUZZ_SERVER_H

/* What: a server without sockets for fuzz targets: the database "T" of fixture_db.h, with tables of access rules, in a file;
 * clients whose bytes go in raw.
 *
 * What each client is sent is judged: it is a sequence of JSON-RPC messages, each a reply to a request that still waits for
 * one, or a notification that the protocol has.  A client that was closed, or says what is no JSON-RPC, comes anew. */

#include <jansson.h>

#include "lib/base/str.h"
#include "lib/net/jsonrpc.h"
#include "tests/unit/server/fixture_session.h"

struct fuzz_server {
    struct server *server;
    char folder[32];                                         /* with the file "t.db" */
    int64_t now_ms;
};

struct fuzz_client {
    struct fuzz_server *home;
    const char *role;                                        /* or NULL */
    struct peer peer;
    struct buf in;                                           /* what it said, not heard yet */
    json_t *unanswered;                                      /* owned: the ids of requests */
    void (*heard)(void *aux, const struct jsonrpc_msg *msg); /* or NULL */
    void *aux;
};

void fuzz_server_start(struct fuzz_server *home);
/* Ends the server, whose clients must be gone.  What is in its file must be what was in its database. */
void fuzz_server_stop(struct fuzz_server *home);
/* The parts of the two: a server without databases, though the file is there; another one, when that is gone; the end of a
 * folder whose server is gone, in which databases, their locks and "conf" may be left, and nothing else. */
void fuzz_server_start_empty(struct fuzz_server *home);
void fuzz_server_restart(struct fuzz_server *home);
void fuzz_server_remove_files(const struct fuzz_server *home);
void fuzz_server_turn(struct fuzz_server *home, int64_t ms); /* after 'ms' */

void fuzz_client_join(struct fuzz_client *client, struct fuzz_server *home, const char *role);
void fuzz_client_leave(struct fuzz_client *client);
void fuzz_client_rejoin(struct fuzz_client *client);         /* over a new connection */
void fuzz_client_say(struct fuzz_client *client, struct str bytes);
/* What it said and was not heard while it was held, what it was sent, and whether it was closed. */
void fuzz_client_run(struct fuzz_client *client);
/* Takes turns until nobody waits for an answer; transactions that would wait for ever are canceled. */
void fuzz_clients_settle(struct fuzz_client *clients, size_t n);

#endif
