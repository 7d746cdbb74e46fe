/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_BINDING_H
#define WEFT_CONTROLLER_BINDING_H

/* What: which logical ports are this chassis'.
 *
 * Why: a port is claimed when an interface with its iface-id is on the integration bridge and its requested-chassis (if
 * any) is us; a container when its parent is; a gateway port when its options name us; a chassisredirect or external port when
 * we are the first of its chassis (ha.h).  Claiming writes Port_Binding.chassis.  A port is up once the flows that serve it
 * are in the switch. */

#include "controller/controller.h"

/* What Port_Binding.type and parent_port say (ovn-sb(5)). */
enum port_kind {
    PORT_VIF,                                                /* an interface of the integration bridge */
    PORT_CONTAINER,                                          /* a VLAN of its parent, a VIF */
    PORT_LOCALPORT,                                          /* an interface on each chassis */
    PORT_PATCH,                                              /* to the peer, on each chassis */
    PORT_LOCALNET,                                           /* a physical network, on each chassis that is attached to it */
    PORT_L2GATEWAY,                                          /* the same on one chassis */
    PORT_L3GATEWAY,                                          /* to the peer, on one chassis */
    PORT_CHASSISREDIRECT,                                    /* a distributed port on one chassis */
    PORT_EXTERNAL,                                           /* behind the localnet port, served by one chassis */
    PORT_OTHER,                                              /* virtual, vtep, remote: nothing plugs them in here */
};
enum port_kind binding_kind(struct derive *d, const struct sb_port_binding *pb);
/* The parent of a container, if it is there and a VIF; else NULL. */
const struct sb_port_binding *binding_parent(struct derive *d, const struct sb_port_binding *pb);
/* The interface of the integration bridge that its packets pass, or NULL; a container's is that of its parent. */
const struct vswitch_interface *binding_interface(struct derive *d, const struct sb_port_binding *pb, uint16_t *ret_ofport);

/* Whether the port belongs here by what is plugged in and requested, whoever has it now. */
bool binding_is_wanted_here(struct derive *d, const struct sb_port_binding *pb);
/* The same, and Port_Binding.chassis says so too. */
bool binding_is_ours(struct derive *d, const struct sb_port_binding *pb);
/* Our own row of Chassis, or NULL. */
const struct sb_chassis *own_chassis(struct derive *d);

/* A content of sink S_LOCAL_PORT: a port bound here, whose flows are among the wave's outputs. */
struct local_port {
    struct uuid iface;                                       /* zero: none of its own */
    struct uuid binding;
    char name[];                                             /* NUL-terminated */
};

/* The ports whose flows are known to be in the switch. */
struct installed_ports;
struct installed_ports *installed_ports_new(void) MUST_USE;
void installed_ports_free(struct installed_ports *installed);
/* Between waves: from now on the port is up here (or not). */
void binding_set_installed(struct controller *c, const char *lport, bool is_installed);

#endif
