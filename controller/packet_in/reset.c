/* SPDX-License-Identifier: Apache-2.0 */
/* "tcp_reset { ... }" and "sctp_abort { ... }": ends a connection that shall not be. */
#include <config.h>

#include "controller/packet_in/handler.h"
#include "lib/packet/build.h"
#include "lib/packet/checksum.h"

enum packet_in_result
packet_in_reset_tcp(const struct packet_in_call *call, bool is_swapped)
{
    struct ip_spec ip;
    struct buf packet = BUF_INIT(PACKET_IN_PACKET_MAX);
    enum packet_in_result result = PACKET_IN_UNANSWERED;

    if (!packet_tcp(&call->packet) || !ip_spec_from_packet(&call->packet, is_swapped, &ip)) {
        return PACKET_IN_MALFORMED;
    }
    if (build_tcp_reset(&packet, &call->packet, &ip)) {
        result = packet_in_answer(call, &packet);
    }
    buf_fini(&packet);
    return result;
}

enum packet_in_result
packet_in_tcp_reset(const struct packet_in_call *call)
{
    return packet_in_reset_tcp(call, false);
}

/* --- SCTP --- */

enum {                                                       /* chunk types, RFC 9260, section 3.2 */
    SCTP_INIT = 1, SCTP_ABORT = 6, SCTP_SHUTDOWN_ACK = 8, SCTP_COOKIE_ACK = 11, SCTP_SHUTDOWN_COMPLETE = 14,
};
enum { SCTP_TAG_REFLECTED = 1 };                             /* flag T of ABORT */
struct sctp_chunk {
    uint8_t type;
    uint8_t flags;
    be16 length;                                             /* with this header, without padding */
} PACKED;
struct sctp_abort {
    struct sctp_header header;
    struct sctp_chunk chunk;
} PACKED;

/* Stores what is special about the tag of an answer to the chunks 'p'; false if there must be no answer.
 *
 * RFC 9260, section 8.4, says: an ABORT goes unanswered, SHUTDOWN COMPLETE and COOKIE ACK too; an INIT is answered with the tag
 * that it offers; everything else with the tag it has, reflected.  We do: that; and do not answer SHUTDOWN ACK, for which
 * an ABORT is the wrong answer. */
static bool
scan_chunks(struct str p, struct sctp_abort *abort)
{
    while (p.n >= sizeof(struct sctp_chunk)) {
        uint8_t type = (uint8_t) p.s[0];
        size_t length = get_be16(p.s + 2);
        if (length < sizeof(struct sctp_chunk) || type == SCTP_ABORT || type == SCTP_SHUTDOWN_ACK
            || type == SCTP_COOKIE_ACK || type == SCTP_SHUTDOWN_COMPLETE) {
            return false;
        }
        if (type == SCTP_INIT && p.n >= sizeof(struct sctp_chunk) + sizeof(be32)) {
            memcpy(&abort->header.vtag, p.s + sizeof(struct sctp_chunk), sizeof abort->header.vtag);
            abort->chunk.flags = 0;
        }
        size_t padded = MIN(ROUND_UP(length, 4), p.n);
        p = str_n(p.s + padded, p.n - padded);
    }
    return true;
}

enum packet_in_result
packet_in_abort_sctp(const struct packet_in_call *call, bool is_swapped)
{
    const struct sctp_header *sctp = packet_sctp(&call->packet);
    struct ip_spec ip;

    if (!sctp || !ip_spec_from_packet(&call->packet, is_swapped, &ip)) {
        return PACKET_IN_MALFORMED;
    }
    struct sctp_abort abort = {
        .header = {.src = sctp->dst, .dst = sctp->src, .vtag = sctp->vtag},
        .chunk = {.type = SCTP_ABORT, .flags = SCTP_TAG_REFLECTED, .length = htobe16(sizeof abort.chunk)},
    };
    if (!scan_chunks(packet_payload(&call->packet), &abort)) {
        return PACKET_IN_UNANSWERED;
    }
    /* RFC 9260, appendix A: the CRC is stored with its least significant byte first. */
    uint32_t crc = htole32(crc32c(&abort, sizeof abort));
    memcpy(&abort.header.checksum, &crc, sizeof crc);
    struct buf packet = BUF_INIT(PACKET_IN_PACKET_MAX);
    build_ip(&packet, &ip, IP_PROTO_SCTP, &abort, sizeof abort, SIZE_MAX);
    enum packet_in_result result = packet_in_answer_tagged(call, &packet);
    buf_fini(&packet);
    return result;
}

enum packet_in_result
packet_in_sctp_abort(const struct packet_in_call *call)
{
    return packet_in_abort_sctp(call, false);
}
