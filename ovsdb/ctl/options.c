/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/options.h"

#include <errno.h>
#include <getopt.h>

#include "lib/base/dirs.h"
#include "lib/base/log.h"

/* Global options.  Values above the characters that short options use. */
enum {
    OPT_DB = 256, OPT_NO_SYSLOG, OPT_NO_WAIT, OPT_WAIT, OPT_PRINT_WAIT_TIME, OPT_DRY_RUN, OPT_ONELINE, OPT_LEADER_ONLY,
    OPT_NO_LEADER_ONLY, OPT_SHUFFLE, OPT_NO_SHUFFLE, OPT_COMMANDS, OPT_OPTIONS, OPT_NO_HEADINGS, OPT_PRETTY, OPT_BARE,
    OPT_MAX_COLUMN_WIDTH, OPT_LOG_FILE, OPT_SYSLOG_METHOD, OPT_SYSLOG_TARGET, OPT_DETACH, OPT_NO_CHDIR,
    OPT_PIDFILE, OPT_OVERWRITE_PIDFILE, OPT_MONITOR, OPT_USER, OPT_SSL_PROTOCOLS, OPT_SSL_CIPHERS, OPT_SSL_CIPHERSUITES,
    OPT_BOOTSTRAP_CA_CERT, OPT_PEER_CA_CERT, OPT_IGNORED,
    OPT_LOCAL,                                               /* OPT_LOCAL + i: the i-th option of a command */
};

static const struct option global_options[] = {
    {"db", required_argument, NULL, OPT_DB},
    {"no-syslog", no_argument, NULL, OPT_NO_SYSLOG},
    {"help", no_argument, NULL, 'h'},
    {"commands", no_argument, NULL, OPT_COMMANDS},
    {"options", no_argument, NULL, OPT_OPTIONS},
    {"leader-only", no_argument, NULL, OPT_LEADER_ONLY},
    {"no-leader-only", no_argument, NULL, OPT_NO_LEADER_ONLY},
    {"shuffle-remotes", no_argument, NULL, OPT_SHUFFLE},
    {"no-shuffle-remotes", no_argument, NULL, OPT_NO_SHUFFLE},
    {"version", no_argument, NULL, 'V'},
    {"unixctl", required_argument, NULL, 'u'},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"oneline", no_argument, NULL, OPT_ONELINE},
    {"timeout", required_argument, NULL, 't'},
    {"verbose", optional_argument, NULL, 'v'},
    {"log-file", optional_argument, NULL, OPT_LOG_FILE},
    {"syslog-method", required_argument, NULL, OPT_SYSLOG_METHOD},
    {"syslog-target", required_argument, NULL, OPT_SYSLOG_TARGET},
    {"format", required_argument, NULL, 'f'},
    {"data", required_argument, NULL, 'd'},
    {"no-headings", no_argument, NULL, OPT_NO_HEADINGS},
    {"pretty", no_argument, NULL, OPT_PRETTY},
    {"bare", no_argument, NULL, OPT_BARE},
    {"max-column-width", required_argument, NULL, OPT_MAX_COLUMN_WIDTH},
    {"detach", no_argument, NULL, OPT_DETACH},
    {"no-self-confinement", no_argument, NULL, OPT_IGNORED},
    {"no-chdir", no_argument, NULL, OPT_NO_CHDIR},
    {"pidfile", optional_argument, NULL, OPT_PIDFILE},
    {"overwrite-pidfile", no_argument, NULL, OPT_OVERWRITE_PIDFILE},
    {"monitor", no_argument, NULL, OPT_MONITOR},
    {"user", required_argument, NULL, OPT_USER},
    {"private-key", required_argument, NULL, 'p'},
    {"certificate", required_argument, NULL, 'c'},
    {"ca-cert", required_argument, NULL, 'C'},
    {"ssl-protocols", required_argument, NULL, OPT_SSL_PROTOCOLS},
    {"ssl-ciphers", required_argument, NULL, OPT_SSL_CIPHERS},
    {"ssl-ciphersuites", required_argument, NULL, OPT_SSL_CIPHERSUITES},
    {"bootstrap-ca-cert", required_argument, NULL, OPT_BOOTSTRAP_CA_CERT},
    {"peer-ca-cert", required_argument, NULL, OPT_PEER_CA_CERT},
    {NULL, 0, NULL, 0},
};
static const struct option wait_options[] = {
    {"no-wait", no_argument, NULL, OPT_NO_WAIT},
    {"wait", required_argument, NULL, OPT_WAIT},
    {"print-wait-time", no_argument, NULL, OPT_PRINT_WAIT_TIME},
    {NULL, 0, NULL, 0},
};
static const char short_options[] = "+:hVu:t:v::f:d:p:c:C:";

