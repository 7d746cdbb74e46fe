/* SPDX-License-Identifier: Apache-2.0 */
/* What a router answers for its own addresses (ovn-northd(8), "Ingress Table 3: IP Input"): ARP, neighbor discovery,
 * echo, errors; and time-exceeded for packets that end here. */
#include <config.h>

#include "lib/base/vec.h"
#include "northd/emit.h"
#include "northd/ports.h"
#include "northd/registers.h"

VEC_DEFINE(constants, struct lconst);

struct input {
    struct derive *d;
    struct arena *a;
    const struct lrp_conf *conf;
    const char *name;
    const struct uuid *uuid;
};

static void
emit_input(const struct input *in, uint16_t priority, const struct expr *match, const struct act *actions)
{
    emit_flow(in->d, &(struct lflow) {.stage = LR_IN_IP_INPUT, .priority = priority, .dp = dp_router(in->conf->lr),
                                      .match = match, .actions = actions, .hint = in->uuid});
}

static const struct expr *
from_port(const struct input *in)
{
    return expr_eq_str(in->a, F_INPORT, in->name);
}

static const struct act *
send_back(struct arena *a)
{
    return act_seq(a, act_move(a, F_OUTPORT, F_INPORT), act_set_u64(a, F_FLAGS_LOOPBACK, 1), act_output());
}

static void
emit_arp_reply(const struct input *in, const struct ip_prefix *network)
{
    struct arena *a = in->a;
    struct ip_prefix net = ip_prefix_network(network);
    emit_input(in, 90,
               expr_and(a, from_port(in), expr_eq_u64(a, F_ARP_OP, 1), expr_eq_ip4(a, F_ARP_TPA, network->v4.addr),
                        expr_in_prefix(a, F_ARP_SPA, &net)),
               act_seq(a, act_move(a, F_ETH_DST, F_ETH_SRC), act_move(a, F_ETH_SRC, R_INPORT_MAC),
                       act_set_u64(a, F_ARP_OP, 2), act_move(a, F_ARP_THA, F_ARP_SHA),
                       act_move(a, F_ARP_SHA, R_INPORT_MAC), act_exchange(a, F_ARP_TPA, F_ARP_SPA), send_back(a)));
}

static void
emit_nd_reply(const struct input *in, const struct in6_addr *ip)
{
    struct arena *a = in->a;
    struct in6_addr solicited = ip6_solicited_node(ip);
    struct lconst targets[] = {lconst_ip6(ip), lconst_ip6(&solicited)};
    const struct act *inner = act_seq(a, act_move(a, F_ETH_SRC, R_INPORT_MAC), act_move(a, F_IP6_SRC, F_ND_TARGET),
                                      act_move(a, F_ND_TLL, R_INPORT_MAC), send_back(a));
    emit_input(in, 90,
               expr_and(a, from_port(in), expr_in_set(a, F_IP6_DST, targets, 2), expr_has(a, F_ND_NS),
                        expr_eq_ip6(a, F_ND_TARGET, ip)),
               act_block(a, ACT_ND_NA_ROUTER, inner));
}

/* Echo replies, for all addresses of one family. */
static void
emit_echo_reply(const struct input *in, bool is_v6, const struct constants *own)
{
    struct arena *a = in->a;
    field_ref dst = is_v6 ? F_IP6_DST : F_IP4_DST, src = is_v6 ? F_IP6_SRC : F_IP4_SRC;
    field_ref type = is_v6 ? F_ICMP6_TYPE : F_ICMP4_TYPE, code = is_v6 ? F_ICMP6_CODE : F_ICMP4_CODE;
    emit_input(in, 90,
               expr_and(a, expr_in_set(a, dst, own->d, own->n), expr_eq_u64(a, type, is_v6 ? 128 : 8),
                        expr_eq_u64(a, code, 0)),
               act_seq(a, act_exchange(a, dst, src), act_set_u64(a, F_IP_TTL, 255),
                       act_set_u64(a, type, is_v6 ? 129 : 0), act_set_u64(a, F_FLAGS_LOOPBACK, 1), act_next()));
}

/* The actions that swap source and destination inside a block, and send the answer on. */
static const struct act *
answer(struct arena *a, enum act_kind kind, bool is_v6, int type, int code)
{
    const struct act *icmp = NULL;
    if (type >= 0) {
        icmp = act_seq(a, act_set_u64(a, F_IP_TTL, 255),
                       act_set_u64(a, is_v6 ? F_ICMP6_TYPE : F_ICMP4_TYPE, (uint64_t) type),
                       act_set_u64(a, is_v6 ? F_ICMP6_CODE : F_ICMP4_CODE, (uint64_t) code));
    }
    return act_block(a, kind, act_seq(a, act_exchange(a, F_ETH_DST, F_ETH_SRC),
                                      is_v6 ? act_exchange(a, F_IP6_DST, F_IP6_SRC) : act_exchange(a, F_IP4_DST, F_IP4_SRC),
                                      icmp, act_next()));
}

