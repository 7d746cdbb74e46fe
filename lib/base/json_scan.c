/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/json_scan.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/base/utf8.h"

void
json_scan_init(struct json_scan *s, struct str text)
{
    *s = (struct json_scan) {.start = text.s, .p = text.s, .end = text.s + text.n, .scratch = BUF_INIT(BUF_NO_LIMIT)};
}

void
json_scan_fini(struct json_scan *s)
{
    buf_fini(&s->scratch);
}

struct err *
json_scan_error(const struct json_scan *s)
{
    if (!s->problem) {
        return NULL;
    }
    int line = 1;
    int column = 1;
    for (const char *p = s->start; p < s->problem_at; p++) {
        column++;
        if (*p == '\n') {
            line++;
            column = 1;
        }
    }
    return err_tagged("syntax error", "line %d, column %d, byte %zu: %s", line, column,
                      (size_t) (s->problem_at - s->start), s->problem);
}

bool
json_scan_fail(struct json_scan *s, const char *problem)
{
    if (!s->problem) {
        s->problem = problem;
        s->problem_at = s->p;
        s->p = s->end;
    }
    return false;
}

/* Structure. */

static inline void
skip_space(struct json_scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r')) {
        s->p++;
    }
}

char
json_scan_peek(struct json_scan *s)
{
    skip_space(s);
    return s->p < s->end ? *s->p : '\0';
}

static bool
consume(struct json_scan *s, char c, const char *problem)
{
    if (json_scan_peek(s) != c || s->p == s->end) {
        return json_scan_fail(s, problem);
    }
    s->p++;
    return true;
}

bool
json_scan_object(struct json_scan *s)
{
    s->is_first = true;
    return consume(s, '{', "expected an object");
}

bool
json_scan_array(struct json_scan *s)
{
    s->is_first = true;
    return consume(s, '[', "expected an array");
}

/* Consumes the comma before the next item, if there is one; the closing bracket 'end', if there is none. */
static bool
next_item(struct json_scan *s, char end, const char *problem)
{
    char c = json_scan_peek(s);
    if (s->problem) {
        return false;
    }
    bool is_first = s->is_first;
    s->is_first = false;
    if (c == end) {
        s->p++;
        return false;
    }
    return is_first || consume(s, ',', problem);
}

bool
json_scan_member(struct json_scan *s, struct str *ret_name)
{
    return next_item(s, '}', "expected ',' or '}'") && json_scan_string(s, ret_name)
           && consume(s, ':', "expected ':'");
}

bool
json_scan_element(struct json_scan *s)
{
    return next_item(s, ']', "expected ',' or ']'");
}

bool
json_scan_end(struct json_scan *s)
{
    skip_space(s);
    return s->p == s->end ? !s->problem : json_scan_fail(s, "trailing garbage at end of input");
}

/* Strings. */

static bool
scan_hex4(struct json_scan *s, uint32_t *ret)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = s->p < s->end ? *s->p++ : '\0';
        if (c >= '0' && c <= '9') {
            value = value * 16 + (uint32_t) (c - '0');
        } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
            value = value * 16 + (uint32_t) ((c | 32) - 'a' + 10);
        } else {
            return json_scan_fail(s, "malformed \\u escape");
        }
    }
    *ret = value;
    return true;
}

