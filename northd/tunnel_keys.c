/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "northd/tunnel_keys.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"

LOG_MODULE(tunnel_keys);

enum {
    MAX_DATAPATH_KEY = (1 << 24) - (1 << 16),                /* the topmost are reserved, as in "max_tunid" */
    MAX_PORT_KEY = (1 << 15) - 1,
    MAX_VXLAN_DATAPATH_KEY = (1 << 12) - 1,                  /* VXLAN carries 12 bits of each (ovn-architecture(7)) */
    MAX_VXLAN_PORT_KEY = (1 << 11) - 1,
};

/* Who asks.  Rows are gone when a request is withdrawn, so what names them is kept here. */
struct owner {
    struct hmap_node node;                                   /* in 'owners', by 'what' */
    struct hmap_node key_node;                               /* in 'by_key', if 'key' */
    uint64_t what;                                           /* datapath or port */
    struct uuid datapath;                                    /* Northbound uuid */
    char *port;                                              /* name; NULL for a datapath */
    uint32_t key;
    uint32_t wanted;                                         /* 0: any */
};
VEC_DEFINE(owners, struct owner *);

/* The ports of one datapath; names are port names. */
struct port_pool {
    struct hmap_node node;
    struct uuid datapath;
    struct pool *pool;
};

struct tunnel_keys {
    struct pool *datapaths;                                  /* names are uuids; NULL until keys were adopted */
    struct hmap port_pools;                                  /* by Northbound uuid */
    struct hmap owners, by_key;
    struct owners denied;                                    /* whose wishes are not fulfilled: others have those keys */
};

struct tunnel_keys *
tunnel_keys_new(void)
{
    struct tunnel_keys *keys = xcalloc(1, sizeof *keys);
    hmap_init(&keys->port_pools);
    hmap_init(&keys->owners);
    hmap_init(&keys->by_key);
    return keys;
}

static void
owner_free(struct tunnel_keys *keys, struct owner *owner)
{
    hmap_remove(&keys->owners, &owner->node);
    if (owner->key) {
        hmap_remove(&keys->by_key, &owner->key_node);
    }
    free(owner->port);
    free(owner);
}

void
tunnel_keys_free(struct tunnel_keys *keys)
{
    if (!keys) {
        return;
    }
    HMAP_FOR_EACH_SAFE (pool, struct port_pool, node, &keys->port_pools) {
        pool_free(pool->pool);
        free(pool);
    }
    HMAP_FOR_EACH_SAFE (owner, struct owner, node, &keys->owners) {
        owner_free(keys, owner);
    }
    hmap_fini(&keys->port_pools);
    hmap_fini(&keys->owners);
    hmap_fini(&keys->by_key);
    vec_fini(&keys->denied);
    pool_free(keys->datapaths);
    free(keys);
}

/* --- Adoption --- */

/* VXLAN tunnels carry fewer bits: one chassis that uses them limits the keys of all. */
static bool
uses_vxlan(const struct derive *d)
{
    size_t n;
    derive_peek_members(d, C_VXLAN, 0, &n);
    return n > 0;
}

uint32_t
tunnel_keys_max_datapath(const struct derive *d)
{
    return uses_vxlan(d) ? MAX_VXLAN_DATAPATH_KEY : MAX_DATAPATH_KEY;
}

static struct pool *
port_pool(struct northd *northd, const struct uuid *datapath)
{
    struct tunnel_keys *keys = northd->keys;
    HMAP_FOR_EACH_WITH_HASH (pool, struct port_pool, node, uuid_hash(datapath), &keys->port_pools) {
        if (uuid_eq(&pool->datapath, datapath)) {
            return pool->pool;
        }
    }
    struct port_pool *pool = xcalloc(1, sizeof *pool);
    pool->datapath = *datapath;
    pool->pool = pool_new(1, uses_vxlan(northd->derive) ? MAX_VXLAN_PORT_KEY : MAX_PORT_KEY);
    hmap_insert(&keys->port_pools, &pool->node, uuid_hash(datapath));
    return pool->pool;
}

static void
drop_empty_port_pool(struct tunnel_keys *keys, const struct uuid *datapath)
{
    HMAP_FOR_EACH_WITH_HASH (pool, struct port_pool, node, uuid_hash(datapath), &keys->port_pools) {
        if (uuid_eq(&pool->datapath, datapath)) {
            if (!pool_count(pool->pool)) {
                hmap_remove(&keys->port_pools, &pool->node);
                pool_free(pool->pool);
                free(pool);
            }
            return;
        }
    }
}

