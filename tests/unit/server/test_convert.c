/* SPDX-License-Identifier: Apache-2.0 */
/* The method "convert": contents under another schema, and what clients hear of it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ovsdb/model/schema.h"
#include "ovsdb/server/database.h"
#include "ovsdb/storage/storage.h"
#include "tests/unit/server/fixture_peer.h"

/* "N" and "C" of the fixture, "N" with one column more; all other tables are gone. */
#define TABLES_NEW "'N':{'isRoot':true,'columns':{'name':{'type':'string'},'n':{'type':'real'},"                            \
                   "'new':{'type':{'key':'integer','min':0}}}}"
#define CONVERT(ID, DB, TABLES) "{'id':" ID ",'method':'convert','params':['" DB "',{'name':'T','version':'2.0.0'," \
                                "'tables':{" TABLES "}}]}"
#define N_IS(TYPE) "'N':{'isRoot':true,'columns':{'name':{'type':" TYPE "}}}"
#define SELECT "{'id':9,'method':'transact','params':['T',{'op':'select','table':'N','where':[]," \
               "'columns':['_uuid','name','n']}]}"
#define ROW "{'_uuid':['uuid','" U1 "'],'n':3,'name':'x'}"

/* A server with one row in "N" and one in "C", and 'peer', which is change-aware. */
static struct server *
start_with_rows(struct peer *peer)
{
    struct server *server = fixture_start();
    peer_join(server, peer);
    peer_say(peer, "{'id':0,'method':'set_db_change_aware','params':[true]}");
    peer_say(peer, TRANSACT("1", "{'op':'insert','table':'N','uuid':'" U1 "','row':{'name':'x','n':3}},"
                                 "{'op':'insert','table':'D','row':{'s':'ab'}}"));
    server_run(server, fixture_now_ms);
    buf_clear(&peer->sent);
    return server;
}

static void
say_and_settle(struct server *server, struct peer *peer, const char *text)
{
    peer_say(peer, text);
    peer_settle(server);
}

static void
expect_rows(struct server *server, struct peer *peer, const char *rows)
{
    char *text = xasprintf("{'id':9,'error':null,'result':[{'rows':[%s]}]}", rows);
    peer_say(peer, SELECT);
    server_run(server, fixture_now_ms);
    peer_expect(peer, text);
    free(text);
    database_check_invariants(server_database(server, "T"));
}

/* What is stored now, opened by another server.  The first goes on. */
static void
expect_stored(const char *version, const char *rows)
{
    const struct server_env env = fixture_env();
    struct server *server = server_new(&env);
    struct storage *storage;
    char *path = xasprintf("%s/t.db", fixture_folder);
    char *copy = xasprintf("%s/copy.db", fixture_folder);
    char *command = xasprintf("cp %s %s", path, copy);
    assert_int_equal(system(command), 0);
    assert_null(storage_open(copy, STORAGE_READ_WRITE, &storage));
    assert_null(server_add_database(server, storage));
    assert_string_equal(server_schema(server, "T")->version, version);
    struct peer peer;
    peer_join(server, &peer);
    expect_rows(server, &peer, rows);
    peer_leave(&peer);
    server_free(server);
    free(command);
    free(copy);
    free(path);
}

TEST(rows_are_kept_by_name_and_stored_before_the_reply)
{
    struct peer a;
    struct server *server = start_with_rows(&a);
    say_and_settle(server, &a, CONVERT("2", "T", TABLES_NEW));
    peer_expect(&a, "{'id':2,'error':null,'result':{}}");
    expect_stored("2.0.0", ROW);
    expect_rows(server, &a, ROW);
    assert_null(schema_table(server_schema(server, "T"), "D"));
    peer_say(&a, TRANSACT("3", "{'op':'update','table':'N','where':[],'row':{'n':1.5,'new':4}},"
                               "{'op':'commit','durable':true}"));
    server_run(server, fixture_now_ms);
    peer_expect(&a, "{'id':3,'error':null,'result':[{'count':1},{}]}");
    expect_stored("2.0.0", "{'_uuid':['uuid','" U1 "'],'n':1.5,'name':'x'}");
    say_and_settle(server, &a, CONVERT("4", "T", TABLES_NEW));             /* again, to the same */
    peer_expect(&a, "{'id':4,'error':null,'result':{}}");
    peer_leave(&a);
    fixture_stop(server);
}

