/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/server.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/counter.h"
#include "lib/base/vec.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/stream.h"
#include "ovsdb/server/gather.h"
#include "ovsdb/storage/storage.h"
#include "tests/unit/server/fixture_peer.h"

#define INSERT_N(UUID, NAME) "{'op':'insert','table':'N','uuid':'" UUID "','row':{'name':'" NAME "'}}"

TEST(replies_wait_for_the_end_of_the_turn_and_updates_come_first)
{
    struct server *server = fixture_start();
    struct peer a, b;
    peer_join(server, &a);
    peer_join(server, &b);
    peer_say(&a, "{'id':1,'method':'monitor','params':['T','m',{'N':[{'columns':['name']}]}]}");
    peer_expect(&a, "{'id':1,'error':null,'result':{}}");
    peer_say(&a, TRANSACT("2", INSERT_N(U1, "x")));
    peer_say(&b, TRANSACT("3", INSERT_N(U2, "y") ",{'op':'commit','durable':true}"));
    peer_expect(&a, "");
    peer_expect(&b, "");
    server_run(server, fixture_now_ms);
    peer_expect(&a, "{'id':null,'method':'update','params':['m',{'N':{'" U1 "':{'new':{'name':'x'}}}}]}"
               "{'id':2,'error':null,'result':[{'uuid':['uuid','" U1 "']}]}"
               "{'id':null,'method':'update','params':['m',{'N':{'" U2 "':{'new':{'name':'y'}}}}]}");
    peer_expect(&b, "{'id':3,'error':null,'result':[{'uuid':['uuid','" U2 "']},{}]}");
    peer_say(&a, "{'id':4,'method':'monitor_cancel','params':['m']}");
    peer_expect(&a, "{'id':4,'error':null,'result':{}}");
    peer_leave(&a);
    peer_leave(&b);
    fixture_stop(server);
}

TEST(a_wait_goes_on_when_its_table_changes_or_its_time_is_over)
{
    struct server *server = fixture_start();
    struct peer a, b;
    peer_join(server, &a);
    peer_join(server, &b);
    fixture_now_ms = 1000;
    const char *wait = TRANSACT("1", "{'op':'wait','table':'N','where':[],'columns':['name'],'until':'==',"
                                     "'rows':[{'name':'x'}],'timeout':500}");
    peer_say(&a, wait);
    server_run(server, fixture_now_ms);
    peer_expect(&a, "");
    assert_int_equal(server_next_wake_ms(server), 1500);
    peer_say(&b, TRANSACT("2", "{'op':'insert','table':'C','row':{}}"));      /* fails; another table anyhow */
    server_run(server, fixture_now_ms);
    peer_expect(&a, "");
    buf_clear(&b.sent);
    peer_say(&b, TRANSACT("3", INSERT_N(U1, "x")));
    server_run(server, fixture_now_ms);
    peer_expect(&a, "{'id':1,'error':null,'result':[{}]}");
    peer_say(&b, TRANSACT("4", "{'op':'delete','table':'N','where':[]}"));
    server_run(server, fixture_now_ms);
    peer_say(&a, wait);
    server_run(server, fixture_now_ms + 499);
    peer_expect(&a, "");
    server_run(server, fixture_now_ms + 500);
    peer_expect_part(&a, "'error':'timed out'");
    assert_true(server_next_wake_ms(server) == INT64_MAX);
    peer_say(&a, wait);
    peer_say(&a, "{'id':null,'method':'cancel','params':[1]}");
    peer_expect(&a, "{'id':1,'result':null,'error':'canceled'}");
    peer_say(&a, wait);                                           /* and leaves while it waits */
    peer_leave(&a);
    peer_leave(&b);
    fixture_stop(server);
}

