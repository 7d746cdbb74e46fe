/* SPDX-License-Identifier: Apache-2.0 */
/* Random changes of a network, as transactions. */
#include <config.h>

#include <stdlib.h>

#include "tests/property/network.h"

/* --- Texts --- */

/* One of 'n' choices as a value of JSON; texts with %u get small random numbers. */
static json_t *
text(struct rng *rng, const char *const *choices, uint32_t n)
{
    char out[128];
    const char *format = choices[rng_below(rng, n)];
    size_t size = 0;
    for (const char *p = format; *p && size + 4 < sizeof out; p++) {
        if (*p == '@') {                                     /* a digit, so that texts meet again */
            out[size++] = (char) ('1' + rng_below(rng, 6));
        } else {
            out[size++] = *p;
        }
    }
    return json_stringn(out, size);
}
#define TEXT(RNG, ...)                                                                              \
    text(RNG, (const char *const[]) {__VA_ARGS__}, ARRAY_SIZE(((const char *const[]) {__VA_ARGS__})))

static json_t *
set_of(json_t *elements)
{
    return json_pack("[s,o]", "set", elements);
}

static json_t *
numbered(struct rng *rng, const char *prefix, uint32_t n)
{
    return json_sprintf("%s%u", prefix, rng_below(rng, n));
}

static json_t *
lsp_addresses(struct rng *rng)
{
    json_t *elements = json_array();
    for (uint32_t n = rng_below(rng, 4) ? 1 : rng_below(rng, 4); n; n--) {
        json_array_append_new(elements, TEXT(rng, "0a:00:00:00:00:0@ 10.0.@.1@", "0a:00:00:00:00:@@ 10.0.@.@",
                                             "0a:00:00:00:00:1@ 10.0.1.1@ 10.0.2.2@ fd00:@::@", "0a:00:00:00:00:2@",
                                             "0a:00:00:00:00:3@ fd00:@::1@", "unknown", "dynamic", "router",
                                             "0a:00:00:00:00:0@ 10.0.1.999", "not an address", "0a:00:00:00:00:4@ 10.0.@.0/24"));
    }
    return set_of(elements);
}

static json_t *
port_security(struct rng *rng)
{
    json_t *elements = json_array();
    for (uint32_t n = rng_below(rng, 3); n; n--) {
        json_array_append_new(elements, TEXT(rng, "0a:00:00:00:00:0@ 10.0.1.1@", "0a:00:00:00:00:0@",
                                             "0a:00:00:00:00:0@ fd00:1::@ 10.0.@.0/24", "nonsense"));
    }
    return set_of(elements);
}

static json_t *
networks(struct rng *rng)
{
    json_t *elements = json_array();
    for (uint32_t n = 1 + rng_below(rng, 3); n; n--) {
        json_array_append_new(elements, TEXT(rng, "10.0.@.1/24", "10.0.@.2/24", "10.@.0.1/16", "fd00:@::1/64", "fe80::@/64",
                                             "10.0.@.1", "garbage/24", "192.168.@.1/30"));
    }
    return set_of(elements);
}

static json_t *
optional(struct rng *rng, json_t *value)
{
    if (rng_one_in(rng, 3)) {
        json_decref(value);
        return set_of(json_array());
    }
    return value;
}

static json_t *
enabled(struct rng *rng)
{
    return rng_one_in(rng, 2) ? set_of(json_array()) : json_boolean(rng_below(rng, 2));
}

/* A map of those pairs whose coin falls so. */
static json_t *
map_add(struct rng *rng, json_t *map, const char *key, json_t *value)
{
    map = map ? map : json_pack("[s,[]]", "map");
    if (rng_one_in(rng, 3)) {
        json_array_append_new(json_array_get(map, 1), json_pack("[s,o]", key, value));
    } else {
        json_decref(value);
    }
    return map;
}

static json_t *
lsp_options(struct rng *rng)
{
    json_t *map = map_add(rng, NULL, "requested-tnl-key", TEXT(rng, "@", "1@", "0", "99999", "x"));
    map = map_add(rng, map, "router-port", numbered(rng, "rp", 10));
    map = map_add(rng, map, "requested-chassis", TEXT(rng, "hv0", "hv1,hv2", "nowhere", ""));
    map = map_add(rng, map, "network_name", json_string("physnet"));
    map = map_add(rng, map, "l2gateway-chassis", TEXT(rng, "hv0", "hv1"));
    return map_add(rng, map, "mcast_flood", json_string("true"));
}

