/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The layouts are those of OpenFlow 1.5, section 7.2.6, and for the extensions those that ovs-ofctl(8) is
 * seen to send. */

#include "lib/openflow/of_actions.h"

#include "lib/openflow/of_action_numbers.h"
#include "lib/openflow/of_actions_private.h"

/* Appends 'n' zeroed bytes and puts the action's type and, for now, that length; NULL on overflow. */
static uint8_t *
begin(struct buf *out, uint16_t type, size_t n)
{
    uint8_t *p = buf_reserve(out, n);
    if (p) {
        put_be16(p, type);
        put_be16(p + 2, (uint16_t) n);
    }
    return p;
}

uint8_t *
of_act_begin_nx(struct buf *out, uint16_t subtype, size_t n)
{
    uint8_t *p = begin(out, OFPAT_EXPERIMENTER, n);
    if (p) {
        put_be32(p + 4, 0x00002320);
        put_be16(p + 8, subtype);
    }
    return p;
}

/* Pads the action that began at 'start' and fills in its length.  Does nothing after an overflow. */
static void
finish(struct buf *out, size_t start)
{
    size_t size = out->size - start;
    buf_put_zeros(out, ROUND_UP(size, 8) - size);
    if (buf_is_ok(out)) {
        CHECK(out->size - start <= UINT16_MAX);
        put_be16(out->data + start + 2, (uint16_t) (out->size - start));
    }
}

uint32_t
of_act_nxm_header(enum of_field_id id)
{
    const struct of_field *field = of_field(id);
    return (uint32_t) (of_field_nxm_header(field) >> 32) | field->n_bytes;
}

static uint16_t
ofs_nbits(struct of_subfield sf)
{
    CHECK(of_subfield_is_valid(sf) && sf.n_bits <= 64);
    return (uint16_t) (sf.ofs << 6 | (sf.n_bits - 1));
}

/* Actions that consist of a type and at most 4 bytes. */
static void
put_simple(struct buf *out, uint16_t type, uint32_t arg)
{
    uint8_t *p = begin(out, type, 8);
    if (p) {
        put_be32(p + 4, arg);
    }
}

void
of_act_output(struct buf *out, uint32_t port)
{
    uint8_t *p = begin(out, OFPAT_OUTPUT, 16);
    if (p) {
        put_be32(p + 4, port);
        put_be16(p + 8, port == OF_PORT_CONTROLLER ? OF_MAX_LEN : 0);
    }
}

void
of_act_output_reg(struct buf *out, struct of_subfield src)
{
    uint8_t *p = of_act_begin_nx(out, NXAST_OUTPUT_REG, 24);
    if (p) {
        put_be16(p + 10, ofs_nbits(src));
        put_be32(p + 12, of_act_nxm_header(src.field));
        put_be16(p + 16, OF_MAX_LEN);
    }
}

void
of_act_output_trunc(struct buf *out, uint16_t port, uint32_t max_len)
{
    uint8_t *p = of_act_begin_nx(out, NXAST_OUTPUT_TRUNC, 16);
    if (p) {
        put_be16(p + 10, port);
        put_be32(p + 12, max_len);
    }
}

/* The number of bytes of 'field' that the switch reports: option values drop leading zeros. */
static size_t
set_field_size(const struct of_field *field, const struct of_value *value, const struct of_value *mask)
{
    size_t n = field->n_bytes;
    if (field->id >= OFF_TUN_METADATA0 && field->id <= OFF_TUN_METADATA3) {
        while (n > 1 && !value->b[16 - n] && (!mask || !mask->b[16 - n])) {
            n--;
        }
    }
    return n;
}

void
of_act_set_field(struct buf *out, enum of_field_id id, const struct of_value *value_,
                 const struct of_value *mask)
{
    const struct of_field *field = of_field(id);
    struct of_value ones = of_value_ones(field->n_bits);
    struct of_value m = mask ? of_value_and(mask, &ones) : ones, v = of_value_and(value_, &m);
    if (of_value_is_zero(&m)) {
        return;
    }
    bool has_mask = !of_value_eq(&m, &ones);
    size_t n = set_field_size(field, &v, has_mask ? &m : NULL), start = out->size;
    CHECK(field->is_writable && (!has_mask || field->is_maskable));
    begin(out, OFPAT_SET_FIELD, 4);
    of_header_put(out, field->header, has_mask, n);
    buf_put(out, v.b + 16 - n, n);
    if (has_mask) {
        buf_put(out, m.b + 16 - n, n);
    }
    finish(out, start);
}

