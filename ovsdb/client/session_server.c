/* SPDX-License-Identifier: Apache-2.0 */
/* Which server: with 'leader_only' only the leader of a cluster will do. */
#include <config.h>

#include "lib/base/log.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/client/replica.h"
#include "ovsdb/client/session_private.h"

LOG_MODULE(ovsdb_session);

void
ovsdb_session_check_leader(struct ovsdb_session *s, const json_t *table_updates)
{
    const char *uuid;
    json_t *update;
    json_object_foreach (json_object_get(table_updates, "Database"), uuid, update) {
        const json_t *row = json_object_get(update, "new");
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *model = json_string_value(json_object_get(row, "model"));
        bool is_ours = name && !strcmp(name, replica_def(s->replica)->database);
        if (is_ours && model && !strcmp(model, "clustered") && !json_is_true(json_object_get(row, "leader"))) {
            log_info("%s: not the leader of its cluster", ovsdb_session_remote(s));
            jsonrpc_session_reconnect(s->rpc);
            return;
        }
    }
}

static void
handle_server_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (msg && msg->type == JSONRPC_REPLY) {
        ovsdb_session_check_leader(s, msg->result);
    }
}

void
ovsdb_session_watch_server(struct ovsdb_session *s)
{
    ovsdb_session_send_request(s, "monitor",
                 json_pack("[ss{s{s[sss]}}]", "_Server", SERVER_MONITOR, "Database", "columns", "name", "model", "leader"),
                 handle_server_reply);
}

void
ovsdb_session_set_leader_only(struct ovsdb_session *s, bool leader_only)
{
    bool starts = leader_only && !s->leader_only;
    s->leader_only = leader_only;
    if (starts && ovsdb_session_is_connected(s)) {
        ovsdb_session_watch_server(s);
    }
}
