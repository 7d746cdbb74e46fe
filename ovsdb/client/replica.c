/* SPDX-License-Identifier: Apache-2.0 */
/* What is monitored, and reading.  Feeding is in replica_apply.c. */
#include <config.h>

#include "ovsdb/client/replica.h"

#include <float.h>
#include <stdlib.h>

#include "ovsdb/client/replica_private.h"
#include "ovsdb/client/row.h"

static struct base_type
unconstrained(enum atom_type type)
{
    return (struct base_type) {.type = type, .integer_min = INT64_MIN, .integer_max = INT64_MAX,
                               .real_min = -DBL_MAX, .real_max = DBL_MAX, .string_max = UINT32_MAX};
}

static void
init_column(struct replica_column_state *column, const struct replica_column *def)
{
    column->type = (struct column_type) {
        .key = unconstrained(def->type.key),
        .value = unconstrained(def->type.value),
        .n_min = def->is_scalar,
        .n_max = def->is_single ? 1 : UINT32_MAX,
    };
    datum_init_default(&column->initial, &column->type);
    column->server_has = true;
    column->server_sends_value = def->is_single;
}

static void
init_table(struct replica_table *table, const struct replica_table_def *def)
{
    CHECK(def->n_columns <= MAX_COLUMNS);
    table->def = def;
    table->server_has = true;
    hmap_init(&table->rows);
    table->columns = xcalloc(def->n_columns, sizeof *table->columns);
    for (uint32_t i = 0; i < def->n_columns; i++) {
        CHECK(!i || strcmp(def->columns[i - 1].name, def->columns[i].name) < 0);
        init_column(&table->columns[i], &def->columns[i]);
    }
}

struct replica *
replica_new(const struct replica_schema_def *def, uint16_t derive_base, uint16_t space_base)
{
    CHECK(def->n_tables <= UINT8_MAX);
    struct replica *replica = xcalloc(1, sizeof *replica);
    replica->def = def;
    replica->derive_base = derive_base;
    replica->space_base = space_base;
    replica->tables = xcalloc(def->n_tables, sizeof *replica->tables);
    for (uint32_t i = 0; i < def->n_tables; i++) {
        CHECK(!i || strcmp(def->tables[i - 1].name, def->tables[i].name) < 0);
        init_table(&replica->tables[i], &def->tables[i]);
    }
    return replica;
}

static void
fini_table(struct replica_table *table)
{
    for (uint32_t i = 0; i < table->def->n_columns; i++) {
        datum_fini(&table->columns[i].initial, column_datum_type(&table->columns[i].type));
    }
    for (size_t i = 0; i < table->indexes.n; i++) {
        index_free(table->indexes.d[i]);
    }
    free(table->columns);
    hmap_fini(&table->rows);
    vec_fini(&table->by_id);
    vec_fini(&table->free_ids);
    vec_fini(&table->indexes);
    json_decref(table->condition);
}

void
replica_free(struct replica *replica)
{
    if (!replica) {
        return;
    }
    replica->derive = NULL;
    vec_clear(&replica->feeds);
    replica_clear(replica);
    for (uint32_t i = 0; i < replica->def->n_tables; i++) {
        fini_table(&replica->tables[i]);
    }
    free(replica->tables);
    vec_fini(&replica->indexes);
    vec_fini(&replica->changes);
    vec_fini(&replica->feeds);
    vec_fini(&replica->retired_ids);
    free(replica);
}

void
replica_attach(struct replica *replica, struct derive *d)
{
    replica->derive = d;
    if (!d) {
        return;
    }
    for (uint32_t i = 0; i < replica->def->n_tables; i++) {
        HMAP_FOR_EACH (r, struct replica_row, node, &replica->tables[i].rows) {
            derive_row_added(d, r->row.derive_table, r->row.id);
        }
    }
}

const struct replica_schema_def *
replica_def(const struct replica *replica)
{
    return replica->def;
}

void
replica_add_feed(struct replica *replica, replica_feed_cb *cb, void *aux)
{
    vec_push(&replica->feeds, (struct replica_feed) {cb, aux});
}

void
replica_remove_feed(struct replica *replica, replica_feed_cb *cb, void *aux)
{
    for (size_t i = replica->feeds.n; i-- > 0;) {
        if (replica->feeds.d[i].cb == cb && replica->feeds.d[i].aux == aux) {
            vec_remove_fast(&replica->feeds, i);
        }
    }
}

/* What is monitored. */

