/* SPDX-License-Identifier: Apache-2.0 */
/* Values in JSON (RFC 7047 section 5.1): <value>, <atom>, <set>, <map>. */
#include <config.h>

#include "ovsdb/model/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/json_scan.h"
#include "lib/base/mem.h"
#include "ovsdb/model/datum_private.h"
#include "ovsdb/model/schema_private.h"

static const char SYNTAX[] = "syntax error";

/* Takes 'e', an error about 'json', and lets it quote that. */
static struct err *
about(struct err *e, const json_t *json)
{
    return err_add_syntax(e, json_text(json));
}

/* The integer in 'json', which may be written as a real number ("1e3"). */
static bool
integer_from_json(const json_t *json, int64_t *ret)
{
    if (json_is_integer(json)) {
        *ret = json_integer_value(json);
        return true;
    }
    return json_is_real(json) && json_integer_from_real(json_real_value(json), ret);
}

/* True, with the second element in '*ret', if 'json' is an array of two that begins with 'tag'. */
static bool
is_tagged(const json_t *json, const char *tag, const json_t **ret)
{
    if (json_array_size(json) != 2) {                        /* 0 for what is no array */
        return false;
    }
    const char *first = json_string_value(json_array_get(json, 0));
    *ret = json_array_get(json, 1);
    return first && !strcmp(first, tag);
}

static struct err *
uuid_from_json(struct uuid *ret, const json_t *json, const struct named_uuids *names)
{
    const json_t *content;
    if (is_tagged(json, "uuid", &content) && json_is_string(content)) {
        const char *text = json_string_value(content);
        if (!uuid_from_text(str_n(text, json_string_length(content)), ret)) {
            return about(err_tagged(SYNTAX, "\"%s\" is not a valid UUID", text), json);
        }
        return NULL;
    }
    if (names && is_tagged(json, "named-uuid", &content) && json_is_string(content)) {
        const char *name = json_string_value(content);
        if (!is_id(name)) {
            return about(err_tagged(SYNTAX, "named-uuid string is not a valid <id>"), json);
        }
        const struct uuid *uuid = names->resolve(names->aux, name);
        if (uuid) {
            *ret = *uuid;
            return NULL;
        }
    }
    return about(err_tagged(SYNTAX, "expected [\"uuid\", <string>]"), json);
}

/* Without constraint checks. */
static struct err *
parse_atom(union atom *ret, enum atom_type type, const json_t *json, const struct named_uuids *names)
{
    union atom atom;
    memset(&atom, 0, sizeof atom);
    bool ok = false;
    switch (type) {
    case ATOM_INTEGER:
        ok = integer_from_json(json, &atom.integer);
        break;
    case ATOM_REAL:
        ok = json_is_number(json);
        atom.real = json_number_value(json);
        break;
    case ATOM_BOOLEAN:
        ok = json_is_boolean(json);
        atom.boolean = json_is_true(json);
        break;
    case ATOM_STRING:
        ok = json_is_string(json);
        if (ok) {
            atom.string = atom_string_new(str_n(json_string_value(json), json_string_length(json)));
        }
        break;
    case ATOM_UUID: {
        struct err *e = uuid_from_json(&atom.uuid, json, names);
        if (e) {
            return e;
        }
        ok = true;
        break;
    }
    case ATOM_VOID:
    case ATOM_N_TYPES: CHECK(!"a type that has values");
    }
    if (!ok) {
        return about(err_tagged(SYNTAX, "expected %s", atom_type_name(type)), json);
    }
    *ret = atom;
    return NULL;
}

static struct err *
atom_from_json(union atom *ret, const struct base_type *base, const json_t *json, const struct named_uuids *names)
{
    union atom atom;
    struct err *e = parse_atom(&atom, base->type, json, names);
    return e ? e : atom_accept(ret, &atom, base);
}

