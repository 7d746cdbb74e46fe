/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"

/* show, sync. */

static const char SWITCH_COLUMNS[] = "name ports external_ids", ROUTER_COLUMNS[] = "name ports nat external_ids",
                  PORT_COLUMNS[] = "name type parent_name tag addresses options external_ids",
                  ROUTER_PORT_COLUMNS[] = "name mac networks gateway_chassis", CHASSIS_COLUMNS[] = "chassis_name",
                  NAT_COLUMNS[] = "external_ip external_port_range logical_ip type";

/* The strings of a set as ["a", "b"], always quoted. */
static void
put_strings(struct buf *out, const struct datum *strings)
{
    buf_putc(out, '[');
    for (uint32_t i = 0; i < strings->n; i++) {
        buf_printf(out, "%s\"%s\"", i ? ", " : "", datum_keys(strings)[i].string->text);
    }
    buf_puts(out, "]\n");
}

/* Neutron names what it makes by uuids, and keeps the name that its user gave under 'key' of external_ids. */
static void
put_alias(struct buf *out, const struct ws_row *row, const char *key)
{
    const char *alias = datum_get_string(row_peek_named(row, "external_ids"), key);
    if (alias && *alias) {
        buf_printf(out, " (aka %s)", alias);
    }
    buf_putc(out, '\n');
}

static void
show_port(struct ctl_context *ctx, const struct ws_row *port)
{
    struct buf *out = &ctx->output;
    const struct datum *addresses = row_peek_named(port, "addresses");
    const char *router_port = datum_get_string(row_peek_named(port, "options"), "router-port");
    bool is_as_router = addresses->n == 1 && !strcmp(row_string(port, "addresses"), "router");

    buf_printf(out, "    port %s", row_string(port, "name"));
    put_alias(out, port, "neutron:port_name");
    if (*row_string(port, "type")) {
        buf_printf(out, "        type: %s\n", row_string(port, "type"));
    }
    if (row_peek_named(port, "parent_name")->n) {
        buf_printf(out, "        parent: %s\n", row_string(port, "parent_name"));
    }
    if (row_peek_named(port, "tag")->n) {
        buf_printf(out, "        tag: %lld\n", (long long) row_integer(port, "tag"));
    }
    if (addresses->n && !is_as_router) {
        buf_puts(out, "        addresses: ");
        put_strings(out, addresses);
    }
    if (router_port) {
        buf_printf(out, "        router-port: %s\n", router_port);
    }
}

static struct err *
show_switch(struct ctl_context *ctx, struct ws_row *row)
{
    struct ws_rows ports = {0};
    struct err *err = nb_peek_refs(ctx, row, "ports", PORT_COLUMNS, &ports);
    buf_printf(&ctx->output, "switch %s (%s)", uuid_text(row_uuid(row)), row_string(row, "name"));
    put_alias(&ctx->output, row, "neutron:network_name");
    for (size_t i = 0; i < ports.n && !err; i++) {
        show_port(ctx, ports.d[i]);
    }
    vec_fini(&ports);
    return err;
}

static struct err *
show_router_port(struct ctl_context *ctx, struct ws_row *port)
{
    struct ws_rows chassis = {0};
    struct err *err = nb_peek_refs(ctx, port, "gateway_chassis", CHASSIS_COLUMNS, &chassis);

    buf_printf(&ctx->output, "    port %s\n        mac: \"%s\"\n", row_string(port, "name"), row_string(port, "mac"));
    if (row_peek_named(port, "networks")->n) {
        buf_puts(&ctx->output, "        networks: ");
        put_strings(&ctx->output, row_peek_named(port, "networks"));
    }
    if (chassis.n) {
        buf_puts(&ctx->output, "        gateway chassis: [");
        for (size_t i = 0; i < chassis.n; i++) {
            buf_printf(&ctx->output, "%s%s", i ? " " : "", row_string(chassis.d[i], "chassis_name"));
        }
        buf_puts(&ctx->output, "]\n");
    }
    vec_fini(&chassis);
    return err;
}

