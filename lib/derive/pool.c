/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/pool.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/mem.h"

MEM_TYPE(pool_entries, "numbers assigned");

struct pool_entry {
    struct hmap_node by_name;
    struct hmap_node by_number;
    uint32_t number;
    struct str name;                                         /* owned, NUL-terminated */
};

struct pool {
    uint32_t min, max;
    uint32_t last;                                           /* assigned; the search goes on behind it */
    struct hmap by_name;
    struct hmap by_number;
};

struct pool *
pool_new(uint32_t min, uint32_t max)
{
    struct pool *pool = xmalloc(sizeof *pool);

    CHECK(min && min <= max);                                /* 0 says "none" */
    pool->min = min;
    pool->max = max;
    pool->last = min - 1;
    hmap_init(&pool->by_name);
    hmap_init(&pool->by_number);
    return pool;
}

static struct pool_entry *
entry_by_name(const struct pool *pool, struct str name)
{
    HMAP_FOR_EACH_WITH_HASH (e, struct pool_entry, by_name, hash_str(name), &pool->by_name) {
        if (str_eq(e->name, name)) {
            return e;
        }
    }
    return NULL;
}

static struct pool_entry *
entry_by_number(const struct pool *pool, uint32_t number)
{
    HMAP_FOR_EACH_WITH_HASH (e, struct pool_entry, by_number, hash_mix64(number), &pool->by_number) {
        if (e->number == number) {
            return e;
        }
    }
    return NULL;
}

static void
entry_remove(struct pool *pool, struct pool_entry *e)
{
    hmap_remove(&pool->by_name, &e->by_name);
    hmap_remove(&pool->by_number, &e->by_number);
    free((char *) e->name.s);
    free(e);
    mem_add(&mem_pool_entries, -1);
}

static void
entry_add(struct pool *pool, struct str name, uint32_t number)
{
    struct pool_entry *e = xmalloc(sizeof *e);

    e->number = number;
    e->name = str_n(xmemdup0(name.s, name.n), name.n);
    hmap_insert(&pool->by_name, &e->by_name, hash_str(name));
    hmap_insert(&pool->by_number, &e->by_number, hash_mix64(number));
    mem_add(&mem_pool_entries, 1);
}

void
pool_free(struct pool *pool)
{
    if (pool) {
        HMAP_FOR_EACH_SAFE (e, struct pool_entry, by_name, &pool->by_name) {
            entry_remove(pool, e);
        }
        hmap_fini(&pool->by_name);
        hmap_fini(&pool->by_number);
        free(pool);
    }
}

bool
pool_adopt(struct pool *pool, struct str name, uint32_t wanted)
{
    if (wanted < pool->min || wanted > pool->max) {
        return false;
    }
    const struct pool_entry *holder = entry_by_number(pool, wanted);
    if (holder) {
        return str_eq(holder->name, name);
    }
    pool_release(pool, name);
    entry_add(pool, name, wanted);
    return true;
}

uint32_t
pool_assign(struct pool *pool, struct str name, uint32_t preferred)
{
    const struct pool_entry *e = entry_by_name(pool, name);
    if (e) {
        return e->number;
    }
    if (preferred && pool_adopt(pool, name, preferred)) {
        return preferred;
    }
    if (pool_count(pool) > pool->max - pool->min) {
        return 0;
    }
    do {
        pool->last = pool->last >= pool->max ? pool->min : pool->last + 1;
    } while (entry_by_number(pool, pool->last));
    entry_add(pool, name, pool->last);
    return pool->last;
}

uint32_t
pool_find(const struct pool *pool, struct str name)
{
    const struct pool_entry *e = entry_by_name(pool, name);
    return e ? e->number : 0;
}

struct str
pool_name(const struct pool *pool, uint32_t number)
{
    const struct pool_entry *e = entry_by_number(pool, number);
    return e ? e->name : str_n(NULL, 0);
}

void
pool_release(struct pool *pool, struct str name)
{
    struct pool_entry *e = entry_by_name(pool, name);
    if (e) {
        entry_remove(pool, e);
    }
}

size_t
pool_count(const struct pool *pool)
{
    return hmap_count(&pool->by_name);
}
