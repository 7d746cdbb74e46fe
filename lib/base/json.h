/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_JSON_H
#define WEFT_BASE_JSON_H

/* What: three things that jansson leaves to its users: integers of any size, text on our heap, and memory for millions of
 * small values.
 *
 * Why: a database server parses and frees trees of hundreds of thousands of values a second, between rows that
 * stay for days.  In the common heap that costs half of the time (each large free consolidates it) and tears holes;
 * a pool of its own, with a free list per size, costs a few instructions a value.
 *
 * Owns: what json_text() returns is the caller's, for free(3).  Never free(3) what json_dumps() returns: it may come
 * from the pool; build-aux/check-style sees to it.
 * Invariants: once no value is left, the pool gives its memory back, but for one chunk. */

#include <jansson.h>

#include "lib/base/check.h"

struct buf;

/* json_loadb(), except that an integer beyond 64 bits is a real number, as OVSDB's other programs read it, rather than the
 * end of everything. */
json_t *json_parse(const char *p, size_t n, size_t flags, json_error_t *error) MUST_USE;
/* 'json' in compact form, the members of objects sorted by name; "null" for NULL. */
char *json_text(const json_t *json) MUST_USE;
void buf_put_json(struct buf *buf, const json_t *json);      /* the same, appended */

/* Makes jansson take its memory from the pool.  To be called before the first value is made, in main().  Does nothing
 * when the address sanitizer is on, which is to see each value. */
void json_pool_install(void);
size_t json_pool_bytes(void);                                /* that the pool holds, used or not */

#endif
