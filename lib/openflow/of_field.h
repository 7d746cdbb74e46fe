/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OPENFLOW_OF_FIELD_H
#define WEFT_OPENFLOW_OF_FIELD_H

/* What: the table of match fields, named as in ovs-fields(7), and 'struct of_value', a value of one.
 *
 * Why: matches, actions, the logical-flow language and the printers all ask the same questions of a field:
 * how wide, maskable, writable, what must hold for it to exist, what is it called on the wire.
 *
 * Invariants: the order of the enum is the order of fields in a match; a field comes behind those it
 * depends on, as OpenFlow 1.5, section 7.2.3.8 asks.  Everything in the table is constant. */

#include "lib/base/str.h"
#include "lib/packet/addr.h"

/* What must be known of a packet before a field may be matched or set (ovs-fields(7), "Prerequisites"). */
enum of_prereq {
    OF_PREREQ_NONE,
    OF_PREREQ_VLAN,                                          /* vlan_vid with its present bit */
    OF_PREREQ_MPLS,
    OF_PREREQ_ARP,                                           /* eth_type 0x0806 or 0x8035 */
    OF_PREREQ_IP4,
    OF_PREREQ_IP6,
    OF_PREREQ_IP,                                            /* IPv4 or IPv6 */
    OF_PREREQ_TCP,
    OF_PREREQ_UDP,
    OF_PREREQ_SCTP,
    OF_PREREQ_ICMP4,
    OF_PREREQ_ICMP6,
    OF_PREREQ_ND,                                            /* ICMPv6 type 135 or 136, code 0 */
    OF_PREREQ_ND_NS,
    OF_PREREQ_ND_NA,
    OF_PREREQ_CT,                                       /* IP, and a ct_state that says "tracked and valid" */
    OF_PREREQ_CT4,
    OF_PREREQ_CT6,
};
/* How a value prints.  (OpenFlow has two input ports: in_port_oxm, of 32 bits, is what a match knows;
 * in_port, of 16, is what actions may set, push and pop.) */
enum of_format {
    OF_FORMAT_DECIMAL,
    OF_FORMAT_HEX,
    OF_FORMAT_ETH,
    OF_FORMAT_IP4,
    OF_FORMAT_IP6,
    OF_FORMAT_PORT,
    OF_FORMAT_CT_STATE,
    OF_FORMAT_TCP_FLAGS,
    OF_FORMAT_FRAG,
};

/* X(ID, name, other name or NULL, bytes, bits, header to write, other header to read or 0, maskable,
 *   writable, prerequisite, format).  A header is OF_HDR_*(number), without mask bit and length. */
#define OF_HDR(CLASS, FIELD) ((uint64_t) (CLASS) << 48 | (uint64_t) (FIELD) << 41)
#define OF_HDR_NXM(FIELD) OF_HDR(0x0000, FIELD)
#define OF_HDR_NX(FIELD) OF_HDR(0x0001, FIELD)
#define OF_HDR_OXM(FIELD) OF_HDR(0x8000, FIELD)
#define OF_HDR_XREG(FIELD) OF_HDR(0x8001, FIELD)
#define OF_HDR_ERICSSON(FIELD) OF_HDR(0x1000, FIELD)
#define OF_HDR_NICIRA(FIELD) (OF_HDR(0xffff, FIELD) | 0x00002320)
#define OF_HDR_ONF(FIELD) (OF_HDR(0xffff, FIELD) | 0x4f4e4600)

