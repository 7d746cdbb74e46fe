/* SPDX-License-Identifier: Apache-2.0 */
/* A relay database and its source: what it learns of it, and the copy.  Requests of clients are relay_forward.c. */
#include <config.h>

#include "ovsdb/server/relay.h"

#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/model/envelope.h"
#include "ovsdb/server/follower.h"
#include "ovsdb/server/relay_private.h"
#include "ovsdb/server/server_private.h"
#include "ovsdb/server/upstream.h"

LOG_MODULE(ovsdb_relay);
MEM_TYPE(relay, "relay databases");

static const char server_db_name[] = "_Server";              /* also the name of our monitor there */

enum { NO_REQUEST = -1 };

/* Requests to the source. */

static void
send_request(struct relay *relay, const char *method, json_t *params, int64_t *ret_id)
{
    *ret_id = relay->next_id++;
    relay->env->send(relay->upstream, jsonrpc_request(method, params, json_integer(*ret_id)));
}

/* "monitor" is known to all servers, and few rows come of it. */
static void
ask_for_row(struct relay *relay)
{
    int64_t ignored;
    send_request(relay, "set_db_change_aware", json_pack("[b]", 1), &ignored);
    send_request(relay, "monitor",
                 json_pack("[s, s, {s:[{s:o}]}]", server_db_name, server_db_name, "Database", "columns",
                           server_row_columns()),
                 &relay->row_request);
}

/* The state that clients see. */

bool
relay_is_connected(const struct relay *relay)
{
    return !relay->hosted->is_disconnected;
}

static void
set_connected(struct relay *relay, bool is_connected)
{
    if (relay->hosted->is_disconnected == is_connected) {
        relay->hosted->is_disconnected = !is_connected;
        server_republish(relay->server, relay->hosted);
    }
    if (is_connected) {
        relay_send_waiting(relay);
    }
}

/* Something is wrong with what the source sent; the next connection starts from nothing. */
static void
give_up_connection(struct relay *relay, struct err *e)
{
    char *text = err_take_text(e);
    log_warn_rl("%s: relay source: %s", relay->hosted->name, text);
    free(text);
    if (relay->follower) {
        follower_stop(relay->follower);
    }
    relay->env->reconnect(relay->upstream);
}

/* The copy. */

/* The copy under the new schema is whole: it takes the place of the old one. */
static void
adopt_next(struct relay *relay)
{
    struct hosted *hosted = relay->hosted, *next = relay->next;
    server_flush_events(relay->server);
    if (!hosted->is_unavailable) {
        log_info("%s: the schema changed at the relay source", hosted->name);
        relay_cancel_waiting(relay);
        server_disconnect_unaware(relay->server, "database schema changed");
        server_end_use(relay->server, hosted);
    }
    const struct hosted old = *hosted;
    hosted->db = next->db;
    hosted->hub = next->hub;
    hosted->schema_text = next->schema_text;
    next->db = old.db;
    next->hub = old.hub;
    next->schema_text = old.schema_text;
    hosted->is_unavailable = false;
    hosted_bury(next, &relay->server->grave);
    hosted_free(next);
    relay->next = NULL;
    follower_set_hosted(relay->follower, hosted);
    if (!uuid_is_zero(follower_last_txn(relay->follower))) {
        monitor_hub_name_start(hosted->hub, follower_last_txn(relay->follower));
    }
    hosted->is_disconnected = !relay->source_is_usable;
    server_republish(relay->server, hosted);
}

static void
on_current(struct relay *relay)
{
    if (relay->next) {
        adopt_next(relay);
    }
    set_connected(relay, relay->source_is_usable);
}

/* Nobody sees yet what is put into a copy in the making. */
static struct err *
commit_copy(void *relay_, struct hosted *hosted, struct delta *delta)
{
    struct relay *relay = relay_;
    if (hosted == relay->next) {
        delta_unref(delta);
        return NULL;
    }
    return server_commit(relay->server, hosted, delta);
}

static void
drop_next(struct relay *relay)
{
    hosted_free(relay->next);
    relay->next = NULL;
}

/* The database under 'schema' that the follower is to fill. */
static struct hosted *
place_for(struct relay *relay, struct schema *schema)
{
    if (!relay->hosted->is_unavailable && schema_eq(relay->hosted->db->schema, schema)) {
        drop_next(relay);
        return relay->hosted;
    }
    if (!relay->next || !schema_eq(relay->next->db->schema, schema)) {
        drop_next(relay);
        struct err *e = hosted_open(schema, NULL, &relay->next);
        CHECK(!e);
    }
    return relay->next;
}

