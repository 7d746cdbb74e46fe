/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <inttypes.h>

#include "lib/derive/derive_internal.h"

struct derive_stats
derive_kind_stats(const struct derive *d, uint16_t kind)
{
    CHECK(kind < derive_checked(d)->program->n_kinds);
    return d->kinds[kind].stats;
}

struct derive_stats
derive_total_stats(const struct derive *d)
{
    struct derive_stats total = {0};
    for (uint16_t i = 0; i < derive_checked(d)->program->n_kinds; i++) {
        total.n_nodes += d->kinds[i].stats.n_nodes;
        total.n_runs += d->kinds[i].stats.n_runs;
        total.n_cutoffs += d->kinds[i].stats.n_cutoffs;
    }
    return total;
}

void
derive_clear_stats(struct derive *d)
{
    for (uint16_t i = 0; i < derive_checked(d)->program->n_kinds; i++) {
        d->kinds[i].stats.n_runs = d->kinds[i].stats.n_cutoffs = 0;
    }
}

static void
put_line(struct buf *out, const char *name, const struct derive_stats *s)
{
    buf_printf(out, "%-32s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", name, s->n_nodes, s->n_runs, s->n_cutoffs);
}

void
derive_put_stats(const struct derive *d, struct buf *out)
{
    struct derive_stats total = derive_total_stats(d);

    buf_printf(out, "%-32s %10s %10s %10s\n", "derivation", "nodes", "runs", "cut-offs");
    for (uint16_t i = 0; i < d->program->n_kinds; i++) {
        put_line(out, d->program->kinds[i].name, &d->kinds[i].stats);
    }
    put_line(out, "total", &total);
}

/* --- Memory --- */

#define VEC_MEMORY(V) ((V)->capacity * sizeof *(V)->d)

static size_t
nodes_memory(const struct derive *d)
{
    size_t size = slab_memory(&d->nodes) + id_table_memory(&d->node_ids);
    for (uint32_t id = 1; id < d->nodes.n; id++) {
        const struct node *node = node_at(d, id);
        if (node->flags & NODE_USED) {
            size += node->n_reads * sizeof(struct read) + node->n_effects * sizeof(uint32_t);
            size += node->value_size > NODE_INLINE_VALUE ? node->value_size : 0;
        }
    }
    for (uint16_t i = 0; i < d->program->n_kinds; i++) {
        size += VEC_MEMORY(&d->kinds[i].by_row);
    }
    return size;
}

static size_t
heads_memory(const struct derive *d)
{
    size_t size = slab_memory(&d->heads) + id_table_memory(&d->key_ids);
    for (uint32_t id = 1; id < d->heads.n; id++) {
        const struct head *head = head_at(d, id);
        size += head->type != HEAD_FREE && head->capacity_log2 ? sizeof(struct edge) << head->capacity_log2 : 0;
    }
    for (uint16_t i = 0; i < d->program->n_tables; i++) {
        size += VEC_MEMORY(&d->tables[i].rows);
    }
    return size;
}

static size_t
effects_memory(const struct derive *d)
{
    size_t size = slab_memory(&d->contents) + id_table_memory(&d->content_ids) + slab_memory(&d->sets)
                  + id_table_memory(&d->set_ids) + slab_memory(&d->members) + id_table_memory(&d->member_ids);
    for (uint32_t id = 1; id < d->contents.n; id++) {
        const struct content *c = content_at(d, id);
        size += (c->refs || c->is_reported) && c->bytes ? c->size : 0;
    }
    for (uint32_t id = 1; id < d->sets.n; id++) {
        const struct set *set = set_at(d, id);
        size += set->is_used ? set->capacity * sizeof *set->many : 0;
    }
    return size + VEC_MEMORY(&d->changed[CHANGED_CONTENTS]) + VEC_MEMORY(&d->changed[CHANGED_MEMBERS]);
}

static size_t
wave_memory(const struct derive *d)
{
    size_t size = VEC_MEMORY(&d->unread) + VEC_MEMORY(&d->dead) + VEC_MEMORY(&d->leaving);
    for (int i = 0; i < d->n_ranks; i++) {
        size += VEC_MEMORY(&d->ranks[i].dirty);
    }
    for (uint16_t i = 0; i < d->program->n_collections; i++) {
        size += VEC_MEMORY(&d->collections[i].unsettled);
    }
    for (size_t i = 0; i < d->frames.n; i++) {
        const struct frame *f = d->frames.d[i];
        size += sizeof *f + VEC_MEMORY(&f->reads) + VEC_MEMORY(&f->effects) + f->value_capacity
                + f->index_capacity * sizeof *f->index;
    }
    return size;
}

size_t
derive_memory(const struct derive *d)
{
    return sizeof *derive_checked(d) + nodes_memory(d) + heads_memory(d) + effects_memory(d) + wave_memory(d);
}
