/* SPDX-License-Identifier: Apache-2.0 */
/* Feeding a replica: updates from JSON, and the primitives that keep rows, indexes, engine and feeds in step. */
#include <config.h>

#include "ovsdb/client/replica.h"

#include <stdlib.h>

#include "lib/base/json.h"
#include "ovsdb/client/replica_private.h"
#include "ovsdb/model/datum_scan.h"

MEM_TYPE(replica_row, "replica rows");

/* --- Primitives --- */

static uint32_t
bit(uint32_t column)
{
    return UINT32_C(1) << (column % 32);
}

/* Row ids are free again once no derivation can remember them. */
static void
release_ids(struct replica *replica)
{
    if (!replica->retired_ids.n || (replica->derive && derive_is_dirty(replica->derive))) {
        return;
    }
    for (size_t i = 0; i < replica->retired_ids.n; i++) {
        uint64_t retired = replica->retired_ids.d[i];
        vec_push(&replica->tables[derive_first(retired)].free_ids, derive_second(retired));
    }
    vec_clear(&replica->retired_ids);
}

static uint32_t
take_id(struct replica_table *t)
{
    if (t->free_ids.n) {
        return vec_pop(&t->free_ids);
    }
    vec_push(&t->by_id, NULL);
    return (uint32_t) t->by_id.n - 1;
}

/* Adds a row with all columns at their default. */
static struct replica_row *
row_new(struct replica *replica, uint32_t table, const struct uuid *uuid)
{
    struct replica_table *t = &replica->tables[table];
    uint32_t n = t->has_columns ? t->def->n_columns : 0;
    struct replica_row *r = xcalloc(1, sizeof *r + n * sizeof r->row.columns[0]);
    mem_add(&mem_replica_row, +1);
    r->row.uuid = *uuid;
    r->row.derive_table = (uint16_t) (replica->derive_base + table);
    r->row.table = (uint8_t) table;
    r->row.n_columns = (uint8_t) n;
    r->row.replica = replica;
    r->row.id = take_id(t);
    t->by_id.d[r->row.id] = r;
    hmap_insert(&t->rows, &r->node, uuid_hash(uuid));
    for (uint32_t i = 0; i < n; i++) {
        datum_clone(&r->row.columns[i], &t->columns[i].initial, column_datum_type(&t->columns[i].type));
    }
    return r;
}

static void
row_free(struct replica *replica, struct replica_row *r)
{
    const struct replica_table *t = &replica->tables[r->row.table];
    for (uint32_t i = 0; i < r->row.n_columns; i++) {
        datum_fini(&r->row.columns[i], column_datum_type(&t->columns[i].type));
    }
    mem_add(&mem_replica_row, -1);
    free(r);
}

static void
note_change(struct replica *replica, struct replica_row *r, uint8_t change, uint32_t columns)
{
    r->changed |= columns;
    if (!r->change) {
        r->change = change;
        vec_push(&replica->changes, r);
    } else if (change == CHANGED_DELETED) {
        r->change = r->change == CHANGED_INSERTED ? CHANGED_CAME_AND_WENT : CHANGED_DELETED;
    }
}

/* A row is complete: it becomes visible to indexes, engine and feeds. */
static void
publish_row(struct replica *replica, struct replica_row *r)
{
    struct replica_table *t = &replica->tables[r->row.table];
    for (size_t i = 0; i < t->indexes.n; i++) {
        index_add_row(t->indexes.d[i], &r->row, replica->derive);
    }
    replica_touch_row_key(replica, &r->row);
    if (replica->derive) {
        derive_row_added(replica->derive, r->row.derive_table, r->row.id);
    }
    note_change(replica, r, CHANGED_INSERTED, UINT32_MAX);
}

static void
remove_row(struct replica *replica, struct replica_row *r)
{
    struct replica_table *t = &replica->tables[r->row.table];
    for (size_t i = 0; i < t->indexes.n; i++) {
        index_remove_row(t->indexes.d[i], &r->row, replica->derive);
    }
    hmap_remove(&t->rows, &r->node);
    t->by_id.d[r->row.id] = NULL;
    vec_push(&replica->retired_ids, derive_pair(r->row.table, r->row.id));
    replica_touch_row_key(replica, &r->row);
    if (replica->derive) {
        derive_row_removed(replica->derive, r->row.derive_table, r->row.id);
    }
    note_change(replica, r, CHANGED_DELETED, UINT32_MAX);
}

