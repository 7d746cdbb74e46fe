/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_OBJECTS_H
#define WEFT_CONTROLLER_OBJECTS_H

/* What: the groups and meters of the switch: which are wanted, which are there, and the messages between.
 *
 * Why: flows name them by id, so they come before the flows and go after them; flow_sync.c sends the two halves around its
 * bundle.
 *
 * Owns: copies of contents.  Pure: bytes in, messages out. */

#include "controller/flows.h"

enum object_kind { OBJECT_GROUP, OBJECT_METER, N_OBJECT_KINDS };

struct objects;

struct objects *objects_new(enum object_kind kind) MUST_USE;
void objects_free(struct objects *objects);

/* A content of S_GROUP or S_METER came or went. */
void objects_output(struct objects *objects, const struct derive_output *output);
/* Whether something came or went since the last objects_put_wanted(). */
bool objects_have_changes(const struct objects *objects);

/* A new connection: nothing is known to be there, until the switch's reply has said what is. */
void objects_forget_seen(struct objects *objects);
struct err *objects_saw(struct objects *objects, const struct of_msg *reply) MUST_USE;

/* Appends messages, numbered from '*xid' on: what is wanted and is not there; what is there and is not wanted. */
void objects_put_wanted(struct objects *objects, struct buf *out, uint32_t xid);
void objects_put_unwanted(struct objects *objects, struct buf *out, uint32_t xid);

void objects_print_ids(const struct objects *objects, struct buf *out);  /* those wanted, one a line, ascending */

#endif
