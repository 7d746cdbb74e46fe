/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/server.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/vec.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/stream.h"
#include "ovsdb/storage/storage.h"
#include "tests/unit/server/fixture.h"

/* A server without sockets: messages go in as text, what is sent is kept as text. */
struct peer {
    struct session *session;
    struct buf sent;                                         /* not looked at yet */
    size_t backlog;                                          /* what the session is told */
    char *closed;                                            /* the reason, once closed */
};

static int64_t now_ms;
static char folder[64];

static void
on_wake(void *aux)
{
}

static int64_t
clock_ms(void)
{
    return now_ms;
}

static void
output_send(void *peer_, const void *p, size_t n)
{
    buf_put(&((struct peer *) peer_)->sent, p, n);
}

static void
output_send_shared(void *peer_, struct shared_bytes *bytes)
{
    buf_put(&((struct peer *) peer_)->sent, bytes->data, bytes->n);
}

static size_t
output_backlog(void *peer_)
{
    return ((struct peer *) peer_)->backlog;
}

static void
output_close(void *peer_, const char *reason)
{
    struct peer *peer = peer_;
    free(peer->closed);
    peer->closed = xstrdup(reason);
}

static const struct session_output output = {output_send, output_send_shared, output_backlog, output_close};

static struct server *
start(void)
{
    const struct server_env env = {.wake = on_wake, .wall_ms = clock_ms, .monotonic_ms = clock_ms};
    struct server *server = server_new(&env);
    snprintf(folder, sizeof folder, "/tmp/weft-test-server-XXXXXX");
    assert_non_null(mkdtemp(folder));
    char *path = xasprintf("%s/t.db", folder);
    struct schema *schema = fixture_schema();
    assert_null(storage_create(path, schema));
    schema_unref(schema);
    struct storage *storage;
    assert_null(storage_open(path, STORAGE_READ_WRITE, &storage));
    assert_null(server_add_database(server, storage));
    free(path);
    return server;
}

static void
stop(struct server *server)
{
    server_free(server);
    char *command = xasprintf("rm -r %s", folder);
    assert_int_equal(system(command), 0);
    free(command);
}

static void
join(struct server *server, struct peer *peer)
{
    *peer = (struct peer) {.sent = BUF_INIT(BUF_NO_LIMIT)};
    peer->session = session_new(server, "peer", &output, peer);
}

static void
leave(struct peer *peer)
{
    session_free(peer->session);
    buf_fini(&peer->sent);
    free(peer->closed);
}

/* 'text' has ' for ". */
static void
say(struct peer *peer, const char *text)
{
    char *quoted = fixture_quotes(text);
    json_t *json = json_loads(quoted, 0, NULL);
    assert_non_null(json);
    struct jsonrpc_msg *msg;
    assert_null(jsonrpc_msg_from_json(json, &msg));
    session_receive(peer->session, msg, now_ms);
    free(quoted);
}

/* Fails unless exactly 'expected' was sent since the last look. */
static void
expect(struct peer *peer, const char *expected)
{
    char *quoted = fixture_quotes(expected);
    assert_string_equal(buf_text(&peer->sent), quoted);
    buf_clear(&peer->sent);
    free(quoted);
}

static void
expect_part(struct peer *peer, const char *expected)
{
    char *quoted = fixture_quotes(expected);
    if (!strstr(buf_text(&peer->sent), quoted)) {
        assert_string_equal(buf_text(&peer->sent), quoted);
    }
    buf_clear(&peer->sent);
    free(quoted);
}

#define TRANSACT(ID, OPERATIONS) "{'id':" ID ",'method':'transact','params':['T'," OPERATIONS "]}"
#define INSERT_N(UUID, NAME) "{'op':'insert','table':'N','uuid':'" UUID "','row':{'name':'" NAME "'}}"

TEST(replies_wait_for_the_end_of_the_turn_and_updates_come_first)
{
    struct server *server = start();
    struct peer a, b;
    join(server, &a);
    join(server, &b);
    say(&a, "{'id':1,'method':'monitor','params':['T','m',{'N':[{'columns':['name']}]}]}");
    expect(&a, "{'id':1,'error':null,'result':{}}");
    say(&a, TRANSACT("2", INSERT_N(U1, "x")));
    say(&b, TRANSACT("3", INSERT_N(U2, "y") ",{'op':'commit','durable':true}"));
    expect(&a, "");
    expect(&b, "");
    server_run(server, now_ms);
    expect(&a, "{'id':null,'method':'update','params':['m',{'N':{'" U1 "':{'new':{'name':'x'}}}}]}"
               "{'id':2,'error':null,'result':[{'uuid':['uuid','" U1 "']}]}"
               "{'id':null,'method':'update','params':['m',{'N':{'" U2 "':{'new':{'name':'y'}}}}]}");
    expect(&b, "{'id':3,'error':null,'result':[{'uuid':['uuid','" U2 "']},{}]}");
    say(&a, "{'id':4,'method':'monitor_cancel','params':['m']}");
    expect(&a, "{'id':4,'error':null,'result':{}}");
    leave(&a);
    leave(&b);
    stop(server);
}

