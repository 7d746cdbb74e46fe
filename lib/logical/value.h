/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_VALUE_H
#define WEFT_LOGICAL_VALUE_H

/* What: the constants of the logical-flow language: integers of up to 128 bits with the form they are
 * written in, masked integers, strings, and references to address sets and port groups.
 *
 * Why: "ip4.dst == 10.0.0.0/8" and "ip4.dst == 0xa000000/0xff000000" match the same packets, but
 * operators search for the first.  A constant therefore carries its form, and printing keeps it.
 *
 * Invariants: an integer may keep host bits that its text had ("10.0.0.1/8"); they mean nothing.  A decimal
 * has at most 64 bits.  Strings are borrowed, as a rule from the arena of the tree. */

#include "lib/base/str.h"
#include "lib/packet/addr.h"

/* A 128-bit unsigned integer. */
struct u128 {
    uint64_t hi, lo;
};
#define U128(LO) ((struct u128) {0, (LO)})
static inline bool u128_eq(struct u128 a, struct u128 b) { return a.hi == b.hi && a.lo == b.lo; }
static inline bool u128_is_zero(struct u128 a) { return !(a.hi | a.lo); }
static inline struct u128 u128_and(struct u128 a, struct u128 b) { return (struct u128) {a.hi & b.hi, a.lo & b.lo}; }
static inline struct u128 u128_or(struct u128 a, struct u128 b) { return (struct u128) {a.hi | b.hi, a.lo | b.lo}; }
static inline struct u128 u128_xor(struct u128 a, struct u128 b) { return (struct u128) {a.hi ^ b.hi, a.lo ^ b.lo}; }
static inline struct u128 u128_not(struct u128 a) { return (struct u128) {~a.hi, ~a.lo}; }
struct u128 u128_shl(struct u128 a, unsigned int n);         /* 'n' <= 128 */
struct u128 u128_shr(struct u128 a, unsigned int n);
struct u128 u128_ones(unsigned int n);                       /* the low 'n' <= 128 bits */
struct u128 u128_inc(struct u128 a);
struct u128 u128_dec(struct u128 a);
int u128_cmp(struct u128 a, struct u128 b);
unsigned int u128_width(struct u128 a);                      /* bits needed: 0 for 0, 128 at most */
struct u128 u128_from_be(const void *p, size_t n);           /* 'n' <= 16 bytes, most significant first */
void u128_to_be(struct u128 a, void *p, size_t n);           /* the low 'n' <= 16 bytes */

/* How an integer is written. */
enum lconst_form { LC_DECIMAL, LC_HEX, LC_MAC, LC_IP4, LC_IP6 };

enum lconst_kind {
    LC_INT,
    LC_STRING,                                               /* "lp1" */
    LC_ADDRESS_SET,                                          /* $as */
    LC_PORT_GROUP,                                           /* @pg */
};

struct lconst {
    enum lconst_kind kind;
    enum lconst_form form;                                   /* of LC_INT */
    bool masked;                                             /* written with a slash; else 'mask' is unused */
    struct u128 value, mask;                                 /* of LC_INT */
    struct str name;                                         /* of the other kinds, without '$' or '@' */
};

struct lconst lconst_int(uint64_t value);                    /* 80 */
struct lconst lconst_hex(uint64_t value);                    /* 0x800 */
struct lconst lconst_mac(struct eth_addr addr);
struct lconst lconst_ip4(be32 addr);
struct lconst lconst_ip6(const struct in6_addr *addr);
struct lconst lconst_ip(const struct ip_addr *addr);
/* A prefix, host bits dropped; a full-length one is the plain address. */
struct lconst lconst_prefix(const struct ip_prefix *prefix);
struct lconst lconst_masked_mac(struct eth_addr addr, struct eth_addr mask);
struct lconst lconst_string(struct str s);                   /* borrows 's' */
struct lconst lconst_address_set(struct str name);           /* borrows 'name' */
struct lconst lconst_port_group(struct str name);            /* borrows 'name' */

bool lconst_eq(const struct lconst *a, const struct lconst *b);          /* same kind, form and value */
void lconst_print(const struct lconst *constant, struct buf *out);

/* Parses the text of one integer constant, as it stands in a match or as a member of an address set:
 * "10.0.0.0/8", "ff:ff:ff:ff:ff:ff", "fe80::/64", "0x800", "80".  False, '*ret' unchanged, if it is none. */
bool lconst_parse(struct str text, struct lconst *ret);

/* Reads the integer constant that 's' begins with.  Returns its length; 0 if there is none; SIZE_MAX, '*ret'
 * unchanged, if there is a malformed one: too large, or with a mask that does not fit it. */
size_t lconst_lex(struct str s, struct lconst *ret);

#endif
