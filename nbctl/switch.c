/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"
#include "nbctl/top.h"

/* ls-add, ls-del, ls-list, and the same for routers. */

struct err *
nb_top_add(struct ctl_context *ctx, const struct nb_kind *kind)
{
    bool may_exist = ctl_has_option(ctx, "--may-exist"), add_duplicate = ctl_has_option(ctx, "--add-duplicate");
    const char *name = ctx->argc > 1 ? ctx->argv[1] : NULL;
    const struct table *table;
    struct ws_rows rows = {0};

    if (may_exist && add_duplicate) {
        return err_new("--may-exist and --add-duplicate may not be used together");
    }
    if (!name && (may_exist || add_duplicate)) {
        return err_new("%s requires specifying a name", may_exist ? "--may-exist" : "--add-duplicate");
    }
    struct err *err = ctl_table(ctx, kind->table, &table);
    if (!err && name && !add_duplicate) {
        err = workset_find(ctx->ws, table, "name", name, 0, &rows);
        if (!err && rows.n && !may_exist) {
            err = err_new("%s: a %s with this name already exists", name, kind->noun);
        }
    }
    if (!err && !rows.n) {
        struct ws_row *row = workset_insert(ctx->ws, table);
        if (name) {
            row_set_string(row, "name", name);
        }
    }
    vec_fini(&rows);
    return err;
}

struct err *
nb_top_del(struct ctl_context *ctx, const struct nb_kind *kind)
{
    struct ws_row *row;
    struct ws_rows ports = {0};
    struct err *err = nb_find_arg(ctx, kind, ctx->argv[1], "", &row);

    if (err || !row) {
        return err;
    }
    if (!ctx->is_last) {                                     /* its ports go with it: later commands must not find them */
        err = nb_peek_refs(ctx, row, "ports", "", &ports);
        for (size_t i = 0; i < ports.n && !err; i++) {
            row_delete(ports.d[i]);
        }
        vec_fini(&ports);
    }
    row_delete(row);
    return err;
}

struct err *
nb_top_list(struct ctl_context *ctx, const struct nb_kind *kind)
{
    const struct table *table;
    struct ws_rows rows = {0};
    struct err *err = ctl_table(ctx, kind->table, &table);
    if (!err) {
        err = workset_select(ctx->ws, table, NULL, 0, ws_columns(table, "name"), false, &rows);
    }
    if (!err) {
        nb_print_names(ctx, &rows);
    }
    vec_fini(&rows);
    return err;
}

static struct err *
cmd_ls_add(struct ctl_context *ctx)
{
    return nb_top_add(ctx, &nb_switch);
}

static struct err *
cmd_ls_del(struct ctl_context *ctx)
{
    return nb_top_del(ctx, &nb_switch);
}

static struct err *
cmd_ls_list(struct ctl_context *ctx)
{
    return nb_top_list(ctx, &nb_switch);
}

const struct ctl_command_def switch_commands[] = {
    {"ls-add", 0, 1, "[SWITCH]", "--may-exist,--add-duplicate", cmd_ls_add, NULL},
    {"ls-del", 1, 1, "SWITCH", "--if-exists", cmd_ls_del, NULL},
    {"ls-list", 0, 0, "", "", cmd_ls_list, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
