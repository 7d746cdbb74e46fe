/* SPDX-License-Identifier: Apache-2.0 */
/* weft-ovsdb-client: talks to a database server, as ovsdb-client(1) does. */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/daemon.h"
#include "lib/base/dirs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/options.h"
#include "lib/net/loop.h"
#include "lib/net/program.h"
#include "lib/net/stream.h"
#include "lib/net/unixctl.h"
#include "ovsdb/clientprog/command.h"
#include "ovsdb/clientprog/wire.h"

static const struct command commands[] = {
    {"list-dbs", WANTS_SERVER, 0, 0, false, "[SERVER]", "list databases available on SERVER", run_list_dbs},
    {"get-schema", WANTS_DATABASE, 0, 0, false, "[SERVER] [DATABASE]", "retrieve schema for DATABASE from SERVER",
     run_get_schema},
    {"get-schema-version", WANTS_DATABASE, 0, 0, false, "[SERVER] [DATABASE]", "report schema version of DATABASE",
     run_get_schema_version},
    {"get-schema-cksum", WANTS_DATABASE, 0, 0, false, "[SERVER] [DATABASE]", "report schema checksum of DATABASE",
     run_get_schema_cksum},
    {"list-tables", WANTS_DATABASE, 0, 0, false, "[SERVER] [DATABASE]", "list tables for DATABASE", run_list_tables},
    {"list-columns", WANTS_DATABASE, 0, 1, false, "[SERVER] [DATABASE] [TABLE]",
     "list columns in TABLE (or all tables)", run_list_columns},
    {"convert", WANTS_NOTHING, 1, 1, false, "[SERVER] SCHEMA", "convert the database named in SCHEMA to SCHEMA",
     run_convert},
    {"needs-conversion", WANTS_NOTHING, 1, 1, false, "[SERVER] SCHEMA", "tell whether the database has another schema",
     run_needs_conversion},
    {"transact", WANTS_NOTHING, 1, 1, false, "[SERVER] TRANSACTION", "run TRANSACTION (params for \"transact\")",
     run_transact},
    {"query", WANTS_NOTHING, 1, 1, false, "[SERVER] TRANSACTION", "run TRANSACTION as read-only", run_query},
    {"dump", WANTS_DATABASE, 0, 1000, false, "[SERVER] [DATABASE] [TABLE [COLUMN]...]", "dump contents of DATABASE",
     run_dump},
    {"backup", WANTS_DATABASE, 0, 0, false, "[SERVER] [DATABASE] > SNAPSHOT", "dump DATABASE as a database file",
     run_backup},
    {"restore", WANTS_DATABASE, 0, 0, false, "[--force] [SERVER] [DATABASE] < SNAPSHOT",
     "restore DATABASE from a database file", run_restore},
    {"monitor", WANTS_DATABASE, 1, 1000, true, "[SERVER] [DATABASE] TABLE [COLUMN,...]...",
     "monitor contents of COLUMNs in TABLE", run_monitor},
    {"monitor-cond", WANTS_DATABASE, 2, 1000, true, "[SERVER] [DATABASE] CONDITION TABLE [COLUMN,...]...",
     "monitor rows of TABLE that match CONDITION", run_monitor_cond},
    {"monitor-cond-since", WANTS_DATABASE, 2, 1000, true,
     "[SERVER] [DATABASE] [LASTID] CONDITION TABLE [COLUMN,...]...", "the same, from transaction LASTID on",
     run_monitor_cond_since},
    {"wait", WANTS_NOTHING, 2, 2, false, "[SERVER] DATABASE STATE", "wait until DATABASE is added, connected or removed",
     run_wait},
    {"lock", WANTS_SERVER, 1, 1, true, "[SERVER] LOCK", "create or wait for LOCK", run_lock},
    {"steal", WANTS_SERVER, 1, 1, true, "[SERVER] LOCK", "steal LOCK", run_steal},
    {"unlock", WANTS_SERVER, 1, 1, true, "[SERVER] LOCK", "unlock LOCK", run_unlock},
};

struct main {
    struct client client;
    struct other_options other;
    struct tls_options tls;
    struct options *options;
    bool no_leader_only;
};

static struct err *
set_format(void *main_, const char *value)
{
    return tabular_style_set_format(&((struct main *) main_)->client.style, value);
}

