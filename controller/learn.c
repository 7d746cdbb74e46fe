/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/learn.h"

#include <stdlib.h>

#include "lib/base/counter.h"
#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

LOG_MODULE(learn);
COUNTER(learn_written);
COUNTER(learn_dropped);
MEM_TYPE(learn_entry, "learned addresses");

/* What names a lesson: for MAC_Binding port and IP address, for FDB the Ethernet address.  What is not used is zero. */
struct key {
    uint32_t dp_key;
    uint32_t is_fdb;
    uint32_t port_key;                                       /* MAC_Binding only */
    uint32_t is_v6;
    struct in6_addr ip;                                      /* IPv4: the first four bytes */
    struct eth_addr mac;                                     /* FDB only */
    uint16_t pad;
};

struct entry {
    struct hmap_node node;                                   /* in 'pending' or 'sent' */
    struct key key;
    uint32_t port_key;                                       /* what is learned: FDB */
    struct eth_addr mac;                                     /* what is learned: MAC_Binding */
    bool is_retry;                                           /* was in a refused transaction: goes alone */
};

struct learn {
    const struct controller *controller;
    const struct writer_link *link;
    void *link_aux;
    struct hmap pending;
    struct hmap sent;                                        /* in the transaction under way */
    bool is_under_way;
    uint64_t txn_id;                                         /* if 'is_under_way' */
    struct learn_stats stats;
};

static struct entry *
find(const struct hmap *map, const struct key *key)
{
    HMAP_FOR_EACH_WITH_HASH (entry, struct entry, node, hash_bytes64(key, sizeof *key, 0), map) {
        if (!memcmp(&entry->key, key, sizeof *key)) {
            return entry;
        }
    }
    return NULL;
}

static void
forget_entry(struct hmap *map, struct entry *entry)
{
    hmap_remove(map, &entry->node);
    mem_add(&mem_learn_entry, -1);
    free(entry);
}

static void
forget_all(struct hmap *map)
{
    HMAP_FOR_EACH_SAFE (entry, struct entry, node, map) {
        forget_entry(map, entry);
    }
}

struct learn *
learn_new(const struct controller *controller, const struct writer_link *link, void *link_aux)
{
    struct learn *learn = xcalloc(1, sizeof *learn);
    learn->controller = controller;
    learn->link = link;
    learn->link_aux = link_aux;
    hmap_init(&learn->pending);
    hmap_init(&learn->sent);
    return learn;
}

void
learn_free(struct learn *learn)
{
    if (learn) {
        if (learn->is_under_way) {
            learn->link->forget(learn->link_aux, learn->txn_id);
        }
        forget_all(&learn->pending);
        forget_all(&learn->sent);
        hmap_fini(&learn->pending);
        hmap_fini(&learn->sent);
        free(learn);
    }
}

/* --- Lessons --- */

static void
remember(struct learn *learn, const struct key *key, uint32_t port_key, struct eth_addr mac)
{
    struct entry *entry = find(&learn->pending, key);
    const struct entry *sent = entry ? NULL : find(&learn->sent, key);

    if (sent && sent->port_key == port_key && eth_addr_eq(sent->mac, mac)) {
        return;
    }
    if (!entry) {
        if (hmap_count(&learn->pending) >= LEARN_MAX_PENDING) {
            learn->stats.n_dropped++;
            counter_inc(&counter_learn_dropped);
            log_warn_rl("pending=%d too many learned addresses, dropped one", LEARN_MAX_PENDING);
            return;
        }
        entry = xcalloc(1, sizeof *entry);
        entry->key = *key;
        hmap_insert(&learn->pending, &entry->node, hash_bytes64(key, sizeof *key, 0));
        mem_add(&mem_learn_entry, 1);
    }
    entry->port_key = port_key;
    entry->mac = mac;
}

void
learn_mac(struct learn *learn, uint32_t dp_key, uint32_t port_key, const struct ip_addr *ip, struct eth_addr mac)
{
    struct key key = {.dp_key = dp_key, .port_key = port_key, .is_v6 = ip->is_v6};
    memcpy(&key.ip, ip->is_v6 ? (const void *) &ip->v6 : &ip->v4, ip->is_v6 ? sizeof ip->v6 : sizeof ip->v4);
    remember(learn, &key, port_key, mac);
}

