/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/model/schema.h"

#include <stdlib.h>

#include "tests/unit/expect.h"

#define SCHEMA(COLUMNS) "{\"name\":\"D\",\"version\":\"1.0.0\",\"tables\":{\"T\":{\"columns\":{" COLUMNS "}}}}"

static struct schema *
parse(const char *text)
{
    struct schema *schema;
    expect_ok(schema_from_text(str_from(text), &schema));
    return schema;
}

static void
expect_schema_error(const char *text, const char *message)
{
    struct schema *schema = NULL;
    expect_error(schema_from_text(str_from(text), &schema), message);
    assert_null(schema);
}

TEST(shipped_schemas_round_trip)
{
    static const char *const names[] = {"OVN_Northbound", "OVN_Southbound"};
    static const char *const files[] = {"/schemas/ovn-nb.ovsschema", "/schemas/ovn-sb.ovsschema"};
    for (int i = 0; i < 2; i++) {
        struct schema *schema, *again;
        const char *top = getenv("srcdir") ? getenv("srcdir") : ".";
        char *path = xasprintf("%s%s", top, files[i]);
        expect_ok(schema_from_file(path, &schema));
        assert_string_equal(schema->name, names[i]);
        json_t *json = schema_to_json(schema);
        expect_ok(schema_from_json(json, &again));
        assert_true(schema_eq(schema, again));
        json_decref(json);
        schema_unref(again);
        schema_unref(schema);
        free(path);
    }
}

TEST(types_are_read)
{
    struct schema *schema = parse(SCHEMA(
        "\"ref\":{\"type\":{\"key\":{\"type\":\"uuid\",\"refTable\":\"T\",\"refType\":\"weak\"},\"min\":0}},"
        "\"set\":{\"type\":{\"key\":{\"type\":\"integer\",\"minInteger\":-1},\"min\":0,\"max\":\"unlimited\"}},"
        "\"map\":{\"type\":{\"key\":\"string\",\"value\":\"real\",\"min\":1,\"max\":3},\"mutable\":false},"
        "\"e\":{\"type\":\"boolean\",\"ephemeral\":true}"));
    struct table *table = schema_table(schema, "T");
    assert_true(table->is_root);                             /* no table says so: all are */
    assert_int_equal(table->n_columns, COLUMN_FIRST + 4);
    assert_ptr_equal(table_column(table, "_uuid"), &table->columns[COLUMN_UUID]);
    assert_ptr_equal(table_column(table, "e"), &table->columns[COLUMN_FIRST]);
    assert_null(table_column(table, "f"));
    assert_null(table_column(table, "_f"));
    assert_null(schema_table(schema, "U"));
    const struct column *ref = table_column(table, "ref");
    assert_ptr_equal(ref->type.key.ref_table, table);
    assert_true(ref->type.key.ref_is_weak && column_type_is_optional(&ref->type));
    const struct column *map = table_column(table, "map");
    assert_true(column_type_is_map(&map->type) && !map->is_mutable && map->type.n_max == 3);
    assert_int_equal(table_column(table, "set")->type.key.integer_min, -1);
    assert_true(table_column(table, "e")->is_ephemeral);
    schema_unref(schema);
}

