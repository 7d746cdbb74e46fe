/* SPDX-License-Identifier: Apache-2.0 */
/* What is wanted. */
#include <config.h>

#include "ovsdb/client/writer.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/client/writer_private.h"

static const struct datum_type string_set = {ATOM_STRING, ATOM_VOID};

static struct datum_type
column_type(const struct writer *w, const struct writer_entry *e, uint32_t column)
{
    return writer_replica_table(w, e)->def->columns[column].type;
}

static bool
is_single(const struct writer_row *row, uint32_t column)
{
    return writer_replica_table(row->writer, row->entry)->def->columns[column].is_single;
}

/* --- Cells --- */

static uint32_t
find_ref(const struct writer_cell *cell, const struct writer_entry *target)
{
    uint32_t low = 0;
    for (uint32_t high = (uint32_t) cell->refs.n; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        if ((uintptr_t) cell->refs.d[middle] < (uintptr_t) target) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool
has_ref_at(const struct writer_cell *cell, uint32_t at, const struct writer_entry *target)
{
    return at < cell->refs.n && cell->refs.d[at] == target;
}

static void
add_ref(struct writer_cell *cell, struct writer_entry *target)
{
    uint32_t at = find_ref(cell, target);
    if (has_ref_at(cell, at, target)) {
        return;
    }
    vec_push(&cell->refs, NULL);
    memmove(&cell->refs.d[at + 1], &cell->refs.d[at], (cell->refs.n - 1 - at) * sizeof cell->refs.d[0]);
    cell->refs.d[at] = target;
    target->n_refs++;
}

static void
drop_ref(struct writer *w, struct writer_entry *target)
{
    target->n_refs--;
    writer_entry_release(w, target);
}

static void
remove_ref(struct writer *w, struct writer_cell *cell, struct writer_entry *target)
{
    uint32_t at = find_ref(cell, target);
    CHECK(has_ref_at(cell, at, target));
    cell->refs.n--;
    memmove(&cell->refs.d[at], &cell->refs.d[at + 1], (cell->refs.n - at) * sizeof cell->refs.d[0]);
    drop_ref(w, target);
}

static void
clear_cell(struct writer_row *row, struct writer_cell *cell)
{
    struct writer_entries refs = cell->refs;
    cell->refs = (struct writer_entries) {0};
    datum_fini(&cell->datum, column_type(row->writer, row->entry, cell->column));
    datum_init_empty(&cell->datum);
    datum_fini(&cell->absent, string_set);
    datum_init_empty(&cell->absent);
    for (size_t i = 0; i < refs.n; i++) {
        drop_ref(row->writer, refs.d[i]);
    }
    vec_fini(&refs);
}

/* Keeps the room. */
static void
empty_cells(struct writer_row *row, struct writer_cells *cells)
{
    for (size_t i = 0; i < cells->n; i++) {
        clear_cell(row, &cells->d[i]);
    }
    vec_clear(cells);
}

static void
clear_cells(struct writer_row *row, struct writer_cells *cells)
{
    empty_cells(row, cells);
    vec_fini(cells);
}

static struct writer_cell *
find_cell(const struct writer_cells *cells, uint32_t column)
{
    for (size_t i = 0; i < cells->n; i++) {
        if (cells->d[i].column == column) {
            return &cells->d[i];
        }
    }
    return NULL;
}

static struct writer_cell *
get_cell(struct writer_row *row, struct writer_cells *cells, uint32_t column)
{
    struct writer_cell *cell = find_cell(cells, column);
    if (!cell) {
        const struct writer_table *def = writer_def(row->writer, row->entry);
        bool is_owned = false;
        for (uint32_t i = 0; i < def->n_columns; i++) {
            is_owned |= def->columns[i] == column;
        }
        CHECK(is_owned && !find_cell(cells == &row->put ? &row->members : &row->put, column));
        vec_push(cells, (struct writer_cell) {.column = column});
        cell = &vec_last(cells);
        datum_init_empty(&cell->datum);
        datum_init_empty(&cell->absent);
    }
    return cell;
}

const struct writer_cell *
writer_find_cell(const struct writer_entry *e, uint32_t column)
{
    if (!e->content) {
        return NULL;
    }
    const struct writer_cell *cell = find_cell(&e->content->put, column);
    return cell ? cell : find_cell(&e->content->members, column);
}

/* --- Contents --- */

static struct writer_row *
content_of(struct writer *w, struct writer_entry *e)
{
    if (!e->content) {
        e->content = xcalloc(1, sizeof *e->content);
        e->content->writer = w;
        e->content->entry = e;
    }
    return e->content;
}

static void
free_if_empty(struct writer_entry *e)
{
    if (e->content && !e->content->put.n && !e->content->members.n && !e->content->n_bytes) {
        vec_fini(&e->content->put);
        vec_fini(&e->content->members);
        free(e->content);
        e->content = NULL;
    }
}

void
writer_drop_put(struct writer *w, struct writer_entry *e)
{
    if (e->content) {
        clear_cells(e->content, &e->content->put);
        e->content->n_bytes = 0;
        free_if_empty(e);
    }
}

void
writer_content_free(struct writer *w, struct writer_entry *e)
{
    if (e->content) {
        clear_cells(e->content, &e->content->put);
        clear_cells(e->content, &e->content->members);
        e->content->n_bytes = 0;
        free_if_empty(e);
    }
}

static bool
refers_to_news(const struct writer_cells *cells)
{
    for (size_t i = 0; i < cells->n; i++) {
        for (size_t j = 0; j < cells->d[i].refs.n; j++) {
            if (cells->d[i].refs.d[j]->is_news) {
                return true;
            }
        }
    }
    return false;
}

/* Programs drop their references before or with the row; one that does not still gets its row deleted. */
static void
note_going(struct writer *w)
{
    for (size_t i = 0; i < w->dirty.n; i++) {
        struct writer_entry *e = w->dirty.d[i];
        if (!e->is_wanted && e->actual && e->n_refs) {
            e->is_news = w->has_news = true;
        }
    }
}

/* Walks all contents if there is news, which is rare: foreign hands made it, or a reference outlived its target. */
void
writer_wake_referrers(struct writer *w)
{
    note_going(w);
    for (uint32_t i = 0; i < w->n_tables && w->has_news; i++) {
        HMAP_FOR_EACH (e, struct writer_entry, node, &w->tables[i].entries) {
            if (e->content && (refers_to_news(&e->content->put) || refers_to_news(&e->content->members))) {
                writer_mark_dirty(w, e);
            }
        }
    }
    for (uint32_t i = 0; i < w->n_tables && w->has_news; i++) {
        HMAP_FOR_EACH (e, struct writer_entry, node, &w->tables[i].entries) {
            e->is_news = false;
        }
    }
    w->has_news = false;
}

static struct writer_entry *
want(struct writer *w, uint32_t table, struct str key)
{
    struct writer_entry *e = writer_entry_get(w, table, key, true);
    writer_mark_dirty(w, e);
    e->is_wanted = true;
    return e;
}

struct writer_row *
writer_put(struct writer *w, uint32_t table, struct str key)
{
    struct writer_entry *e = want(w, table, key);
    CHECK(!writer_def(w, e)->fill);
    struct writer_row *row = content_of(w, e);
    clear_cells(row, &row->put);
    return row;
}

void
writer_put_content(struct writer *w, uint32_t table, struct str key, struct str content)
{
    struct writer_entry *e = want(w, table, key);
    CHECK(writer_def(w, e)->fill && content.n && content.n <= UINT32_MAX);
    writer_content_free(w, e);
    struct writer_row *row = xmalloc(sizeof *row + content.n);
    *row = (struct writer_row) {.writer = w, .entry = e, .n_bytes = (uint32_t) content.n};
    memcpy(row->bytes, content.s, content.n);
    e->content = row;
}

void
writer_fill(struct writer *w, struct writer_entry *e)
{
    struct writer_row *row = e->content;
    if (row && row->n_bytes) {
        CHECK(!row->put.capacity);
        row->put = w->filled;
        w->filled = (struct writer_cells) {0};
        writer_def(w, e)->fill(row, str_n(row->bytes, row->n_bytes));
    }
}

void
writer_unfill(struct writer *w, struct writer_entry *e)
{
    struct writer_row *row = e->content;
    if (row && row->n_bytes) {
        empty_cells(row, &row->put);
        vec_fini(&w->filled);
        w->filled = row->put;
        row->put = (struct writer_cells) {0};
    }
}

void
writer_remove(struct writer *w, uint32_t table, struct str key)
{
    struct writer_entry *e = writer_entry_get(w, table, key, false);
    if (e && e->is_wanted) {
        writer_mark_dirty(w, e);
        e->is_wanted = false;
        writer_drop_put(w, e);
    }
}

/* --- Setters --- */

/* Sets the column, or adds to it, one element.  Takes 'key' and 'value' (NULL unless a map). */
static void
set_atom(struct writer_row *row, uint32_t column, union atom *key, union atom *value)
{
    struct writer_cell *cell = get_cell(row, &row->put, column);
    struct datum_type type = column_type(row->writer, row->entry, column);
    CHECK(!value == (type.value == ATOM_VOID) && !cell->is_own_pairs);
    if (is_single(row, column)) {
        clear_cell(row, cell);
    }
    struct datum one;
    bool ok = datum_init_from_atoms(&one, type, key, value, 1);
    CHECK(ok);
    if (!cell->datum.n) {
        datum_swap(&cell->datum, &one);
    } else {
        datum_union(&cell->datum, &one, type, true);
    }
    datum_fini(&one, type);
}

static void
check_type(const struct writer_row *row, uint32_t column, enum atom_type key, enum atom_type value)
{
    struct datum_type type = column_type(row->writer, row->entry, column);
    CHECK(type.key == key && type.value == value);
}

void
writer_row_str(struct writer_row *row, uint32_t column, struct str s)
{
    check_type(row, column, ATOM_STRING, ATOM_VOID);
    set_atom(row, column, &(union atom) {.string = atom_string_new(s)}, NULL);
}

void
writer_row_string(struct writer_row *row, uint32_t column, const char *s)
{
    writer_row_str(row, column, str_from(s));
}

void
writer_row_integer(struct writer_row *row, uint32_t column, int64_t i)
{
    check_type(row, column, ATOM_INTEGER, ATOM_VOID);
    set_atom(row, column, &(union atom) {.integer = i}, NULL);
}

void
writer_row_boolean(struct writer_row *row, uint32_t column, bool b)
{
    check_type(row, column, ATOM_BOOLEAN, ATOM_VOID);
    set_atom(row, column, &(union atom) {.boolean = b}, NULL);
}

void
writer_row_uuid(struct writer_row *row, uint32_t column, const struct uuid *uuid)
{
    check_type(row, column, ATOM_UUID, ATOM_VOID);
    set_atom(row, column, &(union atom) {.uuid = *uuid}, NULL);
}

void
writer_row_pair(struct writer_row *row, uint32_t column, const char *key, const char *value)
{
    check_type(row, column, ATOM_STRING, ATOM_STRING);
    set_atom(row, column, &(union atom) {.string = atom_string_new(str_from(key))},
             &(union atom) {.string = atom_string_new(str_from(value))});
}

void
writer_row_uuid_pair(struct writer_row *row, uint32_t column, const char *key, const struct uuid *value)
{
    check_type(row, column, ATOM_STRING, ATOM_UUID);
    set_atom(row, column, &(union atom) {.string = atom_string_new(str_from(key))}, &(union atom) {.uuid = *value});
}

void
writer_row_own_pair(struct writer_row *row, uint32_t column, const char *key, const char *value)
{
    check_type(row, column, ATOM_STRING, ATOM_STRING);
    struct writer_cell *cell = get_cell(row, &row->put, column);
    CHECK(cell->is_own_pairs || !cell->datum.n);
    cell->is_own_pairs = true;
    struct datum one, pair;
    struct datum_type map = {ATOM_STRING, ATOM_STRING};
    datum_init_string(&one, key);
    if (value) {
        union atom k = {.string = atom_string_new(str_from(key))}, v = {.string = atom_string_new(str_from(value))};
        bool ok = datum_init_from_atoms(&pair, map, &k, &v, 1);
        CHECK(ok);
        datum_union(&cell->datum, &pair, map, true);
        datum_subtract(&cell->absent, &one, string_set, false);
        datum_fini(&pair, map);
    } else {
        datum_subtract(&cell->datum, &one, map, false);
        datum_union(&cell->absent, &one, string_set, false);
    }
    datum_fini(&one, string_set);
}

void
writer_row_ref(struct writer_row *row, uint32_t column, uint32_t ref_table, struct str ref_key)
{
    check_type(row, column, ATOM_UUID, ATOM_VOID);
    struct writer_cell *cell = get_cell(row, &row->put, column);
    struct writer_entry *target = writer_entry_get(row->writer, ref_table, ref_key, true);
    target->n_refs++;                                        /* so that clearing does not free it */
    if (is_single(row, column)) {
        clear_cell(row, cell);
    }
    add_ref(cell, target);
    target->n_refs--;
}

/* --- Members --- */

void
writer_member_ref(struct writer *w, uint32_t table, struct str key, uint32_t column,
                  uint32_t ref_table, struct str ref_key, bool added)
{
    struct writer_entry *e = writer_entry_get(w, table, key, true);
    writer_mark_dirty(w, e);
    struct writer_row *row = content_of(w, e);
    CHECK(!is_single(row, column));
    struct writer_cell *cell = get_cell(row, &row->members, column);
    struct writer_entry *target = writer_entry_get(w, ref_table, ref_key, true);
    if (added) {
        CHECK(!has_ref_at(cell, find_ref(cell, target), target));
        add_ref(cell, target);
        return;
    }
    remove_ref(w, cell, target);
    if (!cell->refs.n) {
        clear_cell(row, cell);
        vec_remove_fast(&row->members, (size_t) (cell - row->members.d));
        free_if_empty(e);
    }
}
