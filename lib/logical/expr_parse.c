/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/vec.h"
#include "lib/logical/expr_parse.h"
#include "lib/logical/expr_tree.h"

/* A recursive-descent parser.  On error functions return NULL and the lexer has the error. */

static const struct expr *parse_expr(struct lexer *lexer);
static struct err *check_levels(const struct expr *x, bool negated);

struct err *
expr_parse(struct arena *arena, struct str text, const struct expr **ret)
{
    if (text.n > EXPR_MAX_TEXT) {
        return err_new("Match of %zu bytes is too long: at most %d.", text.n, EXPR_MAX_TEXT);
    }
    struct lexer lexer;
    lexer_init(&lexer, arena, text);
    const struct expr *x = parse_expr(&lexer);
    lexer_end(&lexer);
    struct err *err = lexer_take_err(&lexer);
    if (!err) {
        err = check_levels(x, false);
    }
    if (!err) {
        *ret = x;
    }
    return err;
}

/* Whether 'text' can stand inside a larger match: a comment could hide what follows it. */
static bool
is_plain(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char) text.s[i] < ' '
            || (text.s[i] == '/' && i + 1 < text.n && (text.s[i + 1] == '/' || text.s[i + 1] == '*'))) {
            return false;
        }
    }
    return true;
}

struct err *
expr_text(struct arena *arena, struct str text, const struct expr **ret)
{
    const struct expr *parsed;
    struct err *err = expr_parse(arena, text, &parsed);
    if (err) {
        return err;
    } else if (!is_plain(text)) {
        *ret = parsed;
        return NULL;
    }
    struct expr *x = ARENA_NEW(arena, struct expr);
    text = str_trim(text);
    *x = (struct expr) {.kind = EXPR_TEXT, .name = str_n(arena_memdup0(arena, text.s, text.n), text.n), .parsed = parsed};
    *ret = x;
    return NULL;
}

/* Constants and comparisons. */

size_t
parse_constants(struct lexer *lexer, struct lconst **ret)
{
    VEC(struct lconst) values = {0};
    bool braces = lexer_match(lexer, LEX_LCURLY);
    do {
        if (lexer->type != LEX_CONST) {
            lexer_syntax_error(lexer, "expecting constant");
            break;
        }
        vec_push(&values, lexer->constant);
        lexer_next(lexer);
        if (braces) {
            lexer_match(lexer, LEX_COMMA);
        }
    } while (braces && !lexer_match(lexer, LEX_RCURLY));
    size_t n = lexer->err ? 0 : values.n;
    *ret = n ? arena_memdup(lexer->arena, values.d, n * sizeof *values.d) : NULL;
    vec_fini(&values);
    return n;
}

static const char *
field_text(struct lexer *lexer, field_ref f)
{
    struct buf text = BUF_INIT(200);
    field_ref_print(f, &text);
    const char *copy = arena_strdup(lexer->arena, buf_text(&text));
    buf_fini(&text);
    return copy;
}

static unsigned int
constant_width(const struct lconst *c)
{
    return MAX(u128_width(c->value), c->masked ? u128_width(c->mask) : 0);
}

bool
check_constant(struct lexer *lexer, field_ref f, const struct lconst *c)
{
    bool string = field_ref_is_string(f);
    if (string && (c->kind == LC_INT || c->kind == LC_ADDRESS_SET)) {
        lexer_error(lexer, "String field %s is not compatible with integer constant", field_text(lexer, f));
    } else if (!string && (c->kind == LC_STRING || c->kind == LC_PORT_GROUP)) {
        lexer_error(lexer, "Integer field %s is not compatible with string constant", field_text(lexer, f));
    } else if (c->kind == LC_INT && constant_width(c) > field_ref_width(f)) {
        lexer_error(lexer, "%u-bit constant is not compatible with %u-bit field %s", constant_width(c),
                    field_ref_width(f), field_text(lexer, f));
    } else {
        return true;
    }
    return false;
}

