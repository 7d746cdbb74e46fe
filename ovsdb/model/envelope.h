/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_ENVELOPE_H
#define WEFT_OVSDB_MODEL_ENVELOPE_H

/* What: the outside of the messages that carry much (updates, and results of requests), read from their text.
 *
 * Why: a snapshot of a large database, or the answers to a large transaction, as trees of json_t cost more than all
 * that is done with them.
 *
 * Use:   switch (envelope_open(scan, &id)) { ... the scanner is at the parameters or the result ... }
 *        envelope_close(scan, in_array), which tells whether the rest is in order, too. */

#include "lib/base/json_scan.h"

enum envelope {
    ENVELOPE_OTHER,                                          /* anything else, errors and broken messages among it */
    ENVELOPE_UPDATE,                                         /* at the array of parameters */
    ENVELOPE_UPDATE2,
    ENVELOPE_UPDATE3,
    ENVELOPE_RESULT,                                         /* at the result, an array or object, of request '*ret_id' */
};
enum envelope envelope_open(struct json_scan *scan, int64_t *ret_id);
/* Checks what is behind the value that mattered, which stands in an array or, without 'in_array', directly in the
 * message: anything, but JSON. */
struct err *envelope_close(struct json_scan *scan, bool in_array) MUST_USE;

#endif
