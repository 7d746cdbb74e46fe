/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/json.h"

#include <stdlib.h>

#include "lib/base/json_scan.h"
#include "tests/unit/expect.h"

/* 'text' is what 'input' is read as, in compact form. */
static void
check(const char *input, const char *text)
{
    json_t *json;
    assert_null(json_parse(str_from(input), JSON_ANY, &json));
    char *got = json_text(json);
    assert_string_equal(got, text);
    free(got);
    json_decref(json);
}

static void
check_fails(const char *input, const char *problem)
{
    json_t *json;
    expect_error(json_parse(str_from(input), 0, &json), problem);
    assert_null(json);
}

TEST(values_of_all_types_are_read)
{
    check(" {\"b\" : [ true,false , null],\r\n\t\"a\": {\"\":1.5}, \"c\":[],\"d\":{} } ",
          "{\"a\":{\"\":1.5},\"b\":[true,false,null],\"c\":[],\"d\":{}}");
    check("\"\\u0041\\u00e9\\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"A\u00e9\U0001f600 \\\"\\\\/\\b\\f\\n\\r\\t\"");
    check("{\"\\u0061\\u0062\":\"\\u0063\",\"x\":{\"\\u0061\":[\"\\u0064\"]}}", "{\"ab\":\"c\",\"x\":{\"a\":[\"d\"]}}");
    check("-7", "-7");
    check("null", "null");
}

/* Each byte at each place among plain ones, which are looked at several at once. */
TEST(bytes_that_end_or_break_a_string_are_seen_anywhere)
{
    for (int byte = 1; byte < 256; byte++) {
        for (int at = 0; at < 20; at++) {
            char text[40] = "\"aaaaaaaaaaaaaaaaaaaa\"";
            text[1 + at] = (char) byte;
            json_t *json;
            struct err *e = json_parse(str_from(text), JSON_ANY, &json);
            assert_int_equal(e == NULL, byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\');
            assert_true(e || json_string_value(json)[at] == byte);
            err_free(e);
            json_decref(json);
        }
    }
}

TEST(integers_beyond_64_bits_are_real_numbers)
{
    check("[9223372036854775807, -9223372036854775808]", "[9223372036854775807,-9223372036854775808]");
    check("[9223372036854775808]", "[9.2233720368547758e18]");
    check("[-9223372036854775809, 1]", "[-9.2233720368547758e18,1]");
    check("[9007199254740993,100000000000000000000]", "[9007199254740993,1e20]");
    check("[0.99999999999999999999, 1e+1, 1000000000000000000000e-20, 10e-00000000000000000000001]", "[1.0,10.0,10.0,1.0]");
}

TEST(errors_say_what_is_wrong_and_where)
{
    check_fails("[1e999]", "number outside valid range");
    check_fails("[1, -]", "line 1, column 6, byte 5: malformed number");
    check_fails("[100000000000000000000-1]", "expected ',' or ']'");
    check_fails("[\"", "unexpected end of input");
    check_fails("{\"a\":\n\"\\x\"}", "line 2, column 4, byte 9: bad escape");
    check_fails("[\"\\u0000\"]", "null bytes");
    check_fails("{\"a\":1,}", "expected a string");
    check_fails("{\"a\" 1}", "expected ':'");
    check_fails("[1]]", "trailing garbage");
    check_fails("[tru]", "invalid keyword");
    check_fails("[1,]", "expected a value");
    check_fails(" 3", "line 1, column 2, byte 1: neither an object nor an array");
    check_fails(" ", "empty input");
}

TEST(depth_has_a_limit)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (int n = JSON_MAX_DEPTH; n <= JSON_MAX_DEPTH + 1; n++) {
        json_t *json;
        buf_clear(&text);
        for (int i = 0; i < 2 * n; i++) {
            buf_putc(&text, i < n ? '[' : ']');
        }
        struct err *e = json_parse(str_n(buf_text(&text), text.size), 0, &json);
        assert_int_equal(e != NULL, n > JSON_MAX_DEPTH);
        err_free(e);
        json_decref(json);
    }
    buf_fini(&text);
}

TEST(names_may_come_twice_unless_told_otherwise)
{
    json_t *json;
    check("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
    expect_error(json_parse(str_from("[{\"a\":1,\"b\":{\"a\":2},\"\\u0061\":3}]"), JSON_UNIQUE, &json), "duplicate member name");
    assert_null(json_parse(str_from("[{\"a\":1},{\"a\":1}]"), JSON_UNIQUE, &json));
    json_decref(json);
}

TEST_MAIN(T(values_of_all_types_are_read), T(bytes_that_end_or_break_a_string_are_seen_anywhere),
          T(integers_beyond_64_bits_are_real_numbers),
          T(errors_say_what_is_wrong_and_where), T(depth_has_a_limit), T(names_may_come_twice_unless_told_otherwise))
