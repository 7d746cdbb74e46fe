/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Rows that chassis wrote: they go with the port they were learned on, and nothing else of them is touched; and what
 * happens to sb_cfg when the server refuses to let go of a row. */

#include <stdlib.h>

#include "tests/unit/northd/scenario.h"
#include "tests/unit/test.h"

#define ALL ""
#define INSERT(TABLE, NAME, ROW) "{'op':'insert','table':'" TABLE "','uuid-name':'" NAME "','row':{" ROW "}}"

/* Two routers and a switch, and what was learned on each. */
static void
set_up(struct network *n)
{
    network_init(n);
    scenario_nb(n, INSERT("Logical_Router_Port", "a", "'name':'lrp-a','mac':'0a:00:00:00:00:01','networks':'10.0.1.1/24'") ","
                   INSERT("Logical_Router_Port", "b", "'name':'lrp-b','mac':'0a:00:00:00:00:02','networks':'10.0.2.1/24'") ","
                   INSERT("Logical_Router_Port", "c", "'name':'lrp-c','mac':'0a:00:00:00:00:03','networks':'10.0.3.1/24'") ","
                   INSERT("Logical_Router", "r", "'name':'r','ports':['set',[['named-uuid','a'],['named-uuid','b']]]") ","
                   INSERT("Logical_Router", "s", "'name':'s','ports':['named-uuid','c']"));
    scenario_nb(n, INSERT("Logical_Switch_Port", "p", "'name':'p','addresses':'unknown'") ","
                   INSERT("Logical_Switch_Port", "q", "'name':'q','addresses':'unknown'") ","
                   INSERT("Logical_Switch", "w", "'name':'w','ports':['set',[['named-uuid','p'],['named-uuid','q']]]"));
}

/* "['uuid','...']" of the Datapath_Binding of 'name'; in a buffer of its own. */
static const char *
datapath(struct network *n, const char *name, char **ret)
{
    char *where = xasprintf("['external_ids','includes',['map',[['name','%s']]]]", name);
    struct uuid uuid = scenario_uuid(&n->sb, "Datapath_Binding", where);
    *ret = xasprintf("['uuid','%s']", uuid_text(&uuid));
    free(where);
    return *ret;
}

static void
learn_neighbor(struct network *n, const char *port, const char *router)
{
    char *dp;
    char *insert = xasprintf("{'op':'insert','table':'MAC_Binding','row':{'logical_port':'%s','ip':'10.0.0.9',"
                             "'mac':'0a:00:00:00:00:09','timestamp':5,'datapath':%s}}", port, datapath(n, router, &dp));
    scenario_sb(n, insert);
    free(insert);
    free(dp);
}

#define NEIGHBOR(PORT) "{'logical_port':'" PORT "','ip':'10.0.0.9','mac':'0a:00:00:00:00:09','timestamp':5}"
#define NEIGHBOR_COLUMNS "'logical_port','ip','mac','timestamp'"

TEST(a_neighbor_stays_as_long_as_its_port)
{
    struct network n;
    set_up(&n);
    learn_neighbor(&n, "lrp-a", "r");
    learn_neighbor(&n, "lrp-b", "r");
    learn_neighbor(&n, "lrp-c", "s");
    scenario_expect(&n.sb, "MAC_Binding", ALL, NEIGHBOR_COLUMNS, NEIGHBOR("lrp-a") "," NEIGHBOR("lrp-b") "," NEIGHBOR("lrp-c"));
    struct uuid b = scenario_uuid(&n.nb, "Logical_Router_Port", "['name','==','lrp-b']");
    char *remove = xasprintf("{'op':'mutate','table':'Logical_Router','where':[],'mutations':"
                             "[['ports','delete',['uuid','%s']]]}", uuid_text(&b));
    scenario_nb(&n, remove);
    free(remove);
    scenario_expect(&n.sb, "MAC_Binding", ALL, NEIGHBOR_COLUMNS, NEIGHBOR("lrp-a") "," NEIGHBOR("lrp-c"));
    /* The strong reference would keep the datapath if both did not go at once: then the link aborts the test. */
    scenario_nb(&n, "{'op':'delete','table':'Logical_Router','where':[['name','==','r']]}");
    scenario_expect(&n.sb, "MAC_Binding", ALL, NEIGHBOR_COLUMNS, NEIGHBOR("lrp-c"));
    scenario_nb(&n, "{'op':'update','table':'Logical_Router','where':[],'row':{'enabled':false}}");
    scenario_expect(&n.sb, "MAC_Binding", ALL, NEIGHBOR_COLUMNS, "");
    scenario_expect(&n.sb, "Datapath_Binding", ALL, "'type'", "{'type':'logical-switch'}");
    network_fini(&n);
}

