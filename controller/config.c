/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/config.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/options.h"

static const struct {
    const char *key, *otherwise;
} defs[] = {
#define X(ID, KEY, DEFAULT) [ID] = {KEY, DEFAULT},
    CONFIG_KEYS(X)
#undef X
};

void
derive_ovs_root(struct derive *d, uint64_t row)
{
    derive_member(d, C_OVS_ROOT, 0, row);
}

/* The value of 'key' in the Open_vSwitch row 'root', recorded for 'd' if that is not NULL. */
static const char *
look_up(struct derive *d, const struct vswitch_open_vswitch *root, enum config_key key)
{
    const char *id = vswitch_open_vswitch_external_ids_get(d, root, "system-id");
    const char *value = NULL;
    char name[256];

    if (id && key != CONFIG_SYSTEM_ID
        && (size_t) snprintf(name, sizeof name, "%s-%s", defs[key].key, id) < sizeof name) {
        value = vswitch_open_vswitch_external_ids_get(d, root, name);
    }
    value = value ? value : vswitch_open_vswitch_external_ids_get(d, root, defs[key].key);
    return value ? value : defs[key].otherwise;
}

void
derive_config(struct derive *d, uint64_t key)
{
    size_t n;
    const uint64_t *rows = derive_members(d, C_OVS_ROOT, 0, &n);
    const char *value = defs[key].otherwise;
    if (n) {                                                 /* the schema allows one row */
        const struct row *row = replica_row_by_id(controller_of(d)->ovs, VSWITCH_TABLE_OPEN_VSWITCH, (uint32_t) rows[0]);
        value = look_up(d, vswitch_open_vswitch(row), (enum config_key) key);
    }
    if (value) {
        derive_return(d, value, strlen(value) + 1);
    }
}

const char *
config(struct derive *d, enum config_key key)
{
    return derive_value(d, K_CONFIG, key, NULL);
}

bool
config_is_true(struct derive *d, enum config_key key)
{
    const char *value = config(d, key);
    return value && !strcmp(value, "true");
}

const char *
config_peek(const struct controller *c, enum config_key key)
{
    const struct row *row = replica_first(c->ovs, VSWITCH_TABLE_OPEN_VSWITCH);
    return row ? look_up(NULL, vswitch_open_vswitch(row), key) : defs[key].otherwise;
}

void
config_peek_tls(const struct controller *c, const struct tls_options *given, struct tls_options *ret)
{
    const struct row *row = replica_first(c->ovs, VSWITCH_TABLE_SSL);
    *ret = *given;
    if (!row) {
        return;
    }
    const struct vswitch_ssl *ssl = vswitch_ssl(row);
    const char *private_key = vswitch_ssl_private_key(NULL, ssl), *certificate = vswitch_ssl_certificate(NULL, ssl);
    const char *ca_cert = vswitch_ssl_ca_cert(NULL, ssl);
    bool must_bootstrap = vswitch_ssl_bootstrap_ca_cert(NULL, ssl);
    if (*private_key) {
        ret->private_key = private_key;
    }
    if (*certificate) {
        ret->certificate = certificate;
    }
    if (*ca_cert) {
        ret->ca_cert = must_bootstrap ? NULL : ca_cert;
        ret->bootstrap_ca_cert = must_bootstrap ? ca_cert : NULL;
    }
}
