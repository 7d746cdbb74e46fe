/* SPDX-License-Identifier: Apache-2.0 */
/* Appending, cutting off, making durable. */
#include <config.h>

#include "ovsdb/storage/log_file_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/mem.h"

enum { KEPT_QUEUE = 1 << 20 };                               /* bytes of an empty queue that are kept for the next records */

/* Makes the names in the folder of 'path' durable. */
static int
sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? xmemdup0(path, (size_t) (slash + 1 - path)) : xstrdup(".");
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) < 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    free(directory);
    return -error;
}

struct err *
log_file_truncate_to_good_end(struct log_file *file)
{
    file->filler = 0;
    if (ftruncate(file->fd, (off_t) file->good_end) < 0) {
        return err_tagged(LOG_FILE_IO_ERROR, "%s: failed to truncate to %llu bytes (%s)", file->path,
                          (unsigned long long) file->good_end, strerror(errno));
    }
    file->size = file->good_end;
    return NULL;
}

struct err *
log_file_truncate_tail(struct log_file *file)
{
    CHECK(file->magic == LOG_FILE_MAGIC && file->mode != LOG_FILE_READ_ONLY);
    struct err *e = log_file_truncate_to_good_end(file);
    if (!e) {
        err_free(file->corrupt);
        file->corrupt = NULL;
        file->is_corrupt = false;
        file->data_start = file->data_end = 0;
        file->at_end = true;
    }
    return e;
}

/* Writes all of the 'n' parts at '*offset', which is moved behind what was written.  Returns 0 or -errno. */
static int
write_all(int fd, struct iovec *parts, int n, uint64_t *offset)
{
    while (n) {
        ssize_t written = pwritev(fd, parts, n, (off_t) *offset);
        if (written < 0 && errno == EINTR) {
            continue;
        } else if (written <= 0) {
            return written ? -errno : -ENOSPC;
        }
        *offset += (uint64_t) written;
        while (n && (size_t) written >= parts->iov_len) {
            written -= (ssize_t) parts->iov_len;
            parts++;
            n--;
        }
        if (n) {
            parts->iov_base = (char *) parts->iov_base + written;
            parts->iov_len -= (size_t) written;
        }
    }
    return 0;
}

int
log_file_copy_bytes(const struct log_file *file, uint64_t from, uint64_t to, int fd, uint64_t offset)
{
    char *chunk = xmalloc(LOG_FILE_CHUNK);
    int error = 0;
    while (from < to && !error) {
        ssize_t n = pread(file->fd, chunk, (size_t) MIN(to - from, (uint64_t) LOG_FILE_CHUNK), (off_t) from);
        if (n <= 0) {
            error = n ? errno : EIO;
        } else {
            struct iovec part = {chunk, (size_t) n};
            error = -write_all(fd, &part, 1, &offset);
            from += (uint64_t) n;
        }
    }
    free(chunk);
    return -error;
}

struct err *
log_file_save(const struct log_file *file, uint64_t from, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, NEW_FILE_MODE);
    int error = fd < 0 ? errno : -log_file_copy_bytes(file, from, file->size, fd, 0);
    if (!error && fsync(fd) < 0) {
        error = errno;
    }
    if (fd >= 0 && close(fd) < 0 && !error) {
        error = errno;
    }
    if (!error) {
        error = -sync_directory(path);
    }
    if (fd >= 0 && error) {
        unlink(path);
    }
    return error ? err_tagged(LOG_FILE_IO_ERROR, "%s: cannot write (%s)", path, strerror(error)) : NULL;
}

static struct err *
check_writable(const struct log_file *file)
{
    return file->sync_failed ? err_tagged(LOG_FILE_IO_ERROR, "%s: an earlier write failed; compact the database to go on", file->path)
                             : NULL;
}

static void
put_header(struct log_file *file, struct buf *buf, struct str record)
{
    char sha1[SHA1_HEX + 1];
    log_file_sha1(file, record, true, sha1);
    buf_printf(buf, "%s%zu %s\n", LOG_FILE_STANDALONE, record.n + 1, sha1);
}

static void
put_record(struct log_file *file, struct buf *buf, struct str record)
{
    put_header(file, buf, record);
    buf_put_str(buf, record);
    buf_putc(buf, '\n');
}

/* Of an attempt to write that ended with 'error' (0: none): the file ends at 'good_end' again. */
static struct err *
finish_write(struct log_file *file, int error)
{
    file->size = MAX(file->size, file->good_end);
    if (!error) {
        return NULL;
    }
    err_free(log_file_truncate_to_good_end(file));           /* if that fails the next append overwrites the rest */
    return err_tagged(LOG_FILE_IO_ERROR, "%s: cannot write record (%s)", file->path, strerror(error));
}

struct err *
log_file_append(struct log_file *file, struct str record)
{
    CHECK(file->magic == LOG_FILE_MAGIC && file->at_end && !file->queue.size);
    struct err *e = check_writable(file);
    if (e) {
        return e;
    } else if (file->filler) {
        size_t n_lost;
        e = log_file_put(file, record);
        return e ? e : log_file_write(file, false, &n_lost);
    }
    char newline[] = "\n";
    struct buf header = BUF_INIT(MAX_HEADER);
    put_header(file, &header, record);
    struct iovec parts[3] = {{header.data, header.size}, {(void *) record.s, record.n}, {newline, 1}};
    uint64_t end = file->good_end;
    int error = -write_all(file->fd, parts, 3, &end);
    buf_fini(&header);
    file->good_end = error ? file->good_end : end;
    return finish_write(file, error);
}

