/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_MUTATION_H
#define WEFT_OVSDB_SERVER_MUTATION_H

/* What: the mutations of RFC 7047 section 5.1: triples [column, mutator, value].
 * Owns: a mutation owns its value.  The schema outlives it. */

#include <jansson.h>

#include "lib/base/vec.h"
#include "ovsdb/model/schema.h"

enum mutator {
    MUTATOR_ADD, MUTATOR_SUBTRACT, MUTATOR_MULTIPLY, MUTATOR_DIVIDE, MUTATOR_REMAINDER, MUTATOR_INSERT,
    MUTATOR_DELETE
};

struct mutation {
    enum mutator mutator;
    const struct column *column;
    struct datum value;
    struct datum_type value_type;                            /* "delete" on a map may name keys alone */
};
VEC_DEFINE(mutation_vec, struct mutation);

/* Parses the array 'json' into '*ret', empty before.  Errors: "syntax error", "unknown column", "unknown mutator",
 * "constraint violation"; '*ret' is then empty. */
struct err *mutations_from_json(struct mutation_vec *ret, const struct table *table, const json_t *json,
                                const struct named_uuids *names) MUST_USE;
void mutations_fini(struct mutation_vec *mutations);

/* Applies one mutation to '*datum', a value of its column, which need not satisfy the column's number of
 * elements in between.  Errors: "domain error", "range error", "constraint violation"; '*datum' may then hold
 * anything valid. */
struct err *mutation_apply(const struct mutation *mutation, struct datum *datum) MUST_USE;

#endif
