/* SPDX-License-Identifier: Apache-2.0 */
/* weft-ovsdb-server: options, start-up and the event loop around server.h. */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/daemon.h"
#include "lib/base/dirs.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/options.h"
#include "lib/base/str.h"
#include "lib/base/vec.h"
#include "lib/net/loop.h"
#include "lib/net/program.h"
#include "ovsdb/server/child.h"
#include "ovsdb/server/configure.h"
#include "ovsdb/server/control.h"
#include "ovsdb/server/remotes.h"
#include "ovsdb/server/replication.h"
#include "ovsdb/server/server.h"
#include "ovsdb/server/settings.h"
#include "ovsdb/server/upstream.h"

LOG_MODULE(ovsdb_main);

struct main {
    VEC(const char *) remote_targets;
    const char *run_command;
    bool no_dbs, no_column_diff;
    int64_t max_sessions;                                    /* 0: as many as there are descriptors for */
    int64_t max_message;
    const char *sync_from;
    const char *sync_exclude_tables;
    bool active;
    const char *config_path;                                 /* of --config-file, or NULL */
    struct settings *settings;
    struct configuration *configuration;                     /* NULL without --config-file */
    struct program *program;
    struct loop *loop;
    struct server *server;
    struct upstream_env upstream_env;
    struct replication *replication;
    struct remotes *remotes;
    struct loop_timer *wake_timer;
    struct loop_signal *child_signal;
    struct control control;
    pid_t run_pid;                                           /* of --run, or 0 */
};

/* The end of a turn: all input of this wake-up has been handled. */
static void
on_run(void *main_)
{
    struct main *m = main_;
    server_run(m->server, loop_now_ms(m->loop));
    remotes_run(m->remotes);
    int64_t next_ms = server_next_wake_ms(m->server);
    if (next_ms == INT64_MAX) {
        loop_timer_cancel(m->wake_timer);
    } else {
        loop_timer_set(m->wake_timer, MAX(next_ms - loop_now_ms(m->loop), 0));
    }
}

static void
on_wake(void *main_)
{
    struct main *m = main_;
    loop_defer(m->loop, on_run, m);
}

static struct err *
on_fork(void *main_, int fd, struct err *(*job)(void *arg), void (*done)(void *arg, struct err *e), void *arg,
        struct child **ret)
{
    return child_new(((struct main *) main_)->loop, fd, job, done, arg, ret);
}

static void
on_kill(void *main_, struct child *child)
{
    child_kill(child);
}

static struct err *
add_remote_option(void *main_, const char *value)
{
    vec_push(&((struct main *) main_)->remote_targets, value);
    return NULL;
}

static struct err *
set_limit(const char *value, int64_t least, int64_t *ret)
{
    return str_to_int64(value, 10, ret) && *ret >= least
               ? NULL : err_new("%s: not a number of at least %lld", value, (long long) least);
}

static struct err *
set_max_sessions(void *main_, const char *value)
{
    return set_limit(value, 1, &((struct main *) main_)->max_sessions);
}

static struct err *
set_max_message(void *main_, const char *value)
{
    return set_limit(value, 1024, &((struct main *) main_)->max_message);
}

/* docs/adr/0080-no-recordings.md */
static struct err *
refuse_recording(void *main_, const char *value)
{
    return err_new("--record and --replay are not supported: runs are not recorded (see weft-ovsdb-server(1))");
}

