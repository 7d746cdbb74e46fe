/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/log.h"
#include "ovsdb/ctl/ctl.h"
#include "ovsdb/ctl/db_values.h"
#include "ovsdb/ctl/symbols.h"

LOG_MODULE(db_ctl_base);

const char ctl_db_help[] =
    "Database commands:\n"
    "  [--if-exists] [--columns=COLUMNS]\n"
    "  list TBL [REC]              list RECord (or all records) in TBL\n"
    "  [--columns=COLUMNS]\n"
    "  find TBL CONDITION...       list records satisfying CONDITION in TBL\n"
    "  [--if-exists | --id=@NAME]\n"
    "  get TBL REC COL[:KEY]       print values of COLumns in RECord in TBL\n"
    "  [--if-exists]\n"
    "  set TBL REC COL[:KEY]=VALUE set COLumn values in RECord in TBL\n"
    "  [--if-exists]\n"
    "  add TBL REC COL [KEY=]VALUE add (KEY=)VALUE to COLumn in RECord in TBL\n"
    "  [--if-exists]\n"
    "  remove TBL REC COL [KEY=]VALUE  remove (KEY=)VALUE from COLumn\n"
    "  [--if-exists]\n"
    "  clear TBL REC COL           clear values from COLumn in RECord in TBL\n"
    "  [--id={@NAME | UUID}]\n"
    "  create TBL COL[:KEY]=VALUE  create and initialize new record\n"
    "  [--if-exists | --all]\n"
    "  destroy TBL REC             delete RECord from TBL\n"
    "  wait-until TBL REC [COL[:KEY]=VALUE]  wait until condition is true\n"
    "  comment [ARG]...            do nothing, but be in the database's log\n";

/* Checks the columns that the arguments name, before any row is looked for: mistakes in them come first. */
static struct err *
check_columns(struct ctl_context *ctx, const struct table *table)
{
    static const struct {
        const char *command;
        int first, last;                                     /* arguments that name columns */
        enum db_argument_kind kind;
    } checks[] = {{"get", 3, INT_MAX, DB_ARG_COLUMN}, {"set", 3, INT_MAX, DB_ARG_ASSIGNMENT},
                  {"add", 3, 3, DB_ARG_COLUMN}, {"remove", 3, 3, DB_ARG_COLUMN}, {"clear", 3, INT_MAX, DB_ARG_COLUMN}};
    struct err *err = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        for (int j = checks[i].first; j < ctx->argc && j <= checks[i].last && !err; j++) {
            struct db_argument argument;
            if (!strcmp(ctx->argv[0], checks[i].command) && strcasecmp(ctx->argv[j], "_uuid")) {
                err = db_argument_parse(table, ctx->argv[j], checks[i].kind, &argument);
                if (!err) {
                    db_argument_fini(&argument);
                }
            }
        }
    }
    return err;
}

/* Looks up the table that is the first argument and the row that is the second.  'ret_row' NULL: just the table.  A row
 * that is not there is NULL with --if-exists, else an error. */
static struct err *
find_target(struct ctl_context *ctx, const struct table **ret_table, struct ws_row **ret_row)
{
    struct err *err = ctl_find_table(workset_schema(ctx->ws), ctx->argv[1], ret_table);
    if (!err) {
        err = check_columns(ctx, *ret_table);
    }
    if (!err && ret_row) {
        err = ctl_find_record(ctx, *ret_table, ctx->argv[2], ctl_has_option(ctx, "--if-exists"), ret_row);
    }
    return err;
}

static struct err *
fetch_column(struct ctl_context *ctx, struct ws_row *row, const struct column *column)
{
    return workset_fetch_row(ctx->ws, row, UINT64_C(1) << column->index);
}

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

