/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_conn.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"
#include "tests/unit/openflow/of_test.h"

enum { DEADLINE_MS = 10000 };

/* A switch that greets with 'hello', writes down the types of the messages it gets, and answers what a
 * test says. */
struct fake_switch {
    struct loop *loop;
    struct listener *listener;
    struct stream *stream;                                   /* or NULL */
    const char *hello;                                       /* hex */
    struct buf heard;                                        /* a name a line */
    const char *wanted;
    bool answers_echo;
    size_t n_accepted;
};

static void
switch_send_hex(struct fake_switch *sw, const char *hex)
{
    struct buf bytes = BUF_INIT(OF_MSG_MAX);
    put_hex_bytes(&bytes, hex);
    stream_send(sw->stream, bytes.data, bytes.size);
    buf_fini(&bytes);
}

static void
switch_readable(void *sw_)
{
    struct fake_switch *sw = sw_;
    struct evbuffer *input = stream_input(sw->stream);
    while (evbuffer_get_length(input) >= OF_HEADER_SIZE) {
        const uint8_t *p = evbuffer_pullup(input, OF_HEADER_SIZE);
        size_t n = get_be16(p + 2);
        struct of_msg msg;
        if (n > evbuffer_get_length(input)) {
            return;
        }
        assert_null(of_msg_parse(evbuffer_pullup(input, (ev_ssize_t) n), n, &msg));
        buf_printf(&sw->heard, "%s\n", of_kind_name(msg.kind));
        if (msg.kind == OF_ECHO_REQUEST && sw->answers_echo) {
            struct buf out = BUF_INIT(OF_MSG_MAX);
            of_put_echo_reply(&out, &msg);
            stream_send(sw->stream, out.data, out.size);
            buf_fini(&out);
        }
        evbuffer_drain(input, n);
    }
}

static void
switch_closed(void *sw_, struct err *reason)
{
    struct fake_switch *sw = sw_;
    buf_puts(&sw->heard, "closed\n");
    err_free(reason);
    stream_free(sw->stream);
    sw->stream = NULL;
}

static const struct stream_callbacks switch_cbs = {.readable = switch_readable, .closed = switch_closed};

static void
switch_accepted(void *sw_, struct stream *stream)
{
    struct fake_switch *sw = sw_;
    stream_free(sw->stream);
    sw->stream = stream;
    sw->n_accepted++;
    stream_set_callbacks(stream, &switch_cbs, sw);
    switch_send_hex(sw, sw->hello);
}

static bool
has_heard(void *sw_)
{
    struct fake_switch *sw = sw_;
    return strstr(buf_text(&sw->heard), sw->wanted);
}

static void
wait_heard(struct fake_switch *sw, const char *text)
{
    sw->wanted = text;
    assert_true(loop_run_until(sw->loop, has_heard, sw, DEADLINE_MS));
}

struct client {
    struct of_conn *conn;
    size_t n_connected, n_disconnected, n_received;
    enum of_kind last_kind;
    bool frees_itself;
};

static void
client_connected(void *client_)
{
    struct client *client = client_;
    client->n_connected++;
    assert_true(of_conn_is_connected(client->conn));
    assert_int_equal(of_conn_seq(client->conn), client->n_connected);
    struct buf out = BUF_INIT(OF_MSG_MAX);
    of_put_barrier_request(&out, of_conn_new_xid(client->conn));
    of_conn_send_buf(client->conn, &out);
    buf_fini(&out);
}

static void
client_disconnected(void *client_)
{
    struct client *client = client_;
    client->n_disconnected++;
    assert_false(of_conn_is_connected(client->conn));
}

static void
client_received(void *client_, const struct of_msg *msg)
{
    struct client *client = client_;
    client->n_received++;
    client->last_kind = msg->kind;
    if (client->frees_itself) {
        of_conn_free(client->conn);
        client->conn = NULL;
    }
}

static const struct of_conn_callbacks client_cbs = {
    .connected = client_connected, .disconnected = client_disconnected, .received = client_received};

static bool
is_connected(void *client_)
{
    const struct client *client = client_;
    return client->n_connected > client->n_disconnected;
}

static bool
is_disconnected(void *client_)
{
    return !is_connected(client_);
}

static bool
has_received(void *client_)
{
    return ((const struct client *) client_)->n_received;
}

static bool
has_error(void *client_)
{
    return of_conn_last_error(((const struct client *) client_)->conn);
}

struct fixture {
    struct loop *loop;
    char path[64], target[80];
    struct fake_switch sw;
    struct client client;
};

static void
fixture_init(struct fixture *f, const char *hello)
{
    static int n;
    *f = (struct fixture) {.loop = loop_new()};
    snprintf(f->path, sizeof f->path, "punix:/tmp/test_of_conn.%d.%d", (int) getpid(), n++);
    snprintf(f->target, sizeof f->target, "%s", f->path + 1);
    f->sw = (struct fake_switch) {.loop = f->loop, .hello = hello, .heard = BUF_INIT(100000),
                                  .answers_echo = true};
    assert_null(listener_new(f->loop, f->path, switch_accepted, &f->sw, &f->sw.listener));
    assert_null(of_conn_new(f->loop, f->target, &client_cbs, &f->client, &f->client.conn));
    of_conn_set_max_backoff(f->client.conn, 10);
}

static void
fixture_fini(struct fixture *f)
{
    of_conn_free(f->client.conn);
    stream_free(f->sw.stream);
    listener_free(f->sw.listener);
    buf_fini(&f->sw.heard);
    loop_free(f->loop);
}

