/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "northd/output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/packet/addr.h"
#include "northd/emit.h"
#include "northd/multicast.h"
#include "northd/tunnel_keys.h"

LOG_MODULE(northd);

struct output {
    struct northd *northd;
    struct writer *sb, *nb;
    const struct writer_link *nb_link;
    void *nb_aux;
    uint64_t nb_global_insert;                               /* the transaction that inserts NB_Global's row, or 0 */
    struct desired_sync sb_sync, nb_sync;
    void (*progress)(void *aux);
    void *aux;
    bool recall;                                             /* flows were deleted behind our back */
    bool adopted;                                            /* the numbers below hold what was done before */
    struct {
        bool is_set;
        int64_t nb_cfg;                                      /* what is being committed */
        uint64_t flush;                                      /* by this flush of the Southbound writer, or earlier */
    } pending;
    int64_t nb_cfg_ms, sb_cfg, sb_cfg_ms, hv_cfg, hv_cfg_ms; /* NB_Global's columns of these names */
};

/* --- What is written: tables, keys, columns --- */

static bool
datapath_row_key(void *aux UNUSED, const struct row *row, struct buf *ret)
{
    struct uuid uuid;
    if (!datapath_binding_nb_uuid(NULL, sb_datapath_binding(row), &uuid)) {
        return false;
    }
    buf_put(ret, &uuid, sizeof uuid);
    return true;
}

static bool
multicast_row_key(void *aux UNUSED, const struct row *row, struct buf *ret)
{
    const struct sb_multicast_group *mc = sb_multicast_group(row);
    const struct sb_datapath_binding *dp = sb_multicast_group_datapath(NULL, mc);
    uint8_t key[MULTICAST_KEY_SIZE];
    struct uuid uuid;

    if (!dp || !datapath_binding_nb_uuid(NULL, dp, &uuid)) {
        return false;
    }
    for (int i = 0; i < N_MULTICAST_GROUPS; i++) {
        if (!strcmp(sb_multicast_group_name(NULL, mc), multicast_group_defs[i].name)) {
            buf_put_str(ret, multicast_group_key(&uuid, (enum multicast_group) i, key));
            return true;
        }
    }
    return false;
}

/* The only row of its table: the empty key. */
static bool
singleton_key(void *aux UNUSED, const struct row *row UNUSED, struct buf *ret UNUSED)
{
    return true;
}

/* The columns of a content of S_FLOW. */
static void
fill_flow(struct writer_row *row, struct str content)
{
    struct flow_row flow;

    flow_row_decode(content.s, content.n, &flow);
    const struct stage_def *stage = &stage_defs[flow.stage];
    if (flow.is_set) {
        writer_row_ref(row, SB_LOGICAL_FLOW_LOGICAL_DP_GROUP, SB_TABLE_LOGICAL_DP_GROUP, writer_key_uuid(&flow.datapath));
    } else {
        writer_row_ref(row, SB_LOGICAL_FLOW_LOGICAL_DATAPATH, SB_TABLE_DATAPATH_BINDING, writer_key_uuid(&flow.datapath));
    }
    writer_row_string(row, SB_LOGICAL_FLOW_PIPELINE, stage->is_egress ? "egress" : "ingress");
    writer_row_integer(row, SB_LOGICAL_FLOW_TABLE_ID, stage->table);
    writer_row_integer(row, SB_LOGICAL_FLOW_PRIORITY, flow.priority);
    writer_row_str(row, SB_LOGICAL_FLOW_MATCH, flow.match);
    writer_row_str(row, SB_LOGICAL_FLOW_ACTIONS, flow.actions);
    if (flow.meter.n) {
        writer_row_str(row, SB_LOGICAL_FLOW_CONTROLLER_METER, flow.meter);
    }
    writer_row_pair(row, SB_LOGICAL_FLOW_EXTERNAL_IDS, "stage-name", stage->name);
    if (flow.hint.n) {
        char hint[9] = "";
        memcpy(hint, flow.hint.s, MIN(flow.hint.n, sizeof hint - 1));
        writer_row_pair(row, SB_LOGICAL_FLOW_EXTERNAL_IDS, "stage-hint", hint);
    }
}

