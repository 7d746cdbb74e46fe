/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_PROPERTY_DERIVE_PROGRAM_H
#define WEFT_TESTS_PROPERTY_DERIVE_PROGRAM_H

/* What: a made-up program for the engine, with everything a real one has: ports that name their switch (or one
 * that does not exist, or two), options looked up by name, collections by tag, numbers from an allocator, values
 * read before and after their subject is there, derivations that live by their readers and contribute themselves.
 *
 * Names are few, so that several rows have the same one: the row with the least uuid counts. */

#include "lib/derive/derive.h"
#include "lib/derive/pool.h"

enum { N_ROWS = 48, N_NAMES = 12, N_TAGS = 6 };
enum { T_PORT, T_SWITCH, T_OPTION, N_TABLES };
enum { COL_NAME = 1, COL_REF = 2, COL_NUMBER = 4, COL_TAGS = 8 };

struct program_row {
    uint64_t uuid;
    uint32_t name;
    uint32_t ref;                                            /* of a port: its switch's name */
    uint32_t number;
    uint32_t tags;                                           /* bits */
    bool exists;
    bool is_leaving;                                         /* its id is taken until the next wave is over */
};

struct program_world {
    struct derive *d;
    struct program_row tables[N_TABLES][N_ROWS];
    struct pool *numbers;                                    /* by "request" as text */
    bool first_by_row_id;                                    /* the fault of choosing by row id instead of uuid */
};

struct program_world *world_new(bool first_by_row_id) MUST_USE;
void world_free(struct program_world *w);
void world_adopt(struct program_world *w, const struct program_world *other);    /* the allocator's assignments */
uint32_t world_count(const struct program_world *w, uint16_t table);

/* Changes, told to the engine. */
void world_add_row(struct program_world *w, uint16_t table, uint32_t row, struct program_row content);
void world_change_row(struct program_world *w, uint16_t table, uint32_t row, struct program_row content);
void world_remove_row(struct program_world *w, uint16_t table, uint32_t row);
void world_run(struct program_world *w);

#endif
