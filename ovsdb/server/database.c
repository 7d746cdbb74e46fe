/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/database.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/server/condition.h"

MEM_TYPE(row, "rows");

static void
table_init_columns(struct db_table *table)
{
    const struct table *schema = table->schema;
    table->defaults = xcalloc(image_n_cells(schema), sizeof *table->defaults);
    for (uint32_t i = COLUMN_FIRST; i < schema->n_columns; i++) {
        const struct column *column = &schema->columns[i];
        struct datum datum;
        datum_init_default(&datum, &column->type);
        struct err *e = datum_check_constraints(&datum, &column->type);
        if (e) {
            err_free(e);
            table->bad_defaults |= UINT64_C(1) << i;
        }
        table->defaults[i - COLUMN_FIRST] = cell_new(&datum);
        if (column->type.key.ref_table || column->type.value.ref_table) {
            table->ref_columns |= UINT64_C(1) << i;
        }
        if (!column->is_ephemeral) {
            table->persistent_columns |= UINT64_C(1) << i;
        }
    }
}

static void
table_init(struct db_table *table, struct database *db, const struct table *schema)
{
    *table = (struct db_table) {
        .schema = schema,
        .db = db,
        .unique = xcalloc(schema->n_indexes, sizeof *table->unique),
        .equality = xcalloc(schema->n_columns, sizeof *table->equality),
    };
    hmap_init(&table->rows);
    cell_cache_init(&table->cache);
    for (uint32_t i = 0; i < schema->n_indexes; i++) {
        row_index_init(&table->unique[i], schema->indexes[i].columns, schema->indexes[i].n);
    }
    table_init_columns(table);
}

struct database *
database_new(struct schema *schema)
{
    struct database *db = xcalloc(1, sizeof *db);
    db->schema = schema_ref(schema);
    db->next_version = 1;
    db->tables = xcalloc(schema->n_tables, sizeof *db->tables);
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        table_init(&db->tables[i], db, &schema->tables[i]);
    }
    return db;
}

static void
drop_equality_index(struct equality_index *equality)
{
    if (equality->index) {
        row_index_fini(equality->index);
        free(equality->index);
        equality->index = NULL;
    }
}

/* Drops an index over too few distinct values; the table will have to double before another is tried. */
static void
give_up_equality_index(struct db_table *table, struct equality_index *equality)
{
    drop_equality_index(equality);
    equality->useless_at = (uint32_t) MIN(table->n_rows, UINT32_MAX);
}

static void
table_fini(struct db_table *table)
{
    HMAP_FOR_EACH_SAFE (row, struct row, node, &table->rows) {
        image_unref(row->image);
        row->image = NULL;
        db_table_drop_row__(table, row);
    }
    hmap_fini(&table->rows);
    vec_fini(&table->loaded);
    for (uint32_t i = 0; i < table->schema->n_indexes; i++) {
        row_index_fini(&table->unique[i]);
    }
    for (uint32_t i = 0; i < table->schema->n_columns; i++) {
        drop_equality_index(&table->equality[i]);
    }
    for (uint32_t i = COLUMN_FIRST; i < table->schema->n_columns; i++) {
        cell_unref(table->defaults[i - COLUMN_FIRST], column_datum_type(&table->schema->columns[i].type));
    }
    cell_cache_fini(&table->cache, table->schema);
    free(table->unique);
    free(table->equality);
    free(table->defaults);
}

void
database_free(struct database *db)
{
    if (!db) {
        return;
    }
    CHECK(!db->txn);
    for (uint32_t i = 0; i < db->schema->n_tables; i++) {
        table_fini(&db->tables[i]);
    }
    free(db->tables);
    schema_unref(db->schema);
    free(db);
}

struct db_table *
database_table(const struct database *db, const char *name)
{
    const struct table *schema = schema_table(db->schema, name);
    return schema ? &db->tables[schema->index] : NULL;
}

struct row *
db_table_row(const struct db_table *table, const struct uuid *uuid)
{
    HMAP_FOR_EACH_WITH_HASH (row, struct row, node, uuid_hash(uuid), &table->rows) {
        /* A row without an image is being deleted by the running transaction; transactions look for those in
         * their own list. */
        if (row->image && uuid_eq(&row->image->uuid, uuid)) {
            return row;
        }
    }
    return NULL;
}

