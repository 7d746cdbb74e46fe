/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/workset.h"

#include "ovsdb/ctl/workset_private.h"

static struct ws_cell *
cell_of(const struct ws_row *row, const struct column *column)
{
    CHECK(column == &row->table->columns[column->index]);
    return &row->cells[column->index];
}

const struct uuid *
row_uuid(const struct ws_row *row)
{
    return &row->uuid;
}

const struct uuid *
row_real_uuid(const struct ws_row *row)
{
    return &row->real_uuid;
}

const struct table *
row_table(const struct ws_row *row)
{
    return row->table;
}

bool
row_is_new(const struct ws_row *row)
{
    return row->is_new;
}

const struct datum *
row_peek(const struct ws_row *row, const struct column *column)
{
    const struct ws_cell *cell = cell_of(row, column);
    CHECK(cell->is_known);
    return ws_cell_value(cell);
}

const struct datum *
row_get(struct ws_row *row, const struct column *column)
{
    row_guard(row, UINT64_C(1) << column->index);
    return row_peek(row, column);
}

void
row_guard(struct ws_row *row, uint64_t columns)
{
    for (uint32_t i = 0; i < row->table->n_columns; i++) {
        if (columns & UINT64_C(1) << i && row->cells[i].is_fetched) {
            row->cells[i].is_guarded = true;
        }
    }
}

const struct datum *
row_peek_named(const struct ws_row *row, const char *name)
{
    static const struct datum empty;
    const struct column *column = table_column(row->table, name);
    return column ? row_peek(row, column) : &empty;
}

const char *
row_string(const struct ws_row *row, const char *column)
{
    const struct datum *datum = row_peek_named(row, column);
    return datum->n ? datum_keys(datum)[0].string->text : "";
}

int64_t
row_integer(const struct ws_row *row, const char *column)
{
    const struct datum *datum = row_peek_named(row, column);
    return datum->n ? datum_keys(datum)[0].integer : 0;
}

bool
row_boolean(const struct ws_row *row, const char *column)
{
    const struct datum *datum = row_peek_named(row, column);
    return datum->n && datum_keys(datum)[0].boolean;
}

void
ws_row_fill(struct ws_row *row, const struct column *column, struct datum *base)
{
    struct datum_type type = column_datum_type(&column->type);
    struct ws_cell *cell = cell_of(row, column);

    if (cell->is_fetched || row->is_new) {
        datum_fini(base, type);
        return;
    }
    cell->base = *base;
    cell->is_fetched = true;
    if (!cell->is_known && cell->change) {
        struct ws_change *change = cell->change;
        datum_fini(&change->now, type);
        datum_clone(&change->now, &cell->base, type);
        datum_subtract(&change->now, &change->minus, type, false);
        datum_union(&change->now, &change->plus, type, true);
    }
    cell->is_known = true;
}

/* --- Changes --- */

static struct ws_change *
get_change(struct ws_cell *cell, const struct column *column)
{
    if (!cell->change) {
        cell->change = xcalloc(1, sizeof *cell->change);
        datum_init_empty(&cell->change->now);
        datum_init_empty(&cell->change->minus);
        datum_init_empty(&cell->change->plus);
        if (cell->is_known) {
            datum_clone(&cell->change->now, &cell->base, column_datum_type(&column->type));
        }
    }
    return cell->change;
}

static void
drop_change(struct ws_cell *cell, const struct column *column)
{
    if (cell->change) {
        datum_fini(&cell->change->now, column_datum_type(&column->type));
        datum_fini(&cell->change->minus, ws_keys_type(column));
        datum_fini(&cell->change->plus, column_datum_type(&column->type));
        free(cell->change);
        cell->change = NULL;
    }
}

void
row_set(struct ws_row *row, const struct column *column, struct datum *value)
{
    struct ws_cell *cell = cell_of(row, column);

    CHECK(column->index >= COLUMN_FIRST);
    drop_change(cell, column);
    struct ws_change *change = get_change(cell, column);
    datum_fini(&change->now, column_datum_type(&column->type));
    change->now = *value;
    cell->is_known = change->is_set = true;
}

/* The keys of 'elements', as a set. */
static void
keys_of(struct datum *ret, const struct datum *elements, const struct column *column)
{
    struct datum_type type = ws_keys_type(column);
    datum_init_empty(ret);
    for (uint32_t i = 0; i < elements->n; i++) {
        union atom key;
        struct datum one;
        atom_clone(&key, &datum_keys(elements)[i], type.key);
        datum_init_scalar(&one, &key);
        datum_union(ret, &one, type, false);
        datum_fini(&one, type);
    }
}

void
row_insert_elements(struct ws_row *row, const struct column *column, const struct datum *elements)
{
    struct datum_type type = column_datum_type(&column->type);
    struct ws_cell *cell = cell_of(row, column);
    struct ws_change *change = get_change(cell, column);
    struct datum keys;

    CHECK(column->index >= COLUMN_FIRST);
    if (cell->is_known) {
        datum_union(&change->now, elements, type, true);
    }
    if (change->is_set || row->is_new) {
        CHECK(cell->is_known);
        return;
    }
    keys_of(&keys, elements, column);
    if (type.value == ATOM_VOID) {
        datum_subtract(&change->minus, &keys, ws_keys_type(column), false);
    } else {
        datum_union(&change->minus, &keys, ws_keys_type(column), false); /* so that the value is replaced */
    }
    datum_union(&change->plus, elements, type, true);
    change->is_mutated = true;
    datum_fini(&keys, ws_keys_type(column));
}

