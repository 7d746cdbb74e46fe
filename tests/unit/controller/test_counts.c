/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The cost of one change does not depend on how much there is: the number of derivations that run, and of contents that come
 * and go, when a datapath of 10, 100 and 1,000 ports gets one more, elsewhere or here, or loses one, or one moves away. */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "controller/conditions.h"
#include "tests/unit/test.h"

struct counts {
    uint64_t n_runs, n_came, n_went;
};

static void
count_output(void *counts_, const struct derive_output *o)
{
    struct counts *counts = counts_;
    *(o->added ? &counts->n_came : &counts->n_went) += 1;
}

static struct counts
run(struct controller *c)
{
    static const struct derive_outputs callbacks = {.output = count_output};
    struct counts counts = {0};
    derive_clear_stats(c->derive);
    derive_run(c->derive);
    derive_take_outputs(c->derive, &callbacks, &counts);
    counts.n_runs = derive_total_stats(c->derive).n_runs;
    return counts;
}

static const char *
uuid_of(const char *what, uint32_t i, char ret[UUID_LENGTH + 1])
{
    char *text = xasprintf("%s %u", what, i);
    struct uuid uuid = uuid_from_content(text, strlen(text));
    free(text);
    return uuid_format(&uuid, ret);
}

/* Inserts a row, or modifies it if 'old' is given; takes both. */
static void
feed_row(struct replica *replica, const char *table, const char *uuid, json_t *old, json_t *row)
{
    json_t *update = json_pack("{s:{s:{s:o}}}", table, uuid, "new", row);
    assert_non_null(update);
    if (old) {
        json_object_set_new(json_object_get(json_object_get(update, table), uuid), "old", old);
    }
    assert_null(replica_test_apply(replica, update, true));
    json_decref(update);
}

static json_t *
port_binding(uint32_t i, uint32_t chassis)
{
    char dp[UUID_LENGTH + 1], ch[UUID_LENGTH + 1];
    return json_pack("{s:o,s:i,s:[s,s],s:[s,s]}", "logical_port", json_sprintf("p%u", i), "tunnel_key", (int) i + 1, "datapath",
                     "uuid", uuid_of("datapath", 0, dp), "chassis", "uuid", uuid_of("chassis", chassis, ch));
}

/* A port of the datapath, bound to chassis 'chassis', with a flow of its own. */
static void
add_port(struct controller *c, uint32_t i, uint32_t chassis)
{
    char dp[UUID_LENGTH + 1], uuid[UUID_LENGTH + 1];
    feed_row(c->sb, "Port_Binding", uuid_of("port", i, uuid), NULL, port_binding(i, chassis));
    feed_row(c->sb, "Logical_Flow", uuid_of("flow", i, uuid), NULL,
             json_pack("{s:[s,s],s:s,s:i,s:i,s:o,s:o}", "logical_datapath", "uuid", uuid_of("datapath", 0, dp), "pipeline", "ingress",
                       "table_id", 25, "priority", 50, "match", json_sprintf("eth.dst == 0a:00:00:00:%02x:%02x", i >> 8, i & 255),
                       "actions", json_sprintf("outport = \"p%u\"; output;", i)));
}

/* An interface for port 'iface_id', or the tunnel to a chassis. */
static void
add_interface(struct controller *c, const char *name, int ofport, const char *iface_id, const char *chassis)
{
    char iface[UUID_LENGTH + 1], port[UUID_LENGTH + 1];
    uuid_of(name, 0, iface);
    feed_row(c->ovs, "Interface", iface, NULL,
             json_pack("{s:s,s:s,s:i,s:[s,[[s,s]]]}", "name", name, "type", chassis ? "geneve" : "", "ofport", ofport,
                       "external_ids", "map", iface_id ? "iface-id" : "other", iface_id ? iface_id : ""));
    feed_row(c->ovs, "Port", uuid_of(name, 1, port), NULL,
             json_pack("{s:s,s:[s,s],s:[s,[[s,s]]]}", "name", name, "interfaces", "uuid", iface, "external_ids", "map",
                       chassis ? "ovn-chassis-id" : "other", chassis ? chassis : ""));
}

