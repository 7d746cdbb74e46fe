/* SPDX-License-Identifier: Apache-2.0 */
/* Logical flows of switches: admission, port security, learning, and the way out (ovn-northd(8), "Logical Switch
 * Datapaths").  Flows that all switches share are emitted once, for the set of all switches. */
#include <config.h>

#include "northd/emit.h"
#include "northd/multicast.h"
#include "northd/ports.h"
#include "northd/registers.h"

static const struct expr *
is_nd_or_mld(struct arena *a, bool in_acl_order)
{
    return in_acl_order ? expr_or(a, expr_has(a, F_ND), expr_has(a, F_ND_RA), expr_has(a, F_ND_RS),
                                  expr_has(a, F_MLDV1), expr_has(a, F_MLDV2))
                        : expr_or(a, expr_has(a, F_ND), expr_has(a, F_ND_RS), expr_has(a, F_ND_RA),
                                  expr_has(a, F_MLDV1), expr_has(a, F_MLDV2));
}

static const struct act *
to_group(struct arena *a, enum multicast_group group)
{
    return act_seq(a, act_set_str(a, F_OUTPORT, multicast_group_defs[group].name), act_output());
}

static void
emit_for_all(struct derive *d, enum stage stage, uint16_t priority, const struct expr *match, const struct act *actions)
{
    emit_flow(d, &(struct lflow) {
        .stage = stage, .priority = priority, .dp = dp_set(C_SWITCHES, 0), .match = match, .actions = actions});
}

/* Stages of features that a switch does not use let everything pass. */
static void
emit_passing_stages(struct derive *d)
{
    static const enum stage stages[] = {
        LS_IN_APPLY_PORT_SEC, LS_IN_LOOKUP_FDB, LS_IN_PUT_FDB, LS_IN_PRE_ACL, LS_IN_PRE_LB, LS_IN_PRE_STATEFUL,
        LS_IN_ACL_HINT, LS_IN_ACL, LS_IN_QOS_MARK, LS_IN_QOS_METER, LS_IN_LB_AFF_CHECK, LS_IN_LB,
        LS_IN_LB_AFF_LEARN, LS_IN_PRE_HAIRPIN, LS_IN_NAT_HAIRPIN, LS_IN_HAIRPIN, LS_IN_ACL_AFTER_LB,
        LS_IN_STATEFUL, LS_IN_ARP_ND_RSP, LS_IN_DHCP_OPTIONS, LS_IN_DHCP_RESPONSE, LS_IN_DNS_LOOKUP,
        LS_IN_DNS_RESPONSE, LS_IN_EXTERNAL_PORT, LS_OUT_PRE_ACL, LS_OUT_PRE_LB, LS_OUT_PRE_STATEFUL,
        LS_OUT_ACL_HINT, LS_OUT_ACL, LS_OUT_QOS_MARK, LS_OUT_QOS_METER, LS_OUT_STATEFUL,
    };
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        emit_for_all(d, stages[i], 0, NULL, act_next());
    }
}

static void
emit_admission(struct derive *d, struct arena *a)
{
    emit_for_all(d, LS_IN_CHECK_PORT_SEC, 100, expr_has(a, F_VLAN_PRESENT), act_drop());
    emit_for_all(d, LS_IN_CHECK_PORT_SEC, 100, expr_has(a, F_BIT(F_ETH_SRC, 40)), act_drop());
    emit_for_all(d, LS_IN_CHECK_PORT_SEC, 50, NULL,
                 act_seq(a, act_result(a, ACT_CHECK_IN_PORT_SEC, R_PORT_SEC_FAILED), act_next()));
    emit_for_all(d, LS_IN_APPLY_PORT_SEC, 50, expr_eq_u64(a, R_PORT_SEC_FAILED, 1), act_drop());
    emit_for_all(d, LS_OUT_CHECK_PORT_SEC, 100, expr_has(a, F_ETH_MCAST),
                 act_seq(a, act_set_u64(a, R_PORT_SEC_FAILED, 0), act_next()));
    emit_for_all(d, LS_OUT_CHECK_PORT_SEC, 0, NULL,
                 act_seq(a, act_result(a, ACT_CHECK_OUT_PORT_SEC, R_PORT_SEC_FAILED), act_next()));
    emit_for_all(d, LS_OUT_APPLY_PORT_SEC, 50, expr_eq_u64(a, R_PORT_SEC_FAILED, 1), act_drop());
    emit_for_all(d, LS_OUT_APPLY_PORT_SEC, 0, NULL, act_output());
}

