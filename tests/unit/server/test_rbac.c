/* SPDX-License-Identifier: Apache-2.0 */
/* Roles through sessions; tests/interop/test_rbac.py compares rule by rule with Debian's server. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/server/fixture_peer.h"

/* "N" of the fixture and the tables of rules. */
#define CONVERT \
    "{'id':1,'method':'convert','params':['T',{'name':'T','version':'1.0.0','tables':{" \
    "'N':{'isRoot':true,'columns':{'name':{'type':'string'},'n':{'type':'integer'}," \
    "'m':{'type':{'key':'string','value':'string','min':0,'max':'unlimited'}}}}," \
    "'C':{'isRoot':true,'columns':{'x':{'type':'string'}}}," \
    "'RBAC_Role':{'isRoot':true,'columns':{'name':{'type':'string'},'permissions':{'type':{'key':'string','value':" \
    "{'type':'uuid','refTable':'RBAC_Permission','refType':'weak'},'min':0,'max':'unlimited'}}}}," \
    "'RBAC_Permission':{'isRoot':true,'columns':{'table':{'type':'string'},'authorization':{'type':{'key':'string'," \
    "'min':0,'max':'unlimited'}},'insert_delete':{'type':'boolean'},'update':{'type':{'key':'string','min':0," \
    "'max':'unlimited'}}}}}}]}"
#define RULES \
    "{'op':'insert','table':'RBAC_Permission','uuid-name':'p','row':{'table':'N','authorization':['set',['name','m:id']]," \
    "'insert_delete':true,'update':['set',['n','m:k']]}}," \
    "{'op':'insert','table':'RBAC_Role','row':{'name':'r','permissions':['map',[['N',['named-uuid','p']]]]}}"
#define INSERT(NAME) "{'op':'insert','table':'N','row':{'name':'" NAME "','m':['map',[['k','1'],['l','1']]]}}"
#define ON(NAME) "'table':'N','where':[['name','==','" NAME "']]"

static struct server *
start_with_rules(struct peer *boss)
{
    struct server *server = fixture_start();
    peer_join(server, boss);
    peer_say(boss, "{'id':0,'method':'set_db_change_aware','params':[true]}");
    peer_say(boss, CONVERT);
    peer_settle(server);
    peer_say(boss, TRANSACT("2", RULES "," INSERT("me") "," INSERT("other")));
    server_run(server, fixture_now_ms);
    assert_null(strstr(buf_text(&boss->sent), "\"details\""));
    buf_clear(&boss->sent);
    return server;
}

/* Whether 'operation' is refused, with what it says; it is undone in any case. */
static bool
is_refused(struct server *server, struct peer *peer, const char *operation, const char *what)
{
    char *request = xasprintf(TRANSACT("3", "%s,{'op':'abort'}"), operation);
    char *text = xasprintf("prohibit %s table \\\"", what);
    peer_say(peer, request);
    server_run(server, fixture_now_ms);
    bool is_error = strstr(buf_text(&peer->sent), "\"error\":\"permission error\"") != NULL;
    assert_true(is_error ? strstr(buf_text(&peer->sent), text) != NULL
                         : strstr(buf_text(&peer->sent), "\"error\":\"aborted\"") != NULL);
    buf_clear(&peer->sent);
    free(text);
    free(request);
    return is_error;
}

TEST(a_role_allows_what_its_rules_name)
{
    static const struct {
        const char *operation, *what;
        bool is_refused;
    } cases[] = {
        {INSERT("me"), "row insertion into", false},
        {INSERT("other"), "row insertion into", true},
        {"{'op':'insert','table':'N','row':{'m':['map',[['id','me']]]}}", "row insertion into", false},
        {"{'op':'insert','table':'C','row':{}}", "row insertion into", true},
        {"{'op':'insert','table':'RBAC_Role','row':{}}", "row insertion into", true},
        {"{'op':'update'," ON("me") ",'row':{'n':4}}", "modification of", false},
        {"{'op':'update'," ON("other") ",'row':{'n':4}}", "modification of", true},
        {"{'op':'update'," ON("me") ",'row':{'name':'me'}}", "modification of", true},
        {"{'op':'update'," ON("me") ",'row':{'m':['map',[['k','2'],['l','1']]]}}", "modification of", false},
        {"{'op':'update'," ON("me") ",'row':{'m':['map',[['k','1']]]}}", "modification of", true},
        {"{'op':'mutate'," ON("me") ",'mutations':[['n','+=',1],['m','delete',['set',['k']]]]}", "mutate operation on", false},
        {"{'op':'mutate'," ON("me") ",'mutations':[['n','+=',1],['m','delete',['set',['l']]]]}", "mutate operation on", true},
        {"{'op':'mutate'," ON("other") ",'mutations':[['n','+=',1]]}", "mutate operation on", true},
        {"{'op':'delete'," ON("me") "}", "row deletion from", false},
        {"{'op':'delete','table':'N','where':[]}", "row deletion from", true},
        {"{'op':'delete','table':'C','where':[]}", "row deletion from", true},
        {"{'op':'select','table':'C','where':[]}", "nothing of", false},
    };
    struct peer boss, a;
    struct server *server = start_with_rules(&boss);
    peer_join(server, &a);
    session_set_role(a.session, "r");
    session_set_identity(a.session, "me");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(is_refused(server, &a, cases[i].operation, cases[i].what), cases[i].is_refused);
        assert_false(is_refused(server, &boss, cases[i].operation, cases[i].what));
    }
    peer_leave(&a);
    peer_leave(&boss);
    fixture_stop(server);
}

TEST(without_a_proved_name_or_a_known_role_nothing_is_written)
{
    struct peer boss, a;
    struct server *server = start_with_rules(&boss);
    peer_join(server, &a);
    session_set_role(a.session, "r");
    assert_true(is_refused(server, &a, INSERT("me"), "row insertion into"));
    session_set_identity(a.session, "me");
    assert_false(is_refused(server, &a, INSERT("me"), "row insertion into"));
    session_set_role(a.session, "unknown");
    assert_true(is_refused(server, &a, INSERT("me"), "row insertion into"));
    peer_say(&a, CONVERT);
    peer_expect_part(&a, "prohibit \\'convert\\' of database T (only the root role may convert databases)");
    session_set_role(a.session, "");
    assert_false(is_refused(server, &a, INSERT("other"), "row insertion into"));
    peer_leave(&a);
    peer_leave(&boss);
    fixture_stop(server);
}

TEST(a_transaction_that_waited_is_judged_by_the_role_it_then_has)
{
    struct peer boss, a;
    struct server *server = start_with_rules(&boss);
    peer_join(server, &a);
    peer_say(&a, TRANSACT("5", "{'op':'wait','table':'C','where':[],'columns':['x'],'until':'==','rows':[{'x':'go'}]},"
                               INSERT("other")));
    server_run(server, fixture_now_ms);
    session_set_role(a.session, "r");
    session_set_identity(a.session, "me");
    peer_say(&boss, TRANSACT("6", "{'op':'insert','table':'C','row':{'x':'go'}}"));
    server_run(server, fixture_now_ms);
    peer_expect_part(&a, "'error':'permission error'");
    peer_leave(&a);
    peer_leave(&boss);
    fixture_stop(server);
}

TEST_MAIN(T(a_role_allows_what_its_rules_name), T(without_a_proved_name_or_a_known_role_nothing_is_written),
          T(a_transaction_that_waited_is_judged_by_the_role_it_then_has))