TEST(bad_schemas_are_refused)
{
    expect_schema_error("{", "syntax error");
    expect_schema_error("[]", "Parsing database schema failed: Object expected.");
    expect_schema_error("{\"tables\":{}}", "'name'");
    expect_schema_error("{\"name\":\"D\"}", "'tables'");
    expect_schema_error("{\"name\":\"D\",\"version\":\"1.0\",\"tables\":{}}", "x.y.z");
    expect_schema_error("{\"name\":\"9\",\"tables\":{}}", "Type mismatch for member 'name'");
    expect_schema_error("{\"name\":\"D\",\"tables\":{},\"x\":1}", "Member 'x' is present but not allowed here.");
    expect_schema_error("{\"name\":\"D\",\"tables\":{\"T\":{\"columns\":{}}}}", "at least one column");
    expect_schema_error(SCHEMA("\"_a\":{\"type\":\"integer\"}"), "reserved");
    expect_schema_error(SCHEMA("\"a\":{\"type\":\"int\"}"), "\"int\" is not an atomic-type");
    expect_schema_error(SCHEMA("\"a\":{}"), "Parsing schema for column a failed: Required 'type' member is missing.");
    expect_schema_error(SCHEMA("\"a\":{\"type\":{\"key\":\"integer\",\"min\":2}}"), "fails constraint checks");
    expect_schema_error(SCHEMA("\"a\":{\"type\":{\"key\":\"integer\",\"max\":0}}"), "fails constraint checks");
    expect_schema_error(SCHEMA("\"a\":{\"type\":{\"key\":{\"type\":\"uuid\",\"refTable\":\"U\"}}}"),
                        "column a key refers to undefined table U");
    expect_schema_error(SCHEMA("\"a\":{\"type\":{\"key\":{\"type\":\"integer\",\"minLength\":2}}}"), "not allowed");
    expect_schema_error(SCHEMA("\"a\":{\"type\":{\"key\":{\"type\":\"integer\",\"minInteger\":2,"
                               "\"maxInteger\":1}}}"),
                        "minInteger exceeds maxInteger");
    expect_schema_error("{\"name\":\"D\",\"tables\":{\"T\":{\"columns\":{\"a\":{\"type\":\"integer\"}},"
                        "\"indexes\":[[\"b\"]]}}}",
                        "b is not a valid column name");
}

/* JSON notation. */

static struct column_type
type_from(const char *text, struct schema **ret_schema)
{
    char *schema = xasprintf("{\"name\":\"D\",\"tables\":{\"T\":{\"columns\":{\"a\":{\"type\":%s}}}}}", text);
    *ret_schema = parse(schema);
    free(schema);
    return table_column(schema_table(*ret_schema, "T"), "a")->type;
}

