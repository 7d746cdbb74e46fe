/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_STAGES_H
#define WEFT_NORTHD_STAGES_H

/* What: the stages of the four logical pipelines, in order: the one place that numbers them.
 *
 * Why: the names and numbers are those that ovn-northd(8) documents, so that operators find their way, and the
 * numbers stay below what every controller maps to OpenFlow tables (29 ingress stages).
 *
 * X(identifier, table, "name"). */

#define SWITCH_INGRESS_STAGES(X)                                                                    \
    X(LS_IN_CHECK_PORT_SEC, 0, "ls_in_check_port_sec")                                              \
    X(LS_IN_APPLY_PORT_SEC, 1, "ls_in_apply_port_sec")                                              \
    X(LS_IN_LOOKUP_FDB, 2, "ls_in_lookup_fdb")                                                      \
    X(LS_IN_PUT_FDB, 3, "ls_in_put_fdb")                                                            \
    X(LS_IN_PRE_ACL, 4, "ls_in_pre_acl")                                                            \
    X(LS_IN_PRE_LB, 5, "ls_in_pre_lb")                                                              \
    X(LS_IN_PRE_STATEFUL, 6, "ls_in_pre_stateful")                                                  \
    X(LS_IN_ACL_HINT, 7, "ls_in_acl_hint")                                                          \
    X(LS_IN_ACL, 8, "ls_in_acl")                                                                    \
    X(LS_IN_QOS_MARK, 9, "ls_in_qos_mark")                                                          \
    X(LS_IN_QOS_METER, 10, "ls_in_qos_meter")                                                       \
    X(LS_IN_LB_AFF_CHECK, 11, "ls_in_lb_aff_check")                                                 \
    X(LS_IN_LB, 12, "ls_in_lb")                                                                     \
    X(LS_IN_LB_AFF_LEARN, 13, "ls_in_lb_aff_learn")                                                 \
    X(LS_IN_PRE_HAIRPIN, 14, "ls_in_pre_hairpin")                                                   \
    X(LS_IN_NAT_HAIRPIN, 15, "ls_in_nat_hairpin")                                                   \
    X(LS_IN_HAIRPIN, 16, "ls_in_hairpin")                                                           \
    X(LS_IN_ACL_AFTER_LB, 17, "ls_in_acl_after_lb")                                                 \
    X(LS_IN_STATEFUL, 18, "ls_in_stateful")                                                         \
    X(LS_IN_ARP_ND_RSP, 19, "ls_in_arp_rsp")                                                        \
    X(LS_IN_DHCP_OPTIONS, 20, "ls_in_dhcp_options")                                                 \
    X(LS_IN_DHCP_RESPONSE, 21, "ls_in_dhcp_response")                                               \
    X(LS_IN_DNS_LOOKUP, 22, "ls_in_dns_lookup")                                                     \
    X(LS_IN_DNS_RESPONSE, 23, "ls_in_dns_response")                                                 \
    X(LS_IN_EXTERNAL_PORT, 24, "ls_in_external_port")                                               \
    X(LS_IN_L2_LKUP, 25, "ls_in_l2_lkup")                                                           \
    X(LS_IN_L2_UNKNOWN, 26, "ls_in_l2_unknown")

#define SWITCH_EGRESS_STAGES(X)                                                                     \
    X(LS_OUT_PRE_ACL, 0, "ls_out_pre_acl")                                                          \
    X(LS_OUT_PRE_LB, 1, "ls_out_pre_lb")                                                            \
    X(LS_OUT_PRE_STATEFUL, 2, "ls_out_pre_stateful")                                                \
    X(LS_OUT_ACL_HINT, 3, "ls_out_acl_hint")                                                        \
    X(LS_OUT_ACL, 4, "ls_out_acl")                                                                  \
    X(LS_OUT_QOS_MARK, 5, "ls_out_qos_mark")                                                        \
    X(LS_OUT_QOS_METER, 6, "ls_out_qos_meter")                                                      \
    X(LS_OUT_STATEFUL, 7, "ls_out_stateful")                                                        \
    X(LS_OUT_CHECK_PORT_SEC, 8, "ls_out_check_port_sec")                                            \
    X(LS_OUT_APPLY_PORT_SEC, 9, "ls_out_apply_port_sec")

