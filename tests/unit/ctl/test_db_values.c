/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/test.h"

#include "ovsdb/ctl/ctl.h"
#include "ovsdb/ctl/db_values.h"

static const char schema_text[] =
    "{\"name\":\"T\",\"version\":\"1.0.0\",\"tables\":{\"Bridge\":{\"columns\":{"
    "\"name\":{\"type\":\"string\"},\"name_2\":{\"type\":\"string\"},"
    "\"tag\":{\"type\":{\"key\":{\"type\":\"integer\",\"minInteger\":1,\"maxInteger\":9},\"min\":0,\"max\":1}},"
    "\"vlans\":{\"type\":{\"key\":\"integer\",\"min\":0,\"max\":\"unlimited\"}},"
    "\"other_config\":{\"type\":{\"key\":\"string\",\"value\":\"string\",\"min\":0,\"max\":\"unlimited\"}}}},"
    "\"Bridge_Port\":{\"columns\":{\"name\":{\"type\":\"string\"}}}}}";

static struct schema *
the_schema(void)
{
    struct schema *schema;
    struct err *err = schema_from_text(str_from(schema_text), &schema);
    assert_null(err);
    return schema;
}

static void
assert_error(struct err *err, const char *text)
{
    assert_non_null(err);
    assert_string_equal(err_detail(err), text);
    err_free(err);
}

TEST(tables_are_found_by_prefix)
{
    struct schema *schema = the_schema();
    const struct table *table;
    assert_null(ctl_find_table(schema, "bridge", &table));
    assert_string_equal(table->name, "Bridge");
    assert_null(ctl_find_table(schema, "BRIDGE-P", &table));
    assert_string_equal(table->name, "Bridge_Port");
    assert_error(ctl_find_table(schema, "br", &table), "\"br\" matches multiple table names: Bridge, Bridge_Port");
    assert_error(ctl_find_table(schema, "x", &table), "unknown table \"x\"");
    schema_unref(schema);
}

TEST(columns_are_found_by_prefix)
{
    struct schema *schema = the_schema();
    const struct table *table = schema_table(schema, "Bridge");
    const struct column *column;
    assert_null(ctl_find_column(table, "Other-C", &column));
    assert_string_equal(column->name, "other_config");
    assert_null(ctl_find_column(table, "name", &column));    /* exact, though a prefix of another */
    assert_string_equal(column->name, "name");
    assert_error(ctl_find_column(table, "nam", &column),
                 "Bridge contains more than one column whose name matches \"nam\": name, name_2");
    assert_error(ctl_find_column(table, "z", &column), "Bridge does not contain a column whose name matches \"z\"");
    schema_unref(schema);
}

TEST(arguments_are_taken_apart)
{
    struct schema *schema = the_schema();
    const struct table *table = schema_table(schema, "Bridge");
    struct db_argument a;

    assert_null(db_argument_parse(table, "other_config:\"a:b\"=c=d", DB_ARG_ASSIGNMENT, &a));
    assert_string_equal(a.key, "\"a:b\"");
    assert_string_equal(a.value, "c=d");
    db_argument_fini(&a);
    assert_null(db_argument_parse(table, "other_config:neutron\\:name=a\\:b", DB_ARG_ASSIGNMENT, &a));
    assert_string_equal(a.key, "neutron:name");
    assert_string_equal(a.value, "a\\:b");
    db_argument_fini(&a);
    assert_null(db_argument_parse(table, "other_config:a\"b c\"d=e", DB_ARG_ASSIGNMENT, &a));
    assert_string_equal(a.key, "a\"b c\"d");
    db_argument_fini(&a);
    assert_null(db_argument_parse(table, "tag", DB_ARG_COLUMN, &a));
    assert_null(a.key);
    assert_error(db_argument_parse(table, "tag=", DB_ARG_ASSIGNMENT, &a),
                 "tag=: argument does not end in \"=\" followed by a value.");
    assert_error(db_argument_parse(table, "tag!=3", DB_ARG_ASSIGNMENT, &a),
                 "tag!=3: argument does not end in \"=\" followed by a value.");
    assert_error(db_argument_parse(table, "tag=3", DB_ARG_COLUMN, &a), "tag=3: trailing garbage \"=3\" in argument");
    assert_error(db_argument_parse(table, "other_config:\"a", DB_ARG_COLUMN, &a),
                 "\"a: quoted string extends past end of argument");
    assert_error(db_argument_parse(table, "other_config:a\\", DB_ARG_COLUMN, &a), "a\\: backslash at end of argument");
    assert_error(db_argument_parse(table, ":a=3", DB_ARG_ASSIGNMENT, &a), ":a=3: missing column name");
    schema_unref(schema);
}

