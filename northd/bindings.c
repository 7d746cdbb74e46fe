/* SPDX-License-Identifier: Apache-2.0 */
/* The Southbound rows that name datapaths, ports and multicast groups. */
#include <config.h>

#include <string.h>

#include "lib/base/mem.h"
#include "northd/multicast.h"
#include "northd/ports.h"
#include "northd/tunnel_keys.h"

const struct multicast_group_def multicast_group_defs[N_MULTICAST_GROUPS] = {
#define X(ID, KEY, NAME) [ID] = {NAME, KEY},
    MULTICAST_GROUPS(X)
#undef X
};

/* --- Datapath_Binding: keyed by the Northbound uuid, which is its own uuid too --- */

/* Begins the row of 'datapath', unless it has no key: the allocator has said why. */
static struct desired *
begin_datapath(struct derive *d, uint64_t datapath, const struct uuid *uuid, const char *what, const char *name)
{
    char text[UUID_LENGTH + 1];
    uint32_t key = datapath_key(d, datapath);

    if (!key) {
        return NULL;
    }
    uuid_format(uuid, text);
    struct desired *r = desired_begin(&northd_of(d)->desired, SB_TABLE_DATAPATH_BINDING, writer_key_uuid(uuid));
    desired_integer(r, SB_DATAPATH_BINDING_TUNNEL_KEY, key);
    desired_pair(r, SB_DATAPATH_BINDING_EXTERNAL_IDS, what, text);
    desired_pair(r, SB_DATAPATH_BINDING_EXTERNAL_IDS, "name", name);
    desired_string(r, SB_DATAPATH_BINDING_TYPE, what);
    desired_uuid(r, SB_DATAPATH_BINDING_NB_UUID, uuid);
    return r;
}

static void
set_datapath_id(struct desired *r, const char *key, const char *value)
{
    if (value && *value) {
        desired_pair(r, SB_DATAPATH_BINDING_EXTERNAL_IDS, key, value);
    }
}

void
derive_ls_binding(struct derive *d, uint64_t key)
{
    const struct nb_logical_switch *ls = ls_row(d, key);
    const char *name = nb_logical_switch_name(d, ls);
    struct desired *r = begin_datapath(d, dp_of_switch((uint32_t) key), &ls->row.uuid, "logical-switch", name);
    if (r) {
        set_datapath_id(r, "name2", nb_logical_switch_external_ids_get(d, ls, "neutron:network_name"));
        set_datapath_id(r, "interconn-ts", nb_logical_switch_other_config_get(d, ls, "interconn-ts"));
        desired_emit(r, d, S_SB_ROW);
    }
}

/* Options of a router that its chassis act on. */
static void
set_router_ids(struct derive *d, struct desired *r, const struct nb_logical_router *lr)
{
    const char *zone = nb_logical_router_options_get(d, lr, "snat-ct-zone");
    int64_t number;
    if (zone && str_to_int64(zone, 10, &number) && number >= 0 && number <= UINT16_MAX) {
        set_datapath_id(r, "snat-ct-zone", zone);
    }
    if (!lr_learns_all(d, lr)) {
        set_datapath_id(r, "always_learn_from_arp_request", "false");
    }
}

void
derive_lr_binding(struct derive *d, uint64_t key)
{
    const struct nb_logical_router *lr = lr_row(d, key);
    if (!lr_is_enabled(d, lr)) {
        return;
    }
    const char *name = nb_logical_router_name(d, lr);
    struct desired *r = begin_datapath(d, dp_of_router((uint32_t) key), &lr->row.uuid, "logical-router", name);
    if (r) {
        set_datapath_id(r, "name2", nb_logical_router_external_ids_get(d, lr, "neutron:router_name"));
        set_router_ids(d, r, lr);
        desired_emit(r, d, S_SB_ROW);
    }
}

/* --- Port_Binding: keyed by the port's name.  Columns that chassis own (chassis, encap, ...) are not here,
 * but for the first value of 'up' --- */

