/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/derive_internal.h"

/* Walks everything and compares what is kept twice.  Slow: for tests and "debug/check". */

/* Counts of what was met on the walk, to be compared with what is stored. */
struct census {
    uint32_t *head_edges;                                    /* by head: reads that name it */
    uint32_t *content_refs;                                  /* by content: effects that name it */
    uint32_t *member_refs;
    size_t n_dirty;
};

static void
check_reads(const struct derive *d, uint32_t id, struct census *census)
{
    const struct node *node = node_at(d, id);
    for (uint32_t i = 0; i < node->n_reads; i++) {
        struct read read = node_reads(node)[i];
        struct head *head = head_at(d, read.head);
        CHECK(head->type != HEAD_FREE && read.at < head->n);
        CHECK(head_edges(head)[read.at].reader == id);
        census->head_edges[read.head]++;
        if (head->type == HEAD_VALUE) {
            CHECK(kind_of(d, node_at(d, (uint32_t) head->owner))->rank < kind_of(d, node)->rank);
        }
    }
}

static void
check_nodes(const struct derive *d, struct census *census)
{
    size_t n_used = 0;
    for (uint32_t id = 1; id < d->nodes.n; id++) {
        const struct node *node = node_at(d, id);
        if (!(node->flags & NODE_USED)) {
            continue;
        }
        n_used++;
        CHECK(node_find(d, node->kind, node->key) == id);
        CHECK(!node->head || (head_at(d, node->head)->type == HEAD_VALUE && head_at(d, node->head)->owner == id));
        census->n_dirty += !!(node->flags & NODE_DIRTY);
        if (!(node->flags & NODE_LIVE)) {
            CHECK(!node->n_reads && !node->n_effects && !node->value_size && !(node->flags & NODE_DIRTY));
            CHECK(node->head || node->flags & NODE_UNREAD);
        }
        check_reads(d, id, census);
        for (uint32_t i = 0; i < node->n_effects; i++) {
            uint32_t effect = node_effects(node)[i];
            (effect_is_member(effect) ? census->member_refs : census->content_refs)[effect_id(effect)]++;
        }
    }
    CHECK(n_used + d->dead.n == d->nodes.n_used);
    CHECK(census->n_dirty == d->n_dirty);
}

/* The place from which the owner of a head finds it. */
static uint32_t
head_of_owner(const struct derive *d, const struct head *head)
{
    uint32_t owner = (uint32_t) head->owner;
    switch ((enum head_type) head->type) {
    case HEAD_ROW: return d->tables[head->what].rows.d[owner] & ROW_HEAD;
    case HEAD_KEY: return key_find(d, head->what, head->owner);
    case HEAD_VALUE: return node_at(d, owner)->head;
    case HEAD_MEMBERS: return set_at(d, owner)->members_head;
    case HEAD_EMPTINESS: return set_at(d, owner)->emptiness_head;
    case HEAD_MEMBER: return member_at(d, owner)->head;
    case HEAD_FREE: break;
    }
    return 0;
}

static void
check_heads(const struct derive *d, const struct census *census)
{
    size_t n_used = 0, n_keys = 0;
    for (uint32_t id = 1; id < d->heads.n; id++) {
        const struct head *head = head_at(d, id);
        if (head->type != HEAD_FREE) {
            n_used++;
            n_keys += head->type == HEAD_KEY;
            CHECK(head->n && head->n <= 1u << head->capacity_log2);
            CHECK(head->n == census->head_edges[id]);        /* so each edge has its read, and no other */
            CHECK(head_of_owner(d, head) == id);
        }
    }
    CHECK(n_used == d->heads.n_used && n_keys == d->key_ids.n);
}

static void
check_contents(const struct derive *d, const struct census *census)
{
    size_t n_used = 0;
    for (uint32_t id = 1; id < d->contents.n; id++) {
        const struct content *c = content_at(d, id);
        CHECK(c->refs == census->content_refs[id]);
        if (c->refs || c->is_reported) {
            n_used++;
            bool is_changed = !c->refs == c->is_reported;
            CHECK(is_changed == !!c->changed_at);
            CHECK(!is_changed || d->changed[CHANGED_CONTENTS].d[c->changed_at - 1] == id);
            bool was_recalled = d->n_dirty && !c->is_reported;
            CHECK(c->bytes || (d->program->sinks[c->sink].forget && (c->is_reported || was_recalled)));
        }
    }
    CHECK(n_used == d->contents.n_used && n_used == d->content_ids.n);
}

static void
check_members(const struct derive *d, const struct census *census)
{
    size_t n_used = 0, n_unsettled = 0, n_in = 0, n_elements = 0;
    for (uint32_t id = 1; id < d->members.n; id++) {
        const struct member *m = member_at(d, id);
        if (!m->set) {
            continue;
        }
        const struct set *set = set_at(d, m->set);
        n_used++;
        n_unsettled += m->is_unsettled;
        n_in += !!m->at;
        CHECK(set->is_used && m->refs == census->member_refs[id]);
        CHECK(m->is_unsettled || !m->refs == !m->at);
        CHECK(!m->at || set_elements(set)[m->at - 1] == m->element);
        CHECK(m->refs || m->at || m->head || m->changed_at || m->is_unsettled);
        CHECK(!m->changed_at || d->changed[CHANGED_MEMBERS].d[m->changed_at - 1] == id);
    }
    for (uint32_t id = 1; id < d->sets.n; id++) {
        const struct set *set = set_at(d, id);
        n_elements += set->is_used ? set->n : 0;
        CHECK(!set->is_used || set->n_members || set->members_head || set->emptiness_head);
    }
    CHECK(n_used == d->members.n_used && n_used == d->member_ids.n);
    CHECK(n_unsettled == d->n_unsettled && n_in == n_elements && d->sets.n_used == d->set_ids.n);
}

void
derive_check_invariants(const struct derive *d)
{
    CHECK(!derive_checked(d)->is_running && !d->depth && d->rank == NOT_IN_WAVE);
    struct census census = {
        .head_edges = xcalloc(d->heads.n, sizeof(uint32_t)),
        .content_refs = xcalloc(d->contents.n, sizeof(uint32_t)),
        .member_refs = xcalloc(d->members.n, sizeof(uint32_t)),
    };
    check_nodes(d, &census);
    check_heads(d, &census);
    check_contents(d, &census);
    check_members(d, &census);
    free(census.head_edges);
    free(census.content_refs);
    free(census.member_refs);
}
