/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OPENFLOW_OF_PACKET_H
#define WEFT_OPENFLOW_OF_PACKET_H

/* What: packets between switch and controller (packet_in2, resume, packet_out), and the switch's ports.
 *
 * Why: packet_in2 carries, besides the packet, the pipeline's metadata, the userdata of the action that
 * sent it, and a continuation that NXT_RESUME gives back so that the packet goes on where it was. */

#include "lib/openflow/of_match.h"
#include "lib/openflow/of_msg.h"

struct of_packet_in {
    struct str packet;                                       /* all strs are borrowed from the message */
    uint32_t full_length;                                /* of the packet, before it was cut; 0 if not said */
    uint8_t table_id;                                   /* 0, and no cookie, for what began as a packet_out */
    uint8_t reason;                                          /* OF_REASON_* */
    bool has_cookie;
    uint64_t cookie;
    struct of_match metadata;                                /* owned */
    struct str userdata;                                     /* {NULL, 0} if none */
    struct str continuation;                                /* the property as it came, for of_put_resume() */
};
struct err *of_packet_in_decode(const struct of_msg *msg, struct of_packet_in *ret) MUST_USE;
void of_packet_in_fini(struct of_packet_in *pin);
/* Makes 'packet' go on behind the controller action that paused 'pin', with the (changed) 'metadata'. */
bool of_put_resume(struct buf *out, uint32_t xid, const struct of_packet_in *pin, struct str packet,
                   const struct of_match *metadata) MUST_USE;

struct of_packet_out {
    const struct of_match *metadata;                         /* in_port at least, registers ...; borrowed */
    const void *actions;                                     /* borrowed, 'n_actions' bytes */
    size_t n_actions;
    struct str packet;
};
bool of_put_packet_out(struct buf *out, uint32_t xid, const struct of_packet_out *po) MUST_USE;
struct of_packet_out_decoded {
    struct of_match metadata;                                /* owned */
    struct str actions, packet;
};
struct err *of_packet_out_decode(const struct of_msg *msg, struct of_packet_out_decoded *ret) MUST_USE;

enum { OF_PORT_NAME_MAX = 16 };
enum { OFPPC_PORT_DOWN = 1, OFPPC_NO_RECV = 4, OFPPC_NO_FWD = 32, OFPPC_NO_PACKET_IN = 64 };
enum { OFPPS_LINK_DOWN = 1, OFPPS_BLOCKED = 2, OFPPS_LIVE = 4 };
struct of_port {
    uint32_t port;
    struct eth_addr hw_addr;
    char name[OF_PORT_NAME_MAX + 1];
    uint32_t config, state;                                  /* OFPPC_*, OFPPS_* */
};
void of_put_port_desc_request(struct buf *out, uint32_t xid);            /* all ports */
struct err *of_port_pull(struct str *body, struct of_port *ret) MUST_USE;        /* walk while body->n */
enum { OFPPR_ADD = 0, OFPPR_DELETE = 1, OFPPR_MODIFY = 2 };
struct err *of_port_status_decode(const struct of_msg *msg, uint8_t *ret_reason,
                                  struct of_port *ret) MUST_USE;

#endif
