/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The proof of northd: after every random change of a random network, what stands is what a northd that starts now derives
 * from the same rows, told in another order: the same contents in every sink, nothing to write; and now and then
 * that a Southbound database written from nothing equals the one that grew.  The tunnel keys are the only history there
 * is: the twin adopts them, as a restarted northd does.
 *
 * Seeded faults show that the test can fail. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "northd/emit.h"
#include "tests/property/contents.h"
#include "tests/property/network.h"
#include "tests/unit/test.h"

enum { N_SEEDS = 7, N_CHANGES = 300, N_FAULT_CHANGES = 350 };           /* Northbound changes for each seed */

/* --- Saying what differs --- */

struct difference {
    const struct contents *other;                            /* contents that are here and not there are printed */
    const char *label;
};

static void
print_if_missing(void *difference_, const struct derive_output *o)
{
    const struct difference *difference = difference_;
    if (contents_have(difference->other, o)) {
        return;
    }
    if (o->sink == S_FLOW && o->content) {
        struct flow_row flow;
        flow_row_decode(o->content, o->n, &flow);
        printf("%s: %s priority=%u match=(" STR_FMT ") actions=(" STR_FMT ") hint=" STR_FMT "\n", difference->label,
               stage_defs[flow.stage].name, flow.priority, STR_ARG(flow.match), STR_ARG(flow.actions), STR_ARG(flow.hint));
    } else {
        printf("%s: sink %u, %zu bytes:", difference->label, o->sink, o->n);
        for (size_t i = 0; o->content && i < o->n; i++) {
            char c = ((const char *) o->content)[i];
            printf(c >= ' ' && c <= '~' ? "%c" : "\\%02x", (unsigned char) c);
        }
        printf("\n");
    }
}

static void
print_differences(struct derive *d, const struct contents *other, const char *label)
{
    static const struct derive_outputs callbacks = {.output = print_if_missing};
    derive_recall(d, S_FLOW);                                /* their texts are forgotten */
    derive_run(d);
    derive_all_outputs(d, &callbacks, &(struct difference) {other, label});
}

/* --- The checks --- */

static bool
outputs_equal(struct network *n, struct network *twin)
{
    struct contents mine = contents_of(n->northd->derive), fresh = contents_of(twin->northd->derive);
    bool equal = contents_equal(&mine, &fresh);
    if (!equal) {
        print_differences(n->northd->derive, &fresh, "only incremental");
        print_differences(twin->northd->derive, &mine, "only fresh");
    }
    vec_fini(&mine);
    vec_fini(&fresh);
    uint64_t n_nodes = derive_total_stats(n->northd->derive).n_nodes;
    uint64_t n_fresh = derive_total_stats(twin->northd->derive).n_nodes;
    if (n_nodes != n_fresh) {
        printf("%" PRIu64 " derivations, fresh %" PRIu64 "\n", n_nodes, n_fresh);
    }
    return equal && n_nodes == n_fresh;
}

static bool
wrote_nothing(const struct test_link *link, const char *name)
{
    for (size_t i = 0; i < link->sent.n; i++) {
        printf("a fresh northd writes to %s: ", name);
        json_dumpf(link->sent.d[i].operations, stdout, JSON_COMPACT);
        printf("\n");
    }
    return !link->sent.n;
}

/* A restart: same outputs, nothing to write. */
static bool
equals_fresh(struct network *n, struct rng *rng)
{
    struct network twin;
    network_init_twin(&twin, n, rng);
    output_run(twin.output, n->now_ms);
    derive_check_invariants(twin.northd->derive);
    bool equal = outputs_equal(n, &twin);
    equal = wrote_nothing(&twin.sb, "Southbound") && wrote_nothing(&twin.nb, "Northbound") && equal;
    network_fini(&twin);
    return equal;
}

