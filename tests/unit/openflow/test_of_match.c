/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_match.h"

#include "lib/base/rng.h"
#include "tests/unit/openflow/of_test.h"

/* What Open vSwitch 3.1 sends for a match (ovs-ofctl add-flow, then dump-flows), and how it prints here.
 * 'other' is what ovs-ofctl sent when the switch reports it differently. */
static const struct {
    const char *oxm;
    const char *text;
    const char *other;
} cases[] = {
    {"", "", NULL},
    {"8000000400000001", "in_port=1", NULL},
    {"80000c021005", "vlan_vid=0x1005", "0000090410051fff"},
    {"80000d0400001000", "vlan_vid=0x0/0x1000", NULL},
    {"80000c02100580000e0101", "vlan_vid=0x1005,vlan_pcp=1", "000008023005"},
    {"80000c020000", "vlan_vid=0x0", "000008020000"},
    {"800101100000000100000000ffffffff00000000", "reg0=0x1", "0001000400000001"},
    {"80010110000000010000000500000003ffffffff", "reg0=0x1/0x3,reg1=0x5", NULL},
    {"800100080000000000000005", "reg0=0x0,reg1=0x5", NULL},
    {"80010710000000000000000000000000000000ff", "reg7=0x0/0xff", NULL},
    {"80000510000000000000000500000000000000ff", "metadata=0x5/0xff", NULL},
    {"80004c080000000000000005", "tun_id=0x5", "000120080000000000000005"},
    {"0001510800000005000000ff", "tun_metadata0=0x5/0xff", "0001510205ff"},
    {"0001d3080000002000000021", "ct_state=-new+trk", NULL},
    {"0001d30800000022000000220001d40200040001d70800000001000000010001d9200000000000000000000000000000000200000000000000000000"
     "000000000003",
     "ct_state=+est+trk,ct_zone=0x4,ct_mark=0x1/0x1,ct_label=0x2/0x3", NULL},
    {"80000a02080080001401068000550400020012", "tcp,tcp_flags=+syn-ack", NULL},
    {"80000a0208008000140106800054020002", "tcp,tcp_flags=0x2", NULL},
    {"80000a020800000135020101", "ip,ip_frag=yes", NULL},
    {"80000a0208000001340103", "ip,ip_frag=later", NULL},
    {"80000a0208000001340100", "ip,ip_frag=no", NULL},
    {"80000a020800000135020002", "ip,ip_frag=not_later", NULL},
    {"80000a0208000001340101", "ip,ip_frag=first", NULL},
    {"80000a020800800014010180002601088000280100", "icmp,icmp_type=8,icmp_code=0", NULL},
    {"80000a0286dd800014013a80003a018780003c010080003e10fd00000000000000000000000000000180004006000102030405",
     "icmp6,icmpv6_type=135,icmpv6_code=0,nd_target=fd00::1,nd_sll=00:01:02:03:04:05", NULL},
    {"80000a0286dd800014013a80003a018880003c010080004206000102030405",
     "icmp6,icmpv6_type=136,icmpv6_code=0,nd_tll=00:01:02:03:04:05", NULL},
    {"80000a02080680002a02000180002d080a000000ff00000080002e040a0000018000300600010203040580003206000102030405",
     "arp,arp_op=1,arp_spa=10.0.0.0/8,arp_tpa=10.0.0.1,arp_sha=00:01:02:03:04:05,arp_tha=00:01:02:03:04:05",
     NULL},
    {"80000a02803580002a020003", "rarp,arp_op=3", NULL},
    {"80000a0286dd80003520fd000000000000000000000000000000ffffffffffffffff000000000000000080003610fd00000000000000000000000000"
     "00018000380400000005",
     "ipv6,ipv6_src=fd00::/64,ipv6_dst=fd00::1,ipv6_label=0x5", NULL},
    {"80000a0208008000100104800012010100013a0140", "ip,ip_dscp=4,nw_ecn=1,nw_ttl=64", NULL},
    {"80000a0208008000100104", "ip,ip_dscp=4", "80000a02080000000a0110"},
    {"80000a020800800014011180001e020005800021040050fff0", "udp,udp_src=5,udp_dst=0x50/0xfff0", NULL},
    {"80000a0208008000140184800022020005", "sctp,sctp_src=5", NULL},
    {"000143080000000100000003", "pkt_mark=0x1/0x3", NULL},
    {"00014a0400000005", "conj_id=5", NULL},
    {"80000a020800800017080a000000ff00ff00", "ip,ip_src=10.0.0.0/255.0.255.0", NULL},
    {"8000070c010000000000010000000000", "eth_dst=01:00:00:00:00:00/01:00:00:00:00:00", NULL},
    {"80000806000000000001", "eth_src=00:00:00:00:00:01", "00000406000000000001"},
    {"80000a0288cc", "eth_type=0x88cc", NULL},
    {"80000a02884780004801018000440400000005", "mpls,mpls_label=5,mpls_bos=1", NULL},
    {"0001d1040001000100013e040a000001000140040a000002", "tun_src=10.0.0.1,tun_dst=10.0.0.2,tun_flags=0x1",
     NULL},
    {"8000560400000005", "actset_output=5", NULL},
};

