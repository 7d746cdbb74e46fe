/* SPDX-License-Identifier: Apache-2.0 */
/* TLS streams: a server and a client with a loop, hence a configuration, each; keys made by the openssl program. */
#include <config.h>

#include "lib/net/stream.h"

#include <event2/buffer.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/options.h"
#include "lib/net/loop.h"
#include "lib/net/tls.h"
#include "tests/unit/test.h"

enum { DEADLINE_MS = 20000, BIG = 3 * 1024 * 1024 };

/* Two authorities; ca1's server1, client1, renewed and expired (with an end in the past), ca2's intruder. */
static const char pki_script[] =
    "set -e; cd '%s'; exec 2>/dev/null\n"
    "key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1-key.pem; }\n"
    "ca() { key $1; openssl req -x509 -key $1-key.pem -out $1.pem -days 30 -subj /CN=$1; }\n"
    "cert() { key $1; openssl req -new -key $1-key.pem -out $1.csr -subj /O=weft/CN=$1\n"
    "  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2-key.pem -set_serial $4 -days $3 -out $1.pem; }\n"
    "ca ca1; ca ca2\n"
    "cert server1 ca1 30 1; cert client1 ca1 30 2; cert renewed ca1 30 3; cert expired ca1 -1 4; cert intruder ca2 30 5\n"
    "cat ca1.pem ca2.pem > both.pem; echo garbage > garbage.pem\n";

static char dir[] = "/tmp/weft-tls-XXXXXX";

static void PRINTF_LIKE(1, 2)
shell(const char *format, ...)
{
    char command[4096];
    va_list args;
    va_start(args, format);
    assert_in_range(vsnprintf(command, sizeof command, format, args), 1, sizeof command - 1);
    va_end(args);
    assert_int_equal(system(command), 0);
}

/* "DIR/NAME"; the last 32 of these are good. */
static const char *
path(const char *name)
{
    static char text[32][sizeof dir + 64];
    static unsigned int next;
    char *p = text[next++ % ARRAY_SIZE(text)];
    snprintf(p, sizeof text[0], "%s/%s", dir, name);
    return p;
}

/* One end of a stream, and what it has seen. */
struct end {
    struct loop *loop;
    struct stream *stream;
    size_t n_received;
    uint32_t sum;                                            /* of the bytes received */
    bool connected, closed, drained;
    char *reason;                                            /* owned; NULL: an orderly end */
};

struct pair {
    struct end server, client;
    struct listener *listener;
    size_t n_accepted;
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
    unsigned char bytes[4096];
    for (int n; (n = evbuffer_remove(input, bytes, sizeof bytes)) > 0; end->n_received += (size_t) n) {
        for (int i = 0; i < n; i++) {
            end->sum = end->sum * 31 + bytes[i];
        }
    }
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
    end->reason = reason ? err_take_text(reason) : NULL;
    stream_free(end->stream);
    end->stream = NULL;
}

static const struct stream_callbacks callbacks = {on_connected, on_readable, on_drained, on_closed};

static void
on_accepted(void *pair_, struct stream *stream)
{
    struct pair *pair = pair_;
    pair->n_accepted++;
    assert_true(stream_is_connected(stream));
    stream_free(pair->server.stream);                        /* one whose client has gone, which is not noticed yet */
    free(pair->server.reason);
    pair->server = (struct end) {.loop = pair->server.loop};
    pair->server.stream = stream;
    stream_set_callbacks(stream, &callbacks, &pair->server);
}

#define FILES(KEY, CERTIFICATE, CA) .private_key = (KEY), .certificate = (CERTIFICATE), .ca_cert = (CA)

static void
configure(struct loop *loop, const char *name, const char *ca)
{
    char key[64], certificate[64];
    snprintf(key, sizeof key, "%s-key.pem", name);
    snprintf(certificate, sizeof certificate, "%s.pem", name);
    tls_configure(loop, &(struct tls_options) {.private_key = path(key), .certificate = path(certificate),
                                               .ca_cert = !strcmp(ca, "none") ? ca : path(ca)});
}

