/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_LIB_OPENFLOW_OF_ACTIONS_PRIVATE_H
#define WEFT_LIB_OPENFLOW_OF_ACTIONS_PRIVATE_H

/* What: what the files of actions share: of_actions.c writes them, of_actions_print.c prints them, of_act_learn.c does both for
 * one of them.
 *
 * Why: what learns flows is a small language inside an action. */

#include "lib/openflow/of_field.h"

/* Appends 'n' zeroed bytes and puts the header of an Open vSwitch action 'subtype', with that length for now: its own bytes start
 * at the returned pointer + 10.  NULL on overflow. */
uint8_t *of_act_begin_nx(struct buf *out, uint16_t subtype, size_t n);
/* The 4-byte header by which Open vSwitch actions name a field. */
uint32_t of_act_nxm_header(enum of_field_id id);

/* Reads a 4-byte field header at 'p', and checks the bits. */
bool of_act_read_subfield(const uint8_t *p, unsigned int ofs, unsigned int n_bits, struct of_subfield *ret);
void of_act_close_list(struct buf *out);                     /* replaces the comma at the end by a parenthesis */
/* The learn action of 'n' bytes, at least those of its header.  False if it makes no sense. */
bool of_act_print_learn(const uint8_t *p, size_t n, struct buf *out);

#endif
