/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/vec.h"
#include "lib/logical/act_parse_ct.h"
#include "lib/logical/act_tree.h"
#include "lib/logical/expr_parse.h"
#include "lib/logical/expr_tree.h"

/* A recursive-descent parser.  On error functions return NULL (or false) and the lexer has the error. */

struct parser {
    struct lexer lexer;
    struct arena *arena;
    const struct act_parse_params *params;
    VEC(const struct expr *) prereqs;                        /* of the actions outside blocks */
    unsigned int depth;                                      /* of blocks */
};

static const struct act *parse_list(struct parser *p, enum lex_type end);
static const struct act *parse_action(struct parser *p);

struct err *
actions_parse(struct arena *arena, struct str text, const struct act_parse_params *params, const struct act **ret,
              const struct expr **ret_prereqs)
{
    if (text.n > ACTIONS_MAX_TEXT) {
        return err_new("Actions of %zu bytes are too long: at most %d.", text.n, ACTIONS_MAX_TEXT);
    }
    struct parser p = {.arena = arena, .params = params};
    lexer_init(&p.lexer, arena, text);
    const struct act *act = parse_list(&p, LEX_END);
    struct err *err = lexer_take_err(&p.lexer);
    if (!err) {
        *ret = act && act->kind == ACT_DROP ? NULL : act;
        if (ret_prereqs) {
            *ret_prereqs = expr_and_n(arena, p.prereqs.d, p.prereqs.n);
        }
    }
    vec_fini(&p.prereqs);
    return err;
}

/* Prerequisites. */

static void
add_prereq(struct parser *p, const struct expr *x)
{
    for (size_t i = 0; i < p->prereqs.n; i++) {
        if (p->prereqs.d[i] == x || expr_eq(p->prereqs.d[i], x)) {
            return;
        }
    }
    if (!p->depth && !expr_is_true(x)) {
        vec_push(&p->prereqs, x);
    }
}

static void
add_field_prereq(struct parser *p, field_ref f)
{
    for (enum symbol symbol = field_ref_symbol(f); symbol != F_NONE; symbol = symbol_info(symbol)->base) {
        add_prereq(p, symbol_expansion(symbol));
    }
}

/* A field of an action: any but a predicate. */
static field_ref
parse_field(struct parser *p)
{
    field_ref f = lexer_field(&p->lexer);
    if (f != F_NONE && symbol_info(field_ref_symbol(f))->kind == SYM_PREDICATE) {
        lexer_error(&p->lexer, "Predicate symbol %s used where lvalue required", symbol_info(field_ref_symbol(f))->name);
        return F_NONE;
    } else if (f != F_NONE) {
        add_field_prereq(p, f);
    }
    return f;
}

static bool
check_writable(struct parser *p, field_ref f)
{
    const struct symbol_info *info = symbol_info(field_ref_symbol(f));
    if (!info->writable || (field_ref_symbol(f) == F_OUTPORT && p->params->is_egress && !p->depth)) {
        lexer_error(&p->lexer, "Field %s is not modifiable", info->name);
        return false;
    }
    return true;
}

static bool
check_same_type(struct parser *p, field_ref a, field_ref b)
{
    const char *name_a = symbol_info(field_ref_symbol(a))->name, *name_b = symbol_info(field_ref_symbol(b))->name;
    if (symbol_info(field_ref_symbol(a))->kind == SYM_OVN_FIELD || symbol_info(field_ref_symbol(b))->kind == SYM_OVN_FIELD) {
        lexer_error(&p->lexer, "OVN field can only be assigned a constant (%s, %s)", name_a, name_b);
    } else if (field_ref_is_string(a) != field_ref_is_string(b)) {
        lexer_error(&p->lexer, "Can't assign between string and integer fields (%s, %s)", name_a, name_b);
    } else if (field_ref_width(a) != field_ref_width(b)) {
        lexer_error(&p->lexer, "Can't assign %u-bit value to %u-bit destination (%s, %s)", field_ref_width(b), field_ref_width(a),
                    name_a, name_b);
    } else {
        return true;
    }
    return false;
}

/* Pieces of actions. */

static struct act *
new_act(struct parser *p, enum act_kind kind)
{
    struct act *act = ARENA_NEW(p->arena, struct act);
    act->kind = kind;
    return act;
}

/* The block behind the current "{". */
static bool
parse_block(struct parser *p, struct act *act)
{
    if (!lexer_force(&p->lexer, LEX_LCURLY)) {
        return false;
    } else if (++p->depth > ACTIONS_MAX_DEPTH) {
        lexer_error(&p->lexer, "Actions nested too deeply");
        return false;
    }
    act->has_block = true;
    act->inner = parse_list(p, LEX_RCURLY);
    p->depth--;
    return !p->lexer.err;
}

