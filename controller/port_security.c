/* SPDX-License-Identifier: Apache-2.0 */
/* Port_Binding.port_security as flows of the tables that answer check_in_port_sec() and check_out_port_sec()
 * (ovn-nb(5), "port_security").  They set a flag when the packet is refused; a port without restrictions has no flows. */
#include <config.h>

#include <stdlib.h>

#include "controller/binding.h"
#include "controller/datapaths.h"
#include "controller/flows.h"
#include "controller/metadata.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/logical/encode.h"
#include "lib/packet/headers.h"
#include "lib/packet/lport_addrs.h"

LOG_MODULE(port_security);

enum {                                                       /* priorities, as OVN's */
    PRIO_DEFAULT = 80,                                       /* refuse */
    PRIO_ANY_L3 = 85,                                        /* to an address that has no L3 restrictions */
    PRIO_ALLOW = 90,
    PRIO_REFUSE_L3 = 90,                                     /* to one that has */
    PRIO_ARP = 95,
    PRIO_ALLOW_OUT = 95,
};
enum { DHCP_CLIENT = 68, DHCP_SERVER = 67, MLDV1_REPORT = 131, MLDV2_REPORT = 143 };

struct port {
    struct derive *d;
    uint32_t cookie, key, dp_key;
    struct of_match match;                                   /* of the flow that is being made */
};

/* What becomes of a packet. */
enum verdict { ALLOW, REFUSE, CHECK_ND };

static void
emit(struct port *port, enum of_table table, uint16_t priority, enum verdict verdict)
{
    struct buf actions = BUF_INIT(1024);
    bool out = table == OFT_OUT_PORT_SECURITY;

    metadata_match(&port->match, port->dp_key);
    of_match_set_u64(&port->match, OFF_REG(out ? LOGICAL_REG_OUTPORT : LOGICAL_REG_INPORT), port->key);
    if (verdict == CHECK_ND) {
        of_act_resubmit(&actions, OFT_IN_PORT_SECURITY_ND);
    } else {
        of_act_load_u64(&actions, (struct of_subfield) {OFF_REG(LOGICAL_REG_FLAGS), LOGICAL_FLAG_CHECK_PORT_SEC, 1},
                        verdict == REFUSE);
    }
    emit_of_flow(port->d, &(struct flow) {.table = (uint8_t) table, .priority = priority, .cookie = port->cookie,
                                          .match = &port->match, .actions = actions.data, .n_actions = actions.size});
    of_match_fini(&port->match);
    of_match_init(&port->match);
    buf_fini(&actions);
}

/* Begin a match. */
static struct of_match *
from_mac(struct port *port, uint16_t eth_type, struct eth_addr mac)
{
    if (eth_type) {
        of_match_set_u64(&port->match, OFF_ETH_TYPE, eth_type);
    }
    of_match_set_eth(&port->match, OFF_ETH_SRC, mac);
    return &port->match;
}

static struct of_match *
to_mac(struct port *port, uint16_t eth_type, struct eth_addr mac)
{
    if (eth_type) {
        of_match_set_u64(&port->match, OFF_ETH_TYPE, eth_type);
    }
    of_match_set_eth(&port->match, OFF_ETH_DST, mac);
    return &port->match;
}

static void
match_icmp6(struct of_match *match, uint8_t type)
{
    of_match_set_u64(match, OFF_ETH_TYPE, ETH_TYPE_IP6);
    of_match_set_u64(match, OFF_IP_PROTO, IP_PROTO_ICMP6);
    of_match_set_u64(match, OFF_ICMPV6_TYPE, type);
}

/* "If the host part is zero, any address in the subnet; else the mask simply indicates the size of the subnet." */
static struct ip4_prefix
allowed4(struct ip4_prefix prefix)
{
    return ip4_prefix_has_host_bits(prefix) ? (struct ip4_prefix) {prefix.addr, UINT32_MAX} : prefix;
}

static struct ip6_prefix
host6(struct in6_addr addr)
{
    return (struct ip6_prefix) {addr, ip6_mask_from_plen(128)};
}

