/* SPDX-License-Identifier: Apache-2.0 */
/* Multicast groups: a packet for several logical ports, here and on other chassis (ovn-architecture(7), "Architectural
 * Physical Life Cycle of a Packet"). */
#include <config.h>

#include "controller/physical.h"

#include <stdlib.h>
#include <string.h>

#include "controller/binding.h"
#include "controller/datapaths.h"
#include "controller/metadata.h"
#include "lib/base/vec.h"

struct member {
    const struct sb_port_binding *pb;
    uint32_t key;
};
VEC_DEFINE(members, struct member);
VEC_DEFINE(chassis_names, const char *);

struct group {
    struct derive *d;
    const struct sb_multicast_group *mc;
    const struct sb_datapath_binding *dp;
    uint32_t key, dp_key;
    struct members patches, locals;
    struct chassis_names chassis;
};

static int
compare_members(const void *a_, const void *b_)
{
    const struct member *a = a_, *b = b_;
    return (a->key > b->key) - (a->key < b->key);
}

static int
compare_names(const void *a_, const void *b_)
{
    const char *const *a = a_, *const *b = b_;
    return strcmp(*a, *b);
}

static void
sort_group(struct group *group)
{
    if (group->patches.n) {
        qsort(group->patches.d, group->patches.n, sizeof *group->patches.d, compare_members);
    }
    if (group->locals.n) {
        qsort(group->locals.d, group->locals.n, sizeof *group->locals.d, compare_members);
    }
    if (group->chassis.n) {
        size_t n = 0;
        qsort(group->chassis.d, group->chassis.n, sizeof *group->chassis.d, compare_names);
        for (size_t i = 0; i < group->chassis.n; i++) {
            if (!n || strcmp(group->chassis.d[n - 1], group->chassis.d[i])) {
                group->chassis.d[n++] = group->chassis.d[i];
            }
        }
        group->chassis.n = n;
    }
}

static void
add_member(struct group *group, const struct sb_port_binding *pb)
{
    struct derive *d = group->d;
    struct member member = {pb, (uint32_t) sb_port_binding_tunnel_key(d, pb)};
    const struct sb_chassis *chassis = sb_port_binding_chassis(d, pb);

    enum port_kind kind = binding_kind(d, pb);
    uint16_t ofport;

    if (kind == PORT_EXTERNAL || kind == PORT_CHASSISREDIRECT) {
        return;                                              /* reached over the localnet port, or the distributed one */
    } else if (kind == PORT_LOCALNET) {
        if (binding_interface(d, pb, &ofport)) {
            vec_push(&group->locals, member);
        }
    } else if (kind == PORT_PATCH || (kind == PORT_LOCALPORT && binding_is_wanted_here(d, pb))) {
        vec_push(&group->patches, member);
    } else if (binding_is_wanted_here(d, pb)) {
        vec_push(&group->locals, member);
    } else if (chassis && chassis != own_chassis(d) && kind != PORT_LOCALPORT) {
        vec_push(&group->chassis, sb_chassis_name(d, chassis));
    }
}

static void
deliver(const struct group *group, struct rule *rule, const struct member *member)
{
    struct port port = {group->d, member->pb, group->dp, member->key, group->dp_key};
    port_set_zones(&port, &rule->actions);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_OUTPORT), member->key);
    of_act_resubmit(&rule->actions, OFT_CHECK_LOOPBACK);
}

static void
match_outport(const struct group *group, struct of_match *match, uint32_t outport)
{
    metadata_match(match, group->dp_key);
    of_match_set_u64(match, REG(LOGICAL_REG_OUTPORT), outport);
}

/* The actions of a flow have a greatest size, so a large group is delivered in parts: those ports whose keys have the same upper
 * bits, in a flow that matches the part's number in the upper half of the output port, which keys do not use.  A port that comes
 * or goes changes the flow of its part. */
enum { PART_BITS = 7, PARTS_FROM = 200 };

static uint32_t
part_of(const struct member *member)
{
    return (member->key >> PART_BITS) + 1;
}

static uint32_t
part_outport(const struct group *group, uint32_t part)
{
    return part << 16 | group->key;
}

static void
emit_part(const struct group *group, struct rule *rule, enum of_table table, const struct members *members, uint32_t part)
{
    match_outport(group, &rule->match, part_outport(group, part));
    for (size_t i = 0; i < members->n; i++) {
        if (part_of(&members->d[i]) == part) {
            deliver(group, rule, &members->d[i]);
        }
    }
    rule_emit(rule, table, PHYSICAL_PRIORITY);
}

