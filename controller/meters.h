/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_METERS_H
#define WEFT_CONTROLLER_METERS_H

/* What: the meters that logical flows name or ask for, as OpenFlow meters.
 *
 * Why: a meter is in the switch as long as a flow uses it: the derivation that encodes the flow emits it too. */

#include "controller/controller.h"

/* The id of the meter of the Meter row 'name'; 0 if there is none, or no id is left. */
uint32_t named_meter(struct derive *d, struct str name);
/* The id of a meter for set_meter(): kilobits a second, and kilobits of burst (0: the switch's choice). */
uint32_t rate_meter(struct derive *d, uint32_t rate_kbps, uint32_t burst_kb);

#endif
