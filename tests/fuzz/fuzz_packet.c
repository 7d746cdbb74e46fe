/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Properties: what the parser finds lies inside the frame; an ICMP error or a reset that is built parses
 * again, quotes the packet, and is itself never answered. */

#include "lib/packet/build.h"
#include "tests/fuzz/fuzz.h"

static void
check_error(const struct packet *packet, const struct ip_spec *ip, uint8_t type)
{
    struct icmp_error error = {.type = type, .mtu = 1400, .ip = *ip};
    struct buf out = BUF_INIT(2000), none = BUF_INIT(2000);
    bool is_built = build_icmp_error(&out, packet, &error);
    CHECK(is_built == icmp_error_is_allowed(packet, type) && buf_is_ok(&out));
    if (is_built) {
        struct packet answer;
        CHECK(packet_parse(out.data, out.size, &answer));
        CHECK(packet_icmp4(&answer) || packet_icmp6(&answer));
        struct str quote = packet_payload(&answer);
        CHECK(quote.n && !memcmp(quote.s, packet->data + packet->l3_ofs, quote.n));
        CHECK(!build_icmp_error(&none, &answer, &error));
    }
    buf_fini(&out);
    buf_fini(&none);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct packet packet;
    struct nd_msg nd;
    struct ip_spec ip;
    packet_parse(data, size, &packet);
    struct str payload = packet_payload(&packet);
    CHECK(!payload.s || (const uint8_t *) payload.s + payload.n <= data + size);
    CHECK(!packet_nd(&packet, &nd) || packet_icmp6(&packet));
    CHECK(!packet_arp(&packet) || !packet.is_ip);
    if (ip_spec_from_packet(&packet, true, &ip)) {
        struct buf out = BUF_INIT(2000);
        bool is_built = build_tcp_reset(&out, &packet, &ip);
        struct packet answer;
        CHECK(!is_built || (packet_parse(out.data, out.size, &answer) && packet_tcp(&answer)));
        buf_fini(&out);
        check_error(&packet, &ip, ip.src.is_v6 ? ICMP6_DEST_UNREACH : ICMP4_DEST_UNREACH);
    }
    return 0;
}
