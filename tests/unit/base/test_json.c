/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

/* 'text' is what 'input' is read as, in compact form; NULL: an error. */
static void
check(const char *input, const char *text)
{
    json_error_t error;
    json_t *json = json_parse(input, strlen(input), 0, &error);
    if (!text) {
        assert_null(json);
        return;
    }
    assert_non_null(json);
    char *got = json_text(json);
    assert_string_equal(got, text);
    free(got);
    json_decref(json);
}

TEST(integers_beyond_64_bits_are_real_numbers)
{
    check("[9223372036854775807, -9223372036854775808]", "[9223372036854775807,-9223372036854775808]");
    check("[9223372036854775808]", "[9.2233720368547758e18]");
    check("[-9223372036854775809, 1]", "[-9.2233720368547758e18,1]");
    check("[9007199254740993,100000000000000000000]", "[9007199254740993,1e20]");
}

TEST(only_integers_are_widened)
{
    check("[100000000000000000000, \"\\\"99999999999999999999\", 0.99999999999999999999, 1e+1]",
          "[1e20,\"\\\"99999999999999999999\",1.0,10.0]");
    check("[100000000000000000000, 1000000000000000000000e-20]", "[1e20,10.0]");
    check("[100000000000000000000, 1e00000000000000000000001]", "[1e20,10.0]");
    check("[100000000000000000000, 10e-00000000000000000000001]", "[1e20,1.0]");
}

TEST(other_errors_stay_errors)
{
    check("[1e999]", NULL);
    check("[100000000000000000000, 1e999]", NULL);
    check("[100000000000000000000, -]", NULL);
    check("[100000000000000000000, 100000000000000000000-1]", NULL);
    check("[100000000000000000000, \"", NULL);
    check("[100000000000000000000, \"\\", NULL);
}

TEST_MAIN(T(integers_beyond_64_bits_are_real_numbers), T(only_integers_are_widened), T(other_errors_stay_errors))
