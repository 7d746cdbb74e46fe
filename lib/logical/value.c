/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/value.h"

struct u128
u128_shl(struct u128 a, unsigned int n)
{
    if (n >= 128) {
        return U128(0);
    } else if (n >= 64) {
        return (struct u128) {a.lo << (n - 64), 0};
    }
    return n ? (struct u128) {a.hi << n | a.lo >> (64 - n), a.lo << n} : a;
}

struct u128
u128_shr(struct u128 a, unsigned int n)
{
    if (n >= 128) {
        return U128(0);
    } else if (n >= 64) {
        return U128(a.hi >> (n - 64));
    }
    return n ? (struct u128) {a.hi >> n, a.lo >> n | a.hi << (64 - n)} : a;
}

struct u128
u128_ones(unsigned int n)
{
    return n >= 128 ? (struct u128) {UINT64_MAX, UINT64_MAX} : u128_dec(u128_shl(U128(1), n));
}

struct u128
u128_inc(struct u128 a)
{
    a.lo++;
    a.hi += !a.lo;
    return a;
}

struct u128
u128_dec(struct u128 a)
{
    a.hi -= !a.lo;
    a.lo--;
    return a;
}

int
u128_cmp(struct u128 a, struct u128 b)
{
    return a.hi != b.hi ? (a.hi < b.hi ? -1 : 1) : a.lo != b.lo ? (a.lo < b.lo ? -1 : 1) : 0;
}

unsigned int
u128_width(struct u128 a)
{
    return a.hi ? 128 - (unsigned int) __builtin_clzll(a.hi) : a.lo ? 64 - (unsigned int) __builtin_clzll(a.lo) : 0;
}

struct u128
u128_from_be(const void *p, size_t n)
{
    CHECK(n <= 16);
    uint8_t b[16] = {0};
    memcpy(b + 16 - n, p, n);
    return (struct u128) {get_be64(b), get_be64(b + 8)};
}

void
u128_to_be(struct u128 a, void *p, size_t n)
{
    CHECK(n <= 16);
    uint8_t b[16];
    put_be64(b, a.hi);
    put_be64(b + 8, a.lo);
    memcpy(p, b + 16 - n, n);
}

/* Constructors. */

struct lconst
lconst_int(uint64_t value)
{
    return (struct lconst) {.kind = LC_INT, .form = LC_DECIMAL, .value = U128(value)};
}

struct lconst
lconst_hex(uint64_t value)
{
    return (struct lconst) {.kind = LC_INT, .form = LC_HEX, .value = U128(value)};
}

struct lconst
lconst_mac(struct eth_addr addr)
{
    return (struct lconst) {.kind = LC_INT, .form = LC_MAC, .value = u128_from_be(addr.b, 6)};
}

struct lconst
lconst_ip4(be32 addr)
{
    return (struct lconst) {.kind = LC_INT, .form = LC_IP4, .value = U128(be32toh(addr))};
}

struct lconst
lconst_ip6(const struct in6_addr *addr)
{
    return (struct lconst) {.kind = LC_INT, .form = LC_IP6, .value = u128_from_be(addr, 16)};
}

struct lconst
lconst_ip(const struct ip_addr *addr)
{
    return addr->is_v6 ? lconst_ip6(&addr->v6) : lconst_ip4(addr->v4);
}

/* 'value' and 'mask' in 'form', of 'width' bits: without host bits, and unmasked if the mask is full. */
static struct lconst
make_masked(enum lconst_form form, unsigned int width, struct u128 value, struct u128 mask)
{
    bool full = u128_eq(mask, u128_ones(width));
    return (struct lconst) {.kind = LC_INT, .form = form, .masked = !full, .value = u128_and(value, mask),
                            .mask = full ? U128(0) : mask};
}

struct lconst
lconst_prefix(const struct ip_prefix *prefix)
{
    if (prefix->is_v6) {
        return make_masked(LC_IP6, 128, u128_from_be(&prefix->v6.addr, 16), u128_from_be(&prefix->v6.mask, 16));
    }
    return make_masked(LC_IP4, 32, U128(be32toh(prefix->v4.addr)), U128(be32toh(prefix->v4.mask)));
}

struct lconst
lconst_masked_mac(struct eth_addr addr, struct eth_addr mask)
{
    return make_masked(LC_MAC, 48, u128_from_be(addr.b, 6), u128_from_be(mask.b, 6));
}

