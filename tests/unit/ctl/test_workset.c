/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/test.h"

#include "ovsdb/ctl/workset.h"

/* A server that answers with prepared results and remembers what it was asked. */
struct fake {
    json_t *answers;                                         /* array of "result" arrays, taken in order */
    json_t *asked;                                           /* array of operation arrays */
    size_t n;
};

static struct err *
fake_transact(void *fake_, json_t *operations, json_t **ret_results)
{
    struct fake *fake = fake_;
    json_array_append_new(fake->asked, operations);
    const json_t *answer = json_array_get(fake->answers, fake->n++);
    assert_non_null(answer);
    *ret_results = json_deep_copy(answer);
    return NULL;
}

static const char schema_text[] =
    "{\"name\":\"T\",\"version\":\"1.0.0\",\"tables\":{"
    "\"S\":{\"isRoot\":true,\"columns\":{\"name\":{\"type\":\"string\"},"
    "\"ports\":{\"type\":{\"key\":{\"type\":\"uuid\",\"refTable\":\"P\"},\"min\":0,\"max\":\"unlimited\"}},"
    "\"config\":{\"type\":{\"key\":\"string\",\"value\":\"string\",\"min\":0,\"max\":\"unlimited\"}}}},"
    "\"P\":{\"columns\":{\"name\":{\"type\":\"string\"}}}}}";

#define UUID_A "aaaaaaaa-0000-4000-8000-000000000001"
#define UUID_B "bbbbbbbb-0000-4000-8000-000000000002"

struct fixture {
    struct schema *schema;
    struct workset *ws;
    struct fake fake;
    const struct table *s, *p;
};

static void
setup(struct fixture *f, const char *answers)
{
    f->fake = (struct fake) {.answers = json_loads(answers, 0, NULL), .asked = json_array()};
    assert_non_null(f->fake.answers);
    assert_null(schema_from_text(str_from(schema_text), &f->schema));
    f->ws = workset_new(f->schema, fake_transact, &f->fake);
    f->s = schema_table(f->schema, "S");
    f->p = schema_table(f->schema, "P");
}

static void
teardown(struct fixture *f)
{
    assert_int_equal(f->fake.n, json_array_size(f->fake.answers));
    workset_free(f->ws);
    schema_unref(f->schema);
    json_decref(f->fake.answers);
    json_decref(f->fake.asked);
}

