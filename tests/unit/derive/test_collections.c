/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/derive.h"

#include "tests/unit/derive/world.h"

/* Collections and allocators: each test is a promise of derive.h.  Rows contribute (name, value) to collection 0. */

enum { GROUP };

static void
run_contribute(struct derive *d, uint64_t row)
{
    note_run(d, "in", row);
    derive_member(d, GROUP, (uint64_t) read_name(d, row), (uint64_t) read_value(d, row));
}
static void
run_sum(struct derive *d, uint64_t key)
{
    size_t n;
    int sum = 0;
    note_run(d, "sum", key);
    const uint64_t *elements = derive_members(d, GROUP, key, &n);
    for (size_t i = 0; i < n; i++) {
        sum += (int) elements[i];
    }
    emit_text(d, KEPT, "sum%d", sum);
}

static const struct derive_collection groups[] = {[GROUP] = {"group", 2, false}};
static const struct derive_kind sum_kinds[] = {{"in", 1, DERIVE_ROW, 0, run_contribute},
                                               {"sum", 3, DERIVE_COLLECTION_KEY, GROUP, run_sum}};

TEST(a_key_with_members_has_a_derivation)
{
    const struct derive_program program = PROGRAM(KINDS(sum_kinds), COLLECTIONS(groups));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 3);
    world_add_row(&w, 2, 10, 4);
    world_add_row(&w, 3, 20, 5);
    world_run(&w, "in:1 in:2 in:3 sum:10 sum:20 ");
    world_take(&w, "+sum7 +sum5");
    world_set_value(&w, 2, 6);
    world_run(&w, "in:2 sum:10 ");
    world_take(&w, "+sum9 -sum7");
    world_remove_row(&w, 3);
    world_run(&w, "");
    world_take(&w, "-sum5");
    assert_int_equal(derive_kind_stats(w.d, 1).n_nodes, 1);
    world_fini(&w);
}

TEST(an_element_handed_over_in_one_wave_does_not_move)
{
    const struct derive_program program = PROGRAM(KINDS(sum_kinds), COLLECTIONS(groups));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 3);
    world_run(&w, "in:1 sum:10 ");
    world_remove_row(&w, 1);
    world_add_row(&w, 2, 10, 3);
    world_run(&w, "in:2 ");
    world_add_row(&w, 3, 10, 3);                             /* a second reference is not news either */
    world_run(&w, "in:3 ");
    world_remove_row(&w, 2);
    world_run(&w, "");
    world_take(&w, "+sum3");
    world_fini(&w);
}

static void
run_has(struct derive *d, uint64_t key)
{
    note_run(d, "has", key);
    emit_text(d, KEPT, "has%d", derive_has_members(d, GROUP, 10));
}
static void
run_is(struct derive *d, uint64_t key)
{
    note_run(d, "is", key);
    emit_text(d, KEPT, "is%d", derive_is_member(d, GROUP, 10, 5));
}

TEST(emptiness_and_single_members_wake_on_their_own_change_only)
{
    static const struct derive_kind kinds[] = {{"in", 1, DERIVE_ROW, 0, run_contribute},
                                               {"has", 3, DERIVE_ALWAYS, 0, run_has},
                                               {"is", 3, DERIVE_ALWAYS, 0, run_is}};
    const struct derive_program program = PROGRAM(KINDS(kinds), COLLECTIONS(groups));
    struct world w;
    world_init(&w, &program);
    world_run(&w, "has:0 is:0 ");
    world_take(&w, "+has0 +is0");
    world_add_row(&w, 1, 10, 3);
    world_run(&w, "in:1 has:0 ");
    world_add_row(&w, 2, 10, 4);
    world_run(&w, "in:2 ");
    world_add_row(&w, 3, 10, 5);
    world_run(&w, "in:3 is:0 ");
    world_take(&w, "-has0 -is0 +has1 +is1");
    world_remove_row(&w, 1);
    world_remove_row(&w, 2);
    world_run(&w, "");
    world_remove_row(&w, 3);
    world_add_row(&w, 4, 10, 6);                             /* swapped: never empty */
    world_run(&w, "in:4 is:0 ");
    world_remove_row(&w, 4);
    world_run(&w, "has:0 ");
    world_take(&w, "+has0 +is0 -has1 -is1");
    world_fini(&w);
}

/* A key's derivation that goes in the middle of a wave takes back what it contributed to later collections. */
static void
run_relay(struct derive *d, uint64_t key)
{
    size_t n;
    note_run(d, "relay", key);
    (void) derive_members(d, 0, key, &n);
    derive_member(d, 1, 99, key);
}
static void
run_collect(struct derive *d, uint64_t key)
{
    size_t n;
    note_run(d, "collect", key);
    (void) derive_members(d, 1, key, &n);
    emit_text(d, KEPT, "keys%d", (int) n);
}

