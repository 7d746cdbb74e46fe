/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"
#include "nbctl/rules.h"

/* acl-*: access control lists of switches and port groups; qos-*: marking and metering rules of switches. */

static const char ACL_COLUMNS[] = "direction priority match action log severity name meter label options",
                  QOS_COLUMNS[] = "direction priority match action bandwidth";

/* --- What rules have in common: direction, priority, match --- */

static struct err *
parse_direction(const char *text, const char **ret)
{
    *ret = *text == 't' ? "to-lport" : "from-lport";
    return *text == 't' || *text == 'f' ? NULL
                                        : err_new("%s: direction must be \"to-lport\" or \"from-lport\"", text);
}

struct err *
nb_find_same_rule(struct ctl_context *ctx, struct ws_row *owner, const char *column, const char *direction,
                  int64_t priority, const char *match, const char *columns, struct ws_row **ret)
{
    const struct column *owner_column = table_column(row_table(owner), column);
    const struct table *table = owner_column->type.key.ref_table;
    struct ws_rows rows = {0}, owners = {0};
    struct datum values[3];
    struct ws_condition conditions[] = {{table_column(table, "priority"), WS_EQ, &values[0]},
                                        {table_column(table, "match"), WS_EQ, &values[1]},
                                        {direction ? table_column(table, "direction") : NULL, WS_EQ, &values[2]}};

    *ret = NULL;
    datum_init_integer(&values[0], priority);
    datum_init_string(&values[1], match);
    datum_init_string(&values[2], direction ? direction : "");
    struct err *err = workset_select(ctx->ws, table, conditions, direction ? 3 : 2, ws_columns(table, columns), true, &rows);
    for (size_t i = 0; i < rows.n && !err && !*ret; i++) {
        err = workset_find_referrers(ctx->ws, row_table(owner), column, row_uuid(rows.d[i]), 0, &owners);
        for (size_t j = 0; j < owners.n && !err; j++) {
            *ret = owners.d[j] == owner ? rows.d[i] : *ret;
        }
    }
    vec_fini(&rows);
    vec_fini(&owners);
    datum_fini(&values[1], (struct datum_type) {ATOM_STRING, ATOM_VOID});
    datum_fini(&values[2], (struct datum_type) {ATOM_STRING, ATOM_VOID});
    return err;
}

/* "from-lport" before "to-lport", then the highest priority, then by match. */
static int
compare_rules(const void *a_, const void *b_)
{
    const struct ws_row *const *a = a_, *const *b = b_;
    int64_t pa = row_integer(*a, "priority"), pb = row_integer(*b, "priority");
    int cmp = strcmp(row_string(*a, "direction"), row_string(*b, "direction"));
    if (!cmp) {
        cmp = datum_get_string(row_peek_named(*a, "options"), "apply-after-lb")
              ? !datum_get_string(row_peek_named(*b, "options"), "apply-after-lb")
              : -!!datum_get_string(row_peek_named(*b, "options"), "apply-after-lb");
    }
    if (!cmp) {
        cmp = (pa < pb) - (pa > pb);
    }
    return cmp ? cmp : strcmp(row_string(*a, "match"), row_string(*b, "match"));
}

static int
compare_qos(const void *a_, const void *b_)
{
    const struct ws_row *const *a = a_, *const *b = b_;
    int64_t pa = row_integer(*a, "priority"), pb = row_integer(*b, "priority");
    int cmp = strcmp(row_string(*a, "direction"), row_string(*b, "direction"));
    if (!cmp) {
        cmp = (pa < pb) - (pa > pb);
    }
    return cmp ? cmp : strcmp(row_string(*a, "match"), row_string(*b, "match"));
}

