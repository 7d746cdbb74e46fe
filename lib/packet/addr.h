/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_PACKET_ADDR_H
#define WEFT_PACKET_ADDR_H

/* What: Ethernet, IPv4 and IPv6 addresses and prefixes: parsing, printing, arithmetic.
 *
 * Why: every daemon reads addresses out of the database and writes them into flows; they must agree on
 * what is a valid text and on the one text an address prints as.
 *
 * Invariants: parsers take the whole text or nothing: on false '*ret' is unchanged.  A prefix keeps its
 * host bits ("10.0.0.1/24" is an address on a network); ip*_network() drops them.  Masks may have holes
 * where OVN allows it; ip*_plen() says whether one is a prefix length.  IPv6 prints as RFC 5952 asks. */

#include <netinet/in.h>

#include "lib/base/str.h"
#include "lib/packet/byteorder.h"

struct eth_addr {
    uint8_t b[6];
};
struct ip4_prefix {
    be32 addr;
    be32 mask;
};
struct ip6_prefix {
    struct in6_addr addr;
    struct in6_addr mask;
};
/* An address of either family. */
struct ip_addr {
    bool is_v6;
    union {
        be32 v4;
        struct in6_addr v6;
    };
};
/* A prefix of either family. */
struct ip_prefix {
    bool is_v6;
    union {
        struct ip4_prefix v4;
        struct ip6_prefix v6;
    };
};

enum {
    ETH_ADDR_LENGTH = 17,                                    /* characters, without the NUL */
    IP4_LENGTH = 15,
    IP6_LENGTH = 45,
    IP_PREFIX_LENGTH = 2 * IP6_LENGTH + 1,
};
/* The longest text any address or prefix here prints as, and its NUL. */
struct addr_text {
    char s[IP_PREFIX_LENGTH + 1];
};

/* Ethernet. */
#define ETH_ADDR_ZERO ((struct eth_addr) {{0}})
#define ETH_ADDR_BROADCAST ((struct eth_addr) {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}})
bool eth_addr_parse(struct str text, struct eth_addr *ret);         /* six pairs of hex digits, either case */
struct addr_text eth_addr_text(struct eth_addr addr);                    /* lower case */
static inline bool eth_addr_eq(struct eth_addr a, struct eth_addr b) { return !memcmp(&a, &b, sizeof a); }
bool eth_addr_is_zero(struct eth_addr addr);
static inline bool eth_addr_is_multicast(struct eth_addr addr) { return addr.b[0] & 1; }
bool eth_addr_is_broadcast(struct eth_addr addr);
uint64_t eth_addr_to_u64(struct eth_addr addr);                          /* the 48 bits, host order */
struct eth_addr eth_addr_from_u64(uint64_t x);

/* IPv4. */
bool ip4_parse(struct str text, be32 *ret);                       /* dotted quad, decimal, no leading zeros */
struct addr_text ip4_text(be32 addr);
static inline bool ip4_is_multicast(be32 addr) { return (be32toh(addr) >> 28) == 0xe; }
static inline bool ip4_is_broadcast(be32 addr) { return addr == 0xffffffff; }
static inline bool ip4_is_loopback(be32 addr) { return (be32toh(addr) >> 24) == 127; }
struct eth_addr ip4_multicast_eth(be32 group);                           /* RFC 1112, section 6.4 */
be32 ip4_mask_from_plen(unsigned int plen);                              /* 'plen' <= 32 */
int ip4_plen(be32 mask);                                                 /* -1 if the mask has holes */

/* "A.B.C.D", "A.B.C.D/PLEN" or "A.B.C.D/M.A.S.K"; without a slash the mask is all ones. */
bool ip4_prefix_parse(struct str text, struct ip4_prefix *ret);
/* Without "/32" for a host, with "/M.A.S.K" for a mask with holes. */
struct addr_text ip4_prefix_text(struct ip4_prefix prefix);
static inline be32 ip4_network(struct ip4_prefix prefix) { return prefix.addr & prefix.mask; }
static inline be32 ip4_broadcast(struct ip4_prefix prefix) { return prefix.addr | ~prefix.mask; }
static inline bool ip4_prefix_has_host_bits(struct ip4_prefix prefix) { return prefix.addr & ~prefix.mask; }
static inline bool ip4_prefix_contains(struct ip4_prefix prefix, be32 addr)
{
    return !((prefix.addr ^ addr) & prefix.mask);
}

/* IPv6. */
bool ip6_parse(struct str text, struct in6_addr *ret);
struct addr_text ip6_text(const struct in6_addr *addr);
static inline bool
ip6_eq(const struct in6_addr *a, const struct in6_addr *b)
{
    return !memcmp(a, b, sizeof *a);
}
bool ip6_is_zero(const struct in6_addr *addr);
static inline bool ip6_is_multicast(const struct in6_addr *addr) { return addr->s6_addr[0] == 0xff; }
static inline bool ip6_is_link_local(const struct in6_addr *addr)
{
    return addr->s6_addr[0] == 0xfe && (addr->s6_addr[1] & 0xc0) == 0x80;
}
struct in6_addr ip6_and(const struct in6_addr *a, const struct in6_addr *b);
struct in6_addr ip6_mask_from_plen(unsigned int plen);                   /* 'plen' <= 128 */
int ip6_plen(const struct in6_addr *mask);                               /* -1 if the mask has holes */
bool ip6_prefix_parse(struct str text, struct ip6_prefix *ret);         /* "ADDR", "ADDR/PLEN", "ADDR/MASK" */
struct addr_text ip6_prefix_text(const struct ip6_prefix *prefix);
struct in6_addr ip6_network(const struct ip6_prefix *prefix);
bool ip6_prefix_contains(const struct ip6_prefix *prefix, const struct in6_addr *addr);

/* The modified EUI-64 link-local address of 'mac' in fe80::/64 (RFC 4291, appendix A). */
struct in6_addr ip6_link_local(struct eth_addr mac);
/* The modified EUI-64 address of 'mac' in the /64 of 'prefix' (RFC 4862). */
struct in6_addr ip6_eui64(const struct in6_addr *prefix, struct eth_addr mac);
/* The solicited-node multicast address of 'addr', ff02::1:ffXX:XXXX (RFC 4291, section 2.7.1). */
struct in6_addr ip6_solicited_node(const struct in6_addr *addr);
/* The Ethernet address that IPv6 multicast 'group' is sent to, 33:33:... (RFC 2464, section 7). */
struct eth_addr ip6_multicast_eth(const struct in6_addr *group);

/* Either family. */
bool ip_addr_parse(struct str text, struct ip_addr *ret);
struct addr_text ip_addr_text(const struct ip_addr *addr);
bool ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b);
bool ip_prefix_parse(struct str text, struct ip_prefix *ret);
struct addr_text ip_prefix_text(const struct ip_prefix *prefix);
int ip_prefix_plen(const struct ip_prefix *prefix);                      /* -1 if the mask has holes */
/* false across families */
bool ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *addr);
struct ip_prefix ip_prefix_network(const struct ip_prefix *prefix);      /* the same without host bits */

#endif
