/* SPDX-License-Identifier: Apache-2.0 */
/* The generic commands that read: list, find, get, wait-until. */
#include <config.h>

#include "ovsdb/ctl/db_commands.h"
#include "ovsdb/ctl/db_values.h"
#include "ovsdb/ctl/symbols.h"

/* --- list, find --- */

/* The columns to show, in order. */
VEC_DEFINE(columns, const struct column *);

static struct err *
parse_columns(const struct ctl_context *ctx, const struct table *table, struct columns *ret)
{
    const char *names = ctl_option(ctx, "--columns");
    struct err *err = NULL;

    if (!names) {
        vec_push(ret, &table->columns[COLUMN_UUID]);
        for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
            vec_push(ret, &table->columns[i]);
        }
        return NULL;
    }
    struct str rest = str_from(names);
    while (rest.s && !err) {
        char *name = str_dup(str_trim(str_cut(&rest, ", ")));
        const struct column *column = &table->columns[COLUMN_UUID];
        if (*name && strcasecmp(name, "_uuid")) {
            err = ctl_find_column(table, name, &column);
        }
        if (*name && !err) {
            vec_push(ret, column);
        }
        free(name);
    }
    if (!err && !ret->n) {
        err = err_new("must specify at least one column name");
    }
    return err;
}

static uint64_t
columns_mask(const struct columns *columns)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < columns->n; i++) {
        mask |= UINT64_C(1) << columns->d[i]->index;
    }
    return mask;
}

static void
start_table(struct ctl_context *ctx, const struct columns *columns)
{
    ctx->table = tabular_new();
    for (size_t i = 0; i < columns->n; i++) {
        tabular_add_column(ctx->table, columns->d[i]->name);
    }
}

static void
show_row(struct ctl_context *ctx, const struct ws_row *row, const struct columns *columns)
{
    tabular_add_row(ctx->table);
    for (size_t i = 0; i < columns->n; i++) {
        tabular_add_datum(ctx->table, row_peek(row, columns->d[i]), &columns->d[i]->type);
    }
}

/* Fetches and shows the rows of 'table' that the arguments name. */
static struct err *
list_named(struct ctl_context *ctx, const struct table *table, const struct columns *columns)
{
    struct err *err = NULL;
    for (int i = 2; i < ctx->argc && !err; i++) {
        struct ws_row *row;
        err = ctl_find_record(ctx, table, ctx->argv[i], ctl_has_option(ctx, "--if-exists"), &row);
        if (!err && row) {
            err = workset_fetch_row(ctx->ws, row, columns_mask(columns));
        }
        if (!err && row) {
            show_row(ctx, row, columns);
        }
    }
    return err;
}

static struct err *
list_all(struct ctl_context *ctx, const struct table *table, const struct columns *columns)
{
    struct ws_rows rows = {0};
    struct err *err = workset_select(ctx->ws, table, NULL, 0, columns_mask(columns), false, &rows);
    for (size_t i = 0; i < rows.n && !err; i++) {
        show_row(ctx, rows.d[i], columns);
    }
    vec_fini(&rows);
    return err;
}

struct err *
db_cmd_list(struct ctl_context *ctx)
{
    const struct table *table;
    struct columns columns = {0};
    struct err *err = db_find_target(ctx, &table, NULL);
    if (!err) {
        err = parse_columns(ctx, table, &columns);
    }
    if (!err) {
        start_table(ctx, &columns);
        err = ctx->argc > 2 ? list_named(ctx, table, &columns) : list_all(ctx, table, &columns);
    }
    vec_fini(&columns);
    return err;
}

/* The conditions that are 'texts', up to 'n', parsed.  On error there are none. */
VEC_DEFINE(conditions, struct db_condition);

static void
conditions_fini(struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->n; i++) {
        db_condition_fini(&conditions->d[i]);
    }
    vec_fini(conditions);
}