/* Removes from 'owner' the rules in 'direction', or all. */
static struct err *
delete_direction(struct ctl_context *ctx, struct ws_row *owner, const char *column, const char *direction)
{
    struct ws_rows rows = {0};
    struct err *err = nb_fetch_refs(ctx, owner, column, "direction", &rows);
    for (size_t i = 0; i < rows.n && !err; i++) {
        if (!strcmp(direction, row_string(rows.d[i], "direction"))) {
            row_remove_ref(owner, column, row_uuid(rows.d[i]));
        }
    }
    vec_fini(&rows);
    return err;
}

/* Removes from 'owner' the rules that arguments 2 to 4, "[DIRECTION [PRIORITY MATCH]]", name. */
static struct err *
delete_rules(struct ctl_context *ctx, struct ws_row *owner, const char *column)
{
    const char *direction = NULL;
    struct ws_row *rule = NULL;
    int64_t priority;

    if (ctx->argc == 2) {
        row_clear(owner, column);
        return NULL;
    }
    struct err *err = parse_direction(ctx->argv[2], &direction);
    if (!err && ctx->argc == 3) {
        return delete_direction(ctx, owner, column, direction);
    }
    if (!err && ctx->argc == 4) {
        err = err_new("cannot specify priority without match");
    }
    if (!err) {
        err = nb_parse_priority(ctx->argv[3], &priority);
    }
    if (!err) {
        err = nb_find_same_rule(ctx, owner, column, direction, priority, ctx->argv[4], "", &rule);
    }
    if (!err && rule) {
        row_remove_ref(owner, column, row_uuid(rule));
    }
    return err;
}

/* --- ACLs --- */

/* The switch or port group that 'id' names, as --type says. */
static struct err *
find_entity(struct ctl_context *ctx, const char *id, const char *columns, struct ws_row **ret)
{
    const char *type = ctl_option(ctx, "--type");
    struct ws_row *lswitch = NULL, *group = NULL;
    bool wants_switch = !type || !strcmp(type, "switch"), wants_group = !type || !strcmp(type, "port-group");

    if (!wants_switch && !wants_group) {
        return err_new("Invalid value '%s' for option --type", type);
    }
    struct err *err = wants_group ? nb_find(ctx, &nb_port_group, id, !type ? true : false, columns, &group) : NULL;
    if (!err && wants_switch) {
        err = nb_find(ctx, &nb_switch, id, !type ? true : false, columns, &lswitch);
    }
    if (!err && lswitch && group) {
        err = err_new("Same name '%s' exists in both port-groups and logical switches. Specify --type=port-group or switch, "
                      "or use a UUID.", id);
    } else if (!err && !lswitch && !group) {
        err = err_new("'%s' is not found for port-group or switch.", id);
    }
    *ret = lswitch ? lswitch : group;
    return err;
}

/* What acl-add's arguments and options say. */
struct acl_args {
    const char *direction, *match, *action, *severity, *name, *meter;
    int64_t priority, label;
};

static struct err *
parse_label(struct ctl_context *ctx, struct acl_args *args)
{
    const char *label = ctl_option(ctx, "--label");
    if (!label) {
        return NULL;
    }
    if (strcmp(args->action, "allow") && strcmp(args->action, "allow-related")) {
        return err_new("label can only be set with actions \"allow\" or \"allow-related\"");
    }
    if (!str_to_int64(label, 0, &args->label) || args->label < 0 || args->label > UINT32_MAX) {
        return err_new("%s: label must in range 0...4294967295", label);
    }
    return NULL;
}

