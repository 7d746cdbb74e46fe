/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, and what is there under them. */
#include <config.h>

#include "ovsdb/client/writer.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "ovsdb/client/session.h"
#include "ovsdb/client/writer_private.h"

MEM_TYPE(writer_key, "writer keys");

enum { DEFAULT_MAX_OPERATIONS = 4000 };

static void feed(void *w_, enum replica_change change, const struct row *row, uint32_t columns);

static void
monitor(struct replica *replica, const struct writer_table *def)
{
    replica_monitor_table(replica, def->table);
    CHECK(!def->fill || def->key_column == WRITER_KEY_UUID);
    for (uint32_t i = 0; i < def->n_columns && !def->fill; i++) {
        replica_monitor_column(replica, def->table, def->columns[i]);
    }
    if (def->key_column < WRITER_KEY_FUNCTION) {
        replica_monitor_column(replica, def->table, def->key_column);
    }
}

struct writer *
writer_new(struct replica *replica, const struct writer_table *tables, uint32_t n_tables,
           const struct writer_link *link, void *link_aux, const struct writer_callbacks *cbs, void *aux)
{
    static const struct writer_callbacks no_callbacks;
    CHECK(n_tables < NO_TABLE);
    struct writer *w = xcalloc(1, sizeof *w);
    w->replica = replica;
    w->n_tables = n_tables;
    w->link = link;
    w->link_aux = link_aux;
    w->cbs = cbs ? cbs : &no_callbacks;
    w->aux = aux;
    w->max_operations = DEFAULT_MAX_OPERATIONS;
    w->max_roots = UINT32_MAX;
    buf_init(&w->key, BUF_NO_LIMIT);
    w->tables = xcalloc(n_tables, sizeof *w->tables);
    w->position = xmalloc(replica_def(replica)->n_tables);
    memset(w->position, NO_TABLE, replica_def(replica)->n_tables);
    for (uint32_t i = 0; i < n_tables; i++) {
        CHECK(w->position[tables[i].table] == NO_TABLE && !replica_count(replica, tables[i].table));
        w->position[tables[i].table] = (uint8_t) i;
        w->tables[i].def = &tables[i];
        hmap_init(&w->tables[i].entries);
        monitor(replica, &tables[i]);
    }
    replica_add_feed(replica, feed, w);
    return w;
}

static void
free_entries(struct writer *w, struct writer_table_state *t)
{
    HMAP_FOR_EACH (e, struct writer_entry, node, &t->entries) {
        writer_content_free(w, e);
    }
}

static void
fini_table(struct writer_table_state *t)
{
    HMAP_FOR_EACH_SAFE (e, struct writer_entry, node, &t->entries) {
        mem_add(&mem_writer_key, -1);
        free(e);
    }
    hmap_fini(&t->entries);
    vec_fini(&t->by_row_id);
}

void
writer_free(struct writer *w)
{
    if (!w) {
        return;
    }
    w->is_closing = true;
    replica_remove_feed(w->replica, feed, w);
    writer_forget_txns(w);
    /* Contents first: they refer to entries of other tables. */
    for (uint32_t i = 0; i < w->n_tables; i++) {
        free_entries(w, &w->tables[i]);
    }
    for (uint32_t i = 0; i < w->n_tables; i++) {
        fini_table(&w->tables[i]);
    }
    free(w->tables);
    free(w->position);
    vec_fini(&w->dirty);
    vec_fini(&w->aside);
    vec_fini(&w->txns);
    free(w->lock);
    buf_fini(&w->key);
    vec_fini(&w->filled);
    free(w);
}

struct writer_table_state *
writer_table_of(const struct writer *w, uint32_t table)
{
    CHECK(table < replica_def(w->replica)->n_tables && w->position[table] != NO_TABLE);
    return &w->tables[w->position[table]];
}

struct writer_stats
writer_stats(const struct writer *w)
{
    return w->stats;
}

void
writer_set_lock(struct writer *w, const char *lock)
{
    free(w->lock);
    w->lock = lock ? xstrdup(lock) : NULL;
}

void
writer_set_max_operations(struct writer *w, uint32_t n)
{
    CHECK(n);
    w->max_operations = n;
}

/* --- Entries --- */

static bool
is_keyed_by_uuid(const struct writer_table *def)
{
    return def->key_column == WRITER_KEY_UUID;
}

static struct str
entry_key(const struct writer_table *def, const struct writer_entry *e)
{
    return is_keyed_by_uuid(def) ? writer_key_uuid(&e->uuid) : str_n(e->key, e->key_n);
}

/* The uuid for a new row: the same in every process, so that a row cannot be inserted twice. */
static struct uuid
reserved_uuid(const struct writer *w, const struct writer_table *def, struct str key)
{
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&buf, replica_def(w->replica)->tables[def->table].name);
    buf_putc(&buf, '\0');
    buf_put_str(&buf, key);
    struct uuid uuid = uuid_from_content(buf.data, buf.size);
    buf_fini(&buf);
    return uuid;
}

