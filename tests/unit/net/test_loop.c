/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/loop.h"

#include <signal.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

enum { DEADLINE_MS = 10000 };

struct note {
    struct buf *out;
    const char *text;
};

static void
write_note(void *note_)
{
    const struct note *note = note_;
    buf_puts(note->out, note->text);
}

static bool
has_three(void *out)
{
    return ((const struct buf *) out)->size >= 3;
}

static bool
never(void *aux)
{
    return false;
}

TEST(timers_fire_in_order_and_never_early)
{
    struct loop *loop = loop_new();
    struct buf out = BUF_INIT(100);
    struct note notes[] = {{&out, "a"}, {&out, "b"}, {&out, "c"}, {&out, "x"}};
    struct loop_timer *timers[4];
    int64_t start = clock_monotonic_ms();
    for (int i = 0; i < 4; i++) {
        timers[i] = loop_timer_new(loop, write_note, &notes[i]);
        loop_timer_set(timers[i], i == 3 ? 1 : 60 - 20 * i);
    }
    loop_timer_set(timers[0], 5);
    loop_timer_cancel(timers[3]);
    assert_false(loop_timer_is_set(timers[3]));
    assert_true(loop_timer_is_set(timers[0]));
    assert_true(loop_run_until(loop, has_three, &out, DEADLINE_MS));
    assert_true(clock_monotonic_ms() - start >= 40);
    assert_string_equal(buf_text(&out), "acb");
    assert_false(loop_timer_is_set(timers[0]));
    for (int i = 0; i < 4; i++) {
        loop_timer_free(timers[i]);
    }
    buf_fini(&out);
    loop_free(loop);
}

TEST(run_until_gives_up)
{
    struct loop *loop = loop_new();
    assert_false(loop_run_until(loop, never, NULL, 10));
    loop_free(loop);
}

struct chain {
    struct loop *loop;
    struct buf out;
    struct note *first, *dropped;
};

static void
defer_more(void *chain_)
{
    struct chain *chain = chain_;
    buf_puts(&chain->out, "1");
    loop_defer(chain->loop, write_note, chain->first);       /* again, in the next round */
    loop_cancel_deferred(chain->loop, write_note, chain->dropped);
}

TEST(deferred_calls_run_once_in_order)
{
    struct chain chain = {.loop = loop_new(), .out = BUF_INIT(100)};
    struct note a = {&chain.out, "a"}, b = {&chain.out, "b"}, x = {&chain.out, "x"};
    chain.first = &a;
    chain.dropped = &x;
    loop_defer(chain.loop, write_note, &a);
    loop_defer(chain.loop, defer_more, &chain);
    loop_defer(chain.loop, write_note, &x);
    loop_defer(chain.loop, write_note, &a);
    loop_defer(chain.loop, write_note, &b);
    assert_int_equal(chain.out.size, 0);
    assert_false(loop_run_until(chain.loop, never, NULL, 20));
    assert_string_equal(buf_text(&chain.out), "a1ba");
    buf_fini(&chain.out);
    loop_free(chain.loop);
}

/* A timer that is due again at once, as for work that is done in slices. */
struct slices {
    struct loop *loop;
    struct loop_timer *timer;
    int n, n_when_called, n_deferred;
};
enum { SLICES_MAX = 1000 };

static void
note_slices(void *slices_)
{
    struct slices *slices = slices_;
    slices->n_when_called = slices->n;
}

static void
defer_note(void *slices_)
{
    struct slices *slices = slices_;
    bool is_later = ++slices->n_deferred == 3;               /* than in this turn */
    loop_defer(slices->loop, is_later ? note_slices : defer_note, slices);       /* the loop will not wait, but it looks for events */
}

static void
on_slice(void *slices_)
{
    struct slices *slices = slices_;
    if (++slices->n < SLICES_MAX) {
        loop_timer_set(slices->timer, 0);
    }
}

static bool
all_slices_done(void *slices)
{
    return ((const struct slices *) slices)->n == SLICES_MAX;
}

TEST(a_timer_that_is_always_due_starves_nobody)
{
    struct slices slices = {.loop = loop_new()};
    slices.timer = loop_timer_new(slices.loop, on_slice, &slices);
    loop_timer_set(slices.timer, 0);
    loop_defer(slices.loop, defer_note, &slices);
    assert_true(loop_run_until(slices.loop, all_slices_done, &slices, DEADLINE_MS));
    assert_in_range(slices.n_when_called, 1, 3);
    loop_timer_free(slices.timer);
    loop_free(slices.loop);
}

/* What happens in a loop, one letter each. */
struct diary {
    struct loop *loop;
    struct buf text;
};

static void
defer_again(void *diary_)
{
    struct diary *diary = diary_;
    buf_putc(&diary->text, 'd');
    loop_defer(diary->loop, defer_again, diary);
}

static void
note_input(void *diary_)
{
    buf_putc(&((struct diary *) diary_)->text, 'i');
}

static bool
has_nine(void *diary)
{
    return ((struct diary *) diary)->text.size >= 9;
}

TEST(two_rounds_of_deferred_calls_a_turn)
{
    struct diary diary = {.loop = loop_new(), .text = BUF_INIT(100)};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct loop_io *io = loop_io_new(diary.loop, fds[0], LOOP_READ, note_input, &diary);
    assert_int_equal(write(fds[1], "x", 1), 1);              /* never read: there is input in every turn */
    loop_defer(diary.loop, defer_again, &diary);
    assert_true(loop_run_until(diary.loop, has_nine, &diary, DEADLINE_MS));
    buf_truncate(&diary.text, 9);
    assert_string_equal(buf_text(&diary.text), "ddiddiddi");
    loop_io_free(io);
    close(fds[0]);
    close(fds[1]);
    buf_fini(&diary.text);
    loop_free(diary.loop);
}

static void
stop(void *loop)
{
    loop_stop(loop);
}

TEST(io_and_signals_wake_the_loop)
{
    struct loop *loop = loop_new();
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct loop_io *io = loop_io_new(loop, fds[0], LOOP_READ, stop, loop);
    assert_int_equal(write(fds[1], "x", 1), 1);
    loop_run(loop);
    loop_io_free(io);
    struct loop_signal *signal = loop_signal_new(loop, SIGUSR1, stop, loop);
    raise(SIGUSR1);
    loop_run(loop);
    loop_signal_free(signal);
    close(fds[0]);
    close(fds[1]);
    loop_free(loop);
}

TEST_MAIN(T(timers_fire_in_order_and_never_early), T(run_until_gives_up), T(deferred_calls_run_once_in_order),
          T(a_timer_that_is_always_due_starves_nobody), T(two_rounds_of_deferred_calls_a_turn),
          T(io_and_signals_wake_the_loop))
