/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/northd/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "tests/unit/test.h"

/* Takes 'text'. */
static json_t *
parse(char *text)
{
    json_error_t error;
    for (char *p = text; (p = strchr(p, '\'')) != NULL;) {
        *p = '"';
    }
    json_t *json = json_loads(text, 0, &error);
    if (!json) {
        fail_msg("%s: %s", error.text, text);
    }
    free(text);
    return json;
}

static void
change(struct network *n, struct test_link *link, const char *text)
{
    json_t *operations = parse(xasprintf("[%s]", text));
    assert_true(test_link_transact(link, operations));
    network_run(n);
}

void
scenario_nb(struct network *n, const char *text)
{
    change(n, &n->nb, text);
}

void
scenario_sb(struct network *n, const char *text)
{
    change(n, &n->sb, text);
}

static json_t *
select_rows(struct test_link *link, const char *table, const char *where, const char *columns)
{
    json_t *update;
    json_t *ops = parse(xasprintf("[{'op':'select','table':'%s','where':[%s],'columns':[%s]}]", table, where, columns));
    json_t *result = test_db_transact(link->db, ops, &update);
    json_t *rows = json_incref(json_object_get(json_array_get(result, 0), "rows"));
    if (!rows) {
        fail_msg("%s", json_dumps(result, 0));
    }
    json_decref(result);
    return rows;
}

/* The rows as sorted lines. */
static char *
sorted_text(json_t *rows)
{
    size_t n = json_array_size(rows), i;
    char **lines = xcalloc(n + 1, sizeof *lines);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    json_t *row;
    json_array_foreach (rows, i, row) {
        lines[i] = json_dumps(row, JSON_SORT_KEYS | JSON_COMPACT);
    }
    qsort(lines, n, sizeof *lines, strings_cmp);
    for (i = 0; i < n; i++) {
        buf_printf(&out, "%s\n", lines[i]);
        free(lines[i]);
    }
    free(lines);
    json_decref(rows);
    char *text = xstrdup(buf_text(&out));
    buf_fini(&out);
    return text;
}

void
scenario_expect(struct test_link *link, const char *table, const char *where, const char *columns, const char *rows)
{
    char *actual = sorted_text(select_rows(link, table, where, columns));
    char *expected = sorted_text(parse(xasprintf("[%s]", rows)));
    assert_string_equal(actual, expected);
    free(actual);
    free(expected);
}

struct uuid
scenario_uuid(struct test_link *link, const char *table, const char *where)
{
    struct uuid uuid;
    json_t *rows = select_rows(link, table, where, "'_uuid'");
    assert_int_equal(json_array_size(rows), 1);
    const json_t *atom = json_object_get(json_array_get(rows, 0), "_uuid");
    assert_true(uuid_from_text(str_from(json_string_value(json_array_get(atom, 1))), &uuid));
    json_decref(rows);
    return uuid;
}
