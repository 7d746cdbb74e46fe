/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The proof of lib/derive: after every wave of random changes, what stands equals what a fresh engine derives
 * from the same rows, fed in another order under other row ids; and the differences that were taken add up to it.
 * The test must be able to fail, so seeded faults are run too, and must be seen.
 *
 * The program under test (derive_program.c) has derivations of every subject type in ten ranks. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/rng.h"
#include "lib/base/vec.h"
#include "tests/property/derive_program.h"
#include "tests/unit/test.h"

enum { N_SEEDS = 6, N_STEPS = 1500, N_FAULT_STEPS = 3000 };

/* --- Sets of outputs --- */

struct out {
    uint64_t hash[2];
    uint32_t what;                                           /* sink, or a number behind for members */
    uint32_t zero;                                           /* the padding, so that memcmp() compares */
};
VEC_DEFINE(out_vec, struct out);

static int
compare_outs(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct out));
}

struct collector {
    struct out_vec *outs;
    bool failed;                                             /* a difference that does not apply */
};

static struct out
out_of_member(uint16_t collection, uint64_t key, uint64_t element)
{
    struct out out = {.what = 1000u + collection, .hash = {key, element}};
    return out;
}

static void
apply(struct collector *c, struct out out, bool added)
{
    size_t i = 0;
    while (i < c->outs->n && compare_outs(&c->outs->d[i], &out)) {
        i++;
    }
    if (added != (i == c->outs->n)) {
        c->failed = true;
    } else if (added) {
        vec_push(c->outs, out);
    } else {
        vec_remove_fast(c->outs, i);
    }
}

static void
apply_output(void *c, const struct derive_output *o)
{
    apply(c, (struct out) {.hash = {o->hash[0], o->hash[1]}, .what = o->sink}, o->added);
}

static void
apply_member(void *c, uint16_t collection, uint64_t key, uint64_t element, bool added)
{
    apply(c, out_of_member(collection, key, element), added);
}

static const struct derive_outputs apply_cbs = {apply_output, apply_member};

static bool
outs_equal(struct out_vec *a, struct out_vec *b)
{
    if (a->n != b->n) {
        return false;
    }
    qsort(a->d, a->n, sizeof *a->d, compare_outs);
    qsort(b->d, b->n, sizeof *b->d, compare_outs);
    return !a->n || !memcmp(a->d, b->d, a->n * sizeof *a->d);
}

/* --- Random changes --- */

static uint32_t
random_row(struct rng *rng, const struct program_world *w, uint16_t table)
{
    for (uint32_t i = 0, row = rng_below(rng, N_ROWS); i < N_ROWS; i++, row = (row + 1) % N_ROWS) {
        if (w->tables[table][row].exists) {
            return row;
        }
    }
    return N_ROWS;
}

static struct program_row
random_content(struct rng *rng)
{
    return (struct program_row) {
        .uuid = rng_next(rng),
        .name = rng_below(rng, N_NAMES),
        .ref = rng_below(rng, N_NAMES),
        .number = rng_below(rng, 8),
        .tags = rng_below(rng, 1u << N_TAGS) & rng_below(rng, 1u << N_TAGS),
    };
}

static void
random_add(struct rng *rng, struct program_world *w, uint16_t table)
{
    uint32_t row = rng_below(rng, N_ROWS);
    while (w->tables[table][row].exists || w->tables[table][row].is_leaving) {
        row = (row + 1) % N_ROWS;
    }
    world_add_row(w, table, row, random_content(rng));
}

static void
random_change(struct rng *rng, struct program_world *w)
{
    uint16_t table = (uint16_t) rng_below(rng, N_TABLES);
    uint32_t row = random_row(rng, w, table);
    uint32_t what = rng_below(rng, 10);
    bool is_full = world_count(w, table) > 24;

    if (row == N_ROWS || (what < 3 && !is_full)) {
        random_add(rng, w, table);
    } else if (what < 5) {
        world_remove_row(w, table, row);
    } else {
        struct program_row new = random_content(rng);
        const struct program_row *old = &w->tables[table][row];
        uint32_t keep = rng_below(rng, 16);                  /* columns, as bits */
        world_change_row(w, table, row, (struct program_row) {
            .uuid = old->uuid,
            .name = keep & COL_NAME ? old->name : new.name,
            .ref = keep & COL_REF ? old->ref : new.ref,
            .number = keep & COL_NUMBER ? old->number : new.number,
            .tags = keep & COL_TAGS ? old->tags : new.tags,
        });
    }
}

/* --- The fresh twin --- */

