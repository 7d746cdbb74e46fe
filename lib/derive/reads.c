/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/derive_internal.h"

/* Who read what.  During a run the reads gather in its frame; when it ends, reads_commit() compares them with the
 * reads of the last run and adds and removes edges.  A run that read the same things touches no edge. */

enum { FRAME_MIN_SLOTS = 64, EDGE_NONE = UINT32_MAX, ALL_COLUMNS = UINT32_MAX };

static void frame_record(struct frame *frame, uint32_t head, uint32_t columns);
static uint32_t head_new(struct derive *d, enum head_type type, uint16_t what, uint64_t owner) MUST_USE;

/* --- The public reads of input --- */

void
derive_read_row(struct derive *d, uint16_t table, uint32_t row, uint32_t columns)
{
    if (!d) {
        return;
    }
    struct frame *frame = frame_of(d);
    uint32_t *slot = table_row(d, table, row);
    if (!(*slot & ROW_HEAD)) {
        *slot |= head_new(d, HEAD_ROW, table, row);
    }
    frame_record(frame, *slot & ROW_HEAD, d->fault == DERIVE_FAULT_MISSED_COLUMN ? 0 : columns);
}

void
derive_read_key(struct derive *d, uint16_t space, uint64_t hash)
{
    if (!d) {
        return;
    }
    struct frame *frame = frame_of(d);
    CHECK(space < d->program->n_spaces);
    if (d->fault == DERIVE_FAULT_MISSED_KEY) {
        return;
    }
    uint32_t head = key_find(d, space, hash);
    if (!head) {
        head = head_new(d, HEAD_KEY, space, hash);
        id_table_insert(&d->key_ids, key_hash(space, hash), head);
    }
    frame_record(frame, head, ALL_COLUMNS);
}

void
record_read(struct derive *d, uint32_t *head, enum head_type type, uint64_t owner)
{
    if (!*head) {
        *head = head_new(d, type, 0, owner);
    }
    frame_record(d->frame, *head, ALL_COLUMNS);
}

void
rows_reserve(struct id_vec *rows, uint32_t row)
{
    if (row >= rows->n) {
        size_t n = ROUND_UP(MAX((size_t) row + 1, rows->n * 3 / 2), 16);
        rows->d = xrealloc(rows->d, n * sizeof *rows->d);
        memset(rows->d + rows->n, 0, (n - rows->n) * sizeof *rows->d);
        rows->n = rows->capacity = n;
    }
}

uint32_t *
table_row(struct derive *d, uint16_t table, uint32_t row)
{
    CHECK(table < d->program->n_tables && row < MAX_ROWS);
    rows_reserve(&d->tables[table].rows, row);
    return &d->tables[table].rows.d[row];
}

uint32_t
key_find(const struct derive *d, uint16_t space, uint64_t hash)
{
    ID_TABLE_FOR_EACH (id, key_hash(space, hash), &d->key_ids) {
        const struct head *head = head_at(d, id);
        if (head->owner == hash && head->what == space) {
            return id;
        }
    }
    return 0;
}

/* --- Frames --- */

struct frame *
frame_begin(struct derive *d, uint32_t node)
{
    if (d->depth == d->frames.n) {
        struct frame *new = xcalloc(1, sizeof *new);
        new->index_capacity = FRAME_MIN_SLOTS;
        new->index = xcalloc(new->index_capacity, sizeof *new->index);
        vec_push(&d->frames, new);
    }
    struct frame *frame = d->frames.d[d->depth++];
    frame->node = node;
    frame->rank = kind_of(d, node_at(d, node))->rank;
    frame->has_returned = false;
    frame->value_size = 0;
    vec_clear(&frame->reads);
    vec_clear(&frame->effects);
    frame->index_mask = FRAME_MIN_SLOTS - 1;
    memset(frame->index, 0, FRAME_MIN_SLOTS * sizeof *frame->index);
    return d->frame = frame;
}

