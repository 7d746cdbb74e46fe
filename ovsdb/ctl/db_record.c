/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <ctype.h>

#include "ovsdb/ctl/ctl.h"
#include "ovsdb/ctl/symbols.h"

enum { UUID_PREFIX_MIN = 4 };

static int
fold(char c)
{
    return c == '-' ? '_' : tolower((unsigned char) c);
}

/* How well does 'typed' match 'name'? */
enum match { MATCH_NO, MATCH_PREFIX, MATCH_EXACT };
static enum match
match_name(const char *typed, const char *name)
{
    for (; *typed; typed++, name++) {
        if (fold(*typed) != fold(*name)) {
            return MATCH_NO;
        }
    }
    return *name ? MATCH_PREFIX : MATCH_EXACT;
}

/* What looking for a name in a list of names has found so far. */
struct search {
    const void *found;
    size_t n;                                                /* matches seen */
    struct buf names;                                        /* of all matches, for the message */
    bool is_exact;
};

static void
search_offer(struct search *search, const char *typed, const char *name, const void *item)
{
    enum match match = search->is_exact ? MATCH_NO : match_name(typed, name);
    if (match == MATCH_NO) {
        return;
    }
    search->is_exact = match == MATCH_EXACT;
    search->n = search->is_exact ? 1 : search->n + 1;
    search->found = item;
    buf_printf(&search->names, "%s%s", search->names.size ? ", " : "", name);
}

struct err *
ctl_find_table(const struct schema *schema, const char *name, const struct table **ret)
{
    struct search search = {.names = BUF_INIT(BUF_NO_LIMIT)};
    struct err *err = NULL;

    for (uint32_t i = 0; i < schema->n_tables; i++) {
        search_offer(&search, name, schema->tables[i].name, &schema->tables[i]);
    }
    if (!search.n) {
        err = err_new("unknown table \"%s\"", name);
    } else if (search.n > 1) {
        err = err_new("\"%s\" matches multiple table names: %s", name, buf_text(&search.names));
    } else {
        *ret = search.found;
    }
    buf_fini(&search.names);
    return err;
}

struct err *
ctl_find_column(const struct table *table, const char *name, const struct column **ret)
{
    struct search search = {.names = BUF_INIT(BUF_NO_LIMIT)};
    struct err *err = NULL;

    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        search_offer(&search, name, table->columns[i].name, &table->columns[i]);
    }
    if (!search.n) {
        err = err_new("%s does not contain a column whose name matches \"%s\"", table->name, name);
    } else if (search.n > 1) {
        err = err_new("%s contains more than one column whose name matches \"%s\": %s", table->name, name,
                      buf_text(&search.names));
    } else {
        *ret = search.found;
    }
    buf_fini(&search.names);
    return err;
}

struct err *
ctl_table(struct ctl_context *ctx, const char *name, const struct table **ret)
{
    *ret = schema_table(workset_schema(ctx->ws), name);
    return *ret ? NULL : err_new("the database has no table %s", name);
}

/* --- Records --- */

/* Makes the datum that a condition on 'column' compares with: 'id', or the pair of 'key' and 'id'. */
static bool
name_datum(const struct column *column, const char *key, const char *id, struct datum *ret)
{
    const struct column_type *type = &column->type;
    union atom atom, value;

    if (key) {
        atom.string = atom_string_new(str_from(key));
        value.string = atom_string_new(str_from(id));
        return datum_init_from_atoms(ret, column_datum_type(type), &atom, &value, 1);
    }
    if (type->key.type == ATOM_STRING) {
        atom.string = atom_string_new(str_from(id));
    } else {
        struct err *err = atom_from_string(&atom, &type->key, id, NULL);
        if (err) {
            err_free(err);
            return false;
        }
    }
    datum_init_scalar(ret, &atom);
    return true;
}

/* The rows of the table in which 'how' looks names up that are named 'id'. */
static struct err *
find_named(struct ctl_context *ctx, const struct ctl_row_id *how, const struct table *table, const char *id,
           struct ws_rows *ret)
{
    const struct column *column = how->name_column ? table_column(table, how->name_column) : NULL;
    uint64_t columns = how->uuid_column ? ws_columns(table, how->uuid_column) : 0;
    struct datum datum;

    if (!column || !name_datum(column, how->name_key, id, &datum)) {
        return NULL;
    }
    struct ws_condition condition = {column, how->name_key ? WS_INCLUDES : WS_EQ, &datum};
    struct err *err = workset_select(ctx->ws, table, &condition, 1, columns, true, ret);
    datum_fini(&datum, column_datum_type(&column->type));
    return err;
}

static struct err *
multiple_rows(const struct table *table, const char *id)
{
    return err_new("multiple rows in %s match \"%s\"", table->name, id);
}

static struct err *
find_by_row_id(struct ctl_context *ctx, const struct ctl_row_id *how, const struct table *table, const char *id,
               struct ws_row **ret)
{
    const struct table *name_table = how->name_table ? schema_table(workset_schema(ctx->ws), how->name_table) : table;
    struct ws_rows rows = {0};

