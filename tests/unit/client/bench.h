/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_CLIENT_BENCH_H
#define WEFT_TESTS_UNIT_CLIENT_BENCH_H

/* What: a session of the client library, and a server for it that is played by the test. */

#include <stdlib.h>
#include <unistd.h>

#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"
#include "ovsdb/client/row.h"
#include "ovsdb/client/session.h"
#include "tests/unit/client/part.h"
#include "tests/unit/test.h"

enum { DEADLINE_MS = 10000 };
#define U1 "11111111-1111-1111-1111-111111111111"

/* What the server's _Server.Database says of "Part". */
struct bench_row {
    const char *model;                                       /* NULL: there is no such row */
    const char *schema;
    bool is_connected, is_leader;
};

struct bench {
    struct loop *loop;
    struct listener *listener;
    struct jsonrpc *rpc;                                     /* the server's end, or NULL */
    const char *known;                                       /* the only monitor method the server knows */
    const char *snapshot;                                    /* what it answers, with ' for " */
    bool has_server_db;
    struct bench_row row;
    struct bench_row second_row;                             /* from the second connection on, if that has a model */
    const char *schema;                                      /* what "get_schema" answers; NULL: an error */
    bool has_locks;
    const char *answer;                                      /* result of "transact", with ' for "; NULL: it is canceled */
    struct buf heard;                                        /* methods, each with a blank behind */
    size_t n_connections;
    struct replica *replica;
    struct ovsdb_session *session;
    const char *wanted;                                      /* name of the port waited for */
};

static inline json_t *
json_from(const char *text)
{
    char *copy = xstrdup(text);
    for (char *p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    json_t *json = json_loads(copy, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    free(copy);
    return json;
}

static inline json_t *
row_update(const struct bench *b)
{
    return !b->row.model ? json_object() : json_pack(
        "{s:{s:{s:{s:s, s:s, s:b, s:b, s:s}}}}", "Database", U1, "new", "name", "Part", "model", b->row.model, "connected",
        b->row.is_connected, "leader", b->row.is_leader, "schema", b->row.schema);
}

/* NULL: an error. */
static inline json_t *
result_of(struct bench *b, const char *method, bool is_server_db)
{
    if (is_server_db) {
        return b->has_server_db ? row_update(b) : NULL;
    } else if (!strcmp(method, "get_schema")) {
        return b->schema ? json_loads(b->schema, 0, NULL) : NULL;
    } else if (!strcmp(method, "lock")) {
        return b->has_locks ? json_pack("{s:b}", "locked", true) : NULL;
    } else if (!strcmp(method, "transact")) {
        return b->answer ? json_from(b->answer) : NULL;
    }
    return !strcmp(method, b->known) ? json_from(b->snapshot) : NULL;
}

static inline void
server_received(void *b_, struct jsonrpc_msg *msg)
{
    struct bench *b = b_;
    if (msg->type == JSONRPC_REQUEST) {
        const char *database = json_string_value(json_array_get(msg->params, 0));
        bool is_server_db = database && !strcmp(database, "_Server");
        buf_printf(&b->heard, "%s%s ", msg->method, is_server_db ? "(_Server)" : "");
        json_t *result = result_of(b, msg->method, is_server_db);
        const char *error = strcmp(msg->method, "transact") ? "unknown method" : "canceled";
        jsonrpc_send(b->rpc, result ? jsonrpc_reply(result, json_incref(msg->id))
                                    : jsonrpc_error(json_string(error), json_incref(msg->id)));
    }
    jsonrpc_msg_free(msg);
}

static inline void
bench_tell_row(struct bench *b)
{
    jsonrpc_send(b->rpc, jsonrpc_notify("update", json_pack("[s, o]", "server", row_update(b))));
}

static inline void
bench_cancel(struct bench *b, const char *monitor)
{
    jsonrpc_send(b->rpc, jsonrpc_notify("monitor_canceled", json_pack("[s]", monitor)));
}

static inline void
server_closed(void *b_, struct err *reason)
{
    struct bench *b = b_;
    err_free(reason);
    jsonrpc_free(b->rpc);
    b->rpc = NULL;
}

static inline void
accepted(void *b_, struct stream *stream)
{
    static const struct jsonrpc_callbacks callbacks = {.received = server_received, .closed = server_closed};
    struct bench *b = b_;
    jsonrpc_free(b->rpc);
    b->rpc = jsonrpc_new(stream, &callbacks, b);
    if (++b->n_connections == 2 && b->second_row.model) {
        b->row = b->second_row;
    }
}

static inline void
ignore(void *b)
{
}

/* With 'n_remotes', which are all the same. */
static inline void
bench_init(struct bench *b, const char *known, const char *snapshot, size_t n_remotes)
{
    static const struct ovsdb_session_callbacks callbacks = {.changed = ignore};
    *b = (struct bench) {.loop = loop_new(), .known = known, .snapshot = snapshot, .schema = PART_SCHEMA,
                         .heard = BUF_INIT(BUF_NO_LIMIT)};
    char *path = xasprintf("/tmp/weft-session-%d", (int) getpid());
    char *passive = xasprintf("punix:%s", path), *active = xasprintf("unix:%s%s%s", path, n_remotes > 1 ? ",unix:" : "",
                                                                            n_remotes > 1 ? path : "");
    assert_null(listener_new(b->loop, passive, accepted, b, &b->listener));
    b->replica = replica_new(&part_def, 0, 0);
    replica_monitor_column(b->replica, T_PORT, PORT_NAME);
    replica_set_condition(b->replica, T_PORT, json_pack("[[sss]]", "name", "==", "p"));
    assert_null(ovsdb_session_new(b->loop, active, b->replica, &callbacks, b, &b->session));
    ovsdb_session_set_max_backoff(b->session, 10);
    free(path);
    free(passive);
    free(active);
}

static inline void
bench_fini(struct bench *b)
{
    ovsdb_session_free(b->session);
    replica_free(b->replica);
    jsonrpc_free(b->rpc);
    listener_free(b->listener);
    loop_free(b->loop);
    buf_fini(&b->heard);
}

static inline bool
is_there(void *b_)
{
    const struct bench *b = b_;
    const struct row *row = replica_first(b->replica, T_PORT);
    return ovsdb_session_is_synced(b->session) && row && !strcmp(row_string(NULL, row, PORT_NAME), b->wanted);
}

static inline void
expect_port(struct bench *b, const char *name)
{
    b->wanted = name;
    assert_true(loop_run_until(b->loop, is_there, b, DEADLINE_MS));
}

#endif
