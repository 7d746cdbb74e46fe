/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_CHILD_H
#define WEFT_OVSDB_SERVER_CHILD_H

/* What: child processes that do one job on a copy of the server's memory, as 'struct server_env' wants them.
 *
 * Why: fork() gives the job the state of this moment for the price of a few page tables, and nothing it does can be seen
 * or waited for here.
 *
 * The child keeps standard error and one descriptor, none of the connections; signals mean to it what they mean by
 * default; it dies with its parent. */

#include "lib/base/err.h"

struct child;
struct loop;

/* Starts a child that calls job(arg), keeping 'fd' open.  When it has ended, 'done' is called from the loop with what 'job'
 * returned (as text), or how the child died; 'child' is freed then.  Errors: no more processes. */
struct err *child_new(struct loop *loop, int fd, struct err *(*job)(void *arg), void (*done)(void *arg, struct err *e),
                      void *arg, struct child **ret) MUST_USE;
void child_kill(struct child *child);                        /* done() is not called */

#endif
