/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_SERVER_FIXTURE_PEER_H
#define WEFT_TESTS_UNIT_SERVER_FIXTURE_PEER_H

/* What: a server without sockets: messages go in as text, what is sent is kept as text. */

#include "lib/base/str.h"
#include "ovsdb/server/server.h"
#include "tests/unit/server/fixture.h"

struct peer {
    struct session *session;
    struct buf sent;                                         /* not looked at yet */
    size_t backlog;                                          /* what the session is told */
    bool is_held;                                            /* nothing is to be said */
    char *closed;                                            /* the reason, once closed */
};

extern int64_t fixture_now_ms;
extern char fixture_folder[64];                              /* of the server's database, "t.db" */

struct server_env fixture_env(void);                         /* its clock shows fixture_now_ms */
struct server *fixture_start(void);                          /* with the database of fixture_db.h */
struct server *fixture_start_with(const struct server_env *env);
void fixture_stop(struct server *server);
void peer_join(struct server *server, struct peer *peer);
void peer_leave(struct peer *peer);
void peer_say(struct peer *peer, const char *text);          /* 'text' has ' for " */
void peer_settle(struct server *server);                     /* runs it until it has nothing to do at fixture_now_ms */
/* Fails unless exactly 'expected' was sent since the last look. */
void peer_expect(struct peer *peer, const char *expected);
void peer_expect_part(struct peer *peer, const char *expected);

#define TRANSACT(ID, OPERATIONS) "{'id':" ID ",'method':'transact','params':['T'," OPERATIONS "]}"

#endif
