/* SPDX-License-Identifier: Apache-2.0 */
/* The operations that make one key what is wanted. */
#include <config.h>

#include "ovsdb/client/writer.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/client/writer_private.h"

/* --- Operations --- */

/* Begins the operation 'op' on the table of 'e'; the caller writes its other members and ends it. */
static void
begin_op(struct writer_build *b, struct writer_entry *e, const char *op, uint64_t *counter)
{
    if (!b->txn) {
        writer_open_txn(b);
    }
    buf_puts(&b->ops, b->txn->ops.n ? ",{\"op\":\"" : "{\"op\":\"");
    buf_puts(&b->ops, op);
    buf_puts(&b->ops, "\",\"table\":\"");
    buf_puts(&b->ops, writer_replica_table(b->w, e)->def->name);
    buf_putc(&b->ops, '"');
    vec_push(&b->txn->ops, e);
    e->in_flight = true;
    e->in_dirty = false;                                     /* the list is swept after the flush */
    e->aside = ASIDE_NOT;
    ++*counter;
}

static void
put_uuid(struct buf *buf, const struct uuid *uuid)
{
    char text[UUID_LENGTH + 1];
    buf_put(buf, uuid_format(uuid, text), UUID_LENGTH);
}

static void
begin_op_on_row(struct writer_build *b, struct writer_entry *e, const char *op, uint64_t *counter)
{
    begin_op(b, e, op, counter);
    buf_puts(&b->ops, ",\"where\":[[\"_uuid\",\"==\",[\"uuid\",\"");
    put_uuid(&b->ops, &e->uuid);
    buf_puts(&b->ops, "\"]]]");
}

static void
end_op(struct writer_build *b)
{
    buf_putc(&b->ops, '}');
}

/* --- What a column shall be --- */

static bool
is_ours(const struct writer *w, const struct writer_entry *e)
{
    const struct writer_table *def = writer_def(w, e);
    return def->is_ours ? def->is_ours(w->aux, e->actual) : def->owns != WRITER_COLUMNS;
}

static enum writer_verdict emit_insert(struct writer_build *b, struct writer_entry *e);

/* Will there be a row 'target' when the transaction is done?  Inserts it if that helps. */
static bool
is_available(struct writer_build *b, struct writer_entry *target)
{
    if (target->actual) {
        return target->is_wanted || writer_def(b->w, target)->owns == WRITER_COLUMNS || !is_ours(b->w, target);
    }
    if (target->is_inserting) {
        return true;
    }
    if (!target->is_wanted || target->in_flight || target->is_solo || target->aside == ASIDE_REFUSED) {
        return false;
    }
    bool outer = b->is_incomplete;
    bool available = emit_insert(b, target) == WRITER_SENT;
    b->is_incomplete = outer;
    return available;
}

/* A datum that is borrowed or owned. */
struct value {
    const struct datum *borrowed;                            /* or NULL */
    struct datum own;
    bool is_missing;                                         /* a scalar reference without a target */
};

static const struct datum *
value_datum(const struct value *value)
{
    return value->borrowed ? value->borrowed : &value->own;
}

static void
value_fini(struct value *value, struct datum_type type)
{
    if (!value->borrowed) {
        datum_fini(&value->own, type);
    }
}

static void
render_refs(struct writer_build *b, const struct writer_cell *cell, const struct replica_column *def, struct value *value)
{
    union atom *keys = xcalloc(cell->refs.n, sizeof *keys);
    uint32_t n = 0;
    for (size_t i = 0; i < cell->refs.n; i++) {
        if (is_available(b, cell->refs.d[i])) {
            keys[n++].uuid = cell->refs.d[i]->uuid;
        } else {
            b->is_incomplete = true;
            value->is_missing |= def->is_scalar;
        }
    }
    bool distinct = datum_init_from_atoms(&value->own, def->type, keys, NULL, n);
    CHECK(distinct);
    free(keys);
    datum_union(&value->own, &cell->datum, def->type, false);
    value->borrowed = NULL;
}

/* Is 'uuid' a row of 'table' that nobody but us would miss, and we do not? */
static bool
is_dispensable(const struct writer *w, uint32_t table, const struct uuid *uuid)
{
    const struct row *row = replica_row(NULL, w->replica, table, uuid);
    const struct writer_table_state *state = writer_table_of(w, table);
    const struct writer_entry *e = row && row->id < state->by_row_id.n ? state->by_row_id.d[row->id] : NULL;
    return e && !e->is_wanted && is_ours(w, e);
}

