/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"
#include "nbctl/top.h"

/* lrp-*: logical router ports. */

/* --- lrp-add --- */

/* The arguments of lrp-add behind the MAC address: networks, then settings ("column=value"). */
struct lrp_args {
    const char *router, *name, *mac;
    char **networks;
    size_t n_networks;
    char **settings;
    size_t n_settings;
};

static struct lrp_args
parse_args(const struct ctl_context *ctx)
{
    struct lrp_args args = {ctx->argv[1], ctx->argv[2], ctx->argv[3], ctx->argv + 4, 0, NULL, 0};
    size_t n = (size_t) ctx->argc - 4;
    while (args.n_networks < n && !strchr(args.networks[args.n_networks], '=')) {
        args.n_networks++;
    }
    args.settings = args.networks + args.n_networks;
    args.n_settings = n - args.n_networks;
    return args;
}

/* The networks that the addresses in 'texts' are on, sorted, in one text; NULL if one does not parse. */
static char *
networks_text(const char *const *texts, size_t n)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    char **networks = xcalloc(n + 1, sizeof *networks);
    bool ok = true;

    for (size_t i = 0; i < n; i++) {
        networks[i] = nb_normalize_prefix(texts[i]);
        ok = ok && networks[i];
        networks[i] = networks[i] ? networks[i] : xstrdup("");
    }
    qsort(networks, n, sizeof *networks, strings_cmp);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&out, "%s ", networks[i]);
        free(networks[i]);
    }
    free(networks);
    char *text = ok ? buf_take_text(&out) : NULL;
    buf_fini(&out);
    return text;
}

static bool
has_networks(const struct ws_row *port, const struct lrp_args *args)
{
    const struct datum *old = row_peek_named(port, "networks");
    const char **texts = xcalloc(old->n + 1, sizeof *texts);
    for (uint32_t i = 0; i < old->n; i++) {
        texts[i] = datum_keys(old)[i].string->text;
    }
    char *old_text = networks_text(texts, old->n);
    char *new_text = networks_text((const char *const *) args->networks, args->n_networks);
    bool same = old_text && new_text && !strcmp(old_text, new_text);
    free(old_text);
    free(new_text);
    free(texts);
    return same;
}

/* Is the port that exists the one that "--may-exist lrp-add" asks for? */
static struct err *
check_existing(struct ctl_context *ctx, const struct ws_row *router, struct ws_row *port, const struct lrp_args *args)
{
    const char *peer = NULL;
    const char *old_peer = row_peek_named(port, "peer")->n ? row_string(port, "peer") : NULL;
    struct eth_addr mac, old_mac;
    struct ws_row *owner;

    struct err *err = nb_find_parent(ctx, &nb_router, "ports", port, "name", &owner);
    if (err) {
        return err;
    }
    row_guard(port, ws_columns(row_table(port), "mac networks peer"));
    if (owner != router) {
        return err_new("%s: port already exists but in router %s", args->name, row_string(owner, "name"));
    }
    if (!nb_parse_mac(row_string(port, "mac"), &old_mac) || !nb_parse_mac(args->mac, &mac) || !eth_addr_eq(mac, old_mac)) {
        return err_new("%s: port already exists with mac %s", args->name, row_string(port, "mac"));
    }
    if (!has_networks(port, args)) {
        return err_new("%s: port already exists with different network", args->name);
    }
    for (size_t i = 0; i < args->n_settings; i++) {
        peer = !strncmp(args->settings[i], "peer=", 5) ? args->settings[i] + 5 : peer;
    }
    if (!peer != !old_peer || (peer && strcmp(peer, old_peer))) {
        return err_new("%s: port already exists with mismatching peer", args->name);
    }
    return NULL;
}

static struct err *
check_args(const struct lrp_args *args)
{
    struct eth_addr mac;
    if (!nb_parse_mac(args->mac, &mac)) {
        return err_new("%s: invalid mac address %s", args->name, args->mac);
    }
    for (size_t i = 0; i < args->n_networks; i++) {
        char *network = nb_normalize_prefix(args->networks[i]);
        if (!network) {
            return err_new("%s: invalid network address: %s", args->name, args->networks[i]);
        }
        free(network);
    }
    return NULL;
}

