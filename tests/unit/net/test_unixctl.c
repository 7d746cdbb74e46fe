/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/unixctl.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/net/loop.h"
#include "tests/unit/test.h"

enum { DEADLINE_MS = 10000 };

/* The client side blocks, so it runs on a thread of its own; it counts no objects while the loop does. */
struct call {
    const char *path;
    int argc;
    const char *argv[5];
    int64_t timeout_ms;
    struct err *err;
    char *result, *error;
    volatile bool done;
};

static void *
run_call(void *call_)
{
    struct call *call = call_;
    call->err = unixctl_call(call->path, call->argc, call->argv, call->timeout_ms, &call->result, &call->error);
    __atomic_store_n(&call->done, true, __ATOMIC_RELEASE);
    return NULL;
}

struct server {
    struct loop *loop;
    struct unixctl *ctl;
    char *folder;
    struct unixctl_request *later;                           /* not answered yet, or NULL */
};

static void
join_command(struct unixctl_request *request, int argc, const char *argv[], void *server)
{
    struct buf out = BUF_INIT(1000);
    for (int i = 0; i < argc; i++) {
        buf_printf(&out, "%s+", argv[i]);
    }
    assert_null(argv[argc]);
    unixctl_reply(request, buf_text(&out));
    buf_fini(&out);
}

static void
later_command(struct unixctl_request *request, int argc, const char *argv[], void *server_)
{
    ((struct server *) server_)->later = request;
}

static void
set_up(struct server *server)
{
    *server = (struct server) {.loop = loop_new(), .folder = xstrdup("/tmp/test_unixctl.XXXXXX")};
    assert_non_null(mkdtemp(server->folder));
    setenv("OVN_RUNDIR", server->folder, true);
    struct err *err = unixctl_new(server->loop, NULL, "prog", &server->ctl);
    assert_null(err);
    unixctl_register(server->ctl, "join", "A [B]", 1, 2, join_command, NULL);
    unixctl_register(server->ctl, "later", "", 0, 0, later_command, server);
}

static void
tear_down(struct server *server)
{
    unixctl_free(server->ctl);
    loop_free(server->loop);
    assert_int_equal(rmdir(server->folder), 0);              /* so the socket is gone */
    free(server->folder);
}

static bool
is_done(void *call)
{
    return __atomic_load_n(&((struct call *) call)->done, __ATOMIC_ACQUIRE);
}

/* Calls 'argv' while the server's loop turns. */
static void
call_server(struct server *server, struct call *call)
{
    pthread_t thread;
    call->path = unixctl_path(server->ctl);
    assert_int_equal(pthread_create(&thread, NULL, run_call, call), 0);
    while (!is_done(call)) {
        loop_run_until(server->loop, is_done, call, 5);      /* the thread cannot wake the loop, so look again soon */
    }
    pthread_join(thread, NULL);
}

static void
check_call(struct server *server, const char *line, const char *result, const char *error)
{
    struct call call = {.timeout_ms = DEADLINE_MS};
    char *copy = xstrdup(line), *rest = copy;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        call.argv[call.argc++] = word;
    }
    call_server(server, &call);
    assert_null(call.err);
    if (result) {
        assert_non_null(call.result);
        assert_string_equal(call.result, result);
    } else {
        assert_non_null(call.error);
        assert_string_equal(call.error, error);
    }
    free(call.result);
    free(call.error);
    free(copy);
}

TEST(commands_are_called)
{
    struct server server;
    set_up(&server);
    check_call(&server, "join a", "join+a+\n", NULL);
    check_call(&server, "join a \xc3\xa9", "join+a+\xc3\xa9+\n", NULL);
    check_call(&server, "join", NULL, "\"join\" command requires at least 1 arguments\n");
    check_call(&server, "join a b c", NULL, "\"join\" command takes at most 2 arguments\n");
    check_call(&server, "nope", NULL,
               "\"nope\" is not a valid command (use \"list-commands\" to see a list of valid commands)\n");
    tear_down(&server);
}

