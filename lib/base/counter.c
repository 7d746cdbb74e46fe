/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/counter.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

static struct counter *all_counters;

void
counter_register(struct counter *counter)
{
    counter->next = all_counters;
    all_counters = counter;
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

/* How many times counter_sample_all() has been called. */
static uint64_t n_samples;

void
counter_sample_all(void)
{
    for (struct counter *counter = all_counters; counter; counter = counter->next) {
        uint32_t *minute = &counter->in_hour[n_samples / COUNTER_PER_MINUTE % COUNTER_PER_HOUR];
        uint32_t events = (uint32_t) MIN(counter->n - counter->n_sampled, (uint64_t) UINT32_MAX);
        counter->n_sampled = counter->n;
        counter->in_minute[n_samples % COUNTER_PER_MINUTE] = events;
        *minute = n_samples % COUNTER_PER_MINUTE ? *minute + events : events;
    }
    n_samples++;
}

static double
rate(const uint32_t *events, size_t n, unsigned int seconds)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += events[i];
    }
    return sum / seconds;
}

static int
compare_counters(const void *a, const void *b)
{
    const struct counter *const *ca = a, *const *cb = b;
    return strcmp((*ca)->name, (*cb)->name);
}

/* The counters that have moved, by name, in an array that the caller frees.  '*ret_n_never' is the number of the others. */
static const struct counter **
counters_hit(bool since_clear, size_t *ret_n, size_t *ret_n_never)
{
    const struct counter **hit = NULL;
    size_t n = 0, capacity = 0;
    *ret_n_never = 0;
    for (const struct counter *counter = all_counters; counter; counter = counter->next) {
        if (counter->n == (since_clear ? counter->n_cleared : 0)) {
            ++*ret_n_never;
            continue;
        }
        if (n == capacity) {
            hit = xgrow(hit, &capacity, sizeof *hit);
        }
        hit[n++] = counter;
    }
    if (n) {
        qsort(hit, n, sizeof *hit, compare_counters);
    }
    *ret_n = n;
    return hit;
}

char *
counters_since_clear_text(void)
{
    size_t n, n_never;
    const struct counter **hit = counters_hit(true, &n, &n_never);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&out, "%-28s %llu\n", hit[i]->name, (unsigned long long) (hit[i]->n - hit[i]->n_cleared));
    }
    free(hit);
    return buf_take_text(&out);
}

void
counters_clear(void)
{
    for (struct counter *counter = all_counters; counter; counter = counter->next) {
        counter->n_cleared = counter->n;
    }
}

char *
counters_text(void)
{
    size_t n, n_never;
    const struct counter **hit = counters_hit(false, &n, &n_never);
    uint64_t hash = 0;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < n; i++) {
        hash = hash_bytes64(hit[i]->name, strlen(hit[i]->name), hash);
        uint32_t last = n_samples ? hit[i]->in_minute[(n_samples - 1) % COUNTER_PER_MINUTE] : 0;
        buf_printf(&out, "%-24s %5.1f/sec %9.3f/sec %13.4f/sec   total: %llu\n", hit[i]->name, last / 5.0,
                   rate(hit[i]->in_minute, COUNTER_PER_MINUTE, 60), rate(hit[i]->in_hour, COUNTER_PER_HOUR, 3600),
                   (unsigned long long) hit[i]->n);
    }
    free(hit);
    char *table = buf_take_text(&out);
    buf_printf(&out, "Event coverage, avg rate over last: 5 seconds, last minute, last hour,  hash=%08x:\n%s"
                     "%zu events never hit\n",
               (uint32_t) hash, table, n_never);
    free(table);
    return buf_take_text(&out);
}
