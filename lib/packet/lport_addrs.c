/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/packet/lport_addrs.h"

#include <stdlib.h>

#include "lib/base/mem.h"

static struct str
next_word(struct str *rest)
{
    while (rest->s) {
        struct str word = str_cut(rest, " \t\r\n");
        if (word.n) {
            return word;
        }
    }
    return str_n(NULL, 0);
}

static struct err *
parse_ips(struct str rest, struct lport_addrs *addrs)
{
    for (struct str word = next_word(&rest); word.n; word = next_word(&rest)) {
        struct ip_prefix prefix;
        if (!ip_prefix_parse(word, &prefix)) {
            return err_new("\"" STR_FMT "\" is not an IPv4 or IPv6 address", STR_ARG(word));
        }
        if (prefix.is_v6) {
            lport_addrs_add_v6(addrs, &prefix.v6);
        } else {
            lport_addrs_add_v4(addrs, prefix.v4);
        }
    }
    return NULL;
}

struct err *
lport_addrs_parse_ips(struct str text, struct lport_addrs *ret)
{
    struct lport_addrs addrs = {0};
    struct err *e = parse_ips(text, &addrs);
    if (e) {
        lport_addrs_fini(&addrs);
        return e;
    }
    *ret = addrs;
    return NULL;
}

struct err *
lport_addrs_parse(struct str text, struct lport_addrs *ret)
{
    struct str rest = text;
    struct str word = next_word(&rest);
    struct eth_addr mac;
    if (!eth_addr_parse(word, &mac)) {
        return err_new("\"" STR_FMT "\" is not an Ethernet address", STR_ARG(word));
    }
    struct err *e = lport_addrs_parse_ips(rest, ret);
    if (!e) {
        ret->mac = mac;
    }
    return e;
}

void
lport_addrs_fini(struct lport_addrs *addrs)
{
    free(addrs->v4);
    free(addrs->v6);
    memset(addrs, 0, sizeof *addrs);
}

/* Whether an array of 'n' elements, grown by doubling from 1, is full. */
static bool
is_full(size_t n)
{
    return !(n & (n - 1));
}

void
lport_addrs_add_v4(struct lport_addrs *addrs, struct ip4_prefix prefix)
{
    if (is_full(addrs->n_v4)) {
        addrs->v4 = xrealloc(addrs->v4, MAX(addrs->n_v4 * 2, 1) * sizeof *addrs->v4);
    }
    addrs->v4[addrs->n_v4++] = prefix;
}

void
lport_addrs_add_v6(struct lport_addrs *addrs, const struct ip6_prefix *prefix)
{
    if (is_full(addrs->n_v6)) {
        addrs->v6 = xrealloc(addrs->v6, MAX(addrs->n_v6 * 2, 1) * sizeof *addrs->v6);
    }
    addrs->v6[addrs->n_v6++] = *prefix;
}

void
lport_addrs_print(const struct lport_addrs *addrs, struct buf *out)
{
    buf_puts(out, eth_addr_text(addrs->mac).s);
    for (size_t i = 0; i < addrs->n_v4; i++) {
        buf_printf(out, " %s", ip4_prefix_text(addrs->v4[i]).s);
    }
    for (size_t i = 0; i < addrs->n_v6; i++) {
        buf_printf(out, " %s", ip6_prefix_text(&addrs->v6[i]).s);
    }
}
