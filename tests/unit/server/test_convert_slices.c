/* SPDX-License-Identifier: Apache-2.0 */
/* A conversion that takes many turns: bounded slices, the same outcome as at once, who waits and who does not, and what can
 * come between. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/server/convert.h"
#include "ovsdb/server/grave.h"
#include "ovsdb/storage/storage.h"
#include "tests/unit/server/fixture_child.h"
#include "tests/unit/server/fixture_peer.h"

/* --- The contents, by themselves --- */

#define NAME "'name':{'type':'string'}"
#define STRONG "'strong':{'type':{'key':{'type':'uuid','refTable':'B'},'min':0,'max':'unlimited'}}"
#define WEAK "'weak':{'type':{'key':{'type':'uuid','refTable':'B','refType':'weak'},'min':0,'max':'unlimited'}}"
#define B "'B':{'columns':{'x':{'type':'integer'},'next':{'type':{'key':{'type':'uuid','refTable':'B'},'min':0,'max':1}}," \
          "'mw':{'type':{'key':'string','value':{'type':'uuid','refTable':'B','refType':'weak'},'min':0,'max':'unlimited'}}}}"
#define A(COLUMNS, MORE) "'A':{'isRoot':true,'columns':{" COLUMNS "}" MORE "}"

/* Outcomes: all stays; all becomes something else; garbage in chains; weak references to it; and what does not fit. */
static const char *const schemas[] = {
    A(NAME "," STRONG "," WEAK, ",'indexes':[['name']]") "," B,
    A("'name':{'type':{'key':'string','min':0,'max':2}},'i':{'type':'real'}," STRONG, "") "," B,
    A(NAME "," WEAK, "") "," B,
    "'C':{'isRoot':true,'columns':{'x':{'type':'string'}}}," B,
    A(NAME ",'i':{'type':'string'}", ""),
    A("'i':{'type':'integer'}," STRONG, ",'indexes':[['i']]") "," B,
    A(NAME "," STRONG, ",'maxRows':3") "," B,
    A("'weak':{'type':{'key':{'type':'uuid','refTable':'B','refType':'weak'},'min':0,'max':1}}", "") "," B,
    A(NAME ",'weak':{'type':{'key':{'type':'uuid','refTable':'A'},'min':0,'max':'unlimited'}}", ""),
};

static struct schema *
make_schema(const char *tables)
{
    char *text = xasprintf("{'name':'T','version':'2.0.0','tables':{%s}}", tables);
    char *quoted = fixture_quotes(text);
    struct schema *schema;
    assert_null(schema_from_text(str_from(quoted), &schema));
    free(text);
    free(quoted);
    return schema;
}

/* 'n' rows in "A", each with chains of rows in "B". */
static struct database *
make_database(int n)
{
    struct database *db = fixture_database();
    for (int i = 0; i < n; i++) {
        char *operations = xasprintf(
            "[{'op':'insert','table':'B','uuid-name':'b1','row':{'x':%d,'next':['named-uuid','b2']}},"
            "{'op':'insert','table':'B','uuid-name':'b2','row':{'x':1,'mw':['map',[['k',['named-uuid','b1']]]]}},"
            "{'op':'insert','table':'B','uuid-name':'b3','row':{'x':2}},"
            "{'op':'insert','table':'A','row':{'name':'%d','i':%d,'ro':%d,'strong':['set',[['named-uuid','b1'],"
            "['named-uuid','b3']]],'weak':['set',[['named-uuid','b2'],['named-uuid','b3']]]}},"
            "{'op':'insert','table':'N','row':{'name':'%d'}}]", i, i, i % 7, i, i);
        free(fixture_run(db, operations, NULL));
        free(operations);
    }
    return db;
}

/* Converts in slices of 'budget', each checked.  Returns the error as text, or NULL and the contents. */
static char *
convert_in_slices(const struct database *old, struct schema *schema, size_t budget, struct database **ret, size_t *ret_slices)
{
    enum { ONE_ROW = 200 };                                  /* more work than any row here is */
    struct conversion *c = conversion_new(old, schema);
    struct err *e;
    for (*ret_slices = 1; !conversion_run(c, budget, &e); ++*ret_slices) {
        assert_true(conversion_work(c) >= budget);
        assert_true(conversion_work(c) < budget + ONE_ROW);
    }
    *ret = conversion_take(c);
    return e ? err_take_text(e) : NULL;
}

