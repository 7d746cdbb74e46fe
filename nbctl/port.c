/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/packet/lport_addrs.h"
#include "nbctl/nbctl.h"
#include "nbctl/top.h"

/* lsp-*: logical switch ports. */

/* --- lsp-add, lsp-del, lsp-list --- */

/* Is the port that exists the one that "--may-exist lsp-add" asks for? */
static struct err *
check_existing(struct ctl_context *ctx, const struct ws_row *lswitch, struct ws_row *port, const char *parent, int64_t tag)
{
    const char *name = ctx->argv[2];
    const char *old_parent = row_string(port, "parent_name");
    struct ws_row *owner;

    struct err *err = nb_find_parent(ctx, &nb_switch, "ports", port, "name", &owner);
    if (err) {
        return err;
    }
    row_guard(port, ws_columns(row_table(port), "parent_name tag_request"));
    if (owner != lswitch) {
        return err_new("%s: port already exists but in switch %s", name, row_string(owner, "name"));
    }
    if (!parent) {
        return *old_parent ? err_new("%s: port already exists but has parent %s", name, old_parent) : NULL;
    }
    if (!*old_parent) {
        return err_new("%s: port already exists but has no parent", name);
    }
    if (strcmp(parent, old_parent)) {
        return err_new("%s: port already exists with different parent %s", name, old_parent);
    }
    if (!row_peek_named(port, "tag_request")->n) {
        return err_new("%s: port already exists but has no tag_request", name);
    }
    if (row_integer(port, "tag_request") != tag) {
        return err_new("%s: port already exists with different tag_request %lld", name,
                       (long long) row_integer(port, "tag_request"));
    }
    return NULL;
}

static struct err *
parse_parent(const struct ctl_context *ctx, const char **ret_parent, int64_t *ret_tag)
{
    *ret_parent = NULL;
    *ret_tag = -1;
    if (ctx->argc == 4) {
        return err_new("lsp-add with parent must also specify a tag");
    }
    if (ctx->argc == 5) {
        *ret_parent = ctx->argv[3];
        if (!str_to_int64(ctx->argv[4], 10, ret_tag) || *ret_tag < 0 || *ret_tag > 4095) {
            return err_new("%s: invalid tag (must be in range 0 to 4095)", ctx->argv[4]);
        }
    }
    return NULL;
}

static struct err *
cmd_lsp_add(struct ctl_context *ctx)
{
    const char *parent;
    struct ws_row *lswitch, *port;
    int64_t tag;

    struct err *err = nb_find(ctx, &nb_switch, ctx->argv[1], false, "", &lswitch);
    if (!err) {
        err = parse_parent(ctx, &parent, &tag);
    }
    if (!err) {
        err = nb_find(ctx, &nb_switch_port, ctx->argv[2], true, "name parent_name tag_request", &port);
    }
    if (err) {
        return err;
    }
    if (port && !ctl_has_option(ctx, "--may-exist")) {
        return err_new("%s: a port with this name already exists", ctx->argv[2]);
    }
    if (port) {
        return check_existing(ctx, lswitch, port, parent, tag);
    }
    port = workset_insert(ctx->ws, table_column(row_table(lswitch), "ports")->type.key.ref_table);
    row_set_string(port, "name", ctx->argv[2]);
    if (parent) {
        row_set_string(port, "parent_name", parent);
        row_set_integer(port, "tag_request", tag);
    }
    row_add_ref(lswitch, "ports", row_uuid(port));
    return NULL;
}

struct err *
nb_port_del(struct ctl_context *ctx, const struct nb_kind *kind, const struct nb_kind *port_kind)
{
    struct ws_row *port, *owner;
    struct err *err = nb_find_arg(ctx, port_kind, ctx->argv[1], "name", &port);
    if (!err && port) {
        err = nb_find_parent(ctx, kind, "ports", port, "", &owner);
        if (!err) {
            row_remove_ref(owner, "ports", row_uuid(port));
            row_delete(port);
        }
    }
    return err;
}

static struct err *
cmd_lsp_del(struct ctl_context *ctx)
{
    return nb_port_del(ctx, &nb_switch, &nb_switch_port);
}

struct err *
nb_port_list(struct ctl_context *ctx, const struct nb_kind *kind)
{
    struct ws_row *row;
    struct ws_rows ports = {0};
    struct err *err = nb_find(ctx, kind, ctx->argv[1], false, "ports", &row);
    if (!err) {
        err = nb_peek_refs(ctx, row, "ports", "name", &ports);
    }
    if (!err) {
        nb_print_names(ctx, &ports);
    }
    vec_fini(&ports);
    return err;
}

static struct err *
cmd_lsp_list(struct ctl_context *ctx)
{
    return nb_port_list(ctx, &nb_switch);
}

/* --- Getting --- */

