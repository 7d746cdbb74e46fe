/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/options.h"
#include "lib/base/str.h"
#include "lib/net/unixctl.h"
#include "tests/unit/test.h"

enum { DEADLINE_MS = 10000 };
static char *folder;

static const struct option_def defs[] = {{"fail", '\0', NULL, "fail to start", .kind = OPTION_FLAG}};

/* The main() of a small daemon. */
static int
run(int argc, char *argv[])
{
    static bool fail_to_start;
    const struct program_spec spec = {.purpose = "test daemon", .options_title = "Test options", .options = defs,
                                      .n_options = ARRAY_SIZE(defs), .aux = &fail_to_start, .max_arguments = 1};
    struct program *program = program_new(argc, argv, &spec);
    if (fail_to_start) {
        program_fatal(program, err_new("as you wish"));
    }
    program_ready(program);
    program_run(program);
    return program_free(program);
}

/* Runs the daemon in a child with the words of 'line', where %s is the folder, and its standard output in the file
 * "out" there. */
static pid_t
spawn(const char *line)
{
    char *argv[16] = {(char *) "/usr/sbin/test-prog"};
    int argc = 1;
    char *copy = xasprintf(line, folder, folder, folder), *rest = copy;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        argv[argc++] = word;
    }
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        char *path = xasprintf("%s/out", folder);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        free(path);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        close(fd);
        signal(SIGHUP, SIG_DFL);                             /* who runs the test may have them ignored */
        signal(SIGINT, SIG_DFL);
        int status = run(argc, argv);
        fflush(NULL);
        _exit(status);
    }
    free(copy);
    return pid;
}

static int
status_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
assert_output(const char *wanted)
{
    char *path = xasprintf("%s/out", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    struct buf out = BUF_INIT(1 << 20);
    for (int c; (c = getc(file)) != EOF;) {
        buf_putc(&out, (char) c);
    }
    fclose(file);
    if (!strstr(buf_text(&out), wanted)) {
        fail_msg("no '%s' in: %s", wanted, buf_text(&out));
    }
    buf_fini(&out);
    free(path);
}

static char *
call(const char *command)
{
    const char *argv[] = {command};
    char *path, *result, *error;
    struct err *err = unixctl_target_path("test-prog", &path);
    assert_null(err);
    err = unixctl_call(path, 1, argv, DEADLINE_MS, &result, &error);
    assert_null(err);
    assert_null(error);
    free(path);
    return result;
}

static void
remove_file(const char *name)
{
    char *path = xasprintf("%s/%s", folder, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static void
set_up(void)
{
    folder = xstrdup("/tmp/test_program.XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("OVN_RUNDIR", folder, true);
}

static void
tear_down(void)
{
    assert_int_equal(rmdir(folder), 0);                      /* no pidfile, no socket left */
    free(folder);
}

TEST(a_daemon_lives_and_exits)
{
    set_up();
    assert_int_equal(status_of(spawn("--detach --no-chdir --pidfile --log-file=%s/log")), 0);
    char *text = call("version");
    assert_string_equal(text, "test-prog (Weft) " PACKAGE_VERSION "\n");
    free(text);
    text = call("exit");
    assert_string_equal(text, "");
    free(text);
    remove_file("log");
    remove_file("out");
    /* "exit" is answered just before the pidfile goes. */
    char *pidfile = xasprintf("%s/test-prog.pid", folder);
    for (int i = 0; i < DEADLINE_MS && !access(pidfile, F_OK); i++) {
        usleep(1000);
    }
    free(pidfile);
    tear_down();
}

TEST(signals_end_it_well)
{
    set_up();
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        /* Ready when the process that detached it has ended. */
        assert_int_equal(status_of(spawn("--detach --pidfile=%s/p --unixctl=%s/test.ctl -vfile:off")), 0);
        char *path = xasprintf("%s/p", folder);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        char text[32] = "";
        assert_non_null(fgets(text, sizeof text, file));
        fclose(file);
        text[strcspn(text, "\n")] = '\0';
        int64_t pid;
        assert_true(str_to_int64(text, 10, &pid));
        assert_int_equal(kill((pid_t) pid, signals[i]), 0);
        for (int j = 0; j < DEADLINE_MS && !access(path, F_OK); j++) {
            usleep(1000);
        }
        assert_int_equal(access(path, F_OK), -1);
        free(path);
    }
    remove_file("out");
    tear_down();
}

TEST(failures_and_help_are_told)
{
    set_up();
    assert_int_equal(status_of(spawn("--detach --pidfile --fail")), 1);
    assert_output("test-prog: as you wish\n");
    assert_int_equal(status_of(spawn("--nope")), 1);
    assert_output("test-prog: unrecognized option '--nope'\n");
    assert_int_equal(status_of(spawn("a b")), 1);
    assert_output("test-prog: at most 1 non-option arguments accepted; use --help for usage\n");
    assert_int_equal(status_of(spawn("--unixctl=/nonexistent/x")), 1);
    assert_output("test-prog: cannot open the control socket");
    assert_int_equal(status_of(spawn("--help")), 0);
    assert_output("test-prog: test daemon\nusage: test-prog [OPTIONS]\n\nTest options:\n  --fail ");
    assert_int_equal(status_of(spawn("-V")), 0);
    assert_output("test-prog (Weft) " PACKAGE_VERSION "\n");
    remove_file("out");
    tear_down();
}

TEST_MAIN(T(a_daemon_lives_and_exits), T(signals_end_it_well), T(failures_and_help_are_told))
