/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Logical_Switch_Port.up: what chassis of all ages say of the port's binding, and what they leave behind. */

#include <stdlib.h>

#include "tests/unit/northd/scenario.h"
#include "tests/unit/test.h"

/* A switch port "p", and a chassis "c" whose other_config is 'config' ("['key','value']"). */
static void
set_up(struct network *n, const char *config)
{
    network_init(n);
    scenario_nb(n, "{'op':'insert','table':'Logical_Switch_Port','uuid-name':'p','row':{'name':'p'}},"
                   "{'op':'insert','table':'Logical_Switch','row':{'name':'w','ports':['named-uuid','p']}}");
    char *insert = xasprintf("{'op':'insert','table':'Encap','uuid-name':'e','row':{'type':'geneve','ip':'192.0.2.1'}},"
                             "{'op':'insert','table':'Chassis','row':{'name':'c','encaps':['named-uuid','e'],"
                             "'other_config':['map',[%s]]}}", config);
    scenario_sb(n, insert);
    free(insert);
}

/* Sets columns of the port's binding. */
static void
bind(struct network *n, const char *columns)
{
    char *update = xasprintf("{'op':'update','table':'Port_Binding','where':[],'row':{%s}}", columns);
    scenario_sb(n, update);
    free(update);
}

static void
bind_to_chassis(struct network *n, const char *columns)
{
    struct uuid chassis = scenario_uuid(&n->sb, "Chassis", "");
    char *all = xasprintf("'chassis':['uuid','%s']%s", uuid_text(&chassis), columns);
    bind(n, all);
    free(all);
}

static void
expect_up(struct network *n, bool up)
{
    scenario_expect(&n->nb, "Logical_Switch_Port", "", "'up'", up ? "{'up':true}" : "{'up':false}");
}

TEST(a_port_is_up_when_its_chassis_says_so)
{
    struct network n;
    set_up(&n, "['port-up-notif','true']");
    expect_up(&n, false);
    bind_to_chassis(&n, "");
    expect_up(&n, false);
    bind(&n, "'up':true");
    expect_up(&n, true);
    bind(&n, "'up':false");
    expect_up(&n, false);
    network_fini(&n);
}

/* OVN's controller takes back its claim when it exits, and leaves 'up' as it was. */
TEST(a_port_that_nobody_claims_is_down)
{
    struct network n;
    set_up(&n, "['port-up-notif','true']");
    bind_to_chassis(&n, ",'up':true");
    expect_up(&n, true);
    bind(&n, "'chassis':['set',[]]");
    expect_up(&n, false);
    bind_to_chassis(&n, "");
    expect_up(&n, true);
    scenario_sb(&n, "{'op':'delete','table':'Chassis','where':[]}");
    expect_up(&n, false);
    network_fini(&n);
}

TEST(a_chassis_that_cannot_say_so_is_believed)
{
    struct network n;
    set_up(&n, "['port-up-notif','maybe']");
    expect_up(&n, false);
    bind_to_chassis(&n, "");
    expect_up(&n, true);
    bind(&n, "'chassis':['set',[]]");
    expect_up(&n, false);
    network_fini(&n);
}

TEST_MAIN(T(a_port_is_up_when_its_chassis_says_so), T(a_port_that_nobody_claims_is_down),
          T(a_chassis_that_cannot_say_so_is_believed))
