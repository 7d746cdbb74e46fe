/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_CHASSIS_H
#define WEFT_CONTROLLER_CHASSIS_H

/* What: the writer's key of an Encap row: "TYPE IP", in 'ret'.  Chassis_Private is written by output.c, since it says how
 * far this chassis has come. */

#include "controller/controller.h"

struct str encap_key(struct buf *ret, struct str type, struct str ip);

#endif
