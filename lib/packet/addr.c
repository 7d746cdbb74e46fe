/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/packet/addr.h"

#include <stdio.h>

static int
hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool
eth_addr_parse(struct str text, struct eth_addr *ret)
{
    struct eth_addr addr;
    for (int i = 0; i < 6; i++) {
        int high = text.n > 0 ? hex_value(text.s[0]) : -1;
        int low = text.n > 1 ? hex_value(text.s[1]) : -1;
        size_t used = i < 5 ? 3 : 2;
        if (high < 0 || low < 0 || text.n < used || (i < 5 && text.s[2] != ':')) {
            return false;
        }
        addr.b[i] = (uint8_t) (high << 4 | low);
        text = str_n(text.s + used, text.n - used);
    }
    if (text.n) {
        return false;
    }
    *ret = addr;
    return true;
}

struct addr_text
eth_addr_text(struct eth_addr addr)
{
    struct addr_text text;
    snprintf(text.s, sizeof text.s, "%02x:%02x:%02x:%02x:%02x:%02x", addr.b[0], addr.b[1], addr.b[2],
             addr.b[3],
             addr.b[4], addr.b[5]);
    return text;
}

bool
eth_addr_is_zero(struct eth_addr addr)
{
    return eth_addr_eq(addr, ETH_ADDR_ZERO);
}

bool
eth_addr_is_broadcast(struct eth_addr addr)
{
    return eth_addr_eq(addr, ETH_ADDR_BROADCAST);
}

uint64_t
eth_addr_to_u64(struct eth_addr addr)
{
    return (uint64_t) get_be16(addr.b) << 32 | get_be32(addr.b + 2);
}

struct eth_addr
eth_addr_from_u64(uint64_t x)
{
    struct eth_addr addr;
    put_be16(addr.b, (uint16_t) (x >> 32));
    put_be32(addr.b + 2, (uint32_t) x);
    return addr;
}

/* Parses all of 'text' as an address of 'family' with inet_pton(), whose rules are ours. */
static bool
inet_parse(int family, struct str text, void *ret)
{
    char copy[IP6_LENGTH + 1];
    if (!text.n || text.n >= sizeof copy || memchr(text.s, '\0', text.n)) {
        return false;
    }
    memcpy(copy, text.s, text.n);
    copy[text.n] = '\0';
    return inet_pton(family, copy, ret) == 1;
}

/* Splits "A/B"; '*ret_mask' is {NULL, 0} without a slash. */
static struct str
split_prefix(struct str text, struct str *ret_mask)
{
    const char *slash = text.n ? memchr(text.s, '/', text.n) : NULL;
    if (!slash) {
        *ret_mask = str_n(NULL, 0);
        return text;
    }
    size_t n = (size_t) (slash - text.s);
    *ret_mask = str_n(slash + 1, text.n - n - 1);
    return str_n(text.s, n);
}

/* Parses a decimal prefix length of at most 'max'. */
static bool
plen_parse(struct str text, unsigned int max, unsigned int *ret)
{
    unsigned int plen = 0;
    if (!text.n || text.n > 3) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] < '0' || text.s[i] > '9') {
            return false;
        }
        plen = plen * 10 + (unsigned int) (text.s[i] - '0');
    }
    if (plen > max) {
        return false;
    }
    *ret = plen;
    return true;
}

/* Appends "/MASK" to the text of an address. */
static void
append_mask(struct addr_text *text, struct addr_text mask)
{
    size_t n = strlen(text->s), mask_n = strlen(mask.s);
    CHECK(n + 1 + mask_n < sizeof text->s);
    text->s[n] = '/';
    memcpy(text->s + n + 1, mask.s, mask_n + 1);
}

bool
ip4_parse(struct str text, be32 *ret)
{
    struct in_addr addr;
    if (!inet_parse(AF_INET, text, &addr)) {
        return false;
    }
    *ret = addr.s_addr;
    return true;
}

struct addr_text
ip4_text(be32 addr)
{
    struct addr_text text;
    struct in_addr in = {.s_addr = addr};
    CHECK(inet_ntop(AF_INET, &in, text.s, sizeof text.s));
    return text;
}

