/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/base/vec.h"

static void *
check_memory(void *p)
{
    if (!p) {
        fprintf(stderr, "out of memory\n");
        abort();
    }
    return p;
}

void *
xmalloc(size_t size)
{
    return check_memory(malloc(size ? size : 1));
}

void *
xcalloc(size_t n, size_t size)
{
    return check_memory(calloc(n ? n : 1, size ? size : 1));
}

void *
xrealloc(void *p, size_t size)
{
    return check_memory(realloc(p, size ? size : 1));
}

char *
xstrdup(const char *s)
{
    return xmemdup(s, strlen(s) + 1);
}

char *
xmemdup0(const char *p, size_t length)
{
    char *copy = xmalloc(length + 1);
    if (length) {
        memcpy(copy, p, length);
    }
    copy[length] = '\0';
    return copy;
}

void
mem_join_freed(void)
{
    enum { LARGE = 4096 };
    void *volatile p = xmalloc(LARGE);                       /* volatile, or the compiler leaves out both */
    free(p);
}

void *
xmemdup(const void *p, size_t size)
{
    void *copy = xmalloc(size);
    if (size) {
        memcpy(copy, p, size);
    }
    return copy;
}

char *
xasprintf(const char *format, ...)
{
    va_list args;
    char *s;

    va_start(args, format);
    int length = vasprintf(&s, format, args);
    va_end(args);
    CHECK(length >= 0);
    return s;
}

void *
xgrow(void *p, size_t *capacity, size_t size)
{
    size_t wanted = *capacity < 4 ? 4 : *capacity * 2;
    CHECK(wanted <= SIZE_MAX / size);
    *capacity = wanted;
    return xrealloc(p, wanted * size);
}

/* Counted types. */

static struct mem_type *all_types;

void
mem_type_register(struct mem_type *type)
{
    type->next = all_types;
    all_types = type;
}

static int
compare_items(const void *a, const void *b)
{
    return strcmp(((const struct mem_item *) a)->name, ((const struct mem_item *) b)->name);
}

char *
mem_counts_text(const struct mem_item *more, size_t n)
{
    VEC(struct mem_item) items = {0};
    for (size_t i = 0; i < n; i++) {
        vec_push(&items, more[i]);
    }
    for (const struct mem_type *type = all_types; type; type = type->next) {
        bool is_in_more = false;
        for (size_t i = 0; i < n; i++) {
            is_in_more |= !strcmp(more[i].name, type->name);
        }
        if (type->n && !is_in_more) {
            vec_push(&items, (struct mem_item) {type->name, type->n});
        }
    }
    if (items.n) {
        qsort(items.d, items.n, sizeof *items.d, compare_items);
    }
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < items.n; i++) {
        buf_puts(&text, i ? " " : "");
        for (const char *p = items.d[i].name; *p; p++) {
            buf_putc(&text, *p == ' ' ? '-' : *p);
        }
        buf_printf(&text, ":%lld", (long long) items.d[i].n);
    }
    vec_fini(&items);
    return buf_take_text(&text);
}

int64_t
mem_total(void)
{
    int64_t total = 0;
    for (const struct mem_type *type = all_types; type; type = type->next) {
        total += type->n;
    }
    return total;
}

/* Arenas: chunks of doubling size, filled front to back. */

enum { ARENA_ALIGN = 16, ARENA_FIRST_CHUNK = 4096, ARENA_MAX_CHUNK = 1 << 20 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size;                                             /* of 'data' */
    _Alignas(ARENA_ALIGN) char data[];
};

struct arena {
    struct arena_chunk *newest;
    size_t used;                                             /* bytes of 'newest->data' in use */
};

struct arena *
arena_new(void)
{
    return xcalloc(1, sizeof(struct arena));
}

static void
arena_drop_chunks(struct arena *arena, struct arena_chunk *keep)
{
    while (arena->newest != keep) {
        struct arena_chunk *older = arena->newest->older;
        free(arena->newest);
        arena->newest = older;
    }
}

void
arena_free(struct arena *arena)
{
    if (arena) {
        arena_drop_chunks(arena, NULL);
        free(arena);
    }
}

void
arena_reset(struct arena *arena)
{
    struct arena_chunk *first = arena->newest;
    while (first && first->older) {
        first = first->older;
    }
    arena_drop_chunks(arena, first);
    arena->used = 0;
}

static void
arena_add_chunk(struct arena *arena, size_t at_least)
{
    size_t size = arena->newest ? MIN(arena->newest->size * 2, ARENA_MAX_CHUNK) : ARENA_FIRST_CHUNK;
    size = MAX(size, at_least);
    struct arena_chunk *chunk = xmalloc(sizeof *chunk + size);
    *chunk = (struct arena_chunk) {.older = arena->newest, .size = size};
    arena->newest = chunk;
    arena->used = 0;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
    CHECK(size <= SIZE_MAX / 2);
    size = ROUND_UP(MAX(size, 1), ARENA_ALIGN);
    if (!arena->newest || arena->newest->size - arena->used < size) {
        arena_add_chunk(arena, size);
    }
    void *p = arena->newest->data + arena->used;
    arena->used += size;
    return memset(p, 0, size);
}

char *
arena_strdup(struct arena *arena, const char *s)
{
    return arena_memdup0(arena, s, strlen(s));
}

char *
arena_memdup0(struct arena *arena, const char *p, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length) {
        memcpy(copy, p, length);
    }
    return copy;
}

void *
arena_memdup(struct arena *arena, const void *p, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (size) {
        memcpy(copy, p, size);
    }
    return copy;
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(length >= 0);
    char *s = arena_alloc(arena, (size_t) length + 1);
    vsnprintf(s, (size_t) length + 1, format, again);
    va_end(again);
    return s;
}
