/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/dirs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/options.h"
#include "lib/base/str.h"

LOG_MODULE(daemon);

static struct daemon_options settings;
static int ready_fd = -1;                                    /* a byte written here says that we are ready */
static char *pidfile;                                        /* ours, absolute, or NULL */
static int pidfile_fd = -1;                                  /* keeps it locked */

static struct err *become_user(const char *user);
static struct err *make_pidfile(const char *path, bool overwrite);
static void start_detached(void);
static void start_monitored(void);

void
daemon_open_standard_descriptors(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);                      /* the lowest that is free */
    } while (fd >= 0 && fd < 3);
    if (fd > 2) {
        close(fd);
    }
}

void
options_add_daemon(struct options *options, struct daemon_options *ret)
{
    static const struct option_def defs[] = {
        {"detach", '\0', NULL, "run in background as daemon", OPTION_FLAG_AT(struct daemon_options, detach)},
        {"monitor", '\0', NULL, "restart the daemon when it crashes", OPTION_FLAG_AT(struct daemon_options, monitor)},
        {"user", '\0', "USER[:GROUP]", "change the daemon's user and group",
         OPTION_STRING_AT(struct daemon_options, user)},
        {"no-self-confinement", '\0', NULL, "do not keep to well-known folders: no daemon here does",
         OPTION_FLAG_AT(struct daemon_options, no_self_confinement)},
        {"no-chdir", '\0', NULL, "do not chdir to '/'", OPTION_FLAG_AT(struct daemon_options, no_chdir)},
        {"pidfile", '\0', "[FILE]", "create FILE, or PROGRAM.pid in the run directory",
         OPTION_STRING_AT(struct daemon_options, pidfile)},
        {"overwrite-pidfile", '\0', NULL, "with --pidfile, start even if already running",
         OPTION_FLAG_AT(struct daemon_options, overwrite_pidfile)},
    };
    options_add(options, "Daemon options", defs, ARRAY_SIZE(defs), ret);
}

/* 'path' as it is meant: by default and relative to the run directory. */
static char *
pidfile_path(const char *path, const char *program)
{
    if (!*path) {
        return xasprintf("%s/%s.pid", dirs_run(), program);
    }
    return *path == '/' ? xstrdup(path) : xasprintf("%s/%s", dirs_run(), path);
}

struct err *
daemon_start(const struct daemon_options *options, const char *program)
{
    settings = *options;
    if (settings.detach) {
        start_detached();
    }
    if (settings.monitor) {
        start_monitored();
    }
    /* First the user, so that who made the pidfile may remove it. */
    struct err *err = settings.user ? become_user(settings.user) : NULL;
    if (!err && settings.pidfile) {
        char *path = pidfile_path(settings.pidfile, program);
        err = make_pidfile(path, settings.overwrite_pidfile);
        free(path);
    }
    return err;
}

static void
close_standard_descriptors(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        for (int i = 0; i < 3; i++) {
            if (i != STDOUT_FILENO || !settings.keeps_stdout) {
                dup2(fd, i);
            }
        }
        if (fd > 2) {
            close(fd);
        }
    }
}

static void
leave_terminal(void)
{
    if (settings.detach) {
        if (!settings.no_chdir && chdir("/")) {
            log_warn("cannot change to the root folder: %s", strerror(errno));
        }
        close_standard_descriptors();
    }
}

static void
say_ready(void)
{
    if (ready_fd >= 0) {
        (void) !write(ready_fd, "", 1);
        close(ready_fd);
        ready_fd = -1;
    }
}

void
daemon_complete(void)
{
    static bool done;
    if (!done) {
        done = true;
        leave_terminal();
        say_ready();
    }
}

bool
daemon_is_detached(void)
{
    return settings.detach;
}

void
daemon_finish(void)
{
    if (pidfile) {
        unlink(pidfile);
        close(pidfile_fd);
        free(pidfile);
        pidfile = NULL;
        pidfile_fd = -1;
    }
}

static pid_t
wait_for(pid_t pid, int *ret_status)
{
    pid_t r;
    do {
        r = waitpid(pid, ret_status, 0);
    } while (r < 0 && errno == EINTR);
    return r;
}