/* Adds to 'value' those elements of 'old' that are other people's. */
static void
keep_foreign(const struct writer *w, const struct writer_shared *shared, const struct datum *old, struct value *value)
{
    static const struct datum_type uuids = {ATOM_UUID, ATOM_VOID};
    if (value->borrowed) {
        datum_clone(&value->own, value->borrowed, uuids);
        value->borrowed = NULL;
    }
    VEC(union atom) kept = {0};
    for (uint32_t i = 0; i < old->n; i++) {
        const struct uuid *uuid = &datum_keys(old)[i].uuid;
        if (!is_dispensable(w, shared->table, uuid)) {
            vec_push(&kept, (union atom) {.uuid = *uuid});
        }
    }
    struct datum datum;
    bool distinct = datum_init_from_atoms(&datum, uuids, kept.d, NULL, (uint32_t) kept.n);
    CHECK(distinct);
    datum_union(&value->own, &datum, uuids, false);
    datum_fini(&datum, uuids);
    vec_fini(&kept);
}

/* What column 'column' of 'e' shall hold: 'cell', or the default. */
static struct value
render(struct writer_build *b, const struct writer_entry *e, uint32_t column, const struct writer_cell *cell)
{
    const struct replica_table *t = writer_replica_table(b->w, e);
    struct value value = {.borrowed = cell ? &cell->datum : &t->columns[column].initial};
    if (cell && cell->refs.n) {
        render_refs(b, cell, &t->def->columns[column], &value);
    }
    return value;
}

/* --- Insert --- */

static void
avoid_uuid_in_use(struct writer *w, struct writer_entry *e)
{
    const struct writer_table *def = writer_def(w, e);
    if (def->key_column != WRITER_KEY_UUID && replica_row(NULL, w->replica, def->table, &e->uuid)) {
        struct uuid uuid = uuid_random();
        writer_set_uuid(w, e, &uuid);
    }
}

/* Appends "column":value to the members of an object. */
static void
put_member(struct buf *buf, const struct replica_table *t, uint32_t column, const struct datum *value)
{
    buf_puts(buf, buf->size ? ",\"" : "\"");
    buf_puts(buf, t->def->columns[column].name);
    buf_puts(buf, "\":");
    datum_put_json(buf, value, &t->columns[column].type);
}

/* Writes the columns of a new row to 'row'.  False: a scalar reference has no target yet. */
static bool
build_row(struct writer_build *b, struct writer_entry *e, struct buf *row)
{
    const struct writer_table *def = writer_def(b->w, e);
    const struct replica_table *t = writer_replica_table(b->w, e);
    bool ok = true;
    for (uint32_t i = 0; i < def->n_columns && ok; i++) {
        uint32_t c = def->columns[i];
        const struct writer_cell *cell = writer_find_cell(e, c);
        if (!cell || !t->columns[c].server_has) {
            continue;
        }
        struct datum_type type = t->def->columns[c].type;
        struct value value = render(b, e, c, cell);
        ok = !value.is_missing;
        if (ok && !datum_eq(value_datum(&value), &t->columns[c].initial, type)) {
            put_member(row, t, c, value_datum(&value));
        }
        value_fini(&value, type);
    }
    return ok;
}

static enum writer_verdict
emit_insert(struct writer_build *b, struct writer_entry *e)
{
    const struct writer_table *def = writer_def(b->w, e);
    const struct replica_table *t = writer_replica_table(b->w, e);
    if (def->owns != WRITER_ROWS || !t->server_has) {
        return WRITER_CLEAN;
    }
    if (def->fill && !e->content) {
        return WRITER_NOT_NOW;
    }
    avoid_uuid_in_use(b->w, e);
    e->in_flight = e->is_inserting = true;                   /* so that a cycle of references ends here */
    struct buf row = BUF_INIT(BUF_NO_LIMIT);                 /* apart: targets may come first */
    writer_fill(b->w, e);
    bool ok = build_row(b, e, &row);
    writer_unfill(b->w, e);
    if (ok) {
        begin_op(b, e, "insert", &b->w->stats.n_inserts);
        buf_puts(&b->ops, ",\"uuid\":\"");
        put_uuid(&b->ops, &e->uuid);
        buf_puts(&b->ops, "\",\"row\":{");
        buf_put(&b->ops, row.data, row.size);
        buf_putc(&b->ops, '}');
        end_op(b);
    } else {
        e->in_flight = e->is_inserting = false;
    }
    buf_fini(&row);
    return ok ? WRITER_SENT : WRITER_WAITS;
}

