/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/rng.h"
#include "lib/packet/build.h"
#include "lib/packet/checksum.h"

#include <stdlib.h>

#include "tests/unit/test.h"

static const struct eth_addr mac_a = {{0x0a, 0, 0, 0, 0, 1}}, mac_b = {{0x0a, 0, 0, 0, 0, 2}};

static struct ip_addr
ip(const char *text)
{
    struct ip_addr addr;
    assert_true(ip_addr_parse(str_from(text), &addr));
    return addr;
}

static struct ip_spec
spec(const char *src, const char *dst)
{
    return (struct ip_spec) {.eth_src = mac_a, .eth_dst = mac_b, .src = ip(src), .dst = ip(dst), .ttl = 64};
}

static struct packet
parse(const struct buf *buf)
{
    struct packet packet;
    assert_true(packet_parse(buf->data, buf->size, &packet));
    return packet;
}

/* Whether the transport checksum of 'packet' adds up. */
static bool
checksum_is_good(const struct packet *packet)
{
    const struct ip4_header *ip4 = packet_ip4(packet);
    const struct ip6_header *ip6 = packet_ip6(packet);
    size_t n = (size_t) (packet->l3_end - packet->l4_ofs);
    uint32_t sum = 0;
    if (ip6) {
        struct in6_addr src = ip6->src, dst = ip6->dst;
        sum = checksum_add_ip6_pseudo(0, &src, &dst, packet->ip_proto, (uint32_t) n);
    } else if (ip4->proto != IP_PROTO_ICMP4) {
        sum = checksum_add_ip4_pseudo(0, ip4->src, ip4->dst, ip4->proto, (uint16_t) n);
    }
    return !checksum_finish(checksum_add(sum, packet->data + packet->l4_ofs, n))
           && (!ip4 || !checksum(ip4, sizeof *ip4));
}

/* Puts a VLAN tag into the frame 'buf'. */
static void
add_vlan(struct buf *buf, uint16_t tci)
{
    struct buf tagged = BUF_INIT(BUF_NO_LIMIT);
    uint8_t tag[4];
    put_be16(tag, ETH_TYPE_VLAN);
    put_be16(tag + 2, tci);
    buf_put(&tagged, buf->data, 12);
    buf_put(&tagged, tag, sizeof tag);
    buf_put(&tagged, buf->data + 12, buf->size - 12);
    buf_fini(buf);
    *buf = tagged;
}

TEST(known_checksums)
{
    /* The example of RFC 1071, section 3, and the check values of CRC-32C. */
    static const uint8_t rfc1071[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    assert_int_equal(be16toh(checksum(rfc1071, sizeof rfc1071)), (uint16_t) ~0xddf2);
    assert_int_equal(crc32c("123456789", 9), 0xe3069283);
    static const uint8_t zeros[32];
    assert_int_equal(crc32c(zeros, sizeof zeros), 0x8a9136aa);
    uint8_t data[20];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t) (i * 37);
    }
    be16 before = checksum(data, sizeof data), old, new = htobe16(0x1234);
    memcpy(&old, data + 8, 2);
    memcpy(data + 8, &new, 2);
    assert_int_equal(checksum_update16(before, old, new), checksum(data, sizeof data));
}

TEST(arp_round_trip)
{
    struct buf buf = BUF_INIT(1000);
    build_arp_request(&buf, mac_a, ip("10.0.0.1").v4, ip("10.0.0.2").v4);
    static const uint8_t bytes[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0a, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1,
        0x0a, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
    };
    assert_int_equal(buf.size, sizeof bytes);
    assert_memory_equal(buf.data, bytes, sizeof bytes);
    struct packet packet = parse(&buf);
    const struct arp_header *arp = packet_arp(&packet);
    assert_non_null(arp);
    assert_int_equal(arp->tpa, ip("10.0.0.2").v4);
    assert_null(packet_ip4(&packet));
    buf_fini(&buf);
}

