/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/act_tree.h"

static void print(const struct act *act, struct buf *out);

static void
print_number(uint64_t x, struct buf *out)
{
    struct lconst c = lconst_int(x);
    lconst_print(&c, out);
}

static void
print_addr(const struct ip_addr *addr, struct buf *out)
{
    struct lconst c = lconst_ip(addr);
    lconst_print(&c, out);
}

static void
print_fields(field_ref a, const char *between, field_ref b, struct buf *out)
{
    field_ref_print(a, out);
    buf_puts(out, between);
    field_ref_print(b, out);
}

static void
print_next(const struct act *act, struct buf *out)
{
    buf_put(out, "next", 4);
    if (act->next.has_pipeline) {
        buf_puts(out, act->next.ingress ? "(pipeline=ingress, table=" : "(pipeline=egress, table=");
        print_number(act->next.table, out);
        buf_putc(out, ')');
    } else if (act->next.has_table) {
        buf_putc(out, '(');
        print_number(act->next.table, out);
        buf_putc(out, ')');
    }
}

static void
print_select(const struct act *act, struct buf *out)
{
    buf_put(out, "select(", 7);
    for (size_t i = 0; i < act->n; i++) {
        buf_puts(out, i ? ", " : "");
        print_number(act->choices[i].id, out);
        if (act->choices[i].weight != 100) {
            buf_putc(out, '=');
            print_number(act->choices[i].weight, out);
        }
    }
    buf_putc(out, ')');
}

static void
print_special(const struct act *act, struct buf *out)
{
    switch (act->kind) {
    case ACT_SET:
        field_ref_print(act->result, out);
        buf_put(out, " = ", 3);
        lconst_print(act->value, out);
        break;
    case ACT_MOVE:
        print_fields(act->result, " = ", act->field, out);
        break;
    case ACT_EXCHANGE:
        print_fields(act->result, " <-> ", act->field, out);
        break;
    case ACT_DEC_TTL:
        buf_puts(out, "ip.ttl--");
        break;
    case ACT_NEXT:
        print_next(act, out);
        break;
    case ACT_PUSH:
    case ACT_POP:
        buf_puts(out, act->kind == ACT_PUSH ? "push(" : "pop(");
        field_ref_print(act->field, out);
        buf_putc(out, ')');
        break;
    case ACT_SELECT:
        print_select(act, out);
        break;
    default:
        CHECK(false);
    }
}

static void
print_block(const struct act *act, struct buf *out)
{
    if (!act->has_block) {
        return;
    }
    buf_put(out, " { ", 3);
    if (act->inner) {
        print(act->inner, out);
        buf_putc(out, ' ');
    }
    buf_putc(out, '}');
}

static void
print_nat(const struct act *act, struct buf *out)
{
    if (!act->nat.has_addr) {
        return;
    }
    buf_putc(out, '(');
    print_addr(&act->nat.addr, out);
    if (act->nat.port_min) {
        buf_putc(out, ',');
        print_number(act->nat.port_min, out);
    }
    if (act->nat.port_max) {
        buf_putc(out, '-');
        print_number(act->nat.port_max, out);
    }
    buf_putc(out, ')');
}

static void
print_lb(const struct act *act, struct buf *out)
{
    if (!act->n) {
        return;
    }
    buf_puts(out, "(backends=");
    for (size_t i = 0; i < act->n; i++) {
        const struct lb_backend *b = &act->lb.backends[i];
        bool brackets = b->addr.is_v6 && b->port;
        buf_puts(out, i ? (brackets ? ",[" : ",") : brackets ? "[" : "");
        print_addr(&b->addr, out);
        if (b->port) {
            buf_puts(out, brackets ? "]:" : ":");
            print_number(b->port, out);
        }
    }
    if (act->lb.hash_fields.n) {
        buf_puts(out, "; hash_fields=");
        buf_put_json_string(out, act->lb.hash_fields);
    }
    if (act->lb.flag) {
        buf_puts(out, act->lb.flag == LB_SKIP_SNAT ? "; skip_snat" : "; force_snat");
    }
    buf_putc(out, ')');
}

static void
print_arg(const struct act_arg *arg, struct buf *out)
{
    switch (arg->kind) {
    case ARG_FIELD:
        field_ref_print(arg->field, out);
        break;
    case ARG_WORD:
        buf_put_str(out, arg->word);
        break;
    case ARG_VALUES:
        buf_puts(out, arg->braces ? "{" : "");
        for (size_t i = 0; i < arg->n_values; i++) {
            buf_puts(out, i ? ", " : "");
            lconst_print(&arg->values[i], out);
        }
        buf_puts(out, arg->braces ? "}" : "");
        break;
    }
}

static void
print_call(const struct act *act, struct buf *out)
{
    const char *equals = str_is(str_from(act_info(act->kind)->arguments), "*=") ? "=" : " = ";
    buf_putc(out, '(');
    for (size_t i = 0; i < act->n; i++) {
        const struct act_arg *arg = &act->args[i];
        buf_puts(out, !i ? "" : act->kind == ACT_FWD_GROUP && !arg->key.n ? "," : ", ");
        if (arg->key.n) {
            buf_put_str(out, arg->key);
            buf_puts(out, equals);
        }
        print_arg(arg, out);
    }
    buf_putc(out, ')');
}

