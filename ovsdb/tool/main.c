/* SPDX-License-Identifier: Apache-2.0 */
/* weft-ovsdb-tool: works on database files, as ovsdb-tool(1) does. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/daemon.h"
#include "lib/base/dirs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/options.h"
#include "lib/base/uuid.h"
#include "lib/net/program.h"
#include "ovsdb/tool/command.h"

static struct err *run_help(struct tool *tool, char *const arguments[]);

enum { MANY = 10000 };

static const struct command commands[] = {
    {"create", 0, 2, "  create [DB [SCHEMA]]    create DB with the given SCHEMA\n", run_create},
    {"compact", 0, 2, "  compact [DB [DST]]      compact DB in-place (or to DST)\n", run_compact},
    {"convert", 0, 3, "  convert [DB [SCHEMA [DST]]]   convert DB to SCHEMA (to DST)\n", run_convert},
    {"needs-conversion", 0, 2, "  needs-conversion [DB [SCHEMA]]  tell whether DB has another schema\n",
     run_needs_conversion},
    {"db-name", 0, 1, "  db-name [DB]            report name of schema used by DB\n", run_db_name},
    {"db-version", 0, 1, "  db-version [DB]         report version of schema used by DB\n", run_db_version},
    {"db-cksum", 0, 1, "  db-cksum [DB]           report checksum of schema used by DB\n", run_db_cksum},
    {"db-is-clustered", 1, 1, "  db-is-clustered DB      test whether DB is clustered\n", run_db_is_clustered},
    {"db-is-standalone", 1, 1, "  db-is-standalone DB     test whether DB is standalone\n", run_db_is_standalone},
    {"schema-name", 0, 1, "  schema-name [SCHEMA]    report SCHEMA's name\n", run_schema_name},
    {"schema-version", 0, 1, "  schema-version [SCHEMA] report SCHEMA's schema version\n", run_schema_version},
    {"schema-cksum", 0, 1, "  schema-cksum [SCHEMA]   report SCHEMA's checksum\n", run_schema_cksum},
    {"compare-versions", 3, 3, "  compare-versions A OP B  compare OVSDB schema version numbers\n",
     run_compare_versions},
    {"query", 1, 2, "  query [DB] TRNS         execute read-only transaction on DB\n", run_query},
    {"transact", 1, 2, "  transact [DB] TRNS      execute read/write transaction on DB\n", run_transact},
    {"show-log", 0, 1, "  [-m]... show-log [DB]   print DB's log entries\n", run_show_log},
    {"help", 0, MANY, NULL, run_help},
    /* For clusters, which these scripts may ask about. */
    {"db-cid", 1, 1, NULL, run_not_clustered},
    {"db-sid", 1, 1, NULL, run_not_clustered},
    {"db-local-address", 1, 1, NULL, run_not_clustered},
    {"create-cluster", 3, 3, NULL, run_no_clusters},
    {"join-cluster", 4, MANY, NULL, run_no_clusters},
    {"cluster-to-standalone", 2, 2, NULL, run_no_clusters},
    {"check-cluster", 1, MANY, NULL, run_check_cluster},
};

struct main {
    struct tool tool;
    struct other_options other;
    struct options *options;
};

static struct err *
count_more(void *tool_, const char *value UNUSED)
{
    struct tool *tool = tool_;
    tool->more++;
    return NULL;
}

/* The options of "create-cluster" and "join-cluster" are checked, so that it is those commands which are refused. */
static struct err *
check_cluster_id(void *tool UNUSED, const char *value)
{
    struct uuid cid;
    bool ok = uuid_from_text(str_from(value), &cid) && !uuid_is_zero(&cid);
    return ok ? NULL : err_new("%s: not a valid UUID", value);
}

static struct err *
check_election_timer(void *tool UNUSED, const char *value)
{
    uint32_t ms;
    return str_to_uint32(value, 10, &ms) && ms >= 100 && ms <= 600000
               ? NULL
               : err_tagged("ovsdb error", "election timer must be between 100 and 600000, in msec.");
}

static const struct option_def tool_options[] = {
    {"more", 'm', NULL, "increase show-log verbosity", OPTION_CALL, 0, count_more},
    {"rbac-role", '\0', "ROLE", "RBAC role for transact and query commands", OPTION_STRING_AT(struct tool, rbac_role)},
    {"cid", '\0', "UUID", "for join-cluster, which is not supported", .call = check_cluster_id},
    {"election-timer", '\0', "MS", "for create-cluster, which is not supported", .call = check_election_timer},
};

static struct err *
run_help(struct tool *tool, char *const arguments[] UNUSED)
{
    struct main *m = CONTAINER_OF(tool, struct main, tool);
    char *groups = options_help(m->options);
    fprintf(tool->out, "%s: Open vSwitch database management utility\nusage: %s [OPTIONS] COMMAND [ARG...]\n",
            tool->name, tool->name);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        fputs(commands[i].help ? commands[i].help : "", tool->out);
    }
    fprintf(tool->out, "The default DB is %s.\nThe default SCHEMA is %s.\n%s", tool->default_db,
            tool->default_schema, groups);
    free(groups);
    return NULL;
}

static struct err *
run_command(struct tool *tool, int argc, char *argv[])
{
    if (!argc) {
        return err_new("missing command name; use --help for help");
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const struct command *command = &commands[i];
        if (strcmp(command->name, argv[0])) {
            continue;
        }
        int n = argc - 1;
        if (n < command->min_arguments) {
            return err_new("'%s' command requires at least %d arguments", command->name, command->min_arguments);
        } else if (n > command->max_arguments) {
            return err_new("'%s' command takes at most %d arguments", command->name, command->max_arguments);
        }
        char **arguments = xcalloc((size_t) command->max_arguments + 1, sizeof *arguments);
        memcpy(arguments, argv + 1, sizeof *arguments * (size_t) n);
        struct err *e = command->run(tool, arguments);
        free(arguments);
        return e;
    }
    return err_new("unknown command '%s'; use --help for help", argv[0]);
}

static struct err *
run(struct main *m, int argc, char *argv[])
{
    int first;
    struct err *e = options_parse(m->options, argc, argv, false, &first);
    if (e) {
        return e;
    } else if (m->other.help) {
        return run_help(&m->tool, NULL);
    } else if (m->other.version) {
        fprintf(m->tool.out, "%s (Weft) %s\n", m->tool.name, PACKAGE_VERSION);
        return NULL;
    }
    return run_command(&m->tool, argc - first, argv + first);
}

int
main(int argc, char *argv[])
{
    daemon_open_standard_descriptors();
    const char *pkgdata = getenv("OVS_PKGDATADIR");
    char *db = xasprintf("%s/conf.db", dirs_ovs_db());
    char *schema = xasprintf("%s/vswitch.ovsschema", pkgdata ? pkgdata : "/usr/share/openvswitch");
    static struct main m;                                    /* what it holds at exit was not lost */
    m.options = options_new();
    m.tool = (struct tool) {.out = stdout, .name = program_name_from(argv[0]), .now_ms = clock_wall_ms(),
                            .default_db = db, .default_schema = schema};
    log_set_program(m.tool.name);
    err_free(log_set("console:warn"));
    options_add_logging(m.options, m.tool.name);
    options_add(m.options, "Tool options", tool_options, ARRAY_SIZE(tool_options), &m.tool);
    options_add_other(m.options, &m.other);
    int status = program_finish(m.tool.name, run(&m, argc, argv));
    options_free(m.options);
    free(db);
    free(schema);
    return status ? status : m.tool.status;
}
