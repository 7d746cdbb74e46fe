/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/options.h"
#include "lib/base/vec.h"
#include "lib/net/loop.h"
#include "lib/net/tls.h"
#include "lib/net/unixctl.h"

LOG_MODULE(program);

struct program {
    const char *name;
    const struct program_spec *spec;
    struct daemon_options daemon;
    struct tls_options tls;
    struct other_options other;
    const char *unixctl_path;                                /* --unixctl, or NULL */
    char **arguments;                                        /* in argv */
    size_t n_arguments;
    struct loop *loop;
    struct unixctl *ctl;
    struct loop_signal *signals[3];
    VEC(struct unixctl_request *) exiting;                   /* "exit" requests, answered at the end */
    void (*exit_cb)(void *aux, bool restart);                /* or NULL */
    void *exit_aux;
    bool asked_to_exit;
    int status;
};

static void parse_options(struct program *program, int argc, char *argv[]);
static void start(struct program *program);

const char *
program_name_from(const char *argv0)
{
    const char *slash = strrchr(argv0, '/');
    const char *name = slash ? slash + 1 : argv0;
    return strncmp(name, "lt-", 3) ? name : name + 3;
}

int
program_finish(const char *name, struct err *err)
{
    bool is_lost = fflush(stdout) || ferror(stdout);
    if (!err && is_lost) {
        err = err_new("write to stdout failed");
    }
    if (!err) {
        return EXIT_SUCCESS;
    }
    char *text = err_take_full_text(err);
    fprintf(stderr, "%s: %s\n", name, text);
    free(text);
    return EXIT_FAILURE;
}

struct program *
program_new(int argc, char *argv[], const struct program_spec *spec)
{
    daemon_open_standard_descriptors();
    struct program *program = xcalloc(1, sizeof *program);
    program->name = program_name_from(argv[0]);
    program->spec = spec;
    log_set_program(program->name);
    parse_options(program, argc, argv);
    start(program);
    return program;
}

void
program_fatal(struct program *program, struct err *err)
{
    char *text = err_take_full_text(err);
    if (daemon_is_detached()) {
        log_emer("%s", text);
    }
    fprintf(stderr, "%s: %s\n", program->name, text);
    free(text);
    if (program->ctl) {
        unixctl_free(program->ctl);                          /* removes its socket */
    }
    daemon_finish();
    exit(EXIT_FAILURE);
}

static void NO_RETURN
print_help(const struct program *program, const struct options *options)
{
    const struct program_spec *spec = program->spec;
    char *groups = options_help(options);
    printf("%s: %s\nusage: %s [OPTIONS]%s%s\n%s", program->name, spec->purpose, program->name,
           spec->arguments ? " " : "", spec->arguments ? spec->arguments : "", groups);
    free(groups);
    exit(EXIT_SUCCESS);
}

static void NO_RETURN
print_version(const struct program *program)
{
    printf("%s (Weft) %s\n%s", program->name, PACKAGE_VERSION,
           program->spec->version_text ? program->spec->version_text : "");
    exit(EXIT_SUCCESS);
}

static void
parse_options(struct program *program, int argc, char *argv[])
{
    static const struct option_def ctl_defs[] = {
        {"unixctl", '\0', "SOCKET", "override default control socket name",
         OPTION_STRING_AT(struct program, unixctl_path)},
    };
    const struct program_spec *spec = program->spec;
    struct options *options = options_new();
    if (spec->options_title) {
        options_add(options, spec->options_title, spec->options, spec->n_options, spec->aux);
    }
    options_add_tls(options, &program->tls);
    options_add_daemon(options, &program->daemon);
    options_add_logging(options, program->name);
    options_add(options, "Control options", ctl_defs, ARRAY_SIZE(ctl_defs), program);
    options_add_other(options, &program->other);
    int first;
    struct err *err = options_parse(options, argc, argv, false, &first);
    if (!err && program->other.help) {
        print_help(program, options);
    }
    if (!err && program->other.version) {
        print_version(program);
    }
    err = err ? err : log_set_default_syslog_method();
    if (!err && spec->max_arguments >= 0 && argc - first > spec->max_arguments) {
        err = err_new("at most %d non-option arguments accepted; use --help for usage", spec->max_arguments);
    }
    options_free(options);
    if (err) {
        program_fatal(program, err);
    }
    program->arguments = argv + first;
    program->n_arguments = (size_t) (argc - first);
}

