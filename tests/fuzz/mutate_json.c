/* SPDX-License-Identifier: Apache-2.0 */
/* For fuzz targets whose lines hold JSON, perhaps behind a letter: changes one line's JSON as JSON, so that what was
 * well-formed stays so.  Three times in ten, and where there is no JSON, libFuzzer changes bytes as ever. */
#include <config.h>

#include <string.h>

#include "lib/base/json.h"
#include "lib/base/rng.h"
#include "lib/base/str.h"
#include "lib/base/vec.h"
#include "tests/fuzz/fuzz.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);    /* libFuzzer's */

/* A value and where it is. */
struct place {
    json_t *parent;
    const char *name;                                        /* in an object, or ... */
    size_t index;                                            /* ... in an array */
    json_t *value;
};
VEC_DEFINE(places, struct place);

static void
collect(json_t *parent, struct places *ret)
{
    size_t i;
    const char *name;
    json_t *value;
    json_array_foreach (parent, i, value) {
        vec_push(ret, (struct place) {.parent = parent, .index = i, .value = value});
        collect(value, ret);
    }
    json_object_foreach (parent, name, value) {
        vec_push(ret, (struct place) {.parent = parent, .name = name, .value = value});
        collect(value, ret);
    }
}

static json_t *
new_value(struct rng *rng)
{
    static const char *const values[] = {
        "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "1e20", "1.5", "true", "false", "null", "\"\"", "\"a\"",
        "[]", "{}", "[\"set\",[]]", "[\"map\",[]]", "[\"set\",[1,2]]", "[\"set\",[\"a\",\"b\"]]", "[\"map\",[[\"a\",\"b\"]]]",
        "[\"uuid\",\"11111111-1111-1111-1111-111111111111\"]", "[\"named-uuid\",\"a\"]", "[\"_uuid\",\"==\",[\"named-uuid\",\"a\"]]",
        "\"==\"", "\"!=\"", "\"<\"", "\"includes\"", "\"excludes\"", "\"+=\"", "\"/=\"", "\"insert\"", "\"delete\"", "\"_uuid\"",
        "\"_version\"", "{\"op\":\"insert\",\"table\":\"A\",\"row\":{}}", "{\"op\":\"delete\",\"table\":\"A\",\"where\":[]}",
        "{\"op\":\"select\",\"table\":\"B\",\"where\":[]}", "{\"op\":\"abort\"}", "{\"op\":\"commit\",\"durable\":true}",
        "{\"key\":\"integer\",\"min\":0,\"max\":\"unlimited\"}", "{\"type\":\"uuid\",\"refTable\":\"B\",\"refType\":\"weak\"}",
    };
    return json_loads(values[rng_below(rng, ARRAY_SIZE(values))], JSON_DECODE_ANY, NULL);
}

static void
put(const struct place *at, json_t *value /* taken */)
{
    if (at->name) {
        json_object_set_new(at->parent, at->name, value);
    } else {
        json_array_set_new(at->parent, at->index, value);
    }
}

static void
change(struct rng *rng, const struct place *at, const struct place *other)
{
    const char *name = other->name ? other->name : json_is_string(other->value) ? json_string_value(other->value) : "a";
    switch (rng_below(rng, 6)) {
    case 0: put(at, json_deep_copy(other->value)); break;
    case 1: put(at, new_value(rng)); break;
    case 2:
        if (at->name) {
            json_object_set_new(at->parent, name, json_deep_copy(at->value));    /* a member more */
        } else {
            json_array_insert_new(at->parent, at->index, json_deep_copy(other->value));
        }
        break;
    case 3:
        if (at->name) {
            json_object_set_new(at->parent, name, json_deep_copy(at->value));
            json_object_del(at->parent, at->name);           /* 'at' is no more */
        } else {
            json_array_remove(at->parent, at->index);
        }
        break;
    case 4:
        if (json_is_integer(at->value)) {
            put(at, json_integer((json_int_t) ((uint64_t) json_integer_value(at->value) + rng_below(rng, 5) - 2)));
        } else {
            put(at, json_pack("[s, [O]]", "set", at->value));
        }
        break;
    default: put(at, json_string(name)); break;
    }
}

/* Changes 'json'; false if there is nothing to change. */
static bool
mutate(struct rng *rng, json_t *json)
{
    struct places places = {0};
    collect(json, &places);
    bool any = places.n > 0;
    if (any) {
        struct place at = places.d[rng_below(rng, (uint32_t) places.n)], other = places.d[rng_below(rng, (uint32_t) places.n)];
        json_t *hold = json_deep_copy(other.value);          /* it may be part of what goes */
        other.value = hold;
        char *name = other.name ? xstrdup(other.name) : NULL, *at_name = at.name ? xstrdup(at.name) : NULL;
        other.name = name;
        at.name = at_name;
        change(rng, &at, &other);
        free(name);
        free(at_name);
        json_decref(hold);
    }
    vec_fini(&places);
    return any;
}

/* The line that contains the byte at 'at'. */
static struct str
line_at(const uint8_t *data, size_t size, size_t at)
{
    size_t start = at, end = at;
    while (start && data[start - 1] != '\n') {
        start--;
    }
    while (end < size && data[end] != '\n') {
        end++;
    }
    return str_n((const char *) data + start, end - start);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    struct rng rng = {.state = seed};
    if (!size || rng_below(&rng, 10) < 3) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    struct str line = line_at(data, size, rng_below(&rng, (uint32_t) size));
    size_t skip = line.n && line.s[0] != '{' && line.s[0] != '[';
    json_t *json = json_loadb(line.s + skip, line.n - skip, 0, NULL);
    if (!json || !mutate(&rng, json)) {
        json_decref(json);
        return LLVMFuzzerMutate(data, size, max_size);
    }
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    const char *start = (const char *) data;
    buf_put(&out, start, (size_t) (line.s - start) + skip);
    buf_put_json(&out, json);
    buf_put(&out, line.s + line.n, size - (size_t) (line.s + line.n - start));
    json_decref(json);
    if (out.size <= max_size) {
        size = out.size;
        memcpy(data, out.data, size);
    } else {
        size = LLVMFuzzerMutate(data, size, max_size);
    }
    buf_fini(&out);
    return size;
}
