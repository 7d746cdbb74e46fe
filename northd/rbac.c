/* SPDX-License-Identifier: Apache-2.0 */
/* The access rules of the Southbound database (RBAC_Role, RBAC_Permission): what a chassis that connects with the role
 * "ovn-controller" may write; ovn-architecture(7), "Role-Based Access Controls for the Southbound DB".  The server applies
 * them (ovsdb/server/rbac.h). */
#include <config.h>

#include <string.h>

#include "northd/northd.h"

static const char role[] = "ovn-controller";

static const struct rule {
    const char *table;
    const char *authorization;                               /* the column with the chassis's name; "": all rows */
    bool insert_delete;
    const char *const *update;                               /* NULL-terminated */
} rules[] = {
#define COLUMNS(...) (const char *const[]) {__VA_ARGS__, NULL}
    {"BFD", "", false, COLUMNS("status")},
    {"Chassis", "name", true,
     COLUMNS("encaps", "external_ids", "nb_cfg", "other_config", "transport_zones", "vtep_logical_switches")},
    {"Chassis_Private", "name", true, COLUMNS("chassis", "external_ids", "nb_cfg", "nb_cfg_timestamp")},
    {"Controller_Event", "", true, COLUMNS("chassis", "event_info", "event_type", "seq_num")},
    {"Encap", "chassis_name", true, COLUMNS("ip", "options", "type")},
    {"FDB", "", true, COLUMNS("dp_key", "mac", "port_key", "timestamp")},
    {"IGMP_Group", "", true, COLUMNS("address", "chassis", "datapath", "ports")},
    {"MAC_Binding", "", true, COLUMNS("datapath", "ip", "logical_port", "mac", "timestamp")},
    {"Port_Binding", "", false,
     COLUMNS("additional_chassis", "additional_encap", "chassis", "encap", "options", "up", "virtual_parent")},
    {"Service_Monitor", "", false, COLUMNS("status")},
#undef COLUMNS
};

/* The same in every process, so that a restart writes nothing. */
static struct uuid
rule_uuid(const struct rule *rule)
{
    char name[64];
    snprintf(name, sizeof name, "RBAC_Permission %s", rule->table);
    return uuid_from_content(name, strlen(name));
}

static void
emit_rule(struct derive *d, const struct rule *rule)
{
    struct uuid uuid = rule_uuid(rule);
    struct desired *r = desired_begin(&northd_of(d)->desired, SB_TABLE_RBAC_PERMISSION, writer_key_uuid(&uuid));

    desired_string(r, SB_RBAC_PERMISSION_TABLE, rule->table);
    desired_string(r, SB_RBAC_PERMISSION_AUTHORIZATION, rule->authorization);
    desired_boolean(r, SB_RBAC_PERMISSION_INSERT_DELETE, rule->insert_delete);
    for (const char *const *column = rule->update; *column; column++) {
        desired_string(r, SB_RBAC_PERMISSION_UPDATE, *column);
    }
    desired_emit(r, d, S_SB_ROW);
}

void
derive_rbac(struct derive *d, uint64_t key UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        emit_rule(d, &rules[i]);
    }
    struct desired *r = desired_begin(&northd_of(d)->desired, SB_TABLE_RBAC_ROLE, str_from(role));
    desired_string(r, SB_RBAC_ROLE_NAME, role);
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        struct uuid uuid = rule_uuid(&rules[i]);
        desired_uuid_pair(r, SB_RBAC_ROLE_PERMISSIONS, rules[i].table, &uuid);
    }
    desired_emit(r, d, S_SB_ROW);
}
