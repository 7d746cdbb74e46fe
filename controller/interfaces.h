/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_INTERFACES_H
#define WEFT_CONTROLLER_INTERFACES_H

/* What: interfaces of the integration bridge, found by what they are for: a logical port, a physical network, or a tunnel to a
 * chassis. */

#include "controller/controller.h"

/* The interface on the integration bridge whose external_ids:iface-id is 'lport' and that has an OpenFlow port;
 * of several the one with the least name.  NULL: none.  '*ret_ofport' gets the OpenFlow port. */
const struct vswitch_interface *interface_of_lport(struct derive *d, const char *lport, uint16_t *ret_ofport);

/* The same for the interface that leads to the physical network of a localnet or l2gateway port (networks.c). */
const struct vswitch_interface *interface_of_network(struct derive *d, const char *lport, uint16_t *ret_ofport);

/* The OpenFlow port of the tunnel to the chassis named, preferring geneve; 0: none. */
struct tunnel {
    uint16_t ofport;
    bool is_vxlan;
};
struct tunnel tunnel_to_chassis(struct derive *d, const char *chassis);

/* Facts of one interface that derivations read together. */
struct interface_facts {
    uint16_t ofport;                                         /* 0: none (yet) */
    bool is_on_bridge;                                       /* the integration bridge */
    bool is_tunnel, is_vxlan;
    char chassis[];                                          /* of a tunnel: the other end's name; else "" */
};
const struct interface_facts *interface_facts(struct derive *d, uint64_t iface);

#endif
