/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor that feeds the replica: schema, snapshot, updates, conditions. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "ovsdb/client/replica.h"
#include "ovsdb/client/session_private.h"
#include "ovsdb/model/envelope.h"

LOG_MODULE(ovsdb_session);

static const char *const monitor_methods[] = {"monitor_cond_since", "monitor_cond", "monitor"};
#define NO_TXN "00000000-0000-0000-0000-000000000000"

static void handle_monitor_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg);
static bool scan_monitor_result(struct ovsdb_session *s, struct request *r, struct json_scan *scan);

enum { MONITOR_NAME_SIZE = sizeof DATA_MONITOR + 10 };

/* The name of the monitor that feeds the replica. */
static const char *
monitor_name(const struct ovsdb_session *s, char name[MONITOR_NAME_SIZE])
{
    snprintf(name, MONITOR_NAME_SIZE, DATA_MONITOR "%" PRIu32, s->n_monitors);
    return name;
}

static void
send_monitor(struct ovsdb_session *s)
{
    char name[MONITOR_NAME_SIZE];
    json_decref(s->asked);
    s->asked = replica_monitor_requests(s->replica, s->method != MONITOR);
    json_t *params = json_pack("[ssO]", replica_def(s->replica)->database, monitor_name(s, name), s->asked);
    bool resumes = s->method == MONITOR_COND_SINCE && s->last_txn && s->sent && json_equal(s->sent, s->asked);
    if (s->method == MONITOR_COND_SINCE) {
        json_array_append_new(params, json_string(resumes ? s->last_txn : NO_TXN));
    }
    struct request *r = ovsdb_session_send_request(s, monitor_methods[s->method], params, handle_monitor_reply);
    r->result = scan_monitor_result;
    r->resumes = resumes;
}

/* Keeps what the server sends along with an update: where to go on from. */
static bool
scan_txn(struct json_scan *scan, char **ret)
{
    struct str txn;
    if (!json_scan_element(scan) || json_scan_peek(scan) != '"' || !json_scan_string(scan, &txn)) {
        return false;
    }
    *ret = str_dup(txn);
    return true;
}

static void
note_txn(struct ovsdb_session *s, char *txn /* taken */)
{
    free(s->last_txn);
    s->last_txn = txn;
}

/* Applies the updates that 'scan' is at; on an error, or if the rest of the message is broken, starts over. */
static bool
apply(struct ovsdb_session *s, struct json_scan *scan, bool is_v1, bool in_array)
{
    replica_apply_begin(s->replica);
    struct err *err = (is_v1 ? replica_apply_update : replica_apply_update2)(s->replica, scan);
    replica_apply_end(s->replica);
    err = err ? err : envelope_close(scan, in_array);
    if (err) {
        ovsdb_session_give_up(s, err_wrap(err, "bad update"));
        return false;
    }
    loop_defer(s->loop, ovsdb_session_tell_changed, s);
    return true;
}

/* The result is <table-updates>, or [<found>, <last-txn-id>, <table-updates2>] of "monitor_cond_since". */
static bool
scan_monitor_result(struct ovsdb_session *s, struct request *r, struct json_scan *scan)
{
    if (r->n_monitors != s->n_monitors) {
        return true;
    }
    bool is_since = s->method == MONITOR_COND_SINCE;
    bool is_found = false;
    char *txn = NULL;
    if (is_since && !(json_scan_array(scan) && json_scan_element(scan) && json_scan_boolean(scan, &is_found)
                      && scan_txn(scan, &txn) && json_scan_element(scan))) {
        free(txn);
        return false;
    }
    if (!r->resumes || !is_found) {                          /* whatever is there may be of a broken update */
        replica_expect_snapshot(s->replica);
    }
    if (!apply(s, scan, s->method == MONITOR, is_since)) {
        free(txn);
        return true;
    }
    json_decref(s->sent);
    s->sent = s->asked;
    s->asked = NULL;
    s->is_synced = true;
    replica_note_restart(s->replica);
    if (is_since) {
        note_txn(s, txn);
    }
    loop_defer(s->loop, ovsdb_session_flush_conditions, s);
    return true;
}

/* An error, or what scan_monitor_result() could make nothing of. */
static void
handle_monitor_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (!msg || r->n_monitors != s->n_monitors) {
        return;
    }
    if (msg->type == JSONRPC_REPLY) {
        ovsdb_session_give_up(s, err_new("bad update: not the result of \"%s\"", monitor_methods[s->method]));
    } else if (++s->method < N_MONITOR_METHODS) {
        send_monitor(s);
    } else {
        ovsdb_session_give_up(s, err_wrap(ovsdb_error_from_json(msg->error), "cannot monitor"));
    }
}

/* What the monitor sends from here on, or replies about it, is of no use. */
static void
end_monitor(struct ovsdb_session *s)
{
    s->is_monitoring = s->is_synced = false;
    s->n_monitors++;
    json_decref(s->asked);
    s->asked = NULL;
}

void
ovsdb_session_follow(struct ovsdb_session *s, struct schema *schema)
{
    bool is_other = !s->schema || !schema_eq(s->schema, schema);
    if (s->is_monitoring && !is_other) {
        return;
    }
    if (s->is_monitoring) {
        char name[MONITOR_NAME_SIZE];
        ovsdb_session_send_request(s, "monitor_cancel", json_pack("[s]", monitor_name(s, name)),
                                   ovsdb_session_ignore_reply);          /* it may be gone already */
    }
    if (is_other) {
        schema_unref(s->schema);
        s->schema = schema_ref(schema);
        replica_set_server_schema(s->replica, schema);
        note_txn(s, NULL);                                   /* names no state under this schema */
    }
    end_monitor(s);
    s->is_monitoring = true;
    s->method = MONITOR_COND_SINCE;
    send_monitor(s);
}

