/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/binding.h"

#include <stdlib.h>
#include <string.h>

#include "controller/config.h"
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

static bool
is_vif(const char *type)
{
    return !*type;
}

bool
binding_is_wanted_here(struct derive *d, const struct sb_port_binding *pb)
{
    uint16_t ofport;
    const char *type = sb_port_binding_type(d, pb);
    if (!is_vif(type) && strcmp(type, "localport")) {
        return false;
    }
    return interface_of_lport(d, sb_port_binding_logical_port(d, pb), &ofport)
        && (strcmp(type, "") || is_requested_here(d, pb));
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
    local->iface = iface->row.uuid;
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
    uint16_t ofport;

    if (!is_vif(sb_port_binding_type(d, pb)) || !own || !binding_is_wanted_here(d, pb)) {
        return;
    }
    const struct vswitch_interface *iface = interface_of_lport(d, name, &ofport);
    struct desired *r = desired_begin(&controller_of(d)->desired, SB_TABLE_PORT_BINDING, str_from(name));
    desired_uuid(r, SB_PORT_BINDING_CHASSIS, &own->row.uuid);
    desired_boolean(r, SB_PORT_BINDING_UP, is_installed(d, name));
    desired_emit(r, d, S_SB_ROW);
    if (binding_is_ours(d, pb)) {
        emit_local_port(d, pb, iface);
    }
}
