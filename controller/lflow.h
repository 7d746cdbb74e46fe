/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_LFLOW_H
#define WEFT_CONTROLLER_LFLOW_H

/* What: the cache of compiled matches: each distinct text is parsed and normalised once, whatever number of datapaths and
 * flows it appears in.
 *
 * Why: per-datapath work is then only substitution of keys.  The cache is a matter of speed alone: what is evicted is
 * compiled again. */

#include "lib/base/str.h"
#include "lib/logical/match_plan.h"

struct lflow_cache;

struct lflow_cache *lflow_cache_new(void) MUST_USE;
void lflow_cache_free(struct lflow_cache *cache);
void lflow_cache_flush(struct lflow_cache *cache);
void lflow_cache_put_stats(const struct lflow_cache *cache, struct buf *out);

#endif
