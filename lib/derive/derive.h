/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_DERIVE_DERIVE_H
#define WEFT_DERIVE_DERIVE_H

/* What: the incremental engine.  A program states its outputs as derivations: pure functions of one subject
 * that read rows, look-ups, values of other derivations and collections, and that have effects: emit outputs,
 * contribute members to collections, return a value.  The engine records each read, and when input changes
 * runs again exactly the derivations whose reads changed.
 *
 * Why: no full recompute and no hand-written change handlers.  Start-up is the same path: everything is new.
 *
 *    rows, keys ──read──▶ derivation ──value──▶ derivations of higher rank
 *                             ├──member──▶ collection ──read──▶ derivations of higher rank
 *                             └──emit────▶ sink ──▶ the program (database rows, OpenFlow flows)
 *
 * A wave (derive_run()) goes rank by rank.  In each rank the dirty derivations run; their effects are compared
 * with those of their last run, and only differences travel on.  A value that comes out equal wakes nobody.
 * A rank begins by settling its collections: readers see what the contributors of all lower ranks leave standing,
 * so an element that passes from one contributor to another in a wave never moves.  Then its allocators run, then
 * its derivations.
 *
 * Definitions are static tables indexed by the program's own enums, so many engines can share them (a property
 * test runs a fresh twin in the same process).  The engine knows nothing of databases or networks: rows are
 * (table, row id), look-ups (space, 64-bit hash), and the caller says what changed.
 *
 * Owns: nodes, edges, effects, output contents.  Input data and what the derivations read stay the caller's.
 *
 * Invariants: a derivation of rank r reads values of derivations, collections and allocators of ranks < r only
 * (CHECKed).  Reads and effects are legal only inside a run.  A row id is reused only after the wave
 * that follows its removal (CHECKed).  Nothing that leaves the process depends on row ids, node ids or hash order.
 * Equal contents are those with equal hash128().
 *
 * Cost: 64 bytes a node, 24 for each thing that is read, 16 for each read of it; 52 and its bytes a content.  No
 * allocation per read.  docs/adr/0001-derivations.md has figures. */

#include "lib/base/check.h"
#include "lib/base/str.h"

struct derive;

/* The body of a derivation.  'key' says what it is about: the row id, or the collection key, of its subject; or
 * whatever its readers ask for with derive_value(). */
typedef void derive_fn(struct derive *d, uint64_t key);

/* What makes nodes of a kind exist.  Of those DERIVE_ON_READ mind two things.  One whose key names a row may run
 * once more in the wave in which the row goes, because its readers only run later: it must cope with a row that is
 * no more.  And one that contributes to a collection does so at a rank above all its readers (CHECKed when seen),
 * or it could exist because of its own contribution. */
enum derive_subject {
    DERIVE_ON_READ,                                          /* the first derive_value(); dies with its last reader */
    DERIVE_ROW,                                              /* each row of table 'subject'; key = row id */
    DERIVE_COLLECTION_KEY,                                   /* each key with members in collection 'subject' */
    DERIVE_ALWAYS,                                           /* once, with key 0 */
};

struct derive_kind {
    const char *name;                                        /* for statistics: "lsp-flows" */
    uint8_t rank;
    enum derive_subject on;
    uint16_t subject;                                        /* table or collection, by 'on' */
    derive_fn *run;
};

/* A derived, reference-counted index: key → set of elements, both 64-bit and the program's to define. */
struct derive_collection {
    const char *name;
    uint8_t rank;                                            /* contributors have lower ranks, readers higher */
    bool is_output;                                          /* element changes also appear in the output */
};

/* Where outputs go: a set of byte strings. */
struct derive_sink {
    const char *name;
    bool forget;                                             /* after it was taken keep only the content's hash */
};

/* State that is not derived, such as tunnel keys: requested through a collection (key = scope, element = who
 * asks), assigned between two ranks by 'update', read through derive_read_key() in the program's own 'space'.
 * 'update' gets the requests that came and went in this wave, sorted by nothing: it sorts by content, assigns
 * before it frees, and calls derive_touch_key(d, space, ...) for each assignment that changed. */
struct derive_change {
    uint64_t key;
    uint64_t element;
    bool added;                                              /* else removed */
};
struct derive_allocator {
    const char *name;
    uint8_t rank;                                            /* readers of its space have higher ranks */
    uint16_t requests;                                       /* collection of lower rank */
    void (*update)(struct derive *d, const struct derive_change *changes, size_t n);
};

/* Everything static about a program's derivations. */
struct derive_program {
    const struct derive_kind *kinds;
    const struct derive_collection *collections;
    const struct derive_sink *sinks;
    const struct derive_allocator *allocators;
    uint16_t n_kinds, n_collections, n_sinks, n_allocators;
    /* After each derivation that no other one called for: time to reset what they use as scratch.  May be NULL. */
    void (*after_run)(void *aux);
    uint16_t n_tables;                                       /* tables are numbered from 0 */
    uint16_t n_spaces;                                       /* look-up spaces likewise */
};

struct derive *derive_new(const struct derive_program *program, void *aux) MUST_USE;
void derive_free(struct derive *d);
void *derive_aux(const struct derive *d);                    /* the program's context */

/* --- Input: between waves (and, for derive_touch_key(), from allocators) --- */

