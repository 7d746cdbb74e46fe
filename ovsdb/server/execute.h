/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_EXECUTE_H
#define WEFT_OVSDB_SERVER_EXECUTE_H

/* What: executes the params of a "transact" request (RFC 7047, sections 4.1.3 and 5.2) and writes the result array.
 *
 * Why: the operations know JSON and the transaction (txn.h), but no client, clock or file.
 *
 * Bad input: an operation that cannot be parsed or fails gets an error object in the result, the operations
 * after it null, and nothing is changed. */

#include <jansson.h>

#include "ovsdb/server/database.h"
#include "ovsdb/server/rbac.h"

struct delta;

struct execute_request {
    struct database *db;
    const json_t *params;                                    /* [<db-name>, <operation>*] */
    bool is_read_only;                                       /* operations that write are refused */
    bool is_reserved;                                        /* the same, because the database is the server's own */
    struct rbac_client client;                               /* for the access rules; zero: may do all */
    bool is_rehearsal;                                       /* everything is taken back, and nothing checked at the end */
    bool (*owns_lock)(void *aux, const char *name);          /* for "assert" */
    void *aux;
    int64_t elapsed_ms;                                      /* since the request was first tried, for "wait" */
    size_t max_result;                                       /* bytes that the operations may print; 0: 1 GB */
};

struct execute_result {
    bool must_wait;                                          /* a "wait" is not satisfied; nothing was changed */
    int64_t timeout_ms;                                      /* then: give up so long after the first try; -1: never */
    uint64_t wait_tables;                                    /* then: try again when one changes (delta_table_bit()) */
    bool is_durable;                                         /* "commit" asked for it */
    bool failed;
    bool has_writes;                                         /* an operation that writes was executed */
    struct delta *delta;                                     /* owned; NULL if nothing changed */
    struct buf text;                                         /* owned: the result array, as JSON */
};

void execute(const struct execute_request *request, struct execute_result *result);
void execute_result_fini(struct execute_result *result);
/* For a commit that failed later: adds the error object of 'e' (taken) behind the results. */
void execute_result_fail(struct execute_result *result, struct err *e);

/* An image with the columns in the object 'json', the others default; refs 1, uuid zero unless 'json' has "_uuid".
 * '*ret_columns' (may be NULL) receives the columns present. */
struct err *image_from_json(struct db_table *table, const json_t *json, const struct named_uuids *names,
                            struct image **ret, uint64_t *ret_columns) MUST_USE;
/* {"COLUMN":VALUE,...} of 'columns', appended. */
void image_put_json(struct buf *buf, const struct image *image, uint64_t columns);

#endif
