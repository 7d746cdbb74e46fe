/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_PORTS_H
#define WEFT_NORTHD_PORTS_H

/* What: switch ports, router ports and static routes, parsed: small values that many derivations read.
 *
 * Why: text is parsed once; a change that parses to the same value wakes nobody; what is wrong in a row is
 * reported once, with row and column, and the rest of the row keeps working.
 *
 * Values are flat and valid until the calling derivation returns. */

#include "lib/packet/addr.h"
#include "northd/northd.h"

#define NO_ROW UINT32_MAX

/* ovn-nb(5), Logical_Switch_Port, column type. */
#define LSP_TYPES(X)                                                                                \
    X(LSP_VIF, "")                                                                                  \
    X(LSP_ROUTER, "router")                                                                         \
    X(LSP_SWITCH, "switch")                                                                         \
    X(LSP_LOCALNET, "localnet")                                                                     \
    X(LSP_LOCALPORT, "localport")                                                                   \
    X(LSP_L2GATEWAY, "l2gateway")                                                                   \
    X(LSP_VTEP, "vtep")                                                                             \
    X(LSP_EXTERNAL, "external")                                                                     \
    X(LSP_VIRTUAL, "virtual")                                                                       \
    X(LSP_REMOTE, "remote")                                                                         \
    X(LSP_UNSUPPORTED, NULL)
enum lsp_type {
#define X(ID, NAME) ID,
    LSP_TYPES(X)
#undef X
};

struct lsp_conf {
    enum lsp_type type;
    uint32_t ls;                                             /* its switch, or NO_ROW */
    uint32_t lrp;                                            /* of type router: the router port it names, or NO_ROW */
    bool enabled;
    bool has_unknown;                                        /* "unknown" is among its addresses */
};
const struct lsp_conf *lsp_conf(struct derive *d, uint64_t lsp);

/* One MAC with at most one IP address; a MAC with several appears several times, in the order of the text. */
struct port_address {
    struct eth_addr mac;
    bool has_ip;                                             /* else a MAC alone */
    bool first_of_mac;                                       /* of its MAC: the place to do things once */
    struct ip_prefix ip;                                     /* host bits kept */
};
/* The addresses of a switch port, in a canonical order (dynamic ones included; for "router", those of its
 * router port). */
const struct port_address *lsp_addresses(struct derive *d, uint64_t lsp, size_t *ret_n);

/* Disabled routers have no datapath: nothing exists on them. */
bool lr_is_enabled(struct derive *d, const struct nb_logical_router *lr);
bool lr_learns_all(struct derive *d, const struct nb_logical_router *lr);         /* neighbors, from ARP requests for others, too */

struct lrp_conf {
    uint32_t lr;                                             /* its router if that is enabled, or NO_ROW */
    uint32_t peer_lrp;                                       /* the router port that column 'peer' names, or NO_ROW */
    struct eth_addr mac;
    bool enabled;
    bool is_valid;                                           /* MAC and all networks parse */
};
const struct lrp_conf *lrp_conf(struct derive *d, uint64_t lrp);
/* The networks of a router port: IPv4 in order, then IPv6 in order, the link-local one of its MAC last (unless it is
 * configured). */
const struct ip_prefix *lrp_networks(struct derive *d, uint64_t lrp, size_t *ret_n);

struct route_conf {
    uint32_t lr;                                             /* its router if that is enabled, or NO_ROW */
    uint32_t lrp;                                            /* of column output_port, or NO_ROW */
    struct ip_prefix prefix;                                 /* without host bits */
    struct ip_addr nexthop;                                  /* if 'has_nexthop' */
    bool has_nexthop;
    bool is_discard;
    bool is_src;                                             /* policy src-ip */
    bool is_valid;
    uint32_t table;                                          /* hash of the route table's name; 0: main */
};
const struct route_conf *route_conf(struct derive *d, uint64_t route);

/* The VLAN of a container or of a localnet port: what tag_request asks for, or tag; 0 for none. */
int64_t lsp_tag(struct derive *d, const struct nb_logical_switch_port *lsp);

#endif
