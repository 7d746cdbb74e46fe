/* SPDX-License-Identifier: Apache-2.0 */
/* What --help tells people and --commands tells shell completion. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "ovsdb/ctl/options.h"

/* --- Commands --- */

static int
compare_defs(const void *a, const void *b)
{
    const struct ctl_command_def *const *da = a, *const *db = b;
    return strcmp((*da)->name, (*db)->name);
}

/* One word of a usage as "--commands" marks it: ! required, ? optional, + and * for repeated ones.  '*depth' counts the
 * brackets that are open. */
static void
put_usage_word(struct buf *out, struct str word, int *depth)
{
    bool is_repeated = word.n > 3 && !memcmp(word.s + word.n - 3, "...", 3);
    word.n -= is_repeated ? 3 : 0;
    const char *close = memchr(word.s, ']', word.n);         /* "[KEY=]VALUE" is not optional as a whole */
    bool is_optional = word.n && word.s[0] == '[' && !*depth && (!close || close[1] == ']' || close == word.s + word.n - 1);
    buf_putc(out, is_optional ? (is_repeated ? '*' : '?') : is_repeated ? '+' : '!');
    for (size_t i = 0; i < word.n; i++) {
        if (word.s[i] == ']') {
            --*depth;
        } else if (word.s[i] == '[') {
            ++*depth;
            buf_puts(out, is_optional && !i ? "" : "?");
        } else {
            buf_putc(out, word.s[i]);
        }
    }
}

static void
put_command(struct buf *out, const struct ctl_command_def *def)
{
    struct str options = str_from(def->options), usage = str_from(def->usage);
    const char *separator = "";
    int depth = 0;

    while (options.s && options.n) {
        struct str option = str_cut(&options, ",");
        buf_printf(out, "[" STR_FMT "] ", STR_ARG(option));
    }
    buf_printf(out, ",%s,", def->name);
    while (usage.s && usage.n) {
        struct str word = str_cut(&usage, " ");
        if (word.n) {
            buf_puts(out, separator);
            put_usage_word(out, word, &depth);
            separator = " ";
        }
    }
    buf_putc(out, '\n');
}

void
ctl_put_commands(struct buf *out, const struct ctl_program *program)
{
    VEC(const struct ctl_command_def *) defs = {0};
    for (size_t i = 0; program->commands[i]; i++) {
        for (const struct ctl_command_def *def = program->commands[i]; def->name; def++) {
            vec_push(&defs, def);
        }
    }
    qsort(defs.d, defs.n, sizeof *defs.d, compare_defs);
    for (size_t i = 0; i < defs.n; i++) {
        put_command(out, defs.d[i]);
    }
    vec_fini(&defs);
}

/* --- Help --- */

static void
put_row_ids(struct buf *out, const struct ctl_program *program)
{
    const char *table = NULL;
    buf_puts(out, "Database commands may reference a row in each table in the following ways:\n");
    for (const struct ctl_row_id *id = program->row_ids; id->table; id++) {
        if (!table || strcmp(table, id->table)) {
            table = id->table;
            buf_printf(out, "  %s:\n    by UUID\n", table);
        }
        if (!id->name_column) {
            buf_puts(out, "    as \".\"\n");
            continue;
        }
        char *column = xasprintf("%s%s%s", id->name_column, id->name_key ? ":" : "", id->name_key ? id->name_key : "");
        if (id->uuid_column) {
            buf_printf(out, "    via \"%s\" of %s with matching \"%s\"\n", id->uuid_column, id->name_table, column);
        } else {
            buf_printf(out, "    by \"%s\"\n", column);
        }
        free(column);
    }
}