#define OF_FIELDS(X)                                                                                \
    X(DP_HASH, "dp_hash", NULL, 4, 32, OF_HDR_NX(35), OF_HDR_NICIRA(0), true, false, NONE, HEX)     \
    X(RECIRC_ID, "recirc_id", NULL, 4, 32, OF_HDR_NX(36), 0, false, false, NONE, DECIMAL)           \
    X(PACKET_TYPE, "packet_type", NULL, 4, 32, OF_HDR_OXM(44), 0, false, false, NONE, HEX)          \
    X(CONJ_ID, "conj_id", NULL, 4, 32, OF_HDR_NX(37), 0, false, false, NONE, DECIMAL)               \
    X(TUN_ID, "tun_id", "tunnel_id", 8, 64, OF_HDR_OXM(38), OF_HDR_NX(16), true, true, NONE, HEX)   \
    X(TUN_SRC, "tun_src", NULL, 4, 32, OF_HDR_NX(31), 0, true, true, NONE, IP4)                     \
    X(TUN_DST, "tun_dst", NULL, 4, 32, OF_HDR_NX(32), 0, true, true, NONE, IP4)                     \
    X(TUN_IPV6_SRC, "tun_ipv6_src", NULL, 16, 128, OF_HDR_NX(109), 0, true, true, NONE, IP6)        \
    X(TUN_IPV6_DST, "tun_ipv6_dst", NULL, 16, 128, OF_HDR_NX(110), 0, true, true, NONE, IP6)        \
    X(TUN_FLAGS, "tun_flags", NULL, 2, 1, OF_HDR_NX(104), 0, true, true, NONE, HEX)                 \
    X(TUN_GBP_ID, "tun_gbp_id", NULL, 2, 16, OF_HDR_NX(38), 0, true, true, NONE, DECIMAL)           \
    X(TUN_GBP_FLAGS, "tun_gbp_flags", NULL, 1, 8, OF_HDR_NX(39), 0, true, true, NONE, HEX)          \
    X(TUN_METADATA0, "tun_metadata0", NULL, 4, 32, OF_HDR_NX(40), 0, true, true, NONE, HEX)         \
    X(TUN_METADATA1, "tun_metadata1", NULL, 4, 32, OF_HDR_NX(41), 0, true, true, NONE, HEX)         \
    X(TUN_METADATA2, "tun_metadata2", NULL, 4, 32, OF_HDR_NX(42), 0, true, true, NONE, HEX)         \
    X(TUN_METADATA3, "tun_metadata3", NULL, 4, 32, OF_HDR_NX(43), 0, true, true, NONE, HEX)         \
    X(METADATA, "metadata", NULL, 8, 64, OF_HDR_OXM(2), 0, true, true, NONE, HEX)                   \
    X(IN_PORT, "in_port_oxm", NULL, 4, 32, OF_HDR_OXM(0), 0, false, true, NONE, PORT)               \
    X(IN_PORT16, "in_port", NULL, 2, 16, OF_HDR_NXM(0), 0, false, true, NONE, PORT)                 \
    X(ACTSET_OUTPUT, "actset_output", NULL, 4, 32, OF_HDR_OXM(43), OF_HDR_ONF(43), false, false, NONE, PORT) \
    X(PKT_MARK, "pkt_mark", NULL, 4, 32, OF_HDR_NX(33), 0, true, true, NONE, HEX)                   \
    X(CT_STATE, "ct_state", NULL, 4, 32, OF_HDR_NX(105), 0, true, false, NONE, CT_STATE)            \
    X(CT_ZONE, "ct_zone", NULL, 2, 16, OF_HDR_NX(106), 0, false, false, NONE, HEX)                  \
    X(CT_MARK, "ct_mark", NULL, 4, 32, OF_HDR_NX(107), 0, true, true, NONE, HEX)                    \
    X(CT_LABEL, "ct_label", NULL, 16, 128, OF_HDR_NX(108), 0, true, true, NONE, HEX)                \
    X(REG0, "reg0", NULL, 4, 32, OF_HDR_NX(0), 0, true, true, NONE, HEX)                            \
    X(REG1, "reg1", NULL, 4, 32, OF_HDR_NX(1), 0, true, true, NONE, HEX)                            \
    X(REG2, "reg2", NULL, 4, 32, OF_HDR_NX(2), 0, true, true, NONE, HEX)                            \
    X(REG3, "reg3", NULL, 4, 32, OF_HDR_NX(3), 0, true, true, NONE, HEX)                            \
    X(REG4, "reg4", NULL, 4, 32, OF_HDR_NX(4), 0, true, true, NONE, HEX)                            \
    X(REG5, "reg5", NULL, 4, 32, OF_HDR_NX(5), 0, true, true, NONE, HEX)                            \
    X(REG6, "reg6", NULL, 4, 32, OF_HDR_NX(6), 0, true, true, NONE, HEX)                            \
    X(REG7, "reg7", NULL, 4, 32, OF_HDR_NX(7), 0, true, true, NONE, HEX)                            \
    X(REG8, "reg8", NULL, 4, 32, OF_HDR_NX(8), 0, true, true, NONE, HEX)                            \
    X(REG9, "reg9", NULL, 4, 32, OF_HDR_NX(9), 0, true, true, NONE, HEX)                            \
    X(REG10, "reg10", NULL, 4, 32, OF_HDR_NX(10), 0, true, true, NONE, HEX)                         \
    X(REG11, "reg11", NULL, 4, 32, OF_HDR_NX(11), 0, true, true, NONE, HEX)                         \
    X(REG12, "reg12", NULL, 4, 32, OF_HDR_NX(12), 0, true, true, NONE, HEX)                         \
    X(REG13, "reg13", NULL, 4, 32, OF_HDR_NX(13), 0, true, true, NONE, HEX)                         \
    X(REG14, "reg14", NULL, 4, 32, OF_HDR_NX(14), 0, true, true, NONE, HEX)                         \
    X(REG15, "reg15", NULL, 4, 32, OF_HDR_NX(15), 0, true, true, NONE, HEX)                         \
    X(XREG0, "xreg0", NULL, 8, 64, OF_HDR_XREG(0), 0, true, true, NONE, HEX)                        \
    X(XREG1, "xreg1", NULL, 8, 64, OF_HDR_XREG(1), 0, true, true, NONE, HEX)                        \
    X(XREG2, "xreg2", NULL, 8, 64, OF_HDR_XREG(2), 0, true, true, NONE, HEX)                        \
    X(XREG3, "xreg3", NULL, 8, 64, OF_HDR_XREG(3), 0, true, true, NONE, HEX)                        \
    X(XREG4, "xreg4", NULL, 8, 64, OF_HDR_XREG(4), 0, true, true, NONE, HEX)                        \
    X(XREG5, "xreg5", NULL, 8, 64, OF_HDR_XREG(5), 0, true, true, NONE, HEX)                        \
    X(XREG6, "xreg6", NULL, 8, 64, OF_HDR_XREG(6), 0, true, true, NONE, HEX)                        \
    X(XREG7, "xreg7", NULL, 8, 64, OF_HDR_XREG(7), 0, true, true, NONE, HEX)                        \
    X(XXREG0, "xxreg0", NULL, 16, 128, OF_HDR_NX(111), 0, true, true, NONE, HEX)                    \
    X(XXREG1, "xxreg1", NULL, 16, 128, OF_HDR_NX(112), 0, true, true, NONE, HEX)                    \
    X(XXREG2, "xxreg2", NULL, 16, 128, OF_HDR_NX(113), 0, true, true, NONE, HEX)                    \
    X(XXREG3, "xxreg3", NULL, 16, 128, OF_HDR_NX(114), 0, true, true, NONE, HEX)                    \
    X(ETH_SRC, "eth_src", "dl_src", 6, 48, OF_HDR_OXM(4), OF_HDR_NXM(2), true, true, NONE, ETH)     \
    X(ETH_DST, "eth_dst", "dl_dst", 6, 48, OF_HDR_OXM(3), OF_HDR_NXM(1), true, true, NONE, ETH)     \
    X(ETH_TYPE, "eth_type", "dl_type", 2, 16, OF_HDR_OXM(5), OF_HDR_NXM(3), false, false, NONE, HEX) \
    X(VLAN_TCI, "vlan_tci", NULL, 2, 16, OF_HDR_NXM(4), 0, true, true, NONE, HEX)                   \
    X(VLAN_VID, "vlan_vid", NULL, 2, 13, OF_HDR_OXM(6), 0, true, true, NONE, HEX)                   \
    X(VLAN_PCP, "vlan_pcp", NULL, 1, 3, OF_HDR_OXM(7), 0, false, true, VLAN, DECIMAL)               \
    X(MPLS_LABEL, "mpls_label", NULL, 4, 20, OF_HDR_OXM(34), 0, false, true, MPLS, DECIMAL)         \
    X(MPLS_TC, "mpls_tc", NULL, 1, 3, OF_HDR_OXM(35), 0, false, true, MPLS, DECIMAL)                \
    X(MPLS_BOS, "mpls_bos", NULL, 1, 1, OF_HDR_OXM(36), 0, false, false, MPLS, DECIMAL)             \
    X(MPLS_TTL, "mpls_ttl", NULL, 1, 8, OF_HDR_NX(30), 0, false, true, MPLS, DECIMAL)               \
    X(IP_SRC, "ip_src", "nw_src", 4, 32, OF_HDR_OXM(11), OF_HDR_NXM(7), true, true, IP4, IP4)       \
    X(IP_DST, "ip_dst", "nw_dst", 4, 32, OF_HDR_OXM(12), OF_HDR_NXM(8), true, true, IP4, IP4)       \
    X(IPV6_SRC, "ipv6_src", NULL, 16, 128, OF_HDR_OXM(26), OF_HDR_NX(19), true, true, IP6, IP6)     \
    X(IPV6_DST, "ipv6_dst", NULL, 16, 128, OF_HDR_OXM(27), OF_HDR_NX(20), true, true, IP6, IP6)     \
    X(IPV6_LABEL, "ipv6_label", NULL, 4, 20, OF_HDR_OXM(28), OF_HDR_NX(27), true, true, IP6, HEX)   \
    X(IP_PROTO, "nw_proto", "ip_proto", 1, 8, OF_HDR_OXM(10), OF_HDR_NXM(6), false, false, IP, DECIMAL) \
    X(IP_DSCP, "ip_dscp", NULL, 1, 6, OF_HDR_OXM(8), 0, false, true, IP, DECIMAL)                   \
    X(IP_TOS, "nw_tos", "ip_tos", 1, 8, OF_HDR_NXM(5), 0, false, true, IP, DECIMAL)                 \
    X(IP_ECN, "nw_ecn", "ip_ecn", 1, 2, OF_HDR_OXM(9), OF_HDR_NX(28), false, true, IP, DECIMAL)     \
    X(IP_TTL, "nw_ttl", "ip_ttl", 1, 8, OF_HDR_NX(29), 0, false, true, IP, DECIMAL)                 \
    X(IP_FRAG, "ip_frag", "nw_frag", 1, 2, OF_HDR_NX(26), 0, true, false, IP, FRAG)                 \
    X(ARP_OP, "arp_op", NULL, 2, 16, OF_HDR_OXM(21), OF_HDR_NXM(15), false, true, ARP, DECIMAL)     \
    X(ARP_SPA, "arp_spa", NULL, 4, 32, OF_HDR_OXM(22), OF_HDR_NXM(16), true, true, ARP, IP4)        \
    X(ARP_TPA, "arp_tpa", NULL, 4, 32, OF_HDR_OXM(23), OF_HDR_NXM(17), true, true, ARP, IP4)        \
    X(ARP_SHA, "arp_sha", NULL, 6, 48, OF_HDR_OXM(24), OF_HDR_NX(17), true, true, ARP, ETH)         \
    X(ARP_THA, "arp_tha", NULL, 6, 48, OF_HDR_OXM(25), OF_HDR_NX(18), true, true, ARP, ETH)         \
    X(CT_NW_PROTO, "ct_nw_proto", NULL, 1, 8, OF_HDR_NX(119), 0, false, false, CT, DECIMAL)         \
    X(CT_NW_SRC, "ct_nw_src", NULL, 4, 32, OF_HDR_NX(120), 0, true, false, CT4, IP4)                \
    X(CT_NW_DST, "ct_nw_dst", NULL, 4, 32, OF_HDR_NX(121), 0, true, false, CT4, IP4)                \
    X(CT_IPV6_SRC, "ct_ipv6_src", NULL, 16, 128, OF_HDR_NX(122), 0, true, false, CT6, IP6)          \
    X(CT_IPV6_DST, "ct_ipv6_dst", NULL, 16, 128, OF_HDR_NX(123), 0, true, false, CT6, IP6)          \
    X(CT_TP_SRC, "ct_tp_src", NULL, 2, 16, OF_HDR_NX(124), 0, true, false, CT, DECIMAL)             \
    X(CT_TP_DST, "ct_tp_dst", NULL, 2, 16, OF_HDR_NX(125), 0, true, false, CT, DECIMAL)             \
    X(TCP_SRC, "tcp_src", NULL, 2, 16, OF_HDR_OXM(13), OF_HDR_NXM(9), true, true, TCP, DECIMAL)     \
    X(TCP_DST, "tcp_dst", NULL, 2, 16, OF_HDR_OXM(14), OF_HDR_NXM(10), true, true, TCP, DECIMAL)    \
    X(TCP_FLAGS, "tcp_flags", NULL, 2, 12, OF_HDR_OXM(42), OF_HDR_NX(34), true, false, TCP, TCP_FLAGS) \
    X(UDP_SRC, "udp_src", NULL, 2, 16, OF_HDR_OXM(15), OF_HDR_NXM(11), true, true, UDP, DECIMAL)    \
    X(UDP_DST, "udp_dst", NULL, 2, 16, OF_HDR_OXM(16), OF_HDR_NXM(12), true, true, UDP, DECIMAL)    \
    X(SCTP_SRC, "sctp_src", NULL, 2, 16, OF_HDR_OXM(17), 0, true, true, SCTP, DECIMAL)              \
    X(SCTP_DST, "sctp_dst", NULL, 2, 16, OF_HDR_OXM(18), 0, true, true, SCTP, DECIMAL)              \
    X(ICMP_TYPE, "icmp_type", NULL, 1, 8, OF_HDR_OXM(19), OF_HDR_NXM(13), false, true, ICMP4, DECIMAL) \
    X(ICMP_CODE, "icmp_code", NULL, 1, 8, OF_HDR_OXM(20), OF_HDR_NXM(14), false, true, ICMP4, DECIMAL) \
    X(ICMPV6_TYPE, "icmpv6_type", NULL, 1, 8, OF_HDR_OXM(29), OF_HDR_NX(21), false, true, ICMP6, DECIMAL) \
    X(ICMPV6_CODE, "icmpv6_code", NULL, 1, 8, OF_HDR_OXM(30), OF_HDR_NX(22), false, true, ICMP6, DECIMAL) \
    X(ND_TARGET, "nd_target", NULL, 16, 128, OF_HDR_OXM(31), OF_HDR_NX(23), true, true, ND, IP6)    \
    X(ND_SLL, "nd_sll", NULL, 6, 48, OF_HDR_OXM(32), OF_HDR_NX(24), true, true, ND_NS, ETH)         \
    X(ND_TLL, "nd_tll", NULL, 6, 48, OF_HDR_OXM(33), OF_HDR_NX(25), true, true, ND_NA, ETH)         \
    X(ND_RESERVED, "nd_reserved", NULL, 4, 32, OF_HDR_ERICSSON(1), 0, false, true, ND, HEX)         \
    X(ND_OPTIONS_TYPE, "nd_options_type", NULL, 1, 8, OF_HDR_ERICSSON(2), 0, false, true, ND, DECIMAL)

