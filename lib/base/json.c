/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

/* Whether the 'n' digits at 'p' are more than an integer holds; 'negative' has one more. */
static bool
is_beyond_integer(const char *p, size_t n, bool negative)
{
    const char *largest = negative ? "9223372036854775808" : "9223372036854775807";
    size_t n_largest = strlen(largest);
    return n != n_largest ? n > n_largest : memcmp(p, largest, n) > 0;
}

/* The end of the string that begins at 's[i]', or 'n'. */
static size_t
skip_string(const char *s, size_t n, size_t i)
{
    for (i++; i < n && s[i] != '"'; i++) {
        i += s[i] == '\\';
    }
    return MIN(i + 1, n);
}

/* The end of the number that begins at 's[i]', whatever may be wrong with it. */
static size_t
skip_number(const char *s, size_t n, size_t i)
{
    while (i < n && s[i] && strchr("0123456789+-.eE", s[i])) {
        i++;
    }
    return i;
}

/* Copies the text to 'ret', with a fraction behind each integer that is beyond 64 bits. */
static void
widen_integers(const char *s, size_t n, struct buf *ret)
{
    size_t done = 0;
    for (size_t i = 0; i < n;) {
        if (s[i] == '"') {
            i = skip_string(s, n, i);
        } else if (s[i] != '-' && !isdigit((unsigned char) s[i])) {
            i++;
        } else {
            bool is_negative = s[i] == '-';
            const char *digits = s + i + is_negative;
            i = skip_number(s, n, i);
            size_t n_digits = (size_t) (s + i - digits);
            if (!memchr(digits, '.', n_digits) && !memchr(digits, 'e', n_digits) && !memchr(digits, 'E', n_digits)
                && is_beyond_integer(digits, n_digits, is_negative)) {
                buf_put(ret, s + done, i - done);
                buf_puts(ret, ".0");
                done = i;
            }
        }
    }
    buf_put(ret, s + done, n - done);
}

json_t *
json_parse(const char *p, size_t n, size_t flags, json_error_t *error)
{
    json_t *json = json_loadb(p, n, flags, error);
    if (!json && json_error_code(error) == json_error_numeric_overflow) {
        struct buf wide = BUF_INIT(BUF_NO_LIMIT);
        widen_integers(p, n, &wide);
        json = json_loadb(wide.data, wide.size, flags, error);
        buf_fini(&wide);
    }
    return json;
}

static int
append(const char *p, size_t n, void *buf)
{
    buf_put(buf, p, n);
    return 0;
}

void
buf_put_json(struct buf *buf, const json_t *json)
{
    if (!json) {
        buf_puts(buf, "null");
        return;
    }
    json_dump_callback(json, append, buf, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

char *
json_text(const json_t *json)
{
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    buf_put_json(&buf, json);
    return buf_take_text(&buf);
}

/* Each block has a word before it that names its size class, or that it is from the heap.  jansson's allocator takes
 * no context, so the pool is the process's. */
enum {
    STEP = 16,                                               /* between the sizes of classes, the word included */
    N_CLASSES = 32,
    CHUNK_SIZE = 64 * 1024,
};
static const uint64_t FROM_HEAP = UINT64_MAX;

struct block {
    union {
        uint64_t class;
        struct block *next_free;
    };
    char data[];
};
struct chunk {
    struct chunk *next;
    char data[];
};

static struct {
    struct block *free[N_CLASSES];
    struct chunk *chunks;                                    /* the first is being cut up */
    size_t used;                                             /* bytes of its data */
    size_t n_live, n_chunks;
} pool;

static void *
cut_block(size_t size)
{
    if (!pool.chunks || pool.used + size > CHUNK_SIZE - sizeof(struct chunk)) {
        struct chunk *chunk = malloc(CHUNK_SIZE);
        if (!chunk) {
            return NULL;
        }
        chunk->next = pool.chunks;
        pool.chunks = chunk;
        pool.used = 0;
        pool.n_chunks++;
    }
    struct block *block = (struct block *) (void *) (pool.chunks->data + pool.used);
    pool.used += size;
    return block;
}

static void *
pool_malloc(size_t n)
{
    uint64_t class = (n + sizeof(struct block) - 1) / STEP;
    struct block *block;
    if (class >= N_CLASSES) {
        block = malloc(sizeof *block + n);
        class = FROM_HEAP;
    } else if (pool.free[class]) {
        block = pool.free[class];
        pool.free[class] = block->next_free;
        pool.n_live++;
    } else {
        block = cut_block((class + 1) * STEP);
        pool.n_live += block != NULL;
    }
    if (!block) {
        return NULL;
    }
    block->class = class;
    return block->data;
}

static void
shrink(void)
{
    while (pool.chunks->next) {
        struct chunk *chunk = pool.chunks;
        pool.chunks = chunk->next;
        pool.n_chunks--;
        free(chunk);
    }
    memset(pool.free, 0, sizeof pool.free);
    pool.used = 0;
}

static void
pool_free(void *p)
{
    if (!p) {
        return;
    }
    struct block *block = CONTAINER_OF(p, struct block, data);
    uint64_t class = block->class;
    if (class == FROM_HEAP) {
        free(block);
        return;
    }
    CHECK(class < N_CLASSES && pool.n_live > 0);
    block->next_free = pool.free[class];
    pool.free[class] = block;
    if (!--pool.n_live && pool.n_chunks > 1) {
        shrink();
    }
}

void
json_pool_install(void)
{
#if !defined(__SANITIZE_ADDRESS__)
    json_set_alloc_funcs(pool_malloc, pool_free);
#else
    (void) pool_malloc;
    (void) pool_free;
#endif
}

size_t
json_pool_bytes(void)
{
    return pool.n_chunks * (size_t) CHUNK_SIZE;
}
