/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_SYMBOL_H
#define WEFT_LOGICAL_SYMBOL_H

/* What: every symbol of the match language of ovn-sb(5), Logical_Flow table: fields, subfields, predicates.
 *
 * Why: one table, LOGICAL_SYMBOLS, says for each symbol its name, kind, width, prerequisite and where it
 * lies; parser, printer, type checker and compiler all read it.  Adding a symbol is adding a line.
 *
 * A 'field_ref' names a symbol, or some of its bits, in one integer, so that a symbol's enum value is
 * itself a reference to all of it:
 *     F_IP4_DST                 ip4.dst
 *     F_BIT(F_REG9, 3)          reg9[3]
 *     F_BITS(F_REG0, 16, 31)    reg0[16..31]
 */

#include "lib/base/check.h"
#include "lib/base/str.h"

enum symbol_kind {
    SYM_ORDINAL,                                             /* an integer field whose bits can be examined */
    SYM_NOMINAL,                                             /* an integer field compared for equality only */
    SYM_STRING,                                              /* a logical port name */
    SYM_SUBFIELD,                                            /* bits of another field */
    SYM_PREDICATE,                                           /* stands for an expression */
    SYM_OVN_FIELD,                                           /* can only be assigned, in an action */
};

/* X(ID, NAME, KIND, WIDTH, BASE, OFS, PREREQUISITE, WRITABLE)
 *
 * PREREQUISITE is the expansion for a predicate.  BASE and OFS place a subfield in its field.
 * WRITABLE: 0 no, 1 yes, also in part if ordinal. */
