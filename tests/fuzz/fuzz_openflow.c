/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Properties: any bytes print; a message that decodes and has an encoder encodes to one that decodes
 * equal. */

#include "lib/openflow/of_actions.h"
#include "lib/openflow/of_flow.h"
#include "lib/openflow/of_group.h"
#include "lib/openflow/of_packet.h"
#include "tests/fuzz/fuzz.h"

/* 'out' holds one message, 'msg'. */
static void
reparse(const struct buf *out, struct of_msg *msg)
{
    struct err *e = of_msg_parse(out->data, out->size, msg);
    CHECK(!e);
}

static void
check_flow_mod(const struct of_msg *msg)
{
    struct of_flow_mod fm, again;
    struct of_msg again_msg;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct err *e = of_flow_mod_decode(msg, &fm);
    if (!e && of_put_flow_mod(&out, msg->xid, &fm)) {
        reparse(&out, &again_msg);
        struct err *again_e = of_flow_mod_decode(&again_msg, &again);
        CHECK(!again_e && of_match_eq(&fm.match, &again.match) && fm.n_actions == again.n_actions
              && fm.priority == again.priority && fm.cookie == again.cookie);
        of_match_fini(&again.match);
    }
    if (!e) {
        of_match_fini(&fm.match);
    }
    err_free(e);
    buf_fini(&out);
}

static void
check_group_mod(const struct of_msg *msg)
{
    struct of_group group, again;
    enum of_group_command command;
    uint32_t bucket;
    struct of_msg again_msg;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct err *e = of_group_mod_decode(msg, &command, &bucket, &group);
    if (!e && command != OFPGC_DELETE && command != OFPGC_REMOVE_BUCKET
        && of_put_group_mod(&out, msg->xid, command, bucket, &group)) {
        reparse(&out, &again_msg);
        struct err *again_e = of_group_mod_decode(&again_msg, &command, &bucket, &again);
        CHECK(!again_e && again.buckets.n == group.buckets.n && again.group_id == group.group_id);
        of_group_fini(&again);
    }
    if (!e) {
        of_group_fini(&group);
    }
    err_free(e);
    buf_fini(&out);
}

static void
check_packet_in(const struct of_msg *msg)
{
    struct of_packet_in pin, again;
    struct of_msg again_msg;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct err *e = of_packet_in_decode(msg, &pin);
    if (!e && of_put_resume(&out, msg->xid, &pin, pin.packet, &pin.metadata)) {
        reparse(&out, &again_msg);
        struct err *again_e = of_packet_in_decode(&again_msg, &again);
        CHECK(!again_e && str_eq(pin.packet, again.packet) && of_match_eq(&pin.metadata, &again.metadata)
              && str_eq(pin.continuation, again.continuation));
        of_packet_in_fini(&again);
    }
    if (!e) {
        of_packet_in_fini(&pin);
    }
    err_free(e);
    buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = BUF_INIT(1 << 20);
    struct of_msg msg;
    of_msg_print(data, size, &text);
    of_actions_print(data, size, &text);
    buf_fini(&text);
    err_free(of_actions_check(data, size));
    struct err *e = of_msg_parse(data, size, &msg);
    if (!e) {
        check_flow_mod(&msg);
        check_group_mod(&msg);
        check_packet_in(&msg);
    }
    err_free(e);
    return 0;
}