static struct err *
parse_acl(struct ctl_context *ctx, struct acl_args *args)
{
    static const char *const actions[] = {"allow", "allow-related", "allow-stateless", "drop", "reject"};
    static const char *const severities[] = {"alert", "warning", "notice", "info", "debug"};
    bool is_action = false, is_severity = false;

    *args = (struct acl_args) {.match = ctx->argv[4], .action = ctx->argv[5], .severity = ctl_option(ctx, "--severity"),
                               .name = ctl_option(ctx, "--name"), .meter = ctl_option(ctx, "--meter")};
    struct err *err = parse_direction(ctx->argv[2], &args->direction);
    if (!err) {
        err = nb_parse_priority(ctx->argv[3], &args->priority);
    }
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
        is_action |= !strcmp(args->action, actions[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(severities) && args->severity; i++) {
        is_severity |= !strcmp(args->severity, severities[i]);
    }
    if (!err && !is_action) {
        err = err_new("%s: action must be one of \"allow\", \"allow-related\", \"allow-stateless\", \"drop\", and \"reject\"",
                      args->action);
    }
    if (!err && args->severity && !is_severity) {
        err = err_new("bad severity: %s", args->severity);
    }
    return err ? err : parse_label(ctx, args);
}

static struct err *
cmd_acl_add(struct ctl_context *ctx)
{
    struct acl_args args;
    struct ws_row *entity, *same;

    struct err *err = find_entity(ctx, ctx->argv[1], "name", &entity);
    if (!err) {
        err = parse_acl(ctx, &args);
    }
    if (!err) {
        err = nb_find_same_rule(ctx, entity, "acls", args.direction, args.priority, args.match, "", &same);
    }
    if (err || same) {
        return err || ctl_has_option(ctx, "--may-exist")
                   ? err
                   : err_new("Same ACL already existed on the ls %s.", row_string(entity, "name"));
    }
    struct ws_row *acl = workset_insert(ctx->ws, table_column(row_table(entity), "acls")->type.key.ref_table);
    row_set_integer(acl, "priority", args.priority);
    row_set_string(acl, "direction", args.direction);
    row_set_string(acl, "match", args.match);
    row_set_string(acl, "action", args.action);
    if (ctl_has_option(ctx, "--log") || args.severity || args.name || args.meter) {
        row_set_boolean(acl, "log", true);
    }
    if (args.severity) {
        row_set_string(acl, "severity", args.severity);
    }
    if (args.name) {
        row_set_string(acl, "name", args.name);
    }
    if (args.meter) {
        row_set_string(acl, "meter", args.meter);
    }
    if (args.label) {
        row_set_integer(acl, "label", args.label);
    }
    if (!strcmp(args.direction, "from-lport") && ctl_has_option(ctx, "--apply-after-lb")) {
        row_set_key(acl, "options", "apply-after-lb", "true");
    }
    row_add_ref(entity, "acls", row_uuid(acl));
    return NULL;
}

static struct err *
cmd_acl_del(struct ctl_context *ctx)
{
    struct ws_row *entity;
    struct err *err = find_entity(ctx, ctx->argv[1], "", &entity);
    return err ? err : delete_rules(ctx, entity, "acls");
}

static void
put_log(struct buf *out, const struct ws_row *acl)
{
    const char *separator = "";
    buf_puts(out, " log(");
    if (row_peek_named(acl, "name")->n) {
        buf_printf(out, "name=%s", row_string(acl, "name"));
        separator = ",";
    }
    if (row_peek_named(acl, "severity")->n) {
        buf_printf(out, "%sseverity=%s", separator, row_string(acl, "severity"));
        separator = ",";
    }
    if (row_peek_named(acl, "meter")->n) {
        buf_printf(out, "%smeter=\"%s\"", separator, row_string(acl, "meter"));
    }
    buf_putc(out, ')');
}

static struct err *
cmd_acl_list(struct ctl_context *ctx)
{
    struct ws_row *entity;
    struct ws_rows acls = {0};
    struct err *err = find_entity(ctx, ctx->argv[1], "acls", &entity);
    if (!err) {
        err = nb_peek_refs(ctx, entity, "acls", ACL_COLUMNS, &acls);
    }
    if (!err && acls.n) {
        qsort(acls.d, acls.n, sizeof *acls.d, compare_rules);
    }
    for (size_t i = 0; i < acls.n && !err; i++) {
        const struct ws_row *acl = acls.d[i];
        buf_printf(&ctx->output, "%10s %5lld (%s) %s", row_string(acl, "direction"),
                   (long long) row_integer(acl, "priority"), row_string(acl, "match"), row_string(acl, "action"));
        if (row_boolean(acl, "log")) {
            put_log(&ctx->output, acl);
        }
        if (row_integer(acl, "label")) {
            buf_printf(&ctx->output, " label=%lld", (long long) row_integer(acl, "label"));
        }
        const char *after_lb = datum_get_string(row_peek_named(acl, "options"), "apply-after-lb");
        buf_puts(&ctx->output, after_lb && !strcasecmp(after_lb, "true") ? " [after-lb]\n" : "\n");
    }
    vec_fini(&acls);
    return err;
}

/* --- QoS rules --- */

struct qos_args {
    int64_t dscp, rate, burst;                               /* -1: not given */
};

static struct err *
parse_number(const char *text, const char *name, int64_t min, int64_t max, int64_t *ret)
{
    if (!str_to_int64(text, 10, ret) || *ret < min || *ret > max) {
        return err_new("%s: %s must be in the range %lld...%lld", text, name, (long long) min, (long long) max);
    }
    return NULL;
}

static struct err *
parse_qos(struct ctl_context *ctx, struct qos_args *ret)
{
    struct err *err = NULL;
    *ret = (struct qos_args) {-1, -1, -1};
    for (int i = 5; i < ctx->argc && !err; i++) {
        const char *arg = ctx->argv[i];
        if (!strncmp(arg, "dscp=", 5)) {
            err = parse_number(arg + 5, "dscp", 0, 63, &ret->dscp);
        } else if (!strncmp(arg, "rate=", 5)) {
            err = parse_number(arg + 5, "rate", 1, UINT32_MAX, &ret->rate);
        } else if (!strncmp(arg, "burst=", 6)) {
            err = parse_number(arg + 6, "burst", 1, UINT32_MAX, &ret->burst);
        } else {
            err = err_new("%s: supported arguments are \"dscp=\", \"rate=\", and \"burst=\"", arg);
        }
    }
    if (!err && ret->dscp < 0 && ret->rate < 0) {
        err = err_new("Either \"rate\" and/or \"dscp\" must be specified");
    }
    return err;
}

static void
set_number(struct ws_row *row, const char *name, const char *key, int64_t value)
{
    const struct column *column = table_column(row_table(row), name);
    union atom k = {.string = atom_string_new(str_from(key))}, v = {.integer = value};
    struct datum pair;
    bool ok = datum_init_from_atoms(&pair, column_datum_type(&column->type), &k, &v, 1);
    CHECK(ok);
    row_insert_elements(row, column, &pair);
    datum_fini(&pair, column_datum_type(&column->type));
}

static struct err *
cmd_qos_add(struct ctl_context *ctx)
{
    struct qos_args args;
    const char *direction;
    int64_t priority;
    struct ws_row *lswitch, *same;

    struct err *err = parse_direction(ctx->argv[2], &direction);
    if (!err) {
        err = nb_parse_priority(ctx->argv[3], &priority);
    }
    if (!err) {
        err = parse_qos(ctx, &args);
    }
    if (!err) {
        err = nb_find(ctx, &nb_switch, ctx->argv[1], false, "name", &lswitch);
    }
    if (!err) {
        err = nb_find_same_rule(ctx, lswitch, "qos_rules", direction, priority, ctx->argv[4], "", &same);
    }
    if (err || same) {
        return err || ctl_has_option(ctx, "--may-exist")
                   ? err
                   : err_new("Same qos already existed on the ls %s.", row_string(lswitch, "name"));
    }
    struct ws_row *qos = workset_insert(ctx->ws, table_column(row_table(lswitch), "qos_rules")->type.key.ref_table);
    row_set_integer(qos, "priority", priority);
    row_set_string(qos, "direction", direction);
    row_set_string(qos, "match", ctx->argv[4]);
    if (args.dscp >= 0) {
        set_number(qos, "action", "dscp", args.dscp);
    }
    if (args.rate >= 0) {
        set_number(qos, "bandwidth", "rate", args.rate);
        if (args.burst >= 0) {
            set_number(qos, "bandwidth", "burst", args.burst);
        }
    }
    row_add_ref(lswitch, "qos_rules", row_uuid(qos));
    return NULL;
}

static struct err *
cmd_qos_del(struct ctl_context *ctx)
{
    struct ws_row *lswitch;
    struct uuid uuid;
    struct err *err = nb_find(ctx, &nb_switch, ctx->argv[1], false, "", &lswitch);
    if (err || ctx->argc == 2 || !uuid_from_text(str_from(ctx->argv[2]), &uuid)) {
        return err ? err : delete_rules(ctx, lswitch, "qos_rules");
    }
    err = workset_fetch_row(ctx->ws, lswitch, ws_columns(row_table(lswitch), "qos_rules"));
    if (!err && ctx->argc == 4) {
        err = err_new("cannot specify priority without match");
    }
    if (!err && !datum_has_uuid(row_get(lswitch, table_column(row_table(lswitch), "qos_rules")), &uuid)) {
        err = err_new("uuid is not found");
    }
    if (!err) {
        row_remove_ref(lswitch, "qos_rules", &uuid);
    }
    return err;
}

static void
put_number(struct buf *out, const struct ws_row *row, const char *column, const char *key)
{
    const struct datum *map = row_peek_named(row, column);
    for (uint32_t i = 0; i < map->n; i++) {
        if (!strcmp(datum_keys(map)[i].string->text, key)) {
            buf_printf(out, " %s=%lld", key, (long long) datum_values(map)[i].integer);
        }
    }
}

static struct err *
cmd_qos_list(struct ctl_context *ctx)
{
    struct ws_row *lswitch;
    struct ws_rows rules = {0};
    struct err *err = nb_find(ctx, &nb_switch, ctx->argv[1], false, "qos_rules", &lswitch);
    if (!err) {
        err = nb_peek_refs(ctx, lswitch, "qos_rules", QOS_COLUMNS, &rules);
    }
    if (!err && rules.n) {
        qsort(rules.d, rules.n, sizeof *rules.d, compare_qos);
    }
    for (size_t i = 0; i < rules.n && !err; i++) {
        buf_printf(&ctx->output, "%10s %5lld (%s)", row_string(rules.d[i], "direction"),
                   (long long) row_integer(rules.d[i], "priority"), row_string(rules.d[i], "match"));
        put_number(&ctx->output, rules.d[i], "bandwidth", "rate");
        put_number(&ctx->output, rules.d[i], "bandwidth", "burst");
        put_number(&ctx->output, rules.d[i], "action", "dscp");
        buf_putc(&ctx->output, '\n');
    }
    vec_fini(&rules);
    return err;
}

const struct ctl_command_def rule_commands[] = {
    {"acl-add", 5, 6, "{SWITCH | PORTGROUP} DIRECTION PRIORITY MATCH ACTION",
     "--log,--may-exist,--type=,--name=,--severity=,--meter=,--label=,--apply-after-lb", cmd_acl_add, NULL},
    {"acl-del", 1, 4, "{SWITCH | PORTGROUP} [DIRECTION [PRIORITY MATCH]]", "--type=", cmd_acl_del, NULL},
    {"acl-list", 1, 1, "{SWITCH | PORTGROUP}", "--type=", cmd_acl_list, NULL},
    {"qos-add", 5, 7, "SWITCH DIRECTION PRIORITY MATCH [rate=RATE [burst=BURST]] [dscp=DSCP]", "--may-exist", cmd_qos_add,
     NULL},
    {"qos-del", 1, 4, "SWITCH [{DIRECTION | UUID} [PRIORITY MATCH]]", "", cmd_qos_del, NULL},
    {"qos-list", 1, 1, "SWITCH", "", cmd_qos_list, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
