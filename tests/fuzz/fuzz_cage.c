/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/fuzz/fuzz_cage.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/stream.h"
#include "ovsdb/storage/storage.h"

static const char *folder;

/* What the linker calls the functions that the program means, and those that it has. */
typedef void accepted_cb(void *aux, struct stream *stream);
struct err *__wrap_storage_open(const char *path, enum storage_mode mode, struct storage **ret);
struct err *__real_storage_open(const char *path, enum storage_mode mode, struct storage **ret);
struct err *__wrap_listener_new(struct loop *loop, const char *target, accepted_cb *accepted, void *aux, struct listener **ret);
struct err *__real_listener_new(struct loop *loop, const char *target, accepted_cb *accepted, void *aux, struct listener **ret);
struct err *__wrap_stream_connect(struct loop *loop, const char *target, const struct stream_callbacks *cbs, void *aux,
                                  struct stream **ret);
struct err *__real_stream_connect(struct loop *loop, const char *target, const struct stream_callbacks *cbs, void *aux,
                                  struct stream **ret);
void __wrap_log_syslog_send(int severity, const char *line);

void
fuzz_cage_enter(const char *folder_)
{
    folder = folder_;
}

static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "KIND:PATH" with a path inside, or NULL if 'target' is of another kind.  The program's own sockets stay where they are, and no
 * other has the name of one of them, or of a file. */
static char *
target_inside(const char *target, const char *kind)
{
    size_t n_kind = strlen(kind), n_folder = strlen(folder);
    const char *path = target + n_kind;
    if (strncmp(target, kind, n_kind)) {
        return NULL;
    } else if (!strncmp(path, folder, n_folder) && path[n_folder] == '/' && !strchr(path + n_folder + 1, '/')) {
        return xstrdup(target);
    }
    return xasprintf("%s%s/socket-%s", kind, folder, last_part(path));
}

struct err *
__wrap_storage_open(const char *path, enum storage_mode mode, struct storage **ret)
{
    char *inside = xasprintf("%s/%s", folder, last_part(path));
    struct err *e = __real_storage_open(inside, mode, ret);
    free(inside);
    return e;
}

struct err *
__wrap_listener_new(struct loop *loop, const char *target, accepted_cb *accepted, void *aux, struct listener **ret)
{
    char *inside = target_inside(target, "punix:");
    struct err *e = inside ? __real_listener_new(loop, inside, accepted, aux, ret) : err_new("%s: not in the cage", target);
    free(inside);
    return e;
}

struct err *
__wrap_stream_connect(struct loop *loop, const char *target, const struct stream_callbacks *cbs, void *aux,
                      struct stream **ret)
{
    char *inside = target_inside(target, "unix:");
    struct err *e = inside ? __real_stream_connect(loop, inside, cbs, aux, ret) : err_new("%s: not in the cage", target);
    free(inside);
    return e;
}

void
__wrap_log_syslog_send(int severity, const char *line)
{
}