struct eth_addr
ip4_multicast_eth(be32 group)
{
    uint32_t low = be32toh(group) & 0x7fffff;
    return eth_addr_from_u64(0x01005e000000 | low);
}

be32
ip4_mask_from_plen(unsigned int plen)
{
    CHECK(plen <= 32);
    return plen ? htobe32(UINT32_MAX << (32 - plen)) : 0;
}

int
ip4_plen(be32 mask)
{
    uint32_t holes = ~be32toh(mask);
    return holes & (holes + 1) ? -1 : holes ? __builtin_clz(holes) : 32;
}

bool
ip4_prefix_parse(struct str text, struct ip4_prefix *ret)
{
    struct str mask_text;
    struct ip4_prefix prefix = {.mask = UINT32_MAX};
    unsigned int plen;
    if (!ip4_parse(split_prefix(text, &mask_text), &prefix.addr)) {
        return false;
    }
    if (mask_text.s) {
        if (plen_parse(mask_text, 32, &plen)) {
            prefix.mask = ip4_mask_from_plen(plen);
        } else if (!ip4_parse(mask_text, &prefix.mask)) {
            return false;
        }
    }
    *ret = prefix;
    return true;
}

struct addr_text
ip4_prefix_text(struct ip4_prefix prefix)
{
    struct addr_text text = ip4_text(prefix.addr);
    size_t n = strlen(text.s);
    int plen = ip4_plen(prefix.mask);
    if (plen < 0) {
        append_mask(&text, ip4_text(prefix.mask));
    } else if (plen < 32) {
        snprintf(text.s + n, sizeof text.s - n, "/%d", plen);
    }
    return text;
}

bool
ip6_parse(struct str text, struct in6_addr *ret)
{
    struct in6_addr addr;
    if (!inet_parse(AF_INET6, text, &addr)) {
        return false;
    }
    *ret = addr;
    return true;
}

struct addr_text
ip6_text(const struct in6_addr *addr)
{
    struct addr_text text;
    CHECK(inet_ntop(AF_INET6, addr, text.s, sizeof text.s));
    return text;
}

bool
ip6_is_zero(const struct in6_addr *addr)
{
    return ip6_eq(addr, &in6addr_any);
}

struct in6_addr
ip6_and(const struct in6_addr *a, const struct in6_addr *b)
{
    struct in6_addr r;
    for (int i = 0; i < 16; i++) {
        r.s6_addr[i] = a->s6_addr[i] & b->s6_addr[i];
    }
    return r;
}

struct in6_addr
ip6_mask_from_plen(unsigned int plen)
{
    CHECK(plen <= 128);
    struct in6_addr mask = {0};
    memset(mask.s6_addr, 0xff, plen / 8);
    if (plen % 8) {
        mask.s6_addr[plen / 8] = (uint8_t) (0xff << (8 - plen % 8));
    }
    return mask;
}

int
ip6_plen(const struct in6_addr *mask)
{
    int plen = 0;
    while (plen < 128 && mask->s6_addr[plen / 8] & (0x80 >> plen % 8)) {
        plen++;
    }
    struct in6_addr whole = ip6_mask_from_plen((unsigned int) plen);
    return ip6_eq(mask, &whole) ? plen : -1;
}

bool
ip6_prefix_parse(struct str text, struct ip6_prefix *ret)
{
    struct str mask_text;
    struct ip6_prefix prefix = {.mask = ip6_mask_from_plen(128)};
    unsigned int plen;
    if (!ip6_parse(split_prefix(text, &mask_text), &prefix.addr)) {
        return false;
    }
    if (mask_text.s) {
        if (plen_parse(mask_text, 128, &plen)) {
            prefix.mask = ip6_mask_from_plen(plen);
        } else if (!ip6_parse(mask_text, &prefix.mask)) {
            return false;
        }
    }
    *ret = prefix;
    return true;
}