/* A world with the same rows under other row ids, added in another order. */
static struct program_world *
world_new_twin(struct rng *rng, const struct program_world *w)
{
    struct program_world *twin = world_new(w->first_by_row_id);
    uint32_t order[N_TABLES * N_ROWS], ids[N_ROWS];

    world_adopt(twin, w);
    for (uint32_t i = 0; i < ARRAY_SIZE(order); i++) {
        uint32_t j = rng_below(rng, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (uint32_t i = 0; i < N_ROWS; i++) {
        uint32_t j = rng_below(rng, i + 1);
        ids[i] = ids[j];
        ids[j] = i;
    }
    for (uint32_t i = 0; i < ARRAY_SIZE(order); i++) {
        uint16_t table = (uint16_t) (order[i] / N_ROWS);
        uint32_t row = order[i] % N_ROWS;
        if (w->tables[table][row].exists) {
            world_add_row(twin, table, ids[row], w->tables[table][row]);
        }
    }
    derive_run(twin->d);
    return twin;
}

static bool
equals_fresh(struct rng *rng, const struct program_world *w)
{
    struct out_vec mine = {0}, fresh = {0};
    struct collector my_collector = {&mine, false}, fresh_collector = {&fresh, false};
    struct program_world *twin = world_new_twin(rng, w);

    derive_check_invariants(twin->d);
    derive_all_outputs(w->d, &apply_cbs, &my_collector);
    derive_all_outputs(twin->d, &apply_cbs, &fresh_collector);
    bool equal = outs_equal(&mine, &fresh) && !my_collector.failed && !fresh_collector.failed
                 && derive_total_stats(w->d).n_nodes == derive_total_stats(twin->d).n_nodes;
    vec_fini(&mine);
    vec_fini(&fresh);
    world_free(twin);
    return equal;
}

/* Takes the outputs into 'taken', which must then be all that stands. */
static bool
taken_add_up(struct program_world *w, struct out_vec *taken)
{
    struct out_vec all = {0};
    struct collector taking = {taken, false}, collecting = {&all, false};

    derive_take_outputs(w->d, &apply_cbs, &taking);
    derive_all_outputs(w->d, &apply_cbs, &collecting);
    bool equal = outs_equal(taken, &all) && !taking.failed && !collecting.failed;
    vec_fini(&all);
    return equal;
}

/* "Recompute": all derivations run again, and each finds nothing to change. */
static bool
recompute_finds_nothing(struct program_world *w)
{
    derive_clear_stats(w->d);
    derive_mark_all_dirty(w->d);
    derive_run(w->d);
    struct derive_stats stats = derive_total_stats(w->d);
    return stats.n_runs == stats.n_nodes && stats.n_cutoffs == stats.n_runs;
}

/* Returns the step in which incremental and fresh first differ, or 'n_steps'. */
static int
run_steps(uint64_t seed, int n_steps, enum derive_fault fault, bool first_by_row_id)
{
    struct rng rng = {seed};
    struct program_world *w = world_new(first_by_row_id);
    struct out_vec taken = {0};
    int step;

    derive_inject_fault(w->d, fault);
    for (step = 0; step < n_steps; step++) {
        for (uint32_t n = 1 + rng_below(&rng, rng_one_in(&rng, 10) ? 20 : 3); n; n--) {
            random_change(&rng, w);
        }
        world_run(w);
        derive_check_invariants(w->d);
        if (!equals_fresh(&rng, w) || (rng_one_in(&rng, 3) && !taken_add_up(w, &taken))
            || (rng_one_in(&rng, 20) && !recompute_finds_nothing(w))) {
            break;
        }
    }
    vec_fini(&taken);
    world_free(w);
    return step;
}

TEST(incremental_equals_fresh)
{
    const char *seed_text = getenv("TEST_SEED");
    uint64_t first = seed_text ? strtoull(seed_text, NULL, 0) : 1;
    for (uint64_t seed = first; seed < first + N_SEEDS; seed++) {
        printf("TEST_SEED=%" PRIu64 "\n", seed);
        assert_int_equal(run_steps(seed, N_STEPS, DERIVE_FAULT_NONE, false), N_STEPS);
    }
}

/* Each fault shows, with every seed. */
static void
expect_caught(enum derive_fault fault, bool first_by_row_id)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        int step = run_steps(seed, N_FAULT_STEPS, fault, first_by_row_id);
        printf("TEST_SEED=%" PRIu64 ": caught in step %d\n", seed, step);
        assert_true(step < N_FAULT_STEPS);
    }
}
TEST(an_unrecorded_lookup_is_caught) { expect_caught(DERIVE_FAULT_MISSED_KEY, false); }
TEST(an_unrecorded_column_is_caught) { expect_caught(DERIVE_FAULT_MISSED_COLUMN, false); }
TEST(an_unrecorded_value_is_caught) { expect_caught(DERIVE_FAULT_MISSED_VALUE, false); }
TEST(an_unrecorded_membership_is_caught) { expect_caught(DERIVE_FAULT_MISSED_MEMBER, false); }
TEST(a_missing_reference_is_caught) { expect_caught(DERIVE_FAULT_MISSED_REFERENCE, false); }
TEST(a_choice_by_row_id_is_caught) { expect_caught(DERIVE_FAULT_NONE, true); }

TEST_MAIN(T(incremental_equals_fresh), T(an_unrecorded_lookup_is_caught), T(an_unrecorded_column_is_caught),
          T(an_unrecorded_value_is_caught), T(an_unrecorded_membership_is_caught), T(a_missing_reference_is_caught),
          T(a_choice_by_row_id_is_caught))
