/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NBCTL_TOP_H
#define WEFT_NBCTL_TOP_H

/* What: what switches and routers, the tops of the logical network, have in common: add, delete, list; and their
 * ports: list. */

#include "nbctl/nbctl.h"

struct err *nb_top_add(struct ctl_context *ctx, const struct nb_kind *kind) MUST_USE;
struct err *nb_top_del(struct ctl_context *ctx, const struct nb_kind *kind) MUST_USE;
struct err *nb_top_list(struct ctl_context *ctx, const struct nb_kind *kind) MUST_USE;
struct err *nb_port_del(struct ctl_context *ctx, const struct nb_kind *kind, const struct nb_kind *port_kind) MUST_USE;
struct err *nb_port_list(struct ctl_context *ctx, const struct nb_kind *kind) MUST_USE;

#endif
