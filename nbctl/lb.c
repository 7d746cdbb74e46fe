/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

/* lb-*, ls-lb-*, lr-lb-*: load balancers. */

static const struct nb_kind nb_lb = {"Load_Balancer", "load balancer", "load balancers"};

/* "10.0.0.1", "10.0.0.1:80", "fd00::1", "[fd00::1]" or "[fd00::1]:80". */
struct endpoint {
    struct ip_addr ip;
    uint32_t port;                                           /* 0: none */
};

static bool
parse_endpoint(const char *text, struct endpoint *ret)
{
    *ret = (struct endpoint) {.port = 0};
    if (ip_addr_parse(str_from(text), &ret->ip)) {
        return true;
    }
    struct str host = str_from(text);
    const char *colon = strrchr(text, ':');
    if (host.n && host.s[host.n - 1] != ']') {
        if (!colon || !str_to_uint32(colon + 1, 10, &ret->port) || ret->port > 65535) {
            return false;
        }
        host.n = (size_t) (colon - text);
    }
    bool has_brackets = host.n > 2 && host.s[0] == '[' && host.s[host.n - 1] == ']';
    if (has_brackets) {
        host = str_n(host.s + 1, host.n - 2);
    }
    return ip_addr_parse(host, &ret->ip) && ret->ip.is_v6 == has_brackets;
}

static char *
endpoint_text(const struct endpoint *e)
{
    struct addr_text ip = ip_addr_text(&e->ip);
    return !e->port      ? xstrdup(ip.s)
           : e->ip.is_v6 ? xasprintf("[%s]:%u", ip.s, e->port)
                         : xasprintf("%s:%u", ip.s, e->port);
}

/* --- lb-add --- */

struct lb_args {
    char *vip, *backends;                                    /* owned, canonical */
    const char *protocol;                                    /* or NULL */
};

/* Appends one backend of 'vip' to 'out'. */
static struct err *
put_backend(struct buf *out, const char *text, const struct endpoint *vip)
{
    struct endpoint backend;
    bool ok = parse_endpoint(text, &backend);

    if (!vip->port && (!ok || backend.port)) {
        return err_new("%s: should be an IP address.", text);
    }
    if (vip->port && (!ok || !backend.port)) {
        return err_new("%s: should be an IP address and a port number with : as a separator.", text);
    }
    if (backend.ip.is_v6 != vip->ip.is_v6) {
        return err_new("%s: IP address family is different from VIP %s.", text, ip_addr_text(&vip->ip).s);
    }
    char *canonical = endpoint_text(&backend);
    buf_printf(out, "%s%s", out->size ? "," : "", canonical);
    free(canonical);
    return NULL;
}

static struct err *
parse_addresses(struct ctl_context *ctx, struct lb_args *args)
{
    struct endpoint vip;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct str rest = str_from(ctx->argv[3]);
    struct err *err = NULL;

    if (ctl_has_option(ctx, "--template")) {                 /* variables: only the controller can tell */
        args->vip = xstrdup(ctx->argv[2]);
        args->backends = xstrdup(ctx->argv[3]);
        return NULL;
    }
    if (!parse_endpoint(ctx->argv[2], &vip)) {
        return err_new("%s: should be an IP address (or an IP address and a port number with : as a separator).",
                       ctx->argv[2]);
    }
    if (!vip.port && args->protocol) {
        return err_new("Protocol is unnecessary when no port of vip is given.");
    }
    while (rest.s && !err) {
        char *backend = str_dup(str_cut(&rest, ","));
        err = *backend ? put_backend(&out, backend, &vip) : NULL;
        free(backend);
    }
    if (!err) {
        args->vip = endpoint_text(&vip);
        args->backends = out.size ? buf_take_text(&out) : xstrdup("");
    }
    buf_fini(&out);
    return err;
}

static struct err *
parse_lb(struct ctl_context *ctx, struct lb_args *args)
{
    args->protocol = ctx->argc > 4 ? ctx->argv[4] : NULL;
    if (args->protocol && strcmp(args->protocol, "tcp") && strcmp(args->protocol, "udp") && strcmp(args->protocol, "sctp")) {
        return err_new("%s: protocol must be one of \"tcp\", \"udp\",  or \"sctp\".", args->protocol);
    }
    if (ctl_has_option(ctx, "--reject") && ctl_has_option(ctx, "--event")) {
        return err_new("--reject and --event can't specified at the same time");
    }
    return parse_addresses(ctx, args);
}

