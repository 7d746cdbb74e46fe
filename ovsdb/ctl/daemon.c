/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdio.h>

#include "lib/net/loop.h"
#include "lib/net/unixctl.h"
#include "ovsdb/ctl/options.h"

/* The daemon mode of ovn-nbctl(8).  There is no copy of the database to keep, so the daemon is small: it runs command lines
 * as they come, one after the other, each on a connection of its own. */

struct server {
    const struct ctl_program *program;
    const char *name;                                        /* of the program, for messages */
    const char *db;                                          /* the --db of the daemon */
    const struct tls_options *tls;                           /* and its keys */
    struct loop *loop;
};

/* Runs the words of a "run" request. */
static struct err *
run_words(const struct server *server, int argc, char *argv[], struct buf *reply)
{
    struct ctl_options options = {0};
    struct err *err = ctl_options_parse(server->program, argc, argv, &options);

    if (!err && !ctl_put_information(server->program, &options, server->name, reply)) {
        if (!options.has_db) {
            free(options.db);
            options.db = xstrdup(server->db);
        }
        if (!options.has_tls) {
            options.tls = *server->tls;
        }
        err = ctl_run(server->program, argc, argv, &options, reply);
    }
    ctl_options_fini(&options);
    return err;
}

static void
on_run(struct unixctl_request *request, int argc, const char *argv[], void *server_)
{
    const struct server *server = server_;
    struct buf reply = BUF_INIT(BUF_NO_LIMIT);
    char **words = xcalloc((size_t) argc + 1, sizeof *words);

    for (int i = 0; i < argc; i++) {
        words[i] = xstrdup(i ? argv[i] : server->name);
    }
    struct err *err = run_words(server, argc, words, &reply);
    if (err) {
        unixctl_reply_result(request, err);
    } else {
        unixctl_reply(request, buf_text(&reply));
    }
    for (int i = 0; i < argc; i++) {
        free(words[i]);
    }
    free(words);
    buf_fini(&reply);
}

static void
on_exit_request(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *server_)
{
    struct server *server = server_;
    unixctl_reply(request, "");
    loop_stop(server->loop);
}

struct err *
ctl_daemon_serve(const struct ctl_program *program, const char *name, const struct ctl_options *options)
{
    struct server server = {.program = program, .name = name, .db = options->db, .tls = &options->tls};
    struct unixctl *ctl;

    if (options->n_args) {
        return err_new("non-option arguments not supported with --detach (use --help for help)");
    }
    struct err *err = daemon_start(&options->daemon, name);
    if (err) {
        return err;
    }
    server.loop = loop_new();
    err = unixctl_new(server.loop, options->daemon_socket, name, &ctl);
    if (!err) {
        unixctl_register(ctl, "run", "", 0, -1, on_run, &server);
        unixctl_register(ctl, "exit", "", 0, 0, on_exit_request, &server);
        puts(unixctl_path(ctl));
        fflush(stdout);
        daemon_complete();
        loop_run(server.loop);
        unixctl_free(ctl);
    }
    loop_free(server.loop);
    daemon_finish();
    return err;
}

struct err *
ctl_daemon_call(const struct ctl_program *program, const struct ctl_options *options)
{
    const char **words = xcalloc((size_t) options->argc + 1, sizeof *words);
    char *result = NULL, *error = NULL;

    words[0] = "run";
    for (int i = 1; i < options->argc; i++) {
        words[i] = options->argv[i];
    }
    struct err *err = unixctl_call(options->daemon_socket, options->argc, words, 0, &result, &error);
    free(words);
    if (err) {
        struct err *better = err_new("%s: could not connect to %s daemon (%s); unset %s to avoid using daemon",
                                     options->daemon_socket, program->name, err_detail(err), program->env_daemon);
        err_free(err);
        return better;
    }
    if (result) {
        fputs(result, stdout);
    } else {
        size_t n = strlen(error);
        err = err_new("%.*s", (int) (n && error[n - 1] == '\n' ? n - 1 : n), error);
    }
    free(result);
    free(error);
    return err;
}
