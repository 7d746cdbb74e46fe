/* SPDX-License-Identifier: Apache-2.0 */
/* Logical flows to OpenFlow: for each local datapath of a Logical_Flow row, its match bound to that datapath's keys, and
 * its actions encoded. */
#include <config.h>

#include "controller/lflow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/binding.h"
#include "controller/controller.h"
#include "controller/datapaths.h"
#include "controller/flows.h"
#include "controller/lookup.h"
#include "controller/metadata.h"
#include "controller/meters.h"
#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/logical/encode.h"

LOG_MODULE(lflow);

/* --- The cache --- */

enum { CACHE_MAX = 100000 };

struct cached {
    struct hmap_node node;
    char *text;
    struct match_plan *plan;                                 /* NULL: the text is wrong, which was reported */
};

struct lflow_cache {
    struct hmap plans;
    uint64_t n_hits, n_misses;
};

struct lflow_cache *
lflow_cache_new(void)
{
    struct lflow_cache *cache = xcalloc(1, sizeof *cache);
    hmap_init(&cache->plans);
    return cache;
}

void
lflow_cache_flush(struct lflow_cache *cache)
{
    HMAP_FOR_EACH_SAFE (cached, struct cached, node, &cache->plans) {
        hmap_remove(&cache->plans, &cached->node);
        match_plan_free(cached->plan);
        free(cached->text);
        free(cached);
    }
}

void
lflow_cache_free(struct lflow_cache *cache)
{
    if (cache) {
        lflow_cache_flush(cache);
        hmap_fini(&cache->plans);
        free(cache);
    }
}

void
lflow_cache_put_stats(const struct lflow_cache *cache, struct buf *out)
{
    buf_printf(out, "Enabled: true\nhits            : %" PRIu64 "\nmisses          : %" PRIu64 "\nmatches         : %zu\n",
               cache->n_hits, cache->n_misses, hmap_count(&cache->plans));
}

static struct match_plan *
compile(struct derive *d, const struct uuid *uuid, const char *text, const struct expr *demands)
{
    struct match_plan *plan = NULL;
    const struct expr *expr;
    struct err *e = expr_parse(run_arena(d), str_from(text), &expr);
    e = e ? e : match_plan_new(expr_and(run_arena(d), expr, demands), &plan);
    if (e) {
        log_warn_rl("Logical_Flow %s: match: %s", uuid_text(uuid), err_detail(e));
        err_free(e);
    }
    return plan;
}

/* The plan for a match, and for what the actions demand of the packet ("ip" for conntrack): the switch wants to see it. */
static const struct match_plan *
plan_of(struct derive *d, const struct uuid *uuid, const char *match, const struct expr *demands)
{
    struct lflow_cache *cache = controller_of(d)->lflows;
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    expr_print(demands, &name);
    const char *text = arena_printf(run_arena(d), "%s where %s", match, buf_text(&name));
    uint64_t hash = hash_string64(text);

    buf_fini(&name);
    HMAP_FOR_EACH_WITH_HASH (cached, struct cached, node, hash, &cache->plans) {
        if (!strcmp(cached->text, text)) {
            cache->n_hits++;
            return cached->plan;
        }
    }
    if (hmap_count(&cache->plans) >= CACHE_MAX) {
        lflow_cache_flush(cache);
    }
    struct cached *cached = xcalloc(1, sizeof *cached);
    cached->text = xstrdup(text);
    cached->plan = compile(d, uuid, match, demands);
    hmap_insert(&cache->plans, &cached->node, hash);
    cache->n_misses++;
    return cached->plan;
}

/* --- One flow on one datapath --- */

static const struct logical_tables tables = LOGICAL_TABLES_DEFAULT;

struct binding {
    struct derive *d;
    const struct sb_logical_flow *row;
    const struct sb_datapath_binding *dp;
    uint32_t dp_key;
    bool is_egress;
    uint8_t table;                                           /* logical */
    struct buf actions;                                      /* encoded */
};

static bool
lookup_port(void *binding_, struct str name, uint32_t *ret_key)
{
    const struct binding *b = binding_;
    return lookup_port_key(b->d, b->dp, name, ret_key);
}

static bool
is_resident(void *binding_, struct str lport)
{
    const struct binding *b = binding_;
    return is_port_resident(b->d, lport);
}

static void
walk_address_set(void *binding_, struct str name, void (*member)(void *aux, struct str), void *aux)
{
    const struct binding *b = binding_;
    for_each_address(b->d, name, member, aux);
}

static void
walk_port_group(void *binding_, struct str name, void (*member)(void *aux, struct str), void *aux)
{
    const struct binding *b = binding_;
    for_each_group_port(b->d, b->dp_key, name, member, aux);
}

static void
emit_bound(void *binding_, struct bound_match *bound)
{
    const struct binding *b = binding_;
    struct buf clause = BUF_INIT(64);
    struct flow flow = {
        .table = (uint8_t) ((b->is_egress ? tables.egress : tables.ingress) + b->table),
        .priority = (uint16_t) sb_logical_flow_priority(b->d, b->row),
        .cookie = cookie_of(&b->row->row.uuid),
        .is_clause = bound->kind == BOUND_CLAUSE,
        .match = &bound->match,
        .actions = b->actions.data,
        .n_actions = b->actions.size,
    };
    if (bound->kind == BOUND_CLAUSE) {
        of_act_conjunction(&clause, bound->conj_id, bound->clause, bound->n_clauses);
        flow.actions = clause.data;
        flow.n_actions = clause.size;
    }
    metadata_match(&bound->match, b->dp_key);
    emit_of_flow(b->d, &flow);
    buf_fini(&clause);
}

