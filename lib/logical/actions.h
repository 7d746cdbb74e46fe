/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LOGICAL_ACTIONS_H
#define WEFT_LOGICAL_ACTIONS_H

/* What: actions of logical flows (ovn-sb(5), Logical_Flow table, column actions) as trees: building,
 * parsing, printing.  lib/logical/encode.h turns them into OpenFlow.
 *
 * Why: one table, LOGICAL_ACTIONS, says for each action its name, the shape of its text, its arguments and
 * its prerequisite; builder checks, parser and printer come from it.
 *
 * Owns: nothing; trees live in the arena given and never change.  'struct str' arguments are copied.
 * NULL is "no actions" wherever an action is taken, and prints as "drop;". */

#include "lib/logical/expr.h"

/* X(ID, NAME, SHAPE, ARGUMENTS, RESULT, PREREQUISITE)
 *
 * SHAPE:  BARE     name;
 *         BLOCK    name { action; ... };              the block may be missing where OPTIONAL_BLOCK
 *         NAT      name; name(IP); name(IP,PORTS);
 *         LB       name; name(backends=...);
 *         CALL     name(ARGUMENTS);                    "R = " before it if RESULT
 *         PARENS   name(); or name;                    "R = " before it if RESULT
 *         ZONE     name; name(dnat); name(snat);
 *         SPECIAL  has its own syntax: next, assignments and their like
 * ARGUMENTS of CALL, one letter each: P logical port field, 4 IPv4 field, 6 IPv6 field, M MAC field,
 *         i integer, s string, '?' makes the next optional; "*" any list of values and KEY = VALUE, "*=" the
 *         same written KEY=VALUE.
 * RESULT: 0 none, 1 a one-bit field, 2 a port field, 3 any integer field. */