/* What never goes through connection tracking, whatever ACLs and load balancers there are. */
static void
emit_untracked(struct derive *d, struct arena *a)
{
    static const struct {
        enum stage pre_acl, pre_lb, acl;
        field_ref mac;
    } pipelines[] = {
        {LS_IN_PRE_ACL, LS_IN_PRE_LB, LS_IN_ACL, F_ETH_DST},
        {LS_OUT_PRE_ACL, LS_OUT_PRE_LB, LS_OUT_ACL, F_ETH_SRC},
    };
    for (size_t i = 0; i < ARRAY_SIZE(pipelines); i++) {
        const struct expr *to_monitor = expr_in_address_set(a, pipelines[i].mac, "svc_monitor_mac");
        emit_for_all(d, pipelines[i].pre_acl, 110, to_monitor, act_next());
        emit_for_all(d, pipelines[i].pre_lb, 110, to_monitor, act_next());
        emit_for_all(d, pipelines[i].pre_lb, 110, expr_has(a, F_ETH_MCAST), act_next());
        emit_for_all(d, pipelines[i].pre_lb, 110, is_nd_or_mld(a, false), act_next());
        emit_for_all(d, pipelines[i].acl, 65532, is_nd_or_mld(a, true), act_next());
    }
    emit_for_all(d, LS_IN_ACL_AFTER_LB, 65532, is_nd_or_mld(a, true), act_next());
}

static void
emit_stateful(struct derive *d, struct arena *a)
{
    static const enum stage pre[] = {LS_IN_PRE_STATEFUL, LS_OUT_PRE_STATEFUL};
    static const enum stage commit[] = {LS_IN_STATEFUL, LS_OUT_STATEFUL};
    for (size_t i = 0; i < ARRAY_SIZE(pre); i++) {
        emit_for_all(d, pre[i], 110, expr_eq_u64(a, R_CT_LB, 1), act_bare(ACT_CT_LB_MARK));
        emit_for_all(d, pre[i], 100, expr_eq_u64(a, R_CT_DEFRAG, 1), act_bare(ACT_CT_NEXT));
        for (unsigned int label = 0; label <= 1; label++) {
            const struct act *marks = act_seq(a, act_set_u64(a, F_CT_MARK_BLOCKED, 0),
                                              label ? act_move(a, F_CT_LABEL_LABEL, F_REG3) : NULL);
            emit_for_all(d, commit[i], 100,
                         expr_and(a, expr_eq_u64(a, R_CT_COMMIT, 1), expr_eq_u64(a, R_ACL_LABEL, label)),
                         act_seq(a, act_block(a, ACT_CT_COMMIT, marks), act_next()));
        }
    }
}

