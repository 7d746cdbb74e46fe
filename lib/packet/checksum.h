/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_PACKET_CHECKSUM_H
#define WEFT_PACKET_CHECKSUM_H

/* What: the Internet checksum (RFC 1071) with its pseudo-headers, and SCTP's CRC32c (RFC 9260, appendix A).
 * Sums are partial and unfolded: start with 0, add, then checksum_finish(). */

#include "lib/packet/headers.h"

uint32_t checksum_add(uint32_t sum, const void *p, size_t n);        /* only the last call may have odd 'n' */
uint32_t checksum_add_ip4_pseudo(uint32_t sum, be32 src, be32 dst, uint8_t proto, uint16_t l4_size);
uint32_t checksum_add_ip6_pseudo(uint32_t sum, const struct in6_addr *src, const struct in6_addr *dst,
                                 uint8_t proto,
                                 uint32_t l4_size);
be16 checksum_finish(uint32_t sum);
be16 checksum(const void *p, size_t n);                                  /* of one piece */
/* The checksum of a header whose 16 bits 'old' became 'new' (RFC 1624). */
be16 checksum_update16(be16 checksum, be16 old, be16 new);
uint32_t crc32c(const void *p, size_t n);

#endif
