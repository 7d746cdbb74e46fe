/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static char *folder, *pidfile;

static int
set_up(void **state)
{
    folder = xstrdup("/tmp/test_daemon.XXXXXX");
    assert_non_null(mkdtemp(folder));
    pidfile = xasprintf("%s/d.pid", folder);
    return 0;
}

static int
tear_down(void **state)
{
    unlink(pidfile);
    assert_int_equal(rmdir(folder), 0);
    free(pidfile);
    free(folder);
    return 0;
}

static int
status_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* Runs daemon_start() in a child, then 'body'; the child that returns exits with what 'body' returns, or 99 when the
 * daemon does not start. */
static pid_t
start(const struct daemon_options *options, int (*body)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        struct err *err = daemon_start(options, "prog");
        _exit(err ? 99 : body());
    }
    return pid;
}

static int said_fd, stay_fd;                                 /* pipes to and from the daemon */

/* Says its pid, stays until told to go, and ends well. */
static int
stay(void)
{
    daemon_complete();
    pid_t pid = getpid();
    char c;
    assert_int_equal(write(said_fd, &pid, sizeof pid), sizeof pid);
    if (read(stay_fd, &c, 1) < 1) {
        return 98;
    }
    if (c == 'c') {
        abort();
    }
    daemon_finish();
    return 0;
}

static int
fail_early(void)
{
    return 7;
}

static void
make_pipes(int *ret_said, int *ret_tell)
{
    int said[2], tell[2];
    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(tell), 0);
    *ret_said = said[0];
    said_fd = said[1];
    *ret_tell = tell[1];
    stay_fd = tell[0];
}

static void
close_pipes(int said, int tell)
{
    close(said);
    close(tell);
    close(said_fd);
    close(stay_fd);
}

static pid_t
read_pid(int fd)
{
    pid_t pid;
    assert_int_equal(read(fd, &pid, sizeof pid), sizeof pid);
    return pid;
}

static void
tell(int fd, char c)
{
    assert_int_equal(write(fd, &c, 1), 1);
}

TEST(pidfile_is_held_locked)
{
    int said, go, pid;
    make_pipes(&said, &go);
    const struct daemon_options options = {.pidfile = pidfile};
    pid_t daemon = start(&options, stay);
    assert_int_equal(read_pid(said), daemon);
    assert_null(daemon_read_pidfile(pidfile, &pid));
    assert_int_equal(pid, daemon);

    struct err *err = daemon_start(&options, "prog");
    assert_non_null(err);
    char *expected = xasprintf("%s: already running as pid %d, aborting", pidfile, (int) daemon);
    assert_string_equal(err_detail(err), expected);
    free(expected);
    err_free(err);
    assert_null(daemon_read_pidfile(pidfile, &pid));         /* and its lock is as it was */

    tell(go, 'e');
    assert_int_equal(status_of(daemon), 0);
    assert_int_equal(access(pidfile, F_OK), -1);
    close_pipes(said, go);
}

TEST(stale_pidfile_is_taken_over)
{
    int pid;
    FILE *file = fopen(pidfile, "w");
    fprintf(file, "%d\n", (int) getpid());
    fclose(file);
    struct err *err = daemon_read_pidfile(pidfile, &pid);
    assert_non_null(err);
    char *expected = xasprintf("cannot read pidfile \"%s\" (No such process)", pidfile);
    assert_string_equal(err_detail(err), expected);
    free(expected);
    err_free(err);
    int said, go;
    make_pipes(&said, &go);
    const struct daemon_options options = {.pidfile = pidfile};
    pid_t daemon = start(&options, stay);
    read_pid(said);
    assert_null(daemon_read_pidfile(pidfile, &pid));
    assert_int_equal(pid, daemon);
    tell(go, 'e');
    status_of(daemon);
    close_pipes(said, go);
}

TEST(detach_returns_when_ready)
{
    int said, go, pid;
    make_pipes(&said, &go);
    const struct daemon_options options = {.pidfile = pidfile, .detach = true};
    pid_t parent = start(&options, stay);
    assert_int_equal(status_of(parent), 0);
    assert_null(daemon_read_pidfile(pidfile, &pid));
    assert_int_equal(read_pid(said), pid);
    assert_int_not_equal(pid, parent);
    tell(go, 'e');
    close_pipes(said, go);
}

TEST(detach_returns_the_status_of_failure)
{
    const struct daemon_options options = {.detach = true};
    assert_int_equal(WEXITSTATUS(status_of(start(&options, fail_early))), 7);
    const struct daemon_options monitored = {.detach = true, .monitor = true};
    assert_int_equal(WEXITSTATUS(status_of(start(&monitored, fail_early))), 7);
    const struct daemon_options stranger = {.user = "no-such-user-here"};
    assert_int_equal(WEXITSTATUS(status_of(start(&stranger, fail_early))), 99);
}

TEST(monitor_restarts_after_a_crash)
{
    int said, go, pid;
    make_pipes(&said, &go);
    const struct daemon_options options = {.pidfile = pidfile, .monitor = true};
    pid_t monitor = start(&options, stay);
    pid_t first = read_pid(said);
    assert_int_not_equal(first, monitor);
    tell(go, 'c');
    pid_t second = read_pid(said);
    assert_int_not_equal(second, first);
    assert_null(daemon_read_pidfile(pidfile, &pid));
    assert_int_equal(pid, second);
    tell(go, 'e');
    assert_int_equal(status_of(monitor), 0);
    close_pipes(said, go);
}

int
main(void)
{
    struct err *err = log_set("console:off");
    assert_null(err);
    const struct CMUnitTest tests[] = {
        T(pidfile_is_held_locked), T(stale_pidfile_is_taken_over), T(detach_returns_when_ready),
        T(detach_returns_the_status_of_failure), T(monitor_restarts_after_a_crash)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