static void
follow(struct relay *relay, struct schema *schema)
{
    struct hosted *place = place_for(relay, schema);
    if (!relay->follower || follower_hosted(relay->follower) != place) {
        follower_free(relay->follower);
        relay->follower = follower_new(place, NULL, commit_copy, relay);
    }
    if (follower_is_current(relay->follower)) {
        on_current(relay);
    } else if (!follower_is_started(relay->follower)) {
        relay->env->send(relay->upstream, follower_start(relay->follower, schema, relay->next_id++));
    }
}

static void
follow_text(struct relay *relay, const char *schema_text)
{
    struct schema *schema;
    struct err *e = schema_from_text(str_from(schema_text), &schema);
    if (!e && strcmp(schema->name, relay->hosted->name)) {
        schema_unref(schema);
        e = err_new("its schema has another name");
    }
    if (e) {
        give_up_connection(relay, e);
        return;
    }
    follow(relay, schema);
    schema_unref(schema);
}

/* The source, as its _Server.Database describes it. */

/* Another remote may serve the database now; without one, a change of the row is waited for. */
static void
source_is_useless(struct relay *relay, const char *why)
{
    relay->source_is_usable = false;
    set_connected(relay, false);
    log_info_rl("%s: relay source: %s", relay->hosted->name, why);
    if (relay->has_alternatives) {
        relay->env->reconnect(relay->upstream);
    }
}

static void
judge_source(struct relay *relay)
{
    const char *objection = server_row_objection(&relay->row, false);
    if (objection) {
        source_is_useless(relay, objection);
    } else {
        relay->source_is_usable = true;
        follow_text(relay, relay->row.schema_text);
    }
}

/* A server without _Server tells its schema on request. */
static void
ask_for_schema(struct relay *relay)
{
    send_request(relay, "get_schema", json_pack("[s]", relay->hosted->name), &relay->schema_request);
}

static void
note_schema(struct relay *relay, const json_t *schema)
{
    char *text = json_text(schema);
    relay->source_is_usable = true;
    follow_text(relay, text);
    free(text);
}

/* The source ends our monitor when its database goes away or gets another schema, and its row tells which. */
static void
note_canceled(struct relay *relay, const char *name)
{
    if (name && !strcmp(name, relay->hosted->name) && relay->follower && follower_is_current(relay->follower)) {
        follower_stop(relay->follower);
        set_connected(relay, false);
    }
}

/* Messages from the source. */

static void
on_connected(void *relay_)
{
    ask_for_row(relay_);
}

static void
on_disconnected(void *relay_)
{
    struct relay *relay = relay_;
    relay->row_request = relay->schema_request = NO_REQUEST;
    relay->source_is_usable = false;
    server_row_fini(&relay->row);
    if (relay->follower) {
        follower_stop(relay->follower);
    }
    server_flush_events(relay->server);
    relay_cancel_sent(relay);
    set_connected(relay, false);
}

/* A large result for a client is passed on as text. */
static bool
receive_result_text(struct relay *relay, struct str text)
{
    struct json_scan scan;
    int64_t id;
    bool taken = false;
    json_scan_init(&scan, text);
    if (envelope_open(&scan, &id) == ENVELOPE_RESULT && id != relay->row_request && id != relay->schema_request) {
        const char *start = scan.p;
        json_scan_skip(&scan);
        struct str result = str_n(start, (size_t) (scan.p - start));
        struct err *e = envelope_close(&scan, false);
        taken = !e && relay_receive_reply(relay, id, result, false);
        err_free(e);
    }
    json_scan_fini(&scan);
    return taken;
}

static bool
on_received_text(void *relay_, struct str text)
{
    struct relay *relay = relay_;
    struct err *e = NULL;
    bool was_current = relay->follower && follower_is_current(relay->follower);
    if (!relay->follower || !followers_receive(&relay->follower, 1, text, &e)) {
        return receive_result_text(relay, text);
    }
    if (e) {
        give_up_connection(relay, e);
    } else if (!was_current && follower_is_current(relay->follower)) {
        on_current(relay);
    }
    return true;
}

static void
receive_error(struct relay *relay, int64_t id, const json_t *error)
{
    char *text = json_text(error);
    struct jsonrpc_msg *older =
        relay->follower ? follower_start_older(relay->follower, id, relay->next_id) : NULL;
    if (older) {
        relay->next_id++;
        relay->env->send(relay->upstream, older);
    } else if (id == relay->row_request) {
        relay->row_request = NO_REQUEST;
        ask_for_schema(relay);
    } else if (id == relay->schema_request) {
        relay->schema_request = NO_REQUEST;
        source_is_useless(relay, text);
    } else {
        relay_receive_reply(relay, id, str_from(text), true);
    }
    free(text);
}

