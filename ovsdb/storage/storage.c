/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/storage/storage.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/counter.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/stopwatch.h"
#include "ovsdb/storage/log_file.h"

LOG_MODULE(ovsdb_storage);
COUNTER(storage_records);
COUNTER(storage_bytes);
COUNTER(storage_sync);
COUNTER(storage_snapshot);
COUNTER(storage_failed);
STOPWATCH(storage_sync, "storage-sync");

enum { MIN_GROWTH = 10 * 1024 * 1024 };                      /* bytes, before a snapshot is worth while */
enum { MIN_TXNS = 100 };
enum { MIN_INTERVAL_MS = 10 * 60 * 1000, MAX_INTERVAL_MS = 24 * 60 * 60 * 1000 };

struct storage {
    struct log_file *file;
    struct schema *schema;
    bool is_strict;
    uint64_t n_appended;
    uint64_t n_put;                                          /* of these: not written yet */
    uint64_t n_synced;
    uint64_t n_at_mark;                                      /* 'n_appended' when the turn began */
    uint64_t end_at_mark;                                    /* of the file */

    /* When to take the next snapshot. */
    uint64_t snapshot_size;                                  /* of the file after the last one */
    uint64_t n_appended_at_snapshot;
    int64_t last_snapshot_ms;                                /* or the opening; 0: not told yet */
};

struct storage_snapshot {
    struct storage *storage;
    struct log_file *file;
    struct schema *schema;
};

static struct err *
append_schema(struct log_file *file, const struct schema *schema)
{
    char *text = schema_to_text(schema);
    struct err *e = log_file_append(file, str_from(text));
    free(text);
    return e;
}

/* Creating and opening. */

struct err *
storage_create(const char *path, const struct schema *schema)
{
    return storage_create_with(path, schema, NULL, 0);
}

struct err *
storage_create_with(const char *path, const struct schema *schema, const struct str *data, size_t n)
{
    struct log_file *file;
    struct err *e = log_file_open(path, LOG_FILE_CREATE, &file);
    if (e) {
        return e;
    }
    e = append_schema(file, schema);
    for (size_t i = 0; i < n && !e; i++) {
        e = log_file_append(file, data[i]);
    }
    if (!e) {
        e = log_file_sync(file);
    }
    if (e) {
        unlink(path);
    }
    log_file_close(file);
    return e;
}

static struct err *
read_schema(struct storage *storage)
{
    struct str text;
    struct err *e = log_file_read(storage->file, &text);
    if (!e && !text.s) {
        return err_tagged("syntax error", "%s: database file has no schema", storage_path(storage));
    } else if (!e) {
        e = schema_from_text(text, &storage->schema);
        if (e) {
            e = err_wrap(e, "%s: failed to parse schema", storage_path(storage));
        }
    }
    return e;
}

struct err *
storage_open(const char *path, enum storage_mode mode, struct storage **ret)
{
    struct storage *storage = xcalloc(1, sizeof *storage);
    enum log_file_mode file_mode = mode == STORAGE_READ_ONLY ? LOG_FILE_READ_ONLY : LOG_FILE_READ_WRITE;
    struct err *e = log_file_open(path, file_mode, &storage->file);
    e = e ? e : read_schema(storage);
    if (e) {
        storage_close(storage);
        return e;
    }
    storage->snapshot_size = log_file_good_end(storage->file);
    *ret = storage;
    return NULL;
}

void
storage_close(struct storage *storage)
{
    if (storage) {
        log_file_close(storage->file);
        schema_unref(storage->schema);
        free(storage);
    }
}

const char *
storage_path(const struct storage *storage)
{
    return log_file_path(storage->file);
}

struct schema *
storage_schema(const struct storage *storage)
{
    return storage->schema;
}

/* Reading. */

/* The name for a copy of what is from 'start' on: one that is not taken. */
static char *
copy_path(const struct storage *storage, uint64_t start)
{
    char *name = start ? xasprintf("%s.cut-%llu", storage_path(storage), (unsigned long long) start)
                       : xasprintf("%s.broken", storage_path(storage));
    char *path = xstrdup(name);
    for (unsigned int i = 2; !access(path, F_OK); i++) {
        free(path);
        path = xasprintf("%s-%u", name, i);
    }
    free(name);
    return path;
}

/* Keeps what a corrupt record would take with it, if there are more records behind.  A crash may leave such, of a turn that
 * nobody was told of and that reached the disk in part; but so may a disk or a person, and then somebody will want the rest.
 * Stores the name of the copy in '*ret_path', NULL if there is nothing to keep. */
