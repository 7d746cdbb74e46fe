/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/intern.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/vec.h"

MEM_TYPE(intern, "interned strings");

struct entry {
    struct hmap_node node;
    uint32_t id;
    uint32_t refs;
    uint32_t length;
    char text[];
};

struct intern {
    struct hmap by_text;
    VEC(struct entry *) entries;                             /* by id; NULL where free */
    VEC(uint32_t) free_ids;
};

struct intern *
intern_new(void)
{
    struct intern *table = xcalloc(1, sizeof *table);
    hmap_init(&table->by_text);
    vec_push(&table->entries, NULL);
    return table;
}

static void
entry_free(struct intern *table, struct entry *entry)
{
    hmap_remove(&table->by_text, &entry->node);
    table->entries.d[entry->id] = NULL;
    free(entry);
    mem_add(&mem_intern, -1);
}

void
intern_free(struct intern *table)
{
    if (!table) {
        return;
    }
    for (size_t i = 1; i < table->entries.n; i++) {
        if (table->entries.d[i]) {
            entry_free(table, table->entries.d[i]);
        }
    }
    hmap_fini(&table->by_text);
    vec_fini(&table->entries);
    vec_fini(&table->free_ids);
    free(table);
}

static struct entry *
entry_find(const struct intern *table, struct str s, uint64_t hash)
{
    HMAP_FOR_EACH_WITH_HASH (entry, struct entry, node, hash, &table->by_text) {
        if (str_eq(str_n(entry->text, entry->length), s)) {
            return entry;
        }
    }
    return NULL;
}

uint32_t
intern_ref(struct intern *table, struct str s)
{
    uint64_t hash = hash_bytes64(s.s, s.n, 0);
    struct entry *entry = entry_find(table, s, hash);
    if (entry) {
        entry->refs++;
        return entry->id;
    }
    CHECK(s.n < UINT32_MAX);
    entry = xmalloc(sizeof *entry + s.n + 1);
    entry->refs = 1;
    entry->length = (uint32_t) s.n;
    if (s.n) {
        memcpy(entry->text, s.s, s.n);
    }
    entry->text[s.n] = '\0';
    if (table->free_ids.n) {
        entry->id = vec_pop(&table->free_ids);
        table->entries.d[entry->id] = entry;
    } else {
        entry->id = (uint32_t) table->entries.n;
        vec_push(&table->entries, entry);
    }
    hmap_insert(&table->by_text, &entry->node, hash);
    mem_add(&mem_intern, 1);
    return entry->id;
}

uint32_t
intern_find(const struct intern *table, struct str s)
{
    struct entry *entry = entry_find(table, s, hash_bytes64(s.s, s.n, 0));
    return entry ? entry->id : 0;
}

static struct entry *
entry_get(const struct intern *table, uint32_t id)
{
    CHECK(id && id < table->entries.n && table->entries.d[id]);
    return table->entries.d[id];
}

void
intern_keep(struct intern *table, uint32_t id)
{
    entry_get(table, id)->refs++;
}

void
intern_unref(struct intern *table, uint32_t id)
{
    struct entry *entry = entry_get(table, id);
    if (!--entry->refs) {
        vec_push(&table->free_ids, id);
        entry_free(table, entry);
    }
}

struct str
intern_str(const struct intern *table, uint32_t id)
{
    const struct entry *entry = entry_get(table, id);
    return str_n(entry->text, entry->length);
}

size_t
intern_count(const struct intern *table)
{
    return hmap_count(&table->by_text);
}
