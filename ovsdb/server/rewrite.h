/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_REWRITE_H
#define WEFT_OVSDB_SERVER_REWRITE_H

/* What: replaces what is stored of a database by the contents of one in memory, written and synced by a child process.
 *
 * Why: writing 100,000 rows and waiting for the disk takes longer than clients may wait (docs/adr/0020-compaction-forks.md).
 * Compaction and conversion both end so.
 *
 * How: rewrite_begin() forks; the child has the contents as they are then.  Once rewrite_is_running() is false,
 * rewrite_complete() gives the new file the old one's name, with what was stored meanwhile behind it.  Without child
 * processes (server_env) all is written and synced in rewrite_begin(). */

#include "ovsdb/server/database.h"

struct rewrite;
struct server_env;
struct storage;

/* One at a time for each 'storage'.  'env' and 'comment' live longer; 'db' must not go away or get rows of another schema
 * before the end.  When the child has ended 'env' is told to wake.  Errors: "I/O error"; no more processes. */
struct err *rewrite_begin(struct storage *storage, struct database *db, const char *comment, const struct server_env *env,
                          struct rewrite **ret) MUST_USE;
bool rewrite_is_running(const struct rewrite *rewrite);
/* Takes 'rewrite', which does not run.  What is stored is durable then; on error it is as before, unless
 * storage_is_broken(). */
struct err *rewrite_complete(struct rewrite *rewrite) MUST_USE;
void rewrite_cancel(struct rewrite *rewrite);                /* takes it; NULL is fine; nothing changed */
/* All of it before it returns, without a child. */
struct err *rewrite_now(struct storage *storage, struct database *db, const char *comment,
                        const struct server_env *env) MUST_USE;

#endif
