/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

/* lr-nat-*: network address translation on routers. */

static const char NAT_COLUMNS[] = "type external_ip logical_ip logical_port external_mac external_port_range options "
                                  "gateway_port";

static struct err *
check_type(const char *type)
{
    bool ok = !strcmp(type, "dnat") || !strcmp(type, "snat") || !strcmp(type, "dnat_and_snat");
    return ok ? NULL : err_new("%s: type must be one of \"dnat\", \"snat\" and \"dnat_and_snat\".", type);
}

/* --- Distributed gateway ports --- */

static const char GATEWAY_COLUMNS[] = "name networks gateway_chassis ha_chassis_group";

static bool
is_gateway_port(const struct ws_row *port)
{
    return row_peek_named(port, "gateway_chassis")->n || row_peek_named(port, "ha_chassis_group")->n;
}

static struct err *
find_gateway_port(struct ctl_context *ctx, struct ws_row *router, const char *name, struct ws_row **ret)
{
    const struct column *ports = table_column(row_table(router), "ports");
    struct err *err = nb_find(ctx, &nb_router_port, name, false, GATEWAY_COLUMNS, ret);
    if (!err) {
        err = workset_fetch_row(ctx->ws, router, UINT64_C(1) << ports->index);
    }
    if (!err && !datum_has_uuid(row_peek(router, ports), row_uuid(*ret))) {
        err = err_new("%s is not a router port of logical router: %s.", name, row_string(router, "name"));
    }
    if (!err && !is_gateway_port(*ret)) {
        err = err_new("%s is not a distributed gateway router port.", name);
    }
    return err;
}

/* Adds to 'ret' the ports of 'router' whose set 'column' is not empty: the server picks them out of all. */
static struct err *
collect_gateway_ports(struct ctl_context *ctx, struct ws_row *router, const char *column, struct ws_rows *ret)
{
    const struct column *ports = table_column(row_table(router), "ports");
    const struct table *table = ports->type.key.ref_table;
    static const struct datum empty;
    struct ws_condition condition = {table_column(table, column), WS_NE, &empty};
    struct ws_rows rows = {0};

    struct err *err = workset_select(ctx->ws, table, &condition, 1, ws_columns(table, GATEWAY_COLUMNS), false, &rows);
    for (size_t i = 0; i < rows.n && !err; i++) {
        bool is_new = datum_has_uuid(row_peek(router, ports), row_uuid(rows.d[i]));
        for (size_t j = 0; j < ret->n; j++) {
            is_new = is_new && ret->d[j] != rows.d[i];
        }
        if (is_new) {
            vec_push(ret, rows.d[i]);
        }
    }
    vec_fini(&rows);
    return err;
}

static struct err *
find_gateway_ports(struct ctl_context *ctx, struct ws_row *router, struct ws_rows *ret)
{
    struct err *err = workset_fetch_row(ctx->ws, router, ws_columns(row_table(router), "ports"));
    if (!err) {
        err = collect_gateway_ports(ctx, router, "gateway_chassis", ret);
    }
    return err ? err : collect_gateway_ports(ctx, router, "ha_chassis_group", ret);
}

/* Is 'ip' on a network of 'port'? */
static bool
is_on_port(const struct ws_row *port, const char *ip)
{
    const struct datum *networks = row_peek_named(port, "networks");
    struct ip_addr addr;
    struct ip_prefix prefix;

    for (uint32_t i = 0; i < networks->n && ip_addr_parse(str_from(ip), &addr); i++) {
        if (ip_prefix_parse(str_from(datum_keys(networks)[i].string->text), &prefix) && ip_prefix_contains(&prefix, &addr)) {
            return true;
        }
    }
    return false;
}

/* --- lr-nat-add --- */

struct nat_args {
    const char *type, *external_ip, *port, *mac, *range;
    char *logical_ip;                                        /* owned, canonical */
    struct ws_row *gateway_port;                             /* or NULL */
    bool has_several_gateways;                               /* the router has */
    bool is_stateless;
};

