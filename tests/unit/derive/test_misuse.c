/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/derive.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/derive/world.h"

/* What derive.h forbids must fail at once and name the place, not go on with a wrong graph. */

typedef void misuse_fn(struct derive *d);

/* Runs 'misuse' in a child, inside a derivation of rank 3 or, if 'outside', between waves.  The child must abort. */
static void expect_abort(misuse_fn *misuse, bool outside);

/* --- Misuses --- */

enum { K_LOW, K_MIDDLE, K_CALLER, K_LATE };

static void read_row_now(struct derive *d) { derive_read_row(d, 0, 1, COL_NAME); }
static void emit_now(struct derive *d) { derive_emit(d, KEPT, "x", 1); }
static void peek_now(struct derive *d) { size_t n; (void) derive_peek_members(d, 0, 0, &n); }
static void add_row_now(struct derive *d) { derive_row_added(d, 0, 9); }
static void touch_now(struct derive *d) { derive_touch_key(d, 0, 0); }
static void run_now(struct derive *d) { derive_run(d); }
static void read_equal_rank(struct derive *d) { (void) derive_value(d, K_CALLER, 1, NULL); }
static void read_higher_rank(struct derive *d) { (void) derive_value(d, K_LATE, 1, NULL); }
static void read_late_collection(struct derive *d) { size_t n; (void) derive_members(d, 1, 0, &n); }
static void contribute_late(struct derive *d) { derive_member(d, 0, 0, 0); }
static void return_twice(struct derive *d) { return_int(d, 1); return_int(d, 2); }
static void read_table_beyond(struct derive *d) { derive_read_row(d, 1, 0, 1); }
/* K_LOW may be read by rank 1 and contributes to a collection of rank 2; its reader has rank 3. */
static void read_what_contributes_below(struct derive *d) { (void) derive_value(d, K_LOW, 0, NULL); }

static void add_twice(struct derive *d) { derive_row_added(d, 0, 9); derive_row_added(d, 0, 9); }
static void remove_missing(struct derive *d) { derive_row_removed(d, 0, 9); }
static void change_missing(struct derive *d) { derive_row_changed(d, 0, 9, 1); }
static void reuse_before_wave(struct derive *d)
{
    derive_row_added(d, 0, 9);
    derive_run(d);
    derive_row_removed(d, 0, 9);
    derive_row_added(d, 0, 9);
}

static void
take_again(void *d, const struct derive_output *output UNUSED)
{
    static const struct derive_outputs cbs = {take_again, NULL};
    derive_take_outputs(d, &cbs, d);
}
static void
take_while_taking(struct derive *d)
{
    const struct derive_outputs cbs = {take_again, NULL};
    derive_row_added(d, 0, 9);
    derive_run(d);
    derive_take_outputs(d, &cbs, d);
}

/* The allocator has rank 5; touching key 7 wakes a derivation of rank 4. */
static void
touch_below(struct derive *d, const struct derive_change *changes UNUSED, size_t n UNUSED)
{
    derive_touch_key(d, 1, 7);
}
static void request_number(struct derive *d) { derive_member(d, 2, 0, 0); }

/* --- The child --- */

static misuse_fn *misuse_inside;

static void
run_low(struct derive *d, uint64_t key)
{
    derive_member(d, 0, key, 0);
}
static void
run_middle(struct derive *d, uint64_t key UNUSED)
{
    derive_read_key(d, 1, 7);
}
static void
run_caller(struct derive *d, uint64_t row UNUSED)
{
    emit_now(d);
    if (misuse_inside) {
        misuse_inside(d);
    }
}
static void run_late(struct derive *d, uint64_t key UNUSED) { emit_now(d); }

static const struct derive_kind kinds[] = {
    [K_LOW] = {"low", 1, DERIVE_ON_READ, 0, run_low},
    [K_MIDDLE] = {"middle", 4, DERIVE_ALWAYS, 0, run_middle},
    [K_CALLER] = {"caller", 3, DERIVE_ROW, 0, run_caller},
    [K_LATE] = {"late", 4, DERIVE_ON_READ, 0, run_late},
};
static const struct derive_collection collections[] = {{"early", 2, false}, {"late", 3, false}, {"requests", 4, false}};
static const struct derive_allocator allocators[] = {{"numbers", 5, 2, touch_below}};

static void
child_run(misuse_fn *misuse, bool outside)
{
    const struct derive_program program = PROGRAM(KINDS(kinds), COLLECTIONS(collections), ALLOCATORS(allocators));
    struct world w;
    misuse_inside = outside ? NULL : misuse;
    world_init(&w, &program);
    derive_row_added(w.d, 0, 1);
    derive_run(w.d);
    if (outside) {
        misuse(w.d);
    }
}

static void
expect_abort(misuse_fn *misuse, bool outside)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        child_run(misuse, outside);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

TEST(the_program_itself_is_fine)
{
    struct world w;
    const struct derive_program program = PROGRAM(KINDS(kinds), COLLECTIONS(collections), ALLOCATORS(allocators));
    world_init(&w, &program);
    misuse_inside = NULL;
    world_add_row(&w, 1, 10, 100);
    world_run(&w, "");
    world_take(&w, "+x");
    world_fini(&w);
}

TEST(reads_and_effects_belong_in_runs)
{
    expect_abort(read_row_now, true);
    expect_abort(emit_now, true);
    expect_abort(contribute_late, true);
    derive_read_row(NULL, 0, 1, 1);                          /* allowed: nobody records */
    derive_read_key(NULL, 0, 1);
}

TEST(input_and_output_belong_between_waves)
{
    expect_abort(add_row_now, false);
    expect_abort(touch_now, false);
    expect_abort(run_now, false);
    expect_abort(peek_now, false);
    expect_abort(take_while_taking, true);
}

TEST(ranks_only_look_down)
{
    expect_abort(read_equal_rank, false);
    expect_abort(read_higher_rank, false);
    expect_abort(read_late_collection, false);
    expect_abort(contribute_late, false);
    expect_abort(read_what_contributes_below, false);
    expect_abort(request_number, false);
}

TEST(rows_are_told_of_in_order)
{
    expect_abort(add_twice, true);
    expect_abort(remove_missing, true);
    expect_abort(change_missing, true);
    expect_abort(reuse_before_wave, true);
}

TEST(other_slips_are_seen)
{
    expect_abort(return_twice, false);
    expect_abort(read_table_beyond, false);
}

TEST_MAIN(T(the_program_itself_is_fine), T(reads_and_effects_belong_in_runs), T(input_and_output_belong_between_waves),
          T(ranks_only_look_down), T(rows_are_told_of_in_order), T(other_slips_are_seen))
