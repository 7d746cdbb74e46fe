/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/learn.h"
#include "tests/unit/test.h"

static const struct eth_addr mac_a = {{0x0a, 0, 0, 0, 0, 1}}, mac_b = {{0x0a, 0, 0, 0, 0, 2}};
enum { DP_KEY = 3, PORT_KEY = 5, WALL_MS = 1700000000 };
static const struct uuid dp_uuid = {{1}};

/* A replica of one datapath with one port, and a link that keeps what is sent. */
struct fixture {
    struct controller controller;
    struct learn *learn;
    bool is_ready;
    json_t *sent;                                            /* the last transaction */
    unsigned int n_sent;
    writer_done_cb *done;
    void *done_aux;
};

static bool
is_ready(void *f_)
{
    return ((struct fixture *) f_)->is_ready;
}

static uint64_t
transact(void *f_, json_t *operations, writer_done_cb *done, void *aux)
{
    struct fixture *f = f_;
    json_decref(f->sent);
    f->sent = operations;
    f->done = done;
    f->done_aux = aux;
    return ++f->n_sent;
}

static void
forget(void *f_, uint64_t id)
{
    struct fixture *f = f_;
    assert_int_equal(id, f->n_sent);
    f->done = NULL;
}

static void
finish(struct fixture *f, struct err *err)
{
    writer_done_cb *done = f->done;
    f->done = NULL;
    done(f->done_aux, NULL, err);
}

static void
set_string(struct replica *replica, struct row *row, uint32_t column, const char *s)
{
    struct datum datum;
    datum_init_string(&datum, s);
    replica_test_set(replica, row, column, &datum);
}

static void
set_integer(struct replica *replica, struct row *row, uint32_t column, int64_t i)
{
    struct datum datum;
    datum_init_integer(&datum, i);
    replica_test_set(replica, row, column, &datum);
}

static void
set_uuid(struct replica *replica, struct row *row, uint32_t column, const struct uuid *uuid)
{
    struct datum datum;
    datum_init_uuid(&datum, uuid);
    replica_test_set(replica, row, column, &datum);
}

static void
add_index(struct controller *c, enum controller_index index, uint32_t table, uint32_t first, uint32_t second)
{
    const uint32_t columns[] = {first, second};
    c->indexes[index] = replica_add_index(c->sb, table, columns, second == UINT32_MAX ? 1 : 2, SPACE_INDEXES + index);
}

static void
monitor(struct replica *sb, uint32_t table, uint32_t n_columns)
{
    replica_monitor_table(sb, table);
    for (uint32_t i = 0; i < n_columns; i++) {
        replica_monitor_column(sb, table, i);
    }
}

static void
setup(struct fixture *f)
{
    static const struct writer_link link = {.is_ready = is_ready, .transact = transact, .forget = forget};
    struct replica *sb = replica_new(&sb_schema_def, 0, 0);
    *f = (struct fixture) {.controller.sb = sb, .is_ready = true};
    monitor(sb, SB_TABLE_DATAPATH_BINDING, SB_DATAPATH_BINDING_N_COLUMNS);
    monitor(sb, SB_TABLE_PORT_BINDING, SB_PORT_BINDING_N_COLUMNS);
    monitor(sb, SB_TABLE_MAC_BINDING, SB_MAC_BINDING_N_COLUMNS);
    monitor(sb, SB_TABLE_FDB, SB_FDB_N_COLUMNS);
    add_index(&f->controller, IX_DP_BY_KEY, SB_TABLE_DATAPATH_BINDING, SB_DATAPATH_BINDING_TUNNEL_KEY, UINT32_MAX);
    add_index(&f->controller, IX_PB_BY_KEY, SB_TABLE_PORT_BINDING, SB_PORT_BINDING_DATAPATH, SB_PORT_BINDING_TUNNEL_KEY);
    add_index(&f->controller, IX_MAC_BINDING, SB_TABLE_MAC_BINDING, SB_MAC_BINDING_LOGICAL_PORT, SB_MAC_BINDING_IP);
    add_index(&f->controller, IX_FDB, SB_TABLE_FDB, SB_FDB_DP_KEY, SB_FDB_MAC);
    replica_apply_begin(sb);
    struct row *dp = replica_test_insert(sb, SB_TABLE_DATAPATH_BINDING, &dp_uuid);
    set_integer(sb, dp, SB_DATAPATH_BINDING_TUNNEL_KEY, DP_KEY);
    struct row *pb = replica_test_insert(sb, SB_TABLE_PORT_BINDING, &(struct uuid) {{2}});
    set_uuid(sb, pb, SB_PORT_BINDING_DATAPATH, &dp_uuid);
    set_integer(sb, pb, SB_PORT_BINDING_TUNNEL_KEY, PORT_KEY);
    set_string(sb, pb, SB_PORT_BINDING_LOGICAL_PORT, "lrp1");
    replica_apply_end(sb);
    f->learn = learn_new(&f->controller, &link, f);
}

