/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/parse.h"

#include <stdarg.h>

#include "lib/base/json_scan.h"

static struct err *
make_error(const char *tag, const json_t *json, const char *format, va_list args)
{
    struct buf detail = BUF_INIT(BUF_NO_LIMIT);
    buf_vprintf(&detail, format, args);
    struct err *e = err_tagged(tag, "%s", buf_text(&detail));
    buf_fini(&detail);
    return err_add_syntax(e, json_text(json));
}

struct err *
parse_error(const char *tag, const json_t *json, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    struct err *e = make_error(tag, json, detail, args);
    va_end(args);
    return e;
}

struct err *
syntax_error(const json_t *json, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    struct err *e = make_error("syntax error", json, detail, args);
    va_end(args);
    return e;
}

struct err *
add_syntax(struct err *e, const json_t *json)
{
    const char *tag = err_tag(e);
    return tag && !strcmp(tag, "syntax error") ? err_add_syntax(e, json_text(json)) : e;
}

void
buf_put_error(struct buf *buf, struct err *e)
{
    const char *tag = err_tag(e), *syntax = err_syntax(e);
    buf_puts(buf, "{\"details\":");
    buf_put_json_string(buf, str_from(err_detail(e)));
    buf_puts(buf, ",\"error\":");
    buf_put_json_string(buf, str_from(tag ? tag : "ovsdb error"));
    if (syntax) {
        buf_puts(buf, ",\"syntax\":");
        buf_put_json_string(buf, str_from(syntax));
    }
    buf_putc(buf, '}');
    err_free(e);
}

void
object_begin(struct object_parser *p, const json_t *json)
{
    *p = (struct object_parser) {.json = json};
    if (!json_is_object(json)) {
        p->e = err_tagged("syntax error", "Object expected.");
    }
}

/* JSON knows only numbers, and some write all of them as reals. */
static bool
is_integer(const json_t *json)
{
    int64_t ignored;
    return json_integer_from_real(json_real_value(json), &ignored);
}

static bool
type_fits(const json_t *json, unsigned types)
{
    switch (json_typeof(json)) {
    case JSON_STRING: return types & JSON_IS_STRING || (types & JSON_IS_ID && is_id(json_string_value(json)));
    case JSON_INTEGER: return types & JSON_IS_INTEGER;
    case JSON_REAL: return types & JSON_IS_REAL || (types & JSON_IS_INTEGER && is_integer(json));
    case JSON_TRUE:
    case JSON_FALSE: return types & JSON_IS_BOOLEAN;
    case JSON_NULL: return types & JSON_IS_NULL;
    case JSON_ARRAY: return types & JSON_IS_ARRAY;
    case JSON_OBJECT: return types & JSON_IS_OBJECT;
    }
    return false;
}

const json_t *
object_optional(struct object_parser *p, const char *name, unsigned types)
{
    if (p->e) {
        return NULL;
    }
    const json_t *member = json_object_get(p->json, name);
    if (!member) {
        return NULL;
    }
    CHECK(p->n_used < ARRAY_SIZE(p->used));
    p->used[p->n_used++] = name;
    if (!type_fits(member, types)) {
        p->e = syntax_error(p->json, "Type mismatch for member '%s'.", name);
        return NULL;
    }
    return member;
}

const json_t *
object_member(struct object_parser *p, const char *name, unsigned types)
{
    const json_t *member = object_optional(p, name, types);
    if (!member && !p->e) {
        p->e = syntax_error(p->json, "Required '%s' member is missing.", name);
    }
    return member;
}

static bool
is_used(const struct object_parser *p, const char *name)
{
    for (size_t i = 0; i < p->n_used; i++) {
        if (!strcmp(p->used[i], name)) {
            return true;
        }
    }
    return false;
}

struct err *
object_finish(struct object_parser *p)
{
    size_t n_more = p->e ? 0 : json_object_size(p->json) - p->n_used;
    if (n_more) {
        const char *name;
        json_t *member;
        json_object_foreach((json_t *) p->json, name, member) {
            if (!is_used(p, name)) {
                p->e = n_more == 1
                    ? syntax_error(p->json, "Member '%s' is present but not allowed here.", name)
                    : syntax_error(p->json, "Member '%s' and %zu other member%s are present but not allowed here.",
                                   name, n_more - 1, n_more > 2 ? "s" : "");
                break;
            }
        }
    }
    struct err *e = p->e;
    p->e = NULL;
    return e;
}

uint64_t
table_all_columns(const struct table *table, bool with_uuid, bool with_version)
{
    uint64_t all = table->n_columns == 64 ? UINT64_MAX : (UINT64_C(1) << table->n_columns) - 1;
    all &= ~(uint64_t) 3;
    return all | (with_uuid ? UINT64_C(1) << COLUMN_UUID : 0) | (with_version ? UINT64_C(1) << COLUMN_VERSION : 0);
}

struct err *
duplicate_column_error(const struct table *table, const json_t *json, uint64_t columns)
{
    return syntax_error(json, "column %s mentioned more than once", table->columns[__builtin_ctzll(columns)].name);
}

struct err *
columns_from_json(const struct table *table, const json_t *json, uint64_t all, uint64_t *ret)
{
    if (!json) {
        *ret = all;
        return NULL;
    }
    if (!json_is_array(json)) {
        return syntax_error(json, "array of column names expected");
    }
    uint64_t columns = 0;
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *name = json_string_value(json_array_get(json, i));
        if (!name) {
            return syntax_error(json, "array of column names expected");
        }
        struct column *column = table_column(table, name);
        if (!column) {
            return syntax_error(json, "%s is not a valid column name", name);
        }
        if (columns & UINT64_C(1) << column->index) {
            return duplicate_column_error(table, json, UINT64_C(1) << column->index);
        }
        columns |= UINT64_C(1) << column->index;
    }
    *ret = columns;
    return NULL;
}
