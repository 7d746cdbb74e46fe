/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/compaction.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "ovsdb/server/rewrite.h"
#include "ovsdb/server/server.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_compaction);

struct waiter {
    compaction_done_cb *done;
    void *aux;
};

/* One that is wanted or runs. */
struct compaction {
    VEC(struct waiter) waiters;
    struct rewrite *rewrite;                                 /* owned; NULL: not begun */
    int64_t start_ms;
};

static const char comment[] = "compacting database online";

struct err *
hosted_write_snapshot(struct hosted *hosted, const struct server_env *env)
{
    hosted_cancel_compaction(hosted);
    return rewrite_now(hosted->storage, hosted->db, comment, env);
}

void
hosted_want_compaction(struct hosted *hosted, compaction_done_cb *done, void *aux)
{
    CHECK(hosted->storage);
    if (!hosted->compaction) {
        hosted->compaction = xcalloc(1, sizeof *hosted->compaction);
    }
    if (done) {
        vec_push(&hosted->compaction->waiters, (struct waiter) {done, aux});
    }
}

/* Frees 'compaction' and tells who waits, with the error 'e' (taken) or none. */
static void
tell(struct compaction *compaction, struct err *e)
{
    for (size_t i = 0; i < compaction->waiters.n; i++) {
        compaction->waiters.d[i].done(compaction->waiters.d[i].aux, e ? err_clone(e) : NULL);
    }
    vec_fini(&compaction->waiters);
    free(compaction);
    err_free(e);
}

void
hosted_end_compaction(struct hosted *hosted)
{
    struct compaction *compaction = hosted->compaction;
    if (!compaction) {
        return;
    }
    hosted->compaction = NULL;
    rewrite_cancel(compaction->rewrite);
    tell(compaction, err_new("compaction was canceled"));
}

bool
hosted_compaction_has_begun(const struct hosted *hosted)
{
    return hosted->compaction && hosted->compaction->rewrite;
}

void
hosted_cancel_compaction(struct hosted *hosted)
{
    if (hosted_compaction_has_begun(hosted)) {
        hosted_end_compaction(hosted);
    }
}

/* Ends the compaction of 'hosted' with the error 'e' (taken) or none. */
static void
finish(struct hosted *hosted, const struct server_env *env, struct err *e)
{
    struct compaction *compaction = hosted->compaction;
    hosted->compaction = NULL;
    if (e) {
        log_warn("%s: compaction failed: %s", hosted->name, err_detail(e));
        storage_note_snapshot_failed(hosted->storage, env->monotonic_ms());
    } else {
        log_info("%s: Database compaction took %lldms", hosted->name,
                 (long long) (env->monotonic_ms() - compaction->start_ms));
    }
    tell(compaction, e);
}

void
hosted_run_compaction(struct hosted *hosted, const struct server_env *env)
{
    struct compaction *compaction = hosted->compaction;
    if (!compaction || (compaction->rewrite && rewrite_is_running(compaction->rewrite))) {
        return;
    }
    struct err *e = NULL;
    if (!compaction->rewrite) {
        compaction->start_ms = env->monotonic_ms();
        e = rewrite_begin(hosted->storage, hosted->db, comment, env, &compaction->rewrite);
        if (!e && rewrite_is_running(compaction->rewrite)) {
            return;
        }
    }
    finish(hosted, env, e ? e : rewrite_complete(compaction->rewrite));
}
