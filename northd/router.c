/* SPDX-License-Identifier: Apache-2.0 */
/* Logical flows of routers: admission, learning of neighbors, and the way out (ovn-northd(8), "Logical Router
 * Datapaths").  What all routers share is emitted once, for the set of all routers. */
#include <config.h>

#include "northd/emit.h"
#include "northd/ports.h"
#include "northd/registers.h"

static void
emit_for_set(struct derive *d, enum northd_collection set, enum stage stage, uint16_t priority,
             const struct expr *match, const struct act *actions)
{
    emit_flow(d, &(struct lflow) {
        .stage = stage, .priority = priority, .dp = dp_set(set, 0), .match = match, .actions = actions});
}

static void
emit_for_all(struct derive *d, enum stage stage, uint16_t priority, const struct expr *match, const struct act *actions)
{
    emit_for_set(d, C_ROUTERS, stage, priority, match, actions);
}

static void
emit_passing_stages(struct derive *d)
{
    static const enum stage stages[] = {
        LR_IN_IP_INPUT, LR_IN_UNSNAT, LR_IN_DEFRAG, LR_IN_LB_AFF_CHECK, LR_IN_DNAT, LR_IN_LB_AFF_LEARN,
        LR_IN_ECMP_STATEFUL, LR_IN_ND_RA_OPTIONS, LR_IN_ND_RA_RESPONSE, LR_IN_CHK_PKT_LEN, LR_IN_LARGER_PKTS,
        LR_IN_GW_REDIRECT, LR_OUT_UNDNAT, LR_OUT_POST_UNDNAT, LR_OUT_SNAT, LR_OUT_POST_SNAT, LR_OUT_EGR_LOOP,
    };
    static const enum stage dropping[] = {
        LR_IN_ADMISSION, LR_IN_LEARN_NEIGHBOR, LR_IN_IP_ROUTING, LR_IN_IP_ROUTING_ECMP, LR_IN_POLICY_ECMP,
        LR_IN_ARP_RESOLVE, LR_OUT_DELIVERY,
    };
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        emit_for_all(d, stages[i], 0, NULL, act_next());
    }
    for (size_t i = 0; i < ARRAY_SIZE(dropping); i++) {
        emit_for_all(d, dropping[i], 0, NULL, act_drop());
    }
}

/* --- Learning of neighbors: tables 1 and 2.  Routers with always_learn_from_arp_request=false learn from requests
 *     only what they know already or what asks for them. --- */

static const struct act *
look_up(struct arena *a, enum act_kind kind, field_ref ip, field_ref mac, const struct act *then)
{
    return act_seq(a, act_call(a, kind, R_LOOKUP_RESULT, F_INPORT, ip, mac), then, act_next());
}

static void
emit_lookups(struct derive *d, struct arena *a, enum northd_collection routers, bool learn_all)
{
    const struct act *known = learn_all ? NULL : act_set_u64(a, R_LOOKUP_IP_RESULT, 1);
    const struct act *is_known = learn_all ? NULL : act_call(a, ACT_LOOKUP_ND_IP, R_LOOKUP_IP_RESULT, F_INPORT, F_IP6_SRC);

    emit_for_set(d, routers, LR_IN_LOOKUP_NEIGHBOR, 100, expr_eq_u64(a, F_ARP_OP, 2),
                 look_up(a, ACT_LOOKUP_ARP, F_ARP_SPA, F_ARP_SHA, known));
    emit_for_set(d, routers, LR_IN_LOOKUP_NEIGHBOR, 100, expr_has(a, F_ND_NA),
                 look_up(a, ACT_LOOKUP_ND, F_ND_TARGET, F_ND_TLL, known));
    emit_for_set(d, routers, LR_IN_LOOKUP_NEIGHBOR, 100, expr_has(a, F_ND_NS),
                 look_up(a, ACT_LOOKUP_ND, F_IP6_SRC, F_ND_SLL, is_known));
    if (!learn_all) {
        struct ip_prefix link_local, multicast;
        CHECK(ip_prefix_parse(str_from("fe80::/10"), &link_local) && ip_prefix_parse(str_from("ff00::/8"), &multicast));
        emit_for_set(d, routers, LR_IN_LOOKUP_NEIGHBOR, 110,
                     expr_and(a, expr_has(a, F_ND_NA), expr_in_prefix(a, F_IP6_SRC, &link_local),
                              expr_in_prefix(a, F_IP6_DST, &multicast)),
                     look_up(a, ACT_LOOKUP_ND, F_IP6_SRC, F_ND_TLL, is_known));
    }
    emit_for_set(d, routers, LR_IN_LEARN_NEIGHBOR, 100,
                 expr_or(a, expr_eq_u64(a, R_LOOKUP_RESULT, 1), learn_all ? NULL : expr_eq_u64(a, R_LOOKUP_IP_RESULT, 0)),
                 act_next());
}

