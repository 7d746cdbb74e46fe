/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/derive.h"

#include <stdio.h>

#include "tests/unit/derive/world.h"

/* Rows, look-ups, values and outputs: each test is a promise of derive.h. */

/* --- Rows and outputs --- */

static void
run_show(struct derive *d, uint64_t row)
{
    note_run(d, "show", row);
    emit_text(d, KEPT, "v%d", read_value(d, row));
}
static const struct derive_kind show_kinds[] = {{"show", 1, DERIVE_ROW, 0, run_show}};

TEST(a_row_makes_and_unmakes_its_derivation)
{
    const struct derive_program program = PROGRAM(KINDS(show_kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 3, 30, 300);
    assert_true(derive_is_dirty(w.d));
    world_run(&w, "show:3 ");
    world_take(&w, "+v300");
    world_take(&w, "");
    world_remove_row(&w, 3);
    world_run(&w, "");
    world_take(&w, "-v300");
    assert_int_equal(derive_total_stats(w.d).n_nodes, 0);
    world_fini(&w);
}

TEST(only_readers_of_changed_columns_run)
{
    const struct derive_program program = PROGRAM(KINDS(show_kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 100);
    world_add_row(&w, 2, 20, 200);
    world_run(&w, "show:1 show:2 ");
    derive_row_changed(w.d, 0, 1, COL_NAME);
    assert_false(derive_is_dirty(w.d));
    world_set_value(&w, 2, 201);
    world_run(&w, "show:2 ");
    world_take(&w, "+v100 +v201");
    world_fini(&w);
}

static void
run_switching(struct derive *d, uint64_t row)
{
    note_run(d, "switching", row);
    if (read_value(d, row) > 0) {
        (void) read_name(d, row);
        (void) read_value(d, row);                           /* again: still one edge */
    }
}

TEST(columns_no_longer_read_no_longer_wake)
{
    static const struct derive_kind kinds[] = {{"switching", 1, DERIVE_ROW, 0, run_switching}};
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 1);
    world_run(&w, "switching:1 ");
    derive_row_changed(w.d, 0, 1, COL_NAME);
    world_run(&w, "switching:1 ");
    world_set_value(&w, 1, 0);
    world_run(&w, "switching:1 ");
    derive_row_changed(w.d, 0, 1, COL_NAME);
    assert_false(derive_is_dirty(w.d));
    world_fini(&w);
}

static void
run_zigzag(struct derive *d, uint64_t row)
{
    note_run(d, "zigzag", row);
    (void) read_value(d, row);
    (void) read_value(d, 9);
    (void) read_name(d, row);
}

TEST(columns_of_a_row_add_up_across_other_reads)
{
    static const struct derive_kind kinds[] = {{"zigzag", 1, DERIVE_ALWAYS, 0, run_zigzag}};
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 0, 10, 1);
    world_run(&w, "zigzag:0 ");
    derive_row_changed(w.d, 0, 0, COL_NAME);
    world_run(&w, "zigzag:0 ");
    derive_row_changed(w.d, 0, 0, COL_VALUE);
    world_run(&w, "zigzag:0 ");
    world_add_row(&w, 9, 10, 1);                             /* was read before it was there */
    world_run(&w, "zigzag:0 ");
    world_fini(&w);
}

static void
run_dangling(struct derive *d, uint64_t key)
{
    note_run(d, "dangling", key);
    derive_read_row(d, 0, 5, 0);
}

TEST(removal_wakes_readers_of_no_column)
{
    static const struct derive_kind kinds[] = {{"dangling", 1, DERIVE_ALWAYS, 0, run_dangling}};
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 5, 50, 500);
    world_run(&w, "dangling:0 ");
    derive_row_changed(w.d, 0, 5, UINT32_MAX);
    assert_false(derive_is_dirty(w.d));
    world_remove_row(&w, 5);
    world_run(&w, "dangling:0 ");
    world_fini(&w);
}

