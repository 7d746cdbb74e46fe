/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>

#include "controller/binding.h"
#include "controller/datapaths.h"
#include "controller/flows.h"
#include "lib/base/vec.h"
#include "lib/openflow/of_actions.h"
#include "tests/unit/test.h"

/* What is around port_security.c: everything is local, and flows become lines of text. */

static bool is_bound;
static VEC(char *) lines;

bool
binding_is_wanted_here(struct derive *d UNUSED, const struct sb_port_binding *pb UNUSED)
{
    return is_bound;
}

bool
is_local_datapath(struct derive *d UNUSED, uint32_t dp UNUSED)
{
    return true;
}

uint32_t
cookie_of(const struct uuid *uuid)
{
    return uuid->b[0];
}

void
emit_of_flow(struct derive *d UNUSED, const struct flow *flow)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    assert_int_equal(flow->cookie, 2);
    assert_null(of_match_missing_prereq(flow->match));
    buf_printf(&line, "%u %u ", flow->table, flow->priority);
    of_match_print(flow->match, &line);
    buf_putc(&line, ' ');
    of_actions_print(flow->actions, flow->n_actions, &line);
    vec_push(&lines, buf_take_text(&line));
}

static const struct derive_kind kinds[] = {
    {"port-security", 0, DERIVE_ROW, SB_TABLE_PORT_BINDING, derive_port_security},
};
static const struct derive_program program = {
    .kinds = kinds, .n_kinds = 1, .n_tables = N_DERIVE_TABLES, .n_spaces = N_SPACES,
};

/* Derives for a port with the elements 'security', a set of at most two (the second may be NULL). */
static void
derive_flows(const char *security, const char *other)
{
    static const struct uuid dp_uuid = {{1}}, pb_uuid = {{2}};
    struct controller c = {.sb = replica_new(&sb_schema_def, 0, 0)};
    struct datum dp_key, port_key, dp_ref, elements;
    union atom atoms[] = {{.string = atom_string_new(str_from(security))},
                          {.string = other ? atom_string_new(str_from(other)) : NULL}};
    c.derive = derive_new(&program, &c);
    for (uint32_t i = 0; i < SB_PORT_BINDING_N_COLUMNS; i++) {
        replica_monitor_column(c.sb, SB_TABLE_PORT_BINDING, i);
    }
    replica_monitor_column(c.sb, SB_TABLE_DATAPATH_BINDING, SB_DATAPATH_BINDING_TUNNEL_KEY);
    replica_attach(c.sb, c.derive);
    replica_apply_begin(c.sb);
    datum_init_integer(&dp_key, 2);
    datum_init_integer(&port_key, 1);
    datum_init_uuid(&dp_ref, &dp_uuid);
    struct datum_type type = {ATOM_STRING, ATOM_VOID};
    assert_true(datum_init_from_atoms(&elements, type, atoms, NULL, other ? 2 : 1));
    struct row *dp = replica_test_insert(c.sb, SB_TABLE_DATAPATH_BINDING, &dp_uuid);
    replica_test_set(c.sb, dp, SB_DATAPATH_BINDING_TUNNEL_KEY, &dp_key);
    struct row *pb = replica_test_insert(c.sb, SB_TABLE_PORT_BINDING, &pb_uuid);
    replica_test_set(c.sb, pb, SB_PORT_BINDING_TUNNEL_KEY, &port_key);
    replica_test_set(c.sb, pb, SB_PORT_BINDING_DATAPATH, &dp_ref);
    replica_test_set(c.sb, pb, SB_PORT_BINDING_PORT_SECURITY, &elements);
    replica_apply_end(c.sb);
    derive_run(c.derive);
    replica_free(c.sb);
    derive_free(c.derive);
}

static void
forget_lines(void)
{
    for (size_t i = 0; i < lines.n; i++) {
        free(lines.d[i]);
    }
    vec_fini(&lines);
}