#define COLUMNS(...)                                                                                \
    .columns = (const uint32_t[]) {__VA_ARGS__}, .n_columns = ARRAY_SIZE(((const uint32_t[]) {__VA_ARGS__}))

static const struct writer_table sb_tables[] = {
    {.table = SB_TABLE_SB_GLOBAL, .owns = WRITER_ROWS, .key_column = WRITER_KEY_FUNCTION, .key = singleton_key,
     COLUMNS(SB_SB_GLOBAL_NB_CFG, SB_SB_GLOBAL_IPSEC, SB_SB_GLOBAL_OPTIONS)},
    {.table = SB_TABLE_ADDRESS_SET, .owns = WRITER_ROWS, .key_column = SB_ADDRESS_SET_NAME,
     COLUMNS(SB_ADDRESS_SET_NAME, SB_ADDRESS_SET_ADDRESSES)},
    {.table = SB_TABLE_RBAC_PERMISSION, .owns = WRITER_ROWS, .key_column = WRITER_KEY_UUID,
     COLUMNS(SB_RBAC_PERMISSION_TABLE, SB_RBAC_PERMISSION_AUTHORIZATION, SB_RBAC_PERMISSION_INSERT_DELETE,
             SB_RBAC_PERMISSION_UPDATE)},
    {.table = SB_TABLE_RBAC_ROLE, .owns = WRITER_ROWS, .key_column = SB_RBAC_ROLE_NAME,
     COLUMNS(SB_RBAC_ROLE_NAME, SB_RBAC_ROLE_PERMISSIONS)},
    {.table = SB_TABLE_DATAPATH_BINDING, .owns = WRITER_ROWS, .key_column = WRITER_KEY_FUNCTION, .key = datapath_row_key,
     COLUMNS(SB_DATAPATH_BINDING_TUNNEL_KEY, SB_DATAPATH_BINDING_EXTERNAL_IDS, SB_DATAPATH_BINDING_TYPE,
             SB_DATAPATH_BINDING_NB_UUID)},
    {.table = SB_TABLE_PORT_BINDING, .owns = WRITER_ROWS, .key_column = SB_PORT_BINDING_LOGICAL_PORT,
     COLUMNS(SB_PORT_BINDING_LOGICAL_PORT, SB_PORT_BINDING_TUNNEL_KEY, SB_PORT_BINDING_DATAPATH, SB_PORT_BINDING_TYPE,
             SB_PORT_BINDING_OPTIONS, SB_PORT_BINDING_EXTERNAL_IDS, SB_PORT_BINDING_MAC, SB_PORT_BINDING_PORT_SECURITY,
             SB_PORT_BINDING_PARENT_PORT, SB_PORT_BINDING_TAG, SB_PORT_BINDING_REQUESTED_CHASSIS, SB_PORT_BINDING_UP),
     .seeds = (const uint32_t[]) {SB_PORT_BINDING_UP}, .n_seeds = 1},
    {.table = SB_TABLE_MAC_BINDING, .owns = WRITER_LIVES, .key_column = WRITER_KEY_UUID},
    {.table = SB_TABLE_FDB, .owns = WRITER_LIVES, .key_column = WRITER_KEY_UUID},
    {.table = SB_TABLE_MULTICAST_GROUP, .owns = WRITER_ROWS, .key_column = WRITER_KEY_FUNCTION, .key = multicast_row_key,
     COLUMNS(SB_MULTICAST_GROUP_NAME, SB_MULTICAST_GROUP_TUNNEL_KEY, SB_MULTICAST_GROUP_DATAPATH,
             SB_MULTICAST_GROUP_PORTS)},
    {.table = SB_TABLE_LOGICAL_DP_GROUP, .owns = WRITER_ROWS, .key_column = WRITER_KEY_UUID,
     COLUMNS(SB_LOGICAL_DP_GROUP_DATAPATHS)},
    {.table = SB_TABLE_LOGICAL_FLOW, .owns = WRITER_ROWS, .key_column = WRITER_KEY_UUID,
     .fill = fill_flow,
     COLUMNS(SB_LOGICAL_FLOW_LOGICAL_DATAPATH, SB_LOGICAL_FLOW_LOGICAL_DP_GROUP, SB_LOGICAL_FLOW_PIPELINE,
             SB_LOGICAL_FLOW_TABLE_ID, SB_LOGICAL_FLOW_PRIORITY, SB_LOGICAL_FLOW_MATCH, SB_LOGICAL_FLOW_ACTIONS,
             SB_LOGICAL_FLOW_CONTROLLER_METER, SB_LOGICAL_FLOW_EXTERNAL_IDS)},
};