static bool
check_cmp(struct lexer *lexer, field_ref f, enum relop op, const struct lconst *values, size_t n)
{
    bool ordered = op != REL_EQ && op != REL_NE;
    const struct symbol_info *info = symbol_info(field_ref_symbol(f));
    if (ordered && info->kind != SYM_ORDINAL && info->kind != SYM_SUBFIELD) {
        lexer_error(lexer, "Only == and != operators may be used with %s field %s",
                    info->kind == SYM_PREDICATE ? "predicate" : info->kind == SYM_STRING ? "string" : "nominal", info->name);
        return false;
    } else if (ordered && (n > 1 || values[0].kind != LC_INT)) {
        lexer_error(lexer, "Only == and != operators may be used with value sets");
        return false;
    }
    if (info->kind == SYM_PREDICATE && (n > 1 || values[0].kind != LC_INT || values[0].masked)) {
        lexer_error(lexer, "Predicate %s may only be compared with 0 or 1", info->name);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!check_constant(lexer, f, &values[i])) {
            return false;
        } else if (values[i].masked && (ordered || info->kind == SYM_NOMINAL)) {
            lexer_error(lexer, ordered ? "Only == and != operators may be used with masked constants"
                                       : "Nominal field %s may not be compared with masked constants", info->name);
            return false;
        }
    }
    return true;
}

static const struct expr *
make_cmp(struct lexer *lexer, field_ref f, enum relop op, const struct lconst *values, size_t n)
{
    if (!check_cmp(lexer, f, op, values, n)) {
        return NULL;
    }
    struct expr *x = ARENA_NEW(lexer->arena, struct expr);
    *x = (struct expr) {.kind = EXPR_CMP, .field = f, .op = op, .n = n, .values = values};
    return x;
}

static bool
match_relop(struct lexer *lexer, enum relop *ret)
{
    switch (lexer->type) {
    case LEX_EQ: *ret = REL_EQ; break;
    case LEX_NE: *ret = REL_NE; break;
    case LEX_LT: *ret = REL_LT; break;
    case LEX_LE: *ret = REL_LE; break;
    case LEX_GT: *ret = REL_GT; break;
    case LEX_GE: *ret = REL_GE; break;
    default: return false;
    }
    lexer_next(lexer);
    return true;
}

/* "FIELD", "FIELD == CONSTANTS". */
static const struct expr *
parse_field_first(struct lexer *lexer, bool negated)
{
    field_ref f = lexer_field(lexer);
    enum relop op;
    struct lconst *values;
    if (f == F_NONE) {
        return NULL;
    } else if (match_relop(lexer, &op)) {
        if (negated) {
            lexer_error(lexer, "Missing parentheses around operand of !");
            return NULL;
        }
        size_t n = parse_constants(lexer, &values);
        return n ? make_cmp(lexer, f, op, values, n) : NULL;
    } else if (field_ref_is_string(f) || field_ref_width(f) != 1) {
        lexer_error(lexer, "Explicit `!= 0' is required for inequality test of multibit field against 0");
        return NULL;
    }
    return expr_has(lexer->arena, f);
}

static bool
is_less(enum relop op)
{
    return op == REL_LT || op == REL_LE;
}

static bool
is_greater(enum relop op)
{
    return op == REL_GT || op == REL_GE;
}

/* "CONSTANTS == FIELD", "CONSTANT < FIELD < CONSTANT", "0", "1". */
static const struct expr *
parse_constant_first(struct lexer *lexer, bool negated)
{
    bool literal = lexer_is_integer(lexer) && lexer->constant.form == LC_DECIMAL && !lexer->constant.masked;
    enum relop left, right;
    struct lconst *values;
    size_t n = parse_constants(lexer, &values);
    if (!n) {
        return NULL;
    } else if (!match_relop(lexer, &left)) {
        if (literal && !values[0].value.hi && values[0].value.lo <= 1) {
            return values[0].value.lo ? expr_true() : expr_false();
        }
        lexer_syntax_error(lexer, "expecting relational operator");
        return NULL;
    }
    if (negated) {
        lexer_error(lexer, "Missing parentheses around operand of !");
        return NULL;
    }
    field_ref f = lexer_field(lexer);
    const struct expr *x = f == F_NONE ? NULL : make_cmp(lexer, f, relop_turn(left), values, n);
    if (!x || !match_relop(lexer, &right)) {
        return x;
    } else if (!(is_less(left) && is_less(right)) && !(is_greater(left) && is_greater(right))) {
        lexer_error(lexer, "Range expressions must have the form `x < field < y' or `x > field > y', with each `<' "
                    "optionally replaced by `<=' or `>' by `>='");
        return NULL;
    }
    n = parse_constants(lexer, &values);
    const struct expr *y = n ? make_cmp(lexer, f, right, values, n) : NULL;
    return y ? expr_and(lexer->arena, x, y) : NULL;
}

