/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

/* fwd-group-*: virtual addresses served by several ports; static-mac-binding-*. */

static const struct nb_kind nb_fwd_group = {"Forwarding_Group", "forwarding group", "forwarding groups"};
static const char GROUP_COLUMNS[] = "name vip vmac child_port";

/* --- Forwarding groups --- */

/* All child ports, arguments 5 and up, must be ports of 'lswitch'. */
static struct err *
check_ports(struct ctl_context *ctx, const struct ws_row *lswitch)
{
    for (int i = 5; i < ctx->argc; i++) {
        struct ws_row *port, *owner = NULL;
        struct err *err = nb_find(ctx, &nb_switch_port, ctx->argv[i], true, "name", &port);
        if (!err && !port) {
            err = err_new("%s: logical switch port does not exist", ctx->argv[i]);
        }
        if (!err) {
            err = nb_find_parent(ctx, &nb_switch, "ports", port, "name", &owner);
        }
        if (!err && owner != lswitch) {
            err = err_new("%s: port already exists but in logical switch %s", ctx->argv[i], row_string(owner, "name"));
        }
        if (err) {
            return err;
        }
    }
    return NULL;
}

static struct err *
cmd_fwd_group_add(struct ctl_context *ctx)
{
    struct ws_row *lswitch, *group;
    struct eth_addr mac;
    be32 ip;

    if (ctx->argc < 6) {
        return err_new("Usage : %s fwd-group-add group switch vip vmac child_ports...", ctx->program->name);
    }
    struct err *err = nb_find(ctx, &nb_switch, ctx->argv[2], false, "", &lswitch);
    if (!err) {
        err = nb_find(ctx, &nb_fwd_group, ctx->argv[1], true, "", &group);
    }
    if (!err && group) {
        err = err_new("%s: a forwarding group by this name already exists", ctx->argv[1]);
    }
    if (!err && !ip4_parse(str_from(ctx->argv[3]), &ip)) {
        err = err_new("invalid ip address %s", ctx->argv[3]);
    }
    if (!err && !nb_parse_mac(ctx->argv[4], &mac)) {
        err = err_new("invalid mac address %s", ctx->argv[4]);
    }
    if (!err) {
        err = check_ports(ctx, lswitch);
    }
    if (err) {
        return err;
    }
    group = workset_insert(ctx->ws, table_column(row_table(lswitch), "forwarding_groups")->type.key.ref_table);
    row_set_string(group, "name", ctx->argv[1]);
    row_set_string(group, "vip", ctx->argv[3]);
    row_set_string(group, "vmac", ctx->argv[4]);
    row_set_strings(group, "child_port", ctx->argv + 5, (size_t) ctx->argc - 5);
    if (ctl_has_option(ctx, "--liveness")) {
        row_set_boolean(group, "liveness", true);
    }
    row_add_ref(lswitch, "forwarding_groups", row_uuid(group));
    return NULL;
}

static struct err *
cmd_fwd_group_del(struct ctl_context *ctx)
{
    struct ws_row *group, *lswitch;
    struct err *err = nb_find(ctx, &nb_fwd_group, ctx->argv[1], true, "name", &group);
    if (!err && group) {
        err = nb_find_parent(ctx, &nb_switch, "forwarding_groups", group, "", &lswitch);
        if (!err) {
            row_remove_ref(lswitch, "forwarding_groups", row_uuid(group));
            row_delete(group);
        }
    }
    return err;
}

static struct err *
print_groups(struct ctl_context *ctx, struct ws_row *lswitch)
{
    struct ws_rows groups = {0};
    struct err *err = nb_peek_refs(ctx, lswitch, "forwarding_groups", GROUP_COLUMNS, &groups);
    nb_sort_by_name(&groups);
    for (size_t i = 0; i < groups.n && !err; i++) {
        const struct datum *ports = row_peek_named(groups.d[i], "child_port");
        buf_printf(&ctx->output, "%-16s%-14s%-15s%s      ", row_string(groups.d[i], "name"), row_string(lswitch, "name"),
                   row_string(groups.d[i], "vip"), row_string(groups.d[i], "vmac"));
        for (uint32_t j = 0; j < ports->n; j++) {
            buf_printf(&ctx->output, "%s%s", j ? " " : "", datum_keys(ports)[j].string->text);
        }
        buf_putc(&ctx->output, '\n');
    }
    vec_fini(&groups);
    return err;
}

static struct err *
cmd_fwd_group_list(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_rows lswitches = {0};
    struct ws_row *one;
    struct err *err;

    if (ctx->argc > 1) {
        err = nb_find(ctx, &nb_switch, ctx->argv[1], false, "name forwarding_groups", &one);
        if (!err) {
            vec_push(&lswitches, one);
        }
    } else {
        err = ctl_table(ctx, "Logical_Switch", &table);
        if (!err) {
            err = workset_select(ctx->ws, table, NULL, 0, ws_columns(table, "name forwarding_groups"), false, &lswitches);
        }
    }
    if (!err) {
        buf_printf(&ctx->output, "%-16s%-14s%-16s%-22s%s\n", "FWD_GROUP", "LS", "VIP", "VMAC", "CHILD_PORTS");
        nb_sort_by_name(&lswitches);
    }
    for (size_t i = 0; i < lswitches.n && !err; i++) {
        err = print_groups(ctx, lswitches.d[i]);
    }
    vec_fini(&lswitches);
    return err;
}

