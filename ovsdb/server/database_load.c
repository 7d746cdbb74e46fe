/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a database from its log: rows are put in place as they come; references and indexes follow at the end, in the order in
 * which the rows came, which is that of their memory: by their hashes each would be waited for. */
#include <config.h>

#include "ovsdb/server/database.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/server/txn.h"

/* A row whose image was replaced or that was deleted. */
struct replaced {
    struct db_table *table;
    struct row *row;
    struct image *image;                                     /* owned: the one before */
};

struct database_load {
    struct database *db;                                     /* borrowed */
    uint64_t first_version;                                  /* of the images of this transaction */
    VEC(struct replaced) replaced;                           /* by it, in order */
};

struct database_load *
database_load_new(struct database *db)
{
    struct database_load *load = xmalloc(sizeof *load);
    *load = (struct database_load) {.db = db, .first_version = db->next_version};
    return load;
}

void
database_load_begin(struct database_load *load)
{
    for (size_t i = 0; i < load->replaced.n; i++) {
        image_unref(load->replaced.d[i].image);
    }
    vec_clear(&load->replaced);
    load->first_version = load->db->next_version;
}

void
database_load_free(struct database_load *load)
{
    database_load_begin(load);
    vec_fini(&load->replaced);
    free(load);
}

void
database_load_row(struct database_load *load, struct db_table *table, struct image *image)
{
    struct row *row = db_table_row(table, &image->uuid);
    if (row) {
        vec_push(&load->replaced, (struct replaced) {table, row, row->image});
    } else {
        row = db_table_add_row__(table, &image->uuid);
        table->n_rows++;
        vec_push(&table->loaded, row);
    }
    row->image = image;
    image->version = table->db->next_version++;
}

struct err *
database_load_delete(struct database_load *load, struct db_table *table, const struct uuid *uuid)
{
    struct row *row = db_table_row(table, uuid);
    if (!row) {
        return err_tagged("syntax error", "transaction deletes row %s that does not exist", uuid_text(uuid));
    }
    vec_push(&load->replaced, (struct replaced) {table, row, row->image});
    row->image = NULL;                                       /* the rest goes at the end */
    table->n_rows--;
    return NULL;
}

/* Rows that the transaction added are the last of those that were loaded.  Others there may be that are deleted: they go too. */
static void
drop_added(const struct database_load *load, struct db_table *table)
{
    while (table->loaded.n) {
        struct row *row = vec_last(&table->loaded);
        if (row->image && row->image->version < load->first_version) {
            break;
        }
        if (row->image) {
            image_unref(row->image);
            row->image = NULL;
            table->n_rows--;
        }
        db_table_drop_row__(table, row);
        table->loaded.n--;
    }
}

void
database_load_take_back(struct database_load *load)
{
    while (load->replaced.n) {
        struct replaced replaced = vec_pop(&load->replaced);
        if (replaced.row->image) {
            image_unref(replaced.row->image);
        } else {
            replaced.table->n_rows++;
        }
        replaced.row->image = replaced.image;
    }
    for (uint32_t i = 0; i < load->db->schema->n_tables; i++) {
        drop_added(load, &load->db->tables[i]);
    }
}

static struct err *
load_reference(struct database *db, struct row *row, const struct base_type *base, const union atom *atom,
               bool *ret_dangling)
{
    if (!base->ref_table) {
        return NULL;
    }
    struct row *target = db_table_row(&db->tables[base->ref_table->index], &atom->uuid);
    if (target && base->ref_is_weak) {
        row_add_weak__(target, row);
    } else if (target) {
        target->n_strong += target != row;                   /* a row does not keep itself alive */
    } else if (base->ref_is_weak) {
        *ret_dangling = true;
    } else {
        return err_tagged("referential integrity violation",
                          "Table %s row %s references nonexistent row %s in table %s.",
                          row->image->schema->name, uuid_text(&row->image->uuid), uuid_text(&atom->uuid),
                          base->ref_table->name);
    }
    return NULL;
}