TEST(a_row_added_and_removed_before_the_wave_leaves_nothing)
{
    const struct derive_program program = PROGRAM(KINDS(show_kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 100);
    world_remove_row(&w, 1);
    assert_true(derive_is_dirty(w.d));                       /* the row id is not free yet */
    world_run(&w, "");
    world_add_row(&w, 1, 10, 101);
    world_run(&w, "show:1 ");
    world_take(&w, "+v101");
    world_fini(&w);
}

TEST(outputs_that_come_and_go_are_not_reported)
{
    const struct derive_program program = PROGRAM(KINDS(show_kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 100);
    world_run(&w, "show:1 ");
    world_take(&w, "+v100");
    world_add_row(&w, 2, 20, 100);                           /* a second reference */
    world_run(&w, "show:2 ");
    world_remove_row(&w, 1);
    world_run(&w, "");
    world_take(&w, "");
    world_set_value(&w, 2, 5);                               /* goes and comes back */
    world_run(&w, "show:2 ");
    world_set_value(&w, 2, 100);
    world_run(&w, "show:2 ");
    world_take(&w, "");
    world_add_row(&w, 3, 30, 7);                             /* comes and goes */
    world_run(&w, "show:3 ");
    world_remove_row(&w, 3);
    world_run(&w, "");
    world_take(&w, "");
    world_fini(&w);
}

static void
run_forgetful(struct derive *d, uint64_t row)
{
    emit_text(d, FORGOTTEN, "v%d", read_value(d, row));
}

TEST(a_sink_that_forgets_reports_removals_by_hash)
{
    static const struct derive_kind kinds[] = {{"forgetful", 1, DERIVE_ROW, 0, run_forgetful}};
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 100);
    world_run(&w, "");
    world_take(&w, "+v100");
    world_set_value(&w, 1, 101);
    world_run(&w, "");
    world_take(&w, "+v101 -?");
    world_set_value(&w, 1, 102);
    world_run(&w, "");
    world_add_row(&w, 2, 20, 200);                           /* untaken ones outlast waves */
    world_run(&w, "");
    world_take(&w, "+v102 +v200 -?");
    world_fini(&w);
}

TEST(what_was_lost_can_be_recalled)
{
    static const struct derive_kind kinds[] = {{"forgetful", 1, DERIVE_ROW, 0, run_forgetful},
                                               {"show", 1, DERIVE_ROW, 0, run_show}};
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 100);
    world_add_row(&w, 2, 20, 200);
    world_add_row(&w, 3, 30, 300);
    world_run(&w, "show:1 show:2 show:3 ");
    world_take(&w, "+v100 +v100 +v200 +v200 +v300 +v300");
    world_remove_row(&w, 3);                                 /* lost already: its removal is not reported */
    derive_recall(w.d, FORGOTTEN);
    world_remove_row(&w, 2);
    world_run(&w, "show:1 ");
    world_take(&w, "+v100 -v200 -v300");
    derive_recall(w.d, KEPT);
    assert_false(derive_is_dirty(w.d));                      /* it still knows them */
    world_take(&w, "+v100");
    world_fini(&w);
}

/* --- Look-ups --- */

static void
run_seek(struct derive *d, uint64_t row)
{
    note_run(d, "seek", row);
    emit_text(d, KEPT, "found%d", find_name(d, read_value(d, row)));
}

TEST(a_missed_lookup_is_a_read)
{
    static const struct derive_kind kinds[] = {{"seek", 1, DERIVE_ROW, 0, run_seek}};
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 20);
    world_run(&w, "seek:1 ");
    world_take(&w, "+found-1");
    world_add_row(&w, 2, 20, 10);
    world_run(&w, "seek:2 seek:1 ");
    world_take(&w, "-found-1 +found2 +found1");
    world_remove_row(&w, 2);
    world_run(&w, "seek:1 ");
    world_take(&w, "+found-1 -found2 -found1");
    derive_touch_key(w.d, 0, 12345);                         /* nobody asked */
    assert_false(derive_is_dirty(w.d));
    world_fini(&w);
}

/* --- Values --- */

enum { PARITY, SHOW_PARITY };

static void
run_parity(struct derive *d, uint64_t row)
{
    note_run(d, "parity", row);
    return_int(d, read_value(d, row) % 2);
}
static void
run_show_parity(struct derive *d, uint64_t row)
{
    note_run(d, "show", row);
    emit_text(d, KEPT, "p%d", value_as_int(d, PARITY, row));
}
static const struct derive_kind parity_kinds[] = {
    [PARITY] = {"parity", 1, DERIVE_ON_READ, 0, run_parity},
    [SHOW_PARITY] = {"show", 2, DERIVE_ROW, 0, run_show_parity},
};

