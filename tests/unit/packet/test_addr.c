/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/packet/addr.h"
#include "lib/packet/lport_addrs.h"

#include <stdlib.h>

#include "tests/unit/test.h"

static struct in6_addr
v6(const char *text)
{
    struct in6_addr addr;
    assert_true(ip6_parse(str_from(text), &addr));
    return addr;
}

static be32
v4(const char *text)
{
    be32 addr;
    assert_true(ip4_parse(str_from(text), &addr));
    return addr;
}

TEST(ethernet_addresses_parse_whole_and_print_lower_case)
{
    struct eth_addr mac = ETH_ADDR_ZERO;
    static const char *const bad[] = {"", "0a", "0a:00:00:00:00", "0a:00:00:00:00:0", "0a:00:00:00:00:011",
                                      "0a:00:00:00:00:0g", "0a-00-00-00-00-01", " 0a:00:00:00:00:01",
                                      "0a:00:00:00:00:01 "};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_false(eth_addr_parse(str_from(bad[i]), &mac));
        assert_true(eth_addr_is_zero(mac));
    }
    assert_true(eth_addr_parse(str_from("0A:00:fF:00:00:01"), &mac));
    assert_string_equal(eth_addr_text(mac).s, "0a:00:ff:00:00:01");
    assert_true(eth_addr_eq(mac, eth_addr_from_u64(0x0a00ff000001)));
    assert_int_equal(eth_addr_to_u64(mac), 0x0a00ff000001);
    assert_false(eth_addr_is_multicast(mac));
    assert_true(eth_addr_is_broadcast(ETH_ADDR_BROADCAST) && eth_addr_is_multicast(ETH_ADDR_BROADCAST));
}

/* What parses, and the text it prints as ("" if it must not parse). */
static const struct {
    const char *in, *out;
} prefixes[] = {
    {"10.0.0.1", "10.0.0.1"},
    {"10.0.0.1/24", "10.0.0.1/24"},
    {"10.0.0.1/32", "10.0.0.1"},
    {"10.0.0.1/0", "10.0.0.1/0"},
    {"10.0.0.1/255.255.0.0", "10.0.0.1/16"},
    {"10.0.0.1/255.0.255.0", "10.0.0.1/255.0.255.0"},
    {"10.0.0.1/33", ""},
    {"10.0.0.1/", ""},
    {"10.0.0.1/x", ""},
    {"10.0.0.1/-1", ""},
    {"10.0.0.1/24 ", ""},
    {"10.0.0", ""},
    {"10.0.0.256", ""},
    {"", ""},
    {"/24", ""},
    {"fd00::1", "fd00::1"},
    {"FD00:0:0:0:0:0:0:1/64", "fd00::1/64"},
    {"fd00::1/128", "fd00::1"},
    {"fd00::1/ffff:ffff::", "fd00::1/32"},
    {"fd00::1/ffff::ffff", "fd00::1/ffff::ffff"},
    {"::ffff:10.0.0.1/100", "::ffff:10.0.0.1/100"},
    {"fd00::1/129", ""},
    {"fd00::1::2", ""},
    {"fd00::1%eth0", ""},
    {"10.0.0.1/ffff::", ""},
};

TEST(prefixes_parse_whole_and_print_canonically)
{
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        struct ip_prefix prefix;
        memset(&prefix, 0x55, sizeof prefix);
        struct ip_prefix before = prefix;
        bool parsed = ip_prefix_parse(str_from(prefixes[i].in), &prefix);
        if (parsed) {
            assert_string_equal(ip_prefix_text(&prefix).s, prefixes[i].out);
        } else {
            assert_string_equal("", prefixes[i].out);
            assert_memory_equal(&prefix, &before, sizeof prefix);
        }
    }
}

