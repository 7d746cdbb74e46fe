/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/encoder.h"
#include "lib/openflow/of_match.h"

/* Connection tracking, and the actions that choose by a group. */

static struct of_subfield
zone_register(unsigned int reg)
{
    return (struct of_subfield) {OFF_REG(reg), 0, 16};
}

/* The zone that a firewall tracks in: a switch port's own, or that of a router. */
static struct of_subfield
own_zone(const struct encoder *e)
{
    return zone_register(e->params->is_router ? LOGICAL_REG_DNAT_ZONE : LOGICAL_REG_CT_ZONE);
}

/* The zone of a ZONE shape. */
static struct of_subfield
named_zone(const struct encoder *e, const struct act *act)
{
    if (!act->zone.n) {
        return own_zone(e);
    }
    bool snat = str_is(act->zone, "snat");
    if (!e->params->is_router) {
        return zone_register(snat ? LOGICAL_REG_SNAT_ZONE : LOGICAL_REG_CT_ZONE);
    }
    return zone_register(snat ? LOGICAL_REG_SNAT_ZONE : LOGICAL_REG_DNAT_ZONE);
}

static size_t
ct_begin(struct buf *out, uint16_t flags, struct of_subfield zone, uint8_t recirc_table)
{
    struct of_ct spec = {.flags = flags, .zone_is_field = true, .zone_src = zone, .recirc_table = recirc_table};
    return of_act_ct_begin(out, &spec);
}

static void
commit(struct encoder *e, const struct act *act)
{
    size_t start = ct_begin(e->out, OF_CT_COMMIT, own_zone(e), OF_CT_NO_RECIRC);
    if (e->params->ct_zero_snat) {
        /* Resolves collisions with translated connections when it commits. */
        of_act_nat(e->out, &(struct of_nat) {.flags = OF_NAT_SRC});
    }
    e->in_commit = true;
    encode_act(e, act->inner);
    e->in_commit = false;
    of_act_end(e->out, start);
}

static struct of_nat
nat_of(const struct ip_addr *addr, uint16_t flags, uint16_t port_min, uint16_t port_max)
{
    struct of_nat nat = {.flags = flags, .family = addr->is_v6 ? 6 : 4, .port_min = port_min, .port_max = port_max};
    if (addr->is_v6) {
        nat.v6_min = addr->v6;
    } else {
        nat.v4_min = addr->v4;
    }
    return nat;
}

static void
nat(struct encoder *e, const struct act *act)
{
    bool snat = act->kind == ACT_CT_SNAT || act->kind == ACT_CT_SNAT_IN_CZONE;
    bool common = act->kind == ACT_CT_DNAT_IN_CZONE || act->kind == ACT_CT_SNAT_IN_CZONE || e->params->ct_snat_in_dnat_zone;
    struct of_subfield zone = zone_register(snat && !common ? LOGICAL_REG_SNAT_ZONE : LOGICAL_REG_DNAT_ZONE);
    size_t start = ct_begin(e->out, act->nat.has_addr ? OF_CT_COMMIT : 0, zone, encode_next_table(e));
    struct of_nat spec = {.flags = 0};
    if (act->nat.has_addr) {
        spec = nat_of(&act->nat.addr, snat ? OF_NAT_SRC : OF_NAT_DST, act->nat.port_min, act->nat.port_max);
    }
    of_act_nat(e->out, &spec);
    of_act_end(e->out, start);
}

/* Load balancing. */

/* Bits of ct_mark, or of ct_label, that ct_lb sets: those of ct_mark.natted and its neighbours. */
enum { LB_NATTED_BIT = 1, LB_SKIP_SNAT_BIT = 2, LB_FORCE_SNAT_BIT = 3 };

static void
put_backend(struct encoder *e, const struct act *act, const struct lb_backend *backend, struct buf *out)
{
    enum of_field_id field = act->kind == ACT_CT_LB ? OFF_CT_LABEL : OFF_CT_MARK;
    size_t start = ct_begin(out, OF_CT_COMMIT, own_zone(e), encode_next_table(e));
    struct of_nat spec = nat_of(&backend->addr, OF_NAT_DST, backend->port, 0);
    of_act_nat(out, &spec);
    of_act_load_u64(out, (struct of_subfield) {field, LB_NATTED_BIT, 1}, 1);
    if (act->lb.flag) {
        unsigned int bit = act->lb.flag == LB_SKIP_SNAT ? LB_SKIP_SNAT_BIT : LB_FORCE_SNAT_BIT;
        of_act_load_u64(out, (struct of_subfield) {field, (uint16_t) bit, 1}, 1);
    }
    of_act_end(out, start);
}

/* Appends the fields that 'names' lists, as OXM with full masks. */
static void
put_hash_fields(struct encoder *e, struct str names, struct buf *out)
{
    while (names.s) {
        struct str name = str_trim(str_cut(&names, ","));
        const struct of_field *field = of_field_by_name(name);
        if (!field) {
            encode_fail(e, "ct_lb: unknown hash field "STR_FMT".", STR_ARG(name));
            return;
        }
        struct of_match match = {.size = 0};
        struct of_value ones = of_value_ones(field->n_bits);
        of_match_set(&match, field->id, &ones);
        of_match_put_oxm(&match, out);
        of_match_fini(&match);
    }
}

/* Sends the packet to the group of 'buckets', whose actions lie one after the other in 'actions'. */
static void
put_group(struct encoder *e, struct of_group *group, const struct buf *actions)
{
    const char *at = actions->data;
    for (size_t i = 0; i < group->buckets.n; i++) {
        group->buckets.d[i].id = (uint32_t) i;
        group->buckets.d[i].actions = at;
        at += group->buckets.d[i].n_actions;
    }
    if (!buf_is_ok(actions)) {
        encode_fail(e, "Too many choices for a group.");
    }
    if (!e->err) {
        of_act_group(e->out, e->params->group(e->params->aux, group));
    }
    vec_fini(&group->buckets);
}

