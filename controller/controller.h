/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_CONTROLLER_H
#define WEFT_CONTROLLER_CONTROLLER_H

/* What: the agent of one hypervisor: the Southbound database and the local Open_vSwitch database in; OpenFlow, tunnels
 * and bindings out, by derivations (lib/derive).
 *
 * Why: this header is the map of the program: every kind of derivation, collection, sink, look-up and index is
 * named here once; each is defined in the file named beside it.
 *
 * Invariants: this is a pure core: no sockets, no clock.  main.c connects replicas and writers to the two servers and
 * flow_sync.c to the switch.  Whatever sets or matches OpenFlow metadata goes through metadata.h.
 *
 * Keys: a derivation's key is the row id of its subject unless said otherwise.  'pb', 'dp', 'lflow', 'iface' are row
 * ids of Port_Binding, Datapath_Binding, Logical_Flow and Interface. */

#include "lib/derive/derive.h"
#include "lib/derive/pool.h"
#include "ovsdb/client/desired.h"
#include "ovsdb/client/replica.h"
#include "schemas/sb.h"
#include "schemas/vswitch.h"

/* A derivation may read what has a lower rank. */
enum controller_rank {
    RANK_CONFIG,                                             /* the row that holds the settings */
    RANK_CONFIG_SETS,
    RANK_SETTINGS,                                           /* each of them */
    RANK_FACTS,                                              /* interfaces, parsed */
    RANK_PRESENCE,                                           /* what is plugged in here: fills collections */
    RANK_PRESENCE_SETS,                                      /* those collections */
    RANK_BINDING,                                            /* which ports are ours; fills collections */
    RANK_BINDING_SETS,
    RANK_LOCAL,                                              /* allocator: local datapaths */
    RANK_LOCAL_INDEX,                                        /* what is in local datapaths: fills collections */
    RANK_LOCAL_SETS,
    RANK_ZONES,                                              /* allocator: conntrack zones */
    RANK_OUTPUT,                                             /* rows and OpenFlow flows */
};

