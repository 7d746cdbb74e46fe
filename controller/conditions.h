/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_CONDITIONS_H
#define WEFT_CONTROLLER_CONDITIONS_H

/* What: what the controller asks of the two databases: tables, columns, and which rows of the Southbound database.
 *
 * Why: a hypervisor needs the flows and ports of its local datapaths, not those of the whole deployment.  Patches (and the other
 * ports that lead somewhere) are asked for everywhere, since they decide which datapaths are local. */

#include "controller/controller.h"

void monitor_what_is_read(struct controller *c);

/* Makes the conditions fit what is plugged in and local now.  True if one of them changed: tell the session. */
bool conditions_update(struct controller *c);

#endif
