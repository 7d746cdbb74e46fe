/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/lookup.h"

#include <string.h>

#include "controller/binding.h"
#include "controller/config.h"
#include "controller/interfaces.h"
#include "lib/base/mem.h"

static const char *
text_of(struct derive *d, struct str s)
{
    return arena_memdup0(run_arena(d), s.s, s.n);
}

const struct sb_port_binding *
lookup_port_binding(struct derive *d, struct str name)
{
    const struct controller *c = controller_of(d);
    const struct row *row = replica_find_string(d, c->sb, c->indexes[IX_PB_BY_NAME], text_of(d, name));
    return row ? sb_port_binding(row) : NULL;
}

static const struct sb_multicast_group *
lookup_multicast_group(struct derive *d, const struct sb_datapath_binding *dp, struct str name)
{
    const struct controller *c = controller_of(d);
    union atom keys[2] = {{.uuid = dp->row.uuid}};
    keys[1].string = atom_string_new(name);
    const struct row *row = replica_find(d, c->sb, c->indexes[IX_MC_BY_NAME], keys);
    atom_string_unref(keys[1].string);
    return row ? sb_multicast_group(row) : NULL;
}

bool
lookup_port_key(struct derive *d, const struct sb_datapath_binding *dp, struct str name, uint32_t *ret_key)
{
    if (str_is(name, "none")) {
        *ret_key = 0;
        return true;
    }
    const struct sb_port_binding *pb = lookup_port_binding(d, name);
    const struct uuid *pb_dp = pb ? sb_port_binding_datapath_uuid(d, pb) : NULL;
    if (pb_dp && uuid_eq(pb_dp, &dp->row.uuid)) {
        *ret_key = (uint32_t) sb_port_binding_tunnel_key(d, pb);
        return true;
    }
    const struct sb_multicast_group *group = lookup_multicast_group(d, dp, name);
    if (group) {
        *ret_key = (uint32_t) sb_multicast_group_tunnel_key(d, group);
    }
    return group;
}

bool
is_port_resident(struct derive *d, struct str lport)
{
    const struct sb_port_binding *pb = lookup_port_binding(d, lport);
    const struct uuid *chassis = pb ? sb_port_binding_chassis_uuid(d, pb) : NULL;
    const struct sb_chassis *own = own_chassis(d);
    return chassis && own && uuid_eq(chassis, &own->row.uuid);
}

static void
for_each_string(const struct datum *set, void (*member)(void *aux, struct str), void *aux)
{
    for (uint32_t i = 0; i < set->n; i++) {
        const struct atom_string *s = datum_keys(set)[i].string;
        member(aux, str_n(s->text, s->length));
    }
}

void
for_each_address(struct derive *d, struct str set, void (*member)(void *aux, struct str), void *aux)
{
    const struct controller *c = controller_of(d);
    const struct row *row = replica_find_string(d, c->sb, c->indexes[IX_ADDRESS_SET_BY_NAME], text_of(d, set));
    if (row) {
        for_each_string(sb_address_set_addresses(d, sb_address_set(row)), member, aux);
    }
}

/* northd splits port groups by datapath: "KEY_NAME" has those of the datapath with that tunnel key. */
void
for_each_group_port(struct derive *d, uint32_t dp_key, struct str group, void (*member)(void *aux, struct str), void *aux)
{
    const struct controller *c = controller_of(d);
    uint32_t index = c->indexes[IX_PORT_GROUP_BY_NAME];
    const char *split = arena_printf(run_arena(d), "%u_" STR_FMT, dp_key, STR_ARG(group));
    const struct row *row = replica_find_string(d, c->sb, index, split);
    row = row ? row : replica_find_string(d, c->sb, index, text_of(d, group));
    if (row) {
        for_each_string(sb_port_group_ports(d, sb_port_group(row)), member, aux);
    }
}

bool
lookup_port_tunnel(struct derive *d, struct str lport, uint32_t *ret_ofport)
{
    const struct sb_port_binding *pb = lookup_port_binding(d, lport);
    const struct sb_chassis *chassis = pb ? sb_port_binding_chassis(d, pb) : NULL;
    struct tunnel tunnel = chassis ? tunnel_to_chassis(d, sb_chassis_name(d, chassis)) : (struct tunnel) {0};
    *ret_ofport = tunnel.ofport;
    return tunnel.ofport;
}

bool
lookup_dhcp_option(struct derive *d, bool is_v6, struct str name, uint16_t *ret_code, const char **ret_type)
{
    const struct controller *c = controller_of(d);
    const char *text = text_of(d, name);
    const struct row *row = replica_find_string(d, c->sb, c->indexes[is_v6 ? IX_DHCP6_BY_NAME : IX_DHCP4_BY_NAME], text);
    if (!row) {
        return false;
    }
    *ret_code = (uint16_t) (is_v6 ? sb_dhcpv6_options_code(d, sb_dhcpv6_options(row)) : sb_dhcp_options_code(d, sb_dhcp_options(row)));
    *ret_type = is_v6 ? sb_dhcpv6_options_type(d, sb_dhcpv6_options(row)) : sb_dhcp_options_type(d, sb_dhcp_options(row));
    return true;
}

bool
is_router_datapath(struct derive *d, const struct sb_datapath_binding *dp)
{
    return sb_datapath_binding_external_ids_get(d, dp, "logical-router");
}

static const char *
template_variable(struct derive *d, struct str name)
{
    const struct controller *c = controller_of(d);
    const char *id = config(d, CONFIG_SYSTEM_ID);
    const struct row *row = id ? replica_find_string(d, c->sb, c->indexes[IX_TEMPLATE_BY_CHASSIS], id) : NULL;
    return row ? sb_chassis_template_var_variables_get(d, sb_chassis_template_var(row), text_of(d, name)) : NULL;
}

const char *
expand_templates(struct derive *d, const char *text)
{
    static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    const char *mark;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);

    if (!strchr(text, '^')) {
        return text;
    }
    while ((mark = strchr(text, '^'))) {
        size_t n = strspn(mark + 1, name_bytes);
        const char *value = template_variable(d, str_n(mark + 1, n));
        buf_put(&out, text, (size_t) (mark - text));
        buf_puts(&out, value ? value : "^");
        text = mark + 1 + (value ? n : 0);
    }
    buf_puts(&out, text);
    const char *expanded = arena_strdup(run_arena(d), buf_text(&out));
    buf_fini(&out);
    return expanded;
}
