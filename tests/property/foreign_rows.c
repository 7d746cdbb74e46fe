/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/property/foreign_rows.h"

#include "lib/base/mem.h"
#include "lib/base/uuid.h"

enum { N_EACH = 4, N_CHASSIS = 3, N_PORTS = 40 };            /* rows of each kind; hv0... and p0... of the random network */

/* The uuid of row 'i' of those that we make in 'table'. */
static json_t *
our_uuid(const char *table, uint32_t i)
{
    char text[UUID_LENGTH + 1], *name = xasprintf("foreign %s %u", table, i);
    struct uuid uuid = uuid_from_content(name, strlen(name));
    free(name);
    return json_string(uuid_format(&uuid, text));
}

static json_t *
reference(json_t *uuid)
{
    return uuid ? json_pack("[s,o]", "uuid", uuid) : json_pack("[s,[]]", "set");
}

/* A reference to any row of 'table', or to none. */
static json_t *
any_row(const json_t *southbound, const char *table, struct rng *rng)
{
    json_t *rows = json_object_get(southbound, table), *row;
    uint32_t n = (uint32_t) json_object_size(rows);
    uint32_t at = n ? rng_below(rng, n) : 0;
    const char *uuid;
    json_object_foreach (rows, uuid, row) {
        if (!at--) {
            return reference(json_string(uuid));
        }
    }
    return reference(NULL);
}

static json_t *
chassis_name(struct rng *rng)
{
    return json_sprintf("hv%u", rng_below(rng, N_CHASSIS));
}

static json_t *
port_name(struct rng *rng)
{
    return json_sprintf("p%u", rng_below(rng, N_PORTS));
}

/* --- Rows of each table --- */

static json_t *
port_binding(const json_t *southbound, uint32_t i, struct rng *rng)
{
    static const char *const types[] = {"chassisredirect", "l3gateway", "l2gateway", "external", "localnet", "patch", ""};
    json_t *options = json_pack("[[s,o],[s,o],[s,o],[s,o],[s,s]]", "peer", json_sprintf("g%u", rng_below(rng, N_EACH)),
                                "distributed-port", json_sprintf("g%u", rng_below(rng, N_EACH)), "l3gateway-chassis",
                                chassis_name(rng), "l2gateway-chassis", chassis_name(rng), "network_name", "physnet");
    json_t *row = json_pack("{s:o,s:s,s:o,s:i,s:o,s:[s,o],s:o,s:o}", "logical_port", json_sprintf("g%u", i), "type",
                            types[rng_below(rng, sizeof types / sizeof *types)], "datapath",
                            any_row(southbound, "Datapath_Binding", rng), "tunnel_key", (int) (100 + i), "chassis",
                            any_row(southbound, "Chassis", rng), "options", "map", options, "ha_chassis_group",
                            reference(rng_one_in(rng, 3) ? NULL : our_uuid("HA_Chassis_Group", rng_below(rng, N_EACH))),
                            "gateway_chassis", reference(our_uuid("Gateway_Chassis", rng_below(rng, N_EACH))));
    if (rng_one_in(rng, 2)) {
        json_object_set_new(row, "parent_port", port_name(rng));
        json_object_set_new(row, "tag", json_integer(rng_below(rng, 4)));
    }
    return row;
}

static json_t *
ha_chassis_group(const json_t *southbound UNUSED, uint32_t i, struct rng *rng)
{
    return json_pack("{s:o,s:[s,[o,o]]}", "name", json_sprintf("hg%u", i), "ha_chassis", "set",
                     reference(our_uuid("HA_Chassis", rng_below(rng, 2))), reference(our_uuid("HA_Chassis", 2 + rng_below(rng, 2))));
}

static json_t *
ha_chassis(const json_t *southbound, uint32_t i UNUSED, struct rng *rng)
{
    return json_pack("{s:o,s:i}", "chassis", any_row(southbound, "Chassis", rng), "priority", (int) rng_below(rng, 3));
}

static json_t *
gateway_chassis(const json_t *southbound, uint32_t i, struct rng *rng)
{
    json_t *row = ha_chassis(southbound, i, rng);
    json_object_set_new(row, "name", json_sprintf("gc%u", i));
    return row;
}

static json_t *
meter(const json_t *southbound UNUSED, uint32_t i, struct rng *rng)
{
    return json_pack("{s:o,s:s,s:o}", "name", json_sprintf("m%u", i), "unit", rng_one_in(rng, 2) ? "kbps" : "pktps", "bands",
                     reference(our_uuid("Meter_Band", rng_below(rng, N_EACH))));
}

static json_t *
meter_band(const json_t *southbound UNUSED, uint32_t i UNUSED, struct rng *rng)
{
    return json_pack("{s:i,s:i}", "rate", (int) (1 + rng_below(rng, 3)), "burst_size", (int) rng_below(rng, 2));
}

static json_t *
logical_flow(const json_t *southbound, uint32_t i, struct rng *rng)
{
    json_t *actions = rng_one_in(rng, 2) ? json_sprintf("set_meter(%u); next;", 100 + rng_below(rng, 2))
                                         : json_sprintf("log(name=\"x\", meter=\"m%u\"); next;", rng_below(rng, N_EACH));
    return json_pack("{s:o,s:s,s:i,s:i,s:s,s:o,s:o}", "logical_datapath", any_row(southbound, "Datapath_Binding", rng), "pipeline",
                     "ingress", "table_id", 5, "priority", (int) i, "match",
                     rng_one_in(rng, 2) ? "ip4" : "ip4.dst == ^vip", "actions", actions, "controller_meter",
                     json_sprintf("m%u", rng_below(rng, N_EACH)));
}

static json_t *
template_variables(const json_t *southbound UNUSED, uint32_t i, struct rng *rng)
{
    return json_pack("{s:o,s:[s,[[s,o]]]}", "chassis", json_sprintf("hv%u", i), "variables", "map",
                     rng_one_in(rng, 4) ? "other" : "vip", json_sprintf("10.0.0.%u", rng_below(rng, 3)));
}

static const struct {
    const char *table;
    json_t *(*row)(const json_t *southbound, uint32_t i, struct rng *rng);
} kinds[] = {
    {"Port_Binding", port_binding}, {"HA_Chassis_Group", ha_chassis_group}, {"HA_Chassis", ha_chassis},
    {"Gateway_Chassis", gateway_chassis}, {"Meter", meter}, {"Meter_Band", meter_band}, {"Logical_Flow", logical_flow},
    {"Chassis_Template_Var", template_variables},
};

json_t *
foreign_change(const json_t *southbound, struct rng *rng)
{
    uint32_t kind = rng_below(rng, sizeof kinds / sizeof *kinds), i = rng_below(rng, N_EACH);
    json_t *uuid = our_uuid(kinds[kind].table, i), *change = json_object();
    json_t *old = json_object_get(json_object_get(json_object_get(southbound, kinds[kind].table), json_string_value(uuid)), "new");

    if (old) {
        json_object_set(change, "old", old);
    }
    if (!old || !rng_one_in(rng, 3)) {
        json_object_set_new(change, "new", kinds[kind].row(southbound, i, rng));
    }
    json_t *update = json_pack("{s:{s:o}}", kinds[kind].table, json_string_value(uuid), change);
    json_decref(uuid);
    return update;
}