void
of_act_set_u64(struct buf *out, enum of_field_id id, uint64_t value)
{
    struct of_value v = of_value_u64(value);
    of_act_set_field(out, id, &v, NULL);
}

void
of_act_load(struct buf *out, struct of_subfield dst, const struct of_value *value)
{
    CHECK(of_subfield_is_valid(dst));
    struct of_value ones = of_value_ones(dst.n_bits);
    struct of_value v = of_value_shl(value, dst.ofs), m = of_value_shl(&ones, dst.ofs);
    of_act_set_field(out, dst.field, &v, &m);
}

void
of_act_load_u64(struct buf *out, struct of_subfield dst, uint64_t value)
{
    struct of_value v = of_value_u64(value);
    of_act_load(out, dst, &v);
}

void
of_act_move(struct buf *out, struct of_subfield src, struct of_subfield dst)
{
    CHECK(of_subfield_is_valid(src) && of_subfield_is_valid(dst) && src.n_bits == dst.n_bits);
    CHECK(of_field(dst.field)->is_writable);
    size_t start = out->size;
    uint8_t *p = begin(out, OFPAT_COPY_FIELD, 12);
    if (p) {
        put_be16(p + 4, src.n_bits);
        put_be16(p + 6, src.ofs);
        put_be16(p + 8, dst.ofs);
    }
    of_header_put(out, of_field(src.field)->header, false, of_field(src.field)->n_bytes);
    of_header_put(out, of_field(dst.field)->header, false, of_field(dst.field)->n_bytes);
    finish(out, start);
}

static void
put_stack(struct buf *out, uint16_t subtype, struct of_subfield sf)
{
    uint8_t *p = of_act_begin_nx(out, subtype, 24);
    CHECK(of_subfield_is_valid(sf));
    if (p) {
        put_be16(p + 10, sf.ofs);
        put_be32(p + 12, of_act_nxm_header(sf.field));
        put_be16(p + 16, sf.n_bits);
    }
}

void
of_act_push(struct buf *out, struct of_subfield src)
{
    put_stack(out, NXAST_STACK_PUSH, src);
}

void
of_act_pop(struct buf *out, struct of_subfield dst)
{
    CHECK(of_field(dst.field)->is_writable);
    put_stack(out, NXAST_STACK_POP, dst);
}

void
of_act_delete_field(struct buf *out, enum of_field_id id)
{
    uint8_t *p = of_act_begin_nx(out, NXAST_DELETE_FIELD, 24);
    if (p) {
        put_be32(p + 10, of_act_nxm_header(id));
    }
}

void
of_act_resubmit(struct buf *out, uint8_t table)
{
    of_act_resubmit_port(out, 0xfff8, table, false);
}

void
of_act_resubmit_port(struct buf *out, uint16_t in_port, uint8_t table, bool with_ct)
{
    uint8_t *p = of_act_begin_nx(out, with_ct ? NXAST_RESUBMIT_TABLE_CT : NXAST_RESUBMIT_TABLE, 16);
    if (p) {
        put_be16(p + 10, in_port);
        p[12] = table;
    }
}

void
of_act_group(struct buf *out, uint32_t group)
{
    put_simple(out, OFPAT_GROUP, group);
}

void
of_act_meter(struct buf *out, uint32_t meter)
{
    put_simple(out, OFPAT_METER, meter);
}

void
of_act_set_queue(struct buf *out, uint32_t queue)
{
    put_simple(out, OFPAT_SET_QUEUE, queue);
}

void
of_act_pop_queue(struct buf *out)
{
    of_act_begin_nx(out, NXAST_POP_QUEUE, 16);
}

void
of_act_dec_ttl(struct buf *out)
{
    put_simple(out, OFPAT_DEC_NW_TTL, 0);
}

