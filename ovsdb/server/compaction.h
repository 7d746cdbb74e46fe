/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_COMPACTION_H
#define WEFT_OVSDB_SERVER_COMPACTION_H

/* What: replaces what is stored of a database by its contents, at once or by a child process while the server goes on.
 *
 * Why: writing 100,000 rows and waiting for the disk takes longer than clients may wait (docs/adr/0020-compaction-forks.md).
 *
 * How: hosted_want_compaction() only asks.  At the end of a turn, when nothing that was committed waits to be stored or
 * sent, hosted_run_compaction() begins: the child has the contents as they are then, and writes and syncs them.  At the
 * end of a turn after it has ended, hosted_run_compaction() completes: what was stored meanwhile goes behind it.
 * Without child processes (server_env) all of it is done in the first.
 *
 * Whatever else replaces what is stored must cancel a compaction first; hosted_write_snapshot() does. */

#include "ovsdb/server/hosted.h"

typedef void compaction_done_cb(void *aux, struct err *e /* taken */);

/* 'done' (may be NULL) is called once it is over.  Several that ask meanwhile share one compaction. */
void hosted_want_compaction(struct hosted *hosted, compaction_done_cb *done, void *aux);
void hosted_run_compaction(struct hosted *hosted, const struct server_env *env);
void hosted_cancel_compaction(struct hosted *hosted);        /* if it has begun */
void hosted_end_compaction(struct hosted *hosted);           /* also if it has not */
/* Makes what is stored the contents and the schema of 'db', durably, before it returns; or changes nothing. */
struct err *hosted_write_snapshot(struct hosted *hosted, struct database *db, const char *comment,
                                  const struct server_env *env) MUST_USE;

#endif
