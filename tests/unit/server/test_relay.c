/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/relay.h"

#include <stdlib.h>

#include "ovsdb/server/replication.h"
#include "tests/unit/server/fixture_net.h"

#define INSERT_N(UUID, NAME) "{'op':'insert','table':'N','uuid':'" UUID "','row':{'name':'" NAME "'}}"
#define SELECT_N TRANSACT("9", "{'op':'select','table':'N','where':[],'columns':['_uuid','name']}")
#define ROWS(ROWS) "{'id':9,'error':null,'result':[{'rows':[" ROWS "]}]}"
#define ROW(UUID, NAME) "{'_uuid':['uuid','" UUID "'],'name':'" NAME "'}"

/* Until both hold the same. */
static void
expect_equal(const struct node *a, const struct node *b)
{
    net_run();
    assert_true(fixture_digest(server_database(a->server, "T")) == fixture_digest(server_database(b->server, "T")));
    database_check_invariants(server_database(b->server, "T"));
}

static void
write_at(struct node *node, const char *operations)
{
    struct peer c;
    peer_join(node->server, &c);
    peer_say(&c, operations);
    net_run();
    assert_false(peer_was_sent(&c, "'error':'"));
    peer_leave(&c);
}

/* "a" has the file and some rows, "r" relays it. */
static void
start_relay(struct node *a, struct node *r)
{
    net_start();
    node_start(a, "a", true);
    node_start(r, "r", false);
    write_at(a, TRANSACT("1", INSERT_N(U1, "x") ",{'op':'insert','table':'A','row':{'name':'y','ss':['set',['p','q']],"
                                                "'strong':['named-uuid','b'],'weak':['named-uuid','b'],'eph':3}},"
                                                "{'op':'insert','table':'B','uuid-name':'b','row':{'x':7}}"));
    assert_null(relay_add(r->server, "relay:T:a", &r->env));
}

static void
stop_relay(struct node *a, struct node *r)
{
    node_stop(r);
    node_stop(a);
    net_stop();
}

TEST(a_relay_holds_what_its_source_holds)
{
    struct node a, r;
    start_relay(&a, &r);
    expect_equal(&a, &r);
    write_at(&a, TRANSACT("1", INSERT_N(U2, "z") ",{'op':'mutate','table':'A','where':[],'mutations':[['ss','insert',"
                                                 "'r'],['ss','delete','p']]},{'op':'delete','table':'N','where':"
                                                 "[['name','==','x']]}"));
    expect_equal(&a, &r);
    write_at(&a, TRANSACT("1", "{'op':'update','table':'A','where':[],'row':{'strong':['set',[]]}}"));
    expect_equal(&a, &r);                                    /* the row in B is gone, with the weak reference */
    stop_relay(&a, &r);
}

TEST(before_it_saw_its_source_a_relay_has_nothing)
{
    struct node a, r;
    start_relay(&a, &r);
    net_cut(&a, true);
    struct peer c;
    peer_join(r.server, &c);
    peer_say(&c, "{'id':1,'method':'get_schema','params':['T']}");
    net_expect_part(&c, "'error':'database not available'");
    peer_say(&c, SELECT_N);
    net_expect_part(&c, "'error':'database not available'");
    peer_say(&c, "{'id':2,'method':'monitor','params':['_Server','s',{'Database':[{'columns':['connected','leader',"
                   "'model','name']}]}]}");
    net_expect_part(&c, "{'connected':false,'leader':false,'model':'relay','name':'T'}");
    net_cut(&a, false);
    net_expect_part(&c, "{'old':{'connected':false},'new':{'connected':true,'leader':false,'model':'relay','name':'T'}}");
    peer_say(&c, SELECT_N);
    net_expect(&c, ROWS(ROW(U1, "x")));
    peer_leave(&c);
    stop_relay(&a, &r);
}

