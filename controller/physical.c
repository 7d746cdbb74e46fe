/* SPDX-License-Identifier: Apache-2.0 */
/* Between OpenFlow ports and logical ports: the tables before, between and behind the logical pipelines
 * (ovn-architecture(7), "Architectural Physical Life Cycle of a Packet"). */
#include <config.h>

#include "controller/physical.h"

#include <string.h>

#include "controller/binding.h"
#include "controller/datapaths.h"
#include "controller/lookup.h"
#include "controller/metadata.h"
#include "controller/zones.h"

/* The bits of tun_metadata0, the Geneve option of OVN: 0, ingress port, egress port. */
enum { GENEVE_INPORT_OFS = 16, GENEVE_INPORT_BITS = 15, GENEVE_OUTPORT_BITS = 16 };
/* VXLAN's 24 bits: egress port, datapath.  Multicast groups have the topmost bit set (ovn-architecture(7)). */
enum { VXLAN_DP_BITS = 12, VXLAN_PORT_BITS = 12, VXLAN_MULTICAST = 1 << 11, FIRST_MULTICAST_KEY = 32768 };

void
rule_init(struct rule *rule, struct derive *d, const struct uuid *hint)
{
    *rule = (struct rule) {.d = d, .cookie = hint ? cookie_of(hint) : 0, .actions = BUF_INIT(OF_ACTIONS_MAX)};
    of_match_init(&rule->match);
}

void
rule_emit(struct rule *rule, enum of_table table, uint16_t priority)
{
    emit_of_flow(rule->d, &(struct flow) {.table = (uint8_t) table, .priority = priority, .cookie = rule->cookie,
                                          .match = &rule->match, .actions = rule->actions.data,
                                          .n_actions = rule->actions.size});
    of_match_fini(&rule->match);
    of_match_init(&rule->match);
    buf_clear(&rule->actions);
}

void
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

    /* Packets that must not leave this hypervisor: marked so, received from a tunnel, or sent by a port that each hypervisor has. */
    of_match_set_u64_masked(&rule.match, REG(LOGICAL_REG_FLAGS), IN_FLAG(LOGICAL_FLAG_LOCAL_ONLY),
                            IN_FLAG(LOGICAL_FLAG_LOCAL_ONLY));
    emit_skip(&rule, OFT_REMOTE_OUTPUT, 150, OFT_LOCAL_OUTPUT);
    of_match_set_u64_masked(&rule.match, REG(LOGICAL_REG_FLAGS), IN_FLAG(LOGICAL_FLAG_RCV_FROM_RAMP),
                            IN_FLAG(LOGICAL_FLAG_RCV_FROM_RAMP) | IN_FLAG(LOGICAL_FLAG_LOOPBACK));
    emit_skip(&rule, OFT_REMOTE_OUTPUT, 150, OFT_LOCAL_OUTPUT);
    of_match_set_u64_masked(&rule.match, REG(LOGICAL_REG_FLAGS), IN_FLAG(LOGICAL_FLAG_LOCALPORT), IN_FLAG(LOGICAL_FLAG_LOCALPORT));
    emit_skip(&rule, OFT_REMOTE_OUTPUT, 150, OFT_LOCAL_OUTPUT);
    emit_skip(&rule, OFT_REMOTE_OUTPUT, 0, OFT_VTEP_OUTPUT);
    emit_skip(&rule, OFT_VTEP_OUTPUT, 0, OFT_LOCAL_OUTPUT);

    clear_logical_registers(&rule.actions);
    emit_skip(&rule, OFT_CHECK_LOOPBACK, 0, OFT_LOG_EGRESS);
    emit_skip(&rule, OFT_SAVE_INPORT, 0, OFT_LOG_TO_PHY);
    rule_fini(&rule);
}

/* --- Ports --- */

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

void
port_set_zones(const struct port *port, struct buf *actions)
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

/* A switch drops output to the port of arrival: hides that port from it for packets to port 'key', all of them or those that may go
 * back ('if_loopback'). */