static void
teardown(struct fixture *f)
{
    learn_free(f->learn);
    json_decref(f->sent);
    replica_free(f->controller.sb);
}

static void
add_mac_binding(struct fixture *f, const char *ip, const char *mac)
{
    struct replica *sb = f->controller.sb;
    replica_apply_begin(sb);
    struct row *row = replica_test_insert(sb, SB_TABLE_MAC_BINDING, &(struct uuid) {{3}});
    set_string(sb, row, SB_MAC_BINDING_LOGICAL_PORT, "lrp1");
    set_string(sb, row, SB_MAC_BINDING_IP, ip);
    set_string(sb, row, SB_MAC_BINDING_MAC, mac);
    set_uuid(sb, row, SB_MAC_BINDING_DATAPATH, &dp_uuid);
    replica_apply_end(sb);
}

static void
learn_ip(struct fixture *f, const char *text, struct eth_addr mac)
{
    struct ip_addr ip;
    assert_true(ip_addr_parse(str_from(text), &ip));
    learn_mac(f->learn, DP_KEY, PORT_KEY, &ip, mac);
}

static void
assert_sent(const struct fixture *f, const char *expected)
{
    char *text = json_dumps(f->sent, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
}

#define DP_TEXT "[\"uuid\",\"01000000-0000-0000-0000-000000000000\"]"

TEST(a_neighbor_becomes_a_row)
{
    struct fixture f;
    setup(&f);
    learn_ip(&f, "10.0.0.9", mac_a);
    learn_ip(&f, "10.0.0.9", mac_b);                         /* the last one wins */
    assert_int_equal(f.n_sent, 0);
    learn_flush(f.learn, WALL_MS);
    assert_sent(&f, "[{\"op\":\"insert\",\"row\":{\"datapath\":" DP_TEXT ",\"ip\":\"10.0.0.9\",\"logical_port\":\"lrp1\","
                    "\"mac\":\"0a:00:00:00:00:02\",\"timestamp\":1700000000},\"table\":\"MAC_Binding\"}]");
    finish(&f, NULL);
    teardown(&f);
}

TEST(an_address_becomes_a_row)
{
    struct fixture f;
    setup(&f);
    learn_fdb(f.learn, DP_KEY, PORT_KEY, mac_a);
    learn_flush(f.learn, WALL_MS);
    assert_sent(&f, "[{\"op\":\"insert\",\"row\":{\"dp_key\":3,\"mac\":\"0a:00:00:00:00:01\",\"port_key\":5,"
                    "\"timestamp\":1700000000},\"table\":\"FDB\"}]");
    teardown(&f);                                            /* with a transaction under way */
    assert_null(f.done);
}

TEST(what_is_known_is_not_written_and_what_changed_is_updated)
{
    struct fixture f;
    setup(&f);
    add_mac_binding(&f, "fd00::9", "0a:00:00:00:00:01");
    learn_ip(&f, "fd00::9", mac_a);
    learn_flush(f.learn, WALL_MS);
    assert_int_equal(f.n_sent, 0);
    assert_int_equal(learn_stats(f.learn).n_known, 1);
    learn_ip(&f, "fd00::9", mac_b);
    learn_flush(f.learn, WALL_MS);
    assert_sent(&f, "[{\"op\":\"update\",\"row\":{\"datapath\":" DP_TEXT ",\"ip\":\"fd00::9\",\"logical_port\":\"lrp1\","
                    "\"mac\":\"0a:00:00:00:00:02\",\"timestamp\":1700000000},\"table\":\"MAC_Binding\","
                    "\"where\":[[\"_uuid\",\"==\",[\"uuid\",\"03000000-0000-0000-0000-000000000000\"]]]}]");
    teardown(&f);
}

TEST(duplicates_wait_for_the_transaction_under_way)
{
    struct fixture f;
    setup(&f);
    learn_ip(&f, "10.0.0.9", mac_a);
    learn_flush(f.learn, WALL_MS);
    for (int i = 0; i < 100; i++) {
        learn_ip(&f, "10.0.0.9", mac_a);
        learn_flush(f.learn, WALL_MS);
    }
    learn_ip(&f, "10.0.0.8", mac_a);
    learn_flush(f.learn, WALL_MS);
    assert_int_equal(f.n_sent, 1);
    finish(&f, NULL);
    learn_flush(f.learn, WALL_MS);
    assert_int_equal(f.n_sent, 2);
    assert_int_equal(json_array_size(f.sent), 1);
    teardown(&f);
}

TEST(a_refusal_does_not_hurt_the_others)
{
    struct fixture f;
    setup(&f);
    learn_ip(&f, "10.0.0.8", mac_a);
    learn_ip(&f, "10.0.0.9", mac_a);
    learn_flush(f.learn, WALL_MS);
    assert_int_equal(json_array_size(f.sent), 2);
    add_mac_binding(&f, "10.0.0.9", "0a:00:00:00:00:01");    /* another chassis was faster */
    finish(&f, err_tagged("constraint violation", "commit"));
    learn_flush(f.learn, WALL_MS);
    assert_int_equal(f.n_sent, 2);
    assert_int_equal(json_array_size(f.sent), 1);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json_array_get(f.sent, 0), "row"), "ip")), "10.0.0.8");
    finish(&f, err_tagged("constraint violation", "commit"));        /* alone and refused again: forgotten */
    learn_flush(f.learn, WALL_MS);
    assert_int_equal(f.n_sent, 2);
    assert_int_equal(learn_stats(f.learn).n_failed, 2);
    teardown(&f);
}

