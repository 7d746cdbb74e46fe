/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sbctl/sbctl.h"

/* show. */

static const char CHASSIS_COLUMNS[] = "name hostname encaps", ENCAP_COLUMNS[] = "type ip options",
                  BINDING_COLUMNS[] = "logical_port chassis";

static void
put_column(struct ctl_context *ctx, const struct ws_row *row, const char *name, const char *indent)
{
    const struct column *column = table_column(row_table(row), name);
    buf_printf(&ctx->output, "%s%s: ", indent, name);
    datum_put_string(&ctx->output, row_peek(row, column), &column->type);
    buf_putc(&ctx->output, '\n');
}

/* The first element of the named column, as in "Encap geneve". */
static void
put_title(struct ctl_context *ctx, const struct ws_row *row, const char *title, const char *name)
{
    const struct column *column = table_column(row_table(row), name);
    buf_puts(&ctx->output, title);
    datum_put_string(&ctx->output, row_peek(row, column), &column->type);
    buf_putc(&ctx->output, '\n');
}

/* 'bindings' are sorted by the chassis they are bound to; those of 'chassis' are printed by name. */
static void
show_bindings(struct ctl_context *ctx, const struct ws_row *chassis, const struct ws_rows *bindings)
{
    for (size_t i = 0; i < bindings->n; i++) {
        if (datum_has_uuid(row_peek_named(bindings->d[i], "chassis"), row_uuid(chassis))) {
            put_title(ctx, bindings->d[i], "    Port_Binding ", "logical_port");
        }
    }
}

static struct err *
show_chassis(struct ctl_context *ctx, struct ws_row *chassis, const struct ws_rows *bindings)
{
    const struct column *encaps_column = table_column(row_table(chassis), "encaps");
    struct ws_rows encaps = {0};
    struct err *err = workset_fetch_refs(ctx->ws, encaps_column->type.key.ref_table, row_peek(chassis, encaps_column),
                                         ws_columns(encaps_column->type.key.ref_table, ENCAP_COLUMNS), &encaps);
    if (err) {
        return err;
    }
    sb_sort(&encaps, "type");
    put_title(ctx, chassis, "Chassis ", "name");
    if (*row_string(chassis, "hostname")) {
        put_column(ctx, chassis, "hostname", "    ");
    }
    for (size_t i = 0; i < encaps.n; i++) {
        put_title(ctx, encaps.d[i], "    Encap ", "type");
        put_column(ctx, encaps.d[i], "ip", "        ");
        if (row_peek_named(encaps.d[i], "options")->n) {
            put_column(ctx, encaps.d[i], "options", "        ");
        }
    }
    show_bindings(ctx, chassis, bindings);
    vec_fini(&encaps);
    return NULL;
}

static struct err *
cmd_show(struct ctl_context *ctx)
{
    static const struct sb_wanted wanted[] = {
        {"Chassis", CHASSIS_COLUMNS}, {"Encap", ENCAP_COLUMNS}, {"Port_Binding", BINDING_COLUMNS}, {NULL, NULL}};
    struct ws_rows chassis = {0}, bindings = {0};

    struct err *err = sb_prefetch(ctx, wanted);
    if (!err) {
        err = sb_all(ctx, "Chassis", CHASSIS_COLUMNS, &chassis);
    }
    if (!err) {
        err = sb_all(ctx, "Port_Binding", BINDING_COLUMNS, &bindings);
    }
    if (!err) {
        sb_sort(&chassis, "name");
        sb_sort(&bindings, "logical_port");
    }
    for (size_t i = 0; i < chassis.n && !err; i++) {
        err = show_chassis(ctx, chassis.d[i], &bindings);
    }
    vec_fini(&chassis);
    vec_fini(&bindings);
    return err;
}

const struct ctl_command_def show_commands[] = {
    {"show", 0, 0, "", "", cmd_show, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
