/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_GATHER_H
#define WEFT_OVSDB_SERVER_GATHER_H

/* What: decides when the commits that wait to be durable are made so, all with one sync.
 *
 * Why: clients that wait for each reply fall into two halves: while one half is synced, the requests of the other
 * arrive, so that each sync serves half of them.  A moment's patience after a sync lets both halves meet, and each
 * sync serve all.
 *
 * How: who took part in the last two batches is expected in the next.  Until all are there it is held, at most for
 * GATHER_MS.  Patience that was in vain once may have met a client that slept; from the second time on it is not shown
 * again for a number of batches that doubles each time.  A lone client never waits.
 *
 * Starts as all zeros. */

#include "lib/base/check.h"

enum { GATHER_MS = 2, GATHER_IN_VAIN_MAX = 7 };

struct gather {
    uint64_t batch;                                          /* number of the one being gathered */
    uint32_t n;                                              /* distinct members of it */
    uint32_t n_again;                                        /* of these also in the batch before */
    uint32_t n_last;                                         /* members of the batch before */
    uint32_t n_expected;
    bool is_held;
    int64_t held_since_ms;
    uint32_t n_skip;                                         /* batches not to be held */
    uint32_t n_in_vain;                                      /* times in a row */
};

/* Notes a commit that waits.  '*member' is its client's: the batch it took part in last, at first 0. */
void gather_add(struct gather *gather, uint64_t *member);
/* Whether to wait for more, until gather_deadline_ms() at the latest. */
bool gather_should_hold(struct gather *gather, int64_t now_ms);
int64_t gather_deadline_ms(const struct gather *gather);     /* INT64_MAX: not holding */
void gather_close(struct gather *gather);                    /* the batch is being synced */

#endif
