/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_CONFIGURE_H
#define WEFT_OVSDB_SERVER_CONFIGURE_H

/* What: brings a running server in line with its configuration file (config_file.h), at the start and on
 * "ovsdb-server/reload".
 *
 * How it goes: first all that can fail: the file is read, databases that are new are opened, names and "db:" remotes are
 * checked against what will be there.  If any of it fails nothing has changed.  Then the differences are made: a remote, a
 * database or a source that is the same before and after does not notice, but for intervals and options, which change in place.
 *
 * Names of files that are not absolute are relative to the database directory, that of the configuration file too.
 *
 * Owns: the replication of each database that is a backup. */

#include "lib/base/err.h"

struct configuration;
struct remotes;
struct server;
struct tls_options;
struct upstream_env;

/* For the file at 'path'; nothing is read yet.  All is borrowed.  'tls' is given to 'remotes' before the first of them opens. */
struct configuration *configuration_new(const char *path, struct server *server, struct remotes *remotes,
                                        const struct tls_options *tls, const struct upstream_env *env) MUST_USE;
void configuration_free(struct configuration *configuration);            /* before 'server'; NULL is fine */
/* Errors name the file and what is wrong there; nothing has changed then.  The first time, also what is wrong with 'tls'. */
struct err *configuration_reload(struct configuration *configuration) MUST_USE;
const char *configuration_path(const struct configuration *configuration);

/* Texts of control commands; the caller frees them. */
char *configuration_sync_status(const struct configuration *configuration) MUST_USE;
char *configuration_active_servers(const struct configuration *configuration) MUST_USE;          /* each once, one a line */
char *configuration_excluded(const struct configuration *configuration) MUST_USE;        /* "DB:TABLE,..." */

#endif
