/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

static const struct ctl_row_id row_ids[] = {
    {"ACL", NULL, "name", NULL, NULL},
    {"Address_Set", NULL, "name", NULL, NULL},
    {"Chassis_Template_Var", NULL, "chassis", NULL, NULL},
    {"Connection", NULL, "target", NULL, NULL},
    {"DHCP_Options", "Logical_Switch_Port", "name", NULL, "dhcpv4_options"},
    {"DHCP_Options", "Logical_Switch_Port", "external_ids", "neutron:port_name", "dhcpv4_options"},
    {"DHCP_Options", "Logical_Switch_Port", "name", NULL, "dhcpv6_options"},
    {"DHCP_Options", "Logical_Switch_Port", "external_ids", "neutron:port_name", "dhcpv6_options"},
    {"Forwarding_Group", NULL, "name", NULL, NULL},
    {"HA_Chassis", NULL, "chassis_name", NULL, NULL},
    {"HA_Chassis_Group", NULL, "name", NULL, NULL},
    {"Load_Balancer", NULL, "name", NULL, NULL},
    {"Load_Balancer_Group", NULL, "name", NULL, NULL},
    {"Load_Balancer_Health_Check", NULL, "vip", NULL, NULL},
    {"Logical_Router", NULL, "name", NULL, NULL},
    {"Logical_Router", NULL, "external_ids", "neutron:router_name", NULL},
    {"Logical_Router_Port", NULL, "name", NULL, NULL},
    {"Logical_Switch", NULL, "name", NULL, NULL},
    {"Logical_Switch", NULL, "external_ids", "neutron:network_name", NULL},
    {"Logical_Switch_Port", NULL, "name", NULL, NULL},
    {"Logical_Switch_Port", NULL, "external_ids", "neutron:port_name", NULL},
    {"Meter", NULL, "name", NULL, NULL},
    {"NAT", NULL, "external_ip", NULL, NULL},
    {"NB_Global", NULL, NULL, NULL, NULL},
    {"Port_Group", NULL, "name", NULL, NULL},
    {"SSL", NULL, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static const struct ctl_command_def *const commands[] = {
    show_commands, switch_commands, port_commands, router_commands, router_port_commands, route_commands,
    rule_commands, nat_commands, policy_commands, lb_commands, group_commands, meter_commands, dhcp_commands,
    mirror_commands, fwd_group_commands, remote_commands, db_commands, NULL,
};



static const struct ctl_program program = {
    .name = "ovn-nbctl",
    .database = "OVN_Northbound",
    .schema_version = "7.19.0",
    .global_table = "NB_Global",
    .env_db = "OVN_NB_DB",
    .env_options = "OVN_NBCTL_OPTIONS",
    .env_daemon = "OVN_NB_DAEMON",
    .socket = "ovnnb_db.sock",
    .commands = commands,
    .row_ids = row_ids,
    .has_wait = true,
    .help = nbctl_help,
};

int
main(int argc, char *argv[])
{
    return ctl_main(argc, argv, &program);
}