/* Changes to the columns of one row that take effect together. */
struct row_diff {
    struct replica_row *r;
    uint32_t mask;
    uint32_t n;
    struct {
        uint32_t column;
        struct datum diff;                                   /* datum_diff() of old and new; owned, not empty */
    } changes[MAX_COLUMNS];
};

/* Takes 'diff'. */
static void
row_diff_add(struct row_diff *rd, uint32_t column, struct datum *diff)
{
    if (diff->n) {
        rd->changes[rd->n].column = column;
        rd->changes[rd->n++].diff = *diff;
        rd->mask |= bit(column);
    }
}

static struct datum_type
column_type(const struct replica *replica, const struct row *row, uint32_t column)
{
    return column_datum_type(&replica->tables[row->table].columns[column].type);
}

/* Adds the change of 'column' to 'value'.  Takes 'value'. */
static void
row_diff_add_value(struct row_diff *rd, const struct replica *replica, uint32_t column, struct datum *value)
{
    const struct row *row = &rd->r->row;
    struct datum_type type = column_type(replica, row, column);
    struct datum diff;
    datum_diff(&diff, &row->columns[column], value, type);
    datum_fini(value, type);
    row_diff_add(rd, column, &diff);
}

static void
row_diff_drop(struct row_diff *rd, const struct replica *replica)
{
    for (uint32_t i = 0; i < rd->n; i++) {
        datum_fini(&rd->changes[i].diff, column_type(replica, &rd->r->row, rd->changes[i].column));
    }
    rd->n = 0;
}

static void
row_diff_index(const struct row_diff *rd, struct replica *replica, bool before)
{
    struct replica_table *t = &replica->tables[rd->r->row.table];
    const struct row *row = &rd->r->row;
    for (size_t i = 0; i < t->indexes.n; i++) {
        struct index *index = t->indexes.d[i];
        if (!index_involves(index, rd->mask)) {
            continue;
        }
        const struct datum *single = NULL;
        for (uint32_t j = 0; j < rd->n; j++) {
            if (index_is_of(index, rd->changes[j].column)) {
                single = &rd->changes[j].diff;
            }
        }
        if (single) {
            (before ? index_before_diff : index_after_diff)(index, row, single, replica->derive);
        } else {
            (before ? index_remove_row : index_add_row)(index, row, replica->derive);
        }
    }
}

/* Makes the changes of 'rd', whose contents are freed. */
static void
row_diff_apply(struct row_diff *rd, struct replica *replica)
{
    if (rd->n) {
        row_diff_index(rd, replica, true);
        for (uint32_t i = 0; i < rd->n; i++) {
            uint32_t column = rd->changes[i].column;
            datum_apply_diff(&rd->r->row.columns[column], &rd->changes[i].diff,
                             column_type(replica, &rd->r->row, column));
        }
        row_diff_index(rd, replica, false);
        if (replica->derive) {
            derive_row_changed(replica->derive, rd->r->row.derive_table, rd->r->row.id, rd->mask);
        }
        note_change(replica, rd->r, CHANGED_MODIFIED, rd->mask);
    }
    row_diff_drop(rd, replica);
}

/* --- Updates --- */

void
replica_apply_begin(struct replica *replica)
{
    CHECK(!replica->in_update);
    replica->in_update = true;
    release_ids(replica);
}

void
replica_expect_snapshot(struct replica *replica)
{
    CHECK(!replica->in_update);
    for (uint32_t i = 0; i < replica->def->n_tables; i++) {
        HMAP_FOR_EACH (r, struct replica_row, node, &replica->tables[i].rows) {
            r->was_mentioned = false;
        }
    }
    replica->expects_snapshot = true;
}

static void
remove_unmentioned(struct replica *replica)
{
    for (uint32_t i = 0; i < replica->def->n_tables; i++) {
        HMAP_FOR_EACH_SAFE (r, struct replica_row, node, &replica->tables[i].rows) {
            if (!r->was_mentioned) {
                remove_row(replica, r);
            }
        }
    }
    replica->expects_snapshot = false;
}

static void
tell_feeds(struct replica *replica, const struct replica_row *r)
{
    static const enum replica_change changes[] = {
        [CHANGED_INSERTED] = REPLICA_INSERTED,
        [CHANGED_MODIFIED] = REPLICA_MODIFIED,
        [CHANGED_DELETED] = REPLICA_DELETED,
    };
    for (size_t i = 0; i < replica->feeds.n && r->change != CHANGED_CAME_AND_WENT; i++) {
        replica->feeds.d[i].cb(replica->feeds.d[i].aux, changes[r->change], &r->row, r->changed);
    }
}

