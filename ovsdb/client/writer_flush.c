/* SPDX-License-Identifier: Apache-2.0 */
/* Sending the difference. */
#include <config.h>

#include "ovsdb/client/writer.h"

#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "ovsdb/client/writer_private.h"

LOG_MODULE(ovsdb_writer);
MEM_TYPE(writer_txn, "writer transactions");

/* Enough to keep the server busy; the texts of more would only fill memory.  Looking at all that is dirty is not free, so
 * that more are sent only when this many are down to half. */
enum { MAX_TXNS = 8 };

/* --- Transactions and their answers --- */

/* Begins a transaction, with the assertion of the lock if there is one. */
void
writer_open_txn(struct writer_build *b)
{
    b->txn = xcalloc(1, sizeof *b->txn);
    mem_add(&mem_writer_txn, +1);
    b->txn->writer = b->w;
    buf_putc(&b->ops, '[');
    if (b->w->lock) {
        buf_puts(&b->ops, "{\"op\":\"assert\",\"lock\":");
        buf_put_json_string(&b->ops, str_from(b->w->lock));
        buf_putc(&b->ops, '}');
        vec_push(&b->txn->ops, NULL);
    }
}

static void
txn_free(struct writer_txn *txn)
{
    vec_fini(&txn->ops);
    mem_add(&mem_writer_txn, -1);
    free(txn);
}

void
writer_forget_txns(struct writer *w)
{
    for (size_t i = 0; i < w->txns.n; i++) {
        w->link->forget(w->link_aux, w->txns.d[i]->id);
        txn_free(w->txns.d[i]);
    }
    vec_clear(&w->txns);
}

/* The key whose operation failed; NULL if that cannot be told. */
static struct writer_entry *
find_culprit(const struct writer_txn *txn, const json_t *result)
{
    size_t i;
    const json_t *element;
    json_array_foreach ((json_t *) result, i, element) {
        if (i < txn->ops.n && json_object_get(element, "error")) {
            return txn->ops.d[i];
        }
    }
    return txn->n_roots == 1 ? txn->root : NULL;
}

static void
refuse(struct writer *w, struct writer_entry *e, const struct err *err)
{
    log_err_rl("%s %s: refused: %s%s%s", writer_replica_table(w, e)->def->name, uuid_text(&e->uuid),
               err_tag(err) ? err_tag(err) : "", err_tag(err) ? ": " : "", err_detail(err));
    e->is_solo = true;
    writer_set_aside(w, e, ASIDE_REFUSED);
}

/* Takes the keys of 'txn' out of it: to be looked at again, but 'culprit' (or NULL), which is set aside. */
static void
release_keys(struct writer *w, struct writer_txn *txn, const struct writer_entry *culprit, const struct err *err)
{
    for (size_t i = 0; i < txn->ops.n; i++) {
        struct writer_entry *e = txn->ops.d[i];
        if (!e || !e->in_flight) {
            continue;                                        /* the second operation of one key */
        }
        bool was_changed = e->in_dirty;
        if (e == culprit && !was_changed) {
            refuse(w, e, err);
        } else {
            e->is_solo = e->is_solo && err;
            writer_mark_dirty(w, e);
        }
        e->in_flight = e->is_inserting = false;
    }
}

static void
txn_done(void *txn_, const json_t *result, struct err *err)
{
    struct writer_txn *txn = txn_;
    struct writer *w = txn->writer;
    for (size_t i = 0; i < w->txns.n; i++) {
        if (w->txns.d[i] == txn) {
            vec_remove_fast(&w->txns, i);
        }
    }
    bool is_lost = err && err_tag(err) && (!strcmp(err_tag(err), "lost") || !strcmp(err_tag(err), "canceled"));
    struct writer_entry *culprit = err && !is_lost ? find_culprit(txn, result) : NULL;
    if (!err) {
        w->max_roots = w->max_roots < UINT32_MAX / 2 ? w->max_roots * 2 : UINT32_MAX;
    } else if (!is_lost) {
        w->stats.n_failed++;
        if (!culprit && txn->n_roots > 1) {
            w->max_roots = MIN(w->max_roots, (uint32_t) (txn->n_roots / 2));
        }
        log_dbg("transaction of %zu operations failed: %s", txn->ops.n, err_detail(err));
    }
    release_keys(w, txn, culprit, err);
    err_free(err);
    txn_free(txn);
    if (w->cbs->progress) {
        w->cbs->progress(w->aux);
    }
}

static uint64_t
transact(struct writer *w, struct writer_txn *txn, struct str ops)
{
    if (w->link->transact_text) {
        return w->link->transact_text(w->link_aux, ops, txn->ops.n, txn_done, txn);
    }
    json_t *json;
    CHECK(!json_parse(ops, 0, &json));
    return w->link->transact(w->link_aux, json, txn_done, txn);
}

static void
close_txn(struct writer_build *b)
{
    struct writer *w = b->w;
    if (b->txn) {
        struct writer_txn *txn = b->txn;
        buf_putc(&b->ops, ']');
        vec_push(&w->txns, txn);
        w->stats.n_transactions++;
        b->txn = NULL;
        txn->id = transact(w, txn, str_n(b->ops.data, b->ops.size));
        buf_clear(&b->ops);
    }
}

/* --- All keys --- */