static struct str
uuid_name(const struct uuid *uuid)
{
    return str_n((const char *) uuid->b, sizeof uuid->b);
}

bool
datapath_binding_nb_uuid(struct derive *d, const struct sb_datapath_binding *dp, struct uuid *ret)
{
    const struct datum *ids = sb_datapath_binding_external_ids(d, dp);
    const struct uuid *nb_uuid = sb_datapath_binding_nb_uuid(d, dp);
    const char *text = datum_get_string(ids, "logical-switch");

    text = text ? text : datum_get_string(ids, "logical-router");
    if (text && uuid_from_text(str_from(text), ret)) {
        return true;
    }
    if (nb_uuid) {
        *ret = *nb_uuid;
    }
    return nb_uuid;
}

/* Takes over the keys of all rows that there are, so that what is assigned stays where it is. */
static void
adopt_all(struct northd *northd)
{
    struct tunnel_keys *keys = northd->keys;
    struct uuid uuid;

    keys->datapaths = pool_new(1, tunnel_keys_max_datapath(northd->derive));
    for (const struct row *r = replica_first(northd->sb, SB_TABLE_DATAPATH_BINDING); r; r = replica_next(r)) {
        const struct sb_datapath_binding *dp = sb_datapath_binding(r);
        if (datapath_binding_nb_uuid(NULL, dp, &uuid)) {
            pool_adopt(keys->datapaths, uuid_name(&uuid), (uint32_t) sb_datapath_binding_tunnel_key(NULL, dp));
        }
    }
    for (const struct row *r = replica_first(northd->sb, SB_TABLE_PORT_BINDING); r; r = replica_next(r)) {
        const struct sb_port_binding *pb = sb_port_binding(r);
        const struct sb_datapath_binding *dp = sb_port_binding_datapath(NULL, pb);
        if (dp && datapath_binding_nb_uuid(NULL, dp, &uuid)) {
            pool_adopt(port_pool(northd, &uuid), str_from(sb_port_binding_logical_port(NULL, pb)),
                       (uint32_t) sb_port_binding_tunnel_key(NULL, pb));
        }
    }
}

/* --- Requests --- */

uint64_t
port_request(uint64_t port, const char *name, uint16_t wanted)
{
    uint64_t row = derive_second(port);
    uint64_t is_router_port = derive_first(port) == NB_TABLE_LOGICAL_ROUTER_PORT;
    CHECK(row < 1 << 24 && wanted <= MAX_PORT_KEY);
    return (uint64_t) wanted << 49 | is_router_port << 48 | row << 24 | (hash_string(name) & 0xffffff);
}

uint64_t
port_of_request(uint64_t request)
{
    uint32_t row = request >> 24 & 0xffffff;
    return request >> 48 & 1 ? port_of_lrp(row) : port_of_lsp(row);
}

struct request {
    uint32_t wanted;
    struct owner *owner;
};
VEC_DEFINE(requests, struct request);

static struct owner *
find_owner(const struct tunnel_keys *keys, uint64_t what)
{
    HMAP_FOR_EACH_WITH_HASH (owner, struct owner, node, hash_mix64(what), &keys->owners) {
        if (owner->what == what) {
            return owner;
        }
    }
    return NULL;
}

static const struct row *
row_of(struct derive *d, uint64_t what)
{
    const struct row *row = nb_row_or_null(d, derive_first(what), derive_second(what));
    CHECK(row);
    return row;
}

static const char *
port_name(struct derive *d, uint64_t port)
{
    const struct row *row = row_of(d, port);
    return derive_first(port) == NB_TABLE_LOGICAL_SWITCH_PORT
        ? nb_logical_switch_port_name(NULL, nb_logical_switch_port(row))
        : nb_logical_router_port_name(NULL, nb_logical_router_port(row));
}

static struct owner *
owner_new(struct derive *d, uint64_t datapath, uint64_t port, uint32_t wanted)
{
    struct owner *owner = xcalloc(1, sizeof *owner);
    owner->what = port ? port : datapath;
    owner->datapath = row_of(d, datapath)->uuid;
    owner->port = port ? xstrdup(port_name(d, port)) : NULL;
    owner->wanted = wanted;
    return owner;
}

