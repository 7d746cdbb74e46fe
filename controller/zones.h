/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_ZONES_H
#define WEFT_CONTROLLER_ZONES_H

/* What: conntrack zones: one for each port that is plugged in here, two (DNAT and SNAT) for each local datapath.
 *
 * Why: connections live in the switch under their zone's number, so a number must outlive restarts: it is kept in the
 * bridge's external_ids (ct-zone-NAME) and adopted from there.
 *
 * Requests are members of C_ZONES: key = enum zone_kind, element = row id of the port binding or datapath. */

#include "controller/controller.h"

enum zone_kind { ZONE_PORT, ZONE_DNAT, ZONE_SNAT, N_ZONE_KINDS };

struct zones;

struct zones *zones_new(void) MUST_USE;
void zones_free(struct zones *zones);
void zones_update(struct derive *d, const struct derive_change *changes, size_t n);

uint32_t zone_of(struct derive *d, enum zone_kind kind, uint32_t row);   /* 0: none; recorded */
bool zones_has(const struct zones *zones, const char *name);
/* "ct-zone-list": "NAME ZONE", a line each. */
void zones_print(const struct zones *zones, struct buf *out);
/* Calls back with each name and zone, sorted by name. */
void zones_for_each(const struct zones *zones, void (*each)(void *aux, const char *name, uint32_t zone), void *aux);

#endif
