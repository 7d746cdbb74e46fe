/* SPDX-License-Identifier: Apache-2.0 */
/* The generic commands that write: set, create, add, remove, clear, destroy. */
#include <config.h>

#include "lib/base/log.h"
#include "ovsdb/ctl/db_commands.h"
#include "ovsdb/ctl/db_values.h"
#include "ovsdb/ctl/symbols.h"

LOG_MODULE(db_ctl_base);

/* --- set, create --- */

static struct err *
set_key(struct ctl_context *ctx, struct ws_row *row, const struct db_argument *argument)
{
    const struct column_type *type = &argument->column->type;
    struct named_uuids names = symbols_resolver(ctx->symbols);
    union atom key, value;
    struct datum pair;

    if (!column_type_is_map(type)) {
        return err_new("cannot specify key to set for non-map column %s", argument->column->name);
    }
    struct err *err = atom_from_string(&key, &type->key, argument->key, &names);
    if (err) {
        return err;
    }
    err = atom_from_string(&value, &type->value, argument->value, &names);
    if (err) {
        atom_fini(&key, type->key.type);
        return err;
    }
    bool ok = datum_init_from_atoms(&pair, column_datum_type(type), &key, &value, 1);
    CHECK(ok);
    row_insert_elements(row, argument->column, &pair);
    datum_fini(&pair, column_datum_type(type));
    return NULL;
}

struct err *
ctl_set_column(struct ctl_context *ctx, const struct table *table, struct ws_row *row, const char *text)
{
    struct named_uuids names = symbols_resolver(ctx->symbols);
    struct db_argument argument;
    struct datum value;

    struct err *err = db_argument_parse(table, text, DB_ARG_ASSIGNMENT, &argument);
    if (err) {
        return err;
    }
    if (row && !argument.column->is_mutable && !row_is_new(row)) {
        err = err_new("cannot modify read-only column %s in table %s", argument.column->name, table->name);
    } else if (row && argument.key) {
        err = set_key(ctx, row, &argument);
    } else if (row) {
        err = datum_from_string(&value, &argument.column->type, argument.value, &names);
        if (!err) {
            row_set(row, argument.column, &value);
        }
    }
    db_argument_fini(&argument);
    return err;
}

struct err *
db_cmd_set(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_row *row;
    struct err *err = db_find_target(ctx, &table, &row);
    for (int i = 3; i < ctx->argc && !err; i++) {
        err = ctl_set_column(ctx, table, row, ctx->argv[i]);   /* without a row, for its errors */
    }
    return err;
}

/* The new row, with the uuid or the name that --id gives it. */
static struct err *
create_row(struct ctl_context *ctx, const struct table *table, struct ws_row **ret)
{
    const char *id = ctl_option(ctx, "--id");
    struct uuid uuid;

    if (!id) {
        if (!table->is_root) {
            log_warn("applying \"create\" command to table %s without --id option will have no effect", table->name);
        }
        *ret = workset_insert(ctx->ws, table);
        return NULL;
    }
    if (uuid_from_text(str_from(id), &uuid)) {
        struct err *err = workset_find_uuid(ctx->ws, table, &uuid, 0, ret);
        *ret = err ? NULL : workset_insert_uuid(ctx->ws, table, &uuid, true);
        return err;
    }
    struct err *err = symbols_define(ctx->symbols, id, table->is_root, &uuid);
    if (!err) {
        *ret = workset_insert_uuid(ctx->ws, table, &uuid, false);
    }
    return err;
}

struct err *
db_cmd_create(struct ctl_context *ctx)
{
    const struct table *table;
    struct err *err = db_find_target(ctx, &table, NULL);
    if (!err) {
        err = create_row(ctx, table, &ctx->created);
    }
    for (int i = 2; i < ctx->argc && !err; i++) {
        err = ctl_set_column(ctx, table, ctx->created, ctx->argv[i]);
    }
    return err;
}

struct err *
db_finish_create(struct ctl_context *ctx)
{
    buf_printf(&ctx->output, "%s\n", uuid_text(row_real_uuid(ctx->created)));
    return NULL;
}

/* --- add, remove, clear --- */

/* "add table record column value...", the values to a set. */
static struct err *
add_elements(struct ctl_context *ctx, struct ws_row *row, const struct column *column)
{
    struct column_type type = column->type;
    struct named_uuids names = symbols_resolver(ctx->symbols);
    struct err *err = NULL;

    type.n_min = 1;
    type.n_max = UINT32_MAX;
    for (int i = 4; i < ctx->argc && !err; i++) {
        struct datum elements;
        err = datum_from_string(&elements, &type, ctx->argv[i], &names);
        if (err) {
            break;
        }
        if (column_type_is_map(&type)) {                     /* what is there keeps its value */
            datum_subtract(&elements, row_get(row, column), column_datum_type(&type), false);
        }
        if (elements.n) {
            row_insert_elements(row, column, &elements);
        }
        datum_fini(&elements, column_datum_type(&type));
    }
    return err;
}

/* Parses what 'text' says to remove: values of a set, or keys or pairs of a map.  '*ret_type' is that of '*ret'. */
static struct err *
parse_removal(struct ctl_context *ctx, const struct column *column, const char *text, struct datum *ret,
              struct datum_type *ret_type)
{
    struct named_uuids names = symbols_resolver(ctx->symbols);
    struct column_type type = column->type;

