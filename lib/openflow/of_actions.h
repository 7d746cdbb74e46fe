/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OPENFLOW_OF_ACTIONS_H
#define WEFT_OPENFLOW_OF_ACTIONS_H

/* What: OpenFlow actions as bytes: functions that append one action to a 'struct buf', and a printer.
 *
 * Why: an action list is built once and then only stored, compared and sent, so its wire form is the form
 * we keep.  The bytes are those that Open vSwitch itself reports for the action, so that "what the switch
 * has" and "what it should have" compare with memcmp().
 *
 * Invariants: an action's length is a multiple of 8.  Give the buf the limit OF_ACTIONS_MAX and check
 * buf_is_ok() at the end: then every nested length fits too.
 * Nesting: of_act_X_begin() returns a position to be given to of_act_end() when the nested actions have
 * been appended. */

#include "lib/base/err.h"
#include "lib/openflow/of_field.h"

enum { OF_ACTIONS_MAX = 65000 };                             /* a flow_mod in a bundle must hold them */
enum { OF_MAX_LEN = 0xffff };                                /* of a packet sent to a controller: all of it */

void of_act_output(struct buf *out, uint32_t port);          /* to a port or OF_PORT_* */
void of_act_output_reg(struct buf *out, struct of_subfield src);
void of_act_output_trunc(struct buf *out, uint16_t port, uint32_t max_len);

/* Sets the bits of 'mask' (NULL: the whole field). */
void of_act_set_field(struct buf *out, enum of_field_id field, const struct of_value *value,
                      const struct of_value *mask);
void of_act_set_u64(struct buf *out, enum of_field_id field, uint64_t value);
/* Sets part of a field to 'value' (its low bits). */
void of_act_load(struct buf *out, struct of_subfield dst, const struct of_value *value);
void of_act_load_u64(struct buf *out, struct of_subfield dst, uint64_t value);
void of_act_move(struct buf *out, struct of_subfield src, struct of_subfield dst);       /* equal widths */
void of_act_push(struct buf *out, struct of_subfield src);
void of_act_pop(struct buf *out, struct of_subfield dst);
void of_act_delete_field(struct buf *out, enum of_field_id field);

void of_act_resubmit(struct buf *out, uint8_t table);        /* resubmit(,table) */
void of_act_resubmit_port(struct buf *out, uint16_t in_port, uint8_t table, bool with_ct);
void of_act_group(struct buf *out, uint32_t group);
void of_act_meter(struct buf *out, uint32_t meter);          /* the first of a flow's actions, or refused */
void of_act_set_queue(struct buf *out, uint32_t queue);
void of_act_pop_queue(struct buf *out);
void of_act_dec_ttl(struct buf *out);
void of_act_push_vlan(struct buf *out, uint16_t eth_type);
void of_act_pop_vlan(struct buf *out);
/* 'clause' from 0 */
void of_act_conjunction(struct buf *out, uint32_t id, uint8_t clause, uint8_t n_clauses);
void of_act_check_pkt_larger(struct buf *out, uint16_t size, struct of_subfield dst);   /* 'dst' is one bit */
void of_act_note(struct buf *out, const void *p, size_t n);
void of_act_exit(struct buf *out);

struct of_controller {
    uint16_t max_len;                                        /* OF_MAX_LEN for all */
    uint16_t controller_id;
    uint8_t reason;                                          /* OF_REASON_*; OF_REASON_ACTION by habit */
    bool pause;                                              /* keep the packet's state for NXT_RESUME */
    uint32_t meter_id;                                       /* 0: none */
    const void *userdata;                                    /* borrowed, 'userdata_size' */
    size_t userdata_size;
};
enum { OF_REASON_NO_MATCH = 0, OF_REASON_ACTION = 1, OF_REASON_INVALID_TTL = 2, OF_REASON_ACTION_SET = 3,
       OF_REASON_GROUP = 4, OF_REASON_PACKET_OUT = 5 };
