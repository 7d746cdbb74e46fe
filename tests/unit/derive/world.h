/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_DERIVE_WORLD_H
#define WEFT_TESTS_UNIT_DERIVE_WORLD_H

/* What: a small world for derivations to be about.  Table 0 has up to N_ROWS rows with two columns; space 0 finds
 * rows by name; space 1 finds what an allocator assigned.  Each test states its own kinds; what runs and what
 * comes out is noted as text, to be compared with what was expected. */

#include "lib/derive/derive.h"
#include "tests/unit/test.h"

enum { N_ROWS = 64, COL_NAME = 1 << 0, COL_VALUE = 1 << 1 };

struct world {
    struct derive *d;
    bool exists[N_ROWS];
    int name[N_ROWS];
    int value[N_ROWS];
    int assigned[N_ROWS];                                    /* by an allocator, to an element */
    struct buf runs;                                         /* "kind:key " for each run */
    struct buf changes;                                      /* "+text -text ", as outputs were taken */
};

void world_init(struct world *w, const struct derive_program *program);
void world_fini(struct world *w);
static inline struct world *world_of(struct derive *d) { return derive_aux(d); }

/* Changes, told to the engine. */
void world_add_row(struct world *w, int row, int name, int value);
void world_set_value(struct world *w, int row, int value);
void world_remove_row(struct world *w, int row);

/* Runs a wave: the runs that it takes must be 'runs', in this order. */
void world_run(struct world *w, const char *runs);
/* Takes the outputs: they must be 'changes', in any order. */
void world_take(struct world *w, const char *changes);

/* For derivations: recorded reads of the world, and notes. */
void note_run(struct derive *d, const char *kind, uint64_t key);
int read_name(struct derive *d, uint64_t row);
int read_value(struct derive *d, uint64_t row);
int find_name(struct derive *d, int name);                   /* the row, or -1 */
void emit_text(struct derive *d, uint16_t sink, const char *format, int n);
int value_as_int(struct derive *d, uint16_t kind, uint64_t key); /* -1: it returned nothing */
void return_int(struct derive *d, int value);

enum { KEPT, FORGOTTEN };
extern const struct derive_sink world_sinks[2];

#define PROGRAM(...)                                                                                \
    ((struct derive_program) {.n_tables = 1, .n_spaces = 2, .sinks = world_sinks, .n_sinks = 2, __VA_ARGS__})
#define KINDS(A) .kinds = A, .n_kinds = ARRAY_SIZE(A)
#define COLLECTIONS(A) .collections = A, .n_collections = ARRAY_SIZE(A)
#define ALLOCATORS(A) .allocators = A, .n_allocators = ARRAY_SIZE(A)

#endif
