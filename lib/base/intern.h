/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_INTERN_H
#define WEFT_BASE_INTERN_H

/* What: a table that gives equal byte strings equal 32-bit ids, counted by reference.
 *
 * Why: ids compare and hash in one instruction, fit in derivation keys, and hold each text once.
 * Invariants: id 0 is never given out.  An id is reused only after its last reference is dropped, so
 * ids must not decide any order that leaves the process: sort by content.
 * Cost: 16 bytes and the text per distinct string. */

#include "lib/base/str.h"

struct intern;

struct intern *intern_new(void) MUST_USE;
void intern_free(struct intern *table);
uint32_t intern_ref(struct intern *table, struct str s);     /* adds a reference, making the entry at need */
uint32_t intern_find(const struct intern *table, struct str s);          /* 0 if absent; no reference */
void intern_keep(struct intern *table, uint32_t id);         /* one more reference */
void intern_unref(struct intern *table, uint32_t id);
struct str intern_str(const struct intern *table, uint32_t id);          /* NUL-terminated */
size_t intern_count(const struct intern *table);

#endif
