/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_SERVER_FIXTURE_PEER_H
#define WEFT_TESTS_UNIT_SERVER_FIXTURE_PEER_H

/* What: one server in a folder of its own, and what its peers are expected to be sent. */

#include "tests/unit/server/fixture.h"
#include "tests/unit/server/fixture_session.h"

extern char fixture_folder[64];                              /* of the server's database, "t.db" */

struct server *fixture_start(void);                          /* with the database of fixture_db.h */
struct server *fixture_start_with(const struct server_env *env);
void fixture_stop(struct server *server);
void peer_settle(struct server *server);                     /* runs it until it has nothing to do at fixture_now_ms */
/* Fails unless 'expected' (with ' for ") is exactly (a part of) what was sent since the last look. */
void peer_expect(struct peer *peer, const char *expected);
void peer_expect_part(struct peer *peer, const char *expected);

#endif