    if (!name_table) {
        return NULL;
    }
    struct err *err = find_named(ctx, how, name_table, id, &rows);
    if (!err && rows.n > 1) {
        err = multiple_rows(name_table, id);
    } else if (!err && rows.n && !how->uuid_column) {
        *ret = rows.d[0];
    } else if (!err && rows.n && table_column(name_table, how->uuid_column)) {
        const struct datum *refs = row_get(rows.d[0], table_column(name_table, how->uuid_column));
        if (refs->n == 1) {
            err = workset_find_uuid(ctx->ws, table, &datum_keys(refs)[0].uuid, 0, ret);
        }
    }
    vec_fini(&rows);
    return err;
}

static bool
is_uuid_prefix(const char *id)
{
    size_t n = strlen(id);
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < n && i < UUID_LENGTH; i++) {
        if (shape[i] == 'x' ? !isxdigit((unsigned char) id[i]) : id[i] != shape[i]) {
            return false;
        }
    }
    return n >= UUID_PREFIX_MIN && n < UUID_LENGTH;
}

/* The column that holds names of rows of 'table' themselves according to 'how', if it is one of strings. */
static const struct column *
own_name_column(const struct ctl_row_id *how, const struct table *table)
{
    bool is_own = !strcmp(how->table, table->name) && how->name_column && !how->uuid_column;
    const struct column *column = is_own ? table_column(table, how->name_column) : NULL;
    return column && column->type.key.type == ATOM_STRING ? column : NULL;
}

/* Is 'row' named by a uuid that begins with 'prefix'?  Chassis are, and what a cloud's own database has a row for. */
static bool
is_named_by_uuid(const struct ctl_row_id *how, const struct table *table, const struct ws_row *row, const char *prefix)
{
    const struct column *column = own_name_column(how, table);
    const struct datum *datum = column ? row_peek(row, column) : NULL;
    struct uuid uuid;

    if (!datum || !datum->n) {
        return false;
    }
    const char *name = how->name_key ? datum_get_string(datum, how->name_key) : datum_keys(datum)[0].string->text;
    return name && !strncmp(name, prefix, strlen(prefix)) && uuid_from_text(str_from(name), &uuid);
}

static bool
matches_uuid_prefix(const struct ctl_context *ctx, const struct table *table, const struct ws_row *row, const char *prefix)
{
    if (!strncmp(uuid_text(row_uuid(row)), prefix, strlen(prefix))) {
        return true;
    }
    for (const struct ctl_row_id *how = ctx->program->row_ids; how->table; how++) {
        if (is_named_by_uuid(how, table, row, prefix)) {
            return true;
        }
    }
    return false;
}

/* The one place that has to look at every row: no condition of the protocol asks for a prefix. */
static struct err *
find_by_uuid_prefix(struct ctl_context *ctx, const struct table *table, const char *id, struct ws_row **ret)
{
    struct ws_rows rows = {0};
    uint64_t columns = 0;
    for (const struct ctl_row_id *how = ctx->program->row_ids; how->table; how++) {
        columns |= own_name_column(how, table) ? ws_columns(table, how->name_column) : 0;
    }
    struct err *err = workset_select(ctx->ws, table, NULL, 0, columns, false, &rows);
    for (size_t i = 0; i < rows.n && !err; i++) {
        if (matches_uuid_prefix(ctx, table, rows.d[i], id)) {
            err = *ret ? multiple_rows(table, id) : NULL;
            *ret = rows.d[i];
        }
    }
    vec_fini(&rows);
    if (!err && *ret) {
        err = workset_find_uuid(ctx->ws, table, row_uuid(*ret), 0, ret);
    }
    return err;
}

/* The only row of 'table', if it has one and no more. */
static struct err *
find_only_row(struct ctl_context *ctx, const struct table *table, struct ws_row **ret)
{
    struct ws_rows rows = {0};
    struct err *err = workset_select(ctx->ws, table, NULL, 0, 0, true, &rows);
    if (!err && rows.n == 1) {
        *ret = rows.d[0];
    }
    vec_fini(&rows);
    return err;
}

struct err *
ctl_find_record(struct ctl_context *ctx, const struct table *table, const char *id, bool may_be_missing,
                struct ws_row **ret)
{
    struct err *err = NULL;
    struct uuid uuid;

    *ret = NULL;
    if (uuid_from_text(str_from(id), &uuid)) {
        err = workset_find_uuid(ctx->ws, table, &uuid, 0, ret);
    }
    for (const struct ctl_row_id *how = ctx->program->row_ids; how->table && !*ret && !err; how++) {
        if (!strcmp(how->table, table->name)) {
            err = find_by_row_id(ctx, how, table, id, ret);
        }
    }
    if (!err && !*ret && is_uuid_prefix(id)) {
        err = find_by_uuid_prefix(ctx, table, id, ret);
    }
    if (!err && !*ret && !strcmp(id, ".")) {
        err = find_only_row(ctx, table, ret);
    }
    if (!err && !*ret && !may_be_missing) {
        err = err_new("no row \"%s\" in table %s", id, table->name);
    }
    return err;
}
