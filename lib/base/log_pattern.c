/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/log_pattern.h"

#include <time.h>

/* One escape: '%', '-' or '0' flags, a field width, a letter, and for some letters "{argument}". */
struct escape {
    bool left;
    char pad;
    size_t width;
    char letter;
    struct str argument;                                     /* 's' is NULL when there is none */
};

static const char *parse_escape(const char *p, struct escape *ret);
static void expand(struct buf *out, const struct escape *escape, const struct log_record *record);
static void put_padded(struct buf *out, const struct escape *escape, struct str text);

void
log_pattern_put(struct buf *out, const char *pattern, const struct log_record *record)
{
    struct buf field = BUF_INIT(BUF_NO_LIMIT);
    for (const char *p = pattern; *p;) {
        if (*p != '%' || !p[1]) {
            buf_putc(out, *p++);
            continue;
        }
        struct escape escape;
        p = parse_escape(p + 1, &escape);
        if (!escape.width) {
            expand(out, &escape, record);
        } else {
            buf_clear(&field);
            expand(&field, &escape, record);
            put_padded(out, &escape, str_from(buf_text(&field)));
        }
    }
    buf_fini(&field);
}

/* Parses what follows a '%' at 'p'; returns where the text goes on. */
static const char *
parse_escape(const char *p, struct escape *ret)
{
    enum { MAX_WIDTH = 1000 };
    *ret = (struct escape) {.pad = ' '};
    for (;; p++) {
        if (*p == '-') {
            ret->left = true;
        } else if (*p == '0') {
            ret->pad = '0';
        } else {
            break;
        }
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        ret->width = MIN(ret->width * 10 + (size_t) (*p - '0'), (size_t) MAX_WIDTH);
    }
    if (*p) {
        ret->letter = *p++;
    }
    const char *end = *p == '{' ? strchr(p, '}') : NULL;
    if (end) {
        ret->argument = str_n(p + 1, (size_t) (end - p - 1));
        p = end + 1;
    }
    return p;
}

/* As strftime(), with each '#' then replaced by a digit of the fraction of the second. */
static void
put_time(struct buf *out, struct str format, int64_t wall_ms, bool utc)
{
    char spec[128], text[512];
    size_t n = MIN(format.n, sizeof spec - 1);
    memcpy(spec, format.s, n);
    spec[n] = '\0';
    time_t seconds = wall_ms / 1000;
    struct tm tm;
    if (utc) {
        gmtime_r(&seconds, &tm);
    } else {
        localtime_r(&seconds, &tm);
    }
    size_t length = strftime(text, sizeof text, spec, &tm);
    int fraction = (int) (wall_ms % 1000), scale = 100;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '#') {
            text[i] = (char) ('0' + (scale ? fraction / scale % 10 : 0));
            scale /= 10;
        }
    }
    buf_put(out, text, length);
}

static void
expand(struct buf *out, const struct escape *escape, const struct log_record *record)
{
    switch (escape->letter) {
    case '\0': break;
    case 'A': buf_puts(out, record->program); break;
    case 'B': buf_printf(out, "%d", record->priority); break;
    case 'c': buf_puts(out, record->module); break;
    case 'd':
    case 'D':
        put_time(out, escape->argument.s ? escape->argument : str_from("%Y-%m-%d %H:%M:%S.###"),
                 record->wall_ms, escape->letter == 'D');
        break;
    case 'E': buf_puts(out, record->host); break;
    case 'm': buf_puts(out, record->text); break;
    case 'N': buf_printf(out, "%u", record->sequence); break;
    case 'n': buf_putc(out, '\n'); break;
    case 'p': buf_puts(out, record->level); break;
    case 'P': buf_printf(out, "%d", record->pid); break;
    case 'r': buf_printf(out, "%lld", (long long) record->age_ms); break;
    case 't': buf_puts(out, *record->subprogram ? record->subprogram : "main"); break;
    case 'T':
        if (*record->subprogram) {
            buf_printf(out, "(%s)", record->subprogram);
        }
        break;
    default: buf_putc(out, escape->letter); break;
    }
}

static void
put_padded(struct buf *out, const struct escape *escape, struct str text)
{
    size_t padding = text.n < escape->width ? escape->width - text.n : 0;
    if (escape->left) {
        buf_put_str(out, text);
    }
    for (size_t i = 0; i < padding; i++) {
        buf_putc(out, escape->left ? ' ' : escape->pad);
    }
    if (!escape->left) {
        buf_put_str(out, text);
    }
}
