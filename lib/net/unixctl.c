/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/unixctl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "lib/base/counter.h"
#include "lib/base/dirs.h"
#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/vec.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"

LOG_MODULE(unixctl);
MEM_TYPE(unixctl_conn, "control connections");
MEM_TYPE(unixctl_request, "control requests");
COUNTER(unixctl_received);
COUNTER(unixctl_replied);

enum { MAX_REQUEST = 16 * 1024 * 1024 };

struct command {
    const char *usage;
    int min_args, max_args;                                  /* max_args: -1 for any number */
    unixctl_cb *cb;
    void *aux;
};

struct conn {
    struct unixctl *ctl;
    TAILQ_ENTRY(conn) link;                                  /* in 'ctl->conns' */
    struct jsonrpc *rpc;
    TAILQ_HEAD(, unixctl_request) requests;                  /* not answered yet */
};

struct unixctl {
    struct loop *loop;
    char *path;                                              /* "none" without a socket */
    struct listener *listener;                               /* or NULL */
    struct strmap commands;                                  /* data: struct command, owned */
    TAILQ_HEAD(, conn) conns;
    struct loop_timer *sample_timer;                         /* of the coverage counters' averages */
};

struct unixctl_request {
    struct conn *conn;                                       /* NULL once the client is gone */
    TAILQ_ENTRY(unixctl_request) link;                       /* in 'conn->requests' */
    json_t *id;
};

static void on_accepted(void *ctl_, struct stream *stream);
static void on_sample(void *ctl_);
static void conn_free(struct conn *conn);
static void run_request(struct unixctl_request *request, const struct jsonrpc_msg *msg);
static void list_commands(struct unixctl_request *request, int argc, const char *argv[], void *ctl_);

struct err *
unixctl_new(struct loop *loop, const char *path, const char *program, struct unixctl **ret)
{
    struct unixctl *ctl = xcalloc(1, sizeof *ctl);
    ctl->loop = loop;
    strmap_init(&ctl->commands);
    TAILQ_INIT(&ctl->conns);
    ctl->path = path ? xstrdup(path) : xasprintf("%s/%s.%d.ctl", dirs_run(), program, (int) getpid());
    ctl->sample_timer = loop_timer_new(loop, on_sample, ctl);
    loop_timer_set(ctl->sample_timer, COUNTER_SAMPLE_MS);
    unixctl_register(ctl, "list-commands", "", 0, 0, list_commands, ctl);
    unixctl_register_common(ctl, program);
    if (strcmp(ctl->path, "none")) {
        char *target = xasprintf("punix:%s", ctl->path);
        struct err *err = listener_new(loop, target, on_accepted, ctl, &ctl->listener);
        free(target);
        if (err) {
            unixctl_free(ctl);
            return err_wrap(err, "cannot open the control socket");
        }
    }
    *ret = ctl;
    return NULL;
}

/* Requests that are not answered yet may still be, in vain. */
void
unixctl_free(struct unixctl *ctl)
{
    if (!ctl) {
        return;
    }
    while (!TAILQ_EMPTY(&ctl->conns)) {
        conn_free(TAILQ_FIRST(&ctl->conns));
    }
    strmap_fini_data(&ctl->commands);
    loop_timer_free(ctl->sample_timer);
    listener_free(ctl->listener);
    free(ctl->path);
    free(ctl);
}

const char *
unixctl_path(const struct unixctl *ctl)
{
    return ctl->path;
}

void
unixctl_register(struct unixctl *ctl, const char *name, const char *usage, int min_args, int max_args, unixctl_cb *cb,
                 void *aux)
{
    CHECK(min_args >= 0 && (max_args < 0 || max_args >= min_args));
    struct command *command = xmalloc(sizeof *command);
    *command = (struct command) {.usage = usage, .min_args = min_args, .max_args = max_args, .cb = cb, .aux = aux};
    free(strmap_set(&ctl->commands, name, command));
}

/* Takes 'request'.  As the peer does, an answer that is not empty ends in a newline. */
static void
answer(struct unixctl_request *request, const char *text, bool is_error)
{
    struct conn *conn = request->conn;
    if (conn) {
        size_t length = strlen(text);
        bool newline = length && text[length - 1] != '\n';
        json_t *body = json_sprintf("%s%s", text, newline ? "\n" : "");
        body = body ? body : json_string("the answer is not valid UTF-8\n");
        json_incref(request->id);
        jsonrpc_send(conn->rpc, is_error ? jsonrpc_error(body, request->id) : jsonrpc_reply(body, request->id));
        TAILQ_REMOVE(&conn->requests, request, link);
    }
    counter_inc(&counter_unixctl_replied);
    json_decref(request->id);
    free(request);
    mem_add(&mem_unixctl_request, -1);
}

void
unixctl_reply(struct unixctl_request *request, const char *text)
{
    answer(request, text, false);
}

void
unixctl_reply_taken(struct unixctl_request *request, char *text)
{
    unixctl_reply(request, text);
    free(text);
}

