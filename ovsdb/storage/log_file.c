/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/storage/log_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "ovsdb/storage/lock_file.h"

MEM_TYPE(log_file, "OVSDB log files");

enum { LOG_FILE_MAGIC = 0x4c4f4746 };
enum { READ_CHUNK = 1 << 20 };
enum { SHA1_SIZE = 20, SHA1_HEX = 40 };
enum { MAX_HEADER = 128 };                                   /* "OVSDB CLUSTER 9223372036854775807 <40 digits>\n" fits */
enum { NEW_FILE_MODE = 0660 };
enum { KEPT_QUEUE = 1 << 20 };                               /* bytes of an empty queue that are kept for the next records */
static const char IO_ERROR[] = "I/O error";
static const char SYNTAX[] = "syntax error";

struct log_file {
    uint32_t magic;                                          /* LOG_FILE_MAGIC */
    enum log_file_mode mode;
    char *path;                                              /* as given */
    char *real_path;                                         /* without symbolic links: what rename() replaces */
    int fd;
    int lock_fd;                                             /* -1 if not locked */
    uint64_t good_end;                                       /* offset behind the last whole record */
    uint64_t size;                                           /* of the file */
    struct buf queue;                                        /* records to be written, as they will be in the file */
    VEC(uint64_t) queue_ends;                                /* offsets in 'queue' behind each */
    bool at_end;                                             /* all records read: may append */
    bool sync_failed;                                        /* refuse appends */
    bool is_directory_dirty;                                 /* the name is not durable yet */
    bool is_synced;                                          /* a replacement that another process has synced */
    uint64_t replace_from;                                   /* of a replacement: where 'file' ended at its begin */

    char *data;                                              /* read buffer: the file's bytes from 'good_end' on... */
    size_t data_start;                                       /* ...are data[data_start...data_end) */
    size_t data_end;
    size_t data_capacity;
    bool is_corrupt;                                         /* the next record is no whole record */
    struct err *corrupt;                                     /* then: how */
    EVP_MD *sha1;
    EVP_MD_CTX *sha1_context;
};

/* Opening. */

static struct log_file *
log_file_new(const char *path, enum log_file_mode mode)
{
    struct log_file *file = xcalloc(1, sizeof *file);
    file->magic = LOG_FILE_MAGIC;
    file->mode = mode;
    file->path = xstrdup(path);
    file->fd = -1;
    file->lock_fd = -1;
    buf_init(&file->queue, BUF_NO_LIMIT);
    file->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);           /* once: looking it up costs more than hashing */
    file->sha1_context = EVP_MD_CTX_new();
    CHECK(file->sha1 && file->sha1_context);
    mem_add(&mem_log_file, +1);
    return file;
}

void
log_file_close(struct log_file *file)
{
    if (!file) {
        return;
    }
    CHECK(file->magic == LOG_FILE_MAGIC);
    if (file->fd >= 0) {
        close(file->fd);
    }
    lock_file_release(file->lock_fd);
    EVP_MD_CTX_free(file->sha1_context);
    EVP_MD_free(file->sha1);
    err_free(file->corrupt);
    buf_fini(&file->queue);
    vec_fini(&file->queue_ends);
    free(file->data);
    free(file->path);
    free(file->real_path);
    file->magic = 0;
    free(file);
    mem_add(&mem_log_file, -1);
}

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

static struct err *
update_size(struct log_file *file)
{
    struct stat s;
    if (fstat(file->fd, &s) < 0) {
        return err_tagged(IO_ERROR, "%s: cannot get file size (%s)", file->path, strerror(errno));
    }
    file->size = (uint64_t) s.st_size;
    return NULL;
}

struct header {
    size_t n;                                                /* bytes of the header line, with its line feed */
    uint64_t length;                                         /* of the record, with its line feed */
    struct str sha1;
};

static const char STANDALONE[] = "OVSDB JSON ", CLUSTERED[] = "OVSDB CLUSTER ";