/* A router offers no services: resets, port and protocol unreachable (RFC 1812, section 5.2.7.1). */
static void
emit_refusals(const struct input *in, const struct ip_prefix *network)
{
    struct arena *a = in->a;
    bool is_v6 = network->is_v6;
    enum act_kind icmp = is_v6 ? ACT_ICMP6 : ACT_ICMP4;
    int unreachable = is_v6 ? 1 : 3, port = is_v6 ? 4 : 3, protocol = is_v6 ? 3 : 2;
    const struct expr *to_us = expr_and(
        a, expr_has(a, is_v6 ? F_IP6 : F_IP4),
        is_v6 ? expr_eq_ip6(a, F_IP6_DST, &network->v6.addr) : expr_eq_ip4(a, F_IP4_DST, network->v4.addr),
        expr_has_not(a, F_IP_LATER_FRAG));

    emit_input(in, 80, expr_and(a, to_us, expr_has(a, F_TCP)), answer(a, ACT_TCP_RESET, is_v6, -1, 0));
    emit_input(in, 80, expr_and(a, to_us, expr_has(a, F_SCTP)), answer(a, ACT_SCTP_ABORT, is_v6, -1, 0));
    emit_input(in, 80, expr_and(a, to_us, expr_has(a, F_UDP)), answer(a, icmp, is_v6, unreachable, port));
    emit_input(in, 70, to_us, answer(a, icmp, is_v6, unreachable, protocol));
}

/* RFC 1812, section 5.3.1: time exceeded, from the address of the port that the packet came in by. */
static void
emit_time_exceeded(const struct input *in, const struct ip_prefix *network)
{
    struct arena *a = in->a;
    bool is_v6 = network->is_v6;
    struct lconst ttls[] = {lconst_int(0), lconst_int(1)};
    struct ip_prefix net = ip_prefix_network(network);
    const struct act *inner = act_seq(
        a, act_exchange(a, F_ETH_DST, F_ETH_SRC),
        act_set_u64(a, is_v6 ? F_ICMP6_TYPE : F_ICMP4_TYPE, is_v6 ? 3 : 11),
        act_set_u64(a, is_v6 ? F_ICMP6_CODE : F_ICMP4_CODE, 0),
        is_v6 ? act_move(a, F_IP6_DST, F_IP6_SRC) : act_move(a, F_IP4_DST, F_IP4_SRC),
        is_v6 ? act_set_ip6(a, F_IP6_SRC, &network->v6.addr) : act_set_ip4(a, F_IP4_SRC, network->v4.addr),
        act_set_u64(a, F_IP_TTL, 254), act_set_str(a, F_OUTPORT, in->name), act_set_u64(a, F_FLAGS_LOOPBACK, 1),
        act_output());
    emit_input(in, 31,
               expr_and(a, from_port(in), expr_has(a, is_v6 ? F_IP6 : F_IP4),
                        is_v6 ? expr_in_prefix(a, F_IP6_SRC, &net) : NULL, expr_in_set(a, F_IP_TTL, ttls, 2),
                        expr_has_not(a, F_IP_LATER_FRAG)),
               act_block(a, is_v6 ? ACT_ICMP6 : ACT_ICMP4, inner));
}

/* Packets that claim to be from the router itself or from a broadcast address of its networks. */
static void
emit_spoofed(const struct input *in, const struct ip_prefix *networks, size_t n)
{
    struct arena *a = in->a;
    struct constants sources = {0};
    for (size_t i = 0; i < n; i++) {
        if (!networks[i].is_v6) {
            vec_push(&sources, lconst_ip4(networks[i].v4.addr));
            if (ip_prefix_plen(&networks[i]) < 31) {
                vec_push(&sources, lconst_ip4(ip4_broadcast(networks[i].v4)));
            }
        }
    }
    if (sources.n) {
        emit_input(in, 100, expr_and(a, expr_in_set(a, F_IP4_SRC, sources.d, sources.n),
                                     expr_eq_u64(a, R_EGRESS_LOOPBACK, 0)), act_drop());
    }
    vec_fini(&sources);
}

/* What concerns all addresses of one family at once. */
static void
emit_family(const struct input *in, bool is_v6, const struct ip_prefix *networks, size_t n)
{
    struct constants own = {0};
    const struct ip_prefix *first = NULL;
    for (size_t i = 0; i < n; i++) {
        if (networks[i].is_v6 == is_v6) {
            vec_push(&own, is_v6 ? lconst_ip6(&networks[i].v6.addr) : lconst_ip4(networks[i].v4.addr));
            if (!first && !(is_v6 && ip6_is_link_local(&networks[i].v6.addr))) {
                first = &networks[i];
            }
        }
    }
    if (own.n) {
        emit_echo_reply(in, is_v6, &own);
        emit_input(in, 60, expr_in_set(in->a, is_v6 ? F_IP6_DST : F_IP4_DST, own.d, own.n), act_drop());
    }
    if (first && !is_v6) {
        emit_time_exceeded(in, first);
    }
    vec_fini(&own);
}

void
derive_lrp_input(struct derive *d, uint64_t lrp)
{
    const struct nb_logical_router_port *row = lrp_row(d, lrp);
    struct input in = {d, run_arena(d), lrp_conf(d, lrp), nb_logical_router_port_name(d, row), &row->row.uuid};
    size_t n;

    if (in.conf->lr == NO_ROW || !in.conf->is_valid) {
        return;
    }
    const struct ip_prefix *networks = lrp_networks(d, lrp, &n);
    for (size_t i = 0; i < n; i++) {
        if (networks[i].is_v6) {
            emit_nd_reply(&in, &networks[i].v6.addr);
            if (!ip6_is_link_local(&networks[i].v6.addr)) {
                emit_time_exceeded(&in, &networks[i]);
            }
        } else {
            emit_arp_reply(&in, &networks[i]);
        }
        emit_refusals(&in, &networks[i]);
    }
    emit_spoofed(&in, networks, n);
    emit_family(&in, false, networks, n);
    emit_family(&in, true, networks, n);
}
