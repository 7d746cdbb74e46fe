/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"

/* Each block has a word before it that names its size class, or that it is from the heap.  jansson's allocator takes
 * no context, so the pool is the process's. */
enum {
    STEP = 16,                                               /* between the sizes of classes, the word included */
    N_CLASSES = 32,
    CHUNK_SIZE = 64 * 1024,
};
static const uint64_t FROM_HEAP = UINT64_MAX;

struct block {
    union {
        uint64_t class;
        struct block *next_free;
    };
    char data[];
};
struct chunk {
    struct chunk *next;
    char data[];
};

static struct {
    struct block *free[N_CLASSES];
    struct chunk *chunks;                                    /* the first is being cut up */
    size_t used;                                             /* bytes of its data */
    size_t n_live;
} pool;

static void *
cut_block(size_t size)
{
    if (!pool.chunks || pool.used + size > CHUNK_SIZE - sizeof(struct chunk)) {
        struct chunk *chunk = malloc(CHUNK_SIZE);
        if (!chunk) {
            return NULL;
        }
        chunk->next = pool.chunks;
        pool.chunks = chunk;
        pool.used = 0;
    }
    struct block *block = (struct block *) (void *) (pool.chunks->data + pool.used);
    pool.used += size;
    return block;
}

static void *
pool_malloc(size_t n)
{
    uint64_t class = (n + sizeof(struct block) - 1) / STEP;
    struct block *block;
    if (class >= N_CLASSES) {
        block = malloc(sizeof *block + n);
        class = FROM_HEAP;
    } else if (pool.free[class]) {
        block = pool.free[class];
        pool.free[class] = block->next_free;
        pool.n_live++;
    } else {
        block = cut_block((class + 1) * STEP);
        pool.n_live += block != NULL;
    }
    if (!block) {
        return NULL;
    }
    block->class = class;
    return block->data;
}

static void
shrink(void)
{
    while (pool.chunks->next) {
        struct chunk *chunk = pool.chunks;
        pool.chunks = chunk->next;
        free(chunk);
    }
    memset(pool.free, 0, sizeof pool.free);
    pool.used = 0;
}

static void
pool_free(void *p)
{
    if (!p) {
        return;
    }
    struct block *block = CONTAINER_OF(p, struct block, data);
    uint64_t class = block->class;
    if (class == FROM_HEAP) {
        free(block);
        return;
    }
    CHECK(class < N_CLASSES && pool.n_live > 0);
    block->next_free = pool.free[class];
    pool.free[class] = block;
    if (!--pool.n_live && pool.chunks->next) {
        shrink();
    }
}

void
json_pool_install(void)
{
#if !defined(__SANITIZE_ADDRESS__)
    json_set_alloc_funcs(pool_malloc, pool_free);
#else
    (void) pool_malloc;
    (void) pool_free;
#endif
}
