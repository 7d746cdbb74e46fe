/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/plan.h"

MEM_TYPE(match_plan, "match plans");

enum of_field_id
logical_field(enum symbol symbol)
{
    static const uint8_t fields[N_SYMBOLS] = {
        [F_REG0] = OFF_REG0, [F_REG1] = OFF_REG1, [F_REG2] = OFF_REG2, [F_REG3] = OFF_REG3, [F_REG4] = OFF_REG4,
        [F_REG5] = OFF_REG5, [F_REG6] = OFF_REG6, [F_REG7] = OFF_REG7, [F_REG8] = OFF_REG8, [F_REG9] = OFF_REG9,
        [F_XREG0] = OFF_XREG0, [F_XREG1] = OFF_XREG1, [F_XREG2] = OFF_XREG2, [F_XREG3] = OFF_XREG3, [F_XREG4] = OFF_XREG4,
        [F_XXREG0] = OFF_XXREG0, [F_XXREG1] = OFF_XXREG1, [F_INPORT] = OFF_REG14, [F_OUTPORT] = OFF_REG15,
        [F_FLAGS] = OFF_REG10, [F_PKT_MARK] = OFF_PKT_MARK, [F_ETH_SRC] = OFF_ETH_SRC, [F_ETH_DST] = OFF_ETH_DST,
        [F_ETH_TYPE] = OFF_ETH_TYPE, [F_VLAN_TCI] = OFF_VLAN_TCI, [F_IP_PROTO] = OFF_IP_PROTO, [F_IP_DSCP] = OFF_IP_DSCP,
        [F_IP_ECN] = OFF_IP_ECN, [F_IP_TTL] = OFF_IP_TTL, [F_IP_FRAG] = OFF_IP_FRAG, [F_IP4_SRC] = OFF_IP_SRC,
        [F_IP4_DST] = OFF_IP_DST, [F_IP6_SRC] = OFF_IPV6_SRC, [F_IP6_DST] = OFF_IPV6_DST, [F_IP6_LABEL] = OFF_IPV6_LABEL,
        [F_ICMP4_TYPE] = OFF_ICMP_TYPE, [F_ICMP4_CODE] = OFF_ICMP_CODE, [F_ICMP6_TYPE] = OFF_ICMPV6_TYPE,
        [F_ICMP6_CODE] = OFF_ICMPV6_CODE, [F_ARP_OP] = OFF_ARP_OP, [F_ARP_SPA] = OFF_ARP_SPA, [F_ARP_SHA] = OFF_ARP_SHA,
        [F_ARP_TPA] = OFF_ARP_TPA, [F_ARP_THA] = OFF_ARP_THA, [F_RARP_OP] = OFF_ARP_OP, [F_RARP_SPA] = OFF_ARP_SPA,
        [F_RARP_SHA] = OFF_ARP_SHA, [F_RARP_TPA] = OFF_ARP_TPA, [F_RARP_THA] = OFF_ARP_THA, [F_ND_TARGET] = OFF_ND_TARGET,
        [F_ND_SLL] = OFF_ND_SLL, [F_ND_TLL] = OFF_ND_TLL, [F_TCP_SRC] = OFF_TCP_SRC, [F_TCP_DST] = OFF_TCP_DST,
        [F_TCP_FLAGS] = OFF_TCP_FLAGS, [F_UDP_SRC] = OFF_UDP_SRC, [F_UDP_DST] = OFF_UDP_DST, [F_SCTP_SRC] = OFF_SCTP_SRC,
        [F_SCTP_DST] = OFF_SCTP_DST, [F_CT_MARK] = OFF_CT_MARK, [F_CT_LABEL] = OFF_CT_LABEL, [F_CT_STATE] = OFF_CT_STATE,
    };
    CHECK(symbol_info(symbol)->kind == SYM_STRING || fields[symbol] || symbol_info(symbol)->kind <= SYM_NOMINAL);
    return (enum of_field_id) fields[symbol];
}

void
match_put_alt(struct of_match *match, enum symbol place, struct alt alt)
{
    struct of_value value, mask;
    u128_to_be(alt.value, value.b, sizeof value.b);
    u128_to_be(alt.mask, mask.b, sizeof mask.b);
    of_match_set_masked(match, logical_field(place), &value, &mask);
}

/* Packing: a plan is measured first and then copied into one block. */

