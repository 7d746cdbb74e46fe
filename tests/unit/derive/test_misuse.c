/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/derive.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/derive/world.h"

/* What derive.h forbids must fail at once and name the place, not go on with a wrong graph. */

typedef void misuse_fn(struct derive *d);

/* Runs 'misuse' in a child, inside a derivation of rank 3 or between waves.  It must abort, naming 'function'. */
enum place { INSIDE, OUTSIDE };
static void expect_abort(misuse_fn *misuse, enum place place, const char *function);

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
child_run(misuse_fn *misuse, enum place place)
{
    const struct derive_program program = PROGRAM(KINDS(kinds), COLLECTIONS(collections), ALLOCATORS(allocators));
    struct world w;
    misuse_inside = place == INSIDE ? misuse : NULL;
    world_init(&w, &program);
    derive_row_added(w.d, 0, 1);
    derive_run(w.d);
    if (place == OUTSIDE) {
        misuse(w.d);
    }
}

static void
expect_abort(misuse_fn *misuse, enum place place, const char *function)
{
    char text[4096], expected[64];
    int status, fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        dup2(fds[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        child_run(misuse, place);
        _exit(0);
    }
    close(fds[1]);
    size_t n = 0;
    for (ssize_t got; n < sizeof text - 1 && (got = read(fds[0], text + n, sizeof text - 1 - n)) > 0;) {
        n += (size_t) got;
    }
    text[n] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    snprintf(expected, sizeof expected, "failed in %s()", function);
    if (!strstr(text, expected)) {
        fail_msg("expected '%s' in: %s", expected, text);
    }
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
    expect_abort(read_row_now, OUTSIDE, "frame_of");
    expect_abort(emit_now, OUTSIDE, "frame_of");
    expect_abort(contribute_late, OUTSIDE, "frame_of");
    derive_read_row(NULL, 0, 1, 1);                          /* allowed: nobody records */
    derive_read_key(NULL, 0, 1);
}

TEST(input_and_output_belong_between_waves)
{
    expect_abort(add_row_now, INSIDE, "derive_row_added");
    expect_abort(touch_now, INSIDE, "derive_touch_key");
    expect_abort(run_now, INSIDE, "derive_run");
    expect_abort(peek_now, INSIDE, "derive_peek_members");
    expect_abort(take_while_taking, OUTSIDE, "derive_take_outputs");
}

TEST(ranks_only_look_down)
{
    expect_abort(read_equal_rank, INSIDE, "derive_value");
    expect_abort(read_higher_rank, INSIDE, "derive_value");
    expect_abort(read_late_collection, INSIDE, "set_to_read");
    expect_abort(contribute_late, INSIDE, "derive_member");
    expect_abort(read_what_contributes_below, INSIDE, "derive_member");
    expect_abort(request_number, INSIDE, "node_mark_dirty");
}

TEST(rows_are_told_of_in_order)
{
    expect_abort(add_twice, OUTSIDE, "derive_row_added");
    expect_abort(remove_missing, OUTSIDE, "derive_row_removed");
    expect_abort(change_missing, OUTSIDE, "derive_row_changed");
    expect_abort(reuse_before_wave, OUTSIDE, "derive_row_added");
}

TEST(other_slips_are_seen)
{
    expect_abort(return_twice, INSIDE, "derive_return");
    expect_abort(read_table_beyond, INSIDE, "table_row");
}

TEST_MAIN(T(the_program_itself_is_fine), T(reads_and_effects_belong_in_runs), T(input_and_output_belong_between_waves),
          T(ranks_only_look_down), T(rows_are_told_of_in_order), T(other_slips_are_seen))