static struct err *
insert_port(struct ctl_context *ctx, struct ws_row *router, const struct lrp_args *args)
{
    const struct table *table = table_column(row_table(router), "ports")->type.key.ref_table;
    struct err *err = check_args(args);
    if (err) {
        return err;
    }
    struct ws_row *port = workset_insert(ctx->ws, table);
    row_set_string(port, "name", args->name);
    row_set_string(port, "mac", args->mac);
    row_set_strings(port, "networks", args->networks, args->n_networks);
    for (size_t i = 0; i < args->n_settings && !err; i++) {
        err = ctl_set_column(ctx, table, port, args->settings[i]);
    }
    row_add_ref(router, "ports", row_uuid(port));
    return err;
}

static struct err *
cmd_lrp_add(struct ctl_context *ctx)
{
    struct lrp_args args = parse_args(ctx);
    struct ws_row *router, *port;

    struct err *err = nb_find(ctx, &nb_router, args.router, false, "", &router);
    if (!err && !args.n_networks) {
        err = err_new("%s: router port requires specifying a network", args.name);
    }
    if (!err) {
        err = nb_find(ctx, &nb_router_port, args.name, true, "name mac networks peer", &port);
    }
    if (err) {
        return err;
    }
    if (!port) {
        return insert_port(ctx, router, &args);
    }
    return ctl_has_option(ctx, "--may-exist") ? check_existing(ctx, router, port, &args)
                                              : err_new("%s: a port with this name already exists", args.name);
}

static struct err *
cmd_lrp_del(struct ctl_context *ctx)
{
    return nb_port_del(ctx, &nb_router, &nb_router_port);
}

static struct err *
cmd_lrp_list(struct ctl_context *ctx)
{
    return nb_port_list(ctx, &nb_router);
}

/* --- Settings --- */

static struct err *
find_port(struct ctl_context *ctx, const char *columns, struct ws_row **ret)
{
    return nb_find(ctx, &nb_router_port, ctx->argv[1], false, columns, ret);
}

static struct err *
cmd_lrp_set_enabled(struct ctl_context *ctx)
{
    return nb_set_enabled(ctx, &nb_router_port);
}

static struct err *
cmd_lrp_get_enabled(struct ctl_context *ctx)
{
    return nb_get_enabled(ctx, &nb_router_port);
}

static struct err *
cmd_lrp_set_options(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "", &port);
    if (!err) {
        nb_set_options(ctx, port, "options", 2);
    }
    return err;
}

static struct err *
cmd_lrp_set_redirect_type(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "", &port);
    if (!err && strcmp(ctx->argv[2], "overlay") && strcmp(ctx->argv[2], "bridged")) {
        err = err_new("Invalid redirect type: %s", ctx->argv[2]);
    }
    if (!err) {
        row_set_key(port, "options", "redirect-type", ctx->argv[2]);
    }
    return err;
}

static struct err *
cmd_lrp_get_redirect_type(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "options", &port);
    if (!err) {
        const char *type = datum_get_string(row_peek_named(port, "options"), "redirect-type");
        buf_printf(&ctx->output, "%s\n", type ? type : "overlay");
    }
    return err;
}

/* --- Gateway chassis --- */

static struct err *
cmd_lrp_set_gateway_chassis(struct ctl_context *ctx)
{
    const char *chassis = ctx->argv[2];
    const struct table *table;
    struct ws_row *port, *gateway;
    struct ws_rows rows = {0};
    int64_t priority = 0;

    struct err *err = find_port(ctx, "name", &port);
    if (!err && ctx->argc > 3) {
        err = nb_parse_priority(ctx->argv[3], &priority);
    }
    if (!err) {
        err = ctl_table(ctx, "Gateway_Chassis", &table);
    }
    if (err) {
        return err;
    }
    char *name = xasprintf("%s-%s", row_string(port, "name"), chassis);
    err = workset_find(ctx->ws, table, "name", name, 0, &rows);
    if (!err) {
        gateway = rows.n ? rows.d[0] : workset_insert(ctx->ws, table);
        if (!rows.n) {
            row_set_string(gateway, "name", name);
        }
        row_set_string(gateway, "chassis_name", chassis);
        row_set_integer(gateway, "priority", priority);
        row_add_ref(port, "gateway_chassis", row_uuid(gateway));
    }
    vec_fini(&rows);
    free(name);
    return err;
}