TEST(writes_go_to_the_source_and_updates_come_before_the_reply)
{
    struct node a, r;
    start_relay(&a, &r);
    net_run();
    struct peer c;
    peer_join(r.server, &c);
    peer_say(&c, "{'id':1,'method':'monitor_cond','params':['T','m',{'N':[{'columns':['name'],"
                   "'where':[['name','==','new']]}]}]}");
    net_expect(&c, "{'id':1,'error':null,'result':{}}");
    peer_say(&c, TRANSACT("2", INSERT_N(U2, "new")));
    net_expect(&c, "{'id':null,'method':'update2','params':['m',{'N':{'" U2 "':{'insert':{'name':'new'}}}}]}"
                      "{'id':2,'error':null,'result':[{'uuid':['uuid','" U2 "']}]}");
    expect_equal(&a, &r);
    /* What fails at the source only, and what fails here already. */
    peer_say(&c, TRANSACT("3", "{'op':'insert','table':'A','row':{'name':'y'}}"));
    net_expect_part(&c, "'error':'constraint violation'");
    peer_say(&c, TRANSACT("4", "{'op':'insert','table':'A','row':{'nope':1}}"));
    net_expect_part(&c, "'error':'unknown column'");
    peer_say(&c, TRANSACT("5", "{'op':'assert','lock':'l'}," INSERT_N(U3, "no")));
    net_expect_part(&c, "'error':'not owner'");
    peer_say(&c, "{'id':6,'method':'lock','params':['l']}");
    net_expect(&c, "{'id':6,'error':null,'result':{'locked':true}}");
    peer_say(&c, TRANSACT("7", "{'op':'assert','lock':'l'}," INSERT_N(U3, "no")));
    net_expect_part(&c, "'error':'not owner'");           /* the source knows nothing of the lock */
    expect_equal(&a, &r);
    peer_leave(&c);
    stop_relay(&a, &r);
}

TEST(a_wait_is_kept_here_until_it_may_go_on)
{
    struct node a, r;
    start_relay(&a, &r);
    net_run();
    struct peer c;
    peer_join(r.server, &c);
    peer_say(&c, TRANSACT("1", "{'op':'wait','table':'N','where':[],'columns':['name'],'until':'==','rows':["
                                 "{'name':'x'},{'name':'go'}]}," INSERT_N(U3, "went")));
    peer_say(&c, TRANSACT("2", "{'op':'wait','table':'N','where':[],'columns':['name'],'until':'==','rows':[]}"));
    net_expect(&c, "");
    write_at(&a, TRANSACT("1", INSERT_N(U2, "go")));
    net_expect(&c, "{'id':1,'error':null,'result':[{},{'uuid':['uuid','" U3 "']}]}");
    peer_say(&c, "{'id':null,'method':'cancel','params':[2]}");
    net_expect(&c, "{'id':2,'result':null,'error':'canceled'}");
    expect_equal(&a, &r);
    peer_leave(&c);
    stop_relay(&a, &r);
}

TEST(without_its_source_a_relay_reads_on_and_keeps_writes)
{
    struct node a, r;
    start_relay(&a, &r);
    net_run();
    struct peer c, gone;
    peer_join(r.server, &c);
    peer_join(r.server, &gone);
    net_cut(&a, true);
    net_run();
    peer_say(&c, SELECT_N);
    net_expect(&c, ROWS(ROW(U1, "x")));
    peer_say(&gone, TRANSACT("1", INSERT_N(U4, "of a client that left")));
    peer_say(&c, TRANSACT("2", INSERT_N(U2, "late")));
    peer_say(&c, TRANSACT("3", INSERT_N(U3, "canceled")));
    peer_say(&c, "{'id':null,'method':'cancel','params':[3]}");
    net_expect(&c, "{'id':3,'result':null,'error':'canceled'}");
    peer_leave(&gone);
    net_cut(&a, false);
    net_expect(&c, "{'id':2,'error':null,'result':[{'uuid':['uuid','" U2 "']}]}");
    expect_equal(&a, &r);
    peer_say(&c, TRANSACT("4", "{'op':'select','table':'N','where':[['_uuid','==',['uuid','" U4 "']]]}"));
    net_expect_part(&c, "{'rows':[]}");
    peer_leave(&c);
    stop_relay(&a, &r);
}

TEST(what_was_under_way_when_the_source_was_lost_is_canceled)
{
    struct node a, r;
    start_relay(&a, &r);
    net_run();
    struct peer c;
    peer_join(r.server, &c);
    peer_say(&c, TRANSACT("1", INSERT_N(U2, "who knows")));
    net_cut(&a, true);                                       /* nothing was delivered yet */
    net_expect(&c, "{'id':1,'result':null,'error':'canceled'}");
    assert_null(c.closed);
    peer_leave(&c);
    stop_relay(&a, &r);
}

