/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/packet/parse.h"

/* Whether 'n' bytes lie at offset 'ofs', in front of 'end'. */
static bool
has(size_t end, size_t ofs, size_t n)
{
    return ofs <= end && end - ofs >= n;
}

struct ip6_walk
ip6_walk(const uint8_t *p, size_t n, uint8_t next_header, size_t ofs)
{
    struct ip6_walk walk = {.proto = next_header, .ofs = ofs, .is_whole = true};
    for (;;) {
        size_t size;
        switch (walk.proto) {
        case IP_PROTO_HOPOPTS: case IP_PROTO_ROUTING: case IP_PROTO_DSTOPTS: case IP_PROTO_MOBILITY:
            size = has(n, walk.ofs, 2) ? (p[walk.ofs + 1] + 1u) * 8 : 8;
            break;
        case IP_PROTO_AH:
            size = has(n, walk.ofs, 2) ? (p[walk.ofs + 1] + 2u) * 4 : 8;
            break;
        case IP_PROTO_FRAGMENT:
            size = 8;
            break;
        default:
            return walk;
        }
        if (!has(n, walk.ofs, size)) {
            walk.is_whole = false;
            return walk;
        }
        bool is_fragment = walk.proto == IP_PROTO_FRAGMENT;
        uint16_t frag = is_fragment ? get_be16(p + walk.ofs + 2) : 0;
        walk.is_fragment |= frag & ~0x6;                     /* an "atomic fragment" (RFC 6946) is none */
        walk.proto = p[walk.ofs];
        walk.ofs += size;
        if (frag & 0xfff8) {
            walk.is_later_fragment = true;
            return walk;
        }
    }
}

/* Finds what follows the transport header at 'l4_ofs'; clears 'l4_ofs' if that is not whole. */
static void
parse_l4(struct packet *packet)
{
    size_t size;
    switch (packet->ip_proto) {
    case IP_PROTO_ICMP4: case IP_PROTO_ICMP6: size = sizeof(struct icmp_header); break;
    case IP_PROTO_UDP: size = sizeof(struct udp_header); break;
    case IP_PROTO_SCTP: size = sizeof(struct sctp_header); break;
    case IP_PROTO_TCP:
        size = sizeof(struct tcp_header);
        if (has(packet->l3_end, packet->l4_ofs, size)) {
            size = (packet->data[packet->l4_ofs + 12] >> 4) * 4u;
        }
        if (size < sizeof(struct tcp_header)) {
            packet->l4_ofs = PACKET_NONE;
            return;
        }
        break;
    default: return;
    }
    if (has(packet->l3_end, packet->l4_ofs, size)) {
        packet->payload_ofs = (uint16_t) (packet->l4_ofs + size);
    } else {
        packet->l4_ofs = PACKET_NONE;
    }
}

static void
parse_ip4(struct packet *packet)
{
    if (!has(packet->size, packet->l3_ofs, sizeof(struct ip4_header))) {
        return;
    }
    const struct ip4_header *ip = (const void *) (packet->data + packet->l3_ofs);
    size_t header_size = (ip->version_ihl & 0xf) * 4u;
    size_t total = be16toh(ip->total_length);
    if (ip->version_ihl >> 4 != 4 || header_size < sizeof *ip || total < header_size
        || !has(packet->size, packet->l3_ofs, header_size)) {
        return;
    }
    packet->is_ip = true;
    packet->l3_end = (uint16_t) MIN(packet->l3_ofs + total, packet->size);
    packet->is_cut = packet->l3_ofs + total > packet->size;
    packet->ip_proto = ip->proto;
    packet->is_later_fragment = be16toh(ip->frag) & IP4_FRAG_OFS_MASK;
    packet->is_fragment = be16toh(ip->frag) & (IP4_FRAG_OFS_MASK | IP4_MF);
    if (!packet->is_later_fragment) {
        packet->l4_ofs = (uint16_t) (packet->l3_ofs + header_size);
        parse_l4(packet);
    }
}

static void
parse_ip6(struct packet *packet)
{
    if (!has(packet->size, packet->l3_ofs, sizeof(struct ip6_header))
        || packet->data[packet->l3_ofs] >> 4 != 6) {
        return;
    }
    const struct ip6_header *ip = (const void *) (packet->data + packet->l3_ofs);
    size_t total = sizeof *ip + be16toh(ip->payload_length);
    packet->is_ip = true;
    packet->l3_end = (uint16_t) MIN(packet->l3_ofs + total, packet->size);
    packet->is_cut = packet->l3_ofs + total > packet->size;
    struct ip6_walk walk = ip6_walk(packet->data, packet->l3_end, ip->next_header,
                                    packet->l3_ofs + sizeof *ip);
    packet->ip_proto = walk.proto;
    packet->is_fragment = walk.is_fragment;
    packet->is_later_fragment = walk.is_later_fragment;
    if (walk.is_whole && !walk.is_later_fragment) {
        packet->l4_ofs = (uint16_t) walk.ofs;
        parse_l4(packet);
    }
}

