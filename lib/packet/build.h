/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_PACKET_BUILD_H
#define WEFT_PACKET_BUILD_H

/* What: whole packets, appended to a 'struct buf' with lengths and checksums right.
 *
 * Why: the controller answers packet-ins with these; tests make their traffic with them.
 * Errors: a buf that is too small remembers its overflow; functions that answer a packet return false, and
 * append nothing, when that packet must not be answered. */

#include "lib/packet/parse.h"

struct arp_spec {
    struct eth_addr eth_src, eth_dst;
    uint16_t op;                                             /* ARP_OP_* */
    struct eth_addr sha, tha;
    be32 spa, tpa;
};
void build_arp(struct buf *out, const struct arp_spec *spec);
/* Broadcast "who has 'tpa'?" from 'sha', 'spa'. */
void build_arp_request(struct buf *out, struct eth_addr sha, be32 spa, be32 tpa);

struct ip_spec {                                             /* Ethernet and IP of a packet to build */
    struct eth_addr eth_src, eth_dst;
    struct ip_addr src, dst;                                 /* of one family */
    uint8_t ttl;                                             /* or hop limit */
    uint8_t tos;                                             /* or traffic class */
};
/* Ethernet and IP around 'n' bytes of 'proto', whose checksum at 'checksum_ofs' (SIZE_MAX: none) is filled
 * in for TCP, UDP and ICMPv6 with, ICMP without pseudo-header. */
void build_ip(struct buf *out, const struct ip_spec *spec, uint8_t proto, const void *l4, size_t n,
              size_t checksum_ofs);

/* A solicitation for 'target' to its solicited-node address (RFC 4861, section 7.2.2), with source
 * link-layer option. */
void build_nd_ns(struct buf *out, struct eth_addr eth_src, const struct in6_addr *ip6_src,
                 const struct in6_addr *target);
/* 'flags' is ND_NA_*; 'target' with target link-layer address 'tll'. */
struct nd_na_spec {
    struct eth_addr eth_src, eth_dst;
    struct in6_addr src, dst;
    struct in6_addr target;
    struct eth_addr tll;
    uint32_t flags;
};
void build_nd_na(struct buf *out, const struct nd_na_spec *spec);

void build_icmp_echo(struct buf *out, const struct ip_spec *spec, bool is_reply, uint16_t id, uint16_t seq,
                     const void *payload, size_t n);
void build_udp(struct buf *out, const struct ip_spec *spec, uint16_t src, uint16_t dst, const void *payload,
               size_t n);
struct tcp_spec {
    uint16_t src, dst;
    uint32_t seq, ack;
    uint16_t flags;                                          /* TCP_* */
    uint16_t window;
};
void build_tcp(struct buf *out, const struct ip_spec *spec, const struct tcp_spec *tcp, const void *payload,
               size_t n);

/* The addresses of the answer to 'packet' (an IP packet): its own, swapped or not, its traffic class 0,
 * ttl 255. */
bool ip_spec_from_packet(const struct packet *packet, bool is_swapped, struct ip_spec *ret);

struct icmp_error {
    uint8_t type, code;
    uint32_t mtu;                                          /* of "frag needed" and "packet too big", else 0 */
    struct ip_spec ip;                                       /* of the error; see ip_spec_from_packet() */
};
/* The ICMP or ICMPv6 error 'error' about 'original', quoting it: for IPv4 as much as fits in 576 bytes
 * (RFC 1812, section 4.3.2.3), for IPv6 in 1280 (RFC 4443, section 2.4 (c)).  VLAN tags are kept.  False
 * if icmp_error_is_allowed() says no, or 'error->ip' is of the other family. */
bool build_icmp_error(struct buf *out, const struct packet *original, const struct icmp_error *error);
/* Whether an error of 'type' may be sent about 'original' (RFC 1122, section 3.2.2; RFC 1812, section
 * 4.3.2.7; RFC 4443, section 2.4 (e)).  Not about: what is not IP, an ICMP error or redirect, a later
 * fragment, a packet sent to a multicast or broadcast address or from one that is not a single host (but
 * IPv6 "packet too big" answers multicast). */
bool icmp_error_is_allowed(const struct packet *original, uint8_t type);

/* The reset that answers TCP segment 'original' (RFC 9293, section 3.10.7.1), its ports swapped; false for
 * a reset, or what is not TCP.  VLAN tags are kept. */
bool build_tcp_reset(struct buf *out, const struct packet *original, const struct ip_spec *ip);

#endif
