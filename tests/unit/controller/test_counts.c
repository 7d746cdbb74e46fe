/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The cost of one change does not depend on how much there is: the number of derivations that run, and of contents that come,
 * when a datapath of 10, 100 and 1,000 ports gets one more, elsewhere or here. */

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
    replica_apply_begin(replica);
    assert_null(replica_apply_update(replica, update));
    replica_apply_end(replica);
    json_decref(update);
}

/* A port of the datapath, bound to chassis 'chassis', with a flow of its own. */
static void
add_port(struct controller *c, uint32_t i, uint32_t chassis)
{
    char dp[UUID_LENGTH + 1], pb[UUID_LENGTH + 1], ch[UUID_LENGTH + 1], flow[UUID_LENGTH + 1];
    uuid_of("datapath", 0, dp);
    uuid_of("chassis", chassis, ch);
    feed_row(c->sb, "Port_Binding", uuid_of("port", i, pb), NULL,
             json_pack("{s:o,s:i,s:[s,s],s:[s,s]}", "logical_port", json_sprintf("p%u", i), "tunnel_key", (int) i + 1, "datapath",
                       "uuid", dp, "chassis", "uuid", ch));
    feed_row(c->sb, "Logical_Flow", uuid_of("flow", i, flow), NULL,
             json_pack("{s:[s,s],s:s,s:i,s:i,s:o,s:o}", "logical_datapath", "uuid", dp, "pipeline", "ingress", "table_id", 25,
                       "priority", 50, "match", json_sprintf("eth.dst == 0a:00:00:00:%02x:%02x", i >> 8, i & 255), "actions",
                       json_sprintf("outport = \"p%u\"; output;", i)));
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

/* The integration bridge with the first 'n' ports. */
static json_t *
bridge(size_t n)
{
    static const char *const names[] = {"tunnel", "vif0", "vif1"};
    json_t *ports = json_array();
    char uuid[UUID_LENGTH + 1];
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(ports, json_pack("[s,s]", "uuid", uuid_of(names[i], 1, uuid)));
    }
    return json_pack("{s:s,s:[s,o]}", "name", "br-int", "ports", "set", ports);
}

/* Two chassis, of which 0 is ours; a tunnel to the other one; port 0 plugged in. */
static void
set_up(struct controller *c)
{
    char uuid[UUID_LENGTH + 1];
    add_interface(c, "tunnel", 1, NULL, "hv1@192.0.2.2");
    add_interface(c, "vif0", 2, "p0", NULL);
    feed_row(c->ovs, "Bridge", uuid_of("bridge", 0, uuid), NULL, bridge(2));
    feed_row(c->ovs, "Open_vSwitch", uuid_of("root", 0, uuid), NULL,
             json_pack("{s:[s,[[s,s],[s,s],[s,s]]]}", "external_ids", "map", "system-id", "hv0", "ovn-encap-type", "geneve",
                       "ovn-encap-ip", "192.0.2.1"));
    for (uint32_t i = 0; i < 2; i++) {
        feed_row(c->sb, "Chassis", uuid_of("chassis", i, uuid), NULL, json_pack("{s:o}", "name", json_sprintf("hv%u", i)));
    }
    feed_row(c->sb, "Datapath_Binding", uuid_of("datapath", 0, uuid), NULL, json_pack("{s:i}", "tunnel_key", 1));
}

/* A datapath of 'n' ports, all but the first bound elsewhere; then one port more, which may be plugged in here. */
static struct counts
cost_of_one_more(uint32_t n, bool is_here)
{
    struct controller *c = controller_new();
    char *name = xasprintf("p%u", n), uuid[UUID_LENGTH + 1];

    monitor_what_is_read(c);
    replica_attach(c->sb, c->derive);
    replica_attach(c->ovs, c->derive);
    set_up(c);
    for (uint32_t i = 0; i < n; i++) {
        add_port(c, i, i > 0);
    }
    struct counts all = run(c);
    assert_true(all.n_came > 2 * n && !all.n_went);
    if (is_here) {
        add_interface(c, "vif1", 3, name, NULL);
        feed_row(c->ovs, "Bridge", uuid_of("bridge", 0, uuid), bridge(2), bridge(3));
    }
    add_port(c, n, is_here ? 0 : 1);
    struct counts one = run(c);
    free(name);
    controller_free(c);
    return one;
}

static void
expect_same_cost(bool is_here)
{
    struct counts at_10 = cost_of_one_more(10, is_here), at_100 = cost_of_one_more(100, is_here);
    struct counts at_1000 = cost_of_one_more(1000, is_here);
    print_message("%u derivations ran, %u contents came\n", (unsigned int) at_10.n_runs, (unsigned int) at_10.n_came);
    assert_true(at_10.n_runs && at_10.n_came > 1);
    assert_int_equal(at_10.n_runs, at_100.n_runs);
    assert_int_equal(at_10.n_runs, at_1000.n_runs);
    assert_int_equal(at_10.n_came, at_100.n_came);
    assert_int_equal(at_10.n_came, at_1000.n_came);
}
TEST(a_remote_port_more_costs_the_same_whatever_there_is) { expect_same_cost(false); }
TEST(a_local_port_more_costs_the_same_whatever_there_is) { expect_same_cost(true); }

TEST_MAIN(T(a_remote_port_more_costs_the_same_whatever_there_is), T(a_local_port_more_costs_the_same_whatever_there_is))