static json_t *
router_options(struct rng *rng)
{
    json_t *map = map_add(rng, NULL, "always_learn_from_arp_request", TEXT(rng, "true", "false"));
    map = map_add(rng, map, "dynamic_neigh_routers", TEXT(rng, "true", "false"));
    map = map_add(rng, map, "requested-tnl-key", TEXT(rng, "@", "1@", "oops"));
    map = map_add(rng, map, "snat-ct-zone", TEXT(rng, "@", "-1", "oops"));
    return map_add(rng, map, "mcast_relay", TEXT(rng, "true", "false"));
}

/* --- Columns: each with a random value --- */

struct column_change {
    const char *name;
    json_t *(*value)(struct rng *rng);
};

static json_t *lsp_name(struct rng *rng) { return numbered(rng, "p", NETWORK_PORTS); }
static json_t *lrp_name(struct rng *rng) { return numbered(rng, "rp", 10); }
static json_t *any_name(struct rng *rng) { return numbered(rng, "n", 10); }
static json_t *optional_lrp_name(struct rng *rng) { return optional(rng, lrp_name(rng)); }
static json_t *optional_lsp_name(struct rng *rng) { return optional(rng, lsp_name(rng)); }
static json_t *tag(struct rng *rng) { return optional(rng, json_integer(1 + rng_below(rng, 4))); }
static json_t *lrp_mac(struct rng *rng) { return TEXT(rng, "0a:00:00:01:00:0@", "0a:00:00:01:00:1@", "0a:00:00:01:00:1@", "bad"); }
static json_t *route_table(struct rng *rng) { return TEXT(rng, "", "", "", "", "blue"); }
static json_t *policy(struct rng *rng) { return optional(rng, TEXT(rng, "src-ip", "dst-ip", "dst-ip")); }

static json_t *
lsp_type(struct rng *rng)
{
    return TEXT(rng, "", "", "", "", "router", "router", "localnet", "localport", "switch", "l2gateway", "vtep", "external",
                "virtual", "remote", "surprise");
}

static json_t *
ids(struct rng *rng)
{
    return map_add(rng, map_add(rng, NULL, "neutron:port_name", any_name(rng)), "color", TEXT(rng, "red", "blue"));
}

static json_t *
datapath_ids(struct rng *rng)
{
    return map_add(rng, map_add(rng, NULL, "neutron:network_name", any_name(rng)), "neutron:router_name", any_name(rng));
}

static json_t *
dynamic_addresses(struct rng *rng)
{
    return optional(rng, TEXT(rng, "0a:00:00:00:01:0@ 10.0.@.5@"));
}

static json_t *
lsp_up(struct rng *rng)
{
    return json_boolean(rng_below(rng, 2));                  /* northd's own column: it repairs it */
}

static json_t *
ip_prefix(struct rng *rng)
{
    return TEXT(rng, "0.0.0.0/0", "10.@.0.0/16", "10.0.@.0/24", "10.0.@.@", "::/0", "fd00:@::/64", "fd00::@", "bogus");
}

static json_t *
nexthop(struct rng *rng)
{
    return TEXT(rng, "10.0.@.1@", "10.0.1.1@", "10.0.1.1@", "10.1.0.@", "fd00:1::@", "fd00:@::@", "discard", "", "bogus");
}

static json_t *
route_options(struct rng *rng)
{
    return map_add(rng, NULL, "ecmp_symmetric_reply", json_string("true"));
}

static json_t *
switch_config(struct rng *rng)
{
    return map_add(rng, NULL, "requested-tnl-key", TEXT(rng, "@", "1@", "99999999"));
}

static json_t *
global_options(struct rng *rng)
{
    json_t *map = map_add(rng, NULL, "ignore_lsp_down", TEXT(rng, "true", "false"));
    map = map_add(rng, map, "mac_prefix", TEXT(rng, "0a:0b:0@"));
    return map_add(rng, map, "svc_monitor_mac", TEXT(rng, "0a:0b:0c:0d:0e:0@", "wrong"));
}

static json_t *
sequence(struct rng *rng)
{
    return json_integer(rng_below(rng, 1000));
}

struct table_changes {
    const char *table;
    uint32_t number;
    const struct column_change *columns;
    uint32_t n_columns;
    const char *owner, *owner_column;                        /* what refers to its rows; NULL for a root table */
    uint32_t owner_number;
    uint32_t max_rows;
};

