/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

MEM_TYPE(err, "errors");

struct err {
    char *tag;                                               /* or NULL */
    char *detail;
    char *syntax;                                            /* or NULL */
};

static char *
format_text(const char *format, va_list args)
{
    char *text;
    int length = vasprintf(&text, format, args);
    CHECK(length >= 0);
    return text;
}

/* Takes 'detail'. */
static struct err *
err_make(const char *tag, char *detail)
{
    struct err *err = xmalloc(sizeof *err);
    *err = (struct err) {.tag = tag ? xstrdup(tag) : NULL, .detail = detail};
    mem_add(&mem_err, 1);
    return err;
}

struct err *
err_new(const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    struct err *err = err_make(NULL, format_text(detail, args));
    va_end(args);
    return err;
}

struct err *
err_tagged(const char *tag, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    struct err *err = err_make(tag, format_text(detail, args));
    va_end(args);
    return err;
}

struct err *
err_errno(int errno_value, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    char *text = format_text(detail, args);
    va_end(args);
    char *full = xasprintf("%s: %s", text, strerror(errno_value));
    free(text);
    return err_make(NULL, full);
}

struct err *
err_wrap(struct err *err, const char *context, ...)
{
    CHECK(err);
    va_list args;
    va_start(args, context);
    char *prefix = format_text(context, args);
    va_end(args);
    char *full = xasprintf("%s: %s", prefix, err->detail);
    free(prefix);
    free(err->detail);
    err->detail = full;
    return err;
}

struct err *
err_untag(struct err *err)
{
    free(err->tag);
    err->tag = NULL;
    return err;
}

struct err *
err_add_syntax(struct err *err, char *syntax)
{
    CHECK(err);
    if (err->syntax) {
        free(syntax);
    } else {
        err->syntax = syntax;
    }
    return err;
}

struct err *
err_clone(const struct err *err)
{
    if (!err) {
        return NULL;
    }
    struct err *copy = err_make(err->tag, xstrdup(err->detail));
    copy->syntax = err->syntax ? xstrdup(err->syntax) : NULL;
    return copy;
}

void
err_free(struct err *err)
{
    if (err) {
        free(err->tag);
        free(err->detail);
        free(err->syntax);
        free(err);
        mem_add(&mem_err, -1);
    }
}

const char *
err_tag(const struct err *err)
{
    return err->tag;
}

const char *
err_detail(const struct err *err)
{
    return err->detail;
}

const char *
err_syntax(const struct err *err)
{
    return err->syntax;
}

char *
err_take_text(struct err *err)
{
    char *text = err->tag ? xasprintf("%s: %s", err->tag, err->detail) : xstrdup(err->detail);
    err_free(err);
    return text;
}

char *
err_take_full_text(struct err *err)
{
    if (!err->syntax) {
        return err_take_text(err);
    }
    char *syntax = xstrdup(err->syntax);
    char *text = err_take_text(err);
    char *full = xasprintf("syntax \"%s\": %s", syntax, text);
    free(syntax);
    free(text);
    return full;
}