/* The integration bridge: the tunnel, and the interfaces of the first 'n_here' ports. */
static json_t *
bridge(uint32_t n_here)
{
    json_t *ports = json_array();
    char uuid[UUID_LENGTH + 1];
    json_array_append_new(ports, json_pack("[s,s]", "uuid", uuid_of("tunnel", 1, uuid)));
    for (uint32_t i = 0; i < n_here; i++) {
        char *name = xasprintf("vif%u", i);
        json_array_append_new(ports, json_pack("[s,s]", "uuid", uuid_of(name, 1, uuid)));
        free(name);
    }
    return json_pack("{s:s,s:[s,o]}", "name", "br-int", "ports", "set", ports);
}

static void
plug_in(struct controller *c, uint32_t i)
{
    char *name = xasprintf("vif%u", i), *lport = xasprintf("p%u", i);
    add_interface(c, name, (int) i + 2, lport, NULL);
    free(lport);
    free(name);
}

/* The multicast group of the first 'n' ports: what floods must know them all. */
static json_t *
flood_group(uint32_t n)
{
    json_t *ports = json_array();
    char dp[UUID_LENGTH + 1], uuid[UUID_LENGTH + 1];
    for (uint32_t i = 0; i < n; i++) {
        json_array_append_new(ports, json_pack("[s,s]", "uuid", uuid_of("port", i, uuid)));
    }
    return json_pack("{s:s,s:i,s:[s,s],s:[s,o]}", "name", "_MC_flood", "tunnel_key", 32768, "datapath", "uuid",
                     uuid_of("datapath", 0, dp), "ports", "set", ports);
}

/* Two chassis, of which 0 is ours; a tunnel to the other one; the first 'n_here' ports plugged in. */
static void
set_up(struct controller *c, uint32_t n_here)
{
    char uuid[UUID_LENGTH + 1];
    add_interface(c, "tunnel", 1, NULL, "hv1@192.0.2.2");
    for (uint32_t i = 0; i < n_here; i++) {
        plug_in(c, i);
    }
    feed_row(c->ovs, "Bridge", uuid_of("bridge", 0, uuid), NULL, bridge(n_here));
    feed_row(c->ovs, "Open_vSwitch", uuid_of("root", 0, uuid), NULL,
             json_pack("{s:[s,[[s,s],[s,s],[s,s]]]}", "external_ids", "map", "system-id", "hv0", "ovn-encap-type", "geneve",
                       "ovn-encap-ip", "192.0.2.1"));
    for (uint32_t i = 0; i < 2; i++) {
        feed_row(c->sb, "Chassis", uuid_of("chassis", i, uuid), NULL, json_pack("{s:o}", "name", json_sprintf("hv%u", i)));
    }
    feed_row(c->sb, "Datapath_Binding", uuid_of("datapath", 0, uuid), NULL, json_pack("{s:i}", "tunnel_key", 1));
}

/* A controller that is up to date with a datapath of 'n' ports, of which the first 'n_here' are plugged in here. */
static struct controller *
controller_with(uint32_t n, uint32_t n_here)
{
    struct controller *c = controller_new();
    char uuid[UUID_LENGTH + 1];
    monitor_what_is_read(c);
    replica_attach(c->sb, c->derive);
    replica_attach(c->ovs, c->derive);
    set_up(c, n_here);
    for (uint32_t i = 0; i < n; i++) {
        add_port(c, i, i >= n_here);
    }
    feed_row(c->sb, "Multicast_Group", uuid_of("flood", 0, uuid), NULL, flood_group(n));
    struct counts all = run(c);
    assert_true(all.n_came > 2 * n && !all.n_went);
    return c;
}