/* Bit c of 'columns' stands for column c modulo 32. */
void derive_row_added(struct derive *d, uint16_t table, uint32_t row);
void derive_row_changed(struct derive *d, uint16_t table, uint32_t row, uint32_t columns);
void derive_row_removed(struct derive *d, uint16_t table, uint32_t row);         /* wakes all its readers */
void derive_touch_key(struct derive *d, uint16_t space, uint64_t hash);
void derive_run(struct derive *d);                           /* one wave, until nothing is dirty */
bool derive_is_dirty(const struct derive *d);                /* would derive_run() do anything? */

/* --- Reads: inside a derivation.  With 'd' NULL the first two do nothing, so that accessors that record can
 *     also be used outside a run --- */

/* The coming and going of the row is read too, whatever 'columns' are; the row need not be there. */
void derive_read_row(struct derive *d, uint16_t table, uint32_t row, uint32_t columns);
void derive_read_key(struct derive *d, uint16_t space, uint64_t hash);   /* found or missed, both are reads */
/* The value of another derivation (a new one DERIVE_ON_READ runs now), aligned to 8 bytes.  Valid until the calling
 * derivation returns.  '*ret_n' (if not NULL) gets its size.  A derivation that returned nothing gives NULL and 0;
 * so does one without a subject, and that absence is a read like any other. */
const void *derive_value(struct derive *d, uint16_t kind, uint64_t key, size_t *ret_n);
/* The elements of a collection, in no order that may leave the process.  Valid until the calling derivation returns. */
const uint64_t *derive_members(struct derive *d, uint16_t collection, uint64_t key, size_t *ret_n);
bool derive_has_members(struct derive *d, uint16_t collection, uint64_t key);    /* wakes only on empty ↔ not */
bool derive_is_member(struct derive *d, uint16_t collection, uint64_t key, uint64_t element);

/* --- Effects: inside a derivation.  Their order does not count --- */

/* At most once a run.  Flat bytes without padding that differs; none are as good as not returning. */
void derive_return(struct derive *d, const void *value, size_t n);
void derive_emit(struct derive *d, uint16_t sink, const void *content, size_t n);
void derive_member(struct derive *d, uint16_t collection, uint64_t key, uint64_t element);

/* --- Output: between waves --- */

struct derive_output {
    uint16_t sink;
    bool added;                                              /* else removed */
    const uint64_t *hash;                                    /* [2], hash128() of the content */
    const void *content;                                     /* NULL for removals from a sink that forgets */
    size_t n;
};
struct derive_outputs {
    void (*output)(void *aux, const struct derive_output *output);
    /* For collections with 'is_output'; may be NULL. */
    void (*member)(void *aux, uint16_t collection, uint64_t key, uint64_t element, bool added);
};
/* Reports what came and went since the last call, each content at most once, additions first; in no order
 * that may leave the process.  Contents and members that came and went again are not reported. */
void derive_take_outputs(struct derive *d, const struct derive_outputs *cbs, void *aux);
/* All that stands now, as additions, whether taken or not (contents of sinks that forget only until taken).
 * For tests and for readers that start over. */
void derive_all_outputs(struct derive *d, const struct derive_outputs *cbs, void *aux);
/* Lets the contents of 'sink' be reported again, after the next wave, as if they had never been taken: who took them
 * has lost them.  For a sink that forgets everything runs once more, to make the contents again. */
void derive_recall(struct derive *d, uint16_t sink);
/* The members of a collection, outside a run (in allocators too), unrecorded.  Valid until the next wave. */
const uint64_t *derive_peek_members(const struct derive *d, uint16_t collection, uint64_t key, size_t *ret_n);

/* --- Statistics and debugging --- */

struct derive_stats {
    uint64_t n_nodes, n_runs, n_cutoffs;                     /* a cut-off: a run whose effects were all equal */
};
struct derive_stats derive_kind_stats(const struct derive *d, uint16_t kind);
struct derive_stats derive_total_stats(const struct derive *d);
void derive_clear_stats(struct derive *d);                   /* runs and cut-offs */
void derive_put_stats(const struct derive *d, struct buf *out);          /* a table, one line a kind */
size_t derive_memory(const struct derive *d);                /* bytes, approximately; walks all nodes */
void derive_check_invariants(const struct derive *d);        /* between waves; walks everything */
/* Marks every derivation dirty: "recompute", which must find nothing to change. */
void derive_mark_all_dirty(struct derive *d);
/* Seeded faults, to see the property tests fail: forget to record reads, or references, of this class. */
enum derive_fault {
    DERIVE_FAULT_NONE,
    DERIVE_FAULT_MISSED_KEY,
    DERIVE_FAULT_MISSED_COLUMN,
    DERIVE_FAULT_MISSED_VALUE,
    DERIVE_FAULT_MISSED_MEMBER,
    DERIVE_FAULT_MISSED_REFERENCE,                           /* an effect that somebody else has too is not counted */
};
void derive_inject_fault(struct derive *d, enum derive_fault fault);

/* Two 32-bit ids as one key. */
static inline uint64_t derive_pair(uint32_t a, uint32_t b) { return (uint64_t) a << 32 | b; }
static inline uint32_t derive_first(uint64_t pair) { return (uint32_t) (pair >> 32); }
static inline uint32_t derive_second(uint64_t pair) { return (uint32_t) pair; }

#endif
