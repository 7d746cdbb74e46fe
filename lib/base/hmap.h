/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_HMAP_H
#define WEFT_BASE_HMAP_H

/* What: 'struct hmap', an intrusive hash map, and 'struct strmap', a map from strings to pointers.
 *
 * Why: an element embeds its 'struct hmap_node', so inserting allocates nothing and one element can be
 * in several maps.  The map keeps the hash and does not know the keys: look-ups walk the elements with
 * equal hash and compare.
 *
 * Owns: hmap owns its bucket array only.  strmap owns copies of its keys, not the data.
 * Cost: O(1) expected; growing rehashes without touching the elements' keys. */

#include "lib/base/check.h"

struct hmap_node {
    struct hmap_node *next;                                  /* in the same bucket */
    size_t hash;
};

struct hmap {
    struct hmap_node **buckets;
    struct hmap_node *one;                                   /* the bucket of a map without an array */
    size_t mask;                                             /* number of buckets - 1 */
    size_t n;
};
#define HMAP_INIT(MAP) {.buckets = &(MAP)->one}

void hmap_init(struct hmap *map);
void hmap_fini(struct hmap *map);                            /* the elements are the caller's */
void hmap_insert(struct hmap *map, struct hmap_node *node, size_t hash);
void hmap_remove(struct hmap *map, struct hmap_node *node);
void hmap_reserve(struct hmap *map, size_t n);
void hmap_swap(struct hmap *a, struct hmap *b);
static inline size_t hmap_count(const struct hmap *map) { return map->n; }
static inline bool hmap_is_empty(const struct hmap *map) { return !map->n; }

struct hmap_node *hmap_first_with_hash(const struct hmap *map, size_t hash);
struct hmap_node *hmap_next_with_hash(const struct hmap_node *node);
struct hmap_node *hmap_first(const struct hmap *map);
struct hmap_node *hmap_next(const struct hmap *map, const struct hmap_node *node);

#define HMAP_NODE__(PTR, TYPE, MEMBER) ((PTR) ? CONTAINER_OF(PTR, TYPE, MEMBER) : NULL)

/* A walk that may pause while elements come and go.  '*cursor' begins as 0.  Returns the next bucket (NULL: an empty one; follow
 * 'next') and moves '*cursor' behind it; 0 again means that it was the last.  Every element that is there all the time is
 * visited once.  One that comes or goes meanwhile may have been visited if hmap_cursor_passed(), and else will not have been.
 * (Buckets are visited by their numbers read backwards, because growing splits them in place in that order.) */
struct hmap_node *hmap_walk(const struct hmap *map, uint64_t *cursor);
bool hmap_cursor_passed(uint64_t cursor, size_t hash);

/* Visits the elements whose hash is 'HASH'; compare keys in the body.  Do not remove while walking. */
#define HMAP_FOR_EACH_WITH_HASH(ELEM, TYPE, MEMBER, HASH, MAP)                                      \
    for (TYPE *ELEM = HMAP_NODE__(hmap_first_with_hash(MAP, HASH), TYPE, MEMBER); ELEM;             \
         ELEM = HMAP_NODE__(hmap_next_with_hash(&ELEM->MEMBER), TYPE, MEMBER))

/* Visits all elements, in no order.  'ELEM' itself may be removed and freed; no other may be. */
#define HMAP_FOR_EACH_SAFE(ELEM, TYPE, MEMBER, MAP)                                                 \
    for (TYPE *ELEM = HMAP_NODE__(hmap_first(MAP), TYPE, MEMBER), *ELEM##_next;                     \
         ELEM && (ELEM##_next = HMAP_NODE__(hmap_next(MAP, &ELEM->MEMBER), TYPE, MEMBER), true);    \
         ELEM = ELEM##_next)

/* Visits all elements, in no order.  Nothing may be removed or inserted. */
#define HMAP_FOR_EACH(ELEM, TYPE, MEMBER, MAP)                                                      \
    for (TYPE *ELEM = HMAP_NODE__(hmap_first(MAP), TYPE, MEMBER); ELEM;                             \
         ELEM = HMAP_NODE__(hmap_next(MAP, &ELEM->MEMBER), TYPE, MEMBER))

struct strmap_node {
    struct hmap_node node;
    void *data;
    char *key;                                               /* owned */
};
struct strmap {
    struct hmap map;
};
void strmap_init(struct strmap *map);
void strmap_fini(struct strmap *map);                        /* the data are the caller's */
void strmap_fini_data(struct strmap *map);                   /* the same, and free() for the data */
struct strmap_node *strmap_find(const struct strmap *map, const char *key);      /* or NULL */
void *strmap_get(const struct strmap *map, const char *key); /* data, or NULL */
/* Adds or replaces; returns the data that was there before, or NULL. */
void *strmap_set(struct strmap *map, const char *key, void *data);
void *strmap_remove(struct strmap *map, const char *key);    /* the data removed, or NULL */
/* The nodes sorted by key, in an array that the caller frees; their number in '*ret_n'. */
struct strmap_node **strmap_sorted(const struct strmap *map, size_t *ret_n) MUST_USE;
#define STRMAP_FOR_EACH(NODE, MAP) HMAP_FOR_EACH (NODE, struct strmap_node, node, &(MAP)->map)
#define STRMAP_FOR_EACH_SAFE(NODE, MAP) HMAP_FOR_EACH_SAFE (NODE, struct strmap_node, node, &(MAP)->map)
static inline size_t strmap_count(const struct strmap *map) { return map->map.n; }

#endif