static struct err *
find_port(struct ctl_context *ctx, const char *columns, struct ws_row **ret)
{
    return nb_find(ctx, &nb_switch_port, ctx->argv[1], false, columns, ret);
}

static struct err *
cmd_lsp_get_parent(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "parent_name", &port);
    if (!err && row_peek_named(port, "parent_name")->n) {
        buf_printf(&ctx->output, "%s\n", row_string(port, "parent_name"));
    }
    return err;
}

static struct err *
cmd_lsp_get_tag(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "tag", &port);
    if (!err && row_peek_named(port, "tag")->n) {
        buf_printf(&ctx->output, "%lld\n", (long long) row_integer(port, "tag"));
    }
    return err;
}

/* Prints the strings of a set, one a line. */
static struct err *
print_strings(struct ctl_context *ctx, const char *column)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, column, &port);
    for (uint32_t i = 0; !err && i < row_peek_named(port, column)->n; i++) {
        buf_printf(&ctx->output, "%s\n", datum_keys(row_peek_named(port, column))[i].string->text);
    }
    return err;
}

static struct err *
cmd_lsp_get_addresses(struct ctl_context *ctx)
{
    return print_strings(ctx, "addresses");
}

static struct err *
cmd_lsp_get_port_security(struct ctl_context *ctx)
{
    return print_strings(ctx, "port_security");
}

static struct err *
cmd_lsp_get_up(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "up", &port);
    if (!err) {
        buf_printf(&ctx->output, "%s\n", row_boolean(port, "up") ? "up" : "down");
    }
    return err;
}

static struct err *
cmd_lsp_get_enabled(struct ctl_context *ctx)
{
    return nb_get_enabled(ctx, &nb_switch_port);
}

static struct err *
cmd_lsp_get_type(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "type", &port);
    if (!err) {
        buf_printf(&ctx->output, "%s\n", row_string(port, "type"));
    }
    return err;
}

static struct err *
cmd_lsp_get_options(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "options", &port);
    if (!err) {
        nb_print_options(ctx, port, "options");
    }
    return err;
}

static struct err *
cmd_lsp_get_ls(struct ctl_context *ctx)
{
    struct ws_row *port, *lswitch;
    struct err *err = find_port(ctx, "name", &port);
    if (!err) {
        err = nb_find_parent(ctx, &nb_switch, "ports", port, "name", &lswitch);
    }
    if (!err) {
        buf_printf(&ctx->output, "%s (%s)\n", uuid_text(row_uuid(lswitch)), row_string(lswitch, "name"));
    }
    return err;
}

/* --- Setting --- */

static bool
is_address(const char *text)
{
    return !strcmp(text, "unknown") || !strcmp(text, "router") || !strncmp(text, "dynamic", 7) || nb_starts_with_mac(text);
}

static bool
parse_addresses(const char *text, struct lport_addrs *ret)
{
    struct err *err = lport_addrs_parse(str_from(text), ret);
    bool ok = !err;
    err_free(err);
    return ok;
}

/* The first address that both have, as "IPv4 address '10.0.0.1'", or NULL.  The caller frees it. */
static char *
common_address(const struct lport_addrs *a, const struct lport_addrs *b)
{
    for (size_t i = 0; i < a->n_v4; i++) {
        for (size_t j = 0; j < b->n_v4; j++) {
            if (a->v4[i].addr == b->v4[j].addr) {
                return xasprintf("IPv4 address '%s'", ip4_text(a->v4[i].addr).s);
            }
        }
    }
    for (size_t i = 0; i < a->n_v6; i++) {
        for (size_t j = 0; j < b->n_v6; j++) {
            if (ip6_eq(&a->v6[i].addr, &b->v6[j].addr)) {
                return xasprintf("IPv6 address '%s'", ip6_text(&a->v6[i].addr).s);
            }
        }
    }
    return NULL;
}

/* Does 'other' have an address of 'addrs', by configuration or given dynamically? */
static char *
find_common_address(const struct ws_row *other, const struct lport_addrs *addrs)
{
    const struct datum *texts = row_peek_named(other, "addresses");
    char *found = NULL;

    for (uint32_t i = 0; i < texts->n && !found; i++) {
        const char *text = datum_keys(texts)[i].string->text;
        struct lport_addrs theirs = {0};
        if (!strncmp(text, "dynamic", 7)) {
            text = row_string(other, "dynamic_addresses");
        }
        if (parse_addresses(text, &theirs)) {
            found = common_address(addrs, &theirs);
            lport_addrs_fini(&theirs);
        }
    }
    return found;
}

