/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/zones.h"

#include <stdlib.h>
#include <string.h>

#include "controller/config.h"
#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"

LOG_MODULE(zones);

enum { MAX_ZONE = 65535 };
static const char prefix[] = "ct-zone-";

struct zone {
    struct hmap_node node;                                   /* in 'zones', by kind and row */
    uint64_t what;                                           /* kind and row id */
    uint32_t number;
    char *name;
};

struct zones {
    struct pool *pool;                                       /* NULL until zones were adopted */
    struct hmap zones;
};

struct zones *
zones_new(void)
{
    struct zones *zones = xcalloc(1, sizeof *zones);
    hmap_init(&zones->zones);
    return zones;
}

static void
zone_free(struct zones *zones, struct zone *zone)
{
    hmap_remove(&zones->zones, &zone->node);
    free(zone->name);
    free(zone);
}

void
zones_free(struct zones *zones)
{
    if (zones) {
        HMAP_FOR_EACH_SAFE (zone, struct zone, node, &zones->zones) {
            zone_free(zones, zone);
        }
        hmap_fini(&zones->zones);
        pool_free(zones->pool);
        free(zones);
    }
}

/* Takes over what the bridge's external_ids say. */
static void
adopt_all(const struct controller *c)
{
    const char *name = config_peek(c, CONFIG_BRIDGE);
    const struct row *row = replica_find_string(NULL, c->ovs, c->indexes[IX_BRIDGE_BY_NAME], name);

    c->zones->pool = pool_new(1, MAX_ZONE);
    const struct datum *ids = row ? vswitch_bridge_external_ids(NULL, vswitch_bridge(row)) : NULL;
    for (uint32_t i = 0; ids && i < ids->n; i++) {
        const char *key = datum_keys(ids)[i].string->text;
        uint32_t zone;
        if (!strncmp(key, prefix, sizeof prefix - 1) && str_to_uint32(datum_values(ids)[i].string->text, 10, &zone)) {
            pool_adopt(c->zones->pool, str_from(key + sizeof prefix - 1), zone);
        }
    }
}

static char *
zone_name(const struct controller *c, enum zone_kind kind, uint32_t row)
{
    if (kind == ZONE_PORT) {
        const struct row *pb = replica_row_by_id(c->sb, SB_TABLE_PORT_BINDING, row);
        return xstrdup(sb_port_binding_logical_port(NULL, sb_port_binding(pb)));
    }
    const struct row *dp = replica_row_by_id(c->sb, SB_TABLE_DATAPATH_BINDING, row);
    return xasprintf("%s_%s", uuid_text(&dp->uuid), kind == ZONE_DNAT ? "dnat" : "snat");
}

static struct zone *
find(const struct zones *zones, uint64_t what)
{
    HMAP_FOR_EACH_WITH_HASH (zone, struct zone, node, hash_mix64(what), &zones->zones) {
        if (zone->what == what) {
            return zone;
        }
    }
    return NULL;
}

static int
compare_by_name(const void *a_, const void *b_)
{
    const struct zone *const *a = a_, *const *b = b_;
    return strcmp((*a)->name, (*b)->name);
}

VEC_DEFINE(zone_list, struct zone *);

static void
assign(struct derive *d, const struct zone_list *came)
{
    struct zones *zones = controller_of(d)->zones;
    if (came->n) {
        qsort(came->d, came->n, sizeof *came->d, compare_by_name);
    }
    for (size_t i = 0; i < came->n; i++) {
        came->d[i]->number = pool_assign(zones->pool, str_from(came->d[i]->name), 0);
        if (!came->d[i]->number) {
            log_warn_rl("no conntrack zone is left for %s", came->d[i]->name);
        }
        derive_touch_key(d, SPACE_ZONE, came->d[i]->what);
    }
}

void
zones_update(struct derive *d, const struct derive_change *changes, size_t n)
{
    struct controller *c = controller_of(d);
    struct zone_list came = {0};

    if (!c->zones->pool) {
        adopt_all(c);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t what = derive_pair((uint32_t) changes[i].key, (uint32_t) changes[i].element);
        struct zone *old = find(c->zones, what);
        if (!changes[i].added && old) {
            pool_release(c->zones->pool, str_from(old->name));
            zone_free(c->zones, old);
            derive_touch_key(d, SPACE_ZONE, what);
        }
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t what = derive_pair((uint32_t) changes[i].key, (uint32_t) changes[i].element);
        if (changes[i].added) {
            struct zone *zone = xcalloc(1, sizeof *zone);
            zone->what = what;
            zone->name = zone_name(c, (enum zone_kind) changes[i].key, (uint32_t) changes[i].element);
            hmap_insert(&c->zones->zones, &zone->node, hash_mix64(what));
            vec_push(&came, zone);
        }
    }
    assign(d, &came);
    vec_fini(&came);
}

uint32_t
zone_of(struct derive *d, enum zone_kind kind, uint32_t row)
{
    uint64_t what = derive_pair(kind, row);
    derive_read_key(d, SPACE_ZONE, what);
    const struct zone *zone = find(controller_of(d)->zones, what);
    return zone ? zone->number : 0;
}

bool
zones_has(const struct zones *zones, const char *name)
{
    return zones->pool && pool_find(zones->pool, str_from(name));
}

void
zones_for_each(const struct zones *zones, void (*each)(void *aux, const char *name, uint32_t zone), void *aux)
{
    struct zone_list all = {0};
    HMAP_FOR_EACH (zone, struct zone, node, &zones->zones) {
        vec_push(&all, zone);
    }
    if (all.n) {
        qsort(all.d, all.n, sizeof *all.d, compare_by_name);
    }
    for (size_t i = 0; i < all.n; i++) {
        each(aux, all.d[i]->name, all.d[i]->number);
    }
    vec_fini(&all);
}

static void
print_zone(void *out, const char *name, uint32_t zone)
{
    buf_printf(out, "%s %u\n", name, zone);
}

void
zones_print(const struct zones *zones, struct buf *out)
{
    zones_for_each(zones, print_zone, out);
}