TEST(no_echo_and_no_refusal_overtakes)
{
    struct server *server = fixture_start();
    struct peer a;
    peer_join(server, &a);
    peer_say(&a, "{'id':1,'method':'echo','params':['x']}");
    peer_expect(&a, "{'id':1,'error':null,'result':['x']}");
    peer_say(&a, TRANSACT("2", INSERT_N(U1, "x")));
    peer_say(&a, "{'id':3,'method':'echo','params':[]}");
    peer_expect(&a, "");
    server_run(server, fixture_now_ms);
    peer_expect(&a, "{'id':2,'error':null,'result':[{'uuid':['uuid','" U1 "']}]}{'id':3,'error':null,'result':[]}");
    static const char bad[] = "{\"id\":5,\"method\":\"m\",\"params\":[\"\xff\"]}";
    peer_say(&a, TRANSACT("4", INSERT_N(U2, "y")));
    session_refuse(a.session, jsonrpc_refuse_bad_text(bad, strlen(bad)));
    peer_expect(&a, "{'id':4,'error':null,'result':[{'uuid':['uuid','" U2 "']}]}{'id':5,'result':null,'error':{'details':"
               "'not a valid UTF-8 string: invalid UTF-8 sequence 0xff','error':'constraint violation'}}");
    peer_leave(&a);
    fixture_stop(server);
}

/* The first to wait is the first to go on, as with Debian's server; those that are left keep their places. */
TEST(transactions_that_wait_go_on_in_the_order_they_came)
{
    struct server *server = fixture_start();
    struct peer a, b;
    peer_join(server, &a);
    peer_join(server, &b);
    const char *const waiting[] = {"1", "2", "3", "4"};
    for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
        char *text = xasprintf("{'id':%s,'method':'transact','params':['T',{'op':'wait','table':'N','where':[['name','==','x']],"
                               "'columns':['n'],'until':'==','rows':[{'n':%zu}]}]}", waiting[i], i < 1 ? (size_t) 1 : 2);
        peer_say(&a, text);
        free(text);
    }
    peer_say(&b, TRANSACT("5", "{'op':'insert','table':'N','row':{'name':'x','n':1},'uuid':'" U1 "'}"));
    server_run(server, fixture_now_ms);
    peer_expect(&a, "{'id':1,'error':null,'result':[{}]}");
    peer_say(&a, "{'id':null,'method':'cancel','params':[2]}");
    peer_expect(&a, "{'id':2,'result':null,'error':'canceled'}");
    buf_clear(&b.sent);
    peer_say(&b, TRANSACT("6", "{'op':'update','table':'N','where':[],'row':{'n':2}}"));
    server_run(server, fixture_now_ms);
    peer_expect(&a, "{'id':3,'error':null,'result':[{}]}{'id':4,'error':null,'result':[{}]}");
    peer_leave(&a);
    peer_leave(&b);
    fixture_stop(server);
}

TEST(a_wait_may_have_all_the_time_in_the_world)
{
    static const char *const timeouts[] = {"9223372036854775807", "9e18", "4.5e18"};
    struct server *server = fixture_start();
    struct peer peer;
    peer_join(server, &peer);
    fixture_now_ms = 1000;
    for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
        char *wait = xasprintf(TRANSACT("1", "{'op':'wait','table':'N','where':[],'columns':['name'],'until':'==',"
                                             "'rows':[{'name':'x'}],'timeout':%s}"), timeouts[i]);
        peer_say(&peer, wait);
        server_run(server, fixture_now_ms);
        peer_expect(&peer, "");
        assert_true(server_next_wake_ms(server) > 1000000000000000 && server_next_wake_ms(server) < INT64_MAX);
        peer_say(&peer, "{'id':null,'method':'cancel','params':[1]}");
        peer_expect(&peer, "{'id':1,'result':null,'error':'canceled'}");
        free(wait);
    }
    peer_leave(&peer);
    fixture_stop(server);
}

