/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_SBCTL_LFLOW_H
#define WEFT_SBCTL_LFLOW_H

/* What: printing rows that belong to datapaths: shared by lflow.c and vflows.c. */

#include "sbctl/sbctl.h"

/* "name", or "name" aka "other"; the caller frees it. */
char *sb_datapath_label(const struct ws_row *datapath) MUST_USE;
/* The first 32 bits of a row's uuid, which ovn-controller makes the cookie of OpenFlow flows. */
uint32_t sb_uuid_cookie(const struct uuid *uuid);
/* Prints the other rows that OpenFlow flows are made from ("--vflows"), of 'datapath' (NULL: of all). */
struct err *sb_put_vflows(struct ctl_context *ctx, struct ws_row *datapath) MUST_USE;

#endif
