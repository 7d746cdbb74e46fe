/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/derive_internal.h"

/* Collections.  Contributions count references at once, but readers see a set as it was last settled: when all
 * contributors have run, collection_settle() compares what is referenced with what is in the set, wakes the
 * readers of what differs and tells kinds, allocators and the output.  An element that one contributor drops and
 * another takes up in the same wave is never seen to move. */

MEM_TYPE(derive_members, "collection members");

static uint32_t
set_find(const struct derive *d, uint16_t collection, uint64_t key)
{
    ID_TABLE_FOR_EACH (id, set_hash(collection, key), &d->set_ids) {
        const struct set *set = set_at(d, id);
        if (set->key == key && set->collection == collection) {
            return id;
        }
    }
    return 0;
}

static uint32_t
set_get(struct derive *d, uint16_t collection, uint64_t key)
{
    uint32_t id = set_find(d, collection, key);
    if (!id) {
        id = slab_add(&d->sets);
        struct set *set = set_at(d, id);
        set->collection = collection;
        set->key = key;
        set->is_used = true;
        id_table_insert(&d->set_ids, set_hash(collection, key), id);
    }
    return id;
}

static uint32_t
member_find(const struct derive *d, uint32_t set, uint64_t element)
{
    ID_TABLE_FOR_EACH (id, member_hash(set, element), &d->member_ids) {
        const struct member *member = member_at(d, id);
        if (member->element == element && member->set == set) {
            return id;
        }
    }
    return 0;
}

static uint32_t
member_get(struct derive *d, uint32_t set, uint64_t element)
{
    uint32_t id = member_find(d, set, element);
    if (!id) {
        id = slab_add(&d->members);
        struct member *member = member_at(d, id);
        member->set = set;
        member->element = element;
        set_at(d, set)->n_members++;
        id_table_insert(&d->member_ids, member_hash(set, element), id);
        mem_add(&mem_derive_members, 1);
    }
    return id;
}

void
set_release_if_unused(struct derive *d, uint32_t id)
{
    struct set *set = set_at(d, id);
    if (!set->n_members && !set->members_head && !set->emptiness_head) {
        CHECK(!set->n);
        if (set->capacity) {
            free(set->many);
        }
        id_table_remove(&d->set_ids, set_hash(set->collection, set->key), id);
        slab_remove(&d->sets, id);
    }
}

void
member_release_if_unused(struct derive *d, uint32_t id)
{
    const struct member *member = member_at(d, id);
    if (!member->refs && !member->at && !member->head && !member->changed_at && !member->is_unsettled) {
        uint32_t set = member->set;
        id_table_remove(&d->member_ids, member_hash(set, member->element), id);
        slab_remove(&d->members, id);
        mem_add(&mem_derive_members, -1);
        set_at(d, set)->n_members--;
        set_release_if_unused(d, set);
    }
}

/* --- Contributing --- */

static void
member_mark_unsettled(struct derive *d, uint32_t id)
{
    struct member *member = member_at(d, id);
    if (!member->is_unsettled) {
        member->is_unsettled = true;
        d->n_unsettled++;
        vec_push(&d->collections[set_at(d, member->set)->collection].unsettled, id);
    }
}

void
derive_member(struct derive *d, uint16_t collection, uint64_t key, uint64_t element)
{
    struct frame *frame = frame_of(d);
    CHECK(collection < d->program->n_collections);
    int rank = d->program->collections[collection].rank;
    CHECK(rank > frame->rank && rank > d->rank);             /* not settled yet in this wave */

    uint32_t id = member_get(d, set_get(d, collection, key), element);
    struct member *member = member_at(d, id);
    if (d->fault == DERIVE_FAULT_MISSED_REFERENCE && member->refs) {
        return;
    }
    if (!member->refs++) {
        member_mark_unsettled(d, id);
    }
    vec_push(&frame->effects, effect_of_member(id));
}

void
member_unref(struct derive *d, uint32_t id)
{
    struct member *member = member_at(d, id);
    CHECK(member->refs);
    if (!--member->refs) {
        member_mark_unsettled(d, id);
    }
}

/* --- Settling --- */

static void
set_add(struct set *set, struct member *member)
{
    if (!set->capacity) {
        if (set->n) {
            uint64_t one = set->one;
            set->capacity = 4;
            set->many = xmalloc(set->capacity * sizeof *set->many);
            set->many[0] = one;
        }
    } else if (set->n == set->capacity) {
        set->capacity *= 2;
        set->many = xrealloc(set->many, set->capacity * sizeof *set->many);
    }
    (set->capacity ? set->many : &set->one)[set->n++] = member->element;
    member->at = set->n;
}

/* The last element takes the place of the one that goes. */
static void
set_remove(struct derive *d, struct set *set, struct member *member)
{
    uint64_t *elements = set->capacity ? set->many : &set->one;
    uint64_t last = elements[--set->n];
    if (member->at != set->n + 1) {
        elements[member->at - 1] = last;
        member_at(d, member_find(d, member->set, last))->at = member->at;
    }
    member->at = 0;
    if (set->capacity > 4 && set->n <= set->capacity / 4) {
        set->capacity /= 2;
        set->many = xrealloc(set->many, set->capacity * sizeof *set->many);
    }
}

