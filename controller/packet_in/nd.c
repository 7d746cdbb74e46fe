/* SPDX-License-Identifier: Apache-2.0 */
/* "nd_ns { ... }": a solicitation for the destination of an IPv6 packet; "nd_na { ... }", "nd_na_router { ... }": the
 * advertisement that answers a solicitation (ovn-sb(5)). */
#include <config.h>

#include "controller/packet_in/handler.h"
#include "lib/packet/build.h"

enum packet_in_result
packet_in_nd_ns(const struct packet_in_call *call)
{
    const struct ip6_header *ip = packet_ip6(&call->packet);
    if (!ip) {
        return PACKET_IN_MALFORMED;
    }
    struct in6_addr src = ip->src, target = ip->dst;
    if (ip6_is_multicast(&target)) {
        return PACKET_IN_UNANSWERED;
    }
    struct buf packet = BUF_INIT(PACKET_IN_PACKET_MAX);
    build_nd_ns(&packet, packet_eth(&call->packet)->src, &src, &target);
    enum packet_in_result result = packet_in_answer_tagged(call, &packet);
    buf_fini(&packet);
    return result;
}

/* RFC 4861, section 7.2.4: "If the source of the solicitation is the unspecified address, the node MUST set the Solicited
 * flag to zero and multicast the advertisement to the all-nodes address." */
static enum packet_in_result
advertise(const struct packet_in_call *call, uint32_t flags)
{
    static const struct in6_addr all_nodes = {{{0xff, 2, [15] = 1}}};
    const struct ip6_header *ip = packet_ip6(&call->packet);
    const struct eth_header *eth = packet_eth(&call->packet);
    struct nd_msg ns;

    if (!packet_nd(&call->packet, &ns) || ns.is_advert) {
        return PACKET_IN_MALFORMED;
    }
    struct nd_na_spec na = {
        .eth_src = eth->dst, .eth_dst = eth->src, .src = ns.target, .dst = ip->src, .target = ns.target, .tll = eth->dst,
        .flags = flags | ND_NA_SOLICITED | ND_NA_OVERRIDE,
    };
    if (ip6_is_zero(&na.dst)) {
        na.dst = all_nodes;
        na.eth_dst = ip6_multicast_eth(&all_nodes);
        na.flags &= ~(uint32_t) ND_NA_SOLICITED;
    }
    struct buf packet = BUF_INIT(PACKET_IN_PACKET_MAX);
    build_nd_na(&packet, &na);
    enum packet_in_result result = packet_in_answer_tagged(call, &packet);
    buf_fini(&packet);
    return result;
}

enum packet_in_result
packet_in_nd_na(const struct packet_in_call *call)
{
    return advertise(call, 0);
}

enum packet_in_result
packet_in_nd_na_router(const struct packet_in_call *call)
{
    return advertise(call, ND_NA_ROUTER);
}