TEST(only_what_was_missed_is_fetched_after_a_loss)
{
    struct node a, r;
    start_relay(&a, &r);
    for (int i = 0; i < 200; i++) {
        char *text = xasprintf(TRANSACT("1", "{'op':'insert','table':'N','row':{'name':'row number %d'}}"), i);
        write_at(&a, text);
        free(text);
    }
    expect_equal(&a, &r);
    net_cut(&a, true);
    net_run();
    write_at(&a, TRANSACT("1", INSERT_N(U2, "missed")));
    size_t before = net_n_bytes();
    net_cut(&a, false);
    expect_equal(&a, &r);
    assert_true(net_n_bytes() - before < 8000);              /* most of it is the schema */
    stop_relay(&a, &r);
}

TEST(a_source_that_restarted_is_compared)
{
    struct node a, r;
    start_relay(&a, &r);
    net_run();
    struct peer c;
    peer_join(r.server, &c);
    peer_say(&c, "{'id':1,'method':'monitor','params':['T','m',{'N':[{'columns':['name']}]}]}");
    net_expect_part(&c, "{'new':{'name':'x'}}");
    node_restart(&a);
    write_at(&a, TRANSACT("1", "{'op':'delete','table':'N','where':[]}," INSERT_N(U2, "z")));
    net_run();
    assert_true(peer_was_sent(&c, "'" U1 "':{'old':{'name':'x'}}"));
    net_expect_part(&c, "'" U2 "':{'new':{'name':'z'}}");
    assert_null(c.closed);
    peer_say(&c, "{'id':2,'method':'echo','params':[]}");
    net_expect(&c, "{'id':2,'error':null,'result':[]}");
    peer_leave(&c);
    stop_relay(&a, &r);
}

TEST(a_client_may_move_between_source_and_relay)
{
    struct node a, r;
    start_relay(&a, &r);
    net_run();
    struct peer c;
    peer_join(a.server, &c);
    peer_say(&c, "{'id':1,'method':'monitor_cond_since','params':['T','m',{'N':[{'columns':['name']}]},"
                   "'00000000-0000-0000-0000-000000000000']}");
    net_run();
    char *txn = str_dup(str_n(strstr(buf_text(&c.sent), "[false,\"") + 8, UUID_LENGTH));
    peer_leave(&c);
    write_at(&a, TRANSACT("1", INSERT_N(U2, "since")));
    peer_join(r.server, &c);
    char *request = xasprintf("{'id':1,'method':'monitor_cond_since','params':['T','m',{'N':[{'columns':['name']}]},"
                              "'%s']}", txn);
    peer_say(&c, request);
    net_run();
    assert_true(peer_was_sent(&c, "'result':[true,"));
    net_expect_part(&c, "{'N':{'" U2 "':{'insert':{'name':'since'}}}}");
    free(request);
    free(txn);
    peer_leave(&c);
    stop_relay(&a, &r);
}

TEST(a_relay_may_be_the_source_of_another)
{
    struct node a, r, s;
    start_relay(&a, &r);
    node_start(&s, "s", false);
    assert_null(relay_add(s.server, "relay:T:r", &s.env));
    expect_equal(&a, &s);
    struct peer c;
    peer_join(s.server, &c);
    peer_say(&c, TRANSACT("1", INSERT_N(U2, "through both")));
    net_expect(&c, "{'id':1,'error':null,'result':[{'uuid':['uuid','" U2 "']}]}");
    expect_equal(&a, &s);
    peer_say(&c, "{'id':2,'method':'monitor','params':['_Server','s',{'Database':[{'columns':['connected']}]}]}");
    net_expect_part(&c, "{'new':{'connected':true}}");
    net_cut(&a, true);
    net_expect_part(&c, "{'old':{'connected':true},'new':{'connected':false}}");
    peer_say(&c, SELECT_N);
    net_expect_part(&c, ROW(U2, "through both"));
    net_cut(&a, false);
    net_expect_part(&c, "{'old':{'connected':false},'new':{'connected':true}}");
    peer_leave(&c);
    node_stop(&s);
    stop_relay(&a, &r);
}

