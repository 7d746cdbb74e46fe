/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/log.h"
#include "lib/net/stream.h"
#include "ovsdb/ctl/ctl.h"

LOG_MODULE(remote_commands);

/* get-connection, set-connection, get-ssl, ...: both databases keep these in the same columns of their global row. */

/* The global row, with 'column' fetched, and the table that 'column' refers to. */
static struct err *
fetch_global(struct ctl_context *ctx, const char *column, struct ws_row **ret_global, const struct table **ret_refs)
{
    const struct table *table;
    struct ws_rows rows = {0};
    struct err *err = ctl_table(ctx, ctx->program->global_table, &table);
    if (!err && !table_column(table, column)) {
        err = err_new("the database has no column %s in table %s", column, table->name);
    }
    if (!err) {
        err = workset_select(ctx->ws, table, NULL, 0, ws_columns(table, column), true, &rows);
    }
    if (!err && !rows.n) {
        err = err_new("table %s has no row", table->name);
    }
    if (!err) {
        *ret_global = rows.d[0];
        *ret_refs = table_column(table, column)->type.key.ref_table;
        CHECK(*ret_refs);
    }
    vec_fini(&rows);
    return err;
}

/* The rows that 'column' of the global row refers to, with all of their columns. */
static struct err *
fetch_global_refs(struct ctl_context *ctx, const char *column, struct ws_row **ret_global, struct ws_rows *ret)
{
    const struct table *table;
    struct err *err = fetch_global(ctx, column, ret_global, &table);
    if (!err) {
        const struct datum *refs = row_get(*ret_global, table_column(row_table(*ret_global), column));
        err = workset_fetch_refs(ctx->ws, table, refs, ws_all_columns(table), ret);
    }
    return err;
}

static struct err *
delete_global_refs(struct ctl_context *ctx, const char *column, struct ws_row **ret_global)
{
    struct ws_rows rows = {0};
    struct err *err = fetch_global_refs(ctx, column, ret_global, &rows);
    for (size_t i = 0; i < rows.n && !err; i++) {
        row_delete(rows.d[i]);
    }
    if (!err && rows.n) {
        row_clear(*ret_global, column);
    }
    vec_fini(&rows);
    return err;
}

static struct err *
cmd_get_connection(struct ctl_context *ctx)
{
    struct ws_row *global;
    struct ws_rows rows = {0};
    VEC(char *) targets = {0};

    struct err *err = fetch_global_refs(ctx, "connections", &global, &rows);
    for (size_t i = 0; i < rows.n && !err; i++) {
        const char *role = row_string(rows.d[i], "role");
        const struct column *read_only = table_column(row_table(rows.d[i]), "read_only");
        const char *mode = read_only && row_boolean(rows.d[i], "read_only") ? "read-only" : "read-write";
        if (read_only) {
            vec_push(&targets, xasprintf("%s role=\"%s\" %s", mode, role, row_string(rows.d[i], "target")));
        } else {
            vec_push(&targets, xstrdup(row_string(rows.d[i], "target")));
        }
    }
    if (targets.n) {
        qsort(targets.d, targets.n, sizeof *targets.d, strings_cmp);
    }
    for (size_t i = 0; i < targets.n; i++) {
        buf_printf(&ctx->output, "%s\n", targets.d[i]);
        free(targets.d[i]);
    }
    vec_fini(&targets);
    vec_fini(&rows);
    return err;
}

static struct err *
cmd_del_connection(struct ctl_context *ctx)
{
    struct ws_row *global;
    return delete_global_refs(ctx, "connections", &global);
}

