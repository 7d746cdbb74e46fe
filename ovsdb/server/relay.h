/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_RELAY_H
#define WEFT_OVSDB_SERVER_RELAY_H

/* What: relay databases (ovsdb(7), "Relay Service Model"): a copy in memory of a database on another server, the source,
 * which serves monitors and reads here and passes on transactions that write.
 *
 * Why: thousands of clients can fan out over relays; the source serializes its updates for a few of those.
 *
 * How it follows: it watches its database's row in the source's _Server.Database, which tells schema and whether
 * the source itself is connected (a relay may be another's source), and the content through a follower.  The first
 * copy under a new schema is made beside the old one, which is read on until the new one is whole.  When the
 * source is lost, clients stay and read on; _Server.Database.connected says so.
 *
 * How it forwards: a transaction is rehearsed here.  One that fails, waits or only reads is answered here; one that
 * would write goes to the source as the client sent it, and so does its reply.  Because the source sends updates
 * before the reply, so do we.  Without a connection such transactions wait for one; those that were under way when
 * it was lost are answered "canceled", because nobody knows what became of them.
 * Roles are applied here, by what the copy says of them, and again to what waited for a connection: at the source the
 * relay writes under its own name.
 * Locks are this server's own; "assert" is judged by the source too, where nobody here holds a lock, so that what
 * depends on a lock cannot be written through a relay.
 *
 * Owns: its connection, the requests that were passed on, and a copy that is being made.  It belongs to its hosted
 * database. */

#include <jansson.h>

#include "lib/base/err.h"

struct hosted;
struct relay;
struct server;
struct session;
struct upstream_env;

/* Whether 'database', an argument of the command line, has the form "relay:NAME:REMOTE[,REMOTE]...". */
bool relay_is_spec(const char *database);
/* Adds such a database.  'env' must outlive it.  Errors: bad syntax, a bad remote, a name that is taken. */
struct err *relay_add(struct server *server, const char *spec, const struct upstream_env *env) MUST_USE;
/* Intervals of the connection to the source of database 'name', a relay; -1: the default. */
void relay_set_intervals(struct server *server, const char *name, int64_t probe_ms, int64_t max_backoff_ms);
void relay_free(struct relay *relay);                        /* cancels what is under way; NULL is fine */

/* Passes a request on, at once or once there is a connection.  The reply goes to 'session'. */
void relay_forward(struct relay *relay, struct session *session, const char *method, const json_t *params, json_t *id);
/* Cancels the request 'id' of 'session'.  False if it is not here, as when 'relay' is NULL. */
bool relay_cancel(struct relay *relay, struct session *session, const json_t *id);
void relay_forget_session(struct relay *relay, struct session *session);         /* NULL 'relay' is fine */

#endif
