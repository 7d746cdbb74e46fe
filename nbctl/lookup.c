/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <ctype.h>

#include "nbctl/nbctl.h"

const struct nb_kind nb_switch = {"Logical_Switch", "switch", "logical switches"};
const struct nb_kind nb_router = {"Logical_Router", "router", "logical routers"};
const struct nb_kind nb_switch_port = {"Logical_Switch_Port", "port", "logical switch ports"};
const struct nb_kind nb_router_port = {"Logical_Router_Port", "port", "logical router ports"};

struct err *
nb_find(struct ctl_context *ctx, const struct nb_kind *kind, const char *id, bool may_be_missing, const char *columns,
        struct ws_row **ret)
{
    const struct table *table;
    struct ws_rows rows = {0};
    struct uuid uuid;

    *ret = NULL;
    struct err *err = ctl_table(ctx, kind->table, &table);
    bool is_uuid = uuid_from_text(str_from(id), &uuid);
    if (!err && is_uuid) {
        err = workset_find_uuid(ctx->ws, table, &uuid, ws_columns(table, columns), ret);
    }
    if (!err && !*ret) {
        err = workset_find(ctx->ws, table, "name", id, ws_columns(table, columns), &rows);
        if (!err && rows.n > 1) {
            err = err_new("Multiple %s named '%s'.  Use a UUID.", kind->plural, id);
        } else if (!err && rows.n) {
            *ret = rows.d[0];
        }
        vec_fini(&rows);
    }
    if (!err && !*ret && !may_be_missing) {
        err = err_new("%s: %s %s not found", id, kind->noun, is_uuid ? "UUID" : "name");
    }
    return err;
}

struct err *
nb_find_arg(struct ctl_context *ctx, const struct nb_kind *kind, const char *id, const char *columns, struct ws_row **ret)
{
    return nb_find(ctx, kind, id, ctl_has_option(ctx, "--if-exists"), columns, ret);
}

struct err *
nb_find_parent(struct ctl_context *ctx, const struct nb_kind *kind, const char *column, const struct ws_row *target,
               const char *columns, struct ws_row **ret)
{
    const struct table *table;
    struct ws_rows rows = {0};
    struct err *err = ctl_table(ctx, kind->table, &table);
    if (!err) {
        err = workset_find_referrers(ctx->ws, table, column, row_uuid(target), ws_columns(table, columns), &rows);
    }
    if (!err && !rows.n) {
        err = err_new("logical port %s is not part of any logical %s", row_string(target, "name"), kind->noun);
    }
    *ret = !err ? rows.d[0] : NULL;
    vec_fini(&rows);
    return err;
}

/* The table that 'column' of 'table' refers to, or NULL. */
static const struct table *
referred_table(const struct table *table, const char *column)
{
    const struct column *c = table_column(table, column);
    return c ? c->type.key.ref_table : NULL;
}

struct err *
nb_fetch_refs(struct ctl_context *ctx, struct ws_row *row, const char *column, const char *columns, struct ws_rows *ret)
{
    const struct table *table = referred_table(row_table(row), column);
    uint64_t mask = ws_columns(row_table(row), column);
    vec_clear(ret);
    if (!table) {
        return NULL;
    }
    struct err *err = workset_fetch_row(ctx->ws, row, mask);
    row_guard(row, mask);
    return err ? err : workset_fetch_refs(ctx->ws, table, row_peek_named(row, column), ws_columns(table, columns), ret);
}

struct err *
nb_peek_refs(struct ctl_context *ctx, struct ws_row *row, const char *column, const char *columns, struct ws_rows *ret)
{
    const struct table *table = referred_table(row_table(row), column);
    vec_clear(ret);
    if (!table) {
        return NULL;
    }
    struct err *err = workset_fetch_row(ctx->ws, row, ws_columns(row_table(row), column));
    return err ? err : workset_fetch_refs(ctx->ws, table, row_peek_named(row, column), ws_columns(table, columns), ret);
}

static int
compare_names(const void *a, const void *b)
{
    const struct ws_row *const *ra = a, *const *rb = b;
    int cmp = strcmp(row_string(*ra, "name"), row_string(*rb, "name"));
    return cmp ? cmp : uuid_cmp(row_uuid(*ra), row_uuid(*rb));
}

void
nb_sort_by_name(struct ws_rows *rows)
{
    if (rows->n) {
        qsort(rows->d, rows->n, sizeof *rows->d, compare_names);
    }
}