static struct err *
parse_conditions(struct ctl_context *ctx, const struct table *table, char *const *texts, int n, struct conditions *ret)
{
    struct named_uuids names = symbols_resolver(ctx->symbols);
    struct err *err = NULL;
    for (int i = 0; i < n && !err; i++) {
        struct db_condition condition;
        err = db_condition_parse(table, texts[i], &names, &condition);
        if (!err) {
            vec_push(ret, condition);
        }
    }
    if (err) {
        conditions_fini(ret);
    }
    return err;
}

static uint64_t
conditions_mask(const struct conditions *conditions)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < conditions->n; i++) {
        mask |= UINT64_C(1) << conditions->d[i].column->index;
    }
    return mask;
}

static bool
conditions_hold(const struct conditions *conditions, const struct ws_row *row)
{
    for (size_t i = 0; i < conditions->n; i++) {
        if (!db_condition_holds(&conditions->d[i], row_peek(row, conditions->d[i].column))) {
            return false;
        }
    }
    return true;
}

/* What the server can sort out by itself: "=" becomes "==" or, with a key, "includes".  'pairs' keeps the
 * values of the latter, one for each condition. */
static size_t
server_conditions(const struct conditions *conditions, struct datum *pairs, struct ws_condition *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < conditions->n; i++) {
        const struct db_condition *c = &conditions->d[i];
        datum_init_empty(&pairs[i]);
        if (c->operator != DB_EQ) {
            continue;
        }
        if (!c->has_key) {
            ret[n++] = (struct ws_condition) {c->column, WS_EQ, &c->value};
        } else if (c->value.n) {
            union atom key, value;
            atom_clone(&key, &c->key, c->column->type.key.type);
            atom_clone(&value, &datum_keys(&c->value)[0], c->column->type.value.type);
            bool ok = datum_init_from_atoms(&pairs[i], column_datum_type(&c->column->type), &key, &value, 1);
            CHECK(ok);
            ret[n++] = (struct ws_condition) {c->column, WS_INCLUDES, &pairs[i]};
        }
    }
    return n;
}

static struct err *
find_rows(struct ctl_context *ctx, const struct table *table, const struct conditions *conditions, uint64_t columns,
          struct ws_rows *ret)
{
    struct datum *pairs = xcalloc(conditions->n + 1, sizeof *pairs);
    struct ws_condition *for_server = xcalloc(conditions->n + 1, sizeof *for_server);
    size_t n = server_conditions(conditions, pairs, for_server);

    struct err *err = workset_select(ctx->ws, table, for_server, n, columns | conditions_mask(conditions), false, ret);
    for (size_t i = 0; i < conditions->n; i++) {
        if (pairs[i].n) {
            datum_fini(&pairs[i], column_datum_type(&conditions->d[i].column->type));
        }
    }
    free(pairs);
    free(for_server);
    return err;
}

struct err *
db_cmd_find(struct ctl_context *ctx)
{
    const struct table *table;
    struct columns columns = {0};
    struct conditions conditions = {0};
    struct ws_rows rows = {0};

    struct err *err = db_find_target(ctx, &table, NULL);
    if (!err) {
        err = parse_columns(ctx, table, &columns);
    }
    if (!err) {
        err = parse_conditions(ctx, table, ctx->argv + 2, ctx->argc - 2, &conditions);
    }
    if (!err) {
        err = find_rows(ctx, table, &conditions, columns_mask(&columns), &rows);
    }
    if (!err) {
        start_table(ctx, &columns);
        for (size_t i = 0; i < rows.n; i++) {
            if (conditions_hold(&conditions, rows.d[i])) {
                show_row(ctx, rows.d[i], &columns);
            }
        }
    }
    vec_fini(&rows);
    vec_fini(&columns);
    conditions_fini(&conditions);
    return err;
}

/* --- get --- */

