/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/mutation.h"

#include <math.h>
#include <stdlib.h>

#include "ovsdb/server/parse.h"

static const char *const mutator_names[] = {
    [MUTATOR_ADD] = "+=", [MUTATOR_SUBTRACT] = "-=", [MUTATOR_MULTIPLY] = "*=", [MUTATOR_DIVIDE] = "/=",
    [MUTATOR_REMAINDER] = "%=", [MUTATOR_INSERT] = "insert", [MUTATOR_DELETE] = "delete",
};

static struct err *
mutator_from_name(const char *name, enum mutator *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(mutator_names); i++) {
        if (!strcmp(mutator_names[i], name)) {
            *ret = (enum mutator) i;
            return NULL;
        }
    }
    return err_tagged("unknown mutator", "No mutator named %s.", name);
}

static bool
mutator_fits(enum mutator mutator, const struct column_type *type)
{
    if (mutator >= MUTATOR_INSERT) {
        return !column_type_is_scalar(type);
    }
    return !column_type_is_map(type)
        && (type->key.type == ATOM_INTEGER || (type->key.type == ATOM_REAL && mutator != MUTATOR_REMAINDER));
}

/* Arithmetic takes one number, whose bounds are those of its type, not of the column. */
static struct err *
parse_number(struct mutation *m, const json_t *value, const struct named_uuids *names)
{
    struct column_type type = {.key = {
        .type = m->column->type.key.type, .integer_min = INT64_MIN, .integer_max = INT64_MAX,
        .real_min = -HUGE_VAL, .real_max = HUGE_VAL, .string_max = UINT32_MAX,
    }, .n_min = 1, .n_max = 1};
    return datum_from_json(&m->value, &type, value, names);
}

/* "delete" on a map takes pairs, or a set of keys. */
static struct err *
parse_elements(struct mutation *m, const json_t *value, const struct named_uuids *names)
{
    struct column_type type = m->column->type;
    type.n_min = 0;
    if (m->mutator == MUTATOR_DELETE) {
        type.n_max = UINT32_MAX;
        const char *kind = json_string_value(json_array_get(value, 0));
        if (column_type_is_map(&type) && !(kind && !strcmp(kind, "map"))) {
            type.value = (struct base_type) {.type = ATOM_VOID};
        }
    }
    m->value_type = column_datum_type(&type);
    return datum_from_json(&m->value, &type, value, names);
}

static struct err *
mutation_from_json(struct mutation *ret, const struct table *table, const json_t *json,
                   const struct named_uuids *names)
{
    const char *column_name = json_string_value(json_array_get(json, 0));
    const char *name = json_string_value(json_array_get(json, 1));
    const json_t *value = json_array_get(json, 2);
    if (json_array_size(json) != 3 || !column_name || !name) {
        return syntax_error(json, "Parse error in mutation.");
    }
    const struct column *column = table_column(table, column_name);
    if (!column) {
        return parse_error("unknown column", json, "No column %s in table %s.", column_name, table->name);
    }
    if (!column->is_mutable || column->index < COLUMN_FIRST) {
        return parse_error("constraint violation", json, "Cannot mutate immutable column %s in table %s.",
                           column->name, table->name);
    }
    ret->column = column;
    ret->value_type = column_datum_type(&column->type);
    struct err *e = mutator_from_name(name, &ret->mutator);
    if (e) {
        return e;
    }
    if (!mutator_fits(ret->mutator, &column->type)) {
        char *description = column_type_describe(&column->type);
        e = syntax_error(json, "Type mismatch: \"%s\" operator may not be applied to column %s of type %s.", name,
                         column->name, description);
        free(description);
        return e;
    }
    e = ret->mutator < MUTATOR_INSERT ? parse_number(ret, value, names) : parse_elements(ret, value, names);
    return e ? add_syntax(e, value) : NULL;
}

struct err *
mutations_from_json(struct mutation_vec *ret, const struct table *table, const json_t *json,
                    const struct named_uuids *names)
{
    for (size_t i = 0; i < json_array_size(json); i++) {
        struct mutation m = {0};
        struct err *e = mutation_from_json(&m, table, json_array_get(json, i), names);
        if (e) {
            mutations_fini(ret);
            return e;
        }
        vec_push(ret, m);
    }
    return NULL;
}

