/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_field.h"

static const struct of_field fields[OF_N_FIELDS] = {
#define X(ID, NAME, OTHER_NAME, BYTES, BITS, HEADER, OTHER_HEADER, MASKABLE, WRITABLE, PREREQ, FORMAT)\
    [OFF_##ID] = {.id = OFF_##ID, .name = NAME, .other_name = OTHER_NAME, .n_bytes = BYTES, .n_bits = BITS,\
                  .is_maskable = MASKABLE, .is_writable = WRITABLE, .prereq = OF_PREREQ_##PREREQ,   \
                  .format = OF_FORMAT_##FORMAT, .header = HEADER, .other_header = OTHER_HEADER},
    OF_FIELDS(X)
#undef X
};

const struct of_field *
of_field(enum of_field_id id)
{
    CHECK((unsigned int) id < OF_N_FIELDS);
    return &fields[id];
}

const struct of_field *
of_field_by_name(struct str name)
{
    for (size_t i = 0; i < OF_N_FIELDS; i++) {
        if (str_is(name, fields[i].name) || (fields[i].other_name && str_is(name, fields[i].other_name))) {
            return &fields[i];
        }
    }
    return NULL;
}

uint64_t
of_field_nxm_header(const struct of_field *field)
{
    bool other_is_nxm = field->other_header && field->other_header >> 48 <= 1;
    return other_is_nxm ? field->other_header : field->header;
}

const struct of_field *
of_field_by_header(uint64_t header)
{
    switch (header) {
#define X(ID, NAME, OTHER_NAME, BYTES, BITS, HEADER, ...) case HEADER: return &fields[OFF_##ID];
        OF_FIELDS(X)
#undef X
    }
    /* A field without another header gets a label that no header reaches: class 0xfffe is no one's. */
    switch (header) {
#define X(ID, NAME, OTHER_NAME, BYTES, BITS, HEADER, OTHER_HEADER, ...)                             \
    case OTHER_HEADER ? OTHER_HEADER : OF_HDR(0xfffe, OFF_##ID) | 1: return &fields[OFF_##ID];
        OF_FIELDS(X)
#undef X
    }
    return NULL;
}

static bool
is_experimenter(uint64_t header)
{
    return header >> 48 == 0xffff;
}

void
of_header_put(struct buf *out, uint64_t header, bool has_mask, size_t n_bytes)
{
    size_t length = (n_bytes << has_mask) + (is_experimenter(header) ? 4 : 0);
    uint8_t p[8];
    CHECK(length <= UINT8_MAX);
    put_be32(p, (uint32_t) (header >> 32) | (uint32_t) has_mask << 8 | (uint32_t) length);
    put_be32(p + 4, (uint32_t) header);
    buf_put(out, p, is_experimenter(header) ? 8 : 4);
}

bool
of_header_pull(struct str *p, struct of_header *ret)
{
    if (p->n < 4) {
        return false;
    }
    uint32_t top = get_be32(p->s);
    uint64_t header = (uint64_t) (top & 0xfffffe00) << 32;
    size_t size = is_experimenter(header) ? 8 : 4;
    size_t length = top & 0xff;
    if (p->n < size || length + 4 < size) {
        return false;
    }
    if (size == 8) {
        header |= get_be32(p->s + 4);
        length -= 4;
    }
    *ret = (struct of_header) {
        .field = of_field_by_header(header), .has_mask = top & 0x100, .n_bytes = length,
    };
    *p = str_n(p->s + size, p->n - size);
    return true;
}

struct of_value
of_value_from_bytes(const void *p, size_t n)
{
    struct of_value value = OF_VALUE_ZERO;
    CHECK(n <= sizeof value.b);
    memcpy(value.b + sizeof value.b - n, p, n);
    return value;
}

struct of_value
of_value_u64(uint64_t x)
{
    struct of_value value = OF_VALUE_ZERO;
    put_be64(value.b + 8, x);
    return value;
}

struct of_value
of_value_eth(struct eth_addr addr)
{
    return of_value_from_bytes(addr.b, sizeof addr.b);
}

struct of_value
of_value_ip4(be32 addr)
{
    return of_value_from_bytes(&addr, sizeof addr);
}

struct of_value
of_value_ip6(const struct in6_addr *addr)
{
    return of_value_from_bytes(addr, sizeof *addr);
}

struct of_value
of_value_ones(unsigned int n_bits)
{
    CHECK(n_bits <= 128);
    struct of_value value = OF_VALUE_ZERO;
    memset(value.b + 16 - n_bits / 8, 0xff, n_bits / 8);
    if (n_bits % 8) {
        value.b[15 - n_bits / 8] = (uint8_t) ((1u << n_bits % 8) - 1);
    }
    return value;
}

uint64_t
of_value_low64(const struct of_value *value)
{
    return get_be64(value->b + 8);
}

be32
of_value_to_ip4(const struct of_value *value)
{
    be32 addr;
    memcpy(&addr, value->b + 12, sizeof addr);
    return addr;
}

struct in6_addr
of_value_to_ip6(const struct of_value *value)
{
    struct in6_addr addr;
    memcpy(&addr, value->b, sizeof addr);
    return addr;
}

struct eth_addr
of_value_to_eth(const struct of_value *value)
{
    struct eth_addr addr;
    memcpy(addr.b, value->b + 10, sizeof addr.b);
    return addr;
}

bool
of_value_is_zero(const struct of_value *value)
{
    return !get_be64(value->b) && !get_be64(value->b + 8);
}

struct of_value
of_value_and(const struct of_value *a, const struct of_value *b)
{
    struct of_value r;
    for (size_t i = 0; i < sizeof r.b; i++) {
        r.b[i] = a->b[i] & b->b[i];
    }
    return r;
}

struct of_value
of_value_or(const struct of_value *a, const struct of_value *b)
{
    struct of_value r;
    for (size_t i = 0; i < sizeof r.b; i++) {
        r.b[i] = a->b[i] | b->b[i];
    }
    return r;
}

struct of_value
of_value_not(const struct of_value *a)
{
    struct of_value r;
    for (size_t i = 0; i < sizeof r.b; i++) {
        r.b[i] = (uint8_t) ~a->b[i];
    }
    return r;
}

struct of_value
of_value_shl(const struct of_value *a, unsigned int n)
{
    struct of_value r = OF_VALUE_ZERO;
    uint64_t high = get_be64(a->b), low = get_be64(a->b + 8);
    if (n >= 128) {
        return r;
    }
    put_be64(r.b, n >= 64 ? low << (n - 64) : n ? high << n | low >> (64 - n) : high);
    put_be64(r.b + 8, n >= 64 ? 0 : low << n);
    return r;
}

struct of_value
of_value_shr(const struct of_value *a, unsigned int n)
{
    struct of_value r = OF_VALUE_ZERO;
    uint64_t high = get_be64(a->b), low = get_be64(a->b + 8);
    if (n >= 128) {
        return r;
    }
    put_be64(r.b, n >= 64 ? 0 : high >> n);
    put_be64(r.b + 8, n >= 64 ? high >> (n - 64) : n ? low >> n | high << (64 - n) : low);
    return r;
}

bool
of_value_bit(const struct of_value *value, unsigned int bit)
{
    CHECK(bit < 128);
    return value->b[15 - bit / 8] >> bit % 8 & 1;
}

static void
put_hex(const struct of_value *value, struct buf *out)
{
    uint64_t high = get_be64(value->b), low = get_be64(value->b + 8);
    if (high) {
        buf_printf(out, "0x%llx%016llx", (unsigned long long) high, (unsigned long long) low);
    } else {
        buf_printf(out, "0x%llx", (unsigned long long) low);
    }
}

static const char *const ct_state_names[] = {"new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"};
static const char *const tcp_flag_names[] = {"fin", "syn", "rst", "psh", "ack", "urg",
                                             "ece", "cwr", "ns", "[9]", "[10]", "[11]"};

/* "+a-b" for the bits of 'mask', as ovs-ofctl writes them; false if there are bits without a name. */
static bool
put_flags(uint64_t value, uint64_t mask, const char *const names[], size_t n_names, struct buf *out)
{
    if (!mask || mask >> n_names) {
        return false;
    }
    for (size_t i = 0; i < n_names; i++) {
        if (mask >> i & 1) {
            buf_printf(out, "%c%s", value >> i & 1 ? '+' : '-', names[i]);
        }
    }
    return true;
}

static bool
put_frag(uint64_t value, uint64_t mask, struct buf *out)
{
    const char *name = mask == 3 ? (value == 0 ? "no" : value == 1 ? "first" : value == 3 ? "later" : NULL)
                       : mask == OF_FRAG_ANY   ? (value ? "yes" : "no")
                       : mask == OF_FRAG_LATER ? (value ? "later" : "not_later")
                                               : NULL;
    if (name && !(mask == OF_FRAG_ANY && !value) && !(mask == OF_FRAG_LATER && value)) {
        buf_puts(out, name);
        return true;
    }
    return false;
}

/* Prints addresses with their masks; false for other formats. */
static bool
put_address(const struct of_field *field, const struct of_value *value, const struct of_value *mask,
            struct buf *out)
{
    if (field->format == OF_FORMAT_ETH) {
        buf_puts(out, eth_addr_text(of_value_to_eth(value)).s);
        if (mask) {
            buf_printf(out, "/%s", eth_addr_text(of_value_to_eth(mask)).s);
        }
    } else if (field->format == OF_FORMAT_IP4) {
        struct ip4_prefix prefix = {of_value_to_ip4(value), mask ? of_value_to_ip4(mask) : UINT32_MAX};
        buf_puts(out, ip4_prefix_text(prefix).s);
    } else if (field->format == OF_FORMAT_IP6) {
        struct ip6_prefix prefix = {of_value_to_ip6(value), mask ? of_value_to_ip6(mask)
                                    : ip6_mask_from_plen(128)};
        buf_puts(out, ip6_prefix_text(&prefix).s);
    } else {
        return false;
    }
    return true;
}

void
of_value_print(const struct of_field *field, const struct of_value *value, const struct of_value *mask,
               struct buf *out)
{
    struct of_value ones = of_value_ones(field->n_bits);
    if (mask && of_value_eq(mask, &ones)) {
        mask = NULL;
    }
    uint64_t low = of_value_low64(value), mask_low = of_value_low64(mask ? mask : &ones);
    if (put_address(field, value, mask, out)
        || (field->format == OF_FORMAT_CT_STATE && mask
            && put_flags(low, mask_low, ct_state_names, ARRAY_SIZE(ct_state_names), out))
        || (field->format == OF_FORMAT_TCP_FLAGS && mask
            && put_flags(low, mask_low, tcp_flag_names, ARRAY_SIZE(tcp_flag_names), out))
        || (field->format == OF_FORMAT_FRAG && put_frag(low, mask_low, out))) {
        return;
    } else if (field->format == OF_FORMAT_PORT && !mask) {
        bool is_reserved16 = field->n_bits == 16 && low >= 0xff00;
        of_port_print((uint32_t) (is_reserved16 ? low | 0xffff0000 : low), out);
    } else if (field->format == OF_FORMAT_DECIMAL && !mask) {
        buf_printf(out, "%llu", (unsigned long long) low);
    } else {
        put_hex(value, out);
        if (mask) {
            buf_putc(out, '/');
            put_hex(mask, out);
        }
    }
}

bool
of_subfield_is_whole(struct of_subfield sf)
{
    return !sf.ofs && sf.n_bits == of_field(sf.field)->n_bits;
}

bool
of_subfield_is_valid(struct of_subfield sf)
{
    return (unsigned int) sf.field < OF_N_FIELDS && sf.n_bits
        && sf.ofs + sf.n_bits <= of_field(sf.field)->n_bits;
}

void
of_subfield_print(struct of_subfield sf, struct buf *out)
{
    buf_puts(out, of_field(sf.field)->name);
    if (of_subfield_is_whole(sf)) {
        buf_puts(out, "[]");
    } else if (sf.n_bits == 1) {
        buf_printf(out, "[%u]", sf.ofs);
    } else {
        buf_printf(out, "[%u..%u]", sf.ofs, sf.ofs + sf.n_bits - 1);
    }
}

void
of_port_print(uint32_t port, struct buf *out)
{
    static const char *const names[] = {"in_port", "table", "normal", "flood", "all", "controller", "local",
                                        "any"};
    if (port >= OF_PORT_IN_PORT) {
        buf_puts(out, names[port - OF_PORT_IN_PORT]);
    } else {
        buf_printf(out, "%u", port);
    }
}
