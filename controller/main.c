/* SPDX-License-Identifier: Apache-2.0 */
/* weft-controller: connects the local Open_vSwitch database, the Southbound database and the integration bridge to the
 * derivations, and answers the control socket. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/conditions.h"
#include "controller/config.h"
#include "controller/learn.h"
#include "controller/lflow.h"
#include "controller/output.h"
#include "controller/packet_in.h"
#include "controller/zones.h"
#include "lib/base/clock.h"
#include "lib/base/dirs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/options.h"
#include "lib/base/stopwatch.h"
#include "lib/net/loop.h"
#include "lib/net/program.h"
#include "lib/net/tls.h"
#include "lib/net/unixctl.h"
#include "ovsdb/client/session.h"

LOG_MODULE(main);
STOPWATCH(flow_generation, "flow-generation");
STOPWATCH(flow_installation, "flow-installation");

enum { BY_TRANSPORT = -1, MIN_PROBE_MS = 1000 };

struct main {
    struct program *program;
    struct loop *loop;
    struct controller *controller;
    struct ovsdb_session *ovs, *sb;                          /* 'sb' NULL until ovn-remote is known */
    char *sb_remote;
    int64_t probe_ms;                                        /* of 'sb'; BY_TRANSPORT unless configured */
    struct flow_sync *flows;
    struct output *output;
    struct packet_in *packet_in;
    struct learn *learn;
    bool is_attached;                                        /* the replicas feed the engine */
    bool is_paused;                                          /* debug/pause */
    bool is_exiting;
};

/* --- Working --- */

static void on_change(void *main_);

/* Southbound transactions go to a session that comes with ovn-remote and may be replaced. */
static bool
sb_is_ready(void *main_)
{
    const struct main *m = main_;
    return m->sb && writer_session_link.is_ready(m->sb);
}

static uint64_t
sb_transact(void *main_, json_t *operations, writer_done_cb *done, void *aux)
{
    const struct main *m = main_;
    return writer_session_link.transact(m->sb, operations, done, aux);
}

static void
sb_forget(void *main_, uint64_t id)
{
    const struct main *m = main_;
    if (m->sb) {
        writer_session_link.forget(m->sb, id);
    }
}

static const struct writer_link sb_link = {.is_ready = sb_is_ready, .transact = sb_transact, .forget = sb_forget};

static void
follow_tls(struct main *m)
{
    struct tls_options tls;
    config_peek_tls(m->controller, program_tls(m->program), &tls);
    tls_configure(m->loop, &tls);
}

static void
follow_remote(struct main *m)
{
    static const struct ovsdb_session_callbacks callbacks = {.changed = on_change, .disconnected = on_change};
    const char *remote = config_peek(m->controller, CONFIG_REMOTE);
    struct err *e = NULL;

    if (!remote || (m->sb_remote && !strcmp(m->sb_remote, remote))) {
        return;
    }
    free(m->sb_remote);
    m->sb_remote = xstrdup(remote);
    if (m->sb) {
        e = ovsdb_session_set_remotes(m->sb, remote);
    } else {
        conditions_update(m->controller);
        e = ovsdb_session_new(m->loop, remote, m->controller->sb, &callbacks, m, &m->sb);
    }
    if (e) {
        log_err("external_ids:ovn-remote: %s", err_detail(e));
        err_free(e);
    }
}

static void
follow_probe_interval(struct main *m)
{
    const char *text = config_peek(m->controller, CONFIG_REMOTE_PROBE);
    int64_t ms = BY_TRANSPORT;
    if (text && (!str_to_int64(text, 10, &ms) || ms < 0)) {
        ms = BY_TRANSPORT;
    } else if (ms > 0) {
        ms = MAX(ms, (int64_t) MIN_PROBE_MS);
    }
    if (m->sb && ms != m->probe_ms) {
        m->probe_ms = ms;
        ovsdb_session_set_probe_interval(m->sb, ms);
    }
}

static void
follow_bridge(struct main *m)
{
    char *target = xasprintf("unix:%s/%s.mgmt", dirs_ovs_run(), config_peek(m->controller, CONFIG_BRIDGE));
    struct err *e = flow_sync_set_target(m->flows, target);
    if (e) {
        log_err("%s: %s", target, err_detail(e));
        err_free(e);
    }
    free(target);
}

static void
finish_exit(struct main *m)
{
    if (!m->sb || !ovsdb_session_is_connected(m->sb) || output_withdraw(m->output)) {
        program_stop(m->program, 0);
    }
}

