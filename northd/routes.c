/* SPDX-License-Identifier: Apache-2.0 */
/* Routes (ovn-northd(8), "Ingress Table 13: IP Routing"): connected networks and static routes, by longest prefix; equal
 * static routes form an ECMP group. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"
#include "northd/emit.h"
#include "northd/ports.h"
#include "northd/registers.h"
#include "northd/topology.h"

LOG_MODULE(routes);

/* Where a route leads. */
struct hop {
    uint32_t lrp;
    const char *lrp_name;
    struct eth_addr mac;
    struct ip_addr src;                                      /* the router's own address on that network */
    bool has_nexthop;                                        /* else the destination itself is on the network */
    struct ip_addr nexthop;
};

/* Three priorities a prefix length: source routes, static routes, connected networks. */
enum route_rank { ROUTE_BY_SOURCE, ROUTE_STATIC, ROUTE_CONNECTED };

static uint16_t
route_priority(const struct ip_prefix *prefix, enum route_rank rank)
{
    return (uint16_t) (ip_prefix_plen(prefix) * 3 + rank);
}

static const struct expr *
route_match(struct arena *a, const struct ip_prefix *prefix, bool by_source, const struct expr *first)
{
    field_ref field = prefix->is_v6 ? (by_source ? F_IP6_SRC : F_IP6_DST) : (by_source ? F_IP4_SRC : F_IP4_DST);
    return expr_and(a, first, expr_in_prefix(a, field, prefix));
}

/* Sets next hop, source address, MAC and port. */
static const struct act *
send_to_hop(struct arena *a, const struct hop *hop)
{
    bool is_v6 = hop->src.is_v6;
    field_ref next = is_v6 ? R_NEXTHOP6 : R_NEXTHOP4;
    return act_seq(a, hop->has_nexthop ? act_set_ip(a, next, &hop->nexthop)
                                       : act_move(a, next, is_v6 ? F_IP6_DST : F_IP4_DST),
                   act_set_ip(a, is_v6 ? R_SRC_IP6 : R_SRC_IP4, &hop->src), act_set_mac(a, F_ETH_SRC, hop->mac),
                   act_set_str(a, F_OUTPORT, hop->lrp_name));
}

static const struct act *
route_through(struct arena *a, const struct hop *hop)
{
    return act_seq(a, act_dec_ttl(), act_set_u64(a, R_ECMP_GROUP, 0), send_to_hop(a, hop),
                   act_set_u64(a, F_FLAGS_LOOPBACK, 1), act_next());
}

static struct ip_addr
host_address(const struct ip_prefix *network)
{
    struct ip_addr ip;
    memset(&ip, 0, sizeof ip);
    ip.is_v6 = network->is_v6;
    if (ip.is_v6) {
        ip.v6 = network->v6.addr;
    } else {
        ip.v4 = network->v4.addr;
    }
    return ip;
}

static struct hop
hop_on(struct derive *d, uint32_t lrp, const struct ip_addr *src)
{
    return (struct hop) {.lrp = lrp, .lrp_name = nb_logical_router_port_name(d, lrp_row(d, lrp)),
                         .mac = lrp_conf(d, lrp)->mac, .src = *src};
}

/* --- Connected networks --- */

void
derive_lrp_routes(struct derive *d, uint64_t lrp)
{
    struct arena *a = run_arena(d);
    const struct lrp_conf *conf = lrp_conf(d, lrp);
    size_t n;

    if (conf->lr == NO_ROW || !conf->is_valid || !conf->enabled) {
        return;
    }
    const struct ip_prefix *networks = lrp_networks(d, lrp, &n);
    for (size_t i = 0; i < n; i++) {
        struct ip_prefix net = ip_prefix_network(&networks[i]);
        struct ip_addr src = host_address(&networks[i]);
        struct hop hop = hop_on(d, (uint32_t) lrp, &src);
        bool everywhere = net.is_v6 && ip6_is_link_local(&net.v6.addr);  /* each port has this network */
        emit_flow(d, &(struct lflow) {
            .stage = LR_IN_IP_ROUTING,
            .priority = route_priority(&net, ROUTE_CONNECTED),
            .dp = dp_router(conf->lr),
            .match = route_match(a, &net, false, everywhere ? expr_eq_str(a, F_INPORT, hop.lrp_name) : NULL),
            .actions = route_through(a, &hop),
            .hint = &lrp_row(d, lrp)->row.uuid,
        });
    }
}

/* --- Static routes --- */

/* The network of 'lrp' that 'ip' is on, as the port's address there. */
static bool
find_source(struct derive *d, uint32_t lrp, const struct ip_addr *ip, struct ip_addr *ret)
{
    size_t n;
    const struct ip_prefix *networks = lrp_networks(d, lrp, &n);
    for (size_t i = 0; i < n; i++) {
        if (ip_prefix_contains(&networks[i], ip)) {
            *ret = host_address(&networks[i]);
            return true;
        }
    }
    return false;
}

