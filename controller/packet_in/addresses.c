/* SPDX-License-Identifier: Apache-2.0 */
/* put_arp(), put_nd(), put_fdb(): what a packet teaches.  The action left the port in reg14, the IP address in reg0 or xxreg0,
 * the Ethernet address in the packet's eth.src (lib/logical/encode.h). */
#include <config.h>

#include "controller/packet_in/handler.h"
#include "lib/logical/encode.h"

struct lesson {
    uint32_t dp_key, port_key;
    struct eth_addr mac;
};

static bool
read_lesson(const struct packet_in_call *call, struct lesson *ret)
{
    *ret = (struct lesson) {packet_in_dp_key(call), packet_in_register(call, LOGICAL_REG_INPORT),
                            packet_eth(&call->packet)->src};
    return ret->dp_key && ret->port_key && !eth_addr_is_zero(ret->mac) && !eth_addr_is_multicast(ret->mac);
}

static enum packet_in_result
learn_mac(const struct packet_in_call *call, const struct ip_addr *ip)
{
    struct lesson lesson;
    if (!read_lesson(call, &lesson)) {
        return PACKET_IN_MALFORMED;
    }
    call->out->learn_mac(call->aux, lesson.dp_key, lesson.port_key, ip, lesson.mac);
    return PACKET_IN_HANDLED;
}

enum packet_in_result
packet_in_put_arp(const struct packet_in_call *call)
{
    struct ip_addr ip = {.v4 = htobe32(packet_in_register(call, 0))};
    if (!ip.v4 || ip4_is_multicast(ip.v4) || ip4_is_broadcast(ip.v4)) {
        return PACKET_IN_MALFORMED;
    }
    return learn_mac(call, &ip);
}

enum packet_in_result
packet_in_put_nd(const struct packet_in_call *call)
{
    struct ip_addr ip = {.is_v6 = true};
    for (int i = 0; i < 4; i++) {
        put_be32(&ip.v6.s6_addr[4 * i], packet_in_register(call, i));
    }
    if (ip6_is_zero(&ip.v6) || ip6_is_multicast(&ip.v6)) {
        return PACKET_IN_MALFORMED;
    }
    return learn_mac(call, &ip);
}

enum packet_in_result
packet_in_put_fdb(const struct packet_in_call *call)
{
    struct lesson lesson;
    if (!read_lesson(call, &lesson)) {
        return PACKET_IN_MALFORMED;
    }
    call->out->learn_fdb(call->aux, lesson.dp_key, lesson.port_key, lesson.mac);
    return PACKET_IN_HANDLED;
}