enum of_field_id {
#define X(ID, ...) OFF_##ID,
    OF_FIELDS(X)
#undef X
    OF_N_FIELDS,
};
static_assert(OF_N_FIELDS <= 128, "field ids must fit in 7 bits (of_match.c)");
#define OFF_REG(N) ((enum of_field_id) (OFF_REG0 + (N)))     /* 0..15 */
#define OFF_XREG(N) ((enum of_field_id) (OFF_XREG0 + (N)))   /* 0..7: reg 2N (high) and 2N+1 */
#define OFF_XXREG(N) ((enum of_field_id) (OFF_XXREG0 + (N))) /* 0..3: reg 4N (highest) to 4N+3 */

/* Bits of ct_state. */
enum {
    OF_CS_NEW = 0x01, OF_CS_EST = 0x02, OF_CS_REL = 0x04, OF_CS_RPL = 0x08,
    OF_CS_INV = 0x10, OF_CS_TRK = 0x20, OF_CS_SNAT = 0x40, OF_CS_DNAT = 0x80,
};
/* Bits of ip_frag. */
enum { OF_FRAG_ANY = 1, OF_FRAG_LATER = 2 };
/* The "a tag is present" bit of vlan_vid and vlan_tci. */
enum { OF_VLAN_PRESENT = 0x1000 };

