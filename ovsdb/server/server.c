/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/server.h"

#include <stdlib.h>

#include "lib/base/counter.h"
#include "lib/base/log.h"
#include "ovsdb/server/compaction.h"
#include "ovsdb/server/parse.h"
#include "ovsdb/server/relay.h"
#include "ovsdb/server/server_private.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_server);
COUNTER(ovsdb_transact);
COUNTER(ovsdb_commit);
COUNTER(ovsdb_sync);

static const char server_schema_text[] =
    "{\"name\":\"_Server\",\"version\":\"1.2.0\",\"cksum\":\"3009684573 744\",\"tables\":{\"Database\":{\"columns\":{"
    "\"name\":{\"type\":\"string\"},"
    "\"model\":{\"type\":{\"key\":{\"type\":\"string\",\"enum\":[\"set\",[\"clustered\",\"relay\",\"standalone\"]]}}},"
    "\"connected\":{\"type\":\"boolean\"},"
    "\"leader\":{\"type\":\"boolean\"},"
    "\"schema\":{\"type\":{\"key\":\"string\",\"min\":0}},"
    "\"cid\":{\"type\":{\"key\":\"uuid\",\"min\":0}},"
    "\"sid\":{\"type\":{\"key\":\"uuid\",\"min\":0}},"
    "\"index\":{\"type\":{\"key\":\"integer\",\"min\":0}}},\"isRoot\":true}}}";
static const char server_db_name[] = "_Server";

static void
add_internal_database(struct server *server)
{
    struct schema *schema;
    struct err *e = schema_from_text(str_from(server_schema_text), &schema);
    CHECK(!e);
    struct hosted *hosted;
    e = hosted_open(schema, NULL, &hosted);
    CHECK(!e);
    hosted->is_internal = true;
    schema_unref(schema);
    strmap_set(&server->databases, hosted->name, hosted);
    server_publish(server, hosted);
}

struct server *
server_new(const struct server_env *env)
{
    struct server *server = xcalloc(1, sizeof *server);
    server->id = uuid_random();
    server->env = *env;
    server->repair_ms = INT64_MAX;
    strmap_init(&server->databases);
    lock_table_init(&server->locks, session_lock_changed);
    add_internal_database(server);
    return server;
}

static void
event_fini(struct event *event)
{
    delta_unref(event->delta);
    json_decref(event->id);
    buf_fini(&event->result);
}

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

void
server_free(struct server *server)
{
    if (!server) {
        return;
    }
    CHECK(!server->sessions.n && !server->pending.n);
    for (size_t i = 0; i < server->events.n; i++) {
        event_fini(&server->events.d[i]);
    }
    vec_fini(&server->events);
    vec_fini(&server->pending);
    vec_fini(&server->sessions);
    STRMAP_FOR_EACH (node, &server->databases) {
        relay_free(((struct hosted *) node->data)->relay);
        hosted_free(node->data);
    }
    strmap_fini(&server->databases);
    lock_table_fini(&server->locks);
    free(server);
}

const struct uuid *
server_id(const struct server *server)
{
    return &server->id;
}

uint64_t
server_seqno(const struct server *server)
{
    return server->seqno;
}

struct hosted *
server_hosted(const struct server *server, const char *name)
{
    return strmap_get(&server->databases, name);
}

struct database *
server_database(const struct server *server, const char *name)
{
    struct hosted *hosted = server_hosted(server, name);
    return hosted ? hosted->db : NULL;
}

const struct schema *
server_schema(const struct server *server, const char *name)
{
    struct hosted *hosted = server_hosted(server, name);
    return hosted ? hosted->db->schema : NULL;
}

bool
server_awaits_schema(const struct server *server, const char *name)
{
    const struct hosted *hosted = server_hosted(server, name);
    return hosted && hosted->is_unavailable;
}

/* Queues the reply, which is 'text' (moved). */
static void
queue_event(struct server *server, struct event event)
{
    vec_push(&server->events, event);
    server->env.wake(server->env.aux);
}

