/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_ENCODER_H
#define WEFT_LOGICAL_ENCODER_H

/* What: what the parts of the encoder share.  Private to lib/logical; others use encode.h. */

#include "lib/logical/act_tree.h"
#include "lib/logical/encode.h"
#include "lib/logical/opcode.h"
#include "lib/openflow/of_actions.h"

struct encoder {
    const struct encode_params *params;
    struct buf *out;
    bool in_commit;                                          /* in a block that ct(exec()) runs */
    struct err *err;                                         /* the first, or NULL */
};

void encode_act(struct encoder *e, const struct act *act);   /* 'act' may be NULL */
/* Keeps the first error only. */
void encode_fail(struct encoder *e, const char *format, ...) PRINTF_LIKE(2, 3);

/* Where things are. */
struct of_subfield encode_field(field_ref f);
static inline struct of_subfield encode_flag(unsigned int bit)
{
    return (struct of_subfield) {OFF_REG(LOGICAL_REG_FLAGS), (uint16_t) bit, 1};
}
uint8_t encode_table(const struct encoder *e, bool ingress, unsigned int table);
uint8_t encode_next_table(const struct encoder *e);
uint32_t encode_port_key(const struct encoder *e, struct str name);
struct of_value encode_value(struct u128 x);
void encode_set(struct encoder *e, struct of_subfield dst, struct u128 value);

/* The argument 'key' of 'act', or NULL. */
const struct act_arg *encode_arg(const struct act *act, const char *key);
/* Its text: of a word or of one string; "" otherwise. */
struct str encode_arg_text(const struct act_arg *arg);
/* Its value, if it is one integer of at most 'max'; else an error and 0. */
uint64_t encode_arg_int(struct encoder *e, const struct act *act, const struct act_arg *arg, uint64_t max);

/* The parts: each encodes one action. */
void encode_ct(struct encoder *e, const struct act *act);                /* ct_*, select, fwd_group */
void encode_lookup(struct encoder *e, const struct act *act);            /* what other tables answer */
void encode_learn(struct encoder *e, const struct act *act);             /* commit_ecmp_nh, commit_lb_aff */
void encode_controller(struct encoder *e, const struct act *act);        /* what the controller does */
/* Sends the packet to the controller with 'opcode' and no more. */
void encode_opcode(struct encoder *e, enum opcode opcode, bool pause);

/* Puts the values of 'args' into the fields 'dsts' while other tables or the controller need them there, and back. */
struct encode_move {
    struct of_subfield src, dst;
};
void encode_save_args(struct encoder *e, const struct encode_move *moves, size_t n);
void encode_restore_args(struct encoder *e, const struct encode_move *moves, size_t n);

#endif
