/* SPDX-License-Identifier: Apache-2.0 */
/* The monitors of one client: requests and updates. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/net/stream.h"
#include "ovsdb/server/parse.h"
#include "ovsdb/server/server_private.h"

LOG_MODULE(ovsdb_monitor);

static void
send_part(struct session *session, const char *p, size_t n)
{
    session->output->send(session->aux, p, n);
}

/* Sends 'prefix', the shared 'parts', 'n_bytes' together, and 'suffix' as one message. */
static void
send_around(struct session *session, const struct buf *prefix, struct shared_bytes *const *parts, size_t n,
            size_t n_bytes, const char *suffix)
{
    if (session->is_closing) {
        return;
    }
    session_sends(session, n_bytes);
    send_part(session, prefix->data, prefix->size);
    for (size_t i = 0; i < n; i++) {
        session->output->send_shared(session->aux, parts[i]);
    }
    send_part(session, suffix, strlen(suffix));
}

static void
send_updates(struct session *session, const struct monitor *monitor, struct shared_bytes *updates)
{
    static const char *const methods[] = {[MONITOR_V1] = "update", [MONITOR_V2] = "update2", [MONITOR_V3] = "update3"};
    enum monitor_version version = monitor_version(monitor);
    struct buf prefix = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&prefix, "{\"id\":null,\"method\":\"");
    buf_puts(&prefix, methods[version]);
    buf_puts(&prefix, "\",\"params\":[");
    buf_puts(&prefix, monitor_id_text(monitor));
    buf_putc(&prefix, ',');
    if (version == MONITOR_V3) {
        char text[UUID_LENGTH + 1];
        buf_putc(&prefix, '"');
        buf_puts(&prefix, uuid_format(monitor_hub_last_txn(monitor_get_hub(monitor)), text));
        buf_puts(&prefix, "\",");
    }
    send_around(session, &prefix, &updates, 1, updates->n, "]}");
    buf_fini(&prefix);
}

void
session_emit_updates(void *aux, struct monitor *monitor, struct shared_bytes *updates)
{
    struct session *session = SESSION((struct session *) monitor_owner(monitor));
    (void) aux;
    if (session->is_closing) {
        return;
    }
    if (session->output->backlog(session->aux) > SESSION_COALESCE_BYTES) {
        monitor_set_lagging(monitor);
        session->n_lagging++;
        return;
    }
    send_updates(session, monitor, updates);
}

static void
catch_up(struct session *session, struct monitor *monitor)
{
    if (!monitor_is_lagging(monitor)) {
        return;
    }
    if (!monitor_can_catch_up(monitor)) {
        log_info_rl("%s: lags too far behind for the history of transactions, disconnecting", session->name);
        session_close(session, "client too slow");
        return;
    }
    session->n_lagging--;
    struct shared_bytes *updates = monitor_catch_up(monitor);
    if (updates) {
        send_updates(session, monitor, updates);
        shared_bytes_unref(updates);
    }
}

void
session_catch_up(struct session *session)
{
    if (!session->n_lagging || session->is_closing) {
        return;
    }
    STRMAP_FOR_EACH (node, &session->monitors) {
        catch_up(session, node->data);
    }
}

void
session_free_monitors(struct session *session)
{
    STRMAP_FOR_EACH (node, &session->monitors) {
        monitor_free(node->data);
    }
    strmap_fini(&session->monitors);
    strmap_init(&session->monitors);
    session->n_lagging = 0;
    session->awaited = NULL;
    json_decref(session->awaited_id);
    session->awaited_id = NULL;
}

static void
remove_monitor(struct session *session, struct monitor *monitor)
{
    session->n_lagging -= monitor_is_lagging(monitor);
    strmap_remove(&session->monitors, monitor_id_text(monitor));
    monitor_free(monitor);
}