/* What of 'wanted' (monitor requests) has other conditions than 'sent', in the form of monitor_cond_change; NULL if
 * nothing has. */
static json_t *
condition_changes(const json_t *sent, const json_t *wanted)
{
    json_t *changes = json_object();
    const char *table;
    json_t *requests;
    json_object_foreach ((json_t *) wanted, table, requests) {
        const json_t *old = json_object_get(json_array_get(json_object_get(sent, table), 0), "where");
        json_t *new = json_object_get(json_array_get(requests, 0), "where");
        if (old ? !new || !json_equal(old, new) : new != NULL) {
            json_t *where = new ? json_incref(new) : json_pack("[b]", true);
            json_object_set_new(changes, table, json_pack("[{so}]", "where", where));
        }
    }
    if (!json_object_size(changes)) {
        json_decref(changes);
        return NULL;
    }
    return changes;
}

static void
handle_condition_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (!msg || r->n_monitors != s->n_monitors) {
        return;
    }
    if (msg->type == JSONRPC_ERROR) {
        ovsdb_session_give_up(s, err_wrap(ovsdb_error_from_json(msg->error), "monitor_cond_change"));
        return;
    }
    json_decref(s->sent);
    s->sent = s->asked;
    s->asked = NULL;
    loop_defer(s->loop, ovsdb_session_tell_changed, s);
    ovsdb_session_flush_conditions(s);
}

/* Sends the conditions that changed, one batch at a time. */
void
ovsdb_session_flush_conditions(void *s_)
{
    struct ovsdb_session *s = s_;
    if (!s->is_synced || s->asked || s->method == MONITOR) {
        return;
    }
    json_t *wanted = replica_monitor_requests(s->replica, true);
    json_t *changes = condition_changes(s->sent, wanted);
    if (!changes) {
        json_decref(wanted);
        return;
    }
    char name[MONITOR_NAME_SIZE];
    monitor_name(s, name);
    s->asked = wanted;
    ovsdb_session_send_request(s, "monitor_cond_change", json_pack("[sso]", name, name, changes), handle_condition_reply);
}

void
ovsdb_session_conditions_changed(struct ovsdb_session *s)
{
    loop_defer(s->loop, ovsdb_session_flush_conditions, s);
}

bool
ovsdb_session_conditions_settled(const struct ovsdb_session *s)
{
    if (!s->is_synced || s->asked || s->method == MONITOR) {
        return s->is_synced && !s->asked;
    }
    json_t *wanted = replica_monitor_requests(s->replica, true);
    json_t *changes = condition_changes(s->sent, wanted);
    json_decref(wanted);
    json_decref(changes);
    return !changes;
}

static bool
is_monitor(const struct ovsdb_session *s, const json_t *id)
{
    char name[MONITOR_NAME_SIZE];
    return s->is_monitoring && json_is_string(id) && !strcmp(json_string_value(id), monitor_name(s, name));
}

/* One that was given up for another may still have been talking. */
static bool
was_monitor(const struct ovsdb_session *s, const json_t *id)
{
    return json_is_string(id) && str_starts(str_from(json_string_value(id)), DATA_MONITOR) && !is_monitor(s, id);
}

/* The database has another schema, or is gone.  Its row in _Server may already have said so, or is about to; as the schema
 * may also be the same as before, it is asked for. */
void
ovsdb_session_handle_canceled(struct ovsdb_session *s, const json_t *id)
{
    if (is_monitor(s, id)) {
        log_info("%s: the server ended the monitor of %s", ovsdb_session_remote(s), replica_def(s->replica)->database);
        end_monitor(s);
        ovsdb_session_ask_for_schema(s);
    }
}

void
ovsdb_session_handle_update(struct ovsdb_session *s, const struct jsonrpc_msg *msg)
{
    const json_t *id = json_array_get(msg->params, 0);
    if (json_is_string(id) && !strcmp(json_string_value(id), SERVER_MONITOR) && !strcmp(msg->method, "update")) {
        ovsdb_session_handle_server_update(s, json_array_get(msg->params, 1));
    } else if (is_monitor(s, id) && s->is_synced) {
        ovsdb_session_give_up(s, err_new("bad update: not the parameters of \"%s\"", msg->method));
    } else if (!was_monitor(s, id)) {
        log_warn_rl("%s: update of a monitor that is not there", ovsdb_session_remote(s));
    }
}

/* The parameters are [<monitor>, <table-updates>], with <last-txn-id> between them in "update3". */
bool
ovsdb_session_scan_update(struct ovsdb_session *s, enum envelope kind, struct json_scan *scan)
{
    struct str monitor;
    char *txn = NULL;
    char name[MONITOR_NAME_SIZE];
    if (!s->is_synced || !json_scan_array(scan) || !json_scan_element(scan) || json_scan_peek(scan) != '"'
        || !json_scan_string(scan, &monitor) || !str_is(monitor, monitor_name(s, name))
        || (kind == ENVELOPE_UPDATE3 && !scan_txn(scan, &txn)) || !json_scan_element(scan)) {
        free(txn);
        return false;
    }
    if (apply(s, scan, kind == ENVELOPE_UPDATE, true) && txn) {
        note_txn(s, txn);
    } else {
        free(txn);
    }
    return true;
}
