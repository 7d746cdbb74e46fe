/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/derive/derive_internal.h"

/* What leaves the engine.  Equal contents are one, counted by reference.  A content, or a member of a collection
 * that is output, is in its 'changed' list while what stands differs from what was last reported: those that come
 * and go, or go and come back, drop out of it. */

MEM_TYPE(derive_contents, "derived outputs");

static uint32_t *
changed_at(struct derive *d, enum changed what, uint32_t id)
{
    return what == CHANGED_CONTENTS ? &content_at(d, id)->changed_at : &member_at(d, id)->changed_at;
}

void
changed_set(struct derive *d, enum changed what, uint32_t id, bool is_changed)
{
    struct id_vec *changed = &d->changed[what];
    uint32_t *at = changed_at(d, what, id);

    if (is_changed && !*at) {
        vec_push(changed, id);
        *at = (uint32_t) changed->n;
    } else if (!is_changed && *at) {
        uint32_t last = vec_pop(changed);
        if (last != id) {
            changed->d[*at - 1] = last;
            *changed_at(d, what, last) = *at;
        }
        *at = 0;
    }
}

/* --- Contents --- */

static uint32_t
content_find(const struct derive *d, const struct content *wanted)
{
    ID_TABLE_FOR_EACH (id, content_hash(wanted), &d->content_ids) {
        const struct content *c = content_at(d, id);
        if (c->hash[0] == wanted->hash[0] && c->hash[1] == wanted->hash[1] && c->size == wanted->size
            && c->sink == wanted->sink) {
            return id;
        }
    }
    return 0;
}

static void
content_free_bytes(const struct derive *d, struct content *c)
{
    if (!d->program->sinks[c->sink].forget) {
        free(c->bytes);
    }
    c->bytes = NULL;
}

static void
content_update(struct derive *d, uint32_t id)
{
    struct content *c = content_at(d, id);
    changed_set(d, CHANGED_CONTENTS, id, !c->refs == c->is_reported);
    if (!c->refs && !c->is_reported) {
        content_free_bytes(d, c);
        id_table_remove(&d->content_ids, content_hash(c), id);
        slab_remove(&d->contents, id);
        mem_add(&mem_derive_contents, -1);
    }
}

static void
content_set_bytes(struct derive *d, struct content *c, const void *bytes)
{
    bool forget = d->program->sinks[c->sink].forget;
    c->bytes = forget ? arena_memdup(d->bytes, bytes, c->size) : xmemdup(bytes, c->size);
}

/* Contents are known by their 128-bit hash, also where the bytes are kept: one rule for all sinks. */
void
derive_emit(struct derive *d, uint16_t sink, const void *bytes, size_t n)
{
    struct frame *frame = frame_of(d);
    struct content new = {.sink = sink, .size = (uint32_t) n};
    CHECK(sink < d->program->n_sinks && n <= UINT32_MAX);
    hash128(bytes, n, new.hash);

    uint32_t id = content_find(d, &new);
    if (!id) {
        id = slab_add(&d->contents);
        *content_at(d, id) = new;
        id_table_insert(&d->content_ids, content_hash(&new), id);
        mem_add(&mem_derive_contents, 1);
    }
    struct content *c = content_at(d, id);
    if (!c->bytes && !c->is_reported) {
        content_set_bytes(d, c, bytes);                      /* new, or recalled */
    }
    if (d->fault == DERIVE_FAULT_MISSED_REFERENCE && c->refs) {
        return;
    }
    if (!c->refs++) {
        content_update(d, id);
    }
    vec_push(&frame->effects, id);
}

void
derive_recall(struct derive *d, uint16_t sink)
{
    CHECK(!derive_checked(d)->is_running && sink < d->program->n_sinks);
    for (uint32_t id = 1; id < d->contents.n; id++) {
        struct content *c = content_at(d, id);
        if (c->sink == sink && c->is_reported) {
            c->is_reported = false;
            content_update(d, id);
        }
    }
    if (d->program->sinks[sink].forget) {
        derive_mark_all_dirty(d);
    }
}

void
content_unref(struct derive *d, uint32_t id)
{
    struct content *c = content_at(d, id);
    CHECK(c->refs);
    if (!--c->refs) {
        content_update(d, id);
    }
}

