/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/log.h"
#include "nbctl/nbctl.h"

LOG_MODULE(nbctl);

/* lr-route-*: static routes of routers. */

static const char ROUTE_COLUMNS[] = "ip_prefix nexthop output_port policy route_table options bfd";

/* What the arguments and options of a command say about a route; texts are normalized.  NULL: not said. */
struct route_args {
    char *prefix, *nexthop;                                  /* owned */
    const char *port, *policy, *route_table;
};

static void
route_args_fini(struct route_args *args)
{
    free(args->prefix);
    free(args->nexthop);
}

static struct err *
parse_options(struct ctl_context *ctx, struct route_args *ret)
{
    ret->policy = ctl_option(ctx, "--policy");
    ret->route_table = ctl_option(ctx, "--route-table");
    if (ret->policy && strcmp(ret->policy, "src-ip") && strcmp(ret->policy, "dst-ip")) {
        return err_new("bad policy: %s", ret->policy);
    }
    return NULL;
}

static const char *
policy_of(const struct ws_row *route)
{
    return row_peek_named(route, "policy")->n ? row_string(route, "policy") : "dst-ip";
}

static bool
is_discard(const char *nexthop)
{
    return !strcmp(nexthop, "discard");
}

/* The nexthop of 'route' as it is compared. */
static char *
nexthop_of(const struct ws_row *route)
{
    const char *text = row_string(route, "nexthop");
    char *normalized = nb_normalize_ip(text);
    return normalized ? normalized : xstrdup(text);
}

/* --- lr-route-add --- */

static struct err *
parse_route(struct ctl_context *ctx, struct route_args *ret)
{
    struct err *err = parse_options(ctx, ret);
    if (err) {
        return err;
    }
    ret->prefix = nb_normalize_prefix(ctx->argv[2]);
    if (!ret->prefix) {
        return err_new("bad prefix argument: %s", ctx->argv[2]);
    }
    bool is_v6 = strchr(ret->prefix, ':');
    ret->nexthop = is_discard(ctx->argv[3]) ? xstrdup("discard") : nb_normalize_ip(ctx->argv[3]);
    if (!ret->nexthop || (!is_discard(ret->nexthop) && is_v6 != !!strchr(ret->nexthop, ':'))) {
        return err_new("bad %s nexthop argument: %s", is_v6 ? "IPv6" : "IPv4", ctx->argv[3]);
    }
    ret->port = ctx->argc > 4 ? ctx->argv[4] : NULL;
    if (ret->port) {
        struct ws_row *port;
        return nb_find(ctx, &nb_router_port, ret->port, false, "", &port);
    }
    return NULL;
}

/* The BFD session that --bfd asks for: the one with the given uuid; or one to the next hop, made at need. */
static struct err *
find_bfd(struct ctl_context *ctx, const struct route_args *args, struct ws_row **ret)
{
    const char *id = ctl_option(ctx, "--bfd");
    const struct table *table;
    struct ws_rows rows = {0};
    struct uuid uuid;

    *ret = NULL;
    struct err *err = id ? ctl_table(ctx, "BFD", &table) : NULL;
    if (err || !id) {
        return err;
    }
    if (*id) {
        if (uuid_from_text(str_from(id), &uuid)) {
            err = workset_find_uuid(ctx->ws, table, &uuid, 0, ret);
        }
        return err || *ret ? err : err_new("no entry found in the BFD table");
    }
    err = workset_find(ctx->ws, table, "dst_ip", args->nexthop, ws_columns(table, "logical_port"), &rows);
    for (size_t i = 0; i < rows.n && !*ret; i++) {
        *ret = !args->port || !strcmp(args->port, row_string(rows.d[i], "logical_port")) ? rows.d[i] : NULL;
    }
    vec_fini(&rows);
    if (!err && !*ret && !args->port) {
        err = err_new("insert entry in the BFD table failed");
    }
    if (!err && !*ret) {
        *ret = workset_insert(ctx->ws, table);
        row_set_string(*ret, "dst_ip", args->nexthop);
        row_set_string(*ret, "logical_port", args->port);
    }
    return err;
}