static struct replica_table *
table_of(const struct replica *replica, uint32_t table)
{
    CHECK(table < replica->def->n_tables);
    return &replica->tables[table];
}

void
replica_monitor_table(struct replica *replica, uint32_t table)
{
    table_of(replica, table)->is_monitored = true;
}

void
replica_monitor_column(struct replica *replica, uint32_t table, uint32_t column)
{
    struct replica_table *t = table_of(replica, table);
    CHECK(column < t->def->n_columns && (t->has_columns || !hmap_count(&t->rows)));
    t->is_monitored = true;
    t->has_columns = true;
    t->columns[column].is_monitored = true;
}

bool
replica_is_table_monitored(const struct replica *replica, uint32_t table)
{
    return table_of(replica, table)->is_monitored;
}

bool
replica_is_monitored(const struct replica *replica, uint32_t table, uint32_t column)
{
    const struct replica_table *t = table_of(replica, table);
    CHECK(column < t->def->n_columns);
    return t->columns[column].is_monitored;
}

bool
replica_set_condition(struct replica *replica, uint32_t table, json_t *condition)
{
    struct replica_table *t = table_of(replica, table);
    bool differs = condition && t->condition ? !json_equal(condition, t->condition) : condition != t->condition;
    json_decref(t->condition);
    t->condition = condition;
    return differs;
}

uint32_t
replica_add_index(struct replica *replica, uint32_t table, const uint32_t *columns, uint32_t n_columns, uint16_t space)
{
    struct replica_table *t = table_of(replica, table);
    CHECK(n_columns && n_columns <= MAX_COLUMNS && !hmap_count(&t->rows));
    struct datum_type types[MAX_COLUMNS];
    for (uint32_t i = 0; i < n_columns; i++) {
        CHECK(columns[i] < t->def->n_columns && (n_columns == 1 || t->def->columns[columns[i]].is_scalar));
        types[i] = t->def->columns[columns[i]].type;
        replica_monitor_column(replica, table, columns[i]);
    }
    struct index *index = index_new(columns, types, n_columns, space);
    vec_push(&t->indexes, index);
    vec_push(&replica->indexes, index);
    return (uint32_t) replica->indexes.n - 1;
}

/* Compares what the server offers with what is asked for.  'server' is NULL if it lacks the table.  True if it
 * offers something now that it did not. */
static bool
note_server_table(struct replica_table *t, const struct table *server)
{
    bool has_more = server && !t->server_has;
    t->server_has = server != NULL;
    for (uint32_t i = 0; i < t->def->n_columns; i++) {
        const struct replica_column *def = &t->def->columns[i];
        const struct column *column = server ? table_column(server, def->name) : NULL;
        bool server_has = column && column->type.key.type == def->type.key && column->type.value.type == def->type.value;
        has_more |= server_has && !t->columns[i].server_has;
        t->columns[i].server_has = server_has;
        t->columns[i].server_sends_value = column && column->type.n_max == 1;
    }
    return has_more;
}

static json_t *
table_request(const struct replica_table *t, bool with_condition)
{
    json_t *columns = json_array();
    for (uint32_t i = 0; i < t->def->n_columns; i++) {
        if (t->columns[i].is_monitored && t->columns[i].server_has) {
            json_array_append_new(columns, json_string(t->def->columns[i].name));
        }
    }
    json_t *request = json_object();
    json_object_set_new(request, "columns", columns);
    if (with_condition && t->condition) {
        json_object_set(request, "where", t->condition);
    }
    return request;
}

void
replica_set_server_schema(struct replica *replica, const struct schema *schema)
{
    for (uint32_t i = 0; i < replica->def->n_tables; i++) {
        struct replica_table *t = &replica->tables[i];
        if (note_server_table(t, schema_table(schema, t->def->name))) {
            replica->n_extensions++;
        }
    }
}

void
replica_note_restart(struct replica *replica)
{
    replica->n_restarts++;
}

json_t *
replica_monitor_requests(const struct replica *replica, bool with_conditions)
{
    json_t *requests = json_object();
    for (uint32_t i = 0; i < replica->def->n_tables; i++) {
        const struct replica_table *t = &replica->tables[i];
        if (t->is_monitored && t->server_has) {
            json_object_set_new(requests, t->def->name, json_pack("[o]", table_request(t, with_conditions)));
        }
    }
    return requests;
}

bool
replica_server_has(const struct replica *replica, uint32_t table, uint32_t column)
{
    const struct replica_table *t = table_of(replica, table);
    CHECK(column < t->def->n_columns);
    return t->columns[column].server_has;
}

