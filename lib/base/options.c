/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/options.h"

#include <getopt.h>
#include <stdlib.h>

#include "lib/base/dirs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/vec.h"

LOG_MODULE(options);

struct group {
    const char *title;
    const struct option_def *defs;
    size_t n;
    void *aux;
};

struct options {
    VEC(struct group) groups;
};

/* What getopt_long() returns for the option with number N in all groups taken together. */
enum { FIRST_LONG = 256 };

static struct err *explain(const struct options *options, char *argv[], int c);
static struct err *apply(const struct option_def *def, void *aux, const char *value);

struct options *
options_new(void)
{
    return xcalloc(1, sizeof(struct options));
}

void
options_free(struct options *options)
{
    if (options) {
        vec_fini(&options->groups);
        free(options);
    }
}

void
options_add(struct options *options, const char *title, const struct option_def *defs, size_t n, void *aux)
{
    for (size_t i = 0; i < n; i++) {
        CHECK((defs[i].name || defs[i].letter) && (defs[i].kind != OPTION_FLAG || !defs[i].value));
        CHECK((defs[i].kind == OPTION_CALL) == !!defs[i].call);
    }
    vec_push(&options->groups, (struct group) {.title = title, .defs = defs, .n = n, .aux = aux});
}

static int
argument_kind(const struct option_def *def)
{
    return !def->value ? no_argument : *def->value == '[' ? optional_argument : required_argument;
}

/* The option with number 'c' - FIRST_LONG or letter 'c'; its group in '*ret_group'.  NULL if there is none. */
static const struct option_def *
find_def(const struct options *options, int c, const struct group **ret_group)
{
    int number = FIRST_LONG;
    for (size_t i = 0; i < options->groups.n; i++) {
        *ret_group = &options->groups.d[i];
        for (size_t j = 0; j < (*ret_group)->n; j++, number++) {
            const struct option_def *def = &(*ret_group)->defs[j];
            if (c == number || (def->letter && c == def->letter)) {
                return def;
            }
        }
    }
    return NULL;
}

/* The tables that getopt_long() wants. */
VEC_DEFINE(long_options, struct option);
static void
make_tables(const struct options *options, struct long_options *longs, struct buf *shorts)
{
    for (size_t i = 0; i < options->groups.n; i++) {
        const struct group *group = &options->groups.d[i];
        for (size_t j = 0, base = longs->n; j < group->n; j++) {
            const struct option_def *def = &group->defs[j];
            int argument = argument_kind(def);
            /* Options without a long name keep their place, so that the numbers stay right. */
            vec_push(longs, (struct option) {.name = def->name ? def->name : "\n", .has_arg = argument,
                                             .val = FIRST_LONG + (int) (base + j)});
            if (def->letter) {
                buf_printf(shorts, "%c%s", def->letter, argument == no_argument ? "" : argument == required_argument ? ":" : "::");
            }
        }
    }
    vec_push(longs, (struct option) {0});
}

struct err *
options_parse(struct options *options, int argc, char *argv[], bool in_order, int *ret_first)
{
    struct long_options longs = {0};
    struct buf shorts = BUF_INIT(BUF_NO_LIMIT);
    struct err *err = NULL;
    buf_puts(&shorts, in_order ? "+:" : ":");
    make_tables(options, &longs, &shorts);
    opterr = 0;
    optind = 0;                                              /* glibc: start anew */
    for (int c; !err && (c = getopt_long(argc, argv, buf_text(&shorts), longs.d, NULL)) >= 0;) {
        const struct group *group;
        const struct option_def *def = c == '?' || c == ':' ? NULL : find_def(options, c, &group);
        err = def ? apply(def, group->aux, optarg) : explain(options, argv, c);
    }
    if (!err) {
        *ret_first = optind;
    }
    vec_fini(&longs);
    buf_fini(&shorts);
    return err;
}

static struct err *
apply(const struct option_def *def, void *aux, const char *value)
{
    char *target = (char *) aux + def->offset;
    switch (def->kind) {
    case OPTION_CALL: return def->call(aux, value);
    case OPTION_FLAG: *(bool *) (void *) target = true; break;
    case OPTION_STRING: *(const char **) (void *) target = value ? value : ""; break;
    }
    return NULL;
}

/* Lists the long names that start with 'word', as getopt does; empty unless there are several. */
static char *
list_candidates(const struct options *options, struct str word)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    size_t n = 0;
    for (size_t i = 0; i < options->groups.n; i++) {
        const struct group *group = &options->groups.d[i];
        for (size_t j = 0; j < group->n; j++) {
            const char *name = group->defs[j].name;
            if (name && !strncmp(name, word.s, word.n)) {
                buf_printf(&out, " '--%s'", name);
                n++;
            }
        }
    }
    if (n < 2) {
        buf_clear(&out);
    }
    return buf_take_text(&out);
}

/* Why getopt_long() returned 'c', which is '?' or ':'. */
static struct err *
explain(const struct options *options, char *argv[], int c)
{
    const struct group *group;
    const struct option_def *def = optopt ? find_def(options, optopt, &group) : NULL;
    const char *word = argv[optind - 1];
    if (c == ':') {
        return optopt < FIRST_LONG ? err_new("option requires an argument -- '%c'", optopt)
                                   : err_new("option '--%s' requires an argument", def->name);
    }
    if (optopt && optopt < FIRST_LONG) {
        return err_new("invalid option -- '%c'", optopt);
    }
    if (def) {
        return err_new("option '--%s' doesn't allow an argument", def->name);
    }
    struct str rest = str_from(word + 2), name = str_cut(&rest, "=");
    char *candidates = list_candidates(options, name);
    struct err *err = *candidates ? err_new("option '%s' is ambiguous; possibilities:%s", word, candidates)
                                  : err_new("unrecognized option '%s'", word);
    free(candidates);
    return err;
}