static uint32_t
make_group(void *binding_, const struct of_group *group)
{
    const struct binding *b = binding_;
    return emit_of_group(b->d, group);
}

static bool
lookup_tunnel(void *binding_, struct str lport, uint32_t *ret_ofport)
{
    const struct binding *b = binding_;
    return lookup_port_tunnel(b->d, lport, ret_ofport);
}

static uint32_t
meter(void *binding_, struct str name)
{
    const struct binding *b = binding_;
    return named_meter(b->d, name);
}

static uint32_t
make_rate_meter(void *binding_, uint32_t rate_kbps, uint32_t burst_kb)
{
    const struct binding *b = binding_;
    return rate_meter(b->d, rate_kbps, burst_kb);
}

static bool
dhcp4_option(void *binding_, struct str name, struct dhcp_option *ret)
{
    const struct binding *b = binding_;
    return lookup_dhcp_option(b->d, false, name, &ret->code, &ret->type);
}

static bool
dhcp6_option(void *binding_, struct str name, struct dhcp_option *ret)
{
    const struct binding *b = binding_;
    return lookup_dhcp_option(b->d, true, name, &ret->code, &ret->type);
}

static struct err *
encode(struct binding *b, const struct act *act)
{
    const char *controller_meter = sb_logical_flow_controller_meter(b->d, b->row);
    struct encode_params params = {
        .tables = &tables,
        .aux = b,
        .is_egress = b->is_egress,
        .is_router = is_router_datapath(b->d, b->dp),
        .table = b->table,
        .dp_key = b->dp_key,
        .lflow = b->row->row.uuid,
        .controller_meter = controller_meter ? named_meter(b->d, str_from(controller_meter)) : 0,
        .lookup_port = lookup_port,
        .lookup_tunnel = lookup_tunnel,
        .group = make_group,
        .meter = meter,
        .rate_meter = make_rate_meter,
        .dhcp4_option = dhcp4_option,
        .dhcp6_option = dhcp6_option,
    };
    buf_clear(&b->actions);
    return actions_encode(act, &params, &b->actions);
}

static uint32_t
conjunction_base(const struct binding *b, uint32_t n)
{
    uint64_t hash = hash_add64(uuid_hash(&b->row->row.uuid), b->dp_key);
    return n ? (uint32_t) (hash % (UINT32_MAX - n)) + 1 : 0; /* 0 is no conjunction id */
}

static void
emit_on_datapath(struct binding *b, const struct match_plan *plan, const struct act *act, uint32_t dp)
{
    const struct match_binder binder = {
        .aux = b,
        .lookup_port = lookup_port,
        .is_chassis_resident = is_resident,
        .address_set = walk_address_set,
        .port_group = walk_port_group,
    };
    const struct row *row = replica_row_by_id(controller_of(b->d)->sb, SB_TABLE_DATAPATH_BINDING, dp);
    b->dp = sb_datapath_binding(row);
    b->dp_key = (uint32_t) sb_datapath_binding_tunnel_key(b->d, b->dp);
    struct err *e = encode(b, act);
    if (e) {
        log_warn_rl("Logical_Flow %s: actions: %s", uuid_text(&b->row->row.uuid), err_detail(e));
        err_free(e);
        return;
    }
    match_plan_bind(plan, &binder, conjunction_base(b, match_plan_n_conj_ids(plan)), emit_bound, b);
}

static bool
parse_actions(const struct binding *b, const struct act **ret, const struct expr **ret_demands)
{
    const struct act_parse_params params = {
        .is_egress = b->is_egress,
        .table = b->table,
        .n_tables = b->is_egress ? tables.n_egress : tables.n_ingress,
    };
    const char *text = expand_templates(b->d, sb_logical_flow_actions(b->d, b->row));
    struct err *e = actions_parse(run_arena(b->d), str_from(text), &params, ret, ret_demands);
    if (e) {
        log_warn_rl("Logical_Flow %s: actions: %s", uuid_text(&b->row->row.uuid), err_detail(e));
        err_free(e);
    }
    return !e;
}

static void
emit_everywhere(struct binding *b, const uint64_t *dps, size_t n)
{
    const struct expr *demands;
    const struct act *act;

    if (!parse_actions(b, &act, &demands)) {
        return;
    }
    const char *match = expand_templates(b->d, sb_logical_flow_match(b->d, b->row));
    const struct match_plan *plan = plan_of(b->d, &b->row->row.uuid, match, demands);
    if (plan && !match_plan_is_never(plan)) {
        for (size_t i = 0; i < n; i++) {
            emit_on_datapath(b, plan, act, (uint32_t) dps[i]);
        }
    }
}

void
derive_lflow(struct derive *d, uint64_t key)
{
    const struct controller *c = controller_of(d);
    const struct row *row = replica_row_by_id(c->sb, SB_TABLE_LOGICAL_FLOW, (uint32_t) key);
    struct binding b = {.d = d, .row = sb_logical_flow(row), .actions = BUF_INIT(OF_ACTIONS_MAX)};
    const struct sb_datapath_binding *dp = sb_logical_flow_logical_datapath(d, b.row);
    const struct sb_logical_dp_group *group = sb_logical_flow_logical_dp_group(d, b.row);

    b.is_egress = !strcmp(sb_logical_flow_pipeline(d, b.row), "egress");
    b.table = (uint8_t) sb_logical_flow_table_id(d, b.row);
    if (dp && is_local_datapath(d, dp->row.id)) {
        uint64_t one = dp->row.id;
        emit_everywhere(&b, &one, 1);
    }
    if (group) {
        size_t n;
        const uint64_t *dps = derive_members(d, C_GROUP_DPS, group->row.id, &n);
        if (n) {
            emit_everywhere(&b, dps, n);
        }
    }
    buf_fini(&b.actions);
}