#define LOGICAL_SYMBOLS(X)                                                                          \
    X(REG0, "reg0", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(REG1, "reg1", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(REG2, "reg2", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(REG3, "reg3", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(REG4, "reg4", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(REG5, "reg5", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(REG6, "reg6", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(REG7, "reg7", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(REG8, "reg8", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(REG9, "reg9", ORDINAL, 32, NONE, 0, "", 1)                                                    \
    X(XREG0, "xreg0", ORDINAL, 64, NONE, 0, "", 1)                                                  \
    X(XREG1, "xreg1", ORDINAL, 64, NONE, 0, "", 1)                                                  \
    X(XREG2, "xreg2", ORDINAL, 64, NONE, 0, "", 1)                                                  \
    X(XREG3, "xreg3", ORDINAL, 64, NONE, 0, "", 1)                                                  \
    X(XREG4, "xreg4", ORDINAL, 64, NONE, 0, "", 1)                                                  \
    X(XXREG0, "xxreg0", ORDINAL, 128, NONE, 0, "", 1)                                               \
    X(XXREG1, "xxreg1", ORDINAL, 128, NONE, 0, "", 1)                                               \
    X(INPORT, "inport", STRING, 32, NONE, 0, "", 1)                                                 \
    X(OUTPORT, "outport", STRING, 32, NONE, 0, "", 1)                                               \
    X(FLAGS, "flags", ORDINAL, 32, NONE, 0, "", 1)                                                  \
    X(FLAGS_LOOPBACK, "flags.loopback", SUBFIELD, 1, FLAGS, 0, "", 1)                               \
    X(FLAGS_FORCE_SNAT_FOR_DNAT, "flags.force_snat_for_dnat", SUBFIELD, 1, FLAGS, 2, "", 1)         \
    X(FLAGS_FORCE_SNAT_FOR_LB, "flags.force_snat_for_lb", SUBFIELD, 1, FLAGS, 3, "", 1)             \
    X(FLAGS_SKIP_SNAT_FOR_LB, "flags.skip_snat_for_lb", SUBFIELD, 1, FLAGS, 9, "", 1)               \
    X(FLAGS_USE_SNAT_ZONE, "flags.use_snat_zone", SUBFIELD, 1, FLAGS, 11, "", 1)                    \
    X(FLAGS_LOCALNET, "flags.localnet", SUBFIELD, 1, FLAGS, 15, "", 1)                              \
    X(FLAGS_TUNNEL_RX, "flags.tunnel_rx", SUBFIELD, 1, FLAGS, 16, "", 1)                            \
    X(PKT_MARK, "pkt.mark", ORDINAL, 32, NONE, 0, "", 1)                                            \
    X(ETH_SRC, "eth.src", ORDINAL, 48, NONE, 0, "", 1)                                              \
    X(ETH_DST, "eth.dst", ORDINAL, 48, NONE, 0, "", 1)                                              \
    X(ETH_TYPE, "eth.type", NOMINAL, 16, NONE, 0, "", 0)                                            \
    X(ETH_BCAST, "eth.bcast", PREDICATE, 1, NONE, 0, "eth.dst == ff:ff:ff:ff:ff:ff", 0)             \
    X(ETH_MCAST, "eth.mcast", SUBFIELD, 1, ETH_DST, 40, "", 0)                                      \
    X(ETH_MCASTV6, "eth.mcastv6", PREDICATE, 1, NONE, 0, "eth.dst[32..47] == 0x3333", 0)            \
    X(VLAN_TCI, "vlan.tci", ORDINAL, 16, NONE, 0, "", 1)                                            \
    X(VLAN_PRESENT, "vlan.present", SUBFIELD, 1, VLAN_TCI, 12, "", 0)                               \
    X(VLAN_PCP, "vlan.pcp", SUBFIELD, 3, VLAN_TCI, 13, "vlan.present", 1)                           \
    X(VLAN_VID, "vlan.vid", SUBFIELD, 12, VLAN_TCI, 0, "vlan.present", 1)                           \
    X(IP4, "ip4", PREDICATE, 1, NONE, 0, "eth.type == 0x800", 0)                                    \
    X(IP6, "ip6", PREDICATE, 1, NONE, 0, "eth.type == 0x86dd", 0)                                   \
    X(IP, "ip", PREDICATE, 1, NONE, 0, "ip4 || ip6", 0)                                             \
    X(IP_PROTO, "ip.proto", NOMINAL, 8, NONE, 0, "ip", 0)                                           \
    X(IP_DSCP, "ip.dscp", NOMINAL, 6, NONE, 0, "ip", 1)                                             \
    X(IP_ECN, "ip.ecn", NOMINAL, 2, NONE, 0, "ip", 1)                                               \
    X(IP_TTL, "ip.ttl", NOMINAL, 8, NONE, 0, "ip", 1)                                               \
    X(IP_FRAG, "ip.frag", ORDINAL, 2, NONE, 0, "ip", 0)                                             \
    X(IP_IS_FRAG, "ip.is_frag", SUBFIELD, 1, IP_FRAG, 0, "", 0)                                     \
    X(IP_LATER_FRAG, "ip.later_frag", SUBFIELD, 1, IP_FRAG, 1, "", 0)                               \
    X(IP_FIRST_FRAG, "ip.first_frag", PREDICATE, 1, NONE, 0, "ip.is_frag && !ip.later_frag", 0)     \
    X(IP4_SRC, "ip4.src", ORDINAL, 32, NONE, 0, "ip4", 1)                                           \
    X(IP4_DST, "ip4.dst", ORDINAL, 32, NONE, 0, "ip4", 1)                                           \
    X(IP4_SRC_MCAST, "ip4.src_mcast", PREDICATE, 1, NONE, 0, "ip4.src[28..31] == 0xe", 0)           \
    X(IP4_MCAST, "ip4.mcast", PREDICATE, 1, NONE, 0, "eth.mcast && ip4.dst[28..31] == 0xe", 0)                   \
    X(IP6_SRC, "ip6.src", ORDINAL, 128, NONE, 0, "ip6", 1)                                          \
    X(IP6_DST, "ip6.dst", ORDINAL, 128, NONE, 0, "ip6", 1)                                          \
    X(IP6_LABEL, "ip6.label", ORDINAL, 20, NONE, 0, "ip6", 1)                                       \
    X(IP6_MCAST, "ip6.mcast", PREDICATE, 1, NONE, 0, "eth.mcastv6 && ip6.dst[120..127] == 0xff", 0) \
    X(IP6_MCAST_RSVD, "ip6.mcast_rsvd", PREDICATE, 1, NONE, 0,                                      \
      "ip6.dst[116..127] == 0xff0 && ip6.dst[0..111] == 0x0", 0)                                    \
    X(IP6_MCAST_ALL_NODES, "ip6.mcast_all_nodes", PREDICATE, 1, NONE, 0, "ip6.dst == {ff01::1, ff02::1}", 0) \
    X(IP6_MCAST_ALL_RTRS, "ip6.mcast_all_rtrs", PREDICATE, 1, NONE, 0, "ip6.dst == {ff01::2, ff02::2, ff05::2}", 0) \
    X(IP6_MCAST_SOL_NODE, "ip6.mcast_sol_node", PREDICATE, 1, NONE, 0, "ip6.dst == ff02::1:ff00:0/104", 0) \
    X(IP6_MCAST_FLOOD, "ip6.mcast_flood", PREDICATE, 1, NONE, 0,                                    \
      "eth.mcastv6 && (ip6.mcast_rsvd || ip6.mcast_all_nodes || ip6.mcast_all_rtrs || ip6.mcast_sol_node)", 0) \
    X(ICMP4, "icmp4", PREDICATE, 1, NONE, 0, "ip4 && ip.proto == 1", 0)                             \
    X(ICMP6, "icmp6", PREDICATE, 1, NONE, 0, "ip6 && ip.proto == 58", 0)                            \
    X(ICMP, "icmp", PREDICATE, 1, NONE, 0, "icmp4 || icmp6", 0)                                     \
    X(ICMP4_TYPE, "icmp4.type", NOMINAL, 8, NONE, 0, "icmp4", 1)                                    \
    X(ICMP4_CODE, "icmp4.code", NOMINAL, 8, NONE, 0, "icmp4", 1)                                    \
    X(ICMP4_FRAG_MTU, "icmp4.frag_mtu", OVN_FIELD, 16, NONE, 0, "icmp4", 1)                         \
    X(ICMP6_TYPE, "icmp6.type", NOMINAL, 8, NONE, 0, "icmp6", 1)                                    \
    X(ICMP6_CODE, "icmp6.code", NOMINAL, 8, NONE, 0, "icmp6", 1)                                    \
    X(ICMP6_FRAG_MTU, "icmp6.frag_mtu", OVN_FIELD, 32, NONE, 0, "icmp6", 1)                         \
    X(IGMP, "igmp", PREDICATE, 1, NONE, 0, "ip4 && ip.proto == 2", 0)                               \
    X(MLDV1, "mldv1", PREDICATE, 1, NONE, 0, "ip6.src == fe80::/10 && icmp6.type == {130, 131, 132}", 0)                    \
    X(MLDV2, "mldv2", PREDICATE, 1, NONE, 0, "ip6.dst == ff02::16 && icmp6.type == 143", 0)         \
    X(ARP, "arp", PREDICATE, 1, NONE, 0, "eth.type == 0x806", 0)                                    \
    X(ARP_OP, "arp.op", NOMINAL, 16, NONE, 0, "arp", 1)                                             \
    X(ARP_SPA, "arp.spa", ORDINAL, 32, NONE, 0, "arp", 1)                                           \
    X(ARP_SHA, "arp.sha", ORDINAL, 48, NONE, 0, "arp", 1)                                           \
    X(ARP_TPA, "arp.tpa", ORDINAL, 32, NONE, 0, "arp", 1)                                           \
    X(ARP_THA, "arp.tha", ORDINAL, 48, NONE, 0, "arp", 1)                                           \
    X(RARP, "rarp", PREDICATE, 1, NONE, 0, "eth.type == 0x8035", 0)                                 \
    X(RARP_OP, "rarp.op", NOMINAL, 16, NONE, 0, "rarp", 1)                                          \
    X(RARP_SPA, "rarp.spa", ORDINAL, 32, NONE, 0, "rarp", 1)                                        \
    X(RARP_SHA, "rarp.sha", ORDINAL, 48, NONE, 0, "rarp", 1)                                        \
    X(RARP_TPA, "rarp.tpa", ORDINAL, 32, NONE, 0, "rarp", 1)                                        \
    X(RARP_THA, "rarp.tha", ORDINAL, 48, NONE, 0, "rarp", 1)                                        \
    X(ND, "nd", PREDICATE, 1, NONE, 0, "icmp6.type == {135, 136} && icmp6.code == 0 && ip.ttl == 255", 0) \
    X(ND_NS, "nd_ns", PREDICATE, 1, NONE, 0, "icmp6.type == 135 && icmp6.code == 0 && ip.ttl == 255", 0) \
    X(ND_NS_MCAST, "nd_ns_mcast", PREDICATE, 1, NONE, 0,                                            \
      "ip6.mcast && icmp6.type == 135 && icmp6.code == 0 && ip.ttl == 255", 0)                      \
    X(ND_NA, "nd_na", PREDICATE, 1, NONE, 0, "icmp6.type == 136 && icmp6.code == 0 && ip.ttl == 255", 0) \
    X(ND_RS, "nd_rs", PREDICATE, 1, NONE, 0, "icmp6.type == 133 && icmp6.code == 0 && ip.ttl == 255", 0) \
    X(ND_RA, "nd_ra", PREDICATE, 1, NONE, 0, "icmp6.type == 134 && icmp6.code == 0 && ip.ttl == 255", 0) \
    X(ND_TARGET, "nd.target", ORDINAL, 128, NONE, 0, "nd", 1)                                       \
    X(ND_SLL, "nd.sll", ORDINAL, 48, NONE, 0, "nd_ns", 1)                                           \
    X(ND_TLL, "nd.tll", ORDINAL, 48, NONE, 0, "nd_na", 1)                                           \
    X(TCP, "tcp", PREDICATE, 1, NONE, 0, "ip.proto == 6", 0)                                        \
    X(TCP_SRC, "tcp.src", ORDINAL, 16, NONE, 0, "tcp", 1)                                           \
    X(TCP_DST, "tcp.dst", ORDINAL, 16, NONE, 0, "tcp", 1)                                           \
    X(TCP_FLAGS, "tcp.flags", ORDINAL, 12, NONE, 0, "tcp", 0)                                       \
    X(UDP, "udp", PREDICATE, 1, NONE, 0, "ip.proto == 17", 0)                                       \
    X(UDP_SRC, "udp.src", ORDINAL, 16, NONE, 0, "udp", 1)                                           \
    X(UDP_DST, "udp.dst", ORDINAL, 16, NONE, 0, "udp", 1)                                           \
    X(SCTP, "sctp", PREDICATE, 1, NONE, 0, "ip.proto == 132", 0)                                    \
    X(SCTP_SRC, "sctp.src", ORDINAL, 16, NONE, 0, "sctp", 1)                                        \
    X(SCTP_DST, "sctp.dst", ORDINAL, 16, NONE, 0, "sctp", 1)                                        \
    X(CT_MARK, "ct_mark", ORDINAL, 32, NONE, 0, "", 1)                                              \
    X(CT_MARK_BLOCKED, "ct_mark.blocked", SUBFIELD, 1, CT_MARK, 0, "", 1)                           \
    X(CT_MARK_NATTED, "ct_mark.natted", SUBFIELD, 1, CT_MARK, 1, "", 1)                             \
    X(CT_MARK_SKIP_SNAT, "ct_mark.skip_snat", SUBFIELD, 1, CT_MARK, 2, "", 1)                       \
    X(CT_MARK_FORCE_SNAT, "ct_mark.force_snat", SUBFIELD, 1, CT_MARK, 3, "", 1)                     \
    X(CT_MARK_ECMP_REPLY_PORT, "ct_mark.ecmp_reply_port", SUBFIELD, 16, CT_MARK, 16, "", 1)         \
    X(CT_LABEL, "ct_label", ORDINAL, 128, NONE, 0, "", 1)                                           \
    X(CT_LABEL_BLOCKED, "ct_label.blocked", SUBFIELD, 1, CT_LABEL, 0, "", 1)                        \
    X(CT_LABEL_NATTED, "ct_label.natted", SUBFIELD, 1, CT_LABEL, 1, "", 1)                          \
    X(CT_LABEL_SKIP_SNAT, "ct_label.skip_snat", SUBFIELD, 1, CT_LABEL, 2, "", 1)                    \
    X(CT_LABEL_FORCE_SNAT, "ct_label.force_snat", SUBFIELD, 1, CT_LABEL, 3, "", 1)                  \
    X(CT_LABEL_ECMP_REPLY_ETH, "ct_label.ecmp_reply_eth", SUBFIELD, 48, CT_LABEL, 32, "", 1)        \
    X(CT_LABEL_ECMP_REPLY_PORT, "ct_label.ecmp_reply_port", SUBFIELD, 16, CT_LABEL, 80, "", 1)      \
    X(CT_LABEL_LABEL, "ct_label.label", SUBFIELD, 32, CT_LABEL, 96, "", 1)                          \
    X(CT_STATE, "ct_state", ORDINAL, 32, NONE, 0, "", 0)                                            \
    X(CT_TRK, "ct.trk", SUBFIELD, 1, CT_STATE, 5, "", 0)                                            \
    X(CT_NEW, "ct.new", SUBFIELD, 1, CT_STATE, 0, "ct.trk", 0)                                      \
    X(CT_EST, "ct.est", SUBFIELD, 1, CT_STATE, 1, "ct.trk", 0)                                      \
    X(CT_REL, "ct.rel", SUBFIELD, 1, CT_STATE, 2, "ct.trk", 0)                                      \
    X(CT_RPL, "ct.rpl", SUBFIELD, 1, CT_STATE, 3, "ct.trk", 0)                                      \
    X(CT_INV, "ct.inv", SUBFIELD, 1, CT_STATE, 4, "ct.trk", 0)                                      \
    X(CT_SNAT, "ct.snat", SUBFIELD, 1, CT_STATE, 6, "ct.trk", 0)                                    \
    X(CT_DNAT, "ct.dnat", SUBFIELD, 1, CT_STATE, 7, "ct.trk", 0)

enum symbol {
    F_NONE,
#define X(ID, ...) F_##ID,
    LOGICAL_SYMBOLS(X)
#undef X
    N_SYMBOLS
};
static_assert(N_SYMBOLS <= 256, "a field_ref keeps the symbol in 8 bits");

struct symbol_info {
    const char *name;
    uint8_t name_length;
    enum symbol_kind kind;
    uint8_t width;                                           /* bits; 1 for a predicate */
    enum symbol base;                                        /* of a subfield; else F_NONE */
    uint8_t ofs;                                             /* of a subfield, in 'base' */
    const char *expansion;                                   /* prerequisite, or what a predicate means; "" if none */
    bool writable;
};
const struct symbol_info *symbol_info(enum symbol symbol);   /* 'symbol' is not F_NONE */
enum symbol symbol_find(struct str name);                    /* F_NONE if there is none; O(1) */

/* A symbol (bits 0-7), and unless the whole of it is meant, 1 + its last bit (bits 16-23) and its first
 * bit (bits 8-15).  F_BIT() evaluates its second argument twice. */
typedef uint32_t field_ref;
#define F_BITS(SYMBOL, FIRST, LAST) ((field_ref) (SYMBOL) | (field_ref) (FIRST) << 8 | ((field_ref) (LAST) + 1) << 16)
#define F_BIT(SYMBOL, N) F_BITS(SYMBOL, N, N)
static inline enum symbol field_ref_symbol(field_ref f) { return (enum symbol) (f & 0xff); }
static inline bool field_ref_is_whole(field_ref f) { return !(f >> 16); }
static inline unsigned int field_ref_ofs(field_ref f) { return field_ref_is_whole(f) ? 0 : f >> 8 & 0xff; }
unsigned int field_ref_width(field_ref f);                   /* bits */
bool field_ref_is_string(field_ref f);
/* The field that holds the bits of 'f', and where in it they begin; a predicate is its own. */
enum symbol field_ref_base(field_ref f, unsigned int *ret_ofs);
void field_ref_print(field_ref f, struct buf *out);          /* "reg0[3..5]" */

#endif
