/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/flow_sync.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/openflow/of_packet.h"

LOG_MODULE(ofctrl);

/* The Geneve option of OVN, at tun_metadata0. */
static const struct of_tlv_map geneve_option = {.option_class = 0x0102, .option_type = 0x80, .option_length = 4, .index = 0};

enum { MAX_BLIND = 3 };                                      /* then what is sent again would only be refused again */

enum state { DISCONNECTED, ASKED_OPTIONS, SET_OPTIONS, ASKED_GROUPS, ASKED_METERS, ASKED_FLOWS, IN_SYNC };

struct flow_sync {
    struct loop *loop;
    struct of_conn *conn;
    char *target;
    const struct flow_sync_callbacks *cbs;
    void *aux;
    enum state state;
    uint32_t xid;                                            /* of the request that 'state' waits for */
    struct flow_table *table;
    struct objects *objects[N_OBJECT_KINDS];
    uint64_t n_flushes;                                      /* asked for */
    uint64_t confirmed;
    /* Barriers outstanding: at most one, with the flush that it confirms. */
    uint32_t barrier_xid;
    uint64_t barrier_flush;
    bool was_refused;                                        /* a bundle, since the last barrier's answer */
    unsigned int n_blind;                                    /* such bundles in a row of which no flow could be named */
    uint32_t bundle_id;
    struct buf out;
    struct flow_sync_stats stats;
};

/* --- Sending differences --- */

struct sending {
    struct flow_sync *sync;
    bool is_open;
};

static void
put_bundle_control(struct flow_sync *sync, uint16_t type)
{
    struct of_bundle bundle = {sync->bundle_id, type, OFPBF_ATOMIC | OFPBF_ORDERED};
    of_put_bundle_control(&sync->out, of_conn_new_xid(sync->conn), &bundle);
}

static void
open_bundle(struct sending *s)
{
    if (!s->is_open) {
        s->is_open = true;
        s->sync->bundle_id++;
        s->sync->stats.n_bundles++;
        put_bundle_control(s->sync, OFPBCT_OPEN_REQUEST);
    }
}

static void
count_change(struct flow_sync *sync, const struct flow_change *change)
{
    if (change->is_delete) {
        sync->stats.n_deleted++;
    } else if (change->is_new) {
        sync->stats.n_added++;
    } else {
        sync->stats.n_modified++;
    }
}

static uint32_t
send_change(void *sending_, const struct flow_change *change)
{
    struct sending *s = sending_;
    struct flow_sync *sync = s->sync;
    uint32_t xid = of_conn_new_xid(sync->conn);
    struct of_flow_mod fm;

    open_bundle(s);
    count_change(sync, change);
    of_flow_mod_init(&fm);
    fm.command = change->is_delete ? OFPFC_DELETE_STRICT : OFPFC_ADD;
    fm.table_id = change->table;
    fm.priority = change->priority;
    fm.cookie = change->cookie;
    fm.actions = change->actions.s;
    fm.n_actions = change->actions.n;
    struct err *e = of_match_from_oxm(change->match.s, change->match.n, &fm.match);
    CHECK(!e);
    size_t start = of_bundle_add_begin(&sync->out, xid, sync->bundle_id, OFPBF_ATOMIC | OFPBF_ORDERED);
    bool fits = of_put_flow_mod(&sync->out, xid, &fm);
    fits = of_bundle_add_end(&sync->out, start) && fits;
    if (!fits) {
        log_warn_rl("a flow of table %u is too large for the switch (cookie %#" PRIx64 ")", change->table, change->cookie);
    }
    of_match_fini(&fm.match);
    return xid;
}

