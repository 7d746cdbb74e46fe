/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/fuzz/fuzz_daemon.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/loop.h"
#include "lib/net/program.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/server/configure.h"
#include "ovsdb/server/remotes.h"
#include "ovsdb/server/replication.h"
#include "ovsdb/server/settings.h"
#include "ovsdb/storage/storage.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_cage.h"

static const char second_schema[] =
    "{\"name\":\"U\",\"version\":\"1.0.0\",\"tables\":{\"R\":{\"columns\":{\"target\":{\"type\":\"string\"}}}}}";
static const char first_configuration[] = "{\"remotes\":{},\"databases\":{\"t.db\":null}}";

static void
create_second_file(const struct fuzz_daemon *daemon)
{
    struct schema *schema;
    char *path = xasprintf("%s/u.db", daemon->home.folder);
    struct err *e = schema_from_text(str_from(second_schema), &schema);
    e = e ? e : storage_create(path, schema);
    CHECK(!e);
    schema_unref(schema);
    free(path);
}

static void
on_exit_asked(void *daemon_, bool restart)
{
    struct fuzz_daemon *daemon = daemon_;
    daemon->is_exiting = true;
    program_stop(daemon->program, 0);
}

static void
start_program(struct fuzz_daemon *daemon)
{
    static const struct program_spec spec = {.purpose = "fuzz"};
    char *unixctl = xasprintf("--unixctl=%s", daemon->socket);
    static char name[] = "fuzz_control";
    char *argv[] = {name, unixctl, NULL};
    daemon->program = program_new(2, argv, &spec);
    program_on_exit(daemon->program, on_exit_asked, daemon);
    free(unixctl);
}

/* All but the server. */
static void
start_parts(struct fuzz_daemon *daemon, bool has_config_file)
{
    struct control *control = &daemon->control;
    static const struct remotes_limits limits = {.max_sessions = 10, .max_message = 1 << 20};
    start_program(daemon);
    struct loop *loop = program_loop(daemon->program);
    daemon->upstream_env = upstream_env_of_loop(loop);
    control->server = daemon->home.server;
    control->replication = replication_new(control->server, &daemon->upstream_env);
    control->remotes = remotes_new(loop, control->server, &limits);
    settings_bind(control->settings, &(struct settings_of) {.server = control->server, .remotes = control->remotes,
                                                            .replication = control->replication,
                                                            .upstream_env = &daemon->upstream_env});
    if (has_config_file) {
        char *path = xasprintf("%s/conf", daemon->home.folder);
        control->configuration = configuration_new(path, control->server, control->remotes, program_tls(daemon->program),
                                                   &daemon->upstream_env);
        free(path);
    }
    control_register(control, program_unixctl(daemon->program));
}

void
fuzz_daemon_start(struct fuzz_daemon *daemon, bool has_config_file)
{
    *daemon = (struct fuzz_daemon) {.control.settings = settings_new()};
    fuzz_server_start_empty(&daemon->home);
    fuzz_cage_enter(daemon->home.folder);
    create_second_file(daemon);
    daemon->socket = xasprintf("%s/ctl", daemon->home.folder);
    start_parts(daemon, has_config_file);
    struct err *e;
    if (has_config_file) {
        fuzz_daemon_configure(daemon, str_from(first_configuration));
        e = configuration_reload(daemon->control.configuration);
    } else {
        e = settings_add_database(daemon->control.settings, "t.db");
        settings_save(daemon->control.settings);
    }
    CHECK(!e);
}

void
fuzz_daemon_configure(struct fuzz_daemon *daemon, struct str text)
{
    char *path = xasprintf("%s/conf", daemon->home.folder);
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(text.s, 1, text.n, file) == text.n && !fclose(file));
    free(path);
}

static bool
is_never(void *aux)
{
    return false;
}

void
fuzz_daemon_turn(struct fuzz_daemon *daemon, int64_t ms)
{
    fuzz_server_turn(&daemon->home, ms);
    remotes_run(daemon->control.remotes);
    loop_run_until(program_loop(daemon->program), is_never, NULL, 0);
    struct err *e = log_set("any:any:emer");                 /* "vlog/set" may have said otherwise */
    CHECK(!e);
}

/* As stop() of main.c does it. */
static void
stop_parts(struct fuzz_daemon *daemon)
{
    struct control *control = &daemon->control;
    server_settle(control->server);
    remotes_free(control->remotes);
    configuration_free(control->configuration);
    replication_free(control->replication);
    server_free(control->server);
    CHECK(!program_free(daemon->program));
}

/* The process that starts has saved settings, but knows of no database yet. */
static void
forget_databases(struct fuzz_daemon *daemon)
{
    size_t n;
    char **names = server_database_names(daemon->home.server, &n);
    for (size_t i = 0; i < n; i++) {
        err_free(settings_remove_database(daemon->control.settings, names[i]));
        free(names[i]);
    }
    free(names);
}

void
fuzz_daemon_restart(struct fuzz_daemon *daemon)
{
    struct settings *settings = daemon->control.settings;
    CHECK(!daemon->control.configuration && settings_are_saved(settings));
    forget_databases(daemon);
    stop_parts(daemon);
    fuzz_server_restart(&daemon->home);
    daemon->control = (struct control) {.settings = settings};
    start_parts(daemon, false);
    struct err *e = settings_restore(settings);
    CHECK(!e);
    settings_restore_remotes(settings);
}

void
fuzz_daemon_stop(struct fuzz_daemon *daemon)
{
    stop_parts(daemon);
    settings_free(daemon->control.settings);
    fuzz_server_remove_files(&daemon->home);
    free(daemon->socket);
}
