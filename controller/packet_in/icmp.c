/* SPDX-License-Identifier: Apache-2.0 */
/* "icmp4 { ... }", "icmp6 { ... }" and their "_error" twins: an ICMP error about the packet, which it quotes (RFC 1122, section
 * 3.2.2; RFC 4443, section 2.4).  By default "destination unreachable"; the nested actions may write another type. */
#include <config.h>

#include "controller/packet_in/handler.h"
#include "lib/packet/build.h"

enum { CODE = 1 };                                           /* IPv4: host unreachable; IPv6: prohibited (ovn-sb(5)) */

enum packet_in_result
packet_in_icmp(const struct packet_in_call *call, uint8_t code, bool is_swapped)
{
    struct icmp_error error = {.code = code};
    struct buf packet = BUF_INIT(PACKET_IN_PACKET_MAX);
    enum packet_in_result result = PACKET_IN_UNANSWERED;

    if (!ip_spec_from_packet(&call->packet, is_swapped, &error.ip)) {
        return PACKET_IN_MALFORMED;
    }
    error.type = error.ip.src.is_v6 ? ICMP6_DEST_UNREACH : ICMP4_DEST_UNREACH;
    if (build_icmp_error(&packet, &call->packet, &error)) {
        result = packet_in_answer(call, &packet);
    }
    buf_fini(&packet);
    return result;
}

enum packet_in_result
packet_in_icmp4(const struct packet_in_call *call)
{
    return packet_ip4(&call->packet) ? packet_in_icmp(call, CODE, false) : PACKET_IN_MALFORMED;
}

enum packet_in_result
packet_in_icmp6(const struct packet_in_call *call)
{
    return packet_ip6(&call->packet) ? packet_in_icmp(call, CODE, false) : PACKET_IN_MALFORMED;
}
