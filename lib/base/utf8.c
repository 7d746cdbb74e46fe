/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/utf8.h"

/* Whether 'next' may be the second byte of a sequence that begins with 'first'. */
static bool
is_second(unsigned char first, unsigned char next)
{
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;      /* otherwise it is overlong; */
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;     /* a surrogate; or too large */
    return next >= low && next <= high;
}

/* How many of the 'n' bytes at 'p' can be of one sequence, whose length is '*ret_length'; none if no sequence begins so. */
static size_t
match(const char *p_, size_t n, size_t *ret_length)
{
    const unsigned char *p = (const unsigned char *) p_;
    CHECK(n > 0);
    *ret_length = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] >= 0x80 && (p[0] < 0xc2 || p[0] > 0xf4)) {
        return 0;
    }
    size_t i = 1;
    while (i < *ret_length && i < n && (i == 1 ? is_second(p[0], p[1]) : (p[i] & 0xc0) == 0x80)) {
        i++;
    }
    return i;
}

size_t
utf8_sequence_length(const char *p, size_t n)
{
    size_t length;
    return match(p, n, &length) == length ? length : 0;
}

struct str
utf8_repair(struct str text, struct buf *ret)
{
    struct str first = {0};
    size_t start = 0;                                        /* of what is not in 'ret' yet */
    for (size_t i = 0, length; i < text.n; i += length) {
        size_t n = match(text.s + i, text.n - i, &length);
        if (n < length) {
            first = first.n ? first : str_n(text.s + i, MIN(n + 1, text.n - i));
            buf_put(ret, text.s + start, i - start);
            buf_putc(ret, '?');
            start = i + 1;
            length = 1;
        }
    }
    buf_put(ret, text.s + start, text.n - start);
    return first;
}
