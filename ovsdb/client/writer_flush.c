/* SPDX-License-Identifier: Apache-2.0 */
/* Sending the difference. */
#include <config.h>

#include "ovsdb/client/writer.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "ovsdb/client/writer_private.h"

LOG_MODULE(ovsdb_writer);
MEM_TYPE(writer_txn, "writer transactions");

/* Enough to keep the server busy; the texts of more would only fill memory.  Looking at all that is dirty is not free, so
 * that more are sent only when this many are down to half. */
enum { MAX_TXNS = 8 };

/* A transaction under construction. */
struct build {
    struct writer *w;
    struct writer_txn *txn;                                  /* NULL before its first operation */
    struct buf ops;                                          /* the text of a JSON array, still open */
    bool is_incomplete;                                      /* a reference of the current key was left out */
};

/* What became of a key. */
enum verdict {
    CLEAN,                                                   /* nothing to do */
    SENT,
    WAITS,                                                   /* for a target, or for its referrer */
    NOT_NOW,                                                 /* of another pass, or in flight already */
};

/* --- Operations --- */

static void
open_txn(struct build *b)
{
    b->txn = xcalloc(1, sizeof *b->txn);
    mem_add(&mem_writer_txn, +1);
    b->txn->writer = b->w;
    buf_putc(&b->ops, '[');
    if (b->w->lock) {
        buf_puts(&b->ops, "{\"op\":\"assert\",\"lock\":");
        buf_put_json_string(&b->ops, str_from(b->w->lock));
        buf_putc(&b->ops, '}');
        vec_push(&b->txn->ops, NULL);
    }
}