static void
on_run(void *main_)
{
    struct main *m = main_;
    if (m->is_exiting) {
        finish_exit(m);
        return;
    }
    if (m->is_paused || !ovsdb_session_is_synced(m->ovs)) {
        return;
    }
    follow_tls(m);
    follow_remote(m);
    follow_probe_interval(m);
    follow_bridge(m);
    if (!m->sb || !ovsdb_session_is_synced(m->sb)) {
        return;
    }
    if (!m->is_attached) {
        m->is_attached = true;
        replica_attach(m->controller->sb, m->controller->derive);
        replica_attach(m->controller->ovs, m->controller->derive);
    }
    int64_t start_us = clock_monotonic_us();
    derive_run(m->controller->derive);
    stopwatch_sample(&stopwatch_flow_generation, (uint64_t) (clock_monotonic_us() - start_us));
    if (conditions_update(m->controller)) {
        ovsdb_session_conditions_changed(m->sb);
    }
    if (ovsdb_session_conditions_settled(m->sb)) {
        start_us = clock_monotonic_us();
        output_run(m->output, clock_wall_ms());
        stopwatch_sample(&stopwatch_flow_installation, (uint64_t) (clock_monotonic_us() - start_us));
        learn_flush(m->learn, clock_wall_ms());
    }
}

static void
on_change(void *main_)
{
    struct main *m = main_;
    loop_defer(m->loop, on_run, m);
}

static void
on_exit_request(void *main_, bool restart)
{
    struct main *m = main_;
    if (restart) {
        program_stop(m->program, 0);                         /* everything stays, for who comes next */
    } else {
        m->is_exiting = true;
        on_change(m);
    }
}

/* --- Packets from the switch --- */

static void
send_packet_out(void *main_, const struct of_packet_out *po)
{
    struct main *m = main_;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    if (of_put_packet_out(&out, flow_sync_xid(m->flows), po)) {
        flow_sync_send(m->flows, &out);
    }
    buf_fini(&out);
}

static void
send_resume(void *main_, const struct of_packet_in *pin, struct str packet, const struct of_match *metadata)
{
    struct main *m = main_;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    if (of_put_resume(&out, flow_sync_xid(m->flows), pin, packet, metadata)) {
        flow_sync_send(m->flows, &out);
    }
    buf_fini(&out);
}

static void
on_learn_mac(void *main_, uint32_t dp_key, uint32_t port_key, const struct ip_addr *ip, struct eth_addr mac)
{
    struct main *m = main_;
    learn_mac(m->learn, dp_key, port_key, ip, mac);
    on_change(m);
}

static void
on_learn_fdb(void *main_, uint32_t dp_key, uint32_t port_key, struct eth_addr mac)
{
    struct main *m = main_;
    learn_fdb(m->learn, dp_key, port_key, mac);
    on_change(m);
}

static void
on_packet_in(void *main_, const struct of_msg *msg)
{
    struct main *m = main_;
    struct of_packet_in pin;
    struct err *e = of_packet_in_decode(msg, &pin);
    if (e) {
        log_warn_rl("packet-in: %s", err_detail(e));
        err_free(e);
        return;
    }
    packet_in_handle(m->packet_in, &pin, loop_now_ms(m->loop));
    of_packet_in_fini(&pin);
}

/* --- Control socket --- */

static void
reply_buf(struct unixctl_request *request, struct buf *text)
{
    unixctl_reply(request, buf_text(text));
    buf_fini(text);
}

static void
cmd_connection_status(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    unixctl_reply(request, m->sb && ovsdb_session_is_connected(m->sb) ? "connected" : "not connected");
}

static void
cmd_reset(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    if (m->sb) {
        ovsdb_session_reset(m->sb);
    }
    unixctl_reply(request, "");
}

static void
cmd_zones(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    zones_print(m->controller->zones, &text);
    reply_buf(request, &text);
}

static void
cmd_groups(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    flow_sync_put_objects(m->flows, OBJECT_GROUP, &text);
    reply_buf(request, &text);
}

static void
cmd_stats(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    derive_put_stats(m->controller->derive, &text);
    reply_buf(request, &text);
}

static void
cmd_clear_stats(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    derive_clear_stats(m->controller->derive);
    unixctl_reply(request, "");
}

/* What the switch was sent since this process started. */
static void
cmd_flow_stats(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    struct flow_sync_stats stats = flow_sync_stats(m->flows);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_printf(&text, "wanted=%zu added=%" PRIu64 " modified=%" PRIu64 " deleted=%" PRIu64 " bundles=%" PRIu64
                      " errors=%" PRIu64 "\n", flow_table_count(flow_sync_table(m->flows)), stats.n_added,
               stats.n_modified, stats.n_deleted, stats.n_bundles, stats.n_errors);
    reply_buf(request, &text);
}

