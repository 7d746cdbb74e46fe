/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/model/datum.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "ovsdb/model/datum_private.h"

MEM_TYPE(atom_string, "OVSDB strings");
MEM_TYPE(datum_array, "OVSDB value arrays");

static const char *const type_names[ATOM_N_TYPES] = {
    [ATOM_VOID] = "void",     [ATOM_INTEGER] = "integer", [ATOM_REAL] = "real",
    [ATOM_BOOLEAN] = "boolean", [ATOM_STRING] = "string",   [ATOM_UUID] = "uuid",
};

const char *
atom_type_name(enum atom_type type)
{
    CHECK(type < ATOM_N_TYPES);
    return type_names[type];
}

bool
atom_type_from_name(const char *name, enum atom_type *ret)
{
    for (enum atom_type type = ATOM_INTEGER; type < ATOM_N_TYPES; type++) {
        if (!strcmp(name, type_names[type])) {
            *ret = type;
            return true;
        }
    }
    return false;
}

struct atom_string *
atom_string_new(struct str s)
{
    CHECK(s.n < UINT32_MAX);
    struct atom_string *string = xmalloc(sizeof *string + s.n + 1);
    string->refs = 1;
    string->length = (uint32_t) s.n;
    if (s.n) {
        memcpy(string->text, s.s, s.n);
    }
    string->text[s.n] = '\0';
    mem_add(&mem_atom_string, +1);
    return string;
}

void
atom_string_unref(struct atom_string *s)
{
    if (s && !--s->refs) {
        free(s);
        mem_add(&mem_atom_string, -1);
    }
}

void
atom_init_default(union atom *atom, enum atom_type type)
{
    memset(atom, 0, sizeof *atom);
    if (type == ATOM_STRING) {
        atom->string = atom_string_new(str_n("", 0));
    }
}

void
atom_clone(union atom *dst, const union atom *src, enum atom_type type)
{
    *dst = *src;
    if (type == ATOM_STRING) {
        atom_string_ref(dst->string);
    }
}

void
atom_fini(union atom *atom, enum atom_type type)
{
    if (type == ATOM_STRING) {
        atom_string_unref(atom->string);
    }
}

static int
string_cmp(const struct atom_string *a, const struct atom_string *b)
{
    if (a == b) {
        return 0;
    }
    int cmp = memcmp(a->text, b->text, MIN(a->length, b->length));
    return cmp ? cmp : (a->length > b->length) - (a->length < b->length);
}

int
atom_cmp(const union atom *a, const union atom *b, enum atom_type type)
{
    switch (type) {
    case ATOM_INTEGER: return (a->integer > b->integer) - (a->integer < b->integer);
    case ATOM_REAL: return (a->real > b->real) - (a->real < b->real);
    case ATOM_BOOLEAN: return a->boolean - b->boolean;
    case ATOM_STRING: return string_cmp(a->string, b->string);
    case ATOM_UUID: return uuid_cmp(&a->uuid, &b->uuid);
    case ATOM_VOID:
    case ATOM_N_TYPES: break;
    }
    CHECK(type == ATOM_VOID);
    return 0;
}

uint64_t
atom_hash(const union atom *atom, enum atom_type type)
{
    switch (type) {
    case ATOM_INTEGER: return hash_mix64((uint64_t) atom->integer);
    case ATOM_REAL: {
        double real = atom->real == 0 ? 0 : atom->real;      /* -0.0 equals 0.0 */
        return hash_bytes64(&real, sizeof real, 0);
    }
    case ATOM_BOOLEAN: return hash_mix64(1 + atom->boolean);
    case ATOM_STRING: return hash_bytes64(atom->string->text, atom->string->length, 0);
    case ATOM_UUID: return uuid_hash(&atom->uuid);
    case ATOM_VOID:
    case ATOM_N_TYPES: break;
    }
    CHECK(type == ATOM_VOID);
    return 0;
}

void
datum_init_empty(struct datum *datum)
{
    *datum = (struct datum) {.is_inline = true};
}

void
datum_alloc(struct datum *datum, uint32_t n, bool is_map)
{
    datum_init_empty(datum);
    datum->n = n;
    if (n > 1 || (n && is_map)) {
        datum->is_inline = false;
        datum->keys = xmalloc(sizeof *datum->keys * n * (is_map ? 2 : 1));
        datum->values = is_map ? datum->keys + n : NULL;
        mem_add(&mem_datum_array, +1);
    }
}

void
datum_release(struct datum *datum)
{
    if (!datum->is_inline) {
        free(datum->keys);
        mem_add(&mem_datum_array, -1);
    }
    datum_init_empty(datum);
}

static void
clone_atoms(union atom *dst, const union atom *src, uint32_t n, enum atom_type type)
{
    if (n) {
        memcpy(dst, src, sizeof *dst * n);
    }
    if (type == ATOM_STRING) {
        for (uint32_t i = 0; i < n; i++) {
            atom_string_ref(dst[i].string);
        }
    }
}

void
datum_clone(struct datum *dst, const struct datum *src, struct datum_type type)
{
    if (src->is_inline) {
        *dst = *src;
        if (src->n && type.key == ATOM_STRING) {
            atom_string_ref(dst->one.string);
        }
        return;
    }
    datum_alloc(dst, src->n, type.value != ATOM_VOID);
    clone_atoms(dst->keys, src->keys, src->n, type.key);
    if (type.value != ATOM_VOID) {
        clone_atoms(dst->values, src->values, src->n, type.value);
    }
}

static void
fini_atoms(union atom *atoms, uint32_t n, enum atom_type type)
{
    if (type == ATOM_STRING) {
        for (uint32_t i = 0; i < n; i++) {
            atom_string_unref(atoms[i].string);
        }
    }
}

