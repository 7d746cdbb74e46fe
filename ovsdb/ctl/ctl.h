/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_CTL_H
#define WEFT_OVSDB_CTL_CTL_H

/* What: the frame of nbctl and sbctl: options, chains of commands, one transaction, output.
 *
 * Why: a program states what it is ('struct ctl_program') and its commands ('struct ctl_command_def', one line each
 * in a table); all that the tools have in common happens here: ctl_main().
 *
 * How a command line runs: the words are cut into commands at "--" and checked against the tables; the commands run in
 * order on one working set (workset.h), each appending to its own output; what changed is committed in one
 * transaction; if a guard fails everything starts over; then the output is printed, and --wait waits.
 *
 * Errors: a command returns an error, which is printed as "PROGRAM: text" with exit status 1.  No output of
 * any command of the line appears then, and nothing is committed. */

#include <limits.h>

#include "lib/base/hmap.h"
#include "ovsdb/ctl/table_format.h"
#include "ovsdb/ctl/workset.h"

struct ctl_context;

struct ctl_command_def {
    const char *name;
    int min_args, max_args;                                  /* INT_MAX: any number */
    const char *usage;                                       /* arguments, as the man page writes them */
    const char *options;                                     /* "--may-exist,--type=,--bfd?": none, required, optional argument */
    struct err *(*run)(struct ctl_context *ctx);
    struct err *(*finish)(struct ctl_context *ctx);          /* or NULL: after the commit; may write the output */
};
/* A table of commands ends with a NULL name. */

/* One way to name a row of a table besides its uuid, and "." for the row of a table that has one and no more. */
struct ctl_row_id {
    const char *table;                                       /* of the row that is named */
    const char *name_table;                                  /* where the name is looked up; NULL: 'table' itself */
    const char *name_column;                                 /* NULL: there can be one row, so that "." will do */
    const char *name_key;                                    /* key in 'name_column', a map; or NULL */
    const char *uuid_column;                                 /* of 'name_table': refers to the row; NULL: it is the row */
};
/* An array of them ends with a NULL table. */

struct ctl_program {
    const char *name;                                        /* "ovn-nbctl": for comments in the database log */
    const char *database;                                    /* "OVN_Northbound" */
    const char *schema_version;                              /* for --version */
    const char *global_table;                                /* its one row is made if it is not there: "NB_Global" */
    const char *env_db, *env_options, *env_daemon;           /* names of environment variables */
    const char *socket;                                      /* in the run directory: "ovnnb_db.sock" */
    const struct ctl_command_def *const *commands;           /* tables, up to a NULL */
    const struct ctl_row_id *row_ids;
    bool has_wait;                                           /* --wait, --no-wait, --print-wait-time */
    const char *help;                                        /* what --help prints before the options */
};

/* Runs the program; returns its exit status. */
int ctl_main(int argc, char *argv[], const struct ctl_program *program);

/* What a command sees. */
struct ctl_symbols;
struct ctl_context {
    int argc;                                                /* the command's name and arguments */
    char **argv;
    struct strmap *options;                                  /* "--name" → its argument, or NULL */
    const struct ctl_program *program;
    struct workset *ws;
    struct ctl_symbols *symbols;                             /* the @names of this command line */
    struct buf output;                                       /* what the command prints */
    struct tabular *table;                                   /* or the table that it prints; freed with the context */
    struct ws_row *created;                                  /* for finish() */
    bool must_sync;                                          /* --wait even if nothing changes */
    json_t *unsatisfied;                                     /* set (monitor requests) by a command that must run again
                                                              * when the database has changed */
    bool is_last;                                            /* no command follows in the chain */
};

bool ctl_has_option(const struct ctl_context *ctx, const char *name);
/* The argument of option 'name'; NULL without the option, "" without an argument. */
const char *ctl_option(const struct ctl_context *ctx, const char *name);

extern const struct ctl_command_def db_commands[];           /* list find get set add ... */
extern const struct ctl_command_def remote_commands[];       /* get-connection set-ssl ... */
extern const char ctl_db_help[];                             /* the part of --help on db_commands */

/* --- Rows and columns by the names that people type (db_record.c) --- */
/* Case does not matter, "-" is "_", a unique prefix will do. */
struct err *ctl_find_table(const struct schema *schema, const char *name, const struct table **ret) MUST_USE;
struct err *ctl_find_column(const struct table *table, const char *name, const struct column **ret) MUST_USE;
/* The row of 'table' that 'id' names.  None: NULL in '*ret' if 'may_be_missing', else an error. */
struct err *ctl_find_record(struct ctl_context *ctx, const struct table *table, const char *id, bool may_be_missing,
                            struct ws_row **ret) MUST_USE;

/* Carries out "column[:key]=value" on 'row' (of 'table'); NULL: only looks for errors in it. */
struct err *ctl_set_column(struct ctl_context *ctx, const struct table *table, struct ws_row *row, const char *text) MUST_USE;

/* The table 'name' of the server's schema, which has to be there, and NULL with an error if it is not. */
struct err *ctl_table(struct ctl_context *ctx, const char *name, const struct table **ret) MUST_USE;

#endif