static struct err *
load_references(struct database *db, struct db_table *table, struct row *row, bool *ret_dangling)
{
    for (uint64_t columns = table->ref_columns; columns; columns &= columns - 1) {
        const struct column *column = &table->schema->columns[__builtin_ctzll(columns)];
        const struct datum *datum = &row->image->cells[column->index - COLUMN_FIRST]->datum;
        for (uint32_t i = 0; i < datum->n; i++) {
            struct err *e = load_reference(db, row, &column->type.key, &datum_keys(datum)[i], ret_dangling);
            if (!e && column_type_is_map(&column->type)) {
                e = load_reference(db, row, &column->type.value, &datum->values[i], ret_dangling);
            }
            if (e) {
                return e;
            }
        }
    }
    return NULL;
}

/* Weak references to rows that are gone, and rows of non-root tables that nothing references, are what some servers and people
 * leave behind; ordinary commits remove them. */
static struct err *
clean_up(struct database *db, const struct row_vec *dangling, const struct row_vec *garbage)
{
    if (!dangling->n && !garbage->n) {
        return NULL;
    }
    struct txn *txn = txn_begin(db);
    for (size_t i = 0; i < dangling->n; i++) {
        struct row *row = dangling->d[i];
        txn_touch__(txn, row_table(db, row->image), row)->has_dangling = true;
    }
    for (size_t i = 0; i < garbage->n; i++) {
        vec_push(&txn->suspects, garbage->d[i]);
    }
    struct delta *delta = NULL;
    struct err *e = txn_commit(txn, &delta);
    delta_unref(delta);
    return e;
}

static bool
has_equal_columns(const struct row_index *index, const struct image *a, const struct image *b)
{
    bool equal = true;
    for (uint32_t i = 0; i < index->n_columns && equal; i++) {
        equal = !image_cell_changed(a, b, index->columns[i]);
    }
    return equal;
}

static struct err *
fill_indexes(struct db_table *table, struct row *row)
{
    for (uint32_t i = 0; i < table->schema->n_indexes; i++) {
        struct row_index *index = &table->unique[i];
        uint32_t hash = row_index_hash_image(index, row->image), cursor = 0;
        for (struct row *other; (other = row_index_next(index, hash, &cursor));) {
            if (has_equal_columns(index, row->image, other->image)) {
                return err_tagged("constraint violation", "two rows of table %s are equal in a unique index", table->schema->name);
            }
        }
        row_index_add_hashed(index, row, hash);
    }
    return NULL;
}

/* Of deleted rows there is nothing left in 'table->loaded'. */
static struct err *
finish_table(struct database *db, struct db_table *table, struct row_vec *dangling)
{
    struct err *e = table->n_rows > table->schema->max_rows
                        ? err_tagged("constraint violation", "table %s has more rows than it may", table->schema->name) : NULL;
    for (size_t i = 0; i < table->loaded.n && !e; i++) {
        struct row *row = table->loaded.d[i];
        bool is_dangling = false;
        if (!row->image) {
            db_table_drop_row__(table, row);
            table->loaded.d[i] = NULL;
            continue;
        }
        e = fill_indexes(table, row);
        e = e ? e : load_references(db, table, row, &is_dangling);
        if (is_dangling) {
            vec_push(dangling, row);
        }
    }
    return e;
}

/* Forgets in which order the rows of 'table' came, having looked for those that nothing references. */
static void
find_garbage(struct db_table *table, struct row_vec *garbage)
{
    for (size_t i = 0; i < table->loaded.n && !table->schema->is_root; i++) {
        struct row *row = table->loaded.d[i];
        if (row && !row->n_strong) {
            vec_push(garbage, row);
        }
    }
    vec_fini(&table->loaded);
}

