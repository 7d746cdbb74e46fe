/* SPDX-License-Identifier: Apache-2.0 */
/* What happens at the end of a transaction: references, garbage, limits, unique indexes. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/server/txn.h"

/* Phases.  Each of these functions looks at one of the rows that the transaction touched. */

static struct err *
count_references(struct txn *txn, struct txn_row *tr)
{
    struct err *e = txn_count_row__(txn, tr);
    if (!e && !tr->old && !tr->table->schema->is_root) {
        vec_push(&txn->suspects, tr->row);
    }
    return e;
}

static struct err *
check_is_unreferenced(struct txn *txn, struct txn_row *tr)
{
    if (!tr->row->image && tr->row->n_strong) {
        return err_tagged("referential integrity violation",
                          "cannot delete %s row %s because of %u remaining reference(s)", tr->table->schema->name,
                          uuid_text(&tr->uuid), tr->row->n_strong);
    }
    return NULL;
}

static bool
is_dead(const struct txn *txn, const struct base_type *base, const union atom *atom)
{
    return base->ref_table && base->ref_is_weak
        && !db_table_row(&txn->db->tables[base->ref_table->index], &atom->uuid);
}

static struct err *
explain_empty(const struct txn_row *tr, const struct column *column, uint32_t n_dead, bool all_zeros)
{
    if (all_zeros) {
        return err_tagged("constraint violation",
                          "Weak reference column \"%s\" in \"%s\" row %s%s contained all-zeros UUID (probably as the "
                          "default value for this column) but deleting this value caused a constraint volation "
                          "because this column is not allowed to be empty.",
                          column->name, tr->table->schema->name, uuid_text(&tr->uuid),
                          tr->old ? "" : " (inserted within this transaction)");
    }
    return err_tagged("constraint violation",
                      "Deletion of %u weak reference(s) to deleted (or never-existing) rows from column \"%s\" in "
                      "\"%s\" row %s%s caused this column to become empty, but constraints on this column disallow "
                      "an empty column.",
                      n_dead, column->name, tr->table->schema->name, uuid_text(&tr->uuid),
                      tr->old ? "" : " (inserted within this transaction)");
}

/* Removes the elements of 'column' that reference rows that are gone. */
static struct err *
purge_column(struct txn *txn, struct txn_row *tr, const struct column *column)
{
    const struct column_type *type = &column->type;
    const struct datum *datum = &tr->row->image->cells[column->index - COLUMN_FIRST]->datum;
    VEC(union atom) dead = {0};
    bool all_zeros = false;
    txn->n_work += datum->n;
    for (uint32_t i = 0; i < datum->n; i++) {
        const union atom *key = &datum_keys(datum)[i];
        if (is_dead(txn, &type->key, key)
            || (column_type_is_map(type) && is_dead(txn, &type->value, &datum->values[i]))) {
            vec_push(&dead, (union atom) {0});
            atom_clone(&vec_last(&dead), key, type->key.type);
            all_zeros |= type->key.type == ATOM_UUID && uuid_is_zero(&key->uuid);
        }
    }
    struct err *e = NULL;
    if (dead.n) {
        struct datum keys, left;
        struct datum_type set_type = {type->key.type, ATOM_VOID};
        bool distinct = datum_init_from_atoms(&keys, set_type, dead.d, NULL, (uint32_t) dead.n);
        CHECK(distinct);
        datum_clone(&left, datum, column_datum_type(type));
        datum_subtract(&left, &keys, column_datum_type(type), false);
        datum_fini(&keys, set_type);
        if (left.n < type->n_min) {
            e = explain_empty(tr, column, (uint32_t) dead.n, all_zeros);
            datum_fini(&left, column_datum_type(type));
        } else {
            txn_set(txn, tr->table, tr->row, column->index, cell_new(&left));
        }
    }
    vec_fini(&dead);
    return e;
}

static struct err *
purge_row(struct txn *txn, struct txn_row *tr)
{
    tr->has_dangling = false;
    if (!tr->row->image) {
        return NULL;
    }
    for (uint64_t columns = tr->table->ref_columns; columns; columns &= columns - 1) {
        const struct column *column = &tr->table->schema->columns[__builtin_ctzll(columns)];
        if (column->type.key.ref_is_weak || column->type.value.ref_is_weak) {
            struct err *e = purge_column(txn, tr, column);
            if (e) {
                return e;
            }
        }
    }
    return NULL;
}

static struct err *
purge_if_dangling(struct txn *txn, struct txn_row *tr)
{
    if (!tr->has_dangling) {
        return NULL;
    }
    txn->has_purged = true;
    txn->n_work += tr->table->schema->n_columns;             /* a new image */
    return purge_row(txn, tr);
}

/* If the row was deleted since the last call: finds who references it. */
static struct err *
mark_sources(struct txn *txn, struct txn_row *tr)
{
    struct row *row = tr->row;
    if (row->image || tr->sources_are_marked) {
        return NULL;
    }
    tr->sources_are_marked = true;
    txn->n_work += row->n_weak;
    for (uint32_t i = 0; i < row->n_weak; i++) {
        struct row *source = row->weak_in[i];
        if (source->image) {
            txn_touch__(txn, row_table(txn->db, source->image), source)->has_dangling = true;
        }
    }
    return NULL;
}

static struct err *
check_max_rows(struct txn *txn, struct txn_row *tr)
{
    const struct db_table *table = tr->table;
    if (!tr->old && table->n_rows > table->schema->max_rows) {
        return err_tagged("constraint violation",
                          "transaction causes \"%s\" table to contain %zu rows, greater than the schema-defined "
                          "limit of %u row(s)",
                          table->schema->name, table->n_rows, table->schema->max_rows);
    }
    return NULL;
}