static struct ip6_prefix
allowed6(const struct ip6_prefix *prefix)
{
    struct in6_addr network = ip6_network(prefix);
    return ip6_eq(&network, &prefix->addr) ? *prefix : host6(prefix->addr);
}

static struct ip6_prefix
prefix6(const char *text)
{
    struct ip6_prefix prefix;
    bool ok = ip6_prefix_parse(str_from(text), &prefix);
    CHECK(ok);
    return prefix;
}

/* --- What the host sends --- */

static void
emit_in_defaults(struct port *port)
{
    emit(port, OFT_IN_PORT_SECURITY, PRIO_DEFAULT, REFUSE);
    of_match_set_u64(&port->match, OFF_ETH_TYPE, ETH_TYPE_ARP);
    emit(port, OFT_IN_PORT_SECURITY, PRIO_ARP, CHECK_ND);

    of_match_set_u64(&port->match, OFF_ETH_TYPE, ETH_TYPE_ARP);
    emit(port, OFT_IN_PORT_SECURITY_ND, PRIO_DEFAULT, REFUSE);
    for (uint8_t type = ICMP6_NS; type <= ICMP6_NA; type++) {
        match_icmp6(&port->match, type);
        of_match_set_u64(&port->match, OFF_IP_TTL, 255);
        emit(port, OFT_IN_PORT_SECURITY_ND, PRIO_DEFAULT, REFUSE);
    }
}

/* IPv4, and asking for an address. */
static void
emit_in_ip4(struct port *port, const struct lport_addrs *addrs)
{
    for (size_t i = 0; i < addrs->n_v4; i++) {
        struct of_match *match = from_mac(port, ETH_TYPE_IP4, addrs->mac);
        of_match_set_ip4(match, OFF_IP_SRC, allowed4(addrs->v4[i]));
        emit(port, OFT_IN_PORT_SECURITY, PRIO_ALLOW, ALLOW);
    }
    if (addrs->n_v4) {
        struct of_match *match = from_mac(port, ETH_TYPE_IP4, addrs->mac);
        of_match_set_ip4(match, OFF_IP_SRC, (struct ip4_prefix) {0, UINT32_MAX});
        of_match_set_ip4(match, OFF_IP_DST, (struct ip4_prefix) {UINT32_MAX, UINT32_MAX});
        of_match_set_u64(match, OFF_IP_PROTO, IP_PROTO_UDP);
        of_match_set_u64(match, OFF_UDP_SRC, DHCP_CLIENT);
        of_match_set_u64(match, OFF_UDP_DST, DHCP_SERVER);
        emit(port, OFT_IN_PORT_SECURITY, PRIO_ALLOW, ALLOW);
    }
}

/* From the unspecified address: what a host sends before it has one. */
static void
emit_in_unspecified(struct port *port, struct eth_addr mac, uint8_t type, enum verdict verdict)
{
    struct ip6_prefix unspecified = prefix6("::"), link_scope = prefix6("ff02::/16");
    struct of_match *match = from_mac(port, ETH_TYPE_IP6, mac);

    of_match_set_ip6(match, OFF_IPV6_SRC, &unspecified);
    of_match_set_ip6(match, OFF_IPV6_DST, &link_scope);
    match_icmp6(match, type);
    of_match_set_u64(match, OFF_ICMPV6_CODE, 0);
    emit(port, OFT_IN_PORT_SECURITY, PRIO_ALLOW, verdict);
}

static void
emit_in_ip6_source(struct port *port, struct eth_addr mac, const struct ip6_prefix *prefix)
{
    of_match_set_ip6(from_mac(port, ETH_TYPE_IP6, mac), OFF_IPV6_SRC, prefix);
    emit(port, OFT_IN_PORT_SECURITY, PRIO_ALLOW, CHECK_ND);
}

