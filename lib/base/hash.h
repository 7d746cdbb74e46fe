/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_HASH_H
#define WEFT_BASE_HASH_H

/* What: non-cryptographic hashing.
 *
 * Why: hash maps use the low bits of hash_bytes64(); 'basis' is a seed.  hash128() is stable for ever:
 * row uuids derived from content depend on it. */

#include "lib/base/check.h"
#include "lib/base/str.h"

/* A bijective mixer of 64 bits (the finaliser of MurmurHash3). */
static inline uint64_t
hash_mix64(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    x ^= x >> 33;
    return x;
}
static inline uint64_t hash_add64(uint64_t hash, uint64_t x) { return hash_mix64(hash ^ (x + 0x9e3779b97f4a7c15ULL + (hash << 6))); }
uint64_t hash_bytes64(const void *p, size_t n, uint64_t basis);
static inline uint64_t hash_string64(const char *s) { return hash_bytes64(s, strlen(s), 0); }
static inline uint32_t hash_string(const char *s) { return (uint32_t) hash_string64(s); }
static inline uint32_t hash_str(struct str s) { return (uint32_t) hash_bytes64(s.s, s.n, 0); }

/* 128 bits in 'ret', the same in every process, version and byte order. */
void hash128(const void *p, size_t n, uint64_t ret[2]);

#endif