static void
receive_reply(struct relay *relay, int64_t id, const json_t *result)
{
    if (id == relay->row_request) {
        relay->row_request = NO_REQUEST;
        server_row_apply(&relay->row, relay->hosted->name, result);
        judge_source(relay);
    } else if (id == relay->schema_request) {
        relay->schema_request = NO_REQUEST;
        note_schema(relay, result);
    } else {
        char *text = json_text(result);
        relay_receive_reply(relay, id, str_from(text), false);
        free(text);
    }
}

static void
receive_notification(struct relay *relay, const struct jsonrpc_msg *msg)
{
    const char *name = json_string_value(json_array_get(msg->params, 0));
    if (!strcmp(msg->method, "update") && name && !strcmp(name, server_db_name)) {
        if (server_row_apply(&relay->row, relay->hosted->name, json_array_get(msg->params, 1))) {
            judge_source(relay);
        }
    } else if (!strcmp(msg->method, "monitor_canceled")) {
        note_canceled(relay, name);
    }
}

static void
on_received(void *relay_, struct jsonrpc_msg *msg)
{
    struct relay *relay = relay_;
    int64_t id = json_is_integer(msg->id) ? json_integer_value(msg->id) : NO_REQUEST;
    /* Probes are answered below us; a reply that nobody asked for is none. */
    if (msg->type == JSONRPC_NOTIFY) {
        receive_notification(relay, msg);
    } else if (msg->type == JSONRPC_REPLY && id != NO_REQUEST) {
        receive_reply(relay, id, msg->result);
    } else if (msg->type == JSONRPC_ERROR && id != NO_REQUEST) {
        receive_error(relay, id, msg->error);
    }
    jsonrpc_msg_free(msg);
}

static const struct jsonrpc_session_callbacks source_cbs = {
    .connected = on_connected, .disconnected = on_disconnected, .received = on_received,
    .received_text = on_received_text,
};

/* Adding and removing. */

static const char spec_prefix[] = "relay:";

bool
relay_is_spec(const char *database)
{
    return str_starts(str_from(database), spec_prefix);
}

/* A database of which nothing but the name is known. */
static struct err *
open_unavailable(const char *name, struct hosted **ret)
{
    json_t *json = json_pack("{s:s, s:s, s:{}}", "name", name, "version", "0.0.0", "tables");
    struct schema *schema;
    struct err *e = json ? schema_from_json(json, &schema) : err_new("%s: not a database name", name);
    json_decref(json);
    if (e) {
        return e;
    }
    e = hosted_open(schema, NULL, ret);
    CHECK(!e);
    schema_unref(schema);
    (*ret)->is_unavailable = (*ret)->is_disconnected = true;
    return NULL;
}

static struct err *
add(struct server *server, const char *name, const char *remotes, const struct upstream_env *env)
{
    struct hosted *hosted;
    struct err *e = server_check_name(server, name);
    e = e ? e : open_unavailable(name, &hosted);
    if (e) {
        return e;
    }
    struct relay *relay = xmalloc(sizeof *relay);
    *relay = (struct relay) {
        .server = server, .hosted = hosted, .env = env, .has_alternatives = strchr(remotes, ',') != NULL,
        .row_request = NO_REQUEST, .schema_request = NO_REQUEST,
    };
    hmap_init(&relay->sent);
    mem_add(&mem_relay, 1);
    hosted->relay = relay;
    e = env->open(env->aux, remotes, &source_cbs, relay, &relay->upstream);
    if (e) {
        relay_free(relay);
        hosted_free(hosted);
        return e;
    }
    server_host(server, hosted);
    return NULL;
}

struct err *
relay_add(struct server *server, const char *spec, const struct upstream_env *env)
{
    CHECK(relay_is_spec(spec));
    struct str rest = str_from(spec + strlen(spec_prefix));
    char *name = str_dup(str_cut(&rest, ":"));
    struct err *e = *name && rest.s && rest.n ? add(server, name, rest.s, env) : err_tagged("ovsdb error", "%s: invalid syntax", spec);
    free(name);
    return e;
}

void
relay_set_intervals(struct server *server, const char *name, int64_t probe_ms, int64_t max_backoff_ms)
{
    const struct hosted *hosted = server_hosted(server, name);
    CHECK(hosted && hosted->relay);
    const struct relay *relay = hosted->relay;
    relay->env->set_probe_interval(relay->upstream, probe_ms);
    relay->env->set_max_backoff(relay->upstream, max_backoff_ms);
}

void
relay_free(struct relay *relay)
{
    if (!relay) {
        return;
    }
    relay->env->close(relay->upstream);
    relay_cancel_sent(relay);
    relay_cancel_waiting(relay);
    hmap_fini(&relay->sent);
    follower_free(relay->follower);
    drop_next(relay);
    server_row_fini(&relay->row);
    free(relay);
    mem_add(&mem_relay, -1);
}
