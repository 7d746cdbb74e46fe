/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_ENCODE_H
#define WEFT_LOGICAL_ENCODE_H

/* What: actions of logical flows as OpenFlow actions.
 *
 * Why: the tree says what to do, in terms of logical ports and tables; 'struct encode_params' says where
 * those are in this switch.  What OpenFlow cannot do is sent to the controller (lib/logical/opcode.h).
 *
 * Tables that answer questions.  An action such as "R = lookup_arp(P, A, M)" puts its arguments in fixed fields,
 * clears a bit of 'flags', runs a table and copies the bit to R.  The flows there are the controller's; all match the
 * datapath in metadata:
 *
 *     table             for                              matches                          sets
 *     mac_binding       get_arp get_nd lookup_*_ip       reg15, reg0 | xxreg0             eth.dst, LOOKUP_MAC
 *     mac_lookup        lookup_arp lookup_nd             reg14, reg0 | xxreg0, eth.src    LOOKUP_MAC
 *     get_fdb           get_fdb                          eth.dst                          reg15
 *     lookup_fdb        lookup_fdb                       reg14, eth.src                   LOOKUP_FDB
 *     in_port_sec       check_in_port_sec                reg14, ...                       CHECK_PORT_SEC (refused)
 *     out_port_sec      check_out_port_sec               reg15, ...                       CHECK_PORT_SEC (refused)
 *     lb_hairpin        chk_lb_hairpin                   a VIP's backend to itself        LOOKUP_LB_HAIRPIN
 *     lb_hairpin_reply  chk_lb_hairpin_reply             its reply                        LOOKUP_LB_HAIRPIN
 *     ct_snat_to_vip    ct_snat_to_vip                   a VIP's backend to itself        (does the SNAT)
 *     ecmp_nh_mac       chk_ecmp_nh_mac                  learned                          LOOKUP_COMMIT_ECMP_NH
 *     ecmp_nh           chk_ecmp_nh                      learned                          LOOKUP_COMMIT_ECMP_NH
 *     lb_affinity       chk_lb_aff                       learned                          LB_AFFINITY, reg4 | xxreg0 or 1, reg8
 *     mac_cache_use     mac_cache_use                    counts hits of MAC bindings
 */

#include "lib/base/err.h"
#include "lib/base/uuid.h"
#include "lib/logical/actions.h"
#include "lib/openflow/of_group.h"

/* Where things are in the switch.  LOGICAL_TABLES_DEFAULT has the numbers of OVN, which operators know. */
struct logical_tables {
    uint8_t ingress, n_ingress;                              /* first OpenFlow table, and how many */
    uint8_t egress, n_egress;
    uint8_t output;                                          /* what "output" of the ingress pipeline runs: remote output */
    uint8_t save_inport;                                     /* what "output" of the egress pipeline runs */
    uint8_t mac_binding, mac_lookup;
    uint8_t lb_hairpin, lb_hairpin_reply, ct_snat_to_vip;
    uint8_t get_fdb, lookup_fdb;
    uint8_t in_port_sec, in_port_sec_nd, out_port_sec;
    uint8_t ecmp_nh_mac, ecmp_nh;
    uint8_t lb_affinity;
    uint8_t mac_cache_use;
    uint8_t flood_remote;                                    /* 0: "flood_remote" is not supported */
};
#define LOGICAL_TABLES_DEFAULT                                                                      \
    ((struct logical_tables) {                                                                      \
        .ingress = 8, .n_ingress = 33, .egress = 62, .n_egress = 24, .output = 54,                   \
        .save_inport = 88, .mac_binding = 90, .mac_lookup = 91, .lb_hairpin = 92,                   \
        .lb_hairpin_reply = 93, .ct_snat_to_vip = 94, .get_fdb = 95, .lookup_fdb = 96,              \
        .in_port_sec = 97, .in_port_sec_nd = 98, .out_port_sec = 99, .ecmp_nh_mac = 100,            \
        .ecmp_nh = 101, .lb_affinity = 102, .mac_cache_use = 103})