static void
emit_hide_inport(const struct port *port, struct rule *rule, bool if_loopback)
{
    match_out(port, &rule->match);
    if (if_loopback) {
        of_match_set_u64_masked(&rule->match, REG(LOGICAL_REG_FLAGS), IN_FLAG(LOGICAL_FLAG_LOOPBACK),
                                IN_FLAG(LOGICAL_FLAG_LOOPBACK));
    }
    of_act_push(&rule->actions, of_subfield_whole(OFF_IN_PORT16));
    of_act_set_u64(&rule->actions, OFF_IN_PORT16, 0xffff);   /* OFPP_NONE */
    of_act_resubmit(&rule->actions, OFT_LOG_TO_PHY);
    of_act_pop(&rule->actions, of_subfield_whole(OFF_IN_PORT16));
    rule_emit(rule, OFT_SAVE_INPORT, PHYSICAL_PRIORITY);
}

/* From the end of the ingress pipeline into the egress pipeline, and out of it, for a port that is here. */
static void
emit_local_output(const struct port *port, struct rule *rule)
{
    match_out(port, &rule->match);
    port_set_zones(port, &rule->actions);
    of_act_resubmit(&rule->actions, OFT_CHECK_LOOPBACK);
    rule_emit(rule, OFT_LOCAL_OUTPUT, PHYSICAL_PRIORITY);

    /* Never back to where it came from, unless the pipeline said so. */
    match_out(port, &rule->match);
    of_match_set_u64(&rule->match, REG(LOGICAL_REG_INPORT), port->key);
    of_match_set_u64_masked(&rule->match, REG(LOGICAL_REG_FLAGS), 0, IN_FLAG(LOGICAL_FLAG_LOOPBACK));
    rule_emit(rule, OFT_CHECK_LOOPBACK, PHYSICAL_PRIORITY);

    emit_hide_inport(port, rule, true);
}

/* --- Ports behind an interface --- */

enum { TAGGED_PRIORITY = 150, LOCALNET_DROP_PRIORITY = 160, VLAN_TYPE = 0x8100 };

/* A packet of 'port' comes in; 'rule' has its match, and actions that go before. */
static void
emit_from_interface(const struct port *port, struct rule *rule, uint16_t priority)
{
    port_set_zones(port, &rule->actions);
    metadata_set(&rule->actions, port->dp_key);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_INPORT), port->key);
    of_act_resubmit(&rule->actions, OFT_LOG_INGRESS);
    rule_emit(rule, OFT_PHY_TO_LOG, priority);
}

static void
set_flag(struct buf *actions, unsigned int bit)
{
    of_act_load_u64(actions, bits(REG(LOGICAL_REG_FLAGS), bit, 1), 1);
}

/* Packets with the VLAN tag of 'port', which its pipeline does not see. */
static void
emit_tagged(const struct port *port, struct rule *rule, uint16_t ofport, uint16_t tag, bool is_container)
{
    of_match_set_u64(&rule->match, OFF_IN_PORT, ofport);
    of_match_set_u64(&rule->match, OFF_VLAN_VID, OF_VLAN_PRESENT | tag);
    if (is_container) {
        set_flag(&rule->actions, LOGICAL_FLAG_NESTED_CONTAINER);
    }
    of_act_pop_vlan(&rule->actions);
    emit_from_interface(port, rule, TAGGED_PRIORITY);

    match_out(port, &rule->match);
    of_act_push_vlan(&rule->actions, VLAN_TYPE);
    of_act_set_u64(&rule->actions, OFF_VLAN_VID, OF_VLAN_PRESENT | tag);
    of_act_output(&rule->actions, ofport);
    of_act_pop_vlan(&rule->actions);
    rule_emit(rule, OFT_LOG_TO_PHY, PHYSICAL_PRIORITY);
}

static void
emit_untagged_output(const struct port *port, struct rule *rule, uint16_t ofport)
{
    match_out(port, &rule->match);
    of_act_output(&rule->actions, ofport);
    rule_emit(rule, OFT_LOG_TO_PHY, PHYSICAL_PRIORITY);
}

/* A VIF gets all packets of its interface, but for those that a container's tag takes away. */
static void
emit_plugged_in(const struct port *port, struct rule *rule, uint16_t ofport)
{
    of_match_set_u64(&rule->match, OFF_IN_PORT, ofport);
    if (binding_kind(port->d, port->pb) == PORT_LOCALPORT) {
        set_flag(&rule->actions, LOGICAL_FLAG_LOCALPORT);
    }
    emit_from_interface(port, rule, PHYSICAL_PRIORITY);
    emit_local_output(port, rule);
    emit_untagged_output(port, rule, ofport);
}

