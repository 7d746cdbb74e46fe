/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_DB_COMMANDS_H
#define WEFT_OVSDB_CTL_DB_COMMANDS_H

/* What: what the files of the generic commands share: db_commands.c, db_read.c, db_write.c.
 *
 * Why: the commands know no table by name; their first arguments say which table, row and columns they are about, and are
 * looked up in one way. */

#include "ovsdb/ctl/ctl.h"

/* Looks up the table that is the first argument and the row that is the second.  'ret_row' NULL: just the table.  A row
 * that is not there is NULL with --if-exists, else an error. */
struct err *db_find_target(struct ctl_context *ctx, const struct table **ret_table, struct ws_row **ret_row) MUST_USE;
struct err *db_fetch_column(struct ctl_context *ctx, struct ws_row *row, const struct column *column) MUST_USE;

/* The commands of these names. */
struct err *db_cmd_list(struct ctl_context *ctx) MUST_USE;
struct err *db_cmd_find(struct ctl_context *ctx) MUST_USE;
struct err *db_cmd_get(struct ctl_context *ctx) MUST_USE;
struct err *db_cmd_wait_until(struct ctl_context *ctx) MUST_USE;
struct err *db_cmd_set(struct ctl_context *ctx) MUST_USE;
struct err *db_cmd_create(struct ctl_context *ctx) MUST_USE;
struct err *db_cmd_add(struct ctl_context *ctx) MUST_USE;
struct err *db_cmd_remove(struct ctl_context *ctx) MUST_USE;
struct err *db_cmd_clear(struct ctl_context *ctx) MUST_USE;
struct err *db_cmd_destroy(struct ctl_context *ctx) MUST_USE;
struct err *db_finish_create(struct ctl_context *ctx) MUST_USE;

#endif