static void
send_differences(struct flow_sync *sync)
{
    struct sending s = {sync, false};
    /* Groups and meters come before the flows that use them, and go after. */
    for (enum object_kind kind = 0; kind < N_OBJECT_KINDS; kind++) {
        objects_put_wanted(sync->objects[kind], &sync->out, of_conn_new_xid(sync->conn));
    }
    flow_table_take_changes(sync->table, send_change, &s);
    if (s.is_open) {
        put_bundle_control(sync, OFPBCT_COMMIT_REQUEST);
    }
    for (enum object_kind kind = 0; kind < N_OBJECT_KINDS; kind++) {
        objects_put_unwanted(sync->objects[kind], &sync->out, of_conn_new_xid(sync->conn));
    }
    if (!sync->barrier_xid && sync->confirmed < sync->n_flushes) {
        sync->barrier_xid = of_conn_new_xid(sync->conn);
        sync->barrier_flush = sync->n_flushes;
        of_put_barrier_request(&sync->out, sync->barrier_xid);
    }
    of_conn_send_buf(sync->conn, &sync->out);
}

uint64_t
flow_sync_flush(struct flow_sync *sync)
{
    /* Nothing new is as good as the flush before: its answer may be on the way, or here. */
    bool changed = flow_table_has_changes(sync->table);
    for (enum object_kind kind = 0; kind < N_OBJECT_KINDS; kind++) {
        changed |= objects_have_changes(sync->objects[kind]);
    }
    if (!sync->n_flushes || changed) {
        sync->n_flushes++;
        if (sync->state == IN_SYNC) {
            send_differences(sync);
        }
    }
    return sync->n_flushes;
}

uint64_t
flow_sync_confirmed(const struct flow_sync *sync)
{
    return sync->confirmed;
}

static void start_reading(struct flow_sync *sync);

static void
on_barrier(struct flow_sync *sync, const struct of_msg *msg)
{
    if (msg->xid != sync->barrier_xid) {
        return;
    }
    sync->barrier_xid = 0;
    if (sync->was_refused) {
        start_reading(sync);
    } else {
        sync->n_blind = 0;
        sync->confirmed = sync->barrier_flush;
        if (sync->confirmed < sync->n_flushes) {
            send_differences(sync);
        }
        sync->cbs->confirmed(sync->aux);
    }
}

/* --- Getting in sync --- */

static void
request(struct flow_sync *sync, enum state state)
{
    static const struct of_flow_filter all = {.table_id = OFPTT_ALL, .out_port = OF_PORT_ANY, .out_group = OFPG_ANY};
    sync->state = state;
    sync->xid = of_conn_new_xid(sync->conn);
    switch (state) {
    case ASKED_OPTIONS:
        of_put_tlv_table_request(&sync->out, sync->xid);
        break;
    case SET_OPTIONS:
        of_put_tlv_table_mod(&sync->out, of_conn_new_xid(sync->conn), NXTTMC_ADD, &geneve_option, 1);
        of_put_barrier_request(&sync->out, sync->xid);
        break;
    case ASKED_GROUPS:
        of_put_group_desc_request(&sync->out, sync->xid, OFPG_ALL);
        break;
    case ASKED_METERS:
        of_put_meter_config_request(&sync->out, sync->xid, OFPM_ALL);
        break;
    case ASKED_FLOWS:
        of_put_flow_desc_request(&sync->out, sync->xid, &all);
        break;
    case DISCONNECTED:
    case IN_SYNC:
        break;
    }
    of_conn_send_buf(sync->conn, &sync->out);
}

/* Asks for what the switch has, from the groups on. */
static void
start_reading(struct flow_sync *sync)
{
    sync->was_refused = false;
    flow_table_forget_installed(sync->table);
    for (enum object_kind kind = 0; kind < N_OBJECT_KINDS; kind++) {
        objects_forget_seen(sync->objects[kind]);
    }
    request(sync, ASKED_GROUPS);
}

static void
on_connected(void *sync_)
{
    struct flow_sync *sync = sync_;
    log_info("connected to %s", sync->target);
    of_put_set_config(&sync->out, of_conn_new_xid(sync->conn), UINT16_MAX);
    of_put_set_packet_in_format(&sync->out, of_conn_new_xid(sync->conn), NXPIF_NXT_PACKET_IN2);
    flow_table_forgive(sync->table);
    request(sync, ASKED_OPTIONS);
}

