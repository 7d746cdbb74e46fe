/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/jsonrpc.h"

#include <event2/buffer.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/net/peer.h"

/* A peer, and the bare other end of its socket. */
struct pair {
    struct peer peer;
    int fd;
};

static void
pair_init_with(struct pair *pair, const struct jsonrpc_callbacks *callbacks)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    pair->peer = (struct peer) {.loop = loop_new(), .heard = BUF_INIT(1 << 20)};
    pair->peer.rpc = jsonrpc_new(stream_from_fd(pair->peer.loop, fds[0], "pair", NULL, NULL), callbacks, &pair->peer);
    pair->fd = fds[1];
}

static void
pair_init(struct pair *pair)
{
    pair_init_with(pair, &peer_callbacks);
}

static void
pair_fini(struct pair *pair)
{
    peer_fini(&pair->peer);
    if (pair->fd >= 0) {
        close(pair->fd);
    }
    loop_free(pair->peer.loop);
}

static void
say(struct pair *pair, const char *text)
{
    assert_int_equal(write(pair->fd, text, strlen(text)), strlen(text));
}

static bool
has_input(void *pair_)
{
    char c;
    return recv(((const struct pair *) pair_)->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static void
assert_hears(struct pair *pair, const char *expected)
{
    char text[4096];
    assert_true(loop_run_until(pair->peer.loop, has_input, pair, DEADLINE_MS));
    ssize_t n = read(pair->fd, text, sizeof text - 1);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, expected);
}

TEST(framer_cuts_at_any_split)
{
    static const char text[] = " {\"a\":\"}\\\"]\\\\\"}[[],{}]";
    for (size_t split = 0; split < sizeof text; split++) {
        struct jsonrpc_framer framer = {0};
        struct err *err;
        size_t length = jsonrpc_framer_feed(&framer, text, split, &err);
        assert_null(err);
        if (!length) {
            length = jsonrpc_framer_feed(&framer, text + split, sizeof text - 1 - split, &err);
        }
        assert_int_equal(length, 15);
        assert_int_equal(jsonrpc_framer_feed(&framer, text + 15, sizeof text - 16, &err), 7);
    }
}

TEST(messages_flow_both_ways)
{
    struct pair pair;
    pair_init(&pair);
    say(&pair, "{\"method\":\"x\",\"params\":[1],\"id\":null} {\"method\":\"y\",\"par");
    peer_expect(&pair.peer, "\n");
    say(&pair, "ams\":[\"\\u00e9\"],\"id\":7}");
    assert_hears(&pair, "{\"result\":[\"\xc3\xa9\"],\"error\":null,\"id\":7}");
    say(&pair, "{\"error\":{\"error\":\"x\"},\"result\":null,\"id\":[]}");
    peer_expect(&pair.peer, "\"x\"},\"id\":[]}");
    assert_string_equal(buf_text(&pair.peer.heard), "{\"method\":\"x\",\"params\":[1],\"id\":null}\n"
                                                    "{\"method\":\"y\",\"params\":[\"\xc3\xa9\"],\"id\":7}\n"
                                                    "{\"result\":null,\"error\":{\"error\":\"x\"},\"id\":[]}\n");
    jsonrpc_send(pair.peer.rpc, jsonrpc_notify("n", json_array()));
    jsonrpc_send(pair.peer.rpc, jsonrpc_error(json_string("e"), json_integer(1)));
    jsonrpc_send_bytes(pair.peer.rpc, "[]", 2);
    struct shared_bytes *bytes = shared_bytes_new("{}", 2);
    jsonrpc_send_shared(pair.peer.rpc, bytes);
    shared_bytes_unref(bytes);
    assert_hears(&pair, "{\"method\":\"n\",\"params\":[],\"id\":null}"
                        "{\"result\":null,\"error\":\"e\",\"id\":1}[]{}");
    assert_int_equal(jsonrpc_backlog(pair.peer.rpc), 0);
    pair_fini(&pair);
}

TEST(echo_is_answered)
{
    struct pair pair;
    pair_init(&pair);
    say(&pair, "{\"method\":\"echo\",\"params\":[2],\"id\":\"echo\"}");
    assert_hears(&pair, "{\"result\":[2],\"error\":null,\"id\":\"echo\"}");
    assert_int_equal(pair.peer.heard.size, 0);
    pair_fini(&pair);
}

TEST(echo_is_received_where_that_is_wanted)
{
    static const struct jsonrpc_callbacks callbacks = {
        .received = peer_received, .closed = peer_closed, .wants_echo = true};
    struct pair pair;
    pair_init_with(&pair, &callbacks);
    say(&pair, "{\"id\":1,\"method\":\"echo\",\"params\":[3]}");
    peer_expect(&pair.peer, "\"echo\"");
    assert_hears(&pair, "{\"result\":[3],\"error\":null,\"id\":1}");
    pair_fini(&pair);
}

TEST(large_messages_pass)
{
    struct pair pair;
    pair_init(&pair);
    enum { N = 3000000 };
    pair.peer.heard.max = 2 * N;
    char *x = xmalloc(N + 1);
    memset(x, 'x', N);
    x[N] = '\0';
    /* To itself, through the other end. */
    struct peer other = {.loop = pair.peer.loop, .heard = BUF_INIT(10)};
    other.rpc = jsonrpc_new(stream_from_fd(other.loop, pair.fd, "other", NULL, NULL), &peer_callbacks, &other);
    pair.fd = -1;
    jsonrpc_send(other.rpc, jsonrpc_notify("big", json_pack("[s, i]", x, 42)));
    peer_expect(&pair.peer, ",42],\"id\":null}\n");
    assert_true(pair.peer.heard.size > N);
    peer_fini(&other);
    free(x);
    pair_fini(&pair);
}

static void
check_refused(const char *text, const char *reason)
{
    struct pair pair;
    pair_init(&pair);
    jsonrpc_set_max_message(pair.peer.rpc, 1000);
    say(&pair, "{\"method\":\"first\",\"params\":[],\"id\":null}");
    say(&pair, text);
    peer_expect(&pair.peer, "closed");
    char *expected = xasprintf("{\"method\":\"first\",\"params\":[],\"id\":null}\nclosed: %s\n", reason);
    assert_string_equal(buf_text(&pair.peer.heard), expected);
    free(expected);
    pair_fini(&pair);
}

TEST(bad_input_closes_the_connection)
{
    check_refused("GET /", "not JSON: message starts with byte 0x47");
    check_refused("{]}", "bad JSON in message: line 1, column 2, byte 1: expected a string");
    check_refused("[]", "bad JSON-RPC message: not an object");
    check_refused("{}", "bad JSON-RPC message: neither \"method\" nor \"id\"");
    check_refused("{\"method\":1,\"params\":[]}", "bad JSON-RPC message: \"method\" is not a string");
    check_refused("{\"method\":\"m\",\"params\":{}}", "bad JSON-RPC message: \"params\" is not an array");
    check_refused("{\"method\":\"m\",\"params\":[],\"result\":1}", "bad JSON-RPC message: both \"method\" and a result");
    check_refused("{\"id\":1,\"result\":1,\"error\":1}", "bad JSON-RPC message: both \"result\" and \"error\"");
    check_refused("{\"id\":1}", "bad JSON-RPC message: neither \"result\" nor \"error\"");
    check_refused("{\"id\":1,\"result\":1,\"params\":[]}", "bad JSON-RPC message: \"params\" without \"method\"");
    char text[2000];
    memset(text, '[', 201);
    text[201] = '\0';
    check_refused(text, "JSON nested deeper than 200 levels");
    memset(text, ' ', sizeof text);
    text[1500] = '\0';
    check_refused(text, "message larger than 1000 bytes");
}

static void
peer_refused(void *peer, struct jsonrpc_msg *answer)
{
    jsonrpc_send(((struct peer *) peer)->rpc, answer);
}

/* Who sends such text would send it again over the next connection, and the next. */
TEST(requests_that_are_not_utf8_are_refused)
{
    static const struct { const char *text, *sequence; } cases[] = {
        {"\xff", "0xff"}, {"x\x80y", "0x80"}, {"\xc3(", "0xc3 0x28"}, {"\xed\xa0\x80", "0xed 0xa0"},
        {"\xc3\xa9\xe2\x82", "0xe2 0x82 0x22"}, {"\xf4\x90\x80\x80", "0xf4 0x90"}, {"\xc0\x80", "0xc0"},
        {"\xe0\x80\x80", "0xe0 0x80"},
    };
    static const struct jsonrpc_callbacks callbacks = {
        .received = peer_received, .closed = peer_closed, .refused = peer_refused};
    struct pair pair;
    pair_init_with(&pair, &callbacks);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"id\":7,\"method\":\"m\",\"params\":[\"%s\"]}", cases[i].text);
        say(&pair, text);
        snprintf(text, sizeof text, "{\"result\":null,\"error\":{\"details\":\"not a valid UTF-8 string: invalid UTF-8 "
                 "sequence %s\",\"error\":\"constraint violation\"},\"id\":7}", cases[i].sequence);
        assert_hears(&pair, text);
    }
    assert_int_equal(pair.peer.heard.size, 0);
    pair_fini(&pair);

    static const char *const ending[] = {
        "{\"method\":\"m\",\"params\":[\"\xff\"]}",
        "{\"id\":1,\"result\":\"\xff\"}",
        "{\"id\":1,\"method\":\"m\",\"params\":[\"\xff\",]}",
        "{\"id\":1,\"method\":\"m\",\"params\":[\"\xff\"]}",           /* where nobody refuses() */
    };
    for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
        pair_init_with(&pair, i < ARRAY_SIZE(ending) - 1 ? &callbacks : &peer_callbacks);
        say(&pair, ending[i]);
        peer_expect(&pair.peer, "closed: bad JSON in message");
        pair_fini(&pair);
    }
}

