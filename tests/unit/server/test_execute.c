/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/json.h"
#include "ovsdb/server/delta.h"
#include "ovsdb/server/txn.h"
#include "tests/unit/server/fixture.h"

#include <stdlib.h>

TEST(insert_select_update_delete)
{
    struct database *db = fixture_database();
    fixture_expect(db, "[{'op':'insert','table':'A','row':{'name':'a1','i':5},'uuid':'" U1 "'}]",
                   "[{'uuid':['uuid','" U1 "']}]");
    fixture_expect(db, "[{'op':'select','table':'A','where':[['name','==','a1']],'columns':['_uuid','i','ss','m']}]",
                   "[{'rows':[{'_uuid':['uuid','" U1 "'],'i':5,'m':['map',[]],'ss':['set',[]]}]}]");
    fixture_expect(db, "[{'op':'update','table':'A','where':[],'row':{'i':6,'ss':['set',['x','y']]}},"
                       "{'op':'select','table':'A','where':[],'columns':['i','ss']}]",
                   "[{'count':1},{'rows':[{'i':6,'ss':['set',['x','y']]}]}]");
    fixture_expect(db, "[{'op':'delete','table':'A','where':[['i','>',5]]}]", "[{'count':1}]");
    fixture_expect(db, "[{'op':'select','table':'A','where':[],'columns':['i']}]", "[{'rows':[]}]");
    database_free(db);
}

TEST(a_failed_operation_undoes_all)
{
    struct database *db = fixture_database();
    fixture_expect(db, "[{'op':'insert','table':'N','row':{'name':'n'},'uuid':'" U1 "'}]",
                   "[{'uuid':['uuid','" U1 "']}]");
    fixture_expect(db, "[{'op':'update','table':'N','where':[],'row':{'n':7}},"
                       "{'op':'insert','table':'N','row':{},'uuid':'" U2 "'},"
                       "{'op':'delete','table':'N','where':[['name','==','n']]},"
                       "{'op':'abort'},{'op':'comment','comment':'x'}]",
                   "[{'count':1},{'uuid':['uuid','" U2 "']},{'count':1},"
                   "{'details':'aborted by request','error':'aborted'},null]");
    fixture_expect(db, "[{'op':'select','table':'N','where':[],'columns':['_uuid','n']}]",
                   "[{'rows':[{'_uuid':['uuid','" U1 "'],'n':0}]}]");
    database_free(db);
}

TEST(named_uuids_link_rows_in_any_order)
{
    struct database *db = fixture_database();
    char *text = fixture_run(db, "[{'op':'insert','table':'A','row':{'name':'a','strong':['named-uuid','b']}},"
                                 "{'op':'insert','table':'B','row':{'x':3},'uuid-name':'b','uuid':'" U2 "'}]", NULL);
    assert_null(strstr(text, "error"));
    free(text);
    fixture_expect(db, "[{'op':'select','table':'A','where':[],'columns':['strong']}]",
                   "[{'rows':[{'strong':['uuid','" U2 "']}]}]");
    fixture_expect_part(db, "[{'op':'insert','table':'N','row':{},'uuid-name':'n'},"
                            "{'op':'insert','table':'N','row':{},'uuid-name':'n'}]", "'error':'duplicate uuid-name'");
    database_free(db);
}

