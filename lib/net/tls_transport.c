/* SPDX-License-Identifier: Apache-2.0 */
/* The bufferevents of TLS streams. */
#include <config.h>

#include "lib/net/tls_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/loop.h"

enum { RECORD_SIZE = 16 * 1024 };                            /* most that one TLS record carries (RFC 8446, section 5.1) */

static bool
is_host_name(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1 && !strchr(host, '%');
}

struct err *
tls_transport_new(struct loop *loop, int fd, bool is_server, const char *host, struct bufferevent **ret,
                  bool *ret_is_bootstrap)
{
    SSL_CTX *context;
    struct err *err = tls_get_context(loop_tls(loop), &context, ret_is_bootstrap);
    if (err) {
        return err;
    }
    ERR_clear_error();
    SSL *ssl = SSL_new(context);
    CHECK(ssl);
    if (!is_server && host && is_host_name(host)) {
        SSL_set_tlsext_host_name(ssl, host);                 /* RFC 6066, section 3: names, never addresses */
    }
    *ret = bufferevent_openssl_socket_new(loop_event_base(loop), fd, ssl,
                                          is_server ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING,
                                          BEV_OPT_CLOSE_ON_FREE);
    CHECK(*ret);
    return NULL;
}

/* What the code of an OpenSSL error tells those who do not know OpenSSL. */
static const char *
explain(unsigned long code)
{
    if (ERR_GET_LIB(code) != ERR_LIB_SSL) {
        return NULL;
    }
    switch (ERR_GET_REASON(code)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST: return "the peer does not speak TLS";
    default: return NULL;
    }
}

struct err *
tls_transport_error(struct bufferevent *transport, const char *what, int error)
{
    SSL *ssl = bufferevent_openssl_get_ssl(transport);
    unsigned long code, next;
    /* libevent queues the SSL_ERROR_... before the errors that tell why: these have a library. */
    for (code = 0; (next = bufferevent_get_openssl_error(transport));) {
        if (!ERR_GET_LIB(code)) {
            code = next;
        }
    }
    if (!ERR_GET_LIB(code)) {
        return err_new("%s: %s", what, error ? strerror(error) : "unexpected end of the connection");
    }
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    long verified = SSL_get_verify_result(ssl);
    bool is_verify = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    const char *detail = is_verify && verified != X509_V_OK ? X509_verify_cert_error_string(verified) : explain(code);
    return detail ? err_new("%s: %s (%s)", what, text, detail) : err_new("%s: %s", what, text);
}

/* The first common name in 'certificate'; NULL if there is none, or one with a NUL in it. */
static char *
common_name(X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0) {
        return NULL;
    }
    unsigned char *utf8;
    int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    if (n < 0) {
        ERR_clear_error();
        return NULL;
    }
    char *name = n && !memchr(utf8, '\0', (size_t) n) ? xmemdup0((const char *) utf8, (size_t) n) : NULL;
    OPENSSL_free(utf8);
    return name;
}

char *
tls_transport_peer_id(struct bufferevent *transport)
{
    SSL *ssl = bufferevent_openssl_get_ssl(transport);
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    bool is_verified = SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER && SSL_get_verify_result(ssl) == X509_V_OK;
    return certificate && is_verified ? common_name(certificate) : NULL;
}

struct err *
tls_transport_bootstrap(struct loop *loop, struct bufferevent *transport)
{
    return tls_bootstrap(loop_tls(loop), bufferevent_openssl_get_ssl(transport));
}

/* The alert with which the peer has said farewell, if that is the next thing to read; otherwise NULL. */
static struct err *
read_alert(SSL *ssl)
{
    char byte;
    ERR_clear_error();
    int result = SSL_peek(ssl, &byte, 1);
    return result <= 0 && SSL_get_error(ssl, result) == SSL_ERROR_SSL ? tls_openssl_error("SSL_read") : NULL;
}

/* Why SSL_write() returned 'result'; NULL if it is only to be called again. */
static struct err *
write_error(SSL *ssl, int result)
{
    int error = errno;
    struct err *alert;
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return NULL;
    case SSL_ERROR_SYSCALL:
        alert = read_alert(ssl);                             /* tells more than that the connection is broken */
        return alert ? alert : err_new("SSL_write: %s", error ? strerror(error) : "unexpected end of the connection");
    default: return tls_openssl_error("SSL_write");
    }
}

struct err *
tls_transport_write(struct bufferevent *transport, size_t n)
{
    SSL *ssl = bufferevent_openssl_get_ssl(transport);
    struct evbuffer *output = bufferevent_get_output(transport);
    struct err *err = NULL;
    while (n && evbuffer_get_length(output)) {
        size_t chunk = MIN(MIN(n, (size_t) RECORD_SIZE), evbuffer_get_length(output));
        const unsigned char *p = evbuffer_pullup(output, (ev_ssize_t) chunk);
        ERR_clear_error();
        int written = SSL_write(ssl, p, (int) chunk);
        if (written <= 0) {
            err = write_error(ssl, written);
            break;
        }
        evbuffer_drain(output, (size_t) written);
        n -= (size_t) written;
    }
    bufferevent_disable(transport, EV_WRITE);                /* libevent waits for room as soon as there is output */
    ERR_clear_error();
    return err;
}

void
tls_transport_shutdown(struct bufferevent *transport, size_t n)
{
    SSL *ssl = bufferevent_openssl_get_ssl(transport);
    if (SSL_is_init_finished(ssl)) {
        err_free(tls_transport_write(transport, n));
        if (!evbuffer_get_length(bufferevent_get_output(transport))) {
            SSL_shutdown(ssl);
        }
    }
    ERR_clear_error();
}