static bool
is_port_range(const char *text)
{
    const char *dash = strchr(text, '-');
    char *first = dash ? xmemdup0(text, (size_t) (dash - text)) : xstrdup(text);
    int64_t low, high;
    bool ok = str_to_int64(first, 10, &low) && str_to_int64(dash ? dash + 1 : text, 10, &high) && low >= 1
              && high <= 65535 && low <= high;
    free(first);
    return ok;
}

/* The external address and what it stands for: a host, or for "snat" a network, of the same family. */
static struct err *
parse_ips(struct ctl_context *ctx, struct nat_args *args)
{
    struct ip_addr external;
    struct ip_prefix logical;
    const char *text = ctx->argv[4];

    if (!ip_addr_parse(str_from(args->external_ip), &external)) {
        return err_new("%s: Not a valid IPv4 or IPv6 address.", args->external_ip);
    }
    const char *family = external.is_v6 ? "IPv6" : "IPv4";
    bool ok = ip_prefix_parse(str_from(text), &logical) && logical.is_v6 == external.is_v6 && ip_prefix_plen(&logical) >= 0;
    if (!strcmp(args->type, "snat")) {
        args->logical_ip = ok ? nb_normalize_prefix(text) : NULL;
        return ok ? NULL : err_new("%s: should be an %s address or network.", text, family);
    }
    args->logical_ip = ok ? nb_normalize_ip(text) : NULL;
    return args->logical_ip ? NULL : err_new("%s: Not a valid %s address.", text, family);
}

/* "[LOGICAL_PORT EXTERNAL_MAC] [EXTERNAL_PORT_RANGE]" */
static struct err *
parse_tail(struct ctl_context *ctx, struct nat_args *args)
{
    struct ws_row *port;
    struct eth_addr mac;
    struct err *err;

    if (ctx->argc == 6) {
        if (!ctl_has_option(ctx, "--portrange")) {
            return err_new("lr-nat-add with logical_port must also specify external_mac.");
        }
        args->range = ctx->argv[5];
    } else if (ctx->argc >= 7) {
        if (strcmp(args->type, "dnat_and_snat")) {
            return err_new("logical_port and external_mac are only valid when type is \"dnat_and_snat\".");
        }
        args->port = ctx->argv[5];
        args->mac = ctx->argv[6];
        args->range = ctx->argc > 7 ? ctx->argv[7] : NULL;
        err = nb_find(ctx, &nb_switch_port, args->port, false, "", &port);
        if (err) {
            return err;
        }
        if (!nb_parse_mac(args->mac, &mac)) {
            return err_new("invalid mac address %s.", args->mac);
        }
    }
    return args->range && !is_port_range(args->range) ? err_new("invalid port range %s.", args->range) : NULL;
}

/* Which gateway port --gateway-port names; with several to choose from, the external address may tell as well. */
static struct err *
parse_gateway_port(struct ctl_context *ctx, struct ws_row *router, struct nat_args *args)
{
    const char *name = ctl_option(ctx, "--gateway-port");
    struct ws_rows gateways = {0};
    bool is_known = name;

    struct err *err = name ? find_gateway_port(ctx, router, name, &args->gateway_port) : NULL;
    if (!err) {
        err = find_gateway_ports(ctx, router, &gateways);
    }
    args->has_several_gateways = gateways.n > 1;
    for (size_t i = 0; i < gateways.n && !err && !is_known; i++) {
        is_known = is_on_port(gateways.d[i], args->external_ip);
    }
    if (!err && !is_known && args->has_several_gateways) {
        err = err_new("logical router: %s has multiple distributed gateway ports and gateway_port can not be determined from "
                      "external IP of NAT rule.", row_string(router, "name"));
    }
    vec_fini(&gateways);
    return err;
}

static struct err *
parse_nat(struct ctl_context *ctx, struct ws_row *router, struct nat_args *args)
{
    *args = (struct nat_args) {.type = ctx->argv[2], .external_ip = ctx->argv[3],
                               .is_stateless = ctl_has_option(ctx, "--stateless")};
    struct err *err = check_type(args->type);
    if (!err) {
        err = parse_ips(ctx, args);
    }
    if (!err) {
        err = parse_tail(ctx, args);
    }
    if (!err && args->is_stateless && strcmp(args->type, "dnat_and_snat")) {
        err = err_new("stateless is not applicable to dnat or snat types");
    }
    return err ? err : parse_gateway_port(ctx, router, args);
}