TEST(what_came_before_the_end_is_received)
{
    struct pair pair;
    pair_init(&pair);
    for (int i = 0; i < 200; i++) {
        say(&pair, "{\"method\":\"m\",\"params\":[],\"id\":null}");
    }
    close(pair.fd);
    pair.fd = -1;
    peer_expect(&pair.peer, "closed: end\n");
    assert_int_equal(pair.peer.heard.size, 200 * 37 + strlen("closed: end\n"));
    pair_fini(&pair);
}

TEST(paused_input_waits)
{
    struct pair pair;
    pair_init(&pair);
    jsonrpc_pause_input(pair.peer.rpc, true);
    say(&pair, "{\"method\":\"m\",\"params\":[],\"id\":null}");
    pair.peer.wanted = "m";
    assert_false(loop_run_until(pair.peer.loop, peer_has_heard, &pair.peer, 20));
    jsonrpc_pause_input(pair.peer.rpc, false);
    peer_expect(&pair.peer, "m");
    pair_fini(&pair);
}

enum { FLOOD_MESSAGES = 100000 };

/* A peer that sends small messages as fast as they are taken. */
struct flood {
    struct stream *stream;                                   /* where they arrive */
    struct jsonrpc *rpc;
    struct loop_io *writable;
    int fd;
    size_t n_sent, n_heard, most_waiting;                    /* bytes, messages, bytes */
};