struct of_field {
    enum of_field_id id;
    const char *name;
    const char *other_name;                                  /* or NULL */
    uint8_t n_bytes;                                         /* on the wire */
    uint8_t n_bits;                                          /* the low ones that may be nonzero */
    bool is_maskable;
    bool is_writable;
    enum of_prereq prereq;
    enum of_format format;
    uint64_t header;                                         /* written; OF_HDR_* */
    uint64_t other_header;                                   /* also understood, or 0 */
};

const struct of_field *of_field(enum of_field_id id);
const struct of_field *of_field_by_name(struct str name);             /* either name; NULL if there is none */
/* The header an Open vSwitch action names the field by: NXM where there is one. */
uint64_t of_field_nxm_header(const struct of_field *field);
const struct of_field *of_field_by_header(uint64_t header);            /* without mask bit and length; NULL */

/* A value of up to 128 bits, as one big-endian number: bit 0 is the low bit of b[15]. */
struct of_value {
    uint8_t b[16];
};
#define OF_VALUE_ZERO ((struct of_value) {{0}})
struct of_value of_value_u64(uint64_t x);
struct of_value of_value_eth(struct eth_addr addr);
struct of_value of_value_ip4(be32 addr);
struct of_value of_value_ip6(const struct in6_addr *addr);
struct of_value of_value_ones(unsigned int n_bits);          /* the low 'n_bits' set */
struct of_value of_value_from_bytes(const void *p, size_t n);            /* 'n' <= 16, right-aligned */
uint64_t of_value_low64(const struct of_value *value);
be32 of_value_to_ip4(const struct of_value *value);
struct in6_addr of_value_to_ip6(const struct of_value *value);
struct eth_addr of_value_to_eth(const struct of_value *value);
bool of_value_is_zero(const struct of_value *value);
static inline int
of_value_cmp(const struct of_value *a, const struct of_value *b)
{
    return memcmp(a, b, sizeof *a);
}
static inline bool
of_value_eq(const struct of_value *a, const struct of_value *b)
{
    return !of_value_cmp(a, b);
}
struct of_value of_value_and(const struct of_value *a, const struct of_value *b);
struct of_value of_value_or(const struct of_value *a, const struct of_value *b);
struct of_value of_value_not(const struct of_value *a);
struct of_value of_value_shl(const struct of_value *a, unsigned int n);
struct of_value of_value_shr(const struct of_value *a, unsigned int n);
bool of_value_bit(const struct of_value *value, unsigned int bit);
/* Prints as the field does: "10.0.0.1", "0x1f", "+trk-new" (ct_state with its mask), ... */
void of_value_print(const struct of_field *field, const struct of_value *value, const struct of_value *mask,
                    struct buf *out);

