/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_LOOP_H
#define WEFT_NET_LOOP_H

/* What: the event loop of a program: timers, file descriptors, signals, and work "before the next poll".
 *
 * Why: one thin face over libevent, so that programs and tests share one way to wait.
 *
 * Owns: a source (timer, io, signal) belongs to whoever made it and is freed before the loop.
 * Making a loop also makes the process ignore SIGPIPE.
 * Invariants: callbacks run on the thread of loop_run(), never from within the call that armed them. */

#include "lib/base/check.h"

struct event_base;
struct evdns_base;
struct loop;
struct loop_timer;
struct loop_io;
struct loop_signal;
struct tls;
typedef void loop_cb(void *aux);

struct loop *loop_new(void) MUST_USE;
void loop_free(struct loop *loop);
struct event_base *loop_event_base(struct loop *loop);
struct evdns_base *loop_dns(struct loop *loop);              /* looks names up without blocking */
struct tls *loop_tls(struct loop *loop);                     /* what tls.h configures; for lib/net */

/* Room that all streams share for what they have just read; for lib/net.  What is in it is gone with the next callback. */
enum { LOOP_SCRATCH_SIZE = 256 * 1024 };
char *loop_scratch(struct loop *loop);

void loop_run(struct loop *loop);                            /* until loop_stop() */
void loop_stop(struct loop *loop);
/* Runs callbacks until 'done(aux)' is true or 'timeout_ms' (-1: for ever) has passed; says which. */
bool loop_run_until(struct loop *loop, bool (*done)(void *aux), void *aux, int64_t timeout_ms);

int64_t loop_now_ms(const struct loop *loop);                /* monotonic, read once per wake-up */
/* For code in lib/net that gives libevent callbacks of its own: each calls this first.  It starts the clock
 * that warns about turns longer than a second ("Unreasonably long Nms poll interval"). */
void loop_note_wakeup(struct loop *loop);

/* Calls 'cb(aux)' once, before the loop next waits.  The same (cb, aux) asked for twice runs once.  What such a call
 * defers runs in a second round of the same turn, what that defers in the next turn. */
void loop_defer(struct loop *loop, loop_cb *cb, void *aux);
void loop_cancel_deferred(struct loop *loop, loop_cb *cb, void *aux);

struct loop_timer *loop_timer_new(struct loop *loop, loop_cb *cb, void *aux) MUST_USE;
void loop_timer_free(struct loop_timer *timer);
void loop_timer_set(struct loop_timer *timer, int64_t delay_ms);         /* once; replaces what was set */
void loop_timer_cancel(struct loop_timer *timer);
bool loop_timer_is_set(const struct loop_timer *timer);

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
struct loop_io *loop_io_new(struct loop *loop, int fd, int events, loop_cb *cb, void *aux) MUST_USE;
void loop_io_free(struct loop_io *io);                       /* does not close the descriptor */

struct loop_signal *loop_signal_new(struct loop *loop, int signo, loop_cb *cb, void *aux) MUST_USE;
void loop_signal_free(struct loop_signal *signal);

#endif