/* Under what a tunnel key is found: for a port with the Northbound uuid of its datapath, for a datapath with none. */
static uint64_t
hash_key(const struct uuid *datapath, uint32_t key)
{
    return hash_bytes64(datapath, datapath ? sizeof *datapath : 0, key);
}

static uint64_t
hash_owner_key(const struct owner *owner)
{
    return hash_key(owner->port ? &owner->datapath : NULL, owner->key);
}

/* Gives 'owner' the key 'key' (0: none), and wakes who asked for either. */
static void
set_key(struct derive *d, struct owner *owner, uint32_t key)
{
    struct tunnel_keys *keys = northd_of(d)->keys;
    if (owner->key) {
        hmap_remove(&keys->by_key, &owner->key_node);
        derive_touch_key(d, SPACE_KEY_OWNER, hash_owner_key(owner));
    }
    owner->key = key;
    if (key) {
        hmap_insert(&keys->by_key, &owner->key_node, hash_owner_key(owner));
        derive_touch_key(d, SPACE_KEY_OWNER, hash_owner_key(owner));
    }
    derive_touch_key(d, owner->port ? SPACE_PORT_KEY : SPACE_DATAPATH_KEY, owner->what);
}

/* By content: wishes first, then by datapath and name, a datapath before its ports. */
static int
compare_requests(const void *a_, const void *b_)
{
    const struct request *a = a_, *b = b_;
    if (!a->wanted != !b->wanted) {
        return a->wanted ? -1 : 1;
    }
    const char *a_port = a->owner->port, *b_port = b->owner->port;
    int order = uuid_cmp(&a->owner->datapath, &b->owner->datapath);
    return order ? order : a_port && b_port ? strcmp(a_port, b_port) : (a_port != NULL) - (b_port != NULL);
}

static struct pool *
pool_of(struct northd *northd, const struct owner *owner)
{
    return owner->port ? port_pool(northd, &owner->datapath) : northd->keys->datapaths;
}

static struct str
name_of(const struct owner *owner)
{
    return owner->port ? str_from(owner->port) : uuid_name(&owner->datapath);
}

/* What was asked for if that is free, else what the name has, else the next free one. */
static uint32_t
assign(struct northd *northd, const struct request *r)
{
    struct pool *pool = pool_of(northd, r->owner);
    const char *what = r->owner->port ? r->owner->port : uuid_text(&r->owner->datapath);

    if (r->wanted && pool_find(pool, name_of(r->owner)) != r->wanted && !pool_adopt(pool, name_of(r->owner), r->wanted)) {
        log_warn_rl("requested-tnl-key %u of %s is in use or out of range", r->wanted, what);
    }
    uint32_t key = pool_assign(pool, name_of(r->owner), 0);
    if (!key) {
        log_warn_rl("no tunnel key is left for %s", what);
    }
    return key;
}

/* Releases the names of 'went' that no new request took over.  'came' is sorted by compare_requests(). */
static void
release(struct northd *northd, const struct owners *went, const struct requests *came)
{
    for (size_t i = 0; i < went->n; i++) {
        struct owner *gone = went->d[i];
        struct request with_wish = {1, gone}, without = {0, gone};
        bool taken_over = came->n
            && (bsearch(&with_wish, came->d, came->n, sizeof *came->d, compare_requests)
                || bsearch(&without, came->d, came->n, sizeof *came->d, compare_requests));
        if (!taken_over) {
            pool_release(pool_of(northd, gone), name_of(gone));
            if (gone->port) {
                drop_empty_port_pool(northd->keys, &gone->datapath);
            }
        }
        free(gone->port);
        free(gone);
    }
}

static void
forget_denied(struct tunnel_keys *keys, const struct owner *owner)
{
    for (size_t i = 0; i < keys->denied.n; i++) {
        if (keys->denied.d[i] == owner) {
            vec_remove_fast(&keys->denied, i);
            return;
        }
    }
}

static int
compare_owners(const void *a, const void *b)
{
    return compare_requests(&(struct request) {1, *(struct owner *const *) a}, &(struct request) {1, *(struct owner *const *) b});
}

/* Keys were released: perhaps somebody has been waiting for one, and releases another.  A restarted northd, which asks for
 * everything anew, comes to the same. */
