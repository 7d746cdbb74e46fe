/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_SERVER_FIXTURE_DB_H
#define WEFT_TESTS_UNIT_SERVER_FIXTURE_DB_H

/* What: a small database "T" with columns of every kind, for tests and fuzz targets. */

#include "ovsdb/server/database.h"

struct database *fixture_database(void);
struct schema *fixture_schema(void);
uint64_t fixture_digest(const struct database *db);          /* of the contents, "_version" apart */
uint64_t fixture_stored_digest(const struct database *db);   /* of what a file keeps of them */
char *fixture_quotes(const char *text);                      /* ' replaced by "; the caller frees it */

#endif
