/* SPDX-License-Identifier: Apache-2.0 */
/* Which server: one that has the database, is not cut off from its storage, and with 'leader_only' leads its cluster. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/client/replica.h"
#include "ovsdb/client/session_private.h"
#include "ovsdb/model/schema.h"

LOG_MODULE(ovsdb_session);

static const char *
database_name(const struct ovsdb_session *s)
{
    return replica_def(s->replica)->database;
}

void
ovsdb_session_reject_server(struct ovsdb_session *s, const char *why)
{
    log_info_rl("%s: %s: %s", ovsdb_session_remote(s), database_name(s), why);
    if (jsonrpc_session_has_alternatives(s->rpc)) {
        jsonrpc_session_reconnect(s->rpc);
    }
}

/* Acts on what the row says now.  Where no other server is to be had, the monitor goes on as long as there is one. */
static void
judge_server(struct ovsdb_session *s)
{
    const char *objection = server_row_objection(&s->server_row, s->leader_only);
    if (objection) {
        ovsdb_session_reject_server(s, objection);
        return;
    }
    struct schema *schema;
    struct err *err = schema_from_text(str_from(s->server_row.schema_text), &schema);
    if (err) {
        ovsdb_session_give_up(s, err_wrap(err, "schema of %s", database_name(s)));
        return;
    }
    ovsdb_session_follow(s, schema);
    schema_unref(schema);
}

void
ovsdb_session_handle_server_update(struct ovsdb_session *s, const json_t *table_updates)
{
    if (server_row_apply(&s->server_row, database_name(s), table_updates)) {
        judge_server(s);
    }
}

/* A server without _Server tells its schema on request, and nothing else. */
static void
handle_server_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (msg && msg->type == JSONRPC_REPLY) {
        s->has_server_db = true;
        server_row_apply(&s->server_row, database_name(s), msg->result);
        judge_server(s);
    } else if (msg) {
        ovsdb_session_ask_for_schema(s);
    }
}

void
ovsdb_session_watch_server(struct ovsdb_session *s)
{
    server_row_fini(&s->server_row);
    /* A server that does not know this ends connections instead of monitors. */
    ovsdb_session_send_request(s, "set_db_change_aware", json_pack("[b]", true), ovsdb_session_ignore_reply);
    ovsdb_session_send_request(s, "monitor",
                               json_pack("[s, s, {s:[{s:o}]}]", "_Server", SERVER_MONITOR, "Database", "columns",
                                         server_row_columns()),
                               handle_server_reply);
}

static void
handle_schema_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (!msg || r->n_monitors != s->n_monitors) {
        return;
    }
    struct schema *schema;
    struct err *err = msg->type == JSONRPC_ERROR ? ovsdb_error_from_json(msg->error)
                                                 : schema_from_json(msg->result, &schema);
    if (!err) {
        ovsdb_session_follow(s, schema);
        schema_unref(schema);
    } else if (s->has_server_db) {                           /* which tells when the database is back */
        char *text = err_take_text(err);
        ovsdb_session_reject_server(s, text);
        free(text);
    } else {
        ovsdb_session_give_up(s, err_wrap(err, "no schema of %s", database_name(s)));
    }
}

void
ovsdb_session_ask_for_schema(struct ovsdb_session *s)
{
    ovsdb_session_send_request(s, "get_schema", json_pack("[s]", database_name(s)), handle_schema_reply);
}

void
ovsdb_session_set_leader_only(struct ovsdb_session *s, bool leader_only)
{
    bool starts = leader_only && !s->leader_only;
    s->leader_only = leader_only;
    if (starts && s->has_server_db) {
        judge_server(s);
    }
}