/* What only a new load balancer gets: on one that is there already, the options are left alone. */
static struct ws_row *
create_lb(struct ctl_context *ctx, const struct table *table)
{
    static const char *const flags[][2] = {{"--reject", "reject"}, {"--event", "event"}, {"--add-route", "add_route"},
                                           {"--template", "template"}};
    struct ws_row *lb = workset_insert(ctx->ws, table);

    row_set_string(lb, "name", ctx->argv[1]);
    row_set_string(lb, "protocol", "tcp");
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (ctl_has_option(ctx, flags[i][0])) {
            row_set_key(lb, "options", flags[i][1], "true");
        }
    }
    if (ctl_has_option(ctx, "--template")) {
        bool is_v4 = ctx->argc < 6 || !strcmp(ctx->argv[5], "ipv4");
        row_set_key(lb, "options", "address-family", is_v4 ? "ipv4" : "ipv6");
    }
    return lb;
}

static struct err *
add_lb(struct ctl_context *ctx, const struct lb_args *args)
{
    const char *name = ctx->argv[1];
    const struct table *table;
    struct ws_row *lb = NULL;

    struct err *err = ctl_table(ctx, nb_lb.table, &table);
    if (!err && !ctl_has_option(ctx, "--add-duplicate")) {
        err = nb_find(ctx, &nb_lb, name, true, "vips", &lb);
    }
    if (err) {
        return err;
    }
    if (!lb) {
        lb = create_lb(ctx, table);
    } else if (datum_get_string(row_get(lb, table_column(table, "vips")), args->vip)
               && !ctl_has_option(ctx, "--may-exist")) {
        return err_new("%s: a load balancer with this vip (%s) already exists", name, args->vip);
    }
    row_set_key(lb, "vips", args->vip, args->backends);
    if (args->protocol) {
        row_set_string(lb, "protocol", args->protocol);
    }
    return NULL;
}

static struct err *
cmd_lb_add(struct ctl_context *ctx)
{
    struct lb_args args = {0};
    struct err *err = parse_lb(ctx, &args);
    if (!err) {
        err = add_lb(ctx, &args);
    }
    free(args.vip);
    free(args.backends);
    return err;
}

/* --- lb-del, lb-list --- */

static struct err *
delete_vip(struct ctl_context *ctx, struct ws_row *lb)
{
    const struct column *column = table_column(row_table(lb), "vips");
    const struct datum *vips = row_get(lb, column);
    struct endpoint endpoint;
    char *vip = parse_endpoint(ctx->argv[2], &endpoint) ? endpoint_text(&endpoint) : xstrdup(ctx->argv[2]);
    struct err *err = NULL;

    if (!datum_get_string(vips, vip)) {
        err = ctl_has_option(ctx, "--if-exists") ? NULL : err_new("vip %s is not part of the load balancer.", vip);
    } else if (vips->n == 1) {
        row_delete(lb);                                      /* that was its last one */
    } else {
        row_remove_key(lb, "vips", vip);
    }
    free(vip);
    return err;
}

static struct err *
cmd_lb_del(struct ctl_context *ctx)
{
    struct ws_row *lb;
    struct err *err = nb_find(ctx, &nb_lb, ctx->argv[1], true, "vips", &lb);
    if (err || !lb) {
        return err;
    }
    if (ctx->argc > 2) {
        return delete_vip(ctx, lb);
    }
    row_delete(lb);
    return NULL;
}

static void
print_vip(struct buf *out, const struct ws_row *lb, uint32_t i, size_t width)
{
    const struct datum *vips = row_peek_named(lb, "vips");
    const char *vip = datum_keys(vips)[i].string->text;
    struct endpoint endpoint;
    bool has_protocol = !parse_endpoint(vip, &endpoint) || endpoint.port;
    const char *protocol = *row_string(lb, "protocol") ? row_string(lb, "protocol") : "tcp";

    buf_printf(out, "%-40s%-20s%-11s%-*s%s\n", i ? "" : uuid_text(row_uuid(lb)), i ? "" : row_string(lb, "name"),
               has_protocol ? protocol : "", (int) width, vip, datum_values(vips)[i].string->text);
}

/* Prints load balancers with their addresses, sorted by name. */
static void
print_lbs(struct buf *out, struct ws_rows *lbs)
{
    size_t width = 0;
    for (size_t i = 0; i < lbs->n; i++) {
        const struct datum *vips = row_peek_named(lbs->d[i], "vips");
        for (uint32_t j = 0; j < vips->n; j++) {
            width = MAX(width, strlen(datum_keys(vips)[j].string->text) + 4);
        }
    }
    if (!width) {
        return;
    }
    buf_printf(out, "%-40s%-20s%-11s%-*s%s\n", "UUID", "LB", "PROTO", (int) width, "VIP", "IPs");
    nb_sort_by_name(lbs);
    for (size_t i = 0; i < lbs->n; i++) {
        for (uint32_t j = 0; j < row_peek_named(lbs->d[i], "vips")->n; j++) {
            print_vip(out, lbs->d[i], j, width);
        }
    }
}

