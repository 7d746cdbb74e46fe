/* SPDX-License-Identifier: Apache-2.0 */
/* A database together with its storage: storing commits, compaction. */
#include <config.h>

#include "ovsdb/server/hosted.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "ovsdb/server/compaction.h"
#include "ovsdb/server/grave.h"
#include "ovsdb/server/server_private.h"
#include "ovsdb/storage/record.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_file);

struct err *
hosted_open(struct schema *schema, struct storage *storage, struct hosted **ret)
{
    struct hosted *hosted = xcalloc(1, sizeof *hosted);
    hosted->name = xstrdup(schema->name);
    hosted->storage = storage;
    struct err *e = NULL;
    if (storage) {
        e = hosted_load(schema, storage, &hosted->db);
    } else {
        hosted->db = database_new(schema);
    }
    if (e) {
        hosted_free(hosted);
        return e;
    }
    hosted->hub = monitor_hub_new(hosted->db);
    hosted->schema_text = schema_to_text(schema);
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
    for (size_t i = 0; i < sizeof *image + image_n_cells(batch->table) * sizeof *image->cells; i += 64) {
        __builtin_prefetch((const char *) image + i);
    }
}

/* Writes the rows of 'batch' as new ones and empties it. */
static void
batch_put(struct batch *batch, struct record_writer *w)
{
    for (size_t i = 0; i < batch->n; i++) {
        for (uint32_t j = 0; j < image_n_cells(batch->table); j++) {
            __builtin_prefetch(batch->images[i]->cells[j]);
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
    hosted->schema_text = schema_to_text(db->schema);
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
