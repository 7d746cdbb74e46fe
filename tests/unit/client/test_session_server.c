/* SPDX-License-Identifier: Apache-2.0 */
/* Which server a session chooses, and what it does when the server's database gets another schema. */
#include <config.h>

#include "ovsdb/client/session.h"

#include "tests/unit/client/bench.h"

#define TXN "00000000-0000-0000-0000-000000000001"
#define SNAPSHOT(NAME) "[false,'" TXN "',{'Port':{'" U1 "':{'initial':{'name':'" NAME "'}}}}]"
#define SHORT_SCHEMA                                                                                \
    "{\"name\":\"Part\",\"version\":\"2.0.0\",\"tables\":{\"Port\":{\"columns\":{\"name\":{\"type\":\"string\"}}}}}"
static const char hello[] = "set_db_change_aware monitor(_Server) ";

static void
init(struct bench *b, struct bench_row row, size_t n_remotes)
{
    bench_init(b, "monitor_cond_since", SNAPSHOT("p"), n_remotes);
    b->has_server_db = b->has_locks = true;
    b->row = row;
}

static void
expect_heard(struct bench *b, const char *methods)
{
    assert_string_equal(buf_text(&b->heard), methods);
    buf_clear(&b->heard);
}

static struct bench_row
standalone(const char *schema)
{
    return (struct bench_row) {.model = "standalone", .schema = schema, .is_connected = true, .is_leader = true};
}

/* With a session that follows under PART_SCHEMA, and has seen the port "p". */
static void
init_followed(struct bench *b)
{
    init(b, standalone(PART_SCHEMA), 1);
    expect_port(b, "p");
    expect_heard(b, "set_db_change_aware monitor(_Server) monitor_cond_since ");
}

/* Expects the new port of a new snapshot, on the same connection. */
static void
expect_followed_anew(struct bench *b, const char *methods)
{
    expect_port(b, "q");
    expect_heard(b, methods);
    assert_int_equal(b->n_connections, 1);
}

static bool
has_heard(void *b_)
{
    struct bench *b = b_;
    return strstr(buf_text(&b->heard), b->wanted);
}

static void
wait_heard(struct bench *b, const char *method)
{
    b->wanted = method;
    assert_true(loop_run_until(b->loop, has_heard, b, DEADLINE_MS));
}

static void
note_tag(void *tag, const json_t *result, struct err *err)
{
    assert_null(result);
    *(char **) tag = xstrdup(err_tag(err));
    err_free(err);
}

static bool
has_tag(void *tag)
{
    return *(char **) tag;
}

/* Runs until all that the server has sent is handled: then comes its reply to a last request. */
static void
settle(struct bench *b)
{
    char *tag = NULL;
    ovsdb_session_transact(b->session, json_array(), note_tag, &tag);
    assert_true(loop_run_until(b->loop, has_tag, &tag, DEADLINE_MS));
    assert_string_equal(tag, "canceled");
    free(tag);
    buf_clear(&b->heard);
}

TEST(the_row_tells_the_schema)
{
    struct bench b;
    init_followed(&b);
    bench_fini(&b);
}

/* Ours tells the new schema first, and then that the monitor is gone. */
TEST(converted_schema_before_end_of_monitor)
{
    struct bench b;
    init_followed(&b);
    ovsdb_session_set_lock(b.session, "l");
    settle(&b);
    b.row = standalone(SHORT_SCHEMA);
    b.snapshot = SNAPSHOT("q");
    bench_tell_row(&b);
    bench_cancel(&b, "data-1");
    expect_followed_anew(&b, "monitor_cancel monitor_cond_since ");
    settle(&b);
    assert_true(ovsdb_session_has_lock(b.session));
    assert_false(replica_server_has(b.replica, T_PORT, PORT_TAG));
    assert_int_equal(b.n_connections, 1);
    bench_fini(&b);
}

/* The peer's may do it the other way round. */
TEST(converted_end_of_monitor_before_schema)
{
    struct bench b;
    init_followed(&b);
    b.schema = SHORT_SCHEMA;
    b.snapshot = SNAPSHOT("q");
    bench_cancel(&b, "data-1");
    expect_followed_anew(&b, "get_schema monitor_cond_since ");
    b.row = standalone(SHORT_SCHEMA);
    bench_tell_row(&b);
    settle(&b);
    assert_true(ovsdb_session_is_synced(b.session));
    assert_int_equal(b.n_connections, 1);
    bench_fini(&b);
}

/* No word of _Server is to come then. */
TEST(converted_to_the_same_schema)
{
    struct bench b;
    init_followed(&b);
    b.snapshot = SNAPSHOT("q");
    bench_cancel(&b, "data-1");
    expect_followed_anew(&b, "get_schema monitor_cond_since ");
    bench_cancel(&b, "data-1");                              /* of one that is long gone */
    settle(&b);
    assert_true(ovsdb_session_is_synced(b.session));
    bench_fini(&b);
}

/* Of a monitor that was ended nothing counts. */
TEST(late_updates_are_ignored)
{
    struct bench b;
    init_followed(&b);
    b.row = standalone(SHORT_SCHEMA);
    bench_tell_row(&b);
    jsonrpc_send(b.rpc, jsonrpc_notify("update3", json_from("['data-1','" TXN "',{'Port':{'" U1 "':{'delete':null}}}]")));
    expect_port(&b, "p");
    settle(&b);
    assert_int_equal(replica_count(b.replica, T_PORT), 1);
    assert_int_equal(b.n_connections, 1);
    bench_fini(&b);
}

