/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_OPTIONS_H
#define WEFT_BASE_OPTIONS_H

/* What: command-line options from tables, on getopt_long(3): long names may be abbreviated to a unique
 * prefix, and options and arguments may be mixed.
 *
 * Why: an option is said once; its parsing and its line in --help come from the same table entry.  The
 * groups that all programs share (logging, daemon, TLS, other) are here and in daemon.h.
 *
 * Owns: 'struct options' borrows the tables, what they point to and argv; option values point into argv. */

#include "lib/base/err.h"

enum option_kind {
    OPTION_CALL,                                             /* 'call' gets the value */
    OPTION_FLAG,                                             /* sets the bool at 'offset' in the group's 'aux' */
    OPTION_STRING,                                           /* sets the 'const char *' there ("" if left out) */
};

struct option_def {
    const char *name;                                        /* without dashes; NULL if there is only 'letter' */
    char letter;                                             /* or '\0' */
    const char *value;                                       /* in help: "FILE"; "[FILE]" may be left out; NULL: none */
    const char *help;                                        /* lines after the first are indented; NULL hides it */
    enum option_kind kind;
    size_t offset;
    struct err *(*call)(void *aux, const char *value);       /* 'value' is NULL if there is none */
};
#define OPTION_FLAG_AT(STRUCT, MEMBER) .kind = OPTION_FLAG, .offset = offsetof(STRUCT, MEMBER)
#define OPTION_STRING_AT(STRUCT, MEMBER) .kind = OPTION_STRING, .offset = offsetof(STRUCT, MEMBER)

struct options;
struct options *options_new(void) MUST_USE;
void options_free(struct options *options);

/* Adds a group of 'n' options under 'title' ("Daemon options"); 'aux' is what their offsets and calls are about. */
void options_add(struct options *options, const char *title, const struct option_def *defs, size_t n, void *aux);

/* Applies the options in 'argv', moving other arguments to its end (or, when 'in_order', stopping at the
 * first of them).  On success '*ret_first' is the index of the first argument that is not an option.
 * Errors, worded as getopt's: an unknown or ambiguous option, a value missing or not wanted; those of a 'call'. */
struct err *options_parse(struct options *options, int argc, char *argv[], bool in_order, int *ret_first) MUST_USE;

/* The groups, each a title and a line an option; the caller frees it. */
char *options_help(const struct options *options) MUST_USE;

/* "-v", "--verbose", "--log-file", "--syslog-method", "--syslog-target": take effect as they are parsed.
 * 'program' names the default log file. */
void options_add_logging(struct options *options, const char *program);

/* TLS keys and certificates, "-p", "-c", "-C", and so on: what tls_configure() (lib/net/tls.h) wants. */
struct tls_options {
    const char *private_key, *certificate, *ca_cert;         /* or NULL */
    const char *peer_ca_cert, *bootstrap_ca_cert;            /* or NULL */
    const char *protocols, *ciphers, *ciphersuites;          /* or NULL */
};
void options_add_tls(struct options *options, struct tls_options *tls);

struct other_options {
    bool help, version;
};
void options_add_other(struct options *options, struct other_options *other);

#endif
