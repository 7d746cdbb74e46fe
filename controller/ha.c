/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/ha.h"

#include <string.h>

#include "controller/binding.h"

struct candidates {
    struct derive *d;
    const struct sb_chassis *best;
    int64_t priority;                                        /* of 'best' */
    bool has_own;
};

/* The greatest priority wins, and of equal ones the least name. */
static void
consider(struct candidates *all, const struct sb_chassis *chassis, int64_t priority)
{
    if (!chassis) {
        return;
    }
    all->has_own |= chassis == own_chassis(all->d);
    if (!all->best || priority > all->priority
        || (priority == all->priority
            && strcmp(sb_chassis_name(all->d, chassis), sb_chassis_name(all->d, all->best)) < 0)) {
        all->best = chassis;
        all->priority = priority;
    }
}

static struct candidates
consider_all(struct derive *d, const struct sb_port_binding *pb)
{
    const struct replica *sb = controller_of(d)->sb;
    const struct sb_ha_chassis_group *group = sb_port_binding_ha_chassis_group(d, pb);
    struct candidates all = {.d = d};
    const struct datum *rows = group ? sb_ha_chassis_group_ha_chassis(d, group) : sb_port_binding_gateway_chassis(d, pb);

    for (uint32_t i = 0; i < rows->n; i++) {
        const struct uuid *uuid = &datum_keys(rows)[i].uuid;
        const struct sb_ha_chassis *ha = group ? sb_ha_chassis_by_uuid(d, sb, uuid) : NULL;
        const struct sb_gateway_chassis *gateway = group ? NULL : sb_gateway_chassis_by_uuid(d, sb, uuid);
        if (ha) {
            consider(&all, sb_ha_chassis_chassis(d, ha), sb_ha_chassis_priority(d, ha));
        } else if (gateway) {
            consider(&all, sb_gateway_chassis_chassis(d, gateway), sb_gateway_chassis_priority(d, gateway));
        }
    }
    return all;
}

const struct sb_chassis *
ha_active_chassis(struct derive *d, const struct sb_port_binding *pb)
{
    return consider_all(d, pb).best;
}

bool
ha_is_candidate(struct derive *d, const struct sb_port_binding *pb)
{
    return consider_all(d, pb).has_own;
}