TEST(a_session_that_lags_gets_one_update_with_the_net_effect)
{
    struct server *server = fixture_start();
    struct peer slow, fast;
    peer_join(server, &slow);
    peer_join(server, &fast);
    peer_say(&fast, TRANSACT("1", INSERT_N(U1, "old") "," INSERT_N(U2, "gone")));
    server_run(server, fixture_now_ms);
    buf_clear(&fast.sent);
    peer_say(&slow, "{'id':1,'method':'monitor_cond','params':['T','m',{'N':[{'columns':['name','n']}]}]}");
    buf_clear(&slow.sent);
    slow.backlog = SESSION_COALESCE_BYTES + 1;
    peer_say(&fast, TRANSACT("2", "{'op':'update','table':'N','where':[['name','==','old']],'row':{'n':1}}"));
    peer_say(&fast, TRANSACT("3", "{'op':'update','table':'N','where':[['name','==','old']],'row':{'name':'new','n':2}}"));
    peer_say(&fast, TRANSACT("4", "{'op':'delete','table':'N','where':[['name','==','gone']]}," INSERT_N(U3, "brief")));
    peer_say(&fast, TRANSACT("5", "{'op':'delete','table':'N','where':[['name','==','brief']]}"));
    server_run(server, fixture_now_ms);
    peer_expect(&slow, "");
    slow.backlog = 0;
    session_drained(slow.session);
    peer_expect(&slow, "{'id':null,'method':'update2','params':['m',{'N':{'" U1 "':{'modify':{'n':2,'name':'new'}},"
                  "'" U2 "':{'delete':null}}}]}");
    slow.backlog = SESSION_COALESCE_BYTES + 1;               /* its own transaction makes it catch up */
    peer_say(&slow, TRANSACT("6", INSERT_N(U4, "mine")));
    server_run(server, fixture_now_ms);
    peer_expect(&slow, "{'id':null,'method':'update2','params':['m',{'N':{'" U4 "':{'insert':{'name':'mine'}}}}]}"
                  "{'id':6,'error':null,'result':[{'uuid':['uuid','" U4 "']}]}");
    slow.backlog = (size_t) SESSION_BACKLOG_BYTES + 1;
    peer_say(&slow, TRANSACT("7", "{'op':'comment','comment':'one reply too many'}"));
    server_run(server, fixture_now_ms);
    assert_string_equal(slow.closed, "backlog limit exceeded");
    peer_leave(&slow);
    peer_leave(&fast);
    fixture_stop(server);
}

TEST(a_turn_costs_nothing_for_those_it_has_nothing_for)
{
    enum { N_IDLE = 100 };
    struct server *server = fixture_start();
    struct peer idle[N_IDLE], busy;
    for (int i = 0; i < N_IDLE; i++) {
        peer_join(server, &idle[i]);
    }
    peer_join(server, &busy);
    peer_say(&busy, TRANSACT("1", INSERT_N(U1, "name")));
    server_run(server, fixture_now_ms);
    assert_int_equal(busy.n_looks, 1);
    for (int i = 0; i < N_IDLE; i++) {
        assert_int_equal(idle[i].n_looks, 0);
        peer_leave(&idle[i]);
    }
    peer_leave(&busy);
    fixture_stop(server);
}