/* Is 'route' for the same packets as 'args'? */
static bool
is_same_destination(const struct ws_row *route, const struct route_args *args)
{
    char *prefix = nb_normalize_prefix(row_string(route, "ip_prefix"));
    bool same = prefix && !strcmp(prefix, args->prefix)
                && !strcmp(policy_of(route), args->policy ? args->policy : "dst-ip")
                && !strcmp(row_string(route, "route_table"), args->route_table ? args->route_table : "");
    if (!prefix) {
        log_warn("failed to parse IP address \"%s\" in route %s", row_string(route, "ip_prefix"),
                 uuid_text(row_uuid(route)));
    }
    free(prefix);
    return same;
}

static void
write_route(struct ws_row *route, const struct route_args *args, const struct ws_row *bfd)
{
    row_set_string(route, "ip_prefix", args->prefix);
    row_set_string(route, "nexthop", args->nexthop);
    if (args->port) {
        row_set_string(route, "output_port", args->port);
    }
    if (args->policy) {
        row_set_string(route, "policy", args->policy);
    }
    if (bfd) {
        row_set_uuid(route, "bfd", row_uuid(bfd));
    }
}

/* Looks at a route to the same destination as 'args'.  Stores it in '*ret_update' if it is to be overwritten. */
static struct err *
meet_route(struct ctl_context *ctx, struct ws_row *route, const struct route_args *args, bool is_ecmp,
           struct ws_row **ret_update)
{
    bool may_exist = ctl_has_option(ctx, "--may-exist");
    struct err *err = NULL;

    if (!is_ecmp) {
        if (!may_exist) {
            return err_new("duplicate prefix: %s (policy: %s). Use option --ecmp to allow this for ECMP routing.",
                           args->prefix, args->policy ? args->policy : "dst-ip");
        }
        *ret_update = *ret_update ? *ret_update : route;
        return NULL;
    }
    char *nexthop = nexthop_of(route);
    if (is_discard(nexthop)) {
        err = err_new("discard nexthop for the same ECMP route exists.");
    } else if (!strcmp(nexthop, args->nexthop)) {
        *ret_update = route;
        err = may_exist ? NULL : err_new("duplicate nexthop for the same ECMP route");
    }
    free(nexthop);
    return err;
}

static struct err *
add_route(struct ctl_context *ctx, struct ws_row *router, const struct route_args *args, struct ws_row *bfd)
{
    bool is_symmetric = ctl_has_option(ctx, "--ecmp-symmetric-reply");
    bool is_ecmp = is_symmetric || ctl_has_option(ctx, "--ecmp");
    struct ws_rows routes = {0};
    struct ws_row *route = NULL;

    if (is_ecmp && is_discard(args->nexthop)) {
        return err_new("ecmp is not valid for discard routes.");
    }
    struct err *err = nb_fetch_refs(ctx, router, "static_routes", ROUTE_COLUMNS, &routes);
    for (size_t i = 0; i < routes.n && !err; i++) {
        if (is_same_destination(routes.d[i], args)) {
            err = meet_route(ctx, routes.d[i], args, is_ecmp, &route);
        }
    }
    vec_fini(&routes);
    if (err) {
        return err;
    }
    if (!route) {
        route = workset_insert(ctx->ws, table_column(row_table(router), "static_routes")->type.key.ref_table);
        row_add_ref(router, "static_routes", row_uuid(route));
        if (args->route_table && *args->route_table) {
            row_set_string(route, "route_table", args->route_table);
        }
    }
    if (is_symmetric) {
        row_set_key(route, "options", "ecmp_symmetric_reply", "true");
    }
    write_route(route, args, bfd);
    return NULL;
}

static struct err *
cmd_lr_route_add(struct ctl_context *ctx)
{
    struct route_args args = {0};
    struct ws_row *router, *bfd;
    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "", &router);
    if (!err) {
        err = parse_route(ctx, &args);
    }
    if (!err) {
        err = find_bfd(ctx, &args, &bfd);
    }
    if (!err) {
        err = add_route(ctx, router, &args, bfd);
    }
    route_args_fini(&args);
    return err;
}

/* --- lr-route-del --- */

