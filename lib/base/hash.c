/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/hash.h"

/* Eight bytes at 'p' as a little-endian number, whatever the machine. */
static uint64_t
read_le64(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

static uint64_t
read_tail(const unsigned char *p, size_t n)
{
    uint64_t x = 0;
    for (size_t i = 0; i < n; i++) {
        x |= (uint64_t) p[i] << (8 * i);
    }
    return x;
}

uint64_t
hash_bytes64(const void *p_, size_t n, uint64_t basis)
{
    const unsigned char *p = p_;
    uint64_t hash = basis ^ (n * 0x9e3779b97f4a7c15ULL);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        hash = hash_mix64(hash ^ read_le64(p + i)) * 0x9fb21c651e98df25ULL;
    }
    if (i < n) {
        hash = hash_mix64(hash ^ read_tail(p + i, n - i)) * 0x9fb21c651e98df25ULL;
    }
    return hash_mix64(hash);
}

/* Two hash_bytes64() of different basis, side by side: each step waits for the one before it, so the second costs
 * next to nothing. */
void
hash128(const void *p_, size_t n, uint64_t ret[2])
{
    const unsigned char *p = p_;
    uint64_t a = 0x5765667421000001ULL ^ (n * 0x9e3779b97f4a7c15ULL);
    uint64_t b = 0x6c6f676963616c02ULL ^ (n * 0x9e3779b97f4a7c15ULL);
    for (size_t i = 0; i < n; i += 8) {
        uint64_t x = i + 8 <= n ? read_le64(p + i) : read_tail(p + i, n - i);
        a = hash_mix64(a ^ x) * 0x9fb21c651e98df25ULL;
        b = hash_mix64(b ^ x) * 0x9fb21c651e98df25ULL;
    }
    ret[0] = hash_mix64(a);
    ret[1] = hash_mix64(b);
}