TEST(monitor_cond_since_sends_what_was_missed)
{
    struct server *server = fixture_start();
    struct peer a, b;
    peer_join(server, &a);
    peer_join(server, &b);
    const char *request = "{'id':1,'method':'monitor_cond_since','params':['T',['m'],{'N':[{'columns':['name'],"
                          "'where':[['n','==',1]]}]},'%s']}";
    char *text = xasprintf(request, "00000000-0000-0000-0000-000000000000");
    peer_say(&a, text);
    free(text);
    char last[UUID_LENGTH + 1];
    char *at = strstr(buf_text(&a.sent), "[false,\"");
    assert_non_null(at);
    memcpy(last, at + 8, UUID_LENGTH);
    last[UUID_LENGTH] = '\0';
    peer_leave(&a);
    peer_say(&b, TRANSACT("2", "{'op':'insert','table':'N','uuid':'" U1 "','row':{'name':'x','n':1}},"
                          "{'op':'insert','table':'N','uuid':'" U2 "','row':{'name':'y','n':2}}"));
    peer_say(&b, TRANSACT("3", "{'op':'update','table':'N','where':[],'row':{'name':'z'}}"));
    server_run(server, fixture_now_ms);
    buf_clear(&b.sent);
    peer_join(server, &a);
    text = xasprintf(request, last);
    peer_say(&a, text);
    free(text);
    peer_expect_part(&a, ",{'N':{'" U1 "':{'insert':{'name':'z'}}}}]}");
    /* Rows come into sight and leave it by their own change, and by that of the condition. */
    peer_say(&b, TRANSACT("4", "{'op':'update','table':'N','where':[],'row':{'n':1}}"));
    server_run(server, fixture_now_ms);
    peer_expect_part(&a, "{'N':{'" U2 "':{'insert':{'name':'z'}}}}]}");
    peer_say(&b, TRANSACT("5", "{'op':'update','table':'N','where':[['_uuid','==',['uuid','" U1 "']]],'row':{'n':3}}"));
    server_run(server, fixture_now_ms);
    peer_expect_part(&a, "{'N':{'" U1 "':{'delete':null}}}]}");
    peer_say(&a, "{'id':6,'method':'monitor_cond_change','params':[['m'],['m2'],{'N':[{'where':[['n','==',3],['n','>',7]]}]}]}");
    peer_expect_part(&a, "'" U2 "':{'delete':null}");
    peer_say(&a, "{'id':7,'method':'monitor_cond_change','params':[['m2'],['m2'],{'N':[{'where':[]}]}]}");
    peer_expect_part(&a, "{'N':{'" U2 "':{'insert':{'name':'z'}}}}]}{'id':7,");
    peer_say(&a, "{'id':8,'method':'monitor_cond_change','params':[['m2'],['m2'],{'N':[{'where':[false]}]}]}");
    peer_expect_part(&a, "{'delete':null}");
    peer_leave(&a);
    peer_leave(&b);
    fixture_stop(server);
}

TEST(conditions_of_many_clients_are_looked_up)
{
    struct server *server = fixture_start();
    enum { N = 50 };
    struct peer peers[N], writer;
    peer_join(server, &writer);
    for (int i = 0; i < N; i++) {
        peer_join(server, &peers[i]);
        char *text = xasprintf("{'id':1,'method':'monitor_cond','params':['T','m',{'N':[{'columns':['name'],'where':"
                               "[['n','==',%d],['name','==','all']]}],'A':[{'columns':['name'],'where':"
                               "[['ss','includes','s%d']]}]}]}", i, i);
        peer_say(&peers[i], text);
        free(text);
        buf_clear(&peers[i].sent);
    }
    peer_say(&writer, TRANSACT("1", "{'op':'insert','table':'N','uuid':'" U1 "','row':{'name':'x','n':7}},"
                               "{'op':'insert','table':'A','uuid':'" U2 "','row':{'name':'y',"
                               "'ss':['set',['s7','s8','other']]}}"));
    server_run(server, fixture_now_ms);
    for (int i = 0; i < N; i++) {
        peer_expect(&peers[i], i == 7 ? "{'id':null,'method':'update2','params':['m',{'A':{'" U2 "':{'insert':{'name':'y'}}},"
                                   "'N':{'" U1 "':{'insert':{'name':'x'}}}}]}"
                        : i == 8 ? "{'id':null,'method':'update2','params':['m',{'A':{'" U2 "':{'insert':{'name':'y'}}}}]}"
                        : "");
    }
    peer_say(&writer, TRANSACT("2", "{'op':'update','table':'N','where':[],'row':{'name':'all'}}"));
    server_run(server, fixture_now_ms);
    for (int i = 0; i < N; i++) {
        peer_expect_part(&peers[i], i == 7 ? "{'modify':{'name':'all'}}" : "{'insert':{'name':'all'}}");
        peer_leave(&peers[i]);
    }
    peer_leave(&writer);
    fixture_stop(server);
}