void
mutations_fini(struct mutation_vec *mutations)
{
    for (size_t i = 0; i < mutations->n; i++) {
        datum_fini(&mutations->d[i].value, mutations->d[i].value_type);
    }
    vec_fini(mutations);
}

static struct err *
range_error(const struct mutation *m)
{
    return err_tagged("range error", "Result of \"%s\" operation is out of range.", mutator_names[m->mutator]);
}

static struct err *
integer_arithmetic(const struct mutation *m, int64_t *x, int64_t y)
{
    bool overflow = false;
    switch (m->mutator) {
    case MUTATOR_ADD: overflow = __builtin_add_overflow(*x, y, x); break;
    case MUTATOR_SUBTRACT: overflow = __builtin_sub_overflow(*x, y, x); break;
    case MUTATOR_MULTIPLY: overflow = __builtin_mul_overflow(*x, y, x); break;
    case MUTATOR_DIVIDE:
    case MUTATOR_REMAINDER:
        if (!y) {
            return err_tagged("domain error", "Division by zero.");
        }
        if (y == -1) {                                       /* INT64_MIN / -1 traps */
            overflow = m->mutator == MUTATOR_DIVIDE && *x == INT64_MIN;
            *x = m->mutator == MUTATOR_REMAINDER ? 0 : overflow ? *x : -*x;
        } else {
            *x = m->mutator == MUTATOR_DIVIDE ? *x / y : *x % y;
        }
        break;
    case MUTATOR_INSERT:
    case MUTATOR_DELETE: CHECK(!"not arithmetic");
    }
    return overflow ? range_error(m) : NULL;
}

static struct err *
real_arithmetic(const struct mutation *m, double *x, double y)
{
    switch (m->mutator) {
    case MUTATOR_ADD: *x += y; break;
    case MUTATOR_SUBTRACT: *x -= y; break;
    case MUTATOR_MULTIPLY: *x *= y; break;
    case MUTATOR_DIVIDE:
        if (y == 0) {
            return err_tagged("domain error", "Division by zero.");
        }
        *x /= y;
        break;
    case MUTATOR_REMAINDER:
    case MUTATOR_INSERT:
    case MUTATOR_DELETE: CHECK(!"not for reals");
    }
    return isfinite(*x) ? NULL : range_error(m);
}

/* Computes the new elements aside, because they must be sorted, distinct and in range once all are known. */
static struct err *
apply_arithmetic(const struct mutation *m, struct datum *datum)
{
    const struct base_type *base = &m->column->type.key;
    const union atom *operand = datum_keys(&m->value), *old = datum_keys(datum);
    if (!datum->n) {
        return NULL;
    }
    union atom *keys = xcalloc(datum->n, sizeof *keys);
    struct err *e = NULL;
    for (uint32_t i = 0; i < datum->n && !e; i++) {
        keys[i] = old[i];
        e = base->type == ATOM_INTEGER ? integer_arithmetic(m, &keys[i].integer, operand->integer)
                                       : real_arithmetic(m, &keys[i].real, operand->real);
    }
    for (uint32_t i = 0; i < datum->n && !e; i++) {
        e = atom_check_constraints(&keys[i], base);
    }
    struct datum result;
    if (!e && !datum_init_from_atoms(&result, m->value_type, keys, NULL, datum->n)) {
        e = err_tagged("constraint violation", "Result of \"%s\" operation contains duplicates.",
                       mutator_names[m->mutator]);
    } else if (!e) {
        datum_swap(datum, &result);
        datum_fini(&result, m->value_type);
    }
    free(keys);
    return e;
}

struct err *
mutation_apply(const struct mutation *m, struct datum *datum)
{
    struct datum_type type = column_datum_type(&m->column->type);
    switch (m->mutator) {
    case MUTATOR_INSERT: datum_union(datum, &m->value, type, false); return NULL;
    case MUTATOR_DELETE: break;
    default: return apply_arithmetic(m, datum);
    }
    bool keys_only = m->value_type.value == ATOM_VOID;
    datum_subtract(datum, &m->value, type, !keys_only && type.value != ATOM_VOID);
    return NULL;
}
