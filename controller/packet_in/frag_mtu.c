/* SPDX-License-Identifier: Apache-2.0 */
/* "icmp4.frag_mtu = N;" and "icmp6.frag_mtu = N;": writes the next hop's MTU into an ICMP error, and lets the packet go on (RFC
 * 1191, section 4; RFC 4443, section 3.2). */
#include <config.h>

#include "controller/packet_in/handler.h"
#include "lib/packet/checksum.h"

enum { REST_OFS = offsetof(struct icmp_header, rest) };

/* Replaces the 16 bits at 'ofs' of the ICMP header 'icmp'. */
static void
replace16(uint8_t *icmp, size_t ofs, const char *p)
{
    be16 old, new, sum;
    const size_t sum_ofs = offsetof(struct icmp_header, checksum);
    memcpy(&old, icmp + ofs, sizeof old);
    memcpy(&new, p, sizeof new);
    memcpy(&sum, icmp + sum_ofs, sizeof sum);
    sum = checksum_update16(sum, old, new);
    memcpy(icmp + sum_ofs, &sum, sizeof sum);
    memcpy(icmp + ofs, &new, sizeof new);
}

/* The 'n' bytes of the MTU are the last ones of the header's rest. */
static enum packet_in_result
set_mtu(const struct packet_in_call *call, const struct icmp_header *icmp, size_t n)
{
    const struct packet *packet = &call->packet;
    if (!icmp || call->userdata.n != n || !call->pin->continuation.s) {
        return PACKET_IN_MALFORMED;
    }
    struct buf changed = BUF_INIT(UINT16_MAX);
    buf_put(&changed, packet->data, packet->size);
    if (!buf_is_ok(&changed)) {
        buf_fini(&changed);
        return PACKET_IN_MALFORMED;
    }
    for (size_t i = 0; i < n; i += 2) {
        replace16((uint8_t *) changed.data + packet->l4_ofs, REST_OFS + 4 - n + i, call->userdata.s + i);
    }
    call->out->resume(call->aux, call->pin, str_n(changed.data, changed.size), &call->pin->metadata);
    buf_fini(&changed);
    return PACKET_IN_HANDLED;
}

enum packet_in_result
packet_in_icmp4_frag_mtu(const struct packet_in_call *call)
{
    return set_mtu(call, packet_icmp4(&call->packet), 2);
}

enum packet_in_result
packet_in_icmp6_frag_mtu(const struct packet_in_call *call)
{
    return set_mtu(call, packet_icmp6(&call->packet), 4);
}
