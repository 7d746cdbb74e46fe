/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/history.h"

#include <stdlib.h>

#include "lib/base/mem.h"

struct history_entry {
    struct hmap_node node;
    struct delta *delta;
    uint64_t position;
    size_t bytes;
};

void
history_init(struct history *history, size_t max_deltas)
{
    CHECK(max_deltas > 0);
    *history = (struct history) {.size = max_deltas, .ring = xcalloc(max_deltas, sizeof *history->ring),
                                .base_id = uuid_random()};
    hmap_init(&history->by_id);
}

static void
forget_oldest(struct history *history)
{
    struct history_entry *entry = history->ring[(history->last - history->n + 1) % history->size];
    hmap_remove(&history->by_id, &entry->node);
    history->n--;
    history->bytes -= entry->bytes;
    history->base_id = entry->delta->txn_id;
    delta_unref(entry->delta);
    free(entry);
}

void
history_fini(struct history *history)
{
    while (history->n) {
        forget_oldest(history);
    }
    hmap_fini(&history->by_id);
    free(history->ring);
}

bool
history_empty_slice(struct history *history, size_t budget, size_t *n_work)
{
    while (history->n && *n_work < budget) {
        struct history_entry *entry = history->ring[(history->last - history->n + 1) % history->size];
        *n_work += 1 + delta_shrink(entry->delta, budget - *n_work);
        if (*n_work < budget) {
            forget_oldest(history);
        }
    }
    return !history->n;
}

static size_t
datum_bytes(const struct datum *datum, const struct column_type *type)
{
    size_t bytes = sizeof(struct cell);
    for (uint32_t i = 0; i < datum->n && type->key.type == ATOM_STRING; i++) {
        bytes += datum_keys(datum)[i].string->length;
    }
    for (uint32_t i = 0; i < datum->n && type->value.type == ATOM_STRING; i++) {
        bytes += datum->values[i].string->length;
    }
    return bytes + (datum->is_inline ? 0 : datum->n * sizeof(union atom) * (column_type_is_map(type) ? 2 : 1));
}

/* What the history alone keeps alive: the old images, but for the cells that the new ones share. */
static size_t
delta_bytes(const struct delta *delta)
{
    size_t bytes = sizeof *delta + delta->n * sizeof delta->changes[0];
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *c = &delta->changes[i];
        for (uint32_t j = COLUMN_FIRST; c->old && j < c->old->schema->n_columns; j++) {
            const struct cell *cell = c->old->cells[j - COLUMN_FIRST];
            bytes += sizeof(struct cell *);
            if (!c->new || cell != c->new->cells[j - COLUMN_FIRST]) {
                bytes += datum_bytes(&cell->datum, &c->old->schema->columns[j].type);
            }
        }
    }
    return bytes;
}

void
history_add(struct history *history, struct delta *delta, size_t max_bytes)
{
    if (history->n == history->size) {
        forget_oldest(history);
    }
    struct history_entry *entry = xmalloc(sizeof *entry);
    *entry = (struct history_entry) {
        .delta = delta_ref(delta), .position = ++history->last, .bytes = delta_bytes(delta)};
    history->ring[history->last % history->size] = entry;
    history->n++;
    history->bytes += entry->bytes;
    hmap_insert(&history->by_id, &entry->node, uuid_hash(&delta->txn_id));
    while (history->bytes > max_bytes) {
        forget_oldest(history);
    }
}

void
history_name_start(struct history *history, const struct uuid *txn_id)
{
    CHECK(!history->last);
    history->base_id = *txn_id;
}

bool
history_reaches(const struct history *history, uint64_t position)
{
    return position <= history->last && position >= history->last - history->n;
}

bool
history_find(const struct history *history, const struct uuid *txn_id, uint64_t *ret_position)
{
    HMAP_FOR_EACH_WITH_HASH (entry, struct history_entry, node, uuid_hash(txn_id), &history->by_id) {
        if (uuid_eq(&entry->delta->txn_id, txn_id)) {
            *ret_position = entry->position;
            return true;
        }
    }
    *ret_position = history->last - history->n;
    return uuid_eq(txn_id, &history->base_id);
}

const struct uuid *
history_last_id(const struct history *history)
{
    return history->n ? &history->ring[history->last % history->size]->delta->txn_id : &history->base_id;
}

struct delta *
history_since(const struct history *history, uint64_t position)
{
    CHECK(history_reaches(history, position));
    size_t n = history->last - position;
    if (!n) {
        return NULL;
    }
    struct delta **deltas = xcalloc(n, sizeof *deltas);
    for (size_t i = 0; i < n; i++) {
        deltas[i] = history->ring[(position + 1 + i) % history->size]->delta;
    }
    struct delta *merged = delta_merge(deltas, n);
    free(deltas);
    return merged;
}