void
frame_end(struct derive *d, struct frame *frame)
{
    CHECK(d->frame == frame);
    d->depth--;
    d->frame = d->depth ? d->frames.d[d->depth - 1] : NULL;
}

void
frame_free(struct frame *frame)
{
    vec_fini(&frame->reads);
    vec_fini(&frame->effects);
    free(frame->index);
    free(frame->value);
    free(frame);
}

/* The slot of 'frame->index' where 'head' is or belongs. */
static uint32_t *
frame_slot(const struct frame *frame, uint32_t head)
{
    for (uint32_t at = (head * 0x9e3779b1u) >> 8;; at++) {
        uint32_t *slot = &frame->index[at & frame->index_mask];
        if (!*slot || frame->reads.d[*slot - 1].head == head) {
            return slot;
        }
    }
}

static void
frame_grow_index(struct frame *frame)
{
    uint32_t n_slots = (frame->index_mask + 1) * 2;
    if (n_slots > frame->index_capacity) {
        frame->index_capacity = n_slots;
        frame->index = xrealloc(frame->index, n_slots * sizeof *frame->index);
    }
    frame->index_mask = n_slots - 1;
    memset(frame->index, 0, n_slots * sizeof *frame->index);
    for (uint32_t i = 0; i < frame->reads.n; i++) {
        *frame_slot(frame, frame->reads.d[i].head) = i + 1;
    }
}

static void
frame_record(struct frame *frame, uint32_t head, uint32_t columns)
{
    if (frame->reads.n && vec_last(&frame->reads).head == head) {
        vec_last(&frame->reads).columns |= columns;          /* accessors read a row column by column */
        return;
    }
    uint32_t *slot = frame_slot(frame, head);
    if (*slot) {
        frame->reads.d[*slot - 1].columns |= columns;
        return;
    }
    vec_push(&frame->reads, (struct frame_read) {.head = head, .columns = columns, .at = EDGE_NONE});
    *slot = (uint32_t) frame->reads.n;
    if (frame->reads.n * 2 > frame->index_mask) {
        frame_grow_index(frame);
    }
}

/* --- Heads and edges --- */

static uint32_t
head_new(struct derive *d, enum head_type type, uint16_t what, uint64_t owner)
{
    uint32_t id = slab_add(&d->heads);
    struct head *head = head_at(d, id);
    head->type = (uint8_t) type;
    head->what = what;
    head->owner = owner;
    return id;
}

/* Frees a head that has lost its last edge, and tells its owner. */
static void
head_release(struct derive *d, uint32_t id)
{
    struct head head = *head_at(d, id);
    uint32_t owner = (uint32_t) head.owner;

    CHECK(!head.n);
    if (head.capacity_log2) {
        free(head.many);
    }
    switch ((enum head_type) head.type) {
    case HEAD_ROW: *table_row(d, head.what, owner) &= ~(uint32_t) ROW_HEAD; break;
    case HEAD_KEY: id_table_remove(&d->key_ids, key_hash(head.what, head.owner), id); break;
    case HEAD_VALUE: node_at(d, owner)->head = 0; node_lost_reader(d, owner); break;
    case HEAD_MEMBERS: set_at(d, owner)->members_head = 0; set_release_if_unused(d, owner); break;
    case HEAD_EMPTINESS: set_at(d, owner)->emptiness_head = 0; set_release_if_unused(d, owner); break;
    case HEAD_MEMBER: member_at(d, owner)->head = 0; member_release_if_unused(d, owner); break;
    case HEAD_FREE: CHECK(head.type != HEAD_FREE); break;
    }
    slab_remove(&d->heads, id);
}

/* Moves the edges of 'head' to room for 2 ** 'capacity_log2', not fewer than it has. */
static void
head_resize(struct head *head, uint8_t capacity_log2)
{
    size_t size = sizeof(struct edge) << capacity_log2;
    if (head->capacity_log2) {
        head->many = xrealloc(head->many, size);
    } else {
        struct edge *many = xmalloc(size);
        many[0] = head->one;
        head->many = many;
    }
    head->capacity_log2 = capacity_log2;
}

