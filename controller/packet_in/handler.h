/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_PACKET_IN_HANDLER_H
#define WEFT_CONTROLLER_PACKET_IN_HANDLER_H

/* What: what a handler of one opcode gets, and the helpers that handlers share.
 *
 * Invariants: 'packet' has at least an Ethernet header; everything else must be looked for.  A handler that does not return
 * PACKET_IN_HANDLED has put out nothing. */

#include "controller/packet_in.h"
#include "lib/packet/parse.h"

enum packet_in_result {
    PACKET_IN_HANDLED,
    PACKET_IN_MALFORMED,                                     /* userdata or packet are not what the opcode needs */
    PACKET_IN_UNANSWERED,                                    /* well-formed, but a protocol forbids an answer */
};

struct packet_in_call {
    const struct of_packet_in *pin;
    struct packet packet;                                    /* pin->packet, parsed */
    struct str userdata;                                     /* behind 'struct opcode_header' */
    const struct packet_in_out *out;
    void *aux;                                               /* of 'out' */
};

typedef enum packet_in_result packet_in_handler(const struct packet_in_call *call);

/* Longest packet that handlers make: what fits into a packet_out besides actions. */
enum { PACKET_IN_PACKET_MAX = 16384 };

/* answer.c: puts out 'packet' with the actions in the userdata, in the place of the pipeline, with the registers, that the
 * packet-in left.  Malformed if those are not actions, or 'packet' overflowed. */
enum packet_in_result packet_in_answer(const struct packet_in_call *call, const struct buf *packet) MUST_USE;
/* The same, with the VLAN tags of the packet-in between the Ethernet addresses and the type of 'untagged'. */
enum packet_in_result packet_in_answer_tagged(const struct packet_in_call *call, const struct buf *untagged) MUST_USE;
uint32_t packet_in_register(const struct packet_in_call *call, int n);           /* 0..15 */
uint32_t packet_in_dp_key(const struct packet_in_call *call);

/* arp.c */
packet_in_handler packet_in_arp;
/* nd.c */
packet_in_handler packet_in_nd_ns, packet_in_nd_na, packet_in_nd_na_router;
/* icmp.c */
packet_in_handler packet_in_icmp4, packet_in_icmp6;
/* reset.c */
packet_in_handler packet_in_tcp_reset, packet_in_sctp_abort;
/* reject.c */
packet_in_handler packet_in_reject;
/* addresses.c */
packet_in_handler packet_in_put_arp, packet_in_put_nd, packet_in_put_fdb;
/* frag_mtu.c */
packet_in_handler packet_in_icmp4_frag_mtu, packet_in_icmp6_frag_mtu;

/* Parts of the above that reject.c is made of: 'is_swapped' sends the packet back to where the other came from. */
enum packet_in_result packet_in_icmp(const struct packet_in_call *call, uint8_t code, bool is_swapped);
enum packet_in_result packet_in_reset_tcp(const struct packet_in_call *call, bool is_swapped);
enum packet_in_result packet_in_abort_sctp(const struct packet_in_call *call, bool is_swapped);

#endif
