/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/execute.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/server/execute_private.h"
#include "ovsdb/server/parse.h"

enum { RESULT_MAX = 1 << 30 };

static const struct operation {
    const char *name;
    operation_cb *cb;
    bool has_table;
    bool writes;
} operations[] = {
    {"insert", execute_insert, true, true},    {"select", execute_select, true, false},
    {"update", execute_update, true, true},    {"mutate", execute_mutate, true, true},
    {"delete", execute_delete, true, true},    {"wait", execute_wait, true, false},
    {"commit", execute_commit, false, false},  {"abort", execute_abort, false, false},
    {"comment", execute_comment, false, false}, {"assert", execute_assert, false, false},
};

struct symbol {
    struct uuid uuid;
    bool is_created;                                         /* an insert has taken it */
};

static struct symbol *
get_symbol(struct execution *x, const char *name)
{
    struct symbol *symbol = strmap_get(&x->symbols, name);
    if (!symbol) {
        symbol = xmalloc(sizeof *symbol);
        *symbol = (struct symbol) {.uuid = uuid_random()};
        strmap_set(&x->symbols, name, symbol);
    }
    return symbol;
}

static const struct uuid *
resolve_name(void *aux, const char *name)
{
    return &get_symbol(aux, name)->uuid;
}

struct err *
execution_name_uuid(struct execution *x, const json_t *name, const struct uuid *explicit_uuid, struct uuid *ret)
{
    struct symbol *symbol = get_symbol(x, json_string_value(name));
    if (symbol->is_created) {
        return parse_error("duplicate uuid-name", name,
                           "This \"uuid-name\" appeared on an earlier \"insert\" operation.");
    }
    symbol->is_created = true;
    if (explicit_uuid) {
        symbol->uuid = *explicit_uuid;
    }
    *ret = symbol->uuid;
    return NULL;
}

/* A name may be used before the insert that gives it an explicit uuid.  That is the first with the name: another is refused,
 * and the first must not get the uuid of a row that is there. */
static void
adopt_explicit_uuids(struct execution *x, const json_t *params)
{
    for (size_t i = 1; i < json_array_size(params); i++) {
        const json_t *op = json_array_get(params, i);
        const char *name = json_string_value(json_object_get(op, "uuid-name"));
        const char *text = json_string_value(json_object_get(op, "uuid"));
        struct uuid uuid;
        if (name && !strmap_find(&x->symbols, name)) {
            struct symbol *symbol = get_symbol(x, name);
            symbol->uuid = text && uuid_from_text(str_from(text), &uuid) ? uuid : symbol->uuid;
        }
    }
}

static const struct operation *
find_operation(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        if (!strcmp(operations[i].name, name)) {
            return &operations[i];
        }
    }
    return NULL;
}

static struct err *
parse_operation_header(struct execution *x, const struct operation **ret_operation)
{
    struct object_parser *p = &x->parser;
    const json_t *op = object_member(p, "op", JSON_IS_STRING);
    if (p->e) {
        return object_finish(p);
    }
    const struct operation *operation = find_operation(json_string_value(op));
    if (!operation) {
        return syntax_error(p->json, "No operation \"%s\"", json_string_value(op));
    }
    if (operation->has_table) {
        const json_t *name = object_member(p, "table", JSON_IS_STRING);
        x->table = name ? database_table(x->request->db, json_string_value(name)) : NULL;
        if (!name) {
            return object_finish(p);
        }
        if (!x->table) {
            return syntax_error(p->json, "No table named %s.", json_string_value(name));
        }
    }
    *ret_operation = operation;
    return NULL;
}

static struct err *
execute_operation(struct execution *x, const json_t *json, size_t number, size_t n)
{
    const struct operation *operation = NULL;
    object_begin(&x->parser, json);
    x->parse_failed = true;
    struct err *e = parse_operation_header(x, &operation);
    if (!e && operation->writes && (x->request->is_read_only || x->request->is_reserved)) {
        x->parse_failed = false;
        e = x->request->is_reserved
            ? err_tagged("not allowed", "%s operation not allowed on table in reserved database %s", operation->name,
                         x->request->db->schema->name)
            : err_tagged("not allowed", "%s operation not allowed when database server is in read only mode",
                         operation->name);
    } else if (!e) {
        x->result->has_writes |= operation->writes;
        e = operation->cb(x);
    }
    if (e && x->parse_failed) {
        e = err_wrap(e, "Parsing ovsdb operation %zu of %zu failed", number, n);
    }
    return e;
}