#define COLUMNS(...)                                                                                \
    .columns = (const struct column_change[]) {__VA_ARGS__},                                        \
    .n_columns = ARRAY_SIZE(((const struct column_change[]) {__VA_ARGS__}))

static const struct table_changes tables[] = {
    {.table = "Logical_Switch", .number = NB_TABLE_LOGICAL_SWITCH, .max_rows = 4,
     COLUMNS({"name", any_name}, {"other_config", switch_config}, {"external_ids", datapath_ids})},
    {.table = "Logical_Router", .number = NB_TABLE_LOGICAL_ROUTER, .max_rows = 3,
     COLUMNS({"name", any_name}, {"options", router_options}, {"enabled", enabled}, {"external_ids", datapath_ids})},
    {.table = "Logical_Switch_Port", .number = NB_TABLE_LOGICAL_SWITCH_PORT, .max_rows = 16,
     COLUMNS({"name", lsp_name}, {"type", lsp_type}, {"addresses", lsp_addresses}, {"port_security", port_security},
             {"enabled", enabled}, {"options", lsp_options}, {"tag", tag}, {"tag_request", tag}, {"parent_name", optional_lsp_name},
             {"external_ids", ids}, {"dynamic_addresses", dynamic_addresses}, {"up", lsp_up}),
     .owner = "Logical_Switch", .owner_column = "ports", .owner_number = NB_TABLE_LOGICAL_SWITCH},
    {.table = "Logical_Router_Port", .number = NB_TABLE_LOGICAL_ROUTER_PORT, .max_rows = 7,
     COLUMNS({"name", lrp_name}, {"mac", lrp_mac}, {"networks", networks}, {"peer", optional_lrp_name}, {"enabled", enabled},
             {"options", lsp_options}, {"external_ids", ids}),
     .owner = "Logical_Router", .owner_column = "ports", .owner_number = NB_TABLE_LOGICAL_ROUTER},
    {.table = "Logical_Router_Static_Route", .number = NB_TABLE_LOGICAL_ROUTER_STATIC_ROUTE, .max_rows = 9,
     COLUMNS({"ip_prefix", ip_prefix}, {"nexthop", nexthop}, {"output_port", optional_lrp_name}, {"policy", policy},
             {"route_table", route_table}, {"options", route_options}),
     .owner = "Logical_Router", .owner_column = "static_routes", .owner_number = NB_TABLE_LOGICAL_ROUTER},
    {.table = "NB_Global", .number = NB_TABLE_NB_GLOBAL, .max_rows = 0,
     COLUMNS({"options", global_options}, {"nb_cfg", sequence})},
};

/* --- Operations --- */

static json_t *
random_row(struct rng *rng, const struct replica *replica, uint32_t table)
{
    size_t n = replica_count(replica, table);
    char uuid[UUID_LENGTH + 1];
    if (!n) {
        return NULL;
    }
    const struct row *row = replica_first(replica, table);
    for (uint32_t i = rng_below(rng, (uint32_t) n); i; i--) {
        row = replica_next(row);
    }
    return json_string(uuid_format(&row->uuid, uuid));
}

static json_t *
where_uuid(json_t *uuid)
{
    return json_pack("[[s,s,[s,O]]]", "_uuid", "==", "uuid", uuid);
}

static json_t *
mutate_ref(const struct table_changes *t, json_t *owner, const char *mutator, json_t *uuid)
{
    return json_pack("{s:s,s:s,s:o,s:[[s,s,[s,O]]]}", "op", "mutate", "table", t->owner, "where", where_uuid(owner),
                     "mutations", t->owner_column, mutator, "uuid", uuid);
}

static json_t *
new_uuid(struct rng *rng)
{
    uint64_t bits[2] = {rng_next(rng), rng_next(rng)};
    struct uuid uuid = uuid_from_content(bits, sizeof bits);
    char out[UUID_LENGTH + 1];
    return json_string(uuid_format(&uuid, out));
}

