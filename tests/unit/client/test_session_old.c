/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions with servers that know less, or send nonsense, played by the test. */
#include <config.h>

#include "ovsdb/client/session.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"
#include "ovsdb/client/row.h"
#include "tests/unit/client/part.h"
#include "tests/unit/test.h"

enum { DEADLINE_MS = 10000 };
#define U1 "11111111-1111-1111-1111-111111111111"

struct bench {
    struct loop *loop;
    struct listener *listener;
    struct jsonrpc *rpc;                                     /* the server's end, or NULL */
    const char *known;                                       /* the only monitor method the server knows */
    const char *snapshot;                                    /* what it answers, with ' for " */
    struct buf heard;                                        /* methods, each with a blank behind */
    size_t n_connections;
    struct replica *replica;
    struct ovsdb_session *session;
    const char *wanted;                                      /* name of the port waited for */
};

static json_t *
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

static json_t *
result_of(struct bench *b, const char *method)
{
    if (!strcmp(method, "get_schema")) {
        return json_loads(PART_SCHEMA, 0, NULL);
    }
    return !strcmp(method, b->known) ? json_from(b->snapshot) : NULL;
}

static void
server_received(void *b_, struct jsonrpc_msg *msg)
{
    struct bench *b = b_;
    if (msg->type == JSONRPC_REQUEST) {
        buf_printf(&b->heard, "%s ", msg->method);
        json_t *result = result_of(b, msg->method);
        jsonrpc_send(b->rpc, result ? jsonrpc_reply(result, json_incref(msg->id))
                                    : jsonrpc_error(json_string("unknown method"), json_incref(msg->id)));
    }
    jsonrpc_msg_free(msg);
}

static void
server_closed(void *b_, struct err *reason)
{
    struct bench *b = b_;
    err_free(reason);
    jsonrpc_free(b->rpc);
    b->rpc = NULL;
}

static void
accepted(void *b_, struct stream *stream)
{
    static const struct jsonrpc_callbacks callbacks = {.received = server_received, .closed = server_closed};
    struct bench *b = b_;
    jsonrpc_free(b->rpc);
    b->rpc = jsonrpc_new(stream, &callbacks, b);
    b->n_connections++;
}

static void
ignore(void *b)
{
}

static void
bench_init(struct bench *b, const char *known, const char *snapshot)
{
    static const struct ovsdb_session_callbacks callbacks = {.changed = ignore};
    *b = (struct bench) {.loop = loop_new(), .known = known, .snapshot = snapshot, .heard = BUF_INIT(BUF_NO_LIMIT)};
    char *path = xasprintf("/tmp/weft-session-%d", (int) getpid());
    char *passive = xasprintf("punix:%s", path), *active = xasprintf("unix:%s", path);
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

static void
bench_fini(struct bench *b)
{
    ovsdb_session_free(b->session);
    replica_free(b->replica);
    jsonrpc_free(b->rpc);
    listener_free(b->listener);
    loop_free(b->loop);
    buf_fini(&b->heard);
}

static bool
is_there(void *b_)
{
    const struct bench *b = b_;
    const struct row *row = replica_first(b->replica, T_PORT);
    return ovsdb_session_is_synced(b->session) && row && !strcmp(row_string(NULL, row, PORT_NAME), b->wanted);
}

static void
expect_port(struct bench *b, const char *name)
{
    b->wanted = name;
    assert_true(loop_run_until(b->loop, is_there, b, DEADLINE_MS));
}

TEST(a_server_of_rfc_7047_is_enough)
{
    struct bench b;
    bench_init(&b, "monitor", "{'Port':{'" U1 "':{'new':{'name':'p'}}}}");
    expect_port(&b, "p");
    assert_string_equal(buf_text(&b.heard), "get_schema monitor_cond_since monitor_cond monitor ");
    assert_true(ovsdb_session_conditions_settled(b.session));
    jsonrpc_send(b.rpc, jsonrpc_notify("update", json_from("['data',{'Port':{'" U1 "':{'old':{'name':'p'},'new':{'name':'q'}}}}]")));
    expect_port(&b, "q");
    bench_fini(&b);
}

TEST(a_server_without_since)
{
    struct bench b;
    bench_init(&b, "monitor_cond", "{'Port':{'" U1 "':{'initial':{'name':'p'}}}}");
    expect_port(&b, "p");
    assert_string_equal(buf_text(&b.heard), "get_schema monitor_cond_since monitor_cond ");
    jsonrpc_send(b.rpc, jsonrpc_notify("update2", json_from("['data',{'Port':{'" U1 "':{'modify':{'name':'q'}}}}]")));
    expect_port(&b, "q");
    bench_fini(&b);
}

TEST(nonsense_leads_to_a_fresh_snapshot)
{
    static const char *const nonsense[] = {
        "['data','00000000-0000-0000-0000-000000000001',{'Port':{'" U1 "':{'modify':{'name':7}}}}]",
        "['data','00000000-0000-0000-0000-000000000001',{'Port':{'" U1 "':{'modify':{'no':'7'}}}}]",
        "['data','00000000-0000-0000-0000-000000000001',7]",
        "['data']",
    };
    struct bench b;
    bench_init(&b, "monitor_cond_since", "[false,'00000000-0000-0000-0000-000000000001',{'Port':{'" U1 "':{'initial':{'name':'p'}}}}]");
    expect_port(&b, "p");
    for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
        jsonrpc_send(b.rpc, jsonrpc_notify("update3", json_from("['data','00000000-0000-0000-0000-000000000001',{'Port':{'" U1 "':{'modify':{'name':'q'}}}}]")));
        expect_port(&b, "q");
        jsonrpc_send(b.rpc, jsonrpc_notify("update3", json_from(nonsense[i])));
        expect_port(&b, "p");
        assert_int_equal(b.n_connections, i + 2);
    }
    bench_fini(&b);
}

TEST_MAIN(T(a_server_of_rfc_7047_is_enough), T(a_server_without_since), T(nonsense_leads_to_a_fresh_snapshot))
