/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OPENFLOW_OF_FLOW_H
#define WEFT_OPENFLOW_OF_FLOW_H

/* What: the messages that change flows (flow_mod) and list them (flow descriptions).
 *
 * Why: the controller compares 'struct of_flow_desc', what the switch has, with what it wants, and sends the
 * difference as 'struct of_flow_mod'. */

#include "lib/openflow/of_match.h"
#include "lib/openflow/of_msg.h"

enum { OFPTT_ALL = 0xff };
enum { OFP_DEFAULT_PRIORITY = 0x8000 };
enum of_flow_command { OFPFC_ADD, OFPFC_MODIFY, OFPFC_MODIFY_STRICT, OFPFC_DELETE, OFPFC_DELETE_STRICT };
enum { OFPFF_SEND_FLOW_REM = 1, OFPFF_CHECK_OVERLAP = 2, OFPFF_RESET_COUNTS = 4, OFPFF_NO_PKT_COUNTS = 8,
       OFPFF_NO_BYT_COUNTS = 16 };

struct of_flow_mod {
    enum of_flow_command command;
    uint8_t table_id;
    uint16_t priority;
    uint16_t idle_timeout, hard_timeout;                     /* seconds; 0: none */
    uint16_t importance;
    uint16_t flags;                                          /* OFPFF_* */
    uint64_t cookie;
    uint64_t cookie_mask;                           /* modify and delete: which bits of 'cookie' must match */
    uint32_t out_port, out_group;                    /* delete: only flows with such an output; OF_PORT_ANY */
    struct of_match match;                                  /* borrowed when encoding; owned after decoding */
    const void *actions;                               /* borrowed, 'n_actions' bytes; put in apply_actions */
    size_t n_actions;
};
/* An add of nothing: zeros, but out_port and out_group are OF_PORT_ANY. */
void of_flow_mod_init(struct of_flow_mod *fm);
/* False, appending nothing, if the flow does not fit in one message. */
bool of_put_flow_mod(struct buf *out, uint32_t xid, const struct of_flow_mod *fm) MUST_USE;
/* The caller owns 'ret->match'; 'ret->actions' lie in 'msg'.  Instructions other than apply_actions are an
 * error. */
struct err *of_flow_mod_decode(const struct of_msg *msg, struct of_flow_mod *ret) MUST_USE;
void of_flow_mod_print(const struct of_flow_mod *fm, struct buf *out);

struct of_flow_desc {
    uint8_t table_id;
    bool has_other_instructions;                            /* something but apply_actions: no flow of ours */
    bool has_stats;
    uint16_t priority, idle_timeout, hard_timeout, importance, flags;
    uint64_t cookie;
    uint64_t n_packets, n_bytes;                             /* if 'has_stats' */
    uint32_t duration_sec, duration_nsec;                    /* if 'has_stats' */
    struct of_match match;                                   /* owned */
    const void *actions;                                    /* borrowed from the message, 'n_actions' bytes */
    size_t n_actions;
};
struct of_flow_filter {                                      /* which flows to list */
    uint8_t table_id;                                        /* or OFPTT_ALL */
    uint32_t out_port, out_group;                            /* or OF_PORT_ANY */
    uint64_t cookie, cookie_mask;
    const struct of_match *match;                            /* or NULL for all */
};
void of_put_flow_desc_request(struct buf *out, uint32_t xid, const struct of_flow_filter *filter);
/* Takes the first description off '*body' (that of a flow_desc reply; walk while body->n).  On success the
 * caller frees '*ret' with of_match_fini(&ret->match).  On error (such as a match field we do not know, in
 * a flow that is not ours) '*body' has moved on all the same, so that the walk may continue. */
struct err *of_flow_desc_pull(struct str *body, struct of_flow_desc *ret) MUST_USE;
void of_flow_desc_print(const struct of_flow_desc *desc, struct buf *out);

struct of_flow_removed {
    uint8_t table_id, reason;
    uint16_t priority, idle_timeout, hard_timeout;
    uint64_t cookie;
    struct of_match match;                                   /* owned */
};
struct err *of_flow_removed_decode(const struct of_msg *msg, struct of_flow_removed *ret) MUST_USE;

#endif
