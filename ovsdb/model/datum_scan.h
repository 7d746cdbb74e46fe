/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_DATUM_SCAN_H
#define WEFT_OVSDB_MODEL_DATUM_SCAN_H

/* What: reads the value of a column straight from JSON text, and strings that were read before from a small cache.
 *
 * Why: json_scan.h says why not by way of a tree.  The rows of a table repeat many of their strings. */

#include "lib/base/json_scan.h"
#include "ovsdb/model/schema.h"

/* Recently read strings, so that equal ones share memory. */
struct string_cache;
/* For reading 'text_size' bytes.  NULL, which is no cache, if those are too few for one to be worth it. */
struct string_cache *string_cache_new(size_t text_size) MUST_USE;
void string_cache_free(struct string_cache *cache);

/* Consumes a value of 'type', with the errors of datum_from_json() (without 'check_n':
 * datum_from_json_unbounded()); if there are several, that which comes first in the text.  Errors of JSON syntax are
 * returned too.  'strings' may be NULL. */
struct err *datum_scan(struct json_scan *s, struct string_cache *strings, const struct column_type *type, bool check_n,
                       struct datum *ret) MUST_USE;

#endif
