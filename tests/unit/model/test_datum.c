/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/model/datum.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/rng.h"
#include "tests/unit/test.h"

static const struct datum_type INTEGERS = {ATOM_INTEGER, ATOM_VOID};
static const struct datum_type STRINGS = {ATOM_STRING, ATOM_VOID};
static const struct datum_type STRING_MAP = {ATOM_STRING, ATOM_STRING};

/* The slow, obvious twin: a set or map over the keys 0...N_KEYS-1.  'value' is -1 where the key is absent. */
enum { N_KEYS = 12 };
struct model {
    int value[N_KEYS];
};

static union atom
make_atom(enum atom_type type, int i)
{
    char text[16];
    union atom atom;
    memset(&atom, 0, sizeof atom);
    switch (type) {
    case ATOM_INTEGER: atom.integer = i - 5; break;
    case ATOM_REAL: atom.real = i / 2.0 - 1; break;
    case ATOM_STRING:
        snprintf(text, sizeof text, "k%02d", i);
        atom.string = atom_string_new(str_from(text));
        break;
    case ATOM_UUID: atom.uuid.b[3] = (uint8_t) i; break;
    default: atom.boolean = i & 1; break;
    }
    return atom;
}

static void
datum_from_model(struct datum *ret, struct datum_type type, const struct model *m, struct rng *rng)
{
    union atom keys[N_KEYS];
    union atom values[N_KEYS];
    uint32_t n = 0;
    for (int i = 0; i < N_KEYS; i++) {
        if (m->value[i] >= 0) {
            uint32_t at = rng_below(rng, n + 1);             /* in any order */
            keys[n] = keys[at];
            values[n] = values[at];
            keys[at] = make_atom(type.key, i);
            if (type.value != ATOM_VOID) {
                values[at] = make_atom(type.value, m->value[i]);
            }
            n++;
        }
    }
    assert_true(datum_init_from_atoms(ret, type, keys, type.value != ATOM_VOID ? values : NULL, n));
}

static struct model
random_model(struct rng *rng, bool is_map)
{
    struct model m;
    uint32_t density = 1 + rng_below(rng, 4);
    for (int i = 0; i < N_KEYS; i++) {
        m.value[i] = rng_one_in(rng, density) ? (is_map ? (int) rng_below(rng, 3) : 0) : -1;
    }
    return m;
}

static void
expect_model(const struct datum *datum, struct datum_type type, const struct model *m, struct rng *rng)
{
    struct datum want;
    datum_from_model(&want, type, m, rng);
    assert_int_equal(datum->n, want.n);
    assert_true(datum_eq(datum, &want, type));
    assert_true(datum_hash(datum, type) == datum_hash(&want, type));
    datum_fini(&want, type);
}

static void
check_operations(struct rng *rng, struct datum_type type)
{
    bool is_map = type.value != ATOM_VOID;
    struct model a = random_model(rng, is_map);
    struct model b = random_model(rng, is_map);
    bool flag = rng_one_in(rng, 2);
    struct model sum = a;
    struct model rest = a;
    bool includes = true;
    bool excludes = true;
    for (int i = 0; i < N_KEYS; i++) {
        if (b.value[i] < 0) {
            continue;
        }
        sum.value[i] = a.value[i] < 0 || (flag && is_map) ? b.value[i] : a.value[i];
        if (!(flag && is_map) || a.value[i] == b.value[i]) {
            rest.value[i] = -1;
        }
        includes = includes && a.value[i] == b.value[i];
        excludes = excludes && a.value[i] != b.value[i];
    }
    struct datum da, db, d, diff;
    datum_from_model(&da, type, &a, rng);
    datum_from_model(&db, type, &b, rng);
    assert_true(datum_includes_all(&da, &db, type) == includes);
    assert_true(datum_excludes_all(&da, &db, type) == excludes);

    datum_clone(&d, &da, type);
    assert_true(datum_union(&d, &db, type, flag) == !!memcmp(&a, &sum, sizeof a));
    expect_model(&d, type, &sum, rng);
    datum_fini(&d, type);

    datum_clone(&d, &da, type);
    assert_true(datum_subtract(&d, &db, type, flag && is_map) == !!memcmp(&a, &rest, sizeof a));
    expect_model(&d, type, &rest, rng);
    datum_fini(&d, type);

    datum_clone(&d, &da, type);
    datum_diff(&diff, &da, &db, type);
    assert_true((diff.n == 0) == datum_eq(&da, &db, type));
    datum_apply_diff(&d, &diff, type);
    expect_model(&d, type, &b, rng);
    datum_fini(&d, type);
    datum_fini(&diff, type);
    datum_fini(&da, type);
    datum_fini(&db, type);
}

