/* SPDX-License-Identifier: Apache-2.0 */
/* Feeding a replica: updates from JSON text. */
#include <config.h>

#include "ovsdb/client/replica.h"

#include <stdlib.h>

#include "lib/base/json.h"
#include "ovsdb/client/replica_private.h"
#include "ovsdb/model/datum_scan.h"

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
    row_diff_init(&rd, r);
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
    struct replica_row *r = replica_row_new(replica, table, uuid);
    const struct replica_table *t = &replica->tables[table];
    struct row_diff rd;
    row_diff_init(&rd, r);
    struct err *err = scan_columns(&rd, replica, scan, CONTENT_PARTIAL);
    for (uint32_t i = 0; !err && i < rd.n; i++) {
        uint32_t column = rd.changes[i].column;
        datum_apply_diff(&r->row.columns[column], &rd.changes[i].diff, column_datum_type(&t->columns[column].type));
    }
    row_diff_drop(&rd, replica);
    r->was_mentioned = true;
    replica_row_publish(replica, r);                                 /* complete or not, to be removed in one way */
    return err;
}

/* "initial" and "insert": a row that may be known already when a snapshot is expected. */
static struct err *
put_row(struct replica *replica, uint32_t table, const struct uuid *uuid, struct json_scan *scan)
{
    struct replica_row *r = replica_row_find(replica, table, uuid);
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
    struct replica_row *r = replica_row_find(replica, table, uuid);
    return r ? update_row(replica, r, scan, content) : err_tagged("unknown row", "cannot modify what is not here");
}

static struct err *
drop_row(struct replica *replica, uint32_t table, const struct uuid *uuid)
{
    struct replica_row *r = replica_row_find(replica, table, uuid);
    if (!r) {
        return err_tagged("unknown row", "cannot delete what is not here");
    }
    replica_row_remove(replica, r);
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
    CHECK(!replica_row_find(replica, table, uuid));
    bool begun = begin_if_needed(replica);
    replica->tables[table].is_monitored = true;
    struct replica_row *r = replica_row_new(replica, table, uuid);
    replica_row_publish(replica, r);
    end_if_begun(replica, begun);
    return &r->row;
}

void
replica_test_set(struct replica *replica, struct row *row, uint32_t column, struct datum *datum)
{
    CHECK(column < row->n_columns);
    bool begun = begin_if_needed(replica);
    struct row_diff rd;
    row_diff_init(&rd, replica_row_of(row));
    row_diff_add_value(&rd, replica, column, datum);
    row_diff_apply(&rd, replica);
    end_if_begun(replica, begun);
}

void
replica_test_delete(struct replica *replica, struct row *row)
{
    bool begun = begin_if_needed(replica);
    replica_row_remove(replica, replica_row_of(row));
    end_if_begun(replica, begun);
}