TEST(a_neighbor_of_a_foreign_port_goes)
{
    struct network n;
    set_up(&n);
    learn_neighbor(&n, "lrp-a", "s");
    learn_neighbor(&n, "nowhere", "r");
    learn_neighbor(&n, "p", "w");
    scenario_expect(&n.sb, "MAC_Binding", ALL, NEIGHBOR_COLUMNS, "");
    network_fini(&n);
}

#define FDB(MAC, DP, PORT) "{'mac':'" MAC "','dp_key':" #DP ",'port_key':" #PORT "}"
#define LEARN(MAC, DP, PORT) "{'op':'insert','table':'FDB','row':" FDB(MAC, DP, PORT) "}"

TEST(a_learned_mac_stays_as_long_as_its_port)
{
    struct network n;
    set_up(&n);
    scenario_nb(&n, "{'op':'update','table':'Logical_Switch','where':[],'row':{'other_config':"
                    "['map',[['requested-tnl-key','77']]]}},"
                    "{'op':'update','table':'Logical_Switch_Port','where':[['name','==','p']],'row':{'options':"
                    "['map',[['requested-tnl-key','5']]]}},"
                    "{'op':'update','table':'Logical_Switch_Port','where':[['name','==','q']],'row':{'options':"
                    "['map',[['requested-tnl-key','6']]]}}");
    scenario_sb(&n, LEARN("0a:00:00:00:00:11", 77, 5) "," LEARN("0a:00:00:00:00:12", 77, 6) ","
                    LEARN("0a:00:00:00:00:13", 77, 7) "," LEARN("0a:00:00:00:00:14", 76, 5));
    scenario_expect(&n.sb, "FDB", ALL, "'mac','dp_key','port_key'", FDB("0a:00:00:00:00:11", 77, 5) ","
                    FDB("0a:00:00:00:00:12", 77, 6));
    /* The port's key moves, so that the row is about nobody. */
    scenario_nb(&n, "{'op':'update','table':'Logical_Switch_Port','where':[['name','==','p']],'row':{'options':"
                    "['map',[['requested-tnl-key','8']]]}}");
    scenario_expect(&n.sb, "FDB", ALL, "'mac','dp_key','port_key'", FDB("0a:00:00:00:00:12", 77, 6));
    scenario_nb(&n, "{'op':'delete','table':'Logical_Switch','where':[]}");
    scenario_expect(&n.sb, "FDB", ALL, "'mac'", "");
    network_fini(&n);
}

/* A row that northd does not know of keeps a datapath: sb_cfg does not pretend that the router is gone. */
TEST(sb_cfg_waits_while_the_server_refuses)
{
    struct network n;
    char *dp;
    set_up(&n);
    n.sb.may_refuse = true;
    char *insert = xasprintf("{'op':'insert','table':'Static_MAC_Binding','row':{'logical_port':'lrp-c','ip':'10.0.0.9',"
                             "'mac':'0a:00:00:00:00:09','override_dynamic_mac':false,'datapath':%s}}", datapath(&n, "s", &dp));
    scenario_sb(&n, insert);
    scenario_nb(&n, "{'op':'update','table':'NB_Global','where':[],'row':{'nb_cfg':1}}");
    scenario_expect(&n.nb, "NB_Global", ALL, "'sb_cfg'", "{'sb_cfg':1}");
    scenario_nb(&n, "{'op':'delete','table':'Logical_Router','where':[['name','==','s']]},"
                    "{'op':'update','table':'Logical_Switch','where':[],'row':{'name':'w2'}},"
                    "{'op':'update','table':'NB_Global','where':[],'row':{'nb_cfg':2}}");
    scenario_expect(&n.nb, "NB_Global", ALL, "'sb_cfg'", "{'sb_cfg':1}");
    /* All else is done. */
    scenario_expect(&n.sb, "SB_Global", ALL, "'nb_cfg'", "{'nb_cfg':2}");
    scenario_expect(&n.sb, "Datapath_Binding", "['external_ids','includes',['map',[['name','w2']]]]", "'type'",
                    "{'type':'logical-switch'}");
    /* Northd does not see the obstacle go; the next change is the next try. */
    scenario_sb(&n, "{'op':'delete','table':'Static_MAC_Binding','where':[]}");
    scenario_nb(&n, "{'op':'update','table':'NB_Global','where':[],'row':{'nb_cfg':3}}");
    scenario_expect(&n.nb, "NB_Global", ALL, "'sb_cfg'", "{'sb_cfg':3}");
    scenario_expect(&n.sb, "Datapath_Binding", "['external_ids','includes',['map',[['name','s']]]]", "'type'", "");
    free(insert);
    free(dp);
    network_fini(&n);
}

TEST_MAIN(T(a_neighbor_stays_as_long_as_its_port), T(a_neighbor_of_a_foreign_port_goes),
          T(a_learned_mac_stays_as_long_as_its_port), T(sb_cfg_waits_while_the_server_refuses))
