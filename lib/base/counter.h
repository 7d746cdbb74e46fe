/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_COUNTER_H
#define WEFT_BASE_COUNTER_H

/* What: named event counters ("coverage/show", "coverage/read-counter").
 * Use: COUNTER(txn_commit); at file level, then counter_inc(&counter_txn_commit). */

#include "lib/base/check.h"

struct counter {
    const char *name;
    uint64_t n;
    struct counter *next;
};
#define COUNTER(ID)                                                                                 \
    static struct counter counter_##ID = {.name = #ID};                                             \
    static void __attribute__((constructor)) counter_register_##ID(void) { counter_register(&counter_##ID); } \
    struct counter
void counter_register(struct counter *counter);
static inline void counter_inc(struct counter *counter) { counter->n++; }
static inline void counter_add(struct counter *counter, uint64_t n) { counter->n += n; }
const struct counter *counters(void);                        /* first; follow 'next' */
const struct counter *counter_find(const char *name);        /* or NULL */

#endif
