/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_LOOKUP_H
#define WEFT_CONTROLLER_LOOKUP_H

/* What: what names in matches and actions stand for: ports, multicast groups, address sets, port groups, options.
 * Recorded reads, all of them; a name that is not found is a read too. */

#include "controller/controller.h"

/* The tunnel key of the port or multicast group 'name' of 'dp'; "none" is 0. */
bool lookup_port_key(struct derive *d, const struct sb_datapath_binding *dp, struct str name, uint32_t *ret_key);
const struct sb_port_binding *lookup_port_binding(struct derive *d, struct str name);    /* or NULL */
bool is_port_resident(struct derive *d, struct str lport);   /* bound to this chassis */
void for_each_address(struct derive *d, struct str set, void (*member)(void *aux, struct str), void *aux);
void for_each_group_port(struct derive *d, uint32_t dp_key, struct str group, void (*member)(void *aux, struct str), void *aux);
/* The OpenFlow port of the tunnel to the chassis that has 'lport'. */
bool lookup_port_tunnel(struct derive *d, struct str lport, uint32_t *ret_ofport);
bool lookup_dhcp_option(struct derive *d, bool is_v6, struct str name, uint16_t *ret_code, const char **ret_type);
/* 'text' with "^NAME" replaced by what this chassis' template variable NAME says (ovn-sb(5), Chassis_Template_Var); a variable that it
 * does not have stays as it is, and the text does not parse.  Valid until the calling derivation returns. */
const char *expand_templates(struct derive *d, const char *text);
bool is_router_datapath(struct derive *d, const struct sb_datapath_binding *dp);

#endif
