/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_SERVER_FIXTURE_SESSION_H
#define WEFT_TESTS_UNIT_SERVER_FIXTURE_SESSION_H

/* What: clients of servers without sockets: messages go in as text, what is sent is kept as text.
 *
 * Why: unit tests and fuzz targets have the same peers; it knows neither's framework. */

#include "lib/base/str.h"
#include "ovsdb/server/server.h"

struct peer {
    struct server *server;                                   /* borrowed */
    struct session *session;                                 /* owned; NULL: it has not joined */
    struct buf sent;                                         /* to it, not looked at yet */
    size_t backlog;                                          /* what the session is told */
    unsigned n_looks;                                        /* how often it asked */
    bool is_held;                                            /* the server wants to hear nothing now */
    char *closed;                                            /* owned: the reason, once closed */
};

extern int64_t fixture_now_ms;                               /* the one clock of all servers */
struct server_env fixture_env(void);                         /* without child processes */
void fixture_host_file(struct server *server, const char *path);         /* which is there */

void peer_join(struct server *server, struct peer *peer);
void peer_leave(struct peer *peer);
/* 'text' is a message with ' for ".  While the peer is held, the server runs. */
void peer_say(struct peer *peer, const char *text);
bool peer_was_sent(const struct peer *peer, const char *part);           /* 'part' with ' for ", since the last look */

#define TRANSACT(ID, OPERATIONS) "{'id':" ID ",'method':'transact','params':['T'," OPERATIONS "]}"

#endif
