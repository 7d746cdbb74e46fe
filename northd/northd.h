/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_NORTHD_H
#define WEFT_NORTHD_NORTHD_H

/* What: the compiler of logical networks: Northbound rows in, Southbound rows out, by derivations (lib/derive).
 *
 * Why: this header is the map of the program: every kind of derivation, collection, sink, look-up and index is
 * named here once; each is defined in the file named beside it.
 *
 * Invariants: this is a pure core: no sockets, no clock.  main.c connects replicas and writers to servers.
 *
 * Keys: a derivation's key is the row id of its subject unless said otherwise.  'ls', 'lr', 'lsp', 'lrp', 'route' are
 * row ids of Logical_Switch, Logical_Router, Logical_Switch_Port, Logical_Router_Port, Logical_Router_Static_Route.
 * A datapath is named by the pair (table, row id): dp_of_switch(), dp_of_router(); a logical port likewise. */

#include "lib/derive/derive.h"
#include "lib/derive/pool.h"
#include "ovsdb/client/desired.h"
#include "ovsdb/client/replica.h"
#include "schemas/nb.h"
#include "schemas/sb.h"

/* A derivation may read what has a lower rank. */
enum northd_rank {
    RANK_PARSE,                                              /* one row, parsed */
    RANK_ADDRESSES,                                          /* what needs two parsed rows */
    RANK_TOPOLOGY,                                           /* who is connected to whom: fills collections */
    RANK_TOPOLOGY_SETS,                                      /* those collections */
    RANK_LINKS,                                              /* who is connected over two hops: fills collections */
    RANK_LINK_SETS,
    RANK_KEYS,                                               /* allocators: tunnel keys */
    RANK_KEY_SETS,
    RANK_OUTPUT,                                             /* rows and flows */
};

