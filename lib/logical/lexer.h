/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_LEXER_H
#define WEFT_LOGICAL_LEXER_H

/* What: the tokens that matches and actions share (ovn-sb(5): "Actions share lexical syntax with the match
 * column"), and the helpers both parsers use.
 *
 * Invariants: after the first error the current token is LEX_END for ever, so parsers need not check
 * for an error at every step; the first error is kept.
 *
 * Private to lib/logical. */

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/logical/symbol.h"
#include "lib/logical/value.h"

/* X(ID, TEXT): what is punctuation, longest first where one begins another. */
#define LEX_PUNCTUATION(X)                                                                          \
    X(EXCHANGE, "<->")                                                                              \
    X(EQ, "==")                                                                                     \
    X(NE, "!=")                                                                                     \
    X(LE, "<=")                                                                                     \
    X(GE, ">=")                                                                                     \
    X(AND, "&&")                                                                                    \
    X(OR, "||")                                                                                     \
    X(ELLIPSIS, "..")                                                                               \
    X(DECREMENT, "--")                                                                              \
    X(LT, "<")                                                                                      \
    X(GT, ">")                                                                                      \
    X(NOT, "!")                                                                                     \
    X(EQUALS, "=")                                                                                  \
    X(LPAREN, "(")                                                                                  \
    X(RPAREN, ")")                                                                                  \
    X(LSQUARE, "[")                                                                                 \
    X(RSQUARE, "]")                                                                                 \
    X(LCURLY, "{")                                                                                  \
    X(RCURLY, "}")                                                                                  \
    X(COMMA, ",")                                                                                   \
    X(SEMICOLON, ";")                                                                               \
    X(COLON, ":")                                                                                   \
    X(DASH, "-")

enum lex_type {
    LEX_END,
    LEX_ID,                                                  /* 'text' */
    LEX_CONST,                                               /* 'constant' of any kind, strings too */
#define X(ID, TEXT) LEX_##ID,
    LEX_PUNCTUATION(X)
#undef X
};

struct lexer {
    struct arena *arena;                                     /* of strings with escapes, and of names */
    struct str input;
    size_t pos;                                              /* behind the current token */
    unsigned int depth;                                      /* of nested parentheses or blocks */
    enum lex_type type;                                      /* the current token */
    size_t start;                                            /* where it begins */
    struct str text;                                         /* as it stands in 'input' */
    struct lconst constant;                                  /* of LEX_CONST; names are in 'arena' */
    struct err *err;                                         /* the first, or NULL; owned */
};

void lexer_init(struct lexer *lexer, struct arena *arena, struct str input);     /* and reads the first token */
void lexer_next(struct lexer *lexer);
bool lexer_match(struct lexer *lexer, enum lex_type type);   /* steps over the token if it is 'type' */
bool lexer_match_id(struct lexer *lexer, const char *id);    /* steps over the token if it is the word 'id' */
bool lexer_force(struct lexer *lexer, enum lex_type type);   /* the same, or a syntax error */
bool lexer_force_int(struct lexer *lexer, uint64_t max, uint64_t *ret);  /* an unmasked integer <= 'max' */
bool lexer_is_integer(const struct lexer *lexer);            /* the current token is a LEX_CONST of LC_INT */
void lexer_end(struct lexer *lexer);                         /* a syntax error unless at the end */

/* Keep the first error only.  The position is that of the current token. */
void lexer_syntax_error(struct lexer *lexer, const char *format, ...) PRINTF_LIKE(2, 3);
void lexer_error(struct lexer *lexer, const char *format, ...) PRINTF_LIKE(2, 3);
struct err *lexer_take_err(struct lexer *lexer) MUST_USE;    /* or NULL */

/* A field, with "[FIRST]" or "[FIRST..LAST]" behind it; F_NONE on error. */
field_ref lexer_field(struct lexer *lexer);

#endif
