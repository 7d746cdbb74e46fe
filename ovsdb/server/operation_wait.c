/* SPDX-License-Identifier: Apache-2.0 */
/* The "wait" operation (RFC 7047, section 5.2.6): compares rows in the table with rows in the request, as sets. */
#include <config.h>

#include <stdlib.h>

#include "ovsdb/server/condition.h"
#include "ovsdb/server/delta.h"
#include "ovsdb/server/execute_private.h"
#include "ovsdb/server/row_set.h"

static const double TIMEOUT_MAX_MS = 1e15;                   /* 30,000 years, far from the end of integers */

struct wait {
    bool until_equal;
    int64_t timeout_ms;                                      /* -1: for ever */
    uint64_t columns;
    struct condition where;
    VEC(struct image *) wanted;                              /* owned */
};

static struct err *
parse_wanted(struct execution *x, const json_t *rows, struct wait *wait)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct image *image;
        struct err *e = image_from_json(x->table, json_array_get(rows, i), &x->names, &image, NULL);
        if (e) {
            return e;
        }
        vec_push(&wait->wanted, image);
    }
    return NULL;
}

static struct err *
parse_wait(struct execution *x, struct wait *wait)
{
    const json_t *timeout = object_optional(&x->parser, "timeout", JSON_IS_INTEGER);
    const json_t *where = object_member(&x->parser, "where", JSON_IS_ARRAY);
    const json_t *columns = object_optional(&x->parser, "columns", JSON_IS_ARRAY);
    const json_t *until = object_member(&x->parser, "until", JSON_IS_STRING);
    const json_t *rows = object_member(&x->parser, "rows", JSON_IS_ARRAY);
    struct err *e = operation_parsed(x);
    if (e) {
        return e;
    }
    const struct table *schema = x->table->schema;
    wait->timeout_ms = timeout ? (int64_t) MAX(MIN(json_number_value(timeout), TIMEOUT_MAX_MS), -1.0) : -1;
    if (timeout && json_number_value(timeout) < 0) {
        return syntax_error(timeout, "timeout must be nonnegative");
    }
    wait->until_equal = !strcmp(json_string_value(until), "==");
    if (!wait->until_equal && strcmp(json_string_value(until), "!=")) {
        return syntax_error(until, "\"until\" must be \"==\" or \"!=\"");
    }
    e = columns_from_json(schema, columns, table_all_columns(schema, true, true), &wait->columns);
    if (!e) {
        e = condition_from_json(&wait->where, schema, where, &x->names);
    }
    return e ? e : parse_wanted(x, rows, wait);
}

/* Whether the rows that 'where' finds are those that are wanted, as sets. */
static bool
finds_wanted(struct execution *x, const struct wait *wait, struct row_set *wanted, struct row_set *found)
{
    for (size_t i = 0; i < wait->wanted.n; i++) {
        row_set_add(wanted, wait->wanted.d[i]);
    }
    struct row_vec rows = {0};
    db_table_candidates(x->table, &wait->where, &rows);
    bool all_wanted = true;
    for (size_t i = 0; i < rows.n && all_wanted; i++) {
        const struct image *image = rows.d[i]->image;
        if (condition_matches_all(&wait->where, image)) {
            all_wanted = row_set_contains(wanted, image);
            row_set_add(found, image);
        }
    }
    vec_fini(&rows);
    return all_wanted && row_set_count(found) == row_set_count(wanted);
}

static bool
is_satisfied(struct execution *x, const struct wait *wait)
{
    struct row_set wanted, found;
    row_set_init(&wanted, wait->columns);
    row_set_init(&found, wait->columns);
    bool equal = finds_wanted(x, wait, &wanted, &found);
    row_set_fini(&wanted);
    row_set_fini(&found);
    return equal == wait->until_equal;
}

static struct err *
not_yet(struct execution *x, const struct wait *wait)
{
    if (!wait->timeout_ms) {
        return err_tagged("timed out", "\"where\" clause test failed");
    }
    if (wait->timeout_ms > 0 && x->request->elapsed_ms >= wait->timeout_ms) {
        return err_tagged("timed out", "\"wait\" timed out after %lld ms", (long long) x->request->elapsed_ms);
    }
    x->result->must_wait = true;
    x->result->timeout_ms = wait->timeout_ms;
    x->result->wait_tables |= delta_table_bit(x->table->schema);
    return NULL;
}

struct err *
execute_wait(struct execution *x)
{
    struct wait wait = {.where = {.table = x->table->schema}};
    struct err *e = parse_wait(x, &wait);
    if (!e && is_satisfied(x, &wait)) {
        buf_puts(&x->result->text, "{}");
    } else if (!e) {
        e = not_yet(x, &wait);
    }
    for (size_t i = 0; i < wait.wanted.n; i++) {
        image_unref(wait.wanted.d[i]);
    }
    vec_fini(&wait.wanted);
    condition_fini(&wait.where);
    return e;
}
