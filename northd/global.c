/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are about the whole deployment: SB_Global, address sets that flows refer to; and what goes back to the
 * Northbound database: ports that are up, how far chassis have come. */
#include <config.h>

#include <string.h>

#include "northd/northd.h"
#include "northd/options.h"
#include "northd/ports.h"

static const struct nb_nb_global *
nb_global_row(struct derive *d, uint64_t key)
{
    return nb_nb_global(nb_row_or_null(d, NB_TABLE_NB_GLOBAL, key));
}

void
derive_sb_global(struct derive *d, uint64_t key)
{
    const struct nb_nb_global *nb = nb_global_row(d, key);
    struct desired *r = desired_begin(&northd_of(d)->desired, SB_TABLE_SB_GLOBAL, str_from(""));

    desired_integer(r, SB_SB_GLOBAL_NB_CFG, nb_nb_global_nb_cfg(d, nb));
    desired_boolean(r, SB_SB_GLOBAL_IPSEC, nb_nb_global_ipsec(d, nb));
    desired_pairs(r, SB_SB_GLOBAL_OPTIONS, nb_nb_global_options(d, nb));
    desired_emit(r, d, S_SB_ROW);
}

void
derive_svc_monitor_set(struct derive *d, uint64_t key)
{
    const char *mac = nb_nb_global_options_get(d, nb_global_row(d, key), "svc_monitor_mac");
    struct desired *r = desired_begin(&northd_of(d)->desired, SB_TABLE_ADDRESS_SET, str_from("svc_monitor_mac"));

    desired_string(r, SB_ADDRESS_SET_NAME, "svc_monitor_mac");
    desired_string(r, SB_ADDRESS_SET_ADDRESSES, mac);
    desired_emit(r, d, S_SB_ROW);
}

/* A chassis that does not say "port-up-notif" never writes Port_Binding.up: its ports are up once they are bound. */
static bool
reports_up(struct derive *d, const struct sb_chassis *chassis)
{
    return is_true(sb_chassis_other_config_get(d, chassis, "port-up-notif"));
}

/* A port is up when it is bound and its chassis has said so in its binding; a port to a router is always.  A chassis that
 * goes need not lower 'up' behind itself. */
static bool
is_up(struct derive *d, const struct nb_logical_switch_port *lsp)
{
    const struct northd *northd = northd_of(d);
    if (!strcmp(nb_logical_switch_port_type(d, lsp), "router")) {
        return true;
    }
    const struct row *row = replica_find_string(d, northd->sb, northd->indexes[IX_PB_BY_PORT],
                                                nb_logical_switch_port_name(d, lsp));
    const struct sb_port_binding *pb = sb_port_binding(row);
    const struct sb_chassis *chassis = pb ? sb_port_binding_chassis(d, pb) : NULL;
    if (!chassis || !reports_up(d, chassis)) {
        return chassis;
    }
    const bool *up = sb_port_binding_up(d, pb);
    return up && *up;
}

void
derive_lsp_up(struct derive *d, uint64_t lsp)
{
    const struct nb_logical_switch_port *row = lsp_row(d, lsp);
    struct desired *r = desired_begin(&northd_of(d)->desired, NB_TABLE_LOGICAL_SWITCH_PORT,
                                      writer_key_uuid(&row->row.uuid));
    int64_t tag = lsp_tag(d, row);
    desired_boolean(r, NB_LOGICAL_SWITCH_PORT_UP, is_up(d, row));
    if (tag) {
        desired_integer(r, NB_LOGICAL_SWITCH_PORT_TAG, tag);
    }
    desired_emit(r, d, S_NB_ROW);
}

/* How far each chassis has come; hv_cfg is the least of them (output.c). */
void
derive_chassis_cfg(struct derive *d, uint64_t key)
{
    const struct row *row = replica_row_by_id(northd_of(d)->sb, SB_TABLE_CHASSIS_PRIVATE, (uint32_t) key);
    derive_member(d, C_HV_CFGS, 0, (uint64_t) sb_chassis_private_nb_cfg(d, sb_chassis_private(row)));
}

/* VXLAN carries fewer bits of tunnel keys (tunnel_keys.c). */
void
derive_vxlan(struct derive *d, uint64_t key)
{
    const struct row *row = replica_row_by_id(northd_of(d)->sb, SB_TABLE_ENCAP, (uint32_t) key);
    if (!strcmp(sb_encap_type(d, sb_encap(row)), "vxlan")) {
        derive_member(d, C_VXLAN, 0, key);
    }
}