void
learn_fdb(struct learn *learn, uint32_t dp_key, uint32_t port_key, struct eth_addr mac)
{
    struct key key = {.dp_key = dp_key, .is_fdb = true, .mac = mac};
    remember(learn, &key, port_key, mac);
}

/* --- Operations --- */

static json_t *
json_uuid(const struct uuid *uuid)
{
    return json_pack("[s, s]", "uuid", uuid_text(uuid));
}

/* Takes 'row'.  'old' is the row there is; NULL: a new one. */
static json_t *
operation(const char *table, const struct row *old, json_t *row)
{
    return old ? json_pack("{s:s, s:s, s:[[s, s, o]], s:o}", "op", "update", "table", table,
                           "where", "_uuid", "==", json_uuid(&old->uuid), "row", row)
               : json_pack("{s:s, s:s, s:o}", "op", "insert", "table", table, "row", row);
}

static void
set_timestamp(const struct learn *learn, json_t *row, uint32_t table, uint32_t column, int64_t wall_ms)
{
    /* Servers of older schemas lack it. */
    if (replica_server_has(learn->controller->sb, table, column)) {
        json_object_set_new(row, "timestamp", json_integer(wall_ms));
    }
}

static const struct row *
find_datapath(const struct controller *c, uint32_t dp_key)
{
    return replica_find(NULL, c->sb, c->indexes[IX_DP_BY_KEY], &(union atom) {.integer = dp_key});
}

static const struct sb_port_binding *
find_port(const struct controller *c, const struct row *dp, uint32_t port_key)
{
    const union atom keys[] = {{.uuid = dp->uuid}, {.integer = port_key}};
    const struct row *row = replica_find(NULL, c->sb, c->indexes[IX_PB_BY_KEY], keys);
    return row ? sb_port_binding(row) : NULL;
}

static const struct row *
find_mac_binding(const struct controller *c, const char *lport, const char *ip)
{
    const union atom keys[] = {{.string = atom_string_new(str_from(lport))}, {.string = atom_string_new(str_from(ip))}};
    const struct row *row = replica_find(NULL, c->sb, c->indexes[IX_MAC_BINDING], keys);
    atom_string_unref(keys[0].string);
    atom_string_unref(keys[1].string);
    return row;
}

static const struct row *
find_fdb(const struct controller *c, uint32_t dp_key, const char *mac)
{
    const union atom keys[] = {{.integer = dp_key}, {.string = atom_string_new(str_from(mac))}};
    const struct row *row = replica_find(NULL, c->sb, c->indexes[IX_FDB], keys);
    atom_string_unref(keys[1].string);
    return row;
}

/* What makes 'entry' a row; NULL if it is one, or cannot be. */
static json_t *
mac_binding_operation(struct learn *learn, const struct entry *entry, int64_t wall_ms)
{
    const struct controller *c = learn->controller;
    const struct row *dp = find_datapath(c, entry->key.dp_key);
    const struct sb_port_binding *pb = dp ? find_port(c, dp, entry->port_key) : NULL;
    if (!pb) {
        learn->stats.n_unknown_port++;
        return NULL;
    }
    struct ip_addr ip = {.is_v6 = entry->key.is_v6};
    memcpy(ip.is_v6 ? (void *) &ip.v6 : &ip.v4, &entry->key.ip, ip.is_v6 ? sizeof ip.v6 : sizeof ip.v4);
    struct addr_text ip_text = ip_addr_text(&ip), mac = eth_addr_text(entry->mac);
    const char *lport = sb_port_binding_logical_port(NULL, pb);
    const struct row *old = find_mac_binding(c, lport, ip_text.s);
    if (old && !strcmp(sb_mac_binding_mac(NULL, sb_mac_binding(old)), mac.s)) {
        learn->stats.n_known++;
        return NULL;
    }
    json_t *row = json_pack("{s:s, s:s, s:s, s:o}", "logical_port", lport, "ip", ip_text.s, "mac", mac.s,
                            "datapath", json_uuid(&dp->uuid));
    set_timestamp(learn, row, SB_TABLE_MAC_BINDING, SB_MAC_BINDING_TIMESTAMP, wall_ms);
    return operation("MAC_Binding", old, row);
}

