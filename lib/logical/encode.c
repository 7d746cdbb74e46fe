/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/encoder.h"
#include "lib/logical/match_plan.h"

struct err *
actions_encode(const struct act *act, const struct encode_params *params, struct buf *ofpacts)
{
    size_t start = ofpacts->size;
    struct encoder e = {.params = params, .out = ofpacts};
    encode_act(&e, act);
    if (!e.err && !buf_is_ok(ofpacts)) {
        e.err = err_new("Actions are too long for OpenFlow.");
    }
    if (e.err) {
        buf_truncate(ofpacts, start);
    }
    return e.err;
}

void
encode_fail(struct encoder *e, const char *format, ...)
{
    if (e->err) {
        return;
    }
    struct buf what = BUF_INIT(1024);
    va_list args;
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    e->err = err_new("%s", buf_text(&what));
    buf_fini(&what);
}

/* Where things are. */

struct of_subfield
encode_field(field_ref f)
{
    unsigned int ofs;
    enum symbol base = field_ref_base(f, &ofs);
    return (struct of_subfield) {logical_field(base), (uint16_t) ofs, (uint16_t) field_ref_width(f)};
}

uint8_t
encode_table(const struct encoder *e, bool ingress, unsigned int table)
{
    return (uint8_t) ((ingress ? e->params->tables->ingress : e->params->tables->egress) + table);
}

uint8_t
encode_next_table(const struct encoder *e)
{
    return encode_table(e, !e->params->is_egress, e->params->table + 1u);
}

uint32_t
encode_port_key(const struct encoder *e, struct str name)
{
    uint32_t key;
    return name.n && !str_is(name, "none") && e->params->lookup_port(e->params->aux, name, &key) ? key : 0;
}

struct of_value
encode_value(struct u128 x)
{
    struct of_value value;
    u128_to_be(x, value.b, sizeof value.b);
    return value;
}

void
encode_set(struct encoder *e, struct of_subfield dst, struct u128 value)
{
    struct of_value v = encode_value(u128_shl(value, dst.ofs));
    struct of_value mask = encode_value(u128_shl(u128_ones(dst.n_bits), dst.ofs));
    of_act_set_field(e->out, dst.field, &v, of_subfield_is_whole(dst) ? NULL : &mask);
}

/* Arguments. */

const struct act_arg *
encode_arg(const struct act *act, const char *key)
{
    for (size_t i = 0; i < act->n; i++) {
        if (str_is(act->args[i].key, key)) {
            return &act->args[i];
        }
    }
    return NULL;
}

struct str
encode_arg_text(const struct act_arg *arg)
{
    if (arg && arg->kind == ARG_WORD) {
        return arg->word;
    }
    return arg && arg->kind == ARG_VALUES && arg->values[0].kind == LC_STRING ? arg->values[0].name : str_from("");
}

uint64_t
encode_arg_int(struct encoder *e, const struct act *act, const struct act_arg *arg, uint64_t max)
{
    if (!arg || arg->kind != ARG_VALUES || arg->values[0].kind != LC_INT || u128_cmp(arg->values[0].value, U128(max)) > 0) {
        encode_fail(e, "%s: an argument is not an integer of at most %llu.", act_info(act->kind)->name.s, (unsigned long long) max);
        return 0;
    }
    return arg->values[0].value.lo;
}

/* Assignments. */

/* "icmp4.frag_mtu = 1500": OpenFlow cannot write there. */
static void
set_ovn_field(struct encoder *e, const struct act *act)
{
    bool v6 = act->result == F_ICMP6_FRAG_MTU;
    struct of_controller spec = {.max_len = OF_MAX_LEN, .reason = OF_REASON_ACTION, .pause = true,
                                 .meter_id = e->params->controller_meter};
    struct opcode_header header = {.opcode = htobe32(v6 ? OPCODE_ICMP6_FRAG_MTU : OPCODE_ICMP4_FRAG_MTU)};
    uint8_t mtu[4];
    size_t size = v6 ? 4 : 2;
    u128_to_be(act->value->value, mtu, size);
    size_t start = of_act_controller_begin(e->out, &spec);
    buf_put(e->out, &header, sizeof header);
    buf_put(e->out, mtu, size);
    of_act_controller_end(e->out, start);
}

static bool
is_conntrack(enum of_field_id field)
{
    return field == OFF_CT_MARK || field == OFF_CT_LABEL;
}

/* Whether 'dst' can be written where we are. */
static bool
check_place(struct encoder *e, struct of_subfield dst)
{
    if (is_conntrack(dst.field) != e->in_commit) {
        encode_fail(e, e->in_commit ? "Only ct_mark and ct_label can be set in ct_commit."
                                    : "ct_mark and ct_label can only be set in ct_commit.");
        return false;
    }
    return true;
}