static struct err *
set_data(void *main_, const char *value)
{
    return tabular_style_set_cells(&((struct main *) main_)->client.style, value);
}

static struct err *
set_bare(void *main_, const char *value)
{
    tabular_style_set_bare(&((struct main *) main_)->client.style);
    return NULL;
}

static struct err *
set_max_width(void *main_, const char *value)
{
    uint32_t width;
    if (!str_to_uint32(value, 10, &width)) {
        return err_new("%s: not a column width", value);
    }
    ((struct main *) main_)->client.style.max_column_width = width;
    return NULL;
}

/* The process dies of SIGALRM when the time is over, as scripts expect. */
static struct err *
set_timeout(void *main_, const char *value)
{
    uint32_t seconds;
    if (!str_to_uint32(value, 10, &seconds) || !seconds) {
        return err_new("value %s on -t or --timeout is invalid", value);
    }
    signal(SIGALRM, SIG_DFL);
    alarm(seconds);
    return NULL;
}

static struct err *
set_aware(void *main_, const char *value)
{
    ((struct main *) main_)->client.awareness = AWARE;
    return NULL;
}

static struct err *
set_unaware(void *main_, const char *value)
{
    ((struct main *) main_)->client.awareness = UNAWARE;
    return NULL;
}

static const struct option_def client_options[] = {
    {"format", 'f', "FORMAT", "set output formatting to FORMAT (\"table\", \"html\",\n\"csv\", \"json\" or \"list\")",
     .call = set_format},
    {"data", 'd', "FORMAT", "set table cell output formatting to FORMAT (\"string\",\n\"bare\" or \"json\")",
     .call = set_data},
    {"no-headings", '\0', NULL, "omit table heading row", OPTION_FLAG_AT(struct main, client.style.no_headings)},
    {"pretty", '\0', NULL, "pretty-print JSON in output", OPTION_FLAG_AT(struct main, client.style.is_pretty)},
    {"bare", '\0', NULL, "equivalent to \"--format=list --data=bare --no-headings\"", .call = set_bare},
    {"max-column-width", '\0', "N", "limit the width of columns in tables to N", .call = set_max_width},
    {"force", '\0', NULL, "with \"restore\", accept another schema", OPTION_FLAG_AT(struct main, client.force)},
    {"timestamp", '\0', NULL, "timestamp \"monitor\" output", OPTION_FLAG_AT(struct main, client.has_timestamps)},
    {"timeout", 't', "SECS", "wait at most SECS seconds for a response", .call = set_timeout},
    {"no-leader-only", '\0', NULL, "accept any server of a cluster, not just the leader",
     OPTION_FLAG_AT(struct main, no_leader_only)},
    {"db-change-aware", '\0', NULL, "tell the server that changes of databases are understood", .call = set_aware},
    {"no-db-change-aware", '\0', NULL, "do not", .call = set_unaware},
    {"unixctl", '\0', "SOCKET", "with --detach, override default control socket name",
     OPTION_STRING_AT(struct main, client.unixctl_path)},
};

struct err *
client_connect(struct client *client)
{
    struct main *m = CONTAINER_OF(client, struct main, client);
    struct err *e = wire_open(client->server, &m->tls, &client->wire);
    return !e && client->awareness == AWARE ? client_announce_awareness(client) : e;
}

struct err *
client_announce_awareness(struct client *client)
{
    json_t *result;
    if (client->awareness == UNAWARE) {
        return NULL;
    }
    struct err *e = wire_call(client->wire, "set_db_change_aware", json_pack("[b]", 1), &result);
    if (!e) {
        json_decref(result);
    }
    return e;
}

static void
cmd_exit(struct unixctl_request *request, int argc, const char *argv[], void *loop)
{
    loop_stop(loop);
    unixctl_reply(request, "");
}

struct err *
go_background(struct client *client)
{
    if (!client->daemon.detach) {
        return NULL;
    }
    struct loop *loop = wire_loop(client->wire);
    struct err *e = unixctl_new(loop, client->unixctl_path, client->name, &client->unixctl);
    if (!e) {
        unixctl_register(client->unixctl, "exit", "", 0, 0, cmd_exit, loop);
        daemon_complete();
    }
    return e;
}