/* "ct_commit(ct_mark=1/1, ct_label=2)", which is how the block was once written. */
static bool
parse_old_commit(struct parser *p, struct act *act)
{
    VEC(const struct act *) acts = {0};
    p->depth++;
    do {
        field_ref f = parse_field(p);
        if (f == F_NONE || !check_writable(p, f) || !lexer_force(&p->lexer, LEX_EQUALS)) {
            break;
        } else if (!lexer_is_integer(&p->lexer)) {
            lexer_syntax_error(&p->lexer, "expecting constant");
            break;
        } else if (check_constant(&p->lexer, f, &p->lexer.constant)) {
            vec_push(&acts, act_set(p->arena, f, p->lexer.constant));
            lexer_next(&p->lexer);
        }
    } while (lexer_match(&p->lexer, LEX_COMMA));
    p->depth--;
    act->has_block = true;
    act->inner = act_seq_n(p->arena, acts.d, acts.n);
    vec_fini(&acts);
    return lexer_force(&p->lexer, LEX_RPAREN);
}

/* Calls. */

/* One argument.  'any': a list of keys and values; otherwise fields and constants. */
static bool
parse_arg(struct parser *p, bool any, struct act_arg *ret)
{
    struct lexer *lexer = &p->lexer;
    *ret = (struct act_arg) {.kind = ARG_WORD};
    if (lexer->type == LEX_ID && !any) {
        ret->kind = ARG_FIELD;
        ret->field = parse_field(p);
        return ret->field != F_NONE;
    } else if (lexer->type == LEX_ID) {
        ret->word = str_n(arena_memdup0(p->arena, lexer->text.s, lexer->text.n), lexer->text.n);
        lexer_next(lexer);
        if (!lexer_match(lexer, LEX_EQUALS)) {
            return true;
        }
        ret->key = ret->word;
        if (lexer->type == LEX_ID) {
            ret->word = str_n(arena_memdup0(p->arena, lexer->text.s, lexer->text.n), lexer->text.n);
            lexer_next(lexer);
            return true;
        }
    }
    struct lconst *values;
    ret->kind = ARG_VALUES;
    ret->braces = lexer->type == LEX_LCURLY;
    ret->word = str_n(NULL, 0);
    ret->n_values = parse_constants(lexer, &values);
    ret->values = values;
    return ret->n_values > 0;
}

static const struct act *
parse_call(struct parser *p, enum act_kind kind, field_ref result)
{
    struct lexer *lexer = &p->lexer;
    VEC(struct act_arg) args = {0};
    bool any = act_info(kind)->arguments[0] == '*';
    const struct act *act = NULL;
    size_t start = lexer->start;
    if (lexer_force(lexer, LEX_LPAREN) && !lexer_match(lexer, LEX_RPAREN)) {
        do {
            struct act_arg arg;
            if (!parse_arg(p, any, &arg)) {
                break;
            }
            vec_push(&args, arg);
        } while (lexer_match(lexer, LEX_COMMA));
        lexer_force(lexer, LEX_RPAREN);
    }
    if (!lexer->err && !act_args_fit(kind, args.d, args.n)) {
        lexer->start = start;
        lexer_error(lexer, "Wrong number or type of arguments of %s", act_info(kind)->name.s);
    } else if (!lexer->err) {
        act = act_call_args(p->arena, kind, result, args.d, args.n);
    }
    vec_fini(&args);
    return act;
}

static bool
parse_choice(struct parser *p, struct select_choice *ret)
{
    uint64_t id, weight = 100;
    if (!lexer_force_int(&p->lexer, UINT16_MAX, &id)
        || (lexer_match(&p->lexer, LEX_EQUALS) && !lexer_force_int(&p->lexer, UINT16_MAX, &weight))) {
        return false;
    } else if (!weight) {
        lexer_error(&p->lexer, "Weight can't be 0");
        return false;
    }
    *ret = (struct select_choice) {(uint16_t) id, (uint16_t) weight};
    return true;
}

static const struct act *
parse_select(struct parser *p, field_ref result)
{
    struct lexer *lexer = &p->lexer;
    VEC(struct select_choice) choices = {0};
    const struct act *act = NULL;
    struct select_choice choice;
    if (lexer_force(lexer, LEX_LPAREN)) {
        do {
            if (!parse_choice(p, &choice)) {
                break;
            }
            vec_push(&choices, choice);
        } while (lexer_match(lexer, LEX_COMMA));
        if (!lexer->err && choices.n < 2) {
            lexer_syntax_error(lexer, "expecting at least 2 group members");
        } else if (lexer_force(lexer, LEX_RPAREN)) {
            act = act_select(p->arena, result, choices.d, choices.n);
        }
    }
    vec_fini(&choices);
    return act;
}

