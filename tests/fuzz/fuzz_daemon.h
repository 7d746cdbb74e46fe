/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_FUZZ_FUZZ_DAEMON_H
#define WEFT_TESTS_FUZZ_FUZZ_DAEMON_H

/* What: the parts of weft-ovsdb-server, put together as its main.c does it, with the control socket "ctl" and all files in the
 * folder of a fuzz_server: the databases "t.db" and "u.db", with "T" and "U", and "conf", the configuration file.  It begins
 * with "t.db"; with a configuration file because that says so. */

#include "ovsdb/server/control.h"
#include "ovsdb/server/upstream.h"
#include "tests/fuzz/fuzz_server.h"

struct program;

struct fuzz_daemon {
    struct fuzz_server home;
    struct program *program;
    struct upstream_env upstream_env;
    char *socket;                                            /* owned: the path of the control socket */
    struct control control;                                  /* whose parts are owned */
    bool is_exiting;                                         /* was asked to */
};

void fuzz_daemon_start(struct fuzz_daemon *daemon, bool has_config_file);
void fuzz_daemon_configure(struct fuzz_daemon *daemon, struct str text);
void fuzz_daemon_turn(struct fuzz_daemon *daemon, int64_t ms);
/* Another process with the same settings, after a crash; its clients must be gone. */
void fuzz_daemon_restart(struct fuzz_daemon *daemon);
/* The end, as of "exit"; its clients must be gone, but not those of its control socket. */
void fuzz_daemon_stop(struct fuzz_daemon *daemon);

#endif
