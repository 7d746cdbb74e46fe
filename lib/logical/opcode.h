/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_OPCODE_H
#define WEFT_LOGICAL_OPCODE_H

/* What: the codes by which the flows that lib/logical/encode.h writes tell the controller's packet-in
 * handlers what to do.
 *
 * Why: an action that OpenFlow cannot do is compiled to "send to the controller" with userdata; the encoder
 * and the handlers must agree on its bytes.  Nobody else reads them, but a switch keeps them across a
 * restart of the controller, so codes are never renumbered.
 *
 * Userdata: 'struct opcode_header', then what the table says.  All integers are in network order.
 * "acts" are OpenFlow actions (padded to 8 as they are) to run on the packet that the handler makes.
 * PAUSE: the packet-in carries a continuation, and the handler must resume it. */

#include "lib/packet/byteorder.h"

/* X(ID, CODE, PAUSE, USERDATA) */
#define OPCODES(X)                                                                                  \
    X(ARP, 1, false, "acts")                                                                        \
    X(ND_NS, 2, false, "acts")                                                                      \
    X(ND_NA, 3, false, "acts")                                                                      \
    X(ND_NA_ROUTER, 4, false, "acts")                                                               \
    X(ICMP4, 5, false, "acts")                                                                      \
    X(ICMP4_ERROR, 6, false, "acts")                                                                \
    X(ICMP6, 7, false, "acts")                                                                      \
    X(ICMP6_ERROR, 8, false, "acts")                                                                \
    X(TCP_RESET, 9, false, "acts")                                                                  \
    X(SCTP_ABORT, 10, false, "acts")                                                                \
    X(REJECT, 11, false, "acts")                                                                    \
    X(PUT_ARP, 12, false, "")                                /* metadata dp, reg14 port, reg0 address, eth.src mac */ \
    X(PUT_ND, 13, false, "")                                 /* metadata dp, reg14 port, xxreg0 address, eth.src mac */ \
    X(PUT_FDB, 14, false, "")                                /* metadata dp, reg14 port, eth.src mac */ \
    X(PUT_DHCP_OPTS, 15, true, "result, options")            /* 'struct opcode_result', then options */ \
    X(PUT_DHCPV6_OPTS, 16, true, "result, options")                                                 \
    X(PUT_ND_RA_OPTS, 17, true, "result, options")                                                  \
    X(DNS_LOOKUP, 18, true, "result")                                                               \
    X(LOG, 19, false, "log")                                 /* 'struct opcode_log', then the name */ \
    X(EVENT, 20, false, "event")                             /* 'struct opcode_event', then options */ \
    X(IGMP, 21, false, "")                                                                          \
    X(BIND_VPORT, 22, false, "key")                          /* be32 port key of V; reg14 port P */ \
    X(HANDLE_SVC_CHECK, 23, false, "")                                                              \
    X(HANDLE_DHCPV6_REPLY, 24, false, "")                                                           \
    X(ICMP4_FRAG_MTU, 25, true, "mtu")                       /* be16: store it in the packet, resume */ \
    X(ICMP6_FRAG_MTU, 26, true, "mtu")                       /* be32 */                             \
    X(DHCP_RELAY_REQ_CHK, 27, true, "result, options")                                              \
    X(DHCP_RELAY_RESP_CHK, 28, true, "result, options")                                             \
    X(HANDLE_BFD_MSG, 29, false, "")

enum opcode {
#define X(ID, CODE, ...) OPCODE_##ID = CODE,
    OPCODES(X)
#undef X
};

struct opcode_header {
    be32 opcode;
    be32 pad;                                                /* 0 */
};
static_assert(sizeof(struct opcode_header) == 8, "acts that follow stay aligned");

/* Where a resumed packet finds its answer: one bit of a register, as an OXM header and a bit number. */
struct opcode_result {
    be32 oxm_header;                                         /* NXM or OXM header of a 32- or 64-bit register */
    be32 bit;
};

/* Options: a sequence of these, each with 'length' bytes behind it, unpadded.
 * A DHCPv4 option's code is that of its RFC, 0 being the offered address. */
struct opcode_option {
    be16 code;
    be16 length;
};

/* Codes of the options of PUT_ND_RA_OPTS. */
enum opcode_ra_option {
    OPCODE_RA_ADDR_MODE = 1,                                 /* 1 byte: 0 slaac, 1 dhcpv6_stateful, 2 dhcpv6_stateless */
    OPCODE_RA_SLLA = 2,                                      /* 6 bytes */
    OPCODE_RA_MTU = 3,                                       /* be32 */
    OPCODE_RA_PREFIX = 4,                                    /* 1 byte of length, 16 of prefix; may come again */
    OPCODE_RA_RDNSS = 5,                                     /* 16 bytes for each server */
    OPCODE_RA_DNSSL = 6,                                     /* text, domains separated by commas */
    OPCODE_RA_ROUTE_INFO = 7,                                /* text, "HIGH-2001:db8::/48,LOW-..." */
    OPCODE_RA_PREFERENCE = 8,                                /* text */
};
/* DHCP_RELAY_*: option 1 is the relay's address, option 2 the server's. */

struct opcode_log {
    uint8_t verdict;                                         /* enum opcode_verdict */
    uint8_t severity;                                        /* enum opcode_severity */
    uint8_t is_egress;                                       /* the direction in the log line: 0 "from-lport" */
    uint8_t pad;
    be32 name_length;
};
enum opcode_verdict { LOG_VERDICT_ALLOW, LOG_VERDICT_DROP, LOG_VERDICT_REJECT };
enum opcode_severity { LOG_SEVERITY_ALERT, LOG_SEVERITY_WARNING, LOG_SEVERITY_NOTICE, LOG_SEVERITY_INFO, LOG_SEVERITY_DEBUG };

struct opcode_event {
    be32 event;                                              /* enum opcode_event_kind */
};
enum opcode_event_kind { OPCODE_EVENT_EMPTY_LB_BACKENDS };
enum opcode_event_option { OPCODE_EVENT_VIP = 1, OPCODE_EVENT_PROTOCOL = 2, OPCODE_EVENT_LOAD_BALANCER = 3 };

#endif