/* Actions by name. */

/* Other spellings of ovn-sb(5) and of later versions. */
static const struct { const char *name; enum act_kind kind; } aliases[] = {
    {"check_ecmp_nh", ACT_CHECK_ECMP_NH}, {"check_ecmp_nh_mac", ACT_CHECK_ECMP_NH_MAC},
};

static enum act_kind
find_action(struct str name)
{
    for (enum act_kind kind = 0; kind < N_ACT_KINDS; kind++) {
        if (act_info(kind)->name.n && str_eq(act_info(kind)->name, name)) {
            return kind;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        if (str_is(name, aliases[i].name)) {
            return aliases[i].kind;
        }
    }
    return N_ACT_KINDS;
}

static const struct act *
parse_next(struct parser *p)
{
    struct lexer *lexer = &p->lexer;
    struct act *act = new_act(p, ACT_NEXT);
    bool ingress = !p->params->is_egress;
    uint64_t table = 0;
    if (!lexer_match(lexer, LEX_LPAREN)) {
        if (p->params->table + 1 >= p->params->n_tables) {
            lexer_error(lexer, "\"next\" action not allowed in last table");
            return NULL;
        }
        return act;
    } else if (lexer_is_integer(lexer)) {
        if (!lexer_force_int(lexer, UINT8_MAX, &table)) {
            return NULL;
        }
        act->next.has_table = true;
    } else {
        do {
            if (lexer_match_id(lexer, "pipeline")) {
                act->next.has_pipeline = lexer_force(lexer, LEX_EQUALS);
                if (lexer_match_id(lexer, "ingress")) {
                    ingress = true;
                } else if (lexer_match_id(lexer, "egress")) {
                    ingress = false;
                } else {
                    lexer_syntax_error(lexer, "expecting \"ingress\" or \"egress\"");
                }
            } else if (lexer_match_id(lexer, "table")) {
                act->next.has_table = lexer_force(lexer, LEX_EQUALS) && lexer_force_int(lexer, UINT8_MAX, &table);
            } else {
                lexer_syntax_error(lexer, "expecting \"pipeline\" or \"table\"");
            }
        } while (lexer_match(lexer, LEX_COMMA));
        if (!act->next.has_table) {
            table = p->params->table + 1;
        }
        act->next.has_table = act->next.has_pipeline = true;
    }
    if (ingress != p->params->is_egress && table >= p->params->n_tables) {
        lexer_error(lexer, "\"next\" table %u is not in the range 0 to %u", (unsigned int) table, p->params->n_tables - 1);
    }
    act->next.table = (uint8_t) table;
    act->next.ingress = act->next.has_pipeline && ingress;
    return lexer_force(lexer, LEX_RPAREN) ? act : NULL;
}

static const struct act *
parse_stack(struct parser *p, enum act_kind kind)
{
    field_ref f = lexer_force(&p->lexer, LEX_LPAREN) ? parse_field(p) : F_NONE;
    if (f == F_NONE || (kind == ACT_POP && !check_writable(p, f)) || !lexer_force(&p->lexer, LEX_RPAREN)) {
        return NULL;
    } else if (symbol_info(field_ref_symbol(f))->kind == SYM_OVN_FIELD) {
        lexer_error(&p->lexer, "Only fields of the packet and registers can be on the stack");
        return NULL;
    }
    return kind == ACT_POP ? act_pop(p->arena, f) : act_push(p->arena, f);
}

static bool
parse_parens(struct parser *p)
{
    return !lexer_match(&p->lexer, LEX_LPAREN) || lexer_force(&p->lexer, LEX_RPAREN);
}

/* The action 'kind', whose name has been read, with 'result' before it. */
static const struct act *
parse_named(struct parser *p, enum act_kind kind, field_ref result)
{
    const struct act_info *info = act_info(kind);
    if (!act_result_fits(kind, result)) {
        lexer_error(&p->lexer, info->result ? "Action %s must store its result in a %s" : "Action %s has no result%.0s",
                    info->name.s, info->result == ACT_RESULT_PORT ? "port field" : info->result == ACT_RESULT_BIT
                    ? "one-bit field" : "integer field");
        return NULL;
    } else if (info->prereq[0]) {
        add_prereq(p, symbol_expansion(symbol_find(str_from(info->prereq))));
    }
    struct act *act;
    switch (info->shape) {
    case ACT_SHAPE_BARE:
        return act_bare(kind);
    case ACT_SHAPE_OPTIONAL_BLOCK:
    case ACT_SHAPE_BLOCK:
        act = new_act(p, kind);
        if (kind == ACT_CT_COMMIT && lexer_match(&p->lexer, LEX_LPAREN)) {
            return parse_old_commit(p, act) ? act : NULL;
        } else if (info->shape == ACT_SHAPE_OPTIONAL_BLOCK && p->lexer.type != LEX_LCURLY) {
            return act;
        }
        return parse_block(p, act) ? act : NULL;
    case ACT_SHAPE_NAT:
        act = new_act(p, kind);
        return act_parse_nat(&p->lexer, act) ? act : NULL;
    case ACT_SHAPE_LB:
        act = new_act(p, kind);
        return act_parse_lb(&p->lexer, p->arena, act) ? act : NULL;
    case ACT_SHAPE_ZONE:
        act = new_act(p, kind);
        return act_parse_zone(&p->lexer, act) ? act : NULL;
    case ACT_SHAPE_PARENS:
        return parse_parens(p) ? act_result(p->arena, kind, result) : NULL;
    case ACT_SHAPE_CALL:
        return parse_call(p, kind, result);
    case ACT_SHAPE_SPECIAL:
        break;
    }
    switch (kind) {
    case ACT_NEXT:
        return parse_next(p);
    case ACT_SELECT:
        return parse_select(p, result);
    default:
        return parse_stack(p, kind);
    }
}

/* "FIELD = ...", "FIELD <-> FIELD", "ip.ttl--". */
static const struct act *
parse_assignment(struct parser *p)
{
    struct lexer *lexer = &p->lexer;
    field_ref dst = parse_field(p);
    if (dst == F_NONE) {
        return NULL;
    } else if (dst == F_IP_TTL && lexer_match(lexer, LEX_DECREMENT)) {
        return act_dec_ttl();
    } else if (lexer->type != LEX_EQUALS && lexer->type != LEX_EXCHANGE) {
        lexer_syntax_error(lexer, "expecting `=' or `<->'");
        return NULL;
    } else if (!check_writable(p, dst)) {
        return NULL;
    }
    if (lexer_match(lexer, LEX_EXCHANGE)) {
        field_ref other = parse_field(p);
        return other != F_NONE && check_writable(p, other) && check_same_type(p, dst, other)
            ? act_exchange(p->arena, dst, other) : NULL;
    }
    lexer_next(lexer);
    if (lexer->type == LEX_CONST) {
        if (lexer->constant.kind == LC_ADDRESS_SET || lexer->constant.kind == LC_PORT_GROUP) {
            lexer_syntax_error(lexer, "expecting a value");
            return NULL;
        } else if (!check_constant(lexer, dst, &lexer->constant)) {
            return NULL;
        }
        const struct act *act = act_set(p->arena, dst, lexer->constant);
        lexer_next(lexer);
        return act;
    }
    enum act_kind kind = lexer->type == LEX_ID ? find_action(lexer->text) : N_ACT_KINDS;
    if (kind != N_ACT_KINDS && act_info(kind)->result) {
        lexer_next(lexer);
        return parse_named(p, kind, dst);
    }
    field_ref src = parse_field(p);
    return src != F_NONE && check_same_type(p, dst, src) ? act_move(p->arena, dst, src) : NULL;
}

/* One action with its semicolon. */
static const struct act *
parse_action(struct parser *p)
{
    struct lexer *lexer = &p->lexer;
    const struct act *act = NULL;
    if (lexer->type != LEX_ID) {
        lexer_syntax_error(lexer, "expecting action");
        return NULL;
    }
    enum act_kind kind = find_action(lexer->text);
    if (kind == ACT_DEC_TTL || kind == N_ACT_KINDS) {
        if (symbol_find(lexer->text) == F_NONE) {
            lexer_syntax_error(lexer, "expecting action");
            return NULL;
        }
        act = parse_assignment(p);
    } else {
        lexer_next(lexer);
        act = parse_named(p, kind, F_NONE);
    }
    return act && lexer_force(lexer, LEX_SEMICOLON) ? act : NULL;
}

static const struct act *
parse_list(struct parser *p, enum lex_type end)
{
    VEC(const struct act *) acts = {0};
    while (!p->lexer.err && p->lexer.type != end) {
        if (p->lexer.type == LEX_END) {
            lexer_syntax_error(&p->lexer, "expecting `}'");
            break;
        }
        vec_push(&acts, parse_action(p));
    }
    if (end != LEX_END) {
        lexer_match(&p->lexer, end);
    }
    const struct act *list = p->lexer.err ? NULL : act_seq_n(p->arena, acts.d, acts.n);
    vec_fini(&acts);
    return list;
}
