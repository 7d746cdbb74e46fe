/* SPDX-License-Identifier: Apache-2.0 */
/* Resolution of next hops that are ports of the logical network (ovn-northd(8), "Ingress Table 17: ARP/ND
 * Resolution"): the MAC addresses that northd knows, so that no router need ask. */
#include <config.h>

#include "northd/emit.h"
#include "northd/options.h"
#include "northd/ports.h"
#include "northd/registers.h"

/* On the router of 'via', packets out of port 'via' to 'ip' go to 'mac'. */
static void
emit_resolution(struct derive *d, uint32_t via, const struct ip_prefix *ip, struct eth_addr mac, const struct uuid *hint)
{
    struct arena *a = run_arena(d);
    const struct lrp_conf *conf = lrp_conf(d, via);
    const char *name = nb_logical_router_port_name(d, lrp_row(d, via));
    const struct expr *next_hop = ip->is_v6 ? expr_eq_ip6(a, R_NEXTHOP6, &ip->v6.addr)
                                            : expr_eq_ip4(a, R_NEXTHOP4, ip->v4.addr);
    emit_flow(d, &(struct lflow) {.stage = LR_IN_ARP_RESOLVE, .priority = 100, .dp = dp_router(conf->lr),
                                  .match = expr_and(a, expr_eq_str(a, F_OUTPORT, name), next_hop),
                                  .actions = act_seq(a, act_set_mac(a, F_ETH_DST, mac), act_next()), .hint = hint});
}

static struct ip_addr
address_of(const struct ip_prefix *prefix)
{
    struct ip_addr ip = {.is_v6 = prefix->is_v6};
    if (prefix->is_v6) {
        ip.v6 = prefix->v6.addr;
    } else {
        ip.v4 = prefix->v4.addr;
    }
    return ip;
}

static bool
is_on_network_of(struct derive *d, uint32_t lrp, const struct ip_prefix *address)
{
    struct ip_addr ip = address_of(address);
    size_t n;
    const struct ip_prefix *networks = lrp_networks(d, lrp, &n);
    for (size_t i = 0; i < n; i++) {
        if (ip_prefix_contains(&networks[i], &ip)) {
            return true;
        }
    }
    return false;
}

static bool
is_usable(const struct lrp_conf *conf)
{
    return conf->lr != NO_ROW && conf->is_valid;
}

/* A switch port's addresses, on each router that its switch is attached to. */
void
derive_lsp_neighbors(struct derive *d, uint64_t lsp)
{
    const struct lsp_conf *conf = lsp_conf(d, lsp);
    size_t n_addresses, n_routers;

    if (conf->ls == NO_ROW || conf->type == LSP_ROUTER || conf->type == LSP_VIRTUAL || !conf->enabled) {
        return;
    }
    const struct port_address *addresses = lsp_addresses(d, lsp, &n_addresses);
    const uint64_t *attached = derive_members(d, C_LS_ROUTER_PORTS, conf->ls, &n_routers);
    for (size_t i = 0; i < n_addresses; i++) {
        for (size_t j = 0; addresses[i].has_ip && j < n_routers; j++) {
            uint32_t lrp = derive_second(attached[j]);
            if (is_usable(lrp_conf(d, lrp)) && is_on_network_of(d, lrp, &addresses[i].ip)) {
                emit_resolution(d, lrp, &addresses[i].ip, addresses[i].mac, &lsp_row(d, lsp)->row.uuid);
            }
        }
    }
}

static bool
learns_neighbors(struct derive *d, uint32_t lr)
{
    return is_true(nb_logical_router_options_get(d, lr_row(d, lr), "dynamic_neigh_routers"));
}

/* On the router of 'via', the addresses of router port 'target'. */
static void
emit_router_neighbor(struct derive *d, uint32_t via, uint32_t target)
{
    const struct lrp_conf *via_conf = lrp_conf(d, via), *target_conf = lrp_conf(d, target);
    size_t n;

    if (!is_usable(via_conf) || !is_usable(target_conf) || learns_neighbors(d, via_conf->lr)) {
        return;
    }
    const struct ip_prefix *networks = lrp_networks(d, target, &n);
    for (size_t i = 0; i < n; i++) {
        emit_resolution(d, via, &networks[i], target_conf->mac, &lrp_row(d, target)->row.uuid);
    }
}

/* The other router ports that this one can send to: its peer, and those on the same switch. */
void
derive_lrp_neighbors(struct derive *d, uint64_t lrp)
{
    const struct lrp_conf *conf = lrp_conf(d, lrp);
    size_t n_peers, n_routers;

    if (conf->peer_lrp != NO_ROW) {
        emit_router_neighbor(d, (uint32_t) lrp, conf->peer_lrp);
    }
    const uint64_t *peers = derive_members(d, C_LRP_PEERS, lrp, &n_peers);
    for (size_t i = 0; i < n_peers; i++) {
        const uint64_t *attached = derive_members(d, C_LS_ROUTER_PORTS, lsp_conf(d, peers[i])->ls, &n_routers);
        for (size_t j = 0; j < n_routers; j++) {
            uint32_t other = derive_second(attached[j]);
            if (other != lrp) {
                emit_router_neighbor(d, (uint32_t) lrp, other);
            }
        }
    }
}
