/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_PROGRAM_H
#define WEFT_NET_PROGRAM_H

/* What: what the main() of every daemon does: options, logging, daemonizing, the loop, the control socket, signals.
 *
 * Why: so that each main() says only what is its own:
 *
 *     struct program *program = program_new(argc, argv, &spec);      exits on --help, --version and errors
 *     struct thing *thing = ...;                                      program_fatal(program, err) if it fails
 *     program_ready(program);                                         --detach returns to the shell now
 *     program_run(program);                                           until SIGTERM, SIGINT or "exit"
 *     thing_free(thing);
 *     return program_free(program);
 *
 * Owns: the loop and the control socket.  What uses them is freed before program_free(). */

#include "lib/base/err.h"

struct loop;
struct option_def;
struct program;
struct tls_options;
struct unixctl;

struct program_spec {
    const char *purpose;                                     /* in --help: "Open Virtual Network controller" */
    const char *arguments;                                   /* in --help, after "[OPTIONS] "; NULL: takes none */
    const char *options_title;                               /* of the program's own options; NULL: it has none */
    const struct option_def *options;
    size_t n_options;
    void *aux;                                               /* what 'options' are about */
    int max_arguments;                                       /* -1: any number */
    const char *version_text;                                /* more lines of --version, or NULL */
};

/* Parses the command line and starts: returns in the process that is to be the daemon, with its control socket
 * open.  Logs "PROGRAM (Weft) VERSION".  The name in all messages is the base name of 'argv[0]'. */
struct program *program_new(int argc, char *argv[], const struct program_spec *spec) MUST_USE;
void program_ready(struct program *program);
void program_run(struct program *program);
int program_free(struct program *program) MUST_USE;          /* the exit status; NULL is not allowed */

/* Prints "PROGRAM: " and 'err' (taken), logs it when detached, removes the pidfile and exits with status 1. */
void program_fatal(struct program *program, struct err *err) NO_RETURN;

const char *program_name(const struct program *program);
struct loop *program_loop(struct program *program);
struct unixctl *program_unixctl(struct program *program);
/* What the command line says; program_new() has given it to tls_configure(). */
const struct tls_options *program_tls(const struct program *program);
/* The arguments that are not options; their number in '*ret_n'. */
char **program_arguments(const struct program *program, size_t *ret_n);
/* Ends program_run() as "exit" does; 'status' is what program_free() returns. */
void program_stop(struct program *program, int status);
/* Calls back when the program is asked to end, instead of program_stop(); 'restart' for "exit --restart".
 * The callback calls program_stop() when it is done. */
void program_on_exit(struct program *program, void (*cb)(void *aux, bool restart), void *aux);

/* The base name of 'argv0', without libtool's "lt-"; valid as long as 'argv0'. */
const char *program_name_from(const char *argv0);
/* For programs that print and end: the exit status after 'err' (taken), which is printed, or NULL.  What could not be printed to
 * stdout is an error, too. */
int program_finish(const char *name, struct err *err);

#endif