TEST(a_refusal_changes_nothing)
{
    static const struct {
        const char *request, *error;
    } cases[] = {
        {CONVERT("2", "T", N_IS("'integer'")), "'details':'expected integer','error':'syntax error','syntax':'"},
        {CONVERT("2", "T", N_IS("{'key':{'type':'string','minLength':2}}")), "'error':'constraint violation'"},
        {CONVERT("2", "T", N_IS("{'key':'string','value':'string'}")), "'error':'syntax error'"},
        {CONVERT("2", "T", N_IS("'string'") ",'D':{'isRoot':true,'maxRows':1,'columns':{'s':{'type':'string'},"
                 "'ref':{'type':{'key':{'type':'uuid','refTable':'N'}}}}}"), "'error':'referential integrity violation'"},
        {CONVERT("2", "nope", N_IS("'string'")), "'error':'unknown database'"},
        {CONVERT("2", "_Server", N_IS("'string'")), "'error':'not allowed'"},
        {"{'id':2,'method':'convert','params':['T']}", "'error':'syntax error'"},
        {"{'id':2,'method':'convert','params':['T',5]}", "'error':'syntax error'"},
        {"{'id':2,'method':'convert','params':['T',{'name':'X','tables':{}}]}", "'error':'invalid parameters'"},
    };
    struct peer a;
    struct server *server = start_with_rows(&a);
    peer_say(&a, "{'id':5,'method':'monitor','params':['T','m',{'N':[{'columns':['name']}]}]}");
    buf_clear(&a.sent);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        say_and_settle(server, &a, cases[i].request);
        peer_expect_part(&a, cases[i].error);
        expect_rows(server, &a, ROW);
    }
    expect_stored("1.0.0", ROW);
    session_set_read_only(a.session, true);
    say_and_settle(server, &a, CONVERT("2", "T", TABLES_NEW));
    peer_expect_part(&a, "'details':'convert operation not allowed when database server is in read only mode'");
    assert_null(a.closed);
    peer_leave(&a);
    fixture_stop(server);
}

TEST(what_cannot_be_stored_is_not_converted)
{
    struct peer a;
    struct server *server = start_with_rows(&a);
    char *path = xasprintf("%s/t.db.tmp", fixture_folder);   /* where the new file would be written */
    assert_int_equal(mkdir(path, 0700), 0);
    say_and_settle(server, &a, CONVERT("2", "T", TABLES_NEW));
    peer_expect_part(&a, "'error':'I/O error'");
    expect_stored("1.0.0", ROW);
    expect_rows(server, &a, ROW);
    assert_int_equal(rmdir(path), 0);
    say_and_settle(server, &a, CONVERT("2", "T", TABLES_NEW));
    peer_expect(&a, "{'id':2,'error':null,'result':{}}");
    free(path);
    peer_leave(&a);
    fixture_stop(server);
}