static bool
has_line(const char *wanted)
{
    for (size_t i = 0; i < lines.n; i++) {
        if (!strcmp(lines.d[i], wanted)) {
            return true;
        }
    }
    return false;
}

#define ALLOW "set_field:0x0/0x1000->reg10"
#define REFUSE "set_field:0x1000/0x1000->reg10"
#define CHECK_ND "resubmit(,98)"
#define IN "metadata=0x2,reg14=0x1"
#define OUT "metadata=0x2,reg15=0x1"
#define MAC "02:00:00:00:01:01"
#define FROM IN ",eth_src=" MAC
#define TO OUT ",eth_dst=" MAC
#define ND "icmp6," FROM ",nw_ttl=255,"

static void
assert_lines(const char *const *wanted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!has_line(wanted[i])) {
            for (size_t j = 0; j < lines.n; j++) {
                print_message("%s\n", lines.d[j]);
            }
            fail_msg("missing: %s", wanted[i]);
        }
    }
    assert_int_equal(lines.n, n);                            /* what is wanted has no duplicates */
    forget_lines();
}

static const char *const addresses_of_both_families[] = {
    "97 95 arp," IN " " CHECK_ND,
    "97 90 ip," FROM ",ip_src=10.0.1.11 " ALLOW,
    "97 90 udp," FROM ",ip_src=0.0.0.0,ip_dst=255.255.255.255,udp_src=68,udp_dst=67 " ALLOW,
    "97 90 ipv6," FROM ",ipv6_src=fd01::11 " CHECK_ND,
    "97 90 ipv6," FROM ",ipv6_src=fe80::ff:fe00:101 " CHECK_ND,
    "97 90 icmp6," FROM ",ipv6_src=::,ipv6_dst=ff02::/16,icmpv6_type=131,icmpv6_code=0 " ALLOW,
    "97 90 icmp6," FROM ",ipv6_src=::,ipv6_dst=ff02::/16,icmpv6_type=143,icmpv6_code=0 " ALLOW,
    "97 90 icmp6," FROM ",ipv6_src=::,ipv6_dst=ff02::/16,icmpv6_type=135,icmpv6_code=0 " CHECK_ND,
    "97 90 rarp," FROM " " ALLOW,
    "97 80 " IN " " REFUSE,
    "98 90 arp," FROM ",arp_spa=10.0.1.11,arp_sha=" MAC " " ALLOW,
    "98 90 " ND "icmpv6_type=135,icmpv6_code=0,nd_sll=00:00:00:00:00:00 " ALLOW,
    "98 90 " ND "icmpv6_type=135,icmpv6_code=0,nd_sll=" MAC " " ALLOW,
    "98 90 " ND "icmpv6_type=136,icmpv6_code=0,nd_target=fe80::ff:fe00:101,nd_tll=00:00:00:00:00:00 " ALLOW,
    "98 90 " ND "icmpv6_type=136,icmpv6_code=0,nd_target=fe80::ff:fe00:101,nd_tll=" MAC " " ALLOW,
    "98 90 " ND "icmpv6_type=136,icmpv6_code=0,nd_target=fd01::11,nd_tll=00:00:00:00:00:00 " ALLOW,
    "98 90 " ND "icmpv6_type=136,icmpv6_code=0,nd_target=fd01::11,nd_tll=" MAC " " ALLOW,
    "98 80 arp," IN " " REFUSE,
    "98 80 icmp6," IN ",nw_ttl=255,icmpv6_type=136 " REFUSE,
    "98 80 icmp6," IN ",nw_ttl=255,icmpv6_type=135 " REFUSE,
    "99 95 ip," TO ",ip_dst=10.0.1.11 " ALLOW,
    "99 95 ip," TO ",ip_dst=255.255.255.255 " ALLOW,
    "99 95 ip," TO ",ip_dst=224.0.0.0/4 " ALLOW,
    "99 95 ipv6," TO ",ipv6_dst=fd01::11 " ALLOW,
    "99 95 ipv6," TO ",ipv6_dst=fe80::ff:fe00:101 " ALLOW,
    "99 95 ipv6," TO ",ipv6_dst=ff00::/8 " ALLOW,
    "99 90 ip," TO " " REFUSE,
    "99 90 ipv6," TO " " REFUSE,
    "99 85 " TO " " ALLOW,
    "99 80 " OUT " " REFUSE,
};