/* Numbers of logical registers in the switch: reg0-reg9 are themselves. */
enum {
    LOGICAL_REG_FLAGS = 10,
    LOGICAL_REG_DNAT_ZONE = 11,
    LOGICAL_REG_SNAT_ZONE = 12,
    LOGICAL_REG_CT_ZONE = 13,
    LOGICAL_REG_INPORT = 14,
    LOGICAL_REG_OUTPORT = 15,
};
/* Bits of 'flags' that are used by the flows of encode.c and of the controller but have no symbol. */
enum {
    LOGICAL_FLAG_LOOPBACK = 0,
    LOGICAL_FLAG_RCV_FROM_RAMP = 1,
    LOGICAL_FLAG_LOCAL_ONLY = 4,
    LOGICAL_FLAG_NESTED_CONTAINER = 5,
    LOGICAL_FLAG_LOOKUP_MAC = 6,                             /* answer of the tables for lookup_arp() and lookup_nd() */
    LOGICAL_FLAG_LOOKUP_LB_HAIRPIN = 7,
    LOGICAL_FLAG_LOOKUP_FDB = 8,
    LOGICAL_FLAG_LOCALPORT = 10,
    LOGICAL_FLAG_CHECK_PORT_SEC = 12,
    LOGICAL_FLAG_LOOKUP_COMMIT_ECMP_NH = 13,
    LOGICAL_FLAG_LB_AFFINITY = 14,
};

/* A DHCP option that the Southbound database defines (tables DHCP_Options and DHCPv6_Options). */
struct dhcp_option {
    uint16_t code;
    const char *type;                                        /* "ipv4", "static_routes", "str", "uint8", ... */
};

struct encode_params {
    const struct logical_tables *tables;
    void *aux;                                               /* first argument of the callbacks */
    bool is_egress;
    bool is_router;                                          /* routers keep NAT zones apart; switches have reg13 */
    uint8_t table;                                           /* logical table of the flow */
    uint32_t dp_key;
    struct uuid lflow;                                       /* row uuid: cookies of samples and learned flows */
    uint32_t controller_meter;                               /* meter for packets to the controller; 0 for none */
    bool ct_snat_in_dnat_zone;                               /* routers whose NAT shares one zone */
    bool ct_zero_snat;                                       /* the datapath does all-zero SNAT: ct_commit uses it */

    /* The tunnel key of a port or multicast group of this datapath; false if there is none. */
    bool (*lookup_port)(void *aux, struct str name, uint32_t *ret_key);
    /* The OpenFlow port behind which a logical port of another chassis is, for fwd_group(liveness=true). */
    bool (*lookup_tunnel)(void *aux, struct str lport, uint32_t *ret_ofport);
    /* The id that the controller gave to the group with this content; 'group->group_id' is not filled in, and
     * 'group' is borrowed for the call. */
    uint32_t (*group)(void *aux, const struct of_group *group);
    /* The id of the meter of the Meter row 'name'; 0 if there is none. */
    uint32_t (*meter)(void *aux, struct str name);
    /* The id of a meter made for set_meter(): kbps, and kilobits of burst (0 for none); 0 if none can be made. */
    uint32_t (*rate_meter)(void *aux, uint32_t rate_kbps, uint32_t burst_kb);
    bool (*dhcp4_option)(void *aux, struct str name, struct dhcp_option *ret);
    bool (*dhcp6_option)(void *aux, struct str name, struct dhcp_option *ret);
};

/* Appends the OpenFlow 1.5 actions of 'act' to 'ofpacts'.  "drop" and NULL append nothing.
 *
 * A port name that lookup_port() does not know is port 0, as in OVN, and so is "none".  Errors: a DHCP option that is
 * unknown or whose value has the wrong type; an action that cannot be where it is (ct_commit outside
 * assignments of ct_mark and ct_label).  On error 'ofpacts' is as it was. */
struct err *actions_encode(const struct act *act, const struct encode_params *params, struct buf *ofpacts) MUST_USE;

#endif