TEST(a_new_schema_at_the_source_is_followed)
{
    struct node a, r;
    start_relay(&a, &r);
    net_run();
    struct peer aware, plain;
    peer_join(r.server, &aware);
    peer_join(r.server, &plain);
    peer_say(&aware, "{'id':1,'method':'set_db_change_aware','params':[true]}");
    peer_say(&aware, "{'id':2,'method':'monitor','params':['T','m',{'N':[{'columns':['name']}]}]}");
    net_expect_part(&aware, "{'new':{'name':'x'}}");
    assert_null(server_remove_database(a.server, "T"));
    net_run();
    peer_say(&aware, SELECT_N);
    net_expect(&aware, ROWS(ROW(U1, "x")));
    peer_say(&aware, TRANSACT("3", "{'op':'insert','table':'M','row':{}}"));
    net_expect_part(&aware, "No table named M.");
    peer_say(&aware, TRANSACT("4", INSERT_N(U2, "not under that schema")));
    node_add_database(&a, "{'name':'T','version':'2.0.0','tables':{'M':{'isRoot':true,'columns':"
                          "{'name':{'type':'string'}}}}}");
    write_at(&a, TRANSACT("1", "{'op':'insert','table':'M','row':{'name':'converted'}}"));
    net_run();
    assert_non_null(plain.closed);
    assert_null(aware.closed);
    assert_true(peer_was_sent(&aware, "{'id':4,'result':null,'error':'canceled'}"));
    net_expect_part(&aware, "{'id':null,'method':'monitor_canceled','params':['m']}");
    peer_say(&aware, TRANSACT("5", "{'op':'select','table':'M','where':[],'columns':['name']}"));
    net_expect(&aware, "{'id':5,'error':null,'result':[{'rows':[{'name':'converted'}]}]}");
    peer_leave(&aware);
    peer_leave(&plain);
    stop_relay(&a, &r);
}

TEST(a_conversion_is_done_at_the_source)
{
    struct node a, r;
    start_relay(&a, &r);
    net_run();
    struct peer c;
    peer_join(r.server, &c);
    peer_say(&c, "{'id':1,'method':'set_db_change_aware','params':[true]}");
    peer_say(&c, "{'id':2,'method':'convert','params':['T',{'name':'T','version':'2.0.0','tables':{'N':{'isRoot':true,"
                   "'columns':{'name':{'type':'string'},'more':{'type':'string'}}}}}]}");
    net_expect_part(&c, "{'id':2,'error':null,'result':{}}");
    peer_say(&c, TRANSACT("3", "{'op':'select','table':'N','where':[],'columns':['more','name']}"));
    net_expect(&c, "{'id':3,'error':null,'result':[{'rows':[{'more':'','name':'x'}]}]}");
    peer_leave(&c);
    stop_relay(&a, &r);
}

TEST(a_source_without_monitor_cond_will_do)
{
    struct node a, r;
    start_relay(&a, &r);
    server_disable_monitor_cond(a.server);
    expect_equal(&a, &r);
    write_at(&a, TRANSACT("1", INSERT_N(U2, "z") ",{'op':'delete','table':'N','where':[['name','==','x']]},"
                               "{'op':'mutate','table':'A','where':[],'mutations':[['ss','delete','p']]}"));
    expect_equal(&a, &r);
    stop_relay(&a, &r);
}

TEST(bad_relays_are_refused)
{
    struct node r;
    net_start();
    node_start(&r, "r", true);
    static const char *const specs[] = {"relay:", "relay:T", "relay:T:", "relay::a", "relay:T:a", "relay:_Server:a",
                                        "relay:U:bad", "relay:not an id:a"};
    for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
        struct err *e = relay_add(r.server, specs[i], &r.env);
        assert_non_null(e);
        err_free(e);
    }
    assert_false(relay_is_spec("relay.db"));
    assert_null(relay_add(r.server, "relay:U:a", &r.env));
    assert_null(server_remove_database(r.server, "U"));
    node_stop(&r);
    net_stop();
}

/* Active and backup. */

static struct replication *
start_backup(struct node *a, struct node *b)
{
    net_start();
    node_start(a, "a", true);
    node_start(b, "b", true);
    struct replication *replication = replication_new(b->server, &b->env);
    replication_set_active_server(replication, "a");
    return replication;
}

static void
expect_status(const struct replication *replication, const char *expected)
{
    net_run();
    char *status = replication_status(replication);
    assert_string_equal(status, expected);
    free(status);
}

