/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_DERIVE_INTERNAL_H
#define WEFT_DERIVE_INTERNAL_H

/* What: the engine's own state and the calls between its files.  README.md shows how they hang together.
 *
 *     derive.c       construction, input, the wave
 *     nodes.c        derivations: birth, run, comparing with the last run, death
 *     reads.c        who read what: heads, edges, and the public reads
 *     collections.c  sets and their members
 *     outputs.c      contents that were emitted, and what to report of them
 *     stats.c        figures;  invariants.c  derive_check_invariants()
 *     graph.h        what the graph is made of;  store.c  slabs and id tables */

#include "lib/base/vec.h"
#include "lib/derive/derive.h"
#include "lib/derive/graph.h"
#include "lib/derive/store.h"

VEC_DEFINE(id_vec, uint32_t);
VEC_DEFINE(index_vec, uint16_t);

/* --- A run in progress.  Frames are kept and used again --- */

struct frame_read {
    uint32_t head;
    uint32_t columns;
    uint32_t at;                                             /* while committing */
};
struct frame {
    uint32_t node;
    uint8_t rank;
    bool has_returned;
    VEC(struct frame_read) reads;                            /* one for each head, in the order of first reads */
    uint32_t *index;                                         /* open addressing: head → index in 'reads' + 1 */
    uint32_t index_mask;
    uint32_t index_capacity;
    struct id_vec effects;                                   /* each holds a reference */
    char *value;                                             /* buffer, owned */
    size_t value_size;
    size_t value_capacity;
};

/* --- The engine --- */

enum { ROW_EXISTS = 1u << 31, ROW_LEAVING = 1u << 30, ROW_HEAD = ROW_LEAVING - 1, MAX_ROWS = 1 << 28 };

struct table {
    struct id_vec rows;                                      /* by row id: the head, ROW_EXISTS, ROW_LEAVING */
    struct index_vec kinds;                                  /* whose subjects are its rows */
};

struct collection {
    struct id_vec unsettled;                                 /* members */
    struct index_vec kinds;                                  /* whose subjects are its keys */
    struct index_vec allocators;                             /* whose requests it holds */
};

struct rank {
    struct id_vec dirty;                                     /* nodes; those without NODE_DIRTY are to be skipped */
    struct index_vec collections;
    struct index_vec allocators;
};

struct kind {
    struct derive_stats stats;
    struct id_vec by_row;                                    /* of a kind DERIVE_ROW: its nodes by row id */
};

struct allocator {
    VEC(struct derive_change) changes;                       /* since its last update */
};

enum changed { CHANGED_CONTENTS, CHANGED_MEMBERS, CHANGED_N };

enum { DERIVE_MAGIC = 0x64657269, NOT_IN_WAVE = -1 };

struct derive {
    uint32_t magic;
    const struct derive_program *program;
    void *aux;

    struct slab nodes, heads, contents, sets, members;
    struct id_table node_ids;                                /* of kinds that are not DERIVE_ROW */
    struct id_table key_ids, content_ids, set_ids, member_ids;
    struct arena *bytes;                                     /* of contents that are forgotten once taken */

    struct table *tables;
    struct collection *collections;
    struct allocator *allocators;
    struct kind *kinds;
    struct rank *ranks;
    int n_ranks;

    /* The wave. */
    bool is_running;
    bool is_allocating;                                      /* an allocator may touch keys */
    int rank;                                                /* being processed; NOT_IN_WAVE between rounds too */
    size_t n_dirty;                                          /* nodes with NODE_DIRTY */
    size_t n_unsettled;                                      /* members with 'is_unsettled' */
    struct id_vec unread;                                    /* nodes that may have lost their reason to exist */
    struct id_vec dead;                                      /* nodes; their ids are free after the wave */
    VEC(uint64_t) leaving;                                   /* derive_pair(table, row): free after the wave */

    /* Running derivations, innermost last. */
    struct frame *frame;                                     /* frames.d[depth - 1], or NULL */
    VEC(struct frame *) frames;
    size_t depth;

    struct id_vec changed[CHANGED_N];                        /* what derive_take_outputs() has to report */

    enum derive_fault fault;
};

