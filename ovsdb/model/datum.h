/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_DATUM_H
#define WEFT_OVSDB_MODEL_DATUM_H

/* What: atoms and datums, the values of RFC 7047 section 5.1: an atom is an integer, real, boolean, string
 * or uuid; a datum is a set of atoms or a map from atoms to atoms.  A scalar is a set of one.
 *
 * Why: one compact typed value for the server's rows, the clients' replicas and everything between; JSON
 * stays at the edge (schema.h, datum_scan.h).
 *
 * Owns: a datum owns its arrays (one allocation) and one reference to each of its strings.  Strings are immutable, shared and
 * counted, so that cloning a datum never copies text.
 *
 * Invariants: keys are sorted (atom_cmp) and distinct.  A set of at most one element lies inline and owns
 * no array.  A datum does not know its type; the column does (schema.h).
 *
 * Cost: 24 bytes a datum; look-up O(log n). */

#include "lib/base/check.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

enum atom_type { ATOM_VOID, ATOM_INTEGER, ATOM_REAL, ATOM_BOOLEAN, ATOM_STRING, ATOM_UUID, ATOM_N_TYPES };

/* An immutable counted string.  'text' is UTF-8, NUL-terminated; 'length' is in bytes. */
struct atom_string {
    uint32_t refs;
    uint32_t length;
    char text[];
};
struct atom_string *atom_string_new(struct str s) MUST_USE;
static inline struct atom_string *atom_string_ref(struct atom_string *s) { s->refs++; return s; }
void atom_string_unref(struct atom_string *s);

union atom {
    int64_t integer;
    double real;
    bool boolean;
    struct atom_string *string;
    struct uuid uuid;
};

const char *atom_type_name(enum atom_type type);             /* "integer", ... */
bool atom_type_from_name(const char *name, enum atom_type *ret);
void atom_init_default(union atom *atom, enum atom_type type);           /* 0, 0.0, false, "", all-zero uuid */
void atom_clone(union atom *dst, const union atom *src, enum atom_type type);
void atom_fini(union atom *atom, enum atom_type type);
int atom_cmp(const union atom *a, const union atom *b, enum atom_type type);     /* total order */
uint64_t atom_hash(const union atom *atom, enum atom_type type);

struct datum {
    uint32_t n;                                              /* elements: set members or map pairs */
    bool is_inline;                                          /* n <= 1 and 'one' holds the key; never for maps with a pair */
    union {
        union atom one;
        struct {
            union atom *keys;                                /* n of them, owned */
            union atom *values;                              /* n of them, behind the keys; NULL for sets */
        };
    };
};

/* The types of a datum's keys and values; 'value' is ATOM_VOID for sets. */
struct datum_type {
    enum atom_type key;
    enum atom_type value;
};

static inline const union atom *datum_keys(const struct datum *d) { return d->is_inline ? &d->one : d->keys; }
static inline const union atom *datum_values(const struct datum *d) { return d->is_inline ? NULL : d->values; }

void datum_init_empty(struct datum *datum);
void datum_clone(struct datum *dst, const struct datum *src, struct datum_type type);
void datum_fini(struct datum *datum, struct datum_type type);
void datum_swap(struct datum *a, struct datum *b);
/* Makes a datum of 'n' keys (and values, for maps; NULL for sets), in any order.  The atoms are moved in; the
 * arrays stay the caller's and may be reordered.  Duplicate keys are an error for maps and for sets (which
 * tag it deserves is the caller's to say): returns false, with the atoms freed and '*datum' empty. */
bool datum_init_from_atoms(struct datum *datum, struct datum_type type, union atom *keys, union atom *values,
                           uint32_t n) MUST_USE;
void datum_init_scalar(struct datum *datum, union atom *key /* moved */);
void datum_init_integer(struct datum *datum, int64_t i);
void datum_init_string(struct datum *datum, const char *s);
void datum_init_uuid(struct datum *datum, const struct uuid *uuid);

int datum_cmp(const struct datum *a, const struct datum *b, struct datum_type type);     /* total order */
bool datum_eq(const struct datum *a, const struct datum *b, struct datum_type type);
uint64_t datum_hash(const struct datum *datum, struct datum_type type);

/* The position of 'key', or UINT32_MAX. */
uint32_t datum_find(const struct datum *datum, const union atom *key, enum atom_type key_type);
/* For maps string → string: the value of 'key', or NULL. */
const char *datum_get_string(const struct datum *map, const char *key);
bool datum_has_uuid(const struct datum *set, const struct uuid *uuid);

/* Adds what 'b' has and 'a' lacks ("insert": existing map keys keep their value); with 'replace' the values
 * of 'b' win.  Returns whether 'a' changed. */
bool datum_union(struct datum *a, const struct datum *b, struct datum_type type, bool replace);
/* Removes from 'a' the keys of 'b' (with 'match_values', for maps, only pairs that are equal). */
bool datum_subtract(struct datum *a, const struct datum *b, struct datum_type type, bool match_values);
bool datum_includes_all(const struct datum *a, const struct datum *subset, struct datum_type type);
bool datum_excludes_all(const struct datum *a, const struct datum *other, struct datum_type type);
/* The difference as monitor_cond's "update2"/"modify" and the file's "_is_diff" define it: for sets the
 * symmetric difference; for maps pairs added or changed with the new value, pairs removed with the old value.
 * datum_apply_diff(old, diff) gives new, and is its own inverse for sets. */
void datum_diff(struct datum *ret_diff, const struct datum *old, const struct datum *new, struct datum_type type);
void datum_apply_diff(struct datum *datum, const struct datum *diff, struct datum_type type);

#endif
