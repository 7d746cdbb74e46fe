/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of clients, of the server itself and of sources: executed, stored, and made to wait. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/counter.h"
#include "lib/base/log.h"
#include "ovsdb/server/parse.h"
#include "ovsdb/server/relay.h"
#include "ovsdb/server/server_private.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_transact);
COUNTER(ovsdb_transact);
COUNTER(ovsdb_commit);
COUNTER(ovsdb_transact_failed);
COUNTER(ovsdb_transact_waited);
COUNTER(ovsdb_rows_changed);

static void
pending_free(struct pending *pending)
{
    if (pending->session) {
        pending->session->n_pending--;
    }
    json_decref(pending->id);
    json_decref(pending->params);
    free(pending);
}

/* Ends one of those that wait.  It leaves a gap until sweep_pending(), so that the others stay in the order they came. */
static void
end_pending(struct server *server, size_t i)
{
    pending_free(server->pending.d[i]);
    server->pending.d[i] = NULL;
}

static void
sweep_pending(struct server *server)
{
    size_t n = 0;
    for (size_t i = 0; i < server->pending.n; i++) {
        if (server->pending.d[i]) {
            server->pending.d[n++] = server->pending.d[i];
        }
    }
    server->pending.n = n;
}

static void
wake_waiting(struct server *server, const struct hosted *hosted, uint64_t tables)
{
    for (size_t i = 0; i < server->pending.n; i++) {
        struct pending *pending = server->pending.d[i];      /* NULL if it is just over */
        if (pending && pending->hosted == hosted) {
            pending->is_due |= (pending->tables & tables) != 0;
        }
    }
}

/* "tlog-set": what the transaction did to the tables that are traced. */
static void
trace_delta(const struct hosted *hosted, const struct delta *delta)
{
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *c = &delta->changes[i];
        if (row_table(hosted->db, c->new ? c->new : c->old)->is_traced) {
            struct buf text = BUF_INIT(1 << 16);
            image_put_json(&text, c->new ? c->new : c->old,
                           c->new && c->old ? image_changed_columns(c->old, c->new)
                                            : table_all_columns(change_table(c), false, false));
            log_info_rl("%s: %s %s %s %s", hosted->name, change_table(c)->name, uuid_text(change_uuid(c)),
                        !c->old ? "insert" : !c->new ? "delete" : "update", buf_text(&text));
            buf_fini(&text);
        }
    }
}

/* Of the transaction just stored. */
static uint64_t
stored_number(const struct hosted *hosted)
{
    return hosted->storage ? storage_n_appended(hosted->storage) : 0;
}

/* Puts 'delta', which was just committed, into the storage.  It is stored by the end of the turn.  On error it is undone. */
static struct err *
store(struct server *server, struct hosted *hosted, const struct delta *delta)
{
    struct err *e = hosted_store(hosted, delta, &server->env);
    if (e) {
        log_err_rl("%s: commit failed: %s", hosted->name, err_detail(e));
        return e;
    }
    counter_inc(&counter_ovsdb_commit);
    counter_add(&counter_ovsdb_rows_changed, delta->n);
    server->seqno++;
    trace_delta(hosted, delta);
    wake_waiting(server, hosted, delta->tables);
    return NULL;
}

/* The same for those who have to know at once. */
static struct err *
store_now(struct server *server, struct hosted *hosted, const struct delta *delta)
{
    struct err *e = store(server, hosted, delta);
    return e ? e : server_write(server, hosted, delta);
}

/* Stores what 'result' committed, if anything, 'now' or by the end of the turn. */
static void
store_result(struct server *server, struct hosted *hosted, struct execute_result *result, bool now)
{
    if (!result->delta) {
        return;
    }
    struct err *e = now ? store_now(server, hosted, result->delta) : store(server, hosted, result->delta);
    if (e) {
        delta_unref(result->delta);
        result->delta = NULL;
        execute_result_fail(result, e);
    }
}

struct err *
server_commit(struct server *server, struct hosted *hosted, struct delta *delta)
{
    CHECK(!hosted->convert_call);
    struct err *e = store_now(server, hosted, delta);
    if (e) {
        delta_unref(delta);
        return e;
    }
    server_queue_event(server, (struct event) {.hosted = hosted, .delta = delta, .number = stored_number(hosted)});
    return NULL;
}

static bool
owns_lock(void *session, const char *name)
{
    return lock_table_owns(&((struct session *) session)->server->locks, name, session);
}

static void
try_transaction(struct session *session, struct hosted *hosted, const json_t *params, int64_t elapsed_ms,
                struct execute_result *result)
{
    struct execute_request request = {
        .db = hosted->db, .params = params, .is_read_only = session->is_read_only || server_is_copy(session->server, hosted),
        .is_reserved = hosted->is_internal, .is_rehearsal = hosted->relay, .client = session_rbac_client(session),
        .owns_lock = owns_lock, .aux = session, .elapsed_ms = elapsed_ms,
    };
    counter_inc(&counter_ovsdb_transact);
    execute(&request, result);
    if (!result->must_wait) {
        store_result(session->server, hosted, result, false);
    }
    counter_add(&counter_ovsdb_transact_failed, result->failed);
    counter_add(&counter_ovsdb_transact_waited, result->must_wait);
}

