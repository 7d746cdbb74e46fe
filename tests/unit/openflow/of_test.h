/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_OPENFLOW_OF_TEST_H
#define WEFT_TESTS_UNIT_OPENFLOW_OF_TEST_H

/* What: bytes as hex, for golden messages. */

#include <stdlib.h>

#include "lib/openflow/of_match.h"
#include "tests/unit/test.h"

/* The bytes as hex digits; the caller frees. */
static inline char *
to_hex(const void *p_, size_t n)
{
    const uint8_t *p = p_;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&text, "%02x", p[i]);
    }
    return buf_take_text(&text);
}

/* Appends the bytes that 'hex' names. */
static inline void
put_hex_bytes(struct buf *out, const char *hex)
{
    for (; hex[0] && hex[1]; hex += 2) {
        char pair[3] = {hex[0], hex[1], '\0'};
        buf_putc(out, (char) strtoul(pair, NULL, 16));
    }
}

static inline void
expect_hex(const struct buf *buf, const char *expected)
{
    char *hex = to_hex(buf->data, buf->size);
    assert_string_equal(hex, expected);
    free(hex);
}

static inline void
expect_match_text(const struct of_match *match, const char *expected)
{
    struct buf text = BUF_INIT(10000);
    of_match_print(match, &text);
    assert_string_equal(buf_text(&text), expected);
    buf_fini(&text);
}

#endif