static void
grant_denied(struct derive *d)
{
    struct northd *northd = northd_of(d);
    struct owners *denied = &northd->keys->denied;

    if (denied->n) {
        qsort(denied->d, denied->n, sizeof *denied->d, compare_owners);
    }
    for (size_t i = 0; i < denied->n;) {
        struct owner *owner = denied->d[i];
        if (pool_adopt(pool_of(northd, owner), name_of(owner), owner->wanted)) {
            set_key(d, owner, owner->wanted);
            memmove(&denied->d[i], &denied->d[i + 1], (--denied->n - i) * sizeof *denied->d);
            i = 0;
        } else {
            i++;
        }
    }
}

static void
update(struct derive *d, const struct derive_change *changes, size_t n, bool ports)
{
    struct northd *northd = northd_of(d);
    struct requests came = {0};
    struct owners went = {0};

    if (!northd->keys->datapaths) {
        adopt_all(northd);
    }
    for (size_t i = 0; i < n; i++) {
        if (!changes[i].added) {
            uint64_t what = ports ? port_of_request(changes[i].element) : changes[i].element;
            struct owner *owner = find_owner(northd->keys, what);
            CHECK(owner);
            hmap_remove(&northd->keys->owners, &owner->node);
            set_key(d, owner, 0);
            forget_denied(northd->keys, owner);
            vec_push(&went, owner);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (changes[i].added) {
            uint64_t what = ports ? port_of_request(changes[i].element) : changes[i].element;
            uint32_t wanted = ports ? wanted_of_request(changes[i].element) : (uint32_t) changes[i].key;
            struct owner *owner = ports ? owner_new(d, changes[i].key, what, wanted) : owner_new(d, what, 0, wanted);
            hmap_insert(&northd->keys->owners, &owner->node, hash_mix64(what));
            vec_push(&came, (struct request) {.wanted = wanted, .owner = owner});
        }
    }
    if (came.n) {
        qsort(came.d, came.n, sizeof *came.d, compare_requests);
    }
    for (size_t i = 0; i < came.n; i++) {
        struct owner *owner = came.d[i].owner;
        set_key(d, owner, assign(northd, &came.d[i]));
        if (owner->wanted && owner->key != owner->wanted) {
            vec_push(&northd->keys->denied, owner);
        }
    }
    release(northd, &went, &came);
    grant_denied(d);
    vec_fini(&came);
    vec_fini(&went);
}

void
tunnel_keys_update_datapaths(struct derive *d, const struct derive_change *changes, size_t n)
{
    update(d, changes, n, false);
}

void
tunnel_keys_update_ports(struct derive *d, const struct derive_change *changes, size_t n)
{
    update(d, changes, n, true);
}

static uint32_t
read_key(struct derive *d, uint16_t space, uint64_t what)
{
    derive_read_key(d, space, what);
    const struct owner *owner = find_owner(northd_of(d)->keys, what);
    return owner ? owner->key : 0;
}

uint32_t
datapath_key(struct derive *d, uint64_t datapath)
{
    return read_key(d, SPACE_DATAPATH_KEY, datapath);
}

uint32_t
port_key(struct derive *d, uint64_t port)
{
    return read_key(d, SPACE_PORT_KEY, port);
}

/* Who has 'key' among the ports of 'datapath', or (NULL) among the datapaths. */
static const struct owner *
find_by_key(struct derive *d, const struct uuid *datapath, int64_t key)
{
    if (key < 1 || key > UINT32_MAX) {
        return NULL;
    }
    uint64_t hash = hash_key(datapath, (uint32_t) key);
    derive_read_key(d, SPACE_KEY_OWNER, hash);
    HMAP_FOR_EACH_WITH_HASH (owner, struct owner, key_node, hash, &northd_of(d)->keys->by_key) {
        bool is_among = datapath ? owner->port && uuid_eq(&owner->datapath, datapath) : !owner->port;
        if (is_among && owner->key == key) {
            return owner;
        }
    }
    return NULL;
}

uint64_t
datapath_with_key(struct derive *d, int64_t key)
{
    const struct owner *owner = find_by_key(d, NULL, key);
    return owner ? owner->what : 0;
}

bool
has_port_with_key(struct derive *d, uint64_t datapath, int64_t key)
{
    return find_by_key(d, &row_of(d, datapath)->uuid, key);
}