/* One action without its semicolon. */
static void
print_one(const struct act *act, struct buf *out)
{
    const struct act_info *info = act_info(act->kind);
    if (info->result) {
        field_ref_print(act->result, out);
        buf_put(out, " = ", 3);
    }
    if (info->shape != ACT_SHAPE_SPECIAL) {
        buf_put_str(out, info->name);
    }
    switch (info->shape) {
    case ACT_SHAPE_SPECIAL:
        print_special(act, out);
        break;
    case ACT_SHAPE_BARE:
        break;
    case ACT_SHAPE_BLOCK:
    case ACT_SHAPE_OPTIONAL_BLOCK:
        print_block(act, out);
        break;
    case ACT_SHAPE_NAT:
        print_nat(act, out);
        break;
    case ACT_SHAPE_LB:
        print_lb(act, out);
        break;
    case ACT_SHAPE_CALL:
        print_call(act, out);
        break;
    case ACT_SHAPE_PARENS:
        buf_put(out, "()", 2);
        break;
    case ACT_SHAPE_ZONE:
        if (act->zone.n) {
            buf_putc(out, '(');
            buf_put_str(out, act->zone);
            buf_putc(out, ')');
        }
        break;
    }
}

static void
print(const struct act *act, struct buf *out)
{
    if (act->kind != ACT_SEQ) {
        print_one(act, out);
        buf_putc(out, ';');
        return;
    }
    for (size_t i = 0; i < act->n; i++) {
        if (i) {
            buf_putc(out, ' ');
        }
        print(act->acts[i], out);
    }
}

void
actions_print(const struct act *act, struct buf *out)
{
    if (act) {
        print(act, out);
    } else {
        buf_put(out, "drop;", 5);
    }
}

/* Equality. */

static bool
args_eq(const struct act_arg *a, const struct act_arg *b)
{
    if (!str_eq(a->key, b->key) || a->kind != b->kind) {
        return false;
    } else if (a->kind == ARG_FIELD) {
        return a->field == b->field;
    } else if (a->kind == ARG_WORD) {
        return str_eq(a->word, b->word);
    }
    for (size_t i = 0; i < a->n_values && a->n_values == b->n_values; i++) {
        if (!lconst_eq(&a->values[i], &b->values[i])) {
            return false;
        }
    }
    return a->n_values == b->n_values && a->braces == b->braces;
}

static bool
lb_eq(const struct act *a, const struct act *b)
{
    for (size_t i = 0; i < a->n; i++) {
        if (!ip_addr_eq(&a->lb.backends[i].addr, &b->lb.backends[i].addr)
            || a->lb.backends[i].port != b->lb.backends[i].port) {
            return false;
        }
    }
    return !a->n || (str_eq(a->lb.hash_fields, b->lb.hash_fields) && a->lb.flag == b->lb.flag);
}

static bool
special_eq(const struct act *a, const struct act *b)
{
    if (a->kind == ACT_SEQ) {
        for (size_t i = 0; i < a->n; i++) {
            if (!act_eq(a->acts[i], b->acts[i])) {
                return false;
            }
        }
    } else if (a->kind == ACT_SET) {
        return lconst_eq(a->value, b->value);
    } else if (a->kind == ACT_SELECT) {
        return !memcmp(a->choices, b->choices, a->n * sizeof *a->choices);
    } else if (a->kind == ACT_NEXT) {
        return a->next.has_table == b->next.has_table && a->next.table == b->next.table
            && a->next.has_pipeline == b->next.has_pipeline && a->next.ingress == b->next.ingress;
    }
    return true;
}

bool
act_eq(const struct act *a, const struct act *b)
{
    if (a == b) {
        return true;
    } else if (!a || !b || a->kind != b->kind || a->result != b->result || a->field != b->field || a->n != b->n
               || a->has_block != b->has_block) {
        return false;
    }
    switch (act_info(a->kind)->shape) {
    case ACT_SHAPE_SPECIAL:
        return special_eq(a, b);
    case ACT_SHAPE_BLOCK:
    case ACT_SHAPE_OPTIONAL_BLOCK:
        return act_eq(a->inner, b->inner);
    case ACT_SHAPE_NAT:
        return a->nat.has_addr == b->nat.has_addr
            && (!a->nat.has_addr || (ip_addr_eq(&a->nat.addr, &b->nat.addr) && a->nat.port_min == b->nat.port_min
                                     && a->nat.port_max == b->nat.port_max));
    case ACT_SHAPE_LB:
        return lb_eq(a, b);
    case ACT_SHAPE_CALL:
        for (size_t i = 0; i < a->n; i++) {
            if (!args_eq(&a->args[i], &b->args[i])) {
                return false;
            }
        }
        return true;
    case ACT_SHAPE_ZONE:
        return str_eq(a->zone, b->zone);
    case ACT_SHAPE_BARE:
    case ACT_SHAPE_PARENS:
        break;
    }
    return true;
}
