/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_TOPOLOGY_H
#define WEFT_NORTHD_TOPOLOGY_H

/* What: questions about who is connected to whom that several files ask.  Recorded reads, all of them. */

#include "lib/packet/addr.h"
#include "northd/northd.h"

/* The key of 'network' (without host bits) of router 'lr' in C_LR_NETWORKS: a hash; verify what is found. */
uint64_t network_key(uint32_t lr, const struct ip_prefix *network);

#endif