TEST(a_derivation_removed_in_the_wave_withdraws_its_effects)
{
    static const struct derive_collection collections[] = {{"group", 2, false}, {"keys", 4, true}};
    static const struct derive_kind kinds[] = {{"in", 1, DERIVE_ROW, 0, run_contribute},
                                               {"relay", 3, DERIVE_COLLECTION_KEY, 0, run_relay},
                                               {"collect", 5, DERIVE_COLLECTION_KEY, 1, run_collect}};
    const struct derive_program program = PROGRAM(KINDS(kinds), COLLECTIONS(collections));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 3);
    world_add_row(&w, 2, 20, 3);
    world_run(&w, "in:1 in:2 relay:10 relay:20 collect:99 ");
    world_take(&w, "+1/99/10 +1/99/20 +keys2");
    world_remove_row(&w, 1);
    world_run(&w, "collect:99 ");
    world_take(&w, "-1/99/10 -keys2 +keys1");
    world_remove_row(&w, 2);
    world_run(&w, "");
    world_take(&w, "-1/99/20 -keys1");
    world_add_row(&w, 3, 30, 3);                             /* comes and goes: not reported */
    world_run(&w, "in:3 relay:30 collect:99 ");
    world_remove_row(&w, 3);
    world_run(&w, "");
    world_take(&w, "");
    assert_int_equal(derive_total_stats(w.d).n_nodes, 0);
    world_fini(&w);
}

/* What a derivation contributed goes with its last reader, in another round of the same wave. */
static void
run_lazy(struct derive *d, uint64_t key)
{
    note_run(d, "lazy", key);
    derive_member(d, GROUP, 10, key);
}
static void
run_want(struct derive *d, uint64_t row)
{
    note_run(d, "want", row);
    if (read_value(d, row)) {
        (void) derive_value(d, 0, (uint64_t) read_value(d, row), NULL);
    }
}

TEST(a_derivation_that_nobody_reads_withdraws_its_effects)
{
    static const struct derive_kind kinds[] = {{"lazy", 0, DERIVE_ON_READ, 0, run_lazy},
                                               {"want", 1, DERIVE_ROW, 0, run_want},
                                               {"sum", 3, DERIVE_COLLECTION_KEY, GROUP, run_sum}};
    const struct derive_program program = PROGRAM(KINDS(kinds), COLLECTIONS(groups));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 0, 5);
    world_add_row(&w, 2, 0, 6);
    world_run(&w, "want:1 lazy:5 want:2 lazy:6 sum:10 ");
    world_set_value(&w, 1, 0);
    world_run(&w, "want:1 sum:10 ");
    world_take(&w, "+sum6");
    world_fini(&w);
}

TEST(members_can_be_peeked_at)
{
    const struct derive_program program = PROGRAM(KINDS(sum_kinds), COLLECTIONS(groups));
    struct world w;
    size_t n;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 3);
    assert_null(derive_peek_members(w.d, GROUP, 10, &n));
    assert_int_equal(n, 0);
    world_run(&w, "in:1 sum:10 ");
    const uint64_t *elements = derive_peek_members(w.d, GROUP, 10, &n);
    assert_int_equal(n, 1);
    assert_int_equal(elements[0], 3);
    world_fini(&w);
}

TEST(sets_grow_and_shrink)
{
    const struct derive_program program = PROGRAM(KINDS(sum_kinds), COLLECTIONS(groups));
    struct world w;
    size_t n;
    world_init(&w, &program);
    for (int i = 0; i < N_ROWS; i++) {
        world_add_row(&w, i, 10, i);
        derive_run(w.d);
        derive_check_invariants(w.d);
    }
    for (int i = 0; i < N_ROWS; i++) {
        world_remove_row(&w, i * 7 % N_ROWS);
        derive_run(w.d);
        derive_check_invariants(w.d);
        (void) derive_peek_members(w.d, GROUP, 10, &n);
        assert_int_equal(n, N_ROWS - 1 - i);
    }
    world_fini(&w);
}

static void
run_memo(struct derive *d, uint64_t key)
{
    return_int(d, derive_is_member(d, GROUP, key, key + 1) + derive_has_members(d, GROUP, key + 1));
}
static void
run_reader(struct derive *d, uint64_t row)
{
    uint64_t name = (uint64_t) read_name(d, row);
    emit_text(d, KEPT, "memo%d", value_as_int(d, 1, name) + (int) name * 10);
    emit_text(d, FORGOTTEN, "name%d", (int) name);
    (void) derive_value(d, 2, name + 1, NULL);               /* a key's derivation that is not there */
}

static void ignore_output(void *aux UNUSED, const struct derive_output *output UNUSED) {}
static const struct derive_outputs ignoring = {.output = ignore_output};

