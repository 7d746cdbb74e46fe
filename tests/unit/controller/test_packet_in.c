/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/packet_in.h"
#include "lib/logical/encode.h"
#include "lib/logical/opcode.h"
#include "lib/openflow/of_actions.h"
#include "lib/packet/build.h"
#include "lib/packet/checksum.h"
#include "tests/unit/test.h"

static const struct eth_addr mac_a = {{0x0a, 0, 0, 0, 0, 1}}, mac_b = {{0x0a, 0, 0, 0, 0, 2}};
enum { DP_KEY = 3, PORT_KEY = 5, OUT_TABLE = 37 };

/* What the handlers put out last, and how often. */
struct fixture {
    struct packet_in *in;
    unsigned int n_packet_out, n_resume, n_learn;
    struct buf packet, actions;
    uint32_t dp_key, port_key;
    struct ip_addr ip;
    struct eth_addr mac;
    int64_t now;
    struct of_match metadata;                                /* of packet-ins to come */
    struct buf received;                                     /* their packet */
};

static void
on_packet_out(void *f_, const struct of_packet_out *po)
{
    struct fixture *f = f_;
    struct of_value port;
    f->n_packet_out++;
    assert_true(of_match_get(po->metadata, OFF_IN_PORT, &port, NULL));
    assert_int_equal(of_value_low64(&port), OF_PORT_CONTROLLER);
    buf_clear(&f->packet);
    buf_put_str(&f->packet, po->packet);
    buf_clear(&f->actions);
    of_actions_print(po->actions, po->n_actions, &f->actions);
}

static void
on_resume(void *f_, const struct of_packet_in *pin, struct str packet, const struct of_match *metadata)
{
    struct fixture *f = f_;
    f->n_resume++;
    assert_true(of_match_eq(metadata, &pin->metadata));
    buf_clear(&f->packet);
    buf_put_str(&f->packet, packet);
}

static void
on_learn_mac(void *f_, uint32_t dp_key, uint32_t port_key, const struct ip_addr *ip, struct eth_addr mac)
{
    struct fixture *f = f_;
    f->n_learn++;
    f->dp_key = dp_key;
    f->port_key = port_key;
    f->ip = *ip;
    f->mac = mac;
}

static void
on_learn_fdb(void *f_, uint32_t dp_key, uint32_t port_key, struct eth_addr mac)
{
    struct fixture *f = f_;
    f->n_learn++;
    f->dp_key = dp_key;
    f->port_key = port_key;
    f->mac = mac;
}

static void
setup(struct fixture *f)
{
    static const struct packet_in_out out = {on_packet_out, on_resume, on_learn_mac, on_learn_fdb};
    *f = (struct fixture) {.packet = BUF_INIT(BUF_NO_LIMIT), .actions = BUF_INIT(BUF_NO_LIMIT),
                           .received = BUF_INIT(BUF_NO_LIMIT), .now = 1000};
    f->in = packet_in_new(&out, f);
    of_match_init(&f->metadata);
    of_match_set_u64(&f->metadata, OFF_METADATA, DP_KEY);
    of_match_set_u64(&f->metadata, OFF_REG(LOGICAL_REG_INPORT), PORT_KEY);
}

static void
teardown(struct fixture *f)
{
    packet_in_free(f->in);
    of_match_fini(&f->metadata);
    buf_fini(&f->packet);
    buf_fini(&f->actions);
    buf_fini(&f->received);
}

/* Hands over f->received with 'opcode' and 'rest' of the userdata. */
static void
handle_with(struct fixture *f, enum opcode opcode, struct str rest, struct str continuation)
{
    struct opcode_header header = {.opcode = htobe32(opcode)};
    struct buf userdata = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&userdata, &header, sizeof header);
    buf_put_str(&userdata, rest);
    struct of_packet_in pin = {
        .packet = str_n(f->received.data, f->received.size), .userdata = str_n(userdata.data, userdata.size),
        .metadata = of_match_clone(&f->metadata), .continuation = continuation,
    };
    packet_in_handle(f->in, &pin, f->now);
    of_packet_in_fini(&pin);
    buf_fini(&userdata);
}

/* The same with "next" as nested actions. */
static void
handle(struct fixture *f, enum opcode opcode)
{
    struct buf acts = BUF_INIT(1024);
    of_act_resubmit(&acts, OUT_TABLE);
    handle_with(f, opcode, str_n(acts.data, acts.size), str_n(NULL, 0));
    buf_fini(&acts);
}

