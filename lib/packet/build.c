/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/packet/build.h"

#include "lib/packet/checksum.h"

static void
put_eth(struct buf *out, struct eth_addr dst, struct eth_addr src, uint16_t type)
{
    struct eth_header eth = {.dst = dst, .src = src, .type = htobe16(type)};
    buf_put(out, &eth, sizeof eth);
}

/* Appends an IP header of 'spec' for 'n' bytes of 'proto'. */
static void
put_ip(struct buf *out, const struct ip_spec *spec, uint8_t proto, size_t n)
{
    if (spec->src.is_v6) {
        struct ip6_header ip = {
            .flow = htobe32(6u << 28 | (uint32_t) spec->tos << 20), .payload_length = htobe16((uint16_t) n),
            .next_header = proto, .hop_limit = spec->ttl, .src = spec->src.v6, .dst = spec->dst.v6,
        };
        buf_put(out, &ip, sizeof ip);
    } else {
        struct ip4_header ip = {
            .version_ihl = 0x45, .tos = spec->tos, .total_length = htobe16((uint16_t) (sizeof ip + n)),
            .ttl = spec->ttl, .proto = proto, .src = spec->src.v4, .dst = spec->dst.v4,
        };
        ip.checksum = checksum(&ip, sizeof ip);
        buf_put(out, &ip, sizeof ip);
    }
}

static uint32_t
pseudo_sum(const struct ip_spec *spec, uint8_t proto, size_t n)
{
    return spec->src.is_v6 ? checksum_add_ip6_pseudo(0, &spec->src.v6, &spec->dst.v6, proto, (uint32_t) n)
                           : checksum_add_ip4_pseudo(0, spec->src.v4, spec->dst.v4, proto, (uint16_t) n);
}

/* Appends the IP header and the 'n' bytes of 'proto', whose checksum is filled in. */
static void
put_ip_packet(struct buf *out, const struct ip_spec *spec, uint8_t proto, const void *l4, size_t n,
              size_t checksum_ofs)
{
    CHECK(spec->src.is_v6 == spec->dst.is_v6 && n <= UINT16_MAX - sizeof(struct ip4_header));
    CHECK(checksum_ofs == SIZE_MAX || checksum_ofs + 2 <= n);
    put_ip(out, spec, proto, n);
    size_t start = out->size;
    buf_put(out, l4, n);
    if (checksum_ofs != SIZE_MAX && buf_is_ok(out)) {
        uint8_t *p = (uint8_t *) out->data + start;
        memset(p + checksum_ofs, 0, 2);
        uint32_t sum = proto == IP_PROTO_ICMP4 ? 0 : pseudo_sum(spec, proto, n);
        be16 csum = checksum_finish(checksum_add(sum, p, n));
        if (!csum && proto == IP_PROTO_UDP) {
            csum = 0xffff;                                   /* RFC 768: 0 means "no checksum" */
        }
        memcpy(p + checksum_ofs, &csum, 2);
    }
}

void
build_ip(struct buf *out, const struct ip_spec *spec, uint8_t proto, const void *l4, size_t n,
         size_t checksum_ofs)
{
    put_eth(out, spec->eth_dst, spec->eth_src, spec->src.is_v6 ? ETH_TYPE_IP6 : ETH_TYPE_IP4);
    put_ip_packet(out, spec, proto, l4, n, checksum_ofs);
}

void
build_arp(struct buf *out, const struct arp_spec *spec)
{
    put_eth(out, spec->eth_dst, spec->eth_src, ETH_TYPE_ARP);
    struct arp_header arp = {
        .htype = htobe16(ARP_HTYPE_ETH), .ptype = htobe16(ETH_TYPE_IP4), .hlen = 6, .plen = 4,
        .op = htobe16(spec->op), .sha = spec->sha, .spa = spec->spa, .tha = spec->tha, .tpa = spec->tpa,
    };
    buf_put(out, &arp, sizeof arp);
}

void
build_arp_request(struct buf *out, struct eth_addr sha, be32 spa, be32 tpa)
{
    const struct arp_spec spec = {
        .eth_src = sha, .eth_dst = ETH_ADDR_BROADCAST, .op = ARP_OP_REQUEST, .sha = sha, .spa = spa,
        .tpa = tpa,
    };
    build_arp(out, &spec);
}

/* Appends a neighbour message 'nd' with one link-layer option. */
static void
put_nd(struct buf *out, const struct ip_spec *spec, const struct nd_header *nd, uint8_t option,
       struct eth_addr ll)
{
    uint8_t body[sizeof *nd + 8];
    memcpy(body, nd, sizeof *nd);
    body[sizeof *nd] = option;
    body[sizeof *nd + 1] = 1;                                /* in units of 8 bytes */
    memcpy(body + sizeof *nd + 2, ll.b, sizeof ll.b);
    build_ip(out, spec, IP_PROTO_ICMP6, body, sizeof body, offsetof(struct nd_header, checksum));
}

