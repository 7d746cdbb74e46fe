/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_PACKET_IN_H
#define WEFT_CONTROLLER_PACKET_IN_H

/* What: does what OpenFlow cannot: answers the packets that the switch sends up, by the opcode in their userdata
 * (lib/logical/opcode.h).
 *
 * Why: an action such as "arp { ... }" or "put_arp(...)" is compiled to "send to the controller".  A handler makes the
 * packet that the action asks for and gives it back with the nested actions; or tells somebody what was learned; or
 * changes the packet and lets the switch go on with it.
 *
 *                        ┌─ a new packet, registers as they were, nested actions ─▶ packet_out
 *    packet-in ─ opcode ─┼─ the same packet, changed, and its continuation ───────▶ resume
 *                        └─ datapath, port, address ──────────────────────────────▶ learn_mac, learn_fdb
 *
 * Invariants: pure; all output goes through 'struct packet_in_out', during packet_in_handle().  Bounded: each opcode has
 * a token bucket of its own; what exceeds it, is malformed or unknown is dropped and counted, and never blocks.
 * To add an opcode: a handler in controller/packet_in/, one line in the table of packet_in.c. */

#include "lib/openflow/of_packet.h"

struct packet_in;

/* Where results go.  All pointers are borrowed for the call. */
struct packet_in_out {
    void (*packet_out)(void *aux, const struct of_packet_out *po);
    /* To be encoded by of_put_resume(): 'packet' replaces that of 'pin'. */
    void (*resume)(void *aux, const struct of_packet_in *pin, struct str packet, const struct of_match *metadata);
    void (*learn_mac)(void *aux, uint32_t dp_key, uint32_t port_key, const struct ip_addr *ip, struct eth_addr mac);
    void (*learn_fdb)(void *aux, uint32_t dp_key, uint32_t port_key, struct eth_addr mac);
};

struct packet_in *packet_in_new(const struct packet_in_out *out, void *aux) MUST_USE;
void packet_in_free(struct packet_in *in);

/* 'now_ms' is of a clock that does not go back. */
void packet_in_handle(struct packet_in *in, const struct of_packet_in *pin, int64_t now_ms);

struct packet_in_stats {
    uint64_t n_handled;                                      /* led to output */
    uint64_t n_limited;                                      /* exceeded the rate of their opcode */
    uint64_t n_malformed;                                    /* userdata or packet */
    uint64_t n_unanswered;                                   /* must not be answered: errors about errors, ... */
    uint64_t n_unknown;                                      /* opcode */
};
struct packet_in_stats packet_in_stats(const struct packet_in *in);
/* One line an opcode: its name, what was handled and limited. */
void packet_in_put_stats(const struct packet_in *in, struct buf *out);

#endif
