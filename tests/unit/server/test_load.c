/* SPDX-License-Identifier: Apache-2.0 */
/* What a record has done is taken back as a whole if it deletes a row that is not there. */
#include <config.h>

#include <stdlib.h>

#include "ovsdb/server/hosted.h"
#include "ovsdb/storage/storage.h"
#include "tests/unit/server/fixture.h"
#include "tests/unit/storage/scratch.h"

/* Opens a file of the 'n' records 'texts' (with ' for "), as a tool does if 'is_strict'. */
static struct err *
open_records(const char *const *texts, size_t n, bool is_strict, struct hosted **ret)
{
    char *folder = scratch_new(), *path = xasprintf("%s/t.db", folder);
    struct str records[8];
    char *quoted[8];
    assert_true(n <= ARRAY_SIZE(records));
    for (size_t i = 0; i < n; i++) {
        quoted[i] = fixture_quotes(texts[i]);
        records[i] = str_from(quoted[i]);
    }
    struct schema *schema = fixture_schema();
    assert_null(storage_create_with(path, schema, records, n));
    schema_unref(schema);
    struct storage *storage;
    assert_null(storage_open(path, STORAGE_READ_ONLY, &storage));
    if (is_strict) {
        storage_set_strict(storage);
    }
    struct err *e = hosted_open(storage_schema(storage), storage, ret);
    for (size_t i = 0; i < n; i++) {
        free(quoted[i]);
    }
    free(path);
    scratch_free(folder);
    return e;
}

static const char first[] = "{'A':{'" U1 "':{'name':'a','i':1,'ss':['set',['x']]},'" U2 "':{'name':'b','i':2}}}\n";
static const char last[] = "{'_is_diff':true,'N':{'" U4 "':{'name':'n'}}}\n";
static const char *const misfits[] = {
    "{'A':{'" U3 "':null}}\n",
    "{'A':{'" U3 "':{'name':'c'},'" U4 "':null}}\n",
    "{'_is_diff':true,'A':{'" U1 "':{'name':'d','ss':['set',['x','y']]},'" U2 "':null,'" U3 "':{'name':'c'},'" U4 "':null}}\n",
    "{'A':{'" U3 "':{'name':'c'}},'B':{'" U4 "':null}}\n",
    /* One row more than once, which no program writes. */
    "{'A':{'" U1 "':null,'" U1 "':{'name':'d'},'" U3 "':{'name':'c'},'" U3 "':{'name':'e'},'" U4 "':null}}\n",
    "{'A':{'" U3 "':{'name':'c'},'" U3 "':null,'" U3 "':null}}\n",
};

TEST(a_server_passes_over_the_record)
{
    struct hosted *plain, *hosted;
    const char *records[] = {first, last, NULL};
    assert_null(open_records(records, 2, false, &plain));
    for (size_t i = 0; i < ARRAY_SIZE(misfits); i++) {
        const char *more[] = {first, misfits[i], last, misfits[i]};
        assert_null(open_records(more, ARRAY_SIZE(more), false, &hosted));
        database_check_invariants(hosted->db);
        assert_int_equal(database_n_rows(hosted->db), 3);
        assert_true(fixture_digest(hosted->db) == fixture_digest(plain->db));
        hosted_free(hosted);
    }
    hosted_free(plain);
}

TEST(a_tool_refuses_the_file)
{
    for (size_t i = 0; i < ARRAY_SIZE(misfits); i++) {
        struct hosted *hosted;
        const char *records[] = {first, misfits[i], last};
        expect_error(open_records(records, ARRAY_SIZE(records), true, &hosted), "that does not exist");
    }
}

TEST(what_was_taken_back_can_come_again)
{
    struct hosted *hosted;
    const char *records[] = {first, misfits[1], "{'A':{'" U3 "':{'name':'c'}}}\n", "{'A':{'" U3 "':null}}\n"};
    assert_null(open_records(records, ARRAY_SIZE(records), false, &hosted));
    database_check_invariants(hosted->db);
    assert_int_equal(database_n_rows(hosted->db), 2);
    hosted_free(hosted);
}

/* A record that does not fit the schema is another matter. */
TEST(a_server_does_not_start_without_its_snapshot)
{
    struct hosted *hosted;
    const char *records[] = {"{'A':{'" U1 "':{'name':7}}}\n", last};
    expect_error(open_records(records, ARRAY_SIZE(records), false, &hosted), "record 1 at offset");
}

TEST_MAIN(T(a_server_passes_over_the_record), T(a_tool_refuses_the_file), T(what_was_taken_back_can_come_again),
          T(a_server_does_not_start_without_its_snapshot))
