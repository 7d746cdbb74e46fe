/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/daemon.h"
#include "lib/base/dirs.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/net/address.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/unixctl.h"

struct call {
    const char *path;
    int fd;
    int64_t deadline_ms;                                     /* monotonic; 0: none */
};

static struct err *connect_socket(struct call *call);
static struct err *send_request(const struct call *call, int argc, const char *argv[]);
static struct err *receive_message(const struct call *call, struct jsonrpc_msg **ret);
static char *text_of(const json_t *json);

struct err *
unixctl_call(const char *path, int argc, const char *argv[], int64_t timeout_ms, char **ret_result, char **ret_error)
{
    CHECK(argc >= 1);
    struct call call = {.path = path, .fd = -1, .deadline_ms = timeout_ms > 0 ? clock_monotonic_ms() + timeout_ms : 0};
    struct jsonrpc_msg *msg = NULL;
    struct err *err = connect_socket(&call);
    if (!err) {
        err = send_request(&call, argc, argv);
    }
    if (!err) {
        err = receive_message(&call, &msg);
    }
    if (!err && msg->type != JSONRPC_REPLY && msg->type != JSONRPC_ERROR) {
        err = err_new("%s: bad response", path);
    }
    if (!err) {
        *ret_result = msg->type == JSONRPC_REPLY ? text_of(msg->result) : NULL;
        *ret_error = msg->type == JSONRPC_ERROR ? text_of(msg->error) : NULL;
    }
    jsonrpc_msg_free(msg);
    if (call.fd >= 0) {
        close(call.fd);
    }
    return err;
}

struct err *
unixctl_target_path(const char *target, char **ret_path)
{
    if (*target == '/') {
        *ret_path = xstrdup(target);
        return NULL;
    }
    int pid;
    char *pidfile = xasprintf("%s/%s.pid", dirs_run(), target);
    struct err *err = daemon_read_pidfile(pidfile, &pid);
    if (!err) {
        *ret_path = xasprintf("%s/%s.%d.ctl", dirs_run(), target, pid);
    }
    free(pidfile);
    return err;
}

/* A string as it is; other JSON, which no server of ours sends, as its text. */
static char *
text_of(const json_t *json)
{
    return json_is_string(json) ? xstrdup(json_string_value(json)) : json_text(json);
}

static struct err *
connect_socket(struct call *call)
{
    struct sockaddr_un address;
    int folder_fd;
    struct err *err = address_from_path(call->path, &address, &folder_fd);
    if (err) {
        return err;
    }
    call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (call->fd < 0 || connect(call->fd, (const struct sockaddr *) &address, sizeof address)) {
        err = err_new("cannot connect to \"%s\" (%s)", call->path, strerror(errno));
    }
    if (folder_fd >= 0) {
        close(folder_fd);
    }
    return err;
}

/* Waits for 'events' until the deadline. */
static struct err *
wait_for(const struct call *call, short events)
{
    for (;;) {
        int timeout_ms = -1;
        if (call->deadline_ms) {
            timeout_ms = (int) MIN(MAX(call->deadline_ms - clock_monotonic_ms(), (int64_t) 0), (int64_t) 60000);
        }
        struct pollfd pollfd = {.fd = call->fd, .events = events};
        int n = poll(&pollfd, 1, timeout_ms);
        if (n > 0) {
            return NULL;
        }
        if (n < 0 && errno != EINTR) {
            return err_errno(errno, "%s: poll", call->path);
        }
        if (call->deadline_ms && clock_monotonic_ms() >= call->deadline_ms) {
            return err_new("%s: no response in time", call->path);
        }
    }
}

/* The text of the request, which the caller frees. */
static struct err *
request_text(int argc, const char *argv[], char **ret)
{
    json_t *json = json_pack("{s:s, s:[], s:i}", "method", argv[0], "params", "id", 0);
    if (!json) {
        return err_new("the command is not valid UTF-8");
    }
    struct err *err = NULL;
    for (int i = 1; i < argc && !err; i++) {
        if (json_array_append_new(json_object_get(json, "params"), json_string(argv[i]))) {
            err = err_new("argument %d is not valid UTF-8", i);
        }
    }
    *ret = err ? NULL : json_text(json);
    json_decref(json);
    return err;
}

static struct err *
send_request(const struct call *call, int argc, const char *argv[])
{
    char *text = NULL;
    struct err *err = request_text(argc, argv, &text);
    if (err) {
        return err;
    }
    for (size_t sent = 0, size = strlen(text); sent < size && !err;) {
        ssize_t n = send(call->fd, text + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            sent += (size_t) n;
        } else if (errno == EAGAIN) {
            err = wait_for(call, POLLOUT);
        } else if (errno != EINTR) {
            err = err_errno(errno, "%s: transaction error", call->path);
        }
    }
    free(text);
    return err;
}

static struct err *
receive_message(const struct call *call, struct jsonrpc_msg **ret)
{
    enum { CHUNK = 16384 };
    struct buf input = BUF_INIT(JSONRPC_MAX_MESSAGE);
    struct jsonrpc_framer framer = {0};
    struct err *err = NULL;
    for (size_t length = 0; !length && !err;) {
        err = wait_for(call, POLLIN);
        if (err) {
            break;
        }
        char chunk[CHUNK];
        ssize_t n = recv(call->fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) {
            err = n ? err_errno(errno, "%s: transaction error", call->path)
                    : err_new("%s: transaction error (End of file)", call->path);
            break;
        }
        buf_put(&input, chunk, (size_t) n);
        if (!buf_is_ok(&input)) {
            err = err_new("%s: response larger than %d bytes", call->path, JSONRPC_MAX_MESSAGE);
            break;
        }
        length = jsonrpc_framer_feed(&framer, chunk, (size_t) n, &err);
        if (length) {
            err = jsonrpc_msg_parse(input.data, length, ret);
        }
    }
    buf_fini(&input);
    return err;
}
