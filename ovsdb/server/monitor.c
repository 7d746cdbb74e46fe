/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/monitor.h"

#include <stdlib.h>

#include "lib/base/counter.h"
#include "ovsdb/server/monitor_private.h"
#include "ovsdb/server/parse.h"

MEM_TYPE(monitor, "monitors");
COUNTER(ovsdb_monitor_matched);
COUNTER(ovsdb_monitor_printed);
COUNTER(ovsdb_monitor_sent);
COUNTER(ovsdb_history_hit);
COUNTER(ovsdb_history_miss);

struct monitor_hub *
monitor_hub_new(struct database *db)
{
    struct monitor_hub *hub = xcalloc(1, sizeof *hub);
    hub->db = db;
    hmap_init(&hub->views);
    hmap_init(&hub->watches);
    hub->matchers = xcalloc(db->schema->n_tables, sizeof *hub->matchers);
    for (uint32_t i = 0; i < db->schema->n_tables; i++) {
        view_matcher_init(&hub->matchers[i], &db->schema->tables[i]);
    }
    history_init(&hub->history, HISTORY_DELTAS_MAX);
    print_cache_init(&hub->print_cache);
    return hub;
}

void
monitor_hub_free(struct monitor_hub *hub)
{
    if (!hub) {
        return;
    }
    CHECK(hmap_is_empty(&hub->watches) && hmap_is_empty(&hub->views));
    hmap_fini(&hub->views);
    hmap_fini(&hub->watches);
    for (uint32_t i = 0; i < hub->db->schema->n_tables; i++) {
        view_matcher_fini(&hub->matchers[i]);
    }
    free(hub->matchers);
    history_fini(&hub->history);
    print_cache_fini(&hub->print_cache);
    vec_fini(&hub->candidates);
    vec_fini(&hub->dirty_views);
    vec_fini(&hub->dirty_watches);
    vec_fini(&hub->snapshots);
    free(hub);
}

bool
monitor_hub_free_slice(struct monitor_hub *hub, size_t budget, size_t *n_work)
{
    if (!history_empty_slice(&hub->history, budget, n_work)) {
        return false;
    }
    monitor_hub_free(hub);
    return true;
}

size_t
monitor_hub_n_monitors(const struct monitor_hub *hub)
{
    return hub->n_monitors;
}

size_t
monitor_hub_n_history(const struct monitor_hub *hub)
{
    return hub->history.n;
}

const struct uuid *
monitor_hub_last_txn(const struct monitor_hub *hub)
{
    return history_last_id(&hub->history);
}

void
monitor_hub_name_start(struct monitor_hub *hub, const struct uuid *txn_id)
{
    history_name_start(&hub->history, txn_id);
}

/* Prints the change in every view that it concerns. */
static void
match_change(struct monitor_hub *hub, const struct change *change)
{
    const struct view_matcher *matcher = &hub->matchers[change_table(change)->index];
    vec_clear(&hub->candidates);
    view_matcher_match(matcher, change, ++hub->serial, &hub->candidates);
    if (!hub->candidates.n) {
        return;
    }
    counter_add(&counter_ovsdb_monitor_matched, hub->candidates.n);
    uint64_t changed = change_columns(change);
    print_cache_clear(&hub->print_cache);
    for (size_t i = 0; i < hub->candidates.n; i++) {
        struct view *view = hub->candidates.d[i];
        view_print_change(view, change, changed, view->matches_old, view->matches_new, &hub->print_cache);
        if (view->text.size && !view->is_dirty) {
            view->is_dirty = true;
            vec_push(&hub->dirty_views, view);
        }
    }
    counter_add(&counter_ovsdb_monitor_printed, hub->print_cache.n);
}

static void
emit_watch(struct monitor_hub *hub, struct watch *watch, monitor_emit_cb *emit, void *aux)
{
    struct shared_bytes *updates = NULL;
    for (size_t i = 0; i < watch->monitors.n; i++) {
        struct monitor *monitor = watch->monitors.d[i];
        if (monitor->is_lagging || monitor->is_waiting) {
            continue;
        }
        if (!updates) {
            updates = views_join_text(&watch->views);
        }
        counter_inc(&counter_ovsdb_monitor_sent);
        emit(aux, monitor, updates);
    }
    shared_bytes_unref(updates);
}

