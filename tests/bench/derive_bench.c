/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Measures lib/derive alone: derivations that do nearly nothing themselves, in the shape of a network with
 * 50,000 ports on 500 switches, four derivations a port.  Build it without sanitizers, with -O2.
 *
 * usage: derive_bench [PORTS] */

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/derive/derive.h"

enum { PORTS_PER_SWITCH = 100, N_OPTIONS = 8, FLOW_SIZE = 160, N_CHANGES = 20000 };
enum { T_PORT, T_OPTION, N_TABLES };
enum { S_ADDRESS, N_SPACES };
enum { C_PORTS, C_GROUPS };
enum { K_OPTION, K_CONF, K_BINDING, K_FLOWS, K_NEIGHBOR, K_SWITCH };

struct world {
    uint32_t n_ports;
    uint32_t *numbers;                                       /* of ports */
    uint64_t n_reads;
    uint64_t n_effects;
};

static struct world *world_of(struct derive *d) { return derive_aux(d); }

static void
count(struct derive *d, uint64_t n_reads, uint64_t n_effects)
{
    world_of(d)->n_reads += n_reads;
    world_of(d)->n_effects += n_effects;
}

static void
emit_flow(struct derive *d, uint64_t kind, uint64_t key, uint64_t number)
{
    uint64_t flow[FLOW_SIZE / 8] = {kind, key, number};
    derive_emit(d, 0, flow, sizeof flow);
}

/* --- Derivations --- */

static void
run_option(struct derive *d, uint64_t key)
{
    derive_read_row(d, T_OPTION, (uint32_t) key, 1);
    derive_return(d, &key, sizeof key);
    count(d, 1, 0);
}

static void
run_conf(struct derive *d, uint64_t port)
{
    uint64_t number = world_of(d)->numbers[port];
    derive_read_row(d, T_PORT, (uint32_t) port, 1);
    derive_read_row(d, T_PORT, (uint32_t) port, 2);
    derive_read_key(d, S_ADDRESS, number);
    derive_member(d, C_PORTS, port / PORTS_PER_SWITCH, port);
    derive_member(d, C_GROUPS, number % 64, port / PORTS_PER_SWITCH);
    derive_return(d, &number, sizeof number);
    count(d, 3, 2);
}

static void
run_binding(struct derive *d, uint64_t port)
{
    const uint64_t *number = derive_value(d, K_CONF, port, NULL);
    derive_read_row(d, T_PORT, (uint32_t) port, 4);
    emit_flow(d, K_BINDING, port, *number);
    count(d, 2, 1);
}

static void
run_flows(struct derive *d, uint64_t port)
{
    const uint64_t *number = derive_value(d, K_CONF, port, NULL);
    derive_read_row(d, T_PORT, (uint32_t) port, 8);
    for (uint64_t option = 0; option < 3; option++) {
        (void) derive_value(d, K_OPTION, (port + option) % N_OPTIONS, NULL);
    }
    bool in_group = derive_has_members(d, C_GROUPS, *number % 64);
    emit_flow(d, K_FLOWS, port, *number);
    emit_flow(d, K_FLOWS + 100, port, *number + in_group);
    count(d, 6, 2);
}

static void
run_neighbor(struct derive *d, uint64_t port)
{
    const uint64_t *number = derive_value(d, K_CONF, port, NULL);
    derive_read_key(d, S_ADDRESS, *number + 1);
    emit_flow(d, K_NEIGHBOR, port, *number);
    count(d, 2, 1);
}

static void
run_switch(struct derive *d, uint64_t lswitch)
{
    size_t n;
    (void) derive_members(d, C_PORTS, lswitch, &n);
    emit_flow(d, K_SWITCH, lswitch, n);
    count(d, 1, 1);
}

static const struct derive_kind kinds[] = {
    [K_OPTION] = {"option", 1, DERIVE_ON_READ, 0, run_option},
    [K_CONF] = {"conf", 1, DERIVE_ROW, T_PORT, run_conf},
    [K_BINDING] = {"binding", 3, DERIVE_ROW, T_PORT, run_binding},
    [K_FLOWS] = {"flows", 3, DERIVE_ROW, T_PORT, run_flows},
    [K_NEIGHBOR] = {"neighbor", 3, DERIVE_ROW, T_PORT, run_neighbor},
    [K_SWITCH] = {"switch", 3, DERIVE_COLLECTION_KEY, C_PORTS, run_switch},
};
static const struct derive_collection collections[] = {{"ports", 2, false}, {"groups", 2, false}};
static const struct derive_sink sinks[] = {{"flows", true}};
static const struct derive_program program = {
    .kinds = kinds, .n_kinds = ARRAY_SIZE(kinds),
    .collections = collections, .n_collections = ARRAY_SIZE(collections),
    .sinks = sinks, .n_sinks = ARRAY_SIZE(sinks),
    .n_tables = N_TABLES, .n_spaces = N_SPACES,
};

/* --- Measuring --- */

