/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_CONTROL_H
#define WEFT_OVSDB_SERVER_CONTROL_H

/* What: the "ovsdb-server/..." commands of the control socket (ovsdb-server(1), "Runtime management commands"). */

#include "lib/base/check.h"

struct remotes;
struct replication;
struct server;
struct unixctl;
struct upstream_env;

struct control {
    struct server *server;
    struct remotes *remotes;
    struct replication *replication;
    const struct upstream_env *upstream_env;                 /* for relays */
    bool trim_on_compaction;
};
void control_register(struct control *control, struct unixctl *unixctl);

#endif