static const struct option_def server_options[] = {
    {.name = "remote", .value = "REMOTE", .help = "connect or listen to REMOTE", .call = add_remote_option},
    {.name = "run", .value = "COMMAND", .help = "run COMMAND as subprocess then exit",
     OPTION_STRING_AT(struct main, run_command)},
    {.name = "config-file", .value = "FILE", .help = "take remotes and databases from FILE, and no others",
     OPTION_STRING_AT(struct main, config_path)},
    {.name = "record", .value = "[DIR]", .help = NULL, .call = refuse_recording},
    {.name = "replay", .value = "[DIR]", .help = NULL, .call = refuse_recording},
    {.name = "no-dbs", .help = "do not open the default database", OPTION_FLAG_AT(struct main, no_dbs)},
    {.name = "disable-file-column-diff", .help = "don't use column diff in database file",
     OPTION_FLAG_AT(struct main, no_column_diff)},
    {.name = "max-sessions", .value = "N", .help = "refuse more than N sessions", .call = set_max_sessions},
    {.name = "max-message", .value = "BYTES", .help = "close sessions that send larger messages", .call = set_max_message},
    {.name = "sync-from", .value = "SERVER", .help = "sync databases from active SERVER and start in backup mode",
     OPTION_STRING_AT(struct main, sync_from)},
    {.name = "sync-exclude-tables", .value = "DB:TABLE,...", .help = "exclude the TABLE in DB from syncing",
     OPTION_STRING_AT(struct main, sync_exclude_tables)},
    {.name = "active", .help = "with --sync-from, start in active mode", OPTION_FLAG_AT(struct main, active)},
};

static struct err *
open_databases(struct main *m)
{
    size_t n;
    char **paths = program_arguments(m->program, &n);
    struct err *e = NULL;
    if (!n && !m->no_dbs) {
        char *path = xasprintf("%s/conf.db", dirs_ovs_db());
        e = settings_add_database(m->settings, path);
        free(path);
    }
    for (size_t i = 0; i < n && !e; i++) {
        bool is_repeated = false;
        for (size_t j = 0; j < i; j++) {
            is_repeated |= !strcmp(paths[j], paths[i]);
        }
        e = is_repeated ? NULL : settings_add_database(m->settings, paths[i]);
    }
    return e;
}

/* What cannot be a remote is an error; what cannot be bound now is tried again. */
static struct err *
open_remotes(struct main *m)
{
    for (size_t i = 0; i < m->remote_targets.n; i++) {
        struct err *e = remotes_add(m->remotes, m->remote_targets.d[i]);
        if (e) {
            return e;
        }
    }
    return NULL;
}

static struct err *
configure_replication(struct main *m)
{
    struct err *e = m->sync_exclude_tables ? replication_set_excluded(m->replication, m->sync_exclude_tables) : NULL;
    if (!e && m->sync_from) {
        replication_set_active_server(m->replication, m->sync_from);
        e = m->active ? NULL : replication_start(m->replication);
    }
    return e;
}

/* What the command line says. */
static struct err *
set_up(struct main *m)
{
    struct err *e = open_databases(m);
    e = e ? e : remotes_set_tls(m->remotes, program_tls(m->program));
    e = e ? e : configure_replication(m);
    return e ? e : open_remotes(m);
}

/* What it said first, as changed until the process before this one crashed. */
static struct err *
set_up_again(struct main *m)
{
    struct err *e = settings_restore(m->settings);
    e = e ? e : remotes_set_tls(m->remotes, program_tls(m->program));
    if (!e) {
        settings_restore_remotes(m->settings);
    }
    return e;
}

static struct err *
set_up_from_file(struct main *m)
{
    size_t n;
    program_arguments(m->program, &n);
    if (n || m->remote_targets.n || m->sync_from || m->sync_exclude_tables || m->active) {
        return err_new("--config-file excludes databases, --remote, --sync-from, --sync-exclude-tables and --active "
                       "on the command line");
    }
    return configuration_reload(m->configuration);
}

static void
on_child_signal(void *main_)
{
    struct main *m = main_;
    int status;
    if (m->run_pid && waitpid(m->run_pid, &status, WNOHANG) == m->run_pid) {
        m->run_pid = 0;
        if (status) {
            char *text = daemon_status_text(status);
            fprintf(stderr, "%s: %s: child exited, %s\n", program_name(m->program), m->run_command, text);
            free(text);
        }
        program_stop(m->program, status ? EXIT_FAILURE : EXIT_SUCCESS);
    }
}

