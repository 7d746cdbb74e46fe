/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* weft-appctl: sends one command to the control socket of a daemon, as ovn-appctl(8) and ovs-appctl(8) do. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/options.h"
#include "lib/base/str.h"
#include "lib/net/program.h"
#include "lib/net/unixctl.h"

enum { EXIT_BY_SERVER = 2 };                                 /* the server answered with an error */

struct appctl {
    const char *name;
    const char *target;
    unsigned int timeout_s;                                  /* 0: none */
    struct other_options other;
};

static void NO_RETURN
die(const struct appctl *appctl, struct err *err)
{
    fprintf(stderr, "%s: %s\n", appctl->name, err_detail(err));
    err_free(err);
    exit(EXIT_FAILURE);
}

static struct err *
set_timeout(void *appctl, const char *value)
{
    uint32_t seconds;
    if (!str_to_uint32(value, 10, &seconds) || !seconds) {
        return err_new("value %s on -T or --timeout is invalid", value);
    }
    ((struct appctl *) appctl)->timeout_s = seconds;
    return NULL;
}

static void NO_RETURN
print_help(const struct appctl *appctl, const struct options *options)
{
    char *groups = options_help(options);
    printf("%s, for querying and controlling Weft, OVN and Open vSwitch daemons\n"
           "usage: %s [OPTIONS] COMMAND [ARG...]\n"
           "Common commands:\n"
           "  list-commands      List commands supported by the target\n"
           "  version            Print version of the target\n"
           "  vlog/list          List current logging levels\n"
           "  vlog/list-pattern  List logging patterns for each destination\n"
           "  vlog/set [SPEC]    Set log levels as detailed in SPEC, which may include:\n"
           "                     a valid module name (all modules, by default),\n"
           "                     'syslog', 'console', 'file' (all destinations, by default),\n"
           "                     'off', 'emer', 'err', 'warn', 'info', or 'dbg' ('dbg', by default)\n"
           "  vlog/reopen        Make the program reopen its log file\n"
           "  exit               Make the program exit\n%s",
           appctl->name, appctl->name, groups);
    free(groups);
    exit(EXIT_SUCCESS);
}

/* Parses the options; returns the index of the command in 'argv'. */
static int
parse_options(struct appctl *appctl, int argc, char *argv[])
{
    static const struct option_def defs[] = {
        {"target", 't', "TARGET", "pidfile name or socket to contact", OPTION_STRING_AT(struct appctl, target)},
        {"timeout", 'T', "SECS", "wait at most SECS seconds for a response", .call = set_timeout},
    };
    struct options *options = options_new();
    options_add(options, "Targets", defs, ARRAY_SIZE(defs), appctl);
    options_add_logging(options, appctl->name);
    options_add_other(options, &appctl->other);
    int first;
    struct err *err = options_parse(options, argc, argv, true, &first);
    if (!err && appctl->other.help) {
        print_help(appctl, options);
    }
    options_free(options);
    if (err) {
        die(appctl, err);
    }
    if (appctl->other.version) {
        printf("%s (Weft) %s\n", appctl->name, PACKAGE_VERSION);
        exit(EXIT_SUCCESS);
    }
    if (first >= argc) {
        die(appctl, err_new("at least one non-option argument is required (use --help for help)"));
    }
    return first;
}

int
main(int argc, char *argv[])
{
    daemon_open_standard_descriptors();
    struct appctl appctl = {.name = program_name_from(argv[0]), .target = "ovn-controller"};
    log_set_program(appctl.name);
    const char *timeout = getenv("OVS_CTL_TIMEOUT");
    struct err *err = log_set("console:warn");
    if (!err && timeout && *timeout && strcmp(timeout, "0")) {     /* "0": none */
        err = set_timeout(&appctl, timeout);
    }
    if (err) {
        die(&appctl, err);
    }
    int command = parse_options(&appctl, argc, argv);
    char *path, *result, *error;
    err = unixctl_target_path(appctl.target, &path);
    if (!err) {
        alarm(appctl.timeout_s);                             /* as documented, SIGALRM ends the program */
        err = unixctl_call(path, argc - command, (const char **) argv + command, 0, &result, &error);
    }
    if (err) {
        die(&appctl, err);
    }
    fputs(result ? result : error, result ? stdout : stderr);
    if (error) {
        fprintf(stderr, "%s: %s: server returned an error\n", appctl.name, appctl.target);
    }
    int status = result ? EXIT_SUCCESS : EXIT_BY_SERVER;
    free(result);
    free(error);
    free(path);
    return status;
}