#define ROUTER_INGRESS_STAGES(X)                                                                    \
    X(LR_IN_ADMISSION, 0, "lr_in_admission")                                                        \
    X(LR_IN_LOOKUP_NEIGHBOR, 1, "lr_in_lookup_neighbor")                                            \
    X(LR_IN_LEARN_NEIGHBOR, 2, "lr_in_learn_neighbor")                                              \
    X(LR_IN_IP_INPUT, 3, "lr_in_ip_input")                                                          \
    X(LR_IN_UNSNAT, 4, "lr_in_unsnat")                                                              \
    X(LR_IN_DEFRAG, 5, "lr_in_defrag")                                                              \
    X(LR_IN_LB_AFF_CHECK, 6, "lr_in_lb_aff_check")                                                  \
    X(LR_IN_DNAT, 7, "lr_in_dnat")                                                                  \
    X(LR_IN_LB_AFF_LEARN, 8, "lr_in_lb_aff_learn")                                                  \
    X(LR_IN_ECMP_STATEFUL, 9, "lr_in_ecmp_stateful")                                                \
    X(LR_IN_ND_RA_OPTIONS, 10, "lr_in_nd_ra_options")                                               \
    X(LR_IN_ND_RA_RESPONSE, 11, "lr_in_nd_ra_response")                                             \
    X(LR_IN_IP_ROUTING_PRE, 12, "lr_in_ip_routing_pre")                                             \
    X(LR_IN_IP_ROUTING, 13, "lr_in_ip_routing")                                                     \
    X(LR_IN_IP_ROUTING_ECMP, 14, "lr_in_ip_routing_ecmp")                                           \
    X(LR_IN_POLICY, 15, "lr_in_policy")                                                             \
    X(LR_IN_POLICY_ECMP, 16, "lr_in_policy_ecmp")                                                   \
    X(LR_IN_ARP_RESOLVE, 17, "lr_in_arp_resolve")                                                   \
    X(LR_IN_CHK_PKT_LEN, 18, "lr_in_chk_pkt_len")                                                   \
    X(LR_IN_LARGER_PKTS, 19, "lr_in_larger_pkts")                                                   \
    X(LR_IN_GW_REDIRECT, 20, "lr_in_gw_redirect")                                                   \
    X(LR_IN_ARP_REQUEST, 21, "lr_in_arp_request")

#define ROUTER_EGRESS_STAGES(X)                                                                     \
    X(LR_OUT_CHECK_DNAT_LOCAL, 0, "lr_out_chk_dnat_local")                                          \
    X(LR_OUT_UNDNAT, 1, "lr_out_undnat")                                                            \
    X(LR_OUT_POST_UNDNAT, 2, "lr_out_post_undnat")                                                  \
    X(LR_OUT_SNAT, 3, "lr_out_snat")                                                                \
    X(LR_OUT_POST_SNAT, 4, "lr_out_post_snat")                                                      \
    X(LR_OUT_EGR_LOOP, 5, "lr_out_egr_loop")                                                        \
    X(LR_OUT_DELIVERY, 6, "lr_out_delivery")

enum stage {
#define STAGE_ID(ID, TABLE, NAME) ID,
    SWITCH_INGRESS_STAGES(STAGE_ID) SWITCH_EGRESS_STAGES(STAGE_ID) ROUTER_INGRESS_STAGES(STAGE_ID)
        ROUTER_EGRESS_STAGES(STAGE_ID)
#undef STAGE_ID
            N_STAGES
};

struct stage_def {
    const char *name;
    bool is_egress;
    int table;
};
extern const struct stage_def stage_defs[N_STAGES];

#endif
