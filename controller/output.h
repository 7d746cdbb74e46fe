/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_OUTPUT_H
#define WEFT_CONTROLLER_OUTPUT_H

/* What: what leaves the controller: the engine's outputs become wanted rows of both databases and flows of the switch; and
 * what may be said once they have arrived: a port is up, nb_cfg is done.
 *
 * Why: all that is claimed is decided in one place:
 *   Port_Binding.up         once the flows of the wave in which the port was bound here are in the switch;
 *   Chassis_Private.nb_cfg  once all that follows from the Southbound content with that nb_cfg is.
 *
 * Owns: the writers.  The links, and the flow_sync, are the caller's. */

#include "controller/flow_sync.h"

struct output;

struct output_links {
    const struct writer_link *sb_link, *ovs_link;
    void *sb_aux, *ovs_aux;
    struct flow_sync *flows;
    void (*progress)(void *aux);                             /* something arrived: run again */
    void *aux;
};

struct output *output_new(struct controller *c, const struct output_links *links) MUST_USE;
void output_free(struct output *output);
/* Once both replicas are complete: runs the derivations that are dirty, and sends what differs.  'now_ms' is wall time. */
void output_run(struct output *output, int64_t now_ms);
/* At "exit" without "--restart": gives up ports and chassis; true when that is written. */
bool output_withdraw(struct output *output);

#endif
