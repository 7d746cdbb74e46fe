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
#include "lib/base/vec.h"
#include "lib/net/address.h"
#include "lib/net/loop.h"
#include "lib/net/stream_private.h"

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
    struct loop_timer *pause;                                /* after an error, until accepting goes on */
    bool is_tls;
    VEC(struct handshake *) handshakes;                      /* owned */
    void (*accepted)(void *aux, struct stream *stream);
    void *aux;
};

/* A stream that is to prove who it is before anybody hears of it. */
struct handshake {
    struct listener *listener;
    struct stream *stream;
};

enum { BACKLOG = 1024, PAUSE_MS = 100 };

static struct err *open_unix(const char *path, int *ret_fd);
static struct err *open_tcp(const struct target *target, int *ret_fd);
static void on_accept(struct evconnlistener *events, evutil_socket_t fd, struct sockaddr *address, int size,
                      void *listener_);
static void on_accept_error(struct evconnlistener *events, void *listener_);
static void on_pause_over(void *listener);
static struct stream *handshake_end(struct handshake *handshake);
static void start_handshake(struct listener *listener, int fd, const char *name);

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
    } else {
        err = target.kind == TARGET_UNIX ? open_unix(target.path, &fd) : open_tcp(&target, &fd);
    }
    if (err) {
        target_fini(&target);
        return err_wrap(err, "%s", target_text);
    }
    struct listener *listener = xcalloc(1, sizeof *listener);
    listener->loop = loop;
    listener->pause = loop_timer_new(loop, on_pause_over, listener);
    listener->is_tls = target.kind == TARGET_SSL;
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
    loop_timer_free(listener->pause);
    while (listener->handshakes.n) {
        stream_free(handshake_end(vec_last(&listener->handshakes)));
    }
    vec_fini(&listener->handshakes);
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
    bool is_unix = listener->path || !listener->port;
    char *name = is_unix ? xasprintf("unix#%u", n_unix++) : address_text(listener->is_tls ? "ssl" : "tcp", address);
    if (listener->is_tls) {
        start_handshake(listener, fd, name);
    } else {
        listener->accepted(listener->aux, stream_from_fd(listener->loop, fd, name, NULL, NULL));
    }
    free(name);
}

/* The peer waits on, and would wake us up at once: descriptors get free when others leave. */
static void
on_accept_error(struct evconnlistener *events, void *listener_)
{
    struct listener *listener = listener_;
    log_warn_rl("%s: accept failed: %s", listener->target, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    evconnlistener_disable(events);
    loop_timer_set(listener->pause, PAUSE_MS);
}

/* --- Handshakes --- */

/* Frees 'handshake', but not its stream, which is returned. */
static struct stream *
handshake_end(struct handshake *handshake)
{
    struct listener *listener = handshake->listener;
    struct stream *stream = handshake->stream;
    for (size_t i = 0; i < listener->handshakes.n; i++) {
        if (listener->handshakes.d[i] == handshake) {
            vec_remove_fast(&listener->handshakes, i);
            break;
        }
    }
    free(handshake);
    return stream;
}

static void
go_on_accepting(struct listener *listener)
{
    if (listener->handshakes.n < LISTENER_MAX_HANDSHAKES) {
        evconnlistener_enable(listener->events);
    }
}

static void
on_pause_over(void *listener)
{
    go_on_accepting(listener);
}

static void
on_handshake_done(void *handshake_)
{
    struct handshake *handshake = handshake_;
    struct listener *listener = handshake->listener;
    struct stream *stream = handshake_end(handshake);
    stream_set_callbacks(stream, NULL, NULL);
    go_on_accepting(listener);
    listener->accepted(listener->aux, stream);
}

static void
on_handshake_failed(void *handshake_, struct err *reason)
{
    struct handshake *handshake = handshake_;
    struct listener *listener = handshake->listener;
    struct stream *stream = handshake_end(handshake);
    log_warn_rl("%s: connection dropped (%s)", stream_name(stream), reason ? err_detail(reason) : "connection closed by peer");
    err_free(reason);
    stream_free(stream);
    go_on_accepting(listener);
}

static void
start_handshake(struct listener *listener, int fd, const char *name)
{
    static const struct stream_callbacks handshake_cbs = {
        .connected = on_handshake_done, .closed = on_handshake_failed};
    struct handshake *handshake = xcalloc(1, sizeof *handshake);
    handshake->listener = listener;
    vec_push(&listener->handshakes, handshake);
    if (listener->handshakes.n >= LISTENER_MAX_HANDSHAKES) {
        log_warn_rl("%s: %zu handshakes under way, more peers have to wait", listener->target, listener->handshakes.n);
        evconnlistener_disable(listener->events);
    }
    handshake->stream = stream_accept_tls(listener->loop, fd, name, &handshake_cbs, handshake);
}