void
session_cancel_monitors(struct session *session, const struct monitor_hub *hub)
{
    STRMAP_FOR_EACH_SAFE (node, &session->monitors) {
        struct monitor *monitor = node->data;
        if (monitor_get_hub(monitor) == hub) {
            if (session->awaited == monitor) {
                monitor_finish_initial(monitor);
                session_initial_ready(monitor);
            }
            struct buf params = BUF_INIT(BUF_NO_LIMIT);
            buf_printf(&params, "[%s]", monitor_id_text(monitor));
            if (session->is_change_aware) {
                session_notify(session, "monitor_canceled", str_n(params.data, params.size));
            }
            buf_fini(&params);
            remove_monitor(session, monitor);
        }
    }
}

/* Requests. */

static struct err *
check_id_is_new(const struct request *r, const json_t *id)
{
    char *text = json_text(id);
    bool is_known = strmap_find(&r->session->monitors, text) != NULL;
    free(text);
    return is_known ? syntax_error(id, "duplicate monitor ID") : NULL;
}

/* The parts of the params that the three ways to start a monitor have in common. */
static struct err *
start_monitor(struct request *r, enum monitor_version version, struct monitor **ret)
{
    struct hosted *hosted;
    struct err *e = request_find_database(r, &hosted);
    if (e) {
        return e;
    }
    size_t n = version == MONITOR_V3 ? 4 : 3;
    if (json_array_size(r->params) != n) {
        return syntax_error(r->params, "invalid parameters");
    }
    const json_t *id = json_array_get(r->params, 1);
    e = check_id_is_new(r, id);
    if (!e && strmap_count(&r->session->monitors) >= SESSION_MONITORS_MAX) {
        e = err_tagged("resources exhausted", "too many monitors");
    }
    if (!e) {
        e = monitor_new(hosted->hub, version, json_array_get(r->params, 2), id, r->session, ret);
    }
    if (!e) {
        strmap_set(&r->session->monitors, monitor_id_text(*ret), *ret);
    }
    return e;
}

/* Replies to 'id' with 'before', the shared 'parts' and 'after' as the result. */
static void
reply_shared(struct session *session, const json_t *id, const char *before, struct shared_bytes *const *parts, size_t n,
             size_t n_bytes, const char *after)
{
    struct buf prefix = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&prefix, "{\"id\":");
    buf_put_json(&prefix, id);
    buf_puts(&prefix, ",\"error\":null,\"result\":");
    buf_puts(&prefix, before);
    char *suffix = xasprintf("%s}", after);
    send_around(session, &prefix, parts, n, n_bytes, suffix);
    free(suffix);
    buf_fini(&prefix);
}

/* What stands before the <table-updates> in the reply to "monitor_cond_since". */
static char *
since_text(bool is_found, const struct uuid *txn_id)
{
    return xasprintf("[%s,\"%s\",", is_found ? "true" : "false", uuid_text(txn_id));
}

static void
reply_initial(struct session *session, const json_t *id, struct monitor *monitor)
{
    struct initial initial = monitor_take_initial(monitor);
    bool is_since = monitor_version(monitor) == MONITOR_V3;
    char *before = is_since ? since_text(false, &initial.txn_id) : xstrdup("");
    reply_shared(session, id, before, initial.chunks, initial.n_chunks, initial.n_bytes, is_since ? "]" : "");
    free(before);
    if (monitor_is_lagging(monitor)) {
        session->n_lagging++;
        if (session->output->backlog(session->aux) <= SESSION_COALESCE_BYTES) {
            session_catch_up(session);                       /* else once it has drained */
        }
    }
}

void
session_initial_ready(struct monitor *monitor)
{
    struct session *session = SESSION((struct session *) monitor_owner(monitor));
    CHECK(session->awaited == monitor);
    reply_initial(session, session->awaited_id, monitor);
    session->awaited = NULL;
    json_decref(session->awaited_id);
    session->awaited_id = NULL;
    session_update_hold(session);
}

