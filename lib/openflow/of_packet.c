/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_packet.h"

enum { NXT_RESUME = 28 };
enum {                                                       /* properties of packet_in2 and resume */
    NXPINT_PACKET = 0, NXPINT_FULL_LEN = 1, NXPINT_BUFFER_ID = 2, NXPINT_TABLE_ID = 3, NXPINT_COOKIE = 4,
    NXPINT_REASON = 5, NXPINT_METADATA = 6, NXPINT_USERDATA = 7, NXPINT_CONTINUATION = 8,
};

/* Reads one property: 'body' is what follows type and length. */
static struct err *
read_property(uint16_t type, struct str body, struct of_packet_in *pin)
{
    static const size_t min_sizes[] = {[NXPINT_FULL_LEN] = 4, [NXPINT_TABLE_ID] = 1, [NXPINT_COOKIE] = 12,
                                       [NXPINT_REASON] = 1, [NXPINT_CONTINUATION] = 0};
    if (type < ARRAY_SIZE(min_sizes) && body.n < min_sizes[type]) {
        return err_new("packet_in2 property %u of %zu bytes", type, body.n);
    }
    switch (type) {
    case NXPINT_PACKET: pin->packet = body; break;
    case NXPINT_FULL_LEN: pin->full_length = get_be32(body.s); break;
    case NXPINT_TABLE_ID: pin->table_id = (uint8_t) body.s[0]; break;
    case NXPINT_REASON: pin->reason = (uint8_t) body.s[0]; break;
    case NXPINT_COOKIE:
        pin->has_cookie = true;
        pin->cookie = get_be64(body.s + 4);                  /* behind padding */
        break;
    case NXPINT_METADATA:
        of_match_fini(&pin->metadata);
        return of_match_from_oxm(body.s, body.n, &pin->metadata);
    case NXPINT_USERDATA: pin->userdata = body; break;
    case NXPINT_CONTINUATION: pin->continuation = body; break;
    case NXPINT_BUFFER_ID: break;
    default: return err_new("packet_in2 with unknown property %u", type);
    }
    return NULL;
}

struct err *
of_packet_in_decode(const struct of_msg *msg, struct of_packet_in *ret)
{
    if (msg->kind != OF_NX_PACKET_IN2 && msg->kind != OF_NX_RESUME) {
        return err_new("%s is not a packet_in2", of_kind_name(msg->kind));
    }
    struct of_packet_in pin = {.packet = {NULL, 0}};
    for (struct str p = msg->body; p.n;) {
        size_t length = p.n >= 4 ? get_be16(p.s + 2) : 0;
        struct err *e = length < 4 || length > p.n
                            ? err_new("packet_in2 property of %zu bytes", length)
                            : read_property(get_be16(p.s), str_n(p.s + 4, length - 4), &pin);
        if (e) {
            of_match_fini(&pin.metadata);
            return e;
        }
        size_t padded = MIN(ROUND_UP(length, 8), p.n);
        p = str_n(p.s + padded, p.n - padded);
    }
    pin.full_length = pin.full_length ? pin.full_length : (uint32_t) pin.packet.n;
    *ret = pin;
    return NULL;
}

void
of_packet_in_fini(struct of_packet_in *pin)
{
    of_match_fini(&pin->metadata);
}

/* Appends a property with a body of 'n' bytes behind 'n_pad' of padding; and padding behind it. */
static void
put_property(struct buf *out, uint16_t type, const void *p, size_t n, size_t n_pad)
{
    uint8_t header[4];
    size_t length = sizeof header + n_pad + n;
    put_be16(header, type);
    put_be16(header + 2, (uint16_t) MIN(length, UINT16_MAX));    /* what is longer does not fit the message */
    buf_put(out, header, sizeof header);
    buf_put_zeros(out, n_pad);
    buf_put(out, p, n);
    buf_put_zeros(out, ROUND_UP(length, 8) - length);
}