TEST(bad_monitor_requests_are_named)
{
    static const struct { const char *requests, *error; } cases[] = {
        {"'x'", "'details':'monitor-requests must be object'"},
        {"{'N':[{'columns':['n','name','n']}]}", "'details':'column n mentioned more than once'"},
        {"{'N':[{'columns':['n']},{'columns':['name','n']}]}", "'details':'column n mentioned more than once'"},
        {"{'N':[{'columns':['n']},{}]}", "'details':'column n mentioned more than once'"},
        {"{'N':[{'columns':'n'}]}", "'details':'array of column names expected'"},
        {"{'N':[{'x':1}]}", " is present but not allowed here."},
        {"{'N':[{'x':1,'y':2,'z':3}]}", " and 2 other members are present but not allowed here."},
        {"{'N':[{'select':{'x':1,'y':2}}]}", " and 1 other member are present but not allowed here."},
    };
    struct server *server = fixture_start();
    struct peer a;
    peer_join(server, &a);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *text = xasprintf("{'id':1,'method':'monitor','params':['T','m',%s]}", cases[i].requests);
        peer_say(&a, text);
        peer_expect_part(&a, cases[i].error);
        free(text);
    }
    peer_say(&a, "{'id':1,'method':'monitor_cond','params':['T','m',{}]}");
    peer_say(&a, "{'id':2,'method':'monitor_cond_change','params':['m','m','x']}");
    peer_expect_part(&a, "'details':'monitor-cond-change-requests must be object'");
    peer_leave(&a);
    fixture_stop(server);
}

TEST(locks_pass_from_client_to_client)
{
    struct server *server = fixture_start();
    struct peer a, b;
    peer_join(server, &a);
    peer_join(server, &b);
    peer_say(&a, "{'id':1,'method':'lock','params':['l']}");
    peer_expect(&a, "{'id':1,'error':null,'result':{'locked':true}}");
    peer_say(&b, "{'id':2,'method':'lock','params':['l']}");
    peer_expect(&b, "{'id':2,'error':null,'result':{'locked':false}}");
    peer_say(&b, TRANSACT("3", "{'op':'assert','lock':'l'}"));
    peer_say(&a, TRANSACT("4", "{'op':'assert','lock':'l'}"));
    server_run(server, fixture_now_ms);
    peer_expect_part(&b, "'error':'not owner'");
    peer_expect(&a, "{'id':4,'error':null,'result':[{}]}");
    peer_say(&b, "{'id':5,'method':'unlock','params':['l']}");
    peer_say(&b, "{'id':6,'method':'steal','params':['l']}");
    peer_expect_part(&b, "{'id':6,'error':null,'result':{'locked':true}}");
    peer_expect(&a, "{'id':null,'method':'stolen','params':['l']}");
    peer_leave(&b);                                               /* and gives it back by leaving */
    peer_expect(&a, "{'id':null,'method':'locked','params':['l']}");
    peer_leave(&a);
    fixture_stop(server);
}

TEST(clients_learn_of_databases_that_go)
{
    struct server *server = fixture_start();
    struct peer aware, plain;
    peer_join(server, &aware);
    peer_join(server, &plain);
    peer_say(&aware, "{'id':1,'method':'set_db_change_aware','params':[true]}");
    peer_say(&aware, "{'id':2,'method':'monitor','params':['_Server','s',{'Database':[{'columns':['name']}]}]}");
    peer_say(&aware, "{'id':3,'method':'monitor','params':['T','m',{'N':[{}]}]}");
    peer_say(&plain, "{'id':3,'method':'monitor','params':['T','m',{'N':[{}]}]}");
    peer_say(&aware, TRANSACT("4", "{'op':'wait','table':'N','where':[],'columns':['name'],'until':'!=','rows':[]}"));
    buf_clear(&aware.sent);
    assert_null(server_remove_database(server, "T"));
    server_run(server, fixture_now_ms);
    assert_null(aware.closed);
    assert_string_equal(plain.closed, "database removed");
    assert_non_null(strstr(buf_text(&aware.sent), "{\"old\":{\"name\":\"T\"}}"));
    assert_non_null(strstr(buf_text(&aware.sent), "{\"id\":4,\"result\":null,\"error\":\"canceled\"}"));
    peer_expect_part(&aware, "{'id':null,'method':'monitor_canceled','params':['m']}");
    peer_say(&aware, "{'id':5,'method':'get_schema','params':['T']}");
    peer_expect_part(&aware, "unknown database");
    peer_leave(&aware);
    peer_leave(&plain);
    fixture_stop(server);
}

