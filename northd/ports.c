/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "northd/ports.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"
#include "lib/packet/lport_addrs.h"
#include "northd/options.h"

LOG_MODULE(northd);

VEC_DEFINE(addresses, struct port_address);
VEC_DEFINE(prefixes, struct ip_prefix);

static uint32_t
row_id(const struct row *row)
{
    return row ? row->id : NO_ROW;
}

/* --- Switch ports --- */

static enum lsp_type
lsp_type_from_name(const char *name)
{
    static const char *const names[] = {
#define X(ID, NAME) [ID] = NAME,
        LSP_TYPES(X)
#undef X
    };
    int type = 0;
    while (names[type] && strcmp(names[type], name)) {
        type++;
    }
    return (enum lsp_type) type;
}

static const struct nb_logical_router_port *
router_port_of(struct derive *d, const struct nb_logical_switch_port *lsp)
{
    const char *name = nb_logical_switch_port_options_get(d, lsp, "router-port");
    const struct row *row = name ? nb_find_string(d, IX_LRP_BY_NAME, name) : NULL;
    return row ? nb_logical_router_port(row) : NULL;
}

static void
build_lsp_conf(struct derive *d, const struct nb_logical_switch_port *lsp)
{
    const bool *enabled = nb_logical_switch_port_enabled(d, lsp);
    struct lsp_conf conf;

    memset(&conf, 0, sizeof conf);                           /* values are compared as bytes */
    conf.type = lsp_type_from_name(nb_logical_switch_port_type(d, lsp));
    conf.ls = row_id(nb_find_uuid(d, IX_LS_BY_PORT, &lsp->row.uuid));
    conf.lrp = NO_ROW;
    conf.enabled = !enabled || *enabled;
    if (conf.type == LSP_UNSUPPORTED) {
        log_warn("Logical_Switch_Port %s: type: '%s' is not a port type", nb_logical_switch_port_name(d, lsp),
                 nb_logical_switch_port_type(d, lsp));
    } else if (conf.type == LSP_ROUTER) {
        const struct nb_logical_router_port *lrp = router_port_of(d, lsp);
        conf.lrp = row_id(lrp ? &lrp->row : NULL);
    }
    const struct datum *addresses = nb_logical_switch_port_addresses(d, lsp);
    for (uint32_t i = 0; i < addresses->n; i++) {
        struct str text = str_trim(str_from(datum_keys(addresses)[i].string->text));
        conf.has_unknown |= str_is(text, "unknown");
    }
    derive_return(d, &conf, sizeof conf);
}

void
derive_lsp_conf(struct derive *d, uint64_t key)
{
    const struct row *row = nb_row_or_null(d, NB_TABLE_LOGICAL_SWITCH_PORT, key);
    if (row) {
        build_lsp_conf(d, nb_logical_switch_port(row));
    }
}

const struct lsp_conf *
lsp_conf(struct derive *d, uint64_t lsp)
{
    return derive_value(d, K_LSP_CONF, lsp, NULL);
}

/* Adds the addresses of one MAC.  With no IP address, the MAC alone. */
static void
add_addresses(struct addresses *out, struct eth_addr mac, const struct ip_prefix *ips, size_t n)
{
    for (size_t i = 0; i < MAX(n, 1); i++) {
        struct port_address address;
        memset(&address, 0, sizeof address);
        address.mac = mac;
        address.first_of_mac = !i;
        address.has_ip = n > 0;
        if (n) {
            address.ip = ips[i];
        }
        vec_push(out, address);
    }
}

static struct ip_prefix
prefix_v4(struct ip4_prefix v4)
{
    struct ip_prefix prefix;
    memset(&prefix, 0, sizeof prefix);
    prefix.v4 = v4;
    return prefix;
}

static struct ip_prefix
prefix_v6(const struct ip6_prefix *v6)
{
    struct ip_prefix prefix;
    memset(&prefix, 0, sizeof prefix);
    prefix.is_v6 = true;
    prefix.v6 = *v6;
    return prefix;
}