/* The options that both programs have. */
static const char common_help[] =
    "  --leader-only               accept only the leader of a cluster (default)\n"
    "  --no-leader-only            accept any cluster member, not just the leader\n"
    "  --shuffle-remotes           try several remotes in any order (default)\n"
    "  --no-shuffle-remotes        do not shuffle the order of remotes\n"
    "  -t, --timeout=SECS          wait at most SECS seconds\n"
    "  --dry-run                   do not commit changes to database\n"
    "  --oneline                   print exactly one line of output per command\n"
    "  -u, --unixctl=SOCKET        use the daemon at SOCKET; with --detach, serve there\n"
    "\nPKI configuration (required to use SSL):\n"
    "  -p, --private-key=FILE      file with private key\n"
    "  -c, --certificate=FILE      file with certificate for private key\n"
    "  -C, --ca-cert=FILE          file with peer CA certificate, or \"none\"\n"
    "  --bootstrap-ca-cert=FILE    file with peer CA certificate to read or create\n"
    "  --peer-ca-cert=FILE         file with CA certificate to send to peer\n"
    "\nSSL options:\n"
    "  --ssl-protocols=PROTOS      list of TLS protocols to enable\n"
    "  --ssl-ciphers=CIPHERS       list of TLS ciphers to enable (up to TLS 1.2)\n"
    "  --ssl-ciphersuites=SUITES   list of TLS cipher suites to enable (TLS 1.3)\n"
    "\nOutput formatting options:\n"
    "  -f, --format=FORMAT         set output formatting to FORMAT\n"
    "                              (\"table\", \"list\", \"html\", \"csv\", or \"json\")\n"
    "  -d, --data=FORMAT           set table cell output formatting to\n"
    "                              FORMAT (\"string\", \"bare\", or \"json\")\n"
    "  --no-headings               omit table heading row\n"
    "  --pretty                    pretty-print JSON in output\n"
    "  --bare                      equivalent to \"--format=list --data=bare --no-headings\"\n"
    "  --max-column-width=N        cut wider cells of tables\n"
    "\nDaemon options:\n"
    "  --detach                    run in background, and print the control socket\n"
    "  --monitor                   restart the daemon when it crashes\n"
    "  --user=USER[:GROUP]         change the daemon's user and group\n"
    "  --no-self-confinement       do not keep to well-known folders: no daemon here does\n"
    "  --no-chdir                  do not chdir to '/'\n"
    "  --pidfile[=FILE]            create FILE, or PROGRAM.pid in the run directory\n"
    "  --overwrite-pidfile         with --pidfile, start even if already running\n"
    "\nLogging options:\n"
    "  -vSPEC, --verbose=SPEC   set logging levels\n"
    "  -v, --verbose            set maximum verbosity level\n"
    "  --log-file[=FILE]        enable logging to specified FILE\n"
    "  --syslog-method=(libc|unix:file|udp:ip:port)\n"
    "                           specify how to send messages to syslog daemon\n"
    "  --syslog-target=HOST:PORT  also send syslog msgs to HOST:PORT via UDP\n"
    "  --no-syslog             equivalent to --verbose=syslog:warn\n"
    "\nOther options:\n"
    "  --commands                  list commands with their options and arguments\n"
    "  --options                   list all options\n"
    "  -h, --help                  display this help message\n"
    "  -V, --version               display version information\n";

void
ctl_put_help(struct buf *out, const struct ctl_program *program, const char *name, const char *db)
{
    buf_printf(out, "%s: OVN %s DB management utility\nusage: %s [OPTIONS] COMMAND [ARG...]\n\n%s\n%s", name,
               program->has_wait ? "northbound" : "southbound", name, program->help, ctl_db_help);
    put_row_ids(out, program);
    if (program->has_wait) {
        buf_puts(out, "\nSynchronization command (use with --wait=sb|hv):\n"
                      "  sync                     wait even for earlier changes to take effect\n");
    }
    buf_printf(out, "\nOptions:\n  --db=DATABASE               connect to DATABASE\n                              (default: %s)\n", db);
    if (program->has_wait) {
        buf_puts(out, "  --no-wait, --wait=none      do not wait for OVN reconfiguration (default)\n"
                      "  --wait=sb                   wait for southbound database update\n"
                      "  --wait=hv                   wait for all chassis to catch up\n"
                      "  --print-wait-time           print time spent on waiting\n");
    }
    buf_puts(out, common_help);
}
