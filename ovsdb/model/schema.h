/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_SCHEMA_H
#define WEFT_OVSDB_MODEL_SCHEMA_H

/* What: database schemas (RFC 7047 section 3.2): databases, tables, columns, types and constraints.
 *
 * Why: the server, the replicas, the tools and the accessor generator share one reading of a schema.
 *
 * Owns: a schema owns its tables, those their columns.  Immutable once parsed; shared by reference count.
 * Invariants: tables and columns are sorted by name; 'index' is the position.  Each table's first columns are
 * the implicit "_uuid" (COLUMN_UUID) and "_version" (COLUMN_VERSION). */

#include <jansson.h>

#include "ovsdb/model/datum.h"

struct column;
struct table;

/* RFC 7047 <base-type>. */
struct base_type {
    enum atom_type type;
    bool has_enum;
    struct datum enum_;                                      /* allowed atoms, a set of 'type' */
    int64_t integer_min, integer_max;                        /* INT64_MIN and INT64_MAX: no limit */
    double real_min, real_max;                               /* -DBL_MAX and DBL_MAX: no limit */
    uint32_t string_min, string_max;                         /* characters; 0 and UINT32_MAX: no limit */
    char *ref_table_name;                                    /* or NULL */
    struct table *ref_table;                                 /* resolved; NULL where 'ref_table_name' is */
    bool ref_is_weak;
};

/* RFC 7047 <type>. */
struct column_type {
    struct base_type key;
    struct base_type value;                                  /* type ATOM_VOID unless a map */
    uint32_t n_min;                                          /* 0 or 1 */
    uint32_t n_max;                                          /* UINT32_MAX: unlimited */
};
static inline struct datum_type column_datum_type(const struct column_type *t)
{
    return (struct datum_type) {t->key.type, t->value.type};
}
static inline bool column_type_is_map(const struct column_type *t) { return t->value.type != ATOM_VOID; }
static inline bool column_type_is_scalar(const struct column_type *t)
{
    return t->n_min == 1 && t->n_max == 1 && !column_type_is_map(t);
}
/* "set of up to 3 integers", for messages.  The caller frees it. */
char *column_type_describe(const struct column_type *type) MUST_USE;
static inline bool column_type_is_optional(const struct column_type *t) { return t->n_min == 0 && t->n_max == 1; }

enum { COLUMN_UUID = 0, COLUMN_VERSION = 1, COLUMN_FIRST = 2, MAX_COLUMNS = 64 };

struct column {
    char *name;
    uint32_t index;
    struct column_type type;
    bool is_mutable;
    bool is_ephemeral;
};

struct table_index {
    uint32_t *columns;                                       /* owned: column indexes, in the schema's order */
    uint32_t n;
};

struct table {
    char *name;
    uint32_t index;
    struct column *columns;                                  /* owned; [COLUMN_UUID], [COLUMN_VERSION], then by name */
    uint32_t n_columns;
    bool is_root;
    uint32_t max_rows;                                       /* UINT32_MAX: unlimited */
    struct table_index *indexes;
    uint32_t n_indexes;
};

struct schema {
    uint32_t refs;
    char *name;
    char *version;                                           /* "" if absent */
    char *cksum;                                             /* "" if absent */
    struct table *tables;                                    /* by name */
    uint32_t n_tables;
};

bool is_id(const char *s);                                   /* RFC 7047 <id>: [A-Za-z_][A-Za-z0-9_]* */
char *id_from_uuid(const struct uuid *uuid) MUST_USE;        /* an <id> for a new row: "row" and the uuid; the caller frees it */
/* Parses RFC 7047 <database-schema>.  'json' is borrowed.  Errors name the table and column ("syntax error"). */
struct err *schema_from_json(const json_t *json, struct schema **ret) MUST_USE;
/* Errors have no tag where the file is not JSON. */
struct err *schema_from_file(const char *path, struct schema **ret) MUST_USE;
struct err *schema_from_text(struct str text, struct schema **ret) MUST_USE;
json_t *schema_to_json(const struct schema *schema) MUST_USE;
char *schema_to_text(const struct schema *schema) MUST_USE;  /* the same as compact text; the caller frees it */
struct schema *schema_ref(struct schema *schema);
void schema_unref(struct schema *schema);
bool schema_eq(const struct schema *a, const struct schema *b);
bool column_type_eq(const struct column_type *a, const struct column_type *b);
struct table *schema_table(const struct schema *schema, const char *name);       /* or NULL */
struct column *table_column(const struct table *table, const char *name);        /* or NULL; finds _uuid too */

