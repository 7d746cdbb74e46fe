/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_PHYSICAL_H
#define WEFT_CONTROLLER_PHYSICAL_H

/* What: what the files share that emit the flows between OpenFlow ports and logical ports: physical.c and multicast.c. */

#include "controller/flows.h"
#include "controller/interfaces.h"
#include "lib/logical/encode.h"

enum { PHYSICAL_PRIORITY = 100 };

#define REG(N) OFF_REG(N)
#define IN_FLAG(BIT) (UINT64_C(1) << (BIT))

/* A flow that is being written.  Cookie 0 if 'hint', the uuid of the row that asks for it, is NULL. */
struct rule {
    struct derive *d;
    uint32_t cookie;
    struct of_match match;
    struct buf actions;
};
void rule_init(struct rule *rule, struct derive *d, const struct uuid *hint);
void rule_fini(struct rule *rule);
/* Emits the flow, and starts the next one. */
void rule_emit(struct rule *rule, enum of_table table, uint16_t priority);

/* A logical port of a local datapath. */
struct port {
    struct derive *d;
    const struct sb_port_binding *pb;
    const struct sb_datapath_binding *dp;
    uint32_t key, dp_key;
};
/* Loads the conntrack zones of the port and its datapath. */
void port_set_zones(const struct port *port, struct buf *actions);

/* The key of the localnet port by which packets leave the datapath 'dp' from here; 0 if none is attached. */
uint32_t localnet_of(struct derive *d, uint32_t dp);

/* Writes datapath, ingress and egress port into the tunnel's header. */
void put_encapsulation(struct buf *actions, struct tunnel tunnel, uint32_t dp_key, uint32_t outport);

#endif