static struct err *
cmd_list(struct ctl_context *ctx)
{
    const struct table *table;
    struct columns columns = {0};
    struct err *err = find_target(ctx, &table, NULL);
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

static struct err *
cmd_find(struct ctl_context *ctx)
{
    const struct table *table;
    struct columns columns = {0};
    struct conditions conditions = {0};
    struct ws_rows rows = {0};

    struct err *err = find_target(ctx, &table, NULL);
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
    err = fetch_column(ctx, row, argument.column);
    if (!err && argument.key) {
        err = get_key(ctx, table, &argument, row_get(row, argument.column));
    } else if (!err) {
        datum_put_string(&ctx->output, row_get(row, argument.column), &argument.column->type);
    }
    db_argument_fini(&argument);
    return err;
}

static struct err *
cmd_get(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_row *row;
    const char *id = ctl_option(ctx, "--id");

    if (id && ctl_has_option(ctx, "--if-exists")) {
        return err_new("--if-exists and --id may not be specified together");
    }
    struct err *err = find_target(ctx, &table, &row);
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

static struct err *
cmd_set(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_row *row;
    struct err *err = find_target(ctx, &table, &row);
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

static struct err *
cmd_create(struct ctl_context *ctx)
{
    const struct table *table;
    struct err *err = find_target(ctx, &table, NULL);
    if (!err) {
        err = create_row(ctx, table, &ctx->created);
    }
    for (int i = 2; i < ctx->argc && !err; i++) {
        err = ctl_set_column(ctx, table, ctx->created, ctx->argv[i]);
    }
    return err;
}

static struct err *
finish_create(struct ctl_context *ctx)
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
    struct err *err = find_target(ctx, &table, ret_row);
    if (!err) {
        err = ctl_find_column(table, ctx->argv[3], ret_column);
    }
    bool must_read = !err && *ret_row && ((*ret_column)->type.n_min || column_type_is_map(&(*ret_column)->type));
    return must_read ? fetch_column(ctx, *ret_row, *ret_column) : err;
}

static struct err *
cmd_add(struct ctl_context *ctx)
{
    const struct column *column;
    struct ws_row *row;
    struct err *err = find_target_column(ctx, &row, &column);
    return err || !row ? err : add_elements(ctx, row, column);
}

static struct err *
cmd_remove(struct ctl_context *ctx)
{
    const struct column *column;
    struct ws_row *row;
    struct err *err = find_target_column(ctx, &row, &column);
    for (int i = 4; i < ctx->argc && !err && row; i++) {
        err = remove_argument(ctx, row, column, ctx->argv[i]);
    }
    return err;
}

static struct err *
cmd_clear(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_row *row;
    struct err *err = find_target(ctx, &table, &row);
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
        row_delete(ctx->ws, rows.d[i]);
    }
    vec_fini(&rows);
    return err;
}

static struct err *
cmd_destroy(struct ctl_context *ctx)
{
    bool is_all = ctl_has_option(ctx, "--all"), may_be_missing = ctl_has_option(ctx, "--if-exists");
    const struct table *table;

    if (is_all && ctx->argc > 2) {
        return err_new("--all and records argument should not be specified together");
    }
    if (is_all && may_be_missing) {
        return err_new("--all and --if-exists should not be specified together");
    }
    struct err *err = find_target(ctx, &table, NULL);
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
            row_delete(ctx->ws, row);
        }
    }
    return err;
}

/* --- wait-until, comment --- */

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

static struct err *
cmd_wait_until(struct ctl_context *ctx)
{
    const struct table *table;
    struct conditions conditions = {0};
    struct ws_row *row;
    bool holds = false;

    struct err *err = find_target(ctx, &table, NULL);
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

static struct err *
cmd_comment(struct ctl_context *ctx UNUSED)
{
    return NULL;                                             /* the whole command line is in the database's log */
}

const struct ctl_command_def db_commands[] = {
    {"comment", 0, INT_MAX, "[ARG]...", "", cmd_comment, NULL},
    {"get", 2, INT_MAX, "TABLE RECORD [COLUMN[:KEY]]...", "--if-exists,--id=", cmd_get, NULL},
    {"list", 1, INT_MAX, "TABLE [RECORD]...", "--if-exists,--columns=", cmd_list, NULL},
    {"find", 1, INT_MAX, "TABLE [COLUMN[:KEY]=VALUE]...", "--columns=", cmd_find, NULL},
    {"set", 3, INT_MAX, "TABLE RECORD COLUMN[:KEY]=VALUE...", "--if-exists", cmd_set, NULL},
    {"add", 4, INT_MAX, "TABLE RECORD COLUMN [KEY=]VALUE...", "--if-exists", cmd_add, NULL},
    {"remove", 4, INT_MAX, "TABLE RECORD COLUMN KEY|VALUE|KEY=VALUE...", "--if-exists", cmd_remove, NULL},
    {"clear", 3, INT_MAX, "TABLE RECORD COLUMN...", "--if-exists", cmd_clear, NULL},
    {"create", 2, INT_MAX, "TABLE COLUMN[:KEY]=VALUE...", "--id=", cmd_create, finish_create},
    {"destroy", 1, INT_MAX, "TABLE [RECORD]...", "--if-exists,--all", cmd_destroy, NULL},
    {"wait-until", 2, INT_MAX, "TABLE RECORD [COLUMN[:KEY]=VALUE]...", "", cmd_wait_until, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
