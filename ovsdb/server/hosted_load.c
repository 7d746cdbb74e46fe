/* SPDX-License-Identifier: Apache-2.0 */
/* Making a database of the records of its storage: fast, with one look at the end for what transactions may not break; and if
 * something is broken, once more, each record as the transaction that it was (docs/adr/0120-records-that-break-a-rule.md). */
#include <config.h>

#include "ovsdb/server/hosted.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "ovsdb/server/txn.h"
#include "ovsdb/storage/record.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_file);

struct loading {
    struct database *db;
    struct storage *storage;
    struct database_load *load;                              /* the fast way; otherwise NULL */
    struct txn *txn;                                         /* the other, within a record; otherwise NULL */
    unsigned long long n_records;
    bool misses_row;                                         /* the transaction deletes one that is not there */
    unsigned long long n_passed_over;                        /* records */
    int64_t date_ms;                                         /* of the last record that has one */
};

static struct err *load_fast(struct loading *loading);
static struct err *load_by_transactions(struct loading *loading);

struct err *
hosted_load(struct schema *schema, struct storage *storage, struct database **ret)
{
    struct loading loading = {.db = database_new(schema), .storage = storage};
    struct err *e = load_fast(&loading);
    struct err *broken = e ? NULL : database_load_finish(loading.db);
    if (broken) {
        database_free(loading.db);
        loading = (struct loading) {.db = database_new(schema), .storage = storage};
        e = storage_rewind(storage);
        e = e ? e : load_by_transactions(&loading);
        err_free(broken);
    }
    if (e) {
        database_free(loading.db);
    } else {
        *ret = loading.db;
    }
    return e;
}

/* The value of 'column' in 'image' after what the record says of it, 'datum', which is taken. */
static struct err *
make_cell(struct db_table *table, const struct image *image, const struct column *column, bool is_diff, struct datum *datum,
          struct cell **ret)
{
    struct datum_type type = column_datum_type(&column->type);
    if (is_diff) {
        struct datum value;
        datum_clone(&value, &image->cells[column->index - COLUMN_FIRST]->datum, type);
        datum_apply_diff_column(&value, datum, &column->type);
        datum_fini(datum, type);
        *datum = value;
        struct err *e = column_type_check_n(&column->type, value.n, "syntax error");
        if (e) {
            datum_fini(datum, type);
            return err_wrap(e, "column %s, changed by a difference", column->name);
        }
    }
    *ret = cell_cache_get(&table->cache, column, datum);
    return NULL;
}

/* Puts what the record says into 'image'. */
static struct err *
fill_image(struct db_table *table, struct image *image, struct record_row *r, bool is_diff)
{
    for (uint64_t columns = r->columns; columns; columns &= columns - 1) {
        uint32_t i = (uint32_t) __builtin_ctzll(columns);
        struct cell *cell = NULL;
        r->columns &= ~(UINT64_C(1) << i);
        struct err *e = make_cell(table, image, &table->schema->columns[i], is_diff, &r->data[i], &cell);
        if (e) {
            return e;
        }
        image_set(image, i, cell);
    }
    return NULL;
}

/* The image that the record makes of the row: what is not in it is as in 'existing', or the default. */
static struct err *
make_image(struct db_table *table, const struct row *existing, struct record_row *r, struct image **ret)
{
    struct image *image = existing ? image_clone(existing->image) : db_table_default_image(table, &r->uuid);
    struct err *e = fill_image(table, image, r, existing && r->is_diff);
    if (e) {
        image_unref(image);
    } else {
        *ret = image;
    }
    return e;
}

/* The fast way. */

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
    struct image *image;
    struct err *e = make_image(table, db_table_row(table, &r->uuid), r, &image);
    if (!e) {
        database_load_row(loading->load, table, image);
    }
    return e;
}

/* Takes 'e': the transaction has left no trace, and the next is read (docs/adr/0110-records-that-miss-a-row.md). */
static void
pass_over(struct loading *loading, struct err *e)
{
    loading->n_passed_over++;
    log_err("%s: record %llu is passed over: %s", storage_path(loading->storage), loading->n_records, err_detail(e));
    err_free(e);
}

