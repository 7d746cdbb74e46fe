/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/server/fixture_net.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/vec.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/storage/storage.h"

struct upstream {
    char *target;                                            /* owned: name of a node */
    const struct jsonrpc_session_callbacks *cbs;
    void *aux;
    struct peer client;                                      /* at the node; joined while connected */
    VEC(struct jsonrpc_msg *) outbox;
    bool wants_reconnect;
    bool is_waiting;                                         /* with the next attempt, until the next net_run() */
};

static struct {
    char folder[64];
    VEC(struct node *) nodes;
    VEC(const struct node *) cut;
    VEC(struct upstream *) upstreams;
    size_t n_bytes;
} net;

void
net_expect(struct peer *peer, const char *expected)
{
    net_run();
    peer_expect(peer, expected);
}

void
net_expect_part(struct peer *peer, const char *expected)
{
    net_run();
    peer_expect_part(peer, expected);
}

/* Upstreams. */

static struct err *
open_upstream(void *aux, const char *remotes, const struct jsonrpc_session_callbacks *cbs, void *cbs_aux,
              struct upstream **ret)
{
    if (!strcmp(remotes, "bad")) {
        return err_new("bad: not a remote");
    }
    *ret = xcalloc(1, sizeof **ret);
    (*ret)->target = xstrdup(remotes);
    (*ret)->cbs = cbs;
    (*ret)->aux = cbs_aux;
    vec_push(&net.upstreams, *ret);
    return NULL;
}

static void
disconnect(struct upstream *u)
{
    for (size_t i = 0; i < u->outbox.n; i++) {
        jsonrpc_msg_free(u->outbox.d[i]);
    }
    vec_clear(&u->outbox);
    u->wants_reconnect = false;
    if (u->client.session) {
        peer_leave(&u->client);
        u->cbs->disconnected(u->aux);
    }
}

static void
close_upstream(struct upstream *u)
{
    static const struct jsonrpc_session_callbacks none;
    for (size_t i = 0; u && i < net.upstreams.n; i++) {
        if (net.upstreams.d[i] == u) {
            vec_remove_fast(&net.upstreams, i);
            for (size_t j = 0; j < u->outbox.n; j++) {
                jsonrpc_msg_free(u->outbox.d[j]);
            }
            vec_fini(&u->outbox);
            if (u->client.session) {
                peer_leave(&u->client);
            }
            u->cbs = &none;
            free(u->target);
            free(u);
            return;
        }
    }
}

static void
send_upstream(struct upstream *u, struct jsonrpc_msg *msg)
{
    if (u->client.session) {
        vec_push(&u->outbox, msg);
    } else {
        jsonrpc_msg_free(msg);
    }
}

static void
reconnect_upstream(struct upstream *u)
{
    u->wants_reconnect = true;
}

static void
ignore_interval(struct upstream *u, int64_t ms)
{
}

static const struct upstream_env upstream_env = {
    .open = open_upstream, .close = close_upstream, .send = send_upstream, .reconnect = reconnect_upstream,
    .set_probe_interval = ignore_interval, .set_max_backoff = ignore_interval,
};

static struct node *
find_target(const struct upstream *u)
{
    for (size_t i = 0; i < net.cut.n; i++) {
        if (!strcmp(net.cut.d[i]->name, u->target)) {
            return NULL;
        }
    }
    for (size_t i = 0; i < net.nodes.n; i++) {
        if (!strcmp(net.nodes.d[i]->name, u->target)) {
            return net.nodes.d[i];
        }
    }
    return NULL;
}

static bool
is_open(const struct upstream *u)
{
    for (size_t i = 0; i < net.upstreams.n; i++) {
        if (net.upstreams.d[i] == u) {
            return true;
        }
    }
    return false;
}

/* What the server sent, message by message; the receiver may close 'u'. */
static void
deliver(struct upstream *u)
{
    struct buf sent = u->client.sent;
    u->client.sent = (struct buf) BUF_INIT(BUF_NO_LIMIT);
    net.n_bytes += sent.size;
    struct jsonrpc_framer framer = {0};
    for (size_t at = 0; at < sent.size && is_open(u) && u->client.session;) {
        struct err *e;
        size_t n = jsonrpc_framer_feed(&framer, sent.data + at, sent.size - at, &e);
        assert_null(e);
        assert_int_not_equal(n, 0);
        struct jsonrpc_msg *msg;
        if (!u->cbs->received_text(u->aux, str_n(sent.data + at, n))) {
            assert_null(jsonrpc_msg_parse(sent.data + at, n, &msg));
            u->cbs->received(u->aux, msg);
        }
        at += n;
    }
    buf_fini(&sent);
}