/* No two ports of a switch may have an IP address in common.  Cost: reads the addresses of the switch's ports. */
static struct err *
check_duplicates(struct ctl_context *ctx, struct ws_row *port, struct ws_row *lswitch, const struct lport_addrs *addrs)
{
    struct ws_rows ports = {0};
    struct err *err = nb_peek_refs(ctx, lswitch, "ports", "name addresses dynamic_addresses", &ports);

    for (size_t i = 0; i < ports.n && !err; i++) {
        char *common = ports.d[i] != port && !row_is_new(ports.d[i]) ? find_common_address(ports.d[i], addrs) : NULL;
        if (common) {
            err = err_new("Error on switch %s: duplicate %s found on logical switch port '%s'",
                          row_string(lswitch, "name"), common, row_string(ports.d[i], "name"));
        }
        free(common);
    }
    vec_fini(&ports);
    return err;
}

static struct err *
check_address(struct ctl_context *ctx, struct ws_row *port, const char *text)
{
    struct lport_addrs addrs = {0};
    struct ws_row *lswitch;
    struct err *err = NULL;

    if (!is_address(text)) {
        return err_new("%s: Invalid address format. See ovn-nb(5). Hint: An Ethernet address must be listed before an IP "
                       "address, together as a single argument.", text);
    }
    if (parse_addresses(text, &addrs)) {
        if (addrs.n_v4 || addrs.n_v6) {
            err = nb_find_parent(ctx, &nb_switch, "ports", port, "name", &lswitch);
            if (!err) {
                err = check_duplicates(ctx, port, lswitch, &addrs);
            }
        }
        lport_addrs_fini(&addrs);
    }
    return err;
}

static struct err *
cmd_lsp_set_addresses(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "name", &port);
    for (int i = 2; i < ctx->argc && !err; i++) {
        err = check_address(ctx, port, ctx->argv[i]);
    }
    if (!err) {
        row_set_strings(port, "addresses", ctx->argv + 2, (size_t) ctx->argc - 2);
    }
    return err;
}

static struct err *
cmd_lsp_set_port_security(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "", &port);
    if (!err) {
        row_set_strings(port, "port_security", ctx->argv + 2, (size_t) ctx->argc - 2);
    }
    return err;
}

static struct err *
cmd_lsp_set_enabled(struct ctl_context *ctx)
{
    return nb_set_enabled(ctx, &nb_switch_port);
}

static struct err *
cmd_lsp_set_type(struct ctl_context *ctx)
{
    static const char *const types[] = {"", "l2gateway", "localnet", "localport", "router", "vtep", "external", "virtual",
                                        "remote"};
    struct ws_row *port;
    struct err *err = find_port(ctx, "", &port);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!strcmp(ctx->argv[2], types[i])) {
            row_set_string(port, "type", ctx->argv[2]);
            return NULL;
        }
    }
    return err_new("Logical switch port type '%s' is unrecognized. Not setting type.", ctx->argv[2]);
}

static struct err *
cmd_lsp_set_options(struct ctl_context *ctx)
{
    struct ws_row *port;
    struct err *err = find_port(ctx, "", &port);
    if (!err) {
        nb_set_options(ctx, port, "options", 2);
    }
    return err;
}

const struct ctl_command_def port_commands[] = {
    {"lsp-add", 2, 4, "SWITCH PORT [PARENT] [TAG]", "--may-exist", cmd_lsp_add, NULL},
    {"lsp-del", 1, 1, "PORT", "--if-exists", cmd_lsp_del, NULL},
    {"lsp-list", 1, 1, "SWITCH", "", cmd_lsp_list, NULL},
    {"lsp-get-parent", 1, 1, "PORT", "", cmd_lsp_get_parent, NULL},
    {"lsp-get-tag", 1, 1, "PORT", "", cmd_lsp_get_tag, NULL},
    {"lsp-set-addresses", 1, INT_MAX, "PORT [ADDRESS]...", "", cmd_lsp_set_addresses, NULL},
    {"lsp-get-addresses", 1, 1, "PORT", "", cmd_lsp_get_addresses, NULL},
    {"lsp-set-port-security", 1, INT_MAX, "PORT [ADDRS]...", "", cmd_lsp_set_port_security, NULL},
    {"lsp-get-port-security", 1, 1, "PORT", "", cmd_lsp_get_port_security, NULL},
    {"lsp-get-up", 1, 1, "PORT", "", cmd_lsp_get_up, NULL},
    {"lsp-set-enabled", 2, 2, "PORT STATE", "", cmd_lsp_set_enabled, NULL},
    {"lsp-get-enabled", 1, 1, "PORT", "", cmd_lsp_get_enabled, NULL},
    {"lsp-set-type", 2, 2, "PORT TYPE", "", cmd_lsp_set_type, NULL},
    {"lsp-get-type", 1, 1, "PORT", "", cmd_lsp_get_type, NULL},
    {"lsp-set-options", 1, INT_MAX, "PORT KEY=VALUE [KEY=VALUE]...", "", cmd_lsp_set_options, NULL},
    {"lsp-get-options", 1, 1, "PORT", "", cmd_lsp_get_options, NULL},
    {"lsp-get-ls", 1, 1, "PORT", "", cmd_lsp_get_ls, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