struct mark {
    int64_t ns;
    uint64_t n_runs, n_reads, n_effects;
};

static struct mark
mark_now(const struct derive *d)
{
    struct timespec t;
    const struct world *w = derive_aux(d);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (struct mark) {
        .ns = t.tv_sec * 1000000000LL + t.tv_nsec,
        .n_runs = derive_total_stats(d).n_runs,
        .n_reads = w->n_reads,
        .n_effects = w->n_effects,
    };
}

static void
print_since(const struct derive *d, const char *what, struct mark start, uint64_t n_waves)
{
    struct mark end = mark_now(d);
    double ns = (double) (end.ns - start.ns);
    double n_runs = (double) (end.n_runs - start.n_runs);
    printf("%-26s %9.3f ms", what, ns / 1e6);
    if (n_runs > 0) {
        printf("  %7.0f ns/run  %6.0f ns/read", ns / n_runs, ns / (double) (end.n_reads - start.n_reads));
    }
    if (n_waves > 1) {
        printf("  %7.0f ns/wave  %.1f runs/wave", ns / (double) n_waves, n_runs / (double) n_waves);
    }
    printf("\n");
}

static void ignore_output(void *aux UNUSED, const struct derive_output *output UNUSED) {}
static const struct derive_outputs ignoring = {ignore_output, NULL};

static void
fill(struct derive *d, uint32_t n_ports)
{
    for (uint32_t i = 0; i < N_OPTIONS; i++) {
        derive_row_added(d, T_OPTION, i);
    }
    for (uint32_t i = 0; i < n_ports; i++) {
        derive_row_added(d, T_PORT, i);
    }
}

static void
bench_changes(struct derive *d, struct world *w, const char *what, uint32_t columns)
{
    struct mark start = mark_now(d);
    for (uint32_t i = 0; i < N_CHANGES; i++) {
        uint32_t port = (uint32_t) ((uint64_t) i * 7919 % w->n_ports);
        w->numbers[port] += (columns == 1);
        derive_row_changed(d, T_PORT, port, columns);
        derive_run(d);
        derive_take_outputs(d, &ignoring, NULL);
    }
    print_since(d, what, start, N_CHANGES);
}

static void
bench_churn(struct derive *d, struct world *w)
{
    struct mark start = mark_now(d);
    for (uint32_t i = 0; i < N_CHANGES; i++) {
        uint32_t port = (uint32_t) ((uint64_t) i * 7919 % w->n_ports);
        derive_row_removed(d, T_PORT, port);
        derive_run(d);
        derive_row_added(d, T_PORT, port);
        derive_run(d);
        derive_take_outputs(d, &ignoring, NULL);
    }
    print_since(d, "remove and add a port", start, (uint64_t) N_CHANGES * 2);
}

/* Of the whole process. */
static double
resident_mb(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%*u %lu", &pages) != 1) {
            pages = 0;
        }
        fclose(f);
    }
    return (double) pages * (double) sysconf(_SC_PAGESIZE) / 1e6;
}

static void
print_memory(const struct derive *d, const struct mark *cold)
{
    double n_nodes = (double) derive_total_stats(d).n_nodes;
    double bytes = (double) derive_memory(d);
    printf("%.0f nodes, %.1f reads and %.1f effects each: %.1f MB (%.1f resident), %.0f bytes a node, all included\n",
           n_nodes, (double) cold->n_reads / n_nodes, (double) cold->n_effects / n_nodes, bytes / 1e6, resident_mb(),
           bytes / n_nodes);
}

int
main(int argc, char *argv[])
{
    struct world w = {.n_ports = argc > 1 ? (uint32_t) strtoul(argv[1], NULL, 0) : 50000};
    w.numbers = xcalloc(w.n_ports, sizeof *w.numbers);
    for (uint32_t i = 0; i < w.n_ports; i++) {
        w.numbers[i] = i;
    }
    struct derive *d = derive_new(&program, &w);

    struct mark start = mark_now(d);
    fill(d, w.n_ports);
    derive_run(d);
    print_since(d, "cold start", start, 1);
    struct mark cold = mark_now(d);
    start = cold;
    derive_take_outputs(d, &ignoring, NULL);
    print_since(d, "take", start, 1);
    start = mark_now(d);
    malloc_trim(0);                                          /* what taken contents leave behind */
    print_since(d, "trim", start, 1);
    print_memory(d, &cold);

    start = mark_now(d);
    derive_mark_all_dirty(d);
    derive_run(d);
    print_since(d, "recompute", start, 1);
    bench_changes(d, &w, "one column, one reader", 4);
    bench_changes(d, &w, "one column, a new value", 1);
    bench_churn(d, &w);
    print_memory(d, &cold);
    start = mark_now(d);
    derive_free(d);
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    printf("%-26s %9.3f ms\n", "free", (double) (t.tv_sec * 1000000000LL + t.tv_nsec - start.ns) / 1e6);
    free(w.numbers);
    return 0;
}