static struct pair *
pair_new(void)
{
    struct pair *pair = xcalloc(1, sizeof *pair);
    pair->server.loop = loop_new();
    pair->client.loop = loop_new();
    configure(pair->server.loop, "server1", "ca1.pem");
    configure(pair->client.loop, "client1", "ca1.pem");
    assert_null(listener_new(pair->server.loop, "pssl:0:127.0.0.1", on_accepted, pair, &pair->listener));
    return pair;
}

static bool
never(void *aux UNUSED)
{
    return false;
}

/* Runs both loops until 'done(pair)'. */
static void
run_until(struct pair *pair, bool (*done)(const struct pair *pair))
{
    int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
    while (!done(pair)) {
        if (clock_monotonic_ms() >= deadline_ms) {
            fail_msg("timed out: server %zu client %zu bytes, backlogs %zu %zu, reasons %s %s", pair->server.n_received,
                     pair->client.n_received, pair->server.stream ? stream_backlog(pair->server.stream) : 0,
                     pair->client.stream ? stream_backlog(pair->client.stream) : 0, pair->server.reason, pair->client.reason);
        }
        loop_run_until(pair->server.loop, never, NULL, 1);
        loop_run_until(pair->client.loop, never, NULL, 1);
    }
}

static void
connect_to(struct pair *pair, const char *kind, const char *host)
{
    char *target = xasprintf("%s:%s:%u", kind, host, listener_port(pair->listener));
    free(pair->client.reason);
    pair->client = (struct end) {.loop = pair->client.loop};
    assert_null(stream_connect(pair->client.loop, target, &callbacks, &pair->client, &pair->client.stream));
    free(target);
}

static bool
both_are_connected(const struct pair *pair)
{
    return pair->client.connected && pair->server.stream;
}

static bool
client_is_closed(const struct pair *pair)
{
    return pair->client.closed;
}

static bool
server_is_closed(const struct pair *pair)
{
    return pair->server.closed;
}

static bool
server_has_one(const struct pair *pair)
{
    return pair->server.n_received == 1;
}

static bool
both_have_big(const struct pair *pair)
{
    return pair->server.n_received == BIG && pair->client.n_received == BIG;
}

static bool
client_is_drained(const struct pair *pair)
{
    return pair->client.drained;
}

static bool
client_has_three(const struct pair *pair)
{
    return pair->client.n_received == 3;
}

static void
connect_both(struct pair *pair)
{
    connect_to(pair, "ssl", "127.0.0.1");
    run_until(pair, both_are_connected);
}

/* Drops the streams of 'pair', for the next connection. */
static void
disconnect(struct pair *pair)
{
    stream_free(pair->client.stream);
    stream_free(pair->server.stream);
    free(pair->client.reason);
    free(pair->server.reason);
    pair->client = (struct end) {.loop = pair->client.loop};
    pair->server = (struct end) {.loop = pair->server.loop};
}

static void
pair_free(struct pair *pair)
{
    disconnect(pair);
    listener_free(pair->listener);
    loop_free(pair->client.loop);
    loop_free(pair->server.loop);
    free(pair);
}

/* Connects in vain.  With TLS 1.3 a client may believe that it is connected before the server has refused it. */
static void
expect_refusal(struct pair *pair, const char *reason)
{
    connect_to(pair, "ssl", "127.0.0.1");
    run_until(pair, client_is_closed);
    assert_non_null(pair->client.reason);
    if (!strstr(pair->client.reason, reason)) {
        fail_msg("\"%s\" is not in \"%s\"", reason, pair->client.reason);
    }
    disconnect(pair);
}

/* Bytes that are not the same everywhere, and their sum as on_readable() makes it. */
static unsigned char *
make_big(uint32_t *ret_sum)
{
    unsigned char *bytes = xmalloc(BIG);
    *ret_sum = 0;
    for (size_t i = 0; i < BIG; i++) {
        bytes[i] = (unsigned char) (i * 2654435761U >> 24);
        *ret_sum = *ret_sum * 31 + bytes[i];
    }
    return bytes;
}