static const char *
operation_text(const struct fixture *f, size_t request, size_t operation, const char *member)
{
    static char *text;
    free(text);
    text = json_dumps(json_object_get(json_array_get(json_array_get(f->fake.asked, request), operation), member),
                      JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    return text ? text : "";
}

/* The life of "lsp-add": the set of ports is added to without being read. */
TEST(adding_to_a_set_does_not_read_it)
{
    struct fixture f;
    struct ws_rows rows = {0};
    bool conflict;

    setup(&f, "[[{\"rows\":[{\"_uuid\":[\"uuid\",\"" UUID_A "\"],\"name\":\"sw\"}]}],[{\"rows\":[]}],"
              "[{},{},{\"uuid\":[\"uuid\",\"" UUID_B "\"]},{\"count\":1}]]");
    assert_null(workset_find(f.ws, f.s, "name", "sw", 0, &rows));
    struct ws_row *sw = rows.d[0];
    assert_null(workset_find(f.ws, f.p, "name", "p1", 0, &rows));
    assert_int_equal(rows.n, 0);
    struct ws_row *port = workset_insert(f.ws, f.p);
    row_set_string(port, "name", "p1");
    row_add_ref(sw, "ports", row_uuid(port));
    assert_true(workset_is_changed(f.ws));
    assert_null(workset_commit(f.ws, NULL, &conflict, NULL));
    assert_false(conflict);
    assert_string_equal(uuid_text(row_real_uuid(port)), UUID_B);

    assert_string_equal(operation_text(&f, 0, 0, "columns"), "[\"_uuid\",\"name\"]");
    assert_string_equal(operation_text(&f, 2, 0, "op"), "\"wait\"");     /* the port is still not there */
    assert_string_equal(operation_text(&f, 2, 0, "rows"), "[]");
    assert_string_equal(operation_text(&f, 2, 1, "rows"), "[{\"_uuid\":[\"uuid\",\"" UUID_A "\"]}]");
    /* the order of changes is that in which rows came up: the switch, then the port */
    assert_non_null(strstr(operation_text(&f, 2, 2, "mutations"), "[[\"ports\",\"insert\",[\"named-uuid\",\"row"));
    assert_string_equal(operation_text(&f, 2, 3, "row"), "{\"name\":\"p1\"}");
    vec_fini(&rows);
    teardown(&f);
}

TEST(later_commands_see_earlier_ones)
{
    struct fixture f;
    struct ws_rows rows = {0};

    setup(&f, "[[{\"rows\":[{\"_uuid\":[\"uuid\",\"" UUID_A "\"],\"name\":\"old\"}]}],[{\"rows\":[]}]]");
    assert_null(workset_find(f.ws, f.s, "name", "old", 0, &rows));
    row_set_string(rows.d[0], "name", "new");
    assert_null(workset_find(f.ws, f.s, "name", "old", 0, &rows));       /* from memory */
    assert_int_equal(rows.n, 0);
    assert_null(workset_find(f.ws, f.s, "name", "new", 0, &rows));
    assert_int_equal(rows.n, 1);
    struct ws_row *fresh = workset_insert(f.ws, f.s);
    row_set_string(fresh, "name", "new");
    assert_null(workset_find(f.ws, f.s, "name", "new", 0, &rows));
    assert_int_equal(rows.n, 2);
    row_delete(fresh);
    assert_null(workset_find(f.ws, f.s, "name", "new", 0, &rows));
    assert_int_equal(rows.n, 1);
    vec_fini(&rows);
    teardown(&f);
}

TEST(new_rows_find_their_referrers)
{
    struct fixture f;
    struct ws_rows rows = {0};

    setup(&f, "[]");
    struct ws_row *sw = workset_insert(f.ws, f.s), *port = workset_insert(f.ws, f.p);
    row_add_ref(sw, "ports", row_uuid(port));
    assert_null(workset_find_referrers(f.ws, f.s, "ports", row_uuid(port), 0, &rows));
    assert_int_equal(rows.n, 1);
    assert_ptr_equal(rows.d[0], sw);
    vec_fini(&rows);
    teardown(&f);
}

TEST(mutations_wait_for_the_value)
{
    struct fixture f;
    struct ws_rows rows = {0};
    bool conflict;

    setup(&f, "[[{\"rows\":[{\"_uuid\":[\"uuid\",\"" UUID_A "\"],\"name\":\"sw\"}]}],"
              "[{\"rows\":[{\"_uuid\":[\"uuid\",\"" UUID_A "\"],\"config\":[\"map\",[[\"a\",\"1\"],[\"b\",\"2\"]]]}]}],"
              "[{},{},{\"count\":1}]]");
    assert_null(workset_find(f.ws, f.s, "name", "sw", 0, &rows));
    row_set_key(rows.d[0], "config", "a", "9");
    row_remove_key(rows.d[0], "config", "b");
    row_set_key(rows.d[0], "config", "c", "3");
    assert_null(workset_fetch_row(f.ws, rows.d[0], ws_columns(f.s, "config")));
    const struct datum *config = row_get(rows.d[0], table_column(f.s, "config"));
    assert_string_equal(datum_get_string(config, "a"), "9");
    assert_null(datum_get_string(config, "b"));
    assert_string_equal(datum_get_string(config, "c"), "3");
    assert_null(workset_commit(f.ws, NULL, &conflict, NULL));
    assert_string_equal(operation_text(&f, 2, 1, "rows"), "[{\"config\":[\"map\",[[\"a\",\"1\"],[\"b\",\"2\"]]]}]");
    assert_string_equal(operation_text(&f, 2, 2, "mutations"),
                        "[[\"config\",\"delete\",[\"set\",[\"a\",\"b\",\"c\"]]],"
                        "[\"config\",\"insert\",[\"map\",[[\"a\",\"9\"],[\"c\",\"3\"]]]]]");
    vec_fini(&rows);
    teardown(&f);
}

TEST(a_failed_guard_is_a_conflict)
{
    struct fixture f;
    struct ws_rows rows = {0};
    bool conflict;

    setup(&f, "[[{\"rows\":[]}],[{\"error\":\"timed out\"},null],"
              "[{},{\"error\":\"constraint violation\",\"details\":\"no\"}]]");
    assert_null(workset_find(f.ws, f.s, "name", "sw", 0, &rows));
    workset_insert(f.ws, f.s);
    assert_null(workset_commit(f.ws, NULL, &conflict, NULL));
    assert_true(conflict);
    struct err *err = workset_commit(f.ws, NULL, &conflict, NULL);
    assert_string_equal(err_detail(err), "transaction error: {\"details\":\"no\",\"error\":\"constraint violation\"}");
    err_free(err);
    vec_fini(&rows);
    teardown(&f);
}

TEST(malformed_answers_are_errors)
{
    struct fixture f;
    struct ws_rows rows = {0};

    setup(&f, "[[],[{\"rows\":[{\"name\":\"x\"}]}],[{\"rows\":[{\"_uuid\":[\"uuid\",\"" UUID_A "\"],\"name\":3}]}],[{\"rows\":7}],"
              "[{\"rows\":[{\"_uuid\":[\"set\",[]],\"name\":\"x\"}]}]]");
    for (int i = 0; i < 5; i++) {
        char name[] = {(char) ('a' + i), '\0'};              /* look-ups are remembered by what they ask */
        struct err *err = workset_find(f.ws, f.s, "name", name, 0, &rows);
        assert_non_null(err);
        err_free(err);
    }
    vec_fini(&rows);
    teardown(&f);
}

TEST_MAIN(T(adding_to_a_set_does_not_read_it), T(later_commands_see_earlier_ones), T(new_rows_find_their_referrers),
          T(mutations_wait_for_the_value), T(a_failed_guard_is_a_conflict), T(malformed_answers_are_errors))
