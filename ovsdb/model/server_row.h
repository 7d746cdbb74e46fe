/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_SERVER_ROW_H
#define WEFT_OVSDB_MODEL_SERVER_ROW_H

/* What: a database as its server describes it: its row of the table Database in _Server (ovsdb-server(5)).
 *
 * Why: clients, relays among them, choose a server by it, and hear of another schema there.
 *
 * Use: server_row_columns() are to be monitored with "monitor", the one method that all servers know; or to be selected, by
 * who asks once.
 *
 * Bad input: a member of another type counts as one that is missing. */

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/check.h"

struct server_row {
    char *uuid;                                              /* owned; NULL: there is no such database */
    char *schema_text;                                       /* owned: JSON; NULL: not known there (yet) */
    bool is_stored;                                          /* false: a relay or cluster member that is cut off */
    bool is_leader;                                          /* false: a member of a cluster that is led by another */
};

/* Starts as all zeros. */
void server_row_fini(struct server_row *row);                /* leaves it as it started */
json_t *server_row_columns(void) MUST_USE;
/* Applies 'updates', <table-updates> of RFC 7047, section 4.1.6.  True if they are about the row of 'database'. */
bool server_row_apply(struct server_row *row, const char *database, const json_t *updates);
/* Sets 'row' to what 'rows' of "select" say, those of that database. */
void server_row_set(struct server_row *row, const json_t *rows);
/* Why the server is of no use for now: a clause to be printed.  NULL if it is of use. */
const char *server_row_objection(const struct server_row *row, bool leader_only);

#endif