static struct err *
save_tail(struct storage *storage, char **ret_path)
{
    if (!log_file_tail_has_records(storage->file)) {
        *ret_path = NULL;
        return NULL;
    }
    uint64_t start = log_file_good_end(storage->file);
    char *path = copy_path(storage, start);
    struct err *e = log_file_save(storage->file, start, path);
    if (e) {
        free(path);
        return err_wrap(e, "%s: corrupt at offset %llu, and more records follow, which cannot be kept",
                        storage_path(storage), (unsigned long long) start);
    }
    *ret_path = path;
    return NULL;
}

/* Takes 'problem', which is what log_file_read() said. */
static struct err *
cut_tail(struct storage *storage, struct err *problem)
{
    uint64_t start = log_file_good_end(storage->file);
    uint64_t n = log_file_size(storage->file) - start;
    char *text = err_take_text(problem);
    if (log_file_is_read_only(storage->file)) {
        log_warn("%s: ignoring %llu bytes at the end of the file, from offset %llu (%s)", storage_path(storage),
                 (unsigned long long) n, (unsigned long long) start, text);
        free(text);
        return NULL;
    }
    char *copy = NULL;
    struct err *e = save_tail(storage, &copy);
    if (e) {
        free(text);
        return e;
    }
    log_warn("%s: cutting %llu bytes off the end of the file, from offset %llu (%s)%s%s", storage_path(storage),
             (unsigned long long) n, (unsigned long long) start, text, copy ? "; they are kept in " : "",
             copy ? copy : "");
    free(copy);
    free(text);
    return log_file_truncate_tail(storage->file);
}

void
storage_set_strict(struct storage *storage)
{
    storage->is_strict = true;
}

bool
storage_is_strict(const struct storage *storage)
{
    return storage->is_strict;
}

struct err *
storage_read_all(struct storage *storage, storage_txn_cb *cb, void *aux)
{
    CHECK(!storage->n_appended);
    uint64_t snapshot_size = 0;
    for (uint64_t n = 1;; n++) {
        struct str text;
        uint64_t offset = log_file_good_end(storage->file);
        struct err *e = log_file_read(storage->file, &text);
        if (e && !storage->is_strict && log_file_is_corrupt(storage->file)) {
            e = cut_tail(storage, e);
            text.s = NULL;
        }
        if (e) {
            return e;
        } else if (!text.s) {
            break;
        }
        e = cb(aux, text);
        if (e) {
            return err_wrap(e, "%s: record %llu at offset %llu", storage_path(storage), (unsigned long long) n,
                            (unsigned long long) offset);
        }
        if (!snapshot_size) {                                /* the first record is what a snapshot wrote */
            snapshot_size = log_file_good_end(storage->file);
        }
    }
    storage->snapshot_size = MAX(storage->snapshot_size, snapshot_size);
    return NULL;
}

struct err *
storage_rewind(struct storage *storage)
{
    struct str schema;
    CHECK(!storage->n_appended);
    log_file_rewind(storage->file);
    return log_file_read(storage->file, &schema);
}

bool
storage_is_read_only(const struct storage *storage)
{
    return log_file_is_read_only(storage->file);
}

struct err *
storage_keep_copy(const struct storage *storage, char **ret_path)
{
    char *path = copy_path(storage, 0);
    struct err *e = log_file_save(storage->file, 0, path);
    if (e) {
        free(path);
    } else {
        *ret_path = path;
    }
    return e;
}

/* Writing. */

struct err *
storage_append(struct storage *storage, struct str text)
{
    struct err *e = log_file_append(storage->file, text);
    counter_inc(e ? &counter_storage_failed : &counter_storage_records);
    if (!e) {
        counter_add(&counter_storage_bytes, text.n);
        storage->n_appended++;
    }
    return e;
}

struct err *
storage_put(struct storage *storage, struct str text)
{
    struct err *e = log_file_put(storage->file, text);
    counter_add(&counter_storage_failed, e != NULL);
    storage->n_appended += !e;
    storage->n_put += !e;
    return e;
}

size_t
storage_n_waiting(const struct storage *storage)
{
    return log_file_n_waiting(storage->file);
}

struct err *
storage_write(struct storage *storage, bool will_sync)
{
    size_t n_lost, n_bytes = log_file_n_waiting(storage->file);
    struct err *e = log_file_write(storage->file, will_sync, &n_lost);
    counter_add(&counter_storage_failed, e != NULL);
    counter_add(&counter_storage_bytes, e ? 0 : n_bytes);
    counter_add(&counter_storage_records, storage->n_put - n_lost);
    storage->n_put = 0;
    storage->n_appended -= n_lost;
    return e;
}