void
row_remove_keys(struct ws_row *row, const struct column *column, const struct datum *elements)
{
    struct datum_type type = column_datum_type(&column->type);
    struct ws_cell *cell = cell_of(row, column);
    struct ws_change *change = get_change(cell, column);
    struct datum keys;

    CHECK(column->index >= COLUMN_FIRST);
    keys_of(&keys, elements, column);
    if (cell->is_known) {
        datum_subtract(&change->now, &keys, type, false);
    }
    if (change->is_set || row->is_new) {
        CHECK(cell->is_known);
    } else {
        datum_subtract(&change->plus, &keys, type, false);
        datum_union(&change->minus, &keys, ws_keys_type(column), false);
        change->is_mutated = true;
    }
    datum_fini(&keys, ws_keys_type(column));
}

/* --- Shorthands --- */

static union atom
string_atom(const char *s)
{
    return (union atom) {.string = atom_string_new(str_from(s))};
}

static bool
set_scalar(struct ws_row *row, const char *name, enum atom_type type, union atom *atom)
{
    const struct column *column = table_column(row->table, name);
    struct datum datum;

    if (!column) {
        atom_fini(atom, type);
        return false;
    }
    CHECK(column->type.key.type == type);
    datum_init_scalar(&datum, atom);
    row_set(row, column, &datum);
    return true;
}

bool
row_set_string(struct ws_row *row, const char *column, const char *value)
{
    union atom atom = string_atom(value);
    return set_scalar(row, column, ATOM_STRING, &atom);
}

bool
row_set_integer(struct ws_row *row, const char *column, int64_t value)
{
    return set_scalar(row, column, ATOM_INTEGER, &(union atom) {.integer = value});
}

bool
row_set_boolean(struct ws_row *row, const char *column, bool value)
{
    return set_scalar(row, column, ATOM_BOOLEAN, &(union atom) {.boolean = value});
}

bool
row_set_uuid(struct ws_row *row, const char *column, const struct uuid *uuid)
{
    return set_scalar(row, column, ATOM_UUID, &(union atom) {.uuid = *uuid});
}

bool
row_set_strings(struct ws_row *row, const char *name, char *const *values, size_t n)
{
    const struct column *column = table_column(row->table, name);
    struct datum datum;

    if (!column) {
        return false;
    }
    datum_init_empty(&datum);
    for (size_t i = 0; i < n; i++) {
        struct datum one;
        datum_init_string(&one, values[i]);
        datum_union(&datum, &one, column_datum_type(&column->type), false);
        datum_fini(&one, column_datum_type(&column->type));
    }
    row_set(row, column, &datum);
    return true;
}

/* Adds to or removes from the column 'name' the element 'key' ('value' for maps); takes the atoms. */
static bool
change_element(struct ws_row *row, const char *name, union atom *key, union atom *value, bool is_added)
{
    const struct column *column = table_column(row->table, name);
    if (!column) {
        return false;
    }
    struct datum_type type = {column->type.key.type, value ? column->type.value.type : ATOM_VOID};
    struct datum datum;
    bool ok = datum_init_from_atoms(&datum, type, key, value, 1);
    CHECK(ok);
    if (is_added) {
        row_insert_elements(row, column, &datum);
    } else {
        row_remove_keys(row, column, &datum);
    }
    datum_fini(&datum, type);
    return true;
}

static bool
change_string(struct ws_row *row, const char *name, const char *key, const char *value, bool is_added)
{
    if (!table_column(row->table, name)) {
        return false;
    }
    union atom k = string_atom(key), v;
    if (value) {
        v = string_atom(value);
    }
    return change_element(row, name, &k, value ? &v : NULL, is_added);
}

bool
row_set_key(struct ws_row *row, const char *column, const char *key, const char *value)
{
    return change_string(row, column, key, value, true);
}

bool
row_remove_key(struct ws_row *row, const char *column, const char *key)
{
    return change_string(row, column, key, NULL, false);
}

bool
row_add_string(struct ws_row *row, const char *column, const char *value)
{
    return change_string(row, column, value, NULL, true);
}

bool
row_add_ref(struct ws_row *row, const char *column, const struct uuid *uuid)
{
    return change_element(row, column, &(union atom) {.uuid = *uuid}, NULL, true);
}

bool
row_remove_ref(struct ws_row *row, const char *column, const struct uuid *uuid)
{
    return change_element(row, column, &(union atom) {.uuid = *uuid}, NULL, false);
}

bool
row_clear(struct ws_row *row, const char *name)
{
    const struct column *column = table_column(row->table, name);
    struct datum empty;

    if (!column) {
        return false;
    }
    datum_init_empty(&empty);
    row_set(row, column, &empty);
    return true;
}

/* --- Birth and death --- */

struct ws_row *
workset_insert(struct workset *ws, const struct table *table)
{
    struct uuid uuid = uuid_random();
    return workset_insert_uuid(ws, table, &uuid, false);
}

struct ws_row *
workset_insert_uuid(struct workset *ws, const struct table *table, const struct uuid *uuid, bool is_explicit)
{
    struct ws_row *row = workset_add_row(ws, table, uuid);
    row->is_new = true;
    row->is_explicit = is_explicit;
    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        const struct column_type *type = &table->columns[i].type;
        if (type->key.ref_table) {
            datum_init_empty(&row->cells[i].base);           /* not the all-zero uuid, even if one is required */
        } else {
            datum_init_default(&row->cells[i].base, type);
        }
        row->cells[i].is_known = true;
    }
    return row;
}

void
row_delete(struct ws_row *row)
{
    row->is_deleted = true;
    row->has_delete_op = row->table->is_root;
}

void
ws_row_free(struct ws_row *row)
{
    for (uint32_t i = 0; i < row->table->n_columns; i++) {
        const struct column *column = &row->table->columns[i];
        datum_fini(&row->cells[i].base, column_datum_type(&column->type));
        drop_change(&row->cells[i], column);
    }
    free(row->cells);
    free(row);
}