TEST(prefix_arithmetic)
{
    struct ip4_prefix p4;
    assert_true(ip4_prefix_parse(str_from("10.1.2.3/20"), &p4));
    assert_int_equal(ip4_network(p4), v4("10.1.0.0"));
    assert_int_equal(ip4_broadcast(p4), v4("10.1.15.255"));
    assert_true(ip4_prefix_contains(p4, v4("10.1.15.1")) && !ip4_prefix_contains(p4, v4("10.1.16.1")));
    assert_true(ip4_prefix_has_host_bits(p4));
    for (unsigned int plen = 0; plen <= 32; plen++) {
        assert_int_equal(ip4_plen(ip4_mask_from_plen(plen)), plen);
    }
    for (unsigned int plen = 0; plen <= 128; plen++) {
        struct in6_addr mask = ip6_mask_from_plen(plen);
        assert_int_equal(ip6_plen(&mask), plen);
    }
    struct ip6_prefix p6;
    assert_true(ip6_prefix_parse(str_from("fd00:1::5/63"), &p6));
    struct in6_addr in = v6("fd00:1:0:1::9"), out = v6("fd00:1:0:2::9"), network = ip6_network(&p6);
    assert_true(ip6_prefix_contains(&p6, &in) && !ip6_prefix_contains(&p6, &out));
    assert_string_equal(ip6_text(&network).s, "fd00:1::");
    struct ip_prefix any = {.is_v6 = true, .v6 = p6}, any_network = ip_prefix_network(&any);
    struct ip_addr addr6 = {.is_v6 = true, .v6 = in}, addr4 = {.v4 = v4("10.0.0.1")};
    assert_string_equal(ip_prefix_text(&any_network).s, "fd00:1::/63");
    assert_int_equal(ip_prefix_plen(&any), 63);
    assert_true(ip_prefix_contains(&any, &addr6) && !ip_prefix_contains(&any, &addr4));
    assert_true(ip_addr_eq(&addr6, &addr6) && !ip_addr_eq(&addr6, &addr4));
}

TEST(addresses_derived_from_ethernet_and_ipv6)
{
    struct eth_addr mac;
    assert_true(eth_addr_parse(str_from("02:ac:10:ff:01:30"), &mac));
    struct in6_addr ll = ip6_link_local(mac), group = ip6_solicited_node(&ll), prefix = v6("2001:db8:0:1::");
    assert_string_equal(ip6_text(&ll).s, "fe80::ac:10ff:feff:130");
    assert_true(ip6_is_link_local(&ll));
    assert_string_equal(ip6_text(&group).s, "ff02::1:ffff:130");
    assert_string_equal(eth_addr_text(ip6_multicast_eth(&group)).s, "33:33:ff:ff:01:30");
    struct in6_addr global = ip6_eui64(&prefix, mac);
    assert_string_equal(ip6_text(&global).s, "2001:db8:0:1:ac:10ff:feff:130");
    assert_string_equal(eth_addr_text(ip4_multicast_eth(v4("239.129.2.3"))).s, "01:00:5e:01:02:03");
}

static void
expect_addrs(const char *in, const char *out)
{
    struct lport_addrs addrs;
    struct buf text = BUF_INIT(1000);
    struct err *e = lport_addrs_parse(str_from(in), &addrs);
    assert_null(e);
    lport_addrs_print(&addrs, &text);
    assert_string_equal(buf_text(&text), out);
    buf_fini(&text);
    lport_addrs_fini(&addrs);
}

static void
expect_addrs_error(const char *in, const char *detail)
{
    struct lport_addrs addrs;
    struct err *e = lport_addrs_parse(str_from(in), &addrs);
    assert_non_null(e);
    assert_string_equal(err_detail(e), detail);
    err_free(e);
}

TEST(lport_addresses_parse_and_name_the_wrong_word)
{
    expect_addrs("0a:00:00:00:00:01", "0a:00:00:00:00:01");
    expect_addrs("  0A:00:00:00:00:01  10.0.0.1 \t fd00::1/64 10.0.0.2/24 192.168.0.0/255.255.0.0 ",
                 "0a:00:00:00:00:01 10.0.0.1 10.0.0.2/24 192.168.0.0/16 fd00::1/64");
    expect_addrs_error("", "\"\" is not an Ethernet address");
    expect_addrs_error("unknown", "\"unknown\" is not an Ethernet address");
    expect_addrs_error("0a:00:00:00:00:01 10.0.0.1 10.0.0.300/24",
                       "\"10.0.0.300/24\" is not an IPv4 or IPv6 address");
    expect_addrs_error("0a:00:00:00:00:01 fd00::1 fd00:::2", "\"fd00:::2\" is not an IPv4 or IPv6 address");
    struct lport_addrs ips;
    assert_null(lport_addrs_parse_ips(str_from("10.0.0.1/24 fd00::1/64"), &ips));
    assert_true(eth_addr_is_zero(ips.mac) && ips.n_v4 == 1 && ips.n_v6 == 1);
    lport_addrs_fini(&ips);
}

TEST_MAIN(T(ethernet_addresses_parse_whole_and_print_lower_case),
          T(prefixes_parse_whole_and_print_canonically),
          T(prefix_arithmetic), T(addresses_derived_from_ethernet_and_ipv6),
          T(lport_addresses_parse_and_name_the_wrong_word))