/* --- Update --- */

/* Changes to one row: the members of an "update"'s row and the elements of a "mutate"'s mutations. */
struct update {
    struct buf row;
    struct buf mutations;
};

static void
add_mutation(struct update *u, const char *column, const char *mutator, const struct datum *value,
             const struct column_type *type)
{
    buf_printf(&u->mutations, "%s[\"%s\",\"%s\",", u->mutations.size ? "," : "", column, mutator);
    datum_put_json(&u->mutations, value, type);
    buf_putc(&u->mutations, ']');
}

/* Splits the way from 'old' to 'new' into keys to delete and elements to insert. */
static void
split_difference(const struct datum *old, const struct datum *new, struct datum_type type, struct datum *ret_gone,
                 struct datum *ret_come)
{
    datum_clone(ret_gone, old, type);
    datum_subtract(ret_gone, new, type, true);
    datum_clone(ret_come, new, type);
    datum_subtract(ret_come, old, type, true);
}

static void
mutate(struct update *u, const struct replica_table *t, uint32_t column, const struct datum *gone,
       const struct datum *come)
{
    const char *name = t->def->columns[column].name;
    const struct column_type *type = &t->columns[column].type;
    struct column_type keys = *type;
    keys.value.type = ATOM_VOID;
    if (gone->n) {
        add_mutation(u, name, "delete", gone, &keys);
    }
    if (come->n) {
        add_mutation(u, name, "insert", come, type);
    }
}

/* Sets and maps: element by element when that is less than the whole. */
static void
update_elements(struct update *u, const struct replica_table *t, uint32_t column, const struct datum *old,
                const struct datum *new)
{
    struct datum_type type = t->def->columns[column].type;
    struct datum gone, come;
    split_difference(old, new, type, &gone, &come);
    if (gone.n + come.n <= new->n) {
        mutate(u, t, column, &gone, &come);
    } else {
        put_member(&u->row, t, column, new);
    }
    datum_fini(&gone, type);
    datum_fini(&come, type);
}

/* Of a map only the keys in 'cell'. */
static void
update_own_pairs(struct update *u, const struct replica_table *t, const struct datum *old,
                 const struct writer_cell *cell)
{
    static const struct datum_type map = {ATOM_STRING, ATOM_STRING};
    struct datum gone, come;
    datum_clone(&come, &cell->datum, map);
    datum_subtract(&come, old, map, true);
    datum_init_empty(&gone);
    for (uint32_t i = 0; i < old->n; i++) {
        const union atom *key = &datum_keys(old)[i];
        bool goes = datum_find(&cell->absent, key, ATOM_STRING) != UINT32_MAX
                    || datum_find(&come, key, ATOM_STRING) != UINT32_MAX;
        if (goes) {
            struct datum one;
            datum_init_string(&one, key->string->text);
            datum_union(&gone, &one, (struct datum_type) {ATOM_STRING, ATOM_VOID}, false);
            datum_fini(&one, (struct datum_type) {ATOM_STRING, ATOM_VOID});
        }
    }
    mutate(u, t, cell->column, &gone, &come);
    datum_fini(&gone, (struct datum_type) {ATOM_STRING, ATOM_VOID});
    datum_fini(&come, map);
}

/* The usual things that happen to a set of references, without building the whole: nothing, or more elements.  Returns
 * false if it is something else. */
static bool
update_refs(struct writer_build *b, struct update *u, const struct replica_table *t, const struct datum *old,
            const struct writer_cell *cell)
{
    VEC(union atom) come = {0};
    uint32_t n_stay = 0;
    for (size_t i = 0; i < cell->refs.n; i++) {
        struct writer_entry *target = cell->refs.d[i];
        if (!is_available(b, target)) {
            b->is_incomplete = true;
        } else if (datum_has_uuid(old, &target->uuid)) {
            n_stay++;
        } else {
            vec_push(&come, (union atom) {.uuid = target->uuid});
        }
    }
    bool ok = n_stay == old->n && come.n <= n_stay;
    if (ok && come.n) {
        struct datum datum;
        struct datum_type type = t->def->columns[cell->column].type;
        bool distinct = datum_init_from_atoms(&datum, type, come.d, NULL, (uint32_t) come.n);
        CHECK(distinct);
        add_mutation(u, t->def->columns[cell->column].name, "insert", &datum, &t->columns[cell->column].type);
        datum_fini(&datum, type);
    }
    vec_fini(&come);
    return ok;
}

