/* SPDX-License-Identifier: Apache-2.0 */
/* Counting references: the difference between two images of a row, applied to the rows they reference. */
#include <config.h>

#include "lib/base/mem.h"
#include "ovsdb/server/txn.h"

struct row *
txn_find_target__(const struct db_table *table, const struct uuid *uuid)
{
    struct row *deleted = NULL;
    HMAP_FOR_EACH_WITH_HASH (row, struct row, node, uuid_hash(uuid), &table->rows) {
        if (row->image ? uuid_eq(&row->image->uuid, uuid) : uuid_eq(&row->txn_row->uuid, uuid)) {
            if (row->image) {
                return row;
            }
            if (row->txn_row->old) {
                deleted = row;
            }
        }
    }
    return deleted;
}

/* One direction of a walk over the references of a row. */
struct counter_walk {
    struct txn *txn;
    struct txn_row *tr;                                      /* of the row whose references are counted */
    const struct column *column;
    struct err *e;                                           /* the first error */
};

static void
note_missing(struct counter_walk *w, const struct base_type *base, const struct uuid *uuid)
{
    if (base->ref_is_weak) {
        w->tr->has_dangling = true;
    } else if (!w->e) {
        w->e = err_tagged("referential integrity violation",
                          "Table %s column %s row %s references nonexistent row %s in table %s.",
                          w->tr->table->schema->name, w->column->name, uuid_text(&w->tr->uuid), uuid_text(uuid),
                          base->ref_table->name);
    }
}

static void
count_reference(struct counter_walk *w, const struct base_type *base, const union atom *atom, bool add)
{
    if (!base->ref_table) {
        return;
    }
    w->txn->n_work++;
    struct db_table *table = &w->txn->db->tables[base->ref_table->index];
    struct row *target = txn_find_target__(table, &atom->uuid);
    if (!target) {
        if (add) {
            note_missing(w, base, &atom->uuid);
        }
        return;
    }
    if (target == w->tr->row && !base->ref_is_weak) {
        return;                                              /* a row does not keep itself alive */
    }
    if (!base->ref_is_weak) {
        CHECK(add || target->n_strong > 0);
        target->n_strong += add ? 1 : -1;
        if (!target->n_strong && !table->schema->is_root) {
            vec_push(&w->txn->suspects, target);
        }
        return;
    }
    if (add) {
        row_add_weak__(target, w->tr->row);
        w->tr->has_dangling |= !target->image;
    } else {
        row_remove_weak__(target, w->tr->row);
    }
}

static void
count_element(struct counter_walk *w, const struct datum *d, uint32_t i, bool add)
{
    count_reference(w, &w->column->type.key, &datum_keys(d)[i], add);
    if (column_type_is_map(&w->column->type)) {
        count_reference(w, &w->column->type.value, &d->values[i], add);
    }
}

/* Both are sorted by key: walks them side by side, so that a change of one element among many costs no look-up
 * for the others. */
static void
count_column(struct counter_walk *w, const struct datum *old, const struct datum *new)
{
    enum atom_type key_type = w->column->type.key.type, value_type = w->column->type.value.type;
    uint32_t i = 0, j = 0, n_old = old ? old->n : 0, n_new = new ? new->n : 0;
    while (i < n_old || j < n_new) {
        int cmp = i >= n_old ? 1 : j >= n_new ? -1 : atom_cmp(&datum_keys(old)[i], &datum_keys(new)[j], key_type);
        if (cmp < 0) {
            count_element(w, old, i++, false);
        } else if (cmp > 0) {
            count_element(w, new, j++, true);
        } else {
            if (value_type == ATOM_UUID && atom_cmp(&old->values[i], &new->values[j], value_type)) {
                count_reference(w, &w->column->type.value, &old->values[i], false);
                count_reference(w, &w->column->type.value, &new->values[j], true);
            }
            i++;
            j++;
        }
    }
}

static struct err *
count_images(struct txn *txn, struct txn_row *tr, const struct image *old, const struct image *new)
{
    struct counter_walk w = {.txn = txn, .tr = tr};
    for (uint64_t columns = tr->table->ref_columns; columns; columns &= columns - 1) {
        uint32_t i = (uint32_t) __builtin_ctzll(columns), cell = i - COLUMN_FIRST;
        if (!old || !new || old->cells[cell] != new->cells[cell]) {
            w.column = &tr->table->schema->columns[i];
            count_column(&w, old ? &old->cells[cell]->datum : NULL, new ? &new->cells[cell]->datum : NULL);
        }
    }
    return w.e;
}

struct err *
txn_count_row__(struct txn *txn, struct txn_row *tr)
{
    struct image *image = tr->row->image;
    if (image == tr->counted) {
        return NULL;
    }
    struct err *e = count_images(txn, tr, tr->counted, image);
    tr->counted = image;
    return e;
}

void
txn_uncount__(struct txn *txn)
{
    for (size_t i = txn->rows.n; i-- > 0;) {
        struct txn_row *tr = txn->rows.d[i];
        if (tr->counted != tr->old) {
            struct err *e = count_images(txn, tr, tr->counted, tr->old);
            err_free(e);
            tr->counted = tr->old;
        }
    }
}
