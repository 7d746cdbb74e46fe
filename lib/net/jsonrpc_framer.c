/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/jsonrpc.h"

static bool
is_white_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Advances from 'i' to just behind the string's closing quote, or to 'n'. */
static size_t
skip_string(struct jsonrpc_framer *framer, const char *p, size_t i, size_t n)
{
    for (; i < n; i++) {
        if (framer->in_escape) {
            framer->in_escape = false;
        } else if (p[i] == '\\') {
            framer->in_escape = true;
        } else if (p[i] == '"') {
            framer->in_string = false;
            return i + 1;
        }
    }
    return i;
}

size_t
jsonrpc_framer_feed(struct jsonrpc_framer *framer, const char *p, size_t n, struct err **ret_err)
{
    *ret_err = NULL;
    for (size_t i = 0; i < n;) {
        if (framer->in_string) {
            i = skip_string(framer, p, i, n);
            continue;
        }
        char c = p[i++];
        if (c == '{' || c == '[') {
            if (++framer->depth > JSONRPC_MAX_DEPTH) {
                *ret_err = err_new("JSON nested deeper than %d levels", JSONRPC_MAX_DEPTH);
                return 0;
            }
        } else if (!framer->depth) {
            if (!is_white_space(c)) {
                *ret_err = err_new("not JSON: message starts with byte 0x%02x", (unsigned char) c);
                return 0;
            }
        } else if (c == '"') {
            framer->in_string = true;
        } else if ((c == '}' || c == ']') && !--framer->depth) {
            size_t length = framer->scanned + i;
            framer->scanned = 0;
            return length;
        }
    }
    framer->scanned += n;
    return 0;
}