static void
set(struct encoder *e, const struct act *act)
{
    const struct lconst *c = act->value;
    if (symbol_info(field_ref_symbol(act->result))->kind == SYM_OVN_FIELD) {
        set_ovn_field(e, act);
        return;
    }
    struct of_subfield dst = encode_field(act->result);
    if (!check_place(e, dst)) {
        return;
    } else if (c->kind == LC_STRING) {
        encode_set(e, dst, U128(encode_port_key(e, c->name)));
    } else if (!c->masked) {
        encode_set(e, dst, c->value);
    } else if (of_field(dst.field)->is_maskable) {
        struct of_value value = encode_value(u128_shl(u128_and(c->value, c->mask), dst.ofs));
        struct of_value mask = encode_value(u128_shl(c->mask, dst.ofs));
        of_act_set_field(e->out, dst.field, &value, &mask);
    } else {
        encode_fail(e, "%s can only be set as a whole.", symbol_info(field_ref_symbol(act->result))->name);
    }
}

static void
exchange(struct encoder *e, struct of_subfield a, struct of_subfield b)
{
    if (check_place(e, a) && check_place(e, b)) {
        of_act_push(e->out, a);
        of_act_push(e->out, b);
        of_act_pop(e->out, a);
        of_act_pop(e->out, b);
    }
}

/* Everything. */

static void
next(struct encoder *e, const struct act *act)
{
    bool ingress = act->next.has_pipeline ? act->next.ingress : !e->params->is_egress;
    unsigned int table = act->next.has_table ? act->next.table : e->params->table + 1u;
    if (table >= (ingress ? e->params->tables->n_ingress : e->params->tables->n_egress)) {
        encode_fail(e, "There is no %s table %u.", ingress ? "ingress" : "egress", table);
        return;
    }
    of_act_resubmit(e->out, encode_table(e, ingress, table));
}

static void
clone(struct encoder *e, const struct act *act)
{
    size_t start = of_act_clone_begin(e->out);
    encode_act(e, act->inner);
    of_act_end(e->out, start);
}

static void
sample(struct encoder *e, const struct act *act)
{
    const struct act_arg *collector = encode_arg(act, "collector_set"), *domain = encode_arg(act, "obs_domain");
    const struct act_arg *point = encode_arg(act, "obs_point");
    struct of_sample spec = {
        .probability = (uint16_t) encode_arg_int(e, act, encode_arg(act, "probability"), UINT16_MAX),
        .collector_set_id = collector ? (uint32_t) encode_arg_int(e, act, collector, UINT32_MAX) : 0,
        .obs_domain_id = (domain ? (uint32_t) encode_arg_int(e, act, domain, UINT8_MAX) << 24 : 0) | e->params->dp_key,
    };
    /* "@cookie" reads as a port group of that name, "$cookie" as an address set. */
    if (point && point->kind == ARG_VALUES && point->values[0].kind != LC_INT) {
        spec.obs_point_id = get_be32(e->params->lflow.b);
    } else if (point) {
        spec.obs_point_id = (uint32_t) encode_arg_int(e, act, point, UINT32_MAX);
    }
    if (!e->err && !spec.probability) {
        encode_fail(e, "sample: probability must be at least 1.");
    }
    of_act_sample(e->out, &spec);
}

static void
set_meter(struct encoder *e, const struct act *act)
{
    uint32_t rate = (uint32_t) encode_arg_int(e, act, &act->args[0], UINT32_MAX);
    uint32_t burst = act->n > 1 ? (uint32_t) encode_arg_int(e, act, &act->args[1], UINT32_MAX) : 0;
    uint32_t id = e->err ? 0 : e->params->rate_meter(e->params->aux, rate, burst);
    if (id) {
        of_act_meter(e->out, id);                            /* there is no meter 0: the switch would refuse the flow */
    }
}

static void
flood_remote(struct encoder *e)
{
    if (e->params->tables->flood_remote) {
        of_act_resubmit(e->out, e->params->tables->flood_remote);
    } else {
        encode_fail(e, "flood_remote is not supported here.");
    }
}

enum { MAX_QUEUE = 61440 };                                  /* ovn-sb(5), set_queue */