static void
emit_learning(struct derive *d, struct arena *a)
{
    emit_for_all(d, LR_IN_LOOKUP_NEIGHBOR, 0, NULL, act_seq(a, act_set_u64(a, R_LOOKUP_RESULT, 1), act_next()));
    emit_for_all(d, LR_IN_LEARN_NEIGHBOR, 95,
                 expr_and(a, expr_has(a, F_ND_NS), expr_or(a, expr_eq_u64(a, F_IP6_SRC, 0), expr_eq_u64(a, F_ND_SLL, 0))),
                 act_next());
    emit_for_all(d, LR_IN_LEARN_NEIGHBOR, 95, expr_and(a, expr_has(a, F_ND_NA), expr_eq_u64(a, F_ND_TLL, 0)),
                 act_seq(a, act_call(a, ACT_PUT_ND, F_NONE, F_INPORT, F_ND_TARGET, F_ETH_SRC), act_next()));
    emit_for_all(d, LR_IN_LEARN_NEIGHBOR, 90, expr_has(a, F_ARP),
                 act_seq(a, act_call(a, ACT_PUT_ARP, F_NONE, F_INPORT, F_ARP_SPA, F_ARP_SHA), act_next()));
    emit_for_all(d, LR_IN_LEARN_NEIGHBOR, 90, expr_has(a, F_ND_NA),
                 act_seq(a, act_call(a, ACT_PUT_ND, F_NONE, F_INPORT, F_ND_TARGET, F_ND_TLL), act_next()));
    emit_for_all(d, LR_IN_LEARN_NEIGHBOR, 90, expr_has(a, F_ND_NS),
                 act_seq(a, act_call(a, ACT_PUT_ND, F_NONE, F_INPORT, F_IP6_SRC, F_ND_SLL), act_next()));
    if (derive_has_members(d, C_ROUTERS_LEARN_ALL, 0)) {
        emit_lookups(d, a, C_ROUTERS_LEARN_ALL, true);
    }
    if (derive_has_members(d, C_ROUTERS_LEARN_SOME, 0)) {
        emit_lookups(d, a, C_ROUTERS_LEARN_SOME, false);
    }
}

/* --- What no router accepts: table 3 --- */

static const struct expr *
in_v4(struct arena *a, field_ref field, const char *text)
{
    struct ip_prefix prefix;
    CHECK(ip_prefix_parse(str_from(text), &prefix));
    return expr_in_prefix(a, field, &prefix);
}

static const struct expr *
ttl_expires(struct arena *a)
{
    struct lconst values[] = {lconst_int(0), lconst_int(1)};
    return expr_in_set(a, F_IP_TTL, values, 2);
}