/* X(IDENTIFIER, "name", rank, on, subject, function) */
#define CONTROLLER_KINDS(X)                                                                         \
    /* config.c: external_ids of Open_vSwitch, with their defaults. */                              \
    X(K_OVS_ROOT, "ovs-root", RANK_CONFIG, DERIVE_ROW, OVS_DERIVE_BASE + VSWITCH_TABLE_OPEN_VSWITCH, derive_ovs_root) \
    X(K_CONFIG, "config", RANK_SETTINGS, DERIVE_ON_READ, 0, derive_config) /* key: enum config */ \
    /* interfaces.c */                                                                              \
    X(K_IFACE_FACTS, "interface-facts", RANK_FACTS, DERIVE_ON_READ, 0, derive_interface_facts)      \
    X(K_IFACE, "interface", RANK_PRESENCE, DERIVE_ROW, OVS_DERIVE_BASE + VSWITCH_TABLE_INTERFACE, derive_interface) \
    /* chassis.c: our rows of Chassis, Encap, Chassis_Private. */                                   \
    X(K_CHASSIS, "chassis", RANK_OUTPUT, DERIVE_ALWAYS, 0, derive_chassis)                          \
    /* encap.c: tunnels to the other chassis, as Ports of the integration bridge. */                \
    X(K_TUNNELS, "tunnels", RANK_OUTPUT, DERIVE_ROW, SB_TABLE_CHASSIS, derive_tunnels)              \
    X(K_BRIDGE, "bridge", RANK_OUTPUT, DERIVE_ALWAYS, 0, derive_bridge)                             \
    /* networks.c: patches to the bridges of physical networks. */                                  \
    X(K_NETWORK, "network", RANK_OUTPUT, DERIVE_ROW, SB_TABLE_PORT_BINDING, derive_network)         \
    /* binding.c: which ports are bound here. */                                                    \
    X(K_BINDING, "binding", RANK_OUTPUT, DERIVE_ROW, SB_TABLE_PORT_BINDING, derive_binding)        \
    /* datapaths.c: the datapaths that matter here. */                                              \
    X(K_DP_LINKS, "datapath-links", RANK_BINDING, DERIVE_ROW, SB_TABLE_PORT_BINDING, derive_datapath_links) \
    X(K_LOCAL_PORT, "local-port", RANK_LOCAL_INDEX, DERIVE_ROW, SB_TABLE_PORT_BINDING, derive_local_port) \
    X(K_LOCAL_GROUP, "local-group", RANK_LOCAL_INDEX, DERIVE_ROW, SB_TABLE_DATAPATH_BINDING, derive_local_group) \
    /* lflow.c: logical flows to OpenFlow. */                                                       \
    X(K_LFLOW, "lflow", RANK_OUTPUT, DERIVE_ROW, SB_TABLE_LOGICAL_FLOW, derive_lflow)               \
    /* physical.c: between OpenFlow ports and logical ports. */                                     \
    X(K_PHYSICAL_COMMON, "physical-common", RANK_OUTPUT, DERIVE_ALWAYS, 0, derive_physical_common)  \
    X(K_PHYSICAL_PORT, "physical-port", RANK_OUTPUT, DERIVE_ROW, SB_TABLE_PORT_BINDING, derive_physical_port) \
    X(K_PHYSICAL_TUNNEL, "physical-tunnel", RANK_OUTPUT, DERIVE_ROW, OVS_DERIVE_BASE + VSWITCH_TABLE_INTERFACE, derive_physical_tunnel) \
    /* multicast.c */                                                                               \
    X(K_PHYSICAL_GROUP, "physical-group", RANK_OUTPUT, DERIVE_ROW, SB_TABLE_MULTICAST_GROUP, derive_physical_group) \
    /* port_security.c */                                                                           \
    X(K_PORT_SECURITY, "port-security", RANK_OUTPUT, DERIVE_ROW, SB_TABLE_PORT_BINDING, derive_port_security) \
    /* neighbors.c: MAC_Binding and FDB. */                                                         \
    X(K_MAC_BINDING, "mac-binding", RANK_OUTPUT, DERIVE_ROW, SB_TABLE_MAC_BINDING, derive_mac_binding) \
    X(K_FDB, "fdb", RANK_OUTPUT, DERIVE_ROW, SB_TABLE_FDB, derive_fdb)

/* X(IDENTIFIER, "name", rank, is_output) */
#define CONTROLLER_COLLECTIONS(X)                                                                   \
    X(C_OVS_ROOT, "ovs-root", RANK_CONFIG_SETS, false)          /* 0 → the row of Open_vSwitch */      \
    X(C_IFACES, "interfaces", RANK_PRESENCE_SETS, false)     /* hash of iface-id → iface on the integration bridge */ \
    X(C_NETWORKS, "network-interfaces", RANK_PRESENCE_SETS, false) /* hash of the name of a localnet or l2gateway port → iface */ \
    X(C_TUNNELS, "tunnel-interfaces", RANK_PRESENCE_SETS, false) /* hash of chassis name → tunnel iface */ \
    X(C_DP_LINKS, "datapath-links", RANK_BINDING_SETS, false) /* dp → neighbor dp; dp → itself: wanted here */ \
    X(C_ZONES, "zones", RANK_LOCAL_SETS, false)              /* enum zone_kind → row that needs a zone */ \
    X(C_LOCALNETS, "localnets", RANK_LOCAL_SETS, false)      /* local dp → pb of a localnet port that is attached here */ \
    X(C_GROUP_DPS, "group-datapaths", RANK_LOCAL_SETS, false) /* Logical_DP_Group → local dp */

