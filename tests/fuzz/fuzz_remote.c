/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, each taken as a target and as "db:DB,TABLE,COLUMN", the last also as lists of TLS protocols, ciphers and cipher
 * suites.  Properties: a target that is understood prints, and the print is understood as the same; what a column is named by
 * is its name; of the lists, what is not understood is what the error speaks of. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/options.h"
#include "lib/net/address.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"
#include "lib/net/tls_private.h"
#include "ovsdb/server/database.h"
#include "ovsdb/server/remote_rows.h"
#include "ovsdb/server/tls_rows.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_server.h"

static char *
print_target(const struct target *target)
{
    static const char *const kinds[] = {[TARGET_UNIX] = "unix", [TARGET_TCP] = "tcp", [TARGET_SSL] = "ssl"};
    const char *prefix = target->passive ? "p" : "", *kind = kinds[target->kind];
    if (target->kind == TARGET_UNIX) {
        return xasprintf("%s%s:%s", prefix, kind, target->path);
    } else if (target->passive) {
        return target->host ? xasprintf("p%s:%u:[%s]", kind, target->port, target->host)
                            : xasprintf("p%s:%u", kind, target->port);
    }
    return xasprintf("%s:[%s]:%u", kind, target->host, target->port);
}

static bool
is_same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static void
check_target(const char *line)
{
    struct target target, again;
    struct err *e = target_parse(line, &target);
    if (e) {
        err_free(e);
        return;
    }
    CHECK(target.passive ? stream_target_is_passive(line) : stream_target_is_active(line));
    char *text = print_target(&target);
    if (!target.host || !strchr(target.host, ']')) {
        e = target_parse(text, &again);
        CHECK(!e && again.kind == target.kind && again.passive == target.passive && again.port == target.port);
        CHECK(is_same_text(again.host, target.host) && is_same_text(again.path, target.path));
        target_fini(&again);
    }
    free(text);
    target_fini(&target);
}

static void
check_source(struct server *server, const char *line)
{
    struct remote_source source;
    char *spec = xasprintf("db:%s", line);
    struct err *e = remote_source_find(server, spec, &source);
    if (!e) {
        char *text = xasprintf("db:%s,%s,%s", source.db_name, source.table->schema->name, source.column->name);
        CHECK(!strcmp(text, spec) && !remote_source_is_awaited(server, spec));
        free(text);
    } else {
        CHECK(strstr(err_detail(e), spec));
    }
    err_free(e);
    err_free(remote_source_parse(server, spec, &source));
    err_free(tls_rows_check(server, &(struct tls_options) {.private_key = spec}));
    free(spec);
}

static void
check_tls_options(const struct tls_options *options, const char *name)
{
    struct loop *loop = loop_new();
    SSL_CTX *context;
    bool is_bootstrap;
    tls_configure(loop, options);
    struct err *e = tls_get_context(loop_tls(loop), &context, &is_bootstrap);
    CHECK(e && (strstr(err_detail(e), name) || strstr(err_detail(e), options->certificate)));
    err_free(e);
    loop_free(loop);
}

static void
check_tls(const char *list)
{
#define NO_FILES .private_key = "/nowhere/key", .certificate = "/nowhere/certificate", .ca_cert = "none"
    check_tls_options(&(struct tls_options) {NO_FILES, .protocols = list}, "SSL protocol");
    check_tls_options(&(struct tls_options) {NO_FILES, .ciphers = list}, "SSL_CTX_set_cipher_list");
    check_tls_options(&(struct tls_options) {NO_FILES, .ciphersuites = list}, "SSL_CTX_set_ciphersuites");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_server home;
    fuzz_server_start(&home);
    for (struct str rest = str_n((const char *) data, size); rest.s;) {
        char *line = str_dup(str_cut(&rest, "\n"));
        check_target(line);
        check_source(home.server, line);
        if (!rest.s) {
            check_tls(line);
        }
        free(line);
    }
    fuzz_server_stop(&home);
    return 0;
}
