/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Each action has one line in a table: its number, its least size, and the function that prints it.  A
 * printing function answers false for a body that makes no sense. */

#include "lib/openflow/of_action_numbers.h"
#include "lib/openflow/of_actions.h"
#include "lib/openflow/of_actions_private.h"

enum { MAX_DEPTH = 32 };

struct printer {
    struct buf *out;
    int depth;                                               /* of nested lists */
};
typedef bool print_cb(struct printer *printer, const uint8_t *p, size_t n);

static bool print_list(struct printer *printer, const uint8_t *p, size_t n);

bool
of_act_read_subfield(const uint8_t *p, unsigned int ofs, unsigned int n_bits, struct of_subfield *ret)
{
    struct str s = str_n((const char *) p, 4);
    struct of_header header;
    if (!of_header_pull(&s, &header) || !header.field || header.has_mask) {
        return false;
    }
    *ret = (struct of_subfield) {header.field->id, (uint16_t) ofs, (uint16_t) n_bits};
    return ofs <= 128 && n_bits <= 128 && of_subfield_is_valid(*ret);
}

static bool
print_subfield(struct printer *printer, const uint8_t *p, unsigned int ofs, unsigned int n_bits)
{
    struct of_subfield sf;
    if (!of_act_read_subfield(p, ofs, n_bits, &sf)) {
        return false;
    }
    of_subfield_print(sf, printer->out);
    return true;
}

static void
print_hex_bytes(struct buf *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s%02x", i ? "." : "", p[i]);
    }
}

/* Standard actions. */

static bool
print_output(struct printer *printer, const uint8_t *p, size_t n)
{
    uint32_t port = get_be32(p + 4);
    if (port < OF_PORT_IN_PORT) {
        buf_printf(printer->out, "output:%u", port);
    } else {
        of_port_print(port, printer->out);
    }
    if (port == OF_PORT_CONTROLLER) {
        buf_printf(printer->out, ":%u", get_be16(p + 8));
    }
    return n == 16;
}

static bool
print_push_vlan(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_printf(printer->out, "push_vlan:0x%04x", get_be16(p + 4));
    return true;
}

static bool
print_pop_vlan(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, "pop_vlan");
    return true;
}

static bool
print_set_queue(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_printf(printer->out, "set_queue:%u", get_be32(p + 4));
    return true;
}

static bool
print_group(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_printf(printer->out, "group:%u", get_be32(p + 4));
    return true;
}

static bool
print_meter(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_printf(printer->out, "meter:%u", get_be32(p + 4));
    return true;
}

static bool
print_dec_ttl(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, "dec_ttl");
    return true;
}

static bool
print_set_field(struct printer *printer, const uint8_t *p, size_t n)
{
    struct str s = str_n((const char *) p + 4, n - 4);
    struct of_header header;
    if (!of_header_pull(&s, &header) || !header.field || header.n_bytes > s.n || header.n_bytes > 32) {
        return false;
    }
    size_t n_bytes = header.has_mask ? header.n_bytes / 2 : header.n_bytes;
    if (!n_bytes || n_bytes > header.field->n_bytes || (header.has_mask && header.n_bytes % 2)) {
        return false;
    }
    struct of_value value = of_value_from_bytes(s.s, n_bytes), mask = OF_VALUE_ZERO;
    if (header.has_mask) {
        mask = of_value_from_bytes(s.s + n_bytes, n_bytes);
    }
    buf_puts(printer->out, "set_field:");
    of_value_print(header.field, &value, header.has_mask ? &mask : NULL, printer->out);
    buf_printf(printer->out, "->%s", header.field->name);
    return true;
}

static bool
print_copy_field(struct printer *printer, const uint8_t *p, size_t n)
{
    unsigned int n_bits = get_be16(p + 4);
    struct str s = str_n((const char *) p + 12, n - 12);
    struct of_header src, dst;
    if (!of_header_pull(&s, &src) || !of_header_pull(&s, &dst) || !src.field || !dst.field) {
        return false;
    }
    struct of_subfield from = {src.field->id, get_be16(p + 6), (uint16_t) n_bits};
    struct of_subfield to = {dst.field->id, get_be16(p + 8), (uint16_t) n_bits};
    if (!of_subfield_is_valid(from) || !of_subfield_is_valid(to)) {
        return false;
    }
    buf_puts(printer->out, "move:");
    of_subfield_print(from, printer->out);
    buf_puts(printer->out, "->");
    of_subfield_print(to, printer->out);
    return true;
}

/* Extensions of Open vSwitch: 'p' is still the start of the action, 'n' its whole size. */

static bool
print_pop_queue(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, "pop_queue");
    return true;
}

