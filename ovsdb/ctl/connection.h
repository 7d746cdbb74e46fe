/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_CONNECTION_H
#define WEFT_OVSDB_CTL_CONNECTION_H

/* What: a connection of a command-line tool to a database server: ask, wait for the answer.
 *
 * Why: a command is a short story told in order; waiting in place keeps it readable.  Daemons use ovsdb/client.
 *
 * Owns: the event loop, the connection below, the schema.
 * Errors: a connection that cannot be made, or that is lost, is "REMOTES: database connection failed (REASON)".
 * After 'timeout_ms', whatever is under way fails with "timeout expired".  Each remote is tried once, for CONN_TIMEOUT_MS at
 * most; only while a cluster has no leader do we try again.  A server that is cut off from what it serves, such as a relay that
 * has lost its source, is passed over, also if it is the only one: what it has may be old. */

#include <jansson.h>

#include "lib/base/err.h"

struct conn;
struct schema;
struct tls_options;

enum { CONN_TIMEOUT_MS = 10000 };

struct conn_options {
    const char *remotes;                                     /* comma-separated targets */
    const char *database;                                    /* such as "OVN_Northbound" */
    bool is_leader_only;                                     /* of a cluster, talk to the leader only */
    bool is_shuffled;                                        /* try the remotes in random order */
    const struct tls_options *tls;                           /* for "ssl:" */
    int64_t timeout_ms;                                      /* for all that is done with the connection; 0: none */
};

/* Connects and asks for the schema. */
struct err *conn_open(const struct conn_options *options, struct conn **ret) MUST_USE;
void conn_close(struct conn *conn);
struct schema *conn_schema(const struct conn *conn);         /* borrowed */

/* Runs 'operations' (taken; without the database name) as a transaction and stores the "result" array, which
 * may report failures of operations.  Has the shape of workset_transact, 'conn' being its aux. */
struct err *conn_transact(void *conn, json_t *operations, json_t **ret_results) MUST_USE;

/* Starts a monitor, "monitor requests" as in RFC 7047 section 4.1.5 (taken). */
struct err *conn_monitor(struct conn *conn, json_t *requests) MUST_USE;
uint64_t conn_n_updates(const struct conn *conn);            /* update notifications received so far */
/* Waits until conn_n_updates() differs from 'seen'. */
struct err *conn_wait_update(struct conn *conn, uint64_t seen) MUST_USE;

int64_t conn_wall_ms(void);

#endif
