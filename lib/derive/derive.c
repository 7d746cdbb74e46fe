/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/derive_internal.h"

MEM_TYPE(derive_engines, "derivation engines");

/* A wave goes around again if removing unread derivations emptied collections, which takes at most a round a rank.
 * More than this means derivations that exist because of what their own reader contributes. */
enum { MAX_ROUNDS = 1000 };

/* --- Construction --- */

static void
ranks_init(struct derive *d)
{
    const struct derive_program *p = d->program;

    for (uint16_t i = 0; i < p->n_kinds; i++) {
        d->n_ranks = MAX(d->n_ranks, p->kinds[i].rank + 1);
    }
    for (uint16_t i = 0; i < p->n_collections; i++) {
        d->n_ranks = MAX(d->n_ranks, p->collections[i].rank + 1);
    }
    for (uint16_t i = 0; i < p->n_allocators; i++) {
        d->n_ranks = MAX(d->n_ranks, p->allocators[i].rank + 1);
    }
    d->ranks = xcalloc((size_t) d->n_ranks, sizeof *d->ranks);
    for (uint16_t i = 0; i < p->n_collections; i++) {
        vec_push(&d->ranks[p->collections[i].rank].collections, i);
    }
    for (uint16_t i = 0; i < p->n_allocators; i++) {
        const struct derive_allocator *a = &p->allocators[i];
        CHECK(a->requests < p->n_collections && a->rank > p->collections[a->requests].rank);
        vec_push(&d->ranks[a->rank].allocators, i);
        vec_push(&d->collections[a->requests].allocators, i);
    }
}

static void
subjects_init(struct derive *d)
{
    const struct derive_program *p = d->program;

    for (uint16_t i = 0; i < p->n_kinds; i++) {
        const struct derive_kind *kind = &p->kinds[i];
        CHECK(kind->run);
        switch (kind->on) {
        case DERIVE_ROW:
            CHECK(kind->subject < p->n_tables);
            vec_push(&d->tables[kind->subject].kinds, i);
            break;
        case DERIVE_COLLECTION_KEY:
            CHECK(kind->subject < p->n_collections && p->collections[kind->subject].rank < kind->rank);
            vec_push(&d->collections[kind->subject].kinds, i);
            break;
        case DERIVE_ALWAYS: node_subject_came(d, i, 0); break;
        case DERIVE_ON_READ: break;
        }
    }
}

struct derive *
derive_new(const struct derive_program *program, void *aux)
{
    struct derive *d = xcalloc(1, sizeof *d);

    d->magic = DERIVE_MAGIC;
    d->program = program;
    d->aux = aux;
    d->rank = NOT_IN_WAVE;
    d->bytes = arena_new();
    slab_init(&d->nodes, sizeof(struct node));
    slab_init(&d->heads, sizeof(struct head));
    slab_init(&d->contents, sizeof(struct content));
    slab_init(&d->sets, sizeof(struct set));
    slab_init(&d->members, sizeof(struct member));
    d->tables = xcalloc(program->n_tables, sizeof *d->tables);
    d->collections = xcalloc(program->n_collections, sizeof *d->collections);
    d->allocators = xcalloc(program->n_allocators, sizeof *d->allocators);
    d->kinds = xcalloc(program->n_kinds, sizeof *d->kinds);
    ranks_init(d);
    subjects_init(d);
    mem_add(&mem_derive_engines, 1);
    return d;
}

static void
program_state_fini(struct derive *d)
{
    for (uint16_t i = 0; i < d->program->n_tables; i++) {
        vec_fini(&d->tables[i].rows);
        vec_fini(&d->tables[i].kinds);
    }
    for (uint16_t i = 0; i < d->program->n_collections; i++) {
        vec_fini(&d->collections[i].unsettled);
        vec_fini(&d->collections[i].kinds);
        vec_fini(&d->collections[i].allocators);
    }
    for (uint16_t i = 0; i < d->program->n_allocators; i++) {
        vec_fini(&d->allocators[i].changes);
    }
    for (int i = 0; i < d->n_ranks; i++) {
        vec_fini(&d->ranks[i].dirty);
        vec_fini(&d->ranks[i].collections);
        vec_fini(&d->ranks[i].allocators);
    }
    for (uint16_t i = 0; i < d->program->n_kinds; i++) {
        vec_fini(&d->kinds[i].by_row);
    }
    free(d->tables);
    free(d->collections);
    free(d->allocators);
    free(d->kinds);
    free(d->ranks);
}

void
derive_free(struct derive *d)
{
    if (!d) {
        return;
    }
    CHECK(!derive_checked(d)->is_running);
    nodes_fini(d);
    heads_fini(d);
    contents_fini(d);
    sets_fini(d);
    program_state_fini(d);
    for (size_t i = 0; i < d->frames.n; i++) {
        frame_free(d->frames.d[i]);
    }
    vec_fini(&d->frames);
    vec_fini(&d->leaving);
    arena_free(d->bytes);
    d->magic = 0;
    free(d);
    mem_add(&mem_derive_engines, -1);
}