/* Part of a field: 'n_bits' bits from bit 'ofs' (0 is the lowest). */
struct of_subfield {
    enum of_field_id field;
    uint16_t ofs;
    uint16_t n_bits;
};
static inline struct of_subfield
of_subfield_whole(enum of_field_id id)
{
    return (struct of_subfield) {id, 0, of_field(id)->n_bits};
}
bool of_subfield_is_whole(struct of_subfield sf);
bool of_subfield_is_valid(struct of_subfield sf);            /* at least one bit, all inside the field */
void of_subfield_print(struct of_subfield sf, struct buf *out);        /* "reg0[]", "reg0[0..3]", "reg0[5]" */

/* A header on the wire, whose mask bit and length are added: four bytes, or eight for an experimenter's. */
void of_header_put(struct buf *out, uint64_t header, bool has_mask, size_t n_bytes);
struct of_header {
    const struct of_field *field;                            /* NULL: one we do not know */
    bool has_mask;
    size_t n_bytes;                              /* of the body that follows: value, and mask if it has one */
};
bool of_header_pull(struct str *p, struct of_header *ret);               /* false if cut short */

/* The name of a port: "in_port", "controller", ..., or its number. */
enum {
    OF_PORT_IN_PORT = 0xfffffff8, OF_PORT_TABLE = 0xfffffff9, OF_PORT_NORMAL = 0xfffffffa,
    OF_PORT_FLOOD = 0xfffffffb, OF_PORT_ALL = 0xfffffffc, OF_PORT_CONTROLLER = 0xfffffffd,
    OF_PORT_LOCAL = 0xfffffffe, OF_PORT_ANY = 0xffffffff,
};
void of_port_print(uint32_t port, struct buf *out);

#endif
