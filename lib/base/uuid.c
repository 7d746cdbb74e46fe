/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/uuid.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

#include "lib/base/hash.h"

/* Random bytes are fetched for many uuids at once, because a system call for each is most of their cost.  A child
 * must not give out what its parent does: fork() empties its pool. */
enum { POOL_UUIDS = 16 };                                    /* 256 bytes, which getrandom(2) never interrupts */
static struct {
    uint8_t bytes[POOL_UUIDS][16];
    size_t n_left;
    bool empties_in_child;
} pool;

static void
empty_pool(void)
{
    pool.n_left = 0;
}

static void
refill(void)
{
    if (!pool.empties_in_child) {
        CHECK(!pthread_atfork(NULL, NULL, empty_pool));
        pool.empties_in_child = true;
    }
    size_t n = 0;
    while (n < sizeof pool.bytes) {
        ssize_t r = getrandom((uint8_t *) pool.bytes + n, sizeof pool.bytes - n, 0);
        CHECK(r > 0 || errno == EINTR);
        n += r > 0 ? (size_t) r : 0;
    }
    pool.n_left = POOL_UUIDS;
}

struct uuid
uuid_random(void)
{
    struct uuid uuid;
    if (!pool.n_left) {
        refill();
    }
    memcpy(uuid.b, pool.bytes[--pool.n_left], sizeof uuid.b);
    uuid.b[6] = (uint8_t) ((uuid.b[6] & 0x0f) | 0x40);       /* version 4 */
    uuid.b[8] = (uint8_t) ((uuid.b[8] & 0x3f) | 0x80);       /* variant of RFC 4122 */
    return uuid;
}

struct uuid
uuid_from_content(const void *p, size_t n)
{
    uint64_t hash[2];
    struct uuid uuid;

    hash128(p, n, hash);
    for (int i = 0; i < 8; i++) {
        uuid.b[i] = (uint8_t) (hash[0] >> (56 - 8 * i));
        uuid.b[8 + i] = (uint8_t) (hash[1] >> (56 - 8 * i));
    }
    uuid.b[6] = (uuid.b[6] & 0x0f) | 0x80;                   /* version 8 */
    uuid.b[8] = (uuid.b[8] & 0x3f) | 0x80;                   /* variant of RFC 9562 */
    return uuid;
}

/* What a hexadecimal digit stands for, with a bit that says that it is one. */
enum { IS_DIGIT = 0x10 };
static const uint8_t digit_values[256] = {
    ['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14, ['5'] = 0x15, ['6'] = 0x16, ['7'] = 0x17,
    ['8'] = 0x18, ['9'] = 0x19, ['a'] = 0x1a, ['b'] = 0x1b, ['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e, ['f'] = 0x1f,
    ['A'] = 0x1a, ['B'] = 0x1b, ['C'] = 0x1c, ['D'] = 0x1d, ['E'] = 0x1e, ['F'] = 0x1f,
};

/* Database files and updates are full of these: no branch for a digit. */
bool
uuid_from_text(struct str text, struct uuid *ret)
{
    static const uint8_t offsets[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    const unsigned char *s = (const unsigned char *) text.s;
    if (text.n != UUID_LENGTH || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-') {
        return false;
    }
    struct uuid uuid;
    unsigned int all = IS_DIGIT;
    for (int i = 0; i < 16; i++) {
        unsigned int high = digit_values[s[offsets[i]]], low = digit_values[s[offsets[i] + 1]];
        all &= high & low;
        uuid.b[i] = (uint8_t) (high << 4 | (low & 0xf));
    }
    if (all) {
        *ret = uuid;
    }
    return all;
}

char *
uuid_format(const struct uuid *uuid, char text[UUID_LENGTH + 1])
{
    static const char digits[] = "0123456789abcdef";
    char *p = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }
        *p++ = digits[uuid->b[i] >> 4];
        *p++ = digits[uuid->b[i] & 15];
    }
    *p = '\0';
    return text;
}

const char *
uuid_text(const struct uuid *uuid)
{
    static char texts[8][UUID_LENGTH + 1];
    static unsigned int next;
    return uuid_format(uuid, texts[next++ % 8]);
}

bool
uuid_is_zero(const struct uuid *uuid)
{
    static const struct uuid zero;
    return uuid_eq(uuid, &zero);
}

uint64_t
uuid_hash(const struct uuid *uuid)
{
    uint64_t high, low;
    memcpy(&high, uuid->b, 8);
    memcpy(&low, uuid->b + 8, 8);
    return hash_mix64(high ^ hash_mix64(low));
}