static struct desired *
port_binding(struct derive *d, uint64_t datapath, uint64_t port, const char *name)
{
    uint32_t key = port_key(d, port);

    if (!key || !datapath_key(d, datapath)) {
        return NULL;
    }
    const struct row *dp = replica_row_by_id(northd_of(d)->nb, derive_first(datapath), derive_second(datapath));
    struct desired *r = desired_begin(&northd_of(d)->desired, SB_TABLE_PORT_BINDING, str_from(name));
    desired_string(r, SB_PORT_BINDING_LOGICAL_PORT, name);
    desired_integer(r, SB_PORT_BINDING_TUNNEL_KEY, key);
    desired_ref(r, SB_PORT_BINDING_DATAPATH, SB_TABLE_DATAPATH_BINDING, writer_key_uuid(&dp->uuid));
    desired_boolean(r, SB_PORT_BINDING_UP, false);           /* a seed: OVN's controller says nothing where it is empty */
    return r;
}

/* The type that the Southbound database gives a switch port: routers are reached over a patch. */
static const char *
binding_type(const char *type, enum lsp_type known)
{
    return known == LSP_ROUTER || known == LSP_SWITCH ? "patch" : type;
}

/* options:requested-chassis names the chassis that may bind the port; a comma separates additional ones. */
static void
set_requested_chassis(struct derive *d, struct desired *r, const char *requested)
{
    const struct northd *northd = northd_of(d);
    const struct row *row = NULL;
    if (requested && *requested) {
        struct str list = str_from(requested);
        char *first = arena_memdup0(northd->arena, list.s, str_cut(&(struct str) {list.s, list.n}, ",").n);
        row = replica_find_string(d, northd->sb, northd->indexes[IX_CHASSIS_BY_NAME], first);
        row = row ? row : replica_find_string(d, northd->sb, northd->indexes[IX_CHASSIS_BY_HOSTNAME], first);
    }
    if (row) {
        desired_uuid(r, SB_PORT_BINDING_REQUESTED_CHASSIS, &row->uuid);
    }
}

/* The options of a switch port go to its binding as they are, but a router port's is replaced by its peer. */
static void
set_switch_port_options(struct derive *d, struct desired *r, const struct nb_logical_switch_port *lsp,
                        const struct lsp_conf *conf)
{
    const char *peer = nb_logical_switch_port_options_get(d, lsp, "router-port");
    if (conf->type != LSP_ROUTER) {
        desired_pairs(r, SB_PORT_BINDING_OPTIONS, nb_logical_switch_port_options(d, lsp));
    } else if (peer) {
        desired_pair(r, SB_PORT_BINDING_OPTIONS, "peer", peer);
    }
}

/* external_ids, with neutron's port name as "name", which is what people read in "show". */
static void
set_switch_port_ids(struct derive *d, struct desired *r, const struct nb_logical_switch_port *lsp)
{
    const struct datum *ids = nb_logical_switch_port_external_ids(d, lsp);
    const char *neutron = datum_get_string(ids, "neutron:port_name");
    desired_pairs(r, SB_PORT_BINDING_EXTERNAL_IDS, ids);
    if (neutron && *neutron && !datum_get_string(ids, "name")) {
        desired_pair(r, SB_PORT_BINDING_EXTERNAL_IDS, "name", neutron);
    }
}

void
derive_lsp_binding(struct derive *d, uint64_t key)
{
    const struct nb_logical_switch_port *lsp = lsp_row(d, key);
    const struct lsp_conf *conf = lsp_conf(d, key);
    int64_t tag = lsp_tag(d, lsp);

    if (conf->ls == NO_ROW || conf->type == LSP_UNSUPPORTED) {
        return;
    }
    struct desired *r = port_binding(d, dp_of_switch(conf->ls), port_of_lsp((uint32_t) key),
                                     nb_logical_switch_port_name(d, lsp));
    if (!r) {
        return;
    }
    desired_string(r, SB_PORT_BINDING_TYPE, binding_type(nb_logical_switch_port_type(d, lsp), conf->type));
    set_switch_port_options(d, r, lsp, conf);
    set_switch_port_ids(d, r, lsp);
    desired_strings(r, SB_PORT_BINDING_MAC, nb_logical_switch_port_addresses(d, lsp));
    desired_strings(r, SB_PORT_BINDING_PORT_SECURITY, nb_logical_switch_port_port_security(d, lsp));
    desired_string(r, SB_PORT_BINDING_PARENT_PORT, nb_logical_switch_port_parent_name(d, lsp));
    if (tag) {
        desired_integer(r, SB_PORT_BINDING_TAG, tag);
    }
    set_requested_chassis(d, r, nb_logical_switch_port_options_get(d, lsp, "requested-chassis"));
    desired_emit(r, d, S_SB_ROW);
}