static struct ip_spec
spec(const char *src, const char *dst)
{
    struct ip_spec spec = {.eth_src = mac_a, .eth_dst = mac_b, .ttl = 1};
    assert_true(ip_addr_parse(str_from(src), &spec.src));
    assert_true(ip_addr_parse(str_from(dst), &spec.dst));
    return spec;
}

static struct packet
answer(const struct fixture *f)
{
    struct packet packet;
    assert_true(packet_parse(f->packet.data, f->packet.size, &packet));
    return packet;
}

static void
receive_udp4(struct fixture *f)
{
    struct ip_spec ip = spec("10.0.0.1", "10.0.0.2");
    buf_clear(&f->received);
    build_udp(&f->received, &ip, 1, 2, "hello", 5);
}

static void
assert_ip4(be32 addr, const char *text)
{
    assert_string_equal(ip4_text(addr).s, text);
}

TEST(arp_asks_for_the_destination_in_the_place_of_the_packet)
{
    struct fixture f;
    setup(&f);
    receive_udp4(&f);
    of_match_set_u64(&f.metadata, OFF_REG(0), 0x0a000009);
    handle(&f, OPCODE_ARP);
    assert_int_equal(f.n_packet_out, 1);
    assert_string_equal(buf_text(&f.actions),
                        "set_field:0x3->metadata,set_field:0xa000009->reg0,set_field:0x5->reg14,resubmit(,37)");
    struct packet packet = answer(&f);
    const struct arp_header *arp = packet_arp(&packet);
    assert_non_null(arp);
    assert_int_equal(be16toh(arp->op), ARP_OP_REQUEST);
    assert_ip4(arp->spa, "10.0.0.1");
    assert_ip4(arp->tpa, "10.0.0.2");
    assert_true(eth_addr_eq(arp->sha, mac_a) && eth_addr_eq(packet_eth(&packet)->dst, mac_b));
    teardown(&f);
}

TEST(answers_keep_the_vlan_tag)
{
    struct fixture f;
    static const uint8_t tag[] = {0x81, 0, 0, 42};
    setup(&f);
    struct buf untagged = BUF_INIT(BUF_NO_LIMIT);
    struct ip_spec ip = spec("10.0.0.1", "10.0.0.2");
    build_udp(&untagged, &ip, 1, 2, NULL, 0);
    buf_put(&f.received, untagged.data, 12);
    buf_put(&f.received, tag, sizeof tag);
    buf_put(&f.received, untagged.data + 12, untagged.size - 12);
    buf_fini(&untagged);
    handle(&f, OPCODE_ARP);
    struct packet packet = answer(&f);
    assert_int_equal(packet.n_vlans, 1);
    assert_int_equal(packet.vlan_tci[0], 42);
    assert_non_null(packet_arp(&packet));
    teardown(&f);
}

TEST(nd_ns_solicits_the_destination)
{
    struct fixture f;
    struct nd_msg nd;
    struct ip_spec ip = spec("fd00::1", "fd00::2");
    setup(&f);
    build_udp(&f.received, &ip, 1, 2, NULL, 0);
    handle(&f, OPCODE_ND_NS);
    struct packet packet = answer(&f);
    assert_true(packet_nd(&packet, &nd));
    assert_false(nd.is_advert);
    assert_string_equal(ip6_text(&nd.target).s, "fd00::2");
    assert_true(nd.has_ll && eth_addr_eq(nd.ll, mac_a));
    teardown(&f);
}

static void
receive_ns(struct fixture *f, const char *src)
{
    struct in6_addr source, target;
    assert_true(ip6_parse(str_from(src), &source) && ip6_parse(str_from("fd00::9"), &target));
    buf_clear(&f->received);
    build_nd_ns(&f->received, mac_a, &source, &target);
}

TEST(nd_na_answers_a_solicitation)
{
    struct fixture f;
    struct nd_msg nd;
    setup(&f);
    receive_ns(&f, "fd00::1");
    handle(&f, OPCODE_ND_NA_ROUTER);
    struct packet packet = answer(&f);
    struct in6_addr src = packet_ip6(&packet)->src, dst = packet_ip6(&packet)->dst;
    assert_true(packet_nd(&packet, &nd));
    assert_true(nd.is_advert && nd.is_router && nd.is_solicited && nd.is_override);
    assert_string_equal(ip6_text(&src).s, "fd00::9");
    assert_string_equal(ip6_text(&dst).s, "fd00::1");
    assert_true(eth_addr_eq(packet_eth(&packet)->dst, mac_a));

    handle(&f, OPCODE_ND_NA);
    packet = answer(&f);
    assert_true(packet_nd(&packet, &nd));
    assert_false(nd.is_router);
    teardown(&f);
}