TEST(aware_clients_stay_and_others_go)
{
    static const char wait[] = TRANSACT("7", "{'op':'wait','table':'N','where':[],'columns':['name'],'until':'==',"
                                             "'rows':[{'name':'never'}]}");
    struct peer a, aware, unaware;
    struct server *server = start_with_rows(&a);
    peer_join(server, &aware);
    peer_join(server, &unaware);
    peer_say(&aware, "{'id':0,'method':'set_db_change_aware','params':[true]}");
    peer_say(&aware, "{'id':1,'method':'monitor_cond','params':['_Server','s',{'Database':[{'columns':['schema'],"
                     "'where':[['name','==','T']]}]}]}");
    peer_say(&aware, "{'id':2,'method':'monitor','params':['T',['m'],{'N':[{'columns':['name']}]}]}");
    peer_say(&aware, "{'id':3,'method':'lock','params':['kept']}");
    peer_say(&aware, wait);
    peer_say(&unaware, "{'id':2,'method':'monitor','params':['T','m',{'N':[{'columns':['name']}]}]}");
    peer_say(&unaware, "{'id':3,'method':'lock','params':['lost']}");
    peer_say(&a, "{'id':3,'method':'lock','params':['lost']}");
    server_run(server, fixture_now_ms);
    buf_clear(&a.sent);
    buf_clear(&aware.sent);
    buf_clear(&unaware.sent);

    say_and_settle(server, &a, CONVERT("4", "T", TABLES_NEW));
    peer_expect(&a, "{'id':4,'error':null,'result':{}}");
    char *quoted = fixture_quotes("{'id':7,'result':null,'error':'canceled'}"
                                  "{'id':null,'method':'monitor_canceled','params':[['m']]}"
                                  "{'id':null,'method':'update2','params':['s',{'Database':{");
    assert_memory_equal(buf_text(&aware.sent), quoted, strlen(quoted));
    free(quoted);
    peer_expect_part(&aware, "\\'version\\':\\'2.0.0\\'");
    assert_null(aware.closed);
    assert_string_equal(unaware.closed, "committed T database schema conversion");
    peer_leave(&unaware);
    peer_expect(&a, "{'id':null,'method':'locked','params':['lost']}");

    peer_say(&aware, "{'id':5,'method':'monitor','params':['T',['m'],{'N':[{'columns':['name','new']}]}]}");
    peer_expect(&aware, "{'id':5,'error':null,'result':{'N':{'" U1 "':{'new':{'name':'x','new':['set',[]]}}}}}");
    peer_say(&a, "{'id':6,'method':'lock','params':['kept']}");
    peer_expect(&a, "{'id':6,'error':null,'result':{'locked':false}}");
    peer_leave(&a);
    peer_leave(&aware);
    fixture_stop(server);
}

TEST(who_asks_unaware_is_answered_before_it_is_disconnected)
{
    struct peer a, b;
    struct server *server = start_with_rows(&a);
    peer_join(server, &b);
    say_and_settle(server, &b, CONVERT("4", "T", TABLES_NEW));
    peer_expect(&b, "{'id':4,'error':null,'result':{}}");
    assert_string_equal(b.closed, "committed T database schema conversion");
    peer_leave(&b);
    peer_leave(&a);
    fixture_stop(server);
}

TEST(a_client_cannot_resume_across_a_conversion)
{
    struct peer a;
    struct server *server = start_with_rows(&a);
    peer_say(&a, "{'id':1,'method':'monitor_cond_since','params':['T','m',{'N':[{'columns':['name']}]},'" U1 "']}");
    const char *text = strstr(buf_text(&a.sent), "[false,\"");
    assert_non_null(text);
    char *last = xasprintf("%.36s", text + strlen("[false,\""));
    buf_clear(&a.sent);
    say_and_settle(server, &a, CONVERT("2", "T", TABLES_NEW));
    buf_clear(&a.sent);
    char *request = xasprintf("{'id':1,'method':'monitor_cond_since','params':['T','m',{'N':[{'columns':['name']}]},"
                              "'%s']}", last);
    peer_say(&a, request);
    peer_expect_part(&a, "'result':[false,");
    free(request);
    free(last);
    peer_leave(&a);
    fixture_stop(server);
}

TEST_MAIN(T(rows_are_kept_by_name_and_stored_before_the_reply),
          T(a_refusal_changes_nothing),
          T(what_cannot_be_stored_is_not_converted),
          T(aware_clients_stay_and_others_go),
          T(who_asks_unaware_is_answered_before_it_is_disconnected),
          T(a_client_cannot_resume_across_a_conversion))