static void
queue_result(struct session *session, struct hosted *hosted, const json_t *params, json_t *id,
             struct execute_result *result)
{
    if (hosted->relay && !result->failed && (result->has_writes || result->is_durable)) {
        execute_result_fini(result);
        relay_forward(hosted->relay, session, "transact", params, id);
        return;
    }
    if (result->is_durable && !result->failed && hosted->storage) {
        hosted->needs_sync = true;
        gather_add(&session->server->gather, &session->gathered);
    }
    server_queue_event(session->server, (struct event) {
        .hosted = hosted, .delta = result->delta, .session = session, .id = json_incref(id), .result = result->text,
        .is_error = result->failed, .number = stored_number(hosted),
    });
    if (hosted->storage && storage_n_waiting(hosted->storage) > SERVER_WAITING_BYTES) {
        err_free(server_write(session->server, hosted, NULL));           /* who is concerned was told */
    }
}

static void
add_pending(struct session *session, struct hosted *hosted, const json_t *params, json_t *id, int64_t now_ms,
            const struct execute_result *result)
{
    struct pending *pending = xmalloc(sizeof *pending);
    *pending = (struct pending) {
        .session = session, .hosted = hosted, .id = json_incref(id), .params = json_incref((json_t *) params),
        .started_ms = now_ms, .tables = result->wait_tables,
        .deadline_ms = result->timeout_ms < 0 ? INT64_MAX : now_ms + result->timeout_ms,
    };
    session->n_pending++;
    vec_push(&session->server->pending, pending);
}

void
server_execute(struct session *session, struct hosted *hosted, const json_t *params, json_t *id, int64_t now_ms)
{
    struct execute_result result;
    try_transaction(session, hosted, params, 0, &result);
    if (result.must_wait && session->n_pending < SESSION_PENDING_MAX) {
        add_pending(session, hosted, params, id, now_ms, &result);
        execute_result_fini(&result);
        session->server->env.wake(session->server->env.aux);     /* there is a new deadline */
        return;
    }
    if (result.must_wait) {
        execute_result_fail(&result, session_too_many_error());
    }
    queue_result(session, hosted, params, id, &result);
}

bool
server_retry_pending(struct server *server)
{
    bool any = false;
    for (size_t i = 0; i < server->pending.n; i++) {
        struct pending *p = server->pending.d[i];
        if (p->hosted->convert_call || (!p->is_due && server->now_ms < p->deadline_ms)) {
            continue;
        }
        any = true;
        p->is_due = false;
        struct execute_result result;
        try_transaction(p->session, p->hosted, p->params, server->now_ms - p->started_ms, &result);
        if (result.must_wait) {
            p->tables = result.wait_tables;
            p->deadline_ms = result.timeout_ms < 0 ? INT64_MAX : p->started_ms + result.timeout_ms;
            execute_result_fini(&result);
            continue;
        }
        queue_result(p->session, p->hosted, p->params, p->id, &result);
        end_pending(server, i);
    }
    sweep_pending(server);
    return any;
}

void
server_queue_forwarded(struct session *session, struct hosted *hosted, const json_t *id, struct str result)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put_str(&text, result);
    server_queue_event(session->server, (struct event) {
        .hosted = hosted, .session = session, .id = json_incref((json_t *) id), .result = text, .is_forwarded = true,
    });
}

void
server_forget_pending(struct server *server, const struct session *session)
{
    for (size_t i = 0; i < server->pending.n; i++) {
        if (server->pending.d[i]->session == session) {
            end_pending(server, i);
        }
    }
    sweep_pending(server);
}

static void
cancel_at(struct server *server, size_t i)
{
    const struct pending *pending = server->pending.d[i];
    session_reply_canceled(pending->session, pending->id);
    end_pending(server, i);
}

bool
server_cancel(struct server *server, struct session *session, const json_t *id)
{
    for (size_t i = 0; i < server->pending.n; i++) {
        if (server->pending.d[i]->session == session && json_equal(server->pending.d[i]->id, id)) {
            cancel_at(server, i);
            sweep_pending(server);
            return true;
        }
    }
    STRMAP_FOR_EACH (node, &server->databases) {
        if (relay_cancel(((struct hosted *) node->data)->relay, session, id)) {
            return true;
        }
    }
    return false;
}

void
server_cancel_all(struct server *server, const struct hosted *hosted)
{
    for (size_t i = 0; i < server->pending.n; i++) {
        if (server->pending.d[i]->hosted == hosted) {
            cancel_at(server, i);
        }
    }
    sweep_pending(server);
}

struct err *
server_transact(struct server *server, const char *name, json_t *operations)
{
    struct hosted *hosted = server_hosted(server, name);
    CHECK(hosted);
    bool is_source_elsewhere = hosted->relay || server_is_copy(server, hosted);
    if (is_source_elsewhere || hosted->convert_call) {
        json_decref(operations);
        return NULL;
    }
    json_array_insert_new(operations, 0, json_string(name));
    struct execute_request request = {.db = hosted->db, .params = operations};
    struct execute_result result;
    execute(&request, &result);
    store_result(server, hosted, &result, true);
    struct err *e = result.failed ? err_new("%s", buf_text(&result.text)) : NULL;
    if (result.delta) {
        server_queue_event(server, (struct event) {
            .hosted = hosted, .delta = delta_ref(result.delta), .number = stored_number(hosted)});
    }
    execute_result_fini(&result);
    json_decref(operations);
    return e;
}