/* Otherwise it could end on contents that the active server has replaced. */
TEST(who_becomes_a_backup_converts_nothing_any_more)
{
    struct node a, b;
    struct replication *replication = start_backup(&a, &b);
    struct peer c;
    peer_join(b.server, &c);
    peer_say(&c, "{'id':2,'method':'convert','params':['T',{'name':'T','version':'2.0.0','tables':{}}]}");
    peer_say(&c, TRANSACT("3", INSERT_N(U3, "no")));
    assert_null(replication_start(replication));
    net_expect_part(&c, "{'id':2,'result':null,'error':{'details':'T: the conversion was stopped: this server became a "
                           "backup','error':'canceled'}}{'id':3,'error':null,'result':[{'details':'insert operation not allow");
    expect_status(replication, "state: backup\nreplicating: a\ndatabase: T\n");
    expect_equal(&a, &b);
    peer_leave(&c);
    replication_free(replication);
    node_stop(&a);
    node_stop(&b);
    net_stop();
}

TEST(a_backup_is_made_equal_and_only_read)
{
    struct node a, b;
    struct replication *replication = start_backup(&a, &b);
    write_at(&a, TRANSACT("1", INSERT_N(U1, "x")));
    write_at(&b, TRANSACT("1", INSERT_N(U1, "other") "," INSERT_N(U2, "y")));
    assert_null(replication_start(replication));
    expect_status(replication, "state: backup\nreplicating: a\ndatabase: T\n");
    expect_equal(&a, &b);
    struct peer c;
    peer_join(b.server, &c);
    peer_say(&c, TRANSACT("1", INSERT_N(U3, "no")));
    net_expect_part(&c, "insert operation not allowed when database server is in read only mode");
    peer_say(&c, "{'id':1,'method':'lock','params':['l']}");
    net_expect(&c, "{'id':1,'result':null,'error':'lock and unlock methods not allowed, DB server is read only.'}");
    write_at(&a, TRANSACT("1", INSERT_N(U3, "later")));
    expect_equal(&a, &b);
    net_cut(&a, true);
    expect_status(replication, "state: backup\nconnecting: a\n");
    replication_stop(replication);
    expect_status(replication, "state: active\n");
    peer_say(&c, TRANSACT("1", INSERT_N(U4, "promoted")));
    net_expect(&c, "{'id':1,'error':null,'result':[{'uuid':['uuid','" U4 "']}]}");
    peer_leave(&c);
    replication_free(replication);
    node_restart(&b);                                        /* all of it was in the file */
    peer_join(b.server, &c);
    peer_say(&c, SELECT_N);
    net_run();
    assert_true(peer_was_sent(&c, ROW(U1, "x")) && peer_was_sent(&c, ROW(U3, "later")));
    net_expect_part(&c, ROW(U4, "promoted"));
    peer_leave(&c);
    node_stop(&b);
    node_stop(&a);
    net_stop();
}

TEST(a_backup_may_know_more_than_its_active_server_but_not_less)
{
    static const char less[] = "{'name':'T','version':'0.1.0','tables':{'N':{'isRoot':true,'columns':"
                               "{'name':{'type':'string'}}}}}";
    struct node a, b;
    struct replication *replication = start_backup(&a, &b);
    assert_null(server_remove_database(a.server, "T"));
    node_add_database(&a, less);
    write_at(&a, TRANSACT("1", INSERT_N(U1, "x")));
    assert_null(replication_start(replication));
    expect_status(replication, "state: backup\nreplicating: a\ndatabase: T\n");
    struct peer c;
    peer_join(b.server, &c);
    peer_say(&c, SELECT_N);
    net_expect(&c, ROWS(ROW(U1, "x")));
    peer_leave(&c);
    replication_free(replication);

    replication = replication_new(a.server, &a.env);
    replication_set_active_server(replication, "b");
    assert_null(replication_start(replication));
    expect_status(replication, "state: backup\nerror: b: the schema of T does not fit\n");
    replication_free(replication);
    node_stop(&b);
    node_stop(&a);
    net_stop();
}