TEST(common_commands_answer)
{
    struct server server;
    set_up(&server);
    check_call(&server, "version", "prog (Weft) " PACKAGE_VERSION "\n", NULL);
    check_call(&server, "vlog/set unixctl:file:err", "", NULL);
    check_call(&server, "vlog/set unixctl:nope", NULL, "no destination, level, or module \"nope\"\n");
    check_call(&server, "vlog/reopen", NULL, "Logging to file not configured\n");
    check_call(&server, "vlog/close", "", NULL);
    check_call(&server, "vlog/disable-rate-limit unixctl", "", NULL);
    check_call(&server, "vlog/enable-rate-limit", "", NULL);
    check_call(&server, "vlog/disable-rate-limit nope", NULL, "unknown module\n");
    check_call(&server, "coverage/read-counter nope", NULL, "No such counter\n");
    check_call(&server, "stopwatch/show nope", NULL, "No such stopwatch\n");
    check_call(&server, "stopwatch/reset", "", NULL);
    static const char *const texts[] = {"list-commands", "vlog/list", "vlog/list-pattern", "memory/show", "coverage/show"};
    static const char *const wanted[] = {
        "The available commands are:\n  coverage/read-counter   COUNTER\n", "\nunixctl           INFO       INFO        ERR\n",
        "\nCONSOLE  none ", "control-connections:1 ", "\nunixctl_received "};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct call call = {.argc = 1, .argv = {texts[i]}, .timeout_ms = DEADLINE_MS};
        call_server(&server, &call);
        assert_non_null(call.result);
        if (!strstr(call.result, wanted[i])) {
            fail_msg("%s: %s", texts[i], call.result);
        }
        free(call.result);
    }
    tear_down(&server);
}

TEST(answers_may_come_late_or_never)
{
    struct server server;
    set_up(&server);
    struct call call = {.argc = 1, .argv = {"later"}, .timeout_ms = 20};
    call_server(&server, &call);
    assert_non_null(call.err);
    char *expected = xasprintf("%s: no response in time", unixctl_path(server.ctl));
    assert_string_equal(err_detail(call.err), expected);
    free(expected);
    err_free(call.err);
    assert_non_null(server.later);
    struct unixctl_request *first = server.later;
    unixctl_reply(first, "nobody listens");
    call = (struct call) {.argc = 1, .argv = {"later"}, .timeout_ms = 20};
    call_server(&server, &call);
    err_free(call.err);
    struct unixctl_request *second = server.later;
    tear_down(&server);
    unixctl_reply_error(second, "not even the server is there");
}

static void
check_not_sent(struct server *server, struct call call, const char *expected)
{
    call.timeout_ms = DEADLINE_MS;
    call_server(server, &call);
    assert_non_null(call.err);
    assert_string_equal(err_detail(call.err), expected);
    err_free(call.err);
}

TEST(what_is_no_text_is_not_sent)
{
    struct server server;
    set_up(&server);
    check_not_sent(&server, (struct call) {.argc = 1, .argv = {"\xff"}}, "the command is not valid UTF-8");
    check_not_sent(&server, (struct call) {.argc = 3, .argv = {"list", "x", "\xff"}}, "argument 2 is not valid UTF-8");
    tear_down(&server);
}

TEST(targets_are_found)
{
    struct err *err;
    char *path;
    setenv("OVN_RUNDIR", "/nonexistent", true);
    err = unixctl_target_path("/x/y.ctl", &path);
    assert_null(err);
    assert_string_equal(path, "/x/y.ctl");
    free(path);
    err = unixctl_target_path("prog", &path);
    assert_non_null(err);
    assert_string_equal(err_detail(err), "cannot read pidfile \"/nonexistent/prog.pid\" (No such file or directory)");
    err_free(err);
    const char *argv[] = {"version"};
    char *result, *error;
    err = unixctl_call("/nonexistent/x", 1, argv, 0, &result, &error);
    assert_non_null(err);
    assert_string_equal(err_detail(err), "cannot connect to \"/nonexistent/x\" (No such file or directory)");
    err_free(err);
}

TEST(none_means_no_socket)
{
    struct loop *loop = loop_new();
    struct unixctl *ctl;
    struct err *err = unixctl_new(loop, "none", "prog", &ctl);
    assert_null(err);
    unixctl_free(ctl);
    err = unixctl_new(loop, "/nonexistent/x.ctl", "prog", &ctl);
    assert_non_null(err);
    assert_string_equal(err_detail(err), "cannot open the control socket: punix:/nonexistent/x.ctl: cannot listen: "
                                         "No such file or directory");
    err_free(err);
    loop_free(loop);
}

TEST_MAIN(T(commands_are_called), T(common_commands_answer), T(answers_may_come_late_or_never),
          T(what_is_no_text_is_not_sent), T(targets_are_found), T(none_means_no_socket))
