/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a replica: what keeps rows, indexes, engine and feeds in step, and the begin and end of an update. */
#include <config.h>

#include "ovsdb/client/replica_private.h"

#include <stdlib.h>

MEM_TYPE(replica_row, "replica rows");

/* --- Rows --- */

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

struct replica_row *
replica_row_new(struct replica *replica, uint32_t table, const struct uuid *uuid)
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

void
replica_row_publish(struct replica *replica, struct replica_row *r)
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

void
replica_row_remove(struct replica *replica, struct replica_row *r)
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

struct replica_row *
replica_row_find(struct replica *replica, uint32_t table, const struct uuid *uuid)
{
    const struct row *row = replica_row(NULL, replica, table, uuid);
    return row ? replica_row_of(row) : NULL;
}

/* --- Differences --- */

void
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

void
row_diff_add_value(struct row_diff *rd, const struct replica *replica, uint32_t column, struct datum *value)
{
    const struct row *row = &rd->r->row;
    struct datum_type type = column_type(replica, row, column);
    struct datum diff;
    datum_diff(&diff, &row->columns[column], value, type);
    datum_fini(value, type);
    row_diff_add(rd, column, &diff);
}

void
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

void
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
                replica_row_remove(replica, r);
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
            replica_row_remove(replica, r);
        }
    }
    replica_apply_end(replica);
}
