/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENT_WRITER_PRIVATE_H
#define WEFT_OVSDB_CLIENT_WRITER_PRIVATE_H

/* What: the inside of a writer: writer.c knows keys and what is there, writer_wanted.c what is wanted, writer_emit.c
 * writes the operations that make one equal to the other, writer_flush.c sends them. */

#include "lib/base/hmap.h"
#include "lib/base/vec.h"
#include "ovsdb/client/replica_private.h"
#include "ovsdb/client/writer.h"

struct writer_entry;
VEC_DEFINE(writer_entries, struct writer_entry *);

/* What is wanted of one column: the elements of 'datum' and the rows 'refs' refer to. */
struct writer_cell {
    uint32_t column;
    bool is_own_pairs;                                       /* of a map: only the keys in 'datum' and 'absent' */
    struct datum datum;
    struct datum absent;                                     /* set of strings */
    struct writer_entries refs;                              /* sorted by address, each counted in its 'n_refs' */
};
VEC_DEFINE(writer_cells, struct writer_cell);

struct writer_row {
    struct writer *writer;
    struct writer_entry *entry;
    struct writer_cells put;                                 /* at most one of a column */
    struct writer_cells members;
    uint32_t n_bytes;                                        /* 0 unless writer_put_content() */
    char bytes[];                                            /* that content; 'put' is empty */
};

enum writer_aside {
    ASIDE_NOT,
    ASIDE_WAITING,                                           /* for the target of a reference */
    ASIDE_REFUSED,                                           /* by the server */
};

/* A key: what is wanted, what is there, and what is on its way.  It exists as long as one of them does. */
struct writer_entry {
    struct hmap_node node;                                   /* in writer_table_state.entries */
    struct uuid uuid;                                        /* of 'actual'; without it, what it had or will have */
    const struct row *actual;                                /* or NULL */
    struct writer_row *content;                              /* or NULL: nothing put, no members, or forgotten */
    uint32_t n_refs;                                         /* references of other keys' cells */
    uint32_t since;                                          /* the flush it is pending for, while it is */
    uint8_t table;                                           /* position in writer.tables */
    uint8_t aside;                                           /* enum writer_aside */
    bool is_wanted : 1;
    bool is_anonymous : 1;                                   /* a row without a key, or the second with one */
    bool in_dirty : 1, in_aside : 1;                         /* listed in writer.dirty, writer.aside */
    bool in_flight : 1;                                      /* in a transaction that has no answer yet */
    bool is_inserting : 1;                                   /* by that transaction */
    bool is_news : 1;                                        /* to its referrers: it has another uuid, or goes */
    bool is_solo : 1;                                        /* refused once: is sent alone */
    uint16_t key_n;
    char key[];                                              /* not with WRITER_KEY_UUID, where it is the uuid */
};

struct writer_table_state {
    const struct writer_table *def;
    struct hmap entries;                                     /* by key; anonymous ones by uuid */
    struct writer_entries by_row_id;                         /* of the replica's rows */
    bool needs_recall;                                       /* a forgotten row is gone */
};

struct writer_txn {
    struct writer *writer;
    uint64_t id;
    struct writer_entries ops;                               /* whose each operation is; NULL for the assertion */
    struct writer_entry *root;                               /* if 'n_roots' is 1 */
    size_t n_roots;                                          /* keys it is about, without those only referred to */
};

struct writer {
    struct replica *replica;
    struct writer_table_state *tables;
    uint32_t n_tables;
    uint8_t *position;                                       /* replica's table number → position, or NO_TABLE */
    const struct writer_link *link;
    void *link_aux;
    const struct writer_callbacks *cbs;
    void *aux;

    struct writer_entries dirty, aside;
    VEC(struct writer_txn *) txns;                           /* outstanding */
    bool has_news;                                           /* some entry has */
    bool is_closing;                                         /* entries stay until all are freed */
    bool replica_changed;                                    /* since the last flush */
    uint32_t n_extensions;                                   /* of the replica, when all keys were last looked at */
    uint32_t n_restarts;                                     /* of the replica, when those refused were last tried again */
    uint32_t n_flushes;
    uint32_t max_operations;
    uint32_t max_roots;                                      /* fewer after a failure nobody is known to have caused */
    char *lock;
    struct buf key;                                          /* scratch */
    struct writer_cells filled;                              /* scratch: the room of 'put' of a row being filled */
    struct writer_stats stats;
};
enum { NO_TABLE = UINT8_MAX };

struct writer_table_state *writer_table_of(const struct writer *w, uint32_t table);
/* The entry of 'key', made if there is none and 'create'. */
struct writer_entry *writer_entry_get(struct writer *w, uint32_t table, struct str key, bool create);
void writer_mark_dirty(struct writer *w, struct writer_entry *e);
void writer_set_uuid(struct writer *w, struct writer_entry *e, const struct uuid *uuid);
void writer_set_aside(struct writer *w, struct writer_entry *e, enum writer_aside why);
/* Frees 'e' if nothing holds it. */
void writer_entry_release(struct writer *w, struct writer_entry *e);
static inline const struct writer_table *writer_def(const struct writer *w, const struct writer_entry *e)
{
    return w->tables[e->table].def;
}
static inline const struct replica_table *writer_replica_table(const struct writer *w, const struct writer_entry *e)
{
    return &w->replica->tables[writer_def(w, e)->table];
}

/* writer_wanted.c */
/* Frees all that is wanted of 'e', dropping its references. */
void writer_content_free(struct writer *w, struct writer_entry *e);
const struct writer_cell *writer_find_cell(const struct writer_entry *e, uint32_t column);
/* Marks dirty what refers to entries that have another uuid or go. */
void writer_wake_referrers(struct writer *w);
/* Makes cells of what writer_put_content() was given, and drops them. */
void writer_fill(struct writer *w, struct writer_entry *e);
void writer_unfill(struct writer *w, struct writer_entry *e);
/* Forgets what was put, keeping members. */
void writer_drop_put(struct writer *w, struct writer_entry *e);

/* writer_emit.c */
/* A transaction under construction. */
struct writer_build {
    struct writer *w;
    struct writer_txn *txn;                                  /* NULL before its first operation */
    struct buf ops;                                          /* the text of a JSON array, still open */
    bool is_incomplete;                                      /* a reference of the current key was left out */
};
/* What became of a key. */
enum writer_verdict {
    WRITER_CLEAN,                                            /* nothing to do */
    WRITER_SENT,
    WRITER_WAITS,                                            /* for a target, or for its referrer */
    WRITER_NOT_NOW,                                          /* its content was forgotten */
};
/* Writes the operations that 'e' needs, and those of new rows that it refers to, to 'b'. */
enum writer_verdict writer_emit(struct writer_build *b, struct writer_entry *e);
bool writer_is_deletion(const struct writer *w, const struct writer_entry *e);

/* writer_flush.c */
void writer_open_txn(struct writer_build *b);
void writer_forget_txns(struct writer *w);

#endif