char *
daemon_status_text(int status)
{
    if (WIFEXITED(status)) {
        return xasprintf("exit status %d", WEXITSTATUS(status));
    }
    return xasprintf("killed (%s)%s", strsignal(WTERMSIG(status)), WCOREDUMP(status) ? ", core dumped" : "");
}

/* Forks.  The child returns 0 and tells its readiness through 'ready_fd'.  The parent gets the child's pid and, when
 * the child is ready, true in '*ret_ready'; if it ended before that, false, and its status. */
static pid_t
fork_and_wait(bool *ret_ready, int *ret_status)
{
    int fds[2];
    fflush(NULL);
    pid_t pid = pipe2(fds, O_CLOEXEC) ? -1 : fork();
    if (pid < 0) {
        log_emer("cannot fork: %s", strerror(errno));
        exit(EXIT_FAILURE);
    }
    if (!pid) {
        close(fds[0]);
        if (ready_fd >= 0) {
            close(ready_fd);
        }
        ready_fd = fds[1];
        return 0;
    }
    close(fds[1]);
    char byte;
    ssize_t n;
    do {
        n = read(fds[0], &byte, 1);
    } while (n < 0 && errno == EINTR);
    close(fds[0]);
    *ret_ready = n == 1;
    *ret_status = 0;
    if (n != 1) {
        CHECK(wait_for(pid, ret_status) == pid);
    }
    return pid;
}

/* Ends this process as the one with 'status' ended. */
static void NO_RETURN
exit_as(int status)
{
    if (WIFEXITED(status)) {
        /* _exit(): what the program wants done at its end is the daemon's to do. */
        _exit(WEXITSTATUS(status));
    }
    char *text = daemon_status_text(status);
    log_err("the daemon died before it was ready: %s", text);
    free(text);
    _exit(EXIT_FAILURE);
}

static void
start_detached(void)
{
    bool ready;
    int status;
    pid_t pid = fork_and_wait(&ready, &status);
    if (pid) {
        if (ready) {
            _exit(EXIT_SUCCESS);
        }
        exit_as(status);
    }
    setsid();
}

static bool
is_crash(int status)
{
    static const int signals[] = {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGPIPE, SIGSEGV, SIGXCPU, SIGXFSZ};
    for (size_t i = 0; WIFSIGNALED(status) && i < ARRAY_SIZE(signals); i++) {
        if (WTERMSIG(status) == signals[i]) {
            return true;
        }
    }
    return false;
}

/* Waits so that restarts are at least ten seconds apart. */
static void
pause_between_restarts(int64_t *last_ms)
{
    enum { APART_MS = 10000 };
    int64_t now_ms = clock_monotonic_ms(), due_ms = *last_ms + APART_MS;
    if (*last_ms && now_ms < due_ms) {
        log_warn("%lld ms since the last restart, waiting until it is %d ms", (long long) (now_ms - *last_ms), APART_MS);
        struct timespec ts = {.tv_sec = (due_ms - now_ms) / 1000, .tv_nsec = (due_ms - now_ms) % 1000 * 1000000};
        while (nanosleep(&ts, &ts) && errno == EINTR) {
        }
    }
    *last_ms = clock_monotonic_ms();
}

/* Forks the daemon, which returns, and stays behind to restart it. */
static void
start_monitored(void)
{
    unsigned int n_crashes = 0;
    int64_t last_restart_ms = 0;
    for (;;) {
        bool ready;
        int status;
        pid_t pid = fork_and_wait(&ready, &status);
        if (!pid) {
            log_set_subprogram("");
            return;
        }
        log_set_subprogram("monitor");
        if (ready) {
            if (!n_crashes) {
                leave_terminal();
                say_ready();
            }
            log_close_file();                                /* it may be rotated while we wait */
            CHECK(wait_for(pid, &status) == pid);
            err_free(log_reopen());
        } else if (!n_crashes) {
            exit_as(status);
        }
        char *text = daemon_status_text(status);
        if (!is_crash(status)) {
            log_info("pid %d died, %s, exiting", (int) pid, text);
            free(text);
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SUCCESS);
        }
        n_crashes++;
        log_err("%u crashes: pid %d died, %s, restarting", n_crashes, (int) pid, text);
        free(text);
        pause_between_restarts(&last_restart_ms);
    }
}

