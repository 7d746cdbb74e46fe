/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_CONTROL_H
#define WEFT_OVSDB_SERVER_CONTROL_H

/* What: the "ovsdb-server/..." commands of the control socket (ovsdb-server(1), "Runtime management commands"). */

#include "lib/base/check.h"

struct configuration;
struct remotes;
struct replication;
struct server;
struct settings;
struct unixctl;

struct control {
    struct server *server;
    struct remotes *remotes;
    struct replication *replication;
    struct settings *settings;                               /* what changes databases and the like goes through it */
    struct configuration *configuration;                     /* NULL: there is no configuration file */
    bool trim_on_compaction;
};
void control_register(struct control *control, struct unixctl *unixctl);

#endif
