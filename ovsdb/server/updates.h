/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_UPDATES_H
#define WEFT_OVSDB_SERVER_UPDATES_H

/* What: puts what another server tells of its database, <table-updates> (RFC 7047, section 4.1.6) or <table-updates2>
 * (ovsdb-server(7), section 4.1.14), into a running transaction on ours.
 *
 * Why: a backup and a relay hold what their source holds; both learn of it in this form.  The text is read straight
 * into images, as the log is: a first copy may be most of the memory that the server will ever need.
 *
 * Invariants: rows keep their uuids.  What the source left out of its files and messages (defaults) is put in.
 *
 * Bad input: unknown tables and columns, values of the wrong type, changes of rows that are not here.  Only such
 * rows of tables that are not roots are overlooked: our side collects what nothing references any more, at moments of
 * its own. */

#include "lib/base/json_scan.h"
#include "ovsdb/server/txn.h"

struct updates {
    struct txn *txn;                                         /* borrowed; to be aborted on error */
    const bool *excluded;                                    /* by index of table: of no interest; NULL: none is */
    bool is_v1;                                              /* <table-updates> */
    bool is_snapshot;                                        /* rows that are not in it are to go */
};
/* Reads the object that 'scan' is at.  Errors name the table and the row. */
struct err *updates_apply(const struct updates *updates, struct json_scan *scan) MUST_USE;

#endif
