/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/rewrite.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/server/hosted.h"
#include "ovsdb/server/server.h"
#include "ovsdb/storage/storage.h"

MEM_TYPE(rewrite, "files being written anew");

struct rewrite {
    const struct server_env *env;
    struct storage_snapshot *snapshot;                       /* owned: being written */
    struct database *db;                                     /* borrowed: what is written */
    const char *comment;
    struct child *child;                                     /* that writes; NULL: it has ended */
    struct err *result;                                      /* owned: of the child */
};

static struct err *
put_state(const struct rewrite *rewrite)
{
    const struct server_env *env = rewrite->env;
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    bool any = database_put_record(rewrite->db, &record, env->wall_ms(), env->no_column_diff, rewrite->comment);
    struct err *e = !any ? NULL
        : buf_is_ok(&record) ? storage_snapshot_put(rewrite->snapshot, str_n(record.data, record.size))
        : err_tagged("I/O error", "%s: database too large to store in one record", rewrite->db->schema->name);
    buf_fini(&record);
    return e;
}

/* In the child, or without one. */
static struct err *
write_and_sync(void *rewrite_)
{
    struct rewrite *rewrite = rewrite_;
    struct err *e = put_state(rewrite);
    return e ? e : storage_snapshot_sync(rewrite->snapshot);
}

static void
child_ended(void *rewrite_, struct err *e)
{
    struct rewrite *rewrite = rewrite_;
    rewrite->child = NULL;
    rewrite->result = e;
    rewrite->env->wake(rewrite->env->aux);
}

static void
rewrite_free(struct rewrite *rewrite)
{
    err_free(rewrite->result);
    free(rewrite);
    mem_add(&mem_rewrite, -1);
}

static struct err *
begin(struct storage *storage, struct database *db, const char *comment, const struct server_env *env, bool may_fork,
      struct rewrite **ret)
{
    struct storage_snapshot *snapshot;
    struct err *e = storage_snapshot_begin(storage, db->schema, &snapshot);
    if (e) {
        return e;
    }
    struct rewrite *rewrite = xcalloc(1, sizeof *rewrite);
    *rewrite = (struct rewrite) {.env = env, .snapshot = snapshot, .db = db, .comment = comment};
    mem_add(&mem_rewrite, 1);
    e = may_fork && env->fork
        ? env->fork(env->aux, storage_snapshot_fd(snapshot), write_and_sync, child_ended, rewrite, &rewrite->child)
        : write_and_sync(rewrite);
    if (e) {
        rewrite_cancel(rewrite);
        return e;
    }
    *ret = rewrite;
    return NULL;
}

struct err *
rewrite_begin(struct storage *storage, struct database *db, const char *comment, const struct server_env *env,
              struct rewrite **ret)
{
    return begin(storage, db, comment, env, true, ret);
}

bool
rewrite_is_running(const struct rewrite *rewrite)
{
    return rewrite->child;
}

struct err *
rewrite_complete(struct rewrite *rewrite)
{
    CHECK(!rewrite->child);
    struct err *e = rewrite->result;
    rewrite->result = NULL;
    if (e) {
        storage_snapshot_abort(rewrite->snapshot);
    } else {
        storage_snapshot_note_synced(rewrite->snapshot);
        e = storage_snapshot_commit(rewrite->snapshot, rewrite->env->monotonic_ms());
    }
    rewrite_free(rewrite);
    return e;
}

void
rewrite_cancel(struct rewrite *rewrite)
{
    if (!rewrite) {
        return;
    }
    if (rewrite->child) {
        rewrite->env->kill(rewrite->env->aux, rewrite->child);
    }
    storage_snapshot_abort(rewrite->snapshot);
    rewrite_free(rewrite);
}

struct err *
rewrite_now(struct storage *storage, struct database *db, const char *comment, const struct server_env *env)
{
    struct rewrite *rewrite;
    struct err *e = begin(storage, db, comment, env, false, &rewrite);
    return e ? e : rewrite_complete(rewrite);
}
