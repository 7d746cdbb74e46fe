/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_RBAC_H
#define WEFT_OVSDB_SERVER_RBAC_H

/* What: role-based access control of ovsdb-server(7): which rows and columns a client may write.
 *
 * Why: with one certificate per hypervisor, a hypervisor that was broken into can spoil no more than its own rows.
 *
 * How: the rules are rows of the database itself.  RBAC_Role names for each table a row of the permission table, which has
 *  - "authorization": "COLUMN" or "COLUMN:KEY": whose value must be the client's identity for the row to be its own; "" makes
 *    all rows everybody's.  A column counts if it holds at most one string, a key if the column maps strings to strings;
 *  - "insert_delete": whether own rows may be inserted and deleted;
 *  - "update": "COLUMN" or "COLUMN:KEY": what may be changed in own rows.
 * Rules apply to clients with a role if the database has the table RBAC_Role.  A client without identity (no verified
 * certificate) then writes nothing.  Reading is free.
 *
 * Debian's server ignores "COLUMN:KEY" in "update".  We do as the manual says. */

#include "ovsdb/server/image.h"

struct database;

/* Whose operations are judged. */
struct rbac_client {
    const char *role;                                        /* NULL or "": all is allowed */
    const char *id;                                          /* common name of the verified certificate, or NULL */
};

enum rbac_operation { RBAC_INSERT, RBAC_UPDATE, RBAC_MUTATE, RBAC_DELETE };

/* What applies to one operation; valid until the database changes. */
struct rbac_rules {
    bool apply;                                              /* false: all is allowed */
    enum rbac_operation operation;
    struct rbac_client client;
    const struct table *table;
    const struct image *permission;                          /* NULL: nothing is allowed */
};

/* Finds what 'client' may do with 'table'.
 *
 * Errors, here and below: "permission error", with a warning in the log.  Here: no row of that table can be written. */
struct err *rbac_rules_find(struct rbac_rules *ret, const struct rbac_client *client, const struct database *db,
                            const struct table *table, enum rbac_operation operation) MUST_USE;
/* Whether 'row' may be inserted or deleted. */
struct err *rbac_check_row(const struct rbac_rules *rules, const struct image *row) MUST_USE;
/* Whether 'columns' of 'old' may become what they are in 'new'. */
struct err *rbac_check_change(const struct rbac_rules *rules, const struct image *old, const struct image *new,
                              uint64_t columns) MUST_USE;
/* Whether 'client' may convert the database 'name': clients with a role may not. */
struct err *rbac_check_convert(const struct rbac_client *client, const char *name) MUST_USE;

#endif
