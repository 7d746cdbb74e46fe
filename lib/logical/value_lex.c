/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <ctype.h>

#include "lib/logical/value.h"

/* Reading integer constants: decimal, 0x hex, dotted quads, IPv6 and Ethernet addresses, each with "/MASK". */

static bool is_address_char(char c) { return isxdigit((unsigned char) c) || c == ':' || c == '.'; }
static bool is_digit_or_dot(char c) { return isdigit((unsigned char) c) || c == '.'; }
static bool is_digit(char c) { return isdigit((unsigned char) c); }
static bool is_hex(char c) { return isxdigit((unsigned char) c); }

static struct str
span(struct str s, bool (*accept)(char c))
{
    size_t n = 0;
    while (n < s.n && accept(s.s[n])) {
        n++;
    }
    return str_n(s.s, n);
}

static size_t
count(struct str s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += s.s[i] == c;
    }
    return n;
}

static size_t
lex_mac(struct str s, struct u128 *ret)
{
    struct eth_addr mac;
    if (s.n < ETH_ADDR_LENGTH || (s.n > ETH_ADDR_LENGTH && is_address_char(s.s[ETH_ADDR_LENGTH]))
        || !eth_addr_parse(str_n(s.s, ETH_ADDR_LENGTH), &mac)) {
        return 0;
    }
    *ret = u128_from_be(mac.b, 6);
    return ETH_ADDR_LENGTH;
}

static size_t
lex_ip6(struct str s, struct u128 *ret)
{
    struct in6_addr addr;
    struct str text = span(s, is_address_char);
    if (count(text, ':') < 2) {
        return 0;
    }
    while (text.n && !ip6_parse(text, &addr)) {              /* "fd00::1.." and "fd00::1:" end before the punctuation */
        char last = text.s[text.n - 1];
        if (last != '.' && last != ':') {
            return 0;
        }
        text.n--;
    }
    if (text.n) {
        *ret = u128_from_be(&addr, 16);
    }
    return text.n;
}

static size_t
lex_ip4(struct str s, struct u128 *ret)
{
    be32 addr;
    struct str text = span(s, is_digit_or_dot);
    if (count(text, '.') != 3 || !ip4_parse(text, &addr)) {
        return 0;
    }
    *ret = U128(be32toh(addr));
    return text.n;
}

/* SIZE_MAX if it has more than 128 bits. */
static size_t
lex_hex(struct str s, struct u128 *ret)
{
    if (s.n < 3 || s.s[0] != '0' || (s.s[1] != 'x' && s.s[1] != 'X')) {
        return 0;
    }
    struct str digits = span(str_n(s.s + 2, s.n - 2), is_hex);
    struct u128 x = U128(0);
    for (size_t i = 0; i < digits.n; i++) {
        int c = tolower((unsigned char) digits.s[i]);
        if (x.hi >> 60) {
            return SIZE_MAX;
        }
        x = u128_shl(x, 4);
        x.lo |= (uint64_t) (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret = x;
    return digits.n ? digits.n + 2 : SIZE_MAX;
}

/* SIZE_MAX if it has more than 64 bits: larger ones must be written in hex. */
static size_t
lex_decimal(struct str s, struct u128 *ret)
{
    struct str digits = span(s, is_digit);
    uint64_t x = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, (uint64_t) (digits.s[i] - '0'), &x)) {
            return SIZE_MAX;
        }
    }
    *ret = U128(x);
    return digits.n;
}

/* One value: its length and form; 0 if there is none, SIZE_MAX if it is malformed. */
static size_t
lex_value(struct str s, struct u128 *ret, enum lconst_form *ret_form)
{
    static const struct { enum lconst_form form; size_t (*lex)(struct str, struct u128 *); } forms[] = {
        {LC_MAC, lex_mac}, {LC_IP6, lex_ip6}, {LC_IP4, lex_ip4}, {LC_HEX, lex_hex}, {LC_DECIMAL, lex_decimal},
    };
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        size_t n = forms[i].lex(s, ret);
        if (n) {
            *ret_form = forms[i].form;
            return n;
        }
    }
    return 0;
}

/* Makes 'c' masked by the value 'mask' of form 'form'.  False if the two do not fit together. */
static bool
apply_mask(struct lconst *c, struct u128 mask, enum lconst_form form)
{
    unsigned int width = c->form == LC_IP4 ? 32 : c->form == LC_IP6 ? 128 : 0;
    if (form == LC_DECIMAL && width) {                       /* CIDR */
        if (mask.hi || mask.lo > width) {
            return false;
        }
        mask = u128_and(u128_ones(width), u128_not(u128_ones(width - (unsigned int) mask.lo)));
    } else if (c->form <= LC_HEX && form <= LC_HEX) {
        c->form = MAX(c->form, form);
    } else if (form != c->form) {
        return false;
    }
    c->masked = true;
    c->mask = mask;
    return true;
}

size_t
lconst_lex(struct str s, struct lconst *ret)
{
    struct lconst c = {.kind = LC_INT};
    size_t n = s.n && is_address_char(s.s[0]) ? lex_value(s, &c.value, &c.form) : 0;
    if (!n || n == SIZE_MAX) {
        return n;
    }
    if (n + 1 < s.n && s.s[n] == '/' && s.s[n + 1] != '/' && s.s[n + 1] != '*') {
        struct u128 mask;
        enum lconst_form form;
        size_t n_mask = lex_value(str_n(s.s + n + 1, s.n - n - 1), &mask, &form);
        if (!n_mask || n_mask == SIZE_MAX || !apply_mask(&c, mask, form)) {
            return SIZE_MAX;
        }
        n += 1 + n_mask;
    }
    /* "80tcp" is neither a number nor a name. */
    if (n < s.n && (isalnum((unsigned char) s.s[n]) || s.s[n] == '_')) {
        return c.form == LC_DECIMAL && isalpha((unsigned char) s.s[0]) ? 0 : SIZE_MAX;
    }
    *ret = c;
    return n;
}

bool
lconst_parse(struct str text, struct lconst *ret)
{
    struct lconst c;
    if (!text.n || lconst_lex(text, &c) != text.n) {
        return false;
    }
    *ret = c;
    return true;
}