TEST(bytes_pass_both_ways)
{
    struct pair *pair = pair_new();
    uint32_t sum;
    unsigned char *bytes = make_big(&sum);
    connect_to(pair, "ssl", "127.0.0.1");
    assert_null(stream_peer_id(pair->client.stream));
    stream_send(pair->client.stream, bytes, 1000);           /* before there is a connection */
    run_until(pair, both_are_connected);
    assert_string_equal(stream_peer_id(pair->client.stream), "server1");
    assert_string_equal(stream_peer_id(pair->server.stream), "client1");
    assert_true(!strncmp(stream_name(pair->server.stream), "ssl:127.0.0.1:", strlen("ssl:127.0.0.1:")));
    for (size_t at = 1000, n = 1; at < BIG; at += n, n = MIN(n * 3, BIG - at)) {
        stream_send(pair->client.stream, bytes + at, n);
    }
    struct shared_bytes *shared = shared_bytes_new(bytes, BIG);
    stream_send_shared(pair->server.stream, shared);
    shared_bytes_unref(shared);
    run_until(pair, both_have_big);
    assert_int_equal(pair->server.sum, sum);
    assert_int_equal(pair->client.sum, sum);
    assert_int_equal(stream_backlog(pair->client.stream), 0);
    free(bytes);
    pair_free(pair);
}

/* What is sent just before the end arrives; the end is an orderly one. */
TEST(an_end_comes_after_what_was_sent)
{
    struct pair *pair = pair_new();
    connect_both(pair);
    stream_send(pair->server.stream, "bye", 3);
    stream_free(pair->server.stream);
    pair->server.stream = NULL;
    run_until(pair, client_is_closed);
    assert_int_equal(pair->client.n_received, 3);
    assert_null(pair->client.reason);
    pair_free(pair);
}

TEST(a_paused_reader_holds_the_writer)
{
    struct pair *pair = pair_new();
    uint32_t sum;
    unsigned char *bytes = make_big(&sum);
    connect_both(pair);
    stream_pause_input(pair->server.stream, true);
    pair->client.drained = false;
    for (int i = 0; i < 8; i++) {                            /* 24 MB: more than the sockets take */
        stream_send(pair->client.stream, bytes, BIG);
    }
    for (int i = 0; i < 50; i++) {
        loop_run_until(pair->client.loop, never, NULL, 1);
        loop_run_until(pair->server.loop, never, NULL, 1);
    }
    assert_int_equal(pair->server.n_received, 0);
    assert_false(pair->client.drained);
    assert_in_range(stream_backlog(pair->client.stream), 1, 8 * BIG);
    stream_pause_input(pair->server.stream, false);
    while (pair->server.n_received < 8 * (size_t) BIG) {
        size_t before = pair->server.n_received;
        int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
        while (pair->server.n_received == before) {
            assert_true(clock_monotonic_ms() < deadline_ms);
            loop_run_until(pair->client.loop, never, NULL, 1);
            loop_run_until(pair->server.loop, never, NULL, 1);
        }
    }
    run_until(pair, client_is_drained);
    free(bytes);
    pair_free(pair);
}

TEST(strangers_are_refused)
{
    struct pair *pair = pair_new();
    configure(pair->client.loop, "client1", "ca2.pem");      /* the client does not believe the server */
    expect_refusal(pair, "SSL_connect: error:0A000086:SSL routines::certificate verify failed (");
    configure(pair->client.loop, "intruder", "ca1.pem");     /* nor the server the client */
    expect_refusal(pair, "alert unknown ca");
    configure(pair->client.loop, "expired", "ca1.pem");
    expect_refusal(pair, "alert certificate expired");
    configure(pair->client.loop, "client1", "ca1.pem");
    configure(pair->server.loop, "expired", "ca1.pem");
    expect_refusal(pair, "(certificate has expired)");
    assert_int_equal(pair->n_accepted, 0);
    pair_free(pair);
}

TEST(verification_can_be_turned_off)
{
    struct pair *pair = pair_new();
    configure(pair->client.loop, "client1", "none");
    configure(pair->server.loop, "intruder", "none");
    connect_both(pair);
    assert_null(stream_peer_id(pair->client.stream));
    assert_null(stream_peer_id(pair->server.stream));
    pair_free(pair);
}

