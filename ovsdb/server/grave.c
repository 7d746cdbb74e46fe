/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/grave.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/server/monitor.h"
#include "ovsdb/server/txn.h"

void
grave_add(struct grave *grave, struct monitor_hub *hub, struct database *db)
{
    vec_push(&grave->entries, (struct grave_entry) {.hub = hub, .db = db});
}

/* Frees the rows in the next bucket.  Returns whether there was one. */
static bool
free_bucket(struct grave_entry *entry, size_t *n_work)
{
    struct db_table *table;
    struct hmap_node *bucket = database_walk_next(entry->db, &entry->walk, &table);
    ++*n_work;
    for (struct hmap_node *next; bucket; bucket = next) {
        struct row *row = CONTAINER_OF(bucket, struct row, node);
        next = bucket->next;
        if (row->image) {
            *n_work += image_n_elements(row->image);
            image_unref(row->image);
            row->image = NULL;
        }
        db_table_drop_row__(table, row);
    }
    return table;
}

/* Returns whether all of it is freed.  Images of the history point to the schema, which the database owns. */
static bool
free_slice(struct grave_entry *entry, size_t budget, size_t *n_work)
{
    if (entry->hub) {
        if (!monitor_hub_free_slice(entry->hub, budget, n_work)) {
            return false;
        }
        entry->hub = NULL;
    }
    if (entry->db->txn && !txn_discard_slice(entry->db->txn, budget, n_work)) {
        return false;
    }
    while (*n_work < budget) {
        if (!free_bucket(entry, n_work)) {
            database_free(entry->db);
            return true;
        }
    }
    return false;
}

size_t
grave_empty_slice(struct grave *grave, size_t budget)
{
    size_t n_work = 0;
    while (grave->entries.n && n_work < budget) {
        if (free_slice(&vec_last(&grave->entries), budget, &n_work)) {
            grave->entries.n--;
        }
        mem_join_freed();
    }
    return n_work;
}

void
grave_fini(struct grave *grave)
{
    grave_empty_slice(grave, SIZE_MAX);
    CHECK(grave_is_empty(grave));
    vec_fini(&grave->entries);
}

void
database_discard(struct database *db)
{
    struct grave grave = {0};
    grave_add(&grave, NULL, db);
    grave_fini(&grave);
}
