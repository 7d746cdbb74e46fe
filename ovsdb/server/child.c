/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/net/loop.h"

MEM_TYPE(child, "child processes");

enum { ERROR_TEXT_MAX = 4096 };

struct child {
    pid_t pid;
    int pipe;                                                /* at its end the child has ended; before it, what failed */
    struct loop_io *io;
    struct buf text;
    void (*done)(void *arg, struct err *e);
    void *arg;
};

static void
close_between(unsigned first, unsigned last)
{
    if (first <= last) {
        close_range(first, last, 0);
    }
}

/* Does not return. */
static void
run_child(int fd, int pipe_fd, struct err *(*job)(void *arg), void *arg)
{
    unsigned low = (unsigned) MIN(fd, pipe_fd), high = (unsigned) MAX(fd, pipe_fd);
    for (int signo = 1; signo < NSIG; signo++) {
        signal(signo, SIG_DFL);                              /* the loop's handlers write to its own pipe */
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_between(STDERR_FILENO + 1, low - 1);
    close_between(low + 1, high - 1);
    close_between(high + 1, ~0U);
    struct err *e = job(arg);
    if (e) {
        char *text = err_take_text(e);
        ssize_t written = write(pipe_fd, text, MIN(strlen(text), (size_t) ERROR_TEXT_MAX));
        _exit(written < 0 ? 2 : EXIT_FAILURE);
    }
    _exit(EXIT_SUCCESS);
}

/* Waits for the child, whose end is near, and frees it.  Returns what was wrong, or NULL. */
static struct err *
reap(struct child *child)
{
    int status;
    pid_t pid;
    do {
        pid = waitpid(child->pid, &status, 0);
    } while (pid < 0 && errno == EINTR);
    struct err *e = pid < 0                          ? err_new("waitpid: %s", strerror(errno))
                    : WIFSIGNALED(status)            ? err_new("child process died of signal %d", WTERMSIG(status))
                    : WEXITSTATUS(status)            ? err_new("%s", buf_text(&child->text))
                                                     : NULL;
    loop_io_free(child->io);
    close(child->pipe);
    buf_fini(&child->text);
    free(child);
    mem_add(&mem_child, -1);
    return e;
}

static void
on_readable(void *child_)
{
    struct child *child = child_;
    char text[512];
    ssize_t n = read(child->pipe, text, sizeof text);
    if (n > 0) {
        buf_put(&child->text, text, (size_t) n);
    } else if (!n || (errno != EAGAIN && errno != EINTR)) {
        void (*done)(void *, struct err *) = child->done;
        void *arg = child->arg;
        done(arg, reap(child));
    }
}

struct err *
child_new(struct loop *loop, int fd, struct err *(*job)(void *arg), void (*done)(void *arg, struct err *e), void *arg,
          struct child **ret)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) {
        return err_new("pipe: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid < 0) {
        int error = errno;
        close(fds[0]);
        close(fds[1]);
        return err_new("fork: %s", strerror(error));
    } else if (!pid) {
        run_child(fd, fds[1], job, arg);
    }
    close(fds[1]);
    struct child *child = xcalloc(1, sizeof *child);
    *child = (struct child) {.pid = pid, .pipe = fds[0], .text = BUF_INIT(2 * ERROR_TEXT_MAX), .done = done, .arg = arg};
    child->io = loop_io_new(loop, fds[0], LOOP_READ, on_readable, child);
    mem_add(&mem_child, 1);
    *ret = child;
    return NULL;
}

void
child_kill(struct child *child)
{
    kill(child->pid, SIGKILL);
    err_free(reap(child));
}