void
replica_apply_end(struct replica *replica)
{
    CHECK(replica->in_update);
    if (replica->expects_snapshot) {
        remove_unmentioned(replica);
    }
    for (size_t i = 0; i < replica->changes.n; i++) {
        tell_feeds(replica, replica->changes.d[i]);
    }
    for (size_t i = 0; i < replica->changes.n; i++) {
        struct replica_row *r = replica->changes.d[i];
        if (r->change == CHANGED_DELETED || r->change == CHANGED_CAME_AND_WENT) {
            row_free(replica, r);
        } else {
            r->change = 0;
            r->changed = 0;
        }
    }
    vec_clear(&replica->changes);
    replica->in_update = false;
}

void
replica_clear(struct replica *replica)
{
    if (!replica->in_update) {
        replica_apply_begin(replica);
    }
    replica->expects_snapshot = false;
    for (uint32_t i = 0; i < replica->def->n_tables; i++) {
        HMAP_FOR_EACH_SAFE (r, struct replica_row, node, &replica->tables[i].rows) {
            remove_row(replica, r);
        }
    }
    replica_apply_end(replica);
}

/* --- From JSON text --- */

static struct replica_row *
find_row(struct replica *replica, uint32_t table, const struct uuid *uuid)
{
    const struct row *row = replica_row(NULL, replica, table, uuid);
    return row ? replica_row_of(row) : NULL;
}

static int
compare_table_name(const void *name, const void *def)
{
    return str_cmp(*(const struct str *) name, str_from(((const struct replica_table_def *) def)->name));
}

static int
compare_column_name(const void *name, const void *def)
{
    return str_cmp(*(const struct str *) name, str_from(((const struct replica_column *) def)->name));
}

/* How a row's columns are given. */
enum content {
    CONTENT_FULL,                                            /* all; what is missing is at its default */
    CONTENT_PARTIAL,                                         /* new values of some */
    CONTENT_DIFF,                                            /* differences of some, as in "modify" */
};

static struct err *
scan_column(struct row_diff *rd, const struct replica *replica, uint32_t column, struct json_scan *scan,
            enum content content)
{
    const struct replica_column_state *state = &replica->tables[rd->r->row.table].columns[column];
    struct datum datum;
    struct err *err = datum_scan(scan, replica->strings, &state->type, false, &datum);
    if (err) {
        return err_wrap(err, "column %s", replica->tables[rd->r->row.table].def->columns[column].name);
    }
    if (content == CONTENT_DIFF && !state->server_sends_value) {
        row_diff_add(rd, column, &datum);
    } else {
        row_diff_add_value(rd, replica, column, &datum);
    }
    return NULL;
}

static struct err *
scan_columns(struct row_diff *rd, const struct replica *replica, struct json_scan *scan, enum content content)
{
    const struct replica_table *t = &replica->tables[rd->r->row.table];
    uint64_t given = 0;
    json_scan_object(scan);
    for (struct str name; json_scan_member(scan, &name);) {
        const struct replica_column *def =
            bsearch(&name, t->def->columns, t->def->n_columns, sizeof *def, compare_column_name);
        uint32_t column = def ? (uint32_t) (def - t->def->columns) : 0;
        if (!def || !t->columns[column].is_monitored) {
            return err_tagged("syntax error", "column " STR_FMT " is not monitored", STR_ARG(name));
        }
        if (given & UINT64_C(1) << column) {
            return err_tagged("syntax error", "column %s is given twice", def->name);
        }
        given |= UINT64_C(1) << column;
        struct err *err = scan_column(rd, replica, column, scan, content);
        if (err) {
            return err;
        }
    }
    for (uint32_t i = 0; content == CONTENT_FULL && i < rd->r->row.n_columns; i++) {
        if (!(given & UINT64_C(1) << i)) {
            struct datum initial;
            datum_clone(&initial, &t->columns[i].initial, column_datum_type(&t->columns[i].type));
            row_diff_add_value(rd, replica, i, &initial);
        }
    }
    return json_scan_error(scan);
}

static struct err *
update_row(struct replica *replica, struct replica_row *r, struct json_scan *scan, enum content content)
{
    struct row_diff rd;
    rd.r = r;
    rd.mask = rd.n = 0;
    struct err *err = scan_columns(&rd, replica, scan, content);
    if (err) {
        row_diff_drop(&rd, replica);
        return err;
    }
    row_diff_apply(&rd, replica);
    return NULL;
}

