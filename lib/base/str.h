/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_STR_H
#define WEFT_BASE_STR_H

/* What: 'struct str', a borrowed pointer and length; 'struct buf', an owned, growing byte buffer.
 *
 * Why: text from the wire is not NUL-terminated, and output must not grow without limit.  A buf is
 * given its maximum when it is born and remembers its first overflow, so writers check once, at the
 * end, with buf_is_ok().
 *
 * Invariants: buf->data is NUL-terminated whenever it is not NULL (the NUL is not counted in 'size'). */

#include <stdarg.h>
#include <string.h>

#include "lib/base/check.h"

struct str {
    const char *s;
    size_t n;
};
#define STR_FMT "%.*s"
#define STR_ARG(S) (int) (S).n, (S).s
static inline struct str str_from(const char *s) { return (struct str) {s, strlen(s)}; }
static inline struct str str_n(const char *s, size_t n) { return (struct str) {s, n}; }
static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (!a.n || !memcmp(a.s, b.s, a.n));
}
static inline bool str_is(struct str a, const char *b) { return str_eq(a, str_from(b)); }
int str_cmp(struct str a, struct str b);
int strings_cmp(const void *a, const void *b);               /* for qsort() of an array of C strings */
bool str_starts(struct str s, const char *prefix);
struct str str_trim(struct str s);                           /* without ASCII white space around it */
/* Cuts '*s' at the first character found in 'separators', returns the part before it and moves '*s'
 * behind it.  At the end of '*s' returns what is left and sets 's->s' to NULL. */
struct str str_cut(struct str *s, const char *separators);
char *str_dup(struct str s) MUST_USE;

/* Whole-string number parsing: false, with '*ret' unchanged, unless all of 's' is one number in range.
 * Base 0 accepts 0x and octal as C does. */
bool str_to_int64(const char *s, int base, int64_t *ret);
bool str_to_uint64(const char *s, int base, uint64_t *ret);
bool str_to_uint32(const char *s, int base, uint32_t *ret);
bool str_to_double(const char *s, double *ret);

struct buf {
    char *data;                                              /* owned; NULL while empty */
    size_t size;
    size_t capacity;
    size_t max;                                              /* hard limit for 'size' */
    bool overflowed;
};
#define BUF_INIT(MAX_SIZE) {.max = (MAX_SIZE)}
enum { BUF_NO_LIMIT = 0x7fffffff };

void buf_init(struct buf *buf, size_t max);
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf);                             /* keeps the memory, forgets the overflow */
static inline bool buf_is_ok(const struct buf *buf) { return !buf->overflowed; }
const char *buf_text(const struct buf *buf);                 /* never NULL; valid until the next write */
char *buf_take_text(struct buf *buf) MUST_USE;               /* moves the text out; 'buf' is then empty */
void *buf_reserve(struct buf *buf, size_t n);                /* 'n' more zeroed bytes, or NULL on overflow */
void buf_put(struct buf *buf, const void *p, size_t n);
void buf_put_zeros(struct buf *buf, size_t n);
void buf_puts(struct buf *buf, const char *s);
void buf_put_str(struct buf *buf, struct str s);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args);
/* Appends all that 'fd' gives, but stops at the limit.  0, or the 'errno' of what went wrong. */
int buf_read(struct buf *buf, int fd);
void buf_pull(struct buf *buf, size_t n);                    /* removes the first 'n' bytes */
void buf_truncate(struct buf *buf, size_t size);
void buf_set_max(struct buf *buf, size_t max);               /* at least what it holds; forgets the overflow */

/* The text 's' as a JSON string with its quotes (RFC 8259), also OVN's quoting. */
void buf_put_json_string(struct buf *buf, struct str s);

#endif
