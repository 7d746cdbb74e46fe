/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/encoder.h"

/* Actions that another table answers, or that learn what such a table will answer.  Arguments are moved into the
 * fields where the flows of that table, or the controller, look for them (encode.h), and moved back afterwards. */

static const struct of_subfield inport_reg = {OFF_REG(LOGICAL_REG_INPORT), 0, 32};
static const struct of_subfield outport_reg = {OFF_REG(LOGICAL_REG_OUTPORT), 0, 32};
static const struct of_subfield ip4_reg = {OFF_REG(0), 0, 32};
static const struct of_subfield ip6_reg = {OFF_XXREG(0), 0, 128};
static const struct of_subfield eth_src = {OFF_ETH_SRC, 0, 48};
static const struct of_subfield eth_dst = {OFF_ETH_DST, 0, 48};

static bool
same_subfield(struct of_subfield a, struct of_subfield b)
{
    return a.field == b.field && a.ofs == b.ofs && a.n_bits == b.n_bits;
}

/* All sources are pushed before the first destination is written: the order of arguments does not matter. */
void
encode_save_args(struct encoder *e, const struct encode_move *moves, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!same_subfield(moves[i].src, moves[i].dst)) {
            of_act_push(e->out, moves[i].dst);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!same_subfield(moves[i].src, moves[i].dst)) {
            of_act_push(e->out, moves[i].src);
        }
    }
    for (size_t i = n; i-- > 0;) {
        if (!same_subfield(moves[i].src, moves[i].dst)) {
            of_act_pop(e->out, moves[i].dst);
        }
    }
}

void
encode_restore_args(struct encoder *e, const struct encode_move *moves, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        if (!same_subfield(moves[i].src, moves[i].dst)) {
            of_act_pop(e->out, moves[i].dst);
        }
    }
}

/* Where the answer lies in 'flags', and the table that gives it. */
struct lookup {
    unsigned int flag;
    uint8_t table;
};

/* Asks: clears the flag, runs the table with the arguments in place, stores the flag in the result. */
static void
ask(struct encoder *e, const struct act *act, struct lookup lookup, const struct encode_move *moves, size_t n)
{
    encode_save_args(e, moves, n);
    encode_set(e, encode_flag(lookup.flag), U128(0));
    of_act_resubmit(e->out, lookup.table);
    encode_restore_args(e, moves, n);
    of_act_move(e->out, encode_flag(lookup.flag), encode_field(act->result));
}

/* The arguments of 'act' in the order of 'dsts'. */
static size_t
arg_moves(const struct act *act, const struct of_subfield *dsts, struct encode_move *ret)
{
    for (size_t i = 0; i < act->n; i++) {
        ret[i] = (struct encode_move) {encode_field(act->args[i].field), dsts[i]};
    }
    return act->n;
}

/* get_arp(P, A), get_nd(P, A): eth.dst is what the table makes it, or 0. */
static void
get_mac(struct encoder *e, const struct act *act, struct of_subfield address)
{
    struct encode_move moves[2];
    size_t n = arg_moves(act, (struct of_subfield[]) {outport_reg, address}, moves);
    encode_save_args(e, moves, n);
    encode_set(e, eth_dst, U128(0));
    of_act_resubmit(e->out, e->params->tables->mac_binding);
    encode_restore_args(e, moves, n);
}

/* R = lookup_arp_ip(P, A), lookup_nd_ip(P, A): as get_mac(), but eth.dst stays. */
static void
lookup_ip(struct encoder *e, const struct act *act, struct of_subfield address)
{
    struct encode_move moves[2];
    size_t n = arg_moves(act, (struct of_subfield[]) {outport_reg, address}, moves);
    struct lookup lookup = {LOGICAL_FLAG_LOOKUP_MAC, e->params->tables->mac_binding};
    of_act_push(e->out, eth_dst);
    encode_save_args(e, moves, n);
    encode_set(e, encode_flag(lookup.flag), U128(0));
    of_act_resubmit(e->out, lookup.table);
    encode_restore_args(e, moves, n);
    of_act_pop(e->out, eth_dst);
    of_act_move(e->out, encode_flag(lookup.flag), encode_field(act->result));
}