TEST(slices_are_bounded_and_add_up_to_a_conversion_at_once)
{
    struct database *old = make_database(30);
    size_t n_failed = 0;
    for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
        struct schema *schema = make_schema(schemas[i]);
        struct database *expected, *found;
        struct err *e = database_convert(old, schema, &expected);
        char *error = e ? err_take_text(e) : NULL;
        n_failed += error != NULL;
        for (size_t budget = 1; budget < 2000; budget *= 3) {
            size_t n_slices;
            char *text = convert_in_slices(old, schema, budget, &found, &n_slices);
            assert_string_equal(text ? text : "", error ? error : "");
            if (!text) {
                assert_int_equal(fixture_digest(found), fixture_digest(expected));
                database_check_invariants(found);
                assert_true(n_slices > database_n_rows(found) / budget);
            }
            database_discard(found);
            free(text);
        }
        if (!error) {
            database_free(expected);
        }
        free(error);
        schema_unref(schema);
    }
    assert_int_equal(n_failed, 5);
    database_check_invariants(old);
    database_free(old);
}

TEST(a_grave_is_emptied_in_slices)
{
    enum { BUDGET = 50, ONE_ROW = 200 };
    struct grave grave = {0};
    grave_add(&grave, NULL, make_database(20));
    grave_add(&grave, NULL, fixture_database());
    size_t n_slices = 0;
    while (!grave_is_empty(&grave)) {
        assert_true(grave_empty_slice(&grave, BUDGET) < BUDGET + ONE_ROW);
        n_slices++;
    }
    assert_true(n_slices > 10);
    grave_fini(&grave);
}

/* --- In the server --- */

enum { N_ROWS = 12000, N_AT_ONCE = 3000 };                   /* several slices */
#define CONVERT(ID, TYPE) "{'id':" ID ",'method':'convert','params':['T',{'name':'T','version':'2.0.0','tables':{" \
                          "'N':{'isRoot':true,'columns':{'name':{'type':" TYPE "}}}}}]}"
#define GOOD CONVERT("1", "{'key':'string','min':0}")
#define BAD CONVERT("1", "{'key':{'type':'string','maxLength':4}}")      /* breaks with "11999" at the latest */
#define COUNT(ID) TRANSACT(ID, "{'op':'wait','table':'N','where':[['name','==','5']],'columns':['name'],'until':'==','rows':[" \
                               "{'name':'5'}],'timeout':0}")
#define COUNTED(ID) "{'id':" ID ",'error':null,'result':[{}]}"

static void
fill(struct peer *peer, struct server *server)
{
    for (int i = 0; i < N_ROWS; i += N_AT_ONCE) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        buf_puts(&text, "{'id':0,'method':'transact','params':['T'");
        for (int j = i; j < i + N_AT_ONCE; j++) {
            buf_printf(&text, ",{'op':'insert','table':'N','row':{'name':'%d'}}", j);
        }
        buf_puts(&text, "]}");
        peer_say(peer, buf_text(&text));
        buf_fini(&text);
        server_run(server, fixture_now_ms);
    }
    buf_clear(&peer->sent);
}

static struct server *
start(struct peer *asker, struct peer *other)
{
    struct server_env env = fixture_env();
    fixture_play_children(&env);
    struct server *server = fixture_start_with(&env);
    peer_join(server, asker);
    peer_join(server, other);
    fill(other, server);
    peer_say(asker, "{'id':0,'method':'set_db_change_aware','params':[true]}");
    peer_say(other, "{'id':0,'method':'set_db_change_aware','params':[true]}");
    buf_clear(&asker->sent);
    buf_clear(&other->sent);
    return server;
}

static void
stop(struct server *server, struct peer *asker, struct peer *other)
{
    peer_leave(asker);
    peer_leave(other);
    fixture_stop(server);
}

static void
settle(struct server *server)
{
    for (peer_settle(server); fixture_child; peer_settle(server)) {
        fixture_child_ends();
    }
}

static void
expect_nothing(const struct peer *peer)
{
    assert_string_equal(buf_text(&peer->sent), "");
}

