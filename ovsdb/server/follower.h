/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_FOLLOWER_H
#define WEFT_OVSDB_SERVER_FOLLOWER_H

/* What: keeps a hosted database equal to the one of the same name on another server, by monitoring it there.
 *
 * Why: a relay and a backup differ in what they do for clients, but not in this.
 *
 * How: monitor_cond_since with the name of the last transaction seen, so that a short loss of the connection costs only
 * what was missed; a server that does not know the method gets monitor_cond, then monitor.  A full copy is compared with
 * what is here and becomes one transaction of the differences.  A commit keeps the name that it has at the source,
 * so that clients may move between the source and its copies.
 *
 * Owns: nothing but its state; the owner has the connection and the database, and hands over each message's text.
 *
 * Bad input: whatever cannot be applied is an error, leaves the database as it was, and makes the next start
 * ask for a full copy. */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct delta;
struct follower;
struct hosted;
struct jsonrpc_msg;
struct schema;
struct uuid;

/* Stores 'delta' (taken), which was committed to the database of 'hosted'; on error it must be undone. */
typedef struct err *follower_commit_cb(void *aux, struct hosted *hosted, struct delta *delta);

/* 'excluded', by index of table, is copied; NULL: none is. */
struct follower *follower_new(struct hosted *hosted, const bool *excluded, follower_commit_cb *commit, void *aux) MUST_USE;
void follower_free(struct follower *follower);               /* does not touch the database */
struct hosted *follower_hosted(const struct follower *follower);
/* The same content moved to another place. */
void follower_set_hosted(struct follower *follower, struct hosted *hosted);
/* The database is not as this left it: the next start asks for a full copy. */
void follower_forget(struct follower *follower);
/* Names the state that the database has, or zero if that has no name. */
const struct uuid *follower_last_txn(const struct follower *follower);

/* On a new connection: the request with 'id' that is to be sent.  Asks for what 'source_schema' has; all of that must
 * be here. */
struct jsonrpc_msg *follower_start(struct follower *follower, const struct schema *source_schema, int64_t id) MUST_USE;
/* If 'id' is that of the request, which the source does not understand: the next one to try, or NULL. */
struct jsonrpc_msg *follower_start_older(struct follower *follower, int64_t id, int64_t new_id) MUST_USE;
void follower_stop(struct follower *follower);               /* the connection or the monitor is gone */
bool follower_is_started(const struct follower *follower);
bool follower_is_current(const struct follower *follower);   /* has all, and hears of changes */

/* Handles 'text', a message, if it is the reply or an update for one of the 'n' 'followers', and returns which.  NULL: it
 * is for somebody else.  '*ret_err' is what was wrong with it, or NULL; the connection is then of no more use. */
struct follower *followers_receive(struct follower *const *followers, size_t n, struct str text, struct err **ret_err);

#endif
