/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_BINDING_H
#define WEFT_CONTROLLER_BINDING_H

/* What: which logical ports are this chassis'.
 *
 * Why: a port is claimed when an interface with its iface-id is on the integration bridge and its requested-chassis (if
 * any) is us; claiming writes Port_Binding.chassis.  It is up once the flows that serve it are in the switch. */

#include "controller/controller.h"

/* Whether the port belongs here by what is plugged in and requested, whoever has it now. */
bool binding_is_wanted_here(struct derive *d, const struct sb_port_binding *pb);
/* The same, and Port_Binding.chassis says so too. */
bool binding_is_ours(struct derive *d, const struct sb_port_binding *pb);
/* Our own row of Chassis, or NULL. */
const struct sb_chassis *own_chassis(struct derive *d);

/* A content of sink S_LOCAL_PORT: a port bound here, whose flows are among the wave's outputs. */
struct local_port {
    struct uuid iface;
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
