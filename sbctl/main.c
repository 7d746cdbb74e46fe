/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sbctl/sbctl.h"

static const struct ctl_row_id row_ids[] = {
    {"Address_Set", NULL, "name", NULL, NULL},
    {"Chassis", NULL, "name", NULL, NULL},
    {"Chassis_Private", NULL, "name", NULL, NULL},
    {"Chassis_Template_Var", NULL, "chassis", NULL, NULL},
    {"Connection", NULL, "target", NULL, NULL},
    {"DHCP_Options", NULL, "name", NULL, NULL},
    {"DHCPv6_Options", NULL, "name", NULL, NULL},
    {"Datapath_Binding", NULL, "external_ids", "name", NULL},
    {"Datapath_Binding", NULL, "external_ids", "name2", NULL},
    {"Datapath_Binding", NULL, "external_ids", "logical-switch", NULL},
    {"Datapath_Binding", NULL, "external_ids", "logical-router", NULL},
    {"Gateway_Chassis", NULL, "name", NULL, NULL},
    {"HA_Chassis_Group", NULL, "name", NULL, NULL},
    {"Load_Balancer", NULL, "name", NULL, NULL},
    {"MAC_Binding", NULL, "logical_port", NULL, NULL},
    {"Meter", NULL, "name", NULL, NULL},
    {"Mirror", NULL, "name", NULL, NULL},
    {"Port_Binding", NULL, "logical_port", NULL, NULL},
    {"Port_Binding", NULL, "external_ids", "name", NULL},
    {"Port_Group", NULL, "name", NULL, NULL},
    {"RBAC_Permission", NULL, "table", NULL, NULL},
    {"RBAC_Role", NULL, "name", NULL, NULL},
    {"SB_Global", NULL, NULL, NULL, NULL},
    {"SSL", NULL, NULL, NULL, NULL},
    {"Service_Monitor", NULL, "logical_port", NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static const struct ctl_command_def *const commands[] = {
    show_commands, chassis_commands, binding_commands, lflow_commands, remote_commands, db_commands, NULL,
};

static const struct ctl_program program = {
    .name = "ovn-sbctl",
    .database = "OVN_Southbound",
    .schema_version = "21.11.0",
    .global_table = "SB_Global",
    .env_db = "OVN_SB_DB",
    .env_options = "OVN_SBCTL_OPTIONS",
    .env_daemon = "OVN_SB_DAEMON",
    .socket = "ovnsb_db.sock",
    .commands = commands,
    .row_ids = row_ids,
    .help = sbctl_help,
};

int
main(int argc, char *argv[])
{
    return ctl_main(argc, argv, &program);
}
