/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_DAEMON_H
#define WEFT_BASE_DAEMON_H

/* What: running in the background, the pidfile, and a monitor process that restarts a crashed daemon.
 *
 * Why: scripts rely on `PROGRAM --detach` returning only when the daemon is ready, with its exit status
 * if it never gets there, and on a pidfile that is locked for as long as the daemon lives.
 *
 * Use: daemon_start() before sockets, threads and the loop; daemon_complete() when requests are answered;
 * daemon_finish() at the end.  One daemon a process, so the state is the process's. */

#include "lib/base/err.h"

struct options;

/* The first call of each main(): opens /dev/null in place of those of the descriptors 0, 1, 2 that are closed.  A file that took
 * such a number would be written to by whoever prints. */
void daemon_open_standard_descriptors(void);

struct daemon_options {
    bool detach, no_chdir, monitor, overwrite_pidfile;
    bool no_self_confinement;                                /* always so; scripts say it */
    bool keeps_stdout;                                       /* set by the program: its output goes on when detached */
    const char *pidfile;                                     /* NULL: none; "": by default */
    const char *user;                                        /* "USER[:GROUP]" or NULL */
};
/* Adds "Daemon options", which fill '*ret'. */
void options_add_daemon(struct options *options, struct daemon_options *ret);

/* Forks as 'options' ask, and makes the pidfile ("PROGRAM.pid" in the run directory by default).  With
 * --detach or --monitor only the daemon itself returns; the processes that wait for it never do.
 * Errors: the pidfile is locked by another process ("already running"), or cannot be made; no such user. */
struct err *daemon_start(const struct daemon_options *options, const char *program) MUST_USE;

/* Lets the process that waits in daemon_start() exit with success; with --detach also changes to the root folder
 * (unless --no-chdir) and closes the standard descriptors.  Does nothing the second time. */
void daemon_complete(void);
bool daemon_is_detached(void);
void daemon_finish(void);                                    /* removes the pidfile */

/* How a process ended, 'status' being what wait(2) says, in words: "exit status 1".  The caller frees it. */
char *daemon_status_text(int status) MUST_USE;

/* The process that 'path', a pidfile, names and that holds it locked, in '*ret_pid'. */
struct err *daemon_read_pidfile(const char *path, int *ret_pid) MUST_USE;

#endif
