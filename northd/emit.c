/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "northd/emit.h"

#include "lib/base/hash.h"

const struct stage_def stage_defs[N_STAGES] = {
#define INGRESS(ID, TABLE, NAME) [ID] = {NAME, false, TABLE},
#define EGRESS(ID, TABLE, NAME) [ID] = {NAME, true, TABLE},
    SWITCH_INGRESS_STAGES(INGRESS) SWITCH_EGRESS_STAGES(EGRESS) ROUTER_INGRESS_STAGES(INGRESS)
        ROUTER_EGRESS_STAGES(EGRESS)
#undef INGRESS
#undef EGRESS
};

/* A content of S_FLOW: this header, then the four texts. */
struct content {
    uint16_t stage;
    uint16_t priority;
    uint32_t is_set;
    struct uuid datapath;
    uint32_t match_length, actions_length, meter_length, hint_length;
};

struct uuid
dp_set_uuid(struct derive *d, uint16_t collection, uint64_t key)
{
    static const char *const names[] = {
#define X(ID, NAME, ...) NAME,
        NORTHD_COLLECTIONS(X)
#undef X
    };
    struct buf name = BUF_INIT(256);
    buf_puts(&name, "datapath-set:");
    buf_puts(&name, names[collection]);
    if (key) {
        const struct row *row = replica_row_by_id(northd_of(d)->nb, derive_first(key), derive_second(key));
        CHECK(row);
        buf_put(&name, &row->uuid, sizeof row->uuid);
    }
    struct uuid uuid = uuid_from_content(name.data, name.size);
    buf_fini(&name);
    return uuid;
}

static struct uuid
dp_ref_uuid(struct derive *d, const struct dp_ref *dp)
{
    if (dp->is_set) {
        return dp_set_uuid(d, dp->collection, dp->key);
    }
    const struct row *row = replica_row_by_id(northd_of(d)->nb, derive_first(dp->key), derive_second(dp->key));
    CHECK(row);
    return row->uuid;
}

static uint32_t
length_since(const struct buf *out, size_t *start)
{
    uint32_t length = (uint32_t) (out->size - *start);
    *start = out->size;
    return length;
}

void
emit_flow(struct derive *d, const struct lflow *flow)
{
    struct buf *out = &northd_of(d)->flow_text;
    struct content head = {
        .stage = (uint16_t) flow->stage,
        .priority = flow->priority,
        .is_set = flow->dp.is_set,
        .datapath = dp_ref_uuid(d, &flow->dp),
    };
    size_t at = sizeof head;

    buf_clear(out);
    buf_put_zeros(out, sizeof head);
    expr_print(flow->match ? flow->match : expr_true(), out);
    head.match_length = length_since(out, &at);
    actions_print(flow->actions, out);
    head.actions_length = length_since(out, &at);
    buf_puts(out, flow->meter ? flow->meter : "");
    head.meter_length = length_since(out, &at);
    if (flow->hint) {
        char text[UUID_LENGTH + 1];
        buf_put(out, uuid_format(flow->hint, text), 8);
    }
    head.hint_length = length_since(out, &at);
    CHECK(buf_is_ok(out));
    memcpy(out->data, &head, sizeof head);
    derive_emit(d, S_FLOW, out->data, out->size);
}

struct uuid
flow_row_uuid(const uint64_t hash[2])
{
    return uuid_from_content(hash, 2 * sizeof *hash);
}

void
flow_row_decode(const void *content, size_t n, struct flow_row *ret)
{
    struct content head;

    CHECK(n >= sizeof head);
    memcpy(&head, content, sizeof head);
    const char *p = (const char *) content + sizeof head;
    *ret = (struct flow_row) {
        .stage = (enum stage) head.stage,
        .priority = head.priority,
        .is_set = head.is_set,
        .datapath = head.datapath,
        .match = str_n(p, head.match_length),
        .actions = str_n(p + head.match_length, head.actions_length),
        .meter = str_n(p + head.match_length + head.actions_length, head.meter_length),
        .hint = str_n(p + head.match_length + head.actions_length + head.meter_length, head.hint_length),
    };
}