void of_act_controller(struct buf *out, const struct of_controller *spec);
/* The same with userdata still to come: append it to 'out' between begin and end. */
size_t of_act_controller_begin(struct buf *out, const struct of_controller *spec);
void of_act_controller_end(struct buf *out, size_t start);

enum { OF_CT_COMMIT = 1, OF_CT_FORCE = 2 };
enum { OF_CT_NO_RECIRC = 255 };
struct of_ct {
    uint16_t flags;                                          /* OF_CT_* */
    bool zone_is_field;
    uint16_t zone;                                           /* unless 'zone_is_field' */
    struct of_subfield zone_src;                             /* if 'zone_is_field': 16 bits */
    uint8_t recirc_table;                                    /* or OF_CT_NO_RECIRC */
    uint16_t alg;                                            /* 0: none; 21: ftp; 69: tftp */
};
/* Only nat, set_field, load and move of ct_mark and ct_label may be nested. */
size_t of_act_ct_begin(struct buf *out, const struct of_ct *spec);
enum { OF_NAT_SRC = 1, OF_NAT_DST = 2, OF_NAT_PERSISTENT = 4, OF_NAT_HASH = 8, OF_NAT_RANDOM = 16 };
struct of_nat {
    uint16_t flags;                                        /* OF_NAT_*; 0: translate as the connection says */
    uint8_t family;                                          /* 0 (no address), 4 or 6 */
    be32 v4_min, v4_max;                                     /* 'v4_max' may be 0: just 'v4_min' */
    struct in6_addr v6_min, v6_max;
    uint16_t port_min, port_max;                             /* 0: none */
};
void of_act_nat(struct buf *out, const struct of_nat *spec);
void of_act_ct_clear(struct buf *out);

size_t of_act_clone_begin(struct buf *out);
void of_act_end(struct buf *out, size_t start);              /* of ct, clone or learn */

enum { OF_LEARN_SEND_FLOW_REM = 1, OF_LEARN_DELETE_LEARNED = 2, OF_LEARN_WRITE_RESULT = 4 };
struct of_learn {
    uint16_t idle_timeout, hard_timeout, priority, flags;    /* OF_LEARN_* */
    uint64_t cookie;
    uint8_t table_id;
    uint16_t fin_idle_timeout, fin_hard_timeout;
    uint32_t limit;                                          /* 0: none */
    struct of_subfield result;                               /* with OF_LEARN_WRITE_RESULT: one bit */
};
size_t of_act_learn_begin(struct buf *out, const struct of_learn *spec);
/* Specifications, between begin and of_act_end(): the learned flow matches, or loads, 'dst' with a
 * constant or with what 'src' of the present packet is; or outputs to 'src'. */
void of_learn_match_value(struct buf *out, struct of_subfield dst, const struct of_value *value);
void of_learn_match_field(struct buf *out, struct of_subfield dst, struct of_subfield src);
void of_learn_load_value(struct buf *out, struct of_subfield dst, const struct of_value *value);
void of_learn_load_field(struct buf *out, struct of_subfield dst, struct of_subfield src);
void of_learn_output(struct buf *out, struct of_subfield src);

struct of_sample {
    uint16_t probability;
    uint32_t collector_set_id, obs_domain_id, obs_point_id;
};
void of_act_sample(struct buf *out, const struct of_sample *spec);

/* Appends the actions in ovs-ofctl(8) style ("resubmit(,8)", "set_field:0x1->reg0", "drop" for none), as
 * ovs-actions(7) writes them.  Never reads outside 'n' bytes; what does not decode ends the list with
 * " ***bad action***". */
void of_actions_print(const void *p, size_t n, struct buf *out);
/* Whether 'n' bytes are a well-formed list of actions that this library knows; the error says which is
 * not. */
struct err *of_actions_check(const void *p, size_t n) MUST_USE;

#endif
