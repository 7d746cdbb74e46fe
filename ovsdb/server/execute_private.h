/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_EXECUTE_PRIVATE_H
#define WEFT_OVSDB_SERVER_EXECUTE_PRIVATE_H

/* What: what the operations of one "transact" share.  Each operation is a function that parses its members with
 * 'parser', calls operation_parsed(), does its work and appends its result object to 'result->text'. */

#include "lib/base/hmap.h"
#include "ovsdb/server/execute.h"
#include "ovsdb/server/parse.h"
#include "ovsdb/server/txn.h"

struct execution {
    const struct execute_request *request;
    struct execute_result *result;
    struct txn *txn;
    struct strmap symbols;                                   /* "uuid-name" → struct symbol */
    struct named_uuids names;
    struct db_table *table;                                  /* of the operation, if it names one */
    struct object_parser parser;                             /* of the operation */
    bool parse_failed;                                       /* the error is about the operation's form */
};

/* Errors: whatever RFC 7047 names for the operation. */
typedef struct err *operation_cb(struct execution *x) MUST_USE;
operation_cb execute_insert, execute_select, execute_update, execute_mutate, execute_delete, execute_wait,
    execute_commit, execute_abort, execute_comment, execute_assert;

/* To be called once the members are asked for; an error means that the operation is malformed. */
struct err *operation_parsed(struct execution *x) MUST_USE;
/* The uuid for a row whose insert has the "uuid-name" 'name'. */
struct err *execution_name_uuid(struct execution *x, const json_t *name, const struct uuid *explicit_uuid,
                                struct uuid *ret) MUST_USE;

#endif