TEST(several_authorities_in_a_file)
{
    struct pair *pair = pair_new();
    configure(pair->server.loop, "server1", "both.pem");
    configure(pair->client.loop, "intruder", "ca1.pem");
    connect_both(pair);
    assert_string_equal(stream_peer_id(pair->server.stream), "intruder");
    pair_free(pair);
}

TEST(what_is_unset_or_unusable_is_named)
{
    struct pair *pair = pair_new();
    const char *key = path("client1-key.pem"), *certificate = path("client1.pem"), *ca = path("ca1.pem");
    const struct {
        struct tls_options options;
        const char *reason;
    } cases[] = {
        {{.ca_cert = ca, .certificate = certificate}, "Private key must be configured to use SSL"},
        {{.ca_cert = ca, .private_key = key, .certificate = ""}, "Certificate must be configured to use SSL"},
        {{.private_key = key, .certificate = certificate}, "CA certificate must be configured to use SSL"},
        {{FILES(key, certificate, ca), .bootstrap_ca_cert = "x"}, "--ca-cert and --bootstrap-ca-cert exclude each other"},
        {{FILES(path("server1-key.pem"), certificate, ca)}, "SSL_use_PrivateKey_file: error:"},
        {{FILES("/nonexistent", certificate, ca)}, "/nonexistent: SSL_use_PrivateKey_file: error:80000002:"},
        {{FILES(key, path("garbage.pem"), ca)}, "garbage.pem: SSL_use_certificate_file: error:"},
        {{FILES(key, certificate, path("garbage.pem"))}, "failed to load client certificates from "},
        {{FILES(key, certificate, ca), .peer_ca_cert = "/nonexistent"}, "failed to load client certificates from /nonexistent"},
        {{FILES(key, certificate, ca), .protocols = "TLSv1.2, SSLv9"}, "SSLv9: SSL protocol not recognized"},
        {{FILES(key, certificate, ca), .protocols = " , "}, "SSL protocol settings enable no protocol"},
        {{FILES(key, certificate, ca), .ciphers = "nonsense"}, "SSL_CTX_set_cipher_list: error:0A0000B9:SSL routines::no cipher match"},
        {{FILES(key, certificate, ca), .ciphersuites = "nonsense"}, "SSL_CTX_set_ciphersuites: error:"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct loop *loop = pair->client.loop;               /* one that has never had a good one */
        loop_free(loop);
        pair->client.loop = loop_new();
        tls_configure(pair->client.loop, &cases[i].options);
        expect_refusal(pair, cases[i].reason);
    }
    pair_free(pair);
}

TEST(protocols_must_meet)
{
    struct pair *pair = pair_new();
    struct tls_options options = {FILES(path("server1-key.pem"), path("server1.pem"), path("ca1.pem")), .protocols = "TLSv1.3"};
    tls_configure(pair->server.loop, &options);
    struct tls_options client = {FILES(path("client1-key.pem"), path("client1.pem"), path("ca1.pem")), .protocols = "TLSv1.2"};
    tls_configure(pair->client.loop, &client);
    expect_refusal(pair, "alert protocol version");
    client.protocols = "TLSv1.2+";
    tls_configure(pair->client.loop, &client);
    connect_both(pair);
    disconnect(pair);
    options.protocols = "TLSv1.2";
    options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    client.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
    client.protocols = "TLSv1.2,TLSv1.3";
    tls_configure(pair->server.loop, &options);
    tls_configure(pair->client.loop, &client);
    expect_refusal(pair, "handshake failure");
    pair_free(pair);
}

TEST(new_files_are_used_without_restart)
{
    struct pair *pair = pair_new();
    shell("cd %s && cp server1.pem live.pem && cp server1-key.pem live-key.pem", dir);
    configure(pair->server.loop, "live", "ca1.pem");
    connect_both(pair);
    struct stream *old = pair->server.stream, *old_peer = pair->client.stream;
    pair->server.stream = pair->client.stream = NULL;

    shell("cd %s && cp renewed.pem x && mv x live.pem", dir);            /* does not fit to the key: the old pair stays */
    connect_both(pair);
    assert_string_equal(stream_peer_id(pair->client.stream), "server1");
    disconnect(pair);
    shell("cd %s && cp renewed-key.pem x && mv x live-key.pem", dir);
    connect_both(pair);
    assert_string_equal(stream_peer_id(pair->client.stream), "renewed");
    disconnect(pair);
    shell("cd %s && rm live.pem", dir);
    connect_both(pair);
    assert_string_equal(stream_peer_id(pair->client.stream), "renewed");
    disconnect(pair);

    pair->client.stream = old_peer;                          /* the first connection is as it was */
    stream_set_callbacks(old_peer, &callbacks, &pair->client);
    stream_send(old, "abc", 3);
    run_until(pair, client_has_three);
    stream_free(old);
    pair_free(pair);
}

/* A configuration that is taken away is not used any more. */
TEST(keys_can_be_taken_away)
{
    struct pair *pair = pair_new();
    connect_both(pair);
    disconnect(pair);
    tls_configure(pair->client.loop, &(struct tls_options) {.private_key = NULL});
    expect_refusal(pair, "Private key must be configured to use SSL");
    tls_configure(pair->server.loop, &(struct tls_options) {.private_key = NULL});
    configure(pair->client.loop, "client1", "ca1.pem");
    expect_refusal(pair, "SSL_connect: ");                   /* the server closes at once */
    pair_free(pair);
}

TEST(the_first_peer_names_the_authority)
{
    struct pair *pair = pair_new();
    struct tls_options options = {FILES(path("client1-key.pem"), path("client1.pem"), NULL), .bootstrap_ca_cert = path("boot.pem")};
    tls_configure(pair->client.loop, &options);
    connect_to(pair, "ssl", "127.0.0.1");
    stream_send(pair->client.stream, "early", 5);
    run_until(pair, both_are_connected);                     /* within one stream_connect() */
    assert_string_equal(stream_peer_id(pair->client.stream), "server1");
    shell("cmp %s %s", path("ca1.pem"), path("boot.pem"));
    disconnect(pair);
    configure(pair->server.loop, "intruder", "ca1.pem");     /* now a stranger has no chance */
    expect_refusal(pair, "certificate verify failed");
    shell("rm %s", path("boot.pem"));                        /* and the file's loss does not give it one */
    expect_refusal(pair, "certificate verify failed");
    assert_int_equal(access(path("boot.pem"), F_OK), -1);
    pair_free(pair);
}

TEST(bootstrapping_needs_an_authority_in_the_chain)
{
    struct pair *pair = pair_new();
    struct tls_options options = {FILES(path("client1-key.pem"), path("client1.pem"), NULL), .bootstrap_ca_cert = path("boot2.pem")};
    tls_configure(pair->client.loop, &options);
    configure(pair->server.loop, "intruder", "ca1.pem");     /* ca2 is not known to the server, so that it cannot send it */
    expect_refusal(pair, "could not bootstrap CA cert");
    assert_int_equal(access(path("boot2.pem"), F_OK), -1);
    struct tls_options server = {FILES(path("intruder-key.pem"), path("intruder.pem"), path("ca1.pem")), .peer_ca_cert = path("ca2.pem")};
    tls_configure(pair->server.loop, &server);
    connect_both(pair);
    assert_string_equal(stream_peer_id(pair->client.stream), "intruder");
    disconnect(pair);
    options.bootstrap_ca_cert = "/nonexistent/boot.pem";
    tls_configure(pair->client.loop, &options);
    expect_refusal(pair, "could not create /nonexistent/boot.pem");
    pair_free(pair);
}

/* A peer that speaks another language, none, or stops in the middle of a word. */
TEST(handshakes_that_fail_are_closed)
{
    static const char *const texts[] = {"GET / HTTP/1.0\r\n\r\n", "{\"id\":0,\"method\":\"echo\",\"params\":[]}",
                                        "\x16\x03\x01\x02\x00\x01", ""};
    struct pair *pair = pair_new();
    tls_set_handshake_timeout(pair->server.loop, 100);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        connect_to(pair, "tcp", "127.0.0.1");
        stream_send(pair->client.stream, texts[i], strlen(texts[i]) + (*texts[i] == '\x16'));
        run_until(pair, client_is_closed);
        disconnect(pair);
    }
    assert_int_equal(pair->n_accepted, 0);
    pair_free(pair);
}

