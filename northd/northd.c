/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "northd/northd.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "northd/tunnel_keys.h"

static const struct derive_kind kinds[] = {
#define X(ID, NAME, RANK, ON, SUBJECT, FUNCTION) [ID] = {NAME, RANK, ON, SUBJECT, FUNCTION},
    NORTHD_KINDS(X)
#undef X
};

static const struct derive_collection collections[] = {
#define X(ID, NAME, RANK, IS_OUTPUT) [ID] = {NAME, RANK, IS_OUTPUT},
    NORTHD_COLLECTIONS(X)
#undef X
};

static const struct derive_sink sinks[] = {
#define X(ID, NAME, FORGET) [ID] = {NAME, FORGET},
    NORTHD_SINKS(X)
#undef X
};

static const struct derive_allocator allocators[] = {
    {"datapath-keys", RANK_KEYS, C_DATAPATHS, tunnel_keys_update_datapaths},
    {"port-keys", RANK_KEYS, C_PORTS, tunnel_keys_update_ports},
};

static void
reset_arena(void *aux)
{
    struct northd *c = aux;
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
add_indexes(struct northd *northd)
{
#define X(ID, REPLICA, TABLE, COLUMN)                                                               \
    northd->indexes[ID] = replica_add_index(northd->REPLICA, TABLE, (const uint32_t[]) {COLUMN}, 1, \
                                            SPACE_INDEXES + ID);
    NORTHD_INDEXES(X)
#undef X
}

struct northd *
northd_new(void)
{
    struct northd *northd = xcalloc(1, sizeof *northd);
    northd->nb = replica_new(&nb_schema_def, 0, 0);
    northd->sb = replica_new(&sb_schema_def, SB_DERIVE_BASE, SB_DERIVE_BASE);
    add_indexes(northd);
    northd->keys = tunnel_keys_new();
    northd->arena = arena_new();
    northd->desired = (struct desired) DESIRED_INIT;
    buf_init(&northd->flow_text, BUF_NO_LIMIT);
    northd->derive = derive_new(&program, northd);
    return northd;
}

void
northd_free(struct northd *northd)
{
    if (northd) {
        derive_free(northd->derive);
        desired_fini(&northd->desired);
        buf_fini(&northd->flow_text);
        arena_free(northd->arena);
        tunnel_keys_free(northd->keys);
        replica_free(northd->sb);
        replica_free(northd->nb);
        free(northd);
    }
}

const struct row *
nb_row_or_null(struct derive *d, uint32_t table, uint64_t id)
{
    return replica_row_by_id(northd_of(d)->nb, table, (uint32_t) id);
}

static const struct row *
nb_row(struct derive *d, uint32_t table, uint64_t id)
{
    const struct row *row = nb_row_or_null(d, table, id);
    CHECK(row);
    return row;
}

const struct nb_logical_switch *
ls_row(struct derive *d, uint64_t ls)
{
    return nb_logical_switch(nb_row(d, NB_TABLE_LOGICAL_SWITCH, ls));
}

const struct nb_logical_router *
lr_row(struct derive *d, uint64_t lr)
{
    return nb_logical_router(nb_row(d, NB_TABLE_LOGICAL_ROUTER, lr));
}

const struct nb_logical_switch_port *
lsp_row(struct derive *d, uint64_t lsp)
{
    return nb_logical_switch_port(nb_row(d, NB_TABLE_LOGICAL_SWITCH_PORT, lsp));
}

const struct nb_logical_router_port *
lrp_row(struct derive *d, uint64_t lrp)
{
    return nb_logical_router_port(nb_row(d, NB_TABLE_LOGICAL_ROUTER_PORT, lrp));
}

const struct nb_logical_router_static_route *
route_row(struct derive *d, uint64_t route)
{
    return nb_logical_router_static_route(nb_row(d, NB_TABLE_LOGICAL_ROUTER_STATIC_ROUTE, route));
}

const struct row *
nb_find_string(struct derive *d, enum northd_index index, const char *key)
{
    const struct northd *northd = northd_of(d);
    return replica_find_string(d, northd->nb, northd->indexes[index], key);
}

const struct row *
nb_find_uuid(struct derive *d, enum northd_index index, const struct uuid *key)
{
    const struct northd *northd = northd_of(d);
    return replica_find_uuid(d, northd->nb, northd->indexes[index], key);
}