TEST(addresses_are_the_only_ones_to_send_from_and_to)
{
    is_bound = true;
    derive_flows(MAC " 10.0.1.11 fd01::11", NULL);
    assert_lines(addresses_of_both_families, ARRAY_SIZE(addresses_of_both_families));
    derive_flows(MAC " 10.0.1.11,fd01::11", NULL);           /* commas separate too */
    assert_lines(addresses_of_both_families, ARRAY_SIZE(addresses_of_both_families));
}

TEST(an_ethernet_address_alone_restricts_no_ip)
{
    static const char *const wanted[] = {
        "97 95 arp," IN " " CHECK_ND, "97 90 " FROM " " CHECK_ND, "97 80 " IN " " REFUSE,
        "98 90 arp," FROM ",arp_sha=" MAC " " ALLOW,
        "98 90 " ND "icmpv6_type=135,icmpv6_code=0,nd_sll=00:00:00:00:00:00 " ALLOW,
        "98 90 " ND "icmpv6_type=135,icmpv6_code=0,nd_sll=" MAC " " ALLOW,
        "98 90 " ND "icmpv6_type=136,icmpv6_code=0,nd_tll=00:00:00:00:00:00 " ALLOW,
        "98 90 " ND "icmpv6_type=136,icmpv6_code=0,nd_tll=" MAC " " ALLOW,
        "98 80 arp," IN " " REFUSE, "98 80 icmp6," IN ",nw_ttl=255,icmpv6_type=136 " REFUSE,
        "98 80 icmp6," IN ",nw_ttl=255,icmpv6_type=135 " REFUSE, "99 85 " TO " " ALLOW, "99 80 " OUT " " REFUSE,
    };
    derive_flows(MAC, NULL);
    assert_lines(wanted, ARRAY_SIZE(wanted));
}

TEST(a_mask_means_a_subnet_only_without_host_bits)
{
    derive_flows(MAC " 10.0.1.11/24", MAC " 10.0.2.0/24");
    assert_true(has_line("97 90 ip," FROM ",ip_src=10.0.1.11 " ALLOW));
    assert_true(has_line("98 90 arp," FROM ",arp_spa=10.0.1.11,arp_sha=" MAC " " ALLOW));
    assert_true(has_line("99 95 ip," TO ",ip_dst=10.0.1.255 " ALLOW));
    assert_true(has_line("97 90 ip," FROM ",ip_src=10.0.2.0/24 " ALLOW));
    assert_true(has_line("99 95 ip," TO ",ip_dst=10.0.2.0/24 " ALLOW));
    assert_false(has_line("97 90 ipv6," FROM ",ipv6_src=fe80::ff:fe00:101 " CHECK_ND));
    forget_lines();
}

TEST(nonsense_allows_nothing)
{
    derive_flows("nonsense", NULL);
    assert_int_equal(lines.n, 6);
    assert_true(has_line("97 80 " IN " " REFUSE) && has_line("99 80 " OUT " " REFUSE));
    forget_lines();
}

TEST(ports_elsewhere_have_no_flows)
{
    is_bound = false;
    derive_flows(MAC, NULL);
    assert_int_equal(lines.n, 0);
}

TEST_MAIN(T(addresses_are_the_only_ones_to_send_from_and_to), T(an_ethernet_address_alone_restricts_no_ip),
          T(a_mask_means_a_subnet_only_without_host_bits), T(nonsense_allows_nothing), T(ports_elsewhere_have_no_flows))
