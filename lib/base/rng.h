/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_RNG_H
#define WEFT_BASE_RNG_H

/* What: a small deterministic random generator (splitmix64), for tests, jitter and reservoir choices.
 * Not for secrets.  Tests print the seed. */

#include "lib/base/hash.h"

struct rng {
    uint64_t state;
};
static inline uint64_t rng_next(struct rng *rng) { return hash_mix64(rng->state += 0x9e3779b97f4a7c15ULL); }
/* Uniform enough in [0, n); 'n' > 0. */
static inline uint32_t rng_below(struct rng *rng, uint32_t n) { return (uint32_t) ((rng_next(rng) >> 32) * n >> 32); }
static inline bool rng_one_in(struct rng *rng, uint32_t n) { return !rng_below(rng, n); }

#endif
