/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of <monitor-requests>, <monitor-cond-requests> and <monitor-cond-update-requests>. */
#include <config.h>

#include <stdlib.h>

#include "ovsdb/server/monitor_private.h"
#include "ovsdb/server/parse.h"

/* <monitor-select>: everything is selected unless it says otherwise. */
static struct err *
select_from_json(const json_t *json, struct view_columns *ret)
{
    *ret = (struct view_columns) {
        .select_initial = true, .select_insert = true, .select_delete = true, .select_modify = true};
    if (!json) {
        return NULL;
    }
    struct object_parser p;
    object_begin(&p, json);
    struct { const char *name; bool *flag; } flags[] = {
        {"initial", &ret->select_initial}, {"insert", &ret->select_insert}, {"delete", &ret->select_delete},
        {"modify", &ret->select_modify}};
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        const json_t *member = object_optional(&p, flags[i].name, JSON_IS_BOOLEAN);
        *flags[i].flag = !member || json_is_true(member);
    }
    return object_finish(&p);
}

static void
add_columns(struct view_columns *to, const struct view_columns *select, uint64_t columns)
{
    to->initial |= select->select_initial ? columns : 0;
    to->insert |= select->select_insert ? columns : 0;
    to->delete_ |= select->select_delete ? columns : 0;
    to->modify |= select->select_modify ? columns : 0;
    to->select_initial |= select->select_initial;
    to->select_insert |= select->select_insert;
    to->select_delete |= select->select_delete;
    to->select_modify |= select->select_modify;
}

/* What one table's requests add up to so far. */
struct table_requests {
    struct view_spec *spec;
    uint64_t columns;                                        /* named by any request */
    bool is_unconditional;                                   /* some request has no condition */
};

/* RFC says: several requests for one table may select different columns differently.  We do: the same; their
 * conditions are alternatives. */
static struct err *
add_condition(struct table_requests *t, const json_t *where)
{
    struct condition condition;
    struct err *e = condition_from_json(&condition, t->spec->table, where, NULL);
    if (e) {
        return e;
    }
    t->is_unconditional |= condition_is_always_true(&condition);
    condition_move_clauses(&t->spec->condition, &condition);
    return NULL;
}

static struct err *
request_from_json(struct table_requests *t, const json_t *json)
{
    const struct table *table = t->spec->table;
    struct object_parser p;
    object_begin(&p, json);
    const json_t *columns_json = object_optional(&p, "columns", JSON_IS_ANY);
    const json_t *select_json = object_optional(&p, "select", JSON_IS_OBJECT);
    const json_t *where = t->spec->format == VIEW_V2 ? object_optional(&p, "where", JSON_IS_ARRAY) : NULL;
    struct err *e = object_finish(&p);
    if (e) {
        return err_wrap(e, "Parsing table %s failed", table->name);
    }
    struct view_columns select;
    e = select_from_json(select_json, &select);
    if (e) {
        return err_wrap(e, "Parsing table %s select failed", table->name);
    }
    uint64_t columns;
    e = columns_from_json(table, columns_json, table_all_columns(table, false, true), &columns);
    if (e) {
        return e;
    }
    if (columns & t->columns) {
        return duplicate_column_error(table, columns_json ? columns_json : json, columns & t->columns);
    }
    t->columns |= columns;
    add_columns(&t->spec->columns, &select, columns);
    if (where && json_array_size(where)) {
        return add_condition(t, where);
    }
    t->is_unconditional = true;
    return NULL;
}

static struct err *
update_from_json(struct table_requests *t, const json_t *json)
{
    struct object_parser p;
    object_begin(&p, json);
    const json_t *columns = object_optional(&p, "columns", JSON_IS_ANY);
    const json_t *where = object_optional(&p, "where", JSON_IS_ARRAY);
    struct err *e = object_finish(&p);
    if (e) {
        return err_wrap(e, "Parsing table %s failed", t->spec->table->name);
    }
    if (columns) {
        return syntax_error(json, "changing columns is unsupported");
    }
    if (where && json_array_size(where)) {
        return add_condition(t, where);
    }
    t->is_unconditional = true;
    return NULL;
}

typedef struct err *request_parser(struct table_requests *t, const json_t *json);

static struct err *
table_requests_parse(struct view_spec *spec, const json_t *json, request_parser *parse)
{
    struct table_requests t = {.spec = spec};
    struct err *e = NULL;
    if (!json_is_array(json)) {                              /* ovsdb-server(7), section 4.1.5: one request alone */
        e = parse(&t, json);
    }
    for (size_t i = 0; !e && i < json_array_size(json); i++) {
        e = parse(&t, json_array_get(json, i));
    }
    if (!e && t.is_unconditional) {
        condition_fini(&spec->condition);
    }
    condition_normalise(&spec->condition);
    return e;
}

static struct err *
tables_parse(const struct schema *schema, enum view_format format, const json_t *requests, const char *what,
             request_parser *parse, struct view_spec_vec *ret)
{
    if (!json_is_object(requests)) {
        return syntax_error(requests, "%s must be object", what);
    }
    const char *name;
    json_t *json;
    json_object_foreach((json_t *) requests, name, json) {
        const struct table *table = schema_table(schema, name);
        struct err *e = table ? NULL : err_tagged("syntax error", "no table named %s", name);
        if (!e) {
            vec_push(ret, (struct view_spec) {.table = table, .condition = {.table = table}, .format = format});
            e = table_requests_parse(&vec_last(ret), json, parse);
        }
        if (e) {
            view_specs_fini(ret);
            return e;
        }
    }
    return NULL;
}

static int
spec_cmp(const void *a_, const void *b_)
{
    const struct view_spec *a = a_, *b = b_;
    return a->table->index < b->table->index ? -1 : a->table->index > b->table->index;
}

struct err *
monitor_requests_parse(const struct schema *schema, enum monitor_version version, const json_t *requests,
                       struct view_spec_vec *ret)
{
    enum view_format format = version == MONITOR_V1 ? VIEW_V1 : VIEW_V2;
    struct err *e = tables_parse(schema, format, requests, "monitor-requests", request_from_json, ret);
    if (!e && ret->n) {
        qsort(ret->d, ret->n, sizeof *ret->d, spec_cmp);
    }
    return e;
}

struct err *
monitor_updates_parse(const struct schema *schema, const json_t *requests, struct view_spec_vec *ret)
{
    return tables_parse(schema, VIEW_V2, requests, "monitor-cond-change-requests", update_from_json, ret);
}

void
view_specs_fini(struct view_spec_vec *specs)
{
    for (size_t i = 0; i < specs->n; i++) {
        condition_fini(&specs->d[i].condition);
    }
    vec_fini(specs);
}
