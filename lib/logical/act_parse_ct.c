/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/act_parse_ct.h"

#include "lib/base/vec.h"
#include "lib/logical/act_tree.h"
#include "lib/logical/lexer.h"

static bool
parse_port(struct lexer *lexer, uint16_t *ret)
{
    uint64_t port;
    if (!lexer_force_int(lexer, UINT16_MAX, &port)) {
        return false;
    } else if (!port) {
        lexer_error(lexer, "Port 0 is not allowed");
        return false;
    }
    *ret = (uint16_t) port;
    return true;
}

static bool
parse_addr(struct lexer *lexer, struct ip_addr *ret)
{
    const struct lconst *c = &lexer->constant;
    if (!lexer_is_integer(lexer) || c->masked || (c->form != LC_IP4 && c->form != LC_IP6)) {
        lexer_syntax_error(lexer, "expecting IPv4 or IPv6 address");
        return false;
    }
    *ret = (struct ip_addr) {.is_v6 = c->form == LC_IP6};
    if (ret->is_v6) {
        u128_to_be(c->value, &ret->v6, sizeof ret->v6);
    } else {
        ret->v4 = htobe32((uint32_t) c->value.lo);
    }
    lexer_next(lexer);
    return true;
}

bool
act_parse_nat(struct lexer *lexer, struct act *act)
{
    if (!lexer_match(lexer, LEX_LPAREN)) {
        return true;
    } else if (!parse_addr(lexer, &act->nat.addr)) {
        return false;
    }
    act->nat.has_addr = true;
    if (lexer_match(lexer, LEX_COMMA)) {
        if (!parse_port(lexer, &act->nat.port_min)) {
            return false;
        } else if (lexer_match(lexer, LEX_DASH)) {
            if (!parse_port(lexer, &act->nat.port_max)) {
                return false;
            } else if (act->nat.port_min > act->nat.port_max) {
                lexer_error(lexer, "Range high should be greater than range low");
                return false;
            }
        }
    }
    return lexer_force(lexer, LEX_RPAREN);
}

static bool
parse_backend(struct lexer *lexer, struct lb_backend *ret)
{
    *ret = (struct lb_backend) {.port = 0};
    bool brackets = lexer_match(lexer, LEX_LSQUARE);
    if (!parse_addr(lexer, &ret->addr)) {
        return false;
    } else if (brackets && (!ret->addr.is_v6 || !lexer_force(lexer, LEX_RSQUARE))) {
        lexer_error(lexer, "Only IPv6 addresses are written in brackets");
        return false;
    }
    return ret->addr.is_v6 != brackets || !lexer_match(lexer, LEX_COLON) || parse_port(lexer, &ret->port);
}

static bool
parse_hash_fields(struct lexer *lexer, struct arena *arena, struct str *ret)
{
    struct buf names = BUF_INIT(1024);
    if (!lexer_force(lexer, LEX_EQUALS)) {
        return false;
    } else if (lexer->type == LEX_CONST && lexer->constant.kind == LC_STRING) {
        *ret = lexer->constant.name;
        lexer_next(lexer);
        return true;
    }
    do {
        if (lexer->type != LEX_ID) {
            lexer_syntax_error(lexer, "expecting field name");
        }
        buf_puts(&names, names.size ? "," : "");
        buf_put_str(&names, lexer->text);
        lexer_next(lexer);
    } while (lexer_match(lexer, LEX_COMMA));
    if (!buf_is_ok(&names)) {
        lexer_error(lexer, "Too many hash fields");
    }
    *ret = str_from(arena_strdup(arena, buf_text(&names)));
    buf_fini(&names);
    return !lexer->err;
}

bool
act_parse_lb(struct lexer *lexer, struct arena *arena, struct act *act)
{
    if (!lexer_match(lexer, LEX_LPAREN)) {
        return true;
    } else if (lexer_match_id(lexer, "backends") && !lexer_force(lexer, LEX_EQUALS)) {
        return false;
    }
    VEC(struct lb_backend) backends = {0};
    struct lb_backend backend;
    do {
        if (!parse_backend(lexer, &backend)) {
            break;
        }
        vec_push(&backends, backend);
    } while (lexer_match(lexer, LEX_COMMA));
    act->n = backends.n;
    act->lb.backends = backends.n ? arena_memdup(arena, backends.d, backends.n * sizeof *backends.d) : NULL;
    vec_fini(&backends);
    while (!lexer->err && lexer_match(lexer, LEX_SEMICOLON)) {
        if (lexer_match_id(lexer, "hash_fields")) {
            parse_hash_fields(lexer, arena, &act->lb.hash_fields);
        } else if (lexer_match_id(lexer, "skip_snat")) {
            act->lb.flag = LB_SKIP_SNAT;
        } else if (lexer_match_id(lexer, "force_snat")) {
            act->lb.flag = LB_FORCE_SNAT;
        } else if (lexer->type != LEX_RPAREN) {
            lexer_syntax_error(lexer, "expecting hash_fields, skip_snat or force_snat");
        }
    }
    return lexer_force(lexer, LEX_RPAREN);
}

bool
act_parse_zone(struct lexer *lexer, struct act *act)
{
    if (!lexer_match(lexer, LEX_LPAREN)) {
        if (act->kind == ACT_CT_COMMIT_TO_ZONE) {
            lexer_syntax_error(lexer, "expecting `('");
        }
        return !lexer->err;
    } else if (lexer->type != LEX_ID || (!str_is(lexer->text, "dnat") && !str_is(lexer->text, "snat"))) {
        lexer_syntax_error(lexer, "expecting dnat or snat");
        return false;
    }
    act->zone = str_from(str_is(lexer->text, "dnat") ? "dnat" : "snat");
    lexer_next(lexer);
    return lexer_force(lexer, LEX_RPAREN);
}
