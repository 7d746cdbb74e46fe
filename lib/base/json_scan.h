/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_JSON_SCAN_H
#define WEFT_BASE_JSON_SCAN_H

/* What: a pull scanner over JSON text (RFC 8259).
 *
 * Why: a database file or an update holds millions of values.  Reading them straight into what they are for costs a
 * fraction of the time and memory of a tree of json_t that is thrown away at once; where a tree is wanted, json_parse()
 * makes it with this.
 *
 * Use:   json_scan_object(s);
 *        while (json_scan_member(s, &name)) {
 *            ... json_scan_string(), json_scan_integer(), json_scan_skip() ...
 *        }
 *        and at the end json_scan_error().
 *
 * Invariants: the first error stays, and every function fails quietly from then on, so that callers check
 * once at the end of a loop.  Strings hold no NUL; names may come twice.
 *
 * Owns: the text is borrowed. */

#include "lib/base/err.h"
#include "lib/base/str.h"

enum { JSON_MAX_DEPTH = 1000 };                              /* of arrays and objects in each other */
#define JSON_TOO_DEEP "input exceeds maximum nesting depth"

struct json_scan {
    const char *start;                                       /* of the text, for messages */
    const char *p;                                           /* next byte */
    const char *end;
    const char *problem;                                     /* first syntax error, or NULL */
    const char *problem_at;
    bool is_first;                                           /* directly behind a '{' or '[' */
    struct buf scratch;                                      /* the last name or string with escapes in it */
};

void json_scan_init(struct json_scan *s, struct str text);
void json_scan_fini(struct json_scan *s);
/* NULL, or the "syntax error" that happened, with line and column (from 1) and byte (from 0).  It stays in 's'. */
struct err *json_scan_error(const struct json_scan *s) MUST_USE;
static inline bool json_scan_is_ok(const struct json_scan *s) { return !s->problem; }

/* The first byte of the next value or closing bracket; '\0' at the end of the text. */
char json_scan_peek(struct json_scan *s);
static inline size_t json_scan_left(const struct json_scan *s) { return (size_t) (s->end - s->p); }      /* bytes */
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
bool json_scan_integer(struct json_scan *s, int64_t *ret);   /* also one that is written as a real: "1e3" */
bool json_scan_boolean(struct json_scan *s, bool *ret);
bool json_scan_null(struct json_scan *s);
bool json_scan_skip(struct json_scan *s);                    /* any value, checked */
/* The integer that 'real' is; false, with '*ret' unchanged, if it is none of 64 bits. */
bool json_integer_from_real(double real, int64_t *ret);
/* Whether 'string', as read last, has no escapes, and so stays valid as long as the text does. */
static inline bool json_scan_is_in_text(const struct json_scan *s, struct str string)
{
    return string.s >= s->start && string.s < s->end;
}
/* Makes 'problem', found in front of the next byte, the error, if there is none yet.  Returns false. */
bool json_scan_fail(struct json_scan *s, const char *problem);
/* Fails unless only white space is left. */
bool json_scan_end(struct json_scan *s);

#endif
