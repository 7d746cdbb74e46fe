/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_DATAPATHS_H
#define WEFT_CONTROLLER_DATAPATHS_H

/* What: the local datapaths: those with a port bound here, and all that can be reached from them over patches.
 *
 * Why: only their flows are compiled, and only their rows are asked of the Southbound database.  Reaching is
 * recursive, which derivations are not: an allocator keeps the graph's answer between two ranks.
 *
 * Requests are members of C_DP_LINKS: dp → neighbor, and dp → itself for a datapath that is wanted in its own right.
 * Cost: a change of links or wishes walks the local part of the graph once. */

#include "controller/controller.h"

struct local_datapaths;

struct local_datapaths *local_datapaths_new(void) MUST_USE;
void local_datapaths_free(struct local_datapaths *local);
void local_datapaths_update(struct derive *d, const struct derive_change *changes, size_t n);

bool is_local_datapath(struct derive *d, uint32_t dp);       /* recorded */
/* Unrecorded, for monitor conditions: row ids in no order, and a number that grows with each change. */
const uint32_t *local_datapaths(const struct local_datapaths *local, size_t *ret_n);
uint64_t local_datapaths_version(const struct local_datapaths *local);

#endif