static void
emit_in_ip6(struct port *port, const struct lport_addrs *addrs)
{
    if (!addrs->n_v6) {
        return;
    }
    struct ip6_prefix prefix = host6(ip6_link_local(addrs->mac));
    emit_in_ip6_source(port, addrs->mac, &prefix);
    for (size_t i = 0; i < addrs->n_v6; i++) {
        prefix = allowed6(&addrs->v6[i]);
        emit_in_ip6_source(port, addrs->mac, &prefix);
    }
    emit_in_unspecified(port, addrs->mac, MLDV1_REPORT, ALLOW);
    emit_in_unspecified(port, addrs->mac, MLDV2_REPORT, ALLOW);
    emit_in_unspecified(port, addrs->mac, ICMP6_NS, CHECK_ND);
}

/* ARP may only tell of 'mac', and of 'prefix' (NULL: any address). */
static void
emit_arp(struct port *port, struct eth_addr mac, const struct ip4_prefix *prefix)
{
    struct of_match *match = from_mac(port, ETH_TYPE_ARP, mac);
    of_match_set_eth(match, OFF_ARP_SHA, mac);
    if (prefix) {
        of_match_set_ip4(match, OFF_ARP_SPA, allowed4(*prefix));
    }
    emit(port, OFT_IN_PORT_SECURITY_ND, PRIO_ALLOW, ALLOW);
}

/* Solicitations (any target) and advertisements (of 'target'; NULL: any) with link-layer address 'mac', or without one. */
static void
emit_nd(struct port *port, struct eth_addr mac, bool is_advert, const struct ip6_prefix *target)
{
    for (int with_mac = 0; with_mac <= 1; with_mac++) {
        struct of_match *match = from_mac(port, 0, mac);
        match_icmp6(match, is_advert ? ICMP6_NA : ICMP6_NS);
        of_match_set_u64(match, OFF_ICMPV6_CODE, 0);
        of_match_set_u64(match, OFF_IP_TTL, 255);            /* RFC 4861, section 7.1 */
        of_match_set_eth(match, is_advert ? OFF_ND_TLL : OFF_ND_SLL, with_mac ? mac : ETH_ADDR_ZERO);
        if (target) {
            of_match_set_ip6(match, OFF_ND_TARGET, target);
        }
        emit(port, OFT_IN_PORT_SECURITY_ND, PRIO_ALLOW, ALLOW);
    }
}

static void
emit_in_neighbors(struct port *port, const struct lport_addrs *addrs, bool any_l3)
{
    struct eth_addr mac = addrs->mac;

    for (size_t i = 0; i < addrs->n_v4; i++) {
        emit_arp(port, mac, &addrs->v4[i]);
    }
    if (any_l3) {
        emit_arp(port, mac, NULL);
        emit_nd(port, mac, true, NULL);
    }
    if (any_l3 || addrs->n_v6) {
        emit_nd(port, mac, false, NULL);
    }
    if (addrs->n_v6) {
        struct ip6_prefix target = host6(ip6_link_local(mac));
        emit_nd(port, mac, true, &target);
    }
    for (size_t i = 0; i < addrs->n_v6; i++) {
        struct ip6_prefix target = allowed6(&addrs->v6[i]);
        emit_nd(port, mac, true, &target);
    }
}

static void
emit_in(struct port *port, const struct lport_addrs *addrs, bool any_l3)
{
    /* "RARP is not restricted", but for the Ethernet address. */
    from_mac(port, any_l3 ? 0 : ETH_TYPE_RARP, addrs->mac);
    emit(port, OFT_IN_PORT_SECURITY, PRIO_ALLOW, any_l3 ? CHECK_ND : ALLOW);
    emit_in_ip4(port, addrs);
    emit_in_ip6(port, addrs);
    emit_in_neighbors(port, addrs, any_l3);
}

/* --- What the host receives: multicast and broadcast frames do not come here --- */

static void
emit_out_ip4(struct port *port, struct eth_addr mac, struct ip4_prefix prefix)
{
    of_match_set_ip4(to_mac(port, ETH_TYPE_IP4, mac), OFF_IP_DST, prefix);
    emit(port, OFT_OUT_PORT_SECURITY, PRIO_ALLOW_OUT, ALLOW);
}

