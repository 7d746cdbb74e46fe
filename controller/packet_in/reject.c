/* SPDX-License-Identifier: Apache-2.0 */
/* "reject { ... }": tells the sender that its packet was refused, in the language of its protocol.  Unlike the others it turns
 * addresses around by itself (ovn-sb(5)). */
#include <config.h>

#include "controller/packet_in/handler.h"
#include "lib/packet/build.h"

enum { HOST_UNREACHABLE4 = 1, PROHIBITED6 = 1, PORT_UNREACHABLE4 = 3, PORT_UNREACHABLE6 = 4 };

enum packet_in_result
packet_in_reject(const struct packet_in_call *call)
{
    const struct packet *packet = &call->packet;

    if (!packet->is_ip) {
        return PACKET_IN_MALFORMED;
    }
    bool is_v6 = packet_ip6(packet);
    switch (packet->ip_proto) {
    case IP_PROTO_TCP: return packet_in_reset_tcp(call, true);
    case IP_PROTO_SCTP: return packet_in_abort_sctp(call, true);
    case IP_PROTO_UDP: return packet_in_icmp(call, is_v6 ? PORT_UNREACHABLE6 : PORT_UNREACHABLE4, true);
    default: return packet_in_icmp(call, is_v6 ? PROHIBITED6 : HOST_UNREACHABLE4, true);
    }
}
