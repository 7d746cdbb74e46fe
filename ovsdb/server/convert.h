/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_CONVERT_H
#define WEFT_OVSDB_SERVER_CONVERT_H

/* What: the contents of a database under another schema, made at once or in slices.
 *
 * Why: the server converts while clients are connected ("convert" of ovsdb-server(7)), ovsdb-tool without a server;
 * both promise the same.  The server has others to serve meanwhile, so it takes a slice at a time.
 *
 * Cost: one image per row.  Cells are shared with the old database where the type of the column allows.  A slice is bounded by
 * counted work: a unit is a bucket, a row, an element of a value, or a reference that was looked at, 0.1 to 0.3 us. */

#include "ovsdb/server/database.h"

/* What the new database holds: what 'old' holds, as the new schema sees it.  Tables and columns are kept by name; those that
 * the new schema lacks are left out; columns that 'old' lacks get their defaults.  A value may become one of another type if
 * its JSON is valid there (an integer becomes a real, a string a set of strings).  Uuids of rows stay.
 *
 * ovsdb-server(7) says: the new schema's constraints apply in full.  We do: one transaction inserts all rows, so that
 * references, garbage collection, indexes and row limits are those of any commit.
 *
 * Errors: "syntax error", "constraint violation", "referential integrity violation"; the row is logged. */

/* All at once.  'schema' is referenced. */
struct err *database_convert(const struct database *old, struct schema *schema, struct database **ret) MUST_USE;

/* In slices.  'old' must not change until conversion_take(). */
struct conversion;
struct conversion *conversion_new(const struct database *old, struct schema *schema /* referenced */) MUST_USE;
/* Does 'budget' units of work or a little more (one row is not divided).  Returns whether it is over, with '*ret' NULL or the
 * error; not to be called again then. */
bool conversion_run(struct conversion *c, size_t budget, struct err **ret) MUST_USE;
size_t conversion_work(const struct conversion *c);          /* the units that the last slice was */
/* Frees 'c'.  The database is finished if conversion_run() is over without an error; otherwise it is of no use but for
 * grave_add() or database_discard(). */
struct database *conversion_take(struct conversion *c) MUST_USE;

#endif