void
monitor_hub_commit(struct monitor_hub *hub, struct delta *delta, monitor_emit_cb *emit, void *aux)
{
    size_t max_bytes = HISTORY_BYTES_MIN + HISTORY_BYTES_PER_ROW * database_n_rows(hub->db);
    history_add(&hub->history, delta, max_bytes);
    hub_note_in_snapshots(hub, delta);
    if (!hub->n_monitors) {
        return;
    }
    for (size_t i = 0; i < delta->n; i++) {
        match_change(hub, &delta->changes[i]);
    }
    for (size_t i = 0; i < hub->dirty_views.n; i++) {
        struct view *view = hub->dirty_views.d[i];
        for (size_t j = 0; j < view->watches.n; j++) {
            if (!view->watches.d[j]->is_dirty) {
                view->watches.d[j]->is_dirty = true;
                vec_push(&hub->dirty_watches, view->watches.d[j]);
            }
        }
    }
    for (size_t i = 0; i < hub->dirty_watches.n; i++) {
        hub->dirty_watches.d[i]->is_dirty = false;
        emit_watch(hub, hub->dirty_watches.d[i], emit, aux);
    }
    for (size_t i = 0; i < hub->dirty_views.n; i++) {
        view_clear_text(hub->dirty_views.d[i]);
    }
    vec_clear(&hub->dirty_views);
    vec_clear(&hub->dirty_watches);
}

static void
watch_add_monitor(struct watch *watch, struct monitor *monitor)
{
    monitor->watch = watch;
    vec_push(&watch->monitors, monitor);
}

static void
watch_remove_monitor(struct watch *watch, const struct monitor *monitor)
{
    for (size_t i = 0; i < watch->monitors.n; i++) {
        if (watch->monitors.d[i] == monitor) {
            vec_remove_fast(&watch->monitors, i);
            return;
        }
    }
    CHECK(!"the watch knows its monitors");
}

struct err *
monitor_new(struct monitor_hub *hub, enum monitor_version version, const json_t *requests, const json_t *id,
            void *owner, struct monitor **ret)
{
    struct view_spec_vec specs = {0};
    struct err *e = monitor_requests_parse(hub->db->schema, version, requests, &specs);
    if (e) {
        return e;
    }
    struct view_vec views = {0};
    for (size_t i = 0; i < specs.n; i++) {
        vec_push(&views, hub_view_get(hub, &specs.d[i]));
    }
    view_specs_fini(&specs);
    struct monitor *monitor = xcalloc(1, sizeof *monitor);
    monitor->hub = hub;
    monitor->version = version;
    monitor->owner = owner;
    monitor_set_id(monitor, id);
    watch_add_monitor(hub_watch_get(hub, &views), monitor);
    hub->n_monitors++;
    mem_add(&mem_monitor, 1);
    *ret = monitor;
    return NULL;
}

static void
leave_watch(struct monitor *monitor)
{
    struct watch *watch = monitor->watch;
    watch_remove_monitor(watch, monitor);
    monitor_stop_waiting(monitor);
    hub_watch_unref(monitor->hub, watch);
}

void
monitor_free(struct monitor *monitor)
{
    if (!monitor) {
        return;
    }
    leave_watch(monitor);
    monitor->hub->n_monitors--;
    free(monitor->id_text);
    free(monitor);
    mem_add(&mem_monitor, -1);
}

void
monitor_set_id(struct monitor *monitor, const json_t *id)
{
    free(monitor->id_text);
    monitor->id_text = json_text(id);
}

void *
monitor_owner(const struct monitor *monitor)
{
    return monitor->owner;
}

enum monitor_version
monitor_version(const struct monitor *monitor)
{
    return monitor->version;
}

const char *
monitor_id_text(const struct monitor *monitor)
{
    return monitor->id_text;
}

struct monitor_hub *
monitor_get_hub(const struct monitor *monitor)
{
    return monitor->hub;
}

/* What 'delta' means to 'watch'; NULL if nothing. */
static struct shared_bytes *
render(const struct watch *watch, const struct delta *delta)
{
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *c = &delta->changes[i];
        for (size_t j = 0; j < watch->views.n; j++) {
            struct view *view = watch->views.d[j];
            if (view->table == change_table(c)) {
                view_print_change(view, c, change_columns(c), c->old && condition_matches_any(&view->condition, c->old),
                                  c->new && condition_matches_any(&view->condition, c->new), NULL);
            }
        }
    }
    struct shared_bytes *text = views_join_text(&watch->views);
    for (size_t j = 0; j < watch->views.n; j++) {
        view_clear_text(watch->views.d[j]);
    }
    return text;
}

static struct shared_bytes *
render_since(const struct monitor *monitor, uint64_t position)
{
    struct delta *delta = history_since(&monitor->hub->history, position);
    struct shared_bytes *text = delta ? render(monitor->watch, delta) : NULL;
    delta_unref(delta);
    return text;
}

struct shared_bytes *
monitor_since(struct monitor *monitor, const struct uuid *last_txn)
{
    uint64_t position;
    bool found = history_find(&monitor->hub->history, last_txn, &position);
    counter_inc(found ? &counter_ovsdb_history_hit : &counter_ovsdb_history_miss);
    if (!found) {
        return NULL;
    }
    struct shared_bytes *text = render_since(monitor, position);
    return text ? text : shared_bytes_new("{}", 2);
}

