/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/stopwatch.h"

#include <stdlib.h>

#include "lib/base/str.h"

static struct stopwatch *all_stopwatches;

void
stopwatch_register(struct stopwatch *stopwatch)
{
    stopwatch->next = all_stopwatches;
    all_stopwatches = stopwatch;
}

void
stopwatch_sample(struct stopwatch *stopwatch, uint64_t duration_us)
{
    double d = (double) duration_us;
    bool first = !stopwatch->n;
    stopwatch->last_us[stopwatch->n++ % STOPWATCH_WINDOW] = duration_us;
    stopwatch->max_us = MAX(stopwatch->max_us, duration_us);
    stopwatch->min_us = first ? duration_us : MIN(stopwatch->min_us, duration_us);
    stopwatch->short_average_us = first ? d : stopwatch->short_average_us + (d - stopwatch->short_average_us) * 0.5;
    stopwatch->long_average_us = first ? d : stopwatch->long_average_us + (d - stopwatch->long_average_us) * 0.01;
}

static int
compare_durations(const void *a_, const void *b_)
{
    uint64_t a = *(const uint64_t *) a_, b = *(const uint64_t *) b_;
    return a < b ? -1 : a > b;
}

static uint64_t
percentile_95_us(const struct stopwatch *stopwatch)
{
    uint64_t sorted[STOPWATCH_WINDOW];
    size_t n = MIN(stopwatch->n, (uint64_t) STOPWATCH_WINDOW);
    memcpy(sorted, stopwatch->last_us, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_durations);
    return n ? sorted[MIN(n * 95 / 100, n - 1)] : 0;
}

static void
put_stopwatch(struct buf *out, const struct stopwatch *stopwatch)
{
    buf_printf(out, "Statistics for '%s'\n"
                    "  Total samples: %llu\n"
                    "  Maximum: %llu msec\n"
                    "  Minimum: %llu msec\n"
                    "  95th percentile: %f msec\n"
                    "  Short term average: %f msec\n"
                    "  Long term average: %f msec\n",
               stopwatch->name, (unsigned long long) stopwatch->n, (unsigned long long) stopwatch->max_us / 1000,
               (unsigned long long) stopwatch->min_us / 1000, (double) percentile_95_us(stopwatch) / 1000,
               stopwatch->short_average_us / 1000, stopwatch->long_average_us / 1000);
}

char *
stopwatch_text(const char *name)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    bool found = !name;
    for (const struct stopwatch *s = all_stopwatches; s; s = s->next) {
        if (!name || !strcmp(name, s->name)) {
            put_stopwatch(&out, s);
            found = true;
        }
    }
    if (!found) {
        buf_fini(&out);
        return NULL;
    }
    return buf_take_text(&out);
}

bool
stopwatch_reset(const char *name)
{
    bool found = !name;
    for (struct stopwatch *s = all_stopwatches; s; s = s->next) {
        if (!name || !strcmp(name, s->name)) {
            *s = (struct stopwatch) {.name = s->name, .next = s->next};
            found = true;
        }
    }
    return found;
}