static void
on_disconnected(void *sync_)
{
    struct flow_sync *sync = sync_;
    sync->state = DISCONNECTED;
    sync->barrier_xid = 0;
    buf_clear(&sync->out);
}

static struct err *
on_options(struct flow_sync *sync, const struct of_msg *msg)
{
    struct of_tlv_table table;
    struct err *e = of_tlv_table_decode(msg, &table);
    if (e) {
        return e;
    }
    for (size_t i = 0; i < table.n_maps; i++) {
        const struct of_tlv_map *map = &table.maps[i];
        if (map->option_class == geneve_option.option_class && map->option_type == geneve_option.option_type) {
            if (map->index == geneve_option.index && map->option_length == geneve_option.option_length) {
                start_reading(sync);
                return NULL;
            }
            return err_new("the Geneve option 0x0102/0x80 is mapped to tun_metadata%u", map->index);
        }
    }
    request(sync, SET_OPTIONS);
    return NULL;
}

/* What the switch has of one kind, in one reply of perhaps several; then 'next' is asked for. */
static struct err *
on_objects(struct flow_sync *sync, enum object_kind kind, const struct of_msg *msg, enum state next)
{
    struct err *e = objects_saw(sync->objects[kind], msg);
    if (!e && !msg->more) {
        request(sync, next);
    }
    return e;
}

static struct err *
on_flows(struct flow_sync *sync, const struct of_msg *msg)
{
    struct str body = msg->body;
    while (body.n) {
        struct of_flow_desc seen;
        struct err *e = of_flow_desc_pull(&body, &seen);
        if (e) {
            return e;
        }
        flow_table_saw(sync->table, &seen);
        of_match_fini(&seen.match);
    }
    if (!msg->more) {
        sync->state = IN_SYNC;
        flow_table_seen_all(sync->table);
        if (sync->n_flushes) {
            send_differences(sync);
        }
    }
    return NULL;
}

static void
on_error(struct flow_sync *sync, const struct of_msg *msg)
{
    struct of_error error;
    struct err *e = of_error_decode(msg, &error);
    sync->stats.n_errors++;
    if (e) {
        err_free(e);
        return;
    }
    struct buf text = BUF_INIT(2000);
    of_error_print(&error, &text);
    buf_puts(&text, " about ");
    of_msg_print(error.data.s, error.data.n, &text);
    log_warn_rl("%s: %s", sync->target, buf_text(&text));
    buf_fini(&text);
    bool is_blind = error.type == OFPET_BUNDLE_FAILED && !sync->was_refused && sync->n_blind < MAX_BLIND;
    sync->n_blind += is_blind;
    if (flow_table_refuse(sync->table, msg->xid) || is_blind) {
        sync->was_refused = true;
        if (!sync->barrier_xid && sync->state == IN_SYNC) {  /* else its answer will come behind the last error */
            sync->barrier_xid = of_conn_new_xid(sync->conn);
            sync->barrier_flush = sync->n_flushes;
            of_put_barrier_request(&sync->out, sync->barrier_xid);
            of_conn_send_buf(sync->conn, &sync->out);
        }
    }
}

static struct err *
on_reply(struct flow_sync *sync, const struct of_msg *msg)
{
    bool is_answer = msg->xid == sync->xid;
    switch (msg->kind) {
    case OF_NX_TLV_TABLE_REPLY: return is_answer && sync->state == ASKED_OPTIONS ? on_options(sync, msg) : NULL;
    case OF_GROUP_DESC_REPLY:
        return is_answer && sync->state == ASKED_GROUPS ? on_objects(sync, OBJECT_GROUP, msg, ASKED_METERS) : NULL;
    case OF_METER_CONFIG_REPLY:
        return is_answer && sync->state == ASKED_METERS ? on_objects(sync, OBJECT_METER, msg, ASKED_FLOWS) : NULL;
    case OF_FLOW_DESC_REPLY: return is_answer && sync->state == ASKED_FLOWS ? on_flows(sync, msg) : NULL;
    case OF_BARRIER_REPLY:
        if (is_answer && sync->state == SET_OPTIONS) {
            start_reading(sync);
        } else {
            on_barrier(sync, msg);
        }
        return NULL;
    case OF_ERROR: on_error(sync, msg); return NULL;
    case OF_NX_PACKET_IN2: sync->cbs->packet_in(sync->aux, msg); return NULL;
    default: return NULL;                                    /* port status and the like: the database tells more */
    }
}

