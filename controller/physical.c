/* SPDX-License-Identifier: Apache-2.0 */
/* Between OpenFlow ports and logical ports: the tables before, between and behind the logical pipelines
 * (ovn-architecture(7), "Architectural Physical Life Cycle of a Packet"). */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "controller/binding.h"
#include "controller/datapaths.h"
#include "controller/flows.h"
#include "controller/interfaces.h"
#include "controller/lookup.h"
#include "controller/metadata.h"
#include "controller/zones.h"
#include "lib/base/vec.h"
#include "lib/logical/encode.h"

enum { PRIORITY = 100 };

#define REG(N) OFF_REG(N)
#define IN_FLAG(BIT) (UINT64_C(1) << (BIT))

/* The bits of tun_metadata0, the Geneve option of OVN: 0, ingress port, egress port. */
enum { GENEVE_INPORT_OFS = 16, GENEVE_INPORT_BITS = 15, GENEVE_OUTPORT_BITS = 16 };
/* VXLAN's 24 bits: egress port, datapath.  Multicast groups have the topmost bit set (ovn-architecture(7)). */
enum { VXLAN_DP_BITS = 12, VXLAN_PORT_BITS = 12, VXLAN_MULTICAST = 1 << 11, FIRST_MULTICAST_KEY = 32768 };

struct rule {
    struct derive *d;
    uint32_t cookie;
    struct of_match match;
    struct buf actions;
};

static void
rule_init(struct rule *rule, struct derive *d, const struct uuid *hint)
{
    *rule = (struct rule) {.d = d, .cookie = hint ? cookie_of(hint) : 0, .actions = BUF_INIT(OF_ACTIONS_MAX)};
    of_match_init(&rule->match);
}

/* Emits the flow, and starts the next one. */
static void
rule_emit(struct rule *rule, enum of_table table, uint16_t priority)
{
    emit_of_flow(rule->d, &(struct flow) {.table = (uint8_t) table, .priority = priority, .cookie = rule->cookie,
                                          .match = &rule->match, .actions = rule->actions.data,
                                          .n_actions = rule->actions.size});
    of_match_fini(&rule->match);
    of_match_init(&rule->match);
    buf_clear(&rule->actions);
}

static void
rule_fini(struct rule *rule)
{
    of_match_fini(&rule->match);
    buf_fini(&rule->actions);
}

static struct of_subfield
bits(enum of_field_id field, unsigned int ofs, unsigned int n)
{
    return (struct of_subfield) {field, (uint16_t) ofs, (uint16_t) n};
}

/* --- What is the same on every hypervisor --- */

static void
clear_logical_registers(struct buf *actions)
{
    for (int i = 0; i <= 9; i++) {
        of_act_set_u64(actions, REG(i), 0);
    }
}

static void
emit_skip(struct rule *rule, enum of_table table, uint16_t priority, enum of_table next)
{
    of_act_resubmit(&rule->actions, (uint8_t) next);
    rule_emit(rule, table, priority);
}

void
derive_physical_common(struct derive *d, uint64_t key UNUSED)
{
    struct rule rule;
    rule_init(&rule, d, NULL);

    /* Packets that must not leave this hypervisor: marked so, or received from a tunnel. */
    of_match_set_u64_masked(&rule.match, REG(LOGICAL_REG_FLAGS), IN_FLAG(LOGICAL_FLAG_LOCAL_ONLY),
                            IN_FLAG(LOGICAL_FLAG_LOCAL_ONLY));
    emit_skip(&rule, OFT_REMOTE_OUTPUT, 150, OFT_LOCAL_OUTPUT);
    of_match_set_u64_masked(&rule.match, REG(LOGICAL_REG_FLAGS), IN_FLAG(LOGICAL_FLAG_RCV_FROM_RAMP),
                            IN_FLAG(LOGICAL_FLAG_RCV_FROM_RAMP) | IN_FLAG(LOGICAL_FLAG_LOOPBACK));
    emit_skip(&rule, OFT_REMOTE_OUTPUT, 150, OFT_LOCAL_OUTPUT);
    emit_skip(&rule, OFT_REMOTE_OUTPUT, 0, OFT_VTEP_OUTPUT);
    emit_skip(&rule, OFT_VTEP_OUTPUT, 0, OFT_LOCAL_OUTPUT);

    clear_logical_registers(&rule.actions);
    emit_skip(&rule, OFT_CHECK_LOOPBACK, 0, OFT_LOG_EGRESS);
    emit_skip(&rule, OFT_SAVE_INPORT, 0, OFT_LOG_TO_PHY);
    rule_fini(&rule);
}

/* --- Ports --- */

