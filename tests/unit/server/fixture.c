/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/server/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "ovsdb/server/delta.h"

static bool
owns_lock(void *aux, const char *name)
{
    return !strcmp(name, "mine");
}

char *
fixture_run(struct database *db, const char *operations, struct delta **ret_delta)
{
    char *text = fixture_quotes(operations);
    json_t *params = json_loads(text, 0, NULL);
    assert_non_null(params);
    json_array_insert_new(params, 0, json_string("T"));
    struct execute_request request = {.db = db, .params = params, .owns_lock = owns_lock};
    struct execute_result result;
    execute(&request, &result);
    char *ret = result.must_wait ? xstrdup("wait") : xstrdup(buf_text(&result.text));
    if (ret_delta) {
        *ret_delta = result.delta ? delta_ref(result.delta) : NULL;
    }
    execute_result_fini(&result);
    database_check_invariants(db);
    json_decref(params);
    free(text);
    return ret;
}

void
fixture_expect(struct database *db, const char *operations, const char *expected)
{
    char *want = fixture_quotes(expected);
    char *got = fixture_run(db, operations, NULL);
    assert_string_equal(got, want);
    free(got);
    free(want);
}

void
fixture_expect_part(struct database *db, const char *operations, const char *expected)
{
    char *want = fixture_quotes(expected);
    char *got = fixture_run(db, operations, NULL);
    if (!strstr(got, want)) {
        assert_string_equal(got, want);
    }
    free(got);
    free(want);
}
