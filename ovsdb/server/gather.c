/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/gather.h"

/* Batches count from 2, so that a new member was in neither this one nor the one before. */
enum { FIRST_BATCH = 2 };

void
gather_add(struct gather *gather, uint64_t *member)
{
    uint64_t batch = gather->batch + FIRST_BATCH;
    if (*member != batch) {
        gather->n++;
        gather->n_again += *member == batch - 1;
        *member = batch;
    }
}

bool
gather_should_hold(struct gather *gather, int64_t now_ms)
{
    if (!gather->n || gather->n >= gather->n_expected || gather->n_skip) {
        return false;
    }
    if (!gather->is_held) {
        gather->is_held = true;
        gather->held_since_ms = now_ms;
    }
    return now_ms - gather->held_since_ms < GATHER_MS;
}

int64_t
gather_deadline_ms(const struct gather *gather)
{
    return gather->n && gather->is_held ? gather->held_since_ms + GATHER_MS : INT64_MAX;
}

void
gather_close(struct gather *gather)
{
    if (!gather->n) {
        return;
    }
    if (gather->n_skip) {
        gather->n_skip--;
    } else if (gather->is_held) {
        bool in_vain = gather->n < gather->n_expected;
        gather->n_in_vain = in_vain ? MIN(gather->n_in_vain + 1, (uint32_t) GATHER_IN_VAIN_MAX) : 0;
        gather->n_skip = gather->n_in_vain > 1 ? (1U << (gather->n_in_vain - 1)) - 1 : 0;
    }
    gather->n_expected = gather->n + gather->n_last - gather->n_again;
    gather->n_last = gather->n;
    gather->n = gather->n_again = 0;
    gather->is_held = false;
    gather->batch++;
}