/* Parses the pair 'json' into element 'datum->n' of the map and counts it. */
static struct err *
pair_from_json(struct datum *datum, const struct column_type *type, const json_t *json,
               const struct named_uuids *names)
{
    if (!json_is_array(json) || json_array_size(json) != 2) {
        return about(err_tagged(SYNTAX, "expected 2-element array"), json);
    }
    union atom *key = &datum->keys[datum->n];
    struct err *e = atom_from_json(key, &type->key, json_array_get(json, 0), names);
    if (e) {
        return e;
    }
    e = atom_from_json(&datum->values[datum->n], &type->value, json_array_get(json, 1), names);
    if (e) {
        atom_fini(key, type->key.type);
    } else {
        datum->n++;
    }
    return e;
}

/* The elements in the array 'elements' become '*ret'. */
static struct err *
elements_from_json(struct datum *ret, const struct column_type *type, const json_t *elements,
                   const struct named_uuids *names)
{
    struct datum_type datum_type = column_datum_type(type);
    bool is_map = column_type_is_map(type);
    uint32_t n = (uint32_t) json_array_size(elements);
    struct datum datum;
    struct err *e = NULL;
    datum_alloc(&datum, n, is_map);
    datum.n = 0;
    for (uint32_t i = 0; i < n && !e; i++) {
        const json_t *element = json_array_get(elements, i);
        if (is_map) {
            e = pair_from_json(&datum, type, element, names);
        } else {
            e = atom_from_json(datum_keys_rw(&datum) + datum.n, &type->key, element, names);
            datum.n += !e;
        }
    }
    if (!e && !datum_sort(&datum, datum_type)) {
        e = err_tagged("ovsdb error", is_map ? "map contains duplicate key" : "set contains duplicate");
    }
    if (e) {
        datum_fini(&datum, datum_type);
    } else {
        *ret = datum;
    }
    return e;
}

static struct err *
parse_datum(struct datum *ret, const struct column_type *type, const json_t *json, const struct named_uuids *names,
            bool check_n)
{
    const char *tag = column_type_is_map(type) ? "map" : "set";
    const char *first = json_string_value(json_array_get(json, 0));
    const json_t *elements;
    if (!column_type_is_map(type) && !(first && !strcmp(first, tag))) {
        union atom atom;
        struct err *e = atom_from_json(&atom, &type->key, json, names);
        if (!e) {
            datum_init_scalar(ret, &atom);
        }
        return e;
    }
    if (!is_tagged(json, tag, &elements) || !json_is_array(elements)) {
        return about(err_tagged(SYNTAX, "expected [\"%s\", <array>]", tag), json);
    }
    size_t n = json_array_size(elements);
    if (n >= UINT32_MAX) {
        return err_tagged(SYNTAX, "too many elements");
    }
    struct err *e = check_n ? column_type_check_n(type, (uint32_t) n, SYNTAX) : NULL;
    return e ? about(e, json) : elements_from_json(ret, type, elements, names);
}

struct err *
datum_from_json(struct datum *ret, const struct column_type *type, const json_t *json,
                const struct named_uuids *names)
{
    return parse_datum(ret, type, json, names, true);
}

struct err *
datum_from_json_unbounded(struct datum *ret, const struct column_type *type, const json_t *json,
                          const struct named_uuids *names)
{
    return parse_datum(ret, type, json, names, false);
}

/* Output. */

/* True if 'real' is a whole number that doubles hold exactly: written without a point. */
static bool
is_whole(double real)
{
    return real == floor(real) && fabs(real) < 1e15;
}

json_t *
atom_to_json(const union atom *atom, enum atom_type type)
{
    char text[UUID_LENGTH + 1];
    switch (type) {
    case ATOM_INTEGER: return json_integer(atom->integer);
    case ATOM_REAL: return is_whole(atom->real) ? json_integer((json_int_t) atom->real) : json_real(atom->real);
    case ATOM_BOOLEAN: return json_boolean(atom->boolean);
    case ATOM_STRING: return json_stringn_nocheck(atom->string->text, atom->string->length);
    case ATOM_UUID: return json_pack("[ss]", "uuid", uuid_format(&atom->uuid, text));
    case ATOM_VOID:
    case ATOM_N_TYPES: break;
    }
    CHECK(!"a type that has values");
    return NULL;
}

