/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_STORAGE_SCRATCH_H
#define WEFT_TESTS_UNIT_STORAGE_SCRATCH_H

/* What: a scratch folder for one test, and helpers for whole files and expected errors. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/str.h"
#include "tests/unit/expect.h"

static inline char *
scratch_new(void)
{
    const char *top = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    char *path = xasprintf("%s/weft-test-XXXXXX", top);
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void
scratch_free(char *path)
{
    char *command = xasprintf("rm -r '%s'", path);
    assert_int_equal(system(command), 0);
    free(command);
    free(path);
}

/* The bytes of 'path' in 'ret', which is cleared first. */
static inline void
read_file(const char *path, struct buf *ret)
{
    char chunk[4096];
    size_t n;
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    buf_clear(ret);
    while ((n = fread(chunk, 1, sizeof chunk, stream)) > 0) {
        buf_put(ret, chunk, n);
    }
    fclose(stream);
}

static inline void
write_file(const char *path, struct str content, const char *mode)
{
    FILE *stream = fopen(path, mode);
    assert_non_null(stream);
    assert_int_equal(fwrite(content.s, 1, content.n, stream), content.n);
    assert_int_equal(fclose(stream), 0);
}

#endif