struct err *
log_file_put(struct log_file *file, struct str record)
{
    CHECK(file->magic == LOG_FILE_MAGIC && file->at_end);
    struct err *e = check_writable(file);
    if (!e && record.n > BUF_NO_LIMIT - MAX_HEADER - 1 - LOG_FILE_FILLER - file->queue.size) {
        e = err_tagged(LOG_FILE_IO_ERROR, "%s: record too large to write", file->path);
    }
    if (!e) {
        put_record(file, &file->queue, record);
        vec_push(&file->queue_ends, file->queue.size);
    }
    return e;
}

size_t
log_file_n_waiting(const struct log_file *file)
{
    return file->queue.size;
}

/* Puts what has to follow the records in 'queue' behind them, so that the file ends in a filler again, if it does or 'make' says so.
 * Returns the size of that filler. */
static uint64_t
queue_filler(struct log_file *file, bool make)
{
    uint64_t left = file->filler > file->queue.size ? file->filler - file->queue.size : 0;
    if (log_file_has_filler_of(left)) {
        log_file_put_filler_header(file, &file->queue, left);
        return left;
    } else if (!make && !left) {
        return 0;
    }
    uint64_t size = make ? LOG_FILE_FILLER : left;
    while (!log_file_has_filler_of(size)) {
        size++;                                              /* a few bytes too small to be one */
    }
    log_file_put_filler(file, &file->queue, size);
    return size;
}

/* Writes the first 'n' bytes of the queue.  Returns 0 or -errno. */
static int
write_queue(struct log_file *file, size_t n, uint64_t *ret_end)
{
    struct iovec part = {file->queue.data, n};
    *ret_end = file->good_end;
    return write_all(file->fd, &part, 1, ret_end);
}

/* Of records in the queue, moves 'good_end' behind those that are in the file up to 'end'; empties the queue.  Returns the number of
 * the others. */
static size_t
accept_queue(struct log_file *file, uint64_t end)
{
    size_t n_whole = 0;
    while (n_whole < file->queue_ends.n && file->good_end + file->queue_ends.d[n_whole] <= end) {
        n_whole++;
    }
    size_t n_lost = file->queue_ends.n - n_whole;
    file->good_end += n_whole ? file->queue_ends.d[n_whole - 1] : 0;
    vec_clear(&file->queue_ends);
    if (file->queue.capacity > KEPT_QUEUE) {
        buf_fini(&file->queue);
    } else {
        buf_clear(&file->queue);
    }
    return n_lost;
}

struct err *
log_file_write(struct log_file *file, bool will_sync, size_t *ret_n_lost)
{
    CHECK(file->magic == LOG_FILE_MAGIC);
    *ret_n_lost = 0;
    size_t n = file->queue.size;
    if (!n) {
        return NULL;
    }
    uint64_t end, filler = queue_filler(file, will_sync);
    int error = -write_queue(file, file->queue.size, &end);
    bool has_failed = error != 0;
    if (has_failed) {                                        /* perhaps there is room for the records alone */
        bool grows = file->good_end + file->queue.size > file->size;
        filler = 0;
        error = end >= file->good_end + n ? 0 : grows ? -write_queue(file, n, &end) : error;
    }
    *ret_n_lost = accept_queue(file, end);
    file->filler = filler;
    file->size = MAX(file->size, file->good_end + filler);
    if (has_failed && !error) {
        err_free(log_file_truncate_to_good_end(file));       /* if that fails, what is behind is a torn tail */
    }
    return finish_write(file, error);
}

void
log_file_put_record(struct buf *buf, struct str record)
{
    struct log_file *file = log_file_new("", LOG_FILE_READ_ONLY);        /* for its hash */
    put_record(file, buf, record);
    log_file_close(file);
}

struct err *
log_file_sync_name(struct log_file *file, int error)
{
    if (!error && file->is_directory_dirty) {
        error = -sync_directory(file->real_path);
        file->is_directory_dirty = error != 0;
    }
    if (error) {
        file->sync_failed = true;
        return err_tagged(LOG_FILE_IO_ERROR, "%s: sync failed (%s)", file->path, strerror(error));
    }
    return NULL;
}

struct err *
log_file_sync(struct log_file *file)
{
    CHECK(file->magic == LOG_FILE_MAGIC && file->mode != LOG_FILE_READ_ONLY && !file->queue.size);
    return log_file_sync_name(file, fdatasync(file->fd) < 0 ? errno : 0);
}

bool
log_file_is_broken(const struct log_file *file)
{
    return file->sync_failed;
}

struct err *
log_file_take_back(struct log_file *file, uint64_t end)
{
    CHECK(file->magic == LOG_FILE_MAGIC && file->at_end && end <= file->good_end && !file->queue.size);
    file->good_end = end;
    return log_file_truncate_to_good_end(file);
}
