/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/counter.h"
#include "lib/derive/derive_internal.h"

/* Derivations.  A node exists while it has a subject, or a reader: a derivation of a kind DERIVE_ON_READ lives by
 * its readers alone; a node of another kind that has readers and no subject stands for the absence they read. */

MEM_TYPE(derive_nodes, "derivations");
COUNTER(derive_run);
COUNTER(derive_cutoff);

static void node_commit(struct derive *d, struct frame *frame);

/* Where a node is found: by its row or, if its key is not a row, by hash. */

static uint32_t
node_hash(uint16_t kind, uint64_t key)
{
    return store_hash(kind, key);
}

uint32_t
node_find(const struct derive *d, uint16_t kind, uint64_t key)
{
    if (d->program->kinds[kind].on == DERIVE_ROW) {
        return key < d->kinds[kind].by_row.n ? d->kinds[kind].by_row.d[key] : 0;
    }
    ID_TABLE_FOR_EACH (id, node_hash(kind, key), &d->node_ids) {
        const struct node *node = node_at(d, id);
        if (node->key == key && node->kind == kind) {
            return id;
        }
    }
    return 0;
}

static void
node_enter(struct derive *d, uint32_t id, const struct node *node)
{
    if (kind_of(d, node)->on == DERIVE_ROW) {
        CHECK(node->key < MAX_ROWS);
        rows_reserve(&d->kinds[node->kind].by_row, (uint32_t) node->key);
        d->kinds[node->kind].by_row.d[node->key] = id;
    } else {
        id_table_insert(&d->node_ids, node_hash(node->kind, node->key), id);
    }
}

static void
node_leave(struct derive *d, uint32_t id, const struct node *node)
{
    if (kind_of(d, node)->on == DERIVE_ROW) {
        d->kinds[node->kind].by_row.d[node->key] = 0;
    } else {
        id_table_remove(&d->node_ids, node_hash(node->kind, node->key), id);
    }
}

static uint32_t
node_new(struct derive *d, uint16_t kind, uint64_t key)
{
    uint32_t id = slab_add(&d->nodes);
    struct node *node = node_at(d, id);
    node->kind = kind;
    node->key = key;
    node->flags = NODE_USED;
    node_enter(d, id, node);
    mem_add(&mem_derive_nodes, 1);
    return id;
}

static void
node_set_live(struct derive *d, struct node *node)
{
    node->flags |= NODE_LIVE;
    d->kinds[node->kind].stats.n_nodes++;
}

void
node_mark_dirty(struct derive *d, uint32_t id)
{
    struct node *node = node_at(d, id);
    if (!(node->flags & NODE_DIRTY)) {
        int rank = kind_of(d, node)->rank;
        CHECK(node->flags & NODE_LIVE);
        CHECK(rank > d->rank);                               /* or the wave would have to go back */
        node->flags |= NODE_DIRTY;
        d->n_dirty++;
        vec_push(&d->ranks[rank].dirty, id);
    }
}

static void
node_clear_dirty(struct derive *d, struct node *node)
{
    if (node->flags & NODE_DIRTY) {
        node->flags &= ~NODE_DIRTY;
        d->n_dirty--;
    }
}

void
node_subject_came(struct derive *d, uint16_t kind, uint64_t key)
{
    uint32_t id = node_find(d, kind, key);
    if (!id) {
        id = node_new(d, kind, key);
    }
    CHECK(!(node_at(d, id)->flags & NODE_LIVE));
    node_set_live(d, node_at(d, id));
    node_mark_dirty(d, id);
}

/* --- Reading a value --- */

const void *
derive_value(struct derive *d, uint16_t kind_id, uint64_t key, size_t *ret_n)
{
    struct frame *frame = frame_of(d);
    CHECK(kind_id < d->program->n_kinds);
    const struct derive_kind *kind = &d->program->kinds[kind_id];
    CHECK(kind->rank < frame->rank);
    CHECK(kind->on != DERIVE_ALWAYS || !key);

    uint32_t id = node_find(d, kind_id, key);
    if (!id) {
        id = node_new(d, kind_id, key);
        if (kind->on == DERIVE_ON_READ) {
            node_set_live(d, node_at(d, id));
            node_run(d, id);
        }
    }
    struct node *node = node_at(d, id);
    CHECK(!(node->flags & NODE_DIRTY));                      /* lower ranks have run */
    if (d->fault == DERIVE_FAULT_MISSED_VALUE) {
        node_lost_reader(d, id);
    } else {
        record_read(d, &node->head, HEAD_VALUE, id);
    }
    if (ret_n) {
        *ret_n = node->value_size;
    }
    return node_value(node);
}

