/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/storage/log_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "ovsdb/storage/lock_file.h"
#include "ovsdb/storage/log_file_private.h"

MEM_TYPE(log_file, "OVSDB log files");

static const char CLUSTERED[] = "OVSDB CLUSTER ";

struct log_file *
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
    if (file->filler) {
        err_free(log_file_truncate_to_good_end(file));       /* a filler that stays does no harm */
    }
    if (file->fd >= 0) {
        close(file->fd);
    }
    log_file_blanks_free(file->blanks);
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

struct err *
log_file_update_size(struct log_file *file)
{
    struct stat s;
    if (fstat(file->fd, &s) < 0) {
        return err_tagged(LOG_FILE_IO_ERROR, "%s: cannot get file size (%s)", file->path, strerror(errno));
    }
    file->size = (uint64_t) s.st_size;
    return NULL;
}

void
log_file_finish_sha1(EVP_MD_CTX *context, char hex[SHA1_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sha1[EVP_MAX_MD_SIZE];
    unsigned int n;
    bool ok = EVP_DigestFinal_ex(context, sha1, &n) && n == SHA1_SIZE;
    CHECK(ok);
    for (int i = 0; i < SHA1_SIZE; i++) {
        hex[2 * i] = digits[sha1[i] >> 4];
        hex[2 * i + 1] = digits[sha1[i] & 15];
    }
    hex[SHA1_HEX] = '\0';
}

void
log_file_sha1(struct log_file *file, struct str record, bool add_newline, char hex[SHA1_HEX + 1])
{
    bool ok = EVP_DigestInit_ex2(file->sha1_context, file->sha1, NULL)
              && EVP_DigestUpdate(file->sha1_context, record.s, record.n)
              && (!add_newline || EVP_DigestUpdate(file->sha1_context, "\n", 1));
    CHECK(ok);
    log_file_finish_sha1(file->sha1_context, hex);
}

bool
log_file_parse_header(struct str text, const char *magic, struct log_file_header *ret)
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
    *ret = (struct log_file_header) {at + 1 + SHA1_HEX + 1, length, str_n(text.s + at + 1, SHA1_HEX)};
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
    struct log_file_header header;
    ssize_t n = pread(fd, text, sizeof text, 0);
    if (n < 0) {
        return err_tagged(LOG_FILE_IO_ERROR, "%s: read error (%s)", path, strerror(errno));
    } else if (!n) {
        return err_tagged("ovsdb error", "%s: cannot identify file type", path);
    }
    const struct str head = str_n(text, (size_t) n);
    *ret_is_clustered = str_starts(head, CLUSTERED);
    bool ok = *ret_is_clustered || str_starts(head, LOG_FILE_STANDALONE);
    ok = ok && (!strict || log_file_parse_header(head, *ret_is_clustered ? CLUSTERED : LOG_FILE_STANDALONE, &header));
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

/* Where a symbolic link at 'path' leads, though nothing may be there; NULL if there is no link. */
static char *
follow_links(const char *path)
{
    enum { MAX_LINKS = 40 };
    char *at = NULL, target[PATH_MAX];
    for (int i = 0; i < MAX_LINKS; i++) {
        const char *from = at ? at : path;
        ssize_t n = readlink(from, target, sizeof target - 1);
        if (n < 0) {
            return at;
        }
        target[n] = '\0';
        const char *slash = *target == '/' ? NULL : strrchr(from, '/');
        char *next = slash ? xasprintf("%.*s%s", (int) (slash + 1 - from), from, target) : xstrdup(target);
        free(at);
        at = next;
    }
    return at;                                               /* a loop, which open() refuses */
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
    } else if (file->mode == LOG_FILE_CREATE) {
        file->real_path = follow_links(file->path);
    }
    if (!file->real_path) {
        file->real_path = xstrdup(file->path);
    }
    if (file->mode != LOG_FILE_READ_ONLY) {
        if (file->mode == LOG_FILE_READ_WRITE && access(file->real_path, F_OK) < 0) {
            return err_tagged(LOG_FILE_IO_ERROR, "%s: open failed (%s)", file->path, strerror(errno));
        }
        struct err *e = lock_file_acquire(file->real_path, file->path, &file->lock_fd);
        if (e) {
            return e;
        }
    }
    file->fd = open(file->real_path, flags[file->mode] | O_CLOEXEC, NEW_FILE_MODE);
    if (file->fd < 0) {
        const char *verb = file->mode == LOG_FILE_CREATE ? "create" : "open";
        return err_tagged(LOG_FILE_IO_ERROR, "%s: %s failed (%s)", file->path, verb, strerror(errno));
    }
    struct err *e = log_file_update_size(file);
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
        return err_tagged(LOG_FILE_IO_ERROR, "%s: open failed (%s)", path, strerror(errno));
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