struct image *
db_table_default_image(const struct db_table *table, const struct uuid *uuid)
{
    struct image *image = image_new(table->schema, uuid);
    for (uint32_t i = 0; i < image_n_cells(table->schema); i++) {
        image->cells[i] = cell_ref(table->defaults[i]);
    }
    return image;
}

size_t
database_n_rows(const struct database *db)
{
    size_t n = 0;
    for (uint32_t i = 0; i < db->schema->n_tables; i++) {
        n += db->tables[i].n_rows;
    }
    return n;
}

void
db_table_reserve(struct db_table *table, size_t n)
{
    hmap_reserve(&table->rows, n);
    for (uint32_t i = 0; i < table->schema->n_indexes; i++) {
        row_index_reserve(&table->unique[i], n);
    }
}

struct hmap_node *
database_walk_next(const struct database *db, struct database_walk *walk, struct db_table **ret_table)
{
    if (walk->table == db->schema->n_tables) {
        *ret_table = NULL;
        return NULL;
    }
    *ret_table = &db->tables[walk->table];
    struct hmap_node *bucket = hmap_walk(&(*ret_table)->rows, &walk->bucket);
    walk->table += !walk->bucket;
    return bucket;
}

struct row *
db_table_add_row__(struct db_table *table, const struct uuid *uuid)
{
    struct row *row = xcalloc(1, sizeof *row);
    hmap_insert(&table->rows, &row->node, uuid_hash(uuid));
    mem_add(&mem_row, 1);
    return row;
}

void
db_table_drop_row__(struct db_table *table, struct row *row)
{
    CHECK(!row->image && !row->txn_row);
    hmap_remove(&table->rows, &row->node);
    free(row->weak_in);
    free(row);
    mem_add(&mem_row, -1);
}

/* As a set of columns. */
static uint64_t
table_index_columns(const struct table_index *index)
{
    uint64_t columns = 0;
    for (uint32_t i = 0; i < index->n; i++) {
        columns |= UINT64_C(1) << index->columns[i];
    }
    return columns;
}

enum { LONGEST_WALK_MAX = 256 };

/* Takes 'row' out of the indexes on any of 'columns', or puts it in, under 'image'. */
static void
update_indexes(struct db_table *table, struct row *row, const struct image *image, uint64_t columns, bool add)
{
    for (uint32_t i = 0; i < table->schema->n_indexes; i++) {
        if (columns & table_index_columns(&table->schema->indexes[i])) {
            (add ? row_index_add : row_index_remove)(&table->unique[i], row, image);
        }
    }
    for (uint32_t i = COLUMN_FIRST; i < table->schema->n_columns; i++) {
        struct equality_index *equality = &table->equality[i];
        if (equality->index && columns & UINT64_C(1) << i) {
            (add ? row_index_add : row_index_remove)(equality->index, row, image);
            if (equality->index->longest_walk > LONGEST_WALK_MAX) {
                give_up_equality_index(table, equality);
            }
        }
    }
}

struct image *
row_swap_image__(struct db_table *table, struct row *row, struct image *image)
{
    struct image *old = row->image;
    uint64_t changed = old && image ? image_changed_columns(old, image) : UINT64_MAX;
    if (old && changed) {
        update_indexes(table, row, old, changed, false);
    }
    if (image && changed) {
        update_indexes(table, row, image, changed, true);
    }
    table->n_rows += (image ? 1 : 0);
    table->n_rows -= (old ? 1 : 0);
    row->image = image;
    return old;
}

void
row_set_cell__(struct db_table *table, struct row *row, uint32_t column, struct cell *cell)
{
    uint64_t columns = UINT64_C(1) << column;
    update_indexes(table, row, row->image, columns, false);
    image_set(row->image, column, cell);
    update_indexes(table, row, row->image, columns, true);
}

