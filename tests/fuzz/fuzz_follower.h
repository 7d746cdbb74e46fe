/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_FUZZ_FUZZ_FOLLOWER_H
#define WEFT_TESTS_FUZZ_FUZZ_FOLLOWER_H

/* What: a session of the client library with the replica that it feeds, of the database of part.h, and two more copies of what
 * the server says: one kept by the replica's feed of changes, and one to which each snapshot and update that the session took
 * is applied alone.
 *
 * After each message the first equals the replica, and as long as the session is synchronised, so does the second. */

#include "lib/base/str.h"
#include "ovsdb/client/replica.h"
#include "ovsdb/client/session.h"

struct loop;

struct fuzz_follower {
    struct loop *loop;
    struct ovsdb_session *session;
    struct replica *replica, *fed, *told;                    /* owned */
    bool has_news;                                           /* changes the session has not called changed() for */
};

void fuzz_follower_start(struct fuzz_follower *follower);
void fuzz_follower_stop(struct fuzz_follower *follower);
void fuzz_follower_turn(struct fuzz_follower *follower);
/* The server says 'message'; requests that are answered thereby leave fuzz_peer's list. */
void fuzz_follower_hear(struct fuzz_follower *follower, struct str message);
unsigned int fuzz_follower_n_monitors(const struct fuzz_follower *follower);      /* the number in the monitor's name */
/* A replica like the follower's, without rows. */
struct replica *fuzz_replica_new(void) MUST_USE;
bool fuzz_replica_eq(const struct replica *a, const struct replica *b);

#endif