TEST(algebra_agrees_with_the_obvious_model)
{
    static const enum atom_type keys[] = {ATOM_INTEGER, ATOM_REAL, ATOM_STRING, ATOM_UUID};
    static const enum atom_type values[] = {ATOM_VOID, ATOM_VOID, ATOM_STRING, ATOM_INTEGER, ATOM_UUID};
    struct rng rng = {.state = 20240229};
    for (int i = 0; i < 4000; i++) {
        check_operations(&rng, (struct datum_type) {keys[rng_below(&rng, ARRAY_SIZE(keys))],
                                                    values[rng_below(&rng, ARRAY_SIZE(values))]});
    }
}

TEST(duplicates_are_refused_and_freed)
{
    union atom keys[] = {make_atom(ATOM_STRING, 3), make_atom(ATOM_STRING, 1), make_atom(ATOM_STRING, 3)};
    struct datum datum;
    assert_false(datum_init_from_atoms(&datum, STRINGS, keys, NULL, 3));
    assert_int_equal(datum.n, 0);
}

TEST(a_scalar_owns_no_array)
{
    struct datum datum;
    datum_init_string(&datum, "x");
    assert_true(datum.is_inline);
    assert_string_equal(datum_keys(&datum)->string->text, "x");
    struct datum copy;
    datum_clone(&copy, &datum, STRINGS);
    assert_ptr_equal(datum_keys(&copy)->string, datum_keys(&datum)->string);
    datum_fini(&datum, STRINGS);
    datum_fini(&copy, STRINGS);
    assert_true(sizeof(struct datum) == 24);
}

TEST(maps_are_looked_up_by_text)
{
    union atom keys[] = {make_atom(ATOM_STRING, 2), make_atom(ATOM_STRING, 1)};
    union atom values[] = {make_atom(ATOM_STRING, 8), make_atom(ATOM_STRING, 9)};
    struct datum map;
    assert_true(datum_init_from_atoms(&map, STRING_MAP, keys, values, 2));
    assert_string_equal(datum_get_string(&map, "k01"), "k09");
    assert_string_equal(datum_get_string(&map, "k02"), "k08");
    assert_null(datum_get_string(&map, "k03"));
    assert_null(datum_get_string(&map, ""));
    datum_fini(&map, STRING_MAP);
}

TEST(order_is_total)
{
    struct datum one, two;
    datum_init_integer(&one, -3);
    datum_init_integer(&two, 4);
    assert_true(datum_cmp(&one, &two, INTEGERS) < 0);
    assert_true(datum_cmp(&two, &one, INTEGERS) > 0);
    datum_swap(&one, &two);
    assert_int_equal(one.one.integer, 4);
    datum_fini(&two, INTEGERS);
    datum_init_empty(&two);
    assert_true(datum_cmp(&two, &one, INTEGERS) < 0);
    assert_int_equal(datum_find(&one, &(union atom) {.integer = 4}, ATOM_INTEGER), 0);
    assert_int_equal(datum_find(&two, &(union atom) {.integer = 4}, ATOM_INTEGER), UINT32_MAX);
}

TEST_MAIN(T(algebra_agrees_with_the_obvious_model), T(duplicates_are_refused_and_freed), T(a_scalar_owns_no_array),
          T(maps_are_looked_up_by_text), T(order_is_total))