/* Replies with the contents, now or when they are made.  Meanwhile the client's further requests wait, so that
 * everything keeps its order. */
static void
send_initial(const struct request *r, struct monitor *monitor)
{
    if (monitor_prepare_initial(monitor)) {
        reply_initial(r->session, r->id, monitor);
        return;
    }
    r->session->awaited = monitor;
    r->session->awaited_id = json_incref(r->id);
    session_update_hold(r->session);
    r->server->env.wake(r->server->env.aux);
}

static struct err *
start_and_reply(struct request *r, enum monitor_version version)
{
    struct monitor *monitor;
    struct err *e = start_monitor(r, version, &monitor);
    if (!e) {
        send_initial(r, monitor);
    }
    return e;
}

struct err *
method_monitor(struct request *r)
{
    return start_and_reply(r, MONITOR_V1);
}

struct err *
method_monitor_cond(struct request *r)
{
    return start_and_reply(r, MONITOR_V2);
}

struct err *
method_monitor_cond_since(struct request *r)
{
    const json_t *last_json = json_array_get(r->params, 3);
    const char *last_text = json_string_value(last_json);
    struct uuid last;
    if (last_json && (!last_text || !uuid_from_text(str_from(last_text), &last))) {
        return syntax_error(last_json, "last-txn-id must be UUID format.");
    }
    struct monitor *monitor;
    struct err *e = start_monitor(r, MONITOR_V3, &monitor);
    if (e) {
        return e;
    }
    struct shared_bytes *updates = monitor_since(monitor, &last);
    if (updates) {
        char *before = since_text(true, monitor_hub_last_txn(monitor_get_hub(monitor)));
        reply_shared(r->session, r->id, before, &updates, 1, updates->n, "]");
        shared_bytes_unref(updates);
        free(before);
    } else {
        send_initial(r, monitor);
    }
    return NULL;
}

struct monitor *
session_monitor(const struct session *session, const json_t *id)
{
    char *text = json_text(id);
    struct monitor *monitor = strmap_get(&session->monitors, text);
    free(text);
    return monitor;
}

/* ovsdb-server(7), section 4.1.13: the updates that the change causes carry the new id, and precede the reply. */
struct err *
method_monitor_cond_change(struct request *r)
{
    if (json_array_size(r->params) != 3) {
        return syntax_error(r->params, "invalid parameters");
    }
    const json_t *old_id = json_array_get(r->params, 0), *new_id = json_array_get(r->params, 1);
    struct monitor *monitor = session_monitor(r->session, old_id);
    if (!monitor) {
        return syntax_error(old_id, "unknown monitor session");
    }
    struct err *e = json_equal(old_id, new_id) ? NULL : check_id_is_new(r, new_id);
    session_catch_up(r->session);
    if (r->session->is_closing) {
        return e;
    }
    struct shared_bytes *updates = NULL;
    if (!e) {
        e = monitor_change(monitor, json_array_get(r->params, 2), &updates);
    }
    if (e) {
        return e;
    }
    strmap_remove(&r->session->monitors, monitor_id_text(monitor));
    monitor_set_id(monitor, new_id);
    strmap_set(&r->session->monitors, monitor_id_text(monitor), monitor);
    if (updates) {
        send_updates(r->session, monitor, updates);
        shared_bytes_unref(updates);
    }
    session_reply_text(r->session, r->id, str_from("{}"));
    return NULL;
}

struct err *
method_monitor_cancel(struct request *r)
{
    if (json_array_size(r->params) != 1) {
        request_reply_plain_error(r, "invalid parameters");
        return NULL;
    }
    struct monitor *monitor = session_monitor(r->session, json_array_get(r->params, 0));
    if (!monitor) {
        request_reply_plain_error(r, "unknown monitor");
        return NULL;
    }
    remove_monitor(r->session, monitor);
    session_reply_text(r->session, r->id, str_from("{}"));
    return NULL;
}