/* A new row, with values in most columns, owned by a random row of the owner's table. */
static void
add_row(const struct network *n, struct rng *rng, const struct table_changes *t, json_t *ops)
{
    json_t *row = json_object(), *uuid = new_uuid(rng);
    for (uint32_t i = 0; i < t->n_columns; i++) {
        if (i < 4 || rng_one_in(rng, 3)) {
            json_object_set_new(row, t->columns[i].name, t->columns[i].value(rng));
        }
    }
    json_array_append_new(ops, json_pack("{s:s,s:s,s:O,s:o}", "op", "insert", "table", t->table, "uuid", uuid, "row", row));
    json_t *owner = t->owner ? random_row(rng, n->northd->nb, t->owner_number) : NULL;
    if (owner) {
        json_array_append_new(ops, mutate_ref(t, owner, "insert", uuid));
    }
    json_decref(owner);
    json_decref(uuid);
}

/* Takes the row from all its owners: it goes, or moves to another one; rarely it gets a second one. */
static void
disown_row(const struct network *n, struct rng *rng, const struct table_changes *t, json_t *uuid, json_t *ops)
{
    json_t *owner = random_row(rng, n->northd->nb, t->owner_number);
    if (!rng_one_in(rng, 10)) {
        json_array_append_new(ops, json_pack("{s:s,s:s,s:[],s:[[s,s,[s,O]]]}", "op", "mutate", "table", t->owner, "where",
                                             "mutations", t->owner_column, "delete", "uuid", uuid));
    }
    if (owner && rng_one_in(rng, 2)) {
        json_array_append_new(ops, mutate_ref(t, owner, "insert", uuid));
    }
    json_decref(owner);
}

static void
change_columns(struct rng *rng, const struct table_changes *t, json_t *uuid, json_t *ops)
{
    json_t *row = json_object();
    do {
        const struct column_change *c = &t->columns[rng_below(rng, t->n_columns)];
        json_object_set_new(row, c->name, c->value(rng));
    } while (rng_one_in(rng, 3));
    json_array_append_new(ops, json_pack("{s:s,s:s,s:o,s:o}", "op", "update", "table", t->table, "where", where_uuid(uuid),
                                         "row", row));
}

static void
random_operation(const struct network *n, struct rng *rng, json_t *ops)
{
    static const uint8_t weights[] = {0, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5};
    const struct table_changes *t = &tables[weights[rng_below(rng, ARRAY_SIZE(weights))]];
    json_t *uuid = random_row(rng, n->northd->nb, t->number);
    uint32_t what = rng_below(rng, 10);

    if (replica_count(n->northd->nb, t->number) < t->max_rows && (!uuid || what < 3)) {
        add_row(n, rng, t, ops);
    } else if (uuid && what < 5 && t->owner) {
        disown_row(n, rng, t, uuid, ops);
    } else if (uuid && what == 4 && t->max_rows) {
        json_array_append_new(ops, json_pack("{s:s,s:s,s:o}", "op", "delete", "table", t->table, "where", where_uuid(uuid)));
    } else if (uuid) {
        change_columns(rng, t, uuid, ops);
    }
    json_decref(uuid);
}

bool
network_change(struct network *n, struct rng *rng)
{
    json_t *ops = json_array();
    do {
        random_operation(n, rng, ops);
    } while (rng_one_in(rng, 4));
    return test_link_transact(&n->nb, ops);
}

/* --- What chassis do --- */

static void
add_chassis(struct rng *rng, json_t *ops)
{
    uint32_t i = rng_below(rng, NETWORK_CHASSIS);
    json_t *name = json_sprintf("hv%u", i);
    json_array_append_new(ops, json_pack("{s:s,s:s,s:s,s:{s:s,s:o,s:O}}", "op", "insert", "table", "Encap", "uuid-name", "e",
                                         "row", "type", "geneve", "ip", json_sprintf("192.0.2.%u", i + 1), "chassis_name",
                                         name));
    json_array_append_new(ops, json_pack("{s:s,s:s,s:{s:O,s:s,s:[s,s]}}", "op", "insert", "table", "Chassis", "row", "name",
                                         name, "hostname", "hostname", "encaps", "named-uuid", "e"));
    json_array_append_new(ops, json_pack("{s:s,s:s,s:{s:O}}", "op", "insert", "table", "Chassis_Private", "row", "name",
                                         name));
    json_decref(name);
}

static json_t *
named_chassis(struct rng *rng)
{
    return json_pack("[[s,s,o]]", "name", "==", json_sprintf("hv%u", rng_below(rng, NETWORK_CHASSIS)));
}

