/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, certificates and what else makes the context of new TLS connections. */
#include <config.h>

#include "lib/net/tls_private.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/options.h"
#include "lib/base/str.h"
#include "lib/net/loop.h"

LOG_MODULE(stream_ssl);

/* By which a change of a file is noticed; all zeros if there is none. */
struct file_mark {
    dev_t device;
    ino_t inode;
    off_t size;
    int64_t mtime_s, mtime_ns;
};

/* The members of 'struct tls_options'.  The first N_FILES name files. */
enum { N_FILES = 5, N_MEMBERS = 8 };
static const size_t members[] = {
    offsetof(struct tls_options, private_key),   offsetof(struct tls_options, certificate),
    offsetof(struct tls_options, ca_cert),       offsetof(struct tls_options, peer_ca_cert),
    offsetof(struct tls_options, bootstrap_ca_cert),
    offsetof(struct tls_options, protocols),     offsetof(struct tls_options, ciphers),
    offsetof(struct tls_options, ciphersuites),
};
static_assert(ARRAY_SIZE(members) == N_MEMBERS && sizeof(struct tls_options) == N_MEMBERS * sizeof(char *),
              "all members of struct tls_options are listed");

struct tls {
    struct tls_options options;                              /* the strings are owned; NULL: unset */
    int64_t handshake_ms;
    SSL_CTX *context;                                        /* owned, or NULL */
    bool is_bootstrap;                                       /* 'context' believes anybody, for the CA's certificate */
    bool has_trusted;                                        /* there was a CA's certificate under these 'options' */
    bool was_tried;                                          /* what 'options' and 'marks' say */
    struct file_mark marks[N_FILES];                         /* of the files when they were last tried */
    struct err *error;                                       /* why there is no 'context', or NULL */
};

static struct err *build(const struct tls *tls, SSL_CTX **ret, bool *ret_is_bootstrap);

struct tls *
tls_new(void)
{
    struct tls *tls = xcalloc(1, sizeof *tls);
    tls->handshake_ms = TLS_HANDSHAKE_MS;
    return tls;
}

static const char **
member(struct tls_options *options, size_t i)
{
    return (const char **) (void *) ((char *) options + members[i]);
}

static void
options_fini(struct tls_options *options)
{
    for (size_t i = 0; i < N_MEMBERS; i++) {
        free((char *) *member(options, i));
    }
}

void
tls_free(struct tls *tls)
{
    if (!tls) {
        return;
    }
    options_fini(&tls->options);
    SSL_CTX_free(tls->context);
    err_free(tls->error);
    free(tls);
}

void
tls_configure(struct loop *loop, const struct tls_options *options)
{
    struct tls *tls = loop_tls(loop);
    struct tls_options new = *options;
    bool is_same = true;
    for (size_t i = 0; i < N_MEMBERS; i++) {
        const char **text = member(&new, i), *old = *member(&tls->options, i);
        *text = *text && **text ? *text : NULL;
        is_same &= *text && old ? !strcmp(*text, old) : *text == old;
    }
    if (is_same) {
        return;
    }
    for (size_t i = 0; i < N_MEMBERS; i++) {
        const char **text = member(&new, i);
        *text = *text ? xstrdup(*text) : NULL;
    }
    options_fini(&tls->options);
    tls->options = new;
    tls->has_trusted = false;
    tls->was_tried = false;
}

void
tls_set_handshake_timeout(struct loop *loop, int64_t ms)
{
    loop_tls(loop)->handshake_ms = ms;
}

int64_t
tls_handshake_timeout(const struct tls *tls)
{
    return tls->handshake_ms;
}

static bool
is_none(const char *ca_cert)
{
    return ca_cert && !strcmp(ca_cert, "none");
}

/* --- The context, kept current --- */

static void
take_marks(struct tls *tls, struct file_mark marks[N_FILES])
{
    memset(marks, 0, N_FILES * sizeof *marks);
    for (size_t i = 0; i < N_FILES; i++) {
        const char *path = *member(&tls->options, i);
        struct stat status;
        if (path && !stat(path, &status)) {
            marks[i].device = status.st_dev;
            marks[i].inode = status.st_ino;
            marks[i].size = status.st_size;
            marks[i].mtime_s = status.st_mtim.tv_sec;
            marks[i].mtime_ns = status.st_mtim.tv_nsec;
        }
    }
}

/* Errors: what must be set and is not. */
static struct err *
check_complete(const struct tls_options *options)
{
    if (!options->private_key) {
        return err_new("Private key must be configured to use SSL");
    } else if (!options->certificate) {
        return err_new("Certificate must be configured to use SSL");
    } else if (!options->ca_cert && !options->bootstrap_ca_cert) {
        return err_new("CA certificate must be configured to use SSL");
    } else if (options->ca_cert && options->bootstrap_ca_cert) {
        return err_new("--ca-cert and --bootstrap-ca-cert exclude each other");
    }
    return NULL;
}

static void
drop_context(struct tls *tls)
{
    SSL_CTX_free(tls->context);
    tls->context = NULL;
    err_free(tls->error);
    tls->error = NULL;
}

