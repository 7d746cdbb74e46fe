/* SPDX-License-Identifier: Apache-2.0 */
/* Constraints that a column's type puts on values (RFC 7047 section 3.2, <base-type>). */
#include <config.h>

#include "ovsdb/model/schema.h"

#include <float.h>
#include <stdlib.h>

#include "ovsdb/model/schema_private.h"

static const char VIOLATION[] = "constraint violation";

/* The error for 'value' outside [min, max], of which only the limits that exist are not NULL. */
static struct err *
range_error(const char *value, const char *min, const char *max)
{
    if (min && max) {
        return err_tagged(VIOLATION, "%s is not in the valid range %s to %s (inclusive)", value, min, max);
    } else if (min) {
        return err_tagged(VIOLATION, "%s is less than minimum allowed value %s", value, min);
    } else {
        return err_tagged(VIOLATION, "%s is greater than maximum allowed value %s", value, max);
    }
}

/* The three atoms as text, and the error made of them. */
static struct err *
number_range_error(const union atom *value, const union atom *min, const union atom *max, enum atom_type type)
{
    struct buf texts[3] = {BUF_INIT(64), BUF_INIT(64), BUF_INIT(64)};
    const union atom *atoms[3] = {value, min, max};
    for (int i = 0; i < 3; i++) {
        if (atoms[i]) {
            atom_put_string(&texts[i], atoms[i], type);
        }
    }
    struct err *e = range_error(buf_text(&texts[0]), min ? buf_text(&texts[1]) : NULL,
                                max ? buf_text(&texts[2]) : NULL);
    for (int i = 0; i < 3; i++) {
        buf_fini(&texts[i]);
    }
    return e;
}

static struct err *
check_integer(const union atom *atom, const struct base_type *base)
{
    if (atom->integer >= base->integer_min && atom->integer <= base->integer_max) {
        return NULL;
    }
    union atom min = {.integer = base->integer_min};
    union atom max = {.integer = base->integer_max};
    return number_range_error(atom, base->integer_min > INT64_MIN ? &min : NULL,
                              base->integer_max < INT64_MAX ? &max : NULL, ATOM_INTEGER);
}

static struct err *
check_real(const union atom *atom, const struct base_type *base)
{
    if (atom->real >= base->real_min && atom->real <= base->real_max) {
        return NULL;
    }
    union atom min = {.real = base->real_min};
    union atom max = {.real = base->real_max};
    return number_range_error(atom, base->real_min > -DBL_MAX ? &min : NULL,
                              base->real_max < DBL_MAX ? &max : NULL, ATOM_REAL);
}

/* The number of characters in UTF-8 text. */
static uint32_t
count_characters(const struct atom_string *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->length; i++) {
        n += ((unsigned char) s->text[i] & 0xc0) != 0x80;
    }
    return n;
}

static struct err *
check_string(const union atom *atom, const struct base_type *base)
{
    if (base->string_min == 0 && base->string_max == UINT32_MAX) {
        return NULL;
    }
    uint32_t n = count_characters(atom->string);
    if (n < base->string_min) {
        return err_tagged(VIOLATION, "\"%s\" length %u is less than minimum allowed length %u", atom->string->text,
                          n, base->string_min);
    } else if (n > base->string_max) {
        return err_tagged(VIOLATION, "\"%s\" length %u is greater than maximum allowed length %u",
                          atom->string->text, n, base->string_max);
    }
    return NULL;
}

static struct err *
check_enum(const union atom *atom, const struct base_type *base)
{
    if (datum_find(&base->enum_, atom, base->type) != UINT32_MAX) {
        return NULL;
    }
    struct buf value = BUF_INIT(BUF_NO_LIMIT);
    struct buf allowed = BUF_INIT(BUF_NO_LIMIT);
    atom_put_string(&value, atom, base->type);
    for (uint32_t i = 0; i < base->enum_.n; i++) {
        buf_puts(&allowed, i ? ", " : "");
        atom_put_string(&allowed, &datum_keys(&base->enum_)[i], base->type);
    }
    struct err *e = err_tagged(VIOLATION, "%s is not one of the allowed values ([%s])", buf_text(&value),
                               buf_text(&allowed));
    buf_fini(&value);
    buf_fini(&allowed);
    return e;
}

struct err *
atom_check_constraints(const union atom *atom, const struct base_type *base)
{
    if (base->has_enum) {
        return check_enum(atom, base);
    }
    switch (base->type) {
    case ATOM_INTEGER: return check_integer(atom, base);
    case ATOM_REAL: return check_real(atom, base);
    case ATOM_STRING: return check_string(atom, base);
    case ATOM_BOOLEAN:
    case ATOM_UUID:
    case ATOM_VOID:
    case ATOM_N_TYPES: break;
    }
    return NULL;
}

struct err *
column_type_check_n(const struct column_type *type, uint32_t n, const char *tag)
{
    const char *kind = column_type_is_map(type) ? "map" : "set";
    if (n >= type->n_min && n <= type->n_max) {
        return NULL;
    } else if (type->n_min == 1 && type->n_max == 1) {
        return err_tagged(tag, "%s must have exactly one member but %u are present", kind, n);
    } else if (type->n_max == UINT32_MAX) {
        return err_tagged(tag, "%s must have %u or more members but %u are present", kind, type->n_min, n);
    } else {
        return err_tagged(tag, "%s must have %u to %u members but %u are present", kind, type->n_min, type->n_max,
                          n);
    }
}

struct err *
datum_check_constraints(const struct datum *datum, const struct column_type *type)
{
    struct err *e = column_type_check_n(type, datum->n, VIOLATION);
    for (uint32_t i = 0; !e && i < datum->n; i++) {
        e = atom_check_constraints(&datum_keys(datum)[i], &type->key);
        if (!e && column_type_is_map(type)) {
            e = atom_check_constraints(&datum->values[i], &type->value);
        }
    }
    return e;
}