static void
emit_l2_lookup(struct derive *d, struct arena *a)
{
    const struct expr *monitored = expr_or(a, expr_has(a, F_TCP), expr_has(a, F_ICMP), expr_has(a, F_ICMP6));
    emit_for_all(d, LS_IN_L2_LKUP, 110,
                 expr_and(a, expr_in_address_set(a, F_ETH_DST, "svc_monitor_mac"), monitored),
                 act_call(a, ACT_HANDLE_SVC_CHECK, F_NONE, F_INPORT));
    emit_for_all(d, LS_IN_L2_LKUP, 70, expr_has(a, F_ETH_MCAST), to_group(a, MC_FLOOD));
    emit_for_all(d, LS_IN_L2_LKUP, 0, NULL,
                 act_seq(a, act_call(a, ACT_GET_FDB, F_OUTPORT, F_ETH_DST), act_next()));
    emit_for_all(d, LS_IN_L2_UNKNOWN, 0, NULL, act_output());

    const struct expr *none = expr_eq_str(a, F_OUTPORT, "none");
    if (derive_has_members(d, C_SWITCHES_UNKNOWN, 0)) {
        emit_flow(d, &(struct lflow) {.stage = LS_IN_L2_UNKNOWN, .priority = 50, .dp = dp_set(C_SWITCHES_UNKNOWN, 0),
                                      .match = none, .actions = to_group(a, MC_UNKNOWN)});
    }
    if (derive_has_members(d, C_SWITCHES_KNOWN, 0)) {
        emit_flow(d, &(struct lflow) {.stage = LS_IN_L2_UNKNOWN, .priority = 50, .dp = dp_set(C_SWITCHES_KNOWN, 0),
                                      .match = none, .actions = act_drop()});
    }
}

void
derive_switch_common(struct derive *d, uint64_t key UNUSED)
{
    struct arena *a = run_arena(d);
    if (derive_has_members(d, C_SWITCHES, 0)) {
        emit_passing_stages(d);
        emit_admission(d, a);
        emit_untracked(d, a);
        emit_stateful(d, a);
        emit_l2_lookup(d, a);
    }
}

/* --- One port --- */

struct port {
    struct derive *d;
    struct arena *a;
    const struct lsp_conf *conf;
    const char *name;
    const struct uuid *uuid;
};

static void
emit_for_port(const struct port *p, enum stage stage, uint16_t priority, const struct expr *match,
              const struct act *actions)
{
    emit_flow(p->d, &(struct lflow) {.stage = stage, .priority = priority, .dp = dp_switch(p->conf->ls),
                                     .match = match, .actions = actions, .hint = p->uuid});
}

static void
emit_disabled(const struct port *p)
{
    struct arena *a = p->a;
    emit_for_port(p, LS_IN_CHECK_PORT_SEC, 100, expr_eq_str(a, F_INPORT, p->name),
                  act_seq(a, act_set_u64(a, R_PORT_SEC_FAILED, 1), act_next()));
    emit_for_port(p, LS_IN_L2_UNKNOWN, 50, expr_eq_str(a, F_OUTPORT, p->name), act_drop());
    emit_for_port(p, LS_OUT_CHECK_PORT_SEC, 150, expr_eq_str(a, F_OUTPORT, p->name),
                  act_seq(a, act_set_u64(a, R_PORT_SEC_FAILED, 1), act_next()));
}

/* A port that says "unknown" and is no way to elsewhere: learn the addresses behind it. */
static void
emit_fdb_learning(const struct port *p, bool has_port_security)
{
    struct arena *a = p->a;
    if (p->conf->type != LSP_VIF || has_port_security) {
        return;
    }
    const struct expr *from_port = expr_eq_str(a, F_INPORT, p->name);
    emit_for_port(p, LS_IN_LOOKUP_FDB, 100, from_port,
                  act_seq(a, act_call(a, ACT_LOOKUP_FDB, R_FDB_FOUND, F_INPORT, F_ETH_SRC), act_next()));
    emit_for_port(p, LS_IN_PUT_FDB, 100, expr_and(a, from_port, expr_eq_u64(a, R_FDB_FOUND, 0)),
                  act_seq(a, act_call(a, ACT_PUT_FDB, F_NONE, F_INPORT, F_ETH_SRC), act_next()));
}