struct port {
    struct derive *d;
    const struct sb_port_binding *pb;
    const struct sb_datapath_binding *dp;
    uint32_t key, dp_key;
};

static bool
port_init(struct port *port, struct derive *d, const struct sb_port_binding *pb)
{
    const struct sb_datapath_binding *dp = sb_port_binding_datapath(d, pb);
    if (!dp || !is_local_datapath(d, dp->row.id)) {
        return false;
    }
    *port = (struct port) {d, pb, dp, (uint32_t) sb_port_binding_tunnel_key(d, pb),
                           (uint32_t) sb_datapath_binding_tunnel_key(d, dp)};
    return true;
}

static void
set_zones(const struct port *port, struct buf *actions)
{
    uint32_t zone = zone_of(port->d, ZONE_PORT, port->pb->row.id);
    if (zone) {
        of_act_set_u64(actions, REG(LOGICAL_REG_CT_ZONE), zone);
    }
    of_act_set_u64(actions, REG(LOGICAL_REG_DNAT_ZONE), zone_of(port->d, ZONE_DNAT, port->dp->row.id));
    of_act_set_u64(actions, REG(LOGICAL_REG_SNAT_ZONE), zone_of(port->d, ZONE_SNAT, port->dp->row.id));
}

static void
match_out(const struct port *port, struct of_match *match)
{
    metadata_match(match, port->dp_key);
    of_match_set_u64(match, REG(LOGICAL_REG_OUTPORT), port->key);
}

/* From the end of the ingress pipeline into the egress pipeline, and out of it, for a port that is here. */
static void
emit_local_output(const struct port *port, struct rule *rule)
{
    match_out(port, &rule->match);
    set_zones(port, &rule->actions);
    of_act_resubmit(&rule->actions, OFT_CHECK_LOOPBACK);
    rule_emit(rule, OFT_LOCAL_OUTPUT, PRIORITY);

    /* Never back to where it came from, unless the pipeline said so. */
    match_out(port, &rule->match);
    of_match_set_u64(&rule->match, REG(LOGICAL_REG_INPORT), port->key);
    of_match_set_u64_masked(&rule->match, REG(LOGICAL_REG_FLAGS), 0, IN_FLAG(LOGICAL_FLAG_LOOPBACK));
    rule_emit(rule, OFT_CHECK_LOOPBACK, PRIORITY);

    /* A switch drops output to the port of arrival: hide that port from it. */
    match_out(port, &rule->match);
    of_match_set_u64_masked(&rule->match, REG(LOGICAL_REG_FLAGS), IN_FLAG(LOGICAL_FLAG_LOOPBACK),
                            IN_FLAG(LOGICAL_FLAG_LOOPBACK));
    of_act_push(&rule->actions, of_subfield_whole(OFF_IN_PORT16));
    of_act_set_u64(&rule->actions, OFF_IN_PORT16, 0xffff);   /* OFPP_NONE */
    of_act_resubmit(&rule->actions, OFT_LOG_TO_PHY);
    of_act_pop(&rule->actions, of_subfield_whole(OFF_IN_PORT16));
    rule_emit(rule, OFT_SAVE_INPORT, PRIORITY);
}

static void
emit_plugged_in(const struct port *port, struct rule *rule, uint16_t ofport)
{
    of_match_set_u64(&rule->match, OFF_IN_PORT, ofport);
    set_zones(port, &rule->actions);
    metadata_set(&rule->actions, port->dp_key);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_INPORT), port->key);
    if (!strcmp(sb_port_binding_type(port->d, port->pb), "localport")) {
        of_act_load_u64(&rule->actions, bits(REG(LOGICAL_REG_FLAGS), LOGICAL_FLAG_LOCALPORT, 1), 1);
    }
    of_act_resubmit(&rule->actions, OFT_LOG_INGRESS);
    rule_emit(rule, OFT_PHY_TO_LOG, PRIORITY);

    emit_local_output(port, rule);
    match_out(port, &rule->match);
    of_act_output(&rule->actions, ofport);
    rule_emit(rule, OFT_LOG_TO_PHY, PRIORITY);
}

/* A patch: out of this datapath is into the peer's. */
static void
emit_patch(const struct port *port, struct rule *rule, const struct port *peer)
{
    emit_local_output(port, rule);
    match_out(port, &rule->match);
    size_t clone = of_act_clone_begin(&rule->actions);
    of_act_ct_clear(&rule->actions);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_CT_ZONE), 0);
    set_zones(peer, &rule->actions);
    metadata_set(&rule->actions, peer->dp_key);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_INPORT), peer->key);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_FLAGS), 0);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_OUTPORT), 0);
    clear_logical_registers(&rule->actions);
    of_act_resubmit(&rule->actions, OFT_LOG_INGRESS);
    of_act_end(&rule->actions, clone);
    rule_emit(rule, OFT_LOG_TO_PHY, PRIORITY);
}