static struct err *
cmd_lb_list(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_rows lbs = {0};
    struct err *err = ctl_table(ctx, nb_lb.table, &table);
    if (!err) {
        uint64_t columns = ws_columns(table, "name vips protocol");
        err = ctx->argc > 1 ? workset_find(ctx->ws, table, "name", ctx->argv[1], columns, &lbs)
                            : workset_select(ctx->ws, table, NULL, 0, columns, false, &lbs);
    }
    if (!err) {
        print_lbs(&ctx->output, &lbs);
    }
    vec_fini(&lbs);
    return err;
}

/* --- Load balancers of switches and routers --- */

static struct err *
attach(struct ctl_context *ctx, const struct nb_kind *kind)
{
    struct ws_row *owner, *lb;
    struct err *err = nb_find(ctx, kind, ctx->argv[1], false, "load_balancer", &owner);
    if (!err) {
        err = nb_find(ctx, &nb_lb, ctx->argv[2], false, "", &lb);
    }
    if (err) {
        return err;
    }
    const struct datum *lbs = row_get(owner, table_column(row_table(owner), "load_balancer"));
    if (!datum_has_uuid(lbs, row_uuid(lb))) {
        row_add_ref(owner, "load_balancer", row_uuid(lb));
    } else if (!ctl_has_option(ctx, "--may-exist")) {
        return err_new("%s : a load balancer with this UUID already exists", uuid_text(row_uuid(lb)));
    }
    return NULL;
}

static struct err *
detach(struct ctl_context *ctx, const struct nb_kind *kind)
{
    struct ws_row *owner, *lb;
    struct err *err = nb_find(ctx, kind, ctx->argv[1], false, "load_balancer", &owner);
    if (!err && ctx->argc == 2) {
        row_clear(owner, "load_balancer");
        return NULL;
    }
    if (!err) {
        err = nb_find(ctx, &nb_lb, ctx->argv[2], false, "", &lb);
    }
    if (err) {
        return err;
    }
    if (datum_has_uuid(row_get(owner, table_column(row_table(owner), "load_balancer")), row_uuid(lb))) {
        row_remove_ref(owner, "load_balancer", row_uuid(lb));
    } else if (!ctl_has_option(ctx, "--if-exists")) {
        return err_new("load balancer %s is not part of any logical %s.", ctx->argv[2], kind->noun);
    }
    return NULL;
}

static struct err *
list_attached(struct ctl_context *ctx, const struct nb_kind *kind)
{
    struct ws_row *owner;
    struct ws_rows lbs = {0};
    struct err *err = nb_find(ctx, kind, ctx->argv[1], false, "load_balancer", &owner);
    if (!err) {
        err = nb_peek_refs(ctx, owner, "load_balancer", "name vips protocol", &lbs);
    }
    if (!err) {
        print_lbs(&ctx->output, &lbs);
    }
    vec_fini(&lbs);
    return err;
}

static struct err *
cmd_ls_lb_add(struct ctl_context *ctx)
{
    return attach(ctx, &nb_switch);
}

static struct err *
cmd_ls_lb_del(struct ctl_context *ctx)
{
    return detach(ctx, &nb_switch);
}

static struct err *
cmd_ls_lb_list(struct ctl_context *ctx)
{
    return list_attached(ctx, &nb_switch);
}

static struct err *
cmd_lr_lb_add(struct ctl_context *ctx)
{
    return attach(ctx, &nb_router);
}

static struct err *
cmd_lr_lb_del(struct ctl_context *ctx)
{
    return detach(ctx, &nb_router);
}

static struct err *
cmd_lr_lb_list(struct ctl_context *ctx)
{
    return list_attached(ctx, &nb_router);
}

const struct ctl_command_def lb_commands[] = {
    {"lb-add", 3, 5, "LB VIP[:PORT] IP[:PORT]... [PROTOCOL] [ADDRESS_FAMILY]",
     "--may-exist,--add-duplicate,--reject,--event,--add-route,--template", cmd_lb_add, NULL},
    {"lb-del", 1, 2, "LB [VIP]", "--if-exists", cmd_lb_del, NULL},
    {"lb-list", 0, 1, "[LB]", "", cmd_lb_list, NULL},
    {"ls-lb-add", 2, 2, "SWITCH LB", "--may-exist", cmd_ls_lb_add, NULL},
    {"ls-lb-del", 1, 2, "SWITCH [LB]", "--if-exists", cmd_ls_lb_del, NULL},
    {"ls-lb-list", 1, 1, "SWITCH", "", cmd_ls_lb_list, NULL},
    {"lr-lb-add", 2, 2, "ROUTER LB", "--may-exist", cmd_lr_lb_add, NULL},
    {"lr-lb-del", 1, 2, "ROUTER [LB]", "--if-exists", cmd_lr_lb_del, NULL},
    {"lr-lb-list", 1, 1, "ROUTER", "", cmd_lr_lb_list, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