static void
emit_input(struct derive *d, struct arena *a)
{
    const struct expr *multicast = expr_or(a, expr_has(a, F_IP4_MCAST), expr_has(a, F_IP6_MCAST));
    emit_for_all(d, LR_IN_IP_INPUT, 100,
                 expr_or(a, expr_has(a, F_IP4_SRC_MCAST), in_v4(a, F_IP4_SRC, "255.255.255.255"),
                         in_v4(a, F_IP4_SRC, "127.0.0.0/8"), in_v4(a, F_IP4_DST, "127.0.0.0/8"),
                         in_v4(a, F_IP4_SRC, "0.0.0.0/8"), in_v4(a, F_IP4_DST, "0.0.0.0/8")),
                 act_drop());
    emit_for_all(d, LR_IN_IP_INPUT, 85, expr_or(a, expr_has(a, F_ARP), expr_has(a, F_ND)), act_drop());
    emit_for_all(d, LR_IN_IP_INPUT, 84, expr_or(a, expr_has(a, F_ND_RS), expr_has(a, F_ND_RA)), act_next());
    emit_for_all(d, LR_IN_IP_INPUT, 83, expr_has(a, F_IP6_MCAST_RSVD), act_drop());
    emit_for_all(d, LR_IN_IP_INPUT, 82, multicast, act_drop());
    emit_for_all(d, LR_IN_IP_INPUT, 50, expr_has(a, F_ETH_BCAST), act_drop());
    emit_for_all(d, LR_IN_IP_INPUT, 32, expr_and(a, ttl_expires(a), expr_has_not(a, F_IP_LATER_FRAG), multicast), act_drop());
    emit_for_all(d, LR_IN_IP_INPUT, 30, ttl_expires(a), act_drop());
}

/* --- Routing, resolution, and the way out --- */

static void
emit_forwarding(struct derive *d, struct arena *a)
{
    emit_for_all(d, LR_IN_IP_ROUTING_PRE, 0, NULL, act_seq(a, act_set_u64(a, R_ROUTE_TABLE, 0), act_next()));
    emit_for_all(d, LR_IN_IP_ROUTING, 10550, expr_or(a, expr_has(a, F_ND_RS), expr_has(a, F_ND_RA)), act_drop());
    emit_for_all(d, LR_IN_IP_ROUTING_ECMP, 150, expr_eq_u64(a, R_ECMP_GROUP, 0), act_next());
    emit_for_all(d, LR_IN_POLICY, 0, NULL, act_seq(a, act_set_u64(a, R_ECMP_GROUP, 0), act_next()));
    emit_for_all(d, LR_IN_POLICY_ECMP, 150, expr_eq_u64(a, R_ECMP_GROUP, 0), act_next());
    emit_for_all(d, LR_IN_ARP_RESOLVE, 500, expr_or(a, expr_has(a, F_IP4_MCAST), expr_has(a, F_IP6_MCAST)), act_next());
    emit_for_all(d, LR_IN_ARP_RESOLVE, 1, expr_has(a, F_IP4),
                 act_seq(a, act_call(a, ACT_GET_ARP, F_NONE, F_OUTPORT, R_NEXTHOP4), act_next()));
    emit_for_all(d, LR_IN_ARP_RESOLVE, 1, expr_has(a, F_IP6),
                 act_seq(a, act_call(a, ACT_GET_ND, F_NONE, F_OUTPORT, R_NEXTHOP6), act_next()));
}

static void
emit_requests(struct derive *d, struct arena *a)
{
    const struct expr *unknown = expr_eq_mac(a, F_ETH_DST, ETH_ADDR_ZERO);
    const struct act *arp = act_seq(a, act_set_mac(a, F_ETH_DST, ETH_ADDR_BROADCAST), act_move(a, F_ARP_SPA, R_SRC_IP4),
                                    act_move(a, F_ARP_TPA, R_NEXTHOP4), act_set_u64(a, F_ARP_OP, 1), act_output());
    const struct act *nd_ns = act_seq(a, act_move(a, F_ND_TARGET, R_NEXTHOP6), act_output());

    emit_for_all(d, LR_IN_ARP_REQUEST, 100, expr_and(a, unknown, expr_has(a, F_IP4)), act_block(a, ACT_ARP, arp));
    emit_for_all(d, LR_IN_ARP_REQUEST, 100, expr_and(a, unknown, expr_has(a, F_IP6)), act_block(a, ACT_ND_NS, nd_ns));
    emit_for_all(d, LR_IN_ARP_REQUEST, 0, NULL, act_output());
}

