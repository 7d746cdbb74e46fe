/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/jsonrpc.h"

#include "lib/base/log.h"
#include "tests/unit/net/peer.h"

struct client {
    struct jsonrpc_session *session;
    size_t n_connected, n_disconnected, n_received;
};

static void
on_connected(void *client_)
{
    struct client *client = client_;
    assert_int_equal(client->n_connected, client->n_disconnected);
    client->n_connected++;
    assert_true(jsonrpc_session_is_connected(client->session));
    jsonrpc_session_send(client->session, jsonrpc_request("hello", json_array(), json_integer(1)));
}

static void
on_disconnected(void *client_)
{
    struct client *client = client_;
    client->n_disconnected++;
    assert_int_equal(client->n_connected, client->n_disconnected);
    assert_false(jsonrpc_session_is_connected(client->session));
}

static void
on_received(void *client_, struct jsonrpc_msg *msg)
{
    struct client *client = client_;
    assert_int_equal(msg->type, JSONRPC_REPLY);
    client->n_received++;
    jsonrpc_msg_free(msg);
}

static const struct jsonrpc_session_callbacks callbacks = {
    .connected = on_connected, .disconnected = on_disconnected, .received = on_received};

static bool
has_reply(void *client_)
{
    const struct client *client = client_;
    return client->n_received >= client->n_connected && client->n_connected > client->n_disconnected;
}

static bool
is_disconnected(void *client_)
{
    const struct client *client = client_;
    return client->n_connected == client->n_disconnected;
}

static bool
has_error(void *client_)
{
    return jsonrpc_session_last_error(((const struct client *) client_)->session);
}

static void
client_init(struct client *client, struct loop *loop, const char *remotes)
{
    *client = (struct client) {0};
    struct err *err = jsonrpc_session_new(loop, remotes, false, &callbacks, client, &client->session);
    assert_null(err);
    jsonrpc_session_set_max_backoff(client->session, 20);
}

TEST(sessions_reconnect)
{
    struct loop *loop = loop_new();
    struct peer server;
    peer_listen(&server, loop, "ptcp:0:127.0.0.1");
    char *target = peer_target(&server);
    struct client client;
    client_init(&client, loop, target);
    assert_false(jsonrpc_session_is_connected(client.session));
    assert_true(loop_run_until(loop, has_reply, &client, DEADLINE_MS));
    for (size_t i = 1; i <= 3; i++) {
        jsonrpc_free(server.rpc);                            /* the server hangs up */
        server.rpc = NULL;
        assert_true(loop_run_until(loop, is_disconnected, &client, DEADLINE_MS));
        assert_string_equal(jsonrpc_session_last_error(client.session), "connection closed by peer");
        assert_true(loop_run_until(loop, has_reply, &client, DEADLINE_MS));
        assert_int_equal(client.n_connected, 1 + i);
        assert_null(jsonrpc_session_last_error(client.session));
    }
    jsonrpc_session_reconnect(client.session);
    assert_true(jsonrpc_session_is_connected(client.session));           /* not from within the call */
    assert_true(loop_run_until(loop, is_disconnected, &client, DEADLINE_MS));
    assert_true(loop_run_until(loop, has_reply, &client, DEADLINE_MS));
    jsonrpc_session_free(client.session);
    peer_fini(&server);
    free(target);
    loop_free(loop);
}

TEST(sessions_wait_for_a_server)
{
    struct loop *loop = loop_new();
    struct client client;
    struct peer server;
    peer_listen(&server, loop, "ptcp:0:127.0.0.1");
    char *target = peer_target(&server);
    char *passive = xasprintf("ptcp:%u:127.0.0.1", listener_port(server.listener));
    peer_fini(&server);
    client_init(&client, loop, target);
    assert_true(loop_run_until(loop, has_error, &client, DEADLINE_MS));
    assert_string_equal(jsonrpc_session_last_error(client.session), "Connection refused");
    jsonrpc_session_send(client.session, jsonrpc_notify("dropped", json_array()));
    peer_listen(&server, loop, passive);
    assert_true(loop_run_until(loop, has_reply, &client, DEADLINE_MS));
    assert_null(strstr(buf_text(&server.heard), "dropped"));
    jsonrpc_session_free(client.session);
    peer_fini(&server);
    free(target);
    free(passive);
    loop_free(loop);
}

TEST(sessions_try_the_next_remote)
{
    struct loop *loop = loop_new();
    struct peer a, b;
    peer_listen(&a, loop, "ptcp:0:127.0.0.1");
    peer_listen(&b, loop, "ptcp:0:127.0.0.1");
    char *target_a = peer_target(&a), *target_b = peer_target(&b);
    char *remotes = xasprintf("tcp:127.0.0.1:1, %s,%s", target_a, target_b);
    struct client client;
    client_init(&client, loop, remotes);
    assert_true(loop_run_until(loop, has_reply, &client, DEADLINE_MS));
    assert_string_equal(jsonrpc_session_remote(client.session), target_a);
    jsonrpc_session_reconnect(client.session);
    assert_true(loop_run_until(loop, is_disconnected, &client, DEADLINE_MS));
    assert_true(loop_run_until(loop, has_reply, &client, DEADLINE_MS));
    assert_string_equal(jsonrpc_session_remote(client.session), target_b);

    assert_null(jsonrpc_session_set_remotes(client.session, target_b));          /* keeps the connection */
    loop_run_until(loop, is_disconnected, &client, 20);
    assert_int_equal(client.n_connected, 2);
    assert_null(jsonrpc_session_set_remotes(client.session, target_a));
    assert_true(loop_run_until(loop, is_disconnected, &client, DEADLINE_MS));
    assert_true(loop_run_until(loop, has_reply, &client, DEADLINE_MS));
    assert_int_equal(a.n_accepted, 2);
    jsonrpc_session_free(client.session);
    free(target_a);
    free(target_b);
    free(remotes);
    peer_fini(&a);
    peer_fini(&b);
    loop_free(loop);
}

TEST(sessions_leave_a_silent_server)
{
    struct loop *loop = loop_new();
    struct peer server;
    peer_listen(&server, loop, "ptcp:0:127.0.0.1");
    char *target = peer_target(&server);
    struct client client;
    client_init(&client, loop, target);
    assert_true(loop_run_until(loop, has_reply, &client, DEADLINE_MS));
    jsonrpc_session_set_probe_interval(client.session, 20);
    jsonrpc_pause_input(server.rpc, true);
    assert_true(loop_run_until(loop, is_disconnected, &client, DEADLINE_MS));
    assert_string_equal(jsonrpc_session_last_error(client.session),
                        "no response to inactivity probe after 0.02 seconds");
    jsonrpc_session_free(client.session);
    free(target);
    peer_fini(&server);
    loop_free(loop);
}

TEST(bad_remotes_are_refused)
{
    struct loop *loop = loop_new();
    struct jsonrpc_session *session;
    static const char *const bad[] = {"", " , ", "tcp:127.0.0.1:1,foo", "ptcp:1", "pssl:1", "ssl:"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err *err = jsonrpc_session_new(loop, bad[i], true, &callbacks, NULL, &session);
        assert_non_null(err);
        err_free(err);
    }
    loop_free(loop);
}

int
main(void)
{
    struct err *err = log_set("console:off");
    assert_null(err);
    const struct CMUnitTest tests[] = {
        T(sessions_reconnect), T(sessions_wait_for_a_server), T(sessions_try_the_next_remote),
        T(sessions_leave_a_silent_server), T(bad_remotes_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
