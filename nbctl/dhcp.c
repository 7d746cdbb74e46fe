/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

/* dhcp-options-*, lsp-{set,get}-dhcpv{4,6}-options. */

static struct err *
cmd_dhcp_options_create(struct ctl_context *ctx)
{
    const struct table *table;
    struct err *err = ctl_table(ctx, "DHCP_Options", &table);
    char *network = nb_normalize_prefix(ctx->argv[1]);
    if (!err && !network) {
        err = err_new("Invalid cidr format '%s'", ctx->argv[1]);
    }
    if (!err) {
        struct ws_row *row = workset_insert(ctx->ws, table);
        row_set_string(row, "cidr", ctx->argv[1]);
        nb_set_options(ctx, row, "external_ids", 2);
    }
    free(network);
    return err;
}

static struct err *
find_options(struct ctl_context *ctx, const char *id, const char *columns, struct ws_row **ret)
{
    const struct table *table;
    struct uuid uuid;
    struct err *err = ctl_table(ctx, "DHCP_Options", &table);
    *ret = NULL;
    if (!err && uuid_from_text(str_from(id), &uuid)) {
        err = workset_find_uuid(ctx->ws, table, &uuid, ws_columns(table, columns), ret);
    }
    return err || *ret ? err : err_new("%s: dhcp options UUID not found", id);
}

static struct err *
cmd_dhcp_options_del(struct ctl_context *ctx)
{
    struct ws_row *row;
    struct err *err = find_options(ctx, ctx->argv[1], "", &row);
    if (!err) {
        row_delete(row);
    }
    return err;
}

static struct err *
cmd_dhcp_options_list(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_rows rows = {0};
    struct err *err = ctl_table(ctx, "DHCP_Options", &table);
    if (!err) {
        err = workset_select(ctx->ws, table, NULL, 0, 0, false, &rows);
    }
    for (size_t i = 0; i < rows.n && !err; i++) {
        buf_printf(&ctx->output, "%s\n", uuid_text(row_uuid(rows.d[i])));
    }
    vec_fini(&rows);
    return err;
}

static struct err *
cmd_dhcp_options_set_options(struct ctl_context *ctx)
{
    struct ws_row *row;
    struct err *err = find_options(ctx, ctx->argv[1], "", &row);
    if (!err) {
        nb_set_options(ctx, row, "options", 2);
    }
    return err;
}

static struct err *
cmd_dhcp_options_get_options(struct ctl_context *ctx)
{
    struct ws_row *row;
    struct err *err = find_options(ctx, ctx->argv[1], "options", &row);
    if (!err) {
        nb_print_options(ctx, row, "options");
    }
    return err;
}

/* --- Which options a port has --- */

static struct err *
set_port_options(struct ctl_context *ctx, const char *column, bool is_v6)
{
    struct ws_row *port, *options;
    struct ip_prefix network;
    struct err *err = nb_find(ctx, &nb_switch_port, ctx->argv[1], false, "", &port);
    if (!err && ctx->argc == 2) {
        row_clear(port, column);
        return NULL;
    }
    if (!err) {
        err = find_options(ctx, ctx->argv[2], "cidr", &options);
    }
    if (!err) {
        const char *cidr = row_string(options, "cidr");
        if (ip_prefix_parse(str_from(cidr), &network) && network.is_v6 == is_v6) {
            row_set_uuid(port, column, row_uuid(options));
        } else {
            err = err_new("DHCP options cidr '%s' is not IPv%c", cidr, is_v6 ? '6' : '4');
        }
    }
    return err;
}

static struct err *
get_port_options(struct ctl_context *ctx, const char *column)
{
    struct ws_row *port;
    struct ws_rows rows = {0};
    struct err *err = nb_find(ctx, &nb_switch_port, ctx->argv[1], false, column, &port);
    if (!err) {
        err = nb_peek_refs(ctx, port, column, "cidr", &rows);
    }
    if (!err && rows.n) {
        buf_printf(&ctx->output, "%s (%s)\n", uuid_text(row_uuid(rows.d[0])), row_string(rows.d[0], "cidr"));
    }
    vec_fini(&rows);
    return err;
}

static struct err *
cmd_lsp_set_dhcpv4_options(struct ctl_context *ctx)
{
    return set_port_options(ctx, "dhcpv4_options", false);
}

static struct err *
cmd_lsp_get_dhcpv4_options(struct ctl_context *ctx)
{
    return get_port_options(ctx, "dhcpv4_options");
}

static struct err *
cmd_lsp_set_dhcpv6_options(struct ctl_context *ctx)
{
    return set_port_options(ctx, "dhcpv6_options", true);
}

static struct err *
cmd_lsp_get_dhcpv6_options(struct ctl_context *ctx)
{
    return get_port_options(ctx, "dhcpv6_options");
}

const struct ctl_command_def dhcp_commands[] = {
    {"dhcp-options-create", 1, INT_MAX, "CIDR [EXTERNAL_IDS]", "", cmd_dhcp_options_create, NULL},
    {"dhcp-options-del", 1, 1, "DHCP_OPT_UUID", "", cmd_dhcp_options_del, NULL},
    {"dhcp-options-list", 0, 0, "", "", cmd_dhcp_options_list, NULL},
    {"dhcp-options-set-options", 1, INT_MAX, "DHCP_OPT_UUID KEY=VALUE [KEY=VALUE]...", "", cmd_dhcp_options_set_options,
     NULL},
    {"dhcp-options-get-options", 1, 1, "DHCP_OPT_UUID", "", cmd_dhcp_options_get_options, NULL},
    {"lsp-set-dhcpv4-options", 1, 2, "PORT [DHCP_OPT_UUID]", "", cmd_lsp_set_dhcpv4_options, NULL},
    {"lsp-get-dhcpv4-options", 1, 1, "PORT", "", cmd_lsp_get_dhcpv4_options, NULL},
    {"lsp-set-dhcpv6-options", 1, 2, "PORT [DHCP_OPT_UUID]", "", cmd_lsp_set_dhcpv6_options, NULL},
    {"lsp-get-dhcpv6-options", 1, 1, "PORT", "", cmd_lsp_get_dhcpv6_options, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