/* --run: the server lives as long as the command. */
static void
start_command(struct main *m)
{
    if (!m->run_command) {
        return;
    }
    m->child_signal = loop_signal_new(m->loop, SIGCHLD, on_child_signal, m);
    m->run_pid = fork();
    if (!m->run_pid) {
        execl("/bin/sh", "sh", "-c", m->run_command, (char *) NULL);
        _exit(127);
    }
    CHECK(m->run_pid > 0);
}

/* Takes as many descriptors as we may have, and leaves some for files, listeners and the control socket. */
static size_t
descriptors_for_sessions(void)
{
    enum { RESERVED = 64 };
    struct rlimit limit;
    CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit)) {
        CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
    }
    return limit.rlim_cur > 2 * RESERVED ? (size_t) limit.rlim_cur - RESERVED : RESERVED;
}

static struct err *
start(struct main *m)
{
    const struct server_env env = {
        .wake = on_wake, .wall_ms = clock_wall_ms, .monotonic_ms = clock_monotonic_ms, .fork = on_fork,
        .kill = on_kill, .no_column_diff = m->no_column_diff, .aux = m};
    m->loop = program_loop(m->program);
    m->server = server_new(&env);
    m->upstream_env = upstream_env_of_loop(m->loop);
    m->replication = replication_new(m->server, &m->upstream_env);
    size_t n_descriptors = descriptors_for_sessions();
    const struct remotes_limits limits = {
        .max_sessions = m->max_sessions ? (size_t) m->max_sessions : n_descriptors,
        .max_message = m->max_message ? (size_t) m->max_message : (size_t) MESSAGE_DEFAULT_BYTES,
    };
    m->remotes = remotes_new(m->loop, m->server, &limits);
    m->wake_timer = loop_timer_new(m->loop, on_run, m);
    settings_bind(m->settings, &(struct settings_of) {.server = m->server, .remotes = m->remotes,
                                                      .replication = m->replication, .upstream_env = &m->upstream_env});
    if (m->config_path) {
        m->configuration = configuration_new(m->config_path, m->server, m->remotes, program_tls(m->program),
                                             &m->upstream_env);
    }
    m->control = (struct control) {.server = m->server, .remotes = m->remotes, .replication = m->replication,
                                   .settings = m->settings, .configuration = m->configuration};
    control_register(&m->control, program_unixctl(m->program));
    if (m->configuration) {
        return set_up_from_file(m);
    }
    struct err *e = settings_are_saved(m->settings) ? set_up_again(m) : set_up(m);
    if (!e) {
        settings_save(m->settings);
    }
    return e;
}

static void
stop(struct main *m)
{
    if (m->run_pid) {
        kill(m->run_pid, SIGTERM);
    }
    if (m->child_signal) {
        loop_signal_free(m->child_signal);
    }
    server_settle(m->server);                                /* what was received is answered */
    remotes_free(m->remotes);
    configuration_free(m->configuration);
    replication_free(m->replication);
    settings_free(m->settings);
    server_free(m->server);
    loop_cancel_deferred(m->loop, on_run, m);
    loop_timer_free(m->wake_timer);
    vec_fini(&m->remote_targets);
}

int
main(int argc, char *argv[])
{
    json_pool_install();
    struct main m = {.settings = settings_new()};
    const struct program_spec spec = {
        .purpose = "Open vSwitch database server",
        .arguments = "[DATABASE...]",
        .options_title = "Database server options",
        .options = server_options,
        .n_options = ARRAY_SIZE(server_options),
        .aux = &m,
        .max_arguments = -1,
    };
    m.program = program_new(argc, argv, &spec);
    struct err *e = start(&m);
    if (e) {
        program_fatal(m.program, e);
    }
    start_command(&m);
    program_ready(m.program);
    program_run(m.program);
    stop(&m);
    return program_free(m.program);
}