/* What was set aside gets another chance, if something changed that may matter to it. */
static void
wake_aside(struct writer *w)
{
    bool has_news = w->replica_changed || w->n_restarts != w->replica->n_restarts;
    struct writer_entries aside = w->aside;
    w->aside = (struct writer_entries) {0};
    for (size_t i = 0; i < aside.n; i++) {
        struct writer_entry *e = aside.d[i];
        e->in_aside = false;
        if (e->aside == ASIDE_REFUSED && !has_news) {
            writer_set_aside(w, e, ASIDE_REFUSED);
        } else if (e->aside != ASIDE_NOT) {
            writer_mark_dirty(w, e);
        } else {
            writer_entry_release(w, e);
        }
    }
    vec_fini(&aside);
    w->replica_changed = false;
    w->n_restarts = w->replica->n_restarts;
}

static bool
is_full(const struct writer_build *b)
{
    return b->txn && (b->txn->ops.n >= b->w->max_operations || b->txn->n_roots >= b->w->max_roots);
}

static void
handle_key(struct writer_build *b, struct writer_entry *e)
{
    size_t n_before = b->txn ? b->txn->ops.n : 0;
    enum writer_verdict verdict = writer_emit(b, e);
    if (b->txn && b->txn->ops.n > n_before) {                /* 'e', or at least what it refers to */
        b->txn->n_roots++;
        b->txn->root = vec_last(&b->txn->ops);
    }
    if (verdict == WRITER_SENT) {
        return;
    }
    e->in_dirty = false;
    if (verdict == WRITER_WAITS || b->is_incomplete) {
        writer_set_aside(b->w, e, ASIDE_WAITING);
    } else if (verdict == WRITER_NOT_NOW && b->w->cbs->recall) {
        b->w->tables[e->table].needs_recall = true;
    } else if (verdict == WRITER_CLEAN) {
        e->is_solo = false;
    }
}

enum pass { PASS_PUT, PASS_DELETE, PASS_SOLO, N_PASSES };

static enum pass
pass_of(const struct writer *w, const struct writer_entry *e)
{
    return e->is_solo ? PASS_SOLO : writer_is_deletion(w, e) ? PASS_DELETE : PASS_PUT;
}

/* Sorts what is dirty by pass and table into 'ret_order', stably; leaves out what is in flight. */
static size_t
order_dirty(const struct writer *w, struct writer_entry **ret_order)
{
    size_t n_groups = N_PASSES * w->n_tables;
    size_t *starts = xcalloc(n_groups + 1, sizeof *starts);
    size_t *groups = xcalloc(w->dirty.n + 1, sizeof *groups);
    size_t n = 0;
    for (size_t i = 0; i < w->dirty.n; i++) {
        const struct writer_entry *e = w->dirty.d[i];
        enum pass pass = pass_of(w, e);
        size_t table = pass == PASS_DELETE ? w->n_tables - 1 - e->table : e->table;
        groups[i] = e->in_flight ? SIZE_MAX : pass * w->n_tables + table;
        if (!e->in_flight) {
            starts[groups[i] + 1]++;
            n++;
        }
    }
    for (size_t i = 1; i <= n_groups; i++) {
        starts[i] += starts[i - 1];
    }
    for (size_t i = 0; i < w->dirty.n; i++) {
        if (groups[i] != SIZE_MAX) {
            ret_order[starts[groups[i]]++] = w->dirty.d[i];
        }
    }
    free(starts);
    free(groups);
    return n;
}

/* Drops from the list what is dirty no more. */
static void
sweep_dirty(struct writer *w)
{
    struct writer_entries swept = w->dirty;
    w->dirty = (struct writer_entries) {0};
    for (size_t i = 0; i < swept.n; i++) {
        struct writer_entry *e = swept.d[i];
        if (e->in_dirty) {
            vec_push(&w->dirty, e);
        } else {
            writer_entry_release(w, e);
        }
    }
    vec_fini(&swept);
}

static void
send_dirty(struct writer *w)
{
    struct writer_entry **order = xcalloc(w->dirty.n + 1, sizeof *order);
    size_t n = order_dirty(w, order);
    struct writer_build b = {.w = w, .ops = BUF_INIT(BUF_NO_LIMIT)};
    for (size_t i = 0; i < n && w->txns.n < MAX_TXNS; i++) {
        struct writer_entry *e = order[i];
        bool is_sent_already = !e->in_dirty;
        if (is_sent_already) {
            continue;
        }
        if (b.txn && e->is_solo) {
            close_txn(&b);
            if (w->txns.n >= MAX_TXNS) {
                break;
            }
        }
        handle_key(&b, e);
        if (is_full(&b)) {
            close_txn(&b);
        }
    }
    close_txn(&b);
    buf_fini(&b.ops);
    free(order);
    sweep_dirty(w);
}

static void
tell_recalls(struct writer *w)
{
    for (uint32_t i = 0; i < w->n_tables; i++) {
        if (w->tables[i].needs_recall) {
            w->tables[i].needs_recall = false;
            w->cbs->recall(w->aux, w->tables[i].def->table);
        }
    }
}

/* Columns that the server came to have may be wanted of any row. */
static void
note_extensions(struct writer *w)
{
    if (w->n_extensions == w->replica->n_extensions) {
        return;
    }
    w->n_extensions = w->replica->n_extensions;
    for (uint32_t i = 0; i < w->n_tables; i++) {
        HMAP_FOR_EACH (e, struct writer_entry, node, &w->tables[i].entries) {
            writer_mark_dirty(w, e);
        }
    }
}

uint64_t
writer_flush(struct writer *w)
{
    w->n_flushes++;
    if (w->txns.n <= MAX_TXNS / 2 && w->link->is_ready(w->link_aux)) {
        note_extensions(w);
        wake_aside(w);
        writer_wake_referrers(w);
        send_dirty(w);
        tell_recalls(w);
    }
    return w->n_flushes;
}
