/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_TEST_H
#define WEFT_TESTS_UNIT_TEST_H

/* What: cmocka with the headers it wants first, and short names for tests.
 *
 * A test file:   TEST(buf_remembers_overflow) { ... assert_false(buf_is_ok(&b)); }
 *                TEST_MAIN(T(buf_remembers_overflow), T(...))
 * Every test ends with all counted objects gone (mem_total() as it began), or it fails. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"

#define TEST(NAME)                                                                                  \
    static void NAME##_body(void);                                                                  \
    static void NAME(void **state UNUSED)                                                           \
    {                                                                                               \
        int64_t before = mem_total();                                                               \
        NAME##_body();                                                                              \
        assert_int_equal(mem_total(), before);                                                      \
    }                                                                                               \
    static void NAME##_body(void)
#define T(NAME) cmocka_unit_test(NAME)
#define TEST_MAIN(...)                                                                              \
    int main(void)                                                                                  \
    {                                                                                               \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                                            \
        return cmocka_run_group_tests(tests, NULL, NULL);                                           \
    }

#endif