/* It is waited for, if there is no other server. */
TEST(a_database_that_comes_and_goes)
{
    struct bench b;
    init(&b, (struct bench_row) {.model = NULL}, 1);
    wait_heard(&b, hello);
    settle(&b);
    assert_false(ovsdb_session_is_synced(b.session));
    b.row = standalone(PART_SCHEMA);
    bench_tell_row(&b);
    expect_port(&b, "p");
    b.schema = NULL;
    bench_cancel(&b, "data-1");
    wait_heard(&b, "get_schema ");
    jsonrpc_send(b.rpc, jsonrpc_notify("update", json_from("['server',{'Database':{'" U1 "':{'old':{'name':'Part'}}}}]")));
    settle(&b);
    assert_false(ovsdb_session_is_synced(b.session));
    b.snapshot = SNAPSHOT("q");
    bench_tell_row(&b);
    expect_port(&b, "q");
    /* The other way round. */
    jsonrpc_send(b.rpc, jsonrpc_notify("update", json_from("['server',{'Database':{'" U1 "':{'old':{'name':'Part'}}}}]")));
    bench_cancel(&b, "data-3");
    wait_heard(&b, "get_schema ");
    settle(&b);
    assert_false(ovsdb_session_is_synced(b.session));
    b.snapshot = SNAPSHOT("r");
    bench_tell_row(&b);
    expect_port(&b, "r");
    assert_int_equal(b.n_connections, 1);
    bench_fini(&b);
}

static void
check_second_is_taken(struct bench_row first, bool leader_only)
{
    struct bench b;
    init(&b, first, 2);
    b.second_row = standalone(PART_SCHEMA);
    ovsdb_session_set_leader_only(b.session, leader_only);
    expect_port(&b, "p");
    assert_int_equal(b.n_connections, 2);
    bench_fini(&b);
}

TEST(useless_servers_are_left_for_others)
{
    check_second_is_taken((struct bench_row) {.model = NULL}, false);
    check_second_is_taken((struct bench_row) {"relay", PART_SCHEMA, false, false}, false);
    check_second_is_taken((struct bench_row) {"clustered", PART_SCHEMA, false, false}, false);
    check_second_is_taken((struct bench_row) {"clustered", PART_SCHEMA, true, false}, true);
}

TEST(a_follower_will_do_unless_told_otherwise)
{
    struct bench b;
    init(&b, (struct bench_row) {"clustered", PART_SCHEMA, true, false}, 2);
    expect_port(&b, "p");
    assert_int_equal(b.n_connections, 1);
    bench_fini(&b);
}

/* With one remote there is nothing to gain from leaving it. */
TEST(the_only_server_may_become_the_leader)
{
    struct bench b;
    init(&b, (struct bench_row) {"clustered", PART_SCHEMA, true, false}, 1);
    ovsdb_session_set_leader_only(b.session, true);
    wait_heard(&b, hello);
    settle(&b);
    assert_false(ovsdb_session_is_synced(b.session));
    b.row.is_leader = true;
    bench_tell_row(&b);
    expect_port(&b, "p");
    b.row.is_leader = false;                                 /* what is known stays current */
    bench_tell_row(&b);
    settle(&b);
    assert_true(ovsdb_session_is_synced(b.session));
    assert_int_equal(b.n_connections, 1);
    bench_fini(&b);
}

static bool
has_second_connection(void *b_)
{
    return ((struct bench *) b_)->n_connections == 2;
}

TEST(a_backup_refuses_the_lock)
{
    struct bench b;
    init(&b, standalone(PART_SCHEMA), 2);
    b.has_locks = false;
    ovsdb_session_set_lock(b.session, "l");
    assert_true(loop_run_until(b.loop, has_second_connection, &b, DEADLINE_MS));
    b.has_locks = true;
    bench_fini(&b);
}

static void
ignore_error(void *aux, const json_t *result, struct err *err)
{
    err_free(err);
}

TEST(a_backup_refuses_transactions)
{
    struct bench b;
    init(&b, standalone(PART_SCHEMA), 2);
    b.answer = "[{'error':'not allowed','details':'read only'}]";
    expect_port(&b, "p");
    ovsdb_session_transact(b.session, json_pack("[{s:s}]", "op", "insert"), ignore_error, NULL);
    assert_true(loop_run_until(b.loop, has_second_connection, &b, DEADLINE_MS));
    bench_fini(&b);
}

TEST(canceled_transactions_say_so)
{
    struct bench b;
    init_followed(&b);
    settle(&b);
    bench_fini(&b);
}

TEST_MAIN(T(the_row_tells_the_schema), T(converted_schema_before_end_of_monitor),
          T(converted_end_of_monitor_before_schema), T(converted_to_the_same_schema), T(late_updates_are_ignored),
          T(a_database_that_comes_and_goes), T(useless_servers_are_left_for_others),
          T(a_follower_will_do_unless_told_otherwise), T(the_only_server_may_become_the_leader),
          T(a_backup_refuses_the_lock), T(a_backup_refuses_transactions), T(canceled_transactions_say_so))