TEST(unreferenced_rows_are_collected)
{
    struct database *db = fixture_database();
    struct delta *delta;
    char *text = fixture_run(db, "[{'op':'insert','table':'B','row':{'x':1}}]", &delta);
    free(text);
    assert_null(delta);                                      /* inserted and collected: nothing happened */
    text = fixture_run(db, "[{'op':'insert','table':'B','row':{'x':3},'uuid-name':'b3'},"
                           "{'op':'insert','table':'B','row':{'x':2,'next':['named-uuid','b3']},'uuid-name':'b2'},"
                           "{'op':'insert','table':'A','row':{'name':'z','strong':['named-uuid','b2'],"
                           "'weak':['set',[['named-uuid','b2'],['named-uuid','b3']]]}}]", &delta);
    assert_int_equal(delta->n, 3);
    delta_unref(delta);
    free(text);
    fixture_expect_part(db, "[{'op':'delete','table':'B','where':[['x','==',2]]}]",
                        "because of 1 remaining reference(s)");
    text = fixture_run(db, "[{'op':'update','table':'A','where':[],'row':{'strong':['set',[]]}}]", &delta);
    assert_int_equal(delta->n, 3);                           /* the chain is gone, and the weak references to it */
    delta_unref(delta);
    free(text);
    fixture_expect(db, "[{'op':'select','table':'B','where':[],'columns':['x']},"
                       "{'op':'select','table':'A','where':[],'columns':['weak']}]",
                   "[{'rows':[]},{'rows':[{'weak':['set',[]]}]}]");
    fixture_expect_part(db, "[{'op':'insert','table':'A','row':{'name':'q','ro':9,'strong':['uuid','" U3 "']}}]",
                        "references nonexistent row " U3 " in table B.','error':'referential integrity violation'");
    database_free(db);
}

TEST(weak_references_to_nothing_vanish)
{
    struct database *db = fixture_database();
    fixture_expect_part(db, "[{'op':'insert','table':'C','row':{'x':'1','w1':['uuid','" U4 "']}}]",
                        "constraints on this column disallow an empty column");
    fixture_expect_part(db, "[{'op':'insert','table':'C','row':{}}]", "contained all-zeros UUID");
    fixture_expect(db, "[{'op':'insert','table':'A','row':{'name':'a'},'uuid':'" U1 "'},"
                       "{'op':'insert','table':'C','row':{'x':'1','w1':['uuid','" U1 "']},'uuid':'" U2 "'}]",
                   "[{'uuid':['uuid','" U1 "']},{'uuid':['uuid','" U2 "']}]");
    fixture_expect_part(db, "[{'op':'delete','table':'A','where':[]}]", "caused this column to become empty");
    /* Where a strong reference is broken, too, that is the error. */
    char *text = fixture_run(db, "[{'op':'insert','table':'B','row':{'x':3},'uuid-name':'b'},"
                                 "{'op':'insert','table':'A','row':{'name':'b','ro':2,'strong':['named-uuid','b']}}]", NULL);
    assert_null(strstr(text, "error"));
    free(text);
    fixture_expect_part(db, "[{'op':'delete','table':'A','where':[['name','==','a']]},{'op':'delete','table':'B','where':[]}]",
                        "because of 1 remaining reference(s)");
    fixture_expect(db, "[{'op':'delete','table':'A','where':[]},{'op':'delete','table':'C','where':[]}]",
                   "[{'count':2},{'count':1}]");
    database_free(db);
}

TEST(unique_indexes_and_row_limits_hold)
{
    struct database *db = fixture_database();
    fixture_expect_part(db, "[{'op':'insert','table':'A','row':{'name':'d','ro':1}},"
                            "{'op':'insert','table':'A','row':{'name':'d','ro':2}}]",
                        "identical values (d) for index on column \\'name\\'");
    fixture_expect_part(db, "[{'op':'insert','table':'A','row':{'name':'x','i':3,'ro':1}},"
                            "{'op':'insert','table':'A','row':{'name':'y','i':3,'ro':1}}]",
                        "identical values (3 and 1) for index on columns \\'i\\' and \\'ro\\'");
    /* Swapping values within a transaction is fine: only the end counts. */
    char *text = fixture_run(db, "[{'op':'insert','table':'A','row':{'name':'p','ro':1}},"
                                 "{'op':'insert','table':'A','row':{'name':'q','ro':2}}]", NULL);
    free(text);
    fixture_expect(db, "[{'op':'update','table':'A','where':[['name','==','p']],'row':{'name':'t'}},"
                       "{'op':'update','table':'A','where':[['name','==','q']],'row':{'name':'p'}},"
                       "{'op':'update','table':'A','where':[['name','==','t']],'row':{'name':'q'}}]",
                   "[{'count':1},{'count':1},{'count':1}]");
    fixture_expect_part(db, "[{'op':'insert','table':'C','row':{}},{'op':'insert','table':'C','row':{}},"
                            "{'op':'insert','table':'C','row':{}}]", "'error':'constraint violation'");
    database_free(db);
}