TEST(what_cannot_be_applied_is_tried_again)
{
    struct node a, b;
    struct replication *replication = start_backup(&a, &b);
    assert_null(server_remove_database(a.server, "T"));
    node_add_database(&a, "{'name':'T','version':'0.1.0','tables':{'D':{'isRoot':true,'columns':{'u':{'type':'uuid'},"
                          "'s':{'type':{'key':{'type':'string','minLength':2,'maxLength':4}}}}},"
                          "'N':{'isRoot':true,'columns':{'name':{'type':'string'}}},"
                          "'C':{'isRoot':true,'columns':{'x':{'type':'string'}}}}}");
    const char *insert_c = TRANSACT("1", "{'op':'insert','table':'C','row':{}}");
    assert_null(replication_start(replication));
    write_at(&a, TRANSACT("1", INSERT_N(U1, "x")));
    /* 'w1' of C, which the active server does not have, must not be empty. */
    write_at(&a, insert_c);
    net_run();
    char *status = replication_status(replication);
    assert_true(str_starts(str_from(status), "state: backup\nerror: a: constraint violation: T: Weak reference"));
    free(status);
    write_at(&a, TRANSACT("1", "{'op':'delete','table':'C','where':[]}," INSERT_N(U2, "y")));
    expect_status(replication, "state: backup\nreplicating: a\ndatabase: T\n");
    struct peer c;
    peer_join(b.server, &c);
    peer_say(&c, SELECT_N);
    net_expect_part(&c, ROW(U2, "y"));
    peer_leave(&c);
    replication_free(replication);
    node_stop(&b);
    node_stop(&a);
    net_stop();
}

TEST(excluded_tables_are_left_alone)
{
    struct node a, b;
    struct replication *replication = start_backup(&a, &b);
    struct err *e = replication_set_excluded(replication, "T:N,T");
    assert_non_null(e);
    err_free(e);
    assert_null(replication_set_excluded(replication, "T:N, X:Y"));
    char *excluded = replication_excluded(replication);
    assert_string_equal(excluded, "T:N,X:Y");
    free(excluded);
    write_at(&a, TRANSACT("1", INSERT_N(U1, "x") ",{'op':'insert','table':'A','row':{'name':'y'}}"));
    write_at(&b, TRANSACT("1", INSERT_N(U2, "mine")));
    assert_null(replication_start(replication));
    expect_status(replication, "state: backup\nreplicating: a\ndatabase: T\nexclude: T:N,X:Y\n");
    struct peer c;
    peer_join(b.server, &c);
    peer_say(&c, SELECT_N);
    net_expect(&c, ROWS(ROW(U2, "mine")));
    peer_say(&c, TRANSACT("1", "{'op':'select','table':'A','where':[],'columns':['name']}"));
    net_expect_part(&c, "{'rows':[{'name':'y'}]}");
    assert_null(replication_set_excluded(replication, ""));
    expect_equal(&a, &b);
    peer_leave(&c);
    replication_free(replication);
    node_stop(&b);
    node_stop(&a);
    net_stop();
}

TEST(what_cannot_be_an_active_server_is_told)
{
    struct node a, b;
    struct replication *replication = start_backup(&a, &b);
    replication_set_active_server(replication, "bad");
    struct err *e = replication_start(replication);
    assert_non_null(e);
    err_free(e);
    replication_set_active_server(replication, "");
    e = replication_start(replication);
    assert_string_equal(err_detail(e), "Unable to connect: active server is not specified.");
    err_free(e);
    assert_false(replication_is_backup(replication));
    replication_set_active_server(replication, "b");         /* itself */
    assert_null(replication_start(replication));
    expect_status(replication, "state: active\n");
    replication_set_active_server(replication, "a");
    assert_null(server_remove_database(a.server, "T"));
    assert_null(replication_start(replication));
    expect_status(replication, "state: backup\nerror: a: no database in common\n");
    replication_free(replication);
    node_stop(&b);
    node_stop(&a);
    net_stop();
}

TEST_MAIN(T(a_relay_holds_what_its_source_holds), T(before_it_saw_its_source_a_relay_has_nothing),
          T(writes_go_to_the_source_and_updates_come_before_the_reply), T(a_wait_is_kept_here_until_it_may_go_on),
          T(without_its_source_a_relay_reads_on_and_keeps_writes),
          T(what_was_under_way_when_the_source_was_lost_is_canceled), T(only_what_was_missed_is_fetched_after_a_loss),
          T(a_source_that_restarted_is_compared), T(a_client_may_move_between_source_and_relay),
          T(a_relay_may_be_the_source_of_another), T(a_new_schema_at_the_source_is_followed),
          T(a_conversion_is_done_at_the_source), T(a_source_without_monitor_cond_will_do), T(bad_relays_are_refused),
          T(who_becomes_a_backup_converts_nothing_any_more), T(a_backup_is_made_equal_and_only_read),
          T(a_backup_may_know_more_than_its_active_server_but_not_less), T(what_cannot_be_applied_is_tried_again),
          T(excluded_tables_are_left_alone), T(what_cannot_be_an_active_server_is_told))
