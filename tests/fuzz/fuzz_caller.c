/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/fuzz/fuzz_caller.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/check.h"

void
fuzz_caller_open(struct fuzz_caller *caller, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    *caller = (struct fuzz_caller) {
        .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .out = BUF_INIT(BUF_NO_LIMIT),
        .said = BUF_INIT(BUF_NO_LIMIT), .in = BUF_INIT(BUF_NO_LIMIT), .unanswered = json_array(),
        .answered = caller->answered, .aux = caller->aux};
    CHECK(!connect(caller->fd, (const struct sockaddr *) &address, sizeof address));
}

void
fuzz_caller_close(struct fuzz_caller *caller)
{
    close(caller->fd);
    buf_fini(&caller->out);
    buf_fini(&caller->said);
    buf_fini(&caller->in);
    json_decref(caller->unanswered);
}

/* Cuts the first message from 'bytes'; NULL if there is none, or a bad one, which is '*ret_is_bad'. */
static struct jsonrpc_msg *
cut_message(struct buf *bytes, bool *ret_is_bad)
{
    struct jsonrpc_framer framer = {0};
    struct jsonrpc_msg *msg = NULL;
    struct err *e = NULL;
    size_t n = bytes->size ? jsonrpc_framer_feed(&framer, bytes->data, bytes->size, &e) : 0;
    if (n) {
        e = jsonrpc_msg_parse(bytes->data, n, &msg);
        buf_pull(bytes, n);
    }
    *ret_is_bad = e != NULL;
    err_free(e);
    return *ret_is_bad ? NULL : msg;
}

/* Finds out what the other end will make of it. */
void
fuzz_caller_say(struct fuzz_caller *caller, struct str bytes)
{
    buf_put_str(&caller->out, bytes);
    buf_put_str(&caller->said, bytes);
    for (struct jsonrpc_msg *msg; !caller->is_broken && (msg = cut_message(&caller->said, &caller->is_broken));) {
        if (msg->type == JSONRPC_REQUEST) {
            json_array_append_new(caller->unanswered, jsonrpc_msg_to_json(msg));
        }
        jsonrpc_msg_free(msg);
    }
}

static void
hear(struct fuzz_caller *caller, const struct jsonrpc_msg *answer)
{
    size_t i = 0;
    while (!json_equal(json_object_get(json_array_get(caller->unanswered, i), "id"), answer->id)) {
        CHECK(++i < json_array_size(caller->unanswered));
    }
    json_t *request = json_incref(json_array_get(caller->unanswered, i));
    json_array_remove(caller->unanswered, i);
    if (strcmp(json_string_value(json_object_get(request, "method")), "echo")) {
        const char *text = json_string_value(answer->type == JSONRPC_REPLY ? answer->result : answer->error);
        CHECK(text && (!*text || text[strlen(text) - 1] == '\n'));
        caller->answered(caller->aux, request, answer);
    }
    json_decref(request);
}

static void
receive(struct fuzz_caller *caller)
{
    char piece[65536];
    ssize_t n;
    bool is_bad = false;
    while ((n = recv(caller->fd, piece, sizeof piece, 0)) > 0) {
        buf_put(&caller->in, piece, (size_t) n);
    }
    caller->is_closed = !n || errno != EAGAIN;
    for (struct jsonrpc_msg *msg; (msg = cut_message(&caller->in, &is_bad));) {
        CHECK((msg->type == JSONRPC_REPLY || msg->type == JSONRPC_ERROR) && json_array_size(caller->unanswered));
        hear(caller, msg);
        jsonrpc_msg_free(msg);
    }
    CHECK(!is_bad);
}

void
fuzz_caller_run(struct fuzz_caller *caller)
{
    if (caller->is_closed) {
        return;
    }
    ssize_t n = caller->out.size ? send(caller->fd, caller->out.data, caller->out.size, MSG_NOSIGNAL) : 0;
    buf_pull(&caller->out, n > 0 ? (size_t) n : 0);
    receive(caller);
}

bool
fuzz_caller_is_waiting(const struct fuzz_caller *caller)
{
    return !caller->is_closed && (caller->is_broken || caller->out.size || json_array_size(caller->unanswered));
}
