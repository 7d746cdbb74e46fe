/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_PACKET_LPORT_ADDRS_H
#define WEFT_PACKET_LPORT_ADDRS_H

/* What: one element of the columns "addresses" and "port_security" of ovn-nb(5), "MAC [IP[/PLEN]...]",
 * and of Port_Binding's "mac" and "nat_addresses", as a value.
 *
 * Why: northd and the controller read the same text; both must reject the same words.
 *
 * Owns: the two arrays, until lport_addrs_fini().
 * Not here: the words "unknown", "dynamic", "router" are the meaning of the whole element, which the caller
 * looks at first (struct lport_addrs is for elements that start with an address). */

#include "lib/base/err.h"
#include "lib/packet/addr.h"

struct lport_addrs {
    struct eth_addr mac;
    struct ip4_prefix *v4;                                   /* owned, 'n_v4' */
    struct ip6_prefix *v6;                                   /* owned, 'n_v6' */
    size_t n_v4;
    size_t n_v6;
};

/* Reads 'text': an Ethernet address, then any number of IPv4 and IPv6 addresses or prefixes, separated by
 * white space.  Host bits are kept.  On error, which names the word that does not parse, '*ret' is
 * unchanged. */
struct err *lport_addrs_parse(struct str text, struct lport_addrs *ret) MUST_USE;
/* The same without the leading Ethernet address ('ret->mac' is zero): "10.0.0.1/24 fd00::1/64", as in the
 * networks of a router port. */
struct err *lport_addrs_parse_ips(struct str text, struct lport_addrs *ret) MUST_USE;
void lport_addrs_fini(struct lport_addrs *addrs);
/* Adds one address; 'addrs' may be all zeros at first. */
void lport_addrs_add_v4(struct lport_addrs *addrs, struct ip4_prefix prefix);
void lport_addrs_add_v6(struct lport_addrs *addrs, const struct ip6_prefix *prefix);
/* The canonical text: MAC, then the IPv4 prefixes, then the IPv6 ones, in the order given. */
void lport_addrs_print(const struct lport_addrs *addrs, struct buf *out);

#endif
