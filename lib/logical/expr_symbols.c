/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <pthread.h>

#include "lib/logical/expr_tree.h"

/* The expansions of the symbol table, parsed once for the life of the process. */
static const struct expr *expansions[N_SYMBOLS];

static void
parse_expansions(void)
{
    static struct arena *arena;                              /* never freed */
    arena = arena_new();
    for (unsigned int symbol = F_NONE + 1; symbol < N_SYMBOLS; symbol++) {
        const char *text = symbol_info(symbol)->expansion;
        expansions[symbol] = expr_true();
        if (text[0]) {
            struct err *err = expr_parse(arena, str_from(text), &expansions[symbol]);
            CHECK(!err);
        }
    }
}

const struct expr *
symbol_expansion(enum symbol symbol)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, parse_expansions);
    return expansions[symbol];
}

static bool
mentions_nominal(const struct expr *x)
{
    switch (x->kind) {
    case EXPR_AND:
    case EXPR_OR:
        for (size_t i = 0; i < x->n; i++) {
            if (mentions_nominal(x->operands[i])) {
                return true;
            }
        }
        return false;
    case EXPR_NOT:
        return mentions_nominal(x->sub);
    case EXPR_HAS:
    case EXPR_CMP:
        return symbol_is_nominal(field_ref_symbol(x->field));
    default:
        return false;
    }
}

bool
symbol_is_nominal(enum symbol symbol)
{
    switch (symbol_info(symbol)->kind) {
    case SYM_NOMINAL:
    case SYM_STRING:
    case SYM_OVN_FIELD:
        return true;
    case SYM_PREDICATE:
        return mentions_nominal(symbol_expansion(symbol));
    default:
        return false;
    }
}