static struct writer_entry *
entry_new(struct writer *w, struct writer_table_state *t, struct str key, size_t hash)
{
    bool by_uuid = is_keyed_by_uuid(t->def);
    CHECK(key.n < UINT16_MAX && (!by_uuid || key.n == sizeof(struct uuid)));
    size_t stored = by_uuid ? 0 : key.n;
    struct writer_entry *e = xcalloc(1, sizeof *e + stored);
    mem_add(&mem_writer_key, +1);
    e->table = (uint8_t) (t - w->tables);
    if (by_uuid) {
        memcpy(&e->uuid, key.s, sizeof e->uuid);
    } else {
        e->uuid = reserved_uuid(w, t->def, key);
        e->key_n = (uint16_t) key.n;
        memcpy(e->key, key.n ? key.s : "", key.n);
    }
    hmap_insert(&t->entries, &e->node, hash);
    return e;
}

struct writer_entry *
writer_entry_get(struct writer *w, uint32_t table, struct str key, bool create)
{
    struct writer_table_state *t = writer_table_of(w, table);
    size_t hash = hash_bytes64(key.s, key.n, 0);
    HMAP_FOR_EACH_WITH_HASH (e, struct writer_entry, node, hash, &t->entries) {
        if (!e->is_anonymous && str_eq(entry_key(t->def, e), key)) {
            return e;
        }
    }
    return create ? entry_new(w, t, key, hash) : NULL;
}

void
writer_entry_release(struct writer *w, struct writer_entry *e)
{
    bool is_held = e->actual || e->content || e->is_wanted || e->n_refs || e->in_dirty || e->in_aside || e->in_flight;
    if (!is_held && !w->is_closing) {
        hmap_remove(&w->tables[e->table].entries, &e->node);
        mem_add(&mem_writer_key, -1);
        free(e);
    }
}

void
writer_mark_dirty(struct writer *w, struct writer_entry *e)
{
    if (!e->in_dirty && !e->in_flight && e->aside == ASIDE_NOT) {
        e->since = w->n_flushes + 1;
    }
    e->aside = ASIDE_NOT;
    if (!e->in_dirty) {
        e->in_dirty = true;
        vec_push(&w->dirty, e);
    }
}

/* Servers that keep references intact would show the referrers as changed, but ovsdb-server 3.1 leaves weak references to
 * deleted rows in place if the same transaction updates a row of the referring table. */
void
writer_set_uuid(struct writer *w, struct writer_entry *e, const struct uuid *uuid)
{
    if (e->n_refs && !uuid_eq(&e->uuid, uuid)) {
        e->is_news = w->has_news = true;
    }
    e->uuid = *uuid;
}

void
writer_set_aside(struct writer *w, struct writer_entry *e, enum writer_aside why)
{
    e->aside = (uint8_t) why;
    if (!e->in_aside) {
        e->in_aside = true;
        vec_push(&w->aside, e);
    }
}

struct uuid
writer_uuid(struct writer *w, uint32_t table, struct str key)
{
    const struct writer_table *def = writer_table_of(w, table)->def;
    const struct writer_entry *e = writer_entry_get(w, table, key, false);
    if (e) {
        return e->uuid;
    }
    struct uuid uuid;
    if (!is_keyed_by_uuid(def)) {
        return reserved_uuid(w, def, key);
    }
    CHECK(key.n == sizeof uuid);
    memcpy(&uuid, key.s, sizeof uuid);
    return uuid;
}

/* --- What is there --- */

/* The key of 'row'; valid until the next call.  False: it has none. */
static bool
row_key(struct writer *w, const struct writer_table *def, const struct row *row, struct str *ret)
{
    if (is_keyed_by_uuid(def)) {
        *ret = writer_key_uuid(&row->uuid);
        return true;
    }
    if (def->key_column == WRITER_KEY_FUNCTION) {
        buf_clear(&w->key);
        bool has_key = def->key(w->aux, row, &w->key);
        *ret = str_n(w->key.data, w->key.size);
        return has_key;
    }
    const struct datum *datum = row_column(NULL, row, def->key_column);
    if (datum->n) {
        const struct atom_string *s = datum_keys(datum)->string;
        *ret = str_n(s->text, s->length);
    }
    return datum->n;
}

/* 'row' came, or has a new key: gives it to the entry of its key, or to one of its own. */
static void
adopt(struct writer *w, struct writer_table_state *t, const struct row *row)
{
    struct str key;
    struct writer_entry *e = row_key(w, t->def, row, &key) ? writer_entry_get(w, row->table, key, true) : NULL;
    if (!e || e->actual) {
        e = xcalloc(1, sizeof *e);
        mem_add(&mem_writer_key, +1);
        e->table = (uint8_t) (t - w->tables);
        e->is_anonymous = true;
        hmap_insert(&t->entries, &e->node, uuid_hash(&row->uuid));
    }
    e->actual = row;
    writer_set_uuid(w, e, &row->uuid);
    while (t->by_row_id.n <= row->id) {
        vec_push(&t->by_row_id, NULL);
    }
    t->by_row_id.d[row->id] = e;
    writer_mark_dirty(w, e);
}

