/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/server/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "ovsdb/server/delta.h"

static const char schema_text[] =
    "{'name':'T','version':'1.0.0','tables':{"
    "'A':{'isRoot':true,'columns':{"
    "'name':{'type':'string'},'i':{'type':'integer'},'r':{'type':'real'},'b':{'type':'boolean'},"
    "'oi':{'type':{'key':'integer','min':0,'max':1}},"
    "'ur':{'type':{'key':{'type':'integer','minInteger':0,'maxInteger':10},'min':0,'max':3}},"
    "'e':{'type':{'key':{'type':'string','enum':['set',['a','b','c']]},'min':0,'max':1}},"
    "'ss':{'type':{'key':'string','min':0,'max':'unlimited'}},"
    "'m':{'type':{'key':'string','value':'string','min':0,'max':'unlimited'}},"
    "'ro':{'type':'integer','mutable':false},"
    "'eph':{'type':'integer','ephemeral':true},"
    "'strong':{'type':{'key':{'type':'uuid','refTable':'B'},'min':0,'max':'unlimited'}},"
    "'weak':{'type':{'key':{'type':'uuid','refTable':'B','refType':'weak'},'min':0,'max':'unlimited'}}"
    "},'indexes':[['name'],['i','ro']]},"
    "'B':{'columns':{'x':{'type':'integer'},"
    "'next':{'type':{'key':{'type':'uuid','refTable':'B'},'min':0,'max':1}},"
    "'mw':{'type':{'key':{'type':'string'},'value':{'type':'uuid','refTable':'B','refType':'weak'},'min':0,"
    "'max':'unlimited'}}}},"
    "'C':{'isRoot':true,'maxRows':2,'columns':{'x':{'type':'string'},"
    "'w1':{'type':{'key':{'type':'uuid','refTable':'A','refType':'weak'},'min':1,'max':'unlimited'}}}},"
    "'D':{'isRoot':true,'columns':{'u':{'type':'uuid'},"
    "'s':{'type':{'key':{'type':'string','minLength':2,'maxLength':4}}}}},"
    "'N':{'isRoot':true,'columns':{'name':{'type':'string'},'n':{'type':'integer'}}}}}";

char *
fixture_quotes(const char *text)
{
    char *copy = xstrdup(text);
    for (char *p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    return copy;
}

struct database *
fixture_database(void)
{
    char *text = fixture_quotes(schema_text);
    struct schema *schema;
    struct err *e = schema_from_text(str_from(text), &schema);
    assert_null(e);
    free(text);
    struct database *db = database_new(schema);
    schema_unref(schema);
    return db;
}

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
