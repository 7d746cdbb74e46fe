/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_REPLICATION_H
#define WEFT_OVSDB_SERVER_REPLICATION_H

/* What: active-backup replication (ovsdb(7), "Active-Backup Database Service Model"): as a backup, the server makes its
 * databases equal to those of the same names on the active server and keeps them so, in its files too; clients may read,
 * but not write or lock.
 *
 * Why: a backup can be promoted when the active server is lost.
 *
 * How it goes: on each connection the backup learns the active server's id (its own: it would copy itself, and becomes
 * active instead), databases and schemas.  A database is replicated if everything in the active's schema is here
 * with the same type; more may be here.  Then a follower takes over.
 *
 * Durability: all that is received in a turn is synced at its end, before anybody here sees it, so that a backup has on
 * its disk what it shows; promoting it adds no risk.  If that fails it is undone, and copied again.
 *
 * What cannot be replicated (another schema, updates that cannot be applied, a full disk) is logged and shown by
 * "sync-status"; after an update that failed the copy is compared anew, at the pace of reconnecting.
 *
 * Excluded tables are left as they are here.  What only they reference is garbage here, and not kept. */

#include "lib/base/err.h"

struct replication;
struct server;
struct upstream_env;

/* The server starts as active.  'env' is borrowed. */
struct replication *replication_new(struct server *server, const struct upstream_env *env) MUST_USE;
/* The same for one database alone; another may have another active server. */
struct replication *replication_new_for(struct server *server, const struct upstream_env *env, const char *database) MUST_USE;
void replication_free(struct replication *replication);

/* Configuration.  A new active server matters from the next replication_start() on, new exclusions at once. */
void replication_set_active_server(struct replication *replication, const char *target);
const char *replication_active_server(const struct replication *replication);    /* or NULL */
/* 'tables' is "DB:TABLE[,DB:TABLE]..."; they need not exist.  Errors: another form. */
struct err *replication_set_excluded(struct replication *replication, const char *tables) MUST_USE;
char *replication_excluded(const struct replication *replication) MUST_USE;      /* in that form; the caller frees it */
/* Of the connection, this one too; -1: the default. */
void replication_set_probe_interval(struct replication *replication, int64_t ms);
void replication_set_max_backoff(struct replication *replication, int64_t ms);

/* The role of a backup, or of an active server again.  Clients are to be disconnected after a change.
 * Errors: no active server is given, or it cannot be one. */
struct err *replication_start(struct replication *replication) MUST_USE;
void replication_stop(struct replication *replication);
bool replication_is_backup(const struct replication *replication);
/* To be called when databases were added or removed, before anything else happens. */
void replication_databases_changed(struct replication *replication);
/* The text of "sync-status".  The caller frees it. */
char *replication_status(const struct replication *replication) MUST_USE;

#endif
