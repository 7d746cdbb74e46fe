/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/view_match.h"

#include <stdlib.h>

#include "lib/base/hash.h"

enum match_kind { MATCH_NONE, MATCH_EQUAL, MATCH_ELEMENT };

struct match_entry {
    struct hmap_node node;
    struct view *view;
    const struct clause *clause;                             /* the view's */
    enum match_kind kind;
};

void
view_matcher_init(struct view_matcher *matcher, const struct table *table)
{
    *matcher = (struct view_matcher) {
        .n_equal = xcalloc(table->n_columns, sizeof *matcher->n_equal),
        .n_element = xcalloc(table->n_columns, sizeof *matcher->n_element),
    };
    hmap_init(&matcher->entries);
}

void
view_matcher_fini(struct view_matcher *matcher)
{
    CHECK(hmap_is_empty(&matcher->entries) && !matcher->always.n && !matcher->tried.n);
    hmap_fini(&matcher->entries);
    vec_fini(&matcher->always);
    vec_fini(&matcher->tried);
    free(matcher->n_equal);
    free(matcher->n_element);
}

static enum match_kind
clause_kind(const struct clause *clause)
{
    switch (clause->function) {
    case CONDITION_EQ: return MATCH_EQUAL;
    case CONDITION_INCLUDES:
        return clause->value.n == 1 && !column_type_is_map(&clause->column->type) ? MATCH_ELEMENT : MATCH_NONE;
    default: return MATCH_NONE;
    }
}

static uint64_t
equal_hash(const struct column *column, const struct datum *datum)
{
    return hash_add64(column->index, datum_hash(datum, column_datum_type(&column->type)));
}

static uint64_t
element_hash(const struct column *column, const union atom *atom)
{
    return hash_add64(column->index + 64, atom_hash(atom, column->type.key.type));
}

static uint64_t
clause_hash(const struct clause *clause, enum match_kind kind)
{
    return kind == MATCH_EQUAL ? equal_hash(clause->column, &clause->value)
                               : element_hash(clause->column, datum_keys(&clause->value));
}

static bool
can_be_looked_up(const struct view *view)
{
    for (size_t i = 0; i < view->condition.n; i++) {
        const struct clause *clause = &view->condition.clauses[i];
        if (clause_kind(clause) == MATCH_NONE && clause->function != CONDITION_FALSE) {
            return false;
        }
    }
    return true;
}

static void
count_entry(struct view_matcher *matcher, uint32_t column, enum match_kind kind, int delta)
{
    *(kind == MATCH_EQUAL ? &matcher->n_equal[column] : &matcher->n_element[column]) += (uint32_t) delta;
    uint64_t bit = UINT64_C(1) << column;
    if (matcher->n_equal[column] || matcher->n_element[column]) {
        matcher->columns |= bit;
    } else {
        matcher->columns &= ~bit;
    }
}

static void
add_clause(struct view_matcher *matcher, struct view *view, const struct clause *clause)
{
    enum match_kind kind = clause_kind(clause);
    if (kind == MATCH_NONE) {
        return;                                              /* false */
    }
    struct match_entry *entry = xmalloc(sizeof *entry);
    *entry = (struct match_entry) {.view = view, .clause = clause, .kind = kind};
    hmap_insert(&matcher->entries, &entry->node, clause_hash(clause, kind));
    count_entry(matcher, clause->column->index, kind, 1);
}

void
view_matcher_add(struct view_matcher *matcher, struct view *view)
{
    if (!view->condition.n) {
        vec_push(&matcher->always, view);
    } else if (!can_be_looked_up(view)) {
        vec_push(&matcher->tried, view);
    } else {
        for (size_t i = 0; i < view->condition.n; i++) {
            add_clause(matcher, view, &view->condition.clauses[i]);
        }
    }
}

static void
remove_clause(struct view_matcher *matcher, const struct clause *clause)
{
    enum match_kind kind = clause_kind(clause);
    if (kind == MATCH_NONE) {
        return;
    }
    HMAP_FOR_EACH_WITH_HASH (entry, struct match_entry, node, clause_hash(clause, kind), &matcher->entries) {
        if (entry->clause == clause) {
            hmap_remove(&matcher->entries, &entry->node);
            count_entry(matcher, clause->column->index, kind, -1);
            free(entry);
            return;
        }
    }
    CHECK(!"the clause is in the matcher");
}

static void
remove_view(struct view_vec *views, const struct view *view)
{
    for (size_t i = 0; i < views->n; i++) {
        if (views->d[i] == view) {
            vec_remove_fast(views, i);
            return;
        }
    }
    CHECK(!"the view is in the matcher");
}

void
view_matcher_remove(struct view_matcher *matcher, struct view *view)
{
    if (!view->condition.n) {
        remove_view(&matcher->always, view);
    } else if (!can_be_looked_up(view)) {
        remove_view(&matcher->tried, view);
    } else {
        for (size_t i = 0; i < view->condition.n; i++) {
            remove_clause(matcher, &view->condition.clauses[i]);
        }
    }
}

struct match {
    const struct view_matcher *matcher;
    const struct image *image;
    bool is_new;
    uint64_t serial;
    struct view_vec *ret;
};

static void
found(const struct match *m, struct view *view)
{
    if (view->matched_at != m->serial) {
        view->matched_at = m->serial;
        view->matches_old = view->matches_new = false;
        vec_push(m->ret, view);
    }
    *(m->is_new ? &view->matches_new : &view->matches_old) = true;
}

static void
look_up(const struct match *m, uint64_t hash, enum match_kind kind, const struct column *column)
{
    HMAP_FOR_EACH_WITH_HASH (entry, struct match_entry, node, hash, &m->matcher->entries) {
        bool is_same = entry->kind == kind && entry->clause->column == column;
        bool is_known = entry->view->matched_at == m->serial
            && (m->is_new ? entry->view->matches_new : entry->view->matches_old);
        if (is_same && !is_known && clause_matches(entry->clause, m->image)) {
            found(m, entry->view);
        }
    }
}

static void
match_image(const struct match *m)
{
    if (!m->image) {
        return;
    }
    for (size_t i = 0; i < m->matcher->always.n; i++) {
        found(m, m->matcher->always.d[i]);
    }
    for (size_t i = 0; i < m->matcher->tried.n; i++) {
        if (condition_matches_any(&m->matcher->tried.d[i]->condition, m->image)) {
            found(m, m->matcher->tried.d[i]);
        }
    }
    for (uint64_t columns = m->matcher->columns; columns; columns &= columns - 1) {
        const struct column *column = &m->image->schema->columns[__builtin_ctzll(columns)];
        struct datum scratch;
        const struct datum *datum = image_datum(m->image, column->index, &scratch);
        if (m->matcher->n_equal[column->index]) {
            look_up(m, equal_hash(column, datum), MATCH_EQUAL, column);
        }
        for (uint32_t i = 0; m->matcher->n_element[column->index] && i < datum->n; i++) {
            look_up(m, element_hash(column, &datum_keys(datum)[i]), MATCH_ELEMENT, column);
        }
    }
}

void
view_matcher_match(const struct view_matcher *matcher, const struct change *change, uint64_t serial,
                   struct view_vec *ret)
{
    struct match m = {.matcher = matcher, .image = change->old, .serial = serial, .ret = ret};
    match_image(&m);
    m.image = change->new;
    m.is_new = true;
    match_image(&m);
}