TEST(unknown_ports_and_floods_are_bounded)
{
    struct fixture f;
    setup(&f);
    learn_fdb(f.learn, DP_KEY, PORT_KEY + 1, mac_a);
    learn_fdb(f.learn, DP_KEY + 1, PORT_KEY, mac_a);
    learn_flush(f.learn, WALL_MS);
    assert_int_equal(f.n_sent, 0);
    assert_int_equal(learn_stats(f.learn).n_unknown_port, 2);
    f.is_ready = false;
    for (uint32_t i = 0; i < LEARN_MAX_PENDING + 7; i++) {
        learn_fdb(f.learn, DP_KEY, PORT_KEY, eth_addr_from_u64(0x020000000000 + i));
    }
    learn_flush(f.learn, WALL_MS);
    assert_int_equal(f.n_sent, 0);
    assert_int_equal(learn_stats(f.learn).n_dropped, 7);
    f.is_ready = true;
    learn_flush(f.learn, WALL_MS);
    assert_int_equal(json_array_size(f.sent), LEARN_MAX_PENDING);
    teardown(&f);
}

TEST_MAIN(T(a_neighbor_becomes_a_row), T(an_address_becomes_a_row), T(what_is_known_is_not_written_and_what_changed_is_updated),
          T(duplicates_wait_for_the_transaction_under_way), T(a_refusal_does_not_hurt_the_others),
          T(unknown_ports_and_floods_are_bounded))
