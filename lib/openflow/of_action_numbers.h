/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OPENFLOW_OF_ACTION_NUMBERS_H
#define WEFT_OPENFLOW_OF_ACTION_NUMBERS_H

/* What: the numbers that the encoders (of_actions.c) and the printer (of_actions_print.c) of actions
 * share. */

enum {                                                       /* OpenFlow 1.5, section 7.2.6 */
    OFPAT_OUTPUT = 0, OFPAT_PUSH_VLAN = 17, OFPAT_POP_VLAN = 18, OFPAT_SET_QUEUE = 21, OFPAT_GROUP = 22,
    OFPAT_DEC_NW_TTL = 24, OFPAT_SET_FIELD = 25, OFPAT_COPY_FIELD = 28, OFPAT_METER = 29,
    OFPAT_EXPERIMENTER = 0xffff,
};
enum {                                                       /* experimenter 0x00002320 */
    NXAST_POP_QUEUE = 5, NXAST_NOTE = 8, NXAST_RESUBMIT_TABLE = 14, NXAST_OUTPUT_REG = 15, NXAST_LEARN = 16,
    NXAST_EXIT = 17, NXAST_CONTROLLER = 20, NXAST_STACK_PUSH = 27, NXAST_STACK_POP = 28, NXAST_SAMPLE = 29,
    NXAST_CONJUNCTION = 34, NXAST_CT = 35, NXAST_NAT = 36, NXAST_CONTROLLER2 = 37, NXAST_OUTPUT_TRUNC = 39,
    NXAST_CLONE = 42, NXAST_CT_CLEAR = 43, NXAST_RESUBMIT_TABLE_CT = 44, NXAST_LEARN2 = 45,
    NXAST_CHECK_PKT_LARGER = 49, NXAST_DELETE_FIELD = 50,
};
enum {                                                       /* properties of NXAST_CONTROLLER2 */
    NXAC2PT_MAX_LEN = 0, NXAC2PT_CONTROLLER_ID = 1, NXAC2PT_REASON = 2, NXAC2PT_USERDATA = 3,
    NXAC2PT_PAUSE = 4,
    NXAC2PT_METER_ID = 5,
};
enum {                                                      /* what range_present of NXAST_NAT says follows */
    NX_NAT_V4_MIN = 1, NX_NAT_V4_MAX = 2, NX_NAT_V6_MIN = 4, NX_NAT_V6_MAX = 8, NX_NAT_PORT_MIN = 16,
    NX_NAT_PORT_MAX = 32,
};
enum {                                                       /* header of a specification of NXAST_LEARN */
    NX_LEARN_N_BITS = 0x7ff, NX_LEARN_DST = 0x1800, NX_LEARN_MATCH = 0, NX_LEARN_LOAD = 0x0800,
    NX_LEARN_OUTPUT = 0x1000, NX_LEARN_IMMEDIATE = 0x2000,
};

#endif