TEST(a_wait_goes_on_when_its_table_changes_or_its_time_is_over)
{
    struct server *server = start();
    struct peer a, b;
    join(server, &a);
    join(server, &b);
    now_ms = 1000;
    const char *wait = TRANSACT("1", "{'op':'wait','table':'N','where':[],'columns':['name'],'until':'==',"
                                     "'rows':[{'name':'x'}],'timeout':500}");
    say(&a, wait);
    server_run(server, now_ms);
    expect(&a, "");
    assert_int_equal(server_next_wake_ms(server), 1500);
    say(&b, TRANSACT("2", "{'op':'insert','table':'C','row':{}}"));      /* fails; another table anyhow */
    server_run(server, now_ms);
    expect(&a, "");
    buf_clear(&b.sent);
    say(&b, TRANSACT("3", INSERT_N(U1, "x")));
    server_run(server, now_ms);
    expect(&a, "{'id':1,'error':null,'result':[{}]}");
    say(&b, TRANSACT("4", "{'op':'delete','table':'N','where':[]}"));
    server_run(server, now_ms);
    say(&a, wait);
    server_run(server, now_ms + 499);
    expect(&a, "");
    server_run(server, now_ms + 500);
    expect_part(&a, "'error':'timed out'");
    assert_true(server_next_wake_ms(server) == INT64_MAX);
    say(&a, wait);
    say(&a, "{'id':null,'method':'cancel','params':[1]}");
    expect(&a, "{'id':1,'result':null,'error':'canceled'}");
    say(&a, wait);                                           /* and leaves while it waits */
    leave(&a);
    leave(&b);
    stop(server);
}

TEST(a_session_that_lags_gets_one_update_with_the_net_effect)
{
    struct server *server = start();
    struct peer slow, fast;
    join(server, &slow);
    join(server, &fast);
    say(&fast, TRANSACT("1", INSERT_N(U1, "old") "," INSERT_N(U2, "gone")));
    server_run(server, now_ms);
    buf_clear(&fast.sent);
    say(&slow, "{'id':1,'method':'monitor_cond','params':['T','m',{'N':[{'columns':['name','n']}]}]}");
    buf_clear(&slow.sent);
    slow.backlog = SESSION_COALESCE_BYTES + 1;
    say(&fast, TRANSACT("2", "{'op':'update','table':'N','where':[['name','==','old']],'row':{'n':1}}"));
    say(&fast, TRANSACT("3", "{'op':'update','table':'N','where':[['name','==','old']],'row':{'name':'new','n':2}}"));
    say(&fast, TRANSACT("4", "{'op':'delete','table':'N','where':[['name','==','gone']]}," INSERT_N(U3, "brief")));
    say(&fast, TRANSACT("5", "{'op':'delete','table':'N','where':[['name','==','brief']]}"));
    server_run(server, now_ms);
    expect(&slow, "");
    slow.backlog = 0;
    session_drained(slow.session);
    expect(&slow, "{'id':null,'method':'update2','params':['m',{'N':{'" U1 "':{'modify':{'n':2,'name':'new'}},"
                  "'" U2 "':{'delete':null}}}]}");
    slow.backlog = SESSION_COALESCE_BYTES + 1;               /* its own transaction makes it catch up */
    say(&slow, TRANSACT("6", INSERT_N(U4, "mine")));
    server_run(server, now_ms);
    expect(&slow, "{'id':null,'method':'update2','params':['m',{'N':{'" U4 "':{'insert':{'name':'mine'}}}}]}"
                  "{'id':6,'error':null,'result':[{'uuid':['uuid','" U4 "']}]}");
    slow.backlog = (size_t) SESSION_BACKLOG_BYTES + 1;
    server_run(server, now_ms);
    assert_string_equal(slow.closed, "backlog limit exceeded");
    leave(&slow);
    leave(&fast);
    stop(server);
}