static bool
has_gateway_port(const struct ws_row *nat, const struct ws_row *port)
{
    const struct datum *value = row_peek_named(nat, "gateway_port");
    return port ? datum_has_uuid(value, row_uuid(port)) : !value->n;
}

static bool
is_stateless_nat(const struct ws_row *nat)
{
    const char *stateless = datum_get_string(row_peek_named(nat, "options"), "stateless");
    return stateless && !strcasecmp(stateless, "true");
}

static bool
is_same_ip(const char *text, const char *canonical)
{
    char *normalized = nb_normalize_prefix(text);
    bool same = normalized && !strcmp(normalized, canonical);
    free(normalized);
    return same;
}

/* Compares the NAT that exists with the one to add.  '*ret_same': they are the same. */
static struct err *
meet_nat(const struct ws_row *nat, const struct nat_args *args, bool *ret_same)
{
    bool is_snat = !strcmp(args->type, "snat");
    char *external = nb_normalize_ip(args->external_ip);
    bool same_external = is_same_ip(row_string(nat, "external_ip"), external);
    bool same_logical = is_same_ip(row_string(nat, "logical_ip"), args->logical_ip);
    free(external);

    bool is_elsewhere = args->has_several_gateways && !has_gateway_port(nat, args->gateway_port);
    *ret_same = false;
    if (is_elsewhere || strcmp(args->type, row_string(nat, "type")) || !(is_snat ? same_logical : same_external)) {
        return NULL;
    }
    if (!strcmp(args->type, "dnat_and_snat") && is_stateless_nat(nat) != args->is_stateless && same_external) {
        return err_new("%s, %s: External ip cannot be shared across stateless and stateful NATs", args->external_ip,
                       args->logical_ip);
    }
    if (same_external && same_logical) {
        *ret_same = true;
        return NULL;
    }
    return err_new("a NAT with this type (%s), %s (%s) already exists", args->type, is_snat ? "logical_ip" : "external_ip",
                   is_snat ? args->logical_ip : args->external_ip);
}

static void
set_or_clear(struct ws_row *row, const char *column, const char *value)
{
    if (value) {
        row_set_string(row, column, value);
    } else {
        row_clear(row, column);
    }
}

static void
insert_nat(struct ctl_context *ctx, struct ws_row *router, const struct nat_args *args)
{
    struct ws_row *nat = workset_insert(ctx->ws, table_column(row_table(router), "nat")->type.key.ref_table);
    row_set_string(nat, "type", args->type);
    row_set_string(nat, "external_ip", args->external_ip);
    row_set_string(nat, "logical_ip", args->logical_ip);
    if (args->port) {
        row_set_string(nat, "logical_port", args->port);
        row_set_string(nat, "external_mac", args->mac);
    }
    if (args->range) {
        row_set_string(nat, "external_port_range", args->range);
    }
    row_set_key(nat, "options", "stateless", args->is_stateless ? "true" : "false");
    if (ctl_has_option(ctx, "--add-route")) {
        row_set_key(nat, "options", "add_route", "true");
    }
    if (args->gateway_port) {
        row_set_uuid(nat, "gateway_port", row_uuid(args->gateway_port));
    }
    row_add_ref(router, "nat", row_uuid(nat));
}

static struct err *
add_nat(struct ctl_context *ctx, struct ws_row *router, const struct nat_args *args)
{
    struct ws_rows nats = {0};
    struct ws_row *same = NULL;
    struct err *err = nb_fetch_refs(ctx, router, "nat", NAT_COLUMNS, &nats);

    for (size_t i = 0; i < nats.n && !err && !same; i++) {
        bool is_same;
        err = meet_nat(nats.d[i], args, &is_same);
        same = is_same ? nats.d[i] : NULL;
    }
    vec_fini(&nats);
    if (!err && same && !ctl_has_option(ctx, "--may-exist")) {
        err = err_new("%s, %s: a NAT with this external_ip and logical_ip already exists", args->external_ip,
                      args->logical_ip);
    } else if (!err && same) {
        set_or_clear(same, "logical_port", args->port);
        set_or_clear(same, "external_mac", args->mac);
    } else if (!err) {
        insert_nat(ctx, router, args);
    }
    return err;
}

