/* SPDX-License-Identifier: Apache-2.0 */
/* A database together with its storage: loading, storing commits, compaction. */
#include <config.h>

#include "ovsdb/server/hosted.h"

#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "ovsdb/server/compaction.h"
#include "ovsdb/server/grave.h"
#include "ovsdb/server/server_private.h"
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

static struct err *
load(struct database *db, struct storage *storage)
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

static char *
schema_text(const struct schema *schema)
{
    json_t *json = schema_to_json(schema);
    char *text = json_text(json);
    json_decref(json);
    return text;
}

struct err *
hosted_open(struct schema *schema, struct storage *storage, struct hosted **ret)
{
    struct hosted *hosted = xcalloc(1, sizeof *hosted);
    hosted->name = xstrdup(schema->name);
    hosted->db = database_new(schema);
    hosted->hub = monitor_hub_new(hosted->db);
    hosted->storage = storage;
    hosted->schema_text = schema_text(schema);
    struct err *e = storage ? load(hosted->db, storage) : NULL;
    if (e) {
        hosted_free(hosted);
        return e;
    }
    *ret = hosted;
    return NULL;
}

void
hosted_free(struct hosted *hosted)
{
    if (!hosted) {
        return;
    }
    CHECK(!hosted->convert_call);
    hosted_end_compaction(hosted);
    monitor_hub_free(hosted->hub);
    database_free(hosted->db);
    storage_close(hosted->storage);
    free(hosted->name);
    free(hosted->schema_text);
    free(hosted);
}

/* The datums of 'image' by column index, shallow. */
static void
spread(struct datum data[MAX_COLUMNS], const struct image *image)
{
    for (uint32_t i = COLUMN_FIRST; i < image->schema->n_columns; i++) {
        data[i] = image->cells[i - COLUMN_FIRST]->datum;
    }
}

static void
begin_record(struct record_writer *w, struct buf *buf, int64_t date_ms, bool has_values)
{
    if (has_values) {
        record_begin_values(w, buf, date_ms);
    } else {
        record_begin(w, buf, date_ms);
    }
}

bool
delta_put_record(const struct delta *delta, struct buf *buf, int64_t date_ms, bool has_values)
{
    struct datum old[MAX_COLUMNS], new[MAX_COLUMNS];
    struct record_writer w;
    begin_record(&w, buf, date_ms, has_values);
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *c = &delta->changes[i];
        const struct table *table = change_table(c);
        if (c->old) {
            spread(old, c->old);
        }
        if (c->new) {
            spread(new, c->new);
        }
        if (!c->new) {
            record_put_delete(&w, table, change_uuid(c));
        } else if (!c->old) {
            record_put_insert(&w, table, change_uuid(c), new);
        } else {
            record_put_modify(&w, table, change_uuid(c), old, new);
        }
    }
    return record_end(&w, delta->comment);
}

struct err *
hosted_store(struct hosted *hosted, const struct delta *delta, const struct server_env *env)
{
    if (!hosted->storage) {
        return NULL;
    }
    if (!hosted->is_marked) {
        storage_mark(hosted->storage);
        hosted->is_marked = true;
    }
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    struct err *e = NULL;
    if (delta_put_record(delta, &record, env->wall_ms(), env->no_column_diff)) {
        e = buf_is_ok(&record) ? storage_put(hosted->storage, str_n(record.data, record.size))
                               : err_tagged("I/O error", "%s: transaction too large to store", hosted->name);
    }
    buf_fini(&record);
    if (e) {
        database_undo(hosted->db, delta);
        return e;
    }
    if (storage_wants_snapshot(hosted->storage, env->monotonic_ms())) {
        hosted_want_compaction(hosted, NULL, NULL);
    }
    return NULL;
}

/* Rows whose memory is asked for before any of them is written: they are all over the heap, and waiting for each takes longer
 * than writing it. */
struct batch {
    const struct table *table;
    const struct image *images[32];
    size_t n;
};

static void
batch_add(struct batch *batch, const struct image *image)
{
    batch->images[batch->n++] = image;
    for (size_t i = 0; i < sizeof *image + batch->table->n_columns * sizeof *image->cells; i += 64) {
        __builtin_prefetch((const char *) image + i);
    }
}

/* Writes the rows of 'batch' as new ones and empties it. */
static void
batch_put(struct batch *batch, struct record_writer *w)
{
    for (size_t i = 0; i < batch->n; i++) {
        for (uint32_t j = COLUMN_FIRST; j < batch->table->n_columns; j++) {
            __builtin_prefetch(batch->images[i]->cells[j - COLUMN_FIRST]);
        }
    }
    for (size_t i = 0; i < batch->n; i++) {
        struct datum data[MAX_COLUMNS];
        spread(data, batch->images[i]);
        record_put_insert(w, batch->table, &batch->images[i]->uuid, data);
    }
    batch->n = 0;
}

bool
database_put_record(struct database *db, struct buf *buf, int64_t date_ms, bool has_values, const char *comment)
{
    struct record_writer w;
    begin_record(&w, buf, date_ms, has_values);
    for (uint32_t i = 0; i < db->schema->n_tables; i++) {
        const struct db_table *table = &db->tables[i];
        struct batch batch = {.table = table->schema};
        DB_TABLE_FOR_EACH (row, table) {
            batch_add(&batch, row->image);
            if (batch.n == ARRAY_SIZE(batch.images)) {
                batch_put(&batch, &w);
            }
        }
        batch_put(&batch, &w);
    }
    return record_end(&w, comment);
}

void
hosted_bury(struct hosted *hosted, struct grave *grave)
{
    grave_add(grave, hosted->hub, hosted->db);
    free(hosted->schema_text);
    hosted->db = NULL;
    hosted->hub = NULL;
    hosted->schema_text = NULL;
}

static void
keep_tracing(const struct database *old, struct database *new)
{
    for (uint32_t i = 0; i < new->schema->n_tables; i++) {
        const struct db_table *table = database_table(old, new->schema->tables[i].name);
        new->tables[i].is_traced = table && table->is_traced;
    }
}

void
hosted_replace(struct hosted *hosted, struct database *db, struct grave *grave)
{
    keep_tracing(hosted->db, db);
    hosted_bury(hosted, grave);
    hosted->db = db;
    hosted->hub = monitor_hub_new(db);
    hosted->schema_text = schema_text(db->schema);
}

int64_t
hosted_repair(struct hosted *hosted, const struct server_env *env, int64_t now_ms)
{
    if (!hosted->storage || !storage_is_broken(hosted->storage)) {
        return INT64_MAX;
    }
    if (now_ms < hosted->repair_ms) {
        return hosted->repair_ms;
    }
    struct err *e = hosted_write_snapshot(hosted, env);
    if (!e) {
        log_info("%s: the database takes transactions again", hosted->name);
        return INT64_MAX;
    }
    log_warn_rl("%s: still not writable: %s", hosted->name, err_detail(e));
    err_free(e);
    hosted->repair_ms = now_ms + HOSTED_REPAIR_MS;
    return hosted->repair_ms;
}