TEST(an_equal_value_stops_the_wave)
{
    const struct derive_program program = PROGRAM(KINDS(parity_kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 100);
    world_run(&w, "show:1 parity:1 ");
    world_set_value(&w, 1, 102);
    world_run(&w, "parity:1 ");
    assert_int_equal(derive_kind_stats(w.d, PARITY).n_cutoffs, 1);
    world_set_value(&w, 1, 103);
    world_run(&w, "parity:1 show:1 ");
    world_take(&w, "+p1");
    assert_int_equal(derive_kind_stats(w.d, PARITY).n_runs, 3);
    assert_int_equal(derive_kind_stats(w.d, PARITY).n_cutoffs, 1);
    derive_clear_stats(w.d);
    assert_int_equal(derive_total_stats(w.d).n_runs, 0);
    assert_int_equal(derive_total_stats(w.d).n_nodes, 2);
    world_fini(&w);
}

TEST(recomputing_finds_nothing_to_change)
{
    const struct derive_program program = PROGRAM(KINDS(parity_kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 100);
    world_run(&w, "show:1 parity:1 ");
    world_take(&w, "+p0");
    derive_mark_all_dirty(w.d);
    world_run(&w, "parity:1 show:1 ");
    world_take(&w, "");
    assert_int_equal(derive_total_stats(w.d).n_cutoffs, 2);
    world_fini(&w);
}

enum { CHAIN_1, CHAIN_2, CHAIN_3, CHAIN_TOP };

static void
run_chain_1(struct derive *d, uint64_t key)
{
    note_run(d, "one", key);
    emit_text(d, KEPT, "one%d", (int) key);
    return_int(d, 1);
}
static void
run_chain_2(struct derive *d, uint64_t key)
{
    note_run(d, "two", key);
    return_int(d, value_as_int(d, CHAIN_1, key) + 1);
}
static void
run_chain_3(struct derive *d, uint64_t key)
{
    note_run(d, "three", key);
    return_int(d, value_as_int(d, CHAIN_2, key) + 1);
}
static void
run_chain_top(struct derive *d, uint64_t row)
{
    note_run(d, "top", row);
    int wanted = read_value(d, row);
    emit_text(d, KEPT, "top%d", wanted ? value_as_int(d, CHAIN_3, (uint64_t) wanted) : 0);
}
static const struct derive_kind chain_kinds[] = {
    [CHAIN_1] = {"one", 1, DERIVE_ON_READ, 0, run_chain_1},
    [CHAIN_2] = {"two", 2, DERIVE_ON_READ, 0, run_chain_2},
    [CHAIN_3] = {"three", 3, DERIVE_ON_READ, 0, run_chain_3},
    [CHAIN_TOP] = {"top", 4, DERIVE_ROW, 0, run_chain_top},
};

TEST(derivations_live_by_their_readers)
{
    const struct derive_program program = PROGRAM(KINDS(chain_kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 7);
    world_run(&w, "top:1 three:7 two:7 one:7 ");             /* nested */
    world_take(&w, "+one7 +top3");
    world_add_row(&w, 2, 20, 7);
    world_run(&w, "top:2 ");
    world_set_value(&w, 1, 0);
    world_run(&w, "top:1 ");
    world_take(&w, "+top0");
    assert_int_equal(derive_total_stats(w.d).n_nodes, 5);
    world_set_value(&w, 1, 7);                               /* the only reader changes: it lives on */
    world_set_value(&w, 2, 0);
    world_run(&w, "top:1 top:2 ");
    world_remove_row(&w, 1);
    world_run(&w, "");
    world_take(&w, "-one7 -top3");
    assert_int_equal(derive_total_stats(w.d).n_nodes, 1);
    world_fini(&w);
}

TEST(a_reader_handed_over_in_one_wave_keeps_it_alive)
{
    const struct derive_program program = PROGRAM(KINDS(chain_kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 7);
    world_run(&w, "top:1 three:7 two:7 one:7 ");
    world_remove_row(&w, 1);
    world_add_row(&w, 2, 20, 7);
    world_run(&w, "top:2 ");
    assert_int_equal(derive_total_stats(w.d).n_nodes, 4);
    world_fini(&w);
}

enum { ROW_VALUE, ASKING };

static void
run_row_value(struct derive *d, uint64_t row)
{
    note_run(d, "value", row);
    return_int(d, read_value(d, row));
}
static void
run_asking(struct derive *d, uint64_t key)
{
    note_run(d, "asking", key);
    emit_text(d, KEPT, "row5=%d", value_as_int(d, ROW_VALUE, 5));
}

TEST(the_absence_of_a_derivation_is_a_read)
{
    static const struct derive_kind kinds[] = {
        [ROW_VALUE] = {"value", 1, DERIVE_ROW, 0, run_row_value},
        [ASKING] = {"asking", 2, DERIVE_ALWAYS, 0, run_asking},
    };
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    world_init(&w, &program);
    world_run(&w, "asking:0 ");
    world_take(&w, "+row5=-1");
    assert_int_equal(derive_total_stats(w.d).n_nodes, 1);
    world_add_row(&w, 5, 50, 500);
    world_run(&w, "value:5 asking:0 ");
    world_take(&w, "-row5=-1 +row5=500");
    world_remove_row(&w, 5);
    world_run(&w, "asking:0 ");
    world_take(&w, "+row5=-1 -row5=500");
    world_fini(&w);
}

static void
run_sized(struct derive *d, uint64_t row)
{
    char bytes[100];
    size_t n = (size_t) read_value(d, row);
    memset(bytes, (int) n, sizeof bytes);
    derive_return(d, bytes, n);
}
static void
run_measure(struct derive *d, uint64_t row)
{
    size_t n;
    const char *value = derive_value(d, 0, row, &n);
    assert_true(!n == !value);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(value[i], n);
    }
    assert_int_equal((uintptr_t) value % 8, 0);
    emit_text(d, KEPT, "%d", (int) n);
}

TEST(values_of_any_size_come_through)
{
    static const struct derive_kind kinds[] = {{"sized", 1, DERIVE_ON_READ, 0, run_sized},
                                               {"measure", 2, DERIVE_ROW, 0, run_measure}};
    static const int sizes[] = {0, 1, 24, 25, 100, 99, 24, 100, 0, 8, 0};
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 50);
    world_run(&w, "");
    world_take(&w, "+50");
    for (size_t i = 0, old = 50; i < ARRAY_SIZE(sizes); old = (size_t) sizes[i++]) {
        char expected[32];
        snprintf(expected, sizeof expected, "+%d -%zu", sizes[i], old);
        world_set_value(&w, 1, sizes[i]);
        world_run(&w, "");
        world_take(&w, expected);
    }
    world_fini(&w);
}

/* --- Counting --- */

static void
run_order(struct derive *d, uint64_t row)
{
    int first = read_value(d, row);
    for (int i = 0; i < 4; i++) {
        emit_text(d, KEPT, "e%d", (first + i) % 4);
    }
}

TEST(effects_in_another_order_are_equal)
{
    static const struct derive_kind kinds[] = {{"order", 1, DERIVE_ROW, 0, run_order}};
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 0);
    world_run(&w, "");
    world_take(&w, "+e0 +e1 +e2 +e3");
    world_set_value(&w, 1, 2);
    world_run(&w, "");
    world_take(&w, "");
    assert_int_equal(derive_total_stats(w.d).n_cutoffs, 1);
    world_fini(&w);
}

TEST(statistics_are_a_table)
{
    const struct derive_program program = PROGRAM(KINDS(parity_kinds));
    struct world w;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    world_init(&w, &program);
    world_add_row(&w, 1, 10, 100);
    world_run(&w, "show:1 parity:1 ");
    derive_put_stats(w.d, &text);
    assert_string_equal(buf_text(&text),
                        "derivation                            nodes       runs   cut-offs\n"
                        "parity                                    1          1          0\n"
                        "show                                      1          1          0\n"
                        "total                                     2          2          0\n");
    buf_fini(&text);
    world_fini(&w);
}

/* Rows and keys that come and go leave nothing behind, whoever asked for them. */
TEST(memory_stays_flat)
{
    static const struct derive_kind kinds[] = {{"seek", 1, DERIVE_ROW, 0, run_seek},
                                               {"asking", 2, DERIVE_ROW, 0, run_asking}};
    const struct derive_program program = PROGRAM(KINDS(kinds));
    struct world w;
    size_t memory = 0;
    world_init(&w, &program);
    world_add_row(&w, 0, 1, 1);
    for (int i = 0; i < 20000; i++) {
        int row = 1 + i % 4;
        world_add_row(&w, row, 1000 + i, 2000000 + i);       /* looks up a name that nobody ever has */
        derive_run(w.d);
        world_remove_row(&w, row);
        derive_run(w.d);
        if (i == 100) {
            memory = derive_memory(w.d);
        }
        buf_clear(&w.runs);
    }
    assert_int_equal(derive_memory(w.d), memory);
    world_fini(&w);
}

TEST_MAIN(T(a_row_makes_and_unmakes_its_derivation), T(only_readers_of_changed_columns_run),
          T(columns_no_longer_read_no_longer_wake), T(columns_of_a_row_add_up_across_other_reads),
          T(removal_wakes_readers_of_no_column),
          T(a_row_added_and_removed_before_the_wave_leaves_nothing), T(outputs_that_come_and_go_are_not_reported),
          T(a_sink_that_forgets_reports_removals_by_hash), T(what_was_lost_can_be_recalled),
          T(a_missed_lookup_is_a_read),
          T(an_equal_value_stops_the_wave), T(recomputing_finds_nothing_to_change),
          T(derivations_live_by_their_readers), T(a_reader_handed_over_in_one_wave_keeps_it_alive),
          T(the_absence_of_a_derivation_is_a_read), T(values_of_any_size_come_through),
          T(effects_in_another_order_are_equal), T(statistics_are_a_table), T(memory_stays_flat))
