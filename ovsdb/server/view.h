/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_VIEW_H
#define WEFT_OVSDB_SERVER_VIEW_H

/* What: views and how their rows are printed; see monitor.h.
 *
 * Owns: a view owns its condition.  'text' and the match fields are scratch of the commit being emitted. */

#include "lib/base/hmap.h"
#include "lib/base/vec.h"
#include "ovsdb/server/condition.h"
#include "ovsdb/server/delta.h"

enum view_format { VIEW_V1, VIEW_V2 };

/* Which columns are told, by kind of change. */
struct view_columns {
    uint64_t initial, insert, delete_, modify;
    bool select_initial, select_insert, select_delete, select_modify;
};

struct watch;

struct view {
    struct hmap_node node;                                   /* in the hub's views */
    size_t refs;
    const struct table *table;
    enum view_format format;
    struct view_columns columns;
    struct condition condition;                              /* normalised; no clauses: all rows */
    VEC(struct watch *) watches;                             /* that contain it */
    uint64_t matched_at;                                     /* serial of the last change that touched it ... */
    bool matches_old, matches_new;                           /* ... and whether its images satisfy the condition */
    bool is_dirty;                                           /* 'text' has something */
    struct buf text;                                         /* "UUID":{...},"UUID":{...} */
};

bool view_columns_eq(const struct view_columns *a, const struct view_columns *b);

/* Remembers what was printed for one change, because views with the same columns print the same. */
struct print_cache {
    struct print_cache_entry {
        enum view_format format;
        bool old_matches, new_matches;
        struct view_columns columns;
        size_t start, size;                                  /* in 'text' */
    } entries[8];
    size_t n;
    struct buf text;
};
void print_cache_init(struct print_cache *cache);
void print_cache_clear(struct print_cache *cache);
void print_cache_fini(struct print_cache *cache);

/* Appends to the view's text what 'change' means to it, given whether its images satisfy the condition.  Appends
 * nothing if the view does not care.  'changed' is the set of columns that differ.  'cache' may be NULL. */
void view_print_change(struct view *view, const struct change *change, uint64_t changed, bool old_matches,
                       bool new_matches, struct print_cache *cache);
/* Appends '"UUID":{"initial":...}' (or "new"). */
void view_print_initial(const struct view *view, const struct image *image, struct buf *buf);
/* The set of columns that differ between the images of 'change', "_version" included. */
uint64_t change_columns(const struct change *change);

#endif