void *
derive_aux(const struct derive *d)
{
    return derive_checked(d)->aux;
}

/* --- Input --- */

void
derive_row_added(struct derive *d, uint16_t table, uint32_t row)
{
    CHECK(!derive_checked(d)->is_running);
    uint32_t *slot = table_row(d, table, row);
    CHECK(!(*slot & (ROW_EXISTS | ROW_LEAVING)));
    *slot |= ROW_EXISTS;
    head_wake_all(d, *slot & ROW_HEAD);                      /* who read it before it was there */
    for (size_t i = 0; i < d->tables[table].kinds.n; i++) {
        node_subject_came(d, d->tables[table].kinds.d[i], row);
    }
}

void
derive_row_changed(struct derive *d, uint16_t table, uint32_t row, uint32_t columns)
{
    CHECK(!derive_checked(d)->is_running);
    uint32_t slot = *table_row(d, table, row);
    CHECK(slot & ROW_EXISTS);
    head_wake(d, slot & ROW_HEAD, columns);
}

void
derive_row_removed(struct derive *d, uint16_t table, uint32_t row)
{
    CHECK(!derive_checked(d)->is_running);
    uint32_t *slot = table_row(d, table, row);
    CHECK(*slot & ROW_EXISTS);
    *slot = (*slot & ~(uint32_t) ROW_EXISTS) | ROW_LEAVING;
    vec_push(&d->leaving, derive_pair(table, row));
    for (size_t i = 0; i < d->tables[table].kinds.n; i++) {
        node_subject_went(d, d->tables[table].kinds.d[i], row);
    }
    head_wake_all(d, *table_row(d, table, row) & ROW_HEAD);
}

void
derive_touch_key(struct derive *d, uint16_t space, uint64_t hash)
{
    CHECK(!derive_checked(d)->is_running || d->is_allocating);
    CHECK(space < d->program->n_spaces);
    head_wake(d, key_find(d, space, hash), UINT32_MAX);
}

void
derive_mark_all_dirty(struct derive *d)
{
    CHECK(!derive_checked(d)->is_running);
    for (uint32_t id = 1; id < d->nodes.n; id++) {
        if (node_at(d, id)->flags & NODE_LIVE) {
            node_mark_dirty(d, id);
        }
    }
}

void
derive_inject_fault(struct derive *d, enum derive_fault fault)
{
    CHECK(!derive_checked(d)->is_running);
    d->fault = fault;
}

/* --- The wave --- */

static void
allocator_update(struct derive *d, uint16_t id)
{
    struct allocator *allocator = &d->allocators[id];
    if (allocator->changes.n) {
        d->is_allocating = true;
        d->program->allocators[id].update(d, allocator->changes.d, allocator->changes.n);
        d->is_allocating = false;
        vec_clear(&allocator->changes);
    }
}

/* All contributors to the rank's collections, and all that is requested of its allocators, is known by now. */
static void
rank_run(struct derive *d, struct rank *rank)
{
    for (size_t i = 0; i < rank->collections.n; i++) {
        collection_settle(d, rank->collections.d[i]);
    }
    for (size_t i = 0; i < rank->allocators.n; i++) {
        allocator_update(d, rank->allocators.d[i]);
    }
    for (size_t i = 0; i < rank->dirty.n; i++) {
        uint32_t id = rank->dirty.d[i];
        if (node_at(d, id)->flags & NODE_DIRTY) {
            node_run(d, id);
        }
    }
    vec_clear(&rank->dirty);
}

static void
round_run(struct derive *d)
{
    for (d->rank = 0; d->rank < d->n_ranks; d->rank++) {
        rank_run(d, &d->ranks[d->rank]);
    }
    d->rank = NOT_IN_WAVE;
    nodes_sweep(d);
}

void
derive_run(struct derive *d)
{
    int n_rounds = 0;

    CHECK(!derive_checked(d)->is_running);
    d->is_running = true;
    do {
        CHECK(n_rounds < MAX_ROUNDS);
        n_rounds++;
        round_run(d);
    } while (d->n_dirty || d->n_unsettled);
    nodes_bury(d);
    contents_tidy(d);
    while (d->leaving.n) {
        uint64_t row = vec_pop(&d->leaving);
        *table_row(d, (uint16_t) derive_first(row), derive_second(row)) &= ~(uint32_t) ROW_LEAVING;
    }
    d->is_running = false;
}

bool
derive_is_dirty(const struct derive *d)
{
    derive_checked(d);
    return d->n_dirty || d->n_unsettled || d->unread.n || d->dead.n || d->leaving.n;
}
