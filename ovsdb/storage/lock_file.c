/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/storage/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"

static char *
lock_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    int directory = slash ? (int) (slash + 1 - path) : 0;
    return xasprintf("%.*s.%s.~lock~", directory, path, path + directory);
}

struct err *
lock_file_acquire(const char *path, const char *name, int *ret_fd)
{
    char *lock_path = lock_file_name(path);
    int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : 0;
    if (fd >= 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
            error = errno == EACCES ? EAGAIN : errno;
            close(fd);
        }
    }
    free(lock_path);
    if (error) {
        return err_tagged("I/O error", "%s: failed to lock lockfile (%s)", name, strerror(error));
    }
    *ret_fd = fd;
    return NULL;
}

void
lock_file_release(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}
