/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/clock.h"

#include <time.h>

static struct timespec
read_clock(clockid_t id)
{
    struct timespec ts;
    CHECK(!clock_gettime(id, &ts));
    return ts;
}

static int64_t
to_ms(struct timespec ts)
{
    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_monotonic_ms(void)
{
    return to_ms(read_clock(CLOCK_MONOTONIC));
}

int64_t
clock_wall_ms(void)
{
    return to_ms(read_clock(CLOCK_REALTIME));
}

int64_t
clock_monotonic_us(void)
{
    struct timespec ts = read_clock(CLOCK_MONOTONIC);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