static void
print_help(const struct main *m)
{
    char *groups = options_help(m->options);
    printf("%s: Open vSwitch database JSON-RPC client\nusage: %s [OPTIONS] COMMAND [ARG...]\n\nValid commands are:\n",
           m->client.name, m->client.name);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        printf("  %s %s\n      %s\n", commands[i].name, commands[i].usage, commands[i].help);
    }
    printf("The default SERVER is unix:%s/db.sock.\nThe default DATABASE is Open_vSwitch.\n%s", dirs_ovs_run(),
           groups);
    free(groups);
}

static bool
names_server(const char *argument)
{
    return stream_target_is_active(argument) || stream_target_is_passive(argument);
}

static bool
is_in(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (!strcmp(json_string_value(json_array_get(names, i)), name)) {
            return true;
        }
    }
    return false;
}

/* The database: the first argument if it names one and more are left than the command needs, else Open_vSwitch, else the only
 * one there is. */
static struct err *
choose_database(struct client *client, int min_arguments, int *argc, char **argv[], json_t **ret_names)
{
    struct err *e = fetch_databases(client, ret_names);
    if (e) {
        return e;
    }
    json_t *names = *ret_names;
    if (*argc > min_arguments && is_in(names, **argv)) {
        client->database = **argv;
        (*argc)--;
        (*argv)++;
        return NULL;
    }
    const char *only = NULL;
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (*name != '_') {
            only = name;
            n++;
        }
    }
    client->database = is_in(names, "Open_vSwitch") ? "Open_vSwitch" : n == 1 ? only : NULL;
    return client->database ? NULL : err_new("could not find a default database, please specify a database name");
}

static struct err *
run_with(struct client *client, const struct command *command, int argc, char *argv[])
{
    json_t *names = NULL;
    struct err *e = command->wants == WANTS_NOTHING ? NULL : client_connect(client);
    if (!e && command->wants == WANTS_DATABASE) {
        e = choose_database(client, command->min_arguments, &argc, &argv, &names);
    }
    if (!e && (argc < command->min_arguments || argc > command->max_arguments)) {
        e = err_new("invalid syntax for '%s' (use --help for help)", command->name);
    }
    if (!e) {
        e = command->run(client, argc, argv);
    }
    json_decref(names);
    return e;
}

static struct err *
run_command(struct main *m, int argc, char *argv[])
{
    struct client *client = &m->client;
    const struct command *command = NULL;
    for (size_t i = 0; argc && i < ARRAY_SIZE(commands); i++) {
        command = strcmp(commands[i].name, argv[0]) ? command : &commands[i];
    }
    if (!command) {
        return argc ? err_new("unknown command '%s'; use --help for help", argv[0])
                    : err_new("missing command name; use --help for help");
    }
    argc--;
    argv++;
    int used = argc > command->min_arguments && names_server(argv[0]);
    char *server = used ? xstrdup(argv[0]) : xasprintf("unix:%s/db.sock", dirs_ovs_run());
    client->server = server;
    client->daemon.detach &= command->can_detach;
    client->daemon.keeps_stdout = true;
    struct err *e = client->daemon.detach ? daemon_start(&client->daemon, client->name) : NULL;
    if (!e) {
        e = run_with(client, command, argc - used, argv + used);
    }
    free(server);
    unixctl_free(client->unixctl);
    wire_close(client->wire);
    daemon_finish();
    return e;
}

static struct err *
run(struct main *m, int argc, char *argv[])
{
    int first;
    struct err *e = options_parse(m->options, argc, argv, false, &first);
    if (e) {
        return e;
    } else if (m->other.help || (argc > first && !strcmp(argv[first], "help"))) {
        print_help(m);
        return NULL;
    } else if (m->other.version) {
        printf("%s (Weft) %s\n", m->client.name, PACKAGE_VERSION);
        return NULL;
    }
    return run_command(m, argc - first, argv + first);
}

int
main(int argc, char *argv[])
{
    daemon_open_standard_descriptors();
    static struct main m;
    m.client.name = program_name_from(argv[0]);
    m.options = options_new();
    log_set_program(m.client.name);
    err_free(log_set("console:warn"));
    options_add(m.options, "Client options", client_options, ARRAY_SIZE(client_options), &m);
    options_add_daemon(m.options, &m.client.daemon);
    options_add_tls(m.options, &m.tls);
    options_add_logging(m.options, m.client.name);
    options_add_other(m.options, &m.other);
    int status = program_finish(m.client.name, run(&m, argc, argv));
    options_free(m.options);
    return status;
}
