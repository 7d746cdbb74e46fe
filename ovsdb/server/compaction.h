/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_COMPACTION_H
#define WEFT_OVSDB_SERVER_COMPACTION_H

/* What: replaces what is stored of a database by its contents, without the history, while the server goes on.
 *
 * How: hosted_want_compaction() only asks.  At the end of a turn, when nothing that was committed waits to be stored or
 * sent, hosted_run_compaction() begins: a child writes the contents as they are then (rewrite.h).  At the end of a turn after
 * the child has ended, hosted_run_compaction() completes: what was stored meanwhile goes behind it.
 *
 * Whatever else replaces what is stored must cancel a compaction first; hosted_write_snapshot() does. */

#include "ovsdb/server/hosted.h"

typedef void compaction_done_cb(void *aux, struct err *e /* taken */);

/* 'done' (may be NULL) is called once it is over.  Several that ask meanwhile share one compaction. */
void hosted_want_compaction(struct hosted *hosted, compaction_done_cb *done, void *aux);
void hosted_run_compaction(struct hosted *hosted, const struct server_env *env);
bool hosted_compaction_has_begun(const struct hosted *hosted);
void hosted_cancel_compaction(struct hosted *hosted);        /* if it has begun */
void hosted_end_compaction(struct hosted *hosted);           /* also if it has not */
/* The same at once and without a child, before it returns. */
struct err *hosted_write_snapshot(struct hosted *hosted, const struct server_env *env) MUST_USE;

#endif