static struct err *
cmd_set_connection(struct ctl_context *ctx)
{
    const char *probe = ctl_option(ctx, "--inactivity-probe");
    struct ws_row *global;
    bool is_read_only = false;
    const char *role = NULL;
    int64_t probe_ms = 0;

    struct err *err = delete_global_refs(ctx, "connections", &global);
    if (err) {
        return err;
    }
    const struct table *table = table_column(row_table(global), "connections")->type.key.ref_table;
    bool has_role = table_column(table, "role");
    if (probe && !str_to_int64(probe, 10, &probe_ms)) {
        probe_ms = 0;
    }
    for (int i = 1; i < ctx->argc; i++) {
        const char *target = ctx->argv[i];
        if (has_role && !strcmp(target, "read-only")) {
            is_read_only = true;
        } else if (has_role && !strcmp(target, "read-write")) {
            is_read_only = false;
        } else if (has_role && !strncmp(target, "role=", 5)) {
            role = target + 5;
        } else {
            if (!stream_target_is_active(target) && !stream_target_is_passive(target)) {
                log_warn("target type \"%s\" is possibly erroneous", target);
            }
            struct ws_row *row = workset_insert(ctx->ws, table);
            row_set_string(row, "target", target);
            if (has_role) {
                row_set_boolean(row, "read_only", is_read_only);
                row_set_string(row, "role", role ? role : "");
            }
            if (probe) {
                row_set_integer(row, "inactivity_probe", probe_ms);
            }
            row_add_ref(global, "connections", row_uuid(row));
        }
    }
    return NULL;
}

static struct err *
cmd_get_ssl(struct ctl_context *ctx)
{
    struct ws_row *global;
    struct ws_rows rows = {0};
    struct err *err = fetch_global_refs(ctx, "ssl", &global, &rows);
    if (!err && rows.n) {
        const struct ws_row *ssl = rows.d[0];
        buf_printf(&ctx->output, "Private key: %s\nCertificate: %s\nCA Certificate: %s\nBootstrap: %s\n",
                   row_string(ssl, "private_key"), row_string(ssl, "certificate"), row_string(ssl, "ca_cert"),
                   row_boolean(ssl, "bootstrap_ca_cert") ? "true" : "false");
    }
    vec_fini(&rows);
    return err;
}

static struct err *
cmd_del_ssl(struct ctl_context *ctx)
{
    struct ws_row *global;
    return delete_global_refs(ctx, "ssl", &global);
}

static struct err *
cmd_set_ssl(struct ctl_context *ctx)
{
    struct ws_row *global;
    struct err *err = delete_global_refs(ctx, "ssl", &global);
    if (err) {
        return err;
    }
    struct ws_row *ssl = workset_insert(ctx->ws, table_column(row_table(global), "ssl")->type.key.ref_table);
    row_set_string(ssl, "private_key", ctx->argv[1]);
    row_set_string(ssl, "certificate", ctx->argv[2]);
    row_set_string(ssl, "ca_cert", ctx->argv[3]);
    row_set_boolean(ssl, "bootstrap_ca_cert", ctl_has_option(ctx, "--bootstrap"));
    row_set_string(ssl, "ssl_protocols", ctx->argc > 4 ? ctx->argv[4] : "");
    row_set_string(ssl, "ssl_ciphers", ctx->argc > 5 ? ctx->argv[5] : "");
    row_set_uuid(global, "ssl", row_uuid(ssl));
    return NULL;
}

static struct err *
cmd_init(struct ctl_context *ctx UNUSED)
{
    return NULL;                                             /* every command line makes the global row */
}

const struct ctl_command_def remote_commands[] = {
    {"init", 0, 0, "", "", cmd_init, NULL},
    {"get-connection", 0, 0, "", "", cmd_get_connection, NULL},
    {"del-connection", 0, 0, "", "", cmd_del_connection, NULL},
    {"set-connection", 1, INT_MAX, "TARGET...", "--inactivity-probe=", cmd_set_connection, NULL},
    {"get-ssl", 0, 0, "", "", cmd_get_ssl, NULL},
    {"del-ssl", 0, 0, "", "", cmd_del_ssl, NULL},
    {"set-ssl", 3, 5, "PRIVATE-KEY CERTIFICATE CA-CERT [SSL-PROTOS [SSL-CIPHERS]]", "--bootstrap", cmd_set_ssl, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
