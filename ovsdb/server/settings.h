/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_SETTINGS_H
#define WEFT_OVSDB_SERVER_SETTINGS_H

/* What: which databases, remotes and active server the command line and control commands gave the server, kept for the next process
 * if this one crashes under --monitor.
 *
 * Why: what "ovsdb-server/add-db" and its like changed is nowhere on the command line with which the monitor starts the server again.
 *
 * How: they are written to a file in memory without a name, which is made before the process forks and so is shared with the
 * monitor and whom it starts.  It ends with the last of them: who starts anew begins with the command line.
 * Paths are kept absolute, because the monitor changes to the root folder.  With a configuration file none of this is used. */

#include <stdint.h>

#include "lib/base/err.h"

struct remotes;
struct replication;
struct server;
struct settings;
struct upstream_env;

/* What is set, and kept; all borrowed. */
struct settings_of {
    struct server *server;
    struct remotes *remotes;
    struct replication *replication;
    const struct upstream_env *upstream_env;                 /* for relays */
};

struct settings *settings_new(void) MUST_USE;                /* before the process forks */
void settings_free(struct settings *settings);
void settings_bind(struct settings *settings, const struct settings_of *of);     /* before any of the following */

/* 'database' is a file or "relay:...". */
struct err *settings_add_database(struct settings *settings, const char *database) MUST_USE;
struct err *settings_remove_database(struct settings *settings, const char *name) MUST_USE;
void settings_set_probe_interval(struct settings *settings, int64_t ms); /* of the connection to the active server */

void settings_save(struct settings *settings);               /* after each change */
bool settings_are_saved(const struct settings *settings);    /* by a process before this one */
struct err *settings_restore(struct settings *settings) MUST_USE;         /* all but the remotes */
/* As they were: "db:DB,TABLE,COLUMN" may name what is not there any more. */
void settings_restore_remotes(struct settings *settings);

#endif