    type.n_min = 1;
    type.n_max = UINT32_MAX;
    if (column_type_is_map(&type)) {
        struct err *err = datum_from_string(ret, &type, text, &names);
        *ret_type = column_datum_type(&type);
        if (!err) {
            return NULL;
        }
        err_free(err);
        type.value = (struct base_type) {.type = ATOM_VOID};
    }
    *ret_type = column_datum_type(&type);
    return datum_from_string(ret, &type, text, &names);
}

/* Removes 'elements' of 'row', whose 'column' may become empty. */
static void
remove_elements(struct ws_row *row, const struct column *column, const struct datum *elements, struct datum_type type)
{
    if (type.value == ATOM_VOID) {
        row_remove_keys(row, column, elements);
        return;
    }
    struct datum kept, gone;                                 /* only pairs that are there as given go */
    datum_clone(&kept, row_get(row, column), type);
    datum_clone(&gone, &kept, type);
    datum_subtract(&kept, elements, type, true);
    datum_subtract(&gone, &kept, type, false);
    if (gone.n) {
        row_remove_keys(row, column, &gone);
    }
    datum_fini(&kept, type);
    datum_fini(&gone, type);
}

/* Replaces the value of 'column', which must not become empty, by 'value' less 'elements'. */
static struct err *
remove_bounded(struct ws_row *row, const struct column *column, const struct datum *elements, struct datum_type type)
{
    struct datum value;
    datum_clone(&value, row_get(row, column), column_datum_type(&column->type));
    bool changed = datum_subtract(&value, elements, column_datum_type(&column->type), type.value != ATOM_VOID);
    uint32_t n = value.n;
    if (changed && n >= column->type.n_min) {
        row_set(row, column, &value);
        return NULL;
    }
    datum_fini(&value, column_datum_type(&column->type));
    return n >= column->type.n_min
               ? NULL
               : err_new("\"remove\" operation would put %u values in column %s of table %s but the minimum number is %u",
                         n, column->name, row_table(row)->name, column->type.n_min);
}

static struct err *
remove_argument(struct ctl_context *ctx, struct ws_row *row, const struct column *column, const char *text)
{
    struct datum elements;
    struct datum_type type;
    struct err *err = parse_removal(ctx, column, text, &elements, &type);
    if (err) {
        return err;
    }
    if (column->type.n_min) {
        err = remove_bounded(row, column, &elements, type);
    } else {
        remove_elements(row, column, &elements, type);
    }
    datum_fini(&elements, type);
    return err;
}

/* Finds the row and the column that the arguments of "add" and "remove" name. */
static struct err *
find_target_column(struct ctl_context *ctx, struct ws_row **ret_row, const struct column **ret_column)
{
    const struct table *table;
    struct err *err = db_find_target(ctx, &table, ret_row);
    if (!err) {
        err = ctl_find_column(table, ctx->argv[3], ret_column);
    }
    bool must_read = !err && *ret_row && ((*ret_column)->type.n_min || column_type_is_map(&(*ret_column)->type));
    return must_read ? db_fetch_column(ctx, *ret_row, *ret_column) : err;
}

struct err *
db_cmd_add(struct ctl_context *ctx)
{
    const struct column *column;
    struct ws_row *row;
    struct err *err = find_target_column(ctx, &row, &column);
    return err || !row ? err : add_elements(ctx, row, column);
}

struct err *
db_cmd_remove(struct ctl_context *ctx)
{
    const struct column *column;
    struct ws_row *row;
    struct err *err = find_target_column(ctx, &row, &column);
    for (int i = 4; i < ctx->argc && !err && row; i++) {
        err = remove_argument(ctx, row, column, ctx->argv[i]);
    }
    return err;
}

struct err *
db_cmd_clear(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_row *row;
    struct err *err = db_find_target(ctx, &table, &row);
    for (int i = 3; i < ctx->argc && !err; i++) {
        const struct column *column;
        err = ctl_find_column(table, ctx->argv[i], &column);
        if (!err && column->type.n_min) {
            err = err_new("\"clear\" operation cannot be applied to column %s of table %s, which is not allowed to be "
                          "empty", column->name, table->name);
        }
        if (!err && row) {
            row_clear(row, column->name);
        }
    }
    return err;
}

/* --- destroy --- */

static struct err *
destroy_all(struct ctl_context *ctx, const struct table *table)
{
    struct ws_rows rows = {0};
    struct err *err = workset_select(ctx->ws, table, NULL, 0, 0, false, &rows);
    for (size_t i = 0; i < rows.n && !err; i++) {
        row_delete(rows.d[i]);
    }
    vec_fini(&rows);
    return err;
}

struct err *
db_cmd_destroy(struct ctl_context *ctx)
{
    bool is_all = ctl_has_option(ctx, "--all"), may_be_missing = ctl_has_option(ctx, "--if-exists");
    const struct table *table;

    if (is_all && ctx->argc > 2) {
        return err_new("--all and records argument should not be specified together");
    }
    if (is_all && may_be_missing) {
        return err_new("--all and --if-exists should not be specified together");
    }
    struct err *err = db_find_target(ctx, &table, NULL);
    if (err || is_all) {
        return err ? err : destroy_all(ctx, table);
    }
    if (ctx->argc == 2) {
        log_warn("either --all or records argument should be specified");
    }
    for (int i = 2; i < ctx->argc && !err; i++) {
        struct ws_row *row;
        err = ctl_find_record(ctx, table, ctx->argv[i], may_be_missing, &row);
        if (!err && row) {
            row_delete(row);
        }
    }
    return err;
}
