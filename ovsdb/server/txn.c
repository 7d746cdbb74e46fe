/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/txn.h"

#include <stdlib.h>

#include "lib/base/mem.h"

MEM_TYPE(txn, "transactions");

struct txn *
txn_begin(struct database *db)
{
    CHECK(!db->txn);
    struct txn *txn = xcalloc(1, sizeof *txn);
    txn->db = db;
    db->txn = txn;
    mem_add(&mem_txn, 1);
    return txn;
}

static void
txn_free(struct txn *txn)
{
    for (size_t i = 0; i < txn->rows.n; i++) {
        image_unref(txn->rows.d[i]->old);
        free(txn->rows.d[i]);
    }
    for (size_t i = 0; i < txn->retired.n; i++) {
        image_unref(txn->retired.d[i]);
    }
    vec_fini(&txn->rows);
    vec_fini(&txn->retired);
    vec_fini(&txn->suspects);
    free(txn->comment);
    txn->db->txn = NULL;
    free(txn);
    mem_add(&mem_txn, -1);
}

void
txn_add_comment(struct txn *txn, const char *comment)
{
    char *joined = txn->comment ? xasprintf("%s\n%s", txn->comment, comment) : xstrdup(comment);
    free(txn->comment);
    txn->comment = joined;
}

struct txn_row *
txn_touch__(struct txn *txn, struct db_table *table, struct row *row)
{
    CHECK(table->db->txn == txn);
    if (!row->txn_row) {
        struct txn_row *tr = xmalloc(sizeof *tr);
        *tr = (struct txn_row) {.row = row, .table = table, .old = row->image, .counted = row->image};
        if (tr->old) {
            image_ref(tr->old);
            tr->uuid = tr->old->uuid;
        }
        row->txn_row = tr;
        vec_push(&txn->rows, tr);
    }
    return row->txn_row;
}

/* An image that is replaced may still be the one whose references are counted. */
static void
retire(struct txn *txn, struct image *image)
{
    if (image) {
        vec_push(&txn->retired, image);
    }
}

bool
txn_uuid_is_free(const struct db_table *table, const struct uuid *uuid)
{
    return !txn_find_target__(table, uuid);
}

struct row *
txn_insert(struct txn *txn, struct db_table *table, struct image *image)
{
    struct row *row = db_table_add_row__(table, &image->uuid);
    struct txn_row *tr = txn_touch__(txn, table, row);
    tr->uuid = image->uuid;
    retire(txn, row_swap_image__(table, row, image));
    return row;
}

void
txn_set(struct txn *txn, struct db_table *table, struct row *row, uint32_t column, struct cell *cell)
{
    struct txn_row *tr = txn_touch__(txn, table, row);
    CHECK(row->image);
    if (row->image == tr->counted || row->image->refs > 1) {
        struct image *image = image_clone(row->image);
        image_set(image, column, cell);
        retire(txn, row_swap_image__(table, row, image));
    } else {
        row_set_cell__(table, row, column, cell);
    }
}

void
txn_delete(struct txn *txn, struct db_table *table, struct row *row)
{
    txn_touch__(txn, table, row);
    CHECK(row->image);
    retire(txn, row_swap_image__(table, row, NULL));
}

void
txn_abort(struct txn *txn)
{
    txn_uncount__(txn);
    for (size_t i = txn->rows.n; i-- > 0;) {
        struct txn_row *tr = txn->rows.d[i];
        struct image *old = tr->old;
        tr->old = NULL;
        image_unref(row_swap_image__(tr->table, tr->row, old));
        tr->row->txn_row = NULL;
        if (!old) {
            db_table_drop_row__(tr->table, tr->row);
        }
    }
    txn_free(txn);
}

/* Moves what 'tr' changed, if anything, into '*change'; the row is then as any other. */
static bool
finish_row(struct txn_row *tr, uint64_t version, struct change *change)
{
    struct row *row = tr->row;
    struct image *old = tr->old;
    row->txn_row = NULL;
    if (old && row->image && (old == row->image || image_eq(old, row->image))) {
        if (old != row->image) {
            image_unref(row_swap_image__(tr->table, row, image_ref(old)));
        }
        return false;
    }
    if (row->image && version) {
        row->image->version = version;
    }
    tr->old = NULL;
    *change = (struct change) {old, row->image ? image_ref(row->image) : NULL};
    if (!row->image) {
        db_table_drop_row__(tr->table, row);
    }
    return change->old || change->new;
}