static void
add_parsed(struct addresses *out, const struct lport_addrs *parsed)
{
    struct prefixes ips = {0};
    for (size_t i = 0; i < parsed->n_v4; i++) {
        vec_push(&ips, prefix_v4(parsed->v4[i]));
    }
    for (size_t i = 0; i < parsed->n_v6; i++) {
        vec_push(&ips, prefix_v6(&parsed->v6[i]));
    }
    add_addresses(out, parsed->mac, ips.d, ips.n);
    vec_fini(&ips);
}

static void
add_text(struct addresses *out, const char *lsp_name, const char *column, struct str text)
{
    struct lport_addrs parsed;
    struct err *err = lport_addrs_parse(text, &parsed);
    if (err) {
        char *detail = err_take_text(err);
        log_warn("Logical_Switch_Port %s: %s: %s", lsp_name, column, detail);
        free(detail);
        return;
    }
    add_parsed(out, &parsed);
    lport_addrs_fini(&parsed);
}

/* What "router" stands for: the MAC and the networks of the router port. */
static void
add_router_addresses(struct derive *d, struct addresses *out, uint32_t lrp)
{
    const struct lrp_conf *conf = lrp != NO_ROW ? lrp_conf(d, lrp) : NULL;
    if (conf && conf->is_valid) {
        size_t n;
        const struct ip_prefix *networks = lrp_networks(d, lrp, &n);
        add_addresses(out, conf->mac, networks, n);
    }
}

static void
build_lsp_addresses(struct derive *d, uint64_t key, const struct nb_logical_switch_port *lsp)
{
    const char *name = nb_logical_switch_port_name(d, lsp);
    const struct datum *texts = nb_logical_switch_port_addresses(d, lsp);
    struct addresses addresses = {0};

    for (uint32_t i = 0; i < texts->n; i++) {
        struct str text = str_trim(str_from(datum_keys(texts)[i].string->text));
        if (str_is(text, "unknown")) {
            continue;
        } else if (str_is(text, "router")) {
            add_router_addresses(d, &addresses, lsp_conf(d, key)->lrp);
        } else if (str_is(text, "dynamic") || str_starts(text, "dynamic ") || memmem(text.s, text.n, " dynamic", 8)) {
            const char *dynamic = nb_logical_switch_port_dynamic_addresses(d, lsp);
            if (dynamic) {
                add_text(&addresses, name, "dynamic_addresses", str_from(dynamic));
            }
        } else {
            add_text(&addresses, name, "addresses", text);
        }
    }
    derive_return(d, addresses.d, addresses.n * sizeof *addresses.d);
    vec_fini(&addresses);
}

void
derive_lsp_addresses(struct derive *d, uint64_t key)
{
    const struct row *row = nb_row_or_null(d, NB_TABLE_LOGICAL_SWITCH_PORT, key);
    if (row) {
        build_lsp_addresses(d, key, nb_logical_switch_port(row));
    }
}

const struct port_address *
lsp_addresses(struct derive *d, uint64_t lsp, size_t *ret_n)
{
    size_t size;
    const struct port_address *addresses = derive_value(d, K_LSP_ADDRESSES, lsp, &size);
    *ret_n = size / sizeof *addresses;
    return addresses;
}

/* --- Router ports --- */

bool
lr_is_enabled(struct derive *d, const struct nb_logical_router *lr)
{
    const bool *enabled = nb_logical_router_enabled(d, lr);
    return !enabled || *enabled;
}

bool
lr_learns_all(struct derive *d, const struct nb_logical_router *lr)
{
    return !is_false(nb_logical_router_options_get(d, lr, "always_learn_from_arp_request"));
}

static uint32_t
enabled_router_id(struct derive *d, const struct row *row)
{
    return row && lr_is_enabled(d, nb_logical_router(row)) ? row->id : NO_ROW;
}