void
derive_return(struct derive *d, const void *value, size_t n)
{
    struct frame *frame = frame_of(d);
    CHECK(!frame->has_returned && n <= UINT32_MAX);
    frame->has_returned = true;
    frame->value_size = n;
    if (n > frame->value_capacity) {
        frame->value_capacity = n;
        frame->value = xrealloc(frame->value, n);
    }
    if (n) {
        memcpy(frame->value, value, n);
    }
}

/* --- Running --- */

void
node_run(struct derive *d, uint32_t id)
{
    struct node *node = node_at(d, id);
    CHECK(node->flags & NODE_LIVE);
    node_clear_dirty(d, node);
    struct frame *frame = frame_begin(d, id);
    kind_of(d, node)->run(d, node->key);
    node_commit(d, frame);
    frame_end(d, frame);
    if (!d->depth && d->program->after_run) {
        d->program->after_run(d->aux);
    }
}

static void
node_free_value(struct node *node)
{
    if (node->value_size > NODE_INLINE_VALUE) {
        free(node->large);
    }
    node->value_size = 0;
}

/* Returns whether the value differs from that of the last run. */
static bool
node_commit_value(struct node *node, const struct frame *frame)
{
    uint32_t n = (uint32_t) frame->value_size;
    if (n == node->value_size && (!n || !memcmp(frame->value, node_value(node), n))) {
        return false;
    }
    if (n != node->value_size) {
        node_free_value(node);
        if (n > NODE_INLINE_VALUE) {
            node->large = xmalloc(n);
        }
        node->value_size = n;
    }
    if (n) {
        memcpy(n > NODE_INLINE_VALUE ? node->large : node->small, frame->value, n);
    }
    return true;
}

static int
compare_u32(const void *a_, const void *b_)
{
    uint32_t a = *(const uint32_t *) a_, b = *(const uint32_t *) b_;
    return a < b ? -1 : a > b;
}

/* Whether the effects of the run differ from those of the last run.  Their order does not count; if it alone
 * differs, both lists come out sorted. */
static bool
effects_differ(struct node *node, struct frame *frame)
{
    uint32_t *old = node_effects(node), *new = frame->effects.d;
    size_t n = frame->effects.n;
    if (n != node->n_effects) {
        return true;
    }
    if (!n || !memcmp(old, new, n * sizeof *new)) {
        return false;
    }
    qsort(old, n, sizeof *old, compare_u32);
    qsort(new, n, sizeof *new, compare_u32);
    return memcmp(old, new, n * sizeof *new);
}

static void
effects_unref(struct derive *d, const uint32_t *effects, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (effect_is_member(effects[i])) {
            member_unref(d, effect_id(effects[i]));
        } else {
            content_unref(d, effect_id(effects[i]));
        }
    }
}

/* Replaces the lists of reads and effects by those of 'frame'. */
static void
node_set_lists(struct node *node, const struct frame *frame)
{
    size_t n_reads = frame->reads.n, n_effects = frame->effects.n;
    if (n_reads != node->n_reads || n_effects != node->n_effects) {
        free(node->lists);
        size_t size = n_reads * sizeof(struct read) + n_effects * sizeof(uint32_t);
        node->lists = size ? xmalloc(size) : NULL;
        node->n_reads = (uint32_t) n_reads;
        node->n_effects = (uint32_t) n_effects;
    }
    for (size_t i = 0; i < n_reads; i++) {
        node_reads(node)[i] = (struct read) {frame->reads.d[i].head, frame->reads.d[i].at};
    }
    if (n_effects) {
        memcpy(node_effects(node), frame->effects.d, n_effects * sizeof(uint32_t));
    }
}

