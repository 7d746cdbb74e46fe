/* SPDX-License-Identifier: Apache-2.0 */
/* Values in JSON (RFC 7047 section 5.1), read straight from text.  The twin of datum_json.c: a test and a
 * fuzz target compare the two. */
#include <config.h>

#include "ovsdb/model/datum_scan.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "ovsdb/model/datum_private.h"
#include "ovsdb/model/schema_private.h"

static const char SYNTAX[] = "syntax error";

enum {
    STRING_CACHE_SIZE = 4096,
    STRING_CACHE_MIN_TEXT = 4096,                            /* bytes; below that it costs more than it saves */
    STRING_CACHE_MAX_LENGTH = 256,                           /* of a string */
};

struct string_cache {
    struct atom_string *slots[STRING_CACHE_SIZE];            /* by hash; NULL: free */
};

struct string_cache *
string_cache_new(size_t text_size)
{
    return text_size > STRING_CACHE_MIN_TEXT ? xcalloc(1, sizeof(struct string_cache)) : NULL;
}

void
string_cache_free(struct string_cache *cache)
{
    for (size_t i = 0; cache && i < STRING_CACHE_SIZE; i++) {
        atom_string_unref(cache->slots[i]);
    }
    free(cache);
}

static struct atom_string *
string_cache_get(struct string_cache *cache, struct str text)
{
    if (!cache || text.n > STRING_CACHE_MAX_LENGTH) {
        return atom_string_new(text);
    }
    struct atom_string **slot = &cache->slots[hash_bytes64(text.s, text.n, 0) % STRING_CACHE_SIZE];
    if (!*slot || !str_eq(text, str_n((*slot)->text, (*slot)->length))) {
        atom_string_unref(*slot);
        *slot = atom_string_new(text);
    }
    return atom_string_ref(*slot);
}

/* The error of a value that is not what its column wants, or the one that the scanner met before. */
static struct err *
expected(struct json_scan *s, const char *what)
{
    struct err *e = json_scan_error(s);
    return e ? e : err_tagged(SYNTAX, "expected %s", what);
}

static struct err *
scan_uuid(struct json_scan *s, struct uuid *ret)
{
    static const char shape[] = "[\"uuid\", <string>]";
    struct str text;
    if (json_scan_peek(s) != '[') {
        return expected(s, shape);
    }
    json_scan_array(s);
    if (!json_scan_element(s) || json_scan_peek(s) != '"' || !json_scan_string(s, &text) || !str_is(text, "uuid")
        || !json_scan_element(s) || json_scan_peek(s) != '"' || !json_scan_string(s, &text)) {
        return expected(s, shape);
    }
    if (!uuid_from_text(text, ret)) {
        return err_tagged(SYNTAX, "\"" STR_FMT "\" is not a valid UUID", STR_ARG(text));
    }
    return json_scan_element(s) || !json_scan_is_ok(s) ? expected(s, shape) : NULL;
}

