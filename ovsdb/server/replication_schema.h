/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_REPLICATION_SCHEMA_H
#define WEFT_OVSDB_SERVER_REPLICATION_SCHEMA_H

/* What: whether a backup can hold what an active server with another schema has.
 *
 * Why: in an upgrade one of the two comes first. */

#include <stdbool.h>

struct schema;

/* Whether each table and column of 'active' is in 'here', with the same type; more may be there.  What is missing is logged. */
bool replication_schema_fits(const struct schema *here, const struct schema *active);

#endif
