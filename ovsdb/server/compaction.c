/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/compaction.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "ovsdb/server/server.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_compaction);

struct waiter {
    compaction_done_cb *done;
    void *aux;
};

/* One that is wanted or runs. */
struct compaction {
    const struct server_env *env;
    VEC(struct waiter) waiters;
    struct storage_snapshot *snapshot;                       /* being written; NULL: not begun */
    struct database *db;                                     /* what is written */
    struct child *child;                                     /* that writes; NULL: it has ended */
    struct err *result;                                      /* owned: of the child */
    int64_t start_ms;
};

static const char comment[] = "compacting database online";

static struct err *
put_state(struct storage_snapshot *snapshot, struct database *db, const char *text, const struct server_env *env)
{
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    bool any = database_put_record(db, &record, env->wall_ms(), env->no_column_diff, text);
    struct err *e = !any ? NULL
        : buf_is_ok(&record) ? storage_snapshot_put(snapshot, str_n(record.data, record.size))
        : err_tagged("I/O error", "%s: database too large to store in one record", db->schema->name);
    buf_fini(&record);
    return e;
}

struct err *
hosted_write_snapshot(struct hosted *hosted, struct database *db, const char *text, const struct server_env *env)
{
    struct storage_snapshot *snapshot;
    hosted_cancel_compaction(hosted);
    struct err *e = storage_snapshot_begin(hosted->storage, db->schema, &snapshot);
    if (e) {
        return e;
    }
    e = put_state(snapshot, db, text, env);
    if (e) {
        storage_snapshot_abort(snapshot);
        return e;
    }
    return storage_snapshot_commit(snapshot, env->monotonic_ms());
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
    err_free(compaction->result);
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
    if (compaction->child) {
        compaction->env->kill(compaction->env->aux, compaction->child);
    }
    storage_snapshot_abort(compaction->snapshot);
    tell(compaction, err_new("compaction was canceled"));
}

void
hosted_cancel_compaction(struct hosted *hosted)
{
    if (hosted->compaction && hosted->compaction->snapshot) {
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

/* In the child. */
static struct err *
write_in_child(void *compaction_)
{
    struct compaction *compaction = compaction_;
    struct err *e = put_state(compaction->snapshot, compaction->db, comment, compaction->env);
    return e ? e : storage_snapshot_sync(compaction->snapshot);
}

static void
child_ended(void *compaction_, struct err *e)
{
    struct compaction *compaction = compaction_;
    compaction->child = NULL;
    compaction->result = e;
    compaction->env->wake(compaction->env->aux);
}

static struct err *
begin(struct hosted *hosted, const struct server_env *env)
{
    struct compaction *compaction = hosted->compaction;
    struct err *e = storage_snapshot_begin(hosted->storage, hosted->db->schema, &compaction->snapshot);
    if (e) {
        return e;
    }
    compaction->env = env;
    compaction->db = hosted->db;
    e = env->fork(env->aux, storage_snapshot_fd(compaction->snapshot), write_in_child, child_ended, compaction,
                  &compaction->child);
    if (e) {
        storage_snapshot_abort(compaction->snapshot);
        compaction->snapshot = NULL;
    }
    return e;
}

/* Takes the snapshot. */
static struct err *
complete(struct compaction *compaction, const struct server_env *env)
{
    struct err *e = compaction->result;
    compaction->result = NULL;
    if (e) {
        storage_snapshot_abort(compaction->snapshot);
        return e;
    }
    storage_snapshot_note_synced(compaction->snapshot);
    return storage_snapshot_commit(compaction->snapshot, env->monotonic_ms());
}

void
hosted_run_compaction(struct hosted *hosted, const struct server_env *env)
{
    struct compaction *compaction = hosted->compaction;
    if (!compaction || compaction->child) {
        return;
    }
    if (compaction->snapshot) {
        finish(hosted, env, complete(compaction, env));
        return;
    }
    compaction->start_ms = env->monotonic_ms();
    struct err *e = env->fork ? begin(hosted, env) : hosted_write_snapshot(hosted, hosted->db, comment, env);
    if (e || !env->fork) {
        finish(hosted, env, e);
    }
}