static struct err *
cmd_lr_nat_add(struct ctl_context *ctx)
{
    struct nat_args args = {0};
    struct ws_row *router;
    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "name", &router);
    if (!err) {
        err = parse_nat(ctx, router, &args);
    }
    if (!err) {
        err = add_nat(ctx, router, &args);
    }
    free(args.logical_ip);
    return err;
}

/* --- lr-nat-del --- */

static struct err *
delete_matching(struct ctl_context *ctx, struct ws_row *router, const char *ip, const struct ws_row *port)
{
    const char *type = ctx->argv[2], *ip_column = !strcmp(type, "snat") ? "logical_ip" : "external_ip";
    struct ws_rows nats = {0};
    size_t n_deleted = 0;
    struct err *err = nb_fetch_refs(ctx, router, "nat", NAT_COLUMNS, &nats);

    for (size_t i = 0; i < nats.n && !err; i++) {
        if (!strcmp(type, row_string(nats.d[i], "type")) && (!ip || is_same_ip(row_string(nats.d[i], ip_column), ip))
            && (!port || has_gateway_port(nats.d[i], port))) {
            row_remove_ref(router, "nat", row_uuid(nats.d[i]));
            row_delete(nats.d[i]);
            n_deleted++;
        }
    }
    vec_fini(&nats);
    if (!err && !n_deleted && ip && port && !ctl_has_option(ctx, "--if-exists")) {
        err = err_new("no matching NAT with the type (%s), %s (%s) and gateway_port (%s)", type, ip_column, ip,
                      ctx->argv[4]);
    }
    return err;
}

static struct err *
cmd_lr_nat_del(struct ctl_context *ctx)
{
    struct ws_row *router, *port = NULL;
    char *ip = NULL;

    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "", &router);
    if (!err && ctx->argc == 2) {
        row_clear(router, "nat");
        return NULL;
    }
    if (!err) {
        err = check_type(ctx->argv[2]);
    }
    if (!err && ctx->argc > 3) {
        ip = nb_normalize_prefix(ctx->argv[3]);
        const char *port_name = ctx->argc > 4 ? ctx->argv[4] : !ip ? ctx->argv[3] : NULL;
        if (ctx->argc > 4 && !ip) {
            err = err_new("%s: Invalid IP address or CIDR", ctx->argv[3]);
        } else if (port_name) {
            err = nb_find(ctx, &nb_router_port, port_name, false, "", &port);
        }
    }
    if (!err) {
        err = delete_matching(ctx, router, ip, port);
    }
    free(ip);
    return err;
}

/* --- lr-nat-list --- */

/* A line of the list. */
struct nat_line {
    struct ws_row *nat;
    const char *port;                                        /* the gateway port's name, "" if there is none */
};
VEC_DEFINE(nat_lines, struct nat_line);

static int
compare_nats(const void *a_, const void *b_)
{
    const struct nat_line *a = a_, *b = b_;
    int cmp = strcmp(row_string(a->nat, "type"), row_string(b->nat, "type"));
    cmp = cmp ? cmp : strcmp(a->port, b->port);
    cmp = cmp ? cmp : strcmp(row_string(a->nat, "external_ip"), row_string(b->nat, "external_ip"));
    return cmp ? cmp : strcmp(row_string(a->nat, "logical_ip"), row_string(b->nat, "logical_ip"));
}

static void
print_nat(struct ctl_context *ctx, const struct nat_line *line)
{
    const struct ws_row *nat = line->nat;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);

    buf_printf(&out, "%-17s%-22s%-19s%-17s%-20s%-21s%s", row_string(nat, "type"), line->port, row_string(nat, "external_ip"),
               row_string(nat, "external_port_range"), row_string(nat, "logical_ip"), row_string(nat, "external_mac"),
               row_string(nat, "logical_port"));
    struct str text = str_n(out.data, out.size);
    while (text.n && text.s[text.n - 1] == ' ') {
        text.n--;
    }
    buf_put_str(&ctx->output, text);
    buf_putc(&ctx->output, '\n');
    buf_fini(&out);
}

