/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/model/server_row.h"

#include "tests/unit/test.h"

#define U1 "11111111-1111-1111-1111-111111111111"
#define U2 "22222222-2222-2222-2222-222222222222"

static bool
apply(struct server_row *row, const char *text)
{
    json_t *updates = json_loads(text, 0, NULL);
    assert_non_null(updates);
    bool is_about_it = server_row_apply(row, "Part", updates);
    json_decref(updates);
    return is_about_it;
}

#define NEW(UUID, REST) "{\"Database\":{\"" UUID "\":{\"new\":{\"name\":\"Part\"," REST "}}}}"
#define WITH_SCHEMA "\"schema\":\"x\""

static const char *
objection(const char *text, bool leader_only)
{
    struct server_row row = {0};
    assert_true(apply(&row, text));
    const char *why = server_row_objection(&row, leader_only);
    server_row_fini(&row);
    return why ? why : "none";
}

TEST(rows_come_and_go)
{
    struct server_row row = {0};
    assert_false(apply(&row, "{\"Database\":{\"" U2 "\":{\"new\":{\"name\":\"Other\"}}}}"));
    assert_string_equal(server_row_objection(&row, false), "it has no such database");
    assert_true(apply(&row, NEW(U1, WITH_SCHEMA)));
    assert_null(server_row_objection(&row, true));
    assert_false(apply(&row, "{\"Database\":{\"" U2 "\":{\"old\":{\"name\":\"Other\"}}}}"));
    /* Another row takes its place. */
    assert_true(apply(&row, "{\"Database\":{\"" U1 "\":{\"old\":{\"name\":\"Part\"}},\"" U2
                            "\":{\"new\":{\"name\":\"Part\",\"schema\":\"y\"}}}}"));
    assert_string_equal(row.schema_text, "y");
    assert_true(apply(&row, "{\"Database\":{\"" U2 "\":{\"old\":{\"name\":\"Part\"}}}}"));
    assert_null(row.uuid);
    server_row_fini(&row);
}

TEST(objections)
{
    assert_string_equal(objection(NEW(U1, "\"schema\":[\"set\",[]]"), false), "it does not know the schema yet");
    assert_string_equal(objection(NEW(U1, WITH_SCHEMA ",\"model\":\"standalone\""), true), "none");
    assert_string_equal(objection(NEW(U1, WITH_SCHEMA ",\"model\":\"relay\",\"connected\":true"), true), "none");
    assert_string_equal(objection(NEW(U1, WITH_SCHEMA ",\"model\":\"relay\",\"connected\":false"), false),
                        "it is not connected to its storage");
    assert_string_equal(objection(NEW(U1, WITH_SCHEMA ",\"model\":\"clustered\",\"connected\":true"), false), "none");
    assert_string_equal(objection(NEW(U1, WITH_SCHEMA ",\"model\":\"clustered\",\"connected\":true"), true),
                        "it is not the leader of its cluster");
    assert_string_equal(objection(NEW(U1, WITH_SCHEMA ",\"model\":\"clustered\",\"connected\":true,\"leader\":true"), true),
                        "none");
}

TEST(rows_of_a_select)
{
    struct server_row row = {0};
    json_t *rows = json_loads("[{\"name\":\"Part\",\"model\":\"relay\",\"connected\":false,\"schema\":\"x\"}]", 0, NULL);
    json_t *none = json_array();
    server_row_set(&row, rows);
    assert_string_equal(server_row_objection(&row, false), "it is not connected to its storage");
    server_row_set(&row, none);
    assert_string_equal(server_row_objection(&row, false), "it has no such database");
    server_row_set(&row, NULL);
    assert_null(row.uuid);
    json_decref(rows);
    json_decref(none);
}

TEST_MAIN(T(rows_come_and_go), T(objections), T(rows_of_a_select))