/* A client whose server does not speak TLS, or says nothing at all. */
TEST(clients_notice_servers_without_tls)
{
    struct pair *pair = pair_new();
    listener_free(pair->listener);
    assert_null(listener_new(pair->server.loop, "ptcp:0:127.0.0.1", on_accepted, pair, &pair->listener));
    tls_set_handshake_timeout(pair->client.loop, 100);
    expect_refusal(pair, "SSL_connect: timed out");
    tls_set_handshake_timeout(pair->client.loop, TLS_HANDSHAKE_MS);
    connect_to(pair, "ssl", "127.0.0.1");
    int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
    while (!pair->server.stream) {
        assert_true(clock_monotonic_ms() < deadline_ms);
        loop_run_until(pair->server.loop, never, NULL, 1);
        loop_run_until(pair->client.loop, never, NULL, 1);
    }
    stream_send(pair->server.stream, "{\"error\":null}", 14);
    run_until(pair, client_is_closed);
    assert_non_null(strstr(pair->client.reason, "(the peer does not speak TLS)"));
    pair_free(pair);
}

/* A listener, and a client, that go while a handshake is under way. */
TEST(handshakes_can_be_abandoned)
{
    struct pair *pair = pair_new();
    connect_to(pair, "tcp", "127.0.0.1");
    for (int i = 0; i < 20 && !pair->client.connected; i++) {
        loop_run_until(pair->client.loop, never, NULL, 1);
    }
    loop_run_until(pair->server.loop, never, NULL, 5);
    listener_free(pair->listener);
    pair->listener = NULL;
    run_until(pair, client_is_closed);
    pair_free(pair);

    pair = pair_new();
    connect_to(pair, "ssl", "127.0.0.1");
    loop_run_until(pair->client.loop, never, NULL, 1);
    loop_run_until(pair->client.loop, never, NULL, 1);
    pair_free(pair);
}