/* --- Static MAC bindings --- */

/* The binding of arguments 1 and 2, a router port and an address; '*ret_ip' is the caller's to free. */
static struct err *
find_binding(struct ctl_context *ctx, char **ret_ip, struct ws_row **ret)
{
    const struct table *table;
    struct ws_row *port;
    struct datum values[2];

    *ret_ip = NULL;
    *ret = NULL;
    struct err *err = nb_find(ctx, &nb_router_port, ctx->argv[1], false, "", &port);
    if (!err) {
        err = ctl_table(ctx, "Static_MAC_Binding", &table);
    }
    if (!err) {
        *ret_ip = nb_normalize_ip(ctx->argv[2]);
        err = *ret_ip ? NULL : err_new("%s: Not a valid IPv4 or IPv6 address.", ctx->argv[2]);
    }
    if (err) {
        return err;
    }
    struct ws_rows rows = {0};
    struct ws_condition conditions[] = {{table_column(table, "logical_port"), WS_EQ, &values[0]},
                                        {table_column(table, "ip"), WS_EQ, &values[1]}};
    datum_init_string(&values[0], ctx->argv[1]);
    datum_init_string(&values[1], *ret_ip);
    err = workset_select(ctx->ws, table, conditions, 2, 0, true, &rows);
    *ret = !err && rows.n ? rows.d[0] : NULL;
    vec_fini(&rows);
    datum_fini(&values[0], (struct datum_type) {ATOM_STRING, ATOM_VOID});
    datum_fini(&values[1], (struct datum_type) {ATOM_STRING, ATOM_VOID});
    return err;
}

static struct err *
cmd_static_mac_binding_add(struct ctl_context *ctx)
{
    struct ws_row *binding;
    struct eth_addr mac;
    char *ip;

    struct err *err = find_binding(ctx, &ip, &binding);
    if (!err && !nb_parse_mac(ctx->argv[3], &mac)) {
        err = err_new("invalid mac address %s.", ctx->argv[3]);
    }
    if (!err && binding && !ctl_has_option(ctx, "--may-exist")) {
        err = err_new("%s, %s: a Static_MAC_Binding with this logical_port and ip already exists", ctx->argv[1], ip);
    }
    if (!err && !binding) {
        binding = workset_insert(ctx->ws, schema_table(workset_schema(ctx->ws), "Static_MAC_Binding"));
        row_set_string(binding, "logical_port", ctx->argv[1]);
        row_set_string(binding, "ip", ip);
    }
    if (!err) {
        row_set_string(binding, "mac", ctx->argv[3]);
    }
    free(ip);
    return err;
}

static struct err *
cmd_static_mac_binding_del(struct ctl_context *ctx)
{
    struct ws_row *binding;
    char *ip;
    struct err *err = find_binding(ctx, &ip, &binding);
    if (!err && binding) {
        row_delete(binding);
    } else if (!err && !ctl_has_option(ctx, "--if-exists")) {
        err = err_new("no matching Static_MAC_Binding with port %s and ip %s", ctx->argv[1], ip);
    }
    free(ip);
    return err;
}

static int
compare_bindings(const void *a_, const void *b_)
{
    const struct ws_row *const *a = a_, *const *b = b_;
    int cmp = strcmp(row_string(*a, "logical_port"), row_string(*b, "logical_port"));
    return cmp ? cmp : strcmp(row_string(*a, "ip"), row_string(*b, "ip"));
}

static struct err *
cmd_static_mac_binding_list(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_rows rows = {0};
    struct err *err = ctl_table(ctx, "Static_MAC_Binding", &table);
    if (!err) {
        err = workset_select(ctx->ws, table, NULL, 0, ws_columns(table, "logical_port ip mac"), false, &rows);
    }
    if (!err && rows.n) {
        qsort(rows.d, rows.n, sizeof *rows.d, compare_bindings);
        buf_printf(&ctx->output, "%-25s%-25s%s\n", "LOGICAL_PORT", "IP", "MAC");
    }
    for (size_t i = 0; i < rows.n && !err; i++) {
        buf_printf(&ctx->output, "%-25s%-25s%s\n", row_string(rows.d[i], "logical_port"), row_string(rows.d[i], "ip"),
                   row_string(rows.d[i], "mac"));
    }
    vec_fini(&rows);
    return err;
}

const struct ctl_command_def fwd_group_commands[] = {
    {"fwd-group-add", 4, INT_MAX, "GROUP SWITCH VIP VMAC PORT...", "--liveness", cmd_fwd_group_add, NULL},
    {"fwd-group-del", 1, 1, "GROUP", "--if-exists", cmd_fwd_group_del, NULL},
    {"fwd-group-list", 0, 1, "[SWITCH]", "", cmd_fwd_group_list, NULL},
    {"static-mac-binding-add", 3, 3, "LOGICAL_PORT IP MAC", "--may-exist", cmd_static_mac_binding_add, NULL},
    {"static-mac-binding-del", 2, 2, "LOGICAL_PORT IP", "--if-exists", cmd_static_mac_binding_del, NULL},
    {"static-mac-binding-list", 0, 0, "", "", cmd_static_mac_binding_list, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
