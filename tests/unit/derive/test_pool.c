/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/pool.h"

#include <stdio.h>

#include "tests/unit/test.h"

#define S(TEXT) str_from(TEXT)

TEST(numbers_are_kept)
{
    struct pool *pool = pool_new(1, 100);
    assert_int_equal(pool_assign(pool, S("a"), 0), 1);
    assert_int_equal(pool_assign(pool, S("b"), 0), 2);
    assert_int_equal(pool_assign(pool, S("a"), 50), 1);      /* has one already */
    assert_int_equal(pool_find(pool, S("b")), 2);
    assert_int_equal(pool_find(pool, S("c")), 0);
    assert_true(str_is(pool_name(pool, 2), "b"));
    assert_null(pool_name(pool, 3).s);
    assert_int_equal(pool_count(pool), 2);
    pool_free(pool);
}

TEST(a_freed_number_rests)
{
    struct pool *pool = pool_new(5, 7);
    assert_int_equal(pool_assign(pool, S("a"), 0), 5);
    pool_release(pool, S("a"));
    pool_release(pool, S("a"));
    assert_int_equal(pool_assign(pool, S("b"), 0), 6);
    assert_int_equal(pool_assign(pool, S("c"), 0), 7);
    assert_int_equal(pool_assign(pool, S("d"), 0), 5);       /* around */
    assert_int_equal(pool_assign(pool, S("e"), 0), 0);       /* exhausted */
    assert_int_equal(pool_assign(pool, S("e"), 6), 0);
    pool_release(pool, S("b"));
    assert_int_equal(pool_assign(pool, S("e"), 0), 6);
    pool_free(pool);
}

TEST(adopting_moves_and_respects_others)
{
    struct pool *pool = pool_new(1, 10);
    assert_true(pool_adopt(pool, S("a"), 4));
    assert_true(pool_adopt(pool, S("a"), 4));
    assert_false(pool_adopt(pool, S("b"), 4));
    assert_false(pool_adopt(pool, S("a"), 11));
    assert_false(pool_adopt(pool, S("a"), 0));
    assert_int_equal(pool_find(pool, S("a")), 4);
    assert_true(pool_adopt(pool, S("a"), 5));                /* 4 is free again */
    assert_true(pool_adopt(pool, S("b"), 4));
    assert_int_equal(pool_assign(pool, S("c"), 5), 1);       /* preferred, but taken */
    assert_int_equal(pool_assign(pool, S("d"), 9), 9);
    pool_free(pool);
}

TEST(assigning_walks_over_what_is_taken)
{
    struct pool *pool = pool_new(1, 1000);
    char name[16];
    for (uint32_t i = 3; i <= 1000; i += 3) {
        snprintf(name, sizeof name, "adopted%u", i);
        assert_true(pool_adopt(pool, S(name), i));
    }
    for (uint32_t i = 1; pool_count(pool) < 1000; i++) {
        snprintf(name, sizeof name, "assigned%u", i);
        assert_int_equal(pool_assign(pool, S(name), 0), i + (i - 1) / 2);        /* 1 2 4 5 7 ... */
    }
    assert_int_equal(pool_count(pool), 1000);
    for (uint32_t i = 1; i <= 1000; i++) {
        assert_int_equal(pool_find(pool, pool_name(pool, i)), i);
    }
    pool_free(pool);
}

TEST_MAIN(T(numbers_are_kept), T(a_freed_number_rests), T(adopting_moves_and_respects_others),
          T(assigning_walks_over_what_is_taken))
