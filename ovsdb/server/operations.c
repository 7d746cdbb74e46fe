/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of RFC 7047 section 5.2, but for "wait" (operation_wait.c). */
#include <config.h>

#include <stdlib.h>

#include "ovsdb/server/condition.h"
#include "ovsdb/server/execute_private.h"
#include "ovsdb/server/mutation.h"
#include "ovsdb/server/row_set.h"

/* The uuid for the new row: explicit, by name, or random. */
static struct err *
choose_uuid(struct execution *x, const json_t *uuid_name, const json_t *uuid, struct uuid *ret)
{
    struct uuid explicit_uuid;
    if (uuid && !uuid_from_text(str_from(json_string_value(uuid)), &explicit_uuid)) {
        return syntax_error(uuid, "bad uuid");
    }
    if (uuid && !txn_uuid_is_free(x->table, &explicit_uuid)) {
        return parse_error("duplicate uuid", uuid,
                           "This UUID would duplicate a UUID already present within the table or deleted within the "
                           "same transaction.");
    }
    if (uuid_name) {
        return execution_name_uuid(x, uuid_name, uuid ? &explicit_uuid : NULL, ret);
    }
    *ret = uuid ? explicit_uuid : uuid_random();
    return NULL;
}

/* A column left out gets its default, which need not satisfy the column's constraints. */
static struct err *
check_defaults(const struct db_table *table, const struct image *image, uint64_t columns)
{
    for (uint64_t left = table->bad_defaults & ~columns; left; left &= left - 1) {
        uint32_t i = (uint32_t) __builtin_ctzll(left);
        struct err *e = datum_check_constraints(&image->cells[i - COLUMN_FIRST]->datum,
                                                &table->schema->columns[i].type);
        if (e) {
            return e;
        }
    }
    return NULL;
}

static struct err *
find_rules(const struct execution *x, enum rbac_operation operation, struct rbac_rules *ret)
{
    return rbac_rules_find(ret, &x->request->client, x->request->db, x->table->schema, operation);
}

static struct err *
check_insert(const struct execution *x, const struct image *image)
{
    struct rbac_rules rules;
    struct err *e = find_rules(x, RBAC_INSERT, &rules);
    return e ? e : rbac_check_row(&rules, image);
}

struct err *
execute_insert(struct execution *x)
{
    const json_t *uuid = object_optional(&x->parser, "uuid", JSON_IS_STRING);
    const json_t *uuid_name = object_optional(&x->parser, "uuid-name", JSON_IS_ID);
    const json_t *json = object_member(&x->parser, "row", JSON_IS_OBJECT);
    struct err *e = operation_parsed(x);
    struct uuid row_uuid;
    if (!e) {
        e = choose_uuid(x, uuid_name, uuid, &row_uuid);
    }
    struct image *image;
    uint64_t columns;
    if (!e) {
        e = image_from_json(x->table, json, &x->names, &image, &columns);
    }
    if (e) {
        return e;
    }
    e = check_defaults(x->table, image, columns);
    if (e) {
        image_unref(image);
        return e;
    }
    image->uuid = row_uuid;
    e = check_insert(x, image);
    if (e) {
        image_unref(image);
        return e;
    }
    txn_insert(x->txn, x->table, image);
    char text[UUID_LENGTH + 1];
    buf_printf(&x->result->text, "{\"uuid\":[\"uuid\",\"%s\"]}", uuid_format(&row_uuid, text));
    return NULL;
}

/* The rows that satisfy the operation's "where", collected first because the operation may change what
 * satisfies it. */
static void
matching_rows(struct execution *x, const struct condition *where, struct row_vec *ret)
{
    db_table_candidates(x->table, where, ret);
    size_t n = 0;
    for (size_t i = 0; i < ret->n; i++) {
        if (condition_matches_all(where, ret->d[i]->image)) {
            ret->d[n++] = ret->d[i];
        }
    }
    ret->n = n;
}

/* RFC says: of rows that have the same values in all columns, one is in the result; "_uuid" avoids that.  So does
 * "_version", which no two rows share. */
static void
drop_duplicates(struct row_vec *rows, uint64_t columns)
{
    if (columns & (UINT64_C(1) << COLUMN_UUID | UINT64_C(1) << COLUMN_VERSION)) {
        return;
    }
    struct row_set seen;
    row_set_init(&seen, columns);
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++) {
        if (row_set_add(&seen, rows->d[i]->image)) {
            rows->d[n++] = rows->d[i];
        }
    }
    rows->n = n;
    row_set_fini(&seen);
}

