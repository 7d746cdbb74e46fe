/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Properties: any packet with any userdata is answered at most once; what is answered parses and has well-formed actions.
 * Input: one byte of opcode, one of userdata length, the userdata behind the opcode, the packet. */

#include "controller/packet_in.h"
#include "lib/logical/opcode.h"
#include "lib/openflow/of_actions.h"
#include "lib/packet/parse.h"
#include "tests/fuzz/fuzz.h"

static void
packet_out(void *n, const struct of_packet_out *po)
{
    struct packet packet;
    struct err *e = of_actions_check(po->actions, po->n_actions);
    CHECK(!e && packet_parse(po->packet.s, po->packet.n, &packet) && packet.l3_ofs != PACKET_NONE);
    ++*(int *) n;
}

static void
resume(void *n, const struct of_packet_in *pin, struct str packet, const struct of_match *metadata UNUSED)
{
    CHECK(packet.n == pin->packet.n);
    ++*(int *) n;
}

static void
learn_mac(void *n, uint32_t dp_key, uint32_t port_key, const struct ip_addr *ip UNUSED, struct eth_addr mac)
{
    CHECK(dp_key && port_key && !eth_addr_is_zero(mac));
    ++*(int *) n;
}

static void
learn_fdb(void *n, uint32_t dp_key, uint32_t port_key, struct eth_addr mac)
{
    learn_mac(n, dp_key, port_key, NULL, mac);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct packet_in_out out = {packet_out, resume, learn_mac, learn_fdb};
    struct buf userdata = BUF_INIT(1024);
    struct of_packet_in pin = {.continuation = str_from("continuation")};
    int n = 0;
    if (size < 2) {
        return 0;
    }
    size_t n_userdata = MIN(data[1], size - 2);
    put_be32(buf_reserve(&userdata, sizeof(struct opcode_header)), data[0]);
    buf_put(&userdata, data + 2, n_userdata);
    pin.userdata = str_n(userdata.data, userdata.size);
    pin.packet = str_n((const char *) data + 2 + n_userdata, size - 2 - n_userdata);
    of_match_init(&pin.metadata);
    of_match_set_u64(&pin.metadata, OFF_METADATA, 1);
    of_match_set_u64(&pin.metadata, OFF_REG(0), 0x0a000001);
    of_match_set_u64(&pin.metadata, OFF_REG(14), 2);
    struct packet_in *in = packet_in_new(&out, &n);
    packet_in_handle(in, &pin, 0);
    CHECK(n <= 1 && (n == 1) == (packet_in_stats(in).n_handled == 1));
    packet_in_free(in);
    of_packet_in_fini(&pin);
    buf_fini(&userdata);
    return 0;
}