/* Container, its parent and its siblings share an interface: a packet between them leaves by where it came in. */
static void
emit_container(const struct port *port, struct rule *rule, uint16_t ofport)
{
    const struct sb_port_binding *parent_pb = binding_parent(port->d, port->pb);
    const int64_t *tag = sb_port_binding_tag(port->d, port->pb);
    struct port parent;

    if (!tag || !parent_pb) {
        return;
    }
    emit_tagged(port, rule, ofport, (uint16_t) *tag, true);
    emit_local_output(port, rule);
    emit_hide_inport(port, rule, false);
    if (port_init(&parent, port->d, parent_pb)) {
        struct rule common;                                  /* the same for all containers of this parent */
        rule_init(&common, port->d, &parent_pb->row.uuid);
        emit_hide_inport(&parent, &common, false);
        rule_fini(&common);
    }
}

/* A physical network; without a tag, that of packets with priority tags (VLAN 0) is not seen by the pipeline. */
static void
emit_network(const struct port *port, struct rule *rule, uint16_t ofport)
{
    const int64_t *tag = sb_port_binding_tag(port->d, port->pb);
    if (tag && *tag) {
        emit_tagged(port, rule, ofport, (uint16_t) *tag, false);
    } else {
        of_match_set_u64(&rule->match, OFF_IN_PORT, ofport);
        of_match_set_u64(&rule->match, OFF_VLAN_VID, OF_VLAN_PRESENT);
        of_act_pop_vlan(&rule->actions);
        emit_from_interface(port, rule, PHYSICAL_PRIORITY);
        of_match_set_u64(&rule->match, OFF_IN_PORT, ofport);
        of_match_set_u64_masked(&rule->match, OFF_VLAN_VID, 0, OF_VLAN_PRESENT);
        emit_from_interface(port, rule, PHYSICAL_PRIORITY);
        emit_untagged_output(port, rule, ofport);
    }
    emit_local_output(port, rule);
}

/* What must not leave this hypervisor does not leave it by a physical network either. */
static void
emit_localnet(const struct port *port, struct rule *rule, uint16_t ofport)
{
    static const unsigned int flags[] = {LOGICAL_FLAG_LOCAL_ONLY, LOGICAL_FLAG_LOCALPORT};
    emit_network(port, rule, ofport);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        match_out(port, &rule->match);
        of_match_set_u64_masked(&rule->match, REG(LOGICAL_REG_FLAGS), IN_FLAG(flags[i]), IN_FLAG(flags[i]));
        rule_emit(rule, OFT_CHECK_LOOPBACK, LOCALNET_DROP_PRIORITY);
    }
}

/* --- Ports that lead to other ports --- */

/* A patch: out of this datapath is into the peer's. */
static void
emit_patch(const struct port *port, struct rule *rule, const struct port *peer)
{
    emit_local_output(port, rule);
    match_out(port, &rule->match);
    size_t clone = of_act_clone_begin(&rule->actions);
    of_act_ct_clear(&rule->actions);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_CT_ZONE), 0);
    port_set_zones(peer, &rule->actions);
    metadata_set(&rule->actions, peer->dp_key);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_INPORT), peer->key);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_FLAGS), 0);
    of_act_set_u64(&rule->actions, REG(LOGICAL_REG_OUTPORT), 0);
    clear_logical_registers(&rule->actions);
    of_act_resubmit(&rule->actions, OFT_LOG_INGRESS);
    of_act_end(&rule->actions, clone);
    rule_emit(rule, OFT_LOG_TO_PHY, PHYSICAL_PRIORITY);
}

void
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
}

/* The localnet port by which packets leave 'dp' from here: the one with the least key. */
uint32_t
localnet_of(struct derive *d, uint32_t dp)
{
    size_t n;
    const uint64_t *localnets = derive_members(d, C_LOCALNETS, dp, &n);
    uint32_t best = 0;
    for (size_t i = 0; i < n; i++) {
        const struct row *row = replica_row_by_id(controller_of(d)->sb, SB_TABLE_PORT_BINDING, (uint32_t) localnets[i]);
        uint32_t key = (uint32_t) sb_port_binding_tunnel_key(d, sb_port_binding(row));
        best = !best || key < best ? key : best;
    }
    return best;
}