static const struct writer_table nb_tables[] = {
    {.table = NB_TABLE_NB_GLOBAL, .owns = WRITER_COLUMNS, .key_column = WRITER_KEY_FUNCTION, .key = singleton_key,
     COLUMNS(NB_NB_GLOBAL_NB_CFG_TIMESTAMP, NB_NB_GLOBAL_SB_CFG, NB_NB_GLOBAL_SB_CFG_TIMESTAMP, NB_NB_GLOBAL_HV_CFG,
             NB_NB_GLOBAL_HV_CFG_TIMESTAMP, NB_NB_GLOBAL_OPTIONS)},
    {.table = NB_TABLE_LOGICAL_SWITCH_PORT, .owns = WRITER_COLUMNS, .key_column = WRITER_KEY_UUID,
     COLUMNS(NB_LOGICAL_SWITCH_PORT_UP, NB_LOGICAL_SWITCH_PORT_TAG)},
};

/* --- From the engine to the writers --- */

static void
take_flow(struct output *output, const struct derive_output *content)
{
    struct uuid uuid = flow_row_uuid(content->hash);
    if (content->added) {
        writer_put_content(output->sb, SB_TABLE_LOGICAL_FLOW, writer_key_uuid(&uuid), str_n(content->content, content->n));
    } else {
        writer_remove(output->sb, SB_TABLE_LOGICAL_FLOW, writer_key_uuid(&uuid));
    }
}

static void
take_output(void *output_, const struct derive_output *content)
{
    struct output *output = output_;
    switch ((enum northd_sink) content->sink) {
    case S_FLOW: take_flow(output, content); break;
    case S_SB_ROW: desired_sync_output(&output->sb_sync, output->sb, content); break;
    case S_SB_MEMBER: desired_member_output(output->sb, content); break;
    case S_NB_ROW: desired_sync_output(&output->nb_sync, output->nb, content); break;
    case N_SINKS: CHECK(false);
    }
}

/* Rows of flows were deleted by foreign hands, and their texts are forgotten here. */
static void
on_recall(void *output_, uint32_t table)
{
    struct output *output = output_;
    CHECK(table == SB_TABLE_LOGICAL_FLOW);
    output->recall = true;
    output->progress(output->aux);
}

/* --- Sequence numbers --- */

static const struct nb_nb_global *
nb_global(const struct output *output)
{
    const struct row *row = replica_first(output->northd->nb, NB_TABLE_NB_GLOBAL);
    return row ? nb_nb_global(row) : NULL;
}

/* The least nb_cfg of all chassis; 'otherwise' when there is no chassis. */
static int64_t
least_hv_cfg(const struct output *output, int64_t otherwise)
{
    size_t n;
    const uint64_t *cfgs = derive_peek_members(output->northd->derive, C_HV_CFGS, 0, &n);
    int64_t least = n ? INT64_MAX : otherwise;
    for (size_t i = 0; i < n; i++) {
        least = MIN(least, (int64_t) cfgs[i]);
    }
    return least;
}

/* Options of NB_Global that are northd's (ovn-nb(5)).  Addresses are made up unless they are set, of the row's uuid, so that
 * they are the same whoever makes them, and differ between deployments. */
