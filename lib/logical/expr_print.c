/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/expr_tree.h"

static void
print_in_parens(const struct expr *x, struct buf *out)
{
    buf_putc(out, '(');
    expr_print(x, out);
    buf_putc(out, ')');
}

/* An operand of 'outer', in parentheses if it would otherwise be read differently. */
static void
print_operand(const struct expr *x, enum expr_kind outer, struct buf *out)
{
    bool list = x->kind == EXPR_AND || x->kind == EXPR_OR || x->kind == EXPR_TEXT;
    if (list || (outer == EXPR_NOT && x->kind != EXPR_HAS && x->kind != EXPR_RESIDENT)) {
        print_in_parens(x, out);
    } else {
        expr_print(x, out);
    }
}

static void
print_list(const struct expr *x, const char *operator, struct buf *out)
{
    for (size_t i = 0; i < x->n; i++) {
        if (i) {
            buf_put(out, operator, 4);
        }
        print_operand(x->operands[i], x->kind, out);
    }
}

static void
print_cmp(const struct expr *x, struct buf *out)
{
    static const struct str ops[] = {[REL_EQ] = {" == ", 4}, [REL_NE] = {" != ", 4}, [REL_LT] = {" < ", 3},
                                     [REL_LE] = {" <= ", 4}, [REL_GT] = {" > ", 3}, [REL_GE] = {" >= ", 4}};
    field_ref_print(x->field, out);
    buf_put_str(out, ops[x->op]);
    if (x->n == 1) {
        lconst_print(x->values, out);
        return;
    }
    buf_putc(out, '{');
    for (size_t i = 0; i < x->n; i++) {
        if (i) {
            buf_put(out, ", ", 2);
        }
        lconst_print(&x->values[i], out);
    }
    buf_putc(out, '}');
}

void
expr_print(const struct expr *x, struct buf *out)
{
    switch (x->kind) {
    case EXPR_FALSE:
        buf_putc(out, '0');
        break;
    case EXPR_TRUE:
        buf_putc(out, '1');
        break;
    case EXPR_AND:
        print_list(x, " && ", out);
        break;
    case EXPR_OR:
        print_list(x, " || ", out);
        break;
    case EXPR_NOT:
        buf_putc(out, '!');
        print_operand(x->sub, EXPR_NOT, out);
        break;
    case EXPR_HAS:
        field_ref_print(x->field, out);
        break;
    case EXPR_CMP:
        print_cmp(x, out);
        break;
    case EXPR_RESIDENT:
        buf_put(out, "is_chassis_resident(", 20);
        buf_put_json_string(out, x->name);
        buf_putc(out, ')');
        break;
    case EXPR_TEXT:
        buf_put_str(out, x->name);
        break;
    }
}
