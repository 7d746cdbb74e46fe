/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/interfaces.h"

#include <string.h>

#include "controller/config.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

static const struct vswitch_interface *
iface_row(struct derive *d, uint64_t iface)
{
    const struct row *row = replica_row_by_id(controller_of(d)->ovs, VSWITCH_TABLE_INTERFACE, (uint32_t) iface);
    return row ? vswitch_interface(row) : NULL;
}

static const struct vswitch_port *
port_of_interface(struct derive *d, const struct vswitch_interface *iface)
{
    const struct controller *c = controller_of(d);
    const struct row *row = replica_find_uuid(d, c->ovs, c->indexes[IX_PORT_BY_IFACE], &iface->row.uuid);
    return row ? vswitch_port(row) : NULL;
}

static bool
is_on_integration_bridge(struct derive *d, const struct vswitch_port *port)
{
    const struct controller *c = controller_of(d);
    const struct row *row = replica_find_uuid(d, c->ovs, c->indexes[IX_BRIDGE_BY_PORT], &port->row.uuid);
    const char *name = config(d, CONFIG_BRIDGE);
    return row && name && !strcmp(vswitch_bridge_name(d, vswitch_bridge(row)), name);
}

/* "NAME@IP" names the tunnel's other end. */
static struct str
tunnel_chassis(struct derive *d, const struct vswitch_port *port)
{
    const char *id = vswitch_port_external_ids_get(d, port, "ovn-chassis-id");
    struct str text = str_from(id ? id : "");
    const char *at = memrchr(text.s, '@', text.n);
    return at ? str_n(text.s, (size_t) (at - text.s)) : text;
}

static uint16_t
valid_ofport(const int64_t *ofport)
{
    return ofport && *ofport > 0 && *ofport < 0xff00 ? (uint16_t) *ofport : 0;
}

void
derive_interface_facts(struct derive *d, uint64_t key)
{
    const struct vswitch_interface *iface = iface_row(d, key);
    const struct vswitch_port *port = iface ? port_of_interface(d, iface) : NULL;
    if (!port) {
        return;
    }
    struct str chassis = tunnel_chassis(d, port);
    struct interface_facts *facts = arena_alloc(run_arena(d), sizeof *facts + chassis.n + 1);
    facts->ofport = valid_ofport(vswitch_interface_ofport(d, iface));
    facts->is_on_bridge = is_on_integration_bridge(d, port);
    facts->is_tunnel = chassis.n > 0;
    facts->is_vxlan = !strcmp(vswitch_interface_type(d, iface), "vxlan");
    memcpy(facts->chassis, chassis.s, chassis.n);
    derive_return(d, facts, sizeof *facts + chassis.n + 1);
}

const struct interface_facts *
interface_facts(struct derive *d, uint64_t iface)
{
    return derive_value(d, K_IFACE_FACTS, iface, NULL);
}

/* The localnet or l2gateway port that a patch to the bridge of its network is for, or NULL. */
static const char *
patched_lport(struct derive *d, const struct vswitch_port *port)
{
    const char *lport = vswitch_port_external_ids_get(d, port, "ovn-localnet-port");
    return lport ? lport : vswitch_port_external_ids_get(d, port, "ovn-l2gateway-port");
}

void
derive_interface(struct derive *d, uint64_t iface)
{
    const struct interface_facts *facts = interface_facts(d, iface);
    if (!facts || !facts->is_on_bridge || !facts->ofport) {
        return;
    }
    const char *lport = vswitch_interface_external_ids_get(d, iface_row(d, iface), "iface-id");
    if (lport && *lport) {
        derive_member(d, C_IFACES, hash_string64(lport), iface);
    }
    lport = patched_lport(d, port_of_interface(d, iface_row(d, iface)));
    if (lport) {
        derive_member(d, C_NETWORKS, hash_string64(lport), iface);
    }
    if (facts->is_tunnel) {
        derive_member(d, C_TUNNELS, hash_string64(facts->chassis), iface);
    }
}

const struct vswitch_interface *
interface_of_lport(struct derive *d, const char *lport, uint16_t *ret_ofport)
{
    size_t n;
    const uint64_t *ifaces = derive_members(d, C_IFACES, hash_string64(lport), &n);
    const struct vswitch_interface *best = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct vswitch_interface *iface = iface_row(d, ifaces[i]);
        const char *id = vswitch_interface_external_ids_get(d, iface, "iface-id");
        if (id && !strcmp(id, lport)
            && (!best || strcmp(vswitch_interface_name(d, iface), vswitch_interface_name(d, best)) < 0)) {
            best = iface;
            *ret_ofport = interface_facts(d, ifaces[i])->ofport;
        }
    }
    return best;
}

const struct vswitch_interface *
interface_of_network(struct derive *d, const char *lport, uint16_t *ret_ofport)
{
    size_t n;
    const uint64_t *ifaces = derive_members(d, C_NETWORKS, hash_string64(lport), &n);
    const struct vswitch_interface *best = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct vswitch_interface *iface = iface_row(d, ifaces[i]);
        const struct vswitch_port *port = port_of_interface(d, iface);
        const char *patched = port ? patched_lport(d, port) : NULL;
        if (patched && !strcmp(patched, lport)
            && (!best || strcmp(vswitch_interface_name(d, iface), vswitch_interface_name(d, best)) < 0)) {
            best = iface;
            *ret_ofport = interface_facts(d, ifaces[i])->ofport;
        }
    }
    return best;
}

struct tunnel
tunnel_to_chassis(struct derive *d, const char *chassis)
{
    size_t n;
    const uint64_t *ifaces = derive_members(d, C_TUNNELS, hash_string64(chassis), &n);
    struct tunnel best = {0};
    for (size_t i = 0; i < n; i++) {
        const struct interface_facts *facts = interface_facts(d, ifaces[i]);
        bool better = !best.ofport || (best.is_vxlan && !facts->is_vxlan)
            || (best.is_vxlan == facts->is_vxlan && facts->ofport < best.ofport);
        if (!strcmp(facts->chassis, chassis) && better) {
            best = (struct tunnel) {facts->ofport, facts->is_vxlan};
        }
    }
    return best;
}
