/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LIB_LOGICAL_ACT_PARSE_CT_H
#define WEFT_LIB_LOGICAL_ACT_PARSE_CT_H

/* What: the arguments of the actions of connection tracking, as ovn-sb(5) writes them behind ct_snat, ct_lb and others.
 * Private to act_parse.c.
 *
 * Why: addresses, ports and backends are a language of their own.
 *
 * Each reads what stands in parentheses, if anything does, into 'act', whose kind is set.  On error it returns false, and the
 * lexer has the error. */

#include <stdbool.h>

struct act;
struct arena;
struct lexer;

bool act_parse_nat(struct lexer *lexer, struct act *act);    /* "(192.0.2.1,1024-2047)" */
bool act_parse_lb(struct lexer *lexer, struct arena *arena, struct act *act);    /* "(backends=192.0.2.1:80; skip_snat)" */
bool act_parse_zone(struct lexer *lexer, struct act *act);   /* "(dnat)" */

#endif
