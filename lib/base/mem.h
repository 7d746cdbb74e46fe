/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_MEM_H
#define WEFT_BASE_MEM_H

/* What: allocation that cannot fail, counted objects, and arenas.
 *
 * Why: running out of memory cannot be handled usefully in a control plane, so these abort; every size
 * that a peer controls is bounded before it reaches them.
 *
 * Owns: an arena owns everything allocated from it, until arena_reset() or arena_free(). */

#include "lib/base/check.h"

void *xmalloc(size_t size) MUST_USE __attribute__((malloc));
void *xcalloc(size_t n, size_t size) MUST_USE __attribute__((malloc));
void *xrealloc(void *p, size_t size) MUST_USE;
char *xstrdup(const char *s) MUST_USE;
char *xmemdup0(const char *p, size_t length) MUST_USE;       /* copy with a NUL appended */
void *xmemdup(const void *p, size_t size) MUST_USE;
char *xasprintf(const char *format, ...) PRINTF_LIKE(1, 2) MUST_USE;

/* Doubles '*capacity' (from at least 4) and reallocates the array 'p' of elements of 'size' bytes. */
void *xgrow(void *p, size_t *capacity, size_t size) MUST_USE;

/* Joins the small pieces of memory that were freed.  The C library sets them aside and joins them all when it next has to do with a
 * large piece, which takes about as long as freeing them did: for who frees much in slices. */
void mem_join_freed(void);

/* A kind of long-lived object, counted.  Declare one with MEM_TYPE(row, "OVSDB rows") at file level,
 * then call mem_add(&mem_row, +1) and mem_add(&mem_row, -1) where objects come and go.  The counts
 * appear in "memory/show", and unit tests end with the total that they began with (mem_total()). */
struct mem_type {
    const char *name;
    int64_t n;
    struct mem_type *next;                                   /* in the list of all types */
};
#define MEM_TYPE(ID, NAME)                                                                          \
    static struct mem_type mem_##ID = {.name = (NAME)};                                             \
    static void __attribute__((constructor)) mem_register_##ID(void) { mem_type_register(&mem_##ID); } \
    struct mem_type
void mem_type_register(struct mem_type *type);
static inline void mem_add(struct mem_type *type, int64_t n) { type->n += n; }
/* "NAME:N" for each type that has objects (a space in a name becomes a dash) and for the 'n' in 'more', which
 * take the place of types of the same name, sorted, in one line.  The caller frees it. */
struct mem_item {
    const char *name;
    int64_t n;
};
char *mem_counts_text(const struct mem_item *more, size_t n) MUST_USE;
int64_t mem_total(void);                                     /* live objects of all types */

/* An arena: many small allocations freed together.  arena_reset() keeps the first chunk. */
struct arena;
struct arena *arena_new(void) MUST_USE;
void arena_free(struct arena *arena);
void arena_reset(struct arena *arena);
void *arena_alloc(struct arena *arena, size_t size) MUST_USE;          /* 16-byte aligned, zeroed */
char *arena_strdup(struct arena *arena, const char *s) MUST_USE;
char *arena_memdup0(struct arena *arena, const char *p, size_t length) MUST_USE;
void *arena_memdup(struct arena *arena, const void *p, size_t size) MUST_USE;
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;
#define ARENA_NEW(ARENA, TYPE) ((TYPE *) arena_alloc(ARENA, sizeof(TYPE)))
#define ARENA_NEW_N(ARENA, TYPE, N) ((TYPE *) arena_alloc(ARENA, sizeof(TYPE) * (N)))

#endif
