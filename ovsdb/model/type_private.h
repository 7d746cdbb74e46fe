/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_TYPE_PRIVATE_H
#define WEFT_OVSDB_MODEL_TYPE_PRIVATE_H

/* What: reading, comparing and writing types (RFC 7047 section 3.2: <type>, <base-type>), for schema.c. */

#include "ovsdb/model/schema.h"

struct schema *schema_new(void) MUST_USE;

/* Any value of 'type', without limits. */
void base_type_init(struct base_type *base, enum atom_type type);
void column_type_fini(struct column_type *type);
struct err *column_type_from_json(struct column_type *ret, const json_t *json) MUST_USE;
json_t *column_type_to_json(const struct column_type *type) MUST_USE;

/* Members of JSON objects.  Each that is asked for is noted, so that members_done() can tell whether there are others.
 * Errors have the object as their syntax, and say "Parsing WHAT WHOSE failed". */
enum { MAX_MEMBERS = 8 };
struct members {
    const json_t *object;
    const char *what, *whose;                                /* for messages: "table schema for table ", "A" */
    const char *used[MAX_MEMBERS];                           /* of those present */
    size_t n_used;
};
struct err *members_init(struct members *m, const json_t *object, const char *what, const char *whose) MUST_USE;
struct err *members_mismatch(const struct members *m, const char *name) MUST_USE;         /* "Type mismatch" */
struct err *members_missing(const struct members *m, const char *name) MUST_USE;
/* It must be there. */
struct err *members_get_object(struct members *m, const char *name, const json_t **ret) MUST_USE;
const json_t *members_get(struct members *m, const char *name);          /* or NULL */
/* Each leaves '*ret' alone if the member is absent. */
struct err *members_get_string(struct members *m, const char *name, const char **ret) MUST_USE;
struct err *members_get_bool(struct members *m, const char *name, bool *ret) MUST_USE;
struct err *members_get_integer(struct members *m, const char *name, int64_t *ret) MUST_USE;
struct err *members_done(const struct members *m) MUST_USE;

#endif
