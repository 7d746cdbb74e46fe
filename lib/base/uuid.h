/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_UUID_H
#define WEFT_BASE_UUID_H

/* What: universally unique identifiers (RFC 4122), as 16 bytes in network order.
 * Invariants: comparing the bytes equals comparing the text. */

#include <string.h>

#include "lib/base/check.h"
#include "lib/base/str.h"

struct uuid {
    uint8_t b[16];
};
enum { UUID_LENGTH = 36 };
#define UUID_ZERO ((struct uuid) {{0}})

struct uuid uuid_random(void);                               /* version 4 */
/* A version 8 uuid (RFC 9562) made of hash128() of the bytes: equal content, equal uuid, for ever. */
struct uuid uuid_from_content(const void *p, size_t n);
bool uuid_from_text(struct str text, struct uuid *ret);          /* exactly the 36 characters, either case */
/* The 36 characters and a NUL in 'text'.  Returns 'text'. */
char *uuid_format(const struct uuid *uuid, char text[UUID_LENGTH + 1]);
/* The same in a rotating static buffer; valid for the next seven calls.  For messages. */
const char *uuid_text(const struct uuid *uuid);
static inline int uuid_cmp(const struct uuid *a, const struct uuid *b) { return memcmp(a, b, sizeof *a); }
static inline bool uuid_eq(const struct uuid *a, const struct uuid *b) { return !uuid_cmp(a, b); }
bool uuid_is_zero(const struct uuid *uuid);
uint64_t uuid_hash(const struct uuid *uuid);

#endif
