/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/json_put.h"

#include <stdlib.h>

#include "lib/base/mem.h"

static void put_json__(struct buf *out, const json_t *json, bool is_pretty, int depth);

static void
put_json_break(struct buf *out, bool is_pretty, int depth)
{
    if (is_pretty) {
        buf_printf(out, "\n%*s", depth * 2, "");
    }
}

static void
put_json_object(struct buf *out, const json_t *json, bool is_pretty, int depth)
{
    size_t n = 0;
    const char **names = xcalloc(json_object_size(json) + 1, sizeof *names);
    for (void *i = json_object_iter((json_t *) json); i; i = json_object_iter_next((json_t *) json, i)) {
        names[n++] = json_object_iter_key(i);
    }
    qsort(names, n, sizeof *names, strings_cmp);
    buf_putc(out, '{');
    put_json_break(out, is_pretty, depth + 1);
    for (size_t i = 0; i < n; i++) {
        if (i) {
            buf_putc(out, ',');
            put_json_break(out, is_pretty, depth + 1);
        }
        buf_put_json_string(out, str_from(names[i]));
        buf_puts(out, is_pretty ? ": " : ":");
        put_json__(out, json_object_get(json, names[i]), is_pretty, depth + 1);
    }
    buf_putc(out, '}');
    free(names);
}

static void
put_json_array(struct buf *out, const json_t *json, bool is_pretty, int depth)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < json_array_size(json); i++) {
        buf_puts(out, i ? "," : "");
        put_json_break(out, is_pretty, depth + 1);
        put_json__(out, json_array_get(json, i), is_pretty, depth + 1);
    }
    buf_putc(out, ']');
}

static void
put_json__(struct buf *out, const json_t *json, bool is_pretty, int depth)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: put_json_object(out, json, is_pretty, depth); break;
    case JSON_ARRAY: put_json_array(out, json, is_pretty, depth); break;
    case JSON_STRING: buf_put_json_string(out, str_n(json_string_value(json), json_string_length(json))); break;
    case JSON_INTEGER: buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(json)); break;
    case JSON_REAL: buf_printf(out, "%.17g", json_real_value(json)); break;
    case JSON_TRUE: buf_puts(out, "true"); break;
    case JSON_FALSE: buf_puts(out, "false"); break;
    case JSON_NULL: buf_puts(out, "null"); break;
    }
}

void
json_put(struct buf *out, const json_t *json, bool is_pretty)
{
    put_json__(out, json, is_pretty, 0);
}
