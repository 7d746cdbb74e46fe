/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Datapath_Binding: what external_ids say of a switch or router besides its uuid. */

#include <stdlib.h>

#include "tests/unit/northd/scenario.h"
#include "tests/unit/test.h"

/* There is a datapath of type 'type', "switch" or "router", with these external_ids. */
#define EXPECT(N, TYPE, IDS) \
    scenario_expect(&(N)->sb, "Datapath_Binding", "['external_ids','includes',['map',[" IDS "]]]", "'type'", "{'type':'logical-" TYPE "'}")
#define EXPECT_NONE(N, IDS) \
    scenario_expect(&(N)->sb, "Datapath_Binding", "['external_ids','includes',['map',[" IDS "]]]", "'type'", "")

TEST(a_datapath_has_the_names_of_its_switch)
{
    struct network n;
    network_init(&n);
    scenario_nb(&n, "{'op':'insert','table':'Logical_Switch','row':{'name':'neutron-1','external_ids':"
                    "['map',[['neutron:network_name','net']]],'other_config':['map',[['interconn-ts','ts']]]}}");
    EXPECT(&n, "switch", "['name','neutron-1'],['name2','net'],['interconn-ts','ts']");
    scenario_nb(&n, "{'op':'update','table':'Logical_Switch','where':[],'row':{'external_ids':"
                    "['map',[['neutron:network_name','web']]],'other_config':['map',[]]}}");
    EXPECT(&n, "switch", "['name2','web']");
    EXPECT_NONE(&n, "['interconn-ts','ts']");
    network_fini(&n);
}

TEST(a_datapath_says_what_chassis_do_for_its_router)
{
    struct network n;
    network_init(&n);
    scenario_nb(&n, "{'op':'insert','table':'Logical_Router','row':{'name':'r','external_ids':"
                    "['map',[['neutron:router_name','edge']]],'options':"
                    "['map',[['snat-ct-zone','7'],['always_learn_from_arp_request','False']]]}}");
    EXPECT(&n, "router", "['name','r'],['name2','edge'],['snat-ct-zone','7'],['always_learn_from_arp_request','false']");
    scenario_nb(&n, "{'op':'update','table':'Logical_Router','where':[],'row':{'options':"
                    "['map',[['snat-ct-zone','65536'],['always_learn_from_arp_request','true']]]}}");
    EXPECT(&n, "router", "['name','r']");
    EXPECT_NONE(&n, "['snat-ct-zone','65536']");
    EXPECT_NONE(&n, "['always_learn_from_arp_request','true']");
    network_fini(&n);
}

TEST_MAIN(T(a_datapath_has_the_names_of_its_switch), T(a_datapath_says_what_chassis_do_for_its_router))