static void
expect_version(struct server *server, const char *version)
{
    assert_string_equal(server_schema(server, "T")->version, version);
    assert_int_equal(database_n_rows(server_database(server, "T")), N_ROWS);
    char *path = xasprintf("%s/t.db.tmp", fixture_folder);
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
}

TEST(others_are_served_between_slices)
{
    struct peer asker, other, third;
    struct server *server = start(&asker, &other);
    peer_join(server, &third);
    peer_say(&asker, GOOD);
    int n_turns = 0;
    for (; !fixture_child; n_turns++) {
        peer_say(&other, "{'id':1,'method':'echo','params':[]}");
        peer_say(&other, "{'id':2,'method':'list_dbs','params':[]}");
        peer_say(&other, "{'id':3,'method':'transact','params':['_Server',{'op':'select','table':'Database','where':["
                         "['name','==','T']],'columns':['name']}]}");
        peer_say(&other, n_turns % 2 ? "{'id':4,'method':'unlock','params':['l']}"
                                     : "{'id':4,'method':'lock','params':['l']}");
        server_run(server, fixture_now_ms);
        peer_expect_part(&other, n_turns % 2 ? "{'id':3,'error':null,'result':[{'rows':[{'name':'T'}]}]}"
                                               "{'id':4,'error':null,'result':{}}"
                                             : "{'id':3,'error':null,'result':[{'rows':[{'name':'T'}]}]}"
                                               "{'id':4,'error':null,'result':{'locked':true}}");
        assert_true(server_next_wake_ms(server) <= fixture_now_ms || fixture_child);
        expect_nothing(&asker);
    }
    assert_true(n_turns > N_ROWS / 4000);                    /* at most so many rows a turn */
    settle(server);
    peer_expect(&asker, "{'id':1,'error':null,'result':{}}");
    assert_non_null(third.closed);
    peer_leave(&third);
    expect_version(server, "2.0.0");
    stop(server, &asker, &other);
}

TEST(requests_for_the_database_wait_in_order)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    peer_say(&other, "{'id':1,'method':'monitor','params':['T','m',{'N':[{'columns':['name'],'select':{'initial':false}}]}]}");
    server_run(server, fixture_now_ms);
    peer_expect(&other, "{'id':1,'error':null,'result':{}}");
    peer_say(&asker, GOOD);
    peer_say(&asker, "{'id':2,'method':'list_dbs','params':[]}");            /* behind "convert" */
    peer_say(&other, "{'id':2,'method':'list_dbs','params':[]}");
    peer_expect(&other, "{'id':2,'error':null,'result':['T','_Server']}");
    peer_say(&other, COUNT("3"));
    peer_say(&other, "{'id':4,'method':'lock','params':['behind']}");
    peer_say(&other, COUNT("5"));
    peer_say(&other, "{'id':6,'method':'monitor_cond_change','params':['m','m',{'N':[{'where':[false]}]}]}");
    peer_say(&other, "{'id':7,'method':'get_schema','params':['T']}");
    for (int i = 0; i < 4; i++) {
        server_run(server, fixture_now_ms);
    }
    expect_nothing(&other);
    peer_say(&other, "{'id':8,'method':'echo','params':['now']}");
    peer_expect(&other, "{'id':8,'error':null,'result':['now']}");
    peer_say(&other, "{'id':null,'method':'cancel','params':[5]}");
    peer_expect(&other, "{'id':5,'result':null,'error':'canceled'}");
    peer_settle(server);
    expect_nothing(&other);
    expect_nothing(&asker);
    settle(server);
    peer_expect(&asker, "{'id':1,'error':null,'result':{}}{'id':2,'error':null,'result':['T','_Server']}");
    peer_expect(&other, "{'id':null,'method':'monitor_canceled','params':['m']}"
                        "{'id':3,'error':null,'result':[{}]}"
                        "{'id':4,'error':null,'result':{'locked':true}}"
                        "{'id':6,'result':null,'error':{'details':'unknown monitor session','error':'syntax error','syntax':"
                        "'\\'m\\''}}"
                        "{'id':7,'error':null,'result':{'name':'T','tables':{'N':{'columns':{'name':{'type':{'key':"
                        "'string','min':0}}}}},'version':'2.0.0'}}");
    stop(server, &asker, &other);
}