/* X(IDENTIFIER, "name", rank, on, subject, function) */
#define NORTHD_KINDS(X)                                                                             \
    /* ports.c: rows, parsed. */                                                                    \
    X(K_LSP_CONF, "lsp-conf", RANK_PARSE, DERIVE_ON_READ, 0, derive_lsp_conf)                       \
    X(K_LSP_ADDRESSES, "lsp-addresses", RANK_ADDRESSES, DERIVE_ON_READ, 0, derive_lsp_addresses)        \
    X(K_LRP_CONF, "lrp-conf", RANK_PARSE, DERIVE_ON_READ, 0, derive_lrp_conf)                       \
    X(K_LRP_NETWORKS, "lrp-networks", RANK_PARSE, DERIVE_ON_READ, 0, derive_lrp_networks)           \
    X(K_ROUTE_CONF, "route-conf", RANK_PARSE, DERIVE_ON_READ, 0, derive_route_conf)                 \
    /* topology.c */                                                                                \
    X(K_LS_TOPOLOGY, "ls-topology", RANK_TOPOLOGY, DERIVE_ROW, NB_TABLE_LOGICAL_SWITCH, derive_ls_topology) \
    X(K_LR_TOPOLOGY, "lr-topology", RANK_TOPOLOGY, DERIVE_ROW, NB_TABLE_LOGICAL_ROUTER, derive_lr_topology) \
    X(K_LSP_TOPOLOGY, "lsp-topology", RANK_TOPOLOGY, DERIVE_ROW, NB_TABLE_LOGICAL_SWITCH_PORT, derive_lsp_topology) \
    X(K_LRP_TOPOLOGY, "lrp-topology", RANK_TOPOLOGY, DERIVE_ROW, NB_TABLE_LOGICAL_ROUTER_PORT, derive_lrp_topology) \
    X(K_LS_UNKNOWN, "ls-unknown", RANK_LINKS, DERIVE_ROW, NB_TABLE_LOGICAL_SWITCH, derive_ls_unknown) \
    X(K_ROUTE_GROUPS, "route-groups", RANK_LINKS, DERIVE_ROW, NB_TABLE_LOGICAL_ROUTER_STATIC_ROUTE, derive_route_groups) \
    /* bindings.c: rows of Datapath_Binding, Port_Binding, Multicast_Group. */                      \
    X(K_LS_BINDING, "ls-binding", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_SWITCH, derive_ls_binding) \
    X(K_LR_BINDING, "lr-binding", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_ROUTER, derive_lr_binding) \
    X(K_LSP_BINDING, "lsp-binding", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_SWITCH_PORT, derive_lsp_binding) \
    X(K_LRP_BINDING, "lrp-binding", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_ROUTER_PORT, derive_lrp_binding) \
    X(K_MC_GROUP, "multicast-group", RANK_OUTPUT, DERIVE_COLLECTION_KEY, C_MC_PORTS, derive_multicast_group) \
    /* learned.c: which rows of MAC_Binding and FDB may stay. */                                    \
    X(K_MAC_BINDING, "mac-binding", RANK_OUTPUT, DERIVE_ROW, SB_DERIVE_BASE + SB_TABLE_MAC_BINDING, derive_mac_binding) \
    X(K_FDB, "fdb", RANK_OUTPUT, DERIVE_ROW, SB_DERIVE_BASE + SB_TABLE_FDB, derive_fdb)             \
    /* options.c */                                                                                 \
    X(K_NB_GLOBAL, "nb-global", RANK_TOPOLOGY, DERIVE_ROW, NB_TABLE_NB_GLOBAL, derive_nb_global)    \
    X(K_NB_OPTION, "nb-option", RANK_LINKS, DERIVE_ON_READ, 0, derive_nb_option) /* key: enum nb_option */ \
    /* global.c: rows that are about the whole deployment. */                                       \
    X(K_SB_GLOBAL, "sb-global", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_NB_GLOBAL, derive_sb_global)      \
    X(K_SVC_MONITOR, "svc-monitor", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_NB_GLOBAL, derive_svc_monitor_set) \
    X(K_PORT_UP, "lsp-up", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_SWITCH_PORT, derive_lsp_up)    \
    X(K_CHASSIS_CFG, "chassis-cfg", RANK_TOPOLOGY, DERIVE_ROW, SB_DERIVE_BASE + SB_TABLE_CHASSIS_PRIVATE, derive_chassis_cfg) \
    X(K_VXLAN, "vxlan", RANK_TOPOLOGY, DERIVE_ROW, SB_DERIVE_BASE + SB_TABLE_ENCAP, derive_vxlan)   \
    /* rbac.c: what a chassis may write. */                                                         \
    X(K_RBAC, "rbac", RANK_OUTPUT, DERIVE_ALWAYS, 0, derive_rbac)                                   \
    /* switch.c */                                                                                  \
    X(K_SWITCH_COMMON, "switch-common", RANK_OUTPUT, DERIVE_ALWAYS, 0, derive_switch_common)        \
    X(K_LSP_FLOWS, "lsp-flows", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_SWITCH_PORT, derive_lsp_flows) \
    /* switch_arp.c: ARP and ND responders. */                                                      \
    X(K_LSP_ARP, "lsp-arp", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_SWITCH_PORT, derive_lsp_arp)  \
    /* router.c */                                                                                  \
    X(K_ROUTER_COMMON, "router-common", RANK_OUTPUT, DERIVE_ALWAYS, 0, derive_router_common)        \
    X(K_LRP_FLOWS, "lrp-flows", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_ROUTER_PORT, derive_lrp_flows) \
    /* router_input.c: what the router's own addresses answer. */                                   \
    X(K_LRP_INPUT, "lrp-input", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_ROUTER_PORT, derive_lrp_input) \
    /* routes.c */                                                                                  \
    X(K_LRP_ROUTES, "lrp-routes", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_ROUTER_PORT, derive_lrp_routes) \
    X(K_ECMP_GROUP, "ecmp-group", RANK_KEYS, DERIVE_COLLECTION_KEY, C_ROUTE_GROUPS, derive_ecmp_group) \
    X(K_ROUTE_FLOWS, "route-flows", RANK_OUTPUT, DERIVE_COLLECTION_KEY, C_ROUTE_GROUPS, derive_route_flows) \
    /* neighbors.c: resolving next hops that are ports of the logical network. */                   \
    X(K_LSP_NEIGHBORS, "lsp-neighbors", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_SWITCH_PORT, derive_lsp_neighbors) \
    X(K_LRP_NEIGHBORS, "lrp-neighbors", RANK_OUTPUT, DERIVE_ROW, NB_TABLE_LOGICAL_ROUTER_PORT, derive_lrp_neighbors)