static void
delete_chassis(struct rng *rng, json_t *ops)
{
    json_t *where = named_chassis(rng);
    json_array_append_new(ops, json_pack("{s:s,s:s,s:O}", "op", "delete", "table", "Chassis", "where", where));
    json_array_append_new(ops, json_pack("{s:s,s:s,s:O}", "op", "delete", "table", "Chassis_Private", "where", where));
    json_decref(where);
}

/* A port gets another chassis or none, and is up or not. */
static void
bind_port(const struct network *n, struct rng *rng, json_t *ops)
{
    json_t *uuid = random_row(rng, n->northd->sb, SB_TABLE_PORT_BINDING);
    json_t *chassis = random_row(rng, n->northd->sb, SB_TABLE_CHASSIS);
    if (uuid) {
        json_t *value = chassis && !rng_one_in(rng, 4) ? json_pack("[s,O]", "uuid", chassis) : set_of(json_array());
        json_array_append_new(ops, json_pack("{s:s,s:s,s:o,s:{s:o,s:b}}", "op", "update", "table", "Port_Binding", "where",
                                             where_uuid(uuid), "row", "chassis", value, "up", (int) rng_below(rng, 2)));
    }
    json_decref(chassis);
    json_decref(uuid);
}

static void
learn(struct rng *rng, json_t *ops)
{
    json_array_append_new(ops, json_pack("{s:s,s:s,s:{s:o,s:i,s:i}}", "op", "insert", "table", "FDB", "row", "mac",
                                         TEXT(rng, "0a:00:00:00:00:8@"), "dp_key", (int) (1 + rng_below(rng, 5)),
                                         "port_key", (int) (1 + rng_below(rng, 8))));
}

/* A neighbor, on a port that need not be there, of a datapath that need not be its own. */
static void
learn_neighbor(const struct network *n, struct rng *rng, json_t *ops)
{
    json_t *uuid = random_row(rng, n->northd->sb, SB_TABLE_DATAPATH_BINDING);
    if (uuid) {
        json_array_append_new(ops, json_pack("{s:s,s:s,s:{s:o,s:o,s:o,s:[s,O],s:i}}", "op", "insert", "table", "MAC_Binding",
                                             "row", "logical_port", lrp_name(rng), "ip", TEXT(rng, "10.0.1.1@", "fd00:1::@"),
                                             "mac", TEXT(rng, "0a:00:00:00:00:8@"), "datapath", "uuid", uuid, "timestamp",
                                             (int) rng_below(rng, 1000)));
    }
    json_decref(uuid);
}

/* Chassis touch what they own of such rows. */
static void
touch_neighbors(struct rng *rng, json_t *ops)
{
    json_array_append_new(ops, json_pack("{s:s,s:s,s:[[s,s,o]],s:{s:o,s:i}}", "op", "update", "table", "MAC_Binding", "where",
                                         "logical_port", "==", lrp_name(rng), "row", "mac", TEXT(rng, "0a:00:00:00:00:9@"),
                                         "timestamp", (int) rng_below(rng, 1000)));
}

static void
forget(struct rng *rng, json_t *ops)
{
    json_array_append_new(ops, json_pack("{s:s,s:s,s:[[s,s,i]]}", "op", "delete", "table", "FDB", "where", "port_key", "==",
                                         (int) (1 + rng_below(rng, 8))));
    json_array_append_new(ops, json_pack("{s:s,s:s,s:[[s,s,o]]}", "op", "delete", "table", "MAC_Binding", "where", "ip", "==",
                                         TEXT(rng, "10.0.1.1@", "fd00:1::@")));
}

bool
network_change_southbound(struct network *n, struct rng *rng)
{
    json_t *ops = json_array();
    uint32_t what = rng_below(rng, 13);
    if (what < 2) {
        add_chassis(rng, ops);
    } else if (what < 3) {
        delete_chassis(rng, ops);
    } else if (what < 7) {
        bind_port(n, rng, ops);
    } else if (what < 8) {
        json_array_append_new(ops, json_pack("{s:s,s:s,s:o,s:{s:i}}", "op", "update", "table", "Chassis_Private", "where",
                                             named_chassis(rng), "row", "nb_cfg", (int) rng_below(rng, 1000)));
    } else if (what < 9) {
        learn(rng, ops);
    } else if (what < 11) {
        learn_neighbor(n, rng, ops);
    } else if (what < 12) {
        touch_neighbors(rng, ops);
    } else {
        forget(rng, ops);
    }
    return test_link_transact(&n->sb, ops);
}