TEST(only_so_many_requests_are_read_that_wait)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    peer_say(&asker, GOOD);
    for (int i = 0; i < SESSION_HELD_MAX; i++) {
        assert_false(other.is_held);
        peer_say(&other, COUNT("3"));
    }
    assert_true(other.is_held);
    settle(server);
    assert_false(other.is_held);
    for (int i = 0; i < SESSION_HELD_MAX; i++) {
        char *text = buf_take_text(&other.sent);
        char *expected = fixture_quotes(COUNTED("3"));
        assert_memory_equal(text, expected, strlen(expected));
        buf_puts(&other.sent, text + strlen(expected));
        free(expected);
        free(text);
    }
    expect_nothing(&other);
    stop(server, &asker, &other);
}

/* Lets the conversion that 'asker' wants fail, and then succeed. */
static void
expect_failure_then_success(struct server *server, struct peer *asker, struct peer *other, const char *request,
                            const char *error)
{
    peer_say(other, TRANSACT("6", "{'op':'wait','table':'N','where':[],'columns':['name'],'until':'==','rows':[],"
                                  "'timeout':10}"));
    peer_say(asker, request);
    peer_say(other, COUNT("7"));
    server_run(server, fixture_now_ms += 10);                /* the wait is over, but cannot be looked after */
    expect_nothing(other);
    settle(server);
    peer_expect_part(asker, error);
    peer_expect_part(other, "{'id':7,'error':null,'result':[{}]}{'id':6,'error':null,'result':[{'details':'\\'wait\\' timed out after 10 ms'");
    expect_version(server, "1.0.0");
    database_check_invariants(server_database(server, "T"));
    fixture_child_fails = NULL;
    peer_say(asker, GOOD);
    settle(server);
    peer_expect(asker, "{'id':1,'error':null,'result':{}}");
    expect_version(server, "2.0.0");
}

TEST(a_row_that_does_not_fit_changes_nothing)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    expect_failure_then_success(server, &asker, &other, BAD, "'error':'constraint violation'");
    stop(server, &asker, &other);
}

TEST(a_child_that_fails_changes_nothing)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    fixture_child_fails = "child process died of signal 9";
    expect_failure_then_success(server, &asker, &other, GOOD,
                                "{'details':'child process died of signal 9','error':'I/O error'}");
    stop(server, &asker, &other);
}

TEST(an_io_error_of_the_child_is_told_as_such)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    fixture_child_fails = "I/O error: t.db.tmp: cannot write record (No space left on device)";
    expect_failure_then_success(server, &asker, &other, GOOD,
                                "{'details':'t.db.tmp: cannot write record (No space left on device)','error':'I/O error'}");
    stop(server, &asker, &other);
}

static void
run_until_child(struct server *server)
{
    while (!fixture_child) {
        server_run(server, fixture_now_ms);
    }
}

TEST(a_database_that_is_removed_is_not_converted)
{
    for (int while_child_writes = 0; while_child_writes < 2; while_child_writes++) {
        struct peer asker, other;
        struct server *server = start(&asker, &other);
        peer_say(&asker, GOOD);
        peer_say(&other, COUNT("3"));
        if (while_child_writes) {
            run_until_child(server);
        }
        assert_null(server_remove_database(server, "T"));
        assert_null(fixture_child);
        peer_expect_part(&asker, "{'details':'T: the conversion was stopped: the database was removed','error':'canceled'}");
        settle(server);
        peer_expect_part(&other, "'error':'unknown database'");
        stop(server, &asker, &other);
    }
}

/* The file under another server.  The first is gone. */
static void
expect_stored(const char *version)
{
    const struct server_env env = fixture_env();
    struct server *server = server_new(&env);
    struct storage *storage;
    char *path = xasprintf("%s/t.db", fixture_folder);
    assert_null(storage_open(path, STORAGE_READ_WRITE, &storage));
    assert_null(server_add_database(server, storage));
    expect_version(server, version);
    free(path);
    fixture_stop(server);
}

TEST(a_server_that_ends_leaves_the_old_file)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    peer_say(&asker, GOOD);
    run_until_child(server);
    server_settle(server);
    peer_leave(&asker);
    peer_leave(&other);
    server_free(server);
    assert_null(fixture_child);
    expect_stored("1.0.0");
}

