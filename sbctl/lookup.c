/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sbctl/sbctl.h"

struct err *
sb_find(struct ctl_context *ctx, const char *table_name, const char *column, const char *value, const char *columns,
        struct ws_row **ret)
{
    const struct table *table;
    struct ws_rows rows = {0};
    struct err *err = ctl_table(ctx, table_name, &table);
    if (!err) {
        err = workset_find(ctx->ws, table, column, value, ws_columns(table, columns), &rows);
    }
    *ret = !err && rows.n ? rows.d[0] : NULL;
    vec_fini(&rows);
    return err;
}

struct err *
sb_all(struct ctl_context *ctx, const char *table_name, const char *columns, struct ws_rows *ret)
{
    const struct table *table;
    struct err *err = ctl_table(ctx, table_name, &table);
    return err ? err : workset_select(ctx->ws, table, NULL, 0, ws_columns(table, columns), false, ret);
}

struct err *
sb_prefetch(struct ctl_context *ctx, const struct sb_wanted *wanted)
{
    VEC(struct ws_whole) tables = {0};
    struct err *err = NULL;

    for (; wanted->table && !err; wanted++) {
        const struct table *table;
        err = ctl_table(ctx, wanted->table, &table);
        if (!err) {
            vec_push(&tables, (struct ws_whole) {table, ws_columns(table, wanted->columns)});
        }
    }
    vec_push(&tables, (struct ws_whole) {NULL, 0});
    if (!err) {
        err = workset_fetch_tables(ctx->ws, tables.d);
    }
    vec_fini(&tables);
    return err;
}

/* What a row is sorted by. */
struct sort_key {
    const char *text;
    struct ws_row *row;
};

static int
compare_keys(const void *a_, const void *b_)
{
    const struct sort_key *a = a_, *b = b_;
    int cmp = strcmp(a->text, b->text);
    return cmp ? cmp : uuid_cmp(row_uuid(a->row), row_uuid(b->row));
}

void
sb_sort(struct ws_rows *rows, const char *column)
{
    struct sort_key *keys = xcalloc(rows->n + 1, sizeof *keys);
    for (size_t i = 0; i < rows->n; i++) {
        keys[i] = (struct sort_key) {row_string(rows->d[i], column), rows->d[i]};
    }
    qsort(keys, rows->n, sizeof *keys, compare_keys);
    for (size_t i = 0; i < rows->n; i++) {
        rows->d[i] = keys[i].row;
    }
    free(keys);
}
