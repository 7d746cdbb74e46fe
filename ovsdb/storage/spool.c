/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/storage/spool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/str.h"

static const char IO_ERROR[] = "I/O error";

/* Returns 0 or -errno. */
static int
copy(int from, FILE *to)
{
    static char chunk[1 << 16];
    for (;;) {
        ssize_t n = read(from, chunk, sizeof chunk);
        if (n < 0 && errno != EINTR) {
            return -errno;
        } else if (!n) {
            return fflush(to) ? -errno : 0;
        } else if (n > 0 && fwrite(chunk, 1, (size_t) n, to) != (size_t) n) {
            return -errno;
        }
    }
}

struct err *
spool_stdin(void)
{
    if (lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0) {
        return NULL;
    }
    FILE *file = tmpfile();
    if (!file) {
        return err_tagged(IO_ERROR, "cannot make a temporary file (%s)", strerror(errno));
    }
    int error = copy(STDIN_FILENO, file);
    if (!error && dup2(fileno(file), STDIN_FILENO) < 0) {
        error = -errno;
    }
    fclose(file);
    return error ? err_tagged(IO_ERROR, "cannot read the standard input (%s)", strerror(-error)) : NULL;
}