static void
show_nat(struct ctl_context *ctx, const struct ws_row *nat)
{
    buf_printf(&ctx->output, "    nat %s\n        external ip: \"%s\"\n", uuid_text(row_uuid(nat)),
               row_string(nat, "external_ip"));
    if (*row_string(nat, "external_port_range")) {
        buf_printf(&ctx->output, "        external port(s): \"%s\"\n", row_string(nat, "external_port_range"));
    }
    buf_printf(&ctx->output, "        logical ip: \"%s\"\n        type: \"%s\"\n", row_string(nat, "logical_ip"),
               row_string(nat, "type"));
}

static struct err *
show_router(struct ctl_context *ctx, struct ws_row *row)
{
    struct ws_rows ports = {0}, nats = {0};
    struct err *err = nb_peek_refs(ctx, row, "ports", ROUTER_PORT_COLUMNS, &ports);
    if (!err) {
        err = nb_peek_refs(ctx, row, "nat", NAT_COLUMNS, &nats);
    }
    buf_printf(&ctx->output, "router %s (%s)", uuid_text(row_uuid(row)), row_string(row, "name"));
    put_alias(&ctx->output, row, "neutron:router_name");
    for (size_t i = 0; i < ports.n && !err; i++) {
        err = show_router_port(ctx, ports.d[i]);
    }
    for (size_t i = 0; i < nats.n && !err; i++) {
        show_nat(ctx, nats.d[i]);
    }
    vec_fini(&ports);
    vec_fini(&nats);
    return err;
}

/* Fetches all that a full "show" prints, in one request: one consistent picture. */
static struct err *
fetch_everything(struct ctl_context *ctx)
{
    static const struct {
        const char *name, *columns;
    } wanted[] = {{"Logical_Switch", SWITCH_COLUMNS}, {"Logical_Switch_Port", PORT_COLUMNS},
                  {"Logical_Router", ROUTER_COLUMNS}, {"Logical_Router_Port", ROUTER_PORT_COLUMNS},
                  {"Gateway_Chassis", CHASSIS_COLUMNS}, {"NAT", NAT_COLUMNS}};
    struct ws_whole tables[ARRAY_SIZE(wanted) + 1] = {{NULL, 0}};

    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        struct err *err = ctl_table(ctx, wanted[i].name, &tables[i].table);
        if (err) {
            return err;
        }
        tables[i].columns = ws_columns(tables[i].table, wanted[i].columns);
    }
    return workset_fetch_tables(ctx->ws, tables);
}

static struct err *
show_all(struct ctl_context *ctx, const struct nb_kind *kind, const char *columns,
         struct err *(*show)(struct ctl_context *, struct ws_row *))
{
    const struct table *table;
    struct ws_rows rows = {0};
    struct err *err = ctl_table(ctx, kind->table, &table);
    if (!err) {
        err = workset_select(ctx->ws, table, NULL, 0, ws_columns(table, columns), false, &rows);
    }
    nb_sort_by_name(&rows);
    for (size_t i = 0; i < rows.n && !err; i++) {
        err = show(ctx, rows.d[i]);
    }
    vec_fini(&rows);
    return err;
}

static struct err *
cmd_show(struct ctl_context *ctx)
{
    struct ws_row *lswitch, *router;
    struct err *err;

    if (ctx->argc == 1) {
        err = fetch_everything(ctx);
        if (!err) {
            err = show_all(ctx, &nb_switch, SWITCH_COLUMNS, show_switch);
        }
        return err ? err : show_all(ctx, &nb_router, ROUTER_COLUMNS, show_router);
    }
    err = nb_find(ctx, &nb_switch, ctx->argv[1], true, SWITCH_COLUMNS, &lswitch);
    if (!err && lswitch) {
        err = show_switch(ctx, lswitch);
    }
    if (!err) {
        err = nb_find(ctx, &nb_router, ctx->argv[1], true, ROUTER_COLUMNS, &router);
    }
    return err || !router ? err : show_router(ctx, router);
}

static struct err *
cmd_sync(struct ctl_context *ctx)
{
    ctx->must_sync = true;
    return NULL;
}

const struct ctl_command_def show_commands[] = {
    {"show", 0, 1, "[SWITCH]", "", cmd_show, NULL},
    {"sync", 0, 0, "", "", cmd_sync, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
