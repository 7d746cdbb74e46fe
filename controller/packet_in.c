/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/packet_in.h"

#include <stdlib.h>

#include "controller/packet_in/handler.h"
#include "lib/base/counter.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/logical/opcode.h"

LOG_MODULE(packet_in);
COUNTER(packet_in_handled);
COUNTER(packet_in_dropped);

/* Opcodes, who handles them, and how many a second at most (as many may come at once).  An answer costs two messages and a
 * walk through the pipeline; a lesson may cost a row in the Southbound database. */
static const struct opcode_info {
    packet_in_handler *handle;
    const char *name;
    uint32_t per_second;
} opcodes[] = {
    [OPCODE_ARP] = {packet_in_arp, "arp", 1000},
    [OPCODE_ND_NS] = {packet_in_nd_ns, "nd_ns", 1000},
    [OPCODE_ND_NA] = {packet_in_nd_na, "nd_na", 2000},
    [OPCODE_ND_NA_ROUTER] = {packet_in_nd_na_router, "nd_na_router", 2000},
    [OPCODE_ICMP4] = {packet_in_icmp4, "icmp4", 1000},
    [OPCODE_ICMP4_ERROR] = {packet_in_icmp4, "icmp4_error", 1000},
    [OPCODE_ICMP6] = {packet_in_icmp6, "icmp6", 1000},
    [OPCODE_ICMP6_ERROR] = {packet_in_icmp6, "icmp6_error", 1000},
    [OPCODE_TCP_RESET] = {packet_in_tcp_reset, "tcp_reset", 1000},
    [OPCODE_SCTP_ABORT] = {packet_in_sctp_abort, "sctp_abort", 1000},
    [OPCODE_REJECT] = {packet_in_reject, "reject", 1000},
    [OPCODE_PUT_ARP] = {packet_in_put_arp, "put_arp", 1000},
    [OPCODE_PUT_ND] = {packet_in_put_nd, "put_nd", 1000},
    [OPCODE_PUT_FDB] = {packet_in_put_fdb, "put_fdb", 1000},
    [OPCODE_ICMP4_FRAG_MTU] = {packet_in_icmp4_frag_mtu, "icmp4.frag_mtu", 1000},
    [OPCODE_ICMP6_FRAG_MTU] = {packet_in_icmp6_frag_mtu, "icmp6.frag_mtu", 1000},
};
enum { N_OPCODES = ARRAY_SIZE(opcodes), MS_PER_S = 1000 };

/* A token bucket: a packet costs MS_PER_S, each millisecond earns 'per_second', up to one second's worth. */
struct bucket {
    uint64_t tokens;
    int64_t last_ms;
    bool used;                                               /* false: full */
};

struct packet_in {
    struct packet_in_out out;
    void *aux;
    struct packet_in_stats stats;
    struct bucket buckets[N_OPCODES];
    uint64_t n_handled[N_OPCODES], n_limited[N_OPCODES];
};

MEM_TYPE(packet_in, "packet-in dispatchers");

struct packet_in *
packet_in_new(const struct packet_in_out *out, void *aux)
{
    CHECK(out->packet_out && out->resume && out->learn_mac && out->learn_fdb);
    struct packet_in *in = xcalloc(1, sizeof *in);
    in->out = *out;
    in->aux = aux;
    mem_add(&mem_packet_in, 1);
    return in;
}

void
packet_in_free(struct packet_in *in)
{
    if (in) {
        mem_add(&mem_packet_in, -1);
        free(in);
    }
}

static bool
bucket_take(struct bucket *bucket, uint32_t per_second, int64_t now_ms)
{
    uint64_t full = (uint64_t) per_second * MS_PER_S;
    uint64_t ms = bucket->used ? (uint64_t) MAX(now_ms - bucket->last_ms, 0) : MS_PER_S;
    bucket->tokens = MIN(full, bucket->tokens + MIN(ms, MS_PER_S) * per_second);
    bucket->last_ms = now_ms;
    bucket->used = true;
    if (bucket->tokens < MS_PER_S) {
        return false;
    }
    bucket->tokens -= MS_PER_S;
    return true;
}

static void
account(struct packet_in *in, uint32_t opcode, enum packet_in_result result)
{
    switch (result) {
    case PACKET_IN_HANDLED:
        in->stats.n_handled++;
        in->n_handled[opcode]++;
        counter_inc(&counter_packet_in_handled);
        return;
    case PACKET_IN_MALFORMED:
        in->stats.n_malformed++;
        log_warn_rl("opcode=%s malformed packet-in dropped", opcodes[opcode].name);
        break;
    case PACKET_IN_UNANSWERED:
        in->stats.n_unanswered++;
        break;
    }
    counter_inc(&counter_packet_in_dropped);
}

void
packet_in_handle(struct packet_in *in, const struct of_packet_in *pin, int64_t now_ms)
{
    const size_t header = sizeof(struct opcode_header);
    struct packet_in_call call = {.pin = pin, .out = &in->out, .aux = in->aux};

    if (pin->userdata.n < header) {
        in->stats.n_malformed++;
        counter_inc(&counter_packet_in_dropped);
        log_warn_rl("packet-in without opcode dropped: table=%u reason=%u", pin->table_id, pin->reason);
        return;
    }
    uint32_t opcode = get_be32(pin->userdata.s);
    if (opcode >= N_OPCODES || !opcodes[opcode].handle) {
        in->stats.n_unknown++;
        counter_inc(&counter_packet_in_dropped);
        log_warn_rl("opcode=%u unknown, packet-in dropped", opcode);
        return;
    }
    if (!bucket_take(&in->buckets[opcode], opcodes[opcode].per_second, now_ms)) {
        in->stats.n_limited++;
        in->n_limited[opcode]++;
        counter_inc(&counter_packet_in_dropped);
        log_warn_rl("opcode=%s more than %u a second, packet-in dropped", opcodes[opcode].name, opcodes[opcode].per_second);
        return;
    }
    call.userdata = str_n(pin->userdata.s + header, pin->userdata.n - header);
    account(in, opcode, packet_parse(pin->packet.s, pin->packet.n, &call.packet) ? opcodes[opcode].handle(&call)
                                                                                 : PACKET_IN_MALFORMED);
}

struct packet_in_stats
packet_in_stats(const struct packet_in *in)
{
    return in->stats;
}

void
packet_in_put_stats(const struct packet_in *in, struct buf *out)
{
    for (size_t i = 0; i < N_OPCODES; i++) {
        if (opcodes[i].handle && (in->n_handled[i] || in->n_limited[i])) {
            buf_printf(out, "%s: handled %llu, limited %llu\n", opcodes[i].name, (unsigned long long) in->n_handled[i],
                       (unsigned long long) in->n_limited[i]);
        }
    }
}