static bool
step(struct upstream *u)
{
    const struct node *target = find_target(u);
    if (u->wants_reconnect) {
        disconnect(u);
        u->is_waiting = true;
        return true;
    }
    if (u->client.session && (u->client.closed || !target)) {
        disconnect(u);
        return true;
    }
    if (!u->client.session) {
        if (target && !u->is_waiting) {
            peer_join(target->server, &u->client);
            u->cbs->connected(u->aux);
        }
        return u->client.session;
    }
    if (u->client.sent.size) {
        deliver(u);
        return true;
    }
    bool any = u->outbox.n;
    while (u->outbox.n && !u->client.is_held) {
        struct jsonrpc_msg *msg = u->outbox.d[0];
        u->outbox.n--;
        memmove(u->outbox.d, u->outbox.d + 1, u->outbox.n * sizeof *u->outbox.d);
        session_receive(u->client.session, msg, 0);
    }
    return any;
}

void
net_run(void)
{
    bool any = true;
    for (size_t i = 0; i < net.upstreams.n; i++) {
        net.upstreams.d[i]->is_waiting = false;
    }
    for (int round = 0; any; round++) {
        assert_true(round < 1000);                           /* it must come to rest */
        any = false;
        for (size_t i = 0; i < net.nodes.n; i++) {
            server_run(net.nodes.d[i]->server, 0);
            any |= server_next_wake_ms(net.nodes.d[i]->server) <= 0;
        }
        for (size_t i = 0; i < net.upstreams.n; i++) {
            any = step(net.upstreams.d[i]) || any;
        }
    }
}

size_t
net_n_bytes(void)
{
    return net.n_bytes;
}

void
net_cut(const struct node *node, bool is_cut)
{
    vec_clear(&net.cut);
    if (is_cut) {
        vec_push(&net.cut, node);
    }
}

/* Servers. */

static void
start_server(struct node *node)
{
    const struct server_env env = fixture_env();
    node->server = server_new(&env);
    if (node->path) {
        fixture_host_file(node->server, node->path);
    }
    vec_push(&net.nodes, node);
}

void
node_start(struct node *node, const char *name, bool has_file)
{
    *node = (struct node) {.name = name, .env = upstream_env};
    if (has_file) {
        struct schema *schema = fixture_schema();
        node->path = xasprintf("%s/%s.db", net.folder, name);
        assert_null(storage_create(node->path, schema));
        schema_unref(schema);
    }
    start_server(node);
}

void
node_add_database(struct node *node, const char *schema_text)
{
    char *quoted = fixture_quotes(schema_text);
    struct schema *schema;
    assert_null(schema_from_text(str_from(quoted), &schema));
    free(quoted);
    free(node->path);
    node->path = xasprintf("%s/%s-%s.db", net.folder, node->name, schema->version);
    assert_null(storage_create(node->path, schema));
    schema_unref(schema);
    fixture_host_file(node->server, node->path);
}

static void
stop_server(struct node *node)
{
    for (size_t i = 0; i < net.upstreams.n; i++) {
        if (!strcmp(net.upstreams.d[i]->target, node->name)) {
            disconnect(net.upstreams.d[i]);
        }
    }
    for (size_t i = 0; i < net.nodes.n; i++) {
        if (net.nodes.d[i] == node) {
            vec_remove_fast(&net.nodes, i);
        }
    }
    server_free(node->server);
}

void
node_restart(struct node *node)
{
    stop_server(node);
    start_server(node);
}

void
node_stop(struct node *node)
{
    stop_server(node);
    free(node->path);
}

void
net_start(void)
{
    snprintf(net.folder, sizeof net.folder, "/tmp/weft-test-net-XXXXXX");
    assert_non_null(mkdtemp(net.folder));
}

void
net_stop(void)
{
    assert_int_equal(net.upstreams.n, 0);
    vec_fini(&net.upstreams);
    vec_fini(&net.nodes);
    vec_fini(&net.cut);
    char *command = xasprintf("rm -r %s", net.folder);
    assert_int_equal(system(command), 0);
    free(command);
}