static bool
print_note(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, "note:");
    print_hex_bytes(printer->out, p + 10, n - 10);
    return true;
}

static bool
print_resubmit(struct printer *printer, const uint8_t *p, size_t n)
{
    uint16_t port = get_be16(p + 10);
    buf_puts(printer->out, "resubmit(");
    if (port != 0xfff8) {
        of_port_print(port >= 0xff00 ? port | 0xffff0000 : port, printer->out);
    }
    buf_putc(printer->out, ',');
    if (p[12] != 255) {
        buf_printf(printer->out, "%u", p[12]);
    }
    buf_puts(printer->out, get_be16(p + 8) == NXAST_RESUBMIT_TABLE_CT ? ",ct)" : ")");
    return true;
}

static bool
print_output_reg(struct printer *printer, const uint8_t *p, size_t n)
{
    uint16_t ofs_nbits = get_be16(p + 10);
    buf_puts(printer->out, "output:");
    return print_subfield(printer, p + 12, ofs_nbits >> 6, (ofs_nbits & 0x3f) + 1u);
}

static bool
print_exit(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, "exit");
    return true;
}

static void
print_reason(struct buf *out, uint8_t reason)
{
    static const char *const names[] = {"no_match", "action", "invalid_ttl", "action_set", "group",
                                        "packet_out"};
    if (reason < ARRAY_SIZE(names)) {
        buf_printf(out, "reason=%s,", names[reason]);
    } else {
        buf_printf(out, "reason=%u,", reason);
    }
}

void
of_act_close_list(struct buf *out)
{
    if (buf_is_ok(out) && out->size && out->data[out->size - 1] == ',') {
        buf_truncate(out, out->size - 1);
    }
    buf_putc(out, ')');
}

static bool
print_controller(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, "controller(");
    if (p[14] != OF_REASON_ACTION) {
        print_reason(printer->out, p[14]);
    }
    buf_printf(printer->out, "max_len=%u,id=%u)", get_be16(p + 10), get_be16(p + 12));
    return true;
}

static bool
print_controller_property(struct buf *out, uint16_t type, const uint8_t *body, size_t n)
{
    switch (type) {
    case NXAC2PT_MAX_LEN: buf_printf(out, "max_len=%u,", n >= 2 ? get_be16(body) : 0); return n >= 2;
    case NXAC2PT_CONTROLLER_ID: buf_printf(out, "id=%u,", n >= 2 ? get_be16(body) : 0); return n >= 2;
    case NXAC2PT_REASON: print_reason(out, n ? body[0] : 0); return n;
    case NXAC2PT_USERDATA:
        buf_puts(out, "userdata=");
        print_hex_bytes(out, body, n);
        buf_putc(out, ',');
        return n;
    case NXAC2PT_PAUSE: buf_puts(out, "pause,"); return true;
    case NXAC2PT_METER_ID: buf_printf(out, "meter_id=%u,", n >= 4 ? get_be32(body) : 0); return n >= 4;
    default: return false;
    }
}

static bool
print_controller2(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, "controller(");
    for (size_t ofs = 16; ofs < n;) {
        size_t length = get_be16(p + ofs + 2);         /* a list is a multiple of 8 long: 4 bytes are there */
        if (length < 4 || ROUND_UP(length, 8) > n - ofs
            || !print_controller_property(printer->out, get_be16(p + ofs), p + ofs + 4, length - 4)) {
            return false;
        }
        ofs += ROUND_UP(length, 8);
    }
    of_act_close_list(printer->out);
    return true;
}

static bool
print_stack(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, get_be16(p + 8) == NXAST_STACK_PUSH ? "push:" : "pop:");
    return print_subfield(printer, p + 12, get_be16(p + 10), get_be16(p + 16));
}

static bool
print_sample(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_printf(printer->out, "sample(probability=%u,collector_set_id=%u,obs_domain_id=%u,obs_point_id=%u)",
               get_be16(p + 10), get_be32(p + 12), get_be32(p + 16), get_be32(p + 20));
    return true;
}

static bool
print_conjunction(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_printf(printer->out, "conjunction(%u,%u/%u)", get_be32(p + 12), p[10] + 1, p[11]);
    return true;
}

/* Prints the lists nested in a ct action: nat stands by itself, all others are in exec(). */
static bool
print_ct_nested(struct printer *printer, const uint8_t *p, size_t n)
{
    bool in_exec = false;
    while (n) {
        size_t size = n >= 8 ? get_be16(p + 2) : 0;
        if (size < 8 || size % 8 || size > n) {
            return false;
        }
        bool is_nat = get_be16(p) == OFPAT_EXPERIMENTER && size >= 16 && get_be16(p + 8) == NXAST_NAT;
        if (in_exec && is_nat) {
            return false;
        }
        if (!is_nat) {
            buf_puts(printer->out, in_exec ? "," : "exec(");
            in_exec = true;
        }
        if (!print_list(printer, p, size)) {
            return false;
        }
        if (is_nat) {
            buf_putc(printer->out, ',');
        }
        p += size;
        n -= size;
    }
    if (in_exec) {
        buf_puts(printer->out, "),");
    }
    return true;
}

