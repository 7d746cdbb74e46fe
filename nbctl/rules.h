/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NBCTL_RULES_H
#define WEFT_NBCTL_RULES_H

/* What: rows known by a priority and a match: ACLs, QoS rules, routing policies. */

#include "nbctl/nbctl.h"

/* The row that 'column' of 'owner' refers to whose direction (NULL: any), priority and match are as given, or NULL.  The server
 * looks for it, so that the cost does not grow with the number of rules. */
struct err *nb_find_same_rule(struct ctl_context *ctx, struct ws_row *owner, const char *column, const char *direction,
                              int64_t priority, const char *match, const char *columns, struct ws_row **ret) MUST_USE;

#endif