void
of_act_push_vlan(struct buf *out, uint16_t eth_type)
{
    put_simple(out, OFPAT_PUSH_VLAN, (uint32_t) eth_type << 16);
}

void
of_act_pop_vlan(struct buf *out)
{
    put_simple(out, OFPAT_POP_VLAN, 0);
}

void
of_act_conjunction(struct buf *out, uint32_t id, uint8_t clause, uint8_t n_clauses)
{
    uint8_t *p = of_act_begin_nx(out, NXAST_CONJUNCTION, 16);
    if (p) {
        p[10] = clause;
        p[11] = n_clauses;
        put_be32(p + 12, id);
    }
}

void
of_act_check_pkt_larger(struct buf *out, uint16_t size, struct of_subfield dst)
{
    CHECK(of_subfield_is_valid(dst) && dst.n_bits == 1);
    uint8_t *p = of_act_begin_nx(out, NXAST_CHECK_PKT_LARGER, 24);
    if (p) {
        put_be16(p + 10, size);
        put_be16(p + 12, dst.ofs);
        put_be32(p + 14, of_act_nxm_header(dst.field));
    }
}

void
of_act_note(struct buf *out, const void *data, size_t n)
{
    size_t start = out->size;
    of_act_begin_nx(out, NXAST_NOTE, 10);
    buf_put(out, data, n);
    if (n < 6) {
        buf_put_zeros(out, 6 - n);
    }
    finish(out, start);
}

void
of_act_exit(struct buf *out)
{
    of_act_begin_nx(out, NXAST_EXIT, 16);
}

/* Appends a property of a controller action: 'type', length, 'n' bytes of body, padding. */
static void
put_property(struct buf *out, uint16_t type, const void *body, size_t n)
{
    uint8_t header[4];
    put_be16(header, type);
    put_be16(header + 2, (uint16_t) (sizeof header + n));
    buf_put(out, header, sizeof header);
    buf_put(out, body, n);
    buf_put_zeros(out, ROUND_UP(n + 4, 8) - (n + 4));
}

void
of_act_controller(struct buf *out, const struct of_controller *spec)
{
    bool is_plain = !spec->userdata_size && !spec->pause && !spec->meter_id;
    if (!is_plain) {
        size_t start = of_act_controller_begin(out, spec);
        buf_put(out, spec->userdata, spec->userdata_size);
        of_act_controller_end(out, start);
    } else if (!spec->controller_id && spec->reason == OF_REASON_ACTION && spec->max_len == OF_MAX_LEN) {
        of_act_output(out, OF_PORT_CONTROLLER);
    } else {
        uint8_t *p = of_act_begin_nx(out, NXAST_CONTROLLER, 16);
        if (p) {
            put_be16(p + 10, spec->max_len);
            put_be16(p + 12, spec->controller_id);
            p[14] = spec->reason;
        }
    }
}

size_t
of_act_controller_begin(struct buf *out, const struct of_controller *spec)
{
    size_t start = out->size;
    uint8_t body[4] = {0};                                   /* 16 bits, and padding that counts */
    of_act_begin_nx(out, NXAST_CONTROLLER2, 16);
    if (spec->max_len != OF_MAX_LEN) {
        put_be16(body, spec->max_len);
        put_property(out, NXAC2PT_MAX_LEN, body, sizeof body);
    }
    if (spec->controller_id) {
        put_be16(body, spec->controller_id);
        put_property(out, NXAC2PT_CONTROLLER_ID, body, sizeof body);
    }
    if (spec->reason != OF_REASON_ACTION) {
        put_property(out, NXAC2PT_REASON, &spec->reason, 1);
    }
    /* A note to of_act_controller_end(), in the padding: where the userdata property is, and what follows
     * it. */
    if (buf_is_ok(out)) {
        uint8_t *note = (uint8_t *) out->data + start + 10;
        note[0] = (uint8_t) (out->size - start);
        note[1] = spec->pause;
        put_be32(note + 2, spec->meter_id);
    }
    buf_put_zeros(out, 4);                                   /* the header of the userdata property */
    return start;
}