/* X(IDENTIFIER, "name", rank, is_output) */
#define NORTHD_COLLECTIONS(X)                                                                       \
    X(C_SWITCHES, "switches", RANK_TOPOLOGY_SETS, false)      /* 0 → ls; a datapath set */           \
    X(C_ROUTERS, "routers", RANK_TOPOLOGY_SETS, false)        /* 0 → lr (enabled); a datapath set */ \
    X(C_ROUTERS_LEARN_ALL, "routers-learn-all", RANK_TOPOLOGY_SETS, false) /* always_learn_from_arp_request */ \
    X(C_ROUTERS_LEARN_SOME, "routers-learn-some", RANK_TOPOLOGY_SETS, false) /* the others */        \
    X(C_SWITCHES_UNKNOWN, "switches-unknown", RANK_LINK_SETS, false) /* with ports of unknown addresses */ \
    X(C_SWITCHES_KNOWN, "switches-known", RANK_LINK_SETS, false) /* without */                       \
    X(C_NB_GLOBAL, "nb-global", RANK_TOPOLOGY_SETS, false)   /* 0 → the row of NB_Global */         \
    X(C_DATAPATHS, "datapaths", RANK_TOPOLOGY_SETS, false)   /* wanted key or 0 → datapath: asks for a tunnel key */ \
    X(C_PORTS, "ports", RANK_TOPOLOGY_SETS, false)           /* datapath → port_request(): likewise */ \
    X(C_LRP_PEERS, "lrp-peers", RANK_TOPOLOGY_SETS, false)   /* lrp → lsp that names it as router-port */ \
    X(C_LR_NETWORKS, "lr-networks", RANK_TOPOLOGY_SETS, false) /* hash of (lr, network) → lrp */    \
    X(C_LR_PLENS, "lr-plens", RANK_TOPOLOGY_SETS, false)     /* (lr, is IPv6) → prefix lengths of its networks */ \
    X(C_LS_ROUTER_PORTS, "ls-router-ports", RANK_TOPOLOGY_SETS, false) /* ls → (lsp, lrp) attached */ \
    X(C_MC_PORTS, "multicast-ports", RANK_TOPOLOGY_SETS, false) /* (ls, group) → lsp */              \
    X(C_ROUTE_GROUPS, "route-groups", RANK_LINK_SETS, false) /* ECMP group → (route, lrp) */        \
    X(C_ECMP_GROUPS, "ecmp-groups", RANK_KEY_SETS, false)    /* (lr, bucket) → hash of a group's content */ \
    X(C_HV_CFGS, "hv-cfgs", RANK_TOPOLOGY_SETS, false)        /* 0 → nb_cfg of some chassis */       \
    X(C_VXLAN, "vxlan", RANK_TOPOLOGY_SETS, false)           /* 0 → Encap of type "vxlan" */

/* X(IDENTIFIER, "name", forget) */
#define NORTHD_SINKS(X)                                                                             \
    X(S_FLOW, "logical-flows", true)                         /* emit.c */                           \
    X(S_SB_ROW, "southbound-rows", false)                    /* ovsdb/client/desired.h */           \
    X(S_SB_MEMBER, "southbound-members", false)              /* elements of set columns, one by one */ \
    X(S_NB_ROW, "northbound-rows", false)

/* Look-up spaces besides those of the replicas' tables and indexes. */
/* X(IDENTIFIER): key of what. */
#define NORTHD_SPACES(X)                                                                            \
    X(SPACE_DATAPATH_KEY)                                    /* datapath */                         \
    X(SPACE_PORT_KEY)                                        /* port */                             \
    X(SPACE_KEY_OWNER)                                       /* the hash of datapath (or 0) and tunnel key */

/* X(IDENTIFIER, replica, TABLE, COLUMN): indexes over the replicas. */
#define NORTHD_INDEXES(X)                                                                           \
    X(IX_LS_BY_PORT, nb, NB_TABLE_LOGICAL_SWITCH, NB_LOGICAL_SWITCH_PORTS)                          \
    X(IX_LR_BY_PORT, nb, NB_TABLE_LOGICAL_ROUTER, NB_LOGICAL_ROUTER_PORTS)                          \
    X(IX_LR_BY_ROUTE, nb, NB_TABLE_LOGICAL_ROUTER, NB_LOGICAL_ROUTER_STATIC_ROUTES)                 \
    X(IX_LRP_BY_NAME, nb, NB_TABLE_LOGICAL_ROUTER_PORT, NB_LOGICAL_ROUTER_PORT_NAME)                \
    X(IX_PB_BY_PORT, sb, SB_TABLE_PORT_BINDING, SB_PORT_BINDING_LOGICAL_PORT)                       \
    X(IX_CHASSIS_BY_NAME, sb, SB_TABLE_CHASSIS, SB_CHASSIS_NAME)                                    \
    X(IX_CHASSIS_BY_HOSTNAME, sb, SB_TABLE_CHASSIS, SB_CHASSIS_HOSTNAME)

