/* SPDX-License-Identifier: Apache-2.0 */
/* Who is connected to whom: each row says what it knows of its own place, into collections that others read.
 * Nothing here walks the ports of a switch or a router. */
#include <config.h>

#include "northd/topology.h"

#include <string.h>

#include "lib/base/hash.h"
#include "northd/emit.h"
#include "northd/multicast.h"
#include "northd/ports.h"
#include "northd/tunnel_keys.h"

/* The tunnel key that an option asks for, or 0. */
static uint32_t
wanted_key(const char *text, uint32_t max)
{
    uint32_t key;
    return text && str_to_uint32(text, 10, &key) && key <= max ? key : 0;
}

enum { MAX_DATAPATH_KEY = (1 << 24) - 1, MAX_PORT_KEY = (1 << 15) - 1 };

/* Puts a datapath into a datapath set: for derivations that ask, and for the Logical_DP_Group row, which exists as long as
 * somebody is in it. */
static void
join_dp_set(struct derive *d, enum northd_collection set, uint64_t key, const struct uuid *datapath)
{
    struct desired *scratch = &northd_of(d)->desired;
    struct uuid group = dp_set_uuid(d, set, 0);
    derive_member(d, set, 0, key);
    desired_emit(desired_begin(scratch, SB_TABLE_LOGICAL_DP_GROUP, writer_key_uuid(&group)), d, S_SB_ROW);
    desired_emit_member(scratch, d, S_SB_MEMBER, SB_TABLE_LOGICAL_DP_GROUP, writer_key_uuid(&group),
                        SB_LOGICAL_DP_GROUP_DATAPATHS, SB_TABLE_DATAPATH_BINDING, writer_key_uuid(datapath));
}

void
derive_ls_topology(struct derive *d, uint64_t key)
{
    const struct nb_logical_switch *ls = ls_row(d, key);
    const char *wanted = nb_logical_switch_other_config_get(d, ls, "requested-tnl-key");
    join_dp_set(d, C_SWITCHES, key, &ls->row.uuid);
    derive_member(d, C_DATAPATHS, wanted_key(wanted, MAX_DATAPATH_KEY), dp_of_switch((uint32_t) key));
}

void
derive_lr_topology(struct derive *d, uint64_t key)
{
    const struct nb_logical_router *lr = lr_row(d, key);
    if (!lr_is_enabled(d, lr)) {
        return;
    }
    join_dp_set(d, C_ROUTERS, key, &lr->row.uuid);
    join_dp_set(d, lr_learns_all(d, lr) ? C_ROUTERS_LEARN_ALL : C_ROUTERS_LEARN_SOME, key, &lr->row.uuid);
    const char *wanted = nb_logical_router_options_get(d, lr, "requested-tnl-key");
    derive_member(d, C_DATAPATHS, wanted_key(wanted, MAX_DATAPATH_KEY), dp_of_router((uint32_t) key));
}

static void
join_group(struct derive *d, uint32_t ls, enum multicast_group group, uint64_t lsp)
{
    uint8_t key[MULTICAST_KEY_SIZE];
    const char *name = nb_logical_switch_port_name(d, lsp_row(d, lsp));
    derive_member(d, C_MC_PORTS, derive_pair(ls, group), lsp);
    desired_emit_member(&northd_of(d)->desired, d, S_SB_MEMBER, SB_TABLE_MULTICAST_GROUP,
                        multicast_group_key(&ls_row(d, ls)->row.uuid, group, key), SB_MULTICAST_GROUP_PORTS,
                        SB_TABLE_PORT_BINDING, str_from(name));
}

void
derive_lsp_topology(struct derive *d, uint64_t lsp)
{
    const struct lsp_conf *conf = lsp_conf(d, lsp);
    if (conf->ls == NO_ROW) {
        return;
    }
    const char *wanted = nb_logical_switch_port_options_get(d, lsp_row(d, lsp), "requested-tnl-key");
    derive_member(d, C_PORTS, dp_of_switch(conf->ls),
                  port_request(port_of_lsp((uint32_t) lsp), nb_logical_switch_port_name(d, lsp_row(d, lsp)),
                               (uint16_t) wanted_key(wanted, MAX_PORT_KEY)));
    if (conf->enabled) {
        join_group(d, conf->ls, MC_FLOOD, lsp);
        if (conf->type != LSP_ROUTER) {
            join_group(d, conf->ls, MC_FLOOD_L2, lsp);
        }
        if (conf->has_unknown) {
            join_group(d, conf->ls, MC_UNKNOWN, lsp);
        }
    }
    if (conf->lrp != NO_ROW) {
        derive_member(d, C_LRP_PEERS, conf->lrp, lsp);
        derive_member(d, C_LS_ROUTER_PORTS, conf->ls, derive_pair((uint32_t) lsp, conf->lrp));
    }
}

uint64_t
network_key(uint32_t lr, const struct ip_prefix *network)
{
    uint64_t hash = hash_mix64(derive_pair(lr, (uint32_t) ip_prefix_plen(network)));
    return network->is_v6 ? hash_bytes64(&network->v6.addr, sizeof network->v6.addr, hash)
                          : hash_bytes64(&network->v4.addr, sizeof network->v4.addr, hash);
}

void
derive_lrp_topology(struct derive *d, uint64_t lrp)
{
    const struct lrp_conf *conf = lrp_conf(d, lrp);
    if (conf->lr == NO_ROW) {
        return;
    }
    const char *wanted = nb_logical_router_port_options_get(d, lrp_row(d, lrp), "requested-tnl-key");
    derive_member(d, C_PORTS, dp_of_router(conf->lr),
                  port_request(port_of_lrp((uint32_t) lrp), nb_logical_router_port_name(d, lrp_row(d, lrp)),
                               (uint16_t) wanted_key(wanted, MAX_PORT_KEY)));
    size_t n;
    const struct ip_prefix *networks = lrp_networks(d, lrp, &n);
    for (size_t i = 0; i < n; i++) {
        struct ip_prefix network = ip_prefix_network(&networks[i]);
        derive_member(d, C_LR_NETWORKS, network_key(conf->lr, &network), lrp);
        derive_member(d, C_LR_PLENS, derive_pair(conf->lr, network.is_v6), (uint64_t) ip_prefix_plen(&network));
    }
}

void
derive_ls_unknown(struct derive *d, uint64_t ls)
{
    bool unknown = derive_has_members(d, C_MC_PORTS, derive_pair((uint32_t) ls, MC_UNKNOWN));
    join_dp_set(d, unknown ? C_SWITCHES_UNKNOWN : C_SWITCHES_KNOWN, ls, &ls_row(d, ls)->row.uuid);
}