/* "OVSDB JSON <length> <sha1>\n", where "OVSDB JSON " is 'magic', at the start of 'text'. */
static bool
parse_header(struct str text, const char *magic, struct header *ret)
{
    size_t at = strlen(magic);
    if (!str_starts(text, magic)) {
        return false;
    }
    uint64_t length = 0;
    size_t digits = at;
    while (at < text.n && at - digits < 18 && text.s[at] >= '0' && text.s[at] <= '9') {
        length = length * 10 + (uint64_t) (text.s[at++] - '0');
    }
    if (at == digits || !length || text.s[digits] == '0' || text.n - at < 1 + SHA1_HEX + 1 || text.s[at] != ' '
        || text.s[at + 1 + SHA1_HEX] != '\n') {
        return false;
    }
    *ret = (struct header) {at + 1 + SHA1_HEX + 1, length, str_n(text.s + at + 1, SHA1_HEX)};
    for (size_t i = 0; i < SHA1_HEX; i++) {
        if (!isxdigit((unsigned char) ret->sha1.s[i])) {
            return false;
        }
    }
    return true;
}

/* Tells the kind of database by how the file begins; an error if it is none.  With 'strict' the first record's header
 * must be whole. */
static struct err *
identify(int fd, const char *path, bool strict, bool *ret_is_clustered)
{
    char text[MAX_HEADER];
    struct header header;
    ssize_t n = pread(fd, text, sizeof text, 0);
    if (n < 0) {
        return err_tagged(IO_ERROR, "%s: read error (%s)", path, strerror(errno));
    } else if (!n) {
        return err_tagged("ovsdb error", "%s: cannot identify file type", path);
    }
    const struct str head = str_n(text, (size_t) n);
    *ret_is_clustered = str_starts(head, CLUSTERED);
    bool ok = *ret_is_clustered || str_starts(head, STANDALONE);
    ok = ok && (!strict || parse_header(head, *ret_is_clustered ? CLUSTERED : STANDALONE, &header));
    return ok ? NULL : err_tagged("ovsdb error", "%s: unexpected file format", path);
}

/* An error unless the file begins as a standalone database does. */
static struct err *
check_magic(const struct log_file *file)
{
    bool is_clustered = false;
    struct err *e = identify(file->fd, file->path, false, &is_clustered);
    return !e && is_clustered ? err_tagged("ovsdb error", "%s: clustered databases are not supported", file->path) : e;
}

static struct err *
open_file(struct log_file *file)
{
    static const int flags[] = {
        [LOG_FILE_READ_ONLY] = O_RDONLY,
        [LOG_FILE_READ_WRITE] = O_RDWR,
        [LOG_FILE_CREATE] = O_RDWR | O_CREAT | O_EXCL,
    };
    if (file->mode == LOG_FILE_READ_WRITE) {
        file->real_path = realpath(file->path, NULL);        /* NULL if absent: open() will say so */
    }
    if (!file->real_path) {
        file->real_path = xstrdup(file->path);
    }
    if (file->mode != LOG_FILE_READ_ONLY) {
        if (file->mode == LOG_FILE_READ_WRITE && access(file->real_path, F_OK) < 0) {
            return err_tagged(IO_ERROR, "%s: open failed (%s)", file->path, strerror(errno));
        }
        struct err *e = lock_file_acquire(file->real_path, file->path, &file->lock_fd);
        if (e) {
            return e;
        }
    }
    file->fd = open(file->real_path, flags[file->mode] | O_CLOEXEC, NEW_FILE_MODE);
    if (file->fd < 0) {
        const char *verb = file->mode == LOG_FILE_CREATE ? "create" : "open";
        return err_tagged(IO_ERROR, "%s: %s failed (%s)", file->path, verb, strerror(errno));
    }
    struct err *e = update_size(file);
    return e || file->mode == LOG_FILE_CREATE ? e : check_magic(file);
}