static struct err *
print_nats(struct ctl_context *ctx, const struct ws_rows *nats)
{
    struct nat_lines lines = {0};
    struct err *err = NULL;

    for (size_t i = 0; i < nats->n && !err; i++) {
        struct ws_rows ports = {0};
        err = nb_peek_refs(ctx, nats->d[i], "gateway_port", "name", &ports);
        vec_push(&lines, (struct nat_line) {nats->d[i], ports.n ? row_string(ports.d[0], "name") : ""});
        vec_fini(&ports);
    }
    if (!err && lines.n) {
        qsort(lines.d, lines.n, sizeof *lines.d, compare_nats);
        buf_printf(&ctx->output, "%-17s%-22s%-19s%-17s%-20s%-21s%s\n", "TYPE", "GATEWAY_PORT", "EXTERNAL_IP",
                   "EXTERNAL_PORT", "LOGICAL_IP", "EXTERNAL_MAC", "LOGICAL_PORT");
    }
    for (size_t i = 0; i < lines.n && !err; i++) {
        print_nat(ctx, &lines.d[i]);
    }
    vec_fini(&lines);
    return err;
}

static struct err *
cmd_lr_nat_list(struct ctl_context *ctx)
{
    struct ws_row *router;
    struct ws_rows nats = {0};
    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "nat", &router);
    if (!err) {
        err = nb_peek_refs(ctx, router, "nat", NAT_COLUMNS, &nats);
    }
    if (!err) {
        err = print_nats(ctx, &nats);
    }
    vec_fini(&nats);
    return err;
}

/* --- lr-nat-update-ext-ip --- */

static struct err *
cmd_lr_nat_update_ext_ip(struct ctl_context *ctx)
{
    static const struct nb_kind address_set = {"Address_Set", "Address Set", "address sets"};
    const char *type = ctx->argv[2], *column = !strcmp(type, "snat") ? "logical_ip" : "external_ip";
    struct ws_row *router, *set, *found = NULL;
    struct ws_rows nats = {0};

    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "", &router);
    if (!err) {
        err = check_type(type);
    }
    char *ip = err ? NULL : nb_normalize_prefix(ctx->argv[3]);
    if (!err && !ip) {
        err = err_new("%s: Invalid IP address or CIDR", ctx->argv[3]);
    }
    if (!err) {
        err = nb_find(ctx, &address_set, ctx->argv[4], false, "", &set);
    }
    if (!err) {
        err = nb_fetch_refs(ctx, router, "nat", NAT_COLUMNS, &nats);
    }
    for (size_t i = 0; i < nats.n && !err; i++) {
        bool match = !strcmp(type, row_string(nats.d[i], "type")) && is_same_ip(row_string(nats.d[i], column), ip);
        found = match ? nats.d[i] : found;
    }
    if (!err && !found) {
        err = err_new("%s: Could not locate nat rule for: %s.", type, ip);
    }
    if (!err) {
        row_set_uuid(found, ctl_has_option(ctx, "--is-exempted") ? "exempted_ext_ips" : "allowed_ext_ips", row_uuid(set));
    }
    free(ip);
    vec_fini(&nats);
    return err;
}

const struct ctl_command_def nat_commands[] = {
    {"lr-nat-add", 4, 7, "ROUTER TYPE EXTERNAL_IP LOGICAL_IP [LOGICAL_PORT EXTERNAL_MAC] [EXTERNAL_PORT_RANGE]",
     "--may-exist,--stateless,--portrange,--add-route,--gateway-port=", cmd_lr_nat_add, NULL},
    {"lr-nat-del", 1, 4, "ROUTER [TYPE [IP] [GATEWAY_PORT]]", "--if-exists", cmd_lr_nat_del, NULL},
    {"lr-nat-list", 1, 1, "ROUTER", "", cmd_lr_nat_list, NULL},
    {"lr-nat-update-ext-ip", 4, 4, "ROUTER TYPE IP ADDRESS_SET", "--is-exempted", cmd_lr_nat_update_ext_ip, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
