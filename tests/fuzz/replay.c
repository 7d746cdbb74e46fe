/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* What: main() of a fuzz target that is built without libFuzzer: runs the kept inputs.
 * usage: fuzz_NAME [FILE|FOLDER]...; without arguments, the folder $srcdir/tests/fuzz/corpus/NAME. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/fuzz/fuzz.h"

static size_t n_inputs;

static void
run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK(file);
    struct buf input = BUF_INIT(BUF_NO_LIMIT);
    char chunk[65536];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;) {
        buf_put(&input, chunk, n);
    }
    fclose(file);
    /* A copy of the exact size, so that the address sanitizer sees a read behind its end. */
    uint8_t *exact = xmemdup(input.size ? input.data : "", input.size);
    int64_t before = mem_total();
    LLVMFuzzerTestOneInput(exact, input.size);
    if (mem_total() != before) {
        fprintf(stderr, "%s: %lld counted objects left behind\n", path, (long long) (mem_total() - before));
        exit(1);
    }
    free(exact);
    buf_fini(&input);
    n_inputs++;
}

static void
run_path(const char *path)
{
    struct stat status;
    if (stat(path, &status)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    if (!S_ISDIR(status.st_mode)) {
        run_file(path);
        return;
    }
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.') {
            char *child = xasprintf("%s/%s", path, names[i]->d_name);
            run_path(child);
            free(child);
        }
        free(names[i]);
    }
    free(names);
}

int
main(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        run_path(argv[i]);
    }
    if (argc == 1) {
        const char *srcdir = getenv("srcdir");
        const char *name = strstr(argv[0], "fuzz_");
        for (const char *next; name && (next = strstr(name + 1, "fuzz_"));) {
            name = next;
        }
        CHECK(name);
        char *folder = xasprintf("%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", name + strlen("fuzz_"));
        run_path(folder);
        free(folder);
    }
    printf("%zu inputs replayed\n", n_inputs);
    return n_inputs ? 0 : 1;
}