struct err *
log_file_open(const char *path, enum log_file_mode mode, struct log_file **ret)
{
    struct log_file *file = log_file_new(path, mode);
    struct err *e = open_file(file);
    if (e) {
        log_file_close(file);
        return e;
    }
    file->at_end = mode == LOG_FILE_CREATE;
    file->is_directory_dirty = mode == LOG_FILE_CREATE;
    *ret = file;
    return NULL;
}

struct err *
log_file_identify(const char *path, bool *ret_is_clustered)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_tagged(IO_ERROR, "%s: open failed (%s)", path, strerror(errno));
    }
    struct err *e = identify(fd, path, true, ret_is_clustered);
    close(fd);
    return e;
}

const char *
log_file_path(const struct log_file *file)
{
    return file->path;
}

uint64_t
log_file_good_end(const struct log_file *file)
{
    return file->good_end;
}

uint64_t
log_file_size(const struct log_file *file)
{
    return file->size;
}

/* Reading. */

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
        size_t want = MAX(n, READ_CHUNK);
        if (file->data_capacity < want) {
            file->data = xrealloc(file->data, want);
            file->data_capacity = want;
        }
        ssize_t got = pread(file->fd, file->data + file->data_end, file->data_capacity - file->data_end,
                            (off_t) (file->good_end + file->data_end));
        if (got < 0 && errno != EINTR) {
            return err_tagged(IO_ERROR, "%s: error reading at offset %llu (%s)", file->path,
                              (unsigned long long) (file->good_end + file->data_end), strerror(errno));
        } else if (!got) {
            break;
        }
        file->data_end += got > 0 ? (size_t) got : 0;
    }
    return NULL;
}

