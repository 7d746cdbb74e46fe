/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_OUTPUT_H
#define WEFT_NORTHD_OUTPUT_H

/* What: what leaves northd: the engine's outputs become wanted rows of two writers, one for each database; and the
 * hand-shake of sequence numbers (nb_cfg, sb_cfg, hv_cfg) that makes "nbctl --wait" exact.
 *
 * Why: all that northd writes passes here, so that what may be claimed when is decided in one place:
 *   sb_cfg = N  once all that follows from the Northbound content with nb_cfg N is committed to the Southbound database,
 *               and the server refuses nothing of it;
 *   hv_cfg = N  once sb_cfg is and every chassis says N.
 *
 * Owns: the writers.  The links to the servers are the caller's. */

#include "northd/northd.h"

struct output;

struct output *output_new(struct northd *northd, const struct writer_link *sb_link, void *sb_aux,
                          const struct writer_link *nb_link, void *nb_aux,
                          void (*progress)(void *aux) /* a transaction ended: run again */, void *aux) MUST_USE;
void output_free(struct output *output);

/* Once both replicas are complete: runs the derivations that are dirty, and sends what differs.  'now_ms' is wall time,
 * for the timestamps. */
void output_run(struct output *output, int64_t now_ms);
void output_set_lock(struct output *output, const char *lock);
bool output_is_idle(const struct output *output);

#endif
