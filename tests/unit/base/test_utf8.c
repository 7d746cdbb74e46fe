/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/utf8.h"
#include "tests/unit/test.h"

static size_t
length_of(const char *text)
{
    return utf8_sequence_length(text, strlen(text));
}

TEST(sequences_have_a_length)
{
    assert_int_equal(length_of("a\x80"), 1);
    assert_int_equal(utf8_sequence_length("", 1), 1);
    assert_int_equal(length_of("\xc2\x80"), 2);
    assert_int_equal(length_of("\xe0\xa0\x80"), 3);
    assert_int_equal(length_of("\xed\x9f\xbfx"), 3);
    assert_int_equal(length_of("\xf0\x90\x80\x80"), 4);
    assert_int_equal(length_of("\xf4\x8f\xbf\xbf"), 4);
}

TEST(malformed_sequences_have_none)
{
    static const char *const malformed[] = {
        "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2x", "\xe0\x9f\xbf", "\xe2\x82", "\xe2\x82x", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe\xff",
    };
    for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
        assert_int_equal(length_of(malformed[i]), 0);
    }
}

static void
check_repair(const char *text, const char *repaired, const char *first)
{
    struct buf buf = BUF_INIT(100);
    struct str found = utf8_repair(str_from(text), &buf);
    assert_string_equal(buf_text(&buf), repaired);
    assert_true(str_is(found, first));
    buf_fini(&buf);
}

TEST(repair_names_what_is_wrong)
{
    check_repair("", "", "");
    check_repair("h\xc3\xa9!", "h\xc3\xa9!", "");
    check_repair("a\xff" "b\xfe", "a?b?", "\xff");
    check_repair("\xed\xa0\x80", "???", "\xed\xa0");
    check_repair("\xe2\x82(\xc3\xa9", "?" "?(\xc3\xa9", "\xe2\x82(");
    check_repair("x\xe2\x82", "x??", "\xe2\x82");
}

TEST_MAIN(T(sequences_have_a_length), T(malformed_sequences_have_none), T(repair_names_what_is_wrong))