TEST(mutations_follow_the_rfc)
{
    struct database *db = fixture_database();
    free(fixture_run(db, "[{'op':'insert','table':'A','row':{'name':'a','i':7,'r':1.5,'ur':['set',[1,2]],"
                         "'m':['map',[['k','v'],['k2','v2']]]}}]", NULL));
    fixture_expect(db, "[{'op':'mutate','table':'A','where':[],'mutations':[['i','*=',6],['i','%=',5],['r','/=',2],"
                       "['ur','+=',1],['ss','insert',['set',['x','y']]],['ss','delete','x'],"
                       "['m','insert',['map',[['k','no'],['n','w']]]],['m','delete',['set',['k2']]],"
                       "['m','delete',['map',[['k','other']]]]]},"
                       "{'op':'select','table':'A','where':[],'columns':['i','r','ur','ss','m']}]",
                   "[{'count':1},{'rows':[{'i':2,'m':['map',[['k','v'],['n','w']]],'r':0.75,'ss':'y',"
                   "'ur':['set',[2,3]]}]}]");
    fixture_expect_part(db, "[{'op':'mutate','table':'A','where':[],'mutations':[['i','/=',0]]}]",
                        "'error':'domain error'");
    fixture_expect_part(db, "[{'op':'mutate','table':'A','where':[],'mutations':[['i','+=',9223372036854775807]]}]",
                        "'error':'range error'");
    fixture_expect_part(db, "[{'op':'update','table':'A','where':[],'row':{'i':-9223372036854775808}},"
                            "{'op':'mutate','table':'A','where':[],'mutations':[['i','/=',-1]]}]",
                        "'error':'range error'");
    /* Before constraints are looked at, all elements are computed. */
    fixture_expect_part(db, "[{'op':'mutate','table':'A','where':[],'mutations':[['ur','+=',9223372036854775805]]}]",
                        "'error':'range error'");
    fixture_expect_part(db, "[{'op':'mutate','table':'A','where':[],'mutations':[['ur','*=',0]]}]",
                        "contains duplicates");
    fixture_expect_part(db, "[{'op':'mutate','table':'A','where':[],'mutations':[['ur','+=',9]]}]",
                        "not in the valid range");
    fixture_expect_part(db, "[{'op':'mutate','table':'A','where':[],'mutations':[['oi','insert',5],['oi','insert',6]]}]",
                        "Attempted to store 2 elements");
    fixture_expect_part(db, "[{'op':'mutate','table':'A','where':[],'mutations':[['ro','+=',1]]}]",
                        "Cannot mutate immutable column ro");
    database_free(db);
}

TEST(wait_compares_sets_of_rows)
{
    struct database *db = fixture_database();
    fixture_expect(db, "[{'op':'wait','table':'N','where':[],'columns':['n'],'until':'==','rows':[{'n':1}]}]", "wait");
    fixture_expect(db, "[{'op':'wait','table':'N','where':[],'columns':['n'],'until':'==','rows':[{'n':1}],'timeout':0}]",
                   "[{'details':'\\'where\\' clause test failed','error':'timed out'}]");
    free(fixture_run(db, "[{'op':'insert','table':'N','row':{'n':1}},{'op':'insert','table':'N','row':{'n':1}}]", NULL));
    fixture_expect(db, "[{'op':'wait','table':'N','where':[],'columns':['n'],'until':'==','rows':[{'n':1}]}]", "[{}]");
    fixture_expect(db, "[{'op':'wait','table':'N','where':[],'columns':['n'],'until':'!=','rows':[]}]", "[{}]");
    database_free(db);
}

