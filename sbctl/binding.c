/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sbctl/sbctl.h"

/* lsp-bind, lsp-unbind, ip-multicast-flush. */

/* The name of the chassis that 'binding' is bound to, for messages. */
static struct err *
already_bound(struct ctl_context *ctx, struct ws_row *binding, const struct datum *bound)
{
    const struct table *table = table_column(row_table(binding), "chassis")->type.key.ref_table;
    struct ws_rows rows = {0};
    struct err *err = workset_fetch_refs(ctx->ws, table, bound, ws_columns(table, "name"), &rows);
    if (!err) {
        err = err_new("lport (%s) has already been binded to chassis (%s)", ctx->argv[1],
                      rows.n ? row_string(rows.d[0], "name") : "unknown");
    }
    vec_fini(&rows);
    return err;
}

static struct err *
cmd_lsp_bind(struct ctl_context *ctx)
{
    struct ws_row *binding, *chassis;

    struct err *err = sb_find(ctx, "Port_Binding", "logical_port", ctx->argv[1], "chassis", &binding);
    if (!err && !binding) {
        err = err_new("no port named %s", ctx->argv[1]);
    }
    if (!err) {
        err = sb_find(ctx, "Chassis", "name", ctx->argv[2], "", &chassis);
    }
    if (!err && !chassis) {
        err = err_new("no chassis named %s", ctx->argv[2]);
    }
    if (err) {
        return err;
    }
    const struct datum *bound = row_get(binding, table_column(row_table(binding), "chassis"));
    if (bound->n) {
        bool is_same = datum_has_uuid(bound, row_uuid(chassis));
        return is_same && ctl_has_option(ctx, "--may-exist") ? NULL : already_bound(ctx, binding, bound);
    }
    row_set_uuid(binding, "chassis", row_uuid(chassis));
    row_set_boolean(binding, "up", true);
    return NULL;
}

static struct err *
cmd_lsp_unbind(struct ctl_context *ctx)
{
    struct ws_row *binding;
    struct err *err = sb_find(ctx, "Port_Binding", "logical_port", ctx->argv[1], "chassis", &binding);
    if (err || !binding) {
        return err || ctl_has_option(ctx, "--if-exists") ? err : err_new("no port named %s", ctx->argv[1]);
    }
    if (row_get(binding, table_column(row_table(binding), "chassis"))->n) {
        row_clear(binding, "chassis");
        row_clear(binding, "up");
    }
    return NULL;
}

static struct err *
cmd_ip_multicast_flush(struct ctl_context *ctx)
{
    const struct table *datapaths, *table;
    struct ws_row *datapath;
    struct ws_rows rows = {0};
    struct datum value;

    struct err *err = ctl_table(ctx, "Datapath_Binding", &datapaths);
    if (!err) {
        err = ctl_table(ctx, "IP_Multicast", &table);
    }
    if (!err) {
        err = ctl_find_record(ctx, datapaths, ctx->argv[1], true, &datapath);
    }
    if (!err && !datapath) {
        err = err_new("%s is not a valid datapath", ctx->argv[1]);
    }
    if (err) {
        return err;
    }
    datum_init_uuid(&value, row_uuid(datapath));
    struct ws_condition condition = {table_column(table, "datapath"), WS_EQ, &value};
    err = workset_select(ctx->ws, table, &condition, 1, ws_columns(table, "seq_no"), true, &rows);
    for (size_t i = 0; i < rows.n && !err; i++) {
        row_guard(rows.d[i], ws_columns(table, "seq_no"));
        row_set_integer(rows.d[i], "seq_no", row_integer(rows.d[i], "seq_no") + 1);
    }
    vec_fini(&rows);
    datum_fini(&value, (struct datum_type) {ATOM_UUID, ATOM_VOID});
    return err;
}

const struct ctl_command_def binding_commands[] = {
    {"lsp-bind", 2, 2, "PORT CHASSIS", "--may-exist", cmd_lsp_bind, NULL},
    {"lsp-unbind", 1, 1, "PORT", "--if-exists", cmd_lsp_unbind, NULL},
    {"ip-multicast-flush", 1, 1, "SWITCH", "", cmd_ip_multicast_flush, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
