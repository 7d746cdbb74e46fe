/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_FLOW_TABLE_H
#define WEFT_CONTROLLER_FLOW_TABLE_H

/* What: what flows the switch shall have, what it has, and the difference.
 *
 * Why: the engine reports contents that came and went; a switch has one flow for each table, priority and match.  Several
 * contents may ask for one such flow: clauses of conjunctions are put together, else the least content wins, so that
 * the result does not depend on the order in which they came.
 *
 * Owns: copies of contents.  Pure: flow_sync.c speaks to the switch.
 * Cost: a change costs its own flow; only a new connection walks the table. */

#include "controller/flows.h"
#include "lib/openflow/of_flow.h"

struct flow_table;

struct flow_table *flow_table_new(void) MUST_USE;
void flow_table_free(struct flow_table *table);

/* Contents of sink S_FLOW. */
void flow_table_add(struct flow_table *table, const void *content, size_t n);
void flow_table_remove(struct flow_table *table, const void *content, size_t n);

/* Calls 'change' once for each flow that differs between what is wanted and what is installed, and takes it for done.  For a
 * flow to delete 'actions' is NULL and 'is_delete' true.  'change' returns the xid it was sent with. */
struct flow_change {
    bool is_delete, is_new;                                  /* neither: the actions or cookie of an installed flow change */
    uint8_t table;
    uint16_t priority;
    uint64_t cookie;
    struct str match;                                        /* OXM, canonical */
    struct str actions;
};
typedef uint32_t flow_change_cb(void *aux, const struct flow_change *change);
void flow_table_take_changes(struct flow_table *table, flow_change_cb *change, void *aux);
bool flow_table_has_changes(const struct flow_table *table);

/* The switch refuses the flow that was last sent with 'xid': it is left alone until something else is wanted of it, or
 * flow_table_forgive() lets all be tried again.  False: no flow was. */
bool flow_table_refuse(struct flow_table *table, uint32_t xid);
void flow_table_forgive(struct flow_table *table);

/* A new connection: forgets what is installed, until the switch has said what it has, flow by flow. */
void flow_table_forget_installed(struct flow_table *table);
void flow_table_saw(struct flow_table *table, const struct of_flow_desc *desc);
/* From now on flow_table_take_changes() compares everything with what was seen. */
void flow_table_seen_all(struct flow_table *table);

size_t flow_table_count(const struct flow_table *table);     /* flows wanted */
/* The wanted flows in ovs-ofctl's form, sorted: for tests and people. */
void flow_table_print(const struct flow_table *table, struct buf *out);

/* 'match' with 64- and 128-bit registers written as 32-bit ones: a switch says it either way. */
void match_normalise(struct of_match *match);

#endif