static void
put_made_options(const struct output *output, struct writer_row *row, const struct nb_nb_global *nb)
{
    char max_key[16];
    const uint8_t *seed = nb->row.uuid.b;
    const char *prefix = nb_nb_global_options_get(NULL, nb, "mac_prefix");
    const char *monitor = nb_nb_global_options_get(NULL, nb, "svc_monitor_mac");
    struct eth_addr mac = {{(uint8_t) ((seed[0] & 0xfc) | 2), seed[1], seed[2], seed[3], seed[4], seed[5]}};
    struct addr_text text = eth_addr_text(mac);

    writer_row_own_pair(row, NB_NB_GLOBAL_OPTIONS, "northd_internal_version", PACKAGE_VERSION);
    snprintf(max_key, sizeof max_key, "%" PRIu32, tunnel_keys_max_datapath(output->northd->derive));
    writer_row_own_pair(row, NB_NB_GLOBAL_OPTIONS, "max_tunid", max_key);
    bool has_monitor = monitor && eth_addr_parse(str_from(monitor), &mac);
    writer_row_own_pair(row, NB_NB_GLOBAL_OPTIONS, "svc_monitor_mac", has_monitor ? monitor : text.s);
    text.s[8] = '\0';                                        /* the first three bytes */
    writer_row_own_pair(row, NB_NB_GLOBAL_OPTIONS, "mac_prefix", prefix && *prefix ? prefix : text.s);
}

static void
on_nb_global_inserted(void *output_, const json_t *result UNUSED, struct err *err)
{
    struct output *output = output_;
    output->nb_global_insert = 0;
    bool others_did = err && err_tag(err) && !strcmp(err_tag(err), "timed out");
    if (err && !others_did) {
        log_warn_rl("NB_Global has no row, and none can be inserted: %s", err_detail(err));
    }
    err_free(err);
}

/* A new deployment has none unless somebody made it; a second northd, or "nbctl init", may be about to.  The server chooses the
 * uuid, of which the options are made.  When it fails, the next change of either database is the next try. */
static void
insert_nb_global(struct output *output)
{
    if (!output->nb_global_insert && output->nb_link->is_ready(output->nb_aux)) {
        json_t *operations = json_pack("[{s:s, s:s, s:i, s:[], s:[s], s:s, s:[]}, {s:s, s:s, s:{}}]",
                                       "op", "wait", "table", "NB_Global", "timeout", 0, "where", "columns", "nb_cfg", "until", "==",
                                       "rows", "op", "insert", "table", "NB_Global", "row");
        output->nb_global_insert = output->nb_link->transact(output->nb_aux, operations, on_nb_global_inserted, output);
    }
}

static void
put_nb_global(struct output *output, const struct nb_nb_global *nb)
{
    struct writer_row *row = writer_put(output->nb, NB_TABLE_NB_GLOBAL, str_from(""));
    writer_row_integer(row, NB_NB_GLOBAL_NB_CFG_TIMESTAMP, output->nb_cfg_ms);
    writer_row_integer(row, NB_NB_GLOBAL_SB_CFG, output->sb_cfg);
    writer_row_integer(row, NB_NB_GLOBAL_SB_CFG_TIMESTAMP, output->sb_cfg_ms);
    writer_row_integer(row, NB_NB_GLOBAL_HV_CFG, output->hv_cfg);
    writer_row_integer(row, NB_NB_GLOBAL_HV_CFG_TIMESTAMP, output->hv_cfg_ms);
    put_made_options(output, row, nb);
}

/* At the start: what was done before stays done. */
static void
adopt_sequence(struct output *output, const struct nb_nb_global *nb)
{
    output->adopted = true;
    output->nb_cfg_ms = nb_nb_global_nb_cfg_timestamp(NULL, nb);
    output->sb_cfg = nb_nb_global_sb_cfg(NULL, nb);
    output->sb_cfg_ms = nb_nb_global_sb_cfg_timestamp(NULL, nb);
    output->hv_cfg = nb_nb_global_hv_cfg(NULL, nb);
    output->hv_cfg_ms = nb_nb_global_hv_cfg_timestamp(NULL, nb);
}

/* sb_cfg stays where it is as long as the server refuses something that goes with it: who waits for it would take
 * the change for done.  The next change of either database is the next try. */
