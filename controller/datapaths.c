/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/datapaths.h"

#include <stdlib.h>
#include <string.h>

#include "controller/binding.h"
#include "controller/ha.h"
#include "controller/zones.h"
#include "lib/base/hash.h"
#include "lib/base/vec.h"

VEC_DEFINE(ids, uint32_t);

struct local_datapaths {
    struct ids local;
    VEC(uint64_t) marks;                                     /* by dp: the walk that last reached it; 0: not local */
    uint64_t walk;
    uint64_t version;
    struct ids wanted;                                       /* with a link to themselves */
};

struct local_datapaths *
local_datapaths_new(void)
{
    struct local_datapaths *local = xcalloc(1, sizeof *local);
    local->walk = 1;                                         /* no mark is this yet */
    return local;
}

void
local_datapaths_free(struct local_datapaths *local)
{
    if (local) {
        vec_fini(&local->local);
        vec_fini(&local->marks);
        vec_fini(&local->wanted);
        free(local);
    }
}

static uint64_t *
mark_of(struct local_datapaths *local, uint32_t dp)
{
    while (local->marks.n <= dp) {
        vec_push(&local->marks, 0);
    }
    return &local->marks.d[dp];
}

static void
note_wish(struct local_datapaths *local, const struct derive_change *change)
{
    uint32_t dp = (uint32_t) change->key;
    if (change->key != change->element) {
        return;
    }
    if (change->added) {
        vec_push(&local->wanted, dp);
        return;
    }
    for (size_t i = 0; i < local->wanted.n; i++) {
        if (local->wanted.d[i] == dp) {
            vec_remove_fast(&local->wanted, i);
            return;
        }
    }
}

static void
reach(struct local_datapaths *local, struct ids *reached, uint32_t dp)
{
    if (*mark_of(local, dp) != local->walk) {
        *mark_of(local, dp) = local->walk;
        vec_push(reached, dp);
    }
}

void
local_datapaths_update(struct derive *d, const struct derive_change *changes, size_t n)
{
    struct local_datapaths *local = controller_of(d)->local;
    struct ids reached = {0};
    uint64_t last_walk = local->walk++;
    bool changed = false;

    for (size_t i = 0; i < n; i++) {
        note_wish(local, &changes[i]);
    }
    for (size_t i = 0; i < local->wanted.n; i++) {
        uint64_t before = *mark_of(local, local->wanted.d[i]);
        if (before != last_walk && before != local->walk) {
            derive_touch_key(d, SPACE_LOCAL_DATAPATH, local->wanted.d[i]);
            changed = true;
        }
        reach(local, &reached, local->wanted.d[i]);
    }
    for (size_t i = 0; i < reached.n; i++) {                 /* grows while it is walked */
        size_t n_links;
        const uint64_t *links = derive_peek_members(d, C_DP_LINKS, reached.d[i], &n_links);
        for (size_t j = 0; j < n_links; j++) {
            uint32_t dp = (uint32_t) links[j];
            uint64_t before = *mark_of(local, dp);
            if (before != last_walk && before != local->walk) {
                derive_touch_key(d, SPACE_LOCAL_DATAPATH, dp);
                changed = true;
            }
            reach(local, &reached, dp);
        }
    }
    for (size_t i = 0; i < local->local.n; i++) {
        uint32_t dp = local->local.d[i];
        if (*mark_of(local, dp) != local->walk) {
            *mark_of(local, dp) = 0;
            derive_touch_key(d, SPACE_LOCAL_DATAPATH, dp);
            changed = true;
        }
    }
    vec_fini(&local->local);
    local->local = reached;
    local->version += changed;
}

bool
is_local_datapath(struct derive *d, uint32_t dp)
{
    const struct local_datapaths *local = controller_of(d)->local;
    derive_read_key(d, SPACE_LOCAL_DATAPATH, dp);
    return dp < local->marks.n && local->marks.d[dp] == local->walk;
}