/* On another chassis: over the physical network if the switch has one, else through a tunnel. */
static void
emit_remote(const struct port *port, struct rule *rule, const struct sb_chassis *chassis)
{
    uint32_t localnet = localnet_of(port->d, port->dp->row.id);
    if (localnet) {
        match_out(port, &rule->match);
        of_act_set_u64(&rule->actions, REG(LOGICAL_REG_OUTPORT), localnet);
        of_act_resubmit(&rule->actions, OFT_LOCAL_OUTPUT);
        rule_emit(rule, OFT_LOCAL_OUTPUT, PHYSICAL_PRIORITY);
        return;
    }
    struct tunnel tunnel = chassis ? tunnel_to_chassis(port->d, sb_chassis_name(port->d, chassis)) : (struct tunnel) {0};
    if (tunnel.ofport) {
        match_out(port, &rule->match);
        put_encapsulation(&rule->actions, tunnel, port->dp_key, port->key);
        of_act_output(&rule->actions, tunnel.ofport);
        rule_emit(rule, OFT_REMOTE_OUTPUT, PHYSICAL_PRIORITY);
    }
}

/* A chassisredirect port that is here is the distributed port that it stands for. */
static void
emit_redirect(const struct port *port, struct rule *rule)
{
    const char *name = sb_port_binding_options_get(port->d, port->pb, "distributed-port");
    const struct sb_port_binding *distributed = name ? lookup_port_binding(port->d, str_from(name)) : NULL;
    if (distributed) {
        match_out(port, &rule->match);
        of_act_set_u64(&rule->actions, REG(LOGICAL_REG_OUTPORT), (uint32_t) sb_port_binding_tunnel_key(port->d, distributed));
        port_set_zones(port, &rule->actions);
        of_act_resubmit(&rule->actions, OFT_CHECK_LOOPBACK);
        rule_emit(rule, OFT_LOCAL_OUTPUT, PHYSICAL_PRIORITY);
    }
}

static bool
find_peer(struct derive *d, const struct sb_port_binding *pb, struct port *ret)
{
    const char *name = sb_port_binding_options_get(d, pb, "peer");
    const struct sb_port_binding *peer = name ? lookup_port_binding(d, str_from(name)) : NULL;
    return peer && port_init(ret, d, peer);
}

static void
emit_here(const struct port *port, struct rule *rule)
{
    struct port peer;
    uint16_t ofport = 0;
    bool is_plugged_in = binding_interface(port->d, port->pb, &ofport);

    switch (binding_kind(port->d, port->pb)) {
    case PORT_VIF:
    case PORT_LOCALPORT:
        emit_plugged_in(port, rule, ofport);
        break;
    case PORT_CONTAINER:
        emit_container(port, rule, ofport);
        break;
    case PORT_LOCALNET:
        if (is_plugged_in) {
            emit_localnet(port, rule, ofport);
        }
        break;
    case PORT_L2GATEWAY:
        if (is_plugged_in) {
            emit_network(port, rule, ofport);
        }
        break;
    case PORT_PATCH:
    case PORT_L3GATEWAY:
        if (find_peer(port->d, port->pb, &peer)) {
            emit_patch(port, rule, &peer);
        }
        break;
    case PORT_CHASSISREDIRECT:
        emit_redirect(port, rule);
        break;
    case PORT_EXTERNAL:
        emit_remote(port, rule, NULL);
        break;
    case PORT_OTHER:
        break;
    }
}

void
derive_physical_port(struct derive *d, uint64_t key)
{
    const struct row *row = replica_row_by_id(controller_of(d)->sb, SB_TABLE_PORT_BINDING, (uint32_t) key);
    const struct sb_port_binding *pb = sb_port_binding(row);
    enum port_kind kind = binding_kind(d, pb);
    struct port port;
    struct rule rule;

    if (!port_init(&port, d, pb)) {
        return;
    }
    rule_init(&rule, d, &pb->row.uuid);
    const struct sb_chassis *chassis = sb_port_binding_chassis(d, pb);
    if (kind == PORT_PATCH || kind == PORT_LOCALNET || binding_is_wanted_here(d, pb)) {
        emit_here(&port, &rule);
    } else if (chassis && chassis != own_chassis(d) && kind != PORT_LOCALPORT) {
        emit_remote(&port, &rule, chassis);
    }
    rule_fini(&rule);
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
    rule_emit(rule, OFT_PHY_TO_LOG, PHYSICAL_PRIORITY);
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
        rule_emit(&rule, OFT_PHY_TO_LOG, PHYSICAL_PRIORITY);
    }
    rule_fini(&rule);
}