/* Parses one element of column networks into 'out'.  False, after a warning, if it is none. */
static bool
parse_network(const char *lrp_name, const char *text, struct ip_prefix *out)
{
    memset(out, 0, sizeof *out);
    if (!ip_prefix_parse(str_from(text), out) || ip_prefix_plen(out) < 0) {
        log_warn("Logical_Router_Port %s: networks: '%s' is not an address and prefix length", lrp_name, text);
        return false;
    }
    return true;
}

static void
build_lrp_conf(struct derive *d, const struct nb_logical_router_port *lrp)
{
    const char *name = nb_logical_router_port_name(d, lrp);
    const char *mac = nb_logical_router_port_mac(d, lrp);
    const char *peer = nb_logical_router_port_peer(d, lrp);
    const bool *enabled = nb_logical_router_port_enabled(d, lrp);
    struct lrp_conf conf;

    memset(&conf, 0, sizeof conf);
    conf.lr = enabled_router_id(d, nb_find_uuid(d, IX_LR_BY_PORT, &lrp->row.uuid));
    conf.peer_lrp = peer ? row_id(nb_find_string(d, IX_LRP_BY_NAME, peer)) : NO_ROW;
    conf.enabled = !enabled || *enabled;
    conf.is_valid = eth_addr_parse(str_from(mac), &conf.mac);
    if (!conf.is_valid) {
        log_warn("Logical_Router_Port %s: mac: '%s' is not an Ethernet address", name, mac);
    }
    derive_return(d, &conf, sizeof conf);
}

void
derive_lrp_conf(struct derive *d, uint64_t key)
{
    const struct row *row = nb_row_or_null(d, NB_TABLE_LOGICAL_ROUTER_PORT, key);
    if (row) {
        build_lrp_conf(d, nb_logical_router_port(row));
    }
}

const struct lrp_conf *
lrp_conf(struct derive *d, uint64_t lrp)
{
    return derive_value(d, K_LRP_CONF, lrp, NULL);
}

static bool
has_link_local(const struct prefixes *networks)
{
    for (size_t i = 0; i < networks->n; i++) {
        if (networks->d[i].is_v6 && ip6_is_link_local(&networks->d[i].v6.addr)) {
            return true;
        }
    }
    return false;
}

static void
build_lrp_networks(struct derive *d, const struct nb_logical_router_port *lrp)
{
    const char *name = nb_logical_router_port_name(d, lrp);
    const struct datum *texts = nb_logical_router_port_networks(d, lrp);
    struct prefixes networks = {0};
    struct eth_addr mac;

    for (int want_v6 = 0; want_v6 <= 1; want_v6++) {
        for (uint32_t i = 0; i < texts->n; i++) {
            const char *text = datum_keys(texts)[i].string->text;
            struct ip_prefix network;
            if (!strchr(text, ':') == !want_v6 && parse_network(name, text, &network)) {
                vec_push(&networks, network);
            }
        }
    }
    if (eth_addr_parse(str_from(nb_logical_router_port_mac(d, lrp)), &mac) && !has_link_local(&networks)) {
        struct ip6_prefix link_local = {ip6_link_local(mac), ip6_mask_from_plen(64)};
        vec_push(&networks, prefix_v6(&link_local));
    }
    derive_return(d, networks.d, networks.n * sizeof *networks.d);
    vec_fini(&networks);
}

void
derive_lrp_networks(struct derive *d, uint64_t key)
{
    const struct row *row = nb_row_or_null(d, NB_TABLE_LOGICAL_ROUTER_PORT, key);
    if (row) {
        build_lrp_networks(d, nb_logical_router_port(row));
    }
}

const struct ip_prefix *
lrp_networks(struct derive *d, uint64_t lrp, size_t *ret_n)
{
    size_t size;
    const struct ip_prefix *networks = derive_value(d, K_LRP_NETWORKS, lrp, &size);
    *ret_n = size / sizeof *networks;
    return networks;
}