#define LOGICAL_ACTIONS(X)                                                                          \
    X(SEQ, "", SPECIAL, "", 0, "")                                                                  \
    X(SET, "", SPECIAL, "", 0, "")                           /* field = constant; */                \
    X(MOVE, "", SPECIAL, "", 0, "")                          /* field = field; */                   \
    X(EXCHANGE, "", SPECIAL, "", 0, "")                      /* field <-> field; */                 \
    X(DEC_TTL, "ip.ttl--", SPECIAL, "", 0, "ip")                                                    \
    X(NEXT, "next", SPECIAL, "", 0, "")                                                             \
    X(PUSH, "push", SPECIAL, "", 0, "")                                                             \
    X(POP, "pop", SPECIAL, "", 0, "")                                                               \
    X(DROP, "drop", BARE, "", 0, "")                                                                \
    X(OUTPUT, "output", BARE, "", 0, "")                                                            \
    X(FLOOD_REMOTE, "flood_remote", BARE, "", 0, "")                                                \
    X(CT_NEXT, "ct_next", ZONE, "", 0, "ip")                                                        \
    X(CT_COMMIT, "ct_commit", OPTIONAL_BLOCK, "", 0, "ip")                                          \
    X(CT_COMMIT_TO_ZONE, "ct_commit_to_zone", ZONE, "", 0, "ip")                                    \
    X(CT_COMMIT_NAT, "ct_commit_nat", ZONE, "", 0, "ip")                                            \
    X(CT_DNAT, "ct_dnat", NAT, "", 0, "ip")                                                         \
    X(CT_SNAT, "ct_snat", NAT, "", 0, "ip")                                                         \
    X(CT_DNAT_IN_CZONE, "ct_dnat_in_czone", NAT, "", 0, "ip")                                       \
    X(CT_SNAT_IN_CZONE, "ct_snat_in_czone", NAT, "", 0, "ip")                                       \
    X(CT_LB, "ct_lb", LB, "", 0, "ip")                                                              \
    X(CT_LB_MARK, "ct_lb_mark", LB, "", 0, "ip")                                                    \
    X(CT_CLEAR, "ct_clear", BARE, "", 0, "")                                                        \
    X(CT_SNAT_TO_VIP, "ct_snat_to_vip", BARE, "", 0, "")                                            \
    X(SELECT, "select", SPECIAL, "", 3, "")                                                         \
    X(CLONE, "clone", BLOCK, "", 0, "")                                                             \
    X(ARP, "arp", BLOCK, "", 0, "ip4")                                                              \
    X(ND_NS, "nd_ns", BLOCK, "", 0, "ip6")                                                          \
    X(ND_NA, "nd_na", BLOCK, "", 0, "nd_ns")                                                        \
    X(ND_NA_ROUTER, "nd_na_router", BLOCK, "", 0, "nd_ns")                                          \
    X(ICMP4, "icmp4", BLOCK, "", 0, "ip4")                                                          \
    X(ICMP4_ERROR, "icmp4_error", BLOCK, "", 0, "ip4")                                              \
    X(ICMP6, "icmp6", BLOCK, "", 0, "ip6")                                                          \
    X(ICMP6_ERROR, "icmp6_error", BLOCK, "", 0, "ip6")                                              \
    X(TCP_RESET, "tcp_reset", OPTIONAL_BLOCK, "", 0, "tcp")                                         \
    X(SCTP_ABORT, "sctp_abort", OPTIONAL_BLOCK, "", 0, "sctp")                                      \
    X(REJECT, "reject", BLOCK, "", 0, "")                                                           \
    X(GET_ARP, "get_arp", CALL, "P4", 0, "")                                                        \
    X(PUT_ARP, "put_arp", CALL, "P4M", 0, "")                                                       \
    X(LOOKUP_ARP, "lookup_arp", CALL, "P4M", 1, "")                                                 \
    X(LOOKUP_ARP_IP, "lookup_arp_ip", CALL, "P4", 1, "")                                            \
    X(GET_ND, "get_nd", CALL, "P6", 0, "")                                                          \
    X(PUT_ND, "put_nd", CALL, "P6M", 0, "")                                                         \
    X(LOOKUP_ND, "lookup_nd", CALL, "P6M", 1, "")                                                   \
    X(LOOKUP_ND_IP, "lookup_nd_ip", CALL, "P6", 1, "")                                              \
    X(GET_FDB, "get_fdb", CALL, "M", 2, "")                                                         \
    X(PUT_FDB, "put_fdb", CALL, "PM", 0, "")                                                        \
    X(LOOKUP_FDB, "lookup_fdb", CALL, "PM", 1, "")                                                  \
    X(MAC_CACHE_USE, "mac_cache_use", BARE, "", 0, "")                                              \
    X(PUT_DHCP_OPTS, "put_dhcp_opts", CALL, "*", 1, "")                                             \
    X(PUT_DHCPV6_OPTS, "put_dhcpv6_opts", CALL, "*", 1, "")                                         \
    X(DHCP_RELAY_REQ_CHK, "dhcp_relay_req_chk", CALL, "*", 1, "udp")                                \
    X(DHCP_RELAY_RESP_CHK, "dhcp_relay_resp_chk", CALL, "*", 1, "udp")                              \
    X(PUT_ND_RA_OPTS, "put_nd_ra_opts", CALL, "*", 1, "")                                           \
    X(DNS_LOOKUP, "dns_lookup", PARENS, "", 1, "udp")                                               \
    X(SET_QUEUE, "set_queue", CALL, "i", 0, "")                                                     \
    X(SET_METER, "set_meter", CALL, "i?i", 0, "")                                                   \
    X(CHECK_PKT_LARGER, "check_pkt_larger", CALL, "i", 1, "")                                       \
    X(LOG, "log", CALL, "*=", 0, "")                                                                \
    X(SAMPLE, "sample", CALL, "*=", 0, "")                                                          \
    X(TRIGGER_EVENT, "trigger_event", CALL, "*", 0, "")                                             \
    X(FWD_GROUP, "fwd_group", CALL, "*=", 0, "")                                                    \
    X(IGMP, "igmp", BARE, "", 0, "")                                                                \
    X(BIND_VPORT, "bind_vport", CALL, "sP", 0, "")                                                  \
    X(HANDLE_SVC_CHECK, "handle_svc_check", CALL, "P", 0, "")                                       \
    X(HANDLE_DHCPV6_REPLY, "handle_dhcpv6_reply", BARE, "", 0, "")                                  \
    X(HANDLE_BFD_MSG, "handle_bfd_msg", PARENS, "", 0, "")                                          \
    X(CHK_LB_HAIRPIN, "chk_lb_hairpin", PARENS, "", 1, "")                                          \
    X(CHK_LB_HAIRPIN_REPLY, "chk_lb_hairpin_reply", PARENS, "", 1, "")                              \
    X(CHECK_IN_PORT_SEC, "check_in_port_sec", PARENS, "", 1, "")                                    \
    X(CHECK_OUT_PORT_SEC, "check_out_port_sec", PARENS, "", 1, "")                                  \
    X(COMMIT_ECMP_NH, "commit_ecmp_nh", CALL, "*", 0, "")                                           \
    X(CHECK_ECMP_NH, "chk_ecmp_nh", PARENS, "", 1, "")                                              \
    X(CHECK_ECMP_NH_MAC, "chk_ecmp_nh_mac", PARENS, "", 1, "")                                      \
    X(COMMIT_LB_AFF, "commit_lb_aff", CALL, "*", 0, "")                                             \
    X(CHK_LB_AFF, "chk_lb_aff", PARENS, "", 1, "")