static void
ask_to_exit(struct program *program, bool restart)
{
    bool again = program->asked_to_exit;
    program->asked_to_exit = true;
    if (program->exit_cb && !again) {                        /* who insists does not want to wait */
        program->exit_cb(program->exit_aux, restart);
    } else {
        loop_stop(program->loop);
    }
}

static void
on_terminate(void *program_)
{
    log_info("terminating on a signal");
    ask_to_exit(program_, false);
}

static void
on_hangup(void *program_)
{
    struct err *err = log_reopen();
    if (err) {
        log_err("%s", err_detail(err));
        err_free(err);
    }
}

static void
exit_command(struct unixctl_request *request, int argc, const char *argv[], void *program_)
{
    struct program *program = program_;
    if (argc > 1 && strcmp(argv[1], "--restart")) {
        unixctl_reply_error(request, "usage: exit [--restart]");
        return;
    }
    vec_push(&program->exiting, request);
    ask_to_exit(program, argc > 1);
}

/* Who started us may want a signal to be ignored: nohup(1), or a shell that runs us in the background. */
static struct loop_signal *
handle_unless_ignored(struct program *program, int number, void (*cb)(void *program))
{
    struct sigaction action;
    bool is_ignored = !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
    return is_ignored ? NULL : loop_signal_new(program->loop, number, cb, program);
}

static void
start(struct program *program)
{
    struct err *err = daemon_start(&program->daemon, program->name);
    if (err) {
        program_fatal(program, err);
    }
    program->loop = loop_new();
    tls_configure(program->loop, &program->tls);
    program->signals[0] = loop_signal_new(program->loop, SIGTERM, on_terminate, program);
    program->signals[1] = handle_unless_ignored(program, SIGINT, on_terminate);
    program->signals[2] = handle_unless_ignored(program, SIGHUP, on_hangup);
    err = unixctl_new(program->loop, program->unixctl_path, program->name, &program->ctl);
    if (err) {
        program_fatal(program, err);
    }
    unixctl_register(program->ctl, "exit", "[--restart]", 0, 1, exit_command, program);
    log_info("%s (Weft) %s", program->name, PACKAGE_VERSION);
}

void
program_ready(struct program *program)
{
    daemon_complete();
}

void
program_run(struct program *program)
{
    loop_run(program->loop);
}

int
program_free(struct program *program)
{
    for (size_t i = 0; i < program->exiting.n; i++) {
        unixctl_reply(program->exiting.d[i], "");
    }
    vec_fini(&program->exiting);
    for (size_t i = 0; i < ARRAY_SIZE(program->signals); i++) {
        loop_signal_free(program->signals[i]);
    }
    unixctl_free(program->ctl);
    loop_free(program->loop);
    daemon_finish();
    int status = program->status;
    free(program);
    return status;
}

const char *
program_name(const struct program *program)
{
    return program->name;
}

struct loop *
program_loop(struct program *program)
{
    return program->loop;
}

struct unixctl *
program_unixctl(struct program *program)
{
    return program->ctl;
}

const struct tls_options *
program_tls(const struct program *program)
{
    return &program->tls;
}

char **
program_arguments(const struct program *program, size_t *ret_n)
{
    *ret_n = program->n_arguments;
    return program->arguments;
}

void
program_stop(struct program *program, int status)
{
    program->status = status;
    loop_stop(program->loop);
}

void
program_on_exit(struct program *program, void (*cb)(void *aux, bool restart), void *aux)
{
    program->exit_cb = cb;
    program->exit_aux = aux;
}
