/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_CLOCK_H
#define WEFT_BASE_CLOCK_H

/* What: the two clocks, in milliseconds unless they say otherwise.  Only lib/net, ovsdb/storage, lib/base/log.c and the programs'
 * main.c call these; everything else is told the time. */

#include "lib/base/check.h"

int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);                            /* for stopwatches */
int64_t clock_wall_ms(void);                                 /* since 1970-01-01 UTC */
int64_t clock_cpu_us(void);                                  /* CPU time of this process, microseconds */

#endif