/* The first address of a family, where no network fits: a next hop behind a given output port. */
static bool
first_source(struct derive *d, uint32_t lrp, bool is_v6, struct ip_addr *ret)
{
    size_t n;
    const struct ip_prefix *networks = lrp_networks(d, lrp, &n);
    for (size_t i = 0; i < n; i++) {
        if (networks[i].is_v6 == is_v6) {
            *ret = host_address(&networks[i]);
            return true;
        }
    }
    return false;
}

static struct ip_prefix
network_around(const struct ip_addr *ip, unsigned int plen)
{
    struct ip_prefix prefix;
    memset(&prefix, 0, sizeof prefix);
    prefix.is_v6 = ip->is_v6;
    if (ip->is_v6) {
        prefix.v6 = (struct ip6_prefix) {ip->v6, ip6_mask_from_plen(plen)};
    } else {
        prefix.v4 = (struct ip4_prefix) {ip->v4, ip4_mask_from_plen(plen)};
    }
    return ip_prefix_network(&prefix);
}

static int
descending(const void *a_, const void *b_)
{
    const uint64_t *a = a_, *b = b_;
    return (*a < *b) - (*a > *b);
}

/* The port, of those whose ids are given, that 'ip' can be reached by; the least uuid wins. */
static uint32_t
least_port_towards(struct derive *d, const uint64_t *lrps, size_t n, const struct ip_addr *ip)
{
    uint32_t best = NO_ROW;
    for (size_t i = 0; i < n; i++) {
        uint32_t lrp = (uint32_t) lrps[i];
        struct ip_addr src;
        if (find_source(d, lrp, ip, &src)
            && (best == NO_ROW || uuid_cmp(&lrp_row(d, lrp)->row.uuid, &lrp_row(d, best)->row.uuid) < 0)) {
            best = lrp;
        }
    }
    return best;
}

/* The port of router 'lr' whose longest network 'ip' is on, or NO_ROW. */
static uint32_t
find_output_port(struct derive *d, uint32_t lr, const struct ip_addr *ip)
{
    size_t n_plens, n;
    const uint64_t *members = derive_members(d, C_LR_PLENS, derive_pair(lr, ip->is_v6), &n_plens);
    uint64_t *plens = arena_memdup(run_arena(d), members, n_plens * sizeof *members);
    qsort(plens, n_plens, sizeof *plens, descending);
    for (size_t i = 0; i < n_plens; i++) {
        struct ip_prefix net = network_around(ip, (unsigned int) plens[i]);
        const uint64_t *lrps = derive_members(d, C_LR_NETWORKS, network_key(lr, &net), &n);
        uint32_t lrp = least_port_towards(d, lrps, n, ip);
        if (lrp != NO_ROW) {
            return lrp;
        }
    }
    return NO_ROW;
}

static uint64_t
group_key(const struct route_conf *conf)
{
    uint64_t hash = hash_add64(network_key(conf->lr, &conf->prefix), derive_pair(conf->table, conf->is_src));
    return hash_add64(hash, conf->is_discard);
}

/* Adds the route to its ECMP group, with the port it leaves by. */
void
derive_route_groups(struct derive *d, uint64_t route)
{
    const struct route_conf *conf = route_conf(d, route);
    uint32_t lrp = conf->lrp;

    if (conf->lr == NO_ROW || !conf->is_valid) {
        return;
    }
    if (lrp == NO_ROW && conf->has_nexthop) {
        lrp = find_output_port(d, conf->lr, &conf->nexthop);
    }
    if (conf->is_discard || (lrp != NO_ROW && lrp_conf(d, lrp)->is_valid && lrp_conf(d, lrp)->lr == conf->lr)) {
        derive_member(d, C_ROUTE_GROUPS, group_key(conf), derive_pair((uint32_t) route, lrp));
    }
}

/* One route of a group. */
struct member {
    const struct route_conf *conf;
    const struct uuid *uuid;
    struct hop hop;
};
VEC_DEFINE(members, struct member);

static bool
resolve_member(struct derive *d, uint64_t element, struct member *ret)
{
    uint32_t route = derive_first(element), lrp = derive_second(element);
    struct ip_addr src;

    *ret = (struct member) {.conf = route_conf(d, route), .uuid = &route_row(d, route)->row.uuid};
    if (ret->conf->is_discard) {
        return true;
    }
    bool is_v6 = ret->conf->prefix.is_v6;
    if (!(ret->conf->has_nexthop && find_source(d, lrp, &ret->conf->nexthop, &src))
        && !first_source(d, lrp, is_v6, &src)) {
        return false;                                        /* no address of that family to send from */
    }
    ret->hop = hop_on(d, lrp, &src);
    ret->hop.has_nexthop = ret->conf->has_nexthop;
    ret->hop.nexthop = ret->conf->nexthop;
    return true;
}

static int
compare_members(const void *a_, const void *b_)
{
    const struct member *a = a_, *b = b_;
    int order = memcmp(&a->hop.nexthop, &b->hop.nexthop, sizeof a->hop.nexthop);
    return order ? order : uuid_cmp(a->uuid, b->uuid);
}

