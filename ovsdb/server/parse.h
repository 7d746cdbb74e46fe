/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_PARSE_H
#define WEFT_OVSDB_SERVER_PARSE_H

/* What: what the parsers of requests share: errors that quote their JSON, members of objects, column lists. */

#include <jansson.h>

#include "lib/base/json.h"
#include "ovsdb/model/schema.h"

/* Errors with 'json' as their "syntax" member. */
struct err *parse_error(const char *tag, const json_t *json, const char *detail, ...) PRINTF_LIKE(3, 4) MUST_USE;
struct err *syntax_error(const json_t *json, const char *detail, ...) PRINTF_LIKE(2, 3) MUST_USE;
/* Takes 'e', and adds 'json' if it is a syntax error that quotes nothing yet. */
struct err *add_syntax(struct err *e, const json_t *json) MUST_USE;
/* {"details":...,"error":...,"syntax":...}, appended.  Takes 'e'. */
void buf_put_error(struct buf *buf, struct err *e);

/* Walks the members of one object: ask for each, then object_finish() complains about what is missing, of the
 * wrong type or left over.  An integer may be written as a real number (1000.0): take json_number_value() of it. */
enum json_types {
    JSON_IS_STRING = 1, JSON_IS_INTEGER = 2, JSON_IS_BOOLEAN = 4, JSON_IS_ARRAY = 8, JSON_IS_OBJECT = 16,
    JSON_IS_REAL = 32, JSON_IS_NULL = 64, JSON_IS_ID = 128 /* a string that is an <id> */, JSON_IS_ANY = 127
};
struct object_parser {
    const json_t *json;
    struct err *e;                                           /* the first error, without the context */
    size_t n_used;
    const char *used[12];
};
void object_begin(struct object_parser *p, const json_t *json);
const json_t *object_member(struct object_parser *p, const char *name, unsigned types);      /* required */
const json_t *object_optional(struct object_parser *p, const char *name, unsigned types);
struct err *object_finish(struct object_parser *p) MUST_USE;

/* The set of columns named in the array 'json'; 'all' if 'json' is NULL. */
struct err *columns_from_json(const struct table *table, const json_t *json, uint64_t all, uint64_t *ret) MUST_USE;
/* The error that one of 'columns' is named twice. */
struct err *duplicate_column_error(const struct table *table, const json_t *json, uint64_t columns) MUST_USE;
uint64_t table_all_columns(const struct table *table, bool with_uuid, bool with_version);

#endif