bool
of_put_resume(struct buf *out, uint32_t xid, const struct of_packet_in *pin, struct str packet,
              const struct of_match *metadata)
{
    struct buf oxm = BUF_INIT(OF_MSG_MAX);
    size_t start = of_nx_msg_begin(out, NXT_RESUME, xid);
    uint8_t cookie[8];
    put_property(out, NXPINT_PACKET, packet.s, packet.n, 0);
    put_property(out, NXPINT_TABLE_ID, &pin->table_id, 1, 0);
    if (pin->has_cookie) {
        put_be64(cookie, pin->cookie);
        put_property(out, NXPINT_COOKIE, cookie, sizeof cookie, 4);
    }
    put_property(out, NXPINT_REASON, &pin->reason, 1, 0);
    of_match_put_oxm(metadata, &oxm);
    put_property(out, NXPINT_METADATA, oxm.data, oxm.size, 0);
    put_property(out, NXPINT_CONTINUATION, pin->continuation.s, pin->continuation.n, 0);
    buf_fini(&oxm);
    return of_msg_end(out, start);
}

bool
of_put_packet_out(struct buf *out, uint32_t xid, const struct of_packet_out *po)
{
    size_t start = of_msg_begin(out, OFPT_PACKET_OUT, xid);
    uint8_t header[8] = {0xff, 0xff, 0xff, 0xff};            /* no buffer */
    if (po->n_actions > UINT16_MAX) {
        buf_truncate(out, start);
        return false;
    }
    put_be16(header + 4, (uint16_t) po->n_actions);
    buf_put(out, header, sizeof header);
    of_match_put(po->metadata, out);
    buf_put(out, po->actions, po->n_actions);
    buf_put_str(out, po->packet);
    return of_msg_end(out, start);
}

struct err *
of_packet_out_decode(const struct of_msg *msg, struct of_packet_out_decoded *ret)
{
    if (msg->kind != OF_PACKET_OUT) {
        return err_new("%s is not a packet_out", of_kind_name(msg->kind));
    }
    size_t n_actions = get_be16(msg->body.s + 4);
    struct str p = str_n(msg->body.s + 8, msg->body.n - 8);
    struct of_match metadata;
    struct err *e = of_match_pull(&p, &metadata);
    if (e) {
        return e;
    }
    if (n_actions > p.n) {
        of_match_fini(&metadata);
        return err_new("packet_out says %zu bytes of actions, has %zu", n_actions, p.n);
    }
    *ret = (struct of_packet_out_decoded) {
        .metadata = metadata, .actions = str_n(p.s, n_actions),
        .packet = str_n(p.s + n_actions, p.n - n_actions),
    };
    return NULL;
}

void
of_put_port_desc_request(struct buf *out, uint32_t xid)
{
    size_t start = of_multipart_begin(out, false, OFPMP_PORT_DESC, false, xid);
    uint8_t body[8] = {0xff, 0xff, 0xff, 0xff};
    buf_put(out, body, sizeof body);
    (void) of_msg_end(out, start);
}

struct err *
of_port_pull(struct str *body, struct of_port *ret)
{
    const char *p = body->s;
    size_t length = body->n >= 40 ? get_be16(p + 4) : 0;
    if (length < 40 || length > body->n) {
        *body = str_n(NULL, 0);
        return err_new("port description of %zu bytes", length);
    }
    *ret = (struct of_port) {.port = get_be32(p), .config = get_be32(p + 32), .state = get_be32(p + 36)};
    memcpy(ret->hw_addr.b, p + 8, sizeof ret->hw_addr.b);
    memcpy(ret->name, p + 16, OF_PORT_NAME_MAX);
    *body = str_n(p + length, body->n - length);
    return NULL;
}

struct err *
of_port_status_decode(const struct of_msg *msg, uint8_t *ret_reason, struct of_port *ret)
{
    if (msg->kind != OF_PORT_STATUS) {
        return err_new("%s is not a port_status", of_kind_name(msg->kind));
    }
    struct str rest = str_n(msg->body.s + 8, msg->body.n - 8);
    struct err *e = of_port_pull(&rest, ret);
    if (!e) {
        *ret_reason = (uint8_t) msg->body.s[0];
    }
    return e;
}
