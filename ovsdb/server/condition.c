/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/condition.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "ovsdb/server/parse.h"

static const struct {
    const char *name;
    enum condition_function function;
} functions[] = {
    {"==", CONDITION_EQ}, {"!=", CONDITION_NE}, {"<", CONDITION_LT}, {"<=", CONDITION_LE}, {">", CONDITION_GT},
    {">=", CONDITION_GE}, {"includes", CONDITION_INCLUDES}, {"excludes", CONDITION_EXCLUDES},
};

static struct err *
function_from_name(const char *name, enum condition_function *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        if (!strcmp(functions[i].name, name)) {
            *ret = functions[i].function;
            return NULL;
        }
    }
    return err_tagged("unknown function", "No function named %s.", name);
}

static bool
is_order(enum condition_function function)
{
    return function >= CONDITION_LT && function <= CONDITION_GE;
}

/* RFC says: "<" and its kin need an integer or real column.  We do: also an optional one (ovsdb-server(7),
 * section 5.1), compared with exactly one value. */
static struct err *
check_order_type(const json_t *json, const char *name, const struct column *column)
{
    const struct column_type *type = &column->type;
    bool is_number = type->key.type == ATOM_INTEGER || type->key.type == ATOM_REAL;
    if (is_number && (column_type_is_scalar(type) || column_type_is_optional(type)) && !column_type_is_map(type)) {
        return NULL;
    }
    char *description = column_type_describe(type);
    struct err *e = syntax_error(json, "Type mismatch: \"%s\" operator may not be applied to column %s of type %s.",
                                 name, column->name, description);
    free(description);
    return e;
}

/* RFC says: the value has the column's type.  We do: as Debian's server, what is not a scalar may be compared with fewer
 * elements than it must have by "includes", and with any number of them by "excludes". */
static struct err *
value_type(struct column_type *ret, const json_t *json, const char *name, enum condition_function function,
           const struct column *column)
{
    *ret = column->type;
    if (is_order(function)) {
        ret->n_min = ret->n_max = 1;
        return check_order_type(json, name, column);
    }
    bool is_loose = function == CONDITION_INCLUDES || function == CONDITION_EXCLUDES;
    if (is_loose && !column_type_is_scalar(ret)) {
        ret->n_min = 0;
        ret->n_max = function == CONDITION_EXCLUDES ? UINT32_MAX : ret->n_max;
    }
    return NULL;
}

static struct err *
clause_from_json(struct clause *ret, const struct table *table, const json_t *json, const struct named_uuids *names)
{
    if (json_is_boolean(json)) {
        *ret = (struct clause) {.function = json_is_true(json) ? CONDITION_TRUE : CONDITION_FALSE};
        return NULL;
    }
    const char *column_name = json_string_value(json_array_get(json, 0));
    const char *name = json_string_value(json_array_get(json, 1));
    const json_t *value = json_array_get(json, 2);
    if (json_array_size(json) != 3 || !column_name || !name) {
        return syntax_error(json, "Parse error in condition.");
    }
    struct column *column = table_column(table, column_name);
    if (!column) {
        return parse_error("unknown column", json, "No column %s in table %s.", column_name, table->name);
    }
    enum condition_function function = CONDITION_FALSE;
    struct err *e = function_from_name(name, &function);
    if (e) {
        return e;
    }
    struct column_type type;
    e = value_type(&type, json, name, function, column);
    struct datum datum;
    if (!e) {
        e = datum_from_json(&datum, &type, value, names);
    }
    if (e) {
        return add_syntax(e, value);
    }
    *ret = (struct clause) {.function = function, .column = column, .value = datum};
    return NULL;
}

static void
clause_fini(struct clause *clause)
{
    if (clause->column) {
        datum_fini(&clause->value, column_datum_type(&clause->column->type));
    }
}

struct err *
condition_from_json(struct condition *ret, const struct table *table, const json_t *json,
                    const struct named_uuids *names)
{
    size_t n = json_array_size(json);
    *ret = (struct condition) {.table = table, .clauses = n ? xcalloc(n, sizeof *ret->clauses) : NULL};
    for (size_t i = 0; i < n; i++) {
        struct err *e = clause_from_json(&ret->clauses[i], table, json_array_get(json, i), names);
        if (e) {
            condition_fini(ret);
            return e;
        }
        ret->n++;
    }
    return NULL;
}

void
condition_init_true(struct condition *condition, const struct table *table)
{
    *condition = (struct condition) {.table = table};
}

void
condition_fini(struct condition *condition)
{
    for (size_t i = 0; i < condition->n; i++) {
        clause_fini(&condition->clauses[i]);
    }
    free(condition->clauses);
    condition_init_true(condition, condition->table);
}

