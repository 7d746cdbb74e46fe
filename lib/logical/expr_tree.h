/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_EXPR_TREE_H
#define WEFT_LOGICAL_EXPR_TREE_H

/* What: the nodes of a match.  Private to lib/logical; others use expr.h. */

#include "lib/logical/expr.h"

enum expr_kind {
    EXPR_FALSE,
    EXPR_TRUE,
    EXPR_AND,                                                /* 'operands' */
    EXPR_OR,                                                 /* 'operands' */
    EXPR_NOT,                                                /* 'sub' */
    EXPR_HAS,                                                /* 'field' */
    EXPR_CMP,                                                /* 'field', 'op', 'values' */
    EXPR_RESIDENT,                                           /* 'name' */
    EXPR_TEXT,                                               /* 'name', as a user wrote 'parsed' */
};

struct expr {
    enum expr_kind kind;
    enum relop op;
    field_ref field;
    size_t n;                                                /* of 'operands' or 'values' */
    union {
        const struct expr *const *operands;
        const struct lconst *values;
        const struct expr *sub;
        struct str name;
    };
    const struct expr *parsed;                               /* of EXPR_TEXT: what 'name' means */
};

/* What a predicate stands for, or the prerequisite of a field; expr_true() if there is none. */
const struct expr *symbol_expansion(enum symbol symbol);
/* Whether 'symbol' is nominal: a nominal field, or a predicate whose expansion mentions one. */
bool symbol_is_nominal(enum symbol symbol);

/* 'op' for the opposite answer, and for exchanged operands. */
enum relop relop_negate(enum relop op);
enum relop relop_turn(enum relop op);

/* The tree of a user's text; others as they are. */
static inline const struct expr *
expr_untext(const struct expr *x)
{
    return x->kind == EXPR_TEXT ? x->parsed : x;
}

#endif
