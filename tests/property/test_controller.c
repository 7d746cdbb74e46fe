/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The proof of the controller: while a random network changes (southbound_trace.c), and interfaces and tunnels come and go here,
 * what stands is what a controller that starts now derives from the same rows in another order: the same contents in every
 * sink, the same flows and groups for the switch.  Conntrack zones are the only history; the twin adopts them from the bridge.
 *
 * Seeded faults show that the test can fail. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/conditions.h"
#include "controller/flow_table.h"
#include "controller/zones.h"
#include "lib/base/rng.h"
#include "tests/property/contents.h"
#include "tests/property/foreign_rows.h"
#include "tests/property/test_db.h"
#include "tests/unit/test.h"

enum { N_SEEDS = 9, N_TRACE = 225, N_FAULT_TRACE = 300, N_FAULT_SEEDS = 6 };     /* traces: in Northbound changes */

struct world {
    struct controller *c;
    struct flow_table *flows;
    struct test_link ovs;                                    /* the local database */
    json_t *southbound;                                      /* <table-updates> of all rows there are */
    FILE *trace;
    int n_northbound;                                        /* changes of the trace that were played to their end */
};

/* --- Life --- */

static void
take_output(void *flows, const struct derive_output *o)
{
    if (o->sink == S_FLOW) {
        (o->added ? flow_table_add : flow_table_remove)(flows, o->content, o->n);
    }
}

static void
run(struct world *w)
{
    static const struct derive_outputs callbacks = {.output = take_output};
    derive_run(w->c->derive);
    derive_take_outputs(w->c->derive, &callbacks, w->flows);
}

static void
init(struct world *w, struct test_db *ovs)
{
    *w = (struct world) {.c = controller_new(), .flows = flow_table_new(), .southbound = json_object()};
    monitor_what_is_read(w->c);
    test_link_init(&w->ovs, ovs, w->c->ovs);
}

static void
attach(struct world *w)
{
    replica_attach(w->c->sb, w->c->derive);
    replica_attach(w->c->ovs, w->c->derive);
}

static void
fini(struct world *w)
{
    flow_table_free(w->flows);
    controller_free(w->c);
    test_link_fini(&w->ovs);
    json_decref(w->southbound);
}

static void
init_with_bridge(struct world *w)
{
    init(w, test_db_new("schemas/vswitch-part.ovsschema"));
    attach(w);
    CHECK(test_link_transact(&w->ovs, json_pack(
        "[{s:s,s:s,s:s,s:{s:s}},{s:s,s:s,s:{s:[s,s],s:[s,[[s,s],[s,s],[s,s],[s,s],[s,s]]]}}]",
        "op", "insert", "table", "Bridge", "uuid-name", "br", "row", "name", "br-int",
        "op", "insert", "table", "Open_vSwitch", "row", "bridges", "named-uuid", "br", "external_ids", "map",
        "ovn-bridge-mappings", "physnet:br-ext", "system-id", "hv0", "hostname", "hostname", "ovn-encap-type", "geneve", "ovn-encap-ip", "192.0.2.1")));
}

/* --- Local changes --- */

/* A port with an interface, for a logical port, (with 'is_tunnel') for another chassis or (with 'is_patch') for a network. */
static json_t *
plug(struct rng *rng, bool is_tunnel, bool is_patch)
{
    uint32_t i = rng_below(rng, 1000);
    json_t *port_ids = is_tunnel ? json_pack("[s,[[s,o]]]", "map", "ovn-chassis-id",
                                             json_sprintf("hv%u@192.0.2.9", 1 + rng_below(rng, 3)))
        : is_patch ? json_pack("[s,[[s,o]]]", "map", "ovn-localnet-port",
                               json_sprintf(rng_one_in(rng, 2) ? "p%u" : "g%u", rng_below(rng, 6)))
                   : json_pack("[s,[]]", "map");
    json_t *ids = is_tunnel ? json_pack("[s,[]]", "map")
                            : json_pack("[s,[[s,o]]]", "map", "iface-id", json_sprintf("p%u", rng_below(rng, 40)));
    return json_pack("[{s:s,s:s,s:s,s:{s:o,s:s,s:i,s:o}},{s:s,s:s,s:s,s:{s:o,s:[s,s],s:o}},{s:s,s:s,s:[],s:[[s,s,[s,s]]]}]",
                     "op", "insert", "table", "Interface", "uuid-name", "i", "row", "name", json_sprintf("vif%u", i), "type",
                     is_tunnel ? "geneve" : "", "ofport", (int) (1 + rng_below(rng, 60)), "external_ids", ids,
                     "op", "insert", "table", "Port", "uuid-name", "p", "row", "name", json_sprintf("vif%u", i), "interfaces",
                     "named-uuid", "i", "external_ids", port_ids,
                     "op", "mutate", "table", "Bridge", "where", "mutations", "ports", "insert", "named-uuid", "p");
}

