/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/stopwatch.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/counter.h"
#include "tests/unit/test.h"

STOPWATCH(work, "work");
COUNTER(seen);
COUNTER(unseen);

TEST(stopwatches_tell_extremes_and_averages)
{
    for (unsigned int i = 1; i <= 1000; i++) {
        stopwatch_sample(&stopwatch_work, 1000 * i);
    }
    char *text = stopwatch_text("work");
    assert_string_equal(text, "Statistics for 'work'\n"
                              "  Total samples: 1000\n"
                              "  Maximum: 1000 msec\n"
                              "  Minimum: 1 msec\n"
                              "  95th percentile: 988.000000 msec\n"
                              "  Short term average: 999.000000 msec\n"
                              "  Long term average: 901.004317 msec\n");
    free(text);
    assert_null(stopwatch_text("play"));
    assert_false(stopwatch_reset("play"));
    assert_true(stopwatch_reset(NULL));
    text = stopwatch_text(NULL);
    assert_non_null(strstr(text, "Total samples: 0\n"));
    free(text);
}

TEST(counters_tell_rates)
{
    counter_add(&counter_seen, 50);
    counter_sample_all();
    counter_add(&counter_seen, 10);
    counter_sample_all();
    char *text = counters_text();
    assert_non_null(strstr(text, "\nseen                       2.0/sec     1.000/sec        0.0167/sec   total: 60\n"));
    assert_null(strstr(text, "unseen"));
    assert_non_null(strstr(text, "\n1 events never hit\n"));
    free(text);
    assert_ptr_equal(counter_find("unseen"), &counter_unseen);
    assert_null(counter_find("nope"));
}

TEST(counters_can_be_cleared)
{
    counters_clear();
    char *text = counters_since_clear_text();
    assert_null(strstr(text, "seen"));
    free(text);
    uint64_t before = counter_seen.n;
    counter_add(&counter_seen, 7);
    text = counters_since_clear_text();
    assert_string_equal(text, "seen                         7\n");
    free(text);
    assert_int_equal(counter_find("seen")->n, before + 7);
}

TEST_MAIN(T(stopwatches_tell_extremes_and_averages), T(counters_tell_rates), T(counters_can_be_cleared))
