/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Properties: a match that parses prints, and the print parses to an equal tree; a user's text keeps its tree; a plan is
 * made or refused. */

#include "lib/logical/expr.h"
#include "lib/logical/match_plan.h"
#include "tests/fuzz/fuzz.h"

static void
check_round_trip(struct arena *arena, const struct expr *x)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    const struct expr *again = NULL;
    expr_print(x, &text);
    struct err *err = expr_parse(arena, str_n(buf_text(&text), text.size), &again);
    CHECK(!err && expr_eq(x, again));
    buf_fini(&text);
}

static void
check_plan(const struct expr *x)
{
    struct match_plan *plan = NULL;
    struct err *err = match_plan_new(x, &plan);
    CHECK(!err == (plan != NULL));
    match_plan_free(plan);
    err_free(err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct str text = str_n((const char *) data, size);
    const struct expr *x, *user;
    struct err *err = expr_parse(arena, text, &x);
    if (!err) {
        check_round_trip(arena, x);
        check_plan(x);
        err = expr_text(arena, text, &user);
        CHECK(!err && expr_eq(x, user));
        check_round_trip(arena, expr_and(arena, expr_has(arena, F_IP4), user));
    }
    err_free(err);
    arena_free(arena);
    return 0;
}
