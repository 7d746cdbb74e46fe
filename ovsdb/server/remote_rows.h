/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_REMOTE_ROWS_H
#define WEFT_OVSDB_SERVER_REMOTE_ROWS_H

/* What: remotes named by the contents of a database, "db:DB,TABLE,COLUMN" (ovsdb-server(1), --remote), and the
 * status that is written back to their rows. */

#include <stdlib.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

struct column;
struct db_table;
struct schema;
struct server;
struct session;

struct remote_options {
    int64_t probe_interval_ms;                               /* -1: the default; 0: none */
    int64_t max_backoff_ms;                                  /* -1: the default */
    bool is_read_only;
    const char *role;                                        /* "": none; borrowed, but of a clone */
    int dscp;                                                /* of what is sent, once connected; -1: the system's default */
};
#define REMOTE_OPTIONS_INIT {.probe_interval_ms = -1, .max_backoff_ms = -1, .role = "", .dscp = -1}
enum { REMOTE_DSCP_MAX = 63 };
static inline struct remote_options remote_options_clone(const struct remote_options *options)
{
    struct remote_options clone = *options;
    clone.role = xstrdup(options->role);
    return clone;
}
static inline void remote_options_fini(struct remote_options *options) { free((char *) options->role); }        /* of a clone */
bool remote_options_eq(const struct remote_options *a, const struct remote_options *b);

/* Where the targets are; valid until the databases of the server change. */
struct remote_source {
    struct server *server;
    const char *db_name;
    struct db_table *table;
    const struct column *column;
};
static inline bool remote_is_source(const char *remote) { return str_starts(str_from(remote), "db:"); }
/* Finds the column that 'spec' names, of whatever type.  Errors: bad syntax, no such database, table or column. */
struct err *remote_source_find(struct server *server, const char *spec, struct remote_source *ret) MUST_USE;
/* The same for a column that can name remotes.  Errors: also a column of another type. */
struct err *remote_source_parse(struct server *server, const char *spec, struct remote_source *ret) MUST_USE;
/* The same by 'schema', that of its database: whether it can name remotes once the server has that. */
struct err *remote_source_check(const struct schema *schema, const char *spec) MUST_USE;
char *remote_source_database(const char *spec) MUST_USE;     /* the name of the database; the caller frees it */
/* Whether what 'spec' names may come yet: its database is a relay that has not seen its source. */
bool remote_source_is_awaited(const struct server *server, const char *spec);
void remote_source_for_each(const struct remote_source *source,
                            void (*cb)(void *aux, const char *target, const struct remote_options *options), void *aux);

struct remote_status {
    bool is_connected;
    const char *state;                                       /* NULL: not told */
    const char *last_error;                                  /* or NULL */
    int64_t sec_since_connect, sec_since_disconnect;         /* -1: not told */
    size_t n_connections;                                    /* 0: not told */
    uint16_t bound_port;                                     /* 0: not told */
    struct session *session;                                 /* whose locks are told, or NULL */
};
/* Writes what 'get' says about each target to "is_connected" and "status", where its row has them. */
void remote_source_update_status(const struct remote_source *source,
                                 bool (*get)(void *aux, const char *target, struct remote_status *ret), void *aux);

#endif