static struct err *
parse_route_match(struct ctl_context *ctx, struct route_args *ret)
{
    struct err *err = parse_options(ctx, ret);
    if (err) {
        return err;
    }
    if (ctx->argc > 2) {
        ret->prefix = nb_normalize_prefix(ctx->argv[2]);
        if (!ret->prefix) {
            return err_new("bad prefix argument: %s", ctx->argv[2]);
        }
    }
    if (ctx->argc > 3) {
        ret->nexthop = is_discard(ctx->argv[3]) ? xstrdup("discard") : nb_normalize_ip(ctx->argv[3]);
        if (!ret->nexthop) {
            return err_new("bad nexthop argument: %s", ctx->argv[3]);
        }
    }
    ret->port = ctx->argc > 4 ? ctx->argv[4] : NULL;
    if (!ret->route_table && (ret->prefix || ret->policy)) {
        ret->route_table = "";                               /* the main one */
    }
    return NULL;
}

static bool
is_match(const struct ws_row *route, const struct route_args *args)
{
    char *prefix = nb_normalize_prefix(row_string(route, "ip_prefix"));
    char *nexthop = nexthop_of(route);
    bool match = (!args->policy || !strcmp(args->policy, policy_of(route)))
                 && (!args->route_table || !strcmp(args->route_table, row_string(route, "route_table")))
                 && (!args->prefix || (prefix && !strcmp(prefix, args->prefix)))
                 && (!args->nexthop || !strcmp(nexthop, args->nexthop))
                 && (!args->port || !strcmp(args->port, row_string(route, "output_port")));
    free(prefix);
    free(nexthop);
    return match;
}

static struct err *
delete_routes(struct ctl_context *ctx, struct ws_row *router, const struct route_args *args)
{
    struct ws_rows routes = {0};
    size_t n_deleted = 0;
    struct err *err = nb_fetch_refs(ctx, router, "static_routes", ROUTE_COLUMNS, &routes);

    for (size_t i = 0; i < routes.n && !err; i++) {
        if (is_match(routes.d[i], args)) {
            row_remove_ref(router, "static_routes", row_uuid(routes.d[i]));
            row_delete(routes.d[i]);
            n_deleted++;
        }
    }
    vec_fini(&routes);
    bool is_picky = args->prefix || args->policy || args->route_table;
    if (!err && !n_deleted && is_picky && !ctl_has_option(ctx, "--if-exists")) {
        err = err_new("no matching route: policy '%s', prefix '%s', nexthop '%s', output_port '%s'.",
                      args->policy ? args->policy : "any", args->prefix ? args->prefix : "any",
                      args->nexthop ? args->nexthop : "any", args->port ? args->port : "any");
    }
    return err;
}

static struct err *
cmd_lr_route_del(struct ctl_context *ctx)
{
    struct route_args args = {0};
    struct ws_row *router;
    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "", &router);
    if (!err) {
        err = parse_route_match(ctx, &args);
    }
    if (!err) {
        err = delete_routes(ctx, router, &args);
    }
    route_args_fini(&args);
    return err;
}

/* --- lr-route-list --- */

struct listed_route {
    const struct ws_row *row;
    struct ip_prefix prefix;
    char *prefix_text, *nexthop;                             /* owned */
};
VEC_DEFINE(listed_routes, struct listed_route);

static int
compare_destinations(const struct listed_route *a, const struct listed_route *b)
{
    int cmp = strcmp(row_string(a->row, "route_table"), row_string(b->row, "route_table"));
    if (!cmp) {
        cmp = ip_prefix_plen(&b->prefix) - ip_prefix_plen(&a->prefix);
    }
    if (!cmp) {
        cmp = strcmp(policy_of(a->row), policy_of(b->row));
    }
    if (!cmp) {
        cmp = a->prefix.is_v6 ? memcmp(&a->prefix.v6.addr, &b->prefix.v6.addr, sizeof a->prefix.v6.addr)
                              : memcmp(&a->prefix.v4.addr, &b->prefix.v4.addr, sizeof a->prefix.v4.addr);
    }
    return cmp;
}

static int
compare_routes(const void *a_, const void *b_)
{
    const struct listed_route *a = a_, *b = b_;
    int cmp = compare_destinations(a, b);
    if (!cmp) {
        cmp = strcmp(a->nexthop, b->nexthop);
    }
    return cmp ? cmp : uuid_cmp(row_uuid(a->row), row_uuid(b->row));
}