TEST(nd_round_trip)
{
    struct buf buf = BUF_INIT(1000);
    struct in6_addr src = ip("fd00::1").v6, target = ip("fd00::2:3").v6;
    build_nd_ns(&buf, mac_a, &src, &target);
    struct packet packet = parse(&buf);
    struct nd_msg nd;
    assert_true(packet_nd(&packet, &nd) && checksum_is_good(&packet));
    assert_true(!nd.is_advert && nd.has_ll && eth_addr_eq(nd.ll, mac_a) && ip6_eq(&nd.target, &target));
    assert_string_equal(eth_addr_text(packet_eth(&packet)->dst).s, "33:33:ff:02:00:03");
    buf_clear(&buf);

    const struct nd_na_spec na = {.eth_src = mac_b, .eth_dst = mac_a, .src = target, .dst = src,
                                  .target = target,
                                  .tll = mac_b, .flags = ND_NA_SOLICITED | ND_NA_OVERRIDE};
    build_nd_na(&buf, &na);
    packet = parse(&buf);
    assert_true(packet_nd(&packet, &nd) && checksum_is_good(&packet));
    assert_true(nd.is_advert && nd.is_solicited && nd.is_override && !nd.is_router
                && eth_addr_eq(nd.ll, mac_b));

    /* A hop limit below 255 came from another link. */
    buf.data[sizeof(struct eth_header) + 7] = (char) 254;
    packet = parse(&buf);
    assert_false(packet_nd(&packet, &nd));
    buf.data[sizeof(struct eth_header) + 7] = (char) 255;
    buf.data[buf.size - 7] = 0;                              /* an option of length 0 */
    packet = parse(&buf);
    assert_false(packet_nd(&packet, &nd));
    buf_fini(&buf);
}

TEST(transport_headers_are_found)
{
    static const char *const pairs[][2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct ip_spec ips = spec(pairs[i][0], pairs[i][1]);
        struct buf buf = BUF_INIT(2000);
        build_udp(&buf, &ips, 1000, 53, "hello", 5);
        add_vlan(&buf, 0x2005);
        buf_put_zeros(&buf, 9);                              /* Ethernet padding is no payload */
        struct packet packet = parse(&buf);
        assert_true(packet_udp(&packet) && !packet_tcp(&packet) && checksum_is_good(&packet));
        assert_true(packet.n_vlans == 1 && packet.vlan_tci[0] == 0x2005);
        assert_int_equal(be16toh(packet_udp(&packet)->dst), 53);
        assert_true(str_is(packet_payload(&packet), "hello"));
        buf_clear(&buf);

        const struct tcp_spec tcp = {.src = 1, .dst = 80, .seq = 1000, .flags = TCP_SYN, .window = 99};
        build_tcp(&buf, &ips, &tcp, "xyz", 3);
        packet = parse(&buf);
        assert_true(packet_tcp(&packet) && checksum_is_good(&packet)
                    && str_is(packet_payload(&packet), "xyz"));
        buf_clear(&buf);

        build_icmp_echo(&buf, &ips, false, 7, 8, "abc", 3);
        packet = parse(&buf);
        const struct icmp_header *icmp = i ? packet_icmp6(&packet) : packet_icmp4(&packet);
        assert_true(icmp && icmp->type == (i ? ICMP6_ECHO_REQUEST : ICMP4_ECHO_REQUEST)
                    && checksum_is_good(&packet));
        assert_null(i ? packet_icmp4(&packet) : packet_icmp6(&packet));
        buf_fini(&buf);
    }
}

TEST(ipv6_extension_headers_are_walked)
{
    /* hop-by-hop, then 16 bytes of options, fragment, UDP */
    uint8_t l4[8 + 16 + 8 + 8] = {IP_PROTO_DSTOPTS, 0};
    l4[8] = IP_PROTO_FRAGMENT;
    l4[9] = 1;
    l4[24] = IP_PROTO_UDP;
    put_be16(l4 + 32, 4242);
    put_be16(l4 + 36, 8);
    struct ip_spec ips = spec("fd00::1", "fd00::2");
    struct buf buf = BUF_INIT(1000);
    build_ip(&buf, &ips, IP_PROTO_HOPOPTS, l4, sizeof l4, SIZE_MAX);
    struct packet packet = parse(&buf);
    assert_true(packet.ip_proto == IP_PROTO_UDP && packet_udp(&packet) && !packet.is_fragment);
    assert_int_equal(be16toh(packet_udp(&packet)->src), 4242);
    size_t frag = sizeof(struct eth_header) + sizeof(struct ip6_header) + 26;
    buf.data[frag + 1] = 1;                                  /* more fragments */
    packet = parse(&buf);
    assert_true(packet_udp(&packet) && packet.is_fragment && !packet.is_later_fragment);
    buf.data[frag] = 1;                                      /* at an offset */
    packet = parse(&buf);
    assert_true(!packet_udp(&packet) && packet.is_later_fragment);
    buf.data[frag - 17] = (char) 200;                        /* options longer than the packet */
    packet = parse(&buf);
    assert_true(!packet_udp(&packet) && packet_ip6(&packet));
    buf_fini(&buf);
}

