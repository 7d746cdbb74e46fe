/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_VIEW_MATCH_H
#define WEFT_OVSDB_SERVER_VIEW_MATCH_H

/* What: finds the views of one table that a changed row concerns.
 *
 * Why: with hundreds of clients, each watching its own datapaths, trying every condition on every row is what
 * makes servers slow.  A clause 'column == value', or 'column includes value' with one element, is an entry in a
 * hash table keyed by column and value: the row's values find the clauses that hold.  Views without conditions are
 * in a list; views with other clauses too are in another, and are tried one by one.
 *
 * Owns: the entries; views are borrowed. */

#include "ovsdb/server/view.h"

VEC_DEFINE(view_vec, struct view *);

struct view_matcher {
    struct view_vec always;                                  /* views of all rows */
    struct view_vec tried;                                   /* views with a clause that cannot be looked up */
    struct hmap entries;                                     /* struct match_entry */
    uint32_t *n_equal;                                       /* by column: entries of that kind */
    uint32_t *n_element;
    uint64_t columns;                                        /* with entries of either kind */
};

void view_matcher_init(struct view_matcher *matcher, const struct table *table);
void view_matcher_fini(struct view_matcher *matcher);
void view_matcher_add(struct view_matcher *matcher, struct view *view);
void view_matcher_remove(struct view_matcher *matcher, struct view *view);

/* Pushes to 'ret' each view that 'change' may concern, once, with 'matches_old' and 'matches_new' set.  'serial' is
 * another number for each call. */
void view_matcher_match(const struct view_matcher *matcher, const struct change *change, uint64_t serial,
                        struct view_vec *ret);

#endif