void
condition_move_clauses(struct condition *to, struct condition *from)
{
    CHECK(to->table == from->table);
    if (from->n) {
        to->clauses = xrealloc(to->clauses, (to->n + from->n) * sizeof *to->clauses);
        memcpy(to->clauses + to->n, from->clauses, from->n * sizeof *from->clauses);
        to->n += from->n;
    }
    free(from->clauses);
    condition_init_true(from, from->table);
}

int
clause_cmp(const struct clause *a, const struct clause *b)
{
    if (a->column != b->column) {
        return !a->column ? -1 : !b->column ? 1 : a->column->index < b->column->index ? -1 : 1;
    }
    if (a->function != b->function) {
        return a->function < b->function ? -1 : 1;
    }
    return a->column ? datum_cmp(&a->value, &b->value, column_datum_type(&a->column->type)) : 0;
}

static int
clause_cmp_void(const void *a, const void *b)
{
    return clause_cmp(a, b);
}

void
condition_normalise(struct condition *condition)
{
    if (condition_is_always_true(condition)) {
        condition_fini(condition);
        return;
    }
    qsort(condition->clauses, condition->n, sizeof *condition->clauses, clause_cmp_void);
    size_t n = 0;
    for (size_t i = 0; i < condition->n; i++) {
        if (n && !clause_cmp(&condition->clauses[n - 1], &condition->clauses[i])) {
            clause_fini(&condition->clauses[i]);
        } else {
            condition->clauses[n++] = condition->clauses[i];
        }
    }
    condition->n = n;
}

int
condition_cmp(const struct condition *a, const struct condition *b)
{
    if (a->table != b->table || a->n != b->n) {
        return a->table != b->table ? (a->table->index < b->table->index ? -1 : 1) : a->n < b->n ? -1 : 1;
    }
    for (size_t i = 0; i < a->n; i++) {
        int cmp = clause_cmp(&a->clauses[i], &b->clauses[i]);
        if (cmp) {
            return cmp;
        }
    }
    return 0;
}

uint64_t
condition_hash(const struct condition *condition)
{
    uint64_t hash = hash_add64(condition->table->index, condition->n);
    for (size_t i = 0; i < condition->n; i++) {
        const struct clause *clause = &condition->clauses[i];
        hash = hash_add64(hash, clause->function);
        if (clause->column) {
            hash = hash_add64(hash, clause->column->index);
            hash = hash_add64(hash, datum_hash(&clause->value, column_datum_type(&clause->column->type)));
        }
    }
    return hash;
}

bool
clause_matches(const struct clause *clause, const struct image *image)
{
    if (!clause->column) {
        return clause->function == CONDITION_TRUE;
    }
    struct datum scratch;
    const struct datum *datum = image_datum(image, clause->column->index, &scratch);
    struct datum_type type = column_datum_type(&clause->column->type);
    switch (clause->function) {
    case CONDITION_EQ: return datum_eq(datum, &clause->value, type);
    case CONDITION_NE: return !datum_eq(datum, &clause->value, type);
    case CONDITION_LT: return datum->n && datum_cmp(datum, &clause->value, type) < 0;
    case CONDITION_LE: return datum->n && datum_cmp(datum, &clause->value, type) <= 0;
    case CONDITION_GT: return datum->n && datum_cmp(datum, &clause->value, type) > 0;
    case CONDITION_GE: return datum->n && datum_cmp(datum, &clause->value, type) >= 0;
    case CONDITION_INCLUDES: return datum_includes_all(datum, &clause->value, type);
    case CONDITION_EXCLUDES: return datum_excludes_all(datum, &clause->value, type);
    case CONDITION_TRUE:
    case CONDITION_FALSE: break;
    }
    CHECK(!"true and false have no column");
    return false;
}

bool
condition_matches_all(const struct condition *condition, const struct image *image)
{
    for (size_t i = 0; i < condition->n; i++) {
        if (!clause_matches(&condition->clauses[i], image)) {
            return false;
        }
    }
    return true;
}

bool
condition_matches_any(const struct condition *condition, const struct image *image)
{
    for (size_t i = 0; i < condition->n; i++) {
        if (clause_matches(&condition->clauses[i], image)) {
            return true;
        }
    }
    return !condition->n;
}

bool
condition_is_always_true(const struct condition *condition)
{
    for (size_t i = 0; i < condition->n; i++) {
        if (condition->clauses[i].function == CONDITION_TRUE) {
            return true;
        }
    }
    return !condition->n;
}
