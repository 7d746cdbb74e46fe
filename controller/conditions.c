/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/conditions.h"

#include <jansson.h>
#include <string.h>

#include "controller/config.h"
#include "controller/datapaths.h"

/* --- Columns --- */

struct monitored {
    uint32_t table, column;
};
#define SB(TABLE, COLUMN) {SB_TABLE_##TABLE, SB_##TABLE##_##COLUMN}
#define OVS(TABLE, COLUMN) {VSWITCH_TABLE_##TABLE, VSWITCH_##TABLE##_##COLUMN}

static const struct monitored sb_columns[] = {
    SB(SB_GLOBAL, NB_CFG),
    SB(SB_GLOBAL, OPTIONS),
    SB(CHASSIS, NAME),
    SB(CHASSIS, ENCAPS),
    SB(CHASSIS, TRANSPORT_ZONES),
    SB(CHASSIS_PRIVATE, NAME),
    SB(ENCAP, TYPE),
    SB(ENCAP, IP),
    SB(ENCAP, OPTIONS),
    SB(ENCAP, CHASSIS_NAME),
    SB(DATAPATH_BINDING, TUNNEL_KEY),
    SB(DATAPATH_BINDING, EXTERNAL_IDS),
    SB(PORT_BINDING, LOGICAL_PORT),
    SB(PORT_BINDING, TYPE),
    SB(PORT_BINDING, OPTIONS),
    SB(PORT_BINDING, DATAPATH),
    SB(PORT_BINDING, TUNNEL_KEY),
    SB(PORT_BINDING, CHASSIS),
    SB(PORT_BINDING, PARENT_PORT),
    SB(PORT_BINDING, TAG),
    SB(PORT_BINDING, HA_CHASSIS_GROUP),
    SB(PORT_BINDING, GATEWAY_CHASSIS),
    SB(HA_CHASSIS_GROUP, HA_CHASSIS),
    SB(HA_CHASSIS, CHASSIS),
    SB(HA_CHASSIS, PRIORITY),
    SB(GATEWAY_CHASSIS, CHASSIS),
    SB(GATEWAY_CHASSIS, PRIORITY),
    SB(PORT_BINDING, PORT_SECURITY),
    SB(PORT_BINDING, MAC),
    SB(PORT_BINDING, UP),
    SB(LOGICAL_FLOW, LOGICAL_DATAPATH),
    SB(LOGICAL_FLOW, LOGICAL_DP_GROUP),
    SB(LOGICAL_FLOW, PIPELINE),
    SB(LOGICAL_FLOW, TABLE_ID),
    SB(LOGICAL_FLOW, PRIORITY),
    SB(LOGICAL_FLOW, MATCH),
    SB(LOGICAL_FLOW, ACTIONS),
    SB(LOGICAL_FLOW, CONTROLLER_METER),
    SB(LOGICAL_DP_GROUP, DATAPATHS),
    SB(MULTICAST_GROUP, DATAPATH),
    SB(MULTICAST_GROUP, NAME),
    SB(MULTICAST_GROUP, TUNNEL_KEY),
    SB(MULTICAST_GROUP, PORTS),
    SB(MAC_BINDING, LOGICAL_PORT),
    SB(MAC_BINDING, IP),
    SB(MAC_BINDING, MAC),
    SB(MAC_BINDING, DATAPATH),
    SB(FDB, MAC),
    SB(FDB, DP_KEY),
    SB(FDB, PORT_KEY),
    SB(ADDRESS_SET, NAME),
    SB(ADDRESS_SET, ADDRESSES),
    SB(PORT_GROUP, NAME),
    SB(PORT_GROUP, PORTS),
    SB(CHASSIS_TEMPLATE_VAR, CHASSIS),
    SB(CHASSIS_TEMPLATE_VAR, VARIABLES),
    SB(METER, NAME),
    SB(METER, UNIT),
    SB(METER, BANDS),
    SB(METER_BAND, RATE),
    SB(METER_BAND, BURST_SIZE),
    SB(DHCP_OPTIONS, NAME),
    SB(DHCP_OPTIONS, CODE),
    SB(DHCP_OPTIONS, TYPE),
    SB(DHCPV6_OPTIONS, NAME),
    SB(DHCPV6_OPTIONS, CODE),
    SB(DHCPV6_OPTIONS, TYPE),
};

static const struct monitored ovs_columns[] = {
    OVS(OPEN_VSWITCH, EXTERNAL_IDS),
    OVS(OPEN_VSWITCH, BRIDGES),
    OVS(SSL, PRIVATE_KEY),
    OVS(SSL, CERTIFICATE),
    OVS(SSL, CA_CERT),
    OVS(SSL, BOOTSTRAP_CA_CERT),
    OVS(BRIDGE, NAME),
    OVS(BRIDGE, PORTS),
    OVS(BRIDGE, EXTERNAL_IDS),
    OVS(PORT, NAME),
    OVS(PORT, INTERFACES),
    OVS(PORT, EXTERNAL_IDS),
    OVS(INTERFACE, NAME),
    OVS(INTERFACE, TYPE),
    OVS(INTERFACE, OFPORT),
    OVS(INTERFACE, EXTERNAL_IDS),
};

void
monitor_what_is_read(struct controller *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(sb_columns); i++) {
        replica_monitor_column(c->sb, sb_columns[i].table, sb_columns[i].column);
    }
    for (size_t i = 0; i < ARRAY_SIZE(ovs_columns); i++) {
        replica_monitor_column(c->ovs, ovs_columns[i].table, ovs_columns[i].column);
    }
}

