/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_DERIVE_GRAPH_H
#define WEFT_DERIVE_GRAPH_H

/* What: what the graph is made of: heads and edges (who reads what), nodes (derivations), and what nodes have for
 * effects: contents, sets and their members.
 *
 * Everything is an element of a slab (store.h) and known by its 32-bit id; 0 means none. */

#include "lib/base/check.h"

/* --- Reads: a head for each thing that is read, an edge for each (thing, reader) --- */

/* One reader of a thing.  A reader's list of reads has one entry {head, at} for each of its edges, which says where
 * the edge is; an edge says whose it is.  So dropping a read searches through no other readers. */
struct edge {
    uint32_t reader;                                         /* node */
    uint32_t columns;                                        /* of a row; all ones for anything else */
};
struct read {
    uint32_t head;
    uint32_t at;                                             /* index of the edge in the head */
};

enum head_type {
    HEAD_FREE,
    HEAD_ROW,                                                /* 'what' is the table, 'owner' the row */
    HEAD_KEY,                                                /* 'what' is the space, 'owner' the hash */
    HEAD_VALUE,                                              /* 'owner' is the node */
    HEAD_MEMBERS,                                            /* 'owner' is the set: all its elements */
    HEAD_EMPTINESS,                                          /* 'owner' is the set: whether it has any */
    HEAD_MEMBER,                                             /* 'owner' is the member: whether it is in */
};

/* Something that is read.  It exists as long as it has edges (or a run that has just read it). */
struct head {
    uint64_t owner;
    union {
        struct edge one;                                     /* while 'capacity_log2' is 0 */
        struct edge *many;                                   /* owned */
    };
    uint32_t n;                                              /* edges */
    uint16_t what;
    uint8_t type;                                            /* enum head_type */
    uint8_t capacity_log2;
};
static_assert(sizeof(struct head) == 24, "a head is 24 bytes");

static inline struct edge *head_edges(struct head *head) { return head->capacity_log2 ? head->many : &head->one; }

/* --- Nodes --- */

enum node_flag {
    NODE_USED = 1 << 0,                                      /* exists; else it is free or waits to be */
    NODE_LIVE = 1 << 1,                                      /* has a subject.  Otherwise somebody read its absence */
    NODE_DIRTY = 1 << 2,                                     /* is in its rank's queue */
    NODE_HAS_RUN = 1 << 3,
    NODE_UNREAD = 1 << 4,                                    /* is in derive.unread */
};

enum { NODE_INLINE_VALUE = 24 };

struct node {
    uint64_t key;
    union {
        uint64_t small[NODE_INLINE_VALUE / 8];               /* a value of up to NODE_INLINE_VALUE bytes */
        void *large;                                         /* owned */
    };
    void *lists;                                             /* owned: 'n_reads' reads, then 'n_effects' effects */
    uint32_t n_reads;
    uint32_t n_effects;                                      /* see effect_of_member() */
    uint32_t value_size;                                     /* 0: nothing was returned */
    uint32_t head;                                           /* of its readers, or 0 */
    uint16_t kind;
    uint8_t flags;                                           /* enum node_flag */
};
static_assert(sizeof(struct node) == 64, "a node is 64 bytes");

static inline struct read *node_reads(const struct node *node) { return node->lists; }
static inline uint32_t *
node_effects(const struct node *node)
{
    return (uint32_t *) (node_reads(node) + node->n_reads);
}
static inline const void *
node_value(const struct node *node)
{
    return node->value_size > NODE_INLINE_VALUE ? node->large : node->value_size ? node->small : NULL;
}

/* An effect is the id of a content, or that of a member with a tag. */
enum { EFFECT_MEMBER = 1u << 31 };
static inline uint32_t effect_of_member(uint32_t member) { return member | EFFECT_MEMBER; }
static inline bool effect_is_member(uint32_t effect) { return effect & EFFECT_MEMBER; }
static inline uint32_t effect_id(uint32_t effect) { return effect & ~(uint32_t) EFFECT_MEMBER; }

/* --- Effects --- */

/* A content in a sink, shared by all who emit it. */
struct content {
    uint64_t hash[2];
    char *bytes;                                             /* owned or, in a sink that forgets, in derive.bytes
                                                              * until it is reported, then NULL */
    uint32_t refs;
    uint32_t size;
    uint32_t changed_at;                                     /* index + 1 in derive.changed, or 0 */
    uint16_t sink;
    bool is_reported;                                        /* as the last derive_take_outputs() left it */
};

/* One key of a collection. */
struct set {
    uint64_t key;
    union {
        uint64_t one;                                        /* while 'capacity' is 0 */
        uint64_t *many;                                      /* owned */
    };
    uint32_t n;                                              /* settled elements */
    uint32_t capacity;
    uint32_t n_members;                                      /* members that exist, settled or not */
    uint32_t members_head;                                   /* or 0 */
    uint32_t emptiness_head;                                 /* or 0 */
    uint16_t collection;
    bool is_used;
};

static inline const uint64_t *set_elements(const struct set *set) { return set->capacity ? set->many : &set->one; }

/* An element that somebody contributes to a set, or whose absence somebody read.  What readers see changes when
 * its collection is settled, that is once in a wave and after all contributors. */
struct member {
    uint64_t element;
    uint32_t set;                                            /* 0 in a free one */
    uint32_t refs;
    uint32_t at;                                             /* index + 1 in the set's elements; 0: not in */
    uint32_t head;                                           /* or 0 */
    uint32_t changed_at;                                     /* index + 1 in derive.changed, or 0 */
    bool is_unsettled;                                       /* is in its collection's 'unsettled' */
    bool is_reported;
};
static_assert(sizeof(struct member) == 32, "a member is 32 bytes");

#endif
