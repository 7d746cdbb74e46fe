/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/loop.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "lib/base/clock.h"
#include "lib/base/counter.h"
#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/stopwatch.h"
#include "lib/base/str.h"
#include "lib/net/tls_private.h"

LOG_MODULE(timeval);
STOPWATCH(turn, "loop-turn");
MEM_TYPE(loop_source, "event sources");

enum { LATE_MS = 1000, COUNTERS_APART_MS = 60 * 1000 };

struct deferred {
    struct hmap_node node;                                   /* in 'deferred_by_call', hashed by (cb, aux) */
    TAILQ_ENTRY(deferred) link;                              /* in 'deferred', first come first served */
    uint64_t round;                                          /* of the turn that asked for it */
    loop_cb *cb;
    void *aux;
};

struct loop {
    struct event_base *base;
    struct evdns_base *dns;                                  /* or NULL: nobody has needed it */
    struct tls *tls;                                         /* or NULL: nobody has needed it */
    char *scratch;                                           /* LOOP_SCRATCH_SIZE bytes, or NULL: nobody has needed it */
    bool stopping;
    bool awake;                                              /* a callback has run since the last wait */
    int64_t woke_us;                                         /* when 'awake' */
    int64_t counters_ms;                                     /* when they were logged; 0: never */
    uint64_t round;
    struct hmap deferred_by_call;
    TAILQ_HEAD(, deferred) deferred;
};

struct loop_timer {
    struct loop *loop;
    struct event *event;
    int64_t due_ms;
    bool is_set;
    loop_cb *cb;
    void *aux;
};

struct loop_io {
    struct loop *loop;
    struct event *event;
    loop_cb *cb;
    void *aux;
};

struct loop_signal {
    struct loop *loop;
    struct event *event;
    loop_cb *cb;
    void *aux;
};

static void wait_for_events(struct loop *loop);
static void run_deferred(struct loop *loop);
static void run_round(struct loop *loop);
static void note_sleep(struct loop *loop);

static void
log_libevent(int severity, const char *text)
{
    if (severity == EVENT_LOG_DEBUG) {
        log_dbg("libevent: %s", text);
    } else {
        log_warn_rl("libevent: %s", text);
    }
}

struct loop *
loop_new(void)
{
    event_set_log_callback(log_libevent);
    signal(SIGPIPE, SIG_IGN);
    struct loop *loop = xcalloc(1, sizeof *loop);
    struct event_config *config = event_config_new();
    CHECK(config);
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    CHECK(loop->base);
    hmap_init(&loop->deferred_by_call);
    TAILQ_INIT(&loop->deferred);
    return loop;
}

static void
remove_deferred(struct loop *loop, struct deferred *deferred)
{
    hmap_remove(&loop->deferred_by_call, &deferred->node);
    TAILQ_REMOVE(&loop->deferred, deferred, link);
    free(deferred);
}

void
loop_free(struct loop *loop)
{
    if (!loop) {
        return;
    }
    while (!TAILQ_EMPTY(&loop->deferred)) {
        remove_deferred(loop, TAILQ_FIRST(&loop->deferred));
    }
    hmap_fini(&loop->deferred_by_call);
    if (loop->dns) {
        evdns_base_free(loop->dns, 1);
        event_base_loop(loop->base, EVLOOP_NONBLOCK);        /* what it has cancelled frees itself */
    }
    tls_free(loop->tls);
    event_base_free(loop->base);
    free(loop->scratch);
    free(loop);
}

struct event_base *
loop_event_base(struct loop *loop)
{
    return loop->base;
}

struct tls *
loop_tls(struct loop *loop)
{
    if (!loop->tls) {
        loop->tls = tls_new();
    }
    return loop->tls;
}

char *
loop_scratch(struct loop *loop)
{
    if (!loop->scratch) {
        loop->scratch = xmalloc(LOOP_SCRATCH_SIZE);
    }
    return loop->scratch;
}

