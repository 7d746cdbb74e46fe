/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_SNAPSHOT_H
#define WEFT_OVSDB_SERVER_SNAPSHOT_H

/* What: the contents of a watch as they were after one commit, as JSON, made a slice at a time.
 *
 * Why: printing 100,000 rows takes longer than a client may wait for a turn of the loop.  All clients that ask for the
 * same while it is being made share it, and its bytes.
 *
 * How: a table is walked bucket by bucket (hmap_walk()); rows that equality conditions select are looked up when
 * their turn comes.  A commit that changes a row not reached yet leaves its old image here: a *former*.  The walk passes
 * over rows that have one; the formers of a table are printed behind the others.
 *
 * Invariants: between slices every commit has been told to snapshot_note(), so that what the tables hold is the state at
 * 'position' but for the formers.
 * Owns: its chunks, a reference each; references to the images it is yet to print. */

#include "ovsdb/server/monitor_private.h"

enum { SNAPSHOT_SLICE_BYTES = 256 << 10, SNAPSHOT_SLICE_BUCKETS = 4096 };

VEC_DEFINE(chunk_vec, struct shared_bytes *);

struct snapshot {
    struct database *db;                                     /* borrowed */
    const struct view_vec *views;                            /* of the watch, borrowed */
    uint64_t position;                                       /* of the state, in the hub's history */
    struct uuid txn_id;                                      /* names it */
    struct chunk_vec chunks;                                 /* one JSON object, {"TABLE":{...},...} */
    size_t n_bytes;                                          /* in all chunks */
    size_t n_waiting;                                        /* monitors that get it when it is done */
    bool is_done;
    bool is_stale;                                           /* a commit has changed what the watch sees */

    size_t at;                                               /* the view being printed */
    enum { SNAPSHOT_BEGIN, SNAPSHOT_WALK, SNAPSHOT_PRINT } stage;
    uint64_t cursor;                                         /* SNAPSHOT_WALK */
    VEC(struct image *) images;                              /* SNAPSHOT_PRINT: to be printed, from the last on */
    bool has_rows;                                           /* of the view, printed already */
    struct hmap formers;
    struct buf text;                                         /* not yet in a chunk */
};

struct snapshot *snapshot_new(struct database *db, const struct view_vec *views, uint64_t position,
                              const struct uuid *txn_id) MUST_USE;
void snapshot_free(struct snapshot *snapshot);               /* NULL is fine */
void snapshot_work(struct snapshot *snapshot);               /* makes one slice; 'is_done' says whether it was the last */
/* 'delta' is in the tables already; it concerns a table of the watch. */
void snapshot_note(struct snapshot *snapshot, const struct delta *delta);
bool snapshot_is_being_sent(const struct snapshot *snapshot);

#endif