static bool
is_seed(const struct writer_table *def, uint32_t column)
{
    for (uint32_t i = 0; i < def->n_seeds; i++) {
        if (def->seeds[i] == column) {
            return true;
        }
    }
    return false;
}

static void
update_column(struct writer_build *b, const struct writer_entry *e, uint32_t column, struct update *u)
{
    const struct replica_table *t = writer_replica_table(b->w, e);
    const struct replica_column *def = &t->def->columns[column];
    const struct datum *old = &e->actual->columns[column];
    const struct writer_shared *shared = writer_def(b->w, e)->shared;
    bool is_shared = shared && shared->column == column;
    const struct writer_cell *cell = e->is_wanted || (is_shared && e->content) ? writer_find_cell(e, column) : NULL;
    if (old->n && is_seed(writer_def(b->w, e), column)) {
        return;
    }
    if (cell && cell->is_own_pairs) {
        update_own_pairs(u, t, old, cell);
        return;
    }
    if (cell && cell->refs.n && !cell->datum.n && !def->is_single && update_refs(b, u, t, old, cell)) {
        return;
    }
    struct value value = render(b, e, column, cell);
    if (is_shared) {
        keep_foreign(b->w, shared, old, &value);
    }
    if (!value.is_missing && !datum_eq(old, value_datum(&value), def->type)) {
        if (def->is_single) {
            put_member(&u->row, t, column, value_datum(&value));
        } else {
            update_elements(u, t, column, old, value_datum(&value));
        }
    }
    value_fini(&value, def->type);
}

/* Makes the row's columns what is wanted; the default if the row is not.  With 'shared_only', of a row of others, the one in which
 * we have elements too. */
static enum writer_verdict
emit_update(struct writer_build *b, struct writer_entry *e, bool shared_only)
{
    const struct writer_table *def = writer_def(b->w, e);
    const struct replica_table *t = writer_replica_table(b->w, e);
    struct update u = {.row = BUF_INIT(BUF_NO_LIMIT), .mutations = BUF_INIT(BUF_NO_LIMIT)};
    for (uint32_t i = 0; i < def->n_columns; i++) {
        if (t->columns[def->columns[i]].server_has && (!shared_only || def->columns[i] == def->shared->column)) {
            update_column(b, e, def->columns[i], &u);
        }
    }
    enum writer_verdict verdict = u.row.size || u.mutations.size ? WRITER_SENT : WRITER_CLEAN;
    if (u.row.size) {
        begin_op_on_row(b, e, "update", &b->w->stats.n_updates);
        buf_printf(&b->ops, ",\"row\":{%s}", buf_text(&u.row));
        end_op(b);
    }
    if (u.mutations.size) {
        begin_op_on_row(b, e, "mutate", &b->w->stats.n_mutations);
        buf_printf(&b->ops, ",\"mutations\":[%s]", buf_text(&u.mutations));
        end_op(b);
    }
    buf_fini(&u.row);
    buf_fini(&u.mutations);
    return verdict;
}

/* --- One key --- */

bool
writer_is_deletion(const struct writer *w, const struct writer_entry *e)
{
    return !e->is_wanted && e->actual && writer_def(w, e)->owns != WRITER_COLUMNS;
}

static enum writer_verdict
emit_wanted(struct writer_build *b, struct writer_entry *e)
{
    if (!e->actual) {
        /* A row that lives only while referred to would be gone at once: its referrer inserts it. */
        bool is_part = !writer_replica_table(b->w, e)->def->is_root;
        return is_part && writer_def(b->w, e)->owns == WRITER_ROWS ? WRITER_WAITS : emit_insert(b, e);
    }
    if (writer_def(b->w, e)->fill) {
        writer_drop_put(b->w, e);
        return WRITER_CLEAN;
    }
    return emit_update(b, e, false);
}

enum writer_verdict
writer_emit(struct writer_build *b, struct writer_entry *e)
{
    b->is_incomplete = false;
    if (e->is_wanted) {
        return emit_wanted(b, e);
    }
    bool has_shared = writer_def(b->w, e)->shared;
    if (!e->actual || (!is_ours(b->w, e) && !has_shared)) {
        return WRITER_CLEAN;
    }
    if (!is_ours(b->w, e)) {
        return emit_update(b, e, true);
    }
    if (writer_is_deletion(b->w, e)) {
        begin_op_on_row(b, e, "delete", &b->w->stats.n_deletes);
        end_op(b);
        return WRITER_SENT;
    }
    return emit_update(b, e, false);
}