static struct of_match
from_hex(const char *hex)
{
    struct of_match match;
    struct buf oxm = BUF_INIT(1000);
    put_hex_bytes(&oxm, hex);
    struct err *e = of_match_from_oxm(oxm.data, oxm.size, &match);
    if (e) {
        print_error("%s: %s\n", hex, err_detail(e));
    }
    assert_null(e);
    buf_fini(&oxm);
    return match;
}

TEST(matches_of_open_vswitch_decode_print_and_return)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct of_match match = from_hex(cases[i].oxm), again;
        expect_match_text(&match, cases[i].text);
        struct buf oxm = BUF_INIT(1000);
        of_match_put(&match, &oxm);
        assert_int_equal(oxm.size % 8, 0);
        struct str p = str_n(oxm.data, oxm.size);
        assert_null(of_match_pull(&p, &again));
        assert_true(!p.n && of_match_eq(&match, &again) && of_match_hash(&match) == of_match_hash(&again));
        of_match_fini(&again);
        if (cases[i].other) {
            again = from_hex(cases[i].other);
            assert_true(of_match_eq(&match, &again));
            of_match_fini(&again);
        }
        assert_null(of_match_missing_prereq(&match));
        buf_fini(&oxm);
        of_match_fini(&match);
    }
}

static void
expect_bad(const char *hex, const char *detail)
{
    struct of_match match;
    struct buf oxm = BUF_INIT(1000);
    put_hex_bytes(&oxm, hex);
    struct err *e = of_match_from_oxm(oxm.data, oxm.size, &match);
    assert_non_null(e);
    assert_string_equal(err_detail(e), detail);
    err_free(e);
    buf_fini(&oxm);
}

TEST(bad_matches_are_refused)
{
    expect_bad("800000", "match field is cut short");
    expect_bad("80000004000000", "match field is cut short");
    expect_bad("ffff0004", "match field is cut short");
    expect_bad("ffff000200002320", "match field is cut short");
    expect_bad("8000fe0400000000", "unknown match field");
    expect_bad("80000a0108", "field eth_type has 1 bytes");
    expect_bad("80000510000000000000000500000000000000f0", "field metadata has bits outside its mask");
    expect_bad("80000b040800ff00", "field eth_type cannot be masked");
    expect_bad("80000a02080080000a020800", "field eth_type appears twice");
    expect_bad("000100040000000180010008" "0000000000000005", "field xreg0 appears twice");
    expect_bad("80000c022005", "field vlan_vid has bits outside its mask");
}

TEST(parts_of_registers_are_one_with_the_whole)
{
    struct of_match a = {0}, b = {0};
    struct of_value value, mask;
    of_match_set_u64(&a, OFF_REG(4), 1);
    of_match_set_u64(&a, OFF_REG(5), 2);
    of_match_set_u64_masked(&a, OFF_REG(7), 3, 0xff);
    of_match_get(&a, OFF_XXREG(1), &value, &mask);
    of_match_set_masked(&b, OFF_XXREG(1), &value, &mask);
    assert_true(of_match_eq(&a, &b));
    expect_match_text(&b, "reg4=0x1,reg5=0x2,reg7=0x3/0xff");
    of_match_get(&a, OFF_XREG(2), &value, NULL);
    assert_int_equal(of_value_low64(&value), 0x100000002);
    of_match_set_bits(&a, (struct of_subfield) {OFF_REG(7), 8, 4}, 0xf5);
    expect_match_text(&a, "reg4=0x1,reg5=0x2,reg7=0x503/0xfff");
    of_match_set_bits(&a, (struct of_subfield) {OFF_XXREG(1), 32, 32}, 9);
    of_match_unset(&a, OFF_XREG(2));
    expect_match_text(&a, "reg6=0x9,reg7=0x503/0xfff");
    of_match_set_u64_masked(&a, OFF_REG(7), 0, 0);
    expect_match_text(&a, "reg6=0x9");
    of_match_fini(&a);
    of_match_fini(&b);
}

TEST(merging_is_the_conjunction)
{
    struct of_match a = {0}, b = {0}, c = {0};
    of_match_set_u64_masked(&a, OFF_METADATA, 0x10, 0xf0);
    of_match_set_u64_masked(&b, OFF_METADATA, 0x01, 0x0f);
    of_match_set_u64(&b, OFF_REG(0), 5);
    assert_true(of_match_merge(&a, &b));
    expect_match_text(&a, "metadata=0x11/0xff,reg0=0x5");
    of_match_set_u64_masked(&c, OFF_METADATA, 0x2, 0x3);
    assert_false(of_match_merge(&a, &c));
    expect_match_text(&a, "metadata=0x11/0xff,reg0=0x5");
    of_match_fini(&a);
    of_match_fini(&b);
}

