/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_MONITOR_PRIVATE_H
#define WEFT_OVSDB_SERVER_MONITOR_PRIVATE_H

/* What: what monitor.c (clients, commits), monitor_initial.c and snapshot.c (what new ones get first), watch.c (views and watches)
 * and monitor_parse.c share. */

#include "lib/net/stream.h"
#include "ovsdb/server/database.h"
#include "ovsdb/server/history.h"
#include "ovsdb/server/monitor.h"
#include "ovsdb/server/view_match.h"

struct snapshot;

/* A set of views, one per table, in the order of the schema's tables. */
struct watch {
    struct hmap_node node;                                   /* in the hub's watches */
    size_t refs;
    struct view_vec views;                                   /* a reference to each */
    uint64_t tables;                                         /* delta_table_bit() of each */
    VEC(struct monitor *) monitors;                          /* that use it */
    struct snapshot *snapshot;                               /* owned: the contents, for new monitors; or NULL */
    bool is_dirty;                                           /* in the list of the commit being emitted */
};

struct monitor_hub {
    struct database *db;                                     /* borrowed */
    struct hmap views, watches;
    struct view_matcher *matchers;                           /* one per table */
    struct history history;
    size_t n_monitors;
    VEC(struct watch *) snapshots;                           /* watches that have one, oldest first */
    uint64_t serial;                                         /* of changes, for view_matcher_match() */
    struct print_cache print_cache;
    struct view_vec candidates, dirty_views;                 /* scratch of monitor_hub_commit() */
    VEC(struct watch *) dirty_watches;
};

struct monitor {
    struct monitor_hub *hub;
    enum monitor_version version;
    struct watch *watch;                                     /* a reference */
    void *owner;
    char *id_text;                                           /* owned: its <json-value> */
    bool is_waiting;                                         /* for the watch's snapshot: no updates meanwhile */
    bool is_lagging;
    uint64_t seen;                                           /* history position, when lagging */
};

/* Parsing.  The views of a request, not yet known to a hub. */
struct view_spec {
    const struct table *table;
    enum view_format format;
    struct view_columns columns;
    struct condition condition;                              /* owned; normalised */
};
VEC_DEFINE(view_spec_vec, struct view_spec);
struct err *monitor_requests_parse(const struct schema *schema, enum monitor_version version, const json_t *requests,
                                   struct view_spec_vec *ret) MUST_USE;
/* Conditions alone, for monitor_cond_change; 'columns' of the result are not set. */
struct err *monitor_updates_parse(const struct schema *schema, const json_t *requests,
                                  struct view_spec_vec *ret) MUST_USE;
void view_specs_fini(struct view_spec_vec *specs);

/* Views and watches. */
struct view *hub_view_get(struct monitor_hub *hub, struct view_spec *spec /* its condition is taken */) MUST_USE;
void hub_view_unref(struct monitor_hub *hub, struct view *view);
/* The watch of 'views', whose references are taken and which is left empty. */
struct watch *hub_watch_get(struct monitor_hub *hub, struct view_vec *views) MUST_USE;
void hub_watch_unref(struct monitor_hub *hub, struct watch *watch);
/* Joins the texts of the views that have one.  NULL if none has. */
struct shared_bytes *views_join_text(const struct view_vec *views) MUST_USE;
void view_clear_text(struct view *view);

/* Whether its condition consists of equalities, so that rows need not be scanned. */
bool view_is_looked_up(const struct view *view);

/* Snapshots (monitor_initial.c). */
void hub_drop_snapshot(struct monitor_hub *hub, struct watch *watch);    /* frees it, if there is one */
/* Tells those being made of 'delta', and drops those that are made but no longer true. */
void hub_note_in_snapshots(struct monitor_hub *hub, const struct delta *delta);
void monitor_stop_waiting(struct monitor *monitor);          /* nothing happens if it does not wait */

/* Rows of 'table' that satisfy any of the 'n' clauses (n = 0: all rows), each once. */
void view_collect_rows(struct db_table *table, const struct clause *clauses, size_t n, struct row_vec *ret);

#endif