void
of_act_controller_end(struct buf *out, size_t start)
{
    if (!buf_is_ok(out)) {
        return;
    }
    uint8_t *note = (uint8_t *) out->data + start + 10, meter_id[4];
    size_t property = start + note[0], size = out->size - property;
    bool pause = note[1];
    memcpy(meter_id, note + 2, sizeof meter_id);
    memset(note, 0, 6);
    if (size == 4) {
        buf_truncate(out, property);                         /* there came no userdata */
    } else {
        put_be16(out->data + property, NXAC2PT_USERDATA);
        put_be16(out->data + property + 2, (uint16_t) size);
        buf_put_zeros(out, ROUND_UP(size, 8) - size);
    }
    if (pause) {
        put_property(out, NXAC2PT_PAUSE, NULL, 0);
    }
    if (get_be32(meter_id)) {
        put_property(out, NXAC2PT_METER_ID, meter_id, sizeof meter_id);
    }
    finish(out, start);
}

size_t
of_act_ct_begin(struct buf *out, const struct of_ct *spec)
{
    size_t start = out->size;
    uint8_t *p = of_act_begin_nx(out, NXAST_CT, 24);
    if (p) {
        put_be16(p + 10, spec->flags);
        put_be32(p + 12, spec->zone_is_field ? of_act_nxm_header(spec->zone_src.field) : 0);
        put_be16(p + 16, spec->zone_is_field ? ofs_nbits(spec->zone_src) : spec->zone);
        p[18] = spec->recirc_table;
        put_be16(p + 22, spec->alg);
    }
    return start;
}

static uint16_t
nat_range_present(const struct of_nat *nat)
{
    uint16_t present = 0;
    if (nat->family == 4 && nat->v4_min) {
        present |= NX_NAT_V4_MIN | (nat->v4_max && nat->v4_max != nat->v4_min ? NX_NAT_V4_MAX : 0);
    } else if (nat->family == 6 && !ip6_is_zero(&nat->v6_min)) {
        bool has_max = !ip6_is_zero(&nat->v6_max) && !ip6_eq(&nat->v6_min, &nat->v6_max);
        present |= NX_NAT_V6_MIN | (has_max ? NX_NAT_V6_MAX : 0);
    }
    if (nat->port_min) {
        present |= NX_NAT_PORT_MIN | (nat->port_max && nat->port_max != nat->port_min ? NX_NAT_PORT_MAX : 0);
    }
    return present;
}

void
of_act_nat(struct buf *out, const struct of_nat *spec)
{
    const uint16_t present = nat_range_present(spec);
    const be16 port_min = htobe16(spec->port_min), port_max = htobe16(spec->port_max);
    const struct {
        uint16_t bit;
        const void *p;
        size_t n;
    } items[] = {
        {NX_NAT_V4_MIN, &spec->v4_min, 4}, {NX_NAT_V4_MAX, &spec->v4_max, 4},
        {NX_NAT_V6_MIN, &spec->v6_min, 16},
        {NX_NAT_V6_MAX, &spec->v6_max, 16}, {NX_NAT_PORT_MIN, &port_min, 2}, {NX_NAT_PORT_MAX, &port_max, 2},
    };
    size_t start = out->size;
    uint8_t *p = of_act_begin_nx(out, NXAST_NAT, 16);
    if (p) {
        put_be16(p + 12, spec->flags);
        put_be16(p + 14, present);
    }
    for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
        if (present & items[i].bit) {
            buf_put(out, items[i].p, items[i].n);
        }
    }
    finish(out, start);
}

void
of_act_ct_clear(struct buf *out)
{
    of_act_begin_nx(out, NXAST_CT_CLEAR, 16);
}

size_t
of_act_clone_begin(struct buf *out)
{
    size_t start = out->size;
    of_act_begin_nx(out, NXAST_CLONE, 16);
    return start;
}

void
of_act_end(struct buf *out, size_t start)
{
    finish(out, start);
}

void
of_act_sample(struct buf *out, const struct of_sample *spec)
{
    uint8_t *p = of_act_begin_nx(out, NXAST_SAMPLE, 24);
    if (p) {
        put_be16(p + 10, spec->probability);
        put_be32(p + 12, spec->collector_set_id);
        put_be32(p + 16, spec->obs_domain_id);
        put_be32(p + 20, spec->obs_point_id);
    }
}
