/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CLIENT_DESIRED_H
#define WEFT_OVSDB_CLIENT_DESIRED_H

/* What: a wanted row as bytes: what a derivation emits, and what becomes calls to a writer.
 *
 * Why: derivations have values as effects, and the engine compares bytes.  A row is recorded here as the list of
 * writer_row_*() calls that make it; when the engine reports it as new, the list is played to the writer.
 *
 * Use:  struct desired *r = desired_begin(&scratch, SB_TABLE_PORT_BINDING, str_from(name));
 *       desired_string(r, SB_PORT_BINDING_TYPE, "patch");
 *       desired_emit(r, d, S_SB_ROW);
 *
 * Owns: the scratch 'struct desired' is the caller's, used again and again; desired_fini() at the end. */

#include "lib/base/hmap.h"
#include "lib/derive/derive.h"
#include "ovsdb/client/writer.h"

struct desired {
    struct buf content;
};
#define DESIRED_INIT {.content = BUF_INIT(BUF_NO_LIMIT)}
void desired_fini(struct desired *r);

struct desired *desired_begin(struct desired *scratch, uint32_t table, struct str key) MUST_USE;
/* As the writer_row_*() functions of the same names. */
void desired_integer(struct desired *r, uint32_t column, int64_t value);
void desired_boolean(struct desired *r, uint32_t column, bool value);
void desired_string(struct desired *r, uint32_t column, const char *value);      /* NULL: nothing, for optional columns */
void desired_uuid(struct desired *r, uint32_t column, const struct uuid *uuid);
void desired_ref(struct desired *r, uint32_t column, uint32_t ref_table, struct str ref_key);
void desired_pair(struct desired *r, uint32_t column, const char *key, const char *value);
void desired_uuid_pair(struct desired *r, uint32_t column, const char *key, const struct uuid *value);
void desired_own_pair(struct desired *r, uint32_t column, const char *key, const char *value);
/* All elements of a set or map of strings. */
void desired_strings(struct desired *r, uint32_t column, const struct datum *value);
void desired_pairs(struct desired *r, uint32_t column, const struct datum *map);
void desired_emit(struct desired *r, struct derive *d, uint16_t sink);
/* One member of a set column of references, emitted by itself: the writer_member_ref() that it becomes costs one mutation.
 * For a sink of its own, played by desired_member_output(). */
void desired_emit_member(struct desired *scratch, struct derive *d, uint16_t sink, uint32_t table, struct str key,
                         uint32_t column, uint32_t ref_table, struct str ref_key);
void desired_member_output(struct writer *w, const struct derive_output *output);

/* From the engine's output to a writer.  Before desired_sync_end() come the additions of one derive_take_outputs(), then
 * the removals; a row that was replaced is put once and not removed. */
struct desired_sync {
    struct strmap put;                                       /* table and key of rows put in this round */
};
void desired_sync_init(struct desired_sync *sync);
void desired_sync_fini(struct desired_sync *sync);
void desired_sync_output(struct desired_sync *sync, struct writer *w, const struct derive_output *output);
void desired_sync_end(struct desired_sync *sync);

#endif
