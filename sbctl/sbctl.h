/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_SBCTL_SBCTL_H
#define WEFT_SBCTL_SBCTL_H

/* What: what the commands of sbctl share. */

#include "ovsdb/ctl/ctl.h"

/* The row of 'table' whose string 'column' is 'value', or NULL; guarded. */
struct err *sb_find(struct ctl_context *ctx, const char *table, const char *column, const char *value, const char *columns,
                    struct ws_row **ret) MUST_USE;
/* All rows of 'table'. */
struct err *sb_all(struct ctl_context *ctx, const char *table, const char *columns, struct ws_rows *ret) MUST_USE;
/* Fetches the named tables in one request: one consistent picture.  'wanted' ends with a NULL name. */
struct sb_wanted {
    const char *table, *columns;
};
struct err *sb_prefetch(struct ctl_context *ctx, const struct sb_wanted *wanted) MUST_USE;
/* Sorts by a string column, then uuid. */
void sb_sort(struct ws_rows *rows, const char *column);

extern const char sbctl_help[];
extern const struct ctl_command_def show_commands[], chassis_commands[], binding_commands[], lflow_commands[];

#endif
