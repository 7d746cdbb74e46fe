/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_DESIRED_H
#define WEFT_NORTHD_DESIRED_H

/* What: how derivations emit rows other than logical flows: a table, a key, and the columns that northd owns.
 *
 * Why: a row is a value in the sinks S_SB_ROW and S_NB_ROW; what differs between the last run's value and this one's
 * becomes the update of exactly the columns that changed.  References name the other row by (table, key), so that
 * nobody need know its uuid.
 *
 * Use:  struct desired *r = desired_row(d, S_SB_ROW, SB_TABLE_PORT_BINDING, name, &uuid);
 *       desired_string(r, SB_PORT_BINDING_TYPE, "patch");
 *       desired_emit(r);
 * Everything lives in the run's arena. */

#include "northd/northd.h"

struct desired;

/* 'key' identifies the row among those of its table, in every process the same.  'uuid' is what the row's uuid shall
 * be when it is inserted, or NULL. */
struct desired *desired_row(struct derive *d, enum northd_sink sink, uint32_t table, const char *key,
                            const struct uuid *uuid) MUST_USE;
void desired_integer(struct desired *r, uint32_t column, int64_t value);
void desired_boolean(struct desired *r, uint32_t column, bool value);
void desired_string(struct desired *r, uint32_t column, const char *value);
void desired_optional_string(struct desired *r, uint32_t column, const char *value);     /* NULL: empty */
void desired_datum(struct desired *r, uint32_t column, const struct datum *value);       /* any set or map */
void desired_empty(struct desired *r, uint32_t column);      /* the empty set or map */
void desired_map(struct desired *r, uint32_t column, const char *const pairs[][2], size_t n);
/* A reference to the row of 'table' (same database) that is desired under 'key'. */
void desired_ref(struct desired *r, uint32_t column, uint32_t table, const char *key);
void desired_uuid(struct desired *r, uint32_t column, const struct uuid *uuid);          /* a row that exists */
void desired_emit(struct desired *r);

#endif
