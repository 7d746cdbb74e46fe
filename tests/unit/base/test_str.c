/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/str.h"

#include <stdlib.h>

#include "tests/unit/test.h"

TEST(buf_remembers_its_first_overflow)
{
    struct buf buf = BUF_INIT(4);
    buf_puts(&buf, "abc");
    assert_true(buf_is_ok(&buf));
    buf_puts(&buf, "de");
    buf_puts(&buf, "f");
    assert_false(buf_is_ok(&buf));
    assert_string_equal(buf_text(&buf), "abc");
    buf_fini(&buf);
}

TEST(buf_printf_grows)
{
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    for (int i = 0; i < 100; i++) {
        buf_printf(&buf, "%d,", i);
    }
    assert_int_equal(buf.size, 10 * 2 + 90 * 3);
    assert_memory_equal(buf.data + buf.size - 6, "98,99,", 7);
    buf_fini(&buf);
}

TEST(json_strings_are_escaped)
{
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    buf_put_json_string(&buf, str_from("a\"b\\c\n\x01z"));
    assert_string_equal(buf_text(&buf), "\"a\\\"b\\\\c\\n\\u0001z\"");
    buf_fini(&buf);
}

TEST(str_cut_walks_a_list)
{
    struct str list = str_from("a,b,,c");
    const char *parts[] = {"a", "b", "", "c"};
    for (int i = 0; i < 4; i++) {
        assert_non_null(list.s);
        assert_true(str_is(str_cut(&list, ","), parts[i]));
    }
    assert_null(list.s);
}

TEST(numbers_must_be_whole)
{
    int64_t i = 7;
    uint64_t u = 7;
    double d = 7;
    assert_false(str_to_int64("12x", 10, &i));
    assert_false(str_to_int64("", 10, &i));
    assert_false(str_to_int64("9223372036854775808", 10, &i));
    assert_false(str_to_uint64("-1", 10, &u));
    assert_false(str_to_double(" 1", &d));
    assert_int_equal(i, 7);
    assert_true(str_to_int64("-12", 10, &i) && i == -12);
    assert_true(str_to_uint64("ff", 16, &u) && u == 255);
    assert_true(str_to_double("1.5", &d) && d > 1.4 && d < 1.6);
}

TEST_MAIN(T(buf_remembers_its_first_overflow), T(buf_printf_grows), T(json_strings_are_escaped),
          T(str_cut_walks_a_list), T(numbers_must_be_whole))