void
build_nd_ns(struct buf *out, struct eth_addr eth_src, const struct in6_addr *ip6_src,
            const struct in6_addr *target)
{
    struct in6_addr group = ip6_solicited_node(target);
    const struct ip_spec spec = {
        .eth_src = eth_src, .eth_dst = ip6_multicast_eth(&group), .ttl = 255,
        .src = {.is_v6 = true, .v6 = *ip6_src}, .dst = {.is_v6 = true, .v6 = group},
    };
    const struct nd_header nd = {.type = ICMP6_NS, .target = *target};
    put_nd(out, &spec, &nd, ND_OPT_SLL, eth_src);
}

void
build_nd_na(struct buf *out, const struct nd_na_spec *na)
{
    const struct ip_spec spec = {
        .eth_src = na->eth_src, .eth_dst = na->eth_dst, .ttl = 255,
        .src = {.is_v6 = true, .v6 = na->src}, .dst = {.is_v6 = true, .v6 = na->dst},
    };
    const struct nd_header nd = {.type = ICMP6_NA, .flags = htobe32(na->flags), .target = na->target};
    put_nd(out, &spec, &nd, ND_OPT_TLL, na->tll);
}

/* Builds header and payload as one piece, for the checksum. */
static void
build_l4(struct buf *out, const struct ip_spec *spec, uint8_t proto, size_t checksum_ofs, struct str header,
         struct str payload)
{
    struct buf l4 = BUF_INIT(UINT16_MAX - sizeof(struct ip4_header));
    buf_put_str(&l4, header);
    buf_put_str(&l4, payload);
    CHECK(buf_is_ok(&l4));
    build_ip(out, spec, proto, buf_text(&l4), l4.size, checksum_ofs);
    buf_fini(&l4);
}

void
build_icmp_echo(struct buf *out, const struct ip_spec *spec, bool is_reply, uint16_t id, uint16_t seq,
                const void *payload, size_t n)
{
    bool is_v6 = spec->src.is_v6;
    const struct icmp_header icmp = {
        .type = is_v6 ? (is_reply ? ICMP6_ECHO_REPLY : ICMP6_ECHO_REQUEST)
                      : (is_reply ? ICMP4_ECHO_REPLY : ICMP4_ECHO_REQUEST),
        .rest = htobe32((uint32_t) id << 16 | seq),
    };
    build_l4(out, spec, is_v6 ? IP_PROTO_ICMP6 : IP_PROTO_ICMP4, offsetof(struct icmp_header, checksum),
             str_n((const char *) &icmp, sizeof icmp), str_n(payload, n));
}

void
build_udp(struct buf *out, const struct ip_spec *spec, uint16_t src, uint16_t dst, const void *payload,
          size_t n)
{
    const struct udp_header udp = {
        .src = htobe16(src), .dst = htobe16(dst), .length = htobe16((uint16_t) (sizeof udp + n)),
    };
    build_l4(out, spec, IP_PROTO_UDP, offsetof(struct udp_header, checksum),
             str_n((const char *) &udp, sizeof udp), str_n(payload, n));
}

static struct tcp_header
tcp_header(const struct tcp_spec *tcp)
{
    return (struct tcp_header) {
        .src = htobe16(tcp->src), .dst = htobe16(tcp->dst), .seq = htobe32(tcp->seq),
        .ack = htobe32(tcp->ack),
        .ctl = htobe16((uint16_t) (5u << 12 | tcp->flags)), .window = htobe16(tcp->window),
    };
}

void
build_tcp(struct buf *out, const struct ip_spec *spec, const struct tcp_spec *tcp, const void *payload,
          size_t n)
{
    const struct tcp_header header = tcp_header(tcp);
    build_l4(out, spec, IP_PROTO_TCP, offsetof(struct tcp_header, checksum),
             str_n((const char *) &header, sizeof header), str_n(payload, n));
}

bool
ip_spec_from_packet(const struct packet *packet, bool is_swapped, struct ip_spec *ret)
{
    const struct ip4_header *ip4 = packet_ip4(packet);
    const struct ip6_header *ip6 = packet_ip6(packet);
    if (!ip4 && !ip6) {
        return false;
    }
    const struct eth_header *eth = packet_eth(packet);
    struct ip_spec same = {.eth_src = eth->src, .eth_dst = eth->dst, .ttl = 255};
    same.src.is_v6 = same.dst.is_v6 = ip6;
    if (ip6) {
        same.src.v6 = ip6->src;
        same.dst.v6 = ip6->dst;
    } else {
        same.src.v4 = ip4->src;
        same.dst.v4 = ip4->dst;
    }
    *ret = same;
    if (is_swapped) {
        ret->eth_src = same.eth_dst;
        ret->eth_dst = same.eth_src;
        ret->src = same.dst;
        ret->dst = same.src;
    }
    return true;
}

