/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the generic commands, and how they find what their arguments name. */
#include <config.h>

#include "ovsdb/ctl/db_commands.h"

#include "ovsdb/ctl/db_values.h"

const char ctl_db_help[] =
    "Database commands:\n"
    "  [--if-exists] [--columns=COLUMNS]\n"
    "  list TBL [REC]              list RECord (or all records) in TBL\n"
    "  [--columns=COLUMNS]\n"
    "  find TBL CONDITION...       list records satisfying CONDITION in TBL\n"
    "  [--if-exists | --id=@NAME]\n"
    "  get TBL REC COL[:KEY]       print values of COLumns in RECord in TBL\n"
    "  [--if-exists]\n"
    "  set TBL REC COL[:KEY]=VALUE set COLumn values in RECord in TBL\n"
    "  [--if-exists]\n"
    "  add TBL REC COL [KEY=]VALUE add (KEY=)VALUE to COLumn in RECord in TBL\n"
    "  [--if-exists]\n"
    "  remove TBL REC COL [KEY=]VALUE  remove (KEY=)VALUE from COLumn\n"
    "  [--if-exists]\n"
    "  clear TBL REC COL           clear values from COLumn in RECord in TBL\n"
    "  [--id={@NAME | UUID}]\n"
    "  create TBL COL[:KEY]=VALUE  create and initialize new record\n"
    "  [--if-exists | --all]\n"
    "  destroy TBL REC             delete RECord from TBL\n"
    "  wait-until TBL REC [COL[:KEY]=VALUE]  wait until condition is true\n"
    "  comment [ARG]...            do nothing, but be in the database's log\n";

/* Checks the columns that the arguments name, before any row is looked for: mistakes in them come first. */
static struct err *
check_columns(struct ctl_context *ctx, const struct table *table)
{
    static const struct {
        const char *command;
        int first, last;                                     /* arguments that name columns */
        enum db_argument_kind kind;
    } checks[] = {{"get", 3, INT_MAX, DB_ARG_COLUMN}, {"set", 3, INT_MAX, DB_ARG_ASSIGNMENT},
                  {"add", 3, 3, DB_ARG_COLUMN}, {"remove", 3, 3, DB_ARG_COLUMN}, {"clear", 3, INT_MAX, DB_ARG_COLUMN}};
    struct err *err = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        for (int j = checks[i].first; j < ctx->argc && j <= checks[i].last && !err; j++) {
            struct db_argument argument;
            if (!strcmp(ctx->argv[0], checks[i].command) && strcasecmp(ctx->argv[j], "_uuid")) {
                err = db_argument_parse(table, ctx->argv[j], checks[i].kind, &argument);
                if (!err) {
                    db_argument_fini(&argument);
                }
            }
        }
    }
    return err;
}

struct err *
db_find_target(struct ctl_context *ctx, const struct table **ret_table, struct ws_row **ret_row)
{
    struct err *err = ctl_find_table(workset_schema(ctx->ws), ctx->argv[1], ret_table);
    if (!err) {
        err = check_columns(ctx, *ret_table);
    }
    if (!err && ret_row) {
        err = ctl_find_record(ctx, *ret_table, ctx->argv[2], ctl_has_option(ctx, "--if-exists"), ret_row);
    }
    return err;
}

struct err *
db_fetch_column(struct ctl_context *ctx, struct ws_row *row, const struct column *column)
{
    return workset_fetch_row(ctx->ws, row, UINT64_C(1) << column->index);
}

static struct err *
cmd_comment(struct ctl_context *ctx UNUSED)
{
    return NULL;                                             /* the whole command line is in the database's log */
}

const struct ctl_command_def db_commands[] = {
    {"comment", 0, INT_MAX, "[ARG]...", "", cmd_comment, NULL},
    {"get", 2, INT_MAX, "TABLE RECORD [COLUMN[:KEY]]...", "--if-exists,--id=", db_cmd_get, NULL},
    {"list", 1, INT_MAX, "TABLE [RECORD]...", "--if-exists,--columns=", db_cmd_list, NULL},
    {"find", 1, INT_MAX, "TABLE [COLUMN[:KEY]=VALUE]...", "--columns=", db_cmd_find, NULL},
    {"set", 3, INT_MAX, "TABLE RECORD COLUMN[:KEY]=VALUE...", "--if-exists", db_cmd_set, NULL},
    {"add", 4, INT_MAX, "TABLE RECORD COLUMN [KEY=]VALUE...", "--if-exists", db_cmd_add, NULL},
    {"remove", 4, INT_MAX, "TABLE RECORD COLUMN KEY|VALUE|KEY=VALUE...", "--if-exists", db_cmd_remove, NULL},
    {"clear", 3, INT_MAX, "TABLE RECORD COLUMN...", "--if-exists", db_cmd_clear, NULL},
    {"create", 2, INT_MAX, "TABLE COLUMN[:KEY]=VALUE...", "--id=", db_cmd_create, db_finish_create},
    {"destroy", 1, INT_MAX, "TABLE [RECORD]...", "--if-exists,--all", db_cmd_destroy, NULL},
    {"wait-until", 2, INT_MAX, "TABLE RECORD [COLUMN[:KEY]=VALUE]...", "", db_cmd_wait_until, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
