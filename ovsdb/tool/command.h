/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_TOOL_COMMAND_H
#define WEFT_OVSDB_TOOL_COMMAND_H

/* What: the commands of weft-ovsdb-tool, one table entry each, and what they are given.
 *
 * Why: dispatch, the checks of the number of arguments and "help" come from the same table (main.c). */

#include <stdio.h>

#include "lib/base/err.h"

struct hosted;

struct tool {
    FILE *out;                                               /* where results go */
    const char *name;                                        /* of the program, for comments in the log */
    int64_t now_ms;                                          /* since 1970-01-01 UTC */
    const char *default_db, *default_schema;
    const char *rbac_role;                                   /* or NULL */
    int more;                                                /* number of "-m" */
    struct hosted *hosted;                                   /* the database opened; dies with the process, since
                                                              * freeing row by row takes as long as loading */
    int status;                                              /* what the process exits with, unless a command fails */
};

struct command {
    const char *name;
    int min_arguments, max_arguments;
    const char *help;                                        /* lines of "help", or NULL */
    /* 'arguments' ends with a NULL behind the 'max_arguments'. */
    struct err *(*run)(struct tool *tool, char *const arguments[]);
};

/* schema_commands.c */
struct err *run_create(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_db_name(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_db_version(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_db_cksum(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_schema_name(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_schema_version(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_schema_cksum(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_compare_versions(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_needs_conversion(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_db_is_standalone(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_db_is_clustered(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_not_clustered(struct tool *, char *const arguments[]) MUST_USE;          /* db-cid and the like */
struct err *run_check_cluster(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_no_clusters(struct tool *, char *const arguments[]) MUST_USE;

/* data_commands.c */
struct err *run_compact(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_convert(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_query(struct tool *, char *const arguments[]) MUST_USE;
struct err *run_transact(struct tool *, char *const arguments[]) MUST_USE;

/* show_log.c */
struct err *run_show_log(struct tool *, char *const arguments[]) MUST_USE;

/* The argument, or the default if it is NULL. */
static inline const char *
db_argument(const struct tool *tool, const char *argument)
{
    return argument ? argument : tool->default_db;
}
static inline const char *
schema_argument(const struct tool *tool, const char *argument)
{
    return argument ? argument : tool->default_schema;
}

#endif
