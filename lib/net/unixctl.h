/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_UNIXCTL_H
#define WEFT_NET_UNIXCTL_H

/* What: the control socket of a daemon: JSON-RPC requests whose method is a command and whose params are
 * strings; the answer is a string result or a string error.  `ovs-appctl -t TARGET` speaks it.
 *
 * Every server answers list-commands, version, vlog/..., memory/show, coverage/show, coverage/read-counter,
 * stopwatch/show, stopwatch/reset by itself; "exit" is the program's. */

#include "lib/base/err.h"

struct loop;
struct unixctl;
struct unixctl_request;

/* Answers 'request' with exactly one unixctl_reply() or unixctl_reply_error(), now or later.  'argv[0]' is
 * the command. */
typedef void unixctl_cb(struct unixctl_request *request, int argc, const char *argv[], void *aux);

/* Listens at 'path' (relative: in the run directory); NULL for "<rundir>/<program>.<pid>.ctl"; "none" for no socket (commands still
 * register). */
struct err *unixctl_new(struct loop *loop, const char *path, const char *program, struct unixctl **ret) MUST_USE;
void unixctl_free(struct unixctl *ctl);
const char *unixctl_path(const struct unixctl *ctl);
/* Adds the command 'name' with at least 'min_args' and at most 'max_args' arguments (-1: any number); replaces one
 * that is there.  The strings are borrowed. */
void unixctl_register(struct unixctl *ctl, const char *name, const char *usage, int min_args, int max_args,
                      unixctl_cb *cb, void *aux);
/* Answers and frees 'request'; a newline is added if 'text' is not empty and does not end in one. */
void unixctl_reply(struct unixctl_request *request, const char *text);
void unixctl_reply_taken(struct unixctl_request *request, char *text);   /* the same; frees 'text' */
void unixctl_reply_error(struct unixctl_request *request, const char *text);
/* The error 'err', which is taken, with its tag; an empty answer when it is NULL. */
void unixctl_reply_result(struct unixctl_request *request, struct err *err);

/* Registers the commands that every server answers.  Called by unixctl_new(). */
void unixctl_register_common(struct unixctl *ctl, const char *program);

/* The client side, blocking: sends one command to the socket at 'path'.  On success '*ret_result' or
 * '*ret_error' (whichever the server sent) is the caller's to free, the other NULL. */
struct err *unixctl_call(const char *path, int argc, const char *argv[], int64_t timeout_ms /* 0: none */,
                         char **ret_result, char **ret_error) MUST_USE;
/* 'target' as ovs-appctl -t takes it: a path, or a daemon's name whose pidfile in the run directory is read.
 * The caller frees '*ret_path'. */
struct err *unixctl_target_path(const char *target, char **ret_path) MUST_USE;

#endif
