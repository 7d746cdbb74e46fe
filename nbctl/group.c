/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

/* pg-*: port groups; ha-chassis-group-*: groups of chassis that stand in for each other. */

const struct nb_kind nb_port_group = {"Port_Group", "port group", "port groups"};
static const struct nb_kind nb_ha_group = {"HA_Chassis_Group", "ha_chassi_group", "ha_chassis_groups"};

/* --- Port groups --- */

/* Makes the ports named by the arguments from 'first' on those of 'group'. */
static struct err *
set_ports(struct ctl_context *ctx, struct ws_row *group, int first)
{
    row_clear(group, "ports");
    for (int i = first; i < ctx->argc; i++) {
        struct ws_row *port;
        struct err *err = nb_find(ctx, &nb_switch_port, ctx->argv[i], false, "", &port);
        if (err) {
            return err;
        }
        row_add_ref(group, "ports", row_uuid(port));
    }
    return NULL;
}

static struct err *
cmd_pg_add(struct ctl_context *ctx)
{
    const struct table *table;
    struct err *err = ctl_table(ctx, "Port_Group", &table);
    if (err) {
        return err;
    }
    struct ws_row *group = workset_insert(ctx->ws, table);
    row_set_string(group, "name", ctx->argv[1]);
    return ctx->argc > 2 ? set_ports(ctx, group, 2) : NULL;
}

static struct err *
cmd_pg_set_ports(struct ctl_context *ctx)
{
    struct ws_row *group;
    struct err *err = nb_find(ctx, &nb_port_group, ctx->argv[1], false, "", &group);
    return err ? err : set_ports(ctx, group, 2);
}

static struct err *
cmd_pg_del(struct ctl_context *ctx)
{
    struct ws_row *group;
    struct err *err = nb_find(ctx, &nb_port_group, ctx->argv[1], false, "", &group);
    if (!err) {
        row_delete(group);
    }
    return err;
}

/* --- HA chassis groups --- */

static struct err *
cmd_ha_group_add(struct ctl_context *ctx)
{
    const struct table *table;
    struct err *err = ctl_table(ctx, "HA_Chassis_Group", &table);
    if (!err) {
        row_set_string(workset_insert(ctx->ws, table), "name", ctx->argv[1]);
    }
    return err;
}

static struct err *
cmd_ha_group_del(struct ctl_context *ctx)
{
    struct ws_row *group;
    struct err *err = nb_find(ctx, &nb_ha_group, ctx->argv[1], false, "", &group);
    if (!err) {
        row_delete(group);
    }
    return err;
}

/* The group and its member that arguments 1 and 2 name; no such member: NULL, or an error if 'must_exist'. */
static struct err *
find_member(struct ctl_context *ctx, bool must_exist, struct ws_row **ret_group, struct ws_row **ret_member)
{
    struct ws_rows members = {0};
    struct err *err = nb_find(ctx, &nb_ha_group, ctx->argv[1], false, "ha_chassis", ret_group);
    *ret_member = NULL;
    if (!err) {
        err = nb_fetch_refs(ctx, *ret_group, "ha_chassis", "chassis_name", &members);
    }
    for (size_t i = 0; i < members.n && !err; i++) {
        if (!strcmp(row_string(members.d[i], "chassis_name"), ctx->argv[2])) {
            *ret_member = members.d[i];
        }
    }
    vec_fini(&members);
    if (!err && !*ret_member && must_exist) {
        err = err_new("%s: ha chassis not found in %s ha chassis group", ctx->argv[2], ctx->argv[1]);
    }
    return err;
}

static struct err *
cmd_ha_group_add_chassis(struct ctl_context *ctx)
{
    struct ws_row *group, *member;
    int64_t priority;
    struct err *err = find_member(ctx, false, &group, &member);
    if (!err) {
        err = nb_parse_priority(ctx->argv[3], &priority);
    }
    if (err) {
        return err;
    }
    if (!member) {
        member = workset_insert(ctx->ws, table_column(row_table(group), "ha_chassis")->type.key.ref_table);
        row_set_string(member, "chassis_name", ctx->argv[2]);
        row_add_ref(group, "ha_chassis", row_uuid(member));
    }
    row_set_integer(member, "priority", priority);
    return NULL;
}

static struct err *
cmd_ha_group_remove_chassis(struct ctl_context *ctx)
{
    struct ws_row *group, *member;
    struct err *err = find_member(ctx, true, &group, &member);
    if (!err) {
        row_remove_ref(group, "ha_chassis", row_uuid(member));
        row_delete(member);
    }
    return err;
}

static struct err *
cmd_ha_group_set_prio(struct ctl_context *ctx)
{
    struct ws_row *group, *member;
    int64_t priority;
    struct err *err = find_member(ctx, true, &group, &member);
    if (!err) {
        err = nb_parse_priority(ctx->argv[3], &priority);
    }
    if (!err) {
        row_set_integer(member, "priority", priority);
    }
    return err;
}

static struct err *
print_ha_group(struct ctl_context *ctx, struct ws_row *group)
{
    struct ws_rows members = {0};
    struct err *err = nb_peek_refs(ctx, group, "ha_chassis", "chassis_name priority", &members);
    buf_printf(&ctx->output, "%s (%s)\n", uuid_text(row_uuid(group)), row_string(group, "name"));
    for (size_t i = 0; i < members.n && !err; i++) {
        buf_printf(&ctx->output, "    %s (%s)\n    priority %lld\n\n", uuid_text(row_uuid(members.d[i])),
                   row_string(members.d[i], "chassis_name"), (long long) row_integer(members.d[i], "priority"));
    }
    buf_putc(&ctx->output, '\n');
    vec_fini(&members);
    return err;
}

static struct err *
cmd_ha_group_list(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_rows groups = {0};
    struct err *err = ctl_table(ctx, "HA_Chassis_Group", &table);
    if (!err) {
        err = workset_select(ctx->ws, table, NULL, 0, ws_columns(table, "name ha_chassis"), false, &groups);
    }
    nb_sort_by_name(&groups);
    for (size_t i = 0; i < groups.n && !err; i++) {
        err = print_ha_group(ctx, groups.d[i]);
    }
    vec_fini(&groups);
    return err;
}

const struct ctl_command_def group_commands[] = {
    {"pg-add", 1, INT_MAX, "GROUP [PORT]...", "", cmd_pg_add, NULL},
    {"pg-set-ports", 2, INT_MAX, "GROUP PORT...", "", cmd_pg_set_ports, NULL},
    {"pg-del", 1, 1, "GROUP", "", cmd_pg_del, NULL},
    {"ha-chassis-group-add", 1, 1, "GROUP", "", cmd_ha_group_add, NULL},
    {"ha-chassis-group-del", 1, 1, "GROUP", "", cmd_ha_group_del, NULL},
    {"ha-chassis-group-list", 0, 0, "", "", cmd_ha_group_list, NULL},
    {"ha-chassis-group-add-chassis", 3, 3, "GROUP CHASSIS PRIORITY", "", cmd_ha_group_add_chassis, NULL},
    {"ha-chassis-group-remove-chassis", 2, 2, "GROUP CHASSIS", "", cmd_ha_group_remove_chassis, NULL},
    {"ha-chassis-group-set-chassis-prio", 3, 3, "GROUP CHASSIS PRIORITY", "", cmd_ha_group_set_prio, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