struct err *
database_load_finish(struct database *db)
{
    struct row_vec dangling = {0}, garbage = {0};
    struct err *e = NULL;
    for (uint32_t i = 0; i < db->schema->n_tables && !e; i++) {
        e = finish_table(db, &db->tables[i], &dangling);
    }
    for (uint32_t i = 0; i < db->schema->n_tables && !e; i++) {
        find_garbage(&db->tables[i], &garbage);
    }
    if (!e) {
        e = clean_up(db, &dangling, &garbage);
    }
    vec_fini(&dangling);
    vec_fini(&garbage);
    return e;
}

static void
check_row(const struct db_table *table, const struct row *row)
{
    CHECK(row->image && row->image->schema == table->schema && !row->txn_row);
    for (uint32_t i = 0; i < row->n_weak; i++) {
        CHECK(row->weak_in[i]->image);
    }
    for (uint32_t i = 0; i < table->schema->n_indexes; i++) {
        uint32_t cursor = 0, hash = row_index_hash_image(&table->unique[i], row->image), n = 0;
        for (struct row *other; (other = row_index_next(&table->unique[i], hash, &cursor));) {
            n += other == row;
        }
        CHECK(n == 1);
    }
}

struct tally {
    struct hmap_node node;
    const struct row *row;
    uint32_t n_strong, n_weak;
};

static struct tally *
tally_get(struct hmap *tallies, const struct row *row)
{
    size_t hash = (uintptr_t) row >> 4;
    HMAP_FOR_EACH_WITH_HASH (tally, struct tally, node, hash, tallies) {
        if (tally->row == row) {
            return tally;
        }
    }
    struct tally *tally = xcalloc(1, sizeof *tally);
    tally->row = row;
    hmap_insert(tallies, &tally->node, hash);
    return tally;
}

static void
tally_atom(const struct database *db, struct hmap *tallies, const struct image *source, const struct base_type *base,
           const union atom *atom)
{
    if (base->ref_table) {
        struct row *target = db_table_row(&db->tables[base->ref_table->index], &atom->uuid);
        CHECK(target);
        struct tally *tally = tally_get(tallies, target);
        *(base->ref_is_weak ? &tally->n_weak : &tally->n_strong) += base->ref_is_weak || target->image != source;
    }
}

static void
tally_row(const struct database *db, struct hmap *tallies, const struct image *image)
{
    for (uint32_t i = COLUMN_FIRST; i < image->schema->n_columns; i++) {
        const struct column_type *type = &image->schema->columns[i].type;
        const struct datum *datum = &image->cells[i - COLUMN_FIRST]->datum;
        for (uint32_t j = 0; j < datum->n; j++) {
            tally_atom(db, tallies, image, &type->key, &datum_keys(datum)[j]);
            if (column_type_is_map(type)) {
                tally_atom(db, tallies, image, &type->value, &datum->values[j]);
            }
        }
    }
}

void
database_check_invariants(const struct database *db)
{
    struct hmap tallies = HMAP_INIT(&tallies);
    CHECK(!db->txn);
    for (uint32_t i = 0; i < db->schema->n_tables; i++) {
        const struct db_table *table = &db->tables[i];
        CHECK(table->n_rows == hmap_count(&table->rows));
        HMAP_FOR_EACH (row, struct row, node, &table->rows) {
            check_row(table, row);
            tally_row(db, &tallies, row->image);
        }
    }
    for (uint32_t i = 0; i < db->schema->n_tables; i++) {
        HMAP_FOR_EACH (row, struct row, node, &db->tables[i].rows) {
            struct tally *tally = tally_get(&tallies, row);
            CHECK(row->n_strong == tally->n_strong);
            CHECK(row->n_weak == tally->n_weak);
        }
    }
    HMAP_FOR_EACH_SAFE (tally, struct tally, node, &tallies) {
        hmap_remove(&tallies, &tally->node);
        free(tally);
    }
    hmap_fini(&tallies);
}
