/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_EMIT_H
#define WEFT_NORTHD_EMIT_H

/* What: how derivations emit logical flows.
 *
 * Why: a flow is a tree of match and actions for a datapath or a named datapath set.  Here it is printed once, its row
 * uuid is made of its content, and its text is forgotten when it has been sent.
 *
 * Datapath sets: a flow that all switches share is one row with a Logical_DP_Group, whose members come and go one
 * at a time; never one row a datapath. */

#include "lib/logical/actions.h"
#include "lib/logical/expr.h"
#include "northd/northd.h"
#include "northd/stages.h"

/* Where a flow holds: the members of a collection (DP_SET(C_SWITCHES, 0)) or one datapath (DP_ONE()). */
struct dp_ref {
    bool is_set;
    uint16_t collection;                                     /* of a set */
    uint64_t key;                                            /* of the collection, or the datapath */
};
static inline struct dp_ref dp_set(enum northd_collection c, uint64_t key) { return (struct dp_ref) {true, (uint16_t) c, key}; }
static inline struct dp_ref dp_switch(uint32_t ls) { return (struct dp_ref) {false, 0, dp_of_switch(ls)}; }
static inline struct dp_ref dp_router(uint32_t lr) { return (struct dp_ref) {false, 0, dp_of_router(lr)}; }

struct lflow {
    enum stage stage;
    uint16_t priority;
    struct dp_ref dp;
    const struct expr *match;                                /* NULL: every packet */
    const struct act *actions;                               /* NULL: drop */
    const struct uuid *hint;                                 /* the Northbound row that asked for it, or NULL */
    const char *meter;                                       /* controller_meter, or NULL */
};
void emit_flow(struct derive *d, const struct lflow *flow);

/* What leaves the process: decodes one content of sink S_FLOW.  Strings are borrowed from 'content'. */
struct flow_row {
    enum stage stage;
    uint16_t priority;
    bool is_set;
    struct uuid datapath;                                    /* Northbound uuid of the switch or router; or of the set */
    struct str match, actions, meter, hint;
};
void flow_row_decode(const void *content, size_t n, struct flow_row *ret);
struct uuid flow_row_uuid(const uint64_t hash[2]);           /* the row's uuid from the output's hash alone */
/* The name of a datapath set, the same in every process: the Logical_DP_Group row's uuid. */
struct uuid dp_set_uuid(struct derive *d, uint16_t collection, uint64_t key);

#endif