static void
wake_waiting(struct server *server, const struct hosted *hosted, uint64_t tables)
{
    for (size_t i = 0; i < server->pending.n; i++) {
        struct pending *pending = server->pending.d[i];
        pending->is_due |= pending->hosted == hosted && pending->tables & tables;
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

/* Stores 'delta', which was just committed.  On error it is undone. */
static struct err *
store(struct server *server, struct hosted *hosted, const struct delta *delta)
{
    struct err *e = hosted_store(hosted, delta, &server->env);
    if (e) {
        log_err_rl("%s: commit failed: %s", hosted->name, err_detail(e));
        return e;
    }
    counter_inc(&counter_ovsdb_commit);
    server->seqno++;
    trace_delta(hosted, delta);
    wake_waiting(server, hosted, delta->tables);
    return NULL;
}

/* Stores what 'result' committed, if anything. */
static void
store_result(struct server *server, struct hosted *hosted, struct execute_result *result)
{
    if (!result->delta) {
        return;
    }
    struct err *e = store(server, hosted, result->delta);
    if (e) {
        delta_unref(result->delta);
        result->delta = NULL;
        execute_result_fail(result, e);
    }
}

struct err *
server_commit(struct server *server, struct hosted *hosted, struct delta *delta)
{
    struct err *e = store(server, hosted, delta);
    if (e) {
        delta_unref(delta);
        return e;
    }
    queue_event(server, (struct event) {.hosted = hosted, .delta = delta, .number = stored_number(hosted)});
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
        .db = hosted->db, .params = params, .is_read_only = session->is_read_only || session->server->is_backup,
        .is_reserved = hosted->is_internal, .is_rehearsal = hosted->relay, .client = session_rbac_client(session),
        .owns_lock = owns_lock, .aux = session, .elapsed_ms = elapsed_ms,
    };
    counter_inc(&counter_ovsdb_transact);
    execute(&request, result);
    if (!result->must_wait) {
        store_result(session->server, hosted, result);
    }
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
    queue_event(session->server, (struct event) {
        .hosted = hosted, .delta = result->delta, .session = session, .id = json_incref(id), .result = result->text,
        .is_error = result->failed, .number = stored_number(hosted),
    });
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
        execute_result_fail(&result, err_tagged("resources exhausted", "Too many transactions are waiting."));
    }
    queue_result(session, hosted, params, id, &result);
}