static void
plug_in_one_more(struct controller *c, uint32_t n, uint32_t n_here)
{
    char uuid[UUID_LENGTH + 1];
    char *name = xasprintf("vif%u", n_here), *lport = xasprintf("p%u", n);
    add_interface(c, name, 3000, lport, NULL);
    feed_row(c->ovs, "Bridge", uuid_of("bridge", 0, uuid), bridge(n_here), bridge(n_here + 1));
    free(lport);
    free(name);
}

static void
move_away(struct controller *c, uint32_t port)
{
    char uuid[UUID_LENGTH + 1], old[UUID_LENGTH + 1], new[UUID_LENGTH + 1];
    json_t *row = port_binding(port, 1);
    uuid_of("chassis", 0, old);
    uuid_of("chassis", 1, new);
    feed_row(c->sb, "Port_Binding", uuid_of("port", port, uuid), json_pack("{s:[s,s]}", "chassis", "uuid", old), row);
}

enum change { A_REMOTE_PORT_MORE, A_LOCAL_PORT_MORE, A_LOCAL_PORT_UNPLUGGED, A_PORT_MOVES_AWAY, N_CHANGES };

/* One change of a datapath of 'n' ports, all but the first two of which are elsewhere, or none ('all_here'). */
static struct counts
cost_of(enum change change, uint32_t n, bool all_here)
{
    uint32_t n_here = all_here ? n : 2;
    struct controller *c = controller_with(n, n_here);
    char uuid[UUID_LENGTH + 1];

    if (change == A_LOCAL_PORT_MORE) {
        plug_in_one_more(c, n, n_here);
    }
    if (change == A_LOCAL_PORT_MORE || change == A_REMOTE_PORT_MORE) {
        add_port(c, n, change == A_REMOTE_PORT_MORE);
        feed_row(c->sb, "Multicast_Group", uuid_of("flood", 0, uuid), flood_group(n), flood_group(n + 1));
    } else if (change == A_LOCAL_PORT_UNPLUGGED) {
        feed_row(c->ovs, "Bridge", uuid_of("bridge", 0, uuid), bridge(n_here), bridge(n_here - 1));
    } else {
        move_away(c, 0);
    }
    struct counts one = run(c);
    controller_free(c);
    return one;
}

static void
expect_same_cost(enum change change, bool all_here)
{
    struct counts at_10 = cost_of(change, 10, all_here);
    print_message("%u derivations ran, %u contents came, %u went\n", (unsigned int) at_10.n_runs, (unsigned int) at_10.n_came,
                  (unsigned int) at_10.n_went);
    assert_true(at_10.n_runs && at_10.n_came + at_10.n_went > 0);
    for (uint32_t n = 100; n <= 1000; n *= 10) {
        struct counts more = cost_of(change, n, all_here);
        assert_int_equal(at_10.n_runs, more.n_runs);
        assert_int_equal(at_10.n_came, more.n_came);
        assert_int_equal(at_10.n_went, more.n_went);
    }
}

TEST(a_port_more_costs_the_same_whatever_is_elsewhere)
{
    expect_same_cost(A_REMOTE_PORT_MORE, false);
    expect_same_cost(A_LOCAL_PORT_MORE, false);
}
TEST(a_port_more_costs_the_same_whatever_is_here)
{
    expect_same_cost(A_REMOTE_PORT_MORE, true);
    expect_same_cost(A_LOCAL_PORT_MORE, true);
}
TEST(a_port_less_costs_the_same_whatever_there_is)
{
    expect_same_cost(A_LOCAL_PORT_UNPLUGGED, false);
    expect_same_cost(A_LOCAL_PORT_UNPLUGGED, true);
}
TEST(a_migration_costs_the_same_whatever_there_is)
{
    expect_same_cost(A_PORT_MOVES_AWAY, false);
    expect_same_cost(A_PORT_MOVES_AWAY, true);
}

TEST_MAIN(T(a_port_more_costs_the_same_whatever_is_elsewhere), T(a_port_more_costs_the_same_whatever_is_here),
          T(a_port_less_costs_the_same_whatever_there_is), T(a_migration_costs_the_same_whatever_there_is))
