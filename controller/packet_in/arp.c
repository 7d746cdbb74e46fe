/* SPDX-License-Identifier: Apache-2.0 */
/* "arp { ... }": an ARP request for the destination of an IPv4 packet (ovn-sb(5)). */
#include <config.h>

#include "controller/packet_in/handler.h"
#include "lib/packet/build.h"

enum packet_in_result
packet_in_arp(const struct packet_in_call *call)
{
    const struct ip4_header *ip = packet_ip4(&call->packet);
    const struct eth_header *eth = packet_eth(&call->packet);
    if (!ip) {
        return PACKET_IN_MALFORMED;
    }
    const struct arp_spec spec = {
        .eth_src = eth->src, .eth_dst = eth->dst, .op = ARP_OP_REQUEST, .sha = eth->src, .spa = ip->src, .tpa = ip->dst,
    };
    struct buf packet = BUF_INIT(PACKET_IN_PACKET_MAX);
    build_arp(&packet, &spec);
    enum packet_in_result result = packet_in_answer_tagged(call, &packet);
    buf_fini(&packet);
    return result;
}
