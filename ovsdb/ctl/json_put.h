/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_JSON_PUT_H
#define WEFT_OVSDB_CTL_JSON_PUT_H

/* What: JSON as text for people and scripts.
 *
 * Why: in one order, so that what tools print can be compared. */

#include <jansson.h>

#include "lib/base/str.h"

/* Appends 'json' as text, members of objects sorted by name; 'is_pretty' puts each element on a line of its own,
 * indented. */
void json_put(struct buf *out, const json_t *json, bool is_pretty);

#endif
