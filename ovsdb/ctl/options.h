/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_OPTIONS_H
#define WEFT_OVSDB_CTL_OPTIONS_H

/* What: the options and the chain of commands on the command line of nbctl and sbctl, parsed and checked.
 *
 * Why: options of the first command may stand among the global ones, and all may be shortened to a unique prefix;
 * so what options there are depends on the tables of commands.
 * Private to libctl. */

#include "lib/base/daemon.h"
#include "lib/base/options.h"
#include "ovsdb/ctl/ctl.h"

enum ctl_wait { CTL_WAIT_NONE, CTL_WAIT_SB, CTL_WAIT_HV };

struct ctl_options {
    char *db;                                                /* owned */
    bool has_wait;                                           /* the program's: is there something to wait for? */
    enum ctl_wait wait;
    uint32_t timeout_s;                                      /* 0: none */
    struct tabular_style style;
    bool is_dry_run, is_oneline, is_leader_only, is_shuffled, has_print_wait_time;
    bool has_help, has_version, has_commands_list, has_options_list;
    char *daemon_socket;                                     /* -u, or the environment; owned, or NULL */
    bool has_db;                                             /* --db was given */
    struct daemon_options daemon;                            /* strings borrowed from 'argv' */
    struct tls_options tls;                                  /* likewise */
    bool has_tls;                                            /* an option of 'tls' was given */
    struct strmap local;                                     /* options for the first command; arguments owned */
    int n_args;                                              /* what follows the options */
    char **args;                                             /* within 'argv' */
    int argc;
    char **argv;                                             /* owned: the words of the environment and those given */
    int n_env;                                               /* words from the environment, argv[1] and up; owned */
};

/* One command of the chain. */
struct ctl_command {
    const struct ctl_command_def *def;
    int argc;
    char **argv;                                             /* borrowed from the command line */
    struct strmap *options;                                  /* owned, as are the arguments */
};
VEC_DEFINE(ctl_commands, struct ctl_command);
/* Notes that "--name" was given, with 'argument' or NULL.  Given twice, it is an error. */
struct err *ctl_add_option(struct strmap *options, const char *name, const char *argument) MUST_USE;

/* Parses the environment, then 'argv'.  'ret' is to be freed by ctl_options_fini() on error too. */
struct err *ctl_options_parse(const struct ctl_program *program, int argc, char *argv[], struct ctl_options *ret) MUST_USE;
void ctl_options_fini(struct ctl_options *options);

/* Cuts 'args' at "--" and checks each command against the tables.  Takes the options in 'local' for the first. */
struct err *ctl_commands_parse(const struct ctl_program *program, int n_args, char *args[], struct strmap *local,
                               struct ctl_commands *ret) MUST_USE;
void ctl_commands_fini(struct ctl_commands *commands);

/* --- Running (run.c, daemon.c) --- */

/* Runs the command line whose options 'options' are; 'argc' and 'argv' are all of its words, for the database's log.
 * Output goes to 'reply', or with NULL to standard output as it comes. */
struct err *ctl_run(const struct ctl_program *program, int argc, char *argv[], struct ctl_options *options,
                    struct buf *reply) MUST_USE;
/* Answers --help, --version, --commands and --options: true if one was asked for. */
bool ctl_put_information(const struct ctl_program *program, const struct ctl_options *options, const char *name,
                         struct buf *out);
/* --detach: serves "run" on a control socket, whose path is printed, until "exit". */
struct err *ctl_daemon_serve(const struct ctl_program *program, const char *name, const struct ctl_options *options) MUST_USE;
/* Has the daemon at 'options->daemon_socket' run the command line, and prints what it answers. */
struct err *ctl_daemon_call(const struct ctl_program *program, const struct ctl_options *options) MUST_USE;

/* What --help, --commands and --options print. */
void ctl_put_help(struct buf *out, const struct ctl_program *program, const char *name, const char *db);
void ctl_put_commands(struct buf *out, const struct ctl_program *program);
void ctl_put_options(struct buf *out, const struct ctl_program *program);

#endif
