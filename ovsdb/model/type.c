/* SPDX-License-Identifier: Apache-2.0 */
/* Types of columns: RFC 7047 section 3.2, <type> and <base-type>. */
#include <config.h>

#include "ovsdb/model/type_private.h"

#include <float.h>
#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "ovsdb/model/schema_private.h"

static const char SYNTAX[] = "syntax error";

void
base_type_init(struct base_type *base, enum atom_type type)
{
    *base = (struct base_type) {
        .type = type,
        .integer_min = INT64_MIN,
        .integer_max = INT64_MAX,
        .real_min = -DBL_MAX,
        .real_max = DBL_MAX,
        .string_max = UINT32_MAX,
    };
    datum_init_empty(&base->enum_);
}

static void
base_type_fini(struct base_type *base)
{
    if (base->has_enum) {
        datum_fini(&base->enum_, (struct datum_type) {base->type, ATOM_VOID});
    }
    free(base->ref_table_name);
}

void
column_type_fini(struct column_type *type)
{
    base_type_fini(&type->key);
    base_type_fini(&type->value);
}

static bool
base_type_eq(const struct base_type *a, const struct base_type *b)
{
    return a->type == b->type && a->has_enum == b->has_enum
           && (!a->has_enum || datum_eq(&a->enum_, &b->enum_, (struct datum_type) {a->type, ATOM_VOID}))
           && a->integer_min == b->integer_min && a->integer_max == b->integer_max && a->real_min == b->real_min
           && a->real_max == b->real_max && a->string_min == b->string_min && a->string_max == b->string_max
           && !a->ref_table_name == !b->ref_table_name
           && (!a->ref_table_name || !strcmp(a->ref_table_name, b->ref_table_name))
           && a->ref_is_weak == b->ref_is_weak;
}

bool
column_type_eq(const struct column_type *a, const struct column_type *b)
{
    return base_type_eq(&a->key, &b->key) && base_type_eq(&a->value, &b->value) && a->n_min == b->n_min
           && a->n_max == b->n_max;
}

char *
column_type_describe(const struct column_type *type)
{
    const char *key = atom_type_name(type->key.type);
    if (column_type_is_scalar(type)) {
        return xstrdup(key);
    }
    char *elements = column_type_is_map(type)
        ? xasprintf("(%s, %s) pair", key, atom_type_name(type->value.type)) : xstrdup(key);
    const char *kind = column_type_is_map(type) ? "map" : "set";
    char *text;
    if (type->n_max == UINT32_MAX) {
        text = type->n_min ? xasprintf("%s of %u or more %ss", kind, type->n_min, elements)
                           : xasprintf("%s of %ss", kind, elements);
    } else if (type->n_min) {
        text = xasprintf("%s of %u to %u %ss", kind, type->n_min, type->n_max, elements);
    } else {
        text = xasprintf("%s of up to %u %ss", kind, type->n_max, elements);
    }
    free(elements);
    return text;
}

/* Parsing. */

static struct err *
type_from_name(const char *name, enum atom_type *ret)
{
    if (atom_type_from_name(name, ret)) {
        return NULL;
    }
    json_t *json = json_string(name);
    struct err *e = err_add_syntax(err_tagged(SYNTAX, "\"%s\" is not an atomic-type", name), json_text(json));
    json_decref(json);
    return e;
}

/* "minInteger exceeds maxInteger" */
static struct err *
limits_error(const struct members *m, const char *min, const char *max)
{
    return err_add_syntax(err_tagged(SYNTAX, "%s exceeds %s", min, max), json_text(m->object));
}

static struct err *
parse_enum(struct base_type *base, struct members *m)
{
    const json_t *json = members_get(m, "enum");
    if (!json) {
        return NULL;
    }
    struct column_type set = {.n_min = 1, .n_max = UINT32_MAX};
    base_type_init(&set.key, base->type);
    base_type_init(&set.value, ATOM_VOID);
    struct err *e = datum_from_json(&base->enum_, &set, json, NULL);
    base->has_enum = !e;
    return e;
}

static struct err *
parse_integer_limits(struct base_type *base, struct members *m)
{
    struct err *e = members_get_integer(m, "minInteger", &base->integer_min);
    if (!e) {
        e = members_get_integer(m, "maxInteger", &base->integer_max);
    }
    if (!e && base->integer_min > base->integer_max) {
        e = limits_error(m, "minInteger", "maxInteger");
    }
    return e;
}

static struct err *
parse_real_limits(struct base_type *base, struct members *m)
{
    const json_t *min = members_get(m, "minReal");
    const json_t *max = members_get(m, "maxReal");
    if ((min && !json_is_number(min)) || (max && !json_is_number(max))) {
        return members_mismatch(m, min && !json_is_number(min) ? "minReal" : "maxReal");
    }
    base->real_min = min ? json_number_value(min) : base->real_min;
    base->real_max = max ? json_number_value(max) : base->real_max;
    return base->real_min > base->real_max ? limits_error(m, "minReal", "maxReal") : NULL;
}

