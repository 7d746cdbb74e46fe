/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_ACT_TREE_H
#define WEFT_LOGICAL_ACT_TREE_H

/* What: the nodes of actions, and the table of their kinds.  Private to lib/logical; others use actions.h. */

#include "lib/logical/actions.h"

enum act_shape {
    ACT_SHAPE_SPECIAL,
    ACT_SHAPE_BARE,
    ACT_SHAPE_BLOCK,
    ACT_SHAPE_OPTIONAL_BLOCK,
    ACT_SHAPE_NAT,
    ACT_SHAPE_LB,
    ACT_SHAPE_CALL,
    ACT_SHAPE_PARENS,
    ACT_SHAPE_ZONE,
};
enum act_result { ACT_RESULT_NONE, ACT_RESULT_BIT, ACT_RESULT_PORT, ACT_RESULT_INTEGER };

struct act_info {
    struct str name;
    enum act_shape shape;
    const char *arguments;
    enum act_result result;
    const char *prereq;
};
const struct act_info *act_info(enum act_kind kind);

struct act {
    enum act_kind kind;
    field_ref result;                                        /* before '=': of SET, MOVE, and what has a result */
    field_ref field;                                         /* of MOVE, EXCHANGE (with 'result'), PUSH, POP */
    bool has_block;                                          /* of BLOCK shapes: "name { ... };" */
    size_t n;                                                /* of 'acts', 'args', 'backends', 'choices' */
    union {
        const struct act *const *acts;                       /* of SEQ */
        const struct act *inner;                             /* of BLOCK shapes; may be NULL */
        const struct lconst *value;                          /* of SET */
        const struct act_arg *args;                          /* of CALL */
        const struct select_choice *choices;                 /* of SELECT */
        struct str zone;                                     /* of ZONE shapes; "" if none */
        struct {                                             /* of NEXT */
            bool has_table, has_pipeline, ingress;
            uint8_t table;                                   /* if 'has_table' */
        } next;
        struct {                                             /* of NAT shapes */
            bool has_addr;
            struct ip_addr addr;
            uint16_t port_min, port_max;                     /* 0: none */
        } nat;
        struct {                                             /* of LB shapes; without backends "name;" */
            const struct lb_backend *backends;
            struct str hash_fields;                          /* "" if none */
            enum lb_flag flag;
        } lb;
    };
};

/* Whether the arguments, or the result, are what 'kind' takes. */
bool act_args_fit(enum act_kind kind, const struct act_arg *args, size_t n);
bool act_result_fits(enum act_kind kind, field_ref result);

#endif