static void
disown(struct writer *w, struct writer_table_state *t, const struct row *row)
{
    struct writer_entry *e = t->by_row_id.d[row->id];
    CHECK(e && e->actual == row);
    t->by_row_id.d[row->id] = NULL;
    e->actual = NULL;
    writer_mark_dirty(w, e);
}

static bool
has_its_key(struct writer *w, struct writer_table_state *t, const struct row *row)
{
    struct str key;
    const struct writer_entry *e = t->by_row_id.d[row->id];
    bool has_key = row_key(w, t->def, row, &key);
    return e->is_anonymous ? !has_key : has_key && str_eq(entry_key(t->def, e), key);
}

static void
feed(void *w_, enum replica_change change, const struct row *row, uint32_t columns)
{
    struct writer *w = w_;
    w->replica_changed = true;
    if (w->position[row->table] == NO_TABLE) {
        return;
    }
    struct writer_table_state *t = &w->tables[w->position[row->table]];
    switch (change) {
    case REPLICA_INSERTED: adopt(w, t, row); break;
    case REPLICA_DELETED: disown(w, t, row); break;
    case REPLICA_MODIFIED:
        if (!has_its_key(w, t, row)) {
            struct writer_entry *e = t->by_row_id.d[row->id];
            struct uuid uuid = uuid_random();                /* 'row' keeps the one it has */
            disown(w, t, row);
            writer_set_uuid(w, e, &uuid);
            adopt(w, t, row);
        } else {
            writer_mark_dirty(w, t->by_row_id.d[row->id]);
        }
        break;
    }
}

/* --- Looking at it --- */

uint64_t
writer_confirmed(const struct writer *w)
{
    uint32_t first = w->n_flushes + 1;                       /* the first flush that something is pending for */
    for (size_t i = 0; i < w->dirty.n; i++) {
        first = MIN(first, w->dirty.d[i]->since);
    }
    for (size_t i = 0; i < w->aside.n; i++) {
        first = w->aside.d[i]->aside == ASIDE_REFUSED ? MIN(first, w->aside.d[i]->since) : first;
    }
    for (size_t i = 0; i < w->txns.n; i++) {
        const struct writer_txn *txn = w->txns.d[i];
        for (size_t j = 0; j < txn->ops.n; j++) {
            first = txn->ops.d[j] ? MIN(first, txn->ops.d[j]->since) : first;
        }
    }
    return first - 1;
}

size_t
writer_count_refused(const struct writer *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->aside.n; i++) {
        n += w->aside.d[i]->aside == ASIDE_REFUSED;
    }
    return n;
}

bool
writer_is_idle(const struct writer *w)
{
    return !w->dirty.n && !w->txns.n && !(w->replica_changed && w->aside.n);
}

static void
check_entry(const struct writer *w, const struct writer_entry *e)
{
    const struct writer_table_state *t = &w->tables[e->table];
    CHECK(!e->is_wanted || !e->is_anonymous);
    CHECK(!e->actual || (t->by_row_id.d[e->actual->id] == e && uuid_eq(&e->actual->uuid, &e->uuid)));
    CHECK(e->aside == ASIDE_NOT || e->in_aside);
    CHECK(!e->is_inserting || e->in_flight);
    CHECK(!e->content || e->content->entry == e);
    CHECK(e->actual || e->content || e->is_wanted || e->n_refs || e->in_dirty || e->in_aside || e->in_flight);
}

void
writer_check_invariants(const struct writer *w)
{
    for (uint32_t i = 0; i < w->n_tables; i++) {
        HMAP_FOR_EACH (e, struct writer_entry, node, &w->tables[i].entries) {
            CHECK(e->table == i);
            check_entry(w, e);
        }
    }
    for (size_t i = 0; i < w->dirty.n; i++) {
        CHECK(w->dirty.d[i]->in_dirty);
    }
}

/* --- Over a session --- */

static bool
session_is_ready(void *session)
{
    return ovsdb_session_is_synced(session) && ovsdb_session_has_lock(session);
}

static uint64_t
session_transact(void *session, json_t *operations, writer_done_cb *done, void *aux)
{
    return ovsdb_session_transact(session, operations, done, aux);
}

static uint64_t
session_transact_text(void *session, struct str operations, size_t n, writer_done_cb *done, void *aux)
{
    return ovsdb_session_transact_text(session, operations, n, done, aux);
}

static void
session_forget(void *session, uint64_t id)
{
    ovsdb_session_forget(session, id);
}

const struct writer_link writer_session_link = {session_is_ready, session_transact, session_forget,
                                                session_transact_text};
