/* SPDX-License-Identifier: Apache-2.0 */
/* What new monitors get first: snapshots of their watches, made in slices and shared. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/counter.h"
#include "ovsdb/server/snapshot.h"

COUNTER(ovsdb_snapshot_made);
COUNTER(ovsdb_snapshot_shared);

void
hub_drop_snapshot(struct monitor_hub *hub, struct watch *watch)
{
    for (size_t i = 0; watch->snapshot && i < hub->snapshots.n; i++) {
        if (hub->snapshots.d[i] == watch) {
            memmove(&hub->snapshots.d[i], &hub->snapshots.d[i + 1], (--hub->snapshots.n - i) * sizeof(struct watch *));
            break;
        }
    }
    snapshot_free(watch->snapshot);
    watch->snapshot = NULL;
}

void
hub_note_in_snapshots(struct monitor_hub *hub, const struct delta *delta)
{
    for (size_t i = hub->snapshots.n; i-- > 0;) {
        struct watch *watch = hub->snapshots.d[i];
        if (watch->tables & delta->tables) {
            snapshot_note(watch->snapshot, delta);
            if (watch->snapshot->is_done && !watch->snapshot->n_waiting) {
                hub_drop_snapshot(hub, watch);
            }
        }
    }
}

void
monitor_hub_trim(struct monitor_hub *hub)
{
    for (size_t i = hub->snapshots.n; i-- > 0;) {
        const struct snapshot *snapshot = hub->snapshots.d[i]->snapshot;
        if (snapshot->is_done && !snapshot->n_waiting && !snapshot_is_being_sent(snapshot)) {
            hub_drop_snapshot(hub, hub->snapshots.d[i]);
        }
    }
}

/* The snapshot that a new monitor of 'watch' may use. */
static struct snapshot *
get_snapshot(struct monitor_hub *hub, struct watch *watch)
{
    counter_inc(watch->snapshot ? &counter_ovsdb_snapshot_shared : &counter_ovsdb_snapshot_made);
    if (!watch->snapshot) {
        watch->snapshot = snapshot_new(hub->db, &watch->views, hub->history.last, monitor_hub_last_txn(hub));
        vec_push(&hub->snapshots, watch);
        snapshot_work(watch->snapshot);
    }
    return watch->snapshot;
}

bool
monitor_prepare_initial(struct monitor *monitor)
{
    CHECK(!monitor->is_waiting && !monitor->is_lagging);
    struct snapshot *snapshot = get_snapshot(monitor->hub, monitor->watch);
    monitor->is_waiting = true;
    snapshot->n_waiting++;
    return snapshot->is_done;
}

/* What was made in slices is of use only as long as the history leads from there to the present. */
static void
make_anew_if_too_old(struct monitor_hub *hub, struct watch *watch)
{
    size_t n_waiting = watch->snapshot->n_waiting;
    if (!watch->snapshot->is_stale || history_reaches(&hub->history, watch->snapshot->position)) {
        return;
    }
    watch->snapshot->n_waiting = 0;
    hub_drop_snapshot(hub, watch);
    for (struct snapshot *snapshot = get_snapshot(hub, watch); !snapshot->is_done;) {
        snapshot_work(snapshot);
    }
    watch->snapshot->n_waiting = n_waiting;
}

/* The first watch whose monitors wait for its snapshot. */
static struct watch *
awaited_watch(const struct monitor_hub *hub)
{
    for (size_t i = 0; i < hub->snapshots.n; i++) {
        if (hub->snapshots.d[i]->snapshot->n_waiting) {
            return hub->snapshots.d[i];
        }
    }
    return NULL;
}

bool
monitor_hub_has_work(const struct monitor_hub *hub)
{
    return awaited_watch(hub) != NULL;
}

bool
monitor_hub_work(struct monitor_hub *hub, monitor_ready_cb *ready)
{
    struct watch *watch = awaited_watch(hub);
    if (!watch) {
        return false;
    }
    if (!watch->snapshot->is_done) {
        snapshot_work(watch->snapshot);
    }
    if (watch->snapshot->is_done) {
        make_anew_if_too_old(hub, watch);
        size_t n_ready = 0;
        for (size_t i = 0; i < watch->monitors.n && n_ready < MONITORS_READY_AT_ONCE; i++) {
            if (watch->monitors.d[i]->is_waiting) {
                ready(watch->monitors.d[i]);
                CHECK(!watch->monitors.d[i]->is_waiting);
                n_ready++;
            }
        }
    }
    return monitor_hub_has_work(hub);
}

void
monitor_stop_waiting(struct monitor *monitor)
{
    struct watch *watch = monitor->watch;
    if (monitor->is_waiting) {
        monitor->is_waiting = false;
        if (!--watch->snapshot->n_waiting) {
            hub_drop_snapshot(monitor->hub, watch);          /* nobody wants it any more */
        }
    }
}

void
monitor_finish_initial(struct monitor *monitor)
{
    struct watch *watch = monitor->watch;
    CHECK(monitor->is_waiting);
    while (!watch->snapshot->is_done) {
        snapshot_work(watch->snapshot);
    }
    make_anew_if_too_old(monitor->hub, watch);
}

struct initial
monitor_take_initial(struct monitor *monitor)
{
    struct monitor_hub *hub = monitor->hub;
    struct snapshot *snapshot = monitor->watch->snapshot;
    CHECK(monitor->is_waiting && snapshot->is_done);
    monitor->is_waiting = false;
    snapshot->n_waiting--;
    if (snapshot->is_stale) {
        monitor->is_lagging = true;
        monitor->seen = snapshot->position;
    }
    return (struct initial) {
        .chunks = snapshot->chunks.d, .n_chunks = snapshot->chunks.n, .n_bytes = snapshot->n_bytes,
        .txn_id = snapshot->is_stale ? snapshot->txn_id : *monitor_hub_last_txn(hub)};
}