/* Parses 'input' as a value of 'type'.  With 'error' NULL it must print as 'output' in all three ways. */
static void
check_json(const char *type_text, const char *input, const char *output, const char *error)
{
    struct schema *schema;
    struct column_type type = type_from(type_text, &schema);
    struct datum datum;
    json_t *json = json_loads(input, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    struct err *e = datum_from_json(&datum, &type, json, NULL);
    json_decref(json);
    if (error) {
        expect_error(e, error);
    } else {
        expect_ok(e);
        struct buf buf = BUF_INIT(1000);
        datum_put_json(&buf, &datum, &type);
        assert_string_equal(buf_text(&buf), output);
        json = datum_to_json(&datum, &type);
        char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
        assert_string_equal(text, output);
        free(text);
        json_decref(json);
        buf_fini(&buf);
        datum_fini(&datum, column_datum_type(&type));
    }
    schema_unref(schema);
}

#define SET(OF) "{\"key\":" OF ",\"min\":0,\"max\":\"unlimited\"}"
#define MAP(OF, TO) "{\"key\":" OF ",\"value\":" TO ",\"min\":0,\"max\":\"unlimited\"}"
#define UUID1 "[\"uuid\",\"aaaaaaaa-1111-2222-3333-444444444444\"]"

TEST(json_values_round_trip)
{
    check_json("\"integer\"", "5", "5", NULL);
    check_json("\"integer\"", "-9223372036854775808", "-9223372036854775808", NULL);
    check_json("\"integer\"", "1e3", "1000", NULL);
    check_json("\"integer\"", "[\"set\",[7]]", "7", NULL);
    check_json("\"real\"", "5", "5", NULL);
    check_json("\"real\"", "-0.5", "-0.5", NULL);
    check_json("\"boolean\"", "true", "true", NULL);
    check_json("\"string\"", "\"h\\u00e9\\n\\\"\"", "\"h\xc3\xa9\\n\\\"\"", NULL);
    check_json("\"uuid\"", "[\"uuid\",\"AAAAAAAA-1111-2222-3333-444444444444\"]", UUID1, NULL);
    check_json(SET("\"integer\""), "[\"set\",[3,1,2]]", "[\"set\",[1,2,3]]", NULL);
    check_json(SET("\"integer\""), "[\"set\",[]]", "[\"set\",[]]", NULL);
    check_json(SET("\"uuid\""), UUID1, UUID1, NULL);
    check_json(MAP("\"string\"", "\"integer\""), "[\"map\",[[\"b\",1],[\"a\",2]]]",
               "[\"map\",[[\"a\",2],[\"b\",1]]]", NULL);
    check_json(MAP("\"string\"", "\"uuid\""), "[\"map\",[[\"b\"," UUID1 "]]]", "[\"map\",[[\"b\"," UUID1 "]]]", NULL);
}

TEST(bad_json_values_are_refused)
{
    check_json("\"integer\"", "1.5", NULL, "syntax error: expected integer");
    check_json("\"integer\"", "1e300", NULL, "syntax error: expected integer");
    check_json("\"integer\"", "[\"set\",[1,2]]", NULL, "syntax error: set must have exactly one member but 2 are present");
    check_json("\"integer\"", "[\"set\",1]", NULL, "syntax error: expected [\"set\", <array>]");
    check_json("\"string\"", "1", NULL, "expected string");
    check_json("\"boolean\"", "\"true\"", NULL, "expected boolean");
    check_json("\"uuid\"", "\"x\"", NULL, "expected [\"uuid\", <string>]");
    check_json("\"uuid\"", "[\"uuid\",\"x\"]", NULL, "\"x\" is not a valid UUID");
    check_json("\"uuid\"", "[\"named-uuid\",\"x\"]", NULL, "expected [\"uuid\", <string>]");
    check_json(SET("\"integer\""), "[\"set\",[1,1]]", NULL, "ovsdb error: set contains duplicate");
    check_json(SET("\"string\""), "[\"set\",[\"a\",1]]", NULL, "expected string");
    check_json(MAP("\"string\"", "\"string\""), "[\"map\",[[\"a\",\"b\"],[\"a\",\"c\"]]]", NULL, "map contains duplicate key");
    check_json(MAP("\"string\"", "\"string\""), "[\"map\",[[\"a\"]]]", NULL, "expected 2-element array");
    check_json(MAP("\"string\"", "\"string\""), "[\"map\",[[\"a\",1]]]", NULL, "expected string");
    check_json(MAP("\"string\"", "\"string\""), "[\"set\",[]]", NULL, "expected [\"map\", <array>]");
    check_json("{\"key\":\"integer\",\"max\":2}", "[\"set\",[1,2,3]]", NULL, "set must have 1 to 2 members but 3 are present");
    check_json("{\"key\":{\"type\":\"integer\",\"minInteger\":1,\"maxInteger\":5}}", "6", NULL,
               "constraint violation: 6 is not in the valid range 1 to 5 (inclusive)");
    check_json("{\"key\":{\"type\":\"integer\",\"minInteger\":1}}", "0", NULL, "0 is less than minimum allowed value 1");
    check_json("{\"key\":{\"type\":\"real\",\"maxReal\":1.5}}", "2", NULL, "2 is greater than maximum allowed value 1.5");
    check_json("{\"key\":{\"type\":\"string\",\"maxLength\":2}}", "\"abc\"", NULL,
               "\"abc\" length 3 is greater than maximum allowed length 2");
    check_json("{\"key\":{\"type\":\"string\",\"maxLength\":2}}", "\"\\u00e9\\u00e9\"", "\"\xc3\xa9\xc3\xa9\"", NULL);
    check_json("{\"key\":{\"type\":\"string\",\"enum\":[\"set\",[\"b\",\"c d\"]]}}", "\"x\"", NULL,
               "x is not one of the allowed values ([b, \"c d\"])");
}

static const struct uuid *
resolve(void *aux, const char *name)
{
    return !strcmp(name, "x") || !strcmp(name, "@x") ? aux : NULL;
}

TEST(names_of_uuids_are_resolved)
{
    struct schema *schema;
    struct column_type type = type_from("\"uuid\"", &schema);
    struct uuid uuid = {{1, 2, 3}};
    struct named_uuids names = {.resolve = resolve, .aux = &uuid};
    struct datum datum;
    json_t *json = json_loads("[\"named-uuid\",\"x\"]", 0, NULL);
    expect_ok(datum_from_json(&datum, &type, json, &names));
    json_decref(json);
    assert_true(uuid_eq(&datum.one.uuid, &uuid));
    json = json_loads("[\"named-uuid\",\"9\"]", 0, NULL);
    expect_error(datum_from_json(&datum, &type, json, &names), "named-uuid string is not a valid <id>");
    json_decref(json);
    expect_ok(datum_from_string(&datum, &type, "@x", &names));
    assert_true(uuid_eq(&datum.one.uuid, &uuid));
    schema_unref(schema);
}

/* The notation of the command line. */

static void
check_string(const char *type_text, const char *input, const char *output, const char *bare)
{
    struct schema *schema;
    struct column_type type = type_from(type_text, &schema);
    struct datum datum;
    struct err *e = datum_from_string(&datum, &type, input, NULL);
    if (!bare) {
        expect_error(e, output);
    } else {
        expect_ok(e);
        struct buf buf = BUF_INIT(1000);
        datum_put_string(&buf, &datum, &type);
        assert_string_equal(buf_text(&buf), output);
        buf_clear(&buf);
        datum_put_bare(&buf, &datum, &type);
        assert_string_equal(buf_text(&buf), bare);
        buf_fini(&buf);
        datum_fini(&datum, column_datum_type(&type));
    }
    schema_unref(schema);
}

#define STRING "\"string\""
#define STRINGS SET(STRING)
#define STRING_MAP MAP(STRING, STRING)
#define OPTIONAL "{\"key\":\"string\",\"min\":0}"
#define TAG "{\"key\":{\"type\":\"integer\",\"minInteger\":1,\"maxInteger\":9},\"min\":0}"

TEST(command_line_values_are_read_and_printed)
{
    check_string(STRING, "abc", "abc", "abc");
    check_string(STRING, "a-b.c_9", "a-b.c_9", "a-b.c_9");
    check_string(STRING, "a/b", "\"a/b\"", "a/b");
    check_string(STRING, "1x", "\"1x\"", "1x");
    check_string(STRING, "\"\"", "\"\"", "");
    check_string(STRING, "true", "\"true\"", "true");
    check_string(STRING, "\"a\\\"b c\"", "\"a\\\"b c\"", "a\"b c");
    check_string(STRING, "a\\nb", "anb", "anb");
    check_string(STRING, "aaaaaaaa-1111-2222-3333-444444444444", "\"aaaaaaaa-1111-2222-3333-444444444444\"",
                 "aaaaaaaa-1111-2222-3333-444444444444");
    check_string(STRINGS, "[]", "[]", "");
    check_string(STRINGS, "b,a", "[a, b]", "a b");
    check_string(STRINGS, " [ b , a ] ", "[a, b]", "a b");
    check_string(STRINGS, "\"00:00 1.1\" x", "[\"00:00 1.1\", x]", "00:00 1.1 x");
    check_string(STRINGS, "a,", "[a]", "a");
    check_string(STRING_MAP, "{}", "{}", "");
    check_string(STRING_MAP, "{c=\"d e\",a = b}", "{a=b, c=\"d e\"}", "a=b c=d e");
    check_string(STRING_MAP, "\"a:b\"=c d=\"\"", "{\"a:b\"=c, d=\"\"}", "a:b=c d=");
    check_string("{\"key\":\"string\",\"value\":\"integer\",\"min\":0}", "{z=1}", "z=1", "z=1");
    check_string("{\"key\":\"string\",\"value\":\"integer\",\"min\":0}", "{}", "{}", "");
    check_string(OPTIONAL, "[x]", "x", "x");
    check_string(OPTIONAL, "[]", "[]", "");
    check_string(TAG, "05", "5", "5");
    check_string(SET("\"integer\""), "1,5-7", "[1, 5, 6, 7]", "1 5 6 7");
    check_string(SET("\"integer\""), "-3--1", "[-3, -2, -1]", "-3 -2 -1");
    check_string("\"boolean\"", "yes", "true", "true");
    check_string("\"boolean\"", "0", "false", "false");
    check_string("\"real\"", "1.50", "1.5", "1.5");
}

TEST(bad_command_line_values_are_explained)
{
    check_string(STRING, "\"a", "\"a: quoted string extends past end of argument", NULL);
    check_string(STRING, "\"a\"b", "\"a\"b: missing quote at end of quoted string", NULL);
    check_string(STRING, "\"a\"\"b\"", "\"a\"\"b\": quoted string may not include unescaped \"", NULL);
    check_string(STRING, "\"a\\xb\"", "\"a\\xb\": bad escape \\x", NULL);
    check_string(STRING, "a:b", "a:b: unexpected \":\" parsing string", NULL);
    check_string(STRING, "a b", "a b: 2 value(s) specified but the maximum number is 1", NULL);
    check_string(STRING, "[]", "[]: 0 value(s) specified but the minimum number is 1", NULL);
    check_string(STRINGS, "", "use \"[]\" to specify the empty set", NULL);
    check_string(STRING_MAP, "  ", "use \"{}\" to specify the empty map", NULL);
    check_string(STRINGS, "[a", "[a: missing \"]\" at end of data", NULL);
    check_string(STRINGS, "a]", "a]: unexpected \"]\" parsing set of strings", NULL);
    check_string(STRINGS, "[a]b", "[a]b: trailing garbage after \"]\"", NULL);
    check_string(STRINGS, "[a,a]", "[a,a]: set contains duplicate value", NULL);
    check_string(OPTIONAL, "a:b", "a:b: unexpected \":\" parsing set of up to 1 strings", NULL);
    check_string(STRING_MAP, "a", "a: syntax error at \"\" expecting \"=\"", NULL);
    check_string(STRING_MAP, "{a}", "a}: syntax error at \"}\" expecting \"=\"", NULL);
    check_string(STRING_MAP, "a=", "An empty string is not valid as input", NULL);
    check_string(STRING_MAP, "a=b,a=c", "a=b,a=c: map contains duplicate key", NULL);
    check_string(STRING_MAP, "[a=b]", "[a=b]: unexpected \"[\" parsing map of (string, string) pairs", NULL);
    check_string(TAG, "10", "constraint violation: 10 is not in the valid range 1 to 9 (inclusive)", NULL);
    check_string(TAG, "0x5", "\"0x5\" is not a valid integer or range", NULL);
    check_string(TAG, "9-3", "\"9-3\" is not a valid range. Range end cannot be before start.", NULL);
    check_string(SET("\"integer\""), "0-9223372036854775807", "more than", NULL);
    check_string("\"boolean\"", "True", "\"True\" is not a valid boolean (use \"true\" or \"false\")", NULL);
    check_string("\"uuid\"", "@x", "\"@x\" is not a valid UUID", NULL);
}

TEST(defaults_and_differences)
{
    struct schema *schema;
    struct column_type type = type_from(OPTIONAL, &schema);
    struct datum old, new, diff;
    datum_init_default(&old, &type);
    assert_true(datum_is_default(&old, &type));
    datum_init_string(&new, "x");
    assert_false(datum_is_default(&new, &type));
    datum_diff_column(&diff, &new, &old, &type);             /* at most one element: the new value */
    assert_int_equal(diff.n, 0);
    datum_apply_diff_column(&new, &diff, &type);
    assert_true(datum_eq(&new, &old, column_datum_type(&type)));
    datum_fini(&new, column_datum_type(&type));
    schema_unref(schema);
    type = type_from("\"string\"", &schema);
    datum_init_default(&old, &type);
    assert_int_equal(old.n, 1);
    assert_true(datum_is_default(&old, &type));
    expect_ok(datum_check_constraints(&old, &type));
    datum_fini(&old, column_datum_type(&type));
    datum_init_empty(&old);
    expect_error(datum_check_constraints(&old, &type), "constraint violation: set must have exactly one member");
    schema_unref(schema);
}

TEST_MAIN(T(shipped_schemas_round_trip), T(types_are_read), T(bad_schemas_are_refused), T(json_values_round_trip),
          T(bad_json_values_are_refused), T(names_of_uuids_are_resolved),
          T(command_line_values_are_read_and_printed), T(bad_command_line_values_are_explained),
          T(defaults_and_differences))
