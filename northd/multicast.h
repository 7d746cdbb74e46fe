/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_MULTICAST_H
#define WEFT_NORTHD_MULTICAST_H

/* What: the multicast groups that every switch may have: their names and tunnel keys, as ovn-sb(5) reserves them.
 * X(identifier, tunnel key, "name"). */

#include "lib/base/uuid.h"

#define MULTICAST_GROUPS(X)                                                                         \
    X(MC_FLOOD, 32768, "_MC_flood")                          /* all enabled ports */                \
    X(MC_UNKNOWN, 32769, "_MC_unknown")                      /* ports of unknown addresses */       \
    X(MC_FLOOD_L2, 32772, "_MC_flood_l2")                    /* all enabled ports but router ports */

enum multicast_group {
#define X(ID, KEY, NAME) ID,
    MULTICAST_GROUPS(X)
#undef X
        N_MULTICAST_GROUPS
};
struct multicast_group_def {
    const char *name;
    int tunnel_key;
};
enum { MULTICAST_KEY_SIZE = 17 };
/* The writer's key of a switch's group: the switch's Northbound uuid and the group, in 'ret'. */
struct str multicast_group_key(const struct uuid *ls, enum multicast_group group, uint8_t ret[MULTICAST_KEY_SIZE]);
extern const struct multicast_group_def multicast_group_defs[N_MULTICAST_GROUPS];

#endif