/* X(IDENTIFIER, "name", forget) */
#define CONTROLLER_SINKS(X)                                                                         \
    X(S_FLOW, "openflow-flows", false)                       /* flows.h */                          \
    X(S_GROUP, "openflow-groups", false)                                                            \
    X(S_METER, "openflow-meters", false)                                                            \
    X(S_SB_ROW, "southbound-rows", false)                    /* ovsdb/client/desired.h */                        \
    X(S_OVS_ROW, "vswitch-rows", false)                                                             \
    X(S_OVS_MEMBER, "vswitch-members", false)               /* tunnels of the bridge */             \
    X(S_LOCAL_PORT, "local-ports", false)                    /* ports bound here: what becomes "up" */

/* X(IDENTIFIER): look-up spaces besides those of the replicas' tables and indexes: key of what. */
#define CONTROLLER_SPACES(X)                                                                        \
    X(SPACE_LOCAL_DATAPATH)                                  /* dp */                               \
    X(SPACE_INSTALLED)                                       /* name of a port */                   \
    X(SPACE_ZONE)                                            /* pair of enum zone_kind and row id */

/* X(IDENTIFIER, replica, TABLE, COLUMN...): indexes over the replicas. */
#define CONTROLLER_INDEXES(X)                                                                       \
    X(IX_PB_BY_NAME, sb, SB_TABLE_PORT_BINDING, SB_PORT_BINDING_LOGICAL_PORT)                       \
    X(IX_CHASSIS_BY_NAME, sb, SB_TABLE_CHASSIS, SB_CHASSIS_NAME)                                    \
    X(IX_GROUP_BY_DP, sb, SB_TABLE_LOGICAL_DP_GROUP, SB_LOGICAL_DP_GROUP_DATAPATHS)                 \
    X(IX_DP_BY_KEY, sb, SB_TABLE_DATAPATH_BINDING, SB_DATAPATH_BINDING_TUNNEL_KEY)                  \
    X(IX_PB_BY_KEY, sb, SB_TABLE_PORT_BINDING, SB_PORT_BINDING_DATAPATH, SB_PORT_BINDING_TUNNEL_KEY) \
    X(IX_MAC_BINDING, sb, SB_TABLE_MAC_BINDING, SB_MAC_BINDING_LOGICAL_PORT, SB_MAC_BINDING_IP)     \
    X(IX_FDB, sb, SB_TABLE_FDB, SB_FDB_DP_KEY, SB_FDB_MAC)                                          \
    X(IX_MC_BY_NAME, sb, SB_TABLE_MULTICAST_GROUP, SB_MULTICAST_GROUP_DATAPATH, SB_MULTICAST_GROUP_NAME) \
    X(IX_DHCP4_BY_NAME, sb, SB_TABLE_DHCP_OPTIONS, SB_DHCP_OPTIONS_NAME)                            \
    X(IX_DHCP6_BY_NAME, sb, SB_TABLE_DHCPV6_OPTIONS, SB_DHCPV6_OPTIONS_NAME)                        \
    X(IX_ADDRESS_SET_BY_NAME, sb, SB_TABLE_ADDRESS_SET, SB_ADDRESS_SET_NAME)                        \
    X(IX_PORT_GROUP_BY_NAME, sb, SB_TABLE_PORT_GROUP, SB_PORT_GROUP_NAME)                           \
    X(IX_TEMPLATE_BY_CHASSIS, sb, SB_TABLE_CHASSIS_TEMPLATE_VAR, SB_CHASSIS_TEMPLATE_VAR_CHASSIS)   \
    X(IX_METER_BY_NAME, sb, SB_TABLE_METER, SB_METER_NAME)                                          \
    X(IX_PORT_BY_IFACE, ovs, VSWITCH_TABLE_PORT, VSWITCH_PORT_INTERFACES)                           \
    X(IX_BRIDGE_BY_PORT, ovs, VSWITCH_TABLE_BRIDGE, VSWITCH_BRIDGE_PORTS)                           \
    X(IX_BRIDGE_BY_NAME, ovs, VSWITCH_TABLE_BRIDGE, VSWITCH_BRIDGE_NAME)

