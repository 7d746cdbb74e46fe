/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

/* dhcp-options-*. */

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
find_options(struct ctl_context *ctx, const char *columns, struct ws_row **ret)
{
    const struct table *table;
    struct uuid uuid;
    struct err *err = ctl_table(ctx, "DHCP_Options", &table);
    *ret = NULL;
    if (!err && uuid_from_text(str_from(ctx->argv[1]), &uuid)) {
        err = workset_find_uuid(ctx->ws, table, &uuid, ws_columns(table, columns), ret);
    }
    return err || *ret ? err : err_new("%s: dhcp options UUID not found", ctx->argv[1]);
}

static struct err *
cmd_dhcp_options_del(struct ctl_context *ctx)
{
    struct ws_row *row;
    struct err *err = find_options(ctx, "", &row);
    if (!err) {
        row_delete(ctx->ws, row);
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
    struct err *err = find_options(ctx, "", &row);
    if (!err) {
        nb_set_options(ctx, row, "options", 2);
    }
    return err;
}

static struct err *
cmd_dhcp_options_get_options(struct ctl_context *ctx)
{
    struct ws_row *row;
    struct err *err = find_options(ctx, "options", &row);
    if (!err) {
        nb_print_options(ctx, row, "options");
    }
    return err;
}

const struct ctl_command_def dhcp_commands[] = {
    {"dhcp-options-create", 1, INT_MAX, "CIDR [EXTERNAL_IDS]", "", cmd_dhcp_options_create, NULL},
    {"dhcp-options-del", 1, 1, "DHCP_OPT_UUID", "", cmd_dhcp_options_del, NULL},
    {"dhcp-options-list", 0, 0, "", "", cmd_dhcp_options_list, NULL},
    {"dhcp-options-set-options", 1, INT_MAX, "DHCP_OPT_UUID KEY=VALUE [KEY=VALUE]...", "", cmd_dhcp_options_set_options,
     NULL},
    {"dhcp-options-get-options", 1, 1, "DHCP_OPT_UUID", "", cmd_dhcp_options_get_options, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