static void
warn_of_refusals(const struct output *output, int64_t nb_cfg)
{
    size_t n = writer_count_refused(output->sb);
    if (n) {
        log_warn_rl("NB_Global: sb_cfg stays %" PRId64 " (nb_cfg %" PRId64 "): the Southbound database refuses %zu of northd's"
                    " rows", output->sb_cfg, nb_cfg, n);
    }
}

static void
advance_sequence(struct output *output, uint64_t flush, int64_t now_ms)
{
    const struct nb_nb_global *nb = nb_global(output);
    if (!nb) {
        insert_nb_global(output);
        return;
    }
    if (!output->adopted) {
        adopt_sequence(output, nb);
    }
    int64_t nb_cfg = nb_nb_global_nb_cfg(NULL, nb);
    if (!output->pending.is_set || nb_cfg != output->pending.nb_cfg) {
        output->pending.is_set = true;
        output->pending.nb_cfg = nb_cfg;
        output->pending.flush = flush;
        output->nb_cfg_ms = nb_cfg != output->sb_cfg ? now_ms : output->nb_cfg_ms;
    }
    if (nb_cfg != output->sb_cfg && writer_confirmed(output->sb) >= output->pending.flush) {
        output->sb_cfg = nb_cfg;
        output->sb_cfg_ms = now_ms;
    } else if (nb_cfg != output->sb_cfg) {
        warn_of_refusals(output, nb_cfg);
    }
    int64_t hv_cfg = MIN(least_hv_cfg(output, output->sb_cfg), output->sb_cfg);
    if (hv_cfg != output->hv_cfg) {
        output->hv_cfg = hv_cfg;
        output->hv_cfg_ms = now_ms;
    }
    put_nb_global(output, nb);
}

/* --- Life --- */

static void
on_progress(void *output_)
{
    struct output *output = output_;
    output->progress(output->aux);
}

struct output *
output_new(struct northd *northd, const struct writer_link *sb_link, void *sb_aux, const struct writer_link *nb_link,
           void *nb_aux, void (*progress)(void *aux), void *aux)
{
    static const struct writer_callbacks sb_cbs = {.progress = on_progress, .recall = on_recall};
    static const struct writer_callbacks nb_cbs = {.progress = on_progress};
    struct output *output = xcalloc(1, sizeof *output);

    output->northd = northd;
    output->nb_link = nb_link;
    output->nb_aux = nb_aux;
    output->progress = progress;
    output->aux = aux;
    output->sb = writer_new(northd->sb, sb_tables, ARRAY_SIZE(sb_tables), sb_link, sb_aux, &sb_cbs, output);
    output->nb = writer_new(northd->nb, nb_tables, ARRAY_SIZE(nb_tables), nb_link, nb_aux, &nb_cbs, output);
    desired_sync_init(&output->sb_sync);
    desired_sync_init(&output->nb_sync);
    return output;
}

void
output_free(struct output *output)
{
    if (output) {
        if (output->nb_global_insert) {
            output->nb_link->forget(output->nb_aux, output->nb_global_insert);
        }
        desired_sync_fini(&output->sb_sync);
        desired_sync_fini(&output->nb_sync);
        writer_free(output->sb);
        writer_free(output->nb);
        free(output);
    }
}

void
output_run(struct output *output, int64_t now_ms)
{
    static const struct derive_outputs callbacks = {.output = take_output};
    struct derive *d = output->northd->derive;

    if (output->recall) {
        output->recall = false;
        derive_recall(d, S_FLOW);
    }
    derive_run(d);
    derive_take_outputs(d, &callbacks, output);
    desired_sync_end(&output->sb_sync);
    desired_sync_end(&output->nb_sync);
    uint64_t flush = writer_flush(output->sb);
    advance_sequence(output, flush, now_ms);
    writer_flush(output->nb);
}

void
output_set_lock(struct output *output, const char *lock)
{
    writer_set_lock(output->sb, lock);
}

bool
output_is_idle(const struct output *output)
{
    return writer_is_idle(output->sb) && writer_is_idle(output->nb);
}
