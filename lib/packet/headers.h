/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_PACKET_HEADERS_H
#define WEFT_PACKET_HEADERS_H

/* What: the headers of the protocols as they lie in a packet, and their numbers.
 *
 * Invariants: every struct is packed, so that it may be laid over any address; multi-byte members are in
 * network byte order.  Only parse.h decides that enough bytes are there. */

#include "lib/packet/addr.h"

#define PACKED __attribute__((packed))

enum {
    ETH_TYPE_IP4 = 0x0800,
    ETH_TYPE_ARP = 0x0806,
    ETH_TYPE_RARP = 0x8035,
    ETH_TYPE_VLAN = 0x8100,
    ETH_TYPE_IP6 = 0x86dd,
    ETH_TYPE_QINQ = 0x88a8,
};
struct eth_header {
    struct eth_addr dst;
    struct eth_addr src;
    be16 type;
} PACKED;
struct vlan_header {
    be16 tci;
    be16 type;
} PACKED;

enum { ARP_HTYPE_ETH = 1, ARP_OP_REQUEST = 1, ARP_OP_REPLY = 2 };
struct arp_header {
    be16 htype, ptype;
    uint8_t hlen, plen;
    be16 op;
    struct eth_addr sha;
    be32 spa;
    struct eth_addr tha;
    be32 tpa;
} PACKED;

enum {
    IP_PROTO_HOPOPTS = 0,
    IP_PROTO_ICMP4 = 1,
    IP_PROTO_IGMP = 2,
    IP_PROTO_TCP = 6,
    IP_PROTO_UDP = 17,
    IP_PROTO_ROUTING = 43,
    IP_PROTO_FRAGMENT = 44,
    IP_PROTO_AH = 51,
    IP_PROTO_ICMP6 = 58,
    IP_PROTO_NONE = 59,
    IP_PROTO_DSTOPTS = 60,
    IP_PROTO_SCTP = 132,
    IP_PROTO_MOBILITY = 135,
};
enum { IP4_DF = 0x4000, IP4_MF = 0x2000, IP4_FRAG_OFS_MASK = 0x1fff };
struct ip4_header {
    uint8_t version_ihl;
    uint8_t tos;
    be16 total_length;
    be16 id;
    be16 frag;                                               /* IP4_DF, IP4_MF and the offset */
    uint8_t ttl;
    uint8_t proto;
    be16 checksum;
    be32 src;
    be32 dst;
} PACKED;
struct ip6_header {
    be32 flow;                                               /* version 4, traffic class 8, flow label 20 */
    be16 payload_length;
    uint8_t next_header;
    uint8_t hop_limit;
    struct in6_addr src;
    struct in6_addr dst;
} PACKED;

enum {
    ICMP4_ECHO_REPLY = 0,
    ICMP4_DEST_UNREACH = 3,
    ICMP4_REDIRECT = 5,
    ICMP4_ECHO_REQUEST = 8,
    ICMP4_TIME_EXCEEDED = 11,
    ICMP4_PARAM_PROBLEM = 12,
};
enum { ICMP4_NET_UNREACH = 0, ICMP4_HOST_UNREACH = 1, ICMP4_PROTO_UNREACH = 2, ICMP4_PORT_UNREACH = 3,
       ICMP4_FRAG_NEEDED = 4 };
enum {
    ICMP6_DEST_UNREACH = 1,
    ICMP6_PACKET_TOO_BIG = 2,
    ICMP6_TIME_EXCEEDED = 3,
    ICMP6_PARAM_PROBLEM = 4,
    ICMP6_ECHO_REQUEST = 128,
    ICMP6_ECHO_REPLY = 129,
    ICMP6_RS = 133,
    ICMP6_RA = 134,
    ICMP6_NS = 135,
    ICMP6_NA = 136,
    ICMP6_REDIRECT = 137,
};
struct icmp_header {                                         /* ICMP and ICMPv6 alike */
    uint8_t type;
    uint8_t code;
    be16 checksum;
    be32 rest;                              /* echo: id 16, sequence 16; ICMPv4 type 3 code 4: 0 16, mtu 16 */
} PACKED;

enum { ND_NA_ROUTER = 0x80000000u, ND_NA_SOLICITED = 0x40000000u, ND_NA_OVERRIDE = 0x20000000u };
enum { ND_OPT_SLL = 1, ND_OPT_TLL = 2, ND_OPT_PREFIX = 3, ND_OPT_MTU = 5 };
struct nd_header {                                           /* NS and NA, RFC 4861, sections 4.3 and 4.4 */
    uint8_t type;
    uint8_t code;
    be16 checksum;
    be32 flags;                                              /* ND_NA_*; reserved in NS */
    struct in6_addr target;
} PACKED;

struct udp_header {
    be16 src, dst, length, checksum;
} PACKED;
enum { TCP_FIN = 0x001, TCP_SYN = 0x002, TCP_RST = 0x004, TCP_PSH = 0x008, TCP_ACK = 0x010, TCP_URG = 0x020 };
struct tcp_header {
    be16 src, dst;
    be32 seq, ack;
    be16 ctl;                                                /* data offset 4, flags 12 */
    be16 window, checksum, urgent;
} PACKED;
struct sctp_header {
    be16 src, dst;
    be32 vtag;
    be32 checksum;
} PACKED;

#endif
