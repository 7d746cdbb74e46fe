/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_FUZZ_FUZZ_CAGE_H
#define WEFT_TESTS_FUZZ_FUZZ_CAGE_H

/* What: keeps a program that takes names of files and remotes from a fuzzer away from the rest of the machine: a database file
 * or a unix socket is the one of that name in one folder, in whatever folder it is said to be; network sockets cannot be had;
 * nothing is sent to the system log.
 *
 * How: the target is linked with LDFLAGS_CAGE (Makefile.inc), which put the functions of fuzz_cage.c in place of storage_open(),
 * listener_new(), stream_connect() and log_syslog_send(). */

void fuzz_cage_enter(const char *folder);                    /* borrowed */

#endif
