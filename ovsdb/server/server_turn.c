/* SPDX-License-Identifier: Apache-2.0 */
/* The turn: what was committed becomes durable, and then known. */
#include <config.h>

#include "lib/base/counter.h"
#include "lib/base/log.h"
#include "ovsdb/server/compaction.h"
#include "ovsdb/server/server_private.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_turn);
COUNTER(ovsdb_write);
COUNTER(ovsdb_sync);
COUNTER(ovsdb_turn);

void
event_fini(struct event *event)
{
    delta_unref(event->delta);
    json_decref(event->id);
    buf_fini(&event->result);
}

void
server_queue_event(struct server *server, struct event event)
{
    vec_push(&server->events, event);
    server->env.wake(server->env.aux);
}

static void
fail_event(struct event *event, const struct err *e)
{
    delta_unref(event->delta);
    event->delta = NULL;
    if (event->session && !event->is_error) {
        struct execute_result result = {.text = event->result};
        execute_result_fail(&result, err_clone(e));
        event->result = result.text;
    }
}

/* Nobody has heard of what this turn committed: the commits behind the number 'n_kept' have not happened.  Of what came behind
 * the first of them all is refused, since it may have seen it. */
static void
undo_commits(struct server *server, struct hosted *hosted, uint64_t n_kept, const struct err *e)
{
    size_t first = server->events.n;
    for (size_t i = server->events.n; i-- > 0;) {
        const struct event *event = &server->events.d[i];
        if (event->hosted == hosted && event->delta && event->number > n_kept) {
            database_undo(hosted->db, event->delta);
            first = i;
        }
    }
    for (size_t i = first; i < server->events.n; i++) {
        if (server->events.d[i].hosted == hosted) {
            fail_event(&server->events.d[i], e);
        }
    }
    server->seqno++;
    if (hosted->undone) {
        hosted->undone(hosted->undone_aux, hosted);
    }
}

struct err *
server_write(struct server *server, struct hosted *hosted, const struct delta *last)
{
    if (!hosted->storage || !storage_n_waiting(hosted->storage)) {
        return NULL;
    }
    counter_inc(&counter_ovsdb_write);
    struct err *e = storage_write(hosted->storage, hosted->needs_sync);
    if (e) {
        log_err_rl("%s: commit failed: %s", hosted->name, err_detail(e));
        if (last) {
            database_undo(hosted->db, last);
        }
        undo_commits(server, hosted, storage_n_appended(hosted->storage), e);
    }
    return e;
}

static void
sync_database(struct server *server, struct hosted *hosted)
{
    counter_inc(&counter_ovsdb_sync);
    struct err *e = storage_sync(hosted->storage);
    if (e) {
        log_err_rl("%s: %s", hosted->name, err_detail(e));
        undo_commits(server, hosted, storage_n_at_mark(hosted->storage), e);
        storage_roll_back(hosted->storage);
        err_free(e);
    }
}

/* Stores what the turn has committed, durably where somebody asked for that. */
static void
store_databases(struct server *server)
{
    gather_close(&server->gather);
    STRMAP_FOR_EACH (node, &server->databases) {
        struct hosted *hosted = node->data;
        err_free(server_write(server, hosted, NULL));        /* who is concerned was told */
        if (hosted->needs_sync) {
            sync_database(server, hosted);
        }
        hosted->needs_sync = hosted->is_marked = false;
    }
}

void
server_flush_events(struct server *server)
{
    if (!server->events.n) {
        return;
    }
    store_databases(server);
    for (size_t i = 0; i < server->events.n; i++) {
        struct event event = server->events.d[i];            /* sending may close sessions, not queue events */
        if (event.delta) {
            monitor_hub_commit(event.hosted->hub, event.delta, session_emit_updates, server);
        }
        if (server->events.d[i].session) {
            if (event.delta || event.is_forwarded) {
                session_catch_up(event.session);             /* updates come before the reply */
            }
            session_reply_text(event.session, event.id, str_n(event.result.data, event.result.size));
        }
        event_fini(&event);
    }
    vec_clear(&server->events);
}

/* Makes one slice per database of what new monitors wait for. */
static void
make_snapshots(struct server *server)
{
    STRMAP_FOR_EACH (node, &server->databases) {
        struct monitor_hub *hub = ((struct hosted *) node->data)->hub;
        if (monitor_hub_has_work(hub)) {
            server_flush_events(server);
            server->has_work_left |= monitor_hub_work(hub, session_initial_ready);
        }
        monitor_hub_trim(hub);
    }
}

/* Repair and compaction.  A conversion makes both needless if it succeeds, and uses the same file for what it writes. */
static void
maintain_storage(struct server *server, struct hosted *hosted)
{
    if (!hosted->convert_call) {
        server->repair_ms = MIN(server->repair_ms, hosted_repair(hosted, &server->env, server->now_ms));
    }
    bool may_compact = !hosted->convert_call || (hosted_compaction_has_begun(hosted) && !hosted_is_being_stored_anew(hosted));
    if (!server->events.n && may_compact) {                  /* nothing that may yet be undone */
        hosted_run_compaction(hosted, &server->env);
    }
}

static void
handle_held_requests(struct server *server)
{
    for (size_t i = 0; server->n_held && i < server->sessions.n; i++) {
        session_handle_held(server->sessions.d[i]);
    }
}

static bool
sessions_have_work(const struct server *server)
{
    for (size_t i = 0; server->n_held && i < server->sessions.n; i++) {
        if (session_has_work(server->sessions.d[i])) {
            return true;
        }
    }
    return false;
}

void
server_run(struct server *server, int64_t now_ms)
{
    CHECK(!server->is_running);
    server->is_running = true;
    counter_inc(&counter_ovsdb_turn);
    server->now_ms = now_ms;
    handle_held_requests(server);
    if (!gather_should_hold(&server->gather, now_ms)) {
        do {
            server_flush_events(server);
        } while (server_retry_pending(server));
        server_flush_events(server);
    }
    server_check_backlogs(server);
    server->has_work_left = false;
    make_snapshots(server);
    grave_empty_slice(&server->grave, SERVER_SLICE_WORK);
    server->repair_ms = INT64_MAX;
    STRMAP_FOR_EACH (node, &server->databases) {
        server_run_conversion(server, node->data);
        maintain_storage(server, node->data);
    }
    server->has_work_left |= !grave_is_empty(&server->grave) || sessions_have_work(server);
    server->is_running = false;
}

void
server_settle(struct server *server)
{
    server_flush_events(server);
}

int64_t
server_next_wake_ms(const struct server *server)
{
    int64_t next_ms = server->has_work_left ? server->now_ms
                                            : MIN(server->repair_ms, gather_deadline_ms(&server->gather));
    for (size_t i = 0; i < server->pending.n; i++) {
        if (!server->pending.d[i]->hosted->convert_call) {
            next_ms = MIN(next_ms, server->pending.d[i]->deadline_ms);
        }
    }
    return next_ms;
}