/* Reading. */

const struct row *
row_checked(const struct row *row, const struct replica_schema_def *def, uint32_t table)
{
    CHECK(!row || (row->table == table && row->replica->def == def));
    return row;
}

const struct row *
replica_row(struct derive *d, const struct replica *replica, uint32_t table, const struct uuid *uuid)
{
    const struct replica_table *t = table_of(replica, table);
    uint64_t hash = uuid_hash(uuid);
    derive_read_key(d, (uint16_t) (replica->space_base + table), hash);
    HMAP_FOR_EACH_WITH_HASH (r, struct replica_row, node, hash, &t->rows) {
        if (uuid_eq(&r->row.uuid, uuid)) {
            return &r->row;
        }
    }
    return NULL;
}

void
replica_touch_row_key(struct replica *replica, const struct row *row)
{
    if (replica->derive) {
        derive_touch_key(replica->derive, (uint16_t) (replica->space_base + row->table), uuid_hash(&row->uuid));
    }
}

size_t
replica_find_all(struct derive *d, const struct replica *replica, uint32_t index, const union atom *keys,
                 const struct row *const **ret)
{
    CHECK(index < replica->indexes.n);
    const struct index *ix = replica->indexes.d[index];
    uint64_t hash = index_hash(ix, keys);
    derive_read_key(d, index_space(ix), hash);
    size_t n;
    *ret = index_find(ix, keys, hash, &n);
    return n;
}

const struct row *
replica_find(struct derive *d, const struct replica *replica, uint32_t index, const union atom *keys)
{
    const struct row *const *rows;
    return replica_find_all(d, replica, index, keys, &rows) ? rows[0] : NULL;
}

const struct row *
replica_find_string(struct derive *d, const struct replica *replica, uint32_t index, const char *key)
{
    enum { SHORT = 256 };
    union {
        struct atom_string string;
        char space[sizeof(struct atom_string) + SHORT];
    } local;
    size_t n = strlen(key);
    if (n >= SHORT) {
        union atom atom = {.string = atom_string_new(str_n(key, n))};
        const struct row *row = replica_find(d, replica, index, &atom);
        atom_string_unref(atom.string);
        return row;
    }
    local.string = (struct atom_string) {.refs = 1, .length = (uint32_t) n};
    memcpy(local.space + offsetof(struct atom_string, text), key, n + 1);
    return replica_find(d, replica, index, &(union atom) {.string = &local.string});
}

const struct row *
replica_find_uuid(struct derive *d, const struct replica *replica, uint32_t index, const struct uuid *key)
{
    return replica_find(d, replica, index, &(union atom) {.uuid = *key});
}

const struct row *
replica_row_by_id(const struct replica *replica, uint32_t table, uint32_t id)
{
    const struct replica_table *t = table_of(replica, table);
    return id < t->by_id.n && t->by_id.d[id] ? &t->by_id.d[id]->row : NULL;
}

/* The first row with an id of at least 'id', or NULL. */
static const struct row *
row_from(const struct replica *replica, uint32_t table, uint32_t id)
{
    const struct replica_table *t = table_of(replica, table);
    for (; id < t->by_id.n; id++) {
        if (t->by_id.d[id]) {
            return &t->by_id.d[id]->row;
        }
    }
    return NULL;
}

const struct row *
replica_first(const struct replica *replica, uint32_t table)
{
    return row_from(replica, table, 0);
}

const struct row *
replica_next(const struct row *row)
{
    return row_from(row->replica, row->table, row->id + 1);
}

size_t
replica_count(const struct replica *replica, uint32_t table)
{
    return hmap_count(&table_of(replica, table)->rows);
}

void
replica_check_invariants(const struct replica *replica)
{
    for (uint32_t i = 0; i < replica->def->n_tables; i++) {
        const struct replica_table *t = &replica->tables[i];
        size_t n = 0;
        for (uint32_t id = 0; id < t->by_id.n; id++) {
            const struct replica_row *r = t->by_id.d[id];
            if (r) {
                n++;
                CHECK(r->row.id == id && r->row.table == i && r->row.replica == replica);
                CHECK(replica_row(NULL, replica, i, &r->row.uuid) == &r->row);
                CHECK(r->row.n_columns == (t->has_columns ? t->def->n_columns : 0));
            }
        }
        CHECK(n == hmap_count(&t->rows));
    }
    for (size_t i = 0; i < replica->indexes.n; i++) {
        index_check_invariants(replica->indexes.d[i]);
    }
}
