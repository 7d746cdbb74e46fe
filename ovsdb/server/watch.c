/* SPDX-License-Identifier: Apache-2.0 */
/* Views and watches: one object for equal ones, however many clients have them. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/hash.h"
#include "ovsdb/server/monitor_private.h"

MEM_TYPE(view, "monitor views");
MEM_TYPE(watch, "monitor watches");

static uint64_t
spec_hash(const struct view_spec *spec)
{
    const struct view_columns *c = &spec->columns;
    uint64_t words[] = {spec->format, c->initial, c->insert, c->delete_, c->modify};
    return hash_bytes64(words, sizeof words, condition_hash(&spec->condition));
}

struct view *
hub_view_get(struct monitor_hub *hub, struct view_spec *spec)
{
    uint64_t hash = spec_hash(spec);
    HMAP_FOR_EACH_WITH_HASH (view, struct view, node, hash, &hub->views) {
        if (view->table == spec->table && view->format == spec->format
            && view_columns_eq(&view->columns, &spec->columns)
            && !condition_cmp(&view->condition, &spec->condition)) {
            view->refs++;
            condition_fini(&spec->condition);
            return view;
        }
    }
    struct view *view = xmalloc(sizeof *view);
    *view = (struct view) {
        .refs = 1, .table = spec->table, .format = spec->format, .columns = spec->columns,
        .condition = spec->condition, .text = BUF_INIT(BUF_NO_LIMIT)};
    condition_init_true(&spec->condition, spec->table);
    hmap_insert(&hub->views, &view->node, hash);
    view_matcher_add(&hub->matchers[view->table->index], view);
    mem_add(&mem_view, 1);
    return view;
}

void
hub_view_unref(struct monitor_hub *hub, struct view *view)
{
    if (--view->refs) {
        return;
    }
    CHECK(!view->watches.n);
    hmap_remove(&hub->views, &view->node);
    view_matcher_remove(&hub->matchers[view->table->index], view);
    condition_fini(&view->condition);
    vec_fini(&view->watches);
    buf_fini(&view->text);
    free(view);
    mem_add(&mem_view, -1);
}

static uint64_t
views_hash(const struct view_vec *views)
{
    return hash_bytes64(views->d, views->n * sizeof *views->d, views->n);
}

static void
drop_views(struct monitor_hub *hub, struct view_vec *views)
{
    for (size_t i = 0; i < views->n; i++) {
        hub_view_unref(hub, views->d[i]);
    }
    vec_fini(views);
}

struct watch *
hub_watch_get(struct monitor_hub *hub, struct view_vec *views)
{
    uint64_t hash = views_hash(views);
    HMAP_FOR_EACH_WITH_HASH (watch, struct watch, node, hash, &hub->watches) {
        if (watch->views.n == views->n
            && (!views->n || !memcmp(watch->views.d, views->d, views->n * sizeof *views->d))) {
            watch->refs++;
            drop_views(hub, views);
            return watch;
        }
    }
    struct watch *watch = xcalloc(1, sizeof *watch);
    watch->refs = 1;
    watch->views = *views;
    *views = (struct view_vec) {0};
    for (size_t i = 0; i < watch->views.n; i++) {
        vec_push(&watch->views.d[i]->watches, watch);
        watch->tables |= delta_table_bit(watch->views.d[i]->table);
    }
    hmap_insert(&hub->watches, &watch->node, hash);
    mem_add(&mem_watch, 1);
    return watch;
}

static void
detach_view(struct view *view, const struct watch *watch)
{
    for (size_t i = 0; i < view->watches.n; i++) {
        if (view->watches.d[i] == watch) {
            vec_remove_fast(&view->watches, i);
            return;
        }
    }
    CHECK(!"the view knows its watches");
}

void
hub_watch_unref(struct monitor_hub *hub, struct watch *watch)
{
    if (--watch->refs) {
        return;
    }
    CHECK(!watch->monitors.n);
    hmap_remove(&hub->watches, &watch->node);
    for (size_t i = 0; i < watch->views.n; i++) {
        detach_view(watch->views.d[i], watch);
    }
    drop_views(hub, &watch->views);
    vec_fini(&watch->monitors);
    hub_drop_snapshot(hub, watch);
    free(watch);
    mem_add(&mem_watch, -1);
}

struct shared_bytes *
views_join_text(const struct view_vec *views)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < views->n; i++) {
        const struct view *view = views->d[i];
        if (view->text.size) {
            buf_puts(&text, text.size ? ",\"" : "{\"");
            buf_puts(&text, view->table->name);
            buf_puts(&text, "\":{");
            buf_put(&text, view->text.data, view->text.size);
            buf_putc(&text, '}');
        }
    }
    if (!text.size) {
        return NULL;
    }
    buf_putc(&text, '}');
    struct shared_bytes *bytes = shared_bytes_new(text.data, text.size);
    buf_fini(&text);
    return bytes;
}

enum { KEPT_TEXT = 4096 };

void
view_clear_text(struct view *view)
{
    view->is_dirty = false;
    if (view->text.capacity > KEPT_TEXT) {
        buf_fini(&view->text);
    } else {
        buf_clear(&view->text);
    }
}

static int
row_cmp(const void *a_, const void *b_)
{
    struct row *const *a = a_, *const *b = b_;
    return *a < *b ? -1 : *a > *b;
}

static void
make_distinct(struct row_vec *rows)
{
    if (!rows->n) {
        return;
    }
    qsort(rows->d, rows->n, sizeof *rows->d, row_cmp);
    size_t n = 1;
    for (size_t i = 1; i < rows->n; i++) {
        if (rows->d[i] != rows->d[n - 1]) {
            rows->d[n++] = rows->d[i];
        }
    }
    rows->n = n;
}

static bool
all_are_equalities(const struct clause *clauses, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (clauses[i].function != CONDITION_EQ) {
            return false;
        }
    }
    return true;
}

bool
view_is_looked_up(const struct view *view)
{
    return view->condition.n && all_are_equalities(view->condition.clauses, view->condition.n);
}

void
view_collect_rows(struct db_table *table, const struct clause *clauses, size_t n, struct row_vec *ret)
{
    struct condition any = {.table = table->schema, .clauses = (struct clause *) clauses, .n = n};
    if (!n || !all_are_equalities(clauses, n)) {
        DB_TABLE_FOR_EACH (row, table) {
            if (condition_matches_any(&any, row->image)) {
                vec_push(ret, row);
            }
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct condition one = {.table = table->schema, .clauses = (struct clause *) &clauses[i], .n = 1};
        size_t start = ret->n, end = ret->n;
        db_table_candidates(table, &one, ret);
        for (size_t j = start; j < ret->n; j++) {
            if (clause_matches(&clauses[i], ret->d[j]->image)) {
                ret->d[end++] = ret->d[j];
            }
        }
        ret->n = end;
    }
    make_distinct(ret);
}