/* Without a change there is none that was not reported, so no bytes are wanted of sinks that forget. */
void
contents_tidy(struct derive *d)
{
    if (!d->changed[CHANGED_CONTENTS].n) {
        arena_reset(d->bytes);
    }
}

/* --- Reporting --- */

static void
report_content(const struct content *c, bool added, const struct derive_outputs *cbs, void *aux)
{
    struct derive_output output = {c->sink, added, c->hash, c->bytes, c->size};
    cbs->output(aux, &output);
}

static void
report_member(const struct derive *d, const struct member *m, const struct derive_outputs *cbs, void *aux)
{
    if (cbs->member) {
        const struct set *set = set_at(d, m->set);
        cbs->member(aux, set->collection, set->key, m->element, m->at);
    }
}

static void
report_added(struct derive *d, const struct derive_outputs *cbs, void *aux)
{
    for (size_t i = 0; i < d->changed[CHANGED_CONTENTS].n; i++) {
        struct content *c = content_at(d, d->changed[CHANGED_CONTENTS].d[i]);
        if (c->refs) {
            CHECK(c->bytes);                                 /* else it was recalled, and no wave followed */
            report_content(c, true, cbs, aux);
            c->is_reported = true;
            if (d->program->sinks[c->sink].forget) {
                c->bytes = NULL;
            }
        }
    }
    for (size_t i = 0; i < d->changed[CHANGED_MEMBERS].n; i++) {
        struct member *m = member_at(d, d->changed[CHANGED_MEMBERS].d[i]);
        if (m->at) {
            report_member(d, m, cbs, aux);
            m->is_reported = true;
        }
    }
}

/* Also empties the 'changed' lists, from the end, so that nothing moves in them. */
static void
report_removed(struct derive *d, const struct derive_outputs *cbs, void *aux)
{
    while (d->changed[CHANGED_CONTENTS].n) {
        uint32_t id = vec_last(&d->changed[CHANGED_CONTENTS]);
        struct content *c = content_at(d, id);
        if (!c->refs) {
            report_content(c, false, cbs, aux);
            c->is_reported = false;
        }
        content_update(d, id);
    }
    while (d->changed[CHANGED_MEMBERS].n) {
        uint32_t id = vec_last(&d->changed[CHANGED_MEMBERS]);
        struct member *m = member_at(d, id);
        if (!m->at) {
            report_member(d, m, cbs, aux);
            m->is_reported = false;
        }
        changed_set(d, CHANGED_MEMBERS, id, false);
        member_release_if_unused(d, id);
    }
}

void
derive_take_outputs(struct derive *d, const struct derive_outputs *cbs, void *aux)
{
    derive_checked(d);
    CHECK(!d->is_running);
    d->is_running = true;                                    /* callbacks may not touch the engine */
    report_added(d, cbs, aux);
    report_removed(d, cbs, aux);
    contents_tidy(d);
    d->is_running = false;
}

void
derive_all_outputs(struct derive *d, const struct derive_outputs *cbs, void *aux)
{
    derive_checked(d);
    CHECK(!d->is_running);
    d->is_running = true;
    for (uint32_t id = 1; id < d->contents.n; id++) {
        if (content_at(d, id)->refs) {
            report_content(content_at(d, id), true, cbs, aux);
        }
    }
    for (uint32_t id = 1; id < d->members.n; id++) {
        const struct member *m = member_at(d, id);
        if (m->set && m->at && d->program->collections[set_at(d, m->set)->collection].is_output) {
            report_member(d, m, cbs, aux);
        }
    }
    d->is_running = false;
}

void
contents_fini(struct derive *d)
{
    for (uint32_t id = 1; id < d->contents.n; id++) {
        struct content *c = content_at(d, id);
        if (c->refs || c->is_reported) {
            content_free_bytes(d, c);
        }
    }
    mem_add(&mem_derive_contents, -(int64_t) d->contents.n_used);
    slab_fini(&d->contents);
    id_table_fini(&d->content_ids);
    vec_fini(&d->changed[CHANGED_CONTENTS]);
    vec_fini(&d->changed[CHANGED_MEMBERS]);
}