TEST(every_truncation_is_parsed_within_bounds)
{
    struct ip_spec v4 = spec("10.0.0.1", "10.0.0.2"), v6 = spec("fd00::1", "fd00::2");
    struct in6_addr src = v6.src.v6, target = v6.dst.v6;
    struct buf all[4] = {BUF_INIT(1000), BUF_INIT(1000), BUF_INIT(1000), BUF_INIT(1000)};
    const struct tcp_spec tcp = {.src = 1, .dst = 2};
    build_tcp(&all[0], &v4, &tcp, "abc", 3);
    build_tcp(&all[1], &v6, &tcp, "abc", 3);
    build_arp_request(&all[2], mac_a, v4.src.v4, v4.dst.v4);
    build_nd_ns(&all[3], mac_a, &src, &target);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        for (size_t n = 0; n < all[i].size; n++) {
            /* of exactly that size, so that the sanitizer sees */
            uint8_t *copy = xmemdup(all[i].data, MAX(n, 1));
            struct packet packet;
            struct nd_msg nd;
            assert_int_equal(packet_parse(copy, n, &packet), n >= sizeof(struct eth_header));
            assert_true(!packet_arp(&packet) && !packet_nd(&packet, &nd));
            assert_true(!packet_tcp(&packet) || n >= all[i].size - 3);
            packet_payload(&packet);
            free(copy);
        }
        buf_fini(&all[i]);
    }
}

TEST(icmp_errors_quote_the_packet)
{
    static const char *const pairs[][2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};
    static char payload[2000];
    for (int is_v6 = 0; is_v6 < 2; is_v6++) {
        for (int is_long = 0; is_long < 2; is_long++) {
            struct ip_spec ips = spec(pairs[is_v6][0], pairs[is_v6][1]);
            struct buf in = BUF_INIT(3000), out = BUF_INIT(3000);
            build_udp(&in, &ips, 5, 6, payload, is_long ? 1400 : 20);
            add_vlan(&in, 7);
            struct packet packet = parse(&in);
            struct icmp_error error = {.type = is_v6 ? ICMP6_PACKET_TOO_BIG : ICMP4_DEST_UNREACH,
                                       .code = is_v6 ? 0 : ICMP4_FRAG_NEEDED, .mtu = 1234};
            assert_true(ip_spec_from_packet(&packet, true, &error.ip));
            assert_true(build_icmp_error(&out, &packet, &error));
            struct packet answer = parse(&out);
            const struct icmp_header *icmp = is_v6 ? packet_icmp6(&answer) : packet_icmp4(&answer);
            assert_true(icmp && checksum_is_good(&answer) && answer.vlan_tci[0] == 7);
            assert_true(eth_addr_eq(packet_eth(&answer)->dst, mac_a));
            assert_int_equal(be32toh(icmp->rest), 1234);
            size_t whole = packet.l3_end - packet.l3_ofs, room = is_v6 ? 1280 - 48 : 576 - 28;
            assert_int_equal(packet_payload(&answer).n, MIN(whole, room));
            assert_memory_equal(packet_payload(&answer).s, packet.data + packet.l3_ofs,
                                packet_payload(&answer).n);

            buf_clear(&in);                                  /* an error is never answered with an error */
            assert_false(build_icmp_error(&in, &answer, &error));
            buf_fini(&in);
            buf_fini(&out);
        }
    }
}