struct addr_text
ip6_prefix_text(const struct ip6_prefix *prefix)
{
    struct addr_text text = ip6_text(&prefix->addr);
    size_t n = strlen(text.s);
    int plen = ip6_plen(&prefix->mask);
    if (plen < 0) {
        append_mask(&text, ip6_text(&prefix->mask));
    } else if (plen < 128) {
        snprintf(text.s + n, sizeof text.s - n, "/%d", plen);
    }
    return text;
}

struct in6_addr
ip6_network(const struct ip6_prefix *prefix)
{
    return ip6_and(&prefix->addr, &prefix->mask);
}

bool
ip6_prefix_contains(const struct ip6_prefix *prefix, const struct in6_addr *addr)
{
    struct in6_addr ours = ip6_network(prefix);
    struct in6_addr theirs = ip6_and(addr, &prefix->mask);
    return ip6_eq(&ours, &theirs);
}

struct in6_addr
ip6_eui64(const struct in6_addr *prefix, struct eth_addr mac)
{
    struct in6_addr addr;
    memcpy(addr.s6_addr, prefix->s6_addr, 8);
    addr.s6_addr[8] = mac.b[0] ^ 0x02;                       /* the universal/local bit, inverted */
    addr.s6_addr[9] = mac.b[1];
    addr.s6_addr[10] = mac.b[2];
    addr.s6_addr[11] = 0xff;
    addr.s6_addr[12] = 0xfe;
    memcpy(addr.s6_addr + 13, mac.b + 3, 3);
    return addr;
}

struct in6_addr
ip6_link_local(struct eth_addr mac)
{
    static const struct in6_addr prefix = {{{0xfe, 0x80}}};
    return ip6_eui64(&prefix, mac);
}

struct in6_addr
ip6_solicited_node(const struct in6_addr *addr)
{
    struct in6_addr group = {{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff}}};
    memcpy(group.s6_addr + 13, addr->s6_addr + 13, 3);
    return group;
}

struct eth_addr
ip6_multicast_eth(const struct in6_addr *group)
{
    struct eth_addr mac = {{0x33, 0x33}};
    memcpy(mac.b + 2, group->s6_addr + 12, 4);
    return mac;
}

bool
ip_addr_parse(struct str text, struct ip_addr *ret)
{
    struct ip_addr addr = {0};
    addr.is_v6 = text.n && memchr(text.s, ':', text.n);
    if (addr.is_v6 ? !ip6_parse(text, &addr.v6) : !ip4_parse(text, &addr.v4)) {
        return false;
    }
    *ret = addr;
    return true;
}

struct addr_text
ip_addr_text(const struct ip_addr *addr)
{
    return addr->is_v6 ? ip6_text(&addr->v6) : ip4_text(addr->v4);
}

bool
ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b)
{
    return a->is_v6 == b->is_v6 && (a->is_v6 ? ip6_eq(&a->v6, &b->v6) : a->v4 == b->v4);
}

bool
ip_prefix_parse(struct str text, struct ip_prefix *ret)
{
    struct ip_prefix prefix = {0};
    prefix.is_v6 = text.n && memchr(text.s, ':', text.n);
    if (prefix.is_v6 ? !ip6_prefix_parse(text, &prefix.v6) : !ip4_prefix_parse(text, &prefix.v4)) {
        return false;
    }
    *ret = prefix;
    return true;
}

struct addr_text
ip_prefix_text(const struct ip_prefix *prefix)
{
    return prefix->is_v6 ? ip6_prefix_text(&prefix->v6) : ip4_prefix_text(prefix->v4);
}

int
ip_prefix_plen(const struct ip_prefix *prefix)
{
    return prefix->is_v6 ? ip6_plen(&prefix->v6.mask) : ip4_plen(prefix->v4.mask);
}

bool
ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *addr)
{
    return prefix->is_v6 == addr->is_v6
           && (addr->is_v6 ? ip6_prefix_contains(&prefix->v6, &addr->v6)
               : ip4_prefix_contains(prefix->v4, addr->v4));
}

struct ip_prefix
ip_prefix_network(const struct ip_prefix *prefix)
{
    struct ip_prefix network = *prefix;
    if (network.is_v6) {
        network.v6.addr = ip6_network(&prefix->v6);
    } else {
        network.v4.addr = ip4_network(prefix->v4);
    }
    return network;
}
