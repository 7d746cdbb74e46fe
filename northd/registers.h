/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_REGISTERS_H
#define WEFT_NORTHD_REGISTERS_H

/* What: which register bits mean what between the stages of a pipeline.  The assignment is that of ovn-northd, so that a
 * mixed deployment and people who read flows understand each other.  The names are field_refs (lib/logical/symbol.h). */

#include "lib/logical/symbol.h"

/* Switches. */
#define R_CT_DEFRAG F_BIT(F_REG0, 0)                         /* send through conntrack for defragmentation */
#define R_CT_COMMIT F_BIT(F_REG0, 1)                         /* commit the connection */
#define R_CT_LB F_BIT(F_REG0, 2)                             /* load-balance: conntrack with NAT */
#define R_ACL_LABEL F_BIT(F_REG0, 13)                        /* the ACL that committed has a label, in reg3 */
#define R_FDB_FOUND F_BIT(F_REG0, 11)                        /* the source MAC is in the FDB already */
#define R_PORT_SEC_FAILED F_BIT(F_REG0, 15)                  /* port security says drop */
#define R_FROM_VTEP F_BIT(F_FLAGS, 1)                        /* received from a RAMP (VTEP) switch */

/* Routers. */
#define R_NEXTHOP4 F_REG0
#define R_SRC_IP4 F_REG1
#define R_NEXTHOP6 F_XXREG0
#define R_SRC_IP6 F_XXREG1
#define R_ROUTE_TABLE F_REG7
#define R_ECMP_GROUP F_BITS(F_REG8, 0, 15)
#define R_ECMP_MEMBER F_BITS(F_REG8, 16, 31)
#define R_EGRESS_LOOPBACK F_BIT(F_REG9, 0)
#define R_LOOKUP_RESULT F_BIT(F_REG9, 2)                     /* the neighbor is known, with this MAC */
#define R_LOOKUP_IP_RESULT F_BIT(F_REG9, 3)                  /* the neighbor is known, with some MAC */
#define R_DNAT_LOCAL F_BIT(F_REG9, 4)
#define R_INPORT_MAC F_BITS(F_XREG0, 0, 47)                  /* the router port's MAC, in the first stages */

#endif