VEC_DEFINE(option_list, struct option);

static void
append_options(struct option_list *list, const struct option *options)
{
    for (; options->name; options++) {
        vec_push(list, *options);
    }
}

static bool
has_name(const struct option_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++) {
        if (!strcmp(list->d[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Adds the options of one command that are not there yet.  The names are copies. */
static void
append_local_options(struct option_list *list, const char *options)
{
    struct str rest = str_from(options);
    while (rest.s) {
        struct str one = str_cut(&rest, ",");
        if (one.n <= 2) {
            continue;
        }
        char last = one.s[one.n - 1];
        int has_arg = last == '=' ? required_argument : last == '?' ? optional_argument : no_argument;
        char *name = xmemdup0(one.s + 2, one.n - 2 - (has_arg != no_argument));
        if (has_name(list, name)) {
            free(name);
        } else {
            vec_push(list, (struct option) {name, has_arg, NULL, OPT_LOCAL});
        }
    }
}

/* All options there are: global ones, then those of commands, from OPT_LOCAL up. */
static void
build_options(const struct ctl_program *program, struct option_list *ret)
{
    append_options(ret, global_options);
    append_options(ret, wait_options);
    for (size_t i = 0; program->commands[i]; i++) {
        for (const struct ctl_command_def *def = program->commands[i]; def->name; def++) {
            append_local_options(ret, def->options);
        }
    }
    int next = OPT_LOCAL;
    for (size_t i = 0; i < ret->n; i++) {
        if (ret->d[i].val == OPT_LOCAL) {
            ret->d[i].val = next++;
        }
    }
    vec_push(ret, (struct option) {0});
}

static void
option_list_fini(struct option_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->d[i].val >= OPT_LOCAL) {
            free((char *) list->d[i].name);
        }
    }
    vec_fini(list);
}

/* "unix:RUNDIR/SOCKET", or what the environment says; the caller frees it. */
static char *
default_db(const struct ctl_program *program)
{
    const char *db = getenv(program->env_db);
    return db && *db ? xstrdup(db) : xasprintf("unix:%s/%s", dirs_run(), program->socket);
}

static struct err *
parse_wait(const char *text, enum ctl_wait *ret)
{
    static const char *const names[] = {[CTL_WAIT_NONE] = "none", [CTL_WAIT_SB] = "sb", [CTL_WAIT_HV] = "hv"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(text, names[i])) {
            *ret = (enum ctl_wait) i;
            return NULL;
        }
    }
    return err_new("argument to --wait must be \"none\", \"sb\", or \"hv\"");
}

static struct err *
add_local(struct ctl_options *o, const struct option *option, const char *argument)
{
    char *name = xasprintf("--%s", option->name);
    struct err *err = ctl_add_option(&o->local, name, argument);
    free(name);
    return err;
}

static struct err *
apply_log_option(int c, const char *argument)
{
    char *path;
    struct err *err;

    switch (c) {
    case 'v': return log_set(argument);
    case OPT_NO_SYSLOG: return log_set("syslog:warn");
    case OPT_SYSLOG_METHOD: return log_set_syslog_method(argument);
    case OPT_SYSLOG_TARGET: return log_set_syslog_target(argument);
    default:
        path = argument ? xstrdup(argument) : xasprintf("%s/%s.log", dirs_log(), program_invocation_short_name);
        err = log_set_file(path);
        free(path);
        return err;
    }
}

static struct err *
apply_format_option(struct ctl_options *o, int c, const char *argument)
{
    int64_t width;
    switch (c) {
    case 'f': return tabular_style_set_format(&o->style, argument);
    case 'd': return tabular_style_set_cells(&o->style, argument);
    case OPT_NO_HEADINGS: o->style.no_headings = true; break;
    case OPT_PRETTY: o->style.is_pretty = true; break;
    case OPT_BARE: tabular_style_set_bare(&o->style); break;
    case OPT_MAX_COLUMN_WIDTH:
        if (!str_to_int64(argument, 10, &width) || width < 0) {
            return err_new("value %s on --max-column-width is invalid", argument);
        }
        o->style.max_column_width = (size_t) width;
        break;
    default: break;
    }
    return NULL;
}

static void
apply_daemon_option(struct ctl_options *o, int c, const char *argument)
{
    switch (c) {
    case OPT_DETACH: o->daemon.detach = true; break;
    case OPT_NO_CHDIR: o->daemon.no_chdir = true; break;
    case OPT_PIDFILE: o->daemon.pidfile = argument ? argument : ""; break;
    case OPT_OVERWRITE_PIDFILE: o->daemon.overwrite_pidfile = true; break;
    case OPT_MONITOR: o->daemon.monitor = true; break;
    case OPT_USER: o->daemon.user = argument; break;
    default: break;
    }
}

static void
apply_tls_option(struct ctl_options *o, int c, const char *argument)
{
    o->has_tls = true;
    switch (c) {
    case 'p': o->tls.private_key = argument; break;
    case 'c': o->tls.certificate = argument; break;
    case 'C': o->tls.ca_cert = argument; break;
    case OPT_SSL_PROTOCOLS: o->tls.protocols = argument; break;
    case OPT_SSL_CIPHERS: o->tls.ciphers = argument; break;
    case OPT_SSL_CIPHERSUITES: o->tls.ciphersuites = argument; break;
    case OPT_BOOTSTRAP_CA_CERT: o->tls.bootstrap_ca_cert = argument; break;
    case OPT_PEER_CA_CERT: o->tls.peer_ca_cert = argument; break;
    default: break;
    }
}

/* Only the northbound database has something to wait for: the other program knows the options to refuse them by name. */
static struct err *
apply_wait_option(struct ctl_options *o, int c, const char *argument)
{
    static const char *const names[] = {"no-wait", "wait", "print-wait-time"};
    if (!o->has_wait) {
        return err_new("--%s not supported", names[c - OPT_NO_WAIT]);
    }
    switch (c) {
    case OPT_NO_WAIT: o->wait = CTL_WAIT_NONE; return NULL;
    case OPT_WAIT: return parse_wait(argument, &o->wait);
    default: o->has_print_wait_time = true; return NULL;
    }
}

static struct err *
apply_option(struct ctl_options *o, int c, const char *argument)
{
    switch (c) {
    case OPT_DB: free(o->db); o->db = xstrdup(argument); o->has_db = true; return NULL;
    case 'u': free(o->daemon_socket); o->daemon_socket = xstrdup(argument); return NULL;
    case OPT_NO_WAIT:
    case OPT_WAIT:
    case OPT_PRINT_WAIT_TIME: return apply_wait_option(o, c, argument);
    case OPT_DRY_RUN: o->is_dry_run = true; return NULL;
    case OPT_ONELINE: o->is_oneline = true; return NULL;
    case OPT_LEADER_ONLY: o->is_leader_only = true; return NULL;
    case OPT_NO_LEADER_ONLY: o->is_leader_only = false; return NULL;
    case OPT_SHUFFLE: o->is_shuffled = true; return NULL;
    case OPT_NO_SHUFFLE: o->is_shuffled = false; return NULL;
    case 'h': o->has_help = true; return NULL;
    case 'V': o->has_version = true; return NULL;
    case OPT_COMMANDS: o->has_commands_list = true; return NULL;
    case OPT_OPTIONS: o->has_options_list = true; return NULL;
    case OPT_DETACH:
    case OPT_NO_CHDIR:
    case OPT_PIDFILE:
    case OPT_OVERWRITE_PIDFILE:
    case OPT_MONITOR:
    case OPT_USER: apply_daemon_option(o, c, argument); return NULL;
    case 'p':
    case 'c':
    case 'C':
    case OPT_SSL_PROTOCOLS:
    case OPT_SSL_CIPHERS:
    case OPT_SSL_CIPHERSUITES:
    case OPT_BOOTSTRAP_CA_CERT:
    case OPT_PEER_CA_CERT: apply_tls_option(o, c, argument); return NULL;
    case OPT_IGNORED: return NULL;
    case 't':
        return str_to_uint32(argument, 10, &o->timeout_s) ? NULL
                                                          : err_new("value %s on -t or --timeout is invalid", argument);
    case 'v':
    case OPT_NO_SYSLOG:
    case OPT_SYSLOG_METHOD:
    case OPT_SYSLOG_TARGET:
    case OPT_LOG_FILE: return apply_log_option(c, argument);
    default: return apply_format_option(o, c, argument);
    }
}

/* The error for what getopt_long() answered with ':' or '?'. */
static struct err *
getopt_error(int c, char *argv[], const struct option_list *options)
{
    const char *word = argv[optind - 1];
    if (c == ':') {
        return optopt && optopt < 256 ? err_new("option '-%c' requires an argument", optopt)
                                      : err_new("option '%s' requires an argument", word);
    }
    for (size_t i = 0; optopt && options->d[i].name; i++) {
        if (options->d[i].val == optopt && strchr(word, '=')) {
            return err_new("option '%s' doesn't allow an argument", word);
        }
    }
    return optopt && optopt < 256 ? err_new("unrecognized option '%c'", optopt) : err_new("unrecognized option '%s'", word);
}

static struct err *
parse_words(const struct option_list *options, int argc, char *argv[], struct ctl_options *o)
{
    struct err *err = NULL;

    optind = 0;
    opterr = 0;
    while (!err) {
        int index = -1;
        int c = getopt_long(argc, argv, short_options, options->d, &index);
        if (c == -1) {
            break;
        } else if (c == ':' || c == '?') {
            err = getopt_error(c, argv, options);
        } else if (c >= OPT_LOCAL) {
            err = add_local(o, &options->d[index], optarg);
        } else {
            err = apply_option(o, c, optarg);
        }
    }
    o->n_args = argc - optind;
    o->args = argv + optind;
    return err;
}

/* Words of a string, separated by white space; quotes of either kind around those that contain some, and a backslash before
 * a character, but for single quotes, within which it is one like others. */
VEC_DEFINE(words, char *);

static void
split_words(const char *text, struct words *ret)
{
    while (text && *(text += strspn(text, " \t\n"))) {
        struct buf word = BUF_INIT(BUF_NO_LIMIT);
        char quote = 0;
        for (; *text && (quote || !strchr(" \t\n", *text)); text++) {
            if (quote ? *text == quote : *text == '"' || *text == '\'') {
                quote = quote ? 0 : *text;
            } else {
                text += *text == '\\' && quote != '\'' && text[1];
                buf_putc(&word, *text);
            }
        }
        vec_push(ret, word.size ? buf_take_text(&word) : xstrdup(""));
        buf_fini(&word);
    }
}

struct err *
ctl_options_parse(const struct ctl_program *program, int argc, char *argv[], struct ctl_options *ret)
{
    struct option_list options = {0};
    struct words words = {0};
    const char *timeout = getenv("OVS_CTL_TIMEOUT");

    *ret = (struct ctl_options) {
        .has_wait = program->has_wait, .is_leader_only = true, .is_shuffled = true, .style.format = TABULAR_LIST};
    strmap_init(&ret->local);
    if (timeout && !str_to_uint32(timeout, 10, &ret->timeout_s)) {
        ret->timeout_s = 0;
    }
    split_words(getenv(program->env_options), &words);
    int n = argc + (int) words.n;
    char **all = ret->argv = xcalloc((size_t) n + 1, sizeof *all);
    ret->n_env = (int) words.n;
    ret->argc = n;
    all[0] = argv[0];
    for (size_t i = 0; i < words.n; i++) {
        all[1 + i] = words.d[i];
    }
    for (int i = 1; i < argc; i++) {
        all[(int) words.n + i] = argv[i];
    }
    vec_fini(&words);
    build_options(program, &options);
    struct err *err = parse_words(&options, n, all, ret);
    option_list_fini(&options);
    if (!ret->db) {
        ret->db = default_db(program);
    }
    return err;
}

void
ctl_options_fini(struct ctl_options *options)
{
    strmap_fini_data(&options->local);
    for (int i = 0; i < options->n_env; i++) {
        free(options->argv[1 + i]);
    }
    free(options->argv);
    free(options->db);
    free(options->daemon_socket);
}

void
ctl_put_options(struct buf *out, const struct ctl_program *program)
{
    struct option_list options = {0};
    build_options(program, &options);
    for (size_t i = 0; options.d[i].name; i++) {
        const struct option *o = &options.d[i];
        const char *argument = o->has_arg == no_argument ? "" : "ARG";
        buf_printf(out, "--%s%s%s\n", o->name, *argument ? "=" : "", argument);
        if (o->val < 256) {
            buf_printf(out, "-%c%s%s\n", o->val, *argument ? " " : "", argument);
        }
    }
    option_list_fini(&options);
}
