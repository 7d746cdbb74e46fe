/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_UPSTREAM_H
#define WEFT_OVSDB_SERVER_UPSTREAM_H

/* What: connections to other servers, from which relays and backups get their content, as the core sees them.
 *
 * Why: relay.h and replication.h are part of the pure core; a test connects them to a server in the same process,
 * the program through a jsonrpc_session, which connects again when a connection is lost. */

#include "lib/base/err.h"

struct jsonrpc_msg;
struct jsonrpc_session_callbacks;
struct loop;
struct upstream;

struct upstream_env {
    /* 'remotes' is a comma-separated list of active targets.  Calls 'cbs' with 'cbs_aux', but not before it returns. */
    struct err *(*open)(void *aux, const char *remotes, const struct jsonrpc_session_callbacks *cbs, void *cbs_aux,
                        struct upstream **ret);
    void (*close)(struct upstream *upstream);                /* no more calls; NULL is fine */
    void (*send)(struct upstream *upstream, struct jsonrpc_msg *msg /* taken */);
    void (*reconnect)(struct upstream *upstream);            /* soon: drop the connection and try the next remote */
    /* -1: the default. */
    void (*set_probe_interval)(struct upstream *upstream, int64_t ms);
    void (*set_max_backoff)(struct upstream *upstream, int64_t ms);
    void *aux;
};

/* Real connections (upstream.c, part of the program). */
struct upstream_env upstream_env_of_loop(struct loop *loop);

#endif
