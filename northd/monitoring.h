/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_MONITORING_H
#define WEFT_NORTHD_MONITORING_H

/* What: the columns that derivations read, for the monitor requests.  What is only written is the writers' to ask for. */

#include "northd/northd.h"

void monitor_what_is_read(struct northd *northd);

#endif
