/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_HA_H
#define WEFT_CONTROLLER_HA_H

/* What: which chassis has a port that may be on several: chassisredirect and external ports.
 *
 * Why: northd ranks the chassis (Port_Binding.ha_chassis_group, or gateway_chassis of older versions), and each of them finds
 * out for itself whether it is the one.  A chassis without a row in the Southbound database is gone and does not count; that
 * it does not answer though its row is there is not noticed (no BFD). */

#include "controller/controller.h"

/* The first of the port's chassis that is there, or NULL. */
const struct sb_chassis *ha_active_chassis(struct derive *d, const struct sb_port_binding *pb);
/* Whether this chassis is among them: it prepares for the port. */
bool ha_is_candidate(struct derive *d, const struct sb_port_binding *pb);

#endif
