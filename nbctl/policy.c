/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"
#include "nbctl/rules.h"

/* lr-policy-*: routing policies of routers. */

static const char POLICY_COLUMNS[] = "priority match action nexthop nexthops options";

/* Parses "NEXTHOP,[NEXTHOP,...]" into 'ret', canonical texts, all of one family. */
static struct err *
parse_nexthops(const char *text, struct ws_row *policy)
{
    struct str rest = str_from(text);
    bool has_v4 = false, has_v6 = false;

    while (rest.s) {
        char *one = str_dup(str_cut(&rest, ","));
        char *ip = nb_normalize_ip(one);
        struct err *err = *one && !ip ? err_new("bad next hop argument: %s", text) : NULL;
        if (ip) {
            has_v6 |= strchr(ip, ':') != NULL;
            has_v4 |= !strchr(ip, ':');
            row_add_string(policy, "nexthops", ip);
        }
        free(one);
        free(ip);
        if (err || (has_v4 && has_v6)) {
            return err ? err : err_new("bad next hops argument, not in the same addr family : %s", text);
        }
    }
    return NULL;
}

static struct err *
write_policy(struct ctl_context *ctx, struct ws_row *policy, int64_t priority)
{
    const char *action = ctx->argv[4];
    bool is_reroute = !strcmp(action, "reroute");
    struct err *err = NULL;

    row_set_integer(policy, "priority", priority);
    row_set_string(policy, "match", ctx->argv[3]);
    row_set_string(policy, "action", action);
    if (is_reroute) {
        err = parse_nexthops(ctx->argv[5], policy);
    }
    for (int i = 5 + is_reroute; i < ctx->argc && !err; i++) {
        const char *equals = strchr(ctx->argv[i], '=');
        if (!equals) {
            return err_new("No value specified for the option : %s", ctx->argv[i]);
        }
        char *key = xmemdup0(ctx->argv[i], (size_t) (equals - ctx->argv[i]));
        row_set_key(policy, "options", key, equals + 1);
        free(key);
    }
    return err;
}

static struct err *
cmd_lr_policy_add(struct ctl_context *ctx)
{
    const char *action = ctx->argv[4];
    struct ws_row *router, *same;
    int64_t priority;

    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "name", &router);
    if (!err) {
        err = nb_parse_priority(ctx->argv[2], &priority);
    }
    if (!err && strcmp(action, "allow") && strcmp(action, "drop") && strcmp(action, "reroute")) {
        err = err_new("%s: action must be one of \"allow\", \"drop\", and \"reroute\"", action);
    }
    if (!err && !strcmp(action, "reroute") && ctx->argc < 6) {
        err = err_new("Nexthop is required when action is reroute.");
    }
    if (!err) {
        err = nb_find_same_rule(ctx, router, "policies", NULL, priority, ctx->argv[3], "", &same);
    }
    if (err || same) {
        return err || ctl_has_option(ctx, "--may-exist")
                   ? err
                   : err_new("Same routing policy already existed on the logical router %s.", row_string(router, "name"));
    }
    struct ws_row *policy = workset_insert(ctx->ws, table_column(row_table(router), "policies")->type.key.ref_table);
    row_add_ref(router, "policies", row_uuid(policy));
    return write_policy(ctx, policy, priority);
}

/* "lr-policy-del ROUTER UUID" */
static struct err *
delete_by_uuid(struct ctl_context *ctx, struct ws_row *router, const struct uuid *uuid)
{
    const struct column *column = table_column(row_table(router), "policies");
    struct err *err = workset_fetch_row(ctx->ws, router, UINT64_C(1) << column->index);
    if (err) {
        return err;
    }
    if (datum_has_uuid(row_get(router, column), uuid)) {
        row_remove_ref(router, "policies", uuid);
        return NULL;
    }
    return ctl_has_option(ctx, "--if-exists") ? NULL : err_new("Logical router policy uuid is not found.");
}

static struct err *
cmd_lr_policy_del(struct ctl_context *ctx)
{
    struct ws_row *router;
    struct ws_rows policies = {0};
    struct uuid uuid;
    int64_t priority;

    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "", &router);
    if (!err && ctx->argc == 2) {
        row_clear(router, "policies");
        return NULL;
    }
    if (!err && uuid_from_text(str_from(ctx->argv[2]), &uuid)) {
        return delete_by_uuid(ctx, router, &uuid);
    }
    if (!err) {
        err = nb_parse_priority(ctx->argv[2], &priority);
    }
    if (!err) {
        err = nb_fetch_refs(ctx, router, "policies", "priority match", &policies);
    }
    for (size_t i = 0; i < policies.n && !err; i++) {
        struct ws_row *policy = policies.d[i];
        if (row_integer(policy, "priority") == priority
            && (ctx->argc == 3 || !strcmp(row_string(policy, "match"), ctx->argv[3]))) {
            row_remove_ref(router, "policies", row_uuid(policy));
        }
    }
    vec_fini(&policies);
    return err;
}

static int
compare_policies(const void *a_, const void *b_)
{
    const struct ws_row *const *a = a_, *const *b = b_;
    int64_t pa = row_integer(*a, "priority"), pb = row_integer(*b, "priority");
    return pa != pb ? (pa < pb) - (pa > pb) : strcmp(row_string(*a, "match"), row_string(*b, "match"));
}

static void
print_policy(struct buf *out, const struct ws_row *policy)
{
    const struct datum *nexthops = row_peek_named(policy, "nexthops"), *options = row_peek_named(policy, "options");

    buf_printf(out, "%10lld %50s %15s", (long long) row_integer(policy, "priority"), row_string(policy, "match"),
               row_string(policy, "action"));
    if (!nexthops->n && row_peek_named(policy, "nexthop")->n) {
        buf_printf(out, " %25s", row_string(policy, "nexthop"));
    }
    for (uint32_t i = 0; i < nexthops->n; i++) {
        buf_printf(out, i ? ", %s" : " %25s", datum_keys(nexthops)[i].string->text);
    }
    for (uint32_t i = 0; i < options->n; i++) {
        buf_printf(out, "%s%s=%s", i ? "," : "               ", datum_keys(options)[i].string->text,
                   datum_values(options)[i].string->text);
    }
    buf_putc(out, '\n');
}

static struct err *
cmd_lr_policy_list(struct ctl_context *ctx)
{
    struct ws_row *router;
    struct ws_rows policies = {0};
    struct err *err = nb_find(ctx, &nb_router, ctx->argv[1], false, "policies", &router);
    if (!err) {
        err = nb_peek_refs(ctx, router, "policies", POLICY_COLUMNS, &policies);
    }
    if (!err && policies.n) {
        qsort(policies.d, policies.n, sizeof *policies.d, compare_policies);
        buf_puts(&ctx->output, "Routing Policies\n");
    }
    for (size_t i = 0; i < policies.n && !err; i++) {
        print_policy(&ctx->output, policies.d[i]);
    }
    vec_fini(&policies);
    return err;
}

const struct ctl_command_def policy_commands[] = {
    {"lr-policy-add", 4, INT_MAX, "ROUTER PRIORITY MATCH ACTION [NEXTHOP] [KEY=VALUE]...",
     "--may-exist", cmd_lr_policy_add, NULL},
    {"lr-policy-del", 1, 3, "ROUTER [{PRIORITY | UUID} [MATCH]]", "--if-exists", cmd_lr_policy_del, NULL},
    {"lr-policy-list", 1, 1, "ROUTER", "", cmd_lr_policy_list, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