/* openssl's s_client, connected to the server of 'pair', which has got "x" from it. */
static pid_t
start_s_client(struct pair *pair)
{
    char *connect = xasprintf("127.0.0.1:%u", listener_port(pair->listener));
    int input[2];
    assert_int_equal(pipe(input), 0);
    pid_t pid = fork();
    if (!pid) {
        int null = open("/dev/null", O_WRONLY);
        dup2(input[0], STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execlp("openssl", "openssl", "s_client", "-quiet", "-connect", connect, "-key", path("client1-key.pem"), "-cert",
               path("client1.pem"), (char *) NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    assert_int_equal(write(input[1], "x", 1), 1);
    run_until(pair, server_has_one);
    close(input[0]);
    close(input[1]);
    free(connect);
    return pid;
}

/* A client that dies without a word: an end like another. */
TEST(a_broken_connection_is_an_end)
{
    struct pair *pair = pair_new();
    pid_t pid = start_s_client(pair);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    run_until(pair, server_is_closed);
    assert_int_equal(pair->server.n_received, 1);
    assert_null(pair->server.reason);
    pair_free(pair);
}

static int
set_up(void **state UNUSED)
{
    if (!mkdtemp(dir)) {
        return -1;
    }
    shell(pki_script, dir);
    return 0;
}

static int
tear_down(void **state UNUSED)
{
    shell("rm -rf '%s'", dir);
    return 0;
}

int
main(void)
{
    struct err *err = log_set("console:off");
    assert_null(err);
    const struct CMUnitTest tests[] = {
        T(bytes_pass_both_ways), T(an_end_comes_after_what_was_sent), T(a_paused_reader_holds_the_writer),
        T(strangers_are_refused), T(verification_can_be_turned_off), T(several_authorities_in_a_file),
        T(what_is_unset_or_unusable_is_named), T(protocols_must_meet), T(new_files_are_used_without_restart),
        T(keys_can_be_taken_away), T(the_first_peer_names_the_authority),
        T(bootstrapping_needs_an_authority_in_the_chain), T(handshakes_that_fail_are_closed),
        T(clients_notice_servers_without_tls), T(handshakes_can_be_abandoned), T(a_broken_connection_is_an_end)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
