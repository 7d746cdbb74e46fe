/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_JSON_SCAN_H
#define WEFT_OVSDB_MODEL_JSON_SCAN_H

/* What: a pull scanner over JSON text (RFC 8259), and datum_scan(), which reads a value of a column with it.
 *
 * Why: a database file or an update holds millions of values.  Reading them straight into datums costs a
 * fraction of the time and memory of a tree of json_t that is thrown away at once.
 *
 * Use:   json_scan_object(s);
 *        while (json_scan_member(s, &name)) {
 *            ... json_scan_string(), json_scan_integer(), datum_scan(), json_scan_skip() ...
 *        }
 *        and at the end json_scan_take_error().
 *
 * Invariants: the first error stays, and every function fails quietly from then on, so that callers check
 * once at the end of a loop.  What this accepts is what jansson accepts, but for duplicate names, which it does
 * not look for.
 *
 * Owns: the text is borrowed.  Equal strings read by one scanner share memory (a small cache of recent ones). */

#include "lib/base/err.h"
#include "ovsdb/model/schema.h"

enum { JSON_SCAN_CACHE = 4096, JSON_SCAN_DEPTH = 64 };

struct json_scan {
    const char *start;                                       /* of the text, for messages */
    const char *p;                                           /* next byte */
    const char *end;
    const char *problem;                                     /* first syntax error, or NULL */
    const char *problem_at;
    bool is_first;                                           /* directly behind a '{' or '[' */
    struct buf scratch;                                      /* the last name or string with escapes in it */
    struct atom_string **cache;                              /* JSON_SCAN_CACHE of them, or NULL */
};

void json_scan_init(struct json_scan *s, struct str text);
void json_scan_fini(struct json_scan *s);
/* NULL, or the "syntax error" that happened, with line, column and byte.  It stays in 's'. */
struct err *json_scan_error(const struct json_scan *s) MUST_USE;
static inline bool json_scan_is_ok(const struct json_scan *s) { return !s->problem; }

/* The first byte of the next value or closing bracket; '\0' at the end of the text. */
char json_scan_peek(struct json_scan *s);
bool json_scan_object(struct json_scan *s);                  /* consumes '{' */
bool json_scan_array(struct json_scan *s);                   /* consumes '[' */
/* Steps to the next member and stores its name, valid until the next string is read.  At the end of the object
 * consumes '}' and returns false; also on error. */
bool json_scan_member(struct json_scan *s, struct str *ret_name);
/* Steps to the next element.  At the end of the array consumes ']' and returns false; also on error. */
bool json_scan_element(struct json_scan *s);

/* Each consumes a value of its type, or fails. */
bool json_scan_string(struct json_scan *s, struct str *ret); /* valid until the next string is read */
bool json_scan_number(struct json_scan *s, bool *ret_is_integer, int64_t *ret_integer, double *ret_real);
bool json_scan_integer(struct json_scan *s, int64_t *ret);
bool json_scan_boolean(struct json_scan *s, bool *ret);
bool json_scan_null(struct json_scan *s);
bool json_scan_skip(struct json_scan *s);                    /* any value, checked */
/* Fails unless only white space is left. */
bool json_scan_end(struct json_scan *s);
/* A counted copy of 'text', shared with equal ones read recently. */
struct atom_string *json_scan_share(struct json_scan *s, struct str text) MUST_USE;

/* Consumes a value of 'type', with the errors of datum_from_json() (without 'check_n':
 * datum_from_json_unbounded()); if there are several, that which comes first in the text.  Errors of JSON syntax are
 * returned too. */
struct err *datum_scan(struct json_scan *s, const struct column_type *type, bool check_n,
                       struct datum *ret) MUST_USE;

#endif
