/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/snapshot.h"

#include <stdlib.h>

#include "lib/base/counter.h"

MEM_TYPE(snapshot, "monitor snapshots");
COUNTER(ovsdb_snapshot_rows);
COUNTER(ovsdb_snapshot_bytes);

/* A row as it was, or was not, at the snapshot's position. */
struct former {
    struct hmap_node node;                                   /* in snapshot.formers, by uuid_hash() */
    const struct table *table;
    struct uuid uuid;
    struct image *image;                                     /* a reference; NULL: the row did not exist */
};

struct snapshot *
snapshot_new(struct database *db, const struct view_vec *views, uint64_t position, const struct uuid *txn_id)
{
    struct snapshot *snapshot = xcalloc(1, sizeof *snapshot);
    snapshot->db = db;
    snapshot->views = views;
    snapshot->position = position;
    snapshot->txn_id = *txn_id;
    snapshot->text = (struct buf) BUF_INIT(BUF_NO_LIMIT);
    hmap_init(&snapshot->formers);
    buf_putc(&snapshot->text, '{');
    mem_add(&mem_snapshot, 1);
    return snapshot;
}

static void
drop_former(struct snapshot *snapshot, struct former *former)
{
    hmap_remove(&snapshot->formers, &former->node);
    image_unref(former->image);
    free(former);
}

/* Drops what only making the snapshot needs. */
static void
drop_scratch(struct snapshot *snapshot)
{
    HMAP_FOR_EACH_SAFE (former, struct former, node, &snapshot->formers) {
        drop_former(snapshot, former);
    }
    hmap_fini(&snapshot->formers);
    for (size_t i = 0; i < snapshot->images.n; i++) {
        image_unref(snapshot->images.d[i]);
    }
    vec_fini(&snapshot->images);
    buf_fini(&snapshot->text);
}

void
snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot) {
        return;
    }
    CHECK(!snapshot->n_waiting);
    drop_scratch(snapshot);
    for (size_t i = 0; i < snapshot->chunks.n; i++) {
        shared_bytes_unref(snapshot->chunks.d[i]);
    }
    vec_fini(&snapshot->chunks);
    free(snapshot);
    mem_add(&mem_snapshot, -1);
}

static struct former *
find_former(const struct snapshot *snapshot, const struct table *table, const struct uuid *uuid)
{
    HMAP_FOR_EACH_WITH_HASH (former, struct former, node, uuid_hash(uuid), &snapshot->formers) {
        if (former->table == table && uuid_eq(&former->uuid, uuid)) {
            return former;
        }
    }
    return NULL;
}

/* Whether what is printed of the row 'uuid' does not depend on the table any more. */
static bool
is_passed(const struct snapshot *snapshot, const struct table *table, const struct uuid *uuid)
{
    size_t at = 0;
    while (at < snapshot->views->n && snapshot->views->d[at]->table != table) {
        at++;
    }
    if (at != snapshot->at) {
        return at < snapshot->at || at == snapshot->views->n;
    }
    return snapshot->stage == SNAPSHOT_PRINT
        || (snapshot->stage == SNAPSHOT_WALK && hmap_cursor_passed(snapshot->cursor, uuid_hash(uuid)));
}

void
snapshot_note(struct snapshot *snapshot, const struct delta *delta)
{
    snapshot->is_stale = true;
    if (snapshot->is_done) {
        return;
    }
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *c = &delta->changes[i];
        const struct table *table = change_table(c);
        const struct uuid *uuid = change_uuid(c);
        if (is_passed(snapshot, table, uuid) || find_former(snapshot, table, uuid)) {
            continue;
        }
        struct former *former = xmalloc(sizeof *former);
        *former = (struct former) {.table = table, .uuid = *uuid, .image = c->old ? image_ref(c->old) : NULL};
        hmap_insert(&snapshot->formers, &former->node, uuid_hash(uuid));
    }
}

static void
print_row(struct snapshot *snapshot, const struct image *image)
{
    const struct view *view = snapshot->views->d[snapshot->at];
    struct buf *text = &snapshot->text;
    if (!snapshot->has_rows) {
        buf_puts(text, snapshot->chunks.n || text->size > 1 ? ",\"" : "\"");
        buf_puts(text, view->table->name);
        buf_puts(text, "\":{");
    }
    buf_puts(text, snapshot->has_rows ? "," : "");
    view_print_initial(view, image, text);
    snapshot->has_rows = true;
    counter_inc(&counter_ovsdb_snapshot_rows);
}

