/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_EXPR_PARSE_H
#define WEFT_LOGICAL_EXPR_PARSE_H

/* What: parts of the match parser that the action parser needs too.  Private to lib/logical. */

#include "lib/logical/expr.h"
#include "lib/logical/lexer.h"

/* One or more constants, in braces if more than one, in a new array in the lexer's arena; 0 on error. */
size_t parse_constants(struct lexer *lexer, struct lconst **ret);

/* Whether 'c' may stand beside 'f' in a comparison or assignment; if not, an error. */
bool check_constant(struct lexer *lexer, field_ref f, const struct lconst *c);

#endif
