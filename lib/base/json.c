/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/json.h"

#include <stdlib.h>

#include "lib/base/json_scan.h"
#include "lib/base/str.h"

/* --- From text --- */

struct reader {
    struct json_scan scan;
    bool wants_unique_names;
    uint32_t depth;
};

static json_t *read_value(struct reader *r);

/* 'name' with a value read behind it, which may overwrite it. */
static void
read_member(struct reader *r, json_t *object, struct str name)
{
    char *copy = json_scan_is_in_text(&r->scan, name) ? NULL : str_dup(name);
    size_t n_before = json_object_size(object);
    json_object_setn_new_nocheck(object, copy ? copy : name.s, name.n, read_value(r));
    if (r->wants_unique_names && json_object_size(object) == n_before) {
        json_scan_fail(&r->scan, "duplicate member name in the object");
    }
    free(copy);
}

static json_t *
read_object(struct reader *r)
{
    json_t *object = json_object();
    json_scan_object(&r->scan);
    for (struct str name; json_scan_member(&r->scan, &name);) {
        read_member(r, object, name);
    }
    return object;
}

static json_t *
read_array(struct reader *r)
{
    json_t *array = json_array();
    json_scan_array(&r->scan);
    while (json_scan_element(&r->scan)) {
        json_array_append_new(array, read_value(r));
    }
    return array;
}

static json_t *
read_nested(struct reader *r, bool is_object)
{
    if (r->depth == JSON_MAX_DEPTH) {
        json_scan_fail(&r->scan, JSON_TOO_DEEP);
        return NULL;
    }
    r->depth++;
    json_t *json = is_object ? read_object(r) : read_array(r);
    r->depth--;
    return json;
}

static json_t *
read_scalar(struct reader *r, char first)
{
    struct json_scan *s = &r->scan;
    struct str string;
    int64_t integer;
    double real;
    bool flag;
    switch (first) {
    case '"': return json_scan_string(s, &string) ? json_stringn_nocheck(string.s, string.n) : NULL;
    case 't':
    case 'f': return json_scan_boolean(s, &flag) ? json_boolean(flag) : NULL;
    case 'n': return json_scan_null(s) ? json_null() : NULL;
    default:
        if (!json_scan_number(s, &flag, &integer, &real)) {
            return NULL;
        }
        return flag ? json_integer(integer) : json_real(real);
    }
}

/* NULL on error, which the callers meet again in the scanner. */
static json_t *
read_value(struct reader *r)
{
    char first = json_scan_peek(&r->scan);
    return first == '{' || first == '[' ? read_nested(r, first == '{') : read_scalar(r, first);
}

struct err *
json_parse(struct str text, unsigned flags, json_t **ret)
{
    struct reader r = {.wants_unique_names = flags & JSON_UNIQUE};
    json_scan_init(&r.scan, text);
    char first = json_scan_peek(&r.scan);
    if (first != '{' && first != '[' && !(flags & JSON_ANY)) {
        json_scan_fail(&r.scan, first ? "neither an object nor an array" : "empty input");
    }
    json_t *json = read_value(&r);
    json_scan_end(&r.scan);
    struct err *e = json_scan_error(&r.scan);
    json_scan_fini(&r.scan);
    if (e) {
        json_decref(json);
        json = NULL;
    }
    *ret = json;
    return e;
}

/* --- To text --- */

static int
append(const char *p, size_t n, void *buf)
{
    buf_put(buf, p, n);
    return 0;
}

void
buf_put_json(struct buf *buf, const json_t *json)
{
    if (!json) {
        buf_puts(buf, "null");
        return;
    }
    json_dump_callback(json, append, buf, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

char *
json_text(const json_t *json)
{
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    buf_put_json(&buf, json);
    return buf_take_text(&buf);
}
