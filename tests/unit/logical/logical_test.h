/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_LOGICAL_TEST_H
#define WEFT_TESTS_UNIT_LOGICAL_TEST_H

/* What: what the tests of lib/logical share: the kept flows, random trees, texts of trees. */

#include "tests/unit/test.h"

#include "lib/base/rng.h"
#include "lib/logical/actions.h"
#include "lib/logical/expr.h"

/* Lines "PIPELINE TABLE MATCH ACTIONS", separated by tabs, of flows that ovn-northd wrote. */
struct flow_line {
    bool is_egress;
    unsigned int table;
    struct str match, actions;
};
/* Calls 'visit' for each line of tests/unit/logical/flows.txt. */
void flows_for_each(void (*visit)(const struct flow_line *line, void *aux), void *aux);

/* The text of a tree; the caller frees it. */
char *expr_to_text(const struct expr *x) MUST_USE;
char *act_to_text(const struct act *act) MUST_USE;

/* Parses what must parse. */
const struct expr *must_parse_expr(struct arena *arena, const char *text);
const struct act *must_parse_actions(struct arena *arena, const char *text);

/* A random tree that the builders accept and whose text parses.  'depth' bounds its height. */
const struct expr *random_expr(struct arena *arena, struct rng *rng, unsigned int depth);
const struct act *random_actions(struct arena *arena, struct rng *rng, unsigned int depth);

/* The seed: of the environment variable TEST_SEED, or a fixed one; printed. */
uint64_t test_seed(void);

#endif
