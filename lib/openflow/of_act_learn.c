/* SPDX-License-Identifier: Apache-2.0 */
/* The action that makes flows: its bytes, and what they say. */
#include <config.h>

#include "lib/openflow/of_actions_private.h"

#include "lib/openflow/of_action_numbers.h"
#include "lib/openflow/of_actions.h"

/* Writing. */

size_t
of_act_learn_begin(struct buf *out, const struct of_learn *spec)
{
    size_t start = out->size;
    bool has_result = spec->flags & OF_LEARN_WRITE_RESULT, is_learn2 = has_result || spec->limit;
    uint8_t *p = of_act_begin_nx(out, is_learn2 ? NXAST_LEARN2 : NXAST_LEARN, has_result ? 44 : is_learn2 ? 40 : 32);
    if (p) {
        put_be16(p + 10, spec->idle_timeout);
        put_be16(p + 12, spec->hard_timeout);
        put_be16(p + 14, spec->priority);
        put_be64(p + 16, spec->cookie);
        put_be16(p + 24, spec->flags);
        p[26] = spec->table_id;
        put_be16(p + 28, spec->fin_idle_timeout);
        put_be16(p + 30, spec->fin_hard_timeout);
    }
    if (p && is_learn2) {
        put_be32(p + 32, spec->limit);
    }
    if (p && has_result) {
        CHECK(of_subfield_is_valid(spec->result) && spec->result.n_bits == 1);
        put_be16(p + 36, spec->result.ofs);
        put_be32(p + 40, of_act_nxm_header(spec->result.field));
    }
    return start;
}

static void
put_learn_header(struct buf *out, uint16_t kind, size_t n_bits)
{
    uint8_t header[2];
    put_be16(header, (uint16_t) (kind | n_bits));
    buf_put(out, header, sizeof header);
}

static void
put_learn_subfield(struct buf *out, struct of_subfield sf)
{
    uint8_t p[6];
    CHECK(of_subfield_is_valid(sf));
    put_be32(p, of_act_nxm_header(sf.field));
    put_be16(p + 4, sf.ofs);
    buf_put(out, p, sizeof p);
}

static void
put_learn_value(struct buf *out, uint16_t kind, struct of_subfield dst, const struct of_value *value)
{
    size_t n = 2 * DIV_ROUND_UP((size_t) dst.n_bits, 16);
    put_learn_header(out, kind | NX_LEARN_IMMEDIATE, dst.n_bits);
    buf_put(out, value->b + 16 - n, n);
    put_learn_subfield(out, dst);
}

void
of_learn_match_value(struct buf *out, struct of_subfield dst, const struct of_value *value)
{
    put_learn_value(out, NX_LEARN_MATCH, dst, value);
}

void
of_learn_load_value(struct buf *out, struct of_subfield dst, const struct of_value *value)
{
    put_learn_value(out, NX_LEARN_LOAD, dst, value);
}

static void
put_learn_field(struct buf *out, uint16_t kind, struct of_subfield dst, struct of_subfield src)
{
    CHECK(dst.n_bits == src.n_bits);
    put_learn_header(out, kind, dst.n_bits);
    put_learn_subfield(out, src);
    put_learn_subfield(out, dst);
}

void
of_learn_match_field(struct buf *out, struct of_subfield dst, struct of_subfield src)
{
    put_learn_field(out, NX_LEARN_MATCH, dst, src);
}

void
of_learn_load_field(struct buf *out, struct of_subfield dst, struct of_subfield src)
{
    put_learn_field(out, NX_LEARN_LOAD, dst, src);
}

void
of_learn_output(struct buf *out, struct of_subfield src)
{
    put_learn_header(out, NX_LEARN_OUTPUT, src.n_bits);
    put_learn_subfield(out, src);
}

/* Printing. */

/* Prints the value of a learn specification that gives "reg0[3]=0x1" or "load:0x1->reg0[3]". */
static void
print_immediate(struct buf *out, const uint8_t *p, size_t n)
{
    static const struct of_field plain = {.n_bits = 128, .format = OF_FORMAT_HEX};
    struct of_value value = of_value_from_bytes(p, n);
    of_value_print(&plain, &value, NULL, out);
}

