/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_CONFIG_FILE_H
#define WEFT_OVSDB_SERVER_CONFIG_FILE_H

/* What: reads the text of a configuration file (--config-file of Open vSwitch 3.4), JSON of the form
 *
 *     {"remotes": {REMOTE: null | {"inactivity-probe": MS, "max-backoff": MS, "read-only": BOOL, "role": ROLE, "dscp": N}, ...},
 *      "databases": {DATABASE: null | {"service-model": MODEL, "backup": BOOL, "source": {REMOTES: null | {"inactivity-probe":
 *                                      MS, "max-backoff": MS}}, "exclude-tables": [TABLE, ...]}, ...}}
 *
 * DATABASE is a file, except for the model "relay", where it is a database's name.
 *
 * Why: what is in force is configure.h's business; that text is right can be said, and fuzzed, without a server.
 *
 * Invariants: all that a file can get wrong by itself is an error here that says where it is: syntax, a member that is unknown,
 * given twice or of the wrong type, a value out of range, a member that the model has no use for or cannot do without. */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/vec.h"
#include "ovsdb/server/remote_rows.h"

enum {
    CONFIG_FILE_MAX_BYTES = 1 << 20,
    CONFIG_FILE_MAX_ITEMS = 10000,                           /* remotes, databases, tables of a database */
};

enum service_model { SERVICE_STANDALONE, SERVICE_ACTIVE_BACKUP, SERVICE_RELAY };

struct config_remote {
    char *target;                                            /* owned */
    struct remote_options options;                           /* owned */
};

struct config_database {
    char *name;                                              /* owned: of the file, or of a relay's database */
    enum service_model model;
    bool is_backup;                                          /* SERVICE_ACTIVE_BACKUP: follows 'source' */
    char *source;                                            /* owned: comma-separated remotes; NULL if standalone */
    int64_t probe_ms, max_backoff_ms;                        /* of the connection to it; -1: the default */
    VEC(char *) excluded;                                    /* owned: names of tables that a backup leaves alone */
};

struct config_file {
    VEC(struct config_remote) remotes;
    VEC(struct config_database) databases;
};

struct err *config_file_parse(struct str text, struct config_file **ret) MUST_USE;
void config_file_free(struct config_file *config);           /* NULL is fine */

#endif