static bool
print_ct(struct printer *printer, const uint8_t *p, size_t n)
{
    uint16_t flags = get_be16(p + 10), zone = get_be16(p + 16), alg = get_be16(p + 22);
    buf_puts(printer->out, "ct(");
    buf_puts(printer->out, flags & OF_CT_COMMIT ? "commit," : "");
    buf_puts(printer->out, flags & OF_CT_FORCE ? "force," : "");
    if (p[18] != OF_CT_NO_RECIRC) {
        buf_printf(printer->out, "table=%u,", p[18]);
    }
    if (get_be32(p + 12)) {
        buf_puts(printer->out, "zone=");
        if (!print_subfield(printer, p + 12, zone >> 6, (zone & 0x3f) + 1u)) {
            return false;
        }
        buf_putc(printer->out, ',');
    } else if (zone) {
        buf_printf(printer->out, "zone=%u,", zone);
    }
    if (!print_ct_nested(printer, p + 24, n - 24)) {
        return false;
    }
    if (alg) {
        buf_printf(printer->out, alg == 21 ? "alg=ftp," : alg == 69 ? "alg=tftp," : "alg=%u,", alg);
    }
    of_act_close_list(printer->out);
    return true;
}

/* Prints "MIN[-MAX]" for addresses of 'n' bytes, moving '*p' behind them. */
static void
print_nat_addresses(struct buf *out, const uint8_t **p, size_t n, bool has_max, bool in_brackets)
{
    for (int i = 0; i <= has_max; i++) {
        struct in6_addr v6 = {0};
        be32 v4;
        memcpy(n == 4 ? (void *) &v4 : (void *) &v6, *p, n);
        buf_printf(out, in_brackets ? "%s[%s]" : "%s%s", i ? "-" : "", n == 4 ? ip4_text(v4).s
                   : ip6_text(&v6).s);
        *p += n;
    }
}

static bool
print_nat_range(struct buf *out, const uint8_t *p, size_t n, uint16_t present)
{
    bool v4 = present & NX_NAT_V4_MIN, v6 = present & NX_NAT_V6_MIN, port = present & NX_NAT_PORT_MIN;
    bool v4_max = present & NX_NAT_V4_MAX, v6_max = present & NX_NAT_V6_MAX,
    port_max = present & NX_NAT_PORT_MAX;
    size_t need = 4u * (v4 + v4_max) + 16u * (v6 + v6_max) + 2u * (port + port_max);
    if (need > n || (v4 && v6) || (v4_max && !v4) || (v6_max && !v6) || (port_max && !port) || present >> 6) {
        return false;
    }
    buf_puts(out, present ? "=" : "");
    if (v4) {
        print_nat_addresses(out, &p, 4, v4_max, false);
    } else if (v6) {
        print_nat_addresses(out, &p, 16, v6_max, port);
    }
    if (port) {
        buf_printf(out, ":%u", get_be16(p));
    }
    if (port_max) {
        buf_printf(out, "-%u", get_be16(p + 2));
    }
    return true;
}

static bool
print_nat(struct printer *printer, const uint8_t *p, size_t n)
{
    uint16_t flags = get_be16(p + 12), present = get_be16(p + 14);
    bool has_direction = flags & (OF_NAT_SRC | OF_NAT_DST);
    buf_puts(printer->out, "nat");
    if (!has_direction) {
        return !flags && !present;
    }
    buf_puts(printer->out, flags & OF_NAT_SRC ? "(src" : "(dst");
    if (!print_nat_range(printer->out, p + 16, n - 16, present)) {
        return false;
    }
    buf_puts(printer->out, flags & OF_NAT_PERSISTENT ? ",persistent" : "");
    buf_puts(printer->out, flags & OF_NAT_HASH ? ",hash" : "");
    buf_puts(printer->out, flags & OF_NAT_RANDOM ? ",random" : "");
    buf_putc(printer->out, ')');
    return true;
}

static bool
print_output_trunc(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_printf(printer->out, "output(port=%u,max_len=%u)", get_be16(p + 10), get_be32(p + 12));
    return true;
}

static bool
print_clone(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, "clone(");
    bool ok = print_list(printer, p + 16, n - 16);
    buf_putc(printer->out, ')');
    return ok;
}

static bool
print_ct_clear(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_puts(printer->out, "ct_clear");
    return true;
}

