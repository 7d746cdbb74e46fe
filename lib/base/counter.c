/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/counter.h"

#include <string.h>

static struct counter *all_counters;

void
counter_register(struct counter *counter)
{
    counter->next = all_counters;
    all_counters = counter;
}

const struct counter *
counters(void)
{
    return all_counters;
}

const struct counter *
counter_find(const char *name)
{
    const struct counter *counter = all_counters;
    while (counter && strcmp(counter->name, name)) {
        counter = counter->next;
    }
    return counter;
}