/* Reads everything anew. */
static void
try(struct tls *tls)
{
    SSL_CTX *context = NULL;
    bool is_bootstrap = false;
    struct err *err = check_complete(&tls->options);
    if (err) {
        drop_context(tls);                                   /* taken away on purpose */
    } else {
        err = build(tls, &context, &is_bootstrap);
    }
    if (err && tls->context) {
        log_warn("%s (the former keys and certificates stay in use)", err_detail(err));
        err_free(err);
    } else if (err) {
        log_err("%s", err_detail(err));
        err_free(tls->error);
        tls->error = err;
    } else {
        drop_context(tls);
        tls->context = context;
        tls->is_bootstrap = is_bootstrap;
        tls->has_trusted |= !is_bootstrap;
    }
}

struct err *
tls_get_context(struct tls *tls, SSL_CTX **ret, bool *ret_is_bootstrap)
{
    struct file_mark marks[N_FILES];
    take_marks(tls, marks);
    if (!tls->was_tried || memcmp(marks, tls->marks, sizeof marks)) {
        memcpy(tls->marks, marks, sizeof marks);
        tls->was_tried = true;
        try(tls);
    }
    if (!tls->context) {
        return err_clone(tls->error);
    }
    *ret = tls->context;
    *ret_is_bootstrap = tls->is_bootstrap;
    return NULL;
}

struct err *
tls_openssl_error(const char *what)
{
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return err_new("%s: %s", what, text);
}

/* --- Protocols and ciphers --- */

static const struct {
    const char *name;
    int version;
    uint64_t off;                                            /* the option that turns it off */
} protocols[] = {
    {"TLSv1", TLS1_VERSION, SSL_OP_NO_TLSv1},
    {"TLSv1.1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1},
    {"TLSv1.2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
    {"TLSv1.3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3},
};
enum { N_PROTOCOLS = ARRAY_SIZE(protocols) };

/* Adds 'word' to the set of bits '*enabled'.  A "+" behind a protocol stands for all later ones too. */
static struct err *
enable_protocol(struct str word, unsigned int *enabled)
{
    bool and_later = word.s[word.n - 1] == '+';
    struct str name = str_n(word.s, word.n - and_later);
    for (unsigned int i = 0; i < N_PROTOCOLS; i++) {
        if (str_is(name, protocols[i].name)) {
            unsigned int all = (1U << N_PROTOCOLS) - 1;
            *enabled |= and_later ? all & ~((1U << i) - 1) : 1U << i;
            return NULL;
        }
    }
    return err_new(STR_FMT ": SSL protocol not recognized", STR_ARG(word));
}

/* 'text' is a list of names with commas or spaces between them. */
static struct err *
set_protocols(SSL_CTX *context, const char *text)
{
    unsigned int enabled = 0;
    while (*(text += strspn(text, ", \t"))) {
        size_t n = strcspn(text, ", \t");
        struct err *err = enable_protocol(str_n(text, n), &enabled);
        if (err) {
            return err;
        }
        text += n;
    }
    if (!enabled) {
        return err_new("SSL protocol settings enable no protocol");
    }
    bool has_lowest = false;
    for (unsigned int i = 0; i < N_PROTOCOLS; i++) {
        bool is_on = enabled & 1U << i;
        if (!is_on) {
            SSL_CTX_set_options(context, protocols[i].off);
        } else if (!has_lowest) {                            /* the system's default may be higher */
            SSL_CTX_set_min_proto_version(context, protocols[i].version);
            has_lowest = true;
        }
    }
    return NULL;
}

static struct err *
set_ciphers(SSL_CTX *context, const struct tls_options *options)
{
    ERR_clear_error();
    if (!SSL_CTX_set_cipher_list(context, options->ciphers ? options->ciphers : "HIGH:!aNULL:!MD5")) {
        return tls_openssl_error("SSL_CTX_set_cipher_list");
    }
    if (options->ciphersuites && !SSL_CTX_set_ciphersuites(context, options->ciphersuites)) {
        return tls_openssl_error("SSL_CTX_set_ciphersuites");
    }
    return NULL;
}

/* --- Keys and certificates --- */

static struct err *
set_identity(SSL_CTX *context, const struct tls_options *options)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, options->certificate) != 1) {
        return err_wrap(tls_openssl_error("SSL_use_certificate_file"), "%s", options->certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(context, options->private_key, SSL_FILETYPE_PEM) != 1) {
        return err_wrap(tls_openssl_error("SSL_use_PrivateKey_file"), "%s", options->private_key);
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return tls_openssl_error("Private key does not match certificate public key");
    }
    return NULL;
}

/* The certificates in the file 'path', at least one. */
static struct err *
read_certificates(const char *path, STACK_OF(X509) **ret)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    X509 *certificate;
    ERR_clear_error();
    BIO *file = BIO_new_file(path, "r");
    while (file && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
        sk_X509_push(certificates, certificate);
    }
    BIO_free(file);
    unsigned long code = ERR_peek_last_error();
    bool is_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    if (!is_end || !sk_X509_num(certificates)) {
        sk_X509_pop_free(certificates, X509_free);
        return tls_openssl_error("reading certificates");
    }
    ERR_clear_error();
    *ret = certificates;
    return NULL;
}