/* Prints one specification of at most 'n' bytes at 'p' and returns its size; 0 if it makes no sense. */
static size_t
print_spec(const uint8_t *p, size_t n, struct buf *out)
{
    uint16_t header = get_be16(p), dst_kind = header & NX_LEARN_DST;
    unsigned int n_bits = header & NX_LEARN_N_BITS;
    bool is_immediate = header & NX_LEARN_IMMEDIATE, is_output = dst_kind == NX_LEARN_OUTPUT;
    size_t src_size = is_immediate ? 2 * DIV_ROUND_UP((size_t) n_bits, 16) : 6;
    size_t size = 2 + src_size + (is_output ? 0 : 6);
    const uint8_t *src_at = p + 2, *dst_at = p + 2 + src_size;
    struct of_subfield src = {0}, dst = {0};
    if (header >> 14 || dst_kind == NX_LEARN_DST || n_bits > 128 || size > n || (is_output && is_immediate)
        || (!is_immediate && !of_act_read_subfield(src_at, get_be16(src_at + 4), n_bits, &src))
        || (!is_output && !of_act_read_subfield(dst_at, get_be16(dst_at + 4), n_bits, &dst))) {
        return 0;
    }
    buf_puts(out, dst_kind == NX_LEARN_LOAD ? "load:" : is_output ? "output:" : "");
    if (dst_kind == NX_LEARN_MATCH) {
        of_subfield_print(dst, out);
        buf_putc(out, '=');
    }
    if (is_immediate) {
        print_immediate(out, src_at, src_size);
    } else {
        of_subfield_print(src, out);
    }
    if (dst_kind == NX_LEARN_LOAD) {
        buf_puts(out, "->");
        of_subfield_print(dst, out);
    }
    buf_putc(out, ',');
    return size;
}

bool
of_act_print_learn(const uint8_t *p, size_t n, struct buf *out)
{
    bool is_learn2 = get_be16(p + 8) == NXAST_LEARN2;
    uint16_t flags = get_be16(p + 24);
    size_t ofs = !is_learn2 ? 32 : flags & OF_LEARN_WRITE_RESULT ? 44 : 40;
    if (ofs > n) {
        return false;
    }
    const struct {
        const char *format;
        unsigned int value;
    } numbers[] = {
        {"idle_timeout=%u,", get_be16(p + 10)}, {"hard_timeout=%u,", get_be16(p + 12)},
        {"fin_idle_timeout=%u,", get_be16(p + 28)}, {"fin_hard_timeout=%u,", get_be16(p + 30)},
        {"priority=%u,", get_be16(p + 14) == 0x8000 ? 0 : get_be16(p + 14)},
        {"limit=%u,", is_learn2 ? get_be32(p + 32) : 0},
    };
    buf_printf(out, "learn(table=%u,", p[26]);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (numbers[i].value) {
            buf_printf(out, numbers[i].format, numbers[i].value);
        }
    }
    buf_puts(out, flags & OF_LEARN_SEND_FLOW_REM ? "send_flow_rem," : "");
    buf_puts(out, flags & OF_LEARN_DELETE_LEARNED ? "delete_learned," : "");
    if (get_be64(p + 16)) {
        buf_printf(out, "cookie=0x%llx,", (unsigned long long) get_be64(p + 16));
    }
    if (ofs == 44) {
        struct of_subfield result;
        buf_puts(out, "result_dst=");
        if (!of_act_read_subfield(p + 40, get_be16(p + 36), 1, &result)) {
            return false;
        }
        of_subfield_print(result, out);
        buf_putc(out, ',');
    }
    while (n - ofs >= 2 && get_be16(p + ofs)) {
        size_t size = print_spec(p + ofs, n - ofs, out);
        if (!size) {
            return false;
        }
        ofs += size;
    }
    of_act_close_list(out);
    return true;
}