void
monitor_set_lagging(struct monitor *monitor)
{
    CHECK(!monitor->is_lagging && monitor->hub->history.last > 0);
    monitor->is_lagging = true;
    monitor->seen = monitor->hub->history.last - 1;
}

bool
monitor_is_lagging(const struct monitor *monitor)
{
    return monitor->is_lagging;
}

bool
monitor_can_catch_up(const struct monitor *monitor)
{
    return history_reaches(&monitor->hub->history, monitor->seen);
}

struct shared_bytes *
monitor_catch_up(struct monitor *monitor)
{
    CHECK(monitor->is_lagging);
    monitor->is_lagging = false;
    return render_since(monitor, monitor->seen);
}

/* Prints the rows that satisfy one of 'clauses' (none: all rows) but not 'other', as coming or going. */
static void
print_moved(struct monitor_hub *hub, struct view *view, const struct clause *clauses, size_t n,
            const struct condition *other, bool is_coming)
{
    struct row_vec rows = {0};
    view_collect_rows(&hub->db->tables[view->table->index], clauses, n, &rows);
    for (size_t i = 0; i < rows.n; i++) {
        struct image *image = rows.d[i]->image;
        if (!condition_matches_any(other, image)) {
            struct change change = {is_coming ? NULL : image, is_coming ? image : NULL};
            view_print_change(view, &change, UINT64_MAX, !is_coming, is_coming, NULL);
        }
    }
    vec_fini(&rows);
}

/* The clauses of 'a' that 'b' has not.  Both are sorted. */
static struct clause *
clauses_minus(const struct condition *a, const struct condition *b, size_t *ret_n)
{
    struct clause *left = xcalloc(a->n + 1, sizeof *left);
    size_t n = 0, j = 0;
    for (size_t i = 0; i < a->n; i++) {
        while (j < b->n && clause_cmp(&b->clauses[j], &a->clauses[i]) < 0) {
            j++;
        }
        if (j == b->n || clause_cmp(&b->clauses[j], &a->clauses[i])) {
            left[n++] = a->clauses[i];                       /* shallow: for reading only */
        }
    }
    *ret_n = n;
    return left;
}

/* A row that moves satisfies a clause that was added or removed, so only those are looked up. */
static void
print_condition_change(struct monitor_hub *hub, struct view *view, const struct condition *old,
                       const struct condition *new)
{
    if (!condition_cmp(old, new)) {
        return;
    }
    for (int is_coming = 0; is_coming < 2; is_coming++) {
        const struct condition *gains = is_coming ? new : old, *other = is_coming ? old : new;
        if (!other->n) {
            continue;                                        /* everything satisfies 'other' */
        }
        size_t n;
        struct clause *clauses = clauses_minus(gains, other, &n);
        if (n || !gains->n) {
            print_moved(hub, view, clauses, n, other, is_coming);
        }
        free(clauses);
    }
}

static size_t
find_view(const struct watch *watch, const struct table *table)
{
    size_t i = 0;
    while (i < watch->views.n && watch->views.d[i]->table != table) {
        i++;
    }
    return i;
}

static struct err *
check_tables(const struct monitor *monitor, const struct view_spec_vec *specs)
{
    for (size_t i = 0; i < specs->n; i++) {
        if (find_view(monitor->watch, specs->d[i].table) == monitor->watch->views.n) {
            return err_tagged("syntax error", "no table named %s in monitor session", specs->d[i].table->name);
        }
    }
    return NULL;
}

struct err *
monitor_change(struct monitor *monitor, const json_t *requests, struct shared_bytes **ret_updates)
{
    CHECK(!monitor->is_lagging);
    struct monitor_hub *hub = monitor->hub;
    struct view_spec_vec specs = {0};
    struct err *e = monitor->version == MONITOR_V1
        ? err_tagged("syntax error", "the conditions of a plain monitor cannot be changed")
        : monitor_updates_parse(hub->db->schema, requests, &specs);
    if (!e) {
        e = check_tables(monitor, &specs);
    }
    if (e) {
        view_specs_fini(&specs);
        return e;
    }
    struct view_vec views = {0};
    for (size_t i = 0; i < monitor->watch->views.n; i++) {
        vec_push(&views, monitor->watch->views.d[i]);
        views.d[i]->refs++;
    }
    for (size_t i = 0; i < specs.n; i++) {
        size_t at = find_view(monitor->watch, specs.d[i].table);
        struct view *old = views.d[at];
        specs.d[i].columns = old->columns;
        views.d[at] = hub_view_get(hub, &specs.d[i]);
        print_condition_change(hub, views.d[at], &old->condition, &views.d[at]->condition);
        hub_view_unref(hub, old);
    }
    view_specs_fini(&specs);
    *ret_updates = views_join_text(&views);
    for (size_t i = 0; i < views.n; i++) {
        view_clear_text(views.d[i]);
    }
    leave_watch(monitor);
    watch_add_monitor(hub_watch_get(hub, &views), monitor);
    return NULL;
}
