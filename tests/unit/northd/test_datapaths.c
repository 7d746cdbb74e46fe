/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Datapath_Binding: what external_ids say of a switch or router besides its uuid. */

#include <stdlib.h>

#include "tests/unit/northd/scenario.h"
#include "tests/unit/test.h"

/* The datapaths with these external_ids are of these types. */
#define EXPECT(N, IDS, TYPES) \
    scenario_expect(&(N)->sb, "Datapath_Binding", "['external_ids','includes',['map',[" IDS "]]]", "'type'", TYPES)
#define SWITCH "{'type':'logical-switch'}"
#define ROUTER "{'type':'logical-router'}"
#define NONE ""

TEST(a_datapath_has_the_names_of_its_switch)
{
    struct network n;
    network_init(&n);
    scenario_nb(&n, "{'op':'insert','table':'Logical_Switch','row':{'name':'neutron-1','external_ids':"
                    "['map',[['neutron:network_name','net']]],'other_config':['map',[['interconn-ts','ts']]]}}");
    EXPECT(&n, "['name','neutron-1'],['name2','net'],['interconn-ts','ts']", SWITCH);
    scenario_nb(&n, "{'op':'update','table':'Logical_Switch','where':[],'row':{'external_ids':"
                    "['map',[['neutron:network_name','web']]],'other_config':['map',[]]}}");
    EXPECT(&n, "['name2','web']", SWITCH);
    EXPECT(&n, "['interconn-ts','ts']", NONE);
    network_fini(&n);
}

TEST(a_datapath_says_what_chassis_do_for_its_router)
{
    struct network n;
    network_init(&n);
    scenario_nb(&n, "{'op':'insert','table':'Logical_Router','row':{'name':'r','external_ids':"
                    "['map',[['neutron:router_name','edge']]],'options':"
                    "['map',[['snat-ct-zone','7'],['always_learn_from_arp_request','False']]]}}");
    EXPECT(&n, "['name','r'],['name2','edge'],['snat-ct-zone','7'],['always_learn_from_arp_request','false']", ROUTER);
    scenario_nb(&n, "{'op':'update','table':'Logical_Router','where':[],'row':{'options':"
                    "['map',[['snat-ct-zone','65536'],['always_learn_from_arp_request','true']]]}}");
    EXPECT(&n, "['name','r']", ROUTER);
    EXPECT(&n, "['snat-ct-zone','65536']", NONE);
    EXPECT(&n, "['always_learn_from_arp_request','true']", NONE);
    network_fini(&n);
}

TEST_MAIN(T(a_datapath_has_the_names_of_its_switch), T(a_datapath_says_what_chassis_do_for_its_router))