static void
put_utf8(struct buf *buf, uint32_t c)
{
    char text[4];
    size_t n = 0;
    if (c < 0x80) {
        text[n++] = (char) c;
    } else if (c < 0x800) {
        text[n++] = (char) (0xc0 | c >> 6);
        text[n++] = (char) (0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        text[n++] = (char) (0xe0 | c >> 12);
        text[n++] = (char) (0x80 | (c >> 6 & 0x3f));
        text[n++] = (char) (0x80 | (c & 0x3f));
    } else {
        text[n++] = (char) (0xf0 | c >> 18);
        text[n++] = (char) (0x80 | (c >> 12 & 0x3f));
        text[n++] = (char) (0x80 | (c >> 6 & 0x3f));
        text[n++] = (char) (0x80 | (c & 0x3f));
    }
    buf_put(buf, text, n);
}

/* Behind "\u". */
static bool
scan_unicode_escape(struct json_scan *s)
{
    uint32_t c;
    uint32_t low;
    if (!scan_hex4(s, &c)) {
        return false;
    }
    if (!c) {
        return json_scan_fail(s, "null bytes not supported in quoted strings");
    }
    if (c >= 0xdc00 && c < 0xe000) {
        return json_scan_fail(s, "malformed escaped surrogate pair");
    }
    if (c >= 0xd800 && c < 0xdc00) {
        if (s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u') {
            return json_scan_fail(s, "malformed escaped surrogate pair");
        }
        s->p += 2;
        if (!scan_hex4(s, &low)) {
            return false;
        }
        if (low < 0xdc00 || low >= 0xe000) {
            return json_scan_fail(s, "malformed escaped surrogate pair");
        }
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(&s->scratch, c);
    return true;
}

static bool
scan_escape(struct json_scan *s)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char c = s->p < s->end ? *s->p++ : '\0';
    if (c == 'u') {
        return scan_unicode_escape(s);
    }
    const char *at = c ? strchr(from, c) : NULL;
    if (!at) {
        return json_scan_fail(s, "bad escape");
    }
    buf_putc(&s->scratch, to[at - from]);
    return true;
}

/* Bytes that may stand in a string as they are and alone. */
static inline bool
is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Whether all of the eight bytes at 'p' are plain: each term has the top bit set in a byte that is not. */
static inline bool
are_plain(const char *p)
{
    static const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    uint64_t quotes = (bytes ^ '"' * ones) - ones, backslashes = (bytes ^ '\\' * ones) - ones;
    return !((bytes | (bytes - 0x20 * ones) | quotes | backslashes) & 0x80 * ones);
}

static inline void
skip_plain(struct json_scan *s)
{
    while (s->end - s->p >= 8 && are_plain(s->p)) {
        s->p += 8;
    }
    while (s->p < s->end && is_plain((unsigned char) *s->p)) {
        s->p++;
    }
}

bool
json_scan_string(struct json_scan *s, struct str *ret)
{
    if (!consume(s, '"', "expected a string")) {
        return false;
    }
    const char *run = s->p;                                  /* start of what is not in 'scratch' yet */
    bool has_escapes = false;
    for (;;) {
        skip_plain(s);
        if (s->p == s->end) {
            return json_scan_fail(s, "unexpected end of input in quoted string");
        }
        unsigned char c = (unsigned char) *s->p;
        if (c >= 0x80) {
            size_t n = utf8_sequence_length(s->p, (size_t) (s->end - s->p));
            if (!n) {
                return json_scan_fail(s, "invalid UTF-8");
            }
            s->p += n;
        } else if (c < 0x20) {
            return json_scan_fail(s, "control character in quoted string");
        } else {
            if (has_escapes || c == '\\') {
                if (!has_escapes) {
                    buf_clear(&s->scratch);
                    has_escapes = true;
                }
                buf_put(&s->scratch, run, (size_t) (s->p - run));
            }
            s->p++;
            if (c == '"') {
                *ret = has_escapes ? str_n(buf_text(&s->scratch), s->scratch.size)
                                   : str_n(run, (size_t) (s->p - 1 - run));
                return true;
            }
            if (!scan_escape(s)) {
                return false;
            }
            run = s->p;
        }
    }
}

/* Numbers and names. */

static size_t
skip_digits(struct json_scan *s)
{
    const char *start = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9') {
        s->p++;
    }
    return (size_t) (s->p - start);
}

/* Consumes the digits of an integer.  '*ret' is garbage, and '*ret_fits' false, if they do not fit. */
static bool
scan_whole_part(struct json_scan *s, int64_t *ret, bool *ret_fits)
{
    bool is_negative = *s->p == '-';
    s->p += is_negative;
    const char *digits = s->p;
    size_t n = skip_digits(s);
    if (!n || (n > 1 && *digits == '0')) {
        return json_scan_fail(s, "malformed number");
    }
    uint64_t value = 0;
    for (size_t i = 0; i < n && i < 19; i++) {
        value = value * 10 + (uint64_t) (digits[i] - '0');
    }
    *ret_fits = n <= 19 && value <= (uint64_t) INT64_MAX + is_negative;
    *ret = is_negative ? (int64_t) -value : (int64_t) value;
    return true;
}

