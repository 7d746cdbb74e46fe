/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sbctl/sbctl.h"

/* chassis-add, chassis-del. */

static void
add_encap(struct ctl_context *ctx, struct ws_row *chassis, const char *type, const char *ip)
{
    const struct column *column = table_column(row_table(chassis), "encaps");
    struct ws_row *encap = workset_insert(ctx->ws, column->type.key.ref_table);
    row_set_string(encap, "type", type);
    row_set_string(encap, "ip", ip);
    row_set_string(encap, "chassis_name", row_string(chassis, "name"));
    row_set_key(encap, "options", "csum", "true");
    row_add_ref(chassis, "encaps", row_uuid(encap));
}

static struct err *
cmd_chassis_add(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    const struct table *table;
    struct ws_row *chassis;
    struct strmap types;

    struct err *err = sb_find(ctx, "Chassis", "name", name, "", &chassis);
    if (!err) {
        err = ctl_table(ctx, "Chassis", &table);
    }
    if (err || (chassis && ctl_has_option(ctx, "--may-exist"))) {
        return err;
    }
    if (chassis) {
        return err_new("cannot create a chassis named %s because a chassis named %s already exists", name, name);
    }
    chassis = workset_insert(ctx->ws, table);
    row_set_string(chassis, "name", name);
    strmap_init(&types);                                     /* each type once */
    struct str rest = str_from(ctx->argv[2]);
    while (rest.s) {
        char *type = str_dup(str_cut(&rest, ","));
        if (*type && !strmap_find(&types, type)) {
            strmap_set(&types, type, NULL);
            add_encap(ctx, chassis, type, ctx->argv[3]);
        }
        free(type);
    }
    strmap_fini(&types);
    return NULL;
}

static struct err *
cmd_chassis_del(struct ctl_context *ctx)
{
    struct ws_row *chassis;
    struct ws_rows encaps = {0};

    struct err *err = sb_find(ctx, "Chassis", "name", ctx->argv[1], "encaps", &chassis);
    if (err || !chassis) {
        return err || ctl_has_option(ctx, "--if-exists") ? err : err_new("no chassis named %s", ctx->argv[1]);
    }
    const struct column *column = table_column(row_table(chassis), "encaps");
    err = workset_fetch_refs(ctx->ws, column->type.key.ref_table, row_get(chassis, column), 0, &encaps);
    for (size_t i = 0; i < encaps.n && !err; i++) {
        row_delete(encaps.d[i]);
    }
    vec_fini(&encaps);
    row_delete(chassis);
    return err;
}

const struct ctl_command_def chassis_commands[] = {
    {"chassis-add", 3, 3, "CHASSIS ENCAP-TYPE ENCAP-IP", "--may-exist", cmd_chassis_add, NULL},
    {"chassis-del", 1, 1, "CHASSIS", "--if-exists", cmd_chassis_del, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