static void
on_received(void *sync_, const struct of_msg *msg)
{
    struct flow_sync *sync = sync_;
    struct err *e = on_reply(sync, msg);
    if (e) {
        log_err("%s: %s: %s", sync->target, of_kind_name(msg->kind), err_detail(e));
        err_free(e);
    }
}

/* --- Life --- */

struct flow_sync *
flow_sync_new(struct loop *loop, const struct flow_sync_callbacks *cbs, void *aux)
{
    struct flow_sync *sync = xcalloc(1, sizeof *sync);
    sync->loop = loop;
    sync->cbs = cbs;
    sync->aux = aux;
    sync->table = flow_table_new();
    for (enum object_kind kind = 0; kind < N_OBJECT_KINDS; kind++) {
        sync->objects[kind] = objects_new(kind);
    }
    buf_init(&sync->out, BUF_NO_LIMIT);
    return sync;
}

void
flow_sync_free(struct flow_sync *sync)
{
    if (sync) {
        of_conn_free(sync->conn);
        for (enum object_kind kind = 0; kind < N_OBJECT_KINDS; kind++) {
            objects_free(sync->objects[kind]);
        }
        flow_table_free(sync->table);
        buf_fini(&sync->out);
        free(sync->target);
        free(sync);
    }
}

struct err *
flow_sync_set_target(struct flow_sync *sync, const char *target)
{
    static const struct of_conn_callbacks callbacks = {
        .connected = on_connected, .disconnected = on_disconnected, .received = on_received};
    if (sync->target && !strcmp(sync->target, target)) {
        return NULL;
    }
    of_conn_free(sync->conn);
    sync->conn = NULL;
    on_disconnected(sync);
    free(sync->target);
    sync->target = xstrdup(target);
    struct err *e = of_conn_new(sync->loop, target, &callbacks, sync, &sync->conn);
    if (!e) {
        of_conn_set_max_backoff(sync->conn, 1000);           /* a local socket: it costs nothing to try */
    }
    return e;
}

void
flow_sync_flow(struct flow_sync *sync, const struct derive_output *output)
{
    if (output->added) {
        flow_table_add(sync->table, output->content, output->n);
    } else {
        flow_table_remove(sync->table, output->content, output->n);
    }
}

void
flow_sync_object(struct flow_sync *sync, enum object_kind kind, const struct derive_output *output)
{
    objects_output(sync->objects[kind], output);
}

bool
flow_sync_is_connected(const struct flow_sync *sync)
{
    return sync->conn && of_conn_is_connected(sync->conn);
}

void
flow_sync_send(struct flow_sync *sync, struct buf *messages)
{
    if (flow_sync_is_connected(sync)) {
        of_conn_send_buf(sync->conn, messages);
    } else {
        buf_clear(messages);
    }
}

uint32_t
flow_sync_xid(struct flow_sync *sync)
{
    return sync->conn ? of_conn_new_xid(sync->conn) : 1;
}

struct flow_table *
flow_sync_table(struct flow_sync *sync)
{
    return sync->table;
}

struct flow_sync_stats
flow_sync_stats(const struct flow_sync *sync)
{
    return sync->stats;
}

void
flow_sync_put_objects(const struct flow_sync *sync, enum object_kind kind, struct buf *out)
{
    objects_print_ids(sync->objects[kind], out);
}