static bool
print_learn(struct printer *printer, const uint8_t *p, size_t n)
{
    return of_act_print_learn(p, n, printer->out);
}

static bool
print_check_pkt_larger(struct printer *printer, const uint8_t *p, size_t n)
{
    buf_printf(printer->out, "check_pkt_larger(%u)->", get_be16(p + 10));
    return print_subfield(printer, p + 14, get_be16(p + 12), 1);
}

static bool
print_delete_field(struct printer *printer, const uint8_t *p, size_t n)
{
    struct of_subfield sf;
    if (!of_act_read_subfield(p + 10, 0, 1, &sf)) {
        return false;
    }
    buf_printf(printer->out, "delete_field:%s", of_field(sf.field)->name);
    return true;
}

struct action_row {
    uint16_t number;
    uint16_t min_size;
    print_cb *print;
};
static const struct action_row standard_rows[] = {
    {OFPAT_OUTPUT, 16, print_output},       {OFPAT_PUSH_VLAN, 8, print_push_vlan},
    {OFPAT_POP_VLAN, 8, print_pop_vlan},    {OFPAT_SET_QUEUE, 8, print_set_queue},
    {OFPAT_GROUP, 8, print_group},          {OFPAT_DEC_NW_TTL, 8, print_dec_ttl},
    {OFPAT_SET_FIELD, 16, print_set_field}, {OFPAT_COPY_FIELD, 24, print_copy_field},
    {OFPAT_METER, 8, print_meter},
};
static const struct action_row nicira_rows[] = {
    {NXAST_POP_QUEUE, 16, print_pop_queue},
    {NXAST_NOTE, 16, print_note},
    {NXAST_RESUBMIT_TABLE, 16, print_resubmit},
    {NXAST_OUTPUT_REG, 24, print_output_reg},
    {NXAST_LEARN, 32, print_learn},
    {NXAST_EXIT, 16, print_exit},
    {NXAST_CONTROLLER, 16, print_controller},
    {NXAST_STACK_PUSH, 24, print_stack},
    {NXAST_STACK_POP, 24, print_stack},
    {NXAST_SAMPLE, 24, print_sample},
    {NXAST_CONJUNCTION, 16, print_conjunction},
    {NXAST_CT, 24, print_ct},
    {NXAST_NAT, 16, print_nat},
    {NXAST_CONTROLLER2, 16, print_controller2},
    {NXAST_OUTPUT_TRUNC, 16, print_output_trunc},
    {NXAST_CLONE, 16, print_clone},
    {NXAST_CT_CLEAR, 16, print_ct_clear},
    {NXAST_RESUBMIT_TABLE_CT, 16, print_resubmit},
    {NXAST_LEARN2, 40, print_learn},
    {NXAST_CHECK_PKT_LARGER, 24, print_check_pkt_larger},
    {NXAST_DELETE_FIELD, 24, print_delete_field},
};

static const struct action_row *
find_row(const struct action_row *rows, size_t n_rows, uint16_t number)
{
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].number == number) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Prints the action of 'n' bytes, its length already checked. */
static bool
print_action(struct printer *printer, const uint8_t *p, size_t n)
{
    uint16_t type = get_be16(p);
    const struct action_row *row = NULL;
    if (type != OFPAT_EXPERIMENTER) {
        row = find_row(standard_rows, ARRAY_SIZE(standard_rows), type);
    } else if (n >= 16 && get_be32(p + 4) == 0x00002320) {
        row = find_row(nicira_rows, ARRAY_SIZE(nicira_rows), get_be16(p + 8));
    }
    return row && n >= row->min_size && row->print(printer, p, n);
}

static bool
print_list(struct printer *printer, const uint8_t *p, size_t n)
{
    bool ok = ++printer->depth <= MAX_DEPTH;
    for (bool is_first = true; ok && n; is_first = false) {
        size_t size = n >= 8 ? get_be16(p + 2) : 0;
        buf_puts(printer->out, is_first ? "" : ",");
        ok = size >= 8 && size % 8 == 0 && size <= n && print_action(printer, p, size);
        p += size;
        n -= ok ? size : n;
    }
    printer->depth--;
    return ok;
}

void
of_actions_print(const void *p, size_t n, struct buf *out)
{
    struct printer printer = {.out = out};
    if (!n) {
        buf_puts(out, "drop");
    } else if (!print_list(&printer, p, n)) {
        buf_puts(out, " ***bad action***");
    }
}

struct err *
of_actions_check(const void *p, size_t n)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct printer printer = {.out = &text};
    struct err *e = NULL;
    if (!print_list(&printer, p, n)) {
        e = err_new("bad action behind \"%s\"", buf_text(&text));
    }
    buf_fini(&text);
    return e;
}