static json_t *
fdb_operation(struct learn *learn, const struct entry *entry, int64_t wall_ms)
{
    const struct controller *c = learn->controller;
    const struct row *dp = find_datapath(c, entry->key.dp_key);
    if (!dp || !find_port(c, dp, entry->port_key)) {
        learn->stats.n_unknown_port++;
        return NULL;
    }
    struct addr_text mac = eth_addr_text(entry->mac);
    const struct row *old = find_fdb(c, entry->key.dp_key, mac.s);
    if (old && sb_fdb_port_key(NULL, sb_fdb(old)) == entry->port_key) {
        learn->stats.n_known++;
        return NULL;
    }
    json_t *row = json_pack("{s:s, s:I, s:I}", "mac", mac.s, "dp_key", (json_int_t) entry->key.dp_key,
                            "port_key", (json_int_t) entry->port_key);
    set_timestamp(learn, row, SB_TABLE_FDB, SB_FDB_TIMESTAMP, wall_ms);
    return operation("FDB", old, row);
}

/* --- Sending --- */

/* Several chassis may learn the same at once; then all but the first are refused, whole transactions of them.  So what was in a
 * refused transaction is sent once more, each by itself, unless it is known by then. */
static void
done(void *aux, const json_t *result UNUSED, struct err *err)
{
    struct learn *learn = aux;
    bool is_retry = err && hmap_count(&learn->sent) > 1;

    learn->is_under_way = false;
    learn->stats.n_failed += err != NULL;
    if (err) {
        log_info_rl("learned addresses not written: %s", err_detail(err));
    }
    HMAP_FOR_EACH_SAFE (entry, struct entry, node, &learn->sent) {
        if (is_retry && !find(&learn->pending, &entry->key)) {
            hmap_remove(&learn->sent, &entry->node);
            hmap_insert(&learn->pending, &entry->node, hash_bytes64(&entry->key, sizeof entry->key, 0));
            entry->is_retry = true;
        } else {
            forget_entry(&learn->sent, entry);
        }
    }
    err_free(err);
}

static bool
has_retry(const struct learn *learn)
{
    HMAP_FOR_EACH (entry, struct entry, node, &learn->pending) {
        if (entry->is_retry) {
            return true;
        }
    }
    return false;
}

/* Moves what is to be written from 'pending' to 'sent', and forgets what is not. */
static json_t *
take_pending(struct learn *learn, int64_t wall_ms)
{
    json_t *operations = json_array();
    bool one = has_retry(learn);

    HMAP_FOR_EACH_SAFE (entry, struct entry, node, &learn->pending) {
        if (one && (!entry->is_retry || json_array_size(operations))) {
            continue;
        }
        json_t *op = entry->key.is_fdb ? fdb_operation(learn, entry, wall_ms) : mac_binding_operation(learn, entry, wall_ms);
        if (!op) {
            forget_entry(&learn->pending, entry);
            continue;
        }
        json_array_append_new(operations, op);
        hmap_remove(&learn->pending, &entry->node);
        hmap_insert(&learn->sent, &entry->node, hash_bytes64(&entry->key, sizeof entry->key, 0));
    }
    return operations;
}

void
learn_flush(struct learn *learn, int64_t wall_ms)
{
    if (learn->is_under_way || hmap_is_empty(&learn->pending) || !learn->link->is_ready(learn->link_aux)) {
        return;
    }
    json_t *operations = take_pending(learn, wall_ms);
    size_t n = json_array_size(operations);
    if (!n) {
        json_decref(operations);
        return;
    }
    learn->stats.n_written += n;
    counter_add(&counter_learn_written, n);
    learn->is_under_way = true;
    learn->txn_id = learn->link->transact(learn->link_aux, operations, done, learn);
}

struct learn_stats
learn_stats(const struct learn *learn)
{
    return learn->stats;
}