static inline struct derive *
derive_checked(const struct derive *d)
{
    CHECK(d && d->magic == DERIVE_MAGIC);
    return (struct derive *) d;
}
static inline struct node *node_at(const struct derive *d, uint32_t id) { return slab_get(&d->nodes, id); }
static inline struct head *head_at(const struct derive *d, uint32_t id) { return slab_get(&d->heads, id); }
static inline struct content *content_at(const struct derive *d, uint32_t id) { return slab_get(&d->contents, id); }
static inline struct set *set_at(const struct derive *d, uint32_t id) { return slab_get(&d->sets, id); }
static inline struct member *member_at(const struct derive *d, uint32_t id) { return slab_get(&d->members, id); }

static inline const struct derive_kind *
kind_of(const struct derive *d, const struct node *node)
{
    return &d->program->kinds[node->kind];
}

static inline uint32_t key_hash(uint16_t space, uint64_t hash) { return store_hash(space, hash); }
static inline uint32_t set_hash(uint16_t collection, uint64_t key) { return store_hash(collection, key); }
static inline uint32_t member_hash(uint32_t set, uint64_t element) { return store_hash(set, element); }
static inline uint32_t content_hash(const struct content *c) { return store_hash(c->sink, c->hash[0]); }

/* The innermost run; a read or an effect outside one is a bug of the caller. */
static inline struct frame *
frame_of(struct derive *d)
{
    CHECK(d->magic == DERIVE_MAGIC && d->frame);
    return d->frame;
}

/* nodes.c */
uint32_t node_find(const struct derive *d, uint16_t kind, uint64_t key);         /* or 0 */
void node_subject_came(struct derive *d, uint16_t kind, uint64_t key);
void node_subject_went(struct derive *d, uint16_t kind, uint64_t key);
void node_mark_dirty(struct derive *d, uint32_t id);
void node_run(struct derive *d, uint32_t id);
void node_lost_reader(struct derive *d, uint32_t id);        /* 'id' has none now */
void nodes_sweep(struct derive *d);                          /* removes nodes without a reason to exist */
void nodes_bury(struct derive *d);                           /* frees the ids of removed nodes */
void nodes_fini(struct derive *d);

/* reads.c */
struct frame *frame_begin(struct derive *d, uint32_t node);
void frame_end(struct derive *d, struct frame *frame);
void frame_free(struct frame *frame);
/* Records that the innermost run reads the thing whose head is '*head', which is made if '*head' is 0. */
void record_read(struct derive *d, uint32_t *head, enum head_type type, uint64_t owner);
/* Makes the edges of the node of the innermost frame equal to what the frame has read, using the node's present
 * list of reads, and sets 'at' in each of the frame's reads.  Returns whether the list differs. */
bool reads_commit(struct derive *d, struct frame *frame);
void reads_drop(struct derive *d, uint32_t node);            /* removes all edges of 'node' */
void head_wake(struct derive *d, uint32_t head, uint32_t columns);       /* 'head' may be 0 */
void head_wake_all(struct derive *d, uint32_t head);         /* likewise */
/* Makes 'rows' have an element 'row', zero if it is new. */
void rows_reserve(struct id_vec *rows, uint32_t row);
uint32_t *table_row(struct derive *d, uint16_t table, uint32_t row);     /* its slot in 'rows' */
uint32_t key_find(const struct derive *d, uint16_t space, uint64_t hash);        /* its head, or 0 */
void heads_fini(struct derive *d);

/* collections.c */
void member_unref(struct derive *d, uint32_t member);
void member_release_if_unused(struct derive *d, uint32_t member);
void set_release_if_unused(struct derive *d, uint32_t set);
void collection_settle(struct derive *d, uint16_t collection);
void sets_fini(struct derive *d);

/* outputs.c */
void content_unref(struct derive *d, uint32_t content);
/* Whether what stands differs from what was last reported of content or member 'id'. */
void changed_set(struct derive *d, enum changed what, uint32_t id, bool is_changed);
void contents_tidy(struct derive *d);                        /* frees forgotten bytes, unless some wait to be taken */
void contents_fini(struct derive *d);

#endif
