/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer says before it closes, by the first byte: 's' to a stream that accepts TLS, and 'c' to one that begins it, in place
 * of a handshake; 'r' after one, past TLS; 'd' through TLS; otherwise to a stream without.  Properties: the stream ends; one
 * whose handshake failed says so; as many JSON-RPC messages are received as are in the bytes. */
#include <config.h>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/options.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "lib/net/stream_private.h"
#include "lib/net/tls.h"
#include "tests/fuzz/fuzz.h"

enum { DEADLINE_MS = 30000 };

struct end {
    struct loop *loop;
    struct stream *stream;                                   /* of 'rpc' */
    struct jsonrpc *rpc;
    SSL *peer;                                               /* who makes a handshake with 'stream', or NULL */
    size_t n_texts;
    bool is_closed;
    char *reason;                                            /* owned */
};

static SSL_CTX *peer_context;
static char key_path[32], certificate_path[32];

static FILE *
open_memory(char path[32])
{
    int fd = memfd_create("pem", MFD_CLOEXEC);
    CHECK(fd >= 0);
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fdopen(fd, "w");
}

/* A key, and a certificate that vouches for itself, for both sides. */
static void
make_identity(void)
{
    enum { SECONDS = 1000000 };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), -SECONDS);
    X509_gmtime_adj(X509_getm_notAfter(certificate), SECONDS);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *) "fuzz", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    FILE *key_file = open_memory(key_path), *certificate_file = open_memory(certificate_path);
    CHECK(X509_sign(certificate, key, EVP_sha256()) && PEM_write_X509(certificate_file, certificate));
    CHECK(PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL));
    CHECK(!fflush(key_file) && !fflush(certificate_file));   /* they stay open */
    peer_context = SSL_CTX_new(TLS_client_method());
    CHECK(SSL_CTX_use_certificate(peer_context, certificate) == 1 && SSL_CTX_use_PrivateKey(peer_context, key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    struct err *e = log_set("any:any:emer");
    CHECK(!e);
}

static void
on_received(void *end, struct jsonrpc_msg *msg)
{
    jsonrpc_msg_free(msg);
}

static bool
on_text(void *end_, struct str text)
{
    ((struct end *) end_)->n_texts++;
    return false;
}

static void
on_closed(void *end_, struct err *reason)
{
    struct end *end = end_;
    CHECK(!end->is_closed);
    end->is_closed = true;
    end->reason = reason ? err_take_text(reason) : NULL;
}

static const struct jsonrpc_callbacks callbacks = {.received = on_received, .received_text = on_text, .closed = on_closed};

static bool
is_closed(void *end)
{
    return ((struct end *) end)->is_closed;
}

static bool
is_shaken(void *end_)
{
    struct end *end = end_;
    int result = SSL_do_handshake(end->peer);
    ERR_clear_error();
    CHECK(!end->is_closed);
    return result == 1 && stream_is_connected(end->stream);
}

/* 'kind' is the first byte of the input. */
static struct stream *
open_stream(struct loop *loop, int fd, char kind)
{
    if (kind == 's' || kind == 'r' || kind == 'd') {
        return stream_accept_tls(loop, fd, "fuzz", NULL, NULL);
    } else if (kind != 'c') {
        return stream_from_fd(loop, fd, "fuzz", NULL, NULL);
    }
    struct stream *stream = stream_new(loop, "fuzz", STREAM_CONNECTING);
    stream->target.kind = TARGET_SSL;
    stream_become_connected(stream, fd);
    return stream;
}

static void
say(struct end *end, int fd, char kind, struct str bytes)
{
    if (kind == 'r' || kind == 'd') {
        end->peer = SSL_new(peer_context);
        SSL_set_connect_state(end->peer);
        SSL_set_fd(end->peer, fd);
        CHECK(loop_run_until(end->loop, is_shaken, end, DEADLINE_MS));
    }
    if (kind == 'd' && bytes.n) {
        CHECK(SSL_write(end->peer, bytes.s, (int) bytes.n) == (int) bytes.n);
    } else if (bytes.n) {
        CHECK(write(fd, bytes.s, bytes.n) == (ssize_t) bytes.n);
    }
    CHECK(!shutdown(fd, SHUT_WR) && loop_run_until(end->loop, is_closed, end, DEADLINE_MS));
    SSL_free(end->peer);
}

/* The number of messages in 'bytes', of which the last may be bad; '*ret_is_bad' is whether something is. */
static size_t
count_texts(struct str bytes, bool *ret_is_bad)
{
    size_t n = 0, length = 1;
    *ret_is_bad = false;
    while (bytes.n && length && !*ret_is_bad) {
        struct jsonrpc_framer framer = {0};
        struct jsonrpc_msg *msg = NULL;
        struct err *e;
        length = jsonrpc_framer_feed(&framer, bytes.s, bytes.n, &e);
        if (length) {
            n++;
            e = jsonrpc_msg_parse(bytes.s, length, &msg);
            bytes = str_n(bytes.s + length, bytes.n - length);
        }
        *ret_is_bad = e;
        err_free(e);
        jsonrpc_msg_free(msg);
    }
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { SIZE_MAX_ = 16000 };                              /* of what a socket takes, and a record */
    if (!size || size > SIZE_MAX_) {
        return 0;
    } else if (!peer_context) {
        make_identity();
    }
    char kind = (char) data[0];
    struct str bytes = str_n((const char *) data + 1, size - 1);
    int fds[2];
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    struct end end = {.loop = loop_new()};
    tls_configure(end.loop, &(struct tls_options) {.private_key = key_path, .certificate = certificate_path,
                                                   .ca_cert = certificate_path});
    end.stream = open_stream(end.loop, fds[0], kind);
    end.rpc = jsonrpc_new(end.stream, &callbacks, &end);
    say(&end, fds[1], kind, bytes);
    if (kind == 's' || kind == 'c') {
        CHECK(end.reason && str_starts(str_from(end.reason), kind == 's' ? "SSL_accept: " : "SSL_connect: ") && !end.n_texts);
    } else if (kind != 'r') {
        bool is_bad;
        CHECK(count_texts(bytes, &is_bad) == end.n_texts && (!is_bad || end.reason));
    }
    jsonrpc_free(end.rpc);
    loop_free(end.loop);
    free(end.reason);
    close(fds[1]);
    return 0;
}