json_t *
datum_to_json(const struct datum *datum, const struct column_type *type)
{
    bool is_map = column_type_is_map(type);
    if (!is_map && datum->n == 1) {
        return atom_to_json(datum_keys(datum), type->key.type);
    }
    json_t *elements = json_array();
    for (uint32_t i = 0; i < datum->n; i++) {
        json_t *key = atom_to_json(&datum_keys(datum)[i], type->key.type);
        if (is_map) {
            json_t *pair = json_array();
            json_array_append_new(pair, key);
            json_array_append_new(pair, atom_to_json(&datum->values[i], type->value.type));
            key = pair;
        }
        json_array_append_new(elements, key);
    }
    return json_pack("[so]", is_map ? "map" : "set", elements);
}

/* The shortest decimal text that reads back as 'real'. */
static void
put_real(struct buf *buf, double real)
{
    char text[32];
    real = real == 0 ? 0 : real;                             /* -0.0 equals 0.0, and a file is to hold one text for both */
    snprintf(text, sizeof text, "%.15g", real);
    if (strtod(text, NULL) != real) {
        snprintf(text, sizeof text, "%.17g", real);
    }
    buf_puts(buf, text);
}

/* Faster than printf: uuids are most of a database. */
static void
put_integer(struct buf *buf, int64_t integer)
{
    char text[24];
    char *p = text + sizeof text;
    uint64_t u = integer < 0 ? -(uint64_t) integer : (uint64_t) integer;
    do {
        *--p = (char) ('0' + u % 10);
        u /= 10;
    } while (u);
    if (integer < 0) {
        *--p = '-';
    }
    buf_put(buf, p, (size_t) (text + sizeof text - p));
}

static void
put_uuid(struct buf *buf, const struct uuid *uuid)
{
    char text[UUID_LENGTH + 1];
    uuid_format(uuid, text);
    buf_put(buf, "[\"uuid\",\"", 9);
    buf_put(buf, text, UUID_LENGTH);
    buf_put(buf, "\"]", 2);
}

void
atom_put_json(struct buf *buf, const union atom *atom, enum atom_type type)
{
    switch (type) {
    case ATOM_INTEGER: put_integer(buf, atom->integer); return;
    case ATOM_REAL: put_real(buf, atom->real); return;
    case ATOM_BOOLEAN: buf_puts(buf, atom->boolean ? "true" : "false"); return;
    case ATOM_STRING: buf_put_json_string(buf, str_n(atom->string->text, atom->string->length)); return;
    case ATOM_UUID: put_uuid(buf, &atom->uuid); return;
    case ATOM_VOID:
    case ATOM_N_TYPES: break;
    }
    CHECK(!"a type that has values");
}

void
datum_put_json(struct buf *buf, const struct datum *datum, const struct column_type *type)
{
    const union atom *keys = datum_keys(datum);
    bool is_map = column_type_is_map(type);
    if (!is_map && datum->n == 1) {
        atom_put_json(buf, keys, type->key.type);
        return;
    }
    buf_puts(buf, is_map ? "[\"map\",[" : "[\"set\",[");
    for (uint32_t i = 0; i < datum->n; i++) {
        if (i) {
            buf_putc(buf, ',');
        }
        if (is_map) {
            buf_putc(buf, '[');
            atom_put_json(buf, &keys[i], type->key.type);
            buf_putc(buf, ',');
            atom_put_json(buf, &datum->values[i], type->value.type);
            buf_putc(buf, ']');
        } else {
            atom_put_json(buf, &keys[i], type->key.type);
        }
    }
    buf_put(buf, "]]", 2);
}
