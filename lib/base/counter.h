/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_COUNTER_H
#define WEFT_BASE_COUNTER_H

/* What: named event counters ("coverage/show", "coverage/read-counter", and the "perf-counters-..." of the database server).
 * Use: COUNTER(txn_commit); at file level, then counter_inc(&counter_txn_commit). */

#include "lib/base/check.h"

enum { COUNTER_SAMPLE_MS = 5000, COUNTER_PER_MINUTE = 12, COUNTER_PER_HOUR = 60 };
struct counter {
    const char *name;
    uint64_t n;
    uint64_t n_cleared;                                      /* 'n' at the last counters_clear() */
    uint64_t n_sampled;                                      /* 'n' at the last counter_sample_all() */
    uint32_t in_minute[COUNTER_PER_MINUTE];                  /* of the last minute, each 5 s; a ring */
    uint32_t in_hour[COUNTER_PER_HOUR];                      /* of the last hour, each minute; a ring */
    struct counter *next;
};
#define COUNTER(ID)                                                                                 \
    static struct counter counter_##ID = {.name = #ID};                                             \
    static void __attribute__((constructor)) counter_register_##ID(void) { counter_register(&counter_##ID); } \
    struct counter
void counter_register(struct counter *counter);
static inline void counter_inc(struct counter *counter) { counter->n++; }
static inline void counter_add(struct counter *counter, uint64_t n) { counter->n += n; }
const struct counter *counter_find(const char *name);        /* or NULL */

void counter_sample_all(void);                               /* to be called every COUNTER_SAMPLE_MS */
char *counters_text(void) MUST_USE;                          /* the table of "coverage/show" */
/* What has been counted since the last counters_clear(), if ever: a line "NAME   N" for each counter that moved, sorted. */
char *counters_since_clear_text(void) MUST_USE;
void counters_clear(void);                                   /* coverage goes on from where it was */

#endif
