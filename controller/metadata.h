/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_METADATA_H
#define WEFT_CONTROLLER_METADATA_H

/* What: the one place that knows what OpenFlow metadata holds: the datapath's tunnel key in the low 24 bits.
 *
 * Why: the other 40 bits are to become "member of datapath set G", so that flows which many datapaths share are installed
 * once; nobody else may set or match metadata, or that change would touch everything. */

#include "lib/openflow/of_actions.h"
#include "lib/openflow/of_match.h"

static inline void
metadata_match(struct of_match *match, uint32_t dp_key)
{
    of_match_set_u64(match, OFF_METADATA, dp_key);
}

static inline void
metadata_set(struct buf *actions, uint32_t dp_key)
{
    of_act_set_u64(actions, OFF_METADATA, dp_key);
}

/* Sets all that 'metadata', of a packet-in, says: for a packet that takes the other's place in the pipeline. */
static inline void
metadata_restore(struct buf *actions, uint64_t metadata)
{
    of_act_set_u64(actions, OFF_METADATA, metadata);
}

/* The datapath key in a packet-in's metadata. */
static inline uint32_t
metadata_dp_key(uint64_t metadata)
{
    return (uint32_t) (metadata & 0xffffff);
}

#endif