/* RFC 4861, section 7.2.4. */
TEST(nd_na_multicasts_to_who_has_no_address)
{
    struct fixture f;
    struct nd_msg nd;
    setup(&f);
    receive_ns(&f, "::");
    handle(&f, OPCODE_ND_NA);
    struct packet packet = answer(&f);
    struct in6_addr dst = packet_ip6(&packet)->dst;
    assert_true(packet_nd(&packet, &nd));
    assert_false(nd.is_solicited);
    assert_string_equal(ip6_text(&dst).s, "ff02::1");
    assert_string_equal(eth_addr_text(packet_eth(&packet)->dst).s, "33:33:00:00:00:01");
    teardown(&f);
}

TEST(icmp4_quotes_and_does_not_turn_around)
{
    struct fixture f;
    setup(&f);
    receive_udp4(&f);
    handle(&f, OPCODE_ICMP4_ERROR);
    struct packet packet = answer(&f);
    const struct icmp_header *icmp = packet_icmp4(&packet);
    assert_non_null(icmp);
    assert_int_equal(icmp->type, ICMP4_DEST_UNREACH);
    assert_int_equal(icmp->code, ICMP4_HOST_UNREACH);
    assert_int_equal(packet_ip4(&packet)->ttl, 255);
    assert_ip4(packet_ip4(&packet)->src, "10.0.0.1");
    assert_memory_equal(icmp + 1, f.received.data + sizeof(struct eth_header), f.received.size - sizeof(struct eth_header));
    teardown(&f);
}

TEST(errors_about_errors_are_not_answered)
{
    struct fixture f;
    setup(&f);
    receive_udp4(&f);
    handle(&f, OPCODE_ICMP4);
    buf_clear(&f.received);
    buf_put(&f.received, f.packet.data, f.packet.size);
    handle(&f, OPCODE_ICMP4);
    assert_int_equal(f.n_packet_out, 1);
    assert_int_equal(packet_in_stats(f.in).n_unanswered, 1);
    teardown(&f);
}

TEST(reject_speaks_the_protocol_and_turns_around)
{
    struct fixture f;
    struct ip_spec ip = spec("10.0.0.1", "10.0.0.2"), ip6 = spec("fd00::1", "fd00::2");
    struct tcp_spec syn = {.src = 1000, .dst = 80, .seq = 77, .flags = TCP_SYN};
    setup(&f);
    build_tcp(&f.received, &ip, &syn, NULL, 0);
    handle(&f, OPCODE_REJECT);
    struct packet packet = answer(&f);
    assert_non_null(packet_tcp(&packet));
    assert_int_equal(be32toh(packet_tcp(&packet)->ack), 78);
    assert_int_equal(be16toh(packet_tcp(&packet)->dst), 1000);
    assert_ip4(packet_ip4(&packet)->dst, "10.0.0.1");
    assert_true(eth_addr_eq(packet_eth(&packet)->dst, mac_a));

    receive_udp4(&f);
    handle(&f, OPCODE_REJECT);
    packet = answer(&f);
    assert_int_equal(packet_icmp4(&packet)->code, ICMP4_PORT_UNREACH);
    assert_ip4(packet_ip4(&packet)->dst, "10.0.0.1");

    buf_clear(&f.received);
    build_icmp_echo(&f.received, &ip6, false, 1, 1, NULL, 0);
    handle(&f, OPCODE_REJECT);
    packet = answer(&f);
    assert_int_equal(packet_icmp6(&packet)->type, ICMP6_DEST_UNREACH);
    assert_int_equal(packet_icmp6(&packet)->code, 1);
    assert_int_equal(f.n_packet_out, 3);
    teardown(&f);
}

/* Receives one SCTP chunk behind a common header with tag 'vtag'. */
static void
receive_sctp(struct fixture *f, uint32_t vtag, const uint8_t chunk[8])
{
    struct ip_spec ip = spec("10.0.0.1", "10.0.0.2");
    struct { struct sctp_header header; uint8_t chunk[8]; } PACKED sctp = {
        .header = {.src = htobe16(7), .dst = htobe16(8), .vtag = htobe32(vtag)}};
    memcpy(sctp.chunk, chunk, sizeof sctp.chunk);
    buf_clear(&f->received);
    build_ip(&f->received, &ip, IP_PROTO_SCTP, &sctp, sizeof sctp, SIZE_MAX);
}