TEST(monitor_cond_since_sends_what_was_missed)
{
    struct server *server = start();
    struct peer a, b;
    join(server, &a);
    join(server, &b);
    const char *request = "{'id':1,'method':'monitor_cond_since','params':['T',['m'],{'N':[{'columns':['name'],"
                          "'where':[['n','==',1]]}]},'%s']}";
    char *text = xasprintf(request, "00000000-0000-0000-0000-000000000000");
    say(&a, text);
    free(text);
    char last[UUID_LENGTH + 1];
    char *at = strstr(buf_text(&a.sent), "[false,\"");
    assert_non_null(at);
    memcpy(last, at + 8, UUID_LENGTH);
    last[UUID_LENGTH] = '\0';
    leave(&a);
    say(&b, TRANSACT("2", "{'op':'insert','table':'N','uuid':'" U1 "','row':{'name':'x','n':1}},"
                          "{'op':'insert','table':'N','uuid':'" U2 "','row':{'name':'y','n':2}}"));
    say(&b, TRANSACT("3", "{'op':'update','table':'N','where':[],'row':{'name':'z'}}"));
    server_run(server, now_ms);
    buf_clear(&b.sent);
    join(server, &a);
    text = xasprintf(request, last);
    say(&a, text);
    free(text);
    expect_part(&a, ",{'N':{'" U1 "':{'insert':{'name':'z'}}}}]}");
    /* Rows come into sight and leave it by their own change, and by that of the condition. */
    say(&b, TRANSACT("4", "{'op':'update','table':'N','where':[],'row':{'n':1}}"));
    server_run(server, now_ms);
    expect_part(&a, "{'N':{'" U2 "':{'insert':{'name':'z'}}}}]}");
    say(&b, TRANSACT("5", "{'op':'update','table':'N','where':[['_uuid','==',['uuid','" U1 "']]],'row':{'n':3}}"));
    server_run(server, now_ms);
    expect_part(&a, "{'N':{'" U1 "':{'delete':null}}}]}");
    say(&a, "{'id':6,'method':'monitor_cond_change','params':[['m'],['m2'],{'N':[{'where':[['n','==',3],['n','>',7]]}]}]}");
    expect_part(&a, "'" U2 "':{'delete':null}");
    say(&a, "{'id':7,'method':'monitor_cond_change','params':[['m2'],['m2'],{'N':[{'where':[]}]}]}");
    expect_part(&a, "{'N':{'" U2 "':{'insert':{'name':'z'}}}}]}{'id':7,");
    say(&a, "{'id':8,'method':'monitor_cond_change','params':[['m2'],['m2'],{'N':[{'where':[false]}]}]}");
    expect_part(&a, "{'delete':null}");
    leave(&a);
    leave(&b);
    stop(server);
}

TEST(conditions_of_many_clients_are_looked_up)
{
    struct server *server = start();
    enum { N = 50 };
    struct peer peers[N], writer;
    join(server, &writer);
    for (int i = 0; i < N; i++) {
        join(server, &peers[i]);
        char *text = xasprintf("{'id':1,'method':'monitor_cond','params':['T','m',{'N':[{'columns':['name'],'where':"
                               "[['n','==',%d],['name','==','all']]}],'A':[{'columns':['name'],'where':"
                               "[['ss','includes','s%d']]}]}]}", i, i);
        say(&peers[i], text);
        free(text);
        buf_clear(&peers[i].sent);
    }
    say(&writer, TRANSACT("1", "{'op':'insert','table':'N','uuid':'" U1 "','row':{'name':'x','n':7}},"
                               "{'op':'insert','table':'A','uuid':'" U2 "','row':{'name':'y',"
                               "'ss':['set',['s7','s8','other']]}}"));
    server_run(server, now_ms);
    for (int i = 0; i < N; i++) {
        expect(&peers[i], i == 7 ? "{'id':null,'method':'update2','params':['m',{'A':{'" U2 "':{'insert':{'name':'y'}}},"
                                   "'N':{'" U1 "':{'insert':{'name':'x'}}}}]}"
                        : i == 8 ? "{'id':null,'method':'update2','params':['m',{'A':{'" U2 "':{'insert':{'name':'y'}}}}]}"
                        : "");
    }
    say(&writer, TRANSACT("2", "{'op':'update','table':'N','where':[],'row':{'name':'all'}}"));
    server_run(server, now_ms);
    for (int i = 0; i < N; i++) {
        expect_part(&peers[i], i == 7 ? "{'modify':{'name':'all'}}" : "{'insert':{'name':'all'}}");
        leave(&peers[i]);
    }
    leave(&writer);
    stop(server);
}

