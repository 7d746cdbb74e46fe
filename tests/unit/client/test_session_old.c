/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions with servers that know less, or send nonsense, played by the test. */
#include <config.h>

#include "ovsdb/client/session.h"

#include "tests/unit/client/bench.h"

#define U2 "22222222-2222-2222-2222-222222222222"

static bool
has_second_connection(void *b_)
{
    return ((struct bench *) b_)->n_connections == 2;
}

TEST(a_server_of_rfc_7047_is_enough)
{
    struct bench b;
    bench_init(&b, "monitor", "{'Port':{'" U1 "':{'new':{'name':'p'}}}}", 1);
    expect_port(&b, "p");
    assert_string_equal(buf_text(&b.heard), "set_db_change_aware monitor(_Server) get_schema monitor_cond_since monitor_cond monitor ");
    assert_true(ovsdb_session_conditions_settled(b.session));
    jsonrpc_send(b.rpc, jsonrpc_notify("update", json_from("['data-1',{'Port':{'" U1 "':{'old':{'name':'p'},'new':{'name':'q'}}}}]")));
    expect_port(&b, "q");
    bench_fini(&b);
}

TEST(a_server_without_since)
{
    struct bench b;
    bench_init(&b, "monitor_cond", "{'Port':{'" U1 "':{'initial':{'name':'p'}}}}", 1);
    expect_port(&b, "p");
    assert_string_equal(buf_text(&b.heard), "set_db_change_aware monitor(_Server) get_schema monitor_cond_since monitor_cond ");
    jsonrpc_send(b.rpc, jsonrpc_notify("update2", json_from("['data-1',{'Port':{'" U1 "':{'modify':{'name':'q'}}}}]")));
    expect_port(&b, "q");
    bench_fini(&b);
}

TEST(nonsense_leads_to_a_fresh_snapshot)
{
    static const char *const nonsense[] = {
        "['data-1','00000000-0000-0000-0000-000000000001',{'Port':{'" U1 "':{'modify':{'name':7}}}}]",
        "['data-1','00000000-0000-0000-0000-000000000001',{'Port':{'" U1 "':{'modify':{'no':'7'}}}}]",
        "['data-1','00000000-0000-0000-0000-000000000001',7]",
        "['data-1']",
    };
    struct bench b;
    bench_init(&b, "monitor_cond_since", "[false,'00000000-0000-0000-0000-000000000001',{'Port':{'" U1 "':{'initial':{'name':'p'}}}}]", 1);
    expect_port(&b, "p");
    for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
        jsonrpc_send(b.rpc, jsonrpc_notify("update3", json_from("['data-1','00000000-0000-0000-0000-000000000001',{'Port':{'" U1 "':{'modify':{'name':'q'}}}}]")));
        expect_port(&b, "q");
        jsonrpc_send(b.rpc, jsonrpc_notify("update3", json_from(nonsense[i])));
        expect_port(&b, "p");
        assert_int_equal(b.n_connections, i + 2);
    }
    bench_fini(&b);
}

/* What was half applied is no state to go on from. */
TEST(who_did_not_ask_to_go_on_takes_a_snapshot)
{
    struct bench b;
    bench_init(&b, "monitor_cond_since", "[true,'00000000-0000-0000-0000-000000000001',{'Port':{'" U1 "':{'initial':{'name':'p'}}}}]", 1);
    expect_port(&b, "p");
    jsonrpc_send(b.rpc, jsonrpc_notify("update3", json_from("['data-1','00000000-0000-0000-0000-000000000002',{'Port':{"
                                                            "'" U2 "':{'insert':{'name':'q'}},'no uuid':7}}]")));
    assert_true(loop_run_until(b.loop, has_second_connection, &b, DEADLINE_MS));
    expect_port(&b, "p");
    assert_int_equal(replica_count(b.replica, T_PORT), 1);
    bench_fini(&b);
}

TEST_MAIN(T(a_server_of_rfc_7047_is_enough), T(a_server_without_since), T(nonsense_leads_to_a_fresh_snapshot),
          T(who_did_not_ask_to_go_on_takes_a_snapshot))
