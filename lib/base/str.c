/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/mem.h"

int
str_cmp(struct str a, struct str b)
{
    size_t n = MIN(a.n, b.n);
    int order = n ? memcmp(a.s, b.s, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

int
strings_cmp(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

bool
str_starts(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && !memcmp(s.s, prefix, n);
}

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str
str_trim(struct str s)
{
    while (s.n && is_space(s.s[0])) {
        s.s++;
        s.n--;
    }
    while (s.n && is_space(s.s[s.n - 1])) {
        s.n--;
    }
    return s;
}

struct str
str_cut(struct str *s, const char *separators)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->s[i] && strchr(separators, s->s[i])) {
            struct str head = {s->s, i};
            *s = str_n(s->s + i + 1, s->n - i - 1);
            return head;
        }
    }
    struct str all = *s;
    *s = (struct str) {NULL, 0};
    return all;
}

char *
str_dup(struct str s)
{
    return xmemdup0(s.s, s.n);
}

/* strto*() skip leading space and accept a sign even for unsigned numbers: refuse both. */
static bool
starts_like_number(const char *s, bool allow_sign)
{
    if (allow_sign && (*s == '-' || *s == '+')) {
        s++;
    }
    return *s >= '0' && *s <= '9';
}

bool
str_to_int64(const char *s, int base, int64_t *ret)
{
    char *end;
    if (!starts_like_number(s, true) && base != 16) {
        return false;
    }
    errno = 0;
    long long int value = strtoll(s, &end, base);
    if (errno || end == s || *end) {
        return false;
    }
    *ret = value;
    return true;
}

bool
str_to_uint64(const char *s, int base, uint64_t *ret)
{
    char *end;
    if ((!starts_like_number(s, false) && base != 16) || *s == '-' || is_space(*s)) {
        return false;
    }
    errno = 0;
    unsigned long long int value = strtoull(s, &end, base);
    if (errno || end == s || *end) {
        return false;
    }
    *ret = value;
    return true;
}

bool
str_to_uint32(const char *s, int base, uint32_t *ret)
{
    uint64_t value;
    if (!str_to_uint64(s, base, &value) || value > UINT32_MAX) {
        return false;
    }
    *ret = (uint32_t) value;
    return true;
}

bool
str_to_double(const char *s, double *ret)
{
    char *end;
    if (!*s || is_space(*s)) {
        return false;
    }
    errno = 0;
    double value = strtod(s, &end);
    if (errno || end == s || *end) {
        return false;
    }
    *ret = value;
    return true;
}

void
buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf) {.max = max};
}

void
buf_fini(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf) {.max = buf->max};
}

void
buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->overflowed = false;
    if (buf->data) {
        buf->data[0] = '\0';
    }
}

const char *
buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

char *
buf_take_text(struct buf *buf)
{
    char *text = buf->data ? buf->data : xstrdup("");
    *buf = (struct buf) {.max = buf->max};
    return text;
}

/* Makes room for 'n' more bytes and the NUL.  False when that would pass the limit. */
static bool
buf_make_room(struct buf *buf, size_t n)
{
    if (buf->overflowed || n > buf->max - buf->size) {
        buf->overflowed = true;
        return false;
    }
    if (buf->size + n + 1 > buf->capacity) {
        buf->capacity = MAX(buf->size + n + 1, buf->capacity ? buf->capacity * 2 : 64);
        buf->data = xrealloc(buf->data, buf->capacity);
    }
    return true;
}

void *
buf_reserve(struct buf *buf, size_t n)
{
    if (!buf_make_room(buf, n)) {
        return NULL;
    }
    char *p = buf->data + buf->size;
    buf->size += n;
    memset(p, 0, n + 1);
    return p;
}

void
buf_put(struct buf *buf, const void *p, size_t n)
{
    if (buf_make_room(buf, n)) {
        if (n) {
            memcpy(buf->data + buf->size, p, n);
        }
        buf->size += n;
        buf->data[buf->size] = '\0';
    }
}

void
buf_put_zeros(struct buf *buf, size_t n)
{
    buf_reserve(buf, n);
}

void
buf_puts(struct buf *buf, const char *s)
{
    buf_put(buf, s, strlen(s));
}

void
buf_put_str(struct buf *buf, struct str s)
{
    buf_put(buf, s.s, s.n);
}

void
buf_putc(struct buf *buf, char c)
{
    buf_put(buf, &c, 1);
}

void
buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    size_t room = buf->capacity > buf->size ? buf->capacity - buf->size : 0;
    int length = vsnprintf(room ? buf->data + buf->size : NULL, room, format, args);
    CHECK(length >= 0);
    size_t n = (size_t) length;
    bool in_place = n < room && n <= buf->max - buf->size && !buf->overflowed;
    if (in_place) {
        buf->size += n;
    } else if (buf_make_room(buf, n)) {
        vsnprintf(buf->data + buf->size, n + 1, format, again);
        buf->size += n;
    } else if (room) {
        buf->data[buf->size] = '\0';
    }
    va_end(again);
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}

int
buf_read(struct buf *buf, int fd)
{
    char piece[4096];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n > 0) {
            buf_put(buf, piece, (size_t) n);
        } else if (!n || errno != EINTR) {
            return n ? errno : 0;
        }
        if (!buf_is_ok(buf)) {
            return 0;
        }
    }
}

void
buf_pull(struct buf *buf, size_t n)
{
    CHECK(n <= buf->size);
    if (n) {
        memmove(buf->data, buf->data + n, buf->size - n + 1);
        buf->size -= n;
    }
}

void
buf_truncate(struct buf *buf, size_t size)
{
    CHECK(size <= buf->size);
    if (buf->data) {
        buf->size = size;
        buf->data[size] = '\0';
    }
}

void
buf_set_max(struct buf *buf, size_t max)
{
    CHECK(max >= buf->size);
    buf->max = max;
    buf->overflowed = false;
}

void
buf_put_json_string(struct buf *buf, struct str s)
{
    buf_putc(buf, '"');
    size_t plain = 0;                                        /* start of the run not yet written */
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char) s.s[i];
        if (c >= ' ' && c != '"' && c != '\\') {
            continue;
        }
        buf_put(buf, s.s + plain, i - plain);
        plain = i + 1;
        switch (c) {
        case '"': buf_puts(buf, "\\\""); break;
        case '\\': buf_puts(buf, "\\\\"); break;
        case '\b': buf_puts(buf, "\\b"); break;
        case '\f': buf_puts(buf, "\\f"); break;
        case '\n': buf_puts(buf, "\\n"); break;
        case '\r': buf_puts(buf, "\\r"); break;
        case '\t': buf_puts(buf, "\\t"); break;
        default: buf_printf(buf, "\\u%04x", c);
        }
    }
    buf_put(buf, s.s + plain, s.n - plain);
    buf_putc(buf, '"');
}