static uint32_t
edge_add(struct derive *d, uint32_t head_id, struct edge edge)
{
    struct head *head = head_at(d, head_id);
    if (head->n >> head->capacity_log2) {
        head_resize(head, head->capacity_log2 + 1);
    }
    head_edges(head)[head->n] = edge;
    return head->n++;
}

/* Removes the edge that 'read' names.  The last edge of the head takes its place, and its reader is told. */
static void
edge_remove(struct derive *d, struct read read)
{
    struct head *head = head_at(d, read.head);
    struct edge *edges = head_edges(head);
    uint32_t last = --head->n;

    if (!last) {
        head_release(d, read.head);
        return;
    }
    if (read.at != last) {
        edges[read.at] = edges[last];
        struct read *moved = node_reads(node_at(d, edges[last].reader));
        while (moved->head != read.head) {
            moved++;
        }
        moved->at = read.at;
    }
    if (head->capacity_log2 > 2 && head->n << 2 <= 1u << head->capacity_log2) {
        head_resize(head, head->capacity_log2 - 1);
    }
}

static bool
reads_same_heads(const struct frame *frame, const struct read *old, uint32_t n)
{
    if (frame->reads.n != n) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (frame->reads.d[i].head != old[i].head) {
            return false;
        }
    }
    return true;
}

static void
read_keep(struct derive *d, struct frame_read *new, struct read old)
{
    new->at = old.at;
    head_edges(head_at(d, old.head))[old.at].columns = new->columns;
}

bool
reads_commit(struct derive *d, struct frame *frame)
{
    const struct node *node = node_at(d, frame->node);
    const struct read *old = node_reads(node);

    if (reads_same_heads(frame, old, node->n_reads)) {
        for (uint32_t i = 0; i < node->n_reads; i++) {
            read_keep(d, &frame->reads.d[i], old[i]);
        }
        return false;
    }
    for (uint32_t i = 0; i < node->n_reads; i++) {
        uint32_t slot = *frame_slot(frame, old[i].head);
        if (slot) {
            read_keep(d, &frame->reads.d[slot - 1], old[i]);
        } else {
            edge_remove(d, old[i]);
        }
    }
    for (uint32_t i = 0; i < frame->reads.n; i++) {
        struct frame_read *new = &frame->reads.d[i];
        if (new->at == EDGE_NONE) {
            new->at = edge_add(d, new->head, (struct edge) {frame->node, new->columns});
        }
    }
    return true;
}

void
reads_drop(struct derive *d, uint32_t node_id)
{
    const struct node *node = node_at(d, node_id);
    const struct read *reads = node_reads(node);
    for (uint32_t i = 0; i < node->n_reads; i++) {
        edge_remove(d, reads[i]);
    }
}

/* --- Waking --- */

void
head_wake(struct derive *d, uint32_t id, uint32_t columns)
{
    if (id) {
        struct head *head = head_at(d, id);
        const struct edge *edges = head_edges(head);
        for (uint32_t i = 0; i < head->n; i++) {
            if (edges[i].columns & columns) {
                node_mark_dirty(d, edges[i].reader);
            }
        }
    }
}

/* Also those who read no column of a row, only that it is there. */
void
head_wake_all(struct derive *d, uint32_t id)
{
    if (id) {
        struct head *head = head_at(d, id);
        const struct edge *edges = head_edges(head);
        for (uint32_t i = 0; i < head->n; i++) {
            node_mark_dirty(d, edges[i].reader);
        }
    }
}

void
heads_fini(struct derive *d)
{
    for (uint32_t id = 1; id < d->heads.n; id++) {
        struct head *head = head_at(d, id);
        if (head->type != HEAD_FREE && head->capacity_log2) {
            free(head->many);
        }
    }
    slab_fini(&d->heads);
    id_table_fini(&d->key_ids);
}