TEST(locks_pass_from_client_to_client)
{
    struct server *server = start();
    struct peer a, b;
    join(server, &a);
    join(server, &b);
    say(&a, "{'id':1,'method':'lock','params':['l']}");
    expect(&a, "{'id':1,'error':null,'result':{'locked':true}}");
    say(&b, "{'id':2,'method':'lock','params':['l']}");
    expect(&b, "{'id':2,'error':null,'result':{'locked':false}}");
    say(&b, TRANSACT("3", "{'op':'assert','lock':'l'}"));
    say(&a, TRANSACT("4", "{'op':'assert','lock':'l'}"));
    server_run(server, now_ms);
    expect_part(&b, "'error':'not owner'");
    expect(&a, "{'id':4,'error':null,'result':[{}]}");
    say(&b, "{'id':5,'method':'unlock','params':['l']}");
    say(&b, "{'id':6,'method':'steal','params':['l']}");
    expect_part(&b, "{'id':6,'error':null,'result':{'locked':true}}");
    expect(&a, "{'id':null,'method':'stolen','params':['l']}");
    leave(&b);                                               /* and gives it back by leaving */
    expect(&a, "{'id':null,'method':'locked','params':['l']}");
    leave(&a);
    stop(server);
}

TEST(clients_learn_of_databases_that_go)
{
    struct server *server = start();
    struct peer aware, plain;
    join(server, &aware);
    join(server, &plain);
    say(&aware, "{'id':1,'method':'set_db_change_aware','params':[true]}");
    say(&aware, "{'id':2,'method':'monitor','params':['_Server','s',{'Database':[{'columns':['name']}]}]}");
    say(&aware, "{'id':3,'method':'monitor','params':['T','m',{'N':[{}]}]}");
    say(&plain, "{'id':3,'method':'monitor','params':['T','m',{'N':[{}]}]}");
    say(&aware, TRANSACT("4", "{'op':'wait','table':'N','where':[],'columns':['name'],'until':'!=','rows':[]}"));
    buf_clear(&aware.sent);
    assert_null(server_remove_database(server, "T"));
    server_run(server, now_ms);
    assert_null(aware.closed);
    assert_string_equal(plain.closed, "database removed");
    assert_non_null(strstr(buf_text(&aware.sent), "{\"old\":{\"name\":\"T\"}}"));
    assert_non_null(strstr(buf_text(&aware.sent), "{\"id\":4,\"result\":null,\"error\":\"canceled\"}"));
    expect_part(&aware, "{'id':null,'method':'monitor_canceled','params':['m']}");
    say(&aware, "{'id':5,'method':'get_schema','params':['T']}");
    expect_part(&aware, "unknown database");
    leave(&aware);
    leave(&plain);
    stop(server);
}

TEST(a_restart_finds_what_was_stored)
{
    struct server *server = start();
    struct peer a;
    join(server, &a);
    say(&a, TRANSACT("1", INSERT_N(U1, "x") ",{'op':'comment','comment':'why'}"));
    say(&a, TRANSACT("2", "{'op':'update','table':'N','where':[],'row':{'n':5}}"));
    say(&a, TRANSACT("3", INSERT_N(U2, "y")));
    server_run(server, now_ms);
    assert_null(server_compact(server, "T"));
    say(&a, TRANSACT("4", "{'op':'delete','table':'N','where':[['name','==','y']]}"));
    server_run(server, now_ms);
    assert_null(server_remove_database(server, "T"));
    char *path = xasprintf("%s/t.db", folder);
    struct storage *storage;
    assert_null(storage_open(path, STORAGE_READ_WRITE, &storage));
    free(path);
    assert_null(server_add_database(server, storage));
    leave(&a);
    join(server, &a);
    say(&a, TRANSACT("5", "{'op':'select','table':'N','where':[],'columns':['_uuid','name','n']}"));
    server_run(server, now_ms);
    expect(&a, "{'id':5,'error':null,'result':[{'rows':[{'_uuid':['uuid','" U1 "'],'n':5,'name':'x'}]}]}");
    leave(&a);
    stop(server);
}

TEST_MAIN(T(replies_wait_for_the_end_of_the_turn_and_updates_come_first),
          T(a_wait_goes_on_when_its_table_changes_or_its_time_is_over),
          T(a_session_that_lags_gets_one_update_with_the_net_effect), T(monitor_cond_since_sends_what_was_missed),
          T(conditions_of_many_clients_are_looked_up), T(locks_pass_from_client_to_client),
          T(clients_learn_of_databases_that_go), T(a_restart_finds_what_was_stored))
