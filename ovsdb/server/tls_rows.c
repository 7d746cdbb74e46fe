/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/tls_rows.h"

#include "lib/base/options.h"
#include "lib/net/tls.h"
#include "ovsdb/server/database.h"
#include "ovsdb/server/remote_rows.h"

static struct err *
find(struct server *server, const char *spec, struct remote_source *ret)
{
    struct err *e = remote_source_find(server, spec, ret);
    if (!e && (column_type_is_map(&ret->column->type) || ret->column->type.key.type != ATOM_STRING)) {
        e = err_new("\"%s\": table \"%s\" column \"%s\" is not string or set of strings", spec, ret->table->schema->name,
                    ret->column->name);
    }
    return e;
}

struct err *
tls_rows_check(struct server *server, const struct tls_options *options)
{
    const char *const specs[] = {
        options->private_key, options->certificate, options->ca_cert, options->peer_ca_cert, options->bootstrap_ca_cert,
        options->protocols,   options->ciphers,     options->ciphersuites};
    for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
        struct remote_source source;
        struct err *e = specs[i] && remote_is_source(specs[i]) ? find(server, specs[i], &source) : NULL;
        if (e && !remote_source_is_awaited(server, specs[i])) {
            return e;
        }
        err_free(e);
    }
    return NULL;
}

static bool
is_bootstrap(const struct image *image)
{
    const struct datum *datum = image_find_datum(image, "bootstrap_ca_cert", ATOM_BOOLEAN, ATOM_VOID);
    return datum && datum->n && datum_keys(datum)->boolean;
}

/* What 'option' stands for: itself, or what is in the database; NULL if there is nothing.
 * '*ret_is_bootstrap' is what the row says about bootstrapping; the pointer may be NULL. */
static const char *
resolve(struct server *server, const char *option, bool *ret_is_bootstrap)
{
    struct remote_source source;
    if (!option || !remote_is_source(option)) {
        return option;
    }
    struct err *e = find(server, option, &source);
    if (e) {                                                 /* the database may be gone for now */
        err_free(e);
        return NULL;
    }
    DB_TABLE_FOR_EACH (row, source.table) {
        struct datum scratch;
        const struct datum *datum = image_datum(row->image, source.column->index, &scratch);
        for (uint32_t i = 0; i < datum->n; i++) {
            const char *text = datum_keys(datum)[i].string->text;
            if (*text) {
                if (ret_is_bootstrap) {
                    *ret_is_bootstrap = is_bootstrap(row->image);
                }
                return text;
            }
        }
    }
    return NULL;
}

void
tls_rows_apply(struct loop *loop, struct server *server, const struct tls_options *options)
{
    bool must_bootstrap = false;
    struct tls_options now = {
        .private_key = resolve(server, options->private_key, NULL),
        .certificate = resolve(server, options->certificate, NULL),
        .ca_cert = resolve(server, options->ca_cert, &must_bootstrap),
        .peer_ca_cert = resolve(server, options->peer_ca_cert, NULL),
        .bootstrap_ca_cert = resolve(server, options->bootstrap_ca_cert, NULL),
        .protocols = resolve(server, options->protocols, NULL),
        .ciphers = resolve(server, options->ciphers, NULL),
        .ciphersuites = resolve(server, options->ciphersuites, NULL),
    };
    if (must_bootstrap && !now.bootstrap_ca_cert) {
        now.bootstrap_ca_cert = now.ca_cert;
        now.ca_cert = NULL;
    }
    tls_configure(loop, &now);
}