struct err *
txn_commit(struct txn *txn, struct delta **ret)
{
    struct err *e = NULL;
    bool is_over = txn_check_slice__(txn, SIZE_MAX, &e);
    CHECK(is_over);
    if (e) {
        txn_abort(txn);
        return e;
    }
    VEC(struct change) changes = {0};
    uint64_t version = txn->db->next_version++;
    for (size_t i = 0; i < txn->rows.n; i++) {
        struct change change;
        if (finish_row(txn->rows.d[i], version, &change)) {
            vec_push(&changes, change);
        }
    }
    *ret = changes.n ? delta_new(changes.d, changes.n, txn->comment) : NULL;
    vec_fini(&changes);
    txn_free(txn);
    return NULL;
}

/* Makes the row as any other; nobody is told what changed. */
static void
settle_row(struct txn_row *tr, uint64_t version)
{
    struct change change;
    if (finish_row(tr, version, &change)) {
        image_unref(change.old);
        image_unref(change.new);
    }
}

/* Makes the rows as any others, from the last one that was touched to the first. */
static bool
settle_slice(struct txn *txn, size_t budget)
{
    for (; txn->rows.n && txn->n_work < budget; txn->n_work++) {
        struct txn_row *tr = vec_pop(&txn->rows);
        settle_row(tr, txn->version);
        free(tr);
    }
    return !txn->rows.n;
}

static bool
drop_retired_slice(struct txn *txn, size_t budget)
{
    while (txn->retired.n && txn->n_work < budget) {
        struct image *image = vec_pop(&txn->retired);
        txn->n_work += image_n_elements(image);
        image_unref(image);
    }
    return !txn->retired.n;
}

static bool
check_and_settle_slice(struct txn *txn, size_t budget, struct err **ret)
{
    if (!txn_check_slice__(txn, budget, ret) || *ret) {
        return *ret;
    }
    if (!txn->version) {
        txn->version = txn->db->next_version++;
    }
    return settle_slice(txn, budget) && drop_retired_slice(txn, budget);
}

bool
txn_commit_slice(struct txn *txn, size_t budget, size_t *n_work, struct err **ret)
{
    *ret = NULL;
    txn->n_work = *n_work;
    bool is_over = check_and_settle_slice(txn, budget, ret);
    *n_work = txn->n_work;
    if (is_over && !*ret) {
        txn_free(txn);
    }
    return is_over;
}

static bool
forget_rows_slice(struct txn *txn, size_t budget)
{
    for (; txn->rows.n && txn->n_work < budget; txn->n_work++) {
        struct txn_row *tr = vec_pop(&txn->rows);
        tr->row->txn_row = NULL;
        image_unref(tr->old);
        free(tr);
    }
    return !txn->rows.n;
}

bool
txn_discard_slice(struct txn *txn, size_t budget, size_t *n_work)
{
    txn->n_work = *n_work;
    bool is_over = forget_rows_slice(txn, budget) && drop_retired_slice(txn, budget);
    *n_work = txn->n_work;
    if (is_over) {
        txn_free(txn);
    }
    return is_over;
}

/* The state before the delta was valid, so nothing needs to be checked: put the old images back and count. */
void
database_undo(struct database *db, const struct delta *delta)
{
    struct txn *txn = txn_begin(db);
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *c = &delta->changes[i];
        struct db_table *table = row_table(db, c->new ? c->new : c->old);
        struct row *row = db_table_row(table, change_uuid(c));
        CHECK(row ? row->image == c->new : !c->new);
        if (!row) {
            txn_insert(txn, table, image_ref(c->old));
        } else {
            txn_touch__(txn, table, row);
            retire(txn, row_swap_image__(table, row, c->old ? image_ref(c->old) : NULL));
        }
    }
    for (size_t i = 0; i < txn->rows.n; i++) {
        struct err *e = txn_count_row__(txn, txn->rows.d[i]);
        CHECK(!e);
    }
    for (size_t i = 0; i < txn->rows.n; i++) {
        settle_row(txn->rows.d[i], 0);
    }
    txn_free(txn);
}