/* R = lookup_arp(P, A, M), lookup_nd(P, A, M), lookup_fdb(P, M). */
static void
lookup_mac(struct encoder *e, const struct act *act, struct of_subfield address)
{
    struct encode_move moves[3];
    struct lookup lookup = {LOGICAL_FLAG_LOOKUP_MAC, e->params->tables->mac_lookup};
    size_t n;
    if (act->kind == ACT_LOOKUP_FDB) {
        lookup = (struct lookup) {LOGICAL_FLAG_LOOKUP_FDB, e->params->tables->lookup_fdb};
        n = arg_moves(act, (struct of_subfield[]) {inport_reg, eth_src}, moves);
    } else {
        n = arg_moves(act, (struct of_subfield[]) {inport_reg, address, eth_src}, moves);
    }
    ask(e, act, lookup, moves, n);
}

/* P = get_fdb(M): outport is what the table makes it, or 0. */
static void
get_fdb(struct encoder *e, const struct act *act)
{
    struct of_subfield result = encode_field(act->result);
    struct encode_move move = {encode_field(act->args[0].field), eth_dst};
    bool other = !same_subfield(result, outport_reg);
    if (other) {
        of_act_push(e->out, outport_reg);
    }
    encode_save_args(e, &move, 1);
    encode_set(e, outport_reg, U128(0));
    of_act_resubmit(e->out, e->params->tables->get_fdb);
    encode_restore_args(e, &move, 1);
    if (other) {
        of_act_move(e->out, outport_reg, result);
        of_act_pop(e->out, outport_reg);
    }
}

/* put_arp(P, A, M), put_nd(P, A, M), put_fdb(P, M): the controller learns. */
static void
put_mac(struct encoder *e, const struct act *act, enum opcode opcode, struct of_subfield address)
{
    struct encode_move moves[3];
    size_t n = act->kind == ACT_PUT_FDB ? arg_moves(act, (struct of_subfield[]) {inport_reg, eth_src}, moves)
                                        : arg_moves(act, (struct of_subfield[]) {inport_reg, address, eth_src}, moves);
    encode_save_args(e, moves, n);
    encode_opcode(e, opcode, false);
    encode_restore_args(e, moves, n);
}

/* bind_vport(V, P). */
static void
bind_vport(struct encoder *e, const struct act *act)
{
    struct encode_move move = {encode_field(act->args[1].field), inport_reg};
    struct { struct opcode_header header; be32 key; } data = {
        .header.opcode = htobe32(OPCODE_BIND_VPORT), .key = htobe32(encode_port_key(e, act->args[0].values[0].name))};
    struct of_controller spec = {.max_len = OF_MAX_LEN, .reason = OF_REASON_ACTION, .meter_id = e->params->controller_meter,
                                 .userdata = &data, .userdata_size = sizeof data};
    encode_save_args(e, &move, 1);
    of_act_controller(e->out, &spec);
    encode_restore_args(e, &move, 1);
}

static void
handle_svc_check(struct encoder *e, const struct act *act)
{
    struct encode_move move = {encode_field(act->args[0].field), inport_reg};
    encode_save_args(e, &move, 1);
    encode_opcode(e, OPCODE_HANDLE_SVC_CHECK, false);
    encode_restore_args(e, &move, 1);
}

/* LONG: one line per action */
void
encode_lookup(struct encoder *e, const struct act *act)
{
    const struct logical_tables *t = e->params->tables;
    switch (act->kind) {
    case ACT_GET_ARP: get_mac(e, act, ip4_reg); break;
    case ACT_GET_ND: get_mac(e, act, ip6_reg); break;
    case ACT_LOOKUP_ARP_IP: lookup_ip(e, act, ip4_reg); break;
    case ACT_LOOKUP_ND_IP: lookup_ip(e, act, ip6_reg); break;
    case ACT_LOOKUP_ARP: case ACT_LOOKUP_FDB: lookup_mac(e, act, ip4_reg); break;
    case ACT_LOOKUP_ND: lookup_mac(e, act, ip6_reg); break;
    case ACT_GET_FDB: get_fdb(e, act); break;
    case ACT_PUT_ARP: put_mac(e, act, OPCODE_PUT_ARP, ip4_reg); break;
    case ACT_PUT_ND: put_mac(e, act, OPCODE_PUT_ND, ip6_reg); break;
    case ACT_PUT_FDB: put_mac(e, act, OPCODE_PUT_FDB, ip4_reg); break;
    case ACT_BIND_VPORT: bind_vport(e, act); break;
    case ACT_HANDLE_SVC_CHECK: handle_svc_check(e, act); break;
    case ACT_CHK_LB_HAIRPIN: ask(e, act, (struct lookup) {LOGICAL_FLAG_LOOKUP_LB_HAIRPIN, t->lb_hairpin}, NULL, 0); break;
    case ACT_CHK_LB_HAIRPIN_REPLY:
        ask(e, act, (struct lookup) {LOGICAL_FLAG_LOOKUP_LB_HAIRPIN, t->lb_hairpin_reply}, NULL, 0);
        break;
    case ACT_CHECK_IN_PORT_SEC: ask(e, act, (struct lookup) {LOGICAL_FLAG_CHECK_PORT_SEC, t->in_port_sec}, NULL, 0); break;
    case ACT_CHECK_OUT_PORT_SEC: ask(e, act, (struct lookup) {LOGICAL_FLAG_CHECK_PORT_SEC, t->out_port_sec}, NULL, 0); break;
    case ACT_CHECK_ECMP_NH: ask(e, act, (struct lookup) {LOGICAL_FLAG_LOOKUP_COMMIT_ECMP_NH, t->ecmp_nh}, NULL, 0); break;
    case ACT_CHECK_ECMP_NH_MAC: ask(e, act, (struct lookup) {LOGICAL_FLAG_LOOKUP_COMMIT_ECMP_NH, t->ecmp_nh_mac}, NULL, 0); break;
    case ACT_CHK_LB_AFF: ask(e, act, (struct lookup) {LOGICAL_FLAG_LB_AFFINITY, t->lb_affinity}, NULL, 0); break;
    default: CHECK(false);
    }
}