/* Expressions. */

static const struct expr *
parse_resident(struct lexer *lexer)
{
    if (!lexer_force(lexer, LEX_LPAREN)) {
        return NULL;
    } else if (lexer->type != LEX_CONST || lexer->constant.kind != LC_STRING) {
        lexer_syntax_error(lexer, "expecting string");
        return NULL;
    }
    struct expr *x = ARENA_NEW(lexer->arena, struct expr);
    *x = (struct expr) {.kind = EXPR_RESIDENT, .name = lexer->constant.name};
    lexer_next(lexer);
    return lexer_force(lexer, LEX_RPAREN) ? x : NULL;
}

static const struct expr *
parse_parens(struct lexer *lexer)
{
    if (++lexer->depth > EXPR_MAX_DEPTH) {
        lexer_error(lexer, "Parentheses nested too deeply");
        return NULL;
    }
    const struct expr *x = parse_expr(lexer);
    lexer->depth--;
    return x && lexer_force(lexer, LEX_RPAREN) ? x : NULL;
}

/* What && and || connect.  'negated': the operand of "!", which takes no comparison. */
static const struct expr *
parse_primary(struct lexer *lexer, bool negated)
{
    if (lexer_match(lexer, LEX_LPAREN)) {
        return parse_parens(lexer);
    } else if (lexer_match_id(lexer, "is_chassis_resident")) {
        return parse_resident(lexer);
    } else if (lexer->type == LEX_ID) {
        return parse_field_first(lexer, negated);
    } else if (lexer->type == LEX_CONST || lexer->type == LEX_LCURLY) {
        return parse_constant_first(lexer, negated);
    } else if (!negated && lexer_match(lexer, LEX_NOT)) {
        const struct expr *x = parse_primary(lexer, true);
        return x ? expr_not(lexer->arena, x) : NULL;
    }
    lexer_syntax_error(lexer, "expecting field name or constant");
    return NULL;
}

static const struct expr *
parse_expr(struct lexer *lexer)
{
    VEC(const struct expr *) operands = {0};
    vec_push(&operands, parse_primary(lexer, false));
    enum lex_type operator = lexer->type;
    if (operator == LEX_AND || operator == LEX_OR) {
        while (vec_last(&operands) && lexer_match(lexer, operator)) {
            vec_push(&operands, parse_primary(lexer, false));
        }
        if (lexer->type == LEX_AND || lexer->type == LEX_OR) {
            lexer_error(lexer, "&& and || must be parenthesized when used together");
        }
    }
    const struct expr *x = NULL;
    if (!lexer->err) {
        x = operator == LEX_OR ? expr_or_n(lexer->arena, operands.d, operands.n)
                               : expr_and_n(lexer->arena, operands.d, operands.n);
    }
    vec_fini(&operands);
    return x;
}

/* Levels of measurement: a nominal field cannot be tested for inequality, "taking enclosing ! into account". */

static struct err *
check_nominal(const struct expr *x, bool negated)
{
    const struct symbol_info *info = symbol_info(field_ref_symbol(x->field));
    if (x->kind == EXPR_CMP && x->op == REL_NE) {
        negated = !negated;
    }
    if (x->kind == EXPR_CMP && info->kind == SYM_PREDICATE && u128_is_zero(x->values[0].value)) {
        negated = !negated;
    }
    if (!negated || !symbol_is_nominal(field_ref_symbol(x->field))) {
        return NULL;
    } else if (info->kind == SYM_PREDICATE) {
        return err_new("Nominal predicate %s may only be tested positively, e.g. `%s' or `%s == 1' but not `!%s' or `%s == 0'.",
                       info->name, info->name, info->name, info->name, info->name);
    }
    return err_new("Nominal field %s may only be tested for equality (taking enclosing `!' operators into account).", info->name);
}

static struct err *
check_levels(const struct expr *x, bool negated)
{
    switch (x->kind) {
    case EXPR_AND:
    case EXPR_OR:
        for (size_t i = 0; i < x->n; i++) {
            struct err *err = check_levels(x->operands[i], negated);
            if (err) {
                return err;
            }
        }
        return NULL;
    case EXPR_NOT:
        return check_levels(x->sub, !negated);
    case EXPR_HAS:
    case EXPR_CMP:
        return check_nominal(x, negated);
    case EXPR_TEXT:
        return check_levels(x->parsed, negated);
    default:
        return NULL;
    }
}
