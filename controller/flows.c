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
    derive_emit(d, S_FLOW, out->data, out->size);
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

/* Ids come from a pool named by content, preferring a hash of it: what a restart or another run gives is the same. */
uint32_t
emit_of_group(struct derive *d, const struct of_group *group)
{
    struct controller *c = controller_of(d);
    struct of_group numbered = *group;
    struct buf *out = &c->flow_bytes;
    uint32_t id;

    buf_clear(out);
    numbered.group_id = 0;
    CHECK(of_put_group_mod(out, 0, OFPGC_ADD, OFPG_BUCKET_ALL, &numbered));
    uint32_t hash = (uint32_t) hash_bytes64(out->data, out->size, 0) & 0x7fffffff;
    id = pool_assign(c->group_ids, str_n(out->data, out->size), hash ? hash : 1);
    CHECK(id);

    buf_clear(out);
    buf_put(out, &id, sizeof id);
    numbered.group_id = id;
    CHECK(of_put_group_mod(out, 0, OFPGC_ADD, OFPG_BUCKET_ALL, &numbered));
    derive_emit(d, S_GROUP, out->data, out->size);
    return id;
}

uint32_t
group_content_id(const void *content, size_t n)
{
    uint32_t id;
    CHECK(n > sizeof id);
    memcpy(&id, content, sizeof id);
    return id;
}

/* The name of the id in the pool: the message with id 0. */
static void
put_group_name(struct buf *out, const void *content, size_t n)
{
    enum { ID_OFS = OF_HEADER_SIZE + 4 };                    /* of group_id in ofp_group_mod */
    buf_put(out, (const char *) content + sizeof(uint32_t), n - sizeof(uint32_t));
    memset(out->data + ID_OFS, 0, sizeof(uint32_t));
}

void
flows_release_group(struct controller *c, const void *content, size_t n)
{
    struct buf *name = &c->flow_bytes;
    buf_clear(name);
    put_group_name(name, content, n);
    pool_release(c->group_ids, str_n(name->data, name->size));
}

uint32_t
cookie_of(const struct uuid *uuid)
{
    return (uint32_t) uuid->b[0] << 24 | (uint32_t) uuid->b[1] << 16 | (uint32_t) uuid->b[2] << 8 | uuid->b[3];
}
