/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/packet/checksum.h"

/* Partial sums are folded as they grow, so that any number of pieces may be added. */
static uint32_t
fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    return (uint32_t) sum;
}

uint32_t
checksum_add(uint32_t sum_, const void *p_, size_t n)
{
    const uint8_t *p = p_;
    uint64_t sum = sum_;
    for (; n > 1; n -= 2, p += 2) {
        sum += get_be16(p);
    }
    if (n) {
        sum += (uint32_t) *p << 8;
    }
    return fold(sum);
}

uint32_t
checksum_add_ip4_pseudo(uint32_t sum, be32 src, be32 dst, uint8_t proto, uint16_t l4_size)
{
    uint8_t pseudo[12] = {0};
    memcpy(pseudo, &src, 4);
    memcpy(pseudo + 4, &dst, 4);
    pseudo[9] = proto;
    put_be16(pseudo + 10, l4_size);
    return checksum_add(sum, pseudo, sizeof pseudo);
}

uint32_t
checksum_add_ip6_pseudo(uint32_t sum, const struct in6_addr *src, const struct in6_addr *dst, uint8_t proto,
                        uint32_t l4_size)
{
    uint8_t pseudo[40] = {0};
    memcpy(pseudo, src, 16);
    memcpy(pseudo + 16, dst, 16);
    put_be32(pseudo + 32, l4_size);
    pseudo[39] = proto;
    return checksum_add(sum, pseudo, sizeof pseudo);
}

be16
checksum_finish(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return htobe16((uint16_t) ~sum);
}

be16
checksum(const void *p, size_t n)
{
    return checksum_finish(checksum_add(0, p, n));
}

be16
checksum_update16(be16 old_checksum, be16 old, be16 new)
{
    /* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
    uint32_t sum = (uint16_t) ~be16toh(old_checksum);
    sum += (uint16_t) ~be16toh(old);
    sum += be16toh(new);
    return checksum_finish(sum);
}

uint32_t
crc32c(const void *p_, size_t n)
{
    const uint8_t *p = p_;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
        }
    }
    return ~crc;
}
