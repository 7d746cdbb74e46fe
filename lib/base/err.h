/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_ERR_H
#define WEFT_BASE_ERR_H

/* What: errors that come from input or from the world, as values.
 *
 * Why: a function that can fail on what a peer, a file or a user sent returns 'struct err *': NULL is
 * success.  An error carries a tag (the short text a protocol names, such as RFC 7047's "constraint
 * violation"; NULL for errors that no protocol names) and a detail for people.
 *
 * Owns: the receiver owns the error and consumes it exactly once: err_free(), err_wrap() or a function
 * whose comment says "takes". */

#include "lib/base/check.h"

struct err;

struct err *err_new(const char *detail, ...) PRINTF_LIKE(1, 2) MUST_USE;
struct err *err_tagged(const char *tag, const char *detail, ...) PRINTF_LIKE(2, 3) MUST_USE;
/* From a positive 'errno_value': the detail followed by ": " and strerror(). */
struct err *err_errno(int errno_value, const char *detail, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* Takes 'err' and returns it with "context: " before its detail.  The tag stays. */
struct err *err_wrap(struct err *err, const char *context, ...) PRINTF_LIKE(2, 3) MUST_USE;
struct err *err_untag(struct err *err) MUST_USE;             /* takes 'err' and returns it without its tag */
/* Takes both and returns 'err' with 'syntax', the piece of JSON that it is about (ovsdb-server(7), section 3.1).
 * The first one given stays, being the most precise. */
struct err *err_add_syntax(struct err *err, char *syntax) MUST_USE;
struct err *err_clone(const struct err *err) MUST_USE;
void err_free(struct err *err);

const char *err_tag(const struct err *err);                  /* or NULL */
const char *err_detail(const struct err *err);               /* never NULL; valid while 'err' is */

const char *err_syntax(const struct err *err);               /* or NULL */

/* "tag: detail", or just the detail.  Takes 'err'; the caller frees the string. */
char *err_take_text(struct err *err) MUST_USE;
/* The same with what it is about in front, if that is known: 'syntax "JSON": tag: detail'.  For command lines. */
char *err_take_full_text(struct err *err) MUST_USE;

#endif