/* Tries the waiting transactions again that may now go on.  True if there were any. */
static bool
retry_pending(struct server *server)
{
    bool any = false;
    for (size_t i = 0; i < server->pending.n;) {
        struct pending *p = server->pending.d[i];
        if (!p->is_due && server->now_ms < p->deadline_ms) {
            i++;
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
            i++;
            continue;
        }
        queue_result(p->session, p->hosted, p->params, p->id, &result);
        vec_remove_fast(&server->pending, i);
        pending_free(p);
    }
    return any;
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

/* Nobody has heard of what this turn committed, so none of it has happened.  Of what came behind the first commit that is
 * undone all is refused, since it may have seen it. */
static void
undo_turn(struct server *server, struct hosted *hosted, const struct err *e)
{
    uint64_t n_kept = storage_n_at_mark(hosted->storage);
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
    storage_roll_back(hosted->storage);
    server->seqno++;
}

static void
sync_databases(struct server *server)
{
    gather_close(&server->gather);
    STRMAP_FOR_EACH (node, &server->databases) {
        struct hosted *hosted = node->data;
        bool needs_sync = hosted->needs_sync;
        hosted->needs_sync = hosted->is_marked = false;
        if (!needs_sync) {
            continue;
        }
        counter_inc(&counter_ovsdb_sync);
        struct err *e = storage_sync(hosted->storage);
        if (e) {
            log_err_rl("%s: %s", hosted->name, err_detail(e));
            undo_turn(server, hosted, e);
            err_free(e);
        }
    }
}

void
server_flush_events(struct server *server)
{
    if (!server->events.n) {
        return;
    }
    sync_databases(server);
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
    server->has_snapshots_to_make = false;
    STRMAP_FOR_EACH (node, &server->databases) {
        struct monitor_hub *hub = ((struct hosted *) node->data)->hub;
        if (monitor_hub_has_work(hub)) {
            server_flush_events(server);
            server->has_snapshots_to_make |= monitor_hub_work(hub, session_initial_ready);
        }
        monitor_hub_trim(hub);
    }
}

void
server_run(struct server *server, int64_t now_ms)
{
    CHECK(!server->is_running);
    server->is_running = true;
    server->now_ms = now_ms;
    if (!gather_should_hold(&server->gather, now_ms)) {
        do {
            server_flush_events(server);
        } while (retry_pending(server));
        server_flush_events(server);
    }
    for (size_t i = 0; i < server->sessions.n; i++) {
        session_check_backlog(server->sessions.d[i]);
    }
    make_snapshots(server);
    server->repair_ms = INT64_MAX;
    STRMAP_FOR_EACH (node, &server->databases) {
        server->repair_ms = MIN(server->repair_ms, hosted_repair(node->data, &server->env, now_ms));
        if (!server->events.n) {                             /* nothing that may yet be undone */
            hosted_run_compaction(node->data, &server->env);
        }
    }
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
    int64_t next_ms = server->has_snapshots_to_make ? server->now_ms
                                                    : MIN(server->repair_ms, gather_deadline_ms(&server->gather));
    for (size_t i = 0; i < server->pending.n; i++) {
        next_ms = MIN(next_ms, server->pending.d[i]->deadline_ms);
    }
    return next_ms;
}

void
server_forget_session(struct server *server, struct session *session)
{
    for (size_t i = 0; i < server->events.n; i++) {
        if (server->events.d[i].session == session) {
            server->events.d[i].session = NULL;
        }
    }
    for (size_t i = server->pending.n; i-- > 0;) {
        struct pending *pending = server->pending.d[i];
        if (pending->session == session) {
            vec_remove_fast(&server->pending, i);
            pending_free(pending);
        }
    }
    STRMAP_FOR_EACH (node, &server->databases) {
        relay_forget_session(((struct hosted *) node->data)->relay, session);
    }
}

void
server_queue_forwarded(struct session *session, struct hosted *hosted, const json_t *id, struct str result)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put_str(&text, result);
    queue_event(session->server, (struct event) {
        .hosted = hosted, .session = session, .id = json_incref((json_t *) id), .result = text, .is_forwarded = true,
    });
}

/* RFC 7047, section 4.1.4: the reply to a canceled transaction has the error "canceled". */
static void
cancel_at(struct server *server, size_t i)
{
    struct pending *pending = server->pending.d[i];
    vec_remove_fast(&server->pending, i);
    session_reply_error(pending->session, pending->id, str_from("\"canceled\""));
    pending_free(pending);
}