/* The number in [start, s->p) as a double. */
static bool
convert_real(struct json_scan *s, const char *start, double *ret)
{
    size_t n = (size_t) (s->p - start);
    char *text = xmemdup0(start, n);
    double real = strtod(text, NULL);
    free(text);
    if (!isfinite(real)) {
        return json_scan_fail(s, "number outside valid range");
    }
    *ret = real;
    return true;
}

bool
json_scan_number(struct json_scan *s, bool *ret_is_integer, int64_t *ret_integer, double *ret_real)
{
    char c = json_scan_peek(s);
    if (c != '-' && (c < '0' || c > '9')) {
        return json_scan_fail(s, "expected a value");
    }
    const char *start = s->p;
    bool is_integer;
    if (!scan_whole_part(s, ret_integer, &is_integer)) {
        return false;
    }
    if (s->p < s->end && *s->p == '.') {
        is_integer = false;
        s->p++;
        if (!skip_digits(s)) {
            return json_scan_fail(s, "malformed number");
        }
    }
    if (s->p < s->end && (*s->p | 32) == 'e') {
        is_integer = false;
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-')) {
            s->p++;
        }
        if (!skip_digits(s)) {
            return json_scan_fail(s, "malformed number");
        }
    }
    *ret_is_integer = is_integer;
    return is_integer || convert_real(s, start, ret_real);
}

bool
json_integer_from_real(double real, int64_t *ret)
{
    if (real != floor(real) || real < -9223372036854775808.0 || real >= 9223372036854775808.0) {
        return false;
    }
    *ret = (int64_t) real;
    return true;
}

bool
json_scan_integer(struct json_scan *s, int64_t *ret)
{
    bool is_integer;
    double real;
    if (!json_scan_number(s, &is_integer, ret, &real)) {
        return false;
    }
    return is_integer || json_integer_from_real(real, ret) || json_scan_fail(s, "expected an integer");
}

static bool
consume_word(struct json_scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t) (s->end - s->p) < n || memcmp(s->p, word, n)) {
        return json_scan_fail(s, "invalid keyword");
    }
    s->p += n;
    return true;
}

bool
json_scan_boolean(struct json_scan *s, bool *ret)
{
    *ret = json_scan_peek(s) == 't';
    return consume_word(s, *ret ? "true" : "false");
}

bool
json_scan_null(struct json_scan *s)
{
    skip_space(s);
    return consume_word(s, "null");
}

static bool
skip_scalar(struct json_scan *s)
{
    struct str string;
    bool flag;
    int64_t integer;
    double real;
    switch (json_scan_peek(s)) {
    case '"': return json_scan_string(s, &string);
    case 't':
    case 'f': return json_scan_boolean(s, &flag);
    case 'n': return json_scan_null(s);
    default: return json_scan_number(s, &flag, &integer, &real);
    }
}

/* The obvious recursion would let the text choose how deep our stack goes. */
bool
json_scan_skip(struct json_scan *s)
{
    bool is_object[JSON_MAX_DEPTH];
    int depth = 0;
    do {
        struct str name;
        bool found = true;
        if (depth) {
            found = is_object[depth - 1] ? json_scan_member(s, &name) : json_scan_element(s);
        }
        if (s->problem) {
            return false;
        }
        if (!found) {
            depth--;
            continue;
        }
        char c = json_scan_peek(s);
        if (c != '{' && c != '[') {
            if (!skip_scalar(s)) {
                return false;
            }
        } else if (depth == JSON_MAX_DEPTH) {
            return json_scan_fail(s, JSON_TOO_DEEP);
        } else {
            is_object[depth++] = c == '{';
            s->p++;
            s->is_first = true;
        }
    } while (depth);
    return true;
}
