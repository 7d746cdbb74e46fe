/* SPDX-License-Identifier: Apache-2.0 */
/* One client: its requests (RFC 7047, section 4.1) and what is sent to it. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/counter.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/stream.h"
#include "ovsdb/server/parse.h"
#include "ovsdb/server/server_private.h"

LOG_MODULE(ovsdb_session);
MEM_TYPE(session, "database sessions");
COUNTER(ovsdb_session);

struct session *
session_new(struct server *server, const char *name, const struct session_output *output, void *aux)
{
    struct session *session = xcalloc(1, sizeof *session);
    session->magic = SESSION_MAGIC;
    session->server = server;
    session->name = xstrdup(name);
    session->output = output;
    session->aux = aux;
    strmap_init(&session->stolen);
    strmap_init(&session->monitors);
    vec_push(&server->sessions, session);
    mem_add(&mem_session, 1);
    counter_inc(&counter_ovsdb_session);
    return session;
}

void
session_free(struct session *session)
{
    if (!session) {
        return;
    }
    struct server *server = SESSION(session)->server;
    session->is_closing = true;
    server_forget_session(server, session);
    lock_table_drop(&server->locks, session);
    for (size_t i = 0; i < server->sessions.n; i++) {
        if (server->sessions.d[i] == session) {
            vec_remove_fast(&server->sessions, i);
        }
    }
    for (size_t i = 0; session->is_sender && i < server->senders.n; i++) {
        if (server->senders.d[i] == session) {
            vec_remove_fast(&server->senders, i);
        }
    }
    session_free_monitors(session);
    session_free_held(session);
    strmap_fini(&session->stolen);
    free(session->name);
    free(session->role);
    free(session->identity);
    session->magic = 0;
    free(session);
    mem_add(&mem_session, -1);
}

void
session_set_read_only(struct session *session, bool read_only)
{
    SESSION(session)->is_read_only = read_only;
}

static void
set_text(char **text, const char *new)
{
    char *copy = new ? xstrdup(new) : NULL;
    free(*text);
    *text = copy;
}

void
session_set_role(struct session *session, const char *role)
{
    set_text(&SESSION(session)->role, role);
}

void
session_set_identity(struct session *session, const char *identity)
{
    set_text(&SESSION(session)->identity, identity);
}

struct rbac_client
session_rbac_client(const struct session *session)
{
    return (struct rbac_client) {.role = session->role, .id = session->identity};
}

void
session_close(struct session *session, const char *reason)
{
    if (!SESSION(session)->is_closing) {
        session->is_closing = true;
        log_info_rl("%s: disconnecting (%s)", session->name, reason);
        session->output->close(session->aux, reason);
    }
}

void
session_sends(struct session *session, size_t n_bytes)
{
    session->largest_message = MAX(session->largest_message, n_bytes);
    if (!session->is_sender) {
        session->is_sender = true;
        vec_push(&session->server->senders, session);
    }
}

static void
send_text(struct session *session, const struct buf *text)
{
    if (!session->is_closing && text->size) {
        session_sends(session, text->size);
        session->output->send(session->aux, text->data, text->size);
    }
}

static void
send_reply(struct session *session, const json_t *id, const char *other, const char *member, struct str value)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&text, "{\"id\":");
    buf_put_json(&text, id);
    buf_printf(&text, ",\"%s\":null,\"%s\":", other, member);
    buf_put_str(&text, value);
    buf_putc(&text, '}');
    send_text(session, &text);
    buf_fini(&text);
}

void
session_reply_text(struct session *session, const json_t *id, struct str result)
{
    send_reply(SESSION(session), id, "error", "result", result);
}

void
session_reply_error(struct session *session, const json_t *id, struct str error)
{
    send_reply(SESSION(session), id, "result", "error", error);
}

void
session_reply_err(struct session *session, const json_t *id, struct err *e)
{
    struct buf error = BUF_INIT(BUF_NO_LIMIT);
    buf_put_error(&error, e);
    session_reply_error(session, id, str_n(error.data, error.size));
    buf_fini(&error);
}

struct err *
session_too_many_error(void)
{
    return err_tagged("resources exhausted", "Too many transactions are waiting.");
}

void
session_reply_canceled(struct session *session, const json_t *id)
{
    session_reply_error(session, id, str_from("\"canceled\""));
}

void
session_notify(struct session *session, const char *method, struct str params)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_printf(&text, "{\"id\":null,\"method\":\"%s\",\"params\":", method);
    buf_put_str(&text, params);
    buf_putc(&text, '}');
    send_text(SESSION(session), &text);
    buf_fini(&text);
}

void
session_lock_changed(void *session_, const char *name, bool locked)
{
    struct session *session = SESSION((struct session *) session_);
    struct buf params = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&params, "[");
    buf_put_json_string(&params, str_from(name));
    buf_puts(&params, "]");
    session_notify(session, locked ? "locked" : "stolen", str_n(params.data, params.size));
    if (locked) {
        strmap_remove(&session->stolen, name);
    } else {
        strmap_set(&session->stolen, name, session);
    }
    buf_fini(&params);
}

static void
check_backlog(struct session *session)
{
    if (session->is_closing) {
        return;
    }
    size_t backlog = session->output->backlog(session->aux);
    size_t limit = MAX((size_t) SESSION_BACKLOG_BYTES, 2 * session->largest_message);
    if (backlog > limit) {
        log_warn_rl("%s: %zu bytes of backlog exceed the limit of %zu, disconnecting", session->name, backlog, limit);
        session_close(session, "backlog limit exceeded");
    }
}

void
server_check_backlogs(struct server *server)
{
    while (server->senders.n) {
        struct session *session = server->senders.d[--server->senders.n];
        session->is_sender = false;
        check_backlog(session);
    }
}

/* Requests. */