/* Stores the error, or "", in the char * at 'failure'. */
static void
on_compacted(void *failure, struct err *e)
{
    *(char **) failure = e ? err_take_text(e) : xstrdup("");
}

TEST(a_restart_finds_what_was_stored)
{
    struct server *server = fixture_start();
    struct peer a;
    peer_join(server, &a);
    peer_say(&a, TRANSACT("1", INSERT_N(U1, "x") ",{'op':'comment','comment':'why'}"));
    peer_say(&a, TRANSACT("2", "{'op':'update','table':'N','where':[],'row':{'n':5}}"));
    peer_say(&a, TRANSACT("3", INSERT_N(U2, "y")));
    server_run(server, fixture_now_ms);
    char *failure = NULL;
    server_compact(server, "T", on_compacted, &failure);
    server_run(server, fixture_now_ms);
    assert_string_equal(failure, "");
    free(failure);
    peer_say(&a, TRANSACT("4", "{'op':'delete','table':'N','where':[['name','==','y']]}"));
    server_run(server, fixture_now_ms);
    assert_null(server_remove_database(server, "T"));
    char *path = xasprintf("%s/t.db", fixture_folder);
    struct storage *storage;
    assert_null(storage_open(path, STORAGE_READ_WRITE, &storage));
    free(path);
    assert_null(server_add_database(server, storage));
    peer_leave(&a);
    peer_join(server, &a);
    peer_say(&a, TRANSACT("5", "{'op':'select','table':'N','where':[],'columns':['_uuid','name','n']}"));
    server_run(server, fixture_now_ms);
    peer_expect(&a, "{'id':5,'error':null,'result':[{'rows':[{'_uuid':['uuid','" U1 "'],'n':5,'name':'x'}]}]}");
    peer_leave(&a);
    fixture_stop(server);
}

/* More than one slice of a snapshot, under names "0xxx...", "1xxx...", ... */
static void
insert_much(struct peer *peer)
{
    char name[20001];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 40; i++) {
        char *text = xasprintf(TRANSACT("1", "{'op':'insert','table':'N','row':{'name':'%d%s'}}"), i, name);
        peer_say(peer, text);
        free(text);
    }
}

TEST(a_large_snapshot_is_made_in_slices_and_its_client_held)
{
    struct server *server = fixture_start();
    struct peer a, b;
    peer_join(server, &a);
    peer_join(server, &b);
    insert_much(&b);
    server_run(server, fixture_now_ms);
    buf_clear(&b.sent);
    peer_say(&a, "{'id':1,'method':'monitor_cond_since','params':['T','m',{'N':[{'columns':['name']}]},'" U1 "']}");
    assert_true(a.is_held);
    peer_say(&b, TRANSACT("2", INSERT_N(U2, "late")));
    for (int i = 0; a.is_held; i++) {
        assert_true(i < 10);
        peer_expect(&a, "");
        server_run(server, fixture_now_ms);
        assert_true(!a.is_held || server_next_wake_ms(server) <= fixture_now_ms);
    }
    peer_expect_part(&b, "{'id':2,'error':null,'result':[{'uuid':['uuid','" U2 "']}]}");
    assert_int_equal(server_next_wake_ms(server), INT64_MAX);
    const char *text = buf_text(&a.sent), *reply = "{\"id\":1,\"error\":null,\"result\":[false,\"";
    assert_int_equal(strncmp(text, reply, strlen(reply)), 0);
    const char *update = strstr(text, "{\"id\":null,\"method\":\"update3\",\"params\":[\"m\",");
    assert_non_null(update);
    assert_true(strstr(text, "late") > update);
    peer_leave(&a);
    peer_leave(&b);
    fixture_stop(server);
}

