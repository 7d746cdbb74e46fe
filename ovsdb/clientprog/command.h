/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENTPROG_COMMAND_H
#define WEFT_OVSDB_CLIENTPROG_COMMAND_H

/* What: the commands of weft-ovsdb-client, one table entry each, and what they are given. */

#include <jansson.h>

#include "lib/base/daemon.h"
#include "lib/base/err.h"
#include "ovsdb/ctl/table_format.h"

struct schema;
struct table;
struct unixctl;
struct wire;

/* Whether to tell the server that we know of changes of databases ("set_db_change_aware"). */
enum awareness { AWARE_IF_USEFUL, AWARE, UNAWARE };

struct client {
    const char *name;                                        /* of the program */
    struct tabular_style style;
    bool has_timestamps;                                     /* --timestamp; print_table() looks at 'wants_time' */
    bool wants_time;                                         /* the command is one that --timestamp is about */
    enum awareness awareness;                                /* --db-change-aware, --no-db-change-aware */
    bool force;                                              /* --force */
    struct daemon_options daemon;
    const char *unixctl_path;                                /* --unixctl, or NULL */
    const char *server;                                      /* remotes */
    struct wire *wire;                                       /* to the server; open when a command runs, or NULL */
    struct unixctl *unixctl;                                 /* once in the background */
    const char *database;                                    /* where the command wants one */
    bool printed;                                            /* a table, so that the next begins with a blank line */
};

enum command_wants { WANTS_NOTHING, WANTS_SERVER, WANTS_DATABASE };     /* WANTS_NOTHING: calls client_connect() */

struct command {
    const char *name;
    enum command_wants wants;
    int min_arguments, max_arguments;                        /* besides server and database */
    bool can_detach;
    const char *usage;                                       /* after the name in "help", or NULL */
    const char *help;
    struct err *(*run)(struct client *client, int argc, char *argv[]);   /* MUST_USE; the arguments behind those */
};

/* schema_commands.c */
struct err *run_list_dbs(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_get_schema(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_get_schema_version(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_get_schema_cksum(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_list_tables(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_list_columns(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_convert(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_needs_conversion(struct client *, int argc, char *argv[]) MUST_USE;
struct err *fetch_schema(struct client *client, struct schema **ret) MUST_USE;
struct err *fetch_databases(struct client *client, json_t **ret) MUST_USE;
/* "No table "T" found." */
struct err *find_table(const struct schema *schema, const char *name, const struct table **ret) MUST_USE;

/* data_commands.c */
struct err *run_transact(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_query(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_dump(struct client *, int argc, char *argv[]) MUST_USE;
struct err *parse_json(const char *text, json_t **ret) MUST_USE;

/* backup.c, restore.c */
struct err *run_backup(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_restore(struct client *, int argc, char *argv[]) MUST_USE;

/* monitor_commands.c */
struct err *run_monitor(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_monitor_cond(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_monitor_cond_since(struct client *, int argc, char *argv[]) MUST_USE;

/* wait_commands.c */
struct err *run_wait(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_lock(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_steal(struct client *, int argc, char *argv[]) MUST_USE;
struct err *run_unlock(struct client *, int argc, char *argv[]) MUST_USE;

/* main.c */
struct err *client_connect(struct client *client) MUST_USE;
/* Announces to the server that we know of changes of databases, unless it was said that we do not. */
struct err *client_announce_awareness(struct client *client) MUST_USE;
/* With --detach: makes the control socket and lets the shell go on.  Called once the first output is there. */
struct err *go_background(struct client *client) MUST_USE;

/* print.c */
void print_table(struct client *client, struct tabular *table);          /* takes 'table' */
void print_json(const struct client *client, const json_t *json);        /* as --pretty says, and a line feed */

#endif