/* Only the first who asks for the name may get its uuid from another operation: a later one is refused anyway. */
TEST(a_name_used_twice_lends_no_uuid)
{
    struct database *db = fixture_database();
    fixture_expect(db, "[{'op':'insert','table':'N','row':{'name':'old'},'uuid':'" U1 "'}]",
                   "[{'uuid':['uuid','" U1 "']}]");
    static const char *const later[] = {
        "{'op':'insert','table':'A','row':{},'uuid-name':'n','uuid':'" U1 "'}",
        "{'op':'comment','comment':'c','uuid-name':'n','uuid':'" U1 "'}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
        char *operations = xasprintf("[{'op':'insert','table':'N','row':{'name':'new'},'uuid-name':'n'},"
                                     "{'op':'select','table':'N','where':[['_uuid','==',['uuid','" U1 "']]],"
                                     "'columns':['name']},%s]", later[i]);
        char *text = fixture_run(db, operations, NULL);
        assert_non_null(strstr(text, "{\"rows\":[{\"name\":\"old\"}]}"));
        assert_null(strstr(text, U1 "\"]}"));
        free(text);
        free(operations);
    }
    database_free(db);
}

/* As Debian's server has it: a set to compare with may have fewer elements than the column must have, one to exclude also more. */
TEST(includes_and_excludes_count_elements_loosely)
{
    struct database *db = fixture_database();
    fixture_expect(db, "[{'op':'insert','table':'A','row':{'name':'a','i':1},'uuid':'" U1 "'},"
                       "{'op':'insert','table':'C','row':{'x':'y','w1':['uuid','" U1 "']},'uuid':'" U2 "'}]",
                   "[{'uuid':['uuid','" U1 "']},{'uuid':['uuid','" U2 "']}]");
    fixture_expect(db, "[{'op':'select','table':'C','where':[['w1','includes',['set',[]]]],'columns':['x']},"
                       "{'op':'select','table':'C','where':[['w1','excludes',['set',[]]]],'columns':['x']},"
                       "{'op':'select','table':'A','where':[['ur','excludes',['set',[1,2,3,4]]]],'columns':['i']}]",
                   "[{'rows':[{'x':'y'}]},{'rows':[{'x':'y'}]},{'rows':[{'i':1}]}]");
    fixture_expect_part(db, "[{'op':'select','table':'C','where':[['w1','==',['set',[]]]]}]", "'error':'syntax error'");
    fixture_expect_part(db, "[{'op':'select','table':'A','where':[['ur','includes',['set',[1,2,3,4]]]]}]",
                        "set must have 0 to 3 members but 4 are present");
    static const char *const scalars[] = {"['i','excludes',['set',[]]]", "['i','excludes',['set',[1,2]]]",
                                          "['i','includes',['set',[]]]", "['_uuid','excludes',['set',[]]]"};
    for (size_t i = 0; i < ARRAY_SIZE(scalars); i++) {
        char *text = xasprintf("[{'op':'select','table':'A','where':[%s]}]", scalars[i]);
        fixture_expect_part(db, text, "must have exactly one member but");
        free(text);
    }
    database_free(db);
}