/* --- Static routes --- */

static bool
parse_nexthop(const char *text, struct route_conf *conf)
{
    struct ip_prefix nexthop;
    if (!strcmp(text, "discard")) {
        conf->is_discard = true;
        return true;
    }
    if (!*text) {
        return true;
    }
    memset(&nexthop, 0, sizeof nexthop);
    if (!ip_prefix_parse(str_from(text), &nexthop)) {
        return false;
    }
    conf->has_nexthop = true;
    conf->nexthop.is_v6 = nexthop.is_v6;
    if (nexthop.is_v6) {
        conf->nexthop.v6 = nexthop.v6.addr;
    } else {
        conf->nexthop.v4 = nexthop.v4.addr;
    }
    return true;
}

/* Fills what the texts of a route say.  Returns what is wrong, or NULL. */
static const char *
parse_route(struct derive *d, const struct nb_logical_router_static_route *route, struct route_conf *conf)
{
    struct ip_prefix prefix;

    memset(&prefix, 0, sizeof prefix);
    if (!ip_prefix_parse(str_from(nb_logical_router_static_route_ip_prefix(d, route)), &prefix)
        || ip_prefix_plen(&prefix) < 0) {
        return "ip_prefix does not parse";
    }
    conf->prefix = ip_prefix_network(&prefix);
    if (!parse_nexthop(nb_logical_router_static_route_nexthop(d, route), conf)) {
        return "nexthop does not parse";
    }
    if (conf->has_nexthop && conf->nexthop.is_v6 != conf->prefix.is_v6) {
        return "nexthop and ip_prefix are of different families";
    }
    const char *output_port = nb_logical_router_static_route_output_port(d, route);
    if (output_port) {
        conf->lrp = row_id(nb_find_string(d, IX_LRP_BY_NAME, output_port));
        if (conf->lrp == NO_ROW) {
            return "output_port names no router port";
        }
    }
    return NULL;
}

static void
build_route_conf(struct derive *d, const struct nb_logical_router_static_route *route)
{
    const char *policy = nb_logical_router_static_route_policy(d, route);
    const char *table = nb_logical_router_static_route_route_table(d, route);
    struct route_conf conf;

    memset(&conf, 0, sizeof conf);
    conf.lr = enabled_router_id(d, nb_find_uuid(d, IX_LR_BY_ROUTE, &route->row.uuid));
    conf.lrp = NO_ROW;
    conf.is_src = policy && !strcmp(policy, "src-ip");
    conf.table = *table ? hash_string(table) | 1 : 0;
    const char *wrong = parse_route(d, route, &conf);
    conf.is_valid = !wrong;
    if (wrong) {
        log_warn("Logical_Router_Static_Route %s: %s (ip_prefix '%s', nexthop '%s')",
                 uuid_text(&route->row.uuid), wrong, nb_logical_router_static_route_ip_prefix(d, route),
                 nb_logical_router_static_route_nexthop(d, route));
    }
    derive_return(d, &conf, sizeof conf);
}

void
derive_route_conf(struct derive *d, uint64_t key)
{
    const struct row *row = nb_row_or_null(d, NB_TABLE_LOGICAL_ROUTER_STATIC_ROUTE, key);
    if (row) {
        build_route_conf(d, nb_logical_router_static_route(row));
    }
}

const struct route_conf *
route_conf(struct derive *d, uint64_t route)
{
    return derive_value(d, K_ROUTE_CONF, route, NULL);
}

int64_t
lsp_tag(struct derive *d, const struct nb_logical_switch_port *lsp)
{
    const int64_t *tag = nb_logical_switch_port_tag(d, lsp), *request = nb_logical_switch_port_tag_request(d, lsp);
    return request && *request ? *request : tag ? *tag : 0;
}