/* Learning. */

enum { ECMP_IDLE_SECONDS = 20, ECMP_HARD_SECONDS = 30, LEARNED_PRIORITY = 0x8000 };

static size_t
learn_begin(struct encoder *e, uint8_t table, uint16_t idle_timeout, uint16_t hard_timeout)
{
    struct of_learn spec = {.idle_timeout = idle_timeout, .hard_timeout = hard_timeout, .priority = LEARNED_PRIORITY, .flags = OF_LEARN_DELETE_LEARNED,
                            .cookie = get_be32(e->params->lflow.b), .table_id = table};
    return of_act_learn_begin(e->out, &spec);
}

static void
learn_same(struct encoder *e, enum of_field_id dst, enum of_field_id src)
{
    of_learn_match_field(e->out, of_subfield_whole(dst), of_subfield_whole(src));
}

static void
learn_const(struct encoder *e, enum of_field_id dst, uint64_t x)
{
    struct of_value value = of_value_u64(x);
    of_learn_match_value(e->out, of_subfield_whole(dst), &value);
}

static void
learn_load(struct encoder *e, struct of_subfield dst, struct u128 x)
{
    struct of_value value = encode_value(x);
    of_learn_load_value(e->out, dst, &value);
}

struct l4 {
    uint8_t proto;                                           /* 0 if none */
    enum of_field_id src, dst;
};

static struct l4
parse_l4(struct encoder *e, struct str proto)
{
    if (str_is(proto, "tcp")) {
        return (struct l4) {IPPROTO_TCP, OFF_TCP_SRC, OFF_TCP_DST};
    } else if (str_is(proto, "udp")) {
        return (struct l4) {IPPROTO_UDP, OFF_UDP_SRC, OFF_UDP_DST};
    } else if (str_is(proto, "sctp")) {
        return (struct l4) {IPPROTO_SCTP, OFF_SCTP_SRC, OFF_SCTP_DST};
    } else if (proto.n) {
        encode_fail(e, "Unknown protocol "STR_FMT".", STR_ARG(proto));
    }
    return (struct l4) {.proto = 0};
}

/* Later packets of this connection, in the same ('reply' false) or the other direction. */
static void
learn_connection(struct encoder *e, bool ipv6, struct l4 l4, bool reply)
{
    enum of_field_id ip_src = ipv6 ? OFF_IPV6_SRC : OFF_IP_SRC, ip_dst = ipv6 ? OFF_IPV6_DST : OFF_IP_DST;
    size_t start = learn_begin(e, reply ? e->params->tables->ecmp_nh : e->params->tables->ecmp_nh_mac, ECMP_IDLE_SECONDS,
                               ECMP_HARD_SECONDS);
    learn_same(e, OFF_METADATA, OFF_METADATA);
    learn_const(e, OFF_ETH_TYPE, ipv6 ? 0x86dd : 0x0800);
    learn_same(e, ip_src, reply ? ip_dst : ip_src);
    learn_same(e, ip_dst, reply ? ip_src : ip_dst);
    learn_const(e, OFF_IP_PROTO, l4.proto);
    learn_same(e, l4.src, reply ? l4.dst : l4.src);
    learn_same(e, l4.dst, reply ? l4.src : l4.dst);
    if (!reply) {
        learn_same(e, OFF_ETH_SRC, OFF_ETH_SRC);
    }
    learn_load(e, encode_flag(LOGICAL_FLAG_LOOKUP_COMMIT_ECMP_NH), U128(1));
    of_act_end(e->out, start);
}

