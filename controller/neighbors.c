/* SPDX-License-Identifier: Apache-2.0 */
/* Learned neighbors and addresses: rows of MAC_Binding answer get_arp(), lookup_arp() and their like; rows of FDB answer
 * get_fdb() and lookup_fdb() (lib/logical/encode.h says in which registers). */
#include <config.h>

#include "controller/datapaths.h"
#include "controller/flows.h"
#include "controller/lookup.h"
#include "controller/metadata.h"
#include "lib/logical/encode.h"
#include "lib/packet/addr.h"
#include "lib/packet/headers.h"

enum { PRIORITY = 100 };

struct entry {
    struct derive *d;
    uint32_t cookie, dp_key, port_key;
    struct eth_addr mac;
};

/* Sets one of the flags that a look-up leaves for the pipeline. */
static void
set_flag(struct buf *actions, unsigned int flag)
{
    of_act_load_u64(actions, (struct of_subfield) {OFF_REG(LOGICAL_REG_FLAGS), (uint16_t) flag, 1}, 1);
}

static void
emit_entry(const struct entry *entry, enum of_table table, struct of_match *match, struct buf *actions)
{
    metadata_match(match, entry->dp_key);
    emit_of_flow(entry->d, &(struct flow) {.table = (uint8_t) table, .priority = PRIORITY, .cookie = entry->cookie,
                                           .match = match, .actions = actions->data, .n_actions = actions->size});
    of_match_fini(match);
    buf_clear(actions);
}

/* The address that is asked for, in reg0 or xxreg0. */
static void
match_address(struct of_match *match, const struct ip_addr *ip)
{
    if (ip->is_v6) {
        struct of_value value = of_value_ip6(&ip->v6);
        of_match_set(match, OFF_XXREG(0), &value);
    } else {
        of_match_set_u64(match, OFF_REG(0), be32toh(ip->v4));
    }
}

/* get_arp() is asked by IPv4 packets, lookup_arp_ip() by ARP; the type keeps reg0 and xxreg0 apart. */
static void
emit_resolution(const struct entry *entry, const struct ip_addr *ip, uint16_t eth_type)
{
    struct buf actions = BUF_INIT(1024);
    struct of_match match;
    struct of_value mac = of_value_eth(entry->mac);

    of_match_init(&match);
    of_match_set_u64(&match, OFF_ETH_TYPE, eth_type);
    of_match_set_u64(&match, OFF_REG(LOGICAL_REG_OUTPORT), entry->port_key);
    match_address(&match, ip);
    of_act_set_field(&actions, OFF_ETH_DST, &mac, NULL);
    set_flag(&actions, LOGICAL_FLAG_LOOKUP_MAC);
    emit_entry(entry, OFT_MAC_BINDING, &match, &actions);
    buf_fini(&actions);
}

static void
emit_lookup(const struct entry *entry, const struct ip_addr *ip)
{
    struct buf actions = BUF_INIT(1024);
    struct of_match match;

    of_match_init(&match);
    of_match_set_u64(&match, OFF_ETH_TYPE, ip->is_v6 ? ETH_TYPE_IP6 : ETH_TYPE_ARP);
    of_match_set_eth(&match, OFF_ETH_SRC, entry->mac);
    of_match_set_u64(&match, OFF_REG(LOGICAL_REG_INPORT), entry->port_key);
    match_address(&match, ip);
    set_flag(&actions, LOGICAL_FLAG_LOOKUP_MAC);
    emit_entry(entry, OFT_MAC_LOOKUP, &match, &actions);
    buf_fini(&actions);
}

void
derive_mac_binding(struct derive *d, uint64_t key)
{
    const struct row *row = replica_row_by_id(controller_of(d)->sb, SB_TABLE_MAC_BINDING, (uint32_t) key);
    const struct sb_mac_binding *mb = sb_mac_binding(row);
    const struct sb_datapath_binding *dp = sb_mac_binding_datapath(d, mb);
    const struct sb_port_binding *pb = lookup_port_binding(d, str_from(sb_mac_binding_logical_port(d, mb)));
    struct entry entry = {.d = d, .cookie = cookie_of(&row->uuid)};
    struct ip_addr ip;

    if (!dp || !pb || !is_local_datapath(d, dp->row.id)
        || !ip_addr_parse(str_from(sb_mac_binding_ip(d, mb)), &ip)
        || !eth_addr_parse(str_from(sb_mac_binding_mac(d, mb)), &entry.mac)) {
        return;
    }
    entry.dp_key = (uint32_t) sb_datapath_binding_tunnel_key(d, dp);
    entry.port_key = (uint32_t) sb_port_binding_tunnel_key(d, pb);
    if (ip.is_v6) {
        emit_resolution(&entry, &ip, ETH_TYPE_IP6);
    } else {
        emit_resolution(&entry, &ip, ETH_TYPE_IP4);
        emit_resolution(&entry, &ip, ETH_TYPE_ARP);
    }
    emit_lookup(&entry, &ip);
}

void
derive_fdb(struct derive *d, uint64_t key)
{
    const struct controller *c = controller_of(d);
    const struct row *row = replica_row_by_id(c->sb, SB_TABLE_FDB, (uint32_t) key);
    const struct sb_fdb *fdb = sb_fdb(row);
    struct entry entry = {.d = d, .cookie = cookie_of(&row->uuid), .dp_key = (uint32_t) sb_fdb_dp_key(d, fdb),
                          .port_key = (uint32_t) sb_fdb_port_key(d, fdb)};
    union atom dp_key = {.integer = entry.dp_key};
    const struct row *dp = replica_find(d, c->sb, c->indexes[IX_DP_BY_KEY], &dp_key);
    struct buf actions = BUF_INIT(1024);
    struct of_match match;

    if (!dp || !is_local_datapath(d, dp->id) || !eth_addr_parse(str_from(sb_fdb_mac(d, fdb)), &entry.mac)) {
        return;
    }
    of_match_init(&match);
    of_match_set_eth(&match, OFF_ETH_DST, entry.mac);
    of_act_set_u64(&actions, OFF_REG(LOGICAL_REG_OUTPORT), entry.port_key);
    emit_entry(&entry, OFT_GET_FDB, &match, &actions);

    of_match_init(&match);
    of_match_set_eth(&match, OFF_ETH_SRC, entry.mac);
    of_match_set_u64(&match, OFF_REG(LOGICAL_REG_INPORT), entry.port_key);
    set_flag(&actions, LOGICAL_FLAG_LOOKUP_FDB);
    emit_entry(&entry, OFT_LOOKUP_FDB, &match, &actions);
    buf_fini(&actions);
}