static struct err *
load_record(void *loading_, struct str text)
{
    struct loading *loading = loading_;
    loading->n_records++;
    loading->misses_row = false;
    database_load_begin(loading->load);
    struct err *e = record_parse(loading->db->schema, text, NULL, load_row, loading);
    if (e && loading->misses_row && !storage_is_strict(loading->storage)) {
        database_load_take_back(loading->load);
        pass_over(loading, e);
        e = NULL;
    }
    return e;
}

static struct err *
load_fast(struct loading *loading)
{
    loading->load = database_load_new(loading->db);
    struct err *e = storage_read_all(loading->storage, load_record, loading);
    database_load_free(loading->load);
    return e;
}

/* The other way. */

/* Gives 'row' the values of 'image'. */
static void
set_columns(struct txn *txn, struct db_table *table, struct row *row, const struct image *image)
{
    for (uint32_t i = COLUMN_FIRST; i < table->schema->n_columns; i++) {
        if (image_cell_changed(row->image, image, i)) {
            txn_set(txn, table, row, i, cell_ref(image->cells[i - COLUMN_FIRST]));
        }
    }
}

static struct err *
replay_row(void *loading_, struct record_row *r)
{
    struct loading *loading = loading_;
    struct db_table *table = &loading->db->tables[r->table->index];
    struct row *row = db_table_row(table, &r->uuid);
    if (r->is_delete) {
        loading->misses_row = !row;
        if (!row) {
            return err_tagged("syntax error", "transaction deletes row %s that does not exist", uuid_text(&r->uuid));
        }
        txn_delete(loading->txn, table, row);
        return NULL;
    }
    struct image *image;
    struct err *e = make_image(table, row, r, &image);
    if (e) {
        return e;
    } else if (row) {
        set_columns(loading->txn, table, row, image);
        image_unref(image);
    } else if (txn_uuid_is_free(table, &r->uuid)) {
        txn_insert(loading->txn, table, image);
    } else {
        image_unref(image);
        e = err_tagged("syntax error", "the row is given twice");
    }
    return e;
}

/* As a commit does, but that its first record must hold: all else may rest on it, as on what compaction writes. */
static struct err *
replay_record(void *loading_, struct str text)
{
    struct loading *loading = loading_;
    struct delta *delta = NULL;
    bool may_pass_over = !storage_is_strict(loading->storage);
    loading->n_records++;
    loading->misses_row = false;
    loading->txn = txn_begin(loading->db);
    struct record_info info = {0};
    struct err *e = record_parse(loading->db->schema, text, &info, replay_row, loading);
    loading->date_ms = MAX(loading->date_ms, info.date_ms);
    record_info_fini(&info);
    if (e) {
        txn_abort(loading->txn);
        may_pass_over &= loading->misses_row;
    } else {
        e = txn_commit(loading->txn, &delta);
        may_pass_over &= loading->n_records > 1;
        delta_unref(delta);
    }
    if (e && may_pass_over) {
        pass_over(loading, e);
        e = NULL;
    }
    return e;
}

/* Puts the contents in place of what is stored, and keeps that aside.  Otherwise what is committed from now on could make the same
 * records fit when they are read next, and what was passed over would rise again. */
static struct err *
replace_stored(const struct loading *loading)
{
    char *copy;
    struct err *e = storage_keep_copy(loading->storage, &copy);
    if (e) {
        return e;
    }
    log_warn("%s: %llu records were passed over; the file as it was is kept in %s", storage_path(loading->storage),
             loading->n_passed_over, copy);
    free(copy);
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    struct storage_snapshot *snapshot = NULL;
    bool any = database_put_record(loading->db, &buf, loading->date_ms, false, "records that break a rule passed over");
    e = buf_is_ok(&buf) ? storage_snapshot_begin(loading->storage, loading->db->schema, &snapshot)
                        : err_tagged("I/O error", "%s: database too large to store in one record", storage_path(loading->storage));
    e = e || !any ? e : storage_snapshot_put(snapshot, str_n(buf.data, buf.size));
    if (e) {
        storage_snapshot_abort(snapshot);
    } else {
        e = storage_snapshot_commit(snapshot, 0);
    }
    buf_fini(&buf);
    return e;
}

static struct err *
load_by_transactions(struct loading *loading)
{
    log_warn("%s: the contents break a rule of the schema: reading again, transaction by transaction",
             storage_path(loading->storage));
    struct err *e = storage_read_all(loading->storage, replay_record, loading);
    return e || !loading->n_passed_over || storage_is_read_only(loading->storage) ? e : replace_stored(loading);
}