typedef struct err *method_cb(struct request *r) MUST_USE;

static void
reply(const struct request *r, const char *result)
{
    session_reply_text(r->session, r->id, str_from(result));
}

/* An error that is a mere string (RFC 7047 leaves the form open). */
void
request_reply_plain_error(const struct request *r, const char *text)
{
    struct buf error = BUF_INIT(BUF_NO_LIMIT);
    buf_put_json_string(&error, str_from(text));
    session_reply_error(r->session, r->id, str_n(error.data, error.size));
    buf_fini(&error);
}

struct err *
request_find_database(const struct request *r, struct hosted **ret)
{
    const char *name = json_string_value(json_array_get(r->params, 0));
    if (!name) {
        return syntax_error(r->params, "%s request params must begin with <db-name>", r->msg->method);
    }
    *ret = server_hosted(r->server, name);
    if (!*ret) {
        return parse_error("unknown database", r->params, "%s request specifies unknown database %s", r->msg->method,
                           name);
    }
    if ((*ret)->is_unavailable) {
        return err_tagged("database not available", "%s request specifies database %s which is not yet available "
                          "because it has not heard from its source", r->msg->method, name);
    }
    return NULL;
}

static struct err *
method_transact(struct request *r)
{
    struct hosted *hosted;
    struct err *e = request_find_database(r, &hosted);
    if (!e) {
        server_execute(r->session, hosted, r->params, r->id, r->now_ms);
    }
    return e;
}

static struct err *
method_list_dbs(struct request *r)
{
    size_t n;
    char **names = server_database_names(r->server, &n);
    struct buf result = BUF_INIT(BUF_NO_LIMIT);
    buf_putc(&result, '[');
    for (size_t i = 0; i < n; i++) {
        buf_puts(&result, i ? "," : "");
        buf_put_json_string(&result, str_from(names[i]));
        free(names[i]);
    }
    buf_putc(&result, ']');
    reply(r, buf_text(&result));
    buf_fini(&result);
    free(names);
    return NULL;
}

static struct err *
method_get_schema(struct request *r)
{
    struct hosted *hosted;
    struct err *e = request_find_database(r, &hosted);
    if (!e) {
        reply(r, hosted->schema_text);
    }
    return e;
}

static struct err *
method_get_server_id(struct request *r)
{
    struct buf result = BUF_INIT(UUID_LENGTH + 8);
    buf_printf(&result, "\"%s\"", uuid_text(&r->server->id));
    reply(r, buf_text(&result));
    buf_fini(&result);
    return NULL;
}

