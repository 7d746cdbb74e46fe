/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_PACKET_PARSE_H
#define WEFT_PACKET_PARSE_H

/* What: finding the headers in a packet that came from anywhere.
 *
 * Why: packet_parse() looks once and checks every length; what it found can then be read in place.  A header
 * that is cut short, or whose own lengths lie, is not found: packet_*() answers NULL and the layers below
 * it are still readable.
 *
 * Owns: nothing; a 'struct packet' borrows the bytes.
 * Invariants: no byte outside [data, data + size) is ever read.  Ethernet padding behind an IP datagram is
 * not part of its payload.  The transport header of a later fragment is never found. */

#include "lib/packet/headers.h"

enum { PACKET_NONE = UINT16_MAX };                           /* offset of what is not there */

struct packet {
    const uint8_t *data;
    size_t size;                                             /* of 'data' */
    uint16_t l3_ofs;                                 /* what follows Ethernet and VLAN tags, or PACKET_NONE */
    uint16_t l4_ofs;                                         /* transport or ICMP header, or PACKET_NONE */
    uint16_t payload_ofs;                          /* what follows a known transport header, or PACKET_NONE */
    uint16_t l3_end;                                         /* end of the IP datagram; valid if 'is_ip' */
    uint16_t eth_type;                                  /* host order, behind all VLAN tags; 0 if cut short */
    uint16_t vlan_tci[2];                                    /* host order, outermost first */
    uint8_t n_vlans;
    uint8_t ip_proto;                                    /* behind IPv6 extension headers; valid if 'is_ip' */
    bool is_ip;                                              /* a whole IPv4 or IPv6 header at 'l3_ofs' */
    bool is_later_fragment;                                  /* fragment offset is not 0 */
    bool is_fragment;                                        /* part of a fragmented datagram */
    bool is_cut;                                             /* fewer bytes than the IP header says */
};

/* Looks at 'size' bytes (no more than the first 65534) of an Ethernet frame.  False if not even the
 * Ethernet header is whole; '*ret' is then zero but for the offsets. */
bool packet_parse(const void *data, size_t size, struct packet *ret);

/* The headers, or NULL.  Valid as long as the bytes are. */
const struct eth_header *packet_eth(const struct packet *packet);
const struct arp_header *packet_arp(const struct packet *packet);        /* Ethernet/IPv4 ARP only */
const struct ip4_header *packet_ip4(const struct packet *packet);
const struct ip6_header *packet_ip6(const struct packet *packet);
const struct icmp_header *packet_icmp4(const struct packet *packet);
const struct icmp_header *packet_icmp6(const struct packet *packet);
const struct udp_header *packet_udp(const struct packet *packet);
const struct tcp_header *packet_tcp(const struct packet *packet);     /* its options lie before payload_ofs */
const struct sctp_header *packet_sctp(const struct packet *packet);
struct str packet_payload(const struct packet *packet);                  /* {NULL, 0} if there is none */

/* A neighbour solicitation or advertisement, its options read (RFC 4861, sections 4.3, 4.4 and 7.1). */
struct nd_msg {
    bool is_advert;
    bool is_router, is_solicited, is_override;               /* advertisements */
    struct in6_addr target;
    bool has_ll;                                        /* the source (NS) or target (NA) link-layer option */
    struct eth_addr ll;
};
/* True if 'packet' is a valid one: hop limit 255, code 0, target not multicast, not cut short, no option
 * of length 0; the checksum is not looked at.  On false '*ret' is unchanged. */
bool packet_nd(const struct packet *packet, struct nd_msg *ret);

/* Walks IPv6 extension headers from 'next_header' at offset 'ofs' of 'p', 'n' bytes.  Stops in front of
 * the first header that is not an extension, is cut short, or behind the fragment header of a later
 * fragment. */
struct ip6_walk {
    uint8_t proto;                                           /* of what lies at 'ofs' */
    size_t ofs;
    bool is_whole;                                           /* false: an extension header is cut short */
    bool is_fragment, is_later_fragment;
};
struct ip6_walk ip6_walk(const uint8_t *p, size_t n, uint8_t next_header, size_t ofs);

#endif
