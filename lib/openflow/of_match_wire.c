/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* What: matches as OXM and as text, and their prerequisites. */

#include "lib/openflow/of_match.h"

enum { OFPMT_OXM = 1 };

void
of_match_put_oxm(const struct of_match *match, struct buf *out)
{
    OF_MATCH_FOR_EACH (e, match) {
        size_t n = e->field->n_bytes;
        of_header_put(out, e->field->header, e->is_masked, n);
        buf_put(out, e->value.b + 16 - n, n);
        if (e->is_masked) {
            buf_put(out, e->mask.b + 16 - n, n);
        }
    }
}

void
of_match_put(const struct of_match *match, struct buf *out)
{
    size_t start = out->size;
    uint8_t header[4] = {0, OFPMT_OXM};
    buf_put(out, header, sizeof header);
    of_match_put_oxm(match, out);
    if (buf_is_ok(out)) {
        size_t length = out->size - start;
        put_be16(out->data + start + 2, (uint16_t) length);
        buf_put_zeros(out, ROUND_UP(length, 8) - length);
    }
}

static bool
is_tun_metadata(const struct of_field *field)
{
    return field->id >= OFF_TUN_METADATA0 && field->id <= OFF_TUN_METADATA3;
}

/* Adds the field of 'header', whose body is at '*p', to 'match', and moves '*p' behind it. */
static struct err *
pull_field(struct str *p, const struct of_header *header, struct of_match *match)
{
    const struct of_field *field = header->field;
    size_t n = header->has_mask ? header->n_bytes / 2 : header->n_bytes;
    if (is_tun_metadata(field) ? n > field->n_bytes || !n : n != field->n_bytes) {
        return err_new("field %s has %zu bytes", field->name, n);
    }
    struct of_value ones = of_value_ones(field->n_bits), value = of_value_from_bytes(p->s, n);
    struct of_value mask = header->has_mask ? of_value_from_bytes(p->s + n, n) : ones;
    struct of_value outside = of_value_not(&mask);
    outside = of_value_and(&outside, &value);
    if (!of_value_is_zero(&outside)) {
        return err_new("field %s has bits outside its mask", field->name);
    }
    struct of_value present = of_value_and(&mask, &ones);
    if (!of_value_eq(&present, &ones) && !field->is_maskable) {
        return err_new("field %s cannot be masked", field->name);
    }
    if (of_match_has(match, field->id)) {
        return err_new("field %s appears twice", field->name);
    }
    of_match_set_masked(match, field->id, &value, &mask);
    *p = str_n(p->s + header->n_bytes, p->n - header->n_bytes);
    return NULL;
}

struct err *
of_match_from_oxm(const void *data, size_t size, struct of_match *ret)
{
    struct str p = str_n(data, size);
    struct of_match match;
    of_match_init(&match);
    while (p.n) {
        struct of_header header;
        struct err *e = NULL;
        if (!of_header_pull(&p, &header) || header.n_bytes > p.n || (header.has_mask && header.n_bytes % 2)) {
            e = err_new("match field is cut short");
        } else if (!header.field) {
            e = err_new("unknown match field");
        } else {
            e = pull_field(&p, &header, &match);
        }
        if (e) {
            of_match_fini(&match);
            return e;
        }
    }
    *ret = match;
    return NULL;
}

struct err *
of_match_pull(struct str *p, struct of_match *ret)
{
    size_t length = p->n >= 4 ? get_be16(p->s + 2) : 0;
    if (length < 4 || ROUND_UP(length, 8) > p->n || get_be16(p->s) != OFPMT_OXM) {
        return err_new("not an OXM match");
    }
    struct err *e = of_match_from_oxm(p->s + 4, length - 4, ret);
    if (!e) {
        *p = str_n(p->s + ROUND_UP(length, 8), p->n - ROUND_UP(length, 8));
    }
    return e;
}

/* The value of a field that 'match' fixes to one; UINT64_MAX if it does not. */
static uint64_t
exact(const struct of_match *match, enum of_field_id id)
{
    struct of_value value, mask, ones = of_value_ones(of_field(id)->n_bits);
    bool is_exact = of_match_get(match, id, &value, &mask) && of_value_eq(&mask, &ones);
    return is_exact ? of_value_low64(&value) : UINT64_MAX;
}

static bool
is_ct_valid(const struct of_match *match)
{
    struct of_value value, mask;
    of_match_get(match, OFF_CT_STATE, &value, &mask);
    uint64_t set = of_value_low64(&value), clear = of_value_low64(&mask) & ~set;
    return set & (OF_CS_NEW | OF_CS_EST | OF_CS_REL) || (set & OF_CS_TRK && clear & OF_CS_INV);
}