/* "MAC NETWORK...", as the chassis reads it. */
static const char *
router_port_mac(struct derive *d, const struct nb_logical_router_port *lrp)
{
    const struct datum *networks = nb_logical_router_port_networks(d, lrp);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&text, nb_logical_router_port_mac(d, lrp));
    for (uint32_t i = 0; i < networks->n; i++) {
        buf_printf(&text, " %s", datum_keys(networks)[i].string->text);
    }
    const char *copy = arena_strdup(run_arena(d), buf_text(&text));
    buf_fini(&text);
    return copy;
}

/* The name of what a router port is patched to: its peer on another router, or the least switch port that names it. */
static const char *
router_port_peer(struct derive *d, uint64_t lrp, const struct lrp_conf *conf)
{
    size_t n;
    const char *least = NULL;
    if (conf->peer_lrp != NO_ROW) {
        return nb_logical_router_port_name(d, lrp_row(d, conf->peer_lrp));
    }
    const uint64_t *lsps = derive_members(d, C_LRP_PEERS, lrp, &n);
    for (size_t i = 0; i < n; i++) {
        const char *name = nb_logical_switch_port_name(d, lsp_row(d, lsps[i]));
        least = !least || strcmp(name, least) < 0 ? name : least;
    }
    return least;
}

void
derive_lrp_binding(struct derive *d, uint64_t key)
{
    const struct nb_logical_router_port *lrp = lrp_row(d, key);
    const struct lrp_conf *conf = lrp_conf(d, key);
    if (conf->lr == NO_ROW) {
        return;
    }
    struct desired *r = port_binding(d, dp_of_router(conf->lr), port_of_lrp((uint32_t) key),
                                     nb_logical_router_port_name(d, lrp));
    if (!r) {
        return;
    }
    const char *peer = router_port_peer(d, key, conf);
    desired_string(r, SB_PORT_BINDING_TYPE, "patch");
    if (peer) {
        desired_pair(r, SB_PORT_BINDING_OPTIONS, "peer", peer);
    }
    desired_pairs(r, SB_PORT_BINDING_EXTERNAL_IDS, nb_logical_router_port_external_ids(d, lrp));
    desired_string(r, SB_PORT_BINDING_MAC, router_port_mac(d, lrp));
    desired_emit(r, d, S_SB_ROW);
}

/* --- Multicast_Group: keyed by switch and group; its ports are emitted by the ports themselves (topology.c) --- */

struct str
multicast_group_key(const struct uuid *ls, enum multicast_group group, uint8_t ret[MULTICAST_KEY_SIZE])
{
    memcpy(ret, ls, sizeof *ls);
    ret[sizeof *ls] = (uint8_t) group;
    return str_n((const char *) ret, MULTICAST_KEY_SIZE);
}

void
derive_multicast_group(struct derive *d, uint64_t key)
{
    enum multicast_group group = derive_second(key);
    const struct nb_logical_switch *ls = ls_row(d, derive_first(key));
    uint8_t row_key[MULTICAST_KEY_SIZE];

    if (!datapath_key(d, dp_of_switch(derive_first(key)))) {
        return;
    }
    struct desired *r = desired_begin(&northd_of(d)->desired, SB_TABLE_MULTICAST_GROUP,
                                      multicast_group_key(&ls->row.uuid, group, row_key));
    desired_string(r, SB_MULTICAST_GROUP_NAME, multicast_group_defs[group].name);
    desired_integer(r, SB_MULTICAST_GROUP_TUNNEL_KEY, multicast_group_defs[group].tunnel_key);
    desired_ref(r, SB_MULTICAST_GROUP_DATAPATH, SB_TABLE_DATAPATH_BINDING, writer_key_uuid(&ls->row.uuid));
    desired_emit(r, d, S_SB_ROW);
}