const uint32_t *
local_datapaths(const struct local_datapaths *local, size_t *ret_n)
{
    *ret_n = local->local.n;
    return local->local.d;
}

uint64_t
local_datapaths_version(const struct local_datapaths *local)
{
    return local->version;
}

/* --- Derivations: the links, and what lies in local datapaths --- */

static const struct sb_port_binding *
pb_row(struct derive *d, uint64_t pb)
{
    return sb_port_binding(replica_row_by_id(controller_of(d)->sb, SB_TABLE_PORT_BINDING, (uint32_t) pb));
}

/* A patch leads to the datapath of its peer; a port that is here, or may come, makes its datapath wanted. */
void
derive_datapath_links(struct derive *d, uint64_t key)
{
    const struct controller *c = controller_of(d);
    const struct sb_port_binding *pb = pb_row(d, key);
    const struct sb_datapath_binding *dp = sb_port_binding_datapath(d, pb);

    if (!dp) {
        return;
    }
    enum port_kind kind = binding_kind(d, pb);
    bool is_here = binding_is_wanted_here(d, pb);
    if (is_here || (kind == PORT_CHASSISREDIRECT && ha_is_candidate(d, pb))) {
        derive_member(d, C_DP_LINKS, dp->row.id, dp->row.id);
    }
    bool is_crossed = kind == PORT_PATCH || (kind == PORT_L3GATEWAY && is_here);
    const char *peer = is_crossed ? sb_port_binding_options_get(d, pb, "peer") : NULL;
    const struct row *row = peer ? replica_find_string(d, c->sb, c->indexes[IX_PB_BY_NAME], peer) : NULL;
    const struct sb_datapath_binding *other = row ? sb_port_binding_datapath(d, sb_port_binding(row)) : NULL;
    if (other && other != dp) {
        derive_member(d, C_DP_LINKS, dp->row.id, other->row.id);
    }
}

void
derive_local_port(struct derive *d, uint64_t key)
{
    const struct sb_port_binding *pb = pb_row(d, key);
    const struct sb_datapath_binding *dp = sb_port_binding_datapath(d, pb);
    if (!dp || !is_local_datapath(d, dp->row.id)) {
        return;
    }
    uint16_t ofport;
    switch (binding_kind(d, pb)) {
    case PORT_LOCALNET:
        if (binding_interface(d, pb, &ofport)) {
            derive_member(d, C_ZONES, ZONE_PORT, key);
            derive_member(d, C_LOCALNETS, dp->row.id, key);
        }
        break;
    case PORT_VIF:
    case PORT_CONTAINER:
    case PORT_LOCALPORT:
    case PORT_L2GATEWAY:
    case PORT_L3GATEWAY:
        if (binding_is_wanted_here(d, pb)) {
            derive_member(d, C_ZONES, ZONE_PORT, key);
        }
        break;
    case PORT_PATCH:
    case PORT_CHASSISREDIRECT:
    case PORT_EXTERNAL:
    case PORT_OTHER:
        break;                                               /* they have the zones of their datapath */
    }
}

void
derive_local_group(struct derive *d, uint64_t dp)
{
    const struct controller *c = controller_of(d);
    const struct row *row = replica_row_by_id(c->sb, SB_TABLE_DATAPATH_BINDING, (uint32_t) dp);
    union atom key = {.uuid = row->uuid};
    const struct row *const *groups;

    if (!is_local_datapath(d, (uint32_t) dp)) {
        return;
    }
    derive_member(d, C_ZONES, ZONE_DNAT, dp);
    derive_member(d, C_ZONES, ZONE_SNAT, dp);
    size_t n = replica_find_all(d, c->sb, c->indexes[IX_GROUP_BY_DP], &key, &groups);
    for (size_t i = 0; i < n; i++) {
        derive_member(d, C_GROUP_DPS, groups[i]->id, dp);
    }
}