static struct err *
get_key(struct ctl_context *ctx, const struct table *table, const struct db_argument *argument, const struct datum *value)
{
    const struct column *column = argument->column;
    union atom key;

    if (!column_type_is_map(&column->type)) {
        return err_new("cannot specify key to get for non-map column %s", column->name);
    }
    struct err *err = atom_from_string(&key, &column->type.key, argument->key, NULL);
    if (err) {
        return err;
    }
    uint32_t at = datum_find(value, &key, column->type.key.type);
    if (at != UINT32_MAX) {
        atom_put_string(&ctx->output, &datum_values(value)[at], column->type.value.type);
    } else if (!ctl_has_option(ctx, "--if-exists")) {
        err = err_new("no key \"%s\" in %s record \"%s\" column %s", argument->key, table->name, ctx->argv[2], column->name);
    }
    atom_fini(&key, column->type.key.type);
    return err;
}

static struct err *
get_argument(struct ctl_context *ctx, const struct table *table, struct ws_row *row, const char *text)
{
    struct db_argument argument;
    if (!strcasecmp(text, "_uuid")) {
        buf_puts(&ctx->output, uuid_text(row_uuid(row)));
        return NULL;
    }
    struct err *err = db_argument_parse(table, text, DB_ARG_COLUMN, &argument);
    if (err) {
        return err;
    }
    err = db_fetch_column(ctx, row, argument.column);
    if (!err && argument.key) {
        err = get_key(ctx, table, &argument, row_get(row, argument.column));
    } else if (!err) {
        datum_put_string(&ctx->output, row_get(row, argument.column), &argument.column->type);
    }
    db_argument_fini(&argument);
    return err;
}

struct err *
db_cmd_get(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_row *row;
    const char *id = ctl_option(ctx, "--id");

    if (id && ctl_has_option(ctx, "--if-exists")) {
        return err_new("--if-exists and --id may not be specified together");
    }
    struct err *err = db_find_target(ctx, &table, &row);
    if (err || !row) {
        return err;
    }
    if (id) {
        err = symbols_bind(ctx->symbols, id, row_uuid(row));
    }
    for (int i = 3; i < ctx->argc && !err; i++) {
        err = get_argument(ctx, table, row, ctx->argv[i]);
        buf_putc(&ctx->output, '\n');
    }
    return err;
}

/* --- wait-until --- */

/* Whatever can make 'table' have the row and the row meet 'conditions'. */
static json_t *
wait_requests(struct ctl_context *ctx, const struct table *table, const struct conditions *conditions)
{
    json_t *requests = json_object();
    json_t *columns = json_array();

    for (size_t i = 0; i < conditions->n; i++) {
        json_array_append_new(columns, json_string(conditions->d[i].column->name));
    }
    for (const struct ctl_row_id *how = ctx->program->row_ids; how->table; how++) {
        if (strcmp(how->table, table->name)) {
            continue;
        } else if (!how->name_table && how->name_column) {
            json_array_append_new(columns, json_string(how->name_column));
        } else if (how->name_table && !json_object_get(requests, how->name_table)) {
            json_object_set_new(requests, how->name_table, json_pack("{s:[s,s]}", "columns", how->name_column,
                                                                     how->uuid_column));
        }
    }
    json_object_set_new(requests, table->name, json_pack("{s:o}", "columns", columns));
    return requests;
}

struct err *
db_cmd_wait_until(struct ctl_context *ctx)
{
    const struct table *table;
    struct conditions conditions = {0};
    struct ws_row *row;
    bool holds = false;

    struct err *err = db_find_target(ctx, &table, NULL);
    if (!err) {
        err = parse_conditions(ctx, table, ctx->argv + 3, ctx->argc - 3, &conditions);
    }
    if (!err) {
        err = ctl_find_record(ctx, table, ctx->argv[2], true, &row);
    }
    if (!err && row) {
        err = workset_fetch_row(ctx->ws, row, conditions_mask(&conditions));
        holds = !err && conditions_hold(&conditions, row);
    }
    if (!err && !holds) {
        ctx->unsatisfied = wait_requests(ctx, table, &conditions);
    }
    conditions_fini(&conditions);
    return err;
}