/* Writes datapath, ingress and egress port into the tunnel's header, and sends. */
static void
put_encapsulation(struct buf *actions, struct tunnel tunnel, uint32_t dp_key, uint32_t outport)
{
    if (tunnel.is_vxlan) {
        uint32_t port = outport >= FIRST_MULTICAST_KEY ? (VXLAN_MULTICAST | (outport & (VXLAN_MULTICAST - 1))) : outport;
        of_act_set_u64(actions, OFF_TUN_ID, (uint64_t) port << VXLAN_DP_BITS | dp_key);
    } else {
        of_act_load_u64(actions, bits(OFF_TUN_ID, 0, 24), dp_key);
        of_act_set_u64(actions, OFF_TUN_METADATA0, outport);
        of_act_move(actions, bits(REG(LOGICAL_REG_INPORT), 0, GENEVE_INPORT_BITS),
                    bits(OFF_TUN_METADATA0, GENEVE_INPORT_OFS, GENEVE_INPORT_BITS));
    }
    of_act_output(actions, tunnel.ofport);
}

static void
emit_remote(const struct port *port, struct rule *rule, const struct sb_chassis *chassis)
{
    struct tunnel tunnel = tunnel_to_chassis(port->d, sb_chassis_name(port->d, chassis));
    if (tunnel.ofport) {
        match_out(port, &rule->match);
        put_encapsulation(&rule->actions, tunnel, port->dp_key, port->key);
        rule_emit(rule, OFT_REMOTE_OUTPUT, PRIORITY);
    }
}

static bool
is_type(struct derive *d, const struct sb_port_binding *pb, const char *type)
{
    return !strcmp(sb_port_binding_type(d, pb), type);
}

static bool
find_peer(struct derive *d, const struct sb_port_binding *pb, struct port *ret)
{
    const char *name = sb_port_binding_options_get(d, pb, "peer");
    const struct sb_port_binding *peer = name ? lookup_port_binding(d, str_from(name)) : NULL;
    return peer && port_init(ret, d, peer);
}

void
derive_physical_port(struct derive *d, uint64_t key)
{
    const struct row *row = replica_row_by_id(controller_of(d)->sb, SB_TABLE_PORT_BINDING, (uint32_t) key);
    const struct sb_port_binding *pb = sb_port_binding(row);
    struct port port, peer;
    struct rule rule;
    uint16_t ofport;

    if (!port_init(&port, d, pb)) {
        return;
    }
    rule_init(&rule, d, &pb->row.uuid);
    const struct sb_chassis *chassis = sb_port_binding_chassis(d, pb);
    if (is_type(d, pb, "patch")) {
        if (find_peer(d, pb, &peer)) {
            emit_patch(&port, &rule, &peer);
        }
    } else if (binding_is_wanted_here(d, pb)
               && interface_of_lport(d, sb_port_binding_logical_port(d, pb), &ofport)) {
        emit_plugged_in(&port, &rule, ofport);
    } else if (chassis && chassis != own_chassis(d) && !is_type(d, pb, "localport")) {
        emit_remote(&port, &rule, chassis);
    }
    rule_fini(&rule);
}

/* --- Multicast groups --- */

struct member {
    const struct sb_port_binding *pb;
    uint32_t key;
};
VEC_DEFINE(members, struct member);
VEC_DEFINE(chassis_names, const char *);

struct group {
    struct derive *d;
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

    if (is_type(d, pb, "patch")) {
        vec_push(&group->patches, member);
    } else if (binding_is_wanted_here(d, pb)) {
        vec_push(&group->locals, member);
    } else if (chassis && chassis != own_chassis(d) && !is_type(d, pb, "localport")) {
        vec_push(&group->chassis, sb_chassis_name(d, chassis));
    }
}

static void
deliver(struct group *group, struct rule *rule, const struct member *member, bool with_zones)
{
    if (with_zones) {
        struct port port = {group->d, member->pb, group->dp, member->key, group->dp_key};
        set_zones(&port, &rule->actions);
    }
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_OUTPORT), member->key);
    of_act_resubmit(&rule->actions, OFT_CHECK_LOOPBACK);
}

static void
match_group(const struct group *group, struct of_match *match)
{
    metadata_match(match, group->dp_key);
    of_match_set_u64(match, REG(LOGICAL_REG_OUTPORT), group->key);
}

