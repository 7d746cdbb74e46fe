/* SPDX-License-Identifier: Apache-2.0 */
/* Making a database of the records of its storage. */
#include <config.h>

#include "ovsdb/server/hosted.h"

#include "lib/base/log.h"
#include "ovsdb/storage/record.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_file);

struct loading {
    struct database *db;
    struct storage *storage;
    struct database_load *load;
    unsigned long long n_records;
    bool misses_row;                                         /* the transaction deletes one that is not there */
};

/* The image for a row of the log: what is not in the record is as before, or the default. */
static struct image *
start_image(struct db_table *table, const struct row *existing, const struct uuid *uuid)
{
    if (existing) {
        return image_clone(existing->image);
    }
    struct image *image = image_new(table->schema, uuid);
    for (uint32_t i = 0; i < image_n_cells(table->schema); i++) {
        image->cells[i] = cell_ref(table->defaults[i]);
    }
    return image;
}

static struct err *
load_row(void *loading_, struct record_row *r)
{
    struct loading *loading = loading_;
    struct db_table *table = &loading->db->tables[r->table->index];
    if (r->is_delete) {
        struct err *e = database_load_delete(loading->load, table, &r->uuid);
        loading->misses_row = e;
        return e;
    }
    struct row *existing = db_table_row(table, &r->uuid);
    struct image *image = start_image(table, existing, &r->uuid);
    for (uint64_t columns = r->columns; columns; columns &= columns - 1) {
        uint32_t i = (uint32_t) __builtin_ctzll(columns);
        const struct column *column = &table->schema->columns[i];
        struct datum datum = r->data[i];
        r->columns &= ~(UINT64_C(1) << i);
        if (existing && r->is_diff) {
            struct datum value;
            datum_clone(&value, &image->cells[i - COLUMN_FIRST]->datum, column_datum_type(&column->type));
            datum_apply_diff_column(&value, &datum, &column->type);
            datum_fini(&datum, column_datum_type(&column->type));
            datum = value;
        }
        image_set(image, i, cell_cache_get(&table->cache, column, &datum));
    }
    database_load_row(loading->load, table, image);
    return NULL;
}

/* A transaction that deletes what is not there is passed over as a whole (docs/adr/0110-records-that-miss-a-row.md). */
static struct err *
load_transaction(void *loading_, struct str text)
{
    struct loading *loading = loading_;
    loading->n_records++;
    loading->misses_row = false;
    database_load_begin(loading->load);
    struct err *e = record_parse(loading->db->schema, text, NULL, load_row, loading);
    if (e && loading->misses_row && !storage_is_strict(loading->storage)) {
        database_load_take_back(loading->load);
        log_err("%s: record %llu is passed over: %s", storage_path(loading->storage), loading->n_records, err_detail(e));
        err_free(e);
        e = NULL;
    }
    return e;
}

struct err *
hosted_load(struct database *db, struct storage *storage)
{
    struct loading loading = {.db = db, .storage = storage, .load = database_load_new(db)};
    struct err *e = storage_read_all(storage, load_transaction, &loading);
    database_load_free(loading.load);
    if (!e) {
        e = database_load_finish(db);
        e = e ? err_wrap(e, "%s", storage_path(storage)) : NULL;
    }
    return e;
}
