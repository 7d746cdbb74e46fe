/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_CONDITION_H
#define WEFT_OVSDB_SERVER_CONDITION_H

/* What: the conditions of RFC 7047 section 5.1, as extended by ovsdb-server(7): clauses [column, function,
 * value], true or false.
 *
 * Why: transactions want the rows that satisfy all clauses, monitors those that satisfy any.
 *
 * Owns: a condition owns its clauses, those their values.  The schema outlives it. */

#include <jansson.h>

#include "ovsdb/server/image.h"

enum condition_function {
    CONDITION_FALSE, CONDITION_TRUE, CONDITION_EQ, CONDITION_NE, CONDITION_LT, CONDITION_LE, CONDITION_GT,
    CONDITION_GE, CONDITION_INCLUDES, CONDITION_EXCLUDES
};

struct clause {
    enum condition_function function;
    const struct column *column;                             /* NULL for true and false */
    struct datum value;
};

struct condition {
    const struct table *table;
    struct clause *clauses;
    size_t n;
};

/* Parses the array 'json'.  'names' may be NULL.  Errors: "syntax error", "unknown column", "unknown function",
 * "constraint violation"; '*ret' is then empty. */
struct err *condition_from_json(struct condition *ret, const struct table *table, const json_t *json,
                                const struct named_uuids *names) MUST_USE;
void condition_init_true(struct condition *condition, const struct table *table);
void condition_fini(struct condition *condition);
/* Appends the clauses of 'from', which is left empty. */
void condition_move_clauses(struct condition *to, struct condition *from);
/* Sorts and removes duplicates, so that equal sets of clauses are equal conditions. */
void condition_normalise(struct condition *condition);
int condition_cmp(const struct condition *a, const struct condition *b);
uint64_t condition_hash(const struct condition *condition);

int clause_cmp(const struct clause *a, const struct clause *b);             /* total order */
bool clause_matches(const struct clause *clause, const struct image *image);
bool condition_matches_all(const struct condition *condition, const struct image *image);
bool condition_matches_any(const struct condition *condition, const struct image *image);    /* none: true */
bool condition_is_always_true(const struct condition *condition);                            /* as a disjunction */

#endif
