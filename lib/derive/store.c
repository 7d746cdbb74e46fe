/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/store.h"

#include <stdlib.h>
#include <string.h>

void
slab_init(struct slab *slab, size_t size)
{
    *slab = (struct slab) {.size = (uint32_t) size, .n = 1};
}

void
slab_fini(struct slab *slab)
{
    for (size_t i = 0; i < slab->n_chunks; i++) {
        free(slab->chunks[i]);
    }
    free(slab->chunks);
}

uint32_t
slab_add(struct slab *slab)
{
    slab->n_used++;
    if (slab->first_free) {
        uint32_t id = slab->first_free;
        uint32_t *link = slab_get(slab, id);
        slab->first_free = *link;
        *link = 0;
        return id;
    }
    CHECK(slab->n < 1u << 30);                               /* ids leave two bits for tags */
    if (slab->n >> SLAB_CHUNK_SHIFT == slab->n_chunks) {
        if (slab->n_chunks == slab->capacity) {
            slab->chunks = xgrow(slab->chunks, &slab->capacity, sizeof *slab->chunks);
        }
        slab->chunks[slab->n_chunks++] = xcalloc(SLAB_CHUNK, slab->size);
    }
    return slab->n++;
}

void
slab_remove(struct slab *slab, uint32_t id)
{
    CHECK(id && id < slab->n && slab->n_used);
    char *element = slab_get(slab, id);
    memset(element, 0, slab->size);
    memcpy(element, &slab->first_free, sizeof slab->first_free);
    slab->first_free = id;
    slab->n_used--;
}

size_t
slab_memory(const struct slab *slab)
{
    return slab->n_chunks * SLAB_CHUNK * slab->size + slab->capacity * sizeof *slab->chunks;
}

void
id_table_fini(struct id_table *table)
{
    free(table->slots);
}

static void
id_table_put(struct id_table *table, struct id_slot new)
{
    uint32_t at = new.hash & table->mask;
    while (table->slots[at].id) {
        at = (at + 1) & table->mask;
    }
    table->slots[at] = new;
}

static void
id_table_resize(struct id_table *table, uint32_t n_slots)
{
    struct id_table old = *table;

    table->slots = xcalloc(n_slots, sizeof *table->slots);
    table->mask = n_slots - 1;
    for (uint32_t i = 0; old.slots && i <= old.mask; i++) {
        if (old.slots[i].id) {
            id_table_put(table, old.slots[i]);
        }
    }
    free(old.slots);
}

void
id_table_insert(struct id_table *table, uint32_t hash, uint32_t id)
{
    if (!table->slots) {
        id_table_resize(table, 16);
    } else if (table->n >= table->mask / 4 * 3) {
        id_table_resize(table, (table->mask + 1) * 2);
    }
    id_table_put(table, (struct id_slot) {hash, id});
    table->n++;
}

/* Closes the gap instead of leaving a tombstone: each slot that follows moves back if that brings it no further
 * than its own place. */
void
id_table_remove(struct id_table *table, uint32_t hash, uint32_t id)
{
    struct id_slot *slots = table->slots;
    uint32_t mask = table->mask;
    uint32_t gap = hash & mask;

    while (slots[gap].id != id) {
        CHECK(slots[gap].id);
        gap = (gap + 1) & mask;
    }
    for (uint32_t at = (gap + 1) & mask; slots[at].id; at = (at + 1) & mask) {
        if (((at - slots[at].hash) & mask) >= ((at - gap) & mask)) {
            slots[gap] = slots[at];
            gap = at;
        }
    }
    slots[gap].id = 0;
    table->n--;
}

size_t
id_table_memory(const struct id_table *table)
{
    return table->slots ? ((size_t) table->mask + 1) * sizeof *table->slots : 0;
}