enum controller_kind {
#define X(ID, ...) ID,
    CONTROLLER_KINDS(X)
#undef X
        N_KINDS
};
enum controller_collection {
#define X(ID, ...) ID,
    CONTROLLER_COLLECTIONS(X)
#undef X
        N_COLLECTIONS
};
enum controller_sink {
#define X(ID, ...) ID,
    CONTROLLER_SINKS(X)
#undef X
        N_SINKS
};
enum controller_index {
#define X(ID, ...) ID,
    CONTROLLER_INDEXES(X)
#undef X
        N_INDEXES
};
/* Tables: Southbound first, then Open_vSwitch.  Spaces: rows by uuid in the same order, then indexes, then ours. */
enum { OVS_DERIVE_BASE = SB_N_TABLES, N_DERIVE_TABLES = SB_N_TABLES + VSWITCH_N_TABLES };
enum controller_space {
    SPACE_INDEXES = N_DERIVE_TABLES,
    SPACE_OWN = SPACE_INDEXES + N_INDEXES,
    SPACE_OWN__ = SPACE_OWN - 1,
#define X(ID) ID,
    CONTROLLER_SPACES(X)
#undef X
        N_SPACES
};

#define X(ID, NAME, RANK, ON, SUBJECT, FUNCTION) derive_fn FUNCTION;
CONTROLLER_KINDS(X)
#undef X

/* OpenFlow tables of the integration bridge: the numbering of current OVN. */
enum of_table {
    OFT_PHY_TO_LOG = 0,
    OFT_LOG_INGRESS = 8,
    OFT_LARGE_PACKETS = 52,
    OFT_LARGE_PACKETS_ERROR = 53,
    OFT_REMOTE_OUTPUT = 54,
    OFT_VTEP_OUTPUT = 55,
    OFT_LOCAL_OUTPUT = 56,
    OFT_CHECK_LOOPBACK = 57,
    OFT_LOG_EGRESS = 62,
    OFT_SAVE_INPORT = 88,
    OFT_LOG_TO_PHY = 89,
    OFT_MAC_BINDING = 90,
    OFT_MAC_LOOKUP = 91,
    OFT_CHK_LB_HAIRPIN = 92,
    OFT_CHK_LB_HAIRPIN_REPLY = 93,
    OFT_CT_SNAT_HAIRPIN = 94,
    OFT_GET_FDB = 95,
    OFT_LOOKUP_FDB = 96,
    OFT_IN_PORT_SECURITY = 97,
    OFT_IN_PORT_SECURITY_ND = 98,
    OFT_OUT_PORT_SECURITY = 99,
    OFT_ECMP_NH_MAC = 100,
    OFT_ECMP_NH = 101,
    OFT_LB_AFFINITY = 102,
    OFT_MAC_CACHE_USE = 103,
};

/* Ids of groups and meters; a datapath may have few meters. */
enum { MAX_GROUP_ID = INT32_MAX, MAX_METER_ID = 65535 };

struct controller {
    struct derive *derive;
    struct replica *sb, *ovs;
    uint32_t indexes[N_INDEXES];                             /* replica index numbers */
    struct local_datapaths *local;                           /* datapaths.h */
    struct installed_ports *installed;                       /* binding.h */
    struct zones *zones;                                     /* zones.h */
    struct lflow_cache *lflows;                              /* lflow.h: matches and actions, parsed once a text */
    struct desired desired;                                  /* scratch of derivations that emit rows */
    struct pool *group_ids, *meter_ids;                      /* OpenFlow ids by content; flows.h */
    struct buf flow_bytes;                                   /* scratch of flows.c */
    struct arena *arena;                                     /* of the derivation that runs */
};

struct controller *controller_new(void) MUST_USE;
void controller_free(struct controller *controller);
static inline struct controller *controller_of(const struct derive *d) { return derive_aux(d); }
static inline struct arena *run_arena(const struct derive *d) { return controller_of(d)->arena; }

#endif
