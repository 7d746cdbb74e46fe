/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENT_SESSION_H
#define WEFT_OVSDB_CLIENT_SESSION_H

/* What: keeps a replica current over a connection that may come and go: schema, monitor_cond_since (or the older
 * methods where the server lacks it), condition changes, locks, transactions.
 *
 * Why: one place that knows the protocol; programs see "synchronised", "changed", and answers to transactions.
 *
 * Which server: the database's row in _Server (ovsdb/model/server_row.h) tells whether it is there, connected to its
 * storage and, with 'leader_only', led from there; and so do locks and transactions, which a backup refuses.  A server that is
 * of no use is left for the next remote; the only one is kept, and its row watched.
 *
 * Conversion: the session is "database-change aware".  When the database gets another schema, the server ends the monitor
 * and nothing else; the session monitors again under the new schema, on the same connection and with its locks, and
 * is not synchronised meanwhile.  Rows that are as they were cause no change.
 *
 * Invariants: transactions are sent only while connected; when the connection is lost, the answer to each outstanding one
 * is 'lost' (it may or may not have been committed).  Callbacks never run inside the call that caused them. */

#include <jansson.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

struct loop;
struct replica;
struct ovsdb_session;

struct ovsdb_session_callbacks {
    /* After one or more updates were applied (replica_apply_end() done): time for a wave. */
    void (*changed)(void *aux);
    void (*disconnected)(void *aux);                         /* may be NULL */
};

struct err *ovsdb_session_new(struct loop *loop, const char *remotes, struct replica *replica,
                              const struct ovsdb_session_callbacks *cbs, void *aux,
                              struct ovsdb_session **ret) MUST_USE;
void ovsdb_session_free(struct ovsdb_session *session);
struct err *ovsdb_session_set_remotes(struct ovsdb_session *session, const char *remotes) MUST_USE;
bool ovsdb_session_is_connected(const struct ovsdb_session *session);
/* The replica holds a complete, current snapshot (under the conditions the server has acknowledged). */
bool ovsdb_session_is_synced(const struct ovsdb_session *session);
/* All condition changes so far are acknowledged and their rows are in the replica. */
bool ovsdb_session_conditions_settled(const struct ovsdb_session *session);
void ovsdb_session_conditions_changed(struct ovsdb_session *session);    /* after replica_set_condition(); batched */

/* Sends "transact" with 'operations' (taken; an array without the database name).  'done' gets no error once it is
 * committed.  If an operation failed it gets the error object of that as 'err' (tagged; the detail names the operation
 * by number) and the "result" array (borrowed), if the commit failed, likewise ("commit").  Without a result 'err' is
 * a JSON-RPC error, or tagged "lost" or "canceled" (by the server: try again).  Updates of the replica by a transaction
 * are applied before its 'done' is called.
 * Returns an id that cancels the callback. */
typedef void ovsdb_txn_cb(void *aux, const json_t *result, struct err *err /* taken */);
uint64_t ovsdb_session_transact(struct ovsdb_session *session, json_t *operations, ovsdb_txn_cb *done, void *aux);
/* The same with the text of a JSON array of 'n' operations, for those that write many. */
uint64_t ovsdb_session_transact_text(struct ovsdb_session *session, struct str operations, size_t n,
                                     ovsdb_txn_cb *done, void *aux);
void ovsdb_session_forget(struct ovsdb_session *session, uint64_t id);
size_t ovsdb_session_outstanding(const struct ovsdb_session *session);

/* Asks for the lock (again after each reconnection); NULL: none. */
void ovsdb_session_set_lock(struct ovsdb_session *session, const char *name);
bool ovsdb_session_has_lock(const struct ovsdb_session *session);        /* true when no lock is asked for */
bool ovsdb_session_lock_contended(const struct ovsdb_session *session);
void ovsdb_session_set_probe_interval(struct ovsdb_session *session, int64_t ms);
void ovsdb_session_set_max_backoff(struct ovsdb_session *session, int64_t ms);   /* between attempts to connect */
void ovsdb_session_set_leader_only(struct ovsdb_session *session, bool leader_only);
void ovsdb_session_reset(struct ovsdb_session *session);     /* drop connection and memory of the last txn id */
const char *ovsdb_session_remote(const struct ovsdb_session *session);

#endif