static bool
index_values_eq(const struct table_index *index, const struct image *a, const struct image *b)
{
    for (uint32_t i = 0; i < index->n; i++) {
        if (image_cell_changed(a, b, index->columns[i])) {
            return false;
        }
    }
    return true;
}

static void
put_index_values(struct buf *buf, const struct table_index *index, const struct image *image)
{
    for (uint32_t i = 0; i < index->n; i++) {
        const struct column *column = &image->schema->columns[index->columns[i]];
        struct datum scratch;
        buf_puts(buf, !i ? "" : i + 1 < index->n ? ", " : index->n > 2 ? ", and " : " and ");
        datum_put_string(buf, image_datum(image, column->index, &scratch), &column->type);
    }
}

static void
put_index_columns(struct buf *buf, const struct table_index *index, const struct image *image)
{
    for (uint32_t i = 0; i < index->n; i++) {
        buf_puts(buf, !i ? "" : i + 1 < index->n ? ", " : index->n > 2 ? ", and " : " and ");
        buf_printf(buf, "\"%s\"", image->schema->columns[index->columns[i]].name);
    }
}

static void
put_row_history(struct buf *buf, const struct table_index *index, const struct row *row)
{
    buf_printf(buf, "with UUID %s, ", uuid_text(&row->image->uuid));
    if (!row->txn_row) {
        buf_puts(buf, "existed in the database before this transaction and was not modified by the transaction.");
    } else if (!row->txn_row->old) {
        buf_puts(buf, "was inserted by this transaction.");
    } else if (index_values_eq(index, row->txn_row->old, row->image)) {
        buf_puts(buf, "existed in the database before this transaction, which modified some of the row's columns "
                      "but not any columns in this index.");
    } else {
        buf_puts(buf, "had the following index values before the transaction: ");
        put_index_values(buf, index, row->txn_row->old);
        buf_putc(buf, '.');
    }
}

static struct err *
duplicate_error(const struct table_index *index, const struct row *a, const struct row *b)
{
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    buf_printf(&buf, "Transaction causes multiple rows in \"%s\" table to have identical values (",
               a->image->schema->name);
    put_index_values(&buf, index, a->image);
    buf_printf(&buf, ") for index on column%s ", index->n > 1 ? "s" : "");
    put_index_columns(&buf, index, a->image);
    buf_puts(&buf, ".  First row, ");
    put_row_history(&buf, index, a);
    buf_puts(&buf, "  Second row, ");
    put_row_history(&buf, index, b);
    struct err *e = err_tagged("constraint violation", "%s", buf_text(&buf));
    buf_fini(&buf);
    return e;
}

static struct err *
check_unique(struct txn *txn, struct txn_row *tr)
{
    struct row *row = tr->row;
    txn->n_work += tr->table->schema->n_indexes;
    for (uint32_t i = 0; row->image && i < tr->table->schema->n_indexes; i++) {
        const struct table_index *definition = &tr->table->schema->indexes[i];
        const struct row_index *index = &tr->table->unique[i];
        if (tr->old && index_values_eq(definition, tr->old, row->image)) {
            continue;
        }
        uint32_t hash = row_index_hash_image(index, row->image), cursor = 0;
        for (struct row *other; (other = row_index_next(index, hash, &cursor));) {
            if (other != row && index_values_eq(definition, other->image, row->image)) {
                return duplicate_error(definition, row, other);
            }
        }
    }
    return NULL;
}

/* Deletes rows of non-root tables that nothing references, until there are no more.  Returns whether it came to that. */
static bool
collect_garbage(struct txn *txn, size_t budget)
{
    for (; txn->suspects.n && txn->n_work < budget; txn->n_work++) {
        struct row *row = vec_pop(&txn->suspects);
        if (row->image && !row->n_strong) {
            struct db_table *table = row_table(txn->db, row->image);
            txn->n_work += table->schema->n_columns;
            txn_delete(txn, table, row);
            struct err *e = txn_count_row__(txn, row->txn_row);
            CHECK(!e);                                       /* a deleted row references nothing */
        }
    }
    return !txn->suspects.n;
}

/* Returns whether all rows have been looked at, or one has an error. */
static bool
look_at_rows(struct txn *txn, struct err *(*look)(struct txn *txn, struct txn_row *tr), size_t budget, struct err **ret)
{
    for (; txn->next < txn->rows.n && txn->n_work < budget; txn->n_work++) {
        *ret = look(txn, txn->rows.d[txn->next++]);
        if (*ret) {
            return true;
        }
    }
    return txn->next == txn->rows.n;
}

/* Removing a pair from a map can drop a strong reference, whose target may be garbage, and so on: round and round
 * until nothing dangles. */
static enum txn_phase
phase_after(struct txn *txn)
{
    bool again = txn->phase == TXN_PURGE && txn->has_purged;
    txn->next = 0;
    txn->has_purged = false;
    return again ? TXN_COUNT : txn->phase + 1;
}

bool
txn_check_slice__(struct txn *txn, size_t budget, struct err **ret)
{
    static struct err *(*const looks[])(struct txn *txn, struct txn_row *tr) = {
        [TXN_COUNT] = count_references,
        [TXN_CHECK_DELETED] = check_is_unreferenced,
        [TXN_MARK] = mark_sources,
        [TXN_PURGE] = purge_if_dangling,
        [TXN_CHECK_MAX_ROWS] = check_max_rows,
        [TXN_CHECK_UNIQUE] = check_unique,
    };
    while (txn->phase != TXN_CHECKED) {
        if (!(txn->phase == TXN_COLLECT ? collect_garbage(txn, budget)
                                        : look_at_rows(txn, looks[txn->phase], budget, ret))) {
            return false;
        }
        if (*ret) {
            return true;
        }
        txn->phase = phase_after(txn);
    }
    return true;
}
