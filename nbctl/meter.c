/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

/* meter-*, and copp-*: which meter limits which packets to the controller. */

static const struct nb_kind nb_meter = {"Meter", "meter", "meters"};
static const struct nb_kind nb_copp = {"Copp", "copp", "copps"};

/* --- Meters --- */

struct meter_args {
    const char *name, *action, *unit;
    int64_t rate, burst;
};

static struct err *
parse_meter(struct ctl_context *ctx, struct meter_args *args)
{
    *args = (struct meter_args) {.name = ctx->argv[1], .action = ctx->argv[2], .unit = ctx->argv[4]};
    if (strcmp(args->action, "drop")) {
        return err_new("action must be \"drop\"");
    }
    if (!str_to_int64(ctx->argv[3], 10, &args->rate) || args->rate < 1 || args->rate > UINT32_MAX) {
        return err_new("rate must be in the range 1...4294967295");
    }
    if (strcmp(args->unit, "kbps") && strcmp(args->unit, "pktps")) {
        return err_new("unit must be \"kbps\" or \"pktps\"");
    }
    if (ctx->argc > 5 && (!str_to_int64(ctx->argv[5], 10, &args->burst) || args->burst < 0 || args->burst > UINT32_MAX)) {
        return err_new("burst must be in the range 0...4294967295");
    }
    return NULL;
}

static struct err *
cmd_meter_add(struct ctl_context *ctx)
{
    struct meter_args args;
    const struct table *table;
    struct ws_row *meter;

    if (!strncmp(ctx->argv[1], "__", 2)) {
        return err_new("meter names that begin with \"__\" are reserved");
    }
    struct err *err = ctl_table(ctx, "Meter", &table);
    if (!err) {
        err = nb_find(ctx, &nb_meter, ctx->argv[1], true, "", &meter);
    }
    if (!err && meter && !ctl_has_option(ctx, "--may-exist")) {
        err = err_new("meter with name \"%s\" already exists", ctx->argv[1]);
    }
    if (!err) {
        err = parse_meter(ctx, &args);
    }
    if (err) {
        return err;
    }
    if (!meter) {
        meter = workset_insert(ctx->ws, table);
        row_set_string(meter, "name", args.name);
    }
    struct ws_row *band = workset_insert(ctx->ws, table_column(table, "bands")->type.key.ref_table);
    row_set_string(band, "action", args.action);
    row_set_integer(band, "rate", args.rate);
    row_set_integer(band, "burst_size", args.burst);
    row_set_string(meter, "unit", args.unit);
    row_set_uuid(meter, "bands", row_uuid(band));
    if (ctl_has_option(ctx, "--fair")) {
        row_set_boolean(meter, "fair", true);
    }
    return NULL;
}

static struct err *
all_meters(struct ctl_context *ctx, const char *columns, struct ws_rows *ret)
{
    const struct table *table;
    struct err *err = ctl_table(ctx, "Meter", &table);
    return err ? err : workset_select(ctx->ws, table, NULL, 0, ws_columns(table, columns), false, ret);
}

static struct err *
cmd_meter_del(struct ctl_context *ctx)
{
    struct ws_row *meter;
    struct ws_rows meters = {0};
    struct err *err;

    if (ctx->argc > 1) {
        err = nb_find(ctx, &nb_meter, ctx->argv[1], true, "", &meter);
        if (!err && meter) {
            row_delete(meter);
        }
        return err;
    }
    err = all_meters(ctx, "", &meters);
    for (size_t i = 0; i < meters.n && !err; i++) {
        row_delete(meters.d[i]);
    }
    vec_fini(&meters);
    return err;
}

static struct err *
print_meter(struct ctl_context *ctx, struct ws_row *meter)
{
    const char *unit = row_string(meter, "unit");
    struct ws_rows bands = {0};
    struct err *err = nb_peek_refs(ctx, meter, "bands", "action rate burst_size", &bands);

    buf_printf(&ctx->output, "%s:%s bands:\n", row_string(meter, "name"), row_boolean(meter, "fair") ? " (fair)" : "");
    for (size_t i = 0; i < bands.n && !err; i++) {
        buf_printf(&ctx->output, "  %s: %lld %s", row_string(bands.d[i], "action"),
                   (long long) row_integer(bands.d[i], "rate"), unit);
        if (row_integer(bands.d[i], "burst_size")) {
            buf_printf(&ctx->output, ", %lld %s burst", (long long) row_integer(bands.d[i], "burst_size"),
                       !strcmp(unit, "kbps") ? "kb" : "packet");
        }
        buf_putc(&ctx->output, '\n');
    }
    vec_fini(&bands);
    return err;
}

