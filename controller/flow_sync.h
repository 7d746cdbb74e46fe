/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_FLOW_SYNC_H
#define WEFT_CONTROLLER_FLOW_SYNC_H

/* What: keeps the integration bridge's flows, groups and meters equal to what is derived, over OpenFlow, by difference, in
 * bundles.
 *
 * Why: a restart drops no packet: on each new connection the switch is asked what it has, and only what differs is sent,
 * in one atomic bundle.  Afterwards each wave's difference is one bundle, followed by a barrier; when that is answered,
 * the flows are known to be in the switch.
 *
 *   connect ─▶ Geneve option ─▶ groups ─▶ meters ─▶ flows ─▶ in sync ⟲ bundle, barrier
 *                                 ▲                                     │
 *                                 └──────── a flow was refused ─────────┘
 *
 * One flow that the switch refuses must not keep the others away, which go with it in one atomic bundle: it is set aside
 * with a warning, the switch is asked again what it has, and what still differs is sent.  Until then nothing is confirmed.
 *
 * Owns: the connection and the flow table. */

#include "controller/flow_table.h"
#include "controller/objects.h"
#include "lib/openflow/of_conn.h"

struct flow_sync;

struct flow_sync_callbacks {
    void (*confirmed)(void *aux);                            /* flow_sync_confirmed() has grown */
    void (*packet_in)(void *aux, const struct of_msg *msg);
};

struct flow_sync *flow_sync_new(struct loop *loop, const struct flow_sync_callbacks *cbs, void *aux) MUST_USE;
void flow_sync_free(struct flow_sync *sync);
/* Connects to 'target', "unix:RUNDIR/BRIDGE.mgmt"; no effect if that is what it has. */
struct err *flow_sync_set_target(struct flow_sync *sync, const char *target) MUST_USE;

/* Contents of sinks S_FLOW; S_GROUP and S_METER. */
void flow_sync_flow(struct flow_sync *sync, const struct derive_output *output);
void flow_sync_object(struct flow_sync *sync, enum object_kind kind, const struct derive_output *output);
/* Sends what differs, if in sync; returns the number of this flush. */
uint64_t flow_sync_flush(struct flow_sync *sync);
/* All that was wanted at the flush of this number is in the switch. */
uint64_t flow_sync_confirmed(const struct flow_sync *sync);

bool flow_sync_is_connected(const struct flow_sync *sync);
/* Sends whole messages, if connected: packet_out, resume. */
void flow_sync_send(struct flow_sync *sync, struct buf *messages);
uint32_t flow_sync_xid(struct flow_sync *sync);

struct flow_table *flow_sync_table(struct flow_sync *sync);
struct flow_sync_stats {
    uint64_t n_added, n_modified, n_deleted, n_bundles;      /* flow_mods sent */
    uint64_t n_errors;                                       /* from the switch */
};
struct flow_sync_stats flow_sync_stats(const struct flow_sync *sync);
/* "group-table-list", "meter-table-list": the ids. */
void flow_sync_put_objects(const struct flow_sync *sync, enum object_kind kind, struct buf *out);

#endif