struct evdns_base *
loop_dns(struct loop *loop)
{
    if (!loop->dns) {
        loop->dns = evdns_base_new(loop->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        CHECK(loop->dns);
        /* Without a usable resolv.conf it falls back to a name server on this host, and to /etc/hosts. */
        evdns_base_resolv_conf_parse(loop->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    }
    return loop->dns;
}

/* Runs callbacks until loop_stop(); a stop asked for before it ends it at once. */
void
loop_run(struct loop *loop)
{
    while (!loop->stopping) {
        run_deferred(loop);
        wait_for_events(loop);
    }
    loop->stopping = false;
}

void
loop_stop(struct loop *loop)
{
    loop->stopping = true;
}

static void
on_run_until_timeout(void *timed_out)
{
    *(bool *) timed_out = true;
}

bool
loop_run_until(struct loop *loop, bool (*done)(void *aux), void *aux, int64_t timeout_ms)
{
    bool timed_out = false;
    struct loop_timer *timer = loop_timer_new(loop, on_run_until_timeout, &timed_out);
    if (timeout_ms >= 0) {
        loop_timer_set(timer, timeout_ms);
    }
    bool finished;
    while (!(finished = done(aux)) && !timed_out && !loop->stopping) {
        run_deferred(loop);
        if ((finished = done(aux))) {                        /* nothing else may happen for long */
            break;
        }
        wait_for_events(loop);
    }
    loop_timer_free(timer);
    return finished;
}

/* One wait, and the callbacks of what it brought. */
static void
wait_for_events(struct loop *loop)
{
    note_sleep(loop);
    /* What the second round has deferred runs in the next turn, so that deferred calls cannot starve the rest. */
    bool wait = TAILQ_EMPTY(&loop->deferred) && !loop->stopping;
    /* EVLOOP_NONBLOCK alone goes on as long as a timer is due again. */
    int r = event_base_loop(loop->base, EVLOOP_ONCE | (wait ? EVLOOP_NO_EXIT_ON_EMPTY : EVLOOP_NONBLOCK));
    CHECK(r >= 0);
}

static void
run_deferred(struct loop *loop)
{
    run_round(loop);
    if (!loop->stopping) {
        run_round(loop);                                     /* output that the first has made leaves without a wait between */
    }
}

static void
run_round(struct loop *loop)
{
    uint64_t round = loop->round++;
    for (struct deferred *first; (first = TAILQ_FIRST(&loop->deferred)) && first->round <= round;) {
        loop_cb *cb = first->cb;
        void *aux = first->aux;
        remove_deferred(loop, first);
        loop_note_wakeup(loop);
        cb(aux);
    }
}

int64_t
loop_now_ms(const struct loop *loop)
{
    return loop->awake ? loop->woke_us / 1000 : clock_monotonic_ms();
}

void
loop_note_wakeup(struct loop *loop)
{
    if (!loop->awake) {
        loop->awake = true;
        loop->woke_us = clock_monotonic_us();
    }
}

/* What the process did until it was late may tell why. */
static void
log_counters(struct loop *loop)
{
    int64_t now_ms = clock_monotonic_ms();
    if (loop->counters_ms && now_ms - loop->counters_ms < COUNTERS_APART_MS) {
        return;
    }
    loop->counters_ms = now_ms;
    char *text = counters_text();
    for (struct str rest = str_from(text); rest.s;) {
        struct str line = str_cut(&rest, "\n");
        if (line.n) {
            log_info(STR_FMT, STR_ARG(line));
        }
    }
    free(text);
}

/* Ends a turn: warns if it was long. */
static void
note_sleep(struct loop *loop)
{
    if (!loop->awake) {
        return;
    }
    int64_t elapsed_us = clock_monotonic_us() - loop->woke_us;
    loop->awake = false;
    stopwatch_sample(&stopwatch_turn, (uint64_t) elapsed_us);
    if (elapsed_us > LATE_MS * 1000) {
        log_warn("Unreasonably long %lldms poll interval", (long long) elapsed_us / 1000);
        log_counters(loop);
    }
}

static size_t
hash_call(loop_cb *cb, const void *aux)
{
    return hash_add64(hash_mix64((uintptr_t) cb), (uintptr_t) aux);
}

static struct deferred *
find_deferred(const struct loop *loop, loop_cb *cb, const void *aux)
{
    HMAP_FOR_EACH_WITH_HASH (deferred, struct deferred, node, hash_call(cb, aux), &loop->deferred_by_call) {
        if (deferred->cb == cb && deferred->aux == aux) {
            return deferred;
        }
    }
    return NULL;
}

void
loop_defer(struct loop *loop, loop_cb *cb, void *aux)
{
    if (find_deferred(loop, cb, aux)) {
        return;
    }
    struct deferred *deferred = xmalloc(sizeof *deferred);
    *deferred = (struct deferred) {.cb = cb, .aux = aux, .round = loop->round};
    hmap_insert(&loop->deferred_by_call, &deferred->node, hash_call(cb, aux));
    TAILQ_INSERT_TAIL(&loop->deferred, deferred, link);
}

void
loop_cancel_deferred(struct loop *loop, loop_cb *cb, void *aux)
{
    struct deferred *deferred = find_deferred(loop, cb, aux);
    if (deferred) {
        remove_deferred(loop, deferred);
    }
}

static void
arm_timer(struct loop_timer *timer, int64_t delay_ms)
{
    struct timeval tv = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
    CHECK(!evtimer_add(timer->event, &tv));
}

static void
on_timer(evutil_socket_t fd, short what, void *timer_)
{
    struct loop_timer *timer = timer_;
    loop_note_wakeup(timer->loop);
    /* libevent reads a coarse clock, which may be some milliseconds ahead of the time asked for. */
    int64_t early_ms = timer->due_ms - clock_monotonic_ms();
    if (early_ms > 0) {
        arm_timer(timer, early_ms);
        return;
    }
    timer->is_set = false;
    timer->cb(timer->aux);
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_cb *cb, void *aux)
{
    struct loop_timer *timer = xmalloc(sizeof *timer);
    *timer = (struct loop_timer) {.loop = loop, .cb = cb, .aux = aux};
    timer->event = evtimer_new(loop->base, on_timer, timer);
    CHECK(timer->event);
    mem_add(&mem_loop_source, 1);
    return timer;
}

void
loop_timer_free(struct loop_timer *timer)
{
    if (timer) {
        event_free(timer->event);
        free(timer);
        mem_add(&mem_loop_source, -1);
    }
}

/* Calls back once, 'delay_ms' from now (not from the wake-up); replaces what was set. */
void
loop_timer_set(struct loop_timer *timer, int64_t delay_ms)
{
    delay_ms = MAX(delay_ms, (int64_t) 0);
    timer->due_ms = clock_monotonic_ms() + delay_ms;
    timer->is_set = true;
    arm_timer(timer, delay_ms);
}

void
loop_timer_cancel(struct loop_timer *timer)
{
    timer->is_set = false;
    evtimer_del(timer->event);
}

bool
loop_timer_is_set(const struct loop_timer *timer)
{
    return timer->is_set;
}

static void
on_io(evutil_socket_t fd, short what, void *io_)
{
    struct loop_io *io = io_;
    loop_note_wakeup(io->loop);
    io->cb(io->aux);
}

/* Calls back whenever 'fd' is ready for one of 'events' (LOOP_READ | LOOP_WRITE). */
struct loop_io *
loop_io_new(struct loop *loop, int fd, int events, loop_cb *cb, void *aux)
{
    CHECK(fd >= 0 && events);
    struct loop_io *io = xmalloc(sizeof *io);
    *io = (struct loop_io) {.loop = loop, .cb = cb, .aux = aux};
    short what = (short) (EV_PERSIST | (events & LOOP_READ ? EV_READ : 0) | (events & LOOP_WRITE ? EV_WRITE : 0));
    io->event = event_new(loop->base, fd, what, on_io, io);
    CHECK(io->event && !event_add(io->event, NULL));
    mem_add(&mem_loop_source, 1);
    return io;
}

void
loop_io_free(struct loop_io *io)
{
    if (io) {
        event_free(io->event);
        free(io);
        mem_add(&mem_loop_source, -1);
    }
}

static void
on_signal(evutil_socket_t fd, short what, void *signal_)
{
    struct loop_signal *signal = signal_;
    loop_note_wakeup(signal->loop);
    signal->cb(signal->aux);
}

struct loop_signal *
loop_signal_new(struct loop *loop, int signo, loop_cb *cb, void *aux)
{
    struct loop_signal *signal = xmalloc(sizeof *signal);
    *signal = (struct loop_signal) {.loop = loop, .cb = cb, .aux = aux};
    signal->event = evsignal_new(loop->base, signo, on_signal, signal);
    CHECK(signal->event && !event_add(signal->event, NULL));
    mem_add(&mem_loop_source, 1);
    return signal;
}

void
loop_signal_free(struct loop_signal *signal)
{
    if (signal) {
        event_free(signal->event);
        free(signal);
        mem_add(&mem_loop_source, -1);
    }
}