struct packer {
    char *at;                                                /* NULL while measuring */
    size_t size;
};

static void *
pack(struct packer *p, const void *data, size_t size)
{
    void *to = NULL;
    if (p->at && size) {
        to = memcpy(p->at + p->size, data, size);
    }
    p->size += ROUND_UP(size, 16);
    return to;
}

static struct term
pack_term(struct packer *p, const struct term *term)
{
    struct term copy = *term;
    copy.fixed = pack(p, term->fixed, term->n_fixed * sizeof *term->fixed);
    copy.conditions = pack(p, term->conditions, term->n_conditions * sizeof *term->conditions);
    struct dim *dims = pack(p, term->dims, term->n_dims * sizeof *term->dims);
    for (size_t i = 0; i < term->n_dims; i++) {
        const struct dim *dim = &term->dims[i];
        const struct alt *alts = pack(p, dim->alts, dim->n_alts * sizeof *dim->alts);
        const uint32_t *sets = pack(p, dim->sets, dim->n_sets * sizeof *dim->sets);
        if (dims) {
            dims[i].alts = alts;
            dims[i].sets = sets;
        }
    }
    copy.dims = dims;
    return copy;
}

/* The match of all that does not depend on a datapath. */
static struct of_match
base_match(const struct term *term)
{
    struct of_match match = {.size = 0};
    for (size_t i = 0; i < term->n_fixed; i++) {
        if (!place_is_port(term->fixed[i].place)) {
            match_put_alt(&match, term->fixed[i].place, term->fixed[i].alt);
        }
    }
    return match;
}

static struct match_plan *
pack_plan(struct packer *p, const struct term_vec *terms, const struct plan_name_vec *names)
{
    struct match_plan plan = {.n_names = (uint32_t) names->n, .n_terms = (uint32_t) terms->n};
    struct match_plan *out = pack(p, &plan, sizeof plan);
    struct plan_name *out_names = pack(p, names->d, names->n * sizeof *names->d);
    size_t at = p->size;
    p->size += ROUND_UP(terms->n * sizeof(struct plan_term), 16);
    struct plan_term *out_terms = p->at ? (struct plan_term *) (void *) (p->at + at) : NULL;
    for (size_t i = 0; i < names->n; i++) {
        const char *s = pack(p, names->d[i].name.s, names->d[i].name.n);
        if (out_names) {
            out_names[i].name.s = s ? s : "";
        }
    }
    for (size_t i = 0; i < terms->n; i++) {
        struct term term = pack_term(p, terms->d[i]);
        if (out_terms) {
            out_terms[i] = (struct plan_term) {.term = term, .base = base_match(&term), .conj = out->n_conj_ids};
            out->n_conj_ids += term.n_dims >= 2;
        }
    }
    if (out) {
        out->names = out_names;
        out->terms = out_terms;
    }
    return out;
}

struct err *
match_plan_new(const struct expr *match, struct match_plan **ret)
{
    struct arena *arena = arena_new();
    struct term_vec terms = {0};
    struct plan_name_vec names = {0};
    struct err *err = plan_normalise(arena, match, &terms, &names);
    if (!err) {
        struct packer p = {.at = NULL};
        pack_plan(&p, &terms, &names);
        p.at = xcalloc(1, p.size);
        p.size = 0;
        *ret = pack_plan(&p, &terms, &names);
        mem_add(&mem_match_plan, +1);
    }
    vec_fini(&terms);
    vec_fini(&names);
    arena_free(arena);
    return err;
}

void
match_plan_free(struct match_plan *plan)
{
    if (plan) {
        for (size_t i = 0; i < plan->n_terms; i++) {
            of_match_fini(&plan->terms[i].base);
        }
        mem_add(&mem_match_plan, -1);
        free(plan);
    }
}

bool
match_plan_is_never(const struct match_plan *plan)
{
    return !plan->n_terms;
}

uint32_t
match_plan_n_conj_ids(const struct match_plan *plan)
{
    return plan->n_conj_ids;
}

void
match_plan_for_each_name(const struct match_plan *plan, void (*visit)(void *aux, enum match_plan_name, struct str name),
                         void *aux)
{
    for (size_t i = 0; i < plan->n_names; i++) {
        visit(aux, plan->names[i].kind, plan->names[i].name);
    }
}
