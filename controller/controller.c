/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/controller.h"

#include <stdlib.h>

#include "controller/binding.h"
#include "controller/datapaths.h"
#include "controller/lflow.h"
#include "controller/zones.h"
#include "lib/base/mem.h"

static const struct derive_kind kinds[] = {
#define X(ID, NAME, RANK, ON, SUBJECT, FUNCTION) [ID] = {NAME, RANK, ON, SUBJECT, FUNCTION},
    CONTROLLER_KINDS(X)
#undef X
};

static const struct derive_collection collections[] = {
#define X(ID, NAME, RANK, IS_OUTPUT) [ID] = {NAME, RANK, IS_OUTPUT},
    CONTROLLER_COLLECTIONS(X)
#undef X
};

static const struct derive_sink sinks[] = {
#define X(ID, NAME, FORGET) [ID] = {NAME, FORGET},
    CONTROLLER_SINKS(X)
#undef X
};

static const struct derive_allocator allocators[] = {
    {"local-datapaths", RANK_LOCAL, C_DP_LINKS, local_datapaths_update},
    {"zones", RANK_ZONES, C_ZONES, zones_update},
};

static void
reset_arena(void *aux)
{
    struct controller *c = aux;
    arena_reset(c->arena);
}

static const struct derive_program program = {
    .after_run = reset_arena,
    .kinds = kinds, .n_kinds = N_KINDS,
    .collections = collections, .n_collections = N_COLLECTIONS,
    .sinks = sinks, .n_sinks = N_SINKS,
    .allocators = allocators, .n_allocators = ARRAY_SIZE(allocators),
    .n_tables = N_DERIVE_TABLES, .n_spaces = N_SPACES,
};

static void
add_indexes(struct controller *c)
{
#define X(ID, REPLICA, TABLE, ...)                                                                  \
    c->indexes[ID] = replica_add_index(c->REPLICA, TABLE, (const uint32_t[]) {__VA_ARGS__},         \
                                       ARRAY_SIZE(((const uint32_t[]) {__VA_ARGS__})), SPACE_INDEXES + ID);
    CONTROLLER_INDEXES(X)
#undef X
}

struct controller *
controller_new(void)
{
    struct controller *c = xcalloc(1, sizeof *c);
    c->sb = replica_new(&sb_schema_def, 0, 0);
    c->ovs = replica_new(&vswitch_schema_def, OVS_DERIVE_BASE, OVS_DERIVE_BASE);
    add_indexes(c);
    c->local = local_datapaths_new();
    c->installed = installed_ports_new();
    c->zones = zones_new();
    c->lflows = lflow_cache_new();
    c->group_ids = pool_new(1, MAX_GROUP_ID);
    c->meter_ids = pool_new(1, MAX_METER_ID);
    c->arena = arena_new();
    c->desired = (struct desired) DESIRED_INIT;
    buf_init(&c->flow_bytes, BUF_NO_LIMIT);
    c->derive = derive_new(&program, c);
    return c;
}

void
controller_free(struct controller *c)
{
    if (c) {
        derive_free(c->derive);
        buf_fini(&c->flow_bytes);
        desired_fini(&c->desired);
        arena_free(c->arena);
        pool_free(c->group_ids);
        pool_free(c->meter_ids);
        lflow_cache_free(c->lflows);
        zones_free(c->zones);
        installed_ports_free(c->installed);
        local_datapaths_free(c->local);
        replica_free(c->ovs);
        replica_free(c->sb);
        free(c);
    }
}