static struct err *
cmd_lrp_del_gateway_chassis(struct ctl_context *ctx)
{
    struct ws_row *port, *found = NULL;
    struct ws_rows rows = {0};
    struct err *err = find_port(ctx, "gateway_chassis", &port);
    if (!err) {
        err = nb_fetch_refs(ctx, port, "gateway_chassis", "chassis_name", &rows);
    }
    for (size_t i = 0; i < rows.n && !err; i++) {
        found = strcmp(row_string(rows.d[i], "chassis_name"), ctx->argv[2]) ? found : rows.d[i];
    }
    if (!err && !found) {
        err = err_new("chassis %s is not added to logical port %s", ctx->argv[2], ctx->argv[1]);
    }
    if (!err) {
        row_remove_ref(port, "gateway_chassis", row_uuid(found));
        row_delete(found);
    }
    vec_fini(&rows);
    return err;
}

static int
compare_priorities(const void *a, const void *b)
{
    const struct ws_row *const *ra = a, *const *rb = b;
    int64_t pa = row_integer(*ra, "priority"), pb = row_integer(*rb, "priority");
    return pa != pb ? (pa < pb) - (pa > pb) : strcmp(row_string(*ra, "name"), row_string(*rb, "name"));
}

static struct err *
cmd_lrp_get_gateway_chassis(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct ws_rows rows = {0};
    struct err *err = find_port(ctx, "gateway_chassis", &port);
    if (!err) {
        err = nb_peek_refs(ctx, port, "gateway_chassis", "name priority", &rows);
    }
    if (!err && rows.n) {
        qsort(rows.d, rows.n, sizeof *rows.d, compare_priorities);
    }
    for (size_t i = 0; i < rows.n && !err; i++) {
        buf_printf(&ctx->output, "%s %5lld\n", row_string(rows.d[i], "name"),
                   (long long) row_integer(rows.d[i], "priority"));
    }
    vec_fini(&rows);
    return err;
}

const struct ctl_command_def router_port_commands[] = {
    {"lrp-add", 4, INT_MAX, "ROUTER PORT MAC NETWORK... [COLUMN[:KEY]=VALUE]...", "--may-exist", cmd_lrp_add, NULL},
    {"lrp-del", 1, 1, "PORT", "--if-exists", cmd_lrp_del, NULL},
    {"lrp-list", 1, 1, "ROUTER", "", cmd_lrp_list, NULL},
    {"lrp-set-enabled", 2, 2, "PORT STATE", "", cmd_lrp_set_enabled, NULL},
    {"lrp-get-enabled", 1, 1, "PORT", "", cmd_lrp_get_enabled, NULL},
    {"lrp-set-options", 1, INT_MAX, "PORT KEY=VALUE [KEY=VALUE]...", "", cmd_lrp_set_options, NULL},
    {"lrp-set-redirect-type", 2, 2, "PORT TYPE", "", cmd_lrp_set_redirect_type, NULL},
    {"lrp-get-redirect-type", 1, 1, "PORT", "", cmd_lrp_get_redirect_type, NULL},
    {"lrp-set-gateway-chassis", 2, 3, "PORT CHASSIS [PRIORITY]", "--may-exist", cmd_lrp_set_gateway_chassis, NULL},
    {"lrp-del-gateway-chassis", 2, 2, "PORT CHASSIS", "", cmd_lrp_del_gateway_chassis, NULL},
    {"lrp-get-gateway-chassis", 1, 1, "PORT", "", cmd_lrp_get_gateway_chassis, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