struct err *
execute_select(struct execution *x)
{
    const json_t *where = object_member(&x->parser, "where", JSON_IS_ARRAY);
    const json_t *columns_json = object_optional(&x->parser, "columns", JSON_IS_ARRAY);
    struct err *e = operation_parsed(x);
    if (e) {
        return e;
    }
    uint64_t columns;
    const struct table *schema = x->table->schema;
    e = columns_from_json(schema, columns_json, table_all_columns(schema, true, true), &columns);
    struct condition condition = {.table = schema};
    if (!e) {
        e = condition_from_json(&condition, schema, where, &x->names);
    }
    if (e) {
        return e;
    }
    struct row_vec rows = {0};
    struct buf *out = &x->result->text;
    matching_rows(x, &condition, &rows);
    drop_duplicates(&rows, columns);
    buf_puts(out, "{\"rows\":[");
    for (size_t i = 0; i < rows.n; i++) {
        buf_puts(out, i ? "," : "");
        image_put_json(out, rows.d[i]->image, columns);
    }
    buf_puts(out, "]}");
    vec_fini(&rows);
    condition_fini(&condition);
    return NULL;
}

static void
put_count(struct execution *x, size_t n)
{
    buf_printf(&x->result->text, "{\"count\":%zu}", n);
}

static struct err *
check_mutable(const struct execution *x, uint64_t columns)
{
    for (; columns; columns &= columns - 1) {
        const struct column *column = &x->table->schema->columns[__builtin_ctzll(columns)];
        if (!column->is_mutable || column->index < COLUMN_FIRST) {
            return parse_error("constraint violation", x->parser.json, "Cannot update immutable column %s in table %s.",
                               column->name, x->table->schema->name);
        }
    }
    return NULL;
}

static struct err *
check_update(const struct execution *x, const struct row_vec *rows, const struct image *new, uint64_t columns)
{
    struct rbac_rules rules;
    struct err *e = find_rules(x, RBAC_UPDATE, &rules);
    for (size_t i = 0; i < rows->n && !e; i++) {
        e = rbac_check_change(&rules, rows->d[i]->image, new, columns);
    }
    return e;
}

static void
update_row(struct execution *x, struct row *row, const struct image *new, uint64_t columns)
{
    for (; columns; columns &= columns - 1) {
        uint32_t column = (uint32_t) __builtin_ctzll(columns);
        if (image_cell_changed(row->image, new, column)) {
            txn_set(x->txn, x->table, row, column, cell_ref(new->cells[column - COLUMN_FIRST]));
        }
    }
}

struct err *
execute_update(struct execution *x)
{
    const json_t *where = object_member(&x->parser, "where", JSON_IS_ARRAY);
    const json_t *json = object_member(&x->parser, "row", JSON_IS_OBJECT);
    struct err *e = operation_parsed(x);
    struct image *image = NULL;
    uint64_t columns;
    if (!e) {
        e = image_from_json(x->table, json, &x->names, &image, &columns);
    }
    if (!e) {
        e = check_mutable(x, columns);
    }
    struct condition condition = {.table = x->table->schema};
    if (!e) {
        e = condition_from_json(&condition, x->table->schema, where, &x->names);
    }
    if (e) {
        image_unref(image);
        return e;
    }
    struct row_vec rows = {0};
    matching_rows(x, &condition, &rows);
    e = check_update(x, &rows, image, columns);
    for (size_t i = 0; i < rows.n && !e; i++) {
        update_row(x, rows.d[i], image, columns);
    }
    put_count(x, rows.n);
    vec_fini(&rows);
    condition_fini(&condition);
    image_unref(image);
    return e;
}

static struct err *
mutate_column(struct execution *x, struct row *row, const struct mutation *mutation)
{
    const struct column_type *type = &mutation->column->type;
    struct datum datum;
    datum_clone(&datum, &row->image->cells[mutation->column->index - COLUMN_FIRST]->datum, column_datum_type(type));
    struct err *e = mutation_apply(mutation, &datum);
    if (!e && (datum.n < type->n_min || datum.n > type->n_max)) {
        char *description = column_type_describe(type);
        e = err_tagged("constraint violation", "Attempted to store %u elements in %s.", datum.n, description);
        free(description);
    }
    if (e) {
        datum_fini(&datum, column_datum_type(type));
    } else {
        txn_set(x->txn, x->table, row, mutation->column->index, cell_new(&datum));
    }
    return e;
}