static bool
is_nd(const struct of_match *match, bool ns, bool na)
{
    uint64_t type = exact(match, OFF_ICMPV6_TYPE);
    return of_match_satisfies(match, OF_PREREQ_ICMP6) && !exact(match, OFF_ICMPV6_CODE)
           && ((ns && type == 135) || (na && type == 136));
}

bool
of_match_satisfies(const struct of_match *match, enum of_prereq prereq)
{
    uint64_t eth_type = exact(match, OFF_ETH_TYPE), proto = exact(match, OFF_IP_PROTO);
    bool is_ip4 = eth_type == 0x0800, is_ip6 = eth_type == 0x86dd, is_ip = is_ip4 || is_ip6;
    struct of_value vid;
    switch (prereq) {
    case OF_PREREQ_NONE: return true;
    case OF_PREREQ_VLAN: of_match_get(match, OFF_VLAN_VID, &vid, NULL); return of_value_bit(&vid, 12);
    case OF_PREREQ_MPLS: return eth_type == 0x8847 || eth_type == 0x8848;
    case OF_PREREQ_ARP: return eth_type == 0x0806 || eth_type == 0x8035;
    case OF_PREREQ_IP4: return is_ip4;
    case OF_PREREQ_IP6: return is_ip6;
    case OF_PREREQ_IP: return is_ip;
    case OF_PREREQ_TCP: return is_ip && proto == 6;
    case OF_PREREQ_UDP: return is_ip && proto == 17;
    case OF_PREREQ_SCTP: return is_ip && proto == 132;
    case OF_PREREQ_ICMP4: return is_ip4 && proto == 1;
    case OF_PREREQ_ICMP6: return is_ip6 && proto == 58;
    case OF_PREREQ_ND: return is_nd(match, true, true);
    case OF_PREREQ_ND_NS: return is_nd(match, true, false);
    case OF_PREREQ_ND_NA: return is_nd(match, false, true);
    case OF_PREREQ_CT: return is_ip && is_ct_valid(match);
    case OF_PREREQ_CT4: return is_ip4 && is_ct_valid(match);
    case OF_PREREQ_CT6: return is_ip6 && is_ct_valid(match);
    }
    return false;
}

const struct of_field *
of_match_missing_prereq(const struct of_match *match)
{
    OF_MATCH_FOR_EACH (e, match) {
        if (!of_match_satisfies(match, e->field->prereq)) {
            return e->field;
        }
    }
    return NULL;
}

/* The word for an exact eth_type and, if '*ret_with_proto', an exact nw_proto; NULL if there is none. */
static const char *
protocol_word(const struct of_match *match, bool *ret_with_proto)
{
    static const struct {
        uint16_t eth_type;
        uint8_t proto;
        const char *word;
    } words[] = {
        {0x0800, 6, "tcp"}, {0x0800, 17, "udp"}, {0x0800, 132, "sctp"}, {0x0800, 1, "icmp"},
        {0x86dd, 6, "tcp6"}, {0x86dd, 17, "udp6"}, {0x86dd, 132, "sctp6"}, {0x86dd, 58, "icmp6"},
        {0x0800, 0, "ip"}, {0x86dd, 0, "ipv6"}, {0x0806, 0, "arp"}, {0x8035, 0, "rarp"},
        {0x8847, 0, "mpls"}, {0x8848, 0, "mplsm"},
    };
    uint64_t eth_type = exact(match, OFF_ETH_TYPE), proto = exact(match, OFF_IP_PROTO);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (words[i].eth_type == eth_type && (!words[i].proto || words[i].proto == proto)) {
            *ret_with_proto = words[i].proto;
            return words[i].word;
        }
    }
    *ret_with_proto = false;
    return NULL;
}

void
of_match_print(const struct of_match *match, struct buf *out)
{
    bool with_proto;
    const char *word = protocol_word(match, &with_proto);
    size_t start = out->size;
    if (word) {
        buf_puts(out, word);
    }
    OF_MATCH_FOR_EACH (e, match) {
        if ((word && e->field->id == OFF_ETH_TYPE) || (with_proto && e->field->id == OFF_IP_PROTO)) {
            continue;
        }
        if (out->size > start) {
            buf_putc(out, ',');
        }
        buf_printf(out, "%s=", e->field->id == OFF_IN_PORT ? "in_port" : e->field->name);
        of_value_print(e->field, &e->value, e->is_masked ? &e->mask : NULL, out);
    }
}