static struct err *
parse_length(struct members *m, const char *name, int64_t *length)
{
    struct err *e = members_get_integer(m, name, length);
    return !e && (*length < 0 || *length > UINT32_MAX)
               ? err_add_syntax(err_tagged(SYNTAX, "%s out of valid range 0 to %u", name, UINT32_MAX),
                                json_text(json_object_get(m->object, name)))
               : e;
}

static struct err *
parse_string_limits(struct base_type *base, struct members *m)
{
    int64_t min = 0;
    int64_t max = UINT32_MAX;
    struct err *e = parse_length(m, "minLength", &min);
    if (!e) {
        e = parse_length(m, "maxLength", &max);
    }
    if (!e && min > max) {
        e = limits_error(m, "minLength", "maxLength");
    }
    base->string_min = (uint32_t) min;
    base->string_max = (uint32_t) max;
    return e;
}

static struct err *
parse_reference(struct base_type *base, struct members *m)
{
    const char *table = NULL;
    const char *strength = "strong";
    struct err *e = members_get_string(m, "refTable", &table);
    if (!e && table && !is_id(table)) {
        e = members_mismatch(m, "refTable");
    }
    if (e || !table) {
        return e;
    }
    e = members_get_string(m, "refType", &strength);
    if (e) {
        return e;
    }
    base->ref_is_weak = !strcmp(strength, "weak");
    if (!base->ref_is_weak && strcmp(strength, "strong")) {
        return members_mismatch(m, "refType");
    }
    base->ref_table_name = xstrdup(table);
    return NULL;
}

static struct err *
parse_limits(struct base_type *base, struct members *m)
{
    if (json_object_get(m->object, "enum")) {
        return parse_enum(base, m);                          /* RFC 7047: then no other constraint */
    }
    switch (base->type) {
    case ATOM_INTEGER: return parse_integer_limits(base, m);
    case ATOM_REAL: return parse_real_limits(base, m);
    case ATOM_STRING: return parse_string_limits(base, m);
    case ATOM_UUID: return parse_reference(base, m);
    case ATOM_BOOLEAN:
    case ATOM_VOID:
    case ATOM_N_TYPES: break;
    }
    return NULL;
}

/* '*base' is initialised on error too. */
static struct err *
base_type_from_json(struct base_type *base, const json_t *json)
{
    enum atom_type type;
    const char *name = json_string_value(json);
    base_type_init(base, ATOM_VOID);
    if (name) {
        struct err *e = type_from_name(name, &type);
        if (!e) {
            base->type = type;
        }
        return e;
    }
    struct members m;
    struct err *e = members_init(&m, json, "ovsdb type", "");
    e = e ? e : members_get_string(&m, "type", &name);
    if (!e && !name) {
        e = members_missing(&m, "type");
    }
    e = e ? e : type_from_name(name, &type);
    if (!e) {
        base->type = type;
        e = parse_limits(base, &m);
    }
    return e ? e : members_done(&m);
}

/* "min" or "max": a number, or "unlimited" for 'unlimited'. */
static struct err *
parse_count(struct members *m, const char *name, uint32_t unlimited, uint32_t *ret)
{
    const json_t *json = members_get(m, name);
    json_int_t n = json_integer_value(json);
    bool is_string = unlimited && json_is_string(json);
    if (!json) {
        return NULL;
    } else if (!json_is_integer(json) && !is_string) {
        return members_mismatch(m, name);
    } else if (is_string ? strcmp(json_string_value(json), "unlimited") != 0 : n < 0 || n >= UINT32_MAX) {
        return err_add_syntax(err_tagged(SYNTAX, "bad min or max value"), json_text(json));
    }
    *ret = is_string ? unlimited : (uint32_t) n;
    return NULL;
}

/* "key" or "value". */
static struct err *
parse_base_type(struct members *m, const char *name, struct base_type *ret)
{
    const json_t *json = members_get(m, name);
    return !json                                         ? NULL
           : !json_is_string(json) && !json_is_object(json) ? members_mismatch(m, name)
                                                         : base_type_from_json(ret, json);
}

static struct err *
type_from_object(struct column_type *type, const json_t *json)
{
    struct members m;
    struct err *e = members_init(&m, json, "ovsdb type", "");
    if (!e && !json_object_get(json, "key")) {
        e = members_missing(&m, "key");
    }
    e = e ? e : parse_base_type(&m, "key", &type->key);
    e = e ? e : parse_base_type(&m, "value", &type->value);
    e = e ? e : parse_count(&m, "min", 0, &type->n_min);
    e = e ? e : parse_count(&m, "max", UINT32_MAX, &type->n_max);
    e = e ? e : members_done(&m);
    if (!e && (type->n_min > 1 || !type->n_max)) {           /* RFC 7047: "min" is 0 or 1 */
        e = err_add_syntax(err_tagged(SYNTAX, "ovsdb type fails constraint checks"), json_text(json));
    }
    return e;
}

