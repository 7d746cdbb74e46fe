/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/db_values.h"

#include "ovsdb/ctl/ctl.h"

static const char OPERATOR_ERROR[] = "%s: argument does not end in \"=\", \"!=\", \"<\", \">\", \"<=\", \">=\", \"{=}\", "
                                     "\"{!=}\", \"{<}\", \"{>}\", \"{<=}\", \"{>=}\", \"{in}\", or \"{not-in}\" followed "
                                     "by a value.";

static const struct {
    const char *text;
    enum db_operator operator;
} operators[] = {                                            /* a prefix of another comes after it */
    {"!=", DB_NE}, {"<=", DB_LE}, {">=", DB_GE}, {"=", DB_EQ}, {"<", DB_LT}, {">", DB_GT},
    {"{!=}", DB_SET_NE}, {"{<=}", DB_SET_LE}, {"{>=}", DB_SET_GE}, {"{=}", DB_SET_EQ}, {"{<}", DB_SET_LT},
    {"{>}", DB_SET_GT}, {"{in}", DB_IN}, {"{not-in}", DB_NOT_IN},
};

static struct err *
parse_column(const struct table *table, const char *text, const char **p, struct db_argument *ret)
{
    char *name;
    struct err *err = datum_token_cut(p, &name);
    if (err) {
        return err;
    }
    err = *name ? ctl_find_column(table, name, &ret->column) : err_new("%s: missing column name", text);
    free(name);
    if (!err && **p == ':') {
        ++*p;
        err = datum_token_cut(p, &ret->key);
    }
    return err;
}

static struct err *
parse_operator(const char *text, const char *p, enum db_argument_kind kind, struct db_argument *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
        size_t n = strlen(operators[i].text);
        bool is_wanted = kind == DB_ARG_CONDITION || operators[i].operator == DB_EQ;
        if (is_wanted && !strncmp(p, operators[i].text, n) && p[n]) {
            ret->operator = operators[i].operator;
            ret->value = p + n;
            return NULL;
        }
    }
    return kind == DB_ARG_CONDITION ? err_new(OPERATOR_ERROR, text)
                                    : err_new("%s: argument does not end in \"=\" followed by a value.", text);
}

struct err *
db_argument_parse(const struct table *table, const char *text, enum db_argument_kind kind, struct db_argument *ret)
{
    const char *p = text;
    *ret = (struct db_argument) {0};
    struct err *err = parse_column(table, text, &p, ret);
    if (!err && kind != DB_ARG_COLUMN) {
        err = parse_operator(text, p, kind, ret);
    } else if (!err && *p) {
        err = err_new("%s: trailing garbage \"%s\" in argument", text, p);
    }
    if (err) {
        db_argument_fini(ret);
    }
    return err;
}

void
db_argument_fini(struct db_argument *argument)
{
    free(argument->key);
    argument->key = NULL;
}

/* --- Conditions --- */

static struct err *
parse_keyed_value(struct db_condition *c, const struct db_argument *argument, const struct named_uuids *names)
{
    const struct column_type *type = &c->column->type;

    if (!column_type_is_map(type)) {
        return err_new("cannot specify key to check for non-map column %s", c->column->name);
    }
    struct err *err = atom_from_string(&c->key, &type->key, argument->key, names);
    if (err) {
        return err;
    }
    c->has_key = true;
    c->value_type = (struct column_type) {.key = type->value, .n_min = 0, .n_max = UINT32_MAX};
    return datum_from_string(&c->value, &c->value_type, argument->value, names);
}

struct err *
db_condition_parse(const struct table *table, const char *text, const struct named_uuids *names, struct db_condition *ret)
{
    struct db_argument argument;
    struct err *err = db_argument_parse(table, text, DB_ARG_CONDITION, &argument);
    if (err) {
        return err;
    }
    *ret = (struct db_condition) {.column = argument.column, .operator = argument.operator};
    datum_init_empty(&ret->value);
    if (argument.key) {
        err = parse_keyed_value(ret, &argument, names);
    } else {
        ret->value_type = argument.column->type;
        err = datum_from_string(&ret->value, &ret->value_type, argument.value, names);
    }
    db_argument_fini(&argument);
    if (err) {
        db_condition_fini(ret);
    }
    return err;
}

void
db_condition_fini(struct db_condition *condition)
{
    if (condition->has_key) {
        atom_fini(&condition->key, condition->column->type.key.type);
        condition->has_key = false;
    }
    if (condition->value.n) {
        datum_fini(&condition->value, column_datum_type(&condition->value_type));
    }
    datum_init_empty(&condition->value);
}

/* The set with the most elements is the greatest; equally large ones compare element by element. */
static int
compare_sizes_first(const struct datum *a, const struct datum *b, struct datum_type type)
{
    if (a->n != b->n) {
        return a->n < b->n ? -1 : 1;
    }
    return datum_cmp(a, b, type);
}

static bool
operator_holds(enum db_operator operator, const struct datum *value, const struct datum *wanted, struct datum_type type)
{
    int cmp = operator <= DB_GE ? compare_sizes_first(value, wanted, type) : 0;
    switch (operator) {
    case DB_EQ: return cmp == 0;
    case DB_NE: return cmp != 0;
    case DB_LT: return cmp < 0;
    case DB_GT: return cmp > 0;
    case DB_LE: return cmp <= 0;
    case DB_GE: return cmp >= 0;
    case DB_SET_EQ: return datum_eq(value, wanted, type);
    case DB_SET_NE: return !datum_eq(value, wanted, type);
    case DB_SET_LT: return value->n < wanted->n && datum_includes_all(wanted, value, type);
    case DB_SET_GT: return value->n > wanted->n && datum_includes_all(value, wanted, type);
    case DB_IN:
    case DB_SET_LE: return datum_includes_all(wanted, value, type);
    case DB_SET_GE: return datum_includes_all(value, wanted, type);
    case DB_NOT_IN: return datum_excludes_all(value, wanted, type);
    }
    return false;
}

bool
db_condition_holds(const struct db_condition *c, const struct datum *value)
{
    struct datum_type type = column_datum_type(&c->value_type);
    if (!c->has_key) {
        return operator_holds(c->operator, value, &c->value, type);
    }
    uint32_t at = datum_find(value, &c->key, c->column->type.key.type);
    if (at == UINT32_MAX && c->operator <= DB_GE) {
        return false;
    }
    struct datum current;
    datum_init_empty(&current);
    if (at != UINT32_MAX) {
        union atom atom;
        atom_clone(&atom, &datum_values(value)[at], type.key);
        datum_init_scalar(&current, &atom);
    }
    bool holds = operator_holds(c->operator, &current, &c->value, type);
    datum_fini(&current, type);
    return holds;
}
