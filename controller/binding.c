/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/binding.h"

#include <stdlib.h>
#include <string.h>

#include "controller/config.h"
#include "controller/ha.h"
#include "controller/interfaces.h"
#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/mem.h"

const struct sb_chassis *
own_chassis(struct derive *d)
{
    const struct controller *c = controller_of(d);
    const char *id = config(d, CONFIG_SYSTEM_ID);
    const struct row *row = id ? replica_find_string(d, c->sb, c->indexes[IX_CHASSIS_BY_NAME], id) : NULL;
    return row ? sb_chassis(row) : NULL;
}

/* options:requested-chassis, a list of names of chassis or of their hosts, lets us have the port. */
static bool
is_requested_here(struct derive *d, const struct sb_port_binding *pb)
{
    const char *requested = sb_port_binding_options_get(d, pb, "requested-chassis");
    if (!requested || !*requested) {
        return true;
    }
    struct str list = str_from(requested);
    struct str first = str_trim(str_cut(&list, ","));
    const char *id = config(d, CONFIG_SYSTEM_ID), *host = config(d, CONFIG_HOSTNAME);
    return (id && str_is(first, id)) || (host && *host && str_is(first, host));
}

/* The options of gateway ports name their chassis. */
static bool
is_option_own_name(struct derive *d, const struct sb_port_binding *pb, const char *option)
{
    const char *name = sb_port_binding_options_get(d, pb, option), *id = config(d, CONFIG_SYSTEM_ID);
    return name && id && !strcmp(name, id);
}

/* --- The kinds of ports --- */

enum port_kind
binding_kind(struct derive *d, const struct sb_port_binding *pb)
{
    static const char *const names[] = {
        [PORT_VIF] = "", [PORT_LOCALPORT] = "localport", [PORT_PATCH] = "patch", [PORT_LOCALNET] = "localnet",
        [PORT_L2GATEWAY] = "l2gateway", [PORT_L3GATEWAY] = "l3gateway", [PORT_CHASSISREDIRECT] = "chassisredirect",
        [PORT_EXTERNAL] = "external",
    };
    const char *type = sb_port_binding_type(d, pb), *parent = sb_port_binding_parent_port(d, pb);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i] && !strcmp(type, names[i])) {
            return i == PORT_VIF && parent && *parent ? PORT_CONTAINER : (enum port_kind) i;
        }
    }
    return PORT_OTHER;
}

const struct sb_port_binding *
binding_parent(struct derive *d, const struct sb_port_binding *pb)
{
    const struct controller *c = controller_of(d);
    const struct row *row = replica_find_string(d, c->sb, c->indexes[IX_PB_BY_NAME], sb_port_binding_parent_port(d, pb));
    const struct sb_port_binding *parent = row ? sb_port_binding(row) : NULL;
    return parent && binding_kind(d, parent) == PORT_VIF ? parent : NULL;
}

const struct vswitch_interface *
binding_interface(struct derive *d, const struct sb_port_binding *pb, uint16_t *ret_ofport)
{
    const char *name = sb_port_binding_logical_port(d, pb);
    switch (binding_kind(d, pb)) {
    case PORT_VIF:
    case PORT_LOCALPORT:
        return interface_of_lport(d, name, ret_ofport);
    case PORT_CONTAINER: {
        const struct sb_port_binding *parent = binding_parent(d, pb);
        return parent ? interface_of_lport(d, sb_port_binding_logical_port(d, parent), ret_ofport) : NULL;
    }
    case PORT_LOCALNET:
    case PORT_L2GATEWAY:
        return interface_of_network(d, name, ret_ofport);
    default:
        return NULL;
    }
}