TEST(a_client_may_leave_and_a_database_go_while_a_snapshot_is_made)
{
    struct server *server = fixture_start();
    struct peer a, b, c;
    peer_join(server, &a);
    peer_join(server, &b);
    peer_join(server, &c);
    peer_say(&b, "{'id':1,'method':'set_db_change_aware','params':[true]}");
    insert_much(&c);
    server_run(server, fixture_now_ms);
    peer_say(&a, "{'id':2,'method':'monitor','params':['T','m',{'N':[{'columns':['name']}]}]}");
    peer_say(&b, "{'id':2,'method':'monitor','params':['T','m',{'N':[{'columns':['name']}]}]}");
    assert_true(a.is_held && b.is_held);
    peer_leave(&a);
    assert_null(server_remove_database(server, "T"));
    assert_false(b.is_held);
    assert_non_null(strstr(buf_text(&b.sent), "{\"id\":2,\"error\":null,\"result\":{\"N\":{"));
    peer_expect_part(&b, "{'id':null,'method':'monitor_canceled','params':['m']}");
    peer_leave(&b);
    peer_leave(&c);
    fixture_stop(server);
}

#define DURABLE(ID) TRANSACT(ID, INSERT_N(U1, "x") ",{'op':'delete','table':'N','where':[]}," \
                             "{'op':'insert','table':'N','row':{}},{'op':'commit','durable':true}")

TEST(durable_commits_share_a_sync_and_wait_for_each_other_only_a_moment)
{
    struct server *server = fixture_start();
    struct peer peers[4];
    uint64_t before = counter_find("ovsdb_sync")->n;
    for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
        peer_join(server, &peers[i]);
        peer_say(&peers[i], DURABLE("1"));
    }
    server_run(server, fixture_now_ms);
    assert_int_equal(counter_find("ovsdb_sync")->n, before + 1);
    peer_say(&peers[0], DURABLE("2"));
    server_run(server, fixture_now_ms);                              /* the others are expected */
    assert_int_equal(counter_find("ovsdb_sync")->n, before + 1);
    assert_int_equal(server_next_wake_ms(server), fixture_now_ms + GATHER_MS);
    server_run(server, fixture_now_ms + GATHER_MS);
    assert_int_equal(counter_find("ovsdb_sync")->n, before + 2);
    peer_expect_part(&peers[0], "{'id':2,'error':null,'result':");
    peer_say(&peers[0], DURABLE("3"));
    server_settle(server);
    peer_expect_part(&peers[0], "{'id':3,'error':null,'result':");
    for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
        peer_leave(&peers[i]);
    }
    fixture_stop(server);
}

TEST_MAIN(T(replies_wait_for_the_end_of_the_turn_and_updates_come_first),
          T(no_echo_and_no_refusal_overtakes), T(transactions_that_wait_go_on_in_the_order_they_came),
          T(a_wait_goes_on_when_its_table_changes_or_its_time_is_over),
          T(a_wait_may_have_all_the_time_in_the_world),
          T(a_session_that_lags_gets_one_update_with_the_net_effect), T(a_turn_costs_nothing_for_those_it_has_nothing_for),
          T(monitor_cond_since_sends_what_was_missed),
          T(conditions_of_many_clients_are_looked_up), T(bad_monitor_requests_are_named),
          T(locks_pass_from_client_to_client),
          T(clients_learn_of_databases_that_go), T(a_restart_finds_what_was_stored),
          T(a_large_snapshot_is_made_in_slices_and_its_client_held),
          T(a_client_may_leave_and_a_database_go_while_a_snapshot_is_made),
          T(durable_commits_share_a_sync_and_wait_for_each_other_only_a_moment))