static void
commit_ecmp_nh(struct encoder *e, const struct act *act)
{
    bool ipv6 = str_is(encode_arg_text(encode_arg(act, "ipv6")), "true");
    struct l4 l4 = parse_l4(e, encode_arg_text(encode_arg(act, "proto")));
    if (!l4.proto) {
        encode_fail(e, "commit_ecmp_nh: proto must be tcp, udp or sctp.");
        return;
    }
    learn_connection(e, ipv6, l4, false);
    learn_connection(e, ipv6, l4, true);
}

/* "ADDR", "ADDR:PORT", "[ADDR]:PORT". */
static bool
parse_endpoint(struct str text, struct lb_backend *ret)
{
    *ret = (struct lb_backend) {.port = 0};
    if (ip_addr_parse(text, &ret->addr)) {
        return true;
    }
    size_t colon = text.n;
    while (colon && text.s[colon - 1] != ':') {
        colon--;
    }
    if (!colon) {
        return false;
    }
    char *port_text = str_dup(str_n(text.s + colon, text.n - colon));
    struct str addr = str_n(text.s, colon - 1);
    if (addr.n >= 2 && addr.s[0] == '[' && addr.s[addr.n - 1] == ']') {
        addr = str_n(addr.s + 1, addr.n - 2);
    }
    uint32_t port;
    bool ok = ip_addr_parse(addr, &ret->addr) && str_to_uint32(port_text, 10, &port) && port <= UINT16_MAX;
    if (ok) {
        ret->port = (uint16_t) port;
    }
    free(port_text);
    return ok;
}

static struct u128
addr_value(const struct ip_addr *addr)
{
    return addr->is_v6 ? u128_from_be(&addr->v6, 16) : u128_from_be(&addr->v4, 4);
}

/* The same client, when it comes to the VIP again, finds the backend in reg4 (IPv6: in xxreg1 of a router, in xxreg0
 * of a switch) and its port in reg8. */
static void
commit_lb_aff(struct encoder *e, const struct act *act)
{
    struct lb_backend vip, backend;
    if (!parse_endpoint(encode_arg_text(encode_arg(act, "vip")), &vip)
        || !parse_endpoint(encode_arg_text(encode_arg(act, "backend")), &backend) || vip.addr.is_v6 != backend.addr.is_v6) {
        encode_fail(e, "commit_lb_aff: vip and backend must be addresses of one family.");
        return;
    }
    struct l4 l4 = parse_l4(e, encode_arg_text(encode_arg(act, "proto")));
    uint16_t timeout = (uint16_t) encode_arg_int(e, act, encode_arg(act, "timeout"), UINT16_MAX);
    bool v6 = vip.addr.is_v6;
    size_t start = learn_begin(e, e->params->tables->lb_affinity, timeout, 0);
    learn_same(e, OFF_METADATA, OFF_METADATA);
    learn_const(e, OFF_ETH_TYPE, v6 ? 0x86dd : 0x0800);
    learn_same(e, v6 ? OFF_IPV6_SRC : OFF_IP_SRC, v6 ? OFF_IPV6_SRC : OFF_IP_SRC);
    struct of_value vip_value = encode_value(addr_value(&vip.addr));
    of_learn_match_value(e->out, of_subfield_whole(v6 ? OFF_IPV6_DST : OFF_IP_DST), &vip_value);
    if (l4.proto) {
        learn_const(e, OFF_IP_PROTO, l4.proto);
    }
    if (l4.proto && vip.port) {
        learn_const(e, l4.dst, vip.port);
    }
    learn_load(e, encode_flag(LOGICAL_FLAG_LB_AFFINITY), U128(1));
    learn_load(e, of_subfield_whole(v6 ? OFF_XXREG(e->params->is_router ? 1 : 0) : OFF_REG(4)), addr_value(&backend.addr));
    if (backend.port) {
        learn_load(e, (struct of_subfield) {OFF_REG(8), 0, 16}, U128(backend.port));
    }
    of_act_end(e->out, start);
}

void
encode_learn(struct encoder *e, const struct act *act)
{
    if (act->kind == ACT_COMMIT_ECMP_NH) {
        commit_ecmp_nh(e, act);
    } else {
        commit_lb_aff(e, act);
    }
}