/* RFC 7047, section 5.2.2: of rows that are the same in all columns asked for, one is in the result. */
TEST(select_drops_duplicates_unless_the_uuid_is_asked_for)
{
    struct database *db = fixture_database();
    free(fixture_run(db, "[{'op':'insert','table':'N','row':{'name':'a','n':1},'uuid':'" U1 "'},"
                         "{'op':'insert','table':'N','row':{'name':'b','n':1},'uuid':'" U2 "'}]", NULL));
    fixture_expect(db, "[{'op':'select','table':'N','where':[],'columns':['n']}]", "[{'rows':[{'n':1}]}]");
    fixture_expect(db, "[{'op':'select','table':'N','where':[],'columns':[]}]", "[{'rows':[{}]}]");
    fixture_expect(db, "[{'op':'select','table':'N','where':[['name','==','b']],'columns':['n','name']}]",
                   "[{'rows':[{'n':1,'name':'b'}]}]");
    char *text = fixture_run(db, "[{'op':'select','table':'N','where':[],'columns':['n','_uuid']},"
                                 "{'op':'select','table':'N','where':[],'columns':['n','name']}]", NULL);
    assert_non_null(strstr(text, U1));
    assert_non_null(strstr(text, U2));
    assert_non_null(strstr(text, "\"a\""));
    assert_non_null(strstr(text, "\"b\""));
    free(text);
    database_free(db);
}

TEST(malformed_operations_are_named)
{
    struct database *db = fixture_database();
    fixture_expect(db, "['x']",
                   "[{'details':'Parsing ovsdb operation 1 of 1 failed: Object expected.','error':'syntax error'}]");
    fixture_expect(db, "[{'op':'nope'},{'op':'comment','comment':'c'}]",
                   "[{'details':'Parsing ovsdb operation 1 of 2 failed: No operation \\'nope\\'','error':'syntax error',"
                   "'syntax':'{\\'op\\':\\'nope\\'}'},null]");
    fixture_expect_part(db, "[{'op':'select','table':'Z','where':[]}]", "No table named Z.");
    fixture_expect_part(db, "[{'op':'select','table':'A','where':[],'foo':1}]",
                        "is present but not allowed here.");
    fixture_expect_part(db, "[{'op':'insert','table':'D','row':{}}]", "less than minimum allowed length 2");
    fixture_expect_part(db, "[{'op':'update','table':'A','where':[],'row':{'ro':1}}]", "immutable");
    fixture_expect_part(db, "[{'op':'select','table':'A','where':[['name','<','x']]}]", "may not be applied");
    fixture_expect_part(db, "[{'op':'assert','lock':'other'}]", "'error':'not owner'");
    fixture_expect(db, "[{'op':'assert','lock':'mine'}]", "[{}]");
    fixture_expect_part(db, "[{'op':'assert','lock':'no id'}]", "Type mismatch for member");
    fixture_expect_part(db, "[{'op':'commit','durable':1}]", "Type mismatch");
    fixture_expect_part(db, "[{'op':'wait','table':'N','where':[],'until':'==','rows':[],'timeout':1.5}]",
                        "Type mismatch for member");
    fixture_expect(db, "[{'op':'wait','table':'N','where':[],'until':'!=','rows':[],'timeout':9223372036854775807}]", "wait");
    fixture_expect(db, "[{'op':'wait','table':'N','where':[],'until':'!=','rows':[],'timeout':1000.0}]", "wait");
    fixture_expect_part(db, "[{'op':'wait','table':'N','where':[],'until':'==','rows':[],'timeout':1e300}]",
                        "Type mismatch for member");
    database_free(db);
}

