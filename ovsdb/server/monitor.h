/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_MONITOR_H
#define WEFT_OVSDB_SERVER_MONITOR_H

/* What: monitors: RFC 7047 section 4.1.5 and the monitor_cond family of ovsdb-server(7).
 *
 * Why: every change must reach exactly the clients that asked for it, at a cost that depends on how many those are
 * and not on how many clients there are.
 *
 * How it is built, from the bottom:
 *  - a *view* is one table seen through columns (per kind of change) and a condition; equal views are one object;
 *  - a *watch* is a set of views, one per table; equal watches are one object, whoever has them;
 *  - a *monitor* is one client's use of a watch.
 * A commit's changes are matched to views through hash tables of the values that conditions compare with
 * (view_match.h), each touched view prints its rows once, each touched watch joins its views' texts once, and the
 * bytes are shared by its monitors.
 *
 * Owns: the hub owns views, watches and the history of deltas; monitors belong to their clients and are freed
 * before the hub.
 *
 * History rules: the hub keeps the deltas of the last commits for monitor_cond_since and for clients that lag, at
 * most HISTORY_DELTAS_MAX of them, as long as the old images that they keep alive cost no more than
 * HISTORY_BYTES_MIN and HISTORY_BYTES_PER_ROW times the number of rows in the database. */

#include <jansson.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

struct database;
struct delta;
struct monitor;
struct monitor_hub;
struct shared_bytes;

enum { HISTORY_DELTAS_MAX = 10000, HISTORY_BYTES_MIN = 4 << 20, HISTORY_BYTES_PER_ROW = 64 };

/* By method: "monitor", "monitor_cond", "monitor_cond_since"; by notification: "update", "update2", "update3". */
enum monitor_version { MONITOR_V1 = 1, MONITOR_V2, MONITOR_V3 };

/* Sends 'updates', the JSON of <table-updates> or <table-updates2>, to the owner of 'monitor'. */
typedef void monitor_emit_cb(void *aux, struct monitor *monitor, struct shared_bytes *updates);

struct monitor_hub *monitor_hub_new(struct database *db) MUST_USE;
void monitor_hub_free(struct monitor_hub *hub);
/* The same in slices, counting what is freed of the history in '*n_work' up to 'budget'.  Returns whether it is freed. */
bool monitor_hub_free_slice(struct monitor_hub *hub, size_t budget, size_t *n_work) MUST_USE;
/* Remembers 'delta' and calls 'emit' for each monitor that sees something of it and does not lag. */
void monitor_hub_commit(struct monitor_hub *hub, struct delta *delta, monitor_emit_cb *emit, void *aux);
const struct uuid *monitor_hub_last_txn(const struct monitor_hub *hub);  /* names the state now */
/* The name of the state that a hub starts with, before its first commit; random unless it is given. */
void monitor_hub_name_start(struct monitor_hub *hub, const struct uuid *txn_id);
size_t monitor_hub_n_monitors(const struct monitor_hub *hub);
size_t monitor_hub_n_history(const struct monitor_hub *hub);
/* Drops snapshots that nobody is being sent any more. */
void monitor_hub_trim(struct monitor_hub *hub);

/* Makes a monitor from <monitor-requests> or <monitor-cond-requests>.  'id' is its <json-value>, 'owner' the
 * caller's. */
struct err *monitor_new(struct monitor_hub *hub, enum monitor_version version, const json_t *requests,
                        const json_t *id, void *owner, struct monitor **ret) MUST_USE;
void monitor_free(struct monitor *monitor);
void *monitor_owner(const struct monitor *monitor);
enum monitor_version monitor_version(const struct monitor *monitor);
const char *monitor_id_text(const struct monitor *monitor);              /* as JSON */
void monitor_set_id(struct monitor *monitor, const json_t *id);
struct monitor_hub *monitor_get_hub(const struct monitor *monitor);

/* The contents for a new monitor: <table-updates> with "initial" rows.  Made in slices, the first by
 * monitor_prepare_initial(), which returns whether that was all, each other by monitor_hub_work(), which calls 'ready' for
 * monitors whose contents are complete, at most MONITORS_READY_AT_ONCE, because sending takes time too, and returns whether there
 * is more to do.  Meanwhile the monitor gets no
 * updates.  Between slices all commits must have gone through monitor_hub_commit(). */
enum { MONITORS_READY_AT_ONCE = 8 };
typedef void monitor_ready_cb(struct monitor *monitor);
bool monitor_prepare_initial(struct monitor *monitor) MUST_USE;
bool monitor_hub_work(struct monitor_hub *hub, monitor_ready_cb *ready);
bool monitor_hub_has_work(const struct monitor_hub *hub);
void monitor_finish_initial(struct monitor *monitor);        /* makes all that is missing at once */
/* The complete contents, in chunks, borrowed until the next monitor_hub_*().  The same bytes for all monitors of one watch that ask
 * for them while they are made, or until the database changes.  If it has changed already the monitor lags from there. */
struct initial {
    struct shared_bytes *const *chunks;
    size_t n_chunks, n_bytes;
    struct uuid txn_id;                                      /* names the state */
};
struct initial monitor_take_initial(struct monitor *monitor) MUST_USE;
/* What changed since the state named 'last_txn', or NULL if the history does not reach so far back. */
struct shared_bytes *monitor_since(struct monitor *monitor, const struct uuid *last_txn) MUST_USE;

/* Replaces conditions (<monitor-cond-update-requests>).  '*ret_updates' is what comes into sight and goes out of
 * it, or NULL if nothing does.  On error nothing changed. */
struct err *monitor_change(struct monitor *monitor, const json_t *requests, struct shared_bytes **ret_updates) MUST_USE;

/* A monitor that lags is left out by monitor_hub_commit(), until monitor_catch_up() returns what it missed (NULL:
 * nothing).  monitor_can_catch_up() is false when the history no longer has it. */
void monitor_set_lagging(struct monitor *monitor);           /* from the commit being emitted on, included */
bool monitor_is_lagging(const struct monitor *monitor);
bool monitor_can_catch_up(const struct monitor *monitor);
struct shared_bytes *monitor_catch_up(struct monitor *monitor) MUST_USE;

#endif