/* Does "text" hold for a row whose column holds 'value', as people write it? */
static bool
holds(const struct table *table, const char *text, const char *value)
{
    struct db_condition condition;
    struct datum datum;

    assert_null(db_condition_parse(table, text, NULL, &condition));
    assert_null(datum_from_string(&datum, &condition.column->type, value, NULL));
    bool result = db_condition_holds(&condition, &datum);
    datum_fini(&datum, column_datum_type(&condition.column->type));
    db_condition_fini(&condition);
    return result;
}

TEST(conditions_compare_as_the_man_page_says)
{
    static const struct {
        const char *condition, *value;
        bool holds;
    } cases[] = {
        {"name=a", "a", true}, {"name!=a", "a", false}, {"name<b", "a", true}, {"name>=b", "a", false},
        {"tag=[]", "[]", true}, {"tag!=[]", "3", true}, {"tag<3", "[]", true}, {"tag<3", "2", true}, {"tag>3", "4", true},
        {"vlans=1,2", "2,1", true}, {"vlans<1,2", "9", true}, {"vlans<1,2", "1,1000", false},
        {"vlans{=}1,2", "1,2", true}, {"vlans{!=}1,2", "1", true}, {"vlans{<=}1,2", "1", true},
        {"vlans{<=}1,2", "[]", true}, {"vlans{<}1,2", "1,2", false}, {"vlans{>=}1,2", "1,2,3", true},
        {"vlans{>}1,2", "1,2", false}, {"vlans{in}1,2", "1", true}, {"vlans{not-in}1,2", "3", true},
        {"vlans{not-in}1,2", "2,3", false},
        {"other_config:a=b", "a=b,c=d", true}, {"other_config:a=b", "c=d", false}, {"other_config:a!=b", "c=d", false},
        {"other_config:a!=b", "a=c", true}, {"other_config:a{!=}b", "c=d", true}, {"other_config:a{in}b,c", "a=c", true},
        {"other_config:a{not-in}b,c", "{}", true}, {"other_config:a!=null", "a=x", true}, {"other_config={}", "{}", true},
        {"other_config{>=}a=b", "a=b,c=d", true}, {"other_config:a>b", "a=c", true},
    };
    struct schema *schema = the_schema();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (holds(schema_table(schema, "Bridge"), cases[i].condition, cases[i].value) != cases[i].holds) {
            fail_msg("%s on %s", cases[i].condition, cases[i].value);
        }
    }
    schema_unref(schema);
}

TEST(bad_conditions_are_named)
{
    struct schema *schema = the_schema();
    const struct table *table = schema_table(schema, "Bridge");
    struct db_condition c;
    assert_error(db_condition_parse(table, "name:x=y", NULL, &c), "cannot specify key to check for non-map column name");
    assert_error(db_condition_parse(table, "tag=x", NULL, &c), "\"x\" is not a valid integer or range");
    assert_error(db_condition_parse(table, "name=a,b", NULL, &c), "a,b: 2 value(s) specified but the maximum number is 1");
    assert_error(db_condition_parse(table, "other_config:\"a=b", NULL, &c), "\"a=b: quoted string extends past end of argument");
    struct err *err = db_condition_parse(table, "name", NULL, &c);
    assert_non_null(strstr(err_detail(err), "\"{in}\", or \"{not-in}\" followed by a value."));
    err_free(err);
    schema_unref(schema);
}

TEST_MAIN(T(tables_are_found_by_prefix), T(columns_are_found_by_prefix), T(arguments_are_taken_apart),
          T(conditions_compare_as_the_man_page_says), T(bad_conditions_are_named))
