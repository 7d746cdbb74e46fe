/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENT_ROW_H
#define WEFT_OVSDB_CLIENT_ROW_H

/* What: recorded reads of a row's columns by type.
 *
 * Why: the generated accessors (schemas/nb.h, ...) are one call each to these; code that works on any table calls them
 * with column numbers.  Asking for a type that the column does not have is a bug.
 *
 * What they return lives until the row changes. */

#include "ovsdb/client/replica.h"

/* 'row' if it is NULL or of 'table' of the database that 'def' describes; else aborts. */
const struct row *row_checked(const struct row *row, const struct replica_schema_def *def, uint32_t table);

/* The only element of a scalar or optional column, or NULL. */
static inline const union atom *
row_atom(struct derive *d, const struct row *row, uint32_t column)
{
    const struct datum *datum = row_column(d, row, column);
    return datum->n ? datum_keys(datum) : NULL;
}

/* Scalars; the default of the type for a column without a value, as when it is not monitored. */
static inline const char *
row_string(struct derive *d, const struct row *row, uint32_t column)
{
    const union atom *atom = row_atom(d, row, column);
    return atom ? atom->string->text : "";
}
static inline int64_t
row_integer(struct derive *d, const struct row *row, uint32_t column)
{
    const union atom *atom = row_atom(d, row, column);
    return atom ? atom->integer : 0;
}
static inline double
row_real(struct derive *d, const struct row *row, uint32_t column)
{
    const union atom *atom = row_atom(d, row, column);
    return atom ? atom->real : 0;
}
static inline bool
row_boolean(struct derive *d, const struct row *row, uint32_t column)
{
    const union atom *atom = row_atom(d, row, column);
    return atom && atom->boolean;
}

/* Optional columns; NULL: no value. */
static inline const char *
row_optional_string(struct derive *d, const struct row *row, uint32_t column)
{
    const union atom *atom = row_atom(d, row, column);
    return atom ? atom->string->text : NULL;
}
static inline const int64_t *
row_optional_integer(struct derive *d, const struct row *row, uint32_t column)
{
    const union atom *atom = row_atom(d, row, column);
    return atom ? &atom->integer : NULL;
}
static inline const double *
row_optional_real(struct derive *d, const struct row *row, uint32_t column)
{
    const union atom *atom = row_atom(d, row, column);
    return atom ? &atom->real : NULL;
}
static inline const bool *
row_optional_boolean(struct derive *d, const struct row *row, uint32_t column)
{
    const union atom *atom = row_atom(d, row, column);
    return atom ? &atom->boolean : NULL;
}
static inline const struct uuid *
row_optional_uuid(struct derive *d, const struct row *row, uint32_t column)
{
    const union atom *atom = row_atom(d, row, column);
    return atom ? &atom->uuid : NULL;
}

/* The row of 'table' that a scalar or optional reference names, or NULL; the look-up is recorded too. */
static inline const struct row *
row_reference(struct derive *d, const struct row *row, uint32_t column, uint32_t table)
{
    const struct uuid *uuid = row_optional_uuid(d, row, column);
    return uuid ? replica_row(d, row->replica, table, uuid) : NULL;
}

/* The value of 'key' in a string → string map, or NULL. */
static inline const char *
row_map_get(struct derive *d, const struct row *row, uint32_t column, const char *key)
{
    return datum_get_string(row_column(d, row, column), key);
}

#endif