/* The rules are asked afterwards, since what a mutation changes shows in its outcome. */
static struct err *
mutate_row(struct execution *x, const struct rbac_rules *rules, struct row *row, const struct mutation_vec *mutations)
{
    struct image *old = rules->apply ? image_ref(row->image) : NULL;
    struct err *e = NULL;
    uint64_t columns = 0;
    for (size_t i = 0; i < mutations->n && !e; i++) {
        columns |= UINT64_C(1) << mutations->d[i].column->index;
        e = mutate_column(x, row, &mutations->d[i]);
    }
    e = e ? e : rbac_check_change(rules, old, row->image, columns);
    image_unref(old);
    return e;
}

struct err *
execute_mutate(struct execution *x)
{
    const json_t *where = object_member(&x->parser, "where", JSON_IS_ARRAY);
    const json_t *json = object_member(&x->parser, "mutations", JSON_IS_ARRAY);
    struct err *e = operation_parsed(x);
    if (e) {
        return e;
    }
    struct mutation_vec mutations = {0};
    struct condition condition = {.table = x->table->schema};
    e = mutations_from_json(&mutations, x->table->schema, json, &x->names);
    if (!e) {
        e = condition_from_json(&condition, x->table->schema, where, &x->names);
    }
    struct rbac_rules rules;
    e = e ? e : find_rules(x, RBAC_MUTATE, &rules);
    struct row_vec rows = {0};
    if (!e) {
        matching_rows(x, &condition, &rows);
        put_count(x, rows.n);
    }
    for (size_t i = 0; i < rows.n && !e; i++) {
        e = mutate_row(x, &rules, rows.d[i], &mutations);
    }
    vec_fini(&rows);
    condition_fini(&condition);
    mutations_fini(&mutations);
    return e;
}

struct err *
execute_delete(struct execution *x)
{
    const json_t *where = object_member(&x->parser, "where", JSON_IS_ARRAY);
    struct err *e = operation_parsed(x);
    if (e) {
        return e;
    }
    struct condition condition;
    e = condition_from_json(&condition, x->table->schema, where, &x->names);
    if (e) {
        return e;
    }
    struct rbac_rules rules;
    e = find_rules(x, RBAC_DELETE, &rules);
    struct row_vec rows = {0};
    if (!e) {
        matching_rows(x, &condition, &rows);
    }
    for (size_t i = 0; i < rows.n && !e; i++) {
        e = rbac_check_row(&rules, rows.d[i]->image);
    }
    for (size_t i = 0; i < rows.n && !e; i++) {
        txn_delete(x->txn, x->table, rows.d[i]);
    }
    put_count(x, rows.n);
    vec_fini(&rows);
    condition_fini(&condition);
    return e;
}

static struct err *
put_empty_result(struct execution *x)
{
    buf_puts(&x->result->text, "{}");
    return NULL;
}

struct err *
execute_commit(struct execution *x)
{
    const json_t *durable = object_member(&x->parser, "durable", JSON_IS_BOOLEAN);
    struct err *e = operation_parsed(x);
    if (e) {
        return e;
    }
    x->result->is_durable |= json_is_true(durable);
    return put_empty_result(x);
}

struct err *
execute_abort(struct execution *x)
{
    struct err *e = operation_parsed(x);
    return e ? e : err_tagged("aborted", "aborted by request");
}

struct err *
execute_comment(struct execution *x)
{
    const json_t *comment = object_member(&x->parser, "comment", JSON_IS_STRING);
    struct err *e = operation_parsed(x);
    if (e) {
        return e;
    }
    txn_add_comment(x->txn, json_string_value(comment));
    return put_empty_result(x);
}

struct err *
execute_assert(struct execution *x)
{
    const json_t *lock = object_member(&x->parser, "lock", JSON_IS_ID);
    struct err *e = operation_parsed(x);
    if (e) {
        return e;
    }
    if (!x->request->owns_lock || !x->request->owns_lock(x->request->aux, json_string_value(lock))) {
        return err_tagged("not owner", "Asserted lock %s not held.", json_string_value(lock));
    }
    return put_empty_result(x);
}
