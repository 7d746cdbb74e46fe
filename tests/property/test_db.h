/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_PROPERTY_TEST_DB_H
#define WEFT_TESTS_PROPERTY_TEST_DB_H

/* What: a database without server: the core of weft-ovsdb-server executes transactions, and replicas follow.
 *
 * Why: property tests want what a real database would do (references, garbage collection, refusals), in one process, as fast
 * as memory.  The server's and the client's rows have the same C names, so the server's half is in test_db.c alone.
 *
 * Owns: the database.  Replicas are the caller's. */

#include <stdio.h>

#include "lib/base/vec.h"
#include "ovsdb/client/replica.h"
#include "ovsdb/client/writer.h"
#include "tests/property/test_db_json.h"

/* A database with one replica that is always current, and a link for a writer: transactions are executed when the test calls
 * test_link_deliver().  A link may also be without database: what is sent is kept, never answered. */
struct test_txn {
    json_t *operations;
    writer_done_cb *done;                                    /* NULL: forgotten */
    void *aux;
};
VEC_DEFINE(test_txns, struct test_txn);
struct test_link {
    struct test_db *db;
    struct replica *replica;
    struct test_txns sent;                                   /* and not yet delivered */
    uint64_t n_delivered;
    bool may_refuse;                                         /* else a refused transaction of a writer ends the test */
    FILE *trace;                                             /* where updates are written, a line each; or NULL */
};
extern const struct writer_link test_writer_link;            /* its aux is a struct test_link */
void test_link_init(struct test_link *link, struct test_db *db, struct replica *replica);
void test_link_fini(struct test_link *link);
bool test_link_deliver(struct test_link *link);              /* false: nothing was sent */
/* Executes a test's own transaction (taken) and feeds the replica.  False, and nothing changed, if it is refused. */
bool test_link_transact(struct test_link *link, json_t *operations);
/* Gives an update (borrowed, may be NULL) to a replica. */
void test_feed(struct replica *replica, const json_t *update);

#endif
