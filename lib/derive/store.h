/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_DERIVE_STORE_H
#define WEFT_DERIVE_STORE_H

/* What: the two containers that the engine is made of.  A slab holds elements of one size and numbers them with
 * 32-bit ids; an id table finds the id of an element by its hash.
 *
 * Why: the engine is a graph of small things that refer to each other millions of times.  A 32-bit id costs half
 * a pointer, and elements that never move can be kept hold of while others are added.
 *
 * Owns: a slab owns its elements' memory, not what they point to.  An id table owns its slots only.
 *
 * Invariants: id 0 is never given out.  Elements are zeroed when they are born and when they are freed (but for
 * their first four bytes, the link of the free list), so one field that is not zero can tell that one lives.
 *
 * Cost: nothing per element in a slab; 8 bytes a slot, at most three quarters full, in an id table. */

#include "lib/base/hash.h"
#include "lib/base/mem.h"

enum { SLAB_CHUNK_SHIFT = 8, SLAB_CHUNK = 1 << SLAB_CHUNK_SHIFT };       /* elements */

struct slab {
    char **chunks;
    size_t n_chunks;
    size_t capacity;                                         /* of 'chunks' */
    uint32_t size;                                           /* bytes of an element */
    uint32_t n;                                              /* ids ever given out are in [1, n) */
    uint32_t first_free;                                     /* or 0 */
    uint32_t n_used;
};

void slab_init(struct slab *slab, size_t size);
void slab_fini(struct slab *slab);
uint32_t slab_add(struct slab *slab) MUST_USE;               /* a zeroed element */
void slab_remove(struct slab *slab, uint32_t id);
size_t slab_memory(const struct slab *slab);

static inline void *
slab_get(const struct slab *slab, uint32_t id)
{
    return slab->chunks[id >> SLAB_CHUNK_SHIFT] + (size_t) (id & (SLAB_CHUNK - 1)) * slab->size;
}

struct id_slot {
    uint32_t hash;
    uint32_t id;                                             /* 0: free */
};

struct id_table {
    struct id_slot *slots;                                   /* NULL while the table was never used */
    uint32_t mask;                                           /* number of slots - 1 */
    uint32_t n;
};

void id_table_fini(struct id_table *table);
void id_table_insert(struct id_table *table, uint32_t hash, uint32_t id);
void id_table_remove(struct id_table *table, uint32_t hash, uint32_t id);
size_t id_table_memory(const struct id_table *table);

/* The next id with 'hash' at or after slot '*at', or 0. */
static inline uint32_t
id_table_next(const struct id_table *table, uint32_t hash, uint32_t *at)
{
    if (table->slots) {
        for (;;) {
            const struct id_slot *slot = &table->slots[(*at)++ & table->mask];
            if (!slot->id || slot->hash == hash) {
                return slot->id;
            }
        }
    }
    return 0;
}

/* Visits the ids of elements with 'HASH'; compare the elements in the body.  Nothing may be added or removed. */
#define ID_TABLE_FOR_EACH(ID, HASH, TABLE)                                                          \
    for (uint32_t ID##_at = (HASH), ID; (ID = id_table_next(TABLE, HASH, &ID##_at));)

/* The low half of a mixed 64-bit hash. */
static inline uint32_t
store_hash(uint64_t what, uint64_t x)
{
    return (uint32_t) hash_mix64(x + what * 0x9e3779b97f4a7c15ULL);
}

#endif
