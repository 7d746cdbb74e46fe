/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_EXPR_H
#define WEFT_LOGICAL_EXPR_H

/* What: matches of logical flows (ovn-sb(5), Logical_Flow table, column match) as trees: building,
 * parsing, printing, evaluating.
 *
 * Why: northd builds trees and prints them once; the controller and trace parse the same text.  There is
 * one printer and one parser, and expr_parse(expr_print(x)) equals x for every tree built here.
 *
 * Owns: nothing.  A tree lives in the arena given to its builder or parser and is never changed, so
 * trees may share subtrees of the same or of a longer-lived arena.  'struct str' arguments are copied.
 *
 * Invariants (kept by builders and parser alike): && and || nodes have two or more operands, none of
 * them the same operator or a constant truth value; "!" is not applied to "!", truth values; so equal
 * meaning written two ways is not made equal, but grouping is.
 *
 * Cost: building allocates only from the arena; printing is linear, without formatting functions. */

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/logical/symbol.h"
#include "lib/logical/value.h"

struct expr;

enum relop { REL_EQ, REL_NE, REL_LT, REL_LE, REL_GT, REL_GE };

enum {
    EXPR_MAX_TEXT = 4 * 1024 * 1024,                         /* bytes of a match; longer is refused */
    EXPR_MAX_DEPTH = 100,                                    /* nested parentheses */
};

/* Builders.  Operands may be NULL: expr_and() and expr_or() skip them, so optional parts are written in
 * place; with no operand left expr_and() is true and expr_or() is false. */
const struct expr *expr_true(void);                          /* "1" */
const struct expr *expr_false(void);                         /* "0" */
const struct expr *expr_and_n(struct arena *arena, const struct expr *const *operands, size_t n) MUST_USE;
const struct expr *expr_or_n(struct arena *arena, const struct expr *const *operands, size_t n) MUST_USE;
#define EXPR_LIST__(...) (const struct expr *const[]) {__VA_ARGS__}, sizeof((const struct expr *const[]) {__VA_ARGS__}) / sizeof(struct expr *)
#define expr_and(ARENA, ...) expr_and_n(ARENA, EXPR_LIST__(__VA_ARGS__))
#define expr_or(ARENA, ...) expr_or_n(ARENA, EXPR_LIST__(__VA_ARGS__))
const struct expr *expr_not(struct arena *arena, const struct expr *x) MUST_USE;

/* A predicate, or a one-bit field, by its name alone: "ip4", "ct.est", "reg0[7]". */
const struct expr *expr_has(struct arena *arena, field_ref f) MUST_USE;
static inline const struct expr *expr_has_not(struct arena *arena, field_ref f) { return expr_not(arena, expr_has(arena, f)); }

/* Comparisons.  The value must fit the field: that is the caller's promise, checked. */
const struct expr *expr_cmp(struct arena *arena, field_ref f, enum relop op, struct lconst value) MUST_USE;
const struct expr *expr_eq_u64(struct arena *arena, field_ref f, uint64_t value) MUST_USE;       /* "arp.op == 1" */
const struct expr *expr_eq_hex(struct arena *arena, field_ref f, uint64_t value) MUST_USE;       /* "eth.type == 0x800" */
const struct expr *expr_eq_mac(struct arena *arena, field_ref f, struct eth_addr addr) MUST_USE;
const struct expr *expr_eq_ip4(struct arena *arena, field_ref f, be32 addr) MUST_USE;
const struct expr *expr_eq_ip6(struct arena *arena, field_ref f, const struct in6_addr *addr) MUST_USE;
const struct expr *expr_in_prefix(struct arena *arena, field_ref f, const struct ip_prefix *prefix) MUST_USE;
const struct expr *expr_eq_str(struct arena *arena, field_ref f, const char *name) MUST_USE;     /* 'inport == "lp1"' */
const struct expr *expr_in_address_set(struct arena *arena, field_ref f, const char *name) MUST_USE;     /* "ip4.src == $as" */
const struct expr *expr_in_port_group(struct arena *arena, field_ref f, const char *name) MUST_USE;      /* "inport == @pg" */
/* "f == {a, b, c}"; 'n' > 0; a set of one prints without braces. */
const struct expr *expr_in_set(struct arena *arena, field_ref f, const struct lconst *values, size_t n) MUST_USE;
const struct expr *expr_chassis_resident(struct arena *arena, const char *lport) MUST_USE;

/* Parses 'text'.  On success stores the tree, allocated from 'arena', in '*ret'.
 *
 * Checks types, widths, levels of measurement and depth.  Errors say what and where: "Syntax error at
 * column 9 of 'ip4.src == ': expecting constant."  On error '*ret' is unchanged. */
struct err *expr_parse(struct arena *arena, struct str text, const struct expr **ret) MUST_USE;

/* A match that a user wrote (ACLs, policies): parsed and checked as by expr_parse(), but printed as the
 * user wrote it, in parentheses where they are needed, so that searching for one's own text finds it. */
struct err *expr_text(struct arena *arena, struct str text, const struct expr **ret) MUST_USE;

/* Appends the canonical text of 'x' to 'out': one space around operators, "1" for true, parentheses
 * only where the grammar needs them. */
void expr_print(const struct expr *x, struct buf *out);

bool expr_eq(const struct expr *a, const struct expr *b);    /* the same tree; a user's text is its tree */
bool expr_is_true(const struct expr *x);
bool expr_is_false(const struct expr *x);

/* Evaluation, for trace and tests: the plain meaning of a tree on one packet. */
struct expr_env {
    void *aux;
    struct u128 (*field)(void *aux, enum symbol field);      /* never a subfield, predicate or string */
    struct str (*port)(void *aux, enum symbol field);        /* F_INPORT or F_OUTPORT; "" for none */
    bool (*in_address_set)(void *aux, struct str name, struct u128 value, unsigned int width);
    bool (*in_port_group)(void *aux, struct str name, struct str port);
    bool (*is_chassis_resident)(void *aux, struct str lport);
};
/* Whether 'x', with the prerequisites of all that it mentions, holds in 'env'. */
bool expr_evaluate(const struct expr *x, const struct expr_env *env);

#endif