static bool
is_number(char c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

static struct err *
scan_integer(struct json_scan *s, int64_t *ret)
{
    bool is_integer;
    double real;
    if (!is_number(json_scan_peek(s)) || !json_scan_number(s, &is_integer, ret, &real)) {
        return expected(s, "integer");
    }
    return is_integer || json_integer_from_real(real, ret) ? NULL : expected(s, "integer");
}

static struct err *
scan_real(struct json_scan *s, double *ret)
{
    bool is_integer;
    int64_t integer;
    if (!is_number(json_scan_peek(s)) || !json_scan_number(s, &is_integer, &integer, ret)) {
        return expected(s, "real");
    }
    if (is_integer) {
        *ret = (double) integer;
    }
    return NULL;
}

static struct err *
scan_boolean(struct json_scan *s, bool *ret)
{
    char c = json_scan_peek(s);
    return (c == 't' || c == 'f') && json_scan_boolean(s, ret) ? NULL : expected(s, "boolean");
}

static struct err *
scan_string(struct json_scan *s, struct string_cache *strings, struct atom_string **ret)
{
    struct str text;
    if (json_scan_peek(s) != '"' || !json_scan_string(s, &text)) {
        return expected(s, "string");
    }
    *ret = string_cache_get(strings, text);
    return NULL;
}

static struct err *
scan_atom(struct json_scan *s, struct string_cache *strings, const struct base_type *base, union atom *ret)
{
    union atom atom;
    struct err *e = NULL;
    memset(&atom, 0, sizeof atom);
    switch (base->type) {
    case ATOM_INTEGER: e = scan_integer(s, &atom.integer); break;
    case ATOM_REAL: e = scan_real(s, &atom.real); break;
    case ATOM_BOOLEAN: e = scan_boolean(s, &atom.boolean); break;
    case ATOM_STRING: e = scan_string(s, strings, &atom.string); break;
    case ATOM_UUID: e = scan_uuid(s, &atom.uuid); break;
    case ATOM_VOID:
    case ATOM_N_TYPES: CHECK(!"a type that has values");
    }
    return e ? e : atom_accept(ret, &atom, base);
}

struct elements {
    VEC(union atom) keys;
    VEC(union atom) values;
};

static struct err *
scan_pair(struct json_scan *s, struct string_cache *strings, const struct column_type *type, struct elements *out)
{
    static const char shape[] = "2-element array";
    union atom key;
    union atom value;
    if (json_scan_peek(s) != '[' || !json_scan_array(s) || !json_scan_element(s)) {
        return expected(s, shape);
    }
    struct err *e = scan_atom(s, strings, &type->key, &key);
    if (e) {
        return e;
    }
    e = json_scan_element(s) ? scan_atom(s, strings, &type->value, &value) : expected(s, shape);
    if (e) {
        atom_fini(&key, type->key.type);
        return e;
    }
    vec_push(&out->keys, key);
    vec_push(&out->values, value);
    return json_scan_element(s) || !json_scan_is_ok(s) ? expected(s, shape) : NULL;
}

/* The elements up to ']', which is consumed. */
static struct err *
scan_elements(struct json_scan *s, struct string_cache *strings, const struct column_type *type,
              struct elements *out)
{
    while (json_scan_element(s)) {
        struct err *e;
        if (column_type_is_map(type)) {
            e = scan_pair(s, strings, type, out);
        } else {
            union atom key;
            e = scan_atom(s, strings, &type->key, &key);
            if (!e) {
                vec_push(&out->keys, key);
            }
        }
        if (e) {
            return e;
        }
    }
    return json_scan_error(s);
}

/* Behind the tag of ["set", [...]] or ["map", [...]]: everything up to the outer ']', inclusive. */
static struct err *
scan_collection(struct json_scan *s, struct string_cache *strings, const struct column_type *type, bool check_n,
                struct datum *ret)
{
    bool is_map = column_type_is_map(type);
    const char *shape = is_map ? "[\"map\", <array>]" : "[\"set\", <array>]";
    struct elements out = {.keys = {0}};
    struct err *e = NULL;
    if (!json_scan_element(s) || json_scan_peek(s) != '[' || !json_scan_array(s)) {
        return expected(s, shape);
    }
    e = scan_elements(s, strings, type, &out);
    if (!e && (json_scan_element(s) || !json_scan_is_ok(s))) {
        e = expected(s, shape);
    }
    if (!e && check_n) {
        e = column_type_check_n(type, (uint32_t) out.keys.n, SYNTAX);
    }
    if (e) {
        for (size_t i = 0; i < out.keys.n; i++) {
            atom_fini(&out.keys.d[i], type->key.type);
            if (is_map) {
                atom_fini(&out.values.d[i], type->value.type);
            }
        }
    } else if (!datum_init_from_atoms(ret, column_datum_type(type), out.keys.d, is_map ? out.values.d : NULL,
                                      (uint32_t) out.keys.n)) {
        e = err_tagged("ovsdb error", is_map ? "map contains duplicate key" : "set contains duplicate");
    }
    vec_fini(&out.keys);
    vec_fini(&out.values);
    return e;
}

struct err *
datum_scan(struct json_scan *s, struct string_cache *strings, const struct column_type *type, bool check_n,
           struct datum *ret)
{
    bool is_map = column_type_is_map(type);
    struct json_scan here = *s;                              /* to come back: ["uuid", ...] is an atom */
    struct str tag;
    if (json_scan_peek(s) == '[' && json_scan_array(s) && json_scan_element(s) && json_scan_peek(s) == '"'
        && json_scan_string(s, &tag) && str_is(tag, is_map ? "map" : "set")) {
        return scan_collection(s, strings, type, check_n, ret);
    }
    if (!json_scan_is_ok(s)) {
        return json_scan_error(s);
    }
    if (is_map) {
        return expected(s, "[\"map\", <array>]");
    }
    s->p = here.p;
    s->is_first = here.is_first;
    union atom atom;
    struct err *e = scan_atom(s, strings, &type->key, &atom);
    if (!e) {
        datum_init_scalar(ret, &atom);
    }
    return e;
}