bool
server_cancel(struct server *server, struct session *session, const json_t *id)
{
    for (size_t i = 0; i < server->pending.n; i++) {
        if (server->pending.d[i]->session == session && json_equal(server->pending.d[i]->id, id)) {
            cancel_at(server, i);
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

struct err *
server_transact(struct server *server, const char *name, json_t *operations)
{
    struct hosted *hosted = server_hosted(server, name);
    CHECK(hosted);
    if (hosted->relay || (server->is_backup && !hosted->is_internal)) {
        json_decref(operations);                             /* what it holds is its source's */
        return NULL;
    }
    json_array_insert_new(operations, 0, json_string(name));
    struct execute_request request = {.db = hosted->db, .params = operations};
    struct execute_result result;
    execute(&request, &result);
    store_result(server, hosted, &result);
    struct err *e = result.failed ? err_new("%s", buf_text(&result.text)) : NULL;
    if (result.delta) {
        queue_event(server, (struct event) {
            .hosted = hosted, .delta = delta_ref(result.delta), .number = stored_number(hosted)});
    }
    execute_result_fini(&result);
    json_decref(operations);
    return e;
}

/* The _Server database. */

static json_t *
published_row(const struct hosted *hosted)
{
    json_t *schema = hosted->is_unavailable ? json_pack("[s, []]", "set") : json_string(hosted->schema_text);
    return json_pack("{s:s, s:s, s:o, s:b, s:b}", "name", hosted->name, "model", hosted->relay ? "relay" : "standalone",
                     "schema", schema, "connected", !hosted->is_disconnected, "leader", !hosted->relay);
}

void
server_publish(struct server *server, struct hosted *hosted)
{
    hosted->server_row = uuid_random();
    struct err *e = server_transact(server, server_db_name, json_pack(
        "[{s:s, s:s, s:s, s:o}]", "op", "insert", "table", "Database", "uuid", uuid_text(&hosted->server_row),
        "row", published_row(hosted)));
    CHECK(!e);
}

void
server_republish(struct server *server, struct hosted *hosted)
{
    struct err *e = server_transact(server, server_db_name, json_pack(
        "[{s:s, s:s, s:[[s, s, [s, s]]], s:o}]", "op", "update", "table", "Database", "where", "_uuid", "==", "uuid",
        uuid_text(&hosted->server_row), "row", published_row(hosted)));
    CHECK(!e);
}

static void
unpublish(struct server *server, struct hosted *hosted)
{
    struct err *e = server_transact(server, server_db_name, json_pack(
        "[{s:s, s:s, s:[[s, s, [s, s]]]}]", "op", "delete", "table", "Database", "where", "_uuid", "==", "uuid",
        uuid_text(&hosted->server_row)));
    CHECK(!e);
}

void
server_publish_schema(struct server *server, struct hosted *hosted)
{
    struct err *e = server_transact(server, server_db_name, json_pack(
        "[{s:s, s:s, s:[[s, s, [s, s]]], s:{s:s}}]", "op", "update", "table", "Database", "where", "_uuid", "==",
        "uuid", uuid_text(&hosted->server_row), "row", "schema", hosted->schema_text));
    CHECK(!e);
}

void
server_disconnect_unaware(struct server *server, const char *reason)
{
    server_flush_events(server);
    for (size_t i = 0; i < server->sessions.n; i++) {
        if (!server->sessions.d[i]->is_change_aware) {
            session_close(server->sessions.d[i], reason);
        }
    }
}

void
server_end_use(struct server *server, const struct hosted *hosted)
{
    for (size_t i = server->pending.n; i-- > 0;) {
        if (server->pending.d[i]->hosted == hosted) {
            cancel_at(server, i);
        }
    }
    for (size_t i = 0; i < server->sessions.n; i++) {
        session_cancel_monitors(server->sessions.d[i], hosted->hub);
    }
}

struct err *
server_check_name(const struct server *server, const char *name)
{
    return server_hosted(server, name) ? err_new("%s: duplicate database name", name) : NULL;
}

void
server_host(struct server *server, struct hosted *hosted)
{
    strmap_set(&server->databases, hosted->name, hosted);
    server_publish(server, hosted);
    server_disconnect_unaware(server, "database added");
}

struct err *
server_add_database(struct server *server, struct storage *storage)
{
    struct schema *schema = storage_schema(storage);
    struct err *e = server_check_name(server, schema->name);
    if (e) {
        storage_close(storage);
        return e;
    }
    struct hosted *hosted;
    e = hosted_open(schema, storage, &hosted);
    if (e) {
        return e;
    }
    server_host(server, hosted);
    return NULL;
}

struct err *
server_remove_database(struct server *server, const char *name)
{
    struct hosted *hosted = server_hosted(server, name);
    if (!hosted || hosted->is_internal) {
        return err_new("Failed to find the database.");
    }
    unpublish(server, hosted);
    server_disconnect_unaware(server, "database removed");
    server_end_use(server, hosted);
    relay_free(hosted->relay);
    strmap_remove(&server->databases, name);
    hosted_free(hosted);
    return NULL;
}

/* What server_compact() was asked. */
struct compact_request {
    size_t n_left;                                           /* databases */
    struct err *e;                                           /* the first that happened */
    compaction_done_cb *done;
    void *aux;
};

static void
one_is_compacted(void *request_, struct err *e)
{
    struct compact_request *request = request_;
    if (request->e) {
        err_free(e);
    } else {
        request->e = e;
    }
    if (!--request->n_left) {
        request->done(request->aux, request->e);
        free(request);
    }
}

void
server_compact(struct server *server, const char *name, void (*done)(void *aux, struct err *e), void *aux)
{
    if (name && (!server_hosted(server, name) || server_hosted(server, name)->is_internal)) {
        done(aux, err_new("no database by that name"));
        return;
    }
    struct compact_request *request = xcalloc(1, sizeof *request);
    *request = (struct compact_request) {.n_left = 1, .done = done, .aux = aux};
    STRMAP_FOR_EACH (node, &server->databases) {
        struct hosted *hosted = node->data;
        if (hosted->storage && (!name || !strcmp(name, node->key))) {
            request->n_left++;
            hosted_want_compaction(hosted, one_is_compacted, request);
        }
    }
    one_is_compacted(request, NULL);
    server->env.wake(server->env.aux);
}

void
server_disable_monitor_cond(struct server *server)
{
    server->monitor_cond_is_disabled = true;
}

struct err *
server_set_tlog(struct server *server, const char *database, const char *table_name, bool on)
{
    struct database *db = server_database(server, database);
    struct db_table *table = db ? database_table(db, table_name) : NULL;
    if (!table) {
        return db ? err_new("table %s not found in db %s", table_name, database)
                  : err_new("database %s not found", database);
    }
    table->is_traced = on;
    return NULL;
}

char *
server_list_tlog(const struct server *server)
{
    size_t n;
    struct strmap_node **nodes = strmap_sorted(&server->databases, &n);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&text, "database        table                       logging\n"
                    "--------        -----                       -------\n");
    for (size_t i = 0; i < n; i++) {
        const struct database *db = ((struct hosted *) nodes[i]->data)->db;
        buf_printf(&text, "%-16s \n", nodes[i]->key);
        for (uint32_t j = 0; j < db->schema->n_tables; j++) {
            buf_printf(&text, "                %-28s%s\n", db->schema->tables[j].name,
                       db->tables[j].is_traced ? "ON" : "OFF");
        }
    }
    free(nodes);
    return buf_take_text(&text);
}

char **
server_database_names(const struct server *server, size_t *ret_n)
{
    struct strmap_node **nodes = strmap_sorted(&server->databases, ret_n);
    char **names = xcalloc(*ret_n + 1, sizeof *names);
    for (size_t i = 0; i < *ret_n; i++) {
        names[i] = xstrdup(nodes[i]->key);
    }
    free(nodes);
    return names;
}

void
server_statistics(const struct server *server, struct server_statistics *ret)
{
    *ret = (struct server_statistics) {.n_sessions = server->sessions.n, .n_pending = server->pending.n};
    STRMAP_FOR_EACH (node, &server->databases) {
        const struct hosted *hosted = node->data;
        const struct database *db = hosted->db;
        ret->n_monitors += monitor_hub_n_monitors(hosted->hub);
        ret->n_history += monitor_hub_n_history(hosted->hub);
        for (uint32_t i = 0; i < db->schema->n_tables; i++) {
            ret->n_rows += db->tables[i].n_rows;
            ret->n_cells += db->tables[i].n_rows * db->schema->tables[i].n_columns;
        }
    }
    for (size_t i = 0; i < server->sessions.n; i++) {
        ret->backlog += server->sessions.d[i]->output->backlog(server->sessions.d[i]->aux);
    }
}
