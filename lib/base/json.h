/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_JSON_H
#define WEFT_BASE_JSON_H

/* What: trees of jansson's values from text, and their text again; memory for millions of small values.
 *
 * Why: a database server parses and frees trees of hundreds of thousands of values a second, between rows that
 * stay for days.  Its text is read by json_scan.h, in less than a third of the time that jansson takes for it (ADR 0100).
 * In the common heap the values cost half of the time (each large free consolidates it) and tear holes;
 * a pool of its own, with a free list per size, costs a few instructions a value.
 *
 * Owns: what json_text() returns is the caller's, for free(3).  Never free(3) what json_dumps() returns: it may come
 * from the pool; build-aux/check-style sees to it.
 * Invariants: once no value is left, the pool gives its memory back, but for one chunk. */

#include <jansson.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

enum {
    JSON_ANY = 1 << 0,                                       /* values of all types, not only objects and arrays */
    JSON_UNIQUE = 1 << 1,                                    /* names given twice are errors; otherwise the last one stays */
};
/* Reads 'text' (RFC 8259).  An integer beyond 64 bits becomes a real number, as OVSDB's other programs read it.  Errors are
 * those of json_scan_error(); then '*ret' is NULL. */
struct err *json_parse(struct str text, unsigned flags, json_t **ret) MUST_USE;
/* 'json' in compact form, the members of objects sorted by name; "null" for NULL. */
char *json_text(const json_t *json) MUST_USE;
void buf_put_json(struct buf *buf, const json_t *json);      /* the same, appended */

/* Makes jansson take its memory from the pool.  To be called before the first value is made, in main().  Does nothing
 * when the address sanitizer is on, which is to see each value. */
void json_pool_install(void);

#endif