void
derive_router_common(struct derive *d, uint64_t key UNUSED)
{
    struct arena *a = run_arena(d);
    if (!derive_has_members(d, C_ROUTERS, 0)) {
        return;
    }
    emit_passing_stages(d);
    emit_for_all(d, LR_IN_ADMISSION, 100, expr_or(a, expr_has(a, F_VLAN_PRESENT), expr_has(a, F_BIT(F_ETH_SRC, 40))),
                 act_drop());
    emit_learning(d, a);
    emit_input(d, a);
    emit_forwarding(d, a);
    emit_requests(d, a);
    emit_for_all(d, LR_OUT_CHECK_DNAT_LOCAL, 0, NULL, act_seq(a, act_set_u64(a, R_DNAT_LOCAL, 0), act_next()));
    emit_for_all(d, LR_OUT_SNAT, 120, expr_has(a, F_ND_NS), act_next());
}

/* --- One port --- */

struct port {
    struct derive *d;
    struct arena *a;
    const struct lrp_conf *conf;
    const char *name;
    const struct uuid *uuid;
};

static void
emit_for_port(const struct port *p, enum stage stage, uint16_t priority, const struct expr *match,
              const struct act *actions)
{
    emit_flow(p->d, &(struct lflow) {.stage = stage, .priority = priority, .dp = dp_router(p->conf->lr),
                                     .match = match, .actions = actions, .hint = p->uuid});
}

static void
emit_port_admission(const struct port *p)
{
    struct arena *a = p->a;
    const struct expr *from_port = expr_eq_str(a, F_INPORT, p->name);
    const struct act *actions = act_seq(a, act_set_mac(a, R_INPORT_MAC, p->conf->mac), act_next());
    emit_for_port(p, LR_IN_ADMISSION, 50, expr_and(a, expr_has(a, F_ETH_MCAST), from_port), actions);
    emit_for_port(p, LR_IN_ADMISSION, 50, expr_and(a, expr_eq_mac(a, F_ETH_DST, p->conf->mac), from_port), actions);
}

/* Requests are believed only from the port's own network. */
static void
emit_port_lookup(const struct port *p, const struct ip_prefix *network, bool learn_all)
{
    struct arena *a = p->a;
    struct ip_prefix net = ip_prefix_network(network);
    const struct expr *from_port = expr_eq_str(a, F_INPORT, p->name);
    const struct expr *from_net = expr_in_prefix(a, F_ARP_SPA, &net);
    const struct expr *request = expr_eq_u64(a, F_ARP_OP, 1);
    const struct act *is_known = learn_all ? NULL : act_call(a, ACT_LOOKUP_ARP_IP, R_LOOKUP_IP_RESULT, F_INPORT, F_ARP_SPA);

    emit_for_port(p, LR_IN_LOOKUP_NEIGHBOR, 100, expr_and(a, from_port, from_net, request),
                  look_up(a, ACT_LOOKUP_ARP, F_ARP_SPA, F_ARP_SHA, is_known));
    if (!learn_all) {
        emit_for_port(p, LR_IN_LOOKUP_NEIGHBOR, 110,
                      expr_and(a, from_port, from_net, expr_eq_ip4(a, F_ARP_TPA, network->v4.addr), request),
                      look_up(a, ACT_LOOKUP_ARP, F_ARP_SPA, F_ARP_SHA, act_set_u64(a, R_LOOKUP_IP_RESULT, 1)));
    }
}

void
derive_lrp_flows(struct derive *d, uint64_t lrp)
{
    const struct nb_logical_router_port *row = lrp_row(d, lrp);
    struct port p = {d, run_arena(d), lrp_conf(d, lrp), nb_logical_router_port_name(d, row), &row->row.uuid};
    size_t n;

    if (p.conf->lr == NO_ROW || !p.conf->is_valid) {
        return;
    }
    if (p.conf->enabled) {
        emit_port_admission(&p);
        emit_for_port(&p, LR_OUT_DELIVERY, 100, expr_eq_str(p.a, F_OUTPORT, p.name), act_output());
    }
    bool learn_all = derive_is_member(d, C_ROUTERS_LEARN_ALL, 0, p.conf->lr);
    const struct ip_prefix *networks = lrp_networks(d, lrp, &n);
    for (size_t i = 0; i < n; i++) {
        if (!networks[i].is_v6) {
            emit_port_lookup(&p, &networks[i], learn_all);
        }
    }
}