TEST(equality_on_a_column_builds_an_index)
{
    struct database *db = fixture_database();
    struct db_table *table = database_table(db, "N");
    for (int i = 0; i < 200; i++) {
        char *operations = xasprintf("[{'op':'insert','table':'N','row':{'name':'n%d','n':%d}}]", i, i % 2);
        free(fixture_run(db, operations, NULL));
        free(operations);
    }
    uint32_t name = table_column(table->schema, "name")->index, n = table_column(table->schema, "n")->index;
    for (int i = 0; i < 3; i++) {
        fixture_expect(db, "[{'op':'select','table':'N','where':[['name','==','n77']],'columns':['n']}]",
                       "[{'rows':[{'n':1}]}]");
        fixture_expect_part(db, "[{'op':'delete','table':'N','where':[['n','==',3]]}]", "[{'count':0}]");
    }
    assert_non_null(table->equality[name].index);
    assert_null(table->equality[n].index);                   /* two values among 200 rows: not worth it */
    fixture_expect(db, "[{'op':'update','table':'N','where':[['name','==','n77']],'row':{'name':'m'}},"
                       "{'op':'select','table':'N','where':[['name','==','m']],'columns':['n']},"
                       "{'op':'select','table':'N','where':[['name','==','n77']],'columns':['n']},"
                       "{'op':'abort'}]",
                   "[{'count':1},{'rows':[{'n':1}]},{'rows':[]},{'details':'aborted by request','error':'aborted'}]");
    fixture_expect(db, "[{'op':'select','table':'N','where':[['name','==','n77']],'columns':['n']}]",
                   "[{'rows':[{'n':1}]}]");
    database_free(db);
}

TEST(a_result_that_is_too_large_is_an_error)
{
    struct database *db = fixture_database();
    fixture_expect(db, "[{'op':'insert','table':'A','row':{'name':'a very long name'},'uuid':'" U1 "'}]",
                   "[{'uuid':['uuid','" U1 "']}]");
    char *text = fixture_quotes("['T',{'op':'select','table':'A','where':[],'columns':['name']},"
                                "{'op':'select','table':'A','where':[],'columns':['name']},{'op':'delete','table':'A','where':[]}]");
    json_t *params;
    assert_null(json_parse(str_from(text), 0, &params));
    free(text);
    struct execute_result result;
    execute(&(struct execute_request) {.db = db, .params = params, .max_result = 60}, &result);
    assert_true(result.failed);
    char *expected = fixture_quotes("[{'rows':[{'name':'a very long name'}]},"
                                    "{'details':'The result is too large.','error':'resources exhausted'},null]");
    assert_string_equal(buf_text(&result.text), expected);
    free(expected);
    execute_result_fini(&result);
    json_decref(params);
    database_free(db);
}

TEST(a_delta_can_be_undone)
{
    struct database *db = fixture_database();
    free(fixture_run(db, "[{'op':'insert','table':'B','row':{'x':1},'uuid-name':'b','uuid':'" U2 "'},"
                         "{'op':'insert','table':'A','row':{'name':'a','strong':['named-uuid','b'],"
                         "'weak':['named-uuid','b']}}]", NULL));
    struct delta *delta;
    free(fixture_run(db, "[{'op':'delete','table':'A','where':[]},{'op':'insert','table':'N','row':{}}]", &delta));
    assert_int_equal(delta->n, 3);
    database_undo(db, delta);
    delta_unref(delta);
    database_check_invariants(db);
    fixture_expect(db, "[{'op':'select','table':'A','where':[],'columns':['strong','weak']},"
                       "{'op':'select','table':'B','where':[],'columns':['x']},"
                       "{'op':'select','table':'N','where':[]}]",
                   "[{'rows':[{'strong':['uuid','" U2 "'],'weak':['uuid','" U2 "']}]},{'rows':[{'x':1}]},{'rows':[]}]");
    database_free(db);
}

TEST_MAIN(T(insert_select_update_delete), T(a_failed_operation_undoes_all), T(named_uuids_link_rows_in_any_order),
          T(unreferenced_rows_are_collected), T(weak_references_to_nothing_vanish),
          T(unique_indexes_and_row_limits_hold), T(mutations_follow_the_rfc), T(wait_compares_sets_of_rows),
          T(a_name_used_twice_lends_no_uuid), T(includes_and_excludes_count_elements_loosely),
          T(select_drops_duplicates_unless_the_uuid_is_asked_for),
          T(malformed_operations_are_named), T(equality_on_a_column_builds_an_index), T(a_delta_can_be_undone),
          T(a_result_that_is_too_large_is_an_error))
