/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_WORKSET_PRIVATE_H
#define WEFT_OVSDB_CTL_WORKSET_PRIVATE_H

/* What: what workset.c (look-ups), workset_row.c (rows) and workset_txn.c (the transaction) share. */

#include "lib/base/hmap.h"
#include "ovsdb/ctl/workset.h"

/* What this command line does to a column.  Where the server's value is not known, because the column was not fetched,
 * mutations wait in 'minus' and 'plus': now = (base - minus) + plus, as soon as 'base' is there. */
struct ws_change {
    bool is_set;                                             /* 'now' replaces the server's value */
    bool is_mutated;                                         /* 'minus' and 'plus' are to be sent */
    struct datum now;                                        /* the overlay's value, if ws_cell.is_known */
    struct datum minus;                                      /* a set of keys, also for maps */
    struct datum plus;
};

/* One column of a row.  Small: a list of all logical flows has millions of them. */
struct ws_cell {
    bool is_fetched;                                         /* 'base' is what the server said */
    bool is_known;                                           /* there is a value to read */
    bool is_guarded;
    struct datum base;
    struct ws_change *change;                                /* owned; NULL while there is none */
};

static inline const struct datum *ws_cell_value(const struct ws_cell *cell)
{
    return cell->change ? &cell->change->now : &cell->base;
}
static inline bool ws_cell_is_set(const struct ws_cell *cell) { return cell->change && cell->change->is_set; }
static inline bool ws_cell_is_mutated(const struct ws_cell *cell) { return cell->change && cell->change->is_mutated; }

struct ws_row {
    struct hmap_node node;                                   /* in workset.rows, by uuid */
    const struct table *table;
    struct uuid uuid;                                        /* a stand-in if is_new and not is_explicit */
    struct uuid real_uuid;                                   /* after the commit */
    bool is_new, is_explicit;
    bool is_deleted;                                         /* as later commands see it */
    bool has_delete_op;
    struct ws_cell *cells;                                   /* table->n_columns of them */
};

struct workset {
    struct schema *schema;                                   /* a reference */
    workset_transact *transact;
    void *aux;
    struct hmap rows;
    VEC(struct ws_row *) order;                              /* all rows, in the order they came; owned */
    struct strmap selects;                                   /* JSON text of a look-up → struct uuids * (owned) */
    struct strmap guards;                                    /* JSON text of a look-up → its "wait" (owned) */
    json_t *extra;                                           /* array: operations of the caller's own */
};

struct ws_row *workset_add_row(struct workset *ws, const struct table *table, const struct uuid *uuid);
void ws_row_free(struct ws_row *row);
/* The server's value of a column has come. */
void ws_row_fill(struct ws_row *row, const struct column *column, struct datum *base /* taken */);
/* "transaction error: {...}", the server's answer 'json' to an operation. */
struct err *ws_transaction_error(const json_t *json) MUST_USE;
/* A where clause that names one row. */
json_t *ws_where_uuid(const struct uuid *uuid);

static inline struct datum_type
ws_keys_type(const struct column *column)
{
    return (struct datum_type) {column->type.key.type, ATOM_VOID};
}

#endif