static void
set_wake_emptiness(struct derive *d, const struct set *set)
{
    const struct index_vec *kinds = &d->collections[set->collection].kinds;
    uint64_t key = set->key;
    bool has_members = set->n;

    head_wake(d, set->emptiness_head, UINT32_MAX);
    for (size_t i = 0; i < kinds->n; i++) {
        (has_members ? node_subject_came : node_subject_went)(d, kinds->d[i], key);
    }
}

/* Lets a member in or out. */
static void
member_move(struct derive *d, uint32_t id)
{
    struct member *member = member_at(d, id);
    struct set *set = set_at(d, member->set);
    const struct collection *collection = &d->collections[set->collection];
    bool was_empty = !set->n;

    if (member->at) {
        set_remove(d, set, member);
    } else {
        set_add(set, member);
    }
    if (d->program->collections[set->collection].is_output) {
        changed_set(d, CHANGED_MEMBERS, id, !member->at == member->is_reported);
    }
    for (size_t i = 0; i < collection->allocators.n; i++) {
        vec_push(&d->allocators[collection->allocators.d[i]].changes,
                 (struct derive_change) {set->key, member->element, member->at});
    }
    head_wake(d, set->members_head, UINT32_MAX);
    head_wake(d, member->head, UINT32_MAX);
    if (was_empty != !set->n) {
        set_wake_emptiness(d, set);
    }
}

/* What comes goes in before what goes comes out, so that a set that swaps its only element is never empty. */
void
collection_settle(struct derive *d, uint16_t id)
{
    struct id_vec *unsettled = &d->collections[id].unsettled;

    for (size_t i = 0; i < unsettled->n; i++) {
        const struct member *member = member_at(d, unsettled->d[i]);
        if (member->refs && !member->at) {
            member_move(d, unsettled->d[i]);
        }
    }
    for (size_t i = 0; i < unsettled->n; i++) {
        struct member *member = member_at(d, unsettled->d[i]);
        if (!member->refs && member->at) {
            member_move(d, unsettled->d[i]);
        }
        member->is_unsettled = false;
        member_release_if_unused(d, unsettled->d[i]);
    }
    d->n_unsettled -= unsettled->n;
    vec_clear(unsettled);
}

/* --- Reading --- */

/* The set that a derivation wants to read, or 0 if there is none and the fault of the day is to forget it. */
static uint32_t
set_to_read(struct derive *d, uint16_t collection, uint64_t key)
{
    struct frame *frame = frame_of(d);
    CHECK(collection < d->program->n_collections);
    CHECK(d->program->collections[collection].rank < frame->rank);
    return d->fault == DERIVE_FAULT_MISSED_MEMBER ? set_find(d, collection, key) : set_get(d, collection, key);
}

const uint64_t *
derive_members(struct derive *d, uint16_t collection, uint64_t key, size_t *ret_n)
{
    uint32_t id = set_to_read(d, collection, key);
    if (!id) {
        *ret_n = 0;
        return NULL;
    }
    struct set *set = set_at(d, id);
    if (d->fault != DERIVE_FAULT_MISSED_MEMBER) {
        record_read(d, &set->members_head, HEAD_MEMBERS, id);
    }
    *ret_n = set->n;
    return set_elements(set);
}

bool
derive_has_members(struct derive *d, uint16_t collection, uint64_t key)
{
    uint32_t id = set_to_read(d, collection, key);
    if (!id) {
        return false;
    }
    struct set *set = set_at(d, id);
    if (d->fault != DERIVE_FAULT_MISSED_MEMBER) {
        record_read(d, &set->emptiness_head, HEAD_EMPTINESS, id);
    }
    return set->n;
}

bool
derive_is_member(struct derive *d, uint16_t collection, uint64_t key, uint64_t element)
{
    uint32_t set = set_to_read(d, collection, key);
    if (d->fault == DERIVE_FAULT_MISSED_MEMBER) {
        uint32_t found = set ? member_find(d, set, element) : 0;
        return found && member_at(d, found)->at;
    }
    uint32_t id = member_get(d, set, element);
    struct member *member = member_at(d, id);
    record_read(d, &member->head, HEAD_MEMBER, id);
    return member->at;
}

const uint64_t *
derive_peek_members(const struct derive *d_, uint16_t collection, uint64_t key, size_t *ret_n)
{
    const struct derive *d = derive_checked(d_);
    CHECK(!d->frame && collection < d->program->n_collections);
    uint32_t id = set_find(d, collection, key);
    *ret_n = id ? set_at(d, id)->n : 0;
    return id ? set_elements(set_at(d, id)) : NULL;
}

void
sets_fini(struct derive *d)
{
    for (uint32_t id = 1; id < d->sets.n; id++) {
        const struct set *set = set_at(d, id);
        if (set->is_used && set->capacity) {
            free(set->many);
        }
    }
    mem_add(&mem_derive_members, -(int64_t) d->members.n_used);
    slab_fini(&d->sets);
    slab_fini(&d->members);
    id_table_fini(&d->set_ids);
    id_table_fini(&d->member_ids);
}