TEST(some_packets_must_not_be_answered)
{
    static const struct {
        const char *src, *dst;
        bool is_allowed;
    } cases[] = {
        {"10.0.0.1", "10.0.0.2", true}, {"10.0.0.1", "224.0.0.5", false},
        {"10.0.0.1", "255.255.255.255", false},
        {"0.0.0.0", "10.0.0.2", false}, {"224.0.0.1", "10.0.0.2", false}, {"127.0.0.1", "10.0.0.2", false},
        {"fd00::1", "fd00::2", true}, {"fd00::1", "ff02::1", false}, {"::", "fd00::2", false},
        {"ff02::1", "fd00::2", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip_spec ips = spec(cases[i].src, cases[i].dst);
        struct buf buf = BUF_INIT(1000);
        build_udp(&buf, &ips, 1, 2, NULL, 0);
        struct packet packet = parse(&buf);
        assert_int_equal(icmp_error_is_allowed(&packet, ICMP6_DEST_UNREACH), cases[i].is_allowed);
        bool is_multicast6 = ips.dst.is_v6 && ip6_is_multicast(&ips.dst.v6);
        assert_int_equal(icmp_error_is_allowed(&packet, ICMP6_PACKET_TOO_BIG), cases[i].is_allowed
                         || is_multicast6);
        if (!ips.src.is_v6) {
            buf.data[sizeof(struct eth_header) + 7] = 1;     /* a later fragment */
            packet = parse(&buf);
            assert_false(icmp_error_is_allowed(&packet, ICMP4_TIME_EXCEEDED));
        }
        buf_clear(&buf);
        build_icmp_echo(&buf, &ips, false, 1, 1, NULL, 0);   /* a query may be answered */
        packet = parse(&buf);
        assert_int_equal(icmp_error_is_allowed(&packet, 1), cases[i].is_allowed);
        buf_fini(&buf);
    }
}

TEST(tcp_resets_acknowledge_what_they_refuse)
{
    static const struct {
        uint16_t flags;
        uint32_t seq, ack;
        uint16_t reset_flags;
    } cases[] = {
        {TCP_SYN, 0, 1000 + 1 + 3, TCP_RST | TCP_ACK}, {TCP_ACK, 777, 0, TCP_RST},
        {TCP_FIN, 0, 1000 + 1 + 3, TCP_RST | TCP_ACK}, {TCP_RST, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip_spec ips = spec("fd00::1", "fd00::2"), back;
        const struct tcp_spec tcp = {.src = 5, .dst = 80, .seq = 1000, .ack = 777, .flags = cases[i].flags};
        struct buf in = BUF_INIT(1000), out = BUF_INIT(1000);
        build_tcp(&in, &ips, &tcp, "abc", 3);
        struct packet packet = parse(&in);
        assert_true(ip_spec_from_packet(&packet, true, &back));
        assert_int_equal(build_tcp_reset(&out, &packet, &back), cases[i].reset_flags != 0);
        if (cases[i].reset_flags) {
            struct packet answer = parse(&out);
            const struct tcp_header *reset = packet_tcp(&answer);
            assert_true(reset && checksum_is_good(&answer));
            assert_int_equal(be16toh(reset->ctl) & 0xfff, cases[i].reset_flags);
            assert_int_equal(be32toh(reset->seq), cases[i].seq);
            assert_int_equal(be32toh(reset->ack), cases[i].ack);
            assert_true(be16toh(reset->src) == 80 && be16toh(reset->dst) == 5);
        }
        buf_fini(&in);
        buf_fini(&out);
    }
}

TEST(random_bytes_are_survived)
{
    struct rng rng = {.state = 42};
    for (int i = 0; i < 20000; i++) {
        static const uint16_t types[] = {ETH_TYPE_IP4, ETH_TYPE_IP6, ETH_TYPE_ARP, ETH_TYPE_VLAN};
        size_t n = rng_below(&rng, 120);
        uint8_t *p = xmalloc(MAX(n, 1));
        for (size_t j = 0; j < n; j++) {
            p[j] = (uint8_t) rng_below(&rng, rng_one_in(&rng, 3) ? 4 : 256);
        }
        if (n >= 20) {
            put_be16(p + 12, types[rng_below(&rng, 4)]);
            p[14] = rng_one_in(&rng, 2) ? 0x45 : 0x60;
        }
        struct packet packet;
        struct nd_msg nd;
        packet_parse(p, n, &packet);
        packet_nd(&packet, &nd);
        struct str payload = packet_payload(&packet);
        assert_true(!payload.s || ((const uint8_t *) payload.s >= p
                                   && (const uint8_t *) payload.s + payload.n <= p + n));
        struct icmp_error error = {.type = 3};
        struct buf out = BUF_INIT(3000);
        if (ip_spec_from_packet(&packet, true, &error.ip) && build_icmp_error(&out, &packet, &error)) {
            struct packet answer = parse(&out);
            assert_true(checksum_is_good(&answer));
        }
        buf_fini(&out);
        free(p);
    }
}

TEST_MAIN(T(known_checksums), T(arp_round_trip), T(nd_round_trip), T(transport_headers_are_found),
          T(ipv6_extension_headers_are_walked), T(every_truncation_is_parsed_within_bounds),
          T(icmp_errors_quote_the_packet), T(some_packets_must_not_be_answered),
          T(tcp_resets_acknowledge_what_they_refuse), T(random_bytes_are_survived))
