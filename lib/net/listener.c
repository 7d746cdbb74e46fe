/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/address.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"

LOG_MODULE(socket_util);
MEM_TYPE(listener, "listeners");

struct listener {
    struct loop *loop;
    char *target;
    char *path;                                              /* of a unix socket, or NULL */
    dev_t device;                                            /* of the file at 'path' when it was ours */
    ino_t inode;
    uint16_t port;
    struct evconnlistener *events;
    void (*accepted)(void *aux, struct stream *stream);
    void *aux;
};

enum { BACKLOG = 1024 };

static struct err *open_unix(const char *path, int *ret_fd);
static struct err *open_tcp(const struct target *target, int *ret_fd);
static void on_accept(struct evconnlistener *events, evutil_socket_t fd, struct sockaddr *address, int size,
                      void *listener_);
static void on_accept_error(struct evconnlistener *events, void *listener_);

/* Listens at the passive 'target'.  A socket file that is in the way is replaced. */
struct err *
listener_new(struct loop *loop, const char *target_text, void (*accepted)(void *aux, struct stream *stream), void *aux,
             struct listener **ret)
{
    struct target target;
    struct err *err = target_parse(target_text, &target);
    if (err) {
        return err;
    }
    int fd = -1;
    if (!target.passive) {
        err = err_new("this is not a target to listen on");
    } else if (target.kind == TARGET_SSL) {
        err = err_new("TLS is not supported");
    } else {
        err = target.kind == TARGET_UNIX ? open_unix(target.path, &fd) : open_tcp(&target, &fd);
    }
    if (err) {
        target_fini(&target);
        return err_wrap(err, "%s", target_text);
    }
    struct listener *listener = xcalloc(1, sizeof *listener);
    listener->loop = loop;
    listener->target = xstrdup(target_text);
    listener->accepted = accepted;
    listener->aux = aux;
    struct stat status;
    if (target.path && !stat(target.path, &status)) {
        listener->path = xstrdup(target.path);
        listener->device = status.st_dev;
        listener->inode = status.st_ino;
    }
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    CHECK(!getsockname(fd, (struct sockaddr *) &bound, &size));
    listener->port = address_port((const struct sockaddr *) &bound);
    if (listener->port) {
        log_info("%s: listening on port %u", target_text, listener->port);
    }
    listener->events = evconnlistener_new(loop_event_base(loop), on_accept, listener,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    CHECK(listener->events);
    evconnlistener_set_error_cb(listener->events, on_accept_error);
    target_fini(&target);
    mem_add(&mem_listener, 1);
    *ret = listener;
    return NULL;
}

void
listener_free(struct listener *listener)
{
    if (!listener) {
        return;
    }
    evconnlistener_free(listener->events);
    struct stat status;
    /* Another process may have put its own socket there in the meantime. */
    if (listener->path && !stat(listener->path, &status) && status.st_dev == listener->device
        && status.st_ino == listener->inode) {
        unlink(listener->path);
    }
    free(listener->path);
    free(listener->target);
    free(listener);
    mem_add(&mem_listener, -1);
}

const char *
listener_target(const struct listener *listener)
{
    return listener->target;
}

uint16_t
listener_port(const struct listener *listener)
{
    return listener->port;
}

/* Makes a socket, binds and listens. */
static struct err *
open_socket(const struct sockaddr *address, socklen_t size, int *ret_fd)
{
    enum { SOCKET_MODE = 0770 };
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return err_errno(errno, "cannot make a socket");
    }
    int one = 1;
    if (address->sa_family == AF_UNIX) {
        fchmod(fd, SOCKET_MODE);                             /* Linux: what bind() gives the file, less the umask */
    } else {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    }
    if (bind(fd, address, size) || listen(fd, BACKLOG)) {
        struct err *err = err_errno(errno, "cannot listen");
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return NULL;
}

static struct err *
open_unix(const char *path, int *ret_fd)
{
    struct sockaddr_un address;
    int folder_fd;
    struct err *err = address_from_path(path, &address, &folder_fd);
    if (err) {
        return err;
    }
    struct stat status;
    if (!lstat(path, &status) && S_ISSOCK(status.st_mode)) {
        unlink(path);
    }
    err = open_socket((const struct sockaddr *) &address, sizeof address, ret_fd);
    if (folder_fd >= 0) {
        close(folder_fd);
    }
    return err;
}

static struct err *
open_tcp(const struct target *target, int *ret_fd)
{
    struct sockaddr_storage address;
    socklen_t size;
    if (!address_from_host(target->host, target->port, &address, &size)) {
        return err_new("\"%s\" is not a numerical IP address", target->host);
    }
    return open_socket((const struct sockaddr *) &address, size, ret_fd);
}

static void
on_accept(struct evconnlistener *events, evutil_socket_t fd, struct sockaddr *address, int size, void *listener_)
{
    static unsigned int n_unix;
    struct listener *listener = listener_;
    loop_note_wakeup(listener->loop);
    char *name = listener->path || !listener->port ? xasprintf("unix#%u", n_unix++) : address_text(address);
    struct stream *stream = stream_from_fd(listener->loop, fd, name, NULL, NULL);
    free(name);
    listener->accepted(listener->aux, stream);
}

static void
on_accept_error(struct evconnlistener *events, void *listener_)
{
    struct listener *listener = listener_;
    log_warn_rl("%s: accept failed: %s", listener->target, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}