static void
print_route(struct buf *out, const struct listed_route *route, bool is_ecmp)
{
    const char *port = row_string(route->row, "output_port");
    const char *symmetric = datum_get_string(row_peek_named(route->row, "options"), "ecmp_symmetric_reply");

    buf_printf(out, "%25s %25s %s", route->prefix_text, route->nexthop, policy_of(route->row));
    if (*port) {
        buf_printf(out, " %s", port);
    }
    if (is_ecmp) {
        buf_puts(out, " ecmp");
    }
    if (symmetric && !strcasecmp(symmetric, "true")) {
        buf_puts(out, " ecmp-symmetric-reply");
    }
    if (row_peek_named(route->row, "bfd")->n) {
        buf_puts(out, " bfd");
    }
    buf_putc(out, '\n');
}

/* Prints the routes of one family, a block for each route table. */
static void
print_family(struct buf *out, const struct listed_routes *routes, bool is_v6)
{
    const char *table = NULL;
    const struct listed_route *d = routes->d;

    for (size_t i = 0; i < routes->n; i++) {
        if (d[i].prefix.is_v6 != is_v6) {
            continue;
        }
        const char *name = row_string(d[i].row, "route_table");
        if (!table) {
            buf_printf(out, "%s%s Routes\n", out->size ? "\n" : "", is_v6 ? "IPv6" : "IPv4");
        }
        if (!table || strcmp(table, name)) {
            buf_printf(out, "%sRoute Table %s:\n", table ? "\n" : "", *name ? name : "<main>");
            table = name;
        }
        bool is_ecmp = (i && d[i - 1].prefix.is_v6 == is_v6 && !compare_destinations(&d[i], &d[i - 1]))
                       || (i + 1 < routes->n && d[i + 1].prefix.is_v6 == is_v6 && !compare_destinations(&d[i], &d[i + 1]));
        print_route(out, &d[i], is_ecmp);
    }
}

/* Adds 'route' to 'list' if its prefix parses. */
static void
collect_route(struct listed_routes *list, const struct ws_row *row)
{
    struct listed_route route = {.row = row};
    if (!ip_prefix_parse(str_from(row_string(row, "ip_prefix")), &route.prefix) || ip_prefix_plen(&route.prefix) < 0) {
        log_warn("failed to parse IP address \"%s\" in route %s", row_string(row, "ip_prefix"), uuid_text(row_uuid(row)));
        return;
    }
    route.prefix = ip_prefix_network(&route.prefix);
    route.prefix_text = xstrdup(ip_prefix_text(&route.prefix).s);
    route.nexthop = nexthop_of(row);
    vec_push(list, route);
}

static int
compare_families(const void *a_, const void *b_)
{
    const struct listed_route *a = a_, *b = b_;
    return a->prefix.is_v6 != b->prefix.is_v6 ? a->prefix.is_v6 - b->prefix.is_v6 : compare_routes(a, b);
}

static struct err *
cmd_lr_route_list(struct ctl_context *ctx)
{
    const char *table = ctl_option(ctx, "--route-table");
    struct ws_row *router;
    struct ws_rows rows = {0};
    struct listed_routes routes = {0};

    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "static_routes", &router);
    if (!err) {
        err = nb_peek_refs(ctx, router, "static_routes", ROUTE_COLUMNS, &rows);
    }
    for (size_t i = 0; i < rows.n && !err; i++) {
        if (!table || !strcmp(table, row_string(rows.d[i], "route_table"))) {
            collect_route(&routes, rows.d[i]);
        }
    }
    if (routes.n) {
        qsort(routes.d, routes.n, sizeof *routes.d, compare_families);
    }
    print_family(&ctx->output, &routes, false);
    print_family(&ctx->output, &routes, true);
    for (size_t i = 0; i < routes.n; i++) {
        free(routes.d[i].prefix_text);
        free(routes.d[i].nexthop);
    }
    vec_fini(&routes);
    vec_fini(&rows);
    return err;
}

const struct ctl_command_def route_commands[] = {
    {"lr-route-add", 3, 4, "ROUTER PREFIX NEXTHOP [PORT]",
     "--may-exist,--ecmp,--ecmp-symmetric-reply,--policy=,--route-table=,--bfd?", cmd_lr_route_add, NULL},
    {"lr-route-del", 1, 4, "ROUTER [PREFIX [NEXTHOP [PORT]]]", "--if-exists,--policy=,--route-table=", cmd_lr_route_del,
     NULL},
    {"lr-route-list", 1, 1, "ROUTER", "--route-table=", cmd_lr_route_list, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
