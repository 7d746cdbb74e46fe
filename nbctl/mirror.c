/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

/* mirror-*, lsp-attach-mirror, lsp-detach-mirror. */

static const struct nb_kind nb_mirror = {"Mirror", "mirror", "mirrors"};

static struct err *
cmd_mirror_add(struct ctl_context *ctx)
{
    const char *type = ctx->argv[2], *filter = ctx->argv[4], *sink = ctx->argv[5];
    const struct table *table;
    struct ws_row *mirror;
    struct ip_addr ip;
    int64_t index;

    struct err *err = ctl_table(ctx, "Mirror", &table);
    if (!err) {
        err = nb_find(ctx, &nb_mirror, ctx->argv[1], true, "", &mirror);
    }
    if (err || (mirror && ctl_has_option(ctx, "--may-exist"))) {
        return err;
    }
    if (mirror) {
        return err_new("Mirror with %s name already exists.", ctx->argv[1]);
    }
    if (strcmp(type, "gre") && strcmp(type, "erspan")) {
        return err_new("%s: type must be \"gre\" or \"erspan\"", type);
    }
    if (!str_to_int64(ctx->argv[3], 10, &index)) {
        return err_new("Invalid Index");
    }
    if (*filter != 't' && *filter != 'f') {
        return err_new("%s: selection must be \"to-lport\" or \"from-lport\"", filter);
    }
    if (!ip_addr_parse(str_from(sink), &ip)) {
        return err_new("Invalid sink ip: %s", sink);
    }
    mirror = workset_insert(ctx->ws, table);
    row_set_string(mirror, "name", ctx->argv[1]);
    row_set_string(mirror, "type", type);
    row_set_integer(mirror, "index", index);
    row_set_string(mirror, "filter", *filter == 't' ? "to-lport" : "from-lport");
    row_set_string(mirror, "sink", sink);
    return NULL;
}

static struct err *
all_mirrors(struct ctl_context *ctx, const char *columns, struct ws_rows *ret)
{
    const struct table *table;
    struct err *err = ctl_table(ctx, "Mirror", &table);
    return err ? err : workset_select(ctx->ws, table, NULL, 0, ws_columns(table, columns), false, ret);
}

static struct err *
cmd_mirror_del(struct ctl_context *ctx)
{
    struct ws_row *mirror;
    struct ws_rows mirrors = {0};
    struct err *err;

    if (ctx->argc > 1) {
        err = nb_find(ctx, &nb_mirror, ctx->argv[1], true, "", &mirror);
        if (!err && mirror) {
            row_delete(mirror);
        }
        return err;
    }
    err = all_mirrors(ctx, "", &mirrors);
    for (size_t i = 0; i < mirrors.n && !err; i++) {
        row_delete(mirrors.d[i]);
    }
    vec_fini(&mirrors);
    return err;
}

static struct err *
cmd_mirror_list(struct ctl_context *ctx)
{
    struct ws_rows mirrors = {0};
    struct err *err = all_mirrors(ctx, "name type sink filter index", &mirrors);
    nb_sort_by_name(&mirrors);
    for (size_t i = 0; i < mirrors.n && !err; i++) {
        const struct ws_row *m = mirrors.d[i];
        buf_printf(&ctx->output, "%s:\n  Type     :  %s\n  Sink     :  %s\n  Filter   :  %s\n  Index/Key:  %lld\n\n",
                   row_string(m, "name"), row_string(m, "type"), row_string(m, "sink"), row_string(m, "filter"),
                   (long long) row_integer(m, "index"));
    }
    vec_fini(&mirrors);
    return err;
}

static struct err *
find_port_and_mirror(struct ctl_context *ctx, const char *columns, struct ws_row **ret_port, struct ws_row **ret_mirror)
{
    struct err *err = nb_find(ctx, &nb_switch_port, ctx->argv[1], false, columns, ret_port);
    return err ? err : nb_find(ctx, &nb_mirror, ctx->argv[2], false, "", ret_mirror);
}

static struct err *
cmd_lsp_attach_mirror(struct ctl_context *ctx)
{
    struct ws_row *port, *mirror;
    struct err *err = find_port_and_mirror(ctx, "mirror_rules", &port, &mirror);
    if (err) {
        return err;
    }
    if (!datum_has_uuid(row_get(port, table_column(row_table(port), "mirror_rules")), row_uuid(mirror))) {
        row_add_ref(port, "mirror_rules", row_uuid(mirror));
    } else if (!ctl_has_option(ctx, "--may-exist")) {
        return err_new("mirror %s is already attached to the logical port %s.", ctx->argv[2], ctx->argv[1]);
    }
    return NULL;
}

static struct err *
cmd_lsp_detach_mirror(struct ctl_context *ctx)
{
    struct ws_row *port, *mirror;
    struct err *err = find_port_and_mirror(ctx, "", &port, &mirror);
    if (!err) {
        row_remove_ref(port, "mirror_rules", row_uuid(mirror));
    }
    return err;
}

const struct ctl_command_def mirror_commands[] = {
    {"mirror-add", 5, 5, "NAME TYPE INDEX FILTER IP", "--may-exist", cmd_mirror_add, NULL},
    {"mirror-del", 0, 1, "[NAME]", "", cmd_mirror_del, NULL},
    {"mirror-list", 0, 0, "", "", cmd_mirror_list, NULL},
    {"lsp-attach-mirror", 2, 2, "PORT MIRROR", "--may-exist", cmd_lsp_attach_mirror, NULL},
    {"lsp-detach-mirror", 2, 2, "PORT MIRROR", "", cmd_lsp_detach_mirror, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
