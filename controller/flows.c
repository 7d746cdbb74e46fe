/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/flows.h"

#include <string.h>

#include "controller/flow_table.h"
#include "lib/base/hash.h"

struct head {
    uint8_t table;
    uint8_t is_clause;
    uint16_t priority;
    uint32_t cookie;
    uint32_t match_size;
};

void
emit_of_flow(struct derive *d, const struct flow *flow)
{
    struct buf *out = &controller_of(d)->flow_bytes;
    flow_content_encode(flow, out);
    derive_emit(d, S_FLOW, out->data, out->size);
}

void
flow_content_encode(const struct flow *flow, struct buf *out)
{
    struct head head = {flow->table, flow->is_clause, flow->priority, flow->cookie, 0};

    struct of_match match = of_match_clone(flow->match);

    match_normalise(&match);
    buf_clear(out);
    buf_put(out, &head, sizeof head);
    of_match_put_oxm(&match, out);
    of_match_fini(&match);
    head.match_size = (uint32_t) (out->size - sizeof head);
    buf_put(out, flow->actions, flow->n_actions);
    CHECK(buf_is_ok(out));
    memcpy(out->data, &head, sizeof head);
}

void
flow_content_decode(const void *content, size_t n, struct flow_content *ret)
{
    struct head head;
    CHECK(n >= sizeof head);
    memcpy(&head, content, sizeof head);
    const char *p = (const char *) content + sizeof head;
    *ret = (struct flow_content) {
        .table = head.table,
        .priority = head.priority,
        .cookie = head.cookie,
        .is_clause = head.is_clause,
        .match = str_n(p, head.match_size),
        .actions = str_n(p + head.match_size, n - sizeof head - head.match_size),
    };
}

/* --- Groups and meters --- */

enum { ID_OFS = OF_HEADER_SIZE + 4 };                        /* of the id in ofp_group_mod and ofp_meter_mod */

/* Emits the object that the message in c->flow_bytes adds, whose id is 0 so far.  Ids come from a pool named by content, preferring
 * a hash of it: what a restart or another run gives is the same. */
static uint32_t
emit_object(struct derive *d, enum controller_sink sink, struct pool *ids, uint32_t max_id)
{
    struct buf *out = &controller_of(d)->flow_bytes;
    uint32_t preferred = 1 + (uint32_t) (hash_bytes64(out->data, out->size, 0) % max_id);
    uint32_t id = pool_assign(ids, str_n(out->data, out->size), preferred);
    if (id) {
        put_be32(out->data + ID_OFS, id);
        buf_put(out, &id, sizeof id);                        /* then in front of the rest */
        memmove(out->data + sizeof id, out->data, out->size - sizeof id);
        memcpy(out->data, &id, sizeof id);
        derive_emit(d, sink, out->data, out->size);
    }
    return id;
}

uint32_t
emit_of_group(struct derive *d, const struct of_group *group)
{
    struct controller *c = controller_of(d);
    struct of_group unnumbered = *group;

    buf_clear(&c->flow_bytes);
    unnumbered.group_id = 0;
    CHECK(of_put_group_mod(&c->flow_bytes, 0, OFPGC_ADD, OFPG_BUCKET_ALL, &unnumbered));
    uint32_t id = emit_object(d, S_GROUP, c->group_ids, MAX_GROUP_ID);
    CHECK(id);
    return id;
}

uint32_t
emit_of_meter(struct derive *d, const struct of_meter *meter, const char *name)
{
    struct controller *c = controller_of(d);
    struct of_meter unnumbered = *meter;

    buf_clear(&c->flow_bytes);
    unnumbered.meter_id = 0;
    of_put_meter_mod(&c->flow_bytes, 0, OFPMC_ADD, &unnumbered);
    buf_puts(&c->flow_bytes, name);
    return emit_object(d, S_METER, c->meter_ids, MAX_METER_ID);
}

uint32_t
object_content_id(const void *content, size_t n)
{
    uint32_t id;
    CHECK(n > sizeof id);
    memcpy(&id, content, sizeof id);
    return id;
}

struct str
object_content_message(const void *content, size_t n)
{
    const char *message = (const char *) content + sizeof(uint32_t);
    size_t length = get_be16(message + 2);                   /* of ofp_header */
    CHECK(sizeof(uint32_t) + length <= n);
    return str_n(message, length);
}

void
flows_release_object(struct controller *c, struct pool *ids, const void *content, size_t n)
{
    struct buf *name = &c->flow_bytes;
    buf_clear(name);
    buf_put(name, (const char *) content + sizeof(uint32_t), n - sizeof(uint32_t));
    memset(name->data + ID_OFS, 0, sizeof(uint32_t));
    pool_release(ids, str_n(name->data, name->size));
}

uint32_t
cookie_of(const struct uuid *uuid)
{
    return (uint32_t) uuid->b[0] << 24 | (uint32_t) uuid->b[1] << 16 | (uint32_t) uuid->b[2] << 8 | uuid->b[3];
}