/* It comes behind the replies that wait for the end of the turn, but is no reason to end it. */
static struct err *
method_echo(struct request *r)
{
    char *text = json_text(r->params);
    if (r->server->events.n) {
        struct buf result = BUF_INIT(BUF_NO_LIMIT);
        buf_puts(&result, text);
        server_queue_event(r->server, (struct event) {.session = r->session, .id = json_incref(r->id), .result = result});
    } else {
        reply(r, text);
    }
    free(text);
    return NULL;
}

static struct err *
method_set_db_change_aware(struct request *r)
{
    const json_t *aware = json_array_get(r->params, 0);
    if (json_array_size(r->params) != 1 || !json_is_boolean(aware)) {
        return syntax_error(r->params, "%s: true or false parameter expected", r->msg->method);
    }
    r->session->is_change_aware = json_is_true(aware);
    reply(r, "{}");
    return NULL;
}

static struct err *
lock_name(const struct request *r, const char **ret)
{
    *ret = json_string_value(json_array_get(r->params, 0));
    if (json_array_size(r->params) != 1 || !*ret || !is_id(*ret)) {
        return syntax_error(r->params, "%s request params must be <id>", r->msg->method);
    }
    return NULL;
}

/* ovsdb-server(1), "Active-Backup Options": a backup rejects lock commands. */
static bool
reject_lock_of_backup(const struct request *r)
{
    bool is_backup = server_is_all_backup(r->server);
    if (is_backup) {
        request_reply_plain_error(r, "lock and unlock methods not allowed, DB server is read only.");
    }
    return is_backup;
}

static struct err *
add_lock(struct request *r, enum lock_mode mode)
{
    if (reject_lock_of_backup(r)) {
        return NULL;
    }
    const char *name;
    struct err *e = lock_name(r, &name);
    bool locked = false;
    if (!e && !lock_table_add(&r->server->locks, name, r->session, mode, &locked)) {
        e = syntax_error(r->params, "must issue \"unlock\" before new \"%s\"", r->msg->method);
    }
    if (!e) {
        reply(r, locked ? "{\"locked\":true}" : "{\"locked\":false}");
    }
    return e;
}

static struct err *
method_lock(struct request *r)
{
    return add_lock(r, LOCK_WAIT);
}

static struct err *
method_steal(struct request *r)
{
    return add_lock(r, LOCK_STEAL);
}

static struct err *
method_unlock(struct request *r)
{
    if (reject_lock_of_backup(r)) {
        return NULL;
    }
    const char *name;
    struct err *e = lock_name(r, &name);
    if (!e && !lock_table_remove(&r->server->locks, name, r->session)) {
        e = syntax_error(r->params, "unlock: \"unlock\" without \"lock\" or \"steal\"");
    }
    if (!e) {
        strmap_remove(&r->session->stolen, name);
        reply(r, "{}");
    }
    return e;
}

/* What the first of the params of a method is. */
enum subject { SUBJECT_OTHER, SUBJECT_DATABASE, SUBJECT_MONITOR };

static const struct method {
    const char *name;
    method_cb *cb;
    bool is_in_order;                                        /* queued events make no difference to it */
    enum subject subject;
} methods[] = {
    {"transact", method_transact, true, SUBJECT_DATABASE},
    {"convert", method_convert, false, SUBJECT_DATABASE},
    {"echo", method_echo, true, SUBJECT_OTHER},
    {"list_dbs", method_list_dbs, false, SUBJECT_OTHER},
    {"get_schema", method_get_schema, false, SUBJECT_DATABASE},
    {"get_server_id", method_get_server_id, false, SUBJECT_OTHER},
    {"set_db_change_aware", method_set_db_change_aware, false, SUBJECT_OTHER},
    {"monitor", method_monitor, false, SUBJECT_DATABASE},
    {"monitor_cond", method_monitor_cond, false, SUBJECT_DATABASE},
    {"monitor_cond_since", method_monitor_cond_since, false, SUBJECT_DATABASE},
    {"monitor_cond_change", method_monitor_cond_change, false, SUBJECT_MONITOR},
    {"monitor_cancel", method_monitor_cancel, false, SUBJECT_MONITOR},
    {"lock", method_lock, false, SUBJECT_OTHER},
    {"steal", method_steal, false, SUBJECT_OTHER},
    {"unlock", method_unlock, false, SUBJECT_OTHER},
};

