/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/control.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/counter.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/net/unixctl.h"
#include "ovsdb/server/configure.h"
#include "ovsdb/server/remotes.h"
#include "ovsdb/server/replication.h"
#include "ovsdb/server/server.h"
#include "ovsdb/server/settings.h"

/* Answers a command that may have changed the settings. */
static void
answer_change(struct control *control, struct unixctl_request *request, struct err *e)
{
    settings_save(control->settings);
    unixctl_reply_result(request, e);
}

/* In place of the commands that change what a configuration file says. */
static void
cmd_refused(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    const struct control *control = control_;
    unixctl_reply_result(request, err_new("not allowed with --config-file: change %s, then use ovsdb-server/reload",
                                          configuration_path(control->configuration)));
}

static void
cmd_add_remote(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    answer_change(control, request, remotes_add(control->remotes, argv[1]));
}

static void
cmd_remove_remote(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    answer_change(control, request, remotes_remove(control->remotes, argv[1]));
}

static void
cmd_list_remotes(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    unixctl_reply_taken(request, remotes_list(((struct control *) control_)->remotes));
}

static void
cmd_add_db(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    struct err *e = settings_add_database(control->settings, argv[1]);
    replication_databases_changed(control->replication);
    remotes_reload(control->remotes);
    answer_change(control, request, e);
}

static void
cmd_remove_db(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    struct err *e = settings_remove_database(control->settings, argv[1]);
    replication_databases_changed(control->replication);
    remotes_reload(control->remotes);
    answer_change(control, request, e);
}

static void
cmd_list_dbs(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    size_t n;
    char **names = server_database_names(((struct control *) control_)->server, &n);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&text, "%s\n", names[i]);
        free(names[i]);
    }
    free(names);
    unixctl_reply_taken(request, buf_take_text(&text));
}

/* An "ovsdb-server/compact" that is being carried out. */
struct compact_command {
    struct control *control;
    struct unixctl_request *request;
};

static void
compacted(void *command_, struct err *e)
{
    struct compact_command *command = command_;
    unixctl_reply_result(command->request, e);
    if (command->control->trim_on_compaction) {
        malloc_trim(0);
    }
    free(command);
}

static void
cmd_compact(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    struct compact_command *command = xmalloc(sizeof *command);
    *command = (struct compact_command) {.control = control, .request = request};
    server_compact(control->server, argc > 1 ? argv[1] : NULL, compacted, command);
}

static void
cmd_trim(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    bool on = !strcmp(argv[1], "on");
    if (!on && strcmp(argv[1], "off")) {
        unixctl_reply_error(request, "invalid argument");
        return;
    }
    control->trim_on_compaction = on;
    unixctl_reply(request, "");
}

static void
cmd_reconnect(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    remotes_reconnect(((struct control *) control_)->remotes);
    unixctl_reply(request, "");
}

static void
cmd_sync_status(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    const struct control *control = control_;
    unixctl_reply_taken(request, control->configuration ? configuration_sync_status(control->configuration)
                                                        : replication_status(control->replication));
}

static void
cmd_get_active(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    const struct control *control = control_;
    if (control->configuration) {
        unixctl_reply_taken(request, configuration_active_servers(control->configuration));
        return;
    }
    const char *active_server = replication_active_server(control->replication);
    unixctl_reply(request, active_server ? active_server : "");
}

static void
cmd_set_active(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    replication_set_active_server(control->replication, argv[1]);
    answer_change(control, request, NULL);
}

static void
cmd_connect_active(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    struct err *e = replication_start(control->replication);
    if (!e) {
        remotes_reconnect(control->remotes);
    }
    answer_change(control, request, e);
}

static void
cmd_disconnect_active(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    if (replication_is_backup(control->replication)) {
        replication_stop(control->replication);
        remotes_reconnect(control->remotes);
    }
    answer_change(control, request, NULL);
}

static void
cmd_set_probe(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    int64_t ms;
    if (!str_to_int64(argv[1], 10, &ms)) {
        unixctl_reply_error(request, "Invalid probe interval, integer value expected");
        return;
    }
    struct control *control = control_;
    settings_set_probe_interval(control->settings, MAX(ms, 0));
    answer_change(control, request, NULL);
}

static void
cmd_set_excluded(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    answer_change(control, request, replication_set_excluded(control->replication, argv[1]));
}

static void
cmd_get_excluded(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    const struct control *control = control_;
    unixctl_reply_taken(request, control->configuration ? configuration_excluded(control->configuration)
                                                        : replication_excluded(control->replication));
}

/* Clients then fall back to "monitor", after they have connected anew. */
static void
cmd_disable_monitor_cond(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    server_disable_monitor_cond(control->server);
    remotes_reconnect(control->remotes);
    unixctl_reply(request, "");
}

static void
cmd_reload(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    const struct control *control = control_;
    unixctl_reply_result(request, control->configuration ? configuration_reload(control->configuration)
                                                         : err_new("there is no configuration file (--config-file)"));
}

/* Databases here are standalone files. */
static void
cmd_cluster(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    bool is_known = server_schema(((struct control *) control_)->server, argv[1]) != NULL;
    unixctl_reply_error(request, is_known ? "not a clustered database" : "unknown cluster");
}

