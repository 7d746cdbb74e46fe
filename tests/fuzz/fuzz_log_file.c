/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Properties: the good part of a file reads back as the same records, and takes more behind them; a transaction that is
 * understood is JSON, and its rows, written again, are understood again. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "ovsdb/storage/log_file.h"
#include "ovsdb/storage/record.h"
#include "tests/fuzz/fuzz.h"

static struct err *
write_again(void *w, struct record_row *row)
{
    if (row->is_delete) {
        record_put_delete(w, row->table, &row->uuid);
        return NULL;
    }
    struct datum columns[MAX_COLUMNS];
    for (uint32_t i = 0; i < row->table->n_columns; i++) {
        const struct column_type *type = &row->table->columns[i].type;
        if (row->columns & UINT64_C(1) << i) {
            datum_clone(&columns[i], &row->data[i], column_datum_type(type));
        } else {
            datum_init_default(&columns[i], type);
        }
    }
    record_put_insert(w, row->table, &row->uuid, columns);
    for (uint32_t i = 0; i < row->table->n_columns; i++) {
        datum_fini(&columns[i], column_datum_type(&row->table->columns[i].type));
    }
    return NULL;
}

static void
check_transaction(const struct schema *schema, struct str text)
{
    struct buf again = BUF_INIT(BUF_NO_LIMIT), third = BUF_INIT(BUF_NO_LIMIT);
    struct record_writer w;
    record_begin(&w, &again, 0);
    struct err *e = record_parse(schema, text, NULL, write_again, &w);
    record_end(&w, NULL);
    if (!e) {
        json_t *json;
        CHECK(!json_parse(text, 0, &json) && json_is_object(json));
        json_decref(json);
        record_begin(&w, &third, 0);
        e = record_parse(schema, str_n(again.data, again.size), NULL, write_again, &w);
        record_end(&w, NULL);
        CHECK(!e && third.size == again.size && !memcmp(third.data, again.data, again.size));
    }
    err_free(e);
    buf_fini(&again);
    buf_fini(&third);
}

/* No fuzzer finds a SHA-1 hash, so that records are tried without, too. */
static void
check_bare_transaction(struct str text)
{
    static const char schema_text[] =
        "{\"name\":\"D\",\"tables\":{\"T\":{\"columns\":{\"b\":{\"type\":\"boolean\"},\"i\":{\"type\":\"integer\"},"
        "\"m\":{\"type\":{\"key\":\"string\",\"value\":\"uuid\",\"min\":0,\"max\":\"unlimited\"}},"
        "\"o\":{\"type\":{\"key\":{\"type\":\"string\",\"maxLength\":3},\"min\":0}},"
        "\"s\":{\"type\":{\"key\":\"real\",\"max\":\"unlimited\"}}}}}}";
    struct schema *schema;
    struct err *e = schema_from_text(str_from(schema_text), &schema);
    CHECK(!e);
    check_transaction(schema, text);
    schema_unref(schema);
}

/* Reads all records, checking each, and returns their number. */
static size_t
read_records(const char *path, uint64_t *ret_good_end)
{
    struct log_file *file;
    struct schema *schema = NULL;
    struct str text;
    size_t n = 0;
    *ret_good_end = 0;
    struct err *e = log_file_open(path, LOG_FILE_READ_ONLY, &file);
    if (e) {
        err_free(e);
        return 0;
    }
    while (!(e = log_file_read(file, &text)) && text.s) {
        if (!n++) {
            err_free(schema_from_text(text, &schema));
        } else if (schema) {
            check_transaction(schema, text);
        }
    }
    err_free(e);
    *ret_good_end = log_file_good_end(file);
    schema_unref(schema);
    log_file_close(file);
    return n;
}

/* Opens the file for writing, as a server does after a crash, appends records with and without room for more behind them, and
 * expects them behind the 'n' that were there. */
static void
check_appending(const char *path, size_t n)
{
    struct log_file *file;
    struct str text = {0};
    size_t n_lost;
    uint64_t good_end;
    struct err *e = log_file_open(path, LOG_FILE_READ_WRITE, &file);
    if (e) {
        err_free(e);
        return;
    }
    do {
        e = log_file_read(file, &text);
    } while (!e && text.s);
    CHECK(!e);
    for (int i = 0; i < 3; i++) {
        e = log_file_put(file, str_from("{}"));
        e = e ? e : log_file_write(file, i != 1, &n_lost);
        CHECK(!e && !n_lost);
    }
    good_end = log_file_good_end(file);
    log_file_close(file);
    uint64_t found_end;
    size_t n_found = read_records(path, &found_end);
    CHECK(found_end == good_end && (n_found == n + 3 || n_found == n + 2));      /* a filler may have been the last one */
}

static char folder[64];

static void
remove_folder(void)
{
    char lock[96];
    snprintf(lock, sizeof lock, "%s/.x.db.~lock~", folder);
    unlink(lock);
    rmdir(folder);
}

/* A new file with 'data'; its descriptor. */
static int
write_file(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t) size);
    return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!*folder) {
        snprintf(folder, sizeof folder, "%s/weft-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
        CHECK(mkdtemp(folder) && !atexit(remove_folder));
    }
    char path[96];
    uint64_t good_end, again_end;
    snprintf(path, sizeof path, "%s/x.db", folder);
    int fd = write_file(path, data, size);
    size_t n = read_records(path, &good_end);
    CHECK(good_end <= size && !ftruncate(fd, (off_t) good_end));
    CHECK(read_records(path, &again_end) == n && again_end == good_end);
    close(fd);
    check_appending(path, n);
    CHECK(!unlink(path));
    check_bare_transaction(str_n((const char *) data, size));
    return 0;
}
