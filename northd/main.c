/* SPDX-License-Identifier: Apache-2.0 */
/* weft-northd: connects the two databases to the derivations, and answers the control socket. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/dirs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/options.h"
#include "lib/base/stopwatch.h"
#include "lib/net/loop.h"
#include "lib/net/program.h"
#include "lib/net/unixctl.h"
#include "northd/monitoring.h"
#include "northd/output.h"
#include "ovsdb/client/session.h"

LOG_MODULE(ovn_northd);
STOPWATCH(northd_loop, "northd-loop");

struct main {
    const char *nb_remote, *sb_remote;
    bool dry_run;
    bool is_paused;
    bool had_lock;
    bool is_attached;                                        /* the replicas feed the engine */
    struct program *program;
    struct northd *northd;
    struct output *output;
    struct ovsdb_session *nb, *sb;
};

/* One thread does all, but what is no number is a mistake. */
static struct err *
check_n_threads(void *main_ UNUSED, const char *value)
{
    uint32_t n;
    return str_to_uint32(value, 10, &n) && n >= 1 ? NULL : err_new("value %s on --n-threads is invalid", value);
}

static const struct option_def northd_options[] = {
    {.name = "ovnnb-db", .value = "DATABASE", .help = "connect to the Northbound database at DATABASE\n"
     "(default: $OVN_NB_DB or unix:RUNDIR/ovnnb_db.sock)", OPTION_STRING_AT(struct main, nb_remote)},
    {.name = "ovnsb-db", .value = "DATABASE", .help = "connect to the Southbound database at DATABASE\n"
     "(default: $OVN_SB_DB or unix:RUNDIR/ovnsb_db.sock)", OPTION_STRING_AT(struct main, sb_remote)},
    {.name = "dry-run", .help = "start paused, and change nothing", OPTION_FLAG_AT(struct main, dry_run)},
    {.name = "n-threads", .value = "N", .help = "accepted for compatibility: one thread does all",
     .call = check_n_threads},
};

/* --- Working --- */

static bool
is_active(const struct main *m)
{
    return !m->is_paused && ovsdb_session_has_lock(m->sb);
}

static void
log_lock(struct main *m)
{
    bool has_lock = ovsdb_session_has_lock(m->sb);
    if (has_lock != m->had_lock) {
        m->had_lock = has_lock;
        log_info("%s", has_lock ? "ovn-northd lock acquired. This ovn-northd instance is now active."
                                : "ovn-northd lock lost. This ovn-northd instance is now on standby.");
    }
}

static void
on_run(void *main_)
{
    struct main *m = main_;
    log_lock(m);
    if (!ovsdb_session_is_synced(m->nb) || !ovsdb_session_is_synced(m->sb) || !is_active(m)) {
        return;
    }
    if (!m->is_attached) {
        m->is_attached = true;
        replica_attach(m->northd->nb, m->northd->derive);
        replica_attach(m->northd->sb, m->northd->derive);
    }
    int64_t start_us = clock_monotonic_us();
    output_run(m->output, clock_wall_ms());
    stopwatch_sample(&stopwatch_northd_loop, (uint64_t) (clock_monotonic_us() - start_us));
}

static void
on_change(void *main_)
{
    struct main *m = main_;
    loop_defer(program_loop(m->program), on_run, m);
}

/* --- Control socket --- */

static void
cmd_pause(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    m->is_paused = true;
    ovsdb_session_set_lock(m->sb, NULL);
    unixctl_reply(request, "");
}

static void
cmd_resume(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    m->is_paused = false;
    ovsdb_session_set_lock(m->sb, "ovn_northd");
    on_change(m);
    unixctl_reply(request, "");
}

static void
cmd_is_paused(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    unixctl_reply(request, m->is_paused ? "true" : "false");
}

static void
cmd_status(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    unixctl_reply(request, m->is_paused ? "Status: paused" : is_active(m) ? "Status: active" : "Status: standby");
}

static void
cmd_nb_status(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    unixctl_reply(request, ovsdb_session_is_connected(m->nb) ? "connected" : "not connected");
}

static void
cmd_sb_status(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    unixctl_reply(request, ovsdb_session_is_connected(m->sb) ? "connected" : "not connected");
}

static void
cmd_reset(struct unixctl_request *request, int argc UNUSED, const char *argv[], void *main_)
{
    struct main *m = main_;
    ovsdb_session_reset(!strncmp(argv[0], "nb-", 3) ? m->nb : m->sb);
    unixctl_reply(request, "");
}

static void
cmd_get_threads(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_ UNUSED)
{
    unixctl_reply(request, "1");
}