static const struct row *
random_row(struct rng *rng, const struct replica *replica, uint32_t table)
{
    size_t n = replica_count(replica, table);
    const struct row *row = n ? replica_first(replica, table) : NULL;
    for (uint32_t i = n ? rng_below(rng, (uint32_t) n) : 0; i; i--) {
        row = replica_next(row);
    }
    return row;
}

static json_t *
unplug(const struct row *port)
{
    char uuid[UUID_LENGTH + 1];
    return json_pack("[{s:s,s:s,s:[],s:[[s,s,[s,s]]]}]", "op", "mutate", "table", "Bridge", "where", "mutations", "ports",
                     "delete", "uuid", uuid_format(&port->uuid, uuid));
}

/* Another logical port, or another (or no valid) OpenFlow port. */
static json_t *
change_interface(struct rng *rng, const struct row *iface)
{
    char uuid[UUID_LENGTH + 1];
    json_t *row = rng_one_in(rng, 2)
        ? json_pack("{s:i}", "ofport", (int) rng_below(rng, 60) - 1)
        : json_pack("{s:[s,[[s,o]]]}", "external_ids", "map", "iface-id", json_sprintf("p%u", rng_below(rng, 40)));
    return json_pack("[{s:s,s:s,s:[[s,s,[s,s]]],s:o}]", "op", "update", "table", "Interface", "where", "_uuid", "==", "uuid",
                     uuid_format(&iface->uuid, uuid), "row", row);
}

static void
change_locally(struct world *w, struct rng *rng)
{
    const struct row *port = random_row(rng, w->c->ovs, VSWITCH_TABLE_PORT);
    const struct row *iface = random_row(rng, w->c->ovs, VSWITCH_TABLE_INTERFACE);
    uint32_t what = rng_below(rng, 10);
    size_t n = replica_count(w->c->ovs, VSWITCH_TABLE_PORT);
    json_t *ops = !port || (what < 4 && n < 12) ? plug(rng, what == 0, what == 1) : what < 7 ? unplug(port) : change_interface(rng, iface);
    test_link_transact(&w->ovs, ops);                        /* refused where a name is taken */
}

/* What the program writes of itself: zones, so that they outlive it. */
static void
collect_zone(void *pairs, const char *name, uint32_t zone)
{
    char number[12];
    snprintf(number, sizeof number, "%u", zone);
    json_array_append_new(pairs, json_pack("[o,s]", json_sprintf("ct-zone-%s", name), number));
}

static void
save_zones(struct world *w)
{
    json_t *pairs = json_array();
    zones_for_each(w->c->zones, collect_zone, pairs);
    CHECK(test_link_transact(&w->ovs, json_pack("[{s:s,s:s,s:[],s:{s:[s,o]}}]", "op", "update", "table", "Bridge", "where",
                                                "row", "external_ids", "map", pairs)));
}

/* --- Southbound changes --- */

/* Keeps 'southbound' as the sum of all updates. */
static void
add_up(json_t *southbound, const json_t *update)
{
    const char *table, *uuid;
    json_t *rows, *change;
    json_object_foreach ((json_t *) update, table, rows) {
        if (!json_object_get(southbound, table)) {
            json_object_set_new(southbound, table, json_object());
        }
        json_t *mine = json_object_get(southbound, table);
        json_object_foreach (rows, uuid, change) {
            json_t *new = json_object_get(change, "new");
            if (new) {
                json_object_set_new(mine, uuid, json_pack("{s:O}", "new", new));
            } else {
                json_object_del(mine, uuid);
            }
        }
    }
}

