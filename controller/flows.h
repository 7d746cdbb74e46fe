/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_FLOWS_H
#define WEFT_CONTROLLER_FLOWS_H

/* What: how derivations emit OpenFlow flows, groups and meters, and what flow_sync.c makes of them.
 *
 * Why: a flow is known by table, priority and match; several derivations may want the same one (conjunction clauses that
 * share a match, two logical flows that overlap), so contents say all of it and flow_table.h merges them. */

#include "controller/controller.h"
#include "lib/openflow/of_group.h"
#include "lib/openflow/of_match.h"

struct flow {
    uint8_t table;
    uint16_t priority;
    uint32_t cookie;                                         /* the first 32 bits of the row that asked for it */
    bool is_clause;                                          /* its actions are conjunction() and may be merged */
    const struct of_match *match;
    const void *actions;
    size_t n_actions;
};
void emit_of_flow(struct derive *d, const struct flow *flow);
/* The content of S_FLOW that says so, in 'out', which is cleared first. */
void flow_content_encode(const struct flow *flow, struct buf *out);

/* Decodes a content of S_FLOW: texts borrowed from 'content'.  The match stays encoded as OXM. */
struct flow_content {
    uint8_t table;
    uint16_t priority;
    uint32_t cookie;
    bool is_clause;
    struct str match;                                        /* OXM without header: canonical, so it compares as bytes */
    struct str actions;
};
void flow_content_decode(const void *content, size_t n, struct flow_content *ret);

/* The id of the OpenFlow group with this content (but for 'group_id'), emitted to S_GROUP by the derivation that runs. */
uint32_t emit_of_group(struct derive *d, const struct of_group *group);
/* Likewise the id of a meter, to S_METER; meters of different names are different, though they say the same. */
uint32_t emit_of_meter(struct derive *d, const struct of_meter *meter, const char *name);

/* A content of S_GROUP or S_METER is the id, a whole group_mod or meter_mod (add) message, and a name. */
uint32_t object_content_id(const void *content, size_t n);
struct str object_content_message(const void *content, size_t n);        /* borrowed from 'content' */
/* What has this content is gone: its id, of 'ids', is free again. */
void flows_release_object(struct controller *c, struct pool *ids, const void *content, size_t n);

/* The first 32 bits of a row's uuid: the cookie of its flows, as in OVN. */
uint32_t cookie_of(const struct uuid *uuid);

#endif