/* One option: its spelling, then the help text, aligned; on a line of its own if the spelling is long. */
static void
put_help(struct buf *out, const struct option_def *def)
{
    enum { HELP_COLUMN = 26 };
    size_t start = out->size;
    buf_puts(out, "  ");
    if (def->letter) {
        buf_printf(out, "-%c%s", def->letter, def->name ? ", " : "");
    }
    bool optional = def->value && *def->value == '[';
    if (def->name) {
        buf_printf(out, "--%s", def->name);
    }
    if (optional) {
        buf_printf(out, "%s%s", def->name ? "[=" : "[", def->value + 1);
    } else if (def->value) {
        buf_printf(out, "%s%s", def->name ? "=" : " ", def->value);
    }
    for (struct str rest = str_from(def->help); rest.s;) {
        struct str line = str_cut(&rest, "\n");
        if (out->size - start >= HELP_COLUMN) {
            buf_putc(out, '\n');
            start = out->size;
        }
        buf_printf(out, "%*s" STR_FMT, (int) (HELP_COLUMN - (out->size - start)), "", STR_ARG(line));
    }
    buf_putc(out, '\n');
}

char *
options_help(const struct options *options)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < options->groups.n; i++) {
        const struct group *group = &options->groups.d[i];
        buf_printf(&out, "\n%s:\n", group->title);
        for (size_t j = 0; j < group->n; j++) {
            if (group->defs[j].help) {
                put_help(&out, &group->defs[j]);
            }
        }
    }
    return buf_take_text(&out);
}

static struct err *
set_verbosity(void *aux, const char *spec)
{
    struct err *err = log_set(spec);
    return err ? err_wrap(err, "processing \"%s\"", spec ? spec : "") : NULL;
}

static struct err *
set_log_file(void *program, const char *path)
{
    if (path) {
        return log_set_file(path);
    }
    char *by_default = xasprintf("%s/%s.log", dirs_log(), (const char *) program);
    struct err *err = log_set_file(by_default);
    free(by_default);
    if (err) {                                               /* as the peer's programs: then it goes without */
        log_warn("%s", err_detail(err));
        err_free(err);
    }
    return NULL;
}

static struct err *
set_syslog_method(void *aux, const char *method)
{
    return log_set_syslog_method(method);
}

static struct err *
set_syslog_target(void *aux, const char *host_port)
{
    return log_set_syslog_target(host_port);
}

void
options_add_logging(struct options *options, const char *program)
{
    static const struct option_def defs[] = {
        {"verbose", 'v', "[SPEC]", "set logging levels; without SPEC, maximum verbosity", .call = set_verbosity},
        {"log-file", '\0', "[FILE]", "enable logging to FILE, or to PROGRAM.log in the\nlog directory",
         .call = set_log_file},
        {"syslog-method", '\0', "METHOD", "how to send messages to syslog: libc, null, unix:FILE\nor udp:IP:PORT",
         .call = set_syslog_method},
        {"syslog-target", '\0', "HOST:PORT", "also send syslog messages to HOST:PORT via UDP",
         .call = set_syslog_target},
    };
    options_add(options, "Logging options", defs, ARRAY_SIZE(defs), (void *) program);
}

void
options_add_tls(struct options *options, struct tls_options *tls)
{
    static const struct option_def defs[] = {
        {"private-key", 'p', "FILE", "file with private key", OPTION_STRING_AT(struct tls_options, private_key)},
        {"certificate", 'c', "FILE", "file with certificate for private key",
         OPTION_STRING_AT(struct tls_options, certificate)},
        {"ca-cert", 'C', "FILE", "file with peer CA certificate, or \"none\"", OPTION_STRING_AT(struct tls_options, ca_cert)},
        {"peer-ca-cert", '\0', "FILE", "file with CA certificate to send to peers",
         OPTION_STRING_AT(struct tls_options, peer_ca_cert)},
        {"bootstrap-ca-cert", '\0', "FILE", "file with peer CA certificate to read or create",
         OPTION_STRING_AT(struct tls_options, bootstrap_ca_cert)},
        {"ssl-protocols", '\0', "PROTOS", "list of TLS protocols to enable",
         OPTION_STRING_AT(struct tls_options, protocols)},
        {"ssl-ciphers", '\0', "CIPHERS", "list of TLS ciphers to enable (up to TLS 1.2)",
         OPTION_STRING_AT(struct tls_options, ciphers)},
        {"ssl-ciphersuites", '\0', "SUITES", "list of TLS cipher suites to enable (TLS 1.3)",
         OPTION_STRING_AT(struct tls_options, ciphersuites)},
    };
    options_add(options, "TLS options", defs, ARRAY_SIZE(defs), tls);
}

void
options_add_other(struct options *options, struct other_options *other)
{
    static const struct option_def defs[] = {
        {"help", 'h', NULL, "display this help message", OPTION_FLAG_AT(struct other_options, help)},
        {"version", 'V', NULL, "display version information", OPTION_FLAG_AT(struct other_options, version)},
    };
    options_add(options, "Other options", defs, ARRAY_SIZE(defs), other);
}