static void
push_bucket(struct of_group *group, uint16_t weight, uint32_t watch_port, size_t n_actions)
{
    struct of_bucket bucket = {.weight = weight, .watch_port = watch_port, .watch_group = OF_PORT_ANY, .n_actions = n_actions};
    vec_push(&group->buckets, bucket);
}

enum { MAX_GROUP_ACTIONS = 1 << 20 };

static void
load_balance(struct encoder *e, const struct act *act)
{
    if (!act->n) {
        size_t start = ct_begin(e->out, 0, own_zone(e), encode_next_table(e));
        of_act_nat(e->out, &(struct of_nat) {.flags = 0});
        of_act_end(e->out, start);
        return;
    } else if (act->n == 1) {
        put_backend(e, act, &act->lb.backends[0], e->out);
        return;
    }
    struct buf actions = BUF_INIT(MAX_GROUP_ACTIONS), fields = BUF_INIT(4096);
    struct of_group group = {.type = OFPGT_SELECT, .select_method = OF_SELECT_DP_HASH};
    for (size_t i = 0; i < act->n; i++) {
        size_t start = actions.size;
        put_backend(e, act, &act->lb.backends[i], &actions);
        push_bucket(&group, 100, OF_PORT_ANY, actions.size - start);
    }
    if (act->lb.hash_fields.n) {
        put_hash_fields(e, act->lb.hash_fields, &fields);
        group.select_method = OF_SELECT_HASH;
        group.select_fields = fields.data;
        group.n_select_fields = fields.size;
    }
    put_group(e, &group, &actions);
    buf_fini(&actions);
    buf_fini(&fields);
}

/* Other groups. */

/* The parameter of dp_hash that has packets of both directions of a connection make the same choice: symmetric hashing of L4. */
static const uint64_t symmetric_l4 = UINT64_C(1) << 32;

static void
select_choice(struct encoder *e, const struct act *act)
{
    struct encoder bucket = *e;
    struct buf actions = BUF_INIT(MAX_GROUP_ACTIONS);
    struct of_group group = {.type = OFPGT_SELECT, .select_method = OF_SELECT_DP_HASH, .select_param = symmetric_l4};
    bucket.out = &actions;
    for (size_t i = 0; i < act->n; i++) {
        size_t start = actions.size;
        encode_set(&bucket, encode_field(act->result), U128(act->choices[i].id));
        of_act_resubmit(&actions, encode_next_table(e));
        push_bucket(&group, act->choices[i].weight, OF_PORT_ANY, actions.size - start);
    }
    put_group(e, &group, &actions);
    buf_fini(&actions);
}

static void
push_child(struct encoder *e, struct str name, bool liveness, struct of_group *group, struct buf *actions)
{
    struct encoder bucket = *e;
    uint32_t key, ofport = OF_PORT_ANY;
    size_t start = actions->size;
    if (!e->params->lookup_port(e->params->aux, name, &key)) {
        return;
    } else if (liveness && !e->params->lookup_tunnel(e->params->aux, name, &ofport)) {
        ofport = OF_PORT_ANY;
    }
    bucket.out = actions;
    encode_set(&bucket, of_subfield_whole(OFF_REG(LOGICAL_REG_OUTPORT)), U128(key));
    of_act_resubmit(actions, e->params->tables->output);
    push_bucket(group, 100, ofport, actions->size - start);
}

static void
forwarding_group(struct encoder *e, const struct act *act)
{
    bool liveness = str_is(encode_arg_text(encode_arg(act, "liveness")), "true");
    struct buf actions = BUF_INIT(MAX_GROUP_ACTIONS);
    struct of_group group = {.type = OFPGT_SELECT, .select_method = OF_SELECT_DP_HASH};
    for (size_t i = 0; i < act->n; i++) {
        const struct act_arg *arg = &act->args[i];
        if (arg->kind == ARG_VALUES && !str_is(arg->key, "liveness")) {
            for (size_t j = 0; j < arg->n_values; j++) {
                push_child(e, arg->values[j].kind == LC_STRING ? arg->values[j].name : str_from(""), liveness, &group, &actions);
            }
        }
    }
    if (group.buckets.n) {
        put_group(e, &group, &actions);
    }
    buf_fini(&actions);
}

void
encode_ct(struct encoder *e, const struct act *act)
{
    size_t start;
    switch (act->kind) {
    case ACT_CT_NEXT:
        start = ct_begin(e->out, 0, named_zone(e, act), encode_next_table(e));
        of_act_end(e->out, start);
        break;
    case ACT_CT_COMMIT:
        commit(e, act);
        break;
    case ACT_CT_COMMIT_TO_ZONE:
        start = ct_begin(e->out, OF_CT_COMMIT, named_zone(e, act), OF_CT_NO_RECIRC);
        of_act_end(e->out, start);
        break;
    case ACT_CT_COMMIT_NAT:
        start = ct_begin(e->out, OF_CT_COMMIT, named_zone(e, act), encode_next_table(e));
        of_act_nat(e->out, &(struct of_nat) {.flags = 0});
        of_act_end(e->out, start);
        break;
    case ACT_CT_CLEAR:
        of_act_ct_clear(e->out);
        break;
    case ACT_CT_LB:
    case ACT_CT_LB_MARK:
        load_balance(e, act);
        break;
    case ACT_SELECT:
        select_choice(e, act);
        break;
    case ACT_FWD_GROUP:
        forwarding_group(e, act);
        break;
    default:
        nat(e, act);
    }
}