struct lconst
lconst_string(struct str s)
{
    return (struct lconst) {.kind = LC_STRING, .name = s};
}

struct lconst
lconst_address_set(struct str name)
{
    return (struct lconst) {.kind = LC_ADDRESS_SET, .name = name};
}

struct lconst
lconst_port_group(struct str name)
{
    return (struct lconst) {.kind = LC_PORT_GROUP, .name = name};
}

bool
lconst_eq(const struct lconst *a, const struct lconst *b)
{
    if (a->kind != b->kind) {
        return false;
    } else if (a->kind != LC_INT) {
        return str_eq(a->name, b->name);
    }
    return a->form == b->form && a->masked == b->masked && u128_eq(a->value, b->value)
        && (!a->masked || u128_eq(a->mask, b->mask));
}

/* Printing.  Hand-made, because northd prints hundreds of thousands of these. */

static void
print_decimal(uint64_t x, struct buf *out)
{
    char text[20];
    size_t n = sizeof text;
    do {
        text[--n] = (char) ('0' + x % 10);
        x /= 10;
    } while (x);
    buf_put(out, text + n, sizeof text - n);
}

static void
print_hex(struct u128 x, struct buf *out)
{
    char text[34] = "0x";
    size_t n = 2;
    unsigned int width = u128_width(x);
    for (int shift = width ? (int) ((width - 1) / 4 * 4) : 0; shift >= 0; shift -= 4) {
        text[n++] = "0123456789abcdef"[u128_shr(x, (unsigned int) shift).lo & 15];
    }
    buf_put(out, text, n);
}

static void
print_mac(uint64_t x, struct buf *out)
{
    char text[17];
    for (unsigned int i = 0; i < 6; i++) {
        unsigned int byte = x >> (40 - 8 * i) & 0xff;
        text[3 * i] = "0123456789abcdef"[byte >> 4];
        text[3 * i + 1] = "0123456789abcdef"[byte & 15];
        if (i < 5) {
            text[3 * i + 2] = ':';
        }
    }
    buf_put(out, text, sizeof text);
}

static void
print_ip4(uint64_t x, struct buf *out)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        print_decimal(x >> shift & 0xff, out);
        if (shift) {
            buf_putc(out, '.');
        }
    }
}

static void
print_ip6(struct u128 x, struct buf *out)
{
    struct in6_addr addr;
    u128_to_be(x, &addr, sizeof addr);
    buf_puts(out, ip6_text(&addr).s);
}

static void
print_int(enum lconst_form form, struct u128 x, struct buf *out)
{
    switch (form) {
    case LC_DECIMAL:
        if (!x.hi) {
            print_decimal(x.lo, out);
            break;
        }
        print_hex(x, out);
        break;
    case LC_HEX:
        print_hex(x, out);
        break;
    case LC_MAC:
        print_mac(x.lo, out);
        break;
    case LC_IP4:
        print_ip4(x.lo, out);
        break;
    case LC_IP6:
        print_ip6(x, out);
        break;
    }
}

/* The length of the prefix that 'mask' is, of 'width' bits; -1 if it is none. */
static int
prefix_length(struct u128 mask, unsigned int width)
{
    struct u128 host = u128_and(u128_not(mask), u128_ones(width));
    return u128_is_zero(u128_and(host, u128_inc(host))) ? (int) (width - u128_width(host)) : -1;
}

void
lconst_print(const struct lconst *c, struct buf *out)
{
    switch (c->kind) {
    case LC_INT:
        print_int(c->form, c->value, out);
        if (c->masked) {
            int plen = c->form == LC_IP4 ? prefix_length(c->mask, 32)
                     : c->form == LC_IP6 ? prefix_length(c->mask, 128) : -1;
            buf_putc(out, '/');
            if (plen >= 0) {
                print_decimal((uint64_t) plen, out);
            } else {
                print_int(c->form, c->mask, out);
            }
        }
        break;
    case LC_STRING:
        buf_put_json_string(out, c->name);
        break;
    case LC_ADDRESS_SET:
        buf_putc(out, '$');
        buf_put_str(out, c->name);
        break;
    case LC_PORT_GROUP:
        buf_putc(out, '@');
        buf_put_str(out, c->name);
        break;
    }
}
