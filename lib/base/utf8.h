/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_UTF8_H
#define WEFT_BASE_UTF8_H

/* What: whether bytes are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF.
 *
 * Why: JSON is UTF-8, what people type need not be. */

#include "lib/base/str.h"

/* The length of the sequence that the 'n' bytes at 'p', at least one, begin with; 0 if it is malformed. */
size_t utf8_sequence_length(const char *p, size_t n);
/* Appends 'text' with a '?' for each byte that is not part of a sequence, and returns the first of these with what follows it
 * up to the byte that shows it to be wrong; empty if 'text' is UTF-8. */
struct str utf8_repair(struct str text, struct buf *ret);

#endif
