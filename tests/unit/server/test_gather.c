/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/gather.h"

#include <string.h>

#include "tests/unit/test.h"

enum { N_CLIENTS = 8 };

static struct gather gather;
static uint64_t members[N_CLIENTS];
static int64_t now_ms;

static void
reset(void)
{
    gather = (struct gather) {0};
    memset(members, 0, sizeof members);
    now_ms = 1000;
}

static void
commit(int first, int n)
{
    for (int i = first; i < first + n; i++) {
        gather_add(&gather, &members[i]);
    }
}

TEST(halves_that_alternate_meet)
{
    reset();
    commit(0, 4);
    assert_false(gather_should_hold(&gather, now_ms));
    gather_close(&gather);
    commit(4, 4);                                            /* arrived while the others were synced */
    gather_should_hold(&gather, now_ms);
    gather_close(&gather);
    for (int round = 0; round < 10; round++) {
        commit(4 - 4 * (round % 2), 4);
        assert_true(gather_should_hold(&gather, now_ms));
        commit(4 * (round % 2), 4);
        assert_false(gather_should_hold(&gather, now_ms));
        gather_close(&gather);
    }
    assert_int_equal(gather.n_last, N_CLIENTS);
}

TEST(a_lone_client_never_waits)
{
    reset();
    for (int i = 0; i < 10; i++) {
        commit(3, 1);
        commit(3, 1);                                        /* its second in one batch makes no difference */
        assert_false(gather_should_hold(&gather, now_ms));
        assert_int_equal(gather_deadline_ms(&gather), INT64_MAX);
        gather_close(&gather);
    }
}

TEST(patience_ends_and_is_shown_less_often_when_in_vain)
{
    reset();
    int n_held = 0;
    for (int i = 0; i < 1000; i++) {                         /* two that never come together */
        commit(i % 2, 1);
        if (gather_should_hold(&gather, now_ms)) {
            n_held++;
            assert_int_equal(gather_deadline_ms(&gather), now_ms + GATHER_MS);
            now_ms += GATHER_MS;
            assert_false(gather_should_hold(&gather, now_ms));
        }
        gather_close(&gather);
    }
    assert_in_range(n_held, 2, (1000 >> (GATHER_IN_VAIN_MAX - 1)) + 2 * GATHER_IN_VAIN_MAX);
}

TEST(who_leaves_is_waited_for_at_most_twice)
{
    reset();
    int n_held = 0;
    for (int i = 0; i < 10; i++) {
        commit(0, i < 3 ? N_CLIENTS : N_CLIENTS - 1);
        n_held += gather_should_hold(&gather, now_ms);
        gather_close(&gather);
    }
    assert_in_range(n_held, 0, 2);
}

TEST_MAIN(T(halves_that_alternate_meet), T(a_lone_client_never_waits),
          T(patience_ends_and_is_shown_less_often_when_in_vain), T(who_leaves_is_waited_for_at_most_twice))
