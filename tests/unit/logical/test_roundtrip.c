/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <stdio.h>

#include "tests/unit/logical/logical_test.h"

/* What prints parses, to the same tree. */

static void
check_expr(struct arena *arena, const struct expr *x)
{
    char *text = expr_to_text(x);
    const struct expr *again = must_parse_expr(arena, text);
    if (!expr_eq(x, again)) {
        char *second = expr_to_text(again);
        fail_msg("'%s' became '%s'", text, second);
    }
    free(text);
}

static void
check_actions(struct arena *arena, const struct act *act)
{
    char *text = act_to_text(act);
    const struct act *again = must_parse_actions(arena, text);
    char *second = act_to_text(again);
    assert_string_equal(text, second);
    if (!act_eq(act, again) && act_eq(act, act)) {
        fail_msg("'%s' has two trees", text);
    }
    free(second);
    free(text);
}

TEST(random_matches)
{
    struct rng rng = {test_seed()};
    struct arena *arena = arena_new();
    for (int i = 0; i < 5000; i++) {
        check_expr(arena, random_expr(arena, &rng, rng_below(&rng, 4)));
        arena_reset(arena);
    }
    arena_free(arena);
}

TEST(random_action_lists)
{
    struct rng rng = {test_seed()};
    struct arena *arena = arena_new();
    for (int i = 0; i < 5000; i++) {
        const struct act *act = random_actions(arena, &rng, rng_below(&rng, 3));
        if (act != act_drop()) {                             /* "drop;" alone reads as no actions */
            check_actions(arena, act);
        }
        arena_reset(arena);
    }
    arena_free(arena);
}

struct kept {
    struct arena *arena;
    unsigned int n, n_same_match, n_same_actions;
};

static void
check_line(const struct flow_line *line, void *kept_)
{
    struct kept *kept = kept_;
    char *match = str_dup(line->match), *actions = str_dup(line->actions);
    const struct expr *x = must_parse_expr(kept->arena, match);
    check_expr(kept->arena, x);
    const struct act *act = NULL;
    struct act_parse_params params = {.is_egress = line->is_egress, .table = line->table, .n_tables = 33};
    struct err *err = actions_parse(kept->arena, line->actions, &params, &act, NULL);
    if (err) {
        fail_msg("%s: %s", actions, err_detail(err));
    }
    check_actions(kept->arena, act);
    char *match_again = expr_to_text(x), *actions_again = act_to_text(act);
    kept->n++;
    kept->n_same_match += str_is(line->match, match_again);
    kept->n_same_actions += str_is(line->actions, actions_again);
    if (getenv("TEST_VERBOSE")) {
        if (!str_is(line->match, match_again)) {
            printf("- %s\n+ %s\n", match, match_again);
        }
        if (!str_is(line->actions, actions_again)) {
            printf("- %s\n+ %s\n", actions, actions_again);
        }
    }
    free(match_again);
    free(actions_again);
    free(match);
    free(actions);
    arena_reset(kept->arena);
}

TEST(flows_of_ovn_northd)
{
    struct kept kept = {.arena = arena_new()};
    flows_for_each(check_line, &kept);
    printf("%u flows, %u matches and %u actions print as they were\n", kept.n, kept.n_same_match, kept.n_same_actions);
    assert_true(kept.n > 300);
    arena_free(kept.arena);
}

TEST_MAIN(T(random_matches), T(random_action_lists), T(flows_of_ovn_northd))