void
datum_fini(struct datum *datum, struct datum_type type)
{
    fini_atoms(datum_keys_rw(datum), datum->n, type.key);
    if (type.value != ATOM_VOID) {
        fini_atoms(datum_values_rw(datum), datum->n, type.value);
    }
    datum_release(datum);
}

void
datum_swap(struct datum *a, struct datum *b)
{
    struct datum t = *a;
    *a = *b;
    *b = t;
}

/* Sorting keys with their values. */

struct pair {
    union atom key;
    union atom value;
};

static int
compare_keys(const void *a, const void *b, void *type)
{
    return atom_cmp(a, b, *(const enum atom_type *) type);   /* a pair begins with its key */
}

static void
sort_pairs(union atom *keys, union atom *values, uint32_t n, enum atom_type key_type)
{
    struct pair *pairs = xmalloc(sizeof *pairs * n);
    for (uint32_t i = 0; i < n; i++) {
        pairs[i] = (struct pair) {keys[i], values[i]};
    }
    qsort_r(pairs, n, sizeof *pairs, compare_keys, &key_type);
    for (uint32_t i = 0; i < n; i++) {
        keys[i] = pairs[i].key;
        values[i] = pairs[i].value;
    }
    free(pairs);
}

bool
datum_sort(struct datum *datum, struct datum_type type)
{
    if (datum->n < 2) {
        return true;
    }
    union atom *keys = datum->keys;
    uint32_t n = datum->n;
    uint32_t i = 1;
    while (i < n && atom_cmp(&keys[i - 1], &keys[i], type.key) < 0) {
        i++;                                                 /* most input is sorted already */
    }
    if (i == n) {
        return true;
    }
    if (type.value == ATOM_VOID) {
        qsort_r(keys, n, sizeof *keys, compare_keys, &type.key);
    } else {
        sort_pairs(keys, datum->values, n, type.key);
    }
    for (i = 1; i < n; i++) {
        if (!atom_cmp(&keys[i - 1], &keys[i], type.key)) {
            return false;
        }
    }
    return true;
}

bool
datum_init_from_atoms(struct datum *datum, struct datum_type type, union atom *keys, union atom *values, uint32_t n)
{
    CHECK((values != NULL) == (type.value != ATOM_VOID) || !n);
    datum_alloc(datum, n, type.value != ATOM_VOID);
    if (n) {
        memcpy(datum_keys_rw(datum), keys, sizeof *keys * n);
        if (type.value != ATOM_VOID) {
            memcpy(datum->values, values, sizeof *values * n);
        }
    }
    if (!datum_sort(datum, type)) {
        datum_fini(datum, type);
        return false;
    }
    return true;
}

void
datum_init_scalar(struct datum *datum, union atom *key)
{
    *datum = (struct datum) {.n = 1, .is_inline = true, .one = *key};
}

void
datum_init_integer(struct datum *datum, int64_t i)
{
    datum_init_scalar(datum, &(union atom) {.integer = i});
}

void
datum_init_string(struct datum *datum, const char *s)
{
    datum_init_scalar(datum, &(union atom) {.string = atom_string_new(str_from(s))});
}

void
datum_init_uuid(struct datum *datum, const struct uuid *uuid)
{
    datum_init_scalar(datum, &(union atom) {.uuid = *uuid});
}

static int
compare_arrays(const union atom *a, const union atom *b, uint32_t n, enum atom_type type)
{
    int cmp = 0;
    for (uint32_t i = 0; i < n && !cmp; i++) {
        cmp = atom_cmp(&a[i], &b[i], type);
    }
    return cmp;
}

int
datum_cmp(const struct datum *a, const struct datum *b, struct datum_type type)
{
    if (a->n != b->n) {
        return a->n < b->n ? -1 : 1;
    }
    int cmp = compare_arrays(datum_keys(a), datum_keys(b), a->n, type.key);
    if (!cmp && type.value != ATOM_VOID && a->n) {
        cmp = compare_arrays(datum_values(a), datum_values(b), a->n, type.value);
    }
    return cmp;
}

bool
datum_eq(const struct datum *a, const struct datum *b, struct datum_type type)
{
    return a->n == b->n && !datum_cmp(a, b, type);
}

uint64_t
datum_hash(const struct datum *datum, struct datum_type type)
{
    uint64_t hash = datum->n;
    for (uint32_t i = 0; i < datum->n; i++) {
        hash = hash_add64(hash, atom_hash(&datum_keys(datum)[i], type.key));
        if (type.value != ATOM_VOID) {
            hash = hash_add64(hash, atom_hash(&datum->values[i], type.value));
        }
    }
    return hash;
}

uint32_t
datum_lower_bound(const struct datum *datum, uint32_t low, const union atom *key, enum atom_type key_type)
{
    const union atom *keys = datum_keys(datum);
    uint32_t high = datum->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (atom_cmp(&keys[middle], key, key_type) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t
datum_find(const struct datum *datum, const union atom *key, enum atom_type key_type)
{
    uint32_t i = datum_lower_bound(datum, 0, key, key_type);
    return i < datum->n && !atom_cmp(&datum_keys(datum)[i], key, key_type) ? i : UINT32_MAX;
}

const char *
datum_get_string(const struct datum *map, const char *key)
{
    /* The obvious way allocates a counted string for 'key'; this is called once per option read. */
    uint32_t low = 0;
    uint32_t high = map->n;
    const union atom *keys = datum_keys(map);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int cmp = strcmp(keys[middle].string->text, key);
        if (!cmp) {
            return map->values[middle].string->text;
        } else if (cmp < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

bool
datum_has_uuid(const struct datum *set, const struct uuid *uuid)
{
    return datum_find(set, &(union atom) {.uuid = *uuid}, ATOM_UUID) != UINT32_MAX;
}