/* Compares a run with the last one and lets the differences travel on.  The new effects have their references
 * since they were made, so that dropping the old ones now lets nothing go that stays. */
static void
node_commit(struct derive *d, struct frame *frame)
{
    struct node *node = node_at(d, frame->node);
    struct derive_stats *stats = &d->kinds[node->kind].stats;
    bool new_value = node_commit_value(node, frame);
    bool new_reads = reads_commit(d, frame);
    bool new_effects = effects_differ(node, frame);

    effects_unref(d, node_effects(node), node->n_effects);
    if (new_reads || new_effects) {
        node_set_lists(node, frame);
    }
    if (new_value) {
        head_wake(d, node->head, UINT32_MAX);
    }
    bool is_cutoff = (node->flags & NODE_HAS_RUN) && !new_value && !new_effects;
    stats->n_runs++;
    stats->n_cutoffs += is_cutoff;
    counter_inc(&counter_derive_run);
    counter_add(&counter_derive_cutoff, is_cutoff);
    node->flags |= NODE_HAS_RUN;
}

/* --- Death --- */

/* Takes back all that a node has done.  It keeps its readers. */
static void
node_withdraw(struct derive *d, uint32_t id)
{
    struct node *node = node_at(d, id);

    CHECK(node->flags & NODE_LIVE);
    node_clear_dirty(d, node);
    node->flags &= ~(NODE_LIVE | NODE_HAS_RUN);
    d->kinds[node->kind].stats.n_nodes--;
    reads_drop(d, id);
    effects_unref(d, node_effects(node), node->n_effects);
    free(node->lists);
    node->lists = NULL;
    node->n_reads = node->n_effects = 0;
    if (node->value_size) {
        node_free_value(node);
        head_wake(d, node->head, UINT32_MAX);
    }
}

static void
node_remove(struct derive *d, uint32_t id)
{
    struct node *node = node_at(d, id);
    CHECK(!node->head && !(node->flags & NODE_LIVE));
    node_leave(d, id, node);
    node->flags = 0;
    vec_push(&d->dead, id);                                  /* queues may still name it */
    mem_add(&mem_derive_nodes, -1);
}

void
node_subject_went(struct derive *d, uint16_t kind, uint64_t key)
{
    uint32_t id = node_find(d, kind, key);
    CHECK(id);
    node_withdraw(d, id);
    if (!node_at(d, id)->head) {
        node_remove(d, id);
    }
}

/* It may find another reader before the wave is over. */
void
node_lost_reader(struct derive *d, uint32_t id)
{
    struct node *node = node_at(d, id);
    bool has_subject = (node->flags & NODE_LIVE) && kind_of(d, node)->on != DERIVE_ON_READ;
    if (!has_subject && !(node->flags & NODE_UNREAD)) {
        node->flags |= NODE_UNREAD;
        vec_push(&d->unread, id);
    }
}

/* A removed node may have been the last reader of others, which are then added to the list being walked. */
void
nodes_sweep(struct derive *d)
{
    for (size_t i = 0; i < d->unread.n; i++) {
        uint32_t id = d->unread.d[i];
        struct node *node = node_at(d, id);
        node->flags &= ~NODE_UNREAD;
        if (!(node->flags & NODE_USED) || node->head) {
            continue;
        }
        if (!(node->flags & NODE_LIVE)) {
            node_remove(d, id);
        } else if (kind_of(d, node)->on == DERIVE_ON_READ) {
            node_withdraw(d, id);
            node_remove(d, id);
        }
    }
    vec_clear(&d->unread);
}

void
nodes_bury(struct derive *d)
{
    while (d->dead.n) {
        slab_remove(&d->nodes, vec_pop(&d->dead));
    }
}

void
nodes_fini(struct derive *d)
{
    for (uint32_t id = 1; id < d->nodes.n; id++) {
        struct node *node = node_at(d, id);
        if (node->flags & NODE_USED) {
            node_free_value(node);
            free(node->lists);
            mem_add(&mem_derive_nodes, -1);
        }
    }
    vec_fini(&d->unread);
    vec_fini(&d->dead);
    slab_fini(&d->nodes);
    id_table_fini(&d->node_ids);
}