static void
cmd_tlog_set(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct control *control = control_;
    struct str rest = str_from(argv[1]);
    char *db = str_dup(str_cut(&rest, ":"));
    bool on = !strcasecmp(argv[2], "on"), ok = *db && rest.n && !strchr(rest.s, ':');
    if (!on && strcasecmp(argv[2], "off")) {
        unixctl_reply_error(request, "invalid command argument");
    } else {
        unixctl_reply_result(request, ok ? server_set_tlog(control->server, db, rest.s, on)
                                         : err_new("invalid DB:TABLE argument"));
    }
    free(db);
}

static void
cmd_tlog_list(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    unixctl_reply_taken(request, server_list_tlog(((struct control *) control_)->server));
}

static void
cmd_perf_show(struct unixctl_request *request, int argc, const char *argv[], void *control)
{
    unixctl_reply_taken(request, counters_since_clear_text());
}

static void
cmd_perf_clear(struct unixctl_request *request, int argc, const char *argv[], void *control)
{
    counters_clear();
    unixctl_reply(request, "");
}

static void
cmd_storage_status(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    if (server_schema(((struct control *) control_)->server, argv[1])) {
        unixctl_reply(request, "status: ok");
    } else {
        unixctl_reply_error(request, "Failed to find the database.");
    }
}

static void
cmd_memory(struct unixctl_request *request, int argc, const char *argv[], void *control_)
{
    struct server_statistics s;
    server_statistics(((struct control *) control_)->server, &s);
    const struct mem_item items[] = {
        {"backlog", (int64_t) s.backlog}, {"cells", (int64_t) s.n_cells}, {"history", (int64_t) s.n_history},
        {"monitors", (int64_t) s.n_monitors}, {"pending", (int64_t) s.n_pending}, {"rows", (int64_t) s.n_rows},
        {"sessions", (int64_t) s.n_sessions},
    };
    unixctl_reply_taken(request, mem_counts_text(items, ARRAY_SIZE(items)));
}

static const struct command {
    const char *name, *usage;
    int min_args, max_args;
    unixctl_cb *cb;
    bool changes;                                            /* what a configuration file would say */
} commands[] = {
    {"memory/show", "", 0, 0, cmd_memory, false},
    {"ovsdb-server/add-remote", "REMOTE", 1, 1, cmd_add_remote, true},
    {"ovsdb-server/remove-remote", "REMOTE", 1, 1, cmd_remove_remote, true},
    {"ovsdb-server/list-remotes", "", 0, 0, cmd_list_remotes, false},
    {"ovsdb-server/add-db", "DB", 1, 1, cmd_add_db, true},
    {"ovsdb-server/remove-db", "DB", 1, 1, cmd_remove_db, true},
    {"ovsdb-server/list-dbs", "", 0, 0, cmd_list_dbs, false},
    {"ovsdb-server/compact", "[DB]", 0, 1, cmd_compact, false},
    {"ovsdb-server/memory-trim-on-compaction", "on|off", 1, 1, cmd_trim, false},
    {"ovsdb-server/reconnect", "", 0, 0, cmd_reconnect, false},
    {"ovsdb-server/get-db-storage-status", "DB", 1, 1, cmd_storage_status, false},
    {"ovsdb-server/sync-status", "", 0, 0, cmd_sync_status, false},
    {"ovsdb-server/get-active-ovsdb-server", "", 0, 0, cmd_get_active, false},
    {"ovsdb-server/get-sync-exclude-tables", "", 0, 0, cmd_get_excluded, false},
    {"ovsdb-server/disconnect-active-ovsdb-server", "", 0, 0, cmd_disconnect_active, true},
    {"ovsdb-server/connect-active-ovsdb-server", "", 0, 0, cmd_connect_active, true},
    {"ovsdb-server/set-active-ovsdb-server", "SERVER", 1, 1, cmd_set_active, true},
    {"ovsdb-server/set-active-ovsdb-server-probe-interval", "MSECS", 1, 1, cmd_set_probe, true},
    {"ovsdb-server/set-sync-exclude-tables", "DB:TABLE[,DB:TABLE]...", 1, 1, cmd_set_excluded, true},
    {"ovsdb-server/disable-monitor-cond", "", 0, 0, cmd_disable_monitor_cond, false},
    {"ovsdb-server/reload", "", 0, 0, cmd_reload, false},
    {"ovsdb-server/tlog-set", "DB:TABLE on|off", 2, 2, cmd_tlog_set, false},
    {"ovsdb-server/tlog-list", "", 0, 0, cmd_tlog_list, false},
    {"ovsdb-server/perf-counters-show", "", 0, 0, cmd_perf_show, false},
    {"ovsdb-server/perf-counters-clear", "", 0, 0, cmd_perf_clear, false},
    {"cluster/cid", "DB", 1, 1, cmd_cluster, false},
    {"cluster/sid", "DB", 1, 1, cmd_cluster, false},
    {"cluster/status", "DB", 1, 1, cmd_cluster, false},
    {"cluster/leave", "DB", 1, 1, cmd_cluster, false},
    {"cluster/kick", "DB SERVER", 2, 2, cmd_cluster, false},
    {"cluster/change-election-timer", "DB TIME", 2, 2, cmd_cluster, false},
    {"cluster/set-backlog-threshold", "DB N_MSGS N_BYTES", 3, 3, cmd_cluster, false},
};

void
control_register(struct control *control, struct unixctl *unixctl)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const struct command *c = &commands[i];
        unixctl_register(unixctl, c->name, c->usage, c->min_args, c->max_args,
                         c->changes && control->configuration ? cmd_refused : c->cb, control);
    }
}