static void
emit_out_ip6(struct port *port, struct eth_addr mac, struct ip6_prefix prefix)
{
    of_match_set_ip6(to_mac(port, ETH_TYPE_IP6, mac), OFF_IPV6_DST, &prefix);
    emit(port, OFT_OUT_PORT_SECURITY, PRIO_ALLOW_OUT, ALLOW);
}

static void
emit_out_l3(struct port *port, const struct lport_addrs *addrs)
{
    struct eth_addr mac = addrs->mac;

    for (size_t i = 0; i < addrs->n_v4; i++) {
        struct ip4_prefix prefix = addrs->v4[i];
        emit_out_ip4(port, mac, allowed4(prefix));
        if (ip4_prefix_has_host_bits(prefix)) {
            emit_out_ip4(port, mac, (struct ip4_prefix) {ip4_broadcast(prefix), UINT32_MAX});
        }
    }
    if (addrs->n_v4) {
        emit_out_ip4(port, mac, (struct ip4_prefix) {UINT32_MAX, UINT32_MAX});
        emit_out_ip4(port, mac, (struct ip4_prefix) {htobe32(0xe0000000), htobe32(0xf0000000)});
    }
    for (size_t i = 0; i < addrs->n_v6; i++) {
        emit_out_ip6(port, mac, allowed6(&addrs->v6[i]));
    }
    if (addrs->n_v6) {
        emit_out_ip6(port, mac, host6(ip6_link_local(mac)));
        emit_out_ip6(port, mac, prefix6("ff00::/8"));
    }
    to_mac(port, ETH_TYPE_IP4, mac);
    emit(port, OFT_OUT_PORT_SECURITY, PRIO_REFUSE_L3, REFUSE);
    to_mac(port, ETH_TYPE_IP6, mac);
    emit(port, OFT_OUT_PORT_SECURITY, PRIO_REFUSE_L3, REFUSE);
}

static void
emit_out(struct port *port, const struct lport_addrs *addrs, bool any_l3)
{
    to_mac(port, 0, addrs->mac);
    emit(port, OFT_OUT_PORT_SECURITY, PRIO_ANY_L3, ALLOW);
    if (!any_l3) {
        emit_out_l3(port, addrs);
    }
}

/* --- --- */

/* One element: addresses separated by white space or commas.  What does not parse allows nothing. */
static void
emit_element(struct port *port, const char *lport, const char *element)
{
    struct lport_addrs addrs;
    char *text = xstrdup(element);
    for (char *p = text; *p; p++) {
        if (*p == ',') {
            *p = ' ';
        }
    }
    struct err *e = lport_addrs_parse(str_from(text), &addrs);
    free(text);
    if (e) {
        log_warn_rl("lport=%s port_security: %s", lport, err_detail(e));
        err_free(e);
        return;
    }
    bool any_l3 = !addrs.n_v4 && !addrs.n_v6;
    emit_in(port, &addrs, any_l3);
    emit_out(port, &addrs, any_l3);
    lport_addrs_fini(&addrs);
}

void
derive_port_security(struct derive *d, uint64_t key)
{
    const struct row *row = replica_row_by_id(controller_of(d)->sb, SB_TABLE_PORT_BINDING, (uint32_t) key);
    const struct sb_port_binding *pb = sb_port_binding(row);
    const struct datum *elements = sb_port_binding_port_security(d, pb);
    const struct sb_datapath_binding *dp = elements->n ? sb_port_binding_datapath(d, pb) : NULL;

    if (!dp || !is_local_datapath(d, dp->row.id) || !binding_is_wanted_here(d, pb)) {
        return;
    }
    struct port port = {.d = d, .cookie = cookie_of(&row->uuid), .key = (uint32_t) sb_port_binding_tunnel_key(d, pb),
                        .dp_key = (uint32_t) sb_datapath_binding_tunnel_key(d, dp)};
    of_match_init(&port.match);
    emit_in_defaults(&port);
    emit(&port, OFT_OUT_PORT_SECURITY, PRIO_DEFAULT, REFUSE);
    for (uint32_t i = 0; i < elements->n; i++) {
        emit_element(&port, sb_port_binding_logical_port(d, pb), datum_keys(elements)[i].string->text);
    }
}
