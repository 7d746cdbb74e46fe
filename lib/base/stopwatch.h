/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_STOPWATCH_H
#define WEFT_BASE_STOPWATCH_H

/* What: named stopwatches ("stopwatch/show"): how long a recurring piece of work takes.
 * Use: STOPWATCH(northd_loop, "northd-loop"); at file level, then
 *      stopwatch_sample(&stopwatch_northd_loop, duration_us);
 * Cost: O(1) a sample; the percentile is over the last STOPWATCH_WINDOW samples. */

#include "lib/base/check.h"

enum { STOPWATCH_WINDOW = 256 };
struct stopwatch {
    const char *name;
    uint64_t n;
    uint64_t max_us, min_us;
    double short_average_us, long_average_us;                /* exponential, of weight 1/2 and 1/100 */
    uint64_t last_us[STOPWATCH_WINDOW];                      /* a ring */
    struct stopwatch *next;
};
#define STOPWATCH(ID, NAME)                                                                         \
    static struct stopwatch stopwatch_##ID = {.name = (NAME)};                                      \
    static void __attribute__((constructor)) stopwatch_register_##ID(void) { stopwatch_register(&stopwatch_##ID); } \
    struct stopwatch
void stopwatch_register(struct stopwatch *stopwatch);
void stopwatch_sample(struct stopwatch *stopwatch, uint64_t duration_us);

/* The text of "stopwatch/show", for 'name' or for all (NULL); NULL if there is none of that name. */
char *stopwatch_text(const char *name) MUST_USE;
bool stopwatch_reset(const char *name);                      /* one, or all (NULL); false if there is none */

#endif