struct err *
storage_sync(struct storage *storage)
{
    if (storage->n_synced == storage->n_appended) {
        return NULL;
    }
    int64_t start_us = clock_monotonic_us();
    struct err *e = log_file_sync(storage->file);
    stopwatch_sample(&stopwatch_storage_sync, (uint64_t) (clock_monotonic_us() - start_us));
    counter_inc(e ? &counter_storage_failed : &counter_storage_sync);
    if (!e) {
        storage->n_synced = storage->n_appended;
    }
    return e;
}

bool
storage_is_broken(const struct storage *storage)
{
    return log_file_is_broken(storage->file);
}

void
storage_mark(struct storage *storage)
{
    CHECK(!storage_n_waiting(storage));
    storage->n_at_mark = storage->n_appended;
    storage->end_at_mark = log_file_good_end(storage->file);
}

uint64_t
storage_n_at_mark(const struct storage *storage)
{
    return storage->n_at_mark;
}

void
storage_roll_back(struct storage *storage)
{
    storage->n_appended = storage->n_at_mark;
    struct err *e = log_file_take_back(storage->file, storage->end_at_mark);
    if (e) {
        log_err("%s", err_detail(e));
        err_free(e);
    }
}

uint64_t
storage_n_appended(const struct storage *storage)
{
    return storage->n_appended;
}

uint64_t
storage_n_synced(const struct storage *storage)
{
    return storage->n_synced;
}

/* Snapshots. */

bool
storage_wants_snapshot(struct storage *storage, int64_t now_ms)
{
    uint64_t n_txns = storage->n_appended - storage->n_appended_at_snapshot;
    uint64_t size = log_file_good_end(storage->file);
    if (!storage->last_snapshot_ms) {
        storage->last_snapshot_ms = now_ms;
    }
    int64_t age_ms = now_ms - storage->last_snapshot_ms;
    bool has_grown = size >= MIN_GROWTH && size / 2 >= storage->snapshot_size;
    return age_ms >= MIN_INTERVAL_MS && n_txns >= MIN_TXNS && (has_grown || age_ms >= MAX_INTERVAL_MS);
}

void
storage_note_snapshot_failed(struct storage *storage, int64_t now_ms)
{
    storage->last_snapshot_ms = now_ms;
}

struct err *
storage_snapshot_begin(struct storage *storage, const struct schema *schema, struct storage_snapshot **ret)
{
    struct log_file *file;
    struct err *e = log_file_replace_begin(storage->file, &file);
    if (e) {
        return e;
    }
    struct storage_snapshot *snapshot = xcalloc(1, sizeof *snapshot);
    snapshot->storage = storage;
    snapshot->file = file;
    e = append_schema(file, schema);
    if (e) {
        storage_snapshot_abort(snapshot);
        return e;
    }
    snapshot->schema = schema_ref((struct schema *) schema);
    *ret = snapshot;
    return NULL;
}

struct err *
storage_snapshot_put(struct storage_snapshot *snapshot, struct str text)
{
    return log_file_append(snapshot->file, text);
}

struct err *
storage_snapshot_sync(struct storage_snapshot *snapshot)
{
    return log_file_sync(snapshot->file);
}

void
storage_snapshot_note_synced(struct storage_snapshot *snapshot)
{
    log_file_replace_note_synced(snapshot->file);
}

int
storage_snapshot_fd(const struct storage_snapshot *snapshot)
{
    return log_file_fd(snapshot->file);
}

static void
snapshot_free(struct storage_snapshot *snapshot)
{
    schema_unref(snapshot->schema);
    free(snapshot);
}

struct err *
storage_snapshot_commit(struct storage_snapshot *snapshot, int64_t now_ms)
{
    struct storage *storage = snapshot->storage;
    struct err *e = log_file_replace_commit(storage->file, snapshot->file);
    if (e) {
        counter_inc(&counter_storage_failed);
        storage_note_snapshot_failed(storage, now_ms);
    } else {
        counter_inc(&counter_storage_snapshot);
        schema_unref(storage->schema);
        storage->schema = schema_ref(snapshot->schema);
        storage->n_synced = storage->n_appended;
        storage->snapshot_size = log_file_good_end(storage->file);
        storage->n_appended_at_snapshot = storage->n_appended;
        storage->last_snapshot_ms = now_ms;
    }
    if (!e || storage_is_broken(storage)) {                  /* it may be another file now */
        storage_mark(storage);
    }
    snapshot_free(snapshot);
    return e;
}

void
storage_snapshot_abort(struct storage_snapshot *snapshot)
{
    if (snapshot) {
        log_file_replace_abort(snapshot->file);
        snapshot_free(snapshot);
    }
}