/* LONG: one line per action */
static void
encode_one(struct encoder *e, const struct act *act)
{
    switch (act->kind) {
    case ACT_SEQ:
        for (size_t i = 0; i < act->n && !e->err; i++) {
            encode_one(e, act->acts[i]);
        }
        break;
    case ACT_SET: set(e, act); break;
    case ACT_MOVE:
        if (check_place(e, encode_field(act->result))) {
            of_act_move(e->out, encode_field(act->field), encode_field(act->result));
        }
        break;
    case ACT_EXCHANGE: exchange(e, encode_field(act->result), encode_field(act->field)); break;
    case ACT_PUSH: of_act_push(e->out, encode_field(act->field)); break;
    case ACT_POP: of_act_pop(e->out, encode_field(act->field)); break;
    case ACT_DEC_TTL: of_act_dec_ttl(e->out); break;
    case ACT_NEXT: next(e, act); break;
    case ACT_DROP: break;
    case ACT_OUTPUT:
        of_act_resubmit(e->out, e->params->is_egress ? e->params->tables->save_inport : e->params->tables->output);
        break;
    case ACT_FLOOD_REMOTE: flood_remote(e); break;
    case ACT_CLONE: clone(e, act); break;
    case ACT_SAMPLE: sample(e, act); break;
    case ACT_SET_METER: set_meter(e, act); break;
    case ACT_SET_QUEUE:
        of_act_set_queue(e->out, (uint32_t) encode_arg_int(e, act, &act->args[0], MAX_QUEUE));
        break;
    case ACT_CHECK_PKT_LARGER:
        of_act_check_pkt_larger(e->out, (uint16_t) encode_arg_int(e, act, &act->args[0], UINT16_MAX), encode_field(act->result));
        break;
    case ACT_CT_SNAT_TO_VIP: of_act_resubmit(e->out, e->params->tables->ct_snat_to_vip); break;
    case ACT_MAC_CACHE_USE: of_act_resubmit(e->out, e->params->tables->mac_cache_use); break;
    case ACT_CT_NEXT: case ACT_CT_COMMIT: case ACT_CT_COMMIT_TO_ZONE: case ACT_CT_COMMIT_NAT: case ACT_CT_DNAT: case ACT_CT_SNAT:
    case ACT_CT_DNAT_IN_CZONE: case ACT_CT_SNAT_IN_CZONE: case ACT_CT_LB: case ACT_CT_LB_MARK: case ACT_CT_CLEAR: case ACT_SELECT:
    case ACT_FWD_GROUP:
        encode_ct(e, act);
        break;
    case ACT_GET_ARP: case ACT_GET_ND: case ACT_LOOKUP_ARP: case ACT_LOOKUP_ND: case ACT_LOOKUP_ARP_IP: case ACT_LOOKUP_ND_IP:
    case ACT_GET_FDB: case ACT_LOOKUP_FDB: case ACT_CHK_LB_HAIRPIN: case ACT_CHK_LB_HAIRPIN_REPLY: case ACT_CHECK_IN_PORT_SEC:
    case ACT_CHECK_OUT_PORT_SEC: case ACT_CHECK_ECMP_NH: case ACT_CHECK_ECMP_NH_MAC: case ACT_CHK_LB_AFF: case ACT_PUT_ARP:
    case ACT_PUT_ND: case ACT_PUT_FDB: case ACT_BIND_VPORT: case ACT_HANDLE_SVC_CHECK:
        encode_lookup(e, act);
        break;
    case ACT_COMMIT_ECMP_NH: case ACT_COMMIT_LB_AFF:
        encode_learn(e, act);
        break;
    case ACT_ARP: case ACT_ND_NS: case ACT_ND_NA: case ACT_ND_NA_ROUTER: case ACT_ICMP4: case ACT_ICMP4_ERROR: case ACT_ICMP6:
    case ACT_ICMP6_ERROR: case ACT_TCP_RESET: case ACT_SCTP_ABORT: case ACT_REJECT: case ACT_PUT_DHCP_OPTS:
    case ACT_PUT_DHCPV6_OPTS: case ACT_DHCP_RELAY_REQ_CHK: case ACT_DHCP_RELAY_RESP_CHK: case ACT_PUT_ND_RA_OPTS:
    case ACT_DNS_LOOKUP: case ACT_LOG: case ACT_TRIGGER_EVENT: case ACT_IGMP: case ACT_HANDLE_DHCPV6_REPLY: case ACT_HANDLE_BFD_MSG:
        encode_controller(e, act);
        break;
    case N_ACT_KINDS:
        break;
    }
}

void
encode_act(struct encoder *e, const struct act *act)
{
    if (act && e->in_commit && act->kind != ACT_SEQ && act->kind != ACT_SET && act->kind != ACT_MOVE) {
        encode_fail(e, "Only assignments can stand in ct_commit.");
    } else if (act) {
        encode_one(e, act);
    }
}