void
nb_print_names(struct ctl_context *ctx, struct ws_rows *rows)
{
    nb_sort_by_name(rows);
    for (size_t i = 0; i < rows->n; i++) {
        buf_printf(&ctx->output, "%s (%s)\n", uuid_text(row_uuid(rows->d[i])), row_string(rows->d[i], "name"));
    }
}

struct err *
nb_parse_enabled(const char *text, bool *ret)
{
    if (!strcasecmp(text, "enabled")) {
        *ret = true;
    } else if (!strcasecmp(text, "disabled")) {
        *ret = false;
    } else {
        return err_new("%s: state must be \"enabled\" or \"disabled\"", text);
    }
    return NULL;
}

struct err *
nb_set_enabled(struct ctl_context *ctx, const struct nb_kind *kind)
{
    struct ws_row *row;
    bool enabled = false;
    struct err *err = nb_find(ctx, kind, ctx->argv[1], false, "", &row);
    if (!err) {
        err = nb_parse_enabled(ctx->argv[2], &enabled);
    }
    if (!err) {
        row_set_boolean(row, "enabled", enabled);
    }
    return err;
}

struct err *
nb_get_enabled(struct ctl_context *ctx, const struct nb_kind *kind)
{
    struct ws_row *row;
    struct err *err = nb_find(ctx, kind, ctx->argv[1], false, "enabled", &row);
    if (!err) {
        bool enabled = !row_peek_named(row, "enabled")->n || row_boolean(row, "enabled");
        buf_printf(&ctx->output, "%s\n", enabled ? "enabled" : "disabled");
    }
    return err;
}

void
nb_set_options(struct ctl_context *ctx, struct ws_row *row, const char *column, int first)
{
    row_clear(row, column);
    for (int i = first; i < ctx->argc; i++) {
        const char *equals = strchr(ctx->argv[i], '=');
        if (equals) {
            char *key = xmemdup0(ctx->argv[i], (size_t) (equals - ctx->argv[i]));
            if (!datum_get_string(row_peek_named(row, column), key)) {
                row_set_key(row, column, key, equals + 1);
            }
            free(key);
        }
    }
}

void
nb_print_options(struct ctl_context *ctx, const struct ws_row *row, const char *column)
{
    const struct datum *map = row_peek_named(row, column);
    for (uint32_t i = 0; i < map->n; i++) {
        buf_printf(&ctx->output, "%s=%s\n", datum_keys(map)[i].string->text, datum_values(map)[i].string->text);
    }
}

/* Reads a MAC address from the front of 'text'.  Returns what follows, or NULL. */
static const char *
scan_mac(const char *text, struct eth_addr *ret)
{
    text += strspn(text, " \t\n");
    for (int i = 0; i < 6; i++) {
        unsigned int value = 0, n = 0;
        for (; n < 2 && isxdigit((unsigned char) *text); n++, text++) {
            value = value * 16 + (unsigned int) (isdigit((unsigned char) *text) ? *text - '0' : (*text | 0x20) - 'a' + 10);
        }
        if (!n || (i < 5 && *text++ != ':')) {
            return NULL;
        }
        ret->b[i] = (uint8_t) value;
    }
    return text;
}

bool
nb_starts_with_mac(const char *text)
{
    struct eth_addr mac;
    return scan_mac(text, &mac) != NULL;
}

bool
nb_parse_mac(const char *text, struct eth_addr *ret)
{
    struct eth_addr mac;
    const char *end = scan_mac(text, &mac);
    if (!end || *end) {
        return false;
    }
    *ret = mac;
    return true;
}

char *
nb_normalize_prefix(const char *text)
{
    struct ip_prefix prefix;
    if (!ip_prefix_parse(str_from(text), &prefix) || ip_prefix_plen(&prefix) < 0) {
        return NULL;
    }
    prefix = ip_prefix_network(&prefix);
    return xstrdup(ip_prefix_text(&prefix).s);
}

char *
nb_normalize_ip(const char *text)
{
    struct ip_addr addr;
    return ip_addr_parse(str_from(text), &addr) ? xstrdup(ip_addr_text(&addr).s) : NULL;
}

struct err *
nb_parse_priority(const char *text, int64_t *ret)
{
    if (!str_to_int64(text, 10, ret) || *ret < 0 || *ret > 32767) {
        return err_new("%s: priority must in range 0...32767", text);
    }
    return NULL;
}