/* RFC 9260, section 8.4. */
TEST(sctp_abort_has_the_tag_that_the_peer_expects)
{
    struct fixture f;
    setup(&f);
    receive_sctp(&f, 0x11223344, (const uint8_t[8]) {0, 3, 0, 8});
    handle(&f, OPCODE_SCTP_ABORT);
    struct packet packet = answer(&f);
    const struct sctp_header *sctp = packet_sctp(&packet);
    struct str chunk = packet_payload(&packet);
    assert_int_equal(be32toh(sctp->vtag), 0x11223344);
    assert_int_equal(be16toh(sctp->dst), 7);
    assert_memory_equal(chunk.s, ((const uint8_t[]) {6, 1, 0, 4}), 4);
    struct { struct sctp_header header; uint8_t chunk[4]; } PACKED copy = {.header = *sctp, .chunk = {6, 1, 0, 4}};
    copy.header.checksum = 0;
    assert_int_equal(le32toh(sctp->checksum), crc32c(&copy, sizeof copy));

    receive_sctp(&f, 0, (const uint8_t[8]) {1, 0, 0, 20, 0xca, 0xfe, 0xba, 0xbe});
    handle(&f, OPCODE_REJECT);
    packet = answer(&f);
    assert_int_equal(be32toh(packet_sctp(&packet)->vtag), 0xcafebabe);
    assert_memory_equal(packet_payload(&packet).s, ((const uint8_t[]) {6, 0, 0, 4}), 4);

    receive_sctp(&f, 1, (const uint8_t[8]) {6, 0, 0, 4});
    handle(&f, OPCODE_SCTP_ABORT);
    assert_int_equal(f.n_packet_out, 2);
    assert_int_equal(packet_in_stats(f.in).n_unanswered, 1);
    teardown(&f);
}

TEST(put_arp_and_put_nd_and_put_fdb_teach)
{
    struct fixture f;
    setup(&f);
    receive_udp4(&f);
    of_match_set_u64(&f.metadata, OFF_REG(0), 0x0a000009);
    handle_with(&f, OPCODE_PUT_ARP, str_n(NULL, 0), str_n(NULL, 0));
    assert_int_equal(f.n_learn, 1);
    assert_int_equal(f.dp_key, DP_KEY);
    assert_int_equal(f.port_key, PORT_KEY);
    assert_string_equal(ip_addr_text(&f.ip).s, "10.0.0.9");
    assert_true(eth_addr_eq(f.mac, mac_a));

    struct in6_addr addr;
    assert_true(ip6_parse(str_from("fd00:1:2::9"), &addr));
    struct of_value value = of_value_ip6(&addr);
    of_match_set(&f.metadata, OFF_XXREG(0), &value);
    handle_with(&f, OPCODE_PUT_ND, str_n(NULL, 0), str_n(NULL, 0));
    assert_string_equal(ip_addr_text(&f.ip).s, "fd00:1:2::9");
    handle_with(&f, OPCODE_PUT_FDB, str_n(NULL, 0), str_n(NULL, 0));
    assert_int_equal(f.n_learn, 3);

    f.received.data[6] |= 1;                                 /* a multicast source teaches nothing */
    handle_with(&f, OPCODE_PUT_FDB, str_n(NULL, 0), str_n(NULL, 0));
    assert_int_equal(f.n_learn, 3);
    assert_int_equal(packet_in_stats(f.in).n_malformed, 1);
    teardown(&f);
}

static bool
icmp_checksum_is_good(const struct packet *packet)
{
    size_t n = (size_t) (packet->l3_end - packet->l4_ofs);
    uint32_t sum = 0;
    const struct ip6_header *ip6 = packet_ip6(packet);
    if (ip6) {
        struct in6_addr src = ip6->src, dst = ip6->dst;
        sum = checksum_add_ip6_pseudo(0, &src, &dst, IP_PROTO_ICMP6, (uint32_t) n);
    }
    return !checksum_finish(checksum_add(sum, packet->data + packet->l4_ofs, n));
}