static void
sha1_record(struct log_file *file, struct str record, bool add_newline, char hex[SHA1_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sha1[EVP_MAX_MD_SIZE];
    unsigned int n;
    bool ok = EVP_DigestInit_ex2(file->sha1_context, file->sha1, NULL)
              && EVP_DigestUpdate(file->sha1_context, record.s, record.n)
              && (!add_newline || EVP_DigestUpdate(file->sha1_context, "\n", 1))
              && EVP_DigestFinal_ex(file->sha1_context, sha1, &n) && n == SHA1_SIZE;
    CHECK(ok);
    for (int i = 0; i < SHA1_SIZE; i++) {
        hex[2 * i] = digits[sha1[i] >> 4];
        hex[2 * i + 1] = digits[sha1[i] & 15];
    }
    hex[SHA1_HEX] = '\0';
}

static struct err *
header_error(const struct log_file *file, struct str text)
{
    size_t n = 0;
    while (n < text.n && n < MAX_HEADER && text.s[n] >= ' ' && text.s[n] < 0x7f) {
        n++;
    }
    return err_tagged(SYNTAX, "%s: parse error at offset %llu in header line \"%.*s\"", file->path,
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
    struct header header;
    if (!parse_header(text, STANDALONE, &header)) {
        file->is_corrupt = true;
        return header_error(file, text);
    }
    uint64_t offset = file->good_end + header.n;
    if (file->size < offset + header.length && (e = update_size(file))) {
        return e;
    }
    if (file->size < offset + header.length) {
        file->is_corrupt = true;
        return err_tagged(IO_ERROR, "%s: error reading %llu bytes starting at offset %llu (End of file)", file->path,
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
    sha1_record(file, *ret, false, sha1);
    if (!hex_eq(str_n(want, SHA1_HEX), sha1)) {
        file->is_corrupt = true;
        return err_tagged(SYNTAX, "%s: %llu bytes starting at offset %llu have SHA-1 hash %s but should have hash %s",
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
    if (n) {
        *ret = record;
        file->good_end += n;
        file->data_start += n;
    } else if (file->mode != LOG_FILE_READ_ONLY) {           /* a reader may find more later */
        file->at_end = true;
        free(file->data);
        file->data = NULL;
        file->data_start = file->data_end = file->data_capacity = 0;
    }
    return NULL;
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
    static const char needle[] = "\nOVSDB JSON ";
    size_t overlap = sizeof needle - 1;
    char *chunk = xmalloc(READ_CHUNK);
    bool found = false;
    for (uint64_t at = file->good_end; !found && at < file->size;) {
        ssize_t n = pread(file->fd, chunk, READ_CHUNK, (off_t) at);
        if (n <= 0) {
            break;
        }
        found = memmem(chunk, (size_t) n, needle, strlen(needle)) != NULL;
        at += (size_t) n > overlap ? (size_t) n - overlap : (size_t) n;
    }
    free(chunk);
    return found;
}

/* Writing. */

static struct err *
truncate_to_good_end(struct log_file *file)
{
    if (ftruncate(file->fd, (off_t) file->good_end) < 0) {
        return err_tagged(IO_ERROR, "%s: failed to truncate to %llu bytes (%s)", file->path,
                          (unsigned long long) file->good_end, strerror(errno));
    }
    file->size = file->good_end;
    return NULL;
}

struct err *
log_file_truncate_tail(struct log_file *file)
{
    CHECK(file->magic == LOG_FILE_MAGIC && file->mode != LOG_FILE_READ_ONLY);
    struct err *e = truncate_to_good_end(file);
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

/* Copies the bytes [from, to) of 'file' to 'fd' at 'offset'.  Returns 0 or -errno. */
static int
copy_bytes(const struct log_file *file, uint64_t from, uint64_t to, int fd, uint64_t offset)
{
    char *chunk = xmalloc(READ_CHUNK);
    int error = 0;
    while (from < to && !error) {
        ssize_t n = pread(file->fd, chunk, (size_t) MIN(to - from, (uint64_t) READ_CHUNK), (off_t) from);
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
log_file_save_tail(const struct log_file *file, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, NEW_FILE_MODE);
    int error = fd < 0 ? errno : -copy_bytes(file, file->good_end, file->size, fd, 0);
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
    return error ? err_tagged(IO_ERROR, "%s: cannot write (%s)", path, strerror(error)) : NULL;
}

static struct err *
check_writable(const struct log_file *file)
{
    return file->sync_failed ? err_tagged(IO_ERROR, "%s: an earlier write failed; compact the database to go on", file->path)
                             : NULL;
}

static void
put_header(struct log_file *file, struct buf *buf, struct str record)
{
    char sha1[SHA1_HEX + 1];
    sha1_record(file, record, true, sha1);
    buf_printf(buf, "OVSDB JSON %zu %s\n", record.n + 1, sha1);
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
    err_free(truncate_to_good_end(file));                    /* if that fails the next append overwrites the rest */
    return err_tagged(IO_ERROR, "%s: cannot write record (%s)", file->path, strerror(error));
}

struct err *
log_file_append(struct log_file *file, struct str record)
{
    CHECK(file->magic == LOG_FILE_MAGIC && file->at_end && !file->queue.size);
    struct err *e = check_writable(file);
    if (e) {
        return e;
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
    if (!e && record.n > BUF_NO_LIMIT - MAX_HEADER - 1 - file->queue.size) {
        e = err_tagged(IO_ERROR, "%s: record too large to write", file->path);
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

struct err *
log_file_write(struct log_file *file, size_t *ret_n_lost)
{
    CHECK(file->magic == LOG_FILE_MAGIC);
    *ret_n_lost = 0;
    if (!file->queue.size) {
        return NULL;
    }
    struct iovec part = {file->queue.data, file->queue.size};
    uint64_t end = file->good_end, good_end = file->good_end;
    int error = -write_all(file->fd, &part, 1, &end);
    size_t n_whole = 0;
    while (n_whole < file->queue_ends.n && file->good_end + file->queue_ends.d[n_whole] <= end) {
        good_end = file->good_end + file->queue_ends.d[n_whole++];
    }
    *ret_n_lost = file->queue_ends.n - n_whole;
    file->good_end = good_end;
    vec_clear(&file->queue_ends);
    if (file->queue.capacity > KEPT_QUEUE) {
        buf_fini(&file->queue);
    } else {
        buf_clear(&file->queue);
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

/* What is left to sync once the content is, or has failed with 'error'. */
static struct err *
sync_name(struct log_file *file, int error)
{
    if (!error && file->is_directory_dirty) {
        error = -sync_directory(file->real_path);
        file->is_directory_dirty = error != 0;
    }
    if (error) {
        file->sync_failed = true;
        return err_tagged(IO_ERROR, "%s: sync failed (%s)", file->path, strerror(error));
    }
    return NULL;
}

struct err *
log_file_sync(struct log_file *file)
{
    CHECK(file->magic == LOG_FILE_MAGIC && file->mode != LOG_FILE_READ_ONLY && !file->queue.size);
    return sync_name(file, fdatasync(file->fd) < 0 ? errno : 0);
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
    return truncate_to_good_end(file);
}

/* Replacing. */

static struct err *
open_replacement(const struct log_file *file, struct log_file *new)
{
    struct stat s;
    new->fd = open(new->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, NEW_FILE_MODE);
    if (new->fd < 0) {
        return err_tagged(IO_ERROR, "%s: create failed (%s)", new->path, strerror(errno));
    }
    if (!fstat(file->fd, &s)) {
        /* Who may not give files away keeps the new one: best effort, as ovsdb-server does. */
        int ignored = fchown(new->fd, s.st_uid, s.st_gid);
        ignored = fchmod(new->fd, s.st_mode & 07777) | ignored;
        (void) ignored;
    }
    return NULL;
}

struct err *
log_file_replace_begin(struct log_file *file, struct log_file **ret)
{
    CHECK(file->magic == LOG_FILE_MAGIC && file->lock_fd >= 0);
    char *path = xasprintf("%s.tmp", file->real_path);
    struct log_file *new = log_file_new(path, LOG_FILE_CREATE);
    new->real_path = path;
    new->at_end = true;
    new->replace_from = file->good_end;
    struct err *e = open_replacement(file, new);
    if (e) {
        log_file_close(new);
    } else {
        *ret = new;
    }
    return e;
}

void
log_file_replace_abort(struct log_file *replacement)
{
    if (replacement) {
        unlink(replacement->path);
        log_file_close(replacement);
    }
}

void
log_file_replace_note_synced(struct log_file *replacement)
{
    replacement->is_synced = true;
}

int
log_file_fd(const struct log_file *file)
{
    return file->fd;
}

/* Completes the file 'new' and gives it the name of 'file'. */
static struct err *
finish_replacement(struct log_file *file, struct log_file *new)
{
    struct err *e = update_size(new);
    if (e) {
        return e;
    }
    new->good_end = new->size;                               /* a child may have written it */
    int error = -copy_bytes(file, new->replace_from, file->good_end, new->fd, new->good_end);
    if (error) {
        return err_tagged(IO_ERROR, "%s: cannot write (%s)", new->path, strerror(error));
    }
    new->good_end += file->good_end - new->replace_from;
    if (!(new->is_synced && new->replace_from == file->good_end) && fdatasync(new->fd) < 0) {
        return err_tagged(IO_ERROR, "%s: sync failed (%s)", new->path, strerror(errno));
    }
    if (rename(new->path, file->real_path) < 0) {
        return err_tagged(IO_ERROR, "%s: failed to rename \"%s\" to it (%s)", file->path, new->path, strerror(errno));
    }
    return NULL;
}

struct err *
log_file_replace_commit(struct log_file *file, struct log_file *replacement)
{
    CHECK(file->magic == LOG_FILE_MAGIC && replacement->magic == LOG_FILE_MAGIC && !file->queue.size);
    struct err *e = finish_replacement(file, replacement);
    if (e) {
        log_file_replace_abort(replacement);
        return e;
    }
    int old_fd = file->fd;
    file->fd = replacement->fd;
    replacement->fd = old_fd;                                /* closed with it */
    file->good_end = file->size = replacement->good_end;
    file->sync_failed = false;
    file->is_directory_dirty = true;
    log_file_close(replacement);
    return sync_name(file, 0);
}
