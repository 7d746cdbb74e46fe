/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_CONVERT_H
#define WEFT_OVSDB_SERVER_CONVERT_H

/* What: the contents of a database under another schema.
 *
 * Why: the server converts while clients are connected ("convert" of ovsdb-server(7)), ovsdb-tool without a server;
 * both promise the same.
 *
 * Cost: one image per row.  Cells are shared with the old database where the type of the column allows. */

#include "ovsdb/server/database.h"

/* Makes '*ret', which holds what 'old' holds, as 'schema' (referenced) sees it.  Tables and columns are kept by name;
 * those that 'schema' lacks are left out; columns that 'old' lacks get their defaults.  A value may become one of another
 * type if its JSON is valid there (an integer becomes a real, a string a set of strings).  Uuids of rows stay.
 *
 * ovsdb-server(7) says: the new schema's constraints apply in full.  We do: one transaction inserts all rows, so that
 * references, garbage collection, indexes and row limits are those of any commit.
 *
 * Errors: "syntax error", "constraint violation", "referential integrity violation"; the row is logged. */
struct err *database_convert(const struct database *old, struct schema *schema, struct database **ret) MUST_USE;

#endif
