/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/packet_in/handler.h"

#include "controller/metadata.h"
#include "lib/openflow/of_actions.h"

enum { N_REGISTERS = 16 };

static uint64_t
metadata_of(const struct packet_in_call *call, enum of_field_id field)
{
    struct of_value value;
    return of_match_get(&call->pin->metadata, field, &value, NULL) ? of_value_low64(&value) : 0;
}

uint32_t
packet_in_register(const struct packet_in_call *call, int n)
{
    CHECK(n >= 0 && n < N_REGISTERS);
    return (uint32_t) metadata_of(call, OFF_REG(n));
}

uint32_t
packet_in_dp_key(const struct packet_in_call *call)
{
    return metadata_dp_key(metadata_of(call, OFF_METADATA));
}

/* A packet_out starts with all of these at zero. */
static void
put_registers(const struct packet_in_call *call, struct buf *actions)
{
    metadata_restore(actions, metadata_of(call, OFF_METADATA));
    for (int i = 0; i < N_REGISTERS; i++) {
        uint32_t value = packet_in_register(call, i);
        if (value) {
            of_act_set_u64(actions, OFF_REG(i), value);
        }
    }
}

enum packet_in_result
packet_in_answer(const struct packet_in_call *call, const struct buf *packet)
{
    struct err *e = of_actions_check(call->userdata.s, call->userdata.n);
    if (e || !packet->size || !buf_is_ok(packet)) {
        err_free(e);
        return PACKET_IN_MALFORMED;
    }
    struct buf actions = BUF_INIT(OF_ACTIONS_MAX - PACKET_IN_PACKET_MAX);
    put_registers(call, &actions);
    buf_put_str(&actions, call->userdata);
    if (!buf_is_ok(&actions)) {
        buf_fini(&actions);
        return PACKET_IN_MALFORMED;
    }
    struct of_match metadata;
    of_match_init(&metadata);
    of_match_set_u64(&metadata, OFF_IN_PORT, OF_PORT_CONTROLLER);
    call->out->packet_out(call->aux, &(struct of_packet_out) {
        .metadata = &metadata, .actions = actions.data, .n_actions = actions.size,
        .packet = str_n(packet->data, packet->size),
    });
    of_match_fini(&metadata);
    buf_fini(&actions);
    return PACKET_IN_HANDLED;
}

enum packet_in_result
packet_in_answer_tagged(const struct packet_in_call *call, const struct buf *untagged)
{
    const size_t addresses = 2 * sizeof(struct eth_addr);
    const struct packet *packet = &call->packet;

    if (packet->l3_ofs == PACKET_NONE || untagged->size < sizeof(struct eth_header)) {
        return PACKET_IN_MALFORMED;
    }
    struct buf tagged = BUF_INIT(PACKET_IN_PACKET_MAX);
    buf_put(&tagged, untagged->data, addresses);
    buf_put(&tagged, packet->data + addresses, packet->l3_ofs - sizeof(struct eth_header));
    buf_put(&tagged, untagged->data + addresses, untagged->size - addresses);
    enum packet_in_result result = packet_in_answer(call, &tagged);
    buf_fini(&tagged);
    return result;
}