static struct err *
add_peer_ca(SSL_CTX *context, const char *path)
{
    STACK_OF(X509) *certificates;
    struct err *err = path ? read_certificates(path, &certificates) : NULL;
    if (err) {
        return err_wrap(err, "failed to load client certificates from %s", path);
    }
    for (int i = 0; path && i < sk_X509_num(certificates); i++) {
        CHECK(SSL_CTX_add1_chain_cert(context, sk_X509_value(certificates, i)));
    }
    if (path) {
        sk_X509_pop_free(certificates, X509_free);
    }
    return NULL;
}

static void
log_trust(const char *path, const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    char subject[256], fingerprint[3 * EVP_MAX_MD_SIZE + 1] = "";
    X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    X509_digest(certificate, EVP_sha1(), digest, &n);
    for (unsigned int i = 0; i < n; i++) {
        snprintf(fingerprint + 3 * i - (i > 0), 4, "%s%02x", i ? ":" : "", digest[i]);
    }
    log_info("Trusting CA cert from %s (%s) (fingerprint %s)", path, subject, fingerprint);
}

static struct err *
trust(SSL_CTX *context, const char *path)
{
    STACK_OF(X509) *certificates;
    struct err *err = read_certificates(path, &certificates);
    if (err) {
        return err_wrap(err, "failed to load client certificates from %s", path);
    }
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *certificate = sk_X509_value(certificates, i);
        CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate));
        CHECK(SSL_CTX_add_client_CA(context, certificate));
        log_trust(path, certificate);
    }
    sk_X509_pop_free(certificates, X509_free);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return NULL;
}

static int
believe_anybody(int preverified UNUSED, X509_STORE_CTX *store UNUSED)
{
    return 1;
}

static struct err *
set_trust(SSL_CTX *context, const struct tls *tls, bool *ret_is_bootstrap)
{
    const struct tls_options *options = &tls->options;
    *ret_is_bootstrap = false;
    if (is_none(options->ca_cert)) {
        log_warn("Peer certificate validation disabled (this is a security risk)");
        return NULL;
    } else if (options->ca_cert) {
        return trust(context, options->ca_cert);
    } else if (!access(options->bootstrap_ca_cert, F_OK) || errno != ENOENT || tls->has_trusted) {
        return trust(context, options->bootstrap_ca_cert);
    }
    *ret_is_bootstrap = true;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, believe_anybody);
    return NULL;
}

/* Who could answer is not there; OpenSSL would wait for them at the terminal. */
static int
give_no_password(char *password UNUSED, int size UNUSED, int is_for_writing UNUSED, void *aux UNUSED)
{
    return -1;
}

static struct err *
build(const struct tls *tls, SSL_CTX **ret, bool *ret_is_bootstrap)
{
    const struct tls_options *options = &tls->options;
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    CHECK(context);
    /* A message that is cut short is noticed by those who parse it, so that an end without notice may count as an end. */
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET
                                     | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                  | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_default_passwd_cb(context, give_no_password);
    struct err *err = set_protocols(context, options->protocols ? options->protocols : "TLSv1.2,TLSv1.3");
    err = err ? err : set_ciphers(context, options);
    err = err ? err : set_identity(context, options);
    err = err ? err : add_peer_ca(context, options->peer_ca_cert);
    err = err ? err : set_trust(context, tls, ret_is_bootstrap);
    if (err) {
        SSL_CTX_free(context);
        return err;
    }
    *ret = context;
    return NULL;
}

/* --- Bootstrapping --- */

/* Writes 'certificate' to the new file 'path', whole or not at all.  That it has come to be meanwhile is good, too. */
static struct err *
write_certificate(const char *path, X509 *certificate)
{
    enum { MODE = 0444 };
    char *text = xasprintf("%s.%ld.tmp", path, (long) getpid());
    int fd = open(text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    struct err *err = file ? NULL : err_errno(errno, "could not create %s", text);
    if (file) {
        bool is_written = PEM_write_X509(file, certificate) && !fflush(file) && !fsync(fd);
        is_written &= !fclose(file);
        if (!is_written || (link(text, path) && errno != EEXIST)) {
            err = err_errno(errno ? errno : EIO, "could not write %s", path);
        }
        unlink(text);
        ERR_clear_error();
    }
    free(text);
    return err;
}

struct err *
tls_bootstrap(struct tls *tls, SSL *ssl)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    const char *path = tls->options.bootstrap_ca_cert;
    int n = chain ? sk_X509_num(chain) : 0;
    X509 *last = n ? sk_X509_value(chain, n - 1) : NULL;
    if (!path) {
        return err_new("the configuration has changed");
    }
    if (!last || X509_self_signed(last, 1) != 1) {
        ERR_clear_error();
        return err_new("could not bootstrap CA cert: the peer did not send one (its --peer-ca-cert might help)");
    }
    struct err *err = write_certificate(path, last);
    if (!err) {
        log_info("successfully bootstrapped CA cert to %s", path);
    }
    return err;
}