enum northd_kind {
#define X(ID, ...) ID,
    NORTHD_KINDS(X)
#undef X
        N_KINDS
};
enum northd_collection {
#define X(ID, ...) ID,
    NORTHD_COLLECTIONS(X)
#undef X
        N_COLLECTIONS
};
enum northd_sink {
#define X(ID, ...) ID,
    NORTHD_SINKS(X)
#undef X
        N_SINKS
};
enum northd_index {
#define X(ID, ...) ID,
    NORTHD_INDEXES(X)
#undef X
        N_INDEXES
};
/* Tables: Northbound first, then Southbound.  Spaces: rows by uuid in the same order, then indexes, then ours. */
enum { SB_DERIVE_BASE = NB_N_TABLES, N_DERIVE_TABLES = NB_N_TABLES + SB_N_TABLES };
enum northd_space {
    SPACE_INDEXES = N_DERIVE_TABLES,
    SPACE_OWN = SPACE_INDEXES + N_INDEXES,
    SPACE_OWN__ = SPACE_OWN - 1,
#define X(ID) ID,
    NORTHD_SPACES(X)
#undef X
        N_SPACES
};

#define X(ID, NAME, RANK, ON, SUBJECT, FUNCTION) derive_fn FUNCTION;
NORTHD_KINDS(X)
#undef X

struct northd {
    struct derive *derive;
    struct replica *nb, *sb;
    uint32_t indexes[N_INDEXES];                             /* replica index numbers */
    struct tunnel_keys *keys;                                /* tunnel_keys.h */
    struct arena *arena;                                     /* of the derivation that runs; reset before each */
    struct desired desired;                                  /* scratch of derivations that emit rows */
    struct buf flow_text;                                    /* scratch of emit_flow() */
};

struct northd *northd_new(void) MUST_USE;
void northd_free(struct northd *northd);
static inline struct northd *northd_of(const struct derive *d) { return derive_aux(d); }

/* The arena for building flows in the derivation that runs; what is in it is gone when that returns. */
static inline struct arena *run_arena(const struct derive *d) { return northd_of(d)->arena; }

/* Datapaths and ports as keys. */
static inline uint64_t dp_of_switch(uint32_t ls) { return derive_pair(NB_TABLE_LOGICAL_SWITCH, ls); }
static inline uint64_t dp_of_router(uint32_t lr) { return derive_pair(NB_TABLE_LOGICAL_ROUTER, lr); }
static inline uint64_t port_of_lsp(uint32_t lsp) { return derive_pair(NB_TABLE_LOGICAL_SWITCH_PORT, lsp); }
static inline uint64_t port_of_lrp(uint32_t lrp) { return derive_pair(NB_TABLE_LOGICAL_ROUTER_PORT, lrp); }

/* Rows by id.  The row exists, as the subject of a derivation or an id found through the engine does; the exception is
 * the key of a DERIVE_ON_READ derivation (derive.h), for which nb_row_or_null() asks. */
const struct row *nb_row_or_null(struct derive *d, uint32_t table, uint64_t id);
const struct nb_logical_switch *ls_row(struct derive *d, uint64_t ls);
const struct nb_logical_router *lr_row(struct derive *d, uint64_t lr);
const struct nb_logical_switch_port *lsp_row(struct derive *d, uint64_t lsp);
const struct nb_logical_router_port *lrp_row(struct derive *d, uint64_t lrp);
const struct nb_logical_router_static_route *route_row(struct derive *d, uint64_t route);

/* The row of a Northbound index whose key is the string or uuid given, or NULL. */
const struct row *nb_find_string(struct derive *d, enum northd_index index, const char *key);
const struct row *nb_find_uuid(struct derive *d, enum northd_index index, const struct uuid *key);

#endif
