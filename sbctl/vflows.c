/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sbctl/lflow.h"

/* lflow-list --vflows: port bindings, MAC bindings, multicast groups and chassis. */

static const char DATAPATH_COLUMNS[] = "external_ids";

/* Prints what a line begins with.  Stores the section's title in front of its first line. */
static struct err *
put_line_start(struct ctl_context *ctx, const char *title, bool *is_first, const struct ws_row *row, const struct ws_row *only)
{
    const struct column *column = table_column(row_table(row), "datapath");
    struct ws_rows datapaths = {0};
    struct err *err = NULL;

    if (*is_first) {
        buf_printf(&ctx->output, "\n%s:\n", title);
        *is_first = false;
    }
    buf_puts(&ctx->output, "  ");
    if (ctl_has_option(ctx, "--uuid")) {
        buf_printf(&ctx->output, "uuid=0x%08x, ", sb_uuid_cookie(row_uuid(row)));
    }
    if (column && !only) {
        const struct table *table = column->type.key.ref_table;
        err = workset_fetch_refs(ctx->ws, table, row_peek(row, column), ws_columns(table, DATAPATH_COLUMNS), &datapaths);
        if (!err && datapaths.n) {
            char *label = sb_datapath_label(datapaths.d[0]);
            buf_printf(&ctx->output, "datapath=%s, ", label);
            free(label);
        }
    }
    vec_fini(&datapaths);
    return err;
}

/* The rows of 'table' that belong to 'datapath' (NULL: all of them). */
static struct err *
select_rows(struct ctl_context *ctx, const char *table_name, const char *columns, const struct ws_row *datapath,
            struct ws_rows *ret)
{
    const struct table *table;
    struct datum value;
    struct err *err = ctl_table(ctx, table_name, &table);
    if (err || !datapath) {
        return err ? err : workset_select(ctx->ws, table, NULL, 0, ws_columns(table, columns), false, ret);
    }
    datum_init_uuid(&value, row_uuid(datapath));
    struct ws_condition condition = {table_column(table, "datapath"), WS_EQ, &value};
    err = workset_select(ctx->ws, table, &condition, 1, ws_columns(table, columns), false, ret);
    datum_fini(&value, (struct datum_type) {ATOM_UUID, ATOM_VOID});
    return err;
}

static struct err *
put_port_bindings(struct ctl_context *ctx, const struct ws_row *datapath)
{
    struct ws_rows rows = {0};
    bool is_first = true;
    struct err *err = select_rows(ctx, "Port_Binding", "datapath logical_port tunnel_key", datapath, &rows);
    sb_sort(&rows, "logical_port");
    for (size_t i = 0; i < rows.n && !err; i++) {
        err = put_line_start(ctx, "Port Bindings", &is_first, rows.d[i], datapath);
        buf_printf(&ctx->output, "logical_port=%s, tunnel_key=%-5lld\n", row_string(rows.d[i], "logical_port"),
                   (long long) row_integer(rows.d[i], "tunnel_key"));
    }
    vec_fini(&rows);
    return err;
}

static struct err *
put_mac_bindings(struct ctl_context *ctx, const struct ws_row *datapath)
{
    struct ws_rows rows = {0};
    bool is_first = true;
    struct err *err = select_rows(ctx, "MAC_Binding", "datapath logical_port ip mac", datapath, &rows);
    sb_sort(&rows, "logical_port");
    for (size_t i = 0; i < rows.n && !err; i++) {
        err = put_line_start(ctx, "MAC Bindings", &is_first, rows.d[i], datapath);
        buf_printf(&ctx->output, "logical_port=%s, ip=%s, mac=%s\n", row_string(rows.d[i], "logical_port"),
                   row_string(rows.d[i], "ip"), row_string(rows.d[i], "mac"));
    }
    vec_fini(&rows);
    return err;
}

static struct err *
put_group_ports(struct ctl_context *ctx, const struct ws_row *group)
{
    const struct column *column = table_column(row_table(group), "ports");
    const struct table *table = column->type.key.ref_table;
    struct ws_rows ports = {0};
    struct err *err = workset_fetch_refs(ctx->ws, table, row_peek(group, column), ws_columns(table, "logical_port"), &ports);
    sb_sort(&ports, "logical_port");
    for (size_t i = 0; i < ports.n && !err; i++) {
        buf_printf(&ctx->output, "%s%s", i ? ", " : "", row_string(ports.d[i], "logical_port"));
    }
    vec_fini(&ports);
    return err;
}

static struct err *
put_groups(struct ctl_context *ctx, const struct ws_row *datapath)
{
    struct ws_rows rows = {0};
    bool is_first = true;
    struct err *err = select_rows(ctx, "Multicast_Group", "datapath name tunnel_key ports", datapath, &rows);
    sb_sort(&rows, "name");
    for (size_t i = 0; i < rows.n && !err; i++) {
        err = put_line_start(ctx, "MC Groups", &is_first, rows.d[i], datapath);
        if (!err) {
            buf_printf(&ctx->output, "name=%s, tunnel_key=%-5lld, ports=(", row_string(rows.d[i], "name"),
                       (long long) row_integer(rows.d[i], "tunnel_key"));
            err = put_group_ports(ctx, rows.d[i]);
            buf_puts(&ctx->output, ")\n");
        }
    }
    vec_fini(&rows);
    return err;
}

static struct err *
put_chassis(struct ctl_context *ctx)
{
    struct ws_rows rows = {0};
    bool is_first = true;
    struct err *err = sb_all(ctx, "Chassis", "name", &rows);
    sb_sort(&rows, "name");
    for (size_t i = 0; i < rows.n && !err; i++) {
        err = put_line_start(ctx, "Chassis", &is_first, rows.d[i], NULL);
        buf_printf(&ctx->output, "name=%s\n", row_string(rows.d[i], "name"));
    }
    vec_fini(&rows);
    return err;
}

struct err *
sb_put_vflows(struct ctl_context *ctx, struct ws_row *datapath)
{
    struct err *err = put_port_bindings(ctx, datapath);
    if (!err) {
        err = put_mac_bindings(ctx, datapath);
    }
    if (!err) {
        err = put_groups(ctx, datapath);
    }
    return err ? err : put_chassis(ctx);
}
