/* SPDX-License-Identifier: Apache-2.0 */
/* Replacing. */
#include <config.h>

#include "ovsdb/storage/log_file_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"

static struct err *
open_replacement(const struct log_file *file, struct log_file *new)
{
    struct stat s;
    new->fd = open(new->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, NEW_FILE_MODE);
    if (new->fd < 0) {
        return err_tagged(LOG_FILE_IO_ERROR, "%s: create failed (%s)", new->path, strerror(errno));
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
    struct err *e = log_file_update_size(new);
    if (e) {
        return e;
    }
    new->good_end = new->size;                               /* a child may have written it */
    int error = -log_file_copy_bytes(file, new->replace_from, file->good_end, new->fd, new->good_end);
    if (error) {
        return err_tagged(LOG_FILE_IO_ERROR, "%s: cannot write (%s)", new->path, strerror(error));
    }
    new->good_end += file->good_end - new->replace_from;
    if (!(new->is_synced && new->replace_from == file->good_end) && fdatasync(new->fd) < 0) {
        return err_tagged(LOG_FILE_IO_ERROR, "%s: sync failed (%s)", new->path, strerror(errno));
    }
    if (rename(new->path, file->real_path) < 0) {
        return err_tagged(LOG_FILE_IO_ERROR, "%s: failed to rename \"%s\" to it (%s)", file->path, new->path, strerror(errno));
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
    file->filler = 0;
    file->sync_failed = false;
    file->is_directory_dirty = true;
    log_file_close(replacement);
    return log_file_sync_name(file, 0);
}