/* Appends the delivery to sorted 'members' to 'deliveries'; 'rule' is free for parts. */
static void
put_deliveries(const struct group *group, struct rule *rule, struct rule *deliveries, enum of_table table,
               const struct members *members)
{
    uint32_t last_part = 0;
    for (size_t i = 0; i < members->n; i++) {
        const struct member *member = &members->d[i];
        if (members->n < PARTS_FROM) {
            deliver(group, deliveries, member);
        } else if (part_of(member) != last_part) {
            last_part = part_of(member);
            emit_part(group, rule, table, members, last_part);
            of_act_set_u64(&deliveries->actions, REG(LOGICAL_REG_OUTPORT), part_outport(group, last_part));
            of_act_resubmit(&deliveries->actions, (uint8_t) table);
        }
    }
    if (members->n) {
        of_act_set_u64(&deliveries->actions, REG(LOGICAL_REG_OUTPORT), group->key);
    }
}

/* The header is the same for all tunnels of one type: it is written once, and the packet leaves many times. */
static void
put_tunnels(const struct group *group, struct rule *rule)
{
    const bool both[] = {false, true};
    for (size_t t = 0; t < ARRAY_SIZE(both); t++) {
        bool is_written = false;
        for (size_t i = 0; i < group->chassis.n; i++) {
            struct tunnel tunnel = tunnel_to_chassis(group->d, group->chassis.d[i]);
            if (tunnel.ofport && tunnel.is_vxlan == both[t]) {
                if (!is_written) {
                    put_encapsulation(&rule->actions, tunnel, group->dp_key, group->key);
                    is_written = true;
                }
                of_act_output(&rule->actions, tunnel.ofport);
            }
        }
    }
}

/* Patches are crossed, and localports reached, only where the packet entered the network: each hypervisor has them. */
static void
emit_group(const struct group *group, struct rule *rule)
{
    struct rule parts;
    rule_init(&parts, group->d, &group->mc->row.uuid);
    if (group->patches.n || group->chassis.n) {
        match_outport(group, &rule->match, group->key);
        put_deliveries(group, &parts, rule, OFT_REMOTE_OUTPUT, &group->patches);
        put_tunnels(group, rule);
        if (group->locals.n) {
            of_act_resubmit(&rule->actions, OFT_LOCAL_OUTPUT);
        }
        rule_emit(rule, OFT_REMOTE_OUTPUT, PHYSICAL_PRIORITY);
    }
    if (group->locals.n) {
        match_outport(group, &rule->match, group->key);
        put_deliveries(group, &parts, rule, OFT_LOCAL_OUTPUT, &group->locals);
        rule_emit(rule, OFT_LOCAL_OUTPUT, PHYSICAL_PRIORITY);
    }
    rule_fini(&parts);
}

void
derive_physical_group(struct derive *d, uint64_t key)
{
    const struct controller *c = controller_of(d);
    const struct row *row = replica_row_by_id(c->sb, SB_TABLE_MULTICAST_GROUP, (uint32_t) key);
    const struct sb_multicast_group *mc = sb_multicast_group(row);
    const struct sb_datapath_binding *dp = sb_multicast_group_datapath(d, mc);
    struct rule rule;

    if (!dp || !is_local_datapath(d, dp->row.id)) {
        return;
    }
    struct group group = {.d = d, .mc = mc, .dp = dp, .key = (uint32_t) sb_multicast_group_tunnel_key(d, mc),
                          .dp_key = (uint32_t) sb_datapath_binding_tunnel_key(d, dp)};
    const struct datum *ports = sb_multicast_group_ports(d, mc);
    for (uint32_t i = 0; i < ports->n; i++) {
        const struct sb_port_binding *pb = sb_port_binding_by_uuid(d, c->sb, &datum_keys(ports)[i].uuid);
        if (pb) {
            add_member(&group, pb);
        }
    }
    if (localnet_of(d, dp->row.id)) {
        group.chassis.n = 0;                                 /* the other chassis hear it from the physical network */
    }
    sort_group(&group);
    rule_init(&rule, d, &mc->row.uuid);
    emit_group(&group, &rule);
    rule_fini(&rule);
    vec_fini(&group.patches);
    vec_fini(&group.locals);
    vec_fini(&group.chassis);
}
