/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_REMOTES_H
#define WEFT_OVSDB_SERVER_REMOTES_H

/* What: the connection methods of the server ("remotes") and the client connections made through them.
 *
 * Why: this is where the server (server.h) meets sockets.  Remotes come from the command line, from the control
 * socket, and from rows of a database ("db:DB,TABLE,COLUMN"), whose status columns are kept up to date.
 *
 * Owns: listeners, connections and their sessions. */

#include "lib/base/err.h"

struct loop;
struct remote_options;
struct remotes;
struct server;
struct tls_options;

enum {
    PROBE_INTERVAL_DEFAULT_MS = 5000,                        /* for network connections; none for unix sockets */
    BACKOFF_DEFAULT_MS = 8000,
    STATUS_INTERVAL_MS = 2500,
    MESSAGE_DEFAULT_BYTES = 256 << 20,
};

/* What one client, and all of them, may take; each is logged when it bites. */
struct remotes_limits {
    size_t max_sessions;                                     /* more are closed as soon as they are accepted */
    size_t max_message;                                      /* bytes of a request; a longer one closes its session */
};

struct remotes *remotes_new(struct loop *loop, struct server *server, const struct remotes_limits *limits) MUST_USE;
void remotes_free(struct remotes *remotes);

/* What "ssl:" and "pssl:" use ('options' borrowed); values may be "db:DB,TABLE,COLUMN" and are then followed.
 * Errors: those of tls_rows_check(). */
struct err *remotes_set_tls(struct remotes *remotes, const struct tls_options *options) MUST_USE;

/* Adds or removes a configured remote; adding one that is there does nothing.  Errors: what the target cannot be;
 * a passive target that cannot be bound is not an error but logged and tried again. */
struct err *remotes_add(struct remotes *remotes, const char *target) MUST_USE;
struct err *remotes_remove(struct remotes *remotes, const char *target) MUST_USE;
/* Makes the 'n' 'targets' with 'options' (all copied) those that are configured, and no others; for "db:" remotes they are the
 * defaults of rows.  Connections of remotes that are there before and after stay.  Targets are as remotes_add() takes them. */
void remotes_set(struct remotes *remotes, const char *const *targets, const struct remote_options *options, size_t n);
/* The configured ones, sorted: each borrowed, the array the caller's to free. */
const char **remotes_targets(const struct remotes *remotes, size_t *ret_n) MUST_USE;
char *remotes_list(const struct remotes *remotes) MUST_USE;  /* the same as text, one a line */

/* Brings listeners and connections in line with the configuration and the databases.  Cheap when nothing changed. */
void remotes_run(struct remotes *remotes);
void remotes_reload(struct remotes *remotes);                /* the same, after databases came or went */
void remotes_reconnect(struct remotes *remotes);             /* drops all connections */

#endif
