/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The cost of one change does not depend on how much there is: the number of derivations that run, and of contents that come,
 * when a port is added to a switch of 10, 100 and 1,000 ports. */

#include <stdlib.h>
#include <string.h>

#include "northd/monitoring.h"
#include "northd/northd.h"
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
run(struct northd *northd)
{
    static const struct derive_outputs callbacks = {.output = count_output};
    struct counts counts = {0};
    derive_clear_stats(northd->derive);
    derive_run(northd->derive);
    derive_take_outputs(northd->derive, &callbacks, &counts);
    counts.n_runs = derive_total_stats(northd->derive).n_runs;
    return counts;
}

static struct uuid
uuid_of(const char *what, uint32_t i)
{
    char *text = xasprintf("%s %u", what, i);
    struct uuid uuid = uuid_from_content(text, strlen(text));
    free(text);
    return uuid;
}

static void
set_text(struct northd *northd, struct row *row, uint32_t column, const char *text)
{
    struct datum datum;
    datum_init_string(&datum, text);
    replica_test_set(northd->nb, row, column, &datum);
}

static void
set_uuids(struct northd *northd, struct row *row, uint32_t column, const char *what, uint32_t n)
{
    union atom *keys = xcalloc(n, sizeof *keys);
    struct datum datum;
    for (uint32_t i = 0; i < n; i++) {
        keys[i].uuid = uuid_of(what, i);
    }
    assert_true(datum_init_from_atoms(&datum, (struct datum_type) {ATOM_UUID, ATOM_VOID}, keys, NULL, n));
    replica_test_set(northd->nb, row, column, &datum);
    free(keys);
}

static void
add_port(struct northd *northd, uint32_t i)
{
    struct uuid uuid = uuid_of("port", i);
    char *name = xasprintf("port %u", i);
    char *address = xasprintf("0a:00:00:00:%02x:%02x 10.0.%u.%u", i >> 8, i & 255, 1 + i / 250, 2 + i % 250);
    struct row *row = replica_test_insert(northd->nb, NB_TABLE_LOGICAL_SWITCH_PORT, &uuid);
    set_text(northd, row, NB_LOGICAL_SWITCH_PORT_NAME, name);
    set_text(northd, row, NB_LOGICAL_SWITCH_PORT_ADDRESSES, address);
    set_text(northd, row, NB_LOGICAL_SWITCH_PORT_PORT_SECURITY, address);
    free(name);
    free(address);
}

/* The last switch port leads to a router that has a port more, so that neighbors are resolved too. */
static void
add_router(struct northd *northd, uint32_t lsp)
{
    struct uuid router = uuid_of("router", 0), port = uuid_of("router port", 0), switch_port = uuid_of("port", lsp);
    struct datum options;
    union atom key = {.string = atom_string_new(str_from("router-port"))};
    union atom value = {.string = atom_string_new(str_from("rp"))};

    struct row *row = replica_test_insert(northd->nb, NB_TABLE_LOGICAL_ROUTER_PORT, &port);
    set_text(northd, row, NB_LOGICAL_ROUTER_PORT_NAME, "rp");
    set_text(northd, row, NB_LOGICAL_ROUTER_PORT_MAC, "0a:00:00:00:ff:01");
    set_text(northd, row, NB_LOGICAL_ROUTER_PORT_NETWORKS, "10.0.0.1/16");
    row = replica_test_insert(northd->nb, NB_TABLE_LOGICAL_ROUTER, &router);
    set_uuids(northd, row, NB_LOGICAL_ROUTER_PORTS, "router port", 1);
    row = replica_test_insert(northd->nb, NB_TABLE_LOGICAL_SWITCH_PORT, &switch_port);
    set_text(northd, row, NB_LOGICAL_SWITCH_PORT_NAME, "to router");
    set_text(northd, row, NB_LOGICAL_SWITCH_PORT_TYPE, "router");
    set_text(northd, row, NB_LOGICAL_SWITCH_PORT_ADDRESSES, "router");
    assert_true(datum_init_from_atoms(&options, (struct datum_type) {ATOM_STRING, ATOM_STRING}, &key, &value, 1));
    replica_test_set(northd->nb, row, NB_LOGICAL_SWITCH_PORT_OPTIONS, &options);
}

/* A switch of 'n' ports, the first of which leads to a router; then one port more. */
static struct counts
cost_of_one_more(uint32_t n)
{
    struct northd *northd = northd_new();
    struct uuid ls = uuid_of("switch", 0);

    monitor_what_is_read(northd);
    replica_attach(northd->nb, northd->derive);
    replica_attach(northd->sb, northd->derive);
    add_router(northd, 0);
    struct row *row = replica_test_insert(northd->nb, NB_TABLE_LOGICAL_SWITCH, &ls);
    for (uint32_t i = 1; i < n; i++) {
        add_port(northd, i);
    }
    set_uuids(northd, row, NB_LOGICAL_SWITCH_PORTS, "port", n);
    struct counts all = run(northd);
    assert_true(all.n_came > n && !all.n_went);
    add_port(northd, n);
    set_uuids(northd, row, NB_LOGICAL_SWITCH_PORTS, "port", n + 1);
    struct counts one = run(northd);
    northd_free(northd);
    return one;
}

TEST(a_port_more_costs_the_same_whatever_there_is)
{
    struct counts at_10 = cost_of_one_more(10), at_100 = cost_of_one_more(100), at_1000 = cost_of_one_more(1000);
    print_message("%u derivations ran, %u contents came\n", (unsigned int) at_10.n_runs, (unsigned int) at_10.n_came);
    assert_true(at_10.n_runs && at_10.n_came);
    assert_int_equal(at_10.n_runs, at_100.n_runs);
    assert_int_equal(at_10.n_runs, at_1000.n_runs);
    assert_int_equal(at_10.n_came, at_100.n_came);
    assert_int_equal(at_10.n_came, at_1000.n_came);
    assert_int_equal(at_1000.n_went, 0);
}

TEST_MAIN(T(a_port_more_costs_the_same_whatever_there_is))