void
unixctl_reply_result(struct unixctl_request *request, struct err *err)
{
    char *text = err ? err_take_text(err) : xstrdup("");
    answer(request, text, err);
    free(text);
}

void
unixctl_reply_error(struct unixctl_request *request, const char *text)
{
    answer(request, text, true);
}

static void
on_sample(void *ctl_)
{
    struct unixctl *ctl = ctl_;
    counter_sample_all();
    loop_timer_set(ctl->sample_timer, COUNTER_SAMPLE_MS);
}

static void
on_received(void *conn_, struct jsonrpc_msg *msg)
{
    struct conn *conn = conn_;
    if (msg->type == JSONRPC_REQUEST) {
        struct unixctl_request *request = xmalloc(sizeof *request);
        *request = (struct unixctl_request) {.conn = conn, .id = json_incref(msg->id)};
        TAILQ_INSERT_TAIL(&conn->requests, request, link);
        mem_add(&mem_unixctl_request, 1);
        counter_inc(&counter_unixctl_received);
        run_request(request, msg);
    } else {
        log_warn_rl("%s: received a message that is not a request", jsonrpc_name(conn->rpc));
    }
    jsonrpc_msg_free(msg);
}

static void
on_closed(void *conn_, struct err *reason)
{
    struct conn *conn = conn_;
    if (reason) {
        log_warn_rl("%s: %s", jsonrpc_name(conn->rpc), err_detail(reason));
    }
    err_free(reason);
    conn_free(conn);
}

static const struct jsonrpc_callbacks callbacks = {.received = on_received, .closed = on_closed};

static void
on_accepted(void *ctl_, struct stream *stream)
{
    struct unixctl *ctl = ctl_;
    struct conn *conn = xmalloc(sizeof *conn);
    *conn = (struct conn) {.ctl = ctl};
    TAILQ_INIT(&conn->requests);
    conn->rpc = jsonrpc_new(stream, &callbacks, conn);
    jsonrpc_set_max_message(conn->rpc, MAX_REQUEST);
    TAILQ_INSERT_TAIL(&ctl->conns, conn, link);
    mem_add(&mem_unixctl_conn, 1);
}

static void
conn_free(struct conn *conn)
{
    while (!TAILQ_EMPTY(&conn->requests)) {
        struct unixctl_request *request = TAILQ_FIRST(&conn->requests);
        TAILQ_REMOVE(&conn->requests, request, link);
        request->conn = NULL;
    }
    TAILQ_REMOVE(&conn->ctl->conns, conn, link);
    jsonrpc_free(conn->rpc);
    free(conn);
    mem_add(&mem_unixctl_conn, -1);
}

/* Why 'command' (NULL: unknown) cannot be called with 'params'; NULL if it can.  The caller frees it. */
static char *
find_fault(const struct command *command, const char *name, const json_t *params)
{
    if (!command) {
        return xasprintf("\"%s\" is not a valid command (use \"list-commands\" to see a list of valid commands)", name);
    }
    int n_args = (int) json_array_size(params);
    if (n_args < command->min_args) {
        return xasprintf("\"%s\" command requires at least %d arguments", name, command->min_args);
    }
    if (command->max_args >= 0 && n_args > command->max_args) {
        return xasprintf("\"%s\" command takes at most %d arguments", name, command->max_args);
    }
    size_t i;
    const json_t *param;
    json_array_foreach(params, i, param) {
        if (!json_is_string(param)) {
            return xasprintf("\"%s\" command has non-string argument", name);
        }
    }
    return NULL;
}

static void
run_request(struct unixctl_request *request, const struct jsonrpc_msg *msg)
{
    const struct command *command = strmap_get(&request->conn->ctl->commands, msg->method);
    char *fault = find_fault(command, msg->method, msg->params);
    if (fault) {
        unixctl_reply_error(request, fault);
        free(fault);
        return;
    }
    VEC(const char *) argv = {0};
    size_t i;
    const json_t *param;
    vec_push(&argv, msg->method);
    json_array_foreach(msg->params, i, param) {
        vec_push(&argv, json_string_value(param));
    }
    vec_push(&argv, NULL);
    log_dbg("received command %s with %zu arguments", msg->method, argv.n - 2);
    command->cb(request, (int) argv.n - 1, argv.d, command->aux);
    vec_fini(&argv);
}

static void
list_commands(struct unixctl_request *request, int argc, const char *argv[], void *ctl_)
{
    const struct unixctl *ctl = ctl_;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    size_t n;
    struct strmap_node **nodes = strmap_sorted(&ctl->commands, &n);
    buf_puts(&out, "The available commands are:\n");
    for (size_t i = 0; i < n; i++) {
        const struct command *command = nodes[i]->data;
        buf_printf(&out, "  %-23s %s\n", nodes[i]->key, command->usage);
    }
    unixctl_reply(request, buf_text(&out));
    buf_fini(&out);
    free(nodes);
}