/* Begins the operation 'op' on the table of 'e'; the caller writes its other members and ends it. */
static void
begin_op(struct build *b, struct writer_entry *e, const char *op, uint64_t *counter)
{
    if (!b->txn) {
        open_txn(b);
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
begin_op_on_row(struct build *b, struct writer_entry *e, const char *op, uint64_t *counter)
{
    begin_op(b, e, op, counter);
    buf_puts(&b->ops, ",\"where\":[[\"_uuid\",\"==\",[\"uuid\",\"");
    put_uuid(&b->ops, &e->uuid);
    buf_puts(&b->ops, "\"]]]");
}

static void
end_op(struct build *b)
{
    buf_putc(&b->ops, '}');
}

/* --- What a column shall be --- */

static bool
is_ours(const struct writer *w, const struct writer_entry *e)
{
    const struct writer_table *def = writer_def(w, e);
    return def->is_ours ? def->is_ours(w->aux, e->actual) : def->owns == WRITER_ROWS;
}

static enum verdict emit_insert(struct build *b, struct writer_entry *e);

/* Will there be a row 'target' when the transaction is done?  Inserts it if that helps. */
static bool
is_available(struct build *b, struct writer_entry *target)
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
    bool available = emit_insert(b, target) == SENT;
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
render_refs(struct build *b, const struct writer_cell *cell, const struct replica_column *def, struct value *value)
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
    for (uint32_t i = 0; i < old->n; i++) {
        const struct uuid *uuid = &datum_keys(old)[i].uuid;
        if (!is_dispensable(w, shared->table, uuid)) {
            struct datum one;
            datum_init_uuid(&one, uuid);
            datum_union(&value->own, &one, uuids, false);
            datum_fini(&one, uuids);
        }
    }
}

/* What column 'column' of 'e' shall hold: 'cell', or the default. */
static struct value
render(struct build *b, const struct writer_entry *e, uint32_t column, const struct writer_cell *cell)
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
build_row(struct build *b, struct writer_entry *e, struct buf *row)
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

static enum verdict
emit_insert(struct build *b, struct writer_entry *e)
{
    const struct writer_table *def = writer_def(b->w, e);
    const struct replica_table *t = writer_replica_table(b->w, e);
    if (def->owns != WRITER_ROWS || !t->server_has) {
        return CLEAN;
    }
    if (def->forget && !e->content) {
        return NOT_NOW;
    }
    avoid_uuid_in_use(b->w, e);
    e->in_flight = e->is_inserting = true;                   /* so that a cycle of references ends here */
    struct buf row = BUF_INIT(BUF_NO_LIMIT);                 /* apart: targets may come first */
    bool ok = build_row(b, e, &row);
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
    return ok ? SENT : WAITS;
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
update_refs(struct build *b, struct update *u, const struct replica_table *t, const struct datum *old,
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

static void
update_column(struct build *b, const struct writer_entry *e, uint32_t column, struct update *u)
{
    const struct replica_table *t = writer_replica_table(b->w, e);
    const struct replica_column *def = &t->def->columns[column];
    const struct datum *old = &e->actual->columns[column];
    const struct writer_cell *cell = e->is_wanted ? writer_find_cell(e, column) : NULL;
    if (cell && cell->is_own_pairs) {
        update_own_pairs(u, t, old, cell);
        return;
    }
    if (cell && cell->refs.n && !cell->datum.n && !def->is_single && update_refs(b, u, t, old, cell)) {
        return;
    }
    struct value value = render(b, e, column, cell);
    const struct writer_shared *shared = writer_def(b->w, e)->shared;
    if (shared && shared->column == column) {
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

/* Makes the row's columns what is wanted; the default if the row is not. */
static enum verdict
emit_update(struct build *b, struct writer_entry *e)
{
    const struct writer_table *def = writer_def(b->w, e);
    const struct replica_table *t = writer_replica_table(b->w, e);
    struct update u = {.row = BUF_INIT(BUF_NO_LIMIT), .mutations = BUF_INIT(BUF_NO_LIMIT)};
    for (uint32_t i = 0; i < def->n_columns; i++) {
        if (t->columns[def->columns[i]].server_has) {
            update_column(b, e, def->columns[i], &u);
        }
    }
    enum verdict verdict = u.row.size || u.mutations.size ? SENT : CLEAN;
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

static bool
is_deletion(const struct writer *w, const struct writer_entry *e)
{
    return !e->is_wanted && e->actual && writer_def(w, e)->owns == WRITER_ROWS;
}

static enum verdict
emit_wanted(struct build *b, struct writer_entry *e)
{
    if (!e->actual) {
        /* A row that lives only while referred to would be gone at once: its referrer inserts it. */
        bool is_part = !writer_replica_table(b->w, e)->def->is_root;
        return is_part && writer_def(b->w, e)->owns == WRITER_ROWS ? WAITS : emit_insert(b, e);
    }
    if (writer_def(b->w, e)->forget) {
        writer_drop_put(b->w, e);
        return CLEAN;
    }
    return emit_update(b, e);
}

static enum verdict
emit(struct build *b, struct writer_entry *e)
{
    b->is_incomplete = false;
    if (e->is_wanted) {
        return emit_wanted(b, e);
    }
    if (!e->actual || !is_ours(b->w, e)) {
        return CLEAN;
    }
    if (is_deletion(b->w, e)) {
        begin_op_on_row(b, e, "delete", &b->w->stats.n_deletes);
        end_op(b);
        return SENT;
    }
    return emit_update(b, e);
}

/* --- Answers --- */

static void
txn_free(struct writer_txn *txn)
{
    vec_fini(&txn->ops);
    mem_add(&mem_writer_txn, -1);
    free(txn);
}

void
writer_forget_txns(struct writer *w)
{
    for (size_t i = 0; i < w->txns.n; i++) {
        w->link->forget(w->link_aux, w->txns.d[i]->id);
        txn_free(w->txns.d[i]);
    }
    vec_clear(&w->txns);
}

/* The key whose operation failed; NULL if that cannot be told. */
static struct writer_entry *
find_culprit(const struct writer_txn *txn, const json_t *result)
{
    size_t i;
    const json_t *element;
    json_array_foreach ((json_t *) result, i, element) {
        if (i < txn->ops.n && json_object_get(element, "error")) {
            return txn->ops.d[i];
        }
    }
    return txn->n_roots == 1 ? txn->root : NULL;
}

static void
refuse(struct writer *w, struct writer_entry *e, const struct err *err)
{
    log_err_rl("%s %s: refused: %s%s%s", writer_replica_table(w, e)->def->name, uuid_text(&e->uuid),
               err_tag(err) ? err_tag(err) : "", err_tag(err) ? ": " : "", err_detail(err));
    e->is_solo = true;
    writer_set_aside(w, e, ASIDE_REFUSED);
}

/* Takes the keys of 'txn' out of it: to be looked at again, but 'culprit' (or NULL), which is set aside. */
static void
release_keys(struct writer *w, struct writer_txn *txn, const struct writer_entry *culprit, const struct err *err)
{
    for (size_t i = 0; i < txn->ops.n; i++) {
        struct writer_entry *e = txn->ops.d[i];
        if (!e || !e->in_flight) {
            continue;                                        /* the second operation of one key */
        }
        bool was_changed = e->in_dirty;
        if (e == culprit && !was_changed) {
            refuse(w, e, err);
        } else {
            e->is_solo = e->is_solo && err;
            writer_mark_dirty(w, e);
        }
        e->in_flight = e->is_inserting = false;
    }
}

static void
txn_done(void *txn_, const json_t *result, struct err *err)
{
    struct writer_txn *txn = txn_;
    struct writer *w = txn->writer;
    for (size_t i = 0; i < w->txns.n; i++) {
        if (w->txns.d[i] == txn) {
            vec_remove_fast(&w->txns, i);
        }
    }
    bool is_lost = err && err_tag(err) && !strcmp(err_tag(err), "lost");
    struct writer_entry *culprit = err && !is_lost ? find_culprit(txn, result) : NULL;
    if (!err) {
        w->max_roots = w->max_roots < UINT32_MAX / 2 ? w->max_roots * 2 : UINT32_MAX;
    } else if (!is_lost) {
        w->stats.n_failed++;
        if (!culprit && txn->n_roots > 1) {
            w->max_roots = MIN(w->max_roots, (uint32_t) (txn->n_roots / 2));
        }
        log_dbg("transaction of %zu operations failed: %s", txn->ops.n, err_detail(err));
    }
    release_keys(w, txn, culprit, err);
    err_free(err);
    txn_free(txn);
    if (w->cbs->progress) {
        w->cbs->progress(w->aux);
    }
}

static uint64_t
transact(struct writer *w, struct writer_txn *txn, struct str ops)
{
    if (w->link->transact_text) {
        return w->link->transact_text(w->link_aux, ops, txn->ops.n, txn_done, txn);
    }
    json_t *json = json_loadb(ops.s, ops.n, JSON_ALLOW_NUL, NULL);
    CHECK(json);
    return w->link->transact(w->link_aux, json, txn_done, txn);
}

static void
close_txn(struct build *b)
{
    struct writer *w = b->w;
    if (b->txn) {
        struct writer_txn *txn = b->txn;
        buf_putc(&b->ops, ']');
        vec_push(&w->txns, txn);
        w->stats.n_transactions++;
        b->txn = NULL;
        txn->id = transact(w, txn, str_n(b->ops.data, b->ops.size));
        buf_clear(&b->ops);
    }
}

/* --- All keys --- */

/* What was set aside gets another chance, if something changed that may matter to it. */
static void
wake_aside(struct writer *w)
{
    struct writer_entries aside = w->aside;
    w->aside = (struct writer_entries) {0};
    for (size_t i = 0; i < aside.n; i++) {
        struct writer_entry *e = aside.d[i];
        e->in_aside = false;
        if (e->aside == ASIDE_REFUSED && !w->replica_changed) {
            writer_set_aside(w, e, ASIDE_REFUSED);
        } else if (e->aside != ASIDE_NOT) {
            writer_mark_dirty(w, e);
        } else {
            writer_entry_release(w, e);
        }
    }
    vec_fini(&aside);
    w->replica_changed = false;
}

static bool
is_full(const struct build *b)
{
    return b->txn && (b->txn->ops.n >= b->w->max_operations || b->txn->n_roots >= b->w->max_roots);
}

static void
handle_key(struct build *b, struct writer_entry *e)
{
    size_t n_before = b->txn ? b->txn->ops.n : 0;
    enum verdict verdict = emit(b, e);
    if (b->txn && b->txn->ops.n > n_before) {                /* 'e', or at least what it refers to */
        b->txn->n_roots++;
        b->txn->root = vec_last(&b->txn->ops);
    }
    if (verdict == SENT) {
        return;
    }
    e->in_dirty = false;
    if (verdict == WAITS || b->is_incomplete) {
        writer_set_aside(b->w, e, ASIDE_WAITING);
    } else if (verdict == NOT_NOW && b->w->cbs->recall) {
        b->w->tables[e->table].needs_recall = true;
    } else if (verdict == CLEAN) {
        e->is_solo = false;
    }
}

enum pass { PASS_PUT, PASS_DELETE, PASS_SOLO, N_PASSES };

static enum pass
pass_of(const struct writer *w, const struct writer_entry *e)
{
    return e->is_solo ? PASS_SOLO : is_deletion(w, e) ? PASS_DELETE : PASS_PUT;
}

/* Sorts what is dirty by pass and table into 'ret_order', stably; leaves out what is in flight. */
static size_t
order_dirty(const struct writer *w, struct writer_entry **ret_order)
{
    size_t n_groups = N_PASSES * w->n_tables;
    size_t *starts = xcalloc(n_groups + 1, sizeof *starts);
    size_t *groups = xcalloc(w->dirty.n + 1, sizeof *groups);
    size_t n = 0;
    for (size_t i = 0; i < w->dirty.n; i++) {
        const struct writer_entry *e = w->dirty.d[i];
        enum pass pass = pass_of(w, e);
        size_t table = pass == PASS_DELETE ? w->n_tables - 1 - e->table : e->table;
        groups[i] = e->in_flight ? SIZE_MAX : pass * w->n_tables + table;
        if (!e->in_flight) {
            starts[groups[i] + 1]++;
            n++;
        }
    }
    for (size_t i = 1; i <= n_groups; i++) {
        starts[i] += starts[i - 1];
    }
    for (size_t i = 0; i < w->dirty.n; i++) {
        if (groups[i] != SIZE_MAX) {
            ret_order[starts[groups[i]]++] = w->dirty.d[i];
        }
    }
    free(starts);
    free(groups);
    return n;
}

/* Drops from the list what is dirty no more. */
static void
sweep_dirty(struct writer *w)
{
    struct writer_entries swept = w->dirty;
    w->dirty = (struct writer_entries) {0};
    for (size_t i = 0; i < swept.n; i++) {
        struct writer_entry *e = swept.d[i];
        if (e->in_dirty) {
            vec_push(&w->dirty, e);
        } else {
            writer_entry_release(w, e);
        }
    }
    vec_fini(&swept);
}

static void
send_dirty(struct writer *w)
{
    struct writer_entry **order = xcalloc(w->dirty.n + 1, sizeof *order);
    size_t n = order_dirty(w, order);
    struct build b = {.w = w, .ops = BUF_INIT(BUF_NO_LIMIT)};
    for (size_t i = 0; i < n && w->txns.n < MAX_TXNS; i++) {
        struct writer_entry *e = order[i];
        bool is_sent_already = !e->in_dirty;
        if (is_sent_already) {
            continue;
        }
        if (b.txn && e->is_solo) {
            close_txn(&b);
            if (w->txns.n >= MAX_TXNS) {
                break;
            }
        }
        handle_key(&b, e);
        if (is_full(&b)) {
            close_txn(&b);
        }
    }
    close_txn(&b);
    buf_fini(&b.ops);
    free(order);
    sweep_dirty(w);
}

static void
tell_recalls(struct writer *w)
{
    for (uint32_t i = 0; i < w->n_tables; i++) {
        if (w->tables[i].needs_recall) {
            w->tables[i].needs_recall = false;
            w->cbs->recall(w->aux, w->tables[i].def->table);
        }
    }
}

uint64_t
writer_flush(struct writer *w)
{
    w->n_flushes++;
    if (w->txns.n <= MAX_TXNS / 2 && w->link->is_ready(w->link_aux)) {
        wake_aside(w);
        writer_wake_referrers(w);
        send_dirty(w);
        tell_recalls(w);
    }
    return w->n_flushes;
}
