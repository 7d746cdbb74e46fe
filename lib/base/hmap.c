/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/hmap.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"

void
hmap_init(struct hmap *map)
{
    *map = (struct hmap) HMAP_INIT(map);
}

void
hmap_fini(struct hmap *map)
{
    if (map->buckets != &map->one) {
        free(map->buckets);
    }
    hmap_init(map);
}

static void
hmap_link(struct hmap_node **buckets, size_t mask, struct hmap_node *node)
{
    struct hmap_node **bucket = &buckets[node->hash & mask];
    node->next = *bucket;
    *bucket = node;
}

static void
hmap_resize(struct hmap *map, size_t n_buckets)
{
    struct hmap_node **buckets = xcalloc(n_buckets, sizeof *buckets);
    for (size_t i = 0; i <= map->mask; i++) {
        for (struct hmap_node *node = map->buckets[i], *next; node; node = next) {
            next = node->next;
            hmap_link(buckets, n_buckets - 1, node);
        }
    }
    if (map->buckets != &map->one) {
        free(map->buckets);
    }
    map->one = NULL;
    map->buckets = buckets;
    map->mask = n_buckets - 1;
}

void
hmap_reserve(struct hmap *map, size_t n)
{
    size_t n_buckets = map->mask + 1;
    while (n_buckets < n) {
        n_buckets *= 2;
    }
    if (n_buckets > map->mask + 1) {
        hmap_resize(map, n_buckets);
    }
}

void
hmap_insert(struct hmap *map, struct hmap_node *node, size_t hash)
{
    node->hash = hash;
    if (map->n > map->mask) {
        hmap_resize(map, (map->mask + 1) * 4);
    }
    hmap_link(map->buckets, map->mask, node);
    map->n++;
}

void
hmap_remove(struct hmap *map, struct hmap_node *node)
{
    struct hmap_node **bucket = &map->buckets[node->hash & map->mask];
    while (*bucket != node) {
        CHECK(*bucket);
        bucket = &(*bucket)->next;
    }
    *bucket = node->next;
    map->n--;
}

void
hmap_swap(struct hmap *a, struct hmap *b)
{
    struct hmap tmp = *a;
    *a = *b;
    *b = tmp;
    if (a->buckets == &b->one) {
        a->buckets = &a->one;
    }
    if (b->buckets == &a->one) {
        b->buckets = &b->one;
    }
}

static struct hmap_node *
skip_to_hash(struct hmap_node *node, size_t hash)
{
    while (node && node->hash != hash) {
        node = node->next;
    }
    return node;
}

struct hmap_node *
hmap_first_with_hash(const struct hmap *map, size_t hash)
{
    return skip_to_hash(map->buckets[hash & map->mask], hash);
}

struct hmap_node *
hmap_next_with_hash(const struct hmap_node *node)
{
    return skip_to_hash(node->next, node->hash);
}

/* Buckets whose nodes a walk asks for in advance: in a large map each is a wait for memory. */
enum { WALK_AHEAD = 8 };

static struct hmap_node *
first_from_bucket(const struct hmap *map, size_t i)
{
    for (; i <= map->mask; i++) {
        if (map->buckets[i]) {
            __builtin_prefetch(map->buckets[(i + WALK_AHEAD) & map->mask]);
            return map->buckets[i];
        }
    }
    return NULL;
}

static uint64_t
reverse_bits(uint64_t x)
{
    x = (x >> 1 & UINT64_C(0x5555555555555555)) | (x & UINT64_C(0x5555555555555555)) << 1;
    x = (x >> 2 & UINT64_C(0x3333333333333333)) | (x & UINT64_C(0x3333333333333333)) << 2;
    x = (x >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (x & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
    return __builtin_bswap64(x);
}

/* With 2**k buckets, one holds the hashes whose k lowest bits are its number: a range of reversed hashes. */
struct hmap_node *
hmap_walk(const struct hmap *map, uint64_t *cursor)
{
    struct hmap_node *bucket = map->buckets[reverse_bits(*cursor) & map->mask];
    *cursor = map->mask ? *cursor + reverse_bits((map->mask + 1) >> 1) : 0;
    return bucket;
}

bool
hmap_cursor_passed(uint64_t cursor, size_t hash)
{
    return reverse_bits(hash) < cursor;
}

struct hmap_node *
hmap_first(const struct hmap *map)
{
    return first_from_bucket(map, 0);
}

struct hmap_node *
hmap_next(const struct hmap *map, const struct hmap_node *node)
{
    return node->next ? node->next : first_from_bucket(map, (node->hash & map->mask) + 1);
}

void
strmap_init(struct strmap *map)
{
    hmap_init(&map->map);
}

void
strmap_fini(struct strmap *map)
{
    STRMAP_FOR_EACH_SAFE (node, map) {
        free(node->key);
        free(node);
    }
    hmap_fini(&map->map);
}

void
strmap_fini_data(struct strmap *map)
{
    STRMAP_FOR_EACH (node, map) {
        free(node->data);
    }
    strmap_fini(map);
}

struct strmap_node *
strmap_find(const struct strmap *map, const char *key)
{
    HMAP_FOR_EACH_WITH_HASH (node, struct strmap_node, node, hash_string64(key), &map->map) {
        if (!strcmp(node->key, key)) {
            return node;
        }
    }
    return NULL;
}

void *
strmap_get(const struct strmap *map, const char *key)
{
    struct strmap_node *node = strmap_find(map, key);
    return node ? node->data : NULL;
}

void *
strmap_set(struct strmap *map, const char *key, void *data)
{
    struct strmap_node *node = strmap_find(map, key);
    if (node) {
        void *old = node->data;
        node->data = data;
        return old;
    }
    node = xmalloc(sizeof *node);
    *node = (struct strmap_node) {.data = data, .key = xstrdup(key)};
    hmap_insert(&map->map, &node->node, hash_string64(key));
    return NULL;
}

void *
strmap_remove(struct strmap *map, const char *key)
{
    struct strmap_node *node = strmap_find(map, key);
    if (!node) {
        return NULL;
    }
    void *data = node->data;
    hmap_remove(&map->map, &node->node);
    free(node->key);
    free(node);
    return data;
}

static int
compare_keys(const void *a_, const void *b_)
{
    const struct strmap_node *const *a = a_, *const *b = b_;
    return strcmp((*a)->key, (*b)->key);
}

struct strmap_node **
strmap_sorted(const struct strmap *map, size_t *ret_n)
{
    struct strmap_node **nodes = xcalloc(strmap_count(map), sizeof *nodes);
    size_t n = 0;
    STRMAP_FOR_EACH (node, map) {
        nodes[n++] = node;
    }
    qsort(nodes, n, sizeof *nodes, compare_keys);
    *ret_n = n;
    return nodes;
}