static struct err *
cmd_meter_list(struct ctl_context *ctx)
{
    struct ws_rows meters = {0};
    struct err *err = all_meters(ctx, "name unit fair bands", &meters);
    nb_sort_by_name(&meters);
    for (size_t i = 0; i < meters.n && !err; i++) {
        err = print_meter(ctx, meters.d[i]);
    }
    vec_fini(&meters);
    return err;
}

/* --- Control plane protection --- */

static struct err *
check_protocol(const char *protocol)
{
    static const char *const protocols[] = {"arp", "arp-resolve", "dhcpv4-opts", "dhcpv6-opts", "dns", "event-elb",
                                            "icmp4-error", "icmp6-error", "igmp", "nd-na", "nd-ns", "nd-ns-resolve",
                                            "nd-ra-opts", "tcp-reset", "bfd", "reject", "svc-monitor"};
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        if (!strcmp(protocol, protocols[i])) {
            buf_fini(&names);
            return NULL;
        }
        buf_printf(&names, "%s%s", i ? ", " : "", protocols[i]);
    }
    struct err *err = err_new("Invalid control protocol. Allowed values: %s.", buf_text(&names));
    buf_fini(&names);
    return err;
}

static struct err *
cmd_copp_add(struct ctl_context *ctx)
{
    const struct table *table;
    struct ws_row *copp;
    struct err *err = check_protocol(ctx->argv[2]);
    if (!err) {
        err = ctl_table(ctx, "Copp", &table);
    }
    if (!err) {
        err = nb_find(ctx, &nb_copp, ctx->argv[1], true, "", &copp);
    }
    if (!err && !copp) {
        copp = workset_insert(ctx->ws, table);
        row_set_string(copp, "name", ctx->argv[1]);
    }
    if (!err) {
        row_set_key(copp, "meters", ctx->argv[2], ctx->argv[3]);
    }
    return err;
}

static struct err *
cmd_copp_del(struct ctl_context *ctx)
{
    struct ws_row *copp;
    struct err *err = ctx->argc > 2 ? check_protocol(ctx->argv[2]) : NULL;
    if (!err) {
        err = nb_find(ctx, &nb_copp, ctx->argv[1], true, "", &copp);
    }
    if (!err && copp && ctx->argc > 2) {
        row_remove_key(copp, "meters", ctx->argv[2]);
    } else if (!err && copp) {
        row_delete(copp);
    }
    return err;
}

static struct err *
cmd_copp_list(struct ctl_context *ctx)
{
    struct ws_row *copp;
    struct err *err = nb_find(ctx, &nb_copp, ctx->argv[1], true, "meters", &copp);
    if (!err && copp) {
        const struct datum *meters = row_peek_named(copp, "meters");
        for (uint32_t i = 0; i < meters->n; i++) {
            buf_printf(&ctx->output, "%s: %s\n", datum_keys(meters)[i].string->text, datum_values(meters)[i].string->text);
        }
    }
    return err;
}

static struct err *
attach_copp(struct ctl_context *ctx, const struct nb_kind *kind)
{
    struct ws_row *copp, *row;
    struct err *err = nb_find(ctx, kind, ctx->argv[2], false, "", &row);
    if (!err) {
        err = nb_find(ctx, &nb_copp, ctx->argv[1], false, "", &copp);
    }
    if (!err) {
        row_set_uuid(row, "copp", row_uuid(copp));
    }
    return err;
}

static struct err *
cmd_ls_copp_add(struct ctl_context *ctx)
{
    return attach_copp(ctx, &nb_switch);
}

static struct err *
cmd_lr_copp_add(struct ctl_context *ctx)
{
    return attach_copp(ctx, &nb_router);
}

const struct ctl_command_def meter_commands[] = {
    {"meter-add", 4, 5, "NAME ACTION RATE UNIT [BURST]", "--fair,--may-exist", cmd_meter_add, NULL},
    {"meter-del", 0, 1, "[NAME]", "", cmd_meter_del, NULL},
    {"meter-list", 0, 0, "", "", cmd_meter_list, NULL},
    {"copp-add", 3, 3, "NAME PROTO METER", "", cmd_copp_add, NULL},
    {"copp-del", 1, 2, "NAME [PROTO]", "", cmd_copp_del, NULL},
    {"copp-list", 1, 1, "NAME", "", cmd_copp_list, NULL},
    {"ls-copp-add", 2, 2, "NAME SWITCH", "", cmd_ls_copp_add, NULL},
    {"lr-copp-add", 2, 2, "NAME ROUTER", "", cmd_lr_copp_add, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