static const struct method *
find_method(const struct server *server, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (!strcmp(methods[i].name, name)) {
            bool is_conditional = str_starts(str_from(name), "monitor_cond");
            return is_conditional && server->monitor_cond_is_disabled ? NULL : &methods[i];
        }
    }
    return NULL;
}

struct hosted *
session_request_database(const struct session *session, const struct jsonrpc_msg *msg)
{
    const struct method *method = find_method(session->server, msg->method);
    const json_t *first = json_array_get(msg->params, 0);
    if (method && first && method->subject == SUBJECT_DATABASE) {
        return json_is_string(first) ? server_hosted(session->server, json_string_value(first)) : NULL;
    }
    if (method && first && method->subject == SUBJECT_MONITOR) {
        const struct monitor *monitor = session_monitor(session, first);
        return monitor ? server_hosted_of_hub(session->server, monitor_get_hub(monitor)) : NULL;
    }
    return NULL;
}

void
session_handle_request(struct session *session, const struct jsonrpc_msg *msg)
{
    struct request r = {.session = session, .server = session->server, .msg = msg, .params = msg->params, .id = msg->id,
                        .now_ms = session->server->now_ms};
    const struct method *method = find_method(session->server, msg->method);
    if (!method) {
        request_reply_plain_error(&r, "unknown method");
        return;
    }
    if (!method->is_in_order) {
        server_flush_events(session->server);
    }
    struct err *e = method->cb(&r);
    if (e) {
        session_reply_err(session, r.id, e);
    }
}

/* RFC says: "cancel" is a notification and has no reply of its own. */
static void
handle_notification(struct session *session, const struct jsonrpc_msg *msg)
{
    if (!strcmp(msg->method, "cancel")) {
        const json_t *id = json_array_get(msg->params, 0);
        if (id && !session_cancel_held(session, id)) {
            server_cancel(session->server, session, id);
        }
    }
}

void
session_receive(struct session *session, struct jsonrpc_msg *msg, int64_t now_ms)
{
    if (!SESSION(session)->is_closing) {
        session->server->now_ms = now_ms;
        switch (msg->type) {
        case JSONRPC_REQUEST:
            if (session_hold_request(session, msg)) {
                return;
            }
            session_handle_request(session, msg);
            break;
        case JSONRPC_NOTIFY: handle_notification(session, msg); break;
        case JSONRPC_REPLY:                                  /* to probes; they prove that the client lives */
        case JSONRPC_ERROR: break;
        }
    }
    jsonrpc_msg_free(msg);
}

void
session_refuse(struct session *session, struct jsonrpc_msg *answer)
{
    char *error = json_text(answer->error);
    server_flush_events(SESSION(session)->server);
    session_reply_error(session, answer->id, str_from(error));
    free(error);
    jsonrpc_msg_free(answer);
}

void
session_drained(struct session *session)
{
    server_flush_events(session->server);
    session_catch_up(session);
}

void
session_lock_names(const struct session *session, char **ret_held, char **ret_waiting, char **ret_lost)
{
    struct buf held = BUF_INIT(BUF_NO_LIMIT), waiting = BUF_INIT(BUF_NO_LIMIT), lost = BUF_INIT(BUF_NO_LIMIT);
    size_t n;
    struct strmap_node **nodes = strmap_sorted(&session->server->locks.locks, &n);
    for (size_t i = 0; i < n; i++) {
        const char *name = nodes[i]->key;
        struct buf *list = lock_table_owns(&session->server->locks, name, session) ? &held
                         : strmap_find(&session->stolen, name) ? &lost
                         : lock_table_waits(&session->server->locks, name, session) ? &waiting : NULL;
        if (list) {
            buf_puts(list, list->size ? " " : "");
            buf_puts(list, name);
        }
    }
    free(nodes);
    *ret_held = buf_take_text(&held);
    *ret_waiting = buf_take_text(&waiting);
    *ret_lost = buf_take_text(&lost);
}
