/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_PACKET_BYTEORDER_H
#define WEFT_PACKET_BYTEORDER_H

/* What: names for numbers in network byte order, and reading and writing them at any address.
 *
 * Why: 'be32 nw_src' says in its type what arithmetic must not be done with it.  The get and put
 * functions work unaligned, so that a header can be read where it lies. */

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "lib/base/check.h"

typedef uint16_t be16;
typedef uint32_t be32;
typedef uint64_t be64;

static inline uint16_t get_be16(const void *p) { uint16_t x; memcpy(&x, p, sizeof x); return be16toh(x); }
static inline uint32_t get_be32(const void *p) { uint32_t x; memcpy(&x, p, sizeof x); return be32toh(x); }
static inline uint64_t get_be64(const void *p) { uint64_t x; memcpy(&x, p, sizeof x); return be64toh(x); }
static inline void put_be16(void *p, uint16_t x) { x = htobe16(x); memcpy(p, &x, sizeof x); }
static inline void put_be32(void *p, uint32_t x) { x = htobe32(x); memcpy(p, &x, sizeof x); }
static inline void put_be64(void *p, uint64_t x) { x = htobe64(x); memcpy(p, &x, sizeof x); }

#endif