/* The default value of RFC 7047 section 5.2.1 for an omitted column. */
void datum_init_default(struct datum *datum, const struct column_type *type);
bool datum_is_default(const struct datum *datum, const struct column_type *type);
/* "constraint violation" errors, naming the value and the bound it breaks. */
struct err *atom_check_constraints(const union atom *atom, const struct base_type *base) MUST_USE;
struct err *datum_check_constraints(const struct datum *datum, const struct column_type *type) MUST_USE;
/* An error with 'tag' if a value of 'type' must not have 'n' elements. */
struct err *column_type_check_n(const struct column_type *type, uint32_t n, const char *tag) MUST_USE;

/* The difference between two values of a column as "update2" notifications and the file's "_is_diff" write it:
 * the new value where the column holds at most one element, datum_diff() elsewhere. */
void datum_diff_column(struct datum *ret_diff, const struct datum *old, const struct datum *new,
                       const struct column_type *type);
void datum_apply_diff_column(struct datum *datum, const struct datum *diff, const struct column_type *type);

/* JSON notation (RFC 7047 section 5.1). */

/* Resolves "named-uuid" names while parsing a transaction.  Returns the uuid for 'name' (allocating it at
 * first sight), or NULL if named uuids are not allowed here. */
struct named_uuids {
    const struct uuid *(*resolve)(void *aux, const char *name);
    void *aux;
};
/* With constraint checks ("constraint violation"); shape errors are "syntax error".  'names' may be NULL. */
struct err *datum_from_json(struct datum *ret, const struct column_type *type, const json_t *json,
                            const struct named_uuids *names) MUST_USE;
/* The same without checking the number of elements, for conditions, mutations and diffs. */
struct err *datum_from_json_unbounded(struct datum *ret, const struct column_type *type, const json_t *json,
                                      const struct named_uuids *names) MUST_USE;
json_t *atom_to_json(const union atom *atom, enum atom_type type) MUST_USE;
json_t *datum_to_json(const struct datum *datum, const struct column_type *type) MUST_USE;
/* The same straight into text, without building JSON values: what monitors and the log use. */
void atom_put_json(struct buf *buf, const union atom *atom, enum atom_type type);
void datum_put_json(struct buf *buf, const struct datum *datum, const struct column_type *type);

/* The notation of ovs-vsctl(8) and ovn-nbctl(8), "Database Values": [a,b], {k=v}, quoted strings; '@name'
 * through 'names', which is given the name with its '@'.  An atom is all of 's', so that only datums need
 * quotes around "10.0.0.1:80".  Errors have no tag, but for "constraint violation". */
struct err *atom_from_string(union atom *ret, const struct base_type *base, const char *s,
                             const struct named_uuids *names) MUST_USE;
struct err *datum_from_string(struct datum *ret, const struct column_type *type, const char *s,
                              const struct named_uuids *names) MUST_USE;
/* Cuts one word of that notation from the front of '*p', up to a delimiter outside of quotes.  Quotes and what is in
 * them stay as they are; elsewhere a backslash makes the next character an ordinary one.  The caller frees '*ret'.
 * Errors: a quote that is not closed, a backslash at the end; '*p' is unchanged then. */
struct err *datum_token_cut(const char **p, char **ret) MUST_USE;
void atom_put_string(struct buf *buf, const union atom *atom, enum atom_type type);      /* quoted where needed */
void datum_put_string(struct buf *buf, const struct datum *datum, const struct column_type *type);
void datum_put_bare(struct buf *buf, const struct datum *datum, const struct column_type *type);        /* "--data=bare" */

#endif