/* A Southbound database that is written anew. */
static bool
equals_rebuilt(struct network *n)
{
    struct network twin;
    network_init_rebuilt(&twin, n);
    network_run(&twin);
    json_t *mine = test_db_content(n->sb.db), *rebuilt = test_db_content(twin.sb.db);
    json_object_del(mine, "SB_Global");                      /* has a random uuid */
    json_object_del(rebuilt, "SB_Global");
    json_object_del(mine, "Address_Set");
    json_object_del(rebuilt, "Address_Set");
    bool equal = json_equal(mine, rebuilt);
    if (!equal) {
        const char *table;
        json_t *rows;
        json_object_foreach (mine, table, rows) {
            if (!json_equal(rows, json_object_get(rebuilt, table))) {
                printf("%s differs: ", table);
                json_dumpf(rows, stdout, JSON_SORT_KEYS | JSON_COMPACT);
                printf("\nrebuilt: ");
                json_dumpf(json_object_get(rebuilt, table), stdout, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
                printf("\n");
            }
        }
    }
    json_decref(mine);
    json_decref(rebuilt);
    network_fini(&twin);
    return equal;
}

/* "Recompute": all derivations run again, and each finds nothing to change. */
static bool
recompute_finds_nothing(struct network *n)
{
    struct derive *d = n->northd->derive;
    derive_clear_stats(d);
    derive_mark_all_dirty(d);
    derive_run(d);
    struct derive_stats stats = derive_total_stats(d);
    return stats.n_runs == stats.n_nodes && stats.n_cutoffs == stats.n_runs;
}

/* Makes 'n_changes' Northbound changes, and Southbound ones between them.  Returns the number of Northbound changes before
 * the one after which something first differs, or 'n_changes'. */
static int
run_changes(uint64_t seed, int n_changes, enum derive_fault fault)
{
    struct rng rng = {seed};
    struct network n;
    int n_northbound = 0;

    network_init(&n);
    network_run(&n);
    derive_inject_fault(n.northd->derive, fault);
    while (n_northbound < n_changes) {
        bool is_southbound = rng_one_in(&rng, 6);
        if (!(is_southbound ? network_change_southbound(&n, &rng) : network_change(&n, &rng))) {
            continue;
        }
        network_run(&n);
        derive_check_invariants(n.northd->derive);
        if (!output_is_idle(n.output) || !equals_fresh(&n, &rng) || (rng_one_in(&rng, 20) && !equals_rebuilt(&n))
            || (rng_one_in(&rng, 20) && !recompute_finds_nothing(&n))) {
            break;
        }
        n_northbound += !is_southbound;
    }
    network_fini(&n);
    return n_northbound;
}

TEST(incremental_equals_fresh)
{
    const char *seed_text = getenv("TEST_SEED");
    uint64_t first = seed_text ? strtoull(seed_text, NULL, 0) : 1;
    int n_northbound = 0;
    for (uint64_t seed = first; seed < first + N_SEEDS; seed++) {
        printf("TEST_SEED=%" PRIu64 "\n", seed);
        fflush(stdout);
        assert_int_equal(run_changes(seed, N_CHANGES, DERIVE_FAULT_NONE), N_CHANGES);
        n_northbound += N_CHANGES;
    }
    printf("%d Northbound changes\n", n_northbound);
    assert_true(n_northbound >= 2000);
}

/* A fault may show as a broken assertion too, so each runs in a process of its own. */
static void
expect_caught(enum derive_fault fault)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        CHECK(freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr));
        int n = run_changes(1, N_FAULT_CHANGES, fault);
        _exit(n == N_FAULT_CHANGES ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(status);
}
TEST(an_unrecorded_lookup_is_caught) { expect_caught(DERIVE_FAULT_MISSED_KEY); }
TEST(an_unrecorded_column_is_caught) { expect_caught(DERIVE_FAULT_MISSED_COLUMN); }
TEST(an_unrecorded_value_is_caught) { expect_caught(DERIVE_FAULT_MISSED_VALUE); }
TEST(an_unrecorded_membership_is_caught) { expect_caught(DERIVE_FAULT_MISSED_MEMBER); }
TEST(a_missing_reference_is_caught) { expect_caught(DERIVE_FAULT_MISSED_REFERENCE); }

TEST_MAIN(T(incremental_equals_fresh), T(an_unrecorded_lookup_is_caught), T(an_unrecorded_column_is_caught),
          T(an_unrecorded_value_is_caught), T(an_unrecorded_membership_is_caught), T(a_missing_reference_is_caught))