static void
cmd_flows(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    flow_table_print(flow_sync_table(m->flows), &text);
    reply_buf(request, &text);
}

/* Runs every derivation again: there must be nothing to change. */
static void
cmd_recompute(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    derive_mark_all_dirty(m->controller->derive);
    on_change(m);
    unixctl_reply(request, "");
}

static void
cmd_cache_flush(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    lflow_cache_flush(m->controller->lflows);
    unixctl_reply(request, "");
}

static void
cmd_cache_stats(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    lflow_cache_put_stats(m->controller->lflows, &text);
    reply_buf(request, &text);
}

static void
cmd_packet_in(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    packet_in_put_stats(m->packet_in, &text);
    reply_buf(request, &text);
}

static void
cmd_pause(struct unixctl_request *request, int argc UNUSED, const char *argv[], void *main_)
{
    struct main *m = main_;
    m->is_paused = !strcmp(argv[0], "debug/pause");
    on_change(m);
    unixctl_reply(request, "");
}

static void
cmd_status(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    unixctl_reply(request, m->is_paused ? "paused" : "running");
}

static void
cmd_meters(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    flow_sync_put_objects(m->flows, OBJECT_METER, &text);
    reply_buf(request, &text);
}

static void
register_commands(struct main *m)
{
    static const struct {
        const char *name;
        unixctl_cb *cb;
    } commands[] = {
        {"connection-status", cmd_connection_status},
        {"sb-cluster-state-reset", cmd_reset},
        {"ct-zone-list", cmd_zones},
        {"group-table-list", cmd_groups},
        {"meter-table-list", cmd_meters},
        {"recompute", cmd_recompute},
        {"inc-engine/show-stats", cmd_stats},
        {"inc-engine/clear-stats", cmd_clear_stats},
        {"inc-engine/recompute", cmd_recompute},
        {"debug/derivations", cmd_stats},
        {"debug/flow-stats", cmd_flow_stats},
        {"debug/flows", cmd_flows},
        {"debug/packet-in", cmd_packet_in},
        {"debug/pause", cmd_pause},
        {"debug/resume", cmd_pause},
        {"debug/status", cmd_status},
        {"lflow-cache/flush", cmd_cache_flush},
        {"lflow-cache/show-stats", cmd_cache_stats},
    };
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        unixctl_register(program_unixctl(m->program), commands[i].name, "", 0, 0, commands[i].cb, m);
    }
}

/* --- Life --- */

static void
start(struct main *m)
{
    static const struct ovsdb_session_callbacks ovs_callbacks = {.changed = on_change, .disconnected = on_change};
    static const struct flow_sync_callbacks flow_callbacks = {.confirmed = on_change, .packet_in = on_packet_in};
    static const struct packet_in_out packet_in_out = {send_packet_out, send_resume, on_learn_mac, on_learn_fdb};
    size_t n;
    char **arguments = program_arguments(m->program, &n);
    char *ovs = n ? xstrdup(arguments[0]) : xasprintf("unix:%s/db.sock", dirs_ovs_run());

    m->loop = program_loop(m->program);
    m->controller = controller_new();
    monitor_what_is_read(m->controller);
    m->flows = flow_sync_new(m->loop, &flow_callbacks, m);
    m->packet_in = packet_in_new(&packet_in_out, m);
    struct err *e = ovsdb_session_new(m->loop, ovs, m->controller->ovs, &ovs_callbacks, m, &m->ovs);
    if (e) {
        program_fatal(m->program, e);
    }
    m->output = output_new(m->controller, &(struct output_links) {
        .sb_link = &sb_link, .sb_aux = m, .ovs_link = &writer_session_link, .ovs_aux = m->ovs, .flows = m->flows,
        .progress = on_change, .aux = m});
    m->learn = learn_new(m->controller, &sb_link, m);
    free(ovs);
}

int
main(int argc, char *argv[])
{
    struct main m = {.probe_ms = BY_TRANSPORT};
    const struct program_spec spec = {
        .purpose = "Open Virtual Network local controller",
        .arguments = "[OVS-DATABASE]",
        .max_arguments = 1,
    };
    m.program = program_new(argc, argv, &spec);
    start(&m);
    register_commands(&m);
    program_on_exit(m.program, on_exit_request, &m);
    program_ready(m.program);
    program_run(m.program);
    loop_cancel_deferred(m.loop, on_run, &m);
    learn_free(m.learn);
    output_free(m.output);
    packet_in_free(m.packet_in);
    flow_sync_free(m.flows);
    ovsdb_session_free(m.sb);
    ovsdb_session_free(m.ovs);
    controller_free(m.controller);
    free(m.sb_remote);
    return program_free(m.program);
}
