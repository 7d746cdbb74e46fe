/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_STORAGE_LOCK_FILE_H
#define WEFT_OVSDB_STORAGE_LOCK_FILE_H

/* What: the advisory lock ".NAME.~lock~" that guards a database file while a program writes it.
 *
 * Why: ovsdb-server and ovsdb-tool take the same lock, with fcntl().  We take it as an open file description
 * lock: those conflict with theirs, conflict within one process too, and stay through daemonizing.
 *
 * Owns: the lock lasts until lock_file_release() closes the descriptor.  The file stays, as theirs does. */

#include "lib/base/err.h"

/* Locks the lock file of 'path', which messages call 'name', and stores the descriptor in '*ret_fd'.
 * Errors: "I/O error": "NAME: failed to lock lockfile (Resource temporarily unavailable)". */
struct err *lock_file_acquire(const char *path, const char *name, int *ret_fd) MUST_USE;
void lock_file_release(int fd);                              /* -1 is fine */

#endif