static void
cmd_set_threads(struct unixctl_request *request, int argc UNUSED, const char *argv[], void *main_ UNUSED)
{
    uint32_t n;
    if (str_to_uint32(argv[1], 10, &n) && n >= 1) {
        unixctl_reply(request, "");                          /* incremental work needs no more than one */
    } else {
        unixctl_reply_error(request, "invalid n_threads");
    }
}

static void
cmd_stats(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    const struct main *m = main_;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    derive_put_stats(m->northd->derive, &text);
    unixctl_reply(request, buf_text(&text));
    buf_fini(&text);
}

static void
cmd_clear_stats(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    derive_clear_stats(m->northd->derive);
    unixctl_reply(request, "");
}

/* Runs every derivation again: there must be nothing to change. */
static void
cmd_recompute(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_)
{
    struct main *m = main_;
    derive_mark_all_dirty(m->northd->derive);
    on_change(m);
    unixctl_reply(request, "");
}

static void
cmd_nothing(struct unixctl_request *request, int argc UNUSED, const char *argv[] UNUSED, void *main_ UNUSED)
{
    unixctl_reply(request, "");
}

static void
register_commands(struct main *m)
{
    static const struct {
        const char *name, *usage;
        int n_args;
        unixctl_cb *cb;
    } commands[] = {
        {"pause", "", 0, cmd_pause},
        {"resume", "", 0, cmd_resume},
        {"is-paused", "", 0, cmd_is_paused},
        {"status", "", 0, cmd_status},
        {"nb-connection-status", "", 0, cmd_nb_status},
        {"sb-connection-status", "", 0, cmd_sb_status},
        {"nb-cluster-state-reset", "", 0, cmd_reset},
        {"sb-cluster-state-reset", "", 0, cmd_reset},
        {"set-n-threads", "N_THREADS", 1, cmd_set_threads},
        {"get-n-threads", "", 0, cmd_get_threads},
        {"parallel-build/set-n-threads", "N_THREADS", 1, cmd_set_threads},
        {"parallel-build/get-n-threads", "", 0, cmd_get_threads},
        {"debug/derivations", "", 0, cmd_stats},
        {"inc-engine/show-stats", "", 0, cmd_stats},
        {"inc-engine/clear-stats", "", 0, cmd_clear_stats},
        {"inc-engine/recompute", "", 0, cmd_recompute},
        {"inc-engine/compute-log-timeout", "MSECS", 1, cmd_nothing},
    };
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        unixctl_register(program_unixctl(m->program), commands[i].name, commands[i].usage, commands[i].n_args,
                         commands[i].n_args, commands[i].cb, m);
    }
}

/* --- Life --- */

static char *
default_remote(const char *variable, const char *socket)
{
    const char *remote = getenv(variable);
    return remote && *remote ? xstrdup(remote) : xasprintf("unix:%s/%s", dirs_run(), socket);
}

static void
connect_database(struct main *m, const char *remote, struct replica *replica, struct ovsdb_session **ret)
{
    static const struct ovsdb_session_callbacks callbacks = {.changed = on_change, .disconnected = on_change};
    struct err *e = ovsdb_session_new(program_loop(m->program), remote, replica, &callbacks, m, ret);
    if (e) {
        program_fatal(m->program, e);
    }
    ovsdb_session_set_leader_only(*ret, true);               /* a follower's copy may be behind what we just wrote */
}

static void
start(struct main *m)
{
    char *nb = m->nb_remote ? xstrdup(m->nb_remote) : default_remote("OVN_NB_DB", "ovnnb_db.sock");
    char *sb = m->sb_remote ? xstrdup(m->sb_remote) : default_remote("OVN_SB_DB", "ovnsb_db.sock");

    m->northd = northd_new();
    monitor_what_is_read(m->northd);
    m->is_paused = m->dry_run;
    connect_database(m, nb, m->northd->nb, &m->nb);
    connect_database(m, sb, m->northd->sb, &m->sb);
    m->output = output_new(m->northd, &writer_session_link, m->sb, &writer_session_link, m->nb, on_change, m);
    output_set_lock(m->output, "ovn_northd");
    ovsdb_session_set_lock(m->sb, m->is_paused ? NULL : "ovn_northd");
    free(nb);
    free(sb);
}

int
main(int argc, char *argv[])
{
    struct main m = {0};
    const struct program_spec spec = {
        .purpose = "Open Virtual Network northbound compiler",
        .options_title = "Database options",
        .options = northd_options,
        .n_options = ARRAY_SIZE(northd_options),
        .aux = &m,
    };
    m.program = program_new(argc, argv, &spec);
    start(&m);
    register_commands(&m);
    program_ready(m.program);
    program_run(m.program);
    loop_cancel_deferred(program_loop(m.program), on_run, &m);
    output_free(m.output);
    ovsdb_session_free(m.sb);
    ovsdb_session_free(m.nb);
    northd_free(m.northd);
    return program_free(m.program);
}
