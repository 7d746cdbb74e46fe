/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/delta.h"

#include <stdlib.h>

#include "lib/base/hmap.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"

MEM_TYPE(delta, "deltas");

static int
change_cmp(const void *a_, const void *b_)
{
    const struct change *a = a_, *b = b_;
    uint32_t ta = change_table(a)->index, tb = change_table(b)->index;
    return ta != tb ? (ta < tb ? -1 : 1) : uuid_cmp(change_uuid(a), change_uuid(b));
}

struct delta *
delta_new(struct change *changes, size_t n, const char *comment)
{
    struct delta *delta = xmalloc(sizeof *delta + n * sizeof *changes);
    *delta = (struct delta) {.refs = 1, .txn_id = uuid_random(), .n = n, .comment = comment ? xstrdup(comment) : NULL};
    for (size_t i = 0; i < n; i++) {
        CHECK(changes[i].old != changes[i].new);
        delta->changes[i] = changes[i];
        delta->tables |= delta_table_bit(change_table(&changes[i]));
    }
    qsort(delta->changes, n, sizeof *delta->changes, change_cmp);
    mem_add(&mem_delta, 1);
    return delta;
}

size_t
delta_shrink(struct delta *delta, size_t n)
{
    size_t n_freed = delta->refs == 1 ? MIN(n, delta->n) : 0;
    for (size_t i = 0; i < n_freed; i++) {
        const struct change *c = &delta->changes[--delta->n];
        image_unref(c->old);
        image_unref(c->new);
    }
    return n_freed;
}

void
delta_unref(struct delta *delta)
{
    if (!delta || --delta->refs) {
        return;
    }
    delta->refs = 1;
    delta_shrink(delta, delta->n);
    free(delta->comment);
    free(delta);
    mem_add(&mem_delta, -1);
}

/* The net effect on one row so far.  A row that came and went stays, with neither image, so that it can come
 * back. */
struct net_change {
    struct hmap_node node;
    const struct table *table;
    const struct uuid *uuid;                                 /* of some image of the row */
    struct change change;                                    /* borrowed images */
};

static struct net_change *
net_change_get(struct hmap *map, const struct change *c)
{
    uint64_t hash = uuid_hash(change_uuid(c)) + change_table(c)->index;
    HMAP_FOR_EACH_WITH_HASH (net, struct net_change, node, hash, map) {
        if (net->table == change_table(c) && uuid_eq(net->uuid, change_uuid(c))) {
            return net;
        }
    }
    struct net_change *net = xmalloc(sizeof *net);
    *net = (struct net_change) {.table = change_table(c), .uuid = change_uuid(c), .change = {.old = c->old}};
    hmap_insert(map, &net->node, hash);
    return net;
}

struct delta *
delta_merge(struct delta *const *deltas, size_t n)
{
    CHECK(n > 0);
    if (n == 1) {
        return delta_ref(deltas[0]);
    }
    struct hmap map = HMAP_INIT(&map);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < deltas[i]->n; j++) {
            net_change_get(&map, &deltas[i]->changes[j])->change.new = deltas[i]->changes[j].new;
        }
    }
    VEC(struct change) changes = {0};
    HMAP_FOR_EACH_SAFE (net, struct net_change, node, &map) {
        struct change c = net->change;
        if (c.old != c.new && !(c.old && c.new && image_eq(c.old, c.new))) {
            vec_push(&changes, (struct change) {c.old ? image_ref(c.old) : NULL, c.new ? image_ref(c.new) : NULL});
        }
        hmap_remove(&map, &net->node);
        free(net);
    }
    hmap_fini(&map);
    struct delta *merged = delta_new(changes.d, changes.n, NULL);
    merged->txn_id = deltas[n - 1]->txn_id;
    vec_fini(&changes);
    return merged;
}