static struct err *
insert_row(struct replica *replica, uint32_t table, const struct uuid *uuid, struct json_scan *scan)
{
    struct replica_row *r = row_new(replica, table, uuid);
    const struct replica_table *t = &replica->tables[table];
    struct row_diff rd;
    rd.r = r;
    rd.mask = rd.n = 0;
    struct err *err = scan_columns(&rd, replica, scan, CONTENT_PARTIAL);
    for (uint32_t i = 0; !err && i < rd.n; i++) {
        uint32_t column = rd.changes[i].column;
        datum_apply_diff(&r->row.columns[column], &rd.changes[i].diff, column_datum_type(&t->columns[column].type));
    }
    row_diff_drop(&rd, replica);
    r->was_mentioned = true;
    publish_row(replica, r);                                 /* complete or not, to be removed in one way */
    return err;
}

/* "initial" and "insert": a row that may be known already when a snapshot is expected. */
static struct err *
put_row(struct replica *replica, uint32_t table, const struct uuid *uuid, struct json_scan *scan)
{
    struct replica_row *r = find_row(replica, table, uuid);
    if (!r) {
        return insert_row(replica, table, uuid, scan);
    }
    r->was_mentioned = true;
    return update_row(replica, r, scan, CONTENT_FULL);
}

static struct err *
change_row(struct replica *replica, uint32_t table, const struct uuid *uuid, struct json_scan *scan,
           enum content content)
{
    struct replica_row *r = find_row(replica, table, uuid);
    return r ? update_row(replica, r, scan, content) : err_tagged("unknown row", "cannot modify what is not here");
}

static struct err *
drop_row(struct replica *replica, uint32_t table, const struct uuid *uuid)
{
    struct replica_row *r = find_row(replica, table, uuid);
    if (!r) {
        return err_tagged("unknown row", "cannot delete what is not here");
    }
    remove_row(replica, r);
    return NULL;
}

/* One <row-update> of RFC 7047 section 4.1.6. */
static struct err *
apply_row1(struct replica *replica, uint32_t table, const struct uuid *uuid, struct json_scan *scan)
{
    bool has_old = false;
    const char *new_at = NULL;
    json_scan_object(scan);
    for (struct str name; json_scan_member(scan, &name);) {
        bool is_old = str_is(name, "old");
        if ((is_old || str_is(name, "new")) && json_scan_peek(scan) != '{') {
            return err_tagged("syntax error", "\"old\" and \"new\" are rows");
        }
        has_old = has_old || is_old;
        new_at = str_is(name, "new") ? scan->p : new_at;
        json_scan_skip(scan);
    }
    if (!json_scan_is_ok(scan)) {
        return json_scan_error(scan);
    }
    if (!new_at) {
        return has_old ? drop_row(replica, table, uuid)
                       : err_tagged("syntax error", "neither \"old\" nor \"new\" is there");
    }
    /* Only now it is known what the columns mean. */
    const char *end = scan->p;
    scan->p = new_at;
    struct err *err = has_old ? change_row(replica, table, uuid, scan, CONTENT_PARTIAL)
                              : put_row(replica, table, uuid, scan);
    scan->p = end;
    return err;
}

enum kind2 { KIND_INITIAL, KIND_INSERT, KIND_MODIFY, KIND_DELETE, N_KINDS2 };

static enum kind2
kind2_from_name(struct str name)
{
    static const char *const names[] = {"initial", "insert", "modify", "delete"};
    enum kind2 kind = 0;
    while (kind < N_KINDS2 && !str_is(name, names[kind])) {
        kind++;
    }
    return kind;
}

/* One <row-update2> of ovsdb-server(7). */
static struct err *
apply_row2(struct replica *replica, uint32_t table, const struct uuid *uuid, struct json_scan *scan)
{
    struct str name;
    json_scan_object(scan);
    if (!json_scan_member(scan, &name)) {
        return err_tagged("syntax error", "not one of \"initial\", \"insert\", \"modify\" and \"delete\"");
    }
    enum kind2 kind = kind2_from_name(name);
    if (kind == N_KINDS2) {
        return err_tagged("syntax error", "\"" STR_FMT "\" is not a kind of update", STR_ARG(name));
    }
    if (kind != KIND_DELETE && json_scan_peek(scan) != '{') {
        return err_tagged("syntax error", "\"" STR_FMT "\" is not followed by an object", STR_ARG(name));
    }
    struct err *err;
    if (kind == KIND_DELETE) {
        json_scan_skip(scan);
        err = drop_row(replica, table, uuid);
    } else if (kind == KIND_MODIFY) {
        err = change_row(replica, table, uuid, scan, CONTENT_DIFF);
    } else {
        err = put_row(replica, table, uuid, scan);
    }
    if (!err && json_scan_member(scan, &name)) {
        err = err_tagged("syntax error", "more than one kind of update");
    }
    return err;
}

