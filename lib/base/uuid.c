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

static int
hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool
uuid_from_text(struct str text, struct uuid *ret)
{
    if (text.n != UUID_LENGTH) {
        return false;
    }
    struct uuid uuid;
    size_t at = 0;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (text.s[at++] != '-') {
                return false;
            }
        }
        int high = hex_digit(text.s[at]), low = hex_digit(text.s[at + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        uuid.b[i] = (uint8_t) (high << 4 | low);
        at += 2;
    }
    *ret = uuid;
    return true;
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