/* Traffic with routers and the physical network is not tracked on this switch. */
static void
emit_not_tracked(const struct port *p)
{
    struct arena *a = p->a;
    emit_for_port(p, LS_IN_PRE_LB, 110, expr_and(a, expr_has(a, F_IP), expr_eq_str(a, F_INPORT, p->name)), act_next());
    emit_for_port(p, LS_OUT_PRE_LB, 110, expr_and(a, expr_has(a, F_IP), expr_eq_str(a, F_OUTPORT, p->name)),
                  act_seq(a, act_bare(ACT_CT_CLEAR), act_next()));
}

static void
emit_unicast(const struct port *p, const struct port_address *addresses, size_t n)
{
    struct arena *a = p->a;
    for (size_t i = 0; i < n; i++) {
        if (addresses[i].first_of_mac) {
            emit_for_port(p, LS_IN_L2_LKUP, 50, expr_eq_mac(a, F_ETH_DST, addresses[i].mac),
                          p->conf->enabled ? act_seq(a, act_set_str(a, F_OUTPORT, p->name), act_output())
                                           : act_drop());
        }
    }
}

/* ARP requests and neighbor solicitations for a router's address go to the router, and to the other ports so that
 * they can learn; the router's own go everywhere but to other routers. */
static void
emit_to_router(const struct port *p, const struct port_address *addresses, size_t n)
{
    struct arena *a = p->a;
    const struct act *to_router = act_block(
        a, ACT_CLONE, act_seq(a, act_set_str(a, F_OUTPORT, p->name), act_output()));
    const struct act *actions = act_seq(a, to_router, to_group(a, MC_FLOOD_L2));
    const struct expr *not_from_vtep = expr_eq_u64(a, R_FROM_VTEP, 0);

    for (size_t i = 0; i < n; i++) {
        const struct port_address *address = &addresses[i];
        const struct expr *asks = NULL;
        if (address->first_of_mac) {
            struct lconst mac = lconst_mac(address->mac);
            const struct expr *requests = expr_or(a, expr_eq_u64(a, F_ARP_OP, 1), expr_eq_u64(a, F_RARP_OP, 3),
                                                  expr_has(a, F_ND_NS));
            emit_for_port(p, LS_IN_L2_LKUP, 75, expr_and(a, expr_in_set(a, F_ETH_SRC, &mac, 1), requests),
                          to_group(a, MC_FLOOD_L2));
        }
        if (!address->has_ip) {
            continue;
        }
        if (address->ip.is_v6) {
            asks = expr_and(a, expr_has(a, F_ND_NS), expr_eq_ip6(a, F_ND_TARGET, &address->ip.v6.addr));
        } else {
            asks = expr_and(a, expr_eq_u64(a, F_ARP_OP, 1), expr_eq_ip4(a, F_ARP_TPA, address->ip.v4.addr));
        }
        emit_for_port(p, LS_IN_L2_LKUP, 80, expr_and(a, not_from_vtep, asks), actions);
    }
}

void
derive_lsp_flows(struct derive *d, uint64_t lsp)
{
    const struct nb_logical_switch_port *row = lsp_row(d, lsp);
    struct port p = {d, run_arena(d), lsp_conf(d, lsp), nb_logical_switch_port_name(d, row), &row->row.uuid};
    size_t n;

    if (p.conf->ls == NO_ROW || p.conf->type == LSP_EXTERNAL) {
        return;
    }
    if (!p.conf->enabled) {
        emit_disabled(&p);
    }
    if (p.conf->has_unknown) {
        emit_fdb_learning(&p, nb_logical_switch_port_port_security(d, row)->n > 0);
    }
    if (p.conf->type == LSP_ROUTER || p.conf->type == LSP_LOCALNET) {
        emit_not_tracked(&p);
    }
    const struct port_address *addresses = lsp_addresses(d, lsp, &n);
    emit_unicast(&p, addresses, n);
    if (p.conf->type == LSP_ROUTER && p.conf->lrp != NO_ROW && p.conf->enabled) {
        emit_to_router(&p, addresses, n);
    }
}