TEST(connects_talks_and_reconnects)
{
    struct fixture f;
    fixture_init(&f, "06000010000000010001000800000040");
    wait_heard(&f.sw, "hello\nbarrier_request\n");
    switch_send_hex(&f.sw, "06020008000000070615000800000001");    /* an echo request, then a barrier reply */
    wait_heard(&f.sw, "echo_reply\n");
    assert_true(loop_run_until(f.loop, has_received, &f.client, DEADLINE_MS));
    assert_true(f.client.n_received == 1 && f.client.last_kind == OF_BARRIER_REPLY);

    stream_free(f.sw.stream);
    f.sw.stream = NULL;
    buf_clear(&f.sw.heard);
    assert_true(loop_run_until(f.loop, is_disconnected, &f.client, DEADLINE_MS));
    assert_string_equal(of_conn_last_error(f.client.conn), "connection closed by peer");
    wait_heard(&f.sw, "hello\nbarrier_request\n");
    assert_int_equal(f.client.n_connected, 2);

    buf_clear(&f.sw.heard);
    of_conn_reconnect(f.client.conn);
    wait_heard(&f.sw, "hello\nbarrier_request\n");
    assert_true(f.client.n_connected == 3 && f.client.n_disconnected == 2);
    fixture_fini(&f);
}

TEST(messages_in_pieces_are_put_together)
{
    struct fixture f;
    fixture_init(&f, "060000080000000" "1");
    wait_heard(&f.sw, "barrier_request\n");
    switch_send_hex(&f.sw, "0615");
    switch_send_hex(&f.sw, "0008000000");
    loop_run_until(f.loop, has_received, &f.client, 20);
    assert_int_equal(f.client.n_received, 0);
    switch_send_hex(&f.sw, "01" "0604000c0000000012345678" "0615000800000002");
    assert_true(loop_run_until(f.loop, has_received, &f.client, DEADLINE_MS));
    assert_int_equal(f.client.n_received, 3);
    fixture_fini(&f);
}

TEST(only_openflow_15_is_spoken)
{
    static const char *const hellos[] = {
        "0400000800000001",                                  /* up to 1.3 */
        "06000010000000010001000800000012",                  /* 1.0 and 1.3 */
        "0615000800000001",                                  /* no hello at all */
        "0600000400000001",                                  /* an impossible length */
        "485454502f312e3120343030",                          /* HTTP */
    };
    for (size_t i = 0; i < ARRAY_SIZE(hellos); i++) {
        struct fixture f;
        fixture_init(&f, hellos[i]);
        if (i == 4) {
            of_conn_set_probe_interval(f.client.conn, 0);
            loop_run_until(f.loop, is_connected, &f.client, 30); /* waits for 21,588 bytes that do not come */
        } else {
            assert_true(loop_run_until(f.loop, has_error, &f.client, DEADLINE_MS));
        }
        if (i < 2) {
            wait_heard(&f.sw, "hello\nerror\n");
        }
        assert_int_equal(f.client.n_connected, 0);
        fixture_fini(&f);
    }
}

TEST(a_bad_message_is_passed_over)
{
    struct fixture f;
    fixture_init(&f, "06000010000000010001000800000040");
    wait_heard(&f.sw, "barrier_request\n");
    /* Of another version; too short for its type; then a good one. */
    switch_send_hex(&f.sw, "0115000800000001" "0606000800000001" "0615000800000001");
    assert_true(loop_run_until(f.loop, has_received, &f.client, DEADLINE_MS));
    assert_true(f.client.n_received == 1 && is_connected(&f.client));
    fixture_fini(&f);
}

TEST(probes_keep_or_end_the_connection)
{
    struct fixture f;
    fixture_init(&f, "06000010000000010001000800000040");
    of_conn_set_probe_interval(f.client.conn, 20);
    wait_heard(&f.sw, "echo_request\necho_request\n");
    assert_int_equal(f.client.n_disconnected, 0);
    f.sw.answers_echo = false;
    assert_true(loop_run_until(f.loop, is_disconnected, &f.client, DEADLINE_MS));
    assert_string_equal(of_conn_last_error(f.client.conn), "no response to inactivity probe");
    fixture_fini(&f);
}

TEST(may_be_freed_in_its_callbacks)
{
    struct fixture f;
    fixture_init(&f, "06000010000000010001000800000040");
    wait_heard(&f.sw, "barrier_request\n");
    f.client.frees_itself = true;
    switch_send_hex(&f.sw, "06150008000000010615000800000002");
    wait_heard(&f.sw, "closed\n");
    assert_int_equal(f.client.n_received, 1);
    fixture_fini(&f);
}

TEST(bad_targets_fail_at_once)
{
    struct loop *loop = loop_new();
    struct client client = {0};
    struct err *e = of_conn_new(loop, "nonsense", &client_cbs, &client, &client.conn);
    assert_non_null(e);
    err_free(e);
    assert_null(of_conn_new(loop, "unix:/nonexistent/switch", &client_cbs, &client, &client.conn));
    assert_true(loop_run_until(loop, has_error, &client, DEADLINE_MS));
    of_conn_free(client.conn);
    loop_free(loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(connects_talks_and_reconnects), T(messages_in_pieces_are_put_together),
        T(only_openflow_15_is_spoken),
        T(a_bad_message_is_passed_over), T(probes_keep_or_end_the_connection),
        T(may_be_freed_in_its_callbacks),
        T(bad_targets_fail_at_once),
    };
    err_free(log_set("any:any:off"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