typedef struct err *apply_row_fn(struct replica *, uint32_t table, const struct uuid *, struct json_scan *);

static struct err *
apply_table(struct replica *replica, uint32_t table, struct json_scan *scan, apply_row_fn *apply_row)
{
    json_scan_object(scan);
    for (struct str text; json_scan_member(scan, &text);) {
        struct uuid uuid;
        if (!uuid_from_text(text, &uuid) || json_scan_peek(scan) != '{') {
            return err_tagged("syntax error", "row " STR_FMT ": not a uuid and an object", STR_ARG(text));
        }
        struct err *err = apply_row(replica, table, &uuid, scan);
        if (err) {
            return err_wrap(err, "row %s", uuid_text(&uuid));
        }
    }
    return json_scan_error(scan);
}

static struct err *
scan_tables(struct replica *replica, struct json_scan *scan, apply_row_fn *apply_row)
{
    if (json_scan_peek(scan) != '{') {
        return err_tagged("syntax error", "table updates are not an object");
    }
    json_scan_object(scan);
    for (struct str name; json_scan_member(scan, &name);) {
        const struct replica_table_def *def =
            bsearch(&name, replica->def->tables, replica->def->n_tables, sizeof *def, compare_table_name);
        uint32_t table = def ? (uint32_t) (def - replica->def->tables) : 0;
        if (!def || !replica->tables[table].is_monitored || json_scan_peek(scan) != '{') {
            return err_tagged("syntax error", "table " STR_FMT ": not monitored, or not an object", STR_ARG(name));
        }
        struct err *err = apply_table(replica, table, scan, apply_row);
        if (err) {
            return err_wrap(err, "table %s", def->name);
        }
    }
    return json_scan_error(scan);
}

static struct err *
apply_tables(struct replica *replica, struct json_scan *scan, apply_row_fn *apply_row)
{
    CHECK(replica->in_update);
    replica->strings = string_cache_new(json_scan_left(scan));
    struct err *err = scan_tables(replica, scan, apply_row);
    string_cache_free(replica->strings);
    replica->strings = NULL;
    return err;
}

struct err *
replica_apply_update(struct replica *replica, struct json_scan *table_updates)
{
    return apply_tables(replica, table_updates, apply_row1);
}

struct err *
replica_apply_update2(struct replica *replica, struct json_scan *table_updates2)
{
    return apply_tables(replica, table_updates2, apply_row2);
}

/* --- For tests --- */

static bool
begin_if_needed(struct replica *replica)
{
    bool begun = !replica->in_update;
    if (begun) {
        replica_apply_begin(replica);
    }
    return begun;
}

static void
end_if_begun(struct replica *replica, bool begun)
{
    if (begun) {
        replica_apply_end(replica);
    }
}

struct err *
replica_test_apply(struct replica *replica, const json_t *updates, bool is_v1)
{
    char *text = json_text(updates);
    struct json_scan scan;
    json_scan_init(&scan, str_from(text));
    bool begun = begin_if_needed(replica);
    struct err *err = (is_v1 ? replica_apply_update : replica_apply_update2)(replica, &scan);
    end_if_begun(replica, begun);
    json_scan_fini(&scan);
    free(text);
    return err;
}

struct row *
replica_test_insert(struct replica *replica, uint32_t table, const struct uuid *uuid)
{
    CHECK(!find_row(replica, table, uuid));
    bool begun = begin_if_needed(replica);
    replica->tables[table].is_monitored = true;
    struct replica_row *r = row_new(replica, table, uuid);
    publish_row(replica, r);
    end_if_begun(replica, begun);
    return &r->row;
}

void
replica_test_set(struct replica *replica, struct row *row, uint32_t column, struct datum *datum)
{
    CHECK(column < row->n_columns);
    bool begun = begin_if_needed(replica);
    struct row_diff rd;
    rd.r = replica_row_of(row);
    rd.mask = rd.n = 0;
    row_diff_add_value(&rd, replica, column, datum);
    row_diff_apply(&rd, replica);
    end_if_begun(replica, begun);
}

void
replica_test_delete(struct replica *replica, struct row *row)
{
    bool begun = begin_if_needed(replica);
    remove_row(replica, replica_row_of(row));
    end_if_begun(replica, begun);
}
