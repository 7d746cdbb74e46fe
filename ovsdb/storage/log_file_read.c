/* SPDX-License-Identifier: Apache-2.0 */
/* Reading. */
#include <config.h>

#include "ovsdb/storage/log_file_private.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/mem.h"

/* Makes at least 'n' bytes from 'good_end' on available, or as many as the file has. */
static struct err *
fill(struct log_file *file, size_t n)
{
    while (file->data_end - file->data_start < n) {
        if (file->data_start) {
            memmove(file->data, file->data + file->data_start, file->data_end - file->data_start);
            file->data_end -= file->data_start;
            file->data_start = 0;
        }
        size_t want = MAX(n, LOG_FILE_CHUNK);
        if (file->data_capacity < want) {
            file->data = xrealloc(file->data, want);
            file->data_capacity = want;
        }
        ssize_t got = pread(file->fd, file->data + file->data_end, file->data_capacity - file->data_end,
                            (off_t) (file->good_end + file->data_end));
        if (got < 0 && errno != EINTR) {
            return err_tagged(LOG_FILE_IO_ERROR, "%s: error reading at offset %llu (%s)", file->path,
                              (unsigned long long) (file->good_end + file->data_end), strerror(errno));
        } else if (!got) {
            break;
        }
        file->data_end += got > 0 ? (size_t) got : 0;
    }
    return NULL;
}

static struct err *
header_error(const struct log_file *file, struct str text)
{
    size_t n = 0;
    while (n < text.n && n < MAX_HEADER && text.s[n] >= ' ' && text.s[n] < 0x7f) {
        n++;
    }
    return err_tagged(LOG_FILE_SYNTAX_ERROR, "%s: parse error at offset %llu in header line \"%.*s\"", file->path,
                      (unsigned long long) file->good_end, (int) n, text.s);
}

static bool
hex_eq(struct str a, const char *b)
{
    for (size_t i = 0; i < a.n; i++) {
        char c = a.s[i];
        if ((c >= 'A' && c <= 'F' ? c + 32 : c) != b[i]) {
            return false;
        }
    }
    return true;
}

/* Nothing more is to be read: what follows overwrites. */
static void
finish_reading(struct log_file *file)
{
    file->at_end = true;
    free(file->data);
    file->data = NULL;
    file->data_start = file->data_end = file->data_capacity = 0;
}

/* Reads one record, whose size in the file goes to '*ret_n'; 0 at the end of the file. */
static struct err *
read_record(struct log_file *file, struct str *ret, size_t *ret_n)
{
    struct err *e = fill(file, MAX_HEADER);
    if (e) {
        return e;
    }
    struct str text = str_n(file->data + file->data_start, file->data_end - file->data_start);
    if (!text.n) {
        *ret_n = 0;
        return NULL;
    }
    struct log_file_header header;
    if (!log_file_parse_header(text, LOG_FILE_STANDALONE, &header)) {
        file->is_corrupt = true;
        return header_error(file, text);
    }
    uint64_t offset = file->good_end + header.n;
    if (file->size < offset + header.length && (e = log_file_update_size(file))) {
        return e;
    }
    if (file->size < offset + header.length) {
        file->is_corrupt = true;
        return err_tagged(LOG_FILE_IO_ERROR, "%s: error reading %llu bytes starting at offset %llu (End of file)", file->path,
                          (unsigned long long) header.length, (unsigned long long) offset);
    }
    char want[SHA1_HEX + 1];
    char sha1[SHA1_HEX + 1];
    memcpy(want, header.sha1.s, SHA1_HEX);                   /* fill() may move the text */
    want[SHA1_HEX] = '\0';
    *ret_n = header.n + header.length;
    e = fill(file, *ret_n);
    if (e) {
        return e;
    }
    *ret = str_n(file->data + file->data_start + header.n, header.length);
    log_file_sha1(file, *ret, false, sha1);
    if (!hex_eq(str_n(want, SHA1_HEX), sha1)) {
        file->is_corrupt = true;
        return err_tagged(LOG_FILE_SYNTAX_ERROR, "%s: %llu bytes starting at offset %llu have SHA-1 hash %s but should have hash %s",
                          file->path, (unsigned long long) header.length, (unsigned long long) offset, sha1, want);
    }
    ret->n -= ret->s[ret->n - 1] == '\n';
    return NULL;
}

struct err *
log_file_read(struct log_file *file, struct str *ret)
{
    CHECK(file->magic == LOG_FILE_MAGIC);
    size_t n = 0;
    if (file->corrupt) {
        return err_clone(file->corrupt);
    }
    CHECK(!file->is_corrupt);
    *ret = str_n(NULL, 0);
    if (file->at_end) {
        return NULL;
    }
    struct str record;
    struct err *e = read_record(file, &record, &n);
    if (e) {
        if (file->is_corrupt) {
            file->corrupt = err_clone(e);
        }
        return e;
    }
    if (n && file->mode != LOG_FILE_READ_ONLY && file->good_end + n == file->size
        && log_file_is_filler(str_n(record.s, record.n + 1), n)) {
        file->filler = n;
        finish_reading(file);
    } else if (n) {
        *ret = record;
        file->good_end += n;
        file->data_start += n;
    } else if (file->mode != LOG_FILE_READ_ONLY) {           /* a reader may find more later */
        finish_reading(file);
    }
    return NULL;
}

void
log_file_rewind(struct log_file *file)
{
    CHECK(file->magic == LOG_FILE_MAGIC && !file->queue.size);
    err_free(file->corrupt);
    file->corrupt = NULL;
    file->is_corrupt = false;
    file->good_end = file->filler = 0;
    file->data_start = file->data_end = 0;
    file->at_end = false;
}

bool
log_file_is_corrupt(const struct log_file *file)
{
    return file->is_corrupt;
}

bool
log_file_is_read_only(const struct log_file *file)
{
    return file->mode == LOG_FILE_READ_ONLY;
}

bool
log_file_tail_has_records(const struct log_file *file)
{
    /* What stands before it may be gone: a crash can leave pages of zeros. */
    static const char needle[] = LOG_FILE_STANDALONE;
    size_t overlap = sizeof needle - 1;
    char *chunk = xmalloc(LOG_FILE_CHUNK);
    bool found = false;
    for (uint64_t at = file->good_end + 1; !found && at < file->size;) {
        ssize_t n = pread(file->fd, chunk, LOG_FILE_CHUNK, (off_t) at);
        if (n <= 0) {
            break;
        }
        found = memmem(chunk, (size_t) n, needle, strlen(needle)) != NULL;
        at += (size_t) n > overlap ? (size_t) n - overlap : (size_t) n;
    }
    free(chunk);
    return found;
}
