/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENT_REPLICA_PRIVATE_H
#define WEFT_OVSDB_CLIENT_REPLICA_PRIVATE_H

/* What: the inside of a replica, shared by replica.c (what is monitored, reading), replica_change.c (what
 * an update does to rows, indexes, engine and feeds) and replica_apply.c (updates as text). */

#include "lib/base/hmap.h"
#include "lib/base/vec.h"
#include "ovsdb/client/index.h"
#include "ovsdb/client/replica.h"

/* A row with what only the replica knows of it. */
struct replica_row {
    struct hmap_node node;                                   /* in replica_table.rows, by uuid */
    uint32_t changed;                                        /* columns (modulo 32) changed in this update */
    uint8_t change;                                          /* what this update did: 0 or CHANGED_* */
    bool was_mentioned;                                      /* by the snapshot that is expected */
    struct row row;
};
enum { CHANGED_INSERTED = 1, CHANGED_MODIFIED, CHANGED_DELETED, CHANGED_CAME_AND_WENT };
static inline struct replica_row *replica_row_of(const struct row *row) { return CONTAINER_OF(row, struct replica_row, row); }

struct replica_column_state {
    struct column_type type;                                 /* without constraints */
    struct datum initial;                                    /* what columns without data hold; owned */
    bool is_monitored;
    bool server_has;                                         /* with the same type; true until a schema says no */
    bool server_sends_value;                                 /* in "modify": the new value, not a difference */
};

struct replica_table {
    const struct replica_table_def *def;
    struct replica_column_state *columns;
    struct hmap rows;
    VEC(struct replica_row *) by_id;                         /* NULL where the id is free */
    VEC(uint32_t) free_ids;
    VEC(struct index *) indexes;                             /* owned */
    json_t *condition;                                       /* NULL: all rows */
    bool is_monitored, has_columns, server_has;
};

struct replica_feed {
    replica_feed_cb *cb;
    void *aux;
};

struct replica {
    const struct replica_schema_def *def;
    struct replica_table *tables;
    VEC(struct index *) indexes;                             /* of all tables, by index number */
    struct derive *derive;                                   /* or NULL */
    uint16_t derive_base, space_base;
    uint32_t n_extensions;                                   /* how often the server came to have more of what we know */
    uint32_t n_restarts;                                     /* how often a server began to feed us */
    bool in_update, expects_snapshot;
    struct string_cache *strings;                            /* while JSON is applied; or NULL */
    VEC(struct replica_row *) changes;                       /* of this update; deleted rows are freed at its end */
    VEC(struct replica_feed) feeds;
    VEC(uint64_t) retired_ids;                               /* derive_pair(table, id) of removed rows */
};

void replica_touch_row_key(struct replica *replica, const struct row *row);

/* replica_change.c.  All of it belongs between replica_apply_begin() and replica_apply_end(). */
struct replica_row *replica_row_find(struct replica *replica, uint32_t table, const struct uuid *uuid);      /* or NULL */
/* Adds a row with all columns at their default. */
struct replica_row *replica_row_new(struct replica *replica, uint32_t table, const struct uuid *uuid);
/* A row is complete: it becomes visible to indexes, engine and feeds. */
void replica_row_publish(struct replica *replica, struct replica_row *r);
void replica_row_remove(struct replica *replica, struct replica_row *r);

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

/* Leaves 'changes' alone, which is large. */
static inline void
row_diff_init(struct row_diff *rd, struct replica_row *r)
{
    rd->r = r;
    rd->mask = rd->n = 0;
}
void row_diff_add(struct row_diff *rd, uint32_t column, struct datum *diff /* taken */);
/* Adds the change of 'column' to 'value', which is taken. */
void row_diff_add_value(struct row_diff *rd, const struct replica *replica, uint32_t column, struct datum *value);
/* Makes the changes of 'rd', whose contents are freed. */
void row_diff_apply(struct row_diff *rd, struct replica *replica);
void row_diff_drop(struct row_diff *rd, const struct replica *replica);

#endif