/* The process that holds a lock on 'fd'; 0 if there is none, -errno if it cannot be known. */
static int
lock_holder(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_GETLK, &lock)) {
        return -errno;
    }
    return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

/* Opens and locks the file at 'path'; '*ret_gone' when it was removed meanwhile, so that it is to be tried again. */
static struct err *
lock_pidfile(const char *path, int *ret_fd, bool *ret_gone)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_errno(errno, "%s: cannot create the pidfile", path);
    }
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct err *err = NULL;
    if (fcntl(fd, F_SETLK, &lock)) {
        int error = errno;
        int holder = lock_holder(fd);
        err = holder > 0 ? err_new("%s: already running as pid %d, aborting", path, holder)
                         : err_errno(error, "%s: cannot lock the pidfile", path);
        close(fd);
        return err;
    }
    struct stat ours, there;
    *ret_gone = fstat(fd, &ours) || stat(path, &there) || ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
    if (*ret_gone) {
        close(fd);
        return NULL;
    }
    *ret_fd = fd;
    return NULL;
}

static struct err *
make_pidfile(const char *path, bool overwrite)
{
    if (overwrite) {
        unlink(path);
    }
    int fd = -1;
    for (bool gone = true; gone;) {
        struct err *err = lock_pidfile(path, &fd, &gone);
        if (err) {
            return err;
        }
    }
    char text[32];
    int length = snprintf(text, sizeof text, "%d\n", (int) getpid());
    if (ftruncate(fd, 0) || write(fd, text, (size_t) length) != length) {
        struct err *err = err_errno(errno, "%s: cannot write the pidfile", path);
        close(fd);
        return err;
    }
    pidfile = xstrdup(path);
    pidfile_fd = fd;
    return NULL;
}

/* Stores the number in the pidfile that 'fd' is.  Returns 0 or an errno. */
static int
read_pid(int fd, int64_t *ret)
{
    char text[32] = "";
    if (read(fd, text, sizeof text - 1) < 0) {
        return errno;
    }
    text[strcspn(text, "\n")] = '\0';
    return str_to_int64(text, 10, ret) ? 0 : EINVAL;
}

struct err *
daemon_read_pidfile(const char *path, int *ret_pid)
{
    if (pidfile && !strcmp(path, pidfile)) {
        *ret_pid = (int) getpid();                           /* closing the file here would drop our lock */
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_new("cannot read pidfile \"%s\" (%s)", path, strerror(errno));
    }
    int64_t pid = 0;
    int error = read_pid(fd, &pid), holder = lock_holder(fd);
    close(fd);
    if (!holder || (!error && holder != pid)) {
        error = ESRCH;
    }
    if (error) {
        return err_new("cannot read pidfile \"%s\" (%s)", path, strerror(error));
    }
    *ret_pid = (int) pid;
    return NULL;
}

/* Finds the ids that 'spec', "USER", "USER:GROUP" or ":GROUP", names. */
static struct err *
find_user(const char *spec, char **ret_name, uid_t *ret_uid, gid_t *ret_gid)
{
    struct str rest = str_from(spec), name = str_cut(&rest, ":");
    *ret_uid = getuid();
    *ret_gid = getgid();
    *ret_name = name.n ? str_dup(name) : NULL;
    if (name.n) {
        const struct passwd *user = getpwnam(*ret_name);
        if (!user) {
            free(*ret_name);
            return err_new("%s: no such user", spec);
        }
        *ret_uid = user->pw_uid;
        *ret_gid = user->pw_gid;
    }
    if (rest.n) {
        const struct group *group = getgrnam(rest.s);
        if (!group) {
            free(*ret_name);
            return err_new("%s: no such group", spec);
        }
        *ret_gid = group->gr_gid;
    }
    return NULL;
}

static struct err *
become_user(const char *spec)
{
    char *name;
    uid_t uid;
    gid_t gid;
    struct err *err = find_user(spec, &name, &uid, &gid);
    if (err) {
        return err;
    }
    log_give_file(uid, gid);
    if ((name && initgroups(name, gid)) || setgid(gid) || setuid(uid)) {
        err = err_errno(errno, "%s: cannot become that user", spec);
    }
    free(name);
    return err;
}