/* NULL at the end. */
static json_t *
next_of_trace(struct world *w)
{
    json_t *update;
    while ((update = json_loadf(w->trace, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, NULL)) && json_is_null(update)) {
        w->n_northbound++;
    }
    return update;
}

/* The next change of the trace, or one of those that only other northds make.  False at the end of the trace. */
static bool
change_southbound(struct world *w, struct rng *rng)
{
    json_t *update = rng_one_in(rng, 4) ? foreign_change(w->southbound, rng) : next_of_trace(w);
    if (!update) {
        return false;
    }
    test_feed(w->c->sb, update);
    add_up(w->southbound, update);
    json_decref(update);
    return true;
}

/* --- Twins and checks --- */

struct one_row {
    const char *table, *uuid;
    json_t *update;
};
VEC_DEFINE(one_rows, struct one_row);

static json_t *
shuffled(json_t *content, struct rng *rng)
{
    struct one_rows all = {0};
    const char *table, *uuid;
    json_t *rows, *update, *result = json_object();
    json_object_foreach (content, table, rows) {
        json_object_foreach (rows, uuid, update) {
            vec_push(&all, (struct one_row) {table, uuid, update});
            uint32_t j = rng_below(rng, (uint32_t) all.n);
            struct one_row swap = all.d[j];
            all.d[j] = all.d[all.n - 1];
            all.d[all.n - 1] = swap;
        }
    }
    for (size_t i = 0; i < all.n; i++) {
        if (!json_object_get(result, all.d[i].table)) {
            json_object_set_new(result, all.d[i].table, json_object());
        }
        json_object_set(json_object_get(result, all.d[i].table), all.d[i].uuid, all.d[i].update);
    }
    vec_fini(&all);
    return result;
}

static void
feed_shuffled(struct replica *replica, json_t *content, struct rng *rng)
{
    json_t *update = shuffled(content, rng);
    test_feed(replica, update);
    json_decref(update);
}

static bool
flows_equal(const struct world *w, const struct world *twin)
{
    struct buf mine = BUF_INIT(BUF_NO_LIMIT), fresh = BUF_INIT(BUF_NO_LIMIT);
    flow_table_print(w->flows, &mine);
    flow_table_print(twin->flows, &fresh);
    bool equal = mine.size == fresh.size && !memcmp(mine.data, fresh.data, mine.size);
    if (!equal) {
        printf("incremental:\n%s\nfresh:\n%s\n", buf_text(&mine), buf_text(&fresh));
    }
    buf_fini(&mine);
    buf_fini(&fresh);
    return equal;
}

struct difference {
    const struct contents *other;
    const char *label;
};

static void
print_if_missing(void *difference_, const struct derive_output *o)
{
    const struct difference *difference = difference_;
    if (!contents_have(difference->other, o)) {
        printf("only %s: sink %u:", difference->label, o->sink);
        for (size_t i = 0; i < o->n; i++) {
            char c = ((const char *) o->content)[i];
            printf(c >= ' ' && c <= '~' ? "%c" : "\\%02x", (unsigned char) c);
        }
        printf("\n");
    }
}

static bool
equals_fresh(struct world *w, struct rng *rng)
{
    static const struct derive_outputs print = {.output = print_if_missing};
    struct world twin;
    json_t *local = test_db_content(w->ovs.db);

    init(&twin, NULL);
    feed_shuffled(twin.c->sb, w->southbound, rng);
    feed_shuffled(twin.c->ovs, local, rng);
    attach(&twin);
    run(&twin);
    derive_check_invariants(twin.c->derive);
    struct contents mine = contents_of(w->c->derive), fresh = contents_of(twin.c->derive);
    uint64_t n_nodes = derive_total_stats(w->c->derive).n_nodes, n_fresh = derive_total_stats(twin.c->derive).n_nodes;
    bool equal = contents_equal(&mine, &fresh);
    if (!equal) {
        derive_all_outputs(w->c->derive, &print, &(struct difference) {&fresh, "incremental"});
        derive_all_outputs(twin.c->derive, &print, &(struct difference) {&mine, "fresh"});
    }
    if (n_nodes != n_fresh) {
        printf("%" PRIu64 " derivations, fresh %" PRIu64 "\n", n_nodes, n_fresh);
    }
    equal = equal && n_nodes == n_fresh && flows_equal(w, &twin);
    vec_fini(&mine);
    vec_fini(&fresh);
    fini(&twin);
    json_decref(local);
    return equal;
}

