/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/stream.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/net/loop.h"
#include "tests/unit/test.h"

enum { DEADLINE_MS = 10000 };

/* One end of a stream, and what it has seen. */
struct end {
    struct stream *stream;
    struct buf received;
    size_t wanted;
    int n_readable;                                          /* calls */
    bool connected, closed, drained;
    struct err *reason;
};

static void
on_connected(void *end_)
{
    ((struct end *) end_)->connected = true;
}

static void
on_readable(void *end_)
{
    struct end *end = end_;
    struct evbuffer *input = stream_input(end->stream);
    size_t n = evbuffer_get_length(input);
    assert_true(n > 0);
    end->n_readable++;
    void *p = buf_reserve(&end->received, n);
    evbuffer_remove(input, p, n);
}

static void
on_drained(void *end_)
{
    ((struct end *) end_)->drained = true;
}

static void
on_closed(void *end_, struct err *reason)
{
    struct end *end = end_;
    assert_false(end->closed);
    end->closed = true;
    end->reason = reason;
    stream_free(end->stream);                                /* allowed in a callback */
    end->stream = NULL;
}

static const struct stream_callbacks callbacks = {on_connected, on_readable, on_drained, on_closed};

static void
on_accepted(void *end_, struct stream *stream)
{
    struct end *end = end_;
    assert_null(end->stream);
    end->stream = stream;
    stream_set_callbacks(stream, &callbacks, end);
}

static bool
has_enough(void *end_)
{
    const struct end *end = end_;
    return end->received.size >= end->wanted;
}

static bool
is_closed(void *end_)
{
    return ((struct end *) end_)->closed;
}

static bool
is_drained(void *end_)
{
    return ((struct end *) end_)->drained;
}

static bool
has_stream(void *end_)
{
    return ((struct end *) end_)->stream;
}

static void
end_fini(struct end *end)
{
    stream_free(end->stream);
    buf_fini(&end->received);
    err_free(end->reason);
}

static void
ok(struct err *err)
{
    if (err) {
        fail_msg("%s", err_detail(err));
    }
}

/* Talks both ways between 'passive' and the 'active' target that reaches it ("%u" becomes the port). */
static void
check_conversation(const char *passive, const char *active)
{
    struct loop *loop = loop_new();
    struct end server = {.received = BUF_INIT(1 << 24)}, client = {.received = BUF_INIT(1 << 24)};
    struct listener *listener;
    ok(listener_new(loop, passive, on_accepted, &server, &listener));
    char *target = xasprintf(active, listener_port(listener));
    ok(stream_connect(loop, target, &callbacks, &client, &client.stream));
    assert_false(stream_is_connected(client.stream));
    stream_send(client.stream, "early", 5);                  /* before it is connected */
    server.wanted = 5;
    assert_true(loop_run_until(loop, has_enough, &server, DEADLINE_MS));
    assert_true(client.connected && stream_is_connected(client.stream));
    assert_string_equal(stream_name(client.stream), target);
    assert_string_equal(buf_text(&server.received), "early");

    enum { N = 5000000 };
    char *big = xmalloc(N);
    memset(big, 'x', N);
    struct shared_bytes *bytes = shared_bytes_new(big, N);
    free(big);
    stream_send_shared(server.stream, bytes);
    stream_send(server.stream, "end", 3);
    shared_bytes_unref(bytes);
    assert_int_equal(stream_backlog(server.stream), N + 3);
    server.drained = false;
    client.wanted = N + 3;
    assert_true(loop_run_until(loop, has_enough, &client, DEADLINE_MS));
    assert_memory_equal(client.received.data + N - 1, "xend", 4);
    assert_true(loop_run_until(loop, is_drained, &server, DEADLINE_MS));
    assert_int_equal(stream_backlog(server.stream), 0);

    stream_send(client.stream, "bye", 3);                    /* freed at once, and yet it arrives */
    stream_free(client.stream);
    client.stream = NULL;
    assert_true(loop_run_until(loop, is_closed, &server, DEADLINE_MS));
    assert_null(server.reason);
    assert_string_equal(buf_text(&server.received), "earlybye");
    free(target);
    end_fini(&server);
    end_fini(&client);
    listener_free(listener);
    loop_free(loop);
}