struct err *
column_type_from_json(struct column_type *ret, const json_t *json)
{
    struct column_type type = {.n_min = 1, .n_max = 1};
    base_type_init(&type.key, ATOM_VOID);
    base_type_init(&type.value, ATOM_VOID);
    struct err *e = json_is_string(json) ? base_type_from_json(&type.key, json) : type_from_object(&type, json);
    if (e) {
        column_type_fini(&type);
    } else {
        *ret = type;
    }
    return e;
}

/* Writing. */

static void
set_integer_unless(json_t *object, const char *name, int64_t value, int64_t absent)
{
    if (value != absent) {
        json_object_set_new(object, name, json_integer(value));
    }
}

static void
set_real_unless(json_t *object, const char *name, double value, double absent)
{
    if (value != absent) {
        json_object_set_new(object, name, json_real(value));
    }
}

static json_t *
base_type_to_json(const struct base_type *base)
{
    json_t *object = json_pack("{ss}", "type", atom_type_name(base->type));
    if (base->has_enum) {
        struct column_type set = {.key = {.type = base->type}, .n_min = 1, .n_max = UINT32_MAX};
        json_object_set_new(object, "enum", datum_to_json(&base->enum_, &set));
    }
    set_integer_unless(object, "minInteger", base->integer_min, INT64_MIN);
    set_integer_unless(object, "maxInteger", base->integer_max, INT64_MAX);
    set_real_unless(object, "minReal", base->real_min, -DBL_MAX);
    set_real_unless(object, "maxReal", base->real_max, DBL_MAX);
    set_integer_unless(object, "minLength", base->string_min, 0);
    set_integer_unless(object, "maxLength", base->string_max, UINT32_MAX);
    if (base->ref_table_name) {
        json_object_set_new(object, "refTable", json_string(base->ref_table_name));
        if (base->ref_is_weak) {
            json_object_set_new(object, "refType", json_string("weak"));
        }
    }
    if (json_object_size(object) == 1) {                     /* nothing but the type */
        json_decref(object);
        return json_string(atom_type_name(base->type));
    }
    return object;
}

json_t *
column_type_to_json(const struct column_type *type)
{
    json_t *key = base_type_to_json(&type->key);
    if (column_type_is_scalar(type) && json_is_string(key)) {
        return key;
    }
    json_t *object = json_pack("{so}", "key", key);
    if (column_type_is_map(type)) {
        json_object_set_new(object, "value", base_type_to_json(&type->value));
    }
    set_integer_unless(object, "min", type->n_min, 1);
    if (type->n_max == UINT32_MAX) {
        json_object_set_new(object, "max", json_string("unlimited"));
    } else {
        set_integer_unless(object, "max", type->n_max, 1);
    }
    return object;
}

/* Values by type. */

void
datum_init_default(struct datum *datum, const struct column_type *type)
{
    if (!type->n_min) {
        datum_init_empty(datum);
        return;
    }
    bool is_map = column_type_is_map(type);
    union atom key;
    union atom value;
    atom_init_default(&key, type->key.type);
    if (is_map) {
        atom_init_default(&value, type->value.type);
    }
    bool ok = datum_init_from_atoms(datum, column_datum_type(type), &key, is_map ? &value : NULL, 1);
    CHECK(ok);
}

static bool
atom_is_default(const union atom *atom, enum atom_type type)
{
    switch (type) {
    case ATOM_INTEGER: return atom->integer == 0;
    case ATOM_REAL: return atom->real == 0;
    case ATOM_BOOLEAN: return !atom->boolean;
    case ATOM_STRING: return !atom->string->length;
    case ATOM_UUID: return uuid_is_zero(&atom->uuid);
    case ATOM_VOID:
    case ATOM_N_TYPES: break;
    }
    return true;
}

bool
datum_is_default(const struct datum *datum, const struct column_type *type)
{
    return datum->n == type->n_min
           && (!datum->n
               || (atom_is_default(datum_keys(datum), type->key.type)
                   && (!column_type_is_map(type) || atom_is_default(datum_values(datum), type->value.type))));
}

void
datum_diff_column(struct datum *ret_diff, const struct datum *old, const struct datum *new,
                  const struct column_type *type)
{
    if (type->n_max == 1) {
        datum_clone(ret_diff, new, column_datum_type(type));
    } else {
        datum_diff(ret_diff, old, new, column_datum_type(type));
    }
}

void
datum_apply_diff_column(struct datum *datum, const struct datum *diff, const struct column_type *type)
{
    struct datum_type datum_type = column_datum_type(type);
    if (type->n_max == 1) {
        struct datum new;
        datum_clone(&new, diff, datum_type);
        datum_fini(datum, datum_type);
        *datum = new;
    } else {
        datum_apply_diff(datum, diff, datum_type);
    }
}