/* Patches are crossed only where the packet entered the network, else each hypervisor would send a copy. */
static void
emit_group(struct group *group, struct rule *rule)
{
    if (group->patches.n || group->chassis.n) {
        match_group(group, &rule->match);
        for (size_t i = 0; i < group->patches.n; i++) {
            deliver(group, rule, &group->patches.d[i], false);
        }
        if (group->patches.n) {
            of_act_set_u64(&rule->actions, REG(LOGICAL_REG_OUTPORT), group->key);
        }
        for (size_t i = 0; i < group->chassis.n; i++) {
            struct tunnel tunnel = tunnel_to_chassis(group->d, group->chassis.d[i]);
            if (tunnel.ofport) {
                put_encapsulation(&rule->actions, tunnel, group->dp_key, group->key);
            }
        }
        if (group->locals.n) {
            of_act_resubmit(&rule->actions, OFT_LOCAL_OUTPUT);
        }
        rule_emit(rule, OFT_REMOTE_OUTPUT, PRIORITY);
    }
    if (group->locals.n) {
        match_group(group, &rule->match);
        for (size_t i = 0; i < group->locals.n; i++) {
            deliver(group, rule, &group->locals.d[i], true);
        }
        of_act_set_u64(&rule->actions, REG(LOGICAL_REG_OUTPORT), group->key);
        rule_emit(rule, OFT_LOCAL_OUTPUT, PRIORITY);
    }
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
    struct group group = {.d = d, .dp = dp, .key = (uint32_t) sb_multicast_group_tunnel_key(d, mc),
                          .dp_key = (uint32_t) sb_datapath_binding_tunnel_key(d, dp)};
    const struct datum *ports = sb_multicast_group_ports(d, mc);
    for (uint32_t i = 0; i < ports->n; i++) {
        const struct sb_port_binding *pb = sb_port_binding_by_uuid(d, c->sb, &datum_keys(ports)[i].uuid);
        if (pb) {
            add_member(&group, pb);
        }
    }
    sort_group(&group);
    rule_init(&rule, d, &mc->row.uuid);
    emit_group(&group, &rule);
    rule_fini(&rule);
    vec_fini(&group.patches);
    vec_fini(&group.locals);
    vec_fini(&group.chassis);
}

/* --- Packets from tunnels go to the egress pipeline --- */

static void
emit_from_vxlan(struct rule *rule, uint16_t ofport, bool multicast)
{
    struct of_subfield port = bits(OFF_TUN_ID, VXLAN_DP_BITS, VXLAN_PORT_BITS - 1);
    of_match_set_u64(&rule->match, OFF_IN_PORT, ofport);
    of_match_set_bits(&rule->match, bits(OFF_TUN_ID, 23, 1), multicast);
    of_act_move(&rule->actions, bits(OFF_TUN_ID, 0, VXLAN_DP_BITS), bits(OFF_METADATA, 0, VXLAN_DP_BITS));
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_OUTPORT), multicast ? FIRST_MULTICAST_KEY : 0);
    of_act_move(&rule->actions, port, bits(REG(LOGICAL_REG_OUTPORT), 0, VXLAN_PORT_BITS - 1));
    of_act_resubmit(&rule->actions, OFT_LOCAL_OUTPUT);
    rule_emit(rule, OFT_PHY_TO_LOG, PRIORITY);
}

void
derive_physical_tunnel(struct derive *d, uint64_t iface)
{
    const struct interface_facts *facts = interface_facts(d, iface);
    struct rule rule;

    if (!facts || !facts->is_on_bridge || !facts->is_tunnel || !facts->ofport) {
        return;
    }
    rule_init(&rule, d, NULL);
    if (facts->is_vxlan) {
        emit_from_vxlan(&rule, facts->ofport, false);
        emit_from_vxlan(&rule, facts->ofport, true);
    } else {
        of_match_set_u64(&rule.match, OFF_IN_PORT, facts->ofport);
        of_act_move(&rule.actions, bits(OFF_TUN_ID, 0, 24), bits(OFF_METADATA, 0, 24));
        of_act_move(&rule.actions, bits(OFF_TUN_METADATA0, GENEVE_INPORT_OFS, GENEVE_INPORT_BITS),
                    bits(REG(LOGICAL_REG_INPORT), 0, GENEVE_INPORT_BITS));
        of_act_move(&rule.actions, bits(OFF_TUN_METADATA0, 0, GENEVE_OUTPORT_BITS),
                    bits(REG(LOGICAL_REG_OUTPORT), 0, GENEVE_OUTPORT_BITS));
        of_act_resubmit(&rule.actions, OFT_LOCAL_OUTPUT);
        rule_emit(&rule, OFT_PHY_TO_LOG, PRIORITY);
    }
    rule_fini(&rule);
}