bool
packet_parse(const void *data, size_t size, struct packet *ret)
{
    *ret = (struct packet) {
        .data = data, .size = MIN(size, UINT16_MAX - 1), .l3_ofs = PACKET_NONE, .l4_ofs = PACKET_NONE,
        .payload_ofs = PACKET_NONE,
    };
    if (ret->size < sizeof(struct eth_header)) {
        return false;
    }
    size_t ofs = sizeof(struct eth_header);
    uint16_t type = get_be16(ret->data + 12);
    while ((type == ETH_TYPE_VLAN || type == ETH_TYPE_QINQ) && ret->n_vlans < ARRAY_SIZE(ret->vlan_tci)) {
        if (!has(ret->size, ofs, sizeof(struct vlan_header))) {
            return true;
        }
        ret->vlan_tci[ret->n_vlans++] = get_be16(ret->data + ofs);
        type = get_be16(ret->data + ofs + 2);
        ofs += sizeof(struct vlan_header);
    }
    ret->eth_type = type;
    ret->l3_ofs = (uint16_t) ofs;
    if (type == ETH_TYPE_IP4) {
        parse_ip4(ret);
    } else if (type == ETH_TYPE_IP6) {
        parse_ip6(ret);
    }
    return true;
}

const struct eth_header *
packet_eth(const struct packet *packet)
{
    return packet->size >= sizeof(struct eth_header) ? (const void *) packet->data : NULL;
}

const struct arp_header *
packet_arp(const struct packet *packet)
{
    if (packet->eth_type != ETH_TYPE_ARP || !has(packet->size, packet->l3_ofs, sizeof(struct arp_header))) {
        return NULL;
    }
    const struct arp_header *arp = (const void *) (packet->data + packet->l3_ofs);
    bool is_ours = be16toh(arp->htype) == ARP_HTYPE_ETH && be16toh(arp->ptype) == ETH_TYPE_IP4
        && arp->hlen == 6
                   && arp->plen == 4;
    return is_ours ? arp : NULL;
}

const struct ip4_header *
packet_ip4(const struct packet *packet)
{
    return packet->is_ip && packet->eth_type == ETH_TYPE_IP4 ? (const void *) (packet->data + packet->l3_ofs)
        : NULL;
}

const struct ip6_header *
packet_ip6(const struct packet *packet)
{
    return packet->is_ip && packet->eth_type == ETH_TYPE_IP6 ? (const void *) (packet->data + packet->l3_ofs)
        : NULL;
}

/* The transport header if it is that of 'proto', found whole. */
static const void *
l4(const struct packet *packet, uint8_t proto)
{
    bool found = packet->is_ip && packet->ip_proto == proto && packet->payload_ofs != PACKET_NONE;
    return found ? packet->data + packet->l4_ofs : NULL;
}

const struct icmp_header *
packet_icmp4(const struct packet *packet)
{
    return packet->eth_type == ETH_TYPE_IP4 ? l4(packet, IP_PROTO_ICMP4) : NULL;
}

const struct icmp_header *
packet_icmp6(const struct packet *packet)
{
    return packet->eth_type == ETH_TYPE_IP6 ? l4(packet, IP_PROTO_ICMP6) : NULL;
}

const struct udp_header *
packet_udp(const struct packet *packet)
{
    return l4(packet, IP_PROTO_UDP);
}

const struct tcp_header *
packet_tcp(const struct packet *packet)
{
    return l4(packet, IP_PROTO_TCP);
}

const struct sctp_header *
packet_sctp(const struct packet *packet)
{
    return l4(packet, IP_PROTO_SCTP);
}

struct str
packet_payload(const struct packet *packet)
{
    if (packet->payload_ofs == PACKET_NONE) {
        return str_n(NULL, 0);
    }
    return str_n((const char *) packet->data + packet->payload_ofs,
                 (size_t) (packet->l3_end - packet->payload_ofs));
}

/* Reads the options in 'n' bytes at 'p'; false if one is malformed. */
static bool
nd_options(const uint8_t *p, size_t n, struct nd_msg *msg)
{
    uint8_t wanted = msg->is_advert ? ND_OPT_TLL : ND_OPT_SLL;
    while (n) {
        size_t size = n >= 2 ? p[1] * 8u : 0;
        if (!size || size > n) {
            return false;
        }
        if (p[0] == wanted && size == 8 && !msg->has_ll) {
            msg->has_ll = true;
            memcpy(msg->ll.b, p + 2, sizeof msg->ll.b);
        }
        p += size;
        n -= size;
    }
    return true;
}

bool
packet_nd(const struct packet *packet, struct nd_msg *ret)
{
    const struct icmp_header *icmp = packet_icmp6(packet);
    if (!icmp || packet->is_cut || (icmp->type != ICMP6_NS && icmp->type != ICMP6_NA) || icmp->code
        || packet_ip6(packet)->hop_limit != 255 || !has(packet->l3_end, packet->l4_ofs,
                                                        sizeof(struct nd_header))) {
        return false;
    }
    const struct nd_header *nd = (const void *) icmp;
    uint32_t flags = be32toh(nd->flags);
    struct nd_msg msg = {.is_advert = nd->type == ICMP6_NA, .target = nd->target};
    if (msg.is_advert) {
        msg.is_router = flags & ND_NA_ROUTER;
        msg.is_solicited = flags & ND_NA_SOLICITED;
        msg.is_override = flags & ND_NA_OVERRIDE;
    }
    size_t options = packet->l4_ofs + sizeof *nd;
    if (ip6_is_multicast(&msg.target) || !nd_options(packet->data + options, packet->l3_end - options,
                                                     &msg)) {
        return false;
    }
    *ret = msg;
    return true;
}
