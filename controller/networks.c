/* SPDX-License-Identifier: Apache-2.0 */
/* Physical networks: a localnet or l2gateway port reaches its network over a pair of patch ports, between the integration bridge
 * and the bridge that external_ids:ovn-bridge-mappings names for the network (ovn-controller(8)). */
#include <config.h>

#include <string.h>

#include "controller/binding.h"
#include "controller/config.h"
#include "controller/datapaths.h"
#include "lib/base/mem.h"

/* The bridge of "NETWORK:BRIDGE,..." for 'network', in the run's arena; NULL if there is none. */
static const char *
mapped_bridge(struct derive *d, const char *network)
{
    struct str list = str_from(config(d, CONFIG_BRIDGE_MAPPINGS));
    while (list.s) {
        struct str bridge = str_trim(str_cut(&list, ","));
        struct str name = str_cut(&bridge, ":");
        if (bridge.s && bridge.n && str_is(name, network)) {
            return arena_memdup0(run_arena(d), bridge.s, bridge.n);
        }
    }
    return NULL;
}

struct patch {
    struct derive *d;
    const char *lport, *mark;                                /* Port.external_ids:MARK is the logical port */
};

/* One end: port and interface 'name' on 'bridge', whose other end is 'peer'. */
static void
emit_end(const struct patch *patch, const char *bridge, const char *name, const char *peer)
{
    struct desired *scratch = &controller_of(patch->d)->desired;

    struct desired *r = desired_begin(scratch, VSWITCH_TABLE_INTERFACE, str_from(name));
    desired_string(r, VSWITCH_INTERFACE_NAME, name);
    desired_string(r, VSWITCH_INTERFACE_TYPE, "patch");
    desired_pair(r, VSWITCH_INTERFACE_OPTIONS, "peer", peer);
    desired_emit(r, patch->d, S_OVS_ROW);

    r = desired_begin(scratch, VSWITCH_TABLE_PORT, str_from(name));
    desired_string(r, VSWITCH_PORT_NAME, name);
    desired_ref(r, VSWITCH_PORT_INTERFACES, VSWITCH_TABLE_INTERFACE, str_from(name));
    desired_pair(r, VSWITCH_PORT_EXTERNAL_IDS, patch->mark, patch->lport);
    desired_emit(r, patch->d, S_OVS_ROW);

    desired_emit_member(scratch, patch->d, S_OVS_MEMBER, VSWITCH_TABLE_BRIDGE, str_from(bridge), VSWITCH_BRIDGE_PORTS,
                        VSWITCH_TABLE_PORT, str_from(name));
}

void
derive_network(struct derive *d, uint64_t key)
{
    const struct row *row = replica_row_by_id(controller_of(d)->sb, SB_TABLE_PORT_BINDING, (uint32_t) key);
    const struct sb_port_binding *pb = sb_port_binding(row);
    enum port_kind kind = binding_kind(d, pb);
    const struct sb_datapath_binding *dp = sb_port_binding_datapath(d, pb);

    if ((kind != PORT_LOCALNET && kind != PORT_L2GATEWAY) || !dp || !is_local_datapath(d, dp->row.id)
        || (kind == PORT_L2GATEWAY && !binding_is_wanted_here(d, pb))) {
        return;
    }
    const char *network = sb_port_binding_options_get(d, pb, "network_name");
    const char *bridge = network ? mapped_bridge(d, network) : NULL;
    if (!bridge || !config(d, CONFIG_SYSTEM_ID)) {
        return;
    }
    const char *integration = arena_strdup(run_arena(d), config(d, CONFIG_BRIDGE));
    const char *lport = sb_port_binding_logical_port(d, pb);
    const char *near = arena_printf(run_arena(d), "patch-%s-to-%s", integration, lport);
    const char *far = arena_printf(run_arena(d), "patch-%s-to-%s", lport, integration);
    struct patch patch = {d, lport, kind == PORT_LOCALNET ? "ovn-localnet-port" : "ovn-l2gateway-port"};
    emit_end(&patch, integration, near, far);
    emit_end(&patch, bridge, far, near);
}