static char *
make_folder(void)
{
    char *path = xstrdup("/tmp/test_stream.XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

TEST(unix_streams_talk)
{
    char *folder = make_folder();
    char *passive = xasprintf("punix:%s/s", folder), *active = xasprintf("unix:%s/s", folder);
    check_conversation(passive, active);
    check_conversation(passive, active);                     /* the file was removed and comes again */
    assert_int_equal(rmdir(folder), 0);
    free(passive);
    free(active);
    free(folder);
}

TEST(long_paths_work)
{
    char *folder = make_folder();
    char *deep = xasprintf("%s/%0150d", folder, 1);
    assert_int_equal(mkdir(deep, 0700), 0);
    char *passive = xasprintf("punix:%s/s", deep), *active = xasprintf("unix:%s/s", deep);
    check_conversation(passive, active);
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(folder), 0);
    free(passive);
    free(active);
    free(deep);
    free(folder);
}

TEST(tcp_streams_talk)
{
    check_conversation("ptcp:0:127.0.0.1", "tcp:127.0.0.1:%u");
    check_conversation("ptcp:0", "tcp:127.0.0.1:%u");
    check_conversation("ptcp:0:127.0.0.1", "tcp:localhost:%u");
}

TEST(tcp_streams_talk_over_ipv6)
{
    struct loop *loop = loop_new();
    struct listener *listener;
    struct err *err = listener_new(loop, "ptcp:0:[::1]", on_accepted, NULL, &listener);
    if (err) {
        print_message("no IPv6 loopback here: %s\n", err_detail(err));
        err_free(err);
    } else {
        listener_free(listener);
        check_conversation("ptcp:0:[::1]", "tcp:[::1]:%u");
        check_conversation("ptcp:0:[::]", "tcp:127.0.0.1:%u");
    }
    loop_free(loop);
}

static void
assert_bad(struct err *err, const char *expected)
{
    assert_non_null(err);
    assert_string_equal(err_detail(err), expected);
    err_free(err);
}

TEST(bad_targets_fail_at_once)
{
    static const char *const bad[][2] = {
        {"foo:x", "foo:x: unknown kind of connection"},
        {"unix:", "unix:: no path"},
        {"tcp:", "tcp:: no host"},
        {"tcp:1.2.3.4:0", "tcp:1.2.3.4:0: bad port number \"0\""},
        {"tcp:1.2.3.4:65536", "tcp:1.2.3.4:65536: bad port number \"65536\""},
        {"tcp:::1:6640", "tcp:::1:6640: no host"},
        {"tcp:[::1", "tcp:[::1: '[' without ']'"},
        {"tcp:[::1]x", "tcp:[::1]x: unexpected text after ']'"},
        {"ptcp:1", "ptcp:1: this is a target to listen on"},
    };
    struct loop *loop = loop_new();
    struct stream *stream;
    struct listener *listener;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_bad(stream_connect(loop, bad[i][0], &callbacks, NULL, &stream), bad[i][1]);
    }
    assert_bad(listener_new(loop, "ptcp:0:::1", on_accepted, NULL, &listener),
               "ptcp:0:::1: unexpected text after the host; write an IPv6 address in brackets");
    assert_bad(listener_new(loop, "ptcp:0:host", on_accepted, NULL, &listener),
               "ptcp:0:host: \"host\" is not a numerical IP address");
    assert_bad(listener_new(loop, "punix:/nonexistent/x", on_accepted, NULL, &listener),
               "punix:/nonexistent/x: cannot listen: No such file or directory");
    assert_true(stream_target_is_active("ssl:x") && !stream_target_is_active("pssl:"));
    assert_true(stream_target_is_passive("ptcp:") && !stream_target_is_passive("db:x"));
    loop_free(loop);
}

static void
check_failure(const char *target, const char *reason)
{
    struct loop *loop = loop_new();
    struct end client = {.received = BUF_INIT(1)};
    ok(stream_connect(loop, target, &callbacks, &client, &client.stream));
    assert_false(client.closed);
    assert_true(loop_run_until(loop, is_closed, &client, DEADLINE_MS));
    assert_false(client.connected);
    assert_string_equal(err_detail(client.reason), reason);
    end_fini(&client);
    loop_free(loop);
}

TEST(failures_to_connect_are_reported)
{
    check_failure("unix:/nonexistent/socket", "No such file or directory");
    check_failure("tcp:127.0.0.1:1", "Connection refused");
    check_failure("tcp:localhost:1", "Connection refused");
}

TEST(streams_may_be_freed_at_any_time)
{
    struct loop *loop = loop_new();
    struct stream *stream;
    ok(stream_connect(loop, "tcp:127.0.0.1:1", &callbacks, NULL, &stream));
    stream_free(stream);
    struct end client = {.received = BUF_INIT(1), .wanted = 1};
    ok(stream_connect(loop, "tcp:no-such-host.invalid:1", &callbacks, &client, &client.stream));
    loop_run_until(loop, has_enough, &client, 1);
    end_fini(&client);                                       /* perhaps while the name is being looked up */
    stream_free(NULL);
    loop_free(loop);
}

TEST(paused_input_waits)
{
    struct loop *loop = loop_new();
    struct end server = {.received = BUF_INIT(100)}, client = {.received = BUF_INIT(100)};
    struct listener *listener;
    ok(listener_new(loop, "ptcp:0:127.0.0.1", on_accepted, &server, &listener));
    char *target = xasprintf("tcp:127.0.0.1:%u", listener_port(listener));
    ok(stream_connect(loop, target, &callbacks, &client, &client.stream));
    assert_true(loop_run_until(loop, has_stream, &server, DEADLINE_MS));
    stream_pause_input(server.stream, true);
    stream_send(client.stream, "hello", 5);
    server.wanted = 5;
    assert_false(loop_run_until(loop, has_enough, &server, 20));
    stream_pause_input(server.stream, false);
    assert_true(loop_run_until(loop, has_enough, &server, DEADLINE_MS));
    free(target);
    end_fini(&client);
    end_fini(&server);
    listener_free(listener);
    loop_free(loop);
}

TEST(what_has_arrived_is_read_at_once)
{
    enum { N = 60000 };
    struct loop *loop = loop_new();
    struct end end = {.received = BUF_INIT(2 * N), .wanted = N};
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    char *text = xmalloc(N);
    memset(text, 'x', N);
    assert_int_equal(send(fds[1], text, N, MSG_DONTWAIT), N);
    end.stream = stream_from_fd(loop, fds[0], "pair", &callbacks, &end);
    assert_true(loop_run_until(loop, has_enough, &end, DEADLINE_MS));
    assert_int_equal(end.n_readable, 1);
    close(fds[1]);
    assert_true(loop_run_until(loop, is_closed, &end, DEADLINE_MS));
    assert_null(end.reason);
    free(text);
    end_fini(&end);
    loop_free(loop);
}

TEST_MAIN(T(unix_streams_talk), T(long_paths_work), T(tcp_streams_talk), T(tcp_streams_talk_over_ipv6),
          T(bad_targets_fail_at_once), T(failures_to_connect_are_reported), T(streams_may_be_freed_at_any_time),
          T(paused_input_waits), T(what_has_arrived_is_read_at_once))