/* Appends Ethernet addresses of 'spec', and VLAN tags and type of 'original'. */
static void
put_l2_like(struct buf *out, const struct packet *original, const struct ip_spec *spec)
{
    buf_put(out, &spec->eth_dst, sizeof spec->eth_dst);
    buf_put(out, &spec->eth_src, sizeof spec->eth_src);
    size_t rest = 2 * sizeof(struct eth_addr);
    buf_put(out, original->data + rest, original->l3_ofs - rest);
}

static bool
ip4_is_one_host(be32 addr)
{
    return addr && !ip4_is_multicast(addr) && !ip4_is_loopback(addr) && (be32toh(addr) >> 28) != 0xf;
}

static bool
is_icmp4_query(uint8_t type)
{
    /* Echo, router discovery, timestamp, information and mask: all others are errors or redirects. */
    return type == ICMP4_ECHO_REPLY || type == ICMP4_ECHO_REQUEST || type == 9 || type == 10
           || (type >= 13 && type <= 18);
}

bool
icmp_error_is_allowed(const struct packet *original, uint8_t type)
{
    const struct ip4_header *ip4 = packet_ip4(original);
    const struct ip6_header *ip6 = packet_ip6(original);
    if (original->is_later_fragment) {
        return false;
    } else if (ip4) {
        const struct icmp_header *icmp = packet_icmp4(original);
        bool is_to_many = ip4_is_multicast(ip4->dst) || ip4_is_broadcast(ip4->dst)
                          || eth_addr_is_multicast(packet_eth(original)->dst);
        bool is_broken_icmp = ip4->proto == IP_PROTO_ICMP4 && !icmp;
        return !is_to_many && ip4_is_one_host(ip4->src) && !is_broken_icmp
            && !(icmp && !is_icmp4_query(icmp->type));
    } else if (ip6) {
        const struct icmp_header *icmp = packet_icmp6(original);
        struct in6_addr src = ip6->src, dst = ip6->dst;
        bool is_to_many = ip6_is_multicast(&dst) || eth_addr_is_multicast(packet_eth(original)->dst);
        bool is_broken_icmp = original->ip_proto == IP_PROTO_ICMP6 && !icmp;
        bool is_error = icmp && (icmp->type < 128 || icmp->type == ICMP6_REDIRECT);
        return (!is_to_many || type == ICMP6_PACKET_TOO_BIG) && !ip6_is_multicast(&src) && !ip6_is_zero(&src)
               && !is_broken_icmp && !is_error;
    }
    return false;
}

bool
build_icmp_error(struct buf *out, const struct packet *original, const struct icmp_error *error)
{
    bool is_v6 = packet_ip6(original);
    if (!icmp_error_is_allowed(original, error->type) || error->ip.src.is_v6 != is_v6
        || error->ip.dst.is_v6 != is_v6) {
        return false;
    }
    size_t limit = is_v6 ? 1280 - sizeof(struct ip6_header) : 576 - sizeof(struct ip4_header);
    size_t quoted = MIN((size_t) (original->l3_end - original->l3_ofs), limit - sizeof(struct icmp_header));
    uint8_t l4[1280];
    const struct icmp_header icmp = {.type = error->type, .code = error->code, .rest = htobe32(error->mtu)};
    memcpy(l4, &icmp, sizeof icmp);
    memcpy(l4 + sizeof icmp, original->data + original->l3_ofs, quoted);
    put_l2_like(out, original, &error->ip);
    put_ip_packet(out, &error->ip, is_v6 ? IP_PROTO_ICMP6 : IP_PROTO_ICMP4, l4, sizeof icmp + quoted,
                  offsetof(struct icmp_header, checksum));
    return true;
}

bool
build_tcp_reset(struct buf *out, const struct packet *original, const struct ip_spec *ip)
{
    const struct tcp_header *tcp = packet_tcp(original);
    bool is_v6 = packet_ip6(original);
    uint16_t flags = tcp ? be16toh(tcp->ctl) : 0;
    if (!tcp || flags & TCP_RST || ip->src.is_v6 != is_v6 || ip->dst.is_v6 != is_v6) {
        return false;
    }
    struct tcp_spec reset = {.src = be16toh(tcp->dst), .dst = be16toh(tcp->src), .flags = TCP_RST};
    if (flags & TCP_ACK) {
        reset.seq = be32toh(tcp->ack);
    } else {
        uint32_t length = (uint32_t) packet_payload(original).n + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
        reset.ack = be32toh(tcp->seq) + length;
        reset.flags |= TCP_ACK;
    }
    const struct tcp_header header = tcp_header(&reset);
    put_l2_like(out, original, ip);
    put_ip_packet(out, ip, IP_PROTO_TCP, &header, sizeof header, offsetof(struct tcp_header, checksum));
    return true;
}