/* Takes the formers of the table for printing. */
static void
take_formers(struct snapshot *snapshot)
{
    const struct view *view = snapshot->views->d[snapshot->at];
    HMAP_FOR_EACH_SAFE (former, struct former, node, &snapshot->formers) {
        if (former->table == view->table) {
            if (former->image && condition_matches_any(&view->condition, former->image)) {
                vec_push(&snapshot->images, image_ref(former->image));
            }
            drop_former(snapshot, former);
        }
    }
    snapshot->stage = SNAPSHOT_PRINT;
}

/* Equality conditions: the rows are looked up, all at once. */
static void
look_up_rows(struct snapshot *snapshot)
{
    const struct view *view = snapshot->views->d[snapshot->at];
    struct row_vec rows = {0};
    view_collect_rows(&snapshot->db->tables[view->table->index], view->condition.clauses, view->condition.n, &rows);
    for (size_t i = 0; i < rows.n; i++) {
        struct image *image = rows.d[i]->image;
        if (hmap_is_empty(&snapshot->formers) || !find_former(snapshot, view->table, &image->uuid)) {
            vec_push(&snapshot->images, image_ref(image));
        }
    }
    vec_fini(&rows);
    take_formers(snapshot);
}

/* Prints the rows of one bucket. */
static void
walk_bucket(struct snapshot *snapshot)
{
    const struct view *view = snapshot->views->d[snapshot->at];
    const struct db_table *table = &snapshot->db->tables[view->table->index];
    for (struct hmap_node *node = hmap_walk(&table->rows, &snapshot->cursor); node; node = node->next) {
        const struct image *image = CONTAINER_OF(node, struct row, node)->image;
        if (image && condition_matches_any(&view->condition, image)
            && (hmap_is_empty(&snapshot->formers) || !find_former(snapshot, view->table, &image->uuid))) {
            print_row(snapshot, image);
        }
    }
    if (!snapshot->cursor) {
        take_formers(snapshot);
    }
}

static void
print_one(struct snapshot *snapshot)
{
    struct image *image = snapshot->images.d[--snapshot->images.n];
    print_row(snapshot, image);
    image_unref(image);
}

static void
end_view(struct snapshot *snapshot)
{
    buf_puts(&snapshot->text, snapshot->has_rows ? "}" : "");
    snapshot->has_rows = false;
    snapshot->stage = SNAPSHOT_BEGIN;
    snapshot->at++;
}

/* Does one small step of the view. */
static void
step(struct snapshot *snapshot)
{
    const struct view *view = snapshot->views->d[snapshot->at];
    switch (snapshot->stage) {
    case SNAPSHOT_BEGIN:
        if (!view->columns.select_initial) {
            end_view(snapshot);
        } else if (view_is_looked_up(view)) {
            look_up_rows(snapshot);
        } else {
            snapshot->stage = SNAPSHOT_WALK;
        }
        break;
    case SNAPSHOT_WALK: walk_bucket(snapshot); break;
    case SNAPSHOT_PRINT: snapshot->images.n ? print_one(snapshot) : end_view(snapshot); break;
    }
}

static void
end_chunk(struct snapshot *snapshot)
{
    struct buf *text = &snapshot->text;
    vec_push(&snapshot->chunks, shared_bytes_new(text->data, text->size));
    snapshot->n_bytes += text->size;
    counter_add(&counter_ovsdb_snapshot_bytes, text->size);
    buf_clear(text);
}

void
snapshot_work(struct snapshot *snapshot)
{
    CHECK(!snapshot->is_done);
    for (int i = 0; i < SNAPSHOT_SLICE_BUCKETS && snapshot->at < snapshot->views->n; i++) {
        step(snapshot);
        if (snapshot->text.size >= SNAPSHOT_SLICE_BYTES) {
            end_chunk(snapshot);
            return;
        }
    }
    if (snapshot->at == snapshot->views->n) {
        buf_putc(&snapshot->text, '}');
        end_chunk(snapshot);
        drop_scratch(snapshot);
        snapshot->is_done = true;
    }
}

/* The last chunk is the last to leave the output of a session. */
bool
snapshot_is_being_sent(const struct snapshot *snapshot)
{
    return snapshot->chunks.n && snapshot->chunks.d[snapshot->chunks.n - 1]->refs > 1;
}
