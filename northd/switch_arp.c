/* SPDX-License-Identifier: Apache-2.0 */
/* ARP and neighbor-discovery responders of switches (ovn-northd(8), "Ingress Table 19: ARP/ND responder"): the
 * switch answers for ports whose addresses are known, so that requests need not be flooded. */
#include <config.h>

#include "northd/emit.h"
#include "northd/options.h"
#include "northd/ports.h"

struct responder {
    struct derive *d;
    struct arena *a;
    const struct lsp_conf *conf;
    const char *name;
    const struct uuid *uuid;
};

static void
emit_response(const struct responder *r, uint16_t priority, const struct expr *match, const struct act *actions)
{
    emit_flow(r->d, &(struct lflow) {.stage = LS_IN_ARP_ND_RSP, .priority = priority, .dp = dp_switch(r->conf->ls),
                                     .match = match, .actions = actions, .hint = r->uuid});
}

static const struct act *
send_back(struct arena *a)
{
    return act_seq(a, act_move(a, F_OUTPORT, F_INPORT), act_set_u64(a, F_FLAGS_LOOPBACK, 1), act_output());
}

static const struct act *
arp_reply(struct arena *a, struct eth_addr mac, be32 ip)
{
    return act_seq(a, act_move(a, F_ETH_DST, F_ETH_SRC), act_set_mac(a, F_ETH_SRC, mac), act_set_u64(a, F_ARP_OP, 2),
                   act_move(a, F_ARP_THA, F_ARP_SHA), act_set_mac(a, F_ARP_SHA, mac),
                   act_move(a, F_ARP_TPA, F_ARP_SPA), act_set_ip4(a, F_ARP_SPA, ip), send_back(a));
}

static const struct act *
nd_reply(struct arena *a, bool is_router, struct eth_addr mac, const struct in6_addr *ip)
{
    const struct act *inner = act_seq(a, act_set_mac(a, F_ETH_SRC, mac), act_set_ip6(a, F_IP6_SRC, ip),
                                      act_set_ip6(a, F_ND_TARGET, ip), act_set_mac(a, F_ND_TLL, mac), send_back(a));
    return act_block(a, is_router ? ACT_ND_NA_ROUTER : ACT_ND_NA, inner);
}

static const struct expr *
asks_for_v6(struct arena *a, const struct in6_addr *ip)
{
    struct in6_addr solicited = ip6_solicited_node(ip);
    struct lconst targets[] = {lconst_ip6(ip), lconst_ip6(&solicited)};
    return expr_and(a, expr_has(a, F_ND_NS), expr_in_set(a, F_IP6_DST, targets, 2), expr_eq_ip6(a, F_ND_TARGET, ip));
}

static const struct expr *
asks_for_v4(struct arena *a, be32 ip)
{
    return expr_and(a, expr_eq_ip4(a, F_ARP_TPA, ip), expr_eq_u64(a, F_ARP_OP, 1));
}

/* Answers for one address; but a port that asks for its own (duplicate address detection) is let through. */
static void
emit_responder(const struct responder *r, const struct port_address *address)
{
    struct arena *a = r->a;
    const struct expr *asks = address->ip.is_v6 ? asks_for_v6(a, &address->ip.v6.addr)
                                                : asks_for_v4(a, address->ip.v4.addr);
    const struct act *reply = address->ip.is_v6
        ? nd_reply(a, r->conf->type == LSP_ROUTER, address->mac, &address->ip.v6.addr)
        : arp_reply(a, address->mac, address->ip.v4.addr);
    emit_response(r, 50, asks, reply);
    emit_response(r, 100, expr_and(a, asks, expr_eq_str(a, F_INPORT, r->name)), act_next());
}

/* Whether NB_Global options:ignore_lsp_down matters: ports that a chassis claims. */
static bool
answers_only_when_up(enum lsp_type type)
{
    return type == LSP_VIF || type == LSP_EXTERNAL || type == LSP_REMOTE;
}

static bool
is_answered_for(struct derive *d, const struct nb_logical_switch_port *row, enum lsp_type type)
{
    switch (type) {
    case LSP_VIF:
    case LSP_ROUTER:
    case LSP_LOCALPORT:
    case LSP_SWITCH:
    case LSP_REMOTE:
    case LSP_L2GATEWAY:
    case LSP_VTEP:
        break;
    default:
        return false;
    }
    if (!answers_only_when_up(type) || !nb_option_is_false(d, OPT_IGNORE_LSP_DOWN)) {
        return true;
    }
    const bool *up = nb_logical_switch_port_up(d, row);
    return up && *up;
}

void
derive_lsp_arp(struct derive *d, uint64_t lsp)
{
    const struct nb_logical_switch_port *row = lsp_row(d, lsp);
    struct responder r = {d, run_arena(d), lsp_conf(d, lsp), nb_logical_switch_port_name(d, row), &row->row.uuid};
    size_t n;

    if (r.conf->ls == NO_ROW) {
        return;
    }
    if (r.conf->type == LSP_LOCALNET || r.conf->type == LSP_VTEP) {
        emit_response(&r, 100, expr_eq_str(r.a, F_INPORT, r.name), act_next());
    }
    if (r.conf->has_unknown || !is_answered_for(d, row, r.conf->type)) {
        return;
    }
    const struct port_address *addresses = lsp_addresses(d, lsp, &n);
    for (size_t i = 0; i < n; i++) {
        if (addresses[i].has_ip) {
            emit_responder(&r, &addresses[i]);
        }
    }
}