TEST(prerequisites_are_found_missing)
{
    struct of_match m = {0};
    of_match_set_u64(&m, OFF_TCP_DST, 80);
    assert_ptr_equal(of_match_missing_prereq(&m), of_field(OFF_TCP_DST));
    of_match_set_u64(&m, OFF_IP_PROTO, 6);
    assert_ptr_equal(of_match_missing_prereq(&m), of_field(OFF_IP_PROTO));
    of_match_set_u64(&m, OFF_ETH_TYPE, 0x86dd);
    assert_null(of_match_missing_prereq(&m));
    of_match_set_u64(&m, OFF_CT_TP_DST, 80);
    assert_ptr_equal(of_match_missing_prereq(&m), of_field(OFF_CT_TP_DST));
    of_match_set_u64_masked(&m, OFF_CT_STATE, OF_CS_TRK, OF_CS_TRK | OF_CS_INV);
    assert_null(of_match_missing_prereq(&m));
    of_match_set_u64(&m, OFF_VLAN_PCP, 1);
    assert_non_null(of_match_missing_prereq(&m));
    of_match_set_u64_masked(&m, OFF_VLAN_VID, 0x1000, 0x1000);
    assert_null(of_match_missing_prereq(&m));
    of_match_fini(&m);
}

/* The obvious twin: all fields as value and mask in an array. */
struct twin {
    struct of_value value[OF_N_FIELDS], mask[OF_N_FIELDS];
};

TEST(random_edits_agree_with_the_obvious_twin)
{
    static const enum of_field_id ids[] = {OFF_METADATA, OFF_REG0, OFF_REG1, OFF_REG15, OFF_CT_LABEL,
                                           OFF_ETH_DST, OFF_ETH_TYPE,
                                           OFF_IPV6_SRC, OFF_IPV6_DST, OFF_TCP_FLAGS, OFF_ND_TARGET,
                                           OFF_VLAN_VID};
    struct rng rng = {.state = 4711};
    struct twin *twin = xcalloc(1, sizeof *twin);
    struct of_match match = {0};
    for (int step = 0; step < 20000; step++) {
        const struct of_field *field = of_field(ids[rng_below(&rng, ARRAY_SIZE(ids))]);
        struct of_value value, mask, ones = of_value_ones(field->n_bits);
        for (int i = 0; i < 16; i++) {
            value.b[i] = (uint8_t) rng_next(&rng);
            mask.b[i] = rng_one_in(&rng, 2) ? 0 : (uint8_t) rng_next(&rng);
        }
        mask = rng_one_in(&rng, 2) ? ones : rng_one_in(&rng, 4) ? OF_VALUE_ZERO : of_value_and(&mask, &ones);
        of_match_set_masked(&match, field->id, &value, &mask);
        twin->value[field->id] = of_value_and(&value, &mask);
        twin->mask[field->id] = mask;
        size_t n = 0, seen = 0;
        for (size_t i = 0; i < OF_N_FIELDS; i++) {
            n += !of_value_is_zero(&twin->mask[i]);
        }
        OF_MATCH_FOR_EACH (e, &match) {
            assert_true(of_value_eq(&e->value, &twin->value[e->field->id]));
            assert_true(of_value_eq(&e->mask, &twin->mask[e->field->id]));
            seen++;
        }
        assert_int_equal(n, seen);
        if (rng_one_in(&rng, 50)) {
            struct of_match copy = of_match_clone(&match);
            of_match_fini(&match);
            match = copy;
        }
    }
    of_match_fini(&match);
    free(twin);
}

TEST(values_shift_by_any_count)
{
    struct of_value one = of_value_u64(1);
    for (unsigned int i = 0; i < 128; i++) {
        struct of_value bit = of_value_shl(&one, i), back = of_value_shr(&bit, i);
        assert_true(of_value_bit(&bit, i) && of_value_eq(&back, &one));
        struct of_value below = of_value_ones(i), and = of_value_and(&bit, &below);
        assert_true(of_value_is_zero(&and));
    }
}

TEST(field_names_and_headers_are_unique)
{
    for (size_t i = 0; i < OF_N_FIELDS; i++) {
        const struct of_field *field = of_field((enum of_field_id) i);
        assert_ptr_equal(of_field_by_header(field->header), field);
        assert_ptr_equal(of_field_by_name(str_from(field->name)), field);
        assert_true(field->n_bits <= field->n_bytes * 8 && field->n_bytes <= 16);
        if (field->other_header) {
            assert_ptr_equal(of_field_by_header(field->other_header), field);
        }
    }
    assert_null(of_field_by_name(str_from("eth")));
    assert_null(of_field_by_header(OF_HDR_OXM(100)));
}

TEST_MAIN(T(matches_of_open_vswitch_decode_print_and_return), T(bad_matches_are_refused),
          T(parts_of_registers_are_one_with_the_whole), T(merging_is_the_conjunction),
          T(prerequisites_are_found_missing),
          T(random_edits_agree_with_the_obvious_twin), T(values_shift_by_any_count),
          T(field_names_and_headers_are_unique))