struct err *
operation_parsed(struct execution *x)
{
    struct err *e = object_finish(&x->parser);
    x->parse_failed = e != NULL;
    return e;
}

/* Executes the operations; stops at the first that fails, with its error in the result. */
static bool
execute_operations(struct execution *x)
{
    const json_t *params = x->request->params;
    struct buf *out = &x->result->text;
    size_t n = json_array_size(params) - 1;
    bool failed = false;
    for (size_t i = 0; i < n && !x->result->must_wait; i++) {
        buf_puts(out, i ? "," : "");
        if (failed) {
            buf_puts(out, "null");
            continue;
        }
        size_t start = out->size;
        struct err *e = execute_operation(x, json_array_get(params, i + 1), i + 1, n);
        if (!e && !buf_is_ok(out)) {
            e = err_tagged("resources exhausted", "The result is too large.");
        }
        if (e) {
            failed = true;
            buf_truncate(out, start);
            buf_set_max(out, BUF_NO_LIMIT);                  /* errors are hardly larger than the request */
            buf_put_error(out, e);
        }
    }
    buf_set_max(out, BUF_NO_LIMIT);
    return !failed;
}

void
execute(const struct execute_request *request, struct execute_result *result)
{
    *result = (struct execute_result) {.text = BUF_INIT(request->max_result ? request->max_result : RESULT_MAX)};
    struct execution x = {.request = request, .result = result, .names = {.resolve = resolve_name, .aux = &x}};
    strmap_init(&x.symbols);
    adopt_explicit_uuids(&x, request->params);
    buf_putc(&result->text, '[');
    x.txn = txn_begin(request->db);
    result->failed = !execute_operations(&x);
    struct err *e = NULL;
    if (result->failed || result->must_wait || request->is_rehearsal) {
        txn_abort(x.txn);
    } else {
        e = txn_commit(x.txn, &result->delta);
    }
    buf_putc(&result->text, ']');
    if (e) {
        execute_result_fail(result, e);
    }
    strmap_fini_data(&x.symbols);
}

void
execute_result_fini(struct execute_result *result)
{
    delta_unref(result->delta);
    buf_fini(&result->text);
    *result = (struct execute_result) {0};
}

void
execute_result_fail(struct execute_result *result, struct err *e)
{
    struct buf *out = &result->text;
    CHECK(out->size >= 2 && out->data[out->size - 1] == ']');
    buf_truncate(out, out->size - 1);
    buf_puts(out, out->size > 1 ? "," : "");
    buf_put_error(out, e);
    buf_putc(out, ']');
    result->failed = true;
}

static struct err *
set_column_from_json(struct image *image, struct db_table *table, const struct column *column, const json_t *json,
                     const struct named_uuids *names)
{
    struct datum datum;
    struct err *e = datum_from_json(&datum, &column->type, json, names);
    if (e) {
        return add_syntax(e, json);
    }
    if (column->index >= COLUMN_FIRST) {
        image_set(image, column->index, cell_cache_get(&table->cache, column, &datum));
    } else {
        if (column->index == COLUMN_UUID) {
            image->uuid = datum_keys(&datum)->uuid;
        }
        datum_fini(&datum, column_datum_type(&column->type));
    }
    return NULL;
}

struct err *
image_from_json(struct db_table *table, const json_t *json, const struct named_uuids *names, struct image **ret,
                uint64_t *ret_columns)
{
    if (!json_is_object(json)) {
        return syntax_error(json, "row must be JSON object");
    }
    struct image *image = db_table_default_image(table, &UUID_ZERO);
    uint64_t columns = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *) json, name, value) {
        const struct column *column = table_column(table->schema, name);
        struct err *e = column ? set_column_from_json(image, table, column, value, names)
                               : parse_error("unknown column", json, "No column %s in table %s.", name,
                                             table->schema->name);
        if (e) {
            image_unref(image);
            return e;
        }
        columns |= UINT64_C(1) << column->index;
    }
    if (ret_columns) {
        *ret_columns = columns;
    }
    *ret = image;
    return NULL;
}

void
image_put_json(struct buf *buf, const struct image *image, uint64_t columns)
{
    buf_putc(buf, '{');
    for (bool first = true; columns; columns &= columns - 1, first = false) {
        uint32_t i = (uint32_t) __builtin_ctzll(columns);
        const struct column *column = &image->schema->columns[i];
        struct datum scratch;
        buf_puts(buf, first ? "\"" : ",\"");
        buf_puts(buf, column->name);
        buf_puts(buf, "\":");
        datum_put_json(buf, image_datum(image, i, &scratch), &column->type);
    }
    buf_putc(buf, '}');
}