/* --- Rows --- */

static void
add_uuid_clause(json_t *clauses, const char *column, const char *function, const struct uuid *uuid)
{
    char text[UUID_LENGTH + 1];
    json_array_append_new(clauses, json_pack("[s, s, [s, s]]", column, function, "uuid", uuid_format(uuid, text)));
}

/* One clause for each local datapath. */
static json_t *
local_clauses(const struct controller *c, const char *column, const char *function)
{
    json_t *clauses = json_array();
    size_t n;
    const uint32_t *dps = local_datapaths(c->local, &n);
    for (size_t i = 0; i < n; i++) {
        const struct row *row = replica_row_by_id(c->sb, SB_TABLE_DATAPATH_BINDING, dps[i]);
        if (row) {
            add_uuid_clause(clauses, column, function, &row->uuid);
        }
    }
    return clauses;
}

/* No row at all is asked for with false, since an empty condition means every row. */
static json_t *
or_nothing(json_t *clauses)
{
    if (!json_array_size(clauses)) {
        json_array_append_new(clauses, json_false());
    }
    return clauses;
}

static json_t *
flow_clauses(const struct controller *c)
{
    json_t *clauses = local_clauses(c, "logical_datapath", "==");
    size_t n;
    const uint32_t *dps = local_datapaths(c->local, &n);
    for (size_t i = 0; i < n; i++) {
        const struct row *dp = replica_row_by_id(c->sb, SB_TABLE_DATAPATH_BINDING, dps[i]);
        union atom key = {.uuid = dp ? dp->uuid : UUID_ZERO};
        const struct row *const *groups;
        size_t n_groups = replica_find_all(NULL, c->sb, c->indexes[IX_GROUP_BY_DP], &key, &groups);
        for (size_t j = 0; j < n_groups; j++) {
            add_uuid_clause(clauses, "logical_dp_group", "==", &groups[j]->uuid);
        }
    }
    return or_nothing(clauses);
}

static json_t *
fdb_clauses(const struct controller *c)
{
    json_t *clauses = json_array();
    size_t n;
    const uint32_t *dps = local_datapaths(c->local, &n);
    for (size_t i = 0; i < n; i++) {
        const struct row *row = replica_row_by_id(c->sb, SB_TABLE_DATAPATH_BINDING, dps[i]);
        if (row) {
            json_array_append_new(clauses, json_pack("[s, s, I]", "dp_key", "==",
                (json_int_t) sb_datapath_binding_tunnel_key(NULL, sb_datapath_binding(row))));
        }
    }
    return or_nothing(clauses);
}

static json_t *
port_clauses(const struct controller *c)
{
    static const char *const types[] = {"patch", "l2gateway", "l3gateway", "chassisredirect", "external", "localnet"};
    json_t *clauses = local_clauses(c, "datapath", "==");
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        json_array_append_new(clauses, json_pack("[s, s, s]", "type", "==", types[i]));
    }
    for (const struct row *row = replica_first(c->ovs, VSWITCH_TABLE_INTERFACE); row; row = replica_next(row)) {
        const char *id = vswitch_interface_external_ids_get(NULL, vswitch_interface(row), "iface-id");
        if (id && *id) {
            json_array_append_new(clauses, json_pack("[s, s, s]", "logical_port", "==", id));
            json_array_append_new(clauses, json_pack("[s, s, s]", "parent_port", "==", id));
        }
    }
    const char *name = config_peek(c, CONFIG_SYSTEM_ID);
    const struct row *own = name ? replica_find_string(NULL, c->sb, c->indexes[IX_CHASSIS_BY_NAME], name) : NULL;
    if (own) {
        add_uuid_clause(clauses, "chassis", "includes", &own->uuid);
    }
    return clauses;
}

static json_t *
private_clauses(const struct controller *c)
{
    json_t *clauses = json_array();
    const char *name = config_peek(c, CONFIG_SYSTEM_ID);
    if (name) {
        json_array_append_new(clauses, json_pack("[s, s, s]", "name", "==", name));
    }
    return or_nothing(clauses);
}

bool
conditions_update(struct controller *c)
{
    const char *all = config_peek(c, CONFIG_MONITOR_ALL);
    bool changed = replica_set_condition(c->sb, SB_TABLE_CHASSIS_PRIVATE, private_clauses(c));
    if (all && !strcmp(all, "true")) {
        static const uint32_t tables[] = {SB_TABLE_PORT_BINDING, SB_TABLE_LOGICAL_FLOW, SB_TABLE_MULTICAST_GROUP,
                                          SB_TABLE_MAC_BINDING, SB_TABLE_FDB};
        for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
            changed |= replica_set_condition(c->sb, tables[i], NULL);
        }
        return changed;
    }
    changed |= replica_set_condition(c->sb, SB_TABLE_PORT_BINDING, port_clauses(c));
    changed |= replica_set_condition(c->sb, SB_TABLE_LOGICAL_FLOW, flow_clauses(c));
    changed |= replica_set_condition(c->sb, SB_TABLE_MULTICAST_GROUP, or_nothing(local_clauses(c, "datapath", "==")));
    changed |= replica_set_condition(c->sb, SB_TABLE_MAC_BINDING, or_nothing(local_clauses(c, "datapath", "==")));
    changed |= replica_set_condition(c->sb, SB_TABLE_FDB, fdb_clauses(c));
    return changed;
}