enum act_kind {
#define X(ID, ...) ACT_##ID,
    LOGICAL_ACTIONS(X)
#undef X
    N_ACT_KINDS
};

struct act;

enum {
    ACTIONS_MAX_TEXT = 4 * 1024 * 1024,                      /* bytes; longer is refused */
    ACTIONS_MAX_DEPTH = 20,                                  /* nested blocks */
};

/* Builders. */

/* One after the other.  NULL operands are skipped; a sequence in a sequence is flattened. */
const struct act *act_seq_n(struct arena *arena, const struct act *const *acts, size_t n) MUST_USE;
#define ACT_LIST__(...) (const struct act *const[]) {__VA_ARGS__}, sizeof((const struct act *const[]) {__VA_ARGS__}) / sizeof(struct act *)
#define act_seq(ARENA, ...) act_seq_n(ARENA, ACT_LIST__(__VA_ARGS__))

/* Actions without arguments: act_bare(ACT_OUTPUT), act_bare(ACT_CT_CLEAR), act_bare(ACT_DROP),
 * act_bare(ACT_DEC_TTL), act_bare(ACT_CT_NEXT) and NAT, LB and OPTIONAL_BLOCK shapes in their short form. */
const struct act *act_bare(enum act_kind kind);
static inline const struct act *act_drop(void) { return act_bare(ACT_DROP); }
static inline const struct act *act_output(void) { return act_bare(ACT_OUTPUT); }
static inline const struct act *act_next(void) { return act_bare(ACT_NEXT); }                    /* "next;" */
static inline const struct act *act_dec_ttl(void) { return act_bare(ACT_DEC_TTL); }              /* "ip.ttl--;" */
/* "next(pipeline=ingress, table=7);" */
const struct act *act_next_to(struct arena *arena, bool ingress, unsigned int table) MUST_USE;

const struct act *act_set(struct arena *arena, field_ref dst, struct lconst value) MUST_USE;
const struct act *act_set_u64(struct arena *arena, field_ref dst, uint64_t value) MUST_USE;
const struct act *act_set_mac(struct arena *arena, field_ref dst, struct eth_addr addr) MUST_USE;
const struct act *act_set_ip(struct arena *arena, field_ref dst, const struct ip_addr *addr) MUST_USE;
const struct act *act_set_ip4(struct arena *arena, field_ref dst, be32 addr) MUST_USE;
const struct act *act_set_ip6(struct arena *arena, field_ref dst, const struct in6_addr *addr) MUST_USE;
const struct act *act_set_str(struct arena *arena, field_ref dst, const char *name) MUST_USE;    /* 'outport = "lp1";' */
const struct act *act_move(struct arena *arena, field_ref dst, field_ref src) MUST_USE;          /* "dst = src;" */
const struct act *act_exchange(struct arena *arena, field_ref a, field_ref b) MUST_USE;          /* "a <-> b;" */
const struct act *act_push(struct arena *arena, field_ref f) MUST_USE;
const struct act *act_pop(struct arena *arena, field_ref f) MUST_USE;

/* "arp { ... };" and all other blocks, "ct_commit { ct_mark = 1; };" too.  'inner' may be NULL. */
const struct act *act_block(struct arena *arena, enum act_kind kind, const struct act *inner) MUST_USE;

/* Actions with arguments.  A key is "" for an argument without one. */
enum act_arg_kind { ARG_FIELD, ARG_VALUES, ARG_WORD };
struct act_arg {
    struct str key;                                          /* before '=' */
    enum act_arg_kind kind;
    field_ref field;                                         /* of ARG_FIELD */
    const struct lconst *values;                             /* of ARG_VALUES */
    size_t n_values;
    bool braces;                                             /* written {a, b}; needed for other than one value */
    struct str word;                                         /* of ARG_WORD: info, true, tcp, @cookie */
};
/* act_call(a, ACT_PUT_ARP, F_NONE, F_INPORT, F_ARP_SPA, F_ARP_SHA);
 * act_call(a, ACT_LOOKUP_ARP, F_BIT(F_REG9, 2), F_INPORT, F_ARP_SPA, F_ARP_SHA); */