TEST(it_goes_on_without_who_asked)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    peer_say(&asker, GOOD);
    server_run(server, fixture_now_ms);
    peer_leave(&asker);
    settle(server);
    expect_version(server, "2.0.0");
    peer_leave(&other);
    server_free(server);
    expect_stored("2.0.0");
}

static void
note_compaction(void *text, struct err *e)
{
    *(char **) text = e ? err_take_text(e) : xstrdup("done");
}

TEST(a_compaction_that_runs_gives_way_but_not_before_it_must)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    char *text = NULL;
    server_compact(server, "T", note_compaction, &text);
    server_run(server, fixture_now_ms);
    assert_non_null(fixture_child);
    peer_say(&asker, GOOD);
    server_run(server, fixture_now_ms);
    fixture_child_ends();
    server_run(server, fixture_now_ms);
    assert_string_equal(text, "done");
    free(text);
    settle(server);
    expect_version(server, "2.0.0");

    server_compact(server, "T", note_compaction, &text);
    server_run(server, fixture_now_ms);
    peer_say(&asker, GOOD);
    const struct child *compacting = fixture_child;
    peer_settle(server);
    assert_ptr_not_equal(fixture_child, compacting);
    assert_string_equal(text, "compaction was canceled");
    free(text);
    server_compact(server, "T", note_compaction, &text);     /* and one that is wanted meanwhile waits */
    text = NULL;
    server_run(server, fixture_now_ms);
    fixture_child_ends();
    server_run(server, fixture_now_ms);
    assert_null(text);
    settle(server);
    assert_string_equal(text, "done");
    free(text);
    expect_version(server, "2.0.0");
    peer_leave(&asker);
    peer_leave(&other);
    server_free(server);
    expect_stored("2.0.0");
}

TEST(a_snapshot_that_is_being_made_comes_first)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    peer_say(&other, "{'id':1,'method':'monitor','params':['T','m',{'N':[{'columns':['name']}]}]}");
    assert_true(other.is_held);
    expect_nothing(&other);
    peer_say(&asker, GOOD);
    settle(server);
    char *text = buf_take_text(&other.sent);
    char *first = fixture_quotes("{'id':1,'error':null,'result':{'N':{"), *last = fixture_quotes(
        "{'id':null,'method':'monitor_canceled','params':['m']}");
    assert_memory_equal(text, first, strlen(first));
    assert_string_equal(text + strlen(text) - strlen(last), last);
    assert_false(other.is_held);
    free(first);
    free(last);
    free(text);
    stop(server, &asker, &other);
}

TEST(two_conversions_come_one_after_the_other)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    peer_say(&asker, GOOD);
    peer_say(&other, "{'id':5,'method':'convert','params':['T',{'name':'T','version':'3.0.0','tables':{'N':{'isRoot':true,"
                     "'columns':{'name':{'type':'string'}}}}}]}");
    settle(server);
    peer_expect(&asker, "{'id':1,'error':null,'result':{}}");
    peer_expect(&other, "{'id':5,'error':null,'result':{}}");
    expect_version(server, "3.0.0");
    stop(server, &asker, &other);
}

TEST(what_the_server_itself_writes_is_left_out)
{
    struct peer asker, other;
    struct server *server = start(&asker, &other);
    json_t *operations = json_pack("[{s:s, s:s, s:{s:s}}]", "op", "insert", "table", "N", "row", "name", "own");
    peer_say(&asker, GOOD);
    assert_null(server_transact(server, "T", operations));
    settle(server);
    expect_version(server, "2.0.0");
    stop(server, &asker, &other);
}

TEST_MAIN(T(slices_are_bounded_and_add_up_to_a_conversion_at_once),
          T(a_grave_is_emptied_in_slices),
          T(others_are_served_between_slices),
          T(requests_for_the_database_wait_in_order),
          T(only_so_many_requests_are_read_that_wait),
          T(a_row_that_does_not_fit_changes_nothing),
          T(a_child_that_fails_changes_nothing),
          T(an_io_error_of_the_child_is_told_as_such),
          T(a_database_that_is_removed_is_not_converted),
          T(a_server_that_ends_leaves_the_old_file),
          T(it_goes_on_without_who_asked),
          T(a_compaction_that_runs_gives_way_but_not_before_it_must),
          T(a_snapshot_that_is_being_made_comes_first),
          T(two_conversions_come_one_after_the_other),
          T(what_the_server_itself_writes_is_left_out))
