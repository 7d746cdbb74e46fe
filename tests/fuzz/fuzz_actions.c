/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Properties: actions that parse print, and the print parses to an equal tree with equal prerequisites. */

#include "lib/logical/actions.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct act_parse_params params = {.is_egress = size && data[0] % 2, .table = 3, .n_tables = 33};
    const struct act *act, *again;
    const struct expr *prereqs, *prereqs_again;
    struct err *err = actions_parse(arena, str_n((const char *) data, size), &params, &act, &prereqs);
    if (!err) {
        actions_print(act, &text);
        err = actions_parse(arena, str_n(buf_text(&text), text.size), &params, &again, &prereqs_again);
        CHECK(!err && act_eq(act, again) && expr_eq(prereqs, prereqs_again));
    }
    err_free(err);
    buf_fini(&text);
    arena_free(arena);
    return 0;
}