static bool
recompute_finds_nothing(struct world *w)
{
    derive_clear_stats(w->c->derive);
    derive_mark_all_dirty(w->c->derive);
    derive_run(w->c->derive);
    struct derive_stats stats = derive_total_stats(w->c->derive);
    return stats.n_runs == stats.n_nodes && stats.n_cutoffs == stats.n_runs;
}

/* Plays a whole trace, of 'n_northbound' Northbound changes, and local ones between them; adds the number of checks to '*n'.
 * False: something differed after the last of them. */
static bool
run_trace(uint32_t seed, int n_northbound, enum derive_fault fault, int *n)
{
    const char *builddir = getenv("abs_builddir");
    char *command = xasprintf("%s/tests/property/southbound_trace %u %d 2>/dev/null", builddir ? builddir : ".", seed, n_northbound);
    struct rng rng = {seed};
    struct world w;
    bool ok = true;

    init_with_bridge(&w);
    w.trace = popen(command, "r");
    CHECK(w.trace);
    free(command);
    derive_inject_fault(w.c->derive, fault);
    for (; ok; ++*n) {
        if (rng_one_in(&rng, 3)) {
            change_locally(&w, &rng);
        } else if (!change_southbound(&w, &rng)) {
            break;
        }
        run(&w);
        save_zones(&w);
        run(&w);
        derive_check_invariants(w.c->derive);
        ok = equals_fresh(&w, &rng) && (!rng_one_in(&rng, 20) || recompute_finds_nothing(&w));
    }
    int status = pclose(w.trace);
    CHECK(!ok || (status == 0 && w.n_northbound == n_northbound));
    test_db_free(w.ovs.db);
    fini(&w);
    return ok;
}

TEST(incremental_equals_fresh)
{
    const char *seed_text = getenv("TEST_SEED");
    uint32_t first = 1;
    int n = 0, n_northbound = 0;
    CHECK(!seed_text || str_to_uint32(seed_text, 10, &first));
    for (uint32_t seed = first; seed < first + N_SEEDS; seed++) {
        printf("TEST_SEED=%u\n", seed);
        fflush(stdout);
        assert_true(run_trace(seed, N_TRACE, DERIVE_FAULT_NONE, &n));
        n_northbound += N_TRACE;
    }
    printf("%d Northbound changes, %d comparisons\n", n_northbound, n);
    assert_true(n_northbound >= 2000);
}

/* A fault may show as a broken assertion too, so each runs in a process of its own. */
static void
expect_caught(enum derive_fault fault)
{
    int status, n = 0;
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        CHECK(freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr));
        bool ok = true;
        for (uint32_t seed = 1; ok && seed <= N_FAULT_SEEDS; seed++) {
            ok = run_trace(seed, N_FAULT_TRACE, fault, &n);
        }
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(status);
}
TEST(an_unrecorded_lookup_is_caught) { expect_caught(DERIVE_FAULT_MISSED_KEY); }
TEST(an_unrecorded_column_is_caught) { expect_caught(DERIVE_FAULT_MISSED_COLUMN); }
TEST(an_unrecorded_value_is_caught) { expect_caught(DERIVE_FAULT_MISSED_VALUE); }
TEST(an_unrecorded_membership_is_caught) { expect_caught(DERIVE_FAULT_MISSED_MEMBER); }

TEST_MAIN(T(incremental_equals_fresh), T(an_unrecorded_lookup_is_caught), T(an_unrecorded_column_is_caught),
          T(an_unrecorded_value_is_caught), T(an_unrecorded_membership_is_caught))