bool
binding_is_wanted_here(struct derive *d, const struct sb_port_binding *pb)
{
    const struct sb_port_binding *parent;
    const struct sb_chassis *own;
    uint16_t ofport;

    switch (binding_kind(d, pb)) {
    case PORT_VIF:
        return binding_interface(d, pb, &ofport) && is_requested_here(d, pb);
    case PORT_CONTAINER:
        parent = binding_parent(d, pb);
        return parent && binding_is_wanted_here(d, parent);
    case PORT_LOCALPORT:
        return binding_interface(d, pb, &ofport);
    case PORT_L2GATEWAY:
        return is_option_own_name(d, pb, "l2gateway-chassis");
    case PORT_L3GATEWAY:
        return is_option_own_name(d, pb, "l3gateway-chassis");
    case PORT_CHASSISREDIRECT:
    case PORT_EXTERNAL:
        own = own_chassis(d);
        return own && ha_active_chassis(d, pb) == own;
    case PORT_PATCH:
    case PORT_LOCALNET:
    case PORT_OTHER:
        break;
    }
    return false;
}

bool
binding_is_ours(struct derive *d, const struct sb_port_binding *pb)
{
    const struct uuid *chassis = sb_port_binding_chassis_uuid(d, pb);
    const struct sb_chassis *own = own_chassis(d);
    return chassis && own && uuid_eq(chassis, &own->row.uuid) && binding_is_wanted_here(d, pb);
}

/* --- Ports that are installed --- */

struct installed_ports {
    struct strmap names;
};

struct installed_ports *
installed_ports_new(void)
{
    struct installed_ports *installed = xmalloc(sizeof *installed);
    strmap_init(&installed->names);
    return installed;
}

void
installed_ports_free(struct installed_ports *installed)
{
    if (installed) {
        strmap_fini(&installed->names);
        free(installed);
    }
}

void
binding_set_installed(struct controller *c, const char *lport, bool is_installed)
{
    bool was = strmap_find(&c->installed->names, lport);
    if (was != is_installed) {
        if (is_installed) {
            strmap_set(&c->installed->names, lport, NULL);
        } else {
            strmap_remove(&c->installed->names, lport);
        }
        derive_touch_key(c->derive, SPACE_INSTALLED, hash_string64(lport));
    }
}

static bool
is_installed(struct derive *d, const char *lport)
{
    derive_read_key(d, SPACE_INSTALLED, hash_string64(lport));
    return strmap_find(&controller_of(d)->installed->names, lport);
}

/* --- The binding itself --- */

static void
emit_local_port(struct derive *d, const struct sb_port_binding *pb, const struct vswitch_interface *iface)
{
    const char *name = sb_port_binding_logical_port(d, pb);
    size_t size = sizeof(struct local_port) + strlen(name) + 1;
    struct local_port *local = arena_alloc(run_arena(d), size);
    local->iface = iface ? iface->row.uuid : UUID_ZERO;
    local->binding = pb->row.uuid;
    memcpy(local->name, name, strlen(name) + 1);
    derive_emit(d, S_LOCAL_PORT, local, size);
}

void
derive_binding(struct derive *d, uint64_t key)
{
    const struct row *row = replica_row_by_id(controller_of(d)->sb, SB_TABLE_PORT_BINDING, (uint32_t) key);
    const struct sb_port_binding *pb = sb_port_binding(row);
    const char *name = sb_port_binding_logical_port(d, pb);
    const struct sb_chassis *own = own_chassis(d);
    enum port_kind kind = binding_kind(d, pb);
    uint16_t ofport;

    if (kind == PORT_LOCALPORT || !own || !binding_is_wanted_here(d, pb)) {
        return;                                              /* localports are everywhere and nowhere */
    }
    const struct vswitch_interface *iface = kind == PORT_VIF ? binding_interface(d, pb, &ofport) : NULL;
    struct desired *r = desired_begin(&controller_of(d)->desired, SB_TABLE_PORT_BINDING, str_from(name));
    desired_uuid(r, SB_PORT_BINDING_CHASSIS, &own->row.uuid);
    desired_boolean(r, SB_PORT_BINDING_UP, is_installed(d, name));
    desired_emit(r, d, S_SB_ROW);
    if (binding_is_ours(d, pb)) {
        emit_local_port(d, pb, iface);
    }
}