static void
emit_route(struct derive *d, const struct member *first, const struct act *actions)
{
    struct arena *a = run_arena(d);
    const struct route_conf *conf = first->conf;
    const struct expr *table = conf->is_src && !conf->table ? NULL : expr_eq_u64(a, R_ROUTE_TABLE, conf->table);
    emit_flow(d, &(struct lflow) {
        .stage = LR_IN_IP_ROUTING,
        .priority = route_priority(&conf->prefix, conf->is_src ? ROUTE_BY_SOURCE : ROUTE_STATIC),
        .dp = dp_router(conf->lr),
        .match = route_match(a, &conf->prefix, conf->is_src, table),
        .actions = actions,
        .hint = first->uuid,
    });
}

/* The members of group 'key' in a canonical order. */
static struct members
resolve_members(struct derive *d, uint64_t key)
{
    struct members members = {0};
    size_t n;
    const uint64_t *elements = derive_members(d, C_ROUTE_GROUPS, key, &n);
    for (size_t i = 0; i < n; i++) {
        struct member member;
        if (resolve_member(d, elements[i], &member)) {
            vec_push(&members, member);
        }
    }
    if (members.n) {
        qsort(members.d, members.n, sizeof *members.d, compare_members);
    }
    return members;
}

static bool
is_ecmp(const struct members *members)
{
    return members->n > 1 && !members->d[0].conf->is_discard;
}

/* --- The numbers of ECMP groups: different within a router, and the same in every process.  A group's content chooses one of
 * 4,095 buckets of 16 numbers; within it groups are numbered by their hashes.  So a group that comes or goes concerns
 * only those that share its bucket --- */

enum { ECMP_BUCKETS = 4095, ECMP_BUCKET_SIZE = 16 };

/* Of what distinguishes a group from the router's others. */
static uint64_t
ecmp_hash(const struct route_conf *conf)
{
    return hash_add64(network_key(0, &conf->prefix), derive_pair(conf->table, conf->is_src));
}

static uint64_t
ecmp_bucket(const struct route_conf *conf)
{
    return derive_pair(conf->lr, 1 + (uint32_t) (ecmp_hash(conf) % ECMP_BUCKETS));
}

void
derive_ecmp_group(struct derive *d, uint64_t key)
{
    struct members members = resolve_members(d, key);
    if (is_ecmp(&members)) {
        const struct route_conf *conf = members.d[0].conf;
        derive_member(d, C_ECMP_GROUPS, ecmp_bucket(conf), ecmp_hash(conf));
    }
    vec_fini(&members);
}

/* 0: its bucket is full. */
static uint16_t
ecmp_number(struct derive *d, const struct route_conf *conf)
{
    uint64_t mine = ecmp_hash(conf), bucket = ecmp_bucket(conf);
    size_t n, n_before = 0;
    const uint64_t *hashes = derive_members(d, C_ECMP_GROUPS, bucket, &n);
    for (size_t i = 0; i < n; i++) {
        n_before += hashes[i] < mine;
    }
    return (uint16_t) (n_before < ECMP_BUCKET_SIZE ? derive_second(bucket) * ECMP_BUCKET_SIZE + n_before : 0);
}

/* ECMP: the routing stage selects a member, the next one sends to it. */
static void
emit_ecmp(struct derive *d, uint16_t group, const struct members *members)
{
    struct arena *a = run_arena(d);
    struct select_choice *choices = ARENA_NEW_N(a, struct select_choice, members->n);

    for (size_t i = 0; i < members->n; i++) {
        const struct member *m = &members->d[i];
        choices[i] = (struct select_choice) {.id = (uint16_t) (i + 1), .weight = 100};
        emit_flow(d, &(struct lflow) {
            .stage = LR_IN_IP_ROUTING_ECMP,
            .priority = 100,
            .dp = dp_router(m->conf->lr),
            .match = expr_and(a, expr_eq_u64(a, R_ECMP_GROUP, group), expr_eq_u64(a, R_ECMP_MEMBER, i + 1)),
            .actions = act_seq(a, send_to_hop(a, &m->hop), act_next()),
            .hint = m->uuid,
        });
    }
    emit_route(d, &members->d[0],
               act_seq(a, act_dec_ttl(), act_set_u64(a, F_FLAGS_LOOPBACK, 1), act_set_u64(a, R_ECMP_GROUP, group),
                       act_select(a, R_ECMP_MEMBER, choices, members->n)));
}

void
derive_route_flows(struct derive *d, uint64_t key)
{
    struct members members = resolve_members(d, key);
    uint16_t group = is_ecmp(&members) ? ecmp_number(d, members.d[0].conf) : 0;

    if (group) {
        emit_ecmp(d, group, &members);
    } else if (members.n) {
        const struct member *first = &members.d[0];
        emit_route(d, first, first->conf->is_discard ? act_drop() : route_through(run_arena(d), &first->hop));
        if (is_ecmp(&members)) {
            log_warn_rl("Logical_Router_Static_Route %s: too many ECMP groups, only one route is used",
                        uuid_text(first->uuid));
        }
    }
    vec_fini(&members);
}