const struct act *act_call_fields(struct arena *arena, enum act_kind kind, field_ref result, const field_ref *fields,
                                  size_t n) MUST_USE;
#define act_call(ARENA, KIND, RESULT, ...)                                                          \
    act_call_fields(ARENA, KIND, RESULT, (const field_ref[]) {__VA_ARGS__},                         \
                    sizeof((const field_ref[]) {__VA_ARGS__}) / sizeof(field_ref))
/* For PARENS shapes: act_result(a, ACT_CHECK_IN_PORT_SEC, F_BIT(F_REG0, 15)). */
const struct act *act_result(struct arena *arena, enum act_kind kind, field_ref result) MUST_USE;
const struct act *act_call_args(struct arena *arena, enum act_kind kind, field_ref result, const struct act_arg *args,
                                size_t n) MUST_USE;
/* "ct_next(dnat);", "ct_commit_nat(snat);": ZONE shapes with 'zone' "dnat" or "snat". */
const struct act *act_zone(struct arena *arena, enum act_kind kind, const char *zone) MUST_USE;
/* "set_queue(5);", "reg9[1] = check_pkt_larger(1514);", "set_meter(100);" */
const struct act *act_call_u64(struct arena *arena, enum act_kind kind, field_ref result, uint64_t value) MUST_USE;
struct act_arg act_arg_u64(struct arena *arena, const char *key, uint64_t value);
struct act_arg act_arg_str(struct arena *arena, const char *key, const char *value);             /* key="value" */
struct act_arg act_arg_word(struct arena *arena, const char *key, const char *word);
struct act_arg act_arg_field(const char *key, field_ref field);
struct act_arg act_arg_value(struct arena *arena, const char *key, struct lconst value);
/* A value that a user wrote, of a DHCP option for example: "10.0.0.1", "{8.8.8.8, 1.1.1.1}", "\"ovn.org\"". */
struct err *act_arg_parse(struct arena *arena, const char *key, struct str text, struct act_arg *ret) MUST_USE;

/* ct_dnat(IP,PORTS), ct_snat(IP,PORTS) and the in_czone kinds.  0, 0 is no ports; MIN, 0 is one. */
const struct act *act_ct_nat(struct arena *arena, enum act_kind kind, const struct ip_addr *addr, uint16_t port_min,
                             uint16_t port_max) MUST_USE;

enum lb_flag { LB_NO_FLAG, LB_SKIP_SNAT, LB_FORCE_SNAT };
struct lb_backend {
    struct ip_addr addr;
    uint16_t port;                                           /* 0 for none */
};
/* ct_lb(backends=...) and ct_lb_mark(backends=...).  'hash_fields' is "" or "ip_src,ip_dst,...". */
const struct act *act_ct_lb(struct arena *arena, enum act_kind kind, const struct lb_backend *backends, size_t n,
                            const char *hash_fields, enum lb_flag flag) MUST_USE;

/* "R = select(1=100, 2=50);" */
struct select_choice {
    uint16_t id;
    uint16_t weight;
};
const struct act *act_select(struct arena *arena, field_ref result, const struct select_choice *choices, size_t n) MUST_USE;

/* The actions that a user or another program wrote: parsed, checked. */
struct act_parse_params {
    bool is_egress;                                          /* 'outport' is then read-only */
    unsigned int table;                                      /* of the flow; "next" is the one after it */
    unsigned int n_tables;                                   /* of the flow's pipeline; the other's are the encoder's affair */
};
/* Parses 'text' into a tree from 'arena' in '*ret' (NULL for no actions or "drop;" alone), and what its
 * actions demand of the packet into '*ret_prereqs' (true if nothing; may be a null pointer).
 * Errors name the column, as expr_parse() does; on error the results are unchanged. */
struct err *actions_parse(struct arena *arena, struct str text, const struct act_parse_params *params,
                          const struct act **ret, const struct expr **ret_prereqs) MUST_USE;

void actions_print(const struct act *act, struct buf *out);  /* "a; b;"; "drop;" for none */
bool act_eq(const struct act *a, const struct act *b);

#endif
