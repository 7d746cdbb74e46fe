/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_CLOCK_H
#define WEFT_BASE_CLOCK_H

/* What: the two clocks.  Only log.c and daemon.c of this folder, lib/net, ovsdb/storage and programs that wait call these;
 * everything else is told the time. */

#include "lib/base/check.h"

int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);                            /* for stopwatches */
int64_t clock_wall_ms(void);                                 /* since 1970-01-01 UTC */

#endif