void
row_add_weak__(struct row *target, struct row *source)
{
    if (target->n_weak == target->weak_capacity) {
        target->weak_capacity = target->weak_capacity ? target->weak_capacity * 2 : 1;
        target->weak_in = xrealloc(target->weak_in, target->weak_capacity * sizeof *target->weak_in);
    }
    target->weak_in[target->n_weak++] = source;
}

void
row_remove_weak__(struct row *target, struct row *source)
{
    for (uint32_t i = target->n_weak; i-- > 0;) {
        if (target->weak_in[i] == source) {
            target->weak_in[i] = target->weak_in[--target->n_weak];
            return;
        }
    }
    CHECK(!"the reference was counted");
}

enum {
    SMALL_TABLE = 32,                                        /* rows that are quicker scanned than indexed */
    SCANS_BEFORE_INDEX = 2,
    ROWS_PER_VALUE_MAX = 64,                                 /* an index with fewer distinct values is not worth it */
};

static struct row_index *
single_column_unique(const struct db_table *table, uint32_t column)
{
    for (uint32_t i = 0; i < table->schema->n_indexes; i++) {
        if (table->unique[i].n_columns == 1 && table->unique[i].columns[0] == column) {
            return &table->unique[i];
        }
    }
    return NULL;
}

static uint32_t
count_used_buckets(const struct row_index *index)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < index->n_buckets; i++) {
        n += index->buckets[i] != 0;
    }
    return n;
}

static void
build_equality_index(struct db_table *table, uint32_t column)
{
    struct equality_index *equality = &table->equality[column];
    equality->index = xmalloc(sizeof *equality->index);
    row_index_init(equality->index, &column, 1);
    DB_TABLE_FOR_EACH (row, table) {
        row_index_add(equality->index, row, row->image);
    }
    equality->n_scans = 0;
    if ((uint64_t) count_used_buckets(equality->index) * ROWS_PER_VALUE_MAX < table->n_rows) {
        give_up_equality_index(table, equality);
    }
}

/* The index to use for equality on 'column', or NULL to scan.  Builds one for a column asked for repeatedly; one
 * found unselective is tried again when the table has doubled. */
static struct row_index *
equality_index_for(struct db_table *table, uint32_t column)
{
    struct row_index *unique = single_column_unique(table, column);
    struct equality_index *equality = &table->equality[column];
    if (unique || equality->index || table->n_rows < SMALL_TABLE) {
        return unique ? unique : equality->index;
    }
    if (equality->useless_at && table->n_rows < 2 * (size_t) equality->useless_at) {
        return NULL;
    }
    if (++equality->n_scans >= SCANS_BEFORE_INDEX) {
        build_equality_index(table, column);
    }
    return equality->index;
}

static bool
candidates_by_uuid(struct db_table *table, const struct condition *condition, struct row_vec *ret)
{
    for (size_t i = 0; i < condition->n; i++) {
        const struct clause *clause = &condition->clauses[i];
        bool is_point = clause->function == CONDITION_EQ || clause->function == CONDITION_INCLUDES;
        if (is_point && clause->column && clause->column->index == COLUMN_UUID && clause->value.n == 1) {
            struct row *row = db_table_row(table, &datum_keys(&clause->value)->uuid);
            if (row) {
                vec_push(ret, row);
            }
            return true;
        }
    }
    return false;
}

static bool
candidates_by_value(struct db_table *table, const struct condition *condition, struct row_vec *ret)
{
    for (size_t i = 0; i < condition->n; i++) {
        const struct clause *clause = &condition->clauses[i];
        if (clause->function != CONDITION_EQ || clause->column->index < COLUMN_FIRST) {
            continue;
        }
        struct row_index *index = equality_index_for(table, clause->column->index);
        if (index) {
            uint32_t hash = row_index_hash_datum(index, clause->column, &clause->value), cursor = 0;
            for (struct row *row; (row = row_index_next(index, hash, &cursor));) {
                vec_push(ret, row);
            }
            return true;
        }
    }
    return false;
}

void
db_table_candidates(struct db_table *table, const struct condition *condition, struct row_vec *ret)
{
    if (candidates_by_uuid(table, condition, ret) || candidates_by_value(table, condition, ret)) {
        return;
    }
    DB_TABLE_FOR_EACH (row, table) {
        vec_push(ret, row);
    }
}