/* Keys, memberships, values and outputs that never come again leave nothing behind, taken or not. */
TEST(memory_stays_flat)
{
    static const struct derive_collection collections[] = {[GROUP] = {"group", 2, true}};
    static const struct derive_kind kinds[] = {{"in", 1, DERIVE_ROW, 0, run_contribute},
                                               {"memo", 3, DERIVE_ON_READ, 0, run_memo},
                                               {"sum", 3, DERIVE_COLLECTION_KEY, GROUP, run_sum},
                                               {"reader", 4, DERIVE_ROW, 0, run_reader}};
    const struct derive_program program = PROGRAM(KINDS(kinds), COLLECTIONS(collections));
    struct world w;
    size_t memory = 0;
    world_init(&w, &program);
    for (int i = 0; i < 20000; i++) {
        world_add_row(&w, i % 4, 1000 + i, 2000000 + i);
        derive_run(w.d);
        if (i % 2) {
            derive_take_outputs(w.d, &ignoring, NULL);
        }
        world_remove_row(&w, i % 4);
        derive_run(w.d);
        buf_clear(&w.runs);
        if (i == 100 || i == 19999) {
            derive_take_outputs(w.d, &ignoring, NULL);       /* else the text of a removal waits here */
            memory = i == 100 ? derive_memory(w.d) : memory;
        }
    }
    assert_int_equal(derive_memory(w.d), memory);
    assert_int_equal(derive_total_stats(w.d).n_nodes, 0);
    world_fini(&w);
}

TEST(all_outputs_are_what_stands)
{
    static const struct derive_collection collections[] = {{"group", 2, true}};
    const struct derive_program program = PROGRAM(KINDS(sum_kinds), COLLECTIONS(collections));
    struct world w, again;
    world_init(&w, &program);
    world_init(&again, &program);
    for (int i = 0; i < 3; i++) {
        world_add_row(&w, i, 10, i);
        world_add_row(&again, i, 10, i);
    }
    derive_run(w.d);
    derive_run(again.d);
    world_take(&w, "+sum3 +0/10/0 +0/10/1 +0/10/2");
    world_remove_row(&w, 1);
    derive_run(w.d);
    world_take(&w, "-sum3 +sum2 -0/10/1");
    world_take(&again, "+sum3 +0/10/0 +0/10/1 +0/10/2");
    world_fini(&w);
    world_fini(&again);
}

/* --- Allocators --- */

enum { REQUESTS, ASSIGNED = 1 };

static void
run_request(struct derive *d, uint64_t row)
{
    note_run(d, "request", row);
    derive_member(d, REQUESTS, 0, (uint64_t) read_name(d, row));
}
static void
run_use(struct derive *d, uint64_t row)
{
    int name = read_name(d, row);
    note_run(d, "use", row);
    derive_read_key(d, ASSIGNED, (uint64_t) name);
    emit_text(d, KEPT, "got%d", world_of(d)->assigned[name]);
}

/* The lowest free number, for names below N_ROWS. */
static int
lowest_free(const struct world *w)
{
    for (int number = 1;; number++) {
        bool taken = false;
        for (int i = 0; i < N_ROWS; i++) {
            taken |= w->assigned[i] == number;
        }
        if (!taken) {
            return number;
        }
    }
}

static void
update_assignments(struct derive *d, const struct derive_change *changes, size_t n)
{
    struct world *w = world_of(d);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            int *assigned = &w->assigned[changes[i].element];
            if (changes[i].added == !pass) {
                note_run(d, pass ? "free" : "assign", changes[i].element);
                *assigned = pass ? 0 : lowest_free(w);
                derive_touch_key(d, ASSIGNED, changes[i].element);
            }
        }
    }
}

static const struct derive_collection request_collections[] = {{"requests", 2, false}};
static const struct derive_allocator request_allocators[] = {{"numbers", 3, REQUESTS, update_assignments}};

TEST(allocators_run_between_requests_and_users)
{
    static const struct derive_kind kinds[] = {{"use", 4, DERIVE_ROW, 0, run_use},
                                               {"request", 1, DERIVE_ROW, 0, run_request}};
    const struct derive_program program = PROGRAM(KINDS(kinds), COLLECTIONS(request_collections),
                                                  ALLOCATORS(request_allocators));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 0);
    world_run(&w, "request:1 assign:10 use:1 ");
    world_take(&w, "+got1");
    world_add_row(&w, 2, 11, 0);
    world_run(&w, "request:2 assign:11 use:2 ");
    world_take(&w, "+got2");
    world_remove_row(&w, 1);                                 /* assigns before it frees: 3, not 1 */
    world_add_row(&w, 3, 12, 0);
    world_run(&w, "request:3 assign:12 free:10 use:3 ");
    world_take(&w, "-got1 +got3");
    world_add_row(&w, 1, 11, 0);                             /* asked for already */
    world_run(&w, "request:1 use:1 ");
    world_fini(&w);
}

TEST_MAIN(T(a_key_with_members_has_a_derivation), T(an_element_handed_over_in_one_wave_does_not_move),
          T(emptiness_and_single_members_wake_on_their_own_change_only),
          T(a_derivation_removed_in_the_wave_withdraws_its_effects),
          T(a_derivation_that_nobody_reads_withdraws_its_effects), T(members_can_be_peeked_at),
          T(sets_grow_and_shrink), T(memory_stays_flat), T(all_outputs_are_what_stands),
          T(allocators_run_between_requests_and_users))
