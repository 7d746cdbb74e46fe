/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_MATCH_PLAN_H
#define WEFT_LOGICAL_MATCH_PLAN_H

/* What: compiling matches to OpenFlow, in two steps: a plan for each distinct text, and from a plan the
 * OpenFlow matches for one datapath.
 *
 * Why: a hundred switches carry the same hundred texts.  All that does not depend on the datapath
 * (parsing, prerequisites, types, normal form) is done once, in match_plan_new(); match_plan_bind() only
 * puts in port keys and the members of sets.
 *
 * How: a plan is a disjunction of terms; a term is a conjunction of dimensions; a dimension is a list of
 * alternatives for one field.  A term with two or more dimensions that have several alternatives becomes
 * a conjunctive match (ovs-fields(7), "Conjunctive Match Fields"): n + m flows instead of n * m.
 *
 * Owns: a plan owns all of itself and is never changed after it is made.
 *
 * Cost: match_plan_new() may take time and space exponential in the nesting of && and || over different
 * fields; it refuses more than MATCH_PLAN_MAX_TERMS terms. */

#include "lib/base/err.h"
#include "lib/logical/expr.h"
#include "lib/openflow/of_match.h"

struct match_plan;

enum {
    MATCH_PLAN_MAX_TERMS = 8192,
    MATCH_PLAN_MAX_DIMENSIONS = 64,                          /* clauses of a conjunctive match in Open vSwitch */
    MATCH_PLAN_MAX_ALTERNATIVES = 1 << 20,
};

/* Compiles 'match' (with the prerequisites of its symbols).  Errors: comparisons that need an order on a
 * nominal field; too complex. */
struct err *match_plan_new(const struct expr *match, struct match_plan **ret) MUST_USE;
void match_plan_free(struct match_plan *plan);

bool match_plan_is_never(const struct match_plan *plan);     /* cannot match any packet, whatever is bound */
/* Conjunction ids that a binding of 'plan' may use: 'conj_base' ... 'conj_base' + this - 1. */
uint32_t match_plan_n_conj_ids(const struct match_plan *plan);
/* Calls back with every name that binding 'plan' may ask for, each once. */
enum match_plan_name { PLAN_PORT, PLAN_ADDRESS_SET, PLAN_PORT_GROUP, PLAN_CHASSIS_RESIDENT };
void match_plan_for_each_name(const struct match_plan *plan, void (*visit)(void *aux, enum match_plan_name, struct str name),
                              void *aux);

/* What one datapath knows.  Calls are made in a fixed order that depends on the plan and the answers alone,
 * so a caller that records its reads records the same ones every time. */
struct match_binder {
    void *aux;
    /* The tunnel key of a logical port or multicast group of this datapath; false if there is none.  Never asked
     * for "none", which is key 0. */
    bool (*lookup_port)(void *aux, struct str name, uint32_t *ret_key);
    bool (*is_chassis_resident)(void *aux, struct str lport);
    /* Calls 'member(member_aux, text)' for each member, in a stable order.  An unknown set has none. */
    void (*address_set)(void *aux, struct str name, void (*member)(void *member_aux, struct str address), void *member_aux);
    void (*port_group)(void *aux, struct str name, void (*member)(void *member_aux, struct str lport), void *member_aux);
};

/* One OpenFlow flow that a binding needs. */
enum bound_kind {
    BOUND_PLAIN,                                             /* does the logical flow's actions */
    BOUND_CLAUSE,                                            /* does conjunction(conj_id, clause / n_clauses) */
    BOUND_CONJUNCTION,                                       /* matches conj_id; does the logical flow's actions */
};
struct bound_match {
    enum bound_kind kind;
    uint32_t conj_id;                                        /* not of BOUND_PLAIN; already in 'match' of BOUND_CONJUNCTION */
    uint8_t clause, n_clauses;                               /* of BOUND_CLAUSE; 'clause' counts from 0 */
    struct of_match match;                                   /* without the datapath: the caller adds metadata */
};

/* Calls 'emit' for each flow, the same ones in the same order for the same answers of 'binder'.
 * 'match' is valid during the call; 'emit' may move it out (and leave a zeroed one).
 *
 * The switch has one flow for each match and priority, so the caller puts together what this says twice: clauses
 * with equal matches, also of different logical flows, become one flow with all their conjunction actions; a
 * plain flow with the same match takes the place of clauses. */
void match_plan_bind(const struct match_plan *plan, const struct match_binder *binder, uint32_t conj_base,
                     void (*emit)(void *aux, struct bound_match *bound), void *aux);

/* The OpenFlow field that 'symbol' is kept in and compared as: reg14 for inport.  'symbol' is a field,
 * not a subfield or predicate. */
enum of_field_id logical_field(enum symbol symbol);

#endif