TEST(frag_mtu_is_written_and_the_packet_goes_on)
{
    struct fixture f;
    struct str continuation = str_from("state");
    setup(&f);
    receive_udp4(&f);
    handle(&f, OPCODE_ICMP4);
    buf_clear(&f.received);
    buf_put(&f.received, f.packet.data, f.packet.size);
    handle_with(&f, OPCODE_ICMP4_FRAG_MTU, str_n("\x05\xdc", 2), continuation);
    struct packet packet = answer(&f);
    assert_int_equal(f.n_resume, 1);
    assert_int_equal(be32toh(packet_icmp4(&packet)->rest), 1500);
    assert_true(icmp_checksum_is_good(&packet));

    struct ip_spec ip6 = spec("fd00::1", "fd00::2");
    buf_clear(&f.received);
    build_udp(&f.received, &ip6, 1, 2, "hello", 5);
    handle(&f, OPCODE_ICMP6);
    buf_clear(&f.received);
    buf_put(&f.received, f.packet.data, f.packet.size);
    handle_with(&f, OPCODE_ICMP6_FRAG_MTU, str_n("\0\1\5\0", 4), continuation);
    packet = answer(&f);
    assert_int_equal(be32toh(packet_icmp6(&packet)->rest), 0x10500);
    assert_true(icmp_checksum_is_good(&packet));

    handle_with(&f, OPCODE_ICMP6_FRAG_MTU, str_n("\0\1", 2), continuation);
    assert_int_equal(f.n_resume, 2);
    assert_int_equal(packet_in_stats(f.in).n_malformed, 1);
    teardown(&f);
}

TEST(nonsense_is_dropped_and_counted)
{
    struct fixture f;
    setup(&f);
    receive_udp4(&f);
    handle_with(&f, (enum opcode) 4711, str_n(NULL, 0), str_n(NULL, 0));
    assert_int_equal(packet_in_stats(f.in).n_unknown, 1);
    handle_with(&f, OPCODE_ARP, str_n("\0\1\0\7", 4), str_n(NULL, 0));       /* not actions */
    handle(&f, OPCODE_ND_NS);                                /* not IPv6 */
    handle(&f, OPCODE_TCP_RESET);                            /* not TCP */
    buf_clear(&f.received);
    handle(&f, OPCODE_ARP);                                  /* nothing at all */
    packet_in_handle(f.in, &(struct of_packet_in) {.userdata = str_n("\0\0\0\1", 4)}, f.now);
    assert_int_equal(packet_in_stats(f.in).n_malformed, 5);
    assert_int_equal(f.n_packet_out, 0);
    teardown(&f);
}

TEST(each_opcode_has_its_rate)
{
    struct fixture f;
    setup(&f);
    receive_udp4(&f);
    for (int i = 0; i < 1500; i++) {
        handle(&f, OPCODE_ARP);
    }
    assert_int_equal(f.n_packet_out, 1000);
    assert_int_equal(packet_in_stats(f.in).n_limited, 500);
    handle(&f, OPCODE_ICMP4);                                /* another bucket */
    assert_int_equal(f.n_packet_out, 1001);
    f.now += 10;
    for (int i = 0; i < 50; i++) {
        handle(&f, OPCODE_ARP);
    }
    assert_int_equal(f.n_packet_out, 1011);
    f.now -= 1000000;                                        /* a clock that goes back gives nothing, and breaks nothing */
    handle(&f, OPCODE_ARP);
    assert_int_equal(f.n_packet_out, 1011);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    packet_in_put_stats(f.in, &text);
    assert_string_equal(buf_text(&text), "arp: handled 1010, limited 541\nicmp4: handled 1, limited 0\n");
    buf_fini(&text);
    teardown(&f);
}

TEST_MAIN(T(arp_asks_for_the_destination_in_the_place_of_the_packet), T(answers_keep_the_vlan_tag),
          T(nd_ns_solicits_the_destination), T(nd_na_answers_a_solicitation), T(nd_na_multicasts_to_who_has_no_address),
          T(icmp4_quotes_and_does_not_turn_around), T(errors_about_errors_are_not_answered),
          T(reject_speaks_the_protocol_and_turns_around), T(sctp_abort_has_the_tag_that_the_peer_expects),
          T(put_arp_and_put_nd_and_put_fdb_teach), T(frag_mtu_is_written_and_the_packet_goes_on),
          T(nonsense_is_dropped_and_counted), T(each_opcode_has_its_rate))