static void
flood_received(void *flood_, struct jsonrpc_msg *msg)
{
    struct flood *flood = flood_;
    flood->n_heard++;
    flood->most_waiting = MAX(flood->most_waiting, evbuffer_get_length(stream_input(flood->stream)));
    jsonrpc_msg_free(msg);
}

static void
flood_closed(void *flood, struct err *reason)
{
    fail_msg("closed: %s", reason ? err_detail(reason) : "end");
}

static void
flood_write(void *flood_)
{
    static const char message[] = "{\"method\":\"m\",\"params\":[],\"id\":null}";
    enum { SIZE = sizeof message - 1 };
    struct flood *flood = flood_;
    char text[1000 * SIZE];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = message[(i + flood->n_sent) % SIZE];
    }
    ssize_t n = send(flood->fd, text, MIN(sizeof text, FLOOD_MESSAGES * SIZE - flood->n_sent), MSG_DONTWAIT);
    flood->n_sent += n > 0 ? (size_t) n : 0;
    if (flood->n_sent == FLOOD_MESSAGES * SIZE) {
        loop_io_free(flood->writable);
        flood->writable = NULL;
    }
}

static bool
flood_is_over(void *flood_)
{
    return ((const struct flood *) flood_)->n_heard == FLOOD_MESSAGES;
}

TEST(a_flood_of_messages_waits_in_the_socket)
{
    enum { MOST = 1 << 20 };
    static const struct jsonrpc_callbacks cbs = {.received = flood_received, .closed = flood_closed};
    int fds[2];
    struct loop *loop = loop_new();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    struct flood flood = {.fd = fds[1], .stream = stream_from_fd(loop, fds[0], "flood", NULL, NULL)};
    flood.rpc = jsonrpc_new(flood.stream, &cbs, &flood);
    flood.writable = loop_io_new(loop, flood.fd, LOOP_WRITE, flood_write, &flood);
    assert_true(loop_run_until(loop, flood_is_over, &flood, 6 * DEADLINE_MS));
    assert_true(flood.most_waiting < MOST);
    loop_io_free(flood.writable);
    jsonrpc_free(flood.rpc);
    close(flood.fd);
    loop_free(loop);
}

TEST(probes_find_the_dead)
{
    struct pair pair;
    pair_init(&pair);
    jsonrpc_set_probe_interval(pair.peer.rpc, 50);
    assert_hears(&pair, "{\"method\":\"echo\",\"params\":[],\"id\":\"echo\"}");
    say(&pair, "{\"result\":[],\"error\":null,\"id\":\"echo\"}");
    assert_hears(&pair, "{\"method\":\"echo\",\"params\":[],\"id\":\"echo\"}");
    peer_expect(&pair.peer, "closed");
    assert_string_equal(buf_text(&pair.peer.heard), "closed: no response to inactivity probe after 0.05 seconds\n");
    pair_fini(&pair);
}

TEST_MAIN(T(framer_cuts_at_any_split), T(messages_flow_both_ways), T(echo_is_answered),
          T(echo_is_received_where_that_is_wanted), T(large_messages_pass),
          T(bad_input_closes_the_connection), T(requests_that_are_not_utf8_are_refused),
          T(what_came_before_the_end_is_received), T(paused_input_waits), T(a_flood_of_messages_waits_in_the_socket),
          T(probes_find_the_dead))
