/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_STORAGE_SPOOL_H
#define WEFT_OVSDB_STORAGE_SPOOL_H

/* What: makes the standard input a file.
 *
 * Why: a database is read at offsets, so that "restore" could not read from a pipe. */

#include "lib/base/err.h"

/* If the standard input is not seekable, reads it to its end into a nameless temporary file, which becomes the standard
 * input.  Errors: "I/O error". */
struct err *spool_stdin(void) MUST_USE;

#endif
